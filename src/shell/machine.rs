//! The running shell: a stack of frames over a shared tree, stepped a little at a time.
//!
//! Each frame is plain data and says where its part of the script stands. [`Shell::step`] runs the topmost
//! frame; it finishes, goes on later, waits, or puts frames above itself. `break`, `return`, `exit` and Ctrl-C
//! take frames down from the top, each tidying up behind itself.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use super::Dialect;
use super::ast::{Chain, Command, List, Pipeline};
use super::builtins::{self, read::Reading};
use super::expand::{Assigned, Memo};
use super::jobs::{Job, Jobs};
use super::lineedit::Terminal;
use super::redirect::Saved;
use super::texts::{Main, Role, Text};
use super::vars::{Var, Vars};
use crate::base::time::Time;
use crate::os::{Fd, Pid, Process, Signal, Step, Sys, Wait};

/// Frames run in one step.
const SLICE: u32 = 250;
/// The deepest stack of frames.
const MAX_FRAMES: usize = 5000;
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
    pub(crate) functions: Rc<OrdMap<String, Function>>,
    pub(crate) aliases: Rc<OrdMap<String, String>>,
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
    pub(crate) traps: Rc<OrdMap<Trap, String>>,
    pub(crate) getopts_at: usize,
    pub(crate) directories: Vec<String>,
    pub(crate) umask: u16,
    pub(crate) hashed: OrdMap<String, (String, u32)>,
    /// Arrays behind `declare` and its like, by place among the arguments.
    pub(crate) array_args: OrdMap<usize, Assigned>,
    /// Lines typed so far.
    pub(crate) history: Rc<Vec<String>>,
    /// The keyboard side of an interactive shell.
    pub(crate) terminal: Option<Box<Terminal>>,
    /// How deep in substitutions this shell stands, for `set -x`.
    pub(crate) depth: usize,
    pub(crate) unwind: Option<Unwind>,
    /// The window has another size.
    pub(crate) resized: bool,
    pub(crate) frames: Vec<Framed>,
    /// Output and status of a substitution, for the frame that asked.
    pub(crate) output: Option<(String, i32)>,
    pub(crate) interrupted: bool,
    pub(crate) pending: Vec<Signal>,
    /// Children that nobody waits for any more.
    pub(crate) stray: Vec<Pid>,
    pub(crate) begun: bool,
    pub(crate) replaced: bool,
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
pub(crate) struct Framed {
    pub(crate) frame: Frame,
    pub(crate) quiet: bool,
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
        locals: OrdMap<String, Option<Var>>,
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
            hashed: OrdMap::new(),
            array_args: OrdMap::new(),
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

    pub(crate) fn push_quiet(&mut self, frame: Frame) {
        self.push_as(frame, true);
    }

    pub(crate) fn push_as(&mut self, frame: Frame, quiet: bool) {
        self.frames.push(Framed { frame, quiet });
    }

    pub(crate) fn quiet(&self) -> bool {
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

    pub(crate) fn clean_up(
        &mut self,
        vars: Vec<(String, Option<Var>)>,
        fds: Vec<Saved>,
        sys: &mut Sys,
    ) {
        for (name, var) in vars.into_iter().rev() {
            self.vars.replace(&name, var);
        }
        super::redirect::restore(sys, fds);
    }

    fn end_call(&mut self, params: Rc<Vec<String>>, locals: OrdMap<String, Option<Var>>) {
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
    pub(crate) fn is_last_act(&self) -> bool {
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
                Frame::Text(text) => text.role == Role::Main && text.is_at_end(),
                _ => false,
            })
    }

    /// The number of the line that is typed now.
    pub(crate) fn history_number(&self) -> usize {
        self.history.len() + 1
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

impl Frame {
    pub(crate) fn is_loop(&self) -> bool {
        matches!(self, Frame::For { .. } | Frame::ArithFor { .. } | Frame::While { .. })
    }

    /// Whether `return` ends it.
    pub(crate) fn returns(&self) -> bool {
        matches!(self, Frame::Call { .. } | Frame::Text(Text { role: Role::Source(_), .. }))
    }
}
