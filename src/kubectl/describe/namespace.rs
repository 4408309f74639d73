//! Upstream: kubectl/pkg/describe/describe.go, describeNamespace.
//! Simplified: quotas and limit ranges are not simulated, so there are none.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::{Writer, date};
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, namespace: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = namespace.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "Status", namespace.at(&["status", "phase"]).text());
    let conditions = namespace.at(&["status", "conditions"]);
    if !conditions.is_empty() {
        w.line(0, "Conditions:");
        w.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        w.line(1, "----\t------\t------------------\t------\t-------");
        for c in conditions.as_array() {
            w.line(
                1,
                &format!(
                    "{}\t{}\t{}\t{}\t{}",
                    c.get("type").text(),
                    c.get("status").text(),
                    date(c.get("lastTransitionTime")),
                    c.get("reason").text(),
                    c.get("message").text()
                ),
            );
        }
    }
    w.put("\nNo resource quota.\n\nNo LimitRange resource.\n");
    Ok(())
}
