//! Programs that need their whole input before they can answer.

use crate::os::{Fd, OpenFlags, Process, Read, STDIN, Step, Sys, Wait};

use super::text::is_busybox;

/// Most bytes gathered.
const MAX: usize = 32 << 20;

/// Reads the command line: the files to read (none: standard input), or an exit code.
pub(crate) type Setup = fn(&[String], &mut Sys) -> Result<Vec<String>, i32>;

/// Answers: (name, contents) of every file that could be read. Gives the exit code.
pub(crate) type Run = fn(&[String], Vec<(String, Vec<u8>)>, &mut Sys) -> i32;

#[derive(Clone)]
struct Gather {
    argv: Vec<String>,
    setup: Setup,
    run: Run,
    files: Option<Vec<String>>,
    fd: Option<Fd>,
    now: Vec<u8>,
    done: Vec<(String, Vec<u8>)>,
    failed: bool,
}

/// A process that reads its files, or standard input, and then answers.
pub(crate) fn gather(argv: &[String], setup: Setup, run: Run) -> Box<dyn Process> {
    Box::new(Gather {
        argv: argv.to_vec(),
        setup,
        run,
        files: None,
        fd: None,
        now: Vec::new(),
        done: Vec::new(),
        failed: false,
    })
}

impl Gather {
    fn name(&self) -> &str {
        self.argv.first().map_or("", |a| a.rsplit('/').next().unwrap_or(a))
    }

    fn fail(&mut self, sys: &mut Sys, file: &str, error: crate::os::Errno) {
        let name = self.name();
        let text = if is_busybox(sys) {
            format!("{name}: can't open '{file}': {error}\n")
        } else {
            format!("{name}: {file}: {error}\n")
        };
        sys.eprint(&text);
        self.failed = true;
    }

    /// Reads on; `None` once everything has been read.
    fn read(&mut self, sys: &mut Sys) -> Option<Step> {
        loop {
            let Some(fd) = self.fd else {
                let name = self.files.as_ref().and_then(|f| f.first().cloned())?;
                let opened = if name == "-" { Ok(STDIN) } else { sys.open(&name, OpenFlags::READ) };
                match opened {
                    Ok(fd) => self.fd = Some(fd),
                    Err(error) => {
                        self.fail(sys, &name, error);
                        self.next_file();
                    }
                }
                continue;
            };
            match sys.read(fd, 256 << 10) {
                Ok(Read::Data(bytes)) => {
                    self.now.extend(bytes);
                    if self.now.len() > MAX {
                        sys.eprint(&format!("{}: input too large\n", self.name()));
                        return Some(Step::Done(1));
                    }
                }
                Ok(Read::WouldBlock) => return Some(Step::Wait(Wait::readable(fd))),
                Ok(Read::End) | Err(_) => {
                    if fd != STDIN {
                        sys.close(fd);
                    }
                    self.fd = None;
                    let bytes = std::mem::take(&mut self.now);
                    let name = self.next_file();
                    self.done.push((name, bytes));
                }
            }
        }
    }

    fn next_file(&mut self) -> String {
        match &mut self.files {
            Some(files) if !files.is_empty() => files.remove(0),
            _ => String::new(),
        }
    }
}

impl Process for Gather {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.files.is_none() {
            match (self.setup)(&self.argv, sys) {
                Ok(files) if files.is_empty() => self.files = Some(vec!["-".to_owned()]),
                Ok(files) => self.files = Some(files),
                Err(code) => return Step::Done(code),
            }
        }
        if let Some(step) = self.read(sys) {
            return step;
        }
        if self.failed && self.done.is_empty() {
            return Step::Done(1);
        }
        let done = std::mem::take(&mut self.done);
        let code = (self.run)(&self.argv, done, sys);
        Step::Done(if self.failed { code.max(1) } else { code })
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
