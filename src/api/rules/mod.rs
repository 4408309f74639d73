//! The rules of kinds that are too long for the kind's own file: defaults and checks of pods, metadata, volumes.

pub mod address;
pub mod claim;
pub mod faults;
pub mod internal;
pub mod job;
pub mod meta;
pub mod pod;
pub mod pod_defaults;
pub mod resources;
pub mod scheduling;
pub mod strategy;
pub mod volumes;
pub mod warnings;
pub mod workload;
