//! Nodes as a table. Upstream: pkg/printers/internalversion/printers.go, printNode.

use crate::base::ordered::OrdSet;

use crate::api::Object;
use crate::api::kinds::node::Node;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{AGE, Column, NAME, Printer, age, none, text, wide};

const COLUMNS: &[Column] = &[
    NAME,
    text("Status"),
    text("Roles"),
    AGE,
    text("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];

/// The printer.
pub static PRINTER: Printer = Printer { columns: COLUMNS, cells, condition: |_| None };

fn cells(object: &Object, now: Time) -> Vec<Value> {
    let node = object.view::<Node>();
    let mut status = match node.status.condition("Ready") {
        Some(ready) if ready.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if node.spec.unschedulable {
        status.push_str(",SchedulingDisabled");
    }
    let info = &node.status.node_info;
    let unknown = |text: &str| if text.is_empty() { "<unknown>" } else { text }.to_owned();
    let mut kernel = unknown(&info.kernel_version);
    if !info.architecture.is_empty() {
        kernel = format!("{kernel} ({})", info.architecture);
    }
    let address = |kind: &str| {
        let found = node.status.addresses.iter().find(|a| a.kind == kind);
        none(found.map_or("", |a| a.address.as_str()))
    };
    vec![
        object.name().into(),
        status.into(),
        none(&roles(&node)).into(),
        age(object, now),
        info.kubelet_version.clone().into(),
        address("InternalIP").into(),
        address("ExternalIP").into(),
        unknown(&info.os_image).into(),
        kernel.into(),
        unknown(&info.container_runtime_version).into(),
    ]
}

/// Upstream: findNodeRoles.
fn roles(node: &Node) -> String {
    let mut roles: OrdSet<&str> = OrdSet::new();
    for (key, value) in &node.meta.labels {
        if let Some(role) = key.strip_prefix("node-role.kubernetes.io/") {
            roles.insert(role);
        } else if *key == "kubernetes.io/role" {
            roles.insert(value);
        }
    }
    roles.remove("");
    roles.into_iter().collect::<Vec<_>>().join(",")
}
