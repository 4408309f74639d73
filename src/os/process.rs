//! Processes: how they are started, stepped, signalled, stopped and how they end.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::base::time::{Span, Time};
use crate::os::fd::{OpenId, PipeId};
use crate::os::kernel::{Kernel, MachineId, Spawn, TtyId};
use crate::os::vfs::{self, Creds, Found, Node};
use crate::os::{Errno, Fd, Outside, Pid, Process, ProcessInfo, Signal, Step, Sys, Wait};

/// Most processes of one machine.
const MAX_PROCESSES: usize = 512;
/// Simulation-wide process numbers start here; smaller ones are numbers shown on a machine.
pub(super) const FIRST_PID: Pid = 1_000_000;
/// What it takes to start a program.
const START_TIME: Span = Span::micros(500);
/// What it takes to go on after yielding.
const YIELD_TIME: Span = Span::micros(100);
/// What it takes until a process notices what another one did.
const NOTICE_TIME: Span = Span::micros(1);
/// Most `#!` lines followed for one start.
const MAX_INTERPRETERS: u32 = 4;
/// Most signals that wait for one process.
const MAX_PENDING: usize = 64;

/// Where the programs are when the environment does not say.
pub(super) const DEFAULT_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A process's entry in the table.
#[derive(Clone)]
pub(super) struct Proc {
    pub(super) machine: MachineId,
    /// Its number on the machine.
    pub(super) shown: u32,
    pub(super) parent: Option<Pid>,
    pub(super) group: Pid,
    pub(super) argv: Rc<Vec<String>>,
    pub(super) env: Rc<OrdMap<String, String>>,
    pub(super) cwd: String,
    pub(super) creds: Creds,
    pub(super) fds: OrdMap<Fd, OpenId>,
    pub(super) tty: Option<TtyId>,
    pub(super) started: Time,
    /// A writer to a full pipe, or to a slow terminal, goes on later.
    pub(super) held_by: Option<PipeId>,
    pub(super) busy_until: Time,
    /// Absent while it is being stepped and after its end.
    process: Option<Box<dyn Process>>,
    /// Takes the place of `process` after this step.
    replacement: Option<Box<dyn Process>>,
    state: State,
    /// The next step's time.
    wake: Option<Time>,
    /// When the wake is for a signal only: when the process would be stepped without it.
    wake_without_signal: Option<Time>,
    pending: Vec<Signal>,
    /// Bits of the signals that are ignored.
    ignored: u32,
    stopped: bool,
    /// Stopped, and the parent does not know.
    stop_unseen: bool,
    origin: Origin,
}

#[derive(Clone)]
enum State {
    Ready,
    Waiting(Wait),
    Zombie(i32),
}

/// What came of the signals that waited for a process.
#[derive(Clone, Copy)]
enum Delivered {
    /// There were none, or they changed nothing.
    Nothing,
    /// A handler has run.
    Handled,
    /// It is stopped.
    Stopped,
    /// It has ended.
    Ended,
}

/// Who learns of a process's end.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// Whoever calls `take_exits`.
    Outside,
    /// The reader of this pipe.
    Exec(PipeId),
    /// The parent.
    Parent,
}

/// What a new process gets besides its program.
pub(super) struct Launch {
    pub(super) machine: MachineId,
    pub(super) parent: Option<Pid>,
    pub(super) group: Option<Pid>,
    pub(super) env: Rc<OrdMap<String, String>>,
    pub(super) cwd: String,
    pub(super) creds: Creds,
    pub(super) fds: Vec<(Fd, OpenId)>,
    pub(super) tty: Option<TtyId>,
    pub(super) ignored: u32,
    pub(super) origin: Origin,
}

impl Proc {
    fn is_zombie(&self) -> bool {
        matches!(self.state, State::Zombie(_))
    }

    fn letter(&self) -> char {
        match self.state {
            State::Zombie(_) => 'Z',
            _ if self.stopped => 'T',
            State::Ready => 'R',
            State::Waiting(_) => 'S',
        }
    }
}

fn bit(signal: Signal) -> u32 {
    1 << (signal as u32)
}

impl Kernel {
    // --- starting ---

