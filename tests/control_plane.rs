//! Controllers and scheduler on a small world: an API server, nodes, and a stand-in for kubelets
//! that makes a bound pod Ready a moment later and takes a terminating one away.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use tabernetes::api::kinds::{
    CONTROLLER_REVISION, ENDPOINT_SLICE, ENDPOINTS, EVENT, LEASE, NODE, PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM, POD, SERVICE, STATEFUL_SET, STORAGE_CLASS,
};
use tabernetes::api::{Key, KindRef};
use tabernetes::base::rng::Rng;
use tabernetes::base::time::{Span, Time};
use tabernetes::base::value::Value;
use tabernetes::controllers::{self, Controllers, engine};
use tabernetes::scheduler::{self, Scheduler};
use tabernetes::server::{By, ChangeKind, DeleteOptions, Part, Server, bootstrap};
use tabernetes::value;

enum Event {
    Controllers(engine::Event),
    Scheduler(scheduler::Event),
    /// The kubelet brings the pod one step on.
    Kubelet(Key),
}

/// A cluster without machines.
struct Mini {
    server: Server,
    controllers: Controllers,
    scheduler: Scheduler,
    queue: BTreeMap<(Time, u64), Event>,
    next: u64,
    /// Images that never become ready.
    broken: &'static str,
    /// What happened to pods and sets: `+web-0`, `web-0 Ready`, `-web-0`.
    story: Vec<String>,
    /// The node whose kubelet is silent.
    silent: String,
    whys: Vec<String>,
}

impl Mini {
    fn new(nodes: usize, features: &[&str]) -> Mini {
        let mut server = Server::new(Rng { seed: 1 }, Time::START);
        let features: Vec<String> = features.iter().map(ToString::to_string).collect();
        bootstrap::install(&mut server, nodes, &features);
        let mut mini = Mini {
            server,
            controllers: Controllers::new(controllers::ALL, features),
            scheduler: Scheduler::default(),
            queue: BTreeMap::new(),
            next: 0,
            broken: "nosuch",
            story: Vec::new(),
            silent: String::new(),
            whys: Vec::new(),
        };
        mini.settle();
        mini.story.clear();
        mini
    }

    fn push(&mut self, at: Time, event: Event) {
        self.next += 1;
        self.queue.insert((at, self.next), event);
    }

    fn settle(&mut self) {
        loop {
            let changes = self.server.take_changes();
            if changes.is_empty() {
                return;
            }
            for change in changes {
                self.whys.push(change.by.why.to_string());
                let mut wakes = Vec::new();
                self.controllers.notify(&change, &self.server, &mut wakes);
                wakes.into_iter().for_each(|(at, e)| self.push(at, Event::Controllers(e)));
                let mut wakes = Vec::new();
                let mut cx = scheduler::Cx { server: &mut self.server, wakes: &mut wakes };
                self.scheduler.notify(&change, &mut cx);
                wakes.into_iter().for_each(|(at, e)| self.push(at, Event::Scheduler(e)));
                if *change.kind != POD || &*change.key.ns != "default" {
                    continue;
                }
                let name = change.key.name.clone();
                match change.change {
                    ChangeKind::Added => self.story.push(format!("+{name}")),
                    ChangeKind::Deleted => self.story.push(format!("-{name}")),
                    ChangeKind::Modified => {}
                }
                let bound = !change.new.at(&["spec", "nodeName"]).text().is_empty();
                if bound && change.change != ChangeKind::Deleted {
                    let at = self.server.now + Span::millis(500);
                    self.push(at, Event::Kubelet(change.key.clone()));
                }
            }
        }
    }

    fn kubelet(&mut self, key: &Key) {
        let Some(pod) = self.server.get(&POD, key).cloned() else { return };
        let now = self.server.now;
        if pod.is_deleting() {
            let options = DeleteOptions { grace_s: Some(0), ..DeleteOptions::default() };
            let _ = self.server.delete(&POD, key, &options, By::kubelet("n", "test"));
            return;
        }
        let broken = pod.at(&["spec", "containers"]).index(0).get("image").text() == self.broken;
        if pod.at(&["status", "phase"]).text() == "Running" || broken {
            return;
        }
        self.story.push(format!("{} Ready", key.name));
        let by = By::kubelet("n", "test");
        let ready = value!({ "type": "Ready", "status": "True", "lastTransitionTime": now });
        let set = |pod: &mut Value| {
            pod.set_at(&["status", "phase"], "Running");
            pod.entry_at(&["status", "conditions"]).make_array().push(ready);
        };
        self.server.modify(&POD, key, Part::Status, by, set).unwrap();
    }

