//! A node's kubelet apart from its pods: relists, addresses, images, lease and node status.
//! Upstream: pkg/kubelet/kubelet_node_status.go, pkg/kubelet/nodestatus, staging/src/k8s.io/component-helpers/apimachinery/lease.
//! Simplified: all kubelets renew their leases at the same instants; no pressure is ever measured.

use crate::base::ordered::{OrdMap, OrdSet};
use crate::base::sort::InOrder;
use std::borrow::Cow;
use std::rc::Rc;

use crate::api::kinds::lease::LEASE;
use crate::api::kinds::node::NODE;
use crate::api::kinds::pod::POD;
use crate::api::{Key, Object};
use crate::base::rng::{Draw, Rng};
use crate::base::time::{Span, Time};
use crate::base::value::{Str, Value};
use crate::kubelet::image;
use crate::kubelet::profile::{Delay, Profile};
use crate::kubelet::{Cx, Event, Kubelets, PodId, Shared};
use crate::os::kernel::{MachineId, MachineSpec};
use crate::server::events::{EventType, Reference, Report, Reporter};
use crate::server::{By, Part};
use crate::value;

/// Between two looks at all containers, and between two looks at the work queue.
const RELIST: Span = Span::seconds(1);
/// Between two renewals of a lease.
const RENEW: Span = Span::seconds(10);
/// How long a node's status stays unwritten when nothing changes.
const STATUS: Span = Span::seconds(300);
/// Images that a node's status lists at most.
const IMAGES: usize = 50;

/// An image on a node.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// `docker.io/library/nginx@sha256:…`.
    pub(super) id: Str,
    /// Bytes.
    pub(super) size: u64,
    /// When its pull is complete.
    pub(super) since: Time,
}

/// One node's kubelet.
#[derive(Clone)]
pub(super) struct Node {
    /// Its name.
    pub(super) name: Str,
    /// Whether the kubelet runs; containers run on without it.
    pub(super) running: bool,
    /// Whether it has run before.
    begun: bool,
    /// Where in a second it relists and looks at its queue.
    phase: Span,
    queue_phase: Span,
    /// Pods that the next relist looks at.
    relist: OrdSet<PodId>,
    relist_queued: bool,
    used: OrdSet<u32>,
    last_address: u32,
    /// Images by full name.
    pub(super) images: OrdMap<Str, Stored>,
    /// Until when pulls are queued: they run one after the other.
    pub(super) pulling_until: Time,
    /// From where probes and hooks send requests.
    machine: Option<MachineId>,
    /// The node's object as it was last seen, from which a deleted one is made anew.
    pub(super) object: Option<Rc<Object>>,
    /// Whether the node was last seen cordoned.
    cordoned: bool,
    status_due: bool,
    status_written: Time,
}

impl Node {
    /// A node whose kubelet has not started.
    pub(super) fn new(name: &Str, rng: Rng) -> Node {
        let mut draw = rng.named("kubelet", name, 0);
        Node {
            name: name.clone(),
            running: false,
            begun: false,
            phase: Span(draw.range(0, RELIST.0 - 1)),
            queue_phase: Span(draw.range(0, RELIST.0 - 1)),
            relist: OrdSet::new(),
            relist_queued: false,
            used: OrdSet::new(),
            last_address: 1,
            images: OrdMap::new(),
            pulling_until: Time::default(),
            machine: None,
            object: None,
            cordoned: false,
            status_due: false,
            status_written: Time::default(),
        }
    }

    /// When the last relist before now, or at it, took place.
    pub(super) fn last_relist(&self, now: Time) -> Time {
        now - Span((now.0 - self.phase.0).rem_euclid(RELIST.0))
    }

    /// When the queue is looked at first at or after this instant.
    pub(super) fn queue_tick(&self, at: Time) -> Time {
        at + Span((self.queue_phase.0 - at.0).rem_euclid(RELIST.0))
    }

    /// The pods that a relist looks at; the set is empty afterwards.
    pub(super) fn take_relist(&mut self) -> OrdSet<PodId> {
        self.relist_queued = false;
        std::mem::take(&mut self.relist)
    }

