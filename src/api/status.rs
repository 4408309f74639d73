//! `Status`: the only error of an API request. Each constructor holds its message once.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go and pkg/util/validation/field/errors.go.

use crate::api::kind::KindRef;
use crate::base::value::Value;
use crate::value;

/// A failed (or, for deletions, successful) request's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason: `NotFound`.
    pub reason: &'static str,
    /// What kubectl prints behind `Error from server (Reason): `.
    pub message: String,
    /// `details`: name, group, kind, causes; `Null` when there are none.
    pub details: Value,
}

/// One fault that validation found.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// `FieldValueInvalid` and its like.
    pub kind: CauseKind,
    /// Path: `spec.containers[0].image`.
    pub field: String,
    /// The offending value as Go prints it, already rendered; "" where none is shown.
    pub value: String,
    /// What is wrong.
    pub detail: String,
}

/// The type of a fault, with upstream's words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CauseKind {
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    NotFound,
    TypeInvalid,
    Internal,
}

impl CauseKind {
    /// The reason in `details.causes`.
    pub fn reason(self) -> &'static str {
        match self {
            CauseKind::Required => "FieldValueRequired",
            CauseKind::Duplicate => "FieldValueDuplicate",
            CauseKind::Invalid => "FieldValueInvalid",
            CauseKind::NotSupported => "FieldValueNotSupported",
            CauseKind::Forbidden => "FieldValueForbidden",
            CauseKind::TooLong => "FieldValueTooLong",
            CauseKind::TooMany => "FieldValueTooMany",
            CauseKind::NotFound => "FieldValueNotFound",
            CauseKind::TypeInvalid => "FieldValueTypeInvalid",
            CauseKind::Internal => "InternalError",
        }
    }

    fn words(self) -> &'static str {
        match self {
            CauseKind::Required => "Required value",
            CauseKind::Duplicate => "Duplicate value",
            CauseKind::Invalid | CauseKind::TypeInvalid => "Invalid value",
            CauseKind::NotSupported => "Unsupported value",
            CauseKind::Forbidden => "Forbidden",
            CauseKind::TooLong => "Too long",
            CauseKind::TooMany => "Too many",
            CauseKind::NotFound => "Not found",
            CauseKind::Internal => "Internal error",
        }
    }
}

impl Cause {
    /// `field: Required value: detail`.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Cause {
        Cause {
            kind: CauseKind::Required,
            field: field.into(),
            value: String::new(),
            detail: detail.into(),
        }
    }

    /// `field: Invalid value: "value": detail`.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: impl Into<String>) -> Cause {
        Cause {
            kind: CauseKind::Invalid,
            field: field.into(),
            value: go_value(value),
            detail: detail.into(),
        }
    }

    /// `field: Unsupported value: "value": supported values: "a", "b"`.
    pub fn not_supported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Cause {
        let names: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        let detail = if names.is_empty() {
            String::new()
        } else {
            format!("supported values: {}", names.join(", "))
        };
        Cause { kind: CauseKind::NotSupported, field: field.into(), value: go_value(value), detail }
    }

    /// `field: Forbidden: detail`.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Cause {
        Cause {
            kind: CauseKind::Forbidden,
            field: field.into(),
            value: String::new(),
            detail: detail.into(),
        }
    }

    /// `field: Duplicate value: "value"`.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Cause {
        Cause {
            kind: CauseKind::Duplicate,
            field: field.into(),
            value: go_value(value),
            detail: String::new(),
        }
    }

    /// `field: Not found: "value"`.
    pub fn not_found(field: impl Into<String>, value: &Value) -> Cause {
        Cause {
            kind: CauseKind::NotFound,
            field: field.into(),
            value: go_value(value),
            detail: String::new(),
        }
    }

    /// The fault without its field, as `details.causes[].message` holds it.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if !self.value.is_empty() {
            text.push_str(": ");
            text.push_str(&self.value);
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }

    /// The whole fault: `spec.replicas: Invalid value: -1: must be …`.
    pub fn text(&self) -> String {
        format!("{}: {}", self.field, self.body())
    }
}

/// A value as Go's validation prints it: strings quoted, numbers bare, anything else as JSON.
pub fn go_value(value: &Value) -> String {
    match value {
        Value::Str(s) => format!("{:?}", s.as_str()),
        other => other.to_json(),
    }
}

fn details(kind: KindRef, name: &str) -> Value {
    value!({ "name": name, "group": kind.group, "kind": kind.plural })
}

impl Status {
    fn new(code: u16, reason: &'static str, message: String, details: Value) -> Status {
        Status { code, reason, message, details }
    }

