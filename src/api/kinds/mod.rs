//! The registry of kinds: one file each, one entry here.

pub mod config_map;
pub mod controller_revision;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event;
pub mod job;
pub mod lease;
pub mod limit_range;
pub mod namespace;
pub mod node;
pub mod persistent_volume;
pub mod persistent_volume_claim;
pub mod pod;
pub mod pod_disruption_budget;
pub mod replica_set;
pub mod secret;
pub mod service;
pub mod service_account;
pub mod stateful_set;
pub mod storage_class;

use crate::api::kind::{Kind, KindRef};
use crate::base::view::{FromValue, Shape};

pub use config_map::CONFIG_MAP;
pub use controller_revision::CONTROLLER_REVISION;
pub use cron_job::CRON_JOB;
pub use daemon_set::DAEMON_SET;
pub use deployment::DEPLOYMENT;
pub use endpoint_slice::ENDPOINT_SLICE;
pub use endpoints::ENDPOINTS;
pub use event::EVENT;
pub use job::JOB;
pub use lease::LEASE;
pub use limit_range::LIMIT_RANGE;
pub use namespace::NAMESPACE;
pub use node::NODE;
pub use persistent_volume::PERSISTENT_VOLUME;
pub use persistent_volume_claim::PERSISTENT_VOLUME_CLAIM;
pub use pod::POD;
pub use pod_disruption_budget::POD_DISRUPTION_BUDGET;
pub use replica_set::REPLICA_SET;
pub use secret::SECRET;
pub use service::SERVICE;
pub use service_account::SERVICE_ACCOUNT;
pub use stateful_set::STATEFUL_SET;
pub use storage_class::STORAGE_CLASS;

/// Every built-in kind, in the order of upstream's discovery.
pub static ALL: &[KindRef] = &[
    &CONFIG_MAP,
    &ENDPOINTS,
    &EVENT,
    &LIMIT_RANGE,
    &NAMESPACE,
    &NODE,
    &PERSISTENT_VOLUME_CLAIM,
    &PERSISTENT_VOLUME,
    &POD,
    &SECRET,
    &SERVICE_ACCOUNT,
    &SERVICE,
    &CONTROLLER_REVISION,
    &DAEMON_SET,
    &DEPLOYMENT,
    &REPLICA_SET,
    &STATEFUL_SET,
    &CRON_JOB,
    &JOB,
    &LEASE,
    &ENDPOINT_SLICE,
    &POD_DISRUPTION_BUDGET,
    &STORAGE_CLASS,
];

/// The kind with this group and plural name.
pub fn by_resource(group: &str, plural: &str) -> Option<KindRef> {
    ALL.iter().copied().find(|k| k.group == group && k.plural == plural)
}

/// The kind with this apiVersion and kind.
pub fn by_gvk(api_version: &str, kind: &str) -> Option<KindRef> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ALL.iter().copied().find(|k| k.group == group && k.version == version && k.name == kind)
}

/// What the simulation reads of a kind's objects; `None` for kinds without a view.
pub fn shape_of(kind: &Kind) -> Option<Shape> {
    Some(match (kind.group, kind.name) {
        ("", "ConfigMap") => config_map::ConfigMap::shape(),
        ("", "Endpoints") => endpoints::Endpoints::shape(),
        ("", "Event") => event::Event::shape(),
        ("", "LimitRange") => limit_range::LimitRange::shape(),
        ("", "Namespace") => namespace::Namespace::shape(),
        ("", "Node") => node::Node::shape(),
        ("", "PersistentVolumeClaim") => persistent_volume_claim::PersistentVolumeClaim::shape(),
        ("", "PersistentVolume") => persistent_volume::PersistentVolume::shape(),
        ("", "Pod") => pod::Pod::shape(),
        ("", "Secret") => secret::Secret::shape(),
        ("", "ServiceAccount") => service_account::ServiceAccount::shape(),
        ("", "Service") => service::Service::shape(),
        ("apps", "ControllerRevision") => controller_revision::ControllerRevision::shape(),
        ("apps", "DaemonSet") => daemon_set::DaemonSet::shape(),
        ("apps", "Deployment") => deployment::Deployment::shape(),
        ("apps", "ReplicaSet") => replica_set::ReplicaSet::shape(),
        ("apps", "StatefulSet") => stateful_set::StatefulSet::shape(),
        ("batch", "CronJob") => cron_job::CronJob::shape(),
        ("batch", "Job") => job::Job::shape(),
        ("coordination.k8s.io", "Lease") => lease::Lease::shape(),
        ("discovery.k8s.io", "EndpointSlice") => endpoint_slice::EndpointSlice::shape(),
        ("policy", "PodDisruptionBudget") => pod_disruption_budget::PodDisruptionBudget::shape(),
        ("storage.k8s.io", "StorageClass") => storage_class::StorageClass::shape(),
        _ => return None,
    })
}
