//! ReplicaSet.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::PodTemplate;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::pod_defaults as defaults;
use crate::api::rules::{meta, strategy, workload};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static REPLICA_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short: &["rs"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    verbs: ALL_VERBS,
    rules: Rules {
        default,
        prepare_create: strategy::create_with_generation,
        prepare_update: strategy::update_with_generation,
        validate,
        validate_update,
        warnings: workload::warnings,
    },
};

view! {
    /// A ReplicaSet as the simulation reads it.
    pub struct ReplicaSet {
        meta: Meta = "metadata",
        spec: ReplicaSetSpec = "spec",
        status: ReplicaSetStatus = "status",
    }

    /// What is wanted. `template_value` is the template as stored, for new pods.
    pub struct ReplicaSetSpec {
        replicas: Option<i32> = "replicas",
        min_ready_seconds: i32 = "minReadySeconds",
        selector: LabelSelector = "selector",
        template: PodTemplate = "template",
        template_value: Value = "template",
    }

    /// What the controller last saw.
    pub struct ReplicaSetStatus {
        replicas: i32 = "replicas",
        fully_labeled_replicas: i32 = "fullyLabeledReplicas",
        ready_replicas: i32 = "readyReplicas",
        available_replicas: i32 = "availableReplicas",
        terminating_replicas: Option<i32> = "terminatingReplicas",
        observed_generation: i64 = "observedGeneration",
        conditions: Vec<ReplicaSetCondition> = "conditions",
    }

    /// Something that is true, false or unknown of the set.
    pub struct ReplicaSetCondition {
        kind: Str = "type",
        status: Str = "status",
        last_transition_time: Option<Time> = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }
}

/// Upstream: pkg/apis/apps/v1/defaults.go, SetDefaults_ReplicaSet.
fn default(set: &mut Value) {
    let spec = set.entry("spec");
    spec.default_to("replicas", 1);
    defaults::pod_template(spec.entry("template"));
}

const SPEC: Path<'static> = Path::new("spec");

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateReplicaSet.
fn validate(set: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(set, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    spec(set.get("spec"), &mut faults);
    faults.causes
}

/// Upstream: pkg/apis/apps/validation/validation.go, ValidateReplicaSetUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    spec(new.get("spec"), &mut faults);
    let (now, before) = (new.at(&["spec", "selector"]), old.at(&["spec", "selector"]));
    workload::immutable_selector(now, before, SPEC.child("selector"), &mut faults);
    faults.causes
}

/// Upstream: ValidateReplicaSetSpec.
fn spec(spec: &Value, faults: &mut Faults) {
    faults.non_negative(SPEC.child("replicas"), spec.get("replicas"));
    faults.non_negative(SPEC.child("minReadySeconds"), spec.get("minReadySeconds"));
    workload::selector_and_template(spec, SPEC, faults);
}
