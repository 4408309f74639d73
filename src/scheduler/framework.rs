//! What plugins are and how an attempt runs them.
//! Upstream: pkg/scheduler/framework/runtime/framework.go and staging/src/k8s.io/kube-scheduler/framework.

use crate::base::ordered::{OrdMap, OrdSet};
use crate::base::sort::InOrder;
use std::borrow::Cow;
use std::rc::Rc;

use crate::api::{Key, Object};
use crate::base::value::Str;
use crate::scheduler::cache::{Cache, NodeInfo, PodInfo};
use crate::scheduler::plugins::{self, inter_pod_affinity, pod_topology_spread, volume_binding};
use crate::server::Server;

/// The highest score of one plugin for one node.
pub const MAX_SCORE: i64 = 100;

/// Whether a node can take the pod.
pub type Filter = fn(&Cycle, &NodeInfo) -> Result<(), Rejection>;
/// Brings scores into 0–100. The indexes are those of the scored nodes.
pub type Normalise = fn(&Cycle, &[usize], &mut [i64]);

/// A rule of the scheduler. One per file in `plugins`.
pub struct Plugin {
    /// Upstream's name: `NodeResourcesFit`.
    pub name: &'static str,
    /// How much its score counts.
    pub weight: i64,
    /// Why a pod must not be tried yet.
    pub gate: Option<fn(&PodInfo) -> Option<String>>,
    /// Looks at the pod (and all nodes) once per attempt.
    pub pre_filter: Option<fn(&mut Cycle) -> PreFilter>,
    /// Whether a node can take the pod.
    pub filter: Option<Filter>,
    /// Prepares scoring; false: no score from this plugin.
    pub pre_score: Option<fn(&mut Cycle, &[usize]) -> bool>,
    /// How well a node suits the pod.
    pub score: Option<fn(&Cycle, usize) -> i64>,
    /// Brings scores into 0–100. The indexes are those of the scored nodes.
    pub normalise: Option<Normalise>,
    /// What else could be done when no node fits.
    pub post_filter: Option<fn(&Cycle, &Diagnosis) -> PostFilter>,
    /// Whether something that happened may make a pod schedulable that this plugin rejected.
    pub wakes: fn(&Happening, &PodInfo, &Server) -> bool,
}

impl Plugin {
    /// A plugin that does nothing, to be filled in.
    pub const fn new(name: &'static str) -> Plugin {
        Plugin {
            name,
            weight: 0,
            gate: None,
            pre_filter: None,
            filter: None,
            pre_score: None,
            score: None,
            normalise: None,
            post_filter: None,
            wakes: |_, _, _| false,
        }
    }
}

/// A node's refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Upstream's words, one or more.
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether removing other pods could not help.
    pub unresolvable: bool,
}

impl Rejection {
    /// A refusal that removing other pods might lift.
    pub fn resolvable(reason: &'static str) -> Rejection {
        Rejection { reasons: vec![Cow::Borrowed(reason)], unresolvable: false }
    }

    /// A refusal that removing other pods cannot lift.
    pub fn unresolvable(reason: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection { reasons: vec![reason.into()], unresolvable: true }
    }
}

/// What a plugin says before nodes are looked at.
#[derive(Debug, PartialEq)]
pub enum PreFilter {
    /// Its filter has work to do.
    Filter,
    /// Its filter has nothing to do for this pod.
    Skip,
    /// Only these nodes come into question.
    Only(OrdSet<Str>),
    /// No node comes into question.
    Reject(Rejection),
}

/// What could be done when no node fits.
pub enum PostFilter {
    /// Nothing: upstream's words.
    Helpless(String),
    /// These pods on this node have to go.
    Evict(Str, Vec<Rc<PodInfo>>),
}

/// Something that happened and may matter to unschedulable pods.
/// Upstream: pkg/scheduler/framework/events.go.
pub enum Happening {
    /// A pod came onto a node.
    PodAdded(Rc<PodInfo>),
    /// A pod on a node changed.
    PodChanged(Rc<PodInfo>, Rc<PodInfo>),
    /// A pod left its node.
    PodGone(Rc<PodInfo>),
    /// The waiting pod's own labels, tolerations or gates changed.
    Itself(Str),
    /// A node came.
    NodeAdded(Rc<NodeInfo>),
    /// A node changed: before, after.
    NodeChanged(Rc<NodeInfo>, Rc<NodeInfo>),
    /// A node went.
    NodeGone,
    /// A claim came or changed.
    Claim(Key),
    /// A volume came or changed.
    Volume,
    /// A storage class came or changed.
    Class,
}

