//! `echo` as a program of its own (shells have one built in).

use crate::os::{Program, Sys};

use super::support::once::once;
use super::support::text::unescape;

/// `echo`.
pub(super) static ECHO: Program = Program { name: "echo", start: |argv| once(argv, run) };

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let (mut newline, mut escapes) = (true, false);
    let mut words = &argv[1..];
    while let Some(flags) = words.first().and_then(|w| w.strip_prefix('-')) {
        if flags.is_empty() || !flags.chars().all(|c| matches!(c, 'n' | 'e' | 'E')) {
            break;
        }
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                flag => escapes = flag == 'e',
            }
        }
        words = &words[1..];
    }
    let mut text = words.join(" ");
    if escapes {
        if let Some(at) = text.find("\\c") {
            text.truncate(at);
            newline = false;
        }
        text = unescape(&text);
    }
    if newline {
        text.push('\n');
    }
    sys.print(&text);
    0
}
