//! PersistentVolume.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::endpoints::ObjectReference;
use crate::api::kinds::pod::{HostPathVolumeSource, NodeSelector};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::pod_defaults::{default_empty, resource_list, within};
use crate::api::rules::{
    claim, internal, meta, resources, scheduling, strategy, volumes, warnings,
};
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::value;
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
    rules: Rules { default, prepare_create, prepare_update, validate, validate_update, warnings },
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
        capacity: OrdMap<Str, Str> = "capacity",
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

/// Upstream: pkg/registry/core/persistentvolume/strategy.go, PrepareForCreate.
fn prepare_create(volume: &mut Value) {
    let created = volume.at(&["metadata", "creationTimestamp"]).clone();
    volume.set("status", value!({"phase": "Pending", "lastPhaseTransitionTime": created}));
}

fn prepare_update(new: &mut Value, old: &Value) {
    strategy::keep_status(new, old);
}

const SPEC: Path<'static> = Path::new("spec");
/// The sources that upstream checks in this order; those without a name here are counted only.
const SOURCES: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Upstream: pkg/apis/core/validation/validation.go, ValidatePersistentVolume.
fn validate(volume: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    check(volume, &mut faults);
    faults.causes
}

fn check(volume: &Value, faults: &mut Faults) {
    meta::validate(volume, meta::Scope::Cluster, names::dns_subdomain, faults);
    let spec = volume.get("spec");
    let modes = SPEC.child("accessModes");
    if spec.get("accessModes").as_array().is_empty() {
        faults.required(modes, "");
    }
    claim::access_modes(spec.get("accessModes"), modes, faults);
    capacity(spec.get("capacity"), SPEC.child("capacity"), faults);
    let policy = spec.get("persistentVolumeReclaimPolicy");
    let known = &["Delete", "Recycle", "Retain"];
    if !policy.is_empty() && !known.contains(&policy.text()) {
        faults.not_supported(SPEC.child("persistentVolumeReclaimPolicy"), policy, known);
    }
    let affinity = spec.get("nodeAffinity");
    if !affinity.is_null() {
        let path = SPEC.child("nodeAffinity");
        if affinity.get("required").is_null() {
            faults.required(path.child("required"), "must specify required node constraints");
        } else {
            scheduling::node_selector(affinity.get("required"), path.child("required"), faults);
        }
    }
    sources(spec, faults);
    let root = spec.at(&["hostPath", "path"]).text();
    if !root.is_empty() && root.trim_matches('/').is_empty() && policy.text() == "Recycle" {
        faults.forbidden(
            SPEC.child("persistentVolumeReclaimPolicy"),
            "may not be 'recycle' for a hostPath mount of '/'",
        );
    }
    claim::class_name(spec.get("storageClassName"), SPEC.child("storageClassName"), faults);
    claim::volume_mode(spec.get("volumeMode"), SPEC.child("volumeMode"), faults);
    let class = spec.get("volumeAttributesClassName");
    if !class.is_null() {
        let path = SPEC.child("volumeAttributesClassName");
        if class.is_empty() {
            faults.required(path, "an empty string is disallowed");
        }
        claim::class_name(class, path, faults);
        if spec.get("csi").is_null() {
            faults.required(
                SPEC.child("csi"),
                "has to be specified when using volumeAttributesClassName",
            );
        }
    }
}

fn capacity(capacity: &Value, path: Path<'_>, faults: &mut Faults) {
    let count = capacity.entries().count();
    if count == 0 {
        faults.required(path, "");
    }
    if capacity.get("storage").is_null() || count > 1 {
        faults.not_supported(path, capacity, &["storage"]);
    }
    for (name, amount) in capacity.entries() {
        resources::positive(amount, path.key(name), faults);
    }
}

fn sources(spec: &Value, faults: &mut Faults) {
    let mut found = false;
    for name in SOURCES {
        let source = spec.get(name);
        if source.is_null() {
            continue;
        }
        let path = SPEC.child(name);
        if found {
            faults.forbidden(path, "may not specify more than 1 volume type");
            continue;
        }
        found = true;
        match *name {
            "hostPath" => volumes::host_path(source, path, faults),
            "nfs" => volumes::nfs(source, path, faults),
            "local" => {
                if source.get("path").is_empty() {
                    faults.required(path.child("path"), "");
                } else {
                    volumes::no_backsteps(source.get("path"), path.child("path"), faults);
                }
                if spec.get("nodeAffinity").is_null() {
                    faults.required(
                        SPEC.child("nodeAffinity"),
                        "Local volume requires node affinity",
                    );
                }
            }
            "csi" => {
                for key in ["driver", "volumeHandle"] {
                    if source.get(key).is_empty() {
                        faults.required(path.child(key), "");
                    }
                }
            }
            _ => {}
        }
    }
    if !found {
        faults.required(SPEC, "must specify a volume type");
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    // As upstream's strategy: the checks of a new object, then what may not change.
    check(new, &mut faults);
    let (now, before) = (new.get("spec"), old.get("spec"));
    if !SOURCES.iter().all(|key| same(now.get(key), before.get(key))) {
        let diff = internal::diff("PersistentVolumeSource", before, now);
        faults.forbidden(
            SPEC.child("persistentvolumesource"),
            format!("spec.persistentvolumesource is immutable after creation\n{diff}"),
        );
    }
    faults.immutable(Path::new("volumeMode"), now.get("volumeMode"), before.get("volumeMode"));
    if !before.get("nodeAffinity").is_null()
        && !same(now.get("nodeAffinity"), before.get("nodeAffinity"))
    {
        faults.invalid_as(
            Path::new("nodeAffinity"),
            internal::json("VolumeNodeAffinity", now.get("nodeAffinity")),
            "field is immutable, except for updating from beta label to GA",
        );
    }
    faults.causes
}

fn warnings(volume: &Value, _old: Option<&Value>) -> Vec<String> {
    warnings::volume(volume)
}
