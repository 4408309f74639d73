//! CronJob.

use crate::api::cron::{self, Schedule};
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::{
    job as rules, meta, pod_defaults as defaults, strategy, warnings, workload,
};
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static CRON_JOB: Kind = Kind {
    group: "batch",
    version: "v1",
    name: "CronJob",
    plural: "cronjobs",
    singular: "cronjob",
    short: &["cj"],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules {
        default,
        prepare_create: strategy::create_with_generation,
        prepare_update: strategy::update_with_generation,
        validate,
        validate_update,
        warnings,
    },
};

view! {
    /// A CronJob as the simulation reads it.
    pub struct CronJob {
        meta: Meta = "metadata",
        spec: CronJobSpec = "spec",
        status: CronJobStatus = "status",
    }

    /// What is wanted. `job_template` is the template as stored, for new Jobs.
    pub struct CronJobSpec {
        schedule: Str = "schedule",
        time_zone: Option<Str> = "timeZone",
        starting_deadline_seconds: Option<i64> = "startingDeadlineSeconds",
        concurrency_policy: Str = "concurrencyPolicy",
        suspend: bool = "suspend",
        job_template: Value = "jobTemplate",
        successful_jobs_history_limit: Option<i32> = "successfulJobsHistoryLimit",
        failed_jobs_history_limit: Option<i32> = "failedJobsHistoryLimit",
    }

    /// What the controller last saw.
    pub struct CronJobStatus {
        active: Vec<ActiveJob> = "active",
        last_schedule_time: Option<Time> = "lastScheduleTime",
        last_successful_time: Option<Time> = "lastSuccessfulTime",
    }

    /// A Job that runs.
    pub struct ActiveJob {
        kind: Str = "kind",
        namespace: Str = "namespace",
        name: Str = "name",
        uid: Str = "uid",
    }
}

/// Upstream: pkg/apis/batch/v1/defaults.go, SetDefaults_CronJob.
fn default(job: &mut Value) {
    let spec = job.entry("spec");
    defaults::default_empty(spec, "concurrencyPolicy", "Allow");
    spec.default_to("suspend", false);
    spec.default_to("successfulJobsHistoryLimit", 3);
    spec.default_to("failedJobsHistoryLimit", 1);
    rules::default_spec(spec.entry_at(&["jobTemplate", "spec"]));
}

const SPEC: Path<'static> = Path::new("spec");
const NAME_MAX: usize = 52;

/// Upstream: pkg/apis/batch/validation/validation.go, ValidateCronJobCreate.
fn validate(job: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(job, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    spec(job.get("spec"), None, &mut faults);
    let name = job.at(&["metadata", "name"]);
    if name.text().len() > NAME_MAX {
        let path = Path::new("metadata");
        faults.invalid(path.child("name"), name, "must be no more than 52 characters");
    }
    faults.causes
}

/// Upstream: pkg/apis/batch/validation/validation.go, ValidateCronJobUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    spec(new.get("spec"), Some(old.get("spec")), &mut faults);
    faults.causes
}

/// Upstream: validateCronJobSpec.
fn spec(spec: &Value, old: Option<&Value>, faults: &mut Faults) {
    let schedule = spec.get("schedule");
    let zone = spec.get("timeZone");
    if schedule.text().is_empty() {
        faults.required(SPEC.child("schedule"), "");
    } else {
        let zoned = old.is_some_and(|old| old.get("schedule").text().contains("TZ"));
        self::schedule(schedule, zoned, !zone.is_null(), SPEC.child("schedule"), faults);
    }
    let deadline = spec.get("startingDeadlineSeconds");
    faults.non_negative(SPEC.child("startingDeadlineSeconds"), deadline);
    if old.is_none_or(|old| old.get("timeZone") != zone) {
        time_zone(zone, SPEC.child("timeZone"), faults);
    }
    faults.one_of(
        SPEC.child("concurrencyPolicy"),
        spec.get("concurrencyPolicy"),
        &["Allow", "Forbid", "Replace"],
    );
    let template = SPEC.child("jobTemplate");
    let own = template.child("spec");
    let job = spec.at(&["jobTemplate", "spec"]);
    rules::spec(job, own, faults);
    let selector = job.get("selector");
    if !selector.is_null() {
        let text = meta::selector_text(selector);
        faults.invalid_as(own.child("selector"), text, "`selector` will be auto-generated");
    }
    let manual = job.get("manualSelector");
    if manual.is_true() {
        faults.not_supported(own.child("manualSelector"), manual, &["nil", "false"]);
    }
    for key in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        faults.non_negative(SPEC.child(key), spec.get(key));
    }
}

/// Upstream: validateScheduleFormat.
fn schedule(value: &Value, zoned: bool, has_zone: bool, path: Path<'_>, faults: &mut Faults) {
    let text = value.text();
    if let Err(why) = Schedule::parse(text) {
        faults.invalid(path, value, why);
    }
    if !text.contains("TZ") {
        return;
    }
    if !zoned {
        let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        faults.invalid(path, value, why);
    } else if has_zone {
        let why = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        faults.invalid(path, value, why);
    }
}

/// Upstream: validateTimeZone.
fn time_zone(zone: &Value, path: Path<'_>, faults: &mut Faults) {
    if zone.is_null() {
        return;
    }
    let name = zone.text();
    if name.is_empty() {
        return faults.invalid(path, zone, "timeZone must be nil or non-empty string");
    }
    let is_wrong = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_+".contains(&b);
        matches!(part, "." | "..")
            || part.starts_with('-')
            || part.is_empty()
            || part.len() > 14
            || !part.bytes().all(plain)
    };
    let unknown = format!("unknown time zone {name}");
    if name.split('/').any(is_wrong) {
        return faults.invalid(path, zone, unknown);
    }
    if name.eq_ignore_ascii_case("local") {
        let why =
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        faults.invalid(path, zone, why);
    }
    if name != "Local" && !cron::is_time_zone(name) {
        faults.invalid(path, zone, unknown);
    }
}

/// Upstream: pkg/registry/batch/cronjob/strategy.go, WarningsOnCreate and WarningsOnUpdate.
fn warnings(job: &Value, old: Option<&Value>) -> Vec<String> {
    let mut all = Vec::new();
    if old.is_none() {
        all.extend(workload::name_warning(job));
    }
    if workload::is_new_generation(job, old) {
        let (template, inner) = (SPEC.child("jobTemplate"), "spec");
        let own = template.child(inner);
        let own = own.child("template");
        let pod = job.at(&["spec", "jobTemplate", "spec", "template", "spec"]);
        all.extend(warnings::pod_spec(pod, own.child("spec")));
    }
    if old.is_some() && job.at(&["spec", "schedule"]).text().contains("TZ") {
        all.push("cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details".to_owned());
    }
    all
}
