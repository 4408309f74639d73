//! Watches over nodes: marks one whose kubelet is silent, and taints nodes by their conditions.
//!
//! Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go.
//! Simplified: one zone; nodes are told apart from new ones by having been there at the start.

use crate::base::ordered::OrdMap;

use crate::api::kinds::node::{Node, Taint};
use crate::api::kinds::{LEASE, NODE, POD};
use crate::api::{Key, Object, Status};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::server::{Change, ChangeKind, EventType, Part, Server};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "node-lifecycle-controller",
    watches: &[Watch::itself(&NODE), Watch::found(&POD, node_of_new_pod)],
    reconcile,
    memory: || Box::new(Health::default()),
};

/// The name under which events about nodes are reported.
const COMPONENT: &str = "node-controller";
/// Time between looks at all nodes. Upstream: --node-monitor-period.
const PERIOD: Span = Span::seconds(5);
/// The longest silence. Upstream: --node-monitor-grace-period, --node-startup-grace-period.
const GRACE: Span = Span::seconds(50);
const STARTUP_GRACE: Span = Span::seconds(60);
/// Time between two nodes whose pods are made to leave. Upstream: --node-eviction-rate.
const EVICTION_INTERVAL: Span = Span::seconds(10);
/// Delay before pods are made to leave a node. Upstream: scheduler.NodeEvictionPeriod.
const EVICTION_DELAY: Span = Span::millis(50);

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// What was heard of nodes.
#[derive(Clone, Default)]
struct Health {
    nodes: OrdMap<Key, Heard>,
    /// No other node's pods are made to leave before this instant.
    next_eviction: Time,
}

#[derive(Clone, Default)]
struct Heard {
    /// When it was last heard of.
    at: Time,
    heartbeat: Option<Time>,
    lease: Option<Time>,
}

/// A pod that was just bound to a node which is not ready has to know.
fn node_of_new_pod(change: &Change, server: &Server) -> Vec<Key> {
    let node = change.new.at(&["spec", "nodeName"]).text();
    let before = change.old.as_ref().map_or("", |old| old.at(&["spec", "nodeName"]).text());
    if change.change == ChangeKind::Deleted || node.is_empty() || node == before {
        return Vec::new();
    }
    let key = Key::new("", node);
    let silent = |object: &&std::rc::Rc<Object>| {
        object.view::<Node>().status.condition("Ready").is_some_and(|c| c.status != "True")
    };
    server.get(&NODE, &key).filter(silent).map(|_| key).into_iter().collect()
}

fn until_period(now: Time) -> Next {
    Next::After(Span(PERIOD.0 - (now - Time::START).0.rem_euclid(PERIOD.0)))
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&NODE, key) else {
        cx.memory::<Health>().nodes.remove(key);
        return Ok(Next::Idle);
    };
    taint_by_conditions(cx, &object)?;
    let was_ready = object.view::<Node>().status.condition("Ready").map(|c| c.status.clone());
    if is_silent(cx, &object) {
        mark_unknown(cx, &object)?;
    }
    let Some(object) = cx.object(&NODE, key) else { return Ok(Next::Idle) };
    let ready = object.view::<Node>().status.condition("Ready").map(|c| c.status.clone());
    if ready != was_ready {
        taint_by_conditions(cx, &object)?;
    }
    let Some(ready) = ready else { return Ok(until_period(cx.now())) };
    let later = evict_by_condition(cx, key, &ready)?;
    if ready != "True" {
        let fell_silent = was_ready.is_some_and(|before| before == "True");
        if fell_silent {
            let message = format!("Node {} status is now: NodeNotReady", key.name);
            cx.event_from(COMPONENT, &object, EventType::Normal, "NodeNotReady", message);
        }
        mark_pods_not_ready(cx, key)?;
    }
    Ok(match (later, until_period(cx.now())) {
        (Some(soon), Next::After(period)) => Next::After(soon.min(period)),
        (_, next) => next,
    })
}

