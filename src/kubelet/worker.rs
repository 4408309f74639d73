//! A pod's worker: one sync after the other, each seeing a newer state of the runtime than the last.
//! Upstream: pkg/kubelet/pod_workers.go, pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod, SyncTerminatedPod),
//! pkg/kubelet/pleg/generic.go. Simplified: pods whose last sync succeeded are not synced again every minute.

use crate::base::ordered::OrdMap;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::api::kinds::pod::Pod;
use crate::api::{Key, Object};
use crate::base::time::{Span, Time};
use crate::base::value::Str;
use crate::kubelet::actions::{self, Health, Plan, Start, Stop};
use crate::kubelet::backoff::Backoff;
use crate::kubelet::kill::Kill;
use crate::kubelet::prober::Probe;
use crate::kubelet::runtime::{self, Cache, Instance, LifecycleEvent, RunState, Runtime, Sandbox};
use crate::kubelet::start::Starting;
use crate::kubelet::status::{Fixed, Reasons, Status, qos_class};
use crate::kubelet::volumes::Mounts;
use crate::kubelet::{Cx, Event, PodId, Shared, Task};
use crate::os::Pid;
use crate::server::{By, Change, ChangeKind, DeleteOptions};

/// How long a failed sync waits before the next. Upstream: pkg/kubelet/kubelet.go, backOffPeriod.
const BACK_OFF: Span = Span::seconds(10);
/// Longest time between two syncs of a failing pod. Upstream: the kubelet's syncFrequency.
const RESYNC: Span = Span::seconds(60);
/// How long a sync waits for volumes. Upstream: pkg/kubelet/volumemanager, podAttachAndMountTimeout.
const MOUNT_TIMEOUT: Span = Span::millis(123_000);
/// First and longest pause between two attempts to mount. Upstream: pkg/util/goroutinemap/exponentialbackoff.
const MOUNT_RETRY: (Span, Span) = (Span::millis(500), Span::millis(122_000));

/// What a sync is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bring the pod to what its spec says.
    Sync,
    /// Stop its containers for good.
    Terminating,
    /// Clean up after that.
    Terminated,
}

/// How far a sync is.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// It waits for a look at the runtime that is newer than the last sync.
    Fresh,
    /// It waits for the pod's volumes.
    Mounting { since: Time, retry: Span },
    /// It waits for containers to end.
    Stopping,
    /// A sandbox is being made.
    Sandbox,
    /// Containers are being started.
    Starting(Starting),
    /// The sandbox is being taken down.
    TearingDown,
}

/// A sync in progress.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) kind: Kind,
    /// The pod as it was when the sync began.
    pub(super) pod: Rc<Pod>,
    pub(super) stage: Stage,
    /// The state of the runtime that the sync acts on.
    pub(super) seen: Rc<Runtime>,
    pub(super) plan: Plan,
    pub(super) stops: VecDeque<Stop>,
    pub(super) starts: VecDeque<Start>,
    /// Start results: container, and its failure.
    pub(super) results: Vec<(Str, Option<Failure>)>,
    /// Something has been done, successfully or not.
    pub(super) acted: bool,
}

/// Why a container was not started.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) message: String,
    /// When a pause ends that is the reason.
    pub(super) until: Option<Time>,
}

/// How a sync ended.
enum Outcome {
    Done,
    /// Failed; tried again after a pause that lasts until this instant, or the usual one.
    Failed(Option<Time>),
    /// Cancelled because the pod is to end.
    Cancelled,
    /// The pod has ended by itself.
    Terminal,
}

