//! The line editor of an interactive shell: keys in, control sequences out.
//!
//! [`Editor`] is a buffer with a cursor and knows nothing of the system; [`Terminal`] reads keys, draws,
//! keeps the history and runs completions.

use std::rc::Rc;

use super::complete::{self, Completion, Start};
use super::machine::Shell;
use super::prompt;
use crate::base::time::Span;
use crate::os::{Fd, OpenFlags, Pid, Read, STDIN, Signal, Sys, Wait};

/// The longest line, in characters.
const MAX_LINE: usize = 64 * 1024;
/// Lines of history in memory.
const MAX_HISTORY: usize = 500;
/// Keys taken before others get their turn.
const MAX_KEYS: usize = 4096;
/// Longer lists of completions are shown only on request.
const MANY: usize = 100;
/// A completion that takes longer is given up.
const PATIENCE: Span = Span::seconds(5);

/// What asking for a line comes to.
pub(crate) enum Entered {
    Wait(Wait),
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line, or the terminal is gone.
    End,
}

/// The keyboard side of an interactive shell.
#[derive(Clone)]
pub(crate) struct Terminal {
    /// A descriptor of the terminal that redirections do not reach.
    pub(crate) fd: Fd,
    /// The person was told of stopped jobs when leaving.
    pub(crate) warned: bool,
    editor: Option<Editor>,
    completing: Option<Completing>,
    killed: String,
    file: Option<String>,
    bracketed: bool,
}

/// A completion for which a program runs.
#[derive(Clone)]
struct Completing {
    pid: Pid,
    fd: Fd,
    bytes: Vec<u8>,
    request: complete::Request,
    until: crate::base::time::Time,
}

/// A line being edited, and what of it stands on the screen.
#[derive(Clone, Default)]
struct Editor {
    prompt: String,
    line: Vec<char>,
    cursor: usize,
    columns: usize,
    /// Row of the cursor below the prompt's first row.
    row: usize,
    /// The screen does not show the line as it is.
    dirty: bool,
    /// The prompt is on the screen.
    shown: bool,
    /// Only what stands behind this place is missing on the screen.
    appended: Option<usize>,
    /// Bytes of an escape sequence or of a character that is not complete.
    partial: Vec<u8>,
    pasting: bool,
    /// Place in the history; its length for the line being typed.
    place: usize,
    /// What was typed before the history was entered.
    typed: Vec<char>,
    search: Option<Search>,
    undo: Vec<(Vec<char>, usize)>,
    last: Last,
    /// Waiting for `y` or `n` whether to list these.
    offer: Option<Vec<complete::Candidate>>,
}

/// The kind of the last key, for keys that go on with what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Kill,
    Tab,
    /// Alt-. : how many lines back, and where the inserted word begins.
    Argument(usize, usize),
    Insert,
}

/// A search backwards in the history.
#[derive(Clone, Default)]
struct Search {
    query: String,
    /// Entries below this index are looked at.
    from: usize,
    failed: bool,
    before: Vec<char>,
}

/// What a key asks the terminal to do.
enum Act {
    None,
    Enter,
    Interrupt,
    End,
    Complete,
    Clear,
    Bell,
}

