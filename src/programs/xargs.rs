//! `xargs`: runs a command with arguments from its input.

use crate::os::{Pid, Process, Program, Read, STDIN, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::launch::{failure_code, spawn_with};

/// `xargs`.
pub(super) static XARGS: Program = Program {
    name: "xargs",
    start: |argv| {
        Box::new(Xargs {
            argv: argv.to_vec(),
            plan: None,
            bytes: Vec::new(),
            ended: false,
            items: Vec::new(),
            running: Vec::new(),
            started: false,
            code: 0,
        })
    },
};

const TOOL: Tool = Tool {
    name: "xargs",
    usage: "[-0rt] [-n NUM] [-I REPL] [-L NUM] [-P NUM] [-d SEP] [PROG ARGS]",
    options: "+0rtn:I:L:P:d:s:x",
    long: &[
        ("null", '0'),
        ("no-run-if-empty", 'r'),
        ("verbose", 't'),
        ("max-args", 'n'),
        ("replace", 'I'),
        ("max-lines", 'L'),
        ("max-procs", 'P'),
        ("delimiter", 'd'),
    ],
    trouble: 1,
};

/// Most input taken.
const MAX_BYTES: usize = 8 << 20;
/// Longest command line.
const MAX_LINE: usize = 128 << 10;

#[derive(Clone)]
struct Xargs {
    argv: Vec<String>,
    plan: Option<Plan>,
    bytes: Vec<u8>,
    ended: bool,
    /// What is still to be given to commands.
    items: Vec<String>,
    running: Vec<Pid>,
    started: bool,
    code: i32,
}

#[derive(Clone)]
struct Plan {
    command: Vec<String>,
    most: usize,
    replace: Option<String>,
    /// Lines, not words, are the items.
    lines: bool,
    separator: Option<char>,
    together: usize,
    verbose: bool,
    not_if_empty: bool,
}

fn plan(argv: &[String], sys: &mut Sys) -> Result<Plan, i32> {
    let args = TOOL.parse(argv, sys)?;
    let mut number = |o: char, default: usize| match args.value(o) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| TOOL.fail(sys, &format!("invalid number \"{text}\" for -{o} option"))),
    };
    let most = number('n', usize::MAX)?.min(number('L', usize::MAX)?).max(1);
    let together = match number('P', 1)? {
        0 => 64,
        n => n.min(64),
    };
    let command =
        if args.operands.is_empty() { vec!["echo".to_owned()] } else { args.operands.clone() };
    let separator = if args.has('0') {
        Some('\0')
    } else {
        args.value('d').and_then(|d| super::support::text::unescape(d).chars().next())
    };
    Ok(Plan {
        command,
        most,
        replace: args.value('I').map(str::to_owned),
        lines: args.has('I') || args.has('L'),
        separator,
        together,
        verbose: args.has('t'),
        not_if_empty: args.has('r') || args.has('I'),
    })
}

/// Splits input into items, with quotes and backslashes as in the shell.
fn split(text: &str, plan: &Plan) -> Result<Vec<String>, String> {
    if let Some(separator) = plan.separator {
        let text = text.strip_suffix(separator).unwrap_or(text);
        return Ok(if text.is_empty() {
            Vec::new()
        } else {
            text.split(separator).map(str::to_owned).collect()
        });
    }
    if plan.lines {
        let lines = text.lines().map(str::trim_start).filter(|l| !l.trim().is_empty());
        return Ok(lines.map(str::to_owned).collect());
    }
    let mut items = Vec::new();
    let mut item: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => items.extend(item.take()),
            '\\' => item.get_or_insert_default().extend(chars.next()),
            quote @ ('"' | '\'') => {
                let word = item.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some(c) if c == quote => break,
                        Some('\n') | None => {
                            let kind = if quote == '"' { "double" } else { "single" };
                            return Err(format!(
                                "unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"
                            ));
                        }
                        Some(c) => word.push(c),
                    }
                }
            }
            c => item.get_or_insert_default().push(c),
        }
    }
    items.extend(item);
    Ok(items)
}

impl Xargs {
    /// The next command line; `None` when everything has been given out.
    fn next(&mut self, plan: &Plan) -> Option<Vec<String>> {
        if let Some(mark) = &plan.replace {
            let item = (!self.items.is_empty()).then(|| self.items.remove(0))?;
            return Some(plan.command.iter().map(|w| w.replace(mark.as_str(), &item)).collect());
        }
        if self.items.is_empty() && (self.started || plan.not_if_empty) {
            return None;
        }
        let mut length = 0;
        let fits = |item: &&String| {
            length += item.len() + 1;
            length < MAX_LINE
        };
        let count = self.items.iter().take(plan.most).take_while(fits).count();
        let count = count.max(1).min(self.items.len());
        let batch: Vec<String> = self.items.drain(..count).collect();
        Some([plan.command.clone(), batch].concat())
    }

    fn read(&mut self, plan: &Plan, sys: &mut Sys) -> Result<(), Step> {
        loop {
            match sys.read(STDIN, 64 << 10) {
                Ok(Read::Data(bytes)) => {
                    self.bytes.extend(bytes);
                    if self.bytes.len() > MAX_BYTES {
                        return Err(Step::Done(TOOL.fail(sys, "input too large")));
                    }
                }
                Ok(Read::WouldBlock) => return Err(Step::Wait(Wait::readable(STDIN))),
                Ok(Read::End) | Err(_) => break,
            }
        }
        self.ended = true;
        let bytes = std::mem::take(&mut self.bytes);
        match split(&String::from_utf8_lossy(&bytes), plan) {
            Ok(items) => {
                self.items = items;
                Ok(())
            }
            Err(text) => Err(Step::Done(TOOL.fail(sys, &text))),
        }
    }
}

impl Process for Xargs {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match plan(&self.argv, sys) {
                Ok(plan) => self.plan = Some(plan),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(plan) = self.plan.clone() else { return Step::Done(1) };
        if !self.ended
            && let Err(step) = self.read(&plan, sys)
        {
            return step;
        }
        while let Some((pid, code)) = sys.wait(None) {
            self.running.retain(|p| *p != pid);
            if code == 255 {
                let name = &plan.command[0];
                sys.eprint(&format!("xargs: {name}: exited with status 255; aborting\n"));
                return Step::Done(124);
            }
            if code > 128 {
                return Step::Done(125);
            }
            if code != 0 {
                self.code = 123;
            }
        }
        while self.running.len() < plan.together {
            let Some(argv) = self.next(&plan) else { break };
            self.started = true;
            if plan.verbose {
                sys.eprint(&format!("{}\n", argv.join(" ")));
            }
            match spawn_with(sys, &argv, None, crate::os::STDOUT) {
                Ok(pid) => self.running.push(pid),
                Err(error) => {
                    sys.eprint(&format!("xargs: {}: {error}\n", argv[0]));
                    return Step::Done(failure_code(error));
                }
            }
        }
        if self.running.is_empty() { Step::Done(self.code) } else { Step::Wait(Wait::children()) }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
