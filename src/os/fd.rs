//! Open files: what descriptors lead to, reading, writing, pipes.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::base::time::{Span, Time};
use crate::os::kernel::{FsId, Kernel, LogId, TtyId};
use crate::os::vfs::{self, Device, Found, Ino, Inode, Node, Place};
use crate::os::{Errno, Fd, OpenFlags, Pid, Read, STDERR, Signal};

/// Number of an open file, which several descriptors may share.
pub(super) type OpenId = u32;
/// Number of a pipe.
pub(super) type PipeId = u32;

/// A pipe with more unread bytes than this stops its writers.
const PIPE_FULL: usize = 64 << 10;
/// Most bytes kept of an output that is collected.
const COLLECT_MAX: usize = 1 << 20;
/// Most descriptors of one process.
const MAX_FDS: usize = 256;
/// Bytes that a terminal takes at once; more take a microsecond each.
const TTY_BURST: usize = 4096;

/// An open file with the number of descriptors that lead to it.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) what: What,
    refs: u32,
}

/// What an open file is.
#[derive(Clone)]
pub(super) enum What {
    Null,
    Zero,
    Full,
    /// Random bytes; counts the reads.
    Random(u64),
    File {
        fs: FsId,
        ino: Ino,
        at: usize,
        flags: OpenFlags,
    },
    /// Text made when it was opened (`/proc`).
    Text {
        text: Rc<Vec<u8>>,
        at: usize,
    },
    PipeRead(PipeId),
    PipeWrite(PipeId),
    Socket {
        read: PipeId,
        write: Option<PipeId>,
    },
    Listener(u32),
    Tty(TtyId),
    /// The side of a terminal on which a person would type.
    Keyboard(TtyId),
    Log {
        log: LogId,
        stderr: bool,
    },
    Follow {
        log: LogId,
        next: usize,
        timestamps: bool,
        rest: Vec<u8>,
    },
    /// Output kept for whoever started this process.
    Collect(Pid),
}

/// Bytes on their way from writers to readers.
#[derive(Clone, Default)]
pub(super) struct Pipe {
    bytes: VecDeque<u8>,
    readers: u32,
    writers: u32,
    /// Processes that wait to read.
    waiting: Vec<Pid>,
    /// Processes that are not stepped until there is room.
    held: Vec<Pid>,
}

impl Pipe {
    fn is_full(&self) -> bool {
        self.readers > 0 && self.bytes.len() > PIPE_FULL
    }
}

/// Adds a process to a list of those to be woken.
pub(super) fn enlist(list: &mut Vec<Pid>, pid: Pid) {
    if !list.contains(&pid) {
        list.push(pid);
    }
}

impl Kernel {
    // --- open files ---

    /// A new open file at no descriptor yet.
    pub(super) fn new_open(&mut self, what: What) -> OpenId {
        match &what {
            What::PipeRead(pipe) => self.count_end(*pipe, 1, 0),
            What::PipeWrite(pipe) => self.count_end(*pipe, 0, 1),
            What::Socket { read, write } => {
                self.count_end(*read, 1, 0);
                if let Some(write) = write {
                    self.count_end(*write, 0, 1);
                }
            }
            What::File { fs, ino, .. } => self.pin(*fs, *ino),
            _ => {}
        }
        self.opens.add(Open { what, refs: 0 })
    }

    fn count_end(&mut self, pipe: PipeId, readers: u32, writers: u32) {
        if let Some(pipe) = self.pipes.get_mut(pipe) {
            pipe.readers += readers;
            pipe.writers += writers;
        }
    }

    pub(super) fn retain(&mut self, open: OpenId) {
        if let Some(open) = self.opens.get_mut(open) {
            open.refs += 1;
        }
    }

