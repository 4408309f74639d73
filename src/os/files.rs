//! What processes do with paths: facts, directories, links, names, permissions.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::os::kernel::{Kernel, MachineId};
use crate::os::vfs::{self, Creds, Found, Inode, Node, Place, ROOT, Walk};
use crate::os::{Errno, FileKind, Pid, Stat};

impl Kernel {
    /// Follows a path on a machine.
    pub(super) fn find_on(
        &self,
        machine: MachineId,
        creds: &Creds,
        cwd: &str,
        path: &str,
        follow: bool,
    ) -> Result<Found, Errno> {
        let machine = self.machines.get(machine).ok_or(Errno::NotFound)?;
        let walk = Walk { fss: &self.fss, root: machine.root, mounts: &machine.mounts, creds, cwd };
        walk.find(path, follow)
    }

    /// Follows a path as a process sees it.
    pub(super) fn find(&self, pid: Pid, path: &str, follow: bool) -> Result<Found, Errno> {
        let proc = self.procs.get(pid).ok_or(Errno::NoProcess)?;
        self.find_on(proc.machine, &proc.creds, &proc.cwd, path, follow)
    }

    fn there(&self, pid: Pid, path: &str, follow: bool) -> Result<Place, Errno> {
        match self.find(pid, path, follow)? {
            Found::There(place) => Ok(place),
            Found::Free(..) => Err(Errno::NotFound),
        }
    }

    pub(super) fn inode(&self, place: &Place) -> Result<&Inode, Errno> {
        self.fss.get(place.fs).and_then(|fs| fs.get(place.ino)).ok_or(Errno::NotFound)
    }

    fn inode_mut(&mut self, place: &Place) -> Result<&mut Inode, Errno> {
        if place.read_only {
            return Err(Errno::ReadOnly);
        }
        self.fss.get_mut(place.fs).ok_or(Errno::NotFound)?.edit(place.ino)
    }

    pub(super) fn creds(&self, pid: Pid) -> Result<Creds, Errno> {
        self.procs.get(pid).map(|p| p.creds.clone()).ok_or(Errno::NoProcess)
    }

    /// Whether a process may change the names in a directory.
    pub(super) fn check_dir(&self, pid: Pid, dir: &Place) -> Result<(), Errno> {
        let inode = self.inode(dir)?;
        self.creds(pid)?.check(inode, vfs::WRITE | vfs::SEARCH)?;
        if dir.read_only { Err(Errno::ReadOnly) } else { Ok(()) }
    }

    /// An absolute path without `..`, by its text alone.
    pub(super) fn absolute(&self, pid: Pid, path: &str) -> String {
        vfs::absolute(self.procs.get(pid).map_or("/", |p| &p.cwd), path)
    }

    pub(super) fn stat(&self, pid: Pid, path: &str, follow: bool) -> Result<Stat, Errno> {
        if let Some(stat) = self.proc_stat(pid, &self.absolute(pid, path)) {
            return Ok(stat);
        }
        let place = self.there(pid, path, follow)?;
        Ok(self.inode(&place)?.stat(place.ino))
    }

    pub(super) fn read_dir(&self, pid: Pid, path: &str) -> Result<Vec<(String, FileKind)>, Errno> {
        if let Some(names) = self.proc_names(pid, &self.absolute(pid, path)) {
            return Ok(names);
        }
        let place = self.there(pid, path, true)?;
        let inode = self.inode(&place)?;
        if !inode.is_dir() {
            return Err(Errno::NotDirectory);
        }
        self.creds(pid)?.check(inode, vfs::READ)?;
        self.fss.get(place.fs).ok_or(Errno::NotFound)?.names(place.ino)
    }

    pub(super) fn read_whole(&self, pid: Pid, path: &str) -> Result<Vec<u8>, Errno> {
        if let Some(text) = self.proc_file(pid, &self.absolute(pid, path)) {
            return text;
        }
        let place = self.there(pid, path, true)?;
        let inode = self.inode(&place)?;
        self.creds(pid)?.check(inode, vfs::READ)?;
        match &inode.node {
            Node::File(bytes) => Ok(bytes.to_vec()),
            Node::Directory(_) => Err(Errno::IsDirectory),
            Node::Device(_) | Node::Link(_) => Ok(Vec::new()),
        }
    }

