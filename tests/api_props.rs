//! Properties of the API's rules, tried on random objects of every kind: they never panic, and what they
//! have brought into its stored form stays as it is.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

use tabernetes::api::KindRef;
use tabernetes::api::kinds;
use tabernetes::api::schema::{
    Reader, Schema, Ty, decode, normalise, not_simulated, of_kind, schema,
};
use tabernetes::base::rng::{Draw, Rng};
use tabernetes::base::value::Value;

/// Texts that mean something somewhere, and some that mean nothing.
const WORDS: &[&str] = &[
    "",
    "a",
    "web-0",
    "A_b",
    "é",
    "..",
    "../x",
    "/a/b",
    "None",
    "1.2.3.4",
    "::1",
    "0",
    "80",
    "25%",
    "-1",
    "1Gi",
    "500m",
    "100m",
    "Always",
    "Never",
    "RollingUpdate",
    "OnDelete",
    "ClusterIP",
    "NodePort",
    "ExternalName",
    "LoadBalancer",
    "In",
    "NotIn",
    "Exists",
    "Gt",
    "TCP",
    "app.kubernetes.io/name",
    "x/y/z",
    "metadata.name",
    "metadata.labels['a']",
    "2026-01-05T09:00:00Z",
    "aGk=",
    "nginx:latest",
    "host:5000/x@sha256:0",
    "hugepages-2Mi",
    "example.com/gpu",
    "Bound",
    "kubernetes",
    "$(A)",
];

fn word(draw: &mut Draw) -> Value {
    Value::from(WORDS[draw.index(WORDS.len())])
}

/// A value of a type; sometimes of another.
fn random(schema: &Schema, ty: &Ty, draw: &mut Draw, depth: usize) -> Value {
    if draw.index(60) == 0 {
        return match draw.index(5) {
            0 => Value::Null,
            1 => Value::from(draw.range(-3, 70_000)),
            2 => Value::from(vec![word(draw)]),
            3 => Value::map(),
            _ => word(draw),
        };
    }
    match schema.resolve(ty) {
        Ty::Bool => Value::from(draw.index(2) == 0),
        Ty::Int(_) => Value::from([-1, 0, 1, 2, 30, 80, 511, 70_000][draw.index(8)]),
        Ty::Float => Value::from(1.5),
        Ty::Quantity => {
            Value::from(["0", "1", "-1", "1Gi", "500m", "0.0001", "1e3", "3n"][draw.index(8)])
        }
        Ty::Time | Ty::MicroTime => Value::from("2026-01-05T09:00:00Z"),
        Ty::Bytes => Value::from(["", "aGk=", "AA=="][draw.index(3)]),
        Ty::IntOrString if draw.index(2) == 0 => Value::from(draw.range(-1, 5)),
        Ty::List(inner) if depth < 14 => {
            let count = draw.index(4);
            Value::from(
                (0..count).map(|_| random(schema, inner, draw, depth + 1)).collect::<Vec<_>>(),
            )
        }
        Ty::Map(inner) if depth < 14 => {
            let mut map = Value::map();
            for _ in 0..draw.index(3) {
                let value = random(schema, inner, draw, depth + 1);
                map.set(WORDS[draw.index(WORDS.len())], value);
            }
            map
        }
        Ty::Ref(id) if depth < 14 => {
            let mut map = Value::map();
            let chance = if depth < 3 { 2 } else { 3 };
            for field in &schema.get(*id).fields {
                if draw.index(chance) == 0 {
                    map.set(field.name, random(schema, &field.ty, draw, depth + 1));
                }
            }
            if draw.index(40) == 0 {
                map.set("nonsense", 1);
            }
            map
        }
        Ty::List(_) | Ty::Map(_) | Ty::Ref(_) => Value::Null,
        _ => word(draw),
    }
}

fn object(kind: KindRef, n: u64) -> Value {
    let id = of_kind(kind).expect("every kind has a schema");
    let mut draw = Rng { seed: 11 }.named("object", kind.plural, n);
    let mut value = Value::map();
    for field in &schema().get(id).fields {
        if draw.index(8) > 0 {
            value.set(field.name, random(schema(), &field.ty, &mut draw, 1));
        }
    }
    value
}

/// The object as a create request would store it, if it can be read.
fn stored(kind: KindRef, value: &Value) -> Option<Value> {
    let mut value = decode(kind, value, Reader::Json).ok()?.value;
    (kind.rules.default)(&mut value);
    (kind.rules.prepare_create)(&mut value);
    normalise(kind, &mut value);
    Some(value)
}

#[test]
fn rules_never_panic_and_stored_objects_stay() {
    let mut read = 0;
    for kind in kinds::ALL.iter().copied() {
        let mut last: Option<Value> = None;
        for n in 0..150 {
            let raw = object(kind, n);
            let _ = decode(kind, &raw, Reader::Unstructured);
            let Some(value) = stored(kind, &raw) else { continue };
            read += 1;
            let _ = (kind.rules.validate)(&value);
            let _ = (kind.rules.warnings)(&value, None);
            let _ = not_simulated(kind, &value);
            let mut again = value.clone();
            normalise(kind, &mut again);
            assert_eq!(again, value, "{kind:?} {n}: a stored object is normal");
            let decoded = decode(kind, &value, Reader::Json).expect("a stored object can be read");
            assert_eq!(
                decoded.strict, [""; 0],
                "{kind:?} {n}: a stored object has known fields only"
            );
            let mut again = decoded.value;
            normalise(kind, &mut again);
            assert_eq!(again, value, "{kind:?} {n}: reading a stored object changes nothing");
            let mut again = value.clone();
            (kind.rules.default)(&mut again);
            normalise(kind, &mut again);
            assert_eq!(again, value, "{kind:?} {n}: a stored object has all defaults");
            if let Some(old) = &last {
                let mut new = value.clone();
                (kind.rules.prepare_update)(&mut new, old);
                normalise(kind, &mut new);
                let _ = (kind.rules.validate_update)(&new, old);
                let _ = (kind.rules.warnings)(&new, Some(old));
            }
            let (mut same, old) = (value.clone(), value.clone());
            (kind.rules.prepare_update)(&mut same, &old);
            normalise(kind, &mut same);
            assert_eq!(same, value, "{kind:?} {n}: an update that changes nothing changes nothing");
            last = Some(value);
        }
    }
    assert!(read > 500, "enough of the random objects can be read: {read}");
}
