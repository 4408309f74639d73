//! Removes objects whose owners are gone, and lets owners wait for their dependents or let go of them.
//!
//! Upstream: pkg/controller/garbagecollector/{garbagecollector,graph_builder}.go.
//! Simplified: no graph of its own; owners and dependents are looked up in the store's index.

use std::rc::Rc;

use crate::api::kinds::{self, EVENT};
use crate::api::{Key, KindRef, Object, OwnerReference, Status};
use crate::base::value::Value;
use crate::controllers::engine::forgetful;
use crate::controllers::{Controller, Ctx, Next, Watch};
use crate::server::delete::{FOREGROUND, ORPHAN};
use crate::server::{Change, ChangeKind, DeleteOptions, Part, Propagation, Server};

/// The controller. Its keys carry the kind in front of the namespace: `pods./default`.
pub static CONTROLLER: Controller = Controller {
    name: "garbage-collector-controller",
    watches: &[Watch::every(concerned)],
    reconcile,
    memory: forgetful,
};

/// Dependents of dependents that are followed in one go.
const DEPTH: usize = 8;

fn key_of(object: &Object) -> Key {
    let kind = object.kind;
    Key::new(
        format!("{}.{}/{}", kind.plural, kind.group, object.namespace()),
        object.name().clone(),
    )
}

fn parse_key(key: &Key) -> Option<(KindRef, Key)> {
    let (resource, ns) = key.ns.split_once('/')?;
    let (plural, group) = resource.split_once('.')?;
    Some((kinds::by_resource(group, plural)?, Key::new(ns, key.name.clone())))
}

/// The objects that may have to go or may be free to go after a change.
/// Upstream: graph_builder.go, processGraphChanges.
fn concerned(change: &Change, server: &Server) -> Vec<Key> {
    let object = &change.new;
    if *change.kind == EVENT {
        return Vec::new();
    }
    let mut keys = Vec::new();
    if change.change == ChangeKind::Deleted {
        keys.extend(dependents(server, object.uid()).map(|dependent| key_of(dependent)));
        keys.extend(waiting_owners(server, object));
        return keys;
    }
    let owners = object.at(&["metadata", "ownerReferences"]);
    let old_owners = change.old.as_ref().map(|old| old.at(&["metadata", "ownerReferences"]));
    if old_owners.is_none_or(|old| old != owners) {
        if !owners.is_empty() && !all_solid(server, object) {
            keys.push(key_of(object));
        }
        if let Some(old) = change.old.as_ref().filter(|_| old_owners.is_some_and(|o| !o.is_empty()))
        {
            keys.extend(waiting_owners(server, old));
        }
    }
    let began = object.is_deleting() && change.old.as_ref().is_none_or(|old| !old.is_deleting());
    let finalizes = has_finalizer(object, FOREGROUND) || has_finalizer(object, ORPHAN);
    let had = |old: &Rc<Object>| has_finalizer(old, FOREGROUND) || has_finalizer(old, ORPHAN);
    if object.is_deleting() && finalizes && (began || !change.old.as_ref().is_some_and(had)) {
        keys.push(key_of(object));
    }
    keys
}

fn has_finalizer(object: &Object, name: &str) -> bool {
    object.at(&["metadata", "finalizers"]).as_array().iter().any(|f| f.text() == name)
}

fn dependents<'a>(server: &'a Server, uid: &'a str) -> impl Iterator<Item = &'a Rc<Object>> {
    server.store.kinds().flat_map(move |kind| server.owned(kind, uid))
}

/// Owners of an object that wait for it to go.
fn waiting_owners(server: &Server, object: &Object) -> Vec<Key> {
    let meta = object.meta();
    let owners = meta.owner_references.iter().filter_map(|owner| find_owner(server, object, owner));
    owners.filter_map(Owner::waiting).map(|owner| key_of(&owner)).collect()
}

/// What a reference to an owner leads to.
enum Owner {
    /// A kind that is not known, which cannot be looked up.
    Unknown,
    /// Nothing: the owner is gone.
    Absent,
    /// The owner.
    Found(Rc<Object>),
}