    /// Lets go of an open file; the last one closes it.
    pub(super) fn release(&mut self, id: OpenId) {
        let Some(open) = self.opens.get_mut(id) else { return };
        open.refs = open.refs.saturating_sub(1);
        if open.refs > 0 {
            return;
        }
        let Some(open) = self.opens.remove(id) else { return };
        match open.what {
            What::PipeRead(pipe) => self.close_reader(pipe),
            What::PipeWrite(pipe) => self.close_writer(pipe),
            What::Socket { read, write } => {
                self.close_reader(read);
                if let Some(write) = write {
                    self.close_writer(write);
                }
            }
            What::File { fs, ino, .. } => self.unpin(fs, ino),
            What::Listener(listener) => self.close_listener(listener),
            What::Keyboard(tty) => self.hang_up(tty),
            _ => {}
        }
    }

    /// Puts an open file at the lowest free descriptor at or above `least`.
    pub(super) fn place(&mut self, pid: Pid, open: OpenId, least: Fd) -> Fd {
        let fd = self
            .procs
            .get(pid)
            .map_or(least, |p| (least..).find(|fd| !p.fds.contains_key(fd)).unwrap_or(least));
        self.place_at(pid, open, fd);
        fd
    }

    pub(super) fn place_at(&mut self, pid: Pid, open: OpenId, fd: Fd) {
        self.retain(open);
        let Some(proc) = self.procs.get_mut(pid) else {
            self.release(open);
            return;
        };
        if let Some(old) = proc.fds.insert(fd, open) {
            self.release(old);
        }
    }

    /// A new open file at the lowest free descriptor.
    pub(super) fn add_fd(&mut self, pid: Pid, what: What) -> Fd {
        let open = self.new_open(what);
        self.place(pid, open, 0)
    }

    pub(super) fn open_id(&self, pid: Pid, fd: Fd) -> Result<OpenId, Errno> {
        self.procs.get(pid).and_then(|p| p.fds.get(&fd)).copied().ok_or(Errno::BadFd)
    }

    pub(super) fn what(&self, pid: Pid, fd: Fd) -> Option<&What> {
        let id = self.open_id(pid, fd).ok()?;
        self.opens.get(id).map(|open| &open.what)
    }

    fn what_mut(&mut self, open: OpenId) -> Option<&mut What> {
        self.opens.get_mut(open).map(|o| &mut o.what)
    }

    pub(super) fn close(&mut self, pid: Pid, fd: Fd) {
        if let Some(open) = self.procs.get_mut(pid).and_then(|p| p.fds.remove(&fd)) {
            self.release(open);
        }
    }

    pub(super) fn dup(&mut self, pid: Pid, from: Fd, to: Fd) -> Result<(), Errno> {
        let open = self.open_id(pid, from)?;
        if from != to {
            self.place_at(pid, open, to);
        }
        Ok(())
    }

    pub(super) fn dup_above(&mut self, pid: Pid, from: Fd, least: Fd) -> Result<Fd, Errno> {
        let open = self.open_id(pid, from)?;
        Ok(self.place(pid, open, least))
    }

    // --- files ---

    /// Keeps a file's contents while it is open or mounted, also when its last name goes.
    pub(super) fn pin(&mut self, fs: FsId, ino: Ino) {
        *Rc::make_mut(&mut self.pins).entry((fs, ino)).or_insert(0) += 1;
    }

    pub(super) fn unpin(&mut self, fs: FsId, ino: Ino) {
        let pins = Rc::make_mut(&mut self.pins);
        let Some(count) = pins.get_mut(&(fs, ino)) else { return };
        *count -= 1;
        if *count == 0 {
            pins.remove(&(fs, ino));
            if let Some(fs) = self.fss.get_mut(fs) {
                fs.drop_unnamed(ino);
            }
        }
    }

    /// Frees an inode whose last name has gone, unless somebody has it open.
    pub(super) fn forget_inode(&mut self, fs: FsId, ino: Ino) {
        if self.pins.contains_key(&(fs, ino)) {
            return;
        }
        if let Some(fs) = self.fss.get_mut(fs) {
            fs.drop_unnamed(ino);
        }
    }

