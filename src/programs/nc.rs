//! `nc`: connects standard input and output to a port.

use crate::base::time::{Span, Time};
use crate::os::{Errno, Fd, Process, Program, Read, Record, STDIN, STDOUT, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::text::{is_busybox, seconds};

/// `nc`.
pub(super) static NC: Program = Program {
    name: "nc",
    start: |argv| {
        Box::new(Nc {
            argv: argv.to_vec(),
            plan: None,
            state: State::Begin,
            quit_at: None,
            input_open: true,
        })
    },
};

const TOOL: Tool = Tool {
    name: "nc",
    usage: "[-lnvz] [-p PORT] [-w SEC] [-q SEC] [HOST] [PORT]",
    options: "lnvzNkp:w:q:i:s:u46",
    long: &[],
    trouble: 1,
};

#[derive(Clone)]
struct Nc {
    argv: Vec<String>,
    plan: Option<Plan>,
    state: State,
    quit_at: Option<Time>,
    input_open: bool,
}

#[derive(Clone)]
struct Plan {
    host: String,
    port: u16,
    listen: bool,
    probe: bool,
    verbose: bool,
    patience: Option<Span>,
    quit_after: Option<Span>,
}

#[derive(Clone, Copy)]
enum State {
    Begin,
    Listening(Fd),
    Failing(Time, Errno),
    Open(Fd),
}

fn plan(argv: &[String], sys: &mut Sys) -> Result<Plan, i32> {
    let args = TOOL.parse(argv, sys)?;
    if args.has('u') {
        return Err(TOOL.fail(sys, "UDP is not simulated"));
    }
    let listen = args.has('l');
    let mut operands = args.operands.clone();
    let port_text = match (args.value('p'), listen) {
        (Some(port), true) => Some(port.to_owned()),
        _ => operands.pop(),
    };
    let host = operands.pop().unwrap_or_default();
    let port = port_text.as_deref().and_then(|p| p.parse::<u16>().ok());
    let (Some(port), true) = (port, listen || !host.is_empty()) else {
        let text = match port_text {
            Some(text) if !host.is_empty() => format!("nc: port number invalid: {text}\n"),
            _ => format!("usage: nc {}\n", TOOL.usage),
        };
        sys.eprint(&text);
        return Err(1);
    };
    Ok(Plan {
        host,
        port,
        listen,
        probe: args.has('z'),
        verbose: args.has('v'),
        patience: args.value('w').and_then(seconds).map(Span::seconds_f64),
        quit_after: args.value('q').and_then(seconds).map(Span::seconds_f64),
    })
}

impl Nc {
    fn begin(&mut self, plan: &Plan, sys: &mut Sys) -> Option<Step> {
        if plan.listen {
            return match sys.listen(plan.port) {
                Ok(fd) => {
                    if plan.verbose {
                        sys.eprint(&format!("Listening on 0.0.0.0 {}\n", plan.port));
                    }
                    self.state = State::Listening(fd);
                    None
                }
                Err(error) => Some(Step::Done(TOOL.fail(sys, &error.to_string()))),
            };
        }
        let Some(answer) = sys.resolve(&plan.host, Record::A).into_iter().next() else {
            let text = if is_busybox(sys) {
                format!("nc: bad address '{}'\n", plan.host)
            } else {
                format!(
                    "nc: getaddrinfo for host \"{}\" port {}: Name or service not known\n",
                    plan.host, plan.port
                )
            };
            sys.eprint(&text);
            return Some(Step::Done(1));
        };
        match sys.connect(&answer.data, plan.port) {
            Ok(fd) => {
                if plan.verbose {
                    let text = if is_busybox(sys) {
                        format!("{} ({}:{}) open\n", plan.host, answer.data, plan.port)
                    } else {
                        format!(
                            "Connection to {} ({}) {} port [tcp/*] succeeded!\n",
                            plan.host, answer.data, plan.port
                        )
                    };
                    sys.eprint(&text);
                }
                if plan.probe {
                    return Some(Step::Done(0));
                }
                self.state = State::Open(fd);
                None
            }
            Err(Errno::Refused) => Some(self.refused(plan, &answer.data, Errno::Refused, sys)),
            Err(error) => {
                let patience = plan.patience.unwrap_or(Span::seconds(127));
                let span = if error == Errno::Unreachable {
                    patience.min(Span::millis(3_060))
                } else {
                    patience
                };
                self.state = State::Failing(sys.after(span), error);
                None
            }
        }
    }

    fn refused(&self, plan: &Plan, address: &str, error: Errno, sys: &mut Sys) -> Step {
        if is_busybox(sys) {
            if !plan.probe || plan.verbose {
                sys.eprint(&format!("nc: {} ({address}:{}): {error}\n", plan.host, plan.port));
            }
        } else if plan.verbose {
            sys.eprint(&format!(
                "nc: connect to {} ({address}) port {} (tcp) failed: {error}\n",
                plan.host, plan.port
            ));
        }
        Step::Done(1)
    }

    /// Copies in both directions.
    fn talk(&mut self, plan: &Plan, fd: Fd, sys: &mut Sys) -> Step {
        loop {
            match sys.read(fd, 32 << 10) {
                Ok(Read::Data(bytes)) => {
                    let _ = sys.write(STDOUT, &bytes);
                }
                Ok(Read::WouldBlock) => break,
                Ok(Read::End) | Err(_) => return Step::Done(0),
            }
        }
        while self.input_open {
            match sys.read(STDIN, 32 << 10) {
                Ok(Read::Data(bytes)) => {
                    if sys.write(fd, &bytes).is_err() {
                        return Step::Done(1);
                    }
                }
                Ok(Read::WouldBlock) => break,
                Ok(Read::End) | Err(_) => {
                    self.input_open = false;
                    sys.shut_writing(fd);
                    self.quit_at = plan.quit_after.or(plan.patience).map(|span| sys.after(span));
                }
            }
        }
        if self.quit_at.is_some_and(|at| at <= sys.now()) {
            return Step::Done(0);
        }
        let mut wait = Wait { until: self.quit_at, ..Wait::readable(fd) };
        if self.input_open {
            wait.readable.push(STDIN);
        }
        Step::Wait(wait)
    }
}

impl Process for Nc {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match plan(&self.argv, sys) {
                Ok(plan) => self.plan = Some(plan),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(plan) = self.plan.clone() else { return Step::Done(1) };
        match self.state {
            State::Begin => self.begin(&plan, sys).unwrap_or(Step::Yield),
            State::Listening(fd) => match sys.accept(fd) {
                Some((connection, peer)) => {
                    if plan.verbose {
                        sys.eprint(&format!("Connection received on {peer}\n"));
                    }
                    sys.close(fd);
                    self.state = State::Open(connection);
                    Step::Yield
                }
                None => Step::Wait(Wait::readable(fd)),
            },
            State::Failing(at, error) if at <= sys.now() => {
                let error = if error == Errno::Unreachable { error } else { Errno::TimedOut };
                let address = sys.resolve(&plan.host, Record::A).first().map(|a| a.data.clone());
                self.refused(&plan, &address.unwrap_or_default(), error, sys)
            }
            State::Failing(at, _) => Step::Wait(Wait::until(at)),
            State::Open(fd) => self.talk(&plan, fd, sys),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
