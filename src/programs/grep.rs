//! `grep`, `egrep`, `fgrep`: lines that match a pattern.

use std::collections::VecDeque;

use crate::os::{Errno, FileKind, Program, STDOUT, Sys};

use super::support::args::{Args, Tool};
use super::support::input::{Flow, Lines, filter};
use super::support::regex::{Regex, Syntax};
use super::support::text::{is_busybox, join};

/// `grep`.
pub(super) static GREP: Program = Program { name: "grep", start: |argv| filter(argv, setup) };
/// `egrep`.
pub(super) static EGREP: Program = Program { name: "egrep", start: |argv| filter(argv, setup) };
/// `fgrep`.
pub(super) static FGREP: Program = Program { name: "fgrep", start: |argv| filter(argv, setup) };

const TOOL: Tool = Tool {
    name: "grep",
    usage: "[-HhnlLoqvsrRiwcxFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...",
    options: "HhnlLoqvsrRiywcxFEGPabm:A:B:C:e:f:ĒĪz",
    long: &[
        ("with-filename", 'H'),
        ("no-filename", 'h'),
        ("line-number", 'n'),
        ("files-with-matches", 'l'),
        ("files-without-match", 'L'),
        ("only-matching", 'o'),
        ("quiet", 'q'),
        ("silent", 'q'),
        ("invert-match", 'v'),
        ("no-messages", 's'),
        ("recursive", 'r'),
        ("ignore-case", 'i'),
        ("word-regexp", 'w'),
        ("count", 'c'),
        ("line-regexp", 'x'),
        ("fixed-strings", 'F'),
        ("extended-regexp", 'E'),
        ("basic-regexp", 'G'),
        ("perl-regexp", 'P'),
        ("max-count", 'm'),
        ("after-context", 'A'),
        ("before-context", 'B'),
        ("context", 'C'),
        ("regexp", 'e'),
        ("file", 'f'),
        ("text", 'a'),
        ("byte-offset", 'b'),
        ("line-buffered", 'Ē'),
    ],
    trouble: 2,
};

/// Most files that `-r` reads.
const MAX_FILES: usize = 5_000;

#[derive(Clone)]
struct Grep {
    patterns: Vec<Regex>,
    args: Args,
    titles: bool,
    color: bool,
    before: usize,
    after: usize,
    most: Option<usize>,
    // The current file.
    name: String,
    number: usize,
    count: usize,
    recent: VecDeque<(usize, Vec<u8>)>,
    after_left: usize,
    /// Number of the last line shown, for the separators between groups.
    last_shown: usize,
    any_shown: bool,
    any: bool,
    begun: bool,
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Grep, Vec<String>), i32> {
    let mut words = Vec::new();
    let mut color = false;
    for word in argv {
        match word.strip_prefix("--colo").map(|w| w.trim_start_matches('u').trim_start_matches('r'))
        {
            Some("" | "=always") => color = true,
            Some("=auto") => color = sys.is_tty(STDOUT),
            Some("=never") => color = false,
            _ => words.push(word.clone()),
        }
    }
    // `grep -5 x` is `grep -C5 x`.
    for word in words.iter_mut().skip(1) {
        let digits = word.strip_prefix('-').unwrap_or("");
        if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
            *word = format!("-C{digits}");
        }
    }
    let args = TOOL.parse(&words, sys)?;
    let mut operands = args.operands.clone();
    let mut texts: Vec<String> = args.values('e').map(str::to_owned).collect();
    for file in args.values('f') {
        match sys.read_file(file) {
            Ok(bytes) => texts.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned)),
            Err(error) => return Err(TOOL.fail(sys, &format!("{file}: {error}"))),
        }
    }
    if !args.has('e') && !args.has('f') {
        if operands.is_empty() {
            let text = if is_busybox(sys) {
                format!("Usage: grep {}\n", TOOL.usage)
            } else {
                "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n"
                    .to_owned()
            };
            sys.eprint(&text);
            return Err(2);
        }
        texts.extend(operands.remove(0).split('\n').map(str::to_owned));
    }
    let called = argv.first().map_or("grep", |a| a.rsplit('/').next().unwrap_or(a));
    let syntax = match args.last_of("EFGP") {
        Some('F') => Syntax::Fixed,
        Some('E' | 'P') => Syntax::Extended,
        Some(_) => Syntax::Basic,
        None if called == "egrep" => Syntax::Extended,
        None if called == "fgrep" => Syntax::Fixed,
        None => Syntax::Basic,
    };
    let ignore_case = args.has('i') || args.has('y');
    let mut patterns = Vec::new();
    for text in &texts {
        match Regex::new(text, syntax, ignore_case) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => return Err(TOOL.fail(sys, &error)),
        }
    }
    let number = |o: char| args.value(o).map(str::parse::<usize>);
    for o in ['m', 'A', 'B', 'C'] {
        if let Some(Err(_)) = number(o) {
            let text = args.value(o).unwrap_or("");
            let what =
                if o == 'm' { "invalid max count" } else { "invalid context length argument" };
            return Err(TOOL.fail(sys, &format!("{text}: {what}")));
        }
    }
    let number = |o: char| number(o).and_then(Result::ok);
    let recursive = args.has('r') || args.has('R');
    let files = if recursive { walk(sys, &operands) } else { operands.clone() };
    let several = files.len() > 1 || recursive;
    let grep = Grep {
        patterns,
        titles: (several || args.has('H')) && !args.has('h'),
        color,
        before: number('B').or(number('C')).unwrap_or(0),
        after: number('A').or(number('C')).unwrap_or(0),
        most: number('m'),
        args,
        name: String::new(),
        number: 0,
        count: 0,
        recent: VecDeque::new(),
        after_left: 0,
        last_shown: 0,
        any_shown: false,
        any: false,
        begun: false,
    };
    if recursive && files.is_empty() {
        return Err(1);
    }
    Ok((grep, files))
}

