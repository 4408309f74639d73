//! File systems: inodes over a shared, read-only base, and the walk from a path to an inode.

use crate::base::ordered::OrdMap;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::base::time::Time;
use crate::os::kernel::FsId;
use crate::os::table::Table;
use crate::os::{Errno, FileKind, ImageFile, Stat};

/// Number of an inode within its file system.
pub(super) type Ino = u32;

/// The root directory of every file system.
pub(super) const ROOT: Ino = 1;

/// Most bytes that one file holds.
pub(super) const MAX_FILE: usize = 8 << 20;
/// Most bytes that the files written to one file system hold together.
const MAX_FS: u64 = 64 << 20;
/// Most inodes made in one file system.
const MAX_INODES: usize = 20_000;
/// Most symbolic links followed on one walk.
const MAX_LINKS: u32 = 40;

/// What a file that stands for a program starts with; the program's name follows.
pub(super) const PROGRAM_MAGIC: &[u8] = b"\x7fELF\x02\x01\x01\x00program:";

/// The devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    Null,
    Zero,
    Full,
    Random,
    /// The terminal of the process.
    Tty,
    /// One of the process's own descriptors: `/dev/stdout`.
    Descriptor(u32),
}

/// What an inode holds.
#[derive(Clone)]
pub(super) enum Node {
    File(Rc<Vec<u8>>),
    Directory(OrdMap<Rc<str>, Ino>),
    Link(Rc<str>),
    Device(Device),
}

/// A file, directory, link or device.
#[derive(Clone)]
pub(super) struct Inode {
    pub(super) node: Node,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) modified: Time,
    /// How many names lead to it.
    pub(super) names: u32,
}

impl Inode {
    pub(super) fn new(node: Node, mode: u16, owner: (u32, u32), modified: Time) -> Inode {
        Inode { node, mode, uid: owner.0, gid: owner.1, modified, names: 1 }
    }

    pub(super) fn is_dir(&self) -> bool {
        matches!(self.node, Node::Directory(_))
    }

    pub(super) fn kind(&self) -> FileKind {
        match self.node {
            Node::File(_) => FileKind::File,
            Node::Directory(_) => FileKind::Directory,
            Node::Link(_) => FileKind::Symlink,
            Node::Device(_) => FileKind::Device,
        }
    }

    fn size(&self) -> u64 {
        match &self.node {
            Node::File(bytes) => bytes.len() as u64,
            Node::Directory(_) => 4096,
            Node::Link(target) => target.len() as u64,
            Node::Device(_) => 0,
        }
    }

