//! Checks of pods and of the templates that make them.
//!
//! Upstream: pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidatePodCreate, ValidatePodUpdate).
//! Simplified: Windows, AppArmor and resource claims are not checked.

use crate::base::ordered::OrdSet;

use crate::api::names;
use crate::api::rules::faults::{Faults, Path, same};
use crate::api::rules::resources::{self, quantity};
use crate::api::rules::volumes::{self, Sources};
use crate::api::rules::{address, internal, meta, scheduling};
use crate::base::quantity::Quantity;
use crate::base::value::Value;

const SPEC: Path<'static> = Path::new("spec");
const META: Path<'static> = Path::new("metadata");

/// What the checks of one pod's containers need to know of the pod.
struct Around<'a> {
    sources: Sources<'a>,
    grace_s: Option<i64>,
    restart_policy: &'a str,
    os: Option<&'a str>,
}

/// Checks a new pod. Upstream: ValidatePodCreate.
pub fn validate(pod: &Value, faults: &mut Faults) {
    metadata_and_spec(pod, faults);
    let spec = pod.get("spec");
    if !spec.get("ephemeralContainers").as_array().is_empty() {
        faults.forbidden(SPEC.child("ephemeralContainers"), "cannot be set on create");
    }
    if !spec.get("nodeName").is_empty() && !spec.get("schedulingGates").is_empty() {
        faults.forbidden(
            SPEC.child("nodeName"),
            "cannot be set until all schedulingGates have been cleared",
        );
    }
}

fn metadata_and_spec(pod: &Value, faults: &mut Faults) {
    meta::validate(pod, meta::Scope::Namespaced, names::dns_subdomain, faults);
    let spec = pod.get("spec");
    pod_annotations(pod.at(&["metadata", "annotations"]), spec, META.child("annotations"), faults);
    self::spec(spec, pod.at(&["metadata", "name"]).text(), SPEC, faults);
    if spec.get("serviceAccountName").is_empty() {
        let list = SPEC.child("volumes");
        for (at, volume) in spec.get("volumes").as_array().iter().enumerate() {
            let own = list.index(at);
            let projected = own.child("projected");
            let sources = projected.child("sources");
            for (at, source) in volume.at(&["projected", "sources"]).as_array().iter().enumerate() {
                if !source.get("serviceAccountToken").is_null() {
                    faults.forbidden(
                        sources.index(at).child("serviceAccountToken"),
                        "must not be specified when serviceAccountName is not set",
                    );
                }
            }
        }
    }
    for key in ["containers", "initContainers"] {
        let list = SPEC.child(key);
        for (at, container) in spec.get(key).as_array().iter().enumerate() {
            trimmed_image(container, list.index(at), faults);
        }
    }
}

fn trimmed_image(container: &Value, path: Path<'_>, faults: &mut Faults) {
    let image = container.get("image");
    if image.text().trim() != image.text() {
        faults.invalid(path.child("image"), image, "must not have leading or trailing whitespace");
    }
}

fn pod_annotations(annotations: &Value, spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let mirror = annotations.get("kubernetes.io/config.mirror");
    if !mirror.is_null() && spec.get("nodeName").is_empty() {
        faults.invalid(
            path.key("kubernetes.io/config.mirror"),
            mirror,
            "must set spec.nodeName if mirror pod annotation is set",
        );
    }
    let cost = annotations.get("controller.kubernetes.io/pod-deletion-cost");
    let good = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        text.parse::<i32>().is_ok()
            && (digits == "0" || !digits.starts_with('0'))
            && !text.starts_with('+')
    };
    if !cost.is_null() && !good(cost.text()) {
        faults.invalid(
            path.key("controller.kubernetes.io/pod-deletion-cost"),
            cost,
            "must be a 32bit integer",
        );
    }
}

/// Checks the template of a workload. Upstream: ValidatePodTemplateSpec.
pub fn template(template: &Value, path: Path<'_>, faults: &mut Faults) {
    let spec = template.get("spec");
    meta::labels(template.at(&["metadata", "labels"]), path.child("labels"), faults);
    let annotations = template.at(&["metadata", "annotations"]);
    meta::annotations(annotations, path.child("annotations"), faults);
    pod_annotations(annotations, spec, path.child("annotations"), faults);
    let own = path.child("spec");
    self::spec(spec, "", own, faults);
    if !spec.get("ephemeralContainers").as_array().is_empty() {
        faults.forbidden(
            own.child("ephemeralContainers"),
            "ephemeral containers not allowed in pod template",
        );
    }
}

