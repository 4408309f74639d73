//! Upstream: kubectl/pkg/describe/describe.go, describeNamespace.

use super::super::Cx;
use super::super::client::Selectors;
use super::super::error::CmdError;
use super::writer::{Writer, date};
use super::{limit_range, list, resource_quota};
use crate::base::value::Value;

pub(super) fn describe(cx: &mut Cx, namespace: &Value, w: &mut Writer) -> Result<(), CmdError> {
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
    let name = meta.get("name").text();
    w.put("\n");
    resource_quota::of_namespace(w, &those(cx, "resourcequotas", name)?);
    w.put("\n");
    limit_range::of_namespace(w, &those(cx, "limitranges", name)?);
    Ok(())
}

/// The objects of a resource in a namespace; none when the server does not have the resource.
fn those(cx: &mut Cx, resource: &str, ns: &str) -> Result<Vec<Value>, CmdError> {
    if cx.mapper()?.find(resource).is_err() {
        return Ok(Vec::new());
    }
    list(cx, resource, ns, &Selectors::default())
}