/// The files below these paths.
fn walk(sys: &Sys, operands: &[String]) -> Vec<String> {
    let start = if operands.is_empty() { vec![".".to_owned()] } else { operands.to_vec() };
    let bare = operands.is_empty();
    let mut todo: Vec<String> = start.into_iter().rev().collect();
    let mut files = Vec::new();
    while let Some(path) = todo.pop() {
        if files.len() >= MAX_FILES {
            break;
        }
        let is_dir = sys.stat(&path, true).is_ok_and(|s| s.kind == FileKind::Directory);
        if is_dir {
            let names = sys.read_dir(&path).unwrap_or_default();
            todo.extend(
                names
                    .into_iter()
                    .rev()
                    .filter(|(_, k)| *k != FileKind::Symlink)
                    .map(|(name, _)| if bare && path == "." { name } else { join(&path, &name) }),
            );
        } else {
            files.push(path);
        }
    }
    files
}

impl Grep {
    /// Where the line matches; empty when it does not.
    fn matches(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at <= text.len() {
            let next = self
                .patterns
                .iter()
                .filter_map(|p| self.one(p, text, at))
                .min_by_key(|(from, to)| (*from, std::cmp::Reverse(*to)));
            let Some((from, to)) = next else { break };
            found.push((from, to));
            if !self.args.has('o') && !self.color {
                break;
            }
            at = if to > from {
                to
            } else {
                to + text[to..].chars().next().map_or(1, char::len_utf8)
            };
        }
        found
    }

    fn one(&self, pattern: &Regex, text: &str, start: usize) -> Option<(usize, usize)> {
        let mut at = start;
        loop {
            let (from, to) = (*pattern.find_at(text, at)?.first()?)?;
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let bounded = !text[..from].ends_with(word) && !text[to..].starts_with(word);
            let fits = if self.args.has('x') {
                from == 0 && to == text.len()
            } else {
                !self.args.has('w') || bounded && to > from
            };
            if fits {
                return Some((from, to));
            }
            at = from + text[from..].chars().next()?.len_utf8();
        }
    }

    fn show(&mut self, number: usize, line: &[u8], mark: char, out: &mut Vec<u8>) {
        let context = self.before + self.after > 0;
        if context && self.any_shown && number > self.last_shown + 1
            || context && self.any_shown && self.last_shown == 0
        {
            out.extend(if self.color { &b"\x1b[36m\x1b[K--\x1b[m\x1b[K\n"[..] } else { b"--\n" });
        }
        self.last_shown = number;
        self.any_shown = true;
        self.prefix(number, mark, out);
        out.extend(line);
        out.push(b'\n');
    }

