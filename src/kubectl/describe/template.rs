//! Pod templates, containers and volumes.
//!
//! Upstream: kubectl/pkg/describe/describe.go, DescribePodTemplate, describeContainers, describeVolumes.

use super::writer::{Writer, date, number, or_none};
use crate::base::gofmt;
use crate::base::human::quote;
use crate::base::quantity::Quantity;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::base::view::FromValue;

/// A workload's pod template.
pub(crate) fn pod_template(w: &mut Writer, template: &Value) {
    w.line(0, "Pod Template:");
    let meta = template.get("metadata");
    let spec = template.get("spec");
    w.labels("  Labels", meta.get("labels"));
    if !meta.get("annotations").is_empty() {
        w.annotations("  Annotations", meta.get("annotations"));
    }
    if !spec.get("serviceAccountName").is_empty() {
        w.field(1, "Service Account", spec.get("serviceAccountName").text());
    }
    if !spec.get("initContainers").is_empty() {
        containers(w, "Init Containers", spec.get("initContainers"), &Value::Null, None, "  ");
    }
    containers(w, "Containers", spec.get("containers"), &Value::Null, None, "  ");
    volumes(w, spec.get("volumes"), "  ");
    topology(w, spec.get("topologySpreadConstraints"), "  ");
    if !spec.get("priorityClassName").is_empty() {
        w.field(1, "Priority Class Name", spec.get("priorityClassName").text());
    }
    w.labels("  Node-Selectors", spec.get("nodeSelector"));
    tolerations(w, "  Tolerations", spec.get("tolerations"));
}

/// Containers with, for pods, their statuses.
pub(crate) fn containers(
    w: &mut Writer,
    title: &str,
    containers: &Value,
    statuses: &Value,
    pod: Option<&Value>,
    space: &str,
) {
    let none = if containers.is_empty() { " <none>" } else { "" };
    w.line(0, &format!("{space}{title}:{none}"));
    for container in containers.as_array() {
        let name = container.get("name");
        let status = statuses.as_array().iter().find(|s| s.get("name") == name);
        basics(w, container, status, space);
        for (title, field) in [("Command", "command"), ("Args", "args")] {
            if !container.get(field).is_empty() {
                w.line(2, &format!("{title}:"));
                for word in container.get(field).as_array() {
                    for line in word.text().split('\n') {
                        w.line(3, line);
                    }
                }
            }
        }
        if let Some(status) = status {
            state(w, status);
        }
        resources(w, container.get("resources"), 2);
        for (title, field) in [
            ("Liveness", "livenessProbe"),
            ("Readiness", "readinessProbe"),
            ("Startup", "startupProbe"),
        ] {
            if !container.get(field).is_null() {
                w.field(2, title, &probe(container.get(field)));
            }
        }
        env_from(w, container.get("envFrom"));
        env(w, container, pod);
        mounts(w, container);
    }
}

fn basics(w: &mut Writer, container: &Value, status: Option<&Value>, space: &str) {
    let indent = if space.is_empty() { "" } else { " " };
    w.line(1, &format!("{indent}{}:", container.get("name").text()));
    if let Some(status) = status {
        w.field(2, "Container ID", status.get("containerID").text());
    }
    w.field(2, "Image", container.get("image").text());
    if let Some(status) = status {
        w.field(2, "Image ID", status.get("imageID").text());
    }
    for (title, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports: Vec<String> = container
            .get("ports")
            .as_array()
            .iter()
            .map(|p| {
                let protocol = p.get("protocol").text();
                let protocol = if protocol.is_empty() { "TCP" } else { protocol };
                let text = format!("{}/{protocol}", number(p.get(field)));
                match p.get("name").text() {
                    "" => text,
                    name => format!("{text} ({name})"),
                }
            })
            .collect();
        let title = if ports.len() > 1 { format!("{title}s") } else { title.to_owned() };
        w.field(2, &title, or_none(&ports.join(", ")));
    }
    let profile = container.at(&["securityContext", "seccompProfile"]);
    if !profile.is_null() {
        w.field(2, "SeccompProfile", profile.get("type").text());
    }
}

/// Limits and requests.
pub(crate) fn resources(w: &mut Writer, resources: &Value, level: usize) {
    for (title, field) in [("Limits", "limits"), ("Requests", "requests")] {
        let list = resources.get(field);
        if list.is_empty() {
            continue;
        }
        w.line(level, &format!("{title}:"));
        for (name, quantity) in list.entries() {
            w.field(level + 1, name, &Quantity::from_value(quantity).to_string());
        }
    }
}

