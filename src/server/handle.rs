//! Requests: from a method and a path to an answer.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::api::kinds::{ENDPOINTS, EVENT};
use crate::api::{Key, KindRef, Object, Status};
use crate::base::base64;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::os::request::{Body, Method, Request, Response, Watch};
use crate::server::change::By;
use crate::server::codec::{self, Validation};
use crate::server::managed::{self, Apply, Manager};
use crate::server::represent::{self, Form, IncludeObject, ListMeta};
use crate::server::route::{self, Route, Target};
use crate::server::watch::Filter;
use crate::server::write::{Managed, WriteOptions, Written};
use crate::server::{DeleteOptions, Propagation, Server, discovery};
use crate::value;

impl Server {
    /// Answers a request. What needs a node (`log`, `exec`, `attach`, `portforward`, `proxy`) is not answered here.
    pub fn handle(&mut self, request: &Request, by: By) -> Response {
        let mut warnings = Vec::new();
        let mut response = self.answer(request, by, &mut warnings).unwrap_or_else(Response::from);
        response.warnings = warnings;
        response
    }

    /// Warnings are collected on the way, for they go with errors too.
    fn answer(
        &mut self,
        request: &Request,
        by: By,
        warnings: &mut Vec<String>,
    ) -> Result<Response, Status> {
        match route::parse(&request.path) {
            Route::Resource(target) => {
                if *target.kind == ENDPOINTS {
                    warnings.push(ENDPOINTS_WARNING.to_owned());
                }
                self.resource(&target, request, by, warnings)
            }
            Route::Unknown => Err(Status::no_such_path()),
            route if request.method == Method::Get => discovery::answer(&route, request),
            _ => Err(Status::method_not_supported()),
        }
    }

    fn resource(
        &mut self,
        target: &Target,
        request: &Request,
        by: By,
        warnings: &mut Vec<String>,
    ) -> Result<Response, Status> {
        let verb = verb(target, request);
        let kind = target.kind;
        if *kind == EVENT {
            self.purge_events();
        }
        let form = self.form(request)?;
        if !target.sub.is_empty() {
            return self.subresource(target, request, form, by, warnings);
        }
        let has_name = !target.name.is_empty();
        if !kind.verbs.contains(&verb)
            || (verb == "create" && (has_name || target.ns.is_empty() == kind.namespaced))
            || (verb == "update" || verb == "patch") && !has_name
        {
            return Err(Status::method_not_supported());
        }
        match verb {
            "get" => {
                let object = self.find(target)?;
                Ok(Response::ok(represent::one(&object, form)))
            }
            "list" => self.list_objects(target, request, form),
            "watch" => start_watch(target, request),
            "create" => self.create_object(target, request, form, by, warnings),
            "update" => self.update_object(target, "", request, form, by, warnings),
            "patch" => self.patch_object(target, "", request, form, by, warnings),
            "delete" => self.delete_object(target, request, form, by),
            "deletecollection" => self.delete_collection(target, request, form, by),
            _ => Err(Status::method_not_supported()),
        }
    }

    /// The wanted form of the answer.
    pub(crate) fn form(&self, request: &Request) -> Result<Form, Status> {
        let include = IncludeObject::parse(request.query("includeObject"))?;
        Ok(Form { accept: request.accept, include, now: self.now })
    }

    /// The object that a request names.
    pub(crate) fn find(&self, target: &Target) -> Result<Rc<Object>, Status> {
        let found = self.get(target.kind, &target.key());
        found.cloned().ok_or_else(|| Status::not_found(target.kind, &target.name))
    }

    /// The objects that a request selects, in etcd's order.
    fn select(&self, target: &Target, request: &Request) -> Result<Vec<Rc<Object>>, Status> {
        let (labels, fields) = (request.query("labelSelector"), request.query("fieldSelector"));
        let filter = Filter::new(target.kind, labels, fields)?;
        let listed = self.list(target.kind, &target.ns);
        let mut objects: Vec<Rc<Object>> = listed.filter(|o| filter.matches(o)).cloned().collect();
        if target.ns.is_empty() && target.kind.namespaced {
            objects.order_by(|a, b| storage_order(a.namespace(), b.namespace()));
        }
        Ok(objects)
    }

