//! Secret.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static SECRET: Kind = Kind {
    group: "",
    version: "v1",
    name: "Secret",
    plural: "secrets",
    singular: "secret",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
