//! `kubectl apply -f`: create or change objects so that they are as a file says.
//!
//! Upstream: kubectl/pkg/cmd/apply/{apply,patcher}.go.
//! Simplified: no pruning, no sets.

mod server_side;

use super::common::{self, DryRun, LAST_APPLIED};
use crate::api::schema::PatchSchema;
use crate::base::gofmt;
use crate::base::patch;
use crate::base::value::Value;
use crate::kubectl::client::{MERGE_PATCH, STRATEGIC_PATCH};
use crate::kubectl::error::CmdError;
use crate::kubectl::flags::{Flag, Kind, Verb, flag};
use crate::kubectl::print::{self, Printer};
use crate::kubectl::resources::{Info, Query};
use crate::kubectl::{Cx, Next};
use crate::os::{Method, Request};

const FLAGS: &[Flag] = &[
    flag("cascade", Kind::Optional("background"), "background"),
    flag("force", Kind::Bool, "false").absent(),
    flag("force-conflicts", Kind::Bool, "false"),
    flag("grace-period", Kind::Int, "-1"),
    flag("openapi-patch", Kind::Bool, "true"),
    flag("overwrite", Kind::Bool, "true"),
    flag("prune", Kind::Bool, "false"),
    flag("prune-allowlist", Kind::Array, "").absent(),
    flag("server-side", Kind::Bool, "false"),
    flag("timeout", Kind::Duration, "0s"),
    flag("wait", Kind::Bool, "false"),
];

const LAST_APPLIED_FLAGS: &[Flag] = &[flag("output", Kind::Text, "yaml").short('o')];

static VIEW: Verb = Verb {
    name: "view-last-applied",
    flags: &[LAST_APPLIED_FLAGS, common::FILES, common::SELECTOR, common::ALL],
    run: Some(view),
    ..Verb::EMPTY
};

