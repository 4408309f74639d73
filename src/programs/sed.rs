//! `sed`: edits a stream of lines.
//! Upstream: POSIX sed with GNU's `-i`, `-E`, `-s`, `\+`, `I`, `first~step`, `addr,+N`, `Q`, one-line `a`, `i`, `c`.

use crate::base::ordered::OrdMap;
use crate::os::{Errno, OpenFlags, Process, Program, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::input::{Got, Input, flush};
use super::support::regex::{Captures, Regex, Syntax};
use super::support::text::is_busybox;

/// `sed`.
pub(super) static SED: Program =
    Program { name: "sed", start: |argv| Box::new(Sed { argv: argv.to_vec(), state: None }) };

const TOOL: Tool = Tool {
    name: "sed",
    usage: "[-i[SFX]] [-nrEs] [-f FILE]... [-e CMD]... [SCRIPT] [FILE]...",
    options: "nrEszuf:e:b",
    long: &[
        ("quiet", 'n'),
        ("silent", 'n'),
        ("regexp-extended", 'E'),
        ("separate", 's'),
        ("null-data", 'z'),
        ("file", 'f'),
        ("expression", 'e'),
        ("unbuffered", 'u'),
    ],
    trouble: 1,
};

/// Most commands run for one line: loops by branches end here.
const MAX_STEPS: usize = 200_000;
/// Most bytes of the pattern and hold spaces.
const MAX_SPACE: usize = 8 << 20;
/// Work done in one step.
const SLICE: usize = 64 << 10;

#[derive(Clone)]
struct Sed {
    argv: Vec<String>,
    state: Option<State>,
}

#[derive(Clone)]
struct State {
    script: Vec<Command>,
    quiet: bool,
    separate: bool,
    /// The suffix of the copy that `-i` keeps.
    in_place: Option<String>,
    input: Input,
    /// A line read ahead, so that the last one is known.
    ahead: Option<(String, bool)>,
    started: bool,
    number: usize,
    pattern: String,
    newline: bool,
    hold: String,
    out: Vec<u8>,
    /// Text to be shown at the end of the cycle.
    queue: Vec<String>,
    /// Which ranges are open, by command, with the line at which they end if that is known.
    ranges: OrdMap<usize, Option<usize>>,
    /// The place in the script where `n` or `N` waits for a line.
    resume: Option<usize>,
    file: String,
    code: i32,
    failed: bool,
}

#[derive(Clone, Debug)]
enum Address {
    Line(usize),
    Step(usize, usize),
    Last,
    Match(Option<Regex>),
    Plus(usize),
    Multiple(usize),
}

#[derive(Clone, Debug)]
struct Command {
    first: Option<Address>,
    second: Option<Address>,
    negated: bool,
    act: Act,
}

#[derive(Clone, Debug)]
enum Act {
    /// `{`: goes to the place behind the matching brace when the address does not fit.
    Begin(usize),
    End,
    Substitute(Box<Substitute>),
    Translate(OrdMap<char, char>),
    Append(String),
    Insert(String),
    Change(String),
    Delete,
    DeleteFirst,
    Print,
    PrintFirst,
    Next,
    NextAppend,
    Quit(i32, bool),
    Hold,
    HoldAppend,
    Get,
    GetAppend,
    Exchange,
    Number,
    List,
    Branch(Target),
    BranchIfChanged(Target),
    BranchUnlessChanged(Target),
    Label,
    Read(String),
    Write(String),
}

#[derive(Clone, Debug)]
enum Target {
    Named(String),
    At(usize),
}

#[derive(Clone, Debug)]
struct Substitute {
    /// Without one the last used expression.
    regex: Option<Regex>,
    parts: Vec<Part>,
    global: bool,
    nth: usize,
    print: bool,
    file: Option<String>,
}

/// A piece of a replacement.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Group(usize),
    /// `\U`, `\L`, `\u`, `\l`, `\E`.
    Case(char),
}

// --- the script ---

struct Parser {
    chars: Vec<char>,
    at: usize,
    syntax: Syntax,
    commands: Vec<Command>,
    open: Vec<usize>,
    labels: OrdMap<String, usize>,
}

impl Parser {
    fn error<T>(&self, text: &str) -> Result<T, String> {
        Err(format!("-e expression #1, char {}: {text}", self.at))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip(&mut self, fits: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&fits) {
            self.at += 1;
        }
    }

