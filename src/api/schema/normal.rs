//! The form in which an object is stored and printed: what Go leaves out is absent, what Go always prints is there.
//!
//! Upstream: encoding/json's rules for `omitempty` and `omitzero`, by way of each field's tag.

use std::rc::Rc;

use crate::api::kind::Kind;
use crate::api::schema::{Field, Schema, Ty, TypeId, of_kind, schema};
use crate::base::value::{Map, Value};

/// Brings an object into its stored form. Parts that have it already stay shared.
pub fn normalise(kind: &Kind, object: &mut Value) {
    normalise_change(kind, object, &Value::Null);
}

/// As [`normalise`]; parts that are shared with `old`, which has the form already, are not looked at.
pub fn normalise_change(kind: &Kind, object: &mut Value, old: &Value) {
    if let Some(id) = of_kind(kind)
        && let Some(normal) = normal_struct(schema(), id, object, old, 0)
    {
        *object = normal;
    }
}

fn is_shared(value: &Value, old: &Value) -> bool {
    match (value, old) {
        (Value::Array(a), Value::Array(b)) => Rc::ptr_eq(a, b),
        (Value::Map(a), Value::Map(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}

/// Nesting beyond this stays as it is.
const MAX_DEPTH: usize = 100;

/// The normal form of a value, or `None` when it has it already.
fn normal(schema: &Schema, ty: &Ty, value: &Value, old: &Value, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH || is_shared(value, old) {
        return None;
    }
    match (schema.resolve(ty), value) {
        (Ty::Ref(id), Value::Map(_)) => normal_struct(schema, *id, value, old, depth + 1),
        (Ty::List(inner), Value::Array(items)) => {
            let item = |(at, item)| normal(schema, inner, item, old.index(at), depth + 1);
            let changed: Vec<Option<Value>> = items.iter().enumerate().map(item).collect();
            if changed.iter().all(Option::is_none) {
                return None;
            }
            let pairs = items.iter().zip(changed);
            Some(Value::array(pairs.map(|(old, new)| new.unwrap_or_else(|| old.clone())).collect()))
        }
        (Ty::Map(inner), Value::Map(map)) if !matches!(schema.resolve(inner), Ty::Str) => {
            let mut copy: Option<Rc<Map>> = None;
            for (key, item) in map.iter() {
                if let Some(new) = normal(schema, inner, item, old.get(key), depth + 1) {
                    let copy = copy.get_or_insert_with(|| map.clone());
                    Rc::make_mut(copy).insert(key.clone(), new);
                }
            }
            copy.map(Value::Map)
        }
        _ => None,
    }
}

fn normal_struct(
    schema: &Schema,
    id: TypeId,
    value: &Value,
    old: &Value,
    depth: usize,
) -> Option<Value> {
    let map = match value {
        Value::Map(map) => map.clone(),
        _ => Rc::new(Map::new()),
    };
    let mut copy: Option<Rc<Map>> = None;
    // Fields and entries are both sorted by name, so one pass over both finds the pairs.
    let source = map.clone();
    let mut entries = source.iter().peekable();
    for field in &schema.get(id).fields {
        while entries.next_if(|(key, _)| key.as_str() < field.name).is_some() {}
        let found = entries.next_if(|(key, _)| key.as_str() == field.name).map(|(_, value)| value);
        let (seen, before) = match found {
            Some(found) => (found, old.get(field.name)),
            None => (&Value::Null, &Value::Null),
        };
        match normal_field(schema, field, seen, before, depth) {
            Change::Keep => {}
            Change::Drop => {
                if found.is_some() {
                    Rc::make_mut(copy.get_or_insert_with(|| map.clone())).remove(field.name);
                }
            }
            Change::Set(new) => {
                Rc::make_mut(copy.get_or_insert_with(|| map.clone())).insert(field.name, new);
            }
        }
    }
    if copy.is_none() && !matches!(value, Value::Map(_)) {
        return Some(Value::Map(map));
    }
    copy.map(Value::Map)
}

enum Change {
    Keep,
    Drop,
    Set(Value),
}

fn normal_field(
    schema: &Schema,
    field: &Field,
    value: &Value,
    old: &Value,
    depth: usize,
) -> Change {
    if is_shared(value, old) {
        return Change::Keep;
    }
    let inner = normal(schema, &field.ty, value, old, depth);
    let seen = inner.as_ref().unwrap_or(value);
    let pointer = matches!(field.ty, Ty::Pointer(_));
    let plain = schema.resolve(&field.ty);
    let is_struct = !pointer && matches!(plain, Ty::Ref(_));
    let left_out = if pointer || matches!(plain, Ty::Any(_)) {
        seen.is_null() && (field.omit_empty || field.omit_zero)
    } else if is_struct {
        field.omit_zero && is_zero(seen)
    } else if matches!(plain, Ty::Time | Ty::MicroTime) {
        // A struct in Go, so that `omitempty` does nothing.
        field.omit_zero && seen.is_null()
    } else {
        (field.omit_empty || field.omit_zero) && seen.is_empty()
    };
    if left_out {
        return Change::Drop;
    }
    if !seen.is_null() {
        return inner.map_or(Change::Keep, Change::Set);
    }
    if pointer {
        return Change::Set(Value::Null);
    }
    match plain {
        Ty::Str | Ty::Duration => Change::Set(Value::from("")),
        Ty::Bool => Change::Set(Value::from(false)),
        Ty::Int(_) | Ty::Float | Ty::IntOrString => Change::Set(Value::from(0)),
        Ty::Quantity => Change::Set(Value::from("0")),
        Ty::Ref(id) if depth < MAX_DEPTH => Change::Set(
            normal_struct(schema, *id, &Value::Null, &Value::Null, depth + 1)
                .unwrap_or_else(Value::map),
        ),
        _ => Change::Set(Value::Null),
    }
}

/// Whether a struct holds nothing.
fn is_zero(value: &Value) -> bool {
    value.is_null() || value.as_map().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::POD;
    use crate::value;

    #[test]
    fn empty_things_go_and_go_structs_stay() {
        let mut pod = value!({"metadata": {"name": "p", "labels": {}}, "spec": {
            "containers": [{"name": "c", "env": [], "args": null}], "hostNetwork": false,
            "securityContext": {}, "volumes": [{"name": "v", "emptyDir": {}}]}});
        normalise(&POD, &mut pod);
        assert_eq!(
            pod.to_json(),
            r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","resources":{}}],"securityContext":{},"volumes":[{"emptyDir":{},"name":"v"}]},"status":{}}"#
        );
        let before = pod.clone();
        normalise(&POD, &mut pod);
        let (Value::Map(a), Value::Map(b)) = (&before, &pod) else { panic!("an object") };
        assert!(Rc::ptr_eq(a, b), "a normal object is not copied");
    }

    #[test]
    fn conditions_print_their_probe_time() {
        let mut pod = value!({"spec": {"containers": null}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        normalise(&POD, &mut pod);
        assert_eq!(
            pod.get("status").get("conditions").index(0).to_json(),
            r#"{"lastProbeTime":null,"lastTransitionTime":null,"status":"True","type":"Ready"}"#
        );
    }
}
