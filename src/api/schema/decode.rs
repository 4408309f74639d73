//! Reading a request's body into an object: coercion, type errors, unknown fields.
//!
//! Upstream: vendor/sigs.k8s.io/json (UnmarshalStrict) for bodies, and
//! staging/src/k8s.io/apimachinery/pkg/runtime/converter.go (fromUnstructured) for what a patch has made.

use std::fmt::Write;

use crate::api::kind::Kind;
use crate::api::schema::{Schema, Ty, TypeId, of_kind, schema};
use crate::base::base64;
use crate::base::quantity::Quantity;
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::base::value::{Map, Value};

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The object: known fields only, quantities and times in their printed form.
    pub value: Value,
    /// Faults that strict validation refuses and others pass over or warn of: `unknown field "spec.foo"`.
    pub strict: Vec<String>,
}

/// Which of upstream's two readers is at work: they word type errors differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A body of JSON.
    Json,
    /// An object that a patch was applied to.
    Unstructured,
}

/// The most faults that are kept.
const MAX_STRICT: usize = 100;
/// Deeper values are cut off; upstream's own limit is far above what any kind needs.
const MAX_DEPTH: usize = 200;

/// Reads an object of a kind.
///
/// # Errors
/// The reader's words: `json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32`.
pub fn decode(kind: &Kind, value: &Value, reader: Reader) -> Result<Decoded, String> {
    match of_kind(kind) {
        Some(id) => decode_type(id, value, reader),
        None => Ok(Decoded { value: value.clone(), strict: Vec::new() }),
    }
}

/// Reads a value of any struct in the table.
///
/// # Errors
/// As [`decode`].
pub fn decode_type(id: TypeId, value: &Value, reader: Reader) -> Result<Decoded, String> {
    let mut walk = Walk {
        schema: schema(),
        reader,
        holder: None,
        stack: Vec::new(),
        path: String::new(),
        strict: Vec::new(),
        saved: None,
        depth: 0,
    };
    let value = walk.value(&Ty::Ref(id), value)?;
    if let Some(error) = walk.saved {
        return Err(error);
    }
    if reader == Reader::Unstructured {
        walk.strict.order();
    }
    Ok(Decoded { value, strict: walk.strict })
}

/// The message of a strict decoding that found faults.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/runtime/error.go, strictDecodingError.
pub fn strict_error(faults: &[String]) -> String {
    format!("strict decoding error: {}", faults.join(", "))
}

struct Walk {
    schema: &'static Schema,
    reader: Reader,
    /// The struct whose field is being read.
    holder: Option<TypeId>,
    stack: Vec<&'static str>,
    path: String,
    strict: Vec<String>,
    /// The first type error; Go's decoder goes on after it.
    saved: Option<String>,
    depth: usize,
}

/// The type of a JSON value in Go's words.
fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::Str(_) => "string",
        Value::Array(_) => "array",
        Value::Map(_) => "object",
    }
}

impl Walk {
    /// A value of the wrong JSON type: kept and passed over by one reader, fatal to the other.
    fn mismatch(&mut self, ty: &Ty, found: &str, value: &Value) -> Result<Value, String> {
        if self.reader == Reader::Unstructured {
            return Err(self.unstructured_mismatch(ty, value));
        }
        let go = self.schema.go_type(ty);
        let field = match self.holder {
            Some(id) => {
                let name = self.schema.get(id).name;
                format!("Go struct field {name}.{}", self.stack.join("."))
            }
            None => "Go value".to_owned(),
        };
        self.saved.get_or_insert_with(|| {
            format!("json: cannot unmarshal {found} into {field} of type {go}")
        });
        Ok(Value::Null)
    }

    fn unstructured_mismatch(&self, ty: &Ty, value: &Value) -> String {
        let found = match value {
            Value::Bool(_) => "bool",
            Value::Int(_) => "int64",
            Value::Float(_) => "float64",
            Value::Str(_) => "string",
            Value::Array(_) => "slice",
            _ => "map",
        };
        match self.schema.resolve(ty) {
            Ty::Map(_) => format!("cannot restore map from {found}"),
            Ty::List(_) | Ty::Bytes => format!("cannot restore slice from {found}"),
            Ty::Ref(_) => format!("cannot restore struct from: {found}"),
            plain => {
                // Go converts between numbers only, and reports what it cannot even try by its basic type.
                let numbers = matches!(plain, Ty::Int(_) | Ty::Float);
                let text = *plain == Ty::Str;
                let number = matches!(value, Value::Int(_) | Value::Float(_));
                let convertible = number && (numbers || (text && matches!(value, Value::Int(_))));
                if convertible {
                    format!("cannot convert {found} to {}", self.schema.go_type(ty))
                } else {
                    format!("unrecognized type: {}", self.schema.go_type(plain))
                }
            }
        }
    }

    fn value(&mut self, ty: &Ty, value: &Value) -> Result<Value, String> {
        self.depth += 1;
        let read = if self.depth > MAX_DEPTH { Ok(Value::Null) } else { self.typed(ty, value) };
        self.depth -= 1;
        read
    }

