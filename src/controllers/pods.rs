//! Shared: what the workload controllers share: pods from templates, adoption and release, readiness, hashes.
//!
//! Upstream: pkg/controller/controller_utils.go, pkg/controller/controller_ref_manager.go,
//! pkg/api/v1/pod/util.go.

use std::rc::Rc;

use crate::api::kinds::POD;
use crate::api::kinds::pod::Pod;
use crate::api::meta::OwnerReference;
use crate::api::names;
use crate::api::revision::safe_encode;
use crate::api::selector::{LabelSelector, Selector};
use crate::api::{Key, KindRef, Object, Status};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::controllers::engine::Ctx;
use crate::server::{Change, DeleteOptions, EventType, Part, Server};
use crate::value;

/// The most pods that one pass creates or deletes. Upstream: BurstReplicas.
pub(crate) const BURST: usize = 500;
/// What looking at one pod costs a controller.
pub(crate) const PER_POD: Span = Span::micros(10);

/// Whether a pod counts as running or about to run. Upstream: IsPodActive.
pub(crate) fn is_active(pod: &Object) -> bool {
    !is_terminal(pod) && !pod.is_deleting()
}

/// Whether a pod is stopping. Upstream: IsPodTerminating.
pub(crate) fn is_terminating(pod: &Object) -> bool {
    !is_terminal(pod) && pod.is_deleting()
}

/// Whether a pod has come to its end.
pub(crate) fn is_terminal(pod: &Object) -> bool {
    matches!(pod.at(&["status", "phase"]).text(), "Failed" | "Succeeded")
}

/// The instant since which a pod is Ready; `None` when it is not.
pub(crate) fn ready_since(pod: &Pod) -> Option<Time> {
    let ready = pod.status.condition("Ready").filter(|c| c.status == "True")?;
    Some(ready.last_transition_time.unwrap_or_default())
}

/// The instant from which a Ready pod counts as available. Upstream: IsPodAvailable.
pub(crate) fn available_from(pod: &Pod, min_ready_s: i32) -> Option<Time> {
    let since = ready_since(pod)?;
    if min_ready_s == 0 {
        return Some(Time::default());
    }
    Some(since + Span::seconds(i64::from(min_ready_s)))
}

/// How many of some pods are Ready and available, and when the next one becomes available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Availability {
    /// Ready pods.
    pub ready: i32,
    /// Pods that have been Ready for long enough.
    pub available: i32,
    /// Time until the next Ready pod has been so for long enough.
    pub next: Option<Span>,
}

impl Availability {
    /// Counts pods.
    pub(crate) fn of<'a>(
        pods: impl Iterator<Item = &'a Rc<Object>>,
        min_ready_s: i32,
        now: Time,
    ) -> Availability {
        let mut counts = Availability::default();
        for pod in pods {
            let Some(from) = available_from(&pod.view::<Pod>(), min_ready_s) else { continue };
            counts.ready += 1;
            if from <= now {
                counts.available += 1;
            } else {
                let left = from - now;
                counts.next = Some(counts.next.map_or(left, |next| next.min(left)));
            }
        }
        counts
    }
}

/// The hash of a template, as it stands in the names of what is made from it.
/// Upstream: ComputeHash. Simplified: the sum runs over the template's JSON, not over a dump of Go structures.
pub(crate) fn template_hash(template: &Value, collisions: Option<i64>) -> String {
    let mut text = template.to_json();
    if let Some(count) = collisions {
        text.push_str(&count.to_string());
    }
    let sum = text
        .bytes()
        .fold(2_166_136_261_u32, |sum, b| (sum ^ u32::from(b)).wrapping_mul(16_777_619));
    safe_encode(&sum.to_string())
}

/// A pod as a template and its owner make it. Upstream: GetPodFromTemplate.
pub(crate) fn from_template(template: &Value, owner: &Object) -> Value {
    let from = template.get("metadata");
    let mut meta = value!({
        "generateName": name_prefix(owner.name()),
        "namespace": owner.namespace(),
        "ownerReferences": vec![OwnerReference::controller_of(owner)],
    });
    for key in ["labels", "annotations", "finalizers"] {
        if !from.get(key).is_empty() {
            meta.set(key, from.get(key));
        }
    }
    value!({ "metadata": meta, "spec": template.get("spec") })
}

/// The beginning of the names of an owner's pods. Upstream: getPodsPrefix.
pub(crate) fn name_prefix(owner: &str) -> String {
    let prefix = format!("{owner}-");
    if names::dns_subdomain(&names::mask_trailing_dash(&prefix)).is_empty() {
        prefix
    } else {
        owner.to_owned()
    }
}

/// An object that owns others by a selector.
pub(crate) struct Owner<'a> {
    /// The object.
    pub object: &'a Rc<Object>,
    /// Its selector.
    pub selector: &'a Selector,
}

