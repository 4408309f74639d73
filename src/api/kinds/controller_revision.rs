//! ControllerRevision.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::base::value::Value;
use crate::view;

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

view! {
    /// A state that a workload had.
    pub struct ControllerRevision {
        meta: Meta = "metadata",
        data: Value = "data",
        revision: i64 = "revision",
    }
}
