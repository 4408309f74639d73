//! jq's own functions and operators.
//!
//! Simplified: no modules, no SQL-style operators, no `input_line_number`, `getpath` in `limit` and such corners;
//! times are UTC.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::base::base64;
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::programs::support::regex::{Regex, Syntax};

use super::eval::{
    Env, Flow, Machine, Out, PathOut, Stop, compare, fail, get_path, index, is_true, keys, kind,
    number, set_path, shown,
};
use super::parse::{Expr, parse};

/// Longest text and list that an operator makes.
const MAX_SIZE: usize = 8 << 20;

/// Functions that are written in jq itself, with ours underneath.
const WRITTEN: [(&str, &[&str], &str); 41] = [
    ("map", &["f"], "[.[] | f]"),
    ("select", &["f"], "if f then . else empty end"),
    ("map_values", &["f"], ".[] |= f"),
    ("recurse", &[], "recurse(.[]?)"),
    ("recurse", &["f"], "def r: ., (f | r); r"),
    ("recurse", &["f", "cond"], "def r: ., (f | select(cond) | r); r"),
    ("values", &[], "select(. != null)"),
    ("nulls", &[], "select(. == null)"),
    ("strings", &[], "select(type == \"string\")"),
    ("numbers", &[], "select(type == \"number\")"),
    ("booleans", &[], "select(type == \"boolean\")"),
    ("arrays", &[], "select(type == \"array\")"),
    ("objects", &[], "select(type == \"object\")"),
    ("iterables", &[], "select(type == \"array\" or type == \"object\")"),
    ("scalars", &[], "select(type != \"array\" and type != \"object\")"),
    ("to_entries", &[], "[keys_unsorted[] as $k | {key: $k, value: .[$k]}]"),
    (
        "from_entries",
        &[],
        "reduce .[] as $x ({}; . + {($x | if type == \"object\" then (if has(\"key\") then .key elif has(\"k\") then .k elif \
         has(\"name\") then .name elif has(\"Name\") then .Name else .Key end) else . end | if type == \"string\" then . else \
         tojson end): ($x | if has(\"value\") then .value elif has(\"v\") then .v else .Value end)})",
    ),
    ("with_entries", &["f"], "to_entries | map(f) | from_entries"),
    ("add", &["f"], "reduce f as $x (null; . + $x)"),
    ("any", &[], "any(.[]; .)"),
    ("any", &["f"], "any(.[]; f)"),
    ("any", &["g", "f"], "first((g | f | select(.) | true), false)"),
    ("all", &[], "all(.[]; .)"),
    ("all", &["f"], "all(.[]; f)"),
    ("all", &["g", "f"], "first((g | f | select(. | not) | false), true)"),
    ("in", &["xs"], ". as $x | xs | has($x)"),
    ("inside", &["xs"], ". as $x | xs | contains($x)"),
    ("repeat", &["f"], "def r: ., (f | r); r"),
    ("while", &["cond", "f"], "def r: if cond then ., (f | r) else empty end; r"),
    ("until", &["cond", "f"], "def r: if cond then . else (f | r) end; r"),
    ("paths", &[], "path(..) | select(length > 0)"),
    ("paths", &["f"], "path(.. | select(f)) | select(length > 0)"),
    ("leaf_paths", &[], "paths(scalars)"),
    ("del", &["f"], "delpaths([path(f)])"),
    ("pick", &["f"], ". as $top | reduce path(f) as $p (null; setpath($p; $top | getpath($p)))"),
    (
        "walk",
        &["f"],
        "def w: if type == \"object\" then map_values(w) elif type == \"array\" then map(w) else . end | f; w",
    ),
    ("todate", &[], "strftime(\"%Y-%m-%dT%H:%M:%SZ\")"),
    ("capture", &["re"], "capture(re; null)"),
    ("scan", &["re"], "scan(re; null)"),
    ("finites", &[], "select(type == \"number\")"),
    (
        "combinations",
        &[],
        "if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end",
    ),
];

/// Calls a function that the program has not defined.
pub(super) fn call(
    machine: &mut Machine,
    name: &str,
    arguments: &[Rc<Expr>],
    env: &Env,
    value: &Value,
    out: Out,
) -> Flow {
    if let Some(body) = written(name, arguments) {
        return machine.eval(&body?, env, value, out);
    }
    own(machine, name, arguments, env, value, out)
}

