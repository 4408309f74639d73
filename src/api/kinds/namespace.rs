//! Namespace.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::pod_defaults::default_empty;
use crate::api::rules::{meta, strategy};
use crate::api::status::Cause;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::value;
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
    rules: Rules {
        default,
        prepare_create,
        prepare_update,
        validate,
        validate_update,
        ..Rules::NONE
    },
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

/// Upstream: pkg/registry/core/namespace/strategy.go, PrepareForCreate.
fn prepare_create(namespace: &mut Value) {
    namespace.set("status", value!({"phase": "Active"}));
    let finalizers = namespace.entry_at(&["spec", "finalizers"]).make_array();
    if !finalizers.iter().any(|f| f.text() == "kubernetes") {
        finalizers.push(Value::from("kubernetes"));
    }
}

fn prepare_update(new: &mut Value, old: &Value) {
    strategy::keep_status(new, old);
    new.set_at(&["spec", "finalizers"], old.at(&["spec", "finalizers"]));
}

/// Upstream: pkg/apis/core/validation/validation.go, ValidateNamespace.
fn validate(namespace: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    meta::validate(namespace, meta::Scope::Cluster, names::dns_label, &mut faults);
    let spec = Path::new("spec");
    let path = spec.child("finalizers");
    for finalizer in namespace.at(&["spec", "finalizers"]).as_array() {
        let name = finalizer.text();
        faults.all_invalid(path, name, names::label_key(name));
        let standard = ["kubernetes", "orphan", "foregroundDeletion"].contains(&name);
        if !name.contains('/') && !standard {
            faults.invalid(
                path,
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            );
        }
    }
    faults.causes
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    meta::only_update(new, old)
}
