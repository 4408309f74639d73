//! A pod's status, computed from what runs.
//! Upstream: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase, convertToAPIContainerStatuses),
//! pkg/kubelet/status/generate.go, pkg/kubelet/prober/prober_manager.go (UpdatePodStatus).
//! Simplified: no in-place restart of all containers, no resize, one address family.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::kinds::pod::{self, PodSpec};
use crate::base::time::Time;
use crate::base::value::{Map, Str, Value};
use crate::kubelet::runtime::{Instance, RunState, Runtime};
use crate::value;

/// Reason of containers that nothing is known of.
pub(super) const STATUS_UNKNOWN: &str = "ContainerStatusUnknown";

/// The phases of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
        }
    }

    /// From a stored status; anything unknown counts as pending.
    pub(super) fn parse(text: &str) -> Phase {
        match text {
            "Running" => Phase::Running,
            "Succeeded" => Phase::Succeeded,
            "Failed" => Phase::Failed,
            _ => Phase::Pending,
        }
    }

    /// Whether the pod never runs again.
    pub(super) fn is_terminal(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }
}

/// A condition that kubelets own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) kind: &'static str,
    pub(super) status: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) since: Time,
}

/// The conditions that kubelets own, in the order in which they report them.
pub(super) const OWNED: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ended {
    pub(super) exit_code: i32,
    pub(super) reason: Str,
    pub(super) message: String,
    pub(super) started: Option<Time>,
    pub(super) finished: Option<Time>,
    pub(super) container_id: String,
}

/// The state of a container as it is reported.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Waiting { reason: Str, message: String },
    Running { since: Time },
    Terminated(Rc<Ended>),
}

/// What is reported of one container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ContainerStatus {
    pub(super) name: Str,
    pub(super) image: Str,
    pub(super) image_id: Str,
    pub(super) container_id: String,
    pub(super) ready: bool,
    pub(super) started: bool,
    pub(super) restarts: i32,
    pub(super) state: State,
    pub(super) last: Option<Rc<Ended>>,
    /// User and group; known once the container exists.
    pub(super) user: Option<(u32, u32)>,
}

/// What is reported of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Status {
    pub(super) generation: i64,
    pub(super) phase: Phase,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) conditions: Vec<Condition>,
    pub(super) init: Vec<ContainerStatus>,
    pub(super) main: Vec<ContainerStatus>,
    pub(super) host_ip: Str,
    pub(super) pod_ip: Str,
    pub(super) start: Option<Time>,
    /// The pod has ended: of its resources only the memory that it had asked for is still reported.
    pub(super) released: bool,
}

impl Status {
    /// The status of the container with this name.
    pub(super) fn container(&self, name: &str) -> Option<&ContainerStatus> {
        self.main.iter().chain(&self.init).find(|c| c.name == *name)
    }

    /// Whether the condition of this type is true.
    pub(super) fn is_true(&self, kind: &str) -> bool {
        self.conditions.iter().any(|c| c.kind == kind && c.status)
    }

    /// Reads a stored status, for a pod that the kubelet has not reported on yet.
    pub(super) fn stored(status: &pod::PodStatus) -> Status {
        let condition = |kind: &'static str| {
            let stored = status.condition(kind)?;
            Some(Condition {
                kind,
                status: stored.status == "True",
                reason: "",
                message: stored.message.to_string(),
                since: stored.last_transition_time.unwrap_or_default(),
            })
        };
        let containers = |statuses: &[pod::ContainerStatus]| -> Vec<ContainerStatus> {
            statuses.iter().map(stored_container).collect()
        };
        Status {
            generation: status.observed_generation,
            phase: Phase::parse(&status.phase),
            reason: status.reason.to_string(),
            message: status.message.to_string(),
            conditions: OWNED.iter().filter_map(|kind| condition(kind)).collect(),
            init: containers(&status.init_container_statuses),
            main: containers(&status.container_statuses),
            host_ip: status.host_ip.clone(),
            pod_ip: status.pod_ip.clone(),
            start: status.start_time,
            released: false,
        }
    }
}

