//! Objects as server-side apply sees them: what is a field of its own, what belongs together.
//!
//! Upstream: vendor/sigs.k8s.io/structured-merge-diff/v6/typed/{compare,merge,remove,tofieldset,validate}.go.
//! Simplified: lists with repeated keys are treated by their first elements.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;

use crate::api::schema::{ListType, Schema, Ty, TypeId, of_kind, schema};
use crate::api::{Key, KindRef};
use crate::base::value::{Map, Str, Value};
use crate::server::managed::set::{Set, Step, path_text};

/// Structs that are owned as a whole. Upstream: the marker `+structType=atomic` in staging/src/k8s.io/api.
const ATOMIC_STRUCTS: [&str; 18] = [
    "ConfigMapKeySelector",
    "EndpointAddress",
    "EndpointPort",
    "FileKeySelector",
    "LabelSelector",
    "LocalObjectReference",
    "NodeSelector",
    "NodeSelectorTerm",
    "ObjectFieldSelector",
    "ObjectReference",
    "OwnerReference",
    "ResourceFieldSelector",
    "ScopeSelector",
    "SecretKeySelector",
    "SecretReference",
    "ServiceBackendPort",
    "TopologySelectorTerm",
    "TypedLocalObjectReference",
];
/// Maps that are owned as a whole. Upstream: the marker `+mapType=atomic`.
const ATOMIC_MAPS: [(&str, &str); 4] = [
    ("PodSpec", "nodeSelector"),
    ("ReplicationControllerSpec", "selector"),
    ("Scheduling", "nodeSelector"),
    ("ServiceSpec", "selector"),
];
/// Deeper values are taken as they are.
const MAX_DEPTH: usize = 100;

/// The type of a value, with what its field says of lists and maps.
#[derive(Clone)]
pub(super) struct Place {
    ty: Ty,
    list: Option<ListType>,
    atomic_map: bool,
}

enum Atom {
    Scalar,
    List { element: Place, keys: Keys },
    Map { fields: Option<TypeId>, element: Option<Place>, atomic: bool },
}

#[derive(Clone, Copy)]
enum Keys {
    Atomic,
    Set,
    Map(&'static str),
}

fn plain(ty: &Ty) -> Place {
    Place { ty: ty.clone(), list: None, atomic_map: false }
}

impl Place {
    /// The type of a kind's objects; `None` for kinds without a schema.
    pub(super) fn of(kind: KindRef) -> Option<Place> {
        of_kind(kind).map(|id| plain(&Ty::Ref(id)))
    }

