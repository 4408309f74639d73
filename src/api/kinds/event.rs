//! Event.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::endpoints::ObjectReference;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::meta;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
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
    rules: Rules { validate, validate_update, ..Rules::NONE },
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

/// Upstream: pkg/apis/core/validation/events.go, legacyValidateEvent.
/// Simplified: that the involved object's scope fits the namespace is all that is checked.
fn validate(event: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(event, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    let own = event.at(&["metadata", "namespace"]).text();
    let namespace = event.at(&["involvedObject", "namespace"]).text();
    let object = Path::new("involvedObject");
    let fits =
        if namespace.is_empty() { own == "default" || own.is_empty() } else { own == namespace };
    if !fits {
        faults.invalid(
            object.child("namespace"),
            &Value::from(namespace),
            "does not match event.namespace",
        );
    }
    faults.causes
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    meta::only_update(new, old)
}
