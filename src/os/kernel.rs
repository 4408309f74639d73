//! Machines (the learner's own, the nodes, and every container), their processes, files, pipes and terminals.
//!
//! This file makes machines and what they need from outside; processes are in `process`, open files and
//! pipes in `fd`, paths in `vfs` and `files`, terminals in `tty`, logs in `log`, connections in `socket`.

use crate::base::ordered::{OrdMap, OrdSet};
use std::rc::Rc;

use crate::base::rng::Rng;
use crate::base::time::{Span, Time};
use crate::os::fd::{Open, OpenId, Pipe, PipeId, What};
use crate::os::process::{DEFAULT_PATH, FIRST_PID, Launch, Origin, Proc};
use crate::os::socket::Listener;
use crate::os::table::Table;
use crate::os::tty::Tty;
use crate::os::vfs::{Creds, Device, Found, Fs, Ino, Inode, Mount, Node, ROOT};
use crate::os::{Attach, Catalog, Errno, Fd, Image, Pid, Process, Signal, log};

pub use log::LogLine;

/// A machine: the learner's own, a node, or one container.
pub type MachineId = u32;
/// A file system: a machine's root, or a volume.
pub type FsId = u32;
/// A terminal.
pub type TtyId = u32;
/// A container's log.
pub type LogId = u32;

/// What a child process gets. Descriptors that are not listed are not inherited.
#[derive(Clone, Default)]
pub struct Spawn {
    /// Command line; the program is looked up in `PATH` unless `argv[0]` has a slash.
    pub argv: Vec<String>,
    /// Environment; the parent's when `None`.
    pub env: Option<OrdMap<String, String>>,
    /// Working directory; the parent's when `None`.
    pub cwd: Option<String>,
    /// (descriptor in the child, descriptor of the parent).
    pub fds: Vec<(Fd, Fd)>,
    /// Process group to join; `Some(0)` makes a new one; the parent's when `None`.
    pub group: Option<Pid>,
    /// Runs this value instead of a program: a `fork`.
    pub process: Option<Box<dyn Process>>,
    /// Signals that the child ignores, besides those that the parent ignores.
    pub ignore: Vec<Signal>,
}

/// A machine to be made.
#[derive(Clone)]
pub struct MachineSpec {
    /// Host name.
    pub hostname: String,
    /// Its address; several containers of one pod share one. "" for none.
    pub address: String,
    /// The image whose files it has.
    pub image: &'static Image,
    /// (path, file system, path within it, read-only), in order.
    pub mounts: Vec<(String, FsId, String, bool)>,
    /// Lines of `/etc/resolv.conf`; name look-ups use its search list.
    pub resolv_conf: String,
    /// Where the output of its main process goes. A machine with a log is a container: the first process
    /// started on it is its PID 1, with whose end all others end. Other machines have no process that matters so.
    pub log: Option<LogId>,
}

/// A process started from outside (by a kubelet or for a terminal).
#[derive(Clone, Default)]
pub struct StartSpec {
    /// Command line.
    pub argv: Vec<String>,
    /// Environment; `PATH`, `HOME`, and in a container `HOSTNAME`, are added where absent.
    pub env: OrdMap<String, String>,
    /// Working directory; "" for `/`.
    pub cwd: String,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups (a pod's `fsGroup`).
    pub groups: Vec<u32>,
    /// Standard input, output and error.
    pub stdio: Stdio,
}

/// Where a started process reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stdio {
    /// Nowhere.
    #[default]
    Null,
    /// Nothing to read; output to the machine's log.
    Log,
    /// Input that an `attach` writes; output to the machine's log.
    LogInput,
    /// A terminal, of which it becomes the leader.
    Tty(TtyId),
    /// Nothing to read; output is collected and can be asked for with [`Kernel::output_of`].
    Collect,
}

