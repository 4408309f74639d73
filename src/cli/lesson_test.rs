//! `test LESSON.md…`: lessons play themselves; every check must be false before its step and true in it.

use crate::base::ordered::OrdMap;
use std::process::ExitCode;
use std::rc::Rc;

use crate::base::time::Span;
use crate::cli::{Arguments, read};
use crate::lessons::{Lesson, Part, Step, check, parse};
use crate::session::{Course, Input, Output, Session};
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
    let mut player = Player { session, since: 0, screens: OrdMap::new() };
    player.pass(Span::seconds(2));
    let mut faults = Vec::new();
    for (index, step) in lesson.steps.iter().enumerate() {
        faults.extend(player.step(index, step).map(|fault| format!("step {}: {fault}", index + 1)));
        if !player.session.course.as_ref().is_some_and(|course| course.is_done(index)) {
            faults.push(format!("step {}: not done at its end\n{}", index + 1, player.screens()));
            return faults;
        }
    }
    faults
}

/// Plays steps and remembers what the terminals show.
struct Player {
    session: Session,
    /// The revision at which the step began.
    since: u64,
    screens: OrdMap<usize, String>,
}

impl Player {
    fn step(&mut self, index: usize, step: &Step) -> Option<String> {
        self.session.input(Input::Step { step: index });
        self.since = self.session.world.server.store.revision();
        if let Some(check) =
            step.checks().find(|c| check::holds(c, &self.session.world, self.since))
        {
            return Some(format!("holds already: {}", check.text));
        }
        step.parts.iter().find_map(|part| self.part(part).err())
    }

    fn part(&mut self, part: &Part) -> Result<(), String> {
        if part.kind == "run" {
            let terminal = usize::try_from(part.terminal - 1).unwrap_or_default();
            self.session.input(Input::Run { terminal, command: part.command.clone() });
            if part.watch {
                self.pass(Span::seconds(1));
            } else {
                let what = format!("does not end: {}", part.command);
                self.wait(|session| session.is_idle(terminal), &what)?;
            }
        }
        let since = self.since;
        for check in &part.checks {
            let what = format!("does not hold: {}", check.text);
            self.wait(|session| check::holds(check, &session.world, since), &what)?;
        }
        Ok(())
    }

    fn wait(&mut self, done: impl Fn(&Session) -> bool, what: &str) -> Result<(), String> {
        let end = self.session.world.now() + PATIENCE;
        while !done(&self.session) {
            if self.session.world.now() > end {
                return Err(format!("{what}\n{}", self.screens()));
            }
            self.pass(LOOK);
        }
        self.pass(LOOK);
        Ok(())
    }

    fn pass(&mut self, span: Span) {
        for output in self.session.advance(span, &mut || false) {
            if let Output::Tty(terminal, bytes) = output {
                self.screens
                    .entry(terminal)
                    .or_default()
                    .push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    /// The last lines of each terminal.
    fn screens(&self) -> String {
        let tail = |text: &str| -> String {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(12)..]
                .iter()
                .map(|line| format!("    {line}\n"))
                .collect()
        };
        self.screens
            .iter()
            .map(|(n, text)| format!("  terminal {}:\n{}", n + 1, tail(text)))
            .collect()
    }
}
