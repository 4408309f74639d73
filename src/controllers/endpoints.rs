//! Keeps a Service's Endpoints: one object with the addresses of its pods.
//! Upstream: pkg/controller/endpoint/endpoints_controller.go.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::kinds::pod::Pod;
use crate::api::kinds::service::Service;
use crate::api::kinds::{ENDPOINTS, POD, SERVICE};
use crate::api::{Key, Object, Status};
use crate::base::time::Span;
use crate::base::value::{Str, Value};
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::controllers::service_pods::{self, HEADLESS, Triggers};
use crate::server::{DeleteOptions, Part};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "endpoints-controller",
    watches: &[Watch::itself(&SERVICE), Watch::found(&POD, service_pods::services_of)],
    reconcile,
    memory: service_pods::memory,
};

/// Label of Endpoints that this controller made.
const MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");
/// Annotation of Endpoints that are not complete.
const OVER_CAPACITY: (&str, &str) = ("endpoints.kubernetes.io/over-capacity", "truncated");
/// Addresses beyond which Endpoints are cut. Upstream: maxCapacity.
const MAX_ADDRESSES: usize = 1000;
/// What looking at one pod costs the controller.
const PER_POD: Span = Span::micros(100);

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&SERVICE, key) else { return remove(cx, key) };
    let Some(service) = service_pods::selecting(&object) else { return Ok(Next::Idle) };
    let pods = service_pods::pods_of(&service, cx.server);
    cx.spend(PER_POD * pods.len() as i64);
    let trigger = cx.memory::<Triggers>().compute(&object, &pods);
    let (subsets, cut) = subsets(&service, &pods);
    let labels = labels(&object, &service);
    let why = service_pods::why(&service, &pods);
    let fill = |endpoints: &mut Value| {
        let meta = endpoints.entry("metadata");
        meta.set("labels", &labels);
        service_pods::annotate(meta, trigger);
        if cut {
            meta.set_at(&["annotations", OVER_CAPACITY.0], OVER_CAPACITY.1);
        } else if !meta.get("annotations").get(OVER_CAPACITY.0).is_null() {
            meta.entry("annotations").remove(OVER_CAPACITY.0);
        }
        if subsets.is_empty() {
            endpoints.remove("subsets");
        } else {
            endpoints.set("subsets", &subsets);
        }
    };
    match cx.object(&ENDPOINTS, key) {
        None => {
            let mut endpoints = value!({ "metadata": { "name": &key.name, "namespace": &key.ns } });
            fill(&mut endpoints);
            cx.create(&ENDPOINTS, endpoints, why)?;
        }
        Some(current) => {
            let same = current.get("subsets").as_array() == subsets.as_array()
                && current.at(&["metadata", "labels"]) == &labels
                && current.annotation(OVER_CAPACITY.0).is_some() == cut;
            if !same {
                cx.modify(&ENDPOINTS, key, Part::Main, why, fill)?;
            }
        }
    }
    Ok(Next::Idle)
}

fn remove(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    cx.memory::<Triggers>().forget(key);
    if cx.object(&ENDPOINTS, key).is_some() {
        let why = format!("Service {} is gone, and so are its endpoints.", key.name);
        cx.delete(&ENDPOINTS, key, &DeleteOptions::default(), why)?;
    }
    Ok(Next::Idle)
}

fn labels(object: &Object, service: &Service) -> Value {
    let mut labels = object.at(&["metadata", "labels"]).clone();
    if service.spec.is_headless() || service.spec.cluster_ip.is_empty() {
        labels.set(HEADLESS, "");
    } else {
        labels.remove(HEADLESS);
    }
    labels.set(MANAGED_BY.0, MANAGED_BY.1);
    labels
}

/// Addresses with their readiness, and the ports that they share.
type Group = (Vec<(bool, Value)>, Vec<Value>);

