//! Endpoints.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::pod_defaults::{default_empty, each};
use crate::api::rules::{address, meta};
use crate::api::status::Cause;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static ENDPOINTS: Kind = Kind {
    group: "",
    version: "v1",
    name: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short: &["ep"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules { default, validate, validate_update, ..Rules::NONE },
};

view! {
    /// A Service's endpoints in the old form.
    pub struct Endpoints {
        meta: Meta = "metadata",
        subsets: Vec<EndpointSubset> = "subsets",
    }

    /// Addresses with the same ports.
    pub struct EndpointSubset {
        addresses: Vec<EndpointAddress> = "addresses",
        not_ready_addresses: Vec<EndpointAddress> = "notReadyAddresses",
        ports: Vec<EndpointsPort> = "ports",
    }

    /// One address.
    pub struct EndpointAddress {
        ip: Str = "ip",
        hostname: Str = "hostname",
        node_name: Option<Str> = "nodeName",
        target_ref: Option<ObjectReference> = "targetRef",
    }

    /// One port.
    pub struct EndpointsPort {
        name: Str = "name",
        port: i32 = "port",
        protocol: Str = "protocol",
        app_protocol: Option<Str> = "appProtocol",
    }

    /// A pointer to any object.
    pub struct ObjectReference {
        kind: Str = "kind",
        namespace: Str = "namespace",
        name: Str = "name",
        uid: Str = "uid",
        api_version: Str = "apiVersion",
        resource_version: Str = "resourceVersion",
        field_path: Str = "fieldPath",
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Endpoints.
fn default(endpoints: &mut Value) {
    each(endpoints, "subsets", |subset| {
        each(subset, "ports", |port| default_empty(port, "protocol", "TCP"));
    });
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateEndpoints.
fn validate(endpoints: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(endpoints, meta::Scope::Namespaced, names::dns_subdomain, &mut faults);
    subsets(endpoints.get("subsets"), &mut faults);
    faults.causes
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    if !same(new.get("subsets"), old.get("subsets")) {
        subsets(new.get("subsets"), &mut faults);
    }
    faults.causes
}

fn subsets(subsets: &Value, faults: &mut Faults) {
    let list = Path::new("subsets");
    for (at, subset) in subsets.as_array().iter().enumerate() {
        let path = list.index(at);
        if subset.get("addresses").is_empty() && subset.get("notReadyAddresses").is_empty() {
            faults.required(path, "must specify `addresses` or `notReadyAddresses`");
        }
        for key in ["addresses", "notReadyAddresses"] {
            let list = path.child(key);
            for (at, one) in subset.get(key).as_array().iter().enumerate() {
                let path = list.index(at);
                address::ip(one.get("ip"), &Value::Null, path.child("ip"), faults);
                let host = one.get("hostname").text();
                if !host.is_empty() {
                    faults.all_invalid(path.child("hostname"), host, names::dns_label(host));
                }
                address::endpoint(one.get("ip"), path.child("ip"), faults);
            }
        }
        let list = path.child("ports");
        let ports = subset.get("ports").as_array();
        for (at, port) in ports.iter().enumerate() {
            let path = list.index(at);
            let name = port.get("name").text();
            if !name.is_empty() {
                faults.all_invalid(path.child("name"), name, names::dns_label(name));
            } else if ports.len() > 1 {
                faults.required(path.child("name"), "");
            }
            for wrong in names::port_number(port.get("port").as_i64().unwrap_or(0)) {
                faults.invalid(path.child("port"), port.get("port"), wrong);
            }
            faults.one_of(path.child("protocol"), port.get("protocol"), &["SCTP", "TCP", "UDP"]);
        }
    }
}
