//! PodDisruptionBudget.

use crate::base::ordered::OrdMap;

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::{internal, meta, strategy, workload};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static POD_DISRUPTION_BUDGET: Kind = Kind {
    group: "policy",
    version: "v1",
    name: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short: &["pdb"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules {
        prepare_create: strategy::create_with_generation,
        prepare_update: strategy::update_with_generation,
        validate,
        validate_update,
        ..Rules::NONE
    },
};

view! {
    /// A PodDisruptionBudget as the simulation reads it.
    pub struct PodDisruptionBudget {
        meta: Meta = "metadata",
        spec: PodDisruptionBudgetSpec = "spec",
        status: PodDisruptionBudgetStatus = "status",
    }

    /// What is wanted. Without a selector no pod is meant, with an empty one every pod.
    pub struct PodDisruptionBudgetSpec {
        min_available: Option<IntOrString> = "minAvailable",
        selector: Option<LabelSelector> = "selector",
        max_unavailable: Option<IntOrString> = "maxUnavailable",
        unhealthy_pod_eviction_policy: Option<Str> = "unhealthyPodEvictionPolicy",
    }

    /// What the controller last saw.
    pub struct PodDisruptionBudgetStatus {
        observed_generation: i64 = "observedGeneration",
        disrupted_pods: OrdMap<Str, Time> = "disruptedPods",
        disruptions_allowed: i32 = "disruptionsAllowed",
        current_healthy: i32 = "currentHealthy",
        desired_healthy: i32 = "desiredHealthy",
        expected_pods: i32 = "expectedPods",
        conditions: Vec<Value> = "conditions",
    }
}

impl PodDisruptionBudget {
    /// Whether the budget is about pods with these labels.
    pub fn selects(&self, labels: &Value) -> bool {
        self.spec.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }
}

const SPEC: Path<'static> = Path::new("spec");
const POLICIES: &[&str] = &["AlwaysAllow", "IfHealthyBudget"];

/// Upstream: pkg/apis/policy/validation/validation.go, ValidatePodDisruptionBudget.
fn validate(budget: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    spec(budget.get("spec"), &mut faults);
    if faults.is_empty() {
        meta::validate(budget, meta::Scope::Namespaced, names::path_segment, &mut faults);
    }
    faults.causes
}

/// Upstream: the same; metadata is checked by staging/src/k8s.io/apiserver/pkg/registry/rest/update.go.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    if faults.is_empty() {
        spec(new.get("spec"), &mut faults);
    }
    faults.causes
}

/// Upstream: ValidatePodDisruptionBudgetSpec.
fn spec(spec: &Value, faults: &mut Faults) {
    let (min, max) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if !min.is_null() && !max.is_null() {
        let text = internal::json("PodDisruptionBudgetSpec", spec);
        faults.invalid_as(SPEC, text, "minAvailable and maxUnavailable cannot be both set");
    }
    for (key, value) in [("minAvailable", min), ("maxUnavailable", max)] {
        if !value.is_null() {
            workload::int_or_percent(value, SPEC.child(key), faults);
            workload::at_most_all(value, SPEC.child(key), faults);
        }
    }
    meta::label_selector(spec.get("selector"), SPEC.child("selector"), faults);
    let policy = spec.get("unhealthyPodEvictionPolicy");
    if !policy.is_null() && !POLICIES.contains(&policy.text()) {
        faults.not_supported(SPEC.child("unhealthyPodEvictionPolicy"), policy, POLICIES);
    }
}
