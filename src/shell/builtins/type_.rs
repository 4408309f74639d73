//! `type`, `command`, `builtin` and `hash`: what a name stands for.

use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};

const KEYWORDS: [&str; 17] = [
    "!", "[[", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "then", "until", "while", "time",
];

/// What a name stands for.
enum Meaning {
    Alias(String),
    Keyword,
    Function(String),
    Builtin(bool),
    File(String),
}

/// All meanings of a name, the one that counts first.
fn meanings(shell: &Shell, name: &str, sys: &Sys) -> Vec<Meaning> {
    let mut all = Vec::new();
    if let Some(alias) = shell.aliases.get(name) {
        all.push(Meaning::Alias(alias.clone()));
    }
    if KEYWORDS.contains(&name) || name == "{" || name == "}" {
        all.push(Meaning::Keyword);
    }
    if let Some(function) = shell.functions.get(name) {
        all.push(Meaning::Function(function.text.to_string()));
    }
    if let Some(builtin) = shell.builtin(name) {
        all.push(Meaning::Builtin(builtin.special));
    }
    if let Some(path) = shell.search(name, sys) {
        all.push(Meaning::File(path));
    }
    all
}

pub(super) fn type_(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, names) = match super::letters(&args[1..], "aftpP") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "type", &option),
    };
    let mut status = 0;
    for name in names {
        let mut all = meanings(shell, name, sys);
        if letters.contains('P') {
            all.retain(|meaning| matches!(meaning, Meaning::File(_)));
        }
        if all.is_empty() {
            status = 1;
            if letters.contains(['t', 'p', 'P']) {
                continue;
            }
            match shell.dialect {
                Dialect::Bash => shell.complain_as(sys, "type", &format!("{name}: not found")),
                Dialect::Ash | Dialect::Dash => {
                    sys.print(&format!("{name}: not found\n"));
                    status = 127;
                }
            }
            continue;
        }
        if !letters.contains('a') {
            all.truncate(1);
        }
        for meaning in all {
            let line = if letters.contains('t') {
                word(&meaning).to_owned()
            } else if letters.contains(['p', 'P']) {
                match meaning {
                    Meaning::File(path) => path,
                    _ => continue,
                }
            } else {
                describe(shell, name, &meaning)
            };
            sys.print(&format!("{line}\n"));
        }
    }
    Ran::Status(status)
}

fn word(meaning: &Meaning) -> &'static str {
    match meaning {
        Meaning::Alias(_) => "alias",
        Meaning::Keyword => "keyword",
        Meaning::Function(_) => "function",
        Meaning::Builtin(_) => "builtin",
        Meaning::File(_) => "file",
    }
}

fn describe(shell: &Shell, name: &str, meaning: &Meaning) -> String {
    let bash = shell.dialect.is_bash();
    match meaning {
        Meaning::Alias(value) if bash => format!("{name} is aliased to `{value}'"),
        Meaning::Alias(value) => format!("{name} is an alias for {value}"),
        Meaning::Keyword => format!("{name} is a shell keyword"),
        Meaning::Function(text) if bash => format!("{name} is a function\n{text}"),
        Meaning::Function(_) => format!("{name} is a shell function"),
        Meaning::Builtin(true) if shell.dialect == Dialect::Dash => {
            format!("{name} is a special shell builtin")
        }
        Meaning::Builtin(_) => format!("{name} is a shell builtin"),
        Meaning::File(path) => format!("{name} is {path}"),
    }
}

pub(super) fn command(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, rest) = match super::letters(&args[1..], "pvV") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "command", &option),
    };
    if !letters.contains(['v', 'V']) {
        return if rest.is_empty() { Ran::Status(0) } else { shell.run_plain(rest.to_vec(), sys) };
    }
    let mut status = 0;
    for name in rest {
        let Some(meaning) = meanings(shell, name, sys).into_iter().next() else {
            status = if shell.dialect.is_bash() { 1 } else { 127 };
            if letters.contains('V') {
                match shell.dialect {
                    Dialect::Bash => {
                        shell.complain_as(sys, "command", &format!("{name}: not found"));
                    }
                    Dialect::Ash | Dialect::Dash => sys.print(&format!("{name}: not found\n")),
                }
            }
            continue;
        };
        let line = match (&meaning, letters.contains('V')) {
            (_, true) => describe(shell, name, &meaning),
            (Meaning::Alias(value), false) => {
                format!("alias {name}={}", crate::shell::vars::single_quoted(value))
            }
            (Meaning::File(path), false) => path.clone(),
            (_, false) => name.clone(),
        };
        sys.print(&format!("{line}\n"));
    }
    Ran::Status(status)
}

pub(super) fn builtin(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let Some(name) = args.get(1) else { return Ran::Status(0) };
    if shell.builtin(name).is_none() {
        shell.complain_as(sys, "builtin", &format!("{name}: not a shell builtin"));
        return Ran::Status(1);
    }
    shell.run_plain(args[1..].to_vec(), sys)
}

/// Simplified: paths are looked up anew each time, so that only `hash name` fills the table.
pub(super) fn hash(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if args.get(1).is_some_and(|arg| arg == "-r") {
        shell.hashed.clear();
        return Ran::Status(0);
    }
    if args.len() == 1 {
        if shell.hashed.is_empty() && shell.dialect.is_bash() {
            sys.print("hash: hash table empty\n");
        }
        let lines: Vec<String> =
            shell.hashed.values().map(|(path, hits)| format!("{hits:4}\t{path}\n")).collect();
        if !lines.is_empty() && shell.dialect.is_bash() {
            sys.print("hits\tcommand\n");
        }
        sys.print(&lines.concat());
        return Ran::Status(0);
    }
    let mut status = 0;
    for name in &args[1..] {
        match shell.search(name, sys) {
            Some(path) => {
                shell.hashed.insert(name.clone(), (path, 0));
            }
            None if shell.builtin(name).is_some() => {}
            None => {
                shell.complain_as(sys, "hash", &format!("{name}: not found"));
                status = 1;
            }
        }
    }
    Ran::Status(status)
}
