//! Debian and Ubuntu: bash and GNU's commands.

use crate::images::base::{EMPTY, GROUP, PASSWD, with_gnu};
use crate::os::{Image, ImageFile};

/// `debian`.
pub(super) static DEBIAN: Image = Image {
    names: &["debian"],
    tags: &[
        "latest",
        "stable",
        "stable-*",
        "#",
        "#-*",
        "#.#",
        "#.#-*",
        "bookworm",
        "bookworm-*",
        "trixie",
        "trixie-*",
        "bullseye",
        "bullseye-*",
        "buster",
        "sid",
        "sid-*",
    ],
    cmd: &["bash"],
    files: with_gnu![
        ImageFile::Text("/etc/passwd", 0o644, PASSWD),
        ImageFile::Text("/etc/group", 0o644, GROUP),
        ImageFile::Text(
            "/etc/os-release",
            0o644,
            "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nID=debian\n",
        ),
    ],
    ..EMPTY
};

/// `ubuntu`.
pub(super) static UBUNTU: Image = Image {
    names: &["ubuntu"],
    tags: &["latest", "rolling", "devel", "#.#", "noble", "jammy", "focal", "bionic", "xenial"],
    cmd: &["/bin/bash"],
    files: with_gnu![
        ImageFile::Text("/etc/passwd", 0o644, PASSWD),
        ImageFile::Text("/etc/group", 0o644, GROUP),
        ImageFile::Text(
            "/etc/os-release",
            0o644,
            "PRETTY_NAME=\"Ubuntu 24.04.3 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n",
        ),
    ],
    ..EMPTY
};
