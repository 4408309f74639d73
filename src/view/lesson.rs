//! A lesson as the page shows it: where the learner is, what to read, what to run, what is checked.

use crate::lessons;
use crate::session::Course;

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
}

/// A part of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// HTML to read, made from our own Markdown when the page was built.
    Prose(String),
    /// The same, set apart.
    Note(String),
    /// The same, folded under a word: a hint, or a solution.
    Folded(&'static str, String),
    /// Something to run.
    Run(RunBlock),
    /// What must hold for the step to be done.
    Checks(Vec<Check>),
}

/// Commands that a click runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunBlock {
    /// Its number in the step, from 0.
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
    /// Not run in this session.
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

impl LessonView {
    /// The view of a lesson under way. `state` tells what has become of a block, by step and number.
    pub fn of(course: &Course, state: &dyn Fn(usize, usize) -> RunState) -> LessonView {
        let lesson = &course.lesson;
        let intro = lesson.intro.iter().filter(|_| course.step == 0);
        let step = lesson.steps.get(course.step).into_iter().flat_map(|step| &step.parts);
        let held = course.held.get(course.step).map_or(&[][..], Vec::as_slice);
        let mut reader = Reader { step: course.step, blocks: 0, held: held.iter(), state };
        LessonView {
            id: lesson.name.clone(),
            title: lesson.title.clone(),
            steps: lesson
                .steps
                .iter()
                .enumerate()
                .map(|(i, step)| (step.title.clone(), course.is_done(i)))
                .collect(),
            current: course.step,
            parts: intro.chain(step).map(|part| reader.part(part)).collect(),
        }
    }

    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|(_, done)| *done).count()
    }

    /// A block of the step.
    pub fn block(&self, id: usize) -> Option<&RunBlock> {
        self.parts.iter().find_map(|part| match part {
            Part::Run(block) if block.id == id => Some(block),
            _ => None,
        })
    }
}

/// Counts blocks and checks while the parts are read.
struct Reader<'a> {
    step: usize,
    blocks: usize,
    held: std::slice::Iter<'a, bool>,
    state: &'a dyn Fn(usize, usize) -> RunState,
}

impl Reader<'_> {
    fn part(&mut self, part: &lessons::Part) -> Part {
        match part.kind.as_str() {
            "run" => {
                let id = self.blocks;
                self.blocks += 1;
                Part::Run(RunBlock {
                    id,
                    terminal: u32::try_from(part.terminal).unwrap_or(1),
                    text: part.command.clone(),
                    state: (self.state)(self.step, id),
                })
            }
            "check" => {
                let check = |check: &lessons::Check| Check {
                    text: check.text.clone(),
                    done: self.held.next().copied().unwrap_or(false),
                };
                Part::Checks(part.checks.iter().map(check).collect())
            }
            "hint" => Part::Folded("Hint", part.html.clone()),
            "solution" => Part::Folded("Solution", part.html.clone()),
            "note" => Part::Note(part.html.clone()),
            _ => Part::Prose(part.html.clone()),
        }
    }
}
