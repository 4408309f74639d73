//! `test` and `[`.

use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};
use crate::shell::test_command;

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut rest = &args[1..];
    let result = if args[0] == "[" {
        match rest.split_last() {
            Some((last, inner)) if last == "]" => {
                rest = inner;
                test_command::test(shell, sys, rest)
            }
            _ if shell.dialect.is_bash() => Err("missing `]'".to_owned()),
            _ => Err("missing ]".to_owned()),
        }
    } else {
        test_command::test(shell, sys, rest)
    };
    match result {
        Ok(truth) => Ran::Status(i32::from(!truth)),
        Err(message) if shell.dialect == Dialect::Ash => {
            let name = shell.name.clone();
            sys.eprint(&format!("{name}: {message}\n"));
            Ran::Status(2)
        }
        Err(message) => {
            shell.complain_as(sys, &args[0], &message);
            Ran::Status(2)
        }
    }
}
