//! Binds claims and volumes to one another, and looks after volumes whose claim is gone.
//!
//! Claims and volumes share one queue: a volume's key has no namespace.
//! Upstream: pkg/controller/volume/persistentvolume/pv_controller.go.
//! Simplified: no in-tree provisioners, no recycling, no resizing.

use std::rc::Rc;

use crate::api::kinds::persistent_volume::PersistentVolume;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::storage_class::StorageClass;
use crate::api::kinds::{PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, POD, STORAGE_CLASS};
use crate::api::volumes::{
    BETA_STORAGE_PROVISIONER, BIND_COMPLETED, BOUND_BY_CONTROLLER, PROVISIONED_BY, SELECTED_NODE,
    STORAGE_PROVISIONER, Search, access_modes_fit, bind_to_claim, class_of, class_of_volume,
    find_matching, is_bound_to, modes_differ, storage, waits_for_consumer,
};
use crate::api::{Key, Object, Status};
use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::base::value::Str;
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::server::{Actor, Change, ChangeKind, DeleteOptions, EventType, Part, Server};

const NAME: &str = "persistentvolume-controller";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: NAME,
    watches: &[
        Watch::found(&PERSISTENT_VOLUME_CLAIM, claim_changed),
        Watch::found(&PERSISTENT_VOLUME, volume_changed),
    ],
    reconcile: |cx, key| {
        if key.ns.is_empty() { sync_volume(cx, key) } else { sync_claim(cx, key) }
    },
    memory: forgetful,
};

/// Time between looks at claims that wait. Upstream: PVClaimBinderSyncPeriod.
const RESYNC: Span = Span::seconds(15);
/// The annotation of the class that claims without one get.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

fn is_own(change: &Change) -> bool {
    change.change == ChangeKind::Modified && change.by.actor == Actor::Component(NAME)
}

fn claim_changed(change: &Change, _: &Server) -> Vec<Key> {
    if change.change == ChangeKind::Deleted {
        let volume = change.new.view::<PersistentVolumeClaim>().spec.volume_name.clone();
        return if volume.is_empty() { Vec::new() } else { vec![Key::new("", volume)] };
    }
    if is_own(change) { Vec::new() } else { vec![change.key.clone()] }
}

fn volume_changed(change: &Change, _: &Server) -> Vec<Key> {
    if change.change == ChangeKind::Deleted {
        let volume = change.new.view::<PersistentVolume>();
        let claim = volume.spec.claim_ref.as_ref();
        return claim.map(|c| Key::new(c.namespace.clone(), c.name.clone())).into_iter().collect();
    }
    if is_own(change) { Vec::new() } else { vec![change.key.clone()] }
}

/// The time to the next common look at everything.
fn until_resync(now: Time) -> Next {
    let period = RESYNC.0;
    Next::After(Span(period - (now - Time::START).0.rem_euclid(period)))
}

