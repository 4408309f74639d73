//! EndpointSlice.

use crate::api::kind::{ALL_VERBS, Kind, Rules};

/// The kind.
pub static ENDPOINT_SLICE: Kind = Kind {
    group: "discovery.k8s.io",
    version: "v1",
    name: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: ALL_VERBS,
    rules: Rules::NONE,
};
