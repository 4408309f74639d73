//! The running shell: a stack of frames over a shared tree, stepped a little at a time.
//!
//! Each frame is plain data and says where its part of the script stands. [`Shell::step`] runs the topmost
//! frame; it finishes, goes on later, waits, or puts frames above itself. `break`, `return`, `exit` and Ctrl-C
//! take frames down from the top, each tidying up behind itself.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Dialect;
use super::ast::{ArmEnd, Chain, Command, Join, Kind, List, Pipeline};
use super::builtins::{self, read::Reading};
use super::expand::{self, Argument, Assigned, AssignedValue, Expanded, Memo, Stop};
use super::jobs::{Job, Jobs, Member};
use super::lineedit::{Entered, Terminal};
use super::parse::{Options as ParseOptions, ParseError, Parser};
use super::pattern::Pattern;
use super::redirect::{Ready, Saved};
use super::vars::{self, Var, Vars};
use crate::base::time::Time;
use crate::os::{Errno, Fd, Pid, Process, Read, STDIN, STDOUT, Signal, Spawn, Step, Sys, Wait};

/// Frames run in one step.
const SLICE: u32 = 250;
/// The deepest stack of frames.
const MAX_FRAMES: usize = 5000;
/// The most output that a substitution takes.
const MAX_OUTPUT: usize = 4 * 1024 * 1024;

/// A running shell.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) argv: Vec<String>,
    pub(crate) dialect: Dialect,
    /// `$0`.
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) vars: Vars,
    pub(crate) params: Rc<Vec<String>>,
    pub(crate) functions: Rc<BTreeMap<String, Function>>,
    pub(crate) aliases: Rc<BTreeMap<String, String>>,
    pub(crate) options: Options,
    pub(crate) shopt: Shopt,
    /// `$?`.
    pub(crate) status: i32,
    /// `$$`.
    pub(crate) pid: u32,
    /// `$!`.
    pub(crate) last_background: Option<u32>,
    pub(crate) line: u32,
    pub(crate) started: Time,
    pub(crate) seconds_base: i64,
    /// Numbers drawn for `$RANDOM`.
    pub(crate) draws: u64,
    pub(crate) random_unset: bool,
    pub(crate) jobs: Jobs,
    pub(crate) traps: Rc<BTreeMap<Trap, String>>,
    pub(crate) getopts_at: usize,
    pub(crate) directories: Vec<String>,
    pub(crate) umask: u16,
    pub(crate) hashed: BTreeMap<String, (String, u32)>,
    /// Arrays behind `declare` and its like, by place among the arguments.
    pub(crate) array_args: BTreeMap<usize, Assigned>,
    /// Lines typed so far.
    pub(crate) history: Rc<Vec<String>>,
    /// The keyboard side of an interactive shell.
    pub(crate) terminal: Option<Box<Terminal>>,
    /// How deep in substitutions this shell stands, for `set -x`.
    pub(crate) depth: usize,
    pub(crate) unwind: Option<Unwind>,
    /// The window has another size.
    pub(crate) resized: bool,
    frames: Vec<Framed>,
    /// Output and status of a substitution, for the frame that asked.
    output: Option<(String, i32)>,
    interrupted: bool,
    pending: Vec<Signal>,
    /// Children that nobody waits for any more.
    stray: Vec<Pid>,
    begun: bool,
    replaced: bool,
    /// Signals sent by the last command are to arrive before the next one.
    pub(crate) pause: bool,
    /// `$PIPESTATUS`.
    pub(crate) pipe_status: Vec<i32>,
}

/// Where a shell's commands come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Interactive,
    /// `-c`.
    Command,
    /// A file.
    Script,
    /// Standard input.
    Stdin,
}

/// A function.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) body: Rc<Command>,
    /// As typed.
    pub(crate) text: Rc<str>,
}

/// What `set` switches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) allexport: bool,
    pub(crate) errexit: bool,
    pub(crate) noclobber: bool,
    pub(crate) noexec: bool,
    pub(crate) noglob: bool,
    pub(crate) nounset: bool,
    pub(crate) pipefail: bool,
    pub(crate) xtrace: bool,
}

/// What `shopt` switches, as far as it does something here.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shopt {
    pub(crate) dotglob: bool,
    pub(crate) nullglob: bool,
    pub(crate) nocasematch: bool,
}

/// What a trap waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trap {
    Exit,
    Signal(Signal),
    Err,
}

/// A jump out of frames.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unwind {
    /// Out of this many loops.
    Break(u32),
    /// To the next round of the loop that is this many away.
    Continue(u32),
    Return,
    Exit(i32),
    /// Back to the prompt, or on to a script's next line.
    Discard,
    /// Ctrl-C.
    Interrupt,
}

/// A frame and whether failures in it are expected (`set -e` is off).
#[derive(Clone)]
struct Framed {
    frame: Frame,
    quiet: bool,
}

/// A part of the script in execution.
#[derive(Clone)]
pub(crate) enum Frame {
    /// Being run at this moment.
    Running,
    /// Commands read while they are typed or come in.
    Main(Main),
    /// Commands read at once.
    Text(Text),
    List {
        list: Rc<List>,
        at: usize,
    },
    Chain {
        chain: Rc<Chain>,
        at: usize,
    },
    Pipeline {
        pipeline: Rc<Pipeline>,
        text: Rc<str>,
        started: Option<Time>,
    },
    /// A command whose words are being expanded.
    Command {
        command: Rc<Command>,
        memo: Memo,
    },
    /// Puts variables and descriptors back.
    Cleanup {
        vars: Vec<(String, Option<Var>)>,
        fds: Vec<Saved>,
    },
    For {
        command: Rc<Command>,
        items: Rc<Vec<String>>,
        at: usize,
    },
    ArithFor {
        command: Rc<Command>,
        memo: Memo,
        stage: Stage,
    },
    While {
        command: Rc<Command>,
        testing: bool,
        status: i32,
    },
    If {
        command: Rc<Command>,
        arm: usize,
        testing: bool,
    },
    Case {
        command: Rc<Command>,
        value: String,
        arm: usize,
        memo: Memo,
    },
    /// A function's body.
    Call {
        name: Rc<str>,
        params: Rc<Vec<String>>,
        locals: BTreeMap<String, Option<Var>>,
    },
    Substitute {
        pid: Pid,
        fd: Option<Fd>,
        bytes: Vec<u8>,
    },
    /// Waits for a job in the foreground.
    Foreground(Job),
    Read(Reading),
    /// The `wait` builtin.
    WaitFor {
        which: builtins::wait::Which,
        jobs: Vec<u32>,
    },
    /// Gives `$?` back after a trap.
    Restore(i32),
    /// The shell ends with this status.
    Leave(i32),
}

/// The stages of `for ((…))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Init,
    Test,
    Next,
}

/// Commands that come in one after the other.
#[derive(Clone, Default)]
pub(crate) struct Main {
    /// Text that is not run yet.
    pending: String,
    /// Number of its first line.
    line: u32,
    /// There is something new to parse.
    fresh: bool,
    ended: bool,
}

