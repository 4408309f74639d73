//! Where commands come from: texts parsed at once, lines that come in, lines that are typed.

use std::rc::Rc;

use super::Dialect;
use super::ast::List;
use super::lineedit::{Entered, Terminal};
use super::machine::{Frame, Next, Shell, Unwind};
use super::parse::{Options, ParseError, Parser};
use crate::os::{Read, STDIN, Sys, Wait};

/// Commands that come in one after the other.
#[derive(Clone, Default)]
pub(crate) struct Main {
    /// Text that is not run yet.
    pub(crate) pending: String,
    /// Number of its first line.
    line: u32,
    /// There is something new to parse.
    pub(crate) fresh: bool,
    ended: bool,
}

/// Text that has been parsed.
#[derive(Clone)]
pub(crate) struct Text {
    program: Rc<Program>,
    at: usize,
    pub(crate) role: Role,
}

/// What a text is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// The script itself.
    Main,
    Eval,
    /// `source`; keeps the parameters to come back to.
    Source(Option<Rc<Vec<String>>>),
    Trap,
}

/// A parsed text, as far as it could be parsed.
pub(crate) struct Program {
    lines: Vec<Rc<List>>,
    error: Option<ParseError>,
    warnings: Vec<String>,
    text: String,
}

impl Text {
    /// Whether no command of it is left, and no error either.
    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.program.lines.len() && self.program.error.is_none()
    }
}

