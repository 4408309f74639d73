//! Characters to tokens: indentation becomes block starts and ends, `key:` is found by looking ahead.
//!
//! Upstream: the scanner of libyaml as sigs.k8s.io/yaml carries it; its error texts and marks are kept.

use crate::base::ordered::OrdMap;
use std::collections::VecDeque;

use super::{Error, MAX_DEPTH};

/// A place in the text, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    StreamEnd,
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag(String),
    Scalar { text: String, plain: bool },
}

#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token_number: usize,
    mark: Mark,
}

pub(super) struct Scanner {
    chars: Vec<char>,
    mark: Mark,
    tokens: VecDeque<(Token, Mark)>,
    taken: usize,
    ended: bool,
    indent: isize,
    indents: Vec<isize>,
    flow_level: usize,
    key_allowed: bool,
    keys: Vec<SimpleKey>,
    tags: OrdMap<String, String>,
}

type Scan<T> = Result<T, Error>;

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The end of the text reads as NUL.
const END: char = '\0';

fn is_blankz(c: char) -> bool {
    is_blank(c) || is_break(c) || c == END
}

fn is_readable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

impl Scanner {
    pub(super) fn new(text: &str) -> Scan<Scanner> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !text.chars().all(is_readable) {
            return Err(Error {
                line: 0,
                at_line: 1,
                at_column: 1,
                problem: "control characters are not allowed".into(),
            });
        }
        Ok(Scanner {
            chars: text.chars().collect(),
            mark: Mark::default(),
            tokens: VecDeque::new(),
            taken: 0,
            ended: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            key_allowed: true,
            keys: vec![SimpleKey::default()],
            tags: OrdMap::new(),
        })
    }

    /// The next token, left in place.
    pub(super) fn peek(&mut self) -> Scan<(&Token, Mark)> {
        self.fetch_more()?;
        match self.tokens.front() {
            Some((token, mark)) => Ok((token, *mark)),
            None => Ok((&Token::StreamEnd, self.mark)),
        }
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Scan<(Token, Mark)> {
        self.fetch_more()?;
        let end = (Token::StreamEnd, self.mark);
        if let Some(token) = self.tokens.pop_front() {
            self.taken += 1;
            return Ok(token);
        }
        Ok(end)
    }

    fn fetch_more(&mut self) -> Scan<()> {
        while !self.ended {
            if !self.tokens.is_empty() {
                let head = self.taken;
                let Some(at) = self.keys.iter().position(|k| k.possible && k.token_number == head)
                else {
                    break;
                };
                if !self.key_is_valid(at)? {
                    break;
                }
            }
            self.fetch_next()?;
        }
        Ok(())
    }

    fn fail<T>(&self, problem: &str) -> Scan<T> {
        let line = if self.mark.line > 0 { self.mark.line + 1 } else { 0 };
        Err(Error {
            line,
            at_line: self.mark.line + 1,
            at_column: self.mark.column + 1,
            problem: problem.to_owned(),
        })
    }

    fn at(&self, offset: usize) -> char {
        self.chars.get(self.mark.index + offset).copied().unwrap_or(END)
    }

    fn skip(&mut self) {
        if self.mark.index < self.chars.len() {
            self.mark.index += 1;
            self.mark.column += 1;
        }
    }

    fn skip_line(&mut self) {
        let step = if self.at(0) == '\r' && self.at(1) == '\n' {
            2
        } else {
            usize::from(is_break(self.at(0)))
        };
        if step > 0 {
            self.mark = Mark { index: self.mark.index + step, line: self.mark.line + 1, column: 0 };
        }
    }

    /// Takes a line break and appends it as it reads: `\n` unless it is a Unicode separator.
    fn read_line(&mut self, into: &mut String) {
        match self.at(0) {
            c @ ('\u{2028}' | '\u{2029}') => into.push(c),
            c if is_break(c) => into.push('\n'),
            _ => return,
        }
        self.skip_line();
    }

    fn key_is_valid(&mut self, at: usize) -> Scan<bool> {
        let key = self.keys[at];
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < self.mark.line || key.mark.index + 1024 < self.mark.index {
            if key.required {
                return self.fail("could not find expected ':'");
            }
            self.keys[at].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn last_key(&self) -> usize {
        self.keys.len() - 1
    }

    fn save_key(&mut self) -> Scan<()> {
        let required = self.flow_level == 0 && self.indent == self.mark.column as isize;
        if self.key_allowed {
            self.remove_key()?;
            let last = self.last_key();
            self.keys[last] = SimpleKey {
                possible: true,
                required,
                token_number: self.taken + self.tokens.len(),
                mark: self.mark,
            };
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Scan<()> {
        let last = self.last_key();
        if self.keys[last].possible && self.keys[last].required {
            return self.fail("could not find expected ':'");
        }
        self.keys[last].possible = false;
        Ok(())
    }

    fn roll_indent(
        &mut self,
        column: usize,
        number: Option<usize>,
        token: Token,
        mark: Mark,
    ) -> Scan<()> {
        if self.flow_level > 0 || self.indent >= column as isize {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as isize;
        if self.indents.len() > MAX_DEPTH {
            return self.fail("exceeded max depth of 10000");
        }
        match number {
            Some(number) => self.tokens.insert(number - self.taken, (token, mark)),
            None => self.tokens.push_back((token, mark)),
        }
        Ok(())
    }

    fn unroll_indent(&mut self, column: isize) {
        while self.flow_level == 0 && self.indent > column {
            self.tokens.push_back((Token::BlockEnd, self.mark));
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn push(&mut self, token: Token, mark: Mark) {
        self.tokens.push_back((token, mark));
    }

    fn fetch_next(&mut self) -> Scan<()> {
        self.scan_to_next_token();
        self.unroll_indent(self.mark.column as isize);
        let (c, next) = (self.at(0), self.at(1));
        if self.mark.index >= self.chars.len() {
            return self.fetch_stream_end();
        }
        if self.mark.column == 0 && c == '%' {
            return self.fetch_directive();
        }
        if let Some(token) = self.document_indicator() {
            return self.fetch_document_indicator(token);
        }
        match c {
            '[' => return self.fetch_flow_start(Token::FlowSequenceStart),
            '{' => return self.fetch_flow_start(Token::FlowMappingStart),
            ']' => return self.fetch_flow_end(Token::FlowSequenceEnd),
            '}' => return self.fetch_flow_end(Token::FlowMappingEnd),
            ',' => return self.fetch_flow_entry(),
            '-' if is_blankz(next) => return self.fetch_block_entry(),
            '?' if self.flow_level > 0 || is_blankz(next) => return self.fetch_key(),
            ':' if self.flow_level > 0 || is_blankz(next) => return self.fetch_value(),
            '*' | '&' => return self.fetch_anchor(c == '*'),
            '!' => return self.fetch_tag(),
            '|' | '>' if self.flow_level == 0 => return self.fetch_block_scalar(c == '|'),
            '\'' | '"' => return self.fetch_flow_scalar(c),
            _ => {}
        }
        let indicator = "-?:,[]{}#&*!|>'\"%@`".contains(c);
        let plain = !(is_blankz(c) || indicator)
            || (c == '-' && !is_blank(next))
            || (self.flow_level == 0 && (c == '?' || c == ':') && !is_blankz(next));
        if plain {
            return self.fetch_plain_scalar();
        }
        self.fail("found character that cannot start any token")
    }

    fn scan_to_next_token(&mut self) {
        loop {
            while self.at(0) == ' '
                || ((self.flow_level > 0 || !self.key_allowed) && self.at(0) == '\t')
            {
                self.skip();
            }
            if self.at(0) == '#' {
                while self.at(0) != END && !is_break(self.at(0)) {
                    self.skip();
                }
            }
            if !is_break(self.at(0)) {
                return;
            }
            self.skip_line();
            if self.flow_level == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn document_indicator(&self) -> Option<Token> {
        if self.mark.column != 0 || !is_blankz(self.at(3)) {
            return None;
        }
        match (self.at(0), self.at(1), self.at(2)) {
            ('-', '-', '-') => Some(Token::DocumentStart),
            ('.', '.', '.') => Some(Token::DocumentEnd),
            _ => None,
        }
    }

    fn fetch_stream_end(&mut self) -> Scan<()> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.ended = true;
        self.push(Token::StreamEnd, self.mark);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Scan<()> {
        self.unroll_indent(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        let mut line = String::new();
        while self.at(0) != END && !is_break(self.at(0)) {
            line.push(self.at(0));
            self.skip();
        }
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("%YAML"), Some(version), _) if version != "1.1" => {
                return self.fail("found incompatible YAML document");
            }
            (Some("%YAML"), Some(_), _) => {}
            (Some("%TAG"), Some(handle), Some(prefix)) => {
                self.tags.insert(handle.to_owned(), prefix.to_owned());
            }
            _ => return self.fail("found unknown directive name"),
        }
        self.push(Token::Directive, mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, token: Token) -> Scan<()> {
        self.unroll_indent(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        for _ in 0..3 {
            self.skip();
        }
        self.push(token, mark);
        Ok(())
    }

    fn fetch_flow_start(&mut self, token: Token) -> Scan<()> {
        self.save_key()?;
        self.keys.push(SimpleKey::default());
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return self.fail("exceeded max depth of 10000");
        }
        self.key_allowed = true;
        self.single(token);
        Ok(())
    }

    fn fetch_flow_end(&mut self, token: Token) -> Scan<()> {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.keys.pop();
        }
        self.key_allowed = false;
        self.single(token);
        Ok(())
    }

    fn single(&mut self, token: Token) {
        let mark = self.mark;
        self.skip();
        self.push(token, mark);
    }

    fn fetch_flow_entry(&mut self) -> Scan<()> {
        self.remove_key()?;
        self.key_allowed = true;
        self.single(Token::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.key_allowed {
                return self.fail("block sequence entries are not allowed in this context");
            }
            self.roll_indent(self.mark.column, None, Token::BlockSequenceStart, self.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.single(Token::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.key_allowed {
                return self.fail("mapping keys are not allowed in this context");
            }
            self.roll_indent(self.mark.column, None, Token::BlockMappingStart, self.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = self.flow_level == 0;
        self.single(Token::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scan<()> {
        let last = self.last_key();
        if self.key_is_valid(last)? {
            let key = self.keys[last];
            self.tokens.insert(key.token_number - self.taken, (Token::Key, key.mark));
            self.roll_indent(
                key.mark.column,
                Some(key.token_number),
                Token::BlockMappingStart,
                key.mark,
            )?;
            self.keys[last].possible = false;
            self.key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.key_allowed {
                    return self.fail("mapping values are not allowed in this context");
                }
                self.roll_indent(self.mark.column, None, Token::BlockMappingStart, self.mark)?;
            }
            self.key_allowed = self.flow_level == 0;
        }
        self.single(Token::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, alias: bool) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        self.skip();
        let mut name = String::new();
        while self.at(0).is_ascii_alphanumeric() || matches!(self.at(0), '_' | '-') {
            name.push(self.at(0));
            self.skip();
        }
        if name.is_empty() || !(is_blankz(self.at(0)) || "?:,]}%@`".contains(self.at(0))) {
            return self.fail("did not find expected alphabetic or numeric character");
        }
        self.push(if alias { Token::Alias(name) } else { Token::Anchor(name) }, mark);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        let mut text = String::new();
        let verbatim = self.at(1) == '<';
        while !is_blankz(self.at(0))
            && !(self.flow_level > 0 && !verbatim && ",[]{}".contains(self.at(0)))
        {
            text.push(self.at(0));
            self.skip();
            if verbatim && text.ends_with('>') {
                break;
            }
        }
        if !is_blankz(self.at(0)) && !(self.flow_level > 0 && self.at(0) == ',') {
            return self.fail("did not find expected whitespace or line break");
        }
        let tag = match text.strip_prefix("!<") {
            Some(inner) => match inner.strip_suffix('>') {
                Some(inner) => inner.to_owned(),
                None => return self.fail("did not find the expected '>'"),
            },
            None => self.expand_tag(&text)?,
        };
        self.push(Token::Tag(tag), mark);
        Ok(())
    }

    fn expand_tag(&self, text: &str) -> Scan<String> {
        if let Some(rest) = text.strip_prefix("!!") {
            let prefix = self.tags.get("!!").map_or("tag:yaml.org,2002:", String::as_str);
            return Ok(format!("{prefix}{rest}"));
        }
        if let Some((handle, rest)) = text[1..].split_once('!') {
            return match self.tags.get(&format!("!{handle}!")) {
                Some(prefix) => Ok(format!("{prefix}{rest}")),
                None => self.fail("found undefined tag handle"),
            };
        }
        Ok(text.to_owned())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Scan<()> {
        self.remove_key()?;
        self.key_allowed = true;
        let mark = self.mark;
        self.skip();
        let (mut chomping, mut increment) = (0_i8, 0_usize);
        for _ in 0..2 {
            match self.at(0) {
                '+' if chomping == 0 => chomping = 1,
                '-' if chomping == 0 => chomping = -1,
                '0' if increment == 0 => {
                    return self.fail("found an indentation indicator equal to 0");
                }
                c @ '1'..='9' if increment == 0 => increment = c as usize - '0' as usize,
                _ => continue,
            }
            self.skip();
        }
        while is_blank(self.at(0)) {
            self.skip();
        }
        if self.at(0) == '#' {
            while self.at(0) != END && !is_break(self.at(0)) {
                self.skip();
            }
        }
        if self.at(0) != END && !is_break(self.at(0)) {
            return self.fail("did not find expected comment or line break");
        }
        self.skip_line();
        let text = self.scan_block_text(literal, chomping, increment)?;
        self.push(Token::Scalar { text, plain: false }, mark);
        Ok(())
    }

    fn scan_block_text(&mut self, literal: bool, chomping: i8, increment: usize) -> Scan<String> {
        let mut indent = if increment > 0 { self.indent.max(0) as usize + increment } else { 0 };
        let (mut text, mut leading_break, mut trailing) =
            (String::new(), String::new(), String::new());
        let mut leading_blank = false;
        self.scan_block_breaks(&mut indent, &mut trailing)?;
        while self.mark.column == indent && self.at(0) != END {
            let blank = is_blank(self.at(0));
            if !literal && !leading_blank && !blank && leading_break.starts_with('\n') {
                if trailing.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(&leading_break);
            }
            leading_break.clear();
            text.push_str(&trailing);
            trailing.clear();
            leading_blank = blank;
            while self.at(0) != END && !is_break(self.at(0)) {
                text.push(self.at(0));
                self.skip();
            }
            self.read_line(&mut leading_break);
            self.scan_block_breaks(&mut indent, &mut trailing)?;
        }
        if chomping != -1 {
            text.push_str(&leading_break);
        }
        if chomping == 1 {
            text.push_str(&trailing);
        }
        Ok(text)
    }

    fn scan_block_breaks(&mut self, indent: &mut usize, breaks: &mut String) -> Scan<()> {
        let mut max_indent = 0;
        loop {
            while (*indent == 0 || self.mark.column < *indent) && self.at(0) == ' ' {
                self.skip();
            }
            max_indent = max_indent.max(self.mark.column);
            if (*indent == 0 || self.mark.column < *indent) && self.at(0) == '\t' {
                return self.fail("found a tab character where an indentation space is expected");
            }
            if !is_break(self.at(0)) {
                break;
            }
            self.read_line(breaks);
        }
        if *indent == 0 {
            *indent = max_indent.max((self.indent + 1).max(1) as usize);
        }
        Ok(())
    }

    fn fetch_flow_scalar(&mut self, quote: char) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        self.skip();
        let mut text = String::new();
        loop {
            if self.document_indicator().is_some() {
                return self.fail("found unexpected document indicator");
            }
            if self.mark.index >= self.chars.len() {
                return self.fail("found unexpected end of stream");
            }
            let mut after_escaped_break = false;
            while !is_blankz(self.at(0)) {
                let c = self.at(0);
                if quote == '\'' && c == '\'' && self.at(1) == '\'' {
                    text.push('\'');
                    self.skip();
                    self.skip();
                } else if c == quote {
                    break;
                } else if quote == '"' && c == '\\' && is_break(self.at(1)) {
                    self.skip();
                    self.skip_line();
                    after_escaped_break = true;
                    break;
                } else if quote == '"' && c == '\\' {
                    self.read_escape(&mut text)?;
                } else {
                    text.push(c);
                    self.skip();
                }
            }
            if !after_escaped_break && self.at(0) == quote {
                break;
            }
            self.read_blanks(&mut text, after_escaped_break);
        }
        self.skip();
        self.push(Token::Scalar { text, plain: false }, mark);
        Ok(())
    }

    /// White space inside a quoted scalar: kept within a line, folded over line breaks.
    fn read_blanks(&mut self, text: &mut String, mut leading_blanks: bool) {
        let (mut blanks, mut first, mut more) = (String::new(), String::new(), String::new());
        while is_blank(self.at(0)) || is_break(self.at(0)) {
            if is_blank(self.at(0)) {
                if !leading_blanks {
                    blanks.push(self.at(0));
                }
                self.skip();
            } else if leading_blanks {
                self.read_line(&mut more);
            } else {
                blanks.clear();
                self.read_line(&mut first);
                leading_blanks = true;
            }
        }
        text.push_str(&join_blanks(leading_blanks, &blanks, &first, &more));
    }

    fn read_escape(&mut self, text: &mut String) -> Scan<()> {
        let code_length = match self.at(1) {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            simple => {
                text.push(match simple {
                    '0' => '\0',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    't' | '\t' => '\t',
                    'n' => '\n',
                    'v' => '\u{b}',
                    'f' => '\u{c}',
                    'r' => '\r',
                    'e' => '\u{1b}',
                    ' ' => ' ',
                    '"' => '"',
                    '\'' => '\'',
                    '/' => '/',
                    '\\' => '\\',
                    'N' => '\u{85}',
                    '_' => '\u{a0}',
                    'L' => '\u{2028}',
                    'P' => '\u{2029}',
                    _ => return self.fail("found unknown escape character"),
                });
                self.skip();
                self.skip();
                return Ok(());
            }
        };
        self.skip();
        self.skip();
        let mut code = 0_u32;
        for place in 0..code_length {
            let Some(digit) = self.at(place).to_digit(16) else {
                return self.fail("did not find expected hexdecimal number");
            };
            code = code.wrapping_mul(16).wrapping_add(digit);
        }
        let Some(c) = char::from_u32(code) else {
            return self.fail("found invalid Unicode character escape code");
        };
        text.push(c);
        for _ in 0..code_length {
            self.skip();
        }
        Ok(())
    }

    fn fetch_plain_scalar(&mut self) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let indent = self.indent + 1;
        let mut text = String::new();
        let (mut blanks, mut first, mut more) = (String::new(), String::new(), String::new());
        let mut leading_blanks = false;
        loop {
            if self.document_indicator().is_some() || self.at(0) == '#' {
                break;
            }
            while !is_blankz(self.at(0)) {
                let c = self.at(0);
                if (c == ':' && is_blankz(self.at(1)))
                    || (self.flow_level > 0 && ",?[]{}".contains(c))
                {
                    break;
                }
                if leading_blanks || !blanks.is_empty() {
                    text.push_str(&join_blanks(leading_blanks, &blanks, &first, &more));
                    leading_blanks = false;
                    blanks.clear();
                    first.clear();
                    more.clear();
                }
                text.push(c);
                self.skip();
            }
            if !(is_blank(self.at(0)) || is_break(self.at(0))) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    if leading_blanks && (self.mark.column as isize) < indent && self.at(0) == '\t'
                    {
                        return self.fail("found a tab character that violates indentation");
                    }
                    if !leading_blanks {
                        blanks.push(self.at(0));
                    }
                    self.skip();
                } else if leading_blanks {
                    self.read_line(&mut more);
                } else {
                    blanks.clear();
                    self.read_line(&mut first);
                    leading_blanks = true;
                }
            }
            if self.flow_level == 0 && (self.mark.column as isize) < indent {
                break;
            }
        }
        if leading_blanks {
            self.key_allowed = true;
        }
        self.push(Token::Scalar { text, plain: true }, start);
        Ok(())
    }
}

fn join_blanks(leading_blanks: bool, blanks: &str, first: &str, more: &str) -> String {
    if !leading_blanks {
        blanks.to_owned()
    } else if !first.starts_with('\n') {
        format!("{first}{more}")
    } else if more.is_empty() {
        " ".to_owned()
    } else {
        more.to_owned()
    }
}
