//! Keeps pods off nodes that have not enough left, and prefers nodes with more left.
//! Upstream: pkg/scheduler/framework/plugins/noderesources/fit.go and least_allocated.go.

use std::borrow::Cow;

use crate::api::scheduling::Resources;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{Happening, MAX_SCORE, Plugin, Rejection};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 1,
    filter: Some(|cycle, node| fits(&cycle.pod.requests, node)),
    score: Some(|cycle, node| {
        let (node, asked) = (&cycle.cache.nodes[node], cycle.pod.scored);
        let cpu = left(node.scored.0 + asked.0, node.allocatable.milli_cpu);
        let memory = left(node.scored.1 + asked.1, node.allocatable.memory);
        let known: Vec<i64> = [cpu, memory].into_iter().flatten().collect();
        known.iter().sum::<i64>() / (known.len().max(1) as i64)
    }),
    wakes: |what, pod, _| match what {
        Happening::PodGone(_) => true,
        Happening::NodeAdded(node) => fits_empty(&pod.requests, node),
        Happening::NodeChanged(old, new) => {
            fits_empty(&pod.requests, new) && grew(&pod.requests, old, new)
        }
        _ => false,
    },
    ..Plugin::new("NodeResourcesFit")
};

/// What would be left of a resource, in percent; `None` when the node has none of it.
fn left(requested: i64, capacity: i64) -> Option<i64> {
    (capacity > 0).then(|| (capacity - requested).max(0) * MAX_SCORE / capacity)
}

/// Upstream: fitsRequest.
fn fits(asked: &Resources, node: &NodeInfo) -> Result<(), Rejection> {
    let mut reasons: Vec<Cow<'static, str>> = Vec::new();
    let mut unresolvable = false;
    let mut check = |name: &str, asked: i64, used: i64, capacity: i64| {
        if asked > 0 && asked > capacity - used {
            reasons.push(match name {
                "cpu" => Cow::Borrowed("Insufficient cpu"),
                "memory" => Cow::Borrowed("Insufficient memory"),
                other => Cow::Owned(format!("Insufficient {other}")),
            });
            unresolvable |= asked > capacity;
        }
    };
    let (used, has) = (&node.requested, &node.allocatable);
    check("cpu", asked.milli_cpu, used.milli_cpu, has.milli_cpu);
    check("memory", asked.memory, used.memory, has.memory);
    check("ephemeral-storage", asked.ephemeral, used.ephemeral, has.ephemeral);
    for (name, amount) in &asked.other {
        check(name, *amount, used.other(name), has.other(name));
    }
    if node.pods.len() as i64 + 1 > node.allowed_pods {
        reasons.insert(0, Cow::Borrowed("Too many pods"));
    }
    if reasons.is_empty() { Ok(()) } else { Err(Rejection { reasons, unresolvable }) }
}

fn fits_empty(asked: &Resources, node: &NodeInfo) -> bool {
    let has = &node.allocatable;
    node.allowed_pods > 0
        && asked.milli_cpu <= has.milli_cpu
        && asked.memory <= has.memory
        && asked.ephemeral <= has.ephemeral
        && asked.other.iter().all(|(name, amount)| *amount <= has.other(name))
}

/// Whether a node offers more of what is asked for than before. Upstream: haveAnyRequestedResourcesIncreased.
fn grew(asked: &Resources, old: &NodeInfo, new: &NodeInfo) -> bool {
    let (was, is) = (&old.allocatable, &new.allocatable);
    new.allowed_pods > old.allowed_pods
        || asked.milli_cpu > 0 && is.milli_cpu > was.milli_cpu
        || asked.memory > 0 && is.memory > was.memory
        || asked.ephemeral > 0 && is.ephemeral > was.ephemeral
        || asked.other.iter().any(|(name, n)| *n > 0 && is.other(name) > was.other(name))
}