pub(crate) static VERB: Verb = Verb {
    name: "apply",
    flags: &[
        FLAGS,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::ALL,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    subs: &[&VIEW],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if !args.pos.is_empty() {
        return Err(CmdError::usage_help(
            &args.path,
            format!("Unexpected args: [{}]", args.pos.join(" ")),
        ));
    }
    let dry_run = DryRun::of(cx)?;
    let server_side = args.is("server-side");
    if args.is("force-conflicts") && !server_side {
        return Err(CmdError::plain("--force-conflicts only works with --server-side"));
    }
    if server_side && dry_run == DryRun::Client {
        return Err(CmdError::plain(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        ));
    }
    common::require_files(&args)?;
    let validation = common::field_validation(&args)?;
    if args.is("prune") {
        if !args.is("all") && args.text("selector").is_empty() {
            return Err(CmdError::plain(
                "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
            ));
        }
        return Err(CmdError::not_simulated("--prune"));
    }
    let mut printer = common::done_printer(cx)?;
    let query = Query { validate: validation != "Ignore", all: false, ..Query::of(cx) };
    let found = query.run(cx)?;
    let mut errors = found.errors;
    if found.infos.is_empty() && errors.is_empty() {
        return Err(CmdError::plain("no objects passed to apply"));
    }
    let how = How { dry_run, validation };
    for mut info in found.infos {
        let applied = if server_side {
            server_side::apply_one(cx, &mut info, dry_run, validation, &mut printer)
        } else {
            apply_one(cx, &mut info, how, &mut printer)
        };
        if let Err(error) = applied {
            errors.push(error);
        }
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) dry_run: DryRun,
    pub(super) validation: &'static str,
}

/// Upstream: apply.go, applyOneObject.
fn apply_one(
    cx: &mut Cx,
    info: &mut Info,
    how: How,
    printer: &mut Printer,
) -> Result<(), CmdError> {
    if info.name.is_empty() {
        let generate = info.object.at(&["metadata", "generateName"]).text();
        if !generate.is_empty() {
            return Err(CmdError::plain(format!(
                "from {generate}: cannot use generate name with apply"
            )));
        }
    }
    let modified = modified_configuration(&info.object);
    let retrieving =
        format!("retrieving current configuration of:\n{}\nfrom server for:", info.describe());
    if info.name.is_empty() {
        return Err(CmdError::plain("resource name may not be empty")
            .with_source(&retrieving, &info.source));
    }
    let live = match cx.get(&info.resource, &info.ns, &info.name) {
        Ok(live) => live,
        Err(error) if error.is_not_found() => {
            return create_one(cx, info, &modified, how, printer);
        }
        Err(error) => return Err(error.with_source(&retrieving, &info.source)),
    };
    if live.at(&["metadata", "annotations"]).get(LAST_APPLIED).is_null() {
        let object_name = format!("{}/{}", info.resource.plural, info.name);
        cx.err(&format!(
            "Warning: resource {object_name} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
        ));
    }
    let (patch, patched) = patch_one(cx, info, &live, &modified, how)?;
    if patched.at(&["metadata", "deletionTimestamp"]).as_str().is_some() {
        cx.err(&format!(
            "Warning: Detected changes to resource {} which is currently being deleted.\n",
            info.name
        ));
    }
    let unchanged = patch.is_empty();
    let done = how.dry_run.done(if unchanged { "unchanged" } else { "configured" });
    common::print_done(cx, printer, &patched, &done)
}

fn create_one(
    cx: &mut Cx,
    info: &mut Info,
    modified: &Value,
    how: How,
    printer: &mut Printer,
) -> Result<(), CmdError> {
    let object = without_nulls(modified);
    if how.dry_run == DryRun::Client {
        info.object = object;
    } else {
        let args = cx.args();
        let mut request = Request::new(Method::Post, info.resource.path(&info.ns, "")).body(object);
        for (key, value) in common::write_params(&args, how.dry_run, "kubectl-client-side-apply") {
            request = request.param(key, value);
        }
        request = request.param("fieldValidation", how.validation);
        let created =
            cx.call(request).map_err(|error| error.with_source("creating", &info.source))?;
        info.refresh(created);
    }
    let done = how.dry_run.done("created");
    let object = info.object.clone();
    common::print_done(cx, printer, &object, &done)
}

/// Tries of a patch that meets another writer's change. Upstream: patcher.go, maxPatchRetry.
const MAX_TRIES: usize = 5;

/// Computes and sends the patch; returns it with the patched object.
/// Upstream: patcher.go, Patch and patchSimple.
pub(super) fn patch_one(
    cx: &mut Cx,
    info: &Info,
    live: &Value,
    modified: &Value,
    how: How,
) -> Result<(Value, Value), CmdError> {
    let mut live = live.clone();
    for attempt in 1.. {
        let (kind, body) = compute(info, &live, modified)?;
        if body.is_empty() {
            return Ok((body, live));
        }
        if how.dry_run == DryRun::Client {
            let patched = apply_locally(info, &live, &body)?;
            return Ok((body, patched));
        }
        let args = cx.args();
        let mut params = common::write_params(&args, how.dry_run, "kubectl-client-side-apply");
        params.push(("fieldValidation", how.validation));
        match cx.patch(&info.path(), kind, body.clone(), &params) {
            Ok(patched) => return Ok((body, patched)),
            Err(CmdError::Status(status)) if status.is_conflict() && attempt <= MAX_TRIES => {
                live = cx.get(&info.resource, &info.ns, &info.name)?;
            }
            Err(error) => {
                let error = error.with_source("patching", &info.source);
                let applying = format!(
                    "applying patch:\n{}\nto:\n{}\nfor:",
                    gofmt::json(&body),
                    info.describe()
                );
                return Err(error.with_source(&applying, &info.source));
            }
        }
    }
    Err(CmdError::plain("too many conflicts"))
}

fn compute(info: &Info, live: &Value, modified: &Value) -> Result<(&'static str, Value), CmdError> {
    let original = live.at(&["metadata", "annotations"]).get(LAST_APPLIED).as_str();
    let original = original.and_then(|text| Value::from_json(text).ok()).unwrap_or_else(Value::map);
    let r = &info.resource;
    match PatchSchema::of_gvk(&r.group, &r.version, &r.kind) {
        Some(schema) => {
            let body = patch::three_way_merge(&original, modified, live, &schema).map_err(|error| {
                CmdError::plain(format!(
                    "creating patch with:\noriginal:\n{}\nmodified:\n{}\ncurrent:\n{}\nfor: {error}",
                    gofmt::json(&original),
                    gofmt::json(modified),
                    gofmt::json(live)
                ))
            })?;
            Ok((STRATEGIC_PATCH, body))
        }
        None => Ok((MERGE_PATCH, patch::three_way_json_merge(&original, modified, live))),
    }
}

fn apply_locally(info: &Info, live: &Value, body: &Value) -> Result<Value, CmdError> {
    let r = &info.resource;
    match PatchSchema::of_gvk(&r.group, &r.version, &r.kind) {
        Some(schema) => patch::strategic_merge(live, body, &schema).map_err(CmdError::plain),
        None => Ok(patch::merge_patch(live, body)),
    }
}

/// The object with itself in its annotation.
/// Upstream: kubectl/pkg/util/apply.go, GetModifiedConfiguration.
pub(super) fn modified_configuration(object: &Value) -> Value {
    let mut plain = object.clone();
    if plain.at(&["metadata", "annotations"]).as_map().is_none() {
        plain.set_at(&["metadata", "annotations"], Value::map());
    }
    plain.entry_at(&["metadata", "annotations"]).remove(LAST_APPLIED);
    let text = format!("{}\n", gofmt::json(&plain));
    plain.entry_at(&["metadata", "annotations"]).set(LAST_APPLIED, text);
    plain
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let kept = map
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k.clone(), without_nulls(v)));
            Value::from(kept.collect::<crate::base::value::Map>())
        }
        Value::Array(items) => Value::array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Upstream: apply/apply_view_last_applied.go.
fn view(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let output = args.text("output");
    if !matches!(output, "yaml" | "json") {
        return Err(CmdError::usage_help(
            &args.path,
            format!(
                "Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json"
            ),
        ));
    }
    let query = Query { latest: true, ..Query::of(cx) };
    for info in query.run(cx)?.all()? {
        let Some(text) = info.object.at(&["metadata", "annotations"]).get(LAST_APPLIED).as_str()
        else {
            return Err(CmdError::plain(format!(
                "no last-applied-configuration annotation found on resource: {}",
                info.name
            )));
        };
        let value = Value::from_json(text).map_err(CmdError::plain)?;
        let text = if output == "json" {
            format!("{}\n", gofmt::json_indent(&value, "  "))
        } else {
            crate::base::yaml::emit(&value)
        };
        cx.out(&text);
    }
    Ok(Next::Done)
}
