//! Statuses and events on their way to the API server.
//! Upstream: pkg/kubelet/status/status_manager.go.

use std::borrow::Cow;
use std::rc::Rc;

use crate::api::Object;
use crate::api::kinds::pod::POD;
use crate::base::value::{Str, Value};
use crate::kubelet::actions::Place;
use crate::kubelet::runtime::Runtime;
use crate::kubelet::status::{
    self, Condition, Input, OWNED, Phase, State, Status, Verdict, unknown_end,
};
use crate::kubelet::worker::Worker;
use crate::kubelet::{Cx, Event, Shared};
use crate::server::events::{EventType, Reference, Report, Reporter};
use crate::server::{By, DeleteOptions, Part};

const LOST: &str = "The container could not be located when the pod was terminated";

impl Worker {
    /// The status as it follows from the last relist.
    pub(super) fn compute_status(&mut self, terminal: bool, k: &Shared, cx: &mut Cx) -> Status {
        self.compute_status_of(&self.cache.runtime.clone(), terminal, k, cx)
    }

    /// The status as it follows from a state of the runtime.
    pub(super) fn compute_status_of(
        &mut self,
        runtime: &Runtime,
        terminal: bool,
        k: &Shared,
        cx: &mut Cx,
    ) -> Status {
        let (object, pod) = match &self.work {
            Some(work) => (work.pod.clone(), work.pod.clone()),
            None => (self.pod.clone(), self.pod.clone()),
        };
        let host_ip = if self.status.host_ip.is_empty() {
            Shared::host_ip(&self.node, cx)
        } else {
            self.status.host_ip.clone()
        };
        let status = status::generate(&Input {
            spec: &pod.spec,
            generation: object.meta.generation,
            deleting: object.meta.is_deleting(),
            runtime,
            old: &self.status,
            reasons: &self.reasons,
            probes: &|name, id| self.verdicts(name, id),
            gates: &|kind| self.gate(kind),
            terminal,
            ended_for: self.ended_for,
            host_ip,
            now: cx.now(),
        });
        let waiting: Vec<Str> = status
            .main
            .iter()
            .chain(&status.init)
            .filter(|c| matches!(c.state, State::Running { .. }) && c.started)
            .filter(|c| self.verdicts(&c.name, &c.container_id).1 == Verdict::NotPassed)
            .map(|c| c.name.clone())
            .collect();
        for name in waiting {
            self.trigger_readiness(&name, k, cx);
        }
        status
    }

    /// A condition of another writer, for readiness gates.
    fn gate(&self, kind: &str) -> Option<bool> {
        let conditions = self.object.at(&["status", "conditions"]).as_array();
        let found = conditions.iter().find(|c| c.get("type").text() == kind)?;
        Some(found.get("status").text() == "True")
    }

