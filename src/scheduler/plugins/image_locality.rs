//! Prefers nodes that have the pod's images already.
//! Upstream: pkg/scheduler/framework/plugins/imagelocality.

use crate::scheduler::framework::{MAX_SCORE, Plugin};

const MB: i64 = 1024 * 1024;
const MIN_THRESHOLD: i64 = 23 * MB;
const MAX_THRESHOLD_PER_CONTAINER: i64 = 1000 * MB;

/// The plugin.
pub static PLUGIN: Plugin = Plugin {
    weight: 1,
    score: Some(|cycle, node| {
        let spec = &cycle.pod.pod.spec;
        let nodes = &cycle.cache.nodes;
        let containers = || spec.init_containers.iter().chain(&spec.containers);
        let mut sum = 0;
        for container in containers() {
            let image = with_tag(&container.image);
            let Some(size) = nodes[node].images.get(image.as_str()) else { continue };
            let having = nodes.iter().filter(|n| n.images.contains_key(image.as_str())).count();
            sum += (*size as f64 * (having as f64 / nodes.len() as f64)) as i64;
        }
        priority(sum, containers().count() as i64)
    }),
    ..Plugin::new("ImageLocality")
};

/// Upstream: calculatePriority.
fn priority(sum: i64, containers: i64) -> i64 {
    let highest = MAX_THRESHOLD_PER_CONTAINER * containers.max(1);
    MAX_SCORE * (sum.clamp(MIN_THRESHOLD, highest) - MIN_THRESHOLD) / (highest - MIN_THRESHOLD)
}

/// Upstream: normalizedImageName.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains(':') { image.to_owned() } else { format!("{image}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_images_count() {
        assert_eq!(priority(20 * MB, 1), 0);
        assert_eq!(priority(1000 * MB, 1), 100);
        assert_eq!(with_tag("localhost:5000/nginx"), "localhost:5000/nginx:latest");
    }
}
