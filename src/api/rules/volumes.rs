//! Checks of volumes of pods, and of the sources that persistent volumes share with them.
//!
//! Upstream: pkg/apis/core/validation/validation.go (ValidateVolumes, validateVolumeSource).
//! Simplified: sources of storage that only exists outside (iSCSI, RBD, clouds …) are checked for their number only.

use crate::base::ordered::{OrdMap, OrdSet};

use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::resources::quantity;
use crate::api::rules::{claim, meta};
use crate::base::value::Value;

/// The sources that passed, by the volume's name.
pub type Sources<'a> = OrdMap<&'a str, &'a Value>;

/// The sources in the order in which upstream looks at them.
const ORDER: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephFS",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

const MORE_THAN_ONE: &str = "may not specify more than 1 volume type";
const MODE: &str = "must be between 0 and 0777 (octal), both inclusive";

/// Checks a pod's volumes; `pod_name` is "" for a template. Returns the good ones.
pub fn volumes<'a>(
    volumes: &'a Value,
    pod_name: &str,
    path: Path<'_>,
    faults: &mut Faults,
) -> Sources<'a> {
    let mut sources = Sources::new();
    let created: OrdSet<String> = volumes
        .as_array()
        .iter()
        .filter(|v| !pod_name.is_empty() && !v.get("ephemeral").is_null())
        .map(|v| format!("{pod_name}-{}", v.get("name").text()))
        .collect();
    for (at, volume) in volumes.as_array().iter().enumerate() {
        let path = path.index(at);
        let name = volume.get("name").text();
        let mut found = Faults::new();
        source(volume, pod_name, path, &mut found);
        if name.is_empty() {
            found.required(path.child("name"), "");
        } else {
            found.all_invalid(path.child("name"), name, names::dns_label(name));
        }
        if sources.contains_key(name) {
            found.duplicate(path.child("name"), volume.get("name"));
        }
        if found.is_empty() {
            sources.insert(name, volume);
        }
        faults.causes.append(&mut found.causes);
        let claim = volume.at(&["persistentVolumeClaim", "claimName"]);
        if created.contains(claim.text()) {
            let path = path.child("persistentVolumeClaim");
            faults.invalid(
                path.child("claimName"),
                claim,
                "must not reference a PVC that gets created for an ephemeral volume",
            );
        }
    }
    sources
}

fn source(volume: &Value, pod_name: &str, path: Path<'_>, faults: &mut Faults) {
    let mut first = true;
    for name in ORDER {
        let key = if *name == "cephFS" { "cephfs" } else { name };
        let source = volume.get(key);
        if source.is_null() {
            continue;
        }
        if !first {
            // The misspelling is upstream's.
            let name = if *name == "downwardAPI" { "downwarAPI" } else { name };
            faults.forbidden(path.child(name), MORE_THAN_ONE);
            continue;
        }
        first = false;
        one_source(name, source, path.child(name), faults);
        if *name == "ephemeral" && !pod_name.is_empty() {
            let claim = format!("{pod_name}-{}", volume.get("name").text());
            for wrong in names::dns_subdomain(&claim) {
                let detail = format!("PVC name {claim:?}: {wrong}");
                faults.invalid(path.child("name"), volume.get("name"), detail);
            }
        }
    }
    if first {
        faults.required(path, "must specify a volume type");
    }
}

fn one_source(name: &str, source: &Value, path: Path<'_>, faults: &mut Faults) {
    match name {
        "emptyDir" if quantity(source.get("sizeLimit")).is_negative() => {
            faults.forbidden(
                path.child("sizeLimit"),
                "SizeLimit field must be a valid resource quantity",
            );
        }
        "hostPath" => host_path(source, path, faults),
        "secret" => keyed_files(source, "secretName", path, faults),
        "configMap" => keyed_files(source, "name", path, faults),
        "nfs" => nfs(source, path, faults),
        "persistentVolumeClaim" => required_text(source, "claimName", path, faults),
        "downwardAPI" => {
            mode(source.get("defaultMode"), path.child("defaultMode"), faults);
            for file in source.get("items").as_array() {
                downward_file(file, path, faults);
            }
        }
        "projected" => projected(source, path, faults),
        "csi" => required_text(source, "driver", path, faults),
        "ephemeral" => ephemeral(source, path, faults),
        "image" => required_text(source, "reference", path, faults),
        _ => {}
    }
}

fn required_text(source: &Value, key: &str, path: Path<'_>, faults: &mut Faults) {
    if source.get(key).text().is_empty() {
        faults.required(path.child(key), "");
    }
}

fn mode(value: &Value, path: Path<'_>, faults: &mut Faults) {
    if value.as_i64().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        faults.invalid(path, value, MODE);
    }
}

