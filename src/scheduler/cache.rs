//! The scheduler's picture of the cluster: nodes with the pods on them, kept up to date change by change.
//! Upstream: pkg/scheduler/backend/cache and pkg/scheduler/framework/types.go (NodeInfo, PodInfo).

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::kinds::NAMESPACE;
use crate::api::kinds::node::Node;
use crate::api::kinds::pod::{Pod, PodAffinityTerm};
use crate::api::scheduling::{Resources, priority, requests, scored_requests};
use crate::api::{Key, Object, Selector};
use crate::base::value::Str;
use crate::server::Server;

/// A pod with what scheduling asks of it again and again.
pub struct PodInfo {
    /// Its uid.
    pub uid: Str,
    /// Its namespace and name.
    pub key: Key,
    /// Its view.
    pub pod: Rc<Pod>,
    /// What it asks for.
    pub requests: Resources,
    /// The CPU (thousandths) and memory (bytes) that scoring counts.
    pub scored: (i64, i64),
    /// Ports of the node that it takes.
    pub ports: Vec<HostPort>,
    /// Its rules about other pods; `None` when it has none.
    pub affinity: Option<AffinityTerms>,
    /// Its priority.
    pub priority: i32,
}

/// A port of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The address, `0.0.0.0` for all.
    pub ip: Str,
    /// TCP, UDP or SCTP.
    pub protocol: Str,
    /// The port.
    pub port: i32,
}

impl HostPort {
    /// Whether two pods cannot both have these. Upstream: framework/types.go, HostPortInfo.CheckConflict.
    pub fn conflicts(&self, other: &HostPort) -> bool {
        let same_ip = self.ip == other.ip || self.ip == "0.0.0.0" || other.ip == "0.0.0.0";
        self.port == other.port && self.protocol == other.protocol && same_ip
    }
}

/// A pod's rules about other pods, compiled.
#[derive(Default)]
pub struct AffinityTerms {
    /// Pods that must be near.
    pub near: Vec<Term>,
    /// Pods that must not be near.
    pub apart: Vec<Term>,
    /// Pods that should be near, with weights.
    pub rather_near: Vec<(i64, Term)>,
    /// Pods that should not be near, with weights.
    pub rather_apart: Vec<(i64, Term)>,
}

/// One rule. Upstream: staging/src/k8s.io/kube-scheduler/framework/types.go, AffinityTerm.
pub struct Term {
    namespaces: Vec<Str>,
    namespace_selector: Option<Selector>,
    selector: Option<Selector>,
    /// The node label whose value is the place.
    pub topology_key: Str,
}

impl Term {
    fn new(pod: &Pod, term: &PodAffinityTerm) -> Term {
        let own = term.namespaces.is_empty() && term.namespace_selector.is_none();
        let namespaces =
            if own { vec![pod.meta.namespace.clone()] } else { term.namespaces.clone() };
        let compile = |s: &crate::api::LabelSelector| s.compile().ok();
        Term {
            namespaces,
            namespace_selector: term.namespace_selector.as_ref().and_then(compile),
            selector: term.label_selector.as_ref().and_then(compile),
            topology_key: term.topology_key.clone(),
        }
    }

    /// Whether the rule is about this pod.
    pub fn matches(&self, pod: &Pod, server: &Server) -> bool {
        let Some(selector) = &self.selector else { return false };
        let ns = &pod.meta.namespace;
        let in_namespace = self.namespaces.contains(ns)
            || self.namespace_selector.as_ref().is_some_and(|selector| {
                let namespace = server.get(&NAMESPACE, &Key::new("", ns.clone()));
                selector.is_empty() || namespace.is_some_and(|o| selector.matches_object(o.value()))
            });
        in_namespace && selector.matches(&pod.meta.labels)
    }
}

/// Whether all rules are about this pod; none are about nothing. Upstream: podMatchesAllAffinityTerms.
pub fn all_match(terms: &[Term], pod: &Pod, server: &Server) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(pod, server))
}

