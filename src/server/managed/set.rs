//! Sets of field paths, as `managedFields` holds them.
//!
//! Upstream: vendor/sigs.k8s.io/structured-merge-diff/v6/fieldpath/{element,set,serialize}.go.

use crate::base::ordered::{OrdMap, OrdSet};
use std::fmt::Write;

use crate::base::human::quote;
use crate::base::value::{Str, Value};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A field of an object.
    Field(Str),
    /// The element of a list that has these values under its keys, as JSON with sorted keys.
    Key(Str),
    /// The element of a list that equals this, as JSON.
    Item(Str),
}

impl Step {
    fn encode(&self) -> String {
        match self {
            Step::Field(name) => format!("f:{name}"),
            Step::Key(keys) => format!("k:{keys}"),
            Step::Item(value) => format!("v:{value}"),
        }
    }

    fn decode(text: &str) -> Option<Step> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Step::Field(rest.into())),
            "k" => Some(Step::Key(rest.into())),
            "v" => Some(Step::Item(rest.into())),
            _ => None,
        }
    }
}

/// A path as conflicts print it: `.spec.containers[name="nginx"].image`.
pub(super) fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Field(name) => write!(text, ".{name}"),
            Step::Item(value) => write!(text, "[={value}]"),
            Step::Key(keys) => {
                let keys = Value::from_json(keys).unwrap_or_default();
                let pairs: Vec<String> = keys
                    .entries()
                    .map(|(key, value)| match value {
                        Value::Str(s) => format!("{key}={}", quote(s)),
                        other => format!("{key}={}", other.to_json()),
                    })
                    .collect();
                write!(text, "[{}]", pairs.join(","))
            }
        };
    }
    text
}

/// Paths that belong to the set (`members` ends there) and paths through it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) members: OrdSet<Step>,
    pub(super) children: OrdMap<Step, Set>,
}

impl Set {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Set::is_empty)
    }

    pub(super) fn insert(&mut self, path: &[Step]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    pub(super) fn union(&self, other: &Set) -> Set {
        let mut out = self.clone();
        out.members.extend(other.members.iter().cloned());
        for (step, child) in &other.children {
            let mine = out.children.entry(step.clone()).or_default();
            *mine = mine.union(child);
        }
        out
    }

    pub(super) fn intersection(&self, other: &Set) -> Set {
        let members = self.members.intersection(&other.members).cloned().collect();
        let both = self.children.iter().filter_map(|(step, child)| {
            let common = child.intersection(other.children.get(step)?);
            (!common.is_empty()).then(|| (step.clone(), common))
        });
        Set { members, children: both.collect() }
    }

    pub(super) fn difference(&self, other: &Set) -> Set {
        let members = self.members.difference(&other.members).cloned().collect();
        let rest = self.children.iter().filter_map(|(step, child)| {
            let left = match other.children.get(step) {
                Some(gone) => child.difference(gone),
                None => child.clone(),
            };
            (!left.is_empty()).then(|| (step.clone(), left))
        });
        Set { members, children: rest.collect() }
    }

    /// The same without a field and everything below it.
    pub(super) fn without_field(mut self, name: &str) -> Set {
        let step = Step::Field(name.into());
        self.members.remove(&step);
        self.children.remove(&step);
        self
    }

    /// All paths in order.
    pub(super) fn paths(&self) -> Vec<Vec<Step>> {
        let mut out = Vec::new();
        self.collect(&mut Vec::new(), &mut out);
        out
    }

    fn collect(&self, at: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
        let steps: OrdSet<&Step> = self.members.iter().chain(self.children.keys()).collect();
        for step in steps {
            at.push(step.clone());
            if self.members.contains(step) {
                out.push(at.clone());
            }
            if let Some(child) = self.children.get(step) {
                child.collect(at, out);
            }
            at.pop();
        }
    }

    /// `fieldsV1`.
    pub(super) fn to_value(&self) -> Value {
        let mut value = Value::map();
        for step in &self.members {
            value.set(&step.encode(), Value::map());
        }
        for (step, child) in self.children.iter().filter(|(_, child)| !child.is_empty()) {
            let mut below = child.to_value();
            if self.members.contains(step) {
                below.set(".", Value::map());
            }
            value.set(&step.encode(), below);
        }
        value
    }

    /// From `fieldsV1`; what cannot be read is left out.
    pub(super) fn from_value(value: &Value) -> Set {
        let mut set = Set::default();
        for (key, below) in value.entries() {
            let Some(step) = Step::decode(key) else { continue };
            let child = Set::from_value(below);
            if !below.get(".").is_null() || child.is_empty() {
                set.members.insert(step.clone());
            }
            if !child.is_empty() {
                set.children.insert(step, child);
            }
        }
        set
    }
}
