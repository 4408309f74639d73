//! Shared: what both kinds of endpoints are made from, a Service's pods, their ports, and what set off a change.
//!
//! Upstream: staging/src/k8s.io/endpointslice/util (controller_utils.go, trigger_time_tracker.go) and …/utils.go.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::int_or_string::IntOrString;
use crate::api::kinds::pod::{Container, Pod};
use crate::api::kinds::service::{Service, ServicePort};
use crate::api::kinds::{POD, SERVICE};
use crate::api::{Key, Object, Selector};
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::controllers::engine::Memory;
use crate::server::{Change, ChangeKind, Server};
use crate::value;

/// Annotation with the time of the change that led to an update of endpoints.
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Label of endpoints of a Service without an address.
pub const HEADLESS: &str = "service.kubernetes.io/headless";

/// The Services whose endpoints a change of a pod concerns. Upstream: GetPodUpdateProjectionKey.
pub fn services_of(change: &Change, server: &Server) -> Vec<Key> {
    let (new, ns) = (&change.new, &change.key.ns);
    let labels = |object: &Object| object.at(&["metadata", "labels"]).clone();
    let mut sets = vec![labels(new)];
    if let (Some(old), ChangeKind::Modified) = (&change.old, change.change) {
        let before = labels(old);
        if before != sets[0] {
            sets.push(before);
        } else if !endpoints_changed(old, new) {
            return Vec::new();
        }
    }
    let selected = |service: &Service| {
        let wanted = &service.spec.selector;
        let by = |labels: &Value| wanted.iter().all(|(k, v)| labels.get(k).text() == v.as_str());
        !wanted.is_empty() && sets.iter().any(by)
    };
    server
        .list(&SERVICE, ns)
        .filter(|service| selected(&service.view::<Service>()))
        .map(|service| service.key.clone())
        .collect()
}

/// Upstream: podEndpointsChanged.
fn endpoints_changed(old: &Object, new: &Object) -> bool {
    let same = |path: &[&str]| old.at(path) == new.at(path);
    if old.is_deleting() != new.is_deleting()
        || !same(&["status", "podIPs"])
        || !same(&["spec", "hostname"])
        || !same(&["spec", "nodeName"])
    {
        return true;
    }
    if same(&["status"]) {
        return false;
    }
    let (old, new) = (old.view::<Pod>(), new.view::<Pod>());
    old.is_ready() != new.is_ready() || old.is_terminal() != new.is_terminal()
}

/// A Service that has endpoints made for it.
pub fn selecting(object: &Object) -> Option<Rc<Service>> {
    let service = object.view::<Service>();
    let by_name = service.spec.kind == "ExternalName";
    (!by_name && !service.spec.selector.is_empty()).then_some(service)
}

/// The pods that a Service selects, in name order.
pub fn pods_of(service: &Service, server: &Server) -> Vec<Rc<Object>> {
    let selector = Selector::from_set(&service.spec.selector);
    let pods = server.list(&POD, &service.meta.namespace);
    pods.filter(|pod| selector.matches_object(pod.value())).cloned().collect()
}

/// Whether a pod has endpoints. Upstream: ShouldPodBeInEndpoints.
pub fn has_endpoints(pod: &Pod, also_terminating: bool) -> bool {
    !pod.is_terminal()
        && !pod.status.pod_ip.is_empty()
        && (also_terminating || !pod.meta.is_deleting())
}

/// Whether a pod's host name is a name in the Service's domain. Upstream: ShouldSetHostname.
pub fn has_hostname(pod: &Pod, service: &Service) -> bool {
    !pod.spec.hostname.is_empty() && pod.spec.subdomain == service.meta.name
}