impl AffinityTerms {
    fn of(pod: &Pod) -> Option<AffinityTerms> {
        let affinity = &pod.spec.affinity;
        let (near, apart) = (&affinity.pod_affinity, &affinity.pod_anti_affinity);
        let none = near.required.is_empty()
            && near.preferred.is_empty()
            && apart.required.is_empty()
            && apart.preferred.is_empty();
        if none {
            return None;
        }
        let hard = |terms: &[PodAffinityTerm]| terms.iter().map(|t| Term::new(pod, t)).collect();
        let soft = |terms: &[crate::api::kinds::pod::WeightedPodAffinityTerm]| {
            let one = |t: &crate::api::kinds::pod::WeightedPodAffinityTerm| {
                (i64::from(t.weight), Term::new(pod, &t.pod_affinity_term))
            };
            terms.iter().map(one).collect()
        };
        Some(AffinityTerms {
            near: hard(&near.required),
            apart: hard(&apart.required),
            rather_near: soft(&near.preferred),
            rather_apart: soft(&apart.preferred),
        })
    }
}

impl PodInfo {
    /// Reads a pod.
    pub fn new(object: &Object) -> PodInfo {
        let pod = object.view::<Pod>();
        let ports = pod
            .spec
            .containers
            .iter()
            .flat_map(|container| &container.ports)
            .filter(|port| port.host_port > 0)
            .map(|port| HostPort {
                ip: if port.host_ip.is_empty() { "0.0.0.0".into() } else { port.host_ip.clone() },
                protocol: if port.protocol.is_empty() {
                    "TCP".into()
                } else {
                    port.protocol.clone()
                },
                port: port.host_port,
            })
            .collect();
        PodInfo {
            uid: pod.meta.uid.clone(),
            key: object.key.clone(),
            requests: requests(&pod.spec),
            scored: scored_requests(&pod.spec),
            ports,
            affinity: AffinityTerms::of(&pod),
            priority: priority(&pod),
            pod,
        }
    }

    /// Pods that must be near.
    pub fn near(&self) -> &[Term] {
        self.affinity.as_ref().map_or(&[], |affinity| &affinity.near)
    }

    /// Pods that must not be near.
    pub fn apart(&self) -> &[Term] {
        self.affinity.as_ref().map_or(&[], |affinity| &affinity.apart)
    }
}

/// A node with the pods on it.
#[derive(Clone)]
pub struct NodeInfo {
    /// Its name.
    pub name: Str,
    /// Its view.
    pub node: Rc<Node>,
    /// What it offers.
    pub allocatable: Resources,
    /// How many pods it takes.
    pub allowed_pods: i64,
    /// The pods on it (or about to be), by uid.
    pub pods: OrdMap<Str, Rc<PodInfo>>,
    /// What they ask for.
    pub requested: Resources,
    /// What scoring counts for them: CPU (thousandths), memory (bytes).
    pub scored: (i64, i64),
    /// Pods among them with rules about other pods.
    pub with_affinity: usize,
    /// Pods among them with rules about pods that must not be near.
    pub with_apart: usize,
    /// Pods among them that take ports.
    pub with_ports: usize,
    /// Images that are there, with their sizes in bytes.
    pub images: OrdMap<Str, i64>,
}

impl NodeInfo {
    fn new(object: &Object) -> NodeInfo {
        let mut info = NodeInfo {
            name: object.name().clone(),
            node: object.view(),
            allocatable: Resources::default(),
            allowed_pods: 0,
            pods: OrdMap::new(),
            requested: Resources::default(),
            scored: (0, 0),
            with_affinity: 0,
            with_apart: 0,
            with_ports: 0,
            images: OrdMap::new(),
        };
        info.set(object);
        info
    }