impl Terminal {
    /// For a shell whose standard input is a terminal; reads its history file.
    pub(crate) fn new(shell: &mut Shell, sys: &mut Sys) -> Option<Terminal> {
        let fd = sys.dup_above(STDIN, 255).or_else(|_| sys.dup_above(STDIN, 10)).ok()?;
        let bash = shell.dialect.is_bash();
        let file = shell
            .vars
            .text("HISTFILE")
            .map(str::to_owned)
            .or_else(|| shell.vars.text("HOME").map(|home| format!("{home}/.bash_history")))
            .filter(|_| bash);
        if let Some(path) = &file {
            let text = sys.read_file(path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            let kept = &lines[lines.len().saturating_sub(MAX_HISTORY)..];
            if lines.len() > 2 * MAX_HISTORY {
                // Trimming is a courtesy; the history works without it.
                let _ = sys.write_file(path, (kept.join("\n") + "\n").as_bytes());
            }
            shell.history = Rc::new(kept.iter().map(|line| (*line).to_owned()).collect());
        }
        Some(Terminal {
            fd,
            warned: false,
            editor: None,
            completing: None,
            killed: String::new(),
            file,
            bracketed: bash,
        })
    }

    /// Whether a prompt is on the screen.
    pub(crate) fn is_asking(&self) -> bool {
        self.editor.is_some()
    }

    /// Gives up the line being edited.
    pub(crate) fn forget_line(&mut self, sys: &mut Sys) {
        if self.editor.take().is_some() {
            self.cooked(sys);
        }
    }

    fn cooked(&self, sys: &mut Sys) {
        if self.bracketed {
            self.show(sys, "\u{1b}[?2004l\r");
        }
        // A terminal that is gone has no mode.
        let _ = sys.set_raw(self.fd, false);
    }

    fn show(&self, sys: &mut Sys, text: &str) {
        // As above.
        let _ = sys.write(self.fd, text.as_bytes());
    }

    /// Asks for a line; `more` when it continues an incomplete command.
    pub(crate) fn ask(
        &mut self,
        shell: &mut Shell,
        more: bool,
        resized: bool,
        sys: &mut Sys,
    ) -> Entered {
        let columns = sys.tty_size(self.fd).map_or(80, |(columns, _)| usize::from(columns)).max(4);
        let mut editor = match self.editor.take() {
            Some(mut editor) => {
                if resized {
                    editor.columns = columns;
                    editor.touch();
                }
                editor
            }
            None => {
                let mark = if more { "PS2" } else { "PS1" };
                let text = shell.vars.text(mark).unwrap_or_default().to_owned();
                let text = prompt::expand(shell, &text, sys);
                let _ = sys.set_raw(self.fd, true);
                if self.bracketed {
                    self.show(sys, "\u{1b}[?2004h");
                }
                Editor {
                    prompt: text,
                    columns,
                    dirty: true,
                    place: shell.history.len(),
                    ..Editor::default()
                }
            }
        };
        if self.completing.is_some()
            && let Some(wait) = self.go_on_completing(&mut editor, shell, sys)
        {
            self.editor = Some(editor);
            return Entered::Wait(wait);
        }
        let mut bell = false;
        for _ in 0..MAX_KEYS {
            let byte = match sys.read(self.fd, 1) {
                Ok(Read::Data(bytes)) => bytes.first().copied().unwrap_or(0),
                Ok(Read::WouldBlock) => break,
                Ok(Read::End) | Err(_) => {
                    self.draw(&mut editor, sys);
                    self.cooked(sys);
                    return Entered::End;
                }
            };
            match editor.byte(byte, &shell.history, &mut self.killed) {
                Act::None => {}
                Act::Bell => bell = true,
                Act::Clear => {
                    self.show(sys, "\u{1b}[H\u{1b}[2J");
                    editor.row = 0;
                    editor.touch();
                }
                Act::Interrupt => {
                    self.leave(&mut editor, "^C", sys);
                    return Entered::Interrupt;
                }
                Act::End => {
                    self.draw(&mut editor, sys);
                    self.cooked(sys);
                    return Entered::End;
                }
                Act::Complete => {
                    self.draw(&mut editor, sys);
                    self.complete(&mut editor, shell, sys);
                    if self.completing.is_some() {
                        break;
                    }
                }
                Act::Enter => {
                    self.leave(&mut editor, "", sys);
                    let line: String = editor.line.iter().collect();
                    match self.recall(&line, shell, sys) {
                        Some(line) => {
                            self.remember(&line, shell, sys);
                            return Entered::Line(line);
                        }
                        None => return Entered::Interrupt,
                    }
                }
            }
        }
        self.draw(&mut editor, sys);
        if bell {
            self.show(sys, "\u{7}");
        }
        self.editor = Some(editor);
        match &self.completing {
            Some(completing) => {
                Entered::Wait(Wait::readable(completing.fd).or_until(completing.until))
            }
            None => Entered::Wait(Wait::readable(self.fd)),
        }
    }

    fn draw(&self, editor: &mut Editor, sys: &mut Sys) {
        let text = editor.draw();
        if !text.is_empty() {
            self.show(sys, &text);
        }
    }

    /// Ends editing with the cursor on a new line.
    fn leave(&mut self, editor: &mut Editor, mark: &str, sys: &mut Sys) {
        editor.search = None;
        editor.cursor = editor.line.len();
        if editor.row != editor.end().0 {
            editor.touch();
        }
        self.draw(editor, sys);
        self.show(sys, &format!("{mark}\n"));
        self.cooked(sys);
    }

    // --- history ---

    /// Replaces `!!`, `!$`, `!n` and `!text`; `None` when there is no such line.
    fn recall(&self, line: &str, shell: &Shell, sys: &mut Sys) -> Option<String> {
        if !shell.dialect.is_bash() || !line.contains('!') {
            return Some(line.to_owned());
        }
        match expand_history(line, &shell.history) {
            Ok(expanded) => {
                if expanded != line {
                    self.show(sys, &format!("{expanded}\n"));
                }
                Some(expanded)
            }
            Err(event) => {
                self.show(sys, &format!("bash: {event}: event not found\n"));
                None
            }
        }
    }

    fn remember(&self, line: &str, shell: &mut Shell, sys: &mut Sys) {
        if line.trim().is_empty()
            || line.starts_with(' ')
            || shell.history.last().is_some_and(|last| last == line)
        {
            return;
        }
        let history = Rc::make_mut(&mut shell.history);
        history.push(line.to_owned());
        if history.len() > MAX_HISTORY {
            history.remove(0);
        }
        // A home directory that cannot be written to only means a shorter memory.
        if let Some(path) = &self.file
            && let Ok(fd) = sys.open(path, OpenFlags::APPEND)
        {
            let _ = sys.write(fd, format!("{line}\n").as_bytes());
            sys.close(fd);
        }
    }

    // --- completion ---

    fn complete(&mut self, editor: &mut Editor, shell: &mut Shell, sys: &mut Sys) {
        let before: String = editor.line[..editor.cursor].iter().collect();
        match complete::start(shell, sys, &before) {
            Start::Done(completion) => self.apply(editor, &completion, sys),
            Start::Ask(request) => match shell.start_for_output(request.argv.clone(), sys) {
                Some((pid, fd)) => {
                    let until = sys.now() + PATIENCE;
                    self.completing =
                        Some(Completing { pid, fd, bytes: Vec::new(), request, until });
                }
                None => self.show(sys, "\u{7}"),
            },
        }
    }

    fn go_on_completing(
        &mut self,
        editor: &mut Editor,
        shell: &mut Shell,
        sys: &mut Sys,
    ) -> Option<Wait> {
        let mut completing = self.completing.take()?;
        loop {
            match sys.read(completing.fd, 65536) {
                Ok(Read::Data(bytes)) if completing.bytes.len() < 1 << 20 => {
                    completing.bytes.extend(bytes);
                }
                Ok(Read::WouldBlock) if sys.now() < completing.until => {
                    let wait = Wait::readable(completing.fd).or_until(completing.until);
                    self.completing = Some(completing);
                    return Some(wait);
                }
                _ => break,
            }
        }
        sys.close(completing.fd);
        // It has ended, or is not wanted any more.
        let _ = sys.kill(completing.pid, Signal::Kill);
        shell.forget_child(completing.pid);
        let output = String::from_utf8_lossy(&completing.bytes).into_owned();
        let completion = complete::answered(shell, sys, &completing.request, &output);
        self.apply(editor, &completion, sys);
        None
    }

    fn apply(&self, editor: &mut Editor, completion: &Completion, sys: &mut Sys) {
        let second = editor.last == Last::Tab;
        editor.last = Last::Tab;
        let insert = completion.insertion();
        if !insert.is_empty() {
            editor.save();
            editor.insert(&insert.chars().collect::<Vec<_>>());
            if completion.candidates.len() > 1 {
                editor.last = Last::Tab;
            } else {
                editor.last = Last::Other;
            }
            return;
        }
        if completion.candidates.len() < 2 {
            if completion.candidates.is_empty() {
                self.show(sys, "\u{7}");
            }
            return;
        }
        if !second {
            self.show(sys, "\u{7}");
            return;
        }
        if completion.candidates.len() > MANY {
            let count = completion.candidates.len();
            self.below(editor, sys);
            self.show(sys, &format!("Display all {count} possibilities? (y or n)"));
            editor.offer = Some(completion.candidates.clone());
            return;
        }
        self.below(editor, sys);
        self.show(sys, &complete::columns(&completion.candidates, editor.columns));
        editor.row = 0;
        editor.touch();
    }

    /// Moves to a new line below what is being edited.
    fn below(&self, editor: &mut Editor, sys: &mut Sys) {
        let down = editor.end().0 - editor.row.min(editor.end().0);
        let text = if down > 0 { format!("\u{1b}[{down}B\n") } else { "\n".to_owned() };
        self.show(sys, &text);
        editor.row = 0;
    }
}

/// Replaces history events in a line.
///
/// # Errors
/// The event that there is not.
fn expand_history(line: &str, history: &[String]) -> Result<String, String> {
    let mut text = String::new();
    let mut chars = line.chars().peekable();
    let (mut single, mut double) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            '\\' if !single => {
                text.push(c);
                text.extend(chars.next());
                continue;
            }
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '!' if !single => {
                let next = chars.peek().copied();
                match next {
                    None | Some(' ' | '\t' | '\n' | '=' | '(' | '"' | '}') => {}
                    Some('!') => {
                        chars.next();
                        let last = history.last().ok_or("!!")?;
                        text.push_str(last);
                        continue;
                    }
                    Some('$') => {
                        chars.next();
                        let last = history.last().ok_or("!$")?;
                        text.push_str(last.split_whitespace().next_back().unwrap_or_default());
                        continue;
                    }
                    Some(_)
                        if text.ends_with('$') || text.ends_with("${") || text.ends_with('[') => {}
                    Some(_) => {
                        let mut event = String::new();
                        while let Some(c) =
                            chars.next_if(|c| !c.is_whitespace() && !"\"';&|()<>:".contains(*c))
                        {
                            event.push(c);
                        }
                        let found = match event.parse::<i64>() {
                            Ok(n) if n > 0 => history.get(n as usize - 1),
                            Ok(n) => history
                                .len()
                                .checked_sub(n.unsigned_abs() as usize)
                                .and_then(|i| history.get(i)),
                            Err(_) => history.iter().rev().find(|entry| entry.starts_with(&event)),
                        };
                        text.push_str(found.ok_or(format!("!{event}"))?);
                        continue;
                    }
                }
            }
            _ => {}
        }
        text.push(c);
    }
    Ok(text)
}

