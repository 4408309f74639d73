//! `diff`: what differs between two files.

use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::os::{FileKind, Program, Sys};

use super::support::args::{Args, Tool};
use super::support::gather::gather;
use super::support::text::{base_name, is_dir, join};

/// `diff`.
pub(super) static DIFF: Program = Program { name: "diff", start: |argv| gather(argv, setup, run) };

const TOOL: Tool = Tool {
    name: "diff",
    usage: "[-uNqriwbB] [-U LINES] FILE1 FILE2",
    options: "uNqrsiwbBaU:L:",
    long: &[
        ("unified", 'u'),
        ("new-file", 'N'),
        ("brief", 'q'),
        ("recursive", 'r'),
        ("report-identical-files", 's'),
        ("ignore-case", 'i'),
        ("ignore-all-space", 'w'),
        ("ignore-space-change", 'b'),
        ("ignore-blank-lines", 'B'),
        ("label", 'L'),
    ],
    trouble: 2,
};

/// Most pairs of lines that are compared; larger files are said to differ only.
const MAX_CELLS: usize = 16_000_000;

fn setup(argv: &[String], sys: &mut Sys) -> Result<Vec<String>, i32> {
    let args = TOOL.parse(argv, sys)?;
    let [first, second] = args.operands.as_slice() else {
        let text = match args.operands.as_slice() {
            [] => "missing operand after 'diff'".to_owned(),
            [one] => format!("missing operand after '{one}'"),
            more => format!("extra operand '{}'", more[2]),
        };
        let text = format!("{text}\ndiff: Try 'diff --help' for more information.");
        return Err(TOOL.fail(sys, &text));
    };
    let (a, b) = (is_dir(sys, first), is_dir(sys, second));
    if a && b {
        return Err(directories(&args, first, second, sys));
    }
    // A directory stands for the file of the same name in it.
    let first_file = if a { join(first, base_name(second)) } else { first.clone() };
    let second_file = if b { join(second, base_name(first)) } else { second.clone() };
    for file in [&first_file, &second_file] {
        if file != "-" && sys.stat(file, true).is_err() && !args.has('N') {
            sys.eprint(&format!("diff: {file}: No such file or directory\n"));
            return Err(2);
        }
    }
    Ok(vec![first_file, second_file])
}

fn run(argv: &[String], mut files: Vec<(String, Vec<u8>)>, sys: &mut Sys) -> i32 {
    let Ok(args) = TOOL.read(argv) else { return 2 };
    if files.len() < 2 {
        files.push(("/dev/null".to_owned(), Vec::new()));
    }
    let (first, second) = (files.remove(0), files.remove(0));
    match compare(&args, &first, &second, sys) {
        Some(text) => {
            sys.print(&text);
            1
        }
        None => {
            if args.has('s') {
                sys.print(&format!("Files {} and {} are identical\n", first.0, second.0));
            }
            0
        }
    }
}

/// Directories are compared file by file.
fn directories(args: &Args, first: &str, second: &str, sys: &mut Sys) -> i32 {
    let names = |sys: &Sys, dir: &str| -> Vec<String> {
        sys.read_dir(dir).unwrap_or_default().into_iter().map(|(name, _)| name).collect()
    };
    let (a, b) = (names(sys, first), names(sys, second));
    let mut all: Vec<&String> = a.iter().chain(&b).collect();
    all.order();
    all.dedup();
    let mut code = 0;
    for name in all {
        let (left, right) = (join(first, name), join(second, name));
        if !args.has('N') && (!a.contains(name) || !b.contains(name)) {
            let dir = if a.contains(name) { first } else { second };
            sys.print(&format!("Only in {}: {name}\n", dir.trim_end_matches('/')));
            code = 1;
            continue;
        }
        let kind = |sys: &Sys, p: &str| sys.stat(p, true).map_or(FileKind::File, |s| s.kind);
        if kind(sys, &left) == FileKind::Directory {
            if args.has('r') && left.len() < 1000 {
                code = code.max(directories(args, &left, &right, sys));
            } else {
                sys.print(&format!("Common subdirectories: {left} and {right}\n"));
            }
            continue;
        }
        let read = |sys: &Sys, p: &str| (p.to_owned(), sys.read_file(p).unwrap_or_default());
        let (x, y) = (read(sys, &left), read(sys, &right));
        if let Some(text) = compare(args, &x, &y, sys) {
            let mut options = String::new();
            for option in ['u', 'N'].into_iter().filter(|o| args.has(*o)) {
                options.push_str(&format!("-{option} "));
            }
            let head = if args.has('q') {
                String::new()
            } else {
                format!("diff {options}{left} {right}\n")
            };
            sys.print(&format!("{head}{text}"));
            code = 1;
        }
    }
    code
}

/// A run of lines that one side has and the other has not: (start and end left, start and end right).
type Change = (usize, usize, usize, usize);

