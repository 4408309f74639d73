//! Creates a Job whenever a CronJob's schedule comes due, and removes old ones.
//!
//! Upstream: pkg/controller/cronjob/cronjob_controllerv2.go and utils.go. Simplified: all schedules run in UTC.

use std::rc::Rc;

use crate::api::cron::Schedule;
use crate::api::kinds::cron_job::CronJob;
use crate::api::kinds::job::Job;
use crate::api::kinds::{CRON_JOB, JOB};
use crate::api::meta::OwnerReference;
use crate::api::{Key, Object, Status};
use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::server::{DeleteOptions, EventType, Part, Propagation};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "cronjob-controller",
    watches: &[Watch::itself(&CRON_JOB), Watch::owned(&JOB, &CRON_JOB)],
    reconcile,
    memory: forgetful,
};

/// Jobs carry the time for which they were made.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// More missed starts than these are not looked for one by one.
const MOST_MISSED: usize = 100;
/// How late the next look comes after the due time. Upstream: nextScheduleDelta.
const DELTA: Span = Span::millis(100);

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&CRON_JOB, key) else { return Ok(Next::Idle) };
    let cron = object.view::<CronJob>();
    let mut jobs: Vec<Rc<Object>> = cx.server.owned(&JOB, object.uid()).cloned().collect();
    jobs.order_by_key(|job| (job.created(), job.name().clone()));
    let mut sync = Sync { cx, status: object.get("status").clone(), object, cron };
    sync.note_ended(&jobs);
    let next = sync.start_due(&jobs)?;
    sync.write()?;
    sync.clean_up(&jobs, "Complete", sync.cron.spec.successful_jobs_history_limit)?;
    sync.clean_up(&jobs, "Failed", sync.cron.spec.failed_jobs_history_limit)?;
    Ok(next.map_or(Next::Idle, Next::After))
}

struct Sync<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    object: Rc<Object>,
    cron: Rc<CronJob>,
    status: Value,
}

impl Sync<'_, '_> {
    fn event(&mut self, kind: EventType, reason: &str, message: String) {
        let object = self.object.clone();
        self.cx.event(&object, kind, reason, message);
    }

    fn is_listed(&self, uid: &str) -> bool {
        self.status.get("active").as_array().iter().any(|job| job.get("uid").text() == uid)
    }

    fn unlist(&mut self, keep: impl Fn(&Value) -> bool) {
        let mut active = self.status.get("active").as_array().to_vec();
        active.retain(|job| keep(job));
        self.status.set("active", Value::array(active));
    }

    /// Takes Jobs that have ended or are gone off the list. Upstream: syncCronJob, its first half.
    fn note_ended(&mut self, jobs: &[Rc<Object>]) {
        for job in jobs {
            let view = job.view::<Job>();
            if !view.is_finished() {
                continue;
            }
            if self.is_listed(job.uid()) {
                let uid = job.uid().to_owned();
                self.unlist(|job| job.get("uid").text() != uid);
                let end = if view.is_true("Complete") { "Complete" } else { "Failed" };
                let message = format!("Saw completed job: {}, condition: {end}", job.name());
                self.event(EventType::Normal, "SawCompletedJob", message);
            }
            let last = Time::parse(self.status.get("lastSuccessfulTime").text());
            if let Some(done) = view.status.completion_time.filter(|_| view.is_true("Complete"))
                && last.is_none_or(|last| last < done)
            {
                self.status.set("lastSuccessfulTime", done);
            }
        }
        let uids: Vec<String> = jobs.iter().map(|job| job.uid().to_owned()).collect();
        self.unlist(|job| uids.iter().any(|uid| uid == job.get("uid").text()));
    }

    /// Creates the Job that is due, if one is, and returns the time until the next.
    /// Upstream: syncCronJob, its second half.
    fn start_due(&mut self, jobs: &[Rc<Object>]) -> Result<Option<Span>, Status> {
        if self.object.is_deleting() || self.cron.spec.suspend {
            return Ok(None);
        }
        let Ok(schedule) = Schedule::parse(&self.cron.spec.schedule) else {
            let message = format!("Unparseable schedule: {:?}", self.cron.spec.schedule.as_str());
            self.event(EventType::Warning, "UnparseableSchedule", message);
            return Ok(None);
        };
        let now = self.cx.now();
        let wait = schedule.next(now).map(|next| next - now + DELTA);
        let Some((due, missed)) = self.due(&schedule, now) else { return Ok(wait) };
        if missed > MOST_MISSED {
            let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew".to_owned();
            self.event(EventType::Warning, "TooManyMissedTimes", message);
        }
        let deadline = self.cron.spec.starting_deadline_seconds;
        if deadline.is_some_and(|s| due + Span::seconds(s) < now) {
            let message = format!("Missed scheduled time to start a job: {}", due.rfc3339());
            self.event(EventType::Warning, "MissSchedule", message);
            return Ok(wait);
        }
        let name = format!("{}-{}", self.object.name(), due.unix_s() / 60);
        let active = !self.status.get("active").is_empty();
        match self.cron.spec.concurrency_policy.as_str() {
            "Forbid" if active => {
                let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.event(EventType::Normal, "JobAlreadyActive", message.to_owned());
                return Ok(wait);
            }
            "Replace" => {
                for job in jobs {
                    if self.is_listed(job.uid()) {
                        self.delete(job, "Replace: the next one is due")?;
                    }
                }
                self.status.set("active", Value::array(Vec::new()));
            }
            _ => {}
        }
        self.create(&name, due)?;
        Ok(wait)
    }

