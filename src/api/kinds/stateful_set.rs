//! StatefulSet.

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::pod::PodTemplate;
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults as defaults;
use crate::api::selector::LabelSelector;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
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
    rules: Rules { default, ..Rules::NONE },
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
