//! kubectl, which reaches the cluster only through API requests.
//!
//! A command line becomes [`flags::Args`] for a verb of the registry in [`verbs`]; the verb answers at once or
//! leaves a [`Machine`] that waits (watches, roll-outs, deletions). Errors are rendered in one place, [`error`].
//! Upstream: staging/src/k8s.io/kubectl and staging/src/k8s.io/cli-runtime.
//! Simplified: one server, one user; no plugins, no certificates, no HTTP options.

mod client;
mod config;
mod describe;
mod error;
mod files;
mod flags;
mod help;
mod print;
mod resources;
mod verbs;

use crate::base::ordered::OrdSet;
use std::rc::Rc;

use crate::base::time::{Span, Time};

use crate::os::{Process, Program, Read, STDIN, Signal, Step, Sys, Wait};

use config::Config;
use error::CmdError;
use flags::{Args, Parsed};
use resources::Mapper;

/// The registry of this module: kubectl itself.
pub static PROGRAMS: &[&Program] = &[&Program { name: "kubectl", start }];

fn start(argv: &[String]) -> Box<dyn Process> {
    Box::new(Kubectl { argv: argv.to_vec(), state: State::Start })
}

/// What one invocation knows about itself.
#[derive(Clone)]
pub(crate) struct Env {
    /// The command line, parsed.
    pub(crate) args: Rc<Args>,
    /// The kubeconfig.
    pub(crate) config: Rc<Config>,
    /// What was read from standard input for `-f -`.
    pub(crate) stdin: Rc<String>,
    mapper: Option<Rc<Mapper>>,
    /// Warnings already shown; each is shown once.
    warned: OrdSet<String>,
}

/// A verb's view of the world for one step.
pub(crate) struct Cx<'c, 's> {
    /// System calls.
    pub(crate) sys: &'c mut Sys<'s>,
    /// The invocation.
    pub(crate) env: &'c mut Env,
}

/// How a verb goes on after its first part.
pub(crate) enum Next {
    /// It is done.
    Done,
    /// It ends with this exit code.
    Exit(i32),
    /// It waits.
    Wait(Box<dyn Machine>),
}

/// The part of a verb that waits.
pub(crate) trait Machine {
    /// Does what can be done now.
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError>;
    /// A copy, for snapshots.
    fn boxed_clone(&self) -> Box<dyn Machine>;
    /// Deals with a signal; `true` when it is dealt with.
    fn signal(&mut self, signal: Signal, cx: &mut Cx) -> bool {
        let _ = (signal, cx);
        false
    }
}

/// How a machine goes on.
pub(crate) enum Flow {
    /// It ends with this exit code.
    Exit(i32),
    /// It wants to be stepped again then.
    Wait(Wait),
}

#[derive(Clone)]
struct Kubectl {
    argv: Vec<String>,
    state: State,
}

enum State {
    Start,
    /// The program is loading.
    Loading(Time),
    Stdin(Box<Env>, Vec<u8>),
    Running(Box<Env>, Box<dyn Machine>),
    Ended,
}

impl Clone for State {
    fn clone(&self) -> State {
        match self {
            State::Start => State::Start,
            State::Loading(until) => State::Loading(*until),
            State::Stdin(env, bytes) => State::Stdin(env.clone(), bytes.clone()),
            State::Running(env, machine) => State::Running(env.clone(), machine.boxed_clone()),
            State::Ended => State::Ended,
        }
    }
}

/// Input read at most from `-f -`.
const MAX_INPUT: usize = 3 * 1024 * 1024;

