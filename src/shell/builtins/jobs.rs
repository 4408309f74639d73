//! `jobs`, `fg`, `bg` and `disown`.

use crate::os::{Signal, Sys};
use crate::shell::machine::{Frame, Ran, Shell};

pub(super) fn jobs(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, rest) = match super::letters(&args[1..], "lprsn") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "jobs", &option),
    };
    shell.reap(sys);
    let numbers: Vec<u32> = if rest.is_empty() {
        shell.jobs.iter().filter(|job| !(job.is_done() && job.told)).map(|job| job.number).collect()
    } else {
        let mut numbers = Vec::new();
        for spec in rest {
            if let Some(number) = shell.jobs.find(Some(spec)) {
                numbers.push(number);
            } else {
                shell.complain_as(sys, "jobs", &format!("{spec}: no such job"));
                return Ran::Status(1);
            }
        }
        numbers
    };
    let mut text = String::new();
    for number in &numbers {
        let Some(job) = shell.jobs.iter().find(|job| job.number == *number) else { continue };
        let running = !job.is_done() && !job.stopped;
        if letters.contains('r') && !running || letters.contains('s') && !job.stopped {
            continue;
        }
        if letters.contains('p') {
            let leader = job.members.first().map_or(0, |m| m.shown);
            text.push_str(&format!("{leader}\n"));
        } else {
            text.push_str(&shell.jobs.long_line(*number, shell.dialect, letters.contains('l')));
        }
    }
    sys.print(&text);
    for number in numbers {
        if let Some(job) = shell.jobs.get_told(number) {
            job.told = true;
        }
    }
    if shell.terminal.is_some() {
        shell.jobs.forget_told();
    }
    Ran::Status(0)
}

/// The job that an argument names.
fn find(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Option<u32> {
    shell.reap(sys);
    let spec = args.get(1).map(String::as_str);
    let found = shell.jobs.find(spec);
    if found.is_none() {
        let message = match (spec, shell.dialect.is_bash()) {
            (Some(spec), true) => format!("{spec}: no such job"),
            (Some(spec), false) => format!("{spec}: No such job"),
            (None, true) => "current: no such job".to_owned(),
            (None, false) => "No current job".to_owned(),
        };
        shell.complain_as(sys, &args[0], &message);
    }
    found
}

fn no_job_control(shell: &Shell, name: &str, sys: &mut Sys) -> Option<Ran> {
    if shell.terminal.is_some() || !shell.dialect.is_bash() {
        return None;
    }
    shell.complain_as(sys, name, "no job control");
    Some(Ran::Status(1))
}

pub(super) fn fg(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if let Some(ran) = no_job_control(shell, "fg", sys) {
        return ran;
    }
    let Some(mut job) = find(shell, args, sys).and_then(|number| shell.jobs.take(number)) else {
        return Ran::Status(shell.dialect.error_status());
    };
    sys.print(&format!("{}\n", job.text));
    job.stopped = false;
    job.told = false;
    shell.give_terminal(&job, sys);
    // A job that has just ended needs no signal.
    let _ = sys.kill_group(job.group(), Signal::Cont);
    Ran::Frame(Frame::Foreground(job))
}

pub(super) fn bg(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if let Some(ran) = no_job_control(shell, "bg", sys) {
        return ran;
    }
    let Some(number) = find(shell, args, sys) else {
        return Ran::Status(shell.dialect.error_status());
    };
    let mut line = String::new();
    if let Some(job) = shell.jobs.get_mut(number) {
        job.stopped = false;
        job.told = false;
        let group = job.group();
        line = format!("[{number}]+ {} &\n", job.text);
        // As above.
        let _ = sys.kill_group(group, Signal::Cont);
    }
    sys.print(&line);
    Ran::Status(0)
}

pub(super) fn disown(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    match find(shell, args, sys).and_then(|number| shell.jobs.take(number)) {
        Some(job) => {
            for member in job.members {
                shell.forget_child(member.pid);
            }
            Ran::Status(0)
        }
        None => Ran::Status(1),
    }
}
