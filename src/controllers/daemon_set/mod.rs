//! Runs one pod of each DaemonSet on every node that fits it.
//!
//! [`plan`] decides, this file acts.
//! Upstream: pkg/controller/daemon/daemon_controller.go and update.go.
//! Simplified: no slow-start batches.

pub mod plan;

use std::rc::Rc;

use crate::api::kinds::daemon_set::{DaemonSet, DaemonSetStatus, TEMPLATE_GENERATION};
use crate::api::kinds::node::Node;
use crate::api::kinds::{CONTROLLER_REVISION, DAEMON_SET, NODE, POD};
use crate::api::meta::OwnerReference;
use crate::api::revision::revision_data;
use crate::api::selector::{LabelSelector, Selector};
use crate::api::{Key, Object, Status};
use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::controllers::engine::{Controller, Ctx, Memory, Next, Watch};
use crate::controllers::pods::{self, Owner};
use crate::server::{Change, DeleteOptions, EventType, Part, Server};
use crate::value;

use plan::{ByNode, HASH_LABEL, Input, Placement, Plan, Removal};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "daemonset-controller",
    watches: &[
        Watch::itself(&DAEMON_SET),
        Watch::owned(&POD, &DAEMON_SET),
        Watch::owned(&CONTROLLER_REVISION, &DAEMON_SET),
        Watch::found(&POD, adopters),
        Watch::found(&NODE, all_sets),
    ],
    reconcile,
    memory: || Box::new(Backoffs::new()) as Box<dyn Memory>,
};

/// How long failed pods were left alone last, and since when, by set and node.
type Backoffs = OrdMap<String, (Span, Time)>;

/// Delays before a failed pod is deleted. Upstream: cmd/kube-controller-manager/app/apps.go, startDaemonSetController.
const FIRST_BACKOFF: Span = Span::seconds(1);
const LAST_BACKOFF: Span = Span::seconds(15 * 60);

fn adopters(change: &Change, server: &Server) -> Vec<Key> {
    pods::adopters(change, server, &DAEMON_SET, selector_of)
}

fn selector_of(set: &Object) -> LabelSelector {
    set.view::<DaemonSet>().spec.selector.clone()
}

/// A node that came, went or changed in what pods are placed by concerns every set.
/// Upstream: shouldIgnoreNodeUpdate.
fn all_sets(change: &Change, server: &Server) -> Vec<Key> {
    let part = |node: &Object| {
        (node.at(&["metadata", "labels"]).clone(), node.at(&["spec", "taints"]).clone())
    };
    let gone = change.change == crate::server::ChangeKind::Deleted;
    if !gone && change.old.as_ref().is_some_and(|old| part(old) == part(&change.new)) {
        return Vec::new();
    }
    server.list(&DAEMON_SET, "").map(|set| set.key.clone()).collect()
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&DAEMON_SET, key) else { return Ok(Next::Idle) };
    let set = object.view::<DaemonSet>();
    let Ok(selector) = set.spec.selector.compile() else { return Ok(Next::Idle) };
    if object.is_deleting() {
        return Ok(Next::Idle);
    }
    let mut sync = Sync { cx, object, set, selector, wait: None };
    let (hash, old) = sync.history()?;
    let by_node = sync.pods()?;
    let nodes: Vec<Rc<Node>> = sync.cx.server.list(&NODE, "").map(|node| node.view()).collect();
    let generation = sync.object.annotation(TEMPLATE_GENERATION).unwrap_or("").to_owned();
    let input = Input {
        set: &sync.set.clone(),
        nodes: &nodes,
        pods: &by_node,
        hash: &hash,
        generation: &generation,
        now: sync.cx.now(),
    };
    let acted = sync.update(&input);
    sync.write_status(&plan::status(&input), &by_node)?;
    acted?;
    sync.clean_history(&old, &by_node)?;
    Ok(sync.wait.map_or(Next::Idle, Next::After))
}

struct Sync<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    object: Rc<Object>,
    set: Rc<DaemonSet>,
    selector: Selector,
    /// When to look again.
    wait: Option<Span>,
}

fn number(revision: &Object) -> i64 {
    revision.get("revision").as_i64().unwrap_or(0)
}

impl Sync<'_, '_> {
    fn wait(&mut self, span: Span) {
        self.wait = Some(self.wait.map_or(span, |wait| wait.min(span)));
    }

    /// Upstream: getNodesToDaemonPods.
    fn pods(&mut self) -> Result<ByNode, Status> {
        let candidates = pods::candidates(self.cx.server, &POD, &self.object);
        self.cx.spend(pods::PER_POD * candidates.len() as i64);
        let (object, selector) = (self.object.clone(), self.selector.clone());
        let owner = Owner { object: &object, selector: &selector };
        let mut by_node = ByNode::new();
        for pod in owner.claim(self.cx, &POD, candidates)? {
            if !(pods::is_terminal(&pod) && pod.is_deleting()) {
                by_node.entry(plan::target_node(&pod)).or_default().push(pod);
            }
        }
        Ok(by_node)
    }

