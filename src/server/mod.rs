//! The API server: storage with revisions, the write pipeline, requests, admission, tables.
//!
//! Cluster components call the typed methods ([`Server::create`], [`Server::modify`], …), each of
//! which takes a [`By`]: a write without a reason does not compile. Clients send a
//! [`Request`](crate::os::Request) to [`Server::handle`].

pub mod admission;
pub mod bootstrap;
pub mod change;
mod codec;
pub mod delete;
pub mod discovery;
pub mod events;
mod eviction;
mod handle;
pub mod managed;
pub mod represent;
pub mod route;
mod services;
pub mod store;
pub mod subresource;
pub mod table;
mod watch;
pub mod write;

use std::rc::Rc;

use crate::api::{Key, KindRef, Object, Status};
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::base::value::Value;

pub use change::{Actor, By, Change, ChangeKind};
pub use delete::Deleted;
pub use events::{EventType, Reference, Report, Reporter};
pub use store::Store;
pub use write::{Managed, WriteOptions, Written};

/// The API server with everything it stores.
#[derive(Clone)]
pub struct Server {
    /// Virtual time, set by the world before each event.
    pub now: Time,
    /// Named randomness, for uids and generated names.
    pub rng: Rng,
    /// Feature gates that are on although they are off by default.
    pub features: Vec<String>,
    /// The stored objects and the log of changes.
    pub store: Store,
    correlator: Rc<events::Correlator>,
}

/// What a write touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Main,
    /// Only the status (the `status` subresource).
    Status,
}

/// How an object is deleted.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// Grace period in seconds; the object's own when `None`.
    pub grace_s: Option<i64>,
    /// What happens to dependents; the kind's default when `None`.
    pub propagation: Option<Propagation>,
    /// Only if the object still has this uid.
    pub uid: Option<String>,
    /// Only if the object still has this revision.
    pub resource_version: Option<String>,
    /// Everything is checked and nothing is stored.
    pub dry_run: bool,
}

/// What happens to the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

impl Server {
    /// An empty server.
    pub fn new(rng: Rng, now: Time) -> Server {
        Server {
            now,
            rng,
            features: Vec::new(),
            store: Store::default(),
            correlator: Rc::default(),
        }
    }

    /// Whether a feature gate was switched on.
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature == name)
    }

    /// The object with this key.
    pub fn get(&self, kind: KindRef, key: &Key) -> Option<&Rc<Object>> {
        self.store.get(kind, key)
    }

    /// All objects of a kind in a namespace ("" for all), in key order.
    pub fn list<'a>(&'a self, kind: KindRef, ns: &'a str) -> impl Iterator<Item = &'a Rc<Object>> {
        self.store.list(kind, ns)
    }

    /// The objects of a kind that name this uid as an owner, in key order.
    pub fn owned<'a>(
        &'a self,
        kind: KindRef,
        uid: &'a str,
    ) -> impl Iterator<Item = &'a Rc<Object>> {
        self.store.owned(kind, uid)
    }

    /// Creates an object: defaults, admission, validation, storage.
    ///
    /// # Errors
    /// `AlreadyExists`, `Invalid`, `Forbidden`, `NotFound` (no such namespace).
    pub fn create(&mut self, kind: KindRef, value: Value, by: By) -> Result<Rc<Object>, Status> {
        self.create_with(kind, value, &WriteOptions::default(), by).map(|written| written.object)
    }

    /// Deletes an object, or begins its graceful deletion.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Forbidden`.
    pub fn delete(
        &mut self,
        kind: KindRef,
        key: &Key,
        options: &DeleteOptions,
        by: By,
    ) -> Result<Rc<Object>, Status> {
        self.delete_with(kind, key, options, by).map(|deleted| deleted.object)
    }

    /// The changes committed since the last call, oldest first.
    pub fn take_changes(&mut self) -> Vec<Rc<Change>> {
        self.store.take_changes()
    }
}
