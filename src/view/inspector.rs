//! One object in depth: summary, YAML, events, and why it is as it is.

use crate::view::Look;

/// Which object is looked at. By name, not uid: a StatefulSet's pod that comes back is the same to the learner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// Its kind.
    pub kind: String,
    /// Its namespace, "" when cluster-scoped.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Pick {
    /// A pick from its parts.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Pick {
        Pick { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// One object in depth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspector {
    /// Which object it is.
    pub pick: Pick,
    /// Whether it exists now.
    pub exists: bool,
    /// Its state: look and word; the word is empty when its kind has none.
    pub badge: (Look, String),
    /// Where it lives and who owns it.
    pub subtitle: String,
    /// Names and values of its summary.
    pub facts: Vec<(String, String)>,
    /// Commands that a learner might want to run on it.
    pub commands: Vec<String>,
    /// The object as kubectl prints it.
    pub yaml: String,
    /// Its events, the newest first.
    pub events: Vec<EventRow>,
    /// Why it is as it is, the oldest reason first.
    pub why: Vec<Reason>,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRow {
    /// Whether it is a warning.
    pub warning: bool,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// Who reported it and when: `kubelet on node-1 · 12s ago · 3 times`.
    pub small: String,
}

/// One act that made the object what it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reason {
    /// Who acted.
    pub who: String,
    /// What was done, and by which rule.
    pub text: String,
    /// When, and the values that were compared.
    pub small: String,
}
