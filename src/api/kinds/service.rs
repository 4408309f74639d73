//! Service.

use crate::base::ordered::OrdMap;

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::pod_defaults::{default_empty, each, within};
use crate::api::rules::{address, meta, pod, strategy, warnings};
use crate::api::status::Cause;
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
    rules: Rules { default, prepare_create, prepare_update, validate, validate_update, warnings },
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
        selector: OrdMap<Str, Str> = "selector",
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

fn prepare_create(service: &mut Value) {
    strategy::create_without_status(service);
}

/// Upstream: pkg/registry/core/service/strategy.go, PrepareForUpdate.
fn prepare_update(new: &mut Value, old: &Value) {
    strategy::keep_status(new, old);
    drop_type_dependent_fields(new, old);
}

fn has_node_ports(spec: &Value) -> bool {
    ["NodePort", "LoadBalancer"].contains(&spec.get("type").text())
}

/// Fields that only another type of service has go, unless they were changed with the type.
/// Upstream: dropTypeDependentFields.
fn drop_type_dependent_fields(new: &mut Value, old: &Value) {
    let before = old.get("spec");
    let now = new.entry("spec");
    let kind = |spec: &Value| spec.get("type").text().to_owned();
    let drop = |now: &mut Value, key: &str| {
        if now.get(key) == before.get(key) {
            now.remove(key);
        }
    };
    if kind(before) != "ExternalName" && kind(now) == "ExternalName" {
        let same_ips =
            ["clusterIP", "clusterIPs"].iter().all(|key| now.get(key) == before.get(key));
        if same_ips {
            now.remove("clusterIP");
            now.remove("clusterIPs");
        }
        drop(now, "ipFamilies");
        drop(now, "ipFamilyPolicy");
    }
    if has_node_ports(before) && !has_node_ports(now) {
        let ports = |spec: &Value| -> Vec<Value> {
            let all = spec.get("ports").as_array().iter().map(|p| p.get("nodePort").clone());
            all.filter(|p| !p.is_empty()).collect()
        };
        let known = ports(before);
        if ports(now).iter().all(|port| known.contains(port)) {
            each(now, "ports", |port| {
                port.remove("nodePort");
            });
        }
    }
    if needs_health_check(before) && !needs_health_check(now) {
        drop(now, "healthCheckNodePort");
    }
    if kind(before) == "LoadBalancer" && kind(now) != "LoadBalancer" {
        drop(now, "allocateLoadBalancerNodePorts");
        drop(now, "loadBalancerClass");
    }
    if is_external(before) && !is_external(now) {
        drop(now, "externalTrafficPolicy");
    }
    if kind(now) != "LoadBalancer" {
        new.set("status", value!({"loadBalancer": {}}));
    }
}

fn needs_health_check(spec: &Value) -> bool {
    spec.get("type").text() == "LoadBalancer" && spec.get("externalTrafficPolicy").text() == "Local"
}

/// Whether traffic from outside reaches the service.
/// Upstream: pkg/api/service/util.go, ExternallyAccessible.
fn is_external(spec: &Value) -> bool {
    has_node_ports(spec)
        || (spec.get("type").text() == "ClusterIP" && !spec.get("externalIPs").is_empty())
}

const SPEC: Path<'static> = Path::new("spec");

/// Upstream: pkg/apis/core/validation/validation.go, ValidateServiceCreate.
fn validate(service: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(service, meta::Scope::Namespaced, names::dns_label, &mut faults);
    spec(service.get("spec"), &Value::Null, &mut faults);
    faults.causes
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateServiceUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    let (now, before) = (new.get("spec"), old.get("spec"));
    let external = |spec: &Value| spec.get("type").text() == "ExternalName";
    if !external(now) && !external(before) {
        changed_ips(now, before, &mut faults);
        changed_families(now, before, &mut faults);
    }
    let balanced = |spec: &Value| spec.get("type").text() == "LoadBalancer";
    if balanced(now)
        && balanced(before)
        && now.get("loadBalancerClass") != before.get("loadBalancerClass")
    {
        faults.invalid(
            SPEC.child("loadBalancerClass"),
            now.get("loadBalancerClass"),
            "may not change once set",
        );
    }
    if needs_health_check(now)
        && needs_health_check(before)
        && now.get("healthCheckNodePort") != before.get("healthCheckNodePort")
    {
        faults.forbidden(SPEC.child("healthCheckNodePort"), "field is immutable");
    }
    spec(now, before, &mut faults);
    faults.causes
}

