//! `kubectl events`: events in the order of their time.
//!
//! Upstream: kubectl/pkg/cmd/events/{events,event_printer}.go.

use super::super::client::Selectors;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::{Cx, Flow, Machine, Next, print};
use super::common;
use crate::base::human::age;
use crate::base::sort::InOrder;
use crate::base::tabwriter::{self, TabWriter};
use crate::base::time::Time;
use crate::base::value::Value;
use crate::os::{Accept, Wait, Watch};

const FLAGS: &[Flag] = &[
    flag("for", Kind::Text, ""),
    flag("no-headers", Kind::Bool, "false"),
    flag("types", Kind::Slice, ""),
    flag("watch", Kind::Bool, "false").short('w'),
];

pub(crate) static VERB: Verb = Verb {
    name: "events",
    flags: &[FLAGS, print::FLAGS, common::ALL_NAMESPACES],
    run: Some(run),
    ..Verb::EMPTY
};

#[derive(Clone)]
struct Filter {
    kind: String,
    name: String,
    types: Vec<String>,
    with_namespace: bool,
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let mut filter = Filter {
        kind: String::new(),
        name: String::new(),
        types: args.list("types"),
        with_namespace: args.is("all-namespaces"),
    };
    let wanted = args.text("for");
    if !wanted.is_empty() {
        let Some((kind, name)) =
            wanted.split_once('/').filter(|(k, n)| !k.is_empty() && !n.is_empty())
        else {
            return Err(CmdError::plain("--for must be in resource/name form"));
        };
        filter.kind = cx.mapper()?.find(kind)?.kind.clone();
        name.clone_into(&mut filter.name);
    }
    for kind in &filter.types {
        if !kind.eq_ignore_ascii_case("normal") && !kind.eq_ignore_ascii_case("warning") {
            return Err(CmdError::plain("valid --types are Normal or Warning"));
        }
    }
    let ns = if args.is("all-namespaces") { String::new() } else { cx.namespace() };
    let resource = cx.mapper()?.find("events")?;
    let mut fields = Vec::new();
    if !filter.name.is_empty() {
        fields.push(format!("involvedObject.kind={}", filter.kind));
        fields.push(format!("involvedObject.name={}", filter.name));
    }
    let selectors = Selectors { fields: fields.join(","), ..Selectors::default() };
    let list = cx.list(&resource, &ns, &selectors, Accept::Json)?;
    let rv = list.at(&["metadata", "resourceVersion"]).text().to_owned();
    let mut items: Vec<Value> =
        list.get("items").as_array().iter().filter(|e| filter.lets(e)).cloned().collect();
    items.order_by_key(|e| (last_seen(e), e.at(&["involvedObject", "name"]).text().to_owned()));
    if !args.text("output").is_empty() {
        let mut printer = common::done_printer(cx)?;
        let shown = crate::value!({"apiVersion": "v1", "kind": "EventList", "metadata": { "resourceVersion": rv.as_str() }, "items": Value::array(items)});
        let (text, result) = printer.object(&shown, "");
        cx.out(&text);
        result?;
        return Ok(Next::Done);
    }
    let mut machine = Watching {
        filter,
        watch: None,
        writer: TabWriter::new(tabwriter::TABLE),
        header: !args.is("no-headers"),
    };
    if args.is("watch") {
        machine.watch = Some(cx.watch(&resource, &ns, &selectors, &rv, Accept::Json)?);
    } else if items.is_empty() {
        let text = if ns.is_empty() {
            "No events found.\n".to_owned()
        } else {
            format!("No events found in {ns} namespace.\n")
        };
        cx.err(&text);
        return Ok(Next::Done);
    }
    machine.show(cx, &items);
    if machine.watch.is_some() { Ok(Next::Wait(Box::new(machine))) } else { Ok(Next::Done) }
}

impl Filter {
    fn lets(&self, event: &Value) -> bool {
        self.types.is_empty()
            || self.types.iter().any(|t| t.eq_ignore_ascii_case(event.get("type").text()))
    }
}

/// When an event was last seen.
pub(super) fn last_seen(event: &Value) -> Time {
    let series = event.at(&["series", "lastObservedTime"]).text();
    let stamps = [series, event.get("lastTimestamp").text(), event.get("eventTime").text()];
    stamps.into_iter().find_map(Time::parse).unwrap_or_default()
}

/// `5s`, or `5s (x3 over 10s)`.
/// Upstream: event_printer.go, getInterval.
fn interval(event: &Value, now: Time) -> String {
    let since = |stamp: &Value| age(stamp.text(), now);
    let first = event.get("firstTimestamp");
    let first = if first.is_null() { event.get("eventTime") } else { first };
    let series = event.get("series");
    if !series.is_null() {
        let count = series.get("count").as_i64().unwrap_or(0);
        return format!(
            "{} (x{count} over {})",
            since(series.get("lastObservedTime")),
            since(first)
        );
    }
    match event.get("count").as_i64() {
        Some(count) if count > 1 => {
            format!("{} (x{count} over {})", since(event.get("lastTimestamp")), since(first))
        }
        _ => since(first),
    }
}

#[derive(Clone)]
struct Watching {
    filter: Filter,
    watch: Option<Watch>,
    writer: TabWriter,
    header: bool,
}

impl Watching {
    fn show(&mut self, cx: &mut Cx, events: &[Value]) {
        let now = cx.sys.now();
        if std::mem::take(&mut self.header) && !events.is_empty() {
            self.writer.write(if self.filter.with_namespace {
                "NAMESPACE\tLAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n"
            } else {
                "LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n"
            });
        } else if events.is_empty() {
            self.header = true;
        }
        for event in events {
            let target = event.get("involvedObject");
            let ns = if self.filter.with_namespace {
                format!("{}\t", event.at(&["metadata", "namespace"]).text())
            } else {
                String::new()
            };
            self.writer.write(&format!(
                "{ns}{}\t{}\t{}\t{}/{}\t{}\n",
                interval(event, now),
                event.get("type").text(),
                event.get("reason").text(),
                target.get("kind").text(),
                target.get("name").text(),
                event.get("message").text().trim()
            ));
        }
        let text = self.writer.flush();
        cx.out(&text);
    }
}

impl Machine for Watching {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        let Some(watch) = &mut self.watch else { return Ok(Flow::Exit(0)) };
        let events = cx.sys.poll(watch)?;
        let kind = watch.kind;
        for event in events
            .into_iter()
            .filter(|e| e.kind != "DELETED" && self.filter.lets(&e.value))
            .collect::<Vec<_>>()
        {
            self.show(cx, &[event.value]);
        }
        Ok(Flow::Wait(Wait::kind(kind)))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
