//! Prefers nodes on which CPU and memory would be used to like shares.
//! Upstream: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.

use crate::scheduler::framework::{MAX_SCORE, Plugin};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 1,
    pre_score: Some(|cycle, _| cycle.pod.requests.milli_cpu != 0 || cycle.pod.requests.memory != 0),
    score: Some(|cycle, node| {
        let (node, asked) = (&cycle.cache.nodes[node], &cycle.pod.requests);
        let used = (node.requested.milli_cpu, node.requested.memory);
        let has = (node.allocatable.milli_cpu, node.allocatable.memory);
        let with = balance((used.0 + asked.milli_cpu, used.1 + asked.memory), has);
        let without = balance(used, has);
        MAX_SCORE / 2 + (MAX_SCORE / 2 + with - without) / 2
    }),
    ..Plugin::new("NodeResourcesBalancedAllocation")
};

/// 100 when the shares are equal, less the further apart they are. Upstream: balancedResourceScore.
fn balance(used: (i64, i64), has: (i64, i64)) -> i64 {
    let share = |used: i64, has: i64| (has > 0).then(|| (used as f64 / has as f64).min(1.0));
    let apart = match (share(used.0, has.0), share(used.1, has.1)) {
        (Some(cpu), Some(memory)) => ((cpu - memory) / 2.0).abs(),
        _ => 0.0,
    };
    ((1.0 - apart) * MAX_SCORE as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_are_best() {
        assert_eq!(balance((0, 0), (4000, 8)), 100);
        assert_eq!(balance((2000, 4), (4000, 8)), 100);
        assert_eq!(balance((4000, 0), (4000, 8)), 50);
        assert_eq!(balance((9000, 0), (4000, 0)), 100);
    }
}