fn stored_container(status: &pod::ContainerStatus) -> ContainerStatus {
    let ended = |t: &pod::ContainerStateTerminated| {
        Rc::new(Ended {
            exit_code: t.exit_code,
            reason: t.reason.clone(),
            message: t.message.to_string(),
            started: t.started_at,
            finished: t.finished_at,
            container_id: t.container_id.to_string(),
        })
    };
    let state = match (&status.state.running, &status.state.terminated) {
        (Some(running), _) => State::Running { since: running.started_at.unwrap_or_default() },
        (None, Some(terminated)) => State::Terminated(ended(terminated)),
        (None, None) => {
            let waiting = status.state.waiting.clone().unwrap_or_default();
            State::Waiting { reason: waiting.reason, message: waiting.message.to_string() }
        }
    };
    ContainerStatus {
        name: status.name.clone(),
        image: status.image.clone(),
        image_id: status.image_id.clone(),
        container_id: status.container_id.to_string(),
        ready: status.ready,
        started: status.started.unwrap_or_default(),
        restarts: status.restart_count,
        state,
        last: status.last_state.terminated.as_ref().map(ended),
        user: (!status.container_id.is_empty()).then_some((0, 0)),
    }
}

/// Why a container is not started: reason and message, by container name.
pub(super) type Reasons = OrdMap<Str, (&'static str, String)>;

/// What probes say of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no such probe.
    NoProbe,
    /// There is one, and it has not passed.
    NotPassed,
    /// It has passed.
    Passed,
}

/// What a status is computed from.
pub(super) struct Input<'a> {
    /// The pod's spec.
    pub(super) spec: &'a PodSpec,
    /// `metadata.generation`.
    pub(super) generation: i64,
    /// Whether the pod is being deleted.
    pub(super) deleting: bool,
    /// What runs.
    pub(super) runtime: &'a Runtime,
    /// What was reported last.
    pub(super) old: &'a Status,
    /// Start failures.
    pub(super) reasons: &'a Reasons,
    /// The startup and the readiness probe of a container, by its name and the id of the running instance.
    pub(super) probes: &'a dyn Fn(&str, &str) -> (Verdict, Verdict),
    /// Conditions of other writers, for readiness gates: type and whether it is true.
    pub(super) gates: &'a dyn Fn(&str) -> Option<bool>,
    /// All containers have been stopped for good.
    pub(super) terminal: bool,
    /// Reason and message when the kubelet itself ends the pod.
    pub(super) ended_for: Option<(&'static str, &'static str)>,
    /// The node's address.
    pub(super) host_ip: Str,
    /// Virtual time.
    pub(super) now: Time,
}

/// Whether a container of the pod is started again after it ended with this code.
/// Upstream: pkg/api/v1/pod/util.go, ContainerShouldRestart. Simplified: no restart rules.
pub(super) fn restarts_after(spec: &PodSpec, container: &pod::Container, exit_code: i32) -> bool {
    match container.restart_policy.as_deref().unwrap_or(&spec.restart_policy) {
        "Never" => false,
        "OnFailure" => exit_code != 0,
        _ => true,
    }
}

/// Whether a container has to be started now.
/// Upstream: pkg/kubelet/container/helpers.go, ShouldContainerBeRestarted.
pub(super) fn should_start(
    spec: &PodSpec,
    container: &pod::Container,
    runtime: &Runtime,
    deleting: bool,
) -> bool {
    if deleting {
        return false;
    }
    match runtime.latest(&container.name) {
        None => true,
        Some(instance) => match instance.state {
            RunState::Running => false,
            RunState::Created => true,
            RunState::Exited => restarts_after(spec, container, instance.exit_code),
        },
    }
}

