//! Keeps pods near or apart from other pods, as their rules ask.
//! Upstream: pkg/scheduler/framework/plugins/interpodaffinity.

use crate::base::ordered::OrdMap;

use crate::base::value::Str;
use crate::scheduler::cache::{NodeInfo, PodInfo, Term, all_match};
use crate::scheduler::framework::{Cycle, Happening, MAX_SCORE, Plugin, PreFilter, Rejection};
use crate::server::Server;

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 2,
    pre_filter: Some(pre_filter),
    filter: Some(filter),
    pre_score: Some(pre_score),
    score: Some(|cycle, node| {
        let node = &cycle.cache.nodes[node];
        let places = &cycle.state.affinity_score;
        places.iter().filter(|(place, _)| is_in(node, place)).map(|(_, score)| score).sum()
    }),
    normalise: Some(|_, _, scores| {
        let lowest = scores.iter().copied().min().unwrap_or(0);
        let width = scores.iter().copied().max().unwrap_or(0) - lowest;
        for score in scores {
            *score = if width > 0 {
                (MAX_SCORE as f64 * ((*score - lowest) as f64 / width as f64)) as i64
            } else {
                0
            };
        }
    }),
    wakes,
    ..Plugin::new("InterPodAffinity")
};

/// The weight of other pods' hard rules about this pod. Upstream: HardPodAffinityWeight.
const HARD_WEIGHT: i64 = 1;

/// A place: a node label and its value.
type Place = (Str, Str);

/// How many pods count for or against a place.
#[derive(Clone, Default)]
pub struct Places {
    /// Pods near which the pod must be.
    near: OrdMap<Place, i64>,
    /// Pods from which the pod must be apart.
    apart: OrdMap<Place, i64>,
    /// Pods that must be apart from this pod.
    refused: OrdMap<Place, i64>,
}

fn place(node: &NodeInfo, key: &Str) -> Option<Place> {
    node.label(key).map(|value| (key.clone(), value.clone()))
}

fn is_in(node: &NodeInfo, place: &Place) -> bool {
    node.label(&place.0) == Some(&place.1)
}

fn count(places: &mut OrdMap<Place, i64>, node: &NodeInfo, key: &Str, by: i64) {
    if let Some(place) = place(node, key) {
        *places.entry(place).or_insert(0) += by;
    }
}

/// Upstream: filtering.go, PreFilter.
fn pre_filter(cycle: &mut Cycle) -> PreFilter {
    let mut places = Places::default();
    let (pod, server) = (&cycle.pod, cycle.server);
    let has_rules = !pod.near().is_empty() || !pod.apart().is_empty();
    for node in &cycle.cache.nodes {
        if node.with_apart > 0 {
            for other in node.pods.values() {
                for term in other.apart().iter().filter(|term| term.matches(&pod.pod, server)) {
                    count(&mut places.refused, node, &term.topology_key, 1);
                }
            }
        }
        if has_rules {
            for other in node.pods.values() {
                if all_match(pod.near(), &other.pod, server) {
                    for term in pod.near() {
                        count(&mut places.near, node, &term.topology_key, 1);
                    }
                }
                for term in pod.apart().iter().filter(|term| term.matches(&other.pod, server)) {
                    count(&mut places.apart, node, &term.topology_key, 1);
                }
            }
        }
    }
    if places.refused.is_empty() && !has_rules {
        return PreFilter::Skip;
    }
    cycle.state.affinity = places;
    PreFilter::Filter
}

/// Upstream: filtering.go, Filter.
fn filter(cycle: &Cycle, node: &NodeInfo) -> Result<(), Rejection> {
    let places = &cycle.state.affinity;
    if !near_enough(cycle, node) {
        return Err(Rejection::unresolvable("node(s) didn't match pod affinity rules"));
    }
    let too_near = |term: &Term| {
        place(node, &term.topology_key).is_some_and(|place| places.apart.contains_key(&place))
    };
    if cycle.pod.apart().iter().any(too_near) {
        return Err(Rejection::resolvable("node(s) didn't match pod anti-affinity rules"));
    }
    if places.refused.keys().any(|place| is_in(node, place)) {
        return Err(Rejection::resolvable(
            "node(s) didn't satisfy existing pods anti-affinity rules",
        ));
    }
    Ok(())
}

