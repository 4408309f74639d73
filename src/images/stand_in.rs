//! What runs for an image that we do not have.

use crate::images::base::EMPTY;
use crate::os::{Image, ImageFile};

/// Answers on the ports that its environment names and says in its log what it is.
pub static STAND_IN: Image = Image {
    names: &["tabernetes-stand-in"],
    entrypoint: &["/stand-in"],
    files: &[ImageFile::Program("/stand-in", "stand-in")],
    shell: true,
    ..EMPTY
};
