//! Storage: objects by kind and key, indexes, one revision counter, a bounded log of changes.
//! Upstream: staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go and …/storage/cacher.

use crate::base::ordered::{OrdMap, OrdSet};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::api::{Key, KindRef, Object};
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::server::change::{By, Change, ChangeKind};

/// Changes that are kept for watches and for the timeline.
pub const LOG_LIMIT: usize = 20_000;

/// All stored objects.
#[derive(Clone, Default)]
pub struct Store {
    tables: OrdMap<KindRef, Table>,
    revision: u64,
    log: VecDeque<Rc<Change>>,
    fresh: Vec<Rc<Change>>,
}

#[derive(Clone, Default)]
struct Table {
    objects: OrdMap<Key, Rc<Object>>,
    by_owner: OrdMap<Str, OrdSet<Key>>,
    by_node: OrdMap<Str, OrdSet<Key>>,
}

impl Table {
    fn index(&mut self, object: &Object, present: bool) {
        let node = object.at(&["spec", "nodeName"]);
        let owners = object.at(&["metadata", "ownerReferences"]).as_array();
        let owned = owners.iter().map(|owner| (true, owner.get("uid")));
        for (is_owner, name) in owned.chain([(false, node)]) {
            let Value::Str(name) = name else { continue };
            let map = if is_owner { &mut self.by_owner } else { &mut self.by_node };
            if present {
                map.entry(name.clone()).or_default().insert(object.key.clone());
            } else if let Some(keys) = map.get_mut(name) {
                keys.remove(&object.key);
                if keys.is_empty() {
                    map.remove(name);
                }
            }
        }
    }
}

/// Whether both objects stand in the same places of the indexes.
fn same_index(a: &Object, b: &Object) -> bool {
    let same = |path: &[&str]| a.at(path) == b.at(path);
    same(&["spec", "nodeName"]) && same(&["metadata", "ownerReferences"])
}

impl Store {
    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The object with this key.
    pub fn get(&self, kind: KindRef, key: &Key) -> Option<&Rc<Object>> {
        self.tables.get(kind)?.objects.get(key)
    }

    /// All objects of a kind in a namespace ("" for all), in key order.
    pub fn list<'a>(&'a self, kind: KindRef, ns: &'a str) -> impl Iterator<Item = &'a Rc<Object>> {
        let from = Key::new(ns, "");
        self.tables
            .get(kind)
            .into_iter()
            .flat_map(move |table| table.objects.range(from.clone()..))
            .take_while(move |(key, _)| ns.is_empty() || key.ns == *ns)
            .map(|(_, object)| object)
    }

    /// The objects of a kind that name this uid as an owner, in key order.
    pub fn owned<'a>(&'a self, kind: KindRef, uid: &str) -> impl Iterator<Item = &'a Rc<Object>> {
        let table = self.tables.get(kind);
        let keys = table.and_then(|t| t.by_owner.get(uid));
        keys.into_iter().flatten().filter_map(move |key| table?.objects.get(key))
    }

    /// The objects of a kind (pods) that are bound to a node, in key order.
    pub fn on_node<'a>(
        &'a self,
        kind: KindRef,
        node: &str,
    ) -> impl Iterator<Item = &'a Rc<Object>> {
        let table = self.tables.get(kind);
        let keys = table.and_then(|t| t.by_node.get(node));
        keys.into_iter().flatten().filter_map(move |key| table?.objects.get(key))
    }

    /// Kinds of which at least one object has been stored.
    pub fn kinds(&self) -> impl Iterator<Item = KindRef> + '_ {
        self.tables.keys().copied()
    }

    /// Stores an object under the next revision and logs the change.
    pub fn put(
        &mut self,
        kind: KindRef,
        key: Key,
        mut value: Value,
        now: Time,
        by: By,
    ) -> Rc<Object> {
        self.revision += 1;
        value.set_at(&["metadata", "resourceVersion"], self.revision.to_string());
        let new = Rc::new(Object::new(kind, value));
        let table = self.tables.entry(kind).or_default();
        let old = table.objects.insert(key.clone(), new.clone());
        if old.as_ref().is_none_or(|old| !same_index(old, &new)) {
            if let Some(old) = &old {
                table.index(old, false);
            }
            table.index(&new, true);
        }
        let change = if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.record(Change {
            rev: self.revision,
            at: now,
            kind,
            key,
            change,
            old,
            new: new.clone(),
            by,
        });
        new
    }

    /// Removes an object and logs the change. Returns its last state at the new revision.
    pub fn remove(&mut self, kind: KindRef, key: &Key, now: Time, by: By) -> Option<Rc<Object>> {
        let table = self.tables.get_mut(kind)?;
        let old = table.objects.remove(key)?;
        table.index(&old, false);
        self.revision += 1;
        let mut value = old.value().clone();
        value.set_at(&["metadata", "resourceVersion"], self.revision.to_string());
        let new = Rc::new(Object::new(kind, value));
        let (rev, key) = (self.revision, key.clone());
        let change = ChangeKind::Deleted;
        self.record(Change {
            rev,
            at: now,
            kind,
            key,
            change,
            old: Some(old),
            new: new.clone(),
            by,
        });
        Some(new)
    }

    fn record(&mut self, change: Change) {
        // The log outlives the objects: it keeps them without their decoded views.
        let kept = Change {
            old: change.old.as_ref().map(|old| Rc::new(old.undecoded())),
            new: Rc::new(change.new.undecoded()),
            ..change.clone()
        };
        let change = Rc::new(change);
        self.log.push_back(Rc::new(kept));
        if self.log.len() > LOG_LIMIT {
            self.log.pop_front();
        }
        self.fresh.push(change);
    }

    /// The kept changes after a revision, oldest first; `None` when some of them are no longer kept.
    pub fn changes_after(&self, rev: u64) -> Option<impl Iterator<Item = &Rc<Change>>> {
        let oldest = self.log.front().map_or(self.revision + 1, |c| c.rev);
        if rev + 1 < oldest && rev < self.revision {
            return None;
        }
        let start = self.log.partition_point(|c| c.rev <= rev);
        Some(self.log.range(start..))
    }

    /// The kept changes, oldest first.
    pub fn log(&self) -> impl DoubleEndedIterator<Item = &Rc<Change>> {
        self.log.iter()
    }

    /// The changes since the last call.
    pub fn take_changes(&mut self) -> Vec<Rc<Change>> {
        std::mem::take(&mut self.fresh)
    }
}