/// What a claim needs.
#[derive(Debug, PartialEq)]
enum Claim {
    /// It goes with this volume.
    Bind(Key),
    /// It gets this class, the default.
    Class(Str),
    /// A volume is to be made by the class's provisioner.
    Provision(Str),
    /// It waits; the event says for what.
    Wait(Option<(EventType, &'static str, String)>),
    /// Its volume is gone.
    Lost(&'static str, &'static str),
    /// It cannot be bound; trying again may help.
    Fail(String),
}

fn sync_claim(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&PERSISTENT_VOLUME_CLAIM, key) else { return Ok(Next::Idle) };
    let claim = object.view::<PersistentVolumeClaim>();
    let decision = if claim.meta.annotations.contains_key(BIND_COMPLETED) {
        bound_claim(&claim, cx.server)
    } else {
        unbound_claim(&claim, cx.server)
    };
    match decision {
        Claim::Bind(volume) => {
            bind(cx, &object, &volume)?;
            Ok(Next::Idle)
        }
        Claim::Class(class) => {
            let why = format!("Claim {} names no class and {class} is the default.", key.name);
            cx.modify(&PERSISTENT_VOLUME_CLAIM, key, Part::Main, why, |claim| {
                claim.set_at(&["spec", "storageClassName"], &class);
            })?;
            sync_claim(cx, key)
        }
        Claim::Provision(provisioner) => provision(cx, &object, &provisioner),
        Claim::Wait(event) => {
            if let Some((kind, reason, message)) = event {
                cx.event(&object, kind, reason, message);
            }
            set_claim_status(cx, key, "Pending", None)?;
            Ok(until_resync(cx.now()))
        }
        Claim::Lost(reason, message) => {
            if claim.status.phase != "Lost" {
                set_claim_status(cx, key, "Lost", None)?;
                cx.event(&object, EventType::Warning, reason, message.to_owned());
            }
            Ok(Next::Idle)
        }
        Claim::Fail(message) => Err(Status::unknown(message)),
    }
}

fn class_named(server: &Server, name: &str) -> Option<Rc<StorageClass>> {
    server.get(&STORAGE_CLASS, &Key::new("", name)).map(|object| object.view())
}

/// Upstream: syncUnboundClaim.
fn unbound_claim(claim: &PersistentVolumeClaim, server: &Server) -> Claim {
    let class_name = class_of(claim);
    if !claim.spec.volume_name.is_empty() {
        return claim_of_a_volume(claim, server);
    }
    let class = class_named(server, class_name);
    let delayed = class.as_ref().is_some_and(|class| waits_for_consumer(class));
    if let Some(volume) = best_match(claim, delayed, server) {
        return Claim::Bind(volume.key.clone());
    }
    let has_class = claim.spec.storage_class_name.is_some() || !class_name.is_empty();
    if !has_class && let Some(class) = default_class(server) {
        return Claim::Class(class);
    }
    if delayed && !claim.meta.annotations.contains_key(SELECTED_NODE) {
        return Claim::Wait(Some(waiting_for_consumer(claim, server)));
    }
    if class_name.is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        return Claim::Wait(Some((EventType::Normal, "FailedBinding", message.to_owned())));
    }
    let failure = match &class {
        None => Status::not_found(&STORAGE_CLASS, class_name).message.replacen(
            "storageclasses.",
            "storageclass.",
            1,
        ),
        Some(class) if class.provisioner.starts_with("kubernetes.io/") => {
            format!("no volume plugin matched name: {}", class.provisioner)
        }
        Some(class) => return Claim::Provision(class.provisioner.clone()),
    };
    Claim::Wait(Some((EventType::Warning, "ProvisioningFailed", failure)))
}

/// A claim that names its volume. Upstream: syncUnboundClaim, second half.
fn claim_of_a_volume(claim: &PersistentVolumeClaim, server: &Server) -> Claim {
    let key = Key::new("", claim.spec.volume_name.clone());
    let Some(object) = server.get(&PERSISTENT_VOLUME, &key) else { return Claim::Wait(None) };
    let volume = object.view::<PersistentVolume>();
    let name = key.name.as_str();
    if is_bound_to(&volume, &claim.meta) {
        return Claim::Bind(key);
    }
    if let Some(other) = &volume.spec.claim_ref {
        let message = format!("volume {name:?} already bound to a different claim.");
        if claim.meta.annotations.contains_key(BOUND_BY_CONTROLLER) {
            return Claim::Fail(format!(
                "invalid binding of claim \"{}/{}\" to volume {name:?}: volume already claimed by \"{}/{}\"",
                claim.meta.namespace, claim.meta.name, other.namespace, other.name
            ));
        }
        return Claim::Wait(Some((EventType::Warning, "FailedBinding", message)));
    }
    match mismatch(&volume, claim) {
        None => Claim::Bind(key),
        Some(why) => {
            let message = format!("Cannot bind to requested volume {name:?}: {why}");
            Claim::Wait(Some((EventType::Warning, "VolumeMismatch", message)))
        }
    }
}