    pub(super) fn mkdir(&mut self, pid: Pid, path: &str, mode: u16) -> Result<(), Errno> {
        let Found::Free(dir, name) = self.find(pid, path, true)? else {
            return Err(Errno::Exists);
        };
        let owner = self.creds(pid)?;
        let node = Node::Directory(OrdMap::new());
        let inode = Inode::new(node, mode & !0o022, (owner.uid, owner.gid), self.now);
        self.create(pid, &dir, &name, inode).map(|_| ())
    }

    pub(super) fn symlink(&mut self, pid: Pid, target: &str, path: &str) -> Result<(), Errno> {
        let Found::Free(dir, name) = self.find(pid, path, false)? else {
            return Err(Errno::Exists);
        };
        let owner = self.creds(pid)?;
        let inode =
            Inode::new(Node::Link(Rc::from(target)), 0o777, (owner.uid, owner.gid), self.now);
        self.create(pid, &dir, &name, inode).map(|_| ())
    }

    pub(super) fn link(&mut self, pid: Pid, from: &str, path: &str) -> Result<(), Errno> {
        let place = self.there(pid, from, false)?;
        if self.inode(&place)?.is_dir() {
            return Err(Errno::NotPermitted);
        }
        let Found::Free(dir, name) = self.find(pid, path, false)? else {
            return Err(Errno::Exists);
        };
        if dir.fs != place.fs {
            return Err(Errno::CrossDevice);
        }
        self.check_dir(pid, &dir)?;
        let now = self.now;
        self.fss.get_mut(dir.fs).ok_or(Errno::NotFound)?.add_name(dir.ino, &name, place.ino, now)
    }

    pub(super) fn read_link(&self, pid: Pid, path: &str) -> Result<String, Errno> {
        let place = self.there(pid, path, false)?;
        match &self.inode(&place)?.node {
            Node::Link(target) => Ok(target.to_string()),
            _ => Err(Errno::Invalid),
        }
    }

    /// The directory that holds a place, and its name there.
    fn holder(&self, pid: Pid, place: &Place) -> Result<(Place, String), Errno> {
        let (parent, name) = place.path.rsplit_once('/').ok_or(Errno::Busy)?;
        let parent = if parent.is_empty() { "/" } else { parent };
        let holder = self.there(pid, parent, true)?;
        // A mount point belongs to the file system below it.
        if holder.fs != place.fs
            || self.fss.get(holder.fs).and_then(|fs| fs.lookup(holder.ino, name)) != Some(place.ino)
        {
            return Err(Errno::Busy);
        }
        Ok((holder, name.to_owned()))
    }

    /// Whether a process may take this name out of its directory (the sticky bit protects those of others).
    fn check_removal(&self, pid: Pid, holder: &Place, place: &Place) -> Result<(), Errno> {
        self.check_dir(pid, holder)?;
        let (dir, inode, creds) = (self.inode(holder)?, self.inode(place)?, self.creds(pid)?);
        let own = creds.uid == 0 || creds.uid == inode.uid || creds.uid == dir.uid;
        if dir.mode & 0o1000 != 0 && !own { Err(Errno::NotPermitted) } else { Ok(()) }
    }

    fn check_empty(&self, place: &Place) -> Result<(), Errno> {
        match &self.inode(place)?.node {
            Node::Directory(names) if !names.is_empty() => Err(Errno::NotEmpty),
            _ => Ok(()),
        }
    }

    pub(super) fn remove(&mut self, pid: Pid, path: &str) -> Result<(), Errno> {
        let place = self.there(pid, path, false)?;
        if place.ino == ROOT {
            return Err(Errno::Busy);
        }
        let (holder, name) = self.holder(pid, &place)?;
        self.check_removal(pid, &holder, &place)?;
        self.check_empty(&place)?;
        self.unlink(&holder, &name)
    }