    /// Puts images on the node that are there from the beginning.
    pub(super) fn store(&mut self, images: &[&str], cx: &Cx) {
        for image in images {
            let Ok(reference) = image::parse(image) else { continue };
            let Ok(found) = image::resolve(cx.kernel.catalog(), &reference) else { continue };
            let id = Str::from(image::image_id(&reference));
            let size = image::size(found, &reference);
            self.add_image(
                Str::from(reference.full()),
                Stored { id, size, since: Time::default() },
            );
        }
    }

    /// Notes an image that is there from an instant on.
    pub(super) fn add_image(&mut self, name: Str, stored: Stored) {
        self.images.insert(name, stored);
        self.status_due = true;
    }

    /// Gives an address of the node's range back.
    pub(super) fn release(&mut self, address: &str) {
        if let Some(host) = address.rsplit('.').next().and_then(|n| n.parse().ok()) {
            self.used.remove(&host);
        }
    }

    /// Takes a certain address of the node's range, for a pod that has it already.
    pub(super) fn claim(&mut self, address: &str) {
        if let Some(host) = address.rsplit('.').next().and_then(|n| n.parse().ok()) {
            self.used.insert(host);
            self.last_address = self.last_address.max(host);
        }
    }

    /// The next free address of the node's range, in turn, as the `host-local` network plugin gives them.
    fn next_address(&mut self, cidr: &str) -> Option<String> {
        let (base, bits) = cidr.split_once('/')?;
        let bits: u32 = bits.parse().ok().filter(|bits| (8..=30).contains(bits))?;
        let octets: Vec<u32> = base.split('.').filter_map(|o| o.parse().ok()).collect();
        let [a, b, c, d] = octets[..] else { return None };
        let network = (a << 24) | (b << 16) | (c << 8) | d;
        let size = 1_u32 << (32 - bits);
        for _ in 0..size {
            self.last_address =
                if self.last_address + 2 >= size { 2 } else { self.last_address + 1 };
            if self.used.insert(self.last_address) {
                let ip = network.wrapping_add(self.last_address);
                let [a, b, c, d] = ip.to_be_bytes();
                return Some(format!("{a}.{b}.{c}.{d}"));
            }
        }
        None
    }
}

impl Shared {
    /// Draws a delay by name.
    pub(super) fn delay(
        &self,
        cx: &Cx,
        purpose: &str,
        owner: &str,
        n: u64,
        choose: fn(&Profile) -> Delay,
    ) -> Span {
        let mut draw: Draw = cx.server.rng.named(purpose, owner, n);
        choose(self.profile).draw(&mut draw)
    }

    /// Has the next relist of a node look at a pod.
    pub(super) fn want_relist(&mut self, node: &str, pod: PodId, cx: &mut Cx) {
        let now = cx.now();
        let Some(node) = self.nodes.get_mut(node) else { return };
        node.relist.insert(pod);
        if !node.relist_queued {
            node.relist_queued = true;
            let at = node.last_relist(now) + RELIST;
            cx.wake(at, Event::Relist(node.name.clone()));
        }
    }

    /// A node's own address.
    pub(super) fn host_ip(node: &str, cx: &Cx) -> Str {
        let Some(object) = cx.server.get(&NODE, &Key::new("", node)) else { return Str::default() };
        object
            .at(&["status", "addresses"])
            .as_array()
            .iter()
            .find(|a| a.get("type").text() == "InternalIP")
            .map_or_else(Str::default, |a| Str::from(a.get("address").text()))
    }

    /// The machine of a node, made when it is first needed.
    pub(super) fn node_machine(&mut self, name: &str, cx: &mut Cx) -> Option<MachineId> {
        let node = self.nodes.get_mut(name)?;
        if node.machine.is_none() {
            let spec = MachineSpec {
                hostname: name.to_owned(),
                address: Shared::host_ip(name, cx).to_string(),
                image: cx.kernel.catalog().laptop,
                mounts: Vec::new(),
                resolv_conf: "nameserver 192.168.49.1\n".to_owned(),
                log: None,
            };
            node.machine = Some(cx.kernel.add_machine(spec));
        }
        node.machine
    }

