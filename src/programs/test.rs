//! `test`, `[` and `expr` as programs of their own.

use crate::os::{FileKind, Program, Sys};

use super::support::once::once;
use super::support::regex::{Regex, Syntax};

/// `test`.
pub(super) static TEST: Program = Program { name: "test", start: |argv| once(argv, test) };
/// `[`.
pub(super) static BRACKET: Program = Program { name: "[", start: |argv| once(argv, bracket) };
/// `expr`.
pub(super) static EXPR: Program = Program { name: "expr", start: |argv| once(argv, expr) };

/// Deepest nesting of expressions.
const MAX_DEPTH: usize = 50;

fn bracket(argv: &[String], sys: &mut Sys) -> i32 {
    if argv.last().is_none_or(|last| last != "]") {
        sys.eprint("[: missing ']'\n");
        return 2;
    }
    test(&argv[..argv.len() - 1], sys)
}

fn test(argv: &[String], sys: &mut Sys) -> i32 {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    let mut test = Test { words: &words, at: 0, sys, depth: 0 };
    let result = if words.is_empty() { Ok(false) } else { test.any() };
    let rest = test.words.get(test.at).copied();
    let result = match (result, rest) {
        (Ok(_), Some(extra)) => Err(format!("extra argument '{extra}'")),
        (result, _) => result,
    };
    match result {
        Ok(truth) => i32::from(!truth),
        Err(text) => {
            let name = argv.first().map_or("test", |a| a.rsplit('/').next().unwrap_or(a));
            sys.eprint(&format!("{name}: {text}\n"));
            2
        }
    }
}

struct Test<'a, 'b, 'c> {
    words: &'a [&'a str],
    at: usize,
    sys: &'b Sys<'c>,
    depth: usize,
}

impl Test<'_, '_, '_> {
    fn peek(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).copied()
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut truth = self.all()?;
        while self.peek(0) == Some("-o") {
            self.at += 1;
            truth |= self.all()?;
        }
        Ok(truth)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut truth = self.one()?;
        while self.peek(0) == Some("-a") {
            self.at += 1;
            truth &= self.one()?;
        }
        Ok(truth)
    }

    fn one(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("expression too deep".to_owned());
        }
        let Some(first) = self.peek(0).map(str::to_owned) else {
            return Err("argument expected".to_owned());
        };
        let operator = self.peek(1).map(str::to_owned);
        if let Some(operator) = operator.filter(|o| is_binary(o))
            && let Some(second) = self.peek(2).map(str::to_owned)
        {
            self.at += 3;
            return self.binary(&first, &operator, &second);
        }
        self.at += 1;
        if first == "!" && self.peek(0).is_some() {
            return self.one().map(|truth| !truth);
        }
        if first == "(" && self.peek(0).is_some() {
            let truth = self.any()?;
            if self.peek(0) != Some(")") {
                return Err("')' expected".to_owned());
            }
            self.at += 1;
            return Ok(truth);
        }
        let unary = first.len() == 2 && first.starts_with('-') && self.peek(0).is_some();
        if unary && let Some(operand) = self.peek(0).map(str::to_owned) {
            if let Some(truth) = self.unary(&first, &operand) {
                self.at += 1;
                return Ok(truth);
            }
            return Err(format!("'{first}': unary operator expected"));
        }
        Ok(!first.is_empty())
    }

    fn unary(&self, operator: &str, operand: &str) -> Option<bool> {
        let stat = |follow: bool| self.sys.stat(operand, follow).ok();
        let kind = |kind: FileKind| stat(true).is_some_and(|s| s.kind == kind);
        let mode = |bits: u16| {
            let (uid, gid) = self.sys.user();
            stat(true).is_some_and(|s| {
                let shift = if uid == s.uid {
                    6
                } else if gid == s.gid {
                    3
                } else {
                    0
                };
                let root = uid == 0 && (bits != 1 || s.mode & 0o111 != 0);
                root || s.mode >> shift & bits == bits
            })
        };
        Some(match operator {
            "-e" | "-a" => stat(true).is_some(),
            "-f" => kind(FileKind::File),
            "-d" => kind(FileKind::Directory),
            "-c" => kind(FileKind::Device),
            "-p" => kind(FileKind::Pipe),
            "-S" => kind(FileKind::Socket),
            "-b" | "-k" | "-u" | "-g" => false,
            "-h" | "-L" => stat(false).is_some_and(|s| s.kind == FileKind::Symlink),
            "-s" => stat(true).is_some_and(|s| s.size > 0),
            "-r" => mode(4),
            "-w" => mode(2),
            "-x" => mode(1),
            "-O" => stat(true).is_some_and(|s| s.uid == self.sys.user().0),
            "-t" => operand.parse().is_ok_and(|fd| self.sys.is_tty(fd)),
            "-n" => !operand.is_empty(),
            "-z" => operand.is_empty(),
            _ => return None,
        })
    }

    fn binary(&self, a: &str, operator: &str, b: &str) -> Result<bool, String> {
        let number = |text: &str| {
            text.trim().parse::<i64>().map_err(|_| format!("invalid integer '{text}'"))
        };
        let time = |path: &str| self.sys.stat(path, true).map(|s| s.modified).ok();
        Ok(match operator {
            "=" | "==" => a == b,
            "!=" => a != b,
            "<" => a < b,
            ">" => a > b,
            "-eq" => number(a)? == number(b)?,
            "-ne" => number(a)? != number(b)?,
            "-lt" => number(a)? < number(b)?,
            "-le" => number(a)? <= number(b)?,
            "-gt" => number(a)? > number(b)?,
            "-ge" => number(a)? >= number(b)?,
            "-nt" => time(a) > time(b),
            "-ot" => time(a) < time(b),
            _ => {
                let inode = |path: &str| self.sys.stat(path, true).map(|s| s.inode).ok();
                inode(a).is_some() && inode(a) == inode(b)
            }
        })
    }
}

