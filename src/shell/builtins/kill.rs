//! `kill`.

use crate::os::{Signal, Sys};
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};

/// Names of signals by number, from 1.
pub(super) const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// A signal by name or number; `None` for 0, which only asks whether the process is there.
fn parse(text: &str) -> Result<Option<Signal>, ()> {
    if text == "0" {
        return Ok(None);
    }
    Signal::parse(text).map(Some).ok_or(())
}

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut signal = Some(Signal::Term);
    let mut rest = &args[1..];
    if let Some(first) = rest.first() {
        let named = match first.as_str() {
            "-l" | "-L" => return list(shell, &rest[1..], sys),
            "-s" | "-n" => {
                let name = rest.get(1).cloned();
                rest = &rest[2.min(rest.len())..];
                Some(name.unwrap_or_default())
            }
            "--" => {
                rest = &rest[1..];
                None
            }
            flag if flag.len() > 1 && flag.starts_with('-') => {
                let name = flag[1..].to_owned();
                rest = &rest[1..];
                Some(name)
            }
            _ => None,
        };
        if let Some(name) = named {
            if let Ok(parsed) = parse(&name) {
                signal = parsed;
            } else {
                let message = match shell.dialect {
                    Dialect::Bash => format!("{name}: invalid signal specification"),
                    _ => format!("bad signal name '{name}'"),
                };
                shell.complain_as(sys, "kill", &message);
                return Ran::Status(1);
            }
        }
    }
    if rest.first().is_some_and(|arg| arg == "--") {
        rest = &rest[1..];
    }
    if rest.is_empty() {
        let usage = super::find("kill").map_or("", |b| b.usage);
        sys.eprint(&format!("kill: usage: {usage}\n"));
        return Ran::Status(2);
    }
    let mut status = 0;
    shell.pause = true;
    for target in rest {
        if let Err(message) = send(shell, target, signal, sys) {
            if shell.dialect == Dialect::Ash {
                let name = shell.name.clone();
                sys.eprint(&format!("{name}: {message}\n"));
            } else {
                shell.complain_as(sys, "kill", &message);
            }
            status = 1;
        }
    }
    Ran::Status(status)
}

fn send(
    shell: &mut Shell,
    target: &str,
    signal: Option<Signal>,
    sys: &mut Sys,
) -> Result<(), String> {
    if target.starts_with('%') {
        let Some(number) = shell.jobs.find(Some(target)) else {
            return Err(format!("{target}: no such job"));
        };
        let controlled = shell.terminal.is_some();
        let Some(job) = shell.jobs.get_mut(number) else { return Ok(()) };
        let Some(signal) = signal else { return Ok(()) };
        let failed = |error| format!("{target}: {error}");
        if controlled {
            sys.kill_group(job.group(), signal).map_err(failed)?;
            if job.stopped && signal != Signal::Stop {
                // A stopped job notices when it goes on.
                let _ = sys.kill_group(job.group(), Signal::Cont);
            }
        } else {
            for member in &job.members {
                sys.kill(member.pid, signal).map_err(failed)?;
            }
        }
        return Ok(());
    }
    let Ok(pid) = target.parse::<i64>() else {
        return Err(match shell.dialect {
            Dialect::Bash => format!("{target}: arguments must be process or job IDs"),
            _ => format!("invalid number '{target}'"),
        });
    };
    let wording = |error: crate::os::Errno| match shell.dialect {
        Dialect::Bash => format!("({pid}) - {error}"),
        Dialect::Ash => format!("can't kill pid {pid}: {error}"),
        Dialect::Dash => format!("{error}\n"),
    };
    let shown = u32::try_from(pid.unsigned_abs()).unwrap_or(u32::MAX);
    if pid < 0 {
        let group = sys.processes().iter().find(|p| p.shown == shown).map_or(shown, |p| p.pid);
        let Some(signal) = signal else { return Ok(()) };
        return sys.kill_group(group, signal).map_err(wording);
    }
    let found = sys.processes().into_iter().find(|p| p.shown == shown);
    match (found, signal) {
        (None, _) => Err(wording(crate::os::Errno::NoProcess)),
        (Some(_), None) => Ok(()),
        (Some(process), Some(signal)) => sys.kill(process.pid, signal).map_err(wording),
    }
}

fn list(shell: &Shell, args: &[String], sys: &mut Sys) -> Ran {
    if args.is_empty() {
        let mut text = String::new();
        for (i, name) in NAMES.iter().enumerate() {
            let end = if i % 5 == 4 || i + 1 == NAMES.len() { "\n" } else { "\t" };
            if shell.dialect.is_bash() {
                text.push_str(&format!("{:2}) SIG{name}{end}", i + 1));
            } else {
                text.push_str(&format!("{:2}) {name}\n", i + 1));
            }
        }
        sys.print(&text);
        return Ran::Status(0);
    }
    for arg in args {
        let name = arg.to_ascii_uppercase();
        let plain = name.strip_prefix("SIG").unwrap_or(&name);
        let line = match arg.parse::<usize>() {
            Ok(number) => NAMES.get(number.wrapping_sub(1) & 0x7f).map(|name| (*name).to_owned()),
            Err(_) => NAMES.iter().position(|n| *n == plain).map(|at| (at + 1).to_string()),
        };
        if let Some(line) = line {
            sys.print(&format!("{line}\n"));
        } else {
            shell.complain_as(sys, "kill", &format!("{arg}: invalid signal specification"));
            return Ran::Status(1);
        }
    }
    Ran::Status(0)
}
