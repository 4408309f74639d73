//! Go templates over values, for `-o go-template`.
//!
//! Upstream: staging/src/k8s.io/cli-runtime/pkg/printers/template.go.
//! Simplified: errors of execution name neither line nor expression unless the template is one action.

#[allow(clippy::disallowed_types)] // what gotmpl takes
use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::{MissingKey, Template, TemplateError, Value as Dot};

use crate::base::base64;
use crate::base::gofmt;
use crate::base::value::Value;

/// A parsed template.
pub struct GoTemplate {
    source: String,
    template: Template,
}

/// Rounds of `range` that one execution may take.
const MAX_ROUNDS: u64 = 1_000_000;

impl GoTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// Go's words: `template: output:1: unclosed action`.
    pub fn parse(source: &str) -> Result<GoTemplate, String> {
        check_blocks(source)?;
        check_functions(source)?;
        Template::new("output")
            .func("exists", |args| Ok(Dot::Bool(exists(args))))
            .func("base64decode", decode)
            .max_range_iters(MAX_ROUNDS)
            .missing_key(MissingKey::Invalid)
            .parse(source)
            .map(|template| GoTemplate { source: source.to_owned(), template })
            .map_err(|error| parse_error(&error))
    }

    /// The text for a value, or what kubectl prints when execution fails: the text up to the failure with a
    /// description for debugging, and the error.
    ///
    /// # Errors
    /// The printed text and the error's words.
    pub fn execute(&self, data: &Value) -> Result<String, (String, String)> {
        let mut out = String::new();
        let Err(error) = self.template.execute_fmt(&mut out, &dot(data)) else { return Ok(out) };
        let error = self.execute_error(&error);
        out.push_str(&format!(
            "Error executing template: {error}. Printing more information for debugging the template:\n\
             \ttemplate was:\n\t\t{}\n\traw data was:\n\t\t{}\n\tobject given to template engine was:\n\t\t{}\n\n",
            self.source,
            gofmt::json(data),
            gofmt::plain(data),
        ));
        Err((
            out,
            format!(
                "error executing template {}: {error}",
                crate::base::human::quote(&self.source)
            ),
        ))
    }

    fn execute_error(&self, error: &TemplateError) -> String {
        let trimmed = self.source.trim();
        let action = trimmed.strip_prefix("{{").and_then(|s| s.strip_suffix("}}")).map(str::trim);
        let words = match error {
            TemplateError::IndexOutOfRange { index } => {
                format!("error calling index: index out of range: {index}")
            }
            TemplateError::NotIterable(what) => format!("range can't iterate over {what}"),
            other => other.to_string(),
        };
        match action {
            Some(action) if !action.contains("}}") => {
                let column = self.source.find(action).unwrap_or(0);
                format!("template: output:1:{column}: executing \"output\" at <{action}>: {words}")
            }
            _ => format!("template: output: {words}"),
        }
    }
}

/// The text of each action, with the line on which it begins; comments and quoted braces are passed over.
fn actions(source: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut rest = source;
    while let Some(open) = rest.find("{{") {
        let body = &rest[open + 2..];
        let line = 1 + source[..source.len() - body.len()].matches('\n').count();
        let mut quote = None;
        let mut end = None;
        let mut escaped = false;
        for (at, c) in body.char_indices() {
            match quote {
                Some(_) if escaped => escaped = false,
                Some('"') if c == '\\' => escaped = true,
                Some(q) if c == q => quote = None,
                Some(_) => {}
                None if c == '"' || c == '`' => quote = Some(c),
                None if body[at..].starts_with("}}") => {
                    end = Some(at);
                    break;
                }
                None => {}
            }
        }
        let Some(end) = end else { return out };
        out.push((line, body[..end].trim_start_matches("- ").trim_end_matches(" -").trim()));
        rest = &body[end + 2..];
    }
    out
}

