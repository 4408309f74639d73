//! `kubectl patch`: change fields of objects.
//!
//! Upstream: kubectl/pkg/cmd/patch/patch.go.

use super::super::client::{JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH};
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::Query;
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::api::Status;
use crate::api::schema::PatchSchema;
use crate::base::human::quote;
use crate::base::patch;
use crate::base::value::Value;
use crate::base::yaml;

const FLAGS: &[Flag] = &[
    flag("local", Kind::Bool, "false").absent(),
    flag("patch", Kind::Text, "").short('p'),
    flag("patch-file", Kind::Text, ""),
    flag("subresource", Kind::Text, ""),
    flag("type", Kind::Text, "strategic"),
];

pub(crate) static VERB: Verb = Verb {
    name: "patch",
    flags: &[FLAGS, print::FLAGS, common::FILES, common::DRY_RUN],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let (text, file) = (args.text("patch"), args.text("patch-file"));
    let mut printer = common::done_printer(cx)?;
    let dry_run = DryRun::of(cx)?;
    if text.is_empty() && file.is_empty() {
        return Err(CmdError::plain(
            "must specify --patch or --patch-file containing the contents of the patch",
        ));
    }
    if !text.is_empty() && !file.is_empty() {
        return Err(CmdError::plain("cannot specify --patch and --patch-file together"));
    }
    let kind = match args.text("type").to_lowercase().as_str() {
        "json" => JSON_PATCH,
        "merge" => MERGE_PATCH,
        "strategic" => STRATEGIC_PATCH,
        _ => {
            return Err(CmdError::plain(format!(
                "--type must be one of [json merge strategic], not {}",
                quote(args.text("type"))
            )));
        }
    };
    let text = match file {
        "" => text.to_owned(),
        "-" | "/dev/stdin" => cx.env.stdin.to_string(),
        file => match cx.sys.read_file(file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                return Err(CmdError::plain(format!(
                    "unable to read patch file: open {file}: {}",
                    error.to_string().to_lowercase()
                )));
            }
        },
    };
    let query = Query { fetch: true, ..Query::of(cx) };
    let body = read_patch(&text)?;
    let mut count = 0;
    let found = query.run(cx)?;
    for info in found.all()? {
        count += 1;
        let mut path = info.path();
        let sub = args.text("subresource");
        if !sub.is_empty() {
            path = format!("{path}/{sub}");
        }
        let patched = if dry_run == DryRun::Client {
            locally(&info.resource, kind, &info.object, &body)?
        } else {
            let params = common::write_params(&args, dry_run, "kubectl-patch");
            cx.patch(&path, kind, body.clone(), &params)?
        };
        let changed = |object: &Value| {
            let mut object = print::without_managed_fields(object);
            object.entry("metadata").remove("resourceVersion");
            object
        };
        let same = sub.is_empty()
            && changed(&patched) == changed(&info.object)
            && dry_run != DryRun::Server;
        let done = if same { "patched (no change)" } else { "patched" };
        common::print_done(cx, &mut printer, &patched, done)?;
    }
    if count == 0 {
        return Err(CmdError::plain("no objects passed to patch"));
    }
    Ok(Next::Done)
}

/// Reads a patch as JSON or YAML.
fn read_patch(text: &str) -> Result<Value, CmdError> {
    if text.trim_start().starts_with(['{', '[']) {
        return match Value::from_json(text) {
            Ok(value) => Ok(value),
            Err(error) if error.contains("EOF") => {
                Err(Status::bad_request("unexpected end of JSON input").into())
            }
            // YAML in flow style is no JSON, yet it is a patch.
            Err(error) => yaml::read(text).map_err(|_| Status::bad_request(error).into()),
        };
    }
    yaml::read(text)
        .map_err(|error| CmdError::plain(format!("unable to parse {}: {error}", quote(text))))
}

fn locally(
    resource: &super::super::resources::Resource,
    kind: &str,
    object: &Value,
    body: &Value,
) -> Result<Value, CmdError> {
    match kind {
        JSON_PATCH => patch::apply_json_patch(object, body).map_err(CmdError::plain),
        MERGE_PATCH => Ok(patch::merge_patch(object, body)),
        _ => match PatchSchema::of_gvk(&resource.group, &resource.version, &resource.kind) {
            Some(schema) => patch::strategic_merge(object, body, &schema).map_err(CmdError::plain),
            None => Err(CmdError::plain("strategic merge patch format is not supported")),
        },
    }
}
