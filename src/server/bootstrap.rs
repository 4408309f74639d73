//! The fresh cluster: what kubeadm, the control plane and an admin have made before the first command is typed.
//!
//! Upstream: cmd/kubeadm/app (manifests, add-ons, node annotations), pkg/controlplane (the `kubernetes` Service).
//! Simplified: the CA certificate is made up; no RBAC objects, no leader election leases, no configuration of the components.

use std::rc::Rc;

use crate::api::kinds::{
    CONFIG_MAP, CONTROLLER_REVISION, DAEMON_SET, DEPLOYMENT, ENDPOINT_SLICE, ENDPOINTS, LEASE,
    NAMESPACE, NODE, POD, REPLICA_SET, SERVICE, SERVICE_ACCOUNT, STORAGE_CLASS,
};
use crate::api::revision::{revision_data, revision_hash};
use crate::api::{Key, KindRef, Object, OwnerReference, schema};
use crate::base::base64;
use crate::base::rng::Rng;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::server::admission::{self, Attributes, Operation};
use crate::server::change::By;
use crate::server::discovery::VERSION;
use crate::server::{Part, Server};
use crate::value;

/// What the cluster is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Nodes besides the control plane: `node-1` and so on.
    pub nodes: usize,
    /// How long the cluster has been there.
    pub age: Span,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { nodes: 4, age: Span::seconds(300) }
    }
}

/// The namespaces of every cluster.
pub const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// The node that carries the control plane.
pub const CONTROL_PLANE: &str = "control-plane";
/// Where pods find name service.
pub const DNS_ADDRESS: &str = "10.96.0.10";
/// Where pods find the API server.
pub const API_ADDRESS: &str = "10.96.0.1";

/// The certificate authority's ConfigMap in every namespace.
/// Upstream: pkg/controller/certificates/rootcacertpublisher/publisher.go.
pub const ROOT_CA: &str = "kube-root-ca.crt";

/// Puts the objects of a fresh cluster into an empty server and switches features on.
pub fn install(server: &mut Server, nodes: usize, features: &[String]) {
    server.features = features.to_vec();
    server.bootstrap(Setup { nodes, ..Setup::default() });
}

impl Server {
    /// Fills an empty server with a running cluster. The clock is left as it was.
    pub fn bootstrap(&mut self, setup: Setup) {
        let end = self.now;
        let start = end - setup.age;
        let at = |seconds: i64| (start + Span::seconds(seconds)).min(end);
        self.now = at(0);
        for name in NAMESPACES {
            self.install(&NAMESPACE, namespace(name));
        }
        self.now = at(2);
        self.install(&SERVICE, kubernetes_service());
        self.install(&ENDPOINTS, kubernetes_endpoints());
        self.install(&ENDPOINT_SLICE, kubernetes_slice());
        self.install(&NODE, node(0, self.now));
        self.now = at(4);
        for name in NAMESPACES {
            self.install(&SERVICE_ACCOUNT, named("default", name, Value::map()));
            self.install(&CONFIG_MAP, root_ca(name, self.rng));
        }
        for name in ["coredns", "kube-proxy"] {
            self.install(&SERVICE_ACCOUNT, named(name, "kube-system", Value::map()));
        }
        self.install(&SERVICE, dns_service());
        self.install(&STORAGE_CLASS, standard_class());
        self.now = at(6);
        for n in 1..=setup.nodes {
            self.install(&NODE, node(n, self.now));
        }
        self.now = at(10);
        for n in 0..=setup.nodes {
            let lease = self.lease(&node_name(n), end - Span::seconds(2));
            self.install(&LEASE, lease);
        }
        for (name, image, cpu) in static_pods() {
            self.static_pod(name, &image, cpu);
        }
        self.proxies(setup.nodes);
        self.dns();
        self.now = end;
    }

