//! Tokens to a tree of nodes with positions, and the tree to a [`Value`].
//!
//! Upstream: the parser and decoder under sigs.k8s.io/yaml; error texts and line numbers are kept.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use super::resolve::{self, Scalar};
use super::scan::{Mark, Scanner, Token};
use super::{Error, MAX_DEPTH};
use crate::base::human::{go_float, quote};
use crate::base::value::{Map, Value};

/// A piece of a document and where it begins, both counted from 1.
#[derive(Clone, Debug)]
pub struct Node {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// What stands there.
    pub content: Content,
    tag: Option<String>,
    anchor: Option<String>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Content {
    /// Text, and whether it was written without quotes.
    Scalar(String, bool),
    /// A list.
    List(Vec<Node>),
    /// Pairs as written, duplicates included.
    Map(Vec<(Node, Node)>),
    /// A reference to an anchored node before it.
    Alias(String, Rc<Node>),
}

type Parse<T> = Result<T, Error>;

struct Parser {
    scanner: Scanner,
    anchors: OrdMap<String, Rc<Node>>,
    /// Anchors of the nodes being read: an alias to one of them is a loop.
    open: Vec<String>,
    depth: usize,
}

fn error(problem: &str, at: Mark, context: Mark) -> Error {
    let line = if at.line > 0 { at.line } else { context.line };
    Error { line, at_line: at.line + 1, at_column: at.column + 1, problem: problem.to_owned() }
}

/// Reads the first document; a text without one reads as null.
pub(super) fn first_document(text: &str) -> Parse<Node> {
    let scanner = Scanner::new(text)?;
    let mut parser = Parser { scanner, anchors: OrdMap::new(), open: Vec::new(), depth: 0 };
    let mut directives = false;
    loop {
        let (token, mark) = parser.scanner.peek()?;
        match token {
            Token::Directive => directives = true,
            Token::DocumentStart => {
                parser.scanner.next()?;
                break;
            }
            Token::StreamEnd if !directives => return Ok(empty(mark)),
            _ if directives => {
                return Err(error("did not find expected <document start>", mark, mark));
            }
            _ => break,
        }
        parser.scanner.next()?;
    }
    let (token, mark) = parser.scanner.peek()?;
    if matches!(
        token,
        Token::DocumentStart | Token::DocumentEnd | Token::StreamEnd | Token::Directive
    ) {
        return Ok(empty(mark));
    }
    let node = parser.node(true, true)?;
    parser.scanner.peek()?;
    Ok(node)
}

fn empty(mark: Mark) -> Node {
    leaf(Content::Scalar(String::new(), true), mark)
}

fn leaf(content: Content, mark: Mark) -> Node {
    Node { line: mark.line + 1, column: mark.column + 1, content, tag: None, anchor: None }
}

impl Parser {
    fn node(&mut self, block: bool, indentless: bool) -> Parse<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH * 2 {
            let (_, mark) = self.scanner.peek()?;
            return Err(error("exceeded max depth of 10000", mark, mark));
        }
        let node = self.node_inner(block, indentless);
        self.depth -= 1;
        node
    }

