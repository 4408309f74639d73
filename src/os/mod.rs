//! The operating system under every program: processes as values, files, pipes, terminals, signals.
//!
//! A program is a [`Process`]: a cloneable value that is stepped and answers how it goes on. It sees
//! the world only through [`Sys`]. The state behind the calls is the [`kernel::Kernel`]; what lies
//! outside one machine (the API server, names and routes) is reached through [`Outside`].

pub mod catalog;
mod fd;
mod files;
pub mod kernel;
mod log;
mod process;
mod procfs;
pub mod request;
mod session;
mod socket;
mod sys;
mod table;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod tty;
mod vfs;

use crate::api::KindRef;
use crate::base::time::{Span, Time};

pub use catalog::{Catalog, Image, ImageFile, Lookup, Program};
pub use kernel::{Kernel, Spawn};
pub use request::{Accept, Attach, Body, Method, Request, Response, Watch, WatchEvent};

/// A process's number, unique in the whole simulation. A container shows its own small numbers (see [`ProcessInfo::shown`]).
pub type Pid = u32;
/// A file descriptor of one process.
pub type Fd = u32;

/// Standard input.
pub const STDIN: Fd = 0;
/// Standard output.
pub const STDOUT: Fd = 1;
/// Standard error.
pub const STDERR: Fd = 2;

/// A program in execution, as a value.
///
/// `step` is entered again from the top each time something that the process waits for has happened;
/// it does what it can without waiting and returns. Output that cannot be taken yet is the kernel's
/// concern: a process whose pipe is full is not stepped.
pub trait Process {
    /// Does some work. Long work is cut into slices with [`Step::Yield`].
    fn step(&mut self, sys: &mut Sys) -> Step;

    /// A copy of the running process, for snapshots and for `fork`.
    fn boxed_clone(&self) -> Box<dyn Process>;

    /// Called when a signal arrives. `true` means that the process has dealt with it; otherwise the
    /// default action follows (end the process; PID 1 of a container ignores what it does not handle,
    /// except SIGKILL).
    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        let _ = (signal, sys);
        false
    }
}

impl Clone for Box<dyn Process> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// How a process goes on.
#[derive(Clone, Debug)]
pub enum Step {
    /// It ends with this exit code.
    Done(i32),
    /// It sleeps until one of the conditions holds.
    Wait(Wait),
    /// It wants to go on at once; a little virtual time passes so that endless loops stay bounded.
    Yield,
}

/// What a process waits for: it wakes on the first. An empty wait sleeps until a signal.
#[derive(Clone, Debug, Default)]
pub struct Wait {
    /// An instant.
    pub until: Option<Time>,
    /// Descriptors of which one can be read, is at its end, or has a connection to accept.
    pub readable: Vec<Fd>,
    /// A change of any object of one of these kinds.
    pub kinds: Vec<KindRef>,
    /// A child has ended.
    pub children: bool,
}

impl Wait {
    /// Until an instant.
    pub fn until(time: Time) -> Wait {
        Wait { until: Some(time), ..Wait::default() }
    }

    /// Until a descriptor can be read.
    pub fn readable(fd: Fd) -> Wait {
        Wait { readable: vec![fd], ..Wait::default() }
    }

    /// Until a child ends.
    pub fn children() -> Wait {
        Wait { children: true, ..Wait::default() }
    }

    /// Until an object of this kind changes.
    pub fn kind(kind: KindRef) -> Wait {
        Wait { kinds: vec![kind], ..Wait::default() }
    }

    /// The same wait, ended at this instant at the latest.
    pub fn or_until(mut self, time: Time) -> Wait {
        self.until = Some(self.until.map_or(time, |t| t.min(time)));
        self
    }
}

/// The signals that the simulation knows, with their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Signal {
    Hup = 1,
    Int = 2,
    Quit = 3,
    Kill = 9,
    Usr1 = 10,
    Usr2 = 12,
    Pipe = 13,
    Term = 15,
    Cont = 18,
    Stop = 19,
    Tstp = 20,
    Winch = 28,
}

