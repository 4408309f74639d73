//! Alpine Linux: busybox with a few more commands.

use crate::images::base::{EMPTY, with_busybox};
use crate::os::{Image, ImageFile};

/// `alpine`.
pub(super) static ALPINE: Image = Image {
    names: &["alpine"],
    tags: &["latest", "edge", "3", "3.#", "3.#.#"],
    cmd: &["/bin/sh"],
    files: with_busybox![ImageFile::Text(
        "/etc/os-release",
        0o644,
        "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.23.0\nPRETTY_NAME=\"Alpine Linux v3.23\"\n",
    )],
    ..EMPTY
};