/// Upstream: satisfyPodAffinity. The first pod of a group that wants to be near itself may go anywhere.
fn near_enough(cycle: &Cycle, node: &NodeInfo) -> bool {
    let (pod, places) = (&cycle.pod, &cycle.state.affinity);
    let mut pods_exist = true;
    for term in pod.near() {
        match place(node, &term.topology_key) {
            Some(place) => pods_exist &= places.near.contains_key(&place),
            None => return false,
        }
    }
    pods_exist || places.near.is_empty() && all_match(pod.near(), &pod.pod, cycle.server)
}

/// Upstream: scoring.go, PreScore.
fn pre_score(cycle: &mut Cycle, _: &[usize]) -> bool {
    let mut places = OrdMap::new();
    let (pod, server) = (cycle.pod.clone(), cycle.server);
    let wishes = pod.affinity.as_ref();
    let has_wishes =
        wishes.is_some_and(|a| !a.rather_near.is_empty() || !a.rather_apart.is_empty());
    for node in &cycle.cache.nodes {
        if !has_wishes && node.with_affinity == 0 {
            continue;
        }
        for other in node.pods.values() {
            let own = wishes.into_iter().flat_map(|a| {
                let near = a.rather_near.iter().map(|(weight, term)| (*weight, term));
                near.chain(a.rather_apart.iter().map(|(weight, term)| (-*weight, term)))
            });
            for (weight, term) in own.filter(|(_, term)| term.matches(&other.pod, server)) {
                count(&mut places, node, &term.topology_key, weight);
            }
            let Some(theirs) = &other.affinity else { continue };
            let near = theirs.rather_near.iter().map(|(weight, term)| (*weight, term));
            let apart = theirs.rather_apart.iter().map(|(weight, term)| (-*weight, term));
            let hard = theirs.near.iter().map(|term| (HARD_WEIGHT, term));
            for (weight, term) in near.chain(apart).chain(hard) {
                if term.matches(&pod.pod, server) {
                    count(&mut places, node, &term.topology_key, weight);
                }
            }
        }
    }
    cycle.state.affinity_score = places;
    !cycle.state.affinity_score.is_empty()
}

/// Upstream: plugin.go, isSchedulableAfterPodChange and isSchedulableAfterNodeChange.
fn wakes(what: &Happening, pod: &PodInfo, server: &Server) -> bool {
    let (near, apart) = (pod.near(), pod.apart());
    match what {
        Happening::PodAdded(other) => all_match(near, &other.pod, server),
        Happening::PodGone(other) => {
            all_match(apart, &other.pod, server) || all_match(other.apart(), &pod.pod, server)
        }
        Happening::PodChanged(old, new) => {
            if old.pod.meta.labels == new.pod.meta.labels {
                return false;
            }
            let (was, is) = (&old.pod, &new.pod);
            !all_match(near, was, server) && all_match(near, is, server)
                || all_match(apart, was, server) && !all_match(apart, is, server)
        }
        Happening::Itself(uid) => *uid == pod.uid,
        Happening::NodeAdded(node) => {
            !apart.is_empty() || near.iter().any(|t| node.label(&t.topology_key).is_some())
        }
        Happening::NodeChanged(old, new) => {
            let differs = |t: &Term| old.label(&t.topology_key) != new.label(&t.topology_key);
            near.iter().any(|t| differs(t) && new.label(&t.topology_key).is_some())
                || apart.iter().any(|t| differs(t) && old.label(&t.topology_key).is_some())
        }
        _ => false,
    }
}
