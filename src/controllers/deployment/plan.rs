//! Decides how a Deployment's ReplicaSets change and what its status says. Pure: all rules of roll-outs live here.
//!
//! Upstream: pkg/controller/deployment (sync.go, rolling.go, recreate.go, progress.go, util/deployment_util.go).
//! Simplified: the deprecated annotation `deprecated.deployment.rollback.to` is not acted on.

use std::cmp::Reverse;
use std::rc::Rc;

use crate::api::Object;
use crate::api::int_or_string::Round;
use crate::api::kinds::deployment::{Deployment, DeploymentCondition, DeploymentStatus};
use crate::api::kinds::replica_set::ReplicaSet;
use crate::api::rules::faults::same;
use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::base::value::{Str, Value};
use crate::controllers::pods::counted;

/// The annotation with the number of a revision, on Deployments and ReplicaSets.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotation with the numbers that a ReplicaSet had before.
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The annotation with the replicas that the Deployment wants.
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
/// The annotation with the most replicas that there may be during a roll-out.
pub const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
/// The label that tells the pods of one template from those of another.
pub const HASH_LABEL: &str = "pod-template-hash";

/// Annotations that ReplicaSets do not take over.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];

/// Longest list of former revisions, in bytes.
const MAX_HISTORY: usize = 2000;

/// A ReplicaSet of the Deployment.
#[derive(Clone)]
pub struct Set {
    /// The stored object.
    pub object: Rc<Object>,
    /// Its view.
    pub view: Rc<ReplicaSet>,
}

impl Set {
    /// A set from its stored object.
    pub fn new(object: Rc<Object>) -> Set {
        let view = object.view();
        Set { object, view }
    }

    fn replicas(&self) -> i32 {
        self.view.spec.replicas.unwrap_or(0)
    }

    fn available(&self) -> i32 {
        self.view.status.available_replicas
    }

    fn revision(&self) -> i64 {
        self.object.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn number(&self, annotation: &str) -> Option<i32> {
        let text = self.object.annotation(annotation)?;
        text.parse().ok().filter(|n| *n >= 0)
    }
}

/// What a plan is made from.
pub struct Input<'a> {
    /// The Deployment.
    pub deployment: &'a Deployment,
    /// Its annotations and metadata as stored.
    pub object: &'a Object,
    /// Its ReplicaSets, oldest first.
    pub sets: &'a [Set],
    /// Whether a pod of an older template still runs or stops.
    pub old_pods: bool,
    /// The time.
    pub now: Time,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Create the ReplicaSet of the present template.
    Create {
        /// Its replicas.
        replicas: i32,
        /// Its annotations.
        annotations: Value,
    },
    /// Bring the annotations and `minReadySeconds` of the set of the present template in line.
    Annotate {
        /// Name of the set.
        set: Str,
        /// Its annotations.
        annotations: Value,
    },
    /// Change the replicas of a set.
    Scale {
        /// Name of the set.
        set: Str,
        /// Its replicas before.
        from: i32,
        /// Its replicas after.
        to: i32,
    },
    /// Delete a set that nobody needs for a roll-back.
    Delete(Str),
}

/// One thing to do and why: a plain sentence with the values compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// Why.
    pub why: String,
}

/// What to do now and what the status is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In this order, up to the first that fails.
    pub steps: Vec<Step>,
    /// The number of the present revision, when the Deployment does not carry it yet.
    pub revision: Option<String>,
    /// The status, as far as it is known before the steps.
    pub status: DeploymentStatus,
    /// When to look again.
    pub check_after: Option<Span>,
}

/// The oldest set with the Deployment's template, hash label aside. Upstream: FindNewReplicaSet.
pub fn find_new<'a>(deployment: &Deployment, sets: &'a [Set]) -> Option<&'a Set> {
    let wanted = without_hash(&deployment.spec.template_value);
    sets.iter().find(|set| same(&without_hash(&set.view.spec.template_value), &wanted))
}

fn without_hash(template: &Value) -> Value {
    if template.at(&["metadata", "labels"]).get(HASH_LABEL).is_null() {
        return template.clone();
    }
    let mut template = template.clone();
    template.entry_at(&["metadata", "labels"]).remove(HASH_LABEL);
    template
}