/// Functions that take filters, and those of values.
#[inline(never)]
fn own(
    machine: &mut Machine,
    name: &str,
    arguments: &[Rc<Expr>],
    env: &Env,
    value: &Value,
    out: Out,
) -> Flow {
    match (name, arguments) {
        ("empty", []) => Ok(()),
        ("error", []) => Err(Stop::Error(value.clone())),
        ("error", [message]) => machine.eval(message, env, value, &mut |_, v| Err(Stop::Error(v))),
        ("halt", []) => Err(Stop::Halt(0, None)),
        ("halt_error", []) => Err(Stop::Halt(5, Some(value.clone()))),
        ("halt_error", [code]) => machine.eval(code, env, value, &mut |_, code| {
            Err(Stop::Halt(code.as_i64().unwrap_or(5) as i32, Some(value.clone())))
        }),
        ("path", [f]) => {
            machine.paths(f, env, (Vec::new(), value), &mut |m, path, _| out(m, Value::from(path)))
        }
        ("first", [f]) => machine.labelled(|m, label| {
            m.eval(f, env, value, &mut |m, v| {
                out(m, v)?;
                Err(Stop::Break(label))
            })
        }),
        ("last", [f]) => {
            let last = machine.all(f, env, value)?.pop();
            last.map_or(Ok(()), |v| out(machine, v))
        }
        ("isempty", [f]) => {
            let mut empty = true;
            machine.labelled(|m, label| {
                m.eval(f, env, value, &mut |_, _| {
                    empty = false;
                    Err(Stop::Break(label))
                })
            })?;
            out(machine, Value::from(empty))
        }
        ("limit", [count, f]) => machine.eval(count, env, value, &mut |m, count| {
            let mut left = count.as_i64().unwrap_or(0);
            if left <= 0 {
                return Ok(());
            }
            m.labelled(|m, label| {
                m.eval(f, env, value, &mut |m, v| {
                    left -= 1;
                    out(m, v)?;
                    if left == 0 { Err(Stop::Break(label)) } else { Ok(()) }
                })
            })
        }),
        ("nth", [n, f]) => machine.eval(n, env, value, &mut |m, n| {
            let mut left = n.as_i64().unwrap_or(0);
            m.labelled(|m, label| {
                m.eval(f, env, value, &mut |m, v| {
                    left -= 1;
                    if left >= 0 {
                        return Ok(());
                    }
                    out(m, v)?;
                    Err(Stop::Break(label))
                })
            })
        }),
        ("range", [to]) => machine.eval(to, env, value, &mut |m, to| range(m, 0.0, &to, 1.0, out)),
        ("range", [from, to]) => machine.eval(from, env, value, &mut |m, from| {
            m.eval(to, env, value, &mut |m, to| {
                range(m, from.as_f64().unwrap_or(0.0), &to, 1.0, out)
            })
        }),
        ("range", [from, to, by]) => machine.eval(from, env, value, &mut |m, from| {
            m.eval(to, env, value, &mut |m, to| {
                m.eval(by, env, value, &mut |m, by| {
                    range(m, from.as_f64().unwrap_or(0.0), &to, by.as_f64().unwrap_or(1.0), out)
                })
            })
        }),
        ("input", []) => match machine.inputs.pop() {
            Some(next) => out(machine, next),
            None => fail("No more inputs"),
        },
        ("inputs", []) => {
            while let Some(next) = machine.inputs.pop() {
                out(machine, next)?;
            }
            Ok(())
        }
        ("env", []) => {
            let variables = machine.variables.clone();
            out(machine, variables)
        }
        ("now", []) => {
            let now = machine.now;
            out(machine, number(now))
        }
        ("debug" | "stderr", []) => out(machine, value.clone()),
        ("sort_by" | "group_by" | "unique_by" | "min_by" | "max_by", [f]) => {
            let result = by(machine, name, f, env, value)?;
            out(machine, result)
        }
        _ => {
            // The rest are functions of values: each combination of the arguments' results is one call.
            combine(machine, arguments, Vec::new(), env, value, &mut |m, arguments| match plain(
                name, value, &arguments,
            )? {
                Results::One(result) => out(m, result),
                Results::Many(results) => results.into_iter().try_for_each(|v| out(m, v)),
                Results::Unknown => fail(format!("{name}/{} is not defined", arguments.len())),
            })
        }
    }
}

/// The body of a function written in jq, with its parameters replaced by definitions.
fn written(name: &str, arguments: &[Rc<Expr>]) -> Option<Result<Expr, Stop>> {
    let (_, params, body) =
        WRITTEN.iter().find(|(n, params, _)| *n == name && params.len() == arguments.len())?;
    let parsed = match parse(body) {
        Ok(parsed) => parsed,
        Err(text) => return Some(fail(text)),
    };
    if params.is_empty() {
        return Some(Ok(parsed));
    }
    // A local function with the same parameters is called with the arguments.
    let definition = super::parse::Definition {
        name: format!("*{name}"),
        params: params.iter().map(|p| (*p).to_owned()).collect(),
        body: parsed,
    };
    let call = Expr::Call(format!("*{name}"), arguments.to_vec());
    Some(Ok(Expr::Define(Rc::new(definition), Rc::new(call))))
}

/// Whether a function with so many arguments exists.
pub(super) fn exists(name: &str, count: usize) -> bool {
    let special: &[(&str, usize)] = &[
        ("empty", 0),
        ("error", 0),
        ("error", 1),
        ("halt", 0),
        ("halt_error", 0),
        ("halt_error", 1),
        ("path", 1),
        ("first", 1),
        ("last", 1),
        ("isempty", 1),
        ("limit", 2),
        ("nth", 2),
        ("range", 1),
        ("range", 2),
        ("range", 3),
        ("input", 0),
        ("inputs", 0),
        ("env", 0),
        ("now", 0),
        ("debug", 0),
        ("stderr", 0),
        ("sort_by", 1),
        ("group_by", 1),
        ("unique_by", 1),
        ("min_by", 1),
        ("max_by", 1),
    ];
    WRITTEN.iter().any(|(n, params, _)| *n == name && params.len() == count)
        || special.contains(&(name, count))
        || PLAIN.contains(&(name, count))
}

