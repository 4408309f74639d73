//! Upstream: kubectl/pkg/describe/describe.go, describeSecret.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::Writer;
use crate::base::base64;
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, secret: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = secret.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.put(&format!("\nType:\t{}\n", secret.get("type").text()));
    w.put("\nData\n====\n");
    for (key, value) in secret.get("data").entries() {
        let bytes = base64::decode(value.text()).unwrap_or_default();
        w.field(0, key, &format!("{} bytes", bytes.len()));
    }
    Ok(())
}
