//! Lets a deleted claim stay until no pod uses it.
//! Upstream: pkg/controller/volume/pvcprotection/pvc_protection_controller.go.

use crate::api::kinds::pod::Pod;
use crate::api::kinds::{PERSISTENT_VOLUME_CLAIM, POD};
use crate::api::{Key, Object, Status};
use crate::base::value::Str;
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::server::{Change, ChangeKind, Part, Server};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "pvc-protection-controller",
    watches: &[
        Watch::found(&PERSISTENT_VOLUME_CLAIM, |change, _| {
            let unprotected = change.change != ChangeKind::Deleted
                && (change.new.is_deleting() || !is_protected(&change.new));
            if unprotected { vec![change.key.clone()] } else { Vec::new() }
        }),
        Watch::found(&POD, claims_of_ended_pod),
    ],
    reconcile,
    memory: forgetful,
};

const FINALIZER: &str = "kubernetes.io/pvc-protection";

fn is_protected(claim: &Object) -> bool {
    claim.at(&["metadata", "finalizers"]).as_array().iter().any(|f| f.text() == FINALIZER)
}

fn claim_names(pod: &Object) -> Vec<Str> {
    let pod = pod.view::<Pod>();
    let sources = pod.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref());
    sources.map(|source| source.claim_name.clone()).collect()
}

/// Upstream: enqueuePVCs.
fn claims_of_ended_pod(change: &Change, server: &Server) -> Vec<Key> {
    if change.change != ChangeKind::Deleted {
        return Vec::new();
    }
    let keys =
        claim_names(&change.new).into_iter().map(|name| Key::new(change.key.ns.clone(), name));
    let leaving = |key: &Key| {
        server.get(&PERSISTENT_VOLUME_CLAIM, key).is_some_and(|claim| claim.is_deleting())
    };
    keys.filter(leaving).collect()
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(claim) = cx.object(&PERSISTENT_VOLUME_CLAIM, key) else { return Ok(Next::Idle) };
    let protected = is_protected(&claim);
    if claim.is_deleting() && protected && user_of(cx, key).is_none() {
        let why = format!("Claim {} is being deleted and no pod uses it any more.", key.name);
        cx.modify(&PERSISTENT_VOLUME_CLAIM, key, Part::Main, why, |claim| {
            let finalizers = claim.entry_at(&["metadata", "finalizers"]).make_array();
            finalizers.retain(|finalizer| finalizer.text() != FINALIZER);
        })?;
    } else if !claim.is_deleting() && !protected {
        let why = format!("Claim {} must not vanish while a pod uses it.", key.name);
        cx.modify(&PERSISTENT_VOLUME_CLAIM, key, Part::Main, why, |claim| {
            claim.entry_at(&["metadata", "finalizers"]).make_array().push(FINALIZER.into());
        })?;
    }
    Ok(Next::Idle)
}

/// A pod with a node that uses the claim. Upstream: podUsesPVCForDeletion.
fn user_of(cx: &Ctx, claim: &Key) -> Option<Str> {
    let uses = |pod: &Object| {
        !pod.at(&["spec", "nodeName"]).is_empty() && claim_names(pod).contains(&claim.name)
    };
    cx.server.list(&POD, &claim.ns).find(|pod| uses(pod)).map(|pod| pod.name().clone())
}