    fn atom(&self, schema: &'static Schema, value: &Value) -> Atom {
        match schema.resolve(&self.ty) {
            Ty::Ref(id) => {
                let ty = schema.get(*id);
                let atomic = ATOMIC_STRUCTS.contains(&ty.name);
                Atom::Map { fields: Some(*id), element: None, atomic }
            }
            Ty::Map(inner) => {
                Atom::Map { fields: None, element: Some(plain(inner)), atomic: self.atomic_map }
            }
            Ty::List(inner) => {
                let keys = match self.list {
                    Some(ListType::Set) => Keys::Set,
                    Some(ListType::Map(keys)) => Keys::Map(keys),
                    Some(ListType::Atomic) | None => Keys::Atomic,
                };
                Atom::List { element: plain(inner), keys }
            }
            any @ Ty::Any(_) => match value {
                Value::Map(_) => {
                    Atom::Map { fields: None, element: Some(plain(any)), atomic: false }
                }
                Value::Array(_) => Atom::List { element: plain(any), keys: Keys::Atomic },
                _ => Atom::Scalar,
            },
            _ => Atom::Scalar,
        }
    }
}

/// The place of an entry of a map or struct; `None` when the struct has no such field.
fn entry(
    schema: &'static Schema,
    fields: Option<TypeId>,
    element: Option<&Place>,
    key: &str,
) -> Option<Place> {
    let Some(id) = fields else { return element.cloned() };
    let ty = schema.get(id);
    let field = ty.field(key)?;
    Some(Place {
        ty: field.ty.clone(),
        list: field.list,
        atomic_map: ATOMIC_MAPS.contains(&(ty.name, field.name)),
    })
}

/// The step to an element of a list.
fn step_of(keys: Keys, item: &Value) -> Step {
    match keys {
        Keys::Map(keys) => {
            let pair = |key: &str| {
                let value = match item.get(key) {
                    // The only key with a default among the built-in kinds.
                    Value::Null if key == "protocol" => Value::from("TCP"),
                    value => value.clone(),
                };
                (Str::from(key), value)
            };
            let map: Map = keys.split(',').map(pair).filter(|(_, v)| !v.is_null()).collect();
            Step::Key(Value::from(map).to_json().into())
        }
        Keys::Set | Keys::Atomic => Step::Item(item.to_json().into()),
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Map(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// What differs between two objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    pub(super) removed: Set,
    pub(super) modified: Set,
    pub(super) added: Set,
}

/// Compares two objects of a type.
pub(super) fn compare(place: &Place, old: &Value, new: &Value) -> Comparison {
    let mut out = Comparison::default();
    compare_at(schema(), place, Some(old), Some(new), &mut Vec::new(), &mut out);
    out
}

fn compare_at(
    schema: &'static Schema,
    place: &Place,
    old: Option<&Value>,
    new: Option<&Value>,
    path: &mut Vec<Step>,
    out: &mut Comparison,
) {
    if old == new || path.len() > MAX_DEPTH {
        return;
    }
    let null = Value::Null;
    let atom = place.atom(schema, new.filter(|v| !v.is_null()).or(old).unwrap_or(&null));
    let both_empty = is_empty(old) && is_empty(new);
    match atom {
        Atom::List { element, keys } if !both_empty && !matches!(keys, Keys::Atomic) => {
            let (old, new) = (indexed(keys, old), indexed(keys, new));
            let steps = old.iter().chain(new.iter().filter(|(s, _)| find(&old, s).is_none()));
            for (step, _) in steps {
                path.push(step.clone());
                compare_at(schema, &element, find(&old, step), find(&new, step), path, out);
                path.pop();
            }
        }
        Atom::Map { fields, element, atomic } if !both_empty && !atomic => {
            for key in keys_of(old, new) {
                let Some(below) = entry(schema, fields, element.as_ref(), &key) else { continue };
                path.push(Step::Field(key.clone()));
                compare_at(schema, &below, present(old, &key), present(new, &key), path, out);
                path.pop();
            }
        }
        _ => {
            match (old, new) {
                (None, _) => out.added.insert(path),
                (_, None) => out.removed.insert(path),
                _ => out.modified.insert(path),
            }
            return;
        }
    }
    match (old, new) {
        (None, _) => out.added.insert(path),
        (_, None) => out.removed.insert(path),
        _ => {}
    }
}

fn present<'a>(value: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    value?.as_map()?.get(key)
}

fn keys_of(old: Option<&Value>, new: Option<&Value>) -> Vec<Str> {
    let keys = |value: Option<&Value>| -> Vec<Str> {
        value.into_iter().flat_map(|v| v.entries().map(|(key, _)| key.clone())).collect()
    };
    let mut all = keys(old);
    all.extend(keys(new));
    all.order();
    all.dedup();
    all
}

fn indexed(keys: Keys, list: Option<&Value>) -> Vec<(Step, &Value)> {
    let mut out: Vec<(Step, &Value)> = Vec::new();
    for item in list.map_or(&[][..], Value::as_array) {
        let step = step_of(keys, item);
        if find(&out, &step).is_none() {
            out.push((step, item));
        }
    }
    out
}

fn find<'a>(list: &[(Step, &'a Value)], step: &Step) -> Option<&'a Value> {
    list.iter().find(|(s, _)| s == step).map(|(_, value)| *value)
}

/// The fields that an object sets.
pub(super) fn to_set(place: &Place, object: &Value) -> Set {
    let mut set = Set::default();
    set_at(schema(), place, object, &mut Vec::new(), &mut set);
    set
}

fn set_at(
    schema: &'static Schema,
    place: &Place,
    value: &Value,
    path: &mut Vec<Step>,
    set: &mut Set,
) {
    if path.len() > MAX_DEPTH {
        return;
    }
    match place.atom(schema, value) {
        Atom::Scalar | Atom::List { keys: Keys::Atomic, .. } | Atom::Map { atomic: true, .. } => {
            set.insert(path);
        }
        Atom::List { element, keys } => {
            for item in value.as_array() {
                path.push(step_of(keys, item));
                set_at(schema, &element, item, path, set);
                set.insert(path);
                path.pop();
            }
        }
        Atom::Map { fields, element, .. } => {
            for (key, item) in value.entries() {
                let Some(below) = entry(schema, fields, element.as_ref(), key) else { continue };
                path.push(Step::Field(key.clone()));
                set_at(schema, &below, item, path, set);
                let empty = item.is_null() || item.as_map().is_some_and(Map::is_empty);
                if empty || fields.is_none() {
                    set.insert(path);
                }
                path.pop();
            }
        }
    }
}

