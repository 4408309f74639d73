//! Makes pods leave nodes with NoExecute taints that they do not tolerate, or not for ever.
//! Upstream: pkg/controller/tainteviction/taint_eviction.go.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::kinds::node::{Node, Taint};
use crate::api::kinds::pod::{Pod, Toleration};
use crate::api::kinds::{NODE, POD};
use crate::api::scheduling::tolerates;
use crate::api::{Key, Object, Status};
use crate::base::time::{Span, Time};
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::server::subresource::set_pod_condition;
use crate::server::{Change, ChangeKind, DeleteOptions, EventType, Part, Reference, Server};
use crate::value;

const NAME: &str = "taint-eviction-controller";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: NAME,
    watches: &[Watch::found(&NODE, pods_on_node), Watch::found(&POD, pod_moved)],
    reconcile,
    memory: || Box::new(Planned::default()),
};

/// Since when pods are about to leave.
#[derive(Clone, Default)]
struct Planned {
    since: OrdMap<Key, Time>,
}

fn no_execute(node: &Object) -> Vec<Taint> {
    let taints = node.view::<Node>().spec.taints.clone();
    taints.into_iter().filter(|taint| taint.effect == "NoExecute").collect()
}

fn pods_on_node(change: &Change, server: &Server) -> Vec<Key> {
    let before = change.old.as_ref().map(|old| no_execute(old)).unwrap_or_default();
    if change.change == ChangeKind::Deleted || no_execute(&change.new) == before {
        return Vec::new();
    }
    server.store.on_node(&POD, &change.key.name).map(|pod| pod.key.clone()).collect()
}

fn pod_moved(change: &Change, server: &Server) -> Vec<Key> {
    let of = |object: &Rc<Object>| {
        (object.at(&["spec", "nodeName"]).clone(), object.at(&["spec", "tolerations"]).clone())
    };
    let unchanged = change.old.as_ref().is_some_and(|old| of(old) == of(&change.new));
    let node = change.new.at(&["spec", "nodeName"]).text();
    if change.change == ChangeKind::Modified && unchanged || node.is_empty() {
        return Vec::new();
    }
    let node = server.get(&NODE, &Key::new("", node));
    let tainted = node.is_some_and(|node| !no_execute(node).is_empty());
    if tainted { vec![change.key.clone()] } else { Vec::new() }
}

/// How long a pod may stay: not at all, for a while, or for ever.
#[derive(Debug, PartialEq)]
enum Stay {
    No,
    For(Span),
    Ever,
}

/// Upstream: processPodOnNode, getMinTolerationTime.
fn stay(taints: &[Taint], tolerations: &[Toleration]) -> Stay {
    let mut shortest: Option<i64> = None;
    for taint in taints {
        let mut matching = tolerations.iter().filter(|t| tolerates(t, taint)).peekable();
        if matching.peek().is_none() {
            return Stay::No;
        }
        // Upstream takes the first that matches.
        if let Some(seconds) = matching.next().and_then(|t| t.toleration_seconds) {
            shortest = Some(shortest.map_or(seconds, |known| known.min(seconds)));
        }
    }
    match shortest {
        None => Stay::Ever,
        Some(seconds) if seconds <= 0 => Stay::No,
        Some(seconds) => Stay::For(Span::seconds(seconds)),
    }
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&POD, key) else {
        cancel(cx, key);
        return Ok(Next::Idle);
    };
    let pod = object.view::<Pod>();
    let node = cx.object(&NODE, &Key::new("", pod.spec.node_name.clone()));
    let taints = node.map(|node| no_execute(&node)).unwrap_or_default();
    match stay(&taints, &pod.spec.tolerations) {
        Stay::Ever => {
            cancel(cx, key);
            Ok(Next::Idle)
        }
        Stay::No => evict(cx, &object, &taints),
        Stay::For(span) => {
            let now = cx.now();
            let since = *cx.memory::<Planned>().since.entry(key.clone()).or_insert(now);
            if since + span <= now {
                return evict(cx, &object, &taints);
            }
            Ok(Next::After(since + span - now))
        }
    }
}

fn report(cx: &mut Ctx, pod: &Key, message: String) {
    let about = Reference {
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: pod.ns.clone(),
        name: pod.name.clone(),
        ..Reference::default()
    };
    cx.report(NAME, about, EventType::Normal, "TaintManagerEviction", message);
}

fn cancel(cx: &mut Ctx, key: &Key) {
    if cx.memory::<Planned>().since.remove(key).is_some() {
        report(cx, key, format!("Cancelling deletion of Pod {key}"));
    }
}

/// Upstream: addConditionAndDeletePod.
fn evict(cx: &mut Ctx, pod: &Object, taints: &[Taint]) -> Result<Next, Status> {
    let key = &pod.key;
    cx.memory::<Planned>().since.remove(key);
    if pod.is_deleting() {
        return Ok(Next::Idle);
    }
    report(cx, key, format!("Marking for deletion Pod {key}"));
    let names: Vec<&str> = taints.iter().map(|taint| taint.key.as_str()).collect();
    let why = format!(
        "{} is on a node with the NoExecute taint {}, which it does not tolerate (any longer).",
        key.name,
        names.join(", ")
    );
    let now = cx.now();
    cx.modify(&POD, key, Part::Status, why.clone(), |pod| {
        let condition = value!({
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        });
        set_pod_condition(pod, condition, now);
    })?;
    cx.delete(&POD, key, &DeleteOptions::default(), why)?;
    Ok(Next::Idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;

    #[test]
    fn the_shortest_toleration_counts() {
        let taint =
            |key: &str| Taint { key: key.into(), effect: "NoExecute".into(), ..Taint::default() };
        let toleration = |key: &str, seconds: Option<i64>| {
            Toleration::from_value(&value!({
                "key": key, "operator": "Exists", "tolerationSeconds": seconds,
            }))
        };
        let (a, b) = (taint("a"), taint("b"));
        let for_ever = [toleration("a", None)];
        assert_eq!(stay(&[a.clone()], &for_ever), Stay::Ever);
        assert_eq!(stay(&[a.clone(), b.clone()], &for_ever), Stay::No);
        let limited = [toleration("a", Some(300)), toleration("b", Some(5))];
        assert_eq!(stay(&[a, b], &limited), Stay::For(Span::seconds(5)));
        assert_eq!(stay(&[], &[]), Stay::Ever);
    }
}
