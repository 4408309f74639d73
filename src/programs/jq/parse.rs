//! Reads jq filters into a tree.

use std::rc::Rc;

use serde_json::Value;

/// Deepest nesting of a filter.
const MAX_DEPTH: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// `.name`
    Field(String),
    Name(String),
    Variable(String),
    Format(String),
    Number(f64),
    /// Pieces of a string: text, and the source of `\(…)`.
    Text(Vec<Piece>),
    Op(&'static str),
    End,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Inner(Vec<(Token, usize)>),
}

const OPS: [&str; 38] = [
    "?//=", "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..",
    "and", "or", ".[", ".", "[", "]", "(", ")", "{", "}", "|", ",", ":", ";", "=", "<", ">", "+",
    "-", "*", "/", "%", "?",
];

/// A filter.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Identity,
    RecurseAll,
    Literal(Value),
    /// Format for the inner parts, and the pieces.
    Text(Option<String>, Vec<TextPart>),
    Format(String),
    Variable(String),
    Field(Rc<Expr>, Rc<Expr>),
    Slice(Rc<Expr>, Option<Rc<Expr>>, Option<Rc<Expr>>),
    Iterate(Rc<Expr>),
    Array(Option<Rc<Expr>>),
    Object(Vec<(Expr, Expr)>),
    Negate(Rc<Expr>),
    Pipe(Rc<Expr>, Rc<Expr>),
    Comma(Rc<Expr>, Rc<Expr>),
    Binary(&'static str, Rc<Expr>, Rc<Expr>),
    And(Rc<Expr>, Rc<Expr>),
    Or(Rc<Expr>, Rc<Expr>),
    Alternative(Rc<Expr>, Rc<Expr>),
    Assign(&'static str, Rc<Expr>, Rc<Expr>),
    If(Vec<(Expr, Expr)>, Option<Rc<Expr>>),
    Try(Rc<Expr>, Option<Rc<Expr>>),
    Reduce(Rc<Expr>, Pattern, Rc<Expr>, Rc<Expr>),
    Foreach(Rc<Expr>, Pattern, Rc<Expr>, Rc<Expr>, Option<Rc<Expr>>),
    As(Rc<Expr>, Pattern, Rc<Expr>),
    Define(Rc<Definition>, Rc<Expr>),
    Call(String, Vec<Rc<Expr>>),
    Label(String, Rc<Expr>),
    Break(String),
}

#[derive(Clone, Debug)]
pub(super) enum TextPart {
    Text(String),
    Inner(Expr),
}

/// What `as` binds.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Variable(String),
    Array(Vec<Pattern>),
    Object(Vec<(Expr, Pattern)>),
}

#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) params: Vec<String>,
    pub(super) body: Expr,
}

/// Reads a filter.
///
/// # Errors
/// What is wrong.
pub(super) fn parse(text: &str) -> Result<Expr, String> {
    let tokens = lex(text, 0)?;
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    if *parser.peek() == Token::End {
        return Ok(Expr::Identity);
    }
    let expr = parser.pipe()?;
    if *parser.peek() == Token::End { Ok(expr) } else { parser.error() }
}