/// Surplus and missing pods that a roll-out may have. Upstream: ResolveFenceposts, MaxSurge, MaxUnavailable.
pub fn limits(deployment: &Deployment) -> (i32, i32) {
    let wanted = i64::from(wanted(deployment));
    let strategy = &deployment.spec.strategy;
    let Some(rolling) = strategy.rolling_update.as_ref().filter(|_| is_rolling(deployment)) else {
        return (0, 0);
    };
    let surge = rolling.max_surge.scaled(wanted, Round::Up).unwrap_or(0);
    let mut unavailable = rolling.max_unavailable.scaled(wanted, Round::Down).unwrap_or(0);
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    (small(surge), small(unavailable.min(wanted)))
}

fn small(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.replicas.unwrap_or(1)
}

fn is_rolling(deployment: &Deployment) -> bool {
    deployment.spec.strategy.kind == "RollingUpdate"
}

/// The deadline for progress, unless it is switched off. Upstream: HasProgressDeadline.
fn deadline(deployment: &Deployment) -> Option<Span> {
    let seconds = deployment.spec.progress_deadline_seconds.filter(|s| *s != i32::MAX)?;
    Some(Span::seconds(i64::from(seconds)))
}

/// Decides.
pub fn plan(input: &Input) -> Plan {
    let mut planner = Planner::new(input);
    planner.decide();
    Plan {
        steps: planner.steps,
        revision: planner.revision,
        status: planner.status,
        check_after: planner.check_after,
    }
}

struct Planner<'a> {
    input: &'a Input<'a>,
    deployment: &'a Deployment,
    new: Option<&'a Set>,
    /// All others, oldest first.
    old: Vec<&'a Set>,
    surge: i32,
    unavailable: i32,
    /// Name and replicas of a set that is being created.
    created: Option<i32>,
    steps: Vec<Step>,
    revision: Option<String>,
    status: DeploymentStatus,
    check_after: Option<Span>,
}

/// Whether the pass goes on.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

/// A first retry comes this soon; upstream's status writes collide here and are repeated.
const SOON: Span = Span::millis(5);