/// Checks a pod's spec; `name` is "" for a template. Upstream: ValidatePodSpec.
pub fn spec(spec: &Value, name: &str, path: Path<'_>, faults: &mut Faults) {
    if spec.get("terminationGracePeriodSeconds").is_null() {
        faults.required(path.child("terminationGracePeriodSeconds"), "");
    }
    let sources = volumes::volumes(spec.get("volumes"), name, path.child("volumes"), faults);
    let around = Around {
        sources,
        grace_s: spec.get("terminationGracePeriodSeconds").as_i64(),
        restart_policy: spec.get("restartPolicy").text(),
        os: spec.at(&["os", "name"]).as_str(),
    };
    containers(spec, &around, path.child("containers"), faults);
    init_containers(spec, &around, path.child("initContainers"), faults);
    ephemeral_containers(spec, &around, path.child("ephemeralContainers"), faults);
    pod_resources(spec, path.child("resources"), faults);
    host_network_ports(spec, name, path, faults);
    faults.one_of(
        path.child("restartPolicy"),
        spec.get("restartPolicy"),
        &["Always", "OnFailure", "Never"],
    );
    faults.one_of(
        path.child("dnsPolicy"),
        spec.get("dnsPolicy"),
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    );
    meta::labels(spec.get("nodeSelector"), path.child("nodeSelector"), faults);
    pod_security_context(spec, path.child("securityContext"), faults);
    scheduling::affinity(spec.get("affinity"), path.child("affinity"), faults);
    dns_config(spec, path.child("dnsConfig"), faults);
    let list = path.child("readinessGates");
    for (at, gate) in spec.get("readinessGates").as_array().iter().enumerate() {
        let kind = gate.get("conditionType").text();
        faults.all_invalid(list.index(at).child("conditionType"), kind, names::label_key(kind));
    }
    scheduling_gates(spec, path.child("schedulingGates"), faults);
    scheduling::topology_spread(
        spec.get("topologySpreadConstraints"),
        path.child("topologySpreadConstraints"),
        faults,
    );
    hostname_override(spec, path.child("hostnameOverride"), faults);
    names_in_spec(spec, path, faults);
    scheduling::tolerations(spec.get("tolerations"), path.child("tolerations"), faults);
    host_aliases(spec, path.child("hostAliases"), faults);
    let class = spec.get("priorityClassName").text();
    if !class.is_empty() {
        faults.all_invalid(path.child("priorityClassName"), class, names::dns_subdomain(class));
    }
    if let Some(class) = spec.get("runtimeClassName").as_str() {
        faults.all_invalid(path.child("runtimeClassName"), class, names::dns_subdomain(class));
    }
    if !spec.get("preemptionPolicy").is_null() {
        faults.one_of(
            path.child("preemptionPolicy"),
            spec.get("preemptionPolicy"),
            &["PreemptLowerPriority", "Never"],
        );
    }
    if !spec.get("os").is_null() {
        faults.one_of(
            path.child("os").child("name"),
            spec.at(&["os", "name"]),
            &["linux", "windows"],
        );
    }
    file_keys(spec, path, faults);
}

fn names_in_spec(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let rules: [(&str, meta::NameRule); 2] =
        [("serviceAccountName", names::dns_subdomain), ("nodeName", names::dns_subdomain)];
    for (key, rule) in rules {
        let text = spec.get(key).text();
        if !text.is_empty() {
            faults.all_invalid(path.child(key), text, rule(text));
        }
    }
    let deadline = spec.get("activeDeadlineSeconds");
    if deadline.as_i64().is_some_and(|s| s < 1 || s > i64::from(i32::MAX)) {
        let range = names::range(1, i64::from(i32::MAX));
        faults.invalid(path.child("activeDeadlineSeconds"), deadline, range);
    }
    for key in ["hostname", "subdomain"] {
        let text = spec.get(key).text();
        if !text.is_empty() {
            faults.all_invalid(path.child(key), text, names::dns_label(text));
        }
    }
}

fn containers(spec: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let list = spec.get("containers").as_array();
    if list.is_empty() {
        faults.required(path, "");
        return;
    }
    let mut seen = OrdSet::new();
    for (at, one) in list.iter().enumerate() {
        let path = path.index(at);
        container(one, around, path, faults);
        if !seen.insert(one.get("name").text()) {
            faults.duplicate(path.child("name"), &Value::from(one.get("name").text()));
        }
        lifecycle(one, around, path.child("lifecycle"), faults);
        probes(one, around.grace_s, path, faults);
        restart_policy(one, path, faults);
    }
    let mut ports = OrdSet::new();
    host_ports(list, &mut ports, path, faults);
}

fn host_ports(list: &[Value], taken: &mut OrdSet<String>, path: Path<'_>, faults: &mut Faults) {
    for (at, one) in list.iter().enumerate() {
        let own = path.index(at);
        let ports = own.child("ports");
        for (at, port) in one.get("ports").as_array().iter().enumerate() {
            let number = port.get("hostPort").as_i64().unwrap_or(0);
            if number == 0 {
                continue;
            }
            let (protocol, ip) = (port.get("protocol").text(), port.get("hostIP").text());
            let key = format!("{protocol}/{ip}/{number}");
            if taken.contains(&key) {
                faults.duplicate(ports.index(at).child("hostPort"), &Value::from(key.as_str()));
            }
            taken.insert(key);
        }
    }
}

const NOT_FOR_INIT: &str = "may not be set for init containers without restartPolicy=Always";

