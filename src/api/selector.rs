//! Label and field selectors: reading, matching, printing.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/labels/selector.go, pkg/fields/selector.go and
//! pkg/apis/meta/v1/helpers.go.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::fmt;

use crate::api::kind::Kind;
use crate::api::names;
use crate::base::value::{Str, Value};
use crate::base::view::FromValue;
use crate::view;

view! {
    /// A selector as workloads and affinities hold it. An empty one matches everything.
    pub struct LabelSelector {
        match_labels: OrdMap<Str, Str> = "matchLabels",
        match_expressions: Vec<LabelSelectorRequirement> = "matchExpressions",
    }

    /// One of its expressions.
    pub struct LabelSelectorRequirement {
        key: Str = "key",
        operator: Str = "operator",
        values: Vec<Str> = "values",
    }
}

/// What a requirement asks of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    DoesNotExist,
    Equals,
    DoubleEquals,
    In,
    NotEquals,
    NotIn,
    Exists,
    GreaterThan,
    LessThan,
}

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: Str,
    /// What is asked of it.
    pub operator: Operator,
    /// The values that count, sorted.
    pub values: Vec<Str>,
}

/// Requirements that must all hold, sorted by key. None match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The requirements.
    pub requirements: Vec<Requirement>,
}

/// Labels to match against, however they are kept.
pub trait Labels {
    /// The value of a label, if set.
    fn label(&self, key: &str) -> Option<&str>;
}

impl Labels for OrdMap<Str, Str> {
    fn label(&self, key: &str) -> Option<&str> {
        self.get(key).map(Str::as_str)
    }
}

impl Labels for Value {
    fn label(&self, key: &str) -> Option<&str> {
        self.get(key).as_str()
    }
}