/// Functions of values, by name and number of arguments.
const PLAIN: &[(&str, usize)] = &[
    ("not", 0),
    ("length", 0),
    ("utf8bytelength", 0),
    ("keys", 0),
    ("keys_unsorted", 0),
    ("type", 0),
    ("tostring", 0),
    ("tonumber", 0),
    ("tojson", 0),
    ("fromjson", 0),
    ("add", 0),
    ("sort", 0),
    ("unique", 0),
    ("reverse", 0),
    ("min", 0),
    ("max", 0),
    ("flatten", 0),
    ("floor", 0),
    ("ceil", 0),
    ("round", 0),
    ("sqrt", 0),
    ("fabs", 0),
    ("abs", 0),
    ("log", 0),
    ("log2", 0),
    ("log10", 0),
    ("exp", 0),
    ("ascii_downcase", 0),
    ("ascii_upcase", 0),
    ("explode", 0),
    ("implode", 0),
    ("trim", 0),
    ("ltrim", 0),
    ("rtrim", 0),
    ("first", 0),
    ("last", 0),
    ("transpose", 0),
    ("tojson", 0),
    ("infinite", 0),
    ("nan", 0),
    ("isnan", 0),
    ("isinfinite", 0),
    ("isvalid", 0),
    ("fromdate", 0),
    ("fromdateiso8601", 0),
    ("todateiso8601", 0),
    ("mktime", 0),
    ("gmtime", 0),
    ("toarray", 0),
    ("ascii", 0),
    ("input_filename", 0),
    ("builtins", 0),
    ("has", 1),
    ("contains", 1),
    ("startswith", 1),
    ("endswith", 1),
    ("ltrimstr", 1),
    ("rtrimstr", 1),
    ("split", 1),
    ("split", 2),
    ("join", 1),
    ("flatten", 1),
    ("index", 1),
    ("rindex", 1),
    ("indices", 1),
    ("test", 1),
    ("test", 2),
    ("match", 1),
    ("match", 2),
    ("capture", 2),
    ("scan", 2),
    ("sub", 2),
    ("sub", 3),
    ("gsub", 2),
    ("gsub", 3),
    ("splits", 1),
    ("getpath", 1),
    ("setpath", 2),
    ("delpaths", 1),
    ("strftime", 1),
    ("strptime", 1),
    ("pow", 2),
    ("nth", 1),
    ("ascii", 0),
    ("tojson", 0),
    ("min_by", 0),
    ("splits", 2),
    ("trimstr", 1),
    ("date", 0),
];

enum Results {
    One(Value),
    Many(Vec<Value>),
    Unknown,
}

fn combine(
    machine: &mut Machine,
    arguments: &[Rc<Expr>],
    done: Vec<Value>,
    env: &Env,
    value: &Value,
    run: &mut dyn FnMut(&mut Machine, Vec<Value>) -> Flow,
) -> Flow {
    let Some((first, rest)) = arguments.split_first() else { return run(machine, done) };
    machine.eval(first, env, value, &mut |m, v| {
        combine(m, rest, [done.as_slice(), &[v]].concat(), env, value, run)
    })
}

fn range(machine: &mut Machine, from: f64, to: &Value, by: f64, out: Out) -> Flow {
    let Some(to) = to.as_f64() else { return fail("Range bounds must be numeric") };
    let mut at = from;
    while by > 0.0 && at < to || by < 0.0 && at > to {
        machine.tick()?;
        out(machine, number(at))?;
        at += by;
    }
    Ok(())
}