/// A pod on its node.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) id: PodId,
    pub(super) uid: Str,
    pub(super) key: Key,
    pub(super) node: Str,
    /// The pod as the kubelet knows it, and as it is stored.
    pub(super) object: Rc<Object>,
    latest: Rc<Object>,
    pub(super) pod: Rc<Pod>,
    pub(super) fixed: Rc<Fixed>,
    /// The revision that set off what the worker does now.
    pub(super) trigger: Option<u64>,
    /// The stored object is gone.
    pub(super) gone: bool,

    pub(super) runtime: Rc<Runtime>,
    pub(super) cache: Cache,
    pub(super) last_serial: u32,

    pub(super) work: Option<Work>,
    pending: bool,
    last_sync: Time,
    terminating: Option<Time>,
    pub(super) terminated: bool,
    pub(super) finished: bool,
    pub(super) grace_s: i64,
    token: u64,
    queue_token: u64,
    draws: u64,

    pub(super) status: Status,
    /// Whether the status is the kubelet's own (otherwise the stored one).
    pub(super) reported: bool,
    pub(super) report_queued: bool,
    pub(super) final_report: bool,
    pub(super) reports: u64,
    pub(super) why: std::borrow::Cow<'static, str>,
    pub(super) reasons: Reasons,
    /// Reason and message when the kubelet itself ends the pod.
    pub(super) ended_for: Option<(&'static str, &'static str)>,

    pub(super) restart_backoff: Backoff,
    pub(super) pull_backoff: Backoff,
    pub(super) pull_errors: OrdMap<Str, String>,
    pub(super) mounts: Option<Rc<Mounts>>,
    pub(super) kills: Vec<Kill>,
    pub(super) probes: Vec<Probe>,
    pub(super) probing: bool,
}

impl Worker {
    /// A worker for a pod that its kubelet is about to see.
    pub(super) fn new(id: PodId, object: &Rc<Object>, trigger: Option<u64>) -> Worker {
        let pod: Rc<Pod> = object.view();
        Worker {
            id,
            uid: Str::from(object.uid()),
            key: object.key.clone(),
            node: pod.spec.node_name.clone(),
            object: object.clone(),
            latest: object.clone(),
            fixed: Rc::new(Fixed::of(object.value(), qos_class(&pod.spec))),
            status: Status::stored(&pod.status),
            pod,
            trigger,
            gone: false,
            runtime: Rc::default(),
            cache: Cache::default(),
            last_serial: 0,
            work: None,
            pending: false,
            last_sync: Time::default(),
            terminating: None,
            terminated: false,
            finished: false,
            grace_s: 0,
            token: 0,
            queue_token: 0,
            draws: 0,
            reported: false,
            report_queued: false,
            final_report: false,
            reports: 0,
            why: std::borrow::Cow::Borrowed(""),
            reasons: Reasons::new(),
            ended_for: None,
            restart_backoff: Backoff::default(),
            pull_backoff: Backoff::default(),
            pull_errors: OrdMap::new(),
            mounts: None,
            kills: Vec::new(),
            probes: Vec::new(),
            probing: false,
        }
    }

    /// Whether nothing is left to do for a pod that is gone.
    pub(super) fn is_done(&self) -> bool {
        self.gone && self.finished
    }

    /// Takes a change of the stored pod. Returns whether the kubelet has to act on it.
    pub(super) fn changed(&mut self, change: &Change) -> bool {
        self.latest = change.new.clone();
        if change.change == ChangeKind::Deleted {
            self.gone = true;
            return true;
        }
        let Some(old) = &change.old else { return false };
        let (before, after) = (old.get("metadata"), change.new.get("metadata"));
        let same = |key| before.get(key) == after.get(key);
        let notice = old.get("spec") != change.new.get("spec")
            || !(same("deletionTimestamp")
                && same("deletionGracePeriodSeconds")
                && same("labels")
                && same("annotations"))
            || !self.pod.spec.readiness_gates.is_empty();
        if notice {
            self.trigger = Some(change.rev);
        }
        notice
    }

    /// The kubelet sees the pod's change.
    pub(super) fn noticed(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.take_latest();
        if self.gone && !self.finished {
            if self.terminating.is_none() {
                self.begin_terminating(cx);
            }
            if self.work.is_none() {
                self.update(k, cx);
            }
            return;
        }
        self.queue_deadline(cx);
        self.update(k, cx);
    }

    fn take_latest(&mut self) {
        if !Rc::ptr_eq(&self.object, &self.latest) {
            self.object = self.latest.clone();
            self.pod = self.object.view();
            self.fixed = Rc::new(Fixed::of(self.object.value(), qos_class(&self.pod.spec)));
        }
    }

