//! How a strategic merge patch merges the fields of the built-in kinds.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/meta.go, PatchMetaFromStruct.

use crate::api::kind::Kind;
use crate::api::schema::{Ty, of_kind, schema};
use crate::base::patch;

/// The type of a value that is being patched.
#[derive(Clone, Debug)]
pub struct PatchSchema {
    ty: Ty,
}

impl PatchSchema {
    /// The type of a kind's objects; `None` for kinds without a schema, which take no strategic patches.
    pub fn of(kind: &Kind) -> Option<PatchSchema> {
        of_kind(kind).map(|id| PatchSchema { ty: Ty::Ref(id) })
    }

    /// The type of the objects of a group, version and kind.
    pub fn of_gvk(group: &str, version: &str, kind: &str) -> Option<PatchSchema> {
        crate::api::schema::of_gvk(group, version, kind).map(|id| PatchSchema { ty: Ty::Ref(id) })
    }
}

impl patch::PatchSchema for PatchSchema {
    fn field(&self, key: &str) -> Result<patch::Field<PatchSchema>, String> {
        let schema = schema();
        let plain = schema.resolve(&self.ty);
        if let Ty::Map(inner) = plain {
            return Ok(field_of(element(inner), "", ""));
        }
        let Some(ty) = schema.as_struct(plain) else {
            let name = self.name();
            return Err(format!(
                "merging an object in json but data type is not struct, instead is: {name}"
            ));
        };
        match ty.field(key) {
            Some(field) => {
                let (strategy, key) = field.patch.map_or(("", ""), |p| (p.strategy, p.merge_key));
                Ok(field_of(element(&field.ty), strategy, key))
            }
            None => Err(format!(
                "unable to find api field in struct {} for the json field {key:?}",
                ty.name
            )),
        }
    }

    fn name(&self) -> String {
        match schema().resolve(&self.ty) {
            Ty::Str | Ty::Duration => "string".to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Int(name) => (*name).to_owned(),
            Ty::Float => "float64".to_owned(),
            Ty::Bytes | Ty::List(_) => "slice".to_owned(),
            Ty::Map(_) => "map".to_owned(),
            _ => "struct".to_owned(),
        }
    }
}

/// The type of a list's elements, or the type itself.
fn element(ty: &Ty) -> Ty {
    match schema().resolve(ty) {
        Ty::List(inner) => (**inner).clone(),
        _ => ty.clone(),
    }
}

fn field_of(ty: Ty, strategies: &str, merge_key: &str) -> patch::Field<PatchSchema> {
    let has = |name: &str| strategies.split(',').any(|s| s == name);
    patch::Field {
        schema: PatchSchema { ty },
        merge: has("merge"),
        replace: has("replace"),
        retain_keys: has("retainKeys"),
        merge_key: merge_key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::STATEFUL_SET;
    use crate::base::patch::strategic_merge;
    use crate::value;

    #[test]
    fn containers_merge_by_name() {
        let schema = PatchSchema::of(&STATEFUL_SET).unwrap();
        let containers = |list| value!({"spec": {"template": {"spec": {"containers": list}}}});
        let old = containers(value!([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]));
        let patch = containers(value!([{"name": "b", "image": "z"}]));
        let new = strategic_merge(&old, &patch, &schema).unwrap();
        assert_eq!(
            new,
            containers(value!([{"name": "a", "image": "x"}, {"name": "b", "image": "z"}]))
        );
        let faulty = containers(value!([{"image": "nginx"}]));
        assert_eq!(
            strategic_merge(&old, &faulty, &schema).unwrap_err(),
            "map: map[image:nginx] does not contain declared merge key: name"
        );
    }
}
