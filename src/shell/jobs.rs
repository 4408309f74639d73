//! Jobs: the processes that the shell has started together, and what `jobs` says of them.

use super::Dialect;
use crate::base::sort::InOrder;
use crate::os::{Pid, Signal, Sys};

/// Ended jobs whose status is kept for `wait`.
const MAX_ENDED: usize = 100;

/// A process of a job.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) pid: Pid,
    /// Its number on this machine.
    pub(crate) shown: u32,
    /// Exit code, once it has ended.
    pub(crate) code: Option<i32>,
}

/// Processes started together.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// `%1`; 0 in the foreground.
    pub(crate) number: u32,
    pub(crate) members: Vec<Member>,
    /// Command line.
    pub(crate) text: String,
    pub(crate) stopped: bool,
    /// The person knows of its present state.
    pub(crate) told: bool,
}

/// The jobs that are not in the foreground.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    all: Vec<Job>,
    /// Numbers by how recently they were in hand; the last is `%+`.
    recent: Vec<u32>,
}

impl Job {
    pub(crate) fn new(text: &str) -> Job {
        Job { number: 0, members: Vec::new(), text: text.to_owned(), stopped: false, told: false }
    }

    pub(crate) fn add(&mut self, member: Member) {
        self.members.push(member);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.members.iter().all(|m| m.code.is_some())
    }

    /// Collects those of its processes that have ended.
    pub(crate) fn collect(&mut self, sys: &mut Sys) {
        for member in self.members.iter_mut().filter(|m| m.code.is_none()) {
            if let Some((_, code)) = sys.wait(Some(member.pid)) {
                member.code = Some(code);
                self.told = false;
            } else if !sys.processes().iter().any(|p| p.pid == member.pid) {
                member.code = Some(127);
            }
        }
    }

    /// The exit status: the last process's, or with `pipefail` the last that is not 0.
    pub(crate) fn status(&self, pipefail: bool) -> i32 {
        let codes = || self.members.iter().rev().map(|m| m.code.unwrap_or(0));
        let failed = if pipefail { codes().find(|code| *code != 0) } else { None };
        failed.or_else(|| codes().next()).unwrap_or(0)
    }

    /// The process group; the first process leads it.
    pub(crate) fn group(&self) -> Pid {
        self.members.first().map_or(0, |m| m.pid)
    }

    fn state(&self, dialect: Dialect) -> String {
        if !self.is_done() {
            return if self.stopped { "Stopped" } else { "Running" }.to_owned();
        }
        let code = self.status(false);
        let signal = match code - 128 {
            1 => "Hangup",
            3 => "Quit",
            2 => "Interrupt",
            9 => "Killed",
            15 => "Terminated",
            _ => "",
        };
        match (code, signal, dialect) {
            (0, ..) => "Done".to_owned(),
            (_, "", Dialect::Bash) => format!("Exit {code}"),
            (_, "", _) => format!("Done({code})"),
            (_, signal, _) => signal.to_owned(),
        }
    }
}