    fn blanks(&mut self) {
        self.skip(|c| c == ' ' || c == '\t');
    }

    fn number(&mut self) -> Option<usize> {
        let start = self.at;
        self.skip(|c| c.is_ascii_digit());
        self.chars[start..self.at].iter().collect::<String>().parse().ok()
    }

    fn script(&mut self) -> Result<(), String> {
        loop {
            self.skip(|c| c.is_whitespace() || c == ';');
            let Some(c) = self.peek() else { break };
            if c == '#' {
                self.skip(|c| c != '\n');
                continue;
            }
            self.command()?;
        }
        if !self.open.is_empty() {
            return Err("-e expression #1, char 0: unmatched `{'".to_owned());
        }
        let labels = self.labels.clone();
        let end = self.commands.len();
        for command in &mut self.commands {
            let (Act::Branch(target)
            | Act::BranchIfChanged(target)
            | Act::BranchUnlessChanged(target)) = &mut command.act
            else {
                continue;
            };
            if let Target::Named(name) = target {
                let at = if name.is_empty() { Some(end) } else { labels.get(name).copied() };
                let Some(at) = at else {
                    return Err(format!(
                        "-e expression #1, char {}: can't find label for jump to `{name}'",
                        self.at
                    ));
                };
                *target = Target::At(at);
            }
        }
        Ok(())
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        Ok(match self.peek() {
            Some('$') => {
                self.at += 1;
                Some(Address::Last)
            }
            Some(c) if c.is_ascii_digit() => {
                let first = self.number().unwrap_or(0);
                if self.peek() == Some('~') {
                    self.at += 1;
                    let step = self.number().unwrap_or(0);
                    return Ok(Some(Address::Step(first, step)));
                }
                Some(Address::Line(first))
            }
            Some(c @ ('/' | '\\')) => {
                self.at += 1;
                let mark = if c == '\\' {
                    let mark = self.peek().unwrap_or('/');
                    self.at += 1;
                    mark
                } else {
                    '/'
                };
                let text = self.until(mark, "unterminated address regex")?;
                let ignore_case = self.peek() == Some('I');
                if ignore_case {
                    self.at += 1;
                }
                Some(Address::Match(self.regex(&text, ignore_case)?))
            }
            _ => None,
        })
    }

