//! A lesson: steps of prose, blocks to run and checks.

use crate::base::value::Value;
use crate::base::view::FromValue;
use crate::lessons::check::Check;
use crate::view;

view! {
    /// A lesson, ready to be run.
    pub struct Lesson {
        name: String = "name",
        title: String = "title",
        summary: String = "summary",
        minutes: i64 = "minutes",
        seed: i64 = "seed",
        files: Vec<String> = "files",
        intro: Vec<Part> = "intro",
        steps: Vec<Step> = "steps",
    }

    /// One step.
    pub struct Step {
        title: String = "title",
        parts: Vec<Part> = "parts",
    }

    /// One part of a step: `prose`, `run`, `check`, `hint`, `solution` or `note`.
    pub struct Part {
        kind: String = "kind",
        html: String = "html",
        command: String = "command",
        terminal: i64 = "terminal",
        watch: bool = "watch",
        checks: Vec<Check> = "checks",
    }
}

impl Lesson {
    /// A lesson from what the build script (or, natively, [`parse`](crate::lessons::parse::parse)) made of it.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn from_json(text: &str) -> Result<Lesson, String> {
        Value::from_json(text).map(|value| Lesson::from_value(&value))
    }
}

impl Step {
    /// Everything that must hold for the step to be done.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.parts.iter().flat_map(|part| &part.checks)
    }

    /// The blocks to run, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.kind == "run")
    }
}
