//! Shared: what programs have in common: arguments, inputs, line filters, patterns, HTTP.

pub(super) mod args;
pub(super) mod client;
pub(super) mod digest;
pub(super) mod format;
pub(super) mod gather;
pub(super) mod glob;
pub(super) mod http;
pub(super) mod input;
pub(super) mod launch;
pub(super) mod once;
pub(super) mod regex;
pub(super) mod text;
