//! Revisions of workloads: the data that is kept and the hash that names it.
//!
//! Upstream: pkg/controller/history/controller_history.go (HashControllerRevision) and
//! pkg/controller/statefulset/stateful_set_utils.go (getPatch).

use std::fmt::Write;

use crate::base::value::Value;
use crate::value;

/// The letters of generated names: no vowels, so that no bad words come out.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go, alphanums.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// What a revision keeps of a workload: a patch that puts its template back.
pub fn revision_data(template: &Value) -> Value {
    let mut template = template.clone();
    template.set("$patch", "replace");
    value!({ "spec": { "template": template } })
}

/// The hash of a revision's data, as it stands behind the dash in the revision's name.
pub fn revision_hash(data: &Value, collision: Option<i64>) -> String {
    let mut hash = Fnv1::default();
    hash.write(go_json(data).as_bytes());
    if let Some(count) = collision {
        hash.write(count.to_string().as_bytes());
    }
    safe_encode(&hash.sum.to_string())
}

/// Compact JSON as Go's encoder prints it: it also escapes what HTML and JavaScript trip over.
fn go_json(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_json().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            other => text.push(other),
        }
    }
    text
}

/// The text with each byte replaced by a safe letter. Upstream: SafeEncodeString.
pub fn safe_encode(text: &str) -> String {
    text.bytes().map(|b| char::from(SAFE[usize::from(b) % SAFE.len()])).collect()
}

/// The 32-bit FNV-1 hash.
#[derive(Clone, Copy, Debug)]
pub struct Fnv1 {
    /// The sum so far.
    pub sum: u32,
}

impl Default for Fnv1 {
    fn default() -> Self {
        Fnv1 { sum: 2_166_136_261 }
    }
}

impl Fnv1 {
    /// Takes in more bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.sum = self.sum.wrapping_mul(16_777_619) ^ u32::from(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::STATEFUL_SET;
    use crate::api::schema::{Reader, decode, normalise};

    fn manifest(name: &str) -> String {
        let path = format!("{}/tests/parity/manifests/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    /// The revision's name of the StatefulSet in a manifest, as the API server would default it.
    fn name(manifest: &str) -> String {
        let set = manifest.split("\n---").find(|d| d.contains("kind: StatefulSet")).unwrap();
        let set: Value = serde_yaml::from_str(set).unwrap();
        let mut set = decode(&STATEFUL_SET, &set, Reader::Json).unwrap().value;
        (STATEFUL_SET.rules.default)(&mut set);
        normalise(&STATEFUL_SET, &mut set);
        let data = revision_data(set.at(&["spec", "template"]));
        let hash = revision_hash(&data, Some(0));
        format!("{}-{hash}", set.at(&["metadata", "name"]).text())
    }

    #[test]
    fn recorded_revision_names_come_out() {
        let web = manifest("web.yaml");
        let image = |to: &str| name(&web.replace("registry.k8s.io/nginx-slim:0.8", to));
        assert_eq!(name(&web), "web-847b47bbbc");
        assert_eq!(image("gcr.io/google_containers/nginx-slim:0.8"), "web-7d8f4cbdb5");
        assert_eq!(image("registry.k8s.io/nginx-slim:0.7"), "web-6b4bf597b4");
        assert_eq!(image("registry.k8s.io/nginx-slim:nosuch"), "web-7567c5fcc5");
        let zookeeper = manifest("zookeeper.yaml");
        assert_eq!(name(&zookeeper), "zk-749fc97ccd");
        assert_eq!(name(&zookeeper.replace("\"0.5\"", "\"0.3\"")), "zk-5b95cc7cf6");
        assert_eq!(name(&manifest("cassandra-statefulset.yaml")), "cassandra-5ffc487fdd");
    }
}
