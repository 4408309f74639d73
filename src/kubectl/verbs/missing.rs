//! Commands of kubectl that are known and not simulated: they say so.

use super::super::error::CmdError;
use super::super::flags::Verb;
use super::super::{Cx, Next, help};

macro_rules! absent {
    ($id:ident, $name:literal) => {
        pub(crate) static $id: Verb = Verb {
            name: $name,
            run: Some(|_| Err(CmdError::not_simulated(concat!("kubectl ", $name)))),
            ..Verb::EMPTY
        };
    };
}

absent!(CERTIFICATE, "certificate");
absent!(PORT_FORWARD, "port-forward");
absent!(PROXY, "proxy");
absent!(CP, "cp");
absent!(AUTH, "auth");
absent!(DEBUG, "debug");
absent!(KUSTOMIZE, "kustomize");

pub(crate) static OPTIONS: Verb = Verb { name: "options", run: Some(options), ..Verb::EMPTY };

fn options(cx: &mut Cx) -> Result<Next, CmdError> {
    cx.out(help::of(help::OPTIONS));
    Ok(Next::Done)
}

pub(crate) static HELP: Verb = Verb { name: "help", run: Some(show), ..Verb::EMPTY };

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
            None if verb.name == "kubectl" => {
                let named: Vec<_> = args.pos.iter().map(|w| format!("`{w}`")).collect();
                cx.out(&format!("Unknown help topic [{}]\n\n\n", named.join(" ")));
                cx.out(help::root_commands());
                return Ok(Next::Done);
            }
            None => break,
        }
    }
    cx.out(help::of(&path));
    Ok(Next::Done)
}

/// Upstream: kubectl/pkg/cmd/completion/completion.go.
pub(crate) static COMPLETION: Verb = Verb {
    name: "completion",
    run: Some(|cx| {
        let args = cx.args();
        let path = &args.path;
        match args.pos.as_slice() {
            [] => Err(CmdError::usage_help(path, "Shell not specified.")),
            [shell] if ["bash", "zsh", "fish", "powershell"].contains(&shell.as_str()) => {
                Err(CmdError::not_simulated(&format!("kubectl completion {shell}")))
            }
            [shell] => {
                Err(CmdError::usage_help(path, format!("Unsupported shell type \"{shell}\".")))
            }
            _ => {
                Err(CmdError::usage_help(path, "Too many arguments. Expected only the shell type."))
            }
        }
    }),
    ..Verb::EMPTY
};

static PLUGIN_LIST: Verb = Verb {
    name: "list",
    run: Some(|_| Err(CmdError::plain("unable to find any kubectl plugins in your PATH"))),
    ..Verb::EMPTY
};

pub(crate) static PLUGIN: Verb = Verb { name: "plugin", subs: &[&PLUGIN_LIST], ..Verb::EMPTY };
