//! Container logs: lines with their time and stream, and readers that follow them.
//! Upstream: pkg/kubelet/kuberuntime/logs. Simplified: kept by count of lines, not rotated by size.

use crate::base::time::Time;
use crate::os::fd::{OpenId, PipeId, What};
use crate::os::kernel::{Kernel, LogId};
use crate::os::{Pid, Read};

/// Most lines kept.
const MAX_LINES: usize = 10_000;
/// How many more may gather before the oldest are dropped together.
const SLACK: usize = 1_000;
/// Longer lines are cut, as container runtimes do.
const MAX_LINE: usize = 16 << 10;

/// One line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Time,
    /// Whether it came over standard error.
    pub stderr: bool,
    /// The line without its newline.
    pub text: String,
}

/// A container's log.
#[derive(Clone, Default)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    /// How many lines were dropped at the front.
    dropped: usize,
    /// Unfinished lines of standard output and error.
    open: [Vec<u8>; 2],
    /// Pipes that get a copy of the bytes: (standard error, pipe).
    taps: Vec<(bool, PipeId)>,
    pub(super) waiting: Vec<Pid>,
    ended: bool,
}

impl Log {
    fn push(&mut self, at: Time, stderr: bool, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.lines.push(LogLine { at, stderr, text });
        if self.lines.len() > MAX_LINES + SLACK {
            let over = self.lines.len() - MAX_LINES;
            self.lines.drain(..over);
            self.dropped += over;
        }
    }

    fn take_in(&mut self, at: Time, stderr: bool, bytes: &[u8]) {
        for &byte in bytes {
            let open = &mut self.open[usize::from(stderr)];
            if byte != b'\n' {
                open.push(byte);
                if open.len() < MAX_LINE {
                    continue;
                }
            }
            let line = std::mem::take(open);
            self.push(at, stderr, &line);
        }
    }

    fn finish(&mut self, at: Time) {
        for stderr in [false, true] {
            let line = std::mem::take(&mut self.open[usize::from(stderr)]);
            if !line.is_empty() {
                self.push(at, stderr, &line);
            }
        }
        self.ended = true;
    }
}

impl Kernel {
    /// Makes an empty log.
    pub fn add_log(&mut self) -> LogId {
        self.logs.add(Log::default())
    }

    /// Forgets a log.
    pub fn remove_log(&mut self, log: LogId) {
        self.end_log(log);
        self.logs.remove(log);
    }

    /// Appends a line to a log from outside (a stand-in's notice).
    pub fn log_line(&mut self, log: LogId, text: &str) {
        self.write_log(log, false, format!("{text}\n").as_bytes());
    }

    /// The lines of a log, oldest first; empty for a log that is gone.
    pub fn log_lines(&self, log: LogId) -> &[LogLine] {
        self.logs.get(log).map_or(&[], |log| &log.lines)
    }

    /// A descriptor of `caller` from which the log's lines from index `from` on can be read, as they are written.
    /// It ends when the log is removed or its machine's main process has ended.
    pub fn follow_log(&mut self, caller: Pid, log: LogId, from: usize, timestamps: bool) -> u32 {
        let next = self.logs.get(log).map_or(0, |l| l.dropped + from);
        self.add_fd(caller, What::Follow { log, next, timestamps, rest: Vec::new() })
    }

    pub(super) fn write_log(&mut self, id: LogId, stderr: bool, bytes: &[u8]) {
        let now = self.now;
        let Some(log) = self.logs.get_mut(id) else { return };
        log.take_in(now, stderr, bytes);
        let waiting = std::mem::take(&mut log.waiting);
        let taps: Vec<(bool, PipeId)> = log.taps.clone();
        for (_, tap) in taps.iter().filter(|(of, _)| *of == stderr) {
            self.write_pipe(*tap, bytes);
        }
        self.wake_readers(waiting);
    }

    /// A new pipe that gets a copy of one of a log's streams.
    pub(super) fn tap_log(&mut self, id: LogId, stderr: bool) -> PipeId {
        let pipe = self.own_writer();
        match self.logs.get_mut(id) {
            Some(log) if !log.ended => log.taps.push((stderr, pipe)),
            _ => self.close_writer(pipe),
        }
        pipe
    }

    /// No more lines will come.
    pub(super) fn end_log(&mut self, id: LogId) {
        let now = self.now;
        let Some(log) = self.logs.get_mut(id) else { return };
        log.finish(now);
        let waiting = std::mem::take(&mut log.waiting);
        let taps = std::mem::take(&mut log.taps);
        for (_, tap) in taps {
            self.close_writer(tap);
        }
        self.wake_readers(waiting);
    }

    /// A log's main process starts anew.
    pub(super) fn reopen_log(&mut self, id: LogId) {
        if let Some(log) = self.logs.get_mut(id) {
            log.ended = false;
        }
    }

    pub(super) fn log_readable(&self, id: LogId, next: usize) -> bool {
        self.logs.get(id).is_none_or(|log| log.ended || next < log.dropped + log.lines.len())
    }

    /// Reads on behalf of a follower: whole lines, cut to `max` bytes.
    pub(super) fn read_follow(&mut self, open: OpenId, max: usize) -> Read {
        let Some(What::Follow { log, next, timestamps, rest }) =
            self.opens.get(open).map(|o| &o.what)
        else {
            return Read::End;
        };
        let (mut next, timestamps, mut bytes) = (*next, *timestamps, rest.clone());
        let log = self.logs.get(*log);
        if let Some(log) = log {
            let from = next.saturating_sub(log.dropped).min(log.lines.len());
            for line in &log.lines[from..] {
                if bytes.len() >= max {
                    break;
                }
                if timestamps {
                    bytes.extend(line.at.rfc3339_nano().bytes());
                    bytes.push(b' ');
                }
                bytes.extend(line.text.bytes());
                bytes.push(b'\n');
                next = next.max(log.dropped) + 1;
            }
        }
        let ended = log.is_none_or(|log| log.ended);
        let later = bytes.split_off(bytes.len().min(max));
        if let Some(What::Follow { next: place, rest, .. }) =
            self.opens.get_mut(open).map(|o| &mut o.what)
        {
            *place = next;
            *rest = later;
        }
        match (bytes.is_empty(), ended) {
            (false, _) => Read::Data(bytes),
            (true, true) => Read::End,
            (true, false) => Read::WouldBlock,
        }
    }
}