    /// The kubelet has been started again: what it was doing is begun anew.
    pub(super) fn restarted(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.take_latest();
        self.token += 1;
        self.queue_token += 1;
        self.work = None;
        self.pending = false;
        self.kills.clear();
        self.last_sync = Time::default();
        self.report_queued = false;
        self.gone =
            cx.server.get(self.object.kind, &self.key).is_none_or(|o| *o.uid() == *self.uid)
                && cx.server.get(self.object.kind, &self.key).is_none();
        self.cache.runtime = self.runtime.clone();
        self.cache.record = self.runtime.record();
        self.restart_probes(cx);
        if self.finished {
            self.queue_report(k, cx);
        } else {
            if self.gone && self.terminating.is_none() {
                self.begin_terminating(cx);
            }
            self.update(k, cx);
        }
    }

    /// Requests a sync: at once, or after the one that is in progress.
    /// Upstream: pkg/kubelet/pod_workers.go, UpdatePod.
    pub(super) fn update(&mut self, k: &mut Shared, cx: &mut Cx) {
        if self.finished {
            return;
        }
        let ends = self.pod.meta.is_deleting()
            || matches!(self.object.at(&["status", "phase"]).text(), "Failed" | "Succeeded");
        let begins = self.terminating.is_none() && ends;
        if begins {
            self.begin_terminating(cx);
        }
        if self.terminating.is_some() && !self.terminated {
            self.grace_s = self.effective_grace();
        }
        self.pending = true;
        if self.work.is_none() {
            self.begin(k, cx);
        } else if begins
            && matches!(
                self.work,
                Some(Work { kind: Kind::Sync, stage: Stage::Mounting { .. }, .. })
            )
        {
            self.finish(Outcome::Cancelled, k, cx);
        }
    }

    fn begin_terminating(&mut self, cx: &Cx) {
        self.terminating = Some(cx.now());
    }

    /// Upstream: pkg/kubelet/pod_workers.go, calculateEffectiveGracePeriod.
    fn effective_grace(&self) -> i64 {
        let mut grace = self.grace_s;
        let mut set = false;
        if let Some(asked) = self.pod.meta.deletion_grace_period_seconds
            && (grace == 0 || asked < grace)
        {
            grace = asked;
            set = true;
        }
        if !set && grace == 0 {
            grace = self.pod.spec.termination_grace_period_seconds.unwrap_or(0);
        }
        grace.max(1)
    }

    /// Begins the sync that is pending.
    fn begin(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.pending = false;
        let kind = match (self.terminating, self.terminated) {
            (_, true) => Kind::Terminated,
            (Some(_), false) => Kind::Terminating,
            (None, false) => Kind::Sync,
        };
        self.work = Some(Work {
            kind,
            pod: self.pod.clone(),
            stage: Stage::Fresh,
            seen: self.cache.runtime.clone(),
            plan: Plan::default(),
            stops: VecDeque::new(),
            starts: VecDeque::new(),
            results: Vec::new(),
            acted: false,
        });
        if self.newest_look(k, cx.now()) > self.last_sync {
            self.enter(k, cx);
        } else {
            k.want_relist(&self.node, self.id, cx);
        }
    }

    fn newest_look(&self, k: &Shared, now: Time) -> Time {
        let relist = k.nodes.get(&self.node).map_or(now, |node| node.last_relist(now));
        relist.max(self.cache.observed)
    }

    fn enter(&mut self, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = &mut self.work else { return };
        work.seen = self.cache.runtime.clone();
        match work.kind {
            Kind::Sync => self.sync(k, cx),
            Kind::Terminating => self.sync_terminating(k, cx),
            Kind::Terminated => self.sync_terminated(k, cx),
        }
    }

    // --- relists ---

    /// Looks at the pod's containers, and syncs the pod for what has happened to them.
    pub(super) fn relist(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.cache.observed = cx.now();
        let record = self.runtime.record();
        let events = runtime::events(&self.cache.record, &record);
        if record != self.cache.record {
            self.cache.runtime = self.runtime.clone();
            self.cache.record = record;
        }
        if let Some(Work { stage: Stage::Fresh, .. }) = self.work {
            self.enter(k, cx);
        }
        for event in events {
            match event {
                LifecycleEvent::Started => self.update(k, cx),
                LifecycleEvent::Died(serial) => {
                    self.update(k, cx);
                    self.remove_older(serial, k, cx);
                }
                LifecycleEvent::Removed => {}
            }
        }
    }

