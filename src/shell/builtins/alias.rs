//! `alias` and `unalias`.

use std::rc::Rc;

use crate::os::Sys;
use crate::shell::machine::{Ran, Shell};
use crate::shell::vars::single_quoted;

pub(super) fn alias(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let args: Vec<&String> = args[1..].iter().filter(|arg| *arg != "-p" && *arg != "--").collect();
    let prefix = if shell.dialect.is_bash() { "alias " } else { "" };
    if args.is_empty() {
        for (name, value) in shell.aliases.iter() {
            sys.print(&format!("{prefix}{name}={}\n", single_quoted(value)));
        }
    }
    let mut status = 0;
    for arg in args {
        if let Some((name, value)) = arg.split_once('=').filter(|(name, _)| !name.is_empty()) {
            Rc::make_mut(&mut shell.aliases).insert(name.to_owned(), value.to_owned());
        } else if let Some(value) = shell.aliases.get(arg) {
            sys.print(&format!("{prefix}{arg}={}\n", single_quoted(value)));
        } else {
            shell.complain_as(sys, "alias", &format!("{arg}: not found"));
            status = 1;
        }
    }
    Ran::Status(status)
}

pub(super) fn unalias(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut status = 0;
    for arg in &args[1..] {
        let aliases = Rc::make_mut(&mut shell.aliases);
        if arg == "-a" {
            aliases.clear();
        } else if aliases.remove(arg).is_none() {
            shell.complain_as(sys, "unalias", &format!("{arg}: not found"));
            status = 1;
        }
    }
    Ran::Status(status)
}
