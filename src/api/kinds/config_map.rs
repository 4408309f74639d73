//! ConfigMap.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::secret;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::meta;
use crate::api::status::Cause;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static CONFIG_MAP: Kind = Kind {
    group: "",
    version: "v1",
    name: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules { validate, validate_update, ..Rules::NONE },
};

view! {
    /// Named texts. `binary_data` is base64.
    pub struct ConfigMap {
        meta: Meta = "metadata",
        immutable: Option<bool> = "immutable",
        data: OrdMap<Str, Str> = "data",
        binary_data: OrdMap<Str, Str> = "binaryData",
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateConfigMap.
fn validate(map: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    check(map, &mut faults);
    faults.causes
}

fn check(map: &Value, faults: &mut Faults) {
    meta::validate(map, meta::Scope::Namespaced, names::dns_subdomain, faults);
    let mut size = 0;
    for (key, value) in map.get("data").entries() {
        let path = Path::new("data");
        faults.all_invalid(path.key(key), key, names::config_key(key));
        if !map.get("binaryData").get(key).is_null() {
            faults.invalid(
                path.key(key),
                &Value::from(key),
                "duplicate of key present in binaryData",
            );
        }
        size += value.text().len();
    }
    for (key, value) in map.get("binaryData").entries() {
        faults.all_invalid(Path::new("binaryData").key(key), key, names::config_key(key));
        size += secret::decoded_len(value.text());
    }
    if size > secret::MAX_SIZE {
        faults.too_long(Path::new(""), secret::MAX_SIZE);
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateConfigMapUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    secret::immutable(new, old, &["data", "binaryData"], &mut faults);
    check(new, &mut faults);
    faults.causes
}
