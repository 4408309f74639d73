//! Field paths and the faults found at them.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/validation/field.

use std::fmt;

use crate::api::status::{Cause, CauseKind};
use crate::base::value::Value;

/// A path to a field. It is only spelled out when a fault is found there.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// The path of a top-level field.
    pub const fn new(field: &'a str) -> Path<'a> {
        Path { parent: None, part: Part::Field(field) }
    }

    /// A field of what this path leads to.
    pub fn child<'b>(&'b self, field: &'b str) -> Path<'b> {
        Path { parent: Some(self), part: Part::Field(field) }
    }

    /// An element of the list that this path leads to.
    pub fn index(&self, at: usize) -> Path<'_> {
        Path { parent: Some(self), part: Part::Index(at) }
    }

    /// The value under a key of the map that this path leads to.
    pub fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path { parent: Some(self), part: Part::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.part {
            Part::Field(name) if self.parent.is_some() => write!(f, ".{name}"),
            Part::Field(name) => f.write_str(name),
            Part::Index(at) => write!(f, "[{at}]"),
            Part::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// The faults found so far, in order.
#[derive(Default)]
pub struct Faults {
    /// The faults.
    pub causes: Vec<Cause>,
}

impl Faults {
    /// None yet.
    pub fn new() -> Faults {
        Faults::default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// A field that has to be set is not.
    pub fn required(&mut self, path: Path<'_>, detail: &str) {
        self.causes.push(Cause::required(path.to_string(), detail));
    }

    /// A field must not be set, or not like this.
    pub fn forbidden(&mut self, path: Path<'_>, detail: impl Into<String>) {
        self.causes.push(Cause::forbidden(path.to_string(), detail));
    }

    /// A value is wrong.
    pub fn invalid(&mut self, path: Path<'_>, value: &Value, detail: impl Into<String>) {
        self.causes.push(Cause::invalid(path.to_string(), value, detail));
    }

    /// A value is wrong whose text is already as Go prints it.
    pub fn invalid_as(&mut self, path: Path<'_>, printed: String, detail: impl Into<String>) {
        let mut cause = Cause::invalid(path.to_string(), &Value::Null, detail);
        cause.value = printed;
        self.causes.push(cause);
    }

    /// A text is wrong, once for each reason.
    pub fn all_invalid(&mut self, path: Path<'_>, text: &str, details: Vec<String>) {
        for detail in details {
            self.invalid(path, &Value::from(text), detail);
        }
    }

    /// A value is none of those that are known.
    pub fn not_supported(&mut self, path: Path<'_>, value: &Value, supported: &[&str]) {
        self.causes.push(Cause::not_supported(path.to_string(), value, supported));
    }

    /// A value is none of those that are known; its text is already as Go prints it.
    pub fn not_supported_as(&mut self, path: Path<'_>, printed: String, supported: &[&str]) {
        let mut cause = Cause::not_supported(path.to_string(), &Value::Null, supported);
        cause.value = printed;
        self.causes.push(cause);
    }

    /// A value must be one of these; an empty one is reported as missing.
    pub fn one_of(&mut self, path: Path<'_>, value: &Value, supported: &[&str]) {
        if value.is_empty() {
            self.required(path, "");
        } else if !supported.contains(&value.text()) {
            self.not_supported(path, value, supported);
        }
    }

    /// A value is there twice.
    pub fn duplicate(&mut self, path: Path<'_>, value: &Value) {
        self.causes.push(Cause::duplicate(path.to_string(), value));
    }

    /// A name refers to nothing.
    pub fn not_found(&mut self, path: Path<'_>, value: &Value) {
        self.causes.push(Cause::not_found(path.to_string(), value));
    }

    /// A value is too long, in bytes.
    pub fn too_long(&mut self, path: Path<'_>, max: usize) {
        self.causes.push(Cause {
            kind: CauseKind::TooLong,
            field: path.to_string(),
            value: String::new(),
            detail: format!("may not be more than {max} bytes"),
        });
    }

    /// A list has too many elements.
    pub fn too_many(&mut self, path: Path<'_>, found: usize, max: usize) {
        self.causes.push(Cause {
            kind: CauseKind::TooMany,
            field: path.to_string(),
            value: found.to_string(),
            detail: format!("must have at most {max} items"),
        });
    }

    /// A number must not be below zero; an absent one is zero.
    pub fn non_negative(&mut self, path: Path<'_>, value: &Value) {
        if value.as_i64().is_some_and(|n| n < 0) {
            self.invalid(path, value, "must be greater than or equal to 0");
        }
    }

    /// A number must be above zero; an absent one is zero.
    pub fn positive(&mut self, path: Path<'_>, value: &Value) {
        let number = value.as_i64().unwrap_or(0);
        if number <= 0 {
            self.invalid(path, &Value::from(number), "must be greater than zero");
        }
    }

    /// A value must stay as it was.
    pub fn immutable(&mut self, path: Path<'_>, new: &Value, old: &Value) {
        if !same(new, old) {
            self.invalid(path, new, "field is immutable");
        }
    }
}

/// Whether two values count as equal: absent and empty do, as upstream's semantic equality has it.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/api/equality/semantic.go.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Map(x), Value::Map(y)) => {
            std::rc::Rc::ptr_eq(x, y)
                || (x.iter().all(|(k, v)| same(v, b.get(k)))
                    && y.iter().all(|(k, v)| x.contains_key(k) || same(&Value::Null, v)))
        }
        (Value::Array(x), Value::Array(y)) => {
            std::rc::Rc::ptr_eq(x, y)
                || (x.len() == y.len() && x.iter().zip(y.iter()).all(|(a, b)| same(a, b)))
        }
        (Value::Null, Value::Array(x)) | (Value::Array(x), Value::Null) => x.is_empty(),
        (Value::Null, Value::Map(x)) | (Value::Map(x), Value::Null) => x.is_empty(),
        (Value::Null, Value::Str(x)) | (Value::Str(x), Value::Null) => x.is_empty(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn paths_print_as_upstreams() {
        let spec = Path::new("spec");
        let list = spec.child("containers");
        let one = list.index(0);
        let requests = one.child("requests");
        assert_eq!(requests.key("cpu").to_string(), "spec.containers[0].requests[cpu]");
    }

    #[test]
    fn empty_and_absent_are_the_same() {
        assert!(same(&value!({"a": [], "b": 1}), &value!({"b": 1, "c": {}})));
        assert!(!same(&value!({"b": 1}), &value!({"b": 2})));
    }
}
