//! Reads words: quotes, parameters, substitutions and arithmetic inside a command's text.

use std::rc::Rc;

use super::ast::{List, Name, Op, Param, Part, ReplaceMode, Word};
use super::parse::{ParseError, Parsed, Parser, is_name_char};

/// Where an unquoted word ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At a blank or an operator.
    Blank,
    /// The same, with `~` understood behind `:` (values of assignments).
    Assigned,
    /// At `}`.
    Brace,
    /// At `/` or `}`.
    Slash,
    /// At a blank outside of brackets (the right side of `=~`).
    Regex,
}

/// Where text that is read as in double quotes ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QuoteEnd {
    Quote,
    /// At `}`.
    Brace,
    /// At `/` or `}`.
    Slash,
    /// At `:` or `}`, outside of brackets and `?:`.
    Colon,
    /// At `]`.
    Bracket,
    /// At this character outside of brackets.
    Arithmetic(char),
    /// At the end of the text.
    Text,
}

/// Collects parts; neighbouring plain text becomes one part.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    text: String,
}

impl Parts {
    fn push(&mut self, part: Part) {
        self.flush();
        match (self.parts.last_mut(), part) {
            (Some(Part::Quoted(last)), Part::Quoted(text)) => last.push_str(&text),
            (_, part) => self.parts.push(part),
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    fn word(mut self) -> Word {
        self.flush();
        Word { parts: self.parts }
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.text.is_empty()
    }
}

/// Adds the text of an end mark to `mark`; `literal` tells whether it was quoted.
pub(super) fn literal_text(part: &Part, mark: &mut String, literal: &mut bool) {
    match part {
        Part::Text(text) => mark.push_str(text),
        Part::Quoted(text) => {
            mark.push_str(text);
            *literal = true;
        }
        Part::Double(parts) => {
            *literal = true;
            for part in parts {
                literal_text(part, mark, literal);
            }
        }
        Part::Tilde(user) => {
            mark.push('~');
            mark.push_str(user);
        }
        Part::Param(_) | Part::Command(_) | Part::Arith(_) | Part::Process => {}
    }
}

impl Parser<'_> {
    /// A word; something must stand here.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        self.unquoted(End::Blank)
    }

    /// The value of an assignment, perhaps empty.
    pub(super) fn assigned_word(&mut self) -> Parsed<Word> {
        self.unquoted(End::Assigned)
    }

    /// The right side of `=~`.
    pub(super) fn regex_word(&mut self) -> Parsed<Word> {
        self.unquoted(End::Regex)
    }

    /// The body of a here-document.
    pub(super) fn here_body(&mut self) -> Parsed<Word> {
        let parts = self.quoted(QuoteEnd::Text)?;
        Ok(Word { parts: vec![Part::Double(parts)] })
    }

    /// A subscript and its `]`.
    pub(super) fn subscript(&mut self) -> Parsed<Word> {
        let parts = self.quoted(QuoteEnd::Bracket)?;
        self.close(']')?;
        Ok(Word { parts })
    }

    /// An arithmetic expression up to and with `))`.
    pub(super) fn arithmetic_body(&mut self) -> Parsed<Word> {
        let parts = self.quoted(QuoteEnd::Arithmetic(')'))?;
        self.close(')')?;
        self.close(')')?;
        Ok(Word { parts })
    }

    /// An arithmetic expression up to and with this character.
    pub(super) fn arithmetic_part(&mut self, end: char) -> Parsed<Word> {
        let parts = self.quoted(QuoteEnd::Arithmetic(end))?;
        self.close(end)?;
        Ok(Word { parts })
    }

    fn close(&mut self, mark: char) -> Parsed<()> {
        if self.peek() == Some(mark) {
            self.at += mark.len_utf8();
            Ok(())
        } else {
            Err(self.incomplete(Some(mark)))
        }
    }