    /// Finds the program of a command line and makes a process value of it; scripts lead to their interpreter.
    pub(super) fn load(
        &self,
        machine: MachineId,
        creds: &Creds,
        cwd: &str,
        path: Option<&str>,
        argv: &[String],
    ) -> Result<Box<dyn Process>, Errno> {
        let mut argv = argv.to_vec();
        let name = argv.first().filter(|n| !n.is_empty()).ok_or(Errno::NotFound)?.clone();
        let mut file = if name.contains('/') {
            name
        } else {
            self.search(machine, creds, cwd, path.unwrap_or(DEFAULT_PATH), &name)?
        };
        for _ in 0..=MAX_INTERPRETERS {
            let bytes = self.executable(machine, creds, cwd, &file)?;
            if let Some(program) = bytes.strip_prefix(vfs::PROGRAM_MAGIC) {
                let name = String::from_utf8_lossy(program);
                let program = self.catalog.program(name.trim()).ok_or(Errno::NotExecutable)?;
                return Ok((program.start)(&argv));
            }
            let line = bytes.strip_prefix(b"#!").ok_or(Errno::NotExecutable)?;
            let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
            let line = String::from_utf8_lossy(line).trim().to_owned();
            let (interpreter, argument) = match line.split_once([' ', '\t']) {
                Some((interpreter, argument)) => (interpreter.to_owned(), argument.trim()),
                None => (line.clone(), ""),
            };
            let mut next = vec![interpreter.clone()];
            next.extend((!argument.is_empty()).then(|| argument.to_owned()));
            next.push(file);
            next.extend(argv.drain(1..));
            argv = next;
            file = interpreter;
        }
        Err(Errno::TooManyLinks)
    }

    fn search(
        &self,
        machine: MachineId,
        creds: &Creds,
        cwd: &str,
        path: &str,
        name: &str,
    ) -> Result<String, Errno> {
        let mut error = Errno::NotFound;
        for dir in path.split(':') {
            let dir = if dir.is_empty() { "." } else { dir };
            let file = format!("{dir}/{name}");
            match self.executable(machine, creds, cwd, &file) {
                Ok(_) => return Ok(file),
                Err(Errno::Access) => error = Errno::Access,
                Err(_) => {}
            }
        }
        Err(error)
    }

    /// The contents of a file that may be run.
    fn executable(
        &self,
        machine: MachineId,
        creds: &Creds,
        cwd: &str,
        path: &str,
    ) -> Result<Rc<Vec<u8>>, Errno> {
        let Found::There(place) = self.find_on(machine, creds, cwd, path, true)? else {
            return Err(Errno::NotFound);
        };
        let inode = self.inode(&place)?;
        match &inode.node {
            Node::File(bytes) if inode.mode & 0o111 != 0 && creds.may(inode, vfs::SEARCH) => {
                Ok(bytes.clone())
            }
            _ => Err(Errno::Access),
        }
    }

    /// Enters a process into the tables; its first step follows shortly.
    pub(super) fn launch(
        &mut self,
        launch: Launch,
        argv: Vec<String>,
        process: Box<dyn Process>,
        delay: Span,
    ) -> Result<Pid, Errno> {
        let machine = self.machines.get_mut(launch.machine).ok_or(Errno::NoProcess)?;
        if machine.procs.len() >= MAX_PROCESSES {
            return Err(Errno::TooManyProcesses);
        }
        let pid = self.procs.next();
        let is_main = machine.is_container()
            && machine.init.is_none()
            && matches!(launch.origin, Origin::Outside);
        let shown = if is_main && !machine.procs.contains_key(&1) {
            1
        } else {
            machine.next_shown += 1;
            machine.next_shown
        };
        machine.procs.insert(shown, pid);
        let mut reopened = None;
        if is_main {
            machine.init = Some(pid);
            reopened = machine.log;
        }
        let group = match launch.group {
            None | Some(0) => pid,
            Some(group) => group,
        };
        self.procs.add(Proc {
            machine: launch.machine,
            shown,
            parent: launch.parent,
            group,
            argv: Rc::new(argv),
            env: launch.env,
            cwd: launch.cwd,
            creds: launch.creds,
            fds: OrdMap::new(),
            tty: launch.tty,
            started: self.now,
            held_by: None,
            busy_until: Time::default(),
            process: Some(process),
            replacement: None,
            state: State::Ready,
            wake: None,
            wake_without_signal: None,
            pending: Vec::new(),
            ignored: launch.ignored,
            stopped: false,
            stop_unseen: false,
            origin: launch.origin,
        });
        for (fd, open) in launch.fds {
            self.place_at(pid, open, fd);
        }
        if let Some(log) = reopened {
            self.reopen_log(log);
        }
        self.schedule(pid, self.now + delay);
        Ok(pid)
    }