impl Requirement {
    /// A requirement, checked.
    ///
    /// # Errors
    /// Upstream's words for a bad key or value. Upstream: NewRequirement.
    pub fn new(key: &str, operator: Operator, values: Vec<Str>) -> Result<Requirement, String> {
        use Operator::{
            DoesNotExist, DoubleEquals, Equals, Exists, GreaterThan, In, LessThan, NotEquals, NotIn,
        };
        let mut faults = Vec::new();
        push_fault(&mut faults, "key", key, &names::label_key(key));
        let listed = || Value::from(values.clone()).to_json();
        let wrong = match operator {
            In | NotIn if values.is_empty() => {
                Some("for 'in', 'notin' operators, values set can't be empty")
            }
            Equals | DoubleEquals | NotEquals if values.len() != 1 => {
                Some("exact-match compatibility requires one single value")
            }
            Exists | DoesNotExist if !values.is_empty() => {
                Some("values set must be empty for exists and does not exist")
            }
            GreaterThan | LessThan if values.len() != 1 => {
                Some("for 'Gt', 'Lt' operators, exactly one value is required")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            faults.push(format!("values: Invalid value: {}: {wrong}", listed()));
        }
        if matches!(operator, GreaterThan | LessThan) {
            for (at, value) in values.iter().enumerate() {
                if value.parse::<i64>().is_err() {
                    faults.push(format!(
                        "values[{at}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                    ));
                }
            }
        }
        for (at, value) in values.iter().enumerate() {
            let field = format!("values[{at}][{key}]");
            push_fault(&mut faults, &field, value, &names::label_value(value));
        }
        match faults.as_slice() {
            [] => Ok(Requirement { key: Str::from(key), operator, values }),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    /// Whether labels meet the requirement.
    pub fn matches(&self, labels: &(impl Labels + ?Sized)) -> bool {
        let value = labels.label(&self.key);
        let listed = |value: &str| self.values.iter().any(|v| v == value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => value.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => self.compares(value, |a, b| a > b),
            Operator::LessThan => self.compares(value, |a, b| a < b),
        }
    }

    fn compares(&self, value: Option<&str>, holds: fn(i64, i64) -> bool) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        let bound = self.values.first().and_then(|v| number(v));
        match (value.and_then(number), bound) {
            (Some(value), Some(bound)) => holds(value, bound),
            _ => false,
        }
    }
}

fn push_fault(faults: &mut Vec<String>, field: &str, value: &str, words: &[String]) {
    if !words.is_empty() {
        faults.push(format!("{field}: Invalid value: {value:?}: {}", words.join("; ")));
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = || self.values.iter().map(Str::as_str).collect::<Vec<_>>().join(",");
        let key = &self.key;
        match self.operator {
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Exists => write!(f, "{key}"),
            Operator::Equals => write!(f, "{key}={}", values()),
            Operator::DoubleEquals => write!(f, "{key}=={}", values()),
            Operator::NotEquals => write!(f, "{key}!={}", values()),
            Operator::In => write!(f, "{key} in ({})", values()),
            Operator::NotIn => write!(f, "{key} notin ({})", values()),
            Operator::GreaterThan => write!(f, "{key}>{}", values()),
            Operator::LessThan => write!(f, "{key}<{}", values()),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.requirements.iter().map(ToString::to_string).collect();
        f.write_str(&parts.join(","))
    }
}

impl Selector {
    /// Matches everything.
    pub fn everything() -> Selector {
        Selector::default()
    }

    /// Whether there are no requirements.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether labels meet all requirements.
    pub fn matches(&self, labels: &(impl Labels + ?Sized)) -> bool {
        self.requirements.iter().all(|r| r.matches(labels))
    }

    /// Whether an object's labels meet all requirements.
    pub fn matches_object(&self, object: &Value) -> bool {
        self.is_empty() || self.matches(object.at(&["metadata", "labels"]))
    }

    /// A selector of exactly these labels, as a Service has it.
    pub fn from_set(set: &OrdMap<Str, Str>) -> Selector {
        let one = |(key, value): (&Str, &Str)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: vec![value.clone()],
        };
        Selector { requirements: set.iter().map(one).collect() }
    }

    /// Reads `-l` syntax.
    ///
    /// # Errors
    /// Upstream's words: `unable to parse requirement: found 'b', expected: …`.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let mut parser = Parser { tokens: lex(text), at: 0 };
        let mut requirements = parser.requirements()?;
        requirements.order_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector { requirements })
    }
}

impl LabelSelector {
    /// The selector in the form that matches.
    ///
    /// # Errors
    /// Upstream's words for a bad operator, key or value. Upstream: LabelSelectorAsSelector.
    pub fn compile(&self) -> Result<Selector, String> {
        let mut requirements = Vec::new();
        for (key, value) in &self.match_labels {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.clone()])?);
        }
        for expression in &self.match_expressions {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{other:?} is not a valid label selector operator")),
            };
            let mut values = expression.values.clone();
            values.order();
            requirements.push(Requirement::new(&expression.key, operator, values)?);
        }
        requirements.order_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector { requirements })
    }

    /// Whether labels meet the selector; a faulty one matches nothing.
    pub fn matches(&self, labels: &(impl Labels + ?Sized)) -> bool {
        self.compile().is_ok_and(|selector| selector.matches(labels))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

/// A selector as printers show it: `app=nginx`, `<none>` or `<error>`.
/// Upstream: FormatLabelSelector.
pub fn format_label_selector(selector: &Value) -> String {
    if selector.is_null() {
        return "<none>".to_owned();
    }
    match LabelSelector::from_value(selector).compile() {
        Err(_) => "<error>".to_owned(),
        Ok(selector) if selector.is_empty() => "<none>".to_owned(),
        Ok(selector) => selector.to_string(),
    }
}

/// A token with its text. The end is an empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    End,
    Close,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    Greater,
    Identifier,
    In,
    Less,
    NotEquals,
    NotIn,
    Open,
    Error,
}

const BLANKS: &[char] = &[' ', '\t', '\r', '\n'];
const SPECIAL: &[char] = &['=', '!', '(', ')', ',', '>', '<'];

fn token_of(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::Close,
        "," => Token::Comma,
        "!" => Token::Not,
        "==" => Token::DoubleEquals,
        "=" => Token::Equals,
        ">" => Token::Greater,
        "in" => Token::In,
        "<" => Token::Less,
        "!=" => Token::NotEquals,
        "notin" => Token::NotIn,
        "(" => Token::Open,
        _ => return None,
    })
}

