//! Spreads pods of a kind evenly over places.
//! Upstream: pkg/scheduler/framework/plugins/podtopologyspread.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::kinds::pod::{Pod, TopologySpreadConstraint};
use crate::api::kinds::service::Service;
use crate::api::kinds::{SERVICE, by_gvk};
use crate::api::scheduling::{node_allowed, untolerated_taint};
use crate::api::selector::{Operator, Requirement};
use crate::api::{Key, LabelSelector, Selector};
use crate::base::value::Str;
use crate::base::view::FromValue;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{Cycle, Happening, MAX_SCORE, Plugin, PreFilter, Rejection};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 2,
    pre_filter: Some(pre_filter),
    filter: Some(filter),
    pre_score: Some(pre_score),
    score: Some(score),
    normalise: Some(normalise),
    wakes: |what, pod, _| {
        let constraints = || constraints_of(&pod.pod, "DoNotSchedule");
        let concerns = |other: &Pod| {
            other.meta.namespace == pod.key.ns
                && constraints().iter().any(|c| c.selector.matches(&other.meta.labels))
        };
        let keys = |node: &NodeInfo| has_all_keys(node, &constraints());
        match what {
            Happening::PodAdded(other) | Happening::PodGone(other) => concerns(&other.pod),
            Happening::PodChanged(old, new) => {
                old.pod.meta.labels != new.pod.meta.labels
                    && (concerns(&old.pod) || concerns(&new.pod))
            }
            Happening::Itself(uid) => *uid == pod.uid,
            Happening::NodeAdded(node) => keys(node),
            Happening::NodeChanged(old, new) => {
                old.node.meta.labels != new.node.meta.labels && (keys(old) || keys(new))
                    || old.node.spec.taints != new.node.spec.taints
            }
            Happening::NodeGone => true,
            _ => false,
        }
    },
    ..Plugin::new("PodTopologySpread")
};

/// A constraint, compiled.
#[derive(Clone)]
struct Constraint {
    max_skew: i64,
    key: Str,
    selector: Selector,
    min_domains: i64,
    honours_affinity: bool,
    honours_taints: bool,
}

impl Constraint {
    fn new(constraint: &TopologySpreadConstraint, pod: &Pod) -> Option<Constraint> {
        let mut selector = match &constraint.label_selector {
            Some(selector) => selector.compile().ok()?,
            None => return None,
        };
        for key in &constraint.match_label_keys {
            if let Some(value) = pod.meta.labels.get(key) {
                let operator = Operator::Equals;
                let values = vec![value.clone()];
                selector.requirements.push(Requirement { key: key.clone(), operator, values });
            }
        }
        Some(Constraint {
            max_skew: i64::from(constraint.max_skew),
            key: constraint.topology_key.clone(),
            selector,
            min_domains: i64::from(constraint.min_domains.unwrap_or(1)),
            honours_affinity: constraint.node_affinity_policy.as_ref().is_none_or(|p| p == "Honor"),
            honours_taints: constraint.node_taints_policy.as_ref().is_some_and(|p| p == "Honor"),
        })
    }

    /// Upstream: matchNodeInclusionPolicies.
    fn counts_on(&self, pod: &Pod, node: &NodeInfo) -> bool {
        let spec = &pod.spec;
        (!self.honours_affinity || node_allowed(spec, &node.node))
            && (!self.honours_taints
                || untolerated_taint(&node.node.spec.taints, &spec.tolerations).is_none())
    }
}

fn constraints_of(pod: &Pod, when: &str) -> Vec<Constraint> {
    let all = pod.spec.topology_spread_constraints.iter();
    all.filter(|c| c.when_unsatisfiable == when).filter_map(|c| Constraint::new(c, pod)).collect()
}

fn has_all_keys(node: &NodeInfo, constraints: &[Constraint]) -> bool {
    constraints.iter().all(|constraint| node.label(&constraint.key).is_some())
}

