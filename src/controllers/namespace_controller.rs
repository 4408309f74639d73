//! Empties namespaces that are being deleted and lets them go.
//!
//! Upstream: pkg/controller/namespace/{namespace_controller,deletion/namespaced_resources_deleter}.go.

use crate::base::ordered::OrdMap;

use crate::api::kinds::{self, EVENT, NAMESPACE, POD};
use crate::api::{Key, KindRef, Status};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::controllers::engine::forgetful;
use crate::controllers::{Controller, Ctx, Next, Watch};
use crate::server::{DeleteOptions, Part, Propagation, WriteOptions};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "namespace-controller",
    watches: &[Watch::itself(&NAMESPACE)],
    reconcile,
    memory: forgetful,
};

/// Time left for others to notice the deletion. Upstream: namespaceDeletionGracePeriod.
const GRACE: Span = Span::seconds(5);
/// Estimate for content that waits for finalizers. Upstream: finalizerEstimateSeconds.
const FINALIZER_ESTIMATE: i64 = 15;

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(namespace) = cx.object(&NAMESPACE, key) else { return Ok(Next::Idle) };
    let Some(deleted_at) = namespace.meta().deletion_timestamp else { return Ok(Next::Idle) };
    let finalizers = namespace.at(&["spec", "finalizers"]).as_array();
    if finalizers.iter().all(|f| f.text() != "kubernetes") {
        return Ok(Next::Idle);
    }
    let due = deleted_at + GRACE;
    if cx.now() < due {
        return Ok(Next::After(due - cx.now()));
    }
    let content = delete_content(cx, &key.name, deleted_at)?;
    update_conditions(cx, key, &content)?;
    if content.estimate > 0 {
        return Ok(Next::After(Span::seconds(content.estimate / 2 + 1)));
    }
    if !content.remaining.is_empty() {
        // Upstream retries soon with a back-off, as after any error.
        return Err(Status::internal(format!(
            "unexpected items still remain in namespace: {}",
            key.name
        )));
    }
    let mut value = namespace.value().clone();
    let kept: Vec<Value> =
        finalizers.iter().filter(|f| f.text() != "kubernetes").cloned().collect();
    value.set_at(&["spec", "finalizers"], Value::array(kept));
    value.entry("metadata").remove("resourceVersion");
    let by = cx.by(format!("namespace {} is empty", key.name));
    let options = WriteOptions { sub: "finalize", ..WriteOptions::default() };
    match cx.server.update_with(&NAMESPACE, key, value, &options, by) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(Next::Idle),
    }
}

/// What is left in a namespace.
#[derive(Default)]
struct Content {
    /// Seconds that the rest is expected to take; 0 when nothing is known.
    estimate: i64,
    /// Objects by resource.
    remaining: OrdMap<String, usize>,
    /// Objects by finalizer.
    finalizers: OrdMap<String, usize>,
    /// Whether only pods were looked at, because some of them are still there.
    pods_only: bool,
}

/// Deletes everything, pods first. Upstream: deleteAllContent.
fn delete_content(cx: &mut Ctx, ns: &str, deleted_at: Time) -> Result<Content, Status> {
    let mut content = Content::default();
    delete_kind(cx, &POD, ns, deleted_at, &mut content)?;
    if !content.remaining.is_empty() {
        content.pods_only = true;
        return Ok(content);
    }
    for kind in kinds::ALL.iter().copied().filter(|k| k.namespaced && **k != POD && **k != EVENT) {
        delete_kind(cx, kind, ns, deleted_at, &mut content)?;
    }
    delete_kind(cx, &EVENT, ns, deleted_at, &mut content)?;
    Ok(content)
}

fn delete_kind(
    cx: &mut Ctx,
    kind: KindRef,
    ns: &str,
    deleted_at: Time,
    content: &mut Content,
) -> Result<(), Status> {
    let mut estimate = if *kind == POD { grace_of_pods(cx, ns) } else { 0 };
    if cx.now() - deleted_at >= Span::seconds(estimate) {
        estimate = 0;
    }
    let keys: Vec<Key> = cx.server.list(kind, ns).map(|o| o.key.clone()).collect();
    let options =
        DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
    for key in &keys {
        match cx.delete(kind, key, &options, format!("namespace {ns} is being deleted")) {
            Err(status) if !status.is_not_found() => return Err(status),
            _ => {}
        }
    }
    let mut left = 0;
    let mut held = false;
    for object in cx.server.list(kind, ns) {
        left += 1;
        for finalizer in object.at(&["metadata", "finalizers"]).as_array() {
            held = true;
            *content.finalizers.entry(finalizer.text().to_owned()).or_default() += 1;
        }
    }
    if left > 0 {
        content.remaining.insert(format!("{}.{}", kind.plural, kind.group), left);
        if estimate == 0 && held {
            estimate = FINALIZER_ESTIMATE;
        }
        content.estimate = content.estimate.max(estimate);
    }
    Ok(())
}

/// The longest grace period of a namespace's running pods, in seconds.
fn grace_of_pods(cx: &Ctx, ns: &str) -> i64 {
    let running = cx
        .server
        .list(&POD, ns)
        .filter(|pod| !matches!(pod.at(&["status", "phase"]).text(), "Succeeded" | "Failed"));
    let grace = running.filter_map(|p| p.at(&["spec", "terminationGracePeriodSeconds"]).as_i64());
    grace.max().unwrap_or(0).max(0)
}

/// Type, reason and message of the conditions when all is well. Upstream: status_condition_utils.go, okReasons and okMessages.
const FINE: [(&str, &str, &str); 5] = [
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    (
        "NamespaceFinalizersRemaining",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
];

fn update_conditions(cx: &mut Ctx, key: &Key, content: &Content) -> Result<(), Status> {
    let now = cx.now();
    let why = format!("what is left in namespace {} has changed", key.name);
    let changed = cx.modify(&NAMESPACE, key, Part::Status, why, |value| {
        let conditions = value.entry("status").entry("conditions").make_array();
        for (kind, reason, message) in FINE {
            let (status, reason, message) = match trouble(kind, content) {
                Some((reason, message)) => ("True", reason, message),
                None => ("False", reason, message.to_owned()),
            };
            let old = conditions.iter_mut().find(|c| c.get("type").text() == kind);
            let since = match &old {
                Some(old) if old.get("status").text() == status => {
                    old.get("lastTransitionTime").clone()
                }
                _ => Value::from(now),
            };
            let condition = value!({
                "type": kind,
                "status": status,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            });
            match old {
                Some(old) => *old = condition,
                None => conditions.push(condition),
            }
        }
    });
    match changed {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

fn trouble(kind: &str, content: &Content) -> Option<(&'static str, String)> {
    // While pods are left nothing else is counted.
    if content.pods_only {
        return None;
    }
    let list = |counts: &OrdMap<String, usize>, words: &str| {
        let parts: Vec<String> = counts
            .iter()
            .map(|(name, n)| format!("{name} {words} {n} resource instances"))
            .collect();
        parts.join(", ")
    };
    match kind {
        "NamespaceContentRemaining" if !content.remaining.is_empty() => Some((
            "SomeResourcesRemain",
            format!("Some resources are remaining: {}", list(&content.remaining, "has")),
        )),
        "NamespaceFinalizersRemaining" if !content.finalizers.is_empty() => Some((
            "SomeFinalizersRemain",
            format!(
                "Some content in the namespace has finalizers remaining: {}",
                list(&content.finalizers, "in")
            ),
        )),
        _ => None,
    }
}
