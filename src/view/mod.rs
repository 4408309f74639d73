//! View models: what the page and the command line show, as plain data without web types.

pub mod diagram;
pub mod inspector;
pub mod lesson;
pub mod lint;
pub mod pod;

use std::rc::Rc;

use crate::api::{KindRef, Object, kinds};
use crate::base::time::Span;
use crate::world::World;

/// The objects of a kind in all namespaces, by namespace and name.
fn list(world: &World, kind: KindRef) -> Vec<Rc<Object>> {
    world.server.list(kind, "").cloned().collect()
}

/// The names of the namespaces.
pub fn namespaces(world: &World) -> Vec<String> {
    let all = world.server.list(&kinds::NAMESPACE, "");
    all.map(|namespace| namespace.name().to_string()).collect()
}

/// How an object fares, for shape and colour; the words say it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// As it should be.
    Good,
    /// On its way.
    #[default]
    Busy,
    /// Being removed, or out of use.
    Leaving,
    /// Failed, or failing again and again.
    Bad,
    /// Ran to its end.
    Done,
}

impl Look {
    /// The look's name in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Look::Good => "good",
            Look::Busy => "busy",
            Look::Leaving => "leaving",
            Look::Bad => "bad",
            Look::Done => "done",
        }
    }
}

/// Time since the cluster's start as `00:02:14`; hours go on beyond 99.
pub fn clock(span: Span) -> String {
    let s = span.whole_seconds().max(0);
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_from_the_start() {
        assert_eq!(clock(Span(134_900_000)), "00:02:14");
    }
}
