//! StatefulSet.

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::pod::PodTemplate;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::pod_defaults as defaults;
use crate::api::rules::{claim, internal, meta, pod as rules, strategy, warnings, workload};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::base::view::FromValue;
use crate::value;
use crate::view;

/// The kind.
pub static STATEFUL_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short: &["sts"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    verbs: ALL_VERBS,
    rules: Rules { default, prepare_create, prepare_update, validate, validate_update, warnings },
};

view! {
    /// A StatefulSet as the simulation reads it.
    pub struct StatefulSet {
        meta: Meta = "metadata",
        spec: StatefulSetSpec = "spec",
        status: StatefulSetStatus = "status",
    }

    /// What is wanted. `template_value` is the template as stored, for revisions and new pods.
    pub struct StatefulSetSpec {
        replicas: Option<i32> = "replicas",
        selector: LabelSelector = "selector",
        template: PodTemplate = "template",
        template_value: Value = "template",
        volume_claim_templates: Vec<PersistentVolumeClaim> = "volumeClaimTemplates",
        volume_claim_template_values: Vec<Value> = "volumeClaimTemplates",
        service_name: Str = "serviceName",
        pod_management_policy: Str = "podManagementPolicy",
        update_strategy: StatefulSetUpdateStrategy = "updateStrategy",
        revision_history_limit: Option<i32> = "revisionHistoryLimit",
        min_ready_seconds: i32 = "minReadySeconds",
        retention: ClaimRetentionPolicy = "persistentVolumeClaimRetentionPolicy",
        ordinals: StatefulSetOrdinals = "ordinals",
    }

    /// How pods are replaced.
    pub struct StatefulSetUpdateStrategy {
        kind: Str = "type",
        rolling_update: Option<RollingUpdateStatefulSetStrategy> = "rollingUpdate",
    }

    /// Limits of a rolling update.
    pub struct RollingUpdateStatefulSetStrategy {
        partition: Option<i32> = "partition",
        max_unavailable: Option<IntOrString> = "maxUnavailable",
    }

    /// What becomes of claims.
    pub struct ClaimRetentionPolicy {
        when_deleted: Str = "whenDeleted",
        when_scaled: Str = "whenScaled",
    }

    /// Where the numbering starts.
    pub struct StatefulSetOrdinals {
        start: i32 = "start",
    }

    /// What the controller last saw.
    pub struct StatefulSetStatus {
        observed_generation: i64 = "observedGeneration",
        replicas: i32 = "replicas",
        ready_replicas: i32 = "readyReplicas",
        current_replicas: i32 = "currentReplicas",
        updated_replicas: i32 = "updatedReplicas",
        current_revision: Str = "currentRevision",
        update_revision: Str = "updateRevision",
        collision_count: Option<i64> = "collisionCount",
        conditions: Vec<StatefulSetCondition> = "conditions",
        available_replicas: i32 = "availableReplicas",
    }

    /// Something that is true, false or unknown of the set.
    pub struct StatefulSetCondition {
        kind: Str = "type",
        status: Str = "status",
        last_transition_time: Option<Time> = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }
}

/// Upstream: pkg/apis/apps/v1/defaults.go, SetDefaults_StatefulSet.
/// The gate MaxUnavailableStatefulSet is off, as in 1.36.
fn default(set: &mut Value) {
    let spec = set.entry("spec");
    defaults::default_empty(spec, "podManagementPolicy", "OrderedReady");
    let strategy = spec.entry("updateStrategy");
    if strategy.get("type").is_empty() {
        strategy.set("type", "RollingUpdate");
        strategy.default_to("rollingUpdate", Value::map());
    }
    if strategy.get("type").text() == "RollingUpdate" {
        defaults::within(strategy, "rollingUpdate", |rolling| rolling.default_to("partition", 0));
    }
    let retention = spec.entry("persistentVolumeClaimRetentionPolicy");
    defaults::default_empty(retention, "whenDeleted", "Retain");
    defaults::default_empty(retention, "whenScaled", "Retain");
    spec.default_to("replicas", 1);
    spec.default_to("revisionHistoryLimit", 10);
    defaults::pod_template(spec.entry("template"));
    defaults::each(spec, "volumeClaimTemplates", |claim| {
        claim.default_to("apiVersion", "v1");
        claim.default_to("kind", "PersistentVolumeClaim");
        defaults::claim_spec(claim.entry("spec"));
        defaults::default_empty(claim.entry("status"), "phase", "Pending");
    });
}

/// Upstream: pkg/registry/apps/statefulset/strategy.go, PrepareForCreate.
fn prepare_create(set: &mut Value) {
    strategy::create_with_generation(set);
    drop_max_unavailable(set);
}

