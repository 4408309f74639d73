//! The scheduler's rules: one file each, one entry in [`ALL`].
//! Upstream: pkg/scheduler/framework/plugins; order and weights: pkg/scheduler/apis/config/v1/default_plugins.go.
//! Simplified: no dynamic resources, no scheduling groups, no extenders. Queue order is in `queue.rs`, binding in `mod.rs`.

pub mod default_preemption;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod scheduling_gates;
pub mod taint_toleration;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

use crate::scheduler::framework::Plugin;

/// Every plugin, in upstream's order.
pub static ALL: &[&Plugin] = &[
    &scheduling_gates::PLUGIN,
    &node_unschedulable::PLUGIN,
    &node_name::PLUGIN,
    &taint_toleration::PLUGIN,
    &node_affinity::PLUGIN,
    &node_ports::PLUGIN,
    &node_resources_fit::PLUGIN,
    &volume_restrictions::PLUGIN,
    &node_volume_limits::PLUGIN,
    &volume_binding::PLUGIN,
    &volume_zone::PLUGIN,
    &pod_topology_spread::PLUGIN,
    &inter_pod_affinity::PLUGIN,
    &default_preemption::PLUGIN,
    &node_resources_balanced_allocation::PLUGIN,
    &image_locality::PLUGIN,
];