impl Editor {
    // --- keys ---

    fn byte(&mut self, byte: u8, history: &[String], killed: &mut String) -> Act {
        if let Some(candidates) = self.offer.take() {
            return self.answer_offer(byte, candidates);
        }
        if !self.partial.is_empty() || byte == 0x1b || byte >= 0x80 {
            self.partial.push(byte);
            return self.sequence(history, killed);
        }
        if self.pasting {
            return self.paste(byte);
        }
        self.key(byte, history, killed)
    }

    /// `y` shows the list that was offered.
    fn answer_offer(&mut self, byte: u8, candidates: Vec<complete::Candidate>) -> Act {
        match byte {
            b'y' | b'Y' | b' ' => {
                let list = complete::columns(&candidates, self.columns);
                // The list stands above the prompt, as if it were part of it once.
                self.prompt = format!("\n{list}{}", self.prompt);
                self.row = 0;
                self.touch();
                Act::None
            }
            b'n' | b'N' | 3 | 7 | 127 => {
                self.prompt = format!("\n{}", self.prompt);
                self.row = 0;
                self.touch();
                Act::None
            }
            _ => {
                self.offer = Some(candidates);
                Act::Bell
            }
        }
    }

    /// Goes on with an escape sequence or a character of several bytes.
    fn sequence(&mut self, history: &[String], killed: &mut String) -> Act {
        let bytes = self.partial.clone();
        if bytes[0] != 0x1b {
            return match std::str::from_utf8(&bytes) {
                Ok(text) => {
                    self.partial.clear();
                    let chars: Vec<char> = text.chars().collect();
                    self.typed_in(&chars, history)
                }
                Err(error) if error.error_len().is_none() && bytes.len() < 4 => Act::None,
                Err(_) => {
                    self.partial.clear();
                    Act::Bell
                }
            };
        }
        let done = match bytes.as_slice() {
            [_] => false,
            [_, b'[' | b'O'] => false,
            [_, b'O', _] => true,
            [_, b'[', rest @ ..] => {
                rest.last().is_some_and(|b| (0x40..0x7f).contains(b)) || rest.len() > 16
            }
            _ => true,
        };
        if !done {
            return Act::None;
        }
        self.partial.clear();
        if bytes == b"\x1b[200~" {
            self.accept_search();
            self.save();
            self.pasting = true;
            return Act::None;
        }
        if bytes == b"\x1b[201~" {
            self.pasting = false;
            self.touch();
            return Act::None;
        }
        self.accept_search();
        self.escape(&bytes[1..], history, killed)
    }

