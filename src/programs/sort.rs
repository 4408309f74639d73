//! `sort`: puts lines in order.

use std::cmp::Ordering;

use crate::base::sort::InOrder;
use crate::os::{Errno, Program, Sys};

use super::support::args::{Args, Tool};
use super::support::input::{Flow, Lines, filter, put_line};

/// `sort`.
pub(super) static SORT: Program = Program { name: "sort", start: |argv| filter(argv, setup) };

const TOOL: Tool = Tool {
    name: "sort",
    usage: "[-nrugMcbdfihsV] [-o FILE] [-k START[.OFS][OPTS][,END[.OFS][OPTS]]] [-t CHAR] [FILE]...",
    options: "nrugcbdfihsVo:k:t:z",
    long: &[
        ("numeric-sort", 'n'),
        ("reverse", 'r'),
        ("unique", 'u'),
        ("general-numeric-sort", 'g'),
        ("check", 'c'),
        ("ignore-leading-blanks", 'b'),
        ("dictionary-order", 'd'),
        ("ignore-case", 'f'),
        ("human-numeric-sort", 'h'),
        ("stable", 's'),
        ("version-sort", 'V'),
        ("output", 'o'),
        ("key", 'k'),
        ("field-separator", 't'),
    ],
    trouble: 2,
};

/// Most bytes sorted at once.
const MAX_BYTES: usize = 32 << 20;

#[derive(Clone)]
struct Sort {
    args: Args,
    keys: Vec<Key>,
    separator: Option<char>,
    lines: Vec<String>,
    bytes: usize,
    too_much: bool,
}

/// A part of the line to compare by.
#[derive(Clone, Debug)]
struct Key {
    start: (usize, usize),
    end: Option<(usize, usize)>,
    options: String,
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Sort, Vec<String>), i32> {
    let args = TOOL.parse(argv, sys)?;
    let mut keys = Vec::new();
    for text in args.values('k') {
        match key(text) {
            Some(key) => keys.push(key),
            None => {
                let text =
                    format!("invalid number at field start: invalid count at start of '{text}'");
                return Err(TOOL.fail(sys, &text));
            }
        }
    }
    let separator = match args.value('t') {
        None => None,
        Some("\\t") => Some('\t'),
        Some(text) if text.chars().count() == 1 => text.chars().next(),
        Some("") => return Err(TOOL.fail(sys, "empty tab")),
        Some(text) => return Err(TOOL.fail(sys, &format!("multi-character tab '{text}'"))),
    };
    let files = args.operands.clone();
    Ok((Sort { args, keys, separator, lines: Vec::new(), bytes: 0, too_much: false }, files))
}

/// `2,3n` or `1.2,1.4r`.
fn key(text: &str) -> Option<Key> {
    let place = |text: &str| -> Option<((usize, usize), String)> {
        let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let options = text[digits.len()..].to_owned();
        let (field, at) = digits.split_once('.').unwrap_or((&digits, "0"));
        Some(((field.parse().ok().filter(|f| *f > 0)?, at.parse().ok()?), options))
    };
    let (first, second) = match text.split_once(',') {
        Some((first, second)) => (first, Some(second)),
        None => (text, None),
    };
    let (start, mut options) = place(first)?;
    let end = match second {
        Some(text) => {
            let (end, more) = place(text)?;
            options.push_str(&more);
            Some(end)
        }
        None => None,
    };
    Some(Key { start, end, options })
}

impl Sort {
    /// Byte ranges of the fields of a line; without a separator blanks belong to the field that follows.
    fn fields(&self, line: &str) -> Vec<(usize, usize)> {
        let mut fields = Vec::new();
        let mut start = 0;
        if let Some(separator) = self.separator {
            for (at, _) in line.match_indices(separator) {
                fields.push((start, at));
                start = at + separator.len_utf8();
            }
        } else {
            let mut in_word = false;
            for (at, c) in line.char_indices() {
                if c.is_whitespace() && in_word {
                    fields.push((start, at));
                    start = at;
                }
                in_word = !c.is_whitespace();
            }
        }
        fields.push((start, line.len()));
        fields
    }

    fn part<'a>(&self, line: &'a str, key: &Key) -> &'a str {
        let fields = self.fields(line);
        let blanks = key.options.contains('b');
        let place = |field: usize, chars: usize| -> usize {
            let Some((start, end)) = fields.get(field - 1).copied() else { return line.len() };
            let text = &line[start..end];
            let skip = if blanks { text.len() - text.trim_start().len() } else { 0 };
            let rest = &text[skip..];
            start + skip + rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at)
        };
        let start = place(key.start.0, key.start.1.saturating_sub(1));
        let end = match key.end {
            None => line.len(),
            Some((field, 0)) => fields.get(field - 1).map_or(line.len(), |(_, end)| *end),
            Some((field, chars)) => place(field, chars),
        };
        line.get(start..end.max(start)).unwrap_or("")
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        let global: String = "nghVfdb".chars().filter(|o| self.args.has(*o)).collect();
        let global_reverse = self.args.has('r');
        if self.keys.is_empty() {
            let order = by(a, b, &global);
            let order = if global_reverse { order.reverse() } else { order };
            return order.then_with(|| self.last(a, b));
        }
        for key in &self.keys {
            let own = key.options.chars().any(|c| c != 'b');
            let (options, reverse) = if own {
                (key.options.as_str(), key.options.contains('r'))
            } else {
                (global.as_str(), global_reverse)
            };
            let order = by(self.part(a, key), self.part(b, key), options);
            let order = if reverse { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        self.last(a, b)
    }

    /// Lines with equal keys are put in order as a whole.
    fn last(&self, a: &str, b: &str) -> Ordering {
        if self.args.has('s') || self.args.has('u') {
            return Ordering::Equal;
        }
        let order = a.cmp(b);
        if self.args.has('r') { order.reverse() } else { order }
    }
}