    /// The hash of the present template's revision, which is made where needed, and the older revisions.
    /// Upstream: constructHistory.
    fn history(&mut self) -> Result<(String, Vec<Rc<Object>>), Status> {
        let candidates = pods::candidates(self.cx.server, &CONTROLLER_REVISION, &self.object);
        let (object, selector) = (self.object.clone(), self.selector.clone());
        let owner = Owner { object: &object, selector: &selector };
        let all = owner.claim(self.cx, &CONTROLLER_REVISION, candidates)?;
        let data = revision_data(&self.set.spec.template_value);
        let (mut current, old): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|revision| *revision.get("data") == data);
        current.order_by_key(|revision| (number(revision), revision.name().clone()));
        let next = old.iter().map(|revision| number(revision)).max().unwrap_or(0) + 1;
        let current = match current.pop() {
            None => self.snapshot(&data, next)?,
            Some(current) if number(&current) < next => {
                let why = format!(
                    "The template of DaemonSet {} is again that of {}, so this revision becomes number {next}.",
                    object.name(),
                    current.name()
                );
                self.cx.modify(&CONTROLLER_REVISION, &current.key, Part::Main, why, |r| {
                    r.set("revision", next);
                })?
            }
            Some(current) => current,
        };
        Ok((current.label(HASH_LABEL).unwrap_or("").to_owned(), old))
    }

    /// Upstream: snapshot.
    fn snapshot(&mut self, data: &Value, next: i64) -> Result<Rc<Object>, Status> {
        let template = &self.set.spec.template_value;
        let hash = pods::template_hash(template, self.set.status.collision_count);
        let name = format!("{}-{hash}", self.object.name());
        let mut labels = template.at(&["metadata", "labels"]).clone();
        labels.set(HASH_LABEL, hash.as_str());
        let mut meta = value!({
            "name": name.as_str(),
            "namespace": self.object.namespace(),
            "labels": labels,
            "ownerReferences": vec![OwnerReference::controller_of(&self.object)],
        });
        let annotations = self.object.at(&["metadata", "annotations"]);
        if !annotations.is_empty() {
            meta.set("annotations", annotations);
        }
        let revision = value!({ "metadata": meta, "data": data, "revision": next });
        let why = format!(
            "The template of DaemonSet {} is new, so it is kept as revision {next}, {name}.",
            self.object.name()
        );
        match self.cx.create(&CONTROLLER_REVISION, revision, why) {
            Err(status) if status.is_already_exists() => {
                let key = Key::new(self.object.key.ns.clone(), name);
                let existing = self.cx.object(&CONTROLLER_REVISION, &key);
                if let Some(same) = existing.filter(|object| object.get("data") == data) {
                    return Ok(same);
                }
                let count = self.set.status.collision_count.unwrap_or(0) + 1;
                let why = format!(
                    "The name of a new revision of DaemonSet {} was taken, so the next one is made from collision count {count}.",
                    self.object.name()
                );
                self.cx.modify(&DAEMON_SET, &self.object.key, Part::Status, why, |set| {
                    set.set_at(&["status", "collisionCount"], count);
                })?;
                Err(status)
            }
            other => other,
        }
    }

    /// Upstream: updateDaemonSet.
    fn update(&mut self, input: &Input) -> Result<(), Status> {
        let managed = plan::manage(input);
        let busy = !managed.is_empty();
        self.act(managed, input)?;
        if !busy && self.set.spec.update_strategy.kind == "RollingUpdate" {
            self.act(plan::roll(input), input)?;
        }
        Ok(())
    }

    fn act(&mut self, plan: Plan, input: &Input) -> Result<(), Status> {
        for placement in plan.create.iter().take(pods::BURST) {
            match self.create_pod(placement, input) {
                Err(status) if pods::is_namespace_ending(&status) => return Ok(()),
                result => result?,
            }
        }
        for removal in plan.delete.iter().take(pods::BURST) {
            self.delete_pod(removal)?;
        }
        Ok(())
    }

    /// Upstream: syncNodes, CreatePodTemplate, ReplaceDaemonSetPodNodeNameNodeAffinity.
    fn create_pod(&mut self, placement: &Placement, input: &Input) -> Result<(), Status> {
        let mut template = self.set.spec.template_value.clone();
        plan::add_tolerations(template.entry("spec"));
        let labels = template.entry_at(&["metadata", "labels"]);
        labels.set(HASH_LABEL, input.hash);
        if !input.generation.is_empty() {
            labels.set(plan::GENERATION_LABEL, input.generation);
        }
        let only = value!({ "nodeSelectorTerms": [{ "matchFields": [{
            "key": "metadata.name", "operator": "In", "values": [placement.node.clone()],
        }] }] });
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        template.set_at(&["spec", "affinity", "nodeAffinity", required], only);
        let pod = pods::from_template(&template, &self.object);
        let object = self.object.clone();
        let why = format!(
            "DaemonSet {} created a pod for {}: {}.",
            object.name(),
            placement.node,
            placement.why
        );
        pods::create(self.cx, &object, pod, why).map(|_| ())
    }

    fn delete_pod(&mut self, removal: &Removal) -> Result<(), Status> {
        let object = self.object.clone();
        let pod = &removal.pod;
        if removal.ended && !self.report_ended(pod) {
            return Ok(());
        }
        let why = format!("DaemonSet {} deleted {}: {}.", object.name(), pod.name(), removal.why);
        pods::delete(self.cx, &object, pod, why)
    }

    /// Reports a pod that has ended; false while a failed one has to be left alone for a while.
    /// Upstream: podsShouldBeOnNode.
    fn report_ended(&mut self, pod: &Object) -> bool {
        let node = plan::target_node(pod);
        let (ns, name) = (pod.namespace(), pod.name());
        let object = self.object.clone();
        if pod.at(&["status", "phase"]).text() == "Succeeded" {
            let message = format!(
                "Found succeeded daemon pod {ns}/{name} on node {node}, will try to delete it"
            );
            self.cx.event(&object, EventType::Normal, "SucceededDaemonPod", message);
            return true;
        }
        let (now, key) = (self.cx.now(), format!("{}/{}/{node}", object.uid(), object.name()));
        let backoffs = self.cx.memory::<Backoffs>();
        let last = backoffs.get(&key).copied().filter(|(_, at)| now - *at <= LAST_BACKOFF * 2);
        if let Some((span, at)) = last
            && now - at < span
        {
            self.wait(span - (now - at));
            return false;
        }
        let next = last.map_or(FIRST_BACKOFF, |(span, _)| (span * 2).min(LAST_BACKOFF));
        backoffs.insert(key, (next, now));
        let message =
            format!("Found failed daemon pod {ns}/{name} on node {node}, will try to kill it");
        self.cx.event(&object, EventType::Warning, "FailedDaemonPod", message);
        true
    }

    fn write_status(&mut self, status: &DaemonSetStatus, pods: &ByNode) -> Result<(), Status> {
        let min_ready_s = self.set.spec.min_ready_seconds;
        let now = self.cx.now();
        let counts = pods::Availability::of(pods.values().flatten(), min_ready_s, now);
        if let Some(next) = counts.next {
            self.wait(next);
        }
        if *status == self.set.status {
            return Ok(());
        }
        let why = why_status(&self.set, status);
        let key = self.object.key.clone();
        self.cx.modify(&DAEMON_SET, &key, Part::Status, why, |set| {
            set.set("status", written(status));
        })?;
        Ok(())
    }

    /// Upstream: cleanupHistory.
    fn clean_history(&mut self, old: &[Rc<Object>], by_node: &ByNode) -> Result<(), Status> {
        let limit = self.set.spec.revision_history_limit.unwrap_or(10).max(0) as usize;
        let Some(mut surplus) = old.len().checked_sub(limit + 1).map(|n| n + 1) else {
            return Ok(());
        };
        let live: Vec<&str> =
            by_node.values().flatten().filter_map(|pod| pod.label(HASH_LABEL)).collect();
        let mut old: Vec<&Rc<Object>> = old.iter().collect();
        old.order_by_key(|revision| (number(revision), revision.name().clone()));
        for revision in old {
            if surplus == 0 {
                break;
            }
            if revision.label(HASH_LABEL).is_some_and(|hash| live.contains(&hash)) {
                continue;
            }
            let why = format!(
                "DaemonSet {} keeps {limit} old revisions (revisionHistoryLimit), and {} is the oldest beyond them.",
                self.object.name(),
                revision.name()
            );
            let options = DeleteOptions::default();
            self.cx.delete(&CONTROLLER_REVISION, &revision.key, &options, why)?;
            surplus -= 1;
        }
        Ok(())
    }
}