    fn escape(&mut self, bytes: &[u8], history: &[String], killed: &mut String) -> Act {
        let last = std::mem::take(&mut self.last);
        match bytes {
            b"[A" | b"OA" => self.older(history),
            b"[B" | b"OB" => self.newer(history),
            b"[C" | b"OC" => self.move_to((self.cursor + 1).min(self.line.len())),
            b"[D" | b"OD" => self.move_to(self.cursor.saturating_sub(1)),
            b"[H" | b"OH" | b"[1~" | b"[7~" => self.move_to(self.line_start()),
            b"[F" | b"OF" | b"[4~" | b"[8~" => self.move_to(self.line_end()),
            b"[3~" => self.delete_range(self.cursor, self.cursor + 1),
            b"[1;5C" | b"[1;3C" | b"[5C" | b"f" | b"F" => self.move_to(self.word_end()),
            b"[1;5D" | b"[1;3D" | b"[5D" | b"b" | b"B" => self.move_to(self.word_start()),
            b"d" | b"D" => self.kill(self.cursor, self.word_end(), last, killed),
            [0x7f | 8] => self.kill(self.word_start(), self.cursor, last, killed),
            b"<" => self.jump(history, 0),
            b">" => self.jump(history, history.len()),
            b"." | b"_" => self.last_argument(last, history),
            b"u" | b"l" | b"c" => self.change_case(bytes[0]),
            b"t" | b"r" | b"\\" => Act::None,
            _ => Act::None,
        }
    }

