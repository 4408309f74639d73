//! Counts the pods of each PodDisruptionBudget and says how many may be evicted.
//!
//! Upstream: pkg/controller/disruption/disruption.go and
//! staging/src/k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go.
//! Simplified: scales are read of the built-in workloads only.

use std::rc::Rc;

use crate::api::int_or_string::{IntOrString, Round};
use crate::api::kinds::pod::Pod;
use crate::api::kinds::pod_disruption_budget::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use crate::api::kinds::{DEPLOYMENT, POD, POD_DISRUPTION_BUDGET, REPLICA_SET, STATEFUL_SET};
use crate::api::selector::format_label_selector;
use crate::api::{Key, KindRef, Object, Status};
use crate::base::ordered::OrdMap;
use crate::base::time::{Span, Time};
use crate::base::value::{Str, Value};
use crate::controllers::engine::{Controller, Ctx, Next, Watch, forgetful};
use crate::server::{Change, EventType, Part, Server};
use crate::value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "controllermanager",
    watches: &[
        Watch::itself(&POD_DISRUPTION_BUDGET),
        Watch::found(&POD, budgets_of_pod),
        Watch::found(&DEPLOYMENT, budgets_of_namespace),
        Watch::found(&REPLICA_SET, budgets_of_namespace),
        Watch::found(&STATEFUL_SET, budgets_of_namespace),
    ],
    reconcile,
    memory: forgetful,
};

/// Time in which an evicted pod is expected to begin its deletion. Upstream: DeletionTimeout.
const DELETION_TIMEOUT: Span = Span::seconds(120);

fn budgets_of_pod(change: &Change, server: &Server) -> Vec<Key> {
    let labels = change.new.at(&["metadata", "labels"]);
    server
        .list(&POD_DISRUPTION_BUDGET, &change.key.ns)
        .filter(|budget| budget.view::<PodDisruptionBudget>().selects(labels))
        .map(|budget| budget.key.clone())
        .collect()
}

/// A workload whose scale changed may change what is expected.
fn budgets_of_namespace(change: &Change, server: &Server) -> Vec<Key> {
    let scale = |object: &Object| object.at(&["spec", "replicas"]).clone();
    if change.old.as_ref().is_some_and(|old| scale(old) == scale(&change.new)) {
        return Vec::new();
    }
    let budgets = server.list(&POD_DISRUPTION_BUDGET, &change.key.ns);
    budgets.map(|budget| budget.key.clone()).collect()
}

fn reconcile(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let Some(object) = cx.object(&POD_DISRUPTION_BUDGET, key) else { return Ok(Next::Idle) };
    let budget = object.view::<PodDisruptionBudget>();
    let selected = |pod: &&Rc<Object>| budget.selects(pod.at(&["metadata", "labels"]));
    let pods: Vec<Rc<Object>> = cx.server.list(&POD, &key.ns).filter(selected).cloned().collect();
    if pods.is_empty() {
        let message = "No matching pods found".to_owned();
        cx.event(&object, EventType::Normal, "NoPods", message);
    }
    let counted = match expected(cx.server, &budget, &pods) {
        Ok(counted) => counted,
        Err(why) => {
            let message = format!("Failed to calculate the number of expected pods: {why}");
            let reason = "CalculateExpectedPodCountFailed";
            cx.event(&object, EventType::Warning, reason, message);
            fail_safe(cx, &object, &why)?;
            return Ok(Next::Idle);
        }
    };
    if counted.unmanaged {
        let selector = format_label_selector(object.at(&["spec", "selector"]));
        let message = format!(
            "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."
        );
        cx.event(&object, EventType::Warning, "UnmanagedPods", message);
    }
    let (disrupted, recheck) = still_disrupted(&budget, &pods, cx.now());
    let healthy = healthy(&pods, &disrupted, cx.now());
    let status = new_status(&budget, healthy, counted, disrupted);
    write(cx, &object, &budget, &status)?;
    Ok(recheck.map_or(Next::Idle, Next::After))
}

/// How many pods are expected and how many of them have to be healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    pods: i32,
    healthy: i32,
    /// Whether a pod without a controller was found where scales count.
    unmanaged: bool,
}

