//! Namespace.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::default_empty;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
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
    rules: Rules { default, ..Rules::NONE },
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

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Namespace.
fn default(namespace: &mut Value) {
    let name = namespace.at(&["metadata", "name"]).clone();
    if !name.is_empty() {
        namespace.set_at(&["metadata", "labels", "kubernetes.io/metadata.name"], name);
    }
    default_empty(namespace.entry("status"), "phase", "Active");
}