/// The subsets, and whether addresses had to be left out. Pods with the same ports stand together.
/// Upstream: syncService, pkg/api/v1/endpoints/util.go, RepackSubsets.
fn subsets(service: &Service, pods: &[Rc<Object>]) -> (Value, bool) {
    let publish = service.spec.publish_not_ready_addresses;
    let mut by_port: Vec<(Value, Vec<(bool, Value)>)> = Vec::new();
    for object in pods {
        let pod = object.view::<Pod>();
        if !service_pods::has_endpoints(&pod, publish) {
            continue;
        }
        let mut address = value!({
            "ip": &pod.status.pod_ip, "nodeName": &pod.spec.node_name,
            "targetRef": service_pods::target(object),
        });
        if service_pods::has_hostname(&pod, service) {
            address.set("hostname", &pod.spec.hostname);
        }
        let ready = publish || pod.is_ready();
        let mut ports = service_pods::ports(&pod, service);
        for port in &mut ports {
            if port.get("name").text().is_empty() {
                port.remove("name");
            }
        }
        if ports.is_empty() && service.spec.ports.is_empty() && service.spec.is_headless() {
            ports.push(Value::Null);
        }
        for port in ports {
            match by_port.iter_mut().find(|(known, _)| *known == port) {
                Some((_, addresses)) => addresses.push((ready, address.clone())),
                None => by_port.push((port, vec![(ready, address.clone())])),
            }
        }
    }
    let mut groups: OrdMap<Vec<Str>, Group> = OrdMap::new();
    for (port, mut addresses) in by_port {
        addresses.order_by_key(|(_, address)| sort_key(address));
        let members = addresses.iter().map(|(_, address)| sort_key(address)).collect();
        let group = groups.entry(members).or_insert_with(|| (addresses, Vec::new()));
        group.1.extend(Some(port).filter(|port| !port.is_null()));
    }
    let mut room = MAX_ADDRESSES;
    let mut cut = false;
    let packed: Vec<Value> = groups
        .into_values()
        .map(|(addresses, ports)| {
            let mut subset = Value::map();
            for (key, wanted) in [("addresses", true), ("notReadyAddresses", false)] {
                let all: Vec<Value> = addresses
                    .iter()
                    .filter(|(ready, _)| *ready == wanted)
                    .map(|(_, address)| address.clone())
                    .collect();
                let kept: Vec<Value> = all.iter().take(room).cloned().collect();
                cut |= kept.len() < all.len();
                room -= kept.len();
                if !kept.is_empty() {
                    subset.set(key, Value::array(kept));
                }
            }
            if !ports.is_empty() {
                subset.set("ports", Value::array(ports));
            }
            subset
        })
        .collect();
    (Value::array(packed), cut)
}

fn sort_key(address: &Value) -> Str {
    Str::from(format!("{}\0{}", address.get("ip").text(), address.at(&["targetRef", "uid"]).text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;

    fn pod(name: &str, ip: &str, ready: &str) -> Rc<Object> {
        Rc::new(Object::new(
            &POD,
            value!({
                "metadata": { "name": name, "namespace": "d", "uid": name },
                "spec": {
                    "nodeName": "n", "hostname": name, "subdomain": "s",
                    "containers": [{ "ports": [
                        { "name": "web", "containerPort": 8080, "protocol": "TCP" },
                    ] }],
                },
                "status": {
                    "podIP": ip, "phase": "Running",
                    "conditions": [{ "type": "Ready", "status": ready }],
                },
            }),
        ))
    }

    #[test]
    fn ready_pods_and_others_are_kept_apart() {
        let mut value = value!({
            "metadata": { "name": "s", "namespace": "d" },
            "spec": { "ports": [{ "port": 80, "targetPort": "web", "protocol": "TCP" }] },
        });
        let pods = [pod("b", "10.0.0.2", "True"), pod("a", "10.0.0.10", "False"), pod("c", "", "")];
        let (found, cut) = subsets(&Service::from_value(&value), &pods);
        assert!(!cut);
        assert_eq!(found.as_array().len(), 1);
        let subset = found.index(0);
        assert_eq!(subset.get("addresses").index(0).get("ip").text(), "10.0.0.2");
        assert_eq!(subset.get("notReadyAddresses").index(0).get("hostname").text(), "a");
        assert_eq!(subset.get("ports").index(0).get("port"), &Value::Int(8080));
        value.set_at(&["spec", "publishNotReadyAddresses"], true);
        let (found, _) = subsets(&Service::from_value(&value), &pods);
        assert_eq!(found.index(0).get("addresses").as_array().len(), 2);
    }
}
