//! JSONPath in kubectl's dialect: `{range .items[*]}{.metadata.name}{"\n"}{end}`.
//!
//! Upstream: staging/src/k8s.io/client-go/util/jsonpath/{parser,jsonpath}.go; error texts are kept.
//! Simplified: maps are visited in key order, where Go takes a random one.

use std::cmp::Ordering;

use crate::base::gofmt;
use crate::base::value::Value;

/// A parsed template, ready to be applied to values.
#[derive(Clone, Debug)]
pub struct JsonPath {
    nodes: Vec<Node>,
    /// Whether a field that is nowhere found is an empty result rather than an error.
    pub allow_missing_keys: bool,
    /// Whether results are printed as JSON (`-o jsonpath-as-json`).
    pub output_json: bool,
}

#[derive(Clone, Debug)]
enum Node {
    List(Vec<Node>),
    Text(String),
    Field(String),
    Identifier(String),
    Array([Param; 3]),
    Filter(Vec<Node>, Vec<Node>, String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Wildcard,
    Recursive,
    Union(Vec<Vec<Node>>),
}

#[derive(Clone, Copy, Debug, Default)]
struct Param {
    value: i64,
    known: bool,
    derived: bool,
}

/// Levels of nested actions and values that are followed.
const MAX_DEPTH: usize = 100;

impl JsonPath {
    /// Parses a template.
    ///
    /// # Errors
    /// Upstream's words.
    pub fn parse(text: &str) -> Result<JsonPath, String> {
        let nodes = Parser::new(text).parse(0)?;
        Ok(JsonPath { nodes, allow_missing_keys: false, output_json: false })
    }

    /// The same template, lenient about absent fields.
    pub fn lenient(mut self) -> JsonPath {
        self.allow_missing_keys = true;
        self
    }

    /// Parses a path as flags take it: braces and the leading dot may be left out (`x.y`, `.x.y`, `{.x.y}`).
    /// Upstream: kubectl/pkg/cmd/get/customcolumn.go, RelaxedJSONPathExpression.
    ///
    /// # Errors
    /// Upstream's words.
    pub fn relaxed(text: &str) -> Result<String, String> {
        if text.is_empty() {
            return Ok(text.to_owned());
        }
        let err = || {
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_string()
        };
        let inner = match (text.strip_prefix('{'), text.strip_suffix('}')) {
            (Some(_), Some(_)) if text.len() >= 2 => &text[1..text.len() - 1],
            (None, None) => text,
            _ => return Err(err()),
        };
        let inner = inner.strip_prefix('.').unwrap_or(inner);
        if inner.is_empty() || inner.starts_with('{') || inner.ends_with('}') {
            return Err(err());
        }
        Ok(format!("{{.{inner}}}"))
    }

    /// The text that the template gives for a value.
    ///
    /// # Errors
    /// Upstream's words.
    pub fn execute(&self, data: &Value) -> Result<String, String> {
        let mut out = String::new();
        for results in self.find(data)? {
            self.print(&results, &mut out);
        }
        Ok(out)
    }

    /// The values that each action of the template finds.
    ///
    /// # Errors
    /// Upstream's words.
    pub fn find(&self, data: &Value) -> Result<Vec<Vec<Value>>, String> {
        let mut run = Run {
            lenient: self.allow_missing_keys,
            begin: 0,
            inside: 0,
            end: 0,
            last_end: None,
            steps: 0,
        };
        run.find(&self.nodes, 0, data, 0)
    }

