//! Where connections to Services lead.
//! Upstream: pkg/proxy (iptables rules). Simplified: no session affinity by client, no traffic policies.

use crate::api::Object;
use crate::api::kinds::service::{Service, ServicePort};
use crate::api::kinds::{NODE, SERVICE};
use crate::net::{is_ready, slices};
use crate::os::Errno;
use crate::server::Server;

/// Where a connection to this address and port really goes: a Service's address becomes that of one of its
/// ready endpoints, drawn anew for each connection.
///
/// # Errors
/// `Refused` for a Service without ready endpoints, `TimedOut` for a port that it does not have.
pub fn route(server: &Server, address: &str, port: u16) -> Result<(String, u16), Errno> {
    let as_it_is = || Ok((address.to_owned(), port));
    for service in server.list(&SERVICE, "") {
        let view = service.view::<Service>();
        if view.spec.cluster_ip == *address
            || view.spec.external_ips.iter().any(|ip| *ip == *address)
        {
            return match find(&view, |p| p.port == i32::from(port)) {
                Some(port) => endpoint(server, service, port),
                None => Err(Errno::TimedOut),
            };
        }
    }
    // Node ports lie above all ports that containers usually listen on.
    if port < 30_000 || !is_node(server, address) {
        return as_it_is();
    }
    for service in server.list(&SERVICE, "") {
        let view = service.view::<Service>();
        if let Some(port) = find(&view, |p| p.node_port == i32::from(port)) {
            return endpoint(server, service, port);
        }
    }
    as_it_is()
}

fn find(service: &Service, wanted: impl Fn(&ServicePort) -> bool) -> Option<&ServicePort> {
    service.spec.ports.iter().find(|p| wanted(p) && matches!(p.protocol.as_str(), "" | "TCP"))
}

fn is_node(server: &Server, address: &str) -> bool {
    server.list(&NODE, "").any(|node| {
        let addresses = node.at(&["status", "addresses"]).as_array();
        addresses.iter().any(|a| a.get("address").text() == address)
    })
}

fn endpoint(server: &Server, service: &Object, port: &ServicePort) -> Result<(String, u16), Errno> {
    let mut all: Vec<(String, u16)> = Vec::new();
    for slice in slices(server, service) {
        let number = slice
            .ports
            .iter()
            .find(|p| p.name.as_deref().unwrap_or_default() == port.name.as_str())
            .and_then(|p| p.port)
            .and_then(|port| u16::try_from(port).ok());
        let Some(number) = number else { continue };
        for endpoint in slice.endpoints.iter().filter(|e| is_ready(e)) {
            all.extend(endpoint.addresses.iter().map(|a| (a.to_string(), number)));
        }
    }
    if all.is_empty() {
        return Err(Errno::Refused);
    }
    let affinity = service.at(&["spec", "sessionAffinity"]).text() == "ClientIP";
    let moment = if affinity { 0 } else { server.now.0 as u64 };
    let chosen = server.rng.named("endpoint", service.uid(), moment).index(all.len());
    Ok(all.swap_remove(chosen))
}