impl Process for Kubectl {
    fn step(&mut self, sys: &mut Sys) -> Step {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Start => {
                    // The shortest and longest start of a real kubectl on an idle machine, about.
                    let load = Span::millis(sys.rng("kubectl-start", 0).range(50, 80));
                    self.state = State::Loading(sys.after(load));
                }
                State::Loading(until) if sys.now() < until => {
                    self.state = State::Loading(until);
                    return Step::Wait(Wait::until(until));
                }
                State::Loading(_) => match self.begin(sys) {
                    Ok(state) => self.state = state,
                    Err(code) => return Step::Done(code),
                },
                State::Stdin(mut env, mut bytes) => match sys.read(STDIN, 64 * 1024) {
                    Ok(Read::Data(data)) if bytes.len() < MAX_INPUT => {
                        bytes.extend(data);
                        self.state = State::Stdin(env, bytes);
                    }
                    Ok(Read::WouldBlock) => {
                        self.state = State::Stdin(env, bytes);
                        return Step::Wait(Wait::readable(STDIN));
                    }
                    _ => {
                        env.stdin = Rc::new(String::from_utf8_lossy(&bytes).into_owned());
                        match run(sys, env) {
                            Ok(state) => self.state = state,
                            Err(code) => return Step::Done(code),
                        }
                    }
                },
                State::Running(mut env, mut machine) => {
                    let mut cx = Cx { sys, env: &mut env };
                    match machine.step(&mut cx) {
                        Ok(Flow::Exit(code)) => return Step::Done(code),
                        Ok(Flow::Wait(wait)) => {
                            self.state = State::Running(env, machine);
                            return Step::Wait(wait);
                        }
                        Err(error) => return Step::Done(fail(sys, &error)),
                    }
                }
                State::Ended => return Step::Done(0),
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        match &mut self.state {
            State::Running(env, machine) => machine.signal(signal, &mut Cx { sys, env }),
            _ => false,
        }
    }
}

impl Kubectl {
    /// Parses the command line; `Err` carries the exit code when all is said already.
    fn begin(&mut self, sys: &mut Sys) -> Result<State, i32> {
        let args = match flags::parse(&verbs::ROOT, &self.argv[1.min(self.argv.len())..]) {
            Ok(Parsed::Run(args)) => args,
            Ok(Parsed::Help(args)) => {
                sys.print(help::text(&args));
                return Err(0);
            }
            Err(error) => return Err(fail(sys, &error)),
        };
        for notice in &args.notices {
            sys.eprint(&format!("{notice}\n"));
        }
        let config = match Config::load(sys, &args) {
            Ok(config) => config,
            Err(error) => return Err(fail(sys, &error)),
        };
        let wants_stdin = files::reads_stdin(&args);
        let env = Box::new(Env {
            args: Rc::new(args),
            config: Rc::new(config),
            stdin: Rc::new(String::new()),
            mapper: None,
            warned: OrdSet::new(),
        });
        if wants_stdin {
            return Ok(State::Stdin(env, Vec::new()));
        }
        run(sys, env)
    }
}

fn run(sys: &mut Sys, mut env: Box<Env>) -> Result<State, i32> {
    let args = env.args.clone();
    let mut cx = Cx { sys, env: &mut env };
    let outcome = flags::check_supported(&args).and_then(|()| match args.verb.run {
        Some(run) => run(&mut cx),
        None if args.pos.is_empty() => {
            cx.sys.print(help::text(&args));
            let fine = matches!(args.verb.name, "kubectl" | "certificate");
            Ok(Next::Exit(i32::from(!fine)))
        }
        None => Err(CmdError::usage_help(
            &args.path,
            format!("unknown command \"{}\"", args.pos.join(" ")),
        )),
    });
    match outcome {
        Ok(Next::Done) => Err(0),
        Ok(Next::Exit(code)) => Err(code),
        Ok(Next::Wait(machine)) => Ok(State::Running(env, machine)),
        Err(error) => Err(fail(sys, &error)),
    }
}

/// Prints an error and returns the exit code.
fn fail(sys: &mut Sys, error: &CmdError) -> i32 {
    let (text, code) = error::render(error);
    if !text.is_empty() {
        sys.eprint(&text);
    }
    code
}
