//! `rev`, `tac`, `nl`: lines backwards, in reverse order, numbered.

use crate::os::{Errno, Program, Sys};

use super::support::args::Tool;
use super::support::input::{Flow, Lines, filter, put_line};

/// `rev`.
pub(super) static REV: Program = Program { name: "rev", start: |argv| filter(argv, rev) };
/// `tac`.
pub(super) static TAC: Program = Program { name: "tac", start: |argv| filter(argv, tac) };
/// `nl`.
pub(super) static NL: Program = Program { name: "nl", start: |argv| filter(argv, nl) };

const REV_TOOL: Tool = Tool { name: "rev", usage: "[FILE]...", options: "", long: &[], trouble: 1 };
const TAC_TOOL: Tool = Tool { name: "tac", usage: "[FILE]...", options: "", long: &[], trouble: 1 };
const NL_TOOL: Tool =
    Tool { name: "nl", usage: "[-b a|t] [-w N] [FILE]...", options: "b:w:", long: &[], trouble: 1 };

/// Most bytes that `tac` remembers.
const MAX_BYTES: usize = 32 << 20;

#[derive(Clone)]
struct Turn {
    name: &'static str,
    how: How,
    number: usize,
    kept: Vec<Vec<u8>>,
    bytes: usize,
}

#[derive(Clone)]
enum How {
    Backwards,
    Reverse,
    Numbered { all: bool, width: usize },
}

impl Turn {
    fn new(name: &'static str, how: How) -> Turn {
        Turn { name, how, number: 0, kept: Vec::new(), bytes: 0 }
    }
}

fn rev(argv: &[String], sys: &mut Sys) -> Result<(Turn, Vec<String>), i32> {
    let args = REV_TOOL.parse(argv, sys)?;
    Ok((Turn::new("rev", How::Backwards), args.operands))
}

fn tac(argv: &[String], sys: &mut Sys) -> Result<(Turn, Vec<String>), i32> {
    let args = TAC_TOOL.parse(argv, sys)?;
    Ok((Turn::new("tac", How::Reverse), args.operands))
}

fn nl(argv: &[String], sys: &mut Sys) -> Result<(Turn, Vec<String>), i32> {
    let args = NL_TOOL.parse(argv, sys)?;
    let all = args.value('b') == Some("a");
    let width = args.value('w').and_then(|w| w.parse().ok()).unwrap_or(6).min(100);
    Ok((Turn::new("nl", How::Numbered { all, width }), args.operands))
}

impl Lines for Turn {
    fn line(&mut self, line: &[u8], _: bool, out: &mut Vec<u8>) -> Flow {
        match self.how {
            How::Backwards => {
                let text: String = String::from_utf8_lossy(line).chars().rev().collect();
                put_line(out, text.as_bytes());
            }
            How::Reverse => {
                self.bytes += line.len() + 24;
                self.kept.push(line.to_vec());
                if self.bytes > MAX_BYTES {
                    return Flow::Stop;
                }
            }
            How::Numbered { all, width } => {
                if line.is_empty() && !all {
                    put_line(out, " ".repeat(width + 1).as_bytes());
                } else {
                    self.number += 1;
                    out.extend(format!("{:width$}\t", self.number).bytes());
                    put_line(out, line);
                }
            }
        }
        Flow::More
    }

    fn end(&mut self, sys: &mut Sys, out: &mut Vec<u8>) -> i32 {
        if self.bytes > MAX_BYTES {
            return TAC_TOOL.fail(sys, "input too large");
        }
        for line in self.kept.iter().rev() {
            put_line(out, line);
        }
        0
    }

    fn complaint(&self, file: &str, error: Errno, _: bool) -> String {
        let name = self.name;
        match name {
            "tac" => format!("tac: failed to open '{file}' for reading: {error}"),
            "rev" => format!("rev: cannot open {file}: {error}"),
            _ => format!("{name}: {file}: {error}"),
        }
    }
}