fn init_containers(spec: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let mut seen: OrdSet<&str> =
        spec.get("containers").as_array().iter().map(|c| c.get("name").text()).collect();
    for (at, one) in spec.get("initContainers").as_array().iter().enumerate() {
        let own = path.index(at);
        container(one, around, own, faults);
        restart_policy(one, own, faults);
        let name = one.get("name").text();
        if seen.contains(name) {
            faults.duplicate(own.child("name"), &Value::from(name));
        } else if !name.is_empty() {
            seen.insert(name);
        }
        host_ports(std::slice::from_ref(one), &mut OrdSet::new(), path, faults);
        if one.get("restartPolicy").text() == "Always" {
            lifecycle(one, around, own.child("lifecycle"), faults);
            probes(one, around.grace_s, own, faults);
        } else {
            for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                if !one.get(key).is_null() {
                    faults.forbidden(own.child(key), NOT_FOR_INIT);
                }
            }
        }
    }
}

const NOT_FOR_EPHEMERAL: &[&str] = &[
    "ports",
    "resources",
    "volumeDevices",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

fn ephemeral_containers(spec: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let others: OrdSet<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|key| spec.get(key).as_array())
        .map(|c| c.get("name").text())
        .collect();
    let mut seen = others.clone();
    for (at, one) in spec.get("ephemeralContainers").as_array().iter().enumerate() {
        let own = path.index(at);
        container(one, around, own, faults);
        trimmed_image(one, own, faults);
        if !seen.insert(one.get("name").text()) {
            faults.duplicate(own.child("name"), one.get("name"));
        }
        let target = one.get("targetContainerName");
        if !target.is_empty() && !others.contains(target.text()) {
            faults.not_found(own.child("targetContainerName"), target);
        }
        for key in NOT_FOR_EPHEMERAL {
            if !one.get(key).is_empty() {
                faults.forbidden(own.child(key), "cannot be set for an Ephemeral Container");
            }
        }
        let mounts = own.child("volumeMounts");
        for (at, mount) in one.get("volumeMounts").as_array().iter().enumerate() {
            for key in ["subPath", "subPathExpr"] {
                if !mount.get(key).is_empty() {
                    faults.forbidden(
                        mounts.index(at).child(key),
                        "cannot be set for an Ephemeral Container",
                    );
                }
            }
        }
    }
}

/// Checks a container of any sort. Upstream: validateContainerCommon.
fn container(one: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let name = one.get("name").text();
    if name.is_empty() {
        faults.required(path.child("name"), "");
    } else {
        faults.all_invalid(path.child("name"), name, names::dns_label(name));
    }
    if one.get("image").text().is_empty() {
        faults.required(path.child("image"), "");
    }
    faults.one_of(
        path.child("terminationMessagePolicy"),
        one.get("terminationMessagePolicy"),
        &["File", "FallbackToLogsOnError"],
    );
    container_ports(one, path.child("ports"), faults);
    env(one, path.child("env"), faults);
    env_from(one, path.child("envFrom"), faults);
    volume_mounts(one, around, path.child("volumeMounts"), faults);
    volume_devices(one, around, path.child("volumeDevices"), faults);
    faults.one_of(
        path.child("imagePullPolicy"),
        one.get("imagePullPolicy"),
        &["Always", "IfNotPresent", "Never"],
    );
    resources::container(one.get("resources"), path.child("resources"), faults);
    resize_policy(one, around, path.child("resizePolicy"), faults);
    security_context(one.get("securityContext"), path.child("securityContext"), faults);
}

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

fn container_ports(one: &Value, path: Path<'_>, faults: &mut Faults) {
    let mut seen = OrdSet::new();
    for (at, port) in one.get("ports").as_array().iter().enumerate() {
        let path = path.index(at);
        let name = port.get("name").text();
        if !name.is_empty() {
            let wrong = names::port_name(name);
            if wrong.is_empty() && !seen.insert(name) {
                faults.duplicate(path.child("name"), port.get("name"));
            }
            faults.all_invalid(path.child("name"), name, wrong);
        }
        let number = port.get("containerPort").as_i64().unwrap_or(0);
        if number == 0 {
            faults.required(path.child("containerPort"), "");
        }
        for key in ["containerPort", "hostPort"] {
            let number = port.get(key).as_i64().unwrap_or(0);
            if number != 0 {
                for wrong in names::port_number(number) {
                    faults.invalid(path.child(key), port.get(key), wrong);
                }
            }
        }
        faults.one_of(path.child("protocol"), port.get("protocol"), PROTOCOLS);
    }
}

const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

fn env(one: &Value, path: Path<'_>, faults: &mut Faults) {
    for (at, variable) in one.get("env").as_array().iter().enumerate() {
        let path = path.index(at);
        let name = variable.get("name").text();
        if name.is_empty() {
            faults.required(path.child("name"), "");
        } else {
            faults.all_invalid(path.child("name"), name, names::relaxed_env_name(name));
        }
        let from = variable.get("valueFrom");
        if !from.is_null() {
            let empty = variable.get("value").is_empty();
            value_from(from, empty, path.child("valueFrom"), faults);
        }
    }
}