    fn advance(&mut self, seconds: f64) {
        let until = self.server.now + Span::seconds_f64(seconds);
        while self.server.now < until {
            self.renew_leases();
            self.run_until(until.min(self.server.now + Span::seconds(10)));
        }
    }

    /// Kubelets send signs of life, but for the silent one.
    fn renew_leases(&mut self) {
        let leases = self.server.list(&LEASE, "kube-node-lease");
        let keys: Vec<Key> = leases.map(|lease| lease.key.clone()).collect();
        let now = self.server.now;
        for key in keys.iter().filter(|key| *key.name != *self.silent) {
            let renew =
                |lease: &mut Value| lease.set_at(&["spec", "renewTime"], now.rfc3339_micro());
            let by = By::kubelet("n", "test");
            self.server.modify(&LEASE, key, Part::Main, by, renew).unwrap();
        }
        self.settle();
    }

    fn run_until(&mut self, until: Time) {
        while let Some(entry) = self.queue.first_entry().filter(|e| e.key().0 <= until) {
            let ((at, _), event) = entry.remove_entry();
            self.server.now = self.server.now.max(at);
            let mut wakes = Vec::new();
            match event {
                Event::Controllers(event) => {
                    self.controllers.handle(event, &mut self.server, &mut wakes);
                    wakes.into_iter().for_each(|(at, e)| self.push(at, Event::Controllers(e)));
                }
                Event::Scheduler(event) => {
                    let mut wakes = Vec::new();
                    let mut cx = scheduler::Cx { server: &mut self.server, wakes: &mut wakes };
                    self.scheduler.handle(event, &mut cx);
                    wakes.into_iter().for_each(|(at, e)| self.push(at, Event::Scheduler(e)));
                }
                Event::Kubelet(key) => self.kubelet(&key),
            }
            self.settle();
        }
        self.server.now = until;
    }

    fn create(&mut self, kind: KindRef, value: Value) {
        self.server.create(kind, value, By::user("test")).unwrap();
        self.settle();
    }

    fn modify(&mut self, kind: KindRef, name: &str, change: impl FnOnce(&mut Value)) {
        let key = Key::new("default", name);
        self.server.modify(kind, &key, Part::Main, By::user("test"), change).unwrap();
        self.settle();
    }

    fn delete(&mut self, kind: KindRef, name: &str) {
        let key = Key::new("default", name);
        self.server.delete(kind, &key, &DeleteOptions::default(), By::user("test")).unwrap();
        self.settle();
    }

    fn get(&self, kind: KindRef, name: &str) -> Value {
        let key = Key::new("default", name);
        self.server.get(kind, &key).map(|o| o.value().clone()).unwrap_or_default()
    }

    fn story(&mut self) -> String {
        std::mem::take(&mut self.story).join(", ")
    }

    fn names(&self, kind: KindRef) -> Vec<String> {
        self.server.list(kind, "default").map(|o| o.name().to_string()).collect()
    }

    fn messages(&self, reason: &str) -> Vec<String> {
        let of = |e: &Value| {
            (e.get("reason").text() == reason).then(|| {
                let about = e.at(&["involvedObject", "name"]).text();
                format!("{about}: {}", e.get("message").text())
            })
        };
        self.server.list(&EVENT, "default").filter_map(|o| of(o.value())).collect()
    }
}

fn set(replicas: i32, policy: &str) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "replicas": replicas, "serviceName": "nginx", "podManagementPolicy": policy,
            "selector": { "matchLabels": { "app": "nginx" } },
            "template": {
                "metadata": { "labels": { "app": "nginx" } },
                "spec": { "containers": [{ "name": "nginx", "image": "a" }] },
            },
        },
    })
}

