//! Shared: flags and steps that several commands share.
//!
//! Upstream: kubectl/pkg/cmd/util/helpers.go.

use super::super::Cx;
use super::super::error::CmdError;
use super::super::flags::{Args, Flag, Kind, flag};
use super::super::print::{Extra, Format, Printer};
use super::super::resources::Info;
use crate::base::value::Value;

/// `-f`, `-k`, `-R`.
pub(super) const FILES: &[Flag] = &[
    flag("filename", Kind::Slice, "").short('f'),
    flag("kustomize", Kind::Text, "").short('k'),
    flag("recursive", Kind::Bool, "false").short('R'),
];

/// `-l`.
pub(super) const SELECTOR: &[Flag] = &[flag("selector", Kind::Text, "").short('l')];

/// `--field-selector`.
pub(super) const FIELD_SELECTOR: &[Flag] = &[flag("field-selector", Kind::Text, "")];

/// `-A`.
pub(super) const ALL_NAMESPACES: &[Flag] =
    &[flag("all-namespaces", Kind::Bool, "false").short('A')];

/// `--all`.
pub(super) const ALL: &[Flag] = &[flag("all", Kind::Bool, "false")];

/// `--dry-run` and `--field-manager`.
pub(super) const DRY_RUN: &[Flag] =
    &[flag("dry-run", Kind::Optional("unchanged"), "none"), flag("field-manager", Kind::Text, "")];

/// `--validate`.
pub(super) const VALIDATE: &[Flag] = &[flag("validate", Kind::Optional("strict"), "strict")];

/// How far a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DryRun {
    No,
    Client,
    Server,
}

impl DryRun {
    /// What `--dry-run` says.
    /// Upstream: helpers.go, GetDryRunStrategy.
    pub(super) fn of(cx: &mut Cx) -> Result<DryRun, CmdError> {
        let args = cx.args();
        match args.text("dry-run") {
            "" | "none" => Ok(DryRun::No),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            "unchanged" => {
                log_warning(
                    cx,
                    "helpers.go:719",
                    "--dry-run is deprecated and can be replaced with --dry-run=client.",
                );
                Ok(DryRun::Client)
            }
            text @ ("true" | "false" | "1" | "0" | "t" | "f" | "T" | "F" | "TRUE" | "FALSE"
            | "True" | "False") => {
                if matches!(text, "true" | "1" | "t" | "T" | "TRUE" | "True") {
                    let words = format!(
                        "--dry-run={text} is deprecated (boolean value) and can be replaced with --dry-run=client."
                    );
                    log_warning(cx, "helpers.go:713", &words);
                    return Ok(DryRun::Client);
                }
                let words = format!(
                    "--dry-run={text} is deprecated (boolean value) and can be replaced with --dry-run=none."
                );
                log_warning(cx, "helpers.go:715", &words);
                Ok(DryRun::No)
            }
            other => Err(CmdError::plain(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// `created`, `created (dry run)` or `created (server dry run)`.
    pub(super) fn done(self, done: &str) -> String {
        match self {
            DryRun::No => done.to_owned(),
            DryRun::Client => format!("{done} (dry run)"),
            DryRun::Server => format!("{done} (server dry run)"),
        }
    }

    /// The query parameter that asks the server to store nothing.
    pub(super) fn params(self) -> Vec<(&'static str, &'static str)> {
        if self == DryRun::Server { vec![("dryRun", "All")] } else { Vec::new() }
    }
}

/// A line as Go's logger writes it: `W0105 09:00:00.000000    1 file.go:1] text`.
pub(super) fn log_warning(cx: &mut Cx, place: &str, text: &str) {
    let stamp = cx.sys.now().format("%m%d %H:%M:%S%.6f");
    let pid = cx.sys.shown_pid();
    cx.err(&format!("W{stamp} {pid:>7} {place}] {text}\n"));
}

/// The value of `--validate` as the API's `fieldValidation`.
pub(super) fn field_validation(args: &Args) -> Result<&'static str, CmdError> {
    match args.text("validate") {
        "true" | "strict" => Ok("Strict"),
        "warn" => Ok("Warn"),
        "false" | "ignore" => Ok("Ignore"),
        other => Err(CmdError::plain(format!(
            "invalid - validate option \"{other}\"; must be one of: strict (or true), warn, ignore (or false)"
        ))),
    }
}

/// A printer that says what was done unless `-o` asks for more.
pub(super) fn done_printer(cx: &Cx) -> Result<Printer, CmdError> {
    Printer::of(cx.sys, &cx.env.args, Format::Name, Extra::None)
}

/// Prints an object; `-o name` says nothing of what was done.
pub(super) fn print_done(
    cx: &mut Cx,
    printer: &mut Printer,
    object: &Value,
    done: &str,
) -> Result<(), CmdError> {
    let done = if cx.env.args.text("output").is_empty() { done } else { "" };
    let (text, result) = printer.object(object, done);
    cx.out(&text);
    result
}

/// Neither `-f` nor `-k`, or both.
pub(super) fn require_files(args: &Args) -> Result<(), CmdError> {
    let files = !args.list("filename").is_empty();
    let kustomize = !args.text("kustomize").is_empty();
    match (files, kustomize) {
        (false, false) => Err(CmdError::plain("must specify one of -f and -k")),
        (true, true) => Err(CmdError::plain("only one of -f or -k can be specified")),
        _ => Ok(()),
    }
}

/// The parameters of a write.
pub(super) fn write_params<'a>(
    args: &'a Args,
    dry_run: DryRun,
    manager: &'a str,
) -> Vec<(&'static str, &'a str)> {
    let mut params: Vec<(&'static str, &'a str)> = dry_run.params();
    let given = args.text("field-manager");
    let manager = if given.is_empty() { manager } else { given };
    if !manager.is_empty() {
        params.push(("fieldManager", manager));
    }
    params
}

/// Splits `key=value` changes and `key-` removals from the resources before them.
/// Upstream: helpers.go, GetResourcesAndPairs.
pub(super) fn split_pairs(
    args: &[String],
    what: &str,
) -> Result<(Vec<String>, Vec<String>), CmdError> {
    let mut resources = Vec::new();
    let mut pairs = Vec::new();
    let mut all_pairs = false;
    for arg in args {
        let is_pair =
            (arg.contains('=') && !arg.starts_with('=')) || (arg.ends_with('-') && arg != "-");
        match (all_pairs, is_pair) {
            (false, true) => {
                all_pairs = true;
                pairs.push(arg.clone());
            }
            (false, false) => resources.push(arg.clone()),
            (true, true) => pairs.push(arg.clone()),
            (true, false) => {
                return Err(CmdError::plain(format!(
                    "all resources must be specified before {what} changes: {arg}"
                )));
            }
        }
    }
    Ok((resources, pairs))
}

/// What is said before a terminal is joined to a container's main process.
pub(super) const RECORDED: &str = "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n";

/// The annotation in which `apply` keeps what it applied.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What an object's commands call it: `pods "web-0"`.
pub(super) fn quoted(info: &Info) -> String {
    format!("{} \"{}\"", info.resource.group_resource(), info.name)
}
