//! Reading files and standard input line by line, without ever waiting inside a step.

use crate::os::{Errno, Fd, OpenFlags, Process, Read, STDIN, STDOUT, Step, Sys, Wait};

use super::text::is_busybox;

/// Most bytes worked on in one step.
const SLICE: usize = 64 << 10;
/// Longer lines are handed on in parts.
const MAX_LINE: usize = 1 << 20;

/// Files, or standard input, read one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    files: Vec<String>,
    at: usize,
    fd: Option<Fd>,
    buffer: Vec<u8>,
    /// Start of what is left in the buffer.
    start: usize,
    ended: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// A file begins; `-` is standard input.
    File(String),
    /// A line without its newline, and whether it had one.
    Line(Vec<u8>, bool),
    /// A file cannot be opened or read.
    Failed(String, Errno),
    /// Nothing yet.
    Wait(Fd),
    /// Nothing more.
    End,
}

impl Input {
    /// These files in order; standard input when there are none.
    pub(crate) fn new(files: &[String]) -> Input {
        let files = if files.is_empty() { vec!["-".to_owned()] } else { files.to_vec() };
        Input { files, ..Input::default() }
    }

    /// What comes next.
    pub(crate) fn next(&mut self, sys: &mut Sys) -> Got {
        loop {
            if let Some(line) = self.take_line() {
                return line;
            }
            let Some(fd) = self.fd else {
                let Some(name) = self.files.get(self.at).cloned() else { return Got::End };
                self.at += 1;
                let opened = if name == "-" { Ok(STDIN) } else { sys.open(&name, OpenFlags::READ) };
                match opened {
                    Ok(fd) => {
                        self.fd = Some(fd);
                        self.ended = false;
                        return Got::File(name);
                    }
                    Err(error) => return Got::Failed(name, error),
                }
            };
            if self.ended {
                self.close(sys, fd);
                continue;
            }
            match sys.read(fd, SLICE) {
                Ok(Read::Data(bytes)) => {
                    self.buffer.drain(..self.start);
                    self.start = 0;
                    self.buffer.extend(bytes);
                }
                Ok(Read::WouldBlock) => return Got::Wait(fd),
                Ok(Read::End) => self.ended = true,
                Err(error) => {
                    let name = self.files.get(self.at - 1).cloned().unwrap_or_default();
                    self.close(sys, fd);
                    return Got::Failed(name, error);
                }
            }
        }
    }

    fn take_line(&mut self) -> Option<Got> {
        let rest = &self.buffer[self.start..];
        if let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let line = rest[..end].to_vec();
            self.start += end + 1;
            return Some(Got::Line(line, true));
        }
        if rest.len() > MAX_LINE || self.ended && !rest.is_empty() {
            let line = rest.to_vec();
            self.start = self.buffer.len();
            return Some(Got::Line(line, false));
        }
        None
    }

    fn close(&mut self, sys: &mut Sys, fd: Fd) {
        if fd != STDIN {
            sys.close(fd);
        }
        self.fd = None;
        self.buffer.clear();
        self.start = 0;
        self.ended = false;
    }

    /// Leaves the rest of the current file unread.
    pub(crate) fn skip_file(&mut self, sys: &mut Sys) {
        if let Some(fd) = self.fd {
            self.close(sys, fd);
        }
    }
}

/// Whether a filter goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// With the next line.
    More,
    /// With the next file.
    NextFile,
    /// Not at all.
    Stop,
}

/// A program that works line by line.
pub(crate) trait Lines: Clone + 'static {
    /// A file begins.
    fn file(&mut self, _name: &str, _out: &mut Vec<u8>) {}

    /// A line, without its newline; `ended` tells whether it had one.
    fn line(&mut self, line: &[u8], ended: bool, out: &mut Vec<u8>) -> Flow;

    /// All input has been read, or the filter has stopped. Gives the exit code, unless a file has failed.
    fn end(&mut self, sys: &mut Sys, out: &mut Vec<u8>) -> i32;

    /// What is said about a file that cannot be read, without the newline.
    fn complaint(&self, file: &str, error: Errno, busybox: bool) -> String;

    /// The exit code when a file could not be read.
    fn failed(&self, code: i32) -> i32 {
        code.max(1)
    }
}

/// Reads the command line: the filter and its files, or an exit code.
pub(crate) type Setup<L> = fn(&[String], &mut Sys) -> Result<(L, Vec<String>), i32>;

/// A line filter as a process.
#[derive(Clone)]
pub(crate) struct Filter<L> {
    argv: Vec<String>,
    setup: Setup<L>,
    state: Option<(L, Input)>,
    failed: bool,
}

/// Makes a process of a line filter.
pub(crate) fn filter<L: Lines>(argv: &[String], setup: Setup<L>) -> Box<dyn Process> {
    Box::new(Filter { argv: argv.to_vec(), setup, state: None, failed: false })
}

impl<L: Lines> Process for Filter<L> {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.state.is_none() {
            match (self.setup)(&self.argv, sys) {
                Ok((lines, files)) => self.state = Some((lines, Input::new(&files))),
                Err(code) => return Step::Done(code),
            }
        }
        let Some((lines, input)) = &mut self.state else { return Step::Done(1) };
        let mut out = Vec::new();
        let mut seen = 0;
        let step = loop {
            if seen > SLICE || out.len() > SLICE {
                break Step::Yield;
            }
            let flow = match input.next(sys) {
                Got::File(name) => {
                    lines.file(&name, &mut out);
                    Flow::More
                }
                Got::Line(line, ended) => {
                    seen += line.len() + 16;
                    lines.line(&line, ended, &mut out)
                }
                Got::Failed(name, error) => {
                    let text = lines.complaint(&name, error, is_busybox(sys));
                    flush(sys, &mut out);
                    sys.eprint(&format!("{text}\n"));
                    self.failed = true;
                    Flow::More
                }
                Got::Wait(fd) => break Step::Wait(Wait::readable(fd)),
                Got::End => Flow::Stop,
            };
            match flow {
                Flow::More => {}
                Flow::NextFile => input.skip_file(sys),
                Flow::Stop => {
                    let code = lines.end(sys, &mut out);
                    break Step::Done(if self.failed { lines.failed(code) } else { code });
                }
            }
        };
        flush(sys, &mut out);
        step
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// Writes collected output; nobody reading it is SIGPIPE's concern.
pub(crate) fn flush(sys: &mut Sys, out: &mut Vec<u8>) {
    if !out.is_empty() {
        let _ = sys.write(STDOUT, out);
        out.clear();
    }
}

/// Appends a line with its newline.
pub(crate) fn put_line(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(line);
    out.push(b'\n');
}
