//! What runs controllers: work queues keyed by what changed, retries with back-off, and the context of a reconcile.
//!
//! A controller reads the store as it is when its turn comes; what takes time is the notification.
//! Upstream: staging/src/k8s.io/client-go/util/workqueue. Simplified: one worker per controller, no informer caches.

use crate::base::ordered::OrdMap;
use std::any::Any;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::api::{Key, KindRef, Object, Status};
use crate::base::rng::Rng;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::base::view::FromValue;
use crate::server::{
    By, Change, DeleteOptions, EventType, Part, Reference, Report, Reporter, Server,
};

/// A controller: which changes concern which keys, and what to do about a key.
pub struct Controller {
    /// Upstream's name: `statefulset-controller`.
    pub name: &'static str,
    /// What it watches.
    pub watches: &'static [Watch],
    /// Brings one key closer to what is asked for.
    pub reconcile: fn(&mut Ctx, &Key) -> Result<Next, Status>,
    /// Its own memory at the start, if it keeps any besides the API.
    pub memory: fn() -> Box<dyn Memory>,
}

/// A watched kind, and which keys a change of it enqueues.
pub struct Watch {
    /// `None` for all kinds.
    kind: Option<KindRef>,
    keys: Keys,
}

enum Keys {
    Itself,
    Owner(KindRef),
    Found(fn(&Change, &Server) -> Vec<Key>),
}

impl Watch {
    /// The changed object's own key.
    pub const fn itself(kind: KindRef) -> Watch {
        Watch { kind: Some(kind), keys: Keys::Itself }
    }

    /// The key of the controlling owner (before and after the change), if it is of this kind.
    pub const fn owned(kind: KindRef, owner: KindRef) -> Watch {
        Watch { kind: Some(kind), keys: Keys::Owner(owner) }
    }

    /// Keys found by a function.
    pub const fn found(kind: KindRef, find: fn(&Change, &Server) -> Vec<Key>) -> Watch {
        Watch { kind: Some(kind), keys: Keys::Found(find) }
    }

    /// Keys found by a function in changes of every kind.
    pub const fn every(find: fn(&Change, &Server) -> Vec<Key>) -> Watch {
        Watch { kind: None, keys: Keys::Found(find) }
    }

    fn keys(&self, change: &Change, server: &Server) -> Vec<Key> {
        match self.keys {
            Keys::Itself => vec![change.key.clone()],
            Keys::Found(find) => find(change, server),
            Keys::Owner(owner) => {
                let mut keys: Vec<Key> = Vec::new();
                for object in change.old.iter().chain([&change.new]) {
                    let key =
                        object.meta().controller().filter(|o| o.kind == owner.name).map(|o| {
                            let ns =
                                if owner.namespaced { change.key.ns.clone() } else { "".into() };
                            Key { ns, name: o.name.clone() }
                        });
                    keys.extend(key);
                }
                keys.dedup();
                keys
            }
        }
    }
}

/// What a controller keeps between reconciles.
pub trait Memory: Any {
    /// A copy, for snapshots.
    fn boxed_clone(&self) -> Box<dyn Memory>;
    /// For downcasts.
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<T: Clone + 'static> Memory for T {
    fn boxed_clone(&self) -> Box<dyn Memory> {
        Box::new(self.clone())
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The memory of a controller that keeps nothing.
pub fn forgetful() -> Box<dyn Memory> {
    Box::new(())
}

/// How a reconcile ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing to do until something changes.
    Idle,
    /// Look again after this time.
    After(Span),
}

/// What a reconcile may use.
pub struct Ctx<'a> {
    /// The API server. Reads go straight to it; writes go through the methods below.
    pub server: &'a mut Server,
    /// Features that are switched on besides those that are on by default.
    pub features: &'a [String],
    name: &'static str,
    trigger: Option<u64>,
    memory: &'a mut dyn Memory,
    spent: Span,
}

