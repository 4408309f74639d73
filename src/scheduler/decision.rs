//! What an attempt found, node by node, for the "why" panel.

use crate::base::ordered::OrdMap;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::api::Key;
use crate::base::time::Time;
use crate::base::value::Str;

/// The last attempt to find a node for a pod.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The pod.
    pub pod: Key,
    /// When.
    pub at: Time,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// What each node that was looked at came to.
    pub rows: Vec<Row>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The pod goes to this node.
    Node(Str),
    /// No node can take it: the message of the `FailedScheduling` event.
    None(String),
}

/// One node.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub node: Str,
    /// What it came to.
    pub verdict: Verdict,
}

/// What a node came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A plugin refused it: plugin, reasons.
    Refused(&'static str, Vec<String>),
    /// It fits; each plugin's weighted score. Empty when no other node had to be compared.
    Scored(Vec<(&'static str, i64)>),
}

impl Row {
    /// The sum of scores, `None` for a refused node.
    pub fn total(&self) -> Option<i64> {
        match &self.verdict {
            Verdict::Refused(..) => None,
            Verdict::Scored(scores) => Some(scores.iter().map(|(_, score)| score).sum()),
        }
    }
}

/// Decisions that are kept.
const KEPT: usize = 300;

/// The last decision of each pod, the latest few hundred of them.
#[derive(Clone, Default)]
pub struct Decisions {
    by_pod: OrdMap<Str, Rc<Decision>>,
    order: VecDeque<Str>,
}

impl Decisions {
    /// Keeps a decision.
    pub fn keep(&mut self, uid: Str, decision: Decision) {
        if self.by_pod.insert(uid.clone(), Rc::new(decision)).is_none() {
            self.order.push_back(uid);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_pod.remove(&oldest);
        }
    }

    /// The last decision about a pod.
    pub fn last(&self, uid: &str) -> Option<&Rc<Decision>> {
        self.by_pod.get(uid)
    }
}