    fn paste(&mut self, byte: u8) -> Act {
        let c = match byte {
            b'\r' => '\n',
            b'\n' | b'\t' => char::from(byte),
            0..=31 | 127 => return Act::None,
            _ => char::from(byte),
        };
        self.insert(&[c]);
        Act::None
    }

    fn typed_in(&mut self, chars: &[char], history: &[String]) -> Act {
        if let Some(search) = &mut self.search {
            search.query.extend(chars);
            self.look_back(history);
            return Act::None;
        }
        if self.last != Last::Insert && !self.pasting {
            self.save();
        }
        self.last = Last::Insert;
        if self.line.len() + chars.len() > MAX_LINE {
            return Act::Bell;
        }
        self.insert(chars);
        Act::None
    }

    fn key(&mut self, byte: u8, history: &[String], killed: &mut String) -> Act {
        if self.search.is_some() {
            match byte {
                18 => {
                    if let Some(search) = &mut self.search {
                        search.from = self.place;
                    }
                    self.look_back(history);
                    return Act::None;
                }
                8 | 127 => {
                    if let Some(search) = &mut self.search {
                        search.query.pop();
                        search.from = history.len();
                    }
                    self.look_back(history);
                    return Act::None;
                }
                7 => {
                    if let Some(search) = self.search.take() {
                        self.line = search.before;
                        self.cursor = self.line.len();
                        self.place = history.len();
                    }
                    self.touch();
                    return Act::None;
                }
                0..=31 => self.accept_search(),
                _ => {}
            }
        }
        if byte >= 32 && byte != 127 {
            return self.typed_in(&[char::from(byte)], history);
        }
        let last = std::mem::take(&mut self.last);
        match byte {
            1 => self.move_to(self.line_start()),
            2 => self.move_to(self.cursor.saturating_sub(1)),
            3 => Act::Interrupt,
            4 if self.line.is_empty() => Act::End,
            4 => self.delete_range(self.cursor, self.cursor + 1),
            5 => self.move_to(self.line_end()),
            6 => self.move_to((self.cursor + 1).min(self.line.len())),
            8 | 127 if self.cursor == 0 => Act::Bell,
            8 | 127 => self.delete_range(self.cursor - 1, self.cursor),
            9 => {
                self.last = last;
                Act::Complete
            }
            10 | 13 => Act::Enter,
            11 => self.kill(self.cursor, self.line_end().max(self.cursor), last, killed),
            12 => Act::Clear,
            14 => self.newer(history),
            16 => self.older(history),
            18 => {
                self.search = Some(Search {
                    from: history.len(),
                    before: self.line.clone(),
                    ..Search::default()
                });
                self.touch();
                Act::None
            }
            20 => self.transpose(),
            21 => self.kill(self.line_start(), self.cursor, last, killed),
            23 => self.kill(self.blank_start(), self.cursor, last, killed),
            25 => {
                self.save();
                let chars: Vec<char> = killed.chars().collect();
                self.insert(&chars);
                Act::None
            }
            31 => self.take_back(),
            _ => Act::None,
        }
    }