fn lex(text: &str) -> Vec<(Token, &str)> {
    let mut tokens = Vec::new();
    // A NUL ends the text, as in upstream's lexer.
    let mut rest = text.split('\0').next().unwrap_or("").trim_start_matches(BLANKS);
    while !rest.is_empty() {
        let is_special = rest.starts_with(SPECIAL);
        let end = if is_special {
            special_length(rest)
        } else {
            rest.find(|c| SPECIAL.contains(&c) || BLANKS.contains(&c)).unwrap_or(rest.len())
        };
        let (word, tail) = rest.split_at(end);
        let otherwise = if is_special { Token::Error } else { Token::Identifier };
        tokens.push((token_of(word).unwrap_or(otherwise), word));
        rest = tail.trim_start_matches(BLANKS);
    }
    tokens.push((Token::End, ""));
    tokens
}

/// The longest operator at the start of the text, in bytes. Upstream: scanSpecialSymbol.
fn special_length(text: &str) -> usize {
    let run = text.find(|c| !SPECIAL.contains(&c)).unwrap_or(text.len());
    let mut best = 0;
    for end in 1..=run {
        if token_of(&text[..end]).is_some() {
            best = end;
        } else if best > 0 {
            break;
        }
    }
    if best == 0 { run } else { best }
}

struct Parser<'a> {
    tokens: Vec<(Token, &'a str)>,
    at: usize,
}

impl<'a> Parser<'a> {
    /// The current token where a value may stand: `in` and `notin` are words there.
    fn peek(&self) -> (Token, &'a str) {
        let (token, text) = self.tokens.get(self.at).copied().unwrap_or((Token::End, ""));
        match token {
            Token::In | Token::NotIn => (Token::Identifier, text),
            _ => (token, text),
        }
    }

    fn next(&mut self) -> (Token, &'a str) {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                (Token::Identifier | Token::Not, _) => {
                    let one = self
                        .requirement()
                        .map_err(|e| format!("unable to parse requirement: {e}"))?;
                    requirements.push(one);
                    match self.next() {
                        (Token::End, _) => return Ok(requirements),
                        (Token::Comma, _) => {
                            let (token, text) = self.peek();
                            if !matches!(token, Token::Identifier | Token::Not) {
                                return Err(format!(
                                    "found '{text}', expected: identifier after ','"
                                ));
                            }
                        }
                        (_, text) => {
                            return Err(format!(
                                "found '{text}', expected: ',' or 'end of string'"
                            ));
                        }
                    }
                }
                (Token::End, _) => return Ok(requirements),
                (_, text) => {
                    return Err(format!(
                        "found '{text}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut key) = self.next();
        let absent = token == Token::Not;
        if absent {
            (token, key) = self.next();
        }
        if token != Token::Identifier {
            return Err(format!("found '{key}', expected: identifier"));
        }
        let faults = names::label_key(key);
        if !faults.is_empty() {
            return Err(format!("<nil>: Invalid value: {key:?}: {}", faults.join("; ")));
        }
        if absent {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let mut values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.order();
        values.dedup();
        Requirement::new(key, operator, values.into_iter().map(Str::from).collect())
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let (token, text) = self.tokens.get(self.at).copied().unwrap_or((Token::End, ""));
        self.at += 1;
        Ok(match token {
            Token::In => Operator::In,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::Greater => Operator::GreaterThan,
            Token::Less => Operator::LessThan,
            Token::NotIn => Operator::NotIn,
            Token::NotEquals => Operator::NotEquals,
            _ => {
                return Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        })
    }

    fn values(&mut self) -> Result<Vec<&'a str>, String> {
        let (token, text) = self.next();
        if token != Token::Open {
            return Err(format!("found '{text}' expected: '('"));
        }
        match self.peek() {
            (Token::Identifier | Token::Comma, first) => {
                let values = self.identifiers()?;
                if self.next().0 == Token::Close {
                    Ok(values)
                } else {
                    Err(format!("found '{first}', expected: ')'"))
                }
            }
            (Token::Close, _) => {
                self.at += 1;
                Ok(vec![""])
            }
            (_, text) => Err(format!("found '{text}', expected: ',', ')' or identifier")),
        }
    }

    fn identifiers(&mut self) -> Result<Vec<&'a str>, String> {
        let mut values = Vec::new();
        loop {
            match self.next() {
                (Token::Identifier, text) => {
                    values.push(text);
                    match self.peek() {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => return Ok(values),
                        (_, text) => {
                            return Err(format!("found '{text}', expected: ',' or ')'"));
                        }
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push("");
                    }
                    match self.peek().0 {
                        Token::Close => {
                            values.push("");
                            return Ok(values);
                        }
                        Token::Comma => values.push(""),
                        _ => {}
                    }
                }
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
    }

    fn exact_value(&mut self) -> Result<&'a str, String> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok("");
        }
        match self.next() {
            (Token::Identifier, text) => Ok(text),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }
}

/// One term of a field selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// The field's path.
    pub field: String,
    /// The value that it must (or must not) have.
    pub value: String,
    /// Whether it must not have it.
    pub negated: bool,
}

/// Terms that must all hold. None match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// The terms, sorted by their text.
    pub terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Reads `--field-selector` syntax.
    ///
    /// # Errors
    /// Upstream's words: `invalid selector: 'status.phase'; can't understand 'status.phase'`.
    pub fn parse(text: &str) -> Result<FieldSelector, String> {
        let mut parts = split_terms(text);
        parts.order();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let Some((field, operator, value)) = split_term(part) else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            terms.push(FieldTerm {
                field: field.to_owned(),
                value: unescape(value)?,
                negated: operator == "!=",
            });
        }
        Ok(FieldSelector { terms })
    }

