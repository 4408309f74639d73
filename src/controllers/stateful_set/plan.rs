//! Decides what a set's pods need next. Pure: all rules of order live here.
//! Upstream: pkg/controller/statefulset/stateful_set_control.go, updateStatefulSet.
//! Simplified: one pass makes at most 500 writes to pods (upstream's largest batch) and the rest in later passes.

use std::rc::Rc;

use crate::api::Object;
use crate::api::int_or_string::{IntOrString, Round};
use crate::api::kinds::pod::Pod;
use crate::api::kinds::stateful_set::{StatefulSet, StatefulSetStatus};
use crate::base::time::{Span, Time};
use crate::base::value::Str;

use super::claims::{self, Owner};
use super::identity::{self, in_range, is_parallel, pod_name, start_ordinal, wanted};
use super::status::{self, Counts};

/// Writes to pods in one pass. Upstream: MaxBatchSize.
const MAX_WRITES: usize = 500;

/// A pod of the set, with what a pass asks of each pod read once.
pub struct Member {
    /// The stored object.
    pub object: Rc<Object>,
    /// Its view.
    pub pod: Rc<Pod>,
    /// Its ordinal.
    pub ordinal: i32,
    /// Whether its deletion has begun.
    pub deleting: bool,
    /// Running and Ready.
    pub ready: bool,
    /// Since when its Ready condition is true; the epoch where that is not said, `None` when it is not true.
    pub ready_since: Option<Time>,
    /// The revision that it was made from.
    pub revision: Str,
    /// Succeeded or Failed.
    terminal: bool,
    /// Whether it carries the label of its place.
    in_place: bool,
}

impl Member {
    /// Reads a pod.
    pub fn new(object: Rc<Object>, ordinal: i32) -> Member {
        let pod: Rc<Pod> = object.view();
        Member {
            ordinal,
            deleting: pod.meta.is_deleting(),
            ready: status::is_running_and_ready(&pod),
            ready_since: status::ready_since(&pod),
            revision: pod.meta.labels.get(identity::REVISION_LABEL).cloned().unwrap_or_default(),
            terminal: pod.is_terminal(),
            in_place: identity::identity_matches(&pod),
            object,
            pod,
        }
    }

    /// The instant from which it counts as available; `None` when it is not Ready.
    /// Upstream: pkg/api/v1/pod/util.go, IsPodAvailable.
    pub fn available_from(&self, min_ready_s: i32) -> Option<Time> {
        self.ready_since.map(|since| since + Span::seconds(i64::from(min_ready_s)))
    }

    /// Whether it has been Ready for long enough.
    pub fn is_available(&self, min_ready_s: i32, now: Time) -> bool {
        self.available_from(min_ready_s).is_some_and(|from| from <= now)
    }
}

/// What a plan is made from.
pub struct Input<'a> {
    /// The set.
    pub set: &'a StatefulSet,
    /// Name of the revision that the roll-out comes from.
    pub current: &'a Str,
    /// Name of the revision of the present template.
    pub update: &'a Str,
    /// The collision count of revision names.
    pub collisions: i64,
    /// The set's pods, by ordinal.
    pub pods: &'a [Rc<Member>],
    /// Reads a claim of the set's namespace.
    pub claim: &'a dyn Fn(&str) -> Option<Rc<Object>>,
    /// The time.
    pub now: Time,
    /// Whether the feature gate MaxUnavailableStatefulSet is on.
    pub max_unavailable: bool,
}

/// Which template a new pod is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// That of the current revision.
    Current,
    /// That of the update revision.
    Update,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Create the claims that are missing, then the pod.
    Create(i32, From),
    /// Create the claims that a pending pod misses.
    CreateClaims(i32),
    /// Put labels, volumes and claim owners of a pod right.
    Repair(i32),
    /// Put the owners of the claims of a pod right that is about to go.
    OwnClaims(i32),
    /// Delete the pod.
    Delete(i32),
}

/// One thing to do and why: a plain sentence with the values compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// Why.
    pub why: String,
}

/// What to do now, and what the status is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In this order, up to the first that fails.
    pub steps: Vec<Step>,
    /// The status; `None` when more steps follow at once.
    pub status: Option<StatefulSetStatus>,
    /// When a Ready pod becomes available.
    pub check_after: Option<Span>,
}