/// Why a volume does not suit a claim that asks for it. Upstream: checkVolumeSatisfyClaim.
fn mismatch(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<String> {
    if volume.meta.is_deleting() {
        Some(format!("the volume is marked for deletion {:?}", volume.meta.name.as_str()))
    } else if storage(&volume.spec.capacity) < storage(&claim.spec.resources.requests) {
        Some("requested PV is too small".to_owned())
    } else if class_of_volume(volume) != class_of(claim) {
        Some("storageClassName does not match".to_owned())
    } else if volume.spec.volume_attributes_class_name != claim.spec.volume_attributes_class_name {
        Some("volumeAttributesClassName does not match".to_owned())
    } else if modes_differ(claim, volume) {
        Some("incompatible volumeMode".to_owned())
    } else if !access_modes_fit(claim, volume) {
        Some("incompatible accessMode".to_owned())
    } else {
        None
    }
}

/// Upstream: syncBoundClaim.
fn bound_claim(claim: &PersistentVolumeClaim, server: &Server) -> Claim {
    if claim.spec.volume_name.is_empty() {
        return Claim::Lost(
            "ClaimLost",
            "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
        );
    }
    let key = Key::new("", claim.spec.volume_name.clone());
    let Some(volume) = server.get(&PERSISTENT_VOLUME, &key) else {
        return Claim::Lost(
            "ClaimLost",
            "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
        );
    };
    match &volume.view::<PersistentVolume>().spec.claim_ref {
        Some(reference) if reference.uid != claim.meta.uid => Claim::Lost(
            "ClaimMisbound",
            "Two claims are bound to the same volume, this one is bound incorrectly",
        ),
        _ => Claim::Bind(key),
    }
}

/// The volume that suits best: the fewest access modes, then the smallest.
/// Upstream: index.go, findBestMatchForClaim.
fn best_match(claim: &PersistentVolumeClaim, delayed: bool, server: &Server) -> Option<Rc<Object>> {
    let modes = |object: &Object| object.view::<PersistentVolume>().spec.access_modes.len();
    let offers = |object: &&Rc<Object>| access_modes_fit(claim, &object.view::<PersistentVolume>());
    let volumes: Vec<&Rc<Object>> = server.list(&PERSISTENT_VOLUME, "").filter(offers).collect();
    let mut counts: Vec<usize> = volumes.iter().map(|volume| modes(volume)).collect();
    counts.order();
    counts.dedup();
    let search = Search { node: None, excluded: &[], delayed };
    counts.into_iter().find_map(|count| {
        let group = volumes.iter().copied().filter(|volume| modes(volume) == count);
        find_matching(claim, group, &search)
    })
}

/// The newest class that is marked as the default. Upstream: pkg/volume/util/storageclass.go, GetDefaultClass.
fn default_class(server: &Server) -> Option<Str> {
    let is_default = |class: &&Rc<Object>| class.annotation(DEFAULT_CLASS) == Some("true");
    let classes = server.list(&STORAGE_CLASS, "").filter(is_default);
    classes
        .max_by(|a, b| a.created().cmp(&b.created()).then_with(|| b.name().cmp(a.name())))
        .map(|class| class.name().clone())
}

/// Upstream: emitEventForUnboundDelayBindingClaim.
fn waiting_for_consumer(
    claim: &PersistentVolumeClaim,
    server: &Server,
) -> (EventType, &'static str, String) {
    let waiting = |object: &&Rc<Object>| {
        let pod = object.view::<Pod>();
        let uses = |v: &crate::api::kinds::pod::Volume| {
            v.persistent_volume_claim.as_ref().is_some_and(|s| s.claim_name == claim.meta.name)
        };
        pod.spec.node_name.is_empty() && !pod.is_terminal() && pod.spec.volumes.iter().any(uses)
    };
    let pods = server.list(&POD, &claim.meta.namespace).filter(waiting);
    let names: Vec<&str> = pods.map(|pod| pod.name().as_str()).collect();
    match names.as_slice() {
        [] => (
            EventType::Normal,
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding".to_owned(),
        ),
        [one] => (
            EventType::Normal,
            "WaitForPodScheduled",
            format!("waiting for pod {one} to be scheduled"),
        ),
        many => (
            EventType::Normal,
            "WaitForPodScheduled",
            format!("waiting for pods {} to be scheduled", many.join(",")),
        ),
    }
}

/// Asks the external provisioner. Upstream: provisionClaimOperationExternal.
fn provision(cx: &mut Ctx, claim: &Object, provisioner: &Str) -> Result<Next, Status> {
    let why = format!(
        "No volume suits claim {}; its class has the provisioner {provisioner}, which is asked to make one.",
        claim.name()
    );
    cx.modify(&PERSISTENT_VOLUME_CLAIM, &claim.key, Part::Main, why, |claim| {
        let annotations = claim.entry_at(&["metadata", "annotations"]);
        annotations.set(STORAGE_PROVISIONER, provisioner);
        annotations.set(BETA_STORAGE_PROVISIONER, provisioner);
    })?;
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
    );
    cx.event(claim, EventType::Normal, "ExternalProvisioning", message);
    Ok(until_resync(cx.now()))
}