impl Owner {
    /// The owner, if it is being deleted in the foreground.
    fn waiting(self) -> Option<Rc<Object>> {
        match self {
            Owner::Found(owner) if owner.is_deleting() && has_finalizer(&owner, FOREGROUND) => {
                Some(owner)
            }
            _ => None,
        }
    }
}

fn find_owner(server: &Server, object: &Object, owner: &OwnerReference) -> Option<Owner> {
    let Some(kind) = kinds::by_gvk(&owner.api_version, &owner.kind) else {
        return Some(Owner::Unknown);
    };
    let ns = if kind.namespaced { object.namespace().clone() } else { "".into() };
    let found = server.get(kind, &Key::new(ns, owner.name.clone()));
    Some(match found.filter(|found| found.uid() == owner.uid.as_str()) {
        Some(found) => Owner::Found(found.clone()),
        None => Owner::Absent,
    })
}

/// References by what they lead to. Upstream: garbagecollector.go, classifyReferences.
#[derive(Default)]
struct References {
    solid: Vec<String>,
    dangling: Vec<String>,
    waiting: Vec<String>,
}

fn classify(server: &Server, object: &Object) -> References {
    let mut references = References::default();
    for owner in &object.meta().owner_references {
        let list = match find_owner(server, object, owner) {
            None | Some(Owner::Absent) => &mut references.dangling,
            Some(found) if found.is_waiting() => &mut references.waiting,
            Some(_) => &mut references.solid,
        };
        list.push(owner.uid.to_string());
    }
    references
}

impl Owner {
    fn is_waiting(&self) -> bool {
        matches!(self, Owner::Found(owner) if owner.is_deleting() && has_finalizer(owner, FOREGROUND))
    }
}

fn all_solid(server: &Server, object: &Object) -> bool {
    let references = classify(server, object);
    references.dangling.is_empty() && references.waiting.is_empty()
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    if let Some((kind, key)) = parse_key(key) {
        process(cx, kind, &key, DEPTH)?;
    }
    Ok(Next::Idle)
}