    /// A free address of a node's range of pod addresses.
    pub(super) fn take_address(&mut self, node: &str, cx: &Cx) -> Option<String> {
        let object = cx.server.get(&NODE, &Key::new("", node))?;
        self.nodes.get_mut(node)?.next_address(object.at(&["spec", "podCIDR"]).text())
    }
}

impl Kubelets {
    /// Starts a stopped kubelet (`all`: every stopped one).
    pub fn start(&mut self, node: &str, cx: &mut Cx) {
        if node != "all" {
            return self.start_one(node, cx);
        }
        let stopped: Vec<Str> =
            self.shared.nodes.values().filter(|n| !n.running).map(|n| n.name.clone()).collect();
        for name in stopped {
            self.start_one(&name, cx);
        }
    }

    /// Stops and starts a kubelet.
    pub fn restart(&mut self, node: &str, cx: &mut Cx) {
        self.stop(node, cx);
        self.start(node, cx);
    }

    /// A node's kubelet takes on the node's pods and reports the node as ready.
    fn start_one(&mut self, node: &str, cx: &mut Cx) {
        let Some(state) = self.shared.nodes.get_mut(node) else { return };
        if state.running {
            return;
        }
        state.running = true;
        // The kubelets of a fresh cluster have been running for a while.
        let begun = state.begun;
        state.begun = true;
        state.cordoned = false;
        state.relist_queued = false;
        state.relist.clear();
        state.status_written = Time::default();
        let known: Vec<PodId> =
            self.pods.iter().filter(|(_, w)| w.node == *node).map(|(id, _)| *id).collect();
        for id in known {
            self.with(id, cx, super::worker::Worker::restarted);
        }
        let unknown: Vec<Rc<Object>> = cx
            .server
            .store
            .on_node(&POD, node)
            .filter(|pod| !self.by_uid.contains_key(pod.uid()))
            .cloned()
            .collect();
        for pod in unknown {
            self.add_pod(&pod, None, cx);
        }
        if !self.shared.heartbeat {
            self.shared.heartbeat = true;
            cx.wake(cx.now() + RENEW, Event::Heartbeat);
        }
        let name = Str::from(node);
        if begun {
            tell(&name, "Starting", "Starting kubelet.", cx);
        }
        self.register(&name, cx);
        renew_lease(&name, cx);
        if !is_ready(&name, cx) {
            self.write_status(&name, cx);
        }
        self.report_cordon(&name, cx);
    }

    /// Stops a node's kubelet. Its containers run on.
    pub fn stop(&mut self, node: &str, _: &mut Cx) {
        if let Some(state) = self.shared.nodes.get_mut(node) {
            state.running = false;
        }
    }

    /// Whether there is such a node, or its object has been deleted and its machine is still there.
    pub fn knows(&self, node: &str) -> bool {
        self.shared.nodes.contains_key(node)
    }

    /// Whether a node's kubelet runs.
    pub fn is_running(&self, node: &str) -> bool {
        self.shared.nodes.get(node).is_some_and(|state| state.running)
    }

