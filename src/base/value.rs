//! The JSON value that every API object is made of: cheap to clone, copied only where written.
//!
//! Maps keep their keys sorted, as Go prints them; a clone shares everything until one side writes.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// A shared, immutable string. Cloning counts a reference.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Rc<str>);

impl Str {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

thread_local! {
    /// The empty text, which views are full of.
    static EMPTY: Rc<str> = Rc::from("");
}

impl Default for Str {
    fn default() -> Self {
        Str(EMPTY.with(Rc::clone))
    }
}

impl Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Str(Rc::from(text))
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Str(Rc::from(text))
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Str(Rc::from(text.as_str()))
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl std::borrow::Borrow<str> for Str {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A JSON value. Absent and `null` read alike through [`Value::get`].
#[derive(Clone, Default)]
pub enum Value {
    /// `null`, and what a missing key reads as.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(Str),
    /// A list.
    Array(Rc<Vec<Value>>),
    /// An object, keys sorted.
    Map(Rc<Map>),
}

/// The entries of an object, sorted by key.
#[derive(Clone, Default, PartialEq)]
pub struct Map {
    entries: Vec<(Str, Value)>,
}

const NULL: &Value = &Value::Null;
/// Objects of up to this many entries are searched one by one.
const SCANNED: usize = 24;

impl Map {
    /// No entries.
    pub fn new() -> Self {
        Map::default()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        // Most objects are small and most keys differ in length, which is known without a look at the text.
        if self.entries.len() <= SCANNED
            && let Some(at) = self.entries.iter().position(|(k, _)| k.as_str() == key)
        {
            return Ok(at);
        }
        self.entries.binary_search_by(|(k, _)| k.as_str().cmp(key))
    }

    fn find_present(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= SCANNED {
            return self.entries.iter().position(|(k, _)| k.as_str() == key);
        }
        self.find(key).ok()
    }

    /// The entry's value, or `None` when there is no such key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find_present(key).map(|i| &self.entries[i].1)
    }

    /// Write access to an existing entry.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.find_present(key).map(|i| &mut self.entries[i].1)
    }

    /// Write access to an entry, made as `null` first when absent.
    pub fn entry(&mut self, key: &str) -> &mut Value {
        let at = match self.find(key) {
            Ok(at) => at,
            Err(at) => {
                self.entries.insert(at, (Str::from(key), Value::Null));
                at
            }
        };
        &mut self.entries[at].1
    }

    /// Sets a key and returns what it held.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes a key and returns what it held.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.find_present(key).map(|at| self.entries.remove(at).1)
    }

    /// Whether the key is there, even with a `null`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find_present(key).is_some()
    }

    /// Entries in key order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Str, &Value)> + ExactSizeIterator {
        self.entries.iter().map(|(k, v)| (k, v))
    }

    /// Keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Str> + ExactSizeIterator {
        self.entries.iter().map(|(k, _)| k)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Str, &mut Value) -> bool) {
        self.entries.retain_mut(|(k, v)| keep(k, v));
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let mut map = Map::new();
        for (key, value) in items {
            map.insert(key, value);
        }
        map
    }
}

impl Value {
    /// An empty object.
    pub fn map() -> Value {
        Value::Map(Rc::new(Map::new()))
    }

    /// A list of the given values.
    pub fn array(items: Vec<Value>) -> Value {
        Value::Array(Rc::new(items))
    }

    /// The value under `key`; `Null` when absent or when this is no object.
    pub fn get(&self, key: &str) -> &Value {
        self.as_map().and_then(|m| m.get(key)).unwrap_or(NULL)
    }

    /// The value under a chain of keys; `Null` when any is absent.
    pub fn at(&self, path: &[&str]) -> &Value {
        path.iter().fold(self, |value, key| value.get(key))
    }

    /// The element at an index; `Null` when absent or when this is no list.
    pub fn index(&self, at: usize) -> &Value {
        self.as_array().get(at).unwrap_or(NULL)
    }

    /// Write access to the object in this value; anything else is replaced by an empty object first.
    pub fn make_map(&mut self) -> &mut Map {
        if !matches!(self, Value::Map(_)) {
            *self = Value::map();
        }
        match self {
            Value::Map(map) => Rc::make_mut(map),
            _ => unreachable!("made a map above"),
        }
    }

    /// Write access to the list in this value; anything else is replaced by an empty list first.
    pub fn make_array(&mut self) -> &mut Vec<Value> {
        if !matches!(self, Value::Array(_)) {
            *self = Value::array(Vec::new());
        }
        match self {
            Value::Array(items) => Rc::make_mut(items),
            _ => unreachable!("made a list above"),
        }
    }

    /// Write access under `key`, made as `Null` when absent. Anything but an object is replaced by one.
    pub fn entry(&mut self, key: &str) -> &mut Value {
        self.make_map().entry(key)
    }

    /// Write access under a chain of keys, objects made on the way.
    pub fn entry_at(&mut self, path: &[&str]) -> &mut Value {
        path.iter().fold(self, |value, key| value.entry(key))
    }

