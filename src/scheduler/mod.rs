//! kube-scheduler: a queue, a framework, one file per plugin.
//! Upstream: pkg/scheduler.

use crate::base::time::Time;
use crate::server::{Change, Server};

/// The scheduler with its queue and its picture of the nodes.
#[derive(Clone, Default)]
pub struct Scheduler {}

/// An event of the scheduler's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next pod's turn.
    Cycle,
}

/// What the scheduler may use.
pub struct Cx<'a> {
    /// The API server.
    pub server: &'a mut Server,
    /// Where it leaves its own later events.
    pub wakes: &'a mut Vec<(Time, Event)>,
}

impl Scheduler {
    /// Takes note of a committed change.
    pub fn notify(&mut self, change: &Change, cx: &mut Cx) {
        let _ = (change, cx);
    }

    /// Handles one of the scheduler's events.
    pub fn handle(&mut self, event: Event, cx: &mut Cx) {
        let _ = (event, cx);
    }
}
