//! Upstream: kubectl/pkg/describe/describe.go, describeStatefulSet and describeVolumeClaimTemplates.

use super::super::Cx;
use super::super::error::CmdError;
use super::pod_status;
use super::template::pod_template;
use super::writer::{Writer, date, go_list, number};
use crate::api::selector::format_label_selector;
use crate::base::gofmt;
use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::base::view::FromValue;

pub(super) fn describe(cx: &mut Cx, set: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (set.get("metadata"), set.get("spec"), set.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.field(0, "CreationTimestamp", &date(meta.get("creationTimestamp")));
    w.field(0, "Selector", &format_label_selector(spec.get("selector")));
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    let (wanted, there) = (number(spec.get("replicas")), number(status.get("replicas")));
    w.field(0, "Replicas", &format!("{wanted} desired | {there} total"));
    w.field(0, "Update Strategy", spec.at(&["updateStrategy", "type"]).text());
    let rolling = spec.at(&["updateStrategy", "rollingUpdate"]);
    if let Some(partition) = rolling.get("partition").as_i64() {
        w.field(1, "Partition", &partition.to_string());
        if !rolling.get("maxUnavailable").is_null() {
            w.field(1, "MaxUnavailable", &gofmt::plain(rolling.get("maxUnavailable")));
        }
    }
    let pods = pod_status(cx, set)?;
    w.field(0, "Pods Status", &pods);
    pod_template(w, spec.get("template"));
    claims(w, spec.get("volumeClaimTemplates"));
    Ok(())
}

fn claims(w: &mut Writer, templates: &Value) {
    if templates.is_empty() {
        w.line(0, "Volume Claims:\t<none>");
        return;
    }
    w.line(0, "Volume Claims:");
    for claim in templates.as_array() {
        let (meta, spec) = (claim.get("metadata"), claim.get("spec"));
        w.field(1, "Name", meta.get("name").text());
        w.field(1, "StorageClass", spec.get("storageClassName").text());
        for (title, field) in [("Labels", "labels"), ("Annotations", "annotations")] {
            let pairs: Vec<String> =
                meta.get(field).entries().map(|(k, v)| format!("{k}={}", v.text())).collect();
            w.column(title, "  ", &pairs);
        }
        let storage = spec.at(&["resources", "requests", "storage"]);
        let capacity = if storage.is_null() {
            "<default>".to_owned()
        } else {
            Quantity::from_value(storage).to_string()
        };
        w.field(1, "Capacity", &capacity);
        w.field(1, "Access Modes", &go_list(spec.get("accessModes")));
    }
}
