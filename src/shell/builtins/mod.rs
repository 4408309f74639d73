//! The commands that the shell itself carries out: one file each, or one for a few that belong together.

mod alias;
mod cd;
mod control;
mod declare;
mod dirs;
mod echo;
mod getopts;
mod help;
mod history;
mod jobs;
mod kill;
mod limits;
mod printf;
pub(crate) mod read;
pub(crate) mod set;
mod shopt;
mod source;
mod test;
mod trap;
mod type_;
mod unset;
pub(crate) mod wait;

use super::Dialect;
use super::machine::{Ran, Shell};
use crate::os::{Errno, Sys};

/// A builtin.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    /// One of POSIX's special builtins: in `sh`, its errors end a script.
    pub(crate) special: bool,
    /// Only bash has it.
    pub(crate) bash_only: bool,
    /// How it is used, for `help`.
    pub(crate) usage: &'static str,
    pub(crate) run: fn(&mut Shell, &[String], &mut Sys) -> Ran,
}

impl Builtin {
    const fn new(
        name: &'static str,
        usage: &'static str,
        run: fn(&mut Shell, &[String], &mut Sys) -> Ran,
    ) -> Builtin {
        Builtin { name, special: false, bash_only: false, usage, run }
    }

    const fn special(
        name: &'static str,
        usage: &'static str,
        run: fn(&mut Shell, &[String], &mut Sys) -> Ran,
    ) -> Builtin {
        Builtin { name, special: true, bash_only: false, usage, run }
    }

    const fn bash(
        name: &'static str,
        usage: &'static str,
        run: fn(&mut Shell, &[String], &mut Sys) -> Ran,
    ) -> Builtin {
        Builtin { name, special: false, bash_only: true, usage, run }
    }
}

/// All builtins by name.
static BUILTINS: [Builtin; 56] = [
    Builtin::special(".", ". filename [arguments]", source::source),
    Builtin::special(":", ":", |_, _, _| Ran::Status(0)),
    Builtin::new("[", "[ arg... ]", test::run),
    Builtin::new("alias", "alias [-p] [name[=value] ... ]", alias::alias),
    Builtin::new("bg", "bg [job_spec ...]", jobs::bg),
    Builtin::special("break", "break [n]", control::break_),
    Builtin::bash("builtin", "builtin [shell-builtin [arg ...]]", type_::builtin),
    Builtin::bash("caller", "caller [expr]", |_, _, _| Ran::Status(1)),
    Builtin::new("cd", "cd [dir]", cd::cd),
    Builtin::new("command", "command [-pVv] command [arg ...]", type_::command),
    Builtin::special("continue", "continue [n]", control::continue_),
    Builtin::bash("declare", "declare [-aAfFgiprx] [name[=value] ...]", declare::declare),
    Builtin::bash("dirs", "dirs [-clpv]", dirs::dirs),
    Builtin::bash("disown", "disown [jobspec ...]", jobs::disown),
    Builtin::new("echo", "echo [-neE] [arg ...]", echo::run),
    Builtin::special("eval", "eval [arg ...]", source::eval),
    Builtin::special(
        "exec",
        "exec [command [argument ...]] [redirection ...]",
        |shell, args, sys| Ran::Status(exec(shell, &args[1..], sys)),
    ),
    Builtin::special("exit", "exit [n]", control::exit),
    Builtin::special("export", "export [-n] [name[=value] ...] or export -p", declare::export),
    Builtin::new("false", "false", |_, _, _| Ran::Status(1)),
    Builtin::new("fg", "fg [job_spec]", jobs::fg),
    Builtin::new("getopts", "getopts optstring name [arg ...]", getopts::run),
    Builtin::new("hash", "hash [-r] [name ...]", type_::hash),
    Builtin::new("help", "help [pattern ...]", help::run),
    Builtin::new("history", "history [-c] [n]", history::run),
    Builtin::new("jobs", "jobs [-lprs] [jobspec ...]", jobs::jobs),
    Builtin::new(
        "kill",
        "kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]",
        kill::run,
    ),
    Builtin::new("let", "let arg [arg ...]", limits::let_),
    Builtin::new("local", "local [option] name[=value] ...", declare::local),
    Builtin::bash("logout", "logout [n]", control::exit),
    Builtin::bash("mapfile", "mapfile [-t] [array]", read::mapfile),
    Builtin::bash("popd", "popd [-n] [+N | -N]", dirs::popd),
    Builtin::new("printf", "printf [-v var] format [arguments]", printf::run),
    Builtin::bash("pushd", "pushd [-n] [+N | -N | dir]", dirs::pushd),
    Builtin::new("pwd", "pwd [-LP]", cd::pwd),
    Builtin::new(
        "read",
        "read [-ers] [-a array] [-d delim] [-n nchars] [-p prompt] [-t timeout] [-u fd] [name ...]",
        read::run,
    ),
    Builtin::bash("readarray", "readarray [-t] [array]", read::mapfile),
    Builtin::special("readonly", "readonly [-p] [name[=value] ...]", declare::readonly),
    Builtin::special("return", "return [n]", control::return_),
    Builtin::special("set", "set [-aefnuxC] [-o option-name] [--] [arg ...]", set::run),
    Builtin::special("shift", "shift [n]", control::shift),
    Builtin::bash("shopt", "shopt [-qsu] [optname ...]", shopt::run),
    Builtin::bash("source", "source filename [arguments]", source::source),
    Builtin::bash("suspend", "suspend", |shell, _, sys| {
        shell.complain_as(sys, "suspend", "not simulated");
        Ran::Status(1)
    }),
    Builtin::new("test", "test [expr]", test::run),
    Builtin::special("times", "times", limits::times),
    Builtin::special("trap", "trap [-lp] [[arg] signal_spec ...]", trap::run),
    Builtin::new("true", "true", |_, _, _| Ran::Status(0)),
    Builtin::new("type", "type [-afptP] name [name ...]", type_::type_),
    Builtin::bash("typeset", "typeset [-aAfFgiprx] [name[=value] ...]", declare::declare),
    Builtin::new("ulimit", "ulimit [-a] [limit]", limits::ulimit),
    Builtin::new("umask", "umask [-S] [mode]", limits::umask),
    Builtin::new("unalias", "unalias [-a] name [name ...]", alias::unalias),
    Builtin::special("unset", "unset [-fv] [name ...]", unset::run),
    Builtin::new("wait", "wait [-n] [id ...]", wait::run),
    Builtin::bash("enable", "enable [name ...]", |shell, _, sys| {
        shell.complain_as(sys, "enable", "not simulated");
        Ran::Status(1)
    }),
];

