//! StatefulSet.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static STATEFUL_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short: &["sts"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
