//! Commands of kubectl that are known and not simulated: they say so.

use super::super::error::CmdError;
use super::super::flags::Verb;
use super::super::{Cx, Next, help};

macro_rules! absent {
    ($id:ident, $name:literal, $short:literal) => {
        pub(crate) static $id: Verb = Verb {
            name: $name,
            short: $short,
            usage: concat!($name, " [flags] [options]"),
            run: Some(|_| Err(CmdError::not_simulated(concat!("kubectl ", $name)))),
            ..Verb::EMPTY
        };
    };
}

absent!(SET, "set", "Set specific features on objects");
absent!(
    AUTOSCALE,
    "autoscale",
    "Auto-scale a deployment, replica set, stateful set, or replication controller"
);
absent!(CERTIFICATE, "certificate", "Modify certificate resources");
absent!(TOP, "top", "Display resource (CPU/memory) usage");
absent!(DRAIN, "drain", "Drain node in preparation for maintenance");
absent!(TAINT, "taint", "Update the taints on one or more nodes");
absent!(ATTACH, "attach", "Attach to a running container");
absent!(PORT_FORWARD, "port-forward", "Forward one or more local ports to a pod");
absent!(PROXY, "proxy", "Run a proxy to the Kubernetes API server");
absent!(CP, "cp", "Copy files and directories to and from containers");
absent!(AUTH, "auth", "Inspect authorization");
absent!(DEBUG, "debug", "Create debugging sessions for troubleshooting workloads and nodes");
absent!(DIFF, "diff", "Diff the live version against a would-be applied version");
absent!(REPLACE, "replace", "Replace a resource by file name or stdin");
absent!(KUSTOMIZE, "kustomize", "Build a kustomization target from a directory or URL");
absent!(
    COMPLETION,
    "completion",
    "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)"
);
absent!(PLUGIN, "plugin", "Provides utilities for interacting with plugins");

pub(crate) static OPTIONS: Verb = Verb {
    name: "options",
    short: "Print the list of flags inherited by all commands",
    usage: "options",
    run: Some(options),
    ..Verb::EMPTY
};

fn options(cx: &mut Cx) -> Result<Next, CmdError> {
    let text = help::options();
    cx.out(&text);
    Ok(Next::Done)
}

pub(crate) static HELP: Verb = Verb {
    name: "help",
    short: "Help about any command",
    usage: "help [command] [flags] [options]",
    run: Some(show),
    ..Verb::EMPTY
};

fn show(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let mut verb = &super::ROOT;
    let mut path = verb.name.to_owned();
    for word in &args.pos {
        match verb.subs.iter().find(|s| s.name == word || s.aliases.contains(&word.as_str())) {
            Some(sub) => {
                verb = sub;
                path = format!("{path} {}", sub.name);
            }
            None => {
                let named: Vec<_> = args.pos.iter().map(|w| format!("`{w}`")).collect();
                cx.out(&format!("Unknown help topic [{}]\n\n\n", named.join(" ")));
                let text = help::root_commands();
                cx.out(&text);
                return Ok(Next::Done);
            }
        }
    }
    let text = help::of(verb, &path);
    cx.out(&text);
    Ok(Next::Done)
}
