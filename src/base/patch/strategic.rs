//! Strategic merge patches: lists merge by a key of their elements, and directives order and delete.
//!
//! Upstream: apimachinery/pkg/util/strategicpatch/patch.go; error texts are kept.

use crate::base::gofmt;
use crate::base::sort::InOrder;
use crate::base::value::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// How the fields of one type are patched.
pub trait PatchSchema: Sized {
    /// The field of this name, or for a map the type of its values.
    ///
    /// # Errors
    /// `unable to find api field "x" in …` when there is no such field.
    fn field(&self, key: &str) -> Result<Field<Self>, String>;

    /// The name of the Go type, for messages.
    fn name(&self) -> String;
}

/// How one field is patched.
#[derive(Clone, Debug)]
pub struct Field<S> {
    /// The type of its value, or of its elements.
    pub schema: S,
    /// Whether lists are merged rather than replaced.
    pub merge: bool,
    /// Whether an object is replaced rather than merged.
    pub replace: bool,
    /// Whether patches name the keys to keep (`$retainKeys`).
    pub retain_keys: bool,
    /// The key that tells a list's elements apart; empty for lists of plain values.
    pub merge_key: String,
}

/// A schema in which objects merge and lists are replaced, for kinds that have none.
#[derive(Clone, Copy, Debug)]
pub struct NoSchema;

impl PatchSchema for NoSchema {
    fn field(&self, _key: &str) -> Result<Field<NoSchema>, String> {
        Ok(Field {
            schema: NoSchema,
            merge: false,
            replace: false,
            retain_keys: false,
            merge_key: String::new(),
        })
    }
    fn name(&self) -> String {
        String::new()
    }
}

#[derive(Clone, Copy)]
struct Merge {
    /// Whether directives for lists are carried out (on the server) or combined (when computing a patch).
    parallel_lists: bool,
    drop_nulls: bool,
}

#[derive(Clone, Copy, Default)]
struct Diff {
    ignore_changes: bool,
    ignore_deletions: bool,
    retain_keys: bool,
}

/// Applies a strategic merge patch.
///
/// # Errors
/// Upstream's words when the patch does not fit.
pub fn strategic_merge<S: PatchSchema>(
    original: &Value,
    patch: &Value,
    schema: &S,
) -> Result<Value, String> {
    let merged = merge_map(
        map_of(original),
        map_of(patch),
        schema,
        Merge { parallel_lists: true, drop_nulls: true },
    )?;
    Ok(Value::from(merged))
}

/// The patch that leads from one object to another.
/// Upstream: patch.go, CreateTwoWayMergePatch.
///
/// # Errors
/// Upstream's words when an object does not fit the schema.
pub fn two_way_merge<S: PatchSchema>(
    original: &Value,
    modified: &Value,
    schema: &S,
) -> Result<Value, String> {
    Ok(Value::from(diff_maps(&map_of(original), &map_of(modified), schema, Diff::default())?))
}

/// What `apply` sends: changes from the live to the wanted object, and deletions from the last applied one.
/// Upstream: patch.go, CreateThreeWayMergePatch (with overwrite).
///
/// # Errors
/// Upstream's words when an object does not fit the schema.
pub fn three_way_merge<S: PatchSchema>(
    original: &Value,
    modified: &Value,
    current: &Value,
    schema: &S,
) -> Result<Value, String> {
    let (original, modified, current) = (map_of(original), map_of(modified), map_of(current));
    let delta =
        diff_maps(&current, &modified, schema, Diff { ignore_deletions: true, ..Diff::default() })?;
    let deletions =
        diff_maps(&original, &modified, schema, Diff { ignore_changes: true, ..Diff::default() })?;
    let merged =
        merge_map(deletions, delta, schema, Merge { parallel_lists: false, drop_nulls: false })?;
    Ok(Value::from(merged))
}

fn map_of(value: &Value) -> Map {
    value.as_map().cloned().unwrap_or_default()
}

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn bad_type(expected: &str, actual: &Value) -> String {
    format!("expected a {expected}, but received a {}", go_type(actual))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        other => gofmt::type_name(other),
    }
}

fn no_merge_key(item: &Value, key: &str) -> String {
    format!("map: {} does not contain declared merge key: {key}", gofmt::plain(item))
}

