//! kube-scheduler: a queue, a framework, one file per plugin.
//!
//! [`Scheduler::notify`] keeps the picture of the cluster up to date and wakes pods that may fit now;
//! each [`Event::Cycle`] tries one pod. Upstream: pkg/scheduler (schedule_one.go, eventhandlers.go).
//! Simplified: binding takes no time of its own unless volumes have to be waited for.

pub mod cache;
pub mod decision;
pub mod framework;
pub mod plugins;
pub mod queue;

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::{NODE, PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, POD, STORAGE_CLASS};
use crate::api::volumes::{SELECTED_NODE, bind_to_claim, is_fully_bound};
use crate::api::{Key, Object};
use crate::base::time::{Span, Time};
use crate::base::value::{Str, Value};
use crate::server::subresource::set_pod_condition;
use crate::server::{
    By, Change, ChangeKind, DeleteOptions, EventType, Part, Reference, Report, Reporter, Server,
};
use crate::value;

use cache::{Cache, NodeInfo, PodInfo};
use decision::{Decision, Decisions, Outcome, Row, Verdict};
use framework::{Cycle, Diagnosis, Happening, PostFilter, State, scorers};
use plugins::volume_binding::{self, Bindings};
use queue::{Queue, Queued};

/// The scheduler's name, in pods and in events.
pub const NAME: &str = "default-scheduler";

/// Time between a change and the attempt that it causes.
const NOTICE: Span = Span::millis(1);
/// Time that one attempt takes.
const ATTEMPT: Span = Span::millis(1);
/// Time between looks at claims that a pod waits for, and the longest wait. Upstream: binder.go, BindPodVolumes.
const BIND_POLL: Span = Span::seconds(1);
const BIND_TIMEOUT: Span = Span::seconds(600);
/// Time between looks for pods that were unschedulable for too long. Upstream: scheduling_queue.go, Run.
const FLUSH_EVERY: Span = Span::seconds(30);
/// Upstream: schedule_one.go, minFeasibleNodesToFind and minFeasibleNodesPercentageToFind.
const MIN_FEASIBLE: usize = 100;
const MIN_FEASIBLE_PERCENT: usize = 5;

/// The scheduler with its queue and its picture of the nodes.
#[derive(Clone, Default)]
pub struct Scheduler {
    cache: Cache,
    queue: Queue,
    decisions: Decisions,
    /// Pods that have a node but wait for volumes, by uid.
    binding: OrdMap<Str, Binding>,
    next_start: usize,
    cycle_at: Option<Time>,
    flush_at: Option<Time>,
    busy_until: Time,
}

/// An event of the scheduler's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next pod's turn.
    Cycle,
    /// A look at the claims that this pod (a uid) waits for.
    Bind(Str),
    /// A look for pods that were unschedulable for too long.
    Flush,
}

/// What the scheduler may use.
pub struct Cx<'a> {
    /// The API server.
    pub server: &'a mut Server,
    /// Where it leaves its own later events.
    pub wakes: &'a mut Vec<(Time, Event)>,
}

#[derive(Clone)]
struct Binding {
    pod: Rc<PodInfo>,
    node: Str,
    claims: Vec<Key>,
    since: Time,
    why: String,
}

/// A node that was found.
struct Choice {
    node: usize,
    feasible: usize,
    bindings: Bindings,
    /// The best total and the next.
    scores: Option<(i64, i64)>,
    by_chance: bool,
}

impl Scheduler {
    /// The last decision about a pod, while it is kept.
    pub fn last_decision(&self, uid: &str) -> Option<&Rc<Decision>> {
        self.decisions.last(uid)
    }

    /// Takes note of a committed change.
    pub fn notify(&mut self, change: &Change, cx: &mut Cx) {
        if *change.kind == POD {
            self.notify_pod(change, cx);
        } else if *change.kind == NODE {
            self.notify_node(change, cx);
        } else if change.change != ChangeKind::Deleted {
            let happening = if *change.kind == PERSISTENT_VOLUME_CLAIM {
                Happening::Claim(change.key.clone())
            } else if *change.kind == PERSISTENT_VOLUME {
                Happening::Volume
            } else if *change.kind == STORAGE_CLASS {
                Happening::Class
            } else {
                return;
            };
            self.wake(&happening, cx);
        }
    }

