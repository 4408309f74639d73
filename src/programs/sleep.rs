//! `sleep`: waits for some virtual time.

use crate::base::time::{Span, Time};
use crate::os::{Process, Program, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::text::{is_busybox, seconds};

/// `sleep`.
pub(super) static SLEEP: Program =
    Program { name: "sleep", start: |argv| Box::new(Sleep { argv: argv.to_vec(), until: None }) };

const TOOL: Tool =
    Tool { name: "sleep", usage: "NUMBER[SUFFIX]...", options: "", long: &[], trouble: 1 };

#[derive(Clone)]
struct Sleep {
    argv: Vec<String>,
    until: Option<Time>,
}

/// How long the operands say together.
fn span(argv: &[String], sys: &mut Sys) -> Result<Span, i32> {
    let args = TOOL.parse(argv, sys)?;
    if args.operands.is_empty() {
        return Err(TOOL.missing_operand(sys));
    }
    let mut total = 0.0;
    for operand in &args.operands {
        let Some(part) = seconds(operand) else {
            if is_busybox(sys) {
                return Err(TOOL.fail(sys, &format!("invalid number '{operand}'")));
            }
            let text = format!(
                "invalid time interval '{operand}'\nTry 'sleep --help' for more information."
            );
            return Err(TOOL.fail(sys, &text));
        };
        total += part;
    }
    Ok(Span::seconds_f64(total))
}

impl Process for Sleep {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let until = match self.until {
            Some(until) => until,
            None => match span(&self.argv, sys) {
                Ok(span) => sys.after(span),
                Err(code) => return Step::Done(code),
            },
        };
        self.until = Some(until);
        if sys.now() < until { Step::Wait(Wait::until(until)) } else { Step::Done(0) }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
