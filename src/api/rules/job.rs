//! Checks and defaults of Jobs and of the templates that make them.
//!
//! Upstream: pkg/apis/batch/validation/validation.go and pkg/apis/batch/v1/defaults.go.
//! Simplified: the indexes of success policies are only checked for their form.

use crate::api::kinds::job::{CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME};
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::{internal, meta, pod as rules, pod_defaults as defaults, workload};
use crate::base::value::Value;
use crate::value;

/// Defaults inside a Job's spec that the template of a CronJob gets too.
pub fn default_spec(spec: &mut Value) {
    defaults::pod_template(spec.entry("template"));
    defaults::within(spec, "podFailurePolicy", |policy| {
        defaults::each(policy, "rules", |rule| {
            defaults::each(rule, "onPodConditions", |pattern| {
                defaults::default_empty(pattern, "status", "True");
            });
        });
    });
}

const MOST_INDEXED_PARALLELISM: i64 = 100_000;
const MOST_FAILED_INDEXES: i64 = 100_000;
const MANY_COMPLETIONS: i64 = 100_000;
const MOST_FOR_MANY: i64 = 10_000;
const MANAGED_BY_MAX: usize = 63;

/// Checks a Job apart from its metadata. Upstream: ValidateJob.
pub fn job(job: &Value, faults: &mut Faults) {
    generated_selector(job, faults);
    let own = job.get("spec");
    let path = Path::new("spec");
    spec(own, path, faults);
    let (selector, template) = (own.get("selector"), own.get("template"));
    if selector.is_null() {
        faults.required(path.child("selector"), "");
    } else {
        meta::label_selector(selector, path.child("selector"), faults);
    }
    let labels = template.at(&["metadata", "labels"]);
    if workload::selects(selector, labels) == Some(false) {
        let (template, meta) = (path.child("template"), "metadata");
        let meta = template.child(meta);
        faults.invalid(meta.child("labels"), labels, "`selector` does not match template `labels`");
    }
    let completions = own.get("completions").as_i64().unwrap_or(0);
    if own.get("completionMode").text() == "Indexed" && completions > 0 {
        let name = job.at(&["metadata", "name"]);
        let host = format!("{}-{}", name.text(), completions - 1);
        if !names::dns_label(&host).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {host}");
            faults.invalid(Path::new("metadata").child("name"), name, why);
        }
    }
}

/// Upstream: validateGeneratedSelector.
fn generated_selector(job: &Value, faults: &mut Faults) {
    let selector = job.at(&["spec", "selector"]);
    if job.at(&["spec", "manualSelector"]).is_true() || selector.is_null() {
        return;
    }
    let name = job.at(&["metadata", "name"]).text();
    let uid = job.at(&["metadata", "uid"]).text();
    let labels = job.at(&["spec", "template", "metadata", "labels"]);
    let spec = Path::new("spec");
    let template = spec.child("template");
    let meta = template.child("metadata");
    for (key, expected) in [
        (LEGACY_CONTROLLER_UID, uid),
        (LEGACY_JOB_NAME, name),
        (CONTROLLER_UID, uid),
        (JOB_NAME, name),
    ] {
        has_label(labels, key, expected, meta, faults);
    }
    let expected = value!({
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    });
    if workload::selects(selector, &expected) == Some(false) {
        let text = meta::selector_text(selector);
        faults.invalid_as(spec.child("selector"), text, "`selector` not auto-generated");
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateHasLabel.
fn has_label(labels: &Value, key: &str, expected: &str, meta: Path<'_>, faults: &mut Faults) {
    let path = meta.child("labels");
    match labels.get(key) {
        Value::Null => faults.required(path.key(key), &format!("must be '{expected}'")),
        found if found.text() != expected => {
            faults.invalid(path.key(key), labels, format!("must be '{expected}'"));
        }
        _ => {}
    }
}

/// Checks a Job's spec apart from its selector. Upstream: validateJobSpec.
pub fn spec(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        faults.non_negative(path.child(key), spec.get(key));
    }
    let number = |key: &str| spec.get(key).as_i64();
    let per_index = path.child("backoffLimitPerIndex");
    if number("maxFailedIndexes").is_some() && number("backoffLimitPerIndex").is_none() {
        faults.required(per_index, "when maxFailedIndexes is specified");
    }
    let manager = spec.get("managedBy");
    if !manager.is_null() {
        domain_prefixed(manager, path.child("managedBy"), faults);
        if manager.text().len() > MANAGED_BY_MAX {
            faults.too_long(path.child("managedBy"), MANAGED_BY_MAX);
        }
    }
    let mode = spec.get("completionMode");
    if !mode.is_null() && !["NonIndexed", "Indexed"].contains(&mode.text()) {
        faults.not_supported(path.child("completionMode"), mode, &["NonIndexed", "Indexed"]);
    }
    if mode.text() == "Indexed" {
        indexed(spec, path, faults);
    } else if mode.is_null() || mode.text() == "NonIndexed" {
        for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if !spec.get(key).is_null() {
                faults.invalid(path.child(key), spec.get(key), "requires indexed completion mode");
            }
        }
    }
    if !spec.get("podFailurePolicy").is_null() {
        failure_policy(spec, path.child("podFailurePolicy"), faults);
    }
    let success = spec.get("successPolicy");
    if !success.is_null() {
        let own = path.child("successPolicy");
        if mode.text() == "Indexed" {
            success_policy(spec, own, faults);
        } else {
            let text = internal::json("SuccessPolicy", success);
            faults.invalid_as(own, text, "requires indexed completion mode");
        }
    }
    replacement_policy(spec, path.child("podReplacementPolicy"), faults);
    let template = spec.get("template");
    let own = path.child("template");
    rules::template(template, own, faults);
    let pod = own.child("spec");
    restart_policy(spec, pod.child("restartPolicy"), faults);
}

