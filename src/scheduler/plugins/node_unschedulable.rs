//! Keeps pods off cordoned nodes.
//! Upstream: pkg/scheduler/framework/plugins/nodeunschedulable.

use crate::api::kinds::node::{Node, Taint};
use crate::api::scheduling::tolerates;
use crate::scheduler::cache::PodInfo;
use crate::scheduler::framework::{Happening, Plugin, Rejection};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    filter: Some(|cycle, node| {
        if closed_to(&node.node, &cycle.pod) {
            Err(Rejection::unresolvable("node(s) were unschedulable"))
        } else {
            Ok(())
        }
    }),
    wakes: |what, pod, _| match what {
        Happening::NodeAdded(node) => !node.node.spec.unschedulable,
        Happening::NodeChanged(old, new) => {
            old.node.spec.unschedulable && !new.node.spec.unschedulable
        }
        Happening::Itself(uid) => *uid == pod.uid,
        _ => false,
    },
    ..Plugin::new("NodeUnschedulable")
};

fn closed_to(node: &Node, pod: &PodInfo) -> bool {
    if !node.spec.unschedulable {
        return false;
    }
    let taint = Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    };
    !pod.pod.spec.tolerations.iter().any(|toleration| tolerates(toleration, &taint))
}
