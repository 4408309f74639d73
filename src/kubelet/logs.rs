//! What the kubelet answers to a request for a container's log.
//!
//! Upstream: pkg/kubelet/kubelet_pods.go (GetKubeletContainerLogs, validateContainerLogStatus),
//! staging/src/k8s.io/cri-client/pkg/logs/logs.go.

use std::rc::Rc;

use crate::api::kinds::pod::{ContainerStatus, Pod};
use crate::api::{Object, Status};
use crate::base::time::{Span, Time};
use crate::kubelet::Kubelets;
use crate::os::kernel::{LogId, LogLine};
use crate::os::{Body, Kernel, Pid, Request, Response};

/// What of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
struct Options {
    follow: bool,
    previous: bool,
    timestamps: bool,
    tail: Option<usize>,
    since: Option<Time>,
    limit: Option<usize>,
}

impl Options {
    fn of(request: &Request, now: Time) -> Options {
        let is = |name: &str| matches!(request.query(name), "true" | "1");
        let number = |name: &str| request.query(name).parse::<i64>().ok().filter(|n| *n >= 0);
        let since = number("sinceSeconds").map(|s| now - Span::seconds(s));
        Options {
            follow: is("follow"),
            previous: is("previous"),
            timestamps: is("timestamps"),
            tail: number("tailLines").and_then(|n| usize::try_from(n).ok()),
            since: since.or_else(|| Time::parse(request.query("sinceTime"))),
            limit: number("limitBytes").and_then(|n| usize::try_from(n).ok()),
        }
    }
}

impl Kubelets {
    /// The log of a container, as the query of the request asks for it: `follow`, `previous`, `tailLines`,
    /// `sinceSeconds`, `sinceTime`, `limitBytes`, `timestamps`. A text, or a descriptor of `caller` with `follow`.
    ///
    /// # Errors
    /// `BadRequest` for a container that waits, or that has no earlier log.
    pub fn logs(
        &self,
        pod: &Rc<Object>,
        container: &str,
        request: &Request,
        caller: Pid,
        kernel: &mut Kernel,
    ) -> Result<Response, Status> {
        let options = Options::of(request, kernel.now);
        let view = pod.view::<Pod>();
        let node = view.spec.node_name.as_str();
        if node.is_empty() {
            // Upstream answers with nothing for a pod that has no node.
            return Ok(text(String::new()));
        }
        if !self.is_running(node) {
            let address = &view.status.host_ip;
            let (ns, name) = (pod.namespace(), pod.name());
            let message = format!(
                "Get \"https://{address}:10250/containerLogs/{ns}/{name}/{container}\": dial tcp {address}:10250: connect: \
                 connection refused"
            );
            return Err(Status::unknown(message));
        }
        let id = container_id(&view, container, options.previous).map_err(Status::bad_request)?;
        let worker = self.worker(pod.uid());
        let instance = worker.and_then(|worker| {
            worker
                .runtime
                .instances
                .iter()
                .find(|i| id.strip_prefix("containerd://") == Some(&i.id))
        });
        let Some(log) = instance.and_then(|instance| instance.log) else {
            return Ok(text(format!("unable to retrieve container logs for {id}")));
        };
        let running = instance.is_some_and(|instance| instance.pid.is_some());
        if options.follow && running {
            let from = first_line(kernel.log_lines(log), &options);
            let fd = kernel.follow_log(caller, log, from, options.timestamps);
            return Ok(Response { code: 200, warnings: Vec::new(), body: Body::Stream(fd) });
        }
        Ok(text(render(kernel, log, &options)))
    }
}

fn text(text: String) -> Response {
    Response { code: 200, warnings: Vec::new(), body: Body::Text(text) }
}

/// The container whose log is meant.
/// Upstream: validateContainerLogStatus.
fn container_id(pod: &Pod, container: &str, previous: bool) -> Result<String, String> {
    let status = &pod.status;
    let lists = [
        &status.container_statuses,
        &status.init_container_statuses,
        &status.ephemeral_container_statuses,
    ];
    let named =
        |what: &str| format!("container \"{container}\" in pod \"{}\" {what}", pod.meta.name);
    let found: Option<&ContainerStatus> =
        lists.into_iter().flatten().find(|status| status.name == *container);
    let Some(found) = found else { return Err(named("is not available")) };
    let last = found.last_state.terminated.as_ref().map(|t| t.container_id.to_string());
    let last = last.filter(|id| !id.is_empty());
    if previous {
        return last.ok_or_else(|| format!("previous terminated {}", named("not found")));
    }
    let (state, name) = (&found.state, "is waiting to start: ");
    if state.running.is_some() {
        return Ok(found.container_id.to_string());
    }
    if let Some(terminated) = &state.terminated {
        let own = Some(terminated.container_id.to_string()).filter(|id| !id.is_empty());
        return own.or(last).ok_or_else(|| named("is terminated"));
    }
    if found.last_state.terminated.is_some() {
        return last.ok_or_else(|| named("is terminated"));
    }
    let reason = state.waiting.as_ref().map(|w| w.reason.to_string()).unwrap_or_default();
    Err(named(&match reason.as_str() {
        "ErrImagePull" => format!("{name}image can't be pulled"),
        "ImagePullBackOff" => format!("{name}trying and failing to pull image"),
        reason => format!("{name}{reason}"),
    }))
}

/// The index of the first line that is wanted.
fn first_line(lines: &[LogLine], options: &Options) -> usize {
    let tail = options.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
    let since = options.since.map_or(0, |since| lines.partition_point(|line| line.at < since));
    tail.max(since)
}

fn render(kernel: &Kernel, log: LogId, options: &Options) -> String {
    let lines = kernel.log_lines(log);
    let mut out = String::new();
    for line in &lines[first_line(lines, options)..] {
        if options.timestamps {
            out.push_str(&line.at.rfc3339_nano());
            out.push(' ');
        }
        out.push_str(&line.text);
        out.push('\n');
    }
    if let Some(limit) = options.limit.filter(|limit| *limit < out.len()) {
        let end = (0..=limit).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::value::Value;
    use crate::base::view::FromValue;

    fn pod(status: &str) -> Pod {
        let text = format!(
            r#"{{"metadata":{{"name":"p"}},"status":{{"containerStatuses":[{{"name":"c",{status}}}]}}}}"#
        );
        Pod::from_value(&Value::from_json(&text).unwrap())
    }

    #[test]
    fn the_log_of_a_container_that_does_not_run_says_why() {
        let ask = |status: &str, previous| container_id(&pod(status), "c", previous);
        assert_eq!(
            ask(r#""state":{"waiting":{"reason":"ContainerCreating"}}"#, false),
            Err("container \"c\" in pod \"p\" is waiting to start: ContainerCreating".into())
        );
        assert_eq!(
            ask(r#""state":{"waiting":{"reason":"ErrImagePull"}}"#, false),
            Err("container \"c\" in pod \"p\" is waiting to start: image can't be pulled".into())
        );
        assert_eq!(
            ask(r#""containerID":"containerd://1","state":{"running":{}}"#, true),
            Err("previous terminated container \"c\" in pod \"p\" not found".into())
        );
        assert_eq!(
            ask(r#""containerID":"containerd://1","state":{"running":{}}"#, false),
            Ok("containerd://1".into())
        );
        let crashed = r#""lastState":{"terminated":{"containerID":"containerd://0"}},"state":{"waiting":{"reason":"X"}}"#;
        assert_eq!(ask(crashed, false), Ok("containerd://0".into()));
        assert!(container_id(&pod(crashed), "other", false).is_err());
    }
}
