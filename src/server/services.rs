//! What the API server gives to a Service: address families, a cluster address, node ports.
//!
//! Upstream: pkg/registry/core/service/storage/alloc.go and storage.go.
//! Simplified: one IPv4 range; no health check node ports.

use crate::base::ordered::OrdSet;
use std::net::Ipv4Addr;

use crate::api::kinds::SERVICE;
use crate::api::{Cause, Object, Status};
use crate::base::rng::Rng;
use crate::base::value::Value;
use crate::server::Store;

/// First address of the range of cluster addresses, `10.96.0.0/12`.
const RANGE: u32 = 0x0a60_0000;
/// Addresses in the range.
const RANGE_SIZE: u32 = 1 << 20;
/// Addresses at the start that are left to those who ask for one.
/// Upstream: ipallocator/ipallocator.go, calculateRangeOffset.
const STATIC_BAND: u32 = 256;
/// Node ports, and those at the start that are left to those who ask for one.
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
const STATIC_PORTS: i64 = 86;

/// Before creation.
///
/// # Errors
/// `Invalid` when a wanted address or port is taken.
pub(crate) fn begin_create(value: &mut Value, store: &Store, rng: Rng) -> Result<(), Status> {
    let spec = value.entry("spec");
    let given = spec.get("clusterIP").clone();
    if !given.is_empty() && spec.get("clusterIPs").is_empty() {
        spec.set("clusterIPs", Value::array(vec![given]));
    }
    init_families(value, None)?;
    if needs_cluster_ip(value) {
        allocate_address(value, store, rng)?;
    }
    allocate_ports(value, None, store, rng)
}

/// Before an update.
///
/// # Errors
/// `Invalid` when a wanted address or port is taken.
pub(crate) fn begin_update(
    value: &mut Value,
    old: &Object,
    store: &Store,
    rng: Rng,
) -> Result<(), Status> {
    if value.get("spec") == old.get("spec") {
        return Ok(());
    }
    normalise_addresses(value, old.value());
    keep_allocated(value, old.value());
    init_families(value, Some(old.value()))?;
    if !needs_cluster_ip(old.value()) && needs_cluster_ip(value) {
        allocate_address(value, store, rng)?;
    }
    allocate_ports(value, Some(old), store, rng)
}

fn spec_text<'a>(service: &'a Value, field: &str) -> &'a str {
    service.at(&["spec", field]).text()
}

fn needs_cluster_ip(service: &Value) -> bool {
    spec_text(service, "type") != "ExternalName"
}

fn needs_node_port(service: &Value) -> bool {
    match spec_text(service, "type") {
        "NodePort" => true,
        "LoadBalancer" => {
            service.at(&["spec", "allocateLoadBalancerNodePorts"]).as_bool() != Some(false)
        }
        _ => false,
    }
}

fn is_headless(service: &Value) -> bool {
    spec_text(service, "clusterIP") == "None"
}

/// Upstream: alloc.go, initIPFamilyFields.
fn init_families(value: &mut Value, old: Option<&Value>) -> Result<(), Status> {
    if !needs_cluster_ip(value) {
        return Ok(());
    }
    let selectorless = is_headless(value) && value.at(&["spec", "selector"]).is_empty();
    if value.at(&["spec", "ipFamilyPolicy"]).is_empty() {
        let before = old.map_or("", |o| spec_text(o, "ipFamilyPolicy"));
        let policy = match before {
            "" if selectorless => "RequireDualStack",
            "" => "SingleStack",
            before => before,
        };
        value.set_at(&["spec", "ipFamilyPolicy"], policy);
    }
    let policy = spec_text(value, "ipFamilyPolicy").to_owned();
    let families: Vec<Value> = value.at(&["spec", "ipFamilies"]).as_array().to_vec();
    if selectorless {
        let mut families = if families.is_empty() { vec![Value::from("IPv4")] } else { families };
        if families.len() < 2 && policy != "SingleStack" {
            let other = if families[0].text() == "IPv4" { "IPv6" } else { "IPv4" };
            families.push(Value::from(other));
        }
        value.set_at(&["spec", "ipFamilies"], Value::array(families));
        return Ok(());
    }
    let mut causes = Vec::new();
    if policy == "RequireDualStack" {
        causes.push(Cause::invalid(
            "spec.ipFamilyPolicy",
            &Value::from(policy),
            "this cluster is not configured for dual-stack services",
        ));
    }
    for (at, family) in families.iter().enumerate().filter(|(_, f)| f.text() != "IPv4") {
        let field = format!("spec.ipFamilies[{at}]");
        causes.push(Cause::invalid(field, family, "not configured on this cluster"));
    }
    if !causes.is_empty() {
        return Err(invalid(value, &causes));
    }
    if families.is_empty() {
        value.set_at(&["spec", "ipFamilies"], Value::array(vec![Value::from("IPv4")]));
    }
    Ok(())
}

