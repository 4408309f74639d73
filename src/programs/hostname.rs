//! `hostname`.

use crate::os::{Program, Record, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::is_busybox;

/// `hostname`.
pub(super) static HOSTNAME: Program = Program { name: "hostname", start: |argv| once(argv, run) };

const TOOL: Tool = Tool {
    name: "hostname",
    usage: "[-fsdi]",
    options: "fsdiIa",
    long: &[
        ("fqdn", 'f'),
        ("long", 'f'),
        ("short", 's'),
        ("domain", 'd'),
        ("ip-address", 'i'),
        ("all-ip-addresses", 'I'),
    ],
    trouble: 1,
};

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if !args.operands.is_empty() {
        let text = if is_busybox(sys) {
            "hostname: sethostname: Operation not permitted\n"
        } else {
            "hostname: you must be root to change the host name\n"
        };
        sys.eprint(text);
        return 1;
    }
    let name = sys.hostname();
    let full = full_name(sys, &name);
    let text = match args.last_of("fsdiI") {
        Some('f') => full,
        Some('s') => name.split('.').next().unwrap_or("").to_owned(),
        Some('d') => full.split_once('.').map_or(String::new(), |(_, domain)| domain.to_owned()),
        Some('i') => {
            sys.resolve(&name, Record::A).first().map_or(String::new(), |a| a.data.clone())
        }
        Some('I') => format!("{} ", sys.address()),
        _ => name,
    };
    sys.print(&format!("{text}\n"));
    0
}

/// The first name that the hosts file has for the machine's own address, as the resolver finds it.
fn full_name(sys: &Sys, name: &str) -> String {
    let hosts = sys.read_file("/etc/hosts").unwrap_or_default();
    let hosts = String::from_utf8_lossy(&hosts).into_owned();
    let line = hosts
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>())
        .find(|words| words.iter().skip(1).any(|w| *w == name));
    line.and_then(|words| words.get(1).map(|w| (*w).to_owned())).unwrap_or_else(|| name.to_owned())
}
