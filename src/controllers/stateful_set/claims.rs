//! The claims of a set's pods and who owns them under the retention policy.
//! Upstream: pkg/controller/statefulset/stateful_set_utils.go and stateful_pod_control.go.

use crate::api::Object;
use crate::api::kinds::stateful_set::StatefulSet;
use crate::api::meta::Meta;
use crate::base::value::{Str, Value};
use crate::value;

use super::identity;

/// The name of the claim that a template makes for an ordinal: `www-web-0`.
/// Upstream: getPersistentVolumeClaimName.
pub fn claim_name(set: &StatefulSet, template: &str, ordinal: i32) -> String {
    format!("{template}-{}-{ordinal}", set.meta.name)
}

/// The names of all claims of an ordinal.
pub fn claim_names(set: &StatefulSet, ordinal: i32) -> impl Iterator<Item = String> + '_ {
    let templates = set.spec.volume_claim_templates.iter();
    templates.map(move |template| claim_name(set, &template.meta.name, ordinal))
}

/// The claims of an ordinal as they are created. Upstream: getPersistentVolumeClaims.
pub fn new_claims(set: &StatefulSet, ordinal: i32) -> Vec<(Str, Value)> {
    let with_values =
        set.spec.volume_claim_templates.iter().zip(&set.spec.volume_claim_template_values);
    with_values
        .map(|(template, value)| {
            let name = Str::from(claim_name(set, &template.meta.name, ordinal));
            let mut claim = value.clone();
            claim.remove("status");
            claim.set_at(&["metadata", "name"], &name);
            claim.set_at(&["metadata", "namespace"], &set.meta.namespace);
            for (key, label) in &set.spec.selector.match_labels {
                claim.set_at(&["metadata", "labels", key], label);
            }
            (name, claim)
        })
        .collect()
}

/// A possible owner of a claim.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// `apps/v1`.
    pub api_version: &'a str,
    /// `StatefulSet`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its uid; "" for a pod that does not exist yet.
    pub uid: &'a str,
}