    fn notify_pod(&mut self, change: &Change, cx: &mut Cx) {
        let new = &change.new;
        let uid = Str::from(new.uid());
        let ended = matches!(new.at(&["status", "phase"]).text(), "Succeeded" | "Failed");
        if change.change == ChangeKind::Deleted || ended {
            self.forget(&uid, cx);
            return;
        }
        let unchanged = change.old.as_ref().is_some_and(|old| looks_alike(old, new));
        let known = self.cache.node_of(&uid).is_some() || self.queue.get(&uid).is_some();
        let Value::Str(node) = new.at(&["spec", "nodeName"]) else {
            if !(unchanged && known) {
                self.notify_waiting(&uid, new, cx);
            }
            return;
        };
        let assumed = self.binding.remove(&uid).is_some();
        if unchanged && known && !assumed {
            return;
        }
        self.queue.remove(&uid);
        self.cache.nominated.remove(&uid);
        let before = self.cache.pod(&uid).filter(|_| !assumed);
        let pod = Rc::new(PodInfo::new(new));
        self.cache.set_pod(node, &pod);
        let happening = match before {
            Some(before) => Happening::PodChanged(before, pod),
            None => Happening::PodAdded(pod),
        };
        self.wake(&happening, cx);
    }

    fn notify_waiting(&mut self, uid: &Str, object: &Object, cx: &mut Cx) {
        let mine = object.at(&["spec", "schedulerName"]).text() == NAME;
        if !mine || self.binding.contains_key(uid) {
            return;
        }
        if object.is_deleting() {
            self.queue.remove(uid);
            return;
        }
        let pod = Rc::new(PodInfo::new(object));
        if self.queue.get(uid).is_some() {
            self.queue.update(pod);
            self.wake(&Happening::Itself(uid.clone()), cx);
        } else {
            let gates = plugins::ALL.iter().filter(|p| p.gate.is_some_and(|g| g(&pod).is_some()));
            let gate = gates.map(|plugin| plugin.name).next();
            self.queue.add(pod, gate, cx.server.now);
        }
        self.kick(cx);
    }

    fn forget(&mut self, uid: &Str, cx: &mut Cx) {
        self.queue.remove(uid);
        self.binding.remove(uid);
        self.cache.nominated.remove(uid);
        if let Some(pod) = self.cache.pod(uid) {
            self.cache.remove_pod(uid);
            self.wake(&Happening::PodGone(pod), cx);
        }
    }

    fn notify_node(&mut self, change: &Change, cx: &mut Cx) {
        if change.change == ChangeKind::Deleted {
            self.cache.remove_node(&change.key.name);
            self.wake(&Happening::NodeGone, cx);
            return;
        }
        let new = &change.new;
        let same = |old: &Rc<Object>, path: &[&str]| old.at(path) == new.at(path);
        let irrelevant = change.old.as_ref().is_some_and(|old| {
            same(old, &["spec"])
                && same(old, &["metadata", "labels"])
                && same(old, &["status", "allocatable"])
                && same(old, &["status", "images"])
        });
        let before = self.cache.find(new.name()).map(|at| self.cache.nodes[at].clone());
        if irrelevant && before.is_some() {
            return;
        }
        self.cache.set_node(new);
        let Some(at) = self.cache.find(new.name()) else { return };
        let now = self.cache.nodes[at].clone();
        let happening = match before {
            Some(before) => Happening::NodeChanged(before, now),
            None => Happening::NodeAdded(now),
        };
        self.wake(&happening, cx);
    }

    /// Wakes the unschedulable pods for which a plugin that rejected them sees hope.
    /// Upstream: scheduling_queue.go, isPodWorthRequeuing.
    fn wake(&mut self, happening: &Happening, cx: &mut Cx) {
        if !self.queue.has_unschedulable() {
            return;
        }
        let server = &*cx.server;
        let hopeful = |queued: &&Queued| {
            let rejectors = plugins::ALL.iter().filter(|p| queued.rejected_by.contains(p.name));
            rejectors.into_iter().any(|plugin| (plugin.wakes)(happening, &queued.info, server))
        };
        let woken: Vec<Str> =
            self.queue.unschedulable().filter(hopeful).map(|q| q.info.uid.clone()).collect();
        for uid in woken {
            self.queue.wake(&uid, cx.server.now);
        }
        self.kick(cx);
    }

