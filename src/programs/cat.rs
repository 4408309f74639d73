//! `cat`: copies its input to its output.

use crate::os::{Errno, Fd, OpenFlags, Process, Program, Read, STDIN, STDOUT, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::input::{Flow, Lines, filter};
use super::support::text::is_busybox;

/// `cat`.
pub(super) static CAT: Program = Program {
    name: "cat",
    start: |argv| {
        let plain =
            argv.iter().skip(1).all(|a| !a.starts_with('-') || a == "-" || a == "--" || a == "-u");
        if plain {
            let files: Vec<String> =
                argv[1..].iter().filter(|a| *a != "--" && *a != "-u").cloned().collect();
            return Box::new(Cat { files, at: 0, fd: None, failed: false });
        }
        filter(argv, setup)
    },
};

const TOOL: Tool = Tool {
    name: "cat",
    usage: "[-AbEnsTuv] [FILE]...",
    options: "AbeEnstTuv",
    long: &[
        ("show-all", 'A'),
        ("number-nonblank", 'b'),
        ("show-ends", 'E'),
        ("number", 'n'),
        ("squeeze-blank", 's'),
        ("show-tabs", 'T'),
        ("show-nonprinting", 'v'),
    ],
    trouble: 1,
};

fn complaint(file: &str, error: Errno, busybox: bool) -> String {
    match error {
        Errno::IsDirectory if busybox => format!("cat: read error: {error}"),
        _ if busybox => format!("cat: can't open '{file}': {error}"),
        _ => format!("cat: {file}: {error}"),
    }
}

/// Without options: bytes as they are.
#[derive(Clone)]
struct Cat {
    files: Vec<String>,
    at: usize,
    fd: Option<Fd>,
    failed: bool,
}

impl Cat {
    /// The descriptor to read from; `None` at the end.
    fn current(&mut self, sys: &mut Sys) -> Option<Fd> {
        while self.fd.is_none() {
            let name = match self.files.get(self.at) {
                Some(name) => name.clone(),
                None if self.files.is_empty() && self.at == 0 => "-".to_owned(),
                None => return None,
            };
            self.at += 1;
            if name == "-" {
                self.fd = Some(STDIN);
                break;
            }
            match sys.open(&name, OpenFlags::READ) {
                Ok(fd) => self.fd = Some(fd),
                Err(error) => {
                    let text = complaint(&name, error, is_busybox(sys));
                    sys.eprint(&format!("{text}\n"));
                    self.failed = true;
                }
            }
        }
        self.fd
    }
}

impl Process for Cat {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let Some(fd) = self.current(sys) else { return Step::Done(i32::from(self.failed)) };
        match sys.read(fd, 32 << 10) {
            Ok(Read::Data(bytes)) => match sys.write(STDOUT, &bytes) {
                Ok(()) => Step::Yield,
                Err(error) => {
                    sys.eprint(&format!("cat: write error: {error}\n"));
                    Step::Done(1)
                }
            },
            Ok(Read::WouldBlock) => Step::Wait(Wait::readable(fd)),
            ended => {
                if let Err(error) = ended {
                    sys.eprint(&format!("cat: -: {error}\n"));
                    self.failed = true;
                }
                if fd != STDIN {
                    sys.close(fd);
                }
                self.fd = None;
                if self.at >= self.files.len() {
                    return Step::Done(i32::from(self.failed));
                }
                Step::Yield
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// With options: line by line.
#[derive(Clone)]
struct Shown {
    number: bool,
    number_filled: bool,
    ends: bool,
    tabs: bool,
    control: bool,
    squeeze: bool,
    count: usize,
    was_blank: bool,
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Shown, Vec<String>), i32> {
    let args = TOOL.parse(argv, sys)?;
    let all = args.has('A');
    let shown = Shown {
        number: args.has('n'),
        number_filled: args.has('b'),
        ends: all || args.has('E') || args.has('e'),
        tabs: all || args.has('T') || args.has('t'),
        control: all || args.has('v') || args.has('e') || args.has('t'),
        squeeze: args.has('s'),
        count: 0,
        was_blank: false,
    };
    Ok((shown, args.operands))
}

impl Lines for Shown {
    fn line(&mut self, line: &[u8], ended: bool, out: &mut Vec<u8>) -> Flow {
        let blank = line.is_empty();
        if self.squeeze && blank && self.was_blank {
            return Flow::More;
        }
        self.was_blank = blank;
        if self.number_filled && !blank || self.number && !self.number_filled {
            self.count += 1;
            out.extend(format!("{:6}\t", self.count).bytes());
        }
        for &byte in line {
            match byte {
                b'\t' if self.tabs => out.extend(b"^I"),
                b'\t' => out.push(byte),
                0..=31 if self.control => out.extend([b'^', byte + 64]),
                127 if self.control => out.extend(b"^?"),
                128.. if self.control => out.extend(format!("M-{}", byte & 127).bytes()),
                byte => out.push(byte),
            }
        }
        if self.ends && ended {
            out.push(b'$');
        }
        if ended {
            out.push(b'\n');
        }
        Flow::More
    }

    fn end(&mut self, _: &mut Sys, _: &mut Vec<u8>) -> i32 {
        0
    }

    fn complaint(&self, file: &str, error: Errno, busybox: bool) -> String {
        complaint(file, error, busybox)
    }
}
