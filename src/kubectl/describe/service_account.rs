//! Upstream: kubectl/pkg/describe/describe.go, describeServiceAccount.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::Writer;
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, account: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = account.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    let secrets = account.get("imagePullSecrets").as_array();
    if secrets.is_empty() {
        w.line(0, "Image pull secrets:\t<none>");
    }
    for (at, secret) in secrets.iter().enumerate() {
        let title = if at == 0 { "Image pull secrets:" } else { "                   " };
        w.line(0, &format!("{title}\t{}", secret.get("name").text()));
    }
    Ok(())
}
