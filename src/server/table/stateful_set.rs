//! StatefulSets and their revisions as tables.
//! Upstream: pkg/printers/internalversion/printers.go, printStatefulSet and printControllerRevision.

use crate::api::Object;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{AGE, NAME, Printer, age, containers, text, wide};

/// The printer of StatefulSets.
pub static PRINTER: Printer = Printer {
    columns: &[NAME, text("Ready"), AGE, wide("Containers"), wide("Images")],
    cells,
    condition: |_| None,
};

/// The printer of ControllerRevisions.
pub static REVISION_PRINTER: Printer = Printer {
    columns: &[NAME, text("Controller"), text("Revision"), AGE],
    cells: revision_cells,
    condition: |_| None,
};

fn cells(object: &Object, now: Time) -> Vec<Value> {
    let count = |path: &[&str]| object.at(path).as_i64().unwrap_or(0);
    let ready = format!("{}/{}", count(&["status", "readyReplicas"]), count(&["spec", "replicas"]));
    let (names, images) = containers(object.at(&["spec", "template", "spec", "containers"]));
    vec![object.name().into(), ready.into(), age(object, now), names.into(), images.into()]
}

fn revision_cells(object: &Object, now: Time) -> Vec<Value> {
    let meta = object.meta();
    let controller = meta.controller().map_or_else(
        || "<none>".to_owned(),
        |owner| {
            let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
            let kind = owner.kind.to_lowercase();
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group}/{}", owner.name)
        },
    );
    vec![
        object.name().into(),
        controller.into(),
        object.get("revision").as_i64().unwrap_or(0).into(),
        age(object, now),
    ]
}
