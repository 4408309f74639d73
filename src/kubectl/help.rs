//! The texts of `-h` and `kubectl options`.
//!
//! Upstream: kubectl/pkg/util/templates/{templater,command_groups}.go.
//! Simplified: long texts and examples are shorter than upstream's.

use super::flags::{Args, Flag, GLOBAL, Kind, Verb};
use super::verbs;

/// The groups of the root's commands.
const GROUPS: &[(&str, &[&str])] = &[
    ("Basic Commands (Beginner):", &["create", "expose", "run", "set"]),
    ("Basic Commands (Intermediate):", &["explain", "get", "edit", "delete"]),
    ("Deploy Commands:", &["rollout", "scale", "autoscale"]),
    (
        "Cluster Management Commands:",
        &["certificate", "cluster-info", "top", "cordon", "uncordon", "drain", "taint"],
    ),
    (
        "Troubleshooting and Debugging Commands:",
        &[
            "describe",
            "logs",
            "attach",
            "exec",
            "port-forward",
            "proxy",
            "cp",
            "auth",
            "debug",
            "events",
        ],
    ),
    ("Advanced Commands:", &["diff", "apply", "patch", "replace", "wait", "kustomize"]),
    ("Settings Commands:", &["label", "annotate", "completion"]),
    ("Subcommands provided by plugins:", &[]),
    ("Other Commands:", &["api-resources", "api-versions", "config", "plugin", "version"]),
];

/// The help of the command that was typed.
pub(crate) fn text(args: &Args) -> String {
    of(args.verb, &args.path)
}

/// The root's commands by group, and how to go on.
pub(crate) fn root_commands() -> String {
    let mut out = String::new();
    for (title, names) in GROUPS {
        out.push_str(title);
        out.push('\n');
        for name in *names {
            if let Some(verb) = verbs::ROOT.subs.iter().find(|v| v.name == *name) {
                out.push_str(&format!("  {:<15} {}\n", verb.name, verb.short));
            }
        }
        out.push('\n');
    }
    out.push_str("Usage:\n  kubectl [flags] [options]\n\n");
    out.push_str("Use \"kubectl <command> --help\" for more information about a given command.\n");
    out.push_str("Use \"kubectl options\" for a list of global command-line options (applies to all commands).\n");
    out
}

/// The help of a command.
pub(crate) fn of(verb: &Verb, path: &str) -> String {
    let long = if verb.long.is_empty() { format!("{}.", verb.short) } else { verb.long.to_owned() };
    let mut out = format!("{long}\n\n");
    if std::ptr::eq(verb, &raw const verbs::ROOT) || verb.name == "kubectl" {
        out.push_str(&root_commands());
        return out;
    }
    if !verb.aliases.is_empty() {
        let names: Vec<&str> =
            std::iter::once(verb.name).chain(verb.aliases.iter().copied()).collect();
        out.push_str(&format!("Aliases:\n{}\n\n", names.join(", ")));
    }
    if !verb.examples.is_empty() {
        out.push_str(&format!("Examples:\n{}\n\n", verb.examples));
    }
    if !verb.subs.is_empty() {
        let width = verb.subs.iter().map(|v| v.name.len()).max().unwrap_or(0).max(11);
        out.push_str("Available Commands:\n");
        for sub in verb.subs {
            out.push_str(&format!("  {:<width$}   {}\n", sub.name, sub.short));
        }
        out.push('\n');
    }
    let mut flags: Vec<&Flag> = verb.flags.iter().flat_map(|group| group.iter()).collect();
    if !flags.is_empty() {
        flags.sort_by_key(|f| f.name);
        out.push_str("Options:\n");
        out.push_str(&listed(&flags));
    }
    let usage = if verb.usage.is_empty() {
        format!("{} [options]", verb.name)
    } else {
        verb.usage.to_owned()
    };
    out.push_str(&format!("Usage:\n  kubectl {usage}\n\n"));
    if !verb.subs.is_empty() {
        out.push_str(&format!(
            "Use \"{path} <command> --help\" for more information about a given command.\n"
        ));
    }
    out.push_str("Use \"kubectl options\" for a list of global command-line options (applies to all commands).\n");
    out
}

/// What `kubectl options` prints.
pub(crate) fn options() -> String {
    let flags: Vec<&Flag> = GLOBAL.iter().collect();
    format!("The following options can be passed to any command:\n\n{}", listed(&flags))
}

fn listed(flags: &[&Flag]) -> String {
    let mut out = String::new();
    for flag in flags {
        let short = if flag.short == '\0' { String::new() } else { format!("-{}, ", flag.short) };
        let default = match flag.kind {
            Kind::Text | Kind::Optional(_) => format!("'{}'", flag.default),
            Kind::Slice | Kind::Array => format!("[{}]", flag.default),
            Kind::Bool | Kind::Int | Kind::Duration => flag.default.to_owned(),
        };
        out.push_str(&format!("    {short}--{}={default}:\n\t{}\n\n", flag.name, flag.usage));
    }
    out
}
