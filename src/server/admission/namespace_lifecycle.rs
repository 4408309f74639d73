//! Nothing is made in namespaces that are absent or on their way out; some namespaces cannot be deleted.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go.

use crate::api::kinds::NAMESPACE;
use crate::api::{Key, Status};
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};
use crate::value;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "NamespaceLifecycle", admit, validate: nothing };

const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

fn admit(_: &mut Value, about: &Attributes, server: &Server) -> Result<(), Status> {
    if *about.kind == NAMESPACE {
        let refused = about.operation == Operation::Delete && IMMORTAL.contains(&about.name);
        return if refused {
            Err(Status::forbidden(about.kind, about.name, "this namespace may not be deleted"))
        } else {
            Ok(())
        };
    }
    if about.ns.is_empty() || about.operation != Operation::Create {
        return Ok(());
    }
    let Some(namespace) = server.get(&NAMESPACE, &Key::new("", about.ns)) else {
        return Err(Status::not_found(&NAMESPACE, about.ns));
    };
    if namespace.at(&["status", "phase"]).text() != "Terminating" {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {} because it is being terminated",
        about.ns
    );
    let mut status = Status::forbidden(about.kind, about.name, &why);
    let cause = value!({
        "reason": "NamespaceTerminating",
        "message": format!("namespace {} is being terminated", about.ns),
        "field": "metadata.namespace",
    });
    status.details.set("causes", Value::array(vec![cause]));
    Err(status)
}