    /// Makes sure that there will be an attempt when a pod is ready for one.
    fn kick(&mut self, cx: &mut Cx) {
        let now = cx.server.now;
        if let Some(ready) = self.queue.ready_at(now) {
            let at = ready.max(now + NOTICE).max(self.busy_until);
            if self.cycle_at.is_none_or(|planned| planned > at) {
                self.cycle_at = Some(at);
                cx.wakes.push((at, Event::Cycle));
            }
        }
        if self.flush_at.is_none() && self.queue.has_unschedulable() {
            self.flush_at = Some(now + FLUSH_EVERY);
            cx.wakes.push((now + FLUSH_EVERY, Event::Flush));
        }
    }

    /// Handles one of the scheduler's events.
    pub fn handle(&mut self, event: Event, cx: &mut Cx) {
        let now = cx.server.now;
        match event {
            Event::Cycle => {
                if self.cycle_at.is_some_and(|at| at <= now) {
                    self.cycle_at = None;
                }
                if let Some(queued) = self.queue.pop(now) {
                    self.busy_until = now + ATTEMPT;
                    self.schedule(&queued, cx);
                }
            }
            Event::Bind(uid) => self.poll_binding(&uid, cx),
            Event::Flush => {
                self.flush_at = None;
                self.queue.flush(now);
            }
        }
        self.kick(cx);
    }

    /// Upstream: schedule_one.go, scheduleOnePod.
    fn schedule(&mut self, queued: &Queued, cx: &mut Cx) {
        let pod = queued.info.clone();
        let stored = cx.server.get(&POD, &pod.key);
        let waiting = |object: &&Rc<Object>| {
            object.uid() == pod.uid.as_str()
                && !object.is_deleting()
                && object.at(&["spec", "nodeName"]).text().is_empty()
        };
        if !stored.as_ref().is_some_and(waiting) {
            self.queue.remove(&pod.uid);
            return;
        }
        match self.attempt(queued, cx.server) {
            Ok(choice) => self.place(queued, choice, cx),
            Err(diagnosis) => self.give_up(queued, *diagnosis, cx),
        }
    }

    /// Finds the best node. Upstream: schedulePod.
    fn attempt(&mut self, queued: &Queued, server: &Server) -> Result<Choice, Box<Diagnosis>> {
        let pod = queued.info.clone();
        let mut diagnosis = Box::<Diagnosis>::default();
        let total = self.cache.nodes.len();
        let mut cycle =
            Cycle { pod: pod.clone(), cache: &mut self.cache, server, state: State::default() };
        let only = match cycle.pre_filter(&mut diagnosis) {
            Ok(only) => only,
            Err(rejection) => {
                diagnosis.pre_filter = Some(rejection.reasons.join(", "));
                return Err(diagnosis);
            }
        };
        let candidates: Vec<usize> = match &only {
            Some(names) => names.iter().filter_map(|name| cycle.cache.find(name)).collect(),
            None => (0..total).map(|i| (self.next_start + i) % total).collect(),
        };
        let enough = feasible_nodes_to_find(candidates.len());
        let mut feasible = Vec::new();
        for at in candidates {
            let node = cycle.cache.nodes[at].clone();
            match cycle.filter_with_nominated(&node) {
                Ok(()) => feasible.push(at),
                Err((plugin, rejection)) => {
                    diagnosis.plugins.insert(plugin);
                    diagnosis.refusals.push((at, plugin, rejection));
                }
            }
            if feasible.len() >= enough {
                break;
            }
        }
        let looked_at = feasible.len() + diagnosis.refusals.len();
        self.next_start = (self.next_start + looked_at) % total.max(1);
        if feasible.is_empty() {
            return Err(diagnosis);
        }
        let columns = if feasible.len() == 1 { Vec::new() } else { cycle.score(&feasible) };
        let totals: Vec<i64> =
            (0..feasible.len()).map(|i| columns.iter().map(|column| column[i]).sum()).collect();
        let best = totals.iter().copied().max().unwrap_or(0);
        let ties: Vec<usize> = (0..feasible.len()).filter(|i| totals[*i] == best).collect();
        let mut draw = server.rng.named("node", &pod.uid, u64::from(queued.attempts));
        let chosen = ties[draw.index(ties.len())];
        let node = feasible[chosen];
        let info = cycle.cache.nodes[node].clone();
        let bindings = volume_binding::find(&cycle, &info).unwrap_or_default();
        let rows = rows(&self.cache.nodes, &diagnosis, &feasible, &columns);
        let second = totals.iter().enumerate().filter(|(i, _)| *i != chosen).map(|(_, t)| *t).max();
        self.keep(queued, Outcome::Node(info.name.clone()), rows, server.now);
        Ok(Choice {
            node,
            feasible: feasible.len(),
            bindings,
            scores: second.map(|second| (best, second)),
            by_chance: ties.len() > 1,
        })
    }

