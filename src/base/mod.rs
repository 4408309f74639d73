//! Tools without knowledge of Kubernetes objects: values, time, randomness, text formats.

pub mod base64;
pub mod difflib;
pub mod gofmt;
pub mod gotemplate;
pub mod human;
pub mod jsonpath;
pub mod ordered;
pub mod patch;
pub mod quantity;
pub mod rng;
pub mod sort;
pub mod tabwriter;
pub mod time;
pub mod value;
pub mod view;
pub mod yaml;
