//! Checks that workloads share.
//!
//! Upstream: pkg/apis/apps/validation/validation.go.

use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::{meta, pod as rules, warnings};
use crate::api::selector::LabelSelector;
use crate::base::value::Value;
use crate::base::view::FromValue;

/// Checks a number or percentage. Upstream: ValidatePositiveIntOrPercent.
pub fn int_or_percent(value: &Value, path: Path<'_>, faults: &mut Faults) {
    match value.as_str() {
        Some(text) => faults.all_invalid(path, text, names::percent(text)),
        None => faults.non_negative(path, value),
    }
}

fn percent(value: &Value) -> Option<i64> {
    let text = value.as_str().filter(|text| names::percent(text).is_empty())?;
    Some(text.trim_end_matches('%').parse().unwrap_or(i64::MAX))
}

/// The number in a number or percentage; 0 for text that is neither. Upstream: getIntOrPercentValue.
pub fn amount(value: &Value) -> i64 {
    let plain = || value.as_str().map_or(value.as_i64(), |text| text.parse().ok());
    percent(value).or_else(plain).unwrap_or(0)
}

/// Checks that a percentage is not above a hundred. Upstream: IsNotMoreThan100Percent.
pub fn at_most_all(value: &Value, path: Path<'_>, faults: &mut Faults) {
    if percent(value).is_some_and(|n| n > 100) {
        faults.invalid(path, value, "must not be greater than 100%");
    }
}

/// Whether a stored selector matches labels; an absent one matches nothing. `None` when it cannot be read.
pub fn selects(selector: &Value, labels: &Value) -> Option<bool> {
    if selector.is_null() {
        return Some(false);
    }
    LabelSelector::from_value(selector).compile().ok().map(|compiled| compiled.matches(labels))
}

/// Whether a selector is there and asks for nothing.
pub fn is_empty_selector(selector: &Value) -> bool {
    !selector.is_null()
        && selector.get("matchLabels").is_empty()
        && selector.get("matchExpressions").is_empty()
}

/// Checks that a selector stays as it was.
pub fn immutable_selector(new: &Value, old: &Value, path: Path<'_>, faults: &mut Faults) {
    if !same(new, old) {
        let text = if new.is_null() { "null".to_owned() } else { meta::selector_text(new) };
        faults.invalid_as(path, text, "field is immutable");
    }
}

/// Checks the selector and the template of a Deployment or ReplicaSet.
/// Upstream: ValidateReplicaSetSpec, ValidateDeploymentSpec and ValidatePodTemplateSpecForReplicaSet.
pub fn selector_and_template(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let selector = spec.get("selector");
    let own = path.child("selector");
    if selector.is_null() {
        faults.required(own, "");
    } else {
        meta::label_selector(selector, own, faults);
        if is_empty_selector(selector) {
            let text = meta::selector_text(selector);
            faults.invalid_as(own, text, "empty selector is invalid for deployment");
        }
    }
    let template = spec.get("template");
    let labels = template.at(&["metadata", "labels"]);
    let at = path.child("template");
    match selects(selector, labels) {
        None => {
            faults.invalid_as(own, meta::selector_text(selector), "invalid label selector");
            return;
        }
        Some(false) => {
            let meta = at.child("metadata");
            faults.invalid(
                meta.child("labels"),
                labels,
                "`selector` does not match template `labels`",
            );
        }
        Some(true) => {}
    }
    rules::template(template, at, faults);
    runs_forever(template, at, "ReplicaSet", faults);
}

/// Checks that a template's pods are restarted for ever.
pub fn runs_forever(template: &Value, path: Path<'_>, kind: &str, faults: &mut Faults) {
    let pod = template.get("spec");
    let own = path.child("spec");
    let policy = pod.get("restartPolicy");
    if policy.text() != "Always" {
        faults.not_supported(own.child("restartPolicy"), policy, &["Always"]);
    }
    if !pod.get("activeDeadlineSeconds").is_null() {
        faults.forbidden(
            own.child("activeDeadlineSeconds"),
            format!("activeDeadlineSeconds in {kind} is not Supported"),
        );
    }
}

/// A recommendation about the name of a workload, whose pods are named after it.
pub fn name_warning(object: &Value) -> Option<String> {
    let wrong = names::dns_label(object.at(&["metadata", "name"]).text());
    (!wrong.is_empty()).then(|| {
        format!("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]", wrong.join(" "))
    })
}

/// Whether the generation is another one than before.
pub fn is_new_generation(new: &Value, old: Option<&Value>) -> bool {
    let generation = |object: &Value| object.at(&["metadata", "generation"]).as_i64();
    old.is_none_or(|old| generation(old) != generation(new))
}

/// Warnings of a template at `spec.template`.
pub fn template_warnings(object: &Value) -> Vec<String> {
    let spec = Path::new("spec");
    let template = spec.child("template");
    warnings::pod_spec(object.at(&["spec", "template", "spec"]), template.child("spec"))
}

/// Warnings of a Deployment or ReplicaSet.
/// Upstream: pkg/registry/apps/{deployment,replicaset}/strategy.go, WarningsOnCreate and WarningsOnUpdate.
pub fn warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let mut all = Vec::new();
    if old.is_none() {
        all.extend(name_warning(object));
    }
    if is_new_generation(object, old) {
        all.extend(template_warnings(object));
    }
    all
}
