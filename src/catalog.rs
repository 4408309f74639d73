//! The only module that names every registry.

use crate::controllers;
use crate::images;
use crate::kubectl;
use crate::lessons;
use crate::os::Catalog;
use crate::programs;
use crate::shell;
use crate::world::{Options, World};

/// Everything that can be run.
pub static CATALOG: Catalog = Catalog {
    programs: &[programs::ALL, shell::PROGRAMS, kubectl::PROGRAMS],
    images: images::ALL,
    base: images::BASE,
    stand_in: &images::STAND_IN,
    laptop: &images::LAPTOP,
    document: lessons::document,
};

/// A fresh world with everything in it.
pub fn world(options: &Options) -> World {
    World::new(options, &CATALOG, controllers::ALL)
}

#[cfg(test)]
mod tests;