    /// Only one dead container of each name is kept.
    fn remove_older(&mut self, serial: u32, k: &mut Shared, cx: &mut Cx) {
        let Some(name) = self.runtime.instance(serial).map(|i| i.name.clone()) else { return };
        for old in self.runtime.removable(&name, 1) {
            self.remove_instance(old, k, cx);
        }
    }

    pub(super) fn remove_instance(&mut self, serial: u32, k: &mut Shared, cx: &mut Cx) {
        let runtime = Rc::make_mut(&mut self.runtime);
        let Some(at) = runtime.instances.iter().position(|i| i.serial == serial) else { return };
        let instance = runtime.instances.remove(at);
        release(&instance, k, cx);
        self.touched(k, cx);
    }

    /// The runtime has changed: the next relist will see it.
    pub(super) fn touched(&mut self, k: &mut Shared, cx: &mut Cx) {
        k.want_relist(&self.node, self.id, cx);
    }

    /// Write access to the container with this number.
    pub(super) fn instance_mut(&mut self, serial: u32) -> Option<&mut Instance> {
        Rc::make_mut(&mut self.runtime).instance_mut(serial)
    }

    /// The main process of a container has ended.
    pub(super) fn container_ended(
        &mut self,
        serial: u32,
        code: i32,
        at: Time,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let killed = self.kills.iter().any(|kill| kill.serial == serial);
        let replaced = self.runtime.instance(serial).is_none_or(|instance| instance.replaced);
        let missing = matches!(code, 126 | 127) && self.is_stand_in(serial) && !killed && !replaced;
        if missing && self.replace_command(serial, k, cx) {
            return;
        }
        let message = self.termination_message(serial, code, cx);
        let Some(instance) = self.instance_mut(serial) else { return };
        instance.state = RunState::Exited;
        instance.finished = Some(at);
        instance.exit_code = code;
        instance.pid = None;
        let starved = !killed && instance.machine.is_some_and(|m| cx.kernel.was_out_of_memory(m));
        instance.reason = match code {
            0 => "Completed",
            _ if starved => "OOMKilled",
            _ => "Error",
        };
        instance.message = message;
        self.touched(k, cx);
    }

    /// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go, getTerminationMessage.
    fn termination_message(&self, serial: u32, code: i32, cx: &Cx) -> String {
        const LIMIT: usize = 4096;
        let Some(instance) = self.runtime.instance(serial) else { return String::new() };
        let spec = &self.pod.spec;
        let all = spec.init_containers.iter().chain(&spec.containers);
        let Some(container) =
            all.chain(&spec.ephemeral_containers).find(|c| c.name == instance.name)
        else {
            return String::new();
        };
        let path = container.termination_message_path.as_str();
        let written = instance
            .machine
            .filter(|_| !path.is_empty())
            .and_then(|machine| cx.kernel.read_file(machine, path).ok())
            .unwrap_or_default();
        let cut = written.len().min(LIMIT);
        let text = String::from_utf8_lossy(&written[..cut]).into_owned();
        let from_log = container.termination_message_policy == "FallbackToLogsOnError";
        if !text.is_empty() || code == 0 || !from_log {
            return text;
        }
        let lines = instance.log.map(|log| cx.kernel.log_lines(log)).unwrap_or_default();
        let last = &lines[lines.len().saturating_sub(80)..];
        let text: String = last.iter().map(|line| format!("{}\n", line.text)).collect();
        let from = text.len().saturating_sub(2048);
        let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text[from..].to_owned()
    }

    /// The default container, or one by name, while it runs.
    pub(super) fn running(&self, name: &str) -> Option<&Instance> {
        let name = match name {
            "" => self.pod.spec.containers.first()?.name.as_str(),
            name => name,
        };
        self.runtime.latest(name).filter(|i| i.state == RunState::Running)
    }

    // --- syncs ---

    /// Schedules the next step of the sync in progress.
    pub(super) fn step_at(&mut self, at: Time, cx: &mut Cx) {
        self.token += 1;
        cx.wake(at, Event::Step(self.id, self.token));
    }

