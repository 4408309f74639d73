//! `ulimit`, `umask`, `times` and `let`.

use crate::os::Sys;
use crate::shell::arith;
use crate::shell::machine::{Ran, Shell};
use crate::shell::variables::ArithEnv;

/// Limits are not simulated: asking gives what a fresh machine says, setting is refused.
pub(super) fn ulimit(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let option = args.iter().skip(1).find(|arg| arg.starts_with('-')).map_or("-f", String::as_str);
    if args.iter().skip(1).any(|arg| !arg.starts_with('-')) {
        shell.complain_as(sys, "ulimit", "limits are not simulated");
        return Ran::Status(1);
    }
    let all = [
        ("core file size              (blocks, -c)", "-c", "0"),
        ("data seg size               (kbytes, -d)", "-d", "unlimited"),
        ("file size                   (blocks, -f)", "-f", "unlimited"),
        ("open files                          (-n)", "-n", "256"),
        ("stack size                  (kbytes, -s)", "-s", "8192"),
        ("cpu time                   (seconds, -t)", "-t", "unlimited"),
        ("max user processes                  (-u)", "-u", "512"),
        ("virtual memory              (kbytes, -v)", "-v", "unlimited"),
    ];
    if option == "-a" {
        for (title, _, value) in all {
            sys.print(&format!("{title} {value}\n"));
        }
        return Ran::Status(0);
    }
    let option = option.replace(['H', 'S'], "");
    let option = if option == "-" { "-f" } else { &option };
    match all.iter().find(|(_, name, _)| *name == option) {
        Some((_, _, value)) => {
            sys.print(&format!("{value}\n"));
            Ran::Status(0)
        }
        None => super::bad_option(shell, sys, "ulimit", option),
    }
}

/// Simplified: the mask is kept and shown, but files get the same mode whatever it is.
pub(super) fn umask(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let symbolic = args.get(1).is_some_and(|arg| arg == "-S");
    match args.iter().skip(1).find(|arg| !arg.starts_with('-')) {
        None if symbolic => {
            let part = |shift: u16| {
                let bits = !shell.umask >> shift & 7;
                let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
                letters
                    .iter()
                    .filter(|(bit, _)| bits & bit != 0)
                    .map(|(_, c)| c)
                    .collect::<String>()
            };
            sys.print(&format!("u={},g={},o={}\n", part(6), part(3), part(0)));
            Ran::Status(0)
        }
        None => {
            sys.print(&format!("{:04o}\n", shell.umask));
            Ran::Status(0)
        }
        Some(text) => match u16::from_str_radix(text, 8) {
            Ok(mask) if mask <= 0o777 => {
                shell.umask = mask;
                Ran::Status(0)
            }
            _ => {
                shell.complain_as(sys, "umask", &format!("{text}: octal number out of range"));
                Ran::Status(1)
            }
        },
    }
}

/// Computing takes no time here.
pub(super) fn times(_: &mut Shell, _: &[String], sys: &mut Sys) -> Ran {
    sys.print("0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n");
    Ran::Status(0)
}

pub(super) fn let_(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if args.len() < 2 {
        shell.complain_as(sys, "let", "expression expected");
        return Ran::Status(1);
    }
    let mut last = 0;
    for text in &args[1..] {
        match arith::evaluate(text, &mut ArithEnv { shell, sys }) {
            Ok(value) => last = value,
            Err(message) => {
                shell.complain_as(sys, "let", &message);
                return Ran::Status(1);
            }
        }
    }
    Ran::Status(i32::from(last == 0))
}
