//! `unset`.

use std::rc::Rc;

use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::arith;
use crate::shell::machine::{Ran, Shell};
use crate::shell::parse::is_name;
use crate::shell::variables::ArithEnv;
use crate::shell::vars::Value;

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, names) = match super::letters(&args[1..], "fvn") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "unset", &option),
    };
    let mut status = 0;
    for name in names {
        if letters.contains('f') {
            Rc::make_mut(&mut shell.functions).remove(name);
            continue;
        }
        let (base, index) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((base, index)) => (base, Some(index)),
            None => (name.as_str(), None),
        };
        if !is_name(base) {
            let message = match shell.dialect {
                Dialect::Bash => format!("`{name}': not a valid identifier"),
                Dialect::Ash | Dialect::Dash => format!("{name}: bad variable name"),
            };
            shell.complain_as(sys, "unset", &message);
            if !shell.dialect.is_bash() {
                return Ran::Unwind(2, shell.fatal(2));
            }
            status = 1;
            continue;
        }
        if shell.vars.get(base).is_some_and(|var| var.readonly) {
            let message = match shell.dialect {
                Dialect::Bash => format!("{name}: cannot unset: readonly variable"),
                Dialect::Ash | Dialect::Dash => format!("{name}: is read only"),
            };
            shell.complain_as(sys, "unset", &message);
            if !shell.dialect.is_bash() {
                return Ran::Unwind(2, shell.fatal(2));
            }
            status = 1;
            continue;
        }
        if let Some(index) = index {
            unset_element(shell, base, index, sys);
        } else {
            let known = shell.vars.replace(base, None).is_some();
            if !known && !letters.contains('v') {
                Rc::make_mut(&mut shell.functions).remove(base);
            }
            if base == "RANDOM" {
                shell.random_unset = true;
            }
        }
    }
    Ran::Status(status)
}

fn unset_element(shell: &mut Shell, name: &str, index: &str, sys: &mut Sys) {
    if shell.is_map(name) {
        if let Value::Map(items) = &mut shell.vars.entry(name).value {
            items.remove(index);
        }
        return;
    }
    let Ok(at) = arith::evaluate(index, &mut ArithEnv { shell, sys }) else { return };
    if let Value::Array(items) = &mut shell.vars.entry(name).value {
        let at = if at < 0 { items.keys().next_back().map_or(0, |last| last + 1) + at } else { at };
        items.remove(&at);
    }
}