    fn regex(&self, text: &str, ignore_case: bool) -> Result<Option<Regex>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        match Regex::new(text, self.syntax, ignore_case) {
            Ok(regex) => Ok(Some(regex)),
            Err(text) => self.error(&text),
        }
    }

    /// Text up to a delimiter; the delimiter behind a backslash is a plain character.
    fn until(&mut self, mark: char, problem: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut in_set = false;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\\' => {
                    let Some(next) = self.peek() else { break };
                    self.at += 1;
                    if next == mark {
                        // A delimiter that means something in patterns keeps meaning nothing.
                        if mark != '/' && ".*[]^$+?(){}|".contains(mark) {
                            text.push('\\');
                        }
                        text.push(mark);
                    } else {
                        text.extend(['\\', next]);
                    }
                }
                c if c == mark && !in_set => return Ok(text),
                '\n' if mark != '\n' && problem.contains("address") => break,
                c => {
                    if c == '[' && problem.contains("regex") && !in_set {
                        in_set = self.closes_before(mark);
                    } else if c == ']' {
                        in_set = false;
                    }
                    text.push(c);
                }
            }
        }
        self.error(problem)
    }

    /// Whether a bracket expression that begins here is closed before the script's line ends.
    fn closes_before(&self, mark: char) -> bool {
        let rest = &self.chars[self.at..];
        let line: Vec<char> = rest.iter().copied().take_while(|c| *c != '\n').collect();
        let close = line.iter().skip(1).position(|c| *c == ']').map(|n| n + 1);
        let Some(close) = close else { return false };
        // Only when the delimiter is inside, and another one follows, does it matter.
        line[..close].contains(&mark) && line[close..].contains(&mark)
    }

    fn command(&mut self) -> Result<(), String> {
        let first = self.address()?;
        let mut second = None;
        self.blanks();
        if first.is_some() && self.peek() == Some(',') {
            self.at += 1;
            self.blanks();
            second = match self.peek() {
                Some('+') => {
                    self.at += 1;
                    Some(Address::Plus(self.number().unwrap_or(0)))
                }
                Some('~') => {
                    self.at += 1;
                    Some(Address::Multiple(self.number().unwrap_or(1)))
                }
                _ => self.address()?,
            };
            if second.is_none() {
                self.at += 1;
                return self.error("unexpected `,'");
            }
        }
        self.skip(|c| c == ' ' || c == '\t');
        let mut negated = false;
        while self.peek() == Some('!') {
            negated = true;
            self.at += 1;
            self.blanks();
        }
        let Some(name) = self.peek() else {
            return self.error("missing command");
        };
        self.at += 1;
        let act = self.act(name, first.is_some())?;
        let at = self.commands.len();
        let closes = matches!(act, Act::End);
        if matches!(act, Act::Begin(_)) {
            self.open.push(at);
        }
        self.commands.push(Command { first, second, negated, act });
        if closes {
            let Some(begin) = self.open.pop() else { return self.error("unexpected `}'") };
            self.commands[begin].act = Act::Begin(at + 1);
            return Ok(());
        }
        if !matches!(self.commands[at].act, Act::Begin(_)) {
            self.blanks();
            match self.peek() {
                None | Some('\n' | ';' | '}' | '#') => {}
                Some(_) => {
                    self.at += 1;
                    return self.error("extra characters after command");
                }
            }
        }
        Ok(())
    }

    fn act(&mut self, name: char, has_address: bool) -> Result<Act, String> {
        Ok(match name {
            '{' => Act::Begin(0),
            '}' if has_address => return self.error("unexpected `}'"),
            '}' => Act::End,
            's' => self.substitute()?,
            'y' => self.translate()?,
            'a' => Act::Append(self.text()?),
            'i' => Act::Insert(self.text()?),
            'c' => Act::Change(self.text()?),
            'd' => Act::Delete,
            'D' => Act::DeleteFirst,
            'p' => Act::Print,
            'P' => Act::PrintFirst,
            'n' => Act::Next,
            'N' => Act::NextAppend,
            'q' | 'Q' => {
                self.blanks();
                Act::Quit(self.number().unwrap_or(0) as i32, name == 'q')
            }
            'h' => Act::Hold,
            'H' => Act::HoldAppend,
            'g' => Act::Get,
            'G' => Act::GetAppend,
            'x' => Act::Exchange,
            '=' => Act::Number,
            'l' => Act::List,
            'b' => Act::Branch(Target::Named(self.label())),
            't' => Act::BranchIfChanged(Target::Named(self.label())),
            'T' => Act::BranchUnlessChanged(Target::Named(self.label())),
            ':' => {
                self.blanks();
                let start = self.at;
                self.skip(|c| !c.is_whitespace() && c != ';');
                let label: String = self.chars[start..self.at].iter().collect();
                if label.is_empty() {
                    return self.error("\":\" lacks a label");
                }
                self.labels.insert(label, self.commands.len());
                Act::Label
            }
            'r' => Act::Read(self.rest_of_line()),
            'w' => Act::Write(self.rest_of_line()),
            'e' => return self.error("the e command is not simulated"),
            other => return self.error(&format!("unknown command: `{other}'")),
        })
    }

    fn label(&mut self) -> String {
        self.blanks();
        let start = self.at;
        self.skip(|c| !c.is_whitespace() && c != ';' && c != '}');
        self.chars[start..self.at].iter().collect()
    }

    fn rest_of_line(&mut self) -> String {
        self.blanks();
        let start = self.at;
        self.skip(|c| c != '\n');
        self.chars[start..self.at].iter().collect()
    }

    /// The text of `a`, `i`, `c`: on the same line, or behind a backslash on the next ones.
    fn text(&mut self) -> Result<String, String> {
        self.blanks();
        if self.peek() == Some('\\') {
            self.at += 1;
            self.blanks();
            if self.peek() == Some('\n') {
                self.at += 1;
            }
        }
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\n' => break,
                '\\' => {
                    if let Some(next) = self.peek() {
                        self.at += 1;
                        text.push(match next {
                            't' => '\t',
                            'n' if !text.is_empty() => '\n',
                            next => next,
                        });
                    }
                }
                c => text.push(c),
            }
        }
        if text.is_empty()
            && self.at >= self.chars.len()
            && self.chars.last().is_some_and(|c| "aic".contains(*c))
        {
            return self.error("expected \\ after `a', `c' or `i'");
        }
        text.push('\n');
        Ok(text)
    }

    fn substitute(&mut self) -> Result<Act, String> {
        let problem = "unterminated `s' command";
        let Some(mark) = self.peek().filter(|c| *c != '\n' && *c != '\\') else {
            return self.error(problem);
        };
        self.at += 1;
        let pattern =
            self.until(mark, &format!("{problem} regex")).map_err(|e| e.replace(" regex", ""))?;
        let replacement = self.replacement(mark)?;
        let mut made = Substitute {
            regex: None,
            parts: replacement,
            global: false,
            nth: 1,
            print: false,
            file: None,
        };
        let mut ignore_case = false;
        loop {
            match self.peek() {
                Some('g') => made.global = true,
                Some('p') => made.print = true,
                Some('i' | 'I') => ignore_case = true,
                Some('m' | 'M') => {}
                Some('e') => return self.error("the e flag is not simulated"),
                Some(c) if c.is_ascii_digit() => {
                    made.nth = self.number().unwrap_or(1);
                    if made.nth == 0 {
                        return self.error("number option to `s' command may not be zero");
                    }
                    continue;
                }
                Some('w') => {
                    self.at += 1;
                    made.file = Some(self.rest_of_line());
                    break;
                }
                None | Some('\n' | ';' | '}' | '#' | ' ' | '\t') => break,
                Some(_) => {
                    self.at += 1;
                    return self.error("unknown option to `s'");
                }
            }
            self.at += 1;
        }
        made.regex = self.regex(&pattern, ignore_case)?;
        let groups = made.regex.as_ref().map_or(9, Regex::groups);
        for part in &made.parts {
            if let Part::Group(n) = part
                && *n > groups
            {
                return self.error(&format!("invalid reference \\{n} on `s' command's RHS"));
            }
        }
        Ok(Act::Substitute(Box::new(made)))
    }

    fn replacement(&mut self, mark: char) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut put = |text: &mut String, part: Part| {
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(text)));
            }
            parts.push(part);
        };
        loop {
            let Some(c) = self.peek() else { return self.error("unterminated `s' command") };
            self.at += 1;
            match c {
                c if c == mark => break,
                '&' => put(&mut text, Part::Group(0)),
                '\\' => {
                    let Some(next) = self.peek() else {
                        return self.error("unterminated `s' command");
                    };
                    self.at += 1;
                    match next {
                        '0'..='9' => {
                            put(&mut text, Part::Group(next.to_digit(10).unwrap_or(0) as usize));
                        }
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        'r' => text.push('\r'),
                        'U' | 'L' | 'u' | 'l' | 'E' => put(&mut text, Part::Case(next)),
                        next => text.push(next),
                    }
                }
                c => text.push(c),
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(parts)
    }

    fn translate(&mut self) -> Result<Act, String> {
        let problem = "unterminated `y' command";
        let Some(mark) = self.peek() else { return self.error(problem) };
        self.at += 1;
        let plain = |text: String| -> Vec<char> {
            let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\");
            text.chars().collect()
        };
        let from = plain(self.until(mark, problem)?);
        let to = plain(self.until(mark, problem)?);
        if from.len() != to.len() {
            return self.error("strings for `y' command are different lengths");
        }
        Ok(Act::Translate(from.into_iter().zip(to).collect()))
    }
}

