//! `cp`, `mv`, `ln`: copy, move and link files.

use crate::os::{Errno, FileKind, Program, Sys};

use super::support::args::{Args, Tool};
use super::support::once::once;
use super::support::text::{base_name, is_busybox, is_dir, join};

/// `cp`.
pub(super) static CP: Program = Program { name: "cp", start: |argv| once(argv, cp) };
/// `mv`.
pub(super) static MV: Program = Program { name: "mv", start: |argv| once(argv, mv) };
/// `ln`.
pub(super) static LN: Program = Program { name: "ln", start: |argv| once(argv, ln) };

const CP_TOOL: Tool = Tool {
    name: "cp",
    usage: "[-arRpfnvuTL] SOURCE... DEST",
    options: "arRpdfnvuTLPHt:",
    long: &[
        ("archive", 'a'),
        ("recursive", 'r'),
        ("force", 'f'),
        ("no-clobber", 'n'),
        ("verbose", 'v'),
        ("update", 'u'),
        ("no-target-directory", 'T'),
        ("target-directory", 't'),
        ("preserve", 'p'),
        ("dereference", 'L'),
    ],
    trouble: 1,
};

const MV_TOOL: Tool = Tool {
    name: "mv",
    usage: "[-fnvT] SOURCE... DEST",
    options: "fnvuTt:",
    long: &[
        ("force", 'f'),
        ("no-clobber", 'n'),
        ("verbose", 'v'),
        ("update", 'u'),
        ("no-target-directory", 'T'),
        ("target-directory", 't'),
    ],
    trouble: 1,
};

const LN_TOOL: Tool = Tool {
    name: "ln",
    usage: "[-sfnvT] TARGET... LINK|DIR",
    options: "sfnvTr",
    long: &[
        ("symbolic", 's'),
        ("force", 'f'),
        ("no-dereference", 'n'),
        ("verbose", 'v'),
        ("no-target-directory", 'T'),
    ],
    trouble: 1,
};

/// Deepest directories copied.
const MAX_DEPTH: usize = 100;

/// The sources and the place for each; tells what is wrong with the operands.
fn pairs(tool: &Tool, args: &Args, sys: &mut Sys) -> Result<Vec<(String, String)>, i32> {
    let mut sources = args.operands.clone();
    let target = match args.value('t') {
        Some(dir) => Some(dir.to_owned()),
        None => sources.pop(),
    };
    let name = tool.name;
    let Some(target) = target else {
        return Err(missing(tool, "missing file operand", sys));
    };
    if sources.is_empty() {
        let text = format!("missing destination file operand after '{target}'");
        return Err(missing(tool, &text, sys));
    }
    let into = is_dir(sys, &target) && !args.has('T');
    if sources.len() > 1 && !into {
        let text = if is_busybox(sys) {
            format!("{name}: target '{target}' is not a directory\n")
        } else {
            format!(
                "{name}: target '{target}': {}\n",
                match sys.stat(&target, true) {
                    Ok(_) => Errno::NotDirectory,
                    Err(error) => error,
                }
            )
        };
        sys.eprint(&text);
        return Err(1);
    }
    let place = |source: &String| {
        if into { join(&target, base_name(source)) } else { target.clone() }
    };
    Ok(sources.iter().map(|s| (s.clone(), place(s))).collect())
}

fn missing(tool: &Tool, text: &str, sys: &mut Sys) -> i32 {
    if is_busybox(sys) {
        return tool.missing_operand(sys);
    }
    let name = tool.name;
    sys.eprint(&format!("{name}: {text}\nTry '{name} --help' for more information.\n"));
    1
}

fn cp(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match CP_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    match pairs(&CP_TOOL, &args, sys) {
        Ok(pairs) => i32::from(!pairs.iter().all(|(from, to)| copy(sys, &args, from, to, 0))),
        Err(code) => code,
    }
}

