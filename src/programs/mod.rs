//! The programs that machines have: one file each, one entry here.

pub mod zookeeper;

use crate::os::Program;

/// Every program.
pub static ALL: &[&Program] = &[&zookeeper::CLI, &zookeeper::SERVER, &zookeeper::START];
