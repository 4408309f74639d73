//! Makes room for a pod by removing pods of lower priority.
//! Upstream: pkg/scheduler/framework/plugins/defaultpreemption and pkg/scheduler/framework/preemption.
//! Simplified: disruption budgets are not looked at; all candidate nodes are tried.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::cmp::Reverse;
use std::rc::Rc;

use crate::base::time::Time;
use crate::scheduler::cache::{Cache, PodInfo};
use crate::scheduler::framework::{Cycle, Diagnosis, Plugin, PostFilter, Rejection, State};

/// The plugin.
pub static PLUGIN: Plugin =
    Plugin { post_filter: Some(preempt), ..Plugin::new("DefaultPreemption") };

/// Looks for pods whose removal lets the pod onto a node. Upstream: preemption.go, Preempt.
fn preempt(cycle: &Cycle, diagnosis: &Diagnosis) -> PostFilter {
    if let Some(why_not) = ineligible(cycle) {
        return helpless(&why_not);
    }
    let mut candidates = Vec::new();
    let mut refusals = OrdMap::new();
    for (at, _, rejection) in &diagnosis.refusals {
        if rejection.unresolvable {
            continue;
        }
        match victims_on(cycle, *at) {
            Ok(victims) => candidates.push((cycle.cache.nodes[*at].name.clone(), victims)),
            Err(rejection) => {
                refusals.insert(*at, rejection);
            }
        }
    }
    let best = candidates.into_iter().min_by_key(|(_, victims)| cost(victims));
    if let Some((node, victims)) = best {
        return PostFilter::Evict(node, victims);
    }
    let refused = Diagnosis {
        refusals: refusals.into_iter().map(|(at, r)| (at, "DefaultPreemption", r)).collect(),
        absent: Some(Rejection::unresolvable("Preemption is not helpful for scheduling")),
        ..Diagnosis::default()
    };
    helpless(&refused.message(cycle.cache.nodes.len()))
}

/// With the words of dynamic resource allocation in front, which has nothing to add.
fn helpless(why: &str) -> PostFilter {
    PostFilter::Helpless(format!("no new claims to deallocate, preemption: {why}"))
}

/// Upstream: PodEligibleToPreemptOthers.
fn ineligible(cycle: &Cycle) -> Option<String> {
    let pod = &cycle.pod.pod;
    if pod.spec.preemption_policy.as_ref().is_some_and(|policy| policy == "Never") {
        return Some("not eligible due to preemptionPolicy=Never.".to_owned());
    }
    let (node, _) = cycle.cache.nominated.get(&cycle.pod.uid)?;
    let node = &cycle.cache.nodes[cycle.cache.find(node)?];
    let leaving = node.pods.values().any(|other| {
        other.priority < cycle.pod.priority
            && other.pod.meta.is_deleting()
            && other.pod.status.condition("DisruptionTarget").is_some_and(|condition| {
                condition.status == "True" && condition.reason == "PreemptionByScheduler"
            })
    });
    leaving.then(|| "not eligible due to a terminating pod on the nominated node.".to_owned())
}

fn fits(cycle: &Cycle, cache: &mut Cache, at: usize) -> Result<(), Rejection> {
    let node = cache.nodes[at].clone();
    let pod = cycle.pod.clone();
    let mut dry = Cycle { pod, cache, server: cycle.server, state: State::default() };
    dry.pre_filter(&mut Diagnosis::default())?;
    dry.filter_with_nominated(&node).map_err(|(_, rejection)| rejection)
}

/// The fewest, least important pods whose removal makes room. Upstream: SelectVictimsOnNode.
fn victims_on(cycle: &Cycle, at: usize) -> Result<Vec<Rc<PodInfo>>, Rejection> {
    let node = cycle.cache.nodes[at].clone();
    let mut lower: Vec<Rc<PodInfo>> =
        node.pods.values().filter(|pod| pod.priority < cycle.pod.priority).cloned().collect();
    if lower.is_empty() {
        return Err(Rejection::unresolvable("No preemption victims found for incoming pod"));
    }
    let mut cache = cycle.cache.clone();
    for pod in &lower {
        cache.remove_pod(&pod.uid);
    }
    fits(cycle, &mut cache, at)?;
    lower.order_by_key(|pod| (Reverse(pod.priority), started(pod)));
    let mut victims = Vec::new();
    for pod in lower {
        cache.set_pod(&node.name, &pod);
        if fits(cycle, &mut cache, at).is_err() {
            cache.remove_pod(&pod.uid);
            victims.push(pod);
        }
    }
    Ok(victims)
}

fn started(pod: &PodInfo) -> Time {
    pod.pod.status.start_time.unwrap_or(Time::NEVER)
}

/// Lower is better: the highest priority, then the sum of priorities, then the number, then the youngest.
/// Upstream: pickOneNodeForPreemption.
fn cost(victims: &[Rc<PodInfo>]) -> (i32, i64, usize, Reverse<Time>) {
    let highest = victims.iter().map(|pod| pod.priority).max().unwrap_or(i32::MIN);
    let sum = victims.iter().map(|pod| i64::from(pod.priority) + (1 << 31)).sum();
    let of_highest = victims.iter().filter(|pod| pod.priority == highest);
    let earliest = of_highest.map(|pod| started(pod)).min().unwrap_or(Time::NEVER);
    (highest, sum, victims.len(), Reverse(earliest))
}
