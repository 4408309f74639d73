//! `help`.

use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};
use crate::shell::pattern::Pattern;

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if shell.dialect != Dialect::Bash {
        sys.print("Built-in commands:\n------------------\n");
        let mut line = String::new();
        for name in super::names(shell) {
            if line.len() + name.len() > 64 {
                sys.print(&format!("\t{}\n", line.trim_end()));
                line.clear();
            }
            line.push_str(name);
            line.push(' ');
        }
        sys.print(&format!("\t{}\n", line.trim_end()));
        return Ran::Status(0);
    }
    if args.len() < 2 {
        sys.print(
            "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu), as far as it is simulated.\n\
             These shell commands are defined internally.  Type `help name' to see how `name' is used.\n\n",
        );
        for builtin in &super::BUILTINS {
            sys.print(&format!(" {}\n", builtin.usage));
        }
        return Ran::Status(0);
    }
    let mut status = 0;
    for arg in &args[1..] {
        let pattern = Pattern::new(arg);
        let mut found = false;
        for builtin in super::BUILTINS.iter().filter(|b| pattern.matches(b.name)) {
            sys.print(&format!("{}: {}\n", builtin.name, builtin.usage));
            found = true;
        }
        if !found {
            let message = format!(
                "no help topics match `{arg}'.  Try `help help' or `man -k {arg}' or `info {arg}'."
            );
            shell.complain_as(sys, "help", &message);
            status = 1;
        }
    }
    Ran::Status(status)
}