const HOST_PATH_TYPES: &[&str] = &[
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

/// Checks a directory of a node. Upstream: validateHostPathVolumeSource.
pub fn host_path(source: &Value, path: Path<'_>, faults: &mut Faults) {
    let directory = source.get("path");
    if directory.text().is_empty() {
        faults.required(path.child("path"), "");
        return;
    }
    no_backsteps(directory, path.child("path"), faults);
    let kind = source.get("type");
    if !HOST_PATH_TYPES.contains(&kind.text()) {
        faults.not_supported(path.child("type"), kind, HOST_PATH_TYPES);
    }
}

/// Checks a directory of a file server. Upstream: validateNFSVolumeSource.
pub fn nfs(source: &Value, path: Path<'_>, faults: &mut Faults) {
    required_text(source, "server", path, faults);
    required_text(source, "path", path, faults);
    if !source.get("path").text().starts_with('/') {
        let value = Value::from(source.get("path").text());
        faults.invalid(path.child("path"), &value, "must be an absolute path");
    }
}

/// Upstream: validatePathNoBacksteps.
pub fn no_backsteps(value: &Value, path: Path<'_>, faults: &mut Faults) {
    if value.text().split('/').any(|part| part == "..") {
        faults.invalid(path, value, "must not contain '..'");
    }
}

/// Upstream: validateLocalDescendingPath.
pub fn descending(value: &Value, path: Path<'_>, faults: &mut Faults) {
    if value.text().starts_with('/') {
        faults.invalid(path, value, "must be a relative path");
    }
    no_backsteps(value, path, faults);
}

/// Upstream: ValidateLocalNonReservedPath.
fn non_reserved(value: &Value, path: Path<'_>, faults: &mut Faults) {
    descending(value, path, faults);
    if value.text().starts_with("..") && !value.text().starts_with("../") {
        faults.invalid(path, value, "must not start with '..'");
    }
}

fn keyed_files(source: &Value, name: &str, path: Path<'_>, faults: &mut Faults) {
    required_text(source, name, path, faults);
    mode(source.get("defaultMode"), path.child("defaultMode"), faults);
    let items = path.child("items");
    for (at, item) in source.get("items").as_array().iter().enumerate() {
        key_to_path(item, items.index(at), faults);
    }
}

fn key_to_path(item: &Value, path: Path<'_>, faults: &mut Faults) {
    required_text(item, "key", path, faults);
    required_text(item, "path", path, faults);
    non_reserved(item.get("path"), path.child("path"), faults);
    mode(item.get("mode"), path.child("mode"), faults);
}

const VOLUME_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

fn downward_file(file: &Value, path: Path<'_>, faults: &mut Faults) {
    required_text(file, "path", path, faults);
    non_reserved(file.get("path"), path.child("path"), faults);
    let (field, resource) = (file.get("fieldRef"), file.get("resourceFieldRef"));
    if !field.is_null() {
        field_ref(field, VOLUME_FIELDS, path.child("fieldRef"), faults);
        if !resource.is_null() {
            faults.invalid(
                path,
                &Value::from("resource"),
                "fieldRef and resourceFieldRef can not be specified simultaneously",
            );
        }
    } else if !resource.is_null() {
        resource_field_ref(resource, true, path.child("resourceFieldRef"), faults);
    } else {
        faults.required(path, "one of fieldRef and resourceFieldRef is required");
    }
    mode(file.get("mode"), path.child("mode"), faults);
}

/// The field paths that can be converted at all. Upstream: pkg/apis/core/pods/helpers.go, ConvertDownwardAPIFieldLabel.
const CONVERTIBLE: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "spec.host",
];

/// Checks a reference to a field of the pod. Upstream: validateObjectFieldSelector.
pub fn field_ref(field: &Value, known: &[&str], path: Path<'_>, faults: &mut Faults) {
    let version = field.get("apiVersion").text();
    if version.is_empty() {
        faults.required(path.child("apiVersion"), "");
        return;
    }
    let label = field.get("fieldPath").text();
    if label.is_empty() {
        faults.required(path.child("fieldPath"), "");
        return;
    }
    let wrong = |detail: String, faults: &mut Faults| {
        let detail = format!("error converting fieldPath: {detail}");
        faults.invalid(path.child("fieldPath"), field.get("fieldPath"), detail);
    };
    if version != "v1" {
        return wrong(format!("unsupported pod version: {version}"), faults);
    }
    let subscripted = label
        .strip_suffix("']")
        .and_then(|rest| rest.split_once("['"))
        .filter(|(before, _)| !before.is_empty());
    if let Some((before, key)) = subscripted {
        match before {
            "metadata.annotations" => {
                faults.all_invalid(path, key, names::label_key(&key.to_lowercase()));
            }
            "metadata.labels" => faults.all_invalid(path, key, names::label_key(key)),
            _ => wrong(format!("field label does not support subscript: {label}"), faults),
        }
        return;
    }
    if !CONVERTIBLE.contains(&label) {
        return wrong(format!("field label not supported: {label}"), faults);
    }
    if !known.contains(&label) {
        faults.not_supported(path.child("fieldPath"), field.get("fieldPath"), known);
    }
}

