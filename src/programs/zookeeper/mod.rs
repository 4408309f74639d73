//! ZooKeeper: the server, its start script and its clients.
//!
//! Upstream: Apache ZooKeeper 3.4.10 and the kubernetes-zookeeper image.
//! Simplified: own wire formats, one log file instead of snapshots, no ACLs, no watches, no observers.

mod cli;
mod client_side;
mod config;
mod server;
mod start;
mod storage;
mod tree;
mod wire;

use crate::os::Program;

/// The Java program that serves; its last argument is the configuration file.
pub static SERVER: Program =
    Program { name: "zookeeper-server", start: |argv| Box::new(server::Server::new(argv)) };

/// `start-zookeeper`.
pub static START: Program =
    Program { name: "start-zookeeper", start: |argv| Box::new(start::Start::new(argv)) };

/// `zkCli.sh`.
pub static CLI: Program = Program { name: "zkCli.sh", start: |argv| Box::new(cli::Cli::new(argv)) };
