//! The system calls that a program makes on its own machine.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::base::rng::Draw;
use crate::base::time::Time;
use crate::os::fd::What;
use crate::os::kernel::{Machine, TtyId};
use crate::os::process::Proc;
use crate::os::{
    Answer, Errno, Fd, FileKind, OpenFlags, Pid, ProcessInfo, Read, Record, STDERR, STDOUT, Signal,
    Spawn, Stat, Sys,
};

impl Sys<'_> {
    // --- descriptors ---

    /// Reads at most `max` bytes.
    ///
    /// # Errors
    /// `BadFd`, `IsDirectory`.
    pub fn read(&mut self, fd: Fd, max: usize) -> Result<Read, Errno> {
        self.kernel.read(self.pid, fd, max)
    }

    /// Writes all bytes. Never blocks: a process whose pipe is full is not stepped until there is room.
    ///
    /// # Errors
    /// `BadFd`, `BrokenPipe` (SIGPIPE is sent too), `NoSpace`.
    pub fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<(), Errno> {
        self.kernel.write(self.pid, fd, bytes)
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
        self.kernel.open(self.pid, path, flags)
    }

    /// Closes a descriptor; unknown ones are ignored.
    pub fn close(&mut self, fd: Fd) {
        self.kernel.close(self.pid, fd);
    }

    /// Makes `to` the same open file as `from`, closing `to` first.
    ///
    /// # Errors
    /// `BadFd`.
    pub fn dup(&mut self, from: Fd, to: Fd) -> Result<(), Errno> {
        self.kernel.dup(self.pid, from, to)
    }

    /// A copy of `from` at the lowest free descriptor at or above `least`.
    ///
    /// # Errors
    /// `BadFd`.
    pub fn dup_above(&mut self, from: Fd, least: Fd) -> Result<Fd, Errno> {
        self.kernel.dup_above(self.pid, from, least)
    }

    /// A new pipe: (end to read from, end to write to).
    pub fn pipe(&mut self) -> (Fd, Fd) {
        let pipe = self.kernel.new_pipe();
        let read = self.kernel.add_fd(self.pid, What::PipeRead(pipe));
        (read, self.kernel.add_fd(self.pid, What::PipeWrite(pipe)))
    }

    /// Moves the place in a file at which the next read begins; nothing happens on pipes and terminals.
    pub fn seek(&mut self, fd: Fd, to: usize) {
        let _ = self.kernel.seek(self.pid, fd, to);
    }

    /// Size and last change of an open file; `None` when the descriptor is no regular file.
    pub fn file_size(&self, fd: Fd) -> Option<(u64, Time)> {
        self.kernel.size_of(self.pid, fd)
    }

    /// The open descriptors in order.
    pub fn open_fds(&self) -> Vec<Fd> {
        self.proc().map(|p| p.fds.keys().copied().collect()).unwrap_or_default()
    }

    // --- files ---

    /// Facts about what a path leads to; `follow` looks through a last symbolic link.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`.
    pub fn stat(&self, path: &str, follow: bool) -> Result<Stat, Errno> {
        self.kernel.stat(self.pid, path, follow)
    }

    /// Names in a directory in byte order, without `.` and `..`.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`.
    pub fn read_dir(&self, path: &str) -> Result<Vec<(String, FileKind)>, Errno> {
        self.kernel.read_dir(self.pid, path)
    }

    /// A whole file.
    ///
    /// # Errors
    /// As `open`.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, Errno> {
        self.kernel.read_whole(self.pid, path)
    }

    /// Replaces a whole file.
    ///
    /// # Errors
    /// As `open`.
    pub fn write_file(&mut self, path: &str, contents: &[u8]) -> Result<(), Errno> {
        let fd = self.open(path, OpenFlags::REPLACE)?;
        let written = self.write(fd, contents);
        self.close(fd);
        written
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// `Exists`, `NotFound`, `Access`.
    pub fn mkdir(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        self.kernel.mkdir(self.pid, path, mode)
    }

    /// Removes a file, link or empty directory.
    ///
    /// # Errors
    /// `NotFound`, `NotEmpty`, `Access`, `Busy`.
    pub fn remove(&mut self, path: &str) -> Result<(), Errno> {
        self.kernel.remove(self.pid, path)
    }

    /// Moves a file or directory within one file system.
    ///
    /// # Errors
    /// `NotFound`, `CrossDevice`, `NotEmpty`, `Access`.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        self.kernel.rename(self.pid, from, to)
    }

    /// Makes a symbolic link at `path` to `target`.
    ///
    /// # Errors
    /// `Exists`, `NotFound`.
    pub fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        self.kernel.symlink(self.pid, target, path)
    }

    /// Gives a file one more name (a hard link).
    ///
    /// # Errors
    /// `Exists`, `NotFound`, `CrossDevice`, `NotPermitted` for a directory.
    pub fn link(&mut self, from: &str, path: &str) -> Result<(), Errno> {
        self.kernel.link(self.pid, from, path)
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn read_link(&self, path: &str) -> Result<String, Errno> {
        self.kernel.read_link(self.pid, path)
    }

    /// Changes permission bits.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`.
    pub fn chmod(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        self.kernel.chmod(self.pid, path, mode)
    }

    /// Changes owner and group.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`.
    pub fn chown(&mut self, path: &str, uid: u32, gid: u32) -> Result<(), Errno> {
        self.kernel.chown(self.pid, path, uid, gid)
    }

    /// Sets a file's time to now, making an empty file where there is none.
    ///
    /// # Errors
    /// As `open`.
    pub fn touch(&mut self, path: &str) -> Result<(), Errno> {
        if self.stat(path, true).is_ok() {
            return self.kernel.set_modified(self.pid, path);
        }
        let fd = self.open(path, OpenFlags::APPEND)?;
        self.close(fd);
        Ok(())
    }

    /// The file systems seen on the machine: (device, where, bytes written to it), the root first.
    pub fn file_systems(&self) -> Vec<(String, String, u64)> {
        let Some(machine) = self.machine() else { return Vec::new() };
        let mut list =
            vec![("overlay".to_owned(), "/".to_owned(), self.kernel.fs_used(machine.root))];
        for mount in &machine.mounts {
            let used = self.kernel.fs_used(mount.fs);
            list.push(("/dev/vda1".to_owned(), mount.path.clone(), used));
        }
        list
    }

    /// The working directory, absolute.
    pub fn cwd(&self) -> String {
        self.proc().map(|p| p.cwd.clone()).unwrap_or_default()
    }

    /// Changes the working directory.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`.
    pub fn chdir(&mut self, path: &str) -> Result<(), Errno> {
        self.kernel.chdir(self.pid, path)
    }

    // --- the process and its relatives ---

    /// The environment.
    pub fn env(&self) -> &OrdMap<String, String> {
        static NONE: OrdMap<String, String> = OrdMap::new();
        self.proc().map_or(&NONE, |p| &p.env)
    }

    /// Replaces the environment (a shell does, when variables are exported).
    pub fn set_env(&mut self, env: OrdMap<String, String>) {
        if let Some(proc) = self.kernel.procs.get_mut(self.pid) {
            proc.env = Rc::new(env);
        }
    }

    /// User and group.
    pub fn user(&self) -> (u32, u32) {
        self.proc().map_or((0, 0), |p| (p.creds.uid, p.creds.gid))
    }

    /// The machine's host name.
    pub fn hostname(&self) -> String {
        self.machine().map(|m| m.hostname.to_string()).unwrap_or_default()
    }

    /// The machine's address, "" for none.
    pub fn address(&self) -> String {
        self.machine().map(|m| m.address.to_string()).unwrap_or_default()
    }

    /// Starts a child.
    ///
    /// # Errors
    /// `NotFound`, `Access`, `NotExecutable`, `TooManyProcesses`.
    pub fn spawn(&mut self, child: Spawn) -> Result<Pid, Errno> {
        self.kernel.spawn(self.pid, child)
    }

    /// Collects one ended child (of this pid, or any): (pid, exit code). `None` when none has ended.
    pub fn wait(&mut self, child: Option<Pid>) -> Option<(Pid, i32)> {
        self.kernel.wait_child(self.pid, child)
    }

    /// Ends the calling process as the kernel does when its container has used up its memory.
    pub fn run_out_of_memory(&mut self) {
        let machine = self.kernel.machine_of(self.pid);
        if let Some(machine) = machine.and_then(|m| self.kernel.machines.get_mut(m)) {
            machine.out_of_memory = true;
        }
        self.kernel.end(self.pid, Signal::Kill.exit_code());
    }

    /// Makes the calling process another program: it begins when this step has returned, whatever it returns.
    ///
    /// # Errors
    /// `NotFound`, `Access`, `NotExecutable`.
    pub fn exec(&mut self, argv: Vec<String>) -> Result<(), Errno> {
        self.kernel.replace(self.pid, argv)
    }

    /// Collects one child that a signal has stopped (^Z); waits for children wake for it too.
    pub fn take_stopped(&mut self) -> Option<Pid> {
        self.kernel.stopped_child(self.pid)
    }

    /// Ignores a signal from now on, or no longer; children inherit it.
    pub fn set_ignored(&mut self, signal: Signal, ignore: bool) {
        self.kernel.set_ignored(self.pid, signal, ignore);
    }

    /// The process group of the caller.
    pub fn group(&self) -> Pid {
        self.proc().map_or(0, |p| p.group)
    }

    /// Supplementary groups.
    pub fn groups(&self) -> Vec<u32> {
        self.proc().map(|p| p.creds.groups.to_vec()).unwrap_or_default()
    }

    /// Sends a signal; the pid is a shown one when `pid` is below the machine's own numbers (see `ps`).
    ///
    /// # Errors
    /// `NoProcess`, `NotPermitted`.
    pub fn kill(&mut self, pid: Pid, signal: Signal) -> Result<(), Errno> {
        self.kernel.kill_by(self.pid, pid, signal)
    }

    /// Sends a signal to every process of a group.
    ///
    /// # Errors
    /// `NoProcess`.
    pub fn kill_group(&mut self, group: Pid, signal: Signal) -> Result<(), Errno> {
        self.kernel.kill_group_by(self.pid, group, signal)
    }

    /// The number by which this machine's programs know the calling process.
    pub fn shown_pid(&self) -> u32 {
        self.kernel.shown(self.pid)
    }

    /// The machine's processes in order of their shown numbers.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        let machine = self.kernel.machine_of(self.pid);
        machine.map(|m| self.kernel.processes(m)).unwrap_or_default()
    }

    // --- terminals ---

    /// Whether a descriptor is a terminal.
    pub fn is_tty(&self, fd: Fd) -> bool {
        matches!(self.kernel.what(self.pid, fd), Some(What::Tty(_)))
    }

    /// Its size (columns, rows); `None` when it is no terminal.
    pub fn tty_size(&self, fd: Fd) -> Option<(u16, u16)> {
        let tty = self.tty(fd).ok()?;
        self.kernel.ttys.get(tty).map(|t| t.size)
    }

    /// Switches raw mode: bytes come as typed, without echo and signals. Returns what it was.
    ///
    /// # Errors
    /// `NotTty`.
    pub fn set_raw(&mut self, fd: Fd, raw: bool) -> Result<bool, Errno> {
        let tty = self.tty(fd)?;
        Ok(self.kernel.set_tty_raw(tty, raw))
    }

    /// Makes a process group the one that a terminal's signals go to.
    ///
    /// # Errors
    /// `NotTty`.
    pub fn set_foreground(&mut self, fd: Fd, group: Pid) -> Result<(), Errno> {
        let tty = self.tty(fd)?;
        let group = self.kernel.global(self.pid, group).unwrap_or(group);
        self.kernel.set_tty_foreground(tty, group);
        Ok(())
    }

    /// Its name, `pts/0`; `None` when it is no terminal.
    pub fn tty_name(&self, fd: Fd) -> Option<String> {
        self.kernel.tty_name(self.tty(fd).ok()?)
    }

    /// Tells the terminal of a command in a container (`Attach::stdin`) a new size (columns, rows).
    pub fn set_tty_size(&mut self, fd: Fd, columns: u16, rows: u16) {
        if let Some(What::Keyboard(tty)) = self.kernel.what(self.pid, fd) {
            let tty = *tty;
            self.kernel.resize_tty(tty, columns, rows);
        }
    }

    fn tty(&self, fd: Fd) -> Result<TtyId, Errno> {
        match self.kernel.what(self.pid, fd) {
            Some(What::Tty(tty)) => Ok(*tty),
            _ => Err(Errno::NotTty),
        }
    }

    /// Has a person edit a file in the editor pane: a descriptor that ends when the editor is closed.
    ///
    /// # Errors
    /// `NotTty` when there is no editor pane.
    pub fn edit(&mut self, path: &str) -> Result<Fd, Errno> {
        self.kernel.edit(self.pid, path)
    }

    // --- network ---

    /// Looks a name up, with the machine's search list, in `/etc/hosts` first for addresses.
    pub fn resolve(&mut self, name: &str, record: Record) -> Vec<Answer> {
        if record == Record::A
            && let Some(answer) = self.known_host(name)
        {
            return vec![answer];
        }
        for candidate in self.candidates(name) {
            let answers = self.lookup(&candidate, record);
            if !answers.is_empty() {
                return answers;
            }
        }
        Vec::new()
    }

    /// Asks the name server for exactly this name (no search list, no hosts file).
    pub fn lookup(&mut self, name: &str, record: Record) -> Vec<Answer> {
        let Some(machine) = self.kernel.machine_of(self.pid) else { return Vec::new() };
        let name = name.strip_suffix('.').unwrap_or(name);
        self.outside.resolve(self.kernel, machine, name, record)
    }

    /// What the hosts file, or the name being an address, says.
    fn known_host(&self, name: &str) -> Option<Answer> {
        let answer = |data: &str| Answer { name: name.to_owned(), data: data.to_owned(), port: 0 };
        if name.parse::<std::net::IpAddr>().is_ok() {
            return Some(answer(name));
        }
        let hosts = self.read_file("/etc/hosts").unwrap_or_default();
        let hosts = String::from_utf8_lossy(&hosts).into_owned();
        let wanted = name.strip_suffix('.').unwrap_or(name);
        hosts.lines().find_map(|line| {
            let mut words = line.split('#').next().unwrap_or("").split_whitespace();
            let address = words.next()?;
            (address.contains('.') && words.any(|n| n == wanted)).then(|| answer(address))
        })
    }

    /// The full names that a look-up tries, in order. Upstream: resolv.conf(5), `search` and `ndots`.
    fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let conf = self.machine().map_or("", |m| &m.resolv_conf);
        let ndots = conf
            .split_whitespace()
            .find_map(|w| w.strip_prefix("ndots:")?.parse().ok())
            .unwrap_or(1_usize);
        let search: Vec<String> =
            self.search_list().iter().map(|d| format!("{name}.{d}")).collect();
        let whole = vec![name.to_owned()];
        if name.matches('.').count() >= ndots {
            [whole, search].concat()
        } else {
            [search, whole].concat()
        }
    }

    /// The domains of the machine's `search` line.
    pub fn search_list(&self) -> Vec<String> {
        self.resolver_words("search")
    }

    /// The name servers that the machine asks.
    pub fn name_servers(&self) -> Vec<String> {
        self.resolver_words("nameserver")
    }

    fn resolver_words(&self, key: &str) -> Vec<String> {
        let conf = self.machine().map_or("", |m| &m.resolv_conf);
        let lines = conf.lines().filter_map(|line| line.trim().strip_prefix(key));
        lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
    }

    /// A document from outside the cluster (`https://k8s.io/examples/…`), as far as the simulation has it.
    pub fn fetch(&mut self, url: &str) -> Option<Vec<u8>> {
        self.outside.fetch(url)
    }

    /// Whether any machine has this address.
    pub fn has_address(&self, address: &str) -> bool {
        self.kernel.has_address(address)
    }

    /// Ends the writing side of a connection; the other side reads its end.
    pub fn shut_writing(&mut self, fd: Fd) {
        self.kernel.shut_writing(self.pid, fd);
    }

    /// Connects to an address (not a name).
    ///
    /// # Errors
    /// `Refused`, `TimedOut`, `Unreachable`.
    pub fn connect(&mut self, address: &str, port: u16) -> Result<Fd, Errno> {
        self.kernel.connect(self.outside, self.pid, address, port)
    }

    /// Listens on a port of the machine's address.
    ///
    /// # Errors
    /// `AddressInUse`.
    pub fn listen(&mut self, port: u16) -> Result<Fd, Errno> {
        self.kernel.listen(self.pid, port)
    }

    /// Takes a waiting connection: (descriptor, the other side's address).
    pub fn accept(&mut self, listener: Fd) -> Option<(Fd, String)> {
        self.kernel.accept(self.pid, listener)
    }

    // --- chance ---

    /// A generator for one purpose of this process.
    pub fn rng(&self, purpose: &str, n: u64) -> Draw {
        let host = self.machine().map_or("", |m| &m.hostname);
        let owner = format!("{host}/{}", self.kernel.shown(self.pid));
        self.kernel.rng.named(purpose, &owner, n)
    }

    fn proc(&self) -> Option<&Proc> {
        self.kernel.procs.get(self.pid)
    }

    fn machine(&self) -> Option<&Machine> {
        self.kernel.machines.get(self.proc()?.machine)
    }
}