    pub(super) fn stat(&self, ino: Ino) -> Stat {
        Stat {
            kind: self.kind(),
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            size: self.size(),
            modified: self.modified,
            inode: u64::from(ino),
            links: match &self.node {
                Node::Directory(_) => 2,
                _ => self.names,
            },
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Creds {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Supplementary groups.
    pub(super) groups: Rc<[u32]>,
}

/// Read permission.
pub(super) const READ: u16 = 4;
/// Write permission.
pub(super) const WRITE: u16 = 2;
/// Permission to run a file or search a directory.
pub(super) const SEARCH: u16 = 1;

impl Creds {
    /// The root user.
    pub(super) fn root() -> Creds {
        Creds::default()
    }

    /// Whether all of these permission bits (4 read, 2 write, 1 search) are granted.
    pub(super) fn may(&self, inode: &Inode, bits: u16) -> bool {
        if self.uid == 0 {
            return true;
        }
        let shift = if self.uid == inode.uid {
            6
        } else if self.gid == inode.gid || self.groups.contains(&inode.gid) {
            3
        } else {
            0
        };
        (inode.mode >> shift) & bits == bits
    }

    pub(super) fn check(&self, inode: &Inode, bits: u16) -> Result<(), Errno> {
        if self.may(inode, bits) { Ok(()) } else { Err(Errno::Access) }
    }
}

/// A file system.
#[derive(Clone)]
pub(super) struct Fs {
    /// Inodes of an image, shared by all that use it.
    base: Option<Rc<OrdMap<Ino, Inode>>>,
    /// Inodes made or changed here.
    own: OrdMap<Ino, Inode>,
    next: Ino,
    used: u64,
}

impl Fs {
    /// An empty file system whose root has this mode and group.
    pub(super) fn new(mode: u16, gid: u32, now: Time) -> Fs {
        let root = Inode::new(Node::Directory(OrdMap::new()), mode, (0, gid), now);
        Fs { base: None, own: OrdMap::from([(ROOT, root)]), next: ROOT + 1, used: 0 }
    }

    /// A file system that starts as the contents of an image.
    pub(super) fn over(base: Rc<OrdMap<Ino, Inode>>) -> Fs {
        let next = base.last_key_value().map_or(ROOT, |(ino, _)| *ino) + 1;
        Fs { base: Some(base), own: OrdMap::new(), next, used: 0 }
    }

    /// Its inodes, to be the base of others.
    pub(super) fn into_base(self) -> Rc<OrdMap<Ino, Inode>> {
        Rc::new(self.own)
    }

    pub(super) fn get(&self, ino: Ino) -> Option<&Inode> {
        self.own.get(&ino).or_else(|| self.base.as_ref()?.get(&ino))
    }

    /// An inode to be changed; it is copied out of the base first.
    pub(super) fn edit(&mut self, ino: Ino) -> Result<&mut Inode, Errno> {
        if !self.own.contains_key(&ino) {
            let copy = self.get(ino).ok_or(Errno::NotFound)?.clone();
            self.own.insert(ino, copy);
        }
        self.own.get_mut(&ino).ok_or(Errno::NotFound)
    }

    fn dir(&self, ino: Ino) -> Result<&OrdMap<Rc<str>, Ino>, Errno> {
        match &self.get(ino).ok_or(Errno::NotFound)?.node {
            Node::Directory(names) => Ok(names),
            _ => Err(Errno::NotDirectory),
        }
    }

    fn dir_mut(&mut self, ino: Ino, now: Time) -> Result<&mut OrdMap<Rc<str>, Ino>, Errno> {
        let inode = self.edit(ino)?;
        inode.modified = now;
        match &mut inode.node {
            Node::Directory(names) => Ok(names),
            _ => Err(Errno::NotDirectory),
        }
    }

    pub(super) fn lookup(&self, dir: Ino, name: &str) -> Option<Ino> {
        self.dir(dir).ok()?.get(name).copied()
    }

    pub(super) fn names(&self, dir: Ino) -> Result<Vec<(String, FileKind)>, Errno> {
        let entry = |(name, ino): (&Rc<str>, &Ino)| {
            let kind = self.get(*ino).map_or(FileKind::File, Inode::kind);
            (name.to_string(), kind)
        };
        Ok(self.dir(dir)?.iter().map(entry).collect())
    }

    /// Puts a new inode into a directory.
    pub(super) fn create(
        &mut self,
        dir: Ino,
        name: &str,
        mut inode: Inode,
        now: Time,
    ) -> Result<Ino, Errno> {
        if self.own.len() >= MAX_INODES {
            return Err(Errno::NoSpace);
        }
        let parent = self.get(dir).ok_or(Errno::NotFound)?;
        if parent.mode & 0o2000 != 0 {
            inode.gid = parent.gid;
            if inode.is_dir() {
                inode.mode |= 0o2000;
            }
        }
        let ino = self.next;
        self.dir_mut(dir, now)?.insert(Rc::from(name), ino);
        self.next += 1;
        self.own.insert(ino, inode);
        Ok(ino)
    }

    /// Gives an inode one more name.
    pub(super) fn add_name(
        &mut self,
        dir: Ino,
        name: &str,
        ino: Ino,
        now: Time,
    ) -> Result<(), Errno> {
        self.dir_mut(dir, now)?.insert(Rc::from(name), ino);
        self.edit(ino)?.names += 1;
        Ok(())
    }

    /// Takes a name away and returns the inode that it led to, which may now be without a name.
    pub(super) fn remove_name(&mut self, dir: Ino, name: &str, now: Time) -> Result<Ino, Errno> {
        let ino = self.dir_mut(dir, now)?.remove(name).ok_or(Errno::NotFound)?;
        let inode = self.edit(ino)?;
        inode.names = inode.names.saturating_sub(1);
        Ok(ino)
    }

    /// Moves a name to another directory.
    pub(super) fn move_name(
        &mut self,
        from: (Ino, &str),
        to: (Ino, &str),
        now: Time,
    ) -> Result<(), Errno> {
        let ino = self.dir_mut(from.0, now)?.remove(from.1).ok_or(Errno::NotFound)?;
        self.dir_mut(to.0, now)?.insert(Rc::from(to.1), ino);
        Ok(())
    }

    /// Frees an inode that has no name and that nobody has open.
    pub(super) fn drop_unnamed(&mut self, ino: Ino) {
        let Some(inode) = self.get(ino) else { return };
        if inode.names > 0 {
            return;
        }
        let size = inode.size();
        if matches!(inode.node, Node::File(_)) {
            self.used = self.used.saturating_sub(size);
        }
        self.own.remove(&ino);
    }

    /// The contents of a regular file.
    pub(super) fn contents(&self, ino: Ino) -> Result<&Rc<Vec<u8>>, Errno> {
        match &self.get(ino).ok_or(Errno::NotFound)?.node {
            Node::File(bytes) => Ok(bytes),
            Node::Directory(_) => Err(Errno::IsDirectory),
            _ => Err(Errno::Invalid),
        }
    }

    /// Writes into a regular file at a position, filling a gap with zeros.
    pub(super) fn write_at(
        &mut self,
        ino: Ino,
        at: usize,
        bytes: &[u8],
        now: Time,
    ) -> Result<(), Errno> {
        let old = self.contents(ino)?.len();
        let end = at.saturating_add(bytes.len());
        if end > MAX_FILE {
            return Err(Errno::FileTooBig);
        }
        let more = end.saturating_sub(old) as u64;
        if self.used + more > MAX_FS {
            return Err(Errno::NoSpace);
        }
        self.used += more;
        let inode = self.edit(ino)?;
        inode.modified = now;
        if let Node::File(contents) = &mut inode.node {
            let contents = Rc::make_mut(contents);
            if contents.len() < end {
                contents.resize(end, 0);
            }
            contents[at..end].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Cuts a regular file to nothing.
    pub(super) fn truncate(&mut self, ino: Ino, now: Time) -> Result<(), Errno> {
        let old = self.contents(ino)?.len() as u64;
        let was_own = self.own.contains_key(&ino);
        let inode = self.edit(ino)?;
        inode.modified = now;
        inode.node = Node::File(Rc::default());
        if was_own {
            self.used = self.used.saturating_sub(old);
        }
        Ok(())
    }

    /// Bytes in files that were written here.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// The directory at a path below the root, made when absent; other things on the way are an error.
    pub(super) fn make_dirs(&mut self, path: &str, mode: u16, now: Time) -> Result<Ino, Errno> {
        let mut dir = ROOT;
        for name in path.split('/').filter(|n| !n.is_empty() && *n != ".") {
            dir = match self.lookup(dir, name) {
                Some(ino) => ino,
                None => {
                    let inode = Inode::new(Node::Directory(OrdMap::new()), mode, (0, 0), now);
                    self.create(dir, name, inode, now)?
                }
            };
        }
        Ok(dir)
    }

    /// Puts a file at a path below the root, replacing what is there.
    pub(super) fn put(&mut self, path: &str, inode: Inode, now: Time) -> Result<Ino, Errno> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let dir = self.make_dirs(dir, 0o755, now)?;
        self.create(dir, name, inode, now)
    }

    /// The inode at a plain path below the root (no links are followed).
    pub(super) fn at(&self, path: &str) -> Option<Ino> {
        path.split('/')
            .filter(|n| !n.is_empty() && *n != ".")
            .try_fold(ROOT, |dir, name| self.lookup(dir, name))
    }

    /// All regular files below the root: (path, contents).
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut open = vec![(String::new(), ROOT)];
        while let Some((path, ino)) = open.pop() {
            match self.get(ino).map(|i| &i.node) {
                Some(Node::File(bytes)) => found.push((path, bytes.to_vec())),
                Some(Node::Directory(names)) => {
                    open.extend(names.iter().rev().map(|(name, ino)| {
                        let slash = if path.is_empty() { "" } else { "/" };
                        (format!("{path}{slash}{name}"), *ino)
                    }));
                }
                _ => {}
            }
        }
        found
    }

    /// Lays an image's files over what is there. Those below `/home` belong to the image's user.
    pub(super) fn lay(&mut self, files: &[ImageFile], user: u32, now: Time) {
        for file in files {
            let owner = |path: &str| if path.starts_with("/home/") { (user, user) } else { (0, 0) };
            let (path, node, mode) = match *file {
                ImageFile::Directory(path, mode) => {
                    if let Ok(inode) = self.make_dirs(path, mode, now).and_then(|i| self.edit(i)) {
                        inode.mode = mode;
                        (inode.uid, inode.gid) = owner(path);
                    }
                    continue;
                }
                ImageFile::Text(path, mode, text) => {
                    (path, Node::File(Rc::new(text.as_bytes().to_vec())), mode)
                }
                ImageFile::Program(path, name) => {
                    let bytes = [PROGRAM_MAGIC, name.as_bytes(), b"\n"].concat();
                    (path, Node::File(Rc::new(bytes)), 0o755)
                }
                ImageFile::Link(path, target) => (path, Node::Link(Rc::from(target)), 0o777),
            };
            // An image's own table is checked by the tests; what cannot be laid is left out.
            let _ = self.put(path, Inode::new(node, mode, owner(path), now), now);
        }
    }
}

/// A file system seen at a path of a machine.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    /// Where, absolute, without a slash at its end.
    pub(super) path: String,
    pub(super) fs: FsId,
    /// What of it is seen there.
    pub(super) top: Ino,
    pub(super) read_only: bool,
}

/// An existing file on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) fs: FsId,
    pub(super) ino: Ino,
    pub(super) read_only: bool,
    /// Its absolute path, free of links; "" for the root.
    pub(super) path: String,
}

/// Where a path leads.
pub(super) enum Found {
    /// To this.
    There(Place),
    /// Nowhere, but the directory exists in which it would be.
    Free(Place, String),
}

/// What a walk starts from.
pub(super) struct Walk<'a> {
    pub(super) fss: &'a Table<Fs>,
    pub(super) root: FsId,
    pub(super) mounts: &'a [Mount],
    pub(super) creds: &'a Creds,
    pub(super) cwd: &'a str,
}

