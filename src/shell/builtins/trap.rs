//! `trap`.

use std::rc::Rc;

use crate::os::{Signal, Sys};
use crate::shell::machine::{Ran, Shell, Trap};
use crate::shell::vars::single_quoted;

fn parse(text: &str) -> Option<Trap> {
    match text.to_ascii_uppercase().as_str() {
        "EXIT" | "0" => Some(Trap::Exit),
        "ERR" => Some(Trap::Err),
        _ => Signal::parse(text).map(Trap::Signal),
    }
}

fn name(trap: Trap, bash: bool) -> String {
    match trap {
        Trap::Exit => "EXIT".to_owned(),
        Trap::Err => "ERR".to_owned(),
        Trap::Signal(signal) => format!("{}{}", if bash { "SIG" } else { "" }, signal.name()),
    }
}

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut rest = &args[1..];
    match rest.first().map(String::as_str) {
        Some("-l") => {
            let text: Vec<String> = super::kill::NAMES
                .iter()
                .enumerate()
                .map(|(i, name)| format!("{:2}) SIG{name}\n", i + 1))
                .collect();
            sys.print(&text.concat());
            return Ran::Status(0);
        }
        Some("-p") => {
            show(shell, &rest[1..], sys);
            return Ran::Status(0);
        }
        Some("--") => rest = &rest[1..],
        _ => {}
    }
    let Some((action, signals)) = rest.split_first() else {
        show(shell, &[], sys);
        return Ran::Status(0);
    };
    // A signal alone, or a number first, takes traps back.
    let (action, signals) = if signals.is_empty() || action.parse::<u32>().is_ok() {
        (None, rest)
    } else if action == "-" {
        (None, signals)
    } else {
        (Some(action), signals)
    };
    let mut status = 0;
    for text in signals {
        let Some(trap) = parse(text) else {
            let upper = text.to_ascii_uppercase();
            if matches!(upper.as_str(), "DEBUG" | "RETURN") {
                shell.complain_as(sys, "trap", &format!("{upper}: not simulated"));
            } else if super::kill::NAMES.contains(&upper.strip_prefix("SIG").unwrap_or(&upper)) {
                // A signal that never comes here may be trapped.
                continue;
            } else {
                shell.complain_as(sys, "trap", &format!("{text}: invalid signal specification"));
            }
            status = 1;
            continue;
        };
        if let Trap::Signal(signal) = trap {
            sys.set_ignored(signal, action.is_some_and(String::is_empty));
        }
        let traps = Rc::make_mut(&mut shell.traps);
        match action {
            Some(action) => {
                traps.insert(trap, action.clone());
            }
            None => {
                traps.remove(&trap);
            }
        }
    }
    Ran::Status(status)
}

fn show(shell: &Shell, only: &[String], sys: &mut Sys) {
    let bash = shell.dialect.is_bash();
    let wanted: Vec<Trap> = only.iter().filter_map(|text| parse(text)).collect();
    let mut text = String::new();
    for (trap, action) in shell.traps.iter() {
        if only.is_empty() || wanted.contains(trap) {
            text.push_str(&format!("trap -- {} {}\n", single_quoted(action), name(*trap, bash)));
        }
    }
    sys.print(&text);
}