fn by(
    machine: &mut Machine,
    name: &str,
    f: &Expr,
    env: &Env,
    value: &Value,
) -> Result<Value, Stop> {
    let Value::Array(list) = value else {
        return fail(format!("Cannot index {} with number", kind(value)));
    };
    let mut keyed = Vec::new();
    for item in list {
        keyed.push((Value::from(machine.all(f, env, item)?), item.clone()));
    }
    if name == "max_by" || name == "min_by" {
        let best = keyed.into_iter().reduce(|a, b| {
            let order = compare(&b.0, &a.0);
            let better = if name == "max_by" { order.is_ge() } else { order.is_lt() };
            if better { b } else { a }
        });
        return Ok(best.map_or(Value::Null, |(_, item)| item));
    }
    keyed.order_by(|a, b| compare(&a.0, &b.0));
    if name == "sort_by" {
        return Ok(Value::from(keyed.into_iter().map(|(_, item)| item).collect::<Vec<_>>()));
    }
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in keyed {
        match groups.last_mut() {
            Some((last, items)) if compare(last, &key).is_eq() => items.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    Ok(Value::from(if name == "unique_by" {
        groups.into_iter().filter_map(|(_, items)| items.into_iter().next()).collect::<Vec<_>>()
    } else {
        groups.into_iter().map(|(_, items)| Value::from(items)).collect()
    }))
}

fn plain(name: &str, value: &Value, arguments: &[Value]) -> Result<Results, Stop> {
    use Results::{Many, One, Unknown};
    if !PLAIN.contains(&(name, arguments.len())) {
        return Ok(Unknown);
    }
    let text = |value: &Value, what: &str| -> Result<String, Stop> {
        match value {
            Value::String(text) => Ok(text.clone()),
            other => fail(format!("{} {what}", shown(other))),
        }
    };
    let math = |f: fn(f64) -> f64| -> Result<Results, Stop> {
        match value.as_f64() {
            Some(n) => Ok(One(number(f(n)))),
            None => fail(format!("{} number required", shown(value))),
        }
    };
    let list = || -> Result<Vec<Value>, Stop> {
        match value {
            Value::Array(list) => Ok(list.clone()),
            Value::Null => fail("null (null) cannot be sorted, as it is not an array"),
            other => fail(format!("{} cannot be sorted, as it is not an array", shown(other))),
        }
    };
    let first = arguments.first().unwrap_or(&Value::Null);
    Ok(One(match name {
        "not" => Value::from(!is_true(value)),
        "length" => match value {
            Value::Null => Value::from(0),
            Value::String(text) => Value::from(text.chars().count()),
            Value::Array(list) => Value::from(list.len()),
            Value::Object(map) => Value::from(map.len()),
            Value::Number(n) => number(n.as_f64().unwrap_or(0.0).abs()),
            Value::Bool(_) => return fail(format!("{} has no length", shown(value))),
        },
        "utf8bytelength" => Value::from(text(value, "only strings have UTF-8 byte length")?.len()),
        "keys" | "keys_unsorted" => match value {
            Value::Array(_) | Value::Object(_) => {
                let mut keys = keys(value)?;
                if name == "keys" {
                    keys.order_by(compare);
                }
                Value::from(keys)
            }
            other => return fail(format!("{} has no keys", shown(other))),
        },
        "type" => Value::from(kind(value)),
        "tostring" => Value::from(to_text(value)),
        "tonumber" => match value {
            Value::Number(_) => value.clone(),
            Value::String(text) => match text.trim().parse::<f64>() {
                Ok(n) if !text.trim().is_empty() => number(n),
                _ => return fail(format!("Cannot parse '{text}' as a number")),
            },
            other => return fail(format!("{} cannot be parsed as a number", shown(other))),
        },
        "tojson" => Value::from(value.to_string()),
        "fromjson" => {
            let text = text(value, "cannot be parsed as JSON")?;
            match serde_json::from_str(&text) {
                Ok(value) => value,
                Err(_) => return fail(format!("{text} (while parsing '{text}')")),
            }
        }
        "add" => {
            let items = match value {
                Value::Array(list) => list.clone(),
                Value::Object(map) => map.values().cloned().collect(),
                Value::Null => Vec::new(),
                other => return fail(format!("Cannot iterate over {}", shown(other))),
            };
            items.into_iter().try_fold(Value::Null, |sum, item| binary("+", sum, item))?
        }
        "sort" | "unique" => {
            let mut list = list()?;
            list.order_by(compare);
            if name == "unique" {
                list.dedup_by(|a, b| compare(a, b).is_eq());
            }
            Value::from(list)
        }
        "reverse" => match value {
            Value::String(text) => Value::from(text.chars().rev().collect::<String>()),
            Value::Null => Value::from(Vec::<Value>::new()),
            _ => Value::from(list()?.into_iter().rev().collect::<Vec<_>>()),
        },
        "min" => list()?
            .into_iter()
            .reduce(|a, b| if compare(&b, &a).is_lt() { b } else { a })
            .unwrap_or_default(),
        "max" => list()?
            .into_iter()
            .reduce(|a, b| if compare(&b, &a).is_ge() { b } else { a })
            .unwrap_or_default(),
        "flatten" => {
            let depth = first.as_i64().unwrap_or(100);
            if depth < 0 {
                return fail("flatten depth must not be negative");
            }
            let mut result = Vec::new();
            flatten(value, depth.min(100), &mut result)?;
            Value::from(result)
        }
        "floor" => return math(f64::floor),
        "ceil" => return math(f64::ceil),
        "round" => return math(f64::round),
        "sqrt" => return math(f64::sqrt),
        "fabs" | "abs" => return math(f64::abs),
        "log" => return math(f64::ln),
        "log2" => return math(f64::log2),
        "log10" => return math(f64::log10),
        "exp" => return math(f64::exp),
        "pow" => number(first.as_f64().unwrap_or(0.0).powf(arguments[1].as_f64().unwrap_or(0.0))),
        "infinite" => number(f64::MAX),
        "nan" => Value::Null,
        "isnan" => Value::from(value.is_null()),
        "isinfinite" => Value::from(value.as_f64().is_some_and(|n| n.abs() >= f64::MAX)),
        "isvalid" => Value::from(true),
        "ascii_downcase" => Value::from(text(value, "cannot be lower-cased")?.to_ascii_lowercase()),
        "ascii_upcase" => Value::from(text(value, "cannot be upper-cased")?.to_ascii_uppercase()),
        "explode" => {
            let text = text(value, "cannot be exploded")?;
            Value::from(text.chars().map(|c| Value::from(c as u32)).collect::<Vec<_>>())
        }
        "implode" => {
            let codes = list()?;
            let chars = codes.iter().map(|c| c.as_u64().and_then(|c| char::from_u32(c as u32)));
            match chars.collect::<Option<String>>() {
                Some(text) => Value::from(text),
                None => return fail("Unicode codepoint must be numeric"),
            }
        }
        "trim" => Value::from(text(value, "cannot be trimmed")?.trim()),
        "ltrim" => Value::from(text(value, "cannot be trimmed")?.trim_start()),
        "rtrim" => Value::from(text(value, "cannot be trimmed")?.trim_end()),
        "first" => index(value, &Value::from(0))?,
        "last" => index(value, &Value::from(-1))?,
        "nth" => index(value, first)?,
        "toarray" => {
            if value.is_array() {
                value.clone()
            } else {
                json!([value])
            }
        }
        "input_filename" => Value::Null,
        "transpose" => {
            let rows = list()?;
            let width = rows.iter().filter_map(|r| r.as_array().map(Vec::len)).max().unwrap_or(0);
            let cell = |row: &Value, n: usize| row.get(n).cloned().unwrap_or(Value::Null);
            Value::from(
                (0..width)
                    .map(|n| rows.iter().map(|r| cell(r, n)).collect())
                    .collect::<Vec<Vec<Value>>>(),
            )
        }
        "has" => match (value, first) {
            (Value::Object(map), Value::String(key)) => Value::from(map.contains_key(key)),
            (Value::Array(list), Value::Number(n)) => {
                Value::from(n.as_u64().is_some_and(|n| (n as usize) < list.len()))
            }
            (value, key) => {
                return fail(format!(
                    "Cannot check whether {} has a {} key",
                    kind(value),
                    kind(key)
                ));
            }
        },
        "contains" => Value::from(contains(value, first)?),
        "startswith" | "endswith" => match (value, first) {
            (Value::String(text), Value::String(part)) => Value::from(if name == "startswith" {
                text.starts_with(part)
            } else {
                text.ends_with(part)
            }),
            _ => return fail(format!("{name}() requires string inputs")),
        },
        "ltrimstr" | "rtrimstr" | "trimstr" => match (value, first) {
            (Value::String(text), Value::String(part)) => {
                let mut text = text.as_str();
                if name != "rtrimstr" {
                    text = text.strip_prefix(part.as_str()).unwrap_or(text);
                }
                if name != "ltrimstr" {
                    text = text.strip_suffix(part.as_str()).unwrap_or(text);
                }
                Value::from(text)
            }
            _ => value.clone(),
        },
        "split" if arguments.len() == 1 => match (value, first) {
            (Value::String(text), Value::String(_)) if text.is_empty() => {
                Value::from(Vec::<Value>::new())
            }
            (Value::String(text), Value::String(by)) if by.is_empty() => {
                Value::from(text.chars().map(|c| Value::from(c.to_string())).collect::<Vec<_>>())
            }
            (Value::String(text), Value::String(by)) => {
                Value::from(text.split(by.as_str()).map(Value::from).collect::<Vec<_>>())
            }
            _ => return fail("split input and separator must be strings"),
        },
        "join" => {
            let separator = text(first, "cannot be used to join")?;
            let mut parts = Vec::new();
            for item in list()? {
                parts.push(match item {
                    Value::Null => String::new(),
                    Value::String(text) => text,
                    Value::Number(_) | Value::Bool(_) => item.to_string(),
                    other => {
                        return fail(format!(
                            "{} and {} cannot be added",
                            shown(&Value::from(separator)),
                            shown(&other)
                        ));
                    }
                });
            }
            Value::from(parts.join(&separator))
        }
        "index" | "rindex" | "indices" => {
            let places: Vec<usize> = match (value, first) {
                (Value::String(text), Value::String(part)) if !part.is_empty() => (0..text.len())
                    .filter(|at| {
                        text.is_char_boundary(*at) && text[*at..].starts_with(part.as_str())
                    })
                    .map(|at| text[..at].chars().count())
                    .collect(),
                (Value::Array(list), Value::Array(part)) if !part.is_empty() => {
                    (0..list.len()).filter(|at| list[*at..].starts_with(part)).collect()
                }
                (Value::Array(list), item) => {
                    (0..list.len()).filter(|at| compare(&list[*at], item).is_eq()).collect()
                }
                _ => Vec::new(),
            };
            match name {
                "index" => places.first().copied().map_or(Value::Null, Value::from),
                "rindex" => places.last().copied().map_or(Value::Null, Value::from),
                _ => Value::from(places),
            }
        }
        "getpath" => match first {
            Value::Array(path) => get_path(value, path)?,
            _ => return fail("Path must be specified as an array"),
        },
        "setpath" => match first {
            Value::Array(path) => set_path(value.clone(), path, arguments[1].clone())?,
            _ => return fail("Path must be specified as an array"),
        },
        "delpaths" => match first {
            Value::Array(paths) => {
                let paths = paths.iter().filter_map(|p| p.as_array().cloned()).collect();
                delete_paths(value.clone(), paths)?
            }
            _ => return fail("Paths must be specified as an array"),
        },
        "fromdate" | "fromdateiso8601" => {
            let text = text(value, "cannot be parsed as a date")?;
            match Time::parse(&text) {
                Some(time) => Value::from(time.unix_s()),
                None => {
                    return fail(format!(
                        "date \"{text}\" does not match format \"%Y-%m-%dT%H:%M:%SZ\""
                    ));
                }
            }
        }
        "todateiso8601" => Value::from(at(value)?.rfc3339()),
        "strftime" => Value::from(at(value)?.format(&text(first, "is not a format")?)),
        "strptime" => {
            let source = text(value, "cannot be parsed as a date")?;
            match Time::parse(&source).or_else(|| Time::parse(&format!("{source}T00:00:00Z"))) {
                Some(time) => broken_down(time),
                None => return fail(format!("date \"{source}\" does not match format {first}")),
            }
        }
        "gmtime" => broken_down(at(value)?),
        "date" => Value::from(at(value)?.rfc3339()),
        "mktime" => Value::from(at(value)?.unix_s()),
        "test" | "match" | "capture" | "scan" | "splits" | "split" | "sub" | "gsub" => {
            return pattern(name, value, arguments);
        }
        "ascii" => Value::from(
            value.as_u64().and_then(|c| char::from_u32(c as u32)).unwrap_or(' ').to_string(),
        ),
        "builtins" => {
            return Ok(Many(vec![Value::from(
                PLAIN.iter().map(|(n, c)| Value::from(format!("{n}/{c}"))).collect::<Vec<_>>(),
            )]));
        }
        _ => return Ok(Unknown),
    }))
}

/// A moment from seconds or from its parts.
fn at(value: &Value) -> Result<Time, Stop> {
    match value {
        Value::Number(n) => Ok(Time((n.as_f64().unwrap_or(0.0) * 1e6) as i64)),
        Value::Array(parts) => {
            let part = |n: usize| parts.get(n).and_then(Value::as_f64).unwrap_or(0.0) as i64;
            let text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                part(0),
                part(1) + 1,
                part(2),
                part(3),
                part(4),
                part(5)
            );
            match Time::parse(&text) {
                Some(time) => Ok(time),
                None => fail("invalid gmtime representation"),
            }
        }
        _ => fail("strftime/1 requires parsed datetime inputs"),
    }
}

fn broken_down(time: Time) -> Value {
    let part = |pattern: &str| time.format(pattern).parse::<i64>().unwrap_or(0);
    json!([
        part("%Y"),
        part("%m") - 1,
        part("%d"),
        part("%H"),
        part("%M"),
        part("%S"),
        part("%w"),
        part("%j") - 1
    ])
}

fn flatten(value: &Value, depth: i64, result: &mut Vec<Value>) -> Flow {
    let Value::Array(list) = value else {
        return fail(format!("Cannot iterate over {}", shown(value)));
    };
    for item in list {
        if item.is_array() && depth > 0 {
            flatten(item, depth - 1, result)?;
        } else {
            result.push(item.clone());
        }
    }
    Ok(())
}

fn contains(a: &Value, b: &Value) -> Result<bool, Stop> {
    Ok(match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, part) in b {
                let Some(item) = a.get(key) else { return Ok(false) };
                if !contains(item, part)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Array(a), Value::Array(b)) => b.iter().all(|part| {
            a.iter().any(|item| kind(item) == kind(part) && contains(item, part).unwrap_or(false))
        }),
        (Value::String(a), Value::String(b)) => a.contains(b.as_str()),
        (a, b) if kind(a) == kind(b) => compare(a, b).is_eq(),
        (a, b) => {
            return fail(format!(
                "{} and {} cannot have their containment checked",
                shown(a),
                shown(b)
            ));
        }
    })
}