/// Upstream: pkg/registry/apps/statefulset/strategy.go, PrepareForUpdate.
fn prepare_update(new: &mut Value, old: &Value) {
    strategy::keep_status(new, old);
    if old.at(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]).is_null() {
        drop_max_unavailable(new);
    }
    strategy::bump_generation(new, old);
}

/// What the gate MaxUnavailableStatefulSet changes when it is on: the field stays as it was asked for, by default 1.
/// To be called after the rules have prepared a write.
pub fn keep_max_unavailable(set: &mut Value, asked: &Value) {
    let path = ["spec", "updateStrategy", "rollingUpdate"];
    if !set.at(&path).is_null() {
        let rolling = set.entry_at(&path);
        rolling.default_to("maxUnavailable", asked.at(&path).get("maxUnavailable"));
        rolling.default_to("maxUnavailable", 1);
    }
}

/// The gate MaxUnavailableStatefulSet is off, as in 1.36: the field is dropped in silence.
fn drop_max_unavailable(set: &mut Value) {
    let path = ["spec", "updateStrategy", "rollingUpdate"];
    if !set.at(&path).get("maxUnavailable").is_null() {
        set.entry_at(&path).remove("maxUnavailable");
    }
}

const SPEC: Path<'static> = Path::new("spec");

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateStatefulSet.
fn validate(set: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(set, meta::Scope::Namespaced, names::dns_label, &mut faults);
    spec(set.get("spec"), Checks::ALL, &mut faults);
    faults.causes
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateStatefulSetUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    let (now, before) = (new.get("spec"), old.get("spec"));
    let mut checks = Checks { template: true, ..Checks::UPDATE };
    let mut known = Faults::new();
    spec(before, checks, &mut known);
    checks.template = known.is_empty();
    spec(now, checks, &mut faults);
    let mut munged = now.clone();
    for key in MUTABLE {
        match before.get(key) {
            Value::Null => {
                munged.remove(key);
            }
            value => munged.set(key, value.clone()),
        }
    }
    if !same(&munged, before) {
        faults.forbidden(SPEC, "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }
    faults.causes
}

const MUTABLE: &[&str] = &[
    "replicas",
    "template",
    "updateStrategy",
    "minReadySeconds",
    "ordinals",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
];

/// What is checked: a change does not have to repair what was let in before.
#[derive(Clone, Copy)]
struct Checks {
    service_name: bool,
    template: bool,
    claims: bool,
}

impl Checks {
    const ALL: Checks = Checks { service_name: true, template: true, claims: true };
    const UPDATE: Checks = Checks { service_name: false, template: true, claims: false };
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateStatefulSetSpec.
fn spec(spec: &Value, checks: Checks, faults: &mut Faults) {
    let policy = spec.get("podManagementPolicy");
    if policy.is_empty() {
        faults.required(SPEC.child("podManagementPolicy"), "");
    } else if !["OrderedReady", "Parallel"].contains(&policy.text()) {
        faults.invalid(
            SPEC.child("podManagementPolicy"),
            policy,
            "must be 'OrderedReady' or 'Parallel'",
        );
    }
    update_strategy(spec.get("updateStrategy"), faults);
    let retention = spec.get("persistentVolumeClaimRetentionPolicy");
    let path = SPEC.child("persistentVolumeClaimRetentionPolicy");
    for key in ["whenDeleted", "whenScaled"] {
        if !retention.is_null() && !["Retain", "Delete"].contains(&retention.get(key).text()) {
            faults.not_supported(path.child(key), retention.get(key), &["Retain", "Delete"]);
        }
    }
    if checks.claims {
        let list = SPEC.child("volumeClaimTemplates");
        for (at, template) in spec.get("volumeClaimTemplates").as_array().iter().enumerate() {
            claim::spec(template.get("spec"), list.index(at).child("spec"), faults);
        }
    }
    faults.non_negative(SPEC.child("replicas"), spec.get("replicas"));
    faults.non_negative(SPEC.child("minReadySeconds"), spec.get("minReadySeconds"));
    faults.non_negative(SPEC.child("ordinals.start"), spec.at(&["ordinals", "start"]));
    let service = spec.get("serviceName").text();
    if checks.service_name && !service.is_empty() {
        faults.all_invalid(SPEC.child("serviceName"), service, names::dns_label(service));
    }
    let selector = spec.get("selector");
    let path = SPEC.child("selector");
    if selector.is_null() {
        faults.required(path, "");
    } else {
        meta::label_selector(selector, path, faults);
        if LabelSelector::from_value(selector).is_empty() {
            faults.invalid_as(
                path,
                meta::selector_text(selector),
                "empty selector is invalid for statefulset",
            );
        }
    }
    template(spec, checks, faults);
    let pod = spec.at(&["template", "spec"]);
    let (own, inner) = (SPEC.child("template"), "spec");
    let own = own.child(inner);
    if pod.get("restartPolicy").text() != "Always" {
        faults.not_supported(own.child("restartPolicy"), pod.get("restartPolicy"), &["Always"]);
    }
    if !pod.get("activeDeadlineSeconds").is_null() {
        faults.forbidden(
            own.child("activeDeadlineSeconds"),
            "activeDeadlineSeconds in StatefulSet is not Supported",
        );
    }
}

fn update_strategy(update: &Value, faults: &mut Faults) {
    let path = SPEC.child("updateStrategy");
    let rolling = update.get("rollingUpdate");
    match update.get("type").text() {
        "" => faults.required(path, ""),
        "OnDelete" if !rolling.is_null() => faults.invalid_as(
            path.child("rollingUpdate"),
            internal::json("RollingUpdateStatefulSetStrategy", rolling),
            "only allowed for updateStrategy 'RollingUpdate'",
        ),
        "OnDelete" => {}
        "RollingUpdate" => {
            let own = path.child("rollingUpdate");
            faults.non_negative(own.child("partition"), rolling.get("partition"));
            max_unavailable(rolling.get("maxUnavailable"), own.child("maxUnavailable"), faults);
        }
        _ => faults.invalid_as(
            path,
            internal::json("StatefulSetUpdateStrategy", update),
            "must be 'RollingUpdate' or 'OnDelete'",
        ),
    }
}

/// Upstream: validateRollingUpdateStatefulSet.
fn max_unavailable(value: &Value, path: Path<'_>, faults: &mut Faults) {
    if value.is_null() {
        return;
    }
    workload::int_or_percent(value, path, faults);
    if workload::amount(value) == 0 {
        faults.invalid(path, value, "cannot be 0");
    }
    workload::at_most_all(value, path, faults);
}

fn template(spec: &Value, checks: Checks, faults: &mut Faults) {
    let path = SPEC.child("template");
    let selector = spec.get("selector");
    let compiled = LabelSelector::from_value(selector).compile();
    let Ok(compiled) = compiled else {
        faults.invalid_as(SPEC.child("selector"), meta::selector_text(selector), "");
        return;
    };
    let template = spec.get("template");
    let labels = template.at(&["metadata", "labels"]);
    let matches = !selector.is_null() && compiled.matches(labels);
    if !matches {
        let own = path.child("metadata");
        faults.invalid(own.child("labels"), labels, "`selector` does not match template `labels`");
    }
    if checks.template {
        rules::template(&with_claim_volumes(spec), path, faults);
    }
    meta::labels(labels, path.child("labels"), faults);
    let annotations = template.at(&["metadata", "annotations"]);
    meta::annotations(annotations, path.child("annotations"), faults);
}

/// The template as its pods will be: with a volume for each claim, and with names that the controller sets.
fn with_claim_volumes(spec: &Value) -> Value {
    let mut template = spec.get("template").clone();
    let claims = spec.get("volumeClaimTemplates").as_array();
    let pod = template.entry("spec");
    pod.remove("subdomain");
    pod.remove("hostname");
    if claims.is_empty() {
        return template;
    }
    let name = |value: &Value| value.at(&["metadata", "name"]).clone();
    let mut volumes: Vec<Value> = claims
        .iter()
        .map(|c| value!({"name": name(c), "persistentVolumeClaim": {"claimName": name(c)}}))
        .collect();
    let own = pod.get("volumes").as_array().iter();
    volumes.extend(own.filter(|v| !claims.iter().any(|c| &name(c) == v.get("name"))).cloned());
    pod.set("volumes", volumes);
    template
}

/// Upstream: pkg/registry/apps/statefulset/strategy.go, WarningsOnCreate and WarningsOnUpdate.
fn warnings(set: &Value, old: Option<&Value>) -> Vec<String> {
    let generation = |set: &Value| set.at(&["metadata", "generation"]).as_i64();
    let mut all = Vec::new();
    if old.is_none_or(|old| generation(old) != generation(set)) {
        let template = SPEC.child("template");
        all = warnings::pod_spec(set.at(&["spec", "template", "spec"]), template.child("spec"));
    }
    let list = SPEC.child("volumeClaimTemplates");
    for (at, claim) in set.at(&["spec", "volumeClaimTemplates"]).as_array().iter().enumerate() {
        all.extend(warnings::claim_spec(claim.get("spec"), list.index(at)));
    }
    if set.at(&["spec", "revisionHistoryLimit"]).as_i64().is_some_and(|n| n < 0) {
        all.push("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended".to_owned());
    }
    all
}