/// Upstream: garbagecollector.go, attemptToDeleteItem and attemptToOrphanWorker.
fn process(cx: &mut Ctx, kind: KindRef, key: &Key, depth: usize) -> Result<(), Status> {
    let Some(object) = cx.object(kind, key) else { return Ok(()) };
    if object.is_deleting() {
        return if has_finalizer(&object, ORPHAN) {
            orphan_dependents(cx, &object)
        } else if has_finalizer(&object, FOREGROUND) {
            delete_dependents(cx, &object, depth)
        } else {
            Ok(())
        };
    }
    if object.meta().owner_references.is_empty() {
        return Ok(());
    }
    let References { solid, dangling, waiting } = classify(cx.server, &object);
    if !solid.is_empty() {
        let gone: Vec<String> = dangling.into_iter().chain(waiting).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let why = format!("{} has other owners that stay", object.name());
        return drop_owners(cx, &object, &gone, why);
    }
    let has_dependents = dependents(cx.server, object.uid()).next().is_some();
    let propagation = if !waiting.is_empty() && has_dependents {
        Propagation::Foreground
    } else if has_finalizer(&object, ORPHAN) {
        Propagation::Orphan
    } else if has_finalizer(&object, FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    };
    let options = DeleteOptions {
        propagation: Some(propagation),
        uid: Some(object.uid().to_owned()),
        ..DeleteOptions::default()
    };
    let owner = object.meta().owner_references.first().map(|o| format!("{} {}", o.kind, o.name));
    let owner = owner.unwrap_or_default();
    let why = if waiting.is_empty() {
        format!("its owner {owner} is gone")
    } else {
        format!("its owner {owner} waits for its dependents to go first")
    };
    match cx.delete(kind, key, &options, why) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// Upstream: garbagecollector.go, processDeletingDependentsItem.
fn delete_dependents(cx: &mut Ctx, owner: &Object, depth: usize) -> Result<(), Status> {
    let found: Vec<(KindRef, Key, bool)> = dependents(cx.server, owner.uid())
        .map(|dependent| {
            let meta = dependent.meta();
            let references = meta.owner_references.iter();
            let blocks =
                references.into_iter().any(|r| r.uid == owner.uid() && r.block_owner_deletion);
            (dependent.kind, dependent.key.clone(), blocks)
        })
        .collect();
    for (kind, key, _) in &found {
        if depth > 0 {
            process(cx, kind, key, depth - 1)?;
        }
    }
    let blocked = dependents(cx.server, owner.uid()).any(|dependent| {
        let of = |(kind, key, blocks): &(KindRef, Key, bool)| {
            *blocks && *kind == dependent.kind && *key == dependent.key
        };
        found.iter().any(of)
    });
    if blocked {
        return Ok(());
    }
    let why = format!("no dependent of {} is left to wait for", owner.name());
    remove_finalizer(cx, owner, FOREGROUND, why)
}

/// Upstream: garbagecollector.go, orphanDependents.
fn orphan_dependents(cx: &mut Ctx, owner: &Object) -> Result<(), Status> {
    let found: Vec<Rc<Object>> = dependents(cx.server, owner.uid()).cloned().collect();
    let uid = owner.uid().to_owned();
    for dependent in found {
        let why = format!("{} is deleted and its dependents stay", owner.name());
        drop_owners(cx, &dependent, std::slice::from_ref(&uid), why)?;
    }
    let why = format!("the dependents of {} have no owner any more", owner.name());
    remove_finalizer(cx, owner, ORPHAN, why)
}

/// Takes owners with these uids out of an object's references.
fn drop_owners(cx: &mut Ctx, object: &Object, uids: &[String], why: String) -> Result<(), Status> {
    let changed = cx.modify(object.kind, &object.key, Part::Main, why, |value| {
        let listed = value.at(&["metadata", "ownerReferences"]).as_array();
        let kept: Vec<Value> = listed
            .iter()
            .filter(|o| !uids.iter().any(|uid| uid == o.get("uid").text()))
            .cloned()
            .collect();
        value.set_at(&["metadata", "ownerReferences"], Value::array(kept));
    });
    ignore_absent(changed)
}

fn remove_finalizer(cx: &mut Ctx, object: &Object, name: &str, why: String) -> Result<(), Status> {
    let changed = cx.modify(object.kind, &object.key, Part::Main, why, |value| {
        let listed = value.at(&["metadata", "finalizers"]).as_array();
        let kept: Vec<Value> = listed.iter().filter(|f| f.text() != name).cloned().collect();
        value.set_at(&["metadata", "finalizers"], Value::array(kept));
    });
    ignore_absent(changed)
}

fn ignore_absent(result: Result<Rc<Object>, Status>) -> Result<(), Status> {
    match result {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{CONFIG_MAP, NAMESPACE, SECRET, SERVICE_ACCOUNT};
    use crate::base::rng::Rng;
    use crate::base::time::{Span, Time};
    use crate::controllers::{Controllers, namespace_controller, service_accounts};
    use crate::server::By;
    use crate::sim::Queue;
    use crate::value;

    struct Cluster {
        server: Server,
        controllers: Controllers,
        queue: Queue<crate::controllers::engine::Event>,
    }

    impl Cluster {
        fn new() -> Cluster {
            let all: &[&'static Controller] = &[
                &CONTROLLER,
                &namespace_controller::CONTROLLER,
                &service_accounts::ACCOUNTS,
                &service_accounts::ROOT_CAS,
            ];
            let mut cluster = Cluster {
                server: Server::new(Rng { seed: 5 }, Time::START),
                controllers: Controllers::new(all, Vec::new()),
                queue: Queue::default(),
            };
            let namespace = value!({
                "metadata": { "name": "team" },
                "spec": { "finalizers": ["kubernetes"] },
                "status": { "phase": "Active" },
            });
            let by = By::user("test");
            cluster.server.store.put(&NAMESPACE, Key::new("", "team"), namespace, Time::START, by);
            cluster.run(1);
            cluster
        }

        fn make(&mut self, kind: KindRef, name: &str, owner: Option<&Object>) -> Rc<Object> {
            let mut value = value!({ "metadata": { "name": name, "namespace": "team" } });
            if let Some(owner) = owner {
                let reference = OwnerReference::controller_of(owner);
                value.set_at(&["metadata", "ownerReferences"], Value::array(vec![reference]));
            }
            self.server.create(kind, value, By::user("test")).expect("created")
        }

        fn delete(&mut self, object: &Object, propagation: Propagation) {
            let options =
                DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() };
            let by = By::user("test");
            self.server.delete(object.kind, &object.key, &options, by).expect("deleted");
        }

        fn run(&mut self, seconds: i64) {
            let until = self.server.now + Span::seconds(seconds);
            loop {
                let mut wakes = Vec::new();
                for change in self.server.take_changes() {
                    self.controllers.notify(&change, &self.server, &mut wakes);
                }
                if wakes.is_empty() {
                    let Some((at, event)) = self.queue.pop_until(until) else { break };
                    self.server.now = at;
                    self.controllers.handle(event, &mut self.server, &mut wakes);
                }
                for (at, event) in wakes {
                    self.queue.push(at, event);
                }
            }
            self.server.now = until;
        }

        fn has(&self, object: &Object) -> bool {
            self.server.get(object.kind, &object.key).is_some()
        }
    }

    #[test]
    fn dependents_follow_their_owner() {
        let mut cluster = Cluster::new();
        let owner = cluster.make(&CONFIG_MAP, "owner", None);
        let middle = cluster.make(&SECRET, "middle", Some(&owner));
        let leaf = cluster.make(&CONFIG_MAP, "leaf", Some(&middle));
        cluster.delete(&owner, Propagation::Background);
        assert!(!cluster.has(&owner) && cluster.has(&middle));
        cluster.run(1);
        assert!(!cluster.has(&middle) && !cluster.has(&leaf));
    }

    #[test]
    fn an_owner_can_wait_for_its_dependents() {
        let mut cluster = Cluster::new();
        let owner = cluster.make(&CONFIG_MAP, "owner", None);
        let middle = cluster.make(&SECRET, "middle", Some(&owner));
        let leaf = cluster.make(&CONFIG_MAP, "leaf", Some(&middle));
        cluster.delete(&owner, Propagation::Foreground);
        assert!(cluster.has(&owner));
        cluster.run(1);
        assert!(!cluster.has(&owner) && !cluster.has(&middle) && !cluster.has(&leaf));
        let order: Vec<String> = cluster
            .server
            .store
            .log()
            .filter(|c| c.change == ChangeKind::Deleted)
            .map(|c| c.key.name.to_string())
            .collect();
        assert_eq!(order, ["leaf", "middle", "owner"]);
    }

    #[test]
    fn dependents_can_be_orphaned() {
        let mut cluster = Cluster::new();
        let owner = cluster.make(&CONFIG_MAP, "owner", None);
        let leaf = cluster.make(&SECRET, "leaf", Some(&owner));
        cluster.delete(&owner, Propagation::Orphan);
        cluster.run(1);
        assert!(!cluster.has(&owner) && cluster.has(&leaf));
        let stored = cluster.server.get(&SECRET, &leaf.key).expect("kept");
        assert!(stored.at(&["metadata", "ownerReferences"]).is_empty());
    }

    #[test]
    fn an_object_with_an_absent_owner_goes() {
        let mut cluster = Cluster::new();
        let owner = cluster.make(&CONFIG_MAP, "owner", None);
        cluster.delete(&owner, Propagation::Background);
        let late = cluster.make(&SECRET, "late", Some(&owner));
        cluster.run(1);
        assert!(!cluster.has(&late));
    }

    #[test]
    fn a_deleted_namespace_is_emptied_first() {
        let mut cluster = Cluster::new();
        let account = Key::new("team", "default");
        assert!(cluster.server.get(&SERVICE_ACCOUNT, &account).is_some());
        let map = cluster.make(&CONFIG_MAP, "m", None);
        let namespace = cluster.server.get(&NAMESPACE, &Key::new("", "team")).cloned();
        let namespace = namespace.expect("made at the start");
        cluster.delete(&namespace, Propagation::Background);
        cluster.run(4);
        let marked = cluster.server.get(&NAMESPACE, &namespace.key).expect("not yet");
        assert_eq!(marked.at(&["status", "phase"]).text(), "Terminating");
        assert!(cluster.has(&map));
        cluster.run(3);
        assert!(!cluster.has(&map) && !cluster.has(&namespace));
        assert!(cluster.server.get(&SERVICE_ACCOUNT, &account).is_none());
    }
}
