//! What those who sit before a terminal ask of the kernel.

use crate::os::kernel::{Kernel, TtyId};
use crate::os::{Pid, Signal};

impl Kernel {
    /// The command line of a process; "" when it is gone.
    pub fn command_line(&self, pid: Pid) -> String {
        self.procs.get(pid).map(|proc| proc.argv.join(" ")).unwrap_or_default()
    }

    /// Whether somebody waits for what is typed next.
    pub fn tty_is_read(&self, tty: TtyId) -> bool {
        let Some(tty) = self.ttys.get(tty) else { return false };
        tty.is_drained() && tty.waiting.iter().any(|pid| self.procs.get(*pid).is_some())
    }

    /// Closes a terminal: its programs get SIGHUP.
    pub fn tty_hang_up(&mut self, tty: TtyId) {
        self.hang_up(tty);
    }

    /// Sends a signal to a process and to all that belong to its group.
    pub fn kill_job(&mut self, pid: Pid, signal: Signal) {
        let Some(group) = self.procs.get(pid).map(|proc| proc.group) else { return };
        self.post_group(group, signal);
    }
}
