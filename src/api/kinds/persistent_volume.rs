//! PersistentVolume.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static PERSISTENT_VOLUME: Kind = Kind {
    group: "",
    version: "v1",
    name: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short: &["pv"],
    namespaced: false,
    categories: &[],
    subresources: &["status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
