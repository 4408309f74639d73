//! Scripts at random: the shell never panics and always ends, or can be ended.

use super::{BUSYBOX, DEBIAN, spec, world};
use crate::base::rng::{Draw, Rng};
use crate::base::time::Span;
use crate::os::Signal;
use crate::os::kernel::Stdio;
use crate::shell::parse::{Options, Parser};

const PIECES: [&str; 96] = [
    "echo",
    " ",
    "\n",
    ";",
    "&",
    "|",
    "&&",
    "||",
    "(",
    ")",
    "{ ",
    "; }",
    "if ",
    "then ",
    "else ",
    "fi",
    "for i in ",
    "do ",
    "done",
    "while ",
    "case x in ",
    "esac",
    ";;",
    "$(",
    "`",
    "\"",
    "'",
    "\\",
    "$x",
    "${x}",
    "${x:-",
    "}",
    "${#x}",
    "${x/a/b}",
    "$((",
    "))",
    "1+",
    "x=",
    "x+=",
    "a=(",
    "1",
    "2",
    ">",
    ">>",
    "<",
    "2>&1",
    "<<EOF\n",
    "EOF\n",
    "<<<",
    "&>",
    "/tmp/f",
    "*",
    "?",
    "[a-z]",
    "{1..3}",
    "{a,b}",
    "[[ ",
    " ]]",
    "[ ",
    " ]",
    "f() ",
    "function g ",
    "local ",
    "return",
    "break",
    "continue",
    "exit",
    "read y",
    "printf '%s' ",
    "eval ",
    "set -e",
    "set -- ",
    "shift",
    "cat",
    "true",
    "false",
    "! ",
    "~",
    "$@",
    "$?",
    "$!",
    "#",
    "é",
    "€",
    "\t",
    "trap 'echo t' EXIT",
    "wait",
    "=~",
    "==",
    "!",
    "-z",
    "sleep 0.01",
    "((",
    "$'",
    "<(",
    "\u{0}",
];

fn script(draw: &mut Draw, most: i64) -> String {
    (0..draw.range(1, most)).map(|_| PIECES[draw.index(PIECES.len())]).collect()
}

fn cases() -> u64 {
    std::env::var("SHELL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

#[test]
fn any_text_is_parsed_or_refused() {
    for n in 0..cases() * 10 {
        let mut draw = Rng { seed: 7 }.named("parse", "", n);
        let text = if n % 3 == 0 {
            let bytes: Vec<u8> = (0..draw.range(0, 200)).map(|_| draw.bits() as u8).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            script(&mut draw, 60)
        };
        for bash in [true, false] {
            for last in [true, false] {
                let options = Options { bash, extended: bash, last, aliases: None };
                let mut parser = Parser::new(&text, 1, options);
                while let Ok(Some(_)) = parser.next_line() {}
            }
        }
    }
}

#[test]
fn any_script_ends_or_can_be_ended() {
    for n in 0..cases() {
        let mut draw = Rng { seed: 7 }.named("script", "", n);
        let text = script(&mut draw, 30).replace('\0', "");
        let image = if n % 2 == 0 { &DEBIAN } else { &BUSYBOX };
        let (mut bench, machine) = world(image);
        let shell = if n % 2 == 0 { "bash" } else { "sh" };
        let pid = bench.kernel.start(machine, spec(&[shell, "-c", &text], Stdio::Collect)).unwrap();
        bench.pass(Span::seconds(2));
        if bench.kernel.take_exits().is_empty() {
            bench.kernel.kill_all(machine, Signal::Kill);
            bench.pass(Span::seconds(1));
            assert!(bench.kernel.take_exits().iter().any(|(p, ..)| *p == pid), "{text}");
        }
    }
}

#[test]
fn any_keys_leave_the_shell_alive() {
    for n in 0..cases() / 10 {
        let mut draw = Rng { seed: 7 }.named("keys", "", n);
        let (mut bench, machine) = world(&DEBIAN);
        let tty = bench.kernel.add_tty(draw.range(1, 30) as u16, 5);
        bench.kernel.start(machine, spec(&["bash"], Stdio::Tty(tty))).unwrap();
        bench.pass(Span::millis(10));
        for _ in 0..20 {
            let mut bytes: Vec<u8> = Vec::new();
            for _ in 0..draw.range(1, 30) {
                match draw.index(4) {
                    0 => bytes.push(draw.index(32) as u8),
                    1 => bytes.extend(b"\x1b["),
                    2 => bytes.push(draw.bits() as u8),
                    _ => bytes.extend(PIECES[draw.index(PIECES.len())].bytes()),
                }
            }
            // Ctrl-D would end it, and so may `exit`.
            bytes.retain(|b| *b != 4);
            let text = String::from_utf8_lossy(&bytes).replace("exit", "");
            bench.kernel.tty_input(tty, text.as_bytes());
            if n % 3 == 0 {
                bench.kernel.tty_resize(tty, draw.range(1, 90) as u16, 24);
            }
            bench.pass(Span::millis(200));
            bench.screen(tty);
        }
        bench.kernel.tty_input(tty, b"\x1b\x1b\x03\x03");
        bench.pass(Span::seconds(1));
    }
}
