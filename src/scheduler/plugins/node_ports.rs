//! Keeps pods off nodes where another pod has the ports that they ask for.
//! Upstream: pkg/scheduler/framework/plugins/nodeports.

use crate::scheduler::cache::PodInfo;
use crate::scheduler::framework::{Happening, Plugin, PreFilter, Rejection};

/// The plugin.
pub static PLUGIN: Plugin =
    Plugin {
        pre_filter: Some(|cycle| {
            if cycle.pod.ports.is_empty() { PreFilter::Skip } else { PreFilter::Filter }
        }),
        filter: Some(|cycle, node| {
            let taken = node.with_ports > 0 && node.pods.values().any(|pod| clash(pod, &cycle.pod));
            if taken {
                let reason = "node(s) didn't have free ports for the requested pod ports";
                Err(Rejection::resolvable(reason))
            } else {
                Ok(())
            }
        }),
        wakes: |what, pod, _| match what {
            Happening::PodGone(gone) => clash(gone, pod),
            Happening::NodeAdded(_) => true,
            _ => false,
        },
        ..Plugin::new("NodePorts")
    };

fn clash(one: &PodInfo, other: &PodInfo) -> bool {
    one.ports.iter().any(|port| other.ports.iter().any(|wanted| wanted.conflicts(port)))
}
