//! Endpoints.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::{default_empty, each};
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
    rules: Rules { default, ..Rules::NONE },
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