    /// The last time that has come due and was not served, and how many were missed up to it.
    /// Upstream: mostRecentScheduleTime.
    fn due(&self, schedule: &Schedule, now: Time) -> Option<(Time, usize)> {
        let last = Time::parse(self.status.get("lastScheduleTime").text());
        let mut from = last.unwrap_or_else(|| self.object.created());
        if let Some(seconds) = self.cron.spec.starting_deadline_seconds {
            from = from.max(now - Span::seconds(seconds));
        }
        let mut due = None;
        let mut missed = 0;
        while let Some(next) = schedule.next(from).filter(|next| *next <= now) {
            due = Some(next);
            missed += 1;
            from = if missed > MOST_MISSED {
                // From here on only the last one counts.
                from.max(now - (next - from) * 2)
            } else {
                next
            };
            if missed > MOST_MISSED * 2 {
                break;
            }
        }
        due.map(|due| (due, missed))
    }

    /// Upstream: getJobFromTemplate2.
    fn create(&mut self, name: &str, due: Time) -> Result<(), Status> {
        let template = &self.cron.spec.job_template;
        let mut meta = value!({
            "name": name,
            "namespace": self.object.namespace(),
            "ownerReferences": vec![OwnerReference::controller_of(&self.object)],
        });
        for key in ["labels", "annotations"] {
            let given = template.at(&["metadata", key]);
            if !given.is_empty() {
                meta.set(key, given);
            }
        }
        meta.set_at(&["annotations", SCHEDULED], due.rfc3339());
        let job = value!({ "metadata": meta, "spec": template.get("spec") });
        let why = format!(
            "CronJob {} was due at {} ({}), so it created Job {name}.",
            self.object.name(),
            due.rfc3339(),
            self.cron.spec.schedule
        );
        match self.cx.create(&JOB, job, why) {
            Ok(job) => {
                let message = format!("Created job {name}");
                self.event(EventType::Normal, "SuccessfulCreate", message);
                let reference = value!({
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": name,
                    "namespace": job.namespace(),
                    "resourceVersion": job.rv.to_string(),
                    "uid": job.uid(),
                });
                self.status.entry("active").make_array().push(reference);
            }
            Err(status) if status.is_already_exists() => {}
            Err(status) => {
                let message = format!("Error creating job: {}", status.message);
                self.event(EventType::Warning, "FailedCreate", message);
                return Err(status);
            }
        }
        self.status.set("lastScheduleTime", due);
        Ok(())
    }

    fn delete(&mut self, job: &Object, because: &str) -> Result<(), Status> {
        let why = format!("CronJob {} deleted Job {}: {because}.", self.object.name(), job.name());
        let options = DeleteOptions {
            propagation: Some(Propagation::Background),
            ..DeleteOptions::default()
        };
        match self.cx.delete(&JOB, &job.key, &options, why) {
            Err(status) if !status.is_not_found() => return Err(status),
            _ => {}
        }
        let message = format!("Deleted job {}", job.name());
        self.event(EventType::Normal, "SuccessfulDelete", message);
        Ok(())
    }

    fn write(&mut self) -> Result<(), Status> {
        if self.status.get("active").is_empty() {
            self.status.remove("active");
        }
        if self.status == *self.object.get("status") {
            return Ok(());
        }
        let why = format!(
            "CronJob {} has {} active Jobs; its last one was due at {:?}.",
            self.object.name(),
            self.status.get("active").as_array().len(),
            self.status.get("lastScheduleTime").text()
        );
        let (key, status) = (self.object.key.clone(), self.status.clone());
        self.cx.modify(&CRON_JOB, &key, Part::Status, why, |cron| cron.set("status", status))?;
        Ok(())
    }

    /// Removes the oldest Jobs with this end beyond the limit. Upstream: cleanupFinishedJobs.
    fn clean_up(
        &mut self,
        jobs: &[Rc<Object>],
        end: &str,
        limit: Option<i32>,
    ) -> Result<(), Status> {
        let Some(limit) = limit.and_then(|n| usize::try_from(n).ok()) else { return Ok(()) };
        let ended: Vec<&Rc<Object>> =
            jobs.iter().filter(|job| job.view::<Job>().is_true(end)).collect();
        let surplus = ended.len().saturating_sub(limit);
        for job in ended.into_iter().take(surplus) {
            self.delete(job, &format!("only the last {limit} that ended as {end} are kept"))?;
        }
        Ok(())
    }
}
