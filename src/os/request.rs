//! Requests to the API server and their answers, shaped like the Kubernetes REST API.
//!
//! The in-browser kubectl and, natively, the HTTP server use the same types.

use std::rc::Rc;

use crate::api::{KindRef, Object, Status};
use crate::base::value::Value;
use crate::os::Fd;

/// HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path without query: `/apis/apps/v1/namespaces/default/statefulsets/web`.
    pub path: String,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// Of the body: `application/json`, `application/merge-patch+json`, ….
    pub content_type: &'static str,
    /// Wanted representation.
    pub accept: Accept,
    /// Decoded body; `Null` when there is none.
    pub body: Value,
    /// `User-Agent`, from which the default field manager is taken: `kubectl/v1.36.2 …`.
    pub user_agent: String,
}

/// The representation that a client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// The object.
    #[default]
    Json,
    /// `meta.k8s.io/v1 Table`.
    Table,
    /// `meta.k8s.io/v1 PartialObjectMetadata`.
    Metadata,
}

impl Request {
    /// A request without query and body.
    pub fn new(method: Method, path: impl Into<String>) -> Request {
        Request {
            method,
            path: path.into(),
            query: Vec::new(),
            content_type: "application/json",
            accept: Accept::Json,
            body: Value::Null,
            user_agent: String::new(),
        }
    }

    /// A GET.
    pub fn get(path: impl Into<String>) -> Request {
        Request::new(Method::Get, path)
    }

    /// The same with a body.
    pub fn body(mut self, body: Value) -> Request {
        self.body = body;
        self
    }

    /// The same with a query parameter more.
    pub fn param(mut self, key: &str, value: impl Into<String>) -> Request {
        self.query.push((key.to_owned(), value.into()));
        self
    }

    /// The same with the wanted representation.
    pub fn accept(mut self, accept: Accept) -> Request {
        self.accept = accept;
        self
    }

    /// The first query parameter of this name, or "".
    pub fn query(&self, key: &str) -> &str {
        self.query.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status code.
    pub code: u16,
    /// Texts of `Warning:` headers.
    pub warnings: Vec<String>,
    /// What was answered.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub enum Body {
    /// An object, list, table or anything else in JSON.
    Value(Value),
    /// Plain text, such as a log.
    Text(String),
    /// An error.
    Failure(Status),
    /// A watch to be polled.
    Watch(Watch),
    /// Text that goes on: a descriptor of the asking process to read from (`log` with `follow=true`).
    Stream(Fd),
    /// The ends of a running command (`exec`, `attach`).
    Attach(Attach),
}

/// Descriptors of the asking process that lead to a command in a container.
#[derive(Clone, Copy, Debug)]
pub struct Attach {
    /// To its input, if asked for.
    pub stdin: Option<Fd>,
    /// From its output (and its errors too, with a terminal).
    pub stdout: Option<Fd>,
    /// From its errors, without a terminal.
    pub stderr: Option<Fd>,
    /// From which one JSON `Status` can be read when the command has ended, as the exec protocol's error channel:
    /// `{"status":"Success"}` or a failure whose details carry the exit code.
    pub error: Fd,
}

impl Response {
    /// 200 with a value.
    pub fn ok(value: Value) -> Response {
        Response { code: 200, warnings: Vec::new(), body: Body::Value(value) }
    }

    /// 201 with a value.
    pub fn created(value: Value) -> Response {
        Response { code: 201, warnings: Vec::new(), body: Body::Value(value) }
    }

    /// The value, or the error.
    ///
    /// # Errors
    /// The `Status` that the server answered.
    pub fn value(self) -> Result<Value, Status> {
        match self.body {
            Body::Value(value) => Ok(value),
            Body::Text(text) => Ok(Value::from(text)),
            Body::Failure(status) => Err(status),
            Body::Watch(_) | Body::Stream(_) | Body::Attach(_) => Ok(Value::Null),
        }
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Response {
        Response { code: status.code, warnings: Vec::new(), body: Body::Failure(status) }
    }
}

/// A watch is a value: a place in the change log and a filter. Whoever holds it polls it.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The watched kind.
    pub kind: KindRef,
    /// Namespace; "" for all.
    pub ns: String,
    /// Label selector text; "" for all.
    pub labels: String,
    /// Field selector text; "" for all.
    pub fields: String,
    /// The last revision seen.
    pub rv: u64,
    /// Representation of the events' objects.
    pub accept: Accept,
    /// Whether the objects that are there now are still to be reported as `ADDED`.
    pub initial: bool,
}

/// What happened to a watched object.
#[derive(Clone, Debug)]
pub struct WatchEvent {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub kind: &'static str,
    /// Its revision.
    pub rv: u64,
    /// The object after the change (before it, for `DELETED`).
    pub object: Rc<Object>,
    /// The representation asked for: the object's value, or a table with one row.
    pub value: Value,
}
