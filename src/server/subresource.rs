//! Subresources: status, scale, finalize, binding, eviction, and which container a request means.
//!
//! Upstream: pkg/registry/core/pod/storage/{storage,eviction}.go, pkg/registry/apps/statefulset/storage/storage.go,
//! pkg/registry/core/pod/strategy.go.

use std::rc::Rc;

use crate::api::kinds::POD;
use crate::api::selector::format_label_selector;
use crate::api::{Cause, Key, KindRef, Object, Status};
use crate::base::value::Value;
use crate::os::request::{Method, Request, Response};
use crate::server::change::By;
use crate::server::handle::{delete_options_of, dry_run, manager_of, patched, write_options};
use crate::server::represent::{self, Form};
use crate::server::route::Target;
use crate::server::{Managed, Server, WriteOptions};
use crate::value;

impl Server {
    pub(crate) fn subresource(
        &mut self,
        target: &Target,
        request: &Request,
        form: Form,
        by: By,
        warnings: &mut Vec<String>,
    ) -> Result<Response, Status> {
        let sub = target.sub.split('/').next().unwrap_or("");
        let Some(sub) = target.kind.subresources.iter().find(|s| **s == sub).copied() else {
            return Err(Status::no_such_path());
        };
        match (sub, request.method) {
            ("status" | "ephemeralcontainers" | "resize", Method::Get) => {
                Ok(Response::ok(represent::one(&*self.find(target)?, form)))
            }
            ("status" | "ephemeralcontainers" | "resize" | "finalize", Method::Put) => {
                self.update_object(target, sub, request, form, by, warnings)
            }
            ("status" | "ephemeralcontainers" | "resize", Method::Patch) => {
                self.patch_object(target, sub, request, form, by, warnings)
            }
            ("scale", Method::Get) => Ok(Response::ok(scale_of(&*self.find(target)?))),
            ("scale", Method::Put | Method::Patch) => self.scale(target, request, by),
            ("binding", Method::Post) => {
                let name = request.body.at(&["target", "name"]).text();
                let dry_run = dry_run(request.query("dryRun"))?;
                self.bind_with(&target.key(), name, dry_run, by)?;
                Ok(Response::created(success()))
            }
            ("eviction", Method::Post) => self.evict_requested(target, request, by),
            ("log" | "exec" | "attach" | "portforward" | "proxy" | "token", _) => {
                Err(Status::unknown(format!("{}/{sub} is not simulated", target.kind.plural)))
            }
            _ => Err(Status::method_not_supported()),
        }
    }