    /// A number for drawing delays, different for each step.
    pub(super) fn draw_number(&mut self) -> u64 {
        self.draws += 1;
        self.draws
    }

    /// A step of the sync is over.
    pub(super) fn step(&mut self, token: u64, k: &mut Shared, cx: &mut Cx) {
        if token != self.token {
            return;
        }
        let Some(work) = &self.work else { return };
        match (&work.stage, work.kind) {
            (Stage::Mounting { since, retry }, _) => {
                let (since, retry) = (*since, *retry);
                self.mount(since, retry, k, cx);
            }
            (Stage::Sandbox, _) => self.sandbox_up(k, cx),
            (Stage::Starting(_), _) => self.start_step(k, cx),
            (Stage::TearingDown, Kind::Terminating) => self.stopped(k, cx),
            (Stage::TearingDown, _) => self.torn_down(k, cx),
            (Stage::Fresh | Stage::Stopping, _) => {}
        }
    }

    /// Upstream: pkg/kubelet/kubelet.go, SyncPod.
    fn sync(&mut self, k: &mut Shared, cx: &mut Cx) {
        let status = self.compute_status(false, k, cx);
        let terminal = status.phase.is_terminal();
        let why = if terminal {
            "its containers have ended and are not started again"
        } else {
            "what runs of the pod has changed"
        };
        self.set_status(status, false, why, k, cx);
        if terminal {
            return self.finish(Outcome::Terminal, k, cx);
        }
        if self.pod.spec.volumes.is_empty() || self.mounts.is_some() {
            return self.mounted(k, cx);
        }
        let n = self.draw_number();
        let wait = k.delay(cx, "mount", &self.uid, n, |p| p.mount);
        self.set_stage(Stage::Mounting { since: cx.now(), retry: MOUNT_RETRY.0 });
        self.step_at(cx.now() + wait, cx);
    }

    pub(super) fn set_stage(&mut self, stage: Stage) {
        if let Some(work) = &mut self.work {
            work.stage = stage;
        }
    }

    fn mount(&mut self, since: Time, retry: Span, k: &mut Shared, cx: &mut Cx) {
        let problems = self.try_mount(k, cx);
        if problems.is_empty() {
            return self.mounted(k, cx);
        }
        let now = cx.now();
        for message in &problems {
            self.warn(None, "FailedMount", message.clone(), cx);
        }
        if now - since >= MOUNT_TIMEOUT {
            let message = self.mount_timeout();
            self.warn(None, "FailedMount", message, cx);
            return self.finish(Outcome::Failed(None), k, cx);
        }
        self.set_stage(Stage::Mounting { since, retry: (retry * 2).min(MOUNT_RETRY.1) });
        self.step_at(now + retry, cx);
    }

    fn mounted(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.add_probes(k, cx);
        let Some(work) = &self.work else { return };
        let deleting = work.pod.meta.is_deleting();
        let plan =
            actions::plan(&work.pod.spec, &work.seen, deleting, &|instance| self.health(instance));
        let stops: VecDeque<Stop> = plan.stops.iter().cloned().collect();
        let starts: VecDeque<Start> = plan.starts.iter().copied().collect();
        let kill_pod = plan.kill_pod;
        let Some(work) = &mut self.work else { return };
        work.acted = !stops.is_empty() || (kill_pod && work.seen.any_running());
        (work.plan, work.stops, work.starts) = (plan, stops, starts);
        if kill_pod {
            let running: Vec<u32> = self
                .runtime
                .instances
                .iter()
                .filter(|i| i.state == RunState::Running)
                .map(|i| i.serial)
                .collect();
            for serial in running {
                self.kill(serial, String::new(), actions::KillReason::Other, None, k, cx);
            }
        }
        self.set_stage(Stage::Stopping);
        self.next_stop(k, cx);
    }