/// Whether an init container stays beside the others.
pub(super) fn is_sidecar(container: &pod::Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// Computes the status.
pub(super) fn generate(input: &Input) -> Status {
    let mut init = containers(input, &input.spec.init_containers, &input.old.init, true);
    let mut main = containers(input, &input.spec.containers, &input.old.main, false);
    let mut phase = phase(input, &init, &main);
    if !phase.is_terminal() && input.old.phase.is_terminal() {
        phase = input.old.phase;
    }
    let (reason, message) = if let Some((reason, message)) = input.ended_for {
        phase = Phase::Failed;
        (reason.to_owned(), message.to_owned())
    } else if phase == input.old.phase {
        (input.old.reason.clone(), input.old.message.clone())
    } else {
        (String::new(), String::new())
    };
    for status in &mut main {
        probe_verdicts(input, status, true);
    }
    for (status, container) in init.iter_mut().zip(&input.spec.init_containers) {
        probe_verdicts(input, status, is_sidecar(container));
        if !is_sidecar(container) {
            status.ready = matches!(&status.state, State::Terminated(e) if e.exit_code == 0);
        }
    }
    let pod_ip = match &input.runtime.sandbox {
        Some(sandbox) => sandbox.ip.clone(),
        None if input.spec.host_network => input.host_ip.clone(),
        None => Str::default(),
    };
    let mut status = Status {
        generation: input.generation,
        phase,
        reason,
        message,
        conditions: Vec::new(),
        init,
        main,
        host_ip: input.host_ip.clone(),
        pod_ip,
        start: input.old.start.or(Some(input.now.to_second())),
        released: input.old.released,
    };
    status.conditions = conditions(input, &status);
    settle_transitions(&mut status.conditions, &input.old.conditions, input.now);
    status
}

/// Keeps the time of a condition that has not turned, and sets it to now for one that has.
/// Upstream: pkg/kubelet/status/status_manager.go, updateLastTransitionTime.
pub(super) fn settle_transitions(conditions: &mut [Condition], old: &[Condition], now: Time) {
    for condition in conditions {
        let before = old.iter().find(|c| c.kind == condition.kind);
        condition.since = match before {
            Some(before) if before.status == condition.status => before.since,
            _ => now.to_second(),
        };
    }
}

fn containers(
    input: &Input,
    specs: &[pod::Container],
    old: &[ContainerStatus],
    is_init: bool,
) -> Vec<ContainerStatus> {
    let mut statuses: Vec<ContainerStatus> = specs
        .iter()
        .map(|container| {
            let old = old.iter().find(|status| status.name == container.name);
            container_status(input, container, old, is_init)
        })
        .collect();
    if !is_init {
        statuses.order_by(|a, b| a.name.cmp(&b.name));
    }
    statuses
}

fn container_status(
    input: &Input,
    container: &pod::Container,
    old: Option<&ContainerStatus>,
    is_init: bool,
) -> ContainerStatus {
    let mut found =
        input.runtime.instances.iter().rev().filter(|instance| instance.name == container.name);
    let latest = found.next();
    let mut status = match latest {
        Some(instance) => {
            let mut status = instance_status(instance, old);
            if let Some(previous) = found.next().filter(|p| p.state == RunState::Exited) {
                status.last = Some(Rc::new(ended(previous)));
            }
            status
        }
        None => missing_status(input, container, old),
    };
    let finished_init = is_init
        && latest.is_some_and(|i| i.state == RunState::Exited && i.exit_code == 0)
        && !is_sidecar(container);
    if !finished_init
        && should_start(input.spec, container, input.runtime, input.deleting)
        && let Some((reason, message)) = input.reasons.get(&container.name)
    {
        if let State::Terminated(ended) = &status.state {
            status.last = Some(ended.clone());
        }
        status.state = State::Waiting { reason: Str::from(*reason), message: message.clone() };
    }
    status
}

/// A container that the runtime does not have: waiting, as it was when it had ended, or lost.
fn missing_status(
    input: &Input,
    container: &pod::Container,
    old: Option<&ContainerStatus>,
) -> ContainerStatus {
    if let Some(old) = old.filter(|o| matches!(o.state, State::Terminated(_))) {
        return old.clone();
    }
    let reason =
        if input.spec.init_containers.is_empty() { "ContainerCreating" } else { "PodInitializing" };
    let mut status = ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone(),
        image_id: Str::default(),
        container_id: String::new(),
        ready: false,
        started: false,
        restarts: old.map_or(0, |o| o.restarts),
        state: State::Waiting { reason: Str::from(reason), message: String::new() },
        last: old.and_then(|o| o.last.clone()),
        user: None,
    };
    let was_running = old.is_some_and(|o| matches!(o.state, State::Running { .. }));
    if was_running && status.last.is_none() {
        let message = "The container could not be located when the pod was deleted.  The container used to be Running";
        status.last = Some(Rc::new(unknown_end(message)));
        if !input.deleting {
            status.restarts += 1;
        }
    }
    status
}

/// The end of a container of which nothing is known.
pub(super) fn unknown_end(message: &str) -> Ended {
    Ended {
        exit_code: 137,
        reason: Str::from(STATUS_UNKNOWN),
        message: message.to_owned(),
        ..Ended::default()
    }
}

fn ended(instance: &Instance) -> Ended {
    Ended {
        exit_code: instance.exit_code,
        reason: Str::from(instance.reason),
        message: instance.message.clone(),
        started: Some(instance.started.unwrap_or_default().to_second()),
        finished: instance.finished.map(Time::to_second),
        container_id: instance.container_id(),
    }
}

