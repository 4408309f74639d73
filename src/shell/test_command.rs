//! The tests of `[[ … ]]` and of the `test` builtin.

use super::ast::Test;
use super::expand::{Assigned, AssignedValue, Expanded, Expander, Stop};
use super::machine::Shell;
use super::pattern::Pattern;
use super::{Dialect, regex};
use crate::os::{Fd, FileKind, Sys};

impl Expander<'_, '_> {
    /// Whether the expression of `[[ … ]]` holds.
    pub(crate) fn test(&mut self, test: &Test) -> Expanded<bool> {
        match test {
            Test::Or(terms) => {
                for term in terms {
                    if self.test(term)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::And(terms) => {
                for term in terms {
                    if !self.test(term)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Not(term) => Ok(!self.test(term)?),
            Test::Word(word) => Ok(!self.text(word)?.is_empty()),
            Test::Unary(op, word) => {
                let text = self.text(word)?;
                Ok(unary(self.shell, self.sys, op, &text).unwrap_or(false))
            }
            Test::Binary(left, op, right) => {
                let left = self.text(left)?;
                match op.as_str() {
                    "=" | "==" | "!=" => {
                        let pattern = self.pattern(right)?;
                        let hit = if self.shell.shopt.nocasematch {
                            Pattern::new(&pattern.to_lowercase()).matches(&left.to_lowercase())
                        } else {
                            Pattern::new(&pattern).matches(&left)
                        };
                        Ok(hit == (op != "!="))
                    }
                    "=~" => {
                        let expression = self.regex(right)?;
                        self.regex_test(&left, &expression)
                    }
                    "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                        let right = self.text(right)?;
                        let (a, b) = (self.number(&left)?, self.number(&right)?);
                        Ok(compare(op, a, b))
                    }
                    _ => {
                        let right = self.text(right)?;
                        Ok(strings_or_files(self.sys, &left, op, &right).unwrap_or(false))
                    }
                }
            }
        }
    }

    fn number(&mut self, text: &str) -> Expanded<i64> {
        let mut env = super::variables::ArithEnv { shell: self.shell, sys: self.sys };
        super::arith::evaluate(text, &mut env)
            .map_err(|message| Stop::Error(format!("[[: {message}")))
    }

    fn regex_test(&mut self, text: &str, expression: &str) -> Expanded<bool> {
        let found = regex::find(expression, text)
            .map_err(|()| Stop::Error(format!("[[: invalid regular expression `{expression}'")))?;
        let matched = found.is_some();
        let groups = found.unwrap_or_default().into_iter().map(|group| (None, group)).collect();
        let assigned = Assigned {
            name: "BASH_REMATCH".into(),
            index: None,
            append: false,
            value: AssignedValue::Array(groups),
        };
        self.shell.assign(&assigned, self.sys).map_err(Stop::Error)?;
        Ok(matched)
    }
}

fn compare(op: &str, a: i64, b: i64) -> bool {
    match op {
        "-eq" => a == b,
        "-ne" => a != b,
        "-lt" => a < b,
        "-le" => a <= b,
        "-gt" => a > b,
        _ => a >= b,
    }
}

/// A test with two operands that are not numbers; `None` for an unknown operator.
fn strings_or_files(sys: &Sys, left: &str, op: &str, right: &str) -> Option<bool> {
    let stats = || (sys.stat(left, true).ok(), sys.stat(right, true).ok());
    Some(match op {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" => match stats() {
            (Some(a), Some(b)) => a.modified > b.modified,
            (a, b) => a.is_some() && b.is_none(),
        },
        "-ot" => match stats() {
            (Some(a), Some(b)) => a.modified < b.modified,
            (a, b) => a.is_none() && b.is_some(),
        },
        "-ef" => matches!(stats(), (Some(a), Some(b)) if a == b),
        _ => return None,
    })
}

/// A test with one operand; `None` for an unknown operator.
fn unary(shell: &mut Shell, sys: &mut Sys, op: &str, text: &str) -> Option<bool> {
    let stat = |follow: bool| sys.stat(text, follow).ok();
    let kind = |wanted: FileKind| stat(true).is_some_and(|s| s.kind == wanted);
    Some(match op {
        "-n" => !text.is_empty(),
        "-z" => text.is_empty(),
        "-e" | "-a" => stat(true).is_some(),
        "-f" => kind(FileKind::File),
        "-d" => kind(FileKind::Directory),
        "-p" => kind(FileKind::Pipe),
        "-S" => kind(FileKind::Socket),
        "-c" => kind(FileKind::Device),
        "-L" | "-h" => stat(false).is_some_and(|s| s.kind == FileKind::Symlink),
        "-s" => stat(true).is_some_and(|s| s.size > 0),
        "-r" => permits(sys, text, 4),
        "-w" => permits(sys, text, 2),
        "-x" => permits(sys, text, 1),
        "-u" => stat(true).is_some_and(|s| s.mode & 0o4000 != 0),
        "-g" => stat(true).is_some_and(|s| s.mode & 0o2000 != 0),
        "-k" => stat(true).is_some_and(|s| s.mode & 0o1000 != 0),
        "-O" => stat(true).is_some_and(|s| s.uid == sys.user().0),
        "-G" => stat(true).is_some_and(|s| s.gid == sys.user().1),
        // There are no block devices, and no times of reading.
        "-b" | "-N" | "-R" => false,
        "-t" => text.trim().parse::<Fd>().is_ok_and(|fd| sys.is_tty(fd)),
        "-v" => {
            let (name, index) = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
                Some((name, index)) => (name, Some(index)),
                None => (text, None),
            };
            match index {
                None => shell.lookup(name, sys).is_some(),
                Some(index) => shell.elements(name).iter().any(|(key, _)| key == index),
            }
        }
        "-o" => super::builtins::set::is_on(shell, text).unwrap_or(false),
        _ => return None,
    })
}

/// Whether the caller may read (4), write (2) or run (1) a file.
fn permits(sys: &Sys, path: &str, bit: u16) -> bool {
    let Ok(stat) = sys.stat(path, true) else { return false };
    let (uid, gid) = sys.user();
    if uid == 0 {
        return bit != 1 || stat.kind == FileKind::Directory || stat.mode & 0o111 != 0;
    }
    let shift = if stat.uid == uid {
        6
    } else if stat.gid == gid || sys.groups().contains(&stat.gid) {
        3
    } else {
        0
    };
    stat.mode >> shift & bit != 0
}

/// How deep brackets may stand in one another.
const MAX_DEPTH: u32 = 50;

/// The `test` builtin's answer.
///
/// # Errors
/// The message, which goes with status 2.
pub(crate) fn test(shell: &mut Shell, sys: &mut Sys, args: &[String]) -> Result<bool, String> {
    let mut machine = Machine { shell, sys, args, at: 0, depth: 0 };
    if let Some(result) = machine.by_count() {
        return result;
    }
    let result = machine.or()?;
    match machine.args.get(machine.at) {
        None => Ok(result),
        Some(_) => Err("too many arguments".to_owned()),
    }
}

struct Machine<'a, 's> {
    shell: &'a mut Shell,
    sys: &'a mut Sys<'s>,
    args: &'a [String],
    at: usize,
    depth: u32,
}

const BINARY: [&str; 15] = [
    "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "=~",
];

impl Machine<'_, '_> {
    /// POSIX decides by the number of arguments when there are few.
    fn by_count(&mut self) -> Option<Result<bool, String>> {
        let args = self.args;
        match args {
            [] => Some(Ok(false)),
            [one] => Some(Ok(!one.is_empty())),
            [not, one] if not == "!" => Some(Ok(one.is_empty())),
            [op, one] => Some(match unary(self.shell, self.sys, op, one) {
                Some(result) => Ok(result),
                None if self.shell.dialect.is_bash() => {
                    Err(format!("{op}: unary operator expected"))
                }
                None => Err(format!("{op}: unknown operand")),
            }),
            [left, op, right] if BINARY.contains(&op.as_str()) => {
                Some(self.binary(left, op, right))
            }
            [left, op, right] if op == "-a" => Some(Ok(!left.is_empty() && !right.is_empty())),
            [left, op, right] if op == "-o" => Some(Ok(!left.is_empty() || !right.is_empty())),
            [open, one, close] if open == "(" && close == ")" => Some(Ok(!one.is_empty())),
            [not, ..] if not == "!" => None,
            [open, ..] if open == "(" => None,
            [_, op, _] => Some(Err(if self.shell.dialect.is_bash() {
                format!("{op}: binary operator expected")
            } else {
                format!("{op}: unknown operand")
            })),
            _ => None,
        }
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut result = self.and()?;
        while self.eat("-o") {
            result |= self.and()?;
        }
        Ok(result)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut result = self.not()?;
        while self.eat("-a") {
            result &= self.not()?;
        }
        Ok(result)
    }

