//! `ls`: lists directories.

use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::os::{Errno, FileKind, Program, STDOUT, Stat, Sys};

use super::support::args::{Args, Tool};
use super::support::once::once;
use super::support::text::{group_name, human_size, is_busybox, join, mode_text, user_name};

/// `ls`.
pub(super) static LS: Program = Program { name: "ls", start: |argv| once(argv, run) };

const TOOL: Tool = Tool {
    name: "ls",
    usage: "[-1AaCdFghiklnpRrSst] [FILE]...",
    options: "1AaCdFghiklnopRrSstUucv",
    long: &[
        ("all", 'a'),
        ("almost-all", 'A'),
        ("directory", 'd'),
        ("classify", 'F'),
        ("human-readable", 'h'),
        ("inode", 'i'),
        ("numeric-uid-gid", 'n'),
        ("recursive", 'R'),
        ("reverse", 'r'),
        ("size", 's'),
        ("no-group", 'o'),
    ],
    trouble: 2,
};

/// Most directories that `-R` walks.
const MAX_DIRS: usize = 5_000;

/// How to show names.
struct Style {
    args: Args,
    tty: bool,
    width: usize,
    color: bool,
    busybox: bool,
    now: Time,
}

/// A name with its facts.
struct Entry {
    name: String,
    path: String,
    stat: Stat,
    target: Option<String>,
}

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    // `--color` may come with or without a value.
    let mut color = "never";
    let mut rest = Vec::new();
    for word in argv {
        match word.strip_prefix("--color") {
            Some("" | "=always" | "=yes" | "=force") => color = "always",
            Some("=auto" | "=tty" | "=if-tty") => color = "auto",
            Some("=never" | "=no" | "=none") => color = "never",
            _ => rest.push(word.clone()),
        }
    }
    let args = match TOOL.parse(&rest, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let tty = sys.is_tty(STDOUT);
    let busybox = is_busybox(sys);
    let width = sys.tty_size(STDOUT).map_or(80, |(columns, _)| usize::from(columns));
    let color = color == "always" || tty && (color == "auto" || busybox);
    let style = Style { args, tty, width, color, busybox, now: sys.now() };
    list(&style, sys)
}

fn list(style: &Style, sys: &mut Sys) -> i32 {
    let mut code = 0;
    let mut operands = style.args.operands.clone();
    if operands.is_empty() {
        operands.push(".".to_owned());
    }
    let (mut files, mut dirs) = (Vec::new(), Vec::new());
    for operand in &operands {
        let long = style.is_long();
        let found =
            entry(sys, operand, operand, !long).or_else(|_| entry(sys, operand, operand, false));
        match found {
            Ok(entry) if entry.stat.kind == FileKind::Directory && !style.args.has('d') => {
                dirs.push(entry);
            }
            Ok(entry) => files.push(entry),
            Err(error) => {
                complain(style, sys, operand, error);
                code = if style.busybox { 1 } else { 2 };
            }
        }
    }
    style.sort(&mut files);
    style.sort(&mut dirs);
    let several = operands.len() > 1 || style.args.has('R');
    let mut first = files.is_empty();
    let text = style.show(sys, &files, false);
    sys.print(&text);
    let mut todo: Vec<String> = dirs.into_iter().rev().map(|d| d.path).collect();
    let mut walked = 0;
    while let Some(dir) = todo.pop() {
        walked += 1;
        if walked > MAX_DIRS {
            sys.eprint("ls: too many directories\n");
            return 2;
        }
        match style.read(sys, &dir) {
            Ok(entries) => {
                let mut text = String::new();
                if !first {
                    text.push('\n');
                }
                if several {
                    text.push_str(&format!("{dir}:\n"));
                }
                text.push_str(&style.show(sys, &entries, true));
                sys.print(&text);
                if style.args.has('R') {
                    let below = entries.into_iter().rev().filter(|e| {
                        e.stat.kind == FileKind::Directory && e.name != "." && e.name != ".."
                    });
                    todo.extend(below.map(|e| e.path));
                }
            }
            Err(error) => {
                let text = if style.busybox {
                    format!("ls: can't open '{dir}': {error}\n")
                } else {
                    format!("ls: cannot open directory '{dir}': {error}\n")
                };
                sys.eprint(&text);
                code = if style.busybox { 1 } else { 2 };
            }
        }
        first = false;
    }
    code
}

