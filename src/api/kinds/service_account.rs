//! ServiceAccount.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::LocalObjectReference;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::meta;
use crate::api::status::Cause;
use crate::base::value::Value;
use crate::view;

/// The kind.
pub static SERVICE_ACCOUNT: Kind = Kind {
    group: "",
    version: "v1",
    name: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short: &["sa"],
    namespaced: true,
    categories: &[],
    subresources: &["token"],
    verbs: ALL_VERBS,
    rules: Rules { validate, validate_update, ..Rules::NONE },
};

view! {
    /// An identity for pods.
    pub struct ServiceAccount {
        meta: Meta = "metadata",
        secrets: Vec<LocalObjectReference> = "secrets",
        image_pull_secrets: Vec<LocalObjectReference> = "imagePullSecrets",
        automount_service_account_token: Option<bool> = "automountServiceAccountToken",
    }
}

fn validate(account: &Value) -> Vec<Cause> {
    meta::only(account, meta::Scope::Namespaced, names::dns_subdomain)
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    meta::only_update(new, old)
}