fn value_from(from: &Value, no_value: bool, path: Path<'_>, faults: &mut Faults) {
    let mut sources = 0;
    for key in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        let source = from.get(key);
        if source.is_null() {
            continue;
        }
        sources += 1;
        let own = path.child(key);
        match key {
            "fieldRef" => volumes::field_ref(source, ENV_FIELDS, own, faults),
            "resourceFieldRef" => volumes::resource_field_ref(source, false, own, faults),
            "fileKeyRef" => file_key(source, own, faults),
            _ => key_ref(source, own, faults),
        }
    }
    let nothing = Value::from("");
    if sources == 0 {
        faults.invalid(path, &nothing, "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
    } else if !no_value {
        faults.invalid(path, &nothing, "may not be specified when `value` is not empty");
    } else if sources > 1 {
        faults.invalid(path, &nothing, "may not have more than one field specified at a time");
    }
}

fn key_ref(source: &Value, path: Path<'_>, faults: &mut Faults) {
    let name = source.get("name").text();
    faults.all_invalid(path.child("name"), name, names::dns_subdomain(name));
    let key = source.get("key").text();
    if key.is_empty() {
        faults.required(path.child("key"), "");
    } else {
        faults.all_invalid(path.child("key"), key, names::config_key(key));
    }
}

fn file_key(source: &Value, path: Path<'_>, faults: &mut Faults) {
    let rules: [(&str, meta::NameRule); 2] =
        [("key", names::relaxed_env_name), ("volumeName", names::dns_label)];
    for (field, rule) in rules {
        let text = source.get(field).text();
        if text.is_empty() {
            faults.required(path.child(field), "");
        } else {
            faults.all_invalid(path.child(field), text, rule(text));
        }
    }
    if source.get("path").text().is_empty() {
        faults.required(path.child("path"), "");
    } else {
        volumes::no_backsteps(source.get("path"), path.child("path"), faults);
    }
}

fn env_from(one: &Value, path: Path<'_>, faults: &mut Faults) {
    for (at, source) in one.get("envFrom").as_array().iter().enumerate() {
        let own = path.index(at);
        let prefix = source.get("prefix").text();
        if !prefix.is_empty() {
            faults.all_invalid(own.child("prefix"), prefix, names::relaxed_env_name(prefix));
        }
        let mut sources = 0;
        for key in ["configMapRef", "secretRef"] {
            if source.get(key).is_null() {
                continue;
            }
            sources += 1;
            let reference = own.child(key);
            let name = source.at(&[key, "name"]).text();
            if name.is_empty() {
                faults.required(reference.child("name"), "");
            } else {
                let masked = names::mask_trailing_dash(name);
                faults.all_invalid(reference.child("name"), name, names::dns_subdomain(&masked));
            }
        }
        let nothing = Value::from("");
        match sources {
            0 => {
                faults.invalid(
                    path,
                    &nothing,
                    "must specify one of: `configMapRef` or `secretRef`",
                );
            }
            1 => {}
            _ => faults.invalid(
                path,
                &nothing,
                "may not have more than one field specified at a time",
            ),
        }
    }
}

fn volume_mounts(one: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let devices = one.get("volumeDevices").as_array();
    let mut taken = OrdSet::new();
    for (at, mount) in one.get("volumeMounts").as_array().iter().enumerate() {
        let own = path.index(at);
        let name = Value::from(mount.get("name").text());
        let place = Value::from(mount.get("mountPath").text());
        if name.is_empty() {
            faults.required(own.child("name"), "");
        }
        if !around.sources.contains_key(name.text()) {
            faults.not_found(own.child("name"), &name);
        }
        if place.is_empty() {
            faults.required(own.child("mountPath"), "");
        }
        if !taken.insert(mount.get("mountPath").text()) {
            faults.invalid(own.child("mountPath"), &place, "must be unique");
        }
        if devices.iter().any(|d| d.get("name") == &name) {
            faults.invalid(own.child("name"), &name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|d| d.get("devicePath") == &place) {
            faults.invalid(
                own.child("mountPath"),
                &place,
                "must not already exist as a path in volumeDevices",
            );
        }
        let (sub, expression) = (mount.get("subPath"), mount.get("subPathExpr"));
        if !sub.is_empty() {
            volumes::descending(sub, path.child("subPath"), faults);
        }
        if !expression.is_empty() {
            if !sub.is_empty() {
                faults.invalid(
                    own.child("subPathExpr"),
                    expression,
                    "subPathExpr and subPath are mutually exclusive",
                );
            }
            volumes::descending(expression, path.child("subPathExpr"), faults);
        }
        propagation(mount, one, path, faults);
    }
}

fn propagation(mount: &Value, one: &Value, path: Path<'_>, faults: &mut Faults) {
    let mode = mount.get("mountPropagation");
    let known = &["Bidirectional", "HostToContainer", "None"];
    let own = path.child("mountPropagation");
    if !mode.is_null() {
        if !known.contains(&mode.text()) {
            faults.not_supported(own, mode, known);
        }
        let privileged = one.at(&["securityContext", "privileged"]).is_true();
        if mode.text() == "Bidirectional" && !privileged {
            faults.forbidden(
                own,
                "Bidirectional mount propagation is available only to privileged containers",
            );
        }
    }
    let recursive = mount.get("recursiveReadOnly");
    let own = path.child("recursiveReadOnly");
    match recursive.as_str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.get("readOnly").is_true() {
                faults.forbidden(own, "may only be specified when readOnly is true");
            }
            if !mode.is_null() && mode.text() != "None" {
                faults.forbidden(
                    own,
                    "may only be specified when mountPropagation is None or not specified",
                );
            }
        }
        Some(_) => faults.not_supported(own, recursive, &["Disabled", "Enabled", "IfPossible"]),
    }
}

