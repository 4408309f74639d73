//! The part of `/proc` that scripts and people look at.

use crate::os::kernel::Kernel;
use crate::os::{Errno, FileKind, Pid, ProcessInfo, Stat};

/// Files of the whole machine.
const FILES: [&str; 7] = ["cpuinfo", "loadavg", "meminfo", "mounts", "stat", "uptime", "version"];
/// Files of one process.
const OF_PROCESS: [&str; 5] = ["cmdline", "comm", "cwd", "environ", "status"];

/// What a path in `/proc` means.
enum Entry {
    Top,
    File(&'static str),
    Process,
    OfProcess(Pid, &'static str),
}

impl Kernel {
    /// `None` when the path is outside `/proc`; `Some(None)` when it is not there.
    fn proc_entry(&self, pid: Pid, path: &str) -> Option<Option<Entry>> {
        let rest = path.strip_prefix("/proc")?;
        if rest.is_empty() {
            return Some(Some(Entry::Top));
        }
        let rest = rest.strip_prefix('/')?;
        let (first, second) = rest.split_once('/').unwrap_or((rest, ""));
        let process = match first {
            "self" => Some(pid),
            number => number.parse().ok().and_then(|n: u32| self.global(pid, n)),
        };
        Some(match (process, second) {
            (Some(_), "") => Some(Entry::Process),
            (Some(process), name) => {
                OF_PROCESS.iter().find(|n| **n == name).map(|name| Entry::OfProcess(process, name))
            }
            (None, "") => FILES.iter().find(|n| **n == first).map(|name| Entry::File(name)),
            (None, _) => None,
        })
    }

    fn info(&self, pid: Pid) -> Option<ProcessInfo> {
        let machine = self.machine_of(pid)?;
        self.processes(machine).into_iter().find(|p| p.pid == pid)
    }

    /// The contents of a file in `/proc`; `None` when the path is elsewhere.
    pub(super) fn proc_file(&self, pid: Pid, path: &str) -> Option<Result<Vec<u8>, Errno>> {
        Some(match self.proc_entry(pid, path)? {
            None => Err(Errno::NotFound),
            Some(Entry::Top | Entry::Process) => Err(Errno::IsDirectory),
            Some(Entry::File(name)) => Ok(self.machine_file(pid, name).into_bytes()),
            Some(Entry::OfProcess(of, name)) => self.process_file(of, name),
        })
    }

    fn machine_file(&self, pid: Pid, name: &str) -> String {
        match name {
            "version" => "Linux version 6.8.0-generic (simulated) #1 SMP\n".to_owned(),
            "uptime" => {
                let up = (self.now - self.booted).as_seconds_f64();
                format!("{up:.2} {:.2}\n", up * 3.9)
            }
            "loadavg" => "0.08 0.03 0.01 1/97 42\n".to_owned(),
            "meminfo" => {
                "MemTotal:        8388608 kB\nMemFree:         6291456 kB\nMemAvailable:    7340032 kB\n\
                 Buffers:           65536 kB\nCached:          1048576 kB\nSwapTotal:             0 kB\n\
                 SwapFree:              0 kB\n"
                    .to_owned()
            }
            "cpuinfo" => (0..4)
                .map(|n| format!("processor\t: {n}\nmodel name\t: Simulated CPU\ncpu cores\t: 4\n\n"))
                .collect(),
            "mounts" => self.mounts(pid),
            _ => "cpu  100 0 100 100000 0 0 0 0 0 0\n".to_owned(),
        }
    }

    fn mounts(&self, pid: Pid) -> String {
        let machine = self.machine_of(pid).and_then(|m| self.machines.get(m));
        let mut text =
            String::from("overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid 0 0\n");
        for mount in machine.map(|m| m.mounts.as_slice()).unwrap_or_default() {
            let mode = if mount.read_only { "ro" } else { "rw" };
            text.push_str(&format!("/dev/vda1 {} ext4 {mode},relatime 0 0\n", mount.path));
        }
        text
    }

    fn process_file(&self, of: Pid, name: &str) -> Result<Vec<u8>, Errno> {
        let info = self.info(of).ok_or(Errno::NotFound)?;
        let proc = self.procs.get(of).ok_or(Errno::NotFound)?;
        let comm = info.argv.first().map_or("", |a| a.rsplit('/').next().unwrap_or(a));
        Ok(match name {
            "cmdline" => info.argv.iter().flat_map(|a| [a.as_bytes(), &[0]].concat()).collect(),
            "comm" => format!("{comm}\n").into_bytes(),
            "cwd" => proc.cwd.clone().into_bytes(),
            "environ" => proc
                .env
                .iter()
                .flat_map(|(key, value)| format!("{key}={value}\0").into_bytes())
                .collect(),
            _ => format!(
                "Name:\t{comm}\nState:\t{}\nPid:\t{}\nPPid:\t{}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n",
                match info.state {
                    'Z' => "Z (zombie)",
                    'T' => "T (stopped)",
                    'R' => "R (running)",
                    _ => "S (sleeping)",
                },
                info.shown,
                info.parent,
                uid = info.uid,
            )
            .into_bytes(),
        })
    }

    /// Facts about a path in `/proc`; `None` when it is elsewhere or not there.
    pub(super) fn proc_stat(&self, pid: Pid, path: &str) -> Option<Stat> {
        let (kind, mode) = match self.proc_entry(pid, path)?? {
            Entry::Top | Entry::Process => (FileKind::Directory, 0o555),
            Entry::File(_) | Entry::OfProcess(..) => (FileKind::File, 0o444),
        };
        let modified = self.booted;
        Some(Stat { kind, mode, uid: 0, gid: 0, size: 0, modified, inode: 1, links: 1 })
    }

    /// The names in a directory of `/proc`; `None` when the path is elsewhere.
    pub(super) fn proc_names(&self, pid: Pid, path: &str) -> Option<Vec<(String, FileKind)>> {
        match self.proc_entry(pid, path)?? {
            Entry::Top => {
                let machine = self.machine_of(pid)?;
                let processes = self.processes(machine).into_iter();
                let files = FILES.iter().map(|n| ((*n).to_owned(), FileKind::File));
                Some(
                    processes
                        .map(|p| (p.shown.to_string(), FileKind::Directory))
                        .chain(files)
                        .chain([("self".to_owned(), FileKind::Symlink)])
                        .collect(),
                )
            }
            Entry::Process => {
                Some(OF_PROCESS.iter().map(|n| ((*n).to_owned(), FileKind::File)).collect())
            }
            Entry::File(_) | Entry::OfProcess(..) => None,
        }
    }
}
