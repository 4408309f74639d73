//! What runs on a node for one pod: its sandbox and its containers, as the container runtime knows them.
//! Upstream: pkg/kubelet/container/runtime.go (PodStatus), pkg/kubelet/pleg/generic.go (what a relist sees).

use std::rc::Rc;

use crate::base::time::Time;
use crate::base::value::Str;
use crate::os::Pid;
use crate::os::kernel::{LogId, MachineId};

/// The state of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunState {
    /// Made but not started.
    Created,
    /// Its main process runs.
    Running,
    /// Its main process has ended.
    Exited,
}

/// One container. A restart makes a new one.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Number within its pod, in order of creation.
    pub(super) serial: u32,
    /// 64 hexadecimal digits.
    pub(super) id: Str,
    /// The container's name in the pod's spec.
    pub(super) name: Str,
    /// How often the container was restarted before.
    pub(super) restarts: i32,
    /// Its state.
    pub(super) state: RunState,
    /// When its main process started.
    pub(super) started: Option<Time>,
    /// When it ended.
    pub(super) finished: Option<Time>,
    /// With which exit code.
    pub(super) exit_code: i32,
    /// `Completed`, `Error`, `OOMKilled`, `StartError`, ….
    pub(super) reason: &'static str,
    /// The termination message.
    pub(super) message: String,
    /// `docker.io/library/nginx:latest`.
    pub(super) image: Str,
    /// `docker.io/library/nginx@sha256:…`.
    pub(super) image_id: Str,
    /// The image as the spec had it when the container was made.
    pub(super) spec_image: Str,
    /// User and group of its main process.
    pub(super) user: (u32, u32),
    /// Whether an unknown image is stood in for.
    pub(super) stand_in: bool,
    /// The stand-in's own program runs in place of a command that it does not have.
    pub(super) replaced: bool,
    /// The container itself; forgotten when it is removed.
    pub(super) machine: Option<MachineId>,
    /// Its main process.
    pub(super) pid: Option<Pid>,
    /// Its log.
    pub(super) log: Option<LogId>,
}

impl Instance {
    /// `containerd://…`.
    pub(super) fn container_id(&self) -> String {
        format!("containerd://{}", self.id)
    }
}

/// A pod's sandbox.
#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    /// Number within its pod, shared with the containers' numbers.
    pub(super) serial: u32,
    /// Whether it is up.
    pub(super) ready: bool,
    /// Its address; the node's own for a pod in the host's network.
    pub(super) ip: Str,
}

/// The sandbox and the containers of one pod, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Runtime {
    /// The latest sandbox.
    pub(super) sandbox: Option<Sandbox>,
    /// Containers that exist.
    pub(super) instances: Vec<Instance>,
}

/// What a relist compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Running,
    Exited,
    Other,
}

/// What has happened to one container or sandbox between two relists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LifecycleEvent {
    /// It runs.
    Started,
    /// The container with this number has ended.
    Died(u32),
    /// It is gone.
    Removed,
}

impl Runtime {
    /// The latest container with this name.
    pub(super) fn latest(&self, name: &str) -> Option<&Instance> {
        self.instances.iter().rev().find(|i| i.name == *name)
    }

    /// Write access to the container with this number.
    pub(super) fn instance_mut(&mut self, serial: u32) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|i| i.serial == serial)
    }

    /// The container with this number.
    pub(super) fn instance(&self, serial: u32) -> Option<&Instance> {
        self.instances.iter().find(|i| i.serial == serial)
    }

    /// Whether the pod has a sandbox that is up.
    pub(super) fn is_ready(&self) -> bool {
        self.sandbox.as_ref().is_some_and(|s| s.ready)
    }

    /// Whether any container runs.
    pub(super) fn any_running(&self) -> bool {
        self.instances.iter().any(|i| i.state == RunState::Running)
    }

    /// What a relist sees, by number.
    pub(super) fn record(&self) -> Vec<(u32, Seen)> {
        let mut record = Vec::with_capacity(self.instances.len() + 1);
        if let Some(sandbox) = &self.sandbox {
            record.push((sandbox.serial, if sandbox.ready { Seen::Running } else { Seen::Exited }));
        }
        record.extend(self.instances.iter().map(|instance| {
            let seen = match instance.state {
                RunState::Created => Seen::Other,
                RunState::Running => Seen::Running,
                RunState::Exited => Seen::Exited,
            };
            (instance.serial, seen)
        }));
        record
    }

    /// Containers that have ended, by name beyond the newest `keep`, oldest first.
    /// Upstream: pkg/kubelet/pod_container_deletor.go, getContainersToDeleteInPod.
    pub(super) fn removable(&self, name: &str, keep: usize) -> Vec<u32> {
        let ended: Vec<u32> = self
            .instances
            .iter()
            .filter(|i| i.name == *name && i.state == RunState::Exited)
            .map(|i| i.serial)
            .collect();
        ended[..ended.len().saturating_sub(keep)].to_vec()
    }
}

/// The events that lie between two relists. A container that is only created makes none.
/// Upstream: pkg/kubelet/pleg/generic.go, computeEvents.
pub(super) fn events(old: &[(u32, Seen)], new: &[(u32, Seen)]) -> Vec<LifecycleEvent> {
    let find = |record: &[(u32, Seen)], serial| {
        record.iter().find(|(s, _)| *s == serial).map(|(_, seen)| *seen)
    };
    let mut events = Vec::new();
    for (serial, seen) in new {
        let before = find(old, *serial);
        if before == Some(*seen) {
            continue;
        }
        match seen {
            Seen::Running => events.push(LifecycleEvent::Started),
            Seen::Exited => events.push(LifecycleEvent::Died(*serial)),
            Seen::Other => {}
        }
    }
    for (serial, before) in old {
        if find(new, *serial).is_none() {
            if *before != Seen::Exited {
                events.push(LifecycleEvent::Died(*serial));
            }
            events.push(LifecycleEvent::Removed);
        }
    }
    events
}

/// What the kubelet knows of the runtime since the last relist.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    /// The runtime as it was seen.
    pub(super) runtime: Rc<Runtime>,
    /// What that relist saw, to compare with the next.
    pub(super) record: Vec<(u32, Seen)>,
    /// When the pod was last looked at on its own.
    pub(super) observed: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relists_tell_what_changed() {
        use LifecycleEvent::{Died, Removed, Started};
        assert_eq!(
            events(&[], &[(1, Seen::Running), (2, Seen::Running)]),
            [Started, Started],
            "sandbox and container"
        );
        assert_eq!(events(&[(2, Seen::Running)], &[(2, Seen::Exited)]), [Died(2)]);
        assert_eq!(events(&[(2, Seen::Exited)], &[]), [Removed]);
        assert_eq!(events(&[(2, Seen::Running)], &[]), [Died(2), Removed]);
        assert_eq!(events(&[], &[(2, Seen::Other)]), []);
    }
}