/// Whether nothing was heard of the node for too long. Upstream: tryUpdateNodeHealth.
fn is_silent(cx: &mut Ctx, object: &Object) -> bool {
    let now = cx.now();
    let node = object.view::<Node>();
    let ready = node.status.condition("Ready");
    let heartbeat = ready.and_then(|c| c.last_heartbeat_time);
    let lease = cx.object(&LEASE, &Key::new("kube-node-lease", object.name().clone()));
    let lease = lease.and_then(|l| Time::parse(l.at(&["spec", "renewTime"]).text()));
    let heard = cx.memory::<Health>().nodes.entry(object.key.clone()).or_insert(Heard {
        at: if ready.is_some() { now } else { object.created() },
        heartbeat,
        lease,
    });
    // What the controller itself writes keeps the heartbeat.
    if heard.heartbeat != heartbeat {
        heard.at = now;
        heard.heartbeat = heartbeat;
    }
    if lease > heard.lease {
        heard.at = now;
        heard.lease = lease;
    }
    now > heard.at + if ready.is_some() { GRACE } else { STARTUP_GRACE }
}

/// Upstream: tryUpdateNodeHealth, second half.
fn mark_unknown(cx: &mut Ctx, object: &Object) -> Result<(), Status> {
    let (now, created) = (cx.now(), object.created());
    let why = format!(
        "Nothing was heard of the kubelet on {} for more than {} seconds, so its state is unknown.",
        object.name(),
        GRACE.whole_seconds()
    );
    cx.modify(&NODE, &object.key, Part::Status, why, |node| {
        let conditions = node.entry_at(&["status", "conditions"]).make_array();
        for kind in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
            match conditions.iter_mut().find(|c| c.get("type").text() == kind) {
                None => conditions.push(value!({
                    "type": kind, "status": "Unknown", "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                    "lastHeartbeatTime": created, "lastTransitionTime": now,
                })),
                Some(condition) if condition.get("status").text() != "Unknown" => {
                    condition.set("status", "Unknown");
                    condition.set("reason", "NodeStatusUnknown");
                    condition.set("message", "Kubelet stopped posting node status.");
                    condition.set("lastTransitionTime", now);
                }
                Some(_) => {}
            }
        }
    })?;
    Ok(())
}

/// The taints that keep new pods away, by the node's conditions. Upstream: doNoScheduleTaintingPass.
fn wanted_taints(node: &Node) -> Vec<&'static str> {
    let status = |kind: &str| node.status.condition(kind).map_or("", |c| &c.status);
    let mut keys = Vec::new();
    match status("Ready") {
        "False" => keys.push(NOT_READY),
        "Unknown" => keys.push(UNREACHABLE),
        _ => {}
    }
    for (kind, key) in [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ] {
        if status(kind) == "True" {
            keys.push(key);
        }
    }
    if node.spec.unschedulable {
        keys.push(UNSCHEDULABLE);
    }
    keys
}

const BY_CONDITION: [&str; 7] = [
    NOT_READY,
    UNREACHABLE,
    UNSCHEDULABLE,
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/pid-pressure",
];

fn taint_by_conditions(cx: &mut Ctx, object: &Object) -> Result<(), Status> {
    let node = object.view::<Node>();
    let ours =
        |taint: &&Taint| taint.effect == "NoSchedule" && BY_CONDITION.contains(&taint.key.as_str());
    let has: Vec<&str> = node.spec.taints.iter().filter(ours).map(|t| t.key.as_str()).collect();
    let wanted = wanted_taints(&node);
    let missing: Vec<&str> = wanted.iter().copied().filter(|key| !has.contains(key)).collect();
    let surplus: Vec<&str> = has.iter().copied().filter(|key| !wanted.contains(key)).collect();
    if missing.is_empty() && surplus.is_empty() {
        return Ok(());
    }
    let why = format!(
        "The conditions of {} ask for the taints [{}] with effect NoSchedule; it had [{}].",
        object.name(),
        wanted.join(", "),
        has.join(", ")
    );
    let now = cx.now();
    cx.modify(&NODE, &object.key, Part::Main, why, |node| {
        retain_taints(node, |key, effect| effect != "NoSchedule" || !surplus.contains(&key));
        for key in &missing {
            add_taint(node, key, "NoSchedule", now);
        }
    })?;
    Ok(())
}

