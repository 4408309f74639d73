//! Keeps a StatefulSet's pods: named, ordered, each with its own claims.
//!
//! [`plan`] decides, this file acts.
//! Upstream: pkg/controller/statefulset (stateful_set.go, stateful_set_control.go, stateful_pod_control.go).

pub mod claims;
pub mod history;
pub mod identity;
pub mod plan;
pub mod status;

use crate::base::ordered::{OrdMap, OrdSet};
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::kinds::stateful_set::StatefulSet;
use crate::api::kinds::{CONTROLLER_REVISION, PERSISTENT_VOLUME_CLAIM, POD, STATEFUL_SET};
use crate::api::meta::OwnerReference;
use crate::api::revision::revision_data;
use crate::api::selector::Selector;
use crate::api::{Key, Object, Status};
use crate::base::time::Span;
use crate::base::value::{Str, Value};
use crate::controllers::engine::{Controller, Ctx, Next, Watch};
use crate::server::{Change, DeleteOptions, EventType, Part, Server};

use claims::Owner;
use history::{Revision, Update};
use plan::{Act, From, Input, Member, Step};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "statefulset-controller",
    watches: &[
        Watch::itself(&STATEFUL_SET),
        Watch::owned(&POD, &STATEFUL_SET),
        Watch::found(&POD, sets_for_orphan),
    ],
    reconcile,
    memory: || Box::new(Rosters::default()),
};

/// The pods of each set (by its uid) as they were read last, in key order: an unchanged pod is not read again.
#[derive(Clone, Default)]
struct Rosters {
    sets: OrdMap<Str, Rc<Vec<Rc<Member>>>>,
}

/// What looking at one pod costs the controller.
const PER_POD: Span = Span::micros(25);

/// The sets that may adopt a pod without a controller. Upstream: addPod, updatePod.
fn sets_for_orphan(change: &Change, server: &Server) -> Vec<Key> {
    let pod = &change.new;
    if pod.meta().controller().is_some() || pod.is_deleting() {
        return Vec::new();
    }
    let labels = pod.at(&["metadata", "labels"]);
    let unchanged = change.old.as_ref().is_some_and(|old| {
        old.at(&["metadata", "labels"]) == labels
            && old.at(&["metadata", "ownerReferences"]) == pod.at(&["metadata", "ownerReferences"])
    });
    if unchanged || labels.is_empty() {
        return Vec::new();
    }
    let sets = server.list(&STATEFUL_SET, &change.key.ns);
    sets.filter(|set| set.view::<StatefulSet>().spec.selector.matches(labels))
        .map(|set| set.key.clone())
        .collect()
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&STATEFUL_SET, key) else {
        // Rosters of sets that are gone hold pods that are gone.
        let alive: OrdSet<Str> =
            cx.server.list(&STATEFUL_SET, "").map(|set| Str::from(set.uid())).collect();
        cx.memory::<Rosters>().sets.retain(|uid, _| alive.contains(uid));
        return Ok(Next::Idle);
    };
    let set = object.view::<StatefulSet>();
    let Ok(selector) = set.spec.selector.compile() else { return Ok(Next::Idle) };
    let mut sync = Sync { cx, object, set, selector };
    let mut revisions = sync.revisions()?;
    let pods = sync.pods()?;
    sync.cx.spend(PER_POD * pods.len() as i64);
    let (current, update, collisions) = sync.current_and_update(&mut revisions)?;

    let cx = &*sync.cx;
    let ns = key.ns.clone();
    let plan = plan::plan(&Input {
        set: &sync.set,
        current: &current.name,
        update: &update.name,
        collisions,
        pods: &pods,
        claim: &|name| cx.object(&PERSISTENT_VOLUME_CLAIM, &Key::new(ns.clone(), name)),
        now: cx.now(),
        max_unavailable: cx.has_feature("MaxUnavailableStatefulSet"),
    });
    let acted = sync.act(&plan.steps, &pods, &current, &update);
    let Some(status) = plan.status else {
        return acted.map(|()| Next::After(Span::millis(20)));
    };
    if status::is_stale(&sync.set.status, &status) {
        let why = status::why(&sync.set, &status);
        sync.cx.modify(&STATEFUL_SET, key, Part::Status, why, |set| status::write(&status, set))?;
    }
    acted?;
    sync.truncate(&revisions, &pods, [&current.name, &update.name])?;
    Ok(plan.check_after.map_or(Next::Idle, Next::After))
}