fn diff_maps<S: PatchSchema>(
    original: &Map,
    modified: &Map,
    schema: &S,
    options: Diff,
) -> Result<Map, String> {
    let mut patch = Map::new();
    let mut retained = Vec::new();
    for (key, new) in modified.iter() {
        if options.retain_keys && !new.is_null() {
            retained.push(Value::from(key));
        }
        let Some(old) = original.get(key) else {
            if !options.ignore_changes {
                patch.insert(key.clone(), new);
            }
            continue;
        };
        if key.as_str() == DIRECTIVE {
            if old.as_str().is_none() || new.as_str().is_none() {
                return Err(format!("invalid value for special key: {DIRECTIVE}"));
            }
            if old != new {
                patch.insert(key.clone(), new);
            }
            continue;
        }
        match (old, new) {
            (Value::Map(a), Value::Map(b)) => {
                diff_field_map(key, a, b, &mut patch, schema, options)?;
            }
            (Value::Array(a), Value::Array(b)) => {
                diff_field_list(key, a, b, &mut patch, schema, options)?;
            }
            _ if old != new && !options.ignore_changes => {
                patch.insert(key.clone(), new);
            }
            _ => {}
        }
    }
    if !options.ignore_deletions {
        for key in original.keys() {
            if !modified.contains_key(key) {
                patch.insert(key.clone(), Value::Null);
            }
        }
    }
    let additional = || original.iter().any(|(k, v)| !v.is_null() && !modified.contains_key(k));
    if !retained.is_empty() && (!patch.is_empty() || additional()) {
        patch.insert(RETAIN_KEYS, Value::array(sorted(retained)));
    }
    Ok(patch)
}

fn diff_field_map<S: PatchSchema>(
    key: &str,
    old: &Map,
    new: &Map,
    patch: &mut Map,
    schema: &S,
    options: Diff,
) -> Result<(), String> {
    let field = match schema.field(key) {
        Ok(field) => field,
        Err(_) if old == new => return Ok(()),
        Err(error) => return Err(error),
    };
    if field.replace {
        if !options.ignore_changes {
            patch.insert(key, Value::from(new.clone()));
        }
        return Ok(());
    }
    let inner =
        diff_maps(old, new, &field.schema, Diff { retain_keys: field.retain_keys, ..options })?;
    if !inner.is_empty() {
        patch.insert(key, Value::from(inner));
    }
    Ok(())
}

fn diff_field_list<S: PatchSchema>(
    key: &str,
    old: &[Value],
    new: &[Value],
    patch: &mut Map,
    schema: &S,
    options: Diff,
) -> Result<(), String> {
    let field = match schema.field(key) {
        Ok(field) => field,
        Err(_) if old == new => return Ok(()),
        Err(error) => return Err(error),
    };
    if !field.merge {
        if old != new && !options.ignore_changes {
            patch.insert(key, Value::array(new.to_vec()));
        }
        return Ok(());
    }
    let options = Diff { retain_keys: field.retain_keys, ..options };
    let lists = diff_lists(old, new, &field.schema, &field.merge_key, options)?;
    if !lists.add.is_empty() {
        patch.insert(key, Value::array(lists.add));
    }
    if !lists.delete.is_empty() {
        patch.insert(format!("{DELETE_LIST}/{key}"), Value::array(lists.delete));
    }
    if !lists.order.is_empty() {
        patch.insert(format!("{SET_ORDER}/{key}"), Value::array(lists.order));
    }
    Ok(())
}

#[derive(Default)]
struct ListDiff {
    add: Vec<Value>,
    delete: Vec<Value>,
    order: Vec<Value>,
}

