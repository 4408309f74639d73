//! The system calls that a program makes on its own machine.

use std::collections::BTreeMap;

use crate::base::rng::Draw;
use crate::os::{
    Answer, Errno, Fd, FileKind, OpenFlags, Pid, ProcessInfo, Read, Record, STDERR, STDOUT, Signal,
    Spawn, Stat, Sys,
};

#[allow(unused_variables, clippy::todo)]
impl Sys<'_> {
    // --- descriptors ---

    /// Reads at most `max` bytes.
    ///
    /// # Errors
    /// `BadFd`, `IsDirectory`.
    pub fn read(&mut self, fd: Fd, max: usize) -> Result<Read, Errno> {
        todo!()
    }

    /// Writes all bytes. Never blocks: a process whose pipe is full is not stepped until there is room.
    ///
    /// # Errors
    /// `BadFd`, `BrokenPipe` (SIGPIPE is sent too), `NoSpace`.
    pub fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<(), Errno> {
        todo!()
    }

    /// Writes text to standard output; a failure is dropped (SIGPIPE ends the process).
    pub fn print(&mut self, text: &str) {
        let _ = self.write(STDOUT, text.as_bytes());
    }

    /// Writes text to standard error.
    pub fn eprint(&mut self, text: &str) {
        let _ = self.write(STDERR, text.as_bytes());
    }

    /// Opens a file and returns its lowest free descriptor.
    ///
    /// # Errors
    /// `NotFound`, `Access`, `IsDirectory`, `ReadOnly`, ….
    pub fn open(&mut self, path: &str, flags: OpenFlags) -> Result<Fd, Errno> {
        todo!()
    }

    /// Closes a descriptor; unknown ones are ignored.
    pub fn close(&mut self, fd: Fd) {
        todo!()
    }

    /// Makes `to` the same open file as `from`, closing `to` first.
    ///
    /// # Errors
    /// `BadFd`.
    pub fn dup(&mut self, from: Fd, to: Fd) -> Result<(), Errno> {
        todo!()
    }

    /// A copy of `from` at the lowest free descriptor at or above `least`.
    ///
    /// # Errors
    /// `BadFd`.
    pub fn dup_above(&mut self, from: Fd, least: Fd) -> Result<Fd, Errno> {
        todo!()
    }

    /// A new pipe: (end to read from, end to write to).
    pub fn pipe(&mut self) -> (Fd, Fd) {
        todo!()
    }

    // --- files ---

    /// Facts about what a path leads to; `follow` looks through a last symbolic link.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`.
    pub fn stat(&self, path: &str, follow: bool) -> Result<Stat, Errno> {
        todo!()
    }

    /// Names in a directory in byte order, without `.` and `..`.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`.
    pub fn read_dir(&self, path: &str) -> Result<Vec<(String, FileKind)>, Errno> {
        todo!()
    }

    /// A whole file.
    ///
    /// # Errors
    /// As `open`.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, Errno> {
        todo!()
    }

    /// Replaces a whole file.
    ///
    /// # Errors
    /// As `open`.
    pub fn write_file(&mut self, path: &str, contents: &[u8]) -> Result<(), Errno> {
        todo!()
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// `Exists`, `NotFound`, `Access`.
    pub fn mkdir(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        todo!()
    }

    /// Removes a file, link or empty directory.
    ///
    /// # Errors
    /// `NotFound`, `NotEmpty`, `Access`, `Busy`.
    pub fn remove(&mut self, path: &str) -> Result<(), Errno> {
        todo!()
    }

    /// Moves a file or directory within one file system.
    ///
    /// # Errors
    /// `NotFound`, `CrossDevice`, `NotEmpty`, `Access`.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        todo!()
    }

    /// Makes a symbolic link at `path` to `target`.
    ///
    /// # Errors
    /// `Exists`, `NotFound`.
    pub fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        todo!()
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn read_link(&self, path: &str) -> Result<String, Errno> {
        todo!()
    }

    /// Changes permission bits.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`.
    pub fn chmod(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        todo!()
    }

    /// Changes owner and group.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`.
    pub fn chown(&mut self, path: &str, uid: u32, gid: u32) -> Result<(), Errno> {
        todo!()
    }

    /// Sets a file's time to now, making an empty file where there is none.
    ///
    /// # Errors
    /// As `open`.
    pub fn touch(&mut self, path: &str) -> Result<(), Errno> {
        todo!()
    }

    /// The working directory, absolute.
    pub fn cwd(&self) -> String {
        todo!()
    }

    /// Changes the working directory.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`.
    pub fn chdir(&mut self, path: &str) -> Result<(), Errno> {
        todo!()
    }

    // --- the process and its relatives ---

    /// The environment.
    pub fn env(&self) -> &BTreeMap<String, String> {
        todo!()
    }

    /// Replaces the environment (a shell does, when variables are exported).
    pub fn set_env(&mut self, env: BTreeMap<String, String>) {
        todo!()
    }

    /// User and group.
    pub fn user(&self) -> (u32, u32) {
        todo!()
    }

    /// The machine's host name.
    pub fn hostname(&self) -> String {
        todo!()
    }

    /// The machine's address, "" for none.
    pub fn address(&self) -> String {
        todo!()
    }

    /// Starts a child.
    ///
    /// # Errors
    /// `NotFound`, `Access`, `NotExecutable`, `TooManyProcesses`.
    pub fn spawn(&mut self, child: Spawn) -> Result<Pid, Errno> {
        todo!()
    }

    /// Collects one ended child (of this pid, or any): (pid, exit code). `None` when none has ended.
    pub fn wait(&mut self, child: Option<Pid>) -> Option<(Pid, i32)> {
        todo!()
    }

    /// Sends a signal; the pid is a shown one when `pid` is below the machine's own numbers (see `ps`).
    ///
    /// # Errors
    /// `NoProcess`, `NotPermitted`.
    pub fn kill(&mut self, pid: Pid, signal: Signal) -> Result<(), Errno> {
        todo!()
    }

    /// Sends a signal to every process of a group.
    ///
    /// # Errors
    /// `NoProcess`.
    pub fn kill_group(&mut self, group: Pid, signal: Signal) -> Result<(), Errno> {
        todo!()
    }

    /// The number by which this machine's programs know the calling process.
    pub fn shown_pid(&self) -> u32 {
        todo!()
    }

    /// The machine's processes in order of their shown numbers.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        todo!()
    }

    // --- terminals ---

    /// Whether a descriptor is a terminal.
    pub fn is_tty(&self, fd: Fd) -> bool {
        todo!()
    }

    /// Its size (columns, rows); `None` when it is no terminal.
    pub fn tty_size(&self, fd: Fd) -> Option<(u16, u16)> {
        todo!()
    }

    /// Switches raw mode: bytes come as typed, without echo and signals. Returns what it was.
    ///
    /// # Errors
    /// `NotTty`.
    pub fn set_raw(&mut self, fd: Fd, raw: bool) -> Result<bool, Errno> {
        todo!()
    }

    /// Makes a process group the one that a terminal's signals go to.
    ///
    /// # Errors
    /// `NotTty`.
    pub fn set_foreground(&mut self, fd: Fd, group: Pid) -> Result<(), Errno> {
        todo!()
    }

    // --- network ---

    /// Looks a name up, with the machine's search list, in `/etc/hosts` first for addresses.
    pub fn resolve(&mut self, name: &str, record: Record) -> Vec<Answer> {
        todo!()
    }

    /// Connects to an address (not a name).
    ///
    /// # Errors
    /// `Refused`, `TimedOut`, `Unreachable`.
    pub fn connect(&mut self, address: &str, port: u16) -> Result<Fd, Errno> {
        todo!()
    }

    /// Listens on a port of the machine's address.
    ///
    /// # Errors
    /// `AddressInUse`.
    pub fn listen(&mut self, port: u16) -> Result<Fd, Errno> {
        todo!()
    }

    /// Takes a waiting connection: (descriptor, the other side's address).
    pub fn accept(&mut self, listener: Fd) -> Option<(Fd, String)> {
        todo!()
    }

    // --- chance ---

    /// A generator for one purpose of this process.
    pub fn rng(&self, purpose: &str, n: u64) -> Draw {
        todo!()
    }
}