/// The value without what is at these paths.
pub(super) fn delete_paths(value: Value, mut paths: Vec<Vec<Value>>) -> Result<Value, Stop> {
    paths.order_by(|a, b| compare(&Value::from(b.clone()), &Value::from(a.clone())));
    paths.into_iter().try_fold(value, |value, path| delete(value, &path))
}

fn delete(value: Value, path: &[Value]) -> Result<Value, Stop> {
    let Some((key, rest)) = path.split_first() else { return Ok(Value::Null) };
    if value.is_null() {
        return Ok(value);
    }
    if !rest.is_empty() {
        let inner = index(&value, key)?;
        if inner.is_null() {
            return Ok(value);
        }
        return set_path(value, &[key.clone()], delete(inner, rest)?);
    }
    match (value, key) {
        (Value::Object(mut map), Value::String(key)) => {
            map.shift_remove(key);
            Ok(Value::Object(map))
        }
        (Value::Array(mut list), Value::Number(n)) => {
            let n = n.as_i64().unwrap_or(0);
            let at = if n < 0 { n + list.len() as i64 } else { n };
            if let Ok(at) = usize::try_from(at)
                && at < list.len()
            {
                list.remove(at);
            }
            Ok(Value::Array(list))
        }
        (value @ Value::Array(_), Value::Object(_)) => {
            set_path(value, &[key.clone()], Value::from(Vec::<Value>::new()))
        }
        (value, key) => {
            fail(format!("Cannot delete field at {} index of {}", kind(key), kind(&value)))
        }
    }
}