    fn keep(&mut self, queued: &Queued, outcome: Outcome, rows: Vec<Row>, at: Time) {
        let (pod, attempt) = (queued.info.key.clone(), queued.attempts);
        let decision = Decision { pod, at, attempt, outcome, rows };
        self.decisions.keep(queued.info.uid.clone(), decision);
    }

    /// Upstream: bindingCycle.
    fn place(&mut self, queued: &Queued, choice: Choice, cx: &mut Cx) {
        let pod = &queued.info;
        let node = self.cache.nodes[choice.node].name.clone();
        let why = why_placed(pod, &node, &choice, self.cache.nodes.len());
        if choice.bindings.is_empty() {
            self.bind(pod, &node, why, cx);
            return;
        }
        self.cache.set_pod(&node, pod);
        let binding = Binding {
            pod: pod.clone(),
            node: node.clone(),
            claims: claim_keys(&choice.bindings),
            since: cx.server.now,
            why,
        };
        self.queue.remove(&pod.uid);
        self.binding.insert(pod.uid.clone(), binding);
        prepare_volumes(pod, &node, &choice.bindings, cx.server);
        cx.wakes.push((cx.server.now + BIND_POLL, Event::Bind(pod.uid.clone())));
    }

    fn bind(&mut self, pod: &Rc<PodInfo>, node: &Str, why: String, cx: &mut Cx) {
        match cx.server.bind(&pod.key, node, By::component(NAME, why.clone())) {
            Ok(_) => {
                let message = format!("Successfully assigned {} to {node}", pod.key);
                report(cx.server, pod, EventType::Normal, "Scheduled", "Binding", message);
            }
            Err(status) if status.is_not_found() => self.queue.remove(&pod.uid),
            Err(status) => {
                let message = format!("binding rejected: {}", status.message);
                self.fail(pod, message, cx);
            }
        }
    }

    /// Upstream: binder.go, checkBindings.
    fn poll_binding(&mut self, uid: &Str, cx: &mut Cx) {
        let Some(binding) = self.binding.get(uid).cloned() else { return };
        let views = binding.claims.iter().map(|key| {
            let claim = cx.server.get(&PERSISTENT_VOLUME_CLAIM, key)?;
            Some(claim.view::<PersistentVolumeClaim>())
        });
        let claims: Vec<Option<Rc<PersistentVolumeClaim>>> = views.collect();
        let broken = claims.iter().zip(&binding.claims).find_map(|(claim, key)| match claim {
            None => Some(format!("failed to check provisioning pvc: could not find PVC {key:?}")),
            Some(claim) if is_fully_bound(claim) => None,
            Some(claim) => (claim.meta.annotations.get(SELECTED_NODE) != Some(&binding.node))
                .then(|| format!("provisioning failed for PVC {:?}", key.name.as_str())),
        });
        if let Some(broken) = broken {
            self.undo_binding(&binding, format!("binding volumes: {broken}"), cx);
        } else if claims.iter().flatten().all(|claim| is_fully_bound(claim)) {
            self.bind(&binding.pod, &binding.node, binding.why, cx);
        } else if cx.server.now - binding.since > BIND_TIMEOUT {
            let message = "binding volumes: context deadline exceeded".to_owned();
            self.undo_binding(&binding, message, cx);
        } else {
            cx.wakes.push((cx.server.now + BIND_POLL, Event::Bind(uid.clone())));
        }
    }

    fn undo_binding(&mut self, binding: &Binding, message: String, cx: &mut Cx) {
        let uid = &binding.pod.uid;
        self.binding.remove(uid);
        self.cache.remove_pod(uid);
        self.queue.add(binding.pod.clone(), None, cx.server.now);
        self.queue.pop_this(uid);
        self.fail(&binding.pod, message, cx);
    }

