//! How containers are stopped: hook, signal, patience, the hard way.
//! Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer).

use crate::api::kinds::pod::{Container, LifecycleHandler, Pod};
use crate::base::time::{Span, Time};
use crate::kubelet::actions::{KillReason, Place};
use crate::kubelet::runtime::RunState;
use crate::kubelet::worker::Worker;
use crate::kubelet::{Cx, Event, Shared, Task};
use crate::os::kernel::{StartSpec, Stdio};
use crate::os::{Pid, Signal};

/// Upstream: minimumGracePeriodInSeconds.
const LEAST_GRACE: Span = Span::seconds(2);

/// A container that is being stopped.
#[derive(Clone, Debug)]
pub(super) struct Kill {
    pub(super) serial: u32,
    stage: Stage,
    token: u64,
    /// When patience ends.
    deadline: Time,
    /// Sidecars are stopped when the others have ended.
    after_others: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// The hook runs (`None`: it only waits).
    Hook(Option<Pid>),
    /// Its turn has not come.
    Turn,
    /// The signal is about to be sent.
    Closing,
    /// The signal has been sent.
    Signalled,
    /// It is being killed.
    Killed,
}

impl Worker {
    /// Begins to stop a container. `ending` is the pod's grace period in seconds and whether others end first.
    pub(super) fn kill(
        &mut self,
        serial: u32,
        message: String,
        reason: KillReason,
        ending: Option<(i64, bool)>,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let Some(instance) = self.runtime.instance(serial) else { return };
        if instance.state != RunState::Running || self.kills.iter().any(|k| k.serial == serial) {
            return;
        }
        let name = instance.name.clone();
        let machine = instance.machine;
        let Some((place, container)) = find(&self.pod, &name) else { return };
        let container = container.clone();
        let message =
            if message.is_empty() { format!("Stopping container {name}") } else { message };
        self.tell(Some((place, &name)), "Killing", message, cx);
        let grace = match ending {
            Some((grace, _)) => grace,
            None => grace_period(&self.pod, &container, reason),
        };
        let now = cx.now();
        let mut kill = Kill {
            serial,
            stage: Stage::Turn,
            token: self.draw_number(),
            deadline: now + Span::seconds(grace),
            after_others: ending.is_some_and(|(_, after)| after),
        };
        if let Some(handler) = container.lifecycle.pre_stop.filter(|_| grace > 0) {
            let until = match (&handler.exec, &handler.sleep) {
                (Some(exec), _) => {
                    let argv = exec.command.iter().map(ToString::to_string).collect();
                    let spec =
                        StartSpec { argv, stdio: Stdio::Collect, ..self.exec_spec(serial, cx) };
                    let started = machine.map(|machine| cx.kernel.start(machine, spec));
                    match started {
                        Some(Ok(pid)) => {
                            k.processes.insert(pid, (self.id, Task::PreStop(serial)));
                            kill.stage = Stage::Hook(Some(pid));
                            Some(kill.deadline)
                        }
                        Some(Err(_)) => {
                            let container = Some((place, name.as_str()));
                            self.warn(container, "FailedPreStopHook", "PreStopHook failed", cx);
                            None
                        }
                        None => None,
                    }
                }
                (None, Some(sleep)) => {
                    kill.stage = Stage::Hook(None);
                    Some(kill.deadline.min(now + Span::seconds(sleep.seconds)))
                }
                (None, None) => self.pre_stop_request(&handler, &mut kill, k, cx),
            };
            if let Some(until) = until {
                cx.wake(until, Event::Kill(self.id, serial, kill.token));
                self.kills.push(kill);
                return;
            }
        }
        self.kills.push(kill);
        self.close(serial, k, cx);
    }