    /// Starts a child of a process.
    pub(super) fn spawn(&mut self, parent: Pid, child: Spawn) -> Result<Pid, Errno> {
        let proc = self.procs.get(parent).ok_or(Errno::NoProcess)?;
        let env = child.env.map_or_else(|| proc.env.clone(), Rc::new);
        let cwd = match child.cwd {
            Some(cwd) => vfs::absolute(&proc.cwd, &cwd),
            None => proc.cwd.clone(),
        };
        let path = env.get("PATH").map(String::as_str);
        let (process, delay) = match child.process {
            Some(process) => (process, START_TIME / 2),
            None => {
                let process = self.load(proc.machine, &proc.creds, &cwd, path, &child.argv)?;
                (process, START_TIME)
            }
        };
        let fds = child
            .fds
            .iter()
            .filter_map(|(to, from)| proc.fds.get(from).map(|open| (*to, *open)))
            .collect();
        let group = match child.group {
            None => proc.group,
            Some(0) => 0,
            Some(group) => self.global(parent, group).unwrap_or(group),
        };
        let launch = Launch {
            machine: proc.machine,
            parent: Some(parent),
            group: Some(group),
            env,
            cwd,
            creds: proc.creds.clone(),
            fds,
            tty: proc.tty,
            ignored: proc.ignored | child.ignore.iter().fold(0, |bits, s| bits | bit(*s)),
            origin: Origin::Parent,
        };
        self.launch(launch, child.argv, process, delay)
    }

    /// Makes the calling process another program after this step.
    pub(super) fn replace(&mut self, pid: Pid, argv: Vec<String>) -> Result<(), Errno> {
        let proc = self.procs.get(pid).ok_or(Errno::NoProcess)?;
        let path = proc.env.get("PATH").map(String::as_str);
        let process = self.load(proc.machine, &proc.creds, &proc.cwd, path, &argv)?;
        if let Some(proc) = self.procs.get_mut(pid) {
            proc.replacement = Some(process);
            proc.argv = Rc::new(argv);
        }
        Ok(())
    }

    // --- running ---

    /// Has a process stepped at this time, unless it is due earlier anyway.
    fn schedule(&mut self, pid: Pid, at: Time) {
        let Some(proc) = self.procs.get(pid) else { return };
        let due = proc.wake.is_some_and(|wake| wake <= at);
        if proc.is_zombie() || due && proc.wake_without_signal.is_none() {
            return;
        }
        let Some(proc) = self.procs.get_mut(pid) else { return };
        if due {
            proc.wake_without_signal = proc.wake_without_signal.map(|other| other.min(at));
        } else {
            proc.wake = Some(at);
            proc.wake_without_signal = None;
            self.wakes.push((at, pid));
        }
    }

    /// Has signals handed to a process now.
    fn schedule_signal(&mut self, pid: Pid) {
        let now = self.now;
        let Some(proc) = self.procs.get_mut(pid) else { return };
        if proc.wake.is_some_and(|wake| wake <= now) {
            return;
        }
        let other = proc.wake.unwrap_or(Time::NEVER);
        proc.wake = Some(now);
        proc.wake_without_signal = Some(other);
        self.wakes.push((now, pid));
    }

    pub(super) fn wake_soon(&mut self, pid: Pid) {
        self.schedule(pid, self.now + NOTICE_TIME);
    }

