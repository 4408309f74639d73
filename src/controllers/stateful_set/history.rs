//! Revisions: the states that the set's template had, for roll-outs and roll-backs.
//! Upstream: pkg/controller/history/controller_history.go and
//! pkg/controller/statefulset/stateful_set_control.go, getStatefulSetRevisions.
//! Simplified: no second comparison after defaulting (the recorded data is always defaulted alike).

use crate::base::ordered::OrdSet;
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::Object;
use crate::api::kinds::controller_revision::ControllerRevision;
use crate::api::kinds::stateful_set::StatefulSet;
use crate::api::meta::OwnerReference;
use crate::api::revision::revision_hash;
use crate::base::value::{Str, Value};
use crate::value;

/// Label of a revision with the hash in its name.
pub const HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// A revision, as far as a plan needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Its name, which pods carry as a label.
    pub name: Str,
    /// The pod template that it keeps.
    pub template: Value,
}

impl Revision {
    /// Reads a stored revision. Upstream: ApplyRevision.
    pub fn of(object: &Object) -> Revision {
        let mut template = object.at(&["data", "spec", "template"]).clone();
        template.remove("$patch");
        Revision { name: object.name().clone(), template }
    }
}

/// What has to be done so that a revision of the present template exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// The newest revision has this template.
    Newest(usize),
    /// An older one has it: it gets the next number. This is a roll-back.
    Renumber(usize, i64),
    /// None has it.
    Create(i64),
}

/// Finds the present template among revisions sorted by [`sort`].
/// Upstream: getStatefulSetRevisions.
pub fn find_update(revisions: &[Rc<Object>], data: &Value) -> Update {
    let next = revisions.last().map_or(1, |last| number(last) + 1);
    match revisions.iter().rposition(|revision| revision.get("data") == data) {
        Some(at) if at + 1 == revisions.len() => Update::Newest(at),
        Some(at) => Update::Renumber(at, next),
        None => Update::Create(next),
    }
}

/// A revision's number.
pub fn number(revision: &Object) -> i64 {
    revision.view::<ControllerRevision>().revision
}

/// By number, then age, then name. Upstream: SortControllerRevisions.
pub fn sort(revisions: &mut [Rc<Object>]) {
    revisions.order_by(|a, b| {
        (number(a), a.created(), a.name()).cmp(&(number(b), b.created(), b.name()))
    });
}

/// The name of a revision. Upstream: ControllerRevisionName.
pub fn name(set: &str, hash: &str) -> String {
    let end = set.char_indices().nth(223).map_or(set.len(), |(at, _)| at);
    format!("{}-{hash}", &set[..end])
}

/// A new revision object. Upstream: newRevision, NewControllerRevision.
pub fn new_revision(
    set: &StatefulSet,
    owner: &Object,
    data: &Value,
    revision: i64,
    collisions: i64,
) -> Value {
    let hash = revision_hash(data, Some(collisions));
    let mut labels = set.spec.template_value.at(&["metadata", "labels"]).clone();
    labels.set(HASH_LABEL, &hash);
    let mut meta = value!({
        "name": name(&set.meta.name, &hash),
        "namespace": &set.meta.namespace,
        "labels": labels,
        "ownerReferences": vec![OwnerReference::controller_of(owner)],
    });
    let annotations = owner.at(&["metadata", "annotations"]);
    if !annotations.is_empty() {
        meta.set("annotations", annotations);
    }
    value!({ "metadata": meta, "data": data, "revision": revision })
}

/// The revisions beyond the limit, oldest first, that neither the set nor a pod uses. Upstream: truncateHistory.
pub fn surplus(revisions: &[Rc<Object>], live: &OrdSet<Str>, limit: i32) -> Vec<Rc<Object>> {
    let Ok(limit) = usize::try_from(limit) else { return Vec::new() };
    let dead: Vec<_> = revisions.iter().filter(|r| !live.contains(r.name())).cloned().collect();
    let extra = dead.len().saturating_sub(limit);
    dead.into_iter().take(extra).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::CONTROLLER_REVISION;

    fn revision(number: i64, data: &str) -> Rc<Object> {
        let name = format!("web-{number}");
        let value = value!({ "metadata": { "name": name }, "data": data, "revision": number });
        Rc::new(Object::new(&CONTROLLER_REVISION, value))
    }

    #[test]
    fn a_known_template_is_not_recorded_twice() {
        let kept = [revision(1, "a"), revision(2, "b")];
        for (data, expected) in
            [("b", Update::Newest(1)), ("a", Update::Renumber(0, 3)), ("c", Update::Create(3))]
        {
            assert_eq!(find_update(&kept, &Value::from(data)), expected);
        }
        assert_eq!(find_update(&[], &Value::from("a")), Update::Create(1));
    }

    #[test]
    fn only_unused_revisions_beyond_the_limit_go() {
        let kept: Vec<_> = (1..=5).map(|n| revision(n, "x")).collect();
        let live = OrdSet::from([Str::from("web-1"), Str::from("web-5")]);
        let gone = surplus(&kept, &live, 1);
        let names: Vec<&str> = gone.iter().map(|r| r.name().as_str()).collect();
        assert_eq!(names, ["web-2", "web-3"]);
        assert!(surplus(&kept, &live, 10).is_empty());
    }
}
