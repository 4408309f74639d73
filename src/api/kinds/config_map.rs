//! ConfigMap.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static CONFIG_MAP: Kind = Kind {
    group: "",
    version: "v1",
    name: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
