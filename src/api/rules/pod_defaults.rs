//! Defaults of pods and of the templates that make them.
//!
//! Upstream: pkg/apis/core/v1/defaults.go and zz_generated.defaults.go (SetObjectDefaults_Pod).

use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::value;

/// Runs `change` on every element of the list under `key`; an absent list stays absent.
pub(crate) fn each(parent: &mut Value, key: &str, mut change: impl FnMut(&mut Value)) {
    if !parent.get(key).as_array().is_empty() {
        parent.entry(key).make_array().iter_mut().for_each(&mut change);
    }
}

/// Runs `change` on the object under `key`, when there is one.
pub(crate) fn within(parent: &mut Value, key: &str, change: impl FnOnce(&mut Value)) {
    if parent.get(key).as_map().is_some() {
        change(parent.entry(key));
    }
}

/// Sets `key` when it is absent or what Go counts as empty.
pub(crate) fn default_empty(parent: &mut Value, key: &str, default: impl Into<Value>) {
    if parent.get(key).is_empty() {
        parent.set(key, default);
    }
}

/// Defaults of a pod: those of its spec and a few that templates do not get.
pub fn pod(pod: &mut Value) {
    let spec = pod.entry("spec");
    for list in ["containers", "initContainers"] {
        each(spec, list, requests_from_limits);
    }
    pod_requests(spec);
    spec.default_to("enableServiceLinks", true);
    if spec.get("hostNetwork").is_true() {
        for list in ["containers", "initContainers"] {
            each(spec, list, |c| each(c, "ports", host_port));
        }
    }
    pod_spec(spec);
}

/// Defaults of a template of pods.
pub fn pod_template(template: &mut Value) {
    pod_spec(template.entry("spec"));
}

fn requests_from_limits(container: &mut Value) {
    let limits = container.at(&["resources", "limits"]).clone();
    for (name, amount) in limits.entries() {
        container.entry_at(&["resources", "requests"]).default_to(name, amount);
    }
}

/// Requests of the pod as a whole, where it has limits as a whole. Upstream: defaultPodRequests.
/// Simplified: the sum runs over the containers and the largest init container; sidecars count as init containers.
fn pod_requests(spec: &mut Value) {
    let limits = spec.at(&["resources", "limits"]).clone();
    for (name, limit) in limits.entries() {
        let asked = |c: &Value| {
            let amount = c.at(&["resources", "requests"]).get(name);
            (!amount.is_null()).then(|| Quantity::parse(amount.text()).unwrap_or_default())
        };
        let running =
            spec.get("containers").as_array().iter().filter_map(asked).reduce(|a, b| a + b);
        let before = spec.get("initContainers").as_array().iter().filter_map(asked).max();
        let request =
            running.into_iter().chain(before).max().map_or_else(|| limit.clone(), Value::from);
        spec.entry_at(&["resources", "requests"]).default_to(name, request);
    }
}

fn host_port(port: &mut Value) {
    let number = port.get("containerPort").clone();
    default_empty(port, "hostPort", number);
}

/// Defaults of a pod's spec. Upstream: SetDefaults_PodSpec.
pub fn pod_spec(spec: &mut Value) {
    default_empty(spec, "dnsPolicy", "ClusterFirst");
    default_empty(spec, "restartPolicy", "Always");
    spec.default_to("securityContext", Value::map());
    spec.default_to("terminationGracePeriodSeconds", 30);
    default_empty(spec, "schedulerName", "default-scheduler");
    same_service_account(spec);
    each(spec, "volumes", volume);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, container);
    }
    resource_list(spec, "overhead");
    within(spec, "resources", resources);
}

/// The deprecated name of the account follows the current one.
/// Upstream: pkg/apis/core/v1/conversion.go, Convert_core_PodSpec_To_v1_PodSpec.
fn same_service_account(spec: &mut Value) {
    if spec.get("serviceAccountName").is_empty() {
        let old = spec.get("serviceAccount").clone();
        if !old.is_empty() {
            spec.set("serviceAccountName", old);
        }
    }
    let name = spec.get("serviceAccountName").clone();
    if name.is_empty() {
        spec.remove("serviceAccount");
    } else {
        spec.set("serviceAccount", name);
    }
}

/// Defaults of a container. Upstream: SetDefaults_Container.
fn container(container: &mut Value) {
    if container.get("imagePullPolicy").is_empty() {
        let policy = pull_policy(container.get("image").text());
        container.set("imagePullPolicy", policy);
    }
    default_empty(container, "terminationMessagePath", "/dev/termination-log");
    default_empty(container, "terminationMessagePolicy", "File");
    each(container, "ports", |port| default_empty(port, "protocol", "TCP"));
    each(container, "env", |variable| {
        within(variable, "valueFrom", |from| {
            within(from, "fieldRef", field_ref);
            within(from, "fileKeyRef", |file| file.default_to("optional", false));
        });
    });
    container.default_to("resources", Value::map());
    within(container, "resources", resources);
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        within(container, kind, probe);
    }
    within(container, "lifecycle", |lifecycle| {
        for hook in ["postStart", "preStop"] {
            within(lifecycle, hook, |hook| within(hook, "httpGet", http_get));
        }
    });
}

