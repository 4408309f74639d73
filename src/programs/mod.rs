//! The programs that machines have: one file each, one entry here.
//!
//! A program knows its machine only through [`crate::os::Sys`]. What is not simulated is told as an error.
//! Where GNU's and busybox's words differ, those of the machine's own kind are used.

mod busybox;
mod cat;
mod echo;
mod failures;
mod hostname;
mod nginx;
mod pause;
mod sleep;
mod stand_in;
mod support;
mod truth;
pub mod zookeeper;

use crate::os::Program;

/// All programs.
pub static ALL: &[&Program] = &[
    &busybox::BUSYBOX,
    &cat::CAT,
    &echo::ECHO,
    &failures::CRASH,
    &failures::OOM,
    &failures::STUBBORN,
    &hostname::HOSTNAME,
    &nginx::ENTRYPOINT,
    &nginx::NGINX,
    &pause::PAUSE,
    &sleep::SLEEP,
    &stand_in::STAND_IN,
    &truth::FALSE,
    &truth::TRUE,
    &zookeeper::CLI,
    &zookeeper::SERVER,
    &zookeeper::START,
];

#[cfg(test)]
mod tests;
