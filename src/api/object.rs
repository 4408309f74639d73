//! A stored object: immutable, shared, with its typed view decoded once.

use std::any::Any;
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use crate::api::kind::KindRef;
use crate::api::meta::Meta;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::base::view::FromValue;

/// Namespace and name. The namespace is "" for cluster-scoped objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Namespace, or "".
    pub ns: Str,
    /// Name.
    pub name: Str,
}

impl Key {
    /// A key from its parts.
    pub fn new(ns: impl Into<Str>, name: impl Into<Str>) -> Key {
        Key { ns: ns.into(), name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ns.is_empty() {
            write!(f, "{}", self.name)
        } else {
            write!(f, "{}/{}", self.ns, self.name)
        }
    }
}

/// An object as the store holds it at one resourceVersion.
pub struct Object {
    /// Its kind.
    pub kind: KindRef,
    /// Its namespace and name.
    pub key: Key,
    /// The revision of its last write.
    pub rv: u64,
    value: Value,
    meta: OnceCell<Rc<Meta>>,
    view: OnceCell<Rc<dyn Any>>,
}

impl Object {
    /// Wraps a value that has a name (and a namespace, where its kind has one).
    pub fn new(kind: KindRef, value: Value) -> Object {
        let meta = value.get("metadata");
        let part = |key: &str| match meta.get(key) {
            Value::Str(s) => s.clone(),
            _ => Str::default(),
        };
        let rv = meta.get("resourceVersion").text().parse().unwrap_or(0);
        let key = Key { ns: part("namespace"), name: part("name") };
        Object { kind, key, rv, value, meta: OnceCell::new(), view: OnceCell::new() }
    }

    /// The same object with nothing decoded yet: what is kept for long takes less room so.
    pub fn undecoded(&self) -> Object {
        Object {
            kind: self.kind,
            key: self.key.clone(),
            rv: self.rv,
            value: self.value.clone(),
            meta: OnceCell::new(),
            view: OnceCell::new(),
        }
    }

    /// The whole object with `apiVersion`, `kind` and `metadata`.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// A top-level part such as `spec`; `Null` when absent.
    pub fn get(&self, key: &str) -> &Value {
        self.value.get(key)
    }

    /// A value under a chain of keys; `Null` when absent.
    pub fn at(&self, path: &[&str]) -> &Value {
        self.value.at(path)
    }

    /// The decoded metadata.
    pub fn meta(&self) -> &Rc<Meta> {
        self.meta.get_or_init(|| Rc::new(Meta::from_value(self.value.get("metadata"))))
    }

    /// The typed view, decoded on first use and kept. A kind should be read through one view type.
    pub fn view<T: FromValue + 'static>(&self) -> Rc<T> {
        let decode = || -> Rc<T> { Rc::new(T::from_value(&self.value)) };
        let kept = self.view.get_or_init(|| decode());
        kept.clone().downcast::<T>().unwrap_or_else(|_| decode())
    }

    /// `metadata.name`.
    pub fn name(&self) -> &Str {
        &self.key.name
    }

    /// `metadata.namespace`, "" when cluster-scoped.
    pub fn namespace(&self) -> &Str {
        &self.key.ns
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.value.at(&["metadata", "uid"]).text()
    }

    /// The value of a label, if set.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.value.at(&["metadata", "labels"]).get(name).as_str()
    }

    /// The value of an annotation, if set.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.value.at(&["metadata", "annotations"]).get(name).as_str()
    }

    /// `metadata.creationTimestamp`.
    pub fn created(&self) -> Time {
        self.meta().creation_timestamp
    }

    /// Whether deletion has begun.
    pub fn is_deleting(&self) -> bool {
        !self.value.at(&["metadata", "deletionTimestamp"]).is_null()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}@{}", self.kind, self.key, self.rv)
    }
}
