//! `true` and `false`.

use crate::os::Program;

use super::support::once::once;

/// `true`.
pub(super) static TRUE: Program = Program { name: "true", start: |argv| once(argv, |_, _| 0) };

/// `false`.
pub(super) static FALSE: Program = Program { name: "false", start: |argv| once(argv, |_, _| 1) };