    /// Sets `key`, making this an object where needed.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        *self.entry(key) = value.into();
    }

    /// Sets a value under a chain of keys.
    pub fn set_at(&mut self, path: &[&str], value: impl Into<Value>) {
        *self.entry_at(path) = value.into();
    }

    /// Sets `key` only when it is absent or `null`. This is how defaults are applied.
    pub fn default_to(&mut self, key: &str, value: impl Into<Value>) {
        if self.get(key).is_null() {
            self.set(key, value);
        }
    }

    /// Removes `key` and returns what it held; nothing happens when this is no object.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match self {
            Value::Map(map) if map.contains_key(key) => Rc::make_mut(map).remove(key),
            _ => None,
        }
    }

    /// Whether this is `null` (or was absent).
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether this is what Go's `omitempty` leaves out: null, false, 0, "", [] or {}.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(n) => *n == 0,
            Value::Float(x) => *x == 0.0,
            Value::Str(s) => s.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
        }
    }

    /// The text, or `None` for anything else.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The text, or "" for anything else.
    pub fn text(&self) -> &str {
        self.as_str().unwrap_or("")
    }

    /// The whole number, or `None` for anything else.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The truth value, or `None` for anything else.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Whether this is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true))
    }

    /// The elements; none for anything but a list.
    pub fn as_array(&self) -> &[Value] {
        match self {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The object, or `None` for anything else.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entries in key order; none for anything but an object.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (&Str, &Value)> {
        self.as_map().into_iter().flat_map(Map::iter)
    }

    /// Compact JSON with sorted keys.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses JSON text.
    ///
    /// # Errors
    /// The parser's words when the text is not one JSON value (nesting is limited to 128 levels).
    pub fn from_json(text: &str) -> Result<Value, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => Rc::ptr_eq(a, b) || a == b,
            (Value::Map(a), Value::Map(b)) => Rc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Value::Float(x)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::Str(Str::from(s))
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Value::Str(Str::from(s))
    }
}

impl From<&String> for Value {
    fn from(s: &String) -> Self {
        Value::Str(Str::from(s))
    }
}

impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Value::Str(s)
    }
}

impl From<&Str> for Value {
    fn from(s: &Str) -> Self {
        Value::Str(s.clone())
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Value::Map(Rc::new(map))
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::array(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(item: Option<T>) -> Self {
        item.map_or(Value::Null, Into::into)
    }
}

macro_rules! from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Value {
            fn from(n: $t) -> Self {
                Value::Int(n as i64)
            }
        }
    )*};
}
from_int!(i32, i64, u16, u32, u64, usize);

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => out.serialize_unit(),
            Value::Bool(b) => out.serialize_bool(*b),
            Value::Int(n) => out.serialize_i64(*n),
            Value::Float(x) => out.serialize_f64(*x),
            Value::Str(s) => out.serialize_str(s),
            Value::Array(items) => out.collect_seq(items.iter()),
            Value::Map(map) => out.collect_map(map.iter().map(|(k, v)| (k.as_str(), v))),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> serde::de::Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }
    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(i64::try_from(n).map_or(Value::Float(n as f64), Value::Int))
    }
    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Float(x))
    }
    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::from(s))
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::array(items))
    }
    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            map.insert(key, value);
        }
        Ok(Value::from(map))
    }
}

/// Builds a [`Value`] from JSON-like syntax: `value!({"kind": "Pod", "ready": n > 0, "items": [1, 2]})`.
/// A value position takes any Rust expression that is `Into<Value>`; nested objects need their own braces.
#[macro_export]
macro_rules! value {
    (null) => { $crate::base::value::Value::Null };
    ([ $($tt:tt)* ]) => {{
        #[allow(unused_mut, clippy::vec_init_then_push)]
        let items = { let mut items: Vec<$crate::base::value::Value> = Vec::new(); $crate::value!(@list items $($tt)*); items };
        $crate::base::value::Value::array(items)
    }};
    ({ $($tt:tt)* }) => {{
        #[allow(unused_mut)]
        let map = { let mut map = $crate::base::value::Map::new(); $crate::value!(@map map $($tt)*); map };
        $crate::base::value::Value::from(map)
    }};
    (@list $items:ident) => {};
    (@list $items:ident { $($inner:tt)* } $(, $($rest:tt)*)?) => { $items.push($crate::value!({ $($inner)* })); $crate::value!(@list $items $($($rest)*)?); };
    (@list $items:ident [ $($inner:tt)* ] $(, $($rest:tt)*)?) => { $items.push($crate::value!([ $($inner)* ])); $crate::value!(@list $items $($($rest)*)?); };
    (@list $items:ident $item:expr $(, $($rest:tt)*)?) => { $items.push($crate::base::value::Value::from($item)); $crate::value!(@list $items $($($rest)*)?); };
    (@map $map:ident) => {};
    (@map $map:ident $key:literal : null $(, $($rest:tt)*)?) => { $map.insert($key, $crate::base::value::Value::Null); $crate::value!(@map $map $($($rest)*)?); };
    (@map $map:ident $key:literal : { $($inner:tt)* } $(, $($rest:tt)*)?) => { $map.insert($key, $crate::value!({ $($inner)* })); $crate::value!(@map $map $($($rest)*)?); };
    (@map $map:ident $key:literal : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => { $map.insert($key, $crate::value!([ $($inner)* ])); $crate::value!(@map $map $($($rest)*)?); };
    (@map $map:ident $key:literal : $item:expr $(, $($rest:tt)*)?) => { $map.insert($key, $crate::base::value::Value::from($item)); $crate::value!(@map $map $($($rest)*)?); };
    ($item:expr) => { $crate::base::value::Value::from($item) };
}
