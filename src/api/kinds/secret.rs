//! Secret.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::meta;
use crate::api::rules::pod_defaults::default_empty;
use crate::api::status::Cause;
use crate::base::base64;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static SECRET: Kind = Kind {
    group: "",
    version: "v1",
    name: "Secret",
    plural: "secrets",
    singular: "secret",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules { default, validate, validate_update, ..Rules::NONE },
};

view! {
    /// Named bytes, base64.
    pub struct Secret {
        meta: Meta = "metadata",
        immutable: Option<bool> = "immutable",
        data: OrdMap<Str, Str> = "data",
        kind: Str = "type",
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Secret.
fn default(secret: &mut Value) {
    default_empty(secret, "type", "Opaque");
}

/// The most bytes that a Secret or ConfigMap may hold.
pub(crate) const MAX_SIZE: usize = 1024 * 1024;
const IMMUTABLE: &str = "field is immutable when `immutable` is set";
const REDACTED: &str = "<secret contents redacted>";

/// The number of bytes that base64 text stands for.
pub(crate) fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count().min(2)
}

/// What an immutable object keeps.
pub(crate) fn immutable(new: &Value, old: &Value, keys: &[&str], faults: &mut Faults) {
    if !old.get("immutable").is_true() {
        return;
    }
    if !new.get("immutable").is_true() {
        faults.forbidden(Path::new("immutable"), IMMUTABLE);
    }
    for key in keys {
        if !same(new.get(key), old.get(key)) {
            faults.forbidden(Path::new(key), IMMUTABLE);
        }
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateSecret.
fn validate(secret: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    check(secret, &mut faults);
    faults.causes
}

fn check(secret: &Value, faults: &mut Faults) {
    meta::validate(secret, meta::Scope::Namespaced, names::dns_subdomain, faults);
    let path = Path::new("data");
    let data = secret.get("data");
    let mut size = 0;
    for (key, value) in data.entries() {
        faults.all_invalid(path.key(key), key, names::config_key(key));
        size += decoded_len(value.text());
    }
    if size > MAX_SIZE {
        faults.too_long(path, MAX_SIZE);
    }
    let has = |key: &str| data.as_map().is_some_and(|map| map.contains_key(key));
    match secret.get("type").text() {
        "kubernetes.io/service-account-token" => {
            let key = "kubernetes.io/service-account.name";
            if secret.at(&["metadata", "annotations", key]).is_empty() {
                let meta = Path::new("metadata");
                faults.required(meta.child("annotations").key(key), "");
            }
        }
        "kubernetes.io/dockercfg" => docker_config(data, ".dockercfg", path, faults),
        "kubernetes.io/dockerconfigjson" => {
            docker_config(data, ".dockerconfigjson", path, faults);
        }
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            faults.required(path.key("username"), "");
            faults.required(path.key("password"), "");
        }
        "kubernetes.io/ssh-auth" if data.get("ssh-privatekey").is_empty() => {
            faults.required(path.key("ssh-privatekey"), "");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if !has(key) {
                    faults.required(path.key(key), "");
                }
            }
        }
        _ => {}
    }
}

fn docker_config(data: &Value, key: &str, path: Path<'_>, faults: &mut Faults) {
    let Some(text) = data.get(key).as_str() else {
        faults.required(path.key(key), "");
        return;
    };
    let bytes = base64::decode(text).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    if text.trim().is_empty() {
        faults.invalid(path.key(key), &Value::from(REDACTED), "unexpected end of JSON input");
    } else if let Err(error) = Value::from_json(&text) {
        faults.invalid(path.key(key), &Value::from(REDACTED), error);
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateSecretUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    faults.immutable(Path::new("type"), new.get("type"), old.get("type"));
    immutable(new, old, &["data"], &mut faults);
    check(new, &mut faults);
    faults.causes
}