fn instance_status(instance: &Instance, old: Option<&ContainerStatus>) -> ContainerStatus {
    let container_id = instance.container_id();
    let state = match instance.state {
        RunState::Running => {
            State::Running { since: instance.started.unwrap_or_default().to_second() }
        }
        RunState::Created => State::Waiting { reason: Str::default(), message: String::new() },
        RunState::Exited => State::Terminated(Rc::new(ended(instance))),
    };
    let last = old.and_then(|old| match &old.state {
        State::Terminated(ended) if old.container_id != container_id => Some(ended.clone()),
        _ => old.last.clone(),
    });
    ContainerStatus {
        name: instance.name.clone(),
        image: instance.image.clone(),
        image_id: instance.image_id.clone(),
        container_id,
        ready: false,
        started: false,
        restarts: instance.restarts.max(old.map_or(0, |o| o.restarts)),
        state,
        last,
        user: Some(instance.user),
    }
}

fn probe_verdicts(input: &Input, status: &mut ContainerStatus, counts: bool) {
    status.started = false;
    status.ready = false;
    if !matches!(status.state, State::Running { .. }) {
        return;
    }
    let (startup, readiness) = (input.probes)(&status.name, &status.container_id);
    status.started = startup != Verdict::NotPassed;
    status.ready = counts && status.started && readiness != Verdict::NotPassed;
}

/// The exit code of the last run, and whether the container waits to run for the first time.
enum Run {
    Unstarted,
    Running { started: bool },
    Stopped { exit_code: i32, waiting: bool },
}

fn run(status: &ContainerStatus) -> Run {
    match (&status.state, &status.last) {
        (State::Running { .. }, _) => Run::Running { started: status.started },
        (State::Terminated(ended), _) => {
            Run::Stopped { exit_code: ended.exit_code, waiting: false }
        }
        (State::Waiting { .. }, Some(last)) => {
            Run::Stopped { exit_code: last.exit_code, waiting: true }
        }
        (State::Waiting { .. }, None) => Run::Unstarted,
    }
}

/// Upstream: pkg/kubelet/kubelet_pods.go, getPhase.
fn phase(input: &Input, init: &[ContainerStatus], main: &[ContainerStatus]) -> Phase {
    let spec = input.spec;
    let initialized = spec.containers.iter().any(|c| input.runtime.latest(&c.name).is_some());
    let (mut pending, mut pending_sidecars, mut failed) = (0, 0, false);
    let (mut running, mut waiting, mut stopped) = (0, 0, 0);
    let (mut final_stops, mut succeeded) = (0, 0);
    for (status, container) in init.iter().zip(&spec.init_containers) {
        match (run(status), is_sidecar(container)) {
            (Run::Unstarted | Run::Running { .. }, false) => pending += 1,
            (Run::Stopped { exit_code, .. }, false) => {
                failed |= exit_code != 0 && !restarts_after(spec, container, exit_code);
            }
            (Run::Running { started }, true) => {
                // The verdict of its startup probe is not known yet here; the last report's counts.
                let was = input.old.container(&container.name).is_some_and(|o| o.started);
                pending_sidecars += usize::from(!(started || was));
                running += 1;
            }
            (Run::Unstarted, true) => {
                pending_sidecars += 1;
                waiting += 1;
            }
            (Run::Stopped { .. }, true) => {}
        }
    }
    for status in main {
        let container = spec.containers.iter().find(|c| c.name == status.name);
        match run(status) {
            Run::Unstarted => waiting += 1,
            Run::Running { .. } => running += 1,
            Run::Stopped { exit_code, waiting } => {
                stopped += 1;
                final_stops +=
                    usize::from(container.is_some_and(|c| !restarts_after(spec, c, exit_code)));
                succeeded += usize::from(exit_code == 0 && !waiting);
            }
        }
    }
    if failed {
        return Phase::Failed;
    }
    if pending > 0 || (pending_sidecars > 0 && !initialized) || waiting > 0 {
        return Phase::Pending;
    }
    let done = if stopped == succeeded { Phase::Succeeded } else { Phase::Failed };
    match (running, stopped) {
        (1.., _) => Phase::Running,
        (0, 0) => Phase::Pending,
        _ if input.terminal => done,
        _ if stopped != final_stops => Phase::Running,
        _ => done,
    }
}

fn conditions(input: &Input, status: &Status) -> Vec<Condition> {
    let containers_ready = containers_ready(input, status);
    let ready = ready(input, &containers_ready);
    vec![
        condition("PodReadyToStartContainers", input.runtime.is_ready(), "", String::new()),
        initialized(input, status),
        ready,
        containers_ready,
        condition("PodScheduled", true, "", String::new()),
    ]
}

fn condition(kind: &'static str, status: bool, reason: &'static str, message: String) -> Condition {
    Condition { kind, status, reason, message, since: Time::default() }
}