fn volume_devices(one: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let mounts = one.get("volumeMounts").as_array();
    let (mut names, mut paths) = (OrdSet::new(), OrdSet::new());
    for (at, device) in one.get("volumeDevices").as_array().iter().enumerate() {
        let own = path.index(at);
        let name = Value::from(device.get("name").text());
        let place = Value::from(device.get("devicePath").text());
        if name.is_empty() {
            faults.required(own.child("name"), "");
        }
        if !name.is_empty() && !names.insert(device.get("name").text()) {
            faults.invalid(own.child("name"), &name, "must be unique");
        }
        match around.sources.get(name.text()) {
            Some(volume) if !volumes::is_block_capable(volume) => faults.invalid(own.child("name"), &name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"),
            Some(_) => {}
            None => faults.not_found(own.child("name"), &name),
        }
        if place.is_empty() {
            faults.required(own.child("devicePath"), "");
        }
        if !paths.insert(device.get("devicePath").text()) {
            faults.invalid(own.child("devicePath"), &place, "must be unique");
        }
        if place.text().split('/').any(|part| part == "..") {
            faults.invalid(own.child("devicePath"), &place, "can not contain backsteps ('..')");
        }
        if mounts.iter().any(|m| m.get("name") == &name) {
            faults.invalid(own.child("name"), &name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|m| m.get("mountPath") == &place) {
            faults.invalid(
                own.child("devicePath"),
                &place,
                "must not already exist as a path in volumeMounts",
            );
        }
    }
}

fn resize_policy(one: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let mut seen = OrdSet::new();
    for (at, policy) in one.get("resizePolicy").as_array().iter().enumerate() {
        let name = policy.get("resourceName");
        if !seen.insert(name.text()) {
            faults.duplicate(path.index(at), name);
        }
        faults.one_of(path, name, &["cpu", "memory"]);
        let restart = policy.get("restartPolicy");
        faults.one_of(path, restart, &["NotRequired", "RestartContainer"]);
        if around.restart_policy == "Never" && restart.text() != "NotRequired" {
            faults.invalid(
                path,
                restart,
                "must be 'NotRequired' when pod `restartPolicy` is 'Never'",
            );
        }
    }
}

fn restart_policy(one: &Value, path: Path<'_>, faults: &mut Faults) {
    let policy = one.get("restartPolicy");
    let rules = one.get("restartPolicyRules").as_array();
    if policy.is_null() {
        if !rules.is_empty() {
            faults.required(
                path.child("restartPolicy"),
                "must specify restartPolicy when restart rules are used",
            );
        }
    } else if !["Always", "Never", "OnFailure"].contains(&policy.text()) {
        faults.not_supported(
            path.child("restartPolicy"),
            policy,
            &["Always", "Never", "OnFailure"],
        );
    }
    if rules.len() > 20 {
        faults.too_many(path.child("restartPolicyRules"), rules.len(), 20);
    }
    let list = path.child("restartPolicyRules");
    for (at, rule) in rules.iter().enumerate() {
        let own = list.index(at);
        let actions = &["Restart", "RestartAllContainers"];
        if !actions.contains(&rule.get("action").text()) {
            faults.not_supported(own.child("action"), rule.get("action"), actions);
        }
        if rule.get("exitCodes").is_null() {
            faults.required(own.child("exitCodes"), "must be specified");
        }
    }
}

fn probes(one: &Value, grace_s: Option<i64>, path: Path<'_>, faults: &mut Faults) {
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = one.get(key);
        if probe.is_null() {
            continue;
        }
        let path = path.child(key);
        handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], grace_s, path, faults);
        for field in [
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ] {
            faults.non_negative(path.child(field), probe.get(field));
        }
        let grace = probe.get("terminationGracePeriodSeconds");
        if grace.as_i64().is_some_and(|s| s <= 0) {
            faults.invalid(
                path.child("terminationGracePeriodSeconds"),
                grace,
                "must be greater than 0",
            );
        }
        if key == "readinessProbe" {
            if !grace.is_null() {
                faults.invalid(
                    path.child("terminationGracePeriodSeconds"),
                    grace,
                    "must not be set for readinessProbes",
                );
            }
        } else if probe.get("successThreshold").as_i64() != Some(1) {
            let threshold = probe.get("successThreshold").as_i64().unwrap_or(0);
            faults.invalid(path.child("successThreshold"), &Value::from(threshold), "must be 1");
        }
    }
}

fn lifecycle(one: &Value, around: &Around<'_>, path: Path<'_>, faults: &mut Faults) {
    let lifecycle = one.get("lifecycle");
    for hook in ["postStart", "preStop"] {
        if !lifecycle.get(hook).is_null() {
            let kinds = &["exec", "httpGet", "tcpSocket", "sleep"];
            handler(lifecycle.get(hook), kinds, around.grace_s, path.child(hook), faults);
        }
    }
    if !lifecycle.get("stopSignal").is_null() && around.os.is_none() {
        faults.forbidden(
            path.child("stopSignal"),
            "may not be set for containers with empty `spec.os.name`",
        );
    }
}

