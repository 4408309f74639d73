//! Reads shell text into the tree of [`super::ast`]: bash's grammar, or the smaller one of `sh`.
//!
//! Written by hand rather than taken from a parser generator's grammar, because it must answer every
//! input in time proportional to its length and with bounded recursion: a deep nest is an error, never
//! an overflowing stack.

use crate::base::ordered::OrdMap;
use std::cell::OnceCell;
use std::rc::Rc;

use super::ast::{
    Arg, ArmEnd, Assign, CaseArm, Chain, Command, Item, Join, Kind, List, Pipeline, Redirect,
    RedirectKind, Test, Value, Word,
};

/// The longest text that is parsed at once, in bytes.
pub(crate) const MAX_TEXT: usize = 256 * 1024;

/// How deep commands, substitutions and quotes may stand in one another.
const MAX_DEPTH: u32 = 200;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// The text ends too early. `quote` is the mark that is still open.
    Incomplete { line: u32, quote: Option<char>, expecting: Option<&'static str> },
    /// A word or operator stands where it must not.
    Unexpected { line: u32, token: String, expecting: Option<&'static str> },
    /// Nested deeper than we follow.
    TooDeep { line: u32 },
    /// Longer than [`MAX_TEXT`].
    TooLong,
}

/// The longest subscript, in characters.
const MAX_SUBSCRIPT: usize = 1000;

pub(super) type Parsed<T> = Result<T, ParseError>;

/// What the parser needs to know about the shell.
#[derive(Clone, Copy)]
pub(crate) struct Options<'a> {
    /// bash's extensions are understood.
    pub(crate) bash: bool,
    /// Those of them that busybox has too are understood.
    pub(crate) extended: bool,
    /// No more text will follow: a here-document may end with it.
    pub(crate) last: bool,
    /// Replaced where a command name stands.
    pub(crate) aliases: Option<&'a OrdMap<String, String>>,
}

/// A place in a text.
pub(crate) struct Parser<'a> {
    pub(super) text: String,
    pub(super) at: usize,
    pub(super) line: u32,
    pub(super) depth: u32,
    pub(super) options: Options<'a>,
    /// Here-documents whose bodies begin at the next newline.
    pending: Vec<Pending>,
    /// Aliases being replaced, with the place behind their text counted from the text's end.
    active: Vec<(String, usize)>,
    /// A place (counted from the end) at which the next word may be an alias too.
    alias_next: Option<usize>,
    /// End marks of here-documents that the text's end replaced, with their lines.
    pub(crate) unended: Vec<(u32, String)>,
}

struct Pending {
    mark: String,
    strip_tabs: bool,
    literal: bool,
    line: u32,
    body: Rc<OnceCell<Word>>,
}

const DECLARATIONS: [&str; 6] = ["export", "local", "declare", "typeset", "readonly", "alias"];

const OPERATORS: [&str; 26] = [
    ";;&", "&>>", "<<<", "<<-", "&&", "||", ";;", ";&", "&>", "|&", "<<", "<&", "<>", "<(", ">>",
    ">&", ">|", ">(", "&", "|", ";", "<", ">", "(", ")", "\n",
];

impl<'a> Parser<'a> {
    /// At the beginning of a text whose first line has this number.
    pub(crate) fn new(text: &str, line: u32, options: Options<'a>) -> Parser<'a> {
        Parser {
            text: text.to_owned(),
            at: 0,
            line,
            depth: 0,
            options,
            pending: Vec::new(),
            active: Vec::new(),
            alias_next: None,
            unended: Vec::new(),
        }
    }

    /// The text behind the last command read.
    pub(crate) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// The number of the line at which the rest begins.
    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    /// Reads the commands of the next line that has any, with its here-documents; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Parsed<Option<List>> {
        if self.text.len() > MAX_TEXT {
            return Err(ParseError::TooLong);
        }
        self.linebreak()?;
        if self.at_end() {
            return Ok(None);
        }
        let list = self.list(true)?;
        self.blank()?;
        if !self.at_end() && !self.eat("\n") {
            return Err(self.unexpected(None));
        }
        self.here_documents()?;
        Ok(Some(list))
    }

    // --- characters ---

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(super) fn left(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.left().chars().next()
    }

