//! The kubelets: pods become containers, probes are run, statuses reported.
//! Upstream: pkg/kubelet.

mod logs;
pub mod profile;

use crate::base::time::Time;
use crate::kubelet::profile::Profile;
use crate::os::kernel::{FsId, MachineId};
use crate::os::{Kernel, Pid};
use crate::server::{Change, Server};

/// The kubelets of all nodes.
#[derive(Clone, Default)]
pub struct Kubelets {}

/// An event of the kubelets' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {}

/// What a kubelet may use while it handles something.
pub struct Cx<'a> {
    /// The API server.
    pub server: &'a mut Server,
    /// Machines and processes: containers are machines.
    pub kernel: &'a mut Kernel,
    /// Where it leaves its own later events.
    pub wakes: &'a mut Vec<(Time, Event)>,
}

impl Kubelets {
    /// Kubelets that take as long as the profile says.
    pub fn new(profile: &'static Profile) -> Kubelets {
        let _ = profile;
        Kubelets::default()
    }

    /// The file system that holds the contents of a volume, by the PersistentVolume's name.
    pub fn volume(&self, name: &str) -> Option<FsId> {
        let _ = name;
        None
    }

    /// Stops a node's kubelet; its containers run on.
    pub fn stop(&mut self, node: &str, cx: &mut Cx) {
        let _ = (node, cx);
    }

    /// Starts a stopped kubelet (`all`: every stopped one).
    pub fn start(&mut self, node: &str, cx: &mut Cx) {
        let _ = (node, cx);
    }

    /// Stops and starts a kubelet.
    pub fn restart(&mut self, node: &str, cx: &mut Cx) {
        let _ = (node, cx);
    }

    /// Takes note of a committed change (of a pod, node, config map, …). Work starts a little later.
    pub fn notify(&mut self, change: &Change, cx: &mut Cx) {
        let _ = (change, cx);
    }

    /// Handles one of the kubelets' events.
    pub fn handle(&mut self, event: Event, cx: &mut Cx) {
        let _ = cx;
        match event {}
    }

    /// Takes note of the end of a process that a kubelet started.
    pub fn exited(&mut self, pid: Pid, code: i32, at: Time, cx: &mut Cx) {
        let _ = (pid, code, at, cx);
    }

    /// The main process of a pod's running container.
    pub fn main_process(&self, pod_uid: &str, container: &str) -> Option<Pid> {
        let _ = (pod_uid, container);
        None
    }

    /// Whether a node's kubelet runs.
    pub fn is_running(&self, node: &str) -> bool {
        let _ = node;
        true
    }

    /// The machine of a pod's running container ("" for the default one), for `exec`, `cp` and the page.
    pub fn container(&self, pod_uid: &str, container: &str) -> Option<MachineId> {
        let _ = (pod_uid, container);
        None
    }
}