    /// Stores an object as it would lie in a cluster that has been running for a while.
    fn install(&mut self, kind: KindRef, mut value: Value) -> Rc<Object> {
        (kind.rules.default)(&mut value);
        let meta = value.get("metadata");
        let ns = meta.get("namespace").text().to_owned();
        let name = meta.get("name").text().to_owned();
        let attributes = Attributes {
            kind,
            ns: &ns,
            name: &name,
            sub: "",
            operation: Operation::Create,
            old: None,
        };
        admission::admit(&mut value, &attributes, self)
            .expect("the cluster's own objects are admitted");
        value.set("apiVersion", kind.api_version());
        value.set("kind", kind.name);
        schema::normalise(kind, &mut value);
        let uid = self.rng.named("uid", kind.plural, self.store.revision() + 1).uuid();
        let meta = value.entry("metadata");
        meta.set("uid", uid);
        meta.set("creationTimestamp", self.now);
        let by = By::component("kubeadm", "the cluster was set up");
        self.store.put(kind, Key::new(ns, name), value, self.now, by)
    }

    fn node_owner(&self, name: &str, controls: bool) -> Value {
        let node = self.get(&NODE, &Key::new("", name));
        let mut owner = node.map(|node| OwnerReference::controller_of(node)).unwrap_or_default();
        if !controls {
            owner.remove("controller");
            owner.remove("blockOwnerDeletion");
        }
        Value::array(vec![owner])
    }

    fn lease(&self, node: &str, renewed: Time) -> Value {
        let spec = value!({
            "holderIdentity": node,
            "leaseDurationSeconds": 40,
            "renewTime": renewed.rfc3339_micro(),
        });
        let mut lease = named(node, "kube-node-lease", value!({ "spec": spec }));
        lease.set_at(&["metadata", "ownerReferences"], self.node_owner(node, false));
        lease
    }

    /// A pod from a manifest file of the control plane's node, as the kubelet mirrors it.
    fn static_pod(&mut self, name: &str, image: &str, cpu: &str) {
        let mut draw = self.rng.named("static-pod", name, 0);
        let hash = draw.hex(32);
        let full = format!("{name}-{CONTROL_PLANE}");
        let container = value!({
            "name": name,
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": [name],
            "resources": { "requests": { "cpu": cpu } },
        });
        let mut pod = named(
            &full,
            "kube-system",
            value!({ "spec": {
                "nodeName": CONTROL_PLANE,
                "hostNetwork": true,
                "priorityClassName": "system-node-critical",
                "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
                "tolerations": [{ "effect": "NoExecute", "operator": "Exists" }],
                "containers": [container],
            } }),
        );
        pod.set_at(&["metadata", "labels"], value!({ "component": name, "tier": "control-plane" }));
        pod.set_at(
            &["metadata", "annotations"],
            value!({
                "kubernetes.io/config.hash": hash.as_str(),
                "kubernetes.io/config.mirror": hash.as_str(),
                "kubernetes.io/config.seen": self.now.rfc3339_nano(),
                "kubernetes.io/config.source": "file",
            }),
        );
        pod.set_at(&["metadata", "ownerReferences"], self.node_owner(CONTROL_PLANE, true));
        self.running_pod(pod, CONTROL_PLANE, &node_address(0));
    }

    /// kube-proxy: a DaemonSet with its revision and a pod on every node.
    fn proxies(&mut self, nodes: usize) {
        let labels = value!({ "k8s-app": "kube-proxy" });
        let count = nodes + 1;
        let mut set = named(
            "kube-proxy",
            "kube-system",
            value!({
                "spec": {
                    "selector": { "matchLabels": labels.clone() },
                    "template": { "metadata": { "labels": labels.clone() }, "spec": proxy_spec() },
                },
                "status": {
                    "currentNumberScheduled": count,
                    "desiredNumberScheduled": count,
                    "numberAvailable": count,
                    "numberMisscheduled": 0,
                    "numberReady": count,
                    "observedGeneration": 1,
                    "updatedNumberScheduled": count,
                },
            }),
        );
        let meta = set.entry("metadata");
        meta.set("generation", 1);
        meta.set("labels", labels.clone());
        meta.set("annotations", value!({ "deprecated.daemonset.template.generation": "1" }));
        let set = self.install(&DAEMON_SET, set);
        let template = set.at(&["spec", "template"]);
        let data = revision_data(template);
        let hash = revision_hash(&data, None);
        let mut marked = labels;
        marked.set("controller-revision-hash", hash.as_str());
        let mut revision = named(
            &format!("kube-proxy-{hash}"),
            "kube-system",
            value!({ "data": data, "revision": 1 }),
        );
        let meta = revision.entry("metadata");
        meta.set("labels", marked.clone());
        meta.set("annotations", set.at(&["metadata", "annotations"]));
        meta.set("ownerReferences", vec![OwnerReference::controller_of(&set)]);
        self.install(&CONTROLLER_REVISION, revision);
        marked.set("pod-template-generation", "1");
        for n in 0..count {
            let node = node_name(n);
            let suffix = self.rng.named("kube-proxy", &node, 0).alphanum(5);
            let pod = pod_of(&set, "kube-proxy-", &suffix, &node, marked.clone());
            self.running_pod(pod, &node, &node_address(n));
        }
    }