fn lex(text: &str, depth: usize) -> Result<Vec<(Token, usize)>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    let name_end = |mut at: usize| {
        while at < chars.len()
            && (chars[at].is_alphanumeric()
                || chars[at] == '_'
                || chars[at] == ':'
                    && chars.get(at + 1) == Some(&':')
                    && chars.get(at + 2).is_some_and(|c| c.is_alphabetic())
                || at > 1 && chars[at] == ':' && chars[at - 1] == ':')
        {
            at += 1;
        }
        at
    };
    while at < chars.len() {
        let start = at;
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        let begins = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() || c == '_');
        let token = match c {
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
                let (pieces, end) = string(&chars, at + 1, depth)?;
                at = end;
                Token::Text(pieces)
            }
            '.' if begins(next) => {
                at = name_end(at + 1);
                Token::Field(chars[start + 1..at].iter().collect())
            }
            '$' if begins(next) => {
                at = name_end(at + 1);
                Token::Variable(chars[start + 1..at].iter().collect())
            }
            '@' if begins(next) => {
                at = name_end(at + 1);
                Token::Format(chars[start + 1..at].iter().collect())
            }
            c if c.is_ascii_digit() || c == '.' && next.is_some_and(|n| n.is_ascii_digit()) => {
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
                Token::Number(raw.parse().map_err(|_| format!("invalid numeric literal {raw}"))?)
            }
            c if c.is_alphabetic() || c == '_' => {
                at = name_end(at);
                let name: String = chars[start..at].iter().collect();
                match name.as_str() {
                    "and" => Token::Op("and"),
                    "or" => Token::Op("or"),
                    _ => Token::Name(name),
                }
            }
            _ => {
                let rest: String = chars[at..chars.len().min(at + 4)].iter().collect();
                let symbol = |op: &&&str| rest.starts_with(**op) && **op != ".[";
                let Some(op) = OPS.iter().find(symbol) else {
                    return Err(format!("syntax error, unexpected INVALID_CHARACTER '{c}'"));
                };
                at += op.len();
                Token::Op(op)
            }
        };
        tokens.push((token, start));
    }
    tokens.push((Token::End, chars.len()));
    Ok(tokens)
}

/// A string's pieces up to its closing quote.
fn string(chars: &[char], start: usize, depth: usize) -> Result<(Vec<Piece>, usize), String> {
    let unterminated = || "syntax error, unexpected end of file, expecting QQSTRING_END".to_owned();
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut at = start;
    loop {
        let c = *chars.get(at).ok_or_else(unterminated)?;
        at += 1;
        match c {
            '"' => break,
            '\\' => {
                let next = *chars.get(at).ok_or_else(unterminated)?;
                at += 1;
                match next {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'b' => text.push('\x08'),
                    'f' => text.push('\x0c'),
                    'u' => {
                        let hex: String = chars.iter().skip(at).take(4).collect();
                        let code = u32::from_str_radix(&hex, 16)
                            .map_err(|_| "invalid \\u escape".to_owned())?;
                        at += 4;
                        text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                    }
                    '(' => {
                        let end = closing(chars, at).ok_or_else(unterminated)?;
                        if depth > 10 {
                            return Err("string too deep".to_owned());
                        }
                        let inner: String = chars[at..end].iter().collect();
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                        pieces.push(Piece::Inner(lex(&inner, depth + 1)?));
                        at = end + 1;
                    }
                    other => text.push(other),
                }
            }
            c => text.push(c),
        }
    }
    pieces.push(Piece::Text(text));
    Ok((pieces, at))
}