/// One attempt to find a node for a pod.
pub struct Cycle<'a> {
    /// The pod.
    pub pod: Rc<PodInfo>,
    /// Nodes and pods.
    pub cache: &'a mut Cache,
    /// The API server, to be read.
    pub server: &'a Server,
    /// What plugins noted.
    pub state: State,
}

/// What plugins note during an attempt.
#[derive(Clone, Default)]
pub struct State {
    /// Plugins whose filter has nothing to do.
    pub skip: Vec<&'static str>,
    /// Constraints that must hold.
    pub spread: pod_topology_spread::Hard,
    /// Constraints that count.
    pub spread_score: pod_topology_spread::Soft,
    /// Places near which the pod must or must not be.
    pub affinity: inter_pod_affinity::Places,
    /// What places are worth.
    pub affinity_score: OrdMap<(Str, Str), i64>,
    /// The pod's claims.
    pub volumes: volume_binding::Claims,
    /// Whether one of the pod's claims allows only one pod and has it.
    pub claim_in_use: bool,
}

/// Why no node was found.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// The refusals: node, plugin, reasons.
    pub refusals: Vec<(usize, &'static str, Rejection)>,
    /// The refusal of nodes that are not among them.
    pub absent: Option<Rejection>,
    /// What was said before nodes were looked at.
    pub pre_filter: Option<String>,
    /// The plugins that refused.
    pub plugins: OrdSet<&'static str>,
    /// What preemption said.
    pub post_filter: String,
}

impl Diagnosis {
    /// Upstream's sentence. Upstream: pkg/scheduler/framework/types.go, FitError.Error.
    pub fn message(&self, nodes: usize) -> String {
        let mut text = format!("0/{nodes} nodes are available:");
        if let Some(reason) = &self.pre_filter {
            text += &[" ", reason, "."].concat();
        } else {
            let reasons = self.histogram(nodes);
            if !reasons.is_empty() {
                text += &[" ", &reasons.join(", "), "."].concat();
            }
        }
        if !self.post_filter.is_empty() {
            text.push(' ');
            text.push_str(&self.post_filter);
        }
        text
    }

    /// How many nodes gave each reason, as `4 Insufficient cpu`, sorted.
    pub fn histogram(&self, nodes: usize) -> Vec<String> {
        let mut counts: OrdMap<&str, usize> = OrdMap::new();
        for (_, _, rejection) in &self.refusals {
            for reason in &rejection.reasons {
                *counts.entry(reason).or_default() += 1;
            }
        }
        let others = nodes.saturating_sub(self.refusals.len());
        if let Some(absent) = self.absent.as_ref().filter(|_| others > 0) {
            for reason in &absent.reasons {
                *counts.entry(reason).or_default() += others;
            }
        }
        let mut reasons: Vec<String> = counts.iter().map(|(r, n)| format!("{n} {r}")).collect();
        reasons.order();
        reasons
    }
}

