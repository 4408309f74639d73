//! A learner's session: the world, the terminals, the lesson. Messages in, outputs out.
//!
//! Everything that a person does is an [`Input`]; it is logged with its place in the order of events, so
//! that the seed and the log replay the session to the same bytes.

pub mod course;
pub mod input;
mod terminal;

use crate::base::time::{Span, Time};
use crate::catalog;
use crate::os::kernel::TtyId;
use crate::world::{Limit, Ran, World};

pub use crate::os::kernel::Edit;
pub use crate::world::Options;
pub use course::Course;
pub use input::{Input, Logged};
use terminal::Terminal;

/// What the page learns from the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes for a terminal's screen.
    Tty(usize, Vec<u8>),
    /// A program such as `nano` wants a file to be edited; answer with [`Input::Edited`].
    Edit(Edit),
    /// The program that asked for this editing has given up.
    EditGone(u32),
}

/// A session. A clone is a snapshot.
#[derive(Clone)]
pub struct Session {
    /// The simulation.
    pub world: World,
    /// The lesson under way, if any.
    pub course: Option<Course>,
    terminals: Vec<Option<Terminal>>,
    options: Options,
    log: Vec<Logged>,
    ticks: u64,
    /// Edits that the page knows of.
    edits: Vec<Edit>,
}

/// While lines wait to be typed, the typist looks this often whether somebody reads.
const TYPIST: Span = Span::millis(50);

/// Inputs that are kept for a replay.
const LOG_LIMIT: usize = 20_000;

impl Session {
    /// A session on a fresh cluster, with two terminals.
    pub fn new(options: Options) -> Session {
        let mut world = catalog::world(&options);
        world.kernel.has_editor = true;
        let mut session = Session {
            world,
            course: None,
            terminals: Vec::new(),
            options,
            log: Vec::new(),
            ticks: 0,
            edits: Vec::new(),
        };
        session.open_terminal();
        session.open_terminal();
        session
    }

    /// The seed and settings that it was started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Takes an input at the present instant.
    pub fn input(&mut self, input: Input) {
        if self.log.len() < LOG_LIMIT {
            let (at, position) = (self.world.now(), self.position());
            self.log.push(Logged { at, position, input: input.clone() });
        }
        self.apply(input);
        self.world.settle();
    }