fn cannot_open(sys: &mut Sys, program: &str, path: &str, error: Errno) -> bool {
    let text = if is_busybox(sys) {
        format!("{program}: can't stat '{path}': {error}\n")
    } else {
        format!("{program}: cannot stat '{path}': {error}\n")
    };
    sys.eprint(&text);
    false
}

fn cannot_create(sys: &mut Sys, program: &str, path: &str, error: Errno) -> bool {
    let text = if is_busybox(sys) {
        format!("{program}: can't create '{path}': {error}\n")
    } else {
        format!("{program}: cannot create regular file '{path}': {error}\n")
    };
    sys.eprint(&text);
    false
}

/// Copies a file or directory; `false` when something went wrong.
fn copy(sys: &mut Sys, args: &Args, from: &str, to: &str, depth: usize) -> bool {
    let recursive = "arR".chars().any(|o| args.has(o));
    let follow = !recursive || args.has('L');
    let stat = match sys.stat(from, follow) {
        Ok(stat) => stat,
        Err(error) => return cannot_open(sys, "cp", from, error),
    };
    if args.has('n') && sys.stat(to, true).is_ok() {
        return true;
    }
    if let (Ok(old), false) = (sys.stat(to, true), stat.kind == FileKind::Directory) {
        if (old.inode, old.modified, old.size) == (stat.inode, stat.modified, stat.size)
            && same_path(sys, from, to)
        {
            sys.eprint(&format!("cp: '{from}' and '{to}' are the same file\n"));
            return false;
        }
        if args.has('u') && old.modified >= stat.modified {
            return true;
        }
    }
    if args.has('v') {
        sys.print(&format!("'{from}' -> '{to}'\n"));
    }
    let copied = match stat.kind {
        FileKind::Directory if !recursive => {
            let text = if is_busybox(sys) {
                format!("cp: omitting directory '{from}'\n")
            } else {
                format!("cp: -r not specified; omitting directory '{from}'\n")
            };
            sys.eprint(&text);
            return false;
        }
        FileKind::Directory => return copy_dir(sys, args, from, to, depth),
        FileKind::Symlink => {
            let _ = sys.remove(to);
            sys.read_link(from).and_then(|target| sys.symlink(&target, to))
        }
        _ => match sys.read_file(from) {
            Ok(bytes) => {
                if is_dir(sys, to) {
                    let text =
                        format!("cp: cannot overwrite directory '{to}' with non-directory\n");
                    sys.eprint(&text);
                    return false;
                }
                let existed = sys.stat(to, true).is_ok();
                let written = sys.write_file(to, &bytes);
                if written.is_ok() && !existed {
                    // A copy of a program can be run, too.
                    let _ = sys.chmod(to, stat.mode);
                }
                written
            }
            Err(error) => {
                let text = if is_busybox(sys) {
                    format!("cp: can't open '{from}': {error}\n")
                } else {
                    format!("cp: cannot open '{from}' for reading: {error}\n")
                };
                sys.eprint(&text);
                return false;
            }
        },
    };
    match copied {
        Ok(()) => {
            if args.has('a') || args.has('p') {
                let _ = sys.chown(to, stat.uid, stat.gid);
            }
            true
        }
        Err(error) => cannot_create(sys, "cp", to, error),
    }
}

fn same_path(sys: &Sys, a: &str, b: &str) -> bool {
    let full = |p: &str| if p.starts_with('/') { p.to_owned() } else { join(&sys.cwd(), p) };
    full(a).replace("/./", "/") == full(b).replace("/./", "/")
}

