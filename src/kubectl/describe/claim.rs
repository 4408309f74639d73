//! Upstream: kubectl/pkg/describe/describe.go, describePersistentVolumeClaim.

use super::super::Cx;
use super::super::client::Selectors;
use super::super::error::CmdError;
use super::list;
use super::writer::{Writer, access_modes, date, go_list};
use crate::base::human::age;
use crate::base::quantity::Quantity;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::base::view::FromValue;

pub(super) fn describe(cx: &mut Cx, claim: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (claim.get("metadata"), claim.get("spec"), claim.get("status"));
    let name = meta.get("name").text();
    w.field(0, "Name", name);
    w.field(0, "Namespace", meta.get("namespace").text());
    w.field(0, "StorageClass", spec.get("storageClassName").text());
    let deleted = meta.get("deletionTimestamp");
    if deleted.is_null() {
        w.field(0, "Status", status.get("phase").text());
    } else {
        w.field(0, "Status", &format!("Terminating (lasts {})", age(deleted.text(), cx.sys.now())));
    }
    w.field(0, "Volume", spec.get("volumeName").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "Finalizers", &go_list(meta.get("finalizers")));
    let bound = !spec.get("volumeName").is_empty();
    let capacity = if bound {
        Quantity::from_value(status.at(&["capacity", "storage"])).to_string()
    } else {
        String::new()
    };
    w.field(0, "Capacity", &capacity);
    w.field(
        0,
        "Access Modes",
        &if bound { access_modes(status.get("accessModes")) } else { String::new() },
    );
    if !spec.get("volumeMode").is_null() {
        w.field(0, "VolumeMode", spec.get("volumeMode").text());
    }
    let source = spec.get("dataSource");
    if !source.is_null() {
        w.line(0, "DataSource:");
        if !source.get("apiGroup").is_null() {
            w.field(1, "APIGroup", source.get("apiGroup").text());
        }
        w.field(1, "Kind", source.get("kind").text());
        w.field(1, "Name", source.get("name").text());
    }
    let pods = list(cx, "pods", meta.get("namespace").text(), &Selectors::default())?;
    let mut users: Vec<String> = pods
        .iter()
        .filter(|p| {
            let volumes = p.at(&["spec", "volumes"]).as_array();
            volumes.iter().any(|v| v.at(&["persistentVolumeClaim", "claimName"]).text() == name)
        })
        .map(|p| p.at(&["metadata", "name"]).text().to_owned())
        .collect();
    users.order();
    w.column("Used By", "", &users);
    if !status.get("conditions").is_empty() {
        w.line(0, "Conditions:");
        w.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage");
        w.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
        for c in status.get("conditions").as_array() {
            w.line(
                1,
                &format!(
                    "{} \t{} \t{} \t{} \t{} \t{}",
                    c.get("type").text(),
                    c.get("status").text(),
                    date(c.get("lastProbeTime")),
                    date(c.get("lastTransitionTime")),
                    c.get("reason").text(),
                    c.get("message").text()
                ),
            );
        }
    }
    Ok(())
}