impl Ctx<'_> {
    /// Virtual time.
    pub fn now(&self) -> Time {
        self.server.now
    }

    /// Named randomness.
    pub fn rng(&self) -> Rng {
        self.server.rng
    }

    /// The controller's memory.
    ///
    /// # Panics
    /// When it is of another type than the controller declared.
    pub fn memory<T: 'static>(&mut self) -> &mut T {
        self.memory
            .as_any()
            .downcast_mut()
            .expect("a controller's memory has the type that it declares")
    }

    /// An object.
    pub fn object(&self, kind: KindRef, key: &Key) -> Option<Rc<Object>> {
        self.server.get(kind, key).cloned()
    }

    /// An object's typed view.
    pub fn get<T: FromValue + 'static>(&self, kind: KindRef, key: &Key) -> Option<Rc<T>> {
        self.server.get(kind, key).map(|object| object.view::<T>())
    }

    /// Whether a feature is switched on that is off by default.
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature == name)
    }

    /// Says that this reconcile takes time: the worker's next turn comes later by it.
    pub fn spend(&mut self, span: Span) {
        self.spent = self.spent + span;
    }

    /// Reports an event about an object.
    pub fn event(&mut self, about: &Object, kind: EventType, reason: &str, message: String) {
        self.event_from(self.name, about, kind, reason, message);
    }

    /// Reports an event under another component's name.
    pub fn event_from(
        &mut self,
        component: &str,
        about: &Object,
        kind: EventType,
        reason: &str,
        message: String,
    ) {
        self.report(component, Reference::of(about), kind, reason, message);
    }

    /// Reports an event about whatever a reference points to.
    pub fn report(
        &mut self,
        component: &str,
        about: Reference,
        kind: EventType,
        reason: &str,
        message: String,
    ) {
        let by = self.by(format!("{component} reports on {} {}.", about.kind, about.name));
        let reporter = Reporter::Source { component, host: "" };
        let report = Report { about, reporter, kind, reason, message: message.into() };
        self.server.record_event(&report, by);
    }

    /// The reason of a write by this controller, set off by the change that enqueued the key.
    pub fn by(&self, why: impl Into<Cow<'static, str>>) -> By {
        By::component(self.name, why).after(self.trigger)
    }

    /// Creates an object. `why` is one plain sentence with the values compared.
    ///
    /// # Errors
    /// As [`Server::create`].
    pub fn create(
        &mut self,
        kind: KindRef,
        value: Value,
        why: impl Into<Cow<'static, str>>,
    ) -> Result<Rc<Object>, Status> {
        let by = self.by(why);
        self.server.create(kind, value, by)
    }

    /// Changes an object in place.
    ///
    /// # Errors
    /// As [`Server::modify`].
    pub fn modify(
        &mut self,
        kind: KindRef,
        key: &Key,
        part: Part,
        why: impl Into<Cow<'static, str>>,
        change: impl FnOnce(&mut Value),
    ) -> Result<Rc<Object>, Status> {
        let by = self.by(why);
        self.server.modify(kind, key, part, by, change)
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// As [`Server::delete`].
    pub fn delete(
        &mut self,
        kind: KindRef,
        key: &Key,
        options: &DeleteOptions,
        why: impl Into<Cow<'static, str>>,
    ) -> Result<Rc<Object>, Status> {
        let by = self.by(why);
        self.server.delete(kind, key, options, by)
    }
}

/// An event of the controllers' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A controller takes the next key from its queue.
    Work(usize),
    /// A key comes back after a delay.
    Requeue(usize, Key),
}

/// All controllers with their queues.
#[derive(Clone)]
pub struct Controllers {
    /// Features that are switched on besides those that are on by default.
    pub features: Vec<String>,
    workers: Vec<Worker>,
}

struct Worker {
    controller: &'static Controller,
    queue: VecDeque<Key>,
    /// Keys in the queue with the revision that put them there.
    queued: OrdMap<Key, Option<u64>>,
    failures: OrdMap<Key, u32>,
    /// Keys that come back later, each once, at its earliest time.
    delayed: OrdMap<Key, Time>,
    awake: bool,
    /// No turn before this instant.
    busy_until: Time,
    memory: Box<dyn Memory>,
}

impl Clone for Worker {
    fn clone(&self) -> Self {
        Worker {
            controller: self.controller,
            queue: self.queue.clone(),
            queued: self.queued.clone(),
            failures: self.failures.clone(),
            delayed: self.delayed.clone(),
            awake: self.awake,
            busy_until: self.busy_until,
            memory: (*self.memory).boxed_clone(),
        }
    }
}

