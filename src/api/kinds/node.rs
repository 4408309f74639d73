//! Node.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static NODE: Kind = Kind {
    group: "",
    version: "v1",
    name: "Node",
    plural: "nodes",
    singular: "node",
    short: &["no"],
    namespaced: false,
    categories: &[],
    subresources: &["proxy", "status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
