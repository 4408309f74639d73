//! `basename`, `dirname`, `pwd`, `readlink`, `realpath`, `which`: about paths.

use crate::os::{FileKind, Program, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::{base_name, is_busybox, join};

/// `basename`.
pub(super) static BASENAME: Program =
    Program { name: "basename", start: |argv| once(argv, basename) };
/// `dirname`.
pub(super) static DIRNAME: Program = Program { name: "dirname", start: |argv| once(argv, dirname) };
/// `pwd`.
pub(super) static PWD: Program = Program { name: "pwd", start: |argv| once(argv, pwd) };
/// `readlink`.
pub(super) static READLINK: Program =
    Program { name: "readlink", start: |argv| once(argv, readlink) };
/// `realpath`.
pub(super) static REALPATH: Program =
    Program { name: "realpath", start: |argv| once(argv, realpath) };
/// `which`.
pub(super) static WHICH: Program = Program { name: "which", start: |argv| once(argv, which) };

const BASE: Tool = Tool {
    name: "basename",
    usage: "FILE [SUFFIX] | -a FILE... | -s SUFFIX FILE...",
    options: "+as:z",
    long: &[("multiple", 'a'), ("suffix", 's')],
    trouble: 1,
};
const DIR: Tool = Tool { name: "dirname", usage: "FILE...", options: "z", long: &[], trouble: 1 };
const LINK: Tool = Tool {
    name: "readlink",
    usage: "[-fnev] FILE...",
    options: "fnemvqs",
    long: &[("canonicalize", 'f'), ("no-newline", 'n')],
    trouble: 1,
};
const WHICH_TOOL: Tool =
    Tool { name: "which", usage: "[-a] COMMAND...", options: "as", long: &[], trouble: 1 };

fn basename(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match BASE.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let several = args.has('a') || args.has('s');
    if args.operands.is_empty() {
        return BASE.missing_operand(sys);
    }
    if !several && args.operands.len() > 2 {
        let text = format!(
            "extra operand '{}'\nTry 'basename --help' for more information.",
            args.operands[2]
        );
        return BASE.fail(sys, &text);
    }
    let suffix = args.value('s').or(args.operands.get(1).map(String::as_str).filter(|_| !several));
    let names = if several { &args.operands[..] } else { &args.operands[..1] };
    for name in names {
        let base = base_name(name);
        let cut = suffix.and_then(|s| base.strip_suffix(s)).filter(|b| !b.is_empty());
        sys.print(&format!("{}\n", cut.unwrap_or(base)));
    }
    0
}

fn dirname(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match DIR.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return DIR.missing_operand(sys);
    }
    for name in &args.operands {
        let trimmed = name.trim_end_matches('/');
        let dir = match trimmed.rsplit_once('/') {
            None if name.starts_with('/') => "/",
            None => ".",
            Some((dir, _)) if dir.trim_end_matches('/').is_empty() => "/",
            Some((dir, _)) => dir.trim_end_matches('/'),
        };
        sys.print(&format!("{dir}\n"));
    }
    0
}

fn pwd(_: &[String], sys: &mut Sys) -> i32 {
    let cwd = sys.cwd();
    sys.print(&format!("{cwd}\n"));
    0
}

/// A path free of links and dots; the last part need not exist.
fn canonical(sys: &Sys, path: &str) -> Option<String> {
    let mut todo: Vec<String> =
        if path.starts_with('/') { path.to_owned() } else { join(&sys.cwd(), path) }
            .split('/')
            .rev()
            .map(str::to_owned)
            .collect();
    let mut done = String::new();
    let mut links = 0;
    while let Some(name) = todo.pop() {
        match name.as_str() {
            "" | "." => {}
            ".." => done.truncate(done.rfind('/').unwrap_or(0)),
            name => {
                let next = format!("{done}/{name}");
                match sys.read_link(&next) {
                    Ok(target) => {
                        links += 1;
                        if links > 40 {
                            return None;
                        }
                        if target.starts_with('/') {
                            done.clear();
                        }
                        todo.extend(target.split('/').rev().map(str::to_owned));
                    }
                    Err(_) => {
                        let last = todo.iter().all(|t| t.is_empty() || t == ".");
                        if !last
                            && !sys.stat(&next, true).is_ok_and(|s| s.kind == FileKind::Directory)
                        {
                            return None;
                        }
                        done = next;
                    }
                }
            }
        }
    }
    Some(if done.is_empty() { "/".to_owned() } else { done })
}

fn readlink(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match LINK.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return LINK.missing_operand(sys);
    }
    let mut code = 0;
    for path in &args.operands {
        let found = if "fem".chars().any(|o| args.has(o)) {
            canonical(sys, path)
        } else {
            sys.read_link(path).ok()
        };
        match found {
            Some(found) => sys.print(&format!("{found}{}", if args.has('n') { "" } else { "\n" })),
            None => code = 1,
        }
    }
    code
}

fn realpath(argv: &[String], sys: &mut Sys) -> i32 {
    let mut code = 0;
    for path in argv.iter().skip(1).filter(|w| !w.starts_with('-')) {
        match canonical(sys, path) {
            Some(found)
                if is_busybox(sys) || sys.stat(&found, true).is_ok() || !path.ends_with('/') =>
            {
                sys.print(&format!("{found}\n"));
            }
            _ => {
                sys.eprint(&format!("realpath: {path}: No such file or directory\n"));
                code = 1;
            }
        }
    }
    code
}

fn which(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match WHICH_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let path = sys.env().get("PATH").cloned().unwrap_or_default();
    let mut code = 0;
    for name in &args.operands {
        let candidates: Vec<String> = if name.contains('/') {
            vec![name.clone()]
        } else {
            path.split(':').map(|dir| join(dir, name)).collect()
        };
        let runs = |p: &&String| {
            sys.stat(p, true).is_ok_and(|s| s.kind == FileKind::File && s.mode & 0o111 != 0)
        };
        let most = if args.has('a') { usize::MAX } else { 1 };
        let found: Vec<String> = candidates.iter().filter(runs).take(most).cloned().collect();
        if found.is_empty() {
            code = 1;
        }
        for path in found {
            sys.print(&format!("{path}\n"));
        }
    }
    code
}