fn initialized(input: &Input, status: &Status) -> Condition {
    let yes = |reason| condition("Initialized", true, reason, String::new());
    if status.phase == Phase::Succeeded {
        return yes("PodCompleted");
    }
    let begun = status.main.iter().any(|c| !matches!(c.state, State::Waiting { .. }));
    let incomplete: Vec<&str> = status
        .init
        .iter()
        .zip(&input.spec.init_containers)
        .filter(|(s, c)| if is_sidecar(c) { !s.started } else { !s.ready })
        .map(|(s, _)| s.name.as_str())
        .collect();
    if begun || incomplete.is_empty() || input.old.is_true("Initialized") {
        return yes("");
    }
    let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
    condition("Initialized", false, "ContainersNotInitialized", message)
}

fn containers_ready(input: &Input, status: &Status) -> Condition {
    let no = |reason, message| condition("ContainersReady", false, reason, message);
    match status.phase {
        Phase::Succeeded => return no("PodCompleted", String::new()),
        Phase::Failed => return no("PodFailed", String::new()),
        Phase::Pending | Phase::Running => {}
    }
    let sidecars = status
        .init
        .iter()
        .zip(&input.spec.init_containers)
        .filter(|(_, c)| is_sidecar(c))
        .map(|(s, _)| s);
    let in_spec_order =
        input.spec.containers.iter().filter_map(|c| status.main.iter().find(|s| s.name == c.name));
    let unready: Vec<&str> =
        sidecars.chain(in_spec_order).filter(|s| !s.ready).map(|s| s.name.as_str()).collect();
    if unready.is_empty() {
        return condition("ContainersReady", true, "", String::new());
    }
    no("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
}

fn ready(input: &Input, containers_ready: &Condition) -> Condition {
    if !containers_ready.status {
        return Condition { kind: "Ready", ..containers_ready.clone() };
    }
    let complaints: Vec<String> = input
        .spec
        .readiness_gates
        .iter()
        .filter_map(|gate| match (input.gates)(&gate.condition_type) {
            Some(true) => None,
            Some(false) => Some(format!(
                "the status of pod readiness gate \"{}\" is not \"True\", but False",
                gate.condition_type
            )),
            None => Some(format!(
                "corresponding condition of pod readiness gate \"{}\" does not exist.",
                gate.condition_type
            )),
        })
        .collect();
    if complaints.is_empty() {
        condition("Ready", true, "", String::new())
    } else {
        condition("Ready", false, "ReadinessGatesNotReady", complaints.join(", "))
    }
}

/// Recomputes the conditions after a container's readiness has turned.
/// Upstream: pkg/kubelet/status/status_manager.go, SetContainerReadiness.
pub(super) fn refresh_readiness(input: &Input, status: &mut Status) {
    let before = status.conditions.clone();
    let fresh = conditions(input, status);
    for condition in &mut status.conditions {
        if matches!(condition.kind, "Ready" | "ContainersReady")
            && let Some(new) = fresh.iter().find(|c| c.kind == condition.kind)
        {
            *condition = new.clone();
        }
    }
    settle_transitions(&mut status.conditions, &before, input.now);
}

/// The parts of a pod's status that follow from its spec alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed {
    qos: Str,
    allocated: Value,
    resources: Value,
    /// What is left of `resources` when the pod has ended.
    released: Value,
    containers: Vec<(Str, FixedContainer)>,
}

#[derive(Clone, Debug, Default)]
struct FixedContainer {
    mounts: Value,
    resources: Value,
    requests: Value,
    groups: Vec<i64>,
}

impl Fixed {
    /// Reads them off a pod (its whole object).
    pub(super) fn of(pod: &Value, qos: &str) -> Fixed {
        let spec = pod.get("spec");
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let all = lists.iter().flat_map(|list| spec.get(list).as_array());
        let groups: Vec<i64> = {
            let context = spec.get("securityContext");
            let fs_group = context.get("fsGroup").as_i64();
            let more = context.get("supplementalGroups").as_array();
            fs_group.into_iter().chain(more.iter().filter_map(Value::as_i64)).collect()
        };
        let containers = all
            .map(|container| {
                let fixed = FixedContainer {
                    mounts: mount_statuses(container.get("volumeMounts")),
                    resources: match container.get("resources") {
                        Value::Null => Value::map(),
                        resources => resources.clone(),
                    },
                    requests: container.at(&["resources", "requests"]).clone(),
                    groups: groups.clone(),
                };
                (Str::from(container.get("name").text()), fixed)
            })
            .collect();
        let allocated = pod_sum(spec, "requests");
        let mut resources = match spec.get("resources") {
            Value::Null => Value::map(),
            resources => resources.clone(),
        };
        for (list, sum) in [("limits", pod_sum(spec, "limits")), ("requests", allocated.clone())] {
            if !sum.is_null() {
                resources.default_to(list, sum);
            }
        }
        let memory = allocated.get("memory");
        let released =
            if memory.is_null() { Value::map() } else { value!({"requests": {"memory": memory}}) };
        Fixed { qos: Str::from(qos), allocated, resources, released, containers }
    }
}

