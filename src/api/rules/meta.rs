//! Checks of metadata, labels and selectors.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go and
//! pkg/apis/meta/v1/validation/validation.go.

use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::status::Cause;
use crate::base::sort::InOrder;
use crate::base::value::Value;

/// Total size of annotations that an object may carry, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

const META: Path<'static> = Path::new("metadata");

/// What the names of a kind may look like.
pub type NameRule = fn(&str) -> Vec<String>;

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scope {
    Namespaced,
    Cluster,
}

/// Checks the metadata of a new object. Upstream: ValidateObjectMeta.
pub fn validate(object: &Value, scope: Scope, rule: NameRule, faults: &mut Faults) {
    let meta = object.get("metadata");
    let generate = meta.get("generateName").text();
    if !generate.is_empty() {
        faults.all_invalid(
            META.child("generateName"),
            generate,
            rule(&names::mask_trailing_dash(generate)),
        );
    }
    let name = meta.get("name").text();
    if name.is_empty() {
        faults.required(META.child("name"), "name or generateName is required");
    } else {
        faults.all_invalid(META.child("name"), name, rule(name));
    }
    let namespace = meta.get("namespace").text();
    let path = META.child("namespace");
    match scope {
        Scope::Namespaced if namespace.is_empty() => faults.required(path, ""),
        Scope::Namespaced => faults.all_invalid(path, namespace, names::dns_label(namespace)),
        Scope::Cluster if !namespace.is_empty() => {
            faults.forbidden(path, "not allowed on this type");
        }
        Scope::Cluster => {}
    }
    faults.non_negative(META.child("generation"), meta.get("generation"));
    common(meta, faults);
    finalizers(meta, faults);
}

/// The faults of a new object of which only the metadata is checked.
pub fn only(object: &Value, scope: Scope, rule: NameRule) -> Vec<Cause> {
    let mut faults = Faults::new();
    validate(object, scope, rule, &mut faults);
    faults.causes
}

/// The faults of a changed object of which only the metadata is checked.
pub fn only_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    validate_update(new, old, &mut faults);
    faults.causes
}

fn common(meta: &Value, faults: &mut Faults) {
    labels(meta.get("labels"), META.child("labels"), faults);
    annotations(meta.get("annotations"), META.child("annotations"), faults);
    owner_references(meta.get("ownerReferences"), faults);
}

/// Checks a change of metadata. Upstream: ValidateObjectMetaUpdate.
pub fn validate_update(new: &Value, old: &Value, faults: &mut Faults) {
    let (new, old) = (new.get("metadata"), old.get("metadata"));
    if !old.get("deletionTimestamp").is_null() {
        let before = old.get("finalizers").as_array();
        let mut added: Vec<&str> =
            new.get("finalizers").as_array().iter().map(Value::text).collect();
        added.retain(|f| !before.iter().any(|b| b.text() == *f));
        added.order();
        added.dedup();
        if !added.is_empty() {
            let listed: Vec<String> = added.iter().map(|f| format!("{f:?}")).collect();
            faults.forbidden(
                META.child("finalizers"),
                format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                    listed.join(", ")
                ),
            );
        }
    }
    if new.get("resourceVersion").text().is_empty() {
        faults.invalid(
            META.child("resourceVersion"),
            &Value::from(""),
            "must be specified for an update",
        );
    }
    let generation = |meta: &Value| meta.get("generation").as_i64().unwrap_or(0);
    if generation(new) < generation(old) {
        faults.invalid(
            META.child("generation"),
            &Value::from(generation(new)),
            "must not be decremented",
        );
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        faults.immutable(META.child(field), new.get(field), old.get(field));
    }
    common(new, faults);
}

/// Checks labels, or a selector made of labels. Upstream: ValidateLabels.
pub fn labels(labels: &Value, path: Path<'_>, faults: &mut Faults) {
    for (key, value) in labels.entries() {
        faults.all_invalid(path, key, names::label_key(key));
        faults.all_invalid(path, value.text(), names::label_value(value.text()));
    }
}