    /// Wakes those of these processes that wait for a descriptor which can be read now.
    pub(super) fn wake_readers(&mut self, waiting: Vec<Pid>) {
        for pid in waiting {
            let Some(State::Waiting(wait)) = self.procs.get(pid).map(|p| &p.state) else {
                continue;
            };
            let fds = wait.readable.clone();
            if fds.iter().any(|fd| self.is_readable(pid, *fd)) {
                self.wake_soon(pid);
            } else {
                for fd in fds {
                    self.enlist_reader(pid, fd);
                }
            }
        }
    }

    /// Steps one process if it still exists. Called for each wake that [`Kernel::take_wakes`] gave.
    pub fn step(&mut self, pid: Pid, outside: &mut dyn Outside) {
        let now = self.now;
        let Some(proc) = self.procs.get(pid) else { return };
        if proc.is_zombie() || proc.wake.is_none_or(|wake| wake > now) {
            return;
        }
        let mut otherwise = None;
        if let Some(proc) = self.procs.get_mut(pid) {
            proc.wake = None;
            otherwise = proc.wake_without_signal.take();
        }
        let delivered = self.deliver(pid, outside);
        if let (Delivered::Nothing | Delivered::Stopped, Some(otherwise)) = (delivered, otherwise)
            && otherwise > now
        {
            if otherwise < Time::NEVER {
                self.schedule(pid, otherwise);
            }
            return;
        }
        if !matches!(delivered, Delivered::Nothing | Delivered::Handled) {
            return;
        }
        if let Some(busy) = self.procs.get(pid).map(|p| p.busy_until)
            && busy > now
        {
            self.schedule(pid, busy);
            return;
        }
        if self.is_held(pid) {
            return;
        }
        let step = self.with_process(pid, outside, |process, sys| process.step(sys));
        let Some(step) = step else { return };
        match self.deliver(pid, outside) {
            Delivered::Ended => {}
            Delivered::Nothing => self.go_on(pid, step),
            // A handler has run after the step, or a stop cuts it short: nothing of it is lost by stepping again.
            Delivered::Handled if !matches!(step, Step::Done(_)) => self.go_on(pid, Step::Yield),
            Delivered::Handled | Delivered::Stopped => self.go_on(pid, step),
        }
    }

    /// Calls into a process with its system calls; `None` when it ended meanwhile.
    fn with_process<T>(
        &mut self,
        pid: Pid,
        outside: &mut dyn Outside,
        call: impl FnOnce(&mut dyn Process, &mut Sys) -> T,
    ) -> Option<T> {
        let mut process = self.procs.get_mut(pid)?.process.take()?;
        let result = call(&mut *process, &mut Sys { kernel: self, outside, pid });
        let proc = self.procs.get_mut(pid).filter(|p| !p.is_zombie())?;
        proc.process = Some(process);
        Some(result)
    }

    /// Does what a step has answered.
    fn go_on(&mut self, pid: Pid, step: Step) {
        let now = self.now;
        let Some(proc) = self.procs.get_mut(pid) else { return };
        if let Some(replacement) = proc.replacement.take() {
            proc.process = Some(replacement);
            proc.state = State::Ready;
            self.schedule(pid, now + START_TIME);
            return;
        }
        match step {
            Step::Done(code) => self.end(pid, code),
            Step::Yield => {
                proc.state = State::Ready;
                self.schedule(pid, now + YIELD_TIME);
            }
            Step::Wait(wait) => self.wait_for(pid, wait),
        }
    }

    fn wait_for(&mut self, pid: Pid, wait: Wait) {
        let ready = wait.readable.iter().any(|fd| self.is_readable(pid, *fd))
            || wait.children && self.children(pid).iter().any(|c| self.has_news(*c));
        for fd in wait.readable.iter().filter(|_| !ready) {
            self.enlist_reader(pid, *fd);
        }
        if !wait.kinds.is_empty() {
            Rc::make_mut(&mut self.kind_waiters).insert(pid);
        }
        let until = if ready { Some(self.now + NOTICE_TIME) } else { wait.until };
        if let Some(proc) = self.procs.get_mut(pid) {
            proc.state = State::Waiting(wait);
        }
        if let Some(until) = until {
            self.schedule(pid, until.max(self.now));
        }
    }