// --- the work ---

/// How a cycle goes on.
enum Cycle {
    /// With the next line.
    Done,
    /// Once there is more input.
    Wait(Wait),
    /// Not at all.
    Quit(i32),
}

impl State {
    /// Reads until a line is ahead, or the input has ended; `Some` when it has to wait.
    fn look_ahead(&mut self, sys: &mut Sys) -> Option<Wait> {
        while self.ahead.is_none() {
            match self.input.next(sys) {
                Got::Line(line, ended) => {
                    self.ahead = Some((String::from_utf8_lossy(&line).into_owned(), ended));
                }
                Got::File(name) => {
                    if self.separate && self.started {
                        self.change_file(sys);
                        self.number = 0;
                    }
                    self.started = true;
                    self.file = name;
                }
                Got::Failed(name, error) => {
                    flush_to(self, sys);
                    let text = if is_busybox(sys) {
                        format!("sed: {name}: {error}\n")
                    } else if error == Errno::IsDirectory {
                        format!("sed: couldn't edit {name}: not a regular file\n")
                    } else {
                        format!("sed: can't read {name}: {error}\n")
                    };
                    sys.eprint(&text);
                    self.failed = true;
                }
                Got::Wait(fd) => return Some(Wait::readable(fd)),
                Got::End => return None,
            }
        }
        None
    }

