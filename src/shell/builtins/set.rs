//! `set`, and the options that it switches.

use std::rc::Rc;

use crate::base::sort::InOrder;
use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};
use crate::shell::vars::{Value, quoted_if_needed, single_quoted};

/// Options by name, with their letters; those without an effect here are accepted as bash's defaults are.
const NAMES: [(&str, char); 8] = [
    ("allexport", 'a'),
    ("errexit", 'e'),
    ("noclobber", 'C'),
    ("noexec", 'n'),
    ("noglob", 'f'),
    ("nounset", 'u'),
    ("pipefail", '\0'),
    ("xtrace", 'x'),
];

/// Options that may be switched without anything changing.
const IGNORED: [&str; 12] = [
    "braceexpand",
    "emacs",
    "hashall",
    "histexpand",
    "history",
    "ignoreeof",
    "interactive-comments",
    "monitor",
    "notify",
    "posix",
    "privileged",
    "vi",
];

fn slot<'a>(shell: &'a mut Shell, name: &str) -> Option<&'a mut bool> {
    let options = &mut shell.options;
    Some(match name {
        "allexport" => &mut options.allexport,
        "errexit" => &mut options.errexit,
        "noclobber" => &mut options.noclobber,
        "noexec" => &mut options.noexec,
        "noglob" => &mut options.noglob,
        "nounset" => &mut options.nounset,
        "pipefail" => &mut options.pipefail,
        "xtrace" => &mut options.xtrace,
        _ => return None,
    })
}

/// Switches an option by name; `None` when there is none.
pub(crate) fn switch(shell: &mut Shell, name: &str, on: bool) -> Option<()> {
    if name == "pipefail" && shell.dialect == Dialect::Dash {
        return None;
    }
    match slot(shell, name) {
        Some(slot) => {
            *slot = on;
            Some(())
        }
        None => IGNORED.contains(&name).then_some(()),
    }
}

/// Switches an option by letter; `None` when there is none.
pub(crate) fn switch_letter(shell: &mut Shell, letter: char, on: bool) -> Option<()> {
    match NAMES.iter().find(|(_, own)| *own == letter && letter != '\0') {
        Some((name, _)) => switch(shell, name, on),
        None => "bhimpvBHPE".contains(letter).then_some(()),
    }
}

/// Whether an option is on; `None` when there is none.
pub(crate) fn is_on(shell: &mut Shell, name: &str) -> Option<bool> {
    slot(shell, name).map(|on| *on)
}

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if args.len() == 1 {
        return show_variables(shell, sys);
    }
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        if arg == "--" {
            shell.params = Rc::new(args[at + 1..].to_vec());
            return Ran::Status(0);
        }
        if arg == "-" {
            shell.options.xtrace = false;
            at += 1;
            break;
        }
        let on = arg.starts_with('-');
        if !on && !arg.starts_with('+') {
            break;
        }
        at += 1;
        for letter in arg.chars().skip(1) {
            if letter == 'o' {
                let Some(name) = args.get(at) else { return show_options(shell, on, sys) };
                at += 1;
                if switch(shell, name, on).is_none() {
                    let message = match shell.dialect {
                        Dialect::Bash => format!("{name}: invalid option name"),
                        Dialect::Ash => format!("illegal option -o {name}"),
                        Dialect::Dash => format!("Illegal option -o {name}"),
                    };
                    shell.complain_as(sys, "set", &message);
                    return if shell.dialect == Dialect::Ash {
                        Ran::Status(1)
                    } else {
                        fail(shell)
                    };
                }
            } else if switch_letter(shell, letter, on).is_none() {
                let option = format!("{}{letter}", if on { '-' } else { '+' });
                super::bad_option(shell, sys, "set", &option);
                return fail(shell);
            }
        }
        if at == args.len() {
            return Ran::Status(0);
        }
    }
    if at < args.len() {
        shell.params = Rc::new(args[at..].to_vec());
    }
    Ran::Status(0)
}

fn fail(shell: &Shell) -> Ran {
    if shell.dialect.is_bash() { Ran::Status(2) } else { Ran::Unwind(2, shell.fatal(2)) }
}

fn show_options(shell: &mut Shell, table: bool, sys: &mut Sys) -> Ran {
    let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).chain(IGNORED).collect();
    names.order();
    for name in names {
        let on = is_on(shell, name)
            .unwrap_or(matches!(name, "braceexpand" | "hashall" | "interactive-comments"));
        let line = if table {
            format!("{name:<15}\t{}\n", if on { "on" } else { "off" })
        } else {
            format!("set {}o {name}\n", if on { '-' } else { '+' })
        };
        sys.print(&line);
    }
    Ran::Status(0)
}

fn show_variables(shell: &mut Shell, sys: &mut Sys) -> Ran {
    let mut text = String::new();
    for (name, var) in shell.vars.iter() {
        match &var.value {
            Value::Unset => {}
            Value::Text(value) if shell.dialect.is_bash() => {
                let value = if value.is_empty() { String::new() } else { quoted_if_needed(value) };
                text.push_str(&format!("{name}={value}\n"));
            }
            Value::Text(value) => text.push_str(&format!("{name}={}\n", single_quoted(value))),
            value => text.push_str(&format!("{name}{}\n", super::declare::shown(value))),
        }
    }
    if shell.dialect.is_bash() {
        for function in shell.functions.values() {
            text.push_str(&format!("{}\n", function.text));
        }
    }
    sys.print(&text);
    Ran::Status(0)
}