/// Constraints that must hold, with the pods in each place.
#[derive(Clone, Default)]
pub struct Hard {
    constraints: Vec<(Constraint, OrdMap<Str, i64>)>,
}

/// Upstream: filtering.go, calPreFilterState.
fn pre_filter(cycle: &mut Cycle) -> PreFilter {
    let pod = cycle.pod.clone();
    let constraints = constraints_of(&pod.pod, "DoNotSchedule");
    if constraints.is_empty() {
        return PreFilter::Skip;
    }
    let counts: Vec<Rc<Vec<i64>>> =
        constraints.iter().map(|c| cycle.cache.count(&pod.key.ns, &c.selector)).collect();
    let mut places = vec![OrdMap::new(); constraints.len()];
    for (at, node) in cycle.cache.nodes.iter().enumerate() {
        if !has_all_keys(node, &constraints) {
            continue;
        }
        for (i, constraint) in constraints.iter().enumerate() {
            if let Some(place) = node.label(&constraint.key)
                && constraint.counts_on(&pod.pod, node)
            {
                *places[i].entry(place.clone()).or_insert(0) += counts[i][at];
            }
        }
    }
    cycle.state.spread = Hard { constraints: constraints.into_iter().zip(places).collect() };
    PreFilter::Filter
}

/// Upstream: filtering.go, Filter.
fn filter(cycle: &Cycle, node: &NodeInfo) -> Result<(), Rejection> {
    for (constraint, places) in &cycle.state.spread.constraints {
        let Some(place) = node.label(&constraint.key) else {
            return Err(Rejection::unresolvable(
                "node(s) didn't match pod topology spread constraints (missing required label)",
            ));
        };
        let enough_domains = places.len() as i64 >= constraint.min_domains;
        let least = if enough_domains {
            places.values().copied().min().unwrap_or(i64::from(i32::MAX))
        } else {
            0
        };
        let itself = i64::from(constraint.selector.matches(&cycle.pod.pod.meta.labels));
        let here = places.get(place).copied().unwrap_or(0);
        if here + itself - least > constraint.max_skew {
            return Err(Rejection::resolvable(
                "node(s) didn't match pod topology spread constraints",
            ));
        }
    }
    Ok(())
}

/// Constraints that count, with the pods in each place.
#[derive(Clone, Default)]
pub struct Soft {
    constraints: Vec<SoftConstraint>,
    /// Nodes that lack a place, by index.
    ignored: Vec<usize>,
}

#[derive(Clone)]
struct SoftConstraint {
    constraint: Constraint,
    weight: f64,
    per_node: Rc<Vec<i64>>,
    places: OrdMap<Str, i64>,
}

/// The pod's own constraints, or the cluster's for pods of a Service or workload.
fn soft_constraints(cycle: &Cycle) -> Vec<Constraint> {
    let pod = &cycle.pod.pod;
    if !pod.spec.topology_spread_constraints.is_empty() {
        return constraints_of(pod, "ScheduleAnyway");
    }
    let selector = default_selector(cycle);
    if selector.is_empty() {
        return Vec::new();
    }
    let default = |key: &str, max_skew| Constraint {
        max_skew,
        key: key.into(),
        selector: selector.clone(),
        min_domains: 1,
        honours_affinity: true,
        honours_taints: false,
    };
    vec![default(HOSTNAME, 3), default(ZONE, 5)]
}

