//! Container images: one file each, one entry here.

mod alpine;
mod base;
mod busybox;
mod debian;
mod failures;
mod laptop;
mod nginx;
mod pause;
mod stand_in;
mod tools;

use crate::os::Image;

pub use base::BASE;
pub use laptop::{HOME, LAPTOP, LEARNER, NODE};
pub use stand_in::STAND_IN;

/// All images that a registry has.
pub static ALL: &[&Image] = &[
    &alpine::ALPINE,
    &busybox::BUSYBOX_1_28,
    &busybox::BUSYBOX,
    &debian::DEBIAN,
    &debian::UBUNTU,
    &failures::CRASH,
    &failures::OOM,
    &failures::STUBBORN,
    nginx::V1_29,
    nginx::V1_28,
    nginx::V1_27,
    nginx::V1_26,
    nginx::V1_25,
    nginx::V1_24,
    nginx::V1_23,
    nginx::V1_22,
    nginx::V1_21,
    nginx::V1_20,
    nginx::V1_19,
    nginx::V1_18,
    nginx::V1_17,
    nginx::V1_16,
    nginx::V1_15,
    nginx::V1_14,
    nginx::V1_13,
    nginx::V1_12,
    nginx::V1_11,
    nginx::V1_10,
    nginx::V1_9,
    nginx::V1_7,
    &nginx::NGINX_SLIM,
    &pause::PAUSE,
    &tools::CURL,
    &tools::CURL_SHELL,
    &tools::DNSUTILS,
    &tools::NETSHOOT,
];