    /// Stops the next container that is not to run on, or goes on when all have ended.
    pub(super) fn next_stop(&mut self, k: &mut Shared, cx: &mut Cx) {
        if !self.kills.is_empty() {
            return;
        }
        let Some(work) = &mut self.work else { return };
        if !matches!(work.stage, Stage::Stopping) {
            return;
        }
        if work.kind == Kind::Terminating {
            let n = self.draw_number();
            let wait = k.delay(cx, "teardown", &self.uid, n, |p| p.teardown);
            self.set_stage(Stage::TearingDown);
            return self.step_at(cx.now() + wait, cx);
        }
        if let Some(stop) = work.stops.pop_front() {
            self.kill(stop.serial, stop.message, stop.reason, None, k, cx);
            return self.next_stop(k, cx);
        }
        let (kill_pod, create) = (work.plan.kill_pod, work.plan.create_sandbox);
        if kill_pod && self.runtime.is_ready() {
            let n = self.draw_number();
            let wait = k.delay(cx, "teardown", &self.uid, n, |p| p.teardown);
            self.set_stage(Stage::TearingDown);
            return self.step_at(cx.now() + wait, cx);
        }
        if create {
            self.make_sandbox(k, cx);
        } else {
            self.begin_starts(k, cx);
        }
    }

    /// The old sandbox is gone.
    fn torn_down(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.take_sandbox_down(k, cx);
        let create = self.work.as_ref().is_some_and(|work| work.plan.create_sandbox);
        if create {
            self.make_sandbox(k, cx);
        } else {
            self.finish(Outcome::Done, k, cx);
        }
    }

    fn make_sandbox(&mut self, k: &mut Shared, cx: &mut Cx) {
        if self.runtime.sandbox.is_some() {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.tell(None, "SandboxChanged", message, cx);
        }
        let n = self.draw_number();
        let wait = k.delay(cx, "sandbox", &self.uid, n, |p| p.sandbox);
        self.set_stage(Stage::Sandbox);
        self.step_at(cx.now() + wait, cx);
    }

    fn sandbox_up(&mut self, k: &mut Shared, cx: &mut Cx) {
        let address = if self.pod.spec.host_network {
            Some(Shared::host_ip(&self.node, cx).to_string())
        } else {
            k.take_address(&self.node, cx)
        };
        let Some(address) = address else {
            let message = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: \
                           failed to allocate for range 0: no IP addresses available in range set";
            self.warn(None, "FailedCreatePodSandBox", message.to_owned(), cx);
            return self.finish(Outcome::Failed(None), k, cx);
        };
        self.last_serial += 1;
        let serial = self.last_serial;
        let sandbox = Sandbox { serial, ready: true, ip: Str::from(address) };
        Rc::make_mut(&mut self.runtime).sandbox = Some(sandbox);
        self.touched(k, cx);
        if let Some(work) = &mut self.work {
            work.acted = true;
        }
        self.sandbox_ready(k, cx);
        self.begin_starts(k, cx);
    }

    fn take_sandbox_down(&mut self, k: &mut Shared, cx: &mut Cx) {
        let host_network = self.pod.spec.host_network;
        let Some(sandbox) = &mut Rc::make_mut(&mut self.runtime).sandbox else { return };
        if !sandbox.ready {
            return;
        }
        sandbox.ready = false;
        if let Some(node) = k.nodes.get_mut(&self.node).filter(|_| !host_network) {
            node.release(&sandbox.ip);
        }
        self.touched(k, cx);
    }

    /// All containers that were to be started have been, or have failed to.
    pub(super) fn started_all(&mut self, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = &self.work else { return };
        let failures = work.results.iter().filter_map(|(_, failure)| failure.as_ref());
        let until = failures.clone().filter_map(|failure| failure.until).min();
        let failed = failures.count() > 0;
        self.finish(if failed { Outcome::Failed(until) } else { Outcome::Done }, k, cx);
    }

    /// Upstream: pkg/kubelet/kubelet.go, SyncTerminatingPod.
    fn sync_terminating(&mut self, k: &mut Shared, cx: &mut Cx) {
        let status = self.compute_status(false, k, cx);
        self.set_status(status, true, "the pod is to end: its containers are stopped", k, cx);
        self.stop_probes(false);
        let Some(work) = &self.work else { return };
        let grace = self.grace_s;
        let sidecars: Vec<Str> = work
            .pod
            .spec
            .init_containers
            .iter()
            .filter(|c| crate::kubelet::status::is_sidecar(c))
            .map(|c| c.name.clone())
            .collect();
        let running: Vec<(u32, bool)> = self
            .runtime
            .instances
            .iter()
            .filter(|i| i.state == RunState::Running)
            .map(|i| (i.serial, sidecars.contains(&i.name)))
            .collect();
        self.set_stage(Stage::Stopping);
        let main_runs = running.iter().any(|(_, sidecar)| !sidecar);
        for (serial, sidecar) in running {
            let reason = actions::KillReason::Other;
            self.kill(serial, String::new(), reason, Some((grace, sidecar && main_runs)), k, cx);
        }
        self.next_stop(k, cx);
    }

