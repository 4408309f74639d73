//! The only file of the page that speaks with the session.

use crate::base::ordered::{OrdMap, OrdSet};

use crate::base::time::{Span, Time};
use crate::lessons;
use crate::session::{Edit, Input, Logged, Options as Start, Output, Session};
use crate::ui::store::Saved;
use crate::view;
use crate::view::diagram::{Diagram, Options, diagram};
use crate::view::inspector::{Inspector, Pick, inspect};
use crate::view::lesson::{LessonView, RunBlock, RunState};
use crate::view::lint::{Remark, lint};

/// The seed of the page's clusters.
const SEED: u64 = 1;
/// Real milliseconds that one frame may spend on the simulation.
const FRAME_BUDGET_MS: f64 = 8.0;
/// Real milliseconds that a jump in time may take.
const JUMP_BUDGET_MS: f64 = 400.0;
/// The longest jump to the next change.
const LONGEST_JUMP: Span = Span::seconds(600);

/// What the session wants of the page.
pub enum Effect {
    /// Bytes for a terminal.
    Tty(u32, Vec<u8>),
    /// A notice for the learner.
    Notice(String),
    /// A program wants a file to be edited.
    Edit(Edit),
    /// The program that wanted this file to be edited has given up.
    EditGone(u32),
}

/// The session behind the page, and what the page remembers of its use.
pub struct Engine {
    session: Session,
    /// Blocks that were run, by step and number.
    ran: OrdSet<(usize, usize)>,
    /// The block that was run last in a terminal.
    latest: OrdMap<usize, (usize, usize)>,
    /// Counts outputs, because files and terminals change without a revision.
    outputs: u64,
}

impl Engine {
    /// A fresh session with this lesson; "" for none.
    pub fn new(lesson: &str) -> Engine {
        let session = Session::new(Start::visible(SEED));
        let mut engine = Engine { session, ran: OrdSet::new(), latest: OrdMap::new(), outputs: 0 };
        if !lesson.is_empty() {
            engine.session.input(Input::Lesson { name: lesson.to_owned() });
        }
        engine
    }

    /// Goes on where a saved session was.
    pub fn restore(saved: &Saved) -> Engine {
        let log: Vec<Logged> = saved.log.as_array().iter().filter_map(Logged::from_value).collect();
        let session = Session::replay(Start::visible(SEED), &log);
        let mut engine =
            Engine { session, ran: saved.ran.clone(), latest: OrdMap::new(), outputs: 0 };
        engine.restore_progress(saved);
        engine
    }

    /// Takes over which checks have held, and the step.
    pub fn restore_progress(&mut self, saved: &Saved) {
        if self.session.course.as_ref().is_none_or(|course| course.lesson.name != saved.lesson) {
            return;
        }
        if self.session.course.as_ref().is_some_and(|course| course.step != saved.step) {
            self.session.input(Input::Step { step: saved.step });
        }
        let Some(course) = &mut self.session.course else { return };
        for (held, saved) in course.held.iter_mut().flatten().zip(saved.held.iter().flatten()) {
            *held = *held || *saved;
        }
    }

    /// What is kept for the next visit.
    pub fn save(&self) -> Saved {
        let course = self.session.course.as_ref();
        Saved {
            lesson: course.map(|course| course.lesson.name.clone()).unwrap_or_default(),
            step: course.map_or(0, |course| course.step),
            held: course.map(|course| course.held.clone()).unwrap_or_default(),
            ran: self.ran.clone(),
            log: self.session.log().iter().map(Logged::to_value).collect::<Vec<_>>().into(),
        }
    }

    fn input(&mut self, input: Input) -> Vec<Effect> {
        self.session.input(input);
        self.advance(0.0)
    }

    /// Lets virtual time pass.
    pub fn advance(&mut self, seconds: f64) -> Vec<Effect> {
        let outputs =
            self.session.advance(Span::seconds_f64(seconds), &mut budget(FRAME_BUDGET_MS));
        self.effects(outputs)
    }

    /// Lets virtual time pass until the cluster changes.
    pub fn next_change(&mut self) -> Vec<Effect> {
        let before = self.session.world.server.store.revision();
        let outputs = self.session.skip_to_change(LONGEST_JUMP, &mut budget(JUMP_BUDGET_MS));
        let mut effects = self.effects(outputs);
        if before == self.session.world.server.store.revision() {
            effects.push(Effect::Notice(
                "Nothing is about to change in the cluster: it waits for you.".into(),
            ));
        }
        effects
    }

