//! `head`: the first lines or bytes.

use crate::os::{Errno, Program, Sys};

use super::support::args::Tool;
use super::support::input::{Flow, Lines, filter, put_line};

/// `head`.
pub(super) static HEAD: Program = Program { name: "head", start: |argv| filter(argv, setup) };

const TOOL: Tool = Tool {
    name: "head",
    usage: "[-n NUM] [-c NUM] [-qv] [FILE]...",
    options: "n:c:qv",
    long: &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("silent", 'q'), ("verbose", 'v')],
    trouble: 1,
};

#[derive(Clone)]
struct Head {
    lines: usize,
    bytes: Option<usize>,
    /// All but the last so many lines.
    but_last: bool,
    titles: bool,
    first: bool,
    seen: usize,
    kept: std::collections::VecDeque<Vec<u8>>,
    last_file: bool,
    files_left: usize,
}

/// `-5` means `-n 5`, as it has for ever.
pub(super) fn modern(argv: &[String]) -> Vec<String> {
    let mut words = argv.to_vec();
    let mut is_value = true;
    for word in &mut words {
        let digits = word.strip_prefix('-').unwrap_or("");
        if !is_value && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
            *word = format!("-n{digits}");
        }
        is_value = matches!(word.as_str(), "-n" | "-c");
    }
    words
}

/// A count with its suffix: `10`, `2K`.
pub(super) fn count(text: &str) -> Option<usize> {
    let (number, factor) = match text.chars().next_back()? {
        'k' | 'K' => (&text[..text.len() - 1], 1024),
        'b' => (&text[..text.len() - 1], 512),
        'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

fn setup(argv: &[String], sys: &mut Sys) -> Result<(Head, Vec<String>), i32> {
    let args = TOOL.parse(&modern(argv), sys)?;
    let mut head = Head {
        lines: 10,
        bytes: None,
        but_last: false,
        titles: args.operands.len() > 1 && !args.has('q') || args.has('v'),
        first: true,
        seen: 0,
        kept: std::collections::VecDeque::new(),
        last_file: false,
        files_left: args.operands.len().max(1),
    };
    if let Some(text) = args.value('n') {
        let number = text.strip_prefix('-').unwrap_or(text);
        head.but_last = number.len() < text.len();
        head.lines = count(number.trim_start_matches('+'))
            .ok_or_else(|| TOOL.fail(sys, &format!("invalid number of lines: '{text}'")))?;
    }
    if let Some(text) = args.value('c') {
        let bytes = count(text)
            .ok_or_else(|| TOOL.fail(sys, &format!("invalid number of bytes: '{text}'")))?;
        head.bytes = Some(bytes);
    }
    Ok((head, args.operands))
}

impl Head {
    fn over(&self) -> Flow {
        if self.last_file { Flow::Stop } else { Flow::NextFile }
    }
}

impl Lines for Head {
    fn file(&mut self, name: &str, out: &mut Vec<u8>) {
        self.seen = 0;
        self.files_left = self.files_left.saturating_sub(1);
        self.last_file = self.files_left == 0;
        if self.titles {
            let gap = if self.first { "" } else { "\n" };
            let name = if name == "-" { "standard input" } else { name };
            out.extend(format!("{gap}==> {name} <==\n").bytes());
        }
        self.first = false;
    }

    fn line(&mut self, line: &[u8], ended: bool, out: &mut Vec<u8>) -> Flow {
        if let Some(bytes) = self.bytes {
            let mut whole = line.to_vec();
            whole.extend(ended.then_some(b'\n'));
            let take = whole.len().min(bytes - self.seen.min(bytes));
            out.extend(&whole[..take]);
            self.seen += take;
            return if self.seen >= bytes { self.over() } else { Flow::More };
        }
        if self.but_last {
            self.kept.push_back(line.to_vec());
            if self.kept.len() > self.lines
                && let Some(line) = self.kept.pop_front()
            {
                put_line(out, &line);
            }
            return Flow::More;
        }
        if self.seen >= self.lines {
            return self.over();
        }
        self.seen += 1;
        out.extend(line);
        out.extend(ended.then_some(b'\n'));
        if self.seen >= self.lines { self.over() } else { Flow::More }
    }

    fn end(&mut self, _: &mut Sys, _: &mut Vec<u8>) -> i32 {
        0
    }

    fn complaint(&self, file: &str, error: Errno, busybox: bool) -> String {
        match (busybox, error) {
            (true, _) => format!("head: {file}: {error}"),
            (_, Errno::IsDirectory) => format!("head: error reading '{file}': {error}"),
            _ => format!("head: cannot open '{file}' for reading: {error}"),
        }
    }
}