/// Makes claim and volume name each other: volume, its phase, claim, its status. Upstream: bind.
fn bind(cx: &mut Ctx, claim: &Object, volume: &Key) -> Result<(), Status> {
    let why = format!(
        "Claim {} and volume {} suit each other (size, class, access modes), so they were bound.",
        claim.name(),
        volume.name
    );
    let bound = cx.modify(&PERSISTENT_VOLUME, volume, Part::Main, why.clone(), |value| {
        bind_to_claim(value, claim);
    })?;
    set_phase(cx, volume, "Bound", "", &why)?;
    let name = volume.name.clone();
    cx.modify(&PERSISTENT_VOLUME_CLAIM, &claim.key, Part::Main, why, |claim| {
        if claim.at(&["spec", "volumeName"]).text() != name.as_str() {
            claim.set_at(&["spec", "volumeName"], &name);
            claim.set_at(&["metadata", "annotations", BOUND_BY_CONTROLLER], "yes");
        }
        claim.set_at(&["metadata", "annotations", BIND_COMPLETED], "yes");
    })?;
    set_claim_status(cx, &claim.key, "Bound", Some(&bound))
}

/// Upstream: updateClaimStatus.
fn set_claim_status(
    cx: &mut Ctx,
    key: &Key,
    phase: &str,
    volume: Option<&Object>,
) -> Result<(), Status> {
    let why = match volume {
        Some(volume) => format!("Claim {} has volume {}.", key.name, volume.name()),
        None => format!("Claim {} has no volume.", key.name),
    };
    cx.modify(&PERSISTENT_VOLUME_CLAIM, key, Part::Status, why, |claim| {
        let status = claim.entry("status");
        let changes = status.get("phase").text() != phase;
        match volume {
            None => {
                status.remove("accessModes");
                status.remove("capacity");
            }
            Some(volume) => {
                status.set("accessModes", volume.at(&["spec", "accessModes"]));
                if changes {
                    status.set("capacity", volume.at(&["spec", "capacity"]));
                }
            }
        }
        status.set("phase", phase);
    })?;
    Ok(())
}

/// Upstream: updateVolumePhase.
fn set_phase(cx: &mut Ctx, key: &Key, phase: &str, message: &str, why: &str) -> Result<(), Status> {
    let now = cx.now();
    cx.modify(&PERSISTENT_VOLUME, key, Part::Status, why.to_owned(), |volume| {
        let status = volume.entry("status");
        if status.get("phase").text() == phase {
            return;
        }
        status.set("phase", phase);
        status.set("lastPhaseTransitionTime", now);
        status.remove("message");
        if !message.is_empty() {
            status.set("message", message);
        }
    })?;
    Ok(())
}

