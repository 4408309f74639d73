//! Manifests from files, directories, URLs and standard input.
//!
//! Upstream: cli-runtime/pkg/resource/visitor.go and mapper.go.
//! Simplified: URLs are answered only for the examples that come with this program.

use super::Cx;
use super::error::CmdError;
use super::flags::Args;
use crate::base::human::quote;
use crate::base::value::Value;
use crate::base::yaml;
use crate::os::{Errno, FileKind};

/// One file to read.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) name: String,
    /// Whether it was found in a directory that was named.
    pub(crate) from_directory: bool,
}

/// Objects with what messages call their source, and what could not be read.
#[derive(Default)]
pub(crate) struct ReadFiles {
    pub(crate) objects: Vec<(Value, String)>,
    pub(crate) errors: Vec<CmdError>,
}

/// Whether the command line reads standard input before it can begin.
pub(crate) fn reads_stdin(args: &Args) -> bool {
    args.list("filename").iter().any(|f| f == "-")
        || matches!(args.text("patch-file"), "-" | "/dev/stdin")
}

const EXTENSIONS: [&str; 3] = [".json", ".yaml", ".yml"];

/// The files that names and directories stand for.
pub(crate) fn expand(
    cx: &mut Cx,
    names: &[String],
    recursive: bool,
) -> Result<Vec<Path>, CmdError> {
    let mut out = Vec::new();
    for name in names {
        if name == "-" || is_url(name) {
            out.push(Path { name: name.clone(), from_directory: false });
            continue;
        }
        match cx.sys.stat(name, true) {
            Ok(stat) if stat.kind == FileKind::Directory => {
                let before = out.len();
                walk(cx, name, recursive, 0, &mut out);
                if out.len() == before {
                    return Err(CmdError::plain(format!(
                        "error reading [{name}]: recognized file extensions are [.json .yaml .yml]"
                    )));
                }
            }
            Ok(_) => out.push(Path { name: name.clone(), from_directory: false }),
            Err(Errno::NotFound) => {
                return Err(CmdError::plain(format!("the path {} does not exist", quote(name))));
            }
            Err(error) => {
                let text = format!(
                    "the path {} cannot be accessed: {}",
                    quote(name),
                    error.to_string().to_lowercase()
                );
                return Err(CmdError::plain(text));
            }
        }
    }
    Ok(out)
}

fn walk(cx: &mut Cx, directory: &str, recursive: bool, depth: usize, out: &mut Vec<Path>) {
    let Ok(entries) = cx.sys.read_dir(directory) else { return };
    for (entry, kind) in entries {
        let trimmed = directory.trim_end_matches('/').trim_start_matches("./");
        let name = if trimmed.is_empty() || trimmed == "." {
            entry.clone()
        } else {
            format!("{trimmed}/{entry}")
        };
        if kind == FileKind::Directory {
            if recursive && depth < 32 {
                walk(cx, &name, recursive, depth + 1, out);
            }
        } else if EXTENSIONS.iter().any(|e| entry.ends_with(e)) {
            out.push(Path { name, from_directory: true });
        }
    }
}

fn is_url(name: &str) -> bool {
    name.starts_with("http://") || name.starts_with("https://")
}

/// Reads the objects of one file.
pub(crate) fn read(cx: &mut Cx, path: &Path, validate: bool) -> ReadFiles {
    let mut out = ReadFiles::default();
    let (text, source) = match text_of(cx, &path.name) {
        Ok(read) => read,
        Err(error) => {
            out.errors.push(error);
            return out;
        }
    };
    for document in split(&text) {
        let value = match document {
            Ok(value) => value,
            Err(error) => {
                out.errors.push(CmdError::plain(format!("error parsing {source}: {error}")));
                return out;
            }
        };
        if value.is_null() {
            continue;
        }
        if let Err(error) = check(&value, &source, validate) {
            out.errors.push(error);
            continue;
        }
        if value.get("kind").text() == "List"
            || (value.get("kind").text().ends_with("List") && !value.get("items").is_null())
        {
            out.objects.extend(
                value.get("items").as_array().iter().map(|item| (item.clone(), source.clone())),
            );
        } else {
            out.objects.push((value, source.clone()));
        }
    }
    out
}

