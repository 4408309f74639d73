//! `--sort-by`: objects and table rows in the order of a field.
//!
//! Upstream: kubectl/pkg/cmd/get/sorter.go.

use std::cmp::Ordering;

use super::super::error::CmdError;
use crate::base::human::quote;
use crate::base::jsonpath::JsonPath;
use crate::base::quantity::Quantity;
use crate::base::sort::InOrder;
use crate::base::value::Value;

/// Sorts objects; `object_of` leads from an item to the object with the field.
pub(crate) fn sort(
    items: &mut Vec<Value>,
    field: &str,
    object_of: impl Fn(&Value) -> Value,
) -> Result<(), CmdError> {
    if items.is_empty() {
        return Ok(());
    }
    let path = JsonPath::relaxed(field).unwrap_or_else(|_| field.to_owned());
    let parsed = JsonPath::parse(&path)
        .map_err(|error| CmdError::plain(format!("sorting error: {error}")))?
        .lenient();
    let mut keyed = Vec::new();
    for item in items.drain(..) {
        let found = parsed.find(&object_of(&item)).map_err(CmdError::plain)?;
        let key = found.into_iter().next().and_then(|f| f.into_iter().next());
        keyed.push((key, item));
    }
    if keyed.iter().all(|(key, _)| key.is_none()) {
        return Err(CmdError::plain(format!(
            "couldn't find any field with path {} in the list of objects",
            quote(&path)
        )));
    }
    keyed.order_by(|(a, _), (b, _)| match (a, b) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some(a), Some(b)) => compare(a, b),
    });
    items.extend(keyed.into_iter().map(|(_, item)| item));
    Ok(())
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => natural(a, b),
        },
        _ => crate::base::gofmt::plain(a).cmp(&crate::base::gofmt::plain(b)),
    }
}

/// Runs of digits compare as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i].is_ascii_digit() && b[j].is_ascii_digit() {
            let run = |s: &[u8], at: usize| {
                let end = at + s[at..].iter().take_while(|c| c.is_ascii_digit()).count();
                let zeros = s[at..end].iter().take_while(|c| **c == b'0').count();
                (at + zeros, end)
            };
            let ((ai, ae), (bi, be)) = (run(a, i), run(b, j));
            let order = (ae - ai).cmp(&(be - bi)).then_with(|| a[ai..ae].cmp(&b[bi..be]));
            if order != Ordering::Equal {
                return order;
            }
            (i, j) = (ae, be);
        } else if a[i] == b[j] {
            i += 1;
            j += 1;
        } else {
            return a[i].cmp(&b[j]);
        }
    }
    (a.len() - i).cmp(&(b.len() - j))
}
