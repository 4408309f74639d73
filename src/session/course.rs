//! A lesson under way: the step, and which checks have held.

use std::rc::Rc;

use crate::lessons::{self, Lesson, check};
use crate::world::World;

/// A lesson under way.
#[derive(Clone)]
pub struct Course {
    /// The lesson.
    pub lesson: Rc<Lesson>,
    /// The step that is shown, from 0.
    pub step: usize,
    /// For each step, which of its checks have held since it was begun.
    pub held: Vec<Vec<bool>>,
    /// The revision at which the step that is shown began.
    since: u64,
    seen: Option<u64>,
}

impl Course {
    /// Begins a lesson: its files are put into the learner's home directory. `None` for an unknown name.
    pub fn start(name: &str, world: &mut World) -> Option<Course> {
        let lesson = lessons::ALL.iter().find(|entry| entry.name == name)?.load();
        for file in &lesson.files {
            if let Some(text) = lessons::file(file) {
                world.write_learner_file(file, text);
            }
        }
        Some(Course::of(Rc::new(lesson), world))
    }

    /// A lesson at its first step.
    pub fn of(lesson: Rc<Lesson>, world: &World) -> Course {
        let held = lesson.steps.iter().map(|step| vec![false; step.checks().count()]).collect();
        Course { lesson, step: 0, held, since: world.server.store.revision(), seen: None }
    }

    /// Goes to a step; its checks look at what happens from now on.
    pub fn go_to(&mut self, step: usize, world: &World) {
        self.step = step.min(self.lesson.steps.len().saturating_sub(1));
        self.since = world.server.store.revision();
        self.seen = None;
    }

    /// Looks whether checks of the step hold; one that has held stays ticked.
    pub fn look(&mut self, world: &World) {
        let revision = world.server.store.revision();
        // Files change without a revision, so a step with open checks is looked at every time.
        let open = self.held[self.step].iter().any(|held| !held);
        if !open && self.seen == Some(revision) {
            return;
        }
        self.seen = Some(revision);
        for (held, check) in
            self.held[self.step].iter_mut().zip(self.lesson.steps[self.step].checks())
        {
            *held = *held || check::holds(check, world, self.since);
        }
    }

    /// Whether all checks of a step have held.
    pub fn is_done(&self, step: usize) -> bool {
        self.held.get(step).is_some_and(|held| held.iter().all(|held| *held))
    }

    /// The number of steps whose checks have all held.
    pub fn done(&self) -> usize {
        (0..self.held.len()).filter(|step| self.is_done(*step)).count()
    }
}