/// The sum of what the containers ask for (`requests` or `limits`), at least what each init container does.
/// Upstream: staging/src/k8s.io/component-helpers/resource/helpers.go, PodRequests and PodLimits.
fn pod_sum(spec: &Value, list: &str) -> Value {
    use crate::base::quantity::Quantity;
    let mut total: OrdMap<Str, Quantity> = OrdMap::new();
    let entries = |container: &Value| -> Vec<(Str, Quantity)> {
        container
            .at(&["resources", list])
            .entries()
            .filter_map(|(k, v)| Quantity::parse(v.text()).ok().map(|q| (k.clone(), q)))
            .collect()
    };
    for container in spec.get("containers").as_array() {
        for (name, amount) in entries(container) {
            let sum = match total.get(&name) {
                Some(before) => *before + amount,
                None => amount,
            };
            total.insert(name, sum);
        }
    }
    for container in spec.get("initContainers").as_array() {
        for (name, amount) in entries(container) {
            match total.get(&name) {
                Some(before) if *before >= amount => {}
                _ => {
                    total.insert(name, amount);
                }
            }
        }
    }
    if total.is_empty() {
        return Value::Null;
    }
    Value::from(total.iter().map(|(k, q)| (k.clone(), q.to_string())).collect::<Map>())
}

fn mount_statuses(mounts: &Value) -> Value {
    let items: Vec<Value> = mounts
        .as_array()
        .iter()
        .map(|mount| {
            let mut status = value!({
                "name": mount.get("name"),
                "mountPath": mount.get("mountPath"),
            });
            if mount.get("readOnly").is_true() {
                status.set("readOnly", true);
                status.set("recursiveReadOnly", "Disabled");
            }
            status
        })
        .collect();
    if items.is_empty() { Value::Null } else { Value::array(items) }
}

/// The status as it is stored. `others` are the conditions of other writers, which stay in front.
pub(super) fn to_value(status: &Status, fixed: &Fixed, others: Vec<Value>) -> Value {
    let mut map = Map::new();
    if !fixed.allocated.is_null() {
        map.insert("allocatedResources", fixed.allocated.clone());
    }
    let mut conditions = others;
    conditions.extend(status.conditions.iter().map(|c| condition_value(c, status.generation)));
    map.insert("conditions", Value::array(conditions));
    let list = |statuses: &[ContainerStatus]| -> Value {
        Value::array(statuses.iter().map(|s| container_value(s, fixed)).collect())
    };
    if !status.main.is_empty() {
        map.insert("containerStatuses", list(&status.main));
    }
    if !status.host_ip.is_empty() {
        map.insert("hostIP", &status.host_ip);
        map.insert("hostIPs", value!([{"ip": &status.host_ip}]));
    }
    if !status.init.is_empty() {
        map.insert("initContainerStatuses", list(&status.init));
    }
    if !status.message.is_empty() {
        map.insert("message", status.message.as_str());
    }
    if status.generation > 0 {
        map.insert("observedGeneration", status.generation);
    }
    map.insert("phase", status.phase.name());
    if !status.pod_ip.is_empty() {
        map.insert("podIP", &status.pod_ip);
        map.insert("podIPs", value!([{"ip": &status.pod_ip}]));
    }
    map.insert("qosClass", &fixed.qos);
    if !status.reason.is_empty() {
        map.insert("reason", status.reason.as_str());
    }
    let resources = if status.released { &fixed.released } else { &fixed.resources };
    map.insert("resources", resources.clone());
    map.insert("startTime", status.start);
    Value::from(map)
}

fn condition_value(condition: &Condition, generation: i64) -> Value {
    let mut map = Map::new();
    map.insert("lastProbeTime", Value::Null);
    map.insert("lastTransitionTime", condition.since);
    if !condition.message.is_empty() {
        map.insert("message", condition.message.as_str());
    }
    if generation > 0 {
        map.insert("observedGeneration", generation);
    }
    if !condition.reason.is_empty() {
        map.insert("reason", condition.reason);
    }
    map.insert("status", if condition.status { "True" } else { "False" });
    map.insert("type", condition.kind);
    Value::from(map)
}