fn is_headless(spec: &Value) -> bool {
    let ips = spec.get("clusterIPs").as_array();
    ips.len() == 1 && ips[0].text() == "None"
}

/// Upstream: validateUpgradeDowngradeClusterIPs.
fn changed_ips(now: &Value, before: &Value, faults: &mut Faults) {
    if is_headless(now) && is_headless(before) {
        return;
    }
    let (new, old) = (now.get("clusterIPs"), before.get("clusterIPs"));
    let path = SPEC.child("clusterIPs");
    let (count, known) = (new.as_array().len(), old.as_array().len());
    if count == known {
        for (at, ip) in old.as_array().iter().enumerate() {
            if new.index(at) != ip {
                faults.invalid(path.index(at), new, "may not change once set");
            }
        }
        return;
    }
    if known > count && count == 0 {
        faults.invalid(path.index(0), new, "primary clusterIP can not be unset");
    }
    if known > 0 && count > 0 && new.index(0) != old.index(0) {
        faults.invalid(path.index(0), new, "may not change once set");
    }
    if known > count && count == 1 && now.get("ipFamilyPolicy").text() != "SingleStack" {
        faults.invalid(
            SPEC.child("ipFamilyPolicy"),
            now.get("ipFamilyPolicy"),
            "must be set to 'SingleStack' when releasing the secondary clusterIP",
        );
    }
}

/// Upstream: validateUpgradeDowngradeIPFamilies.
fn changed_families(now: &Value, before: &Value, faults: &mut Faults) {
    if is_headless(now) || is_headless(before) {
        return;
    }
    let (new, old) = (now.get("ipFamilies"), before.get("ipFamilies"));
    let path = SPEC.child("ipFamilies");
    let shared = new.as_array().len().min(old.as_array().len());
    if new.as_array().len() == old.as_array().len() {
        for at in 0..shared {
            if new.index(at) != old.index(at) {
                faults.invalid(path.index(0), new, "may not change once set");
            }
        }
    } else if shared > 0 && new.index(0) != old.index(0) {
        faults.invalid(path.index(0), now.get("clusterIPs"), "may not change once set");
    }
}

const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

/// Upstream: validateService.
fn spec(spec: &Value, old: &Value, faults: &mut Faults) {
    let kind = spec.get("type").text();
    let headless = is_headless(spec);
    let list = SPEC.child("ports");
    let ports = spec.get("ports").as_array();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        faults.required(list, "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let path = SPEC.child("clusterIPs");
            let detail = format!("may not be set to 'None' for {kind} services");
            faults.invalid(path.index(0), &Value::from("None"), detail);
        }
        "ExternalName" => external_name(spec, faults),
        _ => {}
    }
    let mut seen = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        service_port(port, ports.len() > 1, &mut seen, list.index(at), faults);
    }
    meta::labels(spec.get("selector"), SPEC.child("selector"), faults);
    faults.one_of(
        SPEC.child("sessionAffinity"),
        spec.get("sessionAffinity"),
        &["ClientIP", "None"],
    );
    session_affinity(spec, faults);
    cluster_ips(spec, old, faults);
    let path = SPEC.child("externalIPs");
    for (at, ip) in spec.get("externalIPs").as_array().iter().enumerate() {
        let before = faults.causes.len();
        address::ip(ip, old.get("externalIPs"), path.index(at), faults);
        if faults.causes.len() == before {
            address::endpoint(ip, path.index(at), faults);
        }
    }
    faults.one_of(SPEC.child("type"), spec.get("type"), TYPES);
    if kind == "ClusterIP" {
        for (at, port) in ports.iter().enumerate() {
            if !port.get("nodePort").is_empty() {
                faults.forbidden(
                    list.index(at).child("nodePort"),
                    "may not be used when `type` is 'ClusterIP'",
                );
            }
        }
    }
    repeated_ports(ports, list, faults);
    load_balancer(spec, old, kind, faults);
    traffic_policies(spec, kind, faults);
}

fn external_name(spec: &Value, faults: &mut Faults) {
    for key in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !spec.get(key).is_empty() {
            faults.forbidden(SPEC.child(key), "may not be set for ExternalName services");
        }
    }
    let name = spec.get("externalName").text();
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        faults.required(SPEC.child("externalName"), "");
    } else {
        faults.all_invalid(SPEC.child("externalName"), name, names::dns_subdomain(name));
    }
}

