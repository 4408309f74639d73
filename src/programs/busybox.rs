//! `busybox`: one program that is called by many names.
//! Upstream words: busybox 1.36, libbb/appletlib.c.

use crate::base::sort::InOrder;
use crate::os::{Process, Program, Step, Sys};

use super::ALL;
use super::support::once::once;
use super::support::text::base_name;

/// `busybox`.
pub(super) static BUSYBOX: Program = Program { name: "busybox", start };

/// Programs of ours that busybox does not have.
const OTHERS: &[&str] = &[
    "nginx-entrypoint",
    "busybox",
    "code",
    "crash",
    "curl",
    "dig",
    "emacs",
    "getent",
    "jq",
    "nano",
    "nginx",
    "oom",
    "pause",
    "stand-in",
    "stubborn",
    "vim",
    "sha512sum",
    "kubectl",
    "bash",
    "nodetool",
    "java",
];

fn applet(name: &str) -> Option<&'static Program> {
    ALL.iter().copied().find(|p| p.name == name && !OTHERS.contains(&name))
}

fn start(argv: &[String]) -> Box<dyn Process> {
    let called = argv.first().map_or("", |a| base_name(a));
    if called != "busybox" {
        // Its name in messages is the plain one.
        let mut argv = argv.to_vec();
        argv[0] = called.to_owned();
        return match ALL.iter().copied().find(|p| p.name == called) {
            Some(program) => (program.start)(&argv),
            None => once(&argv, not_found),
        };
    }
    match argv.get(1).map(String::as_str) {
        None | Some("--list" | "--help") => once(argv, about),
        Some("sh" | "ash") => Box::new(Shell(argv.to_vec())),
        Some(name) => match applet(base_name(name)) {
            Some(program) => (program.start)(&argv[1..]),
            None => once(&argv[1..], not_found),
        },
    }
}

fn not_found(argv: &[String], sys: &mut Sys) -> i32 {
    let name = argv.first().map_or("", String::as_str);
    sys.eprint(&format!("{name}: applet not found\n"));
    127
}

fn about(argv: &[String], sys: &mut Sys) -> i32 {
    let mut names: Vec<&str> = ALL.iter().map(|p| p.name).filter(|n| applet(n).is_some()).collect();
    names.push("sh");
    names.order();
    if argv.len() > 1 && argv[1] == "--list" {
        sys.print(&format!("{}\n", names.join("\n")));
        return 0;
    }
    sys.print(&format!(
        "BusyBox v1.36.1 (simulated) multi-call binary.\n\nUsage: busybox [function [arguments]...]\n   or: busybox --list\n\
         \nCurrently defined functions:\n\t{}\n",
        names.join(", ")
    ));
    0
}

/// `busybox sh …`: the shell is a program of its own.
#[derive(Clone)]
struct Shell(Vec<String>);

impl Process for Shell {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let argv = [&["sh".to_owned()], &self.0[2..]].concat();
        match sys.exec(argv) {
            Ok(()) => Step::Yield,
            Err(error) => {
                sys.eprint(&format!("busybox: sh: {error}\n"));
                Step::Done(127)
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
