//! Checks of what a pod says about where it wants to run: affinity, tolerations, spreading.
//!
//! Upstream: pkg/apis/core/validation/validation.go.

use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::meta;
use crate::base::value::Value;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The effects of taints.
pub const TAINT_EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Checks affinity. Upstream: validateAffinity.
pub fn affinity(affinity: &Value, path: Path<'_>, faults: &mut Faults) {
    let node = affinity.get("nodeAffinity");
    let own = path.child("nodeAffinity");
    if !node.get(REQUIRED).is_null() {
        node_selector(node.get(REQUIRED), own.child(REQUIRED), faults);
    }
    let preferred = own.child(PREFERRED);
    for (at, term) in node.get(PREFERRED).as_array().iter().enumerate() {
        let path = preferred.index(at);
        weight(term, path, faults);
        node_term(term.get("preference"), true, path.child("preference"), faults);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let rules = affinity.get(kind);
        let own = path.child(kind);
        let required = own.child(REQUIRED);
        for (at, term) in rules.get(REQUIRED).as_array().iter().enumerate() {
            pod_term(term, required.index(at), faults);
        }
        let preferred = own.child(PREFERRED);
        for (at, term) in rules.get(PREFERRED).as_array().iter().enumerate() {
            let path = preferred.index(at);
            weight(term, path, faults);
            pod_term(term.get("podAffinityTerm"), path.child("podAffinityTerm"), faults);
        }
    }
}

fn weight(term: &Value, path: Path<'_>, faults: &mut Faults) {
    let weight = term.get("weight").as_i64().unwrap_or(0);
    if !(1..=100).contains(&weight) {
        faults.invalid(path.child("weight"), &Value::from(weight), "must be in the range 1-100");
    }
}

/// Checks terms about nodes. Upstream: ValidateNodeSelector.
pub fn node_selector(selector: &Value, path: Path<'_>, faults: &mut Faults) {
    let list = path.child("nodeSelectorTerms");
    let terms = selector.get("nodeSelectorTerms").as_array();
    if terms.is_empty() {
        faults.required(list, "must have at least one node selector term");
    }
    for (at, term) in terms.iter().enumerate() {
        node_term(term, false, list.index(at), faults);
    }
}

fn node_term(term: &Value, any_value: bool, path: Path<'_>, faults: &mut Faults) {
    let list = path.child("matchExpressions");
    for (at, one) in term.get("matchExpressions").as_array().iter().enumerate() {
        node_requirement(one, any_value, list.index(at), faults);
    }
    let list = path.child("matchFields");
    for (at, one) in term.get("matchFields").as_array().iter().enumerate() {
        node_field(one, list.index(at), faults);
    }
}

fn node_requirement(one: &Value, any_value: bool, path: Path<'_>, faults: &mut Faults) {
    let values = one.get("values").as_array();
    let list = path.child("values");
    match one.get("operator").text() {
        "In" | "NotIn" => {
            if values.is_empty() {
                faults.required(list, "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                faults.forbidden(
                    list,
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                );
            }
        }
        "Gt" | "Lt" => {
            if values.len() != 1 {
                faults.required(
                    list,
                    "must be specified single value when `operator` is 'Lt' or 'Gt'",
                );
            }
        }
        other => faults.invalid(
            path.child("operator"),
            &Value::from(other),
            "not a valid selector operator",
        ),
    }
    let key = one.get("key").text();
    faults.all_invalid(path.child("key"), key, names::label_key(key));
    if !any_value {
        for (at, value) in values.iter().enumerate() {
            faults.all_invalid(list.index(at), value.text(), names::label_value(value.text()));
        }
    }
}

fn node_field(one: &Value, path: Path<'_>, faults: &mut Faults) {
    let values = one.get("values").as_array();
    let list = path.child("values");
    match one.get("operator").text() {
        "In" | "NotIn" => {
            if values.len() != 1 {
                faults.required(list, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
            }
        }
        other => faults.invalid(
            path.child("operator"),
            &Value::from(other),
            "not a valid selector operator",
        ),
    }
    if one.get("key").text() == "metadata.name" {
        for (at, value) in values.iter().enumerate() {
            faults.all_invalid(list.index(at), value.text(), names::dns_subdomain(value.text()));
        }
    } else {
        let key = Value::from(one.get("key").text());
        faults.invalid(path.child("key"), &key, "not a valid field selector key");
    }
}

fn pod_term(term: &Value, path: Path<'_>, faults: &mut Faults) {
    meta::label_selector(term.get("labelSelector"), path.child("labelSelector"), faults);
    meta::label_selector(term.get("namespaceSelector"), path.child("namespaceSelector"), faults);
    for name in term.get("namespaces").as_array() {
        faults.all_invalid(path.child("namespace"), name.text(), names::dns_label(name.text()));
    }
    label_keys(term, path, faults);
    let topology = term.get("topologyKey").text();
    if topology.is_empty() {
        faults.required(path.child("topologyKey"), "can not be empty");
    }
    faults.all_invalid(path.child("topologyKey"), topology, names::label_key(topology));
}

/// Upstream: ValidateMatchLabelKeysAndMismatchLabelKeys.
fn label_keys(term: &Value, path: Path<'_>, faults: &mut Faults) {
    let selector = term.get("labelSelector");
    for list in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = term.get(list).as_array();
        let path = path.child(list);
        if !keys.is_empty() && selector.is_null() {
            faults.forbidden(path, "must not be specified when labelSelector is not set");
            continue;
        }
        for (at, key) in keys.iter().enumerate() {
            faults.all_invalid(path.index(at), key.text(), names::label_key(key.text()));
        }
    }
    let keys = term.get("matchLabelKeys").as_array();
    let mut seen: Vec<&str> =
        selector.get("matchLabels").entries().map(|(k, _)| k.as_str()).collect();
    for expression in selector.get("matchExpressions").as_array() {
        let key = expression.get("key");
        let at = keys.iter().position(|k| k.text() == key.text());
        if let Some(at) = at
            && seen.contains(&key.text())
        {
            faults.invalid(path.index(at), key, "exists in both matchLabelKeys and labelSelector");
        }
        seen.push(key.text());
    }
    let list = path.child("matchLabelKeys");
    for (at, key) in keys.iter().enumerate() {
        if term.get("mismatchLabelKeys").as_array().contains(key) {
            faults.invalid(
                list.index(at),
                key,
                "exists in both matchLabelKeys and mismatchLabelKeys",
            );
        }
    }
}

