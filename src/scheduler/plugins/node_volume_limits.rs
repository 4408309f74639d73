//! Keeps pods off nodes that could not attach more volumes.
//! Upstream: pkg/scheduler/framework/plugins/nodevolumelimits.
//! Simplified: only drivers with a limit on the node count, and none of the simulated ones has any, so
//! the limit is read from the node's `attachable-volumes-…` amounts alone.

use crate::api::kinds::PERSISTENT_VOLUME;
use crate::api::kinds::persistent_volume::PersistentVolume;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::api::{Key, Object};
use crate::scheduler::cache::PodInfo;
use crate::scheduler::framework::{Cycle, Happening, Plugin, PreFilter, Rejection};

use super::volume_restrictions::claim_names;

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    pre_filter: Some(|cycle| {
        let limited =
            cycle.cache.nodes.iter().any(|node| node.allocatable.other.iter().any(is_limit));
        if limited && claim_names(&cycle.pod).next().is_some() {
            PreFilter::Filter
        } else {
            PreFilter::Skip
        }
    }),
    filter: Some(|cycle, node| {
        for (name, limit) in node.allocatable.other.iter().filter(|limit| is_limit(limit)) {
            let driver = name.trim_start_matches(PREFIX);
            let attached: usize =
                node.pods.values().map(|pod| volumes_of(cycle, pod, driver)).sum();
            let wanted = volumes_of(cycle, &cycle.pod, driver);
            if wanted > 0 && (attached + wanted) as i64 > *limit {
                return Err(Rejection::resolvable("node(s) exceed max volume count"));
            }
        }
        Ok(())
    }),
    wakes: |what, _, _| matches!(what, Happening::PodGone(_) | Happening::NodeAdded(_)),
    ..Plugin::new("NodeVolumeLimits")
};

const PREFIX: &str = "attachable-volumes-csi-";

fn is_limit(amount: &(crate::base::value::Str, i64)) -> bool {
    amount.0.starts_with(PREFIX)
}

/// How many of a pod's volumes a driver serves.
fn volumes_of(cycle: &Cycle, pod: &PodInfo, driver: &str) -> usize {
    let key = |name| Key { ns: pod.key.ns.clone(), name };
    let by_driver = |volume: &Object| {
        let volume = volume.view::<PersistentVolume>();
        volume.spec.csi.as_ref().is_some_and(|csi| csi.get("driver").text() == driver)
    };
    claim_names(pod)
        .filter_map(|name| {
            let kind = &crate::api::kinds::PERSISTENT_VOLUME_CLAIM;
            let claim = cycle.server.get(kind, &key(name.clone()))?.view::<PersistentVolumeClaim>();
            let volume = Key::new("", claim.spec.volume_name.clone());
            cycle.server.get(&PERSISTENT_VOLUME, &volume)
        })
        .filter(|volume| by_driver(volume))
        .count()
}
