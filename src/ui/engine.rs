//! The only file of the page that speaks with the session.

use crate::base::time::Span;
use crate::view::diagram::{Diagram, Options};
use crate::view::inspector::{Inspector, Pick};
use crate::view::lesson::LessonView;

/// What the session wants of the page.
pub enum Effect {
    /// Bytes for a terminal.
    Tty(u32, String),
    /// A notice for the learner.
    Notice(String),
    /// A file to show in the editor, and the program that waits for it ("" for none).
    Edit(String, String),
}

/// The session behind the page.
#[derive(Default)]
pub struct Engine {
    now: Span,
    terminals: Vec<u32>,
}

impl Engine {
    /// A fresh session with this lesson; "" for none.
    pub fn new(_lesson: &str) -> Engine {
        Engine { terminals: vec![1, 2], ..Engine::default() }
    }

    /// Lets virtual time pass.
    pub fn advance(&mut self, seconds: f64) -> Vec<Effect> {
        self.now = self.now + Span::seconds_f64(seconds);
        Vec::new()
    }

    /// Lets virtual time pass until the cluster changes.
    pub fn next_change(&mut self) -> Vec<Effect> {
        vec![Effect::Notice("Nothing changes.".into())]
    }

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Span {
        self.now
    }

    /// A number that changes whenever a view may have changed.
    pub fn revision(&self) -> u64 {
        0
    }

    /// Keys or pasted text in a terminal.
    pub fn data(&mut self, _terminal: u32, _text: &str) -> Vec<Effect> {
        Vec::new()
    }

    /// A terminal's size.
    pub fn size(&mut self, _terminal: u32, _columns: u16, _rows: u16) -> Vec<Effect> {
        Vec::new()
    }

    /// The numbers of the open terminals and their titles.
    pub fn terminals(&self) -> Vec<(u32, String)> {
        self.terminals.iter().map(|n| (*n, "learner@tabernetes: ~".to_owned())).collect()
    }

    /// Opens one more terminal and returns its number.
    pub fn open_terminal(&mut self) -> u32 {
        let number = self.terminals.last().map_or(1, |n| n + 1);
        self.terminals.push(number);
        number
    }

    /// Closes a terminal.
    pub fn close_terminal(&mut self, number: u32) {
        self.terminals.retain(|n| *n != number);
    }

    /// The namespaces.
    pub fn namespaces(&self) -> Vec<String> {
        vec!["default".into()]
    }

    /// The picture.
    pub fn diagram(&self, _options: &Options) -> Diagram {
        Diagram::default()
    }

    /// An object in depth.
    pub fn inspect(&self, pick: &Pick) -> Inspector {
        Inspector { pick: pick.clone(), ..Inspector::default() }
    }

    /// Names and titles of the lessons.
    pub fn lessons(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The lesson at its current step.
    pub fn lesson(&self) -> Option<LessonView> {
        None
    }

    /// Shows a step of the lesson.
    pub fn go_to(&mut self, _step: usize) {}

    /// Runs a block of the step, or of its solution.
    pub fn run_block(&mut self, _solution: bool, _id: usize) -> Vec<Effect> {
        Vec::new()
    }

    /// The learner's files.
    pub fn files(&self) -> Vec<String> {
        Vec::new()
    }

    /// A file's text.
    pub fn read(&self, _path: &str) -> Option<String> {
        None
    }

    /// Writes a file.
    pub fn write(&mut self, _path: &str, _text: &str) -> Result<(), String> {
        Ok(())
    }

    /// The editor has closed a file; a program that waited for it goes on.
    pub fn edited(&mut self, _path: &str) -> Vec<Effect> {
        Vec::new()
    }
}