    /// Takes a new status, which is written a little later when it differs (or has to be written anyway).
    /// Upstream: updateStatusInternal.
    pub(super) fn set_status(
        &mut self,
        status: Status,
        force: bool,
        why: impl Into<Cow<'static, str>>,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        if self.reported && !force && self.status == status {
            return;
        }
        self.why = match describe(&self.status, &status) {
            Some(text) => Cow::Owned(text),
            None => why.into(),
        };
        self.status = status;
        self.reported = true;
        self.queue_report(k, cx);
    }

    /// Has the status written soon.
    pub(super) fn queue_report(&mut self, k: &Shared, cx: &mut Cx) {
        if self.report_queued {
            return;
        }
        self.report_queued = true;
        self.reports += 1;
        let delay = k.delay(cx, "report", &self.uid, self.reports, |p| p.report);
        cx.wake(cx.now() + delay, Event::Report(self.id));
    }

    /// Writes the status at once, before the next one replaces it.
    pub(super) fn report_now(&mut self, k: &mut Shared, cx: &mut Cx) {
        let queued = self.report_queued;
        self.report(k, cx);
        self.report_queued = queued;
    }

    /// The sandbox is up, which is reported before the containers start.
    /// Upstream: pkg/kubelet/kubelet.go, OnPodSandboxReady.
    pub(super) fn sandbox_ready(&mut self, k: &mut Shared, cx: &mut Cx) {
        let mut status = self.status.clone();
        let now = cx.now();
        if let Some(condition) = status.conditions.iter_mut().find(|c| c.kind == OWNED[0])
            && !condition.status
        {
            *condition = Condition { status: true, since: now.to_second(), ..condition.clone() };
        }
        self.set_status(status, false, "the pod's sandbox is up", k, cx);
    }

    /// A container's readiness has turned.
    /// Upstream: SetContainerReadiness.
    pub(super) fn set_readiness(
        &mut self,
        name: &str,
        id: &str,
        ready: bool,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let mut status = self.status.clone();
        let mut all = status.main.iter_mut().chain(&mut status.init);
        let Some(container) = all.find(|c| c.name == *name && c.container_id == *id) else {
            return;
        };
        if container.ready == ready {
            return;
        }
        container.ready = ready;
        let pod = self.pod.clone();
        let (old, runtime) = (self.status.clone(), self.cache.runtime.clone());
        status::refresh_readiness(
            &Input {
                spec: &pod.spec,
                generation: pod.meta.generation,
                deleting: pod.meta.is_deleting(),
                runtime: &runtime,
                old: &old,
                reasons: &self.reasons,
                probes: &|name, id| self.verdicts(name, id),
                gates: &|kind| self.gate(kind),
                terminal: false,
                ended_for: self.ended_for,
                host_ip: old.host_ip.clone(),
                now: cx.now(),
            },
            &mut status,
        );
        let why = format!(
            "the readiness probe of container {name} {}",
            if ready { "has passed" } else { "has failed" }
        );
        self.set_status(status, false, why, k, cx);
    }

    /// A container's startup probe has passed or failed for good.
    /// Upstream: SetContainerStartup.
    pub(super) fn set_started(
        &mut self,
        name: &str,
        id: &str,
        started: bool,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let mut status = self.status.clone();
        let mut all = status.main.iter_mut().chain(&mut status.init);
        let Some(container) = all.find(|c| c.name == *name && c.container_id == *id) else {
            return;
        };
        container.started = started;
        let why = format!("the startup probe of container {name} has passed");
        self.set_status(status, false, why, k, cx);
    }

    /// The last status of a pod: whatever did not end is lost, and the phase is a final one.
    /// Upstream: TerminatePod.
    pub(super) fn terminate_status(&mut self, k: &mut Shared, cx: &mut Cx) {
        let mut status = self.status.clone();
        let initialized = status.init.is_empty()
            || status
                .main
                .iter()
                .any(|c| c.last.is_some() || !matches!(c.state, State::Waiting { .. }))
            || status.init.last().is_some_and(|c| {
                matches!(&c.state, State::Terminated(e) if e.exit_code == 0)
                    || c.last.as_ref().is_some_and(|e| e.exit_code == 0)
            });
        let lose = |container: &mut status::ContainerStatus| {
            if !matches!(container.state, State::Terminated(_)) {
                container.state = State::Terminated(Rc::new(unknown_end(LOST)));
            }
        };
        if initialized {
            status.main.iter_mut().for_each(lose);
        }
        let begun = status
            .init
            .iter()
            .rposition(|c| c.last.is_some() || !matches!(c.state, State::Waiting { .. }))
            .map_or(status.init.len().min(1), |at| at + 1);
        status.init[..begun].iter_mut().for_each(lose);
        if !status.phase.is_terminal() {
            status.phase = Phase::Failed;
        }
        self.final_report = true;
        self.set_status(status, true, "the pod has ended and is cleaned up", k, cx);
    }

    /// Writes the status where it differs from the stored one, and removes a pod that has ended and is to be deleted.
    /// Upstream: syncPod.
    pub(super) fn report(&mut self, _: &mut Shared, cx: &mut Cx) {
        self.report_queued = false;
        let stored = cx.server.get(&POD, &self.key).cloned();
        let Some(stored) = stored.filter(|o| *o.uid() == *self.uid) else { return };
        let status = self.merged(&stored);
        let value = status::to_value(&status, &self.fixed, other_conditions(&stored));
        let nominated = stored.at(&["status", "nominatedNodeName"]).clone();
        let why = std::mem::replace(&mut self.why, Cow::Borrowed("the pod's status has changed"));
        let by = By::kubelet(&self.node, why).after(self.trigger);
        let written = cx.server.modify(&POD, &self.key, Part::Status, by, |pod| {
            pod.set("status", value);
            if !nominated.is_null() {
                pod.set_at(&["status", "nominatedNodeName"], nominated);
            }
        });
        // The pod is there (see above) and statuses are not refused; a refusal would be repeated for ever.
        let Ok(written) = written else { return };
        if self.final_report && written.is_deleting() && status.phase.is_terminal() {
            let options = DeleteOptions {
                grace_s: Some(0),
                uid: Some(self.uid.to_string()),
                ..DeleteOptions::default()
            };
            let by = By::kubelet(&self.node, "the pod has ended and was to be deleted");
            // It can only be gone already.
            let _ = cx.server.delete(&POD, &self.key, &options, by.after(self.trigger));
        }
    }

    /// The status as it is written: a final phase only once nothing runs any more.
    /// Upstream: mergePodStatus.
    fn merged(&self, stored: &Object) -> Status {
        let mut status = self.status.clone();
        let before = Phase::parse(stored.at(&["status", "phase"]).text());
        if !before.is_terminal() && status.phase.is_terminal() && !self.terminated {
            status.phase = before;
            stored.at(&["status", "reason"]).text().clone_into(&mut status.reason);
            stored.at(&["status", "message"]).text().clone_into(&mut status.message);
        }
        if status.phase.is_terminal() {
            let reason =
                if status.phase == Phase::Succeeded { "PodCompleted" } else { "PodFailed" };
            let since = self.status.conditions.iter().map(|c| c.since).max().unwrap_or_default();
            for condition in &mut status.conditions {
                if matches!(condition.kind, "Ready" | "ContainersReady") && condition.status {
                    condition.status = false;
                    condition.reason = reason;
                    condition.since = since;
                }
            }
        }
        status
    }

    // --- events ---

    /// Reports something about the pod, or about one of its containers.
    pub(super) fn tell(
        &self,
        container: Option<(Place, &str)>,
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
        cx: &mut Cx,
    ) {
        self.record(container, EventType::Normal, reason, message.into(), cx);
    }

    /// The same, as a warning.
    pub(super) fn warn(
        &self,
        container: Option<(Place, &str)>,
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
        cx: &mut Cx,
    ) {
        self.record(container, EventType::Warning, reason, message.into(), cx);
    }

    fn record(
        &self,
        container: Option<(Place, &str)>,
        kind: EventType,
        reason: &'static str,
        message: Cow<'static, str>,
        cx: &mut Cx,
    ) {
        let mut about = Reference::of(&self.object);
        if let Some((place, name)) = container {
            let list = match place {
                Place::Init => "initContainers",
                Place::Main => "containers",
                Place::Ephemeral => "ephemeralContainers",
            };
            about = about.container(list, name);
        }
        let reporter = Reporter::Source { component: "kubelet", host: &self.node };
        let by = By::kubelet(&self.node, message.clone().into_owned());
        let report = Report { about, reporter, kind, reason, message };
        cx.server.record_event(&report, by);
    }
}

/// Conditions that kubelets do not own.
fn other_conditions(stored: &Object) -> Vec<Value> {
    stored
        .at(&["status", "conditions"])
        .as_array()
        .iter()
        .filter(|c| !OWNED.contains(&c.get("type").text()))
        .cloned()
        .collect()
}

/// What has changed most visibly between two statuses, in words.
fn describe(old: &Status, new: &Status) -> Option<String> {
    for container in new.main.iter().chain(&new.init) {
        let name = &container.name;
        let before = old.container(name);
        if before.is_some_and(|b| b.state == container.state) {
            continue;
        }
        match &container.state {
            State::Running { .. } => return Some(format!("container {name} has started")),
            State::Terminated(ended) => {
                return Some(format!(
                    "container {name} has ended with exit code {}",
                    ended.exit_code
                ));
            }
            State::Waiting { reason, .. } if before.is_some() => {
                return Some(format!("container {name} does not run: {reason}"));
            }
            State::Waiting { .. } => {}
        }
    }
    None
}