/// Functions that only look at places, called for their paths.
pub(super) fn call_paths(
    machine: &mut Machine,
    name: &str,
    arguments: &[Rc<Expr>],
    env: &Env,
    (path, value): (Vec<Value>, &Value),
    out: PathOut,
) -> Flow {
    if let Some(body) = written(name, arguments) {
        return machine.paths(&body?, env, (path, value), out);
    }
    match (name, arguments) {
        ("empty", []) => Ok(()),
        ("error", _) => call(machine, name, arguments, env, value, &mut |_, _| Ok(())),
        ("first", []) => {
            let found = index(value, &Value::from(0))?;
            out(machine, [path.as_slice(), &[Value::from(0)]].concat(), found)
        }
        ("last", []) => {
            let found = index(value, &Value::from(-1))?;
            out(machine, [path.as_slice(), &[Value::from(-1)]].concat(), found)
        }
        ("first", [f]) => machine.labelled(|m, label| {
            m.paths(f, env, (path, value), &mut |m, path, v| {
                out(m, path, v)?;
                Err(Stop::Break(label))
            })
        }),
        ("getpath", [p]) => machine.eval(p, env, value, &mut |m, p| {
            let Value::Array(more) = p else { return fail("Path must be specified as an array") };
            let found = get_path(value, &more)?;
            out(m, [path.as_slice(), &more].concat(), found)
        }),
        ("debug" | "stderr", []) => out(machine, path, value.clone()),
        _ => fail(format!("Invalid path expression with result of {name}")),
    }
}