/// Checks tolerations. Upstream: ValidateTolerations (the gate for comparing operators is off in 1.36).
pub fn tolerations(list: &Value, path: Path<'_>, faults: &mut Faults) {
    for (at, one) in list.as_array().iter().enumerate() {
        let path = path.index(at);
        let text = |key: &str| Value::from(one.get(key).text());
        let (key, operator) = (one.get("key").text(), one.get("operator").text());
        if !key.is_empty() {
            faults.all_invalid(path.child("key"), key, names::label_key(key));
        }
        if key.is_empty() && operator != "Exists" {
            faults.invalid(path.child("operator"), &text("operator"), "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }
        let effect = one.get("effect").text();
        if !one.get("tolerationSeconds").is_null() && effect != "NoExecute" {
            faults.invalid(
                path.child("effect"),
                &text("effect"),
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        match operator {
            "Equal" | "" => {
                let wrong = names::label_value(one.get("value").text());
                if !wrong.is_empty() {
                    faults.invalid(path.child("operator"), &text("value"), wrong.join(";"));
                }
            }
            "Exists" => {
                if !one.get("value").text().is_empty() {
                    faults.invalid(
                        path.child("operator"),
                        &text("value"),
                        "value must be empty when `operator` is 'Exists'",
                    );
                }
            }
            "Lt" | "Gt" => faults.not_supported(
                path.child("operator"),
                one.get("operator"),
                &["Equal", "Exists", "Lt", "Gt"],
            ),
            _ => faults.not_supported(
                path.child("operator"),
                one.get("operator"),
                &["Equal", "Exists"],
            ),
        }
        if !effect.is_empty() && !TAINT_EFFECTS.contains(&effect) {
            faults.not_supported(path.child("effect"), one.get("effect"), TAINT_EFFECTS);
        }
    }
}

const SPREAD_ACTIONS: &[&str] = &["DoNotSchedule", "ScheduleAnyway"];
const SPREAD_POLICIES: &[&str] = &["Honor", "Ignore"];

/// Checks constraints on spreading. Upstream: validateTopologySpreadConstraints.
pub fn topology_spread(list: &Value, path: Path<'_>, faults: &mut Faults) {
    let constraints = list.as_array();
    for (at, one) in constraints.iter().enumerate() {
        let path = path.index(at);
        faults.positive(path.child("maxSkew"), one.get("maxSkew"));
        let (key, action) = (one.get("topologyKey").text(), one.get("whenUnsatisfiable"));
        if key.is_empty() {
            faults.required(path.child("topologyKey"), "can not be empty");
        }
        if !SPREAD_ACTIONS.contains(&action.text()) {
            let value = Value::from(action.text());
            faults.not_supported(path.child("whenUnsatisfiable"), &value, SPREAD_ACTIONS);
        }
        let repeats = |other: &&Value| {
            other.get("topologyKey").text() == key && other.get("whenUnsatisfiable") == action
        };
        if constraints[at + 1..].iter().find(repeats).is_some() {
            let pair = Value::from(format!("{{{key}, {}}}", action.text()));
            faults.duplicate(path.child("{topologyKey, whenUnsatisfiable}"), &pair);
        }
        let domains = one.get("minDomains");
        if !domains.is_null() {
            faults.positive(path.child("minDomains"), domains);
            if action.text() != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
                    action.text()
                );
                faults.invalid(path.child("minDomains"), domains, detail);
            }
        }
        for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = one.get(key);
            if !policy.is_null() && !SPREAD_POLICIES.contains(&policy.text()) {
                faults.not_supported(path.child(key), policy, SPREAD_POLICIES);
            }
        }
        label_keys(one, path, faults);
        meta::label_selector(one.get("labelSelector"), path.child("labelSelector"), faults);
    }
}

/// Checks the taints of a node. Upstream: validateNodeTaints.
pub fn taints(list: &Value, path: Path<'_>, faults: &mut Faults) {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (at, taint) in list.as_array().iter().enumerate() {
        let path = path.index(at);
        let (key, effect) = (taint.get("key").text(), taint.get("effect").text());
        faults.all_invalid(path.child("key"), key, names::label_key(key));
        let wrong = names::label_value(taint.get("value").text());
        if !wrong.is_empty() {
            faults.invalid(path.child("value"), taint.get("value"), wrong.join(";"));
        }
        faults.one_of(path.child("effect"), taint.get("effect"), TAINT_EFFECTS);
        if seen.contains(&(key, effect)) {
            let value = taint.get("value").text();
            let printed = format!(
                "{{\"Key\":{key:?},\"Value\":{value:?},\"Effect\":{effect:?},\"TimeAdded\":null}}"
            );
            faults.duplicate(path, &Value::Null);
            if let Some(cause) = faults.causes.last_mut() {
                cause.value = printed;
                "taints must be unique by key and effect pair".clone_into(&mut cause.detail);
            }
            continue;
        }
        seen.push((key, effect));
    }
}
