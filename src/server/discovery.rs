//! What the server serves: groups, versions, resources; its version and health.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/discovery and …/endpoints/installer.go.
//! Simplified: only kinds that are simulated are listed; the aggregated form is not offered.

use crate::api::{Kind, Status, kinds};
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::os::request::{Body, Request, Response};
use crate::server::route::Route;
use crate::value;

/// The simulated version.
pub const VERSION: &str = "v1.36.2";
/// The server's address as clients see it.
pub const ADDRESS: &str = "192.168.49.2:8443";

/// Answers a request about the server itself.
///
/// # Errors
/// `NotFound` for groups and versions that are not served.
pub fn answer(route: &Route, request: &Request) -> Result<Response, Status> {
    Ok(match route {
        Route::CoreVersions => Response::ok(core_versions()),
        Route::Groups => {
            let groups: Vec<Value> = groups().into_iter().map(|g| group(g, false)).collect();
            Response::ok(value!({
                "kind": "APIGroupList", "apiVersion": "v1", "groups": Value::array(groups),
            }))
        }
        Route::Group(name) => {
            let known = groups().into_iter().find(|g| g == name);
            Response::ok(group(known.ok_or_else(Status::no_such_path)?, true))
        }
        Route::Resources { group, version } => Response::ok(resources(group, version)?),
        Route::Version => Response::ok(version()),
        Route::Health(path) => text(health(path, request)),
        Route::Resource(_) | Route::Unknown => return Err(Status::no_such_path()),
    })
}

fn text(text: String) -> Response {
    Response { code: 200, warnings: Vec::new(), body: Body::Text(text) }
}

fn core_versions() -> Value {
    value!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": ADDRESS }],
    })
}

/// Groups other than the core, in the order of the registry of kinds.
fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = Vec::new();
    for kind in kinds::ALL {
        if !kind.group.is_empty() && !groups.contains(&kind.group) {
            groups.push(kind.group);
        }
    }
    groups
}

fn group(name: &str, whole: bool) -> Value {
    let mut versions: Vec<&str> = Vec::new();
    for kind in kinds::ALL.iter().filter(|k| k.group == name) {
        if !versions.contains(&kind.version) {
            versions.push(kind.version);
        }
    }
    let version = |v: &str| value!({ "groupVersion": format!("{name}/{v}"), "version": v });
    let mut group = value!({
        "name": name,
        "versions": Value::array(versions.iter().map(|v| version(v)).collect()),
        "preferredVersion": version(versions.first().copied().unwrap_or("v1")),
    });
    if whole {
        group.set("kind", "APIGroup");
        group.set("apiVersion", "v1");
    }
    group
}

fn resources(group: &str, version: &str) -> Result<Value, Status> {
    let mut served: Vec<&Kind> =
        kinds::ALL.iter().copied().filter(|k| k.group == group && k.version == version).collect();
    if served.is_empty() {
        return Err(Status::no_such_path());
    }
    served.order_by_key(|k| k.plural);
    let mut list = Vec::new();
    for kind in served {
        list.push(resource(kind));
        list.extend(kind.subresources.iter().map(|sub| subresource(kind, sub)));
    }
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Ok(value!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version,
        "resources": Value::array(list),
    }))
}

fn words(words: &[&str]) -> Value {
    Value::array(words.iter().map(|w| Value::from(*w)).collect())
}

fn resource(kind: &Kind) -> Value {
    let mut resource = value!({
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": words(kind.verbs),
    });
    if !kind.short.is_empty() {
        resource.set("shortNames", words(kind.short));
    }
    if !kind.categories.is_empty() {
        resource.set("categories", words(kind.categories));
    }
    resource
}

fn subresource(kind: &Kind, sub: &str) -> Value {
    let (group, version, name, verbs): (&str, &str, &str, &[&str]) = match sub {
        "scale" => ("autoscaling", "v1", "Scale", &["get", "patch", "update"]),
        "eviction" => ("policy", "v1", "Eviction", &["create"]),
        "binding" => ("", "", "Binding", &["create"]),
        "token" => ("authentication.k8s.io", "v1", "TokenRequest", &["create"]),
        "log" => ("", "", kind.name, &["get"]),
        "attach" => ("", "", "PodAttachOptions", &["create", "get"]),
        "exec" => ("", "", "PodExecOptions", &["create", "get"]),
        "portforward" => ("", "", "PodPortForwardOptions", &["create", "get"]),
        "finalize" => ("", "", kind.name, &["update"]),
        "proxy" => (
            "",
            "",
            match kind.name {
                "Node" => "NodeProxyOptions",
                "Service" => "ServiceProxyOptions",
                _ => "PodProxyOptions",
            },
            &["create", "delete", "get", "patch", "update"],
        ),
        _ => ("", "", kind.name, &["get", "patch", "update"]),
    };
    let mut resource = value!({
        "name": format!("{}/{sub}", kind.plural),
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": name,
        "verbs": words(verbs),
    });
    if !version.is_empty() {
        resource.set("group", group);
        resource.set("version", version);
    }
    resource
}

/// The version and build facts of the recorded server.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/version/types.go.
fn version() -> Value {
    value!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": VERSION,
        "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
        "gitTreeState": "clean",
        "buildDate": "2026-06-18T00:00:00Z",
        "goVersion": "go1.26.6",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// Upstream: staging/src/k8s.io/apiserver/pkg/server/healthz/healthz.go.
fn health(path: &str, request: &Request) -> String {
    let verbose = request.query.iter().any(|(key, _)| key == "verbose");
    let name = path.split('/').next().unwrap_or_default();
    if verbose {
        format!("[+]ping ok\n[+]log ok\n[+]etcd ok\n{name} check passed\n")
    } else {
        "ok".to_owned()
    }
}
