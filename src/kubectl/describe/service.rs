//! Upstream: kubectl/pkg/describe/describe.go, describeService and formatEndpointSlices.

use super::super::Cx;
use super::super::client::Selectors;
use super::super::error::CmdError;
use super::list;
use super::writer::{Writer, format_labels, number, or_none};
use crate::base::gofmt;
use crate::base::value::Value;

pub(super) fn describe(cx: &mut Cx, service: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec) = (service.get("metadata"), service.get("spec"));
    let name = meta.get("name").text();
    let selectors =
        Selectors { labels: format!("kubernetes.io/service-name={name}"), ..Selectors::default() };
    let slices = list(cx, "endpointslices", meta.get("namespace").text(), &selectors)?;
    w.field(0, "Name", name);
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "Selector", &format_labels(spec.get("selector")));
    w.field(0, "Type", spec.get("type").text());
    if !spec.get("ipFamilyPolicy").is_null() {
        w.field(0, "IP Family Policy", spec.get("ipFamilyPolicy").text());
    }
    let joined = |field: &str| {
        let words: Vec<_> = spec.get(field).as_array().iter().map(Value::text).collect();
        words.join(",")
    };
    w.field(0, "IP Families", or_none(&joined("ipFamilies")));
    w.field(0, "IP", spec.get("clusterIP").text());
    w.field(0, "IPs", or_none(&joined("clusterIPs")));
    if !spec.get("externalIPs").is_empty() {
        w.field(0, "External IPs", &joined("externalIPs"));
    }
    for (title, field) in
        [("Desired LoadBalancer IP", "loadBalancerIP"), ("External Name", "externalName")]
    {
        if !spec.get(field).is_empty() {
            w.field(0, title, spec.get(field).text());
        }
    }
    let ingress = service.at(&["status", "loadBalancer", "ingress"]).as_array();
    if !ingress.is_empty() {
        let shown: Vec<String> = ingress
            .iter()
            .map(|i| match (i.get("ip").text(), i.get("ipMode").text()) {
                ("", _) => i.get("hostname").text().to_owned(),
                (ip, "") => ip.to_owned(),
                (ip, mode) => format!("{ip} ({mode})"),
            })
            .collect();
        w.field(0, "LoadBalancer Ingress", &shown.join(", "));
    }
    for port in spec.get("ports").as_array() {
        let protocol = port.get("protocol").text();
        let own = port.get("name").text();
        let shown = if own.is_empty() { "<unset>" } else { own };
        w.field(0, "Port", &format!("{shown}\t{}/{protocol}", number(port.get("port"))));
        w.field(0, "TargetPort", &format!("{}/{protocol}", gofmt::plain(port.get("targetPort"))));
        if !port.get("appProtocol").is_null() {
            w.field(0, "AppProtocol", port.get("appProtocol").text());
        }
        if number(port.get("nodePort")) != 0 {
            w.field(
                0,
                "NodePort",
                &format!("{shown}\t{}/{protocol}", number(port.get("nodePort"))),
            );
        }
        w.field(0, "Endpoints", &endpoints(&slices, own));
    }
    w.field(0, "Session Affinity", spec.get("sessionAffinity").text());
    for (title, field) in [
        ("External Traffic Policy", "externalTrafficPolicy"),
        ("Internal Traffic Policy", "internalTrafficPolicy"),
    ] {
        if !spec.get(field).is_empty() {
            w.field(0, title, spec.get(field).text());
        }
    }
    if number(spec.get("healthCheckNodePort")) != 0 {
        w.field(0, "HealthCheck NodePort", &number(spec.get("healthCheckNodePort")).to_string());
    }
    if !spec.get("loadBalancerSourceRanges").is_empty() {
        w.field(0, "LoadBalancer Source Ranges", &joined("loadBalancerSourceRanges"));
    }
    if !spec.get("trafficDistribution").is_null() {
        w.field(0, "Traffic Distribution", spec.get("trafficDistribution").text());
    }
    Ok(())
}

/// Addresses that are shown before the rest is only counted.
const SHOWN: usize = 3;

fn endpoints(slices: &[Value], port_name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    for slice in slices {
        let ready = slice
            .get("endpoints")
            .as_array()
            .iter()
            .filter(|e| e.at(&["conditions", "ready"]).as_bool() != Some(false));
        let addresses: Vec<_> = ready.map(|e| e.get("addresses").index(0).text()).collect();
        if slice.get("ports").is_empty() {
            all.extend(addresses.iter().map(|a| (*a).to_owned()));
        }
        for port in
            slice.get("ports").as_array().iter().filter(|p| p.get("name").text() == port_name)
        {
            all.extend(addresses.iter().map(|a| format!("{a}:{}", number(port.get("port")))));
        }
    }
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(",");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN) } else { shown }
}