    fn print(&self, results: &[Value], out: &mut String) {
        if self.output_json {
            out.push_str(&gofmt::json_indent(&Value::array(results.to_vec()), "    "));
            out.push('\n');
            return;
        }
        for (at, value) in results.iter().enumerate() {
            if at > 0 {
                out.push(' ');
            }
            match value {
                Value::Map(_) | Value::Array(_) => out.push_str(&gofmt::json(value)),
                Value::Null => out.push_str("null"),
                scalar => out.push_str(&gofmt::plain(scalar)),
            }
        }
    }
}

struct Run {
    lenient: bool,
    begin: usize,
    inside: usize,
    end: usize,
    last_end: Option<usize>,
    steps: usize,
}

/// Values that one template may produce; beyond it the template is refused.
const MAX_STEPS: usize = 2_000_000;

impl Run {
    fn find(
        &mut self,
        nodes: &[Node],
        from: usize,
        data: &Value,
        depth: usize,
    ) -> Result<Vec<Vec<Value>>, String> {
        if depth > MAX_DEPTH {
            return Err("template is nested too deeply".to_owned());
        }
        let current = [data.clone()];
        let mut full = Vec::new();
        let mut at = from;
        while at < nodes.len() {
            let results = self.walk(&current, &nodes[at], depth)?;
            if self.end > 0 && self.end <= self.inside {
                self.end -= 1;
                self.last_end = Some(at);
                break;
            }
            if self.begin == 0 {
                full.push(results);
                at += 1;
                continue;
            }
            self.begin -= 1;
            self.inside += 1;
            if results.is_empty() {
                self.find(nodes, at + 1, &Value::Null, depth + 1)?;
            }
            for value in &results {
                full.extend(self.find(nodes, at + 1, value, depth + 1)?);
            }
            self.inside -= 1;
            at = match self.last_end {
                Some(end) if end > at => end + 1,
                _ => at + 1,
            };
        }
        Ok(full)
    }

    fn walk(&mut self, input: &[Value], node: &Node, depth: usize) -> Result<Vec<Value>, String> {
        self.steps += input.len() + 1;
        if self.steps > MAX_STEPS || depth > MAX_DEPTH {
            return Err("template gives too many results".to_owned());
        }
        let each = |value: Value| Ok(vec![value; input.len()]);
        match node {
            Node::List(nodes) => self.list(input, nodes, depth),
            Node::Text(text) => Ok(vec![Value::from(text)]),
            Node::Field(name) => self.field(input, name),
            Node::Array(params) => array(input, *params),
            Node::Filter(left, right, operator) => self.filter(input, left, right, operator, depth),
            Node::Int(n) => each(Value::Int(*n)),
            Node::Bool(b) => each(Value::Bool(*b)),
            Node::Float(x) => each(Value::Float(*x)),
            Node::Wildcard => Ok(input.iter().flat_map(children).collect()),
            Node::Recursive => {
                let mut out = Vec::new();
                for value in input {
                    self.descend(value, &mut out, 0)?;
                }
                Ok(out)
            }
            Node::Union(lists) => {
                let mut out = Vec::new();
                for list in lists {
                    out.extend(self.list(input, list, depth)?);
                }
                Ok(out)
            }
            Node::Identifier(name) => self.identifier(input, name),
        }
    }

    fn list(
        &mut self,
        input: &[Value],
        nodes: &[Node],
        depth: usize,
    ) -> Result<Vec<Value>, String> {
        let mut current = input.to_vec();
        for node in nodes {
            current = self.walk(&current, node, depth + 1)?;
        }
        Ok(current)
    }

    fn identifier(&mut self, input: &[Value], name: &str) -> Result<Vec<Value>, String> {
        match name {
            "range" => {
                self.begin += 1;
                Ok(input.to_vec())
            }
            "end" if self.inside > 0 => {
                self.end += 1;
                Ok(Vec::new())
            }
            "end" => Err("not in range, nothing to end".to_owned()),
            _ => Err(format!("unrecognized identifier {name}")),
        }
    }

    fn field(&mut self, input: &[Value], name: &str) -> Result<Vec<Value>, String> {
        if input.is_empty() {
            return Ok(Vec::new());
        }
        let found: Vec<_> = input.iter().filter_map(|v| v.as_map()?.get(name).cloned()).collect();
        if found.is_empty() && !self.lenient {
            return Err(format!("{name} is not found"));
        }
        Ok(found)
    }

