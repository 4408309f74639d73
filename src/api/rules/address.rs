//! Checks of IP addresses and ranges.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go (the gate StrictIPCIDRValidation is on in 1.36).

use std::net::{IpAddr, Ipv6Addr};

use crate::api::rules::faults::{Faults, Path};
use crate::base::value::Value;

/// Reads an address, with leading zeros as Kubernetes once took them.
fn sloppy(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let parts: Option<Vec<u8>> = text
        .split('.')
        .map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if digits && part.len() <= 8 { part.parse().ok() } else { None }
        })
        .collect();
    match parts.as_deref() {
        Some([a, b, c, d]) => Some(IpAddr::from([*a, *b, *c, *d])),
        _ => None,
    }
}

fn is_mapped(ip: Ipv6Addr) -> bool {
    ip.to_ipv4_mapped().is_some()
}

/// Checks an address; one that was there before is let through. Upstream: IsValidIPForLegacyField.
pub fn ip(value: &Value, known: &Value, path: Path<'_>, faults: &mut Faults) {
    let text = value.text();
    if known.as_array().iter().any(|k| k.text() == text) {
        return;
    }
    match (sloppy(text), text.parse::<IpAddr>()) {
        (None, _) => faults.invalid(
            path,
            value,
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (Some(_), Err(_)) => faults.invalid(path, value, "must not have leading 0s"),
        (Some(_), Ok(IpAddr::V6(v6))) if is_mapped(v6) => {
            faults.invalid(path, value, "must not be an IPv4-mapped IPv6 address");
        }
        _ => {}
    }
}

/// Checks a range of addresses. Upstream: IsValidCIDRForLegacyField.
pub fn cidr(value: &Value, known: &Value, path: Path<'_>, faults: &mut Faults) {
    let text = value.text();
    if known.as_array().iter().any(|k| k.text() == text) {
        return;
    }
    let parsed = text.split_once('/').and_then(|(ip, bits)| {
        let ip = sloppy(ip)?;
        let max: u32 = if ip.is_ipv4() { 32 } else { 128 };
        let bits: u32 = bits.parse().ok().filter(|b| *b <= max)?;
        Some((ip, bits))
    });
    if parsed.is_none() {
        faults.invalid(
            path,
            value,
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        );
    }
}

/// Checks an address to which traffic may be sent. Upstream: ValidateEndpointIP.
pub fn endpoint(value: &Value, path: Path<'_>, faults: &mut Faults) {
    let text = value.text();
    let Some(ip) = sloppy(text) else {
        faults.invalid(path, value, "must be a valid IP address");
        return;
    };
    if ip.is_unspecified() {
        faults.invalid(path, value, format!("may not be unspecified ({text})"));
    }
    if ip.is_loopback() {
        faults.invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    let (link_local, link_multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    if link_local {
        faults.invalid(
            path,
            value,
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
        );
    }
    if link_multicast {
        faults.invalid(
            path,
            value,
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        );
    }
}

/// Whether the text is an IPv6 address.
pub fn is_v6(text: &str) -> bool {
    sloppy(text).is_some_and(|ip| ip.is_ipv6())
}