fn retain_taints(node: &mut Value, keep: impl Fn(&str, &str) -> bool) {
    let spec = node.entry("spec");
    let taints = spec.entry("taints").make_array();
    taints.retain(|taint| keep(taint.get("key").text(), taint.get("effect").text()));
    if taints.is_empty() {
        spec.remove("taints");
    }
}

fn add_taint(node: &mut Value, key: &str, effect: &str, now: Time) {
    let taint = value!({ "key": key, "effect": effect, "timeAdded": now });
    node.entry_at(&["spec", "taints"]).make_array().push(taint);
}

/// Makes pods leave a node that is not ready, and lets them stay when it is again.
/// Returns when to look again, if soon. Upstream: processTaintBaseEviction, doNoExecuteTaintingPass.
fn evict_by_condition(cx: &mut Ctx, key: &Key, ready: &str) -> Result<Option<Span>, Status> {
    let Some(object) = cx.object(&NODE, key) else { return Ok(None) };
    let node = object.view::<Node>();
    let has = |key: &str| {
        node.spec.taints.iter().any(|taint| taint.key == key && taint.effect == "NoExecute")
    };
    let (wanted, opposite) = match ready {
        "True" if has(NOT_READY) || has(UNREACHABLE) => {
            let why = format!("{} is Ready again, so pods may stay.", key.name);
            cx.modify(&NODE, key, Part::Main, why, |node| {
                retain_taints(node, |key, effect| {
                    effect != "NoExecute" || (key != NOT_READY && key != UNREACHABLE)
                });
            })?;
            return Ok(None);
        }
        "False" => (NOT_READY, UNREACHABLE),
        "Unknown" => (UNREACHABLE, NOT_READY),
        _ => return Ok(None),
    };
    if has(wanted) || (!has(opposite) && is_disrupted(cx)) {
        return Ok(None);
    }
    let now = cx.now();
    if !has(opposite) {
        let health = cx.memory::<Health>();
        if health.next_eviction > now {
            return Ok(Some(health.next_eviction - now));
        }
        if health.next_eviction == Time::default() || health.next_eviction + EVICTION_INTERVAL < now
        {
            health.next_eviction = now + EVICTION_DELAY;
            return Ok(Some(EVICTION_DELAY));
        }
        health.next_eviction = now + EVICTION_INTERVAL;
    }
    let why = format!(
        "{} is not ready (Ready is {ready}), so pods that do not tolerate that have to leave.",
        key.name
    );
    cx.modify(&NODE, key, Part::Main, why, |node| {
        retain_taints(node, |key, effect| effect != "NoExecute" || key != opposite);
        add_taint(node, wanted, "NoExecute", now);
    })?;
    Ok(None)
}

/// Whether so many nodes are not ready that the fault is more likely the control plane's.
/// Upstream: ComputeZoneState, ReducedQPSFunc.
fn is_disrupted(cx: &Ctx) -> bool {
    let nodes = cx.server.list(&NODE, "");
    let ready: Vec<bool> = nodes
        .map(|node| {
            node.view::<Node>().status.condition("Ready").is_some_and(|c| c.status == "True")
        })
        .collect();
    let down = ready.iter().filter(|ready| !**ready).count();
    down == ready.len() || (down > 2 && down * 100 >= ready.len() * 55)
}

/// Upstream: MarkPodsNotReady.
fn mark_pods_not_ready(cx: &mut Ctx, node: &Key) -> Result<(), Status> {
    let is_ready =
        |pod: &&std::rc::Rc<Object>| pod.view::<crate::api::kinds::pod::Pod>().is_ready();
    let pods: Vec<_> =
        cx.server.store.on_node(&POD, &node.name).filter(is_ready).cloned().collect();
    let now = cx.now();
    for pod in pods {
        let why = format!("{} is on {}, which is not ready.", pod.name(), node.name);
        cx.modify(&POD, &pod.key, Part::Status, why, |pod| {
            let conditions = pod.entry_at(&["status", "conditions"]).make_array();
            let ready = conditions.iter_mut().find(|c| c.get("type").text() == "Ready");
            if let Some(ready) = ready {
                ready.set("status", "False");
                ready.set("lastTransitionTime", now);
            }
        })?;
        let message = "Node is not ready".to_owned();
        cx.event_from(COMPONENT, &pod, EventType::Warning, "NodeNotReady", message);
    }
    Ok(())
}