/// Text that has been parsed.
#[derive(Clone)]
pub(crate) struct Text {
    program: Rc<Program>,
    at: usize,
    role: Role,
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

/// How a frame goes on.
pub(crate) enum Next {
    Done,
    /// It is entered again (when what it has put above itself is done).
    Again(Frame),
    Wait(Frame, Wait),
    /// The process has become another program.
    Replaced,
}

/// What a builtin comes to.
pub(crate) enum Ran {
    Status(i32),
    /// A frame goes on with it.
    Frame(Frame),
    /// Frames are taken down; `$?` is set before.
    Unwind(i32, Unwind),
    /// It has put frames on the stack itself, or has become another program.
    Nothing,
}

impl Process for Shell {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if !self.begun {
            self.begun = true;
            self.begin(sys);
        }
        for _ in 0..SLICE {
            if std::mem::take(&mut self.interrupted) {
                self.unwind = Some(Unwind::Interrupt);
            }
            if let Some(unwind) = self.unwind.take() {
                self.take_down(unwind, sys);
                continue;
            }
            if self.frames.is_empty() {
                if !self.exit_trap() {
                    return Step::Done(self.status & 0xff);
                }
                continue;
            }
            if !self.pending.is_empty() && self.may_trap() {
                self.run_trap();
                continue;
            }
            if let Some(wait) = self.advance(sys) {
                return Step::Wait(wait);
            }
            if self.replaced || std::mem::take(&mut self.pause) {
                return Step::Yield;
            }
        }
        Step::Yield
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, _: &mut Sys) -> bool {
        if self.replaced {
            return false;
        }
        let interactive = self.terminal.is_some();
        if let Some(trap) = self.traps.get(&Trap::Signal(signal)) {
            if !trap.is_empty() {
                self.pending.push(signal);
            }
            if signal == Signal::Int && interactive {
                self.interrupted = true;
            }
            return true;
        }
        match signal {
            Signal::Int if interactive => {
                self.interrupted = true;
                true
            }
            Signal::Term | Signal::Quit | Signal::Tstp => interactive,
            Signal::Hup if interactive => {
                self.unwind = Some(Unwind::Exit(Signal::Hup.exit_code()));
                true
            }
            Signal::Winch => {
                self.resized = true;
                interactive
            }
            _ => false,
        }
    }
}

impl Shell {
    /// A shell that reads its arguments in its first step.
    pub(crate) fn new(argv: &[String], dialect: Dialect) -> Shell {
        Shell {
            argv: argv.to_vec(),
            dialect,
            name: argv.first().cloned().unwrap_or_default(),
            origin: Origin::Stdin,
            vars: Vars::default(),
            params: Rc::default(),
            functions: Rc::default(),
            aliases: Rc::default(),
            options: Options::default(),
            shopt: Shopt::default(),
            status: 0,
            pid: 0,
            last_background: None,
            line: 0,
            started: Time::default(),
            seconds_base: 0,
            draws: 0,
            random_unset: false,
            jobs: Jobs::default(),
            traps: Rc::default(),
            getopts_at: 0,
            directories: Vec::new(),
            umask: 0o022,
            hashed: BTreeMap::new(),
            array_args: BTreeMap::new(),
            history: Rc::default(),
            terminal: None,
            depth: 0,
            unwind: None,
            resized: false,
            frames: Vec::new(),
            output: None,
            interrupted: false,
            pending: Vec::new(),
            stray: Vec::new(),
            begun: false,
            replaced: false,
            pause: false,
            pipe_status: Vec::new(),
        }
    }

    // --- frames ---

    pub(crate) fn push(&mut self, frame: Frame) {
        let quiet = self.frames.last().is_some_and(|top| top.quiet);
        self.push_as(frame, quiet);
    }

    fn push_quiet(&mut self, frame: Frame) {
        self.push_as(frame, true);
    }

    fn push_as(&mut self, frame: Frame, quiet: bool) {
        self.frames.push(Framed { frame, quiet });
    }

    fn quiet(&self) -> bool {
        self.frames.last().is_some_and(|top| top.quiet)
    }

    /// Runs the topmost frame once; tells when the process has to wait.
    fn advance(&mut self, sys: &mut Sys) -> Option<Wait> {
        let place = self.frames.len().checked_sub(1)?;
        let frame = std::mem::replace(&mut self.frames[place].frame, Frame::Running);
        match self.run(frame, sys) {
            Next::Done => {
                self.frames.remove(place);
                None
            }
            Next::Again(frame) => {
                self.frames[place].frame = frame;
                if self.frames.len() > MAX_FRAMES {
                    self.complain(sys, "maximum nesting level exceeded");
                    self.status = 1;
                    self.unwind = Some(Unwind::Discard);
                }
                None
            }
            Next::Wait(frame, wait) => {
                self.frames[place].frame = frame;
                Some(wait)
            }
            Next::Replaced => {
                self.replaced = true;
                None
            }
        }
    }

    fn run(&mut self, frame: Frame, sys: &mut Sys) -> Next {
        match frame {
            Frame::Running => Next::Done,
            Frame::Main(main) => self.main(main, sys),
            Frame::Text(text) => self.text(text, sys),
            Frame::List { list, at } => self.list(list, at, sys),
            Frame::Chain { chain, at } => self.chain(chain, at),
            Frame::Pipeline { pipeline, text, started } => {
                self.pipeline(pipeline, text, started, sys)
            }
            Frame::Command { command, memo } => self.command(command, memo, sys),
            Frame::Cleanup { vars, fds } => {
                self.clean_up(vars, fds, sys);
                Next::Done
            }
            Frame::For { command, items, at } => self.for_loop(command, items, at, sys),
            Frame::ArithFor { command, memo, stage } => self.arith_for(command, memo, stage, sys),
            Frame::While { command, testing, status } => self.while_loop(command, testing, status),
            Frame::If { command, arm, testing } => self.if_clause(command, arm, testing),
            Frame::Case { command, value, arm, memo } => {
                self.case_clause(command, value, arm, memo, sys)
            }
            Frame::Call { params, locals, .. } => {
                self.end_call(params, locals);
                Next::Done
            }
            Frame::Substitute { pid, fd, bytes } => self.substitute(pid, fd, bytes, sys),
            Frame::Foreground(job) => self.foreground(job, sys),
            Frame::Read(reading) => builtins::read::go_on(self, reading, sys),
            Frame::WaitFor { which, jobs } => builtins::wait::go_on(self, which, jobs, sys),
            Frame::Restore(status) => {
                self.status = status;
                Next::Done
            }
            Frame::Leave(status) => {
                self.status = status;
                self.unwind = Some(Unwind::Exit(status));
                Next::Done
            }
        }
    }

    /// Tidies up a frame that is left early.
    fn leave(&mut self, frame: Frame, sys: &mut Sys) {
        match frame {
            Frame::Cleanup { vars, fds } => self.clean_up(vars, fds, sys),
            Frame::Call { params, locals, .. } => self.end_call(params, locals),
            Frame::Text(Text { role: Role::Source(Some(params)), .. }) => self.params = params,
            Frame::Substitute { pid, fd, .. } => {
                if let Some(fd) = fd {
                    sys.close(fd);
                }
                self.stray.push(pid);
            }
            Frame::Foreground(job) => {
                self.stray.extend(job.members.iter().filter(|m| m.code.is_none()).map(|m| m.pid));
                self.take_terminal(sys);
            }
            Frame::Read(reading) => builtins::read::give_up(&reading, sys),
            _ => {}
        }
    }

    fn clean_up(&mut self, vars: Vec<(String, Option<Var>)>, fds: Vec<Saved>, sys: &mut Sys) {
        for (name, var) in vars.into_iter().rev() {
            self.vars.replace(&name, var);
        }
        super::redirect::restore(sys, fds);
    }

    fn end_call(&mut self, params: Rc<Vec<String>>, locals: BTreeMap<String, Option<Var>>) {
        self.params = params;
        for (name, var) in locals {
            self.vars.replace(&name, var);
        }
    }

    fn take_down(&mut self, unwind: Unwind, sys: &mut Sys) {
        let mut loops = match unwind {
            Unwind::Break(n) | Unwind::Continue(n) => n,
            _ => 0,
        };
        if let Unwind::Interrupt = unwind {
            self.status = 130;
            sys.eprint("\n");
            if let Some(terminal) = &mut self.terminal {
                terminal.forget_line(sys);
            }
        }
        while let Some(top) = self.frames.last() {
            let frame = &top.frame;
            let stop = match unwind {
                Unwind::Break(_) | Unwind::Continue(_) => {
                    loops -= u32::from(frame.is_loop());
                    loops == 0
                }
                Unwind::Return => frame.returns(),
                Unwind::Exit(_) => false,
                Unwind::Discard | Unwind::Interrupt => {
                    matches!(frame, Frame::Main(_))
                        || matches!(frame, Frame::Text(Text { role: Role::Main, .. }))
                            && self.origin != Origin::Command
                }
            };
            let keep = stop && !matches!(unwind, Unwind::Break(_) | Unwind::Return);
            if keep {
                if let (Unwind::Interrupt, Some(Framed { frame: Frame::Main(main), .. })) =
                    (unwind, self.frames.last_mut())
                {
                    main.pending.clear();
                    main.fresh = false;
                }
                return;
            }
            if let Some(framed) = self.frames.pop() {
                self.leave(framed.frame, sys);
            }
            if stop {
                return;
            }
        }
        if let Unwind::Exit(status) = unwind {
            self.status = status;
            if self.terminal.is_some() {
                self.jobs.hang_up(sys);
            }
        }
    }