fn written(status: &DaemonSetStatus) -> Value {
    value!({
        "currentNumberScheduled": status.current_number_scheduled,
        "numberMisscheduled": status.number_misscheduled,
        "desiredNumberScheduled": status.desired_number_scheduled,
        "numberReady": status.number_ready,
        "observedGeneration": status.observed_generation,
        "updatedNumberScheduled": status.updated_number_scheduled,
        "numberAvailable": status.number_available,
        "numberUnavailable": status.number_unavailable,
        "collisionCount": status.collision_count,
    })
}

fn why_status(set: &DaemonSet, new: &DaemonSetStatus) -> String {
    let (name, old) = (&set.meta.name, &set.status);
    let mut parts = Vec::new();
    for (label, was, is) in [
        ("nodes that fit", old.desired_number_scheduled, new.desired_number_scheduled),
        ("with a pod", old.current_number_scheduled, new.current_number_scheduled),
        ("Ready", old.number_ready, new.number_ready),
        ("available", old.number_available, new.number_available),
        ("updated", old.updated_number_scheduled, new.updated_number_scheduled),
        ("misplaced", old.number_misscheduled, new.number_misscheduled),
    ] {
        if was != is {
            parts.push(format!("{label} {was} → {is}"));
        }
    }
    if parts.is_empty() {
        return format!("DaemonSet {name} was changed and its controller has seen it.");
    }
    format!("DaemonSet {name} counted its nodes: {}.", parts.join(", "))
}