    fn descend(&mut self, value: &Value, out: &mut Vec<Value>, depth: usize) -> Result<(), String> {
        self.steps += 1;
        if self.steps > MAX_STEPS || depth > 1_000 {
            return Err("template gives too many results".to_owned());
        }
        let inner = children(value);
        if inner.is_empty() {
            return Ok(());
        }
        out.push(value.clone());
        if value.as_str().is_none() {
            for child in &inner {
                self.descend(child, out, depth + 1)?;
            }
        }
        Ok(())
    }

    fn filter(
        &mut self,
        input: &[Value],
        left: &[Node],
        right: &[Node],
        operator: &str,
        depth: usize,
    ) -> Result<Vec<Value>, String> {
        let mut out = Vec::new();
        for value in input {
            let Value::Array(items) = value else {
                return Err(format!(
                    "{} is not array or slice and cannot be filtered",
                    gofmt::plain(value)
                ));
            };
            for item in items.iter() {
                let only = std::slice::from_ref(item);
                let lefts = self.list(only, left, depth);
                if operator == "exists" {
                    if lefts.is_ok_and(|l| !l.is_empty()) {
                        out.push(item.clone());
                    }
                    continue;
                }
                let Some(left) = single(lefts?)? else { continue };
                let Some(right) = single(self.list(only, right, depth)?)? else { continue };
                if compare(&left, &right, operator)? {
                    out.push(item.clone());
                }
            }
        }
        Ok(out)
    }
}

fn single(mut values: Vec<Value>) -> Result<Option<Value>, String> {
    if values.len() > 1 {
        return Err("can only compare one element at a time".to_owned());
    }
    Ok(values.pop())
}

/// Upstream: client-go/third_party/forked/golang/template/funcs.go.
fn compare(left: &Value, right: &Value, operator: &str) -> Result<bool, String> {
    if !matches!(operator, "<" | ">" | "==" | "!=" | "<=" | ">=") {
        return Err(format!("unrecognized filter operator {operator}"));
    }
    let basic = |v: &Value| !matches!(v, Value::Null | Value::Array(_) | Value::Map(_));
    if !basic(left) || !basic(right) {
        return Err("invalid type for comparison".to_owned());
    }
    let order = match (left, right) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => match operator {
            "==" => return Ok(a == b),
            "!=" => return Ok(a != b),
            _ => return Err("invalid type for comparison".to_owned()),
        },
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match operator {
        "<" => order == Some(Ordering::Less),
        ">" => order == Some(Ordering::Greater),
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::Map(map) => map.iter().map(|(_, v)| v.clone()).collect(),
        Value::Array(items) => items.to_vec(),
        // Go ranges over a string's bytes.
        Value::Str(text) => text.bytes().map(|b| Value::Int(i64::from(b))).collect(),
        _ => Vec::new(),
    }
}

/// Upstream: jsonpath.go, evalArray.
fn array(input: &[Value], params: [Param; 3]) -> Result<Vec<Value>, String> {
    let mut out = Vec::new();
    for value in input {
        let items = match value {
            Value::Null => continue,
            Value::Array(items) => items,
            other => return Err(format!("{} is not array or slice", gofmt::type_name(other))),
        };
        let len = items.len() as i64;
        let [first, second, step] = params;
        let mut start = if first.known { first.value } else { 0 };
        if start < 0 {
            start += len;
        }
        let mut end = if second.known { second.value } else { len };
        if end < 0 || (end == 0 && second.derived) {
            end += len;
        }
        if start == end {
            return Ok(out);
        }
        if start >= len || start < 0 {
            return Err(format!("array index out of bounds: index {start}, length {len}"));
        }
        if end > len || end < 0 {
            return Err(format!("array index out of bounds: index {}, length {len}", end - 1));
        }
        if start > end {
            return Err(format!("starting index {start} is greater than ending index {end}"));
        }
        let by = match step {
            Param { known: true, value, .. } if value <= 0 => {
                return Err("step must be > 0".to_owned());
            }
            Param { known: true, value, .. } => value as usize,
            _ => 1,
        };
        out.extend(items[start as usize..end as usize].iter().step_by(by).cloned());
    }
    Ok(out)
}

struct Parser {
    input: Vec<char>,
    pos: usize,
    start: usize,
}

impl Parser {
    fn new(text: &str) -> Parser {
        Parser { input: text.chars().collect(), pos: 0, start: 0 }
    }