    /// How many loops of the present function or script are around this place.
    pub(crate) fn loops(&self) -> u32 {
        let inner = self.frames.iter().rev().take_while(|f| !f.frame.returns());
        inner.filter(|f| f.frame.is_loop()).count() as u32
    }

    /// Whether `return` has somewhere to return from.
    pub(crate) fn can_return(&self) -> bool {
        self.frames.iter().any(|f| f.frame.returns())
    }

    /// The innermost function's name.
    pub(crate) fn function_name(&self) -> Option<Rc<str>> {
        self.frames.iter().rev().find_map(|f| match &f.frame {
            Frame::Call { name, .. } => Some(name.clone()),
            _ => None,
        })
    }

    /// Makes a variable local to the innermost function; false outside of one.
    pub(crate) fn make_local(&mut self, name: &str) -> bool {
        for framed in self.frames.iter_mut().rev() {
            if let Frame::Call { locals, .. } = &mut framed.frame {
                if !locals.contains_key(name) {
                    let exported = self.vars.get(name).is_some_and(|var| var.exported);
                    let old = self.vars.replace(name, None);
                    locals.insert(name.to_owned(), old);
                    if exported {
                        self.vars.entry(name).exported = true;
                    }
                }
                return true;
            }
        }
        false
    }

    /// Whether nothing is left to be done after the command that runs now.
    fn is_last_act(&self) -> bool {
        self.terminal.is_none()
            && self.traps.is_empty()
            && self.jobs.is_empty()
            && self.frames.iter().all(|f| match &f.frame {
                Frame::Running => true,
                Frame::List { list, at } => *at >= list.items.len(),
                Frame::Chain { chain, at } => *at > chain.rest.len(),
                Frame::Pipeline { pipeline, started, .. } => {
                    !pipeline.negate && !pipeline.timed && started.is_some()
                }
                Frame::Text(text) => {
                    text.at >= text.program.lines.len()
                        && text.program.error.is_none()
                        && text.role == Role::Main
                }
                _ => false,
            })
    }

    // --- messages ---

    /// What messages begin with.
    fn prefix(&self) -> String {
        let (name, line) = (&self.name, self.line);
        match (self.dialect, self.origin) {
            (Dialect::Bash, Origin::Interactive) => {
                format!("{}: ", name.rsplit('/').next().unwrap_or(name).trim_start_matches('-'))
            }
            (Dialect::Bash, _) | (Dialect::Ash, Origin::Script) => format!("{name}: line {line}: "),
            (Dialect::Ash, _) => format!("{name}: "),
            (Dialect::Dash, _) => format!("{name}: {line}: "),
        }
    }

    /// Reports on standard error.
    pub(crate) fn complain(&self, sys: &mut Sys, message: &str) {
        sys.eprint(&format!("{}{message}\n", self.prefix()));
    }

    /// Reports for a builtin: `bash: cd: …`, `sh: cd: line 1: …`.
    pub(crate) fn complain_as(&self, sys: &mut Sys, builtin: &str, message: &str) {
        if self.dialect != Dialect::Ash {
            self.complain(sys, &format!("{builtin}: {message}"));
        } else if self.origin == Origin::Interactive {
            sys.eprint(&format!("{}: {builtin}: {message}\n", self.name));
        } else {
            // busybox counts the lines of `-c` from 0.
            let line = self.line - u32::from(self.origin == Origin::Command && self.line > 0);
            sys.eprint(&format!("{}: {builtin}: line {line}: {message}\n", self.name));
        }
    }

    fn parse_error(&self, error: &ParseError, role: Option<&Role>, text: &str) -> String {
        let bash = self.dialect.is_bash();
        let line = match error {
            ParseError::Incomplete { line, .. }
            | ParseError::Unexpected { line, .. }
            | ParseError::TooDeep { line } => *line,
            ParseError::TooLong => self.line.max(1),
        };
        // bash counts the end of the text as a line of its own.
        let line = match error {
            ParseError::Incomplete { quote: None, .. } if bash => text.lines().count() as u32 + 1,
            _ => line,
        };
        let name = &self.name;
        let prefix = match (self.dialect, self.origin, role) {
            (Dialect::Bash, Origin::Interactive, Some(Role::Eval)) => "bash: eval: ".to_owned(),
            (Dialect::Bash, Origin::Interactive, _) => "bash: ".to_owned(),
            (Dialect::Bash, _, Some(Role::Eval)) => format!("{name}: eval: line {line}: "),
            (Dialect::Bash, Origin::Command, Some(Role::Main)) => {
                format!("{name}: -c: line {line}: ")
            }
            (Dialect::Bash, ..) | (Dialect::Ash, Origin::Script, _) => {
                format!("{name}: line {line}: ")
            }
            (Dialect::Ash, ..) => format!("{name}: "),
            (Dialect::Dash, ..) => format!("{name}: {line}: "),
        };
        let title = if self.dialect == Dialect::Dash { "Syntax error" } else { "syntax error" };
        let hint = |expecting: &Option<&str>| {
            expecting.map(|word| format!(" (expecting \"{word}\")")).unwrap_or_default()
        };
        let message = match error {
            ParseError::TooLong => "the command is too long to be simulated".to_owned(),
            ParseError::TooDeep { .. } => {
                format!("{title}: commands are nested too deep to be simulated")
            }
            ParseError::Incomplete { quote: Some(quote), .. } if bash => {
                format!("unexpected EOF while looking for matching `{quote}'")
            }
            ParseError::Incomplete { .. } if bash => format!("{title}: unexpected end of file"),
            ParseError::Incomplete { quote: Some('\'' | '"'), .. } => {
                let word =
                    if self.dialect == Dialect::Dash { "Unterminated" } else { "unterminated" };
                format!("{title}: {word} quoted string")
            }
            ParseError::Incomplete { expecting, .. } if self.dialect == Dialect::Ash => {
                format!("{title}: unexpected end of file{}", hint(expecting))
            }
            ParseError::Incomplete { expecting, .. } => {
                format!("{title}: end of file unexpected{}", hint(expecting))
            }
            ParseError::Unexpected { token, line: at, .. } if bash => {
                let source = text.lines().nth((*at as usize).saturating_sub(1));
                let mut message = format!("{title} near unexpected token `{token}'");
                if let (false, Some(source)) = (self.origin == Origin::Interactive, source) {
                    message.push_str(&format!("\n{prefix}`{source}'"));
                }
                message
            }
            ParseError::Unexpected { token, expecting, .. } if self.dialect == Dialect::Ash => {
                let token = if token == "newline" { token.clone() } else { format!("\"{token}\"") };
                format!("{title}: unexpected {token}{}", hint(expecting))
            }
            ParseError::Unexpected { token, expecting, .. } => {
                let token = if token == "newline" { token.clone() } else { format!("\"{token}\"") };
                format!("{title}: {token} unexpected{}", hint(expecting))
            }
        };
        format!("{prefix}{message}\n")
    }

    // --- texts ---

