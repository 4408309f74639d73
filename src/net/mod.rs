//! Addresses, Services and the cluster's name server.

use crate::os::{Answer, Errno, Record};
use crate::server::Server;

/// The records that the cluster's name server has for a fully qualified name (without the last dot).
/// Upstream: CoreDNS, plugin/kubernetes; records of a StatefulSet's pod appear with its ready endpoint.
pub fn lookup(server: &Server, name: &str, record: Record) -> Vec<Answer> {
    let _ = (server, name, record);
    Vec::new()
}

/// Where a connection to this address and port really goes: a Service's address becomes that of one of its ready endpoints.
///
/// # Errors
/// `Refused` for a Service without ready endpoints, `Unreachable` for an address that nobody has.
pub fn route(server: &Server, address: &str, port: u16) -> Result<(String, u16), Errno> {
    let _ = (server, port);
    Ok((address.to_owned(), port))
}
