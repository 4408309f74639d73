//! What those who sit before a terminal ask of the kernel.

use crate::os::fd::What;
use crate::os::kernel::{Kernel, StartSpec, TtyId};
use crate::os::{Attach, Pid, Signal};

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

    /// What a command beside a running one is started with: the same environment, directory and user.
    pub fn spec_beside(&self, pid: Pid) -> Option<StartSpec> {
        let proc = self.procs.get(pid)?;
        Some(StartSpec {
            env: (*proc.env).clone(),
            cwd: proc.cwd.clone(),
            uid: proc.creds.uid,
            gid: proc.creds.gid,
            groups: proc.creds.groups.to_vec(),
            ..StartSpec::default()
        })
    }

    /// The ends of a command that could not be started: only a `Status` to be read.
    pub fn refused(&mut self, caller: Pid, status: &str) -> Attach {
        let error = self.own_writer();
        let attach = Attach {
            stdin: None,
            stdout: None,
            stderr: None,
            error: self.add_fd(caller, What::PipeRead(error)),
        };
        self.write_pipe(error, status.as_bytes());
        self.close_writer(error);
        attach
    }
}
