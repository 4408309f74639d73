//! `env` and `printenv`: the environment, and commands in a changed one.

use crate::os::{Process, Program, Step, Sys};

use super::support::launch::failure_code;
use super::support::once::once;

/// `env`.
pub(super) static ENV: Program =
    Program { name: "env", start: |argv| Box::new(Env(argv.to_vec())) };
/// `printenv`.
pub(super) static PRINTENV: Program =
    Program { name: "printenv", start: |argv| once(argv, printenv) };

#[derive(Clone)]
struct Env(Vec<String>);

impl Process for Env {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let mut env = sys.env().clone();
        let mut words = self.0[1..].iter().peekable();
        while let Some(word) = words.peek() {
            match word.as_str() {
                "-i" | "-" | "--ignore-environment" => env.clear(),
                "-u" | "--unset" => {
                    words.next();
                    if let Some(name) = words.peek() {
                        env.remove(name.as_str());
                    }
                }
                "--" => {
                    words.next();
                    break;
                }
                other if other.starts_with('-') => {
                    let text = format!(
                        "env: invalid option -- '{}'\nTry 'env --help' for more information.\n",
                        other.trim_start_matches('-')
                    );
                    sys.eprint(&text);
                    return Step::Done(125);
                }
                other => match other.split_once('=') {
                    Some((name, value)) => {
                        env.insert(name.to_owned(), value.to_owned());
                    }
                    None => break,
                },
            }
            words.next();
        }
        let command: Vec<String> = words.cloned().collect();
        if command.is_empty() {
            let text: String =
                env.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            sys.print(&text);
            return Step::Done(0);
        }
        sys.set_env(env);
        match sys.exec(command.clone()) {
            Ok(()) => Step::Yield,
            Err(error) => {
                let name = &command[0];
                sys.eprint(&format!("env: '{name}': {error}\n"));
                Step::Done(failure_code(error))
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

fn printenv(argv: &[String], sys: &mut Sys) -> i32 {
    let names: Vec<&String> = argv.iter().skip(1).filter(|a| !a.starts_with('-')).collect();
    if names.is_empty() {
        let text: String =
            sys.env().iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        sys.print(&text);
        return 0;
    }
    let mut code = 0;
    for name in names {
        match sys.env().get(name).cloned() {
            Some(value) => sys.print(&format!("{value}\n")),
            None => code = 1,
        }
    }
    code
}