    /// Checks that the kind can be selected by these fields.
    ///
    /// # Errors
    /// `field label not supported: foo`, or the words of kinds that know names only.
    pub fn check(&self, kind: &Kind) -> Result<(), String> {
        let supported = supported_fields(kind);
        for term in &self.terms {
            let field = term.field.as_str();
            match supported {
                Some(fields) if !fields.contains(&field) => {
                    return Err(format!("field label not supported: {field}"));
                }
                None if field != "metadata.name" && field != "metadata.namespace" => {
                    return Err(format!(
                        "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether an object of the kind meets all terms.
    pub fn matches(&self, kind: &Kind, object: &Value) -> bool {
        self.terms.iter().all(|t| (field_text(kind, object, &t.field) == t.value) != t.negated)
    }

    /// The value that the field must have, when one term says so.
    pub fn exact(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|t| !t.negated && t.field == field).map(|t| t.value.as_str())
    }

    /// Whether there are no terms.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let operator = if term.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{operator}{}", term.field, escape(&term.value))?;
        }
        Ok(())
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn split_term(term: &str) -> Option<(&str, &str, &str)> {
    for (at, _) in term.char_indices() {
        let rest = &term[at..];
        for operator in ["!=", "==", "="] {
            if let Some(value) = rest.strip_prefix(operator) {
                return Some((&term[..at], operator, value));
            }
        }
    }
    None
}

fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace(',', r"\,").replace('=', r"\=")
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                other => {
                    let sequence: String = other.into_iter().collect();
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{sequence}"
                    ));
                }
            },
            ',' | '=' => {
                let code = c as u32;
                return Err(format!(
                    "invalid field selector: unescaped character in value: {code}"
                ));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// The fields by which objects of a kind can be selected; `None` for kinds that know names only.
/// Upstream: pkg/apis/core/v1/conversion.go, AddFieldLabelConversionFunc, and its like in other groups.
fn supported_fields(kind: &Kind) -> Option<&'static [&'static str]> {
    Some(match (kind.group, kind.name) {
        ("", "Pod") => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.host",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "Node") => &["metadata.name", "spec.unschedulable"],
        ("", "ReplicationController") => {
            &["metadata.name", "metadata.namespace", "status.replicas"]
        }
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
            "metadata.namespace",
            "metadata.name",
        ],
        ("", "Namespace") => &["status.phase", "metadata.name"],
        ("", "Secret") => &["type", "metadata.namespace", "metadata.name"],
        ("", "Service") => &["metadata.namespace", "metadata.name", "spec.clusterIP", "spec.type"],
        ("batch", "Job") => &["metadata.name", "metadata.namespace", "status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest") => {
            &["metadata.name", "spec.signerName"]
        }
        _ => return None,
    })
}

/// What a field selector compares, as text.
fn field_text(kind: &Kind, object: &Value, field: &str) -> String {
    let path: Vec<&str> = match (kind.name, field) {
        ("Pod", "spec.host") => vec!["spec", "nodeName"],
        ("Event", "source") => {
            let component = object.at(&["source", "component"]).text();
            let reporter = object.get("reportingComponent").text();
            return if component.is_empty() { reporter } else { component }.to_owned();
        }
        ("Job", "status.successful") => vec!["status", "succeeded"],
        _ => field.split('.').collect(),
    };
    match (object.at(&path), field) {
        (Value::Str(s), _) => s.as_str().to_owned(),
        (Value::Bool(b), _) => b.to_string(),
        (Value::Int(n), _) => n.to_string(),
        (_, "spec.hostNetwork" | "spec.unschedulable") => "false".to_owned(),
        (_, "status.successful" | "status.replicas") => "0".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{POD, STATEFUL_SET};
    use crate::value;

    fn error(text: &str) -> String {
        Selector::parse(text).unwrap_err()
    }

    #[test]
    fn label_selectors_match_and_print() {
        let labels = value!({"app": "nginx", "n": "5"});
        for (text, printed, holds) in [
            ("app=nginx", "app=nginx", true),
            ("app==nginx,!x", "app==nginx,!x", true),
            ("app in (b, nginx , a)", "app in (a,b,nginx)", true),
            ("app notin (nginx)", "app notin (nginx)", false),
            ("x!=1", "x!=1", true),
            ("app", "app", true),
            ("n>4,n<6", "n>4,n<6", true),
            ("x in (,)", "x in ()", false),
            ("app=", "app=", false),
            ("", "", true),
            ("z,a", "a,z", false),
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.to_string(), printed);
            assert_eq!(selector.matches(&labels), holds, "{text}");
        }
    }

    #[test]
    fn bad_label_selectors_are_refused_in_upstreams_words() {
        assert_eq!(
            error("app in nginx"),
            "unable to parse requirement: found 'nginx' expected: '('"
        );
        assert_eq!(error("app=nginx,"), "found '', expected: identifier after ','");
        assert_eq!(error("=nginx"), "found '=', expected: !, identifier, or 'end of string'");
        assert_eq!(error("app==="), "unable to parse requirement: found '=', expected: identifier");
        assert_eq!(
            error("a b"),
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
        );
        assert_eq!(
            error("app notin (nginx"),
            "unable to parse requirement: found '', expected: ',' or ')'"
        );
        assert_eq!(error("a=b c"), "found 'c', expected: ',' or 'end of string'");
    }

    #[test]
    fn field_selectors() {
        let pod = value!({"metadata": {"name": "a"}, "status": {"phase": "Running"}});
        let selector = FieldSelector::parse("status.phase!=Failed,metadata.name=a").unwrap();
        assert!(selector.matches(&POD, &pod));
        assert_eq!(selector.to_string(), "metadata.name=a,status.phase!=Failed");
        assert!(FieldSelector::parse("spec.hostNetwork=false").unwrap().matches(&POD, &pod));
        assert_eq!(
            FieldSelector::parse("status.phase").unwrap_err(),
            "invalid selector: 'status.phase'; can't understand 'status.phase'"
        );
        assert_eq!(
            FieldSelector::parse("foo=bar").unwrap().check(&POD).unwrap_err(),
            "field label not supported: foo"
        );
        assert_eq!(
            FieldSelector::parse("status.replicas=1").unwrap().check(&STATEFUL_SET).unwrap_err(),
            "\"status.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        );
    }
}