    /// Events and ticks handled so far: the place of an input in the order of things.
    fn position(&self) -> u64 {
        self.world.events() + self.ticks
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::Keys { terminal, text } => {
                if let Some(tty) = self.tty(terminal) {
                    self.world.kernel.tty_input(tty, text.as_bytes());
                }
            }
            Input::Resize { terminal, columns, rows } => {
                if let Some(tty) = self.tty(terminal) {
                    self.world.kernel.tty_resize(tty, columns, rows);
                }
            }
            Input::Open => self.open_terminal(),
            Input::Close { terminal } => self.close_terminal(terminal),
            Input::Run { terminal, command } => {
                if let Some(Some(terminal)) = self.terminals.get_mut(terminal) {
                    terminal.type_lines(&mut self.world.kernel, &command);
                }
            }
            Input::Interrupt { terminal } => {
                if let Some(Some(terminal)) = self.terminals.get_mut(terminal) {
                    terminal.stop(&mut self.world.kernel);
                }
            }
            Input::Write { path, text } => self.world.write_learner_file(&path, &text),
            Input::Edited { id, text } => self.edited(id, text.as_deref()),
            Input::Lesson { name } => {
                self.course = Course::start(&name, &mut self.world);
            }
            Input::Step { step } => {
                if let Some(course) = &mut self.course {
                    course.go_to(step, &self.world);
                }
            }
        }
    }

    fn tty(&self, terminal: usize) -> Option<TtyId> {
        self.terminals.get(terminal)?.as_ref().map(|t| t.tty)
    }

    fn open_terminal(&mut self) {
        let terminal = Terminal::open(&mut self.world);
        self.terminals.push(Some(terminal));
        self.world.settle();
    }

    fn close_terminal(&mut self, terminal: usize) {
        if let Some(open) = self.terminals.get_mut(terminal).and_then(Option::take) {
            open.close(&mut self.world.kernel);
        }
    }

    /// The open terminals' numbers.
    pub fn terminals(&self) -> impl Iterator<Item = usize> + '_ {
        self.terminals.iter().enumerate().filter(|(_, t)| t.is_some()).map(|(index, _)| index)
    }

    /// The command that runs in the foreground of a terminal, if it is not the shell itself.
    pub fn running(&self, terminal: usize) -> Option<String> {
        self.terminals.get(terminal)?.as_ref()?.running(&self.world.kernel)
    }

    /// Whether a terminal's shell waits for a command.
    pub fn is_idle(&self, terminal: usize) -> bool {
        self.terminals
            .get(terminal)
            .and_then(Option::as_ref)
            .is_some_and(|t| t.is_idle(&self.world.kernel))
    }

    /// Lets virtual time pass for `span`, or until `enough` says so (asked now and then).
    /// Returns what is to be shown.
    pub fn advance(&mut self, span: Span, enough: &mut dyn FnMut() -> bool) -> Vec<Output> {
        let until = self.world.now() + span;
        while !self.run_slice(until, 256) && !enough() {}
        self.outputs()
    }

    /// Handles some events up to `until`; `true` when there are none left.
    fn run_slice(&mut self, until: Time, events: u64) -> bool {
        let tick = self.next_tick().filter(|tick| *tick <= until);
        let ran = self.world.run(Limit { until: tick.unwrap_or(until), events });
        if ran == Ran::OutOfBudget {
            return false;
        }
        if tick.is_none() {
            return true;
        }
        self.ticks += 1;
        for terminal in self.terminals.iter_mut().flatten() {
            terminal.type_on(&mut self.world.kernel);
        }
        self.world.settle();
        false
    }

    /// The typist's next look, while lines wait to be typed.
    fn next_tick(&self) -> Option<Time> {
        self.terminals.iter().flatten().any(Terminal::is_typing).then(|| {
            let now = self.world.now().0;
            Time(now - now.rem_euclid(TYPIST.0) + TYPIST.0)
        })
    }

    /// Lets time pass until something that a learner can see changes, at most `most`.
    pub fn skip_to_change(&mut self, most: Span, enough: &mut dyn FnMut() -> bool) -> Vec<Output> {
        let until = self.world.now() + most;
        let before = self.world.visible_changes();
        while self.world.visible_changes() == before && !self.run_slice(until, 1) && !enough() {}
        self.outputs()
    }

    fn outputs(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        for (index, terminal) in self.terminals.iter_mut().enumerate() {
            if let Some(terminal) = terminal {
                let bytes = self.world.kernel.tty_output(terminal.tty);
                if !bytes.is_empty() {
                    outputs.push(Output::Tty(index, bytes));
                }
                terminal.reopen_if_ended(&mut self.world.kernel, self.world.laptop);
            }
        }
        self.world.settle();
        outputs.extend(self.changed_edits());
        if let Some(course) = &mut self.course {
            course.look(&self.world);
        }
        outputs
    }

    fn changed_edits(&mut self) -> Vec<Output> {
        let now = self.world.kernel.edits();
        let new = now.iter().filter(|edit| !self.edits.contains(edit)).cloned().map(Output::Edit);
        let gone = self
            .edits
            .iter()
            .filter(|edit| !now.contains(edit))
            .map(|edit| Output::EditGone(edit.id));
        let outputs = new.chain(gone).collect();
        self.edits = now;
        outputs
    }

    /// The text of a file that a program wants edited; `None` when it is new or cannot be read.
    pub fn edit_text(&self, edit: &Edit) -> Option<String> {
        let bytes = self.world.kernel.read_file(edit.machine, &edit.path).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn edited(&mut self, id: u32, text: Option<&str>) {
        let Some(edit) = self.world.kernel.edits().into_iter().find(|edit| edit.id == id) else {
            return;
        };
        if let Some(text) = text {
            // A file that cannot be written keeps its contents, as an editor's failed save does.
            let _ = self.world.kernel.write_file(edit.machine, &edit.path, text.as_bytes());
        }
        self.edits.retain(|edit| edit.id != id);
        self.world.kernel.edit_closed(id);
    }

    /// The log of inputs.
    pub fn log(&self) -> &[Logged] {
        &self.log
    }

    /// The session that a seed and a log of inputs lead to.
    pub fn replay(options: Options, log: &[Logged]) -> Session {
        let mut session = Session::new(options);
        for logged in log {
            while session.position() < logged.position {
                let left = logged.position - session.position();
                if session.run_slice(logged.at, left) {
                    break;
                }
            }
            session.run_to(logged.at);
            session.input(logged.input.clone());
        }
        session
    }

    /// Moves the clock to `at` when nothing is due before it.
    fn run_to(&mut self, at: Time) {
        if self.world.next_event().is_none_or(|next| next > at) {
            self.world.run(Limit { until: at, events: 1 });
        }
    }
}
