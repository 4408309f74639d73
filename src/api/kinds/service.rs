//! Service.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static SERVICE: Kind = Kind {
    group: "",
    version: "v1",
    name: "Service",
    plural: "services",
    singular: "service",
    short: &["svc"],
    namespaced: true,
    categories: &["all"],
    subresources: &["proxy", "status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
