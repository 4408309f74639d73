//! Node.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::{resource_list, within};
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
    rules: Rules { default, ..Rules::NONE },
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
        capacity: BTreeMap<Str, Str> = "capacity",
        allocatable: BTreeMap<Str, Str> = "allocatable",
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
            status.default_to("allocatable", capacity);
        }
        resource_list(status, "capacity");
        resource_list(status, "allocatable");
    });
}