fn complain(style: &Style, sys: &mut Sys, path: &str, error: Errno) {
    let text = if style.busybox {
        format!("ls: {path}: {error}\n")
    } else {
        format!("ls: cannot access '{path}': {error}\n")
    };
    sys.eprint(&text);
}

fn entry(sys: &Sys, path: &str, name: &str, follow: bool) -> Result<Entry, Errno> {
    let stat = sys.stat(path, follow)?;
    let target = sys.read_link(path).ok().filter(|_| !follow);
    Ok(Entry { name: name.to_owned(), path: path.to_owned(), stat, target })
}

impl Style {
    fn is_long(&self) -> bool {
        "lgno".chars().any(|o| self.args.has(o))
    }

    fn read(&self, sys: &Sys, dir: &str) -> Result<Vec<Entry>, Errno> {
        let mut names: Vec<String> = sys.read_dir(dir)?.into_iter().map(|(name, _)| name).collect();
        let all = self.args.has('a');
        if !all && !self.args.has('A') {
            names.retain(|name| !name.starts_with('.'));
        }
        let dots = [".", ".."].iter().filter(|_| all).map(|d| (*d).to_owned());
        let names: Vec<String> = dots.chain(names).collect();
        let mut entries: Vec<Entry> = names
            .iter()
            .filter_map(|name| entry(sys, &join(dir, name), name, false).ok())
            .collect();
        self.sort(&mut entries);
        Ok(entries)
    }

    fn sort(&self, entries: &mut [Entry]) {
        if self.args.has('U') {
            return;
        }
        // As the C.UTF-8 locale sorts: by bytes.
        entries.order_by(|a, b| a.name.cmp(&b.name));
        if self.args.has('t') {
            entries.order_by_key(|e| std::cmp::Reverse(e.stat.modified));
        } else if self.args.has('S') {
            entries.order_by_key(|e| std::cmp::Reverse(e.stat.size));
        }
        if self.args.has('r') {
            entries.reverse();
        }
    }

    fn show(&self, sys: &Sys, entries: &[Entry], is_dir: bool) -> String {
        if self.is_long() {
            return self.long(sys, entries, is_dir);
        }
        let names: Vec<(String, usize)> = entries.iter().map(|e| self.label(e)).collect();
        if self.args.has('1') || !self.tty && !self.args.has('C') {
            return names.into_iter().map(|(name, _)| name + "\n").collect();
        }
        columns(&names, self.width)
    }

    /// A name as shown, and its width.
    fn label(&self, entry: &Entry) -> (String, usize) {
        let mut front = String::new();
        if self.args.has('i') {
            front.push_str(&format!("{} ", entry.stat.inode));
        }
        if self.args.has('s') {
            front.push_str(&format!("{} ", blocks(&entry.stat)));
        }
        let needs_quotes = |c: char| c.is_whitespace() || "'\"$&;()*?[]<>|\\`!#~".contains(c);
        let name = if self.tty && !self.busybox && entry.name.contains(needs_quotes) {
            format!("'{}'", entry.name.replace('\'', "'\\''"))
        } else {
            entry.name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
        };
        let mark = self.mark(entry);
        let width = front.chars().count() + name.chars().count() + mark.len();
        (format!("{front}{}{mark}", self.paint(entry, &name)), width)
    }

