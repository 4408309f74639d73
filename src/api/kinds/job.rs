//! Job.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::PodTemplate;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::Faults;
use crate::api::rules::{job as rules, meta, strategy, workload};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static JOB: Kind = Kind {
    group: "batch",
    version: "v1",
    name: "Job",
    plural: "jobs",
    singular: "job",
    short: &[],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules {
        default,
        prepare_create,
        prepare_update: strategy::update_with_generation,
        validate,
        validate_update,
        warnings,
    },
};

view! {
    /// A Job as the simulation reads it.
    pub struct Job {
        meta: Meta = "metadata",
        spec: JobSpec = "spec",
        status: JobStatus = "status",
    }

    /// What is wanted. `template_value` is the template as stored, for new pods.
    pub struct JobSpec {
        parallelism: Option<i32> = "parallelism",
        completions: Option<i32> = "completions",
        active_deadline_seconds: Option<i64> = "activeDeadlineSeconds",
        backoff_limit: Option<i32> = "backoffLimit",
        selector: LabelSelector = "selector",
        manual_selector: Option<bool> = "manualSelector",
        template: PodTemplate = "template",
        template_value: Value = "template",
        ttl_seconds_after_finished: Option<i32> = "ttlSecondsAfterFinished",
        completion_mode: Str = "completionMode",
        suspend: bool = "suspend",
        pod_replacement_policy: Str = "podReplacementPolicy",
    }

    /// What the controller last saw.
    pub struct JobStatus {
        conditions: Vec<JobCondition> = "conditions",
        start_time: Option<Time> = "startTime",
        completion_time: Option<Time> = "completionTime",
        active: i32 = "active",
        succeeded: i32 = "succeeded",
        failed: i32 = "failed",
        terminating: Option<i32> = "terminating",
        completed_indexes: Str = "completedIndexes",
        uncounted: UncountedTerminatedPods = "uncountedTerminatedPods",
        ready: Option<i32> = "ready",
    }

    /// Pods that have ended and whose finalizers are being removed.
    pub struct UncountedTerminatedPods {
        succeeded: Vec<Str> = "succeeded",
        failed: Vec<Str> = "failed",
    }

    /// Something that is true, false or unknown of the Job.
    pub struct JobCondition {
        kind: Str = "type",
        status: Str = "status",
        last_probe_time: Time = "lastProbeTime",
        last_transition_time: Time = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }
}

impl Job {
    /// Whether a condition is true.
    pub fn is_true(&self, kind: &str) -> bool {
        self.status.conditions.iter().any(|c| c.kind == kind && c.status == "True")
    }

    /// Whether the Job has come to its end, good or bad.
    pub fn is_finished(&self) -> bool {
        self.is_true("Complete") || self.is_true("Failed")
    }
}

/// Upstream: pkg/apis/batch/v1/defaults.go, SetDefaults_Job.
fn default(job: &mut Value) {
    rules::default_spec(job.entry("spec"));
    let spec = job.entry("spec");
    spec.default_to("completionMode", "NonIndexed");
    spec.default_to("suspend", false);
    let policy =
        if spec.get("podFailurePolicy").is_null() { "TerminatingOrFailed" } else { "Failed" };
    spec.default_to("podReplacementPolicy", policy);
    spec.default_to("manualSelector", false);
    if spec.get("completions").is_null() && spec.get("parallelism").is_null() {
        spec.set("completions", 1);
    }
    spec.default_to("parallelism", 1);
    let limit = if spec.get("backoffLimitPerIndex").is_null() { 6 } else { i64::from(i32::MAX) };
    spec.default_to("backoffLimit", limit);
    let labels = job.at(&["spec", "template", "metadata", "labels"]).clone();
    if !labels.is_empty() && job.at(&["metadata", "labels"]).is_empty() {
        job.set_at(&["metadata", "labels"], labels);
    }
}

/// Labels that lead from a pod to its Job; the older ones have no prefix.
pub const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// The same by the Job's uid.
pub const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
/// The older form of [`JOB_NAME`].
pub const LEGACY_JOB_NAME: &str = "job-name";
/// The older form of [`CONTROLLER_UID`].
pub const LEGACY_CONTROLLER_UID: &str = "controller-uid";

/// Upstream: pkg/registry/batch/job/strategy.go, PrepareForCreate and generateSelector.
fn prepare_create(job: &mut Value) {
    strategy::create_with_generation(job);
    if job.at(&["spec", "manualSelector"]).is_true() {
        return;
    }
    let name = job.at(&["metadata", "name"]).text().to_owned();
    let uid = job.at(&["metadata", "uid"]).text().to_owned();
    let given = job.at(&["spec", "template", "metadata", "labels"]).clone();
    let labels = job.entry_at(&["spec", "template", "metadata", "labels"]);
    for (key, value) in [
        (LEGACY_JOB_NAME, &name),
        (JOB_NAME, &name),
        (LEGACY_CONTROLLER_UID, &uid),
        (CONTROLLER_UID, &uid),
    ] {
        labels.default_to(key, value);
    }
    // A Job without labels of its own has its template's, also those that were added.
    let labels = labels.clone();
    let own = job.at(&["metadata", "labels"]);
    if own.is_empty() || *own == given {
        job.set_at(&["metadata", "labels"], labels);
    }
    let selector = job.entry_at(&["spec", "selector", "matchLabels"]);
    selector.default_to(CONTROLLER_UID, uid);
}

/// Upstream: pkg/apis/batch/validation/validation.go, ValidateJob.
fn validate(job: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(job, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    rules::job(job, &mut faults);
    faults.causes
}

/// Upstream: pkg/registry/batch/job/strategy.go, ValidateUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(new, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    rules::job(new, &mut faults);
    meta::validate_update(new, old, &mut faults);
    rules::update(new, old, &mut faults);
    faults.causes
}

/// Upstream: pkg/registry/batch/job/strategy.go, WarningsOnCreate and WarningsOnUpdate.
fn warnings(job: &Value, old: Option<&Value>) -> Vec<String> {
    workload::warnings(job, old)
}