    /// With `-i` what was made of a file takes its place.
    fn change_file(&mut self, sys: &mut Sys) {
        let Some(suffix) = self.in_place.clone() else { return };
        let file = self.file.clone();
        if file == "-" || file.is_empty() {
            return;
        }
        if !suffix.is_empty() {
            let copy = if suffix.contains('*') {
                suffix.replace('*', &file)
            } else {
                format!("{file}{suffix}")
            };
            let saved = sys.read_file(&file).and_then(|bytes| sys.write_file(&copy, &bytes));
            if let Err(error) = saved {
                sys.eprint(&format!("sed: cannot rename {file}: {error}\n"));
            }
        }
        let out = std::mem::take(&mut self.out);
        if let Err(error) = sys.write_file(&file, &out) {
            sys.eprint(&format!("sed: couldn't open file {file}: {error}\n"));
            self.failed = true;
        }
    }

    fn put(&mut self, text: &str) {
        self.out.extend(text.bytes());
        self.out.push(b'\n');
    }

    /// Shows the pattern space with the newline that its line had.
    fn put_pattern(&mut self) {
        self.out.extend(self.pattern.bytes());
        if self.newline {
            self.out.push(b'\n');
        }
    }

    fn take_line(&mut self) -> bool {
        let Some((line, newline)) = self.ahead.take() else { return false };
        self.number += 1;
        self.newline = newline;
        self.pattern = line;
        true
    }

    fn is_last(&mut self, sys: &mut Sys) -> Result<bool, Wait> {
        // The last line is known once the one behind it has been looked for.
        match self.look_ahead(sys) {
            Some(wait) => Err(wait),
            None => Ok(self.ahead.is_none()),
        }
    }

    fn fits(&mut self, address: &Address, last: bool) -> bool {
        match address {
            Address::Line(n) => *n == self.number,
            Address::Step(first, 0) => *first == self.number,
            Address::Step(first, step) => {
                self.number >= *first && (self.number - first).is_multiple_of(*step)
            }
            Address::Last => last,
            Address::Match(Some(regex)) => regex.is_match(&self.pattern),
            Address::Match(None) | Address::Plus(_) | Address::Multiple(_) => false,
        }
    }

    /// Whether a command applies to the current line.
    fn applies(&mut self, at: usize, command: &Command, last: bool) -> bool {
        let Some(first) = &command.first else { return true };
        let Some(second) = &command.second else {
            return self.fits(first, last) != command.negated;
        };
        let inside = if let Some(end) = self.ranges.get(&at).copied() {
            let over = match end {
                Some(end) => self.number >= end,
                None => self.fits(second, last),
            };
            if over {
                self.ranges.remove(&at);
            }
            // A range by line numbers that lies behind us is over already.
            !(matches!(second, Address::Line(_)) && end.is_some_and(|end| self.number > end))
        } else if self.fits(first, last) || matches!(first, Address::Line(0)) && self.number == 1 {
            let end = match second {
                Address::Line(n) => Some(*n),
                Address::Plus(n) => Some(self.number + n),
                Address::Multiple(n) => Some(self.number.next_multiple_of((*n).max(1))),
                _ => None,
            };
            let zero = matches!(first, Address::Line(0)) && self.fits(second, last);
            if end.is_none_or(|end| end > self.number)
                && !zero
                && !matches!(second, Address::Last if last)
            {
                self.ranges.insert(at, end);
            }
            true
        } else {
            false
        };
        inside != command.negated
    }