    fn effects(&mut self, outputs: Vec<Output>) -> Vec<Effect> {
        self.outputs += outputs.len() as u64;
        let effect = |output| match output {
            Output::Tty(terminal, bytes) => Effect::Tty(terminal as u32 + 1, bytes),
            Output::Edit(edit) => Effect::Edit(edit),
            Output::EditGone(id) => Effect::EditGone(id),
        };
        outputs.into_iter().map(effect).collect()
    }

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Span {
        self.session.world.now() - Time::START
    }

    /// Changes whenever a view may have changed.
    pub fn revision(&self) -> (u64, u64) {
        (self.session.world.server.store.revision(), self.outputs)
    }

    /// Keys or pasted text in a terminal.
    pub fn data(&mut self, terminal: u32, text: &str) -> Vec<Effect> {
        self.input(Input::Keys { terminal: index(terminal), text: text.to_owned() })
    }

    /// Stops what runs in a terminal.
    pub fn interrupt(&mut self, terminal: u32) -> Vec<Effect> {
        self.input(Input::Interrupt { terminal: index(terminal) })
    }

    /// A terminal's size.
    pub fn size(&mut self, terminal: u32, columns: u16, rows: u16) -> Vec<Effect> {
        self.input(Input::Resize { terminal: index(terminal), columns, rows })
    }

    /// The numbers of the open terminals and their titles.
    pub fn terminals(&self) -> Vec<(u32, String)> {
        let title =
            |n: usize| self.session.running(n).unwrap_or_else(|| "learner@tabernetes".to_owned());
        self.session.terminals().map(|n| (n as u32 + 1, title(n))).collect()
    }

    /// Opens one more terminal and returns its number.
    pub fn open_terminal(&mut self) -> u32 {
        self.session.input(Input::Open);
        self.session.terminals().last().map_or(1, |n| n as u32 + 1)
    }

    /// Closes a terminal.
    pub fn close_terminal(&mut self, number: u32) {
        self.session.input(Input::Close { terminal: index(number) });
    }

    /// The namespaces.
    pub fn namespaces(&self) -> Vec<String> {
        view::namespaces(&self.session.world)
    }

    /// The picture.
    pub fn diagram(&self, options: &Options) -> Diagram {
        diagram(&self.session.world, options)
    }

    /// An object in depth.
    pub fn inspect(&self, pick: &Pick) -> Inspector {
        inspect(&self.session.world, pick)
    }

    /// The lesson at its current step.
    pub fn lesson(&self) -> Option<LessonView> {
        let state = |step, block| self.state(step, block);
        self.session.course.as_ref().map(|course| LessonView::of(course, &state))
    }

    fn state(&self, step: usize, block: usize) -> RunState {
        let here = self.latest.iter().find(|(_, latest)| **latest == (step, block));
        match here {
            Some((terminal, _)) if !self.session.is_idle(*terminal) => RunState::Running,
            _ if self.ran.contains(&(step, block)) => RunState::Done,
            _ => RunState::New,
        }
    }

    /// Shows a step of the lesson.
    pub fn go_to(&mut self, step: usize) -> Vec<Effect> {
        self.input(Input::Step { step })
    }

    /// Runs a block of a step.
    pub fn run_block(&mut self, step: usize, block: &RunBlock) -> Vec<Effect> {
        let terminal = index(block.terminal);
        self.ran.insert((step, block.id));
        self.latest.insert(terminal, (step, block.id));
        self.input(Input::Run { terminal, command: block.text.clone() })
    }

    /// The learner's files.
    pub fn files(&self) -> Vec<String> {
        self.session.world.learner_files()
    }

    /// A file's text; `None` when it cannot be read as text.
    pub fn read(&self, path: &str) -> Option<String> {
        self.session.world.read_learner_file(path)
    }

    /// What is wrong with a manifest.
    pub fn lint(&self, text: &str) -> Vec<Remark> {
        lint(&self.session.world, text)
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, text: &str) -> Vec<Effect> {
        self.input(Input::Write { path: path.to_owned(), text: text.to_owned() })
    }

    /// The text that a program wants edited.
    pub fn edit_text(&self, edit: &Edit) -> String {
        self.session.edit_text(edit).unwrap_or_default()
    }

    /// The editing that a program asked for has ended; `None` when nothing was saved.
    pub fn edited(&mut self, id: u32, text: Option<String>) -> Vec<Effect> {
        self.input(Input::Edited { id, text })
    }
}

/// Names and titles of the lessons.
pub fn all_lessons() -> Vec<(String, String)> {
    lessons::ALL.iter().map(|entry| (entry.name.to_owned(), entry.load().title)).collect()
}

fn index(terminal: u32) -> usize {
    terminal.saturating_sub(1) as usize
}

/// Says when a stretch of real time is over.
fn budget(ms: f64) -> impl FnMut() -> bool {
    let end = js_sys::Date::now() + ms;
    move || js_sys::Date::now() > end
}
