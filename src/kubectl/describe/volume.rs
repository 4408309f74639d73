//! Upstream: kubectl/pkg/describe/describe.go, describePersistentVolume.

use super::super::Cx;
use super::super::error::CmdError;
use super::template::source;
use super::writer::{Writer, access_modes, go_list};
use crate::base::human::age;
use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::base::view::FromValue;

pub(super) fn describe(cx: &mut Cx, volume: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (volume.get("metadata"), volume.get("spec"), volume.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "Finalizers", &go_list(meta.get("finalizers")));
    w.field(0, "StorageClass", spec.get("storageClassName").text());
    let deleted = meta.get("deletionTimestamp");
    if deleted.is_null() {
        w.field(0, "Status", status.get("phase").text());
    } else {
        w.field(0, "Status", &format!("Terminating (lasts {})", age(deleted.text(), cx.sys.now())));
    }
    let claim = spec.get("claimRef");
    let claim = if claim.is_null() {
        String::new()
    } else {
        format!("{}/{}", claim.get("namespace").text(), claim.get("name").text())
    };
    w.field(0, "Claim", &claim);
    w.field(0, "Reclaim Policy", spec.get("persistentVolumeReclaimPolicy").text());
    w.field(0, "Access Modes", &access_modes(spec.get("accessModes")));
    if !spec.get("volumeMode").is_null() {
        w.field(0, "VolumeMode", spec.get("volumeMode").text());
    }
    w.field(0, "Capacity", &Quantity::from_value(spec.at(&["capacity", "storage"])).to_string());
    affinity(w, spec.at(&["nodeAffinity", "required"]));
    w.field(0, "Message", status.get("message").text());
    w.line(0, "Source:");
    source(w, spec);
    Ok(())
}

fn affinity(w: &mut Writer, required: &Value) {
    if required.is_null() {
        w.line(0, "Node Affinity:\t<none>");
        return;
    }
    w.line(0, "Node Affinity:\t");
    let terms = required.get("nodeSelectorTerms");
    if terms.is_empty() {
        w.line(1, "Required Terms:\t<none>");
        return;
    }
    w.line(1, "Required Terms:\t");
    for (at, term) in terms.as_array().iter().enumerate() {
        let lines: Vec<String> = term
            .get("matchExpressions")
            .as_array()
            .iter()
            .map(|e| {
                let values: Vec<_> = e.get("values").as_array().iter().map(Value::text).collect();
                let head =
                    format!("{} {}", e.get("key").text(), e.get("operator").text().to_lowercase());
                if values.is_empty() { head } else { format!("{head} [{}]", values.join(", ")) }
            })
            .collect();
        w.column(&format!("Term {at}"), "    ", &lines);
    }
}