fn text_of(cx: &mut Cx, name: &str) -> Result<(String, String), CmdError> {
    if name == "-" {
        return Ok((cx.env.stdin.to_string(), "STDIN".to_owned()));
    }
    if is_url(name) {
        if let Some(bytes) = cx.sys.fetch(name) {
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), name.to_owned()));
        }
        let host =
            name.split("://").nth(1).and_then(|r| r.split(['/', ':']).next()).unwrap_or(name);
        let text = format!(
            "Unable to connect to the server: dial tcp: lookup {host} on 127.0.0.53:53: no such host"
        );
        return Err(CmdError::Exact(text));
    }
    match cx.sys.read_file(name) {
        Ok(bytes) => Ok((String::from_utf8_lossy(&bytes).into_owned(), name.to_owned())),
        Err(error) => {
            Err(CmdError::plain(format!("open {name}: {}", error.to_string().to_lowercase())))
        }
    }
}

/// The documents of a text: JSON objects in a row, or YAML between `---` lines.
/// Upstream: apimachinery/pkg/util/yaml/decoder.go, YAMLOrJSONDecoder.
pub(crate) fn split(text: &str) -> Vec<Result<Value, String>> {
    if text.trim_start().starts_with('{') {
        let mut values = Vec::new();
        let mut whole = true;
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value {
                Ok(value) => values.push(Ok(value)),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        if whole {
            return values;
        }
    }
    yaml::documents(text)
        .into_iter()
        .map(|document| {
            let text = document?.text;
            yaml::read(text).map_err(|error| format!("error converting YAML to JSON: {error}"))
        })
        .collect()
}

fn check(value: &Value, source: &str, validate: bool) -> Result<(), CmdError> {
    let invalid = |what: &str| {
        CmdError::plain(format!(
            "error validating {}: error validating data: {what}; if you choose to ignore these errors, turn validation off with --validate=false",
            quote(source)
        ))
    };
    let undecodable =
        |what: String| CmdError::plain(format!("unable to decode {}: {what}", quote(source)));
    if value.as_map().is_none() {
        return Err(if validate {
            invalid("invalid object to validate")
        } else {
            undecodable(format!(
                "json: cannot unmarshal {} into Go value of type unstructured.detector",
                json_type(value)
            ))
        });
    }
    if validate {
        if value.get("apiVersion").is_empty() {
            return Err(invalid("apiVersion not set"));
        }
        if value.get("kind").is_empty() {
            return Err(invalid("kind not set"));
        }
    } else if value.get("kind").is_empty() {
        return Err(undecodable(format!(
            "Object 'Kind' is missing in '{}'",
            crate::base::gofmt::json(value)
        )));
    }
    check_metadata(value.get("metadata")).map_err(undecodable)
}

/// Upstream: apis/meta/v1/unstructured/helpers.go, metadataOnlyObject.
fn check_metadata(meta: &Value) -> Result<(), String> {
    if meta.is_null() {
        return Ok(());
    }
    if meta.as_map().is_none() {
        let kind = json_type(meta);
        return Err(format!(
            "json: cannot unmarshal {kind} into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta"
        ));
    }
    for field in ["name", "namespace", "generateName"] {
        let value = meta.get(field);
        if !value.is_null() && value.as_str().is_none() {
            let kind = json_type(value);
            return Err(format!(
                "json: cannot unmarshal {kind} into Go struct field ObjectMeta.metadata.{field} of type string"
            ));
        }
    }
    for field in ["labels", "annotations"] {
        let value = meta.get(field);
        if !value.is_null() && value.as_map().is_none() {
            let kind = json_type(value);
            return Err(format!(
                "json: cannot unmarshal {kind} into Go struct field ObjectMeta.metadata.{field} of type map[string]string"
            ));
        }
        if let Some((_, bad)) = value.entries().find(|(_, v)| !v.is_null() && v.as_str().is_none())
        {
            let kind = json_type(bad);
            return Err(format!(
                "json: cannot unmarshal {kind} into Go struct field ObjectMeta.metadata.{field} of type string"
            ));
        }
    }
    Ok(())
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::Str(_) => "string",
        Value::Array(_) => "array",
        Value::Map(_) => "object",
    }
}
