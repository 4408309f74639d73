//! Rules about claims and volumes that scheduler and volume controller share.
//!
//! Upstream: staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::kinds::persistent_volume::PersistentVolume;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::kinds::storage_class::StorageClass;
use crate::api::scheduling::matches_any_term;
use crate::api::{Meta, Object};
use crate::base::quantity::Quantity;
use crate::base::value::{Str, Value};
use crate::value;

/// Annotation of a claim whose binding is complete.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Annotation of what the controller (and not a person) bound.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Annotation of a claim with the node that the scheduler chose for its first consumer.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Annotation of a volume with the provisioner that made it.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Annotation of a claim with the provisioner that is to make its volume.
pub const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The same under its old name.
pub const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// The provisioner of classes that make no volumes.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The name of a claim's class, "" for none. Upstream: GetPersistentVolumeClaimClass.
pub fn class_of(claim: &PersistentVolumeClaim) -> &str {
    let annotation = claim.meta.annotations.get("volume.beta.kubernetes.io/storage-class");
    annotation.or(claim.spec.storage_class_name.as_ref()).map_or("", Str::as_str)
}

/// The name of a volume's class, "" for none. Upstream: GetPersistentVolumeClass.
pub fn class_of_volume(volume: &PersistentVolume) -> &str {
    let annotation = volume.meta.annotations.get("volume.beta.kubernetes.io/storage-class");
    annotation.unwrap_or(&volume.spec.storage_class_name)
}

/// Whether claims of the class wait for their first consumer.
pub fn waits_for_consumer(class: &StorageClass) -> bool {
    class.volume_binding_mode.as_ref().is_some_and(|mode| mode == "WaitForFirstConsumer")
}

/// Whether a volume names the claim as the one it serves. Upstream: IsVolumeBoundToClaim.
pub fn is_bound_to(volume: &PersistentVolume, claim: &Meta) -> bool {
    volume.spec.claim_ref.as_ref().is_some_and(|reference| {
        reference.name == claim.name
            && reference.namespace == claim.namespace
            && (reference.uid.is_empty() || reference.uid == claim.uid)
    })
}

/// Whether a claim has its volume and both sides know. Upstream: isPVCFullyBound.
pub fn is_fully_bound(claim: &PersistentVolumeClaim) -> bool {
    !claim.spec.volume_name.is_empty() && claim.meta.annotations.contains_key(BIND_COMPLETED)
}

/// Whether a volume can be reached from a node. Upstream: CheckNodeAffinity.
pub fn reachable(volume: &PersistentVolume, labels: &OrdMap<Str, Str>, node: &str) -> bool {
    let required = volume.spec.node_affinity.required.as_ref();
    required.is_none_or(|required| matches_any_term(&required.node_selector_terms, labels, node))
}

/// The amount under `storage`, in bytes.
pub fn storage(list: &OrdMap<Str, Str>) -> i64 {
    list.get("storage").and_then(|text| Quantity::parse(text).ok()).map_or(0, Quantity::value)
}

fn mode(mode: Option<&Str>) -> &str {
    mode.map_or("Filesystem", Str::as_str)
}

/// Whether a claim and a volume disagree on block device or file system. Upstream: CheckVolumeModeMismatches.
pub fn modes_differ(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    mode(claim.spec.volume_mode.as_ref()) != mode(volume.spec.volume_mode.as_ref())
}

/// Whether a volume offers all access modes of a claim. Upstream: CheckAccessModes.
pub fn access_modes_fit(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    claim.spec.access_modes.iter().all(|mode| volume.spec.access_modes.contains(mode))
}

/// Where a claim's volume is looked for.
pub struct Search<'a> {
    /// The node from which it must be reachable: labels and name. `None` outside of scheduling.
    pub node: Option<(&'a OrdMap<Str, Str>, &'a str)>,
    /// Volumes that are taken already, by name.
    pub excluded: &'a [Str],
    /// Whether the claim waits for its first consumer.
    pub delayed: bool,
}

