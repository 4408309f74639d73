//! The representations that a client can ask for: the object, a table, only its metadata.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go.

use std::rc::Rc;

use crate::api::{KindRef, Object, Status};
use crate::base::time::Time;
use crate::base::value::Value;
use crate::os::request::Accept;
use crate::server::table;
use crate::value;

/// What a table's rows carry besides their cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeObject {
    /// The object's metadata.
    #[default]
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

impl IncludeObject {
    /// From the query parameter `includeObject`.
    ///
    /// # Errors
    /// `BadRequest` for any other word.
    pub fn parse(text: &str) -> Result<IncludeObject, Status> {
        match text {
            "" | "Metadata" => Ok(IncludeObject::Metadata),
            "Object" => Ok(IncludeObject::Object),
            "None" => Ok(IncludeObject::None),
            other => {
                Err(Status::bad_request(format!("unrecognized includeObject value: {other:?}")))
            }
        }
    }
}

/// The wanted form of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Object, table or metadata.
    pub accept: Accept,
    /// For tables.
    pub include: IncludeObject,
    /// For ages in tables.
    pub now: Time,
}

/// `metadata` of a list.
#[derive(Clone, Debug, Default)]
pub struct ListMeta {
    /// The revision at which the list was made.
    pub rv: u64,
    /// Where the next page begins; "" when this is the last.
    pub next: String,
    /// Items that are left, when known.
    pub remaining: Option<usize>,
}

impl ListMeta {
    fn value(&self) -> Value {
        let mut meta = value!({ "resourceVersion": self.rv.to_string() });
        if !self.next.is_empty() {
            meta.set("continue", self.next.as_str());
        }
        if let Some(remaining) = self.remaining {
            meta.set("remainingItemCount", remaining);
        }
        meta
    }
}

/// One object's representation.
pub fn one(object: &Object, form: Form) -> Value {
    match form.accept {
        Accept::Json => object.value().clone(),
        Accept::Metadata => partial(object),
        Accept::Table => {
            let meta = value!({ "resourceVersion": object.rv.to_string() });
            table::table(object.kind, [object].into_iter(), meta, form)
        }
    }
}

/// A list's representation.
pub fn list(kind: KindRef, objects: &[Rc<Object>], meta: &ListMeta, form: Form) -> Value {
    match form.accept {
        Accept::Table => table::table(kind, objects.iter().map(|o| &**o), meta.value(), form),
        Accept::Json => {
            let items: Vec<Value> = objects.iter().map(|o| o.value().clone()).collect();
            value!({
                "apiVersion": kind.api_version(),
                "kind": format!("{}List", kind.name),
                "metadata": meta.value(),
                "items": Value::array(items),
            })
        }
        Accept::Metadata => {
            let items: Vec<Value> = objects.iter().map(|o| partial(o)).collect();
            value!({
                "apiVersion": "meta.k8s.io/v1",
                "kind": "PartialObjectMetadataList",
                "metadata": meta.value(),
                "items": Value::array(items),
            })
        }
    }
}

/// `PartialObjectMetadata`.
pub fn partial(object: &Object) -> Value {
    value!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": object.get("metadata").clone(),
    })
}