    pub(super) fn open(&mut self, pid: Pid, path: &str, flags: OpenFlags) -> Result<Fd, Errno> {
        if self.procs.get(pid).is_none_or(|p| p.fds.len() >= MAX_FDS) {
            return Err(Errno::TooManyFiles);
        }
        let full = self.absolute(pid, path);
        if let Some(fd) = own_descriptor(&full) {
            return self.dup_above(pid, fd, 0);
        }
        if let Some(found) = self.proc_file(pid, &full) {
            let text = Rc::new(found?);
            if flags.write {
                return Err(Errno::Access);
            }
            return Ok(self.add_fd(pid, What::Text { text, at: 0 }));
        }
        let place = match self.find(pid, path, true)? {
            Found::There(place) => place,
            Found::Free(dir, name) => {
                if !flags.create {
                    return Err(Errno::NotFound);
                }
                self.create_file(pid, &dir, &name)?
            }
        };
        self.open_place(pid, &place, flags)
    }

    /// Makes an empty file in a directory.
    fn create_file(&mut self, pid: Pid, dir: &Place, name: &str) -> Result<Place, Errno> {
        let owner = self.procs.get(pid).map_or((0, 0), |p| (p.creds.uid, p.creds.gid));
        let inode = Inode::new(Node::File(Rc::default()), 0o644, owner, self.now);
        let ino = self.create(pid, dir, name, inode)?;
        Ok(Place { ino, path: format!("{}/{name}", dir.path), ..dir.clone() })
    }

    /// Puts an inode into a directory where the process may write.
    pub(super) fn create(
        &mut self,
        pid: Pid,
        dir: &Place,
        name: &str,
        inode: Inode,
    ) -> Result<Ino, Errno> {
        self.check_dir(pid, dir)?;
        let now = self.now;
        self.fss.get_mut(dir.fs).ok_or(Errno::NotFound)?.create(dir.ino, name, inode, now)
    }

    fn open_place(&mut self, pid: Pid, place: &Place, flags: OpenFlags) -> Result<Fd, Errno> {
        let creds = self.creds(pid)?;
        let inode = self.inode(place)?;
        let bits = if flags.write { vfs::WRITE } else { vfs::READ };
        let device = match &inode.node {
            Node::Directory(_) => return Err(Errno::IsDirectory),
            Node::Device(device) => Some(*device),
            Node::File(_) | Node::Link(_) => None,
        };
        creds.check(inode, bits)?;
        if let Some(device) = device {
            return self.open_device(pid, device);
        }
        if flags.write && place.read_only {
            return Err(Errno::ReadOnly);
        }
        if flags.write && flags.truncate {
            let now = self.now;
            self.fss.get_mut(place.fs).ok_or(Errno::NotFound)?.truncate(place.ino, now)?;
        }
        Ok(self.add_fd(pid, What::File { fs: place.fs, ino: place.ino, at: 0, flags }))
    }

    fn open_device(&mut self, pid: Pid, device: Device) -> Result<Fd, Errno> {
        let what = match device {
            Device::Null => What::Null,
            Device::Zero => What::Zero,
            Device::Full => What::Full,
            Device::Random => What::Random(0),
            Device::Tty => {
                let tty = self.procs.get(pid).and_then(|p| p.tty);
                What::Tty(tty.ok_or(Errno::NoDevice)?)
            }
            Device::Descriptor(fd) => return self.dup_above(pid, fd, 0),
        };
        Ok(self.add_fd(pid, what))
    }

    // --- reading ---

    pub(super) fn read(&mut self, pid: Pid, fd: Fd, max: usize) -> Result<Read, Errno> {
        let max = max.max(1);
        let open = self.open_id(pid, fd)?;
        let what = self.opens.get(open).map(|o| o.what.clone_for_read()).ok_or(Errno::BadFd)?;
        match what {
            Source::Nothing => Ok(Read::End),
            Source::Zero => Ok(Read::Data(vec![0; max.min(64 << 10)])),
            Source::Random(n) => {
                let mut draw = self.rng.named("urandom", &pid.to_string(), n);
                let bytes = (0..max.min(4096)).map(|_| draw.bits() as u8).collect();
                if let Some(What::Random(n)) = self.what_mut(open) {
                    *n += 1;
                }
                Ok(Read::Data(bytes))
            }
            Source::File(fs, ino, at) => {
                let fs = self.fss.get(fs).ok_or(Errno::BadFd)?;
                let read = slice(fs.contents(ino)?, at, max);
                self.advance(open, &read);
                Ok(read)
            }
            Source::Text(text, at) => {
                let read = slice(&text, at, max);
                self.advance(open, &read);
                Ok(read)
            }
            Source::Pipe(pipe) => Ok(self.read_pipe(pipe, max)),
            Source::Tty(tty) => Ok(self.read_tty(pid, tty, max)),
            Source::Follow => Ok(self.read_follow(open, max)),
            Source::Unreadable => Err(Errno::BadFd),
        }
    }