/// All machines and processes of a simulation.
///
/// A clone shares everything that neither side changes afterwards.
#[derive(Clone)]
pub struct Kernel {
    /// Virtual time, set by the world before each event.
    pub now: Time,
    /// Named randomness.
    pub rng: Rng,
    /// Whether somebody shows an editor when a program asks for one (see [`Kernel::edits`]).
    pub has_editor: bool,
    pub(super) booted: Time,
    pub(super) catalog: &'static Catalog,
    pub(super) machines: Table<Machine>,
    pub(super) procs: Table<Proc>,
    pub(super) opens: Table<Open>,
    pub(super) pipes: Table<Pipe>,
    pub(super) ttys: Table<Tty>,
    pub(super) logs: Table<log::Log>,
    pub(super) listeners: Table<Listener>,
    pub(super) fss: Table<Fs>,
    /// Listeners by address and port.
    pub(super) ports: Rc<OrdMap<(String, u16), u32>>,
    /// How often a file is open or mounted.
    pub(super) pins: Rc<OrdMap<(FsId, Ino), u32>>,
    /// Output kept for those who started a process.
    pub(super) collected: Rc<OrdMap<Pid, Vec<u8>>>,
    /// Processes that wait for changes of objects.
    pub(super) kind_waiters: Rc<OrdSet<Pid>>,
    pub(super) wakes: Vec<(Time, Pid)>,
    pub(super) exits: Vec<(Pid, i32, Time)>,
    edits: Vec<(Edit, PipeId)>,
    /// The files of each image that has been used; images are told apart by their place in memory.
    images: Rc<Vec<(&'static Image, Rc<OrdMap<Ino, Inode>>)>>,
}

/// A machine's entry in the table.
#[derive(Clone)]
pub(super) struct Machine {
    pub(super) hostname: Rc<str>,
    pub(super) address: Rc<str>,
    pub(super) root: FsId,
    pub(super) mounts: Vec<Mount>,
    pub(super) resolv_conf: Rc<str>,
    pub(super) log: Option<LogId>,
    /// The main process of a container while it runs.
    pub(super) init: Option<Pid>,
    /// Processes by their shown numbers.
    pub(super) procs: OrdMap<u32, Pid>,
    pub(super) next_shown: u32,
    /// Whether a process was killed for want of memory.
    pub(super) out_of_memory: bool,
    /// The writing end of the main process's input (see [`Stdio::LogInput`]).
    input: Option<OpenId>,
}

impl Machine {
    pub(super) fn is_container(&self) -> bool {
        self.log.is_some()
    }
}

/// A file that a program wants a person to edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its number; larger ones are newer.
    pub id: u32,
    /// Where the file is.
    pub machine: MachineId,
    /// Its absolute path.
    pub path: String,
    /// The program that asks: `vi`.
    pub program: String,
}

/// The devices in every machine's `/dev`.
const DEVICES: [(&str, Device); 9] = [
    ("null", Device::Null),
    ("zero", Device::Zero),
    ("full", Device::Full),
    ("random", Device::Random),
    ("urandom", Device::Random),
    ("tty", Device::Tty),
    ("stdin", Device::Descriptor(0)),
    ("stdout", Device::Descriptor(1)),
    ("stderr", Device::Descriptor(2)),
];

impl Kernel {
    /// Without any machine.
    pub fn new(rng: Rng, catalog: &'static Catalog, now: Time) -> Kernel {
        Kernel {
            now,
            rng,
            has_editor: false,
            booted: now,
            catalog,
            machines: Table::new(1),
            procs: Table::new(FIRST_PID),
            opens: Table::new(1),
            pipes: Table::new(1),
            ttys: Table::new(1),
            logs: Table::new(1),
            listeners: Table::new(1),
            fss: Table::new(1),
            ports: Rc::default(),
            pins: Rc::default(),
            collected: Rc::default(),
            kind_waiters: Rc::default(),
            wakes: Vec::new(),
            exits: Vec::new(),
            edits: Vec::new(),
            images: Rc::default(),
        }
    }

    /// The steps that have become due since the last call: (when, which process).
    pub fn take_wakes(&mut self) -> Vec<(Time, Pid)> {
        std::mem::take(&mut self.wakes)
    }

    /// Started processes (see [`Kernel::start`]) that have ended since the last call, with exit code and time.
    pub fn take_exits(&mut self) -> Vec<(Pid, i32, Time)> {
        std::mem::take(&mut self.exits)
    }

    // --- machines ---