/// The difference as text; `None` when there is none.
fn compare(
    args: &Args,
    first: &(String, Vec<u8>),
    second: &(String, Vec<u8>),
    sys: &Sys,
) -> Option<String> {
    let texts = [&first.1, &second.1].map(|b| String::from_utf8_lossy(b).into_owned());
    let lines = [&texts[0], &texts[1]].map(|t| t.split_inclusive('\n').collect::<Vec<&str>>());
    let key = |line: &&str| -> String {
        let mut text = (*line).to_owned();
        if args.has('w') {
            text.retain(|c| !c.is_whitespace());
        } else if args.has('b') {
            text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        if args.has('i') { text.to_lowercase() } else { text }
    };
    let keys = [&lines[0], &lines[1]].map(|l| l.iter().map(key).collect::<Vec<String>>());
    if keys[0] == keys[1] {
        return None;
    }
    if args.has('q') || keys[0].len().saturating_mul(keys[1].len()) > MAX_CELLS {
        return Some(format!("Files {} and {} differ\n", first.0, second.0));
    }
    let changes = changes(&keys[0], &keys[1]);
    if args.has('u') || args.has('U') {
        let context = args.value('U').and_then(|u| u.parse().ok()).unwrap_or(3);
        let stamp = |name: &str| {
            let missing = if args.has('N') { Time::default() } else { sys.now() };
            let at = sys.stat(name, true).map_or(missing, |s| s.modified);
            at.format("%Y-%m-%d %H:%M:%S.%f +0000")
        };
        let labels: Vec<&str> = args.values('L').collect();
        let label = |n: usize, name: &str| match labels.get(n) {
            Some(label) => (*label).to_owned(),
            None => format!("{name}\t{}", stamp(name)),
        };
        let head = format!("--- {}\n+++ {}\n", label(0, &first.0), label(1, &second.0));
        return Some(head + &unified(&changes, &lines[0], &lines[1], context));
    }
    Some(normal(&changes, &lines[0], &lines[1]))
}

/// The changes that turn the first list into the second, by the longest common subsequence.
fn changes(a: &[String], b: &[String]) -> Vec<Change> {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let end =
        a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (m, n) = (a.len() - start - end, b.len() - start - end);
    let (x, y) = (&a[start..start + m], &b[start..start + n]);
    let width = n + 1;
    let mut table = vec![0_u32; (m + 1) * width];
    for i in (0..m).rev() {
        for j in (0..n).rev() {
            table[i * width + j] = if x[i] == y[j] {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < m || j < n {
        if i < m && j < n && x[i] == y[j] {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (from_i, from_j) = (i, j);
        while i < m || j < n {
            if i < m && j < n && x[i] == y[j] {
                break;
            }
            if j >= n || i < m && table[(i + 1) * width + j] >= table[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
        changes.push((start + from_i, start + i, start + from_j, start + j));
    }
    changes
}

fn marked(mark: char, lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| {
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            format!("{mark}{line}{end}")
        })
        .collect()
}

fn normal(changes: &[Change], a: &[&str], b: &[&str]) -> String {
    let range = |from: usize, to: usize| {
        if to - from <= 1 { to.to_string() } else { format!("{},{to}", from + 1) }
    };
    let mut text = String::new();
    for &(i, i_end, j, j_end) in changes {
        let letter = match (i == i_end, j == j_end) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        text.push_str(&format!("{}{letter}{}\n", range(i, i_end), range(j, j_end)));
        let quote =
            |mark: &str, lines: &[&str]| {
                marked(' ', lines)
                    .lines()
                    .map(|l| {
                        if l.starts_with('\\') { format!("{l}\n") } else { format!("{mark}{l}\n") }
                    })
                    .collect::<String>()
            };
        text.push_str(&quote("<", &a[i..i_end]));
        if letter == 'c' {
            text.push_str("---\n");
        }
        text.push_str(&quote(">", &b[j..j_end]));
    }
    text
}

fn unified(changes: &[Change], a: &[&str], b: &[&str], context: usize) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < changes.len() {
        let mut last = at;
        while last + 1 < changes.len() && changes[last + 1].0 - changes[last].1 <= 2 * context {
            last += 1;
        }
        let from = changes[at].0.saturating_sub(context);
        let to = (changes[last].1 + context).min(a.len());
        let back = changes[at].0 - from;
        let (from_b, to_b) = (changes[at].2 - back, changes[last].3 + (to - changes[last].1));
        let range = |from: usize, to: usize| match to - from {
            0 => format!("{from},0"),
            1 => (from + 1).to_string(),
            count => format!("{},{count}", from + 1),
        };
        text.push_str(&format!("@@ -{} +{} @@\n", range(from, to), range(from_b, to_b)));
        let mut line = from;
        for &(i, i_end, j, j_end) in &changes[at..=last] {
            text.push_str(&marked(' ', &a[line..i]));
            text.push_str(&marked('-', &a[i..i_end]));
            text.push_str(&marked('+', &b[j..j_end]));
            line = i_end;
        }
        text.push_str(&marked(' ', &a[line..to]));
        at = last + 1;
    }
    text
}
