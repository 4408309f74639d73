//! ServiceAccount.

use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::kinds::pod::LocalObjectReference;
use crate::api::meta::Meta;
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
    rules: Rules::NONE,
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