    fn parse_options(&self, last: bool) -> ParseOptions<'_> {
        let aliases = (self.terminal.is_some() || !self.dialect.is_bash())
            .then_some(&*self.aliases)
            .filter(|aliases| !aliases.is_empty());
        ParseOptions {
            bash: self.dialect.is_bash(),
            extended: self.dialect != Dialect::Dash,
            last,
            aliases,
        }
    }

    /// Parses a whole text, as far as it goes.
    fn read_program(&self, text: &str) -> Program {
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

    fn text(&mut self, mut text: Text, sys: &mut Sys) -> Next {
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

    fn main(&mut self, mut main: Main, sys: &mut Sys) -> Next {
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
        if self.terminal.is_some() { self.ask(main, sys) } else { self.fetch(main, sys) }
    }

    /// Reads a line of a script that comes over standard input, byte by byte: what follows belongs to its commands.
    fn fetch(&mut self, mut main: Main, sys: &mut Sys) -> Next {
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

    /// Asks for a line at the terminal.
    fn ask(&mut self, mut main: Main, sys: &mut Sys) -> Next {
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

    // --- lists and pipelines ---

    fn list(&mut self, list: Rc<List>, at: usize, sys: &mut Sys) -> Next {
        let Some(item) = list.items.get(at) else { return Next::Done };
        if item.background {
            self.start_background(&item.chain, &item.text, sys);
            return Next::Again(Frame::List { list, at: at + 1 });
        }
        if item.chain.rest.is_empty() {
            let pipeline = item.chain.first.clone();
            self.push(Frame::Pipeline { pipeline, text: item.text.clone(), started: None });
        } else {
            self.push(Frame::Chain { chain: item.chain.clone(), at: 0 });
        }
        Next::Again(Frame::List { list, at: at + 1 })
    }

    fn chain(&mut self, chain: Rc<Chain>, at: usize) -> Next {
        let pipeline = match at.checked_sub(1) {
            None => Some(&chain.first),
            Some(i) => match chain.rest.get(i) {
                None => return Next::Done,
                Some((Join::And, next)) => (self.status == 0).then_some(next),
                Some((Join::Or, next)) => (self.status != 0).then_some(next),
            },
        };
        let Some(pipeline) = pipeline.cloned() else {
            return Next::Again(Frame::Chain { chain, at: at + 1 });
        };
        let frame = Frame::Pipeline { pipeline, text: "".into(), started: None };
        if at < chain.rest.len() {
            self.push_quiet(frame);
        } else {
            self.push(frame);
        }
        Next::Again(Frame::Chain { chain, at: at + 1 })
    }

    fn pipeline(
        &mut self,
        pipeline: Rc<Pipeline>,
        text: Rc<str>,
        started: Option<Time>,
        sys: &mut Sys,
    ) -> Next {
        let Some(started) = started else {
            let started = Some(sys.now());
            match pipeline.commands.as_slice() {
                [] => self.status = 0,
                [command] => {
                    let frame = Frame::Command { command: command.clone(), memo: Memo::default() };
                    self.push_as(frame, self.quiet() || pipeline.negate);
                }
                commands => match self.start_pipeline(commands, &text, sys) {
                    Ok(job) => self.push(Frame::Foreground(job)),
                    Err(error) => {
                        self.complain(sys, &format!("fork: {error}"));
                        self.status = 254;
                        self.unwind = Some(Unwind::Discard);
                    }
                },
            }
            return Next::Again(Frame::Pipeline { pipeline, text, started });
        };
        if pipeline.commands.len() == 1 {
            self.pipe_status.clear();
            self.pipe_status.push(self.status);
        }
        if pipeline.negate {
            self.status = i32::from(self.status == 0);
        }
        if pipeline.timed {
            let span = (sys.now() - started).as_seconds_f64();
            let (minutes, seconds) = ((span / 60.0).floor(), span % 60.0);
            let line = |name: &str, m: f64, s: f64| format!("{name}\t{m}m{s:.3}s\n");
            let text =
                line("real", minutes, seconds) + &line("user", 0.0, 0.0) + &line("sys", 0.0, 0.0);
            sys.eprint(&format!("\n{text}"));
        }
        let checked = match pipeline.commands.as_slice() {
            [command] => matches!(
                command.kind,
                Kind::Simple { .. } | Kind::Subshell(_) | Kind::Test(_) | Kind::Arith(_)
            ),
            commands => !commands.is_empty(),
        };
        if self.status != 0 && checked && !pipeline.negate && !self.quiet() {
            let trap = self.traps.get(&Trap::Err).cloned();
            if self.options.errexit {
                self.unwind = Some(Unwind::Exit(self.status));
            }
            if let Some(trap) = trap {
                let exit = self.unwind.take().is_some();
                let status = self.status;
                self.push(if exit { Frame::Leave(status) } else { Frame::Restore(status) });
                self.push_text(&trap, Role::Trap);
            }
        }
        Next::Done
    }

    /// Starts every command of a pipeline in a shell of its own.
    fn start_pipeline(
        &mut self,
        commands: &[Rc<Command>],
        text: &str,
        sys: &mut Sys,
    ) -> Result<Job, Errno> {
        let mut job = Job::new(text);
        let mut input = None;
        let quiet = self.quiet();
        for (i, command) in commands.iter().enumerate() {
            let pipe = (i + 1 < commands.len()).then(|| super::redirect::pipe(sys));
            let mut fds: Vec<(Fd, Fd)> = Vec::new();
            fds.extend(input.map(|fd| (STDIN, fd)));
            fds.extend(pipe.map(|(_, write)| (STDOUT, write)));
            let frame = Frame::Command { command: command.clone(), memo: Memo::default() };
            let close: Vec<Fd> = input.into_iter().chain(pipe.map(|(_, write)| write)).collect();
            let child = self.fork(vec![(frame, quiet)], &fds, self.group_for(&job), &[], sys);
            close.into_iter().for_each(|fd| sys.close(fd));
            input = pipe.map(|(read, _)| read);
            match child {
                Ok(member) => job.add(member),
                Err(error) => {
                    if let Some(fd) = input {
                        sys.close(fd);
                    }
                    self.stray.extend(job.members.iter().map(|m| m.pid));
                    return Err(error);
                }
            }
        }
        self.give_terminal(&job, sys);
        Ok(job)
    }

    fn start_background(&mut self, chain: &Rc<Chain>, text: &Rc<str>, sys: &mut Sys) {
        let mut job = Job::new(text);
        let controlled = self.terminal.is_some();
        let (mut fds, mut ignore) = (Vec::new(), Vec::new());
        let null =
            if controlled { None } else { sys.open("/dev/null", crate::os::OpenFlags::READ).ok() };
        if !controlled {
            fds.extend(null.map(|fd| (STDIN, fd)));
            ignore = vec![Signal::Int, Signal::Quit];
        }
        let frame = Frame::Chain { chain: chain.clone(), at: 0 };
        let child = self.fork(vec![(frame, false)], &fds, self.group_for(&job), &ignore, sys);
        if let Some(fd) = null {
            sys.close(fd);
        }
        match child {
            Ok(member) => {
                self.last_background = Some(member.shown);
                job.add(member);
                let (number, shown) = (self.jobs.add(job), self.last_background.unwrap_or(0));
                if controlled && self.dialect.is_bash() {
                    sys.eprint(&format!("[{number}] {shown}\n"));
                }
                self.status = 0;
            }
            Err(error) => {
                self.complain(sys, &format!("fork: {error}"));
                self.status = 254;
            }
        }
    }

    /// The process group that a job's next process joins: jobs of an interactive shell have their own.
    fn group_for(&self, job: &Job) -> Option<Pid> {
        self.terminal.as_ref()?;
        Some(job.members.first().map_or(0, |first| first.pid))
    }

    pub(crate) fn give_terminal(&self, job: &Job, sys: &mut Sys) {
        if let (Some(terminal), Some(first)) = (&self.terminal, job.members.first()) {
            // A terminal that is gone has no foreground.
            let _ = sys.set_foreground(terminal.fd, first.pid);
        }
    }

    pub(crate) fn take_terminal(&self, sys: &mut Sys) {
        if let Some(terminal) = &self.terminal {
            let group = sys.group();
            // As above.
            let _ = sys.set_foreground(terminal.fd, group);
        }
    }

    /// Starts a copy of this shell that runs these frames.
    fn fork(
        &mut self,
        frames: Vec<(Frame, bool)>,
        fds: &[(Fd, Fd)],
        group: Option<Pid>,
        ignore: &[Signal],
        sys: &mut Sys,
    ) -> Result<Member, Errno> {
        let terminal = self.terminal.take();
        let kept = std::mem::take(&mut self.frames);
        let jobs = std::mem::take(&mut self.jobs);
        let stray = std::mem::take(&mut self.stray);
        let mut child = self.clone();
        self.frames = kept;
        self.terminal = terminal;
        self.jobs = jobs;
        self.stray = stray;
        child.frames = frames.into_iter().map(|(frame, quiet)| Framed { frame, quiet }).collect();
        child.pending.clear();
        child.unwind = None;
        let ignored =
            |(trap, text): &(&Trap, &String)| text.is_empty() && matches!(trap, Trap::Signal(_));
        child.traps =
            Rc::new(self.traps.iter().filter(ignored).map(|(t, s)| (*t, s.clone())).collect());
        self.spawn(self.argv.clone(), Some(Box::new(child)), fds, group, ignore, None, sys)
    }

    /// Starts a child with this shell's descriptors and variables.
    #[allow(clippy::too_many_arguments)]
    fn spawn(
        &self,
        argv: Vec<String>,
        process: Option<Box<dyn Process>>,
        fds: &[(Fd, Fd)],
        group: Option<Pid>,
        ignore: &[Signal],
        env: Option<BTreeMap<String, String>>,
        sys: &mut Sys,
    ) -> Result<Member, Errno> {
        let mut all: Vec<(Fd, Fd)> = sys
            .open_fds()
            .into_iter()
            .filter(|fd| *fd < super::redirect::OWN_FDS && !fds.iter().any(|(to, _)| to == fd))
            .map(|fd| (fd, fd))
            .collect();
        all.extend_from_slice(fds);
        let pid = sys.spawn(Spawn {
            argv,
            env: Some(env.unwrap_or_else(|| self.vars.env())),
            cwd: None,
            fds: all,
            group,
            process,
            ignore: ignore.to_vec(),
        })?;
        let shown = sys.processes().iter().find(|p| p.pid == pid).map_or(pid, |p| p.shown);
        Ok(Member { pid, shown, code: None })
    }

    // --- commands ---

    fn expand<T>(
        &mut self,
        memo: &mut Memo,
        sys: &mut Sys,
        work: impl FnOnce(&mut expand::Expander) -> Expanded<T>,
    ) -> Expanded<T> {
        if let Some((output, status)) = self.output.take() {
            self.status = status;
            memo.add(output, status);
        }
        expand::attempt(self, sys, memo, work)
    }

    /// Deals with an expansion that did not finish: `frame` is entered again if it can go on.
    fn stopped(&mut self, stop: Stop, frame: Frame, sys: &mut Sys) -> Next {
        match stop {
            Stop::Substitute(list) => match self.start_substitution(&list, sys) {
                Ok(substitute) => {
                    self.push(substitute);
                    Next::Again(frame)
                }
                Err(error) => {
                    self.complain(sys, &format!("fork: {error}"));
                    self.status = 254;
                    self.unwind = Some(Unwind::Discard);
                    Next::Done
                }
            },
            Stop::Error(message) => {
                self.complain(sys, &message);
                self.status = self.dialect.error_status();
                self.unwind = Some(if self.dialect.is_bash() {
                    Unwind::Discard
                } else {
                    self.fatal(self.status)
                });
                Next::Done
            }
            Stop::Fatal(message, status) => {
                self.complain(sys, &message);
                self.status = if self.dialect.is_bash() { status } else { 2 };
                self.unwind = Some(self.fatal(self.status));
                Next::Done
            }
        }
    }

    /// The end of a script; only back to the prompt for a person.
    pub(crate) fn fatal(&self, status: i32) -> Unwind {
        if self.terminal.is_some() { Unwind::Discard } else { Unwind::Exit(status) }
    }

    fn start_substitution(&mut self, list: &Rc<List>, sys: &mut Sys) -> Result<Frame, Errno> {
        let (read, write) = super::redirect::pipe(sys);
        let frame = Frame::List { list: list.clone(), at: 0 };
        self.depth += 1;
        let quiet = self.quiet() || self.dialect.is_bash();
        let child = self.fork(vec![(frame, quiet)], &[(STDOUT, write)], None, &[], sys);
        self.depth -= 1;
        sys.close(write);
        match child {
            Ok(member) => {
                Ok(Frame::Substitute { pid: member.pid, fd: Some(read), bytes: Vec::new() })
            }
            Err(error) => {
                sys.close(read);
                Err(error)
            }
        }
    }

    fn substitute(&mut self, pid: Pid, fd: Option<Fd>, mut bytes: Vec<u8>, sys: &mut Sys) -> Next {
        if let Some(fd) = fd {
            loop {
                match sys.read(fd, 65536) {
                    Ok(Read::Data(data)) => bytes.extend_from_slice(&data),
                    Ok(Read::WouldBlock) => {
                        let wait = Wait::readable(fd);
                        return Next::Wait(Frame::Substitute { pid, fd: Some(fd), bytes }, wait);
                    }
                    Ok(Read::End) | Err(_) => break,
                }
                if bytes.len() > MAX_OUTPUT {
                    sys.close(fd);
                    self.stray.push(pid);
                    self.complain(sys, "command substitution: too much output");
                    self.status = 1;
                    self.unwind = Some(Unwind::Discard);
                    return Next::Done;
                }
            }
            sys.close(fd);
        }
        let Some((_, status)) = sys.wait(Some(pid)) else {
            if !sys.processes().iter().any(|p| p.pid == pid) {
                self.output = Some((String::new(), 127));
                return Next::Done;
            }
            return Next::Wait(Frame::Substitute { pid, fd: None, bytes }, Wait::children());
        };
        bytes.retain(|byte| *byte != 0);
        while bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        self.output = Some((String::from_utf8_lossy(&bytes).into_owned(), status));
        Next::Done
    }

    fn command(&mut self, command: Rc<Command>, mut memo: Memo, sys: &mut Sys) -> Next {
        self.line = command.line;
        if let Kind::Simple { assigns, args } = &command.kind {
            let work = |x: &mut expand::Expander| {
                let args = x.arguments(args)?;
                let redirects = x.redirects(&command.redirects)?;
                let mut values = Vec::new();
                for assign in assigns {
                    let value = x.assign(assign)?;
                    // Without a command they are carried out at once: later ones see earlier ones.
                    if args.is_empty() {
                        x.shell.assign(&value, x.sys).map_err(|message| Stop::Fatal(message, 1))?;
                    }
                    values.push(value);
                }
                Ok((args, redirects, values))
            };
            return match self.expand(&mut memo, sys, work) {
                Ok((args, redirects, values)) => {
                    self.simple(args, redirects, values, memo.status, sys)
                }
                Err(stop) => self.stopped(stop, Frame::Command { command, memo }, sys),
            };
        }
        if let Kind::Function { name, body, text } = &command.kind {
            let function = Function { body: body.clone(), text: text.clone() };
            Rc::make_mut(&mut self.functions).insert(name.to_string(), function);
            self.status = 0;
            return Next::Done;
        }
        let kind = match &command.kind {
            Kind::For { words: Some(_), .. }
            | Kind::Case { .. }
            | Kind::Test(_)
            | Kind::Arith(_) => {
                match self.expand(&mut memo, sys, |x| {
                    let redirects = x.redirects(&command.redirects)?;
                    let value = match &command.kind {
                        Kind::For { words: Some(words), .. } => Prepared::Words(x.words(words)?),
                        Kind::Case { word, .. } => Prepared::Text(x.text(word)?),
                        Kind::Test(test) => Prepared::Truth(x.test(test)?),
                        Kind::Arith(word) => Prepared::Number(x.arithmetic(word)?),
                        _ => Prepared::Nothing,
                    };
                    Ok((redirects, value))
                }) {
                    Ok(prepared) => prepared,
                    Err(Stop::Error(message))
                        if matches!(command.kind, Kind::Arith(_) | Kind::Test(_)) =>
                    {
                        let name = if matches!(command.kind, Kind::Arith(_)) { "((: " } else { "" };
                        self.complain(sys, &format!("{name}{message}"));
                        self.status = if name.is_empty() { 2 } else { 1 };
                        return Next::Done;
                    }
                    Err(stop) => return self.stopped(stop, Frame::Command { command, memo }, sys),
                }
            }
            _ => match self.expand(&mut memo, sys, |x| x.redirects(&command.redirects)) {
                Ok(redirects) => (redirects, Prepared::Nothing),
                Err(stop) => return self.stopped(stop, Frame::Command { command, memo }, sys),
            },
        };
        let (redirects, prepared) = kind;
        let mut saved = Vec::new();
        if let Err(message) = self.redirect(redirects, Some(&mut saved), sys) {
            super::redirect::restore(sys, saved);
            self.complain(sys, &message);
            self.status = self.dialect.redirect_status();
            return Next::Done;
        }
        let cleanup =
            (!saved.is_empty()).then_some(Frame::Cleanup { vars: Vec::new(), fds: saved });
        match self.compound(&command, prepared, sys) {
            Some(frame) => match cleanup {
                Some(cleanup) => {
                    self.push(frame);
                    Next::Again(cleanup)
                }
                None => Next::Again(frame),
            },
            None => match cleanup {
                Some(cleanup) => Next::Again(cleanup),
                None => Next::Done,
            },
        }
    }

    /// The first frame of a compound command, if it needs one.
    fn compound(
        &mut self,
        command: &Rc<Command>,
        prepared: Prepared,
        sys: &mut Sys,
    ) -> Option<Frame> {
        let command = command.clone();
        match (&command.kind, prepared) {
            (Kind::Group(list), _) => Some(Frame::List { list: list.clone(), at: 0 }),
            (Kind::Subshell(list), _) => {
                let frame = Frame::List { list: list.clone(), at: 0 };
                let mut job = Job::new("");
                let quiet = self.quiet();
                match self.fork(vec![(frame, quiet)], &[], self.group_for(&job), &[], sys) {
                    Ok(member) => {
                        job.add(member);
                        self.give_terminal(&job, sys);
                        Some(Frame::Foreground(job))
                    }
                    Err(error) => {
                        self.complain(sys, &format!("fork: {error}"));
                        self.status = 254;
                        None
                    }
                }
            }
            (Kind::For { .. }, prepared) => {
                let items = match prepared {
                    Prepared::Words(items) => Rc::new(items),
                    _ => self.params.clone(),
                };
                self.status = 0;
                Some(Frame::For { command, items, at: 0 })
            }
            (Kind::ArithFor { .. }, _) => {
                self.status = 0;
                Some(Frame::ArithFor { command, memo: Memo::default(), stage: Stage::Init })
            }
            (Kind::While { .. }, _) => Some(Frame::While { command, testing: false, status: -1 }),
            (Kind::If { .. }, _) => Some(Frame::If { command, arm: 0, testing: false }),
            (Kind::Case { .. }, Prepared::Text(value)) => {
                self.status = 0;
                Some(Frame::Case { command, value, arm: 0, memo: Memo::default() })
            }
            (Kind::Test(_), Prepared::Truth(truth)) => {
                self.status = i32::from(!truth);
                None
            }
            (Kind::Arith(_), Prepared::Number(number)) => {
                self.status = i32::from(number == 0);
                None
            }
            (Kind::NotSimulated(what), _) => {
                self.complain(sys, &format!("{what}: not simulated"));
                self.status = 2;
                None
            }
            _ => None,
        }
    }

    fn for_loop(
        &mut self,
        command: Rc<Command>,
        items: Rc<Vec<String>>,
        at: usize,
        sys: &mut Sys,
    ) -> Next {
        let (Kind::For { name, body, .. }, Some(item)) = (&command.kind, items.get(at)) else {
            return Next::Done;
        };
        if let Err(message) = self.assign_text(name, None, item, sys) {
            self.complain(sys, &message);
            self.status = 1;
            return Next::Done;
        }
        if self.options.xtrace && self.dialect.is_bash() {
            let words: Vec<String> =
                items.iter().map(|item| vars::quoted_if_needed(item)).collect();
            let line = format!("{}for {name} in {}\n", self.trace_mark(), words.join(" "));
            sys.eprint(&line);
        }
        self.push(Frame::List { list: body.clone(), at: 0 });
        Next::Again(Frame::For { command, items, at: at + 1 })
    }

    fn arith_for(
        &mut self,
        command: Rc<Command>,
        mut memo: Memo,
        stage: Stage,
        sys: &mut Sys,
    ) -> Next {
        let Kind::ArithFor { init, test, next, body } = &command.kind else { return Next::Done };
        let word = match stage {
            Stage::Init => init,
            Stage::Test => test,
            Stage::Next => next,
        };
        let value = match self.expand(&mut memo, sys, |x| x.arithmetic(word)) {
            Ok(value) => value,
            Err(stop) => return self.stopped(stop, Frame::ArithFor { command, memo, stage }, sys),
        };
        let memo = Memo::default();
        if stage != Stage::Test {
            return Next::Again(Frame::ArithFor { command, memo, stage: Stage::Test });
        }
        if value == 0 && !test.parts.is_empty() {
            return Next::Done;
        }
        self.push(Frame::List { list: body.clone(), at: 0 });
        Next::Again(Frame::ArithFor { command, memo, stage: Stage::Next })
    }

    fn while_loop(&mut self, command: Rc<Command>, testing: bool, status: i32) -> Next {
        let Kind::While { until, test, body } = &command.kind else { return Next::Done };
        if !testing {
            // Entered for the first time, or after the body.
            let status = if status < 0 { 0 } else { self.status };
            self.push_quiet(Frame::List { list: test.clone(), at: 0 });
            return Next::Again(Frame::While { command, testing: true, status });
        }
        if (self.status == 0) == *until {
            self.status = status;
            return Next::Done;
        }
        self.push(Frame::List { list: body.clone(), at: 0 });
        Next::Again(Frame::While { command, testing: false, status })
    }

    fn if_clause(&mut self, command: Rc<Command>, arm: usize, testing: bool) -> Next {
        let Kind::If { arms, otherwise } = &command.kind else { return Next::Done };
        let list = |list: &Rc<List>| Next::Again(Frame::List { list: list.clone(), at: 0 });
        match arms.get(arm) {
            Some((_, body)) if testing && self.status == 0 => list(body),
            Some(_) if testing => Next::Again(Frame::If { command, arm: arm + 1, testing: false }),
            Some((test, _)) => {
                self.push_quiet(Frame::List { list: test.clone(), at: 0 });
                Next::Again(Frame::If { command, arm, testing: true })
            }
            None => {
                self.status = 0;
                otherwise.as_ref().map_or(Next::Done, list)
            }
        }
    }

    fn case_clause(
        &mut self,
        command: Rc<Command>,
        value: String,
        arm: usize,
        mut memo: Memo,
        sys: &mut Sys,
    ) -> Next {
        let Kind::Case { arms, .. } = &command.kind else { return Next::Done };
        let Some(candidate) = arms.get(arm) else { return Next::Done };
        let folds = self.shopt.nocasematch;
        let matched = self.expand(&mut memo, sys, |x| {
            for pattern in &candidate.patterns {
                let pattern = x.pattern(pattern)?;
                let hit = if folds {
                    Pattern::new(&pattern.to_lowercase()).matches(&value.to_lowercase())
                } else {
                    Pattern::new(&pattern).matches(&value)
                };
                if hit {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        match matched {
            Err(stop) => self.stopped(stop, Frame::Case { command, value, arm, memo }, sys),
            Ok(false) => {
                Next::Again(Frame::Case { command, value, arm: arm + 1, memo: Memo::default() })
            }
            Ok(true) => {
                // The bodies that fall through run one after the other.
                let mut last = arm;
                while arms[last].end == ArmEnd::Fall && last + 1 < arms.len() {
                    last += 1;
                }
                let goes_on = arms[last].end == ArmEnd::Next;
                if goes_on {
                    self.push(Frame::Case {
                        command: command.clone(),
                        value,
                        arm: last + 1,
                        memo: Memo::default(),
                    });
                }
                for body in arms[arm..=last].iter().rev() {
                    self.push(Frame::List { list: body.body.clone(), at: 0 });
                }
                Next::Done
            }
        }
    }

    // --- simple commands ---

    fn simple(
        &mut self,
        args: Vec<Argument>,
        redirects: Vec<Ready>,
        values: Vec<Assigned>,
        substituted: Option<i32>,
        sys: &mut Sys,
    ) -> Next {
        let mut argv = Vec::new();
        self.array_args.clear();
        for argument in args {
            match argument {
                Argument::Text(text) => argv.push(text),
                Argument::Assign(assigned) => {
                    let mut text = assigned.name.to_string();
                    match (&assigned.value, &assigned.index) {
                        (AssignedValue::Text(value), None) => {
                            text.push_str(if assigned.append { "+=" } else { "=" });
                            text.push_str(value);
                        }
                        _ => {
                            self.array_args.insert(argv.len(), assigned);
                        }
                    }
                    argv.push(text);
                }
            }
        }
        if self.options.xtrace {
            self.trace(&values, &argv, sys);
        }
        let mut saved = Vec::new();
        if argv.is_empty() {
            let result = self.redirect(redirects, Some(&mut saved), sys);
            super::redirect::restore(sys, saved);
            self.status = substituted.unwrap_or(0);
            if let Err(message) = result {
                self.complain(sys, &message);
                self.status = self.dialect.redirect_status();
            }
            return Next::Done;
        }
        let function = self.functions.get(&argv[0]).cloned();
        let builtin = if function.is_some() { None } else { self.builtin(&argv[0]) };
        if argv[0] == "exec" && builtin.is_some() {
            return self.exec(&argv[1..], redirects, &values, sys);
        }
        let last = function.is_none() && builtin.is_none() && self.is_last_act();
        let keep = if last { None } else { Some(&mut saved) };
        if let Err(message) = self.redirect(redirects, keep, sys) {
            super::redirect::restore(sys, saved);
            self.complain(sys, &message);
            self.status = self.dialect.redirect_status();
            if builtin.is_some_and(|b| b.special) && !self.dialect.is_bash() {
                self.unwind = Some(self.fatal(2));
            }
            return Next::Done;
        }
        if function.is_none() && builtin.is_none() {
            return self.external(argv, saved, &values, last, sys);
        }
        let mut old = Vec::new();
        for value in &values {
            let name = value.name.to_string();
            old.push((name.clone(), self.vars.get(&name).cloned()));
            if let Err(message) = self.assign(value, sys) {
                self.complain(sys, &message);
                self.status = 1;
                self.clean_up(old, saved, sys);
                return Next::Done;
            }
            self.vars.entry(&name).exported = true;
        }
        if builtin.is_some_and(|b| b.special) && !self.dialect.is_bash() {
            // Assignments before a special builtin stay.
            old.clear();
        }
        let next = if old.is_empty() && saved.is_empty() {
            Next::Done
        } else {
            Next::Again(Frame::Cleanup { vars: old, fds: saved })
        };
        if let Some(function) = function {
            let name: Rc<str> = argv[0].as_str().into();
            argv.remove(0);
            let params = std::mem::replace(&mut self.params, Rc::new(argv));
            self.push(Frame::Call { name, params, locals: BTreeMap::new() });
            self.push(Frame::Command { command: function.body, memo: Memo::default() });
        } else if let Some(builtin) = builtin {
            self.run_builtin(builtin, &argv, sys);
        }
        if self.replaced {
            return Next::Replaced;
        }
        next
    }

    pub(crate) fn run_builtin(
        &mut self,
        builtin: &'static builtins::Builtin,
        argv: &[String],
        sys: &mut Sys,
    ) {
        match (builtin.run)(self, argv, sys) {
            Ran::Status(status) => self.status = status,
            Ran::Frame(frame) => self.push(frame),
            Ran::Unwind(status, unwind) => {
                self.status = status;
                self.unwind = Some(unwind);
            }
            Ran::Nothing => {}
        }
    }

    /// The builtin of this name that the imitated shell has.
    pub(crate) fn builtin(&self, name: &str) -> Option<&'static builtins::Builtin> {
        builtins::find(name).filter(|b| self.dialect.is_bash() || !b.bash_only)
    }

    /// Runs a command that the `command` and `builtin` builtins have already found not to be a function.
    pub(crate) fn run_plain(&mut self, argv: Vec<String>, sys: &mut Sys) -> Ran {
        if argv[0] == "exec" {
            return Ran::Status(builtins::exec(self, &argv[1..], sys));
        }
        if let Some(builtin) = self.builtin(&argv[0]) {
            self.run_builtin(builtin, &argv, sys);
            return Ran::Nothing;
        }
        let text = argv.join(" ");
        match self.start_program(argv, None, &text, sys) {
            Ok(job) => Ran::Frame(Frame::Foreground(job)),
            Err(status) => Ran::Status(status),
        }
    }

    fn external(
        &mut self,
        argv: Vec<String>,
        saved: Vec<Saved>,
        values: &[Assigned],
        last: bool,
        sys: &mut Sys,
    ) -> Next {
        let env = if values.is_empty() { None } else { Some(self.env_with(values, sys)) };
        if last {
            sys.set_env(env.clone().unwrap_or_else(|| self.vars.env()));
            if sys.exec(argv.clone()).is_ok() {
                return Next::Replaced;
            }
        }
        let text = argv.join(" ");
        let started = self.start_program(argv, env, &text, sys);
        super::redirect::restore(sys, saved);
        match started {
            Ok(job) => Next::Again(Frame::Foreground(job)),
            Err(status) => {
                self.status = status;
                Next::Done
            }
        }
    }

    /// The environment with assignments that stand before a command.
    fn env_with(&mut self, values: &[Assigned], sys: &mut Sys) -> BTreeMap<String, String> {
        let vars = self.vars.clone();
        for value in values {
            match self.assign(value, sys) {
                Ok(()) => self.vars.entry(&value.name).exported = true,
                Err(message) => self.complain(sys, &message),
            }
        }
        let env = self.vars.env();
        self.vars = vars;
        env
    }

    /// Starts a program as a job, or tells why not and gives the status.
    fn start_program(
        &mut self,
        argv: Vec<String>,
        env: Option<BTreeMap<String, String>>,
        text: &str,
        sys: &mut Sys,
    ) -> Result<Job, i32> {
        let mut job = Job::new(text);
        let group = self.group_for(&job);
        let error = match self.spawn(argv.clone(), None, &[], group, &[], env.clone(), sys) {
            Ok(member) => {
                job.add(member);
                self.give_terminal(&job, sys);
                return Ok(job);
            }
            Err(error) => error,
        };
        if error == Errno::NotExecutable
            && let Some(script) = self.script_shell(&argv, sys)
            && let Ok(member) =
                self.spawn(argv.clone(), Some(Box::new(script)), &[], group, &[], env, sys)
        {
            job.add(member);
            self.give_terminal(&job, sys);
            return Ok(job);
        }
        Err(self.cannot_run(&argv[0], error, sys))
    }

    /// A shell that runs a text file without `#!`.
    fn script_shell(&self, argv: &[String], sys: &Sys) -> Option<Shell> {
        let path = self.search(&argv[0], sys)?;
        let bytes = sys.read_file(&path).ok()?;
        if bytes.iter().take(80).any(|b| *b == 0) {
            return None;
        }
        let mut line = vec![self.argv.first().cloned().unwrap_or_default(), path];
        line.extend_from_slice(&argv[1..]);
        Some(Shell::new(&line, self.dialect))
    }

    /// Reports why a program did not start; the status is 126 or 127.
    pub(crate) fn cannot_run(&self, name: &str, error: Errno, sys: &mut Sys) -> i32 {
        let is_directory =
            sys.stat(name, true).is_ok_and(|s| s.kind == crate::os::FileKind::Directory);
        match error {
            Errno::NotFound => {
                self.complain(sys, &self.dialect.not_found(name));
                127
            }
            Errno::Access if is_directory && name.contains('/') && self.dialect.is_bash() => {
                self.complain(sys, &format!("{name}: Is a directory"));
                126
            }
            Errno::TooManyProcesses => {
                self.complain(sys, &format!("fork: {error}"));
                254
            }
            Errno::NotExecutable if self.dialect.is_bash() => {
                self.complain(sys, &format!("{name}: cannot execute binary file: {error}"));
                126
            }
            error => {
                self.complain(sys, &format!("{name}: {error}"));
                126
            }
        }
    }

    /// The path of a program, found as a child would be.
    pub(crate) fn search(&self, name: &str, sys: &Sys) -> Option<String> {
        let runs = |path: &str| {
            sys.stat(path, true)
                .is_ok_and(|s| s.kind != crate::os::FileKind::Directory && s.mode & 0o111 != 0)
        };
        if name.contains('/') {
            return runs(name).then(|| name.to_owned());
        }
        let path = self
            .vars
            .text("PATH")
            .unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        path.split(':')
            .map(|dir| format!("{}/{name}", if dir.is_empty() { "." } else { dir }))
            .find(|path| runs(path))
    }

    /// The `exec` builtin: redirections stay; with a command, the shell becomes it.
    fn exec(
        &mut self,
        args: &[String],
        redirects: Vec<Ready>,
        values: &[Assigned],
        sys: &mut Sys,
    ) -> Next {
        if let Err(message) = self.redirect(redirects, None, sys) {
            self.complain(sys, &message);
            self.status = self.dialect.error_status();
            if !self.dialect.is_bash() {
                self.unwind = Some(self.fatal(2));
            }
            return Next::Done;
        }
        for value in values {
            if self.assign(value, sys).is_ok() && !args.is_empty() {
                self.vars.entry(&value.name).exported = true;
            }
        }
        self.status = builtins::exec(self, args, sys);
        if self.replaced { Next::Replaced } else { Next::Done }
    }

    /// Becomes another program; true when it will.
    ///
    /// # Errors
    /// As [`Sys::exec`].
    pub(crate) fn become_program(&mut self, argv: Vec<String>, sys: &mut Sys) -> Result<(), Errno> {
        sys.set_env(self.vars.env());
        sys.exec(argv)?;
        for fd in sys.open_fds().into_iter().filter(|fd| *fd >= super::redirect::OWN_FDS) {
            sys.close(fd);
        }
        self.replaced = true;
        Ok(())
    }

    /// What traced lines begin with.
    fn trace_mark(&self) -> String {
        let mark = self.vars.text("PS4").unwrap_or("+ ");
        let first = mark.chars().next().unwrap_or('+').to_string();
        first.repeat(self.depth) + mark
    }

    fn trace(&self, values: &[Assigned], argv: &[String], sys: &mut Sys) {
        let prefix = self.trace_mark();
        let quoted = |word: &str| match self.dialect {
            Dialect::Dash => word.to_owned(),
            Dialect::Bash | Dialect::Ash => vars::quoted_if_needed(word),
        };
        let assigned = |value: &Assigned| match &value.value {
            AssignedValue::Text(text) => {
                let quoted =
                    if text.is_empty() { String::new() } else { vars::quoted_if_needed(text) };
                format!("{}={quoted}", value.name)
            }
            AssignedValue::Array(items) => {
                let items: Vec<String> =
                    items.iter().map(|(_, text)| vars::quoted_if_needed(text)).collect();
                format!("{}=({})", value.name, items.join(" "))
            }
        };
        let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
        let mut lines = Vec::new();
        if self.dialect.is_bash() {
            lines.extend(values.iter().map(assigned));
            if !words.is_empty() {
                lines.push(words.join(" "));
            }
        } else {
            lines.push(values.iter().map(assigned).chain(words).collect::<Vec<_>>().join(" "));
        }
        for line in lines {
            sys.eprint(&format!("{prefix}{line}\n"));
        }
    }

    // --- jobs in the foreground ---

    fn foreground(&mut self, mut job: Job, sys: &mut Sys) -> Next {
        job.collect(sys);
        if let Some(pid) = sys.take_stopped() {
            if job.members.iter().any(|m| m.pid == pid) {
                self.take_terminal(sys);
                job.stopped = true;
                job.told = true;
                let number = self.jobs.add(job);
                sys.eprint("\n");
                let line = self.jobs.line(number, self.dialect);
                sys.eprint(&line);
                self.status = Signal::Tstp.exit_code();
                return Next::Done;
            }
            self.jobs.mark_stopped(pid);
        }
        if !job.is_done() {
            return Next::Wait(Frame::Foreground(job), Wait::children());
        }
        self.take_terminal(sys);
        self.status = job.status(self.options.pipefail);
        self.pipe_status = job.members.iter().map(|m| m.code.unwrap_or(0)).collect();
        if self.terminal.is_some() && self.status == Signal::Int.exit_code() {
            self.unwind = Some(Unwind::Interrupt);
        }
        Next::Done
    }

    /// Collects children that have ended in the background.
    pub(crate) fn reap(&mut self, sys: &mut Sys) {
        self.jobs.collect(sys);
        while let Some(pid) = sys.take_stopped() {
            self.jobs.mark_stopped(pid);
        }
        self.stray.retain(|pid| {
            sys.wait(Some(*pid)).is_none() && sys.processes().iter().any(|p| p.pid == *pid)
        });
    }

    /// The number of the line that is typed now.
    pub(crate) fn history_number(&self) -> usize {
        self.history.len() + 1
    }

    /// Starts a program of which only the output is wanted, away from the terminal's signals.
    pub(crate) fn start_for_output(&self, argv: Vec<String>, sys: &mut Sys) -> Option<(Pid, Fd)> {
        let (read, write) = super::redirect::pipe(sys);
        let null = sys
            .open("/dev/null", crate::os::OpenFlags { write: true, ..crate::os::OpenFlags::READ })
            .ok();
        let mut fds = vec![(STDOUT, write)];
        fds.extend(null.map(|fd| (crate::os::STDERR, fd)));
        let started = sys.spawn(Spawn {
            argv,
            env: Some(self.vars.env()),
            fds,
            group: Some(0),
            ..Spawn::default()
        });
        sys.close(write);
        if let Some(fd) = null {
            sys.close(fd);
        }
        match started {
            Ok(pid) => Some((pid, read)),
            Err(_) => {
                sys.close(read);
                None
            }
        }
    }

    /// A child whose end nobody waits for.
    pub(crate) fn forget_child(&mut self, pid: Pid) {
        self.stray.push(pid);
    }

    /// Tells which jobs have ended since the last prompt.
    fn announce(&mut self, sys: &mut Sys) {
        for line in self.jobs.news(self.dialect) {
            sys.eprint(&line);
        }
    }

    // --- traps ---

    /// Whether a trap may run now: not while a command in the foreground runs.
    fn may_trap(&self) -> bool {
        !matches!(
            self.frames.last().map(|top| &top.frame),
            Some(Frame::Foreground(_) | Frame::Substitute { .. })
        )
    }

    fn run_trap(&mut self) {
        let signal = self.pending.remove(0);
        let Some(text) = self.traps.get(&Trap::Signal(signal)).cloned() else { return };
        if text.is_empty() {
            return;
        }
        // A trap ends `wait` and `read`.
        if matches!(self.frames.last().map(|top| &top.frame), Some(Frame::WaitFor { .. })) {
            self.frames.pop();
            self.status = signal.exit_code();
        }
        self.push(Frame::Restore(self.status));
        self.push_text(&text, Role::Trap);
    }

    fn exit_trap(&mut self) -> bool {
        let traps = Rc::make_mut(&mut self.traps);
        let Some(text) = traps.remove(&Trap::Exit).filter(|text| !text.is_empty()) else {
            return false;
        };
        self.push(Frame::Restore(self.status));
        self.push_text(&text, Role::Trap);
        true
    }
}

/// What the words of a compound command came to.
enum Prepared {
    Nothing,
    Words(Vec<String>),
    Text(String),
    Truth(bool),
    Number(i64),
}

impl Frame {
    fn is_loop(&self) -> bool {
        matches!(self, Frame::For { .. } | Frame::ArithFor { .. } | Frame::While { .. })
    }

    /// Whether `return` ends it.
    fn returns(&self) -> bool {
        matches!(self, Frame::Call { .. } | Frame::Text(Text { role: Role::Source(_), .. }))
    }
}

/// Whether the person was warned of stopped jobs when asking to leave just before.
fn terminal_warned(terminal: Option<&mut Terminal>) -> bool {
    terminal.is_none_or(|terminal| std::mem::replace(&mut terminal.warned, true))
}
