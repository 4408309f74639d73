//! LimitRange.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::meta;
use crate::api::rules::pod_defaults as defaults;
use crate::base::ordered::OrdMap;
use crate::base::value::{Str, Value};
use crate::view;

/// The kind. Simplified: of its objects only the metadata is checked.
pub static LIMIT_RANGE: Kind = Kind {
    group: "",
    version: "v1",
    name: "LimitRange",
    plural: "limitranges",
    singular: "limitrange",
    short: &["limits"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules {
        default,
        validate: |range| meta::only(range, meta::Scope::Namespaced, names::dns_subdomain),
        validate_update: meta::only_update,
        ..Rules::NONE
    },
};

view! {
    /// A LimitRange as the simulation reads it.
    pub struct LimitRange {
        meta: Meta = "metadata",
        spec: LimitRangeSpec = "spec",
    }

    /// The limits.
    pub struct LimitRangeSpec {
        limits: Vec<LimitRangeItem> = "limits",
    }

    /// Limits of one type of thing.
    pub struct LimitRangeItem {
        kind: Str = "type",
        max: OrdMap<Str, Str> = "max",
        min: OrdMap<Str, Str> = "min",
        default: OrdMap<Str, Str> = "default",
        default_request: OrdMap<Str, Str> = "defaultRequest",
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_LimitRangeItem.
fn default(range: &mut Value) {
    defaults::each(range.entry("spec"), "limits", |item| {
        if item.get("type").text() != "Container" {
            return;
        }
        for (from, to) in
            [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")]
        {
            for (name, amount) in item.get(from).clone().entries() {
                item.entry(to).default_to(name, amount);
            }
        }
    });
}
