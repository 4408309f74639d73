//! ServiceAccount.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

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
