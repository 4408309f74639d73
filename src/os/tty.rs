//! Terminals: the line discipline between a keyboard and the programs that read it.

use std::collections::VecDeque;

use crate::os::fd::PipeId;
use crate::os::kernel::{Kernel, LogId, MachineId, TtyId};
use crate::os::{Pid, Read, Signal};

/// Most bytes kept for a screen that nobody looks at; older ones go first.
const OUT_MAX: usize = 4 << 20;
/// Most typed bytes that nobody has read yet.
const IN_MAX: usize = 2 << 20;

/// A terminal.
#[derive(Clone)]
pub(super) struct Tty {
    /// Columns and rows.
    pub(super) size: (u16, u16),
    raw: bool,
    /// What is typed but not yet entered.
    line: Vec<u8>,
    input: VecDeque<Chunk>,
    out: Vec<u8>,
    /// Whether somebody takes `out`; otherwise only taps see the output.
    keeps_out: bool,
    after_return: bool,
    /// Pipes that get a copy of the output.
    taps: Vec<PipeId>,
    /// A container's log that gets a copy of the output.
    pub(super) log: Option<LogId>,
    /// The process group that signals go to and that may read.
    pub(super) foreground: Pid,
    pub(super) leader: Option<Pid>,
    /// (machine, number): `pts/0` of that machine.
    pub(super) name: Option<(MachineId, u32)>,
    pub(super) waiting: Vec<Pid>,
    gone: bool,
}

#[derive(Clone)]
enum Chunk {
    Bytes(VecDeque<u8>),
    End,
}

impl Tty {
    fn new(size: (u16, u16), keeps_out: bool) -> Tty {
        Tty {
            size: if size.0 == 0 || size.1 == 0 { (80, 24) } else { size },
            raw: false,
            line: Vec::new(),
            input: VecDeque::new(),
            out: Vec::new(),
            keeps_out,
            after_return: false,
            taps: Vec::new(),
            log: None,
            foreground: 0,
            leader: None,
            name: None,
            waiting: Vec::new(),
            gone: false,
        }
    }

    /// Whether everything that was typed has been read.
    pub(super) fn is_drained(&self) -> bool {
        self.pending() == 0
    }

    fn pending(&self) -> usize {
        let chunk = |c: &Chunk| match c {
            Chunk::Bytes(bytes) => bytes.len(),
            Chunk::End => 1,
        };
        self.line.len() + self.input.iter().map(chunk).sum::<usize>()
    }

    /// Takes typed bytes in; returns the echo and the signals that they mean.
    fn take_in(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<Signal>) {
        let (mut echo, mut signals) = (Vec::new(), Vec::new());
        let room = IN_MAX.saturating_sub(self.pending());
        let bytes = &bytes[..bytes.len().min(room)];
        if self.raw {
            if !bytes.is_empty() {
                self.input.push_back(Chunk::Bytes(bytes.to_vec().into()));
            }
            return (echo, signals);
        }
        for &byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    self.line.push(b'\n');
                    echo.push(b'\n');
                    self.enter();
                }
                3 => self.interrupt(Signal::Int, b"^C", &mut echo, &mut signals),
                26 => self.interrupt(Signal::Tstp, b"^Z", &mut echo, &mut signals),
                28 => self.interrupt(Signal::Quit, b"^\\", &mut echo, &mut signals),
                4 if self.line.is_empty() => self.input.push_back(Chunk::End),
                4 => self.enter(),
                8 | 127 => self.erase(&mut echo),
                21 => {
                    while !self.line.is_empty() {
                        self.erase(&mut echo);
                    }
                }
                23 => {
                    while self.line.last().is_some_and(|b| *b == b' ') {
                        self.erase(&mut echo);
                    }
                    while self.line.last().is_some_and(|b| *b != b' ') {
                        self.erase(&mut echo);
                    }
                }
                b'\t' => {
                    self.line.push(byte);
                    echo.push(byte);
                }
                0..=31 => {
                    self.line.push(byte);
                    echo.extend([b'^', byte + 64]);
                }
                _ => {
                    self.line.push(byte);
                    echo.push(byte);
                }
            }
        }
        (echo, signals)
    }

    fn interrupt(
        &mut self,
        signal: Signal,
        shown: &[u8],
        echo: &mut Vec<u8>,
        signals: &mut Vec<Signal>,
    ) {
        self.line.clear();
        self.input.clear();
        echo.extend(shown);
        signals.push(signal);
    }

    fn enter(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.input.push_back(Chunk::Bytes(line.into()));
    }

    /// Takes the last character back, on the screen too.
    fn erase(&mut self, echo: &mut Vec<u8>) {
        let Some(byte) = self.line.pop() else { return };
        let mut last = byte;
        while last & 0xc0 == 0x80 {
            match self.line.pop() {
                Some(byte) => last = byte,
                None => break,
            }
        }
        let columns = if last < 32 && last != b'\t' { 2 } else { 1 };
        for _ in 0..columns {
            echo.extend(b"\x08 \x08");
        }
    }

    /// Bytes as they go to the screen: a return before each newline.
    fn cook(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut cooked = Vec::with_capacity(bytes.len() + 8);
        for &byte in bytes {
            if byte == b'\n' && !self.after_return {
                cooked.push(b'\r');
            }
            cooked.push(byte);
            self.after_return = byte == b'\r';
        }
        cooked
    }
}

