//! The controllers of kube-controller-manager: one file each, one entry in [`ALL`].

pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod endpoints;
pub mod engine;
pub mod garbage_collector;
pub mod job;
pub mod namespace_controller;
pub mod node_lifecycle;
pub mod persistent_volume;
pub mod pod_gc;
pub(crate) mod pods;
pub mod provisioner;
pub mod pv_protection;
pub mod pvc_protection;
pub mod replica_set;
pub mod service_accounts;
pub mod service_pods;
pub mod stateful_set;
pub mod taint_eviction;

pub use engine::{Controller, Controllers, Ctx, Next, Watch};

/// Every controller, in the order in which equal instants are served.
pub static ALL: &[&Controller] = &[
    &garbage_collector::CONTROLLER,
    &namespace_controller::CONTROLLER,
    &service_accounts::ACCOUNTS,
    &service_accounts::ROOT_CAS,
    &deployment::CONTROLLER,
    &daemon_set::CONTROLLER,
    &replica_set::CONTROLLER,
    &job::CONTROLLER,
    &cron_job::CONTROLLER,
    &stateful_set::CONTROLLER,
    &disruption::CONTROLLER,
    &endpoints::CONTROLLER,
    &endpoint_slice::CONTROLLER,
    &persistent_volume::CONTROLLER,
    &provisioner::CONTROLLER,
    &pvc_protection::CONTROLLER,
    &pv_protection::CONTROLLER,
    &node_lifecycle::CONTROLLER,
    &taint_eviction::CONTROLLER,
    &pod_gc::CONTROLLER,
];