fn set_image(set: &mut Value, image: &str) {
    let containers = set.entry_at(&["spec", "template", "spec", "containers"]);
    containers.make_array()[0].set("image", image);
}

#[test]
fn pods_come_and_go_in_order() {
    let mut mini = Mini::new(4, &[]);
    mini.create(&STATEFUL_SET, set(3, "OrderedReady"));
    mini.advance(5.0);
    assert_eq!(mini.story(), "+web-0, web-0 Ready, +web-1, web-1 Ready, +web-2, web-2 Ready");
    let status = mini.get(&STATEFUL_SET, "web").get("status").clone();
    assert_eq!(status.get("readyReplicas"), &Value::Int(3));
    assert_eq!(status.get("currentRevision"), status.get("updateRevision"));
    let pod = mini.get(&POD, "web-1");
    assert_eq!(pod.at(&["spec", "hostname"]).text(), "web-1");
    assert_eq!(pod.at(&["spec", "subdomain"]).text(), "nginx");
    assert_eq!(pod.at(&["metadata", "labels", "apps.kubernetes.io/pod-index"]).text(), "1");
    mini.modify(&STATEFUL_SET, "web", |set| set.set_at(&["spec", "replicas"], 1));
    mini.advance(5.0);
    assert_eq!(mini.story(), "-web-2, -web-1");
    assert!(mini.whys.iter().any(|why| why
        == "StatefulSet web wants 3 pods and has 2, so it created web-2. OrderedReady: one at a time; web-0 and web-1 are Ready."));
    assert_eq!(
        mini.messages("SuccessfulDelete").len() + mini.messages("SuccessfulCreate").len(),
        5
    );
    let placed = &mini.messages("Scheduled")[0];
    assert!(placed.contains("Successfully assigned default/web-0 to node-"), "{placed}");
}

#[test]
fn a_roll_out_stops_at_a_broken_pod_until_it_is_deleted() {
    let mut mini = Mini::new(4, &[]);
    mini.create(&STATEFUL_SET, set(2, "OrderedReady"));
    mini.advance(5.0);
    mini.story();
    mini.modify(&STATEFUL_SET, "web", |set| set_image(set, "nosuch"));
    mini.advance(30.0);
    assert_eq!(mini.story(), "-web-1, +web-1");
    mini.modify(&STATEFUL_SET, "web", |set| set_image(set, "a"));
    mini.advance(30.0);
    assert_eq!(mini.story(), "");
    mini.delete(&POD, "web-1");
    mini.advance(5.0);
    assert_eq!(mini.story(), "-web-1, +web-1, web-1 Ready");
    // The first template's revision is number 3 now.
    let revisions = mini.server.list(&CONTROLLER_REVISION, "default");
    let mut numbers: Vec<i64> = revisions.filter_map(|r| r.get("revision").as_i64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3]);
}

#[test]
fn a_parallel_set_does_not_wait() {
    let mut mini = Mini::new(4, &[]);
    mini.create(&STATEFUL_SET, set(3, "Parallel"));
    mini.advance(5.0);
    assert!(mini.story().starts_with("+web-0, +web-1, +web-2, "));
    let status = mini.get(&STATEFUL_SET, "web").get("status").clone();
    assert_eq!(status.get("readyReplicas"), &Value::Int(3));
}

#[test]
fn max_unavailable_counts_only_behind_its_gate() {
    for (features, first) in [(&[][..], 1), (&["MaxUnavailableStatefulSet"][..], 2)] {
        let mut mini = Mini::new(4, features);
        let mut set = set(4, "Parallel");
        set.set_at(&["spec", "updateStrategy", "type"], "RollingUpdate");
        set.set_at(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], 2);
        mini.create(&STATEFUL_SET, set);
        mini.advance(5.0);
        mini.story();
        mini.modify(&STATEFUL_SET, "web", |set| set_image(set, "b"));
        mini.advance(0.1);
        let leaving = mini.server.list(&POD, "default").filter(|pod| pod.is_deleting()).count();
        assert_eq!(leaving, first);
    }
}

