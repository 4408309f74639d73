//! DaemonSet.

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::PodTemplate;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::pod_defaults as defaults;
use crate::api::rules::{internal, meta, pod as rules, strategy, workload};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static DAEMON_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "DaemonSet",
    plural: "daemonsets",
    singular: "daemonset",
    short: &["ds"],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules { default, prepare_create, prepare_update, validate, validate_update, warnings },
};

view! {
    /// A DaemonSet as the simulation reads it.
    pub struct DaemonSet {
        meta: Meta = "metadata",
        spec: DaemonSetSpec = "spec",
        status: DaemonSetStatus = "status",
    }

    /// What is wanted. `template_value` is the template as stored, for revisions and new pods.
    pub struct DaemonSetSpec {
        selector: LabelSelector = "selector",
        template: PodTemplate = "template",
        template_value: Value = "template",
        update_strategy: DaemonSetUpdateStrategy = "updateStrategy",
        min_ready_seconds: i32 = "minReadySeconds",
        revision_history_limit: Option<i32> = "revisionHistoryLimit",
    }

    /// How pods are replaced.
    pub struct DaemonSetUpdateStrategy {
        kind: Str = "type",
        rolling_update: Option<RollingUpdateDaemonSet> = "rollingUpdate",
    }

    /// Limits of a rolling update.
    pub struct RollingUpdateDaemonSet {
        max_unavailable: IntOrString = "maxUnavailable",
        max_surge: IntOrString = "maxSurge",
    }

    /// What the controller last saw.
    pub struct DaemonSetStatus {
        current_number_scheduled: i32 = "currentNumberScheduled",
        number_misscheduled: i32 = "numberMisscheduled",
        desired_number_scheduled: i32 = "desiredNumberScheduled",
        number_ready: i32 = "numberReady",
        observed_generation: i64 = "observedGeneration",
        updated_number_scheduled: i32 = "updatedNumberScheduled",
        number_available: i32 = "numberAvailable",
        number_unavailable: i32 = "numberUnavailable",
        collision_count: Option<i64> = "collisionCount",
    }
}

/// The annotation that counts changes of the template, as `apps/v1` keeps what was a field before.
pub const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Upstream: pkg/apis/apps/v1/defaults.go, SetDefaults_DaemonSet.
fn default(set: &mut Value) {
    let spec = set.entry("spec");
    let strategy = spec.entry("updateStrategy");
    defaults::default_empty(strategy, "type", "RollingUpdate");
    if strategy.get("type").text() == "RollingUpdate" {
        strategy.default_to("rollingUpdate", Value::map());
        let rolling = strategy.entry("rollingUpdate");
        rolling.default_to("maxUnavailable", 1);
        rolling.default_to("maxSurge", 0);
    }
    spec.default_to("revisionHistoryLimit", 10);
    defaults::pod_template(spec.entry("template"));
}

fn template_generation(set: &Value) -> i64 {
    set.at(&["metadata", "annotations"]).get(TEMPLATE_GENERATION).text().parse().unwrap_or(0)
}

fn set_template_generation(set: &mut Value, generation: i64) {
    let annotations = set.entry_at(&["metadata", "annotations"]);
    annotations.set(TEMPLATE_GENERATION, generation.to_string());
}

/// Upstream: pkg/registry/apps/daemonset/strategy.go, PrepareForCreate.
fn prepare_create(set: &mut Value) {
    strategy::create_with_generation(set);
    set_template_generation(set, template_generation(set).max(1));
}

/// Upstream: pkg/registry/apps/daemonset/strategy.go, PrepareForUpdate.
fn prepare_update(new: &mut Value, old: &Value) {
    strategy::update_with_generation(new, old);
    let path = ["spec", "template"];
    let step = i64::from(!same(new.at(&path), old.at(&path)));
    set_template_generation(new, template_generation(old) + step);
}

const SPEC: Path<'static> = Path::new("spec");

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateDaemonSet.
fn validate(set: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(set, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    spec(set.get("spec"), &mut faults);
    faults.causes
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateDaemonSetUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    let (now, before) = (new.at(&["spec", "selector"]), old.at(&["spec", "selector"]));
    workload::immutable_selector(now, before, SPEC.child("selector"), &mut faults);
    spec(new.get("spec"), &mut faults);
    faults.causes
}

/// Upstream: ValidateDaemonSetSpec.
fn spec(spec: &Value, faults: &mut Faults) {
    let selector = spec.get("selector");
    let template = spec.get("template");
    let (at, own) = (SPEC.child("template"), SPEC.child("selector"));
    meta::label_selector(selector, own, faults);
    let labels = template.at(&["metadata", "labels"]);
    if workload::selects(selector, labels) == Some(false) {
        let meta = at.child("metadata");
        faults.invalid(meta.child("labels"), labels, "`selector` does not match template `labels`");
    }
    if workload::is_empty_selector(selector) {
        let text = meta::selector_text(selector);
        faults.invalid_as(own, text, "empty selector is invalid for daemonset");
    }
    rules::template(template, at, faults);
    workload::runs_forever(template, at, "DaemonSet", faults);
    faults.non_negative(SPEC.child("minReadySeconds"), spec.get("minReadySeconds"));
    update_strategy(spec.get("updateStrategy"), faults);
    faults.non_negative(SPEC.child("revisionHistoryLimit"), spec.get("revisionHistoryLimit"));
}

/// Upstream: ValidateDaemonSetUpdateStrategy, ValidateRollingUpdateDaemonSet.
fn update_strategy(strategy: &Value, faults: &mut Faults) {
    let path = SPEC.child("updateStrategy");
    match strategy.get("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => {
            let own = path.child("rollingUpdate");
            let rolling = strategy.get("rollingUpdate");
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            let (at_unavailable, at_surge) = (own.child("maxUnavailable"), own.child("maxSurge"));
            workload::int_or_percent(unavailable, at_unavailable, faults);
            workload::int_or_percent(surge, at_surge, faults);
            workload::at_most_all(unavailable, at_unavailable, faults);
            workload::at_most_all(surge, at_surge, faults);
            match (workload::amount(unavailable) != 0, workload::amount(surge) != 0) {
                (true, true) => {
                    let why = "may not be set when maxUnavailable is non-zero";
                    faults.invalid(at_surge, surge, why);
                }
                (false, false) => {
                    faults.required(at_unavailable, "cannot be 0 when maxSurge is 0");
                }
                _ => {}
            }
        }
        _ => faults.not_supported_as(
            path,
            internal::json("DaemonSetUpdateStrategy", strategy),
            &["RollingUpdate", "OnDelete"],
        ),
    }
}

/// Upstream: pkg/registry/apps/daemonset/strategy.go, WarningsOnCreate and WarningsOnUpdate.
fn warnings(set: &Value, old: Option<&Value>) -> Vec<String> {
    if old.is_none_or(|old| template_generation(old) != template_generation(set)) {
        workload::template_warnings(set)
    } else {
        Vec::new()
    }
}