impl<'a> Owner<'a> {
    /// The set.
    pub fn set(set: &'a StatefulSet) -> Owner<'a> {
        Owner {
            api_version: "apps/v1",
            kind: "StatefulSet",
            name: &set.meta.name,
            uid: &set.meta.uid,
        }
    }

    /// A pod.
    pub fn pod(pod: &'a Object) -> Owner<'a> {
        Owner { api_version: "v1", kind: "Pod", name: pod.name(), uid: pod.uid() }
    }

    fn is_named_by(self, reference: &crate::api::meta::OwnerReference) -> bool {
        reference.api_version == self.api_version
            && reference.kind == self.kind
            && reference.name == self.name
    }

    fn owns(self, claim: &Meta) -> bool {
        claim.owner_references.iter().any(|reference| reference.uid == self.uid)
    }

    /// Whether the claim names an owner of this name that is no more. Upstream: hasStaleOwnerRef.
    pub fn is_stale_in(self, claim: &Meta) -> bool {
        let named = claim.owner_references.iter().find(|reference| self.is_named_by(reference));
        named.is_some_and(|reference| reference.uid != self.uid)
    }

    fn reference(self) -> Value {
        value!({
            "apiVersion": self.api_version, "kind": self.kind, "name": self.name, "uid": self.uid,
            "controller": true, "blockOwnerDeletion": true,
        })
    }
}

/// Which owners the policy gives to a claim: the set, the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    set: bool,
    pod: bool,
}

fn keeps_all(set: &StatefulSet) -> bool {
    set.spec.retention.when_scaled != "Delete" && set.spec.retention.when_deleted != "Delete"
}

fn wanted_owners(set: &StatefulSet, ordinal: i32) -> Wanted {
    let scaled = set.spec.retention.when_scaled == "Delete";
    let deleted = set.spec.retention.when_deleted == "Delete";
    let condemned = scaled && !identity::in_range(set, ordinal);
    Wanted { set: deleted && !condemned, pod: condemned }
}

/// Whether something else manages the claim. Upstream: hasUnexpectedController.
pub fn has_unexpected_controller(claim: &Meta, set: &StatefulSet, pod: Owner) -> bool {
    let owner = Owner::set(set);
    !keeps_all(set)
        && claim.owner_references.iter().any(|reference| {
            if owner.is_named_by(reference) {
                reference.uid != owner.uid
            } else if pod.is_named_by(reference) {
                reference.uid != pod.uid
            } else {
                reference.controller
            }
        })
}

/// Whether the claim's owners are what the policy asks for. Upstream: isClaimOwnerUpToDate.
pub fn owners_match(claim: &Meta, set: &StatefulSet, pod: Owner, ordinal: i32) -> bool {
    let owner = Owner::set(set);
    if owner.is_stale_in(claim) || pod.is_stale_in(claim) {
        return true;
    }
    if has_unexpected_controller(claim, set, pod) {
        return !owner.owns(claim) && !pod.owns(claim);
    }
    let mut ours = claim.owner_references.iter().filter(|r| r.uid == owner.uid || r.uid == pod.uid);
    if ours.any(|reference| !reference.controller) {
        return false;
    }
    wanted_owners(set, ordinal) == Wanted { set: owner.owns(claim), pod: pod.owns(claim) }
}

/// The claim's owners under the policy. Upstream: updateClaimOwnerRefForSetAndPod.
pub fn update_owners(claim: &mut Value, set: &StatefulSet, pod: Owner, ordinal: i32) {
    use crate::base::view::FromValue;
    let meta = Meta::from_value(claim.get("metadata"));
    let owner = Owner::set(set);
    let unexpected = has_unexpected_controller(&meta, set, pod);
    let stored = claim.at(&["metadata", "ownerReferences"]).clone();
    let with_views = meta.owner_references.iter().zip(stored.as_array());
    let mut references: Vec<Value> = with_views
        .filter(|(view, _)| !owner.is_named_by(view) && !pod.is_named_by(view))
        .map(|(_, value)| value.clone())
        .collect();
    if !unexpected {
        let wanted = wanted_owners(set, ordinal);
        let added = [(wanted.set, owner), (wanted.pod, pod)];
        references.extend(added.iter().filter(|(is, _)| *is).map(|(_, who)| who.reference()));
    }
    if references.is_empty() {
        claim.entry("metadata").remove("ownerReferences");
    } else {
        claim.set_at(&["metadata", "ownerReferences"], Value::array(references));
    }
}

/// One plain sentence about a change of owners.
pub fn why_owners(set: &StatefulSet, ordinal: i32, claim: &str) -> String {
    let policy = &set.spec.retention;
    let wanted = wanted_owners(set, ordinal);
    let who = match (wanted.set, wanted.pod) {
        (true, _) => format!("goes with StatefulSet {}", set.meta.name),
        (_, true) => format!("goes with pod {}", identity::pod_name(set, ordinal)),
        _ => "stays on its own".to_owned(),
    };
    let or_retain = |text: &Str| if text.is_empty() { "Retain".into() } else { text.clone() };
    format!(
        "The retention policy of StatefulSet {} is whenDeleted {}, whenScaled {}, so claim {claim} {who}.",
        set.meta.name,
        or_retain(&policy.when_deleted),
        or_retain(&policy.when_scaled),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;

    fn set(deleted: &str, scaled: &str, replicas: i32) -> StatefulSet {
        StatefulSet::from_value(&value!({
            "metadata": { "name": "web", "namespace": "default", "uid": "set" },
            "spec": {
                "replicas": replicas,
                "persistentVolumeClaimRetentionPolicy": { "whenDeleted": deleted, "whenScaled": scaled },
            },
        }))
    }

    fn owners_after(set: &StatefulSet, claim: &mut Value) -> Vec<String> {
        let pod = Owner { api_version: "v1", kind: "Pod", name: "web-1", uid: "pod" };
        update_owners(claim, set, pod, 1);
        let meta = Meta::from_value(claim.get("metadata"));
        assert!(owners_match(&meta, set, pod, 1));
        meta.owner_references.iter().map(|r| r.uid.to_string()).collect()
    }

    #[test]
    fn the_policy_decides_who_owns_a_claim() {
        for (deleted, scaled, replicas, expected) in [
            ("Retain", "Retain", 2, &[][..]),
            ("Delete", "Retain", 2, &["set"][..]),
            ("Delete", "Retain", 1, &["set"][..]),
            ("Retain", "Delete", 2, &[][..]),
            ("Retain", "Delete", 1, &["pod"][..]),
            ("Delete", "Delete", 2, &["set"][..]),
            ("Delete", "Delete", 1, &["pod"][..]),
        ] {
            let mut claim = value!({ "metadata": { "name": "www-web-1" } });
            assert_eq!(owners_after(&set(deleted, scaled, replicas), &mut claim), expected);
        }
    }

    #[test]
    fn a_claim_under_another_controller_is_left_alone() {
        let mut claim = value!({ "metadata": { "ownerReferences": [
            { "apiVersion": "v1", "kind": "Other", "name": "x", "uid": "other", "controller": true },
        ] } });
        assert_eq!(owners_after(&set("Delete", "Delete", 2), &mut claim), ["other"]);
    }
}