    fn advance(&mut self, open: OpenId, read: &Read) {
        if let (Some(What::File { at, .. } | What::Text { at, .. }), Read::Data(bytes)) =
            (self.what_mut(open), read)
        {
            *at += bytes.len();
        }
    }

    pub(super) fn read_pipe(&mut self, id: PipeId, max: usize) -> Read {
        let Some(pipe) = self.pipes.get(id) else { return Read::End };
        if pipe.bytes.is_empty() {
            return if pipe.writers == 0 { Read::End } else { Read::WouldBlock };
        }
        let Some(pipe) = self.pipes.get_mut(id) else { return Read::End };
        let count = pipe.bytes.len().min(max);
        let bytes = pipe.bytes.drain(..count).collect();
        let released = if pipe.is_full() { Vec::new() } else { std::mem::take(&mut pipe.held) };
        for pid in released {
            self.wake_soon(pid);
        }
        Read::Data(bytes)
    }

    /// Moves a reader's place in a file; `None` for what has no places.
    pub(super) fn seek(&mut self, pid: Pid, fd: Fd, to: usize) -> Option<()> {
        let open = self.open_id(pid, fd).ok()?;
        match self.what_mut(open)? {
            What::File { at, .. } | What::Text { at, .. } => {
                *at = to;
                Some(())
            }
            _ => None,
        }
    }

    /// Whether a read would give something, or a connection waits.
    pub(super) fn is_readable(&self, pid: Pid, fd: Fd) -> bool {
        match self.what(pid, fd) {
            Some(What::PipeRead(pipe) | What::Socket { read: pipe, .. }) => {
                self.pipes.get(*pipe).is_none_or(|p| !p.bytes.is_empty() || p.writers == 0)
            }
            Some(What::Tty(tty)) => self.tty_readable(pid, *tty),
            Some(What::Listener(listener)) => self.has_connection(*listener),
            Some(What::Follow { log, next, rest, .. }) => {
                !rest.is_empty() || self.log_readable(*log, *next)
            }
            _ => true,
        }
    }

    /// Notes a process that waits to read, where the bytes will come from.
    pub(super) fn enlist_reader(&mut self, pid: Pid, fd: Fd) {
        let list = match self.what(pid, fd) {
            Some(What::PipeRead(pipe) | What::Socket { read: pipe, .. }) => {
                let pipe = *pipe;
                self.pipes.get_mut(pipe).map(|p| &mut p.waiting)
            }
            Some(What::Tty(tty)) => {
                let tty = *tty;
                self.ttys.get_mut(tty).map(|t| &mut t.waiting)
            }
            Some(What::Listener(listener)) => {
                let listener = *listener;
                self.listeners.get_mut(listener).map(|l| &mut l.waiting)
            }
            Some(What::Follow { log, .. }) => {
                let log = *log;
                self.logs.get_mut(log).map(|l| &mut l.waiting)
            }
            _ => None,
        };
        if let Some(list) = list {
            enlist(list, pid);
        }
    }

    // --- writing ---

