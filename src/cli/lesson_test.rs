//! `test LESSON.md…`: lessons play themselves; every check must be false before its step and true in it.

use std::process::ExitCode;
use std::rc::Rc;

use crate::base::time::Span;
use crate::cli::{Arguments, read};
use crate::lessons::{Lesson, Part, check, parse};
use crate::session::{Course, Input, Session};
use crate::world::Options;

/// Virtual time within which a check must come true.
const PATIENCE: Span = Span::seconds(300);
/// Virtual time between two looks.
const LOOK: Span = Span::millis(200);

/// Tests the lessons; the exit status is 1 if any fails.
pub(super) fn test(arguments: &Arguments) -> Result<ExitCode, String> {
    if arguments.positional.is_empty() {
        return Err("at least one LESSON.md is wanted".to_owned());
    }
    let seed = arguments.number("seed", 1)?;
    let mut failures = 0;
    for path in &arguments.positional {
        let lesson = parse::parse(&read(path)?)
            .and_then(|json| Lesson::from_json(&json.to_string()))
            .map_err(|e| format!("{path}: {e}"))?;
        let faults = play(Rc::new(lesson), Options::recorded(seed));
        for fault in &faults {
            eprintln!("{path}: {fault}");
        }
        println!("{path}: {}", if faults.is_empty() { "ok" } else { "FAILED" });
        failures += faults.len();
    }
    Ok(ExitCode::from(u8::from(failures > 0)))
}

/// Plays a lesson to its end and returns what went wrong.
pub fn play(lesson: Rc<Lesson>, options: Options) -> Vec<String> {
    let mut session = Session::new(options);
    for file in &lesson.files {
        match crate::lessons::file(file) {
            Some(text) => session.world.write_learner_file(file, text),
            None => return vec![format!("there is no file {file:?}")],
        }
    }
    session.course = Some(Course::of(lesson.clone(), &session.world));
    settle(&mut session, Span::seconds(2));
    let mut faults = Vec::new();
    for (index, step) in lesson.steps.iter().enumerate() {
        session.input(Input::Step { step: index });
        let since = session.world.server.store.revision();
        for check in step.checks().filter(|c| check::holds(c, &session.world, since)) {
            faults.push(format!("step {}: holds already: {}", index + 1, check.text));
        }
        for part in &step.parts {
            if let Err(fault) = play_part(&mut session, part, since) {
                faults.push(format!("step {}: {fault}", index + 1));
                return faults;
            }
        }
        if !session.course.as_ref().is_some_and(|course| course.is_done(index)) {
            faults.push(format!("step {}: not done at its end", index + 1));
        }
    }
    faults
}

fn play_part(session: &mut Session, part: &Part, since: u64) -> Result<(), String> {
    if part.kind == "run" {
        let terminal = usize::try_from(part.terminal - 1).unwrap_or_default();
        session.input(Input::Run { terminal, command: part.command.clone() });
        if part.watch {
            settle(session, Span::seconds(1));
        } else {
            wait(
                session,
                |session| session.is_idle(terminal),
                || format!("does not end: {}", part.command),
            )?;
        }
    }
    for check in &part.checks {
        wait(
            session,
            |s| check::holds(check, &s.world, since),
            || format!("does not hold: {}", check.text),
        )?;
    }
    Ok(())
}

fn wait(
    session: &mut Session,
    done: impl Fn(&Session) -> bool,
    fault: impl Fn() -> String,
) -> Result<(), String> {
    let end = session.world.now() + PATIENCE;
    while !done(session) {
        if session.world.now() > end {
            return Err(fault());
        }
        settle(session, LOOK);
    }
    settle(session, LOOK);
    Ok(())
}

fn settle(session: &mut Session, span: Span) {
    session.advance(span, &mut || false);
}