    /// Wakes every process that waits for changes of this kind, at `at`.
    pub fn kind_changed(&mut self, kind: crate::api::KindRef, at: Time) {
        for pid in self.kind_waiters.iter().copied().collect::<Vec<_>>() {
            let state = self.procs.get(pid).map(|p| &p.state);
            match state {
                Some(State::Waiting(wait)) if wait.kinds.contains(&kind) => {
                    self.schedule(pid, at.max(self.now));
                }
                Some(State::Waiting(wait)) if !wait.kinds.is_empty() => {}
                Some(State::Ready) => {}
                _ => {
                    Rc::make_mut(&mut self.kind_waiters).remove(&pid);
                }
            }
        }
    }

    // --- signals ---

    /// Lets a signal arrive at a process.
    pub(super) fn post(&mut self, pid: Pid, signal: Signal) {
        let Some(proc) = self.procs.get_mut(pid) else { return };
        if proc.is_zombie() {
            return;
        }
        if signal == Signal::Kill {
            self.end(pid, Signal::Kill.exit_code());
            return;
        }
        if signal == Signal::Cont {
            proc.stopped = false;
        }
        if proc.pending.len() < MAX_PENDING && !proc.pending.contains(&signal) {
            proc.pending.push(signal);
        }
        self.schedule_signal(pid);
    }

    /// Whether a signal waits to be handed over to a process that does not ignore it.
    pub(super) fn is_posted(&self, pid: Pid, signal: Signal) -> bool {
        let posted = |p: &Proc| p.pending.contains(&signal) && p.ignored & bit(signal) == 0;
        self.procs.get(pid).is_some_and(posted)
    }

    /// Lets a signal arrive at all processes of a group.
    pub(super) fn post_group(&mut self, group: Pid, signal: Signal) {
        let members: Vec<Pid> = self
            .procs
            .iter()
            .filter(|(_, p)| p.group == group && !p.is_zombie())
            .map(|(pid, _)| pid)
            .collect();
        for pid in members {
            self.post(pid, signal);
        }
    }

    /// Hands the waiting signals over.
    fn deliver(&mut self, pid: Pid, outside: &mut dyn Outside) -> Delivered {
        let mut delivered = Delivered::Nothing;
        loop {
            let Some(proc) = self.procs.get_mut(pid) else { return Delivered::Ended };
            if proc.is_zombie() {
                return Delivered::Ended;
            }
            if proc.stopped {
                return Delivered::Stopped;
            }
            if proc.pending.is_empty() {
                return delivered;
            }
            let signal = proc.pending.remove(0);
            if proc.ignored & bit(signal) != 0 {
                continue;
            }
            if signal == Signal::Stop {
                self.stop(pid);
                continue;
            }
            let handled =
                self.with_process(pid, outside, |process, sys| process.signal(signal, sys));
            match handled {
                None => return Delivered::Ended,
                // What was held back while the process was stopped may be due.
                Some(true) => delivered = Delivered::Handled,
                Some(false) if signal == Signal::Cont => delivered = Delivered::Handled,
                Some(false) => self.default_action(pid, signal),
            }
        }
    }

    fn default_action(&mut self, pid: Pid, signal: Signal) {
        let is_main = self
            .procs
            .get(pid)
            .and_then(|p| self.machines.get(p.machine))
            .is_some_and(|m| m.init == Some(pid));
        if is_main {
            return;
        }
        match signal {
            Signal::Hup
            | Signal::Int
            | Signal::Quit
            | Signal::Kill
            | Signal::Usr1
            | Signal::Usr2
            | Signal::Pipe
            | Signal::Term => self.end(pid, signal.exit_code()),
            Signal::Stop | Signal::Tstp => self.stop(pid),
            Signal::Cont | Signal::Winch => {}
        }
    }

    fn stop(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(pid) else { return };
        proc.stopped = true;
        proc.stop_unseen = true;
        if let Some(parent) = proc.parent {
            self.child_news(parent);
        }
    }

    // --- the end ---

