//! Looks after a pod's claims: bound ones must be reachable, unbound ones must find or get a volume.
//! Upstream: pkg/scheduler/framework/plugins/volumebinding.
//! Simplified: no storage capacity tracking.

use std::rc::Rc;

use crate::api::kinds::persistent_volume::PersistentVolume;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::storage_class::StorageClass;
use crate::api::kinds::{PERSISTENT_VOLUME, STORAGE_CLASS};
use crate::api::volumes::{
    NO_PROVISIONER, SELECTED_NODE, Search, class_of, find_matching, is_fully_bound, reachable,
    storage, waits_for_consumer,
};
use crate::api::{Key, Object};
use crate::base::sort::InOrder;
use crate::base::value::Str;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{Cycle, Happening, Plugin, PreFilter, Rejection};

use super::volume_restrictions::{claim_names, uses_claim};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    pre_filter: Some(pre_filter),
    filter: Some(|cycle, node| find(cycle, node).map(|_| ())),
    wakes: |what, pod, _| match what {
        Happening::Claim(key) => key.ns == pod.key.ns && uses_claim(pod, &key.name),
        Happening::Volume | Happening::Class | Happening::NodeAdded(_) => {
            claim_names(pod).next().is_some()
        }
        Happening::NodeChanged(old, new) => old.node.meta.labels != new.node.meta.labels,
        _ => false,
    },
    ..Plugin::new("VolumeBinding")
};

/// A pod's claims, as far as nodes matter to them.
#[derive(Clone, Default)]
pub struct Claims {
    bound: Vec<Rc<Object>>,
    waiting: Vec<Rc<Object>>,
}

/// What must be done about claims before a pod can be bound to a node.
#[derive(Clone, Default)]
pub struct Bindings {
    /// Volumes and the claims that they are to serve.
    pub found: Vec<(Rc<Object>, Rc<Object>)>,
    /// Claims for which volumes are to be made.
    pub provision: Vec<Rc<Object>>,
}

impl Bindings {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.provision.is_empty()
    }
}

/// Upstream: volume_binding.go, PreFilter and podHasPVCs; binder.go, GetPodVolumeClaims.
fn pre_filter(cycle: &mut Cycle) -> PreFilter {
    let mut claims = Claims::default();
    let mut immediate = false;
    let reject = |reason: String| PreFilter::Reject(Rejection::unresolvable(reason));
    for name in claim_names(&cycle.pod) {
        let Some(object) = cycle.claim(name) else {
            return reject(format!("persistentvolumeclaim {:?} not found", name.as_str()));
        };
        let claim = object.view::<PersistentVolumeClaim>();
        if claim.status.phase == "Lost" {
            return reject(format!(
                "persistentvolumeclaim {:?} bound to non-existent persistentvolume {:?}",
                name.as_str(),
                claim.spec.volume_name.as_str()
            ));
        }
        if claim.meta.is_deleting() {
            return reject(format!("persistentvolumeclaim {:?} is being deleted", name.as_str()));
        }
        if is_fully_bound(&claim) {
            claims.bound.push(object.clone());
        } else if claim.spec.volume_name.is_empty() && waits(cycle, &claim) {
            claims.waiting.push(object.clone());
        } else {
            immediate = true;
        }
    }
    if immediate {
        return reject("pod has unbound immediate PersistentVolumeClaims".to_owned());
    }
    let none = claims.bound.is_empty() && claims.waiting.is_empty();
    cycle.state.volumes = claims;
    if none { PreFilter::Skip } else { PreFilter::Filter }
}

fn class(cycle: &Cycle, name: &str) -> Option<Rc<StorageClass>> {
    cycle.server.get(&STORAGE_CLASS, &Key::new("", name)).map(|object| object.view())
}

fn waits(cycle: &Cycle, claim: &PersistentVolumeClaim) -> bool {
    class(cycle, class_of(claim)).is_some_and(|class| waits_for_consumer(&class))
}

/// What must be done so that the pod's claims have volumes on this node.
/// Upstream: binder.go, FindPodVolumes.
pub fn find(cycle: &Cycle, node: &NodeInfo) -> Result<Bindings, Rejection> {
    let labels = &node.node.meta.labels;
    let (mut reachable_all, mut exist_all) = (true, true);
    for object in &cycle.state.volumes.bound {
        let claim = object.view::<PersistentVolumeClaim>();
        let key = Key::new("", claim.spec.volume_name.clone());
        match cycle.server.get(&PERSISTENT_VOLUME, &key) {
            Some(volume) => {
                reachable_all &= reachable(&volume.view::<PersistentVolume>(), labels, &node.name);
            }
            None => exist_all = false,
        }
    }
    let bindings = find_unbound(cycle, node);
    let mut reasons = Vec::new();
    if !reachable_all {
        reasons.push("node(s) didn't match PersistentVolume's node affinity".into());
    }
    if bindings.is_none() {
        reasons.push("node(s) didn't find available persistent volumes to bind".into());
    }
    if !exist_all {
        reasons.push(
            "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)".into(),
        );
    }
    match bindings {
        Some(bindings) if reasons.is_empty() => Ok(bindings),
        _ => Err(Rejection { reasons, unresolvable: true }),
    }
}

fn find_unbound(cycle: &Cycle, node: &NodeInfo) -> Option<Bindings> {
    let mut bindings = Bindings::default();
    let mut to_match = Vec::new();
    for object in &cycle.state.volumes.waiting {
        match object.annotation(SELECTED_NODE) {
            Some(selected) if node.name != selected => return None,
            Some(_) => bindings.provision.push(object.clone()),
            None => to_match.push(object.clone()),
        }
    }
    to_match.order_by_key(|object| {
        storage(&object.view::<PersistentVolumeClaim>().spec.resources.requests)
    });
    let mut chosen: Vec<Str> = Vec::new();
    for object in to_match {
        let claim = object.view::<PersistentVolumeClaim>();
        let search = Search {
            node: Some((&node.node.meta.labels, &node.name)),
            excluded: &chosen,
            delayed: true,
        };
        let class = class_of(&claim);
        let volumes = cycle.server.list(&PERSISTENT_VOLUME, "");
        let of_class = volumes.filter(|v| {
            crate::api::volumes::class_of_volume(&v.view::<PersistentVolume>()) == class
        });
        match find_matching(&claim, of_class, &search) {
            Some(volume) => {
                chosen.push(volume.name().clone());
                bindings.found.push((volume, object));
            }
            None => bindings.provision.push(object),
        }
    }
    let can_provision = bindings.provision.iter().all(|object| {
        let claim = object.view::<PersistentVolumeClaim>();
        class(cycle, class_of(&claim)).is_some_and(|class| provisions_on(&class, node))
    });
    can_provision.then_some(bindings)
}

/// Whether a class makes volumes that the node can reach. Upstream: checkVolumeProvisions.
fn provisions_on(class: &StorageClass, node: &NodeInfo) -> bool {
    let topologies = &class.allowed_topologies;
    let allowed = topologies.is_empty()
        || topologies.iter().any(|term| {
            term.match_label_expressions
                .iter()
                .all(|r| node.label(&r.key).is_some_and(|value| r.values.contains(value)))
        });
    !class.provisioner.is_empty() && class.provisioner != NO_PROVISIONER && allowed
}