/// The builtin of this name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

/// The names of those that a shell has.
pub(crate) fn names(shell: &Shell) -> impl Iterator<Item = &'static str> {
    let bash = shell.dialect.is_bash();
    BUILTINS.iter().filter(move |b| bash || !b.bash_only).map(|b| b.name)
}

/// Becomes another program; the status is for when it cannot.
pub(crate) fn exec(shell: &mut Shell, args: &[String], sys: &mut Sys) -> i32 {
    let mut args = args;
    while let Some(flag) = args.first().filter(|arg| arg.starts_with('-') && arg.len() > 1) {
        match flag.as_str() {
            "--" => {
                args = &args[1..];
                break;
            }
            "-a" => args = &args[2.min(args.len())..],
            "-c" | "-l" => args = &args[1..],
            flag => {
                shell.complain_as(sys, "exec", &format!("{flag}: invalid option"));
                return 2;
            }
        }
    }
    let Some(name) = args.first() else { return 0 };
    let Err(error) = shell.become_program(args.to_vec(), sys) else { return 0 };
    let status = match (shell.dialect, error) {
        (Dialect::Bash, Errno::NotFound) => {
            let why = if name.contains('/') {
                "cannot execute: No such file or directory"
            } else {
                "not found"
            };
            shell.complain_as(sys, "exec", &format!("{name}: {why}"));
            127
        }
        (Dialect::Bash, error) => {
            shell.complain_as(sys, "exec", &format!("{name}: cannot execute: {error}"));
            126
        }
        (_, Errno::NotFound) => {
            shell.complain_as(sys, "exec", &format!("{name}: not found"));
            127
        }
        (_, error) => {
            shell.complain_as(sys, "exec", &format!("{name}: {error}"));
            126
        }
    };
    if shell.terminal.is_none() {
        shell.unwind = Some(super::machine::Unwind::Exit(status));
    }
    status
}

/// Reports a bad option with bash's usage line.
fn bad_option(shell: &Shell, sys: &mut Sys, name: &str, option: &str) -> Ran {
    match shell.dialect {
        Dialect::Bash => {
            shell.complain_as(sys, name, &format!("{option}: invalid option"));
            if let Some(builtin) = find(name) {
                sys.eprint(&format!("{name}: usage: {}\n", builtin.usage));
            }
        }
        Dialect::Ash => shell.complain_as(sys, name, &format!("illegal option {option}")),
        Dialect::Dash => shell.complain_as(sys, name, &format!("Illegal option {option}")),
    }
    Ran::Status(2)
}

/// Splits leading options of single letters off: the letters, and the other arguments.
///
/// # Errors
/// The first letter that is not among `known`, with its dash.
fn letters<'a>(args: &'a [String], known: &str) -> Result<(String, &'a [String]), String> {
    let mut found = String::new();
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        if arg == "--" {
            at += 1;
            break;
        }
        let Some(flags) = arg.strip_prefix('-').filter(|flags| !flags.is_empty()) else { break };
        for letter in flags.chars() {
            if !known.contains(letter) {
                return Err(format!("-{letter}"));
            }
            found.push(letter);
        }
        at += 1;
    }
    Ok((found, &args[at..]))
}
