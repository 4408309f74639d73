//! `read` and `mapfile`.

use crate::base::time::{Span, Time};
use crate::os::{Fd, Read, STDIN, Sys, Wait};
use crate::shell::expand::{Assigned, AssignedValue};
use crate::shell::machine::{Frame, Next, Ran, Shell};
use crate::shell::parse::is_name;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 1024 * 1024;

/// A `read` that goes on.
#[derive(Clone)]
pub(crate) struct Reading {
    fd: Fd,
    names: Vec<String>,
    array: Option<String>,
    raw: bool,
    delimiter: u8,
    /// At most so many characters.
    count: Option<usize>,
    /// Delimiters count as other characters (`-N`).
    exact: bool,
    until: Option<Time>,
    /// The terminal was switched to raw mode.
    raw_tty: bool,
    /// All lines are wanted (`mapfile`); whether their ends are cut.
    lines: Option<bool>,
    bytes: Vec<u8>,
    /// Marks bytes that a backslash has taken the meaning from.
    quoted: Vec<bool>,
    escaped: bool,
}

impl Reading {
    fn new() -> Reading {
        Reading {
            fd: STDIN,
            names: Vec::new(),
            array: None,
            raw: false,
            delimiter: b'\n',
            count: None,
            exact: false,
            until: None,
            raw_tty: false,
            lines: None,
            bytes: Vec::new(),
            quoted: Vec::new(),
            escaped: false,
        }
    }
}

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut reading = Reading::new();
    let mut prompt = None;
    let mut silent = false;
    let mut words = args[1..].iter().peekable();
    while let Some(word) = words.peek().filter(|word| word.starts_with('-') && word.len() > 1) {
        let word = (*word).clone();
        words.next();
        if word == "--" {
            break;
        }
        let mut letters = word.chars().skip(1);
        while let Some(letter) = letters.next() {
            let mut value = || {
                let rest: String = letters.by_ref().collect();
                if rest.is_empty() { words.next().cloned() } else { Some(rest) }
            };
            match letter {
                'r' => reading.raw = true,
                's' => silent = true,
                'e' => {}
                'p' => prompt = value(),
                'a' if shell.dialect.is_bash() => reading.array = value(),
                'd' => {
                    let text = value().unwrap_or_default();
                    reading.delimiter = text.bytes().next().unwrap_or(0);
                }
                'n' | 'N' => match value().and_then(|text| text.parse().ok()) {
                    Some(count) => {
                        reading.count = Some(count);
                        reading.exact = letter == 'N';
                    }
                    None => return invalid(shell, sys, "invalid number"),
                },
                't' => match value().and_then(|text| text.parse::<f64>().ok()) {
                    Some(seconds) if seconds >= 0.0 => {
                        reading.until = Some(sys.after(Span::seconds_f64(seconds.min(1e9))));
                    }
                    _ => return invalid(shell, sys, "invalid timeout specification"),
                },
                'u' => match value().and_then(|text| text.parse().ok()) {
                    Some(fd) => reading.fd = fd,
                    None => return invalid(shell, sys, "invalid file descriptor specification"),
                },
                'i' => {
                    value();
                }
                letter => return super::bad_option(shell, sys, "read", &format!("-{letter}")),
            }
        }
    }
    reading.names = words.cloned().collect();
    if let Some(name) = reading
        .names
        .iter()
        .chain(&reading.array)
        .find(|name| !is_name(name.split('[').next().unwrap_or_default()))
    {
        let message = if shell.dialect.is_bash() {
            format!("`{name}': not a valid identifier")
        } else {
            format!("{name}: bad variable name")
        };
        shell.complain_as(sys, "read", &message);
        return Ran::Status(shell.dialect.error_status());
    }
    if reading.names.is_empty()
        && !shell.dialect.is_bash()
        && shell.dialect == crate::shell::Dialect::Dash
    {
        shell.complain_as(sys, "read", "arg count");
        return Ran::Status(2);
    }
    if sys.is_tty(reading.fd) {
        if let Some(prompt) = prompt {
            sys.eprint(&prompt);
        }
        if (silent || reading.count.is_some()) && sys.set_raw(reading.fd, true) == Ok(false) {
            reading.raw_tty = true;
        }
    }
    if reading.count == Some(0) {
        return Ran::Status(0);
    }
    Ran::Frame(Frame::Read(reading))
}

