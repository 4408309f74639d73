//! RFC 7386 merge patches, and the three-way ones that `apply` computes for kinds without a schema.
//!
//! Upstream: evanphx/json-patch merge.go; apimachinery/pkg/util/jsonmergepatch/patch.go.

use crate::base::value::{Map, Value};

/// Applies a merge patch: `null` deletes, objects merge, everything else replaces.
pub fn merge_patch(target: &Value, patch: &Value) -> Value {
    let Some(patch) = patch.as_map() else { return patch.clone() };
    let mut out = target.as_map().cloned().unwrap_or_default();
    for (key, value) in patch.iter() {
        if value.is_null() {
            out.remove(key);
        } else {
            let merged = merge_patch(out.get(key).unwrap_or(&Value::Null), value);
            out.insert(key.clone(), merged);
        }
    }
    Value::from(out)
}

/// The merge patch that leads from one object to another.
pub fn create_merge_patch(original: &Value, modified: &Value) -> Value {
    let (Some(from), Some(to)) = (original.as_map(), modified.as_map()) else {
        return modified.clone();
    };
    let mut patch = Map::new();
    for (key, value) in to.iter() {
        match from.get(key) {
            Some(old) if old == value => {}
            Some(old @ Value::Map(_)) if value.as_map().is_some() => {
                let inner = create_merge_patch(old, value);
                if !inner.is_empty() {
                    patch.insert(key.clone(), inner);
                }
            }
            _ => {
                patch.insert(key.clone(), value);
            }
        }
    }
    for key in from.keys() {
        if !to.contains_key(key) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    Value::from(patch)
}

/// What `apply` sends for kinds without a schema: changes from the live to the wanted object, and deletions
/// from the last applied to the wanted one.
/// Upstream: jsonmergepatch/patch.go, CreateThreeWayJSONMergePatch.
pub fn three_way_json_merge(original: &Value, modified: &Value, current: &Value) -> Value {
    let changes = keep(&create_merge_patch(current, modified), false);
    let deletions = keep(&create_merge_patch(original, modified), true);
    union(&deletions, &changes)
}

/// Keeps only the nulls, or only what is not null.
fn keep(patch: &Value, nulls: bool) -> Value {
    let mut out = Map::new();
    for (key, value) in patch.entries() {
        match value {
            Value::Null if nulls => {
                out.insert(key.clone(), Value::Null);
            }
            Value::Null => {}
            Value::Map(map) if map.is_empty() && !nulls => {
                out.insert(key.clone(), value);
            }
            Value::Map(_) => {
                let inner = keep(value, nulls);
                if !inner.is_empty() {
                    out.insert(key.clone(), inner);
                }
            }
            _ if !nulls => {
                out.insert(key.clone(), value);
            }
            _ => {}
        }
    }
    Value::from(out)
}

/// Two patches as one; the second wins.
fn union(first: &Value, second: &Value) -> Value {
    let (Some(a), Some(b)) = (first.as_map(), second.as_map()) else { return second.clone() };
    let mut out = a.clone();
    for (key, value) in b.iter() {
        let merged = out.get(key).map_or_else(|| value.clone(), |old| union(old, value));
        out.insert(key.clone(), merged);
    }
    Value::from(out)
}
