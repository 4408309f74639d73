//! The external provisioner of the default class: makes a directory of the node's disk into a volume.
//!
//! Upstream: sigs.k8s.io/sig-storage-lib-external-provisioner/controller/controller.go and
//! minikube's pkg/storage/storage_provisioner.go.
//! Simplified: its delays are drawn at random; volumes have no node affinity (as minikube's).

use crate::base::ordered::OrdMap;

use crate::api::kinds::persistent_volume::PersistentVolume;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::storage_class::StorageClass;
use crate::api::kinds::{PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS};
use crate::api::volumes::{
    PROVISIONED_BY, SELECTED_NODE, STORAGE_PROVISIONER, class_of, waits_for_consumer,
};
use crate::api::{Key, Object, Status};
use crate::base::time::{Span, Time};
use crate::base::value::{Str, Value};
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::server::{Change, ChangeKind, DeleteOptions, EventType, Server};
use crate::value;

/// The provisioner's name, as storage classes give it.
pub const PROVISIONER: &str = "k8s.io/minikube-hostpath";
/// The name under which it reports events.
const COMPONENT: &str = "k8s.io/minikube-hostpath_minikube_7c8f2a53-6f0e-4a86-9c0b-5d2a3f1f7e11";
/// Annotation of its volumes with its own identity.
const IDENTITY: (&str, &str) =
    ("hostPathProvisionerIdentity", "5c1a2d7e-0d1b-4a30-8f9e-3a3d0c6c7f40");
/// Where the directories are.
const ROOT: &str = "/var/hostpath-provisioner";

/// The controller. A volume's key has no namespace.
pub static CONTROLLER: Controller = Controller {
    name: PROVISIONER,
    watches: &[
        Watch::found(&PERSISTENT_VOLUME_CLAIM, claim_changed),
        Watch::found(&PERSISTENT_VOLUME, volume_changed),
    ],
    reconcile: |cx, key| {
        if key.ns.is_empty() { remove(cx, key) } else { provision(cx, key) }
    },
    memory: || Box::new(Jobs::default()),
};

/// What it is at.
#[derive(Clone, Default)]
struct Jobs {
    by_key: OrdMap<Key, Job>,
    /// Volumes are removed one after the other; until when it is busy with that.
    removing_until: Time,
}

#[derive(Clone)]
struct Job {
    uid: Str,
    due: Time,
    started: bool,
}

fn claim_changed(change: &Change, server: &Server) -> Vec<Key> {
    let wanted = change.change != ChangeKind::Deleted
        && is_asked(&change.new.view::<PersistentVolumeClaim>(), server);
    wanted.then(|| change.key.clone()).into_iter().collect()
}

fn volume_changed(change: &Change, _: &Server) -> Vec<Key> {
    let wanted = change.change != ChangeKind::Deleted
        && is_disposable(&change.new.view::<PersistentVolume>());
    wanted.then(|| change.key.clone()).into_iter().collect()
}

/// Whether a claim waits for this provisioner. Upstream: shouldProvision.
fn is_asked(claim: &PersistentVolumeClaim, server: &Server) -> bool {
    let annotations = &claim.meta.annotations;
    let for_us = annotations.get(STORAGE_PROVISIONER).is_some_and(|name| name == PROVISIONER);
    if !for_us || !claim.spec.volume_name.is_empty() {
        return false;
    }
    let Some(class) = server.get(&STORAGE_CLASS, &Key::new("", class_of(claim))) else {
        return false;
    };
    !waits_for_consumer(&class.view::<StorageClass>()) || annotations.contains_key(SELECTED_NODE)
}

/// Whether a volume of this provisioner has served. Upstream: shouldDelete.
fn is_disposable(volume: &PersistentVolume) -> bool {
    let ours = volume.meta.annotations.get(PROVISIONED_BY).is_some_and(|name| name == PROVISIONER);
    ours && volume.status.phase == "Released"
        && volume.spec.persistent_volume_reclaim_policy == "Delete"
        && !volume.meta.is_deleting()
}

/// How long a step takes: to notice a claim, to make a directory, to remove one.
fn delay(cx: &Ctx, uid: &str, step: u64) -> Span {
    let (low, high) = match step {
        0 => (140, 320),
        1 => (140, 170),
        _ => (90, 120),
    };
    Span::millis(cx.rng().named("provision", uid, step).range(low, high))
}