    /// A hook that sends a request over the network.
    fn pre_stop_request(
        &mut self,
        handler: &LifecycleHandler,
        kill: &mut Kill,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Option<Time> {
        let request = handler.http_get.as_ref()?;
        let pid = self.send_request(request, kill.serial, k, cx)?;
        k.processes.insert(pid, (self.id, Task::PreStop(kill.serial)));
        kill.stage = Stage::Hook(Some(pid));
        Some(kill.deadline)
    }

    /// The hook is over (or there was none): the container is asked to end, as soon as its turn has come.
    fn close(&mut self, serial: u32, k: &mut Shared, cx: &mut Cx) {
        let others = self.kills.iter().any(|kill| !kill.after_others);
        let token = self.draw_number();
        let now = cx.now();
        let Some(kill) = self.kills.iter_mut().find(|kill| kill.serial == serial) else { return };
        if kill.after_others && others {
            kill.stage = Stage::Turn;
            return;
        }
        kill.deadline = kill.deadline.max(now + LEAST_GRACE);
        kill.token = token;
        kill.stage = Stage::Closing;
        self.kill_stage(serial, token, k, cx);
    }

    /// The next stage of stopping a container is due.
    pub(super) fn kill_stage(&mut self, serial: u32, token: u64, k: &mut Shared, cx: &mut Cx) {
        let Some(kill) = self.kills.iter_mut().find(|k| k.serial == serial) else { return };
        if kill.token != token {
            return;
        }
        let stage = kill.stage.clone();
        match stage {
            Stage::Hook(pid) => {
                if let Some(pid) = pid {
                    k.processes.remove(&pid);
                }
                self.close(serial, k, cx);
            }
            Stage::Closing => {
                kill.stage = Stage::Signalled;
                let deadline = kill.deadline;
                cx.wake(deadline, Event::Kill(self.id, serial, token));
                self.signal(serial, Signal::Term, k, cx);
            }
            Stage::Signalled => {
                kill.stage = Stage::Killed;
                self.signal(serial, Signal::Kill, k, cx);
            }
            Stage::Turn | Stage::Killed => {}
        }
    }

    fn signal(&mut self, serial: u32, signal: Signal, k: &mut Shared, cx: &mut Cx) {
        let Some(instance) = self.runtime.instance(serial) else { return };
        let signal = match find(&self.pod, &instance.name) {
            Some((_, container)) if signal == Signal::Term => {
                let named = container.lifecycle.stop_signal.as_deref();
                named.and_then(Signal::parse).unwrap_or(signal)
            }
            _ => signal,
        };
        match instance.pid {
            // A process that is gone has its end reported already.
            Some(pid) => drop(cx.kernel.kill(pid, signal)),
            None => {
                self.container_ended(serial, 0, cx.now(), k, cx);
                self.killed(serial, k, cx);
            }
        }
    }

    /// The hook before a container's end has ended.
    pub(super) fn pre_stop_ended(&mut self, serial: u32, code: i32, k: &mut Shared, cx: &mut Cx) {
        let hooked = self
            .kills
            .iter()
            .any(|k| k.serial == serial && matches!(k.stage, Stage::Hook(Some(_))));
        if !hooked {
            return;
        }
        if code != 0 && !self.is_stand_in(serial) {
            let name = self.runtime.instance(serial).map(|i| i.name.clone()).unwrap_or_default();
            let place = find(&self.pod, &name).map_or(Place::Main, |(place, _)| place);
            self.warn(Some((place, &name)), "FailedPreStopHook", "PreStopHook failed", cx);
        }
        self.close(serial, k, cx);
    }

    /// A container that was to be stopped (or any other) has ended.
    pub(super) fn killed(&mut self, serial: u32, k: &mut Shared, cx: &mut Cx) {
        let before = self.kills.len();
        self.kills.retain(|kill| kill.serial != serial);
        if self.kills.len() == before {
            return;
        }
        if self.kills.iter().all(|kill| kill.after_others) {
            let turn: Vec<u32> = self
                .kills
                .iter()
                .filter(|kill| kill.stage == Stage::Turn)
                .map(|kill| kill.serial)
                .collect();
            for serial in turn {
                self.close(serial, k, cx);
            }
        }
        if self.kills.is_empty() {
            self.after_kills(k, cx);
        }
    }
}

/// The container with this name, and in which list it stands.
pub(super) fn find<'a>(pod: &'a Pod, name: &str) -> Option<(Place, &'a Container)> {
    let lists = [
        (Place::Main, &pod.spec.containers),
        (Place::Init, &pod.spec.init_containers),
        (Place::Ephemeral, &pod.spec.ephemeral_containers),
    ];
    lists.into_iter().find_map(|(place, list)| {
        list.iter().find(|c| c.name == *name).map(|container| (place, container))
    })
}

/// Upstream: setTerminationGracePeriod.
fn grace_period(pod: &Pod, container: &Container, reason: KillReason) -> i64 {
    if let Some(grace) = pod.meta.deletion_grace_period_seconds {
        return grace;
    }
    let probe = match reason {
        KillReason::StartupProbe => container.startup_probe.as_ref(),
        KillReason::LivenessProbe => container.liveness_probe.as_ref(),
        KillReason::Other => None,
    };
    probe
        .and_then(|probe| probe.termination_grace_period_seconds)
        .or(pod.spec.termination_grace_period_seconds)
        .unwrap_or(2)
}
