//! `metadata`, as controllers and printers read it.

use crate::base::ordered::OrdMap;

use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::value;
use crate::view;

view! {
    /// `ObjectMeta`. Upstream: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
    pub struct Meta {
        name: Str = "name",
        generate_name: Str = "generateName",
        namespace: Str = "namespace",
        uid: Str = "uid",
        resource_version: Str = "resourceVersion",
        generation: i64 = "generation",
        creation_timestamp: Time = "creationTimestamp",
        deletion_timestamp: Option<Time> = "deletionTimestamp",
        deletion_grace_period_seconds: Option<i64> = "deletionGracePeriodSeconds",
        labels: OrdMap<Str, Str> = "labels",
        annotations: OrdMap<Str, Str> = "annotations",
        owner_references: Vec<OwnerReference> = "ownerReferences",
        finalizers: Vec<Str> = "finalizers",
    }

    /// A pointer from an object to one of its owners.
    pub struct OwnerReference {
        api_version: Str = "apiVersion",
        kind: Str = "kind",
        name: Str = "name",
        uid: Str = "uid",
        controller: bool = "controller",
        block_owner_deletion: bool = "blockOwnerDeletion",
    }
}

impl Meta {
    /// The owner that controls the object, if any.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// Whether the owner with this uid controls the object.
    pub fn is_controlled_by(&self, uid: &str) -> bool {
        self.controller().is_some_and(|owner| owner.uid == uid)
    }

    /// Whether deletion has begun.
    pub fn is_deleting(&self) -> bool {
        self.deletion_timestamp.is_some()
    }
}

impl OwnerReference {
    /// The reference as stored, for an owner that controls.
    /// Upstream: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go, NewControllerRef.
    pub fn controller_of(owner: &crate::api::Object) -> Value {
        value!({
            "apiVersion": owner.kind.api_version(),
            "kind": owner.kind.name,
            "name": owner.name(),
            "uid": owner.uid(),
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}