    /// Creates the node's object where it has been deleted.
    /// Upstream: pkg/kubelet/kubelet_node_status.go, registerWithAPIServer.
    /// Simplified: the range of pod addresses is the one that the node had.
    fn register(&mut self, name: &Str, cx: &mut Cx) {
        let key = Key::new("", name.clone());
        let known = self.shared.nodes.get(name).and_then(|node| node.object.clone());
        let Some(known) = known.filter(|_| cx.server.get(&NODE, &key).is_none()) else { return };
        let labels = value!({
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
        });
        let spec = known.get("spec");
        let object = value!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": labels,
                "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
            },
            "spec": {"podCIDR": spec.get("podCIDR"), "podCIDRs": spec.get("podCIDRs")},
        });
        let why = "the kubelet has started and its node is not registered";
        let by = By::kubelet(name, why);
        // A refusal is tried again when the kubelet starts the next time.
        if cx.server.create(&NODE, object, by.clone()).is_err() {
            return;
        }
        let mut status = known.get("status").clone();
        status.remove("conditions");
        // It was created a moment ago.
        let _ = cx.server.modify(&NODE, &key, Part::Status, by, |node| node.set("status", status));
    }

    /// Reports that the node has been cordoned or uncordoned since the last look.
    /// Upstream: recordNodeSchedulableEvent.
    fn report_cordon(&mut self, name: &Str, cx: &mut Cx) {
        let Some(object) = cx.server.get(&NODE, &Key::new("", name.clone())) else { return };
        let cordoned = object.at(&["spec", "unschedulable"]).is_true();
        let Some(node) = self.shared.nodes.get_mut(name) else { return };
        if node.cordoned != cordoned {
            node.cordoned = cordoned;
            let reason = if cordoned { "NodeNotSchedulable" } else { "NodeSchedulable" };
            tell(name, reason, format!("Node {name} status is now: {reason}"), cx);
        }
    }

    /// Renews every running kubelet's lease, and writes node statuses that have changed or are 5 minutes old.
    pub(super) fn heartbeat(&mut self, cx: &mut Cx) {
        cx.wake(cx.now() + RENEW, Event::Heartbeat);
        let running: Vec<Str> =
            self.shared.nodes.values().filter(|n| n.running).map(|n| n.name.clone()).collect();
        for name in running {
            renew_lease(&name, cx);
            let due = self
                .shared
                .nodes
                .get(&name)
                .is_some_and(|n| n.status_due || cx.now() - n.status_written >= STATUS);
            if due || !is_ready(&name, cx) {
                self.write_status(&name, cx);
            }
            self.report_cordon(&name, cx);
        }
    }

    fn write_status(&mut self, name: &Str, cx: &mut Cx) {
        let now = cx.now();
        let Some(node) = self.shared.nodes.get_mut(name) else { return };
        node.status_due = false;
        node.status_written = now;
        let images = image_list(&node.images, now);
        let turned = turned(name, cx);
        let by = By::kubelet(name, "the kubelet reports its node's health and images");
        // A node that has been deleted has no status to write.
        let _ = cx.server.modify(&NODE, &Key::new("", name.clone()), Part::Status, by, |value| {
            let status = value.entry("status");
            let conditions = conditions(status.get("conditions"), now);
            status.set("conditions", conditions);
            if !images.is_empty() {
                status.set("images", images);
            }
        });
        for reason in turned {
            tell(name, reason, format!("Node {name} status is now: {reason}"), cx);
        }
    }
}

fn is_ready(name: &Str, cx: &Cx) -> bool {
    cx.server.get(&NODE, &Key::new("", name.clone())).is_none_or(|node| {
        let conditions = node.at(&["status", "conditions"]).as_array();
        conditions
            .iter()
            .any(|c| c.get("type").text() == "Ready" && c.get("status").text() == "True")
    })
}

/// The images in a node's status, the largest first.
fn image_list(images: &OrdMap<Str, Stored>, now: Time) -> Value {
    let mut there: Vec<(&Str, &Stored)> =
        images.iter().filter(|(_, stored)| stored.since <= now).collect();
    there.order_by(|a, b| b.1.size.cmp(&a.1.size));
    let items = there
        .into_iter()
        .take(IMAGES)
        .map(|(name, stored)| value!({"names": [&stored.id, name], "sizeBytes": stored.size}))
        .collect();
    Value::array(items)
}

/// Type, status, reason, message and event of the conditions that a healthy kubelet reports.
/// Upstream: pkg/kubelet/nodestatus/setters.go.
const CONDITIONS: [(&str, &str, &str, &str, &str); 4] = [
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
        "NodeHasSufficientMemory",
    ),
    (
        "DiskPressure",
        "False",
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
        "NodeHasNoDiskPressure",
    ),
    (
        "PIDPressure",
        "False",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
        "NodeHasSufficientPID",
    ),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status", "NodeReady"),
];