impl Cycle<'_> {
    /// Runs what comes before the filters. `Ok` names the nodes that come into question, `None` for all.
    /// Upstream: RunPreFilterPlugins.
    pub fn pre_filter(
        &mut self,
        diagnosis: &mut Diagnosis,
    ) -> Result<Option<OrdSet<Str>>, Rejection> {
        let mut only: Option<OrdSet<Str>> = None;
        let mut narrowing: Vec<&'static str> = Vec::new();
        for plugin in plugins::ALL {
            let Some(pre_filter) = plugin.pre_filter else { continue };
            match pre_filter(self) {
                PreFilter::Filter => {}
                PreFilter::Skip => self.state.skip.push(plugin.name),
                PreFilter::Only(names) => {
                    narrowing.push(plugin.name);
                    let rest = match only.take() {
                        None => names,
                        Some(before) => before.intersection(&names).cloned().collect(),
                    };
                    if rest.is_empty() {
                        diagnosis.plugins.extend(narrowing.iter().copied());
                        let reason = match narrowing.as_slice() {
                            [one] => format!("node(s) didn't satisfy plugin {one}"),
                            many => format!(
                                "node(s) didn't satisfy plugin(s) [{}] simultaneously",
                                many.join(" ")
                            ),
                        };
                        return Err(Rejection::unresolvable(reason));
                    }
                    only = Some(rest);
                }
                PreFilter::Reject(rejection) => {
                    diagnosis.plugins.insert(plugin.name);
                    return Err(rejection);
                }
            }
        }
        if only.is_some() {
            diagnosis.plugins.extend(narrowing.iter().copied());
            let reason = format!("node(s) didn't satisfy plugin(s) [{}]", narrowing.join(" "));
            diagnosis.absent = Some(Rejection::unresolvable(reason));
        }
        Ok(only)
    }

    /// The first refusal of a node, if any. Upstream: RunFilterPlugins.
    pub fn filter(&self, node: &NodeInfo) -> Result<(), (&'static str, Rejection)> {
        for plugin in plugins::ALL {
            let Some(filter) = plugin.filter else { continue };
            if self.state.skip.contains(&plugin.name) {
                continue;
            }
            filter(self, node).map_err(|rejection| (plugin.name, rejection))?;
        }
        Ok(())
    }

    /// The same, with and without the pods of at least this priority that a preemption made room for.
    /// Upstream: RunFilterPluginsWithNominatedPods.
    pub fn filter_with_nominated(&self, node: &NodeInfo) -> Result<(), (&'static str, Rejection)> {
        let nominated = self.cache.nominated.values().filter(|(at, pod)| {
            *at == node.name && pod.uid != self.pod.uid && pod.priority >= self.pod.priority
        });
        let mut fuller: Option<NodeInfo> = None;
        for (_, pod) in nominated {
            fuller.get_or_insert_with(|| node.clone()).add(pod.clone());
        }
        if let Some(fuller) = fuller {
            self.filter(&fuller)?;
        }
        self.filter(node)
    }

    /// What could be done when no node fits. Upstream: RunPostFilterPlugins.
    pub fn post_filter(&self, diagnosis: &Diagnosis) -> PostFilter {
        let mut words = Vec::new();
        for post_filter in plugins::ALL.iter().filter_map(|plugin| plugin.post_filter) {
            match post_filter(self, diagnosis) {
                PostFilter::Helpless(why) => words.push(why),
                evict @ PostFilter::Evict(..) => return evict,
            }
        }
        PostFilter::Helpless(words.join(", "))
    }

    /// Scores nodes: per plugin in the order of [`scorers`], weighted. Upstream: RunScorePlugins.
    pub fn score(&mut self, nodes: &[usize]) -> Vec<Vec<i64>> {
        let mut columns = Vec::new();
        for plugin in scorers() {
            let Some(score) = plugin.score else { continue };
            if plugin.pre_score.is_some_and(|pre_score| !pre_score(self, nodes)) {
                columns.push(vec![0; nodes.len()]);
                continue;
            }
            let mut column: Vec<i64> = nodes.iter().map(|node| score(self, *node)).collect();
            if let Some(normalise) = plugin.normalise {
                normalise(self, nodes, &mut column);
            }
            for score in &mut column {
                *score *= plugin.weight;
            }
            columns.push(column);
        }
        columns
    }

    /// A claim of the pod's namespace.
    pub fn claim(&self, name: &str) -> Option<&Rc<Object>> {
        let key = Key::new(self.pod.key.ns.clone(), name);
        self.server.get(&crate::api::kinds::PERSISTENT_VOLUME_CLAIM, &key)
    }
}

/// The plugins that score.
pub fn scorers() -> impl Iterator<Item = &'static Plugin> {
    plugins::ALL.iter().copied().filter(|plugin| plugin.score.is_some())
}

/// Stretches scores so that the highest becomes 100; `reverse`: the lowest is best.
/// Upstream: plugins/helper/normalize_score.go, DefaultNormalizeScore.
pub fn normalise_to_highest(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        if highest > 0 {
            *score = MAX_SCORE * *score / highest;
        }
        if reverse {
            *score = MAX_SCORE - *score;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_upstreams() {
        let taint = Rejection::unresolvable("node(s) had untolerated taint(s)");
        let cpu = Rejection::resolvable("Insufficient cpu");
        let mut diagnosis = Diagnosis { post_filter: "p".to_owned(), ..Diagnosis::default() };
        diagnosis.refusals =
            vec![(0, "TaintToleration", taint), (1, "F", cpu.clone()), (2, "F", cpu)];
        assert_eq!(
            diagnosis.message(3),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. p"
        );
        diagnosis.pre_filter = Some("pod has unbound immediate PersistentVolumeClaims".to_owned());
        assert_eq!(
            diagnosis.message(3),
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. p"
        );
    }

    #[test]
    fn scores_are_stretched() {
        let mut scores = [0, 2, 4];
        normalise_to_highest(&mut scores, true);
        assert_eq!(scores, [100, 50, 0]);
        let mut zero = [0, 0];
        normalise_to_highest(&mut zero, true);
        assert_eq!(zero, [100, 100]);
    }
}