/// Decides.
pub fn plan(input: &Input) -> Plan {
    let mut planner = Planner::new(input);
    if !input.set.meta.is_deleting() {
        planner.decide();
    }
    planner.finish()
}

struct Planner<'a> {
    input: &'a Input<'a>,
    set: &'a StatefulSet,
    parallel: bool,
    /// Pods with wanted ordinals, ascending.
    replicas: Vec<&'a Member>,
    /// All others, descending.
    condemned: Vec<&'a Member>,
    first_unavailable: Option<i32>,
    counts: Counts,
    steps: Vec<Step>,
    writes: usize,
}

/// Whether the pass goes on.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

impl<'a> Planner<'a> {
    fn new(input: &'a Input<'a>) -> Planner<'a> {
        let set = input.set;
        let min_ready_s = set.spec.min_ready_seconds;
        let mut counts = Counts::default();
        for member in input.pods {
            counts.add(member, input.current, input.update, min_ready_s, input.now);
        }
        let (replicas, mut condemned): (Vec<_>, Vec<_>) =
            input.pods.iter().map(|member| &**member).partition(|m| in_range(set, m.ordinal));
        let mut planner = Planner {
            input,
            set,
            parallel: is_parallel(set),
            first_unavailable: None,
            replicas,
            condemned: Vec::new(),
            counts,
            steps: Vec::new(),
            writes: 0,
        };
        planner.first_unavailable = planner.find_unavailable(&condemned);
        condemned.reverse();
        planner.condemned = condemned;
        planner
    }

    /// Whether a pod does not serve, or soon will not. Upstream: isUnavailable.
    fn unavailable(&self, member: &Member) -> bool {
        member.deleting || !member.is_available(self.set.spec.min_ready_seconds, self.input.now)
    }

    /// The lowest ordinal without an available pod: wanted ones first. `condemned` is ascending.
    fn find_unavailable(&self, condemned: &[&Member]) -> Option<i32> {
        let start = i64::from(start_ordinal(self.set));
        for (member, expected) in self.replicas.iter().zip(start..) {
            if i64::from(member.ordinal) != expected {
                return i32::try_from(expected).ok();
            }
            if self.unavailable(member) {
                return Some(member.ordinal);
            }
        }
        if self.missing() > 0 {
            return i32::try_from(start + self.replicas.len() as i64).ok();
        }
        condemned.iter().find(|member| self.unavailable(member)).map(|member| member.ordinal)
    }

    fn missing(&self) -> i64 {
        i64::from(wanted(self.set)) - self.replicas.len() as i64
    }

    fn push(&mut self, act: Act, why: String) {
        self.writes += usize::from(matches!(act, Act::Create(..) | Act::Delete(_)));
        self.steps.push(Step { act, why });
    }

    fn is_full(&self) -> bool {
        self.writes >= MAX_WRITES
    }

    fn decide(&mut self) {
        if self.process_replicas() == Go::Stop || self.is_full() {
            return;
        }
        if self.process_condemned() == Go::Stop || self.is_full() {
            return;
        }
        if self.set.spec.update_strategy.kind == "OnDelete" {
            return;
        }
        if self.input.max_unavailable {
            self.roll_within_max_unavailable();
        } else {
            self.roll();
        }
    }

    fn process_replicas(&mut self) -> Go {
        let start = i64::from(start_ordinal(self.set));
        let mut existing = 0;
        for ordinal in start..start + i64::from(wanted(self.set)) {
            if self.is_full() {
                break;
            }
            let Ok(ordinal) = i32::try_from(ordinal) else { break };
            let go = match self.replicas.get(existing) {
                Some(member) if member.ordinal == ordinal => {
                    existing += 1;
                    self.process_replica(member)
                }
                _ => self.process_missing(ordinal),
            };
            if go == Go::Stop && !self.parallel {
                return Go::Stop;
            }
        }
        Go::On
    }

    /// Upstream: processReplica, for a pod that does not exist yet.
    fn process_missing(&mut self, ordinal: i32) -> Go {
        if self.has_stale_claim(ordinal) {
            return Go::Stop;
        }
        let from = self.version_for(ordinal);
        let why = self.why_create(ordinal, from);
        self.push(Act::Create(ordinal, from), why);
        Go::Stop
    }

    /// Upstream: PodClaimIsStale.
    fn has_stale_claim(&self, ordinal: i32) -> bool {
        if self.set.spec.retention.when_scaled != "Delete" {
            return false;
        }
        let name = pod_name(self.set, ordinal);
        let pod = Owner { api_version: "v1", kind: "Pod", name: &name, uid: "" };
        let mut claims =
            claims::claim_names(self.set, ordinal).filter_map(|n| (self.input.claim)(&n));
        claims.any(|claim| pod.is_stale_in(claim.meta()))
    }

    /// Upstream: newVersionedStatefulSetPod.
    fn version_for(&self, ordinal: i32) -> From {
        let strategy = &self.set.spec.update_strategy;
        let index = i64::from(ordinal) - i64::from(start_ordinal(self.set));
        let of_current = match &strategy.rolling_update {
            Some(rolling) => index < i64::from(rolling.partition.unwrap_or(0)),
            None => {
                strategy.kind == "RollingUpdate"
                    && index < i64::from(self.set.status.current_replicas)
            }
        };
        if of_current { From::Current } else { From::Update }
    }

    fn why_create(&self, ordinal: i32, from: From) -> String {
        let (name, set) = (pod_name(self.set, ordinal), &self.set.meta.name);
        let has = self.replicas.len() + self.condemned.len();
        let (want, unit) = (wanted(self.set), plural(wanted(self.set)));
        let order = if self.parallel {
            "Parallel: it does not wait for the others.".to_owned()
        } else {
            let before: Vec<&str> = self
                .replicas
                .iter()
                .take_while(|member| member.ordinal < ordinal)
                .map(|member| member.object.name().as_str())
                .collect();
            match before.as_slice() {
                [] => "OrderedReady: one at a time, the lowest ordinal first.".to_owned(),
                [one] => format!("OrderedReady: one at a time; {one} is Ready."),
                [.., last] if before.len() > 3 => {
                    format!("OrderedReady: one at a time; {} to {last} are Ready.", before[0])
                }
                [most @ .., last] => {
                    format!(
                        "OrderedReady: one at a time; {} and {last} are Ready.",
                        most.join(", ")
                    )
                }
            }
        };
        let revision = match from {
            From::Current if self.input.current != self.input.update => {
                format!(
                    " It is below the partition, so it is made from the old revision {}.",
                    self.input.current
                )
            }
            _ => String::new(),
        };
        format!(
            "StatefulSet {set} wants {want} {unit} and has {has}, so it created {name}. {order}{revision}"
        )
    }

    /// Upstream: processReplica, for a pod that exists.
    fn process_replica(&mut self, member: &Member) -> Go {
        let (set, pod, name) = (self.set, &member.pod, member.object.name());
        if member.terminal {
            if !member.deleting {
                let phase = &pod.status.phase;
                let why = format!(
                    "{name} is {phase} and does not run again, so StatefulSet {} deleted it to make it anew.",
                    set.meta.name
                );
                self.push(Act::Delete(member.ordinal), why);
            }
            return Go::Stop;
        }
        if pod.status.phase == "Pending" && self.misses_claims(member) {
            let why = format!(
                "{name} is Pending and a claim of it is missing, so StatefulSet {} created the claim.",
                set.meta.name
            );
            self.push(Act::CreateClaims(member.ordinal), why);
        }
        if !self.parallel {
            let available = member.is_available(set.spec.min_ready_seconds, self.input.now);
            if member.deleting || !member.ready || !available {
                return Go::Stop;
            }
        }
        let in_place = member.in_place
            && identity::storage_matches(set, member.ordinal, pod)
            && self.owners_match(member);
        if !in_place {
            let why = format!(
                "{name} lacks labels, volumes or claim owners of its place in StatefulSet {}, so they were set.",
                set.meta.name
            );
            self.push(Act::Repair(member.ordinal), why);
        }
        Go::On
    }

    fn misses_claims(&self, member: &Member) -> bool {
        claims::claim_names(self.set, member.ordinal).any(|name| match (self.input.claim)(&name) {
            None => true,
            Some(claim) => claim.is_deleting(),
        })
    }

    /// Upstream: ClaimsMatchRetentionPolicy.
    fn owners_match(&self, member: &Member) -> bool {
        claims::claim_names(self.set, member.ordinal).all(|name| {
            (self.input.claim)(&name).is_none_or(|claim| {
                let pod = Owner::pod(&member.object);
                claims::owners_match(claim.meta(), self.set, pod, member.ordinal)
            })
        })
    }

    fn process_condemned(&mut self) -> Go {
        let condemned = std::mem::take(&mut self.condemned);
        for member in &condemned {
            if !self.owners_match(member) {
                let why = format!(
                    "{} is about to go, so the owners of its claims were set by the retention policy.",
                    member.object.name()
                );
                self.push(Act::OwnClaims(member.ordinal), why);
            }
        }
        let has = self.replicas.len() + condemned.len();
        for member in &condemned {
            let go = self.condemn(member, has);
            if self.is_full() || go == Go::Stop && !self.parallel {
                return Go::Stop;
            }
        }
        Go::On
    }

    /// Upstream: processCondemned.
    fn condemn(&mut self, member: &Member, has: usize) -> Go {
        let (set, name) = (self.set, member.object.name());
        if member.deleting {
            return Go::Stop;
        }
        let steady =
            member.ready && member.is_available(set.spec.min_ready_seconds, self.input.now);
        if !self.parallel && !steady && self.first_unavailable != Some(member.ordinal) {
            return Go::Stop;
        }
        let (want, unit) = (wanted(set), plural(wanted(set)));
        let order = if self.parallel {
            "Parallel: all surplus pods at once."
        } else {
            "OrderedReady: one at a time, the highest ordinal first."
        };
        let why = format!(
            "StatefulSet {} wants {want} {unit} and has {has}, so it deleted {name}. {order}",
            set.meta.name
        );
        self.push(Act::Delete(member.ordinal), why);
        Go::Stop
    }

    fn partition(&self) -> i32 {
        let rolling = self.set.spec.update_strategy.rolling_update.as_ref();
        rolling.and_then(|rolling| rolling.partition).unwrap_or(0)
    }

    fn is_outdated(&self, member: &Member) -> bool {
        member.revision != *self.input.update && !member.deleting
    }

    fn replace(&mut self, member: &Member, order: &str) {
        let why = format!(
            "{} is of revision {} and the template of StatefulSet {} is now {}, so it was deleted to be made anew. RollingUpdate: {order}",
            member.object.name(),
            member.revision,
            self.set.meta.name,
            self.input.update,
        );
        self.push(Act::Delete(member.ordinal), why);
        self.counts.current -= 1;
    }

    /// Upstream: updateStatefulSet, the part behind the invariants.
    fn roll(&mut self) {
        let start = i64::from(start_ordinal(self.set));
        let partition = self.partition();
        let end = start + i64::from(wanted(self.set));
        let targets = start + i64::from(partition)..end;
        let mut members = self.replicas.clone();
        for ordinal in targets.rev() {
            let Some(member) = members.pop().filter(|m| i64::from(m.ordinal) == ordinal) else {
                return;
            };
            if self.is_outdated(member) {
                let order = format!(
                    "from the highest ordinal down to the partition {partition}, each when those above are Ready."
                );
                return self.replace(member, &order);
            }
            if self.unavailable(member) {
                return;
            }
        }
    }

    /// Upstream: updateStatefulSetAfterInvariantEstablished.
    fn roll_within_max_unavailable(&mut self) {
        let limit = self.max_unavailable();
        let unavailable = self.missing()
            + self.replicas.iter().filter(|member| self.unavailable(member)).count() as i64;
        let mut left = limit - unavailable;
        let partition = self.partition();
        let lowest = i64::from(start_ordinal(self.set)) + i64::from(partition);
        for member in self.replicas.clone().into_iter().rev() {
            if left <= 0 || i64::from(member.ordinal) < lowest || self.is_full() {
                return;
            }
            if self.is_outdated(member) {
                let order = format!(
                    "from the highest ordinal down to the partition {partition}; {unavailable} of at most {limit} were unavailable."
                );
                self.replace(member, &order);
                left -= 1;
            }
        }
    }

    /// Upstream: getStatefulSetMaxUnavailable.
    fn max_unavailable(&self) -> i64 {
        let rolling = self.set.spec.update_strategy.rolling_update.as_ref();
        let limit = rolling.and_then(|rolling| rolling.max_unavailable.as_ref());
        let total = i64::from(wanted(self.set));
        limit.unwrap_or(&IntOrString::Int(1)).scaled(total, Round::Down).unwrap_or(1).max(1)
    }

    fn finish(self) -> Plan {
        let Input { set, current, update, collisions, now, .. } = *self.input;
        let status = status::new_status(set, self.counts, current, update, collisions);
        let min_ready_s = set.spec.min_ready_seconds;
        let check_after = (min_ready_s > 0 && status.ready_replicas != status.available_replicas)
            .then(|| {
                let from = |m: &Rc<Member>| m.available_from(min_ready_s);
                let next = self.input.pods.iter().filter_map(from).filter(|at| *at > now).min();
                next.map_or(Span::seconds(i64::from(min_ready_s)), |at| at - now)
            });
        let more = self.writes >= MAX_WRITES;
        Plan { steps: self.steps, status: (!more).then_some(status), check_after }
    }
}

