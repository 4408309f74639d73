//! `wc`: counts lines, words and bytes.

use crate::os::{Errno, Program, Sys};

use super::support::args::{Args, Tool};
use super::support::input::{Flow, Lines, filter};
use super::support::text::is_busybox;

/// `wc`.
pub(super) static WC: Program = Program { name: "wc", start: |argv| filter(argv, setup) };

const TOOL: Tool = Tool {
    name: "wc",
    usage: "[-clwmL] [FILE]...",
    options: "clwmL",
    long: &[
        ("bytes", 'c'),
        ("lines", 'l'),
        ("words", 'w'),
        ("chars", 'm'),
        ("max-line-length", 'L'),
    ],
    trouble: 1,
};

/// Lines, words, characters, bytes, longest line.
type Counts = [usize; 5];

#[derive(Clone)]
struct Wc {
    args: Args,
    busybox: bool,
    name: Option<String>,
    now: Counts,
    done: Vec<(String, Counts)>,
    from_stdin: bool,
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Wc, Vec<String>), i32> {
    let args = TOOL.parse(argv, sys)?;
    let files = args.operands.clone();
    let wc = Wc {
        args,
        busybox: is_busybox(sys),
        name: None,
        now: [0; 5],
        done: Vec::new(),
        from_stdin: files.is_empty(),
    };
    Ok((wc, files))
}

impl Wc {
    fn finish(&mut self) {
        if let Some(name) = self.name.take() {
            self.done.push((name, std::mem::take(&mut self.now)));
        }
    }

    fn row(&self, name: &str, counts: &Counts, width: usize) -> String {
        let chosen = "lwmcL".chars().any(|o| self.args.has(o));
        let wanted = |o: char| if chosen { self.args.has(o) } else { "lwc".contains(o) };
        let cells: Vec<String> = "lwmcL"
            .chars()
            .zip(counts)
            .filter(|(o, _)| wanted(*o))
            .map(|(_, n)| format!("{n:>width$}"))
            .collect();
        let end = if name == "-" && self.from_stdin { String::new() } else { format!(" {name}") };
        format!("{}{end}\n", cells.join(" "))
    }
}

impl Lines for Wc {
    fn file(&mut self, name: &str, _: &mut Vec<u8>) {
        self.finish();
        self.name = Some(name.to_owned());
    }

    fn line(&mut self, line: &[u8], ended: bool, _: &mut Vec<u8>) -> Flow {
        let text = String::from_utf8_lossy(line);
        let newline = usize::from(ended);
        let add = [
            newline,
            text.split_whitespace().count(),
            text.chars().count() + newline,
            line.len() + newline,
        ];
        for (count, more) in self.now.iter_mut().zip(add) {
            *count += more;
        }
        self.now[4] = self.now[4].max(text.chars().count());
        Flow::More
    }

    fn end(&mut self, _: &mut Sys, out: &mut Vec<u8>) -> i32 {
        self.finish();
        let mut total: Counts = [0; 5];
        for (_, counts) in &self.done {
            for (sum, n) in total.iter_mut().zip(counts) {
                *sum += n;
            }
        }
        let columns = "lwmcL".chars().filter(|o| self.args.has(*o)).count();
        let single = columns == 1 && self.done.len() <= 1;
        let width = if single {
            1
        } else if self.busybox {
            9
        } else if self.from_stdin {
            7
        } else {
            total.iter().max().map_or(1, |n| n.to_string().len())
        };
        for (name, counts) in &self.done {
            out.extend(self.row(name, counts, width).bytes());
        }
        if self.done.len() > 1 {
            out.extend(self.row("total", &total, width).bytes());
        }
        0
    }

    fn complaint(&self, file: &str, error: Errno, _: bool) -> String {
        format!("wc: {file}: {error}")
    }
}