fn by(a: &str, b: &str, options: &str) -> Ordering {
    let has = |o: char| options.contains(o);
    if has('n') || has('g') || has('h') {
        let value = |t: &str| number(t, has('h'));
        return value(a).partial_cmp(&value(b)).unwrap_or(Ordering::Equal);
    }
    if has('V') {
        return version(a, b);
    }
    let clean = |t: &str| -> String {
        let t = if has('b') { t.trim_start() } else { t };
        let kept = t.chars().filter(|c| !has('d') || c.is_alphanumeric() || c.is_whitespace());
        kept.map(|c| if has('f') { c.to_ascii_uppercase() } else { c }).collect()
    };
    clean(a).cmp(&clean(b))
}

/// The number that a text begins with; 0 when there is none.
fn number(text: &str, human: bool) -> f64 {
    let text = text.trim_start();
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() || c == '.' || c == '-' && at == 0 {
            end = at + 1;
        } else {
            break;
        }
    }
    let value: f64 = text[..end].parse().unwrap_or(0.0);
    let power = text[end..].chars().next().and_then(|c| "KMGTPE".find(c.to_ascii_uppercase()));
    match power {
        Some(power) if human => value * 1024_f64.powi(power as i32 + 1),
        _ => value,
    }
}

/// Digits in names compare as numbers.
fn version(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
        let letters = |t: &str| t.bytes().take_while(|c| !c.is_ascii_digit()).count();
        let (x, y) = (letters(a), letters(b));
        let order = a[..x].cmp(&b[..y]);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (&a[x..], &b[y..]);
        let (x, y) = (digits(a), digits(b));
        let value = |t: &str| t.trim_start_matches('0').to_owned();
        let (m, n) = (value(&a[..x]), value(&b[..y]));
        let order = m.len().cmp(&n.len()).then(m.cmp(&n));
        if order != Ordering::Equal || x == 0 && y == 0 {
            return order;
        }
        (a, b) = (&a[x..], &b[y..]);
    }
}

impl Lines for Sort {
    fn line(&mut self, line: &[u8], _: bool, _: &mut Vec<u8>) -> Flow {
        self.bytes += line.len() + 24;
        if self.bytes > MAX_BYTES {
            self.too_much = true;
            return Flow::Stop;
        }
        self.lines.push(String::from_utf8_lossy(line).into_owned());
        Flow::More
    }

    fn end(&mut self, sys: &mut Sys, out: &mut Vec<u8>) -> i32 {
        if self.too_much {
            return TOOL.fail(sys, "input too large");
        }
        let mut lines = std::mem::take(&mut self.lines);
        if self.args.has('c') {
            let wrong =
                lines.windows(2).position(|w| self.compare(&w[0], &w[1]) == Ordering::Greater);
            if let Some(at) = wrong {
                sys.eprint(&format!("sort: -:{}: disorder: {}\n", at + 2, lines[at + 1]));
                return 1;
            }
            return 0;
        }
        lines.order_by(|a, b| self.compare(a, b));
        if self.args.has('u') {
            lines.dedup_by(|a, b| self.compare(a, b) == Ordering::Equal);
        }
        let mut text = Vec::new();
        for line in &lines {
            put_line(&mut text, line.as_bytes());
        }
        match self.args.value('o') {
            Some(file) => {
                let file = file.to_owned();
                if let Err(error) = sys.write_file(&file, &text) {
                    return TOOL.fail(sys, &format!("open failed: {file}: {error}"));
                }
            }
            None => out.extend(text),
        }
        0
    }

    fn complaint(&self, file: &str, error: Errno, busybox: bool) -> String {
        match (busybox, error) {
            (true, _) => format!("sort: {file}: {error}"),
            (_, Errno::IsDirectory) => format!("sort: read failed: {file}: {error}"),
            _ => format!("sort: cannot read: {file}: {error}"),
        }
    }

    fn failed(&self, _: i32) -> i32 {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_sort_as_numbers() {
        assert_eq!(version("web-2", "web-10"), Ordering::Less);
        assert_eq!(version("a1b", "a1a"), Ordering::Greater);
        assert_eq!(version("v1.02", "v1.2"), Ordering::Equal);
        assert!((number(" 12abc", false) - 12.0).abs() < 1e-9);
        assert!((number("2K", true) - 2048.0).abs() < 1e-9);
    }
}
