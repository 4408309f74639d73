//! Tables as the server prints them: one file for each kind, one entry in [`PRINTERS`].
//!
//! Upstream: pkg/printers/internalversion/printers.go and pkg/printers/tablegenerator.go.

use crate::api::kinds::{
    CONFIG_MAP, CONTROLLER_REVISION, CRON_JOB, DAEMON_SET, DEPLOYMENT, ENDPOINT_SLICE, ENDPOINTS,
    EVENT, JOB, LEASE, NAMESPACE, NODE, PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, POD,
    POD_DISRUPTION_BUDGET, REPLICA_SET, SECRET, SERVICE, SERVICE_ACCOUNT, STATEFUL_SET,
    STORAGE_CLASS,
};
use crate::api::{KindRef, Object};
use crate::base::human;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::represent::{Form, IncludeObject, partial};
use crate::value;

pub mod config;
pub mod endpoints;
pub mod event;
pub mod namespace;
pub mod node;
pub mod pod;
pub mod policy;
pub mod service;
pub mod stateful_set;
pub mod storage;
pub mod workload;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading: `Name`.
    pub name: &'static str,
    /// `string`, `integer` or `date`.
    pub kind: &'static str,
    /// `name` for the first column, otherwise "".
    pub format: &'static str,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: i64,
}

/// The name column.
pub const NAME: Column = Column { name: "Name", kind: "string", format: "name", priority: 0 };
/// The age column.
pub const AGE: Column = text("Age");

/// A column of text.
pub const fn text(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0 }
}

/// A column of numbers.
pub const fn integer(name: &'static str) -> Column {
    Column { name, kind: "integer", format: "", priority: 0 }
}

/// A column of truth values.
pub const fn boolean(name: &'static str) -> Column {
    Column { name, kind: "boolean", format: "", priority: 0 }
}

/// A column of text that only `-o wide` shows.
pub const fn wide(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 1 }
}

/// How a kind is printed.
pub struct Printer {
    /// Columns in order.
    pub columns: &'static [Column],
    /// An object's cells, as many as there are columns.
    pub cells: fn(&Object, Time) -> Vec<Value>,
    /// Why a row counts as completed, for finished pods: (reason, message).
    pub condition: fn(&Object) -> Option<(&'static str, &'static str)>,
}

/// Kinds without a printer of their own show name and creation.
/// Upstream: staging/src/k8s.io/apiserver/pkg/registry/rest/table.go, defaultTableConvertor.
static DEFAULT: Printer = Printer {
    columns: &[NAME, Column { name: "Created At", kind: "date", format: "", priority: 0 }],
    cells: |object, _| {
        vec![object.name().into(), object.at(&["metadata", "creationTimestamp"]).clone()]
    },
    condition: |_| None,
};

/// The printers by kind.
pub static PRINTERS: &[(KindRef, &Printer)] = &[
    (&POD, &pod::PRINTER),
    (&NODE, &node::PRINTER),
    (&NAMESPACE, &namespace::PRINTER),
    (&SERVICE, &service::PRINTER),
    (&ENDPOINTS, &endpoints::PRINTER),
    (&ENDPOINT_SLICE, &endpoints::SLICE_PRINTER),
    (&DEPLOYMENT, &workload::DEPLOYMENT_PRINTER),
    (&REPLICA_SET, &workload::REPLICA_SET_PRINTER),
    (&DAEMON_SET, &workload::DAEMON_SET_PRINTER),
    (&JOB, &workload::JOB_PRINTER),
    (&CRON_JOB, &workload::CRON_JOB_PRINTER),
    (&POD_DISRUPTION_BUDGET, &policy::BUDGET_PRINTER),
    (&STATEFUL_SET, &stateful_set::PRINTER),
    (&CONTROLLER_REVISION, &stateful_set::REVISION_PRINTER),
    (&PERSISTENT_VOLUME_CLAIM, &storage::CLAIM_PRINTER),
    (&PERSISTENT_VOLUME, &storage::VOLUME_PRINTER),
    (&STORAGE_CLASS, &storage::CLASS_PRINTER),
    (&EVENT, &event::PRINTER),
    (&CONFIG_MAP, &config::CONFIG_MAP_PRINTER),
    (&SECRET, &config::SECRET_PRINTER),
    (&SERVICE_ACCOUNT, &config::ACCOUNT_PRINTER),
    (&LEASE, &config::LEASE_PRINTER),
];

/// The printer of a kind.
pub fn printer(kind: KindRef) -> &'static Printer {
    PRINTERS.iter().find(|(k, _)| *k == kind).map_or(&DEFAULT, |(_, printer)| printer)
}

/// A `Table` of objects of one kind.
pub fn table<'a>(
    kind: KindRef,
    objects: impl Iterator<Item = &'a Object>,
    meta: Value,
    form: Form,
) -> Value {
    let printer = printer(kind);
    let columns: Vec<Value> = printer.columns.iter().map(column).collect();
    let rows: Vec<Value> = objects.map(|object| row(printer, object, form)).collect();
    value!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "Table",
        "metadata": meta,
        "columnDefinitions": Value::array(columns),
        "rows": Value::array(rows),
    })
}

fn column(column: &Column) -> Value {
    value!({
        "name": column.name,
        "type": column.kind,
        "format": column.format,
        "description": "",
        "priority": column.priority,
    })
}

fn row(printer: &Printer, object: &Object, form: Form) -> Value {
    let mut row = value!({ "cells": Value::array((printer.cells)(object, form.now)) });
    if let Some((reason, message)) = (printer.condition)(object) {
        row.set(
            "conditions",
            value!([{ "type": "Completed", "status": "True", "reason": reason, "message": message }]),
        );
    }
    match form.include {
        IncludeObject::Metadata => row.set("object", partial(object)),
        IncludeObject::Object => row.set("object", object.value().clone()),
        IncludeObject::None => {}
    }
    row
}

/// The age cell.
pub fn age(object: &Object, now: Time) -> Value {
    human::age(object.at(&["metadata", "creationTimestamp"]).text(), now).into()
}

/// A text, or `<none>` for an empty one.
pub(crate) fn none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

/// Labels as printers show them. Upstream: staging/src/k8s.io/apimachinery/pkg/labels/labels.go, FormatLabels.
pub(crate) fn labels(labels: &Value) -> String {
    let pairs: Vec<String> = labels.entries().map(|(k, v)| format!("{k}={}", v.text())).collect();
    none(&pairs.join(",")).to_owned()
}

/// Names and images of containers, joined with commas. Upstream: layoutContainerCells.
pub(crate) fn containers(containers: &Value) -> (String, String) {
    let join = |field: &str| {
        let all: Vec<&str> = containers.as_array().iter().map(|c| c.get(field).text()).collect();
        all.join(",")
    };
    (join("name"), join("image"))
}