/// What a volume needs.
#[derive(Debug, PartialEq)]
enum Volume {
    /// It is free.
    Available,
    /// It serves its claim.
    Bound,
    /// Its claim does not know of it yet.
    TellClaim,
    /// Its claim wants another kind of volume.
    Mismatch,
    /// Its claim is gone.
    Release,
    /// Its claim has another volume, and it becomes free again.
    Unbind,
}

/// Upstream: syncVolume.
fn decide_volume(volume: &PersistentVolume, claim: Option<&PersistentVolumeClaim>) -> Volume {
    let Some(reference) = &volume.spec.claim_ref else { return Volume::Available };
    if reference.uid.is_empty() {
        return Volume::Available;
    }
    let Some(claim) = claim.filter(|claim| claim.meta.uid == reference.uid) else {
        return Volume::Release;
    };
    if claim.spec.volume_name.is_empty() {
        return if modes_differ(claim, volume) { Volume::Mismatch } else { Volume::TellClaim };
    }
    if claim.spec.volume_name == volume.meta.name {
        return Volume::Bound;
    }
    let made_for_it = volume.meta.annotations.contains_key(PROVISIONED_BY)
        && volume.spec.persistent_volume_reclaim_policy == "Delete";
    if made_for_it { Volume::Release } else { Volume::Unbind }
}

fn sync_volume(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&PERSISTENT_VOLUME, key) else { return Ok(Next::Idle) };
    let volume = object.view::<PersistentVolume>();
    let reference = volume.spec.claim_ref.clone().unwrap_or_default();
    let claim_key = Key::new(reference.namespace, reference.name);
    let claim = cx.object(&PERSISTENT_VOLUME_CLAIM, &claim_key);
    let view = claim.as_ref().map(|claim| claim.view::<PersistentVolumeClaim>());
    match decide_volume(&volume, view.as_deref()) {
        Volume::Available => {
            let why = format!("Volume {} serves no claim, so it is Available.", key.name);
            set_phase(cx, key, "Available", "", &why)?;
        }
        Volume::Bound => {
            let why = format!("Volume {} serves claim {claim_key}, so it is Bound.", key.name);
            set_phase(cx, key, "Bound", "", &why)?;
        }
        Volume::TellClaim => return sync_claim(cx, &claim_key),
        Volume::Mismatch => {
            let message = format!(
                "Cannot bind PersistentVolume to requested PersistentVolumeClaim {:?} due to incompatible volumeMode.",
                claim_key.name.as_str()
            );
            cx.event(&object, EventType::Warning, "VolumeMismatch", message);
            if let Some(claim) = claim {
                let message = format!(
                    "Cannot bind PersistentVolume {:?} to requested PersistentVolumeClaim due to incompatible volumeMode.",
                    key.name.as_str()
                );
                cx.event(&claim, EventType::Warning, "VolumeMismatch", message);
            }
        }
        Volume::Release => {
            if volume.status.phase != "Released" && volume.status.phase != "Failed" {
                let why = format!("Claim {claim_key} is gone, so volume {} is Released.", key.name);
                set_phase(cx, key, "Released", "", &why)?;
            }
            reclaim(cx, &object, &volume)?;
        }
        Volume::Unbind => unbind(cx, key)?,
    }
    Ok(Next::Idle)
}

/// Upstream: unbindVolume.
fn unbind(cx: &mut Ctx, key: &Key) -> Result<(), Status> {
    let why = format!("The claim of volume {} has another volume, so it becomes free.", key.name);
    cx.modify(&PERSISTENT_VOLUME, key, Part::Main, why.clone(), |volume| {
        let annotations = volume.entry_at(&["metadata", "annotations"]);
        if annotations.remove(BOUND_BY_CONTROLLER).is_some() {
            volume.entry("spec").remove("claimRef");
        } else {
            volume.entry_at(&["spec", "claimRef"]).remove("uid");
        }
    })?;
    set_phase(cx, key, "Available", "", &why)
}