    fn set(&mut self, object: &Object) {
        self.node = object.view();
        let status = &self.node.status;
        self.allocatable = Resources::of(&status.allocatable);
        self.allowed_pods =
            status.allocatable.get("pods").and_then(|text| text.parse().ok()).unwrap_or(0);
        self.images = status
            .images
            .iter()
            .flat_map(|image| image.names.iter().map(|name| (name.clone(), image.size_bytes)))
            .collect();
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&Str> {
        self.node.meta.labels.get(key)
    }

    /// Puts a pod on the node.
    pub fn add(&mut self, pod: Rc<PodInfo>) {
        if let Some(old) = self.pods.insert(pod.uid.clone(), pod.clone()) {
            self.count(&old, -1);
        }
        self.count(&pod, 1);
    }

    /// Takes a pod away.
    pub fn remove(&mut self, uid: &str) -> Option<Rc<PodInfo>> {
        let pod = self.pods.remove(uid)?;
        self.count(&pod, -1);
        Some(pod)
    }

    fn count(&mut self, pod: &PodInfo, sign: i64) {
        self.requested.add(&pod.requests, sign);
        self.scored.0 += sign * pod.scored.0;
        self.scored.1 += sign * pod.scored.1;
        let step = |count: &mut usize, is: bool| {
            if is {
                *count = count.saturating_add_signed(sign as isize);
            }
        };
        step(&mut self.with_affinity, pod.affinity.is_some());
        step(&mut self.with_apart, !pod.apart().is_empty());
        step(&mut self.with_ports, !pod.ports.is_empty());
    }
}

/// How many pods of a namespace that a selector picks are on each node.
#[derive(Clone)]
struct Count {
    ns: Str,
    selector: Selector,
    per_node: Rc<Vec<i64>>,
}

impl Count {
    fn counts(&self, pod: &PodInfo) -> bool {
        pod.key.ns == self.ns
            && !pod.pod.meta.is_deleting()
            && self.selector.matches(&pod.pod.meta.labels)
    }
}

/// Counts that are kept up to date.
const COUNTS: usize = 32;

/// All nodes.
#[derive(Clone, Default)]
pub struct Cache {
    /// The nodes in the order of their names.
    pub nodes: Vec<Rc<NodeInfo>>,
    /// The node of each pod, by the pod's uid.
    at: OrdMap<Str, Str>,
    /// Pods whose node does not exist (yet), by uid.
    lost: OrdMap<Str, Rc<PodInfo>>,
    /// Pods that wait for room on a node after a preemption, by uid.
    pub nominated: OrdMap<Str, (Str, Rc<PodInfo>)>,
    counts: Vec<Count>,
}

impl Cache {
    /// The index of a node.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.name.as_str().cmp(name)).ok()
    }

    /// The node of a pod.
    pub fn node_of(&self, uid: &str) -> Option<&Str> {
        self.at.get(uid)
    }

    /// What is known of a pod that has a node.
    pub fn pod(&self, uid: &str) -> Option<Rc<PodInfo>> {
        let node = self.at.get(uid)?;
        let there = self.find(node).and_then(|at| self.nodes[at].pods.get(uid));
        there.or_else(|| self.lost.get(uid)).cloned()
    }

    /// Adds or changes a node.
    pub fn set_node(&mut self, object: &Object) {
        match self.nodes.binary_search_by(|node| node.name.cmp(object.name())) {
            Ok(at) => Rc::make_mut(&mut self.nodes[at]).set(object),
            Err(at) => {
                let mut node = NodeInfo::new(object);
                let here = |uid: &Str| self.at.get(uid) == Some(&node.name);
                let waiting: Vec<Str> = self.lost.keys().filter(|uid| here(uid)).cloned().collect();
                for uid in waiting {
                    if let Some(pod) = self.lost.remove(&uid) {
                        node.add(pod);
                    }
                }
                self.nodes.insert(at, Rc::new(node));
                self.counts.clear();
            }
        }
    }

    /// Removes a node; its pods are kept in case that it comes back.
    pub fn remove_node(&mut self, name: &str) {
        if let Some(at) = self.find(name) {
            let node = self.nodes.remove(at);
            self.lost.extend(node.pods.iter().map(|(uid, pod)| (uid.clone(), pod.clone())));
            self.counts.clear();
        }
    }

