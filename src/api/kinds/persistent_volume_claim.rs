//! PersistentVolumeClaim.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::ResourceRequirements;
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::{claim_spec, default_empty, resource_list};
use crate::api::selector::LabelSelector;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
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
    rules: Rules { default, ..Rules::NONE },
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
        capacity: BTreeMap<Str, Str> = "capacity",
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