    fn node_inner(&mut self, block: bool, indentless: bool) -> Parse<Node> {
        let (mut anchor, mut tag) = (None, None);
        let (_, start) = self.scanner.peek()?;
        loop {
            match self.scanner.peek()?.0 {
                Token::Anchor(name) if anchor.is_none() => anchor = Some(name.clone()),
                Token::Tag(name) if tag.is_none() => tag = Some(name.clone()),
                _ => break,
            }
            self.scanner.next()?;
        }
        if let Some(name) = &anchor {
            self.open.push(name.clone());
        }
        let (token, mark) = self.scanner.peek()?;
        let content = match token {
            Token::Alias(_) if anchor.is_none() && tag.is_none() => {
                let (Token::Alias(name), _) = self.scanner.next()? else { return Ok(empty(mark)) };
                return self.alias(name, mark);
            }
            Token::BlockEntry if indentless => self.block_list(mark, true)?,
            Token::Scalar { .. } => match self.scanner.next()?.0 {
                Token::Scalar { text, plain } => Content::Scalar(text, plain),
                _ => Content::Scalar(String::new(), true),
            },
            Token::FlowSequenceStart => self.flow_list(mark)?,
            Token::FlowMappingStart => self.flow_map(mark)?,
            Token::BlockSequenceStart if block => {
                self.scanner.next()?;
                self.block_list(mark, false)?
            }
            Token::BlockMappingStart if block => self.block_map(mark)?,
            _ if anchor.is_some() || tag.is_some() => Content::Scalar(String::new(), true),
            _ => return Err(error("did not find expected node content", mark, start)),
        };
        let mut node = leaf(content, mark);
        node.tag = tag;
        if let Some(name) = anchor {
            self.open.pop();
            node.anchor = Some(name.clone());
            self.anchors.insert(name, Rc::new(node.clone()));
        }
        Ok(node)
    }

    fn alias(&mut self, name: String, mark: Mark) -> Parse<Node> {
        let problem = if self.open.contains(&name) {
            format!("anchor '{name}' value contains itself")
        } else if let Some(target) = self.anchors.get(&name) {
            return Ok(leaf(Content::Alias(name, target.clone()), mark));
        } else {
            format!("unknown anchor '{name}' referenced")
        };
        Err(Error { line: 0, at_line: mark.line + 1, at_column: mark.column + 1, problem })
    }

    fn block_list(&mut self, start: Mark, indentless: bool) -> Parse<Content> {
        let mut items = Vec::new();
        loop {
            let (token, mark) = self.scanner.peek()?;
            match token {
                Token::BlockEntry => {
                    self.scanner.next()?;
                    let (token, _) = self.scanner.peek()?;
                    let nothing = match token {
                        Token::BlockEntry | Token::BlockEnd => true,
                        Token::Key | Token::Value => indentless,
                        _ => false,
                    };
                    items.push(if nothing { empty(mark) } else { self.node(true, false)? });
                }
                _ if indentless => return Ok(Content::List(items)),
                Token::BlockEnd => {
                    self.scanner.next()?;
                    return Ok(Content::List(items));
                }
                _ => return Err(error("did not find expected '-' indicator", mark, start)),
            }
        }
    }

    fn block_map(&mut self, start: Mark) -> Parse<Content> {
        self.scanner.next()?;
        let mut pairs = Vec::new();
        loop {
            let (token, mark) = self.scanner.peek()?;
            match token {
                Token::Key => {
                    self.scanner.next()?;
                    let key = self.block_part(mark)?;
                    pairs.push((key, self.block_value(mark)?));
                }
                // A value without a key: upstream reads an empty key only after `?`, so this is an error.
                Token::BlockEnd => {
                    self.scanner.next()?;
                    return Ok(Content::Map(pairs));
                }
                _ => return Err(error("did not find expected key", mark, start)),
            }
        }
    }

    fn block_value(&mut self, fallback: Mark) -> Parse<Node> {
        let (token, mark) = self.scanner.peek()?;
        if *token != Token::Value {
            return Ok(empty(fallback));
        }
        self.scanner.next()?;
        self.block_part(mark)
    }

    fn block_part(&mut self, fallback: Mark) -> Parse<Node> {
        match self.scanner.peek()?.0 {
            Token::Key | Token::Value | Token::BlockEnd => Ok(empty(fallback)),
            _ => self.node(true, true),
        }
    }

