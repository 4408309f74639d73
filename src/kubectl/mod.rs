//! kubectl, which reaches the cluster only through API requests.

use crate::os::Program;

/// kubectl.
pub static PROGRAMS: &[&Program] = &[];