    fn typed(&mut self, ty: &Ty, value: &Value) -> Result<Value, String> {
        if let Ty::Pointer(inner) = ty {
            return self.value(inner, value);
        }
        if value.is_null() {
            return Ok(Value::Null);
        }
        let plain = self.schema.resolve(ty);
        match plain {
            Ty::Str if value.as_str().is_some() => Ok(value.clone()),
            Ty::Bool if value.as_bool().is_some() => Ok(value.clone()),
            Ty::Int(name) => self.int(ty, name, value),
            Ty::Float => match value {
                Value::Int(_) | Value::Float(_) => Ok(value.clone()),
                other => self.mismatch(ty, json_type(other), other),
            },
            Ty::Bytes => self.bytes(ty, value),
            Ty::Quantity => quantity(value),
            Ty::Time => time(value, Time::rfc3339),
            Ty::MicroTime => time(value, Time::rfc3339_micro),
            Ty::Duration => match value {
                Value::Str(_) => Ok(value.clone()),
                other => Err(go_value_error(json_type(other), "string")),
            },
            Ty::IntOrString => int_or_string(value),
            Ty::Any(_) => Ok(value.clone()),
            Ty::List(inner) => self.list(ty, inner, value),
            Ty::Map(inner) => self.map(ty, inner, value),
            Ty::Ref(id) => self.object(ty, *id, value),
            _ => self.mismatch(ty, json_type(value), value),
        }
    }

    fn int(&mut self, ty: &Ty, name: &str, value: &Value) -> Result<Value, String> {
        match value {
            Value::Int(n) if fits(*n, name) => Ok(value.clone()),
            Value::Float(x) if self.reader == Reader::Unstructured && x.fract() == 0.0 => {
                Ok(Value::Int(*x as i64))
            }
            Value::Int(_) | Value::Float(_) => {
                let found = format!("number {}", value.to_json());
                self.mismatch(ty, &found, value)
            }
            other => self.mismatch(ty, json_type(other), other),
        }
    }

    fn bytes(&mut self, ty: &Ty, value: &Value) -> Result<Value, String> {
        let Some(text) = value.as_str() else {
            return self.mismatch(ty, json_type(value), value);
        };
        match base64::decode(text) {
            Ok(bytes) => Ok(Value::from(base64::encode(&bytes))),
            Err(at) => {
                let error = format!("illegal base64 data at input byte {at}");
                if self.reader == Reader::Unstructured {
                    return Err(format!("error decoding from json: {error}"));
                }
                self.saved.get_or_insert(error);
                Ok(Value::Null)
            }
        }
    }

    fn list(&mut self, ty: &Ty, inner: &Ty, value: &Value) -> Result<Value, String> {
        if !matches!(value, Value::Array(_)) {
            return self.mismatch(ty, json_type(value), value);
        }
        let length = self.path.len();
        let mut items = Vec::with_capacity(value.as_array().len());
        for (at, item) in value.as_array().iter().enumerate() {
            write!(self.path, "[{at}]").map_err(|e| e.to_string())?;
            let item = self.value(inner, item)?;
            items.push(self.zero(inner, item));
            self.path.truncate(length);
        }
        Ok(Value::array(items))
    }

    fn map(&mut self, ty: &Ty, inner: &Ty, value: &Value) -> Result<Value, String> {
        if value.as_map().is_none() {
            return self.mismatch(ty, json_type(value), value);
        }
        let length = self.path.len();
        let mut map = Map::new();
        for (key, item) in value.entries() {
            // The converter for patches does not name keys of maps.
            if self.reader == Reader::Json {
                self.push(key);
            }
            let item = self.value(inner, item)?;
            map.insert(key.clone(), self.zero(inner, item));
            self.path.truncate(length);
        }
        Ok(Value::from(map))
    }

    /// What Go keeps for `null` in a list or map: the type's zero value.
    fn zero(&self, ty: &Ty, value: Value) -> Value {
        if !value.is_null() {
            return value;
        }
        match ty {
            Ty::Pointer(_) => Value::Null,
            _ => match self.schema.resolve(ty) {
                Ty::Str => Value::from(""),
                Ty::Bool => Value::from(false),
                Ty::Int(_) | Ty::Float | Ty::IntOrString => Value::from(0),
                Ty::Quantity => Value::from("0"),
                Ty::Ref(_) => Value::map(),
                _ => Value::Null,
            },
        }
    }