    fn flow_list(&mut self, start: Mark) -> Parse<Content> {
        self.scanner.next()?;
        let mut items = Vec::new();
        loop {
            let (mut token, mut mark) = self.scanner.peek()?;
            if *token != Token::FlowSequenceEnd && !items.is_empty() {
                if *token != Token::FlowEntry {
                    return Err(error("did not find expected ',' or ']'", mark, start));
                }
                self.scanner.next()?;
                (token, mark) = self.scanner.peek()?;
            }
            match token {
                Token::FlowSequenceEnd => {
                    self.scanner.next()?;
                    return Ok(Content::List(items));
                }
                Token::Key => {
                    self.scanner.next()?;
                    let key = self.flow_part(mark)?;
                    let value = self.flow_value(mark)?;
                    items.push(leaf(Content::Map(vec![(key, value)]), mark));
                }
                _ => items.push(self.node(false, false)?),
            }
        }
    }

    fn flow_map(&mut self, start: Mark) -> Parse<Content> {
        self.scanner.next()?;
        let mut pairs = Vec::new();
        loop {
            let (mut token, mut mark) = self.scanner.peek()?;
            if *token != Token::FlowMappingEnd && !pairs.is_empty() {
                if *token != Token::FlowEntry {
                    return Err(error("did not find expected ',' or '}'", mark, start));
                }
                self.scanner.next()?;
                (token, mark) = self.scanner.peek()?;
            }
            match token {
                Token::FlowMappingEnd => {
                    self.scanner.next()?;
                    return Ok(Content::Map(pairs));
                }
                Token::Key => {
                    self.scanner.next()?;
                    let key = self.flow_part(mark)?;
                    pairs.push((key, self.flow_value(mark)?));
                }
                _ => {
                    let key = self.node(false, false)?;
                    pairs.push((key, empty(mark)));
                }
            }
        }
    }

    fn flow_value(&mut self, fallback: Mark) -> Parse<Node> {
        let (token, mark) = self.scanner.peek()?;
        if *token != Token::Value {
            return Ok(empty(fallback));
        }
        self.scanner.next()?;
        self.flow_part(mark)
    }

    fn flow_part(&mut self, fallback: Mark) -> Parse<Node> {
        match self.scanner.peek()?.0 {
            Token::Value | Token::FlowEntry | Token::FlowSequenceEnd | Token::FlowMappingEnd => {
                Ok(empty(fallback))
            }
            _ => self.node(false, false),
        }
    }
}

/// Nodes that aliases may expand to, in all and beside the ones written out.
/// Upstream: the decoder's allowedAliasRatio.
const ALIAS_BUDGET: usize = 100_000;

struct Expand {
    visited: usize,
    through_alias: usize,
    alias_depth: usize,
}

impl Node {
    /// The value of this node; of duplicate keys the last wins.
    ///
    /// # Errors
    /// When a key or a tagged scalar has no JSON equivalent, or aliases expand to too much.
    pub fn to_value(&self) -> Result<Value, Error> {
        self.expand(&mut Expand { visited: 0, through_alias: 0, alias_depth: 0 })
    }

