//! The cluster's name server.
//! Upstream: CoreDNS, plugin/kubernetes (kubernetes.go, parse.go, reverse.go), as kubeadm configures it.
//! Simplified: it answers even when no CoreDNS pod runs; names outside the cluster do not exist.

use crate::api::kinds::SERVICE;
use crate::api::kinds::endpoint_slice::Endpoint;
use crate::api::kinds::service::Service;
use crate::api::{Key, Object};
use crate::net::{is_ready, slices};
use crate::os::{Answer, Record};
use crate::server::Server;

const ZONE: &str = ".cluster.local";

/// The records that the cluster's name server has for a fully qualified name (without the last dot).
/// Records of a StatefulSet's pod appear with its ready endpoint.
pub fn lookup(server: &Server, name: &str, record: Record) -> Vec<Answer> {
    let lower = name.to_ascii_lowercase();
    let answer = |data: String, port: u16| Answer { name: name.to_owned(), data, port };
    if record == Record::Ptr {
        let targets = address_of(&lower).map(|address| reverse(server, &address));
        return targets.unwrap_or_default().into_iter().map(|t| answer(t, 0)).collect();
    }
    let Some(inner) = lower.strip_suffix(ZONE) else { return Vec::new() };
    let labels: Vec<&str> = inner.split('.').collect();
    match labels[..] {
        [dashed, _, "pod"] if record == Record::A => {
            let address = dashed.replace('-', ".");
            let valid = address.parse::<std::net::Ipv4Addr>().is_ok();
            valid.then(|| answer(address, 0)).into_iter().collect()
        }
        [.., service, ns, "svc"] => {
            let Some(object) = server.get(&SERVICE, &Key::new(ns, service)) else {
                return Vec::new();
            };
            let more = &labels[..labels.len() - 3];
            let found = match record {
                Record::A => addresses(server, object, more),
                _ => ports(server, object, more),
            };
            found.into_iter().map(|(data, port)| answer(data, port)).collect()
        }
        _ => Vec::new(),
    }
}

/// The address that a reverse look-up is about: `4.3.2.1.in-addr.arpa`, or the address itself.
fn address_of(name: &str) -> Option<String> {
    let Some(turned) = name.strip_suffix(".in-addr.arpa") else {
        return name.parse::<std::net::Ipv4Addr>().ok().map(|ip| ip.to_string());
    };
    let mut octets: Vec<&str> = turned.split('.').collect();
    octets.reverse();
    (octets.len() == 4).then(|| octets.join("."))
}

fn full_name(service: &Object) -> String {
    format!("{}.{}.svc{ZONE}", service.name(), service.namespace())
}

/// The name of an endpoint below its Service's: its host name, or its address with dashes.
fn endpoint_name(endpoint: &Endpoint, address: &str) -> String {
    match endpoint.hostname.as_deref() {
        None | Some("") => address.replace('.', "-"),
        Some(host) => host.to_owned(),
    }
}

/// The ready endpoints of a Service: (name, address).
fn endpoints(server: &Server, service: &Object) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for slice in slices(server, service) {
        for endpoint in slice.endpoints.iter().filter(|e| is_ready(e)) {
            for address in &endpoint.addresses {
                found.push((endpoint_name(endpoint, address), address.to_string()));
            }
        }
    }
    found
}

fn addresses(server: &Server, service: &Object, more: &[&str]) -> Vec<(String, u16)> {
    let view = service.view::<Service>();
    let all = || endpoints(server, service);
    match more {
        [] if view.spec.kind == "ExternalName" => Vec::new(),
        [] if view.spec.is_headless() => all().into_iter().map(|(_, a)| (a, 0)).collect(),
        [] if view.spec.cluster_ip.is_empty() => Vec::new(),
        [] => vec![(view.spec.cluster_ip.to_string(), 0)],
        [host] => all().into_iter().filter(|(n, _)| n == host).map(|(_, a)| (a, 0)).collect(),
        _ => Vec::new(),
    }
}

fn ports(server: &Server, service: &Object, more: &[&str]) -> Vec<(String, u16)> {
    let view = service.view::<Service>();
    let (port_name, protocol) = match more {
        [] => ("", ""),
        [port, protocol] if port.starts_with('_') && protocol.starts_with('_') => {
            (&port[1..], &protocol[1..])
        }
        _ => return Vec::new(),
    };
    let wanted = |name: &str, of: &str| {
        let of = if of.is_empty() { "TCP" } else { of };
        (port_name.is_empty() || name == port_name)
            && (protocol.is_empty() || of.eq_ignore_ascii_case(protocol))
    };
    let full = full_name(service);
    if !view.spec.is_headless() {
        let ports = view.spec.ports.iter().filter(|port| wanted(&port.name, &port.protocol));
        return ports
            .filter_map(|port| Some((full.clone(), u16::try_from(port.port).ok()?)))
            .collect();
    }
    let mut found = Vec::new();
    for slice in slices(server, service) {
        for port in &slice.ports {
            let name = port.name.as_deref().unwrap_or_default();
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let number = port.port.and_then(|port| u16::try_from(port).ok());
            let Some(number) = number.filter(|_| wanted(name, protocol)) else { continue };
            for endpoint in slice.endpoints.iter().filter(|e| is_ready(e)) {
                for address in &endpoint.addresses {
                    found.push((format!("{}.{full}", endpoint_name(endpoint, address)), number));
                }
            }
        }
    }
    found
}

/// The names of an address: a Service's, or those of endpoints of headless Services.
fn reverse(server: &Server, address: &str) -> Vec<String> {
    let mut names = Vec::new();
    for service in server.list(&SERVICE, "") {
        let view = service.view::<Service>();
        if view.spec.cluster_ip == *address {
            return vec![full_name(service)];
        }
        if view.spec.is_headless() {
            let own = endpoints(server, service).into_iter().filter(|(_, a)| a == address);
            names.extend(own.map(|(name, _)| format!("{name}.{}", full_name(service))));
        }
    }
    names
}
