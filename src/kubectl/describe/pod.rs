//! Upstream: kubectl/pkg/describe/describe.go, describePod.

use super::super::Cx;
use super::super::error::CmdError;
use super::template::{containers, resources, tolerations, topology, volumes};
use super::writer::{Writer, date, number};
use crate::base::human::age;
use crate::base::value::Value;

pub(super) fn describe(cx: &mut Cx, pod: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (pod.get("metadata"), pod.get("spec"), pod.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    if let Some(priority) = spec.get("priority").as_i64() {
        w.field(0, "Priority", &priority.to_string());
    }
    for (title, field) in [
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ] {
        if !spec.get(field).is_empty() {
            w.field(0, title, spec.get(field).text());
        }
    }
    let node = spec.get("nodeName").text();
    if node.is_empty() {
        w.field(0, "Node", "<none>");
    } else {
        w.field(0, "Node", &format!("{node}/{}", status.get("hostIP").text()));
    }
    if !status.get("startTime").is_null() {
        w.field(0, "Start Time", &date(status.get("startTime")));
    }
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    let phase = status.get("phase").text();
    let deleted = meta.get("deletionTimestamp");
    if !deleted.is_null() && !matches!(phase, "Failed" | "Succeeded") {
        w.field(0, "Status", &format!("Terminating (lasts {})", age(deleted.text(), cx.sys.now())));
        w.field(
            0,
            "Termination Grace Period",
            &format!("{}s", number(meta.get("deletionGracePeriodSeconds"))),
        );
    } else {
        w.field(0, "Status", phase);
    }
    for (title, field) in [("Reason", "reason"), ("Message", "message")] {
        if !status.get(field).is_empty() {
            w.field(0, title, status.get(field).text());
        }
    }
    let profile = spec.at(&["securityContext", "seccompProfile"]);
    if !profile.is_null() {
        w.field(0, "SeccompProfile", profile.get("type").text());
    }
    w.field(0, "IP", status.get("podIP").text());
    let ips = status.get("podIPs").as_array();
    w.line(0, if ips.is_empty() { "IPs:\t<none>" } else { "IPs:" });
    for ip in ips {
        w.field(1, "IP", ip.get("ip").text());
    }
    super::controlled_by(w, pod);
    if !status.get("nominatedNodeName").is_empty() {
        w.field(0, "NominatedNodeName", status.get("nominatedNodeName").text());
    }
    if !spec.get("resources").is_null() {
        w.line(0, "Resources:");
        resources(w, spec.get("resources"), 1);
    }
    for (title, field, statuses) in [
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ] {
        if field == "containers" || !spec.get(field).is_empty() {
            containers(w, title, spec.get(field), status.get(statuses), Some(pod), "");
        }
    }
    let conditions = status.get("conditions");
    if !spec.get("readinessGates").is_empty() {
        w.line(0, "Readiness Gates:\n  Type\tStatus");
        for gate in spec.get("readinessGates").as_array() {
            let kind = gate.get("conditionType").text();
            let found = conditions.as_array().iter().find(|c| c.get("type").text() == kind);
            w.line(1, &format!("{kind} \t{} ", found.map_or("<none>", |c| c.get("status").text())));
        }
    }
    if !conditions.is_empty() {
        w.line(0, "Conditions:\n  Type\tStatus");
        for condition in conditions.as_array() {
            w.line(
                1,
                &format!("{} \t{} ", condition.get("type").text(), condition.get("status").text()),
            );
        }
    }
    volumes(w, spec.get("volumes"), "");
    w.field(0, "QoS Class", status.get("qosClass").text());
    w.labels("Node-Selectors", spec.get("nodeSelector"));
    tolerations(w, "Tolerations", spec.get("tolerations"));
    topology(w, spec.get("topologySpreadConstraints"), "");
    Ok(())
}