    /// CoreDNS: a Deployment with its ReplicaSet and two pods.
    fn dns(&mut self) {
        // The recorded hash; the controllers compare templates, not names.
        let hash = "548c67b975";
        let labels = value!({ "k8s-app": "kube-dns" });
        let mut deployment = named(
            "coredns",
            "kube-system",
            value!({
                "spec": {
                    "replicas": 2,
                    "selector": { "matchLabels": labels.clone() },
                    "strategy": {
                        "type": "RollingUpdate",
                        "rollingUpdate": { "maxUnavailable": 1, "maxSurge": "25%" },
                    },
                    "template": { "metadata": { "labels": labels.clone() }, "spec": dns_spec() },
                },
                "status": {
                    "availableReplicas": 2,
                    "conditions": [
                        deployment_condition(
                            "Available",
                            "MinimumReplicasAvailable",
                            "Deployment has minimum availability.",
                            self.now,
                        ),
                        deployment_condition(
                            "Progressing",
                            "NewReplicaSetAvailable",
                            &format!("ReplicaSet \"coredns-{hash}\" has successfully progressed."),
                            self.now,
                        ),
                    ],
                    "observedGeneration": 1,
                    "readyReplicas": 2,
                    "replicas": 2,
                    "updatedReplicas": 2,
                },
            }),
        );
        let meta = deployment.entry("metadata");
        meta.set("generation", 1);
        meta.set("labels", labels.clone());
        meta.set("annotations", value!({ "deployment.kubernetes.io/revision": "1" }));
        let deployment = self.install(&DEPLOYMENT, deployment);
        let mut marked = labels;
        marked.set("pod-template-hash", hash);
        let mut template = deployment.at(&["spec", "template"]).clone();
        template.set_at(&["metadata", "labels"], marked.clone());
        let mut replicas = named(
            &format!("coredns-{hash}"),
            "kube-system",
            value!({
                "spec": {
                    "replicas": 2,
                    "selector": { "matchLabels": marked.clone() },
                    "template": template,
                },
                "status": {
                    "availableReplicas": 2,
                    "fullyLabeledReplicas": 2,
                    "observedGeneration": 1,
                    "readyReplicas": 2,
                    "replicas": 2,
                },
            }),
        );
        let meta = replicas.entry("metadata");
        meta.set("generation", 1);
        meta.set("labels", marked.clone());
        meta.set(
            "annotations",
            value!({
                "deployment.kubernetes.io/desired-replicas": "2",
                "deployment.kubernetes.io/max-replicas": "3",
                "deployment.kubernetes.io/revision": "1",
            }),
        );
        meta.set("ownerReferences", vec![OwnerReference::controller_of(&deployment)]);
        let set = self.install(&REPLICA_SET, replicas);
        for n in 0..2 {
            let suffix = self.rng.named("coredns", hash, n).alphanum(5);
            let base = format!("coredns-{hash}-");
            let pod = pod_of(&set, &base, &suffix, CONTROL_PLANE, marked.clone());
            self.running_pod(pod, CONTROL_PLANE, &format!("10.244.0.{}", n + 2));
        }
    }

