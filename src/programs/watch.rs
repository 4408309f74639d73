//! `watch`: shows a command's output again and again.

use crate::base::time::{Span, Time};
use crate::os::{Fd, Pid, Process, Program, Read, STDOUT, Signal, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::launch::spawn_with;
use super::support::text::{is_busybox, seconds};

/// `watch`.
pub(super) static WATCH: Program = Program {
    name: "watch",
    start: |argv| {
        Box::new(Watch {
            argv: argv.to_vec(),
            plan: None,
            run: None,
            next: Time(0),
            last: None,
            changed: false,
        })
    },
};

const TOOL: Tool = Tool {
    name: "watch",
    usage: "[-n SEC] [-tdegx] PROG ARGS",
    options: "+n:tdegxcbp",
    long: &[
        ("interval", 'n'),
        ("no-title", 't'),
        ("differences", 'd'),
        ("errexit", 'e'),
        ("chgexit", 'g'),
        ("exec", 'x'),
        ("color", 'c'),
        ("beep", 'b'),
    ],
    trouble: 1,
};

#[derive(Clone)]
struct Watch {
    argv: Vec<String>,
    plan: Option<Plan>,
    run: Option<Run>,
    next: Time,
    last: Option<Vec<u8>>,
    changed: bool,
}

#[derive(Clone)]
struct Plan {
    command: Vec<String>,
    words: String,
    every: Span,
    every_text: String,
    title: bool,
    stop_on_change: bool,
    stop_on_error: bool,
}

/// A run of the command.
#[derive(Clone)]
struct Run {
    pid: Pid,
    out: Fd,
    bytes: Vec<u8>,
}

fn plan(argv: &[String], sys: &mut Sys) -> Result<Plan, i32> {
    let args = TOOL.parse(argv, sys)?;
    if args.operands.is_empty() {
        sys.eprint(&format!("Usage:\n watch {}\n", TOOL.usage));
        return Err(1);
    }
    let interval = args.value('n').unwrap_or("2");
    let Some(every) = seconds(interval) else {
        return Err(TOOL.fail(sys, &format!("failed to parse argument: '{interval}'")));
    };
    let words = args.operands.join(" ");
    let command = if args.has('x') {
        args.operands.clone()
    } else {
        vec!["sh".to_owned(), "-c".to_owned(), words.clone()]
    };
    let every = every.max(0.1);
    Ok(Plan {
        command,
        words,
        every: Span::seconds_f64(every),
        every_text: format!("{every:.1}"),
        title: !args.has('t'),
        stop_on_change: args.has('g'),
        stop_on_error: args.has('e'),
    })
}

impl Watch {
    fn show(&mut self, plan: &Plan, bytes: &[u8], sys: &mut Sys) {
        let (columns, rows) = sys.tty_size(STDOUT).unwrap_or((80, 24));
        let columns = usize::from(columns);
        let mut screen = String::from("\x1b[H\x1b[J");
        let mut room = usize::from(rows);
        if plan.title {
            let left = if is_busybox(sys) {
                format!("Every {}s: {}", plan.every_text, plan.words)
            } else {
                format!("Every {}s: {}", plan.every_text, plan.words)
            };
            let right = format!("{}: {}", sys.hostname(), sys.now().format("%a %b %e %H:%M:%S %Y"));
            let gap = columns.saturating_sub(right.len());
            let left: String = left.chars().take(gap.saturating_sub(2)).collect();
            screen.push_str(&format!("{left:<gap$}{right}\n\n"));
            room = room.saturating_sub(2);
        }
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<String> =
            text.lines().take(room.max(1)).map(|l| l.chars().take(columns).collect()).collect();
        screen.push_str(&lines.join("\n"));
        if lines.len() < room {
            screen.push('\n');
        }
        sys.print(&screen);
    }
}

impl Process for Watch {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match plan(&self.argv, sys) {
                Ok(plan) => self.plan = Some(plan),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(plan) = self.plan.clone() else { return Step::Done(1) };
        let Some(run) = &mut self.run else {
            if sys.now() < self.next {
                return Step::Wait(Wait::until(self.next));
            }
            self.next = sys.after(plan.every);
            let (read, write) = sys.pipe();
            let started = spawn_with(sys, &plan.command, None, write);
            sys.close(write);
            return match started {
                Ok(pid) => {
                    self.run = Some(Run { pid, out: read, bytes: Vec::new() });
                    Step::Wait(Wait::readable(read))
                }
                Err(error) => {
                    sys.close(read);
                    sys.eprint(&format!("watch: {}: {error}\n", plan.command[0]));
                    Step::Done(127)
                }
            };
        };
        match sys.read(run.out, 64 << 10) {
            Ok(Read::Data(bytes)) => {
                run.bytes.extend(bytes);
                run.bytes.truncate(1 << 20);
                Step::Yield
            }
            Ok(Read::WouldBlock) => Step::Wait(Wait::readable(run.out)),
            _ => {
                let Some((_, code)) = sys.wait(Some(run.pid)) else {
                    return Step::Wait(Wait::children());
                };
                sys.close(run.out);
                let bytes = std::mem::take(&mut run.bytes);
                self.run = None;
                self.show(&plan, &bytes, sys);
                self.changed |= self.last.as_ref().is_some_and(|last| *last != bytes);
                self.last = Some(bytes);
                if plan.stop_on_error && code != 0 || plan.stop_on_change && self.changed {
                    return Step::Done(if code == 0 { 0 } else { 8 });
                }
                Step::Wait(Wait::until(self.next))
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, _: &mut Sys) -> bool {
        if signal == Signal::Winch {
            self.next = Time(0);
            return true;
        }
        false
    }
}
