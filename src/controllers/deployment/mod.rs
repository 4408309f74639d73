//! Rolls out the template of each Deployment: creates, scales and deletes its ReplicaSets.
//!
//! [`plan`] decides, this file acts.
//! Upstream: pkg/controller/deployment/deployment_controller.go and sync.go.

pub mod plan;

use std::rc::Rc;

use crate::api::kinds::deployment::{Deployment, DeploymentCondition, DeploymentStatus};
use crate::api::kinds::{DEPLOYMENT, POD, REPLICA_SET};
use crate::api::meta::OwnerReference;
use crate::api::selector::LabelSelector;
use crate::api::{Key, Object, Status};
use crate::base::sort::InOrder;
use crate::base::value::{Str, Value};
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::controllers::pods::{self, Owner};
use crate::server::{Change, ChangeKind, DeleteOptions, EventType, Part, Server};
use crate::value;

use plan::{Act, Input, Plan, Set};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "deployment-controller",
    watches: &[
        Watch::itself(&DEPLOYMENT),
        Watch::owned(&REPLICA_SET, &DEPLOYMENT),
        Watch::found(&REPLICA_SET, adopters),
        Watch::found(&POD, waiting_for_pod),
    ],
    reconcile,
    memory: forgetful,
};

fn adopters(change: &Change, server: &Server) -> Vec<Key> {
    pods::adopters(change, server, &DEPLOYMENT, selector_of)
}

fn selector_of(deployment: &Object) -> LabelSelector {
    deployment.view::<Deployment>().spec.selector.clone()
}

/// A Deployment that recreates waits for its last old pod to go. Upstream: deletePod.
fn waiting_for_pod(change: &Change, server: &Server) -> Vec<Key> {
    let ended = change.change == ChangeKind::Deleted || pods::is_terminal(&change.new);
    let Some(set) = change.new.meta().controller().filter(|_| ended) else { return Vec::new() };
    let key = Key::new(change.key.ns.clone(), set.name.clone());
    let Some(set) = server.get(&REPLICA_SET, &key) else { return Vec::new() };
    let Some(owner) = set.meta().controller().filter(|o| o.kind == DEPLOYMENT.name) else {
        return Vec::new();
    };
    let key = Key::new(change.key.ns.clone(), owner.name.clone());
    let recreates = server
        .get(&DEPLOYMENT, &key)
        .is_some_and(|d| d.view::<Deployment>().spec.strategy.kind == "Recreate");
    if recreates { vec![key] } else { Vec::new() }
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&DEPLOYMENT, key) else { return Ok(Next::Idle) };
    let deployment = object.view::<Deployment>();
    let Ok(selector) = deployment.spec.selector.compile() else { return Ok(Next::Idle) };
    let candidates = pods::candidates(cx.server, &REPLICA_SET, &object);
    let owner = Owner { object: &object, selector: &selector };
    let mut sets: Vec<Set> =
        owner.claim(cx, &REPLICA_SET, candidates)?.into_iter().map(Set::new).collect();
    sets.order_by_key(|set| (set.object.created(), set.object.name().clone()));
    let plan = plan::plan(&Input {
        deployment: &deployment,
        object: &object,
        sets: &sets,
        old_pods: old_pods_run(cx.server, &deployment, &sets),
        now: cx.now(),
    });
    let mut sync = Sync { cx, object, deployment };
    sync.act(plan)
}

/// Whether a pod of an older template has not ended yet. Upstream: recreate.go, oldPodsRunning.
fn old_pods_run(server: &Server, deployment: &Deployment, sets: &[Set]) -> bool {
    let new = plan::find_new(deployment, sets).map(|set| set.object.uid());
    sets.iter()
        .filter(|set| Some(set.object.uid()) != new)
        .any(|set| server.owned(&POD, set.object.uid()).any(|pod| !pods::is_terminal(pod)))
}

struct Sync<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    object: Rc<Object>,
    deployment: Rc<Deployment>,
}