    /// Makes a machine.
    pub fn add_machine(&mut self, spec: MachineSpec) -> MachineId {
        let base = self.image_files(spec.image);
        let mut root = Fs::over(base);
        let now = self.now;
        let hosts = hosts_file(&spec.hostname, &spec.address);
        let hostname = format!("{}\n", spec.hostname);
        let texts =
            [("hosts", hosts), ("hostname", hostname), ("resolv.conf", spec.resolv_conf.clone())];
        for (name, text) in texts {
            let node = Node::File(Rc::new(text.into_bytes()));
            let inode = Inode::new(node, 0o644, (0, 0), now);
            // A fresh root file system has room.
            let _ = root.put(&format!("/etc/{name}"), inode, now);
        }
        let mounts = spec.mounts.iter().filter_map(|m| self.mount(&mut root, m)).collect();
        let root = self.fss.add(root);
        let first = if spec.log.is_some() { 1 } else { 1200 };
        self.machines.add(Machine {
            hostname: Rc::from(spec.hostname),
            address: Rc::from(spec.address),
            root,
            mounts,
            resolv_conf: Rc::from(spec.resolv_conf),
            log: spec.log,
            init: None,
            procs: OrdMap::new(),
            next_shown: first,
            out_of_memory: false,
            input: None,
        })
    }

    /// Prepares a mount: the place where it is seen, and what of the file system is seen there.
    fn mount(
        &mut self,
        root: &mut Fs,
        (path, fs, sub, read_only): &(String, FsId, String, bool),
    ) -> Option<Mount> {
        let now = self.now;
        let path = path.trim_end_matches('/').to_owned();
        let volume = self.fss.get_mut(*fs)?;
        let top = match volume.at(sub) {
            Some(ino) => ino,
            None => volume.make_dirs(sub, 0o755, now).ok()?,
        };
        // The walk finds a mount by its path; the name below it is for `ls` of the parent directory.
        if root.at(&path).is_none() {
            if volume.get(top).is_some_and(Inode::is_dir) {
                let _ = root.make_dirs(&path, 0o755, now);
            } else {
                let inode = Inode::new(Node::File(Rc::default()), 0o644, (0, 0), now);
                let _ = root.put(&path, inode, now);
            }
        }
        self.pin(*fs, top);
        Some(Mount { path, fs: *fs, top, read_only: *read_only })
    }

    /// The files that all machines of an image start with.
    fn image_files(&mut self, image: &'static Image) -> Rc<OrdMap<Ino, Inode>> {
        if let Some((_, files)) = self.images.iter().find(|(i, _)| std::ptr::eq(*i, image)) {
            return files.clone();
        }
        let mut fs = Fs::new(0o755, 0, self.booted);
        if image.shell {
            fs.lay(self.catalog.base, image.user, self.booted);
        }
        fs.lay(image.files, image.user, self.booted);
        for (path, mode) in [("/tmp", 0o1777), ("/proc", 0o555), ("/dev", 0o755), ("/etc", 0o755)] {
            if let Ok(dir) = fs.make_dirs(path, mode, self.booted).and_then(|i| fs.edit(i)) {
                dir.mode = mode;
            }
        }
        for (name, device) in DEVICES {
            let inode = Inode::new(Node::Device(device), 0o666, (0, 0), self.booted);
            let _ = fs.put(&format!("/dev/{name}"), inode, self.booted);
        }
        let files = fs.into_base();
        Rc::make_mut(&mut self.images).push((image, files.clone()));
        files
    }

    /// Ends all processes of a machine and forgets it with its own (not its mounted) files.
    pub fn remove_machine(&mut self, machine: MachineId) {
        self.kill_all(machine, Signal::Kill);
        let Some(machine) = self.machines.remove(machine) else { return };
        if let Some(input) = machine.input {
            self.release(input);
        }
        for mount in machine.mounts {
            self.unpin(mount.fs, mount.top);
        }
        self.fss.remove(machine.root);
    }

    /// The machine's name.
    pub fn hostname_of(&self, machine: MachineId) -> Option<&str> {
        self.machines.get(machine).map(|m| &*m.hostname)
    }

    /// The machine on which a process runs.
    pub fn machine_of(&self, pid: Pid) -> Option<MachineId> {
        self.procs.get(pid).map(|p| p.machine)
    }

