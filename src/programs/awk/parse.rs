//! Reads awk programs into a tree.

use crate::base::ordered::OrdMap;
use crate::programs::support::regex::{Regex, Syntax};
use crate::programs::support::text::unescape;

/// Deepest nesting of expressions and statements.
const MAX_DEPTH: usize = 120;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Regex(String),
    Name(String),
    /// A name with `(` right behind it.
    Function(String),
    Word(&'static str),
    Op(&'static str),
    Newline,
    End,
}

const WORDS: [&str; 19] = [
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue",
    "next", "exit", "return", "delete", "in", "getline", "print", "printf",
];

/// Functions that awk has.
pub(super) const BUILTINS: [&str; 25] = [
    "length", "substr", "index", "split", "sub", "gsub", "match", "sprintf", "sin", "cos", "atan2",
    "exp", "log", "sqrt", "int", "rand", "srand", "tolower", "toupper", "system", "close",
    "fflush", "systime", "strftime", "gensub",
];

const OPS: [&str; 41] = [
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=",
    "!=", "!~", ">>", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!",
    ">", "<", "|", "?", ":", "~", "$", "=",
];

/// A place that can be assigned to.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Variable(Name),
    Field(Box<Expr>),
    Element(Name, Vec<Expr>),
}

/// A variable: global, or the function's own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    Global(usize),
    Local(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Number(f64),
    Text(String),
    Regex(Regex),
    Get(Place),
    Assign(&'static str, Place, Box<Expr>),
    Step {
        place: Place,
        by: f64,
        before: bool,
    },
    Condition(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    Plus(Box<Expr>),
    Match(bool, Box<Expr>, Box<Expr>),
    Compare(&'static str, Box<Expr>, Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    Math(char, Box<Expr>, Box<Expr>),
    In(Vec<Expr>, Name),
    Call(String, Vec<Expr>),
    Builtin(&'static str, Vec<Expr>),
    /// `getline`, `getline v`, `getline < file`.
    Getline(Option<Place>, Option<Box<Expr>>),
    /// `(a, b)`, which only `in` and `print` take.
    List(Vec<Expr>),
}

#[derive(Clone, Debug)]
pub(super) enum Stmt {
    Expr(Expr),
    Print(Vec<Expr>, Option<(&'static str, Expr)>),
    Printf(Vec<Expr>, Option<(&'static str, Expr)>),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    Do(Box<Stmt>, Expr),
    For(Option<Box<Stmt>>, Option<Expr>, Option<Box<Stmt>>, Box<Stmt>),
    ForIn(Name, Name, Box<Stmt>),
    Block(Vec<Stmt>),
    Next,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Break,
    Continue,
    Delete(Name, Option<Vec<Expr>>),
}

#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Always,
    When(Expr),
    Range(Expr, Expr),
}

#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) params: usize,
    pub(super) body: Stmt,
}

/// A whole program.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) begin: Vec<Stmt>,
    pub(super) rules: Vec<(Pattern, Option<Stmt>)>,
    pub(super) end: Vec<Stmt>,
    pub(super) functions: OrdMap<String, Function>,
    /// Global variables by name.
    pub(super) globals: OrdMap<String, usize>,
    /// Whether the main input is read inside actions.
    pub(super) reads: bool,
}

/// Variables with a meaning, which have the first places.
pub(super) const SPECIAL: [&str; 13] = [
    "NF", "NR", "FNR", "FS", "OFS", "ORS", "RS", "FILENAME", "SUBSEP", "RSTART", "RLENGTH",
    "CONVFMT", "OFMT",
];

/// Reads a program.
///
/// # Errors
/// What is wrong, with its line.
pub(super) fn parse(text: &str) -> Result<Script, String> {
    let (tokens, lines) = lex(text)?;
    let mut script = Script::default();
    for name in SPECIAL {
        let at = script.globals.len();
        script.globals.insert(name.to_owned(), at);
    }
    let mut parser = Parser {
        tokens,
        lines,
        at: 0,
        script,
        params: Vec::new(),
        depth: 0,
        no_in: false,
        no_gt: false,
    };
    parser.program()?;
    Ok(parser.script)
}

fn lex(text: &str) -> Result<(Vec<Token>, Vec<usize>), String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut lines) = (Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        let token = match c {
            '\n' => {
                line += 1;
                at += 1;
                Token::Newline
            }
            '\\' if next == Some('\n') => {
                line += 1;
                at += 2;
                continue;
            }
            '\\' if next == Some('\r') => {
                at += 2;
                continue;
            }
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '#' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
                continue;
            }
            '"' => {
                let start = at + 1;
                at = start;
                while at < chars.len() && chars[at] != '"' {
                    if chars[at] == '\n' {
                        return Err(format!("{line}: unterminated string"));
                    }
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                if at >= chars.len() {
                    return Err(format!("{line}: unterminated string"));
                }
                let raw: String = chars[start..at].iter().collect();
                at += 1;
                Token::Text(unescape(&raw.replace("\\\"", "\"").replace("\\/", "/")))
            }
            c if c.is_ascii_digit() || c == '.' && next.is_some_and(|n| n.is_ascii_digit()) => {
                let start = at;
                while at < chars.len() && (chars[at].is_ascii_digit() || chars[at] == '.') {
                    at += 1;
                }
                if at < chars.len() && matches!(chars[at], 'e' | 'E') {
                    let sign = usize::from(matches!(chars.get(at + 1), Some('+' | '-')));
                    if chars.get(at + 1 + sign).is_some_and(char::is_ascii_digit) {
                        at += 1 + sign;
                        while at < chars.len() && chars[at].is_ascii_digit() {
                            at += 1;
                        }
                    }
                }
                let raw: String = chars[start..at].iter().collect();
                Token::Number(raw.parse().unwrap_or(0.0))
            }
            c if c.is_alphabetic() || c == '_' => {
                let start = at;
                while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                    at += 1;
                }
                let name: String = chars[start..at].iter().collect();
                match WORDS.iter().find(|w| **w == name) {
                    Some(word) => Token::Word(word),
                    None if chars.get(at) == Some(&'(') => Token::Function(name),
                    None => Token::Name(name),
                }
            }
            '/' if regex_may_begin(tokens.last()) => {
                let (raw, end) = regex_text(&chars, at + 1)
                    .ok_or_else(|| format!("{line}: unterminated regexp"))?;
                at = end;
                Token::Regex(raw)
            }
            _ => {
                let rest: String = chars[at..chars.len().min(at + 3)].iter().collect();
                let Some(op) = OPS.iter().find(|op| rest.starts_with(**op)) else {
                    return Err(format!("{line}: syntax error at or near {c}"));
                };
                at += op.len();
                Token::Op(op)
            }
        };
        tokens.push(token);
        lines.push(line);
    }
    tokens.push(Token::End);
    lines.push(line);
    Ok((tokens, lines))
}

/// A slash begins an expression where no value can have ended.
fn regex_may_begin(last: Option<&Token>) -> bool {
    !matches!(
        last,
        Some(
            Token::Number(_)
                | Token::Text(_)
                | Token::Name(_)
                | Token::Regex(_)
                | Token::Op(")" | "]" | "$" | "++" | "--")
        )
    )
}

fn regex_text(chars: &[char], start: usize) -> Option<(String, usize)> {
    let mut at = start;
    let mut in_set = false;
    let mut text = String::new();
    while let Some(c) = chars.get(at) {
        match c {
            '\n' => return None,
            '/' if !in_set => return Some((text, at + 1)),
            '\\' => {
                let next = chars.get(at + 1)?;
                if *next != '/' {
                    text.push('\\');
                }
                text.push(*next);
                at += 2;
                continue;
            }
            '[' => in_set = true,
            ']' => in_set = false,
            _ => {}
        }
        text.push(*c);
        at += 1;
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    lines: Vec<usize>,
    at: usize,
    script: Script,
    /// Names of the current function's parameters.
    params: Vec<String>,
    depth: usize,
    /// Inside `for (…`, where `in` has another meaning.
    no_in: bool,
    /// Inside `print …`, where `>` has another meaning.
    no_gt: bool,
}

type Parsed<T> = Result<T, String>;

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn is(&self, op: &str) -> bool {
        matches!(self.peek(), Token::Op(o) if *o == op)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(w) if *w == word)
    }

    fn eat(&mut self, op: &str) -> bool {
        let found = self.is(op);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn error<T>(&self) -> Parsed<T> {
        let line = self.lines.get(self.at).or(self.lines.last()).copied().unwrap_or(1);
        let near = match self.peek() {
            Token::Number(n) => n.to_string(),
            Token::Text(text) => format!("\"{text}\""),
            Token::Regex(text) => format!("/{text}/"),
            Token::Name(name) | Token::Function(name) => name.clone(),
            Token::Word(word) => (*word).to_owned(),
            Token::Op(op) => (*op).to_owned(),
            Token::Newline => "unexpected newline or end of string".to_owned(),
            Token::End => "end of file".to_owned(),
        };
        Err(format!("{line}: syntax error at or near {near}"))
    }

    fn expect(&mut self, op: &str) -> Parsed<()> {
        if self.eat(op) { Ok(()) } else { self.error() }
    }

    fn newlines(&mut self) {
        while *self.peek() == Token::Newline {
            self.at += 1;
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("1: program too deep".to_owned());
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn program(&mut self) -> Parsed<()> {
        loop {
            while *self.peek() == Token::Newline || self.is(";") {
                self.at += 1;
            }
            if *self.peek() == Token::End {
                return Ok(());
            }
            if self.eat_word("BEGIN") {
                let block = self.block()?;
                self.script.begin.push(block);
            } else if self.eat_word("END") {
                let block = self.block()?;
                self.script.end.push(block);
            } else if self.eat_word("function") || self.eat_word("func") {
                self.function()?;
            } else {
                let pattern = if self.is("{") {
                    Pattern::Always
                } else {
                    let first = self.expr()?;
                    if self.eat(",") {
                        self.newlines();
                        Pattern::Range(first, self.expr()?)
                    } else {
                        Pattern::When(first)
                    }
                };
                let action = if self.is("{") { Some(self.block()?) } else { None };
                self.script.rules.push((pattern, action));
            }
        }
    }

    fn function(&mut self) -> Parsed<()> {
        let (Token::Name(name) | Token::Function(name)) = self.peek().clone() else {
            return self.error();
        };
        self.at += 1;
        self.expect("(")?;
        self.params.clear();
        while !self.eat(")") {
            let Token::Name(param) = self.peek().clone() else { return self.error() };
            self.at += 1;
            self.params.push(param);
            self.eat(",");
            self.newlines();
        }
        self.newlines();
        let body = self.block()?;
        let params = std::mem::take(&mut self.params).len();
        self.script.functions.insert(name, Function { params, body });
        Ok(())
    }

    fn block(&mut self) -> Parsed<Stmt> {
        self.expect("{")?;
        let mut statements = Vec::new();
        loop {
            while *self.peek() == Token::Newline || self.is(";") {
                self.at += 1;
            }
            if self.eat("}") {
                return Ok(Stmt::Block(statements));
            }
            if *self.peek() == Token::End {
                return self.error();
            }
            statements.push(self.deeper(Self::statement)?);
        }
    }

    /// A statement as a body: perhaps on the next line.
    fn body(&mut self) -> Parsed<Stmt> {
        self.newlines();
        if self.eat(";") {
            return Ok(Stmt::Block(Vec::new()));
        }
        self.deeper(Self::statement)
    }

    fn end_of_statement(&mut self) -> Parsed<()> {
        if *self.peek() == Token::Newline || self.is(";") {
            self.at += 1;
            return Ok(());
        }
        if self.is("}") || *self.peek() == Token::End { Ok(()) } else { self.error() }
    }

    fn statement(&mut self) -> Parsed<Stmt> {
        if self.is("{") {
            return self.block();
        }
        let word = match self.peek() {
            Token::Word(word) => *word,
            _ => "",
        };
        match word {
            "if" => {
                self.at += 1;
                self.expect("(")?;
                let condition = self.expr()?;
                self.expect(")")?;
                let then = self.body()?;
                let back = self.at;
                while *self.peek() == Token::Newline || self.is(";") {
                    self.at += 1;
                }
                if self.eat_word("else") {
                    let other = self.body()?;
                    return Ok(Stmt::If(condition, Box::new(then), Some(Box::new(other))));
                }
                self.at = back;
                return Ok(Stmt::If(condition, Box::new(then), None));
            }
            "while" => {
                self.at += 1;
                self.expect("(")?;
                let condition = self.expr()?;
                self.expect(")")?;
                return Ok(Stmt::While(condition, Box::new(self.body()?)));
            }
            "do" => {
                self.at += 1;
                let body = self.body()?;
                while *self.peek() == Token::Newline || self.is(";") {
                    self.at += 1;
                }
                if !self.eat_word("while") {
                    return self.error();
                }
                self.expect("(")?;
                let condition = self.expr()?;
                self.expect(")")?;
                self.end_of_statement()?;
                return Ok(Stmt::Do(Box::new(body), condition));
            }
            "for" => return self.for_loop(),
            _ => {}
        }
        let statement = self.simple()?;
        self.end_of_statement()?;
        Ok(statement)
    }

    fn for_loop(&mut self) -> Parsed<Stmt> {
        self.at += 1;
        self.expect("(")?;
        if let (
            Token::Name(variable),
            Some(Token::Word("in")),
            Some(Token::Name(array)),
            Some(Token::Op(")")),
        ) = (
            self.peek().clone(),
            self.tokens.get(self.at + 1),
            self.tokens.get(self.at + 2).cloned(),
            self.tokens.get(self.at + 3),
        ) {
            self.at += 4;
            let (variable, array) = (self.name(&variable), self.name(&array));
            return Ok(Stmt::ForIn(variable, array, Box::new(self.body()?)));
        }
        let first = if self.is(";") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(";")?;
        self.newlines();
        let condition = if self.is(";") { None } else { Some(self.expr()?) };
        self.expect(";")?;
        self.newlines();
        let each = if self.is(")") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(")")?;
        Ok(Stmt::For(first, condition, each, Box::new(self.body()?)))
    }

    fn simple(&mut self) -> Parsed<Stmt> {
        let Token::Word(word) = *self.peek() else { return Ok(Stmt::Expr(self.expr()?)) };
        let ends =
            |p: &Self| matches!(p.peek(), Token::Newline | Token::End | Token::Op(";" | "}"));
        match word {
            "print" | "printf" => {
                self.at += 1;
                let (arguments, target) = self.printed()?;
                Ok(if word == "print" {
                    Stmt::Print(arguments, target)
                } else {
                    Stmt::Printf(arguments, target)
                })
            }
            "next" => {
                self.at += 1;
                Ok(Stmt::Next)
            }
            "break" => {
                self.at += 1;
                Ok(Stmt::Break)
            }
            "continue" => {
                self.at += 1;
                Ok(Stmt::Continue)
            }
            "exit" | "return" => {
                self.at += 1;
                let value = if ends(self) { None } else { Some(self.expr()?) };
                Ok(if word == "exit" { Stmt::Exit(value) } else { Stmt::Return(value) })
            }
            "delete" => {
                self.at += 1;
                let Token::Name(name) = self.peek().clone() else { return self.error() };
                self.at += 1;
                let name = self.name(&name);
                let index = if self.eat("[") { Some(self.list("]")?) } else { None };
                Ok(Stmt::Delete(name, index))
            }
            _ => Ok(Stmt::Expr(self.expr()?)),
        }
    }

    fn printed(&mut self) -> Parsed<(Vec<Expr>, Option<(&'static str, Expr)>)> {
        let mut arguments = Vec::new();
        let was = std::mem::replace(&mut self.no_gt, true);
        if !matches!(
            self.peek(),
            Token::Newline | Token::End | Token::Op(";" | "}" | ">" | ">>" | "|")
        ) {
            arguments.push(self.expr()?);
            while self.eat(",") {
                self.newlines();
                arguments.push(self.expr()?);
            }
        }
        self.no_gt = was;
        // `print (a, b)` prints both.
        if let [Expr::List(list)] = arguments.as_slice() {
            arguments = list.clone();
        }
        for how in [">>", ">", "|"] {
            if self.eat(how) {
                let target = self.deeper(Self::concat)?;
                return Ok((arguments, Some((how, target))));
            }
        }
        Ok((arguments, None))
    }

    fn list(&mut self, end: &str) -> Parsed<Vec<Expr>> {
        let (no_in, no_gt) = (std::mem::take(&mut self.no_in), std::mem::take(&mut self.no_gt));
        let mut list = Vec::new();
        self.newlines();
        while !self.eat(end) {
            list.push(self.expr()?);
            self.newlines();
            if !self.eat(",") && !self.is(end) {
                return self.error();
            }
            self.newlines();
        }
        (self.no_in, self.no_gt) = (no_in, no_gt);
        Ok(list)
    }

    fn name(&mut self, name: &str) -> Name {
        if let Some(at) = self.params.iter().position(|p| p == name) {
            return Name::Local(at);
        }
        let next = self.script.globals.len();
        Name::Global(*self.script.globals.entry(name.to_owned()).or_insert(next))
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.deeper(Self::ternary)
    }

    fn ternary(&mut self) -> Parsed<Expr> {
        let first = self.or()?;
        if self.eat("?") {
            self.newlines();
            let yes = self.expr()?;
            self.newlines();
            self.expect(":")?;
            self.newlines();
            let no = self.expr()?;
            return Ok(Expr::Condition(Box::new(first), Box::new(yes), Box::new(no)));
        }
        const ASSIGN: [&str; 8] = ["=", "+=", "-=", "*=", "/=", "%=", "^=", "**="];
        let op = match self.peek() {
            Token::Op(op) => ASSIGN.iter().find(|a| *a == op).copied(),
            _ => None,
        };
        if let (Some(op), Expr::Get(place)) = (op, &first) {
            self.at += 1;
            self.newlines();
            let value = self.expr()?;
            return Ok(Expr::Assign(op, place.clone(), Box::new(value)));
        }
        Ok(first)
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.eat("||") {
            self.newlines();
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.membership()?;
        while self.eat("&&") {
            self.newlines();
            left = Expr::And(Box::new(left), Box::new(self.membership()?));
        }
        Ok(left)
    }

    fn membership(&mut self) -> Parsed<Expr> {
        let mut left = self.matching()?;
        while !self.no_in && self.eat_word("in") {
            let Token::Name(name) = self.peek().clone() else { return self.error() };
            self.at += 1;
            let array = self.name(&name);
            let index = match left {
                Expr::List(list) => list,
                one => vec![one],
            };
            left = Expr::In(index, array);
        }
        Ok(left)
    }

    fn matching(&mut self) -> Parsed<Expr> {
        let mut left = self.comparison()?;
        loop {
            let wanted = match self.peek() {
                Token::Op("~") => true,
                Token::Op("!~") => false,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.comparison()?;
            left = Expr::Match(wanted, Box::new(left), Box::new(right));
        }
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let left = self.concat()?;
        const COMPARE: [&str; 6] = ["<", "<=", "==", "!=", ">", ">="];
        let op = match self.peek() {
            Token::Op(">") if self.no_gt => None,
            Token::Op(op) => COMPARE.iter().find(|c| *c == op).copied(),
            _ => None,
        };
        let Some(op) = op else { return Ok(left) };
        self.at += 1;
        let right = self.concat()?;
        Ok(Expr::Compare(op, Box::new(left), Box::new(right)))
    }

    fn concat(&mut self) -> Parsed<Expr> {
        let mut left = self.sum()?;
        loop {
            let more = match self.peek() {
                Token::Number(_)
                | Token::Text(_)
                | Token::Regex(_)
                | Token::Name(_)
                | Token::Function(_) => true,
                Token::Op(op) => matches!(*op, "$" | "!" | "(" | "-" | "+" | "++" | "--"),
                _ => false,
            };
            if !more {
                return Ok(left);
            }
            left = Expr::Concat(Box::new(left), Box::new(self.sum()?));
        }
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let mut left = self.product()?;
        loop {
            let op = match self.peek() {
                Token::Op("+") => '+',
                Token::Op("-") => '-',
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Math(op, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let op = match self.peek() {
                Token::Op("*") => '*',
                Token::Op("/") => '/',
                Token::Op("%") => '%',
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Math(op, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        if self.eat("!") {
            return Ok(Expr::Not(Box::new(self.deeper(Self::unary)?)));
        }
        if self.eat("-") {
            return Ok(Expr::Minus(Box::new(self.deeper(Self::unary)?)));
        }
        if self.eat("+") {
            return Ok(Expr::Plus(Box::new(self.deeper(Self::unary)?)));
        }
        self.power()
    }

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if self.eat("^") || self.eat("**") {
            // It binds to the right, and a sign may follow.
            let exponent = self.deeper(Self::unary)?;
            return Ok(Expr::Math('^', Box::new(base), Box::new(exponent)));
        }
        Ok(base)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        for (op, by) in [("++", 1.0), ("--", -1.0)] {
            if self.eat(op) {
                return match self.primary()? {
                    Expr::Get(place) => Ok(Expr::Step { place, by, before: true }),
                    _ => self.error(),
                };
            }
        }
        let value = self.primary()?;
        if let Expr::Get(place) = &value {
            for (op, by) in [("++", 1.0), ("--", -1.0)] {
                if self.eat(op) {
                    return Ok(Expr::Step { place: place.clone(), by, before: false });
                }
            }
        }
        Ok(value)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        self.at += 1;
        Ok(match token {
            Token::Number(n) => Expr::Number(n),
            Token::Text(text) => Expr::Text(text),
            Token::Regex(text) => match Regex::new(&text, Syntax::Extended, false) {
                Ok(regex) => Expr::Regex(regex),
                Err(problem) => return Err(format!("1: {problem}: /{text}/")),
            },
            Token::Op("$") => {
                let inner = if self.is("++") || self.is("--") || self.is("-") {
                    self.deeper(Self::unary)?
                } else {
                    self.deeper(Self::primary)?
                };
                Expr::Get(Place::Field(Box::new(inner)))
            }
            Token::Op("(") => {
                let mut list = self.list(")")?;
                match list.len() {
                    0 => {
                        self.at -= 1;
                        return self.error();
                    }
                    1 => list.remove(0),
                    _ => Expr::List(list),
                }
            }
            Token::Word("getline") => return self.getline(),
            Token::Function(name) => return self.call(name),
            Token::Name(name) if name == "length" => Expr::Builtin("length", Vec::new()),
            Token::Name(name) => {
                let variable = self.name(&name);
                if self.eat("[") {
                    Expr::Get(Place::Element(variable, self.list("]")?))
                } else {
                    Expr::Get(Place::Variable(variable))
                }
            }
            _ => {
                self.at -= 1;
                return self.error();
            }
        })
    }

    fn getline(&mut self) -> Parsed<Expr> {
        let place = match self.peek() {
            Token::Name(_) | Token::Op("$") => match self.deeper(Self::primary)? {
                Expr::Get(place) => Some(place),
                _ => return self.error(),
            },
            _ => None,
        };
        let file = if self.eat("<") { Some(Box::new(self.deeper(Self::primary)?)) } else { None };
        self.script.reads |= file.is_none();
        Ok(Expr::Getline(place, file))
    }

    fn call(&mut self, name: String) -> Parsed<Expr> {
        self.expect("(")?;
        let arguments = self.list(")")?;
        match BUILTINS.iter().find(|b| **b == name) {
            Some(builtin) => Ok(Expr::Builtin(builtin, arguments)),
            None => Ok(Expr::Call(name, arguments)),
        }
    }
}