    fn push(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    fn object(&mut self, ty: &Ty, id: TypeId, value: &Value) -> Result<Value, String> {
        if value.as_map().is_none() {
            return self.mismatch(ty, json_type(value), value);
        }
        let length = self.path.len();
        let (outer, depth) = (self.holder, self.stack.len());
        let mut map = Map::new();
        for (key, item) in value.entries() {
            self.push(key);
            if let Some(field) = self.schema.get(id).field(key) {
                self.holder = Some(id);
                if !field.via.is_empty() {
                    self.stack.push(field.via);
                }
                self.stack.push(field.name);
                let item = self.value(&field.ty, item)?;
                if !item.is_null() {
                    map.insert(key.clone(), item);
                }
            } else {
                let fault = format!("unknown field {:?}", self.path);
                if self.strict.len() < MAX_STRICT && !self.strict.contains(&fault) {
                    self.strict.push(fault);
                }
            }
            self.stack.truncate(depth);
            self.holder = outer;
            self.path.truncate(length);
        }
        Ok(Value::from(map))
    }
}

fn fits(number: i64, name: &str) -> bool {
    match name {
        "int32" => i32::try_from(number).is_ok(),
        "uint8" => u8::try_from(number).is_ok(),
        "uint32" => u32::try_from(number).is_ok(),
        "uint64" => number >= 0,
        _ => true,
    }
}

fn go_value_error(found: &str, go: &str) -> String {
    format!("json: cannot unmarshal {found} into Go value of type {go}")
}

/// Upstream: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/time.go, UnmarshalJSON.
fn time(value: &Value, print: fn(Time) -> String) -> Result<Value, String> {
    let Some(text) = value.as_str() else {
        return Err(go_value_error(json_type(value), "string"));
    };
    match Time::parse(text) {
        Some(time) => Ok(Value::from(print(time))),
        // Simplified: upstream names the part that it could not read; we always name the first.
        None => Err(format!(
            "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\""
        )),
    }
}

/// Upstream: staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go, UnmarshalJSON.
fn quantity(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Str(s) => s.as_str().to_owned(),
        other => other.to_json(),
    };
    Quantity::parse(text.trim()).map(Value::from).map_err(|e| e.to_string())
}

/// Upstream: staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go, UnmarshalJSON.
fn int_or_string(value: &Value) -> Result<Value, String> {
    match value {
        Value::Str(_) => Ok(value.clone()),
        Value::Int(n) if i32::try_from(*n).is_ok() => Ok(value.clone()),
        Value::Int(_) | Value::Float(_) => {
            Err(go_value_error(&format!("number {}", value.to_json()), "int32"))
        }
        other => Err(go_value_error(json_type(other), "int32")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{CONFIG_MAP, POD, SECRET, SERVICE, STATEFUL_SET};
    use crate::value;

    fn error(kind: &Kind, value: Value) -> String {
        decode(kind, &value, Reader::Json).unwrap_err()
    }

    #[test]
    fn type_errors_are_gos() {
        for (kind, value, want) in [
            (
                &STATEFUL_SET,
                value!({"spec": {"replicas": "two"}}),
                "json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32",
            ),
            (
                &STATEFUL_SET,
                value!({"metadata": {"labels": {"a": 1}}}),
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                &POD,
                value!({"spec": {"containers": {"name": "c"}, "nope": 1}}),
                "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
            ),
            (
                &SERVICE,
                value!({"spec": {"ports": 80}}),
                "json: cannot unmarshal number into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort",
            ),
            (
                &POD,
                value!({"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}),
                "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
            ),
            (
                &CONFIG_MAP,
                value!({"data": {"a": 1}}),
                "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
            ),
            (
                &SECRET,
                value!({"data": {"a": "not base64!"}}),
                "illegal base64 data at input byte 3",
            ),
            (
                &POD,
                value!({"spec": {"containers": [{"resources": {"requests": {"cpu": "lots"}}}]}}),
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ),
            (
                &POD,
                value!({"spec": {"terminationGracePeriodSeconds": 1.5}}),
                "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
            ),
            (&POD, value!([]), "json: cannot unmarshal array into Go value of type v1.Pod"),
        ] {
            assert_eq!(error(kind, value), want);
        }
    }

    #[test]
    fn patches_are_read_by_the_other_reader() {
        let value = value!({"spec": {"replicas": "x"}});
        assert_eq!(
            decode(&STATEFUL_SET, &value, Reader::Unstructured).unwrap_err(),
            "unrecognized type: int32"
        );
    }

    #[test]
    fn unknown_fields_are_listed_and_dropped() {
        let value = value!({"spec": {"replica": 2, "template": {"spec": {"containers": [
            {"name": "c", "ports": [{"containerport": 80}], "volumeMount": []}]}}}});
        let decoded = decode(&STATEFUL_SET, &value, Reader::Json).unwrap();
        assert_eq!(
            strict_error(&decoded.strict),
            "strict decoding error: unknown field \"spec.replica\", unknown field \"spec.template.spec.containers[0].ports[0].containerport\", unknown field \"spec.template.spec.containers[0].volumeMount\""
        );
        assert!(decoded.value.at(&["spec", "replica"]).is_null());
    }

    #[test]
    fn quantities_and_times_take_their_printed_form() {
        let value = value!({"metadata": {"creationTimestamp": "2026-01-05T10:00:00+01:00"},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}}}]}});
        let decoded = decode(&POD, &value, Reader::Json).unwrap().value;
        let requests =
            decoded.get("spec").get("containers").index(0).at(&["resources", "requests"]);
        assert_eq!(requests.to_json(), r#"{"cpu":"500m","memory":"1Gi"}"#);
        assert_eq!(decoded.at(&["metadata", "creationTimestamp"]).text(), "2026-01-05T09:00:00Z");
    }
}