fn diff_lists<S: PatchSchema>(
    old: &[Value],
    new: &[Value],
    schema: &S,
    key: &str,
    options: Diff,
) -> Result<ListDiff, String> {
    if old.is_empty() {
        let add = if options.ignore_changes { Vec::new() } else { new.to_vec() };
        return Ok(ListDiff { add, ..ListDiff::default() });
    }
    if element_is_map(old, new)? {
        let (mut add, delete) = diff_lists_of_maps(old, new, schema, key, options)?;
        add = sort_by_order(add, new, key, true)?;
        let mut order_same = old.len() == new.len();
        if order_same {
            for (a, b) in old.iter().zip(new) {
                order_same &= keys_equal(a, b, key)?;
            }
        }
        add.extend(delete);
        let wants_order = (!options.ignore_changes && (!add.is_empty() || !order_same))
            || (!options.ignore_deletions && !add.is_empty());
        let order = if wants_order {
            new.iter()
                .map(|item| crate::base::value::Map::from_iter([(key, item.get(key))]).into())
                .collect()
        } else {
            Vec::new()
        };
        return Ok(ListDiff { add, delete: Vec::new(), order });
    }
    let (add, delete) = diff_scalars(old, new, options);
    let add = sort_by_order(add, new, key, false)?;
    let wants_order = (!options.ignore_deletions && !delete.is_empty())
        || (!options.ignore_changes && old != new);
    Ok(ListDiff { add, delete, order: if wants_order { new.to_vec() } else { Vec::new() } })
}

fn diff_scalars(old: &[Value], new: &[Value], options: Diff) -> (Vec<Value>, Vec<Value>) {
    let (old, new) = (sorted(old.to_vec()), sorted(new.to_vec()));
    let (mut add, mut delete) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let (a, b) = (old.get(i).map(gofmt::plain), new.get(j).map(gofmt::plain));
        if a.is_some() && a == b {
            i += 1;
            j += 1;
        } else if a.is_none() || (b.is_some() && a > b) {
            if !options.ignore_changes {
                add.push(new[j].clone());
            }
            j += 1;
        } else {
            if !options.ignore_deletions && !delete.contains(&old[i]) {
                delete.push(old[i].clone());
            }
            i += 1;
        }
    }
    (add, delete)
}

fn diff_lists_of_maps<S: PatchSchema>(
    old: &[Value],
    new: &[Value],
    schema: &S,
    key: &str,
    options: Diff,
) -> Result<(Vec<Value>, Vec<Value>), String> {
    let by_key = |list: &[Value]| -> Result<Vec<(String, Value)>, String> {
        let mut items = Vec::new();
        for item in list {
            if !item.as_map().is_some_and(|m| m.contains_key(key)) {
                return Err(no_merge_key(item, key));
            }
            items.push((gofmt::plain(item.get(key)), item.clone()));
        }
        items.order_by(|a, b| a.0.cmp(&b.0));
        Ok(items)
    };
    let (old, new) = (by_key(old)?, by_key(new)?);
    let (mut add, mut delete) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some((a, from)), Some((b, to))) if a == b => {
                let mut inner = diff_maps(&map_of(from), &map_of(to), schema, options)?;
                if !inner.is_empty() {
                    inner.insert(key, to.get(key));
                    add.push(Value::from(inner));
                }
                i += 1;
                j += 1;
            }
            (a, Some((b, to))) if a.is_none_or(|(a, _)| a > b) => {
                if !options.ignore_changes {
                    add.push(to.clone());
                }
                j += 1;
            }
            (Some((_, from)), _) => {
                if !options.ignore_deletions {
                    let mut gone = Map::new();
                    gone.insert(key, from.get(key));
                    gone.insert(DIRECTIVE, "delete");
                    delete.push(Value::from(gone));
                }
                i += 1;
            }
            (None, _) => j += 1,
        }
    }
    Ok((add, delete))
}

/// Whether the elements of both lists are objects; they must be of one type.
fn element_is_map(a: &[Value], b: &[Value]) -> Result<bool, String> {
    let Some(first) = a.iter().chain(b).next() else {
        return Err("no elements in any of the given slices".to_owned());
    };
    if matches!(first, Value::Array(_)) {
        return Err("lists of lists are not supported".to_owned());
    }
    if a.iter().chain(b).any(|item| !same_type(item, first)) {
        let both = Value::array(vec![Value::array(a.to_vec()), Value::array(b.to_vec())]);
        return Err(format!("list element types are not identical: {}", gofmt::plain(&both)));
    }
    Ok(matches!(first, Value::Map(_)))
}

fn keys_equal(a: &Value, b: &Value, key: &str) -> Result<bool, String> {
    if key.is_empty() {
        return Ok(a == b);
    }
    for item in [a, b] {
        match item.as_map() {
            None => return Err(bad_type("map[string]interface {}", item)),
            Some(map) if !map.contains_key(key) => return Err(no_merge_key(item, key)),
            Some(_) => {}
        }
    }
    Ok(a.get(key) == b.get(key))
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.order_by_key(gofmt::plain);
    items
}