/// An operator.
pub(super) fn binary(op: &str, a: Value, b: Value) -> Result<Value, Stop> {
    let truth = |t: bool| Ok(Value::from(t));
    match op {
        "==" => return truth(compare(&a, &b).is_eq()),
        "!=" => return truth(compare(&a, &b).is_ne()),
        "<" => return truth(compare(&a, &b).is_lt()),
        "<=" => return truth(compare(&a, &b).is_le()),
        ">" => return truth(compare(&a, &b).is_gt()),
        ">=" => return truth(compare(&a, &b).is_ge()),
        _ => {}
    }
    if let (Value::Number(x), Value::Number(y)) = (&a, &b) {
        if let (Some(x), Some(y)) = (x.as_i64(), y.as_i64()) {
            let whole = match op {
                "+" => x.checked_add(y),
                "-" => x.checked_sub(y),
                "*" => x.checked_mul(y),
                _ => None,
            };
            if let Some(whole) = whole {
                return Ok(Value::from(whole));
            }
        }
        let (x, y) = (x.as_f64().unwrap_or(0.0), y.as_f64().unwrap_or(0.0));
        return match op {
            "+" => Ok(number(x + y)),
            "-" => Ok(number(x - y)),
            "*" => Ok(number(x * y)),
            "/" if y == 0.0 => fail(format!(
                "{} and {} cannot be divided because the divisor is zero",
                shown(&a),
                shown(&b)
            )),
            "/" => Ok(number(x / y)),
            _ if y.trunc() == 0.0 => fail(format!(
                "{} and {} cannot be divided (remainder) because the divisor is zero",
                shown(&a),
                shown(&b)
            )),
            _ => Ok(number((x.trunc()) % (y.trunc().abs()))),
        };
    }
    match (op, a, b) {
        ("+", Value::Null, other) | ("+", other, Value::Null) => Ok(other),
        ("+", Value::String(x), Value::String(y)) => {
            if x.len() + y.len() > MAX_SIZE {
                return fail("Repeat string result too long");
            }
            Ok(Value::from(x + &y))
        }
        ("+", Value::Array(mut x), Value::Array(y)) => {
            x.extend(y);
            Ok(Value::Array(x))
        }
        ("+", Value::Object(mut x), Value::Object(y)) => {
            x.extend(y);
            Ok(Value::Object(x))
        }
        ("-", Value::Array(x), Value::Array(y)) => {
            let kept =
                x.into_iter().filter(|item| !y.iter().any(|other| compare(item, other).is_eq()));
            Ok(Value::from(kept.collect::<Vec<_>>()))
        }
        ("*", Value::String(text), Value::Number(n))
        | ("*", Value::Number(n), Value::String(text)) => {
            let n = n.as_f64().unwrap_or(0.0);
            if n <= 0.0 {
                return Ok(Value::Null);
            }
            let times = n.max(1.0) as usize;
            if text.len().saturating_mul(times) > MAX_SIZE {
                return fail("Repeat string result too long");
            }
            Ok(Value::from(text.repeat(times)))
        }
        ("*", Value::Object(x), Value::Object(y)) => Ok(Value::Object(merge(x, y))),
        ("/", Value::String(text), Value::String(by)) => {
            match plain("split", &Value::from(text), &[Value::from(by)])? {
                Results::One(parts) => Ok(parts),
                _ => Ok(Value::Null),
            }
        }
        (op, a, b) => {
            let verb = match op {
                "+" => "added",
                "-" => "subtracted",
                "*" => "multiplied",
                _ => "divided",
            };
            fail(format!("{} and {} cannot be {verb}", shown(&a), shown(&b)))
        }
    }
}

fn merge(mut a: Map<String, Value>, b: Map<String, Value>) -> Map<String, Value> {
    for (key, new) in b {
        let merged = match (a.get_mut(&key).map(Value::take), new) {
            (Some(Value::Object(old)), Value::Object(new)) => Value::Object(merge(old, new)),
            (_, new) => new,
        };
        a.insert(key, merged);
    }
    a
}

/// A value as text: strings as they are.
pub(super) fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `@name`.
pub(super) fn format(name: &str, value: &Value) -> Result<String, Stop> {
    let row = |kind_of_row: &str| -> Result<Vec<Value>, Stop> {
        match value {
            Value::Array(list) => Ok(list.clone()),
            other => fail(format!(
                "{} cannot be {kind_of_row}-formatted, only an array can be",
                shown(other)
            )),
        }
    };
    Ok(match name {
        "text" => to_text(value),
        "json" => value.to_string(),
        "base64" => base64::encode(to_text(value).as_bytes()),
        "base64d" => {
            let text = to_text(value);
            match base64::decode(text.trim_end_matches('=')).or_else(|_| base64::decode(&text)) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(_) => return fail(format!("{} is not valid base64 data", shown(value))),
            }
        }
        "html" => to_text(value)
            .chars()
            .map(|c| match c {
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '&' => "&amp;".to_owned(),
                '\'' => "&#39;".to_owned(),
                '"' => "&quot;".to_owned(),
                c => c.to_string(),
            })
            .collect(),
        "uri" => to_text(value)
            .bytes()
            .map(|b| match b {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(b).to_string()
                }
                b => format!("%{b:02X}"),
            })
            .collect(),
        "sh" => {
            let quoted = |v: &Value| match v {
                Value::String(text) => Ok(format!("'{}'", text.replace('\'', "'\\''"))),
                Value::Array(_) | Value::Object(_) => {
                    fail(format!("{} can not be escaped for shell", shown(v)))
                }
                other => Ok(other.to_string()),
            };
            match value {
                Value::Array(list) => {
                    list.iter().map(quoted).collect::<Result<Vec<_>, _>>()?.join(" ")
                }
                other => quoted(other)?,
            }
        }
        "csv" | "tsv" => {
            let mut cells = Vec::new();
            for cell in row(name)? {
                cells.push(match cell {
                    Value::String(text) if name == "csv" => {
                        format!("\"{}\"", text.replace('"', "\"\""))
                    }
                    Value::String(text) => text
                        .replace('\\', "\\\\")
                        .replace('\t', "\\t")
                        .replace('\n', "\\n")
                        .replace('\r', "\\r"),
                    Value::Null => String::new(),
                    Value::Array(_) | Value::Object(_) => {
                        return fail(format!("{} is not valid in a {name} row", shown(&cell)));
                    }
                    other => other.to_string(),
                });
            }
            cells.join(if name == "csv" { "," } else { "\t" })
        }
        other => return fail(format!("{other} is not a valid format")),
    })
}

