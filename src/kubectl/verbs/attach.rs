//! `kubectl attach`: join the main process of a container.
//!
//! Upstream: kubectl/pkg/cmd/attach/attach.go. Simplified: there are no keys to detach with.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::{Cx, Next};
use super::common;
use super::exec::{Order, Streams, check_tty, choose_container, find_pod};
use crate::os::{Method, Request};

const FLAGS: &[Flag] = &[
    flag("container", Kind::Text, "").short('c'),
    flag("pod-running-timeout", Kind::Duration, "1m0s"),
    flag("quiet", Kind::Bool, "false").short('q'),
    flag("stdin", Kind::Bool, "false").short('i'),
    flag("tty", Kind::Bool, "false").short('t'),
];

pub(crate) static VERB: Verb =
    Verb { name: "attach", flags: &[FLAGS], run: Some(run), ..Verb::EMPTY };

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let target = match args.pos.as_slice() {
        [] => return Err(CmdError::plain("at least 1 argument is required for attach")),
        [name] => name.clone(),
        [kind, name] => format!("{kind}/{name}"),
        more => {
            return Err(CmdError::plain(format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                more.len(),
                more.join(" ")
            )));
        }
    };
    if args.duration("pod-running-timeout").0 <= 0 {
        return Err(CmdError::plain("--pod-running-timeout must be higher than zero"));
    }
    let pod = find_pod(cx, Some(&target), Order::Active)?;
    let phase = pod.at(&["status", "phase"]).text();
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(CmdError::plain(format!(
            "cannot attach a container in a completed pod; current phase is {phase}"
        )));
    }
    let quiet = args.is("quiet");
    let container = choose_container(cx, &pod, args.text("container"), quiet).map_err(|error| {
        CmdError::plain(format!("cannot attach to the container: {}", error.message()))
    })?;
    let containers = pod.at(&["spec", "containers"]).as_array();
    let has_tty =
        containers.iter().any(|c| c.get("name").text() == container && c.get("tty").is_true());
    if args.is("tty") && !has_tty && !quiet {
        cx.err(&format!(
            "error: Unable to use a TTY - container {container} did not allocate one\n"
        ));
    }
    let stdin = args.is("stdin");
    let tty = has_tty && stdin && check_tty(cx, quiet);
    if !quiet {
        cx.err(common::RECORDED);
    }
    let meta = pod.get("metadata");
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/attach",
        meta.get("namespace").text(),
        meta.get("name").text()
    );
    let mut request = Request::new(Method::Post, path).param("container", container);
    for (key, wanted) in [("stdin", stdin), ("stdout", true), ("stderr", !tty), ("tty", tty)] {
        if wanted {
            request = request.param(key, "true");
        }
    }
    let attach = cx.attach(request)?;
    Ok(Next::Wait(Box::new(Streams::new(cx, attach, tty))))
}