impl Owner<'_> {
    fn title(&self) -> String {
        format!("{} {}", self.object.kind.name, self.object.name())
    }

    /// The owner's objects of a kind among candidates: those that match are adopted, those that no longer do are released.
    /// Upstream: controller_ref_manager.go, ClaimObject.
    pub(crate) fn claim(
        &self,
        cx: &mut Ctx,
        kind: KindRef,
        candidates: Vec<Rc<Object>>,
    ) -> Result<Vec<Rc<Object>>, Status> {
        let uid = self.object.uid();
        let leaving = self.object.is_deleting();
        let mut claimed = Vec::new();
        for candidate in candidates {
            let matches = self.selector.matches_object(candidate.value());
            let mine = match candidate.meta().controller() {
                Some(owner) if owner.uid != uid => continue,
                owner => owner.is_some(),
            };
            match (mine, matches) {
                (true, true) => claimed.push(candidate),
                (true, false) if !leaving => self.release(cx, kind, &candidate)?,
                (false, true) if !leaving && !candidate.is_deleting() => {
                    claimed.push(self.adopt(cx, kind, &candidate)?);
                }
                _ => {}
            }
        }
        Ok(claimed)
    }

    fn adopt(&self, cx: &mut Ctx, kind: KindRef, object: &Object) -> Result<Rc<Object>, Status> {
        let (name, what, title) = (object.name(), kind.name, self.title());
        let why = format!(
            "{what} {name} has no controller and matches the selector of {title}, so it was adopted."
        );
        let reference = OwnerReference::controller_of(self.object);
        cx.modify(kind, &object.key, Part::Main, why, |object| {
            object.entry_at(&["metadata", "ownerReferences"]).make_array().push(reference);
        })
    }

    fn release(&self, cx: &mut Ctx, kind: KindRef, object: &Object) -> Result<(), Status> {
        let (name, what, title) = (object.name(), kind.name, self.title());
        let why =
            format!("{what} {name} no longer matches the selector of {title}, so it was released.");
        let uid = self.object.uid();
        let keep = |owner: &Value| owner.get("uid").text() != uid;
        cx.modify(kind, &object.key, Part::Main, why, |object| {
            object.entry_at(&["metadata", "ownerReferences"]).make_array().retain(keep);
        })?;
        Ok(())
    }
}

/// The objects of a kind in the owner's namespace that it owns or that nobody controls.
pub(crate) fn candidates(server: &Server, kind: KindRef, owner: &Object) -> Vec<Rc<Object>> {
    let uid = owner.uid();
    let own = |object: &&Rc<Object>| object.meta().controller().is_none_or(|o| o.uid == uid);
    server.list(kind, owner.namespace()).filter(own).cloned().collect()
}

/// The keys of the owners of a kind that may adopt a changed object without a controller.
/// Upstream: addPod and updatePod of each controller.
pub(crate) fn adopters(
    change: &Change,
    server: &Server,
    owners: KindRef,
    selector: fn(&Object) -> LabelSelector,
) -> Vec<Key> {
    let object = &change.new;
    if object.meta().controller().is_some() || object.is_deleting() {
        return Vec::new();
    }
    let part = |object: &Object, key: &str| object.at(&["metadata", key]).clone();
    let same = |old: &Rc<Object>| {
        ["labels", "ownerReferences"].iter().all(|key| part(old, key) == part(object, key))
    };
    let labels = object.at(&["metadata", "labels"]);
    if labels.is_empty() || change.old.as_ref().is_some_and(same) {
        return Vec::new();
    }
    server
        .list(owners, &change.key.ns)
        .filter(|owner| {
            let selector = selector(owner);
            !selector.is_empty() && selector.matches(labels)
        })
        .map(|owner| owner.key.clone())
        .collect()
}

/// Creates a pod for its owner and reports it. Upstream: RealPodControl.createPods.
pub(crate) fn create(
    cx: &mut Ctx,
    owner: &Object,
    pod: Value,
    why: String,
) -> Result<Rc<Object>, Status> {
    match cx.create(&POD, pod, why) {
        Ok(pod) => {
            let message = format!("Created pod: {}", pod.name());
            cx.event(owner, EventType::Normal, "SuccessfulCreate", message);
            Ok(pod)
        }
        Err(status) => {
            if !is_namespace_ending(&status) {
                let message = format!("Error creating: {}", status.message);
                cx.event(owner, EventType::Warning, "FailedCreate", message);
            }
            Err(status)
        }
    }
}

/// Whether a refusal comes from a namespace that is going away.
pub(crate) fn is_namespace_ending(status: &Status) -> bool {
    let causes = status.details.get("causes").as_array();
    causes.iter().any(|cause| cause.get("reason").text() == "NamespaceTerminating")
}

/// Deletes a pod for its owner and reports it. Upstream: RealPodControl.DeletePod.
pub(crate) fn delete(
    cx: &mut Ctx,
    owner: &Object,
    pod: &Object,
    why: String,
) -> Result<(), Status> {
    match cx.delete(&POD, &pod.key, &DeleteOptions::default(), why) {
        Ok(_) => {
            let message = format!("Deleted pod: {}", pod.name());
            cx.event(owner, EventType::Normal, "SuccessfulDelete", message);
            Ok(())
        }
        Err(status) if status.is_not_found() => Ok(()),
        Err(status) => {
            let message = format!("Error deleting: {}", status.message);
            cx.event(owner, EventType::Warning, "FailedDelete", message);
            Err(status)
        }
    }
}

/// `1 replica`, `2 replicas`.
pub(crate) fn counted(n: impl Into<i64>, unit: &str) -> String {
    let n = n.into();
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_stable_and_look_like_upstreams() {
        let template = value!({ "spec": { "containers": [{ "name": "c" }] } });
        let hash = template_hash(&template, None);
        assert_eq!(hash, template_hash(&template.clone(), None));
        assert_ne!(hash, template_hash(&template, Some(1)));
        assert!((5..=10).contains(&hash.len()), "{hash}");
    }
}
