//! The shell: bash on the learner's machine, sh in containers.

use crate::os::Program;

/// The shells.
pub static PROGRAMS: &[&Program] = &[];
