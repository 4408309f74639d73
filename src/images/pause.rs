//! The image that holds a pod's sandbox open.

use crate::images::base::EMPTY;
use crate::os::{Image, ImageFile};

/// `registry.k8s.io/pause`.
pub(super) static PAUSE: Image = Image {
    names: &[
        "registry.k8s.io/pause",
        "k8s.gcr.io/pause",
        "gcr.io/google_containers/pause",
        "gcr.io/google-containers/pause",
    ],
    tags: &["latest", "1.0", "2.0", "3.#", "3.#.#", "go"],
    entrypoint: &["/pause"],
    files: &[ImageFile::Program("/pause", "pause")],
    user: 65535,
    ..EMPTY
};
