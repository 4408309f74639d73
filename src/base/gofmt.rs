//! Values in Go's own notations, which surface in kubectl's output: `%v`, `%#v` and Go's JSON.

use std::fmt::Write;

use crate::base::human::{go_float, quote};
use crate::base::value::Value;

/// `fmt`'s `%v`: `map[a:1 b:[x y]]`.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => go_float(*x),
        Value::Str(text) => text.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(plain).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(map) => {
            let entries: Vec<_> = map.iter().map(|(k, v)| format!("{k}:{}", plain(v))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// `fmt`'s `%#v` of decoded JSON: `map[string]interface {}{"a":1}`.
pub fn syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Str(text) => quote(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Map(map) => {
            let entries: Vec<_> =
                map.iter().map(|(k, v)| format!("{}:{}", quote(k), syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        other => plain(other),
    }
}

/// The name of the Go type that JSON of this shape decodes into.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

/// Compact JSON as `encoding/json` writes it: `<`, `>` and `&` are escaped.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, None, 0, &mut out);
    out
}

/// JSON over several lines, as `json.MarshalIndent` writes it.
pub fn json_indent(value: &Value, indent: &str) -> String {
    let mut out = String::new();
    write_json(value, Some(indent), 0, &mut out);
    out
}

fn break_line(indent: Option<&str>, depth: usize, out: &mut String) {
    if let Some(indent) = indent {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}

fn write_json(value: &Value, indent: Option<&str>, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Float(x) => out.push_str(&json_float(*x)),
        Value::Bool(_) | Value::Int(_) => out.push_str(&plain(value)),
        Value::Str(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                break_line(indent, depth + 1, out);
                write_json(item, indent, depth + 1, out);
            }
            if !items.is_empty() {
                break_line(indent, depth, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                break_line(indent, depth + 1, out);
                write_string(key, out);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write_json(value, indent, depth + 1, out);
            }
            if !map.is_empty() {
                break_line(indent, depth, out);
            }
            out.push('}');
        }
    }
}

/// `encoding/json`'s floats: the exponent form only below 1e-6 and from 1e21, `e-07` cut to `e-7`.
fn json_float(x: f64) -> String {
    if x != 0.0 && (x.abs() < 1e-6 || x.abs() >= 1e21) {
        let text = format!("{x:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    format!("{x}")
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => push_unicode(c, out),
            c if (c as u32) < 0x20 => push_unicode(c, out),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_unicode(c: char, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{:04x}", c as u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn notations() {
        let v = value!({"b": [1, "x"], "a": null, "c": { "d": true }});
        assert_eq!(plain(&v), "map[a:<nil> b:[1 x] c:map[d:true]]");
        assert_eq!(
            syntax(&v),
            "map[string]interface {}{\"a\":interface {}(nil), \"b\":[]interface {}{1, \"x\"}, \"c\":map[string]interface {}{\"d\":true}}"
        );
        assert_eq!(json(&value!({"x": "<a&b>\n"})), "{\"x\":\"\\u003ca\\u0026b\\u003e\\n\"}");
        assert_eq!(
            json_indent(&value!({"a": [], "b": [1]}), "  "),
            "{\n  \"a\": [],\n  \"b\": [\n    1\n  ]\n}"
        );
    }
}
