//! `kubectl edit`: change objects in an editor.
//!
//! Upstream: kubectl/pkg/cmd/util/editor/editoptions.go.
//! Simplified: one object at a time; several are edited one after the other.

use super::super::client::{MERGE_PATCH, STRATEGIC_PATCH};
use super::super::error::{self, CmdError};
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next, print};
use super::common;
use crate::api::schema::PatchSchema;
use crate::base::gofmt;
use crate::base::patch;
use crate::base::value::Value;
use crate::base::yaml;
use crate::os::{Pid, STDERR, STDIN, STDOUT, Spawn, Wait};

const FLAGS: &[Flag] = &[
    flag("output-patch", Kind::Bool, "false"),
    flag("save-config", Kind::Bool, "false").absent(),
    flag("subresource", Kind::Text, "").absent(),
    flag("windows-line-endings", Kind::Bool, "false").absent(),
];

pub(crate) static VERB: Verb = Verb {
    name: "edit",
    flags: &[FLAGS, print::FLAGS, common::FILES, common::VALIDATE, &[common::DRY_RUN[1]]],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    common::done_printer(cx)?;
    let query = Query { type_means_all: true, latest: true, ..Query::of(cx) };
    let found = query.run(cx)?;
    let infos = found.all()?;
    if infos.is_empty() {
        return Err(CmdError::plain("edit cancelled, no objects found"));
    }
    Ok(Next::Wait(Box::new(Editing {
        infos,
        json: args.text("output") == "json",
        file: String::new(),
        shown: String::new(),
        reason: String::new(),
        child: None,
        tries: 0,
    })))
}

/// Opens the editor on one object after the other and sends what was changed.
#[derive(Clone)]
struct Editing {
    infos: Vec<Info>,
    json: bool,
    /// The temporary file.
    file: String,
    /// What was written to it, comments included.
    shown: String,
    /// Why the editor is opened again.
    reason: String,
    child: Option<Pid>,
    tries: u32,
}

const HEADER: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n";

impl Editing {
    fn open(&mut self, cx: &mut Cx, text: Option<String>) -> Result<(), CmdError> {
        let Some(info) = self.infos.first() else { return Ok(()) };
        let object = print::without_managed_fields(&info.object);
        let body = text.unwrap_or_else(|| {
            if self.json {
                format!("{}\n", gofmt::json_indent(&object, "    "))
            } else {
                yaml::emit(&object)
            }
        });
        self.shown = format!("{HEADER}{}{body}", self.reason);
        let suffix = if self.json { "json" } else { "yaml" };
        self.tries += 1;
        let unique =
            cx.sys.rng("kubectl-edit", u64::from(self.tries)).range(100_000_000, 4_000_000_000);
        if self.file.is_empty() {
            self.file = format!("/tmp/kubectl-edit-{unique}.{suffix}");
        }
        // The directory is there on every machine but the barest.
        let _ = cx.sys.mkdir("/tmp", 0o1777);
        cx.sys.write_file(&self.file, self.shown.as_bytes()).map_err(|error| {
            CmdError::plain(format!("open {}: {}", self.file, error.to_string().to_lowercase()))
        })?;
        let editor = ["KUBE_EDITOR", "EDITOR"]
            .iter()
            .find_map(|name| cx.sys.env().get(*name).filter(|e| !e.is_empty()).cloned())
            .unwrap_or_else(|| "vi".to_owned());
        let broken =
            || CmdError::plain(format!("there was a problem with the editor \"{editor}\""));
        let mut argv: Vec<String> = editor.split_whitespace().map(str::to_owned).collect();
        argv.push(self.file.clone());
        let fds = vec![(STDIN, STDIN), (STDOUT, STDOUT), (STDERR, STDERR)];
        let spawned = cx.sys.spawn(Spawn { argv, fds, ..Spawn::default() });
        self.child = Some(spawned.map_err(|_| broken())?);
        Ok(())
    }

