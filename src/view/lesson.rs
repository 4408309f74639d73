//! A lesson as the page shows it: where the learner is, what to read, what to run, what is checked.

use crate::view::markdown::Block;

/// The lesson at its current step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LessonView {
    /// The lesson's name in the registry.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Every step's title and whether it is done.
    pub steps: Vec<(String, bool)>,
    /// The step that is shown, from 0.
    pub current: usize,
    /// What the step says, in order.
    pub parts: Vec<Part>,
    /// What is checked before the step is done.
    pub checks: Vec<Check>,
    /// Hints, from the gentlest.
    pub hints: Vec<Vec<Block>>,
    /// Commands that solve the step, shown on demand.
    pub solution: Vec<RunBlock>,
}

impl LessonView {
    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|(_, done)| *done).count()
    }

    /// A block of the step, or of its solution.
    pub fn run_block(&self, solution: bool, id: usize) -> Option<&RunBlock> {
        let shown = self.parts.iter().filter_map(|part| match part {
            Part::Run(block) => Some(block),
            Part::Text(_) => None,
        });
        if solution {
            self.solution.iter().find(|block| block.id == id)
        } else {
            shown.into_iter().find(|block| block.id == id)
        }
    }
}

/// A part of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Something to read.
    Text(Vec<Block>),
    /// Something to run.
    Run(RunBlock),
}

/// Commands that a click runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunBlock {
    /// Its number in the step.
    pub id: usize,
    /// The terminal that it runs in, from 1.
    pub terminal: u32,
    /// The commands.
    pub text: String,
    /// What has become of it.
    pub state: RunState,
}

/// What has become of a block of commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunState {
    /// Not run in this step.
    #[default]
    New,
    /// Running now.
    Running,
    /// Run, and over.
    Done,
}

/// A check on the cluster's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// What should be so.
    pub text: String,
    /// Whether it is, or has been in this step.
    pub done: bool,
}
