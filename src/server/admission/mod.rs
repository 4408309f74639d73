//! Admission: what may be written, and what is filled in from the cluster's state.
//!
//! One file for each plugin, one entry in [`ALL`]. Upstream: pkg/kubeapiserver/options/plugins.go.

use crate::api::{KindRef, Object, Status};
use crate::base::value::Value;
use crate::server::Server;

pub mod default_storage_class;
pub mod default_toleration_seconds;
pub mod limit_ranger;
pub mod namespace_lifecycle;
pub mod priority;
pub mod resize;
pub mod service_account;
pub mod storage_object_in_use;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Create,
    Update,
    Delete,
}

/// What a request is about.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    /// The kind.
    pub kind: KindRef,
    /// The namespace, or "".
    pub ns: &'a str,
    /// The name; "" while it is not generated yet.
    pub name: &'a str,
    /// The subresource, or "".
    pub sub: &'a str,
    /// What is being done.
    pub operation: Operation,
    /// The stored object, for updates and deletions.
    pub old: Option<&'a Object>,
}

/// An admission plugin.
pub struct Plugin {
    /// Upstream's name: `NamespaceLifecycle`.
    pub name: &'static str,
    /// Changes the object or refuses the request. Deletions carry no object.
    pub admit: fn(&mut Value, &Attributes, &Server) -> Result<(), Status>,
    /// Refuses an object that its kind's own checks have passed.
    pub validate: fn(&Value, &Attributes, &Server) -> Result<(), Status>,
}

/// For plugins that only change objects.
///
/// # Errors
/// None.
pub fn nothing(_: &Value, _: &Attributes, _: &Server) -> Result<(), Status> {
    Ok(())
}

/// Every plugin, in the order in which they are asked.
pub static ALL: &[&Plugin] = &[
    &namespace_lifecycle::PLUGIN,
    &limit_ranger::PLUGIN,
    &service_account::PLUGIN,
    &default_toleration_seconds::PLUGIN,
    &priority::PLUGIN,
    &default_storage_class::PLUGIN,
    &resize::PLUGIN,
    &storage_object_in_use::PLUGIN,
];

/// Asks every plugin in turn.
///
/// # Errors
/// The first refusal.
pub fn admit(value: &mut Value, attributes: &Attributes, server: &Server) -> Result<(), Status> {
    ALL.iter().try_for_each(|plugin| (plugin.admit)(value, attributes, server))
}

/// Asks every plugin about the object as it will be stored.
///
/// # Errors
/// The first refusal.
pub fn validate(value: &Value, attributes: &Attributes, server: &Server) -> Result<(), Status> {
    ALL.iter().try_for_each(|plugin| (plugin.validate)(value, attributes, server))
}