/// Lays a configuration over an object.
pub(super) fn merge(place: &Place, live: &Value, config: &Value) -> Value {
    merge_at(schema(), place, Some(live), Some(config), 0).unwrap_or_default()
}

fn merge_at(
    schema: &'static Schema,
    place: &Place,
    live: Option<&Value>,
    config: Option<&Value>,
    depth: usize,
) -> Option<Value> {
    let leaf = || config.or(live).cloned();
    if (is_empty(live) && is_empty(config)) || depth > MAX_DEPTH {
        return leaf();
    }
    let null = Value::Null;
    let seen = config.filter(|v| !v.is_null()).or(live).unwrap_or(&null);
    match place.atom(schema, seen) {
        Atom::List { element, keys } if !matches!(keys, Keys::Atomic) => {
            let (live, config) = (indexed(keys, live), indexed(keys, config));
            let items = merged_order(&live, &config).into_iter().filter_map(|step| {
                let (live, config) = (find(&live, &step), find(&config, &step));
                merge_at(schema, &element, live, config, depth + 1)
            });
            let items: Vec<Value> = items.collect();
            (!items.is_empty()).then(|| Value::array(items))
        }
        Atom::Map { fields, element, atomic: false } => {
            let mut out = Map::new();
            for key in keys_of(live, config) {
                let below = entry(schema, fields, element.as_ref(), &key);
                let (live, config) = (present(live, &key), present(config, &key));
                let merged = match below {
                    Some(below) => merge_at(schema, &below, live, config, depth + 1),
                    None => config.or(live).cloned(),
                };
                if let Some(merged) = merged {
                    out.insert(key, merged);
                }
            }
            (!out.is_empty()).then(|| Value::from(out))
        }
        _ => leaf(),
    }
}

/// The order of a merged list: the configuration's, with what only the object has kept where it was.
/// Upstream: merge.go, visitListItems.
fn merged_order(live: &[(Step, &Value)], config: &[(Step, &Value)]) -> Vec<Step> {
    let in_live = |step: &Step| find(live, step).is_some();
    let in_config = |step: &Step| find(config, step).is_some();
    let mut shared = config.iter().map(|(s, _)| s).filter(|s| in_live(s)).peekable();
    let mut out: Vec<Step> = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < live.len() || r < config.len() {
        if let (Some((mine, _)), Some((theirs, _))) = (live.get(l), config.get(r)) {
            if mine == theirs {
                out.push(mine.clone());
                (l, r) = (l + 1, r + 1);
                shared.next();
                continue;
            }
            if in_config(mine) && shared.peek().is_some_and(|next| *next != mine) {
                l += 1;
                continue;
            }
        }
        if let Some((mine, _)) = live.get(l) {
            if !in_config(mine) {
                out.push(mine.clone());
                l += 1;
                continue;
            }
            if out.contains(mine) {
                l += 1;
            }
        }
        if let Some((theirs, _)) = config.get(r) {
            if !out.contains(theirs) {
                out.push(theirs.clone());
            }
            r += 1;
            if shared.peek() == Some(&theirs) {
                shared.next();
            }
        }
    }
    out
}

/// The object without the fields of a set.
pub(super) fn remove(place: &Place, object: &Value, gone: &Set) -> Value {
    remove_at(schema(), place, object, gone, 0).unwrap_or_default()
}

