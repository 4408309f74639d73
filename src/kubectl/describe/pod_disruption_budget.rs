//! Upstream: kubectl/pkg/describe/describe.go, describePodDisruptionBudgetV1.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::{Writer, number};
use crate::api::selector::format_label_selector;
use crate::base::gofmt;
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, budget: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (budget.get("metadata"), budget.get("spec"), budget.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if !least.is_null() {
        w.field(0, "Min available", &gofmt::plain(least));
    } else if !most.is_null() {
        w.field(0, "Max unavailable", &gofmt::plain(most));
    }
    let selector = spec.get("selector");
    let selector =
        if selector.is_null() { "<unset>".to_owned() } else { format_label_selector(selector) };
    w.field(0, "Selector", &selector);
    w.line(0, "Status:");
    for (title, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        w.field(2, title, &number(status.get(field)).to_string());
    }
    Ok(())
}