    fn parse(mut self, depth: usize) -> Result<Vec<Node>, String> {
        if depth > 20 {
            return Err("template is nested too deeply".to_owned());
        }
        let mut nodes = Vec::new();
        while self.pos < self.input.len() {
            if self.input[self.pos] == '{' {
                if self.pos > self.start {
                    nodes.push(Node::Text(self.consume()));
                }
                self.pos += 1;
                self.consume();
                nodes.push(Node::List(self.action(depth)?));
            } else {
                self.pos += 1;
            }
        }
        if self.pos > self.start {
            nodes.push(Node::Text(self.consume()));
        }
        Ok(nodes)
    }

    fn consume(&mut self) -> String {
        let text = self.input[self.start..self.pos].iter().collect();
        self.start = self.pos;
        text
    }

    fn next(&mut self) -> Option<char> {
        let c = self.input.get(self.pos).copied()?;
        self.pos += 1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.input.get(self.pos).copied()
    }

    fn ahead(&self, prefix: &str) -> bool {
        prefix.chars().enumerate().all(|(at, c)| self.input.get(self.pos + at) == Some(&c))
    }

    /// What stands between braces, the closing one included.
    fn action(&mut self, depth: usize) -> Result<Vec<Node>, String> {
        let mut nodes: Vec<Node> = Vec::new();
        loop {
            if self.ahead("}") {
                self.pos += 1;
                self.consume();
                return Ok(nodes);
            }
            if self.ahead("[?(") {
                let node = self.filter(depth)?;
                nodes.push(node);
                continue;
            }
            if self.ahead("..") {
                if matches!(nodes.last(), Some(Node::Recursive)) {
                    return Err("invalid multiple recursive descent".to_owned());
                }
                self.pos += 2;
                self.consume();
                nodes.push(Node::Recursive);
                if self.peek().is_some_and(is_alphanumeric) {
                    nodes.push(self.field());
                }
                continue;
            }
            match self.next() {
                None | Some('\r' | '\n') => return Err("unclosed action".to_owned()),
                Some(' ' | '@' | '$') => {
                    self.consume();
                }
                Some('[') => self.array(&mut nodes, depth)?,
                Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(quote)?),
                Some('.') => nodes.push(self.field()),
                Some(c) if c == '+' || c == '-' || c.is_numeric() => {
                    self.pos -= 1;
                    nodes.push(self.number()?);
                }
                Some(c) if is_alphanumeric(c) => {
                    self.pos -= 1;
                    nodes.push(self.identifier());
                }
                Some(c) => {
                    return Err(format!(
                        "unrecognized character in action: U+{:04X} '{c}'",
                        c as u32
                    ));
                }
            }
        }
    }

    fn identifier(&mut self) -> Node {
        while self.peek().is_some_and(|c| !is_terminator(c)) {
            self.pos += 1;
        }
        match self.consume().as_str() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            name => Node::Identifier(name.to_owned()),
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        if matches!(self.peek(), Some('+' | '-')) {
            self.pos += 1;
        }
        while self.peek().is_some_and(|c| c == '.' || c.is_numeric()) {
            self.pos += 1;
        }
        let text = self.consume();
        if let Ok(n) = text.parse::<i64>() {
            return Ok(Node::Int(n));
        }
        text.parse().map(Node::Float).map_err(|_| format!("cannot parse number {text}"))
    }

