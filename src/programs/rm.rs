//! `rm` and `rmdir`: remove files and directories.

use crate::os::{Errno, FileKind, Program, Sys};

use super::support::args::{Args, Tool};
use super::support::once::once;
use super::support::text::{base_name, is_busybox, join};

/// `rm`.
pub(super) static RM: Program = Program { name: "rm", start: |argv| once(argv, rm) };
/// `rmdir`.
pub(super) static RMDIR: Program = Program { name: "rmdir", start: |argv| once(argv, rmdir) };

const TOOL: Tool = Tool {
    name: "rm",
    usage: "[-rRfvd] FILE...",
    options: "rRfvd",
    long: &[("recursive", 'r'), ("force", 'f'), ("verbose", 'v'), ("dir", 'd')],
    trouble: 1,
};

const DIRS: Tool = Tool {
    name: "rmdir",
    usage: "[-pv] DIRECTORY...",
    options: "pv",
    long: &[("parents", 'p'), ("verbose", 'v')],
    trouble: 1,
};

/// Deepest directories walked.
const MAX_DEPTH: usize = 200;

fn rm(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return if args.has('f') { 0 } else { TOOL.missing_operand(sys) };
    }
    let mut code = 0;
    let busybox = is_busybox(sys);
    let recursive = args.has('r') || args.has('R');
    for path in &args.operands {
        if matches!(base_name(path), "." | "..") {
            sys.eprint(&format!(
                "rm: refusing to remove '.' or '..' directory: skipping '{path}'\n"
            ));
            code = 1;
            continue;
        }
        if recursive && base_name(path) == "/" {
            sys.eprint(
                "rm: it is dangerous to operate recursively on '/'\n\
                 rm: use --no-preserve-root to override this failsafe\n",
            );
            code = 1;
            continue;
        }
        if !remove(sys, &args, path, recursive, busybox, 0) {
            code = 1;
        }
    }
    code
}

/// Removes a path; `false` when something was left.
fn remove(
    sys: &mut Sys,
    args: &Args,
    path: &str,
    recursive: bool,
    busybox: bool,
    depth: usize,
) -> bool {
    let complain = |sys: &mut Sys, error: Errno| {
        let text = if busybox {
            format!("rm: can't remove '{path}': {error}\n")
        } else {
            format!("rm: cannot remove '{path}': {error}\n")
        };
        sys.eprint(&text);
        false
    };
    let stat = match sys.stat(path, false) {
        Ok(stat) => stat,
        Err(Errno::NotFound | Errno::NotDirectory) if args.has('f') => return true,
        Err(error) => return complain(sys, error),
    };
    if stat.kind == FileKind::Directory {
        if !recursive && !args.has('d') {
            if busybox {
                sys.eprint(&format!("rm: '{path}' is a directory\n"));
                return false;
            }
            return complain(sys, Errno::IsDirectory);
        }
        if recursive {
            if depth > MAX_DEPTH {
                return complain(sys, Errno::TooManyLinks);
            }
            let names = match sys.read_dir(path) {
                Ok(names) => names,
                Err(error) => return complain(sys, error),
            };
            let mut whole = true;
            for (name, _) in names {
                whole &= remove(sys, args, &join(path, &name), true, busybox, depth + 1);
            }
            if !whole {
                return false;
            }
        }
    }
    match sys.remove(path) {
        Ok(()) => {
            if args.has('v') {
                let what =
                    if stat.kind == FileKind::Directory { "removed directory" } else { "removed" };
                sys.print(&format!("{what} '{path}'\n"));
            }
            true
        }
        Err(error) => complain(sys, error),
    }
}

fn rmdir(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match DIRS.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return DIRS.missing_operand(sys);
    }
    let mut code = 0;
    for operand in &args.operands {
        let mut path = operand.trim_end_matches('/');
        loop {
            let is_dir = sys.stat(path, false).map(|s| s.kind == FileKind::Directory);
            let removed = match is_dir {
                Ok(false) => Err(Errno::NotDirectory),
                Ok(true) => sys.remove(path),
                Err(error) => Err(error),
            };
            if let Err(error) = removed {
                let text = if is_busybox(sys) {
                    format!("rmdir: '{path}': {error}\n")
                } else {
                    format!("rmdir: failed to remove '{path}': {error}\n")
                };
                sys.eprint(&text);
                code = 1;
                break;
            }
            if args.has('v') {
                sys.print(&format!("rmdir: removing directory, '{path}'\n"));
            }
            match path.rsplit_once('/') {
                Some((parent, _)) if args.has('p') && !parent.is_empty() => path = parent,
                _ => break,
            }
        }
    }
    code
}