    /// `pods "web" not found`.
    pub fn not_found(kind: KindRef, name: &str) -> Status {
        let message = format!("{} {name:?} not found", kind.group_resource());
        Status::new(404, "NotFound", message, details(kind, name))
    }

    /// `pods "web" already exists`.
    pub fn already_exists(kind: KindRef, name: &str) -> Status {
        let message = format!("{} {name:?} already exists", kind.group_resource());
        Status::new(409, "AlreadyExists", message, details(kind, name))
    }

    /// `Operation cannot be fulfilled on pods "web": …`.
    pub fn conflict(kind: KindRef, name: &str, why: &str) -> Status {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.group_resource());
        Status::new(409, "Conflict", message, details(kind, name))
    }

    /// An apply that touches fields of other managers. Upstream: NewApplyConflict.
    pub fn apply_conflict(message: impl Into<String>, details: Value) -> Status {
        Status::new(409, "Conflict", message.into(), details)
    }

    /// The conflict of a stale resourceVersion.
    pub fn stale(kind: KindRef, name: &str) -> Status {
        Status::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// `Pod "web" is invalid: …`, all faults in order.
    pub fn invalid(kind: KindRef, name: &str, causes: &[Cause]) -> Status {
        let mut texts: Vec<String> = Vec::new();
        for text in causes.iter().map(Cause::text) {
            // Aggregation drops repeats. Upstream: pkg/util/errors, aggregate.Error.
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {list}", kind.group_kind());
        let listed: Vec<Value> = causes
            .iter()
            .map(|c| value!({ "reason": c.kind.reason(), "message": c.body(), "field": c.field.as_str() }))
            .collect();
        let details =
            value!({ "name": name, "group": kind.group, "kind": kind.name, "causes": listed });
        Status::new(422, "Invalid", message, details)
    }

    /// A patch that makes something unreadable of its object; `patch` is shown as the offending value.
    /// Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go, applyPatchToObject.
    pub fn invalid_patch(patch: &str, why: String) -> Status {
        let cause = Cause::invalid("patch", &Value::from(patch), why);
        let message = format!(" \"\" is invalid: {}", cause.text());
        let listed =
            value!({ "reason": cause.kind.reason(), "message": cause.body(), "field": "patch" });
        Status::new(422, "Invalid", message, value!({ "causes": [listed] }))
    }

    /// `pods "web" is forbidden: …`.
    pub fn forbidden(kind: KindRef, name: &str, why: &str) -> Status {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", kind.group_resource())
        } else {
            format!("{} {name:?} is forbidden: {why}", kind.group_resource())
        };
        Status::new(403, "Forbidden", message, details(kind, name))
    }

    /// A request that cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message.into(), Value::Null)
    }

    /// `the server does not allow this method on the requested resource`.
    pub fn method_not_supported() -> Status {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Status::new(405, "MethodNotAllowed", message, value!({}))
    }

    /// `the server could not find the requested resource`.
    pub fn no_such_path() -> Status {
        Status::new(
            404,
            "NotFound",
            "the server could not find the requested resource".to_owned(),
            value!({}),
        )
    }

    /// A watch or list from a revision that is no longer kept.
    pub fn expired(message: impl Into<String>) -> Status {
        Status::new(410, "Expired", message.into(), Value::Null)
    }

    /// A refusal to try again later, as the eviction subresource answers. `details` may carry causes.
    pub fn too_many_requests(message: impl Into<String>, details: Value) -> Status {
        Status::new(429, "TooManyRequests", message.into(), details)
    }

    /// A fault of the server's own.
    pub fn internal(message: impl Into<String>) -> Status {
        let message = format!("Internal error occurred: {}", message.into());
        Status::new(500, "InternalError", message, Value::Null)
    }

    /// A request that cannot be carried out as it stands.
    pub fn unprocessable(message: impl Into<String>) -> Status {
        Status::new(422, "Invalid", message.into(), value!({}))
    }

    /// A body of a type that is not read.
    pub fn unsupported_media_type(message: impl Into<String>) -> Status {
        Status::new(415, "UnsupportedMediaType", message.into(), Value::Null)
    }

    /// A fault without a reason, which kubectl shows as `Error from server: …`.
    pub fn unknown(message: impl Into<String>) -> Status {
        Status::new(500, "", message.into(), Value::Null)
    }

    /// Whether the object was not there.
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }

    /// Whether an object of this name was there already.
    pub fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// Whether the write was based on a stale revision.
    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }

    /// The object that goes over the wire.
    pub fn to_value(&self) -> Value {
        let mut value = value!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message.as_str(), "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            value.set("details", self.details.clone());
        }
        value
    }
}