    fn field(&mut self) -> Node {
        self.consume();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.pos = (self.pos + 2).min(self.input.len());
            } else if is_terminator(c) {
                break;
            } else {
                self.pos += 1;
            }
        }
        match self.consume().as_str() {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Node, String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote && self.input[self.pos - 2] != '\\' => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        match unquote(&text) {
            Some(inner) => Ok(Node::Text(inner)),
            None => Err(format!("unquote string {text} error invalid syntax")),
        }
    }

    fn array(&mut self, nodes: &mut Vec<Node>, depth: usize) -> Result<(), String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated array".to_owned()),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        let inner: String = text.chars().skip(1).take(text.chars().count() - 2).collect();
        let inner = if inner == "*" { ":".to_owned() } else { inner };
        if inner.contains(',') {
            let mut lists = Vec::new();
            for part in inner.split(',') {
                lists.push(parse_action(&format!("[{}]", part.trim_matches(' ')), depth)?);
            }
            nodes.push(Node::Union(lists));
            return Ok(());
        }
        if let Some(key) = inner.strip_prefix('\'').and_then(|k| k.strip_suffix('\''))
            && !key.contains('\'')
        {
            nodes.extend(parse_action(&format!(".{key}"), depth)?);
            return Ok(());
        }
        nodes.push(Node::Array(slice_params(&inner)?));
        Ok(())
    }

    fn filter(&mut self, depth: usize) -> Result<Node, String> {
        self.pos += 3;
        self.consume();
        let (mut begun, mut ended, mut pair) = (false, false, ' ');
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => {
                    if !begun {
                        begun = true;
                        pair = c;
                    } else if self.input[self.pos - 2] != '\\' && c == pair {
                        ended = true;
                    }
                }
                Some(')') if begun == ended => break,
                Some(_) => {}
            }
        }
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        let text = self.consume();
        let text = text.strip_suffix(")]").unwrap_or(&text);
        let is_operator = |c: char| "!<>=".contains(c);
        let left_len = text.find(is_operator).unwrap_or(text.len());
        let (left, rest) = text.split_at(left_len);
        let operator_len = rest.find(|c| !is_operator(c)).unwrap_or(rest.len());
        let (operator, right) = rest.split_at(operator_len);
        if left.is_empty() || operator.is_empty() || right.is_empty() {
            return Ok(Node::Filter(parse_action(text, depth)?, Vec::new(), "exists".to_owned()));
        }
        Ok(Node::Filter(
            parse_action(left, depth)?,
            parse_action(right, depth)?,
            operator.to_owned(),
        ))
    }
}

fn parse_action(text: &str, depth: usize) -> Result<Vec<Node>, String> {
    let nodes = Parser::new(&format!("{{{text}}}")).parse(depth + 1)?;
    match nodes.into_iter().next() {
        Some(Node::List(inner)) => Ok(inner),
        _ => Ok(Vec::new()),
    }
}