    pub(super) fn peek_second(&self) -> Option<char> {
        self.left().chars().nth(1)
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.left().starts_with(text);
        if found {
            self.at += text.len();
            self.line += text.matches('\n').count() as u32;
        }
        found
    }

    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ParseError::TooDeep { line: self.line });
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn incomplete(&self, quote: Option<char>) -> ParseError {
        ParseError::Incomplete { line: self.line, quote, expecting: None }
    }

    fn unexpected(&self, expecting: Option<&'static str>) -> ParseError {
        if self.at_end() {
            return ParseError::Incomplete { line: self.line, quote: None, expecting };
        }
        let token = match self.operator() {
            Some("\n") => "newline".to_owned(),
            Some("<(") => "<".to_owned(),
            Some(">(") => ">".to_owned(),
            Some(op) => op.to_owned(),
            None => {
                let end = self
                    .left()
                    .find(|c: char| " \t\n;&|<>()".contains(c))
                    .unwrap_or(self.left().len());
                self.left()[..end].to_owned()
            }
        };
        ParseError::Unexpected { line: self.line, token, expecting }
    }

    /// The operator at this place.
    fn operator(&self) -> Option<&'static str> {
        OPERATORS
            .iter()
            .copied()
            .filter(|op| self.options.bash || !matches!(*op, ";;&" | ";&" | "|&" | "<(" | ">("))
            .filter(|op| self.options.extended || !matches!(*op, "&>" | "&>>" | "<<<"))
            .find(|op| self.left().starts_with(op))
    }

    /// Skips blanks, joined lines and a comment.
    fn blank(&mut self) -> Parsed<()> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => {
                    self.at += 1;
                }
                Some('\\') if self.left().starts_with("\\\n") => self.joined_line()?,
                Some('#') => {
                    let end = self.left().find('\n').unwrap_or(self.left().len());
                    self.at += end;
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Skips a backslash with its newline.
    pub(super) fn joined_line(&mut self) -> Parsed<()> {
        self.at += 2;
        self.line += 1;
        if self.at_end() && !self.options.last {
            return Err(self.incomplete(None));
        }
        Ok(())
    }

    /// Skips blanks and newlines; bodies of here-documents are taken on the way.
    fn linebreak(&mut self) -> Parsed<()> {
        loop {
            self.blank()?;
            if !self.eat("\n") {
                return Ok(());
            }
            self.here_documents()?;
        }
    }

    fn here_documents(&mut self) -> Parsed<()> {
        for doc in std::mem::take(&mut self.pending) {
            let start_line = self.line;
            let mut body = String::new();
            loop {
                if self.at_end() {
                    if !self.options.last {
                        return Err(self.incomplete(None));
                    }
                    self.unended.push((doc.line, doc.mark.clone()));
                    break;
                }
                let rest = self.left();
                let (line, used) = match rest.find('\n') {
                    Some(end) => (&rest[..end], end + 1),
                    None => (rest, rest.len()),
                };
                let line = if doc.strip_tabs { line.trim_start_matches('\t') } else { line };
                let ends = line == doc.mark;
                if !ends {
                    body.push_str(line);
                    body.push('\n');
                }
                self.at += used;
                self.line += 1;
                if ends {
                    break;
                }
            }
            let word = if doc.literal {
                Word::quoted(body)
            } else {
                let mut inner = Parser::new(&body, start_line, self.options);
                inner.depth = self.depth;
                inner.here_body()?
            };
            // Set once: each redirection has its own cell.
            let _ = doc.body.set(word);
        }
        Ok(())
    }

    // --- lists ---

    /// A list up to the end of the line (`one_line`), or up to a closing word or bracket.
    fn list(&mut self, one_line: bool) -> Parsed<List> {
        let mut list = List::default();
        loop {
            if one_line {
                self.blank()?;
            } else {
                self.linebreak()?;
            }
            if self.at_end() || self.closes(one_line) {
                return Ok(list);
            }
            let start = self.at;
            let chain = self.chain()?;
            // An alias may have changed the text between, but not where it begins.
            let text = self.text.get(start..self.at).unwrap_or_default().trim_end().to_owned();
            self.blank()?;
            let mut background = false;
            let mut more = true;
            match self.operator() {
                Some("&") => {
                    self.eat("&");
                    background = true;
                }
                Some(";") => {
                    self.eat(";");
                }
                Some("\n") if !one_line => {}
                _ => more = false,
            }
            list.items.push(Item { chain: Rc::new(chain), background, text: text.into() });
            if !more {
                return Ok(list);
            }
        }
    }

    /// Whether a list ends here.
    fn closes(&self, one_line: bool) -> bool {
        match self.operator() {
            Some(")" | ";;" | ";&" | ";;&") => !one_line || self.depth > 0,
            Some("\n") => one_line,
            Some(_) => false,
            None => {
                self.depth > 0
                    && matches!(
                        self.reserved(),
                        "then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}"
                    )
            }
        }
    }

    /// The list inside a compound command; it must have a command.
    fn body(&mut self, expecting: &'static str) -> Parsed<Rc<List>> {
        self.enter()?;
        let list = self.list(false)?;
        self.leave();
        if list.items.is_empty() {
            return Err(self.unexpected(Some(expecting)));
        }
        Ok(Rc::new(list))
    }

    fn chain(&mut self) -> Parsed<Chain> {
        let first = Rc::new(self.pipeline()?);
        let mut rest = Vec::new();
        loop {
            self.blank()?;
            let join = match self.operator() {
                Some("&&") => Join::And,
                Some("||") => Join::Or,
                _ => return Ok(Chain { first, rest }),
            };
            self.at += 2;
            self.linebreak()?;
            rest.push((join, Rc::new(self.pipeline()?)));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut pipeline = Pipeline { negate: false, timed: false, commands: Vec::new() };
        let mut prefixed = false;
        loop {
            self.blank()?;
            match self.reserved() {
                "!" => {
                    self.at += 1;
                    pipeline.negate = !pipeline.negate;
                }
                "time" => {
                    self.at += 4;
                    pipeline.timed = true;
                    self.blank()?;
                    if self.reserved() == "-p" {
                        self.at += 2;
                    }
                }
                _ => break,
            }
            prefixed = true;
        }
        let ends = self.at_end() || matches!(self.operator(), Some("\n" | ";" | "&"));
        if prefixed && ends {
            return Ok(pipeline);
        }
        loop {
            let mut command = self.command()?;
            self.blank()?;
            match self.operator() {
                Some("|") => self.at += 1,
                Some("|&") => {
                    self.at += 2;
                    let word = Word { parts: vec![super::ast::Part::Text("1".to_owned())] };
                    let kind = RedirectKind::Dup { word, output: true };
                    command.redirects.push(Redirect { fd: Some(2), kind });
                }
                _ => {
                    pipeline.commands.push(Rc::new(command));
                    return Ok(pipeline);
                }
            }
            pipeline.commands.push(Rc::new(command));
            self.linebreak()?;
        }
    }

    /// The characters up to the next blank or operator if none of them is quoted or expanded.
    fn reserved(&self) -> &str {
        let left = self.left();
        let end = left.find(|c: char| " \t\r\n;&|<>()\\'\"$`".contains(c)).unwrap_or(left.len());
        match left[end..].chars().next() {
            Some('\\') if left[end..].starts_with("\\\n") => &left[..end],
            Some('\\' | '\'' | '"' | '$' | '`') => "",
            _ => &left[..end],
        }
    }

    fn expect_word(&mut self, word: &'static str) -> Parsed<()> {
        self.linebreak()?;
        if self.reserved() == word {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.unexpected(Some(word)))
        }
    }

    // --- commands ---

    fn command(&mut self) -> Parsed<Command> {
        self.enter()?;
        self.blank()?;
        self.alias()?;
        let line = self.line;
        let kind = self.kind()?;
        let mut command = Command { kind, redirects: Vec::new(), line };
        if let Kind::Simple { .. } = command.kind {
            self.simple(&mut command)?;
        } else if !matches!(command.kind, Kind::Function { .. }) {
            loop {
                self.blank()?;
                match self.redirect()? {
                    Some(redirect) => command.redirects.push(redirect),
                    None => break,
                }
            }
        }
        self.leave();
        Ok(command)
    }

    /// Reads a compound command; an empty simple command stands for "not one".
    fn kind(&mut self) -> Parsed<Kind> {
        let simple = Kind::Simple { assigns: Vec::new(), args: Vec::new() };
        if self.left().starts_with("((") && self.options.bash && self.closes_as_arithmetic(2) {
            self.at += 2;
            return Ok(Kind::Arith(self.arithmetic_body()?));
        }
        if self.eat("(") {
            let list = self.body(")")?;
            self.close_bracket()?;
            return Ok(Kind::Subshell(list));
        }
        match self.reserved() {
            "{" => {
                self.at += 1;
                let list = self.body("}")?;
                self.expect_word("}")?;
                Ok(Kind::Group(list))
            }
            "if" => self.if_clause(),
            "for" => self.for_clause(),
            "while" => self.while_clause(false),
            "until" => self.while_clause(true),
            "case" => self.case_clause(),
            "function" if self.options.extended => {
                let start = self.at;
                self.at += "function".len();
                self.blank()?;
                let name = self.reserved().to_owned();
                if name.is_empty() {
                    return Err(self.unexpected(None));
                }
                self.at += name.len();
                self.blank()?;
                if self.eat("(") {
                    self.close_bracket()?;
                }
                self.function(&name, start)
            }
            "[[" if self.options.extended => {
                self.at += 2;
                self.enter()?;
                let test = self.test_or()?;
                self.leave();
                self.test_blank()?;
                if self.reserved() != "]]" {
                    return Err(self.unexpected(Some("]]")));
                }
                self.at += 2;
                Ok(Kind::Test(test))
            }
            "select" if self.options.bash => self.not_simulated("select"),
            "coproc" if self.options.bash => self.not_simulated("coproc"),
            "then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}" => {
                Err(self.unexpected(None))
            }
            _ => Ok(simple),
        }
    }

    /// Skips the line of a form that is refused.
    fn not_simulated(&mut self, what: &'static str) -> Parsed<Kind> {
        let end = self.left().find('\n').unwrap_or(self.left().len());
        self.at += end;
        Ok(Kind::NotSimulated(what))
    }

    fn close_bracket(&mut self) -> Parsed<()> {
        self.linebreak()?;
        if self.eat(")") { Ok(()) } else { Err(self.unexpected(Some(")"))) }
    }

    fn if_clause(&mut self) -> Parsed<Kind> {
        self.at += 2;
        let mut arms = Vec::new();
        loop {
            let test = self.body("then")?;
            self.expect_word("then")?;
            let body = self.body("fi")?;
            arms.push((test, body));
            self.linebreak()?;
            match self.reserved() {
                "elif" => self.at += 4,
                "else" => {
                    self.at += 4;
                    let otherwise = Some(self.body("fi")?);
                    self.expect_word("fi")?;
                    return Ok(Kind::If { arms, otherwise });
                }
                _ => {
                    self.expect_word("fi")?;
                    return Ok(Kind::If { arms, otherwise: None });
                }
            }
        }
    }

    fn do_group(&mut self) -> Parsed<Rc<List>> {
        self.linebreak()?;
        if self.options.bash && self.reserved() == "{" {
            self.at += 1;
            let body = self.body("}")?;
            self.expect_word("}")?;
            return Ok(body);
        }
        self.expect_word("do")?;
        let body = self.body("done")?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn while_clause(&mut self, until: bool) -> Parsed<Kind> {
        self.at += 5;
        let test = self.body("do")?;
        self.expect_word("do")?;
        let body = self.body("done")?;
        self.expect_word("done")?;
        Ok(Kind::While { until, test, body })
    }

    fn for_clause(&mut self) -> Parsed<Kind> {
        self.at += 3;
        self.blank()?;
        if self.options.bash && self.eat("((") {
            let init = self.arithmetic_part(';')?;
            let test = self.arithmetic_part(';')?;
            let next = self.arithmetic_body()?;
            self.blank()?;
            self.eat(";");
            let body = self.do_group()?;
            return Ok(Kind::ArithFor { init, test, next, body });
        }
        let name = self.reserved().to_owned();
        if !is_name(&name) {
            return Err(self.unexpected(None));
        }
        self.at += name.len();
        self.linebreak()?;
        let words = if self.reserved() == "in" {
            self.at += 2;
            let mut words = Vec::new();
            loop {
                self.blank()?;
                match self.operator() {
                    Some("\n" | ";") => break,
                    Some("<(" | ">(") | None if !self.at_end() => words.push(self.word()?),
                    _ => return Err(self.unexpected(None)),
                }
            }
            self.at += usize::from(!self.left().starts_with('\n'));
            Some(words)
        } else {
            self.eat(";");
            None
        };
        let body = self.do_group()?;
        Ok(Kind::For { name: name.into(), words, body })
    }

    fn case_clause(&mut self) -> Parsed<Kind> {
        self.at += 4;
        self.blank()?;
        if self.at_end() || self.operator().is_some() {
            return Err(self.unexpected(None));
        }
        let word = self.word()?;
        self.expect_word("in")?;
        let mut arms = Vec::new();
        loop {
            self.linebreak()?;
            if self.reserved() == "esac" {
                self.at += 4;
                return Ok(Kind::Case { word, arms });
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.blank()?;
                if self.at_end() || self.operator().is_some() {
                    return Err(self.unexpected(Some(")")));
                }
                patterns.push(self.word()?);
                self.blank()?;
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                return Err(self.unexpected(Some(")")));
            }
            self.enter()?;
            let body = Rc::new(self.list(false)?);
            self.leave();
            let end = match self.operator() {
                Some(";;&") => ArmEnd::Next,
                Some(";&") => ArmEnd::Fall,
                Some(";;") => ArmEnd::Stop,
                _ => {
                    arms.push(CaseArm { patterns, body, end: ArmEnd::Stop });
                    self.expect_word("esac")?;
                    return Ok(Kind::Case { word, arms });
                }
            };
            self.at += if end == ArmEnd::Next { 3 } else { 2 };
            arms.push(CaseArm { patterns, body, end });
        }
    }

    fn function(&mut self, name: &str, start: usize) -> Parsed<Kind> {
        self.linebreak()?;
        let body = self.command()?;
        if matches!(body.kind, Kind::Simple { .. }) {
            return Err(self.unexpected(None));
        }
        let text = self.text.get(start..self.at).unwrap_or_default().trim().to_owned();
        Ok(Kind::Function { name: name.into(), body: Rc::new(body), text: text.into() })
    }

    /// Replaces an alias that stands where a command begins.
    fn alias(&mut self) -> Parsed<()> {
        let Some(aliases) = self.options.aliases else { return Ok(()) };
        loop {
            let behind = self.text.len() - self.at;
            self.active.retain(|(_, end)| *end < behind);
            let name = self.reserved().to_owned();
            let Some(value) = aliases.get(&name) else { return Ok(()) };
            if self.active.iter().any(|(active, _)| *active == name) {
                return Ok(());
            }
            let end = self.at + name.len();
            self.text.replace_range(self.at..end, value);
            if self.text.len() > MAX_TEXT {
                return Err(ParseError::TooLong);
            }
            let end_of_value = self.text.len() - self.at - value.len();
            self.active.push((name, end_of_value));
            if value.ends_with([' ', '\t']) {
                self.alias_next = Some(end_of_value);
            }
            self.blank()?;
        }
    }

    /// Reads the words of a simple command.
    fn simple(&mut self, command: &mut Command) -> Parsed<()> {
        let start = self.at;
        let Kind::Simple { assigns, args } = &mut command.kind else { return Ok(()) };
        let mut declares = false;
        loop {
            self.blank()?;
            if let Some(behind) = self.alias_next {
                let here = self.text.len() - self.at;
                if here <= behind {
                    self.alias_next = None;
                    if !args.is_empty() {
                        self.alias()?;
                    }
                }
            }
            if let Some(redirect) = self.redirect()? {
                command.redirects.push(redirect);
                continue;
            }
            if self.at_end() {
                break;
            }
            match self.operator() {
                Some("<(" | ">(") | None => {}
                Some("(") => {
                    if let ([Arg::Word(word)], true) = (args.as_slice(), assigns.is_empty())
                        && let Some(name) = word.plain()
                        && command.redirects.is_empty()
                    {
                        let name = name.to_owned();
                        self.at += 1;
                        self.blank()?;
                        if !self.eat(")") {
                            return Err(self.unexpected(Some(")")));
                        }
                        command.kind = self.function(&name, start)?;
                        return Ok(());
                    }
                    return Err(self.unexpected(None));
                }
                Some(_) => break,
            }
            if (args.is_empty() || declares)
                && let Some(assign) = self.assignment()?
            {
                if args.is_empty() {
                    assigns.push(assign);
                } else {
                    args.push(Arg::Assign(assign));
                }
                continue;
            }
            let word = self.word()?;
            if args.is_empty() {
                declares = word.plain().is_some_and(|name| DECLARATIONS.contains(&name));
            }
            args.push(Arg::Word(word));
        }
        if assigns.is_empty() && args.is_empty() && command.redirects.is_empty() {
            return Err(self.unexpected(None));
        }
        Ok(())
    }

    /// `name=…`, `name+=…`, `name[…]=…` at this place.
    fn assignment(&mut self) -> Parsed<Option<Assign>> {
        let left = self.left();
        let end = left.find(|c: char| !is_name_char(c)).unwrap_or(left.len());
        let name = &left[..end];
        if !is_name(name) {
            return Ok(None);
        }
        let name: Rc<str> = name.into();
        let behind = &left[end..];
        let (index, append) = if behind.starts_with('=') {
            self.at += end + 1;
            (None, false)
        } else if behind.starts_with("+=") && self.options.bash {
            self.at += end + 2;
            (None, true)
        } else if behind.starts_with('[') && self.options.bash {
            let Some(close) = matching_bracket(behind) else { return Ok(None) };
            let append = behind[close..].starts_with("]+=");
            if !append && !behind[close..].starts_with("]=") {
                return Ok(None);
            }
            self.at += end + 1;
            let index = self.subscript()?;
            self.at += if append { 2 } else { 1 };
            (Some(index), append)
        } else {
            return Ok(None);
        };
        let value = if self.options.bash && index.is_none() && self.eat("(") {
            Value::Array(self.array_elements()?)
        } else {
            Value::Word(self.assigned_word()?)
        };
        Ok(Some(Assign { name, index, append, value }))
    }

    fn array_elements(&mut self) -> Parsed<Vec<(Option<Word>, Word)>> {
        let mut elements = Vec::new();
        loop {
            self.linebreak()?;
            if self.eat(")") {
                return Ok(elements);
            }
            if self.at_end() || !matches!(self.operator(), None | Some("<(" | ">(")) {
                return Err(self.unexpected(Some(")")));
            }
            let keyed = self.left().starts_with('[')
                && matching_bracket(self.left())
                    .is_some_and(|close| self.left()[close..].starts_with("]="));
            let index = if keyed {
                self.at += 1;
                let index = self.subscript()?;
                self.at += 1;
                Some(index)
            } else {
                None
            };
            let word = if keyed { self.assigned_word()? } else { self.word()? };
            elements.push((index, word));
        }
    }

    /// A redirection at this place.
    fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let digits = self.left().bytes().take_while(u8::is_ascii_digit).count();
        let behind = &self.left()[digits..];
        let both = digits == 0 && self.options.extended && behind.starts_with("&>");
        if !behind.starts_with(['<', '>']) && !both {
            return Ok(None);
        }
        let start = self.at;
        let number = &self.left()[..digits];
        let fd = match number.parse::<u32>() {
            Ok(fd) => Some(fd),
            // A number that no descriptor can have is a word.
            Err(_) if digits > 0 => return Ok(None),
            Err(_) => None,
        };
        self.at += digits;
        let Some(op) = self.operator() else { return Ok(None) };
        if matches!(op, "<(" | ">(") {
            self.at = start;
            return Ok(None);
        }
        self.at += op.len();
        let strip_tabs = op == "<<-";
        self.blank()?;
        if self.at_end() || !matches!(self.operator(), None | Some("<(" | ">(")) {
            return Err(self.unexpected(None));
        }
        if matches!(op, "<<" | "<<-") {
            return Ok(Some(Redirect { fd, kind: self.here(strip_tabs)? }));
        }
        let word = self.word()?;
        let kind = match op {
            "<" => RedirectKind::Read(word),
            ">" => RedirectKind::Write(word, false),
            ">|" => RedirectKind::Write(word, true),
            ">>" => RedirectKind::Append(word),
            "<>" => RedirectKind::ReadWrite(word),
            "<&" => RedirectKind::Dup { word, output: false },
            ">&" => RedirectKind::Dup { word, output: true },
            "&>" => RedirectKind::Both(word, false),
            "&>>" => RedirectKind::Both(word, true),
            _ => RedirectKind::HereString(word),
        };
        Ok(Some(Redirect { fd, kind }))
    }

    fn here(&mut self, strip_tabs: bool) -> Parsed<RedirectKind> {
        let line = self.line;
        let word = self.word()?;
        let mut mark = String::new();
        let mut literal = false;
        for part in &word.parts {
            super::words::literal_text(part, &mut mark, &mut literal);
        }
        let body = Rc::new(OnceCell::new());
        self.pending.push(Pending { mark, strip_tabs, literal, line, body: body.clone() });
        Ok(RedirectKind::Here(body))
    }

    // --- [[ ]] ---

    fn test_blank(&mut self) -> Parsed<()> {
        self.linebreak()
    }

    fn test_or(&mut self) -> Parsed<Test> {
        let mut terms = vec![self.test_and()?];
        self.test_blank()?;
        while self.eat("||") {
            terms.push(self.test_and()?);
            self.test_blank()?;
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Test::Or(terms) })
    }

    fn test_and(&mut self) -> Parsed<Test> {
        let mut terms = vec![self.test_not()?];
        self.test_blank()?;
        while self.eat("&&") {
            terms.push(self.test_not()?);
            self.test_blank()?;
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Test::And(terms) })
    }

    fn test_not(&mut self) -> Parsed<Test> {
        let mut negate = false;
        self.test_blank()?;
        while self.reserved() == "!" {
            self.at += 1;
            negate = !negate;
            self.test_blank()?;
        }
        let test = self.test_primary()?;
        Ok(if negate { Test::Not(Box::new(test)) } else { test })
    }

    fn test_primary(&mut self) -> Parsed<Test> {
        if self.eat("(") {
            self.enter()?;
            let test = self.test_or()?;
            self.leave();
            self.test_blank()?;
            if !self.eat(")") {
                return Err(self.unexpected(Some(")")));
            }
            return Ok(test);
        }
        if self.at_end() || self.operator().is_some() || self.reserved() == "]]" {
            return Err(self.unexpected(None));
        }
        let unary = self.reserved().to_owned();
        if unary.len() == 2
            && unary.starts_with('-')
            && "abcdefghknoprstuvwxzGLNORS".contains(&unary[1..])
        {
            self.at += 2;
            self.blank()?;
            if self.at_end() {
                return Err(self.unexpected(None));
            }
            if self.operator().is_some() || self.reserved() == "]]" {
                return Ok(Test::Word(Word::quoted(unary)));
            }
            return Ok(Test::Unary(unary, self.word()?));
        }
        let left = self.word()?;
        self.test_blank()?;
        let op = match self.operator() {
            Some(op @ ("<" | ">")) => op.to_owned(),
            _ => self.reserved().to_owned(),
        };
        let known = matches!(
            op.as_str(),
            "=" | "=="
                | "!="
                | "=~"
                | "<"
                | ">"
                | "-eq"
                | "-ne"
                | "-lt"
                | "-le"
                | "-gt"
                | "-ge"
                | "-nt"
                | "-ot"
                | "-ef"
        );
        if !known {
            return Ok(Test::Word(left));
        }
        self.at += op.len();
        self.test_blank()?;
        if self.at_end() {
            return Err(self.unexpected(None));
        }
        let right = if op == "=~" {
            self.regex_word()?
        } else if self.operator().is_some() {
            return Err(self.unexpected(None));
        } else {
            self.word()?
        };
        Ok(Test::Binary(left, op, right))
    }

    /// The list of a `$(…)`, up to and with its bracket.
    pub(super) fn substituted(&mut self) -> Parsed<Rc<List>> {
        self.enter()?;
        // A here-document that is still open belongs to the outer line.
        let outer = std::mem::take(&mut self.pending);
        let list = self.list(false)?;
        self.linebreak()?;
        if self.at_end() {
            return Err(ParseError::Incomplete {
                line: self.line,
                quote: Some(')'),
                expecting: None,
            });
        }
        if !self.eat(")") {
            return Err(self.unexpected(Some(")")));
        }
        self.pending.splice(0..0, outer);
        self.leave();
        Ok(Rc::new(list))
    }
}

/// Whether this can be a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(is_name_char)
}

pub(crate) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The place of the `]` that closes the `[` at the beginning.
fn matching_bracket(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices().take(MAX_SUBSCRIPT) {
        match c {
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            '\n' => return None,
            _ => {}
        }
    }
    None
}
