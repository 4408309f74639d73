//! Connections between processes: listeners by address and port, byte streams in both directions.

use crate::os::fd::{OpenId, What};
use crate::os::kernel::{Kernel, MachineId};
use crate::os::{Errno, Fd, Outside, Pid};

/// Most connections that wait to be accepted.
const BACKLOG: usize = 511;

/// A port that is listened on.
#[derive(Clone)]
pub(super) struct Listener {
    net: String,
    port: u16,
    /// Connections not yet accepted.
    backlog: Vec<Pending>,
    pub(super) waiting: Vec<Pid>,
}

/// A connection seen from the listening side.
#[derive(Clone)]
struct Pending {
    open: OpenId,
    peer: String,
}

impl Kernel {
    /// What machines of one pod share: their address; a machine without one is alone.
    fn net_of(&self, machine: MachineId) -> String {
        match self.machines.get(machine) {
            Some(m) if !m.address.is_empty() => m.address.to_string(),
            _ => format!("machine-{machine}"),
        }
    }

    pub(super) fn listen(&mut self, pid: Pid, port: u16) -> Result<Fd, Errno> {
        let machine = self.machine_of(pid).ok_or(Errno::NoProcess)?;
        let net = self.net_of(machine);
        if self.ports.contains_key(&(net.clone(), port)) {
            return Err(Errno::AddressInUse);
        }
        let listener =
            Listener { net: net.clone(), port, backlog: Vec::new(), waiting: Vec::new() };
        let id = self.listeners.add(listener);
        std::rc::Rc::make_mut(&mut self.ports).insert((net, port), id);
        Ok(self.add_fd(pid, What::Listener(id)))
    }

    pub(super) fn connect(
        &mut self,
        outside: &mut dyn Outside,
        pid: Pid,
        address: &str,
        port: u16,
    ) -> Result<Fd, Errno> {
        let machine = self.machine_of(pid).ok_or(Errno::NoProcess)?;
        let own = self.net_of(machine);
        let local = address.starts_with("127.") || address == "::1" || address == "0.0.0.0";
        let (net, port, from) = if local {
            (own, port, "127.0.0.1".to_owned())
        } else {
            let (to, port) = outside.route(self, machine, address, port)?;
            (to, port, own)
        };
        let id = *self.ports.get(&(net, port)).ok_or(Errno::Refused)?;
        if self.listeners.get(id).is_none_or(|l| l.backlog.len() >= BACKLOG) {
            return Err(Errno::TimedOut);
        }
        let (up, down) = (self.new_pipe(), self.new_pipe());
        let fd = self.add_fd(pid, What::Socket { read: down, write: Some(up) });
        // The far side's ends count from now on, so that nothing written early is lost.
        let far = self.new_open(What::Socket { read: up, write: Some(down) });
        self.retain(far);
        if let Some(listener) = self.listeners.get_mut(id) {
            listener.backlog.push(Pending { open: far, peer: from });
            let waiting = std::mem::take(&mut listener.waiting);
            self.wake_readers(waiting);
        }
        Ok(fd)
    }

    pub(super) fn accept(&mut self, pid: Pid, fd: Fd) -> Option<(Fd, String)> {
        let What::Listener(id) = *self.what(pid, fd)? else { return None };
        if self.listeners.get(id)?.backlog.is_empty() {
            return None;
        }
        let pending = self.listeners.get_mut(id)?.backlog.remove(0);
        let fd = self.place(pid, pending.open, 0);
        self.release(pending.open);
        Some((fd, pending.peer))
    }

    pub(super) fn has_connection(&self, id: u32) -> bool {
        self.listeners.get(id).is_none_or(|l| !l.backlog.is_empty())
    }

    pub(super) fn close_listener(&mut self, id: u32) {
        let Some(listener) = self.listeners.remove(id) else { return };
        std::rc::Rc::make_mut(&mut self.ports).remove(&(listener.net, listener.port));
        for pending in listener.backlog {
            self.release(pending.open);
        }
    }

    /// Whether something listens at this address and port.
    pub fn is_listening(&self, address: &str, port: u16) -> bool {
        self.ports.contains_key(&(address.to_owned(), port))
    }
}
