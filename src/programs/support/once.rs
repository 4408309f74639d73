//! Programs that do all their work in one step.

use crate::os::{Process, Step, Sys};

/// A program that needs one step only.
#[derive(Clone)]
struct Once {
    argv: Vec<String>,
    run: fn(&[String], &mut Sys) -> i32,
}

/// A process that calls a function once and ends with the exit code that it gives.
pub(crate) fn once(argv: &[String], run: fn(&[String], &mut Sys) -> i32) -> Box<dyn Process> {
    Box::new(Once { argv: argv.to_vec(), run })
}

impl Process for Once {
    fn step(&mut self, sys: &mut Sys) -> Step {
        Step::Done((self.run)(&self.argv, sys))
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
