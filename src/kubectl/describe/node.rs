//! Upstream: kubectl/pkg/describe/describe.go, describeNode and describeNodeResource.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;

use super::super::Cx;
use super::super::client::Selectors;
use super::super::error::CmdError;
use super::list;
use super::writer::{Writer, date};
use crate::base::human::age;
use crate::base::quantity::Quantity;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::base::view::FromValue;

pub(super) fn describe(cx: &mut Cx, node: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (node.get("metadata"), node.get("spec"), node.get("status"));
    let name = meta.get("name").text();
    w.field(0, "Name", name);
    let mut roles: Vec<&str> = meta
        .get("labels")
        .entries()
        .filter_map(|(k, _)| k.as_str().strip_prefix("node-role.kubernetes.io/"))
        .filter(|r| !r.is_empty())
        .collect();
    roles.order();
    w.field(0, "Roles", &if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") });
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "CreationTimestamp", &date(meta.get("creationTimestamp")));
    taints(w, spec.get("taints"));
    w.field(0, "Unschedulable", if spec.get("unschedulable").is_true() { "true" } else { "false" });
    lease(cx, w, name)?;
    if !status.get("conditions").is_empty() {
        w.line(
            0,
            "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage",
        );
        w.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
        for c in status.get("conditions").as_array() {
            w.line(
                1,
                &format!(
                    "{} \t{} \t{} \t{} \t{} \t{}",
                    c.get("type").text(),
                    c.get("status").text(),
                    date(c.get("lastHeartbeatTime")),
                    date(c.get("lastTransitionTime")),
                    c.get("reason").text(),
                    c.get("message").text()
                ),
            );
        }
    }
    w.line(0, "Addresses:");
    for address in status.get("addresses").as_array() {
        w.field(1, address.get("type").text(), address.get("address").text());
    }
    for (title, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        if !status.get(field).is_empty() {
            w.line(0, &format!("{title}:"));
            for (resource, quantity) in status.get(field).entries() {
                w.field(1, resource, &Quantity::from_value(quantity).to_string());
            }
        }
    }
    w.line(0, "System Info:");
    let info = status.get("nodeInfo");
    for (title, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        w.field(1, title, info.get(field).text());
    }
    if !spec.get("podCIDR").is_empty() {
        w.field(0, "PodCIDR", spec.get("podCIDR").text());
    }
    if !spec.get("podCIDRs").is_empty() {
        let ranges: Vec<_> = spec.get("podCIDRs").as_array().iter().map(Value::text).collect();
        w.field(0, "PodCIDRs", &ranges.join(","));
    }
    if !spec.get("providerID").is_empty() {
        w.field(0, "ProviderID", spec.get("providerID").text());
    }
    let fields = format!("spec.nodeName={name},status.phase!=Succeeded,status.phase!=Failed");
    let pods = list(cx, "pods", "", &Selectors { fields, ..Selectors::default() })?;
    pods_table(w, &pods, status, cx.sys.now());
    Ok(())
}

fn taints(w: &mut Writer, taints: &Value) {
    let mut list = taints.as_array().to_vec();
    list.order_by_key(|t| format!("{},{}", t.get("effect").text(), t.get("key").text()));
    let lines: Vec<String> = list
        .iter()
        .map(|t| {
            let (key, value, effect) =
                (t.get("key").text(), t.get("value").text(), t.get("effect").text());
            match (value, effect) {
                ("", effect) => format!("{key}:{effect}"),
                (value, "") => format!("{key}={value}:"),
                (value, effect) => format!("{key}={value}:{effect}"),
            }
        })
        .collect();
    w.column("Taints", "", &lines);
}

fn lease(cx: &mut Cx, w: &mut Writer, name: &str) -> Result<(), CmdError> {
    let leases = cx.mapper()?.find("leases")?;
    let lease = match cx.get(&leases, "kube-node-lease", name) {
        Ok(lease) => lease,
        Err(error) => {
            w.field(0, "Lease", &format!("Failed to get lease: {}", error.message()));
            return Ok(());
        }
    };
    let spec = lease.get("spec");
    let stamp = |field: &str| {
        if spec.get(field).is_null() { "<unset>".to_owned() } else { date(spec.get(field)) }
    };
    w.line(0, "Lease:");
    let holder = spec.get("holderIdentity").text();
    w.field(1, "HolderIdentity", if holder.is_empty() { "<unset>" } else { holder });
    w.field(1, "AcquireTime", &stamp("acquireTime"));
    w.field(1, "RenewTime", &stamp("renewTime"));
    Ok(())
}

