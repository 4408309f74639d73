//! The programs that machines have: one file each, one entry here.

use crate::os::Program;

/// Every program.
pub static ALL: &[&Program] = &[];
