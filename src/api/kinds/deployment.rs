//! Deployment.

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::PodTemplate;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::pod_defaults as defaults;
use crate::api::rules::{internal, meta, strategy, workload};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static DEPLOYMENT: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short: &["deploy"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    verbs: ALL_VERBS,
    rules: Rules {
        default,
        prepare_create: strategy::create_with_generation,
        prepare_update,
        validate,
        validate_update,
        warnings: workload::warnings,
    },
};

view! {
    /// A Deployment as the simulation reads it.
    pub struct Deployment {
        meta: Meta = "metadata",
        spec: DeploymentSpec = "spec",
        status: DeploymentStatus = "status",
    }

    /// What is wanted. `template_value` is the template as stored, for new ReplicaSets.
    pub struct DeploymentSpec {
        replicas: Option<i32> = "replicas",
        selector: LabelSelector = "selector",
        template: PodTemplate = "template",
        template_value: Value = "template",
        strategy: DeploymentStrategy = "strategy",
        min_ready_seconds: i32 = "minReadySeconds",
        revision_history_limit: Option<i32> = "revisionHistoryLimit",
        paused: bool = "paused",
        progress_deadline_seconds: Option<i32> = "progressDeadlineSeconds",
    }

    /// How pods are replaced.
    pub struct DeploymentStrategy {
        kind: Str = "type",
        rolling_update: Option<RollingUpdateDeployment> = "rollingUpdate",
    }

    /// Limits of a rolling update.
    pub struct RollingUpdateDeployment {
        max_unavailable: IntOrString = "maxUnavailable",
        max_surge: IntOrString = "maxSurge",
    }

    /// What the controller last saw.
    pub struct DeploymentStatus {
        observed_generation: i64 = "observedGeneration",
        replicas: i32 = "replicas",
        updated_replicas: i32 = "updatedReplicas",
        ready_replicas: i32 = "readyReplicas",
        available_replicas: i32 = "availableReplicas",
        unavailable_replicas: i32 = "unavailableReplicas",
        terminating_replicas: Option<i32> = "terminatingReplicas",
        conditions: Vec<DeploymentCondition> = "conditions",
        collision_count: Option<i64> = "collisionCount",
    }

    /// Something that is true, false or unknown of the Deployment.
    pub struct DeploymentCondition {
        kind: Str = "type",
        status: Str = "status",
        last_update_time: Time = "lastUpdateTime",
        last_transition_time: Time = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }
}

/// Upstream: pkg/apis/apps/v1/defaults.go, SetDefaults_Deployment.
fn default(deployment: &mut Value) {
    let spec = deployment.entry("spec");
    spec.default_to("replicas", 1);
    let strategy = spec.entry("strategy");
    defaults::default_empty(strategy, "type", "RollingUpdate");
    if strategy.get("type").text() == "RollingUpdate" {
        strategy.default_to("rollingUpdate", Value::map());
        let rolling = strategy.entry("rollingUpdate");
        rolling.default_to("maxUnavailable", "25%");
        rolling.default_to("maxSurge", "25%");
    }
    spec.default_to("revisionHistoryLimit", 10);
    spec.default_to("progressDeadlineSeconds", 600);
    defaults::pod_template(spec.entry("template"));
}

/// A change of annotations counts too, because they are copied to the ReplicaSets.
/// Upstream: pkg/registry/apps/deployment/strategy.go, PrepareForUpdate.
fn prepare_update(new: &mut Value, old: &Value) {
    strategy::update_with_generation(new, old);
    let annotations = |object: &Value| object.at(&["metadata", "annotations"]).clone();
    if same(new.get("spec"), old.get("spec")) && !same(&annotations(new), &annotations(old)) {
        let before = old.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
        new.set_at(&["metadata", "generation"], before + 1);
    }
}

const SPEC: Path<'static> = Path::new("spec");

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateDeployment.
fn validate(deployment: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(deployment, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    spec(deployment.get("spec"), &mut faults);
    faults.causes
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateDeploymentUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    spec(new.get("spec"), &mut faults);
    let (now, before) = (new.at(&["spec", "selector"]), old.at(&["spec", "selector"]));
    workload::immutable_selector(now, before, SPEC.child("selector"), &mut faults);
    faults.causes
}

/// Upstream: ValidateDeploymentSpec.
fn spec(spec: &Value, faults: &mut Faults) {
    faults.non_negative(SPEC.child("replicas"), spec.get("replicas"));
    workload::selector_and_template(spec, SPEC, faults);
    update_strategy(spec.get("strategy"), faults);
    let min_ready = spec.get("minReadySeconds");
    faults.non_negative(SPEC.child("minReadySeconds"), min_ready);
    faults.non_negative(SPEC.child("revisionHistoryLimit"), spec.get("revisionHistoryLimit"));
    let deadline = spec.get("progressDeadlineSeconds");
    let path = SPEC.child("progressDeadlineSeconds");
    faults.non_negative(path, deadline);
    if deadline.as_i64().is_some_and(|s| s <= min_ready.as_i64().unwrap_or(0)) {
        faults.invalid(path, deadline, "must be greater than minReadySeconds");
    }
}

/// Upstream: ValidateDeploymentStrategy.
fn update_strategy(strategy: &Value, faults: &mut Faults) {
    let path = SPEC.child("strategy");
    let own = path.child("rollingUpdate");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "Recreate" if !rolling.is_null() => {
            faults.forbidden(own, "may not be specified when strategy `type` is 'Recreate'");
        }
        "Recreate" => {}
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            let at = own.child("maxUnavailable");
            workload::int_or_percent(unavailable, at, faults);
            workload::int_or_percent(surge, own.child("maxSurge"), faults);
            if workload::amount(unavailable) == 0 && workload::amount(surge) == 0 {
                faults.invalid(at, unavailable, "may not be 0 when `maxSurge` is 0");
            }
            workload::at_most_all(unavailable, at, faults);
        }
        _ => faults.not_supported_as(
            path,
            internal::json("DeploymentStrategy", strategy),
            &["Recreate", "RollingUpdate"],
        ),
    }
}