impl Kernel {
    pub(super) fn new_tty(&mut self, size: (u16, u16), keeps_out: bool) -> TtyId {
        self.ttys.add(Tty::new(size, keeps_out))
    }

    /// Makes a process the leader of a terminal on its machine.
    pub(super) fn lead_tty(&mut self, id: TtyId, machine: MachineId, leader: Pid) {
        let used: Vec<u32> = self
            .ttys
            .iter()
            .filter(|(other, tty)| *other != id && !tty.gone)
            .filter_map(|(_, tty)| tty.name.filter(|(m, _)| *m == machine).map(|(_, n)| n))
            .collect();
        let number = (0..).find(|n| !used.contains(n)).unwrap_or(0);
        let log = self.machines.get(machine).and_then(|m| m.log);
        let is_main = self.machines.get(machine).is_some_and(|m| m.init == Some(leader));
        let Some(tty) = self.ttys.get_mut(id) else { return };
        tty.foreground = leader;
        tty.leader = Some(leader);
        tty.gone = false;
        if tty.name.is_none_or(|(m, _)| m != machine) {
            tty.name = Some((machine, number));
        }
        if is_main && log.is_some() {
            tty.log = log;
            tty.keeps_out = false;
        }
    }

    /// `pts/0`.
    pub(super) fn tty_name(&self, id: TtyId) -> Option<String> {
        self.ttys.get(id)?.name.map(|(_, number)| format!("pts/{number}"))
    }

    /// A new pipe that gets a copy of a terminal's output.
    pub(super) fn tap_tty(&mut self, id: TtyId) -> PipeId {
        let pipe = self.own_writer();
        match self.ttys.get_mut(id) {
            Some(tty) if !tty.gone => tty.taps.push(pipe),
            _ => self.close_writer(pipe),
        }
        pipe
    }

    pub(super) fn write_tty(&mut self, id: TtyId, bytes: &[u8]) {
        let Some(tty) = self.ttys.get_mut(id) else { return };
        let cooked = tty.cook(bytes);
        if tty.keeps_out {
            tty.out.extend_from_slice(&cooked);
            let over = tty.out.len().saturating_sub(OUT_MAX);
            tty.out.drain(..over);
        }
        let (log, taps) = (tty.log, tty.taps.clone());
        let live: Vec<PipeId> =
            taps.iter().copied().filter(|tap| self.write_pipe(*tap, &cooked)).collect();
        if live.len() < taps.len()
            && let Some(tty) = self.ttys.get_mut(id)
        {
            tty.taps = live;
        }
        if let Some(log) = log {
            self.write_log(log, false, &cooked);
        }
    }

