//! Redirections: descriptors changed for a command and put back afterwards.

use super::ast::{Redirect, RedirectKind, Word};
use super::expand::{Expanded, Expander};
use super::machine::Shell;
use crate::os::{
    Errno, Fd, FileKind, OpenFlags, Process, Record, STDERR, STDIN, STDOUT, Spawn, Step, Sys,
};

/// Descriptors from here on are the shell's own and are not passed on.
pub(crate) const OWN_FDS: Fd = 10;
/// Texts up to this length fit into a pipe at once.
const PIPE_BYTES: usize = 60_000;

/// A descriptor as it was: a copy of it, or `None` when it was closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saved {
    fd: Fd,
    copy: Option<Fd>,
}

/// A redirection with its words expanded.
#[derive(Clone, Debug)]
pub(crate) enum Ready {
    File {
        fd: Fd,
        path: String,
        flags: OpenFlags,
        clobber: bool,
    },
    Dup {
        fd: Fd,
        from: Fd,
    },
    Close {
        fd: Fd,
    },
    /// `n>&m-`.
    Move {
        fd: Fd,
        from: Fd,
    },
    /// `&>file`.
    Both {
        path: String,
        flags: OpenFlags,
    },
    Text {
        fd: Fd,
        text: String,
    },
    /// It cannot be done, for this reason.
    Bad(String),
}

impl Expander<'_, '_> {
    /// Expands the words of redirections.
    pub(crate) fn redirects(&mut self, redirects: &[Redirect]) -> Expanded<Vec<Ready>> {
        redirects.iter().map(|redirect| self.one_redirect(redirect)).collect()
    }

    fn one_redirect(&mut self, redirect: &Redirect) -> Expanded<Ready> {
        let input = redirect.fd.unwrap_or(STDIN);
        let output = redirect.fd.unwrap_or(STDOUT);
        match &redirect.kind {
            RedirectKind::Read(word) => self.file(input, word, OpenFlags::READ, true),
            RedirectKind::Write(word, clobber) => {
                self.file(output, word, OpenFlags::REPLACE, *clobber)
            }
            RedirectKind::Append(word) => self.file(output, word, OpenFlags::APPEND, true),
            RedirectKind::ReadWrite(word) => {
                let flags = OpenFlags { write: true, create: true, truncate: false, append: false };
                self.file(input, word, flags, true)
            }
            RedirectKind::Both(word, append) => {
                let flags = if *append { OpenFlags::APPEND } else { OpenFlags::REPLACE };
                Ok(match self.target(word)? {
                    Ok(path) => Ready::Both { path, flags },
                    Err(text) => Ready::Bad(format!("{text}: ambiguous redirect")),
                })
            }
            RedirectKind::Here(body) => {
                let text = match body.get() {
                    Some(word) => self.text(word)?,
                    None => String::new(),
                };
                Ok(Ready::Text { fd: input, text })
            }
            RedirectKind::HereString(word) => {
                let text = self.text(word)? + "\n";
                Ok(Ready::Text { fd: input, text })
            }
            RedirectKind::Dup { word, output: out } => {
                let fd = if *out { output } else { input };
                let text = match self.target(word)? {
                    Ok(text) => text,
                    Err(text) => return Ok(Ready::Bad(format!("{text}: ambiguous redirect"))),
                };
                if text == "-" {
                    return Ok(Ready::Close { fd });
                }
                if let Ok(from) = text.parse() {
                    return Ok(Ready::Dup { fd, from });
                }
                if let Some(Ok(from)) = text.strip_suffix('-').map(str::parse) {
                    return Ok(Ready::Move { fd, from });
                }
                if *out && redirect.fd.is_none() && self.shell.dialect.is_bash() {
                    return Ok(Ready::Both { path: text, flags: OpenFlags::REPLACE });
                }
                Ok(Ready::Bad(if self.shell.dialect.is_bash() {
                    format!("{text}: ambiguous redirect")
                } else {
                    format!("{text}: bad fd number")
                }))
            }
        }
    }

