//! Tabernetes: a simulated Kubernetes that lives in a browser tab.

pub mod api;
pub mod base;
#[cfg(target_arch = "wasm32")]
pub mod ui;