    /// Runs the script on the current line.
    fn cycle(&mut self, sys: &mut Sys) -> Cycle {
        let script = self.script.clone();
        let mut at = self.resume.take().unwrap_or(0);
        let mut changed = false;
        let mut steps = 0;
        let needs_last = script.iter().any(Command::looks_for_last);
        let last = if needs_last || at > 0 {
            match self.is_last(sys) {
                Ok(last) => last,
                Err(wait) => {
                    self.resume = Some(at);
                    return Cycle::Wait(wait);
                }
            }
        } else {
            false
        };
        let mut last = last;
        while let Some(command) = script.get(at) {
            steps += 1;
            if steps > MAX_STEPS || self.pattern.len() + self.hold.len() > MAX_SPACE {
                flush_to(self, sys);
                sys.eprint("sed: the script does not come to an end\n");
                return Cycle::Quit(1);
            }
            let applies = self.applies(at, command, last);
            at += 1;
            if !applies {
                if let Act::Begin(end) = command.act {
                    at = end;
                }
                continue;
            }
            match &command.act {
                Act::Begin(_) | Act::End | Act::Label => {}
                Act::Substitute(substitute) => changed |= self.substitute(substitute, sys),
                Act::Translate(map) => {
                    self.pattern =
                        self.pattern.chars().map(|c| *map.get(&c).unwrap_or(&c)).collect();
                }
                Act::Append(text) => self.queue.push(text.clone()),
                Act::Insert(text) => self.out.extend(text.bytes()),
                Act::Change(text) => {
                    let open = command.second.is_some()
                        && self.ranges.contains_key(&(at - 1))
                        && !command.negated;
                    if !open {
                        self.out.extend(text.bytes());
                    }
                    return Cycle::Done;
                }
                Act::Delete => return Cycle::Done,
                Act::DeleteFirst => match self.pattern.find('\n') {
                    None => return Cycle::Done,
                    Some(end) => {
                        self.pattern.drain(..=end);
                        self.show_queue(sys);
                        at = 0;
                    }
                },
                Act::Print => {
                    let text = self.pattern.clone();
                    self.put(&text);
                }
                Act::PrintFirst => {
                    let text = self.pattern.split('\n').next().unwrap_or("").to_owned();
                    self.put(&text);
                }
                Act::Next | Act::NextAppend => {
                    if let Some(wait) = self.look_ahead(sys) {
                        self.resume = Some(at - 1);
                        return Cycle::Wait(wait);
                    }
                    let append = matches!(command.act, Act::NextAppend);
                    if self.ahead.is_none() {
                        // Without a next line GNU's sed shows what there is and ends.
                        if !self.quiet {
                            self.put_pattern();
                        }
                        return Cycle::Quit(0);
                    }
                    let old = std::mem::take(&mut self.pattern);
                    if !append && !self.quiet {
                        self.put(&old);
                    }
                    self.show_queue(sys);
                    self.take_line();
                    if append {
                        self.pattern = format!("{old}\n{}", self.pattern);
                    }
                    if needs_last {
                        last = match self.is_last(sys) {
                            Ok(last) => last,
                            Err(wait) => {
                                self.resume = Some(at);
                                return Cycle::Wait(wait);
                            }
                        };
                    }
                }
                Act::Quit(code, show) => {
                    if *show && !self.quiet {
                        self.put_pattern();
                    }
                    self.show_queue(sys);
                    return Cycle::Quit(*code);
                }
                Act::Hold => self.hold.clone_from(&self.pattern),
                Act::HoldAppend => self.hold = format!("{}\n{}", self.hold, self.pattern),
                Act::Get => self.pattern.clone_from(&self.hold),
                Act::GetAppend => self.pattern = format!("{}\n{}", self.pattern, self.hold),
                Act::Exchange => std::mem::swap(&mut self.pattern, &mut self.hold),
                Act::Number => {
                    let text = self.number.to_string();
                    self.put(&text);
                }
                Act::List => {
                    let text = listed(&self.pattern);
                    self.put(&text);
                }
                Act::Branch(target) => at = place(target, at),
                Act::BranchIfChanged(target) if changed => {
                    changed = false;
                    at = place(target, at);
                }
                Act::BranchIfChanged(_) => {}
                Act::BranchUnlessChanged(target) => {
                    if !changed {
                        at = place(target, at);
                    }
                    changed = false;
                }
                Act::Read(file) => {
                    let bytes = sys.read_file(file).unwrap_or_default();
                    self.queue.push(String::from_utf8_lossy(&bytes).into_owned());
                }
                Act::Write(file) => {
                    let text = format!("{}\n", self.pattern);
                    write_to(file, &text, self, sys);
                }
            }
        }
        if !self.quiet {
            self.put_pattern();
        }
        Cycle::Done
    }

