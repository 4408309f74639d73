//! A terminal with its shell, and the typist who enters a lesson's lines.

use std::collections::VecDeque;

use crate::os::kernel::{MachineId, StartSpec, Stdio, TtyId};
use crate::os::{Kernel, Pid};
use crate::world::{World, learner};

/// The learner's shell.
const SHELL: &str = "bash";

#[derive(Clone)]
pub(super) struct Terminal {
    pub(super) tty: TtyId,
    shell: Option<Pid>,
    lines: VecDeque<String>,
}

impl Terminal {
    pub(super) fn open(world: &mut World) -> Terminal {
        let tty = world.kernel.add_tty(80, 24);
        let shell = start_shell(&mut world.kernel, world.laptop, tty);
        Terminal { tty, shell, lines: VecDeque::new() }
    }

    pub(super) fn close(self, kernel: &mut Kernel) {
        kernel.tty_hang_up(self.tty);
    }

    /// A shell that was left (`exit`, Ctrl-D) is followed by a new one.
    pub(super) fn reopen_if_ended(&mut self, kernel: &mut Kernel, laptop: MachineId) {
        if self.shell.is_none_or(|pid| kernel.machine_of(pid).is_none()) {
            self.shell = start_shell(kernel, laptop, self.tty);
        }
    }

    pub(super) fn running(&self, kernel: &Kernel) -> Option<String> {
        let argv = kernel.tty_foreground(self.tty)?;
        (argv != [SHELL]).then(|| argv.join(" "))
    }

    /// Queues lines; what runs in the foreground without reading is interrupted first.
    pub(super) fn type_lines(&mut self, kernel: &mut Kernel, command: &str) {
        if !kernel.tty_is_read(self.tty) {
            kernel.tty_input(self.tty, b"\x03");
        }
        self.lines = command.lines().map(str::to_owned).collect();
    }

    pub(super) fn stop(&mut self, kernel: &mut Kernel) {
        self.lines.clear();
        kernel.tty_input(self.tty, b"\x03");
    }

    /// Whether the shell waits for a command and nothing waits to be typed.
    pub(super) fn is_idle(&self, kernel: &Kernel) -> bool {
        self.lines.is_empty() && kernel.tty_is_read(self.tty) && self.running(kernel).is_none()
    }

    pub(super) fn is_typing(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Types the next line if somebody waits for it.
    pub(super) fn type_on(&mut self, kernel: &mut Kernel) {
        if kernel.tty_is_read(self.tty)
            && let Some(line) = self.lines.pop_front()
        {
            kernel.tty_input(self.tty, format!("{line}\r").as_bytes());
        }
    }
}

fn start_shell(kernel: &mut Kernel, laptop: MachineId, tty: TtyId) -> Option<Pid> {
    let spec = StartSpec { argv: vec![SHELL.to_owned()], stdio: Stdio::Tty(tty), ..learner() };
    // A login shell's name has a dash in front, by which no file is found.
    let program = kernel.catalog().program(SHELL.trim_start_matches('-'))?;
    kernel.start_process(laptop, spec.clone(), (program.start)(&spec.argv)).ok()
}
