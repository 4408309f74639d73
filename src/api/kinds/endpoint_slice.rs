//! EndpointSlice.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::endpoints::ObjectReference;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::pod_defaults::each;
use crate::api::rules::{address, meta};
use crate::api::status::Cause;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static ENDPOINT_SLICE: Kind = Kind {
    group: "discovery.k8s.io",
    version: "v1",
    name: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules {
        default,
        prepare_create,
        prepare_update,
        validate,
        validate_update,
        ..Rules::NONE
    },
};

view! {
    /// A part of a Service's endpoints.
    pub struct EndpointSlice {
        meta: Meta = "metadata",
        address_type: Str = "addressType",
        endpoints: Vec<Endpoint> = "endpoints",
        ports: Vec<EndpointPort> = "ports",
    }

    /// One backend.
    pub struct Endpoint {
        addresses: Vec<Str> = "addresses",
        conditions: EndpointConditions = "conditions",
        hostname: Option<Str> = "hostname",
        target_ref: Option<ObjectReference> = "targetRef",
        deprecated_topology: OrdMap<Str, Str> = "deprecatedTopology",
        node_name: Option<Str> = "nodeName",
        zone: Option<Str> = "zone",
    }

    /// What a backend is fit for.
    pub struct EndpointConditions {
        ready: Option<bool> = "ready",
        serving: Option<bool> = "serving",
        terminating: Option<bool> = "terminating",
    }

    /// A port of all backends.
    pub struct EndpointPort {
        name: Option<Str> = "name",
        protocol: Option<Str> = "protocol",
        port: Option<i32> = "port",
        app_protocol: Option<Str> = "appProtocol",
    }
}

/// Upstream: pkg/apis/discovery/v1/defaults.go, SetDefaults_EndpointPort.
fn default(slice: &mut Value) {
    each(slice, "ports", |port| {
        port.default_to("name", "");
        port.default_to("protocol", "TCP");
    });
}

/// Upstream: pkg/registry/discovery/endpointslice/strategy.go, PrepareForCreate.
fn prepare_create(slice: &mut Value) {
    slice.set_at(&["metadata", "generation"], 1);
}

/// Upstream: pkg/registry/discovery/endpointslice/strategy.go, PrepareForUpdate.
fn prepare_update(new: &mut Value, old: &Value) {
    let before = old.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
    let labels = ["metadata", "labels"];
    let changed =
        ["addressType", "endpoints", "ports"].iter().any(|key| !same(new.get(key), old.get(key)))
            || !same(new.at(&labels), old.at(&labels));
    new.set_at(&["metadata", "generation"], before + i64::from(changed));
}

/// Upstream: pkg/apis/discovery/validation/validation.go, ValidateEndpointSlice.
/// Simplified: topology hints are not checked.
fn check(slice: &Value, faults: &mut Faults) {
    meta::validate(slice, meta::Scope::Namespaced, names::dns_subdomain, faults);
    faults.one_of(Path::new("addressType"), slice.get("addressType"), &["FQDN", "IPv4", "IPv6"]);
    let list = Path::new("endpoints");
    for (at, one) in slice.get("endpoints").as_array().iter().enumerate() {
        let path = list.index(at);
        let addresses = path.child("addresses");
        if one.get("addresses").as_array().is_empty() {
            faults.required(addresses, "must contain at least 1 address");
        }
        for (at, ip) in one.get("addresses").as_array().iter().enumerate() {
            if slice.get("addressType").text() != "FQDN" {
                address::ip(ip, &Value::Null, addresses.index(at), faults);
            }
        }
        let host = one.get("hostname").text();
        if !host.is_empty() {
            faults.all_invalid(path.child("hostname"), host, names::dns_label(host));
        }
    }
}

fn validate(slice: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    check(slice, &mut faults);
    faults.causes
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    check(new, &mut faults);
    faults.immutable(Path::new("addressType"), new.get("addressType"), old.get("addressType"));
    faults.causes
}
