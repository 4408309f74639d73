//! `source` (`.`) and `eval`.

use std::rc::Rc;

use crate::os::{Errno, Sys};
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};
use crate::shell::texts::Role;

pub(super) fn source(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let skip = if args.get(1).is_some_and(|arg| arg == "--") { 2 } else { 1 };
    let Some((path, params)) = args.get(skip..).and_then(<[String]>::split_first) else {
        shell.complain_as(sys, &args[0], "filename argument required");
        sys.eprint(&format!("{0}: usage: {0} filename [arguments]\n", args[0]));
        return Ran::Status(2);
    };
    let found = find(shell, path, sys);
    let bytes = match found.map_or(Err(Errno::NotFound), |found| sys.read_file(&found)) {
        Ok(bytes) => bytes,
        Err(error) => {
            return match shell.dialect {
                Dialect::Bash if error == Errno::IsDirectory => {
                    shell.complain_as(sys, &args[0], &format!("{path}: is a directory"));
                    Ran::Status(1)
                }
                Dialect::Bash => {
                    shell.complain(sys, &format!("{path}: {error}"));
                    Ran::Status(1)
                }
                Dialect::Ash => {
                    shell.complain_as(sys, ".", &format!("can't open '{path}': {error}"));
                    Ran::Unwind(2, shell.fatal(2))
                }
                Dialect::Dash => {
                    shell.complain_as(sys, ".", &format!("cannot open {path}: No such file"));
                    Ran::Unwind(2, shell.fatal(2))
                }
            };
        }
    };
    let old = if params.is_empty() {
        None
    } else {
        Some(std::mem::replace(&mut shell.params, Rc::new(params.to_vec())))
    };
    shell.push_text(&String::from_utf8_lossy(&bytes), Role::Source(old));
    Ran::Nothing
}

/// A file named without a slash is looked for in `$PATH`, in bash also in the working directory.
fn find(shell: &Shell, path: &str, sys: &Sys) -> Option<String> {
    if path.contains('/') {
        return Some(path.to_owned());
    }
    let dirs = shell.vars.text("PATH").unwrap_or_default();
    let inside = dirs.split(':').map(|dir| format!("{dir}/{path}"));
    let here = shell.dialect.is_bash().then(|| path.to_owned());
    inside.chain(here).find(|file| sys.stat(file, true).is_ok())
}

pub(super) fn eval(shell: &mut Shell, args: &[String], _: &mut Sys) -> Ran {
    let text = args[1..].join(" ");
    if text.trim().is_empty() {
        return Ran::Status(0);
    }
    shell.push_text(&text, Role::Eval);
    Ran::Nothing
}
