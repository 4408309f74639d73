//! Printing objects: as name, YAML, JSON, through templates, or as columns.
//!
//! Upstream: cli-runtime/pkg/genericclioptions/print_flags.go and cli-runtime/pkg/printers.

pub(crate) mod columns;
pub(crate) mod sort;
pub(crate) mod table;

use super::error::CmdError;
use super::flags::{Args, Flag, Kind, flag};
use super::resources::printed_kind;
use crate::base::gofmt;
use crate::base::gotemplate::GoTemplate;
use crate::base::human::quote;
use crate::base::jsonpath::JsonPath;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::base::yaml;
use crate::os::Sys;

/// The flags of commands that print objects.
pub(crate) const FLAGS: &[Flag] = &[
    flag("allow-missing-template-keys", Kind::Bool, "true"),
    flag("output", Kind::Text, "").short('o'),
    flag("show-managed-fields", Kind::Bool, "false"),
    flag("template", Kind::Text, ""),
];

/// How an object is printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    /// `kind/name` and what was done.
    Name,
    /// Rows and columns.
    Table {
        /// With the columns of low priority.
        wide: bool,
    },
    Yaml,
    Json,
    JsonPath {
        template: String,
        as_json: bool,
        lenient: bool,
    },
    Template(String),
    Columns(String),
}

/// A format with what belongs to it. Cloneable: templates are parsed again for each use.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    managed_fields: bool,
    printed: usize,
}

/// The formats that a command knows besides those of every command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    None,
    /// `wide` and custom columns, as `get` has them.
    Tables,
}

impl Printer {
    /// The printer that the flags ask for; without any, `default`.
    pub(crate) fn of(
        sys: &Sys,
        args: &Args,
        default: Format,
        extra: Extra,
    ) -> Result<Printer, CmdError> {
        let output = args.text("output");
        let template = args.text("template");
        let managed_fields = args.is("show-managed-fields");
        let lenient = args.is("allow-missing-template-keys");
        let (name, argument) = match output.split_once('=') {
            Some((name, argument)) => (name, Some(argument.to_owned())),
            None => (output, None),
        };
        let argument = argument.or_else(|| (!template.is_empty()).then(|| template.to_owned()));
        let name = if name.is_empty() && !template.is_empty() { "go-template" } else { name };
        let wanted = |what: &str| {
            argument.clone().filter(|a| !a.is_empty()).ok_or_else(|| {
                CmdError::plain(format!("{what} format specified but no {what} given"))
            })
        };
        let template_wanted = || {
            argument
                .clone()
                .filter(|a| !a.is_empty())
                .ok_or_else(|| CmdError::plain("template format specified but no template given"))
        };
        let from_file = |path: String| {
            sys.read_file(&path).map(|b| String::from_utf8_lossy(&b).into_owned()).map_err(
                |error| {
                    CmdError::plain(format!(
                        "error reading template {path}, open {path}: {}",
                        error.to_string().to_lowercase()
                    ))
                },
            )
        };
        let format = match name {
            "" => default,
            "name" => Format::Name,
            "yaml" | "kyaml" if argument.is_none() || output == name => {
                if name == "kyaml" {
                    return Err(CmdError::not_simulated("the output format kyaml"));
                }
                Format::Yaml
            }
            "json" => Format::Json,
            "jsonpath" => {
                Format::JsonPath { template: template_wanted()?, as_json: false, lenient }
            }
            "jsonpath-as-json" => {
                Format::JsonPath { template: template_wanted()?, as_json: true, lenient }
            }
            "jsonpath-file" => Format::JsonPath {
                template: from_file(template_wanted()?)?,
                as_json: false,
                lenient,
            },
            "go-template" | "template" => Format::Template(template_wanted()?),
            "go-template-file" | "templatefile" => Format::Template(from_file(template_wanted()?)?),
            "wide" if extra == Extra::Tables => Format::Table { wide: true },
            "custom-columns" if extra == Extra::Tables => {
                wanted("custom-columns").map(Format::Columns).map_err(|_| {
                    CmdError::plain("custom-columns format specified but no custom columns given")
                })?
            }
            "custom-columns-file" if extra == Extra::Tables => {
                let path = argument.clone().filter(|a| !a.is_empty()).ok_or_else(|| {
                    CmdError::plain("custom-columns format specified but no custom columns given")
                })?;
                Format::Columns(columns::from_file(&from_file(path)?)?)
            }
            _ => return Err(unknown_format(output, extra)),
        };
        let printer = Printer { format, managed_fields, printed: 0 };
        printer.check()?;
        Ok(printer)
    }