    /// What the edited file means. `None` opens the editor again.
    fn close(&mut self, cx: &mut Cx) -> Result<Option<()>, CmdError> {
        let bytes = cx.sys.read_file(&self.file).unwrap_or_default();
        let edited = String::from_utf8_lossy(&bytes).into_owned();
        let meaningful: Vec<&str> =
            edited.lines().filter(|l| !l.trim_start().starts_with('#')).collect();
        if edited == self.shown || without_comments(&edited) == without_comments(&self.shown) {
            self.forget(cx);
            cx.err("Edit cancelled, no changes made.\n");
            return Ok(Some(()));
        }
        if meaningful.iter().all(|l| l.trim().is_empty()) {
            self.forget(cx);
            cx.err("Edit cancelled, saved file was empty.\n");
            return Ok(Some(()));
        }
        let Some(info) = self.infos.first().cloned() else { return Ok(Some(())) };
        let body = without_comments(&edited);
        let value = match yaml::read(&body) {
            Ok(value) => value,
            Err(error) => {
                return self.again(
                    cx,
                    &format!(
                        "The edited file had a syntax error: error parsing edited-file: {error}"
                    ),
                    body,
                );
            }
        };
        match send(cx, &info, &value) {
            Ok(()) => {
                self.forget(cx);
                Ok(Some(()))
            }
            Err(error) => {
                let (text, _) = error::render(&error);
                if self.tries >= 5 {
                    cx.err(&text);
                    cx.err(&format!(
                        "A copy of your changes has been stored to \"{}\"\n",
                        self.file
                    ));
                    return Err(CmdError::plain("Edit cancelled, no valid changes were saved."));
                }
                self.again(cx, text.trim_end(), body)
            }
        }
    }

    /// Opens the editor again with the reason on top, unless nobody is there to answer.
    fn again(&mut self, cx: &mut Cx, why: &str, body: String) -> Result<Option<()>, CmdError> {
        let same = self.reason.contains(why.lines().next().unwrap_or(""));
        if !self.reason.is_empty() && same {
            cx.err(&format!("{why}\n"));
            cx.err(&format!("A copy of your changes has been stored to \"{}\"\n", self.file));
            return Err(CmdError::plain("Edit cancelled, no valid changes were saved."));
        }
        let lines: Vec<_> = why.lines().map(|l| format!("# {l}\n")).collect();
        self.reason = format!("{}#\n", lines.concat());
        self.open(cx, Some(body))?;
        Ok(None)
    }

    fn forget(&mut self, cx: &mut Cx) {
        // A file that is gone already is as good as removed.
        let _ = cx.sys.remove(&self.file);
        self.file.clear();
        self.reason.clear();
    }
}

fn without_comments(text: &str) -> String {
    text.split_inclusive('\n').filter(|l| !l.starts_with('#')).collect()
}

/// Sends the difference.
fn send(cx: &mut Cx, info: &Info, edited: &Value) -> Result<(), CmdError> {
    let args = cx.args();
    let mut printer = common::done_printer(cx)?;
    let original = print::without_managed_fields(&info.object);
    if edited.at(&["metadata", "name"]).text() != info.name {
        return Err(CmdError::plain("At least one of apiVersion, kind and name was changed"));
    }
    let r = &info.resource;
    let (kind, body) = match PatchSchema::of_gvk(&r.group, &r.version, &r.kind) {
        Some(schema) => (
            STRATEGIC_PATCH,
            patch::two_way_merge(&original, edited, &schema).map_err(CmdError::plain)?,
        ),
        None => (MERGE_PATCH, patch::create_merge_patch(&original, edited)),
    };
    if body.is_empty() {
        let text = format!("{} skipped\n", info.printed());
        cx.out(&text);
        return Ok(());
    }
    let mut params = common::write_params(&args, common::DryRun::No, "kubectl-edit");
    params.push(("fieldValidation", common::field_validation(&args)?));
    let patched = cx.patch(&info.path(), kind, body.clone(), &params)?;
    if args.is("output-patch") {
        cx.out(&format!("Patch: {}\n", gofmt::json(&body)));
    }
    if args.text("output") == "json" {
        return common::print_done(cx, &mut printer, &patched, "");
    }
    common::print_done(cx, &mut printer, &patched, "edited")
}

impl Machine for Editing {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        loop {
            if self.infos.is_empty() {
                return Ok(Flow::Exit(0));
            }
            let Some(child) = self.child else {
                self.open(cx, None)?;
                continue;
            };
            let Some((_, code)) = cx.sys.wait(Some(child)) else {
                return Ok(Flow::Wait(Wait::children()));
            };
            self.child = None;
            if code != 0 {
                let editor =
                    cx.sys.env().get("KUBE_EDITOR").cloned().unwrap_or_else(|| "vi".to_owned());
                return Err(CmdError::plain(format!(
                    "there was a problem with the editor \"{editor}\""
                )));
            }
            if self.close(cx)?.is_some() {
                self.infos.remove(0);
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
