//! busybox: a shell and the usual commands.

use crate::images::base::{EMPTY, with_busybox};
use crate::os::{Image, ImageFile};

/// `busybox`.
pub(super) static BUSYBOX: Image = Image {
    names: &[
        "busybox",
        "gcr.io/google-containers/busybox",
        "registry.k8s.io/busybox",
        "k8s.gcr.io/busybox",
    ],
    tags: &[
        "latest", "1", "stable", "stable-*", "glibc", "musl", "uclibc", "1.#", "1.#-*", "1.#.#",
        "1.#.#-*", "1.#.#.#",
    ],
    cmd: &["sh"],
    files: with_busybox![],
    ..EMPTY
};