    /// All containers have been stopped, the sandbox too.
    fn stopped(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.take_sandbox_down(k, cx);
        self.stop_probes(true);
        let status = self.compute_status_of(&self.runtime.clone(), true, k, cx);
        self.terminated = true;
        self.set_status(status, true, "all containers of the pod have been stopped", k, cx);
        self.finish(Outcome::Done, k, cx);
    }

    /// Upstream: pkg/kubelet/kubelet.go, SyncTerminatedPod.
    fn sync_terminated(&mut self, k: &mut Shared, cx: &mut Cx) {
        // Upstream: convertToAPIPodLevelResourcesStatus, which no longer finds the pod's cgroup.
        let mut status = self.compute_status(true, k, cx);
        status.released = true;
        self.set_status(status, true, "the pod has ended and its resources are free", k, cx);
        self.report_now(k, cx);
        self.unmount(cx);
        self.finished = true;
        self.work = None;
        self.pending = false;
        self.terminate_status(k, cx);
    }

    /// Ends the sync in progress, and begins the next when one is pending.
    /// Upstream: pkg/kubelet/pod_workers.go, podWorkerLoop and completeWork.
    fn finish(&mut self, outcome: Outcome, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = self.work.take() else { return };
        let now = cx.now();
        self.token += 1;
        self.last_sync = now;
        for (name, failure) in &work.results {
            match failure {
                Some(failure) => {
                    let reason = (failure.reason, failure.message.clone());
                    self.reasons.insert(name.clone(), reason);
                }
                None => {
                    self.reasons.remove(name);
                }
            }
        }
        match outcome {
            Outcome::Done if work.kind == Kind::Terminating => self.pending = true,
            Outcome::Done if work.acted => {
                cx.wake(now + Span::millis(2), Event::RelistPod(self.id));
            }
            Outcome::Done | Outcome::Cancelled => {}
            Outcome::Terminal => {
                self.terminating = Some(now);
                self.grace_s = self.effective_grace();
                self.pending = true;
            }
            Outcome::Failed(until) => {
                let pause = until.map_or(BACK_OFF, |until| until - now);
                let pause = pause.clamp(Span::ZERO, RESYNC);
                self.queue_token += 1;
                let mut draw = cx.server.rng.named("requeue", &self.uid, self.queue_token);
                let at = now + Span((pause.0 as f64 * (1.0 + draw.unit() * 0.5)) as i64);
                let at = k.nodes.get(&self.node).map_or(at, |node| node.queue_tick(at));
                cx.wake(at, Event::Requeue(self.id, self.queue_token));
            }
        }
        if self.pending {
            self.begin(k, cx);
        }
    }

    /// A failed pod's turn has come.
    pub(super) fn requeued(&mut self, token: u64, k: &mut Shared, cx: &mut Cx) {
        if token == self.queue_token {
            self.update(k, cx);
        }
    }

    /// A process that belongs to the worker has ended.
    pub(super) fn task_ended(
        &mut self,
        task: Task,
        pid: Pid,
        code: i32,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        match task {
            Task::Main(_) => {}
            Task::PreStop(serial) => self.pre_stop_ended(serial, code, k, cx),
            Task::PostStart(serial) => self.post_start_ended(serial, code, k, cx),
            Task::Probe(index) => self.probe_ended(index, pid, code, k, cx),
        }
    }

    /// What the probes say of a running container.
    fn health(&self, instance: &Instance) -> Health {
        self.probe_health(&instance.name, &instance.container_id())
    }

    // --- beginnings and ends ---