fn state(w: &mut Writer, status: &Value) {
    one_state(w, "State", status.get("state"));
    if !status.at(&["lastState", "terminated"]).is_null() {
        one_state(w, "Last State", status.get("lastState"));
    }
    w.field(2, "Ready", if status.get("ready").is_true() { "True" } else { "False" });
    w.field(2, "Restart Count", &number(status.get("restartCount")).to_string());
}

fn one_state(w: &mut Writer, title: &str, state: &Value) {
    let (running, terminated) = (state.get("running"), state.get("terminated"));
    if !running.is_null() {
        w.field(2, title, "Running");
        w.field(3, "Started", &date(running.get("startedAt")));
    } else if !terminated.is_null() {
        w.field(2, title, "Terminated");
        for (title, field) in [("Reason", "reason"), ("Message", "message")] {
            if !terminated.get(field).is_empty() {
                w.field(3, title, terminated.get(field).text());
            }
        }
        w.field(3, "Exit Code", &number(terminated.get("exitCode")).to_string());
        if number(terminated.get("signal")) > 0 {
            w.field(3, "Signal", &number(terminated.get("signal")).to_string());
        }
        w.field(3, "Started", &date(terminated.get("startedAt")));
        w.field(3, "Finished", &date(terminated.get("finishedAt")));
    } else {
        w.field(2, title, "Waiting");
        let reason = state.at(&["waiting", "reason"]).text();
        if !reason.is_empty() {
            w.field(3, "Reason", reason);
        }
    }
}

/// Upstream: describe.go, DescribeProbe.
fn probe(probe: &Value) -> String {
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number(probe.get("initialDelaySeconds")),
        number(probe.get("timeoutSeconds")),
        number(probe.get("periodSeconds")),
        number(probe.get("successThreshold")),
        number(probe.get("failureThreshold"))
    );
    let (exec, http, tcp, grpc) =
        (probe.get("exec"), probe.get("httpGet"), probe.get("tcpSocket"), probe.get("grpc"));
    let plain = |value: &Value| gofmt::plain(value);
    if !exec.is_null() {
        format!("exec {} {attributes}", plain(exec.get("command")))
    } else if !http.is_null() {
        let scheme = http.get("scheme").text().to_lowercase();
        let scheme = if scheme.is_empty() { "http".to_owned() } else { scheme };
        let path = http.get("path").text();
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        format!(
            "http-get {scheme}://{}:{}{slash}{path} {attributes}",
            http.get("host").text(),
            plain(http.get("port"))
        )
    } else if !tcp.is_null() {
        format!("tcp-socket {}:{} {attributes}", tcp.get("host").text(), plain(tcp.get("port")))
    } else if !grpc.is_null() {
        format!(
            "grpc <pod>:{} {} {attributes}",
            number(grpc.get("port")),
            grpc.get("service").text()
        )
    } else {
        format!("unknown {attributes}")
    }
}

fn env_from(w: &mut Writer, list: &Value) {
    if list.is_empty() {
        return;
    }
    w.line(2, "Environment Variables from:");
    for source in list.as_array() {
        let (config, secret) = (source.get("configMapRef"), source.get("secretRef"));
        let (kind, reference) =
            if config.is_null() { ("Secret", secret) } else { ("ConfigMap", config) };
        let prefix = source.get("prefix").text();
        let with =
            if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
        let optional = reference.get("optional").is_true();
        w.line(3, &format!("{}\t{kind}{with}\tOptional: {optional}", reference.get("name").text()));
    }
}

fn env(w: &mut Writer, container: &Value, pod: Option<&Value>) {
    let list = container.get("env");
    w.line(2, if list.is_empty() { "Environment:\t<none>" } else { "Environment:" });
    for entry in list.as_array() {
        let name = entry.get("name").text();
        let from = entry.get("valueFrom");
        if from.is_null() {
            for (at, line) in entry.get("value").text().split('\n').enumerate() {
                w.line(3, &if at == 0 { format!("{name}:\t{line}") } else { format!("\t{line}") });
            }
            continue;
        }
        let (field, resource) = (from.get("fieldRef"), from.get("resourceFieldRef"));
        if !field.is_null() {
            let path = field.get("fieldPath").text();
            let value = pod.map(|p| field_path(p, path)).unwrap_or_default();
            let version = field.get("apiVersion").text();
            let version = if version.is_empty() { "v1" } else { version };
            w.line(3, &format!("{name}:\t{value} ({version}:{path})"));
        } else if !resource.is_null() {
            let what = resource.get("resource").text();
            w.line(3, &format!("{name}:\t{} ({what})", resource_value(container, what)));
        } else {
            let (secret, config) = (from.get("secretKeyRef"), from.get("configMapKeyRef"));
            let (reference, of) =
                if secret.is_null() { (config, "of config map") } else { (secret, "in secret") };
            w.line(
                3,
                &format!(
                    "{name}:\t<set to the key '{}' {of} '{}'>\tOptional: {}",
                    reference.get("key").text(),
                    reference.get("name").text(),
                    reference.get("optional").is_true()
                ),
            );
        }
    }
}

