//! From a request's path to what it addresses.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.

use crate::api::{KindRef, kinds};

/// What a path addresses.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// `/api`: the versions of the core group.
    CoreVersions,
    /// `/apis`: all groups.
    Groups,
    /// `/apis/GROUP`.
    Group(String),
    /// `/api/v1` or `/apis/GROUP/VERSION`: the resources of a version.
    Resources {
        /// The group, "" for the core.
        group: String,
        /// The version.
        version: String,
    },
    /// `/version`.
    Version,
    /// `/healthz`, `/livez` or `/readyz`.
    Health(String),
    /// Objects.
    Resource(Target),
    /// Nothing that is served.
    Unknown,
}

/// A collection, an object or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The kind.
    pub kind: KindRef,
    /// The namespace in the path, "" when there is none.
    pub ns: String,
    /// The object's name, "" for the collection.
    pub name: String,
    /// The subresource, "" for the object itself. A proxied path follows it after a slash.
    pub sub: String,
}

/// Subresources of namespaces, which are not resources within one.
const NAMESPACE_PARTS: [&str; 2] = ["status", "finalize"];

/// Reads a path.
pub fn parse(path: &str) -> Route {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        ["version"] => Route::Version,
        ["healthz" | "livez" | "readyz", ..] => Route::Health(parts.join("/")),
        ["api"] => Route::CoreVersions,
        ["apis"] => Route::Groups,
        ["apis", group] => Route::Group((*group).to_owned()),
        ["api", version] => {
            Route::Resources { group: String::new(), version: (*version).to_owned() }
        }
        ["apis", group, version] => {
            Route::Resources { group: (*group).to_owned(), version: (*version).to_owned() }
        }
        ["api", version, rest @ ..] => resource("", version, rest),
        ["apis", group, version, rest @ ..] => resource(group, version, rest),
        _ => Route::Unknown,
    }
}

fn resource(group: &str, version: &str, parts: &[&str]) -> Route {
    let (ns, parts) = match parts {
        ["namespaces", ns, next, ..] if !(group.is_empty() && NAMESPACE_PARTS.contains(next)) => {
            (*ns, &parts[2..])
        }
        _ => ("", parts),
    };
    let Some((plural, rest)) = parts.split_first() else { return Route::Unknown };
    let Some(kind) = kinds::by_resource(group, plural).filter(|k| k.version == version) else {
        return Route::Unknown;
    };
    if !ns.is_empty() && !kind.namespaced {
        return Route::Unknown;
    }
    let name = rest.first().copied().unwrap_or("").to_owned();
    let sub = rest.get(1..).unwrap_or(&[]).join("/");
    Route::Resource(Target { kind, ns: ns.to_owned(), name, sub })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> (String, String, String, String) {
        match parse(path) {
            Route::Resource(t) => (t.kind.plural.to_owned(), t.ns, t.name, t.sub),
            other => (format!("{other:?}"), String::new(), String::new(), String::new()),
        }
    }

    #[test]
    fn paths_lead_to_resources() {
        let of = |a: &str, b: &str, c: &str, d: &str| {
            (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())
        };
        assert_eq!(target("/api/v1/pods"), of("pods", "", "", ""));
        assert_eq!(target("/api/v1/namespaces/default/pods"), of("pods", "default", "", ""));
        assert_eq!(
            target("/apis/apps/v1/namespaces/default/statefulsets/web/scale"),
            of("statefulsets", "default", "web", "scale")
        );
        assert_eq!(target("/api/v1/namespaces/x"), of("namespaces", "", "x", ""));
        assert_eq!(target("/api/v1/namespaces/x/finalize"), of("namespaces", "", "x", "finalize"));
        assert_eq!(parse("/api/v1/namespaces/x/nodes"), Route::Unknown);
        assert_eq!(parse("/apis/apps/v2/statefulsets"), Route::Unknown);
        assert_eq!(parse("/api/v1/nothing"), Route::Unknown);
    }
}