    // --- editing ---

    /// Has the whole line drawn again.
    fn touch(&mut self) {
        self.dirty = true;
        self.appended = None;
    }

    /// Keeps the line for undo.
    fn save(&mut self) {
        if self.undo.len() >= 100 {
            self.undo.remove(0);
        }
        if self.line.len() < 10_000 {
            self.undo.push((self.line.clone(), self.cursor));
        }
    }

    fn take_back(&mut self) -> Act {
        let Some((line, cursor)) = self.undo.pop() else { return Act::Bell };
        self.line = line;
        self.cursor = cursor;
        self.touch();
        Act::None
    }

    fn insert(&mut self, chars: &[char]) {
        let room = MAX_LINE.saturating_sub(self.line.len());
        let chars = &chars[..chars.len().min(room)];
        let at = self.cursor.min(self.line.len());
        if at < self.line.len() || self.search.is_some() || self.dirty && self.appended.is_none() {
            self.touch();
        } else {
            self.dirty = true;
            self.appended.get_or_insert(at);
        }
        self.line.splice(at..at, chars.iter().copied());
        self.cursor = at + chars.len();
    }

    fn move_to(&mut self, cursor: usize) -> Act {
        if self.cursor != cursor {
            self.touch();
        }
        self.cursor = cursor;
        Act::None
    }

    fn delete_range(&mut self, from: usize, to: usize) -> Act {
        let to = to.min(self.line.len());
        if from >= to {
            return Act::Bell;
        }
        self.save();
        self.line.drain(from..to);
        self.cursor = from;
        self.touch();
        Act::None
    }

    /// Takes text out for Ctrl-Y; kills in a row collect.
    fn kill(&mut self, from: usize, to: usize, last: Last, killed: &mut String) -> Act {
        let to = to.min(self.line.len());
        if from >= to {
            return Act::Bell;
        }
        let text: String = self.line[from..to].iter().collect();
        if last != Last::Kill {
            *killed = text;
        } else if from < self.cursor {
            killed.insert_str(0, &text);
        } else {
            killed.push_str(&text);
        }
        let act = self.delete_range(from, to);
        self.last = Last::Kill;
        act
    }

    fn transpose(&mut self) -> Act {
        if self.cursor == 0 || self.line.len() < 2 {
            return Act::Bell;
        }
        self.save();
        let at = self.cursor.min(self.line.len() - 1);
        self.line.swap(at - 1, at);
        self.cursor = at + 1;
        self.touch();
        Act::None
    }

    fn change_case(&mut self, how: u8) -> Act {
        let (from, to) = (self.cursor, self.word_end());
        self.save();
        let mut first = true;
        for at in from..to {
            let c = self.line[at];
            let upper = how == b'u' || how == b'c' && first && c.is_alphanumeric();
            first &= !c.is_alphanumeric();
            self.line[at] = if upper {
                c.to_uppercase().next().unwrap_or(c)
            } else {
                c.to_lowercase().next().unwrap_or(c)
            };
        }
        self.touch();
        self.cursor = to;
        Act::None
    }

    fn line_start(&self) -> usize {
        self.line[..self.cursor].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        let end = self.line[self.cursor..].iter().position(|c| *c == '\n');
        end.map_or(self.line.len(), |at| self.cursor + at)
    }

    fn word_end(&self) -> usize {
        let mut at = self.cursor;
        while at < self.line.len() && !self.line[at].is_alphanumeric() {
            at += 1;
        }
        while at < self.line.len() && self.line[at].is_alphanumeric() {
            at += 1;
        }
        at
    }

    fn word_start(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && !self.line[at - 1].is_alphanumeric() {
            at -= 1;
        }
        while at > 0 && self.line[at - 1].is_alphanumeric() {
            at -= 1;
        }
        at
    }

    /// The beginning of the word before the cursor, words being separated by blanks.
    fn blank_start(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && self.line[at - 1].is_whitespace() {
            at -= 1;
        }
        while at > 0 && !self.line[at - 1].is_whitespace() {
            at -= 1;
        }
        at
    }

    // --- history ---

