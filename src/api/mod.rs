//! API objects: kinds with their defaulting and validation, metadata, selectors, `Status` errors.
//!
//! Everything here is pure: no storage, no time of its own.

pub mod cron;
pub mod int_or_string;
pub mod kind;
pub mod kinds;
pub mod meta;
pub mod names;
pub mod object;
pub mod revision;
pub mod rules;
pub mod scheduling;
pub mod schema;
pub mod selector;
pub mod status;
pub mod volumes;

pub use int_or_string::IntOrString;
pub use kind::{Kind, KindRef};
pub use meta::{Meta, OwnerReference};
pub use object::{Key, Object};
pub use selector::{FieldSelector, LabelSelector, Selector};
pub use status::{Cause, Status};
