//! Events: how components report what happened, repeats counted and floods held back.
//!
//! Upstream: staging/src/k8s.io/client-go/tools/record/{event,events_cache}.go (components with a source) and
//! …/tools/events/{event_recorder,event_broadcaster}.go (components with an action, such as the scheduler).
//! Simplified: all sources share one cache; the final count of a series is written when something else is reported.

use crate::base::ordered::{OrdMap, OrdSet};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::api::kinds::{EVENT, NAMESPACE};
use crate::api::{Key, Object};
use crate::base::time::{Span, Time};
use crate::base::value::{Str, Value};
use crate::server::change::By;
use crate::server::{Server, Store};
use crate::value;

/// An event's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventType {
    Normal,
    Warning,
}

impl EventType {
    fn name(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

/// What an event is about.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// `v1`.
    pub api_version: Str,
    /// `Pod`.
    pub kind: Str,
    /// Namespace, "" for cluster-scoped objects.
    pub namespace: Str,
    /// Name.
    pub name: Str,
    /// Uid.
    pub uid: Str,
    /// The revision that the reporter knew.
    pub resource_version: Str,
    /// A part of it: `spec.containers{nginx}`.
    pub field_path: Str,
}

impl Reference {
    /// A reference to an object as it is.
    pub fn of(object: &Object) -> Reference {
        Reference {
            api_version: object.kind.api_version().into(),
            kind: object.kind.name.into(),
            namespace: object.namespace().clone(),
            name: object.name().clone(),
            uid: object.uid().into(),
            resource_version: object.rv.to_string().into(),
            field_path: Str::default(),
        }
    }

    /// The same, about one container: `spec.containers{name}` or `spec.initContainers{name}`.
    pub fn container(mut self, list: &str, name: &str) -> Reference {
        self.field_path = format!("spec.{list}{{{name}}}").into();
        self
    }

    fn value(&self) -> Value {
        let mut value = Value::map();
        let fields = [
            ("apiVersion", &self.api_version),
            ("fieldPath", &self.field_path),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("resourceVersion", &self.resource_version),
            ("uid", &self.uid),
        ];
        for (key, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
            value.set(key, text);
        }
        value
    }
}

/// Who reports.
#[derive(Clone, Copy, Debug)]
pub enum Reporter<'a> {
    /// A component with the host that it runs on, "" for none: `kubelet` on `node-1`.
    Source {
        /// Its name.
        component: &'a str,
        /// Its host.
        host: &'a str,
    },
    /// A component that names its action: `default-scheduler`, `Binding`.
    Action {
        /// Its name.
        controller: &'a str,
        /// What it was doing.
        action: &'a str,
    },
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What it is about.
    pub about: Reference,
    /// Who reports.
    pub reporter: Reporter<'a>,
    /// Normal or a warning.
    pub kind: EventType,
    /// `FailedScheduling`.
    pub reason: &'a str,
    /// The text.
    pub message: Cow<'a, str>,
}

/// How long an event is kept after its last change. Upstream: kube-apiserver's flag --event-ttl.
const TTL: Span = Span::seconds(3_600);
/// Upstream: events_cache.go, defaultAggregateMaxEvents and defaultAggregateIntervalInSeconds.
const SIMILAR: usize = 10;
const SIMILAR_INTERVAL: Span = Span::seconds(600);
/// Upstream: events_cache.go, defaultSpamBurst and defaultSpamQPS.
const BURST: f64 = 25.0;
const PER_SECOND: f64 = 1.0 / 300.0;
/// Entries that are kept of each kind. Upstream: events_cache.go, maxLruCacheEntries, for each source.
const CACHE: usize = 16_384;
/// Upstream: event_broadcaster.go, finishTime.
const FINISH: Span = Span::seconds(360);

/// What is remembered of reported events.
#[derive(Clone, Default)]
pub(crate) struct Correlator {
    similar: Cache<Similar>,
    seen: Cache<Seen>,
    spam: Cache<Bucket>,
    series: OrdMap<String, Series>,
    next_finish: Time,
    expiry: VecDeque<(Time, Key)>,
}

