//! `chmod`, `chown`, `chgrp`: change permissions and owners.

use crate::os::{FileKind, Program, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::{id_of, is_busybox, is_dir, join};

/// `chmod`.
pub(super) static CHMOD: Program = Program { name: "chmod", start: |argv| once(argv, chmod) };
/// `chown`.
pub(super) static CHOWN: Program = Program { name: "chown", start: |argv| once(argv, chown) };
/// `chgrp`.
pub(super) static CHGRP: Program = Program { name: "chgrp", start: |argv| once(argv, chgrp) };

/// Most files changed by one call.
const MAX_FILES: usize = 20_000;

fn chmod(argv: &[String], sys: &mut Sys) -> i32 {
    let (mut recursive, mut verbose, mut operands) = (false, false, Vec::new());
    for word in &argv[1..] {
        match word.as_str() {
            // A mode may begin with a minus sign, too.
            "-R" | "--recursive" => recursive = true,
            "-v" | "--verbose" => verbose = true,
            "-f" | "--quiet" | "--silent" | "--" => {}
            "-Rv" | "-vR" => (recursive, verbose) = (true, true),
            _ => operands.push(word.clone()),
        }
    }
    if operands.len() < 2 {
        let text = match (is_busybox(sys), operands.first()) {
            (true, _) => "Usage: chmod [-Rcvf] MODE[,MODE]... FILE...\n".to_owned(),
            (_, Some(mode)) => {
                format!(
                    "chmod: missing operand after '{mode}'\nTry 'chmod --help' for more information.\n"
                )
            }
            _ => "chmod: missing operand\nTry 'chmod --help' for more information.\n".to_owned(),
        };
        sys.eprint(&text);
        return 1;
    }
    let mode = operands.remove(0);
    if changed(&mode, 0, false).is_none() {
        sys.eprint(&format!("chmod: invalid mode: '{mode}'\n"));
        if !is_busybox(sys) {
            sys.eprint("Try 'chmod --help' for more information.\n");
        }
        return 1;
    }
    each(sys, "chmod", &operands, recursive, |sys, path| {
        let stat = sys.stat(path, true)?;
        let new = changed(&mode, stat.mode, stat.kind == FileKind::Directory).unwrap_or(stat.mode);
        sys.chmod(path, new)?;
        if verbose {
            sys.print(&format!("mode of '{path}' changed from {:04o} to {new:04o}\n", stat.mode));
        }
        Ok(())
    })
}

/// A mode after `u+x,go-w` or `644`; `None` when the text is no mode.
fn changed(text: &str, old: u16, is_dir: bool) -> Option<u16> {
    if text.chars().all(|c| c.is_digit(8)) {
        return u16::from_str_radix(text, 8).ok().filter(|m| *m <= 0o7777);
    }
    let mut mode = old;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let who = &clause[..at];
        let mut mask = 0_u16;
        for c in who.chars() {
            mask |= match c {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            };
        }
        if who.is_empty() {
            mask = 0o7777;
        }
        let mut operator = '+';
        let mut bits = 0;
        for c in clause[at..].chars() {
            bits |= match c {
                '+' | '-' | '=' => {
                    operator = c;
                    0
                }
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if is_dir || old & 0o111 != 0 => 0o111,
                'X' => 0,
                's' => 0o6000,
                't' => 0o1000,
                _ => return None,
            };
        }
        let bits = bits & mask & if who.is_empty() { !0o022 } else { !0 };
        mode = match operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => mode & !(mask & 0o777) | bits,
        };
    }
    Some(mode)
}

/// Does something with files, and with all that is below them when wanted; gives the exit code.
fn each(
    sys: &mut Sys,
    name: &str,
    files: &[String],
    recursive: bool,
    mut change: impl FnMut(&mut Sys, &str) -> Result<(), crate::os::Errno>,
) -> i32 {
    let mut code = 0;
    let mut todo: Vec<String> = files.iter().rev().cloned().collect();
    for _ in 0..MAX_FILES {
        let Some(path) = todo.pop() else { break };
        if let Err(error) = change(sys, &path) {
            let text = match (is_busybox(sys), error) {
                (true, _) => format!("{name}: {path}: {error}\n"),
                (_, crate::os::Errno::NotFound) => {
                    format!("{name}: cannot access '{path}': {error}\n")
                }
                _ if name == "chmod" => {
                    format!("{name}: changing permissions of '{path}': {error}\n")
                }
                _ => format!("{name}: changing ownership of '{path}': {error}\n"),
            };
            sys.eprint(&text);
            code = 1;
            continue;
        }
        let link = sys.stat(&path, false).is_ok_and(|s| s.kind == FileKind::Symlink);
        if recursive && !link && is_dir(sys, &path) {
            let names = sys.read_dir(&path).unwrap_or_default();
            todo.extend(names.into_iter().rev().map(|(name, _)| join(&path, &name)));
        }
    }
    code
}

const OWNER: Tool = Tool {
    name: "chown",
    usage: "[-Rvf] USER[:[GRP]] FILE...",
    options: "RvfhHLP",
    long: &[("recursive", 'R'), ("verbose", 'v'), ("no-dereference", 'h')],
    trouble: 1,
};

const TEAM: Tool = Tool { name: "chgrp", usage: "[-Rvf] GROUP FILE...", ..OWNER };

fn chown(argv: &[String], sys: &mut Sys) -> i32 {
    set_owner(&OWNER, argv, sys)
}

fn chgrp(argv: &[String], sys: &mut Sys) -> i32 {
    set_owner(&TEAM, argv, sys)
}

fn set_owner(tool: &Tool, argv: &[String], sys: &mut Sys) -> i32 {
    let args = match tool.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.len() < 2 {
        return tool.missing_operand(sys);
    }
    let whom = &args.operands[0];
    let (user, group) = match whom.split_once([':', '.']) {
        _ if tool.name == "chgrp" => ("", whom.as_str()),
        Some((user, group)) => (user, group),
        None => (whom.as_str(), ""),
    };
    let (mut uid, mut gid) = (None, None);
    if !user.is_empty() {
        uid = id_of(sys, "/etc/passwd", user);
        if uid.is_none() {
            let text = if is_busybox(sys) {
                format!("unknown user {user}")
            } else {
                format!("invalid user: '{whom}'")
            };
            return tool.fail(sys, &text);
        }
    }
    if !group.is_empty() {
        gid = id_of(sys, "/etc/group", group);
        if gid.is_none() {
            let text = if is_busybox(sys) {
                format!("unknown group {group}")
            } else {
                format!("invalid group: '{whom}'")
            };
            return tool.fail(sys, &text);
        }
    }
    each(sys, tool.name, &args.operands[1..], args.has('R'), |sys, path| {
        let stat = sys.stat(path, true)?;
        sys.chown(path, uid.unwrap_or(stat.uid), gid.unwrap_or(stat.gid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_change_as_they_say() {
        for (text, old, want) in [
            ("644", 0, Some(0o644)),
            ("+x", 0o644, Some(0o755)),
            ("u+x,go-r", 0o644, Some(0o700)),
            ("a=r", 0o755, Some(0o444)),
            ("g+s", 0o755, Some(0o2755)),
            ("+t", 0o777, Some(0o1777)),
            ("z+x", 0, None),
            ("999", 0, None),
            ("é", 0, None),
        ] {
            assert_eq!(changed(text, old, false), want, "{text}");
        }
    }
}