struct Sync<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    object: Rc<Object>,
    set: Rc<StatefulSet>,
    selector: Selector,
}

impl Sync<'_, '_> {
    fn ns(&self) -> &Str {
        &self.object.key.ns
    }

    fn matches(&self, object: &Object) -> bool {
        self.selector.matches_object(object.value())
    }

    /// The set's revisions, sorted; those without an owner are adopted.
    /// Upstream: ListRevisions, adoptOrphanRevisions.
    fn revisions(&mut self) -> Result<Vec<Rc<Object>>, Status> {
        let uid = self.object.uid();
        let mine = |revision: &&Rc<Object>| {
            revision.meta().controller().is_none_or(|owner| owner.uid == uid)
                && self.matches(revision)
        };
        let all = self.cx.server.list(&CONTROLLER_REVISION, self.ns());
        let mut revisions: Vec<Rc<Object>> = all.filter(mine).cloned().collect();
        for revision in &mut revisions {
            let orphan = revision.meta().controller().is_none();
            if orphan && !self.object.is_deleting() {
                let why = format!(
                    "Revision {} has no owner and matches the selector of StatefulSet {}, so the set adopted it.",
                    revision.name(),
                    self.set.meta.name
                );
                let reference = OwnerReference::controller_of(&self.object);
                let part = Part::Main;
                *revision =
                    self.cx.modify(&CONTROLLER_REVISION, &revision.key, part, why, |r| {
                        r.entry_at(&["metadata", "ownerReferences"]).make_array().push(reference);
                    })?;
            }
        }
        history::sort(&mut revisions);
        Ok(revisions)
    }

    /// The set's pods by ordinal; adopts and releases on the way.
    /// Upstream: getPodsForStatefulSet, pkg/controller/controller_ref_manager.go, ClaimPods.
    fn pods(&mut self) -> Result<Vec<Rc<Member>>, Status> {
        let uid = Str::from(self.object.uid());
        let known = self.cx.memory::<Rosters>().sets.remove(&uid).unwrap_or_default();
        let mut known = known.iter().peekable();
        let mut claimed: Vec<Rc<Member>> = Vec::with_capacity(known.len());
        let mut others = Vec::new();
        for pod in self.cx.server.list(&POD, self.ns()) {
            while known.next_if(|member| member.object.key < pod.key).is_some() {}
            if let Some(same) = known.next_if(|member| Rc::ptr_eq(&member.object, pod)) {
                claimed.push(same.clone());
            } else {
                self.sort_out(pod, &uid, &mut claimed, &mut others);
            }
        }
        let roster = Rc::new(claimed.clone());
        self.cx.memory::<Rosters>().sets.insert(uid, roster);
        for (pod, ordinal) in others {
            match ordinal {
                Some(ordinal) => claimed.push(Rc::new(Member::new(self.adopt(&pod)?, ordinal))),
                None => self.release(&pod)?,
            }
        }
        claimed.order_by_key(|member| member.ordinal);
        Ok(claimed)
    }