/// The pod's port that a Service's port leads to. Upstream: FindPort.
pub fn find_port(pod: &Pod, port: &ServicePort) -> Option<i64> {
    let name = match &port.target_port {
        IntOrString::Int(number) => return Some(*number),
        IntOrString::Str(name) => name,
    };
    let sidecar = |c: &&Container| c.restart_policy.as_ref().is_some_and(|p| p == "Always");
    let containers = pod.spec.containers.iter();
    containers
        .chain(pod.spec.init_containers.iter().filter(sidecar))
        .flat_map(|container| &container.ports)
        .find(|own| own.name == *name && own.protocol == port.protocol)
        .map(|own| i64::from(own.container_port))
}

/// The ports of a pod for a Service, as endpoints hold them.
pub fn ports(pod: &Pod, service: &Service) -> Vec<Value> {
    let port = |port: &ServicePort| {
        let number = find_port(pod, port)?;
        let mut value = value!({ "name": &port.name, "port": number, "protocol": &port.protocol });
        if let Some(protocol) = &port.app_protocol {
            value.set("appProtocol", protocol);
        }
        Some(value)
    };
    service.spec.ports.iter().filter_map(port).collect()
}

/// What a pod's endpoints point back to.
pub fn target(pod: &Object) -> Value {
    value!({
        "kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid(),
    })
}

/// What was known of Services at their last turn. Upstream: TriggerTimeTracker.
#[derive(Clone, Default)]
pub struct Triggers {
    by_service: OrdMap<Key, Rc<Known>>,
}

#[derive(Clone, Default)]
struct Known {
    service: Time,
    pods: OrdMap<Str, Time>,
}

/// The memory of a controller of endpoints.
pub fn memory() -> Box<dyn Memory> {
    Box::new(Triggers::default())
}

impl Triggers {
    /// The time of the change that led here; `None` when there is no new one.
    /// Upstream: ComputeEndpointLastChangeTriggerTime.
    pub fn compute(&mut self, service: &Object, pods: &[Rc<Object>]) -> Option<Time> {
        let known = self.by_service.get(&service.key);
        let before = known.cloned().unwrap_or_default();
        let ready_since = |pod: &Rc<Object>| {
            let pod = pod.view::<Pod>();
            let since = pod.status.condition("Ready").and_then(|c| c.last_transition_time);
            since.map(|since| (pod.meta.name.clone(), since))
        };
        let now = Known {
            service: service.created(),
            pods: pods.iter().filter_map(ready_since).collect(),
        };
        let changed = now
            .pods
            .iter()
            .filter(|(name, since)| before.pods.get(*name).copied().unwrap_or_default() < **since)
            .map(|(_, since)| *since);
        let service_changed = (now.service > before.service).then_some(now.service);
        let earliest = changed.chain(service_changed).min();
        let first = known.is_none();
        self.by_service.insert(service.key.clone(), Rc::new(now));
        if first { Some(service.created()) } else { earliest }
    }

    /// Forgets a Service.
    pub fn forget(&mut self, service: &Key) {
        self.by_service.remove(service);
    }
}

/// Sets or clears the annotation with the time of the change. Upstream: addTriggerTimeAnnotation.
pub fn annotate(meta: &mut Value, trigger: Option<Time>) {
    match trigger {
        Some(time) => meta.entry("annotations").set(TRIGGER_TIME, time.rfc3339()),
        None if !meta.get("annotations").get(TRIGGER_TIME).is_null() => {
            meta.entry("annotations").remove(TRIGGER_TIME);
            if meta.get("annotations").is_empty() {
                meta.remove("annotations");
            }
        }
        None => {}
    }
}

/// One plain sentence about an update of endpoints.
pub fn why(service: &Service, pods: &[Rc<Object>]) -> String {
    let ready = pods.iter().filter(|pod| pod.view::<Pod>().is_ready()).count();
    let selector: Vec<String> =
        service.spec.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!(
        "Service {} selects {}: {} pods, {ready} of them Ready; its endpoints follow.",
        service.meta.name,
        selector.join(","),
        pods.len(),
    )
}
