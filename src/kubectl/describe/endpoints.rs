//! Upstream: kubectl/pkg/describe/describe.go, describeEndpoints and describeEndpointSliceV1.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::{Writer, number, or_none};
use crate::base::value::Value;

fn head(object: &Value, w: &mut Writer) {
    let meta = object.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
}

fn or_unset(text: &str) -> &str {
    if text.is_empty() { "<unset>" } else { text }
}

pub(super) fn describe(_cx: &mut Cx, endpoints: &Value, w: &mut Writer) -> Result<(), CmdError> {
    head(endpoints, w);
    w.line(0, "Subsets:");
    for subset in endpoints.get("subsets").as_array() {
        for (title, field) in
            [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")]
        {
            let ips: Vec<_> =
                subset.get(field).as_array().iter().map(|a| a.get("ip").text()).collect();
            w.field(1, title, or_none(&ips.join(",")));
        }
        if !subset.get("ports").is_empty() {
            w.line(1, "Ports:");
            w.line(2, "Name\tPort\tProtocol");
            w.line(2, "----\t----\t--------");
            for port in subset.get("ports").as_array() {
                let name = or_unset(port.get("name").text());
                w.line(
                    2,
                    &format!(
                        "{name}\t{}\t{}",
                        number(port.get("port")),
                        port.get("protocol").text()
                    ),
                );
            }
        }
        w.put("\n");
    }
    Ok(())
}

pub(super) fn describe_slice(_cx: &mut Cx, slice: &Value, w: &mut Writer) -> Result<(), CmdError> {
    head(slice, w);
    w.field(0, "AddressType", slice.get("addressType").text());
    if slice.get("ports").is_empty() {
        w.line(0, "Ports: <unset>");
    } else {
        w.line(0, "Ports:");
        w.line(1, "Name\tPort\tProtocol");
        w.line(1, "----\t----\t--------");
        for port in slice.get("ports").as_array() {
            let at = port.get("port").as_i64().map_or("<unset>".to_owned(), |n| n.to_string());
            w.line(
                1,
                &format!(
                    "{}\t{at}\t{}",
                    or_unset(port.get("name").text()),
                    port.get("protocol").text()
                ),
            );
        }
    }
    if slice.get("endpoints").is_empty() {
        w.line(0, "Endpoints: <none>");
        return Ok(());
    }
    w.line(0, "Endpoints:");
    for endpoint in slice.get("endpoints").as_array() {
        let addresses: Vec<_> =
            endpoint.get("addresses").as_array().iter().map(Value::text).collect();
        w.field(1, "- Addresses", or_none(&addresses.join(", ")));
        w.line(2, "Conditions:");
        let ready = endpoint.at(&["conditions", "ready"]).as_bool();
        w.field(3, "Ready", &ready.map_or("<unset>".to_owned(), |b| b.to_string()));
        w.field(2, "Hostname", or_unset(endpoint.get("hostname").text()));
        let target = endpoint.get("targetRef");
        if !target.is_null() {
            w.field(
                2,
                "TargetRef",
                &format!("{}/{}", target.get("kind").text(), target.get("name").text()),
            );
        }
        w.field(2, "NodeName", or_unset(endpoint.get("nodeName").text()));
        w.field(2, "Zone", or_unset(endpoint.get("zone").text()));
    }
    Ok(())
}
