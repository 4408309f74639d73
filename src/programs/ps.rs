//! `ps`, `pgrep`, `pkill`, `kill`, `killall`, `top`: the machine's processes.

use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::os::{ProcessInfo, Program, STDOUT, Signal, Sys};

use super::support::args::{Args, Tool};
use super::support::once::once;
use super::support::regex::{Regex, Syntax};
use super::support::text::{base_name, id_of, is_busybox, user_name};

/// `ps`.
pub(super) static PS: Program = Program { name: "ps", start: |argv| once(argv, ps) };
/// `pgrep`.
pub(super) static PGREP: Program = Program { name: "pgrep", start: |argv| once(argv, pgrep) };
/// `pkill`.
pub(super) static PKILL: Program = Program { name: "pkill", start: |argv| once(argv, pkill) };
/// `kill`.
pub(super) static KILL: Program = Program { name: "kill", start: |argv| once(argv, kill) };
/// `killall`.
pub(super) static KILLALL: Program = Program { name: "killall", start: |argv| once(argv, killall) };
/// `top`.
pub(super) static TOP: Program = Program { name: "top", start: |argv| once(argv, top) };

fn command(info: &ProcessInfo) -> String {
    if info.state == 'Z' {
        return format!("[{}] <defunct>", name(info));
    }
    // Control characters would break the table's lines.
    info.argv.join(" ").chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn name(info: &ProcessInfo) -> &str {
    let first = info.argv.first().map_or("", |a| base_name(a));
    first.strip_prefix('-').unwrap_or(first)
}

/// Invented but steady: memory in KiB.
fn memory(info: &ProcessInfo) -> (u64, u64) {
    let seed: u64 = name(info).bytes().map(u64::from).sum();
    match name(info) {
        "java" => (3_196_232, 144_960),
        "mysqld" => (1_826_640, 398_112),
        "nginx" => (11_508, 7_168 + seed % 512),
        "sh" => (4_480, 1_536 + seed % 256),
        "bash" => (4_992, 3_584 + seed % 256),
        _ => (4_400 + seed % 1024, 1_024 + seed % 512),
    }
}

/// `00:00:03`: the share of a processor that programs of this kind use.
fn cpu_time(info: &ProcessInfo, now: Time) -> Span {
    let alive = now - info.started;
    match name(info) {
        "java" | "mysqld" => alive / 60,
        "nginx" => alive / 5_000,
        _ => alive / 100_000,
    }
}

fn clock(span: Span) -> String {
    let s = span.whole_seconds();
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

fn start(info: &ProcessInfo, now: Time) -> String {
    if now - info.started < Span::seconds(86_400) {
        info.started.format("%H:%M")
    } else {
        info.started.format("%b%d")
    }
}

fn ps(argv: &[String], sys: &mut Sys) -> i32 {
    if is_busybox(sys) && !wants_full(argv) {
        return ps_busybox(argv, sys);
    }
    let flags: String = argv.iter().skip(1).take_while(|a| !a.starts_with("-o")).cloned().collect();
    if let Some(columns) = columns(argv) {
        return ps_columns(&columns, argv, sys);
    }
    let unknown = flags.chars().find(|c| !"-aAdefFlLuxwjHT".contains(*c) && c.is_alphabetic());
    if let Some(c) = unknown.filter(|_| !argv.iter().any(|a| a == "-p")) {
        sys.eprint(&format!(
            "error: unsupported option '{c}' (simulated: -e -f -l -F -o -p, aux)\n\nUsage:\n ps [options]\n"
        ));
        return 1;
    }
    let now = sys.now();
    let mut list = chosen(argv, &flags, sys);
    list.order_by_key(|p| p.shown);
    let width = width(argv, sys);
    let mut text = String::new();
    let mut line = |row: String| {
        let row = row.trim_end();
        text.extend(row.chars().take(width));
        text.push('\n');
    };
    if flags.contains('u') {
        line(
            "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND".to_owned(),
        );
        for p in &list {
            let (size, resident) = memory(p);
            let time = cpu_time(p, now).whole_seconds();
            let percent = resident as f64 * 100.0 / 8_388_608.0;
            line(format!(
                "{:<8} {:>7}  0.0 {percent:>4.1} {size:>6} {resident:>5} {:<8} {:<4} {}{:>7}:{:02} {}",
                cut(&user_name(sys, p.uid)),
                p.shown,
                p.tty.as_deref().unwrap_or("?"),
                status(p),
                start(p, now),
                time / 60,
                time % 60,
                command(p)
            ));
        }
    } else if flags.contains('l') && flags.contains('f') {
        line(
            "F S UID          PID    PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD"
                .to_owned(),
        );
        for p in &list {
            let (size, _) = memory(p);
            line(format!(
                "4 {} {:<8} {:>7} {:>7}  0  80   0 - {:>5} -      {} {:<8} {} {}",
                p.state,
                cut(&user_name(sys, p.uid)),
                p.shown,
                p.parent,
                size / 4,
                start(p, now),
                p.tty.as_deref().unwrap_or("?"),
                clock(cpu_time(p, now)),
                command(p)
            ));
        }
    } else if flags.contains('f') || flags.contains('F') {
        line("UID          PID    PPID  C STIME TTY          TIME CMD".to_owned());
        for p in &list {
            line(format!(
                "{:<8} {:>7} {:>7}  0 {} {:<8} {} {}",
                cut(&user_name(sys, p.uid)),
                p.shown,
                p.parent,
                start(p, now),
                p.tty.as_deref().unwrap_or("?"),
                clock(cpu_time(p, now)),
                command(p)
            ));
        }
    } else {
        line("    PID TTY          TIME CMD".to_owned());
        for p in &list {
            line(format!(
                "{:>7} {:<8} {} {}",
                p.shown,
                p.tty.as_deref().unwrap_or("?"),
                clock(cpu_time(p, now)),
                name(p)
            ));
        }
    }
    sys.print(&text);
    0
}

/// Long user names are shown with a plus sign.
fn cut(user: &str) -> String {
    if user.chars().count() > 8 {
        user.chars().take(7).chain(['+']).collect()
    } else {
        user.to_owned()
    }
}

fn status(info: &ProcessInfo) -> String {
    let leader = if info.group == info.shown { "s" } else { "" };
    let tty = if info.tty.is_some() && info.state == 'R' { "+" } else { "" };
    format!("{}{leader}{tty}", info.state)
}

fn width(argv: &[String], sys: &Sys) -> usize {
    if argv.iter().any(|a| a.contains('w')) {
        return usize::MAX;
    }
    sys.tty_size(STDOUT).map_or(usize::MAX, |(columns, _)| usize::from(columns))
}

/// busybox's own `ps` knows no `-ef`; those who type it get what they mean.
fn wants_full(argv: &[String]) -> bool {
    argv.iter()
        .skip(1)
        .any(|a| a.contains('f') || a.contains('e') || a.contains("aux") || a == "-p")
}

/// The processes that the options choose.
fn chosen(argv: &[String], flags: &str, sys: &Sys) -> Vec<ProcessInfo> {
    let list = sys.processes();
    if let Some(at) = argv.iter().position(|a| a == "-p" || a == "--pid") {
        let wanted: Vec<u32> = argv
            .get(at + 1)
            .map(|t| t.split(',').filter_map(|n| n.parse().ok()).collect())
            .unwrap_or_default();
        return list.into_iter().filter(|p| wanted.contains(&p.shown)).collect();
    }
    let everything = flags.contains('e') || flags.contains('A') || flags.contains('x');
    if everything {
        return list;
    }
    let own = list.iter().find(|p| p.shown == sys.shown_pid()).and_then(|p| p.tty.clone());
    let with_tty = flags.contains('a');
    list.into_iter().filter(|p| p.tty == own || with_tty && p.tty.is_some()).collect()
}

/// The value of `-o`.
fn columns(argv: &[String]) -> Option<String> {
    let at =
        argv.iter().position(|a| a.starts_with("-o") || a.ends_with('o') && a.starts_with('-'))?;
    let rest = argv[at].strip_prefix("-o").unwrap_or("");
    if rest.is_empty() { argv.get(at + 1).cloned() } else { Some(rest.to_owned()) }
}

fn ps_columns(columns: &str, argv: &[String], sys: &mut Sys) -> i32 {
    let flags: String = argv.iter().skip(1).filter(|a| !a.contains('=')).cloned().collect();
    let now = sys.now();
    let list =
        if is_busybox(sys) { sys.processes() } else { chosen(argv, &flags.replace('o', ""), sys) };
    let mut table: Vec<Vec<String>> = Vec::new();
    let mut heads = Vec::new();
    let mut keys = Vec::new();
    for column in columns.split(',') {
        let (key, head) = match column.split_once('=') {
            Some((key, head)) => (key, Some(head.to_owned())),
            None => (column, None),
        };
        let default = match key {
            "pid" => "PID",
            "ppid" => "PPID",
            "user" | "uname" => "USER",
            "uid" => "UID",
            "tty" | "tt" => "TTY",
            "time" => "TIME",
            "etime" => "ELAPSED",
            "stat" | "state" | "s" => "STAT",
            "pgid" => "PGID",
            "comm" | "ucmd" => "COMMAND",
            "args" | "cmd" | "command" => {
                if key == "cmd" {
                    "CMD"
                } else {
                    "COMMAND"
                }
            }
            "rss" => "RSS",
            "vsz" => "VSZ",
            _ => {
                sys.eprint(&format!("error: unknown user-defined format specifier \"{key}\"\n"));
                return 1;
            }
        };
        heads.push(head.unwrap_or_else(|| default.to_owned()));
        keys.push(key.to_owned());
    }
    let headless = heads.iter().all(String::is_empty);
    for p in &list {
        let (size, resident) = memory(p);
        let row = keys.iter().map(|key| match key.as_str() {
            "pid" => p.shown.to_string(),
            "ppid" => p.parent.to_string(),
            "pgid" => p.group.to_string(),
            "user" | "uname" => user_name(sys, p.uid),
            "uid" => p.uid.to_string(),
            "tty" | "tt" => p.tty.clone().unwrap_or_else(|| "?".to_owned()),
            "time" => clock(cpu_time(p, now)),
            "etime" => {
                let s = (now - p.started).whole_seconds();
                format!("{:02}:{:02}", s / 60, s % 60)
            }
            "stat" | "state" | "s" => p.state.to_string(),
            "comm" | "ucmd" => name(p).to_owned(),
            "rss" => resident.to_string(),
            "vsz" => size.to_string(),
            _ => command(p),
        });
        table.push(row.collect());
    }
    if !headless {
        table.insert(0, heads);
    }
    let widths: Vec<usize> = (0..keys.len())
        .map(|n| table.iter().map(|row| row[n].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &table {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(n, cell)| {
                let width = widths[n];
                let number =
                    matches!(keys[n].as_str(), "pid" | "ppid" | "pgid" | "uid" | "rss" | "vsz");
                if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            })
            .collect();
        text.push_str(cells.join(" ").trim_end());
        text.push('\n');
    }
    sys.print(&text);
    0
}

fn ps_busybox(_: &[String], sys: &mut Sys) -> i32 {
    let now = sys.now();
    let mut text = String::from("PID   USER     TIME  COMMAND\n");
    for p in sys.processes() {
        let time = cpu_time(&p, now).whole_seconds();
        let shown = if p.state == 'Z' { format!("[{}]", name(&p)) } else { p.argv.join(" ") };
        let user: String = user_name(sys, p.uid).chars().take(8).collect();
        text.push_str(&format!(
            "{:>5} {user:<8} {:>2}:{:02} {shown}\n",
            p.shown,
            time / 60,
            time % 60
        ));
    }
    sys.print(&text);
    0
}

// --- choosing by name ---

const MATCH: Tool = Tool {
    name: "pgrep",
    usage: "[-flanovx] [-u USER] [-P PID] PATTERN",
    options: "flanovxcu:P:s:",
    long: &[
        ("full", 'f'),
        ("list-name", 'l'),
        ("list-full", 'a'),
        ("newest", 'n'),
        ("oldest", 'o'),
        ("inverse", 'v'),
        ("exact", 'x'),
        ("count", 'c'),
        ("parent", 'P'),
    ],
    trouble: 2,
};

const KILL_MATCH: Tool = Tool { name: "pkill", usage: "[-SIGNAL] [-fnovx] PATTERN", ..MATCH };

fn matching(tool: &Tool, args: &Args, sys: &mut Sys) -> Result<Vec<ProcessInfo>, i32> {
    let pattern = args.operands.first().cloned().unwrap_or_default();
    if args.operands.is_empty() && !args.has('u') && !args.has('P') {
        let name = tool.name;
        let text = if is_busybox(sys) {
            format!("Usage: {name} {}\n", tool.usage)
        } else {
            format!(
                "{name}: no matching criteria specified\nTry `{name} --help' for more information.\n"
            )
        };
        sys.eprint(&text);
        return Err(if is_busybox(sys) { 1 } else { 2 });
    }
    let regex = Regex::new(&pattern, Syntax::Extended, false).map_err(|e| tool.fail(sys, &e))?;
    let user = args.value('u').map(|u| id_of(sys, "/etc/passwd", u));
    let parent: Option<u32> = args.value('P').and_then(|p| p.parse().ok());
    let own = sys.shown_pid();
    let fits = |p: &ProcessInfo| {
        let text = if args.has('f') { p.argv.join(" ") } else { name(p).to_owned() };
        let found = match regex.find_at(&text, 0).and_then(|c| c.first().copied().flatten()) {
            Some((from, to)) => !args.has('x') || from == 0 && to == text.len(),
            None => false,
        };
        let user_fits = user.is_none_or(|u| u == Some(p.uid));
        (found && user_fits && parent.is_none_or(|n| n == p.parent)) != args.has('v')
    };
    let mut list: Vec<ProcessInfo> = sys
        .processes()
        .into_iter()
        .filter(|p| p.shown != own && p.state != 'Z' && fits(p))
        .collect();
    list.order_by_key(|p| (p.started, p.shown));
    if args.has('n') {
        list = list.pop().into_iter().collect();
    } else if args.has('o') {
        list.truncate(1);
    } else {
        list.order_by_key(|p| p.shown);
    }
    Ok(list)
}

fn pgrep(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match MATCH.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let list = match matching(&MATCH, &args, sys) {
        Ok(list) => list,
        Err(code) => return code,
    };
    if args.has('c') {
        sys.print(&format!("{}\n", list.len()));
    }
    for p in list.iter().filter(|_| !args.has('c')) {
        let line = if args.has('a') {
            format!("{} {}\n", p.shown, command(p))
        } else if args.has('l') {
            format!("{} {}\n", p.shown, name(p))
        } else {
            format!("{}\n", p.shown)
        };
        sys.print(&line);
    }
    i32::from(list.is_empty())
}

/// Takes `-9`, `-KILL`, `-s KILL`, `--signal KILL` out of a command line.
fn take_signal(argv: &[String]) -> (Vec<String>, Result<Signal, String>) {
    let mut words = argv.to_vec();
    let mut at = 1;
    while at < words.len() {
        let word = words[at].clone();
        if word == "--" {
            break;
        }
        if (word == "-s" || word == "--signal" || word == "-n") && at + 1 < words.len() {
            let text = words.remove(at + 1);
            words.remove(at);
            return (words, Signal::parse(&text).ok_or(text));
        }
        if let Some(text) = word.strip_prefix("--signal=") {
            words.remove(at);
            return (words, Signal::parse(text).ok_or(text.to_owned()));
        }
        if let Some(text) = word.strip_prefix('-').filter(|t| !t.is_empty()) {
            let looks = text.chars().all(|c| c.is_ascii_digit())
                || text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
            if looks {
                words.remove(at);
                return (words, Signal::parse(text).ok_or(text.to_owned()));
            }
        }
        at += 1;
    }
    (words, Ok(Signal::Term))
}

fn pkill(argv: &[String], sys: &mut Sys) -> i32 {
    let (words, signal) = take_signal(argv);
    let signal = match signal {
        Ok(signal) => signal,
        Err(text) => return KILL_MATCH.fail(sys, &format!("bad signal name '{text}'")),
    };
    let args = match KILL_MATCH.parse(&words, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let list = match matching(&KILL_MATCH, &args, sys) {
        Ok(list) => list,
        Err(code) => return code,
    };
    let mut code = i32::from(list.is_empty());
    for p in list {
        if let Err(error) = sys.kill(p.pid, signal) {
            sys.eprint(&format!("pkill: killing pid {} failed: {error}\n", p.shown));
            code = 1;
        }
    }
    code
}

fn killall(argv: &[String], sys: &mut Sys) -> i32 {
    let (words, signal) = take_signal(argv);
    let Ok(signal) = signal else {
        sys.eprint("killall: unknown signal\n");
        return 1;
    };
    let own = sys.shown_pid();
    let mut code = 0;
    for wanted in words.iter().skip(1).filter(|w| !w.starts_with('-')) {
        let list: Vec<ProcessInfo> =
            sys.processes().into_iter().filter(|p| name(p) == wanted && p.shown != own).collect();
        if list.is_empty() {
            sys.eprint(&format!("{wanted}: no process found\n"));
            code = 1;
        }
        for p in list {
            if let Err(error) = sys.kill(p.pid, signal) {
                sys.eprint(&format!("{wanted}({}): {error}\n", p.shown));
                code = 1;
            }
        }
    }
    code
}

fn kill(argv: &[String], sys: &mut Sys) -> i32 {
    if argv.get(1).is_some_and(|a| a == "-l" || a == "-L") {
        let names = [
            Signal::Hup,
            Signal::Int,
            Signal::Quit,
            Signal::Kill,
            Signal::Usr1,
            Signal::Usr2,
            Signal::Pipe,
            Signal::Term,
            Signal::Cont,
            Signal::Stop,
            Signal::Tstp,
            Signal::Winch,
        ];
        let text: String =
            names.iter().map(|s| format!("{:2}) SIG{}\n", *s as i32, s.name())).collect();
        sys.print(&text);
        return 0;
    }
    // `kill -0 PID` asks only whether the process is there.
    let probe = argv.iter().any(|a| a == "-0");
    let (words, signal) = take_signal(argv);
    let signal = match signal {
        Ok(signal) => Some(signal),
        Err(_) if probe => None,
        Err(text) => {
            sys.eprint(&format!("kill: {text}: invalid signal specification\n"));
            return 1;
        }
    };
    let operands: Vec<&String> = words.iter().skip(1).filter(|w| *w != "--").collect();
    if operands.is_empty() {
        sys.eprint("Usage: kill [-SIGNAL] PID...\n");
        return 1;
    }
    let mut code = 0;
    for operand in operands {
        let number = operand.strip_prefix('-').unwrap_or(operand).parse::<u32>();
        let result = match (number, signal) {
            (Err(_), _) => {
                let text = if is_busybox(sys) {
                    format!("kill: invalid number '{operand}'\n")
                } else {
                    format!("kill: failed to parse argument: '{operand}'\n")
                };
                sys.eprint(&text);
                code = 1;
                continue;
            }
            (Ok(pid), None) => {
                if sys.processes().iter().any(|p| p.shown == pid) {
                    Ok(())
                } else {
                    Err(crate::os::Errno::NoProcess)
                }
            }
            (Ok(group), Some(signal)) if operand.starts_with('-') => sys.kill_group(group, signal),
            (Ok(pid), Some(signal)) => sys.kill(pid, signal),
        };
        if let Err(error) = result {
            let text = if is_busybox(sys) {
                format!("kill: can't kill pid {operand}: {error}\n")
            } else {
                format!("kill: ({operand}): {error}\n")
            };
            sys.eprint(&text);
            code = 1;
        }
    }
    code
}

/// One look: a screen that refreshes is not simulated.
fn top(_: &[String], sys: &mut Sys) -> i32 {
    let now = sys.now();
    let list = sys.processes();
    let running = list.iter().filter(|p| p.state == 'R').count();
    let clock_text = now.format("%H:%M:%S");
    let mut text = format!(
        "top - {clock_text} up,  0 users,  load average: 0.08, 0.03, 0.01\n\
         Tasks: {:3} total, {running:3} running, {:3} sleeping,   0 stopped,   0 zombie\n\
         %Cpu(s):  0.3 us,  0.2 sy,  0.0 ni, 99.5 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st\n\
         MiB Mem :   8192.0 total,   6144.0 free,   1024.0 used,   1024.0 buff/cache\n\n\
         \x20   PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n",
        list.len(),
        list.len() - running,
    );
    for p in &list {
        let (size, resident) = memory(p);
        let time = cpu_time(p, now);
        let hundredths = time.whole_millis() / 10 % 100;
        let s = time.whole_seconds();
        text.push_str(&format!(
            "{:>7} {:<8}  20   0 {size:>7} {resident:>6} {:>6} {}   0.0 {:>5.1} {:>6}:{:02}.{hundredths:02} {}\n",
            p.shown,
            cut(&user_name(sys, p.uid)),
            resident / 2,
            p.state,
            resident as f64 * 100.0 / 8_388_608.0,
            s / 60,
            s % 60,
            name(p)
        ));
    }
    sys.print(&text);
    0
}
