//! The kubelets: pods become containers, probes are run, statuses reported.
//! Upstream: pkg/kubelet.
//!
//! Each pod has a worker (`worker.rs`) that goes through upstream's steps one after the other; what it knows of
//! the container runtime comes from relists, as upstream's does, so that statuses pass through the same
//! intermediate states in the same order. Nothing runs periodically for a pod without probes: a relist
//! is only queued when something has changed that it would see.

mod actions;
mod backoff;
mod env;
mod image;
mod kill;
mod logs;
mod node;
mod prober;
pub mod profile;
mod report;
mod request;
mod runtime;
mod start;
mod status;
mod volumes;
mod worker;

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::kinds::{CONFIG_MAP, NODE, PERSISTENT_VOLUME, POD, SECRET};
use crate::base::time::Time;
use crate::base::value::Str;
use crate::os::kernel::{FsId, MachineId};
use crate::os::{Kernel, Pid};
use crate::server::{Change, ChangeKind, Server};

use node::Node;
use profile::{Profile, VISIBLE};
use worker::Worker;

/// A pod's number among all pods that kubelets have seen.
pub type PodId = u32;

/// The kubelets of all nodes.
#[derive(Clone)]
pub struct Kubelets {
    pods: OrdMap<PodId, Rc<Worker>>,
    by_uid: OrdMap<Str, PodId>,
    shared: Shared,
}

/// What the pods of all nodes share.
#[derive(Clone)]
struct Shared {
    profile: &'static Profile,
    nodes: OrdMap<Str, Node>,
    /// Processes that a kubelet has started and what they are to it.
    processes: OrdMap<Pid, (PodId, Task)>,
    /// The contents of volumes, by the PersistentVolume's name.
    volumes: OrdMap<Str, FsId>,
    /// Directories of nodes that pods mount: (node, path).
    host_paths: OrdMap<(Str, Str), FsId>,
    /// Token volumes, by namespace and service account.
    tokens: OrdMap<(Str, Str), FsId>,
    /// Pods that read a ConfigMap or Secret: `configmaps/default/web` to pods.
    readers: OrdMap<String, Vec<PodId>>,
    last_pod: PodId,
    heartbeat: bool,
}

/// What a process is to the kubelet that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// The main process of the container with this number.
    Main(u32),
    /// The hook that runs before the container with this number is stopped.
    PreStop(u32),
    /// The hook that runs after the container with this number has started.
    PostStart(u32),
    /// A probe, by its index.
    Probe(usize),
}

/// An event of the kubelets' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A pod's change has reached its kubelet.
    Notice(PodId),
    /// A step of a sync is over; the number tells later steps apart.
    Step(PodId, u64),
    /// A pod's turn to be synced again.
    Requeue(PodId, u64),
    /// A node's kubelet looks at all containers.
    Relist(Str),
    /// A kubelet looks at the containers of one pod.
    RelistPod(PodId),
    /// A status is to be written.
    Report(PodId),
    /// A probe is due: pod, index of the probe, number of this appointment.
    Probe(PodId, usize, u64),
    /// A probe's time is up.
    ProbeTimeout(PodId, usize, u64),
    /// The runtime notices that a container's main process has ended: pod, container, exit code, when.
    Ended(PodId, u32, i32, Time),
    /// The next stage of stopping a container: pod, container, number of this appointment.
    Kill(PodId, u32, u64),
    /// A pod's `activeDeadlineSeconds` are over.
    Deadline(PodId),
    /// The object that mirrors a pod of a node's own files is made anew.
    Mirror(PodId),
    /// Files from ConfigMaps and Secrets are brought up to date.
    Refresh(PodId),
    /// All kubelets renew their leases.
    Heartbeat,
}

/// What a kubelet may use while it handles something.
pub struct Cx<'a> {
    /// The API server.
    pub server: &'a mut Server,
    /// Machines and processes: containers are machines.
    pub kernel: &'a mut Kernel,
    /// Where it leaves its own later events.
    pub wakes: &'a mut Vec<(Time, Event)>,
}

impl Cx<'_> {
    fn now(&self) -> Time {
        self.server.now
    }

    fn wake(&mut self, at: Time, event: Event) {
        self.wakes.push((at, event));
    }
}

impl Default for Kubelets {
    fn default() -> Kubelets {
        Kubelets::new(&VISIBLE)
    }
}

