//! Events as a table. Upstream: pkg/printers/internalversion/printers.go, printEvent.

use crate::api::Object;
use crate::api::kinds::event::Event;
use crate::base::human;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{Column, Printer, text, wide};

const COLUMNS: &[Column] = &[
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    wide("Subobject"),
    wide("Source"),
    text("Message"),
    wide("First Seen"),
    wide("Count"),
    Column { name: "Name", kind: "string", format: "name", priority: 1 },
];

/// The printer.
pub static PRINTER: Printer = Printer { columns: COLUMNS, cells, condition: |_| None };

fn cells(object: &Object, now: Time) -> Vec<Value> {
    let event = object.view::<Event>();
    let since = |at: Option<Time>| {
        at.map_or_else(|| "<unknown>".to_owned(), |at| human::duration(now - at))
    };
    let first = since(event.first_timestamp.or(event.event_time));
    let (last, count) = match (&event.series, event.last_timestamp) {
        (Some(series), _) => (since(series.last_observed_time), series.count),
        (None, Some(at)) => (since(Some(at)), event.count.max(1)),
        (None, None) => (first.clone(), event.count.max(1)),
    };
    let about = &event.involved_object;
    let kind = about.kind.to_lowercase();
    let target = if about.name.is_empty() { kind } else { format!("{kind}/{}", about.name) };
    vec![
        last.into(),
        event.kind.clone().into(),
        event.reason.clone().into(),
        target.into(),
        about.field_path.clone().into(),
        source(&event).into(),
        event.message.trim().into(),
        first.into(),
        i64::from(count).into(),
        object.name().into(),
    ]
}

/// Upstream: formatEventSource.
fn source(event: &Event) -> String {
    let first = |a: &str, b: &str| if a.is_empty() { b } else { a }.to_owned();
    let component = first(&event.source.component, &event.reporting_component);
    let instance = first(&event.source.host, &event.reporting_instance);
    if instance.is_empty() { component } else { format!("{component}, {instance}") }
}