/// Checks what a probe or hook does. Upstream: validateHandler.
fn handler(
    action: &Value,
    kinds: &[&str],
    grace_s: Option<i64>,
    path: Path<'_>,
    faults: &mut Faults,
) {
    let mut found = false;
    for kind in kinds {
        let one = action.get(kind);
        if one.is_null() {
            continue;
        }
        let own = path.child(kind);
        if found {
            faults.forbidden(own, "may not specify more than 1 handler type");
            continue;
        }
        found = true;
        match *kind {
            "exec" if one.get("command").as_array().is_empty() => {
                faults.required(own.child("command"), "");
            }
            "httpGet" => http_get(one, own, faults),
            "tcpSocket" | "grpc" => port(one.get("port"), own.child("port"), faults),
            "sleep" => {
                let seconds = one.get("seconds").as_i64().unwrap_or(0);
                if let Some(grace) = grace_s
                    && !(0..=grace).contains(&seconds)
                {
                    let detail = format!(
                        "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                    );
                    faults.invalid(own, &Value::from(seconds), detail);
                }
            }
            _ => {}
        }
    }
    if !found {
        faults.required(path, "must specify a handler type");
    }
}

fn http_get(action: &Value, path: Path<'_>, faults: &mut Faults) {
    if action.get("path").text().is_empty() {
        faults.required(path.child("path"), "");
    }
    port(action.get("port"), path.child("port"), faults);
    let scheme = action.get("scheme");
    if !["HTTP", "HTTPS"].contains(&scheme.text()) {
        faults.not_supported(path.child("scheme"), scheme, &["HTTP", "HTTPS"]);
    }
    for header in action.get("httpHeaders").as_array() {
        let name = header.get("name").text();
        faults.all_invalid(path.child("httpHeaders"), name, names::http_header(name));
    }
}

/// Checks a port given by number or name. Upstream: ValidatePortNumOrName.
pub fn port(port: &Value, path: Path<'_>, faults: &mut Faults) {
    if let Some(name) = port.as_str() {
        faults.all_invalid(path, name, names::port_name(name));
    } else {
        let number = port.as_i64().unwrap_or(0);
        for wrong in names::port_number(number) {
            faults.invalid(path, &Value::from(number), wrong);
        }
    }
}

fn security_context(context: &Value, path: Path<'_>, faults: &mut Faults) {
    for key in ["runAsUser", "runAsGroup"] {
        user_id(context.get(key), path.child(key), faults);
    }
    seccomp(context.get("seccompProfile"), path.child("seccompProfile"), faults);
    let keeps = context.get("allowPrivilegeEscalation").as_bool() == Some(false);
    let wrong = |detail: &str, faults: &mut Faults| {
        let printed = internal::json("SecurityContext", context);
        faults.invalid_as(path, printed, detail);
    };
    if keeps && context.get("privileged").is_true() {
        wrong("cannot set `allowPrivilegeEscalation` to false and `privileged` to true", faults);
    }
    for capability in context.at(&["capabilities", "add"]).as_array() {
        if keeps && capability.text() == "CAP_SYS_ADMIN" {
            wrong(
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
                faults,
            );
        }
    }
}

fn user_id(id: &Value, path: Path<'_>, faults: &mut Faults) {
    if let Some(number) = id.as_i64() {
        for wrong in names::user_id(number) {
            faults.invalid(path, id, wrong);
        }
    }
}

fn seccomp(profile: &Value, path: Path<'_>, faults: &mut Faults) {
    if profile.is_null() {
        return;
    }
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    let known = &["Localhost", "RuntimeDefault", "Unconfined"];
    if kind.is_empty() {
        faults.required(path.child("type"), "type is required when seccompProfile is set");
    } else if !known.contains(&kind.text()) {
        faults.not_supported(path.child("type"), kind, known);
    }
    if kind.text() == "Localhost" {
        if file.is_null() {
            faults.required(
                path.child("localhostProfile"),
                "must be set when seccomp type is Localhost",
            );
        } else {
            volumes::descending(file, path.child("localhostProfile"), faults);
        }
    } else if !file.is_null() {
        faults.invalid_as(
            path.child("localhostProfile"),
            internal::json("SeccompProfile", profile),
            "can only be set when seccomp type is Localhost",
        );
    }
}

fn pod_security_context(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let context = spec.get("securityContext");
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        user_id(context.get(key), path.child(key), faults);
    }
    let groups = path.child("supplementalGroups");
    for (at, group) in context.get("supplementalGroups").as_array().iter().enumerate() {
        user_id(group, groups.index(at), faults);
    }
    let share = spec.get("shareProcessNamespace");
    if share.is_true() && spec.get("hostPID").is_true() {
        faults.invalid(
            path.child("shareProcessNamespace"),
            share,
            "ShareProcessNamespace and HostPID cannot both be enabled",
        );
    }
    let policy = context.get("fsGroupChangePolicy");
    if !policy.is_null() && !["Always", "OnRootMismatch"].contains(&policy.text()) {
        faults.not_supported(
            path.child("fsGroupChangePolicy"),
            policy,
            &["Always", "OnRootMismatch"],
        );
    }
    seccomp(context.get("seccompProfile"), path.child("seccompProfile"), faults);
    let policy = context.get("supplementalGroupsPolicy");
    if !policy.is_null() && !["Merge", "Strict"].contains(&policy.text()) {
        faults.not_supported(path.child("supplementalGroupsPolicy"), policy, &["Merge", "Strict"]);
    }
}

