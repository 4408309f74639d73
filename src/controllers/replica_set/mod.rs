//! Keeps the wanted number of equal pods for each ReplicaSet and ReplicationController.
//!
//! [`plan`] decides, this file acts.
//! Upstream: pkg/controller/replicaset/replica_set.go and pkg/controller/replication.
//! Simplified: no slow-start batches; a pass ends at the first pod that cannot be created.

pub mod plan;

use std::rc::Rc;

use crate::api::kinds::replica_set::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use crate::api::kinds::{POD, REPLICA_SET};
use crate::api::selector::LabelSelector;
use crate::api::{Key, Object, Status};
use crate::base::value::Value;
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::controllers::pods::{self, Availability, Owner};
use crate::server::{Change, Part, Server};
use crate::value;

/// The controller of ReplicaSets.
pub static CONTROLLER: Controller = Controller {
    name: "replicaset-controller",
    watches: &[
        Watch::itself(&REPLICA_SET),
        Watch::owned(&POD, &REPLICA_SET),
        Watch::found(&POD, adopters),
    ],
    reconcile,
    memory: forgetful,
};

fn adopters(change: &Change, server: &Server) -> Vec<Key> {
    pods::adopters(change, server, &REPLICA_SET, selector_of)
}

fn selector_of(set: &Object) -> LabelSelector {
    set.view::<ReplicaSet>().spec.selector.clone()
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&REPLICA_SET, key) else { return Ok(Next::Idle) };
    let set = object.view::<ReplicaSet>();
    let Ok(selector) = set.spec.selector.compile() else { return Ok(Next::Idle) };
    let all = pods::candidates(cx.server, &POD, &object);
    cx.spend(pods::PER_POD * all.len() as i64);
    let (active, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|pod| pods::is_active(pod));
    let owner = Owner { object: &object, selector: &selector };
    let active = owner.claim(cx, &POD, active)?;
    let stopping = |pod: &&Rc<Object>| {
        pods::is_terminating(pod)
            && pod.meta().is_controlled_by(object.uid())
            && selector.matches_object(pod.value())
    };
    let terminating = others.iter().filter(stopping).count() as i32;

    let managed = if object.is_deleting() { Ok(()) } else { manage(cx, &object, &set, &active) };
    let counts = Availability::of(active.iter(), set.spec.min_ready_seconds, cx.now());
    let mut status = ReplicaSetStatus {
        replicas: active.len() as i32,
        fully_labeled_replicas: fully_labeled(&set, &active),
        ready_replicas: counts.ready,
        available_replicas: counts.available,
        terminating_replicas: Some(terminating),
        observed_generation: set.meta.generation,
        conditions: set.status.conditions.clone(),
    };
    note_failure(&mut status, &set, managed.as_ref().err(), cx);
    if status != set.status {
        let why = why_status(&object, &set.status, &status);
        cx.modify(&REPLICA_SET, key, Part::Status, why, |set| set.set("status", written(&status)))?;
    }
    managed?;
    Ok(counts.next.map_or(Next::Idle, Next::After))
}

/// Upstream: manageReplicas.
fn manage(
    cx: &mut Ctx,
    object: &Rc<Object>,
    set: &ReplicaSet,
    active: &[Rc<Object>],
) -> Result<(), Status> {
    let wanted = set.spec.replicas.unwrap_or(1).max(0) as usize;
    let (has, name) = (active.len(), object.name());
    let unit = pods::counted(wanted as i64, "replica");
    if has < wanted {
        for _ in 0..(wanted - has).min(pods::BURST) {
            let pod = pods::from_template(&set.spec.template_value, object);
            let why = format!("ReplicaSet {name} wants {unit} and had {has}, so it created a pod.");
            match pods::create(cx, object, pod, why) {
                Err(status) if pods::is_namespace_ending(&status) => return Ok(()),
                result => result.map(|_| ())?,
            }
        }
        return Ok(());
    }
    let surplus = (has - wanted).min(pods::BURST);
    if surplus == 0 {
        return Ok(());
    }
    let related = related_pods(cx.server, object);
    for (pod, because) in plan::to_delete(active, &related, surplus, cx.now()) {
        let why = format!(
            "ReplicaSet {name} wants {unit} and had {has}, so it deleted {}{because}.",
            pod.name()
        );
        pods::delete(cx, object, &pod, why)?;
    }
    Ok(())
}

