//! From a request's body to an object: decoding, and applying patches.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,update,patch,rest}.go.

use crate::api::schema::{self, PatchSchema, Reader};
use crate::api::{KindRef, Status};
use crate::base::gofmt;
use crate::base::patch::{self, NoSchema};
use crate::base::value::Value;
use crate::os::request::Request;

/// What happens to unknown and duplicate fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validation {
    Strict,
    Warn,
    Ignore,
}

impl Validation {
    /// From the query parameter `fieldValidation`.
    pub(crate) fn of(request: &Request) -> Result<Validation, Status> {
        match request.query("fieldValidation") {
            "" | "Warn" => Ok(Validation::Warn),
            "Strict" => Ok(Validation::Strict),
            "Ignore" => Ok(Validation::Ignore),
            other => Err(Status::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
            ))),
        }
    }
}

/// Reads a body as an object of the kind; unknown fields are refused, warned of or dropped.
pub(crate) fn decode(
    kind: KindRef,
    body: &Value,
    validation: Validation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let (version, name) = (body.get("apiVersion").text(), body.get("kind").text());
    let expected = kind.api_version();
    if !name.is_empty() && name != kind.name {
        return Err(Status::bad_request(format!(
            "{name} in version {:?} cannot be handled as a {}: no kind {name:?} is registered for version {version:?}",
            kind.version, kind.name
        )));
    }
    if !version.is_empty() && version != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({expected})"
        )));
    }
    let cannot = |why: String| {
        Status::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: {why}",
            kind.name, kind.version, kind.name
        ))
    };
    let decoded = schema::decode(kind, body, Reader::Json).map_err(cannot)?;
    match validation {
        Validation::Strict if !decoded.strict.is_empty() => {
            return Err(cannot(schema::strict_error(&decoded.strict)));
        }
        Validation::Warn => warnings.extend(decoded.strict),
        _ => {}
    }
    let mut value = decoded.value;
    value.set("apiVersion", expected);
    value.set("kind", kind.name);
    Ok(value)
}

/// Reads what a patch has made of an object; unknown fields are refused, warned of or dropped.
/// Upstream: patch.go, applyPatchToCurrentObject and applyPatchToObject.
pub(crate) fn decode_patched(
    kind: KindRef,
    patched: &Value,
    request: &Request,
    validation: Validation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let strategic = request.content_type == "application/strategic-merge-patch+json";
    let (reader, shown) = if strategic {
        (Reader::Unstructured, gofmt::plain(&request.body))
    } else {
        (Reader::Json, patched.to_json())
    };
    let refuse = |why: String| Status::invalid_patch(&shown, why);
    let decoded = schema::decode(kind, patched, reader).map_err(refuse)?;
    match validation {
        Validation::Strict if !decoded.strict.is_empty() => {
            return Err(refuse(schema::strict_error(&decoded.strict)));
        }
        Validation::Warn => warnings.extend(decoded.strict),
        _ => {}
    }
    Ok(decoded.value)
}

/// Applies a patch of the request's type to an object.
pub(crate) fn apply_patch(
    kind: KindRef,
    current: &Value,
    request: &Request,
) -> Result<Value, Status> {
    let body = &request.body;
    match request.content_type {
        "application/json-patch+json" => {
            if !matches!(body, Value::Array(_)) {
                return Err(Status::bad_request(format!(
                    "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
                    json_type(body)
                )));
            }
            // Upstream drops the cause from the answer.
            patch::apply_json_patch(current, body).map_err(|_| {
                Status::unprocessable(
                    "the server rejected our request due to an error in our request",
                )
            })
        }
        "application/merge-patch+json" => {
            check_map(body)?;
            Ok(patch::merge_patch(current, body))
        }
        "application/strategic-merge-patch+json" => {
            check_map(body)?;
            let merged = match PatchSchema::of(kind) {
                Some(schema) => patch::strategic_merge(current, body, &schema),
                None => patch::strategic_merge(current, body, &NoSchema),
            };
            merged.map_err(Status::unknown)
        }
        other => Err(Status::unsupported_media_type(format!(
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, not {other}"
        ))),
    }
}

/// The content type of server-side apply.
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

/// The configuration that an apply request carries.
pub(crate) fn apply_config(kind: KindRef, request: &Request) -> Result<Value, Status> {
    if request.query("fieldManager").is_empty() {
        return Err(Status::unprocessable(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    check_map(&request.body)?;
    let given = request.body.get("apiVersion").text();
    if given != kind.api_version() {
        return Err(Status::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {given}, expected: {}",
            kind.api_version()
        )));
    }
    Ok(request.body.clone())
}

fn check_map(body: &Value) -> Result<(), Status> {
    match body {
        Value::Map(_) | Value::Null => Ok(()),
        other => Err(Status::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            json_type(other)
        ))),
    }
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