    /// Ends a process: closes its files, frees its children and tells whoever has to know.
    pub(super) fn end(&mut self, pid: Pid, code: i32) {
        let Some(proc) = self.procs.get_mut(pid) else { return };
        if proc.is_zombie() {
            return;
        }
        proc.state = State::Zombie(code);
        proc.process = None;
        let fds = std::mem::take(&mut proc.fds);
        let (machine, tty, parent, origin) = (proc.machine, proc.tty, proc.parent, proc.origin);
        for open in fds.into_values() {
            self.release(open);
        }
        if let Some(tty) = tty {
            self.leader_ended(tty, pid);
        }
        self.free_children(pid);
        match origin {
            Origin::Outside => {
                self.exits.push((pid, code, self.now));
                self.reap(pid);
            }
            Origin::Exec(pipe) => {
                self.write_pipe(pipe, exit_status(code).as_bytes());
                self.close_writer(pipe);
                self.reap(pid);
            }
            Origin::Parent => match parent {
                Some(parent) if self.procs.get(parent).is_some_and(|p| !p.is_zombie()) => {
                    self.child_news(parent);
                }
                _ => self.reap(pid),
            },
        }
        self.main_ended(machine, pid);
    }

    /// When a container's main process ends, everything else in it ends too.
    fn main_ended(&mut self, id: MachineId, pid: Pid) {
        let Some(machine) = self.machines.get_mut(id) else { return };
        if machine.init != Some(pid) {
            return;
        }
        machine.init = None;
        let (log, others) = (machine.log, machine.procs.values().copied().collect::<Vec<_>>());
        for other in others {
            self.end(other, Signal::Kill.exit_code());
        }
        if let Some(log) = log {
            self.end_log(log);
        }
    }

    fn free_children(&mut self, pid: Pid) {
        for child in self.children(pid) {
            match self.procs.get_mut(child) {
                Some(proc) if proc.is_zombie() => self.reap(child),
                Some(proc) => proc.parent = None,
                None => {}
            }
        }
    }

    fn children(&self, pid: Pid) -> Vec<Pid> {
        let machine = self.procs.get(pid).and_then(|p| self.machines.get(p.machine));
        let is_child = |p: &&Pid| self.procs.get(**p).is_some_and(|p| p.parent == Some(pid));
        machine.map(|m| m.procs.values().filter(is_child).copied().collect()).unwrap_or_default()
    }

    fn has_news(&self, pid: Pid) -> bool {
        self.procs.get(pid).is_some_and(|p| p.is_zombie() || p.stopped && p.stop_unseen)
    }

    fn child_news(&mut self, parent: Pid) {
        if let Some(State::Waiting(wait)) = self.procs.get(parent).map(|p| &p.state)
            && wait.children
        {
            self.wake_soon(parent);
        }
    }

    /// Takes an ended process out of the tables.
    fn reap(&mut self, pid: Pid) {
        if let Some(proc) = self.procs.remove(pid)
            && let Some(machine) = self.machines.get_mut(proc.machine)
        {
            machine.procs.remove(&proc.shown);
        }
    }

    /// Collects one ended child.
    pub(super) fn wait_child(&mut self, pid: Pid, which: Option<Pid>) -> Option<(Pid, i32)> {
        let which = match which {
            Some(which) => Some(self.global(pid, which)?),
            None => None,
        };
        for child in self.children(pid) {
            if let Some(State::Zombie(code)) = self.procs.get(child).map(|p| &p.state)
                && which.is_none_or(|w| w == child)
            {
                let code = *code;
                self.reap(child);
                return Some((child, code));
            }
        }
        None
    }

    /// Collects one child that has been stopped.
    pub(super) fn stopped_child(&mut self, pid: Pid) -> Option<Pid> {
        for child in self.children(pid) {
            if let Some(proc) = self.procs.get_mut(child)
                && proc.stopped
                && proc.stop_unseen
            {
                proc.stop_unseen = false;
                return Some(child);
            }
        }
        None
    }

    // --- numbers ---

    /// The simulation-wide number of a process that a program names by its shown number.
    pub(super) fn global(&self, caller: Pid, number: Pid) -> Option<Pid> {
        if number >= FIRST_PID {
            return self.procs.get(number).map(|_| number);
        }
        let machine = self.machines.get(self.procs.get(caller)?.machine)?;
        machine.procs.get(&number).copied()
    }

    /// A process's number on its machine; 0 when it is gone.
    pub(super) fn shown(&self, pid: Pid) -> u32 {
        self.procs.get(pid).map_or(0, |p| p.shown)
    }