    /// Templates are checked before anything is asked of the server.
    fn check(&self) -> Result<(), CmdError> {
        match &self.format {
            Format::JsonPath { template, .. } => {
                JsonPath::parse(template).map(|_| ()).map_err(|error| {
                    CmdError::plain(format!("error parsing jsonpath {template}, {error}"))
                })
            }
            Format::Template(template) => {
                GoTemplate::parse(template).map(|_| ()).map_err(|error| {
                    CmdError::plain(format!("error parsing template {template}, {error}"))
                })
            }
            Format::Columns(spec) => columns::parse(spec).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// The text for an object on which `done` was done ("" for `-o name`).
    /// The error, if any, follows the text.
    pub(crate) fn object(&mut self, object: &Value, done: &str) -> (String, Result<(), CmdError>) {
        let object = self.shown(object);
        let text = match &self.format {
            Format::Name | Format::Table { .. } => names(&object, done),
            Format::Yaml => {
                self.printed += 1;
                let separator = if self.printed > 1 { "---\n" } else { "" };
                format!("{separator}{}", yaml::emit(&object))
            }
            Format::Json => format!("{}\n", gofmt::json_indent(&object, "    ")),
            Format::Columns(spec) => return (String::new(), columns::parse(spec).map(|_| ())),
            Format::JsonPath { template, as_json, lenient } => {
                return jsonpath(template, *as_json, *lenient, &object);
            }
            Format::Template(template) => {
                let Ok(parsed) = GoTemplate::parse(template) else {
                    return (String::new(), Ok(()));
                };
                return match parsed.execute(&object) {
                    Ok(text) => (text, Ok(())),
                    Err((text, error)) => (text, Err(CmdError::Plain(error))),
                };
            }
        };
        (text, Ok(()))
    }

    fn shown(&self, object: &Value) -> Value {
        if self.managed_fields || !matches!(self.format, Format::Yaml | Format::Json) {
            return object.clone();
        }
        without_managed_fields(object)
    }
}

/// The object, and every item of a list, without `managedFields`.
pub(crate) fn without_managed_fields(object: &Value) -> Value {
    let mut object = object.clone();
    if !object.at(&["metadata", "managedFields"]).is_null() {
        object.entry("metadata").remove("managedFields");
    }
    if object
        .get("items")
        .as_array()
        .iter()
        .any(|i| !i.at(&["metadata", "managedFields"]).is_null())
    {
        let items = object.get("items").as_array().iter().map(without_managed_fields).collect();
        object.set("items", Value::array(items));
    }
    object
}

fn unknown_format(output: &str, extra: Extra) -> CmdError {
    let mut allowed = vec![
        "go-template",
        "go-template-file",
        "json",
        "jsonpath",
        "jsonpath-as-json",
        "jsonpath-file",
        "kyaml",
        "name",
        "template",
        "templatefile",
        "yaml",
    ];
    if extra == Extra::Tables {
        allowed.extend(["custom-columns", "custom-columns-file", "wide"]);
        allowed.order();
    }
    CmdError::plain(format!(
        "unable to match a printer suitable for the output format {}, allowed formats are: {}",
        quote(output),
        allowed.join(",")
    ))
}

/// Upstream: cli-runtime/pkg/printers/name.go.
fn names(object: &Value, done: &str) -> String {
    let items = object.get("items");
    if object.get("kind").text().ends_with("List") && matches!(items, Value::Array(_)) {
        return items.as_array().iter().map(|item| names(item, done)).collect();
    }
    let api_version = object.get("apiVersion").text();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let name = object.at(&["metadata", "name"]).text();
    let mut line = format!("{}/{name}", printed_kind(object.get("kind").text(), group));
    if !done.is_empty() {
        line.push(' ');
        line.push_str(done);
    }
    line.push('\n');
    line
}

fn jsonpath(
    template: &str,
    as_json: bool,
    lenient: bool,
    object: &Value,
) -> (String, Result<(), CmdError>) {
    let Ok(mut path) = JsonPath::parse(template) else { return (String::new(), Ok(())) };
    path.allow_missing_keys = lenient;
    path.output_json = as_json;
    match path.execute(object) {
        Ok(text) => (text, Ok(())),
        Err(error) => {
            let text = format!(
                "error executing jsonpath {}: Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n\n",
                quote(template),
                gofmt::syntax(object)
            );
            (String::new(), Err(CmdError::Plain(text)))
        }
    }
}
