//! Pods run as a ServiceAccount and find its token in their files.
//!
//! Upstream: plugin/pkg/admission/serviceaccount/admission.go.

use crate::api::kinds::{POD, SERVICE_ACCOUNT};
use crate::api::{Key, Object, Status};
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};
use crate::value;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "ServiceAccount", admit, validate: nothing };

/// Where the token lies in every container.
pub const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Start of the token volume's name.
const VOLUME_PREFIX: &str = "kube-api-access-";
/// Marks pods that mirror a file of the node.
const MIRROR: &str = "kubernetes.io/config.mirror";

fn admit(pod: &mut Value, about: &Attributes, server: &Server) -> Result<(), Status> {
    if *about.kind != POD || about.operation != Operation::Create || !about.sub.is_empty() {
        return Ok(());
    }
    if !pod.at(&["metadata", "annotations"]).get(MIRROR).is_null() {
        return Ok(());
    }
    let name = match pod.at(&["spec", "serviceAccountName"]).text() {
        "" => "default".to_owned(),
        name => name.to_owned(),
    };
    pod.set_at(&["spec", "serviceAccountName"], name.as_str());
    pod.set_at(&["spec", "serviceAccount"], name.as_str());
    let Some(account) = server.get(&SERVICE_ACCOUNT, &Key::new(about.ns, name.as_str())) else {
        let why = format!(
            "error looking up service account {}/{name}: serviceaccount {name:?} not found",
            about.ns
        );
        return Err(Status::forbidden(about.kind, about.name, &why));
    };
    if mounts_token(pod, account) {
        mount_token(pod, about, server);
    }
    let secrets = account.get("imagePullSecrets");
    if !secrets.is_empty() && pod.at(&["spec", "imagePullSecrets"]).is_empty() {
        pod.set_at(&["spec", "imagePullSecrets"], secrets.clone());
    }
    Ok(())
}

fn mounts_token(pod: &Value, account: &Object) -> bool {
    let pods = pod.at(&["spec", "automountServiceAccountToken"]).as_bool();
    pods.or(account.get("automountServiceAccountToken").as_bool()).unwrap_or(true)
}

fn mount_token(pod: &mut Value, about: &Attributes, server: &Server) {
    let volumes = pod.at(&["spec", "volumes"]).as_array();
    let present = volumes.iter().find(|v| v.get("name").text().starts_with(VOLUME_PREFIX));
    let volume_name = if let Some(volume) = present {
        volume.get("name").text().to_owned()
    } else {
        let base = pod.at(&["metadata", "generateName"]).text();
        let owner = format!("{}/{}{base}", about.ns, about.name);
        let mut draw = server.rng.named("token-volume", &owner, server.store.revision());
        format!("{VOLUME_PREFIX}{}", draw.alphanum(5))
    };
    let is_present = present.is_some();
    let mount = value!({ "name": volume_name.as_str(), "readOnly": true, "mountPath": TOKEN_PATH });
    let mut needed = false;
    for list in ["initContainers", "containers"] {
        if pod.at(&["spec", list]).as_array().is_empty() {
            continue;
        }
        for container in pod.entry_at(&["spec", list]).make_array() {
            let mounts = container.get("volumeMounts").as_array();
            if mounts.iter().all(|m| m.get("mountPath").text() != TOKEN_PATH) {
                container.entry("volumeMounts").make_array().push(mount.clone());
                needed = true;
            }
        }
    }
    if needed && !is_present {
        pod.entry_at(&["spec", "volumes"]).make_array().push(token_volume(&volume_name));
    }
}

/// Upstream: admission.go, TokenVolumeSource.
fn token_volume(name: &str) -> Value {
    value!({
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
                { "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{ "key": "ca.crt", "path": "ca.crt" }],
                } },
                { "downwardAPI": { "items": [{
                    "path": "namespace",
                    "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" },
                }] } },
            ],
        },
    })
}
