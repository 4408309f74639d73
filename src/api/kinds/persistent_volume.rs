//! PersistentVolume.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::endpoints::ObjectReference;
use crate::api::kinds::pod::{HostPathVolumeSource, NodeSelector};
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::{default_empty, resource_list, within};
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static PERSISTENT_VOLUME: Kind = Kind {
    group: "",
    version: "v1",
    name: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short: &["pv"],
    namespaced: false,
    categories: &[],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules { default, ..Rules::NONE },
};

view! {
    /// A piece of storage.
    pub struct PersistentVolume {
        meta: Meta = "metadata",
        spec: PersistentVolumeSpec = "spec",
        status: PersistentVolumeStatus = "status",
    }

    /// What it is and whom it serves.
    pub struct PersistentVolumeSpec {
        capacity: BTreeMap<Str, Str> = "capacity",
        access_modes: Vec<Str> = "accessModes",
        claim_ref: Option<ObjectReference> = "claimRef",
        persistent_volume_reclaim_policy: Str = "persistentVolumeReclaimPolicy",
        storage_class_name: Str = "storageClassName",
        mount_options: Vec<Str> = "mountOptions",
        volume_mode: Option<Str> = "volumeMode",
        node_affinity: VolumeNodeAffinity = "nodeAffinity",
        volume_attributes_class_name: Option<Str> = "volumeAttributesClassName",
        host_path: Option<HostPathVolumeSource> = "hostPath",
        local: Option<LocalVolumeSource> = "local",
        nfs: Option<NfsVolumeSource> = "nfs",
        csi: Option<Value> = "csi",
    }

    /// The nodes from which it can be reached.
    pub struct VolumeNodeAffinity {
        required: Option<NodeSelector> = "required",
    }

    /// A disk of one node.
    pub struct LocalVolumeSource {
        path: Str = "path",
        fs_type: Option<Str> = "fsType",
    }

    /// A directory of a file server.
    pub struct NfsVolumeSource {
        server: Str = "server",
        path: Str = "path",
        read_only: bool = "readOnly",
    }

    /// Where it stands.
    pub struct PersistentVolumeStatus {
        phase: Str = "phase",
        message: Str = "message",
        reason: Str = "reason",
        last_phase_transition_time: Option<Time> = "lastPhaseTransitionTime",
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_PersistentVolume.
fn default(volume: &mut Value) {
    default_empty(volume.entry("status"), "phase", "Pending");
    let spec = volume.entry("spec");
    default_empty(spec, "persistentVolumeReclaimPolicy", "Retain");
    spec.default_to("volumeMode", "Filesystem");
    resource_list(spec, "capacity");
    within(spec, "hostPath", |path| path.default_to("type", ""));
    within(spec, "iscsi", |iscsi| default_empty(iscsi, "iscsiInterface", "default"));
    within(spec, "rbd", |rbd| {
        default_empty(rbd, "pool", "rbd");
        default_empty(rbd, "user", "admin");
        default_empty(rbd, "keyring", "/etc/ceph/keyring");
    });
}
