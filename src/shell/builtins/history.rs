//! `history`.

use std::rc::Rc;

use crate::os::Sys;
use crate::shell::machine::{Ran, Shell};

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let count = match args.get(1).map(String::as_str) {
        None => shell.history.len(),
        Some("-c") => {
            Rc::make_mut(&mut shell.history).clear();
            return Ran::Status(0);
        }
        Some("-a" | "-w" | "-r" | "-n") => return Ran::Status(0),
        Some(text) => {
            if let Ok(count) = text.parse() {
                count
            } else {
                shell.complain_as(sys, "history", &format!("{text}: numeric argument required"));
                return Ran::Status(1);
            }
        }
    };
    let skip = shell.history.len().saturating_sub(count);
    let mut text = String::new();
    for (i, line) in shell.history.iter().enumerate().skip(skip) {
        text.push_str(&format!("{:5}  {line}\n", i + 1));
    }
    sys.print(&text);
    Ran::Status(0)
}