#[test]
fn pods_are_adopted_and_released() {
    let mut mini = Mini::new(1, &[]);
    mini.create(
        &POD,
        value!({
            "metadata": { "name": "web-0", "namespace": "default", "labels": { "app": "nginx" } },
            "spec": { "containers": [{ "name": "c", "image": "a" }] },
        }),
    );
    mini.create(&STATEFUL_SET, set(1, "OrderedReady"));
    mini.advance(5.0);
    // The orphan is adopted, then replaced because it is of no revision.
    assert_eq!(mini.story(), "+web-0, web-0 Ready, -web-0, +web-0, web-0 Ready");
    mini.modify(&POD, "web-0", |pod| {
        pod.set_at(&["metadata", "labels", "app"], "other");
    });
    mini.advance(2.0);
    assert!(mini.get(&POD, "web-0").at(&["metadata", "ownerReferences"]).is_empty());
}

#[test]
fn what_does_not_fit_is_told_in_upstreams_words() {
    let mut mini = Mini::new(4, &[]);
    let pod = |name: &str, extra: Value| {
        let mut pod = value!({
            "metadata": { "name": name, "namespace": "default" },
            "spec": { "containers": [{ "name": "c", "image": "a" }] },
        });
        for (key, part) in extra.entries() {
            pod.entry("spec").set(key, part);
        }
        pod
    };
    let large = value!({ "containers": [
        { "name": "c", "image": "a", "resources": { "requests": { "cpu": "64", "memory": "1Ti" } } },
    ] });
    mini.create(&POD, pod("large", large));
    mini.create(&POD, pod("picky", value!({ "nodeSelector": { "disk": "ssd" } })));
    mini.advance(2.0);
    assert_eq!(
        mini.messages("FailedScheduling"),
        [
            "large: 0/5 nodes are available: 1 node(s) had untolerated taint(s), 4 Insufficient cpu, 4 Insufficient memory. no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.",
            "picky: 0/5 nodes are available: 1 node(s) had untolerated taint(s), 4 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.",
        ]
    );
    let condition = mini.get(&POD, "picky").at(&["status", "conditions"]).index(0).clone();
    assert_eq!(condition.get("reason").text(), "Unschedulable");
    let uid = mini.get(&POD, "picky").at(&["metadata", "uid"]).text().to_owned();
    assert_eq!(mini.scheduler.last_decision(&uid).unwrap().rows.len(), 5);
    // A label on a node lets it in.
    let key = Key::new("", "node-3");
    let label = |node: &mut Value| node.set_at(&["metadata", "labels", "disk"], "ssd");
    mini.server.modify(&NODE, &key, Part::Main, By::user("test"), label).unwrap();
    mini.settle();
    mini.advance(2.0);
    assert_eq!(mini.get(&POD, "picky").at(&["spec", "nodeName"]).text(), "node-3");
}

#[test]
fn a_missing_claim_is_told_in_upstreams_words() {
    let mut mini = Mini::new(4, &[]);
    mini.create(
        &POD,
        value!({
            "metadata": { "name": "p", "namespace": "default" },
            "spec": {
                "containers": [{ "name": "c", "image": "a" }],
                "volumes": [{ "name": "v", "persistentVolumeClaim": { "claimName": "nothing" } }],
            },
        }),
    );
    mini.advance(2.0);
    assert_eq!(
        mini.messages("FailedScheduling"),
        ["p: 0/5 nodes are available: persistentvolumeclaim \"nothing\" not found. not found"]
    );
    assert!(mini.names(&PERSISTENT_VOLUME_CLAIM).is_empty());
}