impl Sync<'_, '_> {
    fn act(&mut self, plan: Plan) -> Result<Next, Status> {
        let Plan { steps, revision, mut status, check_after } = plan;
        for step in steps {
            match step.act {
                Act::Create { replicas, annotations } => {
                    let created = self.create(replicas, annotations, step.why, &mut status)?;
                    name_created(&mut status, created.name());
                }
                Act::Annotate { set, annotations } => self.annotate(&set, annotations, step.why)?,
                Act::Scale { set, from, to } => self.scale(&set, from, to, step.why)?,
                Act::Delete(set) => {
                    let key = self.key(&set);
                    let options = DeleteOptions::default();
                    match self.cx.delete(&REPLICA_SET, &key, &options, step.why) {
                        Err(status) if !status.is_not_found() => return Err(status),
                        _ => {}
                    }
                }
            }
        }
        self.write_status(revision, &status)?;
        Ok(check_after.map_or(Next::Idle, Next::After))
    }

    fn key(&self, name: &Str) -> Key {
        Key { ns: self.object.key.ns.clone(), name: name.clone() }
    }

    fn write_status(
        &mut self,
        revision: Option<String>,
        status: &DeploymentStatus,
    ) -> Result<(), Status> {
        if revision.is_none() && *status == self.deployment.status {
            return Ok(());
        }
        let why = why_status(&self.deployment, status, revision.as_deref());
        let key = self.object.key.clone();
        self.cx.modify(&DEPLOYMENT, &key, Part::Status, why, |deployment| {
            if let Some(revision) = revision {
                let annotations = deployment.entry_at(&["metadata", "annotations"]);
                annotations.set(plan::REVISION, revision);
            }
            deployment.set("status", written(status));
        })?;
        Ok(())
    }

    /// Upstream: getNewReplicaSet, the part that creates one.
    fn create(
        &mut self,
        replicas: i32,
        annotations: Value,
        why: String,
        status: &mut DeploymentStatus,
    ) -> Result<Rc<Object>, Status> {
        let set = self.new_set(replicas, annotations);
        let name = set.at(&["metadata", "name"]).text().to_owned();
        match self.cx.create(&REPLICA_SET, set, why) {
            Ok(created) => {
                if replicas > 0 {
                    self.report_scale(&name, 0, replicas);
                }
                Ok(created)
            }
            Err(failure) if failure.is_already_exists() => {
                let key = self.key(&Str::from(name.as_str()));
                let existing = self.cx.object(&REPLICA_SET, &key);
                if let Some(same) = existing.filter(|set| self.is_mine(set)) {
                    return Ok(same);
                }
                let mut status = self.deployment.status.clone();
                status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
                self.write_status(None, &status)?;
                Err(failure)
            }
            Err(failure) if pods::is_namespace_ending(&failure) => Err(failure),
            Err(failure) => {
                let message =
                    format!("Failed to create new replica set {name:?}: {}", failure.message);
                let object = self.object.clone();
                let reason = "ReplicaSetCreateError";
                self.cx.event(&object, EventType::Warning, reason, message.clone());
                let mut failed = self.deployment.status.clone();
                if let Some(c) = status.conditions.iter().find(|c| c.kind == "Progressing") {
                    failed.conditions.retain(|c| c.kind != "Progressing");
                    failed.conditions.push(DeploymentCondition {
                        status: "False".into(),
                        reason: reason.into(),
                        message: message.into(),
                        ..c.clone()
                    });
                    self.write_status(None, &failed)?;
                }
                Err(failure)
            }
        }
    }

    fn is_mine(&self, set: &Rc<Object>) -> bool {
        let set = Set::new(set.clone());
        set.object.meta().is_controlled_by(self.object.uid())
            && plan::find_new(&self.deployment, std::slice::from_ref(&set)).is_some()
    }

    fn new_set(&self, replicas: i32, annotations: Value) -> Value {
        let spec = &self.deployment.spec;
        let mut template = spec.template_value.clone();
        let hash = pods::template_hash(&template, self.deployment.status.collision_count);
        template.set_at(&["metadata", "labels", plan::HASH_LABEL], hash.as_str());
        let mut selector = self.object.at(&["spec", "selector"]).clone();
        selector.set_at(&["matchLabels", plan::HASH_LABEL], hash.as_str());
        value!({
            "metadata": {
                "name": set_name(self.object.name(), &hash),
                "namespace": self.object.namespace(),
                "labels": template.at(&["metadata", "labels"]),
                "annotations": annotations,
                "ownerReferences": vec![OwnerReference::controller_of(&self.object)],
            },
            "spec": {
                "replicas": replicas,
                "minReadySeconds": spec.min_ready_seconds,
                "selector": selector,
                "template": template,
            },
        })
    }