impl Worker {
    /// Puts a key back into the queue later, once, at the earliest time that was asked for.
    fn come_back(&mut self, index: usize, key: Key, at: Time, wakes: &mut Vec<(Time, Event)>) {
        if self.delayed.get(&key).is_some_and(|planned| *planned <= at) {
            return;
        }
        self.delayed.insert(key.clone(), at);
        wakes.push((at, Event::Requeue(index, key)));
    }
}

/// Time between a change and the reconcile that it causes.
const NOTICE: Span = Span::millis(2);
/// Time that one reconcile takes before the next key's turn.
const TURN: Span = Span::micros(200);

impl Controllers {
    /// Controllers with empty queues.
    pub fn new(all: &[&'static Controller], features: Vec<String>) -> Controllers {
        let workers = all
            .iter()
            .map(|controller| Worker {
                controller,
                queue: VecDeque::new(),
                queued: OrdMap::new(),
                failures: OrdMap::new(),
                delayed: OrdMap::new(),
                awake: false,
                busy_until: Time::default(),
                memory: (controller.memory)(),
            })
            .collect();
        Controllers { features, workers }
    }

    /// Puts the keys that a change concerns into the queues.
    pub fn notify(&mut self, change: &Change, server: &Server, wakes: &mut Vec<(Time, Event)>) {
        for index in 0..self.workers.len() {
            let controller = self.workers[index].controller;
            for watch in
                controller.watches.iter().filter(|w| w.kind.is_none_or(|kind| kind == change.kind))
            {
                for key in watch.keys(change, server) {
                    self.enqueue(index, key, Some(change.rev), server.now, wakes);
                }
            }
        }
    }

    fn enqueue(
        &mut self,
        index: usize,
        key: Key,
        trigger: Option<u64>,
        now: Time,
        wakes: &mut Vec<(Time, Event)>,
    ) {
        let worker = &mut self.workers[index];
        if worker.queued.insert(key.clone(), trigger).is_none() {
            worker.queue.push_back(key);
        }
        if !worker.awake {
            worker.awake = true;
            wakes.push(((now + NOTICE).max(worker.busy_until), Event::Work(index)));
        }
    }

    /// Handles one of the controllers' events.
    pub fn handle(&mut self, event: Event, server: &mut Server, wakes: &mut Vec<(Time, Event)>) {
        match event {
            Event::Requeue(index, key) => {
                let delayed = &mut self.workers[index].delayed;
                if delayed.get(&key).is_some_and(|at| *at <= server.now) {
                    delayed.remove(&key);
                    self.enqueue(index, key, None, server.now, wakes);
                }
            }
            Event::Work(index) => self.work(index, server, wakes),
        }
    }

    fn work(&mut self, index: usize, server: &mut Server, wakes: &mut Vec<(Time, Event)>) {
        let Controllers { features, workers } = self;
        let worker = &mut workers[index];
        worker.awake = false;
        let Some(key) = worker.queue.pop_front() else { return };
        let trigger = worker.queued.remove(&key).flatten();
        let controller = worker.controller;
        let mut cx = Ctx {
            server,
            features,
            name: controller.name,
            trigger,
            memory: &mut *worker.memory,
            spent: Span::default(),
        };
        let now = cx.now();
        let result = (controller.reconcile)(&mut cx, &key);
        let turn = TURN.max(cx.spent);
        worker.busy_until = now + turn;
        if let Ok(next) = result {
            worker.failures.remove(&key);
            if let Next::After(span) = next {
                worker.come_back(index, key, now + span, wakes);
            }
        } else {
            let failures = worker.failures.entry(key.clone()).or_default();
            let at = now + retry_delay(*failures);
            *failures = failures.saturating_add(1);
            worker.come_back(index, key, at, wakes);
        }
        if !worker.queue.is_empty() {
            worker.awake = true;
            wakes.push((now + turn, Event::Work(index)));
        }
    }
}

/// Delay before retry number `n` (from 0): 5 ms doubling up to 1000 s.
/// Upstream: staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go.
fn retry_delay(n: u32) -> Span {
    Span::millis(5 << n.min(18)).min(Span::seconds(1000))
}
