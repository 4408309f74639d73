//! `tr`: replaces or deletes characters.

use crate::os::{Process, Program, Read, STDIN, STDOUT, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::text::unescape;

/// `tr`.
pub(super) static TR: Program = Program {
    name: "tr",
    start: |argv| Box::new(Tr { argv: argv.to_vec(), plan: None, rest: Vec::new() }),
};

const TOOL: Tool = Tool {
    name: "tr",
    usage: "[-cds] STRING1 [STRING2]",
    options: "+cCdst",
    long: &[("complement", 'c'), ("delete", 'd'), ("squeeze-repeats", 's'), ("truncate-set1", 't')],
    trouble: 1,
};

#[derive(Clone)]
struct Tr {
    argv: Vec<String>,
    plan: Option<Plan>,
    /// The beginning of a character whose other bytes have not come yet.
    rest: Vec<u8>,
}

#[derive(Clone)]
struct Plan {
    first: Vec<char>,
    second: Vec<char>,
    complement: bool,
    delete: bool,
    squeeze: bool,
    last: Option<char>,
}

fn plan(argv: &[String], sys: &mut Sys) -> Result<Plan, i32> {
    let args = TOOL.parse(argv, sys)?;
    let (delete, squeeze) = (args.has('d'), args.has('s'));
    let wanted = if delete == squeeze { 2 } else { 1 };
    match args.operands.as_slice() {
        [] => return Err(TOOL.missing_operand(sys)),
        [first] if wanted == 2 => {
            let why = if delete {
                "Two strings must be given when both deleting and squeezing repeats."
            } else {
                "Two strings must be given when translating."
            };
            sys.eprint(&format!(
                "tr: missing operand after '{first}'\n{why}\nTry 'tr --help' for more information.\n"
            ));
            return Err(1);
        }
        [_, extra] if delete && !squeeze => {
            sys.eprint(&format!(
                "tr: extra operand '{extra}'\nOnly one string may be given when deleting without squeezing repeats.\n\
                 Try 'tr --help' for more information.\n"
            ));
            return Err(1);
        }
        _ => {}
    }
    let first = set(&args.operands[0]);
    let mut second = args.operands.get(1).map(|t| set(t)).unwrap_or_default();
    if !delete && args.operands.len() > 1 {
        let Some(last) = second.last().copied() else {
            return Err(TOOL.fail(sys, "when not truncating set1, string2 must be non-empty"));
        };
        while second.len() < first.len() {
            second.push(last);
        }
    }
    Ok(Plan {
        first,
        second,
        complement: args.has('c') || args.has('C'),
        delete,
        squeeze,
        last: None,
    })
}

/// The characters of a set such as `a-z0-9[:space:]\n`.
fn set(text: &str) -> Vec<char> {
    let mut chars: Vec<char> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix("[:").and_then(|r| r.split_once(":]"))
            && let Some(class) = class(name)
        {
            chars.extend(class);
            rest = after;
            continue;
        }
        let (c, after) = one(rest, c);
        if let Some(end) = after.strip_prefix('-')
            && let Some(next) = end.chars().next()
        {
            let (end, after) = one(end, next);
            chars.extend((c..=end).take(65_536));
            rest = after;
            continue;
        }
        chars.push(c);
        rest = after;
    }
    chars
}

/// The first character of a text, an escape counting as one.
fn one(text: &str, first: char) -> (char, &str) {
    if first == '\\' && text.len() > 1 {
        let digits = text[1..].bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
        let next = text[1..].chars().next().map_or(0, char::len_utf8);
        let end = 1 + digits.max(next);
        let decoded = unescape(&text[..end]);
        let c =
            decoded.strip_prefix('\\').filter(|r| !r.is_empty()).unwrap_or(&decoded).chars().next();
        return (c.unwrap_or('\\'), &text[end..]);
    }
    (first, &text[first.len_utf8()..])
}

fn class(name: &str) -> Option<Vec<char>> {
    let ascii = |f: fn(&char) -> bool| ('\0'..='\x7f').filter(f).collect();
    Some(match name {
        "upper" => ascii(char::is_ascii_uppercase),
        "lower" => ascii(char::is_ascii_lowercase),
        "alpha" => ascii(char::is_ascii_alphabetic),
        "digit" => ascii(char::is_ascii_digit),
        "alnum" => ascii(char::is_ascii_alphanumeric),
        "punct" => ascii(char::is_ascii_punctuation),
        "space" => vec![' ', '\t', '\n', '\x0b', '\x0c', '\r'],
        "blank" => vec![' ', '\t'],
        "cntrl" => ascii(char::is_ascii_control),
        "xdigit" => ascii(char::is_ascii_hexdigit),
        "print" => (' '..='~').collect(),
        "graph" => ('!'..='~').collect(),
        _ => return None,
    })
}

impl Plan {
    fn change(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            let place = self.first.iter().position(|f| *f == c);
            let hit = place.is_some() != self.complement;
            if self.delete && hit {
                continue;
            }
            let mut shown = c;
            if !self.delete && hit && !self.second.is_empty() {
                let at = place.unwrap_or(self.second.len() - 1);
                shown = self.second.get(at).copied().unwrap_or(c);
            }
            let squeezed = if self.second.is_empty() { hit } else { self.second.contains(&shown) };
            if self.squeeze && squeezed && self.last == Some(shown) {
                continue;
            }
            self.last = Some(shown);
            out.push(shown);
        }
        out
    }
}

impl Process for Tr {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match plan(&self.argv, sys) {
                Ok(plan) => self.plan = Some(plan),
                Err(code) => return Step::Done(code),
            }
        }
        match sys.read(STDIN, 32 << 10) {
            Ok(Read::Data(bytes)) => {
                self.rest.extend(bytes);
                let whole = match std::str::from_utf8(&self.rest) {
                    Ok(_) => self.rest.len(),
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    Err(_) => self.rest.len(),
                };
                let bytes: Vec<u8> = self.rest.drain(..whole).collect();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some(plan) = &mut self.plan {
                    let out = plan.change(&text);
                    let _ = sys.write(STDOUT, out.as_bytes());
                }
                Step::Yield
            }
            Ok(Read::WouldBlock) => Step::Wait(Wait::readable(STDIN)),
            Ok(Read::End) => Step::Done(0),
            Err(error) => Step::Done(TOOL.fail(sys, &format!("read error: {error}"))),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read() {
        assert_eq!(set("a-cx").iter().collect::<String>(), "abcx");
        assert_eq!(set("\\n\\\\-a"), ['\n', '\\', ']', '^', '_', '`', 'a'][..].to_vec());
        assert_eq!(set("[:digit:]").len(), 10);
        assert_eq!(set("é-"), ['é', '-']);
        assert_eq!(set("\\012"), ['\n']);
    }
}
