//! Compound commands: loops, branches, groups and tests.

use std::rc::Rc;

use super::ast::{ArmEnd, Command, Kind, List};
use super::expand::{self, Expanded, Memo, Stop};
use super::jobs::Job;
use super::machine::{Frame, Function, Next, Shell, Stage, Unwind};
use super::pattern::Pattern;
use super::{redirect, vars};
use crate::os::Sys;

impl Shell {
    pub(crate) fn expand<T>(
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
    pub(crate) fn stopped(&mut self, stop: Stop, frame: Frame, sys: &mut Sys) -> Next {
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

    pub(crate) fn command(&mut self, command: Rc<Command>, mut memo: Memo, sys: &mut Sys) -> Next {
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
            redirect::restore(sys, saved);
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
    pub(crate) fn compound(
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

    pub(crate) fn for_loop(
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

    pub(crate) fn arith_for(
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

    pub(crate) fn while_loop(&mut self, command: Rc<Command>, testing: bool, status: i32) -> Next {
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

    pub(crate) fn if_clause(&mut self, command: Rc<Command>, arm: usize, testing: bool) -> Next {
        let Kind::If { arms, otherwise } = &command.kind else { return Next::Done };
        let list = |list: &Rc<List>| Next::Again(Frame::List { list: list.clone(), at: 0 });
        match arms.get(arm) {
            Some((_, body)) if testing && self.status == 0 => list(body),
            Some(_) if testing => Next::Again(Frame::If { command, arm: arm + 1, testing: false }),
            Some((test, _)) => {
                self.push_quiet(Frame::List { list: test.clone(), at: 0 });
                Next::Again(Frame::If { command, arm, testing: true })
            }
            None => match otherwise {
                Some(otherwise) => list(otherwise),
                None => {
                    self.status = 0;
                    Next::Done
                }
            },
        }
    }

    pub(crate) fn case_clause(
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
}

/// What the words of a compound command came to.
pub(crate) enum Prepared {
    Nothing,
    Words(Vec<String>),
    Text(String),
    Truth(bool),
    Number(i64),
}