fn remove_at(
    schema: &'static Schema,
    place: &Place,
    value: &Value,
    gone: &Set,
    depth: usize,
) -> Option<Value> {
    if depth > MAX_DEPTH {
        return Some(value.clone());
    }
    let below_of = |step: &Step| gone.children.get(step).filter(|below| !below.is_empty());
    match place.atom(schema, value) {
        Atom::Scalar => Some(value.clone()),
        Atom::List { keys: Keys::Atomic, .. } | Atom::Map { atomic: true, .. } => None,
        Atom::List { element, keys } => {
            let mut out = Vec::new();
            let mut touched = false;
            for item in value.as_array() {
                let step = step_of(keys, item);
                if gone.members.contains(&step) {
                    continue;
                }
                out.push(match below_of(&step) {
                    None => item.clone(),
                    Some(below) => {
                        touched = true;
                        let left = remove_at(schema, &element, item, below, depth + 1);
                        left.unwrap_or_else(|| emptied(item))
                    }
                });
            }
            (!out.is_empty() || touched).then(|| Value::array(out))
        }
        Atom::Map { fields, element, .. } => {
            let mut out = Map::new();
            let mut touched = false;
            for (key, item) in value.entries() {
                let step = Step::Field(key.clone());
                if gone.members.contains(&step) {
                    continue;
                }
                let kept = match (below_of(&step), entry(schema, fields, element.as_ref(), key)) {
                    (Some(below), Some(place)) => {
                        touched = true;
                        let left = remove_at(schema, &place, item, below, depth + 1);
                        left.unwrap_or_else(|| emptied(item))
                    }
                    _ => item.clone(),
                };
                out.insert(key.clone(), kept);
            }
            (!out.is_empty() || touched).then(|| Value::from(out))
        }
    }
}

fn emptied(value: &Value) -> Value {
    match value {
        Value::Map(_) => Value::map(),
        Value::Array(_) => Value::array(Vec::new()),
        _ => Value::Null,
    }
}

/// The set with every struct field that leads to a member made a member itself.
/// Upstream: fieldpath/set.go, EnsureNamedFieldsAreMembers.
pub(super) fn with_named_fields(place: &Place, set: &Set) -> Set {
    named_at(schema(), Some(place), set)
}

fn named_at(schema: &'static Schema, place: Option<&Place>, set: &Set) -> Set {
    // An object stands for what an untyped value would be.
    let atom = place.map(|place| place.atom(schema, &Value::map()));
    let mut out = Set { members: set.members.clone(), children: OrdMap::new() };
    for (step, child) in &set.children {
        let below = match (&atom, step) {
            (Some(Atom::Map { fields, element, .. }), Step::Field(name)) => {
                let below = entry(schema, *fields, element.as_ref(), name);
                if fields.is_some() && below.is_some() {
                    out.members.insert(step.clone());
                }
                below
            }
            (Some(Atom::List { element, .. }), Step::Key(_)) => Some(element.clone()),
            _ => None,
        };
        out.children.insert(step.clone(), named_at(schema, below.as_ref(), child));
    }
    out
}

/// Checks that a configuration has declared fields only.
///
/// # Errors
/// Upstream's words: `failed to create typed patch object (default/p; /v1, Kind=Pod): .spec.container: field not declared in schema`.
pub(super) fn check(kind: KindRef, place: &Place, key: &Key, config: &Value) -> Result<(), String> {
    check_at(schema(), place, config, &mut Vec::new()).map_err(|why| {
        format!(
            "failed to create typed patch object ({}/{}; {}/{}, Kind={}): {why}",
            key.ns, key.name, kind.group, kind.version, kind.name
        )
    })
}

fn check_at(
    schema: &'static Schema,
    place: &Place,
    value: &Value,
    path: &mut Vec<Step>,
) -> Result<(), String> {
    if value.is_null() || path.len() > MAX_DEPTH {
        return Ok(());
    }
    let expected = |path: &[Step], what: &str| {
        Err(format!("{}: expected {what}, got &{{{}}}", path_text(path), value.to_json()))
    };
    match place.atom(schema, value) {
        Atom::Scalar => match value {
            Value::Map(_) | Value::Array(_) => {
                let found = if matches!(value, Value::Map(_)) { "map" } else { "list" };
                Err(format!("{}: expected scalar, got {found}", path_text(path)))
            }
            _ => Ok(()),
        },
        Atom::List { element, keys } => {
            if !matches!(value, Value::Array(_)) {
                return expected(path, "list");
            }
            for (at, item) in value.as_array().iter().enumerate() {
                path.push(match keys {
                    Keys::Atomic => Step::Item(at.to_string().into()),
                    keys => step_of(keys, item),
                });
                check_at(schema, &element, item, path)?;
                path.pop();
            }
            Ok(())
        }
        Atom::Map { fields, element, .. } => {
            if !matches!(value, Value::Map(_)) {
                return expected(path, "map");
            }
            for (key, item) in value.entries() {
                path.push(Step::Field(key.clone()));
                match entry(schema, fields, element.as_ref(), key) {
                    Some(below) => check_at(schema, &below, item, path)?,
                    None => {
                        return Err(format!("{}: field not declared in schema", path_text(path)));
                    }
                }
                path.pop();
            }
            Ok(())
        }
    }
}
