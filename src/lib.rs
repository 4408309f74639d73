//! Tabernetes: a simulated Kubernetes that lives in a browser tab.

pub mod api;
pub mod base;
pub mod catalog;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod controllers;
pub mod images;
pub mod kubectl;
pub mod kubelet;
pub mod lessons;
pub mod net;
pub mod os;
pub mod programs;
pub mod scheduler;
pub mod server;
pub mod session;
pub mod shell;
pub mod sim;
#[cfg(target_arch = "wasm32")]
pub mod ui;
pub mod view;
pub mod world;
