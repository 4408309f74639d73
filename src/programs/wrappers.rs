//! `timeout`, `time`, `nohup`, `nice`: run another command under some condition.

use crate::base::time::{Span, Time};
use crate::os::{Pid, Process, Program, STDOUT, Signal, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::launch::{failure_code, spawn};
use super::support::text::{is_busybox, seconds};

/// `timeout`.
pub(super) static TIMEOUT: Program =
    Program { name: "timeout", start: |argv| timed(argv, Kind::Timeout) };
/// `time`.
pub(super) static TIME: Program = Program { name: "time", start: |argv| timed(argv, Kind::Time) };
/// `nohup`.
pub(super) static NOHUP: Program =
    Program { name: "nohup", start: |argv| Box::new(Become(argv.to_vec())) };
/// `nice`.
pub(super) static NICE: Program =
    Program { name: "nice", start: |argv| Box::new(Become(argv.to_vec())) };

const TOOL: Tool = Tool {
    name: "timeout",
    usage: "[-s SIG] [-k SECS] SECS PROG ARGS",
    options: "+s:k:fpv",
    long: &[("signal", 's'), ("kill-after", 'k'), ("foreground", 'f'), ("preserve-status", 'p')],
    trouble: 125,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Timeout,
    Time,
}

fn timed(argv: &[String], kind: Kind) -> Box<dyn Process> {
    Box::new(Timed { argv: argv.to_vec(), kind, run: None })
}

#[derive(Clone)]
struct Timed {
    argv: Vec<String>,
    kind: Kind,
    run: Option<Run>,
}

#[derive(Clone)]
struct Run {
    pid: Pid,
    began: Time,
    until: Option<Time>,
    signal: Signal,
    kill_after: Option<Span>,
    fired: bool,
    keep_code: bool,
}

impl Timed {
    fn begin(&mut self, sys: &mut Sys) -> Result<Run, i32> {
        let mut run = Run {
            pid: 0,
            began: sys.now(),
            until: None,
            signal: Signal::Term,
            kill_after: None,
            fired: false,
            keep_code: false,
        };
        let command = if self.kind == Kind::Timeout {
            // busybox once wrote `timeout -t SECS PROG`.
            let argv: Vec<String> = self.argv.iter().filter(|a| *a != "-t").cloned().collect();
            let args = TOOL.parse(&argv, sys)?;
            if args.operands.len() < 2 {
                return Err(TOOL.missing_operand(sys));
            }
            let Some(span) = seconds(&args.operands[0]) else {
                return Err(
                    TOOL.fail(sys, &format!("invalid time interval '{}'", args.operands[0]))
                );
            };
            if let Some(name) = args.value('s') {
                run.signal = Signal::parse(name)
                    .ok_or_else(|| TOOL.fail(sys, &format!("'{name}': invalid signal")))?;
            }
            run.kill_after = args.value('k').and_then(seconds).map(Span::seconds_f64);
            run.keep_code = args.has('p');
            run.until = (span > 0.0).then(|| sys.after(Span::seconds_f64(span)));
            args.operands[1..].to_vec()
        } else {
            self.argv.iter().skip(1).skip_while(|a| a.starts_with('-')).cloned().collect()
        };
        if command.is_empty() {
            return Err(0);
        }
        match spawn(sys, &command) {
            Ok(pid) => run.pid = pid,
            Err(error) => {
                let name = &command[0];
                let text = if is_busybox(sys) {
                    format!("{}: can't execute '{name}': {error}\n", self.argv[0])
                } else {
                    format!("{}: failed to run command '{name}': {error}\n", self.argv[0])
                };
                sys.eprint(&text);
                return Err(failure_code(error));
            }
        }
        Ok(run)
    }
}

impl Process for Timed {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.run.is_none() {
            match self.begin(sys) {
                Ok(run) => self.run = Some(run),
                Err(code) => return Step::Done(code),
            }
        }
        let kind = self.kind;
        let Some(run) = &mut self.run else { return Step::Done(1) };
        if let Some((_, code)) = sys.wait(Some(run.pid)) {
            if kind == Kind::Time {
                let real = (sys.now() - run.began).as_seconds_f64();
                let minutes = (real / 60.0).floor();
                let text = format!(
                    "real\t{minutes}m {:.2}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n",
                    real - minutes * 60.0
                );
                sys.eprint(&text);
            }
            let late = run.fired && !run.keep_code && code != Signal::Kill.exit_code();
            let late = late && !is_old_busybox(sys);
            return Step::Done(if late { 124 } else { code });
        }
        if run.until.is_some_and(|until| until <= sys.now()) {
            let signal = if run.fired { Signal::Kill } else { run.signal };
            // It may have ended just now.
            let _ = sys.kill(run.pid, signal);
            let again = run.kill_after.filter(|_| !run.fired);
            run.fired = true;
            run.until = again.map(|span| sys.after(span));
        }
        Step::Wait(Wait { children: true, until: run.until, ..Wait::default() })
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        match (&self.run, signal) {
            (Some(run), Signal::Term | Signal::Int | Signal::Hup) => {
                let _ = sys.kill(run.pid, signal);
                true
            }
            _ => false,
        }
    }
}

/// busybox passes the command's own status on: 143 after SIGTERM.
fn is_old_busybox(sys: &Sys) -> bool {
    is_busybox(sys)
}

/// Commands that only change something about themselves and then become another.
#[derive(Clone)]
struct Become(Vec<String>);

impl Process for Become {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let name = self.0.first().map_or("", |a| a.rsplit('/').next().unwrap_or(a)).to_owned();
        let mut words = &self.0[1..];
        if name == "nice" {
            while let Some(word) = words.first().filter(|w| w.starts_with('-')) {
                words = if word == "-n" { words.get(2..).unwrap_or_default() } else { &words[1..] };
            }
            if words.is_empty() {
                sys.print("0\n");
                return Step::Done(0);
            }
        }
        let command = words.to_vec();
        if command.is_empty() {
            sys.eprint("nohup: missing operand\nTry 'nohup --help' for more information.\n");
            return Step::Done(125);
        }
        if name == "nohup" {
            sys.set_ignored(Signal::Hup, true);
            if sys.is_tty(STDOUT) {
                sys.eprint("nohup: ignoring input and appending output to 'nohup.out'\n");
                if let Ok(fd) = sys.open("nohup.out", crate::os::OpenFlags::APPEND) {
                    let _ = sys.dup(fd, STDOUT);
                    sys.close(fd);
                }
            }
        }
        match sys.exec(command.clone()) {
            Ok(()) => Step::Yield,
            Err(error) => {
                sys.eprint(&format!("{name}: failed to run command '{}': {error}\n", command[0]));
                Step::Done(failure_code(error))
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
