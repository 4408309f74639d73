//! `dig`: asks the cluster's name server in detail.
//! Upstream words: BIND 9.18, bin/dig/dig.c.

use crate::os::{Answer, Program, Record, Sys};

use super::nslookup::search;
use super::support::once::once;

/// `dig`.
pub(super) static DIG: Program = Program { name: "dig", start: |argv| once(argv, run) };

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let (mut name, mut record, mut server) = (None, Record::A, None);
    let (mut short, mut searching, mut only_answer) = (false, false, false);
    let mut words = argv.iter().skip(1);
    while let Some(word) = words.next() {
        let upper = word.to_ascii_uppercase();
        match upper.as_str() {
            "+SHORT" => short = true,
            "+SEARCH" => searching = true,
            "+NOALL" | "+NOCMD" | "+NOSTATS" => only_answer = true,
            "-X" => {
                record = Record::Ptr;
                name = words.next().cloned();
            }
            "-T" => {}
            "A" if name.is_some() || argv.len() > 2 => record = Record::A,
            "SRV" => record = Record::Srv,
            "PTR" => record = Record::Ptr,
            "AAAA" | "MX" | "NS" | "TXT" | "CNAME" | "ANY" | "SOA" => {
                sys.eprint(&format!("dig: query type {upper} is not simulated\n"));
                return 1;
            }
            other if other.starts_with('@') => server = Some(word[1..].to_owned()),
            other if other.starts_with(['+', '-']) => {}
            _ => name = Some(word.clone()),
        }
    }
    let Some(server) = server.or_else(|| sys.name_servers().first().cloned()) else {
        sys.print(";; no servers could be reached\n");
        return 9;
    };
    let Some(name) = name else {
        sys.eprint("dig: a question for the root zone is not simulated: give a name\n");
        return 1;
    };
    let answers = if searching { search(&name, record, sys) } else { sys.lookup(&name, record) };
    let lines: Vec<String> = answers.iter().map(|a| data(a, record, answers.len())).collect();
    if short {
        sys.print(&lines.iter().map(|l| format!("{l}\n")).collect::<String>());
        return 0;
    }
    let kind = match record {
        Record::A => "A",
        Record::Srv => "SRV",
        Record::Ptr => "PTR",
    };
    let full = |name: &str| format!("{}.", name.trim_end_matches('.'));
    let section: String = answers
        .iter()
        .zip(&lines)
        .map(|(a, line)| format!("{}\t30\tIN\t{kind}\t{line}\n", full(&a.name)))
        .collect();
    if only_answer {
        sys.print(&section);
        return 0;
    }
    let status = if answers.is_empty() { "NXDOMAIN" } else { "NOERROR" };
    let id = sys.rng("dig", sys.now().0 as u64).range(1, 65_535);
    let asked = answers.first().map_or_else(|| full(&name), |a| full(&a.name));
    let part =
        if answers.is_empty() { String::new() } else { format!("\n;; ANSWER SECTION:\n{section}") };
    let question = if record == Record::Ptr { name.clone() } else { asked };
    sys.print(&format!(
        "\n; <<>> DiG 9.18.28 <<>> {}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {status}, id: {id}\n\
         ;; flags: qr aa rd; QUERY: 1, ANSWER: {}, AUTHORITY: 0, ADDITIONAL: 1\n;; WARNING: recursion requested but not available\n\n\
         ;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n;{question}\tIN\t{kind}\n{part}\n\
         ;; Query time: 0 msec\n;; SERVER: {server}#53({server}) (UDP)\n;; WHEN: {}\n;; MSG SIZE  rcvd: {}\n\n",
        argv[1..].join(" "),
        answers.len(),
        sys.now().format("%a %b %d %H:%M:%S UTC %Y"),
        45 + section.len(),
    ));
    0
}

fn data(answer: &Answer, record: Record, count: usize) -> String {
    match record {
        Record::A => answer.data.clone(),
        Record::Srv => {
            format!(
                "0 {} {} {}.",
                100 / count.max(1),
                answer.port,
                answer.data.trim_end_matches('.')
            )
        }
        Record::Ptr => format!("{}.", answer.data.trim_end_matches('.')),
    }
}