    /// After an error that is nobody's refusal: the pod comes back after a back-off.
    fn fail(&mut self, pod: &Rc<PodInfo>, message: String, cx: &mut Cx) {
        self.queue.fail(&pod.uid, cx.server.now);
        tell(pod, "SchedulerError", &message, None, cx.server);
    }

    /// Upstream: handleSchedulingFailure.
    fn give_up(&mut self, queued: &Queued, mut diagnosis: Diagnosis, cx: &mut Cx) {
        let pod = queued.info.clone();
        let total = self.cache.nodes.len();
        if total == 0 {
            self.queue.fail(&pod.uid, cx.server.now);
            let message = "no nodes available to schedule pods";
            tell(&pod, "Unschedulable", message, None, cx.server);
            return;
        }
        let mut nominated = None;
        if diagnosis.pre_filter.is_some() {
            // What dynamic resource allocation says when it was not asked.
            "not found".clone_into(&mut diagnosis.post_filter);
        } else {
            let server = &*cx.server;
            let cache = &mut self.cache;
            let cycle = Cycle { pod: pod.clone(), cache, server, state: State::default() };
            match cycle.post_filter(&diagnosis) {
                PostFilter::Helpless(why) => diagnosis.post_filter = why,
                PostFilter::Evict(node, victims) => nominated = Some((node, victims)),
            }
        }
        let message = diagnosis.message(total);
        let rows = rows(&self.cache.nodes, &diagnosis, &[], &[]);
        self.keep(queued, Outcome::None(message.clone()), rows, cx.server.now);
        self.queue.reject(&pod.uid, diagnosis.plugins, cx.server.now);
        let node = nominated.as_ref().map(|(node, _)| node.clone());
        tell(&pod, "Unschedulable", &message, node.as_ref(), cx.server);
        if let Some((node, victims)) = nominated {
            self.cache.nominated.insert(pod.uid.clone(), (node.clone(), pod.clone()));
            evict(&pod, &node, &victims, cx.server);
        }
    }
}

/// Reports a failure: an event, and the pod's condition.
fn tell(pod: &PodInfo, reason: &str, message: &str, nominated: Option<&Str>, server: &mut Server) {
    let text = cut(message, 1024);
    report(server, pod, EventType::Warning, "FailedScheduling", "Scheduling", text);
    let why = format!("No node can take {} now: {message}", pod.key.name);
    let condition = value!({
        "type": "PodScheduled", "status": "False", "reason": reason, "message": message,
    });
    let (by, now) = (By::component(NAME, why), server.now);
    // A pod that is gone needs no condition.
    let _ = server.modify(&POD, &pod.key, Part::Status, by, |pod| {
        set_pod_condition(pod, condition, now);
        if let Some(node) = nominated {
            pod.set_at(&["status", "nominatedNodeName"], node);
        }
    });
}

/// Whether nothing changed that scheduling looks at.
fn looks_alike(old: &Object, new: &Object) -> bool {
    old.get("spec") == new.get("spec")
        && old.at(&["metadata", "labels"]) == new.at(&["metadata", "labels"])
        && old.is_deleting() == new.is_deleting()
        && !matches!(old.at(&["status", "phase"]).text(), "Succeeded" | "Failed")
}

/// How many fitting nodes are enough to compare. Upstream: numFeasibleNodesToFind.
fn feasible_nodes_to_find(all: usize) -> usize {
    if all < MIN_FEASIBLE {
        return all.max(1);
    }
    let percent = 50_usize.saturating_sub(all / 125).max(MIN_FEASIBLE_PERCENT);
    (all * percent / 100).max(MIN_FEASIBLE)
}

fn rows(
    nodes: &[Rc<NodeInfo>],
    diagnosis: &Diagnosis,
    feasible: &[usize],
    columns: &[Vec<i64>],
) -> Vec<Row> {
    let refused = diagnosis.refusals.iter().map(|(at, plugin, rejection)| {
        let reasons = rejection.reasons.iter().map(ToString::to_string).collect();
        Row { node: nodes[*at].name.clone(), verdict: Verdict::Refused(plugin, reasons) }
    });
    let scored = feasible.iter().enumerate().map(|(i, at)| {
        let scores =
            scorers().zip(columns).map(|(plugin, column)| (plugin.name, column[i])).collect();
        Row { node: nodes[*at].name.clone(), verdict: Verdict::Scored(scores) }
    });
    let mut rows: Vec<Row> = refused.chain(scored).collect();
    rows.order_by(|a, b| a.node.cmp(&b.node));
    rows
}

