//! `shopt`, as far as its options do something here.

use crate::base::sort::InOrder;
use crate::os::Sys;
use crate::shell::machine::{Ran, Shell};

/// Options whose default is what we do anyway.
const FIXED: [(&str, bool); 8] = [
    ("checkwinsize", true),
    ("cmdhist", true),
    ("expand_aliases", true),
    ("extglob", false),
    ("globstar", false),
    ("histappend", true),
    ("interactive_comments", true),
    ("progcomp", true),
];

fn slot<'a>(shell: &'a mut Shell, name: &str) -> Option<&'a mut bool> {
    Some(match name {
        "dotglob" => &mut shell.shopt.dotglob,
        "nullglob" => &mut shell.shopt.nullglob,
        "nocasematch" => &mut shell.shopt.nocasematch,
        _ => return None,
    })
}

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, names) = match super::letters(&args[1..], "squpo") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "shopt", &option),
    };
    let change = if letters.contains('s') {
        Some(true)
    } else if letters.contains('u') {
        Some(false)
    } else {
        None
    };
    let mut all: Vec<String> = names.to_vec();
    if all.is_empty() {
        all = FIXED.iter().map(|(name, _)| (*name).to_owned()).collect();
        all.extend(["dotglob", "nullglob", "nocasematch"].map(str::to_owned));
        all.order();
    }
    let mut status = 0;
    for name in &all {
        let fixed = FIXED.iter().find(|(own, _)| own == name).map(|(_, on)| *on);
        let on = match (slot(shell, name), fixed) {
            (Some(slot), _) => {
                if let (Some(change), false) = (change, names.is_empty()) {
                    *slot = change;
                }
                *slot
            }
            (None, Some(on)) => {
                if change.is_some_and(|change| change != on) && !names.is_empty() {
                    shell.complain_as(sys, "shopt", &format!("{name}: not simulated"));
                    status = 1;
                    continue;
                }
                on
            }
            (None, None) => {
                shell.complain_as(sys, "shopt", &format!("{name}: invalid shell option name"));
                status = 1;
                continue;
            }
        };
        if change.is_none() || names.is_empty() {
            if !letters.contains('q') && change.is_none_or(|change| change == on) {
                sys.print(&format!("{name:<15}\t{}\n", if on { "on" } else { "off" }));
            }
            if !on && change.is_none() && !names.is_empty() {
                status = 1;
            }
        }
    }
    Ran::Status(status)
}