/// The active pods of all sets with the same controller: they count when pods of one node are compared.
/// Upstream: getIndirectlyRelatedPods.
fn related_pods(server: &Server, set: &Object) -> Vec<Rc<Object>> {
    let controller = set.meta().controller().map(|owner| owner.uid.clone());
    let related = |other: &&Rc<Object>| {
        other.uid() == set.uid()
            || controller
                .as_ref()
                .is_some_and(|uid| other.meta().controller().is_some_and(|o| o.uid == *uid))
    };
    let sets = server.list(&REPLICA_SET, set.namespace()).filter(related);
    sets.flat_map(|set| server.owned(&POD, set.uid()))
        .filter(|pod| pods::is_active(pod))
        .cloned()
        .collect()
}

fn fully_labeled(set: &ReplicaSet, pods: &[Rc<Object>]) -> i32 {
    let labels = &set.spec.template.meta.labels;
    let has = |pod: &&Rc<Object>| {
        labels.iter().all(|(key, value)| pod.label(key) == Some(value.as_str()))
    };
    pods.iter().filter(has).count() as i32
}

/// Upstream: replica_set_utils.go, calculateStatus.
fn note_failure(
    status: &mut ReplicaSetStatus,
    set: &ReplicaSet,
    failure: Option<&Status>,
    cx: &Ctx,
) {
    let at = status.conditions.iter().position(|c| c.kind == "ReplicaFailure");
    match (failure, at) {
        (Some(failure), None) => {
            let short = status.replicas < set.spec.replicas.unwrap_or(1);
            status.conditions.push(ReplicaSetCondition {
                kind: "ReplicaFailure".into(),
                status: "True".into(),
                last_transition_time: Some(cx.now().to_second()),
                reason: if short { "FailedCreate".into() } else { "FailedDelete".into() },
                message: failure.message.as_str().into(),
            });
        }
        (None, Some(at)) => {
            status.conditions.remove(at);
        }
        _ => {}
    }
}

fn written(status: &ReplicaSetStatus) -> Value {
    let condition = |c: &ReplicaSetCondition| {
        value!({
            "type": &c.kind,
            "status": &c.status,
            "lastTransitionTime": c.last_transition_time,
            "reason": &c.reason,
            "message": &c.message,
        })
    };
    value!({
        "replicas": status.replicas,
        "fullyLabeledReplicas": status.fully_labeled_replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "terminatingReplicas": status.terminating_replicas,
        "observedGeneration": status.observed_generation,
        "conditions": Value::array(status.conditions.iter().map(condition).collect()),
    })
}

fn why_status(set: &Object, old: &ReplicaSetStatus, new: &ReplicaSetStatus) -> String {
    let mut parts = Vec::new();
    for (label, was, is) in [
        ("pods", old.replicas, new.replicas),
        ("Ready", old.ready_replicas, new.ready_replicas),
        ("available", old.available_replicas, new.available_replicas),
        (
            "terminating",
            old.terminating_replicas.unwrap_or(0),
            new.terminating_replicas.unwrap_or(0),
        ),
    ] {
        if was != is {
            parts.push(format!("{label} {was} → {is}"));
        }
    }
    let name = set.name();
    if parts.is_empty() {
        return format!("ReplicaSet {name} was changed and its controller has seen it.");
    }
    format!("ReplicaSet {name} counted its pods: {}.", parts.join(", "))
}
