//! Runs the pods of each Job until enough have succeeded or too many have failed, and removes finished Jobs in time.
//!
//! Upstream: pkg/controller/job/job_controller.go, backoff_utils.go and pkg/controller/ttlafterfinished.
//! Simplified: pods of Indexed Jobs carry no index; pod failure and success policies are not applied; the pods that
//! have ended are counted and freed in one step.

use std::rc::Rc;

use crate::api::kinds::job::{Job, JobCondition, JobStatus};
use crate::api::kinds::pod::Pod;
use crate::api::kinds::{JOB, POD};
use crate::api::{Key, Object, Status};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::controllers::pods;
use crate::server::{DeleteOptions, EventType, Part, Propagation};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "job-controller",
    watches: &[Watch::itself(&JOB), Watch::owned(&POD, &JOB)],
    reconcile,
    memory: forgetful,
};

/// Keeps a pod until it has been counted.
const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// Delay after the first failed pod; it doubles up to the longest. Upstream: DefaultJobPodFailureBackOff.
const FIRST_BACKOFF: Span = Span::seconds(10);
const LAST_BACKOFF: Span = Span::seconds(600);

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&JOB, key) else { return Ok(Next::Idle) };
    let job = object.view::<Job>();
    if job.is_finished() {
        return expire(cx, &object, &job);
    }
    let mut sync = Sync { cx, status: job.status.clone(), object, job, wait: None };
    sync.run()?;
    Ok(sync.wait.map_or(Next::Idle, Next::After))
}

/// Deletes a finished Job when its time is over. Upstream: ttlafterfinished_controller.go.
fn expire(cx: &mut Ctx, object: &Object, job: &Job) -> Result<Next, Status> {
    let Some(ttl) = job.spec.ttl_seconds_after_finished else { return Ok(Next::Idle) };
    let ends = ["Complete", "Failed"];
    let mut conditions = job.status.conditions.iter();
    let Some(end) = conditions.find(|c| ends.contains(&c.kind.as_str()) && c.status == "True")
    else {
        return Ok(Next::Idle);
    };
    let due = end.last_transition_time + Span::seconds(i64::from(ttl));
    if object.is_deleting() {
        return Ok(Next::Idle);
    }
    if cx.now() < due {
        return Ok(Next::After(due - cx.now()));
    }
    let why = format!(
        "Job {} ended and {} have passed (ttlSecondsAfterFinished), so it was deleted.",
        object.name(),
        pods::counted(ttl, "second")
    );
    let options =
        DeleteOptions { propagation: Some(Propagation::Foreground), ..DeleteOptions::default() };
    cx.delete(&JOB, &object.key, &options, why)?;
    Ok(Next::Idle)
}

struct Sync<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    object: Rc<Object>,
    job: Rc<Job>,
    status: JobStatus,
    /// When to look again.
    wait: Option<Span>,
}