/// The events of the conditions that turn with the next report.
fn turned(name: &Str, cx: &Cx) -> Vec<&'static str> {
    let Some(node) = cx.server.get(&NODE, &Key::new("", name.clone())) else { return Vec::new() };
    let stored = node.at(&["status", "conditions"]).as_array();
    let holds = |kind: &str, status: &str| {
        stored.iter().any(|c| c.get("type").text() == kind && c.get("status").text() == status)
    };
    let turned = CONDITIONS.iter().filter(|(kind, status, ..)| !holds(kind, status));
    turned.map(|(.., event)| *event).collect()
}

/// Reports something about a node.
fn tell(name: &Str, reason: &'static str, message: impl Into<Cow<'static, str>>, cx: &mut Cx) {
    let message = message.into();
    let about = Reference {
        kind: Str::from("Node"),
        name: name.clone(),
        // Kubelets refer to their node by its name in place of the uid.
        uid: name.clone(),
        ..Reference::default()
    };
    let by = By::kubelet(name, message.clone().into_owned());
    let reporter = Reporter::Source { component: "kubelet", host: name };
    cx.server
        .record_event(&Report { about, reporter, kind: EventType::Normal, reason, message }, by);
}

/// The conditions that a healthy kubelet reports, with the times of those that have not turned kept.
fn conditions(old: &Value, now: Time) -> Value {
    let old = old.as_array();
    let items = CONDITIONS
        .iter()
        .map(|(kind, status, reason, message, _)| {
            let before = old
                .iter()
                .find(|c| c.get("type").text() == *kind && c.get("status").text() == *status);
            let since = before.map_or_else(
                || Value::from(now.to_second()),
                |c| c.get("lastTransitionTime").clone(),
            );
            value!({
                "type": *kind,
                "status": *status,
                "reason": *reason,
                "message": *message,
                "lastHeartbeatTime": now.to_second(),
                "lastTransitionTime": since,
            })
        })
        .collect();
    Value::array(items)
}

fn renew_lease(node: &Str, cx: &mut Cx) {
    const NAMESPACE: &str = "kube-node-lease";
    let key = Key::new(NAMESPACE, node.clone());
    let now = Value::from(cx.now().rfc3339_micro());
    let by = By::kubelet(node, "the kubelet is alive");
    if cx.server.get(&LEASE, &key).is_some() {
        // Only a lease that is gone refuses to be renewed; it is made anew at the next heartbeat.
        let _ = cx.server.modify(&LEASE, &key, Part::Main, by, |lease| {
            lease.set_at(&["spec", "renewTime"], now);
        });
        return;
    }
    let Some(owner) = cx.server.get(&NODE, &Key::new("", node.clone())) else { return };
    let lease = value!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": node,
            "namespace": NAMESPACE,
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": node, "uid": owner.uid()}],
        },
        "spec": {"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": now},
    });
    // Without its namespace (still to be created) there is no lease yet.
    let _ = cx.server.create(&LEASE, lease, by);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_in_turn_and_are_used_again_after_the_last() {
        let mut node = Node::new(&Str::from("node-1"), Rng { seed: 1 });
        let cidr = "10.244.1.0/29";
        let mut take = || node.next_address(cidr);
        assert_eq!(take().as_deref(), Some("10.244.1.2"));
        for _ in 0..4 {
            take();
        }
        assert_eq!(take(), None);
        node.release("10.244.1.3");
        assert_eq!(node.next_address(cidr).as_deref(), Some("10.244.1.3"));
    }

    #[test]
    fn relists_come_every_second() {
        let node = Node::new(&Str::from("node-1"), Rng { seed: 1 });
        let now = Time::START + Span::millis(12_345);
        let last = node.last_relist(now);
        assert!(last <= now && now - last < RELIST);
        assert_eq!(node.last_relist(last + RELIST), last + RELIST);
        let tick = node.queue_tick(now);
        assert!(tick >= now && tick - now < RELIST);
    }
}
