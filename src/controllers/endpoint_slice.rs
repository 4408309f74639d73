//! Keeps a Service's EndpointSlices: its pods' addresses, 100 to a slice.
//! Upstream: staging/src/k8s.io/endpointslice/reconciler.go, pkg/controller/endpointslice.
//! Simplified: IPv4 only; no topology hints; no mirroring of Endpoints that were made by hand.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::kinds::node::Node;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::service::Service;
use crate::api::kinds::{ENDPOINT_SLICE, NODE, POD, SERVICE};
use crate::api::meta::OwnerReference;
use crate::api::names;
use crate::api::{Key, Object, Status};
use crate::base::time::Span;
use crate::base::value::{Str, Value};
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::controllers::service_pods::{self, HEADLESS, Triggers};
use crate::server::{Actor, Change, DeleteOptions, Part, Server};
use crate::value;

const NAME: &str = "endpointslice-controller";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: NAME,
    watches: &[
        Watch::itself(&SERVICE),
        Watch::found(&POD, service_pods::services_of),
        Watch::found(&ENDPOINT_SLICE, service_of_slice),
    ],
    reconcile,
    memory: service_pods::memory,
};

/// Label of a slice with its Service's name.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Label of a slice with who made it.
const MANAGED_BY: (&str, &str) =
    ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
/// Endpoints in a slice. Upstream: --max-endpoints-per-slice.
const MAX_PER_SLICE: usize = 100;
/// What looking at one pod costs the controller.
const PER_POD: Span = Span::micros(100);

/// The Service of a slice that somebody else changed or removed.
fn service_of_slice(change: &Change, _: &Server) -> Vec<Key> {
    let own = change.by.actor == Actor::Component(NAME);
    let managed = change.new.label(MANAGED_BY.0) == Some(MANAGED_BY.1);
    let service = change.new.label(SERVICE_NAME).filter(|_| managed && !own);
    service.map(|name| Key::new(change.key.ns.clone(), name)).into_iter().collect()
}

/// Endpoints with the same ports.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    ports: Vec<Value>,
    endpoints: Vec<Value>,
}

/// What is to be written.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    create: Vec<Group>,
    update: Vec<(Str, Group)>,
    delete: Vec<Str>,
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&SERVICE, key) else {
        cx.memory::<Triggers>().forget(key);
        return Ok(Next::Idle);
    };
    let Some(service) = service_pods::selecting(&object) else { return Ok(Next::Idle) };
    let pods = service_pods::pods_of(&service, cx.server);
    cx.spend(PER_POD * pods.len() as i64);
    let existing: Vec<Rc<Object>> = cx
        .server
        .list(&ENDPOINT_SLICE, &key.ns)
        .filter(|slice| {
            slice.label(SERVICE_NAME) == Some(&key.name)
                && slice.label(MANAGED_BY.0) == Some(MANAGED_BY.1)
                && !slice.is_deleting()
        })
        .cloned()
        .collect();
    let trigger = cx.memory::<Triggers>().compute(&object, &pods);
    let labels = labels(&object, &service);
    let plan = plan(groups(cx.server, &service, &pods), &existing, &labels);
    if object.is_deleting() && !plan.create.is_empty() {
        return Ok(Next::Idle);
    }
    let why = service_pods::why(&service, &pods);
    for group in plan.create {
        let mut slice = new_slice(&object, &labels, &group);
        service_pods::annotate(slice.entry("metadata"), trigger);
        cx.create(&ENDPOINT_SLICE, slice, why.clone())?;
    }
    for (name, group) in plan.update {
        let slice = Key { ns: key.ns.clone(), name };
        cx.modify(&ENDPOINT_SLICE, &slice, Part::Main, why.clone(), |slice| {
            fill(slice, &group);
            let meta = slice.entry("metadata");
            meta.set("labels", &labels);
            service_pods::annotate(meta, trigger);
        })?;
    }
    for name in plan.delete {
        let slice = Key { ns: key.ns.clone(), name };
        cx.delete(&ENDPOINT_SLICE, &slice, &DeleteOptions::default(), why.clone())?;
    }
    Ok(Next::Idle)
}

/// Upstream: setEndpointSliceLabels.
fn labels(object: &Object, service: &Service) -> Value {
    let mut labels = object.at(&["metadata", "labels"]).clone();
    labels.remove(HEADLESS);
    if service.spec.is_headless() || service.spec.cluster_ip.is_empty() {
        labels.set(HEADLESS, "");
    }
    labels.set(SERVICE_NAME, &service.meta.name);
    labels.set(MANAGED_BY.0, MANAGED_BY.1);
    labels
}