fn index_in(list: &[Value], item: &Value, key: &str, maps: bool) -> Option<usize> {
    list.iter().position(|other| if maps { other.get(key) == item.get(key) } else { other == item })
}

/// Sorts items by where they stand in `order`; items to delete go last.
/// Upstream: patch.go, normalizeSliceOrder.
fn sort_by_order(
    items: Vec<Value>,
    order: &[Value],
    key: &str,
    maps: bool,
) -> Result<Vec<Value>, String> {
    if !maps {
        let mut items = items;
        insertion_sort(&mut items, |item| index_in(order, item, key, false));
        return Ok(items);
    }
    for item in items.iter().chain(order) {
        match item.as_map() {
            None => return Err(bad_type("map[string]interface {}", item)),
            Some(map) if !map.contains_key(key) => return Err(no_merge_key(item, key)),
            Some(_) => {}
        }
    }
    let (deleted, mut kept): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|i| i.get(DIRECTIVE).text() == "delete");
    insertion_sort(&mut kept, |item| index_in(order, item, key, true));
    kept.extend(deleted);
    Ok(kept)
}

/// A stable sort for a comparison that is no order: items without a place count as less than everything.
fn insertion_sort(items: &mut [Value], place: impl Fn(&Value) -> Option<usize>) {
    let mut places: Vec<_> = items.iter().map(&place).collect();
    for i in 1..items.len() {
        let mut j = i;
        while j > 0 {
            let less = match (places[j], places[j - 1]) {
                (Some(a), Some(b)) => a < b,
                _ => break,
            };
            if !less {
                break;
            }
            items.swap(j, j - 1);
            places.swap(j, j - 1);
            j -= 1;
        }
    }
}

fn split_by_presence(
    items: Vec<Value>,
    list: &[Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), String> {
    if !key.is_empty() {
        for item in &items {
            match item.as_map() {
                None => return Err(bad_type("map[string]interface {}", item)),
                Some(map) if !map.contains_key(key) => return Err(no_merge_key(item, key)),
                Some(_) => {}
            }
        }
    }
    Ok(items.into_iter().partition(|item| index_in(list, item, key, !key.is_empty()).is_some()))
}

/// Upstream: patch.go, normalizeElementOrder and mergeSortedSlice.
fn normalize_order(
    patch: Vec<Value>,
    server: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
    maps: bool,
) -> Result<Vec<Value>, String> {
    let right = sort_by_order(patch, patch_order, key, maps)?;
    let left = sort_by_order(server, server_order, key, maps)?;
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let take_left = match (left.peek(), right.peek()) {
            (None, None) => return Ok(out),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(l), Some(r)) => {
                match (index_in(server_order, l, key, maps), index_in(server_order, r, key, maps)) {
                    (Some(l), Some(r)) => l < r,
                    _ => false,
                }
            }
        };
        out.extend(if take_left { left.next() } else { right.next() });
    }
}

fn merge_map<S: PatchSchema>(
    mut original: Map,
    mut patch: Map,
    schema: &S,
    options: Merge,
) -> Result<Map, String> {
    if let Some(directive) = patch.get(DIRECTIVE).cloned() {
        return match directive.text() {
            "replace" => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            "delete" => Ok(Map::new()),
            _ => Err(format!(
                "unknown patch type: {} in map: {}",
                gofmt::plain(&directive),
                gofmt::plain(&Value::from(patch))
            )),
        };
    }
    apply_retain_keys(&mut original, &mut patch, options)?;
    apply_element_orders(&mut original, &mut patch, schema, options)?;
    for (key, value) in patch.iter() {
        let mut name = key.as_str();
        let mut delete_list = false;
        if name.starts_with(DELETE_LIST) {
            if !options.parallel_lists {
                original.insert(name, value);
                continue;
            }
            name = name
                .split_once('/')
                .map(|(_, rest)| rest)
                .ok_or("invalid patch format of primitive list")?;
            delete_list = true;
        }
        if value.is_null() {
            original.remove(name);
            if options.drop_nulls {
                continue;
            }
        }
        let old = match original.get(name) {
            Some(old) if same_type(old, value) => old.clone(),
            _ => {
                if !delete_list {
                    put(&mut original, name, value, options);
                }
                continue;
            }
        };
        let merged = match (old, value) {
            (Value::Map(old), Value::Map(new)) => {
                let field = schema.field(name)?;
                if field.replace {
                    value.clone()
                } else {
                    Value::from(merge_map((*old).clone(), (**new).clone(), &field.schema, options)?)
                }
            }
            (Value::Array(old), Value::Array(new)) => {
                let field = schema.field(name)?;
                if field.merge || delete_list {
                    Value::array(merge_list(
                        &old,
                        new,
                        &field.schema,
                        &field.merge_key,
                        options,
                        delete_list,
                    )?)
                } else {
                    value.clone()
                }
            }
            _ => value.clone(),
        };
        original.insert(name, merged);
    }
    Ok(original)
}

