//! `yes`: says the same for ever, as fast as somebody reads.

use crate::os::{Process, Program, STDOUT, Step, Sys};

/// `yes`.
pub(super) static YES: Program = Program {
    name: "yes",
    start: |argv| {
        let words = if argv.len() > 1 { argv[1..].join(" ") } else { "y".to_owned() };
        Box::new(Yes(format!("{words}\n")))
    },
};

#[derive(Clone)]
struct Yes(String);

impl Process for Yes {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let count = (2048 / self.0.len().max(1)).max(1);
        match sys.write(STDOUT, self.0.repeat(count).as_bytes()) {
            Ok(()) => Step::Yield,
            Err(error) => {
                sys.eprint(&format!("yes: standard output: {error}\n"));
                Step::Done(1)
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
