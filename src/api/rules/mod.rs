//! The rules of kinds that are too long for the kind's own file: defaults and checks of pods, metadata, volumes.

pub mod pod_defaults;