    fn show_queue(&mut self, _: &mut Sys) {
        for text in std::mem::take(&mut self.queue) {
            if !self.newline && self.out.last().is_some_and(|b| *b != b'\n') {
                self.out.push(b'\n');
            }
            self.out.extend(text.bytes());
        }
    }

    fn substitute(&mut self, substitute: &Substitute, sys: &mut Sys) -> bool {
        let Some(regex) = &substitute.regex else { return false };
        let text = std::mem::take(&mut self.pattern);
        let mut result = String::with_capacity(text.len());
        let (mut at, mut copied, mut count, mut done) = (0, 0, 0, false);
        // An empty match right behind a match does not count.
        let mut last_end = None;
        while at <= text.len() {
            let Some(captures) = regex.find_at(&text, at) else { break };
            let Some((from, to)) = captures[0] else { break };
            let next = |to: usize| to + text[to..].chars().next().map_or(1, char::len_utf8);
            if from == to && last_end == Some(from) {
                at = next(to);
                continue;
            }
            count += 1;
            last_end = Some(to);
            if count >= substitute.nth {
                result.push_str(&text[copied..from]);
                replace(&substitute.parts, &text, &captures, &mut result);
                copied = to;
                done = true;
                if !substitute.global {
                    break;
                }
            }
            at = if to > from { to } else { next(to) };
        }
        if !done {
            self.pattern = text;
            return false;
        }
        result.push_str(&text[copied..]);
        self.pattern = result;
        if substitute.print {
            let text = self.pattern.clone();
            self.put(&text);
        }
        if let Some(file) = &substitute.file {
            let text = format!("{}\n", self.pattern);
            write_to(file, &text, self, sys);
        }
        true
    }
}

impl Command {
    fn looks_for_last(&self) -> bool {
        let last = |a: &Option<Address>| matches!(a, Some(Address::Last));
        last(&self.first) || last(&self.second)
    }
}

fn place(target: &Target, at: usize) -> usize {
    match target {
        Target::At(place) => *place,
        Target::Named(_) => at,
    }
}

fn write_to(file: &str, text: &str, state: &mut State, sys: &mut Sys) {
    if file == "/dev/stdout" {
        state.out.extend(text.bytes());
        return;
    }
    let written = sys.open(file, OpenFlags::APPEND).and_then(|fd| {
        let written = sys.write(fd, text.as_bytes());
        sys.close(fd);
        written
    });
    if let Err(error) = written {
        sys.eprint(&format!("sed: couldn't open file {file}: {error}\n"));
        state.failed = true;
    }
}

fn replace(parts: &[Part], text: &str, captures: &Captures, result: &mut String) {
    let (mut whole, mut one) = ('E', None);
    for part in parts {
        let piece = match part {
            Part::Text(piece) => piece.as_str(),
            Part::Group(n) => {
                captures.get(*n).copied().flatten().map_or("", |(from, to)| &text[from..to])
            }
            Part::Case(c @ ('u' | 'l')) => {
                one = Some(*c);
                continue;
            }
            Part::Case(c) => {
                whole = *c;
                continue;
            }
        };
        let mut shown = match whole {
            'U' => piece.to_uppercase(),
            'L' => piece.to_lowercase(),
            _ => piece.to_owned(),
        };
        if let (Some(how), Some(first)) = (one, shown.chars().next()) {
            let rest = shown[first.len_utf8()..].to_owned();
            let first = if how == 'u' {
                first.to_uppercase().to_string()
            } else {
                first.to_lowercase().to_string()
            };
            shown = first + &rest;
            one = None;
        }
        result.push_str(&shown);
    }
}

/// Text as `l` shows it.
fn listed(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            c if c.is_control() || !c.is_ascii() => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    shown.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => shown.push(c),
        }
    }
    shown.push('$');
    shown
}