#[derive(Clone, Default)]
struct Similar {
    messages: OrdSet<u64>,
    last: Time,
}

#[derive(Clone)]
struct Seen {
    key: Key,
    count: i64,
    first: Time,
}

#[derive(Clone)]
struct Bucket {
    tokens: f64,
    at: Time,
}

#[derive(Clone)]
struct Series {
    event: Rc<Object>,
    count: i64,
    last: Time,
}

/// A map that forgets what was used longest ago.
#[derive(Clone)]
struct Cache<V> {
    entries: OrdMap<u64, (u64, V)>,
    order: OrdMap<u64, u64>,
    clock: u64,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Cache { entries: OrdMap::new(), order: OrdMap::new(), clock: 0 }
    }
}

impl<V> Cache<V> {
    /// The entry of a key, made when absent, now the most recently used.
    fn touch(&mut self, key: u64, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        let clock = self.clock;
        if let Some((used, _)) = self.entries.get(&key) {
            self.order.remove(used);
        } else if self.entries.len() >= CACHE
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.order.insert(clock, key);
        let entry = self.entries.entry(key).or_insert_with(|| (clock, make()));
        entry.0 = clock;
        &mut entry.1
    }
}

/// FNV-1a over texts and a separator after each.
fn hash(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

impl Server {
    /// Records an event as the reporter's recorder does: a repeat raises the count, too many similar ones are
    /// combined, a flood is dropped. Nothing is recorded in a namespace that is absent or being deleted.
    pub fn record_event(&mut self, report: &Report, by: By) {
        self.purge_events();
        let ns = match report.about.namespace.as_str() {
            "" => "default",
            ns => ns,
        };
        let namespace = self.store.get(&NAMESPACE, &Key::new("", ns));
        let open = namespace.is_some_and(|n| n.at(&["status", "phase"]).text() != "Terminating");
        if !open {
            return;
        }
        match report.reporter {
            Reporter::Source { component, host } => {
                self.record_counted(report, component, host, ns, by);
            }
            Reporter::Action { controller, action } => {
                self.record_series(report, controller, action, ns, by);
            }
        }
    }

    /// Upstream: events_cache.go, EventCorrelate.
    fn record_counted(&mut self, report: &Report, component: &str, host: &str, ns: &str, by: By) {
        let now = self.now;
        let about = &report.about;
        let kind = report.kind.name();
        let source = [
            component,
            host,
            &about.kind,
            &about.namespace,
            &about.name,
            &about.uid,
            &about.api_version,
        ];
        let spam_key = hash(&[&source[..], &[kind]].concat());
        let similar_key = hash(&[&source[..], &[kind, report.reason]].concat());
        let message_key = hash(&[&report.message]);
        let own_key = hash(
            &[&source[..], &[&about.field_path, kind, report.reason, &report.message]].concat(),
        );

        let correlator = Rc::make_mut(&mut self.correlator);
        let similar = correlator.similar.touch(similar_key, Similar::default);
        if now - similar.last > SIMILAR_INTERVAL {
            similar.messages.clear();
        }
        similar.messages.insert(message_key);
        similar.last = now;
        let combined = similar.messages.len() >= SIMILAR;
        if combined {
            similar.messages.pop_first();
        }
        let (key, message) = if combined {
            (similar_key, format!("(combined from similar events): {}", report.message))
        } else {
            (own_key, report.message.to_string())
        };
        let name = unused_name(&self.store, ns, &about.name, now);
        let seen = correlator.seen.touch(key, || Seen { key: name.clone(), count: 0, first: now });
        seen.count += 1;
        let seen = seen.clone();
        let bucket = correlator.spam.touch(spam_key, || Bucket { tokens: BURST, at: now });
        let refilled = bucket.tokens + (now - bucket.at).as_seconds_f64() * PER_SECOND;
        bucket.tokens = refilled.min(BURST);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return;
        }
        bucket.tokens -= 1.0;

        let value = if let Some(old) = self.store.get(&EVENT, &seen.key) {
            let mut value = old.value().clone();
            value.set("count", seen.count);
            value.set("lastTimestamp", now);
            value.set("message", message);
            value
        } else {
            let mut source = value!({ "component": component });
            if !host.is_empty() {
                source.set("host", host);
            }
            let mut value = self.new_event(report, &seen.key, message);
            value.set("count", seen.count);
            value.set("firstTimestamp", seen.first);
            value.set("lastTimestamp", now);
            value.set("eventTime", Value::Null);
            value.set("source", source);
            value.set("reportingComponent", component);
            value.set("reportingInstance", host);
            value
        };
        self.store_event(seen.key, value, by);
    }

    /// Upstream: event_broadcaster.go, recordToSink.
    fn record_series(&mut self, report: &Report, controller: &str, action: &str, ns: &str, by: By) {
        let now = self.now;
        self.finish_series(&by);
        let about = &report.about;
        let key = [
            report.kind.name(),
            action,
            report.reason,
            controller,
            &about.api_version,
            &about.kind,
            &about.namespace,
            &about.name,
            &about.uid,
            &about.resource_version,
            &about.field_path,
        ]
        .join("\0");
        let correlator = Rc::make_mut(&mut self.correlator);
        if let Some(series) = correlator.series.get_mut(&key) {
            series.count += 1;
            series.last = now;
            if series.count == 2 {
                let series = series.clone();
                self.write_series(&series, by);
            }
            return;
        }
        let event_key = unused_name(&self.store, ns, &about.name, now);
        let mut value = self.new_event(report, &event_key, report.message.to_string());
        value.set("action", action);
        value.set("eventTime", now.rfc3339_micro());
        value.set("firstTimestamp", Value::Null);
        value.set("lastTimestamp", Value::Null);
        value.set("reportingComponent", controller);
        // Upstream appends the host's name.
        value.set("reportingInstance", format!("{controller}-control-plane"));
        value.set("source", Value::map());
        let event = self.store_event(event_key, value, by);
        Rc::make_mut(&mut self.correlator)
            .series
            .insert(key, Series { event, count: 1, last: now });
    }

    fn write_series(&mut self, series: &Series, by: By) {
        let key = series.event.key.clone();
        let mut value = match self.store.get(&EVENT, &key) {
            Some(stored) => stored.value().clone(),
            None => series.event.value().clone(),
        };
        value.set(
            "series",
            value!({ "count": series.count, "lastObservedTime": series.last.rfc3339_micro() }),
        );
        self.store_event(key, value, by);
    }

    /// Writes the counts of series that have ended, and forgets what is old.
    /// Upstream: event_broadcaster.go, finishSeries.
    fn finish_series(&mut self, by: &By) {
        let now = self.now;
        if now < self.correlator.next_finish {
            return;
        }
        let correlator = Rc::make_mut(&mut self.correlator);
        correlator.next_finish = now + FINISH;
        let ended: Vec<String> = correlator
            .series
            .iter()
            .filter(|(_, series)| series.last < now - FINISH)
            .map(|(key, _)| key.clone())
            .collect();
        for key in ended {
            let series = Rc::make_mut(&mut self.correlator).series.remove(&key);
            if let Some(series) = series.filter(|series| series.count > 1) {
                self.write_series(&series, by.clone());
            }
        }
    }

    /// The fields that all events have.
    fn new_event(&self, report: &Report, key: &Key, message: String) -> Value {
        value!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": &key.name,
                "namespace": &key.ns,
                "uid": self.rng.named("uid", "events", self.store.revision() + 1).uuid(),
                "creationTimestamp": self.now,
            },
            "involvedObject": report.about.value(),
            "reason": report.reason,
            "message": message,
            "type": report.kind.name(),
        })
    }

    fn store_event(&mut self, key: Key, value: Value, by: By) -> Rc<Object> {
        let expiry = (self.now + TTL, key.clone());
        Rc::make_mut(&mut self.correlator).expiry.push_back(expiry);
        self.store.put(&EVENT, key, value, self.now, by)
    }

    /// Removes events that have not changed for an hour.
    pub fn purge_events(&mut self) {
        while let Some((at, key)) = self.correlator.expiry.front() {
            if *at > self.now {
                break;
            }
            let key = key.clone();
            Rc::make_mut(&mut self.correlator).expiry.pop_front();
            let Some(event) = self.store.get(&EVENT, &key) else { continue };
            if last_change(event) + TTL <= self.now {
                let by = By::component("kube-apiserver", "events are kept for one hour");
                self.store.remove(&EVENT, &key, self.now, by);
            }
        }
    }
}

