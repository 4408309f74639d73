//! `-o custom-columns=NAME:.metadata.name,…`.
//!
//! Upstream: kubectl/pkg/cmd/get/customcolumn.go.

use super::super::error::CmdError;
use crate::base::gofmt;
use crate::base::jsonpath::JsonPath;
use crate::base::value::Value;

/// A column: its header and where its values are.
pub(crate) struct Column {
    header: String,
    path: JsonPath,
}

/// Reads the flag's value.
pub(crate) fn parse(spec: &str) -> Result<Vec<Column>, CmdError> {
    if spec.is_empty() {
        return Err(CmdError::plain("custom-columns format specified but no custom columns given"));
    }
    let mut columns = Vec::new();
    for part in spec.split(',') {
        let Some((header, path)) = part.split_once(':') else {
            return Err(CmdError::plain(format!(
                "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
            )));
        };
        let path = JsonPath::relaxed(path).map_err(CmdError::plain)?;
        let path = JsonPath::parse(&path).map_err(CmdError::plain)?.lenient();
        columns.push(Column { header: header.to_owned(), path });
    }
    Ok(columns)
}

/// A template file has the headers on its first line and the paths on its second.
pub(crate) fn from_file(text: &str) -> Result<String, CmdError> {
    let mut lines = text.lines();
    let headers: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
    let paths: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
    if headers.is_empty() {
        return Err(CmdError::plain(
            "invalid template, missing header line. Expected format is one line of space separated headers, one line of space separated column specs.",
        ));
    }
    if headers.len() != paths.len() {
        return Err(CmdError::plain(format!(
            "number of headers ({}) and field specifications ({}) don't match",
            headers.len(),
            paths.len()
        )));
    }
    let pairs: Vec<_> = headers.iter().zip(paths).map(|(h, p)| format!("{h}:{p}")).collect();
    Ok(pairs.join(","))
}

/// The header line, tab-separated.
pub(crate) fn header(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|c| c.header.as_str()).collect();
    format!("{}\n", names.join("\t"))
}

/// One object's line, tab-separated.
pub(crate) fn row(columns: &[Column], object: &Value) -> Result<String, CmdError> {
    let mut cells = Vec::new();
    for column in columns {
        let found = column.path.find(object).map_err(CmdError::plain)?;
        let values: Vec<String> =
            found.first().map_or(&[][..], Vec::as_slice).iter().map(gofmt::plain).collect();
        let none = found.first().is_none_or(|f| f.is_empty() || f.iter().all(Value::is_null));
        cells.push(if none { "<none>".to_owned() } else { values.join(",") });
    }
    Ok(format!("{}\n", cells.join("\t")))
}
