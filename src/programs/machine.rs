//! `uname`, `uptime`, `free`, `df`, `sync`, `tty`, `clear`, `reset`: about the machine and its terminal.

use crate::os::{Program, STDIN, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::{human_size, is_busybox};

/// `uname`.
pub(super) static UNAME: Program = Program { name: "uname", start: |argv| once(argv, uname) };
/// `uptime`.
pub(super) static UPTIME: Program = Program { name: "uptime", start: |argv| once(argv, uptime) };
/// `free`.
pub(super) static FREE: Program = Program { name: "free", start: |argv| once(argv, free) };
/// `df`.
pub(super) static DF: Program = Program { name: "df", start: |argv| once(argv, df) };
/// `sync`.
pub(super) static SYNC: Program = Program { name: "sync", start: |argv| once(argv, |_, _| 0) };
/// `tty`.
pub(super) static TTY: Program = Program { name: "tty", start: |argv| once(argv, tty) };
/// `clear`.
pub(super) static CLEAR: Program = Program { name: "clear", start: |argv| once(argv, clear) };
/// `reset`.
pub(super) static RESET: Program = Program { name: "reset", start: |argv| once(argv, reset) };

const UNAME_TOOL: Tool = Tool {
    name: "uname",
    usage: "[-amnrspvo]",
    options: "amnrspvio",
    long: &[
        ("all", 'a'),
        ("machine", 'm'),
        ("nodename", 'n'),
        ("kernel-release", 'r'),
        ("kernel-name", 's'),
        ("kernel-version", 'v'),
        ("operating-system", 'o'),
    ],
    trouble: 1,
};

fn uname(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match UNAME_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let none = !"amnrspvo".chars().any(|o| args.has(o));
    let parts = [
        ('s', "Linux".to_owned()),
        ('n', sys.hostname()),
        ('r', "6.8.0-generic".to_owned()),
        ('v', "#1 SMP PREEMPT_DYNAMIC".to_owned()),
        ('m', "x86_64".to_owned()),
        ('o', "GNU/Linux".to_owned()),
    ];
    let wanted = |o: char| args.has('a') || args.has(o) || none && o == 's';
    let words: Vec<String> =
        parts.into_iter().filter(|(o, _)| wanted(*o)).map(|(_, text)| text).collect();
    sys.print(&format!("{}\n", words.join(" ")));
    0
}

fn uptime(_: &[String], sys: &mut Sys) -> i32 {
    let clock = sys.now().format("%H:%M:%S");
    let file = sys.read_file("/proc/uptime").unwrap_or_default();
    let seconds: f64 = String::from_utf8_lossy(&file)
        .split(' ')
        .next()
        .and_then(|t| t.parse().ok())
        .unwrap_or(0.0);
    let minutes = (seconds / 60.0) as u64;
    let up = if minutes < 60 {
        format!("{minutes} min")
    } else {
        format!("{}:{:02}", minutes / 60, minutes % 60)
    };
    sys.print(&format!(" {clock} up {up},  0 users,  load average: 0.08, 0.03, 0.01\n"));
    0
}

fn free(argv: &[String], sys: &mut Sys) -> i32 {
    let human = argv.iter().any(|a| a == "-h");
    let unit: u64 = if argv.iter().any(|a| a == "-m") { 1024 } else { 1 };
    let show = |kb: u64| {
        if human { format!("{}i", human_size(kb * 1024)) } else { (kb / unit).to_string() }
    };
    let row =
        |cells: &[u64]| -> String { cells.iter().map(|c| format!("{:>12}", show(*c))).collect() };
    sys.print(&format!(
        "               total        used        free      shared  buff/cache   available\nMem:    {}\nSwap:   {}\n",
        row(&[8_388_608, 1_048_576, 6_291_456, 1_024, 1_048_576, 7_340_032]),
        row(&[0, 0, 0]),
    ));
    0
}

const DF_TOOL: Tool = Tool {
    name: "df",
    usage: "[-hkmPT] [FILE]...",
    options: "hkmPTai",
    long: &[("human-readable", 'h')],
    trouble: 1,
};

fn df(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match DF_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let human = args.has('h');
    let head = if human {
        "Filesystem      Size  Used Avail Use% Mounted on\n"
    } else if is_busybox(sys) {
        "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
    } else {
        "Filesystem     1K-blocks     Used Available Use% Mounted on\n"
    };
    sys.print(head);
    let total: u64 = 60 << 20;
    let mut code = 0;
    let rows: Vec<(String, String, u64)> = sys
        .file_systems()
        .into_iter()
        .map(|(device, path, used)| (device, path, used / 1024))
        .collect();
    let mut chosen = Vec::new();
    for path in &args.operands {
        if let Err(error) = sys.stat(path, true) {
            sys.eprint(&format!("df: {path}: {error}\n"));
            code = 1;
            continue;
        }
        let full =
            if path.starts_with('/') { path.clone() } else { format!("{}/{path}", sys.cwd()) };
        let fits = |r: &&(String, String, u64)| {
            r.1 == "/" || full == r.1 || full.starts_with(&format!("{}/", r.1))
        };
        chosen.extend(rows.iter().filter(fits).max_by_key(|r| r.1.len()).cloned());
    }
    let shown = if args.operands.is_empty() { rows } else { chosen };
    for (device, path, used) in shown {
        let used = used + (4 << 20);
        let percent = used * 100 / total;
        let line = if human {
            let [size, used, free] = [total, used, total - used].map(|kb| human_size(kb * 1024));
            format!("{device:<15} {size:>4} {used:>5} {free:>5} {percent:>3}% {path}\n")
        } else if is_busybox(sys) {
            format!("{device:<20} {total:>9} {used:>9} {:>9} {percent:>3}% {path}\n", total - used)
        } else {
            format!("{device:<14} {total:>9} {used:>8} {:>9} {percent:>3}% {path}\n", total - used)
        };
        sys.print(&line);
    }
    code
}

fn tty(_: &[String], sys: &mut Sys) -> i32 {
    match sys.tty_name(STDIN) {
        Some(name) => {
            sys.print(&format!("/dev/{name}\n"));
            0
        }
        None => {
            sys.print("not a tty\n");
            1
        }
    }
}

fn clear(_: &[String], sys: &mut Sys) -> i32 {
    sys.print("\x1b[H\x1b[2J\x1b[3J");
    0
}

fn reset(_: &[String], sys: &mut Sys) -> i32 {
    sys.print("\x1bc\x1b[!p\x1b[?3;4l\x1b[4l\x1b>");
    0
}
