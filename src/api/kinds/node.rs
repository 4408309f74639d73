//! Node.

use crate::base::ordered::OrdMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::pod_defaults::{default_empty, resource_list, within};
use crate::api::rules::{address, meta, resources, scheduling, strategy};
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static NODE: Kind = Kind {
    group: "",
    version: "v1",
    name: "Node",
    plural: "nodes",
    singular: "node",
    short: &["no"],
    namespaced: false,
    categories: &[],
    subresources: &["proxy", "status"],
    verbs: ALL_VERBS,
    rules: Rules { default, prepare_update, validate, validate_update, ..Rules::NONE },
};

view! {
    /// A node as the simulation reads it.
    pub struct Node {
        meta: Meta = "metadata",
        spec: NodeSpec = "spec",
        status: NodeStatus = "status",
    }

    /// What is wanted of it.
    pub struct NodeSpec {
        pod_cidr: Str = "podCIDR",
        pod_cidrs: Vec<Str> = "podCIDRs",
        provider_id: Str = "providerID",
        unschedulable: bool = "unschedulable",
        taints: Vec<Taint> = "taints",
    }

    /// A mark that keeps pods away.
    pub struct Taint {
        key: Str = "key",
        value: Str = "value",
        effect: Str = "effect",
        time_added: Option<Time> = "timeAdded",
    }

    /// What its kubelet reported.
    pub struct NodeStatus {
        capacity: OrdMap<Str, Str> = "capacity",
        allocatable: OrdMap<Str, Str> = "allocatable",
        phase: Str = "phase",
        conditions: Vec<NodeCondition> = "conditions",
        addresses: Vec<NodeAddress> = "addresses",
        node_info: NodeSystemInfo = "nodeInfo",
        images: Vec<ContainerImage> = "images",
        volumes_in_use: Vec<Str> = "volumesInUse",
        volumes_attached: Vec<AttachedVolume> = "volumesAttached",
    }

    /// Something that is true, false or unknown of the node.
    pub struct NodeCondition {
        kind: Str = "type",
        status: Str = "status",
        last_heartbeat_time: Option<Time> = "lastHeartbeatTime",
        last_transition_time: Option<Time> = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }

    /// A name or address under which it is reached.
    pub struct NodeAddress {
        kind: Str = "type",
        address: Str = "address",
    }

    /// Facts about machine and software.
    pub struct NodeSystemInfo {
        machine_id: Str = "machineID",
        system_uuid: Str = "systemUUID",
        boot_id: Str = "bootID",
        kernel_version: Str = "kernelVersion",
        os_image: Str = "osImage",
        container_runtime_version: Str = "containerRuntimeVersion",
        kubelet_version: Str = "kubeletVersion",
        kube_proxy_version: Str = "kubeProxyVersion",
        operating_system: Str = "operatingSystem",
        architecture: Str = "architecture",
    }

    /// An image that is there already.
    pub struct ContainerImage {
        names: Vec<Str> = "names",
        size_bytes: i64 = "sizeBytes",
    }

    /// A volume that is attached.
    pub struct AttachedVolume {
        name: Str = "name",
        device_path: Str = "devicePath",
    }
}

impl NodeStatus {
    /// The condition of this type, if reported.
    pub fn condition(&self, kind: &str) -> Option<&NodeCondition> {
        self.conditions.iter().find(|c| c.kind == kind)
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_NodeStatus.
fn default(node: &mut Value) {
    within(node, "status", |status| {
        let capacity = status.get("capacity").clone();
        if !capacity.is_null() {
            default_empty(status, "allocatable", capacity);
        }
        resource_list(status, "capacity");
        resource_list(status, "allocatable");
    });
}

fn prepare_update(new: &mut Value, old: &Value) {
    strategy::keep_status(new, old);
}

const META: Path<'static> = Path::new("metadata");

fn amounts(node: &Value, faults: &mut Faults) {
    let status = Path::new("status");
    for key in ["capacity", "allocatable"] {
        let path = status.child(key);
        for (name, value) in node.at(&["status", key]).entries() {
            resources::amount(name, value, path.child(name), faults);
        }
    }
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateNode.
fn validate(node: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(node, meta::Scope::Cluster, names::dns_subdomain, &mut faults);
    scheduling::taints(node.at(&["spec", "taints"]), META.child("taints"), &mut faults);
    amounts(node, &mut faults);
    let spec = Path::new("spec");
    let list = spec.child("podCIDRs");
    for (at, range) in node.at(&["spec", "podCIDRs"]).as_array().iter().enumerate() {
        address::cidr(range, &Value::Null, list.index(at), &mut faults);
    }
    faults.causes
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateNodeUpdate.
fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate_update(new, old, &mut faults);
    amounts(new, &mut faults);
    let spec = Path::new("spec");
    for (key, only) in [("podCIDRs", "podCIDR"), ("providerID", "providerID")] {
        let (now, before) = (new.at(&["spec", key]), old.at(&["spec", key]));
        if !before.is_empty() && now != before {
            let detail = format!("node updates may not change {only} except from \"\" to valid");
            faults.forbidden(spec.child(key), detail);
        }
    }
    scheduling::taints(new.at(&["spec", "taints"]), META.child("taints"), &mut faults);
    faults.causes
}