/// `Always` for the tag `latest` (also when none is given), else `IfNotPresent`.
/// Upstream: pkg/util/parsers/parsers.go, ParseImageName.
fn pull_policy(image: &str) -> &'static str {
    let (rest, digest) = match image.split_once('@') {
        Some((rest, _)) => (rest, true),
        None => (image, false),
    };
    let name = rest.rsplit('/').next().unwrap_or(rest);
    let tag = name.split_once(':').map(|(_, tag)| tag);
    match tag {
        Some("latest") => "Always",
        None if !digest && !image.is_empty() && names_an_image(image) => "Always",
        _ => "IfNotPresent",
    }
}

/// Whether the text can be read as an image's name; one that cannot has no tag.
fn names_an_image(image: &str) -> bool {
    image.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b))
        && !image.rsplit('/').next().unwrap_or("").bytes().any(|b| b.is_ascii_uppercase())
}

fn probe(probe: &mut Value) {
    for (key, default) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        default_empty(probe, key, default);
    }
    within(probe, "httpGet", http_get);
    within(probe, "grpc", |grpc| grpc.default_to("service", ""));
}

fn http_get(action: &mut Value) {
    default_empty(action, "path", "/");
    default_empty(action, "scheme", "HTTP");
}

fn field_ref(field: &mut Value) {
    default_empty(field, "apiVersion", "v1");
}

/// Rounds limits and requests up to thousandths.
pub(crate) fn resources(resources: &mut Value) {
    resource_list(resources, "limits");
    resource_list(resources, "requests");
}

/// Rounds amounts up to thousandths. Upstream: SetDefaults_ResourceList.
pub(crate) fn resource_list(parent: &mut Value, key: &str) {
    let list = parent.get(key).clone();
    for (name, amount) in list.entries() {
        let Ok(quantity) = Quantity::parse(amount.text()) else { continue };
        if quantity != Quantity::milli(quantity.milli_value()) && quantity.milli_value() != i64::MAX
        {
            parent.entry(key).set(name, Quantity::milli(quantity.milli_value()));
        }
    }
}

const SOURCE_FREE: &[&str] = &["name"];

/// Defaults of a volume. Upstream: SetDefaults_Volume and its like for each source.
fn volume(volume: &mut Value) {
    if volume.entries().all(|(key, value)| SOURCE_FREE.contains(&key.as_str()) || value.is_null()) {
        volume.set("emptyDir", Value::map());
    }
    within(volume, "image", |image| {
        if image.get("pullPolicy").is_empty() {
            let policy = pull_policy(image.get("reference").text());
            image.set("pullPolicy", policy);
        }
    });
    within(volume, "hostPath", |path| path.default_to("type", ""));
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        within(volume, source, |source| source.default_to("defaultMode", 0o644));
    }
    within(volume, "downwardAPI", downward_items);
    within(volume, "projected", |projected| {
        each(projected, "sources", |source| {
            within(source, "downwardAPI", downward_items);
            within(source, "serviceAccountToken", |t| t.default_to("expirationSeconds", 3600));
        });
    });
    within(volume, "iscsi", |iscsi| default_empty(iscsi, "iscsiInterface", "default"));
    within(volume, "rbd", |rbd| {
        default_empty(rbd, "pool", "rbd");
        default_empty(rbd, "user", "admin");
        default_empty(rbd, "keyring", "/etc/ceph/keyring");
    });
    within(volume, "azureDisk", |disk| {
        disk.default_to("cachingMode", "ReadWrite");
        disk.default_to("fsType", "ext4");
        disk.default_to("readOnly", false);
        disk.default_to("kind", "Shared");
    });
    within(volume, "scaleIO", |io| {
        default_empty(io, "storageMode", "ThinProvisioned");
        default_empty(io, "fsType", "xfs");
    });
    within(volume, "ephemeral", |ephemeral| {
        within(ephemeral, "volumeClaimTemplate", |template| claim_spec(template.entry("spec")));
    });
}

fn downward_items(source: &mut Value) {
    each(source, "items", |item| within(item, "fieldRef", field_ref));
}

/// Defaults of a claim's spec. Upstream: SetDefaults_PersistentVolumeClaimSpec.
pub fn claim_spec(spec: &mut Value) {
    spec.default_to("volumeMode", "Filesystem");
    spec.default_to("resources", value!({}));
    within(spec, "resources", resources);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_policies_follow_the_tag() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.2", "IfNotPresent"),
            ("host:5000/nginx", "Always"),
            ("host:5000/a/nginx:2", "IfNotPresent"),
            ("nginx@sha256:00", "IfNotPresent"),
            ("NGINX", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