    /// The address of a machine.
    pub fn address_of(&self, machine: MachineId) -> Option<&str> {
        self.machines.get(machine).map(|m| &*m.address)
    }

    /// Whether a process of the machine was killed because it used more memory than its container may.
    pub fn was_out_of_memory(&self, machine: MachineId) -> bool {
        self.machines.get(machine).is_some_and(|m| m.out_of_memory)
    }

    /// Whether any machine has this address.
    pub fn has_address(&self, address: &str) -> bool {
        !address.is_empty() && self.machines.iter().any(|(_, m)| &*m.address == address)
    }

    // --- starting ---

    /// The tables of programs and images.
    pub fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    /// Starts a process on a machine.
    ///
    /// # Errors
    /// `NotFound`, `Access` or `NotExecutable` when there is no such program.
    pub fn start(&mut self, machine: MachineId, spec: StartSpec) -> Result<Pid, Errno> {
        let process = self.prepare(machine, &spec)?;
        self.start_process(machine, spec, process)
    }

    /// Starts a value on a machine that no file stands for; the command line is only what `ps` shows.
    ///
    /// # Errors
    /// `NoProcess` when there is no such machine.
    pub fn start_process(
        &mut self,
        machine: MachineId,
        spec: StartSpec,
        process: Box<dyn Process>,
    ) -> Result<Pid, Errno> {
        let stdio = spec.stdio;
        let entry = self.machines.get(machine).ok_or(Errno::NoProcess)?;
        let log = entry.log;
        let next = self.procs.next();
        let whats = match (stdio, log) {
            (Stdio::Tty(tty), _) => [What::Tty(tty), What::Tty(tty), What::Tty(tty)],
            (Stdio::Collect, _) => [What::Null, What::Collect(next), What::Collect(next)],
            (Stdio::Log | Stdio::LogInput, Some(log)) => {
                [What::Null, What::Log { log, stderr: false }, What::Log { log, stderr: true }]
            }
            (Stdio::Null | Stdio::Log | Stdio::LogInput, _) => [What::Null, What::Null, What::Null],
        };
        let mut opens = whats.map(|what| self.new_open(what));
        let mut input = None;
        if stdio == Stdio::LogInput {
            let pipe = self.new_pipe();
            self.release(opens[0]);
            opens[0] = self.new_open(What::PipeRead(pipe));
            let writer = self.new_open(What::PipeWrite(pipe));
            self.retain(writer);
            input = Some(writer);
        }
        let tty = match stdio {
            Stdio::Tty(tty) => Some(tty),
            _ => None,
        };
        let fds = (0..).zip(opens).collect();
        let pid = self.run(machine, spec, process, fds, tty, Origin::Outside)?;
        if let Some(tty) = tty {
            self.lead_tty(tty, machine, pid);
        }
        if let Some(machine) = self.machines.get_mut(machine)
            && input.is_some()
        {
            machine.input = input;
        }
        Ok(pid)
    }

    /// The program of a start, looked up as its user.
    fn prepare(&self, machine: MachineId, spec: &StartSpec) -> Result<Box<dyn Process>, Errno> {
        let path = spec.env.get("PATH").map(String::as_str);
        self.load(machine, &creds_of(spec), cwd_of(spec), path, &spec.argv)
    }

    fn run(
        &mut self,
        machine: MachineId,
        spec: StartSpec,
        process: Box<dyn Process>,
        fds: Vec<(Fd, OpenId)>,
        tty: Option<TtyId>,
        origin: Origin,
    ) -> Result<Pid, Errno> {
        let creds = creds_of(&spec);
        let cwd = cwd_of(&spec).to_owned();
        let env = self.complete_env(machine, &spec, tty.is_some());
        for (_, open) in &fds {
            self.retain(*open);
        }
        let launch = Launch {
            machine,
            parent: None,
            group: None,
            env: Rc::new(env),
            cwd,
            creds,
            fds: fds.clone(),
            tty,
            ignored: 0,
            origin,
        };
        let started = self.launch(launch, spec.argv, process, Span::micros(500));
        for (_, open) in fds {
            self.release(open);
        }
        started
    }

