//! Namespace.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static NAMESPACE: Kind = Kind {
    group: "",
    version: "v1",
    name: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short: &["ns"],
    namespaced: false,
    categories: &[],
    subresources: &["finalize", "status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