    fn prefix(&self, number: usize, mark: char, out: &mut Vec<u8>) {
        if self.titles {
            if self.color {
                out.extend(
                    format!(
                        "\x1b[35m\x1b[K{}\x1b[m\x1b[K\x1b[36m\x1b[K{mark}\x1b[m\x1b[K",
                        self.name
                    )
                    .bytes(),
                );
            } else {
                out.extend(format!("{}{mark}", self.name).bytes());
            }
        }
        if self.args.has('n') {
            if self.color {
                out.extend(
                    format!("\x1b[32m\x1b[K{number}\x1b[m\x1b[K\x1b[36m\x1b[K{mark}\x1b[m\x1b[K")
                        .bytes(),
                );
            } else {
                out.extend(format!("{number}{mark}").bytes());
            }
        }
    }

    fn paint(&self, text: &str, found: &[(usize, usize)]) -> Vec<u8> {
        if !self.color || self.args.has('v') {
            return text.as_bytes().to_vec();
        }
        let mut painted = String::new();
        let mut at = 0;
        for (from, to) in found.iter().filter(|(from, to)| to > from) {
            painted.push_str(&text[at..*from]);
            painted.push_str(&format!("\x1b[01;31m\x1b[K{}\x1b[m\x1b[K", &text[*from..*to]));
            at = *to;
        }
        painted.push_str(&text[at..]);
        painted.into_bytes()
    }

    /// What is told about a file once it has been read.
    fn finish_file(&mut self, out: &mut Vec<u8>) {
        if !self.begun || self.args.has('q') {
            return;
        }
        if self.args.has('c') {
            if self.titles {
                out.extend(format!("{}:", self.name).bytes());
            }
            out.extend(format!("{}\n", self.count).bytes());
        }
        if self.args.has('L') && self.count == 0 {
            out.extend(format!("{}\n", self.name).bytes());
        }
        self.begun = false;
    }
}

impl Lines for Grep {
    fn file(&mut self, name: &str, out: &mut Vec<u8>) {
        self.finish_file(out);
        self.name = if name == "-" { "(standard input)".to_owned() } else { name.to_owned() };
        self.begun = true;
        self.number = 0;
        self.count = 0;
        self.after_left = 0;
        self.last_shown = 0;
        self.recent.clear();
    }

    fn line(&mut self, line: &[u8], _: bool, out: &mut Vec<u8>) -> Flow {
        self.number += 1;
        if self.most.is_some_and(|most| self.count >= most && self.after_left == 0) {
            return Flow::NextFile;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        let found = self.matches(&text);
        let stop = self.most.is_some_and(|most| self.count >= most);
        let hit = found.is_empty() == self.args.has('v') && !stop;
        let quiet = self.args.has('c') || self.args.has('L');
        if hit {
            self.count += 1;
            self.any = true;
            if self.args.has('q') {
                return Flow::Stop;
            }
            if self.args.has('l') {
                out.extend(format!("{}\n", self.name).bytes());
                return Flow::NextFile;
            }
            if quiet {
                return Flow::More;
            }
            if self.args.has('o') {
                for (from, to) in found.iter().filter(|(from, to)| to > from && !self.args.has('v'))
                {
                    self.prefix(self.number, ':', out);
                    let part = self.paint(&text[*from..*to], &[(0, to - from)]);
                    out.extend(part);
                    out.push(b'\n');
                }
                return Flow::More;
            }
            for (number, line) in std::mem::take(&mut self.recent) {
                self.show(number, &line, '-', out);
            }
            let shown = self.paint(&text, &found);
            // Bytes that are no text are shown as they are.
            let shown = if self.color { shown } else { line.to_vec() };
            self.show(self.number, &shown, ':', out);
            self.after_left = self.after;
        } else if self.after_left > 0 && !quiet {
            self.after_left -= 1;
            self.show(self.number, line, '-', out);
        } else if self.before > 0 {
            self.recent.push_back((self.number, line.to_vec()));
            if self.recent.len() > self.before {
                self.recent.pop_front();
            }
        }
        Flow::More
    }

    fn end(&mut self, _: &mut Sys, out: &mut Vec<u8>) -> i32 {
        self.finish_file(out);
        i32::from(!self.any)
    }

    fn complaint(&self, file: &str, error: Errno, _: bool) -> String {
        format!("grep: {file}: {error}")
    }

    fn failed(&self, code: i32) -> i32 {
        if self.args.has('q') && code == 0 { 0 } else { 2 }
    }
}
