//! `pushd`, `popd` and `dirs`.

use crate::os::Sys;
use crate::shell::machine::{Ran, Shell};

/// The most directories kept.
const MAX: usize = 1000;

fn show(shell: &Shell, sys: &mut Sys) {
    let home = shell.vars.text("HOME").unwrap_or_default().to_owned();
    let all: Vec<String> = std::iter::once(sys.cwd())
        .chain(shell.directories.iter().rev().cloned())
        .map(|dir| match dir.strip_prefix(&home) {
            Some(rest) if home.len() > 1 && (rest.is_empty() || rest.starts_with('/')) => {
                format!("~{rest}")
            }
            _ => dir,
        })
        .collect();
    sys.print(&format!("{}\n", all.join(" ")));
}

pub(super) fn dirs(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    match args.get(1).map(String::as_str) {
        None => show(shell, sys),
        Some("-c") => shell.directories.clear(),
        Some("-p" | "-l" | "-v") => {
            let cwd = sys.cwd();
            let numbered = args[1] == "-v";
            for (i, dir) in std::iter::once(&cwd).chain(shell.directories.iter().rev()).enumerate()
            {
                let line = if numbered { format!("{i:2}  {dir}\n") } else { format!("{dir}\n") };
                sys.print(&line);
            }
        }
        Some(option) => return super::bad_option(shell, sys, "dirs", option),
    }
    Ran::Status(0)
}

pub(super) fn pushd(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let old = sys.cwd();
    let target = match args.get(1) {
        Some(path) => path.clone(),
        None => {
            if let Some(top) = shell.directories.pop() {
                top
            } else {
                shell.complain_as(sys, "pushd", "no other directory");
                return Ran::Status(1);
            }
        }
    };
    if let Err(error) = super::cd::change(shell, &target, sys) {
        shell.complain_as(sys, "pushd", &format!("{target}: {error}"));
        return Ran::Status(1);
    }
    if shell.directories.len() < MAX {
        shell.directories.push(old);
    }
    show(shell, sys);
    Ran::Status(0)
}

pub(super) fn popd(shell: &mut Shell, _: &[String], sys: &mut Sys) -> Ran {
    let Some(top) = shell.directories.pop() else {
        shell.complain_as(sys, "popd", "directory stack empty");
        return Ran::Status(1);
    };
    if let Err(error) = super::cd::change(shell, &top, sys) {
        shell.complain_as(sys, "popd", &format!("{top}: {error}"));
        return Ran::Status(1);
    }
    show(shell, sys);
    Ran::Status(0)
}