fn invalid(service: &Value, causes: &[Cause]) -> Status {
    Status::invalid(&SERVICE, service.at(&["metadata", "name"]).text(), causes)
}

/// Upstream: alloc.go, allocClusterIPs.
fn allocate_address(value: &mut Value, store: &Store, rng: Rng) -> Result<(), Status> {
    if is_headless(value) {
        return Ok(());
    }
    let taken: OrdSet<&str> =
        store.list(&SERVICE, "").map(|s| spec_text(s.value(), "clusterIP")).collect();
    let wanted = spec_text(value, "clusterIP").to_owned();
    if wanted.is_empty() {
        let owner = owner(value);
        let free = (0..u64::from(RANGE_SIZE)).map(|n| {
            let mut draw = rng.named("cluster-ip", &owner, n);
            let offset = draw.range(i64::from(STATIC_BAND), i64::from(RANGE_SIZE) - 2);
            Ipv4Addr::from(RANGE + offset as u32).to_string()
        });
        let address = free
            .take(10_000)
            .find(|address| !taken.contains(address.as_str()))
            .ok_or_else(|| Status::internal("failed to allocate a serviceIP: range is full"))?;
        value.set_at(&["spec", "clusterIP"], address.as_str());
        value.set_at(&["spec", "clusterIPs"], Value::array(vec![Value::from(address)]));
        return Ok(());
    }
    let Ok(address) = wanted.parse::<Ipv4Addr>() else {
        // The kind's own checks say what is wrong with it.
        return Ok(());
    };
    let inside = (RANGE..RANGE + RANGE_SIZE).contains(&u32::from(address));
    let why = if !inside {
        "the provided network does not match the current range"
    } else if taken.contains(wanted.as_str()) {
        "provided IP is already allocated"
    } else {
        return Ok(());
    };
    let cause = Cause::invalid(
        "spec.clusterIPs",
        value.at(&["spec", "clusterIPs"]),
        format!("failed to allocate IP {wanted}: {why}"),
    );
    Err(invalid(value, &[cause]))
}

fn owner(service: &Value) -> String {
    let meta = service.get("metadata");
    format!(
        "{}/{}/{}",
        meta.get("namespace").text(),
        meta.get("name").text(),
        meta.get("uid").text()
    )
}

/// A node port may serve several protocols of one Service, so ports are told apart by number only.
fn node_ports(service: &Value) -> impl Iterator<Item = i64> + '_ {
    let ports = service.at(&["spec", "ports"]).as_array();
    ports.iter().filter_map(|p| p.get("nodePort").as_i64()).filter(|p| *p != 0)
}