fn flush_to(state: &mut State, sys: &mut Sys) {
    if state.in_place.is_none() {
        flush(sys, &mut state.out);
    }
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<State, i32> {
    // `-i` takes its suffix only when it is written together with it.
    let mut in_place = None;
    let mut words = Vec::new();
    for word in argv {
        if let Some(suffix) = word.strip_prefix("--in-place") {
            in_place = Some(suffix.trim_start_matches('=').to_owned());
        } else if let Some(at) = word.find('i').filter(|at| {
            word.starts_with('-')
                && !word.starts_with("--")
                && word[1..*at].chars().all(|c| "nrEsz".contains(c))
        }) {
            in_place = Some(word[at + 1..].to_owned());
            if at > 1 {
                words.push(word[..at].to_owned());
            }
        } else {
            words.push(word.clone());
        }
    }
    let args = TOOL.parse(&words, sys)?;
    let mut operands = args.operands.clone();
    let mut texts: Vec<String> = Vec::new();
    for (option, value) in args.all("ef") {
        if option == 'e' {
            texts.push(value.to_owned());
            continue;
        }
        match sys.read_file(value) {
            Ok(bytes) => texts.push(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => {
                return Err(TOOL.fail(sys, &format!("couldn't open file {value}: {error}")));
            }
        }
    }
    if texts.is_empty() {
        if operands.is_empty() {
            sys.eprint(&format!("Usage: sed {}\n", TOOL.usage));
            return Err(1);
        }
        texts.push(operands.remove(0));
    }
    let extended = args.has('E') || args.has('r');
    let script = {
        let mut parser = Parser {
            chars: texts.join("\n").chars().collect(),
            at: 0,
            syntax: if extended { Syntax::Extended } else { Syntax::Basic },
            commands: Vec::new(),
            open: Vec::new(),
            labels: OrdMap::new(),
        };
        parser.script().map(|()| parser.commands)
    };
    let mut script = match script {
        Ok(script) => script,
        Err(text) => {
            let text = if is_busybox(sys) {
                text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
            } else {
                text
            };
            return Err(TOOL.fail(sys, &text));
        }
    };
    last_regex(&mut script);
    if in_place.is_some() && operands.is_empty() {
        return Err(TOOL.fail(sys, "no input files"));
    }
    Ok(State {
        script,
        quiet: args.has('n'),
        separate: args.has('s') || in_place.is_some(),
        in_place,
        input: Input::new(&operands),
        ahead: None,
        started: false,
        number: 0,
        pattern: String::new(),
        newline: true,
        hold: String::new(),
        out: Vec::new(),
        queue: Vec::new(),
        ranges: OrdMap::new(),
        resume: None,
        file: String::new(),
        code: 0,
        failed: false,
    })
}

/// An empty expression stands for the one before it in the script.
/// Simplified: not the one that was last used when the script ran.
fn last_regex(script: &mut [Command]) {
    let mut last: Option<Regex> = None;
    let mut fill = |slot: &mut Option<Regex>| match slot {
        Some(regex) => last = Some(regex.clone()),
        None => slot.clone_from(&last),
    };
    for command in script {
        for address in [&mut command.first, &mut command.second] {
            if let Some(Address::Match(slot)) = address {
                fill(slot);
            }
        }
        if let Act::Substitute(substitute) = &mut command.act {
            fill(&mut substitute.regex);
        }
    }
}

impl Process for Sed {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.state.is_none() {
            match setup(&self.argv, sys) {
                Ok(state) => self.state = Some(state),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(state) = &mut self.state else { return Step::Done(1) };
        let mut work = 0;
        let step = loop {
            if work > SLICE || state.out.len() > SLICE && state.in_place.is_none() {
                break Step::Yield;
            }
            if state.resume.is_none() {
                if let Some(wait) = state.look_ahead(sys) {
                    break Step::Wait(wait);
                }
                if !state.take_line() {
                    state.change_file(sys);
                    break Step::Done(if state.failed { 2 } else { state.code });
                }
            }
            work += state.pattern.len() + 32;
            match state.cycle(sys) {
                Cycle::Done => state.show_queue(sys),
                Cycle::Wait(wait) => break Step::Wait(wait),
                Cycle::Quit(code) => {
                    if state.in_place.is_some() {
                        rest_of_file(state, sys);
                    }
                    break Step::Done(code);
                }
            }
        };
        flush_to(state, sys);
        step
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// `q` with `-i` leaves the rest of the file as it is.
fn rest_of_file(state: &mut State, sys: &mut Sys) {
    while let Some((line, newline)) = state.ahead.take().or_else(|| match state.input.next(sys) {
        Got::Line(line, newline) => Some((String::from_utf8_lossy(&line).into_owned(), newline)),
        _ => None,
    }) {
        state.out.extend(line.bytes());
        state.out.extend(newline.then_some(b'\n'));
    }
    state.change_file(sys);
}
