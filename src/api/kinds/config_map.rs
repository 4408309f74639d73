//! ConfigMap.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::base::value::Str;
use crate::view;

/// The kind.
pub static CONFIG_MAP: Kind = Kind {
    group: "",
    version: "v1",
    name: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};

view! {
    /// Named texts. `binary_data` is base64.
    pub struct ConfigMap {
        meta: Meta = "metadata",
        immutable: Option<bool> = "immutable",
        data: BTreeMap<Str, Str> = "data",
        binary_data: BTreeMap<Str, Str> = "binaryData",
    }
}