    fn older(&mut self, history: &[String]) -> Act {
        if self.line[..self.cursor].contains(&'\n') {
            return self.row_up();
        }
        if self.place >= history.len() {
            self.typed = self.line.clone();
        }
        let prefix: String = self.typed.iter().collect();
        let current: String = self.line.iter().collect();
        let place = history[..self.place.min(history.len())]
            .iter()
            .rposition(|entry| entry.starts_with(&prefix) && *entry != current);
        match place {
            Some(place) => self.jump(history, place),
            None => Act::Bell,
        }
    }

    fn newer(&mut self, history: &[String]) -> Act {
        if self.line[self.cursor..].contains(&'\n') {
            return self.row_down();
        }
        if self.place >= history.len() {
            return Act::Bell;
        }
        let prefix: String = self.typed.iter().collect();
        let current: String = self.line.iter().collect();
        let place = history
            .iter()
            .enumerate()
            .skip(self.place + 1)
            .find(|(_, entry)| entry.starts_with(&prefix) && **entry != current)
            .map_or(history.len(), |(place, _)| place);
        self.jump(history, place)
    }

    fn jump(&mut self, history: &[String], place: usize) -> Act {
        if self.place >= history.len() && place < history.len() && self.typed.is_empty() {
            self.typed = self.line.clone();
        }
        self.line = match history.get(place) {
            Some(entry) => entry.chars().collect(),
            None => std::mem::take(&mut self.typed),
        };
        self.place = place.min(history.len());
        self.cursor = self.line.len();
        self.touch();
        Act::None
    }

    fn row_up(&mut self) -> Act {
        let start = self.line_start();
        let column = self.cursor - start;
        self.cursor = start.saturating_sub(1);
        let above = self.line_start();
        let cursor = (above + column).min(self.cursor);
        self.touch();
        self.move_to(cursor)
    }

    fn row_down(&mut self) -> Act {
        let column = self.cursor - self.line_start();
        let below = self.line_end() + 1;
        self.cursor = below.min(self.line.len());
        let cursor = (self.cursor + column).min(self.line_end());
        self.touch();
        self.move_to(cursor)
    }

    /// Inserts the last word of an earlier line; again, of a still earlier one.
    fn last_argument(&mut self, last: Last, history: &[String]) -> Act {
        let (back, start) = match last {
            Last::Argument(back, start) => (back + 1, start),
            _ => (1, self.cursor),
        };
        let Some(entry) = history.len().checked_sub(back).and_then(|at| history.get(at)) else {
            self.last = last;
            return Act::Bell;
        };
        self.save();
        self.line.drain(start..self.cursor);
        self.cursor = start;
        let word = entry.split_whitespace().next_back().unwrap_or_default();
        self.insert(&word.chars().collect::<Vec<_>>());
        self.last = Last::Argument(back, start);
        Act::None
    }

    /// Finds the next older entry that contains the query.
    fn look_back(&mut self, history: &[String]) {
        self.touch();
        let Some(search) = &mut self.search else { return };
        search.failed = false;
        if search.query.is_empty() {
            return;
        }
        let upto = search.from.min(history.len());
        match history[..upto].iter().rposition(|entry| entry.contains(&search.query)) {
            Some(place) => {
                self.place = place;
                self.line = history[place].chars().collect();
                let at = history[place].rfind(&search.query).unwrap_or(0);
                self.cursor = history[place][..at].chars().count();
                search.from = place + 1;
            }
            None => search.failed = true,
        }
    }

    fn accept_search(&mut self) {
        if self.search.take().is_some() {
            self.touch();
        }
    }

    // --- the screen ---

    /// What stands before the line.
    fn shown_prompt(&self) -> String {
        match &self.search {
            None => self.prompt.clone(),
            Some(search) => {
                let failed = if search.failed { "failed " } else { "" };
                format!("({failed}reverse-i-search)`{}': ", search.query)
            }
        }
    }

    /// Row and column behind the prompt and the first `chars` characters; the column may be one too many.
    fn raw_place_of(&self, chars: usize) -> (usize, usize) {
        let mut place = (0, 0);
        let prompt = self.shown_prompt();
        for c in visible(&prompt) {
            advance(&mut place, c, self.columns);
        }
        for c in &self.line[..chars.min(self.line.len())] {
            advance(&mut place, *c, self.columns);
        }
        place
    }