impl Signal {
    /// Exit code of a process that the signal ends: 128 plus its number.
    pub fn exit_code(self) -> i32 {
        128 + self as i32
    }

    /// From `9`, `KILL` or `SIGKILL`.
    pub fn parse(text: &str) -> Option<Signal> {
        use Signal::{Cont, Hup, Int, Kill, Pipe, Quit, Stop, Term, Tstp, Usr1, Usr2, Winch};
        let all = [Hup, Int, Quit, Kill, Usr1, Usr2, Pipe, Term, Cont, Stop, Tstp, Winch];
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        all.into_iter().find(|s| s.name() == name || (*s as i32).to_string() == name)
    }

    /// `KILL`, without `SIG`.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Hup => "HUP",
            Signal::Int => "INT",
            Signal::Quit => "QUIT",
            Signal::Kill => "KILL",
            Signal::Usr1 => "USR1",
            Signal::Usr2 => "USR2",
            Signal::Pipe => "PIPE",
            Signal::Term => "TERM",
            Signal::Cont => "CONT",
            Signal::Stop => "STOP",
            Signal::Tstp => "TSTP",
            Signal::Winch => "WINCH",
        }
    }
}

/// Why a system call failed. `Display` gives the C library's words: `No such file or directory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Errno {
    NotFound,
    Exists,
    NotDirectory,
    IsDirectory,
    NotEmpty,
    Access,
    NotPermitted,
    BadFd,
    Invalid,
    TooManyLinks,
    ReadOnly,
    NoSpace,
    FileTooBig,
    BrokenPipe,
    NoProcess,
    NoChild,
    NotTty,
    NotExecutable,
    TooManyProcesses,
    Refused,
    TimedOut,
    Unreachable,
    AddressInUse,
    CrossDevice,
    Busy,
    NameTooLong,
    TooManyFiles,
    NoDevice,
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Errno::NotFound => "No such file or directory",
            Errno::Exists => "File exists",
            Errno::NotDirectory => "Not a directory",
            Errno::IsDirectory => "Is a directory",
            Errno::NotEmpty => "Directory not empty",
            Errno::Access => "Permission denied",
            Errno::NotPermitted => "Operation not permitted",
            Errno::BadFd => "Bad file descriptor",
            Errno::Invalid => "Invalid argument",
            Errno::TooManyLinks => "Too many levels of symbolic links",
            Errno::ReadOnly => "Read-only file system",
            Errno::NoSpace => "No space left on device",
            Errno::FileTooBig => "File too large",
            Errno::BrokenPipe => "Broken pipe",
            Errno::NoProcess => "No such process",
            Errno::NoChild => "No child processes",
            Errno::NotTty => "Inappropriate ioctl for device",
            Errno::NotExecutable => "Exec format error",
            Errno::TooManyProcesses => "Resource temporarily unavailable",
            Errno::Refused => "Connection refused",
            Errno::TimedOut => "Connection timed out",
            Errno::Unreachable => "No route to host",
            Errno::AddressInUse => "Address already in use",
            Errno::CrossDevice => "Invalid cross-device link",
            Errno::Busy => "Device or resource busy",
            Errno::NameTooLong => "File name too long",
            Errno::TooManyFiles => "Too many open files",
            Errno::NoDevice => "No such device or address",
        })
    }
}

/// What a read gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Some bytes, at least one.
    Data(Vec<u8>),
    /// Nothing now; wait until readable.
    WouldBlock,
    /// Nothing ever again.
    End,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenFlags {
    /// For writing (otherwise for reading).
    pub write: bool,
    /// Made when absent.
    pub create: bool,
    /// Emptied first.
    pub truncate: bool,
    /// Written at the end.
    pub append: bool,
}