/// The smallest volume that suits a claim, or the one that is meant for it. Upstream: FindMatchingVolume.
pub fn find_matching<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a Rc<Object>>,
    search: &Search,
) -> Option<Rc<Object>> {
    let wanted = storage(&claim.spec.resources.requests);
    let selector = match &claim.spec.selector {
        Some(selector) => Some(selector.compile().ok()?),
        None => None,
    };
    let mut smallest: Option<(i64, &Rc<Object>)> = None;
    for object in volumes {
        let volume = object.view::<PersistentVolume>();
        let size = storage(&volume.spec.capacity);
        let taken = volume.spec.claim_ref.is_some() && !is_bound_to(&volume, &claim.meta);
        let unsuited = taken
            || search.excluded.contains(&volume.meta.name)
            || size < wanted
            || modes_differ(claim, &volume)
            || claim.spec.volume_attributes_class_name != volume.spec.volume_attributes_class_name
            || volume.meta.is_deleting();
        if unsuited {
            continue;
        }
        let within_reach =
            search.node.is_none_or(|(labels, node)| reachable(&volume, labels, node));
        if is_bound_to(&volume, &claim.meta) {
            return within_reach.then(|| object.clone());
        }
        let waits = search.node.is_none() && search.delayed;
        let fits = !waits
            && volume.status.phase == "Available"
            && selector.as_ref().is_none_or(|s| s.matches(&volume.meta.labels))
            && class_of_volume(&volume) == class_of(claim)
            && within_reach
            && (search.node.is_none() || access_modes_fit(claim, &volume));
        if fits && smallest.is_none_or(|(least, _)| size < least) {
            smallest = Some((size, object));
        }
    }
    smallest.map(|(_, object)| object.clone())
}

/// Makes a volume name a claim as the one it serves. Upstream: GetBindVolumeToClaim.
pub fn bind_to_claim(volume: &mut Value, claim: &Object) {
    use crate::base::view::FromValue;
    let view = PersistentVolume::from_value(volume);
    if !is_bound_to(&view, claim.meta()) {
        volume.set_at(&["metadata", "annotations", BOUND_BY_CONTROLLER], "yes");
    }
    if view.spec.claim_ref.is_none_or(|reference| reference.uid != claim.uid()) {
        volume.set_at(
            &["spec", "claimRef"],
            value!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": claim.name(),
                "namespace": claim.namespace(), "uid": claim.uid(),
                "resourceVersion": claim.rv.to_string(),
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::PERSISTENT_VOLUME;
    use crate::base::view::FromValue;

    fn volume(name: &str, size: &str, claim: &str) -> Rc<Object> {
        let mut value = value!({
            "metadata": { "name": name },
            "spec": { "capacity": { "storage": size }, "accessModes": ["ReadWriteOnce"] },
            "status": { "phase": "Available" },
        });
        if !claim.is_empty() {
            value.set_at(&["spec", "claimRef"], value!({ "namespace": "d", "name": claim }));
        }
        Rc::new(Object::new(&PERSISTENT_VOLUME, value))
    }

    #[test]
    fn the_smallest_volume_that_is_large_enough_is_taken() {
        let claim = PersistentVolumeClaim::from_value(&value!({
            "metadata": { "name": "data", "namespace": "d", "uid": "u" },
            "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "2Gi" } },
            },
        }));
        let search = Search { node: None, excluded: &["e".into()], delayed: false };
        let find = |volumes: &[Rc<Object>]| {
            find_matching(&claim, volumes.iter(), &search).map(|v| v.name().to_string())
        };
        let mut all = vec![
            volume("a", "1Gi", ""),
            volume("b", "5Gi", ""),
            volume("c", "3Gi", ""),
            volume("d", "2Gi", "other"),
            volume("e", "2Gi", ""),
        ];
        assert_eq!(find(&all).as_deref(), Some("c"));
        all.push(volume("f", "9Gi", "data"));
        assert_eq!(find(&all).as_deref(), Some("f"));
        assert_eq!(find(&all[..1]), None);
    }
}
