//! What programs share: arguments, inputs, line filters, patterns, HTTP.

pub(super) mod args;
pub(super) mod http;
pub(super) mod input;
pub(super) mod once;
pub(super) mod regex;
pub(super) mod text;
