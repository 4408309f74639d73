//! The controllers of kube-controller-manager: one file each, one entry in [`ALL`].

pub mod engine;
pub mod stateful_set;

pub use engine::{Controller, Controllers, Ctx, Next, Watch};

/// Every controller, in the order in which equal instants are served.
pub static ALL: &[&Controller] = &[&stateful_set::CONTROLLER];
