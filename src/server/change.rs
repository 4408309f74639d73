//! What the change log remembers of every write, with its reason.

use std::borrow::Cow;
use std::rc::Rc;

use crate::api::{Key, KindRef, Object};
use crate::base::time::Time;

/// Who writes, why, and what set it off. There is no default: whoever writes must say why.
#[derive(Clone, Debug, PartialEq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// One plain sentence for learners, with the values compared: `web has 1 of 2 pods; web-0 is Ready, so web-1 comes next`.
    pub why: Cow<'static, str>,
    /// The revision whose notification led here, if any.
    pub trigger: Option<u64>,
}

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, through a terminal or the page: the command line as typed.
    User(Rc<str>),
    /// A component of the control plane, by its upstream name: `statefulset-controller`.
    Component(&'static str),
    /// The kubelet of this node.
    Kubelet(Rc<str>),
}

impl By {
    /// A component's write.
    pub fn component(name: &'static str, why: impl Into<Cow<'static, str>>) -> By {
        By { actor: Actor::Component(name), why: why.into(), trigger: None }
    }

    /// A kubelet's write.
    pub fn kubelet(node: &str, why: impl Into<Cow<'static, str>>) -> By {
        By { actor: Actor::Kubelet(node.into()), why: why.into(), trigger: None }
    }

    /// A person's write.
    pub fn user(command: &str) -> By {
        By {
            actor: Actor::User(command.into()),
            why: Cow::Borrowed("you asked for it"),
            trigger: None,
        }
    }

    /// The same, set off by this revision.
    pub fn after(mut self, trigger: Option<u64>) -> By {
        self.trigger = trigger;
        self
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One committed write.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision it made.
    pub rev: u64,
    /// When.
    pub at: Time,
    /// What kind of object.
    pub kind: KindRef,
    /// Which object.
    pub key: Key,
    /// What happened.
    pub change: ChangeKind,
    /// Before; `None` for a new object.
    pub old: Option<Rc<Object>>,
    /// After (for a deletion its last state, at the deletion's revision).
    pub new: Rc<Object>,
    /// Who and why.
    pub by: By,
}