/// The text under a downward-API path.
fn field_path(pod: &Value, path: &str) -> String {
    if let Some((field, rest)) = path.split_once("['")
        && let Some(key) = rest.strip_suffix("']")
    {
        let map = field.split('.').fold(pod, |v, key| v.get(key));
        return map.get(key).text().to_owned();
    }
    // Fields outside of the metadata are known to the kubelet only.
    if !matches!(path, "metadata.name" | "metadata.namespace" | "metadata.uid") {
        return String::new();
    }
    path.split('.').fold(pod, |v, key| v.get(key)).text().to_owned()
}

fn resource_value(container: &Value, what: &str) -> String {
    let value =
        what.split_once('.').map(|(list, name)| container.at(&["resources", list, name]).clone());
    let quantity = value.map(|v| Quantity::from_value(&v)).unwrap_or_default();
    match quantity.value() {
        0 if matches!(what, "limits.cpu" | "limits.memory") => "node allocatable".to_owned(),
        n => n.to_string(),
    }
}

fn mounts(w: &mut Writer, container: &Value) {
    let mut list = container.get("volumeMounts").as_array().to_vec();
    list.order_by_key(|m| m.get("mountPath").text().to_owned());
    w.line(2, if list.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in list {
        let mut flags =
            if mount.get("readOnly").is_true() { "ro".to_owned() } else { "rw".to_owned() };
        if !mount.get("subPath").is_empty() {
            flags.push_str(&format!(",path={}", quote(mount.get("subPath").text())));
        }
        w.line(
            3,
            &format!(
                "{} from {} ({flags})",
                mount.get("mountPath").text(),
                mount.get("name").text()
            ),
        );
    }
    let mut devices = container.get("volumeDevices").as_array().to_vec();
    if devices.is_empty() {
        return;
    }
    devices.order_by_key(|d| d.get("devicePath").text().to_owned());
    w.line(2, "Devices:");
    for device in devices {
        w.line(
            3,
            &format!("{} from {}", device.get("devicePath").text(), device.get("name").text()),
        );
    }
}

/// Upstream: describe.go, printTolerationsMultilineWithIndent.
pub(crate) fn tolerations(w: &mut Writer, title: &str, tolerations: &Value) {
    let mut list = tolerations.as_array().to_vec();
    list.order_by_key(|t| t.get("key").text().to_owned());
    let lines: Vec<String> = list
        .iter()
        .map(|t| {
            let part = |key: &str| t.get(key).text();
            let mut line = part("key").to_owned();
            if !part("value").is_empty() {
                line.push_str(&format!("={}", part("value")));
            }
            if !part("effect").is_empty() {
                line.push_str(&format!(":{}", part("effect")));
            }
            if part("operator") == "Exists" && part("value").is_empty() {
                line.push_str(if line.is_empty() { "op=Exists" } else { " op=Exists" });
            }
            if let Some(seconds) = t.get("tolerationSeconds").as_i64() {
                line.push_str(&format!(" for {seconds}s"));
            }
            line
        })
        .collect();
    w.column(title, "", &lines);
}

/// Upstream: describe.go, describeTopologySpreadConstraints.
pub(crate) fn topology(w: &mut Writer, constraints: &Value, space: &str) {
    let mut list = constraints.as_array().to_vec();
    if list.is_empty() {
        return;
    }
    list.order_by_key(|c| c.get("topologyKey").text().to_owned());
    let lines: Vec<String> = list
        .iter()
        .map(|c| {
            let mut line = format!(
                "{}:{} when max skew {} is exceeded",
                c.get("topologyKey").text(),
                c.get("whenUnsatisfiable").text(),
                number(c.get("maxSkew"))
            );
            if !c.get("labelSelector").is_null() {
                let selector = crate::api::selector::format_label_selector(c.get("labelSelector"));
                line.push_str(&format!(" for selector {selector}"));
            }
            line
        })
        .collect();
    w.column("Topology Spread Constraints", space, &lines);
}

/// Volumes of a pod or a template.
pub(crate) fn volumes(w: &mut Writer, volumes: &Value, space: &str) {
    if volumes.is_empty() {
        w.line(0, &format!("{space}Volumes:\t<none>"));
        return;
    }
    w.line(0, &format!("{space}Volumes:"));
    for volume in volumes.as_array() {
        let indent = if space.is_empty() { "" } else { " " };
        w.line(1, &format!("{indent}{}:", volume.get("name").text()));
        source(w, volume);
    }
}

fn flag(value: &Value) -> &'static str {
    if value.is_true() { "true" } else { "false" }
}

