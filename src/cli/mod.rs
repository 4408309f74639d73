//! The native runner: scripts, recorded scenarios, lessons and measurements in virtual time.

// The runner's work is to print.
#![allow(clippy::print_stdout)]

mod bench;
pub mod lesson_test;
mod machine;
mod replay;
mod run;
pub mod scenario;
pub mod transcript;

use std::process::ExitCode;

const USAGE: &str = "\
tabernetes, a simulated Kubernetes 1.36

  tabernetes run FILE [--dir DIR] [--seed N]              run a shell script on a fresh cluster
  tabernetes replay SCENARIO --out OUTDIR [--dir DIR] [--seed N]
                                                          run a scenario; write session.txt and watch-N.txt
  tabernetes test LESSON.md… [--seed N]                   run lessons with their checks
  tabernetes bench [--pods N]                             pods per second, memory, snapshots
";

/// Runs the command line; the exit status is 2 for a command line that cannot be read.
pub fn main(arguments: &[String]) -> ExitCode {
    let result = match arguments.split_first() {
        Some((command, rest)) => dispatch(command, rest),
        None => Err(USAGE.to_owned()),
    };
    result.unwrap_or_else(|message| {
        eprintln!("{}", message.trim_end());
        ExitCode::from(2)
    })
}

fn dispatch(command: &str, rest: &[String]) -> Result<ExitCode, String> {
    let arguments = Arguments::parse(rest)?;
    match command {
        "run" => run::run(&arguments),
        "replay" => replay::replay(&arguments),
        "test" => lesson_test::test(&arguments),
        "bench" => bench::bench(&arguments),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("unknown command {other:?}\n\n{USAGE}")),
    }
}

/// Positional arguments and options of a command.
pub(crate) struct Arguments {
    positional: Vec<String>,
    options: Vec<(String, String)>,
}

impl Arguments {
    fn parse(words: &[String]) -> Result<Arguments, String> {
        let mut parsed = Arguments { positional: Vec::new(), options: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                parsed.positional.push(word.clone());
                continue;
            };
            if !["dir", "seed", "out", "pods"].contains(&name) {
                return Err(format!("unknown option --{name}\n\n{USAGE}"));
            }
            let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
            parsed.options.push((name.to_owned(), value.clone()));
        }
        Ok(parsed)
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        self.option(name).map_or(Ok(default), |text| {
            text.parse().map_err(|_| format!("--{name} wants a number, not {text:?}"))
        })
    }

    fn only(&self, what: &str) -> Result<&str, String> {
        match self.positional.as_slice() {
            [one] => Ok(one),
            _ => Err(format!("exactly one {what} is wanted\n\n{USAGE}")),
        }
    }
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))
}
