//! busybox: a shell and the usual commands.

use crate::images::base::{EMPTY, with_busybox};
use crate::os::{Image, ImageFile};

const NAMES: &[&str] = &[
    "busybox",
    "gcr.io/google-containers/busybox",
    "registry.k8s.io/busybox",
    "k8s.gcr.io/busybox",
];

/// `busybox:1.28` and older: its `nslookup`, which tutorials quote, knows the search list and prints otherwise.
pub(super) static BUSYBOX_1_28: Image = Image {
    names: NAMES,
    tags: &[
        "1.28", "1.28.#", "1.28-*", "1.28.#-*", "1.27", "1.27.#", "1.26", "1.26.#", "1.25",
        "1.25.#", "1.24", "1.24.#",
    ],
    cmd: &["sh"],
    files: with_busybox![ImageFile::Text("/lib/libbusybox.so.1.28.4", 0o644, "\x7fELF\n")],
    ..EMPTY
};

/// `busybox`.
pub(super) static BUSYBOX: Image = Image {
    names: NAMES,
    tags: &[
        "latest", "1", "stable", "stable-*", "glibc", "musl", "uclibc", "1.#", "1.#-*", "1.#.#",
        "1.#.#-*",
    ],
    cmd: &["sh"],
    files: with_busybox![],
    ..EMPTY
};