    /// Whether a `((` of which `skip` characters behind the place belong to the mark ends in `))`,
    /// and so is arithmetic rather than a subshell in a subshell.
    pub(super) fn closes_as_arithmetic(&self, skip: usize) -> bool {
        let mut depth = 2;
        let mut quote = None;
        let mut chars = self.left().chars().skip(skip).peekable();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (_, '\\') => {
                    chars.next();
                }
                (Some(open), _) if open == c => {
                    quote = None;
                }
                (None, '\'' | '"') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => {
                    depth -= 1;
                    if depth == 1 {
                        return chars.peek() == Some(&')');
                    }
                }
                _ => {}
            }
        }
        true
    }

    fn unquoted(&mut self, end: End) -> Parsed<Word> {
        self.enter()?;
        let mut parts = Parts::default();
        let mut brackets = 0_u32;
        if matches!(end, End::Blank | End::Assigned | End::Brace) {
            self.tilde(&mut parts);
        }
        while let Some(c) = self.peek() {
            match c {
                '\\' if self.left().starts_with("\\\n") => self.joined_line()?,
                '\\' => {
                    self.at += 1;
                    match self.bump() {
                        Some(c) => parts.push(Part::Quoted(c.to_string())),
                        None => parts.push(Part::Quoted("\\".to_owned())),
                    }
                }
                '\'' => {
                    self.at += 1;
                    parts.push(Part::Quoted(self.single()?));
                }
                '"' => {
                    self.at += 1;
                    parts.push(Part::Double(self.double()?));
                }
                '$' => self.dollar(&mut parts, false)?,
                '`' => {
                    let list = self.backquoted(false)?;
                    parts.push(Part::Command(list));
                }
                '}' if matches!(end, End::Brace | End::Slash) => break,
                '/' if end == End::Slash => break,
                '<' | '>'
                    if end == End::Blank
                        && self.options.bash
                        && parts.is_empty()
                        && self.peek_second() == Some('(') =>
                {
                    self.at += 2;
                    self.substituted()?;
                    parts.push(Part::Process);
                }
                '(' if end == End::Regex => {
                    brackets += 1;
                    parts.text.push(c);
                    self.at += 1;
                }
                ')' if end == End::Regex && brackets > 0 => {
                    brackets -= 1;
                    parts.text.push(c);
                    self.at += 1;
                }
                '|' if end == End::Regex && !self.left().starts_with("||") => {
                    parts.text.push(c);
                    self.at += 1;
                }
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '\r'
                    if matches!(end, End::Blank | End::Assigned | End::Regex) && brackets == 0 =>
                {
                    break;
                }
                '=' if end == End::Blank
                    && self.options.bash
                    && parts.parts.is_empty()
                    && super::parse::is_name(&parts.text) =>
                {
                    parts.text.push(c);
                    self.at += 1;
                    self.tilde(&mut parts);
                }
                ':' if end == End::Assigned => {
                    parts.text.push(c);
                    self.at += 1;
                    self.tilde(&mut parts);
                }
                _ => {
                    parts.text.push(c);
                    self.bump();
                }
            }
        }
        if matches!(end, End::Brace | End::Slash) && self.at_end() {
            return Err(self.incomplete(Some('}')));
        }
        self.leave();
        Ok(parts.word())
    }

    /// `~` or `~user` at this place, if it ends there.
    fn tilde(&mut self, parts: &mut Parts) {
        let Some(behind) = self.left().strip_prefix('~') else { return };
        let end = behind
            .find(|c: char| !(is_name_char(c) || c == '-' || c == '+' || c == '.'))
            .unwrap_or(behind.len());
        let (user, rest) = behind.split_at(end);
        if rest.is_empty()
            || rest.starts_with(['/', ':', ' ', '\t', '\n', ';', '&', '|', '<', '>', ')', '}'])
        {
            let user = user.to_owned();
            self.at += 1 + user.len();
            parts.push(Part::Tilde(user));
        }
    }

    /// The text up to a single quote, behind the opening one.
    fn single(&mut self) -> Parsed<String> {
        let Some(end) = self.left().find('\'') else {
            return Err(self.incomplete(Some('\'')));
        };
        let text = self.left()[..end].to_owned();
        self.line += text.matches('\n').count() as u32;
        self.at += end + 1;
        Ok(text)
    }

    fn double(&mut self) -> Parsed<Vec<Part>> {
        let parts = self.quoted(QuoteEnd::Quote)?;
        self.at += 1;
        Ok(parts)
    }

    /// Reads as inside double quotes, up to but without the end mark.
    fn quoted(&mut self, end: QuoteEnd) -> Parsed<Vec<Part>> {
        self.enter()?;
        let start_line = self.line;
        let mut parts = Parts::default();
        let mut brackets = 0_u32;
        let mut choices = 0_u32;
        loop {
            let Some(c) = self.peek() else {
                let mark = match end {
                    QuoteEnd::Text => break,
                    QuoteEnd::Quote => '"',
                    QuoteEnd::Brace | QuoteEnd::Slash | QuoteEnd::Colon => '}',
                    QuoteEnd::Bracket => ']',
                    QuoteEnd::Arithmetic(mark) => mark,
                };
                return Err(ParseError::Incomplete {
                    line: start_line,
                    quote: Some(mark),
                    expecting: None,
                });
            };
            let nests =
                matches!(end, QuoteEnd::Colon | QuoteEnd::Bracket | QuoteEnd::Arithmetic(_));
            match c {
                '"' if end == QuoteEnd::Quote => break,
                '}' if matches!(end, QuoteEnd::Brace | QuoteEnd::Slash | QuoteEnd::Colon) => break,
                '/' if end == QuoteEnd::Slash => break,
                ':' if end == QuoteEnd::Colon && brackets == 0 && choices == 0 => break,
                ']' if end == QuoteEnd::Bracket && brackets == 0 => break,
                c if end == QuoteEnd::Arithmetic(c) && brackets == 0 => break,
                '\\' => match self.peek_second() {
                    Some('\n') => self.joined_line()?,
                    Some(next)
                        if "$`\\".contains(next)
                            || (next == '"' && end != QuoteEnd::Text)
                            || (next == '}' && end == QuoteEnd::Brace)
                            || (next == '/' && end == QuoteEnd::Slash) =>
                    {
                        parts.text.push(next);
                        self.at += 2;
                    }
                    _ => {
                        parts.text.push('\\');
                        self.at += 1;
                    }
                },
                '$' => self.dollar(&mut parts, true)?,
                '`' => {
                    let list = self.backquoted(end == QuoteEnd::Quote)?;
                    parts.push(Part::Command(list));
                }
                '"' if end != QuoteEnd::Text => {
                    self.at += 1;
                    let inner = self.double()?;
                    parts.push(Part::Double(inner));
                }
                '\'' if end == QuoteEnd::Bracket => {
                    self.at += 1;
                    parts.push(Part::Quoted(self.single()?));
                }
                _ => {
                    match c {
                        '(' | '[' if nests => brackets += 1,
                        ')' | ']' if nests => brackets = brackets.saturating_sub(1),
                        '?' if end == QuoteEnd::Colon => choices += 1,
                        ':' if end == QuoteEnd::Colon => choices = choices.saturating_sub(1),
                        _ => {}
                    }
                    parts.text.push(c);
                    self.bump();
                }
            }
        }
        self.leave();
        parts.flush();
        Ok(parts.parts)
    }

    /// What stands behind a `$`.
    fn dollar(&mut self, parts: &mut Parts, in_quotes: bool) -> Parsed<()> {
        self.at += 1;
        let Some(c) = self.peek() else {
            parts.text.push('$');
            return Ok(());
        };
        match c {
            '\'' if !in_quotes && self.options.extended => {
                self.at += 1;
                let text = self.ansi_quoted()?;
                parts.push(Part::Quoted(text));
            }
            '"' if !in_quotes && self.options.bash => {
                self.at += 1;
                let inner = self.double()?;
                parts.push(Part::Double(inner));
            }
            '(' if self.left().starts_with("((") && self.closes_as_arithmetic(2) => {
                self.at += 2;
                let word = self.arithmetic_body()?;
                parts.push(Part::Arith(Rc::new(word)));
            }
            '(' => {
                self.at += 1;
                let list = self.substituted()?;
                parts.push(Part::Command(list));
            }
            '{' => {
                self.at += 1;
                let param = self.braced(in_quotes)?;
                parts.push(Part::Param(Rc::new(param)));
            }
            c if is_name_char(c) && !c.is_ascii_digit() => {
                let name = self.name();
                parts.push(simple(Name::Var(name)));
            }
            '0' => {
                self.at += 1;
                parts.push(simple(Name::Special('0')));
            }
            c if c.is_ascii_digit() => {
                self.at += 1;
                parts.push(simple(Name::Positional(c as usize - '0' as usize)));
            }
            '@' | '*' | '#' | '?' | '$' | '!' | '-' => {
                self.at += 1;
                parts.push(simple(Name::Special(c)));
            }
            _ => parts.text.push('$'),
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let end = self.left().find(|c: char| !is_name_char(c)).unwrap_or(self.left().len());
        let name = self.left()[..end].to_owned();
        self.at += end;
        name
    }

    /// `${…}` behind its brace.
    fn braced(&mut self, in_quotes: bool) -> Parsed<Param> {
        self.enter()?;
        let start = self.at;
        let param = if let Some(param) = self.braced_inner(in_quotes)? {
            param
        } else {
            // Not a form that we know: its text is reported when it is expanded.
            let Some(end) = self.text[start..].find('}') else {
                return Err(self.incomplete(Some('}')));
            };
            self.at = self.at.max(start + end);
            let Some(end) = self.left().find('}') else {
                return Err(self.incomplete(Some('}')));
            };
            self.at += end + 1;
            let text = format!("${{{}", self.text.get(start..self.at).unwrap_or_default());
            Param { name: Name::Var(String::new()), indirect: false, op: Op::Bad(text) }
        };
        self.leave();
        Ok(param)
    }

    fn braced_inner(&mut self, in_quotes: bool) -> Parsed<Option<Param>> {
        let done = |name, indirect, op| Ok(Some(Param { name, indirect, op }));
        if self.left().starts_with('#') && !self.left().starts_with("#}") {
            let before = self.at;
            self.at += 1;
            if let Some(name) = self.param_name()?
                && self.eat("}")
            {
                return done(name, false, Op::Length);
            }
            self.at = before;
        }
        let mut indirect = false;
        if self.left().starts_with('!') && self.options.bash {
            let next = self.peek_second();
            if next.is_some_and(|c| is_name_char(c) || "@*#".contains(c)) {
                self.at += 1;
                indirect = true;
            }
        }
        let Some(name) = self.param_name()? else { return Ok(None) };
        if indirect {
            if let Name::All { name, star } = name {
                return if self.eat("}") {
                    done(Name::Var(name), false, Op::Keys { star })
                } else {
                    Ok(None)
                };
            }
            for (mark, star) in [("*}", true), ("@}", false)] {
                if self.left().starts_with(mark) && matches!(name, Name::Var(_)) {
                    self.at += 2;
                    return done(name, false, Op::Names { star });
                }
            }
        }
        let Some(op) = self.param_op(in_quotes)? else { return Ok(None) };
        if self.eat("}") {
            done(name, indirect, op)
        } else if self.at_end() {
            Err(self.incomplete(Some('}')))
        } else {
            Ok(None)
        }
    }

    fn param_name(&mut self) -> Parsed<Option<Name>> {
        let Some(c) = self.peek() else { return Err(self.incomplete(Some('}'))) };
        if c.is_ascii_digit() {
            let end = self.left().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.left().len());
            let number = self.left()[..end].parse().unwrap_or(usize::MAX);
            self.at += end;
            return Ok(Some(if number == 0 {
                Name::Special('0')
            } else {
                Name::Positional(number)
            }));
        }
        if "@*#?$!-".contains(c) {
            self.at += 1;
            return Ok(Some(Name::Special(c)));
        }
        if !is_name_char(c) {
            return Ok(None);
        }
        let name = self.name();
        if !self.options.bash || !self.left().starts_with('[') {
            return Ok(Some(Name::Var(name)));
        }
        for (mark, star) in [("[@]", false), ("[*]", true)] {
            if self.eat(mark) {
                return Ok(Some(Name::All { name, star }));
            }
        }
        self.at += 1;
        let index = self.subscript()?;
        Ok(Some(Name::Element(name, index)))
    }

    fn param_op(&mut self, in_quotes: bool) -> Parsed<Option<Op>> {
        let Some(c) = self.peek() else { return Err(self.incomplete(Some('}'))) };
        let colon = c == ':' && self.peek_second().is_some_and(|c| "-=?+".contains(c));
        if colon || "-=?+".contains(c) {
            let kind = if colon { self.peek_second() } else { Some(c) };
            self.at += 1 + usize::from(colon);
            let word = self.brace_word(in_quotes)?;
            return Ok(Some(match kind {
                Some('-') => Op::Default { colon, word },
                Some('=') => Op::AssignDefault { colon, word },
                Some('?') => Op::Error { colon, word },
                _ => Op::Alternative { colon, word },
            }));
        }
        match c {
            '}' => Ok(Some(Op::None)),
            '#' | '%' => {
                self.at += 1;
                let longest = self.peek() == Some(c);
                self.at += usize::from(longest);
                let pattern = self.unquoted(End::Brace)?;
                Ok(Some(Op::Trim { suffix: c == '%', longest, pattern }))
            }
            ':' if self.options.extended => {
                self.at += 1;
                let offset = Word { parts: self.quoted(QuoteEnd::Colon)? };
                let length = if self.eat(":") {
                    Some(Word { parts: self.quoted(QuoteEnd::Brace)? })
                } else {
                    None
                };
                Ok(Some(Op::Slice { offset, length }))
            }
            '/' if self.options.extended => {
                self.at += 1;
                let mode = match self.peek() {
                    Some('/') => ReplaceMode::All,
                    Some('#') => ReplaceMode::Prefix,
                    Some('%') => ReplaceMode::Suffix,
                    _ => ReplaceMode::First,
                };
                self.at += usize::from(mode != ReplaceMode::First);
                let pattern = self.unquoted(End::Slash)?;
                let with =
                    if self.eat("/") { self.brace_word(in_quotes)? } else { Word::default() };
                Ok(Some(Op::Replace { mode, pattern, with }))
            }
            '^' | ',' if self.options.bash => {
                self.at += 1;
                let all = self.peek() == Some(c);
                self.at += usize::from(all);
                let pattern = self.unquoted(End::Brace)?;
                Ok(Some(Op::Case { upper: c == '^', all, pattern }))
            }
            '@' if self.options.bash => {
                self.at += 1;
                let Some(op) = self.bump() else { return Err(self.incomplete(Some('}'))) };
                Ok("QEPAaUuLKk".contains(op).then_some(Op::Transform(op)))
            }
            _ => Ok(None),
        }
    }

    /// The word of `${a:-word}`.
    fn brace_word(&mut self, in_quotes: bool) -> Parsed<Word> {
        if in_quotes {
            Ok(Word { parts: self.quoted(QuoteEnd::Brace)? })
        } else {
            self.unquoted(End::Brace)
        }
    }

    /// The list of a backquoted substitution, from its opening mark to behind its closing one.
    fn backquoted(&mut self, in_quotes: bool) -> Parsed<Rc<List>> {
        self.enter()?;
        let line = self.line;
        self.at += 1;
        let mut inner = String::new();
        loop {
            match self.bump() {
                None => {
                    return Err(ParseError::Incomplete { line, quote: Some('`'), expecting: None });
                }
                Some('`') => break,
                Some('\\') => match self.bump() {
                    Some(c) if "$`\\".contains(c) || (c == '"' && in_quotes) => inner.push(c),
                    Some(c) => {
                        inner.push('\\');
                        inner.push(c);
                    }
                    None => {}
                },
                Some(c) => inner.push(c),
            }
        }
        let options = super::parse::Options { last: true, ..self.options };
        let mut parser = Parser::new(&inner, line, options);
        parser.depth = self.depth;
        let mut list = List::default();
        // Depth is not zero here, so that closing words are seen; they are errors all the same.
        while let Some(more) = parser.next_line()? {
            list.items.extend(more.items);
        }
        self.leave();
        Ok(Rc::new(list))
    }

    /// The text of `$'…'` behind its opening quote.
    fn ansi_quoted(&mut self) -> Parsed<String> {
        let mut bytes = Vec::new();
        loop {
            match self.bump() {
                None => return Err(self.incomplete(Some('\''))),
                Some('\'') => break,
                Some('\\') => {
                    let rest = self.left();
                    let (escape, used) = escape(rest, Escapes::Quotes);
                    bytes.extend_from_slice(&escape);
                    self.at += used;
                }
                Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn simple(name: Name) -> Part {
    Part::Param(Rc::new(Param { name, indirect: false, op: Op::None }))
}

/// Who asks for an escape: they differ in how octal numbers and quotes are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `$'…'`: `\nnn`, `\'`, `\"`, `\cX`.
    Quotes,
    /// `echo -e` and `printf %b`: `\0nnn`.
    Echo,
    /// A `printf` format: `\nnn`, `\"`.
    Printf,
}

/// The bytes that the text behind a backslash means, and how many bytes of text that took.
/// What is no escape stands for itself with its backslash.
pub(crate) fn escape(rest: &str, style: Escapes) -> (Vec<u8>, usize) {
    let Some(c) = rest.chars().next() else { return (vec![b'\\'], 0) };
    let plain = |byte: u8| (vec![byte], 1);
    match c {
        'a' => plain(7),
        'b' => plain(8),
        'e' | 'E' => plain(27),
        'f' => plain(12),
        'n' => plain(b'\n'),
        'r' => plain(b'\r'),
        't' => plain(b'\t'),
        'v' => plain(11),
        '\\' => plain(b'\\'),
        '\'' | '?' if style == Escapes::Quotes => plain(c as u8),
        '"' if style != Escapes::Echo => plain(b'"'),
        'c' if style == Escapes::Quotes && rest.len() > 1 => {
            let control = rest.as_bytes()[1];
            if control.is_ascii() { (vec![control & 0x1f], 2) } else { (b"\\c".to_vec(), 1) }
        }
        '0'..='7' if style != Escapes::Echo || c == '0' => {
            let digits = &rest[usize::from(style == Escapes::Echo)..];
            let len = digits.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let value = u32::from_str_radix(&digits[..len], 8).unwrap_or(0);
            (vec![value as u8], len + usize::from(style == Escapes::Echo))
        }
        'x' | 'u' | 'U' => {
            let most = match c {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let digits = &rest[1..];
            let len = digits.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
            let Ok(value) = u32::from_str_radix(&digits[..len], 16) else {
                return (vec![b'\\', c as u8], 1);
            };
            if c == 'x' {
                return (vec![value as u8], 1 + len);
            }
            let c = char::from_u32(value).unwrap_or('\u{fffd}');
            (c.to_string().into_bytes(), 1 + len)
        }
        _ => {
            let mut bytes = vec![b'\\'];
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            (bytes, c.len_utf8())
        }
    }
}