/// The place of the parenthesis that closes one before `at`.
fn closing(chars: &[char], mut at: usize) -> Option<usize> {
    let mut open = 1;
    let mut quotes: Vec<usize> = Vec::new();
    while let Some(c) = chars.get(at) {
        let in_text = quotes.last().is_some_and(|q| *q == open);
        match c {
            '\\' if in_text => {
                at += 1;
                if chars.get(at) == Some(&'(') {
                    open += 1;
                }
            }
            '"' if in_text => {
                quotes.pop();
            }
            '"' => quotes.push(open),
            '(' if !in_text => open += 1,
            ')' if !in_text => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

/// Words that end an expression.
const KEYWORDS: [&str; 17] = [
    "as", "def", "if", "then", "elif", "else", "end", "try", "catch", "reduce", "foreach", "label",
    "import", "include", "__loc__", "break", "module",
];

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(t, _)| t)
    }

    fn is(&self, op: &str) -> bool {
        matches!(self.peek(), Token::Op(o) if *o == op)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Token::Name(n) if n == name)
    }

    fn eat(&mut self, op: &str) -> bool {
        let found = self.is(op);
        self.at += usize::from(found);
        found
    }

    fn eat_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        self.at += usize::from(found);
        found
    }

    fn error<T>(&self) -> Parsed<T> {
        let what = match self.peek() {
            Token::End => "end of file".to_owned(),
            Token::Field(_) => "FIELD".to_owned(),
            Token::Name(name) if KEYWORDS.contains(&name.as_str()) => name.clone(),
            Token::Name(_) => "IDENT".to_owned(),
            Token::Variable(_) => "'$'".to_owned(),
            Token::Format(_) => "FORMAT".to_owned(),
            Token::Number(_) => "LITERAL".to_owned(),
            Token::Text(_) => "QQSTRING_START".to_owned(),
            Token::Op(op) if op.len() == 1 => format!("'{op}'"),
            Token::Op(op) => (*op).to_owned(),
        };
        Err(format!("syntax error, unexpected {what}"))
    }

    fn expect(&mut self, op: &str) -> Parsed<()> {
        if self.eat(op) { Ok(()) } else { self.error() }
    }

    fn expect_name(&mut self, name: &str) -> Parsed<()> {
        if self.eat_name(name) { Ok(()) } else { self.error() }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("filter too deep".to_owned());
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn pipe(&mut self) -> Parsed<Expr> {
        self.deeper(Self::pipe_inner)
    }

    fn pipe_inner(&mut self) -> Parsed<Expr> {
        if self.eat_name("def") {
            let definition = self.definition()?;
            let rest = if *self.peek() == Token::End || self.is(")") {
                Expr::Identity
            } else {
                self.pipe()?
            };
            return Ok(Expr::Define(Rc::new(definition), Rc::new(rest)));
        }
        if self.eat_name("label") {
            let Token::Variable(name) = self.peek().clone() else { return self.error() };
            self.at += 1;
            self.expect("|")?;
            return Ok(Expr::Label(name, Rc::new(self.pipe()?)));
        }
        let first = self.comma()?;
        if self.eat_name("as") {
            let pattern = self.pattern()?;
            self.expect("|")?;
            return Ok(Expr::As(Rc::new(first), pattern, Rc::new(self.pipe()?)));
        }
        if self.eat("|") {
            return Ok(Expr::Pipe(Rc::new(first), Rc::new(self.pipe()?)));
        }
        Ok(first)
    }

    fn definition(&mut self) -> Parsed<Definition> {
        let Token::Name(name) = self.peek().clone() else { return self.error() };
        self.at += 1;
        let mut params = Vec::new();
        if self.eat("(") {
            loop {
                match self.peek().clone() {
                    Token::Name(param) => params.push(param),
                    Token::Variable(param) => params.push(format!("${param}")),
                    _ => return self.error(),
                }
                self.at += 1;
                if self.eat(")") {
                    break;
                }
                self.expect(";")?;
            }
        }
        self.expect(":")?;
        let body = self.pipe()?;
        self.expect(";")?;
        Ok(Definition { name, params, body })
    }

    fn pattern(&mut self) -> Parsed<Pattern> {
        self.deeper(|p| {
            if p.eat("[") {
                let mut parts = Vec::new();
                while !p.eat("]") {
                    parts.push(p.pattern()?);
                    p.eat(",");
                }
                return Ok(Pattern::Array(parts));
            }
            if p.eat("{") {
                let mut parts = Vec::new();
                while !p.eat("}") {
                    match p.peek().clone() {
                        Token::Variable(name) => {
                            p.at += 1;
                            let key = Expr::Literal(Value::from(name.clone()));
                            let inner =
                                if p.eat(":") { p.pattern()? } else { Pattern::Variable(name) };
                            parts.push((key, inner));
                        }
                        _ => {
                            let key = p.object_key()?;
                            p.expect(":")?;
                            parts.push((key, p.pattern()?));
                        }
                    }
                    p.eat(",");
                }
                return Ok(Pattern::Object(parts));
            }
            let Token::Variable(name) = p.peek().clone() else { return p.error() };
            p.at += 1;
            Ok(Pattern::Variable(name))
        })
    }

    fn comma(&mut self) -> Parsed<Expr> {
        let mut left = self.assignment()?;
        while self.eat(",") {
            left = Expr::Comma(Rc::new(left), Rc::new(self.assignment()?));
        }
        Ok(left)
    }

    fn assignment(&mut self) -> Parsed<Expr> {
        let left = self.alternative()?;
        const ASSIGN: [&str; 8] = ["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="];
        let op = match self.peek() {
            Token::Op(op) => ASSIGN.iter().find(|a| *a == op).copied(),
            _ => None,
        };
        let Some(op) = op else { return Ok(left) };
        self.at += 1;
        let right = self.deeper(Self::alternative)?;
        Ok(Expr::Assign(op, Rc::new(left), Rc::new(right)))
    }

    fn alternative(&mut self) -> Parsed<Expr> {
        let left = self.or()?;
        if self.eat("//") {
            return Ok(Expr::Alternative(Rc::new(left), Rc::new(self.deeper(Self::alternative)?)));
        }
        Ok(left)
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.eat("or") {
            left = Expr::Or(Rc::new(left), Rc::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.comparison()?;
        while self.eat("and") {
            left = Expr::And(Rc::new(left), Rc::new(self.comparison()?));
        }
        Ok(left)
    }

    fn binary(
        &mut self,
        ops: &[&'static str],
        next: fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let mut left = next(self)?;
        loop {
            let op = match self.peek() {
                Token::Op(op) => ops.iter().find(|o| *o == op).copied(),
                _ => None,
            };
            let Some(op) = op else { return Ok(left) };
            self.at += 1;
            left = Expr::Binary(op, Rc::new(left), Rc::new(next(self)?));
        }
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        self.binary(&["==", "!=", "<", "<=", ">", ">="], Self::sum)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        self.binary(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Parsed<Expr> {
        self.binary(&["*", "/", "%"], Self::unary)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        if self.eat("-") {
            return Ok(Expr::Negate(Rc::new(self.deeper(Self::unary)?)));
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let mut term = self.deeper(Self::term)?;
        loop {
            match self.peek().clone() {
                Token::Field(name) => {
                    self.at += 1;
                    term = Expr::Field(Rc::new(term), Rc::new(Expr::Literal(Value::from(name))));
                }
                Token::Op("?") => {
                    self.at += 1;
                    term = Expr::Try(Rc::new(term), None);
                }
                Token::Op("[") => {
                    self.at += 1;
                    term = self.bracket(term)?;
                }
                Token::Op(".") => match self.tokens.get(self.at + 1).map(|(t, _)| t.clone()) {
                    Some(Token::Op("[")) => self.at += 1,
                    Some(Token::Text(pieces)) => {
                        self.at += 2;
                        let key = self.text(None, pieces)?;
                        term = Expr::Field(Rc::new(term), Rc::new(key));
                    }
                    _ => return Ok(term),
                },
                Token::Name(name) if name == "as" => return self.bind(term),
                _ => return Ok(term),
            }
        }
    }

    /// `TERM as $x | …` binds tighter than what stands before the term.
    fn bind(&mut self, term: Expr) -> Parsed<Expr> {
        self.at += 1;
        let pattern = self.pattern()?;
        self.expect("|")?;
        let body = self.pipe()?;
        Ok(Expr::As(Rc::new(term), pattern, Rc::new(body)))
    }

    /// What follows `[` behind a term.
    fn bracket(&mut self, term: Expr) -> Parsed<Expr> {
        if self.eat("]") {
            return Ok(Expr::Iterate(Rc::new(term)));
        }
        if self.eat(":") {
            let end = self.pipe()?;
            self.expect("]")?;
            return Ok(Expr::Slice(Rc::new(term), None, Some(Rc::new(end))));
        }
        let index = self.pipe()?;
        if self.eat(":") {
            let end = if self.is("]") { None } else { Some(Rc::new(self.pipe()?)) };
            self.expect("]")?;
            return Ok(Expr::Slice(Rc::new(term), Some(Rc::new(index)), end));
        }
        self.expect("]")?;
        Ok(Expr::Field(Rc::new(term), Rc::new(index)))
    }

    fn text(&mut self, format: Option<String>, pieces: Vec<Piece>) -> Parsed<Expr> {
        if let [Piece::Text(text)] = pieces.as_slice() {
            return Ok(Expr::Literal(Value::from(text.clone())));
        }
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(text) => TextPart::Text(text),
                Piece::Inner(tokens) => {
                    let mut inner = Parser { tokens, at: 0, depth: self.depth };
                    let expr = inner.pipe()?;
                    if *inner.peek() != Token::End {
                        return inner.error();
                    }
                    TextPart::Inner(expr)
                }
            });
        }
        Ok(Expr::Text(format, parts))
    }

    fn term(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        self.at += 1;
        Ok(match token {
            Token::Number(n) => Expr::Literal(super::eval::number(n)),
            Token::Text(pieces) => self.text(None, pieces)?,
            Token::Format(name) => match self.peek().clone() {
                Token::Text(pieces) => {
                    self.at += 1;
                    self.text(Some(name), pieces)?
                }
                _ => Expr::Format(name),
            },
            Token::Field(name) => {
                Expr::Field(Rc::new(Expr::Identity), Rc::new(Expr::Literal(Value::from(name))))
            }
            Token::Op("..") => Expr::RecurseAll,
            Token::Op(".") => match self.peek().clone() {
                Token::Text(pieces) => {
                    self.at += 1;
                    let key = self.text(None, pieces)?;
                    Expr::Field(Rc::new(Expr::Identity), Rc::new(key))
                }
                _ => Expr::Identity,
            },
            Token::Variable(name) => Expr::Variable(name),
            Token::Op("(") => {
                let inner = self.pipe()?;
                self.expect(")")?;
                inner
            }
            Token::Op("[") => {
                if self.eat("]") {
                    Expr::Array(None)
                } else {
                    let inner = self.pipe()?;
                    self.expect("]")?;
                    Expr::Array(Some(Rc::new(inner)))
                }
            }
            Token::Op("{") => self.object()?,
            Token::Op("-") => Expr::Negate(Rc::new(self.deeper(Self::postfix)?)),
            Token::Name(name) => return self.named(&name),
            _ => {
                self.at -= 1;
                return self.error();
            }
        })
    }

    fn named(&mut self, name: &str) -> Parsed<Expr> {
        match name {
            "null" => return Ok(Expr::Literal(Value::Null)),
            "true" => return Ok(Expr::Literal(Value::from(true))),
            "false" => return Ok(Expr::Literal(Value::from(false))),
            "if" => {
                let mut cases = Vec::new();
                loop {
                    let condition = self.pipe()?;
                    self.expect_name("then")?;
                    cases.push((condition, self.pipe()?));
                    if !self.eat_name("elif") {
                        break;
                    }
                }
                let other = if self.eat_name("else") { Some(Rc::new(self.pipe()?)) } else { None };
                self.expect_name("end")?;
                return Ok(Expr::If(cases, other));
            }
            "try" => {
                let body = self.deeper(Self::postfix_try)?;
                let catch = if self.eat_name("catch") {
                    Some(Rc::new(self.deeper(Self::postfix_try)?))
                } else {
                    None
                };
                return Ok(Expr::Try(Rc::new(body), catch));
            }
            "reduce" | "foreach" => {
                let source = self.deeper(Self::term_with_suffix)?;
                self.expect_name("as")?;
                let pattern = self.pattern()?;
                self.expect("(")?;
                let first = self.pipe()?;
                self.expect(";")?;
                let update = self.pipe()?;
                let extract = if name == "foreach" && self.eat(";") {
                    Some(Rc::new(self.pipe()?))
                } else {
                    None
                };
                self.expect(")")?;
                let (source, first, update) = (Rc::new(source), Rc::new(first), Rc::new(update));
                return Ok(if name == "reduce" {
                    Expr::Reduce(source, pattern, first, update)
                } else {
                    Expr::Foreach(source, pattern, first, update, extract)
                });
            }
            "def" => {
                let definition = self.definition()?;
                let rest = self.pipe()?;
                return Ok(Expr::Define(Rc::new(definition), Rc::new(rest)));
            }
            "break" => {
                let Token::Variable(label) = self.peek().clone() else { return self.error() };
                self.at += 1;
                return Ok(Expr::Break(label));
            }
            name if KEYWORDS.contains(&name) => {
                self.at -= 1;
                return self.error();
            }
            _ => {}
        }
        let mut arguments = Vec::new();
        if self.eat("(") {
            loop {
                arguments.push(Rc::new(self.pipe()?));
                if self.eat(")") {
                    break;
                }
                self.expect(";")?;
            }
        }
        Ok(Expr::Call(name.to_owned(), arguments))
    }

    fn postfix_try(&mut self) -> Parsed<Expr> {
        self.term_with_suffix()
    }

    /// A term with its suffixes, but without `as`.
    fn term_with_suffix(&mut self) -> Parsed<Expr> {
        let mut term = self.deeper(Self::term)?;
        loop {
            match self.peek().clone() {
                Token::Field(name) => {
                    self.at += 1;
                    term = Expr::Field(Rc::new(term), Rc::new(Expr::Literal(Value::from(name))));
                }
                Token::Op("?") => {
                    self.at += 1;
                    term = Expr::Try(Rc::new(term), None);
                }
                Token::Op("[") => {
                    self.at += 1;
                    term = self.bracket(term)?;
                }
                Token::Op(".")
                    if matches!(self.tokens.get(self.at + 1), Some((Token::Op("["), _))) =>
                {
                    self.at += 1;
                }
                _ => return Ok(term),
            }
        }
    }

    fn object_key(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        self.at += 1;
        Ok(match token {
            Token::Name(name) => Expr::Literal(Value::from(name)),
            Token::Op(word @ ("and" | "or")) => Expr::Literal(Value::from(word)),
            Token::Text(pieces) => self.text(None, pieces)?,
            Token::Format(name) => match self.peek().clone() {
                Token::Text(pieces) => {
                    self.at += 1;
                    self.text(Some(name), pieces)?
                }
                _ => Expr::Format(name),
            },
            Token::Number(n) => Expr::Literal(Value::from(n.to_string())),
            Token::Op("(") => {
                let inner = self.pipe()?;
                self.expect(")")?;
                inner
            }
            _ => {
                self.at -= 1;
                return self.error();
            }
        })
    }

    fn object(&mut self) -> Parsed<Expr> {
        let mut entries = Vec::new();
        while !self.eat("}") {
            let shorthand = match self.peek().clone() {
                Token::Variable(name) => {
                    self.at += 1;
                    let value = Expr::Variable(name.clone());
                    Some((Expr::Literal(Value::from(name)), value))
                }
                _ => None,
            };
            let entry = match shorthand {
                Some(entry) => entry,
                None => {
                    let key = self.object_key()?;
                    if self.eat(":") {
                        (key, self.object_value()?)
                    } else {
                        let value = Expr::Field(Rc::new(Expr::Identity), Rc::new(key.clone()));
                        (key, value)
                    }
                }
            };
            entries.push(entry);
            if !self.eat(",") && !self.is("}") {
                return self.error();
            }
        }
        Ok(Expr::Object(entries))
    }

    /// Without parentheses a value holds no comma; pipes may join terms.
    fn object_value(&mut self) -> Parsed<Expr> {
        let first = self.deeper(Self::alternative)?;
        if self.eat("|") {
            let rest = self.deeper(Self::object_value)?;
            return Ok(Expr::Pipe(Rc::new(first), Rc::new(rest)));
        }
        Ok(first)
    }
}
