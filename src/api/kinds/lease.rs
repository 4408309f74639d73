//! Lease.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::meta;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
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
    rules: Rules { validate, validate_update, ..Rules::NONE },
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

/// Upstream: pkg/apis/coordination/validation/validation.go, ValidateLeaseSpec.
fn spec(spec: &Value, faults: &mut Faults) {
    let path = Path::new("spec");
    let duration = spec.get("leaseDurationSeconds");
    if duration.as_i64().is_some_and(|s| s <= 0) {
        faults.invalid(path.child("leaseDurationSeconds"), duration, "must be greater than 0");
    }
    faults.non_negative(path.child("leaseTransitions"), spec.get("leaseTransitions"));
}

fn validate(lease: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(lease, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    spec(lease.get("spec"), &mut faults);
    faults.causes
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    spec(new.get("spec"), &mut faults);
    faults.causes
}