    /// Simplified: a further page shows the present state, not that of the first page.
    fn list_objects(
        &self,
        target: &Target,
        request: &Request,
        form: Form,
    ) -> Result<Response, Status> {
        let mut objects = self.select(target, request)?;
        let mut meta = ListMeta { rv: self.store.revision(), ..ListMeta::default() };
        if let Some((rv, start)) = page_start(request.query("continue"))? {
            meta.rv = rv;
            objects.retain(|o| order_key(&o.key) >= start);
        }
        let limit = request.query("limit").parse().unwrap_or(0_usize);
        if limit > 0 && objects.len() > limit {
            let next = order_key(&objects[limit].key);
            meta.next = page_token(meta.rv, &next);
            let selects = !request.query("labelSelector").is_empty()
                || !request.query("fieldSelector").is_empty();
            meta.remaining = (!selects).then_some(objects.len() - limit);
            objects.truncate(limit);
        }
        Ok(Response::ok(represent::list(target.kind, &objects, &meta, form)))
    }

    fn create_object(
        &mut self,
        target: &Target,
        request: &Request,
        form: Form,
        by: By,
        warnings: &mut Vec<String>,
    ) -> Result<Response, Status> {
        let validation = Validation::of(request)?;
        let mut value = codec::decode(target.kind, &request.body, validation, warnings)?;
        check_namespace(&mut value, target)?;
        let options = write_options("", request)?;
        let written = self.create_with(target.kind, value, &options, by)?;
        warnings.extend((target.kind.rules.warnings)(written.object.value(), None));
        Ok(answer(201, &written, form))
    }

    pub(crate) fn update_object(
        &mut self,
        target: &Target,
        sub: &'static str,
        request: &Request,
        form: Form,
        by: By,
        warnings: &mut Vec<String>,
    ) -> Result<Response, Status> {
        let validation = Validation::of(request)?;
        let mut value = codec::decode(target.kind, &request.body, validation, warnings)?;
        check_namespace(&mut value, target)?;
        check_name(&mut value, target)?;
        let old = self.find(target)?;
        check_uid(&value, &old)?;
        let options = write_options(sub, request)?;
        let written = self.update_with(target.kind, &target.key(), value, &options, by)?;
        warnings.extend(warnings_on_update(target.kind, sub, &written.object, &old));
        Ok(answer(200, &written, form))
    }

    pub(crate) fn patch_object(
        &mut self,
        target: &Target,
        sub: &'static str,
        request: &Request,
        form: Form,
        by: By,
        warnings: &mut Vec<String>,
    ) -> Result<Response, Status> {
        if request.content_type == codec::APPLY {
            return self.apply_object(target, sub, request, form, by);
        }
        let old = self.find(target)?;
        let value = patched(target, old.value(), request, warnings)?;
        let options = write_options(sub, request)?;
        let written = self.update_with(target.kind, &target.key(), value, &options, by)?;
        warnings.extend(warnings_on_update(target.kind, sub, &written.object, &old));
        Ok(answer(200, &written, form))
    }

    /// Server-side apply. Upstream: patch.go, applyPatcher.
    fn apply_object(
        &mut self,
        target: &Target,
        sub: &'static str,
        request: &Request,
        form: Form,
        by: By,
    ) -> Result<Response, Status> {
        let mut config = codec::apply_config(target.kind, request)?;
        check_namespace(&mut config, target)?;
        check_name(&mut config, target)?;
        let live = self.get(target.kind, &target.key()).cloned();
        let manager = manager_of(request, sub);
        let force = matches!(request.query("force"), "true" | "1");
        let value = managed::apply(
            target.kind,
            &target.key(),
            live.as_ref().map(|live| live.value()),
            &config,
            &manager,
            Apply { force, now: self.now },
        )?;
        let options = WriteOptions { managed: Managed::Given, ..write_options(sub, request)? };
        if live.is_some() {
            let written = self.update_with(target.kind, &target.key(), value, &options, by)?;
            Ok(answer(200, &written, form))
        } else {
            let written = self.create_with(target.kind, value, &options, by)?;
            Ok(answer(201, &written, form))
        }
    }

