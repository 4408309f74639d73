//! Child processes: copies of the shell, programs, substitutions, jobs in the foreground.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use super::ast::List;
use super::jobs::{Job, Member};
use super::machine::{Frame, Framed, Next, Shell, Trap, Unwind};
use super::redirect::{OWN_FDS, pipe};
use crate::os::{
    Errno, Fd, FileKind, OpenFlags, Pid, Process, Read, STDERR, STDOUT, Signal, Spawn, Sys, Wait,
};

/// The most output that a substitution takes, in bytes.
const MAX_OUTPUT: usize = 4 * 1024 * 1024;

impl Shell {
    /// The process group that a job's next process joins: jobs of an interactive shell have their own.
    pub(crate) fn group_for(&self, job: &Job) -> Option<Pid> {
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
    pub(crate) fn fork(
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
    pub(crate) fn spawn(
        &self,
        argv: Vec<String>,
        process: Option<Box<dyn Process>>,
        fds: &[(Fd, Fd)],
        group: Option<Pid>,
        ignore: &[Signal],
        env: Option<OrdMap<String, String>>,
        sys: &mut Sys,
    ) -> Result<Member, Errno> {
        let mut all: Vec<(Fd, Fd)> = sys
            .open_fds()
            .into_iter()
            .filter(|fd| *fd < OWN_FDS && !fds.iter().any(|(to, _)| to == fd))
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

    pub(crate) fn start_substitution(
        &mut self,
        list: &Rc<List>,
        sys: &mut Sys,
    ) -> Result<Frame, Errno> {
        let (read, write) = pipe(sys);
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

    pub(crate) fn substitute(
        &mut self,
        pid: Pid,
        fd: Option<Fd>,
        mut bytes: Vec<u8>,
        sys: &mut Sys,
    ) -> Next {
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

    /// Starts a program as a job, or tells why not and gives the status.
    pub(crate) fn start_program(
        &mut self,
        argv: Vec<String>,
        env: Option<OrdMap<String, String>>,
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
    pub(crate) fn script_shell(&self, argv: &[String], sys: &Sys) -> Option<Shell> {
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
        let is_directory = sys.stat(name, true).is_ok_and(|s| s.kind == FileKind::Directory);
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
            sys.stat(path, true).is_ok_and(|s| s.kind != FileKind::Directory && s.mode & 0o111 != 0)
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

    /// Becomes another program; true when it will.
    ///
    /// # Errors
    /// As [`Sys::exec`].
    pub(crate) fn become_program(&mut self, argv: Vec<String>, sys: &mut Sys) -> Result<(), Errno> {
        sys.set_env(self.vars.env());
        sys.exec(argv)?;
        for fd in sys.open_fds().into_iter().filter(|fd| *fd >= OWN_FDS) {
            sys.close(fd);
        }
        self.replaced = true;
        Ok(())
    }

    /// Waits on for the job in the foreground.
    /// Simplified: at a terminal, exit status 130 counts as an end by Ctrl-C, which ends the whole line.
    pub(crate) fn foreground(&mut self, mut job: Job, sys: &mut Sys) -> Next {
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

    /// Starts a program of which only the output is wanted, away from the terminal's signals.
    pub(crate) fn start_for_output(&self, argv: Vec<String>, sys: &mut Sys) -> Option<(Pid, Fd)> {
        let (read, write) = pipe(sys);
        let null = sys.open("/dev/null", OpenFlags { write: true, ..OpenFlags::READ }).ok();
        let mut fds = vec![(STDOUT, write)];
        fds.extend(null.map(|fd| (STDERR, fd)));
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
        if let Ok(pid) = started {
            Some((pid, read))
        } else {
            sys.close(read);
            None
        }
    }

    /// A child whose end nobody waits for.
    pub(crate) fn forget_child(&mut self, pid: Pid) {
        self.stray.push(pid);
    }

    /// Tells which jobs have ended since the last prompt.
    pub(crate) fn announce(&mut self, sys: &mut Sys) {
        for line in self.jobs.news(self.dialect) {
            sys.eprint(&line);
        }
    }
}