fn service_port<'a>(
    port: &'a Value,
    needs_name: bool,
    seen: &mut Vec<&'a str>,
    path: Path<'_>,
    faults: &mut Faults,
) {
    let name = port.get("name").text();
    if needs_name && name.is_empty() {
        faults.required(path.child("name"), "");
    } else if !name.is_empty() {
        faults.all_invalid(path.child("name"), name, names::dns_label(name));
        if seen.contains(&name) {
            faults.duplicate(path.child("name"), port.get("name"));
        }
        seen.push(name);
    }
    let number = port.get("port").as_i64().unwrap_or(0);
    for wrong in names::port_number(number) {
        faults.invalid(path.child("port"), &Value::from(number), wrong);
    }
    faults.one_of(path.child("protocol"), port.get("protocol"), PROTOCOLS);
    pod::port(port.get("targetPort"), path.child("targetPort"), faults);
    if let Some(protocol) = port.get("appProtocol").as_str() {
        faults.all_invalid(path.child("appProtocol"), protocol, names::label_key(protocol));
    }
}

fn session_affinity(spec: &Value, faults: &mut Faults) {
    let path = SPEC.child("sessionAffinityConfig");
    let config = spec.get("sessionAffinityConfig");
    match spec.get("sessionAffinity").text() {
        "ClientIP" => {
            let client = path.child("clientIP");
            let timeout = config.at(&["clientIP", "timeoutSeconds"]);
            match timeout.as_i64() {
                None => faults.required(
                    client.child("timeoutSeconds"),
                    "when session affinity type is ClientIP",
                ),
                Some(n) if n <= 0 || n > 86400 => faults.invalid(
                    client.child("timeoutSeconds"),
                    timeout,
                    "must be greater than 0 and less than 86400",
                ),
                Some(_) => {}
            }
        }
        "None" if !config.is_null() => {
            faults.forbidden(path, "must not be set when session affinity is None");
        }
        _ => {}
    }
}

const FAMILIES: &[&str] = &["IPv4", "IPv6"];
const FAMILY_POLICIES: &[&str] = &["PreferDualStack", "RequireDualStack", "SingleStack"];

/// Upstream: ValidateServiceClusterIPsRelatedFields.
fn cluster_ips(spec: &Value, old: &Value, faults: &mut Faults) {
    if spec.get("type").text() == "ExternalName" {
        return;
    }
    let (one, all) = (spec.get("clusterIP").text(), spec.get("clusterIPs"));
    let ips = all.as_array();
    let path = SPEC.child("clusterIPs");
    if one.is_empty() {
        if !ips.is_empty() {
            faults.invalid(path, all, "must be empty when `clusterIP` is not specified");
        }
    } else if ips.is_empty() {
        faults.required(path, "");
    } else if ips[0].text() != one {
        faults.invalid(path, all, "first value must match `clusterIP`");
    }
    let list = SPEC.child("ipFamilies");
    let families = spec.get("ipFamilies").as_array();
    for (at, family) in families.iter().enumerate() {
        if !FAMILIES.contains(&family.text()) {
            faults.not_supported(list.index(at), family, FAMILIES);
        }
        if families[..at].contains(family) {
            faults.duplicate(list.index(at), family);
        }
    }
    let policy = spec.get("ipFamilyPolicy");
    if !policy.is_null() && !FAMILY_POLICIES.contains(&policy.text()) {
        faults.not_supported(SPEC.child("ipFamilyPolicy"), policy, FAMILY_POLICIES);
    }
    let mut bad = false;
    for (at, ip) in ips.iter().enumerate() {
        let before = faults.causes.len();
        if at == 0 && ip.text() == "None" {
            if ips.len() > 1 {
                faults.invalid(path, all, "'None' must be the first and only value");
            }
        } else {
            address::ip(ip, old.get("clusterIPs"), path.index(at), faults);
        }
        bad |= faults.causes.len() > before;
    }
    if ips.len() > 2 {
        faults.invalid(path, all, "may only hold up to 2 values");
    }
    if bad {
        return;
    }
    let six = |ip: &Value| address::is_v6(ip.text());
    if ips.len() > 1 && six(&ips[0]) == six(&ips[1]) {
        faults.invalid(path, all, "may specify no more than one IP for each IP family");
    }
    if !is_headless(spec) {
        for (at, (ip, family)) in ips.iter().zip(families).enumerate() {
            let expected = if six(ip) { "IPv6" } else { "IPv4" };
            if FAMILIES.contains(&family.text()) && family.text() != expected {
                let detail = format!(
                    "expected an {} value as indicated by `ipFamilies[{at}]`",
                    family.text()
                );
                faults.invalid(path.index(at), ip, detail);
            }
        }
    }
}