    /// Puts a pod on a node, or changes it there.
    pub fn set_pod(&mut self, node: &Str, pod: &Rc<PodInfo>) {
        self.remove_pod(&pod.uid);
        self.at.insert(pod.uid.clone(), node.clone());
        match self.find(node) {
            Some(at) => {
                Rc::make_mut(&mut self.nodes[at]).add(pod.clone());
                self.recount(at, pod, 1);
            }
            None => {
                self.lost.insert(pod.uid.clone(), pod.clone());
            }
        }
    }

    /// Takes a pod away from its node.
    pub fn remove_pod(&mut self, uid: &str) {
        let Some(node) = self.at.remove(uid) else { return };
        self.lost.remove(uid);
        if let Some(at) = self.find(&node)
            && let Some(pod) = Rc::make_mut(&mut self.nodes[at]).remove(uid)
        {
            self.recount(at, &pod, -1);
        }
    }

    fn recount(&mut self, at: usize, pod: &PodInfo, sign: i64) {
        for count in &mut self.counts {
            if count.counts(pod) {
                Rc::make_mut(&mut count.per_node)[at] += sign;
            }
        }
    }

    /// How many pods of a namespace, not being deleted, a selector picks on each node. An empty one picks none.
    /// Upstream: podtopologyspread/common.go, countPodsMatchSelector.
    pub fn count(&mut self, ns: &Str, selector: &Selector) -> Rc<Vec<i64>> {
        if selector.is_empty() {
            return Rc::new(vec![0; self.nodes.len()]);
        }
        let known = self.counts.iter().position(|c| c.ns == *ns && c.selector == *selector);
        let count = if let Some(at) = known {
            self.counts.remove(at)
        } else {
            let mut count =
                Count { ns: ns.clone(), selector: selector.clone(), per_node: Rc::default() };
            let on = |node: &Rc<NodeInfo>| {
                node.pods.values().filter(|pod| count.counts(pod)).count() as i64
            };
            let per_node = self.nodes.iter().map(on).collect();
            count.per_node = Rc::new(per_node);
            count
        };
        let per_node = count.per_node.clone();
        self.counts.insert(0, count);
        self.counts.truncate(COUNTS);
        per_node
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{NODE, POD};
    use crate::value;

    fn node(name: &str) -> Object {
        Object::new(&NODE, value!({ "metadata": { "name": name } }))
    }

    fn pod(name: &str, cpu: &str) -> Rc<PodInfo> {
        let value = value!({
            "metadata": { "name": name, "namespace": "d", "uid": name, "labels": { "app": "x" } },
            "spec": { "containers": [{ "resources": { "requests": { "cpu": cpu } } }] },
        });
        Rc::new(PodInfo::new(&Object::new(&POD, value)))
    }

    #[test]
    fn sums_and_counts_follow_pods() {
        let mut cache = Cache::default();
        cache.set_pod(&"b".into(), &pod("early", "1"));
        cache.set_node(&node("a"));
        cache.set_node(&node("b"));
        let selector = Selector::parse("app=x").unwrap();
        assert_eq!(*cache.count(&"d".into(), &selector), [0, 1]);
        cache.set_pod(&"a".into(), &pod("p", "200m"));
        cache.set_pod(&"b".into(), &pod("p", "300m"));
        assert_eq!(cache.nodes[0].requested.milli_cpu, 0);
        assert_eq!(cache.nodes[1].requested.milli_cpu, 1300);
        assert_eq!(*cache.count(&"d".into(), &selector), [0, 2]);
        cache.remove_pod("early");
        assert_eq!(*cache.count(&"d".into(), &selector), [0, 1]);
        cache.remove_node("b");
        assert_eq!(cache.nodes.len(), 1);
        cache.set_node(&node("b"));
        assert_eq!(cache.nodes[1].requested.milli_cpu, 300);
    }
}