impl Shell {
    pub(crate) fn parse_options(&self, last: bool) -> Options<'_> {
        let aliases = (self.terminal.is_some() || !self.dialect.is_bash())
            .then_some(&*self.aliases)
            .filter(|aliases| !aliases.is_empty());
        Options {
            bash: self.dialect.is_bash(),
            extended: self.dialect != Dialect::Dash,
            last,
            aliases,
        }
    }

    /// Parses a whole text, as far as it goes.
    pub(crate) fn read_program(&self, text: &str) -> Program {
        let mut parser = Parser::new(text, 1, self.parse_options(true));
        let mut lines = Vec::new();
        let error = loop {
            match parser.next_line() {
                Ok(Some(list)) => lines.push(Rc::new(list)),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let warnings = parser
            .unended
            .iter()
            .filter(|_| self.dialect.is_bash())
            .map(|(line, mark)| {
                format!("warning: here-document at line {line} delimited by end-of-file (wanted `{mark}')")
            })
            .collect();
        Program { lines, error, warnings, text: text.to_owned() }
    }

    /// Puts a text on the stack.
    pub(crate) fn push_text(&mut self, text: &str, role: Role) {
        let program = Rc::new(self.read_program(text));
        self.push(Frame::Text(Text { program, at: 0, role }));
    }

    pub(crate) fn text(&mut self, mut text: Text, sys: &mut Sys) -> Next {
        if text.at == 0 && !text.program.warnings.is_empty() {
            for warning in &text.program.warnings {
                self.complain(sys, warning);
            }
        }
        if let Some(list) = text.program.lines.get(text.at) {
            text.at += 1;
            self.push(Frame::List { list: list.clone(), at: 0 });
            return Next::Again(Frame::Text(text));
        }
        if let Role::Source(Some(params)) = &text.role {
            self.params = params.clone();
        }
        if let Some(error) = &text.program.error {
            let message = self.parse_error(error, Some(&text.role), &text.program.text);
            sys.eprint(&message);
            self.status = if self.dialect.is_bash() && text.role != Role::Main { 1 } else { 2 };
            if text.role == Role::Main || !self.dialect.is_bash() {
                self.unwind = Some(self.fatal(2));
            }
        } else if text.at == 0 && matches!(text.role, Role::Eval | Role::Source(_)) {
            self.status = 0;
        }
        Next::Done
    }

    /// Puts the frame on the stack that reads commands as they come.
    pub(crate) fn push_main(&mut self) {
        self.push(Frame::Main(Main { line: 1, ..Main::default() }));
    }

    pub(crate) fn main(&mut self, mut main: Main, sys: &mut Sys) -> Next {
        if main.fresh {
            main.fresh = false;
            let mut parser = Parser::new(&main.pending, main.line, self.parse_options(main.ended));
            match parser.next_line() {
                Ok(Some(list)) => {
                    let (rest, line) = (parser.rest().to_owned(), parser.line());
                    main.fresh = !rest.trim().is_empty();
                    main.pending = if main.fresh { rest } else { String::new() };
                    main.line = line;
                    if !self.options.noexec {
                        self.push(Frame::List { list: Rc::new(list), at: 0 });
                    }
                    return Next::Again(Frame::Main(main));
                }
                Ok(None) => {
                    main.line = parser.line();
                    main.pending.clear();
                }
                Err(ParseError::Incomplete { .. }) if !main.ended => {}
                Err(error) => {
                    let skipped = main.pending.matches('\n').count() as u32;
                    let text = "\n".repeat(main.line as usize - 1) + &main.pending;
                    sys.eprint(&self.parse_error(&error, Some(&Role::Main), &text));
                    self.status = 2;
                    main.pending.clear();
                    main.line += skipped;
                    if self.terminal.is_none() {
                        self.unwind = Some(Unwind::Exit(2));
                        return Next::Done;
                    }
                }
            }
        }
        if self.terminal.is_some() { self.ask(main, sys) } else { fetch(main, sys) }
    }

    /// Asks for a line at the terminal.
    pub(crate) fn ask(&mut self, mut main: Main, sys: &mut Sys) -> Next {
        let more = !main.pending.is_empty();
        let Some(mut terminal) = self.terminal.take() else { return Next::Done };
        if !terminal.is_asking() {
            self.reap(sys);
            if !more {
                self.announce(sys);
            }
        }
        let resized = std::mem::take(&mut self.resized);
        let entered = terminal.ask(self, more, resized, sys);
        self.terminal = Some(terminal);
        match entered {
            Entered::Wait(wait) => Next::Wait(Frame::Main(main), wait),
            Entered::Line(line) => {
                main.pending.push_str(&line);
                main.pending.push('\n');
                main.fresh = true;
                Next::Again(Frame::Main(main))
            }
            Entered::Interrupt => {
                self.status = 130;
                main.pending.clear();
                Next::Again(Frame::Main(main))
            }
            Entered::End if more => {
                main.ended = true;
                main.fresh = true;
                // What is incomplete is reported; the shell goes on.
                let parsed = Parser::new(&main.pending, 1, self.parse_options(false)).next_line();
                if let Err(error) = parsed {
                    sys.eprint(&self.parse_error(&error, None, ""));
                }
                self.status = 2;
                Next::Again(Frame::Main(Main { line: main.line, ..Main::default() }))
            }
            Entered::End => {
                sys.eprint(self.farewell());
                if self.jobs.any_stopped() && !terminal_warned(self.terminal.as_deref_mut()) {
                    sys.eprint("There are stopped jobs.\n");
                    return Next::Again(Frame::Main(main));
                }
                self.unwind = Some(Unwind::Exit(self.status));
                Next::Again(Frame::Main(main))
            }
        }
    }

    /// What an interactive shell says when it is left.
    pub(crate) fn farewell(&self) -> &'static str {
        match self.dialect {
            Dialect::Bash if self.name.starts_with('-') => "logout\n",
            Dialect::Bash => "exit\n",
            Dialect::Ash | Dialect::Dash => "\n",
        }
    }
}

/// Whether the person was warned of stopped jobs when asking to leave just before.
fn terminal_warned(terminal: Option<&mut Terminal>) -> bool {
    terminal.is_none_or(|terminal| std::mem::replace(&mut terminal.warned, true))
}

/// Reads a line of a script that comes over standard input, byte by byte: what follows belongs to its commands.
fn fetch(mut main: Main, sys: &mut Sys) -> Next {
    if main.ended {
        return Next::Done;
    }
    let mut bytes = Vec::new();
    let wait = loop {
        match sys.read(STDIN, 1) {
            Ok(Read::Data(data)) => {
                bytes.extend_from_slice(&data);
                if data == b"\n" || bytes.len() >= 4096 {
                    break None;
                }
            }
            Ok(Read::WouldBlock) => break Some(Wait::readable(STDIN)),
            Ok(Read::End) | Err(_) => {
                main.ended = true;
                break None;
            }
        }
    };
    main.pending.push_str(&String::from_utf8_lossy(&bytes));
    main.fresh = main.ended || main.pending.ends_with('\n');
    match wait {
        Some(wait) => Next::Wait(Frame::Main(main), wait),
        None => Next::Again(Frame::Main(main)),
    }
}