#[test]
fn pods_that_repel_each_other_get_nodes_of_their_own() {
    let mut mini = Mini::new(4, &[]);
    let mut repelling = set(5, "Parallel");
    repelling.set_at(
        &["spec", "template", "spec", "affinity"],
        value!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{
            "labelSelector": { "matchLabels": { "app": "nginx" } },
            "topologyKey": "kubernetes.io/hostname",
        }] } }),
    );
    mini.create(&STATEFUL_SET, repelling);
    mini.advance(5.0);
    let mut nodes: Vec<String> = mini
        .server
        .list(&POD, "default")
        .map(|pod| pod.at(&["spec", "nodeName"]).text().to_owned())
        .collect();
    nodes.sort();
    assert_eq!(nodes, ["", "node-1", "node-2", "node-3", "node-4"]);
    let told = mini.messages("FailedScheduling");
    assert_eq!(
        told[0].split_once(": ").unwrap().1,
        "0/5 nodes are available: 1 node(s) had untolerated taint(s), 4 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/5 nodes are available: 1 Preemption is not helpful for scheduling, 4 No preemption victims found for incoming pod."
    );
}

#[test]
fn pods_spread_over_nodes() {
    let mut mini = Mini::new(4, &[]);
    mini.create(&STATEFUL_SET, set(8, "Parallel"));
    mini.advance(5.0);
    let mut per_node: BTreeMap<String, usize> = BTreeMap::new();
    for pod in mini.server.list(&POD, "default") {
        *per_node.entry(pod.at(&["spec", "nodeName"]).text().to_owned()).or_default() += 1;
    }
    assert_eq!(per_node.values().copied().collect::<Vec<_>>(), [2, 2, 2, 2]);
}

fn claim(name: &str, class: &str) -> Value {
    value!({
        "metadata": { "name": name, "namespace": "default" },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "resources": { "requests": { "storage": "1Gi" } },
        },
    })
}

fn set_with_claims(replicas: i32) -> Value {
    let mut set = set(replicas, "OrderedReady");
    let mut template = claim("www", "standard");
    template.entry("metadata").remove("namespace");
    set.set_at(&["spec", "volumeClaimTemplates"], Value::array(vec![template]));
    set
}

#[test]
fn volumes_are_made_bound_and_removed() {
    let mut mini = Mini::new(4, &[]);
    mini.create(&STATEFUL_SET, set_with_claims(2));
    mini.advance(10.0);
    assert_eq!(mini.story(), "+web-0, web-0 Ready, +web-1, web-1 Ready");
    assert_eq!(mini.names(&PERSISTENT_VOLUME_CLAIM), ["www-web-0", "www-web-1"]);
    let claim = mini.get(&PERSISTENT_VOLUME_CLAIM, "www-web-0");
    assert_eq!(claim.at(&["status", "phase"]).text(), "Bound");
    let name = format!("pvc-{}", claim.at(&["metadata", "uid"]).text());
    assert_eq!(claim.at(&["spec", "volumeName"]).text(), name);
    let told = mini.messages("FailedScheduling");
    assert_eq!(
        told[0],
        "web-0: 0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    );
    for reason in ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"] {
        assert_eq!(mini.messages(reason).len(), 2, "{reason}");
    }
    // The claim stays while a pod uses it; its volume goes with it.
    mini.delete(&PERSISTENT_VOLUME_CLAIM, "www-web-1");
    mini.advance(1.0);
    assert_eq!(mini.names(&PERSISTENT_VOLUME_CLAIM), ["www-web-0", "www-web-1"]);
    mini.modify(&STATEFUL_SET, "web", |set| set.set_at(&["spec", "replicas"], 1));
    mini.advance(5.0);
    assert_eq!(mini.names(&PERSISTENT_VOLUME_CLAIM), ["www-web-0"]);
    let volumes: Vec<String> =
        mini.server.list(&PERSISTENT_VOLUME, "").map(|v| v.name().to_string()).collect();
    assert_eq!(volumes, [name]);
}

