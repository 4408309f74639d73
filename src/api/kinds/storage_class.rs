//! StorageClass.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::base::value::{Str, Value};
use crate::view;

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
    rules: Rules { default, ..Rules::NONE },
};

view! {
    /// A way of making volumes.
    pub struct StorageClass {
        meta: Meta = "metadata",
        provisioner: Str = "provisioner",
        parameters: BTreeMap<Str, Str> = "parameters",
        reclaim_policy: Option<Str> = "reclaimPolicy",
        mount_options: Vec<Str> = "mountOptions",
        allow_volume_expansion: Option<bool> = "allowVolumeExpansion",
        volume_binding_mode: Option<Str> = "volumeBindingMode",
        allowed_topologies: Vec<TopologySelectorTerm> = "allowedTopologies",
    }

    /// Places in which volumes may be made.
    pub struct TopologySelectorTerm {
        match_label_expressions: Vec<TopologySelectorLabelRequirement> = "matchLabelExpressions",
    }

    /// One requirement on a node's labels.
    pub struct TopologySelectorLabelRequirement {
        key: Str = "key",
        values: Vec<Str> = "values",
    }
}

/// Upstream: pkg/apis/storage/v1/defaults.go, SetDefaults_StorageClass.
fn default(class: &mut Value) {
    class.default_to("reclaimPolicy", "Delete");
    class.default_to("volumeBindingMode", "Immediate");
}
