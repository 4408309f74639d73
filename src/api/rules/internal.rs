//! Values as the API server holds them inside, in the form that some messages print: Go's field names, all of them.
//!
//! `internal.txt` is written from upstream's internal types by `tests/schema.rs`.
//! Upstream: pkg/apis/core/types.go and its like; staging/src/k8s.io/apimachinery/pkg/util/diff/diff.go.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::fmt::Write;
use std::sync::OnceLock;

use crate::base::difflib;
use crate::base::value::Value;

const TABLE: &str = include_str!("internal.txt");

struct Field {
    go: &'static str,
    json: &'static str,
    code: &'static str,
}

fn table() -> &'static OrdMap<&'static str, Vec<Field>> {
    static READ: OnceLock<OrdMap<&'static str, Vec<Field>>> = OnceLock::new();
    READ.get_or_init(|| {
        let mut table: OrdMap<&str, Vec<Field>> = OrdMap::new();
        let mut current = "";
        for line in TABLE.lines() {
            if let Some(text) = line.strip_prefix(' ') {
                let mut words = text.split(' ');
                let mut word = || words.next().unwrap_or("");
                let field = Field { go: word(), json: word(), code: word() };
                table.entry(current).or_default().push(field);
            } else {
                current = line;
                table.entry(current).or_default();
            }
        }
        table
    })
}

/// A value of an internal type as Go's JSON on one line.
pub fn json(name: &str, value: &Value) -> String {
    let mut out = Printer { out: String::new(), indent: None };
    out.object(name, value, value, 0);
    out.out
}

/// What changed between two values of an internal type. Upstream: diff.Diff.
pub fn diff(name: &str, old: &Value, new: &Value) -> String {
    let text = |value: &Value| {
        let mut out = Printer { out: String::new(), indent: Some(0) };
        out.object(name, value, value, 0);
        out.out
    };
    difflib::unified(&text(old), &text(new))
}

/// Deeper values are cut off; no type nests like this.
const MAX_DEPTH: usize = 60;

struct Printer {
    out: String,
    /// The current depth when lines are broken.
    indent: Option<usize>,
}

impl Printer {
    fn line(&mut self) {
        if let Some(depth) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', depth));
        }
    }

    fn deeper(&mut self, by: isize) {
        self.indent = self.indent.map(|depth| depth.saturating_add_signed(by));
    }

    fn colon(&mut self, key: &str) {
        let space = if self.indent.is_some() { " " } else { "" };
        let _ = write!(self.out, "{}:{space}", Value::from(key).to_json());
    }

    /// Writes elements between brackets; no elements leave the brackets together.
    fn list(
        &mut self,
        open: char,
        close: char,
        count: usize,
        mut one: impl FnMut(&mut Printer, usize),
    ) {
        self.out.push(open);
        self.deeper(1);
        for at in 0..count {
            if at > 0 {
                self.out.push(',');
            }
            self.line();
            one(self, at);
        }
        self.deeper(-1);
        if count > 0 {
            self.line();
        }
        self.out.push(close);
    }

    /// `parent` is where fields that v1 keeps one level up are found.
    fn object(&mut self, name: &str, value: &Value, parent: &Value, depth: usize) {
        let fields = table().get(name).map_or(&[][..], Vec::as_slice);
        self.list('{', '}', fields.len(), |out, at| {
            let field = &fields[at];
            out.colon(field.go);
            let inner = match field.json.strip_prefix('^') {
                Some(key) => parent.get(key),
                None => value.get(field.json),
            };
            out.typed(field.code, inner, value, depth + 1);
        });
    }

    fn typed(&mut self, code: &str, value: &Value, parent: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            self.out.push_str("null");
        } else if let Some(inner) = code.strip_prefix('*') {
            if value.is_null() {
                self.out.push_str("null");
            } else {
                self.typed(inner, value, parent, depth);
            }
        } else if let Some(inner) = code.strip_prefix("[]") {
            let items = value.as_array();
            if items.is_empty() {
                self.out.push_str("null");
            } else {
                self.list('[', ']', items.len(), |out, at| {
                    out.typed(inner, &items[at], parent, depth + 1);
                });
            }
        } else if let Some(inner) = code.strip_prefix("{}") {
            let entries: Vec<_> = value.entries().collect();
            if entries.is_empty() {
                self.out.push_str("null");
            } else {
                self.list('{', '}', entries.len(), |out, at| {
                    out.colon(entries[at].0);
                    out.typed(inner, entries[at].1, parent, depth + 1);
                });
            }
        } else if let Some(name) = code.strip_prefix('@') {
            self.object(name, value, parent, depth);
        } else {
            self.plain(code, value);
        }
    }

    fn plain(&mut self, code: &str, value: &Value) {
        let zero = match code {
            "s" => "\"\"",
            "b" => "false",
            "n" | "i" => "0",
            "q" => "\"0\"",
            _ => "null",
        };
        if value.is_null() {
            self.out.push_str(zero);
        } else {
            self.raw(value);
        }
    }

    /// A value whose type is the same inside and outside.
    fn raw(&mut self, value: &Value) {
        match value {
            Value::Array(items) => {
                self.list('[', ']', items.len(), |out, at| out.raw(&items[at]));
            }
            Value::Map(map) => {
                // Selectors print their labels first; everything else that occurs here has one field.
                let mut entries: Vec<_> = map.iter().collect();
                entries.order_by_key(|(key, _)| key.as_str() != "matchLabels");
                self.list('{', '}', entries.len(), |out, at| {
                    out.colon(entries[at].0);
                    out.raw(entries[at].1);
                });
            }
            other => self.out.push_str(&other.to_json()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn claims_differ_as_recorded() {
        let claim = |name: Option<&str>, class: Option<&str>| {
            let mut spec = value!({"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                "resources": {"requests": {"storage": "1Gi"}}});
            spec.set("volumeName", name);
            spec.set("storageClassName", class);
            spec
        };
        let old = claim(Some("pvc-1"), Some("standard"));
        assert_eq!(
            diff("PersistentVolumeClaimSpec", &old, &claim(None, None)),
            "@@ -9,8 +9,8 @@\n    \"storage\": \"1Gi\"\n   }\n  },\n- \"VolumeName\": \"pvc-1\",\n- \"StorageClassName\": \"standard\",\n+ \"VolumeName\": \"\",\n+ \"StorageClassName\": null,\n  \"VolumeMode\": \"Filesystem\",\n  \"DataSource\": null,\n  \"DataSourceRef\": null,\n"
        );
    }

    #[test]
    fn strategies_print_inside_out() {
        assert_eq!(
            json(
                "StatefulSetUpdateStrategy",
                &value!({"type": "Recreate", "rollingUpdate": {"partition": -1}})
            ),
            r#"{"Type":"Recreate","RollingUpdate":{"Partition":-1,"MaxUnavailable":null}}"#
        );
    }
}
