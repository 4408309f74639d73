//! `nslookup`: asks the cluster's name server, in the words of busybox 1.28, of newer busyboxes, or of BIND.
//! Upstream: busybox networking/nslookup.c (1.28 and 1.36); BIND bin/dig/nslookup.c.

use crate::os::{Answer, Program, Record, Sys};

use super::support::once::once;
use super::support::text::is_busybox;

/// `nslookup`.
pub(super) static NSLOOKUP: Program = Program { name: "nslookup", start: |argv| once(argv, run) };

/// Whose words are used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Old,
    New,
    Bind,
}

fn words(sys: &Sys) -> Words {
    if !is_busybox(sys) || sys.stat("/usr/bin/nslookup", true).is_ok() {
        Words::Bind
    } else if sys.stat("/lib/libbusybox.so.1.28.4", true).is_ok() {
        Words::Old
    } else {
        Words::New
    }
}

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let words = words(sys);
    let mut record = None;
    let mut operands = Vec::new();
    for word in &argv[1..] {
        let option = word.strip_prefix('-').map(|o| o.trim_start_matches('-'));
        let value = option
            .and_then(|o| o.split_once('='))
            .filter(|(k, _)| "querytype".starts_with(k) || "type".starts_with(k));
        match (option, value) {
            (Some(_), Some((_, kind))) => match kind.to_ascii_uppercase().as_str() {
                "A" => record = Some(Record::A),
                "SRV" => record = Some(Record::Srv),
                "PTR" => record = Some(Record::Ptr),
                other => {
                    sys.eprint(&format!("nslookup: query type {other} is not simulated\n"));
                    return 1;
                }
            },
            (Some(""), None) | (None, _) => operands.push(word.clone()),
            (Some(_), None) => {}
        }
    }
    let Some(name) = operands.first().cloned() else {
        let text = match words {
            Words::Bind => "nslookup: interactive use is not simulated: give a name\n",
            _ => "Usage: nslookup [HOST] [SERVER]\n",
        };
        sys.eprint(text);
        return 1;
    };
    let server = operands.get(1).cloned().or_else(|| sys.name_servers().first().cloned());
    let Some(server) = server else {
        sys.eprint(&format!("nslookup: can't resolve '{name}': no name server\n"));
        return 1;
    };
    let server = address(&server, sys);
    match words {
        Words::Old => old(&name, &server, sys),
        Words::New => new(&name, &server, record, sys),
        Words::Bind => bind(&name, &server, record, sys),
    }
}

/// A server given by its name, by its address.
fn address(server: &str, sys: &mut Sys) -> String {
    sys.resolve(server, Record::A).first().map_or_else(|| server.to_owned(), |a| a.data.clone())
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

fn reverse(address: &str, sys: &mut Sys) -> Option<String> {
    sys.lookup(address, Record::Ptr).first().map(|a| a.data.clone())
}

/// ` name` behind an address that has one.
fn behind(address: &str, sys: &mut Sys) -> String {
    reverse(address, sys).map_or(String::new(), |name| format!(" {name}"))
}

fn old(name: &str, server: &str, sys: &mut Sys) -> i32 {
    let end = behind(server, sys);
    sys.print(&format!("Server:    {server}\nAddress 1: {server}{end}\n\n"));
    let answers = sys.resolve(name, Record::A);
    if answers.is_empty() {
        sys.eprint(&format!("nslookup: can't resolve '{name}'\n"));
        return 1;
    }
    sys.print(&format!("Name:      {name}\n"));
    for (n, answer) in answers.iter().enumerate() {
        let end = behind(&answer.data, sys);
        sys.print(&format!("Address {}: {}{end}\n", n + 1, answer.data));
    }
    0
}

/// `10.1.0.10` as `10.0.1.10.in-addr.arpa`.
fn arpa(address: &str) -> String {
    let parts: Vec<&str> = address.split('.').rev().collect();
    format!("{}.in-addr.arpa", parts.join("."))
}

fn new(name: &str, server: &str, record: Option<Record>, sys: &mut Sys) -> i32 {
    sys.print(&format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n"));
    if is_address(name) {
        return match reverse(name, sys) {
            Some(target) => {
                sys.print(&format!("{}\tname = {target}\n\n", arpa(name)));
                0
            }
            None => {
                sys.print(&format!("** server can't find {}: NXDOMAIN\n\n", arpa(name)));
                1
            }
        };
    }
    // A name with a dot is asked for as it is; the search list is for plain names only.
    let candidates: Vec<String> = if name.contains('.') {
        vec![name.to_owned()]
    } else {
        sys.search_list().iter().map(|domain| format!("{name}.{domain}")).collect()
    };
    let record = record.unwrap_or(Record::A);
    for candidate in &candidates {
        let answers = sys.lookup(candidate, record);
        if answers.is_empty() {
            continue;
        }
        sys.print(&shown(&answers, record, "Address: "));
        return 0;
    }
    let last = candidates.first().cloned().unwrap_or_else(|| name.to_owned());
    // Both address families are asked for.
    sys.print(&format!("** server can't find {last}: NXDOMAIN\n\n").repeat(2));
    1
}

fn shown(answers: &[Answer], record: Record, label: &str) -> String {
    let mut text = String::new();
    for answer in answers {
        let name = answer.name.trim_end_matches('.');
        match record {
            Record::A => text.push_str(&format!("Name:\t{name}\n{label}{}\n", answer.data)),
            Record::Srv => {
                let share = 100 / answers.len().max(1);
                text.push_str(&format!(
                    "{name}\tservice = 0 {share} {} {}.\n",
                    answer.port,
                    answer.data.trim_end_matches('.')
                ));
            }
            Record::Ptr => {
                text.push_str(&format!("{name}\tname = {}.\n", answer.data.trim_end_matches('.')));
            }
        }
    }
    text.push('\n');
    text
}

fn bind(name: &str, server: &str, record: Option<Record>, sys: &mut Sys) -> i32 {
    sys.print(&format!("Server:\t\t{server}\nAddress:\t{server}#53\n\n"));
    if is_address(name) {
        return match reverse(name, sys) {
            Some(target) => {
                sys.print(&format!("{}\tname = {target}.\n\n", arpa(name)));
                0
            }
            None => {
                sys.print(&format!("** server can't find {}: NXDOMAIN\n\n", arpa(name)));
                1
            }
        };
    }
    let record = record.unwrap_or(Record::A);
    let answers = search(name, record, sys);
    if answers.is_empty() {
        sys.print(&format!("** server can't find {name}: NXDOMAIN\n\n"));
        return 1;
    }
    sys.print(&shown(&answers, record, "Address: "));
    0
}

/// Asks with the search list, without the hosts file.
pub(super) fn search(name: &str, record: Record, sys: &mut Sys) -> Vec<Answer> {
    let whole = name.trim_end_matches('.').to_owned();
    let mut candidates = Vec::new();
    if !name.ends_with('.') {
        candidates.extend(sys.search_list().iter().map(|domain| format!("{name}.{domain}")));
    }
    // With `ndots:5`, as in pods, names with few dots are searched first.
    let at = if name.matches('.').count() >= 5 { 0 } else { candidates.len() };
    candidates.insert(at, whole);
    for candidate in candidates {
        let answers = sys.lookup(&candidate, record);
        if !answers.is_empty() {
            return answers;
        }
    }
    Vec::new()
}