    fn unlink(&mut self, holder: &Place, name: &str) -> Result<(), Errno> {
        let now = self.now;
        let fs = self.fss.get_mut(holder.fs).ok_or(Errno::NotFound)?;
        let ino = fs.remove_name(holder.ino, name, now)?;
        self.forget_inode(holder.fs, ino);
        Ok(())
    }

    pub(super) fn rename(&mut self, pid: Pid, from: &str, to: &str) -> Result<(), Errno> {
        let place = self.there(pid, from, false)?;
        let (holder, name) = self.holder(pid, &place)?;
        self.check_removal(pid, &holder, &place)?;
        let (dir, new_name) = match self.find(pid, to, false)? {
            Found::Free(dir, name) => (dir, name),
            Found::There(old) => {
                let (dir, name) = self.holder(pid, &old)?;
                if (old.fs, old.ino) == (place.fs, place.ino) {
                    return Ok(());
                }
                self.check_removal(pid, &dir, &old)?;
                match (self.inode(&place)?.is_dir(), self.inode(&old)?.is_dir()) {
                    (true, false) => return Err(Errno::NotDirectory),
                    (false, true) => return Err(Errno::IsDirectory),
                    _ => self.check_empty(&old)?,
                }
                (dir, name)
            }
        };
        if dir.fs != place.fs {
            return Err(Errno::CrossDevice);
        }
        let below = format!("{}/", place.path);
        if format!("{}/", dir.path).starts_with(&below) {
            return Err(Errno::Invalid);
        }
        self.check_dir(pid, &dir)?;
        let now = self.now;
        let target = self.fss.get(dir.fs).and_then(|fs| fs.lookup(dir.ino, &new_name));
        if target.is_some() {
            self.unlink(&dir, &new_name)?;
        }
        let fs = self.fss.get_mut(dir.fs).ok_or(Errno::NotFound)?;
        fs.move_name((holder.ino, &name), (dir.ino, &new_name), now)
    }

    pub(super) fn chmod(&mut self, pid: Pid, path: &str, mode: u16) -> Result<(), Errno> {
        let place = self.there(pid, path, true)?;
        let uid = self.creds(pid)?.uid;
        if uid != 0 && uid != self.inode(&place)?.uid {
            return Err(Errno::NotPermitted);
        }
        self.inode_mut(&place)?.mode = mode & 0o7777;
        Ok(())
    }

    pub(super) fn chown(&mut self, pid: Pid, path: &str, uid: u32, gid: u32) -> Result<(), Errno> {
        let place = self.there(pid, path, true)?;
        let creds = self.creds(pid)?;
        let inode = self.inode(&place)?;
        let own_group = gid == inode.gid || gid == creds.gid || creds.groups.contains(&gid);
        let allowed = creds.uid == 0 || creds.uid == inode.uid && uid == inode.uid && own_group;
        if !allowed {
            return Err(Errno::NotPermitted);
        }
        let inode = self.inode_mut(&place)?;
        (inode.uid, inode.gid) = (uid, gid);
        Ok(())
    }

    /// Sets a file's time to now.
    pub(super) fn set_modified(&mut self, pid: Pid, path: &str) -> Result<(), Errno> {
        let place = self.there(pid, path, true)?;
        let creds = self.creds(pid)?;
        let inode = self.inode(&place)?;
        if creds.uid != inode.uid {
            creds.check(inode, vfs::WRITE)?;
        }
        let now = self.now;
        self.inode_mut(&place)?.modified = now;
        Ok(())
    }

    pub(super) fn chdir(&mut self, pid: Pid, path: &str) -> Result<(), Errno> {
        let full = self.absolute(pid, path);
        let cwd = if self.proc_stat(pid, &full).is_some_and(|s| s.kind == FileKind::Directory) {
            full
        } else {
            let place = self.there(pid, path, true)?;
            let inode = self.inode(&place)?;
            if !inode.is_dir() {
                return Err(Errno::NotDirectory);
            }
            self.creds(pid)?.check(inode, vfs::SEARCH)?;
            if place.path.is_empty() { "/".to_owned() } else { place.path }
        };
        if let Some(proc) = self.procs.get_mut(pid) {
            proc.cwd = cwd;
        }
        Ok(())
    }
}