fn copy_dir(sys: &mut Sys, args: &Args, from: &str, to: &str, depth: usize) -> bool {
    let inside = format!("{}/", to.trim_end_matches('/'))
        .starts_with(&format!("{}/", from.trim_end_matches('/')));
    if inside && from != to || depth > MAX_DEPTH {
        sys.eprint(&format!("cp: cannot copy a directory, '{from}', into itself, '{to}'\n"));
        return false;
    }
    if !is_dir(sys, to)
        && let Err(error) = sys.mkdir(to, 0o777)
    {
        let text = if is_busybox(sys) {
            format!("cp: can't create directory '{to}': {error}\n")
        } else {
            format!("cp: cannot create directory '{to}': {error}\n")
        };
        sys.eprint(&text);
        return false;
    }
    let names = match sys.read_dir(from) {
        Ok(names) => names,
        Err(error) => {
            sys.eprint(&format!("cp: cannot access '{from}': {error}\n"));
            return false;
        }
    };
    let mut whole = true;
    for (name, _) in names {
        whole &= copy(sys, args, &join(from, &name), &join(to, &name), depth + 1);
    }
    whole
}

fn mv(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match MV_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    match pairs(&MV_TOOL, &args, sys) {
        Ok(pairs) => i32::from(!pairs.iter().all(|(from, to)| move_one(sys, &args, from, to))),
        Err(code) => code,
    }
}

fn move_one(sys: &mut Sys, args: &Args, from: &str, to: &str) -> bool {
    if let Err(error) = sys.stat(from, false) {
        return cannot_open(sys, "mv", from, error);
    }
    if args.has('n') && sys.stat(to, false).is_ok() {
        return true;
    }
    let moved = match sys.rename(from, to) {
        Err(Errno::CrossDevice | Errno::Busy) => across(sys, from, to),
        other => other,
    };
    match moved {
        Ok(()) => {
            if args.has('v') {
                sys.print(&format!("renamed '{from}' -> '{to}'\n"));
            }
            true
        }
        Err(Errno::Invalid) => {
            sys.eprint(&format!("mv: cannot move '{from}' to a subdirectory of itself, '{to}'\n"));
            false
        }
        Err(error) => {
            let text = if is_busybox(sys) {
                format!("mv: can't rename '{from}': {error}\n")
            } else {
                format!("mv: cannot move '{from}' to '{to}': {error}\n")
            };
            sys.eprint(&text);
            false
        }
    }
}

/// Moves to another file system: copies, then removes.
fn across(sys: &mut Sys, from: &str, to: &str) -> Result<(), Errno> {
    let args = Args::default();
    let stat = sys.stat(from, false)?;
    if stat.kind != FileKind::Directory {
        let bytes = sys.read_file(from)?;
        sys.write_file(to, &bytes)?;
        let _ = sys.chmod(to, stat.mode);
        return sys.remove(from);
    }
    sys.mkdir(to, 0o777)?;
    for (name, _) in sys.read_dir(from)? {
        if !move_one(sys, &args, &join(from, &name), &join(to, &name)) {
            return Err(Errno::NotEmpty);
        }
    }
    sys.remove(from)
}

fn ln(argv: &[String], sys: &mut Sys) -> i32 {
    let mut args = match LN_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.len() == 1 {
        args.operands.push(base_name(&args.operands[0]).to_owned());
    }
    let pairs = match pairs(&LN_TOOL, &args, sys) {
        Ok(pairs) => pairs,
        Err(code) => return code,
    };
    let mut code = 0;
    for (target, link) in pairs {
        if args.has('f') && sys.stat(&link, false).is_ok() {
            let _ = sys.remove(&link);
        }
        let symbolic = args.has('s');
        let made = if symbolic { sys.symlink(&target, &link) } else { sys.link(&target, &link) };
        match made {
            Ok(()) if args.has('v') => sys.print(&format!("'{link}' -> '{target}'\n")),
            Ok(()) => {}
            Err(error) => {
                let kind = if symbolic { "symbolic" } else { "hard" };
                let text = if is_busybox(sys) {
                    format!("ln: {link}: {error}\n")
                } else if error == Errno::NotPermitted && !symbolic {
                    format!("ln: {target}: hard link not allowed for directory\n")
                } else if error == Errno::NotFound && !symbolic {
                    format!("ln: failed to access '{target}': {error}\n")
                } else {
                    format!("ln: failed to create {kind} link '{link}': {error}\n")
                };
                sys.eprint(&text);
                code = 1;
            }
        }
    }
    code
}
