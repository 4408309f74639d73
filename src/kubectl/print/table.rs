//! Tables from the server as lines with tabs, ready to be aligned.
//!
//! Upstream: cli-runtime/pkg/printers/tableprinter.go.

use crate::base::gofmt;
use crate::base::value::Value;

/// What a table shows beside the server's columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) wide: bool,
    pub(crate) no_headers: bool,
    pub(crate) with_namespace: bool,
    /// Put before names: `statefulset.apps`; "" for nothing.
    pub(crate) with_kind: String,
    pub(crate) show_labels: bool,
    pub(crate) label_columns: Vec<String>,
}

/// Prints tables of one kind; remembers the columns for rows that come later.
#[derive(Clone, Debug)]
pub(crate) struct TablePrinter {
    pub(crate) options: Options,
    columns: Vec<Value>,
    header_done: bool,
}

impl TablePrinter {
    pub(crate) fn new(options: Options) -> TablePrinter {
        TablePrinter { options, columns: Vec::new(), header_done: false }
    }

    /// The lines of a table: the header, once, and its rows.
    pub(crate) fn lines(&mut self, table: &Value) -> String {
        let columns = table.get("columnDefinitions").as_array();
        if !columns.is_empty() {
            self.columns = columns.to_vec();
        }
        let rows = table.get("rows").as_array();
        let mut out = String::new();
        // Without rows there is no header either: `No resources found` says it all.
        if rows.is_empty() {
            return out;
        }
        if !self.header_done && !self.options.no_headers {
            self.header_done = true;
            out.push_str(&self.header());
        }
        for row in rows {
            out.push_str(&self.row(row));
        }
        out
    }

    fn header(&self) -> String {
        let mut names = Vec::new();
        if self.options.with_namespace {
            names.push("NAMESPACE".to_owned());
        }
        let shown = self.columns.iter().filter(|c| self.is_shown(c));
        names.extend(shown.map(|c| c.get("name").text().to_uppercase()));
        for label in &self.options.label_columns {
            names.push(label.rsplit('/').next().unwrap_or(label).to_uppercase());
        }
        if self.options.show_labels {
            names.push("LABELS".to_owned());
        }
        format!("{}\n", names.join("\t"))
    }

    fn is_shown(&self, column: &Value) -> bool {
        self.options.wide || column.get("priority").as_i64().unwrap_or(0) == 0
    }

    fn row(&self, row: &Value) -> String {
        let meta = row.at(&["object", "metadata"]);
        let mut cells = Vec::new();
        if self.options.with_namespace {
            cells.push(meta.get("namespace").text().to_owned());
        }
        let mut named = self.options.with_kind.is_empty();
        for (at, column) in self.columns.iter().enumerate() {
            if !self.is_shown(column) {
                continue;
            }
            let mut cell = cell(row.get("cells").index(at));
            if !named && column.get("format").text() == "name" || (!named && at == 0) {
                cell = format!("{}/{cell}", self.options.with_kind);
                named = true;
            }
            cells.push(cell);
        }
        let labels = meta.get("labels");
        for label in &self.options.label_columns {
            cells.push(labels.get(label).text().to_owned());
        }
        if self.options.show_labels {
            cells.push(format_labels(labels));
        }
        format!("{}\n", cells.join("\t"))
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Str(text) => match text.find(['\u{c}', '\n', '\r']) {
            Some(end) => format!("{}...", &text[..end]),
            None => text.replace('\t', " "),
        },
        other => gofmt::plain(other),
    }
}

/// `a=b,c=d`, or `<none>`.
pub(crate) fn format_labels(labels: &Value) -> String {
    let pairs: Vec<_> = labels.entries().map(|(k, v)| format!("{k}={}", v.text())).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}
