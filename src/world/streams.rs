//! Subresources of pods that lead into containers: `exec`, `attach` and `log`.
//!
//! Upstream: pkg/registry/core/pod/rest/subresources.go, and the kubelet's server, pkg/kubelet/server/server.go.

use std::rc::Rc;

use crate::api::{Object, Status};
use crate::base::value::Value;
use crate::os::kernel::ExecOptions;
use crate::os::{Body, Errno, Kernel, Method, Pid, Request, Response};
use crate::server::route::{self, Route, Target};
use crate::value;
use crate::world::Env;

/// Answers a request for a stream; `None` for every other request.
pub(super) fn answer(
    env: &mut Env,
    kernel: &mut Kernel,
    caller: Pid,
    request: &Request,
) -> Option<Response> {
    let Route::Resource(target) = route::parse(&request.path) else { return None };
    if target.kind.name != "Pod" {
        return None;
    }
    let answer = match (target.sub.as_str(), request.method) {
        ("exec", Method::Get | Method::Post) => exec(env, kernel, caller, &target, request),
        ("attach", Method::Get | Method::Post) => attach(env, kernel, caller, &target, request),
        ("log", Method::Get) => log(env, kernel, caller, &target, request),
        _ => return None,
    };
    Some(answer.unwrap_or_else(Response::from))
}

fn exec(
    env: &Env,
    kernel: &mut Kernel,
    caller: Pid,
    target: &Target,
    request: &Request,
) -> Result<Response, Status> {
    let (pod, container) = env.server.resolve_stream(&target.key(), request.query("container"))?;
    if let Some(refusal) = unreachable_node(env, &pod) {
        return Ok(refusal);
    }
    let uid = pod.uid();
    let running =
        env.kubelets.container(uid, &container).zip(env.kubelets.main_process(uid, &container));
    let Some((machine, main)) = running else {
        return Ok(upgrade_refused(&format!("container not found ({container:?})")));
    };
    let argv: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| key == "command")
        .map(|(_, word)| word.clone())
        .collect();
    let Some(mut spec) = kernel.spec_beside(main) else {
        return Ok(upgrade_refused(&format!("container not found ({container:?})")));
    };
    spec.argv.clone_from(&argv);
    let attach = match kernel.exec(caller, machine, spec, options(request)) {
        Ok((_, attach)) => attach,
        Err(errno) => {
            let id = kernel.rng.named("exec", uid, u64::from(caller)).hex(64);
            kernel.refused(caller, &start_failure(&argv, errno, &id).to_json())
        }
    };
    Ok(Response { code: 101, warnings: Vec::new(), body: Body::Attach(attach) })
}

/// The runtime's words for a command that it could not start.
fn start_failure(argv: &[String], errno: Errno, id: &str) -> Value {
    let program = argv.first().map_or("", String::as_str);
    let cause = match errno {
        Errno::NotFound if program.contains('/') => {
            format!("exec: {program:?}: stat {program}: no such file or directory")
        }
        Errno::NotFound => format!("exec: {program:?}: executable file not found in $PATH"),
        Errno::Access => format!("exec: {program:?}: permission denied"),
        other => format!("exec: {program:?}: {}", other.to_string().to_lowercase()),
    };
    let message = format!(
        "Internal error occurred: error executing command in container: failed to exec in container: \
         failed to start exec {id:?}: OCI runtime exec failed: exec failed: unable to start container process: {cause}"
    );
    let mut status = Status::internal(message).to_value();
    status.set("metadata", value!({}));
    status
}

fn attach(
    env: &Env,
    kernel: &mut Kernel,
    caller: Pid,
    target: &Target,
    request: &Request,
) -> Result<Response, Status> {
    let (pod, container) = env.server.resolve_stream(&target.key(), request.query("container"))?;
    if let Some(refusal) = unreachable_node(env, &pod) {
        return Ok(refusal);
    }
    let main = env.kubelets.main_process(pod.uid(), &container);
    match main.map(|main| kernel.attach(caller, main, options(request))) {
        Some(Ok(attach)) => {
            Ok(Response { code: 101, warnings: Vec::new(), body: Body::Attach(attach) })
        }
        _ => {
            let name = format!("{}_{}", pod.name(), pod.namespace());
            Ok(upgrade_refused(&format!("container {container} not found in pod {name}")))
        }
    }
}

fn log(
    env: &Env,
    kernel: &mut Kernel,
    caller: Pid,
    target: &Target,
    request: &Request,
) -> Result<Response, Status> {
    let (pod, container) =
        env.server.resolve_container(&target.key(), request.query("container"))?;
    env.kubelets.logs(&pod, &container, request, caller, kernel)
}

fn options(request: &Request) -> ExecOptions {
    let is = |name: &str| matches!(request.query(name), "true" | "1");
    let number = |name: &str| request.query(name).parse().unwrap_or(0);
    ExecOptions {
        stdin: is("stdin"),
        stdout: is("stdout"),
        stderr: is("stderr"),
        tty: is("tty"),
        size: (number("columns"), number("rows")),
    }
}

/// An answer in plain text, as a connection that could not be upgraded gives.
fn upgrade_refused(text: &str) -> Response {
    Response { code: 500, warnings: Vec::new(), body: Body::Text(text.to_owned()) }
}

/// The refusal of a node whose kubelet does not run.
fn unreachable_node(env: &Env, pod: &Rc<Object>) -> Option<Response> {
    let node = pod.at(&["spec", "nodeName"]).text();
    if env.kubelets.is_running(node) {
        return None;
    }
    let address = pod.at(&["status", "hostIP"]).text();
    let text =
        format!("error dialing backend: dial tcp {address}:10250: connect: connection refused");
    Some(upgrade_refused(&text))
}
