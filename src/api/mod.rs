//! API objects: kinds with their defaulting and validation, metadata, selectors, `Status` errors.
//!
//! Everything here is pure: no storage, no time of its own.

pub mod kind;
pub mod kinds;
pub mod meta;
pub mod object;
pub mod status;

pub use kind::{Kind, KindRef};
pub use meta::{Meta, OwnerReference};
pub use object::{Key, Object};
pub use status::{Cause, Status};
