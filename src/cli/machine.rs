//! A world with its learner's machine, driven command by command.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::path::Path;

use crate::base::time::{Span, Time};
use crate::catalog;
use crate::os::kernel::{StartSpec, Stdio, TtyId};
use crate::os::{Pid, Signal};
use crate::world::{Limit, Options, World, learner};

/// Virtual time after which a command that does not end is given up.
const PATIENCE: Span = Span::seconds(3600);

pub(super) struct Machine {
    pub(super) world: World,
    /// Exit codes of processes that have ended and that somebody here has started.
    exits: OrdMap<Pid, i32>,
}

/// A command that has been started.
#[derive(Clone, Copy)]
pub(super) struct Job {
    pid: Pid,
    tty: Option<TtyId>,
}

impl Machine {
    pub(super) fn new(options: &Options) -> Machine {
        Machine { world: catalog::world(options), exits: OrdMap::new() }
    }

    /// Copies a folder's files, and those of its folders, into the learner's home directory.
    pub(super) fn bring(&mut self, dir: &Path, below: &str) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
        let mut entries: Vec<_> =
            std::fs::read_dir(dir).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        entries.order_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.bring(&entry.path(), &format!("{name}/"))?;
            } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
                self.world.write_learner_file(&name, &text);
            }
        }
        Ok(())
    }

    /// Starts a command line in a new shell; with `tty` on a terminal, otherwise without one.
    pub(super) fn start(&mut self, command: &str, tty: bool) -> Job {
        let tty = tty.then(|| self.world.kernel.add_tty(80, 24));
        let argv = ["bash", "-c", command].map(str::to_owned).to_vec();
        let stdio = tty.map_or(Stdio::Collect, Stdio::Tty);
        let spec = StartSpec { argv, stdio, ..learner() };
        let pid = self
            .world
            .kernel
            .start(self.world.laptop, spec)
            .expect("the learner's machine has bash");
        self.world.settle();
        Job { pid, tty }
    }

    /// Lets events happen until the command has ended, `until` at the latest. Returns its exit code.
    pub(super) fn finish(&mut self, job: Job, until: Option<Time>) -> Option<i32> {
        let limit = until.unwrap_or(self.world.now() + PATIENCE);
        while !self.exits.contains_key(&job.pid) {
            let Some(next) = self.world.next_event().filter(|next| *next <= limit) else {
                self.sleep_until(limit);
                return None;
            };
            self.world.run(Limit { until: next, events: 1 });
            self.exits.extend(self.world.take_exits());
        }
        self.exits.remove(&job.pid)
    }

    /// What the command has written so far.
    pub(super) fn output(&mut self, job: Job) -> String {
        match job.tty {
            Some(tty) => {
                String::from_utf8_lossy(&self.world.kernel.tty_output(tty)).replace('\r', "")
            }
            None => self.world.kernel.output_of(job.pid),
        }
    }

    pub(super) fn type_in(&mut self, job: Job, text: &str) {
        if let Some(tty) = job.tty {
            self.world.kernel.tty_input(tty, text.as_bytes());
            self.world.settle();
        }
    }

    pub(super) fn interrupt(&mut self, job: Job) {
        match job.tty {
            Some(tty) => self.world.kernel.tty_input(tty, b"\x03"),
            // Without a terminal the signal goes to the whole group, as a shell's Ctrl-C does.
            None => self.world.kernel.kill_job(job.pid, Signal::Int),
        }
        self.world.settle();
    }

    /// Runs a command to its end: output and exit code.
    pub(super) fn run(&mut self, command: &str) -> (String, i32) {
        let job = self.start(command, false);
        let code = self.finish(job, None).unwrap_or(124);
        (self.output(job), code)
    }

    pub(super) fn sleep(&mut self, span: Span) {
        self.sleep_until(self.world.now() + span);
    }

    fn sleep_until(&mut self, until: Time) {
        self.world.run(Limit { until, events: u64::MAX });
        self.exits.extend(self.world.take_exits());
    }
}