    /// What a container runtime adds to the environment.
    fn complete_env(
        &self,
        machine: MachineId,
        spec: &StartSpec,
        tty: bool,
    ) -> OrdMap<String, String> {
        let mut env = spec.env.clone();
        let mut default = |key: &str, value: String| {
            env.entry(key.to_owned()).or_insert(value);
        };
        default("PATH", DEFAULT_PATH.to_owned());
        default("HOME", self.home_of(machine, spec.uid));
        if let Some(machine) = self.machines.get(machine)
            && machine.is_container()
        {
            default("HOSTNAME", machine.hostname.to_string());
        }
        if tty {
            default("TERM", "xterm".to_owned());
        }
        env
    }

    fn home_of(&self, machine: MachineId, uid: u32) -> String {
        let users = self.read_file(machine, "/etc/passwd").unwrap_or_default();
        let users = String::from_utf8_lossy(&users).into_owned();
        let wanted = uid.to_string();
        let home = users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields.get(2) == Some(&wanted.as_str())).then(|| fields.get(5).copied())?
        });
        home.unwrap_or("/").to_owned()
    }

    /// Sends a signal to a process.
    ///
    /// # Errors
    /// `NoProcess` when it has ended.
    pub fn kill(&mut self, pid: Pid, signal: Signal) -> Result<(), Errno> {
        if self.procs.get(pid).is_none() {
            return Err(Errno::NoProcess);
        }
        self.post(pid, signal);
        Ok(())
    }

    /// Sends a signal to all processes of a machine.
    pub fn kill_all(&mut self, machine: MachineId, signal: Signal) {
        let pids: Vec<Pid> = self
            .machines
            .get(machine)
            .map(|m| m.procs.values().copied().collect())
            .unwrap_or_default();
        for pid in pids {
            self.post(pid, signal);
        }
    }

    /// What a process started with [`Stdio::Collect`] has written so far (kept until it is asked for after its end).
    pub fn output_of(&mut self, pid: Pid) -> String {
        let ended = self.procs.get(pid).is_none();
        let bytes = if ended {
            Rc::make_mut(&mut self.collected).remove(&pid).unwrap_or_default()
        } else {
            self.collected.get(&pid).cloned().unwrap_or_default()
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Makes two connected descriptors' worth of pipes between a process and a new process on another machine
    /// (exec, attach): starts `spec` there and returns its pid with the caller's descriptors.
    ///
    /// # Errors
    /// As [`Kernel::start`].
    pub fn exec(
        &mut self,
        caller: Pid,
        machine: MachineId,
        spec: StartSpec,
        options: ExecOptions,
    ) -> Result<(Pid, Attach), Errno> {
        let process = self.prepare(machine, &spec)?;
        let error = self.own_writer();
        let mut attach = Attach { stdin: None, stdout: None, stderr: None, error: 0 };
        attach.error = self.add_fd(caller, What::PipeRead(error));
        let origin = Origin::Exec(error);
        if options.tty {
            let tty = self.new_tty(options.size, false);
            let terminal = self.new_open(What::Tty(tty));
            self.attach_tty(caller, tty, options, &mut attach);
            let fds = vec![(0, terminal), (1, terminal), (2, terminal)];
            let pid = self.run(machine, spec, process, fds, Some(tty), origin)?;
            self.lead_tty(tty, machine, pid);
            return Ok((pid, attach));
        }
        let stdin = if options.stdin {
            let (read, write) = self.pipe_ends();
            attach.stdin = Some(self.add_fd(caller, write));
            read
        } else {
            What::Null
        };
        let output = |kernel: &mut Kernel, wanted: bool| {
            if !wanted {
                return (What::Null, None);
            }
            let (read, write) = kernel.pipe_ends();
            (write, Some(kernel.add_fd(caller, read)))
        };
        let (out, err);
        (out, attach.stdout) = output(self, options.stdout);
        (err, attach.stderr) = output(self, options.stderr);
        let fds = (0..).zip([stdin, out, err].map(|what| self.new_open(what))).collect();
        let pid = self.run(machine, spec, process, fds, None, origin)?;
        Ok((pid, attach))
    }

    fn pipe_ends(&mut self) -> (What, What) {
        let pipe = self.new_pipe();
        (What::PipeRead(pipe), What::PipeWrite(pipe))
    }

    fn attach_tty(&mut self, caller: Pid, tty: TtyId, options: ExecOptions, attach: &mut Attach) {
        if options.stdin {
            attach.stdin = Some(self.add_fd(caller, What::Keyboard(tty)));
        }
        if options.stdout || options.stderr {
            let tap = self.tap_tty(tty);
            attach.stdout = Some(self.add_fd(caller, What::PipeRead(tap)));
        }
    }

    /// Attaches a caller to the running main process of a machine (its terminal or its log's continuation).
    ///
    /// # Errors
    /// `NoProcess` when there is none.
    pub fn attach(
        &mut self,
        caller: Pid,
        main: Pid,
        options: ExecOptions,
    ) -> Result<Attach, Errno> {
        let proc = self.procs.get(main).ok_or(Errno::NoProcess)?;
        let (machine, tty) = (proc.machine, proc.tty);
        let entry = self.machines.get(machine).ok_or(Errno::NoProcess)?;
        let (log, input) = (entry.log, entry.input);
        let error = self.own_writer();
        let mut attach = Attach { stdin: None, stdout: None, stderr: None, error: 0 };
        attach.error = self.add_fd(caller, What::PipeRead(error));
        self.write_pipe(error, br#"{"metadata":{},"status":"Success"}"#);
        self.close_writer(error);
        if let Some(tty) = tty {
            self.attach_tty(caller, tty, options, &mut attach);
            if options.tty && options.size != (0, 0) {
                self.resize_tty(tty, options.size.0, options.size.1);
            }
            return Ok(attach);
        }
        if options.stdin
            && let Some(input) = input
        {
            attach.stdin = Some(self.place(caller, input, 0));
        }
        if let Some(log) = log {
            if options.stdout {
                let tap = self.tap_log(log, false);
                attach.stdout = Some(self.add_fd(caller, What::PipeRead(tap)));
            }
            if options.stderr {
                let tap = self.tap_log(log, true);
                attach.stderr = Some(self.add_fd(caller, What::PipeRead(tap)));
            }
        }
        Ok(attach)
    }

    /// Ends the input of a machine's main process once those who are attached have let go (`stdinOnce`).
    pub fn close_input(&mut self, machine: MachineId) {
        if let Some(input) = self.machines.get_mut(machine).and_then(|m| m.input.take()) {
            self.release(input);
        }
    }

    // --- terminals ---

    /// Makes a terminal of this size (columns, rows).
    pub fn add_tty(&mut self, columns: u16, rows: u16) -> TtyId {
        self.new_tty((columns, rows), true)
    }

    /// What a person types. In cooked mode the line discipline echoes, edits and turns ^C, ^Z, ^\ into signals.
    pub fn tty_input(&mut self, tty: TtyId, bytes: &[u8]) {
        self.type_on(tty, bytes);
    }

    /// Tells a terminal its new size; its foreground group gets `SIGWINCH`.
    pub fn tty_resize(&mut self, tty: TtyId, columns: u16, rows: u16) {
        self.resize_tty(tty, columns, rows);
    }

    /// The command line of the process group in the foreground of a terminal, for titles and "running" marks.
    pub fn tty_foreground(&self, tty: TtyId) -> Option<Vec<String>> {
        let group = self.ttys.get(tty)?.foreground;
        let leader = self.procs.get(group).map(|p| &p.argv);
        let member = || self.procs.iter().find(|(_, p)| p.group == group).map(|(_, p)| &p.argv);
        leader.or_else(member).map(|argv| argv.to_vec())
    }

    /// The process that leads a terminal, while it lives.
    pub fn tty_leader(&self, tty: TtyId) -> Option<Pid> {
        self.ttys.get(tty)?.leader
    }

    // --- editors ---

    /// A process asks for an editor on a file: a descriptor that ends when the editor is closed.
    ///
    /// # Errors
    /// `NotTty` when nobody shows editors.
    pub(super) fn edit(&mut self, pid: Pid, path: &str) -> Result<Fd, Errno> {
        let proc = self.procs.get(pid).ok_or(Errno::NoProcess)?;
        if !self.has_editor {
            return Err(Errno::NotTty);
        }
        let machine = proc.machine;
        let program = proc.argv.first().cloned().unwrap_or_default();
        let path = self.absolute(pid, path);
        let pipe = self.own_writer();
        let fd = self.add_fd(pid, What::PipeRead(pipe));
        self.edits.push((Edit { id: pipe, machine, path, program }, pipe));
        Ok(fd)
    }

    /// The files that programs want edited now, oldest first. One that is no longer listed has been given up.
    pub fn edits(&self) -> Vec<Edit> {
        let open = self.edits.iter().filter(|(_, pipe)| self.has_reader(*pipe));
        open.map(|(edit, _)| edit.clone()).collect()
    }

    /// The person has closed the editor (after saving with [`Kernel::write_file`], or not).
    pub fn edit_closed(&mut self, id: u32) {
        self.edits.retain(|(edit, _)| edit.id != id);
        self.close_writer(id);
    }

    // --- volumes and files from outside ---

    /// Makes an empty file system whose root directory has this mode and group.
    pub fn add_fs(&mut self, mode: u16, gid: u32) -> FsId {
        let fs = Fs::new(mode, gid, self.now);
        self.fss.add(fs)
    }

    /// Forgets a file system.
    pub fn remove_fs(&mut self, fs: FsId) {
        self.fss.remove(fs);
    }

    /// Replaces a whole file system's contents by these files (path, contents, mode): ConfigMap, Secret, token volumes.
    ///
    /// What is mounted by a sub-path keeps its old contents, as with a real kubelet.
    pub fn fill_fs(&mut self, id: FsId, files: &[(String, Vec<u8>, u16)]) {
        let now = self.now;
        let Some(fs) = self.fss.get_mut(id) else { return };
        let gid = fs.get(ROOT).map_or(0, |root| root.gid);
        let old = fs.names(ROOT).unwrap_or_default();
        for (name, _) in old {
            // The names were just listed.
            let _ = fs.remove_name(ROOT, &name, now);
        }
        for (path, contents, mode) in files {
            let node = Node::File(Rc::new(contents.clone()));
            // A ConfigMap's keys are at most 1 MiB together, so there is room.
            let _ = fs.put(path, Inode::new(node, *mode, (0, gid), now), now);
        }
    }

    /// All files below a file system's root: (path, contents), for the page and for tests.
    pub fn fs_files(&self, fs: FsId) -> Vec<(String, Vec<u8>)> {
        self.fss.get(fs).map(Fs::files).unwrap_or_default()
    }

    /// Bytes in a file system's files.
    pub fn fs_used(&self, fs: FsId) -> u64 {
        self.fss.get(fs).map_or(0, Fs::used)
    }

    /// Writes a file on a machine as its root user, directories made on the way.
    ///
    /// # Errors
    /// As a write by a process.
    pub fn write_file(
        &mut self,
        machine: MachineId,
        path: &str,
        contents: &[u8],
    ) -> Result<(), Errno> {
        self.write_file_as(machine, path, contents, (0, 0))
    }

    /// As [`Kernel::write_file`]; what is made on the way belongs to this user and group.
    ///
    /// # Errors
    /// As a write by a process.
    pub fn write_file_as(
        &mut self,
        machine: MachineId,
        path: &str,
        contents: &[u8],
        owner: (u32, u32),
    ) -> Result<(), Errno> {
        let now = self.now;
        let creds = Creds::root();
        let full = crate::os::vfs::absolute("/", path);
        let mut dir = String::new();
        let (parents, _) = full.rsplit_once('/').unwrap_or(("", &full));
        for name in parents.split('/').filter(|n| !n.is_empty()) {
            dir = format!("{dir}/{name}");
            if let Found::Free(at, name) = self.find_on(machine, &creds, "/", &dir, true)? {
                let inode = Inode::new(Node::Directory(OrdMap::new()), 0o755, owner, now);
                self.fss
                    .get_mut(at.fs)
                    .ok_or(Errno::NotFound)?
                    .create(at.ino, &name, inode, now)?;
            }
        }
        let (fs, ino) = match self.find_on(machine, &creds, "/", &full, true)? {
            Found::There(place) => (place.fs, place.ino),
            Found::Free(at, name) => {
                let inode = Inode::new(Node::File(Rc::default()), 0o644, owner, now);
                let fs = self.fss.get_mut(at.fs).ok_or(Errno::NotFound)?;
                (at.fs, fs.create(at.ino, &name, inode, now)?)
            }
        };
        let fs = self.fss.get_mut(fs).ok_or(Errno::NotFound)?;
        fs.truncate(ino, now)?;
        fs.write_at(ino, 0, contents, now)
    }

    /// Changes the permission bits of a machine's file.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn set_mode(&mut self, machine: MachineId, path: &str, mode: u16) -> Result<(), Errno> {
        match self.find_on(machine, &Creds::root(), "/", path, true)? {
            Found::There(place) => {
                let fs = self.fss.get_mut(place.fs).ok_or(Errno::NotFound)?;
                fs.edit(place.ino)?.mode = mode;
                Ok(())
            }
            Found::Free(..) => Err(Errno::NotFound),
        }
    }

    /// Reads a file of a machine as its root user.
    ///
    /// # Errors
    /// `NotFound`, `IsDirectory`, ….
    pub fn read_file(&self, machine: MachineId, path: &str) -> Result<Vec<u8>, Errno> {
        match self.find_on(machine, &Creds::root(), "/", path, true)? {
            Found::There(place) => {
                let fs = self.fss.get(place.fs).ok_or(Errno::NotFound)?;
                Ok(fs.contents(place.ino)?.to_vec())
            }
            Found::Free(..) => Err(Errno::NotFound),
        }
    }

    /// Removes a file, link or empty directory of a machine as its root user.
    ///
    /// # Errors
    /// `NotFound`, `NotEmpty`.
    pub fn remove_file(&mut self, machine: MachineId, path: &str) -> Result<(), Errno> {
        let now = self.now;
        let full = crate::os::vfs::absolute("/", path);
        let (parent, name) = full.rsplit_once('/').ok_or(Errno::NotFound)?;
        let parent = if parent.is_empty() { "/" } else { parent };
        let Found::There(dir) = self.find_on(machine, &Creds::root(), "/", parent, true)? else {
            return Err(Errno::NotFound);
        };
        let fs = self.fss.get_mut(dir.fs).ok_or(Errno::NotFound)?;
        let ino = fs.lookup(dir.ino, name).ok_or(Errno::NotFound)?;
        if fs.names(ino).is_ok_and(|names| !names.is_empty()) {
            return Err(Errno::NotEmpty);
        }
        fs.remove_name(dir.ino, name, now)?;
        self.forget_inode(dir.fs, ino);
        Ok(())
    }

    /// Names in a directory of a machine, with `/` behind directories.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`.
    pub fn list_dir(&self, machine: MachineId, path: &str) -> Result<Vec<String>, Errno> {
        let Found::There(place) = self.find_on(machine, &Creds::root(), "/", path, true)? else {
            return Err(Errno::NotFound);
        };
        let fs = self.fss.get(place.fs).ok_or(Errno::NotFound)?;
        let names = fs.names(place.ino)?.into_iter();
        Ok(names
            .map(|(name, kind)| match kind {
                crate::os::FileKind::Directory => format!("{name}/"),
                _ => name,
            })
            .collect())
    }
}

fn creds_of(spec: &StartSpec) -> Creds {
    Creds { uid: spec.uid, gid: spec.gid, groups: Rc::from(spec.groups.as_slice()) }
}

fn cwd_of(spec: &StartSpec) -> &str {
    if spec.cwd.is_empty() { "/" } else { &spec.cwd }
}

/// The hosts file of a machine that nobody gives another.
fn hosts_file(hostname: &str, address: &str) -> String {
    let own = if address.is_empty() { "127.0.1.1" } else { address };
    format!("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{own}\t{hostname}\n")
}

/// How `exec` and `attach` connect.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecOptions {
    /// Input is passed on.
    pub stdin: bool,
    /// Output is passed back.
    pub stdout: bool,
    /// Errors are passed back.
    pub stderr: bool,
    /// A terminal is made for the command.
    pub tty: bool,
    /// Size of that terminal.
    pub size: (u16, u16),
}
