//! Remarks on a manifest in the editor: what kubectl and the API server would say, at the place it is about.

use crate::api::schema::decode::{Reader, decode};
use crate::api::{Key, KindRef, kinds};
use crate::base::value::Value;
use crate::base::yaml::{self, Node};
use crate::server::By;
use crate::world::World;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It would be refused.
    Error,
    /// It would be accepted, but may not be what is meant.
    Warning,
}

/// A remark on a place in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
}

/// Longer texts are not checked while they are typed.
const MAX_BYTES: usize = 200_000;

/// The remarks on a text of one or more YAML documents, top down.
pub fn lint(world: &World, text: &str) -> Vec<Remark> {
    if text.len() > MAX_BYTES {
        return Vec::new();
    }
    let mut remarks = Vec::new();
    for document in yaml::documents(text) {
        match document {
            Ok(document) => remarks.extend(lint_document(world, document.text, document.line)),
            Err(message) => {
                remarks.push(Remark { line: 1, column: 1, severity: Severity::Error, message });
            }
        }
    }
    remarks
}

fn lint_document(world: &World, text: &str, first_line: usize) -> Vec<Remark> {
    let place = |line: usize, column: usize, message: String| Remark {
        line: line.max(1) + first_line - 1,
        column: column.max(1),
        severity: Severity::Error,
        message,
    };
    let read = yaml::read_node(text).and_then(|node| node.to_value().map(|value| (node, value)));
    let (node, value) = match read {
        Ok(read) => read,
        Err(error) => return vec![place(error.at_line, error.at_column, error.problem)],
    };
    if value.is_null() {
        return Vec::new();
    }
    faults(world, &value)
        .into_iter()
        .map(|(path, severity, message)| {
            let at = nearest(&node, &path);
            Remark { severity, ..place(at.line, at.column, message) }
        })
        .collect()
}

/// What is wrong with an object: the path of the field, and what about it.
fn faults(world: &World, value: &Value) -> Vec<(String, Severity, String)> {
    let fault = |path: &str, message: String| vec![(path.to_owned(), Severity::Error, message)];
    let (version, kind) = (value.get("apiVersion").text(), value.get("kind").text());
    if version.is_empty() || kind.is_empty() {
        let missing = if version.is_empty() { "apiVersion" } else { "kind" };
        return fault("", format!("{missing} not set"));
    }
    let Some(kind) = kinds::by_gvk(version, kind) else {
        let message = format!("no matches for kind \"{kind}\" in version \"{version}\"");
        return vec![("kind".into(), Severity::Warning, message)];
    };
    let decoded = match decode(kind, value, Reader::Json) {
        Ok(decoded) => decoded,
        Err(message) => return fault(&type_error_path(&message), message),
    };
    if !decoded.strict.is_empty() {
        return decoded
            .strict
            .into_iter()
            .map(|text| (quoted(&text).to_owned(), Severity::Error, text))
            .collect();
    }
    verdict(world, kind, decoded.value)
}

/// What the API server would say to creating the object, were it not there yet.
fn verdict(world: &World, kind: KindRef, mut value: Value) -> Vec<(String, Severity, String)> {
    let meta = value.entry("metadata");
    for set_by_server in ["resourceVersion", "uid", "creationTimestamp", "generation"] {
        meta.remove(set_by_server);
    }
    if kind.namespaced {
        meta.default_to("namespace", "default");
    }
    let (ns, name) = (meta.get("namespace").text().to_owned(), meta.get("name").text().to_owned());
    let mut server = world.server.clone();
    let by = || By::user("the editor's check");
    server.store.remove(kind, &Key::new(ns, name), server.now, by());
    let Err(status) = server.create(kind, value, by()) else { return Vec::new() };
    let causes = status.details.get("causes").as_array();
    if causes.is_empty() {
        return vec![(String::new(), Severity::Error, status.message)];
    }
    let fault = |cause: &Value| {
        let field = cause.get("field").text();
        (field.to_owned(), Severity::Error, format!("{field}: {}", cause.get("message").text()))
    };
    causes.iter().map(fault).collect()
}

/// The path in `json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32`.
fn type_error_path(message: &str) -> String {
    let field = message
        .split("Go struct field ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or_default();
    field.split_once('.').map_or(String::new(), |(_, path)| path.to_owned())
}

/// The text between the first two double quotes.
fn quoted(text: &str) -> &str {
    text.split('"').nth(1).unwrap_or_default()
}

/// The node at a path such as `spec.containers[0].image`, or the nearest above it that was written.
fn nearest<'a>(root: &'a Node, path: &str) -> &'a Node {
    let flat = path.replace('[', ".").replace(']', "");
    let parts: Vec<&str> = flat.split('.').filter(|part| !part.is_empty()).collect();
    (0..=parts.len()).rev().find_map(|end| root.find(&parts[..end])).unwrap_or(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, world};

    fn world() -> World {
        catalog::world(&world::Options::recorded(1))
    }

    fn remarks(text: &str) -> Vec<(usize, String)> {
        lint(&world(), text).into_iter().map(|remark| (remark.line, remark.message)).collect()
    }

    #[test]
    fn broken_yaml_is_marked_where_it_breaks() {
        let found = remarks("apiVersion: v1\nkind: Service\n---\na: b: c\n");
        assert!(
            found.iter().any(|(line, message)| *line == 4 && message.contains("mapping values")),
            "{found:?}"
        );
    }

    #[test]
    fn an_unknown_field_is_marked_at_its_line() {
        let text =
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  replica: 2\n";
        assert_eq!(remarks(text), [(6, "unknown field \"spec.replica\"".to_owned())]);
    }

    #[test]
    fn a_wrong_type_is_marked_at_its_line() {
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  replicas: two\n";
        assert_eq!(remarks(text).first().map(|(line, _)| *line), Some(4));
    }

    #[test]
    fn the_lessons_files_are_fine() {
        for (name, text) in crate::lessons::FILES {
            assert_eq!(remarks(text), [], "{name}");
        }
    }

    #[test]
    fn what_the_server_refuses_is_marked_at_its_line() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - image: b\n    name: C\n";
        assert_eq!(remarks(text).first().map(|(line, _)| *line), Some(8));
    }

    #[test]
    fn comments_and_empty_documents_are_fine() {
        assert_eq!(lint(&world(), "# nothing\n---\n"), []);
    }
}