impl Kubelets {
    /// Without nodes; a kubelet starts when its node is created.
    pub fn new(profile: &'static Profile) -> Kubelets {
        Kubelets {
            pods: OrdMap::new(),
            by_uid: OrdMap::new(),
            shared: Shared {
                profile,
                nodes: OrdMap::new(),
                processes: OrdMap::new(),
                volumes: OrdMap::new(),
                host_paths: OrdMap::new(),
                tokens: OrdMap::new(),
                readers: OrdMap::new(),
                last_pod: 0,
                heartbeat: false,
            },
        }
    }

    /// Changes the delays of everything that begins from now on.
    pub fn set_profile(&mut self, profile: &'static Profile) {
        self.shared.profile = profile;
    }

    /// Takes note of a committed change (of a pod, node, config map, …). Work starts a little later.
    pub fn notify(&mut self, change: &Change, cx: &mut Cx) {
        if change.kind == &POD {
            self.pod_changed(change, cx);
        } else if change.kind == &NODE {
            self.node_changed(change, cx);
        } else if change.kind == &CONFIG_MAP || change.kind == &SECRET {
            self.source_changed(change, cx);
        } else if change.kind == &PERSISTENT_VOLUME
            && change.change == ChangeKind::Deleted
            && let Some(fs) = self.shared.volumes.remove(change.key.name.as_str())
        {
            cx.kernel.remove_fs(fs);
        }
    }

    fn pod_changed(&mut self, change: &Change, cx: &mut Cx) {
        let Some(id) = self.by_uid.get(change.new.uid()).copied() else {
            if change.change != ChangeKind::Deleted {
                self.add_pod(&change.new, Some(change.rev), cx);
            }
            return;
        };
        let Some(worker) = self.pods.get_mut(&id) else { return };
        let worker = Rc::make_mut(worker);
        let notice = worker.changed(change);
        if worker.is_mirror() && (change.new.is_deleting() || worker.gone) {
            let delay = self.shared.delay(cx, "mirror", &change.key.name, change.rev, |p| p.notice);
            return cx.wake(cx.now() + delay, Event::Mirror(id));
        }
        if notice {
            let delay = self.shared.delay(cx, "notice", &change.key.name, change.rev, |p| p.notice);
            cx.wake(cx.now() + delay, Event::Notice(id));
        }
    }

    /// A pod that no kubelet has seen yet: bound to a node just now, or running since before the simulation.
    fn add_pod(&mut self, object: &Rc<crate::api::Object>, rev: Option<u64>, cx: &mut Cx) {
        let Some(node) = self.shared.nodes.get(object.at(&["spec", "nodeName"]).text()) else {
            return;
        };
        if !node.running {
            return;
        }
        self.shared.last_pod += 1;
        let id = self.shared.last_pod;
        let mut worker = Worker::new(id, object, rev);
        worker.adopt(&mut self.shared, cx);
        self.by_uid.insert(worker.uid.clone(), id);
        for source in worker.sources() {
            self.shared.readers.entry(source).or_default().push(id);
        }
        self.pods.insert(id, Rc::new(worker));
        let delay =
            self.shared.delay(cx, "notice", object.uid(), object.rv, |profile| profile.notice);
        cx.wake(cx.now() + delay, Event::Notice(id));
    }

    fn node_changed(&mut self, change: &Change, cx: &mut Cx) {
        let name = &change.key.name;
        if change.change == ChangeKind::Deleted {
            return;
        }
        let is_new = !self.shared.nodes.contains_key(name.as_str());
        let rng = cx.server.rng;
        let node = self.shared.nodes.entry(name.clone()).or_insert_with(|| Node::new(name, rng));
        node.object = Some(change.new.clone());
        if is_new {
            if change.new.at(&["spec", "taints"]).as_array().is_empty() {
                node.store(self.shared.profile.images, cx);
            }
            self.start(name, cx);
        }
    }

    fn source_changed(&mut self, change: &Change, cx: &mut Cx) {
        let source = volumes::source(change.kind.plural, &change.key.ns, &change.key.name);
        let Some(readers) = self.shared.readers.get(&source) else { return };
        for id in readers.clone() {
            // Upstream syncs each pod again within 60 to 90 s, and mounted files follow then.
            let wait = cx.server.rng.named("refresh", &source, u64::from(id)).range(60, 90);
            cx.wake(cx.now() + crate::base::time::Span::seconds(wait), Event::Refresh(id));
        }
    }

