//! `tail`: the last lines or bytes, and what is appended later.
//!
//! Simplified: a followed file is looked at every second.

use std::collections::VecDeque;

use crate::base::time::Span;
use crate::os::{Fd, OpenFlags, Process, Program, Read, STDIN, STDOUT, Step, Sys, Wait};

use super::head::{count, modern};
use super::support::args::Tool;
use super::support::text::{is_busybox, seconds};

/// `tail`.
pub(super) static TAIL: Program = Program {
    name: "tail",
    start: |argv| {
        Box::new(Tail {
            argv: argv.to_vec(),
            plan: None,
            sources: Vec::new(),
            first: true,
            code: 0,
        })
    },
};

const TOOL: Tool = Tool {
    name: "tail",
    usage: "[-n NUM] [-c NUM] [-fFqv] [FILE]...",
    options: "n:c:fFqvs:",
    long: &[
        ("lines", 'n'),
        ("bytes", 'c'),
        ("follow", 'f'),
        ("quiet", 'q'),
        ("silent", 'q'),
        ("verbose", 'v'),
        ("sleep-interval", 's'),
    ],
    trouble: 1,
};

/// Most bytes remembered of an input that comes through a pipe.
const MAX_KEPT: usize = 8 << 20;

#[derive(Clone)]
struct Tail {
    argv: Vec<String>,
    plan: Option<Plan>,
    sources: Vec<Source>,
    first: bool,
    code: i32,
}

/// What the options want.
#[derive(Clone)]
struct Plan {
    count: usize,
    bytes: bool,
    /// `+5`: from the fifth on.
    from_start: bool,
    follow: bool,
    /// `-F`: a file that is replaced is opened anew.
    by_name: bool,
    titles: bool,
    every: Span,
}

/// A file being read.
#[derive(Clone)]
struct Source {
    name: String,
    fd: Option<Fd>,
    /// Parts remembered until the end is known.
    kept: VecDeque<Vec<u8>>,
    kept_bytes: usize,
    /// Units (lines or bytes) skipped so far, with `+N`.
    skipped: usize,
    open_line: Vec<u8>,
    at_end: bool,
    shown: bool,
    read: u64,
    inode: u64,
}

impl Tail {
    fn setup(&mut self, sys: &mut Sys) -> Result<(), i32> {
        let mut argv = modern(&self.argv);
        // `tail -5f` and `tail +3` are old forms that people still type.
        for word in argv.iter_mut().skip(1) {
            if let Some(digits) = word.strip_prefix('-').and_then(|w| w.strip_suffix('f'))
                && !digits.is_empty()
                && digits.chars().all(|c| c.is_ascii_digit())
            {
                *word = format!("-fn{digits}");
            }
            if let Some(how) = word.strip_prefix("--follow=") {
                *word = if how == "name" { "-F" } else { "-f" }.to_owned();
            }
        }
        let args = TOOL.parse(&argv, sys)?;
        let text = args.value('c').or(args.value('n')).unwrap_or("10").to_owned();
        let bytes = args.has('c');
        let number = text.trim_start_matches(['+', '-']);
        let unit = if bytes { "bytes" } else { "lines" };
        let count = count(number)
            .ok_or_else(|| TOOL.fail(sys, &format!("invalid number of {unit}: '{text}'")))?;
        let every = args.value('s').and_then(seconds).unwrap_or(1.0).max(0.1);
        self.plan = Some(Plan {
            count,
            bytes,
            from_start: text.starts_with('+'),
            follow: args.has('f') || args.has('F'),
            by_name: args.has('F'),
            titles: args.operands.len() > 1 && !args.has('q') || args.has('v'),
            every: Span::seconds_f64(every),
        });
        let names =
            if args.operands.is_empty() { vec!["-".to_owned()] } else { args.operands.clone() };
        for name in names {
            let opened = if name == "-" { Ok(STDIN) } else { sys.open(&name, OpenFlags::READ) };
            let fd = match opened {
                Ok(fd) => Some(fd),
                Err(error) => {
                    let text = if is_busybox(sys) {
                        format!("tail: can't open '{name}': {error}\n")
                    } else {
                        format!("tail: cannot open '{name}' for reading: {error}\n")
                    };
                    sys.eprint(&text);
                    self.code = 1;
                    None
                }
            };
            if fd.is_none() && !args.has('F') {
                continue;
            }
            let inode = sys.stat(&name, true).map_or(0, |s| s.inode);
            self.sources.push(Source::new(name, fd, inode));
        }
        if self.sources.is_empty() {
            if args.has('f') && !is_busybox(sys) {
                sys.eprint("tail: no files remaining\n");
            }
            return Err(1);
        }
        Ok(())
    }
}

impl Source {
    fn new(name: String, fd: Option<Fd>, inode: u64) -> Source {
        Source {
            name,
            fd,
            kept: VecDeque::new(),
            kept_bytes: 0,
            skipped: 0,
            open_line: Vec::new(),
            at_end: false,
            shown: false,
            read: 0,
            inode,
        }
    }

