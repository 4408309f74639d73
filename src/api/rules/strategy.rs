//! Steps before a write that many kinds share: whose the status is, when the generation goes up.
//!
//! Upstream: pkg/registry/*/strategy.go, PrepareForCreate and PrepareForUpdate.

use crate::api::rules::faults::same;
use crate::base::value::Value;

/// A new object has no status of its own, and its first generation.
pub fn create_with_generation(object: &mut Value) {
    object.remove("status");
    object.set_at(&["metadata", "generation"], 1);
}

/// A new object has no status of its own.
pub fn create_without_status(object: &mut Value) {
    object.remove("status");
}

/// A writer of the object does not write its status.
pub fn keep_status(new: &mut Value, old: &Value) {
    match old.get("status") {
        Value::Null => {
            new.remove("status");
        }
        status => new.set("status", status.clone()),
    }
}

/// Raises the generation when the spec has changed, else keeps it.
pub fn bump_generation(new: &mut Value, old: &Value) {
    let before = old.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
    let step = i64::from(!same(new.get("spec"), old.get("spec")));
    new.set_at(&["metadata", "generation"], before + step);
}

/// Both of the usual steps before an update.
pub fn update_with_generation(new: &mut Value, old: &Value) {
    keep_status(new, old);
    bump_generation(new, old);
}
