//! A claim grows only when it is bound and its class allows it.
//!
//! Upstream: plugin/pkg/admission/storage/persistentvolume/resize/admission.go.

use crate::api::kinds::{PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS};
use crate::api::{Key, Status};
use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin};

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { name: "PersistentVolumeClaimResize", admit: |_, _, _| Ok(()), validate };

fn validate(claim: &Value, about: &Attributes, server: &Server) -> Result<(), Status> {
    let applies = *about.kind == PERSISTENT_VOLUME_CLAIM
        && about.operation == Operation::Update
        && about.sub.is_empty();
    let Some(old) = about.old.filter(|_| applies) else { return Ok(()) };
    if size(claim) <= size(old.value()) {
        return Ok(());
    }
    if old.at(&["status", "phase"]).text() != "Bound" {
        let why = "Only bound persistent volume claims can be expanded";
        return Err(Status::forbidden(about.kind, about.name, why));
    }
    if allows_resize(claim, old.value(), server) {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    Err(Status::forbidden(about.kind, about.name, why))
}

fn size(claim: &Value) -> Quantity {
    let text = claim.at(&["spec", "resources", "requests", "storage"]).text();
    Quantity::parse(text).unwrap_or(Quantity::ZERO)
}

fn allows_resize(claim: &Value, old: &Value, server: &Server) -> bool {
    let class = claim.at(&["spec", "storageClassName"]).text();
    if class.is_empty() || class != old.at(&["spec", "storageClassName"]).text() {
        return false;
    }
    let class = server.get(&STORAGE_CLASS, &Key::new("", class));
    class.is_some_and(|class| class.get("allowVolumeExpansion").is_true())
}
