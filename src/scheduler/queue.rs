//! The queue of pods that wait for a node: active, backing off, or unschedulable until something changes.
//! Upstream: pkg/scheduler/backend/queue.

use crate::base::ordered::{OrdMap, OrdSet};
use std::rc::Rc;

use crate::base::time::{Span, Time};
use crate::base::value::Str;
use crate::scheduler::cache::PodInfo;

/// First and longest back-off. Upstream: DefaultPodInitialBackoffDuration, DefaultPodMaxBackoffDuration.
const INITIAL_BACKOFF: Span = Span::seconds(1);
const MAX_BACKOFF: Span = Span::seconds(10);
/// The longest stay among the unschedulable. Upstream: DefaultPodMaxInUnschedulablePodsDuration.
const MAX_UNSCHEDULABLE: Span = Span::seconds(300);

/// A waiting pod.
#[derive(Clone)]
pub struct Queued {
    /// The pod.
    pub info: Rc<PodInfo>,
    /// Attempts so far.
    pub attempts: u32,
    /// The plugins that rejected it at the last attempt; none after an error.
    pub rejected_by: OrdSet<&'static str>,
    /// The plugin that keeps it from being tried at all.
    pub gated_by: Option<&'static str>,
    since: Time,
    order: u64,
    unschedulable: u32,
    errors: u32,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Active,
    Backoff(Time),
    ErrorBackoff(Time),
    Unschedulable,
    /// Taken out for an attempt.
    InFlight,
}

/// By priority, highest first, then by waiting time. Upstream: plugins/queuesort/priority_sort.go.
type Rank = (i64, Time, u64);

/// All waiting pods.
#[derive(Clone, Default)]
pub struct Queue {
    pods: OrdMap<Str, Queued>,
    active: OrdMap<Rank, Str>,
    backoff: OrdMap<(Time, Rank), Str>,
    error_backoff: OrdMap<(Time, Rank), Str>,
    unschedulable: OrdSet<Str>,
    next_order: u64,
}

impl Queued {
    fn rank(&self) -> Rank {
        (-i64::from(self.info.priority), self.since, self.order)
    }

    /// When the back-off ends. Upstream: backoff_queue.go, getBackoffTime.
    fn backoff_until(&self) -> Time {
        let count = if self.errors > 0 { self.errors } else { self.unschedulable };
        match count {
            0 => Time::default(),
            n => self.since + (INITIAL_BACKOFF * (1 << (n - 1).min(10))).min(MAX_BACKOFF),
        }
    }
}

impl Queue {
    /// A waiting pod.
    pub fn get(&self, uid: &str) -> Option<&Queued> {
        self.pods.get(uid)
    }

    /// Adds a new pod; `gated_by` keeps it out of the active queue.
    pub fn add(&mut self, info: Rc<PodInfo>, gated_by: Option<&'static str>, now: Time) {
        let uid = info.uid.clone();
        self.remove(&uid);
        self.next_order += 1;
        let queued = Queued {
            info,
            attempts: 0,
            rejected_by: gated_by.into_iter().collect(),
            gated_by,
            since: now,
            order: self.next_order,
            unschedulable: 0,
            errors: 0,
            place: Place::InFlight,
        };
        self.pods.insert(uid.clone(), queued);
        self.put(&uid, if gated_by.is_some() { Place::Unschedulable } else { Place::Active });
    }

    /// Replaces what is known of a waiting pod.
    pub fn update(&mut self, info: Rc<PodInfo>) {
        let uid = info.uid.clone();
        let Some(place) = self.take(&uid) else { return };
        if let Some(queued) = self.pods.get_mut(&uid) {
            queued.info = info;
        }
        self.put(&uid, place);
    }

    /// Forgets a pod.
    pub fn remove(&mut self, uid: &str) {
        self.take(uid);
        self.pods.remove(uid);
    }

    fn take(&mut self, uid: &str) -> Option<Place> {
        let queued = self.pods.get_mut(uid)?;
        let place = std::mem::replace(&mut queued.place, Place::InFlight);
        let rank = queued.rank();
        match place {
            Place::Active => drop(self.active.remove(&rank)),
            Place::Backoff(until) => drop(self.backoff.remove(&(until, rank))),
            Place::ErrorBackoff(until) => drop(self.error_backoff.remove(&(until, rank))),
            Place::Unschedulable => drop(self.unschedulable.remove(uid)),
            Place::InFlight => {}
        }
        Some(place)
    }

    fn put(&mut self, uid: &Str, place: Place) {
        let Some(queued) = self.pods.get_mut(uid) else { return };
        queued.place = place;
        let rank = queued.rank();
        match place {
            Place::Active => drop(self.active.insert(rank, uid.clone())),
            Place::Backoff(until) => drop(self.backoff.insert((until, rank), uid.clone())),
            Place::ErrorBackoff(until) => {
                self.error_backoff.insert((until, rank), uid.clone());
            }
            Place::Unschedulable => drop(self.unschedulable.insert(uid.clone())),
            Place::InFlight => {}
        }
    }