    pub(super) fn write(&mut self, pid: Pid, fd: Fd, bytes: &[u8]) -> Result<(), Errno> {
        // A process that SIGPIPE is about to end has no time left for complaints.
        if fd == STDERR && self.is_posted(pid, Signal::Pipe) {
            return Ok(());
        }
        let open = self.open_id(pid, fd)?;
        let what = self.opens.get(open).map(|o| o.what.clone_for_write()).ok_or(Errno::BadFd)?;
        match what {
            Sink::Nowhere => Ok(()),
            Sink::Full => Err(Errno::NoSpace),
            Sink::File { fs, ino, at } => {
                let now = self.now;
                let fs = self.fss.get_mut(fs).ok_or(Errno::BadFd)?;
                let at = match at {
                    Some(at) => at,
                    None => fs.contents(ino)?.len(),
                };
                fs.write_at(ino, at, bytes, now)?;
                if let Some(What::File { at: place, .. }) = self.what_mut(open) {
                    *place = at + bytes.len();
                }
                Ok(())
            }
            Sink::Pipe(pipe) => {
                if self.write_pipe(pipe, bytes) {
                    self.hold_if_full(pid, pipe);
                    return Ok(());
                }
                self.post(pid, Signal::Pipe);
                Err(Errno::BrokenPipe)
            }
            Sink::Tty(tty) => {
                self.write_tty(tty, bytes);
                if bytes.len() > TTY_BURST {
                    let until = self.now + Span::micros(bytes.len() as i64);
                    if let Some(proc) = self.procs.get_mut(pid) {
                        proc.busy_until = proc.busy_until.max(until);
                    }
                }
                Ok(())
            }
            Sink::Keyboard(tty) => {
                self.type_on(tty, bytes);
                Ok(())
            }
            Sink::Log(log, stderr) => {
                self.write_log(log, stderr, bytes);
                Ok(())
            }
            Sink::Collect(of) => {
                let kept = Rc::make_mut(&mut self.collected).entry(of).or_default();
                let room = COLLECT_MAX.saturating_sub(kept.len());
                kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(())
            }
            Sink::Unwritable => Err(Errno::BadFd),
        }
    }

    // --- pipes ---

    /// A pipe without ends yet.
    pub(super) fn new_pipe(&mut self) -> PipeId {
        self.pipes.add(Pipe::default())
    }

    /// Puts bytes into a pipe; `false` when nobody will ever read them.
    pub(super) fn write_pipe(&mut self, id: PipeId, bytes: &[u8]) -> bool {
        let Some(pipe) = self.pipes.get_mut(id) else { return false };
        if pipe.readers == 0 {
            return false;
        }
        pipe.bytes.extend(bytes);
        let waiting = std::mem::take(&mut pipe.waiting);
        self.wake_readers(waiting);
        true
    }

    fn hold_if_full(&mut self, pid: Pid, id: PipeId) {
        if self.pipes.get(id).is_some_and(Pipe::is_full)
            && let Some(proc) = self.procs.get_mut(pid)
        {
            proc.held_by = Some(id);
        }
    }

    /// Whether a process must wait for room in a pipe; it is noted there then.
    pub(super) fn is_held(&mut self, pid: Pid) -> bool {
        let Some(id) = self.procs.get(pid).and_then(|p| p.held_by) else { return false };
        if self.pipes.get(id).is_some_and(Pipe::is_full)
            && let Some(pipe) = self.pipes.get_mut(id)
        {
            enlist(&mut pipe.held, pid);
            return true;
        }
        if let Some(proc) = self.procs.get_mut(pid) {
            proc.held_by = None;
        }
        false
    }

    fn close_reader(&mut self, id: PipeId) {
        let Some(pipe) = self.pipes.get_mut(id) else { return };
        pipe.readers = pipe.readers.saturating_sub(1);
        if pipe.readers > 0 {
            return;
        }
        pipe.bytes.clear();
        let held = std::mem::take(&mut pipe.held);
        for pid in held {
            self.wake_soon(pid);
        }
        self.drop_pipe(id);
    }

    pub(super) fn close_writer(&mut self, id: PipeId) {
        let Some(pipe) = self.pipes.get_mut(id) else { return };
        pipe.writers = pipe.writers.saturating_sub(1);
        if pipe.writers > 0 {
            return;
        }
        let waiting = std::mem::take(&mut pipe.waiting);
        self.wake_readers(waiting);
        self.drop_pipe(id);
    }

