//! `break`, `continue`, `return`, `exit` and `shift`.

use std::rc::Rc;

use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::machine::{Origin, Ran, Shell, Unwind};

/// The number that an argument gives.
fn number(shell: &Shell, args: &[String], default: i64, sys: &mut Sys) -> Result<i64, i32> {
    let Some(text) = args.get(1).filter(|text| *text != "--").or(args.get(2)) else {
        return Ok(default);
    };
    text.trim().parse().map_err(|_| {
        let message = match shell.dialect {
            Dialect::Bash => format!("{text}: numeric argument required"),
            Dialect::Ash | Dialect::Dash => format!("Illegal number: {text}"),
        };
        shell.complain_as(sys, &args[0], &message);
        2
    })
}

fn out_of_loops(
    shell: &mut Shell,
    args: &[String],
    sys: &mut Sys,
    unwind: fn(u32) -> Unwind,
) -> Ran {
    let loops = shell.loops();
    if loops == 0 {
        if shell.dialect.is_bash() {
            let message = "only meaningful in a `for', `while', or `until' loop";
            shell.complain_as(sys, &args[0], message);
        }
        return Ran::Status(0);
    }
    match number(shell, args, 1, sys) {
        Ok(n) if n >= 1 => Ran::Unwind(0, unwind(u32::try_from(n).unwrap_or(loops).min(loops))),
        Ok(n) => {
            shell.complain_as(sys, &args[0], &format!("{n}: loop count out of range"));
            Ran::Unwind(1, Unwind::Break(loops))
        }
        Err(status) => Ran::Unwind(status, shell.fatal(status)),
    }
}

pub(super) fn break_(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    out_of_loops(shell, args, sys, Unwind::Break)
}

pub(super) fn continue_(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    out_of_loops(shell, args, sys, Unwind::Continue)
}

pub(super) fn return_(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let status = match number(shell, args, i64::from(shell.status), sys) {
        Ok(n) => (n & 0xff) as i32,
        Err(status) => status,
    };
    if shell.can_return() {
        return Ran::Unwind(status, Unwind::Return);
    }
    if shell.dialect.is_bash() {
        let message = "can only `return' from a function or sourced script";
        shell.complain_as(sys, "return", message);
        return Ran::Status(2);
    }
    Ran::Unwind(status, Unwind::Exit(status))
}

pub(super) fn exit(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if shell.origin == Origin::Interactive && shell.terminal.is_some() && shell.dialect.is_bash() {
        sys.eprint(shell.farewell());
    }
    if shell.dialect.is_bash() && args.len() > 2 {
        shell.complain_as(sys, "exit", "too many arguments");
        return Ran::Status(1);
    }
    let status = match number(shell, args, i64::from(shell.status), sys) {
        Ok(n) => (n & 0xff) as i32,
        Err(status) => status,
    };
    Ran::Unwind(status, Unwind::Exit(status))
}

pub(super) fn shift(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let n = match number(shell, args, 1, sys) {
        Ok(n) => n,
        Err(status) => return Ran::Status(if shell.dialect.is_bash() { 1 } else { status }),
    };
    match usize::try_from(n) {
        Ok(n) if n <= shell.params.len() => {
            Rc::make_mut(&mut shell.params).drain(..n);
            Ran::Status(0)
        }
        Ok(_) if shell.dialect == Dialect::Dash => {
            shell.complain_as(sys, "shift", "can't shift that many");
            Ran::Unwind(2, shell.fatal(2))
        }
        Ok(_) => Ran::Status(1),
        Err(_) => {
            shell.complain_as(sys, "shift", &format!("{n}: shift count out of range"));
            Ran::Status(1)
        }
    }
}