fn container_value(status: &ContainerStatus, fixed: &Fixed) -> Value {
    let mut map = Map::new();
    let part = fixed.containers.iter().find(|(name, _)| *name == status.name).map(|(_, part)| part);
    if let (Some(part), true) = (part, status.user.is_some()) {
        if !part.requests.is_empty() {
            map.insert("allocatedResources", part.requests.clone());
        }
        map.insert("resources", part.resources.clone());
    }
    if !status.container_id.is_empty() {
        map.insert("containerID", status.container_id.as_str());
    }
    map.insert("image", &status.image);
    map.insert("imageID", &status.image_id);
    let last = match &status.last {
        Some(ended) => value!({"terminated": ended_value(ended)}),
        None => Value::map(),
    };
    map.insert("lastState", last);
    map.insert("name", &status.name);
    map.insert("ready", status.ready);
    map.insert("restartCount", status.restarts);
    map.insert("started", status.started);
    map.insert("state", state_value(&status.state));
    if let Some((uid, gid)) = status.user {
        let extra = part.map(|p| p.groups.as_slice()).unwrap_or_default();
        let mut groups = vec![i64::from(gid)];
        groups.extend(extra.iter().copied().filter(|g| *g != i64::from(gid)));
        map.insert(
            "user",
            value!({"linux": {"uid": uid, "gid": gid, "supplementalGroups": groups}}),
        );
    }
    if let Some(part) = part.filter(|p| !p.mounts.is_null()) {
        map.insert("volumeMounts", part.mounts.clone());
    }
    Value::from(map)
}

fn state_value(state: &State) -> Value {
    match state {
        State::Running { since } => value!({"running": {"startedAt": *since}}),
        State::Terminated(ended) => value!({"terminated": ended_value(ended)}),
        State::Waiting { reason, message } => {
            let mut waiting = Value::map();
            if !message.is_empty() {
                waiting.set("message", message.as_str());
            }
            if !reason.is_empty() {
                waiting.set("reason", reason);
            }
            value!({"waiting": waiting})
        }
    }
}

fn ended_value(ended: &Ended) -> Value {
    let mut map = Map::new();
    if !ended.container_id.is_empty() {
        map.insert("containerID", ended.container_id.as_str());
    }
    map.insert("exitCode", ended.exit_code);
    map.insert("finishedAt", ended.finished);
    if !ended.message.is_empty() {
        map.insert("message", ended.message.as_str());
    }
    if !ended.reason.is_empty() {
        map.insert("reason", &ended.reason);
    }
    map.insert("startedAt", ended.started);
    Value::from(map)
}

