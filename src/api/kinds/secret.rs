//! Secret.

use std::collections::BTreeMap;

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::rules::pod_defaults::default_empty;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind.
pub static SECRET: Kind = Kind {
    group: "",
    version: "v1",
    name: "Secret",
    plural: "secrets",
    singular: "secret",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules { default, ..Rules::NONE },
};

view! {
    /// Named bytes, base64.
    pub struct Secret {
        meta: Meta = "metadata",
        immutable: Option<bool> = "immutable",
        data: BTreeMap<Str, Str> = "data",
        kind: Str = "type",
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Secret.
fn default(secret: &mut Value) {
    default_empty(secret, "type", "Opaque");
}