/// Every `range`, `if`, `with`, `block` and `define` needs its `end`.
fn check_blocks(source: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    for (line, action) in actions(source) {
        match action.split_whitespace().next() {
            Some("range" | "if" | "with" | "block" | "define") => depth += 1,
            Some("end") if depth == 0 => {
                return Err(format!("template: output:{line}: unexpected {{{{end}}}}"));
            }
            Some("end") => depth -= 1,
            _ => {}
        }
    }
    let unclosed = source.rfind("{{").is_some_and(|open| !source[open..].contains("}}"));
    if depth > 0 && !unclosed {
        let lines = 1 + source.matches('\n').count();
        return Err(format!("template: output:{lines}: unexpected EOF"));
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "and",
    "base64decode",
    "block",
    "break",
    "call",
    "continue",
    "define",
    "else",
    "end",
    "eq",
    "exists",
    "false",
    "ge",
    "gt",
    "html",
    "if",
    "index",
    "js",
    "le",
    "len",
    "lt",
    "ne",
    "nil",
    "not",
    "or",
    "print",
    "printf",
    "println",
    "range",
    "slice",
    "template",
    "true",
    "urlquery",
    "with",
];

/// A name that is neither a field nor a variable is a function, which must exist.
fn check_functions(source: &str) -> Result<(), String> {
    for (line, action) in actions(source) {
        if action.starts_with("/*") {
            continue;
        }
        let mut quote = None;
        let mut word = String::new();
        let mut before = ' ';
        for c in action.chars().chain(" ".chars()) {
            if let Some(q) = quote {
                if c == q {
                    quote = None;
                }
                before = c;
                continue;
            }
            if c.is_alphanumeric() || c == '_' {
                if !word.is_empty()
                    || (!c.is_numeric() && !".$".contains(before) && !before.is_alphanumeric())
                {
                    word.push(c);
                }
            } else {
                if !word.is_empty() && !WORDS.contains(&word.as_str()) {
                    return Err(format!(
                        "template: output:{line}: function \"{word}\" not defined"
                    ));
                }
                word.clear();
                if c == '"' || c == '`' || c == '\'' {
                    quote = Some(c);
                }
            }
            before = c;
        }
    }
    Ok(())
}

fn parse_error(error: &TemplateError) -> String {
    match error {
        TemplateError::Parse { line, message, .. } | TemplateError::Lex { line, message, .. } => {
            let message = match message.as_str() {
                m if m.contains("end of") || m.contains("EOF") => "unexpected EOF",
                m if m.starts_with("unclosed action") => "unclosed action",
                m => m,
            };
            format!("template: output:{line}: {message}")
        }
        TemplateError::UndefinedFunction(name) => {
            format!("template: output:1: function \"{name}\" not defined")
        }
        TemplateError::UndefinedVariable(name) => {
            format!("template: output:1: undefined variable \"{name}\"")
        }
        other => format!("template: output:1: {other}"),
    }
}

fn dot(value: &Value) -> Dot {
    match value {
        Value::Null => Dot::Nil,
        Value::Bool(b) => Dot::Bool(*b),
        Value::Int(n) => Dot::Int(*n),
        Value::Float(x) => Dot::Float(*x),
        Value::Str(text) => Dot::String(Arc::from(text.as_str())),
        Value::Array(items) => Dot::List(items.iter().map(dot).collect()),
        Value::Map(map) => {
            // The template engine's own type.
            #[allow(clippy::disallowed_types)]
            let entries: BTreeMap<Arc<str>, Dot> =
                map.iter().map(|(k, v)| (Arc::from(k.as_str()), dot(v))).collect();
            Dot::Map(Arc::new(entries))
        }
    }
}

/// Whether following the keys and indexes leads to something. Upstream: template.go, exists.
fn exists(args: &[Dot]) -> bool {
    let Some((first, rest)) = args.split_first() else { return false };
    let mut current = first.clone();
    for step in rest {
        current = match (&current, step) {
            (Dot::Map(map), Dot::String(key)) => map.get(key).cloned().unwrap_or(Dot::Nil),
            (Dot::List(items), Dot::Int(at)) => {
                match usize::try_from(*at).ok().and_then(|at| items.get(at)) {
                    Some(item) => item.clone(),
                    None => return false,
                }
            }
            _ => return false,
        };
    }
    !matches!(current, Dot::Nil)
}

fn decode(args: &[Dot]) -> gotmpl::Result<Dot> {
    let text = args.first().and_then(Dot::as_str).unwrap_or_default();
    match base64::decode(text) {
        Ok(bytes) => Ok(Dot::String(Arc::from(String::from_utf8_lossy(&bytes).as_ref()))),
        Err(at) => Err(TemplateError::Exec(format!(
            "error calling base64decode: base64 decode failed: illegal base64 data at input byte {at}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn run(template: &str) -> String {
        let pod = value!({"spec": {"containers": [{"image": "a"}, {"image": "b"}]}, "data": {"p": "aHVudGVyMg=="}, "n": 3});
        match GoTemplate::parse(template) {
            Ok(t) => t.execute(&pod).unwrap_or_else(|(_, error)| format!("! {error}")),
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn runs_as_kubectl() {
        for (template, want) in [
            ("{{range $i, $c := .spec.containers}}{{$c.image}}{{end}}", "ab"),
            ("{{.foo.bar}}", "<no value>"),
            ("{{.data.p | base64decode}}", "hunter2"),
            ("{{.n}} {{len .spec.containers}}", "3 2"),
            ("{{if exists . \"spec\" \"nope\"}}y{{else}}n{{end}}", "n"),
            ("{{.foo", "! template: output:1: unclosed action"),
            ("{{range .metadata}}", "! template: output:1: unexpected EOF"),
            ("{{.n | foo}}", "! template: output:1: function \"foo\" not defined"),
            (
                "{{index .spec.containers 5}}",
                "! error executing template \"{{index .spec.containers 5}}\": template: output:1:2: executing \"output\" at <index .spec.containers 5>: error calling index: index out of range: 5",
            ),
        ] {
            assert_eq!(run(template), want, "{template}");
        }
    }

    #[test]
    fn never_panics() {
        let mut draw = crate::base::rng::Rng { seed: 2 }.named("gotemplate", "fuzz", 0);
        let parts = [
            "{{", "}}", ".", "range ", "end", "if ", "else", "$x", ":=", "\"", "`", "(", ")", "|",
            "n", " ", "index ", "1", "é", "-",
        ];
        for _ in 0..5_000 {
            let len = draw.index(14);
            let text: String = (0..len).map(|_| parts[draw.index(parts.len())]).collect();
            run(&text);
        }
    }
}
