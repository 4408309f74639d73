//! Names, ordinals and the marks by which a pod belongs to its place in the set.
//! Upstream: pkg/controller/statefulset/stateful_set_utils.go.

use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::stateful_set::StatefulSet;
use crate::api::meta::OwnerReference;
use crate::base::value::{Str, Value};
use crate::value;

use super::claims;

/// Label with the pod's own name.
pub const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
/// Label with the pod's ordinal.
pub const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";
/// Label with the name of the revision that the pod was made from.
pub const REVISION_LABEL: &str = "controller-revision-hash";

/// The set's name and the ordinal in a pod's name `web-3`; `None` for a name of another form.
/// Upstream: getParentNameAndOrdinal.
pub fn parent_and_ordinal(pod_name: &str) -> Option<(&str, i32)> {
    let (parent, digits) = pod_name.rsplit_once('-')?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !all_digits {
        return None;
    }
    Some((parent, digits.parse().ok()?))
}

/// The name of the pod with this ordinal.
pub fn pod_name(set: &StatefulSet, ordinal: i32) -> String {
    format!("{}-{ordinal}", set.meta.name)
}

/// The first ordinal.
pub fn start_ordinal(set: &StatefulSet) -> i32 {
    set.spec.ordinals.start
}

/// The number of pods that are wanted.
pub fn wanted(set: &StatefulSet) -> i32 {
    set.spec.replicas.unwrap_or(1).max(0)
}

/// Whether the ordinal is one of those that are wanted. Upstream: podInOrdinalRange.
pub fn in_range(set: &StatefulSet, ordinal: i32) -> bool {
    let start = i64::from(start_ordinal(set));
    (start..start + i64::from(wanted(set))).contains(&i64::from(ordinal))
}

/// Whether pods are made and removed without waiting for one another. Upstream: allowsBurst.
pub fn is_parallel(set: &StatefulSet) -> bool {
    set.spec.pod_management_policy == "Parallel"
}

/// Whether the pod carries the name label that its place asks for. Upstream: identityMatches.
pub fn identity_matches(pod: &Pod) -> bool {
    pod.meta.labels.get(POD_NAME_LABEL).is_some_and(|name| *name == pod.meta.name)
}

/// Sets the labels of the place. Upstream: updateIdentity.
pub fn update_identity(set: &StatefulSet, ordinal: i32, pod: &mut Value) {
    let labels = pod.entry_at(&["metadata", "labels"]);
    labels.set(POD_NAME_LABEL, pod_name(set, ordinal));
    labels.set(POD_INDEX_LABEL, ordinal.to_string());
}

/// Whether each claim template has its volume in the pod. Upstream: storageMatches.
pub fn storage_matches(set: &StatefulSet, ordinal: i32, pod: &Pod) -> bool {
    set.spec.volume_claim_templates.iter().all(|template| {
        let name = claims::claim_name(set, &template.meta.name, ordinal);
        pod.spec
            .volumes
            .iter()
            .filter(|volume| volume.name == template.meta.name)
            .filter_map(|volume| volume.persistent_volume_claim.as_ref())
            .any(|source| source.claim_name == name.as_str())
    })
}

/// Puts the volumes of the claims in front of the template's own. Upstream: updateStorage.
pub fn update_storage(set: &StatefulSet, ordinal: i32, pod: &mut Value) {
    let templates = &set.spec.volume_claim_templates;
    if templates.is_empty() {
        return;
    }
    let claimed = |name: &str| templates.iter().any(|template| template.meta.name == name);
    let old = pod.at(&["spec", "volumes"]).clone();
    let mut volumes: Vec<Value> = templates
        .iter()
        .map(|template| {
            let claim = claims::claim_name(set, &template.meta.name, ordinal);
            value!({ "name": &template.meta.name, "persistentVolumeClaim": { "claimName": claim } })
        })
        .collect();
    volumes.extend(old.as_array().iter().filter(|v| !claimed(v.get("name").text())).cloned());
    pod.set_at(&["spec", "volumes"], Value::array(volumes));
}

/// A new pod for an ordinal, from the template of a revision. Upstream: newStatefulSetPod.
pub fn new_pod(
    set: &StatefulSet,
    owner: &Object,
    template: &Value,
    revision: &Str,
    ordinal: i32,
) -> Value {
    let name = pod_name(set, ordinal);
    let mut meta = value!({
        "name": &name,
        "generateName": format!("{}-", set.meta.name),
        "namespace": &set.meta.namespace,
        "ownerReferences": vec![OwnerReference::controller_of(owner)],
    });
    for key in ["labels", "annotations", "finalizers"] {
        let part = template.at(&["metadata", key]);
        if !part.is_empty() {
            meta.set(key, part);
        }
    }
    meta.set_at(&["labels", REVISION_LABEL], revision);
    let mut pod = value!({ "metadata": meta, "spec": template.get("spec") });
    update_identity(set, ordinal, &mut pod);
    pod.set_at(&["spec", "hostname"], &name);
    if !set.spec.service_name.is_empty() {
        pod.set_at(&["spec", "subdomain"], &set.spec.service_name);
    }
    update_storage(set, ordinal, &mut pod);
    pod
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_the_digits_behind_the_last_dash() {
        assert_eq!(parent_and_ordinal("web-3"), Some(("web", 3)));
        assert_eq!(parent_and_ordinal("a-b-12"), Some(("a-b", 12)));
        assert_eq!(parent_and_ordinal("web"), None);
        assert_eq!(parent_and_ordinal("web-x"), None);
        assert_eq!(parent_and_ordinal("web-99999999999"), None);
    }
}
