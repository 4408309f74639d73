//! Keeps pods with scheduling gates out of the queue.
//! Upstream: pkg/scheduler/framework/plugins/schedulinggates.

use crate::scheduler::framework::{Happening, Plugin};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    gate: Some(|pod| {
        let gates: Vec<&str> = pod.pod.spec.scheduling_gates.iter().map(|g| &*g.name).collect();
        (!gates.is_empty()).then(|| format!("waiting for scheduling gates: [{}]", gates.join(" ")))
    }),
    wakes: |what, pod, _| {
        let itself = matches!(what, Happening::Itself(uid) if *uid == pod.uid);
        itself && pod.pod.spec.scheduling_gates.is_empty()
    },
    ..Plugin::new("SchedulingGates")
};