    fn place_of(&self, chars: usize) -> (usize, usize) {
        let place = self.raw_place_of(chars);
        if place.1 >= self.columns { (place.0 + 1, 0) } else { place }
    }

    fn end(&self) -> (usize, usize) {
        self.place_of(self.line.len())
    }

    /// The control sequences that make the screen show the line.
    fn draw(&mut self) -> String {
        if !std::mem::take(&mut self.dirty) {
            return String::new();
        }
        let from = self.appended.take();
        let mut text = String::new();
        if from.is_none() {
            if self.row > 0 {
                text.push_str(&format!("\u{1b}[{}A", self.row));
            }
            // The first time, what a program has left on the line stays before the prompt.
            if std::mem::replace(&mut self.shown, true) {
                text.push_str("\r\u{1b}[J");
            }
            text.push_str(&self.shown_prompt());
        }
        for c in &self.line[from.unwrap_or(0)..] {
            match c {
                '\t' => text.push(' '),
                c if c.is_control() && *c != '\n' => text.push('?'),
                c => text.push(*c),
            }
        }
        let end = self.end();
        if self.raw_place_of(self.line.len()).1 >= self.columns {
            // The last column is full: the cursor is made to stand on the next row.
            text.push('\n');
        }
        let (row, column) = self.place_of(self.cursor);
        if (row, column) != end {
            if end.0 > row {
                text.push_str(&format!("\u{1b}[{}A", end.0 - row));
            }
            text.push('\r');
            if column > 0 {
                text.push_str(&format!("\u{1b}[{column}C"));
            }
        }
        self.row = row;
        // What was put above the prompt once is not drawn again.
        if self.search.is_none()
            && let Some(at) = self.prompt.rfind('\n')
        {
            let above = visible_rows(&self.prompt[..=at], self.columns);
            self.prompt.drain(..=at);
            self.row = self.row.saturating_sub(above);
        }
        text
    }
}

/// Rows that text takes which ends in a newline.
fn visible_rows(text: &str, columns: usize) -> usize {
    let mut place = (0, 0);
    for c in visible(text) {
        advance(&mut place, c, columns);
    }
    place.0
}

/// The characters of a text that take room on the screen.
fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let c = chars.next()?;
            if c != '\u{1b}' {
                if c != '\r' && c != '\u{7}' {
                    return Some(c);
                }
                continue;
            }
            match chars.next()? {
                '[' => {
                    // A control sequence ends with its first letter.
                    while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
                }
                ']' => {
                    // A title ends with a bell or an escape.
                    while chars.next().is_some_and(|c| c != '\u{7}' && c != '\\') {}
                }
                _ => {}
            }
        }
    })
}

/// Moves a place on the screen behind a character.
fn advance(place: &mut (usize, usize), c: char, columns: usize) {
    if c == '\n' {
        *place = (place.0 + 1, 0);
        return;
    }
    let width = width(c);
    if place.1 + width > columns {
        *place = (place.0 + 1, 0);
    }
    place.1 += width;
}

/// Columns that a character takes.
pub(super) fn width(c: char) -> usize {
    let code = u32::from(c);
    if code < 0x300 {
        return 1;
    }
    let combining = [
        0x300..=0x36f,
        0x483..=0x489,
        0x591..=0x5bd,
        0x610..=0x61a,
        0x64b..=0x65f,
        0x1ab0..=0x1aff,
        0x1dc0..=0x1dff,
        0x200b..=0x200f,
        0x20d0..=0x20ff,
        0xfe00..=0xfe0f,
        0xfe20..=0xfe2f,
        0xe_0100..=0xe_01ef,
    ];
    let wide = [
        0x1100..=0x115f,
        0x2e80..=0x303e,
        0x3041..=0xa4cf,
        0xa960..=0xa97f,
        0xac00..=0xd7a3,
        0xf900..=0xfaff,
        0xfe30..=0xfe6f,
        0xff00..=0xff60,
        0xffe0..=0xffe6,
        0x1_f300..=0x1_f64f,
        0x1_f680..=0x1_f6ff,
        0x1_f900..=0x1_f9ff,
        0x1_fa70..=0x1_faff,
        0x2_0000..=0x3_fffd,
    ];
    if combining.iter().any(|range| range.contains(&code)) {
        0
    } else if wide.iter().any(|range| range.contains(&code)) {
        2
    } else {
        1
    }
}
