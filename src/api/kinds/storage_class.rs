//! StorageClass.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static STORAGE_CLASS: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    name: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short: &["sc"],
    namespaced: false,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