    /// Upstream: pkg/registry/apps/statefulset/storage/storage.go, ScaleREST.
    fn scale(&mut self, target: &Target, request: &Request, by: By) -> Result<Response, Status> {
        let old = self.find(target)?;
        let current = scale_of(&old);
        let wanted = match request.method {
            Method::Patch => patched(target, &current, request, &mut Vec::new())?,
            _ => request.body.clone(),
        };
        let name = wanted.at(&["metadata", "name"]).text();
        if !name.is_empty() && name != target.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                target.name
            )));
        }
        let replicas = wanted.at(&["spec", "replicas"]).as_i64().unwrap_or(0);
        if replicas < 0 {
            let cause = Cause::invalid(
                "spec.replicas",
                &Value::from(replicas),
                "must be greater than or equal to 0",
            );
            return Err(invalid_scale(&target.name, &[cause]));
        }
        let mut value = old.value().clone();
        value.set_at(&["spec", "replicas"], replicas);
        let rv = wanted.at(&["metadata", "resourceVersion"]);
        if !rv.is_empty() {
            value.set_at(&["metadata", "resourceVersion"], rv.clone());
        }
        let manager = manager_of(request, "scale");
        let options = WriteOptions { managed: Managed::By(manager), ..write_options("", request)? };
        let written = self.update_with(target.kind, &target.key(), value, &options, by)?;
        Ok(Response::ok(scale_of(&written.object)))
    }

    /// Assigns a pod to a node, as the `binding` subresource does.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` (it has a node already, or is being deleted).
    pub fn bind(&mut self, pod: &Key, node: &str, by: By) -> Result<Rc<Object>, Status> {
        self.bind_with(pod, node, false, by)
    }

    fn bind_with(
        &mut self,
        key: &Key,
        node: &str,
        dry_run: bool,
        by: By,
    ) -> Result<Rc<Object>, Status> {
        let Some(old) = self.store.get(&POD, key).cloned() else {
            return Err(Status::not_found(&POD, &key.name));
        };
        let bound = old.at(&["spec", "nodeName"]).text();
        let name = &key.name;
        let why = if old.is_deleting() {
            format!("pod {name} is being deleted, cannot be assigned to a host")
        } else if !bound.is_empty() {
            format!("pod {name} is already assigned to node {bound:?}")
        } else if !old.at(&["spec", "schedulingGates"]).is_empty() {
            format!("pod {name} has non-empty .spec.schedulingGates")
        } else {
            String::new()
        };
        if !why.is_empty() {
            let mut status = Status::conflict(&POD, name, &why);
            status.message =
                format!("Operation cannot be fulfilled on pods/binding {:?}: {why}", name.as_str());
            return Err(status);
        }
        if dry_run {
            return Ok(old);
        }
        let mut value = old.value().clone();
        value.set_at(&["spec", "nodeName"], node);
        if let Some(status) = value.get("status").as_map()
            && status.contains_key("nominatedNodeName")
        {
            value.entry("status").remove("nominatedNodeName");
        }
        let condition = value!({ "type": "PodScheduled", "status": "True" });
        set_pod_condition(&mut value, condition, self.now);
        Ok(self.store.put(&POD, key.clone(), value, self.now, by))
    }

    fn evict_requested(
        &mut self,
        target: &Target,
        request: &Request,
        by: By,
    ) -> Result<Response, Status> {
        if request.body.at(&["metadata", "name"]).text() != target.name {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let mut options = delete_options_of(request.body.get("deleteOptions"), request)?;
        options.dry_run |= dry_run(request.query("dryRun"))?;
        self.evict(&target.key(), &options, by)?;
        Ok(Response::created(success()))
    }

    /// The container that a request for logs or a stream means, "" meaning the only one.
    ///
    /// # Errors
    /// `NotFound` (no such pod), `BadRequest` (no such container, or several to choose from).
    /// Upstream: pkg/registry/core/pod/strategy.go, validateContainer.
    pub fn resolve_container(
        &self,
        pod: &Key,
        container: &str,
    ) -> Result<(Rc<Object>, String), Status> {
        let Some(object) = self.store.get(&POD, pod).cloned() else {
            return Err(Status::not_found(&POD, &pod.name));
        };
        let mut names: Vec<&str> = Vec::new();
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            names
                .extend(object.at(&["spec", list]).as_array().iter().map(|c| c.get("name").text()));
        }
        let containers = object.at(&["spec", "containers"]).as_array();
        let name = &pod.name;
        let chosen = match (container, containers) {
            ("", [one]) => one.get("name").text().to_owned(),
            ("", []) => {
                let message = format!("a container name must be specified for pod {name}");
                return Err(Status::bad_request(message));
            }
            ("", _) => {
                return Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{}]",
                    names.join(" ")
                )));
            }
            (wanted, _) if names.contains(&wanted) => wanted.to_owned(),
            (wanted, _) => {
                let message = format!("container {wanted} is not valid for pod {name}");
                return Err(Status::bad_request(message));
            }
        };
        Ok((object, chosen))
    }

    /// As [`Server::resolve_container`], for streams: the pod must have a node.
    ///
    /// # Errors
    /// `BadRequest` besides, when the pod is not scheduled yet.
    /// Upstream: pkg/registry/core/pod/strategy.go, streamLocation.
    pub fn resolve_stream(
        &self,
        pod: &Key,
        container: &str,
    ) -> Result<(Rc<Object>, String), Status> {
        let (object, chosen) = self.resolve_container(pod, container)?;
        if object.at(&["spec", "nodeName"]).text().is_empty() {
            let message = format!("pod {} does not have a host assigned", pod.name);
            return Err(Status::bad_request(message));
        }
        Ok((object, chosen))
    }
}

fn success() -> Value {
    value!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 })
}

fn invalid_scale(name: &str, causes: &[Cause]) -> Status {
    Status::invalid(&SCALE, name, causes)
}

/// Only a name for errors; scales are not stored.
static SCALE: crate::api::Kind = crate::api::Kind {
    group: "autoscaling",
    version: "v1",
    name: "Scale",
    plural: "scales",
    singular: "scale",
    short: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    verbs: &[],
    rules: crate::api::kind::Rules::NONE,
};

/// The kind of scales, which has no collection of its own.
pub const fn scale_kind() -> KindRef {
    &SCALE
}

/// Upstream: pkg/registry/apps/statefulset/storage/storage.go, scaleFromStatefulSet.
fn scale_of(object: &Object) -> Value {
    let meta = object.get("metadata");
    let mut kept = Value::map();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if !meta.get(field).is_null() {
            kept.set(field, meta.get(field).clone());
        }
    }
    let selector = object.at(&["spec", "selector"]);
    let selector = if selector.is_null() { String::new() } else { format_label_selector(selector) };
    let number = |path: &[&str]| object.at(path).as_i64().unwrap_or(0);
    value!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": { "replicas": number(&["spec", "replicas"]) },
        "status": { "replicas": number(&["status", "replicas"]), "selector": selector },
    })
}

/// Sets a pod's condition; its transition time moves when its status does.
/// Upstream: pkg/api/v1/pod/util.go, UpdatePodCondition.
pub fn set_pod_condition(pod: &mut Value, mut condition: Value, now: crate::base::time::Time) {
    let conditions = pod.entry("status").entry("conditions").make_array();
    let kind = condition.get("type").clone();
    let old = conditions.iter_mut().find(|c| *c.get("type") == kind);
    let since = match &old {
        Some(old) if old.get("status") == condition.get("status") => {
            old.get("lastTransitionTime").clone()
        }
        _ => Value::from(now),
    };
    condition.set("lastTransitionTime", since);
    condition.set("lastProbeTime", Value::Null);
    match old {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
}
