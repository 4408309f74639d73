//! `wait`.

use crate::os::{Sys, Wait};
use crate::shell::machine::{Frame, Next, Ran, Shell};

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, rest) = match super::letters(&args[1..], "nfp") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "wait", &option),
    };
    shell.reap(sys);
    if letters.contains('n') {
        let running: Vec<u32> =
            shell.jobs.iter().filter(|job| !job.is_done()).map(|job| job.number).collect();
        if running.is_empty() {
            return Ran::Status(127);
        }
        return Ran::Frame(Frame::WaitFor { which: Which::Any, jobs: running });
    }
    if rest.is_empty() {
        let all = shell.jobs.iter().map(|job| job.number).collect();
        return Ran::Frame(Frame::WaitFor { which: Which::All, jobs: all });
    }
    let mut numbers = Vec::new();
    for spec in rest {
        let found = match spec.parse::<u32>() {
            Ok(pid) => shell
                .jobs
                .iter()
                .find(|job| job.members.iter().any(|member| member.shown == pid))
                .map(|job| job.number),
            Err(_) => shell.jobs.find(Some(spec)),
        };
        if let Some(number) = found {
            numbers.push(number);
        } else {
            if shell.dialect.is_bash() {
                let message = if spec.starts_with('%') {
                    format!("{spec}: no such job")
                } else if spec.parse::<u32>().is_ok() {
                    format!("pid {spec} is not a child of this shell")
                } else {
                    format!("`{spec}': not a pid or valid job spec")
                };
                shell.complain_as(sys, "wait", &message);
            }
            return Ran::Status(127);
        }
    }
    Ran::Frame(Frame::WaitFor { which: Which::Named, jobs: numbers })
}

/// For which jobs `wait` waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// For all there are: its status is 0.
    All,
    /// For these: its status is the last one's.
    Named,
    /// For the first of them to end.
    Any,
}

/// Goes on waiting until all of the jobs (or any of them) have ended.
pub(crate) fn go_on(shell: &mut Shell, which: Which, jobs: Vec<u32>, sys: &mut Sys) -> Next {
    shell.reap(sys);
    let (any, all) = (which == Which::Any, which == Which::All);
    let state = |number: &u32| shell.jobs.iter().find(|job| job.number == *number);
    let done = |number: &u32| state(number).is_none_or(|job| job.is_done() || job.stopped);
    let ended = if any { jobs.iter().find(|n| done(n)) } else { None };
    if ended.is_none() && !jobs.iter().all(done) {
        return Next::Wait(Frame::WaitFor { which, jobs }, Wait::children());
    }
    let last = ended.or(jobs.last()).and_then(state).map(|job| job.status(false));
    shell.status = if all { 0 } else { last.unwrap_or(0) };
    let finished = ended.map_or(jobs.clone(), |number| vec![*number]);
    for number in finished {
        if let Some(job) = shell.jobs.get_told(number) {
            job.told = shell.terminal.is_none();
        }
    }
    Next::Done
}
