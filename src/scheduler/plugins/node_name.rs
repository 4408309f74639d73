//! Keeps a pod that names its node off all others.
//! Upstream: pkg/scheduler/framework/plugins/nodename.

use crate::scheduler::framework::{Happening, Plugin, Rejection};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    filter: Some(|cycle, node| {
        let wanted = &cycle.pod.pod.spec.node_name;
        if wanted.is_empty() || *wanted == node.name {
            Ok(())
        } else {
            Err(Rejection::unresolvable("node(s) didn't match the requested node name"))
        }
    }),
    wakes: |what, _, _| matches!(what, Happening::NodeAdded(_)),
    ..Plugin::new("NodeName")
};
