//! Tabernetes: a simulated Kubernetes that lives in a browser tab.

pub mod api;
pub mod base;
pub mod controllers;
pub mod images;
pub mod kubectl;
pub mod kubelet;
pub mod net;
pub mod os;
pub mod programs;
pub mod scheduler;
pub mod server;
pub mod shell;
pub mod sim;
pub mod view;
#[cfg(target_arch = "wasm32")]
pub mod ui;