    fn file(&mut self, fd: Fd, word: &Word, flags: OpenFlags, clobber: bool) -> Expanded<Ready> {
        Ok(match self.target(word)? {
            Ok(path) => Ready::File { fd, path, flags, clobber },
            Err(text) => Ready::Bad(format!("{text}: ambiguous redirect")),
        })
    }
}

/// A copy of a descriptor that children do not get; the original is closed.
pub(crate) fn out_of_the_way(sys: &mut Sys, fd: Fd) -> Fd {
    if fd >= OWN_FDS {
        return fd;
    }
    match sys.dup_above(fd, OWN_FDS) {
        Ok(copy) => {
            sys.close(fd);
            copy
        }
        Err(_) => fd,
    }
}

/// A pipe of which children get no end unless it is given to them.
pub(crate) fn pipe(sys: &mut Sys) -> (Fd, Fd) {
    let (read, write) = sys.pipe();
    let write = out_of_the_way(sys, write);
    (out_of_the_way(sys, read), write)
}

/// Puts descriptors back, the last change first.
pub(crate) fn restore(sys: &mut Sys, saved: Vec<Saved>) {
    for Saved { fd, copy } in saved.into_iter().rev() {
        match copy {
            Some(copy) => {
                // The copy is open: it was made when the descriptor was saved.
                let _ = sys.dup(copy, fd);
                sys.close(copy);
            }
            None => sys.close(fd),
        }
    }
}

impl Shell {
    /// Carries redirections out; what they replace is kept in `saved`, if given.
    ///
    /// # Errors
    /// The message, after which the descriptors saved so far are to be put back.
    pub(crate) fn redirect(
        &mut self,
        redirects: Vec<Ready>,
        mut saved: Option<&mut Vec<Saved>>,
        sys: &mut Sys,
    ) -> Result<(), String> {
        for ready in redirects {
            match ready {
                Ready::Bad(message) => return Err(message),
                Ready::Close { fd } => {
                    keep(sys, fd, &mut saved);
                    sys.close(fd);
                }
                Ready::Dup { fd, from } => copy(sys, from, fd, &mut saved)?,
                Ready::Move { fd, from } => {
                    copy(sys, from, fd, &mut saved)?;
                    sys.close(from);
                }
                Ready::File { fd, path, flags, clobber } => {
                    let opened = self.open(sys, &path, flags, clobber)?;
                    put(sys, opened, fd, &mut saved)?;
                }
                Ready::Both { path, flags } => {
                    let opened = self.open(sys, &path, flags, false)?;
                    put(sys, opened, STDOUT, &mut saved)?;
                    copy(sys, STDOUT, STDERR, &mut saved)?;
                }
                Ready::Text { fd, text } => {
                    let opened = text_pipe(sys, text);
                    put(sys, opened, fd, &mut saved)?;
                }
            }
        }
        Ok(())
    }

    fn open(
        &self,
        sys: &mut Sys,
        path: &str,
        flags: OpenFlags,
        clobber: bool,
    ) -> Result<Fd, String> {
        let number = match path {
            "/dev/stdin" => Some(STDIN),
            "/dev/stdout" => Some(STDOUT),
            "/dev/stderr" => Some(STDERR),
            _ => path.strip_prefix("/dev/fd/").and_then(|n| n.parse().ok()),
        };
        if let Some(number) = number {
            return sys.dup_above(number, 0).map_err(|error| format!("{path}: {error}"));
        }
        if let Some(rest) = path.strip_prefix("/dev/tcp/").filter(|_| self.dialect.is_bash()) {
            return connect(sys, path, rest);
        }
        if self.options.noclobber
            && flags.truncate
            && !clobber
            && sys.stat(path, true).is_ok_and(|stat| stat.kind == FileKind::File)
        {
            return Err(match self.dialect {
                super::Dialect::Bash => format!("{path}: cannot overwrite existing file"),
                super::Dialect::Ash => format!("can't create {path}: File exists"),
                super::Dialect::Dash => format!("cannot create {path}: File exists"),
            });
        }
        sys.open(path, flags).map_err(|error| self.cannot_open(path, flags, error))
    }

