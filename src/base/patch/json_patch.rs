//! RFC 6902 as the API server applies it.
//!
//! Upstream: gopkg.in/evanphx/json-patch.v4, whose error texts are kept.

use crate::base::value::Value;

/// Applies a JSON patch (a list of operations) and returns the patched document.
///
/// # Errors
/// The words of the first operation that does not apply.
pub fn apply_json_patch(doc: &Value, patch: &Value) -> Result<Value, String> {
    let mut doc = doc.clone();
    for operation in patch.as_array() {
        apply(&mut doc, operation)?;
    }
    Ok(doc)
}

fn apply(doc: &mut Value, operation: &Value) -> Result<(), String> {
    let path = operation.get("path").text();
    let from = operation.get("from").text();
    match operation.get("op").text() {
        "add" => add(doc, path, operation.get("value").clone()),
        "remove" => remove(doc, path, "remove"),
        "replace" => replace(doc, path, operation.get("value")),
        "move" => {
            let value = get(doc, from, "move")?;
            let removed = remove(doc, from, "move");
            removed.map_err(|_| format!("error in remove for path: '{from}': missing value"))?;
            add(doc, path, value)
        }
        "copy" => {
            let value = get(doc, from, "copy")?;
            add(doc, path, value)
        }
        "test" => match get(doc, path, "test") {
            Ok(found) if found == *operation.get("value") => Ok(()),
            Ok(_) => Err(format!("testing value {path} failed: test failed")),
            Err(_) if operation.get("value").is_null() => Ok(()),
            Err(error) => Err(error),
        },
        other => Err(format!("Unexpected kind: {other}")),
    }
}

/// The containers' keys and the last key; what stands before the first slash is ignored, as upstream does.
fn split(path: &str) -> Option<(Vec<String>, String)> {
    let mut parts: Vec<String> =
        path.split('/').map(|p| p.replace("~1", "/").replace("~0", "~")).collect();
    if parts.len() < 2 {
        return None;
    }
    let last = parts.pop()?;
    parts.remove(0);
    Some((parts, last))
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::Array(_))
}

/// Write access to the container that holds the path's last key.
fn container<'a>(doc: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parents, last) = split(path)?;
    let mut current = doc;
    for key in parents {
        let child = match current {
            Value::Map(map) if map.contains_key(&key) => current.entry(&key),
            Value::Array(items) => {
                let at = index(&key, items.len()).ok()?;
                current.make_array().get_mut(at)?
            }
            _ => return None,
        };
        if !is_container(child) {
            return None;
        }
        current = child;
    }
    is_container(current).then_some((current, last))
}

fn index(key: &str, len: usize) -> Result<usize, String> {
    let at: i64 = key.parse().map_err(|_| {
        format!("strconv.Atoi: parsing {}: invalid syntax", crate::base::human::quote(key))
    })?;
    let actual = if at < 0 { at + len as i64 } else { at };
    if actual < 0 || actual >= len as i64 {
        return Err(format!("Unable to access invalid index: {at}: invalid index referenced"));
    }
    Ok(actual as usize)
}

fn add(doc: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *doc = value;
        return Ok(());
    }
    let Some((target, key)) = container(doc, path) else {
        return Err(format!(
            "add operation does not apply: doc is missing path: \"{path}\": missing value"
        ));
    };
    if let Value::Array(items) = target {
        let at = match key.as_str() {
            "-" => items.len(),
            key => index(key, items.len() + 1)
                .map_err(|e| format!("error in add for path: '{path}': {e}"))?,
        };
        target.make_array().insert(at, value);
    } else {
        target.set(&key, value);
    }
    Ok(())
}

fn remove(doc: &mut Value, path: &str, verb: &str) -> Result<(), String> {
    let Some((target, key)) = container(doc, path) else {
        return Err(format!(
            "{verb} operation does not apply: doc is missing path: \"{path}\": missing value"
        ));
    };
    if let Value::Array(items) = target {
        let at = index(&key, items.len())
            .map_err(|e| format!("error in remove for path: '{path}': {e}"))?;
        target.make_array().remove(at);
        return Ok(());
    }
    match target.make_map().remove(&key) {
        Some(_) => Ok(()),
        None => Err(format!(
            "error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
        )),
    }
}

fn replace(doc: &mut Value, path: &str, value: &Value) -> Result<(), String> {
    if path.is_empty() {
        *doc = value.clone();
        return Ok(());
    }
    let Some((target, key)) = container(doc, path) else {
        return Err(format!(
            "replace operation does not apply: doc is missing path: {path}: missing value"
        ));
    };
    if let Value::Array(items) = target {
        let at = index(&key, items.len()).map_err(|_| {
            format!("replace operation does not apply: doc is missing key: {path}: missing value")
        })?;
        target.make_array()[at] = value.clone();
    } else {
        // A key that is not there is added, as upstream does.
        target.set(&key, value);
    }
    Ok(())
}

fn get(doc: &mut Value, path: &str, verb: &str) -> Result<Value, String> {
    if path.is_empty() {
        return Ok(doc.clone());
    }
    let Some((target, key)) = container(doc, path) else {
        let from = if verb == "test" { "path" } else { "from path" };
        return Err(format!(
            "{verb} operation does not apply: doc is missing {from}: {path}: missing value"
        ));
    };
    match target {
        Value::Array(items) => index(&key, items.len()).map(|at| items[at].clone()),
        other => match other.as_map().and_then(|m| m.get(&key)) {
            Some(value) => Ok(value.clone()),
            None => Err(format!("error in {verb} for path: '{path}': missing value")),
        },
    }
}
