//! Upstream: kubectl/pkg/describe/describe.go, describeReplicaSet.

use super::super::Cx;
use super::super::error::CmdError;
use super::deployment::conditions;
use super::template::pod_template;
use super::writer::{Writer, number};
use super::{controlled_by, pod_status};
use crate::api::selector::format_label_selector;
use crate::base::value::Value;

pub(super) fn describe(cx: &mut Cx, set: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (set.get("metadata"), set.get("spec"), set.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.field(0, "Selector", &format_label_selector(spec.get("selector")));
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    controlled_by(w, set);
    let (there, wanted) = (number(status.get("replicas")), number(spec.get("replicas")));
    w.field(0, "Replicas", &format!("{there} current / {wanted} desired"));
    let pods = pod_status(cx, set)?;
    w.field(0, "Pods Status", &pods);
    pod_template(w, spec.get("template"));
    conditions(w, status.get("conditions"));
    Ok(())
}