/// `Guaranteed`, `Burstable` or `BestEffort`.
/// Upstream: pkg/apis/core/v1/helper/qos/qos.go, ComputePodQOS.
pub(super) fn qos_class(spec: &PodSpec) -> &'static str {
    let all = || spec.init_containers.iter().chain(&spec.containers);
    let amount = |map: &OrdMap<Str, Str>, name: &str| map.get(name).is_some_and(|q| **q != *"0");
    let any = all().any(|c| {
        ["cpu", "memory"]
            .iter()
            .any(|r| amount(&c.resources.requests, r) || amount(&c.resources.limits, r))
    });
    if !any {
        return "BestEffort";
    }
    let guaranteed = all().all(|c| {
        ["cpu", "memory"].iter().all(|r| {
            let limit = c.resources.limits.get(*r);
            limit.is_some() && c.resources.requests.get(*r) == limit
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;
    use crate::kubelet::runtime::Sandbox;

    fn spec(text: &str) -> PodSpec {
        PodSpec::from_value(&Value::from_json(text).unwrap())
    }

    fn instance(serial: u32, name: &str, state: RunState, exit_code: i32) -> Instance {
        Instance {
            serial,
            id: Str::from(format!("{serial:064}")),
            name: Str::from(name),
            restarts: 0,
            state,
            started: Some(Time::START),
            finished: (state == RunState::Exited).then_some(Time::START),
            exit_code,
            reason: if exit_code == 0 { "Completed" } else { "Error" },
            message: String::new(),
            image: Str::from("docker.io/library/nginx:latest"),
            image_id: Str::from("docker.io/library/nginx@sha256:1"),
            spec_image: Str::from("nginx"),
            user: (0, 0),
            stand_in: false,
            replaced: false,
            machine: None,
            pid: None,
            log: None,
        }
    }

    fn status(spec: &PodSpec, runtime: &Runtime, reasons: &Reasons, terminal: bool) -> Status {
        generate(&Input {
            spec,
            generation: 1,
            deleting: terminal,
            runtime,
            old: &Status::default(),
            reasons,
            probes: &|_, _| (Verdict::NoProbe, Verdict::NoProbe),
            gates: &|_| None,
            terminal,
            ended_for: None,
            host_ip: Str::from("192.168.49.3"),
            now: Time::START,
        })
    }

    fn up(instances: Vec<Instance>) -> Runtime {
        let sandbox = Sandbox { serial: 1, ready: true, ip: Str::from("10.244.1.2") };
        Runtime { sandbox: Some(sandbox), instances }
    }

    fn truths(status: &Status) -> String {
        status.conditions.iter().map(|c| if c.status { 'T' } else { 'F' }).collect()
    }

    #[test]
    fn a_pod_goes_from_creating_over_running_to_its_end() {
        let spec =
            spec(r#"{"restartPolicy":"Always","containers":[{"name":"c","image":"nginx"}]}"#);
        let none = Reasons::new();
        let new = status(&spec, &Runtime::default(), &none, false);
        assert_eq!((new.phase, truths(&new).as_str()), (Phase::Pending, "FTFFT"));
        assert_eq!(
            new.conditions[2].message, "containers with unready status: [c]",
            "Ready says why"
        );
        let running = up(vec![instance(2, "c", RunState::Running, 0)]);
        let run = status(&spec, &running, &none, false);
        assert_eq!((run.phase, truths(&run).as_str()), (Phase::Running, "TTTTT"));
        let dead = up(vec![instance(2, "c", RunState::Exited, 1)]);
        let crash = status(&spec, &dead, &none, false);
        assert_eq!((crash.phase, truths(&crash).as_str()), (Phase::Running, "TTFFT"));
        let end = status(&spec, &dead, &none, true);
        assert_eq!((end.phase, truths(&end).as_str()), (Phase::Failed, "TTFFT"));
        assert_eq!(end.conditions[3].reason, "PodFailed");
    }

    #[test]
    fn a_start_failure_shows_as_waiting_and_keeps_the_last_end() {
        let spec =
            spec(r#"{"restartPolicy":"Always","containers":[{"name":"c","image":"nginx"}]}"#);
        let mut reasons = Reasons::new();
        reasons.insert(Str::from("c"), ("CrashLoopBackOff", "back-off 10s".to_owned()));
        let dead = up(vec![instance(2, "c", RunState::Exited, 1)]);
        let crash = status(&spec, &dead, &reasons, false);
        let State::Waiting { reason, .. } = &crash.main[0].state else { panic!() };
        assert_eq!(*reason, "CrashLoopBackOff");
        assert_eq!(crash.main[0].last.as_ref().unwrap().exit_code, 1);
        assert_eq!(crash.phase, Phase::Running);
    }

    #[test]
    fn restart_policies_decide_the_phase() {
        let phase_of = |policy: &str, code| {
            let text = format!(
                r#"{{"restartPolicy":"{policy}","containers":[{{"name":"c","image":"nginx"}}]}}"#
            );
            let runtime = up(vec![instance(2, "c", RunState::Exited, code)]);
            status(&spec(&text), &runtime, &Reasons::new(), false).phase
        };
        assert_eq!(phase_of("Always", 0), Phase::Running);
        assert_eq!(phase_of("OnFailure", 0), Phase::Succeeded);
        assert_eq!(phase_of("OnFailure", 3), Phase::Running);
        assert_eq!(phase_of("Never", 0), Phase::Succeeded);
        assert_eq!(phase_of("Never", 3), Phase::Failed);
    }

    #[test]
    fn init_containers_hold_the_pod_back() {
        let spec = spec(
            r#"{"restartPolicy":"Always","initContainers":[{"name":"i","image":"busybox"}],
               "containers":[{"name":"c","image":"nginx"}]}"#,
        );
        let none = Reasons::new();
        let begun = status(&spec, &up(vec![instance(2, "i", RunState::Running, 0)]), &none, false);
        assert_eq!((begun.phase, truths(&begun).as_str()), (Phase::Pending, "TFFFT"));
        assert_eq!(begun.conditions[1].message, "containers with incomplete status: [i]");
        let done =
            up(vec![instance(2, "i", RunState::Exited, 0), instance(3, "c", RunState::Running, 0)]);
        let done = status(&spec, &done, &none, false);
        assert_eq!((done.phase, truths(&done).as_str()), (Phase::Running, "TTTTT"));
    }
}
