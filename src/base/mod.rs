//! Tools without knowledge of Kubernetes objects: values, time, randomness, text formats.

pub mod base64;
pub mod human;
pub mod quantity;
pub mod rng;
pub mod tabwriter;
pub mod time;
pub mod value;
pub mod view;
pub mod yaml;