/// Checks annotations. Upstream: ValidateAnnotations.
pub fn annotations(annotations: &Value, path: Path<'_>, faults: &mut Faults) {
    let mut size = 0;
    for (key, value) in annotations.entries() {
        faults.all_invalid(path, key, names::label_key(&key.to_lowercase()));
        size += key.len() + value.text().len();
    }
    if size > ANNOTATIONS_MAX {
        faults.too_long(path, ANNOTATIONS_MAX);
    }
}

fn owner_references(owners: &Value, faults: &mut Faults) {
    let path = META.child("ownerReferences");
    let mut controller: Option<String> = None;
    for owner in owners.as_array() {
        let part = |key: &str| owner.get(key).text();
        let version = part("apiVersion").rsplit('/').next().unwrap_or("");
        if version.is_empty() {
            faults.invalid(
                path.child("apiVersion"),
                &Value::from(part("apiVersion")),
                "version must not be empty",
            );
        }
        for key in ["kind", "name", "uid"] {
            if part(key).is_empty() {
                faults.invalid(path.child(key), &Value::from(""), "must not be empty");
            }
        }
        if part("apiVersion") == "v1" && part("kind") == "Event" {
            faults.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
        }
        if owner.get("controller").is_true() {
            let name = format!("{}/{}", part("kind"), part("name"));
            match &controller {
                Some(first) => faults.invalid(
                    path,
                    owners,
                    format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"),
                ),
                None => controller = Some(name),
            }
        }
    }
}

fn finalizers(meta: &Value, faults: &mut Faults) {
    let path = META.child("finalizers");
    let list = meta.get("finalizers");
    for finalizer in list.as_array() {
        faults.all_invalid(path, finalizer.text(), names::label_key(finalizer.text()));
    }
    let has = |name: &str| list.as_array().iter().any(|f| f.text() == name);
    if has("orphan") && has("foregroundDeletion") {
        faults.invalid(path, list, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/// Checks a label selector. Upstream: ValidateLabelSelector.
pub fn label_selector(selector: &Value, path: Path<'_>, faults: &mut Faults) {
    labels(selector.get("matchLabels"), path.child("matchLabels"), faults);
    let list = path.child("matchExpressions");
    for (at, expression) in selector.get("matchExpressions").as_array().iter().enumerate() {
        let path = list.index(at);
        let values = expression.get("values").as_array();
        match expression.get("operator").text() {
            "In" | "NotIn" => {
                if values.is_empty() {
                    faults.required(
                        path.child("values"),
                        "must be specified when `operator` is 'In' or 'NotIn'",
                    );
                }
            }
            "Exists" | "DoesNotExist" => {
                if !values.is_empty() {
                    faults.forbidden(
                        path.child("values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                    );
                }
            }
            other => faults.invalid(
                path.child("operator"),
                &Value::from(other),
                "not a valid selector operator",
            ),
        }
        let key = expression.get("key").text();
        faults.all_invalid(path.child("key"), key, names::label_key(key));
        let list = path.child("values");
        for (at, value) in values.iter().enumerate() {
            faults.all_invalid(list.index(at), value.text(), names::label_value(value.text()));
        }
    }
}

/// A label selector as Go prints it: labels before expressions.
pub fn selector_text(selector: &Value) -> String {
    let mut parts = Vec::new();
    let labels = selector.get("matchLabels");
    if !labels.is_empty() {
        parts.push(format!("\"matchLabels\":{}", labels.to_json()));
    }
    let expressions: Vec<String> = selector
        .get("matchExpressions")
        .as_array()
        .iter()
        .map(|e| {
            let text = |key: &str| Value::from(e.get(key).text()).to_json();
            let values = match e.get("values") {
                v if v.is_empty() => String::new(),
                v => format!(",\"values\":{}", v.to_json()),
            };
            format!("{{\"key\":{},\"operator\":{}{values}}}", text("key"), text("operator"))
        })
        .collect();
    if !expressions.is_empty() {
        parts.push(format!("\"matchExpressions\":[{}]", expressions.join(",")));
    }
    format!("{{{}}}", parts.join(","))
}