    fn cannot_open(&self, path: &str, flags: OpenFlags, error: Errno) -> String {
        use super::Dialect::{Ash, Bash, Dash};
        match (self.dialect, flags.create, error) {
            (Bash, ..) => format!("{path}: {error}"),
            (Ash, false, Errno::NotFound) => format!("can't open {path}: no such file"),
            (Ash, true, Errno::NotFound) => format!("can't create {path}: nonexistent directory"),
            (Ash, false, error) => format!("can't open {path}: {error}"),
            (Ash, true, error) => format!("can't create {path}: {error}"),
            (Dash, false, Errno::NotFound) => format!("cannot open {path}: No such file"),
            (Dash, true, Errno::NotFound) => {
                format!("cannot create {path}: Directory nonexistent")
            }
            (Dash, false, error) => format!("cannot open {path}: {error}"),
            (Dash, true, error) => format!("cannot create {path}: {error}"),
        }
    }
}

/// Makes one descriptor a copy of another.
fn copy(
    sys: &mut Sys,
    from: Fd,
    fd: Fd,
    saved: &mut Option<&mut Vec<Saved>>,
) -> Result<(), String> {
    if from == fd && sys.open_fds().contains(&fd) {
        return Ok(());
    }
    if from >= OWN_FDS || !sys.open_fds().contains(&from) {
        return Err(format!("{from}: {}", Errno::BadFd));
    }
    keep(sys, fd, saved);
    sys.dup(from, fd).map_err(|error| format!("{from}: {error}"))
}

/// Keeps a descriptor's present meaning.
fn keep(sys: &mut Sys, fd: Fd, saved: &mut Option<&mut Vec<Saved>>) {
    if let Some(saved) = saved
        && !saved.iter().any(|s| s.fd == fd)
    {
        saved.push(Saved { fd, copy: sys.dup_above(fd, OWN_FDS).ok() });
    }
}

/// Puts a newly opened descriptor in place.
fn put(
    sys: &mut Sys,
    opened: Fd,
    fd: Fd,
    saved: &mut Option<&mut Vec<Saved>>,
) -> Result<(), String> {
    if opened == fd {
        // The number was free; putting back means closing.
        if let Some(saved) = saved {
            saved.push(Saved { fd, copy: None });
        }
        return Ok(());
    }
    keep(sys, fd, saved);
    let result = sys.dup(opened, fd).map_err(|error| format!("{fd}: {error}"));
    sys.close(opened);
    result
}

fn connect(sys: &mut Sys, path: &str, rest: &str) -> Result<Fd, String> {
    let Some((host, port)) = rest.split_once('/') else {
        return Err(format!("{path}: {}", Errno::Invalid));
    };
    let Ok(port) = port.parse() else { return Err(format!("{port}: invalid service")) };
    let address = if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        host.to_owned()
    } else {
        match sys.resolve(host, Record::A).into_iter().next() {
            Some(answer) => answer.data,
            None => return Err(format!("{host}: Name or service not known")),
        }
    };
    sys.connect(&address, port).map_err(|error| format!("connect: {error}\n{path}: {error}"))
}

/// A descriptor from which this text can be read.
fn text_pipe(sys: &mut Sys, text: String) -> Fd {
    let (read, write) = pipe(sys);
    if text.len() <= PIPE_BYTES {
        // The pipe is new and has room.
        let _ = sys.write(write, text.as_bytes());
    } else {
        let feeder = Feeder { bytes: text.into_bytes(), at: 0 };
        let spawn = Spawn {
            argv: vec!["sh".to_owned()],
            fds: vec![(STDOUT, write)],
            process: Some(Box::new(feeder)),
            ..Spawn::default()
        };
        // Without another process the text is cut off, as with a full disk.
        let _ = sys.spawn(spawn);
    }
    sys.close(write);
    read
}

/// Writes a long here-document while it is read.
#[derive(Clone)]
struct Feeder {
    bytes: Vec<u8>,
    at: usize,
}

impl Process for Feeder {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let end = (self.at + PIPE_BYTES).min(self.bytes.len());
        if sys.write(STDOUT, &self.bytes[self.at..end]).is_err() || end == self.bytes.len() {
            return Step::Done(0);
        }
        self.at = end;
        Step::Yield
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