    /// The node under a chain of keys and list indexes.
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match &self.content {
            Content::Map(pairs) => pairs
                .iter()
                .rev()
                .find(|(k, _)| matches!(&k.content, Content::Scalar(text, _) if text == first))
                .and_then(|(_, v)| v.find(rest)),
            Content::List(items) => items.get(first.parse::<usize>().ok()?)?.find(rest),
            Content::Alias(_, target) => target.find(path),
            Content::Scalar(..) => None,
        }
    }

    /// The anchor that names this node.
    pub fn anchor(&self) -> Option<&str> {
        self.anchor.as_deref()
    }

    fn fail<T>(&self, problem: String) -> Result<T, Error> {
        Err(Error { line: 0, at_line: self.line, at_column: self.column, problem })
    }

    fn expand(&self, budget: &mut Expand) -> Result<Value, Error> {
        budget.visited += 1;
        if budget.alias_depth > 0 {
            budget.through_alias += 1;
        }
        if budget.through_alias > ALIAS_BUDGET && budget.through_alias * 10 > budget.visited {
            return self.fail("document contains excessive aliasing".to_owned());
        }
        match &self.content {
            Content::Scalar(text, plain) => self.scalar(text, *plain),
            Content::List(items) => Ok(Value::array(
                items.iter().map(|item| item.expand(budget)).collect::<Result<_, _>>()?,
            )),
            Content::Alias(_, target) => {
                budget.alias_depth += 1;
                if budget.alias_depth > MAX_DEPTH {
                    return self.fail("document contains excessive aliasing".to_owned());
                }
                let value = target.expand(budget);
                budget.alias_depth -= 1;
                value
            }
            Content::Map(pairs) => self.expand_map(pairs, budget),
        }
    }

    fn expand_map(&self, pairs: &[(Node, Node)], budget: &mut Expand) -> Result<Value, Error> {
        let mut map = Map::new();
        let mut merged = Map::new();
        for (key, value) in pairs {
            if matches!(&key.content, Content::Scalar(text, true) if text == "<<")
                && key.tag.is_none()
            {
                key.merge(
                    value.expand(budget)?,
                    matches!(value.content, Content::List(_)),
                    &mut merged,
                )?;
                continue;
            }
            let name = key.key(budget)?;
            map.insert(name, value.expand(budget)?);
        }
        for (key, value) in merged.iter() {
            if !map.contains_key(key) {
                map.insert(key.clone(), value);
            }
        }
        Ok(Value::from(map))
    }

    fn merge(&self, value: Value, listed: bool, into: &mut Map) -> Result<(), Error> {
        let maps = if listed { value.as_array().to_vec() } else { vec![value] };
        for value in maps.iter().rev() {
            let Some(map) = value.as_map() else {
                return self
                    .fail("map merge requires map or sequence of maps as the value".to_owned());
            };
            for (key, value) in map.iter() {
                into.insert(key.clone(), value);
            }
        }
        Ok(())
    }

    /// A key as JSON names it. Upstream: sigs.k8s.io/yaml, convertToJSONableObject.
    fn key(&self, budget: &mut Expand) -> Result<String, Error> {
        match self.expand(budget)? {
            Value::Str(text) => Ok(text.to_string()),
            Value::Int(n) => Ok(n.to_string()),
            Value::Float(x) => Ok(go_float(x)),
            Value::Bool(b) => Ok(b.to_string()),
            Value::Null => self.fail("unsupported map key of type: invalid, key: <nil>".to_owned()),
            other => self.fail(format!("invalid map key: {}", go_syntax(&other))),
        }
    }

    fn scalar(&self, text: &str, plain: bool) -> Result<Value, Error> {
        let tag = match self.tag.as_deref() {
            None if plain => return Ok(resolve::plain(text).into_value(text)),
            None | Some("!") => return Ok(Value::from(text)),
            Some(tag) => tag,
        };
        let scalar = resolve::plain(text);
        let Some(want) = tag.strip_prefix("tag:yaml.org,2002:") else {
            return Ok(scalar.into_value(text));
        };
        match (want, scalar) {
            ("str", _) => Ok(Value::from(text)),
            ("binary", _) => match crate::base::base64::decode(text) {
                Ok(bytes) => Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned())),
                Err(_) => self.fail("!!binary value contains invalid base64 data".to_owned()),
            },
            ("float", Scalar::Int(n)) => Ok(Value::Float(n as f64)),
            ("int", s @ Scalar::Int(_)) | ("float", s @ Scalar::Float(_)) => Ok(s.into_value(text)),
            ("bool", s @ Scalar::Bool(_)) | ("null", s @ Scalar::Null) => Ok(s.into_value(text)),
            ("timestamp", Scalar::Timestamp) => Ok(Value::from(text)),
            ("int" | "float" | "bool" | "null" | "timestamp", s) => {
                self.fail(format!("cannot decode {} `{text}` as a !!{want}", s.tag()))
            }
            (_, s) => Ok(s.into_value(text)),
        }
    }
}

/// Go's `%#v` of a decoded value.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Str(text) => quote(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Map(map) => {
            let entries: Vec<_> =
                map.iter().map(|(k, v)| format!("{}:{}", quote(k), go_syntax(v))).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
        }
        other => other.to_json(),
    }
}