    /// Stores a pod and the status that its kubelet would have reported.
    fn running_pod(&mut self, mut pod: Value, node: &str, address: &str) {
        pod.set_at(&["metadata", "generation"], 1);
        let name = pod.at(&["metadata", "name"]).text().to_owned();
        self.install(&POD, pod);
        let key = Key::new("kube-system", name.as_str());
        let (now, rng) = (self.now, self.rng);
        let host = self
            .get(&NODE, &Key::new("", node))
            .map(|n| n.at(&["status", "addresses"]).index(0).get("address").text().to_owned());
        let by = By::component("kubelet", "the cluster was set up");
        let started = self.modify(&POD, &key, Part::Status, by, |pod| {
            let status = running_status(pod, rng, now, &host.unwrap_or_default(), address);
            pod.set("status", status);
        });
        debug_assert!(started.is_ok());
    }
}

/// A pod of a workload's template, bound to a node.
fn pod_of(owner: &Object, base: &str, suffix: &str, node: &str, labels: Value) -> Value {
    let mut pod = named(
        &format!("{base}{suffix}"),
        "kube-system",
        value!({ "spec": owner.at(&["spec", "template", "spec"]) }),
    );
    pod.set_at(&["spec", "nodeName"], node);
    let meta = pod.entry("metadata");
    meta.set("generateName", base);
    meta.set("labels", labels);
    meta.set("ownerReferences", vec![OwnerReference::controller_of(owner)]);
    pod
}

fn deployment_condition(kind: &str, reason: &str, message: &str, now: Time) -> Value {
    value!({
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": now,
        "lastUpdateTime": now,
    })
}

fn proxy_spec() -> Value {
    value!({
        "hostNetwork": true,
        "nodeSelector": { "kubernetes.io/os": "linux" },
        "priorityClassName": "system-node-critical",
        "serviceAccountName": "kube-proxy",
        "tolerations": [{ "operator": "Exists" }],
        "containers": [{
            "name": "kube-proxy",
            "image": format!("registry.k8s.io/kube-proxy:{VERSION}"),
            "imagePullPolicy": "IfNotPresent",
            "command": [
                "/usr/local/bin/kube-proxy",
                "--config=/var/lib/kube-proxy/config.conf",
                "--hostname-override=$(NODE_NAME)",
            ],
            "env": [{
                "name": "NODE_NAME",
                "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "spec.nodeName" } },
            }],
        }],
    })
}

fn dns_spec() -> Value {
    value!({
        "dnsPolicy": "Default",
        "nodeSelector": { "kubernetes.io/os": "linux" },
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "tolerations": [
            { "key": "CriticalAddonsOnly", "operator": "Exists" },
            { "effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane" },
        ],
        "containers": [{
            "name": "coredns",
            "image": "registry.k8s.io/coredns/coredns:v1.14.2",
            "imagePullPolicy": "IfNotPresent",
            "args": ["-conf", "/etc/coredns/Corefile"],
            "ports": [
                { "containerPort": 53, "name": "dns", "protocol": "UDP" },
                { "containerPort": 53, "name": "dns-tcp", "protocol": "TCP" },
                { "containerPort": 9153, "name": "metrics", "protocol": "TCP" },
            ],
            "resources": {
                "limits": { "memory": "170Mi" },
                "requests": { "cpu": "100m", "memory": "70Mi" },
            },
        }],
    })
}

fn named(name: &str, ns: &str, mut value: Value) -> Value {
    value.set_at(&["metadata", "name"], name);
    value.set_at(&["metadata", "namespace"], ns);
    value
}

fn namespace(name: &str) -> Value {
    value!({
        "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } },
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    })
}

/// `control-plane` for 0, otherwise `node-N`.
fn node_name(n: usize) -> String {
    if n == 0 { CONTROL_PLANE.to_owned() } else { format!("node-{n}") }
}

/// The address of a node; past 250 of them the third part counts on.
fn node_address(n: usize) -> String {
    let host = n + 2;
    format!("192.168.{}.{}", (49 + host / 250) % 256, host % 250)
}

fn pod_range(n: usize) -> String {
    format!("10.{}.{}.0/24", 244 + (n / 256) % 12, n % 256)
}

