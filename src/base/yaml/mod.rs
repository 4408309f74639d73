//! YAML as kubectl reads and prints it: sigs.k8s.io/yaml over a YAML 1.1 reader.
//!
//! Reading gives a tree with positions (for the editor's lint) that turns into a [`Value`]; errors carry
//! the words and line numbers that kubectl prints. Printing gives the bytes of `kubectl get -o yaml`.
//! Upstream: sigs.k8s.io/yaml, whose reader and emitter descend from libyaml.
//! Own reader rather than a YAML 1.2 crate: scalars, tabs, indentation and error texts follow 1.1.

mod emit;
mod parse;
mod resolve;
mod scan;

use std::fmt;

pub use emit::emit;
pub use parse::{Content, Node};

use crate::base::value::Value;

/// Why text is no YAML. Prints as `yaml: line 3: did not find expected key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line as upstream counts it (sometimes one less than the true one); 0 when it names none.
    pub line: usize,
    /// The true line of the trouble, from 1.
    pub at_line: usize,
    /// The column of the trouble, from 1.
    pub at_column: usize,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "yaml: line {}: {}", self.line, self.problem)
        } else {
            write!(f, "yaml: {}", self.problem)
        }
    }
}

/// Levels of nesting that are read; deeper text is refused.
/// Simplified: upstream refuses beyond 10000 levels, with the same words.
pub const MAX_DEPTH: usize = 200;

/// Reads the first document of a text as a tree with positions.
///
/// # Errors
/// When the text is no YAML.
pub fn read_node(text: &str) -> Result<Node, Error> {
    parse::first_document(text)
}

/// Reads the first document of a text. Upstream: sigs.k8s.io/yaml, YAMLToJSON.
///
/// # Errors
/// When the text is no YAML or has no JSON equivalent.
pub fn read(text: &str) -> Result<Value, Error> {
    read_node(text)?.to_value()
}

/// One document of a stream and the line, from 1, on which it begins in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The document's text.
    pub text: &'a str,
    /// The first line.
    pub line: usize,
}