/// Sets a key that was absent or of another type: the patch's value without directives and, on the server, nulls.
fn put(original: &mut Map, key: &str, value: &Value, options: Merge) {
    let value = if options.drop_nulls { without_nulls(value) } else { value.clone() };
    // Only the server carries directives out; a computed patch keeps those of its parts.
    let value = if options.parallel_lists { without_directives(&value) } else { Some(value) };
    match value {
        Some(value) => original.insert(key, value),
        None => original.remove(key),
    };
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let kept = map
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k.clone(), without_nulls(v)));
            Value::from(kept.collect::<Map>())
        }
        Value::Array(items) => Value::array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Upstream: patch.go, removeDirectives.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Map(map) if map.contains_key(DIRECTIVE) => None,
        Value::Map(map) => {
            let is_directive = |k: &str| {
                k == RETAIN_KEYS || k.starts_with(DELETE_LIST) || k.starts_with(SET_ORDER)
            };
            let kept = map.iter().filter(|(k, _)| !is_directive(k));
            let kept = kept.filter_map(|(k, v)| Some((k.clone(), without_directives(v)?)));
            Some(Value::from(kept.collect::<Map>()))
        }
        Value::Array(items) => {
            Some(Value::array(items.iter().filter_map(without_directives).collect()))
        }
        other => Some(other.clone()),
    }
}

fn apply_retain_keys(original: &mut Map, patch: &mut Map, options: Merge) -> Result<(), String> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if !options.parallel_lists {
        if let Some(own) = original.get(RETAIN_KEYS) {
            if *own != retained {
                return Err(format!(
                    "{} and {} are not deep equal: this may happen when calculating the 3-way diff patch",
                    gofmt::plain(own),
                    gofmt::plain(&retained)
                ));
            }
        } else {
            original.insert(RETAIN_KEYS, retained);
        }
        return Ok(());
    }
    let malformed = || "invalid patch format of retainKeys".to_owned();
    let Value::Array(keys) = &retained else { return Err(malformed()) };
    let keeps = |key: &str| keys.iter().any(|k| k.text() == key && k.as_str().is_some());
    for (key, value) in patch.iter() {
        let exempt = value.is_null() || key.starts_with(DELETE_LIST) || key.starts_with(SET_ORDER);
        if !exempt && !keeps(key) {
            return Err(malformed());
        }
    }
    original.retain(|key, _| keeps(key));
    Ok(())
}