fn invalid(shell: &Shell, sys: &mut Sys, message: &str) -> Ran {
    shell.complain_as(sys, "read", message);
    Ran::Status(shell.dialect.error_status())
}

pub(super) fn mapfile(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, rest) = match super::letters(&args[1..], "t") {
        Ok(parsed) => parsed,
        Err(option) => {
            shell.complain_as(sys, &args[0], &format!("{option}: not simulated"));
            return Ran::Status(2);
        }
    };
    let name = rest.first().cloned().unwrap_or_else(|| "MAPFILE".to_owned());
    Ran::Frame(Frame::Read(Reading {
        array: Some(name),
        raw: true,
        lines: Some(letters.contains('t')),
        ..Reading::new()
    }))
}

/// Tidies up after a `read` that is left early.
pub(crate) fn give_up(reading: &Reading, sys: &mut Sys) {
    if reading.raw_tty {
        // A terminal that is gone has no mode.
        let _ = sys.set_raw(reading.fd, false);
    }
}

/// Reads on.
pub(crate) fn go_on(shell: &mut Shell, mut reading: Reading, sys: &mut Sys) -> Next {
    for _ in 0..4096 {
        if reading.until.is_some_and(|until| sys.now() >= until) {
            return finish(shell, &reading, 142, sys);
        }
        match sys.read(reading.fd, 1) {
            Ok(Read::Data(data)) => {
                let byte = data.first().copied().unwrap_or(0);
                if reading.raw_tty && byte == 3 {
                    give_up(&reading, sys);
                    shell.unwind = Some(if shell.terminal.is_some() {
                        crate::shell::machine::Unwind::Interrupt
                    } else {
                        crate::shell::machine::Unwind::Exit(130)
                    });
                    return Next::Done;
                }
                if take(&mut reading, byte) {
                    return finish(shell, &reading, 0, sys);
                }
            }
            Ok(Read::WouldBlock) => {
                let mut wait = Wait::readable(reading.fd);
                wait.until = reading.until;
                return Next::Wait(Frame::Read(reading), wait);
            }
            Ok(Read::End) => {
                let status = i32::from(reading.lines.is_none());
                return finish(shell, &reading, status, sys);
            }
            Err(error) => {
                let message = format!("read error: {}: {error}", reading.fd);
                shell.complain_as(sys, "read", &message);
                return finish(shell, &reading, 1, sys);
            }
        }
        if reading.bytes.len() >= MAX_LINE {
            return finish(shell, &reading, 1, sys);
        }
    }
    Next::Again(Frame::Read(reading))
}

/// Takes a byte in; true when the line is complete.
fn take(reading: &mut Reading, byte: u8) -> bool {
    let byte = if reading.raw_tty && byte == b'\r' { b'\n' } else { byte };
    if std::mem::take(&mut reading.escaped) {
        // A backslash joins lines.
        if byte != b'\n' {
            reading.bytes.push(byte);
            reading.quoted.push(true);
        }
    } else if byte == b'\\' && !reading.raw {
        reading.escaped = true;
        return false;
    } else if byte == reading.delimiter && !reading.exact && reading.lines.is_none() {
        return true;
    } else if byte != 0 {
        reading.bytes.push(byte);
        reading.quoted.push(false);
    }
    reading.count.is_some_and(|count| {
        let text = String::from_utf8_lossy(&reading.bytes);
        !text.ends_with('\u{fffd}') && text.chars().count() >= count
    })
}

