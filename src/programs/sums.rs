//! `md5sum`, `sha1sum`, `sha256sum`: digests of files.

use crate::os::{Program, Sys};

use super::support::args::Tool;
use super::support::digest::{md5, sha1, sha256};
use super::support::gather::gather;

/// `md5sum`.
pub(super) static MD5: Program = Program { name: "md5sum", start: |argv| gather(argv, setup, run) };
/// `sha1sum`.
pub(super) static SHA1: Program =
    Program { name: "sha1sum", start: |argv| gather(argv, setup, run) };
/// `sha256sum`.
pub(super) static SHA256: Program =
    Program { name: "sha256sum", start: |argv| gather(argv, setup, run) };

const TOOL: Tool = Tool {
    name: "sha256sum",
    usage: "[-c] [FILE]...",
    options: "cbtsw",
    long: &[("check", 'c'), ("binary", 'b'), ("text", 't'), ("status", 's')],
    trouble: 1,
};

fn setup(argv: &[String], sys: &mut Sys) -> Result<Vec<String>, i32> {
    TOOL.parse(argv, sys).map(|args| args.operands)
}

fn digest(program: &str, bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect();
    match program {
        "md5sum" => hex(&md5(bytes)),
        "sha1sum" => hex(&sha1(bytes)),
        _ => hex(&sha256(bytes)),
    }
}

fn run(argv: &[String], files: Vec<(String, Vec<u8>)>, sys: &mut Sys) -> i32 {
    let program = argv.first().map_or("", |a| a.rsplit('/').next().unwrap_or(a)).to_owned();
    if !TOOL.read(argv).is_ok_and(|args| args.has('c')) {
        for (name, bytes) in files {
            sys.print(&format!("{}  {name}\n", digest(&program, &bytes)));
        }
        return 0;
    }
    let mut wrong = 0;
    for line in files.iter().flat_map(|(_, bytes)| {
        String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>()
    }) {
        let Some((sum, name)) = line.split_once("  ") else { continue };
        let good = sys.read_file(name).is_ok_and(|bytes| digest(&program, &bytes) == sum);
        sys.print(&format!("{name}: {}\n", if good { "OK" } else { "FAILED" }));
        wrong += usize::from(!good);
    }
    if wrong > 0 {
        sys.eprint(&format!("{program}: WARNING: {wrong} computed checksum did NOT match\n"));
    }
    i32::from(wrong > 0)
}