    fn delete_object(
        &mut self,
        target: &Target,
        request: &Request,
        form: Form,
        by: By,
    ) -> Result<Response, Status> {
        let options = delete_options(request)?;
        let deleted = self.delete_with(target.kind, &target.key(), &options, by)?;
        let uid = deleted.object.uid();
        let value = if deleted.gone && !RETURNS_OBJECT.contains(&target.kind.plural) {
            value!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": {
                    "name": target.name.as_str(),
                    "group": target.kind.group,
                    "kind": target.kind.plural,
                    "uid": uid,
                },
            })
        } else {
            represent::one(&deleted.object, form)
        };
        Ok(Response::ok(value))
    }

    fn delete_collection(
        &mut self,
        target: &Target,
        request: &Request,
        form: Form,
        by: By,
    ) -> Result<Response, Status> {
        let options = delete_options(request)?;
        let objects = self.select(target, request)?;
        for object in &objects {
            match self.delete_with(target.kind, &object.key, &options, by.clone()) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        let meta = ListMeta { rv: self.store.revision(), ..ListMeta::default() };
        Ok(Response::ok(represent::list(target.kind, &objects, &meta, form)))
    }
}

fn start_watch(target: &Target, request: &Request) -> Result<Response, Status> {
    let (labels, fields) = (request.query("labelSelector"), request.query("fieldSelector"));
    let mut fields = fields.to_owned();
    if !target.name.is_empty() {
        let name = format!("metadata.name={}", target.name);
        fields = if fields.is_empty() { name } else { format!("{fields},{name}") };
    }
    Filter::new(target.kind, labels, &fields)?;
    let rv = match request.query("resourceVersion") {
        "" | "0" => None,
        text => Some(text.parse::<u64>().map_err(|_| invalid_version(text))?),
    };
    let watch = Watch {
        kind: target.kind,
        ns: target.ns.clone(),
        labels: labels.to_owned(),
        fields,
        rv: rv.unwrap_or(0),
        accept: request.accept,
        initial: rv.is_none(),
    };
    Ok(Response { code: 200, warnings: Vec::new(), body: Body::Watch(watch) })
}

/// The object that a patch request makes of another, decoded.
pub(crate) fn patched(
    target: &Target,
    current: &Value,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let patched = codec::apply_patch(target.kind, current, request)?;
    if patched.get("kind").text() != target.kind.name {
        // A scale, which is read by its fields only.
        return Ok(patched);
    }
    let validation = Validation::of(request)?;
    let mut value = codec::decode_patched(target.kind, &patched, request, validation, warnings)?;
    check_namespace(&mut value, target)?;
    check_name(&mut value, target)?;
    Ok(value)
}

impl Target {
    /// The object's key.
    pub fn key(&self) -> Key {
        Key::new(self.ns.as_str(), self.name.as_str())
    }
}

/// Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/deprecation/deprecation.go, WarningMessage.
const ENDPOINTS_WARNING: &str =
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

/// Kinds whose deletion answers with the object. Upstream: ReturnDeletedObject in pkg/registry.
const RETURNS_OBJECT: [&str; 4] =
    ["pods", "persistentvolumeclaims", "persistentvolumes", "services"];

fn verb(target: &Target, request: &Request) -> &'static str {
    match (request.method, target.name.is_empty()) {
        (Method::Get, _) if matches!(request.query("watch"), "true" | "1") => "watch",
        (Method::Get, true) => "list",
        (Method::Get, false) => "get",
        (Method::Post, _) => "create",
        (Method::Put, _) => "update",
        (Method::Patch, _) => "patch",
        (Method::Delete, true) => "deletecollection",
        (Method::Delete, false) => "delete",
    }
}

