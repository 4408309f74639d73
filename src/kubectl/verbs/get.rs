//! `kubectl get`: objects as tables, YAML, JSON and more, and their changes.
//!
//! Upstream: kubectl/pkg/cmd/get/get.go.

use super::super::client::Selectors;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::print::columns;
use super::super::print::sort::sort;
use super::super::print::table::{Options, TablePrinter};
use super::super::print::{Extra, Format, Printer};
use super::super::resources::{Found, Info, Query};
use super::super::{Cx, Flow, Machine, Next, print};
use super::common;
use crate::base::tabwriter::{self, TabWriter};
use crate::base::time::Time;
use crate::base::value::Value;
use crate::os::{Accept, Body, Request, Wait, Watch};
use crate::value;

const FLAGS: &[Flag] = &[
    flag("chunk-size", Kind::Int, "500"),
    flag("ignore-not-found", Kind::Bool, "false"),
    flag("label-columns", Kind::Slice, "").short('L'),
    flag("no-headers", Kind::Bool, "false"),
    flag("output-watch-events", Kind::Bool, "false"),
    flag("raw", Kind::Text, ""),
    flag("server-print", Kind::Bool, "true"),
    flag("show-kind", Kind::Bool, "false"),
    flag("show-labels", Kind::Bool, "false"),
    flag("sort-by", Kind::Text, ""),
    flag("subresource", Kind::Text, ""),
    flag("watch", Kind::Bool, "false").short('w'),
    flag("watch-only", Kind::Bool, "false"),
];

pub(crate) static VERB: Verb = Verb {
    name: "get",
    flags: &[
        FLAGS,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::FIELD_SELECTOR,
        common::ALL_NAMESPACES,
    ],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let raw = args.text("raw");
    if !raw.is_empty() {
        return get_raw(cx, raw);
    }
    let watching = args.is("watch") || args.is("watch-only");
    if watching && !args.text("sort-by").is_empty() {
        cx.err("warning: --watch requested, --sort-by will be ignored for watch events received\n");
    }
    if !watching
        && args.pos.is_empty()
        && args.list("filename").is_empty()
        && args.text("kustomize").is_empty()
    {
        cx.err("You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\n");
        return Err(CmdError::usage_help(
            &args.path,
            "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).",
        ));
    }
    let output = args.text("output");
    if args.is("show-labels") && !output.is_empty() && output != "wide" {
        return Err(CmdError::plain(format!(
            "--show-labels option cannot be used with {output} printer"
        )));
    }
    if args.is("output-watch-events") && !watching {
        return Err(CmdError::plain(
            "--output-watch-events option can only be used with --watch or --watch-only",
        ));
    }
    let printer = Printer::of(cx.sys, &args, Format::Table { wide: false }, Extra::Tables);
    let is_table = matches!(&printer, Ok(Printer { format: Format::Table { .. }, .. }));
    let mut query = Query::of(cx);
    query.type_means_all = true;
    query.latest = true;
    query.accept = if is_table { Accept::Table } else { Accept::Json };
    query.include_object = is_table && !args.text("sort-by").is_empty();
    args.text("subresource").clone_into(&mut query.subresource);
    if watching {
        return watch(cx, query, printer?);
    }
    let found = query.run(cx)?;
    let printer = printer?;
    if is_table {
        print_tables(cx, &query, found, &printer)
    } else {
        print_objects(cx, found, printer)
    }
}

fn get_raw(cx: &mut Cx, raw: &str) -> Result<Next, CmdError> {
    let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
    let mut request = Request::get(path);
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        request = request.param(key, value);
    }
    let text = match cx.send(request)?.body {
        Body::Text(text) => text,
        Body::Value(value) if path == "/version" => version_text(&value),
        Body::Value(value) => crate::base::gofmt::json(&value),
        _ => String::new(),
    };
    cx.out(&text);
    if path == "/version" || !text.ends_with('\n') && path.starts_with("/api") {
        cx.out("\n");
    }
    Ok(Next::Done)
}