fn last_change(event: &Object) -> Time {
    let paths: [&[&str]; 4] = [
        &["series", "lastObservedTime"],
        &["lastTimestamp"],
        &["eventTime"],
        &["metadata", "creationTimestamp"],
    ];
    paths.iter().find_map(|path| Time::parse(event.at(path).text())).unwrap_or_default()
}

/// `web-0.18ea50df0efd37d7`: the object's name and the time in nanoseconds.
/// Upstream: record/util/util.go, GenerateEventName. Events of one microsecond are told apart by the last digits.
fn unused_name(store: &Store, ns: &str, name: &str, now: Time) -> Key {
    let nanos = (now.0 as u64).wrapping_mul(1_000);
    let digits = hash(&[name]) % 1_000;
    let key = |n: u64| Key::new(ns, format!("{name}.{:x}", nanos + (digits + n) % 1_000));
    let mut n = 0;
    while n < 1_000 && store.get(&EVENT, &key(n)).is_some() {
        n += 1;
    }
    key(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn server() -> Server {
        let mut server = Server::new(Rng { seed: 1 }, Time::START);
        let namespace = value!({ "metadata": { "name": "default" } });
        let by = By::component("test", "set-up");
        server.create(&NAMESPACE, namespace, by).expect("a fresh server has no namespace");
        server
    }

    fn report(message: &str) -> Report<'_> {
        let about = Reference {
            kind: "Pod".into(),
            namespace: "default".into(),
            name: "web-0".into(),
            ..Reference::default()
        };
        Report {
            about,
            reporter: Reporter::Source { component: "kubelet", host: "node-1" },
            kind: EventType::Normal,
            reason: "Pulled",
            message: Cow::Borrowed(message),
        }
    }

    fn record(server: &mut Server, message: &str) {
        server.record_event(&report(message), By::component("test", "test"));
    }

    fn events(server: &Server) -> Vec<(String, i64)> {
        let event = |e: &Rc<Object>| {
            (e.get("message").text().to_owned(), e.get("count").as_i64().unwrap_or(0))
        };
        server.list(&EVENT, "").map(event).collect()
    }

    #[test]
    fn repeats_are_counted_and_similar_ones_combined() {
        let mut server = server();
        for _ in 0..3 {
            record(&mut server, "same");
        }
        assert_eq!(events(&server), [("same".to_owned(), 3)]);
        for n in 0..12 {
            server.now += Span::seconds(1);
            record(&mut server, &format!("message {n}"));
        }
        let all = events(&server);
        assert_eq!(all.len(), 10);
        assert_eq!(all.iter().find(|(m, _)| m.starts_with("(combined")).map(|(_, n)| *n), Some(4));
    }

    #[test]
    fn floods_are_dropped_and_old_events_go() {
        let mut server = server();
        for _ in 0..40 {
            record(&mut server, "same");
        }
        assert_eq!(events(&server), [("same".to_owned(), 25)]);
        server.now += Span::seconds(3_700);
        server.purge_events();
        assert_eq!(events(&server), []);
    }

    #[test]
    fn the_scheduler_reports_in_series() {
        let mut server = server();
        for n in 0..4 {
            let mut report = report("0/5 nodes are available");
            report.reporter =
                Reporter::Action { controller: "default-scheduler", action: "Scheduling" };
            report.about.resource_version = if n == 0 { "1" } else { "2" }.into();
            server.record_event(&report, By::component("test", "test"));
            server.now += Span::seconds(1);
        }
        let series: Vec<i64> = server
            .list(&EVENT, "")
            .map(|e| e.at(&["series", "count"]).as_i64().unwrap_or(0))
            .collect();
        assert_eq!(series, [0, 2]);
    }
}
