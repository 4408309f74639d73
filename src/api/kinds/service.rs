//! Service.

use std::collections::BTreeMap;

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::{default_empty, each, within};
use crate::base::value::{Str, Value};
use crate::value;
use crate::view;

/// The kind.
pub static SERVICE: Kind = Kind {
    group: "",
    version: "v1",
    name: "Service",
    plural: "services",
    singular: "service",
    short: &["svc"],
    namespaced: true,
    categories: &["all"],
    subresources: &["proxy", "status"],
    verbs: ALL_VERBS,
    rules: Rules { default, ..Rules::NONE },
};

view! {
    /// A Service as the simulation reads it.
    pub struct Service {
        meta: Meta = "metadata",
        spec: ServiceSpec = "spec",
        status: ServiceStatus = "status",
    }

    /// Which pods, under which addresses and ports.
    pub struct ServiceSpec {
        ports: Vec<ServicePort> = "ports",
        selector: BTreeMap<Str, Str> = "selector",
        cluster_ip: Str = "clusterIP",
        cluster_ips: Vec<Str> = "clusterIPs",
        kind: Str = "type",
        external_ips: Vec<Str> = "externalIPs",
        session_affinity: Str = "sessionAffinity",
        external_name: Str = "externalName",
        external_traffic_policy: Str = "externalTrafficPolicy",
        publish_not_ready_addresses: bool = "publishNotReadyAddresses",
        ip_families: Vec<Str> = "ipFamilies",
        ip_family_policy: Option<Str> = "ipFamilyPolicy",
        internal_traffic_policy: Option<Str> = "internalTrafficPolicy",
    }

    /// One port.
    pub struct ServicePort {
        name: Str = "name",
        protocol: Str = "protocol",
        app_protocol: Option<Str> = "appProtocol",
        port: i32 = "port",
        target_port: IntOrString = "targetPort",
        node_port: i32 = "nodePort",
    }

    /// What a load balancer reported.
    pub struct ServiceStatus {
        load_balancer: LoadBalancerStatus = "loadBalancer",
    }

    /// Addresses of a load balancer.
    pub struct LoadBalancerStatus {
        ingress: Vec<LoadBalancerIngress> = "ingress",
    }

    /// One of them.
    pub struct LoadBalancerIngress {
        ip: Str = "ip",
        hostname: Str = "hostname",
    }
}

impl ServiceSpec {
    /// Whether the service has no address of its own. Upstream: pkg/apis/core/v1/helper, IsServiceIPSet.
    pub fn is_headless(&self) -> bool {
        self.cluster_ip == "None"
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Service.
fn default(service: &mut Value) {
    let spec = service.entry("spec");
    default_empty(spec, "sessionAffinity", "None");
    match spec.get("sessionAffinity").text() {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP"
            if spec.at(&["sessionAffinityConfig", "clientIP", "timeoutSeconds"]).is_null() =>
        {
            spec.set("sessionAffinityConfig", value!({"clientIP": {"timeoutSeconds": 10800}}));
        }
        _ => {}
    }
    default_empty(spec, "type", "ClusterIP");
    each(spec, "ports", |port| {
        default_empty(port, "protocol", "TCP");
        let number = port.get("port").clone();
        default_empty(port, "targetPort", number);
    });
    let kind = spec.get("type").text().to_owned();
    let external = kind == "LoadBalancer"
        || kind == "NodePort"
        || (kind == "ClusterIP" && !spec.get("externalIPs").as_array().is_empty());
    if external {
        default_empty(spec, "externalTrafficPolicy", "Cluster");
    }
    if ["NodePort", "LoadBalancer", "ClusterIP"].contains(&kind.as_str()) {
        spec.default_to("internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        spec.default_to("allocateLoadBalancerNodePorts", true);
        within(service.entry("status"), "loadBalancer", |balancer| {
            each(balancer, "ingress", |one| {
                if !one.get("ip").is_empty() {
                    one.default_to("ipMode", "VIP");
                }
            });
        });
    }
}