    /// Takes bytes in before the first end; returns what can be shown already.
    fn take(&mut self, plan: &Plan, bytes: &[u8]) -> Vec<u8> {
        if plan.from_start {
            return self.skip(plan, bytes);
        }
        if plan.bytes {
            self.keep(bytes.to_vec());
            return Vec::new();
        }
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            self.open_line.extend(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.open_line);
                self.keep(line);
                while self.kept.len() > plan.count {
                    self.drop_first();
                }
            }
        }
        Vec::new()
    }

    fn keep(&mut self, part: Vec<u8>) {
        self.kept_bytes += part.len();
        self.kept.push_back(part);
        while self.kept_bytes > MAX_KEPT && self.kept.len() > 1 {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.kept.pop_front() {
            self.kept_bytes -= first.len();
        }
    }

    fn skip(&mut self, plan: &Plan, bytes: &[u8]) -> Vec<u8> {
        let goal = plan.count.saturating_sub(1);
        let mut at = 0;
        while at < bytes.len() && self.skipped < goal {
            if plan.bytes || bytes[at] == b'\n' {
                self.skipped += 1;
            }
            at += 1;
        }
        bytes[at..].to_vec()
    }

    /// What is to be shown once the end is reached.
    fn rest(&mut self, plan: &Plan) -> Vec<u8> {
        if !self.open_line.is_empty() {
            let line = std::mem::take(&mut self.open_line);
            self.keep(line);
            while !plan.bytes && self.kept.len() > plan.count {
                self.drop_first();
            }
        }
        let all: Vec<u8> = std::mem::take(&mut self.kept).into_iter().flatten().collect();
        self.kept_bytes = 0;
        if plan.bytes && !plan.from_start {
            return all[all.len() - all.len().min(plan.count)..].to_vec();
        }
        all
    }
}

impl Process for Tail {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none()
            && let Err(code) = self.setup(sys)
        {
            return Step::Done(code);
        }
        let Some(plan) = self.plan.clone() else { return Step::Done(1) };
        let mut waits = Wait::default();
        let mut poll = None;
        for at in 0..self.sources.len() {
            match self.advance(at, &plan, sys) {
                Next::Wait(fd) => {
                    waits.readable.push(fd);
                    if !self.sources[at].at_end {
                        return Step::Wait(waits);
                    }
                }
                Next::Poll => poll = Some(sys.after(plan.every)),
                Next::Again => return Step::Yield,
                Next::Over => {}
            }
        }
        waits.until = poll;
        if plan.follow && (poll.is_some() || !waits.readable.is_empty()) {
            return Step::Wait(waits);
        }
        Step::Done(self.code)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// How a source goes on.
enum Next {
    Wait(Fd),
    Poll,
    Again,
    Over,
}

impl Tail {
    fn advance(&mut self, at: usize, plan: &Plan, sys: &mut Sys) -> Next {
        let Some(fd) = self.sources[at].fd else { return self.reopen(at, sys) };
        if self.sources[at].at_end && !plan.follow {
            return Next::Over;
        }
        match sys.read(fd, 64 << 10) {
            Ok(Read::Data(bytes)) => {
                let source = &mut self.sources[at];
                source.read += bytes.len() as u64;
                let show = if source.at_end { bytes } else { source.take(plan, &bytes) };
                self.show(at, plan, &show, sys);
                Next::Again
            }
            Ok(Read::WouldBlock) => Next::Wait(fd),
            Ok(Read::End) => {
                if !self.sources[at].at_end {
                    self.sources[at].at_end = true;
                    let rest = self.sources[at].rest(plan);
                    let titled = plan.titles && !self.sources[at].shown;
                    if titled || !rest.is_empty() {
                        self.show(at, plan, &rest, sys);
                    }
                }
                self.at_the_end(at, fd, plan, sys)
            }
            Err(error) => {
                let name = &self.sources[at].name;
                sys.eprint(&format!("tail: error reading '{name}': {error}\n"));
                self.code = 1;
                self.sources[at].at_end = true;
                Next::Over
            }
        }
    }

    /// A followed file may have become shorter, or another file may have its name.
    fn at_the_end(&mut self, at: usize, fd: Fd, plan: &Plan, sys: &mut Sys) -> Next {
        let Some((size, _)) = sys.file_size(fd) else { return Next::Over };
        if !plan.follow {
            return Next::Over;
        }
        let source = &mut self.sources[at];
        if size < source.read {
            let name = source.name.clone();
            source.read = 0;
            sys.seek(fd, 0);
            sys.eprint(&format!("tail: {name}: file truncated\n"));
            return Next::Again;
        }
        if plan.by_name && sys.stat(&source.name, true).map_or(0, |s| s.inode) != source.inode {
            sys.close(fd);
            source.fd = None;
            source.inode = 0;
            return self.reopen(at, sys);
        }
        Next::Poll
    }

    fn reopen(&mut self, at: usize, sys: &mut Sys) -> Next {
        let source = &mut self.sources[at];
        if let Ok(fd) = sys.open(&source.name, OpenFlags::READ) {
            source.fd = Some(fd);
            source.inode = sys.stat(&source.name, true).map_or(0, |s| s.inode);
            source.read = 0;
            source.at_end = true;
            let text = format!("tail: '{}' has appeared;  following new file\n", source.name);
            sys.eprint(&text);
            return Next::Again;
        }
        Next::Poll
    }

    fn show(&mut self, at: usize, plan: &Plan, bytes: &[u8], sys: &mut Sys) {
        let mut out = Vec::new();
        let source = &mut self.sources[at];
        if plan.titles && !source.shown {
            let gap = if self.first { "" } else { "\n" };
            let name = if source.name == "-" { "standard input" } else { &source.name };
            out.extend(format!("{gap}==> {name} <==\n").bytes());
        }
        self.first = false;
        source.shown = true;
        out.extend(bytes);
        let _ = sys.write(STDOUT, &out);
    }
}
