//! The programs of the images for trying out failures.

use crate::base::time::{Span, Time};
use crate::os::{Process, Program, Signal, Step, Sys, Wait};

/// Ends with exit code 1 after one second.
pub(super) static CRASH: Program =
    Program { name: "crash", start: |_| Box::new(Failing { kind: Kind::Crash, until: None }) };

/// Is killed for want of memory after two seconds.
pub(super) static OOM: Program =
    Program { name: "oom", start: |_| Box::new(Failing { kind: Kind::Oom, until: None }) };

/// Ignores SIGTERM.
pub(super) static STUBBORN: Program = Program {
    name: "stubborn",
    start: |_| Box::new(Failing { kind: Kind::Stubborn, until: None }),
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Crash,
    Oom,
    Stubborn,
}

#[derive(Clone)]
struct Failing {
    kind: Kind,
    until: Option<Time>,
}

impl Process for Failing {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let span = match self.kind {
            Kind::Crash => Span::seconds(1),
            Kind::Oom => Span::seconds(2),
            Kind::Stubborn => return Step::Wait(Wait::default()),
        };
        let until = *self.until.get_or_insert(sys.after(span));
        if sys.now() < until {
            return Step::Wait(Wait::until(until));
        }
        if self.kind == Kind::Oom {
            sys.run_out_of_memory();
            return Step::Done(Signal::Kill.exit_code());
        }
        sys.eprint("crash: fatal error\n");
        Step::Done(1)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        if self.kind == Kind::Stubborn && signal == Signal::Term {
            sys.print("SIGTERM received, ignoring it\n");
            return true;
        }
        false
    }
}