/// What becomes of a released volume. Upstream: reclaimVolume, deleteVolumeOperation.
fn reclaim(cx: &mut Ctx, object: &Object, volume: &PersistentVolume) -> Result<(), Status> {
    let policy = volume.spec.persistent_volume_reclaim_policy.as_str();
    let by_provisioner = volume.meta.annotations.contains_key(PROVISIONED_BY);
    let failure = match policy {
        "Retain" => return Ok(()),
        // Whoever made it removes it.
        "Delete" if by_provisioner || volume.spec.csi.is_some() => return Ok(()),
        "Delete" => match &volume.spec.host_path {
            Some(path) if path.path.starts_with("/tmp/") => {
                let why = format!(
                    "Volume {} is Released and its reclaim policy is Delete.",
                    volume.meta.name
                );
                let options = DeleteOptions::default();
                return cx.delete(&PERSISTENT_VOLUME, &object.key, &options, why).map(|_| ());
            }
            Some(path) => (
                "VolumeFailedDelete",
                format!(
                    "host_path deleter only supports /tmp/.+ but received provided {}",
                    path.path
                ),
            ),
            None => (
                "VolumeFailedDelete",
                format!(
                    "error getting deleter volume plugin for volume {:?}: no deletable volume plugin matched",
                    volume.meta.name.as_str()
                ),
            ),
        },
        "Recycle" => ("VolumeFailedRecycle", "No recycler plugin found for the volume!".to_owned()),
        _ => (
            "VolumeUnknownReclaimPolicy",
            "Volume has unrecognized PersistentVolumeReclaimPolicy".to_owned(),
        ),
    };
    if volume.status.phase != "Failed" {
        let (reason, message) = failure;
        let why = format!("Volume {} cannot be reclaimed: {message}", volume.meta.name);
        set_phase(cx, &object.key, "Failed", &message, &why)?;
        cx.event(object, EventType::Warning, reason, message);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;
    use crate::value;

    #[test]
    fn a_volume_follows_its_claim() {
        let claim = |uid: &str, volume: &str| {
            PersistentVolumeClaim::from_value(&value!({
                "metadata": { "name": "c", "namespace": "d", "uid": uid },
                "spec": { "volumeName": volume },
            }))
        };
        let volume = |uid: &str, made: bool| {
            let mut volume = value!({
                "metadata": { "name": "v" },
                "spec": { "persistentVolumeReclaimPolicy": "Delete" },
            });
            if uid != "-" {
                let reference = value!({ "name": "c", "namespace": "d", "uid": uid });
                volume.set_at(&["spec", "claimRef"], reference);
            }
            if made {
                volume.set_at(&["metadata", "annotations", PROVISIONED_BY], "p");
            }
            PersistentVolume::from_value(&volume)
        };
        for (volume, claim, expected) in [
            (volume("-", false), None, Volume::Available),
            (volume("", false), Some(claim("u", "")), Volume::Available),
            (volume("u", false), None, Volume::Release),
            (volume("u", false), Some(claim("w", "v")), Volume::Release),
            (volume("u", false), Some(claim("u", "")), Volume::TellClaim),
            (volume("u", false), Some(claim("u", "v")), Volume::Bound),
            (volume("u", false), Some(claim("u", "x")), Volume::Unbind),
            (volume("u", true), Some(claim("u", "x")), Volume::Release),
        ] {
            assert_eq!(decide_volume(&volume, claim.as_ref()), expected);
        }
    }

    #[test]
    fn waiting_claims_are_looked_at_together() {
        let at = |s| until_resync(Time::START + Span::seconds(s));
        assert_eq!(at(1), Next::After(Span::seconds(14)));
        assert_eq!(at(15), Next::After(Span::seconds(15)));
    }
}
