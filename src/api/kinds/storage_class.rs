//! StorageClass.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::meta;
use crate::api::status::Cause;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static STORAGE_CLASS: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    name: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short: &["sc"],
    namespaced: false,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules { default, validate, validate_update, ..Rules::NONE },
};

view! {
    /// A way of making volumes.
    pub struct StorageClass {
        meta: Meta = "metadata",
        provisioner: Str = "provisioner",
        parameters: OrdMap<Str, Str> = "parameters",
        reclaim_policy: Option<Str> = "reclaimPolicy",
        mount_options: Vec<Str> = "mountOptions",
        allow_volume_expansion: Option<bool> = "allowVolumeExpansion",
        volume_binding_mode: Option<Str> = "volumeBindingMode",
        allowed_topologies: Vec<TopologySelectorTerm> = "allowedTopologies",
    }

    /// Places in which volumes may be made.
    pub struct TopologySelectorTerm {
        match_label_expressions: Vec<TopologySelectorLabelRequirement> = "matchLabelExpressions",
    }

    /// One requirement on a node's labels.
    pub struct TopologySelectorLabelRequirement {
        key: Str = "key",
        values: Vec<Str> = "values",
    }
}

/// Upstream: pkg/apis/storage/v1/defaults.go, SetDefaults_StorageClass.
fn default(class: &mut Value) {
    class.default_to("reclaimPolicy", "Delete");
    class.default_to("volumeBindingMode", "Immediate");
}

const PARAMETERS_MAX: usize = 512;
const PARAMETERS_SIZE_MAX: usize = 256 * 1024;
const BINDING_MODES: &[&str] = &["Immediate", "WaitForFirstConsumer"];

/// Upstream: pkg/apis/storage/validation/validation.go, ValidateStorageClass.
fn validate(class: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(class, meta::Scope::Cluster, names::dns_subdomain, &mut faults);
    let provisioner = class.get("provisioner").text();
    let path = Path::new("provisioner");
    if provisioner.is_empty() {
        faults.required(path, "");
    } else {
        faults.all_invalid(path, provisioner, names::label_key(&provisioner.to_lowercase()));
    }
    parameters(class.get("parameters"), Path::new("parameters"), &mut faults);
    let policy = class.get("reclaimPolicy");
    if !policy.is_empty() && !["Delete", "Retain"].contains(&policy.text()) {
        faults.not_supported(Path::new("reclaimPolicy"), policy, &["Delete", "Retain"]);
    }
    let mode = class.get("volumeBindingMode");
    let path = Path::new("volumeBindingMode");
    if mode.is_null() {
        faults.required(path, "");
    } else if !BINDING_MODES.contains(&mode.text()) {
        faults.not_supported(path, mode, BINDING_MODES);
    }
    topologies(class.get("allowedTopologies"), Path::new("allowedTopologies"), &mut faults);
    faults.causes
}

fn parameters(parameters: &Value, path: Path<'_>, faults: &mut Faults) {
    if parameters.entries().count() > PARAMETERS_MAX {
        faults.too_long(path, PARAMETERS_MAX);
        return;
    }
    let mut size = 0;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            faults.invalid(path, &Value::from(""), "field can not be empty.");
        }
        size += key.len() + value.text().len();
    }
    if size > PARAMETERS_SIZE_MAX {
        faults.too_long(path, PARAMETERS_SIZE_MAX);
    }
}

fn topologies(topologies: &Value, path: Path<'_>, faults: &mut Faults) {
    for (at, term) in topologies.as_array().iter().enumerate() {
        let own = path.index(at);
        let list = own.child("matchLabelExpressions");
        let expressions = term.get("matchLabelExpressions").as_array();
        for (at, one) in expressions.iter().enumerate() {
            let own = list.index(at);
            let values = one.get("values").as_array();
            if values.is_empty() {
                faults.required(own.child("values"), "");
            }
            let list = own.child("values");
            for (at, value) in values.iter().enumerate() {
                if values[..at].contains(value) {
                    faults.duplicate(list.index(at), value);
                }
            }
            let key = one.get("key");
            faults.all_invalid(own.child("key"), key.text(), names::label_key(key.text()));
            if expressions[..at].iter().any(|e| e.get("key") == key) {
                faults.duplicate(own.child("key"), key);
            }
        }
    }
}

/// Upstream: pkg/apis/storage/validation/validation.go, ValidateStorageClassUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    for key in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
        faults.immutable(Path::new(key), new.get(key), old.get(key));
    }
    faults.causes
}
