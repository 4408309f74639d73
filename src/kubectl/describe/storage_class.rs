//! Upstream: kubectl/pkg/describe/describe.go, describeStorageClass.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::{Writer, format_labels};
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, class: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = class.get("metadata");
    let is_default =
        meta.get("annotations").get("storageclass.kubernetes.io/is-default-class").text() == "true";
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "IsDefaultClass", if is_default { "Yes" } else { "No" });
    w.field(0, "Annotations", &format_labels(meta.get("annotations")));
    w.field(0, "Provisioner", class.get("provisioner").text());
    w.field(0, "Parameters", &format_labels(class.get("parameters")));
    let expansion = match class.get("allowVolumeExpansion").as_bool() {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    w.field(0, "AllowVolumeExpansion", expansion);
    if class.get("mountOptions").is_empty() {
        w.line(0, "MountOptions:\t<none>");
    } else {
        w.line(0, "MountOptions:");
        for option in class.get("mountOptions").as_array() {
            w.line(1, option.text());
        }
    }
    for (title, field) in
        [("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")]
    {
        if !class.get(field).is_null() {
            w.field(0, title, class.get(field).text());
        }
    }
    let topologies = class.get("allowedTopologies").as_array();
    if !topologies.is_empty() {
        w.line(0, "AllowedTopologies:\t");
        for (at, term) in topologies.iter().enumerate() {
            let lines: Vec<String> = term
                .get("matchLabelExpressions")
                .as_array()
                .iter()
                .map(|e| {
                    let values: Vec<_> =
                        e.get("values").as_array().iter().map(Value::text).collect();
                    format!("{} in [{}]", e.get("key").text(), values.join(", "))
                })
                .collect();
            w.column(&format!("Term {at}"), "  ", &lines);
        }
    }
    Ok(())
}
