//! Keeps pods off tainted nodes that they do not tolerate, and prefers nodes with fewer soft taints.
//! Upstream: pkg/scheduler/framework/plugins/tainttoleration.

use crate::api::kinds::node::{Node, Taint};
use crate::api::kinds::pod::Toleration;
use crate::api::scheduling::{tolerates, untolerated_taint};
use crate::scheduler::cache::PodInfo;
use crate::scheduler::framework::{Happening, Plugin, Rejection, normalise_to_highest};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 3,
    filter: Some(|cycle, node| {
        if repels(&node.node, &cycle.pod) {
            Err(Rejection::unresolvable("node(s) had untolerated taint(s)"))
        } else {
            Ok(())
        }
    }),
    score: Some(|cycle, node| {
        let taints = &cycle.cache.nodes[node].node.spec.taints;
        let soft = taints.iter().filter(|taint| taint.effect == "PreferNoSchedule");
        soft.filter(|taint| !covered(&cycle.pod.pod.spec.tolerations, taint)).count() as i64
    }),
    normalise: Some(|_, _, scores| normalise_to_highest(scores, true)),
    wakes: |what, pod, _| match what {
        Happening::NodeAdded(node) => !repels(&node.node, pod),
        Happening::NodeChanged(old, new) => repels(&old.node, pod) && !repels(&new.node, pod),
        Happening::Itself(uid) => *uid == pod.uid,
        _ => false,
    },
    ..Plugin::new("TaintToleration")
};

fn repels(node: &Node, pod: &PodInfo) -> bool {
    untolerated_taint(&node.spec.taints, &pod.pod.spec.tolerations).is_some()
}

fn covered(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations
        .iter()
        .filter(|toleration| {
            toleration.effect.is_empty() || toleration.effect == "PreferNoSchedule"
        })
        .any(|toleration| tolerates(toleration, taint))
}
