//! Claims that name no class get the default one.
//!
//! Upstream: plugin/pkg/admission/storage/storageclass/setdefault/admission.go and pkg/volume/util/storageclass.go.

use crate::api::Object;
use crate::api::Status;
use crate::api::kinds::{PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS};
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "DefaultStorageClass", admit, validate: nothing };

/// Marks the default class, now and in the past.
const MARKS: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];
/// Where a class was named before it had a field.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

fn admit(claim: &mut Value, about: &Attributes, server: &Server) -> Result<(), Status> {
    let applies = *about.kind == PERSISTENT_VOLUME_CLAIM
        && about.operation == Operation::Create
        && about.sub.is_empty();
    let names_class = !claim.at(&["spec", "storageClassName"]).is_null()
        || !claim.at(&["metadata", "annotations"]).get(OLD_CLASS).is_null();
    if !applies || names_class {
        return Ok(());
    }
    if let Some(class) = default_class(server) {
        claim.set_at(&["spec", "storageClassName"], class.name());
    }
    Ok(())
}

/// The default class; of several the newest, of equals the first by name.
pub fn default_class(server: &Server) -> Option<&Object> {
    let marked = |class: &&Object| MARKS.iter().any(|mark| class.annotation(mark) == Some("true"));
    server
        .list(&STORAGE_CLASS, "")
        .map(|class| &**class)
        .filter(marked)
        .min_by_key(|class| std::cmp::Reverse(class.created()))
}