/// Checks what the pod as a whole asks for. Upstream: validatePodResources.
fn pod_resources(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let whole = spec.get("resources");
    if whole.is_null() {
        return;
    }
    resources::pod(whole, path, faults);
    let requests = path.child("requests");
    for (name, asked) in whole.get("requests").entries() {
        let sum = spec
            .get("containers")
            .as_array()
            .iter()
            .map(|c| quantity(c.at(&["resources", "requests"]).get(name)))
            .fold(Quantity::ZERO, |a, b| a + b);
        if sum > quantity(asked) {
            let detail =
                format!("must be greater than or equal to aggregate container requests of {sum}");
            faults.invalid(requests.key(name), asked, detail);
        }
    }
    let list = path.child("containers");
    for (at, one) in spec.get("containers").as_array().iter().enumerate() {
        for (name, limit) in one.at(&["resources", "limits"]).entries() {
            let max = whole.get("limits").get(name);
            if !max.is_null() && quantity(limit) > quantity(max) {
                let own = list.index(at);
                let own = own.key(name);
                let detail = format!("must be less than or equal to pod limits of {}", max.text());
                faults.invalid(own.child("limits"), limit, detail);
            }
        }
    }
}

fn host_network_ports(spec: &Value, name: &str, path: Path<'_>, faults: &mut Faults) {
    if !spec.get("hostNetwork").is_true() {
        return;
    }
    let list = path.child("containers");
    for (at, one) in spec.get("containers").as_array().iter().enumerate() {
        let own = list.index(at);
        let ports = own.child("ports");
        for (at, port) in one.get("ports").as_array().iter().enumerate() {
            let number = |key: &str| port.get(key).as_i64().unwrap_or(0);
            let (host, inner) = (number("hostPort"), number("containerPort"));
            if (!name.is_empty() || host != 0) && host != inner {
                faults.invalid(
                    ports.index(at).child("hostPort"),
                    &Value::from(host),
                    "must match `containerPort` when `hostNetwork` is true",
                );
            }
        }
    }
}

fn dns_config(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let config = spec.get("dnsConfig");
    let servers = config.get("nameservers");
    if spec.get("dnsPolicy").text() == "None" {
        if config.is_null() {
            faults.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        }
        if servers.as_array().is_empty() {
            faults.required(
                path.child("nameservers"),
                "must provide at least one DNS nameserver when `dnsPolicy` is None",
            );
            return;
        }
    }
    if servers.as_array().len() > 3 {
        faults.invalid(path.child("nameservers"), servers, "must not have more than 3 nameservers");
    }
    let list = path.child("nameservers");
    for (at, server) in servers.as_array().iter().enumerate() {
        address::ip(server, &Value::Null, list.index(at), faults);
    }
    let searches = config.get("searches");
    if searches.as_array().len() > 32 {
        faults.invalid(path.child("searches"), searches, "must not have more than 32 search paths");
    }
    let list = path.child("options");
    for (at, option) in config.get("options").as_array().iter().enumerate() {
        if option.get("name").text().is_empty() {
            faults.required(list.index(at), "must not be empty");
        }
    }
}

fn scheduling_gates(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let mut seen = OrdSet::new();
    for (at, gate) in spec.get("schedulingGates").as_array().iter().enumerate() {
        let name = gate.get("name").text();
        faults.all_invalid(path.index(at), name, names::label_key(name));
        if !seen.insert(name) {
            faults.duplicate(path.index(at), gate.get("name"));
        }
    }
}

fn hostname_override(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    let Some(name) = spec.get("hostnameOverride").as_str() else { return };
    if spec.get("setHostnameAsFQDN").is_true() {
        faults.forbidden(path, "may not be specified when setHostnameAsFQDN is true");
    }
    if spec.get("hostNetwork").is_true() {
        faults.forbidden(path, "may not be specified when hostNetwork is true");
    }
    if name.len() > 64 {
        faults.too_long(path, 64);
    }
    faults.all_invalid(path, name, names::dns_subdomain(name));
}

fn host_aliases(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    for (at, alias) in spec.get("hostAliases").as_array().iter().enumerate() {
        let own = path.index(at);
        address::ip(alias.get("ip"), &Value::Null, own.child("ip"), faults);
        let list = own.child("hostnames");
        for (at, name) in alias.get("hostnames").as_array().iter().enumerate() {
            faults.all_invalid(list.index(at), name.text(), names::dns_subdomain(name.text()));
        }
    }
}