fn node(n: usize, now: Time) -> Value {
    let name = node_name(n);
    let ids = |purpose: &str| Rng { seed: 0 }.named(purpose, &name, 0);
    let mut labels = value!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name.as_str(),
        "kubernetes.io/os": "linux",
    });
    let range = pod_range(n);
    let mut spec = value!({ "podCIDR": range.as_str(), "podCIDRs": [range.as_str()] });
    if n == 0 {
        labels.set("node-role.kubernetes.io/control-plane", "");
        spec.set(
            "taints",
            value!([{ "effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane" }]),
        );
    }
    let resources = value!({
        "cpu": "4", "ephemeral-storage": "60Gi", "memory": "8Gi", "pods": "110",
    });
    let conditions: Vec<Value> = CONDITIONS
        .iter()
        .map(|(kind, status, reason, message)| {
            value!({
                "type": *kind,
                "status": *status,
                "reason": *reason,
                "message": *message,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            })
        })
        .collect();
    value!({
        "metadata": {
            "name": name.as_str(),
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
        "status": {
            "addresses": [
                { "address": node_address(n), "type": "InternalIP" },
                { "address": name.as_str(), "type": "Hostname" },
            ],
            "allocatable": resources.clone(),
            "capacity": resources,
            "conditions": Value::array(conditions),
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "declaredFeatures": [
                "ExtendWebSocketsToKubelet",
                "InPlacePodLevelResourcesVerticalScaling",
                "InPlacePodVerticalScalingInitContainers",
                "RestartAllContainersOnContainerExits",
            ],
            "features": { "supplementalGroupsPolicy": true },
            "runtimeHandlers": [runtime_handler(""), runtime_handler("runc")],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": ids("boot-id").uuid(),
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.1.0-37-amd64",
                "kubeProxyVersion": "",
                "kubeletVersion": VERSION,
                "machineID": ids("machine-id").hex(32),
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "systemUUID": ids("system-uuid").uuid(),
            },
        },
    })
}

fn runtime_handler(name: &str) -> Value {
    value!({
        "name": name,
        "features": { "recursiveReadOnlyMounts": true, "userNamespaces": true },
    })
}

/// Type, status, reason and message. Upstream: pkg/kubelet/nodestatus/setters.go.
const CONDITIONS: [(&str, &str, &str, &str); 4] = [
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

fn kubernetes_service() -> Value {
    value!({
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": { "component": "apiserver", "provider": "kubernetes" },
        },
        "spec": {
            "clusterIP": API_ADDRESS,
            "clusterIPs": [API_ADDRESS],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": { "loadBalancer": {} },
    })
}

fn kubernetes_endpoints() -> Value {
    value!({
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" },
        },
        "subsets": [{
            "addresses": [{ "ip": node_address(0) }],
            "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
        }],
    })
}

fn kubernetes_slice() -> Value {
    value!({
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": { "kubernetes.io/service-name": "kubernetes" },
        },
        "addressType": "IPv4",
        "endpoints": [{ "addresses": [node_address(0)], "conditions": { "ready": true } }],
        "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
    })
}

fn dns_service() -> Value {
    let port = |name: &str, protocol: &str, port: i64| value!({ "name": name, "port": port, "protocol": protocol, "targetPort": port });
    value!({
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "annotations": { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
        },
        "spec": {
            "clusterIP": DNS_ADDRESS,
            "clusterIPs": [DNS_ADDRESS],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [port("dns", "UDP", 53), port("dns-tcp", "TCP", 53), port("metrics", "TCP", 9153)],
            "selector": { "k8s-app": "kube-dns" },
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": { "loadBalancer": {} },
    })
}

fn standard_class() -> Value {
    let applied = r#"{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"},"name":"standard"},"provisioner":"k8s.io/minikube-hostpath","reclaimPolicy":"Delete","volumeBindingMode":"Immediate"}"#;
    value!({
        "metadata": {
            "name": "standard",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": format!("{applied}\n"),
                "storageclass.kubernetes.io/is-default-class": "true",
            },
        },
        "provisioner": "k8s.io/minikube-hostpath",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    })
}