/// How a Job ends: type, reason and message of its condition.
type End = (&'static str, &'static str, &'static str);

impl Sync<'_, '_> {
    fn name(&self) -> &str {
        &self.job.meta.name
    }

    fn wait(&mut self, span: Span) {
        self.wait = Some(self.wait.map_or(span, |wait| wait.min(span)));
    }

    /// Upstream: syncJob.
    fn run(&mut self) -> Result<(), Status> {
        let all: Vec<Rc<Object>> = self.cx.server.owned(&POD, self.object.uid()).cloned().collect();
        let failed_before = self.status.failed;
        self.count_ended(&all)?;
        let active: Vec<Rc<Object>> =
            all.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        let terminating = all.iter().filter(|pod| pods::is_terminating(pod)).count() as i32;
        self.note_start();
        let end = self.end(&active);
        let mut running = active.len() as i32;
        if let Some(end) = end {
            for pod in &active {
                self.delete(pod, end.2)?;
            }
            running = 0;
            if active.is_empty() && terminating == 0 {
                self.finish(end);
            } else {
                self.announce(end);
            }
        } else if !self.object.is_deleting() {
            let failed_now = self.status.failed > failed_before;
            running = self.manage(&active, &all, failed_now)?;
        }
        let ready = active.iter().filter(|pod| pod.view::<Pod>().is_ready()).count() as i32;
        self.status.active = running;
        self.status.ready = Some(ready.min(running));
        self.status.terminating =
            Some(if end.is_some() { terminating + active.len() as i32 } else { terminating });
        self.write()
    }

    /// Counts the pods that have ended and lets them go. Upstream: trackJobStatusAndRemoveFinalizers.
    fn count_ended(&mut self, all: &[Rc<Object>]) -> Result<(), Status> {
        let replaced_early = self.job.spec.pod_replacement_policy != "Failed";
        for pod in all {
            let finalizers = pod.at(&["metadata", "finalizers"]).as_array();
            if !finalizers.iter().any(|f| f.text() == TRACKING) {
                continue;
            }
            match pod.at(&["status", "phase"]).text() {
                "Succeeded" => self.status.succeeded += 1,
                "Failed" => self.status.failed += 1,
                _ if pod.is_deleting() && replaced_early => self.status.failed += 1,
                _ => continue,
            }
            let why = format!("Job {} has counted its pod {}.", self.name(), pod.name());
            let let_go = self.cx.modify(&POD, &pod.key, Part::Main, why, |pod| {
                let finalizers = pod.entry_at(&["metadata", "finalizers"]).make_array();
                finalizers.retain(|f| f.text() != TRACKING);
            });
            match let_go {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes when the Job began, was suspended or went on.
    fn note_start(&mut self) {
        let now = self.cx.now().to_second();
        let suspended = self.status.conditions.iter().find(|c| c.kind == "Suspended").cloned();
        let is_suspended = suspended.as_ref().is_some_and(|c| c.status == "True");
        if self.job.spec.suspend {
            if !is_suspended {
                self.condition("Suspended", "True", "JobSuspended", "Job suspended");
                self.event(EventType::Normal, "Suspended", "Job suspended");
            }
            return;
        }
        if is_suspended {
            self.condition("Suspended", "False", "JobResumed", "Job resumed");
            self.event(EventType::Normal, "Resumed", "Job resumed");
            self.status.start_time = Some(now);
        }
        self.status.start_time.get_or_insert(now);
    }

    /// Whether the Job has come to its end, and which.
    fn end(&mut self, active: &[Rc<Object>]) -> Option<End> {
        let limit = self.job.spec.backoff_limit.unwrap_or(6);
        let backoff: End =
            ("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        let late: End =
            ("Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
        let done: End =
            ("Complete", "CompletionsReached", "Reached expected number of succeeded pods");
        for known in [backoff, late] {
            let is_known = |c: &JobCondition| c.kind == "FailureTarget" && c.reason == known.1;
            if self.status.conditions.iter().any(is_known) {
                return Some(known);
            }
        }
        if self.status.failed > limit || self.restarts_exceed(active, limit) {
            return Some(backoff);
        }
        if let Some((seconds, start)) =
            self.job.spec.active_deadline_seconds.zip(self.status.start_time)
            && !self.job.spec.suspend
        {
            let due = start + Span::seconds(seconds);
            let now = self.cx.now();
            if due <= now {
                return Some(late);
            }
            self.wait(due - now);
        }
        let enough = match self.job.spec.completions {
            Some(wanted) => self.status.succeeded >= wanted,
            None => self.status.succeeded > 0 && active.is_empty(),
        };
        enough.then_some(done)
    }

    /// Upstream: pastBackoffLimitOnFailure.
    fn restarts_exceed(&self, active: &[Rc<Object>], limit: i32) -> bool {
        if self.job.spec.template.spec.restart_policy != "OnFailure" {
            return false;
        }
        let lists = ["initContainerStatuses", "containerStatuses"];
        let restarts: i64 = active
            .iter()
            .flat_map(|pod| lists.iter().flat_map(|list| pod.at(&["status", list]).as_array()))
            .filter_map(|container| container.get("restartCount").as_i64())
            .sum();
        if limit == 0 { restarts > 0 } else { restarts >= i64::from(limit) }
    }

    fn announce(&mut self, end: End) {
        let kind = if end.0 == "Complete" { "SuccessCriteriaMet" } else { "FailureTarget" };
        self.condition(kind, "True", end.1, end.2);
    }

    fn finish(&mut self, end: End) {
        self.announce(end);
        self.condition(end.0, "True", end.1, end.2);
        if end.0 == "Complete" {
            self.status.completion_time = Some(self.cx.now().to_second());
            self.event(EventType::Normal, "Completed", "Job completed");
        } else {
            self.event(EventType::Warning, end.1, end.2);
        }
    }

    /// Creates what is missing and deletes what is too much; the pods that run afterwards. Upstream: manageJob.
    fn manage(
        &mut self,
        active: &[Rc<Object>],
        all: &[Rc<Object>],
        failed_now: bool,
    ) -> Result<i32, Status> {
        let has = active.len() as i32;
        let parallelism = self.job.spec.parallelism.unwrap_or(1);
        let left = self.job.spec.completions.map(|n| n - self.status.succeeded);
        let wanted = match left {
            _ if self.job.spec.suspend => 0,
            Some(left) => left.min(parallelism),
            None if self.status.succeeded > 0 => has,
            None => parallelism,
        };
        for pod in active.iter().take((has - wanted).max(0) as usize) {
            self.delete(pod, &format!("{} may run", pods::counted(wanted, "pod")))?;
        }
        if has >= wanted {
            return Ok(wanted.max(0));
        }
        let delay = self.backoff(all, failed_now);
        if delay > Span::ZERO {
            self.wait(delay);
            return Ok(has);
        }
        let missing = (wanted - has).min(pods::BURST as i32);
        for _ in 0..missing {
            self.create(wanted, has)?;
        }
        Ok(has + missing)
    }

    /// Time for which no new pod is made, because of pods that failed. Upstream: backoff_utils.go, getRemainingTime.
    fn backoff(&self, all: &[Rc<Object>], failed_now: bool) -> Span {
        let ended = |pod: &Rc<Object>| {
            let statuses = pod.at(&["status", "containerStatuses"]).as_array();
            let ends = statuses
                .iter()
                .filter_map(|c| Time::parse(c.at(&["state", "terminated", "finishedAt"]).text()));
            ends.max().unwrap_or_else(|| pod.created())
        };
        let with_phase = |phase: &'static str| {
            all.iter().filter(move |pod| pod.at(&["status", "phase"]).text() == phase)
        };
        let since = with_phase("Succeeded").map(ended).max();
        let failures: Vec<Time> = with_phase("Failed")
            .map(ended)
            .filter(|at| since.is_none_or(|since| *at > since))
            .collect();
        let Some(last) = failures.iter().max().copied() else { return Span::ZERO };
        let doublings = (failures.len() as u32 - 1).min(10);
        let span = (FIRST_BACKOFF * (1_i64 << doublings)).min(LAST_BACKOFF);
        let from = if failed_now { self.cx.now() } else { last };
        (from.min(last) + span - self.cx.now()).max(Span::ZERO)
    }

    fn create(&mut self, wanted: i32, has: i32) -> Result<(), Status> {
        let object = self.object.clone();
        let mut pod = pods::from_template(&self.job.spec.template_value, &object);
        pod.entry_at(&["metadata", "finalizers"]).make_array().push(Value::from(TRACKING));
        let why = format!(
            "Job {} wants {} at a time and had {has}, so it created a pod; {} of its pods have succeeded.",
            self.name(),
            pods::counted(wanted, "pod"),
            self.status.succeeded
        );
        match pods::create(self.cx, &object, pod, why) {
            Err(status) if pods::is_namespace_ending(&status) => Ok(()),
            result => result.map(|_| ()),
        }
    }

    fn delete(&mut self, pod: &Object, because: &str) -> Result<(), Status> {
        let object = self.object.clone();
        let why = format!("Job {} deleted {}: {because}.", self.name(), pod.name());
        pods::delete(self.cx, &object, pod, why)
    }

    fn event(&mut self, kind: EventType, reason: &str, message: &str) {
        let object = self.object.clone();
        self.cx.event(&object, kind, reason, message.to_owned());
    }

    fn condition(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let now = self.cx.now().to_second();
        let old = self.status.conditions.iter_mut().find(|c| c.kind == kind);
        if old.as_ref().is_some_and(|c| c.status == status) {
            return;
        }
        let condition = JobCondition {
            kind: kind.into(),
            status: status.into(),
            last_probe_time: now,
            last_transition_time: now,
            reason: reason.into(),
            message: message.into(),
        };
        match old {
            Some(old) => *old = condition,
            None => self.status.conditions.push(condition),
        }
    }

    fn write(&mut self) -> Result<(), Status> {
        if self.status == self.job.status {
            return Ok(());
        }
        let status = self.status.clone();
        let why = format!(
            "Job {} counted its pods: {} active, {} succeeded, {} failed.",
            self.name(),
            status.active,
            status.succeeded,
            status.failed
        );
        let key = self.object.key.clone();
        self.cx.modify(&JOB, &key, Part::Status, why, |job| {
            job.set("status", written(&status));
        })?;
        Ok(())
    }
}

fn written(status: &JobStatus) -> Value {
    let condition = |c: &JobCondition| {
        value!({
            "type": &c.kind,
            "status": &c.status,
            "lastProbeTime": c.last_probe_time,
            "lastTransitionTime": c.last_transition_time,
            "reason": &c.reason,
            "message": &c.message,
        })
    };
    let mut value = value!({
        "conditions": Value::array(status.conditions.iter().map(condition).collect()),
        "active": status.active,
        "succeeded": status.succeeded,
        "failed": status.failed,
        "ready": status.ready,
        "terminating": status.terminating,
        "uncountedTerminatedPods": {},
    });
    if let Some(start) = status.start_time {
        value.set("startTime", start);
    }
    if let Some(end) = status.completion_time {
        value.set("completionTime", end);
    }
    value
}
