//! Event.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::endpoints::ObjectReference;
use crate::api::meta::Meta;
use crate::base::time::Time;
use crate::base::value::Str;
use crate::view;

/// The kind.
pub static EVENT: Kind = Kind {
    group: "",
    version: "v1",
    name: "Event",
    plural: "events",
    singular: "event",
    short: &["ev"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};

view! {
    /// A report of something that happened.
    pub struct Event {
        meta: Meta = "metadata",
        involved_object: ObjectReference = "involvedObject",
        reason: Str = "reason",
        message: Str = "message",
        source: EventSource = "source",
        first_timestamp: Option<Time> = "firstTimestamp",
        last_timestamp: Option<Time> = "lastTimestamp",
        count: i32 = "count",
        kind: Str = "type",
        event_time: Option<Time> = "eventTime",
        series: Option<EventSeries> = "series",
        action: Str = "action",
        related: Option<ObjectReference> = "related",
        reporting_component: Str = "reportingComponent",
        reporting_instance: Str = "reportingInstance",
    }

    /// Who reports.
    pub struct EventSource {
        component: Str = "component",
        host: Str = "host",
    }

    /// Repeats of it.
    pub struct EventSeries {
        count: i32 = "count",
        last_observed_time: Option<Time> = "lastObservedTime",
    }
}