impl<'a> Planner<'a> {
    fn new(input: &'a Input<'a>) -> Planner<'a> {
        let deployment = input.deployment;
        let new = find_new(deployment, input.sets);
        let uid = new.map(|set| set.object.uid());
        let old = input.sets.iter().filter(|set| Some(set.object.uid()) != uid).collect();
        let (surge, unavailable) = limits(deployment);
        Planner {
            input,
            deployment,
            new,
            old,
            surge,
            unavailable,
            created: None,
            steps: Vec::new(),
            revision: None,
            status: deployment.status.clone(),
            check_after: None,
        }
    }

    fn name(&self) -> &Str {
        &self.deployment.meta.name
    }

    fn wanted(&self) -> i32 {
        wanted(self.deployment)
    }

    /// Upstream: syncDeployment.
    fn decide(&mut self) {
        if self.deployment.meta.is_deleting() {
            self.sync_new(false);
            self.status = self.counted_status();
            return;
        }
        if self.note_pause() == Go::Stop {
            return;
        }
        if self.sync_new(false) == Go::Stop {
            return;
        }
        if self.deployment.spec.paused {
            self.scale();
            self.clean_up();
            self.status = self.counted_status();
        } else if self.is_scaling_event() {
            self.scale();
            self.status = self.counted_status();
        } else if is_rolling(self.deployment) {
            self.roll();
        } else {
            self.recreate();
        }
    }

    /// Upstream: checkPausedConditions.
    fn note_pause(&mut self) -> Go {
        let progress = condition(&self.status, PROGRESSING);
        if deadline(self.deployment).is_none()
            || progress.is_some_and(|c| c.reason == "ProgressDeadlineExceeded")
        {
            return Go::On;
        }
        let noted = progress.is_some_and(|c| c.reason == "DeploymentPaused");
        let (reason, message) = match (self.deployment.spec.paused, noted) {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Go::On,
        };
        let condition = self.condition(PROGRESSING, "Unknown", reason, message.to_owned());
        set_condition(&mut self.status, condition);
        self.check_after = Some(SOON);
        Go::Stop
    }

    fn condition(
        &self,
        kind: &str,
        status: &str,
        reason: &str,
        message: String,
    ) -> DeploymentCondition {
        let now = self.input.now.to_second();
        DeploymentCondition {
            kind: kind.into(),
            status: status.into(),
            last_update_time: now,
            last_transition_time: now,
            reason: reason.into(),
            message: message.into(),
        }
    }

    /// Brings the set of the present template and the revision numbers in line; creates the set when `create` is true.
    /// Upstream: getNewReplicaSet.
    fn sync_new(&mut self, create: bool) -> Go {
        let next = self.old.iter().map(|set| set.revision()).max().unwrap_or(0) + 1;
        match self.new {
            Some(new) => self.sync_existing(new, next),
            None if create => {
                self.create_new(next);
                Go::Stop
            }
            None => Go::On,
        }
    }

    fn sync_existing(&mut self, new: &Set, next: i64) -> Go {
        let before = new.object.at(&["metadata", "annotations"]);
        let annotations = self.new_annotations(before, next);
        let min_ready = self.deployment.spec.min_ready_seconds;
        if annotations != *before || new.view.spec.min_ready_seconds != min_ready {
            let why = if annotations.get(REVISION) == before.get(REVISION) {
                format!(
                    "Deployment {} was changed, so the annotations of its ReplicaSet {} follow.",
                    self.name(),
                    new.object.name()
                )
            } else {
                format!(
                    "The template of Deployment {} is that of ReplicaSet {}, so this one becomes revision {next}.",
                    self.name(),
                    new.object.name()
                )
            };
            let set = new.object.name().clone();
            self.steps.push(Step { act: Act::Annotate { set, annotations }, why });
            return Go::On;
        }
        let revision = new.object.annotation(REVISION).unwrap_or("").to_owned();
        let mut stale = false;
        if self.input.object.annotation(REVISION) != Some(revision.as_str()) {
            self.revision = Some(revision);
            stale = true;
        }
        let unknown = condition(&self.status, PROGRESSING).is_none();
        if deadline(self.deployment).is_some() && unknown {
            let message = format!("Found new replica set {:?}", new.object.name().as_str());
            let condition = self.condition(PROGRESSING, "True", "FoundNewReplicaSet", message);
            set_condition(&mut self.status, condition);
            stale = true;
        }
        if stale {
            self.check_after = Some(SOON);
            return Go::Stop;
        }
        Go::On
    }

    /// Upstream: SetNewReplicaSetAnnotations, copyDeploymentAnnotationsToReplicaSet.
    fn new_annotations(&self, before: &Value, next: i64) -> Value {
        let mut annotations = before.clone();
        for (key, value) in self.input.object.at(&["metadata", "annotations"]).entries() {
            if !NOT_COPIED.contains(&key.as_str()) && annotations.get(key) != value {
                annotations.set(key, value);
            }
        }
        let old = before.get(REVISION);
        let number = old.text().parse::<i64>().unwrap_or(0);
        if number < next {
            annotations.set(REVISION, next.to_string());
            if !old.is_null() {
                let history = before.get(REVISION_HISTORY).text();
                annotations.set(REVISION_HISTORY, longer_history(history, old.text()));
            }
        }
        annotations
    }

    fn create_new(&mut self, next: i64) {
        let mut annotations = self.new_annotations(&Value::map(), next);
        annotations.set(DESIRED_REPLICAS, self.wanted().to_string());
        annotations.set(MAX_REPLICAS, self.wanted().saturating_add(self.surge).to_string());
        let replicas = self.new_replicas(0);
        let why = if self.old.is_empty() {
            format!(
                "Deployment {} has no ReplicaSet for its template, so it created one with {} (revision {next}).",
                self.name(),
                counted(replicas, "replica")
            )
        } else {
            format!(
                "The template of Deployment {} changed, so it created a ReplicaSet for it with {} (revision {next}); {}",
                self.name(),
                counted(replicas, "replica"),
                self.limits_text(),
            )
        };
        self.created = Some(replicas);
        self.steps.push(Step { act: Act::Create { replicas, annotations }, why });
        self.revision = Some(next.to_string());
        self.check_after = Some(SOON);
    }

    /// The replicas that the new set may have, given those that it has. Upstream: NewRSNewReplicas.
    fn new_replicas(&self, has: i32) -> i32 {
        if !is_rolling(self.deployment) {
            return self.wanted();
        }
        let pods =
            self.old.iter().map(|set| i64::from(set.replicas())).sum::<i64>() + i64::from(has);
        let most = i64::from(self.wanted()) + i64::from(self.surge);
        if pods >= most {
            return has;
        }
        has + small((most - pods).min(i64::from(self.wanted()) - i64::from(has)))
    }

    fn limits_text(&self) -> String {
        if is_rolling(self.deployment) {
            format!(
                "RollingUpdate: at most {} above and {} below the {} that are wanted.",
                self.surge,
                self.unavailable,
                counted(self.wanted(), "pod")
            )
        } else {
            "Recreate: all old pods went first.".to_owned()
        }
    }

    /// Upstream: isScalingEvent.
    fn is_scaling_event(&self) -> bool {
        let mut sets = self.old.iter().copied().chain(self.new);
        sets.any(|set| {
            set.replicas() > 0 && set.number(DESIRED_REPLICAS).is_some_and(|n| n != self.wanted())
        })
    }

    /// Changes a set's replicas. Upstream: scaleReplicaSet.
    fn scale_set(&mut self, set: &Set, to: i32, forced: bool, because: &str) -> bool {
        let from = set.replicas();
        let max = self.wanted().saturating_add(self.surge);
        let stale = set.number(DESIRED_REPLICAS) != Some(self.wanted())
            || set.number(MAX_REPLICAS) != Some(max);
        if from == to && !(forced && stale) {
            return false;
        }
        let name = set.object.name();
        let why = format!(
            "Deployment {} wants {}; ReplicaSet {name} goes from {from} to {to}. {because}",
            self.name(),
            counted(self.wanted(), "replica"),
        );
        self.steps.push(Step { act: Act::Scale { set: name.clone(), from, to }, why });
        from != to
    }

    /// Scales all sets in proportion when only the number of replicas was changed. Upstream: scale.
    fn scale(&mut self) {
        let active: Vec<&'a Set> =
            self.old.iter().copied().chain(self.new).filter(|set| set.replicas() > 0).collect();
        if active.len() <= 1 {
            let newest = || self.old.last().copied();
            if let Some(set) = active.first().copied().or(self.new).or_else(newest) {
                self.scale_set(set, self.wanted(), false, "It is the only one in use.");
            }
            return;
        }
        if self.new.is_some_and(|new| self.is_saturated(new)) {
            for set in self.old.clone().into_iter().filter(|set| set.replicas() > 0) {
                self.scale_set(set, 0, false, "The new ReplicaSet has all that is wanted.");
            }
            return;
        }
        if is_rolling(self.deployment) {
            self.scale_in_proportion(active);
        }
    }

    /// Upstream: IsSaturated.
    fn is_saturated(&self, set: &Set) -> bool {
        set.replicas() == self.wanted()
            && set.number(DESIRED_REPLICAS) == Some(self.wanted())
            && set.available() == self.wanted()
    }

    fn scale_in_proportion(&mut self, mut active: Vec<&'a Set>) {
        let total: i32 = active.iter().map(|set| set.replicas()).sum();
        let allowed = if self.wanted() > 0 { self.wanted().saturating_add(self.surge) } else { 0 };
        let to_add = allowed - total;
        if to_add > 0 {
            active.order_by_key(|set| (Reverse(set.replicas()), Reverse(age(set))));
        } else if to_add < 0 {
            active.order_by_key(|set| (Reverse(set.replicas()), age(set)));
        }
        let mut added = 0;
        let mut sizes = Vec::new();
        for set in &active {
            let share = if to_add == 0 { 0 } else { self.share(set, to_add, added) };
            added += share;
            sizes.push(set.replicas() + share);
        }
        if let Some(first) = sizes.first_mut() {
            *first = (*first + to_add - added).max(0);
        }
        for (set, size) in active.into_iter().zip(sizes) {
            self.scale_set(
                set,
                size,
                true,
                "During a roll-out all ReplicaSets scale in proportion.",
            );
        }
    }

    /// Upstream: GetReplicaSetProportion, getReplicaSetFraction.
    fn share(&self, set: &Set, to_add: i32, added: i32) -> i32 {
        if set.replicas() == 0 || to_add == added {
            return 0;
        }
        let fraction = if self.wanted() == 0 {
            -set.replicas()
        } else {
            let max = i64::from(self.wanted()) + i64::from(self.surge);
            let before = set.number(MAX_REPLICAS).filter(|n| *n != 0);
            match before.unwrap_or(self.deployment.status.replicas) {
                0 => 0,
                before => {
                    let size = (i64::from(set.replicas()) * max) as f64 / f64::from(before);
                    size.round() as i32 - set.replicas()
                }
            }
        };
        let allowed = to_add - added;
        if to_add > 0 { fraction.min(allowed) } else { fraction.max(allowed) }
    }

    /// Upstream: rolloutRolling.
    fn roll(&mut self) {
        let Some(new) = self.new else {
            self.sync_new(true);
            self.note_created();
            return;
        };
        let scaled = self.scale_up_new(new) || self.scale_down_old(new);
        if !scaled && is_complete(self.deployment, &self.deployment.status) {
            self.clean_up();
        }
        self.progress();
    }

    /// The status right after the set was created. Upstream: getNewReplicaSet.
    fn note_created(&mut self) {
        if deadline(self.deployment).is_some() {
            // The act that creates the set knows its name.
            let condition = self.condition(PROGRESSING, "True", NEW_REPLICA_SET, String::new());
            set_condition(&mut self.status, condition);
        }
    }

    /// Upstream: reconcileNewReplicaSet.
    fn scale_up_new(&mut self, new: &Set) -> bool {
        let has = new.replicas();
        if has == self.wanted() {
            return false;
        }
        let to = if has > self.wanted() { self.wanted() } else { self.new_replicas(has) };
        let because = format!("It has the present template. {}", self.limits_text());
        self.scale_set(new, to, false, &because)
    }

    /// Upstream: reconcileOldReplicaSets.
    fn scale_down_old(&mut self, new: &Set) -> bool {
        let old: Vec<&'a Set> = self.old.iter().copied().filter(|set| set.replicas() > 0).collect();
        let of_old: i32 = old.iter().map(|set| set.replicas()).sum();
        if of_old == 0 {
            return false;
        }
        let min_available = self.wanted() - self.unavailable;
        let missing = new.replicas() - new.available();
        let most = of_old + new.replicas() - min_available - missing;
        if most <= 0 {
            return false;
        }
        let mut sizes: Vec<i32> = old.iter().map(|set| set.replicas()).collect();
        let cleaned = clean_unhealthy(&old, &mut sizes, most);
        for (set, size) in old.iter().zip(&sizes) {
            let because = "Its pods that are not available go first.";
            self.scale_set(set, *size, false, because);
        }
        let available: i32 = old.iter().map(|set| set.available()).sum::<i32>() + new.available();
        let mut left = available - min_available;
        let mut scaled = 0;
        for (set, size) in old.iter().zip(&sizes) {
            if left <= 0 {
                break;
            }
            if *size == 0 {
                continue;
            }
            let count = left.min(*size);
            let because = format!(
                "{} available and at least {min_available} must be.",
                if available == 1 {
                    "1 pod is".to_owned()
                } else {
                    format!("{available} pods are")
                }
            );
            self.scale_from(set, *size, *size - count, &because);
            left -= count;
            scaled += count;
        }
        cleaned + scaled > 0
    }

    fn scale_from(&mut self, set: &Set, from: i32, to: i32, because: &str) {
        let name = set.object.name();
        let why = format!(
            "Deployment {} rolls out its new template; the older ReplicaSet {name} goes from {from} to {to}. {because}",
            self.name(),
        );
        self.steps.push(Step { act: Act::Scale { set: name.clone(), from, to }, why });
    }

    /// Upstream: rolloutRecreate.
    fn recreate(&mut self) {
        let mut scaled = false;
        for set in self.old.clone().into_iter().filter(|set| set.replicas() > 0) {
            scaled |= self.scale_set(set, 0, false, "Recreate: all old pods go first.");
        }
        let old_pods = self.old.iter().any(|set| set.view.status.replicas > 0);
        if scaled || old_pods || self.input.old_pods {
            self.progress();
            return;
        }
        let Some(new) = self.new else {
            self.sync_new(true);
            self.note_created();
            return;
        };
        self.scale_set(new, self.wanted(), false, "Recreate: the old pods are gone.");
        if is_complete(self.deployment, &self.deployment.status) {
            self.clean_up();
        }
        self.progress();
    }

    /// Deletes the oldest sets beyond the limit. Upstream: cleanupDeployment.
    fn clean_up(&mut self) {
        let Some(limit) = self.deployment.spec.revision_history_limit.filter(|n| *n != i32::MAX)
        else {
            return;
        };
        let mut alive: Vec<&'a Set> =
            self.old.iter().copied().filter(|set| !set.object.is_deleting()).collect();
        let surplus = alive.len().saturating_sub(limit.max(0) as usize);
        alive.order_by_key(|set| (set.revision(), age(set)));
        for set in alive.into_iter().take(surplus) {
            let view = &set.view;
            let in_use = view.status.replicas != 0
                || set.replicas() != 0
                || view.meta.generation > view.status.observed_generation;
            if !in_use {
                let name = set.object.name();
                let why = format!(
                    "Deployment {} keeps {} (revisionHistoryLimit), and {name} is the oldest beyond them.",
                    self.name(),
                    counted(limit, "old ReplicaSet"),
                );
                self.steps.push(Step { act: Act::Delete(name.clone()), why });
            }
        }
    }

    /// Upstream: calculateStatus.
    fn counted_status(&self) -> DeploymentStatus {
        let all = || self.old.iter().copied().chain(self.new);
        let sum = |of: fn(&Set) -> i32| all().map(of).sum::<i32>();
        let available = sum(Set::available);
        let mut status = DeploymentStatus {
            observed_generation: self.deployment.meta.generation,
            replicas: sum(|set| set.view.status.replicas),
            updated_replicas: self.new.map_or(0, |set| set.view.status.replicas),
            ready_replicas: sum(|set| set.view.status.ready_replicas),
            available_replicas: available,
            unavailable_replicas: (sum(Set::replicas) - available).max(0),
            terminating_replicas: Some(sum(|set| {
                set.view.status.terminating_replicas.unwrap_or(0)
            })),
            conditions: self.status.conditions.clone(),
            collision_count: self.status.collision_count,
        };
        let condition = if available >= self.wanted() - self.unavailable {
            self.condition(
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.".to_owned(),
            )
        } else {
            self.condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.".to_owned(),
            )
        };
        set_condition(&mut status, condition);
        status
    }

    /// The status during a roll-out, with an estimate of its progress. Upstream: syncRolloutStatus.
    fn progress(&mut self) {
        let mut status = self.counted_status();
        let limit = deadline(self.deployment);
        if limit.is_none() {
            remove_condition(&mut status, PROGRESSING);
        }
        let current = condition(&self.deployment.status, PROGRESSING).cloned();
        let done = status.replicas == status.updated_replicas
            && current.as_ref().is_some_and(|c| c.reason == NEW_AVAILABLE);
        if let Some(limit) = limit
            && !done
        {
            self.estimate(&mut status, current.as_ref(), limit);
        }
        match self.failure() {
            Some(failure) => set_condition(&mut status, failure),
            None => remove_condition(&mut status, "ReplicaFailure"),
        }
        if status == self.deployment.status {
            self.check_after = self.stuck_after(current.as_ref());
        }
        self.status = status;
    }

    fn estimate(
        &self,
        status: &mut DeploymentStatus,
        current: Option<&DeploymentCondition>,
        limit: Span,
    ) {
        let subject = match self.new {
            Some(set) => format!("ReplicaSet {:?}", set.object.name().as_str()),
            None => format!("Deployment {:?}", self.name().as_str()),
        };
        if is_complete(self.deployment, status) {
            let message = format!("{subject} has successfully progressed.");
            set_condition(status, self.condition(PROGRESSING, "True", NEW_AVAILABLE, message));
        } else if has_progressed(&self.deployment.status, status) {
            let message = format!("{subject} is progressing.");
            let mut new = self.condition(PROGRESSING, "True", "ReplicaSetUpdated", message);
            if let Some(current) = current {
                if current.status == "True" {
                    new.last_transition_time = current.last_transition_time;
                }
                remove_condition(status, PROGRESSING);
            }
            set_condition(status, new);
        } else if self.has_timed_out(status, limit) {
            let message = format!("{subject} has timed out progressing.");
            set_condition(status, self.condition(PROGRESSING, "False", TIMED_OUT, message));
        }
    }

    /// Upstream: DeploymentTimedOut.
    fn has_timed_out(&self, status: &DeploymentStatus, limit: Span) -> bool {
        condition(status, PROGRESSING).is_some_and(|c| {
            c.reason != NEW_AVAILABLE
                && (c.reason == TIMED_OUT || c.last_update_time + limit < self.input.now)
        })
    }

    /// Upstream: getReplicaFailures.
    fn failure(&self) -> Option<DeploymentCondition> {
        let mut sets = self.new.into_iter().chain(self.old.iter().copied());
        let found = sets.find_map(|set| {
            set.view.status.conditions.iter().find(|c| c.kind == "ReplicaFailure")
        })?;
        let since = found.last_transition_time.unwrap_or_default();
        Some(DeploymentCondition {
            kind: found.kind.clone(),
            status: found.status.clone(),
            last_update_time: since,
            last_transition_time: since,
            reason: found.reason.clone(),
            message: found.message.clone(),
        })
    }

    /// When a roll-out without progress has to be looked at again. Upstream: requeueStuckDeployment.
    fn stuck_after(&self, current: Option<&DeploymentCondition>) -> Option<Span> {
        let (limit, current) = (deadline(self.deployment)?, current?);
        if is_complete(self.deployment, &self.deployment.status) || current.reason == TIMED_OUT {
            return None;
        }
        let left = current.last_update_time + limit - self.input.now;
        Some(left.max(Span::ZERO) + Span::seconds(1))
    }
}

