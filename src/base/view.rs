//! Typed views: small structs that name exactly the fields that the simulation reads.
//!
//! A view is decoded from a [`Value`] that the API server has already checked and defaulted, so
//! decoding never fails: an absent field is its type's default.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::base::value::{Str, Value};

/// What a type reads of a value: the schema minus these shapes is what is not simulated.
#[derive(Clone, Copy)]
pub enum Shape {
    /// The value itself is read, whatever it holds.
    Whole,
    /// Only these fields are read.
    Fields(&'static [(&'static str, fn() -> Shape)]),
    /// Each element of a list, or each value of a map, is read as this.
    Each(fn() -> Shape),
}

/// Decoding from a checked value.
pub trait FromValue: Sized {
    /// Reads the value; `Null` and unexpected types give the default.
    fn from_value(value: &Value) -> Self;
    /// What is read.
    fn shape() -> Shape {
        Shape::Whole
    }
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Self {
        value.clone()
    }
}

impl FromValue for Str {
    fn from_value(value: &Value) -> Self {
        match value {
            Value::Str(s) => s.clone(),
            _ => Str::default(),
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Self {
        value.text().to_owned()
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Self {
        value.is_true()
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Self {
        value.as_i64().unwrap_or_default()
    }
}

impl FromValue for i32 {
    fn from_value(value: &Value) -> Self {
        value.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or_default()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Self {
        (!value.is_null()).then(|| T::from_value(value))
    }
    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: FromValue> FromValue for Rc<T> {
    fn from_value(value: &Value) -> Self {
        Rc::new(T::from_value(value))
    }
    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: &Value) -> Self {
        value.as_array().iter().map(T::from_value).collect()
    }
    fn shape() -> Shape {
        Shape::Each(T::shape)
    }
}

impl<T: FromValue> FromValue for OrdMap<Str, T> {
    fn from_value(value: &Value) -> Self {
        value.entries().map(|(k, v)| (k.clone(), T::from_value(v))).collect()
    }
    fn shape() -> Shape {
        Shape::Each(T::shape)
    }
}

/// Declares views: each field names the key that it reads.
///
/// ```ignore
/// view! {
///     /// The part of a pod's spec that the scheduler reads.
///     pub struct PodSpec {
///         node_name: Str = "nodeName",
///         containers: Vec<Container> = "containers",
///     }
/// }
/// ```
/// Fields are public; their meaning is upstream's, so they carry no docs of their own.
#[macro_export]
macro_rules! view {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $field:ident : $type:ty = $key:literal ),* $(,)? } )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[allow(missing_docs)]
        pub struct $name { $( pub $field: $type, )* }

        impl $crate::base::view::FromValue for $name {
            fn from_value(value: &$crate::base::value::Value) -> Self {
                let _ = value;
                $name { $( $field: $crate::base::view::FromValue::from_value(value.get($key)), )* }
            }
            fn shape() -> $crate::base::view::Shape {
                $crate::base::view::Shape::Fields(&[ $( ($key, <$type as $crate::base::view::FromValue>::shape), )* ])
            }
        }
    )*};
}
