//! `uniq`: leaves out repeated lines.

use crate::os::{Errno, Program, Sys};

use super::support::args::{Args, Tool};
use super::support::input::{Flow, Lines, filter, put_line};

/// `uniq`.
pub(super) static UNIQ: Program = Program { name: "uniq", start: |argv| filter(argv, setup) };

const TOOL: Tool = Tool {
    name: "uniq",
    usage: "[-cduDi] [-f,s,w N] [FILE]",
    options: "cduif:s:w:",
    long: &[
        ("count", 'c'),
        ("repeated", 'd'),
        ("unique", 'u'),
        ("ignore-case", 'i'),
        ("skip-fields", 'f'),
        ("skip-chars", 's'),
        ("check-chars", 'w'),
    ],
    trouble: 1,
};

#[derive(Clone)]
struct Uniq {
    args: Args,
    skip_fields: usize,
    skip_chars: usize,
    width: usize,
    last: Option<(Vec<u8>, String)>,
    count: usize,
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Uniq, Vec<String>), i32> {
    let args = TOOL.parse(argv, sys)?;
    let number = |o: char, default: usize| args.value(o).map_or(Some(default), |t| t.parse().ok());
    let (Some(skip_fields), Some(skip_chars), Some(width)) =
        (number('f', 0), number('s', 0), number('w', usize::MAX))
    else {
        return Err(TOOL.fail(sys, "invalid number of fields or bytes to skip"));
    };
    if args.operands.len() > 1 {
        let text = format!("extra operand '{}'", args.operands[1]);
        return Err(TOOL.fail(sys, &text));
    }
    let files = args.operands.clone();
    Ok((Uniq { args, skip_fields, skip_chars, width, last: None, count: 0 }, files))
}

impl Uniq {
    fn key(&self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        let mut rest: &str = &text;
        for _ in 0..self.skip_fields {
            rest = rest.trim_start().trim_start_matches(|c: char| !c.is_whitespace());
        }
        let key: String = rest.chars().skip(self.skip_chars).take(self.width).collect();
        if self.args.has('i') { key.to_lowercase() } else { key }
    }

    fn put(&self, line: &[u8], out: &mut Vec<u8>) {
        let repeated = self.count > 1;
        if self.args.has('d') && !repeated || self.args.has('u') && repeated {
            return;
        }
        if self.args.has('c') {
            out.extend(format!("{:7} ", self.count).bytes());
        }
        put_line(out, line);
    }
}

impl Lines for Uniq {
    fn line(&mut self, line: &[u8], _: bool, out: &mut Vec<u8>) -> Flow {
        let key = self.key(line);
        match &self.last {
            Some((_, last)) if *last == key => self.count += 1,
            last => {
                if let Some((line, _)) = last {
                    self.put(line, out);
                }
                self.last = Some((line.to_vec(), key));
                self.count = 1;
            }
        }
        Flow::More
    }

    fn end(&mut self, _: &mut Sys, out: &mut Vec<u8>) -> i32 {
        if let Some((line, _)) = self.last.take() {
            self.put(&line, out);
        }
        0
    }

    fn complaint(&self, file: &str, error: Errno, _: bool) -> String {
        format!("uniq: {file}: {error}")
    }
}