    fn drop_pipe(&mut self, id: PipeId) {
        if self.pipes.get(id).is_some_and(|p| p.readers == 0 && p.writers == 0) {
            self.pipes.remove(id);
        }
    }

    /// A pipe whose writing end is held by the kernel itself.
    pub(super) fn own_writer(&mut self) -> PipeId {
        let pipe = self.new_pipe();
        self.count_end(pipe, 0, 1);
        pipe
    }

    /// Whether anybody can still read from a pipe.
    pub(super) fn has_reader(&self, id: PipeId) -> bool {
        self.pipes.get(id).is_some_and(|p| p.readers > 0)
    }

    /// Ends the writing side of a connection.
    pub(super) fn shut_writing(&mut self, pid: Pid, fd: Fd) {
        let Ok(open) = self.open_id(pid, fd) else { return };
        if let Some(What::Socket { write, .. }) = self.what_mut(open)
            && let Some(pipe) = write.take()
        {
            self.close_writer(pipe);
        }
    }

    /// When a file was last looked at by `Time`, the moment of its last change (for `tail -f`).
    pub(super) fn size_of(&self, pid: Pid, fd: Fd) -> Option<(u64, Time)> {
        match self.what(pid, fd)? {
            What::File { fs, ino, .. } => {
                let inode = self.fss.get(*fs)?.get(*ino)?;
                let stat = inode.stat(*ino);
                Some((stat.size, stat.modified))
            }
            _ => None,
        }
    }
}

/// Where a read takes its bytes from.
enum Source {
    Nothing,
    Zero,
    Random(u64),
    File(FsId, Ino, usize),
    Text(Rc<Vec<u8>>, usize),
    Pipe(PipeId),
    Tty(TtyId),
    Follow,
    Unreadable,
}

/// Where a write puts its bytes.
enum Sink {
    Nowhere,
    Full,
    /// At this place, or at the end.
    File {
        fs: FsId,
        ino: Ino,
        at: Option<usize>,
    },
    Pipe(PipeId),
    Tty(TtyId),
    Keyboard(TtyId),
    Log(LogId, bool),
    Collect(Pid),
    Unwritable,
}

impl What {
    fn clone_for_read(&self) -> Source {
        match self {
            What::Null => Source::Nothing,
            What::Zero | What::Full => Source::Zero,
            What::Random(n) => Source::Random(*n),
            What::File { fs, ino, at, flags } if !flags.write => Source::File(*fs, *ino, *at),
            What::Text { text, at } => Source::Text(text.clone(), *at),
            What::PipeRead(pipe) | What::Socket { read: pipe, .. } => Source::Pipe(*pipe),
            What::Tty(tty) => Source::Tty(*tty),
            What::Follow { .. } => Source::Follow,
            _ => Source::Unreadable,
        }
    }

    fn clone_for_write(&self) -> Sink {
        match self {
            What::Null | What::Zero | What::Random(_) => Sink::Nowhere,
            What::Full => Sink::Full,
            What::File { fs, ino, at, flags } if flags.write => {
                let at = if flags.append { None } else { Some(*at) };
                Sink::File { fs: *fs, ino: *ino, at }
            }
            What::PipeWrite(pipe) | What::Socket { write: Some(pipe), .. } => Sink::Pipe(*pipe),
            What::Tty(tty) => Sink::Tty(*tty),
            What::Keyboard(tty) => Sink::Keyboard(*tty),
            What::Log { log, stderr } => Sink::Log(*log, *stderr),
            What::Collect(pid) => Sink::Collect(*pid),
            _ => Sink::Unwritable,
        }
    }
}

/// At most `max` bytes from `at` on.
fn slice(bytes: &[u8], at: usize, max: usize) -> Read {
    match bytes.get(at..) {
        None | Some([]) => Read::End,
        Some(rest) => Read::Data(rest[..rest.len().min(max)].to_vec()),
    }
}

/// The descriptor that `/dev/fd/3`, `/proc/self/fd/3` names.
fn own_descriptor(path: &str) -> Option<Fd> {
    let number = path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/"))?;
    number.parse().ok()
}
