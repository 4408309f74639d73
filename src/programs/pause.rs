//! `pause`: sleeps until it is told to end.
//! Upstream: build/pause/linux/pause.c.

use crate::os::{Process, Program, Signal, Step, Sys, Wait};

/// `pause`.
pub(super) static PAUSE: Program =
    Program { name: "pause", start: |_| Box::new(Pause { ends: false }) };

#[derive(Clone)]
struct Pause {
    ends: bool,
}

impl Process for Pause {
    fn step(&mut self, _: &mut Sys) -> Step {
        if self.ends { Step::Done(0) } else { Step::Wait(Wait::default()) }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        if matches!(signal, Signal::Int | Signal::Term) {
            sys.eprint(&format!("Shutting down, got signal: {}\n", words(signal)));
            self.ends = true;
        }
        self.ends
    }
}

fn words(signal: Signal) -> &'static str {
    if signal == Signal::Int { "Interrupt" } else { "Terminated" }
}
