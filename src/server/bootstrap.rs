//! The fresh cluster.

use crate::api::kinds;
use crate::server::{By, Server};
use crate::value;

/// Puts the objects of a fresh cluster into an empty server.
pub fn install(server: &mut Server, nodes: usize, features: &[String]) {
    let _ = (nodes, features);
    let by = By::component("kube-apiserver", "every cluster has this namespace");
    let namespace = value!({ "metadata": { "name": "default" } });
    let _ = server.create(&kinds::NAMESPACE, namespace, by);
}
