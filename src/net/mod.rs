//! Addresses, Services and the cluster's name server.
