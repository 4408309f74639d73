//! `cd` and `pwd`.

use crate::os::{Errno, Sys};
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};

pub(super) fn cd(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (_, rest) = match super::letters(&args[1..], "LPe@") {
        Ok(parsed) => parsed,
        // `cd -` is no option; anything else that begins so is.
        Err(option) => return super::bad_option(shell, sys, "cd", &option),
    };
    if rest.len() > 1 && shell.dialect.is_bash() {
        shell.complain_as(sys, "cd", "too many arguments");
        return Ran::Status(1);
    }
    let mut show = false;
    let target = match rest.first().map(String::as_str) {
        None => {
            if let Some(home) = shell.vars.text("HOME") {
                home.to_owned()
            } else {
                shell.complain_as(sys, "cd", "HOME not set");
                return Ran::Status(1);
            }
        }
        Some("-") => {
            if let Some(old) = shell.vars.text("OLDPWD") {
                show = true;
                old.to_owned()
            } else {
                shell.complain_as(sys, "cd", "OLDPWD not set");
                return Ran::Status(1);
            }
        }
        Some(path) => path.to_owned(),
    };
    if target.is_empty() {
        return Ran::Status(0);
    }
    let found = candidates(shell, &target).into_iter().find(|path| sys.stat(path, true).is_ok());
    show |= found.as_ref().is_some_and(|path| *path != target) && !target.starts_with('/');
    match change(shell, found.as_deref().unwrap_or(&target), sys) {
        Ok(()) => {
            if show {
                sys.print(&format!("{}\n", sys.cwd()));
            }
            Ran::Status(0)
        }
        Err(error) => {
            let message = match shell.dialect {
                Dialect::Bash => format!("{target}: {error}"),
                Dialect::Ash => format!("can't cd to {target}: {error}"),
                Dialect::Dash => format!("can't cd to {target}"),
            };
            shell.complain_as(sys, "cd", &message);
            Ran::Status(shell.dialect.error_status())
        }
    }
}

/// The directories that a path may mean, by `$CDPATH`.
fn candidates(shell: &Shell, target: &str) -> Vec<String> {
    if target.starts_with(['/', '.']) {
        return vec![target.to_owned()];
    }
    let paths = shell.vars.text("CDPATH").unwrap_or_default();
    let inside = paths.split(':').filter(|dir| !dir.is_empty() && *dir != ".");
    inside.map(|dir| format!("{dir}/{target}")).chain([target.to_owned()]).collect()
}

/// Changes the directory with `$PWD` and `$OLDPWD`.
pub(super) fn change(shell: &mut Shell, path: &str, sys: &mut Sys) -> Result<(), Errno> {
    let old = sys.cwd();
    sys.chdir(path)?;
    for (name, value) in [("OLDPWD", old), ("PWD", sys.cwd())] {
        shell.vars.set(name, value);
        shell.vars.entry(name).exported = true;
    }
    Ok(())
}

pub(super) fn pwd(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if let Err(option) = super::letters(&args[1..], "LP") {
        return super::bad_option(shell, sys, "pwd", &option);
    }
    let cwd = sys.cwd();
    sys.print(&format!("{cwd}\n"));
    Ran::Status(0)
}
