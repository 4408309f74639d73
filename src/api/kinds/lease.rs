//! Lease.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static LEASE: Kind = Kind {
    group: "coordination.k8s.io",
    version: "v1",
    name: "Lease",
    plural: "leases",
    singular: "lease",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
