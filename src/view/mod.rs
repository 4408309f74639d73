//! View models: what the page and the command line show, as plain data without web types.

pub mod diagram;
pub mod inspector;
pub mod lesson;
pub mod lint;
pub mod pod;

use std::rc::Rc;

use crate::api::{KindRef, Object, kinds};
use crate::base::time::Span;
use crate::os::Catalog;
use crate::server::Server;
use crate::session::Session;

/// Where a view reads the cluster.
#[derive(Clone, Copy)]
pub struct Cluster<'a> {
    /// The objects and the log of their changes.
    pub server: &'a Server,
    /// The images that are simulated; any other runs as a stand-in.
    pub catalog: &'a Catalog,
}

impl<'a> Cluster<'a> {
    /// The cluster of a session.
    pub fn of(session: &'a Session) -> Cluster<'a> {
        Cluster { server: &session.world.server, catalog: session.world.catalog() }
    }

    /// The objects of a kind in all namespaces, by namespace and name.
    pub fn list(&self, kind: KindRef) -> Vec<Rc<Object>> {
        self.server.list(kind, "").cloned().collect()
    }
}

/// The names of the namespaces.
pub fn namespaces(session: &Session) -> Vec<String> {
    let all = session.world.server.list(&kinds::NAMESPACE, "");
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
