//! Event.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

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