impl<'a> Walk<'a> {
    fn inode(&self, place: &Place) -> Result<&'a Inode, Errno> {
        self.fss.get(place.fs).and_then(|fs| fs.get(place.ino)).ok_or(Errno::NotFound)
    }

    /// What the name leads to in a directory, with a file system mounted there preferred.
    fn child(&self, dir: &Place, name: &str) -> Option<Place> {
        let path = format!("{}/{name}", dir.path);
        if let Some(mount) = self.mounts.iter().rev().find(|m| m.path == path) {
            let (fs, ino, read_only) = (mount.fs, mount.top, mount.read_only);
            return Some(Place { fs, ino, read_only, path });
        }
        let ino = self.fss.get(dir.fs)?.lookup(dir.ino, name)?;
        Some(Place { fs: dir.fs, ino, read_only: dir.read_only, path })
    }

    /// Follows a path. `follow` looks through a last symbolic link.
    pub(super) fn find(&self, path: &str, follow: bool) -> Result<Found, Errno> {
        if path.is_empty() {
            return Err(Errno::NotFound);
        }
        let mut todo: VecDeque<String> = VecDeque::new();
        if !path.starts_with('/') {
            todo.extend(parts(self.cwd));
        }
        todo.extend(parts(path));
        let want_dir = path.ends_with('/') || path.ends_with("/.");
        let root = Place { fs: self.root, ino: ROOT, read_only: false, path: String::new() };
        let mut stack = vec![root.clone()];
        let mut links = 0;
        while let Some(name) = todo.pop_front() {
            if name == ".." {
                if stack.len() > 1 {
                    stack.pop();
                }
                continue;
            }
            let dir = stack.last().cloned().unwrap_or_else(|| root.clone());
            let inode = self.inode(&dir)?;
            if !inode.is_dir() {
                return Err(Errno::NotDirectory);
            }
            self.creds.check(inode, SEARCH)?;
            if name.len() > 255 {
                return Err(Errno::NameTooLong);
            }
            let Some(child) = self.child(&dir, &name) else {
                if todo.is_empty() {
                    return Ok(Found::Free(dir, name));
                }
                return Err(Errno::NotFound);
            };
            if let Node::Link(target) = &self.inode(&child)?.node
                && (follow || want_dir || !todo.is_empty())
            {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::TooManyLinks);
                }
                if target.starts_with('/') {
                    stack.truncate(1);
                }
                for part in parts(target).collect::<Vec<_>>().into_iter().rev() {
                    todo.push_front(part);
                }
                continue;
            }
            stack.push(child);
        }
        let place = stack.pop().unwrap_or(root);
        if want_dir && !self.inode(&place)?.is_dir() {
            return Err(Errno::NotDirectory);
        }
        Ok(Found::There(place))
    }
}

/// The names in a path, without empty ones and `.`.
fn parts(path: &str) -> impl Iterator<Item = String> {
    path.split('/').filter(|n| !n.is_empty() && *n != ".").map(str::to_owned)
}

/// An absolute path with `.` and `..` taken out of the text, `/` for the root.
pub(super) fn absolute(cwd: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut names: Vec<&str> = Vec::new();
    for name in whole.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}
