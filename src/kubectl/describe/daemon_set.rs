//! Upstream: kubectl/pkg/describe/describe.go, describeDaemonSet.

use super::super::Cx;
use super::super::error::CmdError;
use super::pod_status;
use super::template::pod_template;
use super::writer::{Writer, format_labels, number};
use crate::api::selector::format_label_selector;
use crate::base::value::Value;

pub(super) fn describe(cx: &mut Cx, set: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (set.get("metadata"), set.get("spec"), set.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.field(0, "Selector", &format_label_selector(spec.get("selector")));
    let nodes = spec.at(&["template", "spec", "nodeSelector"]);
    w.field(0, "Node-Selector", &format_labels(nodes));
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    for (title, field) in [
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        w.line(0, &format!("{title}: {}", number(status.get(field))));
    }
    let pods = pod_status(cx, set)?;
    w.field(0, "Pods Status", &pods);
    pod_template(w, spec.get("template"));
    Ok(())
}
