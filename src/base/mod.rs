//! Tools without knowledge of Kubernetes objects: values, time, randomness, text formats.

pub mod rng;
pub mod time;
pub mod value;
pub mod view;
