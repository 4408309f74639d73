//! `stat` and `du`: facts about files, and how much room they take.

use crate::os::{FileKind, Program, Stat, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::{group_name, human_size, is_busybox, join, mode_text, user_name};

/// `stat`.
pub(super) static STAT: Program = Program { name: "stat", start: |argv| once(argv, stat) };
/// `du`.
pub(super) static DU: Program = Program { name: "du", start: |argv| once(argv, du) };

const TOOL: Tool = Tool {
    name: "stat",
    usage: "[-L] [-c FORMAT] FILE...",
    options: "Lc:tf",
    long: &[("dereference", 'L'), ("format", 'c'), ("printf", 'c')],
    trouble: 1,
};

const DU_TOOL: Tool = Tool {
    name: "du",
    usage: "[-ahsckm] [-d N] [FILE]...",
    options: "ahsckmd:xb",
    long: &[
        ("all", 'a'),
        ("human-readable", 'h'),
        ("summarize", 's'),
        ("total", 'c'),
        ("max-depth", 'd'),
    ],
    trouble: 1,
};

/// Most files that `du` looks at.
const MAX_FILES: usize = 50_000;

fn stat(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return TOOL.missing_operand(sys);
    }
    let mut code = 0;
    for path in &args.operands {
        match sys.stat(path, args.has('L')) {
            Ok(facts) => {
                let text = match args.value('c') {
                    Some(pattern) => format(pattern, path, &facts, sys) + "\n",
                    None => full(path, &facts, sys),
                };
                sys.print(&text);
            }
            Err(error) => {
                let text = if is_busybox(sys) {
                    format!("stat: can't stat '{path}': {error}\n")
                } else {
                    format!("stat: cannot statx '{path}': {error}\n")
                };
                sys.eprint(&text);
                code = 1;
            }
        }
    }
    code
}

fn kind_words(facts: &Stat) -> &'static str {
    match facts.kind {
        FileKind::File if facts.size == 0 => "regular empty file",
        FileKind::File => "regular file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symbolic link",
        FileKind::Device => "character special file",
        FileKind::Pipe => "fifo",
        FileKind::Socket => "socket",
    }
}

fn full(path: &str, facts: &Stat, sys: &Sys) -> String {
    let shown = match sys.read_link(path) {
        Ok(target) if facts.kind == FileKind::Symlink => format!("{path} -> {target}"),
        _ => path.to_owned(),
    };
    let time = facts.modified.format("%Y-%m-%d %H:%M:%S.%f +0000");
    format!(
        "  File: {shown}\n  Size: {:<15} Blocks: {:<10} IO Block: 4096   {}\nDevice: 0,55\tInode: {:<11} Links: {}\n\
         Access: ({:04o}/{})  Uid: ({:5}/{:>8})   Gid: ({:5}/{:>8})\nAccess: {time}\nModify: {time}\nChange: {time}\n Birth: -\n",
        facts.size,
        blocks(facts) * 2,
        kind_words(facts),
        facts.inode,
        facts.links,
        facts.mode,
        mode_text(facts.kind, facts.mode),
        facts.uid,
        user_name(sys, facts.uid),
        facts.gid,
        group_name(sys, facts.gid),
    )
}

fn format(pattern: &str, path: &str, facts: &Stat, sys: &Sys) -> String {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push_str(path),
            Some('s') => text.push_str(&facts.size.to_string()),
            Some('a') => text.push_str(&format!("{:o}", facts.mode)),
            Some('A') => text.push_str(&mode_text(facts.kind, facts.mode)),
            Some('u') => text.push_str(&facts.uid.to_string()),
            Some('U') => text.push_str(&user_name(sys, facts.uid)),
            Some('g') => text.push_str(&facts.gid.to_string()),
            Some('G') => text.push_str(&group_name(sys, facts.gid)),
            Some('i') => text.push_str(&facts.inode.to_string()),
            Some('h') => text.push_str(&facts.links.to_string()),
            Some('F') => text.push_str(kind_words(facts)),
            Some('b') => text.push_str(&(blocks(facts) * 2).to_string()),
            Some('X' | 'Y' | 'Z') => text.push_str(&facts.modified.unix_s().to_string()),
            Some('x' | 'y' | 'z') => {
                text.push_str(&facts.modified.format("%Y-%m-%d %H:%M:%S.%f +0000"));
            }
            Some('%') => text.push('%'),
            Some(other) => text.extend(['%', other]),
            None => text.push('%'),
        }
    }
    text
}

fn blocks(facts: &Stat) -> u64 {
    match facts.kind {
        FileKind::File | FileKind::Directory => facts.size.div_ceil(4096) * 4,
        _ => 0,
    }
}

/// A directory on the way: its path, what is still to be visited, and its sum.
struct Level {
    path: String,
    names: Vec<String>,
    sum: u64,
}

fn du(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match DU_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let depth = if args.has('s') {
        0
    } else {
        args.value('d').and_then(|d| d.parse().ok()).unwrap_or(usize::MAX)
    };
    let show = |kb: u64| match args.last_of("hkmb") {
        Some('h') => human_size(kb * 1024),
        Some('m') => kb.div_ceil(1024).to_string(),
        _ => kb.to_string(),
    };
    let operands =
        if args.operands.is_empty() { vec![".".to_owned()] } else { args.operands.clone() };
    let (mut code, mut total, mut seen) = (0, 0, 0);
    for operand in &operands {
        let facts = match sys.stat(operand, false) {
            Ok(facts) => facts,
            Err(error) => {
                let text = if is_busybox(sys) {
                    format!("du: {operand}: {error}\n")
                } else {
                    format!("du: cannot access '{operand}': {error}\n")
                };
                sys.eprint(&text);
                code = 1;
                continue;
            }
        };
        if facts.kind != FileKind::Directory {
            total += blocks(&facts);
            sys.print(&format!("{}\t{operand}\n", show(blocks(&facts))));
            continue;
        }
        let names = |sys: &Sys, path: &str| -> Vec<String> {
            let names = sys.read_dir(path).unwrap_or_default();
            names.into_iter().rev().map(|(name, _)| name).collect()
        };
        let first =
            Level { path: operand.clone(), names: names(sys, operand), sum: blocks(&facts) };
        let mut stack = vec![first];
        while let Some(level) = stack.last_mut() {
            seen += 1;
            let Some(name) = level.names.pop().filter(|_| seen < MAX_FILES) else {
                let Some(done) = stack.pop() else { break };
                if stack.len() <= depth {
                    sys.print(&format!("{}\t{}\n", show(done.sum), done.path));
                }
                match stack.last_mut() {
                    Some(parent) => parent.sum += done.sum,
                    None => total += done.sum,
                }
                continue;
            };
            let path = join(&level.path, &name);
            let Ok(facts) = sys.stat(&path, false) else { continue };
            if facts.kind == FileKind::Directory {
                stack.push(Level { names: names(sys, &path), path, sum: blocks(&facts) });
            } else {
                level.sum += blocks(&facts);
                if args.has('a') && stack.len() <= depth {
                    sys.print(&format!("{}\t{path}\n", show(blocks(&facts))));
                }
            }
        }
    }
    if args.has('c') {
        sys.print(&format!("{}\ttotal\n", show(total)));
    }
    code
}