/// The source of a volume of a pod, or of a PersistentVolume's spec.
pub(crate) fn source(w: &mut Writer, volume: &Value) {
    let has = |key: &str| !volume.get(key).is_null();
    let of = |key: &str| volume.get(key);
    if has("hostPath") {
        w.field(2, "Type", "HostPath (bare host directory volume)");
        w.field(2, "Path", of("hostPath").get("path").text());
        let kind = of("hostPath").get("type");
        w.field(2, "HostPathType", if kind.is_null() { "<none>" } else { kind.text() });
    } else if has("emptyDir") {
        w.field(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
        w.field(2, "Medium", of("emptyDir").get("medium").text());
        let limit = of("emptyDir").get("sizeLimit");
        let limit = if limit.is_null() {
            "<unset>".to_owned()
        } else {
            Quantity::from_value(limit).to_string()
        };
        w.field(2, "SizeLimit", &limit);
    } else if has("secret") {
        w.field(2, "Type", "Secret (a volume populated by a Secret)");
        w.field(2, "SecretName", of("secret").get("secretName").text());
        w.field(2, "Optional", flag(of("secret").get("optional")));
    } else if has("configMap") {
        w.field(2, "Type", "ConfigMap (a volume populated by a ConfigMap)");
        w.field(2, "Name", of("configMap").get("name").text());
        w.field(2, "Optional", flag(of("configMap").get("optional")));
    } else if has("persistentVolumeClaim") {
        let claim = of("persistentVolumeClaim");
        w.field(
            2,
            "Type",
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        );
        w.field(2, "ClaimName", claim.get("claimName").text());
        w.field(2, "ReadOnly", flag(claim.get("readOnly")));
    } else if has("downwardAPI") {
        w.field(2, "Type", "DownwardAPI (a volume populated by information about the pod)");
        w.line(2, "Items:");
        for item in of("downwardAPI").get("items").as_array() {
            let from = item.at(&["fieldRef", "fieldPath"]).text();
            w.line(3, &format!("{from} -> {}", item.get("path").text()));
        }
    } else if has("projected") {
        projected(w, of("projected"));
    } else if has("local") {
        w.field(2, "Type", "LocalVolume (a persistent volume backed by local storage on a node)");
        w.field(2, "Path", of("local").get("path").text());
    } else if has("nfs") {
        w.field(2, "Type", "NFS (an NFS mount that lasts the lifetime of a pod)");
        w.field(2, "Server", of("nfs").get("server").text());
        w.field(2, "Path", of("nfs").get("path").text());
        w.field(2, "ReadOnly", flag(of("nfs").get("readOnly")));
    } else if has("csi") {
        let csi = of("csi");
        w.field(2, "Type", "CSI (a Container Storage Interface (CSI) volume source)");
        w.field(2, "Driver", csi.get("driver").text());
        w.field(2, "FSType", csi.get("fsType").text());
        w.field(2, "VolumeHandle", csi.get("volumeHandle").text());
        w.field(2, "ReadOnly", flag(csi.get("readOnly")));
    } else {
        w.line(1, "<unknown>");
    }
}

fn projected(w: &mut Writer, projected: &Value) {
    w.field(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
    for source in projected.get("sources").as_array() {
        let (secret, config, token) =
            (source.get("secret"), source.get("configMap"), source.get("serviceAccountToken"));
        if !secret.is_null() {
            w.field(2, "SecretName", secret.get("name").text());
            w.field(2, "Optional", flag(secret.get("optional")));
        } else if !source.get("downwardAPI").is_null() {
            w.field(2, "DownwardAPI", "true");
        } else if !config.is_null() {
            w.field(2, "ConfigMapName", config.get("name").text());
            w.field(2, "Optional", flag(config.get("optional")));
        } else if !token.is_null() {
            w.field(
                2,
                "TokenExpirationSeconds",
                &number(token.get("expirationSeconds")).to_string(),
            );
        }
    }
}
