//! `base64`: encodes and decodes.

use crate::base::base64;
use crate::os::{Program, STDOUT, Sys};

use super::support::args::Tool;
use super::support::gather::gather;
use super::support::text::is_busybox;

/// `base64`.
pub(super) static BASE64: Program =
    Program { name: "base64", start: |argv| gather(argv, setup, run) };

const TOOL: Tool = Tool {
    name: "base64",
    usage: "[-d] [-i] [-w COL] [FILE]",
    options: "dDiw:",
    long: &[("decode", 'd'), ("ignore-garbage", 'i'), ("wrap", 'w')],
    trouble: 1,
};

fn setup(argv: &[String], sys: &mut Sys) -> Result<Vec<String>, i32> {
    let args = TOOL.parse(argv, sys)?;
    if let Some(extra) = args.operands.get(1) {
        let text =
            format!("base64: extra operand '{extra}'\nTry 'base64 --help' for more information.\n");
        sys.eprint(&text);
        return Err(1);
    }
    Ok(args.operands)
}

fn run(argv: &[String], parts: Vec<(String, Vec<u8>)>, sys: &mut Sys) -> i32 {
    let Ok(args) = TOOL.read(argv) else { return 1 };
    let bytes: Vec<u8> = parts.into_iter().flat_map(|(_, bytes)| bytes).collect();
    if args.has('d') || args.has('D') {
        return decode(&bytes, args.has('i'), sys);
    }
    let default = if is_busybox(sys) { "76" } else { args.value('w').unwrap_or("76") };
    let Ok(width) = args.value('w').unwrap_or(default).parse::<usize>() else {
        let text = format!("invalid wrap size: '{}'", args.value('w').unwrap_or(""));
        return TOOL.fail(sys, &text);
    };
    let text = base64::encode(&bytes);
    if width == 0 {
        sys.print(&text);
        return 0;
    }
    let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
    let mut out = lines.join(&b'\n');
    if !out.is_empty() {
        out.push(b'\n');
    }
    let _ = sys.write(STDOUT, &out);
    0
}

fn decode(bytes: &[u8], ignore: bool, sys: &mut Sys) -> i32 {
    let text: String =
        String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_whitespace()).collect();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let text: String = if ignore { text.chars().filter(plain).collect() } else { text };
    // What can be decoded is printed before the complaint.
    let good: String = text.chars().take_while(plain).collect();
    let padded = |t: &str| {
        let rest = t.trim_end_matches('=').len() % 4;
        if rest == 1 { None } else { base64::decode(t).ok() }
    };
    match padded(&text) {
        Some(bytes) => {
            let _ = sys.write(STDOUT, &bytes);
            0
        }
        None => {
            let whole = good.trim_end_matches('=');
            let whole = &whole[..whole.len() / 4 * 4];
            let _ = sys.write(STDOUT, &base64::decode(whole).unwrap_or_default());
            let text = if is_busybox(sys) { "truncated input" } else { "invalid input" };
            TOOL.fail(sys, text)
        }
    }
}
