//! What the API server accepts but warns of.
//!
//! Upstream: pkg/api/{pod,persistentvolumeclaim,persistentvolume,service,node}/*.go, GetWarningsFor….

use crate::base::ordered::OrdMap;

use crate::api::rules::faults::Path;
use crate::api::rules::resources::quantity;
use crate::base::value::Value;

const OLD_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    (
        "scheduler.alpha.kubernetes.io/preferAvoidPods",
        "deprecated since v1.22; use Taints and Tolerations instead",
    ),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

const OLD_VOLUMES: &[(&str, &str, &str)] = &[
    (
        "photonPersistentDisk",
        "photonPersistentDisk",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

fn old_label(key: &str) -> Option<&'static str> {
    OLD_LABELS.iter().find(|(label, _)| *label == key).map(|(_, message)| *message)
}

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Warnings about a pod's spec; `path` leads to the spec. Upstream: warningsForPodSpecAndMeta.
pub fn pod_spec(spec: &Value, path: Path<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let own = path.child("nodeSelector");
    for (key, _) in spec.get("nodeSelector").entries() {
        if let Some(message) = old_label(key) {
            warnings.push(format!("{}: {message}", own.key(key)));
        }
    }
    spread(spec, path, &mut warnings);
    volumes(spec, path, &mut warnings);
    let mut ports: Vec<(String, &Value)> = Vec::new();
    let mut port_names: OrdMap<&str, String> = OrdMap::new();
    for key in CONTAINERS {
        let list = path.child(key);
        for (at, one) in spec.get(key).as_array().iter().enumerate() {
            container(one, list.index(at), &mut warnings);
        }
    }
    for key in CONTAINERS {
        let list = path.child(key);
        for (at, one) in spec.get(key).as_array().iter().enumerate() {
            let own = list.index(at);
            let own = own.child("ports");
            for (at, port) in one.get("ports").as_array().iter().enumerate() {
                repeated_port(own.index(at).to_string(), port, &mut ports, &mut warnings);
            }
        }
    }
    for (place, port) in &ports {
        let name = port.get("name").text();
        if name.is_empty() {
            continue;
        }
        match port_names.get(name) {
            Some(other) => warnings.push(format!("{place}: duplicate port name {name:?} with {other}, services and probes that select ports by name will use {other}")),
            None => {
                port_names.insert(name, place.clone());
            }
        }
    }
    if spec.get("terminationGracePeriodSeconds").as_i64().is_some_and(|s| s < 0) {
        warnings.push(format!(
            "{}: must be >= 0; negative values are invalid and will be treated as 1",
            path.child("terminationGracePeriodSeconds")
        ));
    }
    affinity(spec, path, &mut warnings);
    warnings
}

fn spread(spec: &Value, path: Path<'_>, warnings: &mut Vec<String>) {
    let list = path.child("topologySpreadConstraints");
    for (at, one) in spec.get("topologySpreadConstraints").as_array().iter().enumerate() {
        let own = list.index(at);
        let key = one.get("topologyKey").text();
        if let Some(message) = old_label(key) {
            warnings.push(format!("{}: {key} is {message}", own.child("topologyKey")));
        }
        if one.get("labelSelector").is_null() {
            warnings.push(format!("{}: {NO_SELECTOR}", own.child("labelSelector")));
        }
    }
}

const NO_SELECTOR: &str = "a null labelSelector results in matching no pod";

fn volumes(spec: &Value, path: Path<'_>, warnings: &mut Vec<String>) {
    let list = path.child("volumes");
    for (at, volume) in spec.get("volumes").as_array().iter().enumerate() {
        let own = list.index(at);
        for (key, shown, message) in OLD_VOLUMES {
            if !volume.get(key).is_null() {
                warnings.push(format!("{}: {message}", own.child(shown)));
            }
        }
    }
    let list = path.child("imagePullSecrets");
    let secrets = spec.get("imagePullSecrets").as_array();
    for (at, secret) in secrets.iter().enumerate() {
        if secrets[..at].contains(secret) {
            let own = list.index(at);
            let name = secret.get("name").text();
            warnings.push(format!("{}: duplicate name {name:?}", own.child("name")));
        }
    }
}

fn fractional(list: &Value, path: Path<'_>, warnings: &mut Vec<String>) {
    for name in ["memory", "ephemeral-storage"] {
        let amount = list.get(name);
        if quantity(amount).milli_value() % 1000 != 0 {
            warnings.push(format!(
                "{}: fractional byte value {:?} is invalid, must be an integer",
                path.key(name),
                amount.text()
            ));
        }
    }
}

fn container(one: &Value, path: Path<'_>, warnings: &mut Vec<String>) {
    let own = path.child("resources");
    for key in ["limits", "requests"] {
        fractional(one.at(&["resources", key]), own.child(key), warnings);
    }
    let env = one.get("env").as_array();
    let list = path.child("env");
    for (at, variable) in env.iter().enumerate() {
        let name = variable.get("name").text();
        let (value, reference) = (variable.get("value").text(), format!("$({name})"));
        let builds_on_it =
            variable.get("valueFrom").is_null() && value != reference && value.contains(&reference);
        if !builds_on_it && env[..at].iter().any(|other| other.get("name").text() == name) {
            warnings.push(format!(
                "{}: hides previous definition of {name:?}, which may be dropped when using apply",
                list.index(at)
            ));
        }
    }
}

fn repeated_port<'a>(
    place: String,
    port: &'a Value,
    known: &mut Vec<(String, &'a Value)>,
    warnings: &mut Vec<String>,
) {
    let same = |other: &Value, key: &str| other.get(key) == port.get(key);
    for (other_place, other) in known.iter() {
        if !same(other, "containerPort") || !same(other, "protocol") {
            continue;
        }
        let words = if same(other, "hostIP") && same(other, "hostPort") {
            "duplicate"
        } else if port.get("hostPort").is_empty() || other.get("hostPort").is_empty() {
            "overlapping"
        } else if same(other, "hostPort")
            && port.get("hostIP").is_empty() != other.get("hostIP").is_empty()
        {
            "dangerously ambiguous"
        } else {
            continue;
        };
        warnings.push(format!("{place}: {words} port definition with {other_place}"));
    }
    known.push((place, port));
}

fn affinity(spec: &Value, path: Path<'_>, warnings: &mut Vec<String>) {
    let own = path.child("affinity");
    for kind in ["podAffinity", "podAntiAffinity"] {
        let rules = spec.at(&["affinity", kind]);
        let own = own.child(kind);
        let key = "requiredDuringSchedulingIgnoredDuringExecution";
        let list = own.child(key);
        for (at, term) in rules.get(key).as_array().iter().enumerate() {
            if term.get("labelSelector").is_null() {
                let term = list.index(at);
                warnings.push(format!("{}: {NO_SELECTOR}", term.child("labelSelector")));
            }
        }
        let key = "preferredDuringSchedulingIgnoredDuringExecution";
        let list = own.child(key);
        for (at, wish) in rules.get(key).as_array().iter().enumerate() {
            if wish.at(&["podAffinityTerm", "labelSelector"]).is_null() {
                let wish = list.index(at);
                let term = wish.child("podAffinityTerm");
                warnings.push(format!("{}: {NO_SELECTOR}", term.child("labelSelector")));
            }
        }
    }
}

/// Warnings about a claim's spec. Upstream: GetWarningsForPersistentVolumeClaimSpec.
pub fn claim_spec(spec: &Value, path: Path<'_>) -> Vec<String> {
    let storage = spec.at(&["resources", "requests", "storage"]);
    if quantity(storage).milli_value() % 1000 == 0 {
        return Vec::new();
    }
    let resources = path.child("resources");
    let requests = resources.child("requests");
    vec![format!(
        "{}: fractional byte value {:?} is invalid, must be an integer",
        requests.key("storage"),
        storage.text()
    )]
}

/// Warnings about a volume. Upstream: GetWarningsForPersistentVolume.
pub fn volume(volume: &Value) -> Vec<String> {
    let spec = Path::new("spec");
    let mut warnings = Vec::new();
    if volume.at(&["spec", "persistentVolumeReclaimPolicy"]).text() == "Recycle" {
        warnings.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".to_owned());
    }
    for (key, shown, message) in OLD_VOLUMES {
        if !volume.at(&["spec", key]).is_null() {
            warnings.push(format!("{}: {message}", spec.child(shown)));
        }
    }
    warnings
}

/// Warnings about a Service. Upstream: GetWarningsForService.
pub fn service(service: &Value) -> Vec<String> {
    let spec = service.get("spec");
    let mut warnings = Vec::new();
    let headless = spec.get("clusterIP").text() == "None";
    let external = spec.get("type").text() == "ExternalName";
    let ips = !spec.get("externalIPs").is_empty();
    if headless {
        if !spec.get("loadBalancerIP").is_empty() {
            warnings.push("spec.loadBalancerIP is ignored for headless services".to_owned());
        }
        if ips {
            warnings.push("spec.externalIPs is ignored for headless services".to_owned());
        }
        if spec.get("sessionAffinity").text() != "None" {
            warnings.push("spec.SessionAffinity is ignored for headless services".to_owned());
        }
    }
    if ips && !headless && !external {
        warnings.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
                .to_owned(),
        );
    }
    if ips && external {
        warnings.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if !external && !spec.get("externalName").is_empty() {
        warnings
            .push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if spec.get("trafficDistribution").text() == "PreferClose" {
        warnings.push(
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\""
                .to_owned(),
        );
    }
    warnings
}
