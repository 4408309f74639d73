//! Endpoints and EndpointSlices as tables.
//! Upstream: pkg/printers/internalversion/printers.go, printEndpoints and printEndpointSlice.

use crate::api::Object;
use crate::api::kinds::endpoint_slice::EndpointSlice;
use crate::api::kinds::endpoints::Endpoints;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{AGE, NAME, Printer, age, text};

/// The printer of Endpoints.
pub static PRINTER: Printer =
    Printer { columns: &[NAME, text("Endpoints"), AGE], cells, condition: |_| None };

/// The printer of EndpointSlices.
pub static SLICE_PRINTER: Printer = Printer {
    columns: &[NAME, text("AddressType"), text("Ports"), text("Endpoints"), AGE],
    cells: slice_cells,
    condition: |_| None,
};

/// Entries that are written out.
const SHOWN: usize = 3;

fn cells(object: &Object, now: Time) -> Vec<Value> {
    vec![object.name().into(), format_endpoints(object).into(), age(object, now)]
}

fn format_endpoints(object: &Object) -> String {
    let endpoints = object.view::<Endpoints>();
    if endpoints.subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    for subset in &endpoints.subsets {
        if subset.ports.is_empty() {
            all.extend(subset.addresses.iter().map(|a| a.ip.to_string()));
        }
        for port in &subset.ports {
            all.extend(subset.addresses.iter().map(|a| format!("{}:{}", a.ip, port.port)));
        }
    }
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(",");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN) } else { shown }
}

fn slice_cells(object: &Object, now: Time) -> Vec<Value> {
    let slice = object.view::<EndpointSlice>();
    let port =
        |port: &crate::api::kinds::endpoint_slice::EndpointPort| match (port.port, &port.name) {
            (Some(number), _) => number.to_string(),
            (None, Some(name)) => name.to_string(),
            (None, None) => "*".to_owned(),
        };
    let addresses =
        slice.endpoints.iter().flat_map(|e| e.addresses.iter().map(ToString::to_string));
    vec![
        object.name().into(),
        slice.address_type.clone().into(),
        shorten(slice.ports.iter().map(port).collect()).into(),
        shorten(addresses.collect()).into(),
        age(object, now),
    ]
}

/// Upstream: listWithMoreString.
fn shorten(list: Vec<String>) -> String {
    match list.len() {
        0 => "<unset>".to_owned(),
        n if n > SHOWN => format!("{} + {} more...", list[..SHOWN].join(","), n - SHOWN),
        _ => list.join(","),
    }
}
