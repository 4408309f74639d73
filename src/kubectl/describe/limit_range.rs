//! Upstream: kubectl/pkg/describe/describe.go, describeLimitRange and DescribeLimitRanges.

use crate::base::ordered::OrdSet;

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::Writer;
use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::base::view::FromValue;

const TITLES: &str =
    "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
const RULES: &str =
    "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

pub(super) fn describe(_cx: &mut Cx, range: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = range.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.line(0, TITLES);
    w.line(0, RULES);
    limits(w, range, "");
    Ok(())
}

/// All limit ranges of a namespace.
pub(super) fn of_namespace(w: &mut Writer, ranges: &[Value]) {
    if ranges.is_empty() {
        w.line(0, "No LimitRange resource.");
        return;
    }
    w.line(0, "Resource Limits");
    w.line(0, &format!(" {TITLES}"));
    w.line(0, &format!(" {RULES}"));
    for range in ranges {
        limits(w, range, " ");
    }
}

fn limits(w: &mut Writer, range: &Value, prefix: &str) {
    const FIELDS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    for item in range.at(&["spec", "limits"]).as_array() {
        let names: OrdSet<&str> = FIELDS
            .iter()
            .flat_map(|field| item.get(field).entries().map(|(name, _)| name.as_str()))
            .collect();
        for name in names {
            let shown = FIELDS.map(|field| match item.at(&[field, name]) {
                Value::Null => "-".to_owned(),
                amount => Quantity::from_value(amount).to_string(),
            });
            let kind = item.get("type").text();
            w.line(0, &format!("{prefix}{kind}\t{name}\t{}", shown.join("\t")));
        }
    }
}
