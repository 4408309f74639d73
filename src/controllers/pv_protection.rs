//! Lets a deleted volume stay while it is bound.
//! Upstream: pkg/controller/volume/pvprotection/pv_protection_controller.go.

use crate::api::kinds::PERSISTENT_VOLUME;
use crate::api::{Key, Object, Status};
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::server::{ChangeKind, Part};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "pv-protection-controller",
    watches: &[Watch::found(&PERSISTENT_VOLUME, |change, _| {
        let unprotected = change.change != ChangeKind::Deleted
            && (change.new.is_deleting() || !is_protected(&change.new));
        if unprotected { vec![change.key.clone()] } else { Vec::new() }
    })],
    reconcile,
    memory: forgetful,
};

const FINALIZER: &str = "kubernetes.io/pv-protection";

fn is_protected(volume: &Object) -> bool {
    volume.at(&["metadata", "finalizers"]).as_array().iter().any(|f| f.text() == FINALIZER)
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(volume) = cx.object(&PERSISTENT_VOLUME, key) else { return Ok(Next::Idle) };
    let phase = volume.at(&["status", "phase"]).text();
    if volume.is_deleting() && is_protected(&volume) && phase != "Bound" {
        let why = format!("Volume {} is being deleted and is {phase}, not Bound.", key.name);
        cx.modify(&PERSISTENT_VOLUME, key, Part::Main, why, |volume| {
            let finalizers = volume.entry_at(&["metadata", "finalizers"]).make_array();
            finalizers.retain(|finalizer| finalizer.text() != FINALIZER);
        })?;
    } else if !volume.is_deleting() && !is_protected(&volume) {
        let why = format!("Volume {} must not vanish while it is bound.", key.name);
        cx.modify(&PERSISTENT_VOLUME, key, Part::Main, why, |volume| {
            volume.entry_at(&["metadata", "finalizers"]).make_array().push(FINALIZER.into());
        })?;
    }
    Ok(Next::Idle)
}