    /// Puts a pod among the set's own, or among those to be adopted (with their ordinal) or released.
    fn sort_out(
        &self,
        pod: &Rc<Object>,
        uid: &Str,
        claimed: &mut Vec<Rc<Member>>,
        others: &mut Vec<(Rc<Object>, Option<i32>)>,
    ) {
        let deleting = self.object.is_deleting();
        let owner = pod.meta().controller();
        if owner.is_some_and(|owner| owner.uid != *uid) {
            return;
        }
        let member = identity::parent_and_ordinal(pod.name())
            .filter(|(parent, _)| *parent == self.set.meta.name.as_str())
            .filter(|_| self.matches(pod));
        match (owner.is_some(), member) {
            (true, Some((_, ordinal))) => {
                claimed.push(Rc::new(Member::new(pod.clone(), ordinal)));
            }
            (false, Some((_, ordinal))) if !deleting && !pod.is_deleting() => {
                others.push((pod.clone(), Some(ordinal)));
            }
            (true, None) if !deleting => others.push((pod.clone(), None)),
            _ => {}
        }
    }

    fn adopt(&mut self, pod: &Object) -> Result<Rc<Object>, Status> {
        let why = format!(
            "Pod {} has no controller and matches the selector of StatefulSet {}, so the set adopted it.",
            pod.name(),
            self.set.meta.name
        );
        let reference = OwnerReference::controller_of(&self.object);
        self.cx.modify(&POD, &pod.key, Part::Main, why, |pod| {
            pod.entry_at(&["metadata", "ownerReferences"]).make_array().push(reference);
        })
    }

    fn release(&mut self, pod: &Object) -> Result<(), Status> {
        let why = format!(
            "Pod {} no longer matches the selector of StatefulSet {}, so the set released it.",
            pod.name(),
            self.set.meta.name
        );
        let uid = self.object.uid();
        let keep = |owner: &Value| owner.get("uid").text() != uid;
        self.cx.modify(&POD, &pod.key, Part::Main, why, |pod| {
            pod.entry_at(&["metadata", "ownerReferences"]).make_array().retain(keep);
        })?;
        Ok(())
    }

    /// The revisions that pods are made from; makes the one of the present template where needed.
    /// Upstream: getStatefulSetRevisions.
    fn current_and_update(
        &mut self,
        revisions: &mut Vec<Rc<Object>>,
    ) -> Result<(Revision, Revision, i64), Status> {
        let data = revision_data(&self.set.spec.template_value);
        let mut collisions = self.set.status.collision_count.unwrap_or(0);
        let found = history::find_update(revisions, &data);
        let name = self.set.meta.name.clone();
        let update = match found {
            Update::Newest(at) => revisions[at].clone(),
            Update::Renumber(at, next) => {
                let key = revisions[at].key.clone();
                let why = format!(
                    "The template of StatefulSet {name} is again that of {}, so this revision becomes number {next}.",
                    key.name
                );
                let renumbered =
                    self.cx.modify(&CONTROLLER_REVISION, &key, Part::Main, why, |revision| {
                        revision.set("revision", next);
                    })?;
                revisions[at] = renumbered.clone();
                renumbered
            }
            Update::Create(next) => {
                let made = self.create_revision(&data, next, &mut collisions)?;
                revisions.push(made.clone());
                made
            }
        };
        let update = Revision::of(&update);
        let current = revisions.iter().find(|r| *r.name() == self.set.status.current_revision);
        let current = current.map_or_else(|| update.clone(), |revision| Revision::of(revision));
        Ok((current, update, collisions))
    }

    /// Upstream: CreateControllerRevision.
    fn create_revision(
        &mut self,
        data: &Value,
        number: i64,
        collisions: &mut i64,
    ) -> Result<Rc<Object>, Status> {
        for _ in 0..100 {
            let revision =
                history::new_revision(&self.set, &self.object, data, number, *collisions);
            let name = revision.at(&["metadata", "name"]).text().to_owned();
            let why = format!(
                "The template of StatefulSet {} is new, so it is kept as revision {number}, {name}.",
                self.set.meta.name
            );
            match self.cx.create(&CONTROLLER_REVISION, revision, why) {
                Err(status) if status.is_already_exists() => {
                    let key = Key::new(self.ns().clone(), name);
                    let existing = self.cx.object(&CONTROLLER_REVISION, &key);
                    if let Some(same) = existing.filter(|object| object.get("data") == data) {
                        return Ok(same);
                    }
                    *collisions += 1;
                }
                other => return other,
            }
        }
        Err(Status::already_exists(&CONTROLLER_REVISION, &self.set.meta.name))
    }