/// The ConfigMap with the certificate authority that every namespace gets.
pub fn root_ca(ns: &str, rng: Rng) -> Value {
    let mut draw = rng.named("root-ca", "cluster", 0);
    let bytes: Vec<u8> = (0..740).map(|_| draw.bits() as u8).collect();
    let encoded = base64::encode(&bytes);
    let mut certificate = String::from("-----BEGIN CERTIFICATE-----\n");
    for (n, c) in encoded.chars().enumerate() {
        certificate.push(c);
        if n % 64 == 63 {
            certificate.push('\n');
        }
    }
    if !certificate.ends_with('\n') {
        certificate.push('\n');
    }
    certificate.push_str("-----END CERTIFICATE-----\n");
    value!({
        "metadata": {
            "name": ROOT_CA,
            "namespace": ns,
            "annotations": {
                "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
            },
        },
        "data": { "ca.crt": certificate },
    })
}

/// Name, image and CPU request. Upstream: cmd/kubeadm/app/phases/controlplane/manifests.go and …/etcd/local.go.
fn static_pods() -> [(&'static str, String, &'static str); 4] {
    let image = |name: &str| format!("registry.k8s.io/{name}:{VERSION}");
    [
        ("etcd", "registry.k8s.io/etcd:3.6.8-0".to_owned(), "100m"),
        ("kube-apiserver", image("kube-apiserver"), "250m"),
        ("kube-controller-manager", image("kube-controller-manager"), "200m"),
        ("kube-scheduler", image("kube-scheduler"), "100m"),
    ]
}

/// The status of a pod that runs and is ready.
fn running_status(pod: &Value, rng: Rng, now: Time, host: &str, address: &str) -> Value {
    let uid = pod.at(&["metadata", "uid"]).text();
    let condition = |kind: &str| {
        value!({
            "type": kind,
            "status": "True",
            "lastProbeTime": null,
            "lastTransitionTime": now,
            "observedGeneration": 1,
        })
    };
    let kinds =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let container = |container: &Value| {
        let image = container.get("image").text();
        let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
        let digest = Rng { seed: 0 }.named("image", image, 0).hex(64);
        let id = rng.named("container-id", uid, 0).hex(64);
        value!({
            "name": container.get("name"),
            "image": image,
            "imageID": format!("{repository}@sha256:{digest}"),
            "containerID": format!("containerd://{id}"),
            "lastState": {},
            "ready": true,
            "resources": container.get("resources"),
            "restartCount": 0,
            "started": true,
            "state": { "running": { "startedAt": now } },
        })
    };
    let containers = pod.at(&["spec", "containers"]).as_array();
    let qos = if containers.iter().all(|c| c.get("resources").is_empty()) {
        "BestEffort"
    } else {
        "Burstable"
    };
    value!({
        "conditions": Value::array(kinds.into_iter().map(condition).collect()),
        "containerStatuses": Value::array(containers.iter().map(container).collect()),
        "hostIP": host,
        "hostIPs": [{ "ip": host }],
        "observedGeneration": 1,
        "phase": "Running",
        "podIP": address,
        "podIPs": [{ "ip": address }],
        "qosClass": qos,
        "startTime": now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::request::Request;

    #[test]
    fn a_fresh_cluster_runs() {
        let mut server = Server::new(Rng { seed: 7 }, Time::START);
        server.bootstrap(Setup::default());
        assert_eq!(server.list(&NODE, "").count(), 5);
        assert_eq!(server.list(&POD, "kube-system").count(), 11);
        let by = By::user("kubectl get pods -A");
        let answer = server.handle(&Request::get("/api/v1/pods").param("limit", "4"), by);
        let list = answer.value().expect("pods can be listed");
        assert_eq!(list.get("items").as_array().len(), 4);
        assert_eq!(list.at(&["metadata", "remainingItemCount"]).as_i64(), Some(7));
        let next = list.at(&["metadata", "continue"]).text().to_owned();
        let request = Request::get("/api/v1/pods").param("limit", "400").param("continue", next);
        let rest = server.handle(&request, By::user("x")).value().expect("a further page");
        assert_eq!(rest.get("items").as_array().len(), 7);
    }
}