/// What the pod's Services and its owner select. Upstream: plugins/helper/spread.go, DefaultSelector.
fn default_selector(cycle: &Cycle) -> Selector {
    let pod = &cycle.pod.pod;
    let mut labels = OrdMap::new();
    for service in cycle.server.list(&SERVICE, &cycle.pod.key.ns) {
        let service = service.view::<Service>();
        let wanted = &service.spec.selector;
        let selects = |(key, value)| pod.meta.labels.get(key) == Some(value);
        if !wanted.is_empty() && wanted.iter().all(selects) {
            labels.extend(wanted.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
    }
    let mut selector = Selector::from_set(&labels);
    if let Some(owner) = pod.meta.controller()
        && matches!(owner.kind.as_str(), "ReplicaSet" | "StatefulSet")
        && let Some(kind) = by_gvk(&owner.api_version, &owner.kind)
        && let Some(object) =
            cycle.server.get(kind, &Key { ns: cycle.pod.key.ns.clone(), name: owner.name.clone() })
        && let Ok(own) = LabelSelector::from_value(object.at(&["spec", "selector"])).compile()
    {
        selector.requirements.extend(own.requirements);
    }
    selector
}

/// Upstream: scoring.go, PreScore.
fn pre_score(cycle: &mut Cycle, nodes: &[usize]) -> bool {
    let constraints = soft_constraints(cycle);
    if constraints.is_empty() {
        return false;
    }
    let pod = cycle.pod.clone();
    let own = !pod.pod.spec.topology_spread_constraints.is_empty();
    let ignored: Vec<usize> = nodes
        .iter()
        .copied()
        .filter(|node| own && !has_all_keys(&cycle.cache.nodes[*node], &constraints))
        .collect();
    let mut soft = Soft { constraints: Vec::new(), ignored };
    for constraint in constraints.iter().cloned() {
        let per_node = cycle.cache.count(&pod.key.ns, &constraint.selector);
        let mut places = OrdMap::new();
        let mut size = nodes.len() - soft.ignored.len();
        if constraint.key != HOSTNAME {
            for node in nodes.iter().filter(|node| !soft.ignored.contains(node)) {
                let place = cycle.cache.nodes[*node].label(&constraint.key);
                places.entry(place.cloned().unwrap_or_default()).or_insert(0);
            }
            size = places.len();
            for (at, node) in cycle.cache.nodes.iter().enumerate() {
                let counted = (!own || has_all_keys(node, &constraints))
                    && constraint.counts_on(&pod.pod, node);
                let place = node.label(&constraint.key).cloned().unwrap_or_default();
                if counted && let Some(count) = places.get_mut(&place) {
                    *count += per_node[at];
                }
            }
        }
        let weight = ((size + 2) as f64).ln();
        soft.constraints.push(SoftConstraint { constraint, weight, per_node, places });
    }
    cycle.state.spread_score = soft;
    true
}

/// Upstream: scoring.go, Score.
fn score(cycle: &Cycle, node: usize) -> i64 {
    let soft = &cycle.state.spread_score;
    if soft.ignored.contains(&node) {
        return 0;
    }
    let mut score = 0.0;
    for SoftConstraint { constraint, weight, per_node, places } in &soft.constraints {
        let Some(place) = cycle.cache.nodes[node].label(&constraint.key) else { continue };
        let count = if constraint.key == HOSTNAME {
            per_node.get(node).copied().unwrap_or(0)
        } else {
            places.get(place).copied().unwrap_or(0)
        };
        score += count as f64 * weight + (constraint.max_skew - 1) as f64;
    }
    score.round() as i64
}

/// Upstream: scoring.go, NormalizeScore.
fn normalise(cycle: &Cycle, nodes: &[usize], scores: &mut [i64]) {
    let ignored = &cycle.state.spread_score.ignored;
    let counted = || nodes.iter().zip(scores.iter()).filter(|(node, _)| !ignored.contains(node));
    let lowest = counted().map(|(_, score)| *score).min().unwrap_or(0);
    let highest = counted().map(|(_, score)| *score).max().unwrap_or(0);
    for (node, score) in nodes.iter().zip(scores.iter_mut()) {
        *score = match highest {
            _ if ignored.contains(node) => 0,
            0 => MAX_SCORE,
            highest => MAX_SCORE * (highest + lowest - *score) / highest,
        };
    }
}