    fn act(
        &mut self,
        steps: &[Step],
        pods: &[Rc<Member>],
        current: &Revision,
        update: &Revision,
    ) -> Result<(), Status> {
        for Step { act, why } in steps {
            let member = |ordinal: i32| {
                pods.binary_search_by_key(&ordinal, |member| member.ordinal)
                    .ok()
                    .map(|at| &pods[at])
            };
            match *act {
                Act::Create(ordinal, from) => {
                    let revision = if from == From::Current { current } else { update };
                    self.create_pod(ordinal, revision, why)?;
                }
                Act::CreateClaims(ordinal) => {
                    self.create_claims(ordinal)?;
                    if let Some(member) = member(ordinal) {
                        self.own_claims(ordinal, Owner::pod(&member.object))?;
                    }
                }
                Act::Repair(ordinal) => {
                    if let Some(member) = member(ordinal) {
                        self.repair(member, why)?;
                    }
                }
                Act::OwnClaims(ordinal) => {
                    if let Some(member) = member(ordinal) {
                        self.own_claims(ordinal, Owner::pod(&member.object))?;
                    }
                }
                Act::Delete(ordinal) => {
                    if let Some(member) = member(ordinal) {
                        self.delete_pod(member, why)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Upstream: CreateStatefulPod.
    fn create_pod(&mut self, ordinal: i32, from: &Revision, why: &str) -> Result<(), Status> {
        let name = identity::pod_name(&self.set, ordinal);
        if let Err(status) = self.create_claims(ordinal) {
            self.pod_event("Create", &name, Err(&status));
            return Err(status);
        }
        let pod = identity::new_pod(&self.set, &self.object, &from.template, &from.name, ordinal);
        let created = self.cx.create(&POD, pod, why.to_owned());
        if created.as_ref().is_err_and(Status::is_already_exists) {
            return created.map(|_| ());
        }
        let owner = Owner { api_version: "v1", kind: "Pod", name: &name, uid: "" };
        self.own_claims(ordinal, owner)?;
        self.pod_event("Create", &name, created.as_ref().map(|_| ()));
        created.map(|_| ())
    }

    /// Upstream: createPersistentVolumeClaims.
    fn create_claims(&mut self, ordinal: i32) -> Result<(), Status> {
        let mut failed = None;
        for (name, claim) in claims::new_claims(&self.set, ordinal) {
            let key = Key { ns: self.ns().clone(), name };
            match self.cx.object(&PERSISTENT_VOLUME_CLAIM, &key) {
                Some(existing) if existing.is_deleting() => {
                    failed = Some(Status::unknown(format!("pvc {} is being deleted", key.name)));
                }
                Some(_) => {}
                None => {
                    let pod = identity::pod_name(&self.set, ordinal);
                    let set = self.set.meta.name.clone();
                    let why = format!(
                        "StatefulSet {set} gives each pod a claim of its own and {} did not exist, so it was created for {pod}.",
                        key.name
                    );
                    let made = self.cx.create(&PERSISTENT_VOLUME_CLAIM, claim, why);
                    match made {
                        Ok(_) => self.event(
                            EventType::Normal,
                            "SuccessfulCreate",
                            format!(
                                "Create Claim {} Pod {pod} in StatefulSet {set} success",
                                key.name
                            ),
                        ),
                        Err(status) => {
                            self.event(
                                EventType::Warning,
                                "FailedCreate",
                                format!(
                                    "Create Claim {} for Pod {pod} in StatefulSet {set} failed error: {}",
                                    key.name, status.message
                                ),
                            );
                            failed = Some(Status::unknown(format!(
                                "failed to create PVC {}: {}",
                                key.name, status.message
                            )));
                        }
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Upstream: UpdatePodClaimForRetentionPolicy.
    fn own_claims(&mut self, ordinal: i32, pod: Owner) -> Result<(), Status> {
        let set = self.set.clone();
        for name in claims::claim_names(&set, ordinal) {
            let key = Key::new(self.ns().clone(), name.as_str());
            let Some(claim) = self.cx.object(&PERSISTENT_VOLUME_CLAIM, &key) else { continue };
            if claims::has_unexpected_controller(claim.meta(), &set, pod) {
                let message = format!(
                    "PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim"
                );
                self.event(EventType::Warning, "ConflictingController", message);
            }
            if !claims::owners_match(claim.meta(), &set, pod, ordinal) {
                let why = claims::why_owners(&set, ordinal, &name);
                self.cx.modify(&PERSISTENT_VOLUME_CLAIM, &key, Part::Main, why, |claim| {
                    claims::update_owners(claim, &set, pod, ordinal);
                })?;
            }
        }
        Ok(())
    }

    /// Upstream: UpdateStatefulPod.
    fn repair(&mut self, member: &Member, why: &str) -> Result<(), Status> {
        let (set, ordinal) = (self.set.clone(), member.ordinal);
        let restore_storage = !identity::storage_matches(&set, ordinal, &member.pod);
        if restore_storage {
            self.create_claims(ordinal)?;
        }
        self.own_claims(ordinal, Owner::pod(&member.object))?;
        let changed = self.cx.modify(&POD, &member.object.key, Part::Main, why.to_owned(), |pod| {
            if !identity::identity_matches(&member.pod) {
                identity::update_identity(&set, ordinal, pod);
            }
            if restore_storage {
                identity::update_storage(&set, ordinal, pod);
            }
        });
        self.pod_event("Update", member.object.name(), changed.as_ref().map(|_| ()));
        changed.map(|_| ())
    }

    /// Upstream: DeleteStatefulPod.
    fn delete_pod(&mut self, member: &Member, why: &str) -> Result<(), Status> {
        let options = DeleteOptions::default();
        match self.cx.delete(&POD, &member.object.key, &options, why.to_owned()) {
            Err(status) if !status.is_not_found() => {
                self.pod_event("Delete", member.object.name(), Err(&status));
                Err(status)
            }
            _ => {
                self.pod_event("Delete", member.object.name(), Ok(()));
                Ok(())
            }
        }
    }

    /// Upstream: recordPodEvent.
    fn pod_event(&mut self, verb: &str, pod: &str, result: Result<(), &Status>) {
        let set = &self.set.meta.name;
        match result {
            Ok(()) => {
                let message = format!("{verb} Pod {pod} in StatefulSet {set} successful");
                self.event(EventType::Normal, &format!("Successful{verb}"), message);
            }
            Err(status) => {
                let message = format!(
                    "{verb} Pod {pod} in StatefulSet {set} failed error: {}",
                    status.message
                );
                self.event(EventType::Warning, &format!("Failed{verb}"), message);
            }
        }
    }

    fn event(&mut self, kind: EventType, reason: &str, message: String) {
        let object = self.object.clone();
        self.cx.event(&object, kind, reason, message);
    }

    /// Upstream: truncateHistory.
    fn truncate(
        &mut self,
        revisions: &[Rc<Object>],
        pods: &[Rc<Member>],
        named: [&Str; 2],
    ) -> Result<(), Status> {
        let limit = self.set.spec.revision_history_limit.unwrap_or(10);
        if revisions.len() <= limit.max(0) as usize {
            return Ok(());
        }
        let of_pods = pods.iter().map(|member| &member.revision);
        let live: OrdSet<Str> = of_pods.chain(named).cloned().collect();
        for revision in history::surplus(revisions, &live, limit) {
            let why = format!(
                "StatefulSet {} keeps {limit} old revisions (revisionHistoryLimit), and {} is the oldest beyond them.",
                self.set.meta.name,
                revision.name()
            );
            let options = DeleteOptions::default();
            self.cx.delete(&CONTROLLER_REVISION, &revision.key, &options, why)?;
        }
        Ok(())
    }
}