fn is_binary(word: &str) -> bool {
    matches!(
        word,
        "=" | "=="
            | "!="
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
    )
}

fn expr(argv: &[String], sys: &mut Sys) -> i32 {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    let mut expr = Expr { words: &words, at: 0, depth: 0 };
    let result = expr.either().and_then(|value| {
        if expr.at < words.len() { Err("syntax error".to_owned()) } else { Ok(value) }
    });
    match result {
        Ok(value) => {
            sys.print(&format!("{value}\n"));
            i32::from(value.is_empty() || value == "0")
        }
        Err(text) => {
            sys.eprint(&format!("expr: {text}\n"));
            2
        }
    }
}

struct Expr<'a> {
    words: &'a [&'a str],
    at: usize,
    depth: usize,
}

/// The levels of `expr`'s operators between `|`, `&` and the operands.
const LEVELS: [&[&str]; 3] =
    [&["=", "==", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"]];

impl Expr<'_> {
    fn take(&mut self, among: &[&str]) -> Option<String> {
        let word = self.words.get(self.at).filter(|w| among.contains(w))?;
        self.at += 1;
        Some((*word).to_owned())
    }

    fn either(&mut self) -> Result<String, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("expression too deep".to_owned());
        }
        let mut value = self.both()?;
        while self.take(&["|"]).is_some() {
            let other = self.both()?;
            if value.is_empty() || value == "0" {
                value = other;
            }
        }
        self.depth -= 1;
        Ok(value)
    }

    fn both(&mut self) -> Result<String, String> {
        let mut value = self.level(0)?;
        while self.take(&["&"]).is_some() {
            let other = self.level(0)?;
            let empty = |v: &str| v.is_empty() || v == "0";
            if empty(&value) || empty(&other) {
                value = "0".to_owned();
            }
        }
        Ok(value)
    }

    fn level(&mut self, level: usize) -> Result<String, String> {
        let Some(operators) = LEVELS.get(level) else { return self.matched() };
        let mut value = self.level(level + 1)?;
        while let Some(operator) = self.take(operators) {
            let other = self.level(level + 1)?;
            value = combine(&value, &operator, &other)?;
        }
        Ok(value)
    }

    fn matched(&mut self) -> Result<String, String> {
        let mut value = self.operand()?;
        while self.take(&[":"]).is_some() {
            let pattern = self.operand()?;
            let regex = Regex::new(&format!("^{pattern}"), Syntax::Basic, false)?;
            let found = regex.find_at(&value, 0);
            value = match found.as_deref() {
                Some([_, Some((from, to)), ..]) => value[*from..*to].to_owned(),
                Some([Some((from, to)), ..]) => value[*from..*to].chars().count().to_string(),
                _ if pattern.contains("\\(") => String::new(),
                _ => "0".to_owned(),
            };
        }
        Ok(value)
    }

    fn operand(&mut self) -> Result<String, String> {
        let Some(word) = self.words.get(self.at).copied() else {
            return Err("syntax error: missing argument after operator".to_owned());
        };
        self.at += 1;
        match word {
            "(" => {
                let value = self.either()?;
                self.take(&[")"]).ok_or("syntax error: expecting ')'")?;
                Ok(value)
            }
            "length" if self.at < self.words.len() => {
                Ok(self.operand()?.chars().count().to_string())
            }
            "substr" if self.at + 2 < self.words.len() => {
                let text = self.operand()?;
                let (start, count) = (self.operand()?, self.operand()?);
                let start: usize = start.parse().unwrap_or(0);
                let count: usize = count.parse().unwrap_or(0);
                let skipped = text.chars().skip(start.saturating_sub(1));
                Ok(if start == 0 { String::new() } else { skipped.take(count).collect() })
            }
            "index" if self.at + 1 < self.words.len() => {
                let (text, set) = (self.operand()?, self.operand()?);
                Ok(text.chars().position(|c| set.contains(c)).map_or(0, |n| n + 1).to_string())
            }
            word => Ok(word.to_owned()),
        }
    }
}

fn combine(a: &str, operator: &str, b: &str) -> Result<String, String> {
    let numbers = (a.parse::<i64>(), b.parse::<i64>());
    let order = match &numbers {
        (Ok(x), Ok(y)) => x.cmp(y),
        _ => a.cmp(b),
    };
    let truth = |t: bool| Ok(i32::from(t).to_string());
    match operator {
        "=" | "==" => return truth(order.is_eq()),
        "!=" => return truth(order.is_ne()),
        "<" => return truth(order.is_lt()),
        "<=" => return truth(order.is_le()),
        ">" => return truth(order.is_gt()),
        ">=" => return truth(order.is_ge()),
        _ => {}
    }
    let (Ok(x), Ok(y)) = numbers else { return Err("non-integer argument".to_owned()) };
    let value = match operator {
        "+" => x.checked_add(y),
        "-" => x.checked_sub(y),
        "*" => x.checked_mul(y),
        _ if y == 0 => return Err("division by zero".to_owned()),
        "/" => x.checked_div(y),
        _ => x.checked_rem(y),
    };
    value.map(|v| v.to_string()).ok_or_else(|| "Numerical result out of range".to_owned())
}
