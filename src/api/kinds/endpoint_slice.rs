//! EndpointSlice.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::endpoints::ObjectReference;
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::each;
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
    rules: Rules { default, ..Rules::NONE },
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
        deprecated_topology: BTreeMap<Str, Str> = "deprecatedTopology",
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