impl Jobs {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.all.iter()
    }

    /// Takes a job in; it gets the number behind the highest one in use.
    pub(crate) fn add(&mut self, mut job: Job) -> u32 {
        if job.number == 0 {
            let live = self.all.iter().filter(|j| !(j.is_done() && j.told));
            job.number = live.map(|j| j.number).max().unwrap_or(0) + 1;
        }
        let number = job.number;
        self.all.retain(|other| other.number != number);
        self.touch(number);
        self.all.push(job);
        self.all.order_by_key(|job| job.number);
        if self.all.len() > MAX_ENDED
            && let Some(at) = self.all.iter().position(Job::is_done)
        {
            self.all.remove(at);
        }
        number
    }

    fn touch(&mut self, number: u32) {
        self.recent.retain(|n| *n != number);
        self.recent.push(number);
    }

    /// Takes a job out, for the foreground.
    pub(crate) fn take(&mut self, number: u32) -> Option<Job> {
        let at = self.all.iter().position(|job| job.number == number)?;
        self.recent.retain(|n| *n != number);
        Some(self.all.remove(at))
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Job> {
        self.touch(number);
        self.all.iter_mut().find(|job| job.number == number)
    }

    /// A job, without bringing it into hand.
    pub(crate) fn get_told(&mut self, number: u32) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.number == number)
    }

    pub(crate) fn collect(&mut self, sys: &mut Sys) {
        for job in &mut self.all {
            job.collect(sys);
        }
    }

    pub(crate) fn mark_stopped(&mut self, pid: Pid) {
        for job in &mut self.all {
            if job.members.iter().any(|m| m.pid == pid) {
                job.stopped = true;
                job.told = false;
            }
        }
    }

    pub(crate) fn any_stopped(&self) -> bool {
        self.all.iter().any(|job| job.stopped && !job.is_done())
    }

    /// The job that `%1`, `%+`, `%-`, `%%`, `%text`, `%?text` or a number names; the current one without a name.
    pub(crate) fn find(&self, spec: Option<&str>) -> Option<u32> {
        let live =
            |n: &&u32| self.all.iter().any(|job| job.number == **n && !(job.is_done() && job.told));
        let mut recent = self.recent.iter().rev().filter(live);
        let Some(spec) = spec else { return recent.next().copied() };
        let text = spec.strip_prefix('%').unwrap_or(spec);
        match text {
            "" | "+" | "%" => recent.next().copied(),
            "-" => recent.nth(1).copied(),
            _ => {
                let by_number: Option<u32> = text.parse().ok();
                let matches = |job: &&Job| match (by_number, text.strip_prefix('?')) {
                    (Some(number), _) => job.number == number,
                    (None, Some(part)) => job.text.contains(part),
                    (None, None) => job.text.starts_with(text),
                };
                self.all.iter().find(matches).map(|job| job.number)
            }
        }
    }

    /// The line that `jobs` prints for a job.
    pub(crate) fn line(&self, number: u32, dialect: Dialect) -> String {
        self.long_line(number, dialect, false)
    }

    /// The same, with process numbers if asked for (`jobs -l`).
    pub(crate) fn long_line(&self, number: u32, dialect: Dialect, long: bool) -> String {
        let Some(job) = self.all.iter().find(|job| job.number == number) else {
            return String::new();
        };
        let mark = if self.find(None) == Some(number) {
            '+'
        } else if self.find(Some("%-")) == Some(number) {
            '-'
        } else {
            ' '
        };
        let pid = if long {
            job.members.first().map(|m| format!("{} ", m.shown)).unwrap_or_default()
        } else {
            String::new()
        };
        let (state, text) = (job.state(dialect), &job.text);
        if dialect.is_bash() {
            let tail = if job.is_done() || job.stopped { "" } else { " &" };
            format!("[{number}]{mark}  {pid}{state:<24}{text}{tail}\n")
        } else {
            let head =
                format!("[{number}] {mark} ").replace(&format!("] {mark}"), &format!("]{mark} "));
            let head = format!("{head}{pid}{state}");
            format!("{head:<33}{text}\n")
        }
    }

    /// Lines for the jobs that have ended or stopped unnoticed; ended ones are forgotten.
    pub(crate) fn news(&mut self, dialect: Dialect) -> Vec<String> {
        let news: Vec<u32> = self
            .all
            .iter()
            .filter(|job| !job.told && (job.is_done() || job.stopped))
            .map(|job| job.number)
            .collect();
        let lines = news.iter().map(|number| self.line(*number, dialect)).collect();
        for job in self.all.iter_mut().filter(|job| news.contains(&job.number)) {
            job.told = true;
        }
        self.forget_told();
        lines
    }

    /// Forgets ended jobs of which the person knows.
    pub(crate) fn forget_told(&mut self) {
        self.all.retain(|job| !(job.is_done() && job.told));
        let all = &self.all;
        self.recent.retain(|n| all.iter().any(|job| job.number == *n));
    }

    /// The shell ends because its terminal is gone or the person leaves: stopped jobs get SIGHUP.
    pub(crate) fn hang_up(&self, sys: &mut Sys) {
        for job in self.all.iter().filter(|job| job.stopped && !job.is_done()) {
            for signal in [Signal::Hup, Signal::Cont] {
                // They may have ended meanwhile.
                let _ = sys.kill_group(job.group(), signal);
            }
        }
    }
}