    /// The next pod to try: the first active one, else the first that backs off after a rejection.
    /// Upstream: active_queue.go, unlockedPop (SchedulerPopFromBackoffQ).
    pub fn pop(&mut self, now: Time) -> Option<Queued> {
        while let Some(((until, _), uid)) = self.error_backoff.first_key_value()
            && *until <= now
        {
            let uid = uid.clone();
            self.take(&uid);
            self.put(&uid, Place::Active);
        }
        let first = self.active.values().next().or_else(|| self.backoff.values().next());
        let uid = first?.clone();
        self.take(&uid);
        let queued = self.pods.get_mut(&uid)?;
        queued.attempts += 1;
        Some(queued.clone())
    }

    /// Takes a pod out for what comes next, wherever it is.
    pub fn pop_this(&mut self, uid: &str) {
        self.take(uid);
    }

    /// When there is a pod to try: now, at a later instant, or never.
    pub fn ready_at(&self, now: Time) -> Option<Time> {
        if !self.active.is_empty() || !self.backoff.is_empty() {
            return Some(now);
        }
        self.error_backoff.keys().next().map(|(until, _)| (*until).max(now))
    }

    /// Puts a pod back after an attempt that plugins rejected.
    /// Upstream: scheduling_queue.go, AddUnschedulableIfNotPresent.
    pub fn reject(&mut self, uid: &Str, by: OrdSet<&'static str>, now: Time) {
        let Some(queued) = self.pods.get_mut(uid) else { return };
        queued.unschedulable += 1;
        queued.errors = 0;
        queued.rejected_by = by;
        queued.since = now;
        self.put(uid, Place::Unschedulable);
    }

    /// Puts a pod back after an attempt that failed for another reason.
    pub fn fail(&mut self, uid: &Str, now: Time) {
        let Some(queued) = self.pods.get_mut(uid) else { return };
        queued.errors += 1;
        queued.rejected_by.clear();
        queued.since = now;
        let until = queued.backoff_until();
        self.put(uid, Place::ErrorBackoff(until));
    }

    /// The unschedulable pods.
    pub fn unschedulable(&self) -> impl Iterator<Item = &Queued> {
        self.unschedulable.iter().filter_map(|uid| self.pods.get(uid))
    }

    /// Whether any pod is unschedulable.
    pub fn has_unschedulable(&self) -> bool {
        !self.unschedulable.is_empty()
    }

    /// Makes an unschedulable pod one to be tried again, after its back-off.
    /// Upstream: scheduling_queue.go, requeuePodWithQueueingStrategy.
    pub fn wake(&mut self, uid: &Str, now: Time) {
        if !self.unschedulable.contains(uid) {
            return;
        }
        let Some(queued) = self.pods.get_mut(uid) else { return };
        queued.gated_by = None;
        let until = queued.backoff_until();
        self.take(uid);
        self.put(uid, if until > now { Place::Backoff(until) } else { Place::Active });
    }

    /// Wakes pods that have been unschedulable for 5 minutes. Upstream: flushUnschedulablePodsLeftover.
    pub fn flush(&mut self, now: Time) {
        let stale = |q: &&Queued| q.gated_by.is_none() && now - q.since > MAX_UNSCHEDULABLE;
        let uids: Vec<Str> =
            self.unschedulable().filter(stale).map(|q| q.info.uid.clone()).collect();
        for uid in uids {
            self.wake(&uid, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use crate::api::kinds::POD;
    use crate::value;

    fn pod(name: &str, priority: i32) -> Rc<PodInfo> {
        let value = value!({
            "metadata": { "name": name, "namespace": "d", "uid": name },
            "spec": { "priority": priority },
        });
        Rc::new(PodInfo::new(&Object::new(&POD, value)))
    }

    fn pop(queue: &mut Queue, now: Time) -> Option<String> {
        queue.pop(now).map(|queued| queued.info.uid.to_string())
    }

    #[test]
    fn priority_then_age_decides() {
        let mut queue = Queue::default();
        let at = |s| Time(0) + Span::seconds(s);
        queue.add(pod("a", 0), None, at(0));
        queue.add(pod("b", 5), None, at(1));
        queue.add(pod("c", 0), Some("SchedulingGates"), at(0));
        queue.add(pod("d", 0), None, at(0));
        assert_eq!(pop(&mut queue, at(1)).as_deref(), Some("b"));
        assert_eq!(pop(&mut queue, at(1)).as_deref(), Some("a"));
        assert_eq!(pop(&mut queue, at(1)).as_deref(), Some("d"));
        assert_eq!(pop(&mut queue, at(1)), None);
    }

    #[test]
    fn a_rejected_pod_waits_for_a_change_and_a_failed_one_for_its_back_off() {
        let mut queue = Queue::default();
        let at = |s| Time(0) + Span::seconds(s);
        queue.add(pod("a", 0), None, at(0));
        pop(&mut queue, at(0));
        queue.reject(&"a".into(), OrdSet::from(["NodeResourcesFit"]), at(0));
        assert_eq!(queue.ready_at(at(100)), None);
        queue.wake(&"a".into(), at(0));
        assert_eq!(pop(&mut queue, at(0)).as_deref(), Some("a"));
        queue.fail(&"a".into(), at(0));
        assert_eq!(queue.ready_at(at(0)), Some(at(1)));
        assert_eq!(pop(&mut queue, at(1)).as_deref(), Some("a"));
        queue.reject(&"a".into(), OrdSet::new(), at(1));
        queue.flush(at(300));
        assert_eq!(queue.ready_at(at(300)), None);
        queue.flush(at(302));
        assert_eq!(queue.ready_at(at(302)), Some(at(302)));
    }
}
