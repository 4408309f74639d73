//! Keeps pods off nodes in another zone than their volumes.
//! Upstream: pkg/scheduler/framework/plugins/volumezone. Simplified: only the two current topology labels.

use crate::api::Key;
use crate::api::kinds::PERSISTENT_VOLUME;
use crate::api::kinds::persistent_volume_claim::PersistentVolumeClaim;
use crate::base::value::Str;
use crate::scheduler::framework::{Cycle, Happening, Plugin, PreFilter, Rejection};

use super::volume_restrictions::{claim_names, uses_claim};

const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    pre_filter: Some(|cycle| {
        if topologies(cycle).next().is_some() { PreFilter::Filter } else { PreFilter::Skip }
    }),
    filter: Some(|cycle, node| {
        if LABELS.iter().all(|key| node.label(key).is_none()) {
            return Ok(());
        }
        let fits = |(key, values): (&str, Str)| {
            let own = node.label(key);
            own.is_some_and(|own| values.split("__").any(|value| value == own.as_str()))
        };
        if topologies(cycle).all(fits) {
            Ok(())
        } else {
            Err(Rejection::unresolvable("node(s) had no available volume zone"))
        }
    }),
    wakes: |what, pod, _| match what {
        Happening::Claim(key) => key.ns == pod.key.ns && uses_claim(pod, &key.name),
        Happening::NodeAdded(_) | Happening::Volume | Happening::Class => true,
        Happening::NodeChanged(old, new) => old.node.meta.labels != new.node.meta.labels,
        _ => false,
    },
    ..Plugin::new("VolumeZone")
};

/// The places that the pod's volumes name: label and values.
fn topologies<'a>(cycle: &'a Cycle<'_>) -> impl Iterator<Item = (&'static str, Str)> + 'a {
    let volumes = claim_names(&cycle.pod).filter_map(|name| {
        let claim = cycle.claim(name)?.view::<PersistentVolumeClaim>();
        cycle.server.get(&PERSISTENT_VOLUME, &Key::new("", claim.spec.volume_name.clone()))
    });
    volumes.flat_map(|volume| {
        LABELS.iter().filter_map(|key| volume.label(key).map(|value| (*key, Str::from(value))))
    })
}