fn restart_policy(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let policy = spec.at(&["template", "spec", "restartPolicy"]);
    match policy.text() {
        "Always" | "" => faults.required(path, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if !spec.get("podFailurePolicy").is_null() => {
            let why = "only \"Never\" is supported when podFailurePolicy is specified";
            faults.invalid(path, policy, why);
        }
        "OnFailure" | "Never" => {}
        _ => faults.not_supported(path, policy, &["OnFailure", "Never"]),
    }
}

/// Upstream: staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go, IsDomainPrefixedPath.
fn domain_prefixed(value: &Value, path: Path<'_>, faults: &mut Faults) {
    let text = value.text();
    if text.is_empty() {
        return faults.required(path, "");
    }
    match text.split_once('/') {
        Some((host, rest)) if !host.is_empty() && !rest.is_empty() => {
            for why in names::dns_subdomain(host) {
                faults.invalid(path, &Value::from(host), why);
            }
        }
        _ => {
            faults.invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
    }
}

fn indexed(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let number = |key: &str| spec.get(key).as_i64();
    let (completions, parallelism) = (number("completions"), number("parallelism"));
    let failed = number("maxFailedIndexes");
    let at_failed = path.child("maxFailedIndexes");
    if completions.is_none() {
        faults.required(path.child("completions"), "when completion mode is Indexed");
    }
    let at_parallelism = path.child("parallelism");
    if parallelism.is_some_and(|n| n > MOST_INDEXED_PARALLELISM) {
        faults.invalid(at_parallelism, spec.get("parallelism"), format!("must be less than or equal to {MOST_INDEXED_PARALLELISM} when completion mode is Indexed"));
    }
    if completions.zip(failed).is_some_and(|(all, failed)| failed > all) {
        let why = "must be less than or equal to completions";
        faults.invalid(at_failed, spec.get("maxFailedIndexes"), why);
    }
    if failed.is_some_and(|n| n > MOST_FAILED_INDEXES) {
        let why = format!("must be less than or equal to {MOST_FAILED_INDEXES}");
        faults.invalid(at_failed, spec.get("maxFailedIndexes"), why);
    }
    let many = completions.is_some_and(|n| n > MANY_COMPLETIONS);
    if many && !spec.get("backoffLimitPerIndex").is_null() {
        if failed.is_none() {
            let why = format!("must be specified when completions is above {MANY_COMPLETIONS}");
            faults.required(at_failed, &why);
        }
        let why = format!(
            "must be less than or equal to {MOST_FOR_MANY} when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
        );
        if parallelism.is_some_and(|n| n > MOST_FOR_MANY) {
            faults.invalid(at_parallelism, spec.get("parallelism"), why.as_str());
        }
        if failed.is_some_and(|n| n > MOST_FOR_MANY) {
            faults.invalid(at_failed, spec.get("maxFailedIndexes"), why);
        }
    }
}

const ACTIONS: &[&str] = &["Count", "FailIndex", "FailJob", "Ignore"];
const MOST_RULES: usize = 20;
const MOST_CODES: usize = 255;

/// Upstream: validatePodFailurePolicy.
fn failure_policy(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let list = path.child("rules");
    let all = spec.at(&["podFailurePolicy", "rules"]).as_array();
    if all.len() > MOST_RULES {
        faults.too_many(list, all.len(), MOST_RULES);
    }
    for (at, rule) in all.iter().enumerate() {
        let own = list.index(at);
        let action = rule.get("action");
        let at_action = own.child("action");
        match action.text() {
            "" => faults.required(
                at_action,
                "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]",
            ),
            "FailIndex" if spec.get("backoffLimitPerIndex").is_null() => {
                faults.invalid(at_action, action, "requires the backoffLimitPerIndex to be set");
            }
            text if !ACTIONS.contains(&text) => faults.not_supported(at_action, action, ACTIONS),
            _ => {}
        }
        let (codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
        if !codes.is_null() {
            exit_codes(codes, spec, own.child("onExitCodes"), faults);
        }
        pod_conditions(conditions, own.child("onPodConditions"), faults);
        match (!codes.is_null(), !conditions.is_empty()) {
            (true, true) => faults.invalid_as(
                own,
                String::new(),
                "specifying both OnExitCodes and OnPodConditions is not supported",
            ),
            (false, false) => faults.invalid_as(
                own,
                String::new(),
                "specifying one of OnExitCodes and OnPodConditions is required",
            ),
            _ => {}
        }
    }
}

fn pod_conditions(conditions: &Value, path: Path<'_>, faults: &mut Faults) {
    let all = conditions.as_array();
    if all.len() > MOST_RULES {
        faults.too_many(path, all.len(), MOST_RULES);
    }
    for (at, pattern) in all.iter().enumerate() {
        let own = path.index(at);
        let kind = pattern.get("type").text();
        faults.all_invalid(own.child("type"), kind, names::label_key(kind));
        let status = pattern.get("status");
        let known = &["False", "True", "Unknown"];
        if status.text().is_empty() {
            faults.required(own.child("status"), "valid values: [\"False\" \"True\" \"Unknown\"]");
        } else if !known.contains(&status.text()) {
            faults.not_supported(own.child("status"), status, known);
        }
    }
}

fn exit_codes(codes: &Value, spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let operator = codes.get("operator");
    match operator.text() {
        "" => faults.required(path.child("operator"), "valid values: [\"In\" \"NotIn\"]"),
        "In" | "NotIn" => {}
        _ => faults.not_supported(path.child("operator"), operator, &["In", "NotIn"]),
    }
    let name = codes.get("containerName");
    let lists = ["containers", "initContainers"];
    let pod = spec.at(&["template", "spec"]);
    let known = |name: &Value| {
        lists.iter().any(|list| pod.get(list).as_array().iter().any(|c| c.get("name") == name))
    };
    if !name.is_null() && !known(name) {
        faults.invalid(
            path.child("containerName"),
            name,
            "must be one of the container or initContainer names in the pod template",
        );
    }
    let list = path.child("values");
    let values = codes.get("values").as_array();
    if values.is_empty() {
        faults.invalid(list, codes.get("values"), "at least one value is required");
    } else if values.len() > MOST_CODES {
        faults.too_many(list, values.len(), MOST_CODES);
    }
    for (at, value) in values.iter().enumerate() {
        if operator.text() == "In" && value.as_i64() == Some(0) {
            faults.invalid(list.index(at), value, "must not be 0 for the In operator");
        }
        if values[..at].contains(value) {
            faults.duplicate(list.index(at), value);
        }
    }
    if !values.is_sorted_by_key(crate::base::value::Value::as_i64) {
        faults.invalid(list, codes.get("values"), "must be ordered");
    }
}

/// Upstream: validateSuccessPolicy.
fn success_policy(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let list = path.child("rules");
    let all = spec.at(&["successPolicy", "rules"]).as_array();
    if all.is_empty() {
        faults.required(
            list,
            "at least one rules must be specified when the successPolicy is specified",
        );
    }
    if all.len() > MOST_RULES {
        faults.too_many(list, all.len(), MOST_RULES);
    }
    let completions = spec.get("completions").as_i64().unwrap_or(0);
    for (at, rule) in all.iter().enumerate() {
        let own = list.index(at);
        let count = rule.get("succeededCount");
        if count.is_null() && rule.get("succeededIndexes").is_null() {
            faults.required(
                own,
                "at least one of succeededCount or succeededIndexes must be specified",
            );
        }
        let at_count = own.child("succeededCount");
        faults.non_negative(at_count, count);
        if count.as_i64().is_some_and(|n| n > completions) {
            faults.invalid(at_count, count, format!("must be less than or equal to {completions} (the number of specified completions)"));
        }
    }
}

/// Upstream: validatePodReplacementPolicy.
fn replacement_policy(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let policy = spec.get("podReplacementPolicy");
    let known: &[&str] = if spec.get("podFailurePolicy").is_null() {
        &["Failed", "TerminatingOrFailed"]
    } else {
        &["Failed"]
    };
    if !policy.is_null() && !known.contains(&policy.text()) {
        faults.not_supported(path, policy, known);
    }
}

/// Checks a change of a Job's spec. Upstream: ValidateJobSpecUpdate.
/// Simplified: the template of a suspended Job may be changed in its scheduling and resources without further checks.
pub fn update(new: &Value, old: &Value, faults: &mut Faults) {
    let path = Path::new("spec");
    let (now, before) = (new.get("spec"), old.get("spec"));
    completions(now, before, path.child("completions"), faults);
    let selector = path.child("selector");
    workload::immutable_selector(now.get("selector"), before.get("selector"), selector, faults);
    let mut kept = before.get("template").clone();
    if is_open_to_change(old) {
        let template = now.get("template");
        for key in ["nodeSelector", "tolerations", "schedulingGates", "containers", "affinity"] {
            keep(kept.entry("spec"), template.get("spec"), key);
        }
        for key in ["labels", "annotations"] {
            keep(kept.entry("metadata"), template.get("metadata"), key);
        }
    }
    if !same(now.get("template"), &kept) {
        let text = internal::json("PodTemplateSpec", now.get("template"));
        faults.invalid_as(path.child("template"), text, "field is immutable");
    }
    for key in
        ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    {
        faults.immutable(path.child(key), now.get(key), before.get(key));
    }
}

fn keep(parent: &mut Value, from: &Value, key: &str) {
    match from.get(key) {
        Value::Null => {
            parent.remove(key);
        }
        value => parent.set(key, value.clone()),
    }
}

/// Upstream: pkg/registry/batch/job/strategy.go, shouldAllowMutablePodTemplate.
fn is_open_to_change(job: &Value) -> bool {
    let status = job.get("status");
    let suspended =
        |c: &Value| c.get("type").text() == "Suspended" && c.get("status").text() == "True";
    job.at(&["spec", "suspend"]).is_true()
        && (status.get("startTime").is_null()
            || status.get("conditions").as_array().iter().any(suspended))
        && status.get("active").as_i64().unwrap_or(0) == 0
}

/// Upstream: validateCompletions.
fn completions(now: &Value, before: &Value, path: Path<'_>, faults: &mut Faults) {
    let (new, old) = (now.get("completions"), before.get("completions"));
    if now.get("completionMode").text() != "Indexed" {
        faults.immutable(path, new, old);
    } else if new != old && !new.is_null() && new != now.get("parallelism") {
        faults.invalid(path, new, "can only be modified in tandem with spec.parallelism");
    }
}
