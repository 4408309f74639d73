//! What of an object has no effect here: fields of the schema that no view reads.

use crate::api::kind::Kind;
use crate::api::kinds;
use crate::api::schema::{Schema, Ty, TypeId, of_kind, schema};
use crate::base::value::Value;
use crate::base::view::Shape;

/// The paths of fields that are set in an object, known to Kubernetes and not simulated.
/// Metadata and status do not count: the first is kept, the second is ours to write.
pub fn not_simulated(kind: &Kind, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(id), Some(shape)) = (of_kind(kind), kinds::shape_of(kind)) {
        for (key, value) in object.entries() {
            if !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str()) {
                field(schema(), id, shape, key, value, "", &mut found);
            }
        }
    }
    found
}

fn field(
    schema: &Schema,
    id: TypeId,
    shape: Shape,
    key: &str,
    value: &Value,
    path: &str,
    found: &mut Vec<String>,
) {
    let Some(declared) = schema.get(id).field(key) else { return };
    if value.is_empty() {
        return;
    }
    let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match read_as(shape, key) {
        Some(inner) => walk(schema, &declared.ty, inner, value, &path, found),
        None => found.push(path),
    }
}

/// How a field is read; `None` when it is not. A field that is read twice, once as a whole, counts by its parts.
fn read_as(shape: Shape, key: &str) -> Option<Shape> {
    let Shape::Fields(fields) = shape else { return Some(Shape::Whole) };
    let mut shapes = fields.iter().filter(|(name, _)| *name == key).map(|(_, shape)| shape());
    let first = shapes.next()?;
    Some(shapes.fold(first, |best, next| if is_whole(best) { next } else { best }))
}

fn is_whole(shape: Shape) -> bool {
    match shape {
        Shape::Whole => true,
        Shape::Fields(_) => false,
        Shape::Each(inner) => is_whole(inner()),
    }
}

fn walk(
    schema: &Schema,
    ty: &Ty,
    shape: Shape,
    value: &Value,
    path: &str,
    found: &mut Vec<String>,
) {
    match (schema.resolve(ty), shape, value) {
        (Ty::List(inner), Shape::Each(each), Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                walk(schema, inner, each(), item, &format!("{path}[{at}]"), found);
            }
        }
        (Ty::Map(inner), Shape::Each(each), Value::Map(map)) => {
            for (key, item) in map.iter() {
                walk(schema, inner, each(), item, &format!("{path}.{key}"), found);
            }
        }
        (Ty::Ref(id), Shape::Fields(_), Value::Map(map)) => {
            for (key, item) in map.iter() {
                let is_meta = ["metadata", "status", "apiVersion", "kind"].contains(&key.as_str());
                if !is_meta {
                    field(schema, *id, shape, key, item, path, found);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::STATEFUL_SET;
    use crate::value;

    #[test]
    fn fields_that_no_view_reads_are_named() {
        let set = value!({"metadata": {"name": "w"}, "spec": {"replicas": 1, "template": {"spec": {
            "runtimeClassName": "gvisor",
            "containers": [{"name": "c", "securityContext": {"runAsUser": 1, "capabilities": {"add": ["X"]}}}]}}}});
        assert_eq!(
            not_simulated(&STATEFUL_SET, &set),
            [
                "spec.template.spec.containers[0].securityContext.capabilities",
                "spec.template.spec.runtimeClassName"
            ]
        );
    }
}
