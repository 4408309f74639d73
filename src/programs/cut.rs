//! `cut`: parts of lines.

use crate::os::{Errno, Program, Sys};

use super::support::args::Tool;
use super::support::input::{Flow, Lines, filter, put_line};

/// `cut`.
pub(super) static CUT: Program = Program { name: "cut", start: |argv| filter(argv, setup) };

const TOOL: Tool = Tool {
    name: "cut",
    usage: "{-b|c LIST | -f LIST [-d SEP] [-s]} [--complement] [--output-delimiter SEP] [FILE]...",
    options: "b:c:f:d:snÖD:",
    long: &[
        ("bytes", 'b'),
        ("characters", 'c'),
        ("fields", 'f'),
        ("delimiter", 'd'),
        ("only-delimited", 's'),
        ("complement", 'Ö'),
        ("output-delimiter", 'D'),
    ],
    trouble: 1,
};

#[derive(Clone)]
struct Cut {
    ranges: Vec<(usize, usize)>,
    fields: bool,
    delimiter: String,
    output: String,
    only: bool,
    complement: bool,
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Cut, Vec<String>), i32> {
    let args = TOOL.parse(argv, sys)?;
    let Some(mode) = args.last_of("bcf") else {
        sys.eprint(
            "cut: you must specify a list of bytes, characters, or fields\n\
             Try 'cut --help' for more information.\n",
        );
        return Err(1);
    };
    let list = args.value(mode).unwrap_or("");
    let Some(ranges) = ranges(list) else {
        let what = if mode == 'f' { "field" } else { "byte or character" };
        return Err(TOOL.fail(sys, &format!("invalid {what} value '{list}'")));
    };
    let delimiter = args.value('d').unwrap_or("\t").to_owned();
    if delimiter.chars().count() > 1 {
        return Err(TOOL.fail(sys, "the delimiter must be a single character"));
    }
    let output = args.value('D').unwrap_or(&delimiter).to_owned();
    let cut = Cut {
        ranges,
        fields: mode == 'f',
        delimiter,
        output,
        only: args.has('s'),
        complement: args.has('Ö'),
    };
    Ok((cut, args.operands))
}

/// `1,3-5,7-`.
fn ranges(list: &str) -> Option<Vec<(usize, usize)>> {
    let mut ranges = Vec::new();
    for part in list.split([',', ' ']).filter(|p| !p.is_empty()) {
        let number = |t: &str| t.parse::<usize>().ok().filter(|n| *n > 0);
        let range = match part.split_once('-') {
            None => (number(part)?, number(part)?),
            Some(("", "")) => return None,
            Some(("", end)) => (1, number(end)?),
            Some((start, "")) => (number(start)?, usize::MAX),
            Some((start, end)) => (number(start)?, number(end)?),
        };
        if range.1 < range.0 {
            return None;
        }
        ranges.push(range);
    }
    (!ranges.is_empty()).then_some(ranges)
}

impl Cut {
    fn has(&self, n: usize) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&n)) != self.complement
    }
}

impl Lines for Cut {
    fn line(&mut self, line: &[u8], _: bool, out: &mut Vec<u8>) -> Flow {
        let text = String::from_utf8_lossy(line);
        if !self.fields {
            let kept: String =
                (1..).zip(text.chars()).filter(|(n, _)| self.has(*n)).map(|(_, c)| c).collect();
            put_line(out, kept.as_bytes());
            return Flow::More;
        }
        if !self.delimiter.is_empty() && !text.contains(self.delimiter.as_str()) {
            if !self.only {
                put_line(out, line);
            }
            return Flow::More;
        }
        let parts = text.split(self.delimiter.as_str());
        let kept: Vec<&str> =
            (1..).zip(parts).filter(|(n, _)| self.has(*n)).map(|(_, p)| p).collect();
        put_line(out, kept.join(&self.output).as_bytes());
        Flow::More
    }

    fn end(&mut self, _: &mut Sys, _: &mut Vec<u8>) -> i32 {
        0
    }

    fn complaint(&self, file: &str, error: Errno, _: bool) -> String {
        format!("cut: {file}: {error}")
    }
}
