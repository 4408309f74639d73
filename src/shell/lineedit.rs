//! The line editor of an interactive shell: keys in, control sequences out.
//!
//! [`Terminal`] reads keys, draws, keeps the history and runs completions; the line itself is an [`Editor`].

use std::rc::Rc;

use super::complete::{self, Completion, Start};
use super::editor::{Act, Editor, Last};
use super::machine::Shell;
use super::prompt;
use super::recall::expand_history;
use crate::base::time::Span;
use crate::os::{Fd, OpenFlags, Pid, Read, STDIN, Signal, Sys, Wait};

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
        let mut editor = if let Some(mut editor) = self.editor.take() {
            if resized {
                editor.columns = columns;
                editor.touch();
            }
            editor
        } else {
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