/// Upstream: patch.go, mergePatchIntoOriginal.
fn apply_element_orders<S: PatchSchema>(
    original: &mut Map,
    patch: &mut Map,
    schema: &S,
    options: Merge,
) -> Result<(), String> {
    let malformed = || "invalid patch format of setElementOrder list".to_owned();
    let directives: Vec<_> = patch.keys().filter(|k| k.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let order = patch.remove(&directive).unwrap_or_default();
        if !options.parallel_lists {
            match original.get(&directive) {
                Some(own) if *own != order => return Err(malformed()),
                Some(_) => {}
                None => {
                    original.insert(directive.clone(), order.clone());
                }
            }
        }
        let Value::Array(order) = &order else { return Err(bad_type("[]interface {}", &order)) };
        let name = directive.split_once('/').map(|(_, rest)| rest).ok_or_else(malformed)?;
        let list = |map: &Map| match map.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items.to_vec())),
            Some(other) => Err(bad_type("[]interface {}", other)),
        };
        let (own, new) = (list(original)?, list(patch)?);
        let field = schema.field(name)?;
        let key = field.merge_key.as_str();
        check_order(new.as_deref().unwrap_or_default(), order, key)?;
        let (own_items, new_items) =
            (own.clone().unwrap_or_default(), new.clone().unwrap_or_default());
        let merged = match (own, new) {
            (None, None) => continue,
            (Some(own), None) => own,
            (None, Some(new)) => new.iter().filter_map(without_directives).collect(),
            (Some(own), Some(new)) if field.merge => {
                merge_list(&own, &new, &field.schema, key, options, false)?
            }
            (Some(_), Some(new)) => new,
        };
        let (in_patch, server_only) = split_by_presence(merged, order, key)?;
        let maps = element_is_map(&own_items, &new_items)?;
        let both = normalize_order(in_patch, server_only, order, &own_items, key, maps)?;
        original.insert(name, Value::array(both));
        patch.remove(name);
    }
    Ok(())
}

/// Upstream: patch.go, validatePatchWithSetOrderList.
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Result<(), String> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = patch
        .iter()
        .filter(|item| !item.as_map().is_some_and(|m| m.contains_key(DIRECTIVE)))
        .peekable();
    let mut places = order.iter();
    while let Some(item) = wanted.peek() {
        let Some(place) = places.next() else {
            return Err(format!(
                "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
                gofmt::plain(&Value::array(patch.to_vec())),
                gofmt::plain(&Value::array(order.to_vec()))
            ));
        };
        if keys_equal(item, place, key)? {
            wanted.next();
        }
    }
    Ok(())
}

fn merge_list<S: PatchSchema>(
    original: &[Value],
    patch: &[Value],
    schema: &S,
    key: &str,
    options: Merge,
    delete_list: bool,
) -> Result<Vec<Value>, String> {
    if original.is_empty() && patch.is_empty() {
        return Ok(Vec::new());
    }
    let maps = element_is_map(original, patch)?;
    let mut own = original.to_vec();
    let mut new = patch.to_vec();
    let merged = if maps {
        if key.is_empty() {
            return Err(format!("cannot merge lists without merge key for {}", schema.name()));
        }
        (own, new) = apply_element_directives(own, new, key)?;
        merge_elements(own.clone(), &new, schema, key, options)?
    } else {
        if options.parallel_lists && delete_list {
            return Ok(own.into_iter().filter(|item| !patch.contains(item)).collect());
        }
        let mut merged: Vec<Value> = Vec::new();
        for item in own.iter().chain(patch) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        merged
    };
    let (in_patch, server_only) = split_by_presence(merged, &new, key)?;
    normalize_order(in_patch, server_only, &new, &own, key, maps)
}

fn apply_element_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), String> {
    let mut plain = Vec::new();
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.as_map().and_then(|m| m.get(DIRECTIVE)) else {
            plain.push(item);
            continue;
        };
        match directive.text() {
            "delete" => {
                if !item.as_map().is_some_and(|m| m.contains_key(key)) {
                    return Err(no_merge_key(&item, key));
                }
                original.retain(|own| own.get(key) != item.get(key));
            }
            "replace" => replace = true,
            "merge" => return Err("merging lists cannot yet be specified in the patch".to_owned()),
            _ => {
                return Err(format!(
                    "unknown patch type: {} in map: {}",
                    gofmt::plain(directive),
                    gofmt::plain(&item)
                ));
            }
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (original, plain) })
}

fn merge_elements<S: PatchSchema>(
    mut original: Vec<Value>,
    patch: &[Value],
    schema: &S,
    key: &str,
    options: Merge,
) -> Result<Vec<Value>, String> {
    for item in patch {
        let Some(wanted) = item.as_map().and_then(|m| m.get(key)) else {
            return Err(no_merge_key(item, key));
        };
        match original.iter().position(|own| own.as_map().and_then(|m| m.get(key)) == Some(wanted))
        {
            Some(at) => {
                let merged = merge_map(map_of(&original[at]), map_of(item), schema, options)?;
                original[at] = Value::from(merged);
            }
            None => original.push(item.clone()),
        }
    }
    Ok(original)
}