fn plural(n: i32) -> &'static str {
    if n == 1 { "pod" } else { "pods" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::POD;
    use crate::base::value::Value;
    use crate::base::view::FromValue;
    use crate::value;

    const NOW: Time = Time(100_000_000);

    /// `w-0:R/a` is a Ready pod of revision a; P pending, T terminating, F failed, U running but not Ready.
    fn member(text: &str) -> Member {
        let (name, rest) = text.split_once(':').unwrap();
        let (state, revision) = rest.split_once('/').unwrap();
        let ready = if matches!(state, "R" | "T") { "True" } else { "False" };
        let phase = match state {
            "P" => "Pending",
            "F" => "Failed",
            _ => "Running",
        };
        let mut pod = value!({
            "metadata": {
                "name": name, "namespace": "d", "uid": name,
                "labels": {
                    "statefulset.kubernetes.io/pod-name": name,
                    "controller-revision-hash": revision,
                },
            },
            "status": { "phase": phase, "conditions": [
                { "type": "Ready", "status": ready, "lastTransitionTime": Time(95_000_000) },
            ] },
        });
        if state == "T" {
            pod.set_at(&["metadata", "deletionTimestamp"], NOW);
        }
        let object = Rc::new(Object::new(&POD, pod));
        let ordinal = identity::parent_and_ordinal(name).unwrap().1;
        Member::new(object, ordinal)
    }

    fn decide(spec: Value, pods: &str) -> Plan {
        decide_with(spec, pods, false)
    }

    fn decide_with(spec: Value, pods: &str, max_unavailable: bool) -> Plan {
        let set = StatefulSet::from_value(&value!({
            "metadata": { "name": "w", "namespace": "d", "uid": "set" }, "spec": spec,
        }));
        let pods: Vec<Rc<Member>> = pods.split_whitespace().map(|p| Rc::new(member(p))).collect();
        plan(&Input {
            set: &set,
            current: &"a".into(),
            update: &"b".into(),
            collisions: 0,
            pods: &pods,
            claim: &|_| None,
            now: NOW,
            max_unavailable,
        })
    }

    fn spec(replicas: i32, policy: &str) -> Value {
        value!({
            "replicas": replicas, "podManagementPolicy": policy,
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
        })
    }

    fn acts(plan: &Plan) -> String {
        let words: Vec<String> = plan
            .steps
            .iter()
            .map(|step| match step.act {
                Act::Create(n, From::Update) => format!("+{n}"),
                Act::Create(n, From::Current) => format!("+{n}old"),
                Act::Delete(n) => format!("-{n}"),
                ref other => format!("{other:?}"),
            })
            .collect();
        words.join(" ")
    }

    #[test]
    fn ordered_ready_goes_one_by_one() {
        for (replicas, pods, expected) in [
            (3, "", "+0"),
            (3, "w-0:P/b", ""),
            (3, "w-0:U/b", ""),
            (3, "w-0:R/b", "+1"),
            (3, "w-0:R/b w-2:R/b", "+1"),
            (3, "w-0:T/b w-1:R/b", ""),
            (3, "w-0:F/b w-1:R/b", "-0"),
            (1, "w-0:R/b w-1:R/b w-2:R/b", "-2"),
            (1, "w-0:R/b w-1:R/b w-2:T/b", ""),
            (1, "w-0:P/b w-1:R/b w-2:R/b", ""),
            (1, "w-0:R/b w-1:U/b w-2:R/b", "-2"),
            (1, "w-0:R/b w-1:U/b w-2:U/b", ""),
            (0, "w-0:R/b", "-0"),
            (0, "", ""),
        ] {
            assert_eq!(acts(&decide(spec(replicas, "OrderedReady"), pods)), expected, "{pods}");
        }
    }

    #[test]
    fn parallel_does_everything_at_once() {
        for (replicas, pods, expected) in [
            (3, "", "+0 +1 +2"),
            (3, "w-0:P/b w-2:F/b", "+1 -2"),
            (1, "w-0:P/b w-1:R/b w-2:U/b", "-2 -1"),
        ] {
            assert_eq!(acts(&decide(spec(replicas, "Parallel"), pods)), expected, "{pods}");
        }
        let many = decide(spec(2_000_000_000, "Parallel"), "");
        assert_eq!((many.steps.len(), many.status), (500, None));
    }

    #[test]
    fn a_roll_out_goes_down_from_the_highest_ordinal() {
        for (partition, pods, expected) in [
            (0, "w-0:R/a w-1:R/a w-2:R/a", "-2"),
            (0, "w-0:R/a w-1:R/a w-2:R/b", "-1"),
            (0, "w-0:R/a w-1:R/a w-2:U/b", ""),
            (0, "w-0:R/a w-1:R/a w-2:U/a", ""),
            (2, "w-0:R/a w-1:R/a w-2:R/b", ""),
            (1, "w-0:R/a w-1:R/a w-2:R/b", "-1"),
            (2, "w-1:R/a w-2:R/b", "+0old"),
            (2, "w-0:R/a w-1:R/a", "+2"),
        ] {
            let mut spec = spec(3, "OrderedReady");
            spec.set_at(&["updateStrategy", "rollingUpdate", "partition"], partition);
            assert_eq!(acts(&decide(spec, pods)), expected, "{partition}: {pods}");
        }
        let mut on_delete = spec(2, "OrderedReady");
        on_delete.set("updateStrategy", value!({ "type": "OnDelete" }));
        assert_eq!(acts(&decide(on_delete, "w-0:R/a w-1:R/a")), "");
    }

    #[test]
    fn max_unavailable_widens_the_roll_out() {
        for (limit, pods, expected) in [
            (2, "w-0:R/a w-1:R/a w-2:R/a w-3:R/a", "-3 -2"),
            (2, "w-0:R/a w-1:R/a w-2:R/a w-3:U/b", "-2"),
            (1, "w-0:R/a w-1:R/a w-2:R/a w-3:U/b", ""),
        ] {
            let mut spec = spec(4, "Parallel");
            spec.set_at(&["updateStrategy", "rollingUpdate", "maxUnavailable"], limit);
            assert_eq!(acts(&decide_with(spec, pods, true)), expected, "{limit}: {pods}");
        }
    }

    #[test]
    fn min_ready_seconds_delays_the_next_step() {
        let mut slow = spec(2, "OrderedReady");
        slow.set("minReadySeconds", 10);
        let plan = decide(slow, "w-0:R/b");
        assert_eq!(acts(&plan), "");
        assert_eq!(plan.check_after, Some(Span::seconds(5)));
        assert_eq!(plan.status.unwrap().available_replicas, 0);
    }

    #[test]
    fn ordinals_may_start_elsewhere() {
        let mut shifted = spec(2, "OrderedReady");
        shifted.set_at(&["ordinals", "start"], 5);
        assert_eq!(acts(&decide(shifted.clone(), "w-5:R/b")), "+6");
        assert_eq!(acts(&decide(shifted, "w-0:R/b w-5:R/b w-6:R/b")), "-0");
    }

    #[test]
    fn sentences_name_the_values_compared() {
        let plan = decide(spec(5, "OrderedReady"), "w-0:R/b w-1:R/b");
        assert_eq!(
            plan.steps[0].why,
            "StatefulSet w wants 5 pods and has 2, so it created w-2. OrderedReady: one at a time; w-0 and w-1 are Ready."
        );
    }
}
