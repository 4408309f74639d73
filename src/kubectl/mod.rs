//! kubectl, which reaches the cluster only through API requests.