fn finish(shell: &mut Shell, reading: &Reading, status: i32, sys: &mut Sys) -> Next {
    give_up(reading, sys);
    shell.status = status;
    let result = if let Some(cut) = reading.lines {
        let text = String::from_utf8_lossy(&reading.bytes).into_owned();
        let lines = text.split_inclusive('\n');
        let lines = lines.map(|line| if cut { line.trim_end_matches('\n') } else { line });
        assign_array(shell, reading, lines.map(str::to_owned).collect(), sys)
    } else if reading.array.is_some() {
        let fields = split(&shell.separators(), reading, usize::MAX);
        assign_array(shell, reading, fields, sys)
    } else if reading.names.is_empty() {
        let text = String::from_utf8_lossy(&reading.bytes).into_owned();
        shell.assign_text("REPLY", None, &text, sys)
    } else {
        let fields = if reading.exact {
            vec![String::from_utf8_lossy(&reading.bytes).into_owned()]
        } else {
            split(&shell.separators(), reading, reading.names.len())
        };
        let mut result = Ok(());
        for (i, name) in reading.names.iter().enumerate() {
            let text = fields.get(i).cloned().unwrap_or_default();
            let (base, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
                Some((base, index)) => (base, Some(index)),
                None => (name.as_str(), None),
            };
            result = result.and(shell.assign_text(base, index, &text, sys));
        }
        result
    };
    if let Err(message) = result {
        shell.complain(sys, &message);
        shell.status = 1;
    }
    Next::Done
}

fn assign_array(
    shell: &mut Shell,
    reading: &Reading,
    fields: Vec<String>,
    sys: &mut Sys,
) -> Result<(), String> {
    let Some(name) = &reading.array else { return Ok(()) };
    let assigned = Assigned {
        name: name.as_str().into(),
        index: None,
        append: false,
        value: AssignedValue::Array(fields.into_iter().map(|field| (None, field)).collect()),
    };
    shell.assign(&assigned, sys)
}

/// Splits a line into at most so many fields; the last one keeps what is left over.
fn split(separators: &str, reading: &Reading, most: usize) -> Vec<String> {
    // Characters with a mark for those that separate nothing.
    let text = String::from_utf8_lossy(&reading.bytes).into_owned();
    let intact = text.len() == reading.bytes.len();
    let chars: Vec<(char, bool)> = text
        .char_indices()
        .map(|(at, c)| (c, intact && reading.quoted.get(at).copied().unwrap_or(false)))
        .collect();
    let separates = |(c, quoted): &(char, bool)| !quoted && separators.contains(*c);
    let blank = |item: &(char, bool)| separates(item) && matches!(item.0, ' ' | '\t' | '\n');
    let mut fields = Vec::new();
    let mut at = 0;
    let mut end = chars.len();
    while at < end && blank(&chars[at]) {
        at += 1;
    }
    while end > at && blank(&chars[end - 1]) {
        end -= 1;
    }
    while at < end {
        let text =
            |from: usize, to: usize| chars[from..to].iter().map(|(c, _)| *c).collect::<String>();
        if fields.len() + 1 >= most {
            // One separator at the very end belongs to the last field's end, if it is the only one.
            let mut last = end;
            if separates(&chars[end - 1]) && !chars[at..end - 1].iter().any(separates) {
                last -= 1;
            }
            fields.push(text(at, last));
            return fields;
        }
        let start = at;
        while at < end && !separates(&chars[at]) {
            at += 1;
        }
        fields.push(text(start, at));
        while at < end && blank(&chars[at]) {
            at += 1;
        }
        if at < end
            && separates(&chars[at])
            && !(at > 0 && blank(&chars[at - 1]) && blank(&chars[at]))
        {
            at += 1;
            while at < end && blank(&chars[at]) {
                at += 1;
            }
        }
    }
    fields
}