fn repeated_ports(ports: &[Value], list: Path<'_>, faults: &mut Faults) {
    for (at, port) in ports.iter().enumerate() {
        let same = |other: &&Value, key: &str| {
            other.get("protocol") == port.get("protocol") && other.get(key) == port.get(key)
        };
        let node = port.get("nodePort");
        if !node.is_empty() && ports[..at].iter().any(|p| same(&p, "nodePort")) {
            faults.duplicate(list.index(at).child("nodePort"), node);
        }
    }
    for (at, port) in ports.iter().enumerate() {
        let same = |other: &Value| {
            other.get("protocol") == port.get("protocol") && other.get("port") == port.get("port")
        };
        if ports[..at].iter().any(same) {
            let printed = format!(
                "{{\"Name\":\"\",\"Protocol\":{:?},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                port.get("protocol").text(),
                port.get("port").to_json()
            );
            faults.duplicate(list.index(at), &Value::Null);
            if let Some(cause) = faults.causes.last_mut() {
                cause.value = printed;
            }
        }
    }
}

fn load_balancer(spec: &Value, old: &Value, kind: &str, faults: &mut Faults) {
    const ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
    let is_balancer = kind == "LoadBalancer";
    let ranges = spec.get("loadBalancerSourceRanges");
    let path = SPEC.child("LoadBalancerSourceRanges");
    if !ranges.is_empty() {
        if !is_balancer {
            faults.forbidden(path, ONLY);
        }
        for (at, range) in ranges.as_array().iter().enumerate() {
            let range = Value::from(range.text().trim());
            address::cidr(&range, old.get("loadBalancerSourceRanges"), path.index(at), faults);
        }
    }
    let allocate = spec.get("allocateLoadBalancerNodePorts");
    if !allocate.is_null() && !is_balancer {
        faults.forbidden(SPEC.child("allocateLoadBalancerNodePorts"), ONLY);
    }
    if allocate.is_null() && is_balancer {
        faults.required(Path::new("allocateLoadBalancerNodePorts"), "");
    }
    if let Some(class) = spec.get("loadBalancerClass").as_str() {
        let path = SPEC.child("loadBalancerClass");
        if is_balancer {
            faults.all_invalid(path, class, names::label_key(class));
        } else {
            faults.forbidden(path, ONLY);
        }
    }
}

const DISTRIBUTIONS: &[&str] = &["PreferClose", "PreferSameZone", "PreferSameNode"];

fn traffic_policies(spec: &Value, kind: &str, faults: &mut Faults) {
    let policies = &["Cluster", "Local"];
    let external = spec.get("externalTrafficPolicy");
    let path = SPEC.child("externalTrafficPolicy");
    if is_external(spec) {
        faults.one_of(path, external, policies);
    } else if !external.is_empty() {
        faults.invalid(path, external, "may only be set for externally-accessible services");
    }
    let port = spec.get("healthCheckNodePort");
    let path = SPEC.child("healthCheckNodePort");
    if !needs_health_check(spec) {
        if !port.is_empty() {
            faults.invalid(path, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }
    } else if port.is_empty() {
        faults.required(path, "");
    } else {
        for wrong in names::port_number(port.as_i64().unwrap_or(0)) {
            faults.invalid(path, port, wrong);
        }
    }
    let inner = spec.get("internalTrafficPolicy");
    let path = SPEC.child("internalTrafficPolicy");
    if inner.is_null() {
        if ["NodePort", "LoadBalancer", "ClusterIP"].contains(&kind) {
            faults.required(path, "");
        }
    } else if !policies.contains(&inner.text()) {
        faults.not_supported(path, inner, policies);
    }
    let distribution = spec.get("trafficDistribution");
    if !distribution.is_null() && !DISTRIBUTIONS.contains(&distribution.text()) {
        faults.not_supported(SPEC.child("trafficDistribution"), distribution, DISTRIBUTIONS);
    }
}

fn warnings(service: &Value, _old: Option<&Value>) -> Vec<String> {
    warnings::service(service)
}
