//! Kinds without a description of their own: every field, by name.
//!
//! Upstream: kubectl/pkg/describe/describe.go, genericDescriber and printUnstructuredContent.

use super::writer::Writer;
use crate::base::gofmt;
use crate::base::value::Value;

const SKIPPED: &[&str] = &[
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
];

/// Describes any object.
pub(super) fn describe(object: &Value, w: &mut Writer) {
    let meta = object.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    content(w, 0, object, "");
}

fn content(w: &mut Writer, level: usize, object: &Value, prefix: &str) {
    if level > 100 {
        return;
    }
    for (field, value) in object.entries() {
        let path = format!("{prefix}.{field}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        let title = label(field);
        match value {
            Value::Map(_) => {
                w.line(level, &format!("{title}:"));
                content(w, level + 1, value, &path);
            }
            Value::Array(items) => {
                w.line(level, &format!("{title}:"));
                for item in items.iter() {
                    match item {
                        Value::Map(_) => content(w, level + 1, item, &path),
                        other => w.line(level + 1, &gofmt::plain(other)),
                    }
                }
            }
            other => w.field(level, &title, &gofmt::plain(other)),
        }
    }
}

/// `creationTimestamp` reads `Creation Timestamp`.
/// Upstream: describe.go, smartLabelFor.
fn label(field: &str) -> String {
    if field.chars().any(|c| !c.is_alphabetic() && c != '-') {
        return field.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let chars: Vec<char> = field.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(at + 1);
        let starts = match before {
            None => true,
            Some(b) if c.is_uppercase() => {
                !b.is_uppercase() || after.is_some_and(|a| a.is_lowercase())
            }
            Some(b) => (c == '-') != (b == '-'),
        };
        if starts {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut() {
            last.push(c);
        }
    }
    let shown: Vec<String> = words
        .into_iter()
        .map(|word| {
            let upper = word.to_uppercase();
            if ["API", "URL", "UID", "GUID"].contains(&upper.as_str()) {
                return upper;
            }
            if word.to_lowercase() == word {
                let mut chars = word.chars();
                return chars
                    .next()
                    .map(|c| c.to_uppercase().chain(chars).collect())
                    .unwrap_or_default();
            }
            word
        })
        .collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_are_split_into_words() {
        for (field, want) in [
            ("creationTimestamp", "Creation Timestamp"),
            ("uid", "UID"),
            ("apiVersion", "API Version"),
            ("resourceVersion", "Resource Version"),
            ("podIP", "Pod IP"),
            ("app.kubernetes.io/name", "app.kubernetes.io/name"),
        ] {
            assert_eq!(label(field), want);
        }
    }
}