// --- patterns ---

fn pattern(name: &str, value: &Value, arguments: &[Value]) -> Result<Results, Stop> {
    let Value::String(text) = value else {
        return fail(format!("{} cannot be matched, as it is not a string", shown(value)));
    };
    let (source, flags) = match arguments.first() {
        Some(Value::Array(pair)) => {
            (pair.first().cloned().unwrap_or_default(), pair.get(1).cloned().unwrap_or_default())
        }
        Some(other) => {
            let at = if name.ends_with("sub") { 2 } else { 1 };
            (other.clone(), arguments.get(at).cloned().unwrap_or_default())
        }
        None => (Value::Null, Value::Null),
    };
    let Value::String(source) = source else {
        return fail(format!("{} cannot be matched, as it is not a string", shown(&source)));
    };
    let flags = flags.as_str().unwrap_or("").to_owned();
    let (plain_source, names) = without_names(&source);
    let regex =
        Regex::new(&plain_source, Syntax::Extended, flags.contains('i')).map_err(|problem| {
            Stop::Error(Value::from(format!(
                "{source} (at offset 0) is not a valid regex: {problem}"
            )))
        })?;
    let global = flags.contains('g') || matches!(name, "scan" | "gsub" | "splits" | "split");
    let found = matches(&regex, text, global);
    let part = |group: &Option<(usize, usize)>| {
        group.map_or(Value::Null, |(from, to)| Value::from(&text[from..to]))
    };
    Ok(match name {
        "test" => Results::One(Value::from(!found.is_empty())),
        "match" => Results::Many(found.iter().map(|m| described(text, m, &names)).collect()),
        "capture" => Results::Many(
            found
                .iter()
                .map(|m| {
                    Value::Object(named(&names, m).map(|(n, g)| (n.clone(), part(g))).collect())
                })
                .collect(),
        ),
        "scan" => Results::Many(
            found
                .iter()
                .map(|m| {
                    if m.len() > 1 {
                        Value::from(m[1..].iter().map(part).collect::<Vec<_>>())
                    } else {
                        part(&m[0])
                    }
                })
                .collect(),
        ),
        "split" | "splits" => {
            let mut parts = Vec::new();
            let mut at = 0;
            for m in &found {
                if let Some((from, to)) = m[0] {
                    parts.push(Value::from(&text[at..from]));
                    at = to;
                }
            }
            parts.push(Value::from(&text[at..]));
            if name == "split" { Results::One(Value::from(parts)) } else { Results::Many(parts) }
        }
        _ => {
            // The replacement was evaluated without the captures; `\(.name)` in it is not simulated.
            let replacement = arguments.get(1).and_then(Value::as_str).unwrap_or("");
            let mut result = String::new();
            let mut at = 0;
            for m in &found {
                if let Some((from, to)) = m[0] {
                    result.push_str(&text[at..from]);
                    result.push_str(replacement);
                    at = to;
                }
            }
            result.push_str(&text[at..]);
            Results::One(Value::from(result))
        }
    })
}

/// A pattern without the names of its groups, and those names by number.
fn without_names(source: &str) -> (String, Vec<Option<String>>) {
    let mut plain = String::new();
    let mut names = vec![None];
    let mut rest = source;
    while let Some(at) = rest.find(['(', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('\\') {
            let next = after.chars().next().map_or(0, char::len_utf8);
            plain.push_str(&rest[..=next]);
            rest = &after[next..];
        } else if let Some((name, after)) = rest.strip_prefix("(?<").and_then(|r| r.split_once('>'))
        {
            names.push(Some(name.to_owned()));
            plain.push('(');
            rest = after;
        } else {
            if !rest.starts_with("(?:") {
                names.push(None);
            }
            plain.push('(');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    (plain, names)
}

fn named<'a>(
    names: &'a [Option<String>],
    groups: &'a [Option<(usize, usize)>],
) -> impl Iterator<Item = (&'a String, &'a Option<(usize, usize)>)> {
    names.iter().zip(groups).filter_map(|(name, group)| name.as_ref().map(|n| (n, group)))
}

fn matches(regex: &Regex, text: &str, global: bool) -> Vec<Vec<Option<(usize, usize)>>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at <= text.len() {
        let Some(captures) = regex.find_at(text, at) else { break };
        let Some((from, to)) = captures[0] else { break };
        found.push(captures);
        if !global {
            break;
        }
        at = if to > from { to } else { to + text[to..].chars().next().map_or(1, char::len_utf8) };
    }
    found
}

fn described(text: &str, groups: &[Option<(usize, usize)>], names: &[Option<String>]) -> Value {
    let one = |group: &Option<(usize, usize)>| match group {
        Some((from, to)) => json!({
            "offset": text[..*from].chars().count(),
            "length": text[*from..*to].chars().count(),
            "string": &text[*from..*to],
        }),
        None => json!({"offset": -1, "length": 0, "string": null}),
    };
    let mut whole = one(&groups[0]);
    let captures: Vec<Value> = groups[1..]
        .iter()
        .enumerate()
        .map(|(n, group)| {
            let mut capture = one(group);
            capture["name"] = names.get(n + 1).cloned().flatten().map_or(Value::Null, Value::from);
            capture
        })
        .collect();
    whole["captures"] = Value::from(captures);
    whole
}
