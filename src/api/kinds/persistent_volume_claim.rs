//! PersistentVolumeClaim.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::ResourceRequirements;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::pod_defaults::{claim_spec, default_empty, resource_list};
use crate::api::rules::{claim as rules, meta, strategy, warnings};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::value;
use crate::view;

/// The kind.
pub static PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    group: "",
    version: "v1",
    name: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short: &["pvc"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules { default, prepare_create, prepare_update, validate, validate_update, warnings },
};

view! {
    /// A claim on storage.
    pub struct PersistentVolumeClaim {
        meta: Meta = "metadata",
        spec: PersistentVolumeClaimSpec = "spec",
        status: PersistentVolumeClaimStatus = "status",
    }

    /// What is asked for.
    pub struct PersistentVolumeClaimSpec {
        access_modes: Vec<Str> = "accessModes",
        selector: Option<LabelSelector> = "selector",
        resources: ResourceRequirements = "resources",
        volume_name: Str = "volumeName",
        storage_class_name: Option<Str> = "storageClassName",
        volume_mode: Option<Str> = "volumeMode",
        volume_attributes_class_name: Option<Str> = "volumeAttributesClassName",
    }

    /// What was given.
    pub struct PersistentVolumeClaimStatus {
        phase: Str = "phase",
        access_modes: Vec<Str> = "accessModes",
        capacity: OrdMap<Str, Str> = "capacity",
        conditions: Vec<PersistentVolumeClaimCondition> = "conditions",
    }

    /// Something that is true, false or unknown of the claim.
    pub struct PersistentVolumeClaimCondition {
        kind: Str = "type",
        status: Str = "status",
        last_probe_time: Option<Time> = "lastProbeTime",
        last_transition_time: Option<Time> = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_PersistentVolumeClaim.
fn default(claim: &mut Value) {
    default_empty(claim.entry("status"), "phase", "Pending");
    claim_spec(claim.entry("spec"));
    resource_list(claim.entry("status"), "capacity");
}

/// Upstream: pkg/registry/core/persistentvolumeclaim/strategy.go, PrepareForCreate.
fn prepare_create(claim: &mut Value) {
    claim.set("status", value!({"phase": "Pending"}));
    copy_data_source(claim.entry("spec"));
}

fn prepare_update(new: &mut Value, old: &Value) {
    strategy::keep_status(new, old);
    copy_data_source(new.entry("spec"));
}

/// The two ways of naming a source say the same. Upstream: NormalizeDataSources.
fn copy_data_source(spec: &mut Value) {
    for (from, to) in [("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")] {
        let source = spec.get(from).clone();
        let elsewhere = !source.get("namespace").is_empty();
        if !source.is_null() && !elsewhere && spec.get(to).is_null() {
            spec.set(to, source);
            return;
        }
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaim.
fn validate(claim: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    check(claim, &mut faults);
    faults.causes
}

fn check(claim: &Value, faults: &mut Faults) {
    meta::validate(claim, meta::Scope::Namespaced, names::dns_subdomain, faults);
    rules::spec(claim.get("spec"), Path::new("spec"), faults);
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    check(new, &mut faults);
    rules::update(new, old, &mut faults);
    faults.causes
}

fn warnings(claim: &Value, _old: Option<&Value>) -> Vec<String> {
    warnings::claim_spec(claim.get("spec"), Path::new("spec"))
}
