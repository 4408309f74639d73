//! `nano`, `vi`, `vim`, `emacs`, `code`: open the editor pane on a file and wait until it is closed.

use crate::os::{Errno, Fd, FileKind, Process, Program, Read, Step, Sys, Wait};

use super::support::text::base_name;

/// `nano`.
pub(super) static NANO: Program = Program { name: "nano", start };
/// `vi`.
pub(super) static VI: Program = Program { name: "vi", start };
/// `vim`.
pub(super) static VIM: Program = Program { name: "vim", start };
/// `emacs`.
pub(super) static EMACS: Program = Program { name: "emacs", start };
/// `code`.
pub(super) static CODE: Program = Program { name: "code", start };

fn start(argv: &[String]) -> Box<dyn Process> {
    Box::new(Editor { argv: argv.to_vec(), files: None, open: None, done: false })
}

#[derive(Clone)]
struct Editor {
    argv: Vec<String>,
    files: Option<Vec<String>>,
    open: Option<Fd>,
    /// Whether any file has been edited.
    done: bool,
}

impl Editor {
    fn name(&self) -> String {
        self.argv.first().map_or("vi", |a| base_name(a)).to_owned()
    }

    fn open(&mut self, file: &str, sys: &mut Sys) -> Result<Fd, i32> {
        let name = self.name();
        if sys.stat(file, true).is_ok_and(|s| s.kind == FileKind::Directory) {
            sys.eprint(&format!("{name}: {file}: {}\n", Errno::IsDirectory));
            return Err(1);
        }
        sys.edit(file).map_err(|_| {
            sys.eprint(&format!(
                "{name}: there is no editor pane here: {file} cannot be edited (use sed, or cat with a here-document)\n"
            ));
            1
        })
    }
}

impl Process for Editor {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let files = self.files.get_or_insert_with(|| {
            let plain = |a: &&String| !a.starts_with('-') && !a.starts_with('+');
            self.argv.iter().skip(1).filter(plain).cloned().collect()
        });
        if let Some(fd) = self.open {
            match sys.read(fd, 1) {
                Ok(Read::WouldBlock) => return Step::Wait(Wait::readable(fd)),
                _ => sys.close(fd),
            }
            self.open = None;
        }
        if files.is_empty() {
            if self.done {
                return Step::Done(0);
            }
            let name = self.name();
            sys.eprint(&format!("{name}: which file? Type `{name} FILE`.\n"));
            return Step::Done(1);
        }
        let file = files.remove(0);
        match self.open(&file, sys) {
            Ok(fd) => {
                self.open = Some(fd);
                self.done = true;
                Step::Wait(Wait::readable(fd))
            }
            Err(code) => Step::Done(code),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