impl OpenFlags {
    /// For reading.
    pub const READ: OpenFlags =
        OpenFlags { write: false, create: false, truncate: false, append: false };
    /// `>`.
    pub const REPLACE: OpenFlags =
        OpenFlags { write: true, create: true, truncate: true, append: false };
    /// `>>`.
    pub const APPEND: OpenFlags =
        OpenFlags { write: true, create: true, truncate: false, append: true };
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FileKind {
    File,
    Directory,
    Symlink,
    Device,
    Pipe,
    Socket,
}

/// Facts about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits, e.g. `0o755`, with set-gid and sticky bits.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Last change of its contents.
    pub modified: Time,
    /// Number within its file system.
    pub inode: u64,
    /// How many names lead to it.
    pub links: u32,
}

/// A line of `ps`.
#[derive(Clone, Debug)]
pub struct ProcessInfo {
    /// Number in the whole simulation.
    pub pid: Pid,
    /// Number that the machine's own programs see; 1 is a container's main process.
    pub shown: u32,
    /// The parent's shown number; 0 for none.
    pub parent: u32,
    /// The shown number of its group's leader.
    pub group: u32,
    /// Command line.
    pub argv: Vec<String>,
    /// User.
    pub uid: u32,
    /// `R` ready, `S` sleeping, `T` stopped, `Z` ended but not collected.
    pub state: char,
    /// Start.
    pub started: Time,
    /// Name of its terminal (`pts/0`), if any.
    pub tty: Option<String>,
}

/// What lies outside one machine. The world implements it.
pub trait Outside {
    /// Answers an API request made by this process's user.
    fn api(&mut self, kernel: &mut Kernel, pid: Pid, request: Request) -> Response;

    /// Moves a watch on: every event after its revision, oldest first.
    ///
    /// # Errors
    /// `Expired` when the revision is no longer kept.
    fn poll(&mut self, watch: &mut Watch) -> Result<Vec<WatchEvent>, crate::api::Status>;

    /// The addresses that a name has, as seen from a machine; empty when the name does not exist.
    fn resolve(
        &mut self,
        kernel: &Kernel,
        from: kernel::MachineId,
        name: &str,
        record: Record,
    ) -> Vec<Answer>;

    /// Where a connection to this address and port really goes (a Service's address becomes one of its pods').
    ///
    /// # Errors
    /// `Refused` for a Service without endpoints, `Unreachable` for an address that nobody has.
    fn route(
        &mut self,
        kernel: &Kernel,
        from: kernel::MachineId,
        address: &str,
        port: u16,
    ) -> Result<(String, u16), Errno>;

    /// The image and program tables.
    fn catalog(&self) -> &'static Catalog;

    /// A document from outside the cluster, such as the tutorials' manifests; `None` when there is none.
    fn fetch(&mut self, url: &str) -> Option<Vec<u8>> {
        let _ = url;
        None
    }
}

/// A type of DNS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Record {
    A,
    Srv,
    Ptr,
}

/// One answer of the name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name that it belongs to, fully qualified without the last dot.
    pub name: String,
    /// Address (A), or target name (SRV, PTR).
    pub data: String,
    /// Port (SRV only, otherwise 0).
    pub port: u16,
}

/// The system calls of one process, for the length of one step.
pub struct Sys<'a> {
    /// All machines and processes.
    pub kernel: &'a mut Kernel,
    /// The API server, names and routes.
    pub outside: &'a mut dyn Outside,
    /// The calling process.
    pub pid: Pid,
}

impl Sys<'_> {
    /// Virtual time.
    pub fn now(&self) -> Time {
        self.kernel.now
    }

    /// A moment from now, for waits.
    pub fn after(&self, span: Span) -> Time {
        self.kernel.now + span
    }

    /// Sends a request to the API server as the machine's user.
    pub fn api(&mut self, request: Request) -> Response {
        self.outside.api(self.kernel, self.pid, request)
    }

    /// Moves a watch on; see [`Outside::poll`].
    ///
    /// # Errors
    /// `Expired` when the revision is no longer kept.
    pub fn poll(&mut self, watch: &mut Watch) -> Result<Vec<WatchEvent>, crate::api::Status> {
        self.outside.poll(watch)
    }
}