/// What `/version` answers: the one text that the server indents, in its own order.
fn version_text(version: &Value) -> String {
    const ORDER: &[&str] = &[
        "major",
        "minor",
        "emulationMajor",
        "emulationMinor",
        "minCompatibilityMajor",
        "minCompatibilityMinor",
        "gitVersion",
        "gitCommit",
        "gitTreeState",
        "buildDate",
        "goVersion",
        "compiler",
        "platform",
    ];
    let fields = ORDER.iter().filter(|name| !version.get(name).is_null());
    let lines: Vec<String> = fields
        .map(|name| format!("  \"{name}\": {}", crate::base::gofmt::json(version.get(name))))
        .collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

fn table_options(cx: &Cx, info: &Info, wide: bool, with_kind: bool) -> Options {
    let args = &cx.env.args;
    Options {
        wide,
        no_headers: args.is("no-headers"),
        with_namespace: args.is("all-namespaces") && info.resource.namespaced,
        with_kind: if with_kind || args.is("show-kind") {
            info.resource.printed()
        } else {
            String::new()
        },
        show_labels: args.is("show-labels"),
        label_columns: args.list("label-columns"),
    }
}

fn print_tables(
    cx: &mut Cx,
    query: &Query,
    found: Found,
    printer: &Printer,
) -> Result<Next, CmdError> {
    let args = cx.args();
    let wide = printer.format == Format::Table { wide: true };
    let several =
        found.infos.iter().any(|i| i.resource.group_kind() != found.infos[0].resource.group_kind());
    let mut errors = found.errors;
    if args.is("ignore-not-found") {
        errors.retain(|e| !e.is_not_found());
    }
    let (mut text, mut last) = (String::new(), None);
    let mut tables = TablePrinter::new(Options::default());
    let mut writer = TabWriter::new(tabwriter::TABLE);
    let mut all_namespaced = !query.all_namespaces;
    let mut infos = found.infos;
    let sort_by = args.text("sort-by");
    if infos.len() > 1 && !sort_by.is_empty() {
        infos = sorted_tables(infos, sort_by)?;
    }
    for info in &infos {
        all_namespaced &= info.resource.namespaced;
        if last.as_ref() != Some(&info.resource) {
            flush(&mut writer, &mut text, args.is("no-headers"));
            writer = TabWriter::new(tabwriter::TABLE);
            tables = TablePrinter::new(table_options(cx, info, wide, several));
            last = Some(info.resource.clone());
        }
        let mut table = info.object.clone();
        if !sort_by.is_empty() {
            let mut rows = table.get("rows").as_array().to_vec();
            // A table that cannot be sorted is left out without a word.
            if sort(&mut rows, sort_by, |row| row.get("object").clone()).is_err() {
                continue;
            }
            table.set("rows", Value::array(rows));
        }
        writer.write(&tables.lines(&table));
    }
    flush(&mut writer, &mut text, args.is("no-headers"));
    cx.out(&text);
    if text.is_empty() && !args.is("ignore-not-found") && errors.is_empty() {
        if all_namespaced {
            let ns = cx.namespace();
            cx.err(&format!("No resources found in {ns} namespace.\n"));
        } else {
            cx.err("No resources found\n");
        }
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// Several tables are sorted by the tables' own fields.
/// Upstream: kubectl/pkg/cmd/get/get.go, RuntimeSorter.
fn sorted_tables(infos: Vec<Info>, sort_by: &str) -> Result<Vec<Info>, CmdError> {
    let mut places = Vec::new();
    for (at, info) in infos.iter().enumerate() {
        places.push(value!({"at": at as i64, "object": &info.object}));
    }
    sort(&mut places, sort_by, |place| place.get("object").clone())?;
    let order = places.iter().filter_map(|p| usize::try_from(p.get("at").as_i64()?).ok());
    Ok(order.filter_map(|at| infos.get(at).cloned()).collect())
}

/// Adds what the writer holds; tables are kept apart by an empty line.
fn flush(writer: &mut TabWriter, text: &mut String, no_headers: bool) {
    let block = writer.flush();
    if !block.is_empty() && !text.is_empty() && !no_headers {
        text.push('\n');
    }
    text.push_str(&block);
}

fn print_objects(cx: &mut Cx, found: Found, mut printer: Printer) -> Result<Next, CmdError> {
    let args = cx.args();
    let mut errors = found.errors;
    if args.is("ignore-not-found") {
        errors.retain(|e| !e.is_not_found());
        if found.infos.is_empty() {
            CmdError::from_many(errors)?;
            return Ok(Next::Done);
        }
    }
    if found.single {
        CmdError::from_many(std::mem::take(&mut errors))?;
    }
    let mut objects: Vec<Value> = found.infos.into_iter().map(|i| i.object).collect();
    let sort_by = args.text("sort-by");
    if !sort_by.is_empty() {
        sort(&mut objects, sort_by, Value::clone)?;
    }
    let object = if found.single && objects.len() == 1 {
        objects.remove(0)
    } else {
        value!({"apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "" }, "items": Value::array(objects)})
    };
    if let Format::Columns(spec) = &printer.format {
        let text = column_text(spec, &object, args.is("no-headers"))?;
        cx.out(&text);
    } else {
        let (text, result) = printer.object(&object, "");
        cx.out(&text);
        result?;
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

fn column_text(spec: &str, object: &Value, no_headers: bool) -> Result<String, CmdError> {
    let parsed = columns::parse(spec)?;
    let mut writer = TabWriter::new(tabwriter::TABLE);
    if !no_headers {
        writer.write(&columns::header(&parsed));
    }
    let items = object.get("items");
    if object.get("kind").text() == "List" {
        for item in items.as_array() {
            writer.write(&columns::row(&parsed, item)?);
        }
    } else {
        writer.write(&columns::row(&parsed, object)?);
    }
    Ok(writer.flush())
}

fn watch(cx: &mut Cx, mut query: Query, printer: Printer) -> Result<Next, CmdError> {
    let args = cx.args();
    query.one_type = true;
    query.flatten = false;
    query.strict = true;
    let found = query.run(cx)?;
    if args.is("ignore-not-found")
        && found.errors.iter().all(CmdError::is_not_found)
        && !found.errors.is_empty()
    {
        return Ok(Next::Done);
    }
    let (single, revision) = (found.single, found.revision.clone());
    let infos = found.all()?;
    let Some(info) = infos.into_iter().next() else { return Ok(Next::Done) };
    let wide = printer.format == Format::Table { wide: true };
    let selectors = Selectors {
        labels: query.labels.clone().unwrap_or_default(),
        fields: if single {
            format!("metadata.name={}", info.name)
        } else {
            query.fields.clone().unwrap_or_default()
        },
    };
    let from = if single { "" } else { revision.as_str() };
    let watch = cx.watch(&info.resource, &info.ns, &selectors, from, query.accept)?;
    let timeout = args.text("request-timeout");
    let timeout = match timeout.parse::<i64>() {
        Ok(seconds) => crate::base::time::Span::seconds(seconds),
        Err(_) => crate::base::human::parse_go_duration(timeout).unwrap_or_default(),
    };
    let mut machine = WatchMachine {
        options: table_options(cx, &info, wide, false),
        tables: TablePrinter::new(table_options(cx, &info, wide, false)),
        writer: TabWriter::new(tabwriter::TABLE),
        printer,
        watch,
        // A named object is sent once more as the watch begins.
        skip_first: single,
        show_events: args.is("output-watch-events"),
        header_done: false,
        until: (timeout.0 > 0).then(|| cx.sys.after(timeout)),
    };
    if !args.is("watch-only") {
        let items = if single || query.accept == Accept::Table {
            vec![info.object.clone()]
        } else {
            super::super::resources::items(&info.object, &info.resource)
                .into_iter()
                .map(|i| i.object)
                .collect()
        };
        for item in &items {
            machine.show(cx, "ADDED", item)?;
        }
    }
    Ok(Next::Wait(Box::new(machine)))
}

/// Prints events as they come.
#[derive(Clone)]
struct WatchMachine {
    options: Options,
    tables: TablePrinter,
    writer: TabWriter,
    printer: Printer,
    watch: Watch,
    skip_first: bool,
    show_events: bool,
    header_done: bool,
    until: Option<Time>,
}

impl WatchMachine {
    fn show(&mut self, cx: &mut Cx, event: &str, object: &Value) -> Result<(), CmdError> {
        match &self.printer.format {
            Format::Table { .. } => {
                let table = if self.show_events {
                    with_event_column(object, event)
                } else {
                    object.clone()
                };
                let lines = self.tables.lines(&table);
                self.writer.write(&lines);
                let text = self.writer.flush();
                cx.out(&text);
                Ok(())
            }
            Format::Columns(spec) => {
                let parsed = columns::parse(spec)?;
                if !self.header_done && !self.options.no_headers {
                    self.writer.write(&columns::header(&parsed));
                }
                self.header_done = true;
                self.writer.write(&columns::row(&parsed, object)?);
                let text = self.writer.flush();
                cx.out(&text);
                Ok(())
            }
            _ => {
                let shown = if self.show_events {
                    value!({"type": event, "object": object})
                } else {
                    object.clone()
                };
                let (text, result) = self.printer.object(&shown, "");
                cx.out(&text);
                result
            }
        }
    }
}

fn with_event_column(table: &Value, event: &str) -> Value {
    let mut table = table.clone();
    let mut columns = table.get("columnDefinitions").as_array().to_vec();
    if !columns.is_empty() {
        columns.insert(0, value!({"name": "Event", "type": "string", "format": "", "priority": 0}));
        table.set("columnDefinitions", Value::array(columns));
    }
    let rows = table.get("rows").as_array().iter().map(|row| {
        let mut row = row.clone();
        let mut cells = vec![Value::from(event)];
        cells.extend_from_slice(row.get("cells").as_array());
        row.set("cells", Value::array(cells));
        row
    });
    let rows = rows.collect();
    table.set("rows", Value::array(rows));
    table
}

impl Machine for WatchMachine {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        let events = cx.sys.poll(&mut self.watch)?;
        for event in events {
            if std::mem::take(&mut self.skip_first) {
                continue;
            }
            self.show(cx, event.kind, &event.value)?;
        }
        if self.until.is_some_and(|until| until <= cx.sys.now()) {
            return Ok(Flow::Exit(0));
        }
        let wait = Wait::kind(self.watch.kind);
        Ok(Flow::Wait(match self.until {
            Some(until) => wait.or_until(until),
            None => wait,
        }))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