#[test]
fn a_claim_may_wait_for_its_first_consumer() {
    let mut mini = Mini::new(4, &[]);
    let class = value!({
        "metadata": { "name": "later" }, "provisioner": "k8s.io/minikube-hostpath",
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    mini.create(&STORAGE_CLASS, class);
    mini.create(&PERSISTENT_VOLUME_CLAIM, claim("data", "later"));
    mini.advance(5.0);
    assert_eq!(
        mini.messages("WaitForFirstConsumer"),
        ["data: waiting for first consumer to be created before binding"]
    );
    mini.create(
        &POD,
        value!({
            "metadata": { "name": "p", "namespace": "default" },
            "spec": {
                "containers": [{ "name": "c", "image": "a" }],
                "volumes": [{ "name": "v", "persistentVolumeClaim": { "claimName": "data" } }],
            },
        }),
    );
    mini.advance(5.0);
    let node = mini.get(&POD, "p").at(&["spec", "nodeName"]).text().to_owned();
    let claim = mini.get(&PERSISTENT_VOLUME_CLAIM, "data");
    let selected = claim.at(&["metadata", "annotations", "volume.kubernetes.io/selected-node"]);
    assert_eq!(selected.text(), node);
    assert_eq!(claim.at(&["status", "phase"]).text(), "Bound");
    assert!(mini.messages("FailedScheduling").is_empty());
}

#[test]
fn static_volumes_are_bound_and_released() {
    let mut mini = Mini::new(1, &[]);
    let volume = |name: &str, size: &str| {
        value!({
            "metadata": { "name": name },
            "spec": {
                "capacity": { "storage": size }, "accessModes": ["ReadWriteOnce"],
                "storageClassName": "manual", "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": { "path": "/mnt/x" },
            },
        })
    };
    mini.create(&PERSISTENT_VOLUME, volume("large", "5Gi"));
    mini.create(&PERSISTENT_VOLUME, volume("small", "2Gi"));
    mini.advance(0.1);
    mini.create(&PERSISTENT_VOLUME_CLAIM, claim("a", "manual"));
    mini.create(&PERSISTENT_VOLUME_CLAIM, claim("b", "manual"));
    mini.create(&PERSISTENT_VOLUME_CLAIM, claim("c", "manual"));
    mini.advance(1.0);
    let volume_of = |mini: &Mini, claim: &str| {
        let claim = mini.get(&PERSISTENT_VOLUME_CLAIM, claim);
        claim.at(&["spec", "volumeName"]).text().to_owned()
    };
    assert_eq!(volume_of(&mini, "a"), "small");
    assert_eq!(volume_of(&mini, "b"), "large");
    assert_eq!(
        mini.messages("ProvisioningFailed"),
        ["c: storageclass.storage.k8s.io \"manual\" not found"]
    );
    let phase = |mini: &Mini| {
        let key = Key::new("", "small");
        mini.server
            .get(&PERSISTENT_VOLUME, &key)
            .unwrap()
            .at(&["status", "phase"])
            .text()
            .to_owned()
    };
    assert_eq!(phase(&mini), "Bound");
    mini.delete(&PERSISTENT_VOLUME_CLAIM, "a");
    mini.advance(20.0);
    assert_eq!(phase(&mini), "Released");
    assert_eq!(volume_of(&mini, "c"), "");
    let key = Key::new("", "small");
    let free = |volume: &mut Value| drop(volume.entry("spec").remove("claimRef"));
    mini.server.modify(&PERSISTENT_VOLUME, &key, Part::Main, By::user("test"), free).unwrap();
    mini.settle();
    mini.advance(20.0);
    assert_eq!(volume_of(&mini, "c"), "small");
}

#[test]
fn endpoints_follow_pods() {
    let mut mini = Mini::new(4, &[]);
    mini.create(
        &SERVICE,
        value!({
            "metadata": { "name": "nginx", "namespace": "default", "labels": { "app": "nginx" } },
            "spec": {
                "clusterIP": "None", "selector": { "app": "nginx" },
                "ports": [{ "name": "web", "port": 80 }],
            },
        }),
    );
    mini.create(&STATEFUL_SET, set(2, "OrderedReady"));
    mini.advance(5.0);
    // Addresses are the kubelet's to give.
    for (pod, ip) in [("web-0", "10.244.1.2"), ("web-1", "10.244.2.2")] {
        let by = By::kubelet("n", "test");
        let set = |pod: &mut Value| {
            pod.set_at(&["status", "podIP"], ip);
            pod.set_at(&["status", "podIPs"], value!([{ "ip": ip }]));
        };
        mini.server.modify(&POD, &Key::new("default", pod), Part::Status, by, set).unwrap();
        mini.settle();
    }
    mini.advance(1.0);
    let endpoints = mini.get(&ENDPOINTS, "nginx");
    let addresses = endpoints.get("subsets").index(0).get("addresses").clone();
    assert_eq!(addresses.as_array().len(), 2);
    assert_eq!(addresses.index(1).get("hostname").text(), "web-1");
    let slices: Vec<Value> =
        mini.server.list(&ENDPOINT_SLICE, "default").map(|s| s.value().clone()).collect();
    let slice = slices.iter().find(|s| s.at(&["metadata", "name"]).text() != "kubernetes").unwrap();
    assert!(slice.at(&["metadata", "name"]).text().starts_with("nginx-"));
    assert_eq!(slice.get("endpoints").as_array().len(), 2);
    assert_eq!(
        slice.at(&["metadata", "labels", "service.kubernetes.io/headless"]),
        &Value::from("")
    );
    mini.delete(&SERVICE, "nginx");
    mini.advance(2.0);
    assert!(mini.get(&ENDPOINTS, "nginx").is_null());
    assert_eq!(mini.names(&ENDPOINT_SLICE), ["kubernetes"]);
}

#[test]
fn pods_leave_a_node_that_falls_silent() {
    let mut mini = Mini::new(2, &[]);
    let mut patient = set(2, "Parallel");
    patient.set_at(
        &["spec", "template", "spec", "tolerations"],
        value!([
            { "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5 },
        ]),
    );
    mini.create(&STATEFUL_SET, patient);
    mini.advance(5.0);
    mini.story();
    let node = mini.get(&POD, "web-0").at(&["spec", "nodeName"]).text().to_owned();
    mini.silent.clone_from(&node);
    mini.advance(80.0);
    let key = Key::new("", node.as_str());
    let silent = mini.server.get(&NODE, &key).unwrap().value().clone();
    let conditions = silent.at(&["status", "conditions"]).as_array();
    let ready = conditions.iter().find(|c| c.get("type").text() == "Ready").unwrap();
    assert_eq!(ready.get("reason").text(), "NodeStatusUnknown");
    let taints: Vec<String> = silent
        .at(&["spec", "taints"])
        .as_array()
        .iter()
        .map(|t| format!("{}:{}", t.get("key").text(), t.get("effect").text()))
        .collect();
    assert_eq!(
        taints,
        ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"]
    );
    // The stand-in for kubelets takes terminating pods away even there.
    assert!(mini.story().contains("-web-0, +web-0"));
    let moved = mini.get(&POD, "web-0").at(&["spec", "nodeName"]).text().to_owned();
    assert_ne!(moved, node);
    assert_eq!(mini.messages("TaintManagerEviction").len(), 1);
}

#[test]
fn cordoned_nodes_are_tainted() {
    let mut mini = Mini::new(1, &[]);
    let key = Key::new("", "node-1");
    for on in [true, false] {
        let set = |node: &mut Value| node.set_at(&["spec", "unschedulable"], on);
        mini.server.modify(&NODE, &key, Part::Main, By::user("test"), set).unwrap();
        mini.settle();
        mini.advance(0.1);
        let node = mini.server.get(&NODE, &key).unwrap();
        assert_eq!(node.at(&["spec", "taints"]).as_array().len(), usize::from(on));
    }
}

#[test]
fn a_pod_of_higher_priority_makes_room_for_itself() {
    let mut mini = Mini::new(1, &[]);
    let pod = |name: &str, class: &str| {
        value!({
            "metadata": { "name": name, "namespace": "default" },
            "spec": {
                "priorityClassName": class,
                "containers": [
                    { "name": "c", "image": "a", "resources": { "requests": { "cpu": "3" } } },
                ],
            },
        })
    };
    mini.create(&POD, pod("small", ""));
    mini.advance(2.0);
    mini.create(&POD, pod("urgent", "system-node-critical"));
    mini.advance(5.0);
    assert_eq!(mini.names(&POD), ["urgent"]);
    assert_eq!(mini.get(&POD, "urgent").at(&["spec", "nodeName"]).text(), "node-1");
    assert_eq!(mini.messages("Preempted").len(), 1);
    assert_eq!(
        mini.messages("FailedScheduling"),
        [
            "urgent: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
        ]
    );
}
