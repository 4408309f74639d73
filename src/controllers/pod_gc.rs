//! Removes pods that nobody looks after any more: those of nodes that are gone, and those that were deleted
//! before they had a node.
//! Upstream: pkg/controller/podgc/gc_controller.go. Simplified: no limit on the number of ended pods.

use crate::base::ordered::OrdMap;

use crate::api::kinds::{NODE, POD};
use crate::api::{Key, Status};
use crate::base::time::{Span, Time};
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::server::subresource::set_pod_condition;
use crate::server::{Change, ChangeKind, DeleteOptions, Part, Server};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "pod-garbage-collector",
    watches: &[Watch::found(&NODE, pods_of_lost_node), Watch::found(&POD, lost_pod)],
    reconcile,
    memory: || Box::new(Quarantine::default()),
};

/// How long a node must be gone. Upstream: quarantineTime.
const QUARANTINE: Span = Span::seconds(40);

/// Since when pods have no node.
#[derive(Clone, Default)]
struct Quarantine {
    since: OrdMap<Key, Time>,
}

fn pods_of_lost_node(change: &Change, server: &Server) -> Vec<Key> {
    if change.change != ChangeKind::Deleted {
        return Vec::new();
    }
    server.store.on_node(&POD, &change.key.name).map(|pod| pod.key.clone()).collect()
}

fn lost_pod(change: &Change, server: &Server) -> Vec<Key> {
    let node = change.new.at(&["spec", "nodeName"]).text();
    let lost = match node {
        "" => change.new.is_deleting(),
        name => server.get(&NODE, &Key::new("", name)).is_none(),
    };
    if lost && change.change != ChangeKind::Deleted { vec![change.key.clone()] } else { Vec::new() }
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let pod = cx.object(&POD, key);
    let node = pod.as_ref().map(|pod| pod.at(&["spec", "nodeName"]).text().to_owned());
    let (Some(pod), Some(node)) = (pod, node) else {
        cx.memory::<Quarantine>().since.remove(key);
        return Ok(Next::Idle);
    };
    let why = if node.is_empty() {
        if !pod.is_deleting() {
            return Ok(Next::Idle);
        }
        format!("{} was deleted before it had a node, so nothing has to be stopped.", key.name)
    } else {
        if cx.object(&NODE, &Key::new("", node.as_str())).is_some() {
            cx.memory::<Quarantine>().since.remove(key);
            return Ok(Next::Idle);
        }
        let now = cx.now();
        let since = *cx.memory::<Quarantine>().since.entry(key.clone()).or_insert(now);
        if since + QUARANTINE > now {
            return Ok(Next::After(since + QUARANTINE - now));
        }
        cx.memory::<Quarantine>().since.remove(key);
        format!("{} is on {node}, and there is no such node any more.", key.name)
    };
    let now = cx.now();
    let ended = matches!(pod.at(&["status", "phase"]).text(), "Succeeded" | "Failed");
    if !ended {
        cx.modify(&POD, key, Part::Status, why.clone(), |pod| {
            pod.set_at(&["status", "phase"], "Failed");
            if !node.is_empty() {
                let condition = value!({
                    "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
                    "message": "PodGC: node no longer exists",
                });
                set_pod_condition(pod, condition, now);
            }
        })?;
    }
    let options = DeleteOptions { grace_s: Some(0), ..DeleteOptions::default() };
    cx.delete(&POD, key, &options, why)?;
    Ok(Next::Idle)
}