    /// Typed bytes arrive at a terminal.
    pub(super) fn type_on(&mut self, id: TtyId, bytes: &[u8]) {
        let Some(tty) = self.ttys.get_mut(id) else { return };
        let (echo, signals) = tty.take_in(bytes);
        let group = tty.foreground;
        let waiting = std::mem::take(&mut tty.waiting);
        if !echo.is_empty() {
            self.write_tty(id, &echo);
        }
        for signal in signals {
            self.post_group(group, signal);
        }
        self.wake_readers(waiting);
    }

    pub(super) fn tty_readable(&self, pid: Pid, id: TtyId) -> bool {
        let Some(tty) = self.ttys.get(id) else { return true };
        if tty.gone {
            return true;
        }
        !tty.input.is_empty() && self.procs.get(pid).is_some_and(|p| p.group == tty.foreground)
    }

    pub(super) fn read_tty(&mut self, pid: Pid, id: TtyId, max: usize) -> Read {
        if !self.tty_readable(pid, id) {
            return Read::WouldBlock;
        }
        let Some(tty) = self.ttys.get_mut(id) else { return Read::End };
        match tty.input.pop_front() {
            None | Some(Chunk::End) => Read::End,
            Some(Chunk::Bytes(mut bytes)) => {
                let taken = bytes.drain(..max.min(bytes.len())).collect();
                if !bytes.is_empty() {
                    tty.input.push_front(Chunk::Bytes(bytes));
                }
                Read::Data(taken)
            }
        }
    }

    /// Switches raw mode and returns what it was.
    pub(super) fn set_tty_raw(&mut self, id: TtyId, raw: bool) -> bool {
        let Some(tty) = self.ttys.get_mut(id) else { return false };
        let was = std::mem::replace(&mut tty.raw, raw);
        if raw && !tty.line.is_empty() {
            tty.enter();
        }
        was
    }

    /// Makes a process group the one that reads and gets signals.
    pub(super) fn set_tty_foreground(&mut self, id: TtyId, group: Pid) {
        let Some(tty) = self.ttys.get_mut(id) else { return };
        tty.foreground = group;
        let waiting = std::mem::take(&mut tty.waiting);
        self.wake_readers(waiting);
    }

    pub(super) fn resize_tty(&mut self, id: TtyId, columns: u16, rows: u16) {
        let Some(tty) = self.ttys.get_mut(id) else { return };
        if tty.size == (columns, rows) || columns == 0 || rows == 0 {
            return;
        }
        tty.size = (columns, rows);
        let group = tty.foreground;
        self.post_group(group, Signal::Winch);
    }

    /// The keyboard side was closed: readers see the end, the foreground group gets SIGHUP.
    pub(super) fn hang_up(&mut self, id: TtyId) {
        let Some(tty) = self.ttys.get_mut(id) else { return };
        // A container's own terminal outlives those who look at it.
        if tty.log.is_some() {
            return;
        }
        tty.gone = true;
        let (group, leader) = (tty.foreground, tty.leader);
        let waiting = std::mem::take(&mut tty.waiting);
        self.wake_readers(waiting);
        self.post_group(group, Signal::Hup);
        if let Some(leader) = leader
            && leader != group
        {
            self.post(leader, Signal::Hup);
        }
    }

    /// The leader has ended: those who look at the terminal see the end.
    pub(super) fn leader_ended(&mut self, id: TtyId, leader: Pid) {
        let Some(tty) = self.ttys.get_mut(id) else { return };
        if tty.leader != Some(leader) {
            return;
        }
        tty.leader = None;
        tty.raw = false;
        tty.line.clear();
        tty.input.clear();
        let (taps, group, keeps) = (std::mem::take(&mut tty.taps), tty.foreground, tty.keeps_out);
        for tap in taps {
            self.close_writer(tap);
        }
        if group != leader {
            self.post_group(group, Signal::Hup);
        }
        if !keeps && let Some(tty) = self.ttys.get_mut(id) {
            tty.gone = true;
        }
    }

    /// Takes what is to be shown since the last call.
    pub fn tty_output(&mut self, tty: TtyId) -> Vec<u8> {
        if self.ttys.get(tty).is_none_or(|t| t.out.is_empty()) {
            return Vec::new();
        }
        self.ttys.get_mut(tty).map(|t| std::mem::take(&mut t.out)).unwrap_or_default()
    }
}