/// Upstream: newEndpointSlice.
fn new_slice(service: &Object, labels: &Value, group: &Group) -> Value {
    let mut prefix = format!("{}-", service.name());
    if !names::dns_subdomain(&names::mask_trailing_dash(&prefix)).is_empty() {
        prefix = service.name().to_string();
    }
    let mut slice = value!({
        "metadata": {
            "generateName": prefix, "namespace": service.namespace(), "labels": labels,
            "ownerReferences": vec![OwnerReference::controller_of(service)],
        },
        "addressType": "IPv4",
    });
    fill(&mut slice, group);
    slice
}

fn fill(slice: &mut Value, group: &Group) {
    let or_null = |list: &[Value]| {
        if list.is_empty() { Value::Null } else { Value::array(list.to_vec()) }
    };
    slice.set("endpoints", or_null(&group.endpoints));
    slice.set("ports", or_null(&group.ports));
}

/// What the slices are to hold. Upstream: reconcileByAddressType, first half.
fn groups(server: &Server, service: &Service, pods: &[Rc<Object>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for object in pods {
        let pod = object.view::<Pod>();
        if !service_pods::has_endpoints(&pod, true) {
            continue;
        }
        let ports = service_pods::ports(&pod, service);
        let endpoint = endpoint(server, service, object, &pod);
        match groups.iter_mut().find(|group| group.ports == ports) {
            Some(group) => group.endpoints.push(endpoint),
            None => groups.push(Group { ports, endpoints: vec![endpoint] }),
        }
    }
    groups
}

/// Upstream: podToEndpoint.
fn endpoint(server: &Server, service: &Service, object: &Object, pod: &Pod) -> Value {
    let (serving, terminating) = (pod.is_ready(), pod.meta.is_deleting());
    let ready = service.spec.publish_not_ready_addresses || (serving && !terminating);
    let mut endpoint = value!({
        "addresses": [&pod.status.pod_ip],
        "conditions": { "ready": ready, "serving": serving, "terminating": terminating },
        "targetRef": service_pods::target(object),
    });
    if !pod.spec.node_name.is_empty() {
        endpoint.set("nodeName", &pod.spec.node_name);
        let node = server.get(&NODE, &Key::new("", pod.spec.node_name.clone()));
        let zone = node
            .map(|node| node.view::<Node>())
            .and_then(|node| node.meta.labels.get("topology.kubernetes.io/zone").cloned());
        if let Some(zone) = zone {
            endpoint.set("zone", zone);
        }
    }
    if service_pods::has_hostname(pod, service) {
        endpoint.set("hostname", &pod.spec.hostname);
    }
    endpoint
}

/// What makes two endpoints the same: pod and address.
type Identity = (Str, Str);

fn identity(endpoint: &Value) -> Identity {
    let text = |value: &Value| match value {
        Value::Str(text) => text.clone(),
        _ => Str::default(),
    };
    (text(endpoint.at(&["targetRef", "uid"])), text(endpoint.get("addresses").index(0)))
}

/// Upstream: reconcileByAddressType, reconcileByPortMapping and finalize.
fn plan(groups: Vec<Group>, existing: &[Rc<Object>], labels: &Value) -> Plan {
    let mut plan = Plan::default();
    let ports_of = |slice: &Object| slice.get("ports").as_array().to_vec();
    let live: Vec<Vec<Value>> = groups.iter().map(|group| group.ports.clone()).collect();
    for Group { ports, endpoints } in groups {
        let mut wanted: OrdMap<Identity, usize> = OrdMap::new();
        for (at, endpoint) in endpoints.iter().enumerate() {
            wanted.insert(identity(endpoint), at);
        }
        let mut kept: Vec<Slice> = Vec::new();
        for slice in existing.iter().filter(|slice| ports_of(slice) == ports) {
            let old = slice.get("endpoints").as_array();
            let mut new = Vec::new();
            for endpoint in old {
                if let Some(at) = wanted.remove(&identity(endpoint)) {
                    new.push(endpoints[at].clone());
                }
            }
            let changed = new != old || slice.at(&["metadata", "labels"]) != labels;
            if new.is_empty() && !old.is_empty() {
                plan.delete.push(slice.name().clone());
            } else {
                kept.push(Slice { name: Some(slice.name().clone()), endpoints: new, changed });
            }
        }
        let mut rest: Vec<usize> = wanted.into_values().collect();
        rest.order();
        distribute(&mut kept, rest.into_iter().map(|at| endpoints[at].clone()).collect());
        for Slice { name, endpoints, changed } in kept {
            let group = Group { ports: ports.clone(), endpoints };
            match name {
                None => plan.create.push(group),
                Some(name) if changed => plan.update.push((name, group)),
                Some(_) => {}
            }
        }
    }
    let stale: Vec<&Rc<Object>> =
        existing.iter().filter(|slice| !live.contains(&ports_of(slice))).collect();
    let survivors = existing.len() - plan.delete.len() - stale.len();
    let placeholder = Group { ports: Vec::new(), endpoints: Vec::new() };
    if survivors == 0 && plan.create.is_empty() {
        // A Service without endpoints keeps one empty slice.
        let is_placeholder = |slice: &Object| {
            ports_of(slice).is_empty() && slice.at(&["metadata", "labels"]) == labels
        };
        if plan.delete.is_empty() && stale.len() == 1 && is_placeholder(stale[0]) {
            return plan;
        }
        plan.create.push(placeholder);
    }
    plan.delete.extend(stale.iter().map(|slice| slice.name().clone()));
    while let (Some(group), true) = (plan.create.last(), !plan.delete.is_empty()) {
        let group = group.clone();
        plan.create.pop();
        plan.update.push((plan.delete.remove(0), group));
    }
    plan
}

struct Slice {
    name: Option<Str>,
    endpoints: Vec<Value>,
    changed: bool,
}

/// Puts new endpoints first into slices that are written anyway, then into the fullest that takes all, then into new ones.
fn distribute(slices: &mut Vec<Slice>, mut endpoints: Vec<Value>) {
    endpoints.reverse();
    let fill = |slice: &mut Slice, endpoints: &mut Vec<Value>| {
        while slice.endpoints.len() < MAX_PER_SLICE
            && let Some(endpoint) = endpoints.pop()
        {
            slice.endpoints.push(endpoint);
            slice.changed = true;
        }
    };
    let mut changed: Vec<&mut Slice> = slices.iter_mut().filter(|slice| slice.changed).collect();
    changed.order_by_key(|slice| std::cmp::Reverse(slice.endpoints.len()));
    for slice in changed {
        fill(slice, &mut endpoints);
    }
    while !endpoints.is_empty() {
        let takes_all = |slice: &&mut Slice| {
            !slice.changed && slice.endpoints.len() + endpoints.len() <= MAX_PER_SLICE
        };
        let fullest = slices.iter_mut().filter(takes_all).max_by_key(|slice| slice.endpoints.len());
        if let Some(slice) = fullest {
            fill(slice, &mut endpoints);
        } else {
            let mut slice = Slice { name: None, endpoints: Vec::new(), changed: true };
            fill(&mut slice, &mut endpoints);
            slices.push(slice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(n: usize) -> Value {
        value!({
            "addresses": [format!("10.0.0.{n}")], "targetRef": { "uid": format!("u{n}") },
            "conditions": { "ready": true },
        })
    }

    fn group(range: std::ops::Range<usize>) -> Group {
        Group { ports: vec![value!({ "port": 80 })], endpoints: range.map(endpoint).collect() }
    }

    fn slice(name: &str, group: &Group) -> Rc<Object> {
        let mut value = value!({ "metadata": { "name": name, "labels": { "a": "b" } } });
        fill(&mut value, group);
        Rc::new(Object::new(&ENDPOINT_SLICE, value))
    }

    fn decide(groups: Vec<Group>, existing: &[Rc<Object>]) -> Plan {
        plan(groups, existing, &value!({ "a": "b" }))
    }

    #[test]
    fn slices_hold_a_hundred() {
        let plan = decide(vec![group(0..250)], &[]);
        let sizes: Vec<usize> = plan.create.iter().map(|g| g.endpoints.len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
    }

    #[test]
    fn an_unchanged_slice_is_left_alone_and_a_new_endpoint_joins_it() {
        let existing = [slice("s-1", &group(0..2))];
        assert_eq!(decide(vec![group(0..2)], &existing), Plan::default());
        let plan = decide(vec![group(0..3)], &existing);
        assert_eq!(plan.update, [("s-1".into(), group(0..3))]);
        let mut gone = group(0..2);
        gone.endpoints.remove(0);
        let plan = decide(vec![gone.clone()], &existing);
        assert_eq!(plan.update, [("s-1".into(), gone)]);
    }

    #[test]
    fn a_service_without_endpoints_keeps_an_empty_slice() {
        let empty = Group { ports: Vec::new(), endpoints: Vec::new() };
        let plan = decide(Vec::new(), &[]);
        assert_eq!(plan.create, [empty.clone()]);
        assert_eq!(decide(Vec::new(), &[slice("s-1", &empty)]), Plan::default());
        // The slice of the last endpoint becomes the empty one.
        let plan = decide(Vec::new(), &[slice("s-1", &group(0..1))]);
        assert_eq!(plan.update, [("s-1".into(), empty.clone())]);
        // And the empty one becomes that of the first.
        let plan = decide(vec![group(0..1)], &[slice("s-1", &empty)]);
        assert_eq!(
            (plan.update, plan.create, plan.delete),
            (vec![("s-1".into(), group(0..1))], vec![], vec![])
        );
    }
}
