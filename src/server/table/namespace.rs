//! Namespaces as a table. Upstream: pkg/printers/internalversion/printers.go, printNamespace.

use crate::server::table::{AGE, NAME, Printer, age, text};

/// The printer.
pub static PRINTER: Printer = Printer {
    columns: &[NAME, text("Status"), AGE],
    cells: |object, now| {
        vec![object.name().into(), object.at(&["status", "phase"]).text().into(), age(object, now)]
    },
    condition: |_| None,
};
