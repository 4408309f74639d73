//! ConfigMaps, Secrets, ServiceAccounts and Leases as tables.
//! Upstream: pkg/printers/internalversion/printers.go, printConfigMap, printSecret, printServiceAccount, printLease.

use crate::api::Object;
use crate::server::table::{AGE, NAME, Printer, age, text};

/// The printer of ConfigMaps.
pub static CONFIG_MAP_PRINTER: Printer = Printer {
    columns: &[NAME, text("Data"), AGE],
    cells: |object, now| {
        let count = entries(object, "data") + entries(object, "binaryData");
        vec![object.name().into(), count.into(), age(object, now)]
    },
    condition: |_| None,
};

/// The printer of Secrets.
pub static SECRET_PRINTER: Printer = Printer {
    columns: &[NAME, text("Type"), text("Data"), AGE],
    cells: |object, now| {
        vec![
            object.name().into(),
            object.get("type").text().into(),
            entries(object, "data").into(),
            age(object, now),
        ]
    },
    condition: |_| None,
};

/// The printer of ServiceAccounts.
pub static ACCOUNT_PRINTER: Printer = Printer {
    columns: &[NAME, AGE],
    cells: |object, now| vec![object.name().into(), age(object, now)],
    condition: |_| None,
};

/// The printer of Leases.
pub static LEASE_PRINTER: Printer = Printer {
    columns: &[NAME, text("Holder"), AGE],
    cells: |object, now| {
        let holder = object.at(&["spec", "holderIdentity"]).text();
        vec![object.name().into(), holder.into(), age(object, now)]
    },
    condition: |_| None,
};

fn entries(object: &Object, field: &str) -> usize {
    object.get(field).entries().count()
}
