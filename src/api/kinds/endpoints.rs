//! Endpoints.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static ENDPOINTS: Kind = Kind {
    group: "",
    version: "v1",
    name: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short: &["ep"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
