//! Machines (the learner's own, the nodes, and every container), their processes, files, pipes and terminals.

use std::collections::BTreeMap;

use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::os::{Catalog, Errno, Fd, Image, Outside, Pid, Process, Signal};

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
    pub env: Option<BTreeMap<String, String>>,
    /// Working directory; the parent's when `None`.
    pub cwd: Option<String>,
    /// (descriptor in the child, descriptor of the parent).
    pub fds: Vec<(Fd, Fd)>,
    /// Process group to join; `Some(0)` makes a new one; the parent's when `None`.
    pub group: Option<Pid>,
    /// Runs this value instead of a program: a `fork`.
    pub process: Option<Box<dyn Process>>,
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
    /// Where the output of its main process goes, if it is kept.
    pub log: Option<LogId>,
}

/// A process started from outside (by a kubelet or for a terminal).
#[derive(Clone, Default)]
pub struct StartSpec {
    /// Command line.
    pub argv: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Working directory; "" for `/`.
    pub cwd: String,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
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
    /// A terminal, of which it becomes the leader.
    Tty(TtyId),
    /// Nothing to read; output is collected and can be asked for with [`Kernel::output_of`].
    Collect,
}

/// One line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Time,
    /// Whether it came over standard error.
    pub stderr: bool,
    /// The line without its newline.
    pub text: String,
}

/// All machines and processes of a simulation.
#[derive(Clone)]
pub struct Kernel {
    /// Virtual time, set by the world before each event.
    pub now: Time,
    /// Named randomness.
    pub rng: Rng,
}

#[allow(unused_variables, clippy::todo)]
impl Kernel {
    /// Without any machine.
    pub fn new(rng: Rng, catalog: &'static Catalog, now: Time) -> Kernel {
        todo!()
    }

    // --- running ---

    /// Steps one process if it still exists. Called for each wake that [`Kernel::take_wakes`] gave.
    pub fn step(&mut self, pid: Pid, outside: &mut dyn Outside) {
        todo!()
    }

    /// The steps that have become due since the last call: (when, which process).
    pub fn take_wakes(&mut self) -> Vec<(Time, Pid)> {
        todo!()
    }

    /// Wakes every process that waits for changes of this kind, at `at`.
    pub fn kind_changed(&mut self, kind: crate::api::KindRef, at: Time) {
        todo!()
    }

    /// Started processes (see [`Kernel::start`]) that have ended since the last call, with exit code and time.
    pub fn take_exits(&mut self) -> Vec<(Pid, i32, Time)> {
        todo!()
    }

    // --- machines ---

    /// Makes a machine.
    pub fn add_machine(&mut self, spec: MachineSpec) -> MachineId {
        todo!()
    }

    /// Ends all processes of a machine and forgets it with its own (not its mounted) files.
    pub fn remove_machine(&mut self, machine: MachineId) {
        todo!()
    }

    /// Starts a process on a machine.
    ///
    /// # Errors
    /// `NotFound`, `Access` or `NotExecutable` when there is no such program.
    pub fn start(&mut self, machine: MachineId, spec: StartSpec) -> Result<Pid, Errno> {
        todo!()
    }

    /// Sends a signal to a process.
    ///
    /// # Errors
    /// `NoProcess` when it has ended.
    pub fn kill(&mut self, pid: Pid, signal: Signal) -> Result<(), Errno> {
        todo!()
    }

    /// Sends a signal to all processes of a machine.
    pub fn kill_all(&mut self, machine: MachineId, signal: Signal) {
        todo!()
    }

    /// What a process started with [`Stdio::Collect`] has written so far (kept until it is asked for after its end).
    pub fn output_of(&mut self, pid: Pid) -> String {
        todo!()
    }

    /// The machine on which a process runs.
    pub fn machine_of(&self, pid: Pid) -> Option<MachineId> {
        todo!()
    }

    /// The address of a machine.
    pub fn address_of(&self, machine: MachineId) -> Option<&str> {
        todo!()
    }

    /// Whether something listens at this address and port.
    pub fn is_listening(&self, address: &str, port: u16) -> bool {
        todo!()
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
    ) -> Result<(Pid, crate::os::Attach), Errno> {
        todo!()
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
    ) -> Result<crate::os::Attach, Errno> {
        todo!()
    }

    // --- terminals ---

    /// Makes a terminal of this size (columns, rows).
    pub fn add_tty(&mut self, columns: u16, rows: u16) -> TtyId {
        todo!()
    }

    /// What a person types. In cooked mode the line discipline echoes, edits and turns ^C, ^Z, ^\ into signals.
    pub fn tty_input(&mut self, tty: TtyId, bytes: &[u8]) {
        todo!()
    }

    /// Takes what is to be shown since the last call.
    pub fn tty_output(&mut self, tty: TtyId) -> Vec<u8> {
        todo!()
    }

    /// Tells a terminal its new size; its foreground group gets `SIGWINCH`.
    pub fn tty_resize(&mut self, tty: TtyId, columns: u16, rows: u16) {
        todo!()
    }

    /// The command line of the process group in the foreground of a terminal, for titles and "running" marks.
    pub fn tty_foreground(&self, tty: TtyId) -> Option<Vec<String>> {
        todo!()
    }

    // --- logs ---

    /// Makes an empty log.
    pub fn add_log(&mut self) -> LogId {
        todo!()
    }

    /// Forgets a log.
    pub fn remove_log(&mut self, log: LogId) {
        todo!()
    }

    /// Appends a line to a log from outside (a stand-in's notice).
    pub fn log_line(&mut self, log: LogId, text: &str) {
        todo!()
    }

    /// The lines of a log, oldest first; empty for a log that is gone.
    pub fn log_lines(&self, log: LogId) -> &[LogLine] {
        todo!()
    }

    /// A descriptor of `caller` from which the log's lines from index `from` on can be read, as they are written.
    /// It ends when the log is removed or its machine's main process has ended.
    pub fn follow_log(&mut self, caller: Pid, log: LogId, from: usize, timestamps: bool) -> Fd {
        todo!()
    }

    // --- volumes and files from outside ---

    /// Makes an empty file system whose root directory has this mode and group.
    pub fn add_fs(&mut self, mode: u16, gid: u32) -> FsId {
        todo!()
    }

    /// Forgets a file system.
    pub fn remove_fs(&mut self, fs: FsId) {
        todo!()
    }

    /// Replaces a whole file system's contents by these files (path, contents, mode): ConfigMap, Secret, token volumes.
    pub fn fill_fs(&mut self, fs: FsId, files: &[(String, Vec<u8>, u16)]) {
        todo!()
    }

    /// All files below a file system's root: (path, contents), for the page and for tests.
    pub fn fs_files(&self, fs: FsId) -> Vec<(String, Vec<u8>)> {
        todo!()
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
        todo!()
    }

    /// Reads a file of a machine as its root user.
    ///
    /// # Errors
    /// `NotFound`, `IsDirectory`, ….
    pub fn read_file(&self, machine: MachineId, path: &str) -> Result<Vec<u8>, Errno> {
        todo!()
    }

    /// Names in a directory of a machine, with `/` behind directories.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`.
    pub fn list_dir(&self, machine: MachineId, path: &str) -> Result<Vec<String>, Errno> {
        todo!()
    }
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