    fn mark(&self, entry: &Entry) -> &'static str {
        let (full, slash) = (self.args.has('F'), self.args.has('p'));
        match entry.stat.kind {
            FileKind::Directory if full || slash => "/",
            FileKind::Symlink if full && !self.is_long() => "@",
            FileKind::File if full && entry.stat.mode & 0o111 != 0 => "*",
            _ => "",
        }
    }

    fn paint(&self, entry: &Entry, name: &str) -> String {
        let bold = if self.busybox { "1" } else { "01" };
        let color = match entry.stat.kind {
            _ if !self.color => return name.to_owned(),
            FileKind::Directory if entry.stat.mode & 0o1002 == 0o1002 => "30;42".to_owned(),
            FileKind::Directory => format!("{bold};34"),
            FileKind::Symlink => format!("{bold};36"),
            FileKind::Device => format!("{bold};33"),
            FileKind::File if entry.stat.mode & 0o111 != 0 => format!("{bold};32"),
            _ => return name.to_owned(),
        };
        format!("\x1b[{color}m{name}\x1b[0m")
    }

    fn long(&self, sys: &Sys, entries: &[Entry], is_dir: bool) -> String {
        let numeric = self.args.has('n');
        let rows: Vec<[String; 6]> = entries
            .iter()
            .map(|e| {
                let stat = &e.stat;
                let (user, group) = if numeric {
                    (stat.uid.to_string(), stat.gid.to_string())
                } else {
                    (user_name(sys, stat.uid), group_name(sys, stat.gid))
                };
                let size = match stat.kind {
                    FileKind::Device => "1, 3".to_owned(),
                    _ if self.args.has('h') => human_size(stat.size),
                    _ => stat.size.to_string(),
                };
                let mode = mode_text(stat.kind, stat.mode);
                [mode, stat.links.to_string(), user, group, size, date(stat.modified, self.now)]
            })
            .collect();
        let width =
            |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
        let (links, user, group, size) = (width(1), width(2), width(3), width(4));
        let mut text = String::new();
        if is_dir {
            let total: u64 = entries.iter().map(|e| blocks(&e.stat)).sum();
            let total =
                if self.args.has('h') { human_size(total * 1024) } else { total.to_string() };
            text.push_str(&format!("total {total}\n"));
        }
        for (entry, row) in entries.iter().zip(&rows) {
            let [mode, link, owner, team, bytes, date] = row;
            let (label, _) = self.label(entry);
            let links = if self.busybox { links.max(4) } else { links };
            let mut line = format!("{mode} {link:>links$} ");
            if self.busybox {
                // busybox's columns have fixed least widths.
                line =
                    format!("{mode} {link:>links$} {owner:<8} {team:<8} {bytes:>9} {date} {label}");
            } else {
                if !self.args.has('g') {
                    line.push_str(&format!("{owner:<user$} "));
                }
                if !self.args.has('o') {
                    line.push_str(&format!("{team:<group$} "));
                }
                line.push_str(&format!("{bytes:>size$} {date} {label}"));
            }
            if let Some(target) = &entry.target {
                line.push_str(&format!(" -> {target}"));
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// Kilobytes that a file takes.
fn blocks(stat: &Stat) -> u64 {
    match stat.kind {
        FileKind::File | FileKind::Directory => stat.size.div_ceil(4096) * 4,
        _ => 0,
    }
}

/// `Jan  5 09:00`, or with the year when it is half a year away.
fn date(at: Time, now: Time) -> String {
    let recent = at <= now + Span::seconds(60) && now - at < Span::seconds(182 * 86400);
    at.format(if recent { "%b %e %H:%M" } else { "%b %e  %Y" })
}

/// Names in columns, read downwards.
fn columns(names: &[(String, usize)], width: usize) -> String {
    if names.is_empty() {
        return String::new();
    }
    let count = names.len();
    let mut rows = 1;
    let widths = loop {
        let widths: Vec<usize> = names
            .chunks(rows)
            .map(|column| column.iter().map(|(_, w)| *w).max().unwrap_or(0) + 2)
            .collect();
        if widths.iter().sum::<usize>() <= width + 2 || rows >= count {
            break widths;
        }
        rows += 1;
    };
    let mut text = String::new();
    for row in 0..rows {
        let mut line = String::new();
        let mut at = row;
        let mut column = 0;
        while at < count {
            let (name, size) = &names[at];
            line.push_str(name);
            at += rows;
            if at < count {
                line.push_str(&" ".repeat(widths[column].saturating_sub(*size)));
            }
            column += 1;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
