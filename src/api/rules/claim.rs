//! Checks of claims on storage.
//!
//! Upstream: pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimUpdate).

use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::resources::{self, quantity};
use crate::api::rules::{internal, meta};
use crate::base::value::Value;

/// The ways in which a volume can be used, sorted.
pub const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// What a volume is to the pod, sorted.
pub const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

/// Checks the access modes of a claim or volume.
pub fn access_modes(modes: &Value, path: Path<'_>, faults: &mut Faults) {
    let (mut once_pod, mut other) = (false, false);
    for mode in modes.as_array() {
        let known = ACCESS_MODES.contains(&mode.text());
        if !known {
            faults.not_supported(path, mode, ACCESS_MODES);
        }
        once_pod |= mode.text() == "ReadWriteOncePod";
        other |= known && mode.text() != "ReadWriteOncePod";
    }
    if once_pod && other {
        faults.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

/// Checks a claim's spec. Upstream: ValidatePersistentVolumeClaimSpec.
pub fn spec(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    if spec.get("accessModes").as_array().is_empty() {
        faults.required(path.child("accessModes"), "at least 1 access mode is required");
    }
    meta::label_selector(spec.get("selector"), path.child("selector"), faults);
    access_modes(spec.get("accessModes"), path.child("accessModes"), faults);
    let list = path.child("resources");
    let storage_path = list.key("storage");
    let storage = spec.at(&["resources", "requests", "storage"]);
    if storage.is_null() {
        faults.required(storage_path, "");
    } else {
        resources::positive(storage, storage_path, faults);
    }
    class_name(spec.get("storageClassName"), path.child("storageClassName"), faults);
    volume_mode(spec.get("volumeMode"), path.child("volumeMode"), faults);
    for key in ["dataSource", "dataSourceRef"] {
        data_source(spec.get(key), path.child(key), faults);
    }
    let class = spec.get("volumeAttributesClassName");
    class_name(class, path.child("volumeAttributesClassName"), faults);
}

/// Checks the name of a class, when one is given.
pub fn class_name(name: &Value, path: Path<'_>, faults: &mut Faults) {
    if !name.text().is_empty() {
        faults.all_invalid(path, name.text(), names::dns_subdomain(name.text()));
    }
}

/// Checks what a volume is to the pod, when it is said.
pub fn volume_mode(mode: &Value, path: Path<'_>, faults: &mut Faults) {
    if !mode.is_null() && !VOLUME_MODES.contains(&mode.text()) {
        faults.not_supported(path, mode, VOLUME_MODES);
    }
}

fn data_source(source: &Value, path: Path<'_>, faults: &mut Faults) {
    if source.is_null() {
        return;
    }
    for key in ["name", "kind"] {
        if source.get(key).text().is_empty() {
            faults.required(path.child(key), "");
        }
    }
    let (group, kind) = (source.get("apiGroup").text(), source.get("kind"));
    if group.is_empty() && kind.text() != "PersistentVolumeClaim" {
        faults.invalid(
            path,
            &Value::from(kind.text()),
            "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        );
    }
    if !group.is_empty() {
        faults.all_invalid(path.child("apiGroup"), group, names::dns_subdomain(group));
    }
}

const SPEC: Path<'static> = Path::new("spec");

/// Checks what may change of a claim. Upstream: ValidatePersistentVolumeClaimUpdate.
/// Simplified: the beta annotation for storage classes is not looked at.
pub fn update(new: &Value, old: &Value, faults: &mut Faults) {
    let (mut now, mut before) = (new.get("spec").clone(), old.get("spec").clone());
    if before.get("volumeName").is_empty() {
        keep(&mut before, &now, "volumeName");
    }
    let class_set =
        before.get("storageClassName").is_null() && !now.get("storageClassName").is_null();
    if class_set {
        now.remove("storageClassName");
    }
    if new.at(&["status", "phase"]).text() == "Bound" {
        let storage = before.at(&["resources", "requests", "storage"]).clone();
        now.set_at(&["resources", "requests", "storage"], storage);
        keep(&mut now, &before, "volumeAttributesClassName");
    }
    if !same(&now, &before) {
        let diff = internal::diff("PersistentVolumeClaimSpec", &before, &now);
        faults.forbidden(SPEC, format!("spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{diff}"));
    }
    let size = |claim: &Value| quantity(claim.at(&["spec", "resources", "requests", "storage"]));
    let has = quantity(old.at(&["status", "capacity", "storage"]));
    if size(new) < size(old) && size(new) <= has {
        let (resources, requests) = (SPEC.child("resources"), "requests");
        let requests = resources.child(requests);
        faults.forbidden(requests.child("storage"), "field can not be less than status.capacity");
    }
    faults.immutable(
        Path::new("volumeMode"),
        new.at(&["spec", "volumeMode"]),
        old.at(&["spec", "volumeMode"]),
    );
}

fn keep(into: &mut Value, from: &Value, key: &str) {
    match from.get(key) {
        Value::Null => {
            into.remove(key);
        }
        value => into.set(key, value.clone()),
    }
}