fn provision(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let object = cx.object(&PERSISTENT_VOLUME_CLAIM, key);
    let asked = |object: &Object| is_asked(&object.view::<PersistentVolumeClaim>(), cx.server);
    let Some(object) = object.filter(|object| asked(object)) else {
        cx.memory::<Jobs>().by_key.remove(key);
        return Ok(Next::Idle);
    };
    let (now, uid) = (cx.now(), Str::from(object.uid()));
    let (notice, work) = (delay(cx, &uid, 0), delay(cx, &uid, 1));
    let jobs = &mut cx.memory::<Jobs>().by_key;
    let job = match jobs.get_mut(key) {
        Some(job) if job.uid == uid => job,
        _ => {
            jobs.insert(key.clone(), Job { uid, due: now + notice, started: false });
            return Ok(Next::After(notice));
        }
    };
    if job.due > now {
        return Ok(Next::After(job.due - now));
    }
    if !job.started {
        job.started = true;
        job.due = now + work;
        let message = format!("External provisioner is provisioning volume for claim \"{key}\"");
        cx.event_from(COMPONENT, &object, EventType::Normal, "Provisioning", message);
        return Ok(Next::After(work));
    }
    jobs.remove(key);
    let Some(class) = class_for(cx, &object) else { return Ok(Next::Idle) };
    let volume = new_volume(&object, &class);
    let name = volume.at(&["metadata", "name"]).text().to_owned();
    let why = format!(
        "Claim {} asked for {} of class {}, so {PROVISIONER} made volume {name} for it.",
        key.name,
        object.at(&["spec", "resources", "requests", "storage"]).text(),
        class.meta.name,
    );
    match cx.create(&PERSISTENT_VOLUME, volume, why) {
        Ok(_) => {
            let message = format!("Successfully provisioned volume {name}");
            cx.event_from(COMPONENT, &object, EventType::Normal, "ProvisioningSucceeded", message);
            Ok(Next::Idle)
        }
        Err(status) if status.is_already_exists() => Ok(Next::Idle),
        Err(status) => {
            let message = format!(
                "failed to provision volume with StorageClass {:?}: {}",
                class.meta.name.as_str(),
                status.message
            );
            cx.event_from(COMPONENT, &object, EventType::Warning, "ProvisioningFailed", message);
            Err(status)
        }
    }
}

fn class_for(cx: &Ctx, claim: &Object) -> Option<std::rc::Rc<StorageClass>> {
    let claim = claim.view::<PersistentVolumeClaim>();
    cx.get::<StorageClass>(&STORAGE_CLASS, &Key::new("", class_of(&claim)))
}

fn new_volume(claim: &Object, class: &StorageClass) -> Value {
    let view = claim.view::<PersistentVolumeClaim>();
    let name = format!("pvc-{}", claim.uid());
    let mut spec = value!({
        "accessModes": claim.at(&["spec", "accessModes"]),
        "capacity": { "storage": claim.at(&["spec", "resources", "requests", "storage"]) },
        "claimRef": {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": claim.name(),
            "namespace": claim.namespace(), "uid": claim.uid(),
            "resourceVersion": claim.rv.to_string(),
        },
        "hostPath": { "path": format!("{ROOT}/{}", claim.key), "type": "" },
        "persistentVolumeReclaimPolicy":
            class.reclaim_policy.clone().unwrap_or_else(|| "Delete".into()),
        "storageClassName": class_of(&view),
        "volumeMode": view.spec.volume_mode.clone().unwrap_or_else(|| "Filesystem".into()),
    });
    if !class.mount_options.is_empty() {
        spec.set("mountOptions", class.mount_options.clone());
    }
    let mut meta = value!({ "name": name });
    meta.set_at(&["annotations", IDENTITY.0], IDENTITY.1);
    meta.set_at(&["annotations", PROVISIONED_BY], PROVISIONER);
    value!({ "metadata": meta, "spec": spec })
}

fn remove(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let disposable = |object: &Object| is_disposable(&object.view::<PersistentVolume>());
    let Some(object) = cx.object(&PERSISTENT_VOLUME, key).filter(|object| disposable(object))
    else {
        cx.memory::<Jobs>().by_key.remove(key);
        return Ok(Next::Idle);
    };
    let (now, uid) = (cx.now(), Str::from(object.uid()));
    let notice = delay(cx, &uid, 2);
    let jobs = cx.memory::<Jobs>();
    match jobs.by_key.get(key) {
        Some(job) if job.due <= now => drop(jobs.by_key.remove(key)),
        Some(job) => return Ok(Next::After(job.due - now)),
        None => {
            let due = jobs.removing_until.max(now) + notice;
            jobs.removing_until = due;
            jobs.by_key.insert(key.clone(), Job { uid, due, started: false });
            return Ok(Next::After(due - now));
        }
    }
    let why = format!(
        "Volume {} is Released and its reclaim policy is Delete, so {PROVISIONER} removed it with its files.",
        key.name
    );
    cx.delete(&PERSISTENT_VOLUME, key, &DeleteOptions::default(), why)?;
    Ok(Next::Idle)
}