const PROGRESSING: &str = "Progressing";
/// The reason of a roll-out that is through.
pub const NEW_AVAILABLE: &str = "NewReplicaSetAvailable";
/// The reason of a roll-out that has just begun.
pub const NEW_REPLICA_SET: &str = "NewReplicaSetCreated";
/// The reason of a roll-out that is stuck.
pub const TIMED_OUT: &str = "ProgressDeadlineExceeded";

fn age(set: &Set) -> (Time, Str) {
    (set.object.created(), set.object.name().clone())
}

/// Takes pods that are not available off the older sets first. Upstream: cleanupUnhealthyReplicas.
fn clean_unhealthy(old: &[&Set], sizes: &mut [i32], most: i32) -> i32 {
    let mut total = 0;
    for (set, size) in old.iter().zip(sizes) {
        if total >= most {
            break;
        }
        let count = (most - total).min(*size - set.available()).max(0);
        *size -= count;
        total += count;
    }
    total
}

fn longer_history(history: &str, old: &str) -> String {
    if history.is_empty() {
        return old.to_owned();
    }
    let mut parts: Vec<&str> = history.split(',').collect();
    parts.push(old);
    while parts.len() > 1 && parts.iter().map(|part| part.len() + 1).sum::<usize>() > MAX_HISTORY {
        parts.remove(0);
    }
    parts.join(",")
}

/// Upstream: DeploymentComplete.
fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let all = wanted(deployment);
    status.updated_replicas == all
        && status.replicas == all
        && status.available_replicas == all
        && status.observed_generation >= deployment.meta.generation
}

/// Upstream: DeploymentProgressing.
fn has_progressed(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    new.updated_replicas > old.updated_replicas
        || new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
        || new.ready_replicas > old.ready_replicas
        || new.available_replicas > old.available_replicas
}

fn condition<'a>(status: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().find(|c| c.kind == kind)
}

/// Sets a condition unless its status and reason are as before. Upstream: SetDeploymentCondition.
fn set_condition(status: &mut DeploymentStatus, mut new: DeploymentCondition) {
    if let Some(current) = condition(status, &new.kind)
        && current.status == new.status
    {
        if current.reason == new.reason {
            return;
        }
        new.last_transition_time = current.last_transition_time;
    }
    remove_condition(status, &new.kind);
    status.conditions.push(new);
}

fn remove_condition(status: &mut DeploymentStatus, kind: &str) {
    status.conditions.retain(|c| c.kind != kind);
}
