//! What a sync has to do: which containers to stop and which to start.
//! Upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and
//! kuberuntime_container.go (computeInitContainerActions). Simplified: no resize, no restart of all containers.

use crate::api::kinds::pod::{Container, PodSpec};
use crate::kubelet::runtime::{Instance, RunState, Runtime};
use crate::kubelet::status::{is_sidecar, restarts_after, should_start};

/// Why a container is stopped, which decides its grace period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillReason {
    /// The pod ends, or the container's definition changed.
    Other,
    /// Its startup probe failed.
    StartupProbe,
    /// Its liveness probe failed.
    LivenessProbe,
}

/// A container to be stopped.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stop {
    /// Its number.
    pub(super) serial: u32,
    /// Text of the event.
    pub(super) message: String,
    /// Why.
    pub(super) reason: KillReason,
}

/// Which list of the pod's spec a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Init,
    Main,
    Ephemeral,
}

/// A container to be started: its list and its index in it.
pub(super) type Start = (Place, usize);

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Everything that runs is stopped first, sandbox included.
    pub(super) kill_pod: bool,
    /// A sandbox is made.
    pub(super) create_sandbox: bool,
    /// Containers to stop.
    pub(super) stops: Vec<Stop>,
    /// Containers to start, in order.
    pub(super) starts: Vec<Start>,
}

/// What liveness and startup probes say of a running container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// The liveness probe has failed.
    pub(super) unlive: bool,
    /// The startup probe has failed.
    pub(super) unstarted: bool,
    /// There is a startup probe that has not passed yet.
    pub(super) starting: bool,
}

/// Decides what a sync does.
pub(super) fn plan(
    spec: &PodSpec,
    runtime: &Runtime,
    deleting: bool,
    health: &dyn Fn(&Instance) -> Health,
) -> Plan {
    if !runtime.is_ready() {
        return plan_sandbox(spec, runtime);
    }
    let mut plan = Plan::default();
    for (index, container) in spec.ephemeral_containers.iter().enumerate() {
        if runtime.latest(&container.name).is_none() {
            plan.starts.push((Place::Ephemeral, index));
        }
    }
    if !plan_init(spec, runtime, deleting, health, &mut plan) {
        return plan;
    }
    let mut keep = 0;
    for (index, container) in spec.containers.iter().enumerate() {
        let running = runtime.latest(&container.name).filter(|i| i.state == RunState::Running);
        let Some(instance) = running else {
            if should_start(spec, container, runtime, deleting) {
                plan.starts.push((Place::Main, index));
            }
            continue;
        };
        let health = health(instance);
        let (mut message, reason, restart) = if instance.spec_image != container.image {
            let message = format!("Container {} definition changed", container.name);
            (message, KillReason::Other, true)
        } else if health.unlive {
            let message = format!("Container {} failed liveness probe", container.name);
            (message, KillReason::LivenessProbe, spec.restart_policy != "Never")
        } else if health.unstarted {
            let message = format!("Container {} failed startup probe", container.name);
            (message, KillReason::StartupProbe, spec.restart_policy != "Never")
        } else {
            keep += 1;
            continue;
        };
        if restart {
            message.push_str(", will be restarted");
            plan.starts.push((Place::Main, index));
        }
        plan.stops.push(Stop { serial: instance.serial, message, reason });
    }
    if keep == 0 && !plan.starts.iter().any(|(place, _)| *place == Place::Main) {
        plan.kill_pod = true;
        plan.starts.clear();
    }
    plan
}

fn plan_sandbox(spec: &PodSpec, runtime: &Runtime) -> Plan {
    let mut plan = Plan { kill_pod: true, create_sandbox: true, ..Plan::default() };
    let again = runtime.sandbox.is_some();
    if again && spec.restart_policy == "Never" && !runtime.instances.is_empty() {
        plan.create_sandbox = false;
        return plan;
    }
    let succeeded = |container: &Container| {
        spec.restart_policy == "OnFailure"
            && runtime
                .latest(&container.name)
                .is_some_and(|i| i.state == RunState::Exited && i.exit_code == 0)
    };
    let starts: Vec<Start> = spec
        .containers
        .iter()
        .enumerate()
        .filter(|(_, c)| !succeeded(c))
        .map(|(index, _)| (Place::Main, index))
        .collect();
    if starts.is_empty() && spec.containers.iter().any(|c| runtime.latest(&c.name).is_some()) {
        plan.create_sandbox = false;
        return plan;
    }
    plan.starts = if spec.init_containers.is_empty() { starts } else { vec![(Place::Init, 0)] };
    plan
}

/// Plans the init containers. Returns whether the others may run.
fn plan_init(
    spec: &PodSpec,
    runtime: &Runtime,
    deleting: bool,
    health: &dyn Fn(&Instance) -> Health,
    plan: &mut Plan,
) -> bool {
    if spec.init_containers.is_empty() {
        return true;
    }
    let mut initialized = spec
        .containers
        .iter()
        .filter_map(|c| runtime.latest(&c.name))
        .any(|i| matches!(i.state, RunState::Created | RunState::Running));
    let mut previously = initialized;
    let last = spec.init_containers.len() - 1;
    let mut starts = Vec::new();
    for (index, container) in spec.init_containers.iter().enumerate().rev() {
        let sidecar = is_sidecar(container);
        let Some(instance) = runtime.latest(&container.name) else {
            if previously && sidecar {
                starts.push(index);
            }
            continue;
        };
        if previously && !sidecar {
            continue;
        }
        let mut done = |starts: &mut Vec<usize>| {
            if index == last {
                initialized = true;
            } else if !previously {
                starts.push(index + 1);
            }
        };
        match instance.state {
            RunState::Created => starts.push(index),
            RunState::Running if sidecar => {
                let health = health(instance);
                let stop = |message, reason| Stop { serial: instance.serial, message, reason };
                if health.unstarted {
                    let message = format!("Init container {} failed startup probe", container.name);
                    plan.stops.push(stop(message, KillReason::StartupProbe));
                    starts.push(index);
                } else if !health.starting {
                    done(&mut starts);
                    if health.unlive {
                        let message =
                            format!("Init container {} failed liveness probe", container.name);
                        plan.stops.push(stop(message, KillReason::LivenessProbe));
                        starts.push(index);
                    }
                }
            }
            RunState::Running => {}
            RunState::Exited if sidecar => starts.push(index),
            RunState::Exited if instance.exit_code == 0 => done(&mut starts),
            RunState::Exited => {
                if deleting || !restarts_after(spec, container, instance.exit_code) {
                    plan.kill_pod = true;
                    plan.starts.clear();
                    return false;
                }
                starts.push(index);
            }
        }
        previously = true;
    }
    if !previously {
        starts.push(0);
    }
    starts.reverse();
    starts.dedup();
    plan.starts.extend(starts.into_iter().map(|index| (Place::Init, index)));
    initialized
}