const RESOURCE_FIELDS: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const BYTES: &[&str] =
    &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// Checks a reference to a request or limit. Upstream: validateContainerResourceFieldSelector.
pub fn resource_field_ref(field: &Value, in_volume: bool, path: Path<'_>, faults: &mut Faults) {
    let resource = field.get("resource").text();
    let pages = |name: &str| {
        name.starts_with("requests.hugepages-") || name.starts_with("limits.hugepages-")
    };
    if in_volume && field.get("containerName").text().is_empty() {
        faults.required(path.child("containerName"), "");
    } else if resource.is_empty() {
        faults.required(path.child("resource"), "");
    } else if !RESOURCE_FIELDS.contains(&resource) && !pages(resource) {
        faults.not_supported(path.child("resource"), field.get("resource"), RESOURCE_FIELDS);
    }
    let divisor = quantity(field.get("divisor"));
    if divisor.is_zero() {
        return;
    }
    let text = divisor.to_string();
    let list = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the";
    let wrong = match resource {
        "limits.cpu" | "requests.cpu" if text != "1" && text != "1m" => {
            "only divisor's values 1m and 1 are supported with the cpu resource".to_owned()
        }
        "limits.cpu" | "requests.cpu" => return,
        _ if BYTES.contains(&text.as_str()) => return,
        "limits.memory" | "requests.memory" => format!("{list} memory resource"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            format!("{list} local ephemeral storage resource")
        }
        _ if pages(resource) => format!("{list} hugepages resource"),
        _ => return,
    };
    faults.invalid(path.child("divisor"), field.get("resource"), wrong);
}

fn projected(source: &Value, path: Path<'_>, faults: &mut Faults) {
    mode(source.get("defaultMode"), path.child("defaultMode"), faults);
    let mut paths: OrdSet<&str> = OrdSet::new();
    let list = path.child("sources");
    for (at, one) in source.get("sources").as_array().iter().enumerate() {
        let inner = list.index(at);
        for kind in ["secret", "configMap"] {
            let object = one.get(kind);
            if object.is_null() {
                continue;
            }
            let own = inner.child(kind);
            required_text(object, "name", own, faults);
            let items = own.child("items");
            for (at, item) in object.get("items").as_array().iter().enumerate() {
                key_to_path(item, items.index(at), faults);
                let file = item.get("path").text();
                if !file.is_empty() && !paths.insert(file) {
                    faults.invalid(path, object.get("name"), "conflicting duplicate paths");
                }
            }
        }
        for file in one.at(&["downwardAPI", "items"]).as_array() {
            downward_file(file, inner.child("downwardAPI"), faults);
            let name = file.get("path").text();
            if !name.is_empty() && !paths.insert(name) {
                faults.invalid(path, file.get("path"), "conflicting duplicate paths");
            }
        }
        let token = one.get("serviceAccountToken");
        if !token.is_null() {
            service_account_token(token, inner.child("serviceAccountToken"), path, faults);
        }
        if one.entries().filter(|(_, v)| !v.is_null()).count() > 1 {
            faults.forbidden(inner, "may not specify more than 1 volume type per source");
        }
    }
}

fn service_account_token(token: &Value, own: Path<'_>, path: Path<'_>, faults: &mut Faults) {
    let expires = token.get("expirationSeconds");
    let seconds = expires.as_i64().unwrap_or(0);
    if seconds < 600 {
        faults.invalid(
            own.child("expirationSeconds"),
            &Value::from(seconds),
            "may not specify a duration less than 10 minutes",
        );
    }
    if seconds > 1 << 32 {
        faults.invalid(
            own.child("expirationSeconds"),
            expires,
            "may not specify a duration larger than 2^32 seconds",
        );
    }
    if token.get("path").text().is_empty() {
        faults.required(path.child("path"), "");
    } else {
        non_reserved(token.get("path"), path.child("path"), faults);
    }
}

fn ephemeral(source: &Value, path: Path<'_>, faults: &mut Faults) {
    let template = source.get("volumeClaimTemplate");
    let path = path.child("volumeClaimTemplate");
    if template.is_null() {
        faults.required(path, "");
        return;
    }
    let own = path.child("metadata");
    meta::annotations(template.at(&["metadata", "annotations"]), own.child("annotations"), faults);
    meta::labels(template.at(&["metadata", "labels"]), own.child("labels"), faults);
    claim::spec(template.get("spec"), path.child("spec"), faults);
}

/// The volumes that a mount finds, and whether each can be a raw device.
pub fn is_block_capable(volume: &Value) -> bool {
    !volume.get("persistentVolumeClaim").is_null() || !volume.get("ephemeral").is_null()
}