    /// Handles one of the kubelets' events.
    pub fn handle(&mut self, event: Event, cx: &mut Cx) {
        match event {
            Event::Notice(id) => self.with(id, cx, Worker::noticed),
            Event::Step(id, token) => self.with(id, cx, |w, k, cx| w.step(token, k, cx)),
            Event::Requeue(id, token) => self.with(id, cx, |w, k, cx| w.requeued(token, k, cx)),
            Event::RelistPod(id) => self.with(id, cx, Worker::relist),
            Event::Report(id) => self.with(id, cx, Worker::report),
            Event::Probe(id, index, token) => {
                self.with(id, cx, |w, k, cx| w.probe_due(index, token, k, cx));
            }
            Event::ProbeTimeout(id, index, token) => {
                self.with(id, cx, |w, k, cx| w.probe_timeout(index, token, k, cx));
            }
            Event::Kill(id, serial, token) => {
                self.with(id, cx, |w, k, cx| w.kill_stage(serial, token, k, cx));
            }
            Event::Ended(id, serial, code, at) => self.ended(id, serial, code, at, cx),
            Event::Deadline(id) => self.with(id, cx, Worker::deadline),
            Event::Mirror(id) => self.mirror(id, cx),
            Event::Refresh(id) => self.with(id, cx, Worker::refresh_files),
            Event::Relist(name) => self.relist(&name, cx),
            Event::Heartbeat => self.heartbeat(cx),
        }
    }

    /// Lets a pod's worker act, unless its node's kubelet is stopped, and forgets it when it is done.
    fn with(
        &mut self,
        id: PodId,
        cx: &mut Cx,
        act: impl FnOnce(&mut Worker, &mut Shared, &mut Cx),
    ) {
        let Some(worker) = self.pods.get_mut(&id) else { return };
        if !self.shared.nodes.get(&worker.node).is_some_and(|node| node.running) {
            return;
        }
        let worker = Rc::make_mut(worker);
        act(worker, &mut self.shared, cx);
        if worker.is_done() {
            worker.clean_up(&mut self.shared, cx);
            self.by_uid.remove(&worker.uid);
            self.pods.remove(&id);
        }
    }

    /// A pod that comes from a file of its node runs on when its object is deleted, and gets a new one.
    /// Upstream: pkg/kubelet/kubelet.go, tryReconcileMirrorPods.
    fn mirror(&mut self, id: PodId, cx: &mut Cx) {
        let Some(worker) = self.pods.get_mut(&id) else { return };
        if !self.shared.nodes.get(&worker.node).is_some_and(|node| node.running) {
            return;
        }
        let worker = Rc::make_mut(worker);
        let old = worker.uid.clone();
        worker.mirror_again(cx);
        let new = worker.uid.clone();
        if new != old {
            self.by_uid.remove(&old);
            self.by_uid.insert(new, id);
            self.with(id, cx, |worker, k, cx| worker.queue_report(k, cx));
        }
    }

    fn relist(&mut self, name: &str, cx: &mut Cx) {
        let Some(node) = self.shared.nodes.get_mut(name) else { return };
        for id in node.take_relist() {
            self.with(id, cx, Worker::relist);
        }
    }

    /// Takes note of the end of a process that a kubelet started.
    pub fn exited(&mut self, pid: Pid, code: i32, at: Time, cx: &mut Cx) {
        let Some((id, task)) = self.shared.processes.remove(&pid) else { return };
        if let Task::Main(serial) = task {
            let delay = self.shared.delay(cx, "ended", "", u64::from(pid), |profile| profile.ended);
            cx.wake(at + delay, Event::Ended(id, serial, code, at));
        } else {
            self.with(id, cx, |w, k, cx| w.task_ended(task, pid, code, k, cx));
        }
    }

    /// The runtime has noticed the end of a container, whether or not the kubelet runs.
    fn ended(&mut self, id: PodId, serial: u32, code: i32, at: Time, cx: &mut Cx) {
        let Some(worker) = self.pods.get_mut(&id) else { return };
        Rc::make_mut(worker).container_ended(serial, code, at, &mut self.shared, cx);
        self.with(id, cx, |w, k, cx| w.killed(serial, k, cx));
    }

    /// The machine of a pod's running container ("" for the default one), for `exec`, `cp` and the page.
    pub fn container(&self, pod_uid: &str, container: &str) -> Option<MachineId> {
        self.worker(pod_uid)?.running(container)?.machine
    }

    /// The main process of a pod's running container ("" for the default one), for `attach`.
    pub fn main_process(&self, pod_uid: &str, container: &str) -> Option<Pid> {
        self.worker(pod_uid)?.running(container)?.pid
    }

    /// The file system that holds the contents of a volume, by the PersistentVolume's name.
    pub fn volume(&self, name: &str) -> Option<FsId> {
        self.shared.volumes.get(name).copied()
    }

    fn worker(&self, pod_uid: &str) -> Option<&Worker> {
        self.pods.get(self.by_uid.get(pod_uid)?).map(|worker| &**worker)
    }
}