    fn annotate(&mut self, set: &Str, annotations: Value, why: String) -> Result<(), Status> {
        let min_ready_s = self.deployment.spec.min_ready_seconds;
        let key = self.key(set);
        self.cx.modify(&REPLICA_SET, &key, Part::Main, why, |set| {
            set.set_at(&["metadata", "annotations"], annotations);
            set.set_at(&["spec", "minReadySeconds"], min_ready_s);
        })?;
        Ok(())
    }

    /// Upstream: scaleReplicaSet.
    fn scale(&mut self, set: &Str, from: i32, to: i32, why: String) -> Result<(), Status> {
        let wanted = self.deployment.spec.replicas.unwrap_or(1);
        let most = wanted.saturating_add(plan::limits(&self.deployment).0);
        let key = self.key(set);
        self.cx.modify(&REPLICA_SET, &key, Part::Main, why, |set| {
            set.set_at(&["spec", "replicas"], to);
            let annotations = set.entry_at(&["metadata", "annotations"]);
            annotations.set(plan::DESIRED_REPLICAS, wanted.to_string());
            annotations.set(plan::MAX_REPLICAS, most.to_string());
        })?;
        if from != to {
            self.report_scale(set, from, to);
        }
        Ok(())
    }

    fn report_scale(&mut self, set: &str, from: i32, to: i32) {
        let direction = if from < to { "up" } else { "down" };
        let message = format!("Scaled {direction} replica set {set} from {from} to {to}");
        let object = self.object.clone();
        self.cx.event(&object, EventType::Normal, "ScalingReplicaSet", message);
    }
}

/// Longest name of a ReplicaSet. Upstream: generateReplicaSetName.
const MAX_NAME: usize = 253;

fn set_name(deployment: &str, hash: &str) -> String {
    let room = MAX_NAME.saturating_sub(hash.len() + 1);
    let end = deployment.char_indices().nth(room).map_or(deployment.len(), |(at, _)| at);
    format!("{}-{hash}", &deployment[..end])
}

/// The condition of a roll-out that has just begun names its ReplicaSet.
fn name_created(status: &mut DeploymentStatus, set: &str) {
    let begun = |c: &&mut DeploymentCondition| {
        c.kind == "Progressing" && c.reason == plan::NEW_REPLICA_SET && c.message.is_empty()
    };
    if let Some(condition) = status.conditions.iter_mut().find(begun) {
        condition.message = format!("Created new replica set {set:?}").into();
    }
}

fn written(status: &DeploymentStatus) -> Value {
    let condition = |c: &DeploymentCondition| {
        value!({
            "type": &c.kind,
            "status": &c.status,
            "lastUpdateTime": c.last_update_time,
            "lastTransitionTime": c.last_transition_time,
            "reason": &c.reason,
            "message": &c.message,
        })
    };
    value!({
        "observedGeneration": status.observed_generation,
        "replicas": status.replicas,
        "updatedReplicas": status.updated_replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "unavailableReplicas": status.unavailable_replicas,
        "terminatingReplicas": status.terminating_replicas,
        "conditions": Value::array(status.conditions.iter().map(condition).collect()),
        "collisionCount": status.collision_count,
    })
}

fn why_status(deployment: &Deployment, new: &DeploymentStatus, revision: Option<&str>) -> String {
    let (name, old) = (&deployment.meta.name, &deployment.status);
    let mut parts = Vec::new();
    if let Some(revision) = revision {
        parts.push(format!("the present revision is {revision}"));
    }
    for (label, was, is) in [
        ("pods", old.replicas, new.replicas),
        ("updated", old.updated_replicas, new.updated_replicas),
        ("Ready", old.ready_replicas, new.ready_replicas),
        ("available", old.available_replicas, new.available_replicas),
    ] {
        if was != is {
            parts.push(format!("{label} {was} → {is}"));
        }
    }
    for condition in &new.conditions {
        let before = old.conditions.iter().find(|c| c.kind == condition.kind);
        if before.is_none_or(|c| c.reason != condition.reason) {
            parts
                .push(format!("{} is {} ({})", condition.kind, condition.status, condition.reason));
        }
    }
    if parts.is_empty() {
        return format!("Deployment {name} was changed and its controller has seen it.");
    }
    format!("Deployment {name} counted its pods: {}.", parts.join(", "))
}
