//! `tee`: copies its input to files and to its output.

use crate::os::{Fd, OpenFlags, Process, Program, Read, STDIN, STDOUT, Step, Sys, Wait};

use super::support::args::Tool;

/// `tee`.
pub(super) static TEE: Program = Program {
    name: "tee",
    start: |argv| Box::new(Tee { argv: argv.to_vec(), files: None, code: 0 }),
};

const TOOL: Tool = Tool {
    name: "tee",
    usage: "[-ai] [FILE]...",
    options: "aip",
    long: &[("append", 'a'), ("ignore-interrupts", 'i')],
    trouble: 1,
};

#[derive(Clone)]
struct Tee {
    argv: Vec<String>,
    files: Option<Vec<(String, Fd)>>,
    code: i32,
}

impl Tee {
    fn setup(&mut self, sys: &mut Sys) -> Result<(), i32> {
        let args = TOOL.parse(&self.argv, sys)?;
        let flags = if args.has('a') { OpenFlags::APPEND } else { OpenFlags::REPLACE };
        let mut files = Vec::new();
        for name in args.operands {
            match sys.open(&name, flags) {
                Ok(fd) => files.push((name, fd)),
                Err(error) => self.code = TOOL.fail(sys, &format!("{name}: {error}")),
            }
        }
        self.files = Some(files);
        Ok(())
    }
}

impl Process for Tee {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.files.is_none()
            && let Err(code) = self.setup(sys)
        {
            return Step::Done(code);
        }
        match sys.read(STDIN, 32 << 10) {
            Ok(Read::Data(bytes)) => {
                for (name, fd) in self.files.clone().unwrap_or_default() {
                    if let Err(error) = sys.write(fd, &bytes) {
                        self.code = TOOL.fail(sys, &format!("{name}: {error}"));
                    }
                }
                let _ = sys.write(STDOUT, &bytes);
                Step::Yield
            }
            Ok(Read::WouldBlock) => Step::Wait(Wait::readable(STDIN)),
            _ => Step::Done(self.code),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