fn why_placed(pod: &PodInfo, node: &Str, choice: &Choice, nodes: usize) -> String {
    let name = &pod.key.name;
    let Choice { feasible, scores, by_chance, .. } = choice;
    let why = match scores {
        None => format!("it is the only one of {nodes} nodes that can take it"),
        Some((best, _)) if *by_chance => {
            format!(
                "{feasible} of {nodes} nodes can take it, several share the best score {best}, and chance chose"
            )
        }
        Some((best, second)) => {
            format!(
                "{feasible} of {nodes} nodes can take it, and it has the best score, {best} against {second}"
            )
        }
    };
    format!("The scheduler chose {node} for {name}: {why}.")
}

fn claim_keys(bindings: &Bindings) -> Vec<Key> {
    let found = bindings.found.iter().map(|(_, claim)| claim);
    found.chain(&bindings.provision).map(|claim| claim.key.clone()).collect()
}

/// Names the node on the pod, the claims on the volumes that were found for them, and the node on the
/// claims for which volumes are to be made. Upstream: binder.go, bindAPIUpdate.
fn prepare_volumes(pod: &PodInfo, node: &Str, bindings: &Bindings, server: &mut Server) {
    let name = &pod.key.name;
    let why = format!("{name} goes to {node} as soon as its volumes are bound.");
    let by = By::component(NAME, why);
    // Whatever fails here shows when the claims are looked at again.
    let _ = server.modify(&POD, &pod.key, Part::Status, by, |pod| {
        pod.set_at(&["status", "nominatedNodeName"], node);
    });
    for (volume, claim) in &bindings.found {
        let why = format!(
            "Claim {} waited for its first consumer, {name}; volume {} suits it and is reachable from {node}.",
            claim.name(),
            volume.name()
        );
        let by = By::component(NAME, why);
        let _ = server.modify(&PERSISTENT_VOLUME, &volume.key, Part::Main, by, |value| {
            bind_to_claim(value, claim);
        });
    }
    for claim in &bindings.provision {
        let why = format!(
            "Claim {} waited for its first consumer, {name}; a volume is to be made that {node} can reach.",
            claim.name()
        );
        let by = By::component(NAME, why);
        let _ = server.modify(&PERSISTENT_VOLUME_CLAIM, &claim.key, Part::Main, by, |value| {
            value.set_at(&["metadata", "annotations", SELECTED_NODE], node);
        });
    }
}

/// Removes pods of lower priority. Upstream: preemption/executor.go, PreemptPod.
fn evict(pod: &PodInfo, node: &Str, victims: &[Rc<PodInfo>], server: &mut Server) {
    for victim in victims {
        let why = format!(
            "{} has priority {} and finds room on {node} only without {}, which has priority {}.",
            pod.key.name, pod.priority, victim.key.name, victim.priority
        );
        let condition = value!({
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": format!("{NAME}: preempting to accommodate a higher priority pod"),
        });
        let (by, now) = (By::component(NAME, why), server.now);
        // A victim that is gone already made the room.
        let _ = server.modify(&POD, &victim.key, Part::Status, by.clone(), |pod| {
            set_pod_condition(pod, condition, now);
        });
        let _ = server.delete(&POD, &victim.key, &DeleteOptions::default(), by);
        let message = format!("Preempted by pod {} on node {node}", pod.uid);
        report(server, victim, EventType::Normal, "Preempted", "Preempting", message);
    }
}

fn report(
    server: &mut Server,
    pod: &PodInfo,
    kind: EventType,
    reason: &str,
    action: &str,
    message: String,
) {
    let Some(object) = server.get(&POD, &pod.key) else { return };
    let report = Report {
        about: Reference::of(object),
        reporter: Reporter::Action { controller: NAME, action },
        kind,
        reason,
        message: message.into(),
    };
    let why = format!("The scheduler reports what it did about {}.", pod.key.name);
    server.record_event(&report, By::component(NAME, why));
}

/// The text, or its beginning with an ellipsis. Upstream: truncateMessage.
fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub(4);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} ...", &text[..end])
}
