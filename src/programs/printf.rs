//! `printf` as a program of its own (shells have one built in).

use crate::os::{Program, STDOUT, Sys};

use super::support::format::format;
use super::support::once::once;
use super::support::text::unescape;

/// `printf`.
pub(super) static PRINTF: Program = Program { name: "printf", start: |argv| once(argv, run) };

/// Most times that the format is used again for further arguments.
const MAX_ROUNDS: usize = 10_000;

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let Some(pattern) = argv.get(1).filter(|p| *p != "--").or(argv.get(2)) else {
        sys.eprint("printf: missing operand\n");
        return 1;
    };
    let start = if argv.get(1).is_some_and(|p| p == "--") { 3 } else { 2 };
    let mut arguments = argv.get(start..).unwrap_or_default();
    let mut text = String::new();
    let mut code = 0;
    for _ in 0..MAX_ROUNDS {
        let (part, used, problem) = format(&unescape_format(pattern), arguments);
        text.push_str(&part);
        if let Some(problem) = problem {
            sys.eprint(&format!("printf: {problem}\n"));
            code = 1;
        }
        arguments = &arguments[used.min(arguments.len())..];
        if arguments.is_empty() || used == 0 {
            break;
        }
    }
    let _ = sys.write(STDOUT, text.as_bytes());
    code
}

/// Escapes of the format; a percent sign is left alone.
fn unescape_format(pattern: &str) -> String {
    unescape(pattern)
}
