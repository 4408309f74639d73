//! Services as a table. Upstream: pkg/printers/internalversion/printers.go, printService.

use crate::base::ordered::OrdSet;

use crate::api::Object;
use crate::api::kinds::service::{Service, ServicePort};
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::server::table::{AGE, Column, NAME, Printer, age, none, text, wide};

const COLUMNS: &[Column] = &[
    NAME,
    text("Type"),
    text("Cluster-IP"),
    text("External-IP"),
    text("Port(s)"),
    AGE,
    wide("Selector"),
];

/// The printer.
pub static PRINTER: Printer = Printer { columns: COLUMNS, cells, condition: |_| None };

fn cells(object: &Object, now: Time) -> Vec<Value> {
    let service = object.view::<Service>();
    let ports: Vec<String> = service.spec.ports.iter().map(port).collect();
    let selector: Vec<String> =
        service.spec.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    vec![
        object.name().into(),
        service.spec.kind.clone().into(),
        service.spec.cluster_ips.first().map_or("<none>", Str::as_str).into(),
        external(&service).into(),
        none(&ports.join(",")).into(),
        age(object, now),
        none(&selector.join(",")).into(),
    ]
}

fn port(port: &ServicePort) -> String {
    if port.node_port > 0 {
        format!("{}:{}/{}", port.port, port.node_port, port.protocol)
    } else {
        format!("{}/{}", port.port, port.protocol)
    }
}

/// Upstream: getServiceExternalIP.
fn external(service: &Service) -> String {
    let mut addresses: Vec<&str> = Vec::new();
    let otherwise = match service.spec.kind.as_str() {
        "ClusterIP" | "NodePort" => "<none>",
        "LoadBalancer" => {
            let given = service.status.load_balancer.ingress.iter();
            let set: OrdSet<&str> = given
                .map(|i| if i.ip.is_empty() { i.hostname.as_str() } else { i.ip.as_str() })
                .filter(|text| !text.is_empty())
                .collect();
            addresses.extend(set);
            "<pending>"
        }
        "ExternalName" => return service.spec.external_name.to_string(),
        _ => return "<unknown>".to_owned(),
    };
    addresses.extend(service.spec.external_ips.iter().map(Str::as_str));
    if addresses.is_empty() { otherwise.to_owned() } else { addresses.join(",") }
}