/// Warnings of a change; writers of a status are not warned.
fn warnings_on_update(kind: KindRef, sub: &str, new: &Object, old: &Object) -> Vec<String> {
    if sub.is_empty() { (kind.rules.warnings)(new.value(), Some(old.value())) } else { Vec::new() }
}

fn answer(code: u16, written: &Written, form: Form) -> Response {
    let body = Body::Value(represent::one(&written.object, form));
    Response { code, warnings: Vec::new(), body }
}

/// The order of keys in etcd, where a slash follows the namespace.
fn storage_order(a: &str, b: &str) -> Ordering {
    a.bytes().chain([b'/']).cmp(b.bytes().chain([b'/']))
}

fn order_key(key: &Key) -> String {
    if key.ns.is_empty() { key.name.to_string() } else { format!("{}/{}", key.ns, key.name) }
}

/// Upstream: staging/src/k8s.io/apiserver/pkg/storage/continue.go.
fn page_token(rv: u64, start: &str) -> String {
    let token = value!({ "v": "meta.k8s.io/v1", "rv": rv, "start": start });
    base64::encode(token.to_json().as_bytes()).trim_end_matches('=').to_owned()
}

fn page_start(token: &str) -> Result<Option<(u64, String)>, Status> {
    if token.is_empty() {
        return Ok(None);
    }
    let bad = || Status::bad_request("continue key is not valid");
    let padded = format!("{token}{}", "=".repeat((4 - token.len() % 4) % 4));
    let bytes = base64::decode(&padded).map_err(|_| bad())?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    let value = Value::from_json(&text).map_err(|_| bad())?;
    let rv = value.get("rv").as_i64().and_then(|n| u64::try_from(n).ok()).ok_or_else(bad)?;
    Ok(Some((rv, value.get("start").text().to_owned())))
}

fn invalid_version(text: &str) -> Status {
    Status::bad_request(format!(
        "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

/// Upstream: staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go, EnsureObjectNamespaceMatchesRequestNamespace.
fn check_namespace(value: &mut Value, target: &Target) -> Result<(), Status> {
    let given = value.at(&["metadata", "namespace"]).text();
    if given == target.ns {
        return Ok(());
    }
    if given.is_empty() {
        value.set_at(&["metadata", "namespace"], target.ns.as_str());
        return Ok(());
    }
    if target.ns.is_empty() && !target.kind.namespaced {
        value.entry("metadata").remove("namespace");
        return Ok(());
    }
    Err(Status::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go, checkName.
fn check_name(value: &mut Value, target: &Target) -> Result<(), Status> {
    let given = value.at(&["metadata", "name"]).text();
    if given.is_empty() {
        value.set_at(&["metadata", "name"], target.name.as_str());
        return Ok(());
    }
    if given != target.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({})",
            target.name
        )));
    }
    Ok(())
}

/// A uid in the object must be the stored one's.
/// Upstream: staging/src/k8s.io/apiserver/pkg/storage/interfaces.go, Preconditions.Check.
fn check_uid(value: &Value, old: &Object) -> Result<(), Status> {
    let uid = value.at(&["metadata", "uid"]).text();
    if uid.is_empty() || uid == old.uid() {
        return Ok(());
    }
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
        old.kind.plural,
        old.key,
        old.uid()
    );
    Err(Status::conflict(old.kind, old.name(), &why))
}

/// `dryRun` and its like.
pub(crate) fn write_options(sub: &'static str, request: &Request) -> Result<WriteOptions, Status> {
    let managed = Managed::By(manager_of(request, sub));
    Ok(WriteOptions { dry_run: dry_run(request.query("dryRun"))?, sub, managed })
}

/// Who writes: `fieldManager`, or else the start of the user agent.
/// Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go, managerOrUserAgent.
pub(crate) fn manager_of(request: &Request, sub: &'static str) -> Manager {
    let name = match request.query("fieldManager") {
        "" => request.user_agent.split('/').next().unwrap_or(""),
        name => name,
    };
    Manager { name: if name.is_empty() { "unknown" } else { name }.into(), sub }
}

