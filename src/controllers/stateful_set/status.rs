//! What the set's status says.
//! Upstream: pkg/controller/statefulset/stateful_set_control.go, updateStatus and completeRollingUpdate.

use crate::api::kinds::pod::Pod;
use crate::api::kinds::stateful_set::{StatefulSet, StatefulSetStatus};
use crate::base::time::Time;
use crate::base::value::{Str, Value};

use super::identity::wanted;
use super::plan::Member;

/// The counts over pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pods that exist.
    pub replicas: i32,
    /// Running and Ready.
    pub ready: i32,
    /// Ready for long enough.
    pub available: i32,
    /// Of the current revision, not terminating.
    pub current: i32,
    /// Of the update revision, not terminating.
    pub updated: i32,
}

/// Whether a pod is Running and Ready. Upstream: isRunningAndReady.
pub fn is_running_and_ready(pod: &Pod) -> bool {
    pod.status.phase == "Running" && pod.is_ready()
}

/// Since when a pod's Ready condition is true; the epoch where that is not said, `None` when it is not true.
pub fn ready_since(pod: &Pod) -> Option<Time> {
    let ready = pod.status.condition("Ready").filter(|c| c.status == "True")?;
    Some(ready.last_transition_time.unwrap_or_default())
}

impl Counts {
    /// Adds a pod. Upstream: computeReplicaStatus.
    pub fn add(&mut self, pod: &Member, current: &str, update: &str, min_ready_s: i32, now: Time) {
        if pod.pod.status.phase.is_empty() {
            return;
        }
        self.replicas += 1;
        if pod.ready {
            self.ready += 1;
            self.available += i32::from(pod.is_available(min_ready_s, now));
        }
        if !pod.deleting {
            self.current += i32::from(pod.revision == current);
            self.updated += i32::from(pod.revision == update);
        }
    }
}

/// The status that the counts give, with the roll-out completed when everything is updated and Ready.
/// Upstream: updateStatefulSet, completeRollingUpdate.
pub fn new_status(
    set: &StatefulSet,
    counts: Counts,
    current: &Str,
    update: &Str,
    collisions: i64,
) -> StatefulSetStatus {
    let mut status = StatefulSetStatus {
        observed_generation: set.meta.generation,
        replicas: counts.replicas,
        ready_replicas: counts.ready,
        current_replicas: counts.current,
        updated_replicas: counts.updated,
        available_replicas: counts.available,
        current_revision: current.clone(),
        update_revision: update.clone(),
        collision_count: Some(collisions),
        conditions: Vec::new(),
    };
    let all = wanted(set);
    let done = counts.updated == all && counts.ready == all && counts.replicas == all;
    if set.spec.update_strategy.kind == "RollingUpdate" && done {
        status.current_replicas = status.updated_replicas;
        status.current_revision = status.update_revision.clone();
    }
    status
}

/// Whether the stored status has to be written anew. Upstream: inconsistentStatus.
pub fn is_stale(stored: &StatefulSetStatus, new: &StatefulSetStatus) -> bool {
    new.observed_generation > stored.observed_generation
        || new.replicas != stored.replicas
        || new.current_replicas != stored.current_replicas
        || new.ready_replicas != stored.ready_replicas
        || new.updated_replicas != stored.updated_replicas
        || new.current_revision != stored.current_revision
        || new.available_replicas != stored.available_replicas
        || new.update_revision != stored.update_revision
}

/// Writes the status into the stored object, leaving out what Go leaves out.
pub fn write(status: &StatefulSetStatus, object: &mut Value) {
    let value = object.entry("status");
    let conditions = value.get("conditions").clone();
    *value = Value::map();
    if !conditions.is_empty() {
        value.set("conditions", conditions);
    }
    let optional = [
        ("observedGeneration", Value::from(status.observed_generation)),
        ("readyReplicas", status.ready_replicas.into()),
        ("currentReplicas", status.current_replicas.into()),
        ("updatedReplicas", status.updated_replicas.into()),
        ("currentRevision", Value::from(&status.current_revision)),
        ("updateRevision", Value::from(&status.update_revision)),
    ];
    for (key, part) in optional.into_iter().filter(|(_, part)| !part.is_empty()) {
        value.set(key, part);
    }
    value.set("replicas", status.replicas);
    value.set("availableReplicas", status.available_replicas);
    value.set("collisionCount", status.collision_count);
}

/// One plain sentence about a change of status.
pub fn why(set: &StatefulSet, new: &StatefulSetStatus) -> String {
    let (name, old) = (&set.meta.name, &set.status);
    let mut parts = Vec::new();
    for (label, was, is) in [
        ("pods", old.replicas, new.replicas),
        ("Ready", old.ready_replicas, new.ready_replicas),
        ("available", old.available_replicas, new.available_replicas),
        ("of the update revision", old.updated_replicas, new.updated_replicas),
        ("of the current revision", old.current_replicas, new.current_replicas),
    ] {
        if was != is {
            parts.push(format!("{label} {was} → {is}"));
        }
    }
    if old.update_revision != new.update_revision {
        parts.push(format!("the update revision is {}", new.update_revision));
    }
    if old.current_revision != new.current_revision {
        parts.push(format!("the current revision is {}", new.current_revision));
    }
    if parts.is_empty() {
        return format!("StatefulSet {name} was changed and its controller has seen it.");
    }
    format!("StatefulSet {name} counted its pods: {}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;
    use crate::value;

    #[test]
    fn a_roll_out_is_complete_when_all_pods_are_updated_and_ready() {
        let set = StatefulSet::from_value(&value!({
            "spec": { "replicas": 2, "updateStrategy": { "type": "RollingUpdate" } },
        }));
        let (old, new) = (Str::from("a"), Str::from("b"));
        let mut counts = Counts { replicas: 2, ready: 1, available: 1, current: 0, updated: 2 };
        assert_eq!(new_status(&set, counts, &old, &new, 0).current_revision, "a");
        counts.ready = 2;
        let status = new_status(&set, counts, &old, &new, 0);
        assert_eq!((status.current_revision.as_str(), status.current_replicas), ("b", 2));
    }
}
