//! ControllerRevision.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::meta;
use crate::api::status::Cause;
use crate::base::value::Value;
use crate::view;

/// The kind.
pub static CONTROLLER_REVISION: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules { validate, validate_update, ..Rules::NONE },
};

view! {
    /// A state that a workload had.
    pub struct ControllerRevision {
        meta: Meta = "metadata",
        data: Value = "data",
        revision: i64 = "revision",
    }
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateControllerRevisionCreate.
fn validate(revision: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(revision, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    faults.non_negative(Path::new("revision"), revision.get("revision"));
    if revision.get("data").is_null() {
        faults.required(Path::new("data"), "data is mandatory");
    } else if revision.get("data").as_map().is_none() {
        faults.required(Path::new("data"), "data must be a valid JSON object");
    }
    faults.causes
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateControllerRevisionUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    meta::validate(new, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    faults.non_negative(Path::new("revision"), new.get("revision"));
    faults.immutable(Path::new("data"), new.get("data"), old.get("data"));
    faults.causes
}
