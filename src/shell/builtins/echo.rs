//! `echo`: bash's and busybox's have options; dash's always understands escapes.

use crate::os::{STDOUT, Sys};
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};
use crate::shell::words::{Escapes, escape};

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut escapes = shell.dialect == Dialect::Dash;
    let mut newline = true;
    let mut at = 1;
    while let Some(flags) = args.get(at).and_then(|arg| arg.strip_prefix('-')) {
        let known = if shell.dialect == Dialect::Dash { "n" } else { "neE" };
        if flags.is_empty() || !flags.chars().all(|c| known.contains(c)) {
            break;
        }
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        at += 1;
    }
    let text = args[at..].join(" ");
    let mut bytes = Vec::new();
    if escapes {
        newline &= interpret(&text, &mut bytes);
    } else {
        bytes.extend_from_slice(text.as_bytes());
    }
    if newline {
        bytes.push(b'\n');
    }
    match sys.write(STDOUT, &bytes) {
        Ok(()) => Ran::Status(0),
        Err(error) => {
            shell.complain_as(sys, "echo", &format!("write error: {error}"));
            Ran::Status(1)
        }
    }
}

/// Adds text with its escapes replaced; false when `\c` ends the output.
pub(super) fn interpret(text: &str, bytes: &mut Vec<u8>) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        if rest.starts_with('c') {
            return false;
        }
        let (escaped, used) = escape(rest, Escapes::Echo);
        bytes.extend_from_slice(&escaped);
        rest = &rest[used..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    true
}
