//! Lists, chains and pipelines: what runs one after the other, side by side, or in the background.

use std::rc::Rc;

use super::ast::{Chain, Command, Join, Kind, List, Pipeline};
use super::expand::Memo;
use super::jobs::Job;
use super::machine::{Frame, Next, Shell, Trap, Unwind};
use super::texts::Role;
use crate::base::time::Time;
use crate::os::{Errno, Fd, OpenFlags, STDIN, STDOUT, Signal, Sys};

impl Shell {
    pub(crate) fn list(&mut self, list: Rc<List>, at: usize, sys: &mut Sys) -> Next {
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

    pub(crate) fn chain(&mut self, chain: Rc<Chain>, at: usize) -> Next {
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

    pub(crate) fn pipeline(
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
    pub(crate) fn start_pipeline(
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
            for fd in close {
                sys.close(fd);
            }
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

    pub(crate) fn start_background(&mut self, chain: &Rc<Chain>, text: &Rc<str>, sys: &mut Sys) {
        let mut job = Job::new(text);
        let controlled = self.terminal.is_some();
        let (mut fds, mut ignore) = (Vec::new(), Vec::new());
        let null = if controlled { None } else { sys.open("/dev/null", OpenFlags::READ).ok() };
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
}
