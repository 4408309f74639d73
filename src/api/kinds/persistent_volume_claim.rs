//! PersistentVolumeClaim.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    group: "",
    version: "v1",
    name: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short: &["pvc"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