/// Upstream: alloc.go, initNodePorts and updateNodePorts.
fn allocate_ports(
    value: &mut Value,
    old: Option<&Object>,
    store: &Store,
    rng: Rng,
) -> Result<(), Status> {
    let gives = needs_node_port(value);
    let has = node_ports(value).next().is_some();
    let applies = matches!(spec_text(value, "type"), "NodePort" | "LoadBalancer");
    if !applies || (!gives && !has) {
        return Ok(());
    }
    let own: Vec<i64> = old.iter().flat_map(|o| node_ports(o.value())).collect();
    let others = store.list(&SERVICE, "").filter(|s| old.is_none_or(|o| o.key != s.key));
    let mut taken: OrdSet<i64> = others.flat_map(|s| node_ports(s.value())).collect();
    let owner = owner(value);
    let mut ports = value.at(&["spec", "ports"]).as_array().to_vec();
    let mut given: Vec<(i64, i64)> = Vec::new();
    for (at, port) in ports.iter_mut().enumerate() {
        let number = port.get("port").as_i64().unwrap_or(0);
        let asked = port.get("nodePort").as_i64().unwrap_or(0);
        if asked == 0 && !gives {
            continue;
        }
        let same = given.iter().find(|(port, _)| *port == number).map(|(_, node)| *node);
        let node_port = match (asked, same) {
            (0, Some(node_port)) => node_port,
            (0, None) => free_port(&taken, rng, &owner, at as u64)
                .ok_or_else(|| Status::internal("failed to allocate a nodePort: range is full"))?,
            (asked, _) => {
                let why = if !PORTS.contains(&asked) {
                    "provided port is not in the valid range. The range of valid ports is 30000-32767"
                } else if taken.contains(&asked) && !own.contains(&asked) {
                    "provided port is already allocated"
                } else {
                    ""
                };
                if !why.is_empty() {
                    let field = format!("spec.ports[{at}].nodePort");
                    let cause = Cause::invalid(field, &Value::from(asked), why);
                    return Err(invalid(value, &[cause]));
                }
                asked
            }
        };
        taken.insert(node_port);
        given.push((number, node_port));
        port.set("nodePort", node_port);
    }
    value.set_at(&["spec", "ports"], Value::array(ports));
    Ok(())
}

fn free_port(taken: &OrdSet<i64>, rng: Rng, owner: &str, at: u64) -> Option<i64> {
    let drawn = (0..1_000).map(|n| {
        let mut draw = rng.named("node-port", owner, at * 1_000 + n);
        draw.range(PORTS.start() + STATIC_PORTS, *PORTS.end())
    });
    drawn.chain(PORTS).find(|port| !taken.contains(port))
}

/// Keeps the single and the plural form of the address in step.
/// Upstream: storage.go, normalizeClusterIPs.
fn normalise_addresses(value: &mut Value, old: &Value) {
    let (new_ip, old_ip) = (spec_text(value, "clusterIP"), spec_text(old, "clusterIP"));
    let old_ips = old.at(&["spec", "clusterIPs"]);
    let new_ips = value.at(&["spec", "clusterIPs"]);
    if !old_ips.is_empty() && new_ips.is_empty() && new_ip == old_ip {
        value.set_at(&["spec", "clusterIPs"], old_ips.clone());
    } else if new_ip != old_ip && new_ips == old_ips {
        let ips = if new_ip.is_empty() && !old_ip.is_empty() {
            Value::Null
        } else {
            Value::array(vec![Value::from(new_ip)])
        };
        set_or_remove(value, "clusterIPs", ips);
    }
}

fn set_or_remove(service: &mut Value, field: &str, value: Value) {
    if value.is_null() {
        service.entry("spec").remove(field);
    } else {
        service.set_at(&["spec", field], value);
    }
}

/// Carries over what the server gave and the writer left out.
/// Upstream: storage.go, patchAllocatedValues.
fn keep_allocated(value: &mut Value, old: &Value) {
    if needs_cluster_ip(old) && needs_cluster_ip(value) {
        for field in ["clusterIP", "clusterIPs"] {
            let kept = old.at(&["spec", field]);
            if value.at(&["spec", field]).is_empty() && !kept.is_empty() {
                value.set_at(&["spec", field], kept.clone());
            }
        }
    }
    if !(needs_node_port(old) && needs_node_port(value)) {
        return;
    }
    let new_ports: Vec<i64> = node_ports(value).collect();
    let used: Vec<i64> = node_ports(old).filter(|p| new_ports.contains(p)).collect();
    let mut ports = value.at(&["spec", "ports"]).as_array().to_vec();
    let old_ports = old.at(&["spec", "ports"]).as_array();
    for port in ports.iter_mut().filter(|p| p.get("nodePort").is_empty()) {
        let before = old_ports.iter().find(|p| p.get("name") == port.get("name"));
        let kept = before.and_then(|p| p.get("nodePort").as_i64()).unwrap_or(0);
        if kept != 0 && !used.contains(&kept) {
            port.set("nodePort", kept);
        }
    }
    value.set_at(&["spec", "ports"], Value::array(ports));
}
