//! Pods put up with a node that is not ready or unreachable for five minutes.
//!
//! Upstream: plugin/pkg/admission/defaulttolerationseconds/admission.go.

use crate::api::Status;
use crate::api::kinds::POD;
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};
use crate::value;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "DefaultTolerationSeconds", admit, validate: nothing };

/// Upstream: the flags --default-not-ready-toleration-seconds and --default-unreachable-toleration-seconds.
const SECONDS: i64 = 300;
const KEYS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

fn admit(pod: &mut Value, about: &Attributes, _: &Server) -> Result<(), Status> {
    if *about.kind != POD || about.operation == Operation::Delete || !about.sub.is_empty() {
        return Ok(());
    }
    for key in KEYS {
        let tolerations = pod.at(&["spec", "tolerations"]).as_array();
        let covered = tolerations.iter().any(|t| {
            (t.get("key").is_empty() || t.get("key").text() == key)
                && matches!(t.get("effect").text(), "" | "NoExecute")
        });
        if !covered {
            let toleration = value!({
                "key": key,
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": SECONDS,
            });
            pod.entry_at(&["spec", "tolerations"]).make_array().push(toleration);
        }
    }
    Ok(())
}
