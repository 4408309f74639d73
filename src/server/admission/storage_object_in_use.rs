//! Claims and volumes that are in use are not removed: a finalizer holds them.
//!
//! Upstream: plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go.

use crate::api::Status;
use crate::api::kinds::{PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM};
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { name: "StorageObjectInUseProtection", admit, validate: nothing };

/// Holds a claim.
pub const PVC_PROTECTION: &str = "kubernetes.io/pvc-protection";
/// Holds a volume.
pub const PV_PROTECTION: &str = "kubernetes.io/pv-protection";

fn admit(value: &mut Value, about: &Attributes, _: &Server) -> Result<(), Status> {
    if about.operation != Operation::Create || !about.sub.is_empty() {
        return Ok(());
    }
    let finalizer = if *about.kind == PERSISTENT_VOLUME_CLAIM {
        PVC_PROTECTION
    } else if *about.kind == PERSISTENT_VOLUME {
        PV_PROTECTION
    } else {
        return Ok(());
    };
    let finalizers = value.at(&["metadata", "finalizers"]).as_array();
    if finalizers.iter().all(|f| f.text() != finalizer) {
        value.entry_at(&["metadata", "finalizers"]).make_array().push(Value::from(finalizer));
    }
    Ok(())
}
