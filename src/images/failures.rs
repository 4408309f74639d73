//! Images for trying out failures, as in the recorded cluster.

use crate::images::base::EMPTY;
use crate::os::{Image, ImageFile};

/// Ends with exit code 1 after one second.
pub(super) static CRASH: Image = Image {
    names: &["example.com/crash"],
    entrypoint: &["/crash"],
    files: &[ImageFile::Program("/crash", "crash")],
    shell: true,
    ..EMPTY
};

/// Is killed for want of memory after two seconds.
pub(super) static OOM: Image = Image {
    names: &["example.com/oom"],
    entrypoint: &["/oom"],
    files: &[ImageFile::Program("/oom", "oom")],
    shell: true,
    ..EMPTY
};

/// Ignores SIGTERM.
pub(super) static STUBBORN: Image = Image {
    names: &["example.com/stubborn"],
    entrypoint: &["/stubborn"],
    files: &[ImageFile::Program("/stubborn", "stubborn")],
    shell: true,
    ..EMPTY
};