fn file_keys(spec: &Value, path: Path<'_>, faults: &mut Faults) {
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        let list = path.child(key);
        for (at, one) in spec.get(key).as_array().iter().enumerate() {
            let own = list.index(at);
            let env = own.child("env");
            for (at, variable) in one.get("env").as_array().iter().enumerate() {
                let name = variable.at(&["valueFrom", "fileKeyRef", "volumeName"]);
                if variable.at(&["valueFrom", "fileKeyRef"]).is_null() {
                    continue;
                }
                let variable = env.index(at);
                let from = variable.child("valueFrom");
                let file = from.child("fileKeyRef");
                let volumes = spec.get("volumes").as_array();
                match volumes.iter().find(|v| v.get("name") == name) {
                    None => faults.not_found(file.child("volumeName"), name),
                    Some(volume) if volume.get("emptyDir").is_null() => faults.invalid(
                        file.child("volumeName"),
                        name,
                        "referenced volume must be of type emptyDir",
                    ),
                    Some(_) => {}
                }
            }
        }
    }
}

const MUTABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Checks a change of a pod. Upstream: ValidatePodUpdate.
pub fn update(new: &Value, old: &Value, faults: &mut Faults) {
    meta::validate_update(new, old, faults);
    metadata_and_spec(new, faults);
    let (now, before) = (new.get("spec"), old.get("spec"));
    for key in ["containers", "initContainers"] {
        if !container_updates(now.get(key), before.get(key), SPEC.child(key), faults) {
            return;
        }
    }
    if !deadline_update(now, before, faults) {
        return;
    }
    added_tolerations(now, before, faults);
    deleted_gates(now, before, faults);
    if same(now, before) {
        return;
    }
    let munged = with_mutable_fields_of(now, before);
    if !same(&munged, before) {
        let diff = internal::diff("PodSpec", before, &munged);
        faults.forbidden(
            SPEC,
            format!("pod updates may not change fields other than {MUTABLE}\n{diff}"),
        );
    }
}

/// Returns whether the other checks make sense.
fn container_updates(new: &Value, old: &Value, path: Path<'_>, faults: &mut Faults) -> bool {
    if new.as_array().len() != old.as_array().len() {
        faults.forbidden(path, "pod updates may not add or remove containers");
        return false;
    }
    for (at, one) in new.as_array().iter().enumerate() {
        if one.get("image").text().is_empty() {
            faults.required(path.index(at).child("image"), "");
        }
        trimmed_image(one, path.index(at), faults);
    }
    true
}

fn deadline_update(new: &Value, old: &Value, faults: &mut Faults) -> bool {
    let path = SPEC.child("activeDeadlineSeconds");
    let (now, before) = (new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"));
    match (now.as_i64(), before.as_i64()) {
        (Some(n), _) if n < 0 || n > i64::from(i32::MAX) => {
            faults.invalid(path, now, names::range(0, i64::from(i32::MAX)));
            false
        }
        (Some(n), Some(b)) if b < n => {
            faults.invalid(path, now, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            faults.invalid(
                path,
                &Value::Null,
                "must not update from a positive integer to nil value",
            );
            true
        }
        _ => true,
    }
}

fn added_tolerations(new: &Value, old: &Value, faults: &mut Faults) {
    let path = SPEC.child("tolerations");
    let (now, before) = (new.get("tolerations"), old.get("tolerations"));
    if same(now, before) {
        return;
    }
    let without_time = |one: &Value| {
        let mut one = one.clone();
        one.remove("tolerationSeconds");
        one
    };
    let kept: Vec<Value> = now.as_array().iter().map(without_time).collect();
    for one in before.as_array() {
        if !kept.iter().any(|k| same(k, &without_time(one))) {
            faults.forbidden(
                path,
                "existing toleration can not be modified except its tolerationSeconds",
            );
            return;
        }
    }
    scheduling::tolerations(now, path, faults);
}

fn deleted_gates(new: &Value, old: &Value, faults: &mut Faults) {
    let path = SPEC.child("schedulingGates");
    let before = old.get("schedulingGates").as_array();
    for (at, gate) in new.get("schedulingGates").as_array().iter().enumerate() {
        let name = gate.get("name");
        if !before.iter().any(|b| b.get("name") == name) {
            let detail = format!(
                "only deletion is allowed, but found new scheduling gate '{}'",
                name.text()
            );
            faults.forbidden(path.index(at).child("name"), detail);
        }
    }
}

fn with_mutable_fields_of(new: &Value, old: &Value) -> Value {
    let mut munged = new.clone();
    for key in ["containers", "initContainers"] {
        for (at, before) in old.get(key).as_array().iter().enumerate() {
            let image = before.get("image").clone();
            if let Some(one) = munged.entry(key).make_array().get_mut(at) {
                one.set("image", image);
            }
        }
    }
    let mut keep = vec!["activeDeadlineSeconds", "schedulingGates", "tolerations"];
    let grace = |spec: &Value| spec.get("terminationGracePeriodSeconds").as_i64();
    if grace(old).is_some_and(|s| s < 0) && grace(new) == Some(1) {
        keep.push("terminationGracePeriodSeconds");
    }
    if !old.get("schedulingGates").is_empty() {
        // A gated pod may still be narrowed down; that it is not widened is not checked.
        keep.push("nodeSelector");
    }
    for key in keep {
        match old.get(key) {
            Value::Null => {
                munged.remove(key);
            }
            value => munged.set(key, value.clone()),
        }
    }
    munged
}
