//! Upstream: kubectl/pkg/describe/describe.go, ConfigMapDescriber.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::Writer;
use crate::base::base64;
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, map: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = map.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.put("\nData\n====\n");
    for (key, value) in map.get("data").entries() {
        w.put(&format!("{key}:\n----\n{}\n\n", value.text()));
    }
    w.put("\nBinaryData\n====\n");
    for (key, value) in map.get("binaryData").entries() {
        let len = base64::decode(value.text()).map_or(0, |b| b.len());
        w.put(&format!("{key}: {len} bytes\n"));
    }
    w.put("\n");
    Ok(())
}
