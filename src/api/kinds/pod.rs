//! Pod.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static POD: Kind = Kind {
    group: "",
    version: "v1",
    name: "Pod",
    plural: "pods",
    singular: "pod",
    short: &["po"],
    namespaced: true,
    categories: &["all"],
    subresources: &[
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
        "status",
    ],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
