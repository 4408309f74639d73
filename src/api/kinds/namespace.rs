//! Namespace.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::base::time::Time;
use crate::base::value::Str;
use crate::view;

/// The kind.
pub static NAMESPACE: Kind = Kind {
    group: "",
    version: "v1",
    name: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short: &["ns"],
    namespaced: false,
    categories: &[],
    subresources: &["finalize", "status"],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};

view! {
    /// A namespace.
    pub struct Namespace {
        meta: Meta = "metadata",
        spec: NamespaceSpec = "spec",
        status: NamespaceStatus = "status",
    }

    /// Who has to clean up before it goes.
    pub struct NamespaceSpec {
        finalizers: Vec<Str> = "finalizers",
    }

    /// Where it stands.
    pub struct NamespaceStatus {
        phase: Str = "phase",
        conditions: Vec<NamespaceCondition> = "conditions",
    }

    /// Something that is true, false or unknown of the namespace.
    pub struct NamespaceCondition {
        kind: Str = "type",
        status: Str = "status",
        last_transition_time: Option<Time> = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }
}