type Amounts = OrdMap<String, Quantity>;

/// What a pod asks for, or is limited to.
/// Upstream: component-helpers/resource/helpers.go, PodRequests.
fn amounts(pod: &Value, field: &str) -> Amounts {
    let mut sum = Amounts::new();
    let list = |container: &Value| -> Amounts {
        let entries = container.at(&["resources", field]).entries();
        entries.map(|(k, v)| (k.to_string(), Quantity::from_value(v))).collect()
    };
    let add = |sum: &mut Amounts, more: &Amounts| {
        for (name, quantity) in more {
            let entry = sum.entry(name.clone()).or_default();
            *entry = *entry + *quantity;
        }
    };
    for container in pod.at(&["spec", "containers"]).as_array() {
        add(&mut sum, &list(container));
    }
    let mut sidecars = Amounts::new();
    let mut highest = Amounts::new();
    for container in pod.at(&["spec", "initContainers"]).as_array() {
        let own = list(container);
        if container.get("restartPolicy").text() == "Always" {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
        }
        let mut during = sidecars.clone();
        if container.get("restartPolicy").text() != "Always" {
            add(&mut during, &own);
        }
        for (name, quantity) in during {
            let entry = highest.entry(name).or_default();
            *entry = (*entry).max(quantity);
        }
    }
    for (name, quantity) in highest {
        let entry = sum.entry(name).or_default();
        *entry = (*entry).max(quantity);
    }
    sum
}

fn percent(part: i64, whole: i64) -> i64 {
    if whole == 0 { 0 } else { (part as f64 / whole as f64 * 100.0) as i64 }
}

fn pods_table(w: &mut Writer, pods: &[Value], status: &Value, now: Time) {
    let allocatable = if status.get("allocatable").is_empty() {
        status.get("capacity")
    } else {
        status.get("allocatable")
    };
    let whole = |name: &str| Quantity::from_value(allocatable.get(name));
    let shown = |amounts: &Amounts, name: &str| {
        let quantity = amounts.get(name).copied().unwrap_or_default();
        let share = if name == "cpu" {
            percent(quantity.milli_value(), whole(name).milli_value())
        } else {
            percent(quantity.value(), whole(name).value())
        };
        format!("{quantity} ({share}%)")
    };
    w.field(0, "Non-terminated Pods", &format!("({} in total)", pods.len()));
    w.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    w.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut all_requests, mut all_limits) = (Amounts::new(), Amounts::new());
    for pod in pods {
        let (requests, limits) = (amounts(pod, "requests"), amounts(pod, "limits"));
        let meta = pod.get("metadata");
        w.line(
            1,
            &format!(
                "{}\t{}\t\t{}\t{}\t{}\t{}\t{}",
                meta.get("namespace").text(),
                meta.get("name").text(),
                shown(&requests, "cpu"),
                shown(&limits, "cpu"),
                shown(&requests, "memory"),
                shown(&limits, "memory"),
                age(meta.get("creationTimestamp").text(), now)
            ),
        );
        for (sum, own) in [(&mut all_requests, requests), (&mut all_limits, limits)] {
            for (name, quantity) in own {
                let entry = sum.entry(name).or_default();
                *entry = *entry + quantity;
            }
        }
    }
    w.line(
        0,
        "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)",
    );
    w.line(1, "Resource\tRequests\tLimits");
    w.line(1, "--------\t--------\t------");
    for name in ["cpu", "memory", "ephemeral-storage"] {
        w.line(1, &format!("{name}\t{}\t{}", shown(&all_requests, name), shown(&all_limits, name)));
    }
    for (name, _) in allocatable.entries().filter(|(n, _)| n.as_str().starts_with("hugepages-")) {
        w.line(1, &format!("{name}\t{}\t{}", shown(&all_requests, name), shown(&all_limits, name)));
    }
}
