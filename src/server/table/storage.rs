//! Claims, volumes and classes as tables.
//! Upstream: pkg/printers/internalversion/printers.go, printPersistentVolumeClaim, printPersistentVolume, printStorageClass.

use crate::api::Object;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{AGE, Column, NAME, Printer, age, text, wide};

/// The printer of PersistentVolumeClaims.
pub static CLAIM_PRINTER: Printer =
    Printer { columns: CLAIM_COLUMNS, cells: claim_cells, condition: |_| None };

/// The printer of PersistentVolumes.
pub static VOLUME_PRINTER: Printer =
    Printer { columns: VOLUME_COLUMNS, cells: volume_cells, condition: |_| None };

/// The printer of StorageClasses.
pub static CLASS_PRINTER: Printer =
    Printer { columns: CLASS_COLUMNS, cells: class_cells, condition: |_| None };

const CLAIM_COLUMNS: &[Column] = &[
    NAME,
    text("Status"),
    text("Volume"),
    text("Capacity"),
    text("Access Modes"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    AGE,
    wide("VolumeMode"),
];

const VOLUME_COLUMNS: &[Column] = &[
    NAME,
    text("Capacity"),
    text("Access Modes"),
    text("Reclaim Policy"),
    text("Status"),
    text("Claim"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    text("Reason"),
    AGE,
    wide("VolumeMode"),
];

const CLASS_COLUMNS: &[Column] = &[
    NAME,
    text("Provisioner"),
    text("ReclaimPolicy"),
    text("VolumeBindingMode"),
    text("AllowVolumeExpansion"),
    AGE,
];

/// Where a class was named before it had a field.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// Marks the default class. Upstream: pkg/apis/storage/util/helpers.go, IsDefaultAnnotation.
const DEFAULT_MARKS: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

fn phase(object: &Object) -> &str {
    if object.is_deleting() { "Terminating" } else { object.at(&["status", "phase"]).text() }
}

fn spec_or<'a>(object: &'a Object, field: &str, otherwise: &'a str) -> &'a str {
    object.at(&["spec", field]).as_str().unwrap_or(otherwise)
}

fn class(object: &Object) -> &str {
    object.annotation(OLD_CLASS).unwrap_or_else(|| object.at(&["spec", "storageClassName"]).text())
}

/// `RWO,RWX`. Upstream: pkg/apis/core/v1/helper/helpers.go, GetAccessModesAsString.
pub fn access_modes(modes: &Value) -> String {
    const SHORT: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |mode: &str| modes.as_array().iter().any(|m| m.text() == mode);
    let short: Vec<&str> =
        SHORT.iter().filter(|(mode, _)| has(mode)).map(|(_, short)| *short).collect();
    short.join(",")
}

/// A quantity's text; an absent one prints as zero.
fn quantity(value: &Value) -> &str {
    value.as_str().unwrap_or("0")
}

fn claim_cells(object: &Object, now: Time) -> Vec<Value> {
    let volume = object.at(&["spec", "volumeName"]).text();
    let (mut capacity, mut modes) = ("", String::new());
    if !volume.is_empty() {
        capacity = quantity(object.at(&["status", "capacity", "storage"]));
        modes = access_modes(object.at(&["status", "accessModes"]));
    }
    vec![
        object.name().into(),
        phase(object).into(),
        volume.into(),
        capacity.into(),
        modes.into(),
        class(object).into(),
        spec_or(object, "volumeAttributesClassName", "<unset>").into(),
        age(object, now),
        spec_or(object, "volumeMode", "<unset>").into(),
    ]
}

fn volume_cells(object: &Object, now: Time) -> Vec<Value> {
    let claim = object.at(&["spec", "claimRef"]);
    let claim = if claim.is_null() {
        String::new()
    } else {
        format!("{}/{}", claim.get("namespace").text(), claim.get("name").text())
    };
    vec![
        object.name().into(),
        quantity(object.at(&["spec", "capacity", "storage"])).into(),
        access_modes(object.at(&["spec", "accessModes"])).into(),
        object.at(&["spec", "persistentVolumeReclaimPolicy"]).text().into(),
        phase(object).into(),
        claim.into(),
        class(object).into(),
        spec_or(object, "volumeAttributesClassName", "<unset>").into(),
        object.at(&["status", "reason"]).text().into(),
        age(object, now),
        spec_or(object, "volumeMode", "<unset>").into(),
    ]
}

fn class_cells(object: &Object, now: Time) -> Vec<Value> {
    let is_default = DEFAULT_MARKS.iter().any(|mark| object.annotation(mark) == Some("true"));
    let name =
        if is_default { format!("{} (default)", object.name()) } else { object.name().to_string() };
    vec![
        name.into(),
        object.get("provisioner").text().into(),
        object.get("reclaimPolicy").as_str().unwrap_or("Delete").into(),
        object.get("volumeBindingMode").as_str().unwrap_or("Immediate").into(),
        object.get("allowVolumeExpansion").is_true().into(),
        age(object, now),
    ]
}