    fn not(&mut self) -> Result<bool, String> {
        let mut negate = false;
        while self.args.len() > self.at + 1 && self.eat("!") {
            negate = !negate;
        }
        Ok(self.primary()? != negate)
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.args.get(self.at).is_some_and(|arg| arg == word);
        self.at += usize::from(found);
        found
    }

    fn primary(&mut self) -> Result<bool, String> {
        let rest = &self.args[self.at.min(self.args.len())..];
        if let [left, op, right, ..] = rest
            && BINARY.contains(&op.as_str())
        {
            self.at += 3;
            return self.binary(left, op, right);
        }
        match rest {
            [] => Err("argument expected".to_owned()),
            [open, ..] if open == "(" && rest.len() > 1 => {
                self.at += 1;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("too many arguments".to_owned());
                }
                let result = self.or()?;
                self.depth -= 1;
                if self.eat(")") { Ok(result) } else { Err("`)' expected".to_owned()) }
            }
            [op, text, ..] if op.starts_with('-') => {
                if let Some(result) = unary(self.shell, self.sys, op, text) {
                    self.at += 2;
                    Ok(result)
                } else {
                    self.at += 1;
                    Ok(true)
                }
            }
            [one, ..] => {
                self.at += 1;
                Ok(!one.is_empty())
            }
        }
    }

    fn binary(&mut self, left: &str, op: &str, right: &str) -> Result<bool, String> {
        if let Some(result) = strings_or_files(self.sys, left, op, right) {
            return Ok(result);
        }
        if op == "=~" {
            return Err("=~: binary operator expected".to_owned());
        }
        let number = |text: &str| {
            text.trim().parse::<i64>().map_err(|_| match self.shell.dialect {
                Dialect::Bash => format!("{text}: integer expression expected"),
                Dialect::Ash => format!("{text}: bad number"),
                Dialect::Dash => format!("Illegal number: {text}"),
            })
        };
        Ok(compare(op, number(left)?, number(right)?))
    }
}
