//! Keeps pods on the nodes that their node selector and node affinity allow, and prefers those they would like.
//! Upstream: pkg/scheduler/framework/plugins/nodeaffinity.

use crate::base::ordered::OrdSet;

use crate::api::kinds::pod::{NodeSelectorTerm, PodSpec};
use crate::api::scheduling::{matches_term, node_allowed};
use crate::base::value::Str;
use crate::scheduler::framework::{Happening, Plugin, PreFilter, Rejection, normalise_to_highest};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 2,
    pre_filter: Some(|cycle| pre_filter(&cycle.pod.pod.spec)),
    filter: Some(|cycle, node| {
        if node_allowed(&cycle.pod.pod.spec, &node.node) {
            Ok(())
        } else {
            Err(Rejection::unresolvable("node(s) didn't match Pod's node affinity/selector"))
        }
    }),
    pre_score: Some(|cycle, _| !cycle.pod.pod.spec.affinity.node_affinity.preferred.is_empty()),
    score: Some(|cycle, node| {
        let node = &cycle.cache.nodes[node];
        let wishes = &cycle.pod.pod.spec.affinity.node_affinity.preferred;
        let granted = wishes.iter().filter(|wish| {
            wish.weight != 0 && matches_term(&wish.preference, &node.node.meta.labels, &node.name)
        });
        granted.map(|wish| i64::from(wish.weight)).sum()
    }),
    normalise: Some(|_, _, scores| normalise_to_highest(scores, false)),
    wakes: |what, pod, _| match what {
        Happening::NodeAdded(node) => node_allowed(&pod.pod.spec, &node.node),
        Happening::NodeChanged(old, new) => {
            node_allowed(&pod.pod.spec, &new.node) && !node_allowed(&pod.pod.spec, &old.node)
        }
        _ => false,
    },
    ..Plugin::new("NodeAffinity")
};

/// Upstream: node_affinity.go, PreFilter.
fn pre_filter(spec: &PodSpec) -> PreFilter {
    let Some(required) = &spec.affinity.node_affinity.required else {
        return if spec.node_selector.is_empty() { PreFilter::Skip } else { PreFilter::Filter };
    };
    let mut names = OrdSet::new();
    for term in &required.node_selector_terms {
        match named_nodes(term) {
            Some(of_term) => names.extend(of_term),
            None => return PreFilter::Filter,
        }
    }
    match (required.node_selector_terms.is_empty(), names.is_empty()) {
        (true, _) => PreFilter::Filter,
        (false, true) => PreFilter::Reject(Rejection::unresolvable("pod affinity terms conflict")),
        (false, false) => PreFilter::Only(names),
    }
}

/// The nodes that a term names; `None` when it names none.
fn named_nodes(term: &NodeSelectorTerm) -> Option<OrdSet<Str>> {
    term.match_fields
        .iter()
        .filter(|field| field.key == "metadata.name" && field.operator == "In")
        .map(|field| field.values.iter().cloned().collect::<OrdSet<Str>>())
        .reduce(|a, b| a.intersection(&b).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;
    use crate::value;

    #[test]
    fn terms_that_name_nodes_narrow_the_search() {
        let field = |names: Vec<&str>| value!({ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": names }] });
        let spec = |terms: Vec<crate::base::value::Value>| {
            PodSpec::from_value(&value!({ "affinity": { "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms },
            } } }))
        };
        let both = pre_filter(&spec(vec![field(vec!["a"]), field(vec!["b"])]));
        assert_eq!(both, PreFilter::Only(OrdSet::from(["a".into(), "b".into()])));
        let labels = value!({ "matchExpressions": [{ "key": "x", "operator": "Exists" }] });
        assert_eq!(pre_filter(&spec(vec![field(vec!["a"]), labels])), PreFilter::Filter);
        assert_eq!(pre_filter(&PodSpec::default()), PreFilter::Skip);
    }
}