    /// Takes a pod over that runs since before the simulation: its containers are made as its status says.
    pub(super) fn adopt(&mut self, k: &mut Shared, cx: &mut Cx) {
        if self.status.phase != crate::kubelet::status::Phase::Running
            || self.pod.meta.is_deleting()
        {
            return;
        }
        self.last_serial = 1;
        let sandbox = Sandbox { serial: 1, ready: true, ip: self.status.pod_ip.clone() };
        if let Some(node) = k.nodes.get_mut(&self.node).filter(|_| !self.pod.spec.host_network) {
            node.claim(&sandbox.ip);
        }
        Rc::make_mut(&mut self.runtime).sandbox = Some(sandbox);
        // A volume that is not there leaves the stand-in without it.
        let _ = self.try_mount(k, cx);
        self.adopt_containers(k, cx);
        self.cache.runtime = self.runtime.clone();
        self.cache.record = self.runtime.record();
        self.reported = true;
    }

    /// Whether the stored object only mirrors a pod that a file of the node describes.
    pub(super) fn is_mirror(&self) -> bool {
        self.object.annotation("kubernetes.io/config.mirror").is_some()
    }

    /// Replaces the deleted object of a pod that a file of the node describes.
    pub(super) fn mirror_again(&mut self, cx: &mut Cx) {
        let kind = self.object.kind;
        let why = "the pod comes from a file of its node and runs on";
        let by = By::kubelet(&self.node, why);
        if cx.server.get(kind, &self.key).is_some_and(|stored| stored.is_deleting()) {
            let options = DeleteOptions {
                grace_s: Some(0),
                uid: Some(self.uid.to_string()),
                ..DeleteOptions::default()
            };
            // It can only be gone already.
            let _ = cx.server.delete(kind, &self.key, &options, by.clone());
        }
        let mut value = self.object.value().clone();
        value.remove("status");
        let meta = value.entry("metadata");
        let system = ["uid", "resourceVersion", "creationTimestamp", "generation"];
        for field in system.into_iter().chain(["deletionTimestamp", "deletionGracePeriodSeconds"]) {
            meta.remove(field);
        }
        // Another object with this name keeps its place.
        let Ok(created) = cx.server.create(kind, value, by) else { return };
        self.gone = false;
        self.uid = Str::from(created.uid());
        self.latest = created;
        self.take_latest();
    }

    /// Forgets everything of a pod that is gone.
    pub(super) fn clean_up(&mut self, k: &mut Shared, cx: &mut Cx) {
        for instance in &self.runtime.instances {
            release(instance, k, cx);
        }
        self.unmount(cx);
        for source in self.sources() {
            if let Some(readers) = k.readers.get_mut(&source) {
                readers.retain(|id| *id != self.id);
                if readers.is_empty() {
                    k.readers.remove(&source);
                }
            }
        }
    }

    fn queue_deadline(&mut self, cx: &mut Cx) {
        let Some(seconds) = self.pod.spec.active_deadline_seconds else { return };
        let start = self.status.start.unwrap_or(cx.now().to_second());
        let at = start + Span::seconds(seconds);
        cx.wake(at.max(cx.now()), Event::Deadline(self.id));
    }

    /// The pod has been active for longer than it may.
    /// Upstream: pkg/kubelet/active_deadline.go.
    pub(super) fn deadline(&mut self, k: &mut Shared, cx: &mut Cx) {
        let (Some(seconds), Some(start)) =
            (self.pod.spec.active_deadline_seconds, self.status.start)
        else {
            return;
        };
        let over = start + Span::seconds(seconds) <= cx.now();
        if !over || self.status.phase.is_terminal() || self.terminating.is_some() {
            return;
        }
        let message = "Pod was active on the node longer than the specified deadline";
        self.tell(None, "DeadlineExceeded", message, cx);
        self.ended_for = Some(("DeadlineExceeded", message));
        self.update(k, cx);
    }
}

fn release(instance: &Instance, k: &mut Shared, cx: &mut Cx) {
    if let Some(pid) = instance.pid {
        k.processes.remove(&pid);
    }
    if let Some(machine) = instance.machine {
        cx.kernel.remove_machine(machine);
    }
    if let Some(log) = instance.log {
        cx.kernel.remove_log(log);
    }
}
