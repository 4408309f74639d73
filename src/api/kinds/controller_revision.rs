//! ControllerRevision.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static CONTROLLER_REVISION: Kind = Kind {
    group: "apps",
    version: "v1",
    name: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