fn small(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// Upstream: getExpectedPodCount.
fn expected(
    server: &Server,
    budget: &PodDisruptionBudget,
    pods: &[Rc<Object>],
) -> Result<Expected, String> {
    let part = |value: &IntOrString, of: i32| {
        value.scaled(i64::from(of), Round::Up).map(small).ok_or_else(|| {
            "invalid value for IntOrString: invalid type: string is not a percentage".to_owned()
        })
    };
    if let Some(max) = &budget.spec.max_unavailable {
        let (scale, unmanaged) = expected_scale(server, pods)?;
        let healthy = (scale - part(max, scale)?).max(0);
        return Ok(Expected { pods: scale, healthy, unmanaged });
    }
    match &budget.spec.min_available {
        Some(IntOrString::Int(n)) => {
            Ok(Expected { pods: pods.len() as i32, healthy: small(*n), unmanaged: false })
        }
        Some(min) => {
            let (scale, unmanaged) = expected_scale(server, pods)?;
            Ok(Expected { pods: scale, healthy: part(min, scale)?, unmanaged })
        }
        None => Ok(Expected { pods: 0, healthy: 0, unmanaged: false }),
    }
}

/// The sum of the scales of all controllers of the pods. Upstream: getExpectedScale.
fn expected_scale(server: &Server, pods: &[Rc<Object>]) -> Result<(i32, bool), String> {
    let mut scales: OrdMap<Str, i64> = OrdMap::new();
    let mut unmanaged = false;
    for pod in pods {
        let meta = pod.meta();
        let Some(owner) = meta.controller() else {
            unmanaged = true;
            continue;
        };
        if scales.contains_key(&owner.uid) {
            continue;
        }
        let key = Key::new(pod.key.ns.clone(), owner.name.clone());
        let found = match owner.kind.as_str() {
            "ReplicaSet" => scale_of(server, &REPLICA_SET, &key, &owner.uid),
            "StatefulSet" => scale_of(server, &STATEFUL_SET, &key, &owner.uid),
            _ => None,
        };
        let Some((uid, scale)) = found else {
            return Err(format!("found no controllers for pod {:?}", pod.name().as_str()));
        };
        scales.insert(uid, scale);
        scales.entry(owner.uid.clone()).or_insert(0);
    }
    Ok((small(scales.values().sum()), unmanaged))
}

/// The scale of a workload, or of the Deployment above a ReplicaSet.
/// Upstream: getPodReplicaSet, getPodDeployment, getPodStatefulSet.
fn scale_of(server: &Server, kind: KindRef, key: &Key, uid: &str) -> Option<(Str, i64)> {
    let object = server.get(kind, key).filter(|object| object.uid() == uid)?;
    let replicas = |object: &Object| object.at(&["spec", "replicas"]).as_i64().unwrap_or(1);
    if let Some(owner) = object.meta().controller() {
        let key = Key::new(key.ns.clone(), owner.name.clone());
        let above = server.get(&DEPLOYMENT, &key).filter(|d| owner.uid == d.uid())?;
        return Some((above.uid().into(), replicas(above)));
    }
    Some((object.uid().into(), replicas(object)))
}

/// The pods that were evicted and have not begun their deletion yet, and when to look at them again.
/// Upstream: buildDisruptedPodMap.
fn still_disrupted(
    budget: &PodDisruptionBudget,
    pods: &[Rc<Object>],
    now: Time,
) -> (OrdMap<Str, Time>, Option<Span>) {
    let mut disrupted = OrdMap::new();
    let mut recheck: Option<Span> = None;
    for pod in pods.iter().filter(|pod| !pod.is_deleting()) {
        let Some(at) = budget.status.disrupted_pods.get(pod.name()) else { continue };
        let until = *at + DELETION_TIMEOUT;
        if until >= now {
            let left = until - now;
            recheck = Some(recheck.map_or(left, |span| span.min(left)));
            disrupted.insert(pod.name().clone(), *at);
        }
    }
    (disrupted, recheck)
}

/// Upstream: countHealthyPods.
fn healthy(pods: &[Rc<Object>], disrupted: &OrdMap<Str, Time>, now: Time) -> i32 {
    let counts = |pod: &&Rc<Object>| {
        let leaving = disrupted.get(pod.name()).is_some_and(|at| *at + DELETION_TIMEOUT > now);
        !pod.is_deleting() && !leaving && pod.view::<Pod>().is_ready()
    };
    pods.iter().filter(counts).count() as i32
}

/// Upstream: updatePdbStatus.
fn new_status(
    budget: &PodDisruptionBudget,
    healthy: i32,
    counted: Expected,
    disrupted_pods: OrdMap<Str, Time>,
) -> PodDisruptionBudgetStatus {
    let spare = healthy - counted.healthy;
    PodDisruptionBudgetStatus {
        observed_generation: budget.meta.generation,
        disrupted_pods,
        disruptions_allowed: if counted.pods <= 0 { 0 } else { spare.max(0) },
        current_healthy: healthy,
        desired_healthy: counted.healthy,
        expected_pods: counted.pods,
        conditions: budget.status.conditions.clone(),
    }
}

fn write(
    cx: &mut Ctx,
    object: &Object,
    budget: &PodDisruptionBudget,
    status: &PodDisruptionBudgetStatus,
) -> Result<(), Status> {
    let (state, reason) = if status.disruptions_allowed > 0 {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    let current = |c: &Value| {
        c.get("type").text() == CONDITION
            && c.get("status").text() == state
            && c.get("reason").text() == reason
    };
    if *status == budget.status && status.conditions.iter().any(current) {
        return Ok(());
    }
    let why = format!(
        "PodDisruptionBudget {} counted its pods: {} healthy of {} expected, {} must be, so {} may be evicted.",
        object.name(),
        status.current_healthy,
        status.expected_pods,
        status.desired_healthy,
        status.disruptions_allowed
    );
    let now = cx.now();
    let disrupted: crate::base::value::Map =
        status.disrupted_pods.iter().map(|(name, at)| (name.clone(), Value::from(*at))).collect();
    cx.modify(&POD_DISRUPTION_BUDGET, &object.key, Part::Status, why, |budget| {
        let own = budget.entry("status");
        own.set("observedGeneration", status.observed_generation);
        own.set("disruptionsAllowed", status.disruptions_allowed);
        own.set("currentHealthy", status.current_healthy);
        own.set("desiredHealthy", status.desired_healthy);
        own.set("expectedPods", status.expected_pods);
        own.set("disruptedPods", Value::from(disrupted));
        set_condition(own, state, reason, "", status.observed_generation, now);
    })?;
    Ok(())
}

const CONDITION: &str = "DisruptionAllowed";

/// Upstream: staging/src/k8s.io/apimachinery/pkg/api/meta/conditions.go, SetStatusCondition.
fn set_condition(
    status: &mut Value,
    state: &str,
    reason: &str,
    message: &str,
    generation: i64,
    now: Time,
) {
    let conditions = status.entry("conditions").make_array();
    let old = conditions.iter_mut().find(|c| c.get("type").text() == CONDITION);
    let since = match &old {
        Some(old) if old.get("status").text() == state => old.get("lastTransitionTime").clone(),
        _ => Value::from(now),
    };
    let condition = value!({
        "type": CONDITION,
        "status": state,
        "observedGeneration": generation,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    });
    match old {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
}

/// Nothing may be evicted while the pods cannot be counted. Upstream: failSafe.
fn fail_safe(cx: &mut Ctx, object: &Object, failure: &str) -> Result<(), Status> {
    let why = format!(
        "The pods of PodDisruptionBudget {} cannot be counted, so none may be evicted: {failure}.",
        object.name()
    );
    let now = cx.now();
    cx.modify(&POD_DISRUPTION_BUDGET, &object.key, Part::Status, why, |budget| {
        let own = budget.entry("status");
        let generation = own.get("observedGeneration").as_i64().unwrap_or(0);
        own.set("disruptionsAllowed", 0);
        set_condition(own, "False", "SyncFailed", failure, generation, now);
    })?;
    Ok(())
}
