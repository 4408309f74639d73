//! `getopts`.

use crate::os::Sys;
use crate::shell::machine::{Ran, Shell};

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let [_, known, name, rest @ ..] = args else {
        if shell.dialect.is_bash() {
            sys.eprint("getopts: usage: getopts optstring name [arg]\n");
        } else {
            shell.complain_as(sys, "getopts", "usage: getopts optstring var [arg]");
        }
        return Ran::Status(2);
    };
    let words: Vec<String> = if rest.is_empty() { shell.params.to_vec() } else { rest.to_vec() };
    let at = shell.vars.text("OPTIND").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).max(1);
    let offset = shell.getopts_at.max(1);
    let mut end =
        |shell: &mut Shell, index: usize, offset: usize, value: &str, arg: Option<&str>| {
            shell.vars.set("OPTIND", index.to_string());
            shell.getopts_at = offset;
            match arg {
                Some(arg) => shell.vars.set("OPTARG", arg),
                None => {
                    shell.vars.replace("OPTARG", None);
                }
            }
            if let Err(message) = shell.assign_text(name, None, value, sys) {
                shell.complain_as(sys, "getopts", &message);
            }
        };
    let Some(word) = words.get(at - 1).filter(|w| w.starts_with('-') && w.len() > 1) else {
        end(shell, at, 0, "?", None);
        return Ran::Status(1);
    };
    if word == "--" {
        end(shell, at + 1, 0, "?", None);
        return Ran::Status(1);
    }
    let Some(letter) = word.chars().nth(offset) else {
        end(shell, at + 1, 0, "?", None);
        return Ran::Status(1);
    };
    let more = word.chars().nth(offset + 1).is_some();
    let (next, next_offset) = if more { (at, offset + 1) } else { (at + 1, 0) };
    let quiet = known.starts_with(':');
    let place = known.find(letter).filter(|_| letter != ':');
    let Some(place) = place else {
        if quiet {
            end(shell, next, next_offset, "?", Some(&letter.to_string()));
        } else {
            end(shell, next, next_offset, "?", None);
            let name = shell.name.clone();
            sys.eprint(&format!("{name}: illegal option -- {letter}\n"));
        }
        return Ran::Status(0);
    };
    if !known[place + letter.len_utf8()..].starts_with(':') {
        end(shell, next, next_offset, &letter.to_string(), None);
        return Ran::Status(0);
    }
    if more {
        let value: String = word.chars().skip(offset + 1).collect();
        end(shell, at + 1, 0, &letter.to_string(), Some(&value));
    } else if let Some(value) = words.get(at) {
        end(shell, at + 2, 0, &letter.to_string(), Some(value));
    } else if quiet {
        end(shell, at + 1, 0, ":", Some(&letter.to_string()));
    } else {
        end(shell, at + 1, 0, "?", None);
        let name = shell.name.clone();
        sys.eprint(&format!("{name}: option requires an argument -- {letter}\n"));
    }
    Ran::Status(0)
}
