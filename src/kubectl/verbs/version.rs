//! `kubectl version`.
//!
//! Upstream: kubectl/pkg/cmd/version/version.go.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::{Cx, Next};
use crate::base::gofmt;
use crate::base::value::Value;
use crate::base::yaml;
use crate::os::Request;
use crate::value;

const FLAGS: &[Flag] =
    &[flag("client", Kind::Bool, "false"), flag("output", Kind::Text, "").short('o')];

pub(crate) static VERB: Verb =
    Verb { name: "version", flags: &[FLAGS], run: Some(run), ..Verb::EMPTY };

const KUSTOMIZE: &str = "v5.8.1";

fn client() -> Value {
    value!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
        "gitTreeState": "clean", "buildDate": "2026-06-18T00:00:00Z", "goVersion": "go1.26.6", "compiler": "gc",
        "platform": "linux/amd64"
    })
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if !args.pos.is_empty() {
        return Err(CmdError::plain(format!("extra arguments: [{}]", args.pos.join(" "))));
    }
    let output = args.text("output");
    if !matches!(output, "" | "yaml" | "json") {
        return Err(CmdError::plain("--output must be 'yaml' or 'json'"));
    }
    let mut info = value!({ "clientVersion": client(), "kustomizeVersion": KUSTOMIZE });
    if !args.is("client") {
        info.set("serverVersion", cx.call(Request::get("/version"))?);
    }
    let text = match output {
        "yaml" => format!("{}\n", yaml::emit(&info)),
        "json" => format!("{}\n", gofmt::json_indent(&info, "  ")),
        _ => {
            let mut text = format!("Client Version: v1.36.2\nKustomize Version: {KUSTOMIZE}\n");
            let server = info.at(&["serverVersion", "gitVersion"]);
            if !server.is_null() {
                text.push_str(&format!("Server Version: {}\n", server.text()));
            }
            text
        }
    };
    cx.out(&text);
    Ok(Next::Done)
}