pub(crate) fn dry_run(text: &str) -> Result<bool, Status> {
    match text {
        "" => Ok(false),
        "All" => Ok(true),
        other => Err(Status::bad_request(format!(
            "dryRun: Unsupported value: {other:?}: supported values: \"All\""
        ))),
    }
}

/// Options from the body (`DeleteOptions`), or from the query when there is none.
fn delete_options(request: &Request) -> Result<DeleteOptions, Status> {
    delete_options_of(&request.body, request)
}

/// Options from a `DeleteOptions`, or from the query when there is none.
pub(crate) fn delete_options_of(body: &Value, request: &Request) -> Result<DeleteOptions, Status> {
    let from_query = body.is_null();
    let grace_s = if from_query {
        request.query("gracePeriodSeconds").parse().ok()
    } else {
        body.get("gracePeriodSeconds").as_i64()
    };
    let policy = if from_query {
        request.query("propagationPolicy")
    } else {
        body.get("propagationPolicy").text()
    };
    let propagation = match policy {
        "" => match body.get("orphanDependents").as_bool() {
            Some(true) => Some(Propagation::Orphan),
            Some(false) => Some(Propagation::Background),
            None => None,
        },
        "Orphan" => Some(Propagation::Orphan),
        "Background" => Some(Propagation::Background),
        "Foreground" => Some(Propagation::Foreground),
        other => {
            return Err(Status::bad_request(format!(
                "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {other:?}: supported values: \"Background\", \"Foreground\", \"Orphan\""
            )));
        }
    };
    let word = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let preconditions = body.get("preconditions");
    let dry = match body.get("dryRun").index(0).text() {
        "" => request.query("dryRun"),
        word => word,
    };
    Ok(DeleteOptions {
        grace_s,
        propagation,
        uid: word(preconditions.get("uid")),
        resource_version: word(preconditions.get("resourceVersion")),
        dry_run: dry_run(dry)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::base::time::{Span, Time};
    use crate::os::request::Accept;
    use crate::server::bootstrap::Setup;

    fn server() -> Server {
        let mut server = Server::new(Rng { seed: 3 }, Time::START);
        server.bootstrap(Setup::default());
        server
    }

    fn ask(server: &mut Server, method: Method, path: &str, body: Value) -> Result<Value, Status> {
        let request = Request::new(method, path).body(body);
        server.handle(&request, By::user("test")).value()
    }

    fn patch(server: &mut Server, path: &str, content_type: &'static str, body: Value) -> Value {
        let mut request = Request::new(Method::Patch, path).body(body);
        request.content_type = content_type;
        server.handle(&request, By::user("test")).value().expect("the patch is accepted")
    }

    const PODS: &str = "/api/v1/namespaces/default/pods";
    const SERVICES: &str = "/api/v1/namespaces/default/services";

    fn pod(name: &str) -> Value {
        value!({
            "metadata": { "name": name, "labels": { "app": "a" } },
            "spec": { "containers": [{ "name": "c", "image": "nginx" }] },
        })
    }

    #[test]
    fn a_pod_is_created_with_what_admission_adds() {
        let mut server = server();
        let pod = ask(&mut server, Method::Post, PODS, pod("web")).expect("created");
        let spec = pod.get("spec");
        assert_eq!(spec.get("serviceAccountName").text(), "default");
        assert_eq!(spec.get("tolerations").as_array().len(), 2);
        assert_eq!(spec.get("priority").as_i64(), Some(0));
        let volume = spec.get("volumes").index(0).get("name").text();
        assert!(volume.starts_with("kube-api-access-"), "{volume}");
        let again = ask(&mut server, Method::Post, PODS, super::tests::pod("web"));
        assert_eq!(again.expect_err("taken").message, "pods \"web\" already exists");
        let elsewhere =
            ask(&mut server, Method::Post, "/api/v1/namespaces/x/pods", super::tests::pod("web"));
        assert_eq!(elsewhere.expect_err("no namespace").message, "namespaces \"x\" not found");
    }

    #[test]
    fn names_are_generated_and_dry_runs_store_nothing() {
        let mut server = server();
        let mut body = pod("");
        body.set("metadata", value!({ "generateName": "web-" }));
        let made = ask(&mut server, Method::Post, PODS, body.clone()).expect("created");
        let name = made.at(&["metadata", "name"]).text().to_owned();
        assert!(name.starts_with("web-") && name.len() == 9, "{name}");
        let before = server.store.revision();
        let request = Request::new(Method::Post, PODS).body(body).param("dryRun", "All");
        server.handle(&request, By::user("test")).value().expect("would be created");
        assert_eq!(server.store.revision(), before);
    }

    #[test]
    fn services_get_addresses_and_ports() {
        let mut server = server();
        let body = |kind: &str, name: &str| {
            value!({
                "metadata": { "name": name },
                "spec": { "type": kind, "selector": { "app": "a" }, "ports": [{ "port": 80, "protocol": "TCP" }] },
            })
        };
        let one =
            ask(&mut server, Method::Post, SERVICES, body("NodePort", "one")).expect("created");
        let ip = one.at(&["spec", "clusterIP"]).text().to_owned();
        assert!(ip.starts_with("10."), "{ip}");
        let port = one.at(&["spec", "ports"]).index(0).get("nodePort").as_i64().unwrap_or(0);
        assert!((30_086..=32_767).contains(&port), "{port}");
        let mut two = body("ClusterIP", "two");
        two.set_at(&["spec", "clusterIP"], ip.as_str());
        let taken = ask(&mut server, Method::Post, SERVICES, two).expect_err("taken").message;
        assert_eq!(
            taken,
            format!(
                "Service \"two\" is invalid: spec.clusterIPs: Invalid value: [\"{ip}\"]: failed to allocate IP {ip}: provided IP is already allocated"
            )
        );
    }

    #[test]
    fn stale_updates_conflict_and_noops_keep_the_revision() {
        let mut server = server();
        let made = ask(&mut server, Method::Post, PODS, pod("web")).expect("created");
        let path = format!("{PODS}/web");
        let revision = server.store.revision();
        ask(&mut server, Method::Put, &path, made.clone()).expect("nothing changes");
        assert_eq!(server.store.revision(), revision);
        let merge = "application/merge-patch+json";
        patch(&mut server, &path, merge, value!({ "metadata": { "labels": { "b": "c" } } }));
        let mut changed = made;
        changed.set_at(&["metadata", "labels", "d"], "e");
        let stale = ask(&mut server, Method::Put, &path, changed).expect_err("stale");
        assert_eq!(
            stale.message,
            "Operation cannot be fulfilled on pods \"web\": the object has been modified; please apply your changes to the latest version and try again"
        );
    }

    #[test]
    fn pods_stop_gracefully_once_they_have_a_node() {
        let mut server = server();
        let path = format!("{PODS}/web");
        let mut body = pod("web");
        body.set_at(&["spec", "terminationGracePeriodSeconds"], 30);
        ask(&mut server, Method::Post, PODS, body.clone()).expect("created");
        ask(&mut server, Method::Delete, &path, Value::Null).expect("gone at once");
        assert!(ask(&mut server, Method::Get, &path, Value::Null).is_err());
        ask(&mut server, Method::Post, PODS, body).expect("created again");
        let binding = value!({ "target": { "name": "node-1" } });
        ask(&mut server, Method::Post, &format!("{path}/binding"), binding).expect("bound");
        let stopping = ask(&mut server, Method::Delete, &path, Value::Null).expect("stopping");
        let meta = stopping.get("metadata");
        assert_eq!(meta.get("deletionGracePeriodSeconds").as_i64(), Some(30));
        assert_eq!(meta.get("deletionTimestamp").text(), "2026-01-05T09:00:30Z");
        server.now += Span::seconds(1);
        let now = value!({ "gracePeriodSeconds": 0 });
        ask(&mut server, Method::Delete, &path, now).expect("gone");
        assert!(ask(&mut server, Method::Get, &path, Value::Null).is_err());
    }

    #[test]
    fn finalizers_hold_an_object() {
        let mut server = server();
        let maps = "/api/v1/namespaces/default/configmaps";
        let body = value!({ "metadata": { "name": "m", "finalizers": ["example.com/hold"] } });
        ask(&mut server, Method::Post, maps, body).expect("created");
        let path = format!("{maps}/m");
        ask(&mut server, Method::Delete, &path, Value::Null).expect("marked");
        let held = ask(&mut server, Method::Get, &path, Value::Null).expect("held");
        assert_eq!(held.at(&["metadata", "deletionGracePeriodSeconds"]).as_i64(), Some(0));
        let json = "application/json-patch+json";
        patch(
            &mut server,
            &path,
            json,
            value!([{ "op": "remove", "path": "/metadata/finalizers" }]),
        );
        assert!(ask(&mut server, Method::Get, &path, Value::Null).is_err());
    }

    #[test]
    fn immortal_namespaces_stay() {
        let mut server = server();
        let path = "/api/v1/namespaces/kube-system";
        let refused = ask(&mut server, Method::Delete, path, Value::Null).expect_err("immortal");
        assert_eq!(
            refused.message,
            "namespaces \"kube-system\" is forbidden: this namespace may not be deleted"
        );
    }

    #[test]
    fn a_watch_sees_selectors_come_and_go() {
        let mut server = server();
        let request = Request::get(PODS)
            .param("watch", "true")
            .param("labelSelector", "app=a")
            .param("resourceVersion", server.store.revision().to_string())
            .accept(Accept::Table);
        let answer = server.handle(&request, By::user("test"));
        let Body::Watch(mut watch) = answer.body else { panic!("a watch") };
        ask(&mut server, Method::Post, PODS, pod("web")).expect("created");
        let path = format!("{PODS}/web");
        let merge = "application/merge-patch+json";
        patch(&mut server, &path, merge, value!({ "metadata": { "labels": { "app": "b" } } }));
        patch(&mut server, &path, merge, value!({ "metadata": { "labels": { "app": "a" } } }));
        let events = server.poll(&mut watch).expect("kept");
        let kinds: Vec<&str> = events.iter().map(|e| e.kind).collect();
        assert_eq!(kinds, ["ADDED", "DELETED", "ADDED"]);
        let cells = events[0].value.get("rows").index(0).get("cells").to_json();
        assert!(cells.starts_with(r#"["web","0/1","#), "{cells}");
        assert!(server.poll(&mut watch).expect("kept").is_empty());
    }

    #[test]
    fn tables_show_the_fresh_cluster() {
        let mut server = server();
        let request = Request::get("/api/v1/nodes").accept(Accept::Table);
        let table = server.handle(&request, By::user("test")).value().expect("listed");
        assert_eq!(
            table.get("rows").index(0).get("cells").to_json(),
            r#"["control-plane","Ready","control-plane","4m58s","v1.36.2","192.168.49.2","<none>","Debian GNU/Linux 12 (bookworm)","6.1.0-37-amd64 (amd64)","containerd://2.1.4"]"#
        );
        let request = Request::get(SERVICES).accept(Accept::Table);
        let table = server.handle(&request, By::user("test")).value().expect("listed");
        assert_eq!(
            table.get("rows").index(0).get("cells").to_json(),
            r#"["kubernetes","ClusterIP","10.96.0.1","<none>","443/TCP","4m58s","<none>"]"#
        );
    }

    #[test]
    fn containers_are_resolved() {
        let mut server = server();
        let mut body = pod("web");
        body.set_at(
            &["spec", "containers"],
            value!([{ "name": "a", "image": "x" }, { "name": "b", "image": "x" }]),
        );
        ask(&mut server, Method::Post, PODS, body).expect("created");
        let key = Key::new("default", "web");
        let message = |r: Result<(Rc<Object>, String), Status>| r.expect_err("refused").message;
        assert_eq!(
            message(server.resolve_container(&key, "")),
            "a container name must be specified for pod web, choose one of: [a b]"
        );
        assert_eq!(
            message(server.resolve_container(&key, "web")),
            "container web is not valid for pod web"
        );
        assert_eq!(
            message(server.resolve_stream(&key, "b")),
            "pod web does not have a host assigned"
        );
    }

    #[test]
    fn a_set_is_scaled_through_its_subresource() {
        let mut server = server();
        let sets = "/apis/apps/v1/namespaces/default/statefulsets";
        let labels = value!({ "app": "a" });
        let body = value!({
            "metadata": { "name": "web" },
            "spec": {
                "serviceName": "web",
                "selector": { "matchLabels": labels.clone() },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "c", "image": "nginx" }] },
                },
            },
        });
        ask(&mut server, Method::Post, sets, body).expect("created");
        let path = format!("{sets}/web/scale");
        let mut scale = ask(&mut server, Method::Get, &path, Value::Null).expect("read");
        assert_eq!(scale.at(&["status", "selector"]).text(), "app=a");
        scale.set_at(&["spec", "replicas"], 3);
        ask(&mut server, Method::Put, &path, scale.clone()).expect("scaled");
        let set = ask(&mut server, Method::Get, &format!("{sets}/web"), Value::Null).expect("read");
        assert_eq!(set.at(&["spec", "replicas"]).as_i64(), Some(3));
        assert_eq!(set.at(&["metadata", "generation"]).as_i64(), Some(2));
        assert!(ask(&mut server, Method::Put, &path, scale).expect_err("stale").is_conflict());
        let merge = "application/merge-patch+json";
        let scaled = patch(&mut server, &path, merge, value!({ "spec": { "replicas": 1 } }));
        assert_eq!(scaled.at(&["spec", "replicas"]).as_i64(), Some(1));
        let negative = value!({ "metadata": { "name": "web" }, "spec": { "replicas": -1 } });
        assert_eq!(
            ask(&mut server, Method::Put, &path, negative).expect_err("negative").message,
            "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
        );
    }

    #[test]
    fn an_evicted_pod_says_why_it_goes() {
        let mut server = server();
        ask(&mut server, Method::Post, PODS, pod("web")).expect("created");
        let path = format!("{PODS}/web");
        let binding = value!({ "target": { "name": "node-1" } });
        let bind = format!("{path}/binding");
        ask(&mut server, Method::Post, &bind, binding.clone()).expect("bound");
        assert_eq!(
            ask(&mut server, Method::Post, &bind, binding).expect_err("bound already").message,
            "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"node-1\""
        );
        let eviction = value!({ "metadata": { "name": "web" } });
        ask(&mut server, Method::Post, &format!("{path}/eviction"), eviction).expect("evicted");
        let going = ask(&mut server, Method::Get, &path, Value::Null).expect("stopping");
        let conditions = going.at(&["status", "conditions"]).as_array();
        let reasons: Vec<&str> = conditions.iter().map(|c| c.get("reason").text()).collect();
        assert!(reasons.contains(&"EvictionByEvictionAPI"), "{reasons:?}");
        assert!(!going.at(&["metadata", "deletionTimestamp"]).is_null());
    }

    #[test]
    fn unknown_fields_are_refused_warned_of_or_dropped() {
        let mut server = server();
        let mut body = pod("web");
        body.set_at(&["spec", "container"], "x");
        let mut send = |validation: &str| {
            let request = Request::new(Method::Post, PODS)
                .body(body.clone())
                .param("fieldValidation", validation)
                .param("dryRun", "All");
            server.handle(&request, By::user("test"))
        };
        let refused = send("Strict").value().expect_err("refused");
        assert_eq!(
            refused.message,
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.container\""
        );
        assert_eq!(send("Warn").warnings, ["unknown field \"spec.container\""]);
        assert!(send("Ignore").warnings.is_empty());
    }
}
