//! Upstream: kubectl/pkg/describe/describe.go, describePriorityClass.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::{Writer, format_labels, number};
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, class: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = class.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Value", &number(class.get("value")).to_string());
    w.field(0, "GlobalDefault", &class.get("globalDefault").is_true().to_string());
    w.field(0, "PreemptionPolicy", class.get("preemptionPolicy").text());
    w.field(0, "Description", class.get("description").text());
    w.field(0, "Annotations", &format_labels(meta.get("annotations")));
    Ok(())
}
