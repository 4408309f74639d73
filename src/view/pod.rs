//! A pod in a few words: what it is doing, told for a learner.

use crate::api::Object;
use crate::base::human;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::os::Catalog;
use crate::view::Look;

/// A pod's state in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodState {
    /// Shape and colour.
    pub look: Look,
    /// One or two words: `Ready`, `Getting image`.
    pub word: String,
    /// The line below, in small print.
    pub detail: String,
    /// How far its start has come, in percent.
    pub progress: u8,
}

/// The state of a pod. `news` is the reason and message of its latest event, if any.
pub fn state(pod: &Object, news: Option<(&str, &str)>, now: Time) -> PodState {
    let status = pod.get("status");
    let restarts: i64 =
        containers(status).map(|c| c.get("restartCount").as_i64().unwrap_or(0)).sum();
    if pod.is_deleting() {
        return PodState {
            look: Look::Leaving,
            word: "Terminating".into(),
            detail: "its containers stop".into(),
            progress: 0,
        };
    }
    match status.get("phase").text() {
        "Succeeded" => ended(Look::Done, "Completed", status),
        "Failed" => ended(Look::Bad, "Failed", status),
        _ => waiting_reason(status)
            .or_else(|| running(pod, restarts, now))
            .unwrap_or_else(|| starting(pod, news)),
    }
}

fn containers(status: &Value) -> impl Iterator<Item = &Value> {
    let init = status.get("initContainerStatuses").as_array().iter();
    init.chain(status.get("containerStatuses").as_array())
}

fn ended(look: Look, word: &str, status: &Value) -> PodState {
    let ends = containers(status).map(|c| c.at(&["state", "terminated"])).find(|t| !t.is_null());
    let code = ends.and_then(|t| t.get("exitCode").as_i64());
    let reason = status.get("reason").text();
    let detail = match code {
        Some(code) => format!("exit code {code}"),
        None => reason.to_owned(),
    };
    PodState { look, word: word.into(), detail, progress: 100 }
}

/// A container that cannot start, in kubectl's words, which the learner will look up.
fn waiting_reason(status: &Value) -> Option<PodState> {
    let stuck = containers(status).map(|c| c.at(&["state", "waiting", "reason"]).text());
    let reason = stuck
        .into_iter()
        .find(|reason| !matches!(*reason, "" | "ContainerCreating" | "PodInitializing"))?;
    let detail = match reason {
        "CrashLoopBackOff" => "its container keeps ending",
        "ErrImagePull" => "its image could not be pulled",
        "ImagePullBackOff" => "waits before pulling again",
        _ => "its container cannot start",
    };
    Some(PodState { look: Look::Bad, word: reason.into(), detail: detail.into(), progress: 60 })
}

fn running(pod: &Object, restarts: i64, now: Time) -> Option<PodState> {
    let status = pod.get("status");
    if status.get("phase").text() != "Running" {
        return None;
    }
    let since = Time::parse(status.get("startTime").text()).unwrap_or(pod.created());
    let up = human::short_duration(now - since);
    let detail = match restarts {
        0 => format!("for {up}"),
        1 => format!("for {up} · 1 restart"),
        n => format!("for {up} · {n} restarts"),
    };
    if is_true(pod, "Ready") {
        return Some(PodState { look: Look::Good, word: "Ready".into(), detail, progress: 100 });
    }
    let crashed = containers(status).any(|c| !c.at(&["state", "terminated"]).is_null());
    let (look, word) =
        if crashed { (Look::Bad, "Restarting") } else { (Look::Busy, "Not ready yet") };
    Some(PodState { look, word: word.into(), detail, progress: 90 })
}

fn starting(pod: &Object, news: Option<(&str, &str)>) -> PodState {
    let busy = |word: &str, detail: String, progress| PodState {
        look: Look::Busy,
        word: word.into(),
        detail,
        progress,
    };
    if pod.at(&["spec", "nodeName"]).text().is_empty() {
        let unschedulable = matches!(news, Some(("FailedScheduling", _)));
        let detail = if unschedulable { "no node can take it" } else { "waits for a node" };
        return busy("Pending", detail.into(), 8);
    }
    let image =
        || short_image(pod.at(&["spec", "containers"]).index(0).get("image").text()).to_owned();
    match news.map_or("", |(reason, _)| reason) {
        "Pulling" => busy("Pulling", image(), 45),
        "Pulled" | "Created" => busy("Starting", image(), 75),
        "FailedMount" | "FailedAttachVolume" => busy("Waiting", "for its volume".into(), 30),
        _ if is_true(pod, "PodReadyToStartContainers") => busy("Creating", image(), 40),
        _ => busy("Creating", "setting up network and volumes".into(), 25),
    }
}

/// Whether a condition of a pod is `True`.
pub fn is_true(pod: &Object, condition: &str) -> bool {
    let conditions = pod.at(&["status", "conditions"]).as_array();
    conditions.iter().any(|c| c.get("type").text() == condition && c.get("status").text() == "True")
}

/// An image's last path element: `nginx-slim:0.8`.
pub fn short_image(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}

/// Whether an image is simulated. Docker's registry and folder go without saying.
/// Upstream: pkg/util/parsers/parsers.go.
pub fn is_simulated(catalog: &Catalog, reference: &str) -> bool {
    let name = reference.split('@').next().unwrap_or_default();
    let folder = name.rfind('/').map_or(0, |at| at + 1);
    let end = name[folder..].find(':').map_or(name.len(), |at| folder + at);
    let name = name[..end].strip_prefix("docker.io/").unwrap_or(&name[..end]);
    let name = name.strip_prefix("library/").unwrap_or(name);
    catalog.images.iter().any(|image| image.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::POD;
    use crate::value;

    fn pod(status: Value) -> Object {
        let containers = value!([{ "image": "registry.k8s.io/nginx-slim:0.24" }]);
        Object::new(
            &POD,
            value!({
                "metadata": { "name": "web-0" },
                "spec": { "nodeName": "node-1", "containers": containers },
                "status": status,
            }),
        )
    }

    #[test]
    fn a_pulling_pod_names_its_image() {
        let state = state(&pod(value!({ "phase": "Pending" })), Some(("Pulling", "")), Time::START);
        assert_eq!((state.word.as_str(), state.detail.as_str()), ("Pulling", "nginx-slim:0.24"));
    }

    #[test]
    fn a_ready_pod_is_good() {
        let ready = value!({
            "phase": "Running",
            "startTime": "2026-01-05T09:00:00Z",
            "conditions": [{ "type": "Ready", "status": "True" }],
        });
        let state = state(&pod(ready), None, Time::START);
        assert_eq!((state.look, state.detail.as_str()), (Look::Good, "for 0s"));
    }

    #[test]
    fn a_crash_loop_keeps_kubectls_word() {
        let crash = value!({
            "phase": "Running",
            "containerStatuses": [{ "restartCount": 3, "state": { "waiting": { "reason": "CrashLoopBackOff" } } }],
        });
        assert_eq!(state(&pod(crash), None, Time::START).word, "CrashLoopBackOff");
    }
}
