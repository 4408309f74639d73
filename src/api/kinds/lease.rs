//! Lease.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::base::time::Time;
use crate::base::value::Str;
use crate::view;

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

view! {
    /// A sign of life or of leadership.
    pub struct Lease {
        meta: Meta = "metadata",
        spec: LeaseSpec = "spec",
    }

    /// Who holds it, since when, for how long.
    pub struct LeaseSpec {
        holder_identity: Option<Str> = "holderIdentity",
        lease_duration_seconds: Option<i32> = "leaseDurationSeconds",
        acquire_time: Option<Time> = "acquireTime",
        renew_time: Option<Time> = "renewTime",
        lease_transitions: Option<i32> = "leaseTransitions",
    }
}
