//! Keeps a pod waiting while another one has its claim that only one pod may use.
//! Upstream: pkg/scheduler/framework/plugins/volumerestrictions.
//! Simplified: no checks of cloud disks, which are not simulated.

use crate::api::Status;
use crate::api::kinds::PERSISTENT_VOLUME_CLAIM;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::base::value::Str;
use crate::scheduler::cache::PodInfo;
use crate::scheduler::framework::{Cycle, Happening, Plugin, PreFilter, Rejection};

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    pre_filter: Some(pre_filter),
    filter: Some(|cycle, _| {
        if cycle.state.claim_in_use {
            Err(Rejection::resolvable(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
            ))
        } else {
            Ok(())
        }
    }),
    wakes: |what, pod, _| match what {
        Happening::PodGone(gone) => {
            gone.key.ns == pod.key.ns && claim_names(gone).any(|name| uses_claim(pod, name))
        }
        Happening::Claim(key) => key.ns == pod.key.ns && uses_claim(pod, &key.name),
        _ => false,
    },
    ..Plugin::new("VolumeRestrictions")
};

/// The claims that a pod names.
pub fn claim_names(pod: &PodInfo) -> impl Iterator<Item = &Str> {
    let sources = pod.pod.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref());
    sources.map(|source| &source.claim_name)
}

/// Whether a pod names a claim.
pub fn uses_claim(pod: &PodInfo, claim: &str) -> bool {
    claim_names(pod).any(|name| name == claim)
}

fn pre_filter(cycle: &mut Cycle) -> PreFilter {
    let mut exclusive = Vec::new();
    for name in claim_names(&cycle.pod) {
        let Some(claim) = cycle.claim(name) else {
            let missing = Status::not_found(&PERSISTENT_VOLUME_CLAIM, name).message;
            // The lister's words name the kind in the singular.
            let missing = missing.replacen("persistentvolumeclaims", "persistentvolumeclaim", 1);
            return PreFilter::Reject(Rejection::unresolvable(missing));
        };
        let claim = claim.view::<PersistentVolumeClaim>();
        if claim.spec.access_modes.iter().any(|mode| mode == "ReadWriteOncePod") {
            exclusive.push(name.clone());
        }
    }
    let in_use = exclusive.iter().any(|name| {
        let pods = cycle.cache.nodes.iter().flat_map(|node| node.pods.values());
        pods.into_iter().any(|pod| pod.key.ns == cycle.pod.key.ns && uses_claim(pod, name))
    });
    cycle.state.claim_in_use = in_use;
    if in_use { PreFilter::Filter } else { PreFilter::Skip }
}
