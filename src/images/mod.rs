//! Container images: one file each, one entry here.

use crate::os::{Image, catalog::ImageFile};

/// Every image.
pub static ALL: &[&Image] = &[];

/// What every image with a shell has.
pub static BASE: &[ImageFile] = &[];

/// Runs for an image that we do not know.
pub static STAND_IN: Image = empty();

/// The learner's own machine.
pub static LAPTOP: Image = empty();

const fn empty() -> Image {
    Image {
        names: &[],
        tags: &[],
        size: 0,
        entrypoint: &[],
        cmd: &[],
        env: &[],
        user: 0,
        workdir: "/",
        files: &[],
        shell: true,
    }
}