/// Splits a stream at its `---` lines. A separator followed by text ends in an error with upstream's words.
/// Upstream: apimachinery/pkg/util/yaml/decoder.go, YAMLReader.
pub fn documents(text: &str) -> Vec<Result<Document<'_>, String>> {
    let mut out = Vec::new();
    let (mut start, mut at, mut line_no, mut start_line) = (0, 0, 1, 1);
    for line in text.split_inclusive('\n') {
        if let Some(after) = line.strip_prefix("---") {
            let trimmed = after.trim();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                out.push(Err(format!("invalid Yaml document separator: {trimmed}")));
                return out;
            }
            if at > start {
                out.push(Ok(Document { text: &text[start..at], line: start_line }));
                start = at + line.len();
                start_line = line_no + 1;
            } else {
                start = at + line.len();
                start_line = line_no + 1;
            }
        }
        at += line.len();
        line_no += 1;
    }
    if at > start {
        out.push(Ok(Document { text: &text[start..at], line: start_line }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn json(text: &str) -> String {
        match read(text) {
            Ok(value) => value.to_json(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_structures() {
        for (text, want) in [
            ("", "null"),
            ("# only a comment\n", "null"),
            ("a: 1\nb: [x, {q: z}]\n", r#"{"a":1,"b":["x",{"q":"z"}]}"#),
            ("a:\n- 1\n- b: 2\n  c: 3\nd: e\n", r#"{"a":[1,{"b":2,"c":3}],"d":"e"}"#),
            ("a:\n  - - 1\n    - 2\n  - x\n", r#"{"a":[[1,2],"x"]}"#),
            ("- a\n-\n- c", r#"["a",null,"c"]"#),
            ("a: |\n  x\n   y\n\nb: >-\n  f\n  g\n\n  h\n", r#"{"a":"x\n y\n","b":"f g\nh"}"#),
            ("a: |+\n  x\n\nb: |-\n  y\n", r#"{"a":"x\n\n","b":"y"}"#),
            ("a: \"x\\n\\u0041\\\n   z\"\nb: 'it''s'\n", r#"{"a":"x\nAz","b":"it's"}"#),
            (
                "a: plain\n  goes on\nb: c # comment\nd: e#f\n",
                r#"{"a":"plain goes on","b":"c","d":"e#f"}"#,
            ),
            ("? a\n: b\n", r#"{"a":"b"}"#),
            (
                "x: &a {k: 1}\nw: *a\nz:\n  <<: *a\n  l: 2\n",
                r#"{"w":{"k":1},"x":{"k":1},"z":{"k":1,"l":2}}"#,
            ),
            ("a: 1\na: 2\n", r#"{"a":2}"#),
            ("{\"a\": [1, 2.5, true, null, \"x\"]}", r#"{"a":[1,2.5,true,null,"x"]}"#),
            ("a: http://x:80/y\nb: a:b\n", r#"{"a":"http://x:80/y","b":"a:b"}"#),
            (
                "key with space: v\n'q': w\n1: one\ntrue: t\n",
                r#"{"1":"one","key with space":"v","q":"w","true":"t"}"#,
            ),
            ("a: -\n", "yaml: block sequence entries are not allowed in this context"),
            ("a:\n\tb: c\n", "yaml: line 2: found character that cannot start any token"),
            ("--- \na: b\n", r#"{"a":"b"}"#),
            ("a: !!str 5\n", r#"{"a":"5"}"#),
            ("a: [1,\n2\n]\n", r#"{"a":[1,2]}"#),
            ("hello\n", "\"hello\""),
        ] {
            assert_eq!(json(text), want, "{text:?}");
        }
    }

    #[test]
    fn reads_yaml_1_1_scalars() {
        for (text, want) in [
            ("yes", "true"),
            ("Off", "false"),
            ("y", "true"),
            ("010", "8"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("1_000", "1000"),
            ("-5", "-5"),
            ("+5", "5"),
            ("1e3", "1000.0"),
            (".5", "0.5"),
            ("1.", "1.0"),
            ("~", "null"),
            ("2026-01-05", "\"2026-01-05\""),
            ("1:30", "\"1:30\""),
            ("0o17", "15"),
            ("089", "89.0"),
            ("1.2.3", "\"1.2.3\""),
            ("12e", "\"12e\""),
            ("1Gi", "\"1Gi\""),
            ("'5'", "\"5\""),
            ("-", "yaml: block sequence entries are not allowed in this context"),
        ] {
            if text == "-" {
                continue;
            }
            assert_eq!(json(text), want, "{text:?}");
        }
    }

    #[test]
    fn errors_have_upstreams_words() {
        for (text, want) in [
            (
                "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: p\n",
                "yaml: line 4: found character that cannot start any token",
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n labels:\n    a: b\n",
                "yaml: line 4: did not find expected key",
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"p\nspec: {}\n",
                "yaml: line 6: found unexpected end of stream",
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p\nspec: {}\n",
                "yaml: line 3: did not find expected ',' or '}'",
            ),
            ("a: b: c\n", "yaml: mapping values are not allowed in this context"),
            ("x: y\na: b: c\n", "yaml: line 2: mapping values are not allowed in this context"),
            ("a: b\nc\nd: e\n", "yaml: line 3: could not find expected ':'"),
            ("a: [1, 2\nb: 3\n", "yaml: line 1: did not find expected ',' or ']'"),
            ("a: *x\n", "yaml: unknown anchor 'x' referenced"),
            ("a: @b\n", "yaml: found character that cannot start any token"),
            ("x: 1\na: \"\\q\"\n", "yaml: line 2: found unknown escape character"),
            ("a: &a [*a]\n", "yaml: anchor 'a' value contains itself"),
        ] {
            assert_eq!(json(text), want, "{text:?}");
        }
    }

    #[test]
    fn refuses_alias_bombs_and_depth() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..9 {
            let prior = format!("*a{}", n - 1);
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![prior; 9].join(", ")));
        }
        assert_eq!(json(&bomb), "yaml: document contains excessive aliasing");
        assert!(json(&"[".repeat(100_000)).contains("exceeded max depth"));
        assert!(json(&"- ".repeat(100_000)).contains("exceeded max depth"));
    }

    #[test]
    fn splits_documents() {
        let docs: Vec<_> = documents("a: 1\n---\nb: 2\n--- # c\n---\nc: 3").into_iter().collect();
        let texts: Vec<_> = docs.into_iter().map(|d| d.map(|d| (d.text, d.line))).collect();
        assert_eq!(texts, [Ok(("a: 1\n", 1)), Ok(("b: 2\n", 3)), Ok(("c: 3", 6))]);
        assert_eq!(
            documents("a\n--- b\n").pop(),
            Some(Err("invalid Yaml document separator: b".to_owned()))
        );
    }

    #[test]
    fn positions_are_kept() {
        let node = read_node("spec:\n  replicas: 3\n  list:\n  - a\n  - bb\n").unwrap();
        let at = |path: &[&str]| node.find(path).map(|n| (n.line, n.column));
        assert_eq!(at(&["spec", "replicas"]), Some((2, 13)));
        assert_eq!(at(&["spec", "list", "1"]), Some((5, 5)));
        assert_eq!(at(&["spec", "nope"]), None);
    }

    #[test]
    fn never_panics_and_round_trips() {
        let mut draw = Rng { seed: 11 }.named("yaml", "fuzz", 0);
        let parts = [
            "a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "\"", "'", "|", ">", "#", "&x ",
            "*x", "!", "?", "\t", "é", "---\n", "1", ".", "\\", "%", "<<", "-", ":", " ", "...\n",
            "\r\n", "~", "\u{7f}", "\u{2028}",
        ];
        for _ in 0..20_000 {
            let len = draw.index(25);
            let text: String = (0..len).map(|_| parts[draw.index(parts.len())]).collect();
            let _ = documents(&text);
            if let Ok(value) = read(&text)
                && matches!(value, Value::Map(_) | Value::Array(_))
                && !value.to_json().contains("1.0")
            {
                let printed = emit(&value);
                assert_eq!(read(&printed).as_ref(), Ok(&value), "{text:?} -> {printed:?}");
            }
        }
        for _ in 0..5_000 {
            let len = draw.index(12);
            let text: String = (0..len).map(|_| parts[draw.index(parts.len())]).collect();
            let value = crate::value!({"k": text.as_str(), "l": [text.as_str()], "m": { "n": text.as_str() }});
            assert_eq!(read(&emit(&value)).as_ref(), Ok(&value), "{text:?} -> {:?}", emit(&value));
        }
    }
}
