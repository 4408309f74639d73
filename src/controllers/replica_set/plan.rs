//! Decides which pods go first when there are too many. Pure.
//! Upstream: pkg/controller/replicaset/replica_set.go, getPodsToDelete;
//! pkg/controller/controller_utils.go, ActivePodsWithRanks.

use std::cmp::{Ordering, Reverse};
use std::rc::Rc;

use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::controllers::pods::ready_since;

/// The annotation that makes a pod dearer or cheaper than others.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// What pods are compared by.
struct Rank {
    /// Whether it has a node.
    assigned: bool,
    phase: u8,
    ready: Option<Time>,
    cost: i32,
    /// Pods of related sets on the same node.
    doubled: usize,
    restarts: i64,
    created: Time,
    uid: String,
}

impl Rank {
    fn of(object: &Object, related: &[Rc<Object>]) -> Rank {
        let pod = object.view::<Pod>();
        let node = &pod.spec.node_name;
        let phase = match pod.status.phase.as_str() {
            "Pending" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        let on_node = |other: &&Rc<Object>| other.at(&["spec", "nodeName"]).text() == node.as_str();
        let statuses = object.at(&["status", "containerStatuses"]).as_array();
        let restarts = statuses.iter().filter_map(|c| c.get("restartCount").as_i64()).max();
        Rank {
            assigned: !node.is_empty(),
            phase,
            ready: ready_since(&pod),
            cost: object.annotation(DELETION_COST).and_then(|c| c.parse().ok()).unwrap_or(0),
            doubled: related.iter().filter(on_node).count(),
            restarts: restarts.unwrap_or(0),
            created: object.created(),
            uid: object.uid().to_owned(),
        }
    }

    /// The pod that goes first comes first. Upstream: ActivePodsWithRanks.Less.
    fn compare(&self, other: &Rank, now: Time) -> Ordering {
        (self.assigned, self.phase, self.ready.is_some(), self.cost, Reverse(self.doubled))
            .cmp(&(
                other.assigned,
                other.phase,
                other.ready.is_some(),
                other.cost,
                Reverse(other.doubled),
            ))
            .then_with(|| match (self.ready, other.ready) {
                (Some(mine), Some(theirs)) if mine != theirs => {
                    younger(mine, theirs, now).then_with(|| self.uid.cmp(&other.uid))
                }
                _ => Ordering::Equal,
            })
            .then_with(|| other.restarts.cmp(&self.restarts))
            .then_with(|| {
                if self.created == other.created {
                    Ordering::Equal
                } else {
                    younger(self.created, other.created, now).then_with(|| self.uid.cmp(&other.uid))
                }
            })
    }
}

/// Compares ages by their order of magnitude, the smaller one first. Upstream: logarithmicRankDiff.
fn younger(a: Time, b: Time, now: Time) -> Ordering {
    let rank = |since: Time| {
        let nanos = (now - since).0.saturating_mul(1000);
        if nanos > 0 { i64::from(nanos.ilog2()) } else { -1 }
    };
    rank(a).cmp(&rank(b))
}

/// The pods that go, with the plain reason for the choice ("" when all go).
pub fn to_delete(
    active: &[Rc<Object>],
    related: &[Rc<Object>],
    surplus: usize,
    now: Time,
) -> Vec<(Rc<Object>, &'static str)> {
    if surplus >= active.len() {
        return active.iter().map(|pod| (pod.clone(), "")).collect();
    }
    let mut ranked: Vec<(Rank, &Rc<Object>)> =
        active.iter().map(|pod| (Rank::of(pod, related), pod)).collect();
    ranked.order_by(|(a, _), (b, _)| a.compare(b, now));
    let kept = ranked.get(surplus).map(|(rank, _)| rank);
    ranked.iter().take(surplus).map(|(rank, pod)| ((*pod).clone(), because(rank, kept))).collect()
}

fn because(gone: &Rank, kept: Option<&Rank>) -> &'static str {
    let Some(kept) = kept else { return "" };
    match () {
        () if gone.assigned != kept.assigned => " (it had no node yet)",
        () if gone.phase != kept.phase => " (it was not running yet)",
        () if gone.ready.is_some() != kept.ready.is_some() => " (it was not Ready)",
        () if gone.cost != kept.cost => " (its deletion cost was lower)",
        () if gone.doubled != kept.doubled => " (its node had more pods of this kind)",
        () if gone.ready != kept.ready => " (it had been Ready for a shorter time)",
        () if gone.restarts != kept.restarts => " (it had restarted more often)",
        () => " (the pods were alike)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::POD;
    use crate::base::value::Value;
    use crate::value;

    fn pod(name: &str, node: &str, ready: bool, more: Value) -> Rc<Object> {
        let status = if ready { "True" } else { "False" };
        let mut pod = value!({
            "metadata": {
                "name": name, "uid": name, "creationTimestamp": "2026-01-05T09:00:00Z",
                "annotations": more,
            },
            "spec": { "nodeName": node },
            "status": { "phase": "Running", "conditions": [{
                "type": "Ready", "status": status, "lastTransitionTime": "2026-01-05T09:00:10Z",
            }] },
        });
        if node.is_empty() {
            pod.set_at(&["status", "phase"], "Pending");
        }
        Rc::new(Object::new(&POD, pod))
    }

    #[test]
    fn the_least_useful_pods_go_first() {
        let cost = value!({ "controller.kubernetes.io/pod-deletion-cost": "-5" });
        let pods = [
            pod("good", "node-1", true, Value::Null),
            pod("cheap", "node-2", true, cost),
            pod("sick", "node-3", false, Value::Null),
            pod("waiting", "", false, Value::Null),
            pod("good-too", "node-1", true, Value::Null),
            pod("alone", "node-4", true, Value::Null),
        ];
        let now = Time::parse("2026-01-05T09:10:00Z").expect("a time");
        let gone = to_delete(&pods, &pods, 5, now);
        let names: Vec<&str> = gone.iter().map(|(pod, _)| pod.name().as_str()).collect();
        assert_eq!(names, ["waiting", "sick", "cheap", "good", "good-too"]);
    }
}
