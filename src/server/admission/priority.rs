//! A pod's priority comes from its PriorityClass.
//!
//! Upstream: plugin/pkg/admission/priority/admission.go.
//! Simplified: the two system classes are built in and no others can be made.

use crate::api::Status;
use crate::api::kinds::POD;
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "Priority", admit, validate: nothing };

/// Upstream: pkg/apis/scheduling/v1/helpers.go, systemPriorityClasses.
const SYSTEM_CLASSES: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

fn admit(pod: &mut Value, about: &Attributes, _: &Server) -> Result<(), Status> {
    if *about.kind != POD || about.operation != Operation::Create || !about.sub.is_empty() {
        return Ok(());
    }
    let class = pod.at(&["spec", "priorityClassName"]).text();
    let refuse = |why: String| Err(Status::forbidden(about.kind, about.name, &why));
    let priority = match SYSTEM_CLASSES.iter().find(|(name, _)| *name == class) {
        Some((_, priority)) => *priority,
        None if class.is_empty() => 0,
        None => return refuse(format!("no PriorityClass with name {class} was found")),
    };
    let given = pod.at(&["spec", "priority"]).as_i64();
    if let Some(given) = given.filter(|given| *given != priority) {
        return refuse(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
        ));
    }
    let spec = pod.entry("spec");
    spec.set("priority", priority);
    spec.default_to("preemptionPolicy", "PreemptLowerPriority");
    Ok(())
}