    /// The processes of a machine in order of their shown numbers.
    pub fn processes(&self, machine: MachineId) -> Vec<ProcessInfo> {
        let Some(machine) = self.machines.get(machine) else { return Vec::new() };
        let orphan = u32::from(machine.init.is_some() || !machine.is_container());
        let info = |(shown, pid): (&u32, &Pid)| {
            let proc = self.procs.get(*pid)?;
            let parent = match (proc.parent, proc.origin) {
                (Some(parent), _) => self.shown(parent),
                (None, Origin::Parent) => orphan,
                (None, _) => 0,
            };
            Some(ProcessInfo {
                pid: *pid,
                shown: *shown,
                parent,
                group: self.procs.get(proc.group).map_or(proc.shown, |g| g.shown),
                argv: proc.argv.to_vec(),
                uid: proc.creds.uid,
                started: proc.started,
                tty: proc.tty.and_then(|tty| self.tty_name(tty)),
                state: proc.letter(),
            })
        };
        machine.procs.iter().filter_map(info).collect()
    }

    /// What a process waits for; `None` when it does not wait or does not exist.
    pub fn waits_for(&self, pid: Pid) -> Option<&Wait> {
        match &self.procs.get(pid)?.state {
            State::Waiting(wait) => Some(wait),
            State::Ready | State::Zombie(_) => None,
        }
    }

    /// Sends a signal on behalf of a process.
    pub(super) fn kill_by(&mut self, caller: Pid, pid: Pid, signal: Signal) -> Result<(), Errno> {
        let target = self.global(caller, pid).ok_or(Errno::NoProcess)?;
        let (Some(from), Some(to)) = (self.procs.get(caller), self.procs.get(target)) else {
            return Err(Errno::NoProcess);
        };
        if from.machine != to.machine {
            return Err(Errno::NoProcess);
        }
        if from.creds.uid != 0 && from.creds.uid != to.creds.uid {
            return Err(Errno::NotPermitted);
        }
        let main = self.machines.get(to.machine).and_then(|m| m.init);
        // Upstream: a process cannot be killed or stopped from inside the PID namespace that it is the init of.
        if main == Some(target) && matches!(signal, Signal::Kill | Signal::Stop) {
            return Ok(());
        }
        self.post(target, signal);
        Ok(())
    }

    /// Sends a signal to a group of the caller's machine.
    pub(super) fn kill_group_by(
        &mut self,
        caller: Pid,
        group: Pid,
        signal: Signal,
    ) -> Result<(), Errno> {
        let machine = self.machine_of(caller).ok_or(Errno::NoProcess)?;
        let group = if group >= FIRST_PID { Some(group) } else { self.global(caller, group) };
        let members: Vec<Pid> = self
            .procs
            .iter()
            .filter(|(_, p)| p.machine == machine && Some(p.group) == group && !p.is_zombie())
            .map(|(pid, _)| pid)
            .collect();
        if members.is_empty() {
            return Err(Errno::NoProcess);
        }
        let mut result = Err(Errno::NotPermitted);
        for pid in members {
            result = self.kill_by(caller, pid, signal).or(result);
        }
        result
    }

    /// Whether a process has been told to ignore a signal; sets it anew.
    pub(super) fn set_ignored(&mut self, pid: Pid, signal: Signal, ignore: bool) {
        if let Some(proc) = self.procs.get_mut(pid) {
            if ignore {
                proc.ignored |= bit(signal);
            } else {
                proc.ignored &= !bit(signal);
            }
        }
    }
}

/// What the exec protocol's error channel says at the end of a command.
/// Upstream: staging/src/k8s.io/client-go/tools/remotecommand/v4.go.
fn exit_status(code: i32) -> String {
    if code == 0 {
        return r#"{"metadata":{},"status":"Success"}"#.to_owned();
    }
    format!(
        concat!(
            r#"{{"metadata":{{}},"status":"Failure","message":"command terminated with non-zero exit code: "#,
            r#"exit status {code}","reason":"NonZeroExitCode","details":{{"causes":[{{"reason":"ExitCode","#,
            r#""message":"{code}"}}]}}}}"#
        ),
        code = code
    )
}