/// `^(-?[\d]*)(:-?[\d]*)?(:-?[\d]*)?$`
fn slice_params(text: &str) -> Result<[Param; 3], String> {
    let parts: Vec<&str> = text.split(':').collect();
    let well_formed =
        |p: &str| p.strip_prefix('-').unwrap_or(p).bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(|p| well_formed(p)) {
        return Err(format!("invalid array index {text}"));
    }
    let mut params = [Param::default(); 3];
    for at in 0..3 {
        match parts.get(at) {
            Some(part) if !part.is_empty() => {
                let value =
                    part.parse().map_err(|_| format!("array index {part} is not a number"))?;
                params[at] = Param { value, known: true, derived: false };
            }
            // A lone index is the slice up to the next one.
            None if at == 1 => {
                params[1] =
                    Param { value: params[0].value.saturating_add(1), known: true, derived: true };
            }
            _ => {}
        }
    }
    Ok(params)
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_numeric()
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            if c == quote || c == '\n' {
                return None;
            }
            out.push(c);
            continue;
        }
        let code = |chars: &mut std::str::Chars<'_>, digits: usize| {
            let text: String = chars.take(digits).collect();
            (text.len() == digits)
                .then(|| u32::from_str_radix(&text, 16).ok())
                .flatten()
                .and_then(char::from_u32)
        };
        out.push(match chars.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' => '\\',
            'x' => code(&mut chars, 2)?,
            'u' => code(&mut chars, 4)?,
            'U' => code(&mut chars, 8)?,
            c if c == quote => c,
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn store() -> Value {
        value!({
            "kind": "List",
            "items": [
                {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}}, "n": 1, "ready": true},
                {"metadata": {"name": "b", "labels": {}}, "n": 2, "ready": false},
                {"metadata": {"name": "c"}, "n": 3}
            ],
            "status": {"f": 1.5, "none": null}
        })
    }

    fn run(template: &str) -> String {
        match JsonPath::parse(template).and_then(|p| p.lenient().execute(&store())) {
            Ok(text) => text,
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn evaluates_as_kubectl() {
        for (template, want) in [
            ("{.kind}", "List"),
            ("{$.kind}", "List"),
            ("{@.kind}", "List"),
            ("plain", "plain"),
            ("{.items[*].metadata.name}", "a b c"),
            ("{.items[0].metadata.name}", "a"),
            ("{.items[-1].metadata.name}", "c"),
            ("{.items[0:2].n}", "1 2"),
            ("{.items[::2].n}", "1 3"),
            ("{.items[0,2].n}", "1 3"),
            ("{.items[1:].n}", "2 3"),
            ("{range .items[*]}{.metadata.name}={.n}{\"\\n\"}{end}", "a=1\nb=2\nc=3\n"),
            ("{range .items[*]}[{.metadata.name}]{end}!", "[a][b][c]!"),
            ("{range .items[*]}{.metadata.name}", "abc"),
            ("{.items[?(@.n>1)].metadata.name}", "b c"),
            ("{.items[?(@.metadata.name==\"b\")].n}", "2"),
            ("{.items[?(@.ready)].n}", "1 2"),
            ("{.items[?(@.ready==true)].n}", "1"),
            ("{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", "x"),
            ("{.items[0].metadata.labels['app\\.kubernetes\\.io/name']}", "x"),
            ("{..name}", "a b c"),
            (
                "{.items[0].metadata}",
                "{\"labels\":{\"app.kubernetes.io/name\":\"x\"},\"name\":\"a\"}",
            ),
            ("{.nope}", ""),
            ("{.status.f} {.status.none}", "1.5 null"),
            ("{.items[7].n}", "! array index out of bounds: index 7, length 3"),
            ("{.kind[0]}", "! string is not array or slice"),
            ("{.items[x]}", "! invalid array index x"),
            ("{.items", "! unclosed action"),
            ("{.items[0}", "! unterminated array"),
            ("{.items[?(@.n>1]}", "! unterminated filter"),
            ("{end}", "! not in range, nothing to end"),
            ("{foo}", "! unrecognized identifier foo"),
            ("{*}", "! unrecognized character in action: U+002A '*'"),
            ("{.items[?(@.n>\"x\")]}", "! incompatible types for comparison"),
            ("{....a}", "! invalid multiple recursive descent"),
            ("{range .nope[*]}{.x}{end}z", "z"),
        ] {
            assert_eq!(run(template), want, "{template}");
        }
        assert_eq!(
            JsonPath::parse("{.nope}").and_then(|p| p.execute(&store())),
            Err("nope is not found".to_owned())
        );
    }

    #[test]
    fn relaxes_paths() {
        for text in ["a.b", ".a.b", "{a.b}", "{.a.b}"] {
            assert_eq!(JsonPath::relaxed(text), Ok("{.a.b}".to_owned()));
        }
        assert!(JsonPath::relaxed("{.a").is_err());
    }

    #[test]
    fn never_panics() {
        let mut draw = crate::base::rng::Rng { seed: 1 }.named("jsonpath", "fuzz", 0);
        let parts = [
            "{", "}", ".", "..", "[", "]", "*", "items", "?(", ")", "@", "$", "'", "\"", "\\",
            "range ", "end", ":", "-1", "2", ",", "==", "<", "é", "\n", "name", " ", "?(@.n==",
            "{.items[",
        ];
        for _ in 0..20_000 {
            let len = draw.index(16);
            let text: String = (0..len).map(|_| parts[draw.index(parts.len())]).collect();
            run(&text);
        }
    }
}
