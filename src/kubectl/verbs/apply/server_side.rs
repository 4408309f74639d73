//! `kubectl apply --server-side`: the server merges, and tells who owns what.
//!
//! Upstream: kubectl/pkg/cmd/apply/apply.go (applyOneObject, migrateToSSAIfNecessary) and client-go/util/csaupgrade.

use crate::base::value::Value;
use crate::kubectl::Cx;
use crate::kubectl::client::JSON_PATCH;
use crate::kubectl::error::CmdError;
use crate::kubectl::print::Printer;
use crate::kubectl::resources::Info;
use crate::kubectl::verbs::common::{self, DryRun, LAST_APPLIED};
use crate::value;

const APPLY_PATCH: &str = "application/apply-patch+yaml";
/// Who applies unless `--field-manager` says otherwise.
const MANAGER: &str = "kubectl";
/// Who applied on the client's side.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";
/// Keeps the annotation of client-side apply once nobody applies it any more.
const ANNOTATION_MANAGER: &str = "kubectl-last-applied";

const CONFLICT_HELP: &str = "
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

/// Applies one object.
pub(super) fn apply_one(
    cx: &mut Cx,
    info: &mut Info,
    dry_run: DryRun,
    validation: &'static str,
    printer: &mut Printer,
) -> Result<(), CmdError> {
    let args = cx.args();
    let mut params = common::write_params(&args, dry_run, MANAGER);
    let force = if args.is("force-conflicts") { "true" } else { "false" };
    params.push(("force", force));
    params.push(("fieldValidation", validation));
    let applied = cx.patch(&info.path(), APPLY_PATCH, info.object.clone(), &params);
    let applied = applied.map_err(|error| match error {
        CmdError::Status(status) if status.is_conflict() => {
            CmdError::plain(format!("{}{CONFLICT_HELP}", status.message))
        }
        error => error,
    })?;
    info.refresh(applied);
    if dry_run == DryRun::No && args.text("field-manager").is_empty() {
        migrate(cx, info)?;
    }
    if info.object.at(&["metadata", "deletionTimestamp"]).as_str().is_some() {
        cx.err(&format!(
            "Warning: Detected changes to resource {} which is currently being deleted.\n",
            info.name
        ));
    }
    let object = info.object.clone();
    common::print_done(cx, printer, &object, &dry_run.done("serverside-applied"))
}

fn is_client_side(entry: &Value) -> bool {
    entry.get("manager").text() == CLIENT_SIDE && entry.get("operation").text() == "Update"
}

/// Hands the fields of client-side apply over to this manager, and its annotation to one that keeps it.
fn migrate(cx: &mut Cx, info: &mut Info) -> Result<(), CmdError> {
    let entries = info.object.at(&["metadata", "managedFields"]).as_array();
    if !entries.iter().any(is_client_side) {
        return Ok(());
    }
    let annotation = info.object.at(&["metadata", "annotations"]).get(LAST_APPLIED).clone();
    if !annotation.is_null() {
        let mut metadata = value!({ "name": info.name.as_str() });
        if !info.ns.is_empty() {
            metadata.set("namespace", info.ns.as_str());
        }
        metadata.set_at(&["annotations", LAST_APPLIED], annotation);
        let kept = value!({
            "apiVersion": info.object.get("apiVersion"),
            "kind": info.object.get("kind"),
            "metadata": metadata,
        });
        let params = [("fieldManager", ANNOTATION_MANAGER), ("force", "true")];
        let object = cx.patch(&info.path(), APPLY_PATCH, kept, &params)?;
        info.refresh(object);
    }
    let patch = upgrade(&info.object);
    let object = cx.patch(&info.path(), JSON_PATCH, patch, &[("fieldManager", MANAGER)])?;
    info.refresh(object);
    Ok(())
}

/// Upstream: csaupgrade/upgrade.go, UpgradeManagedFieldsPatch.
fn upgrade(object: &Value) -> Value {
    let entries = object.at(&["metadata", "managedFields"]).as_array();
    let old: Vec<&Value> = entries.iter().filter(|e| is_client_side(e)).collect();
    let mut kept: Vec<Value> = entries.iter().filter(|e| !is_client_side(e)).cloned().collect();
    let ours = kept.iter_mut().find(|e| {
        e.get("manager").text() == MANAGER
            && e.get("operation").text() == "Apply"
            && e.get("subresource").is_empty()
    });
    if let Some(ours) = ours {
        for entry in old {
            union(ours.entry("fieldsV1"), entry.get("fieldsV1"));
        }
    } else if let Some(first) = old.first() {
        let mut entry = (*first).clone();
        entry.set("manager", MANAGER);
        entry.set("operation", "Apply");
        kept.push(entry);
    }
    value!([
        { "op": "replace", "path": "/metadata/managedFields", "value": Value::array(kept) },
        {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": object.at(&["metadata", "resourceVersion"]),
        },
    ])
}

/// Adds the paths of one set in JSON to another's.
fn union(set: &mut Value, other: &Value) {
    for (key, below) in other.entries() {
        union(set.entry(key), below);
        if set.get(key).is_null() {
            set.set(key, Value::map());
        }
    }
}
