//! `kubectl label`: set and remove labels.
//!
//! Upstream: kubectl/pkg/cmd/label/label.go.

use super::super::client::MERGE_PATCH;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::api::names;
use crate::base::human::quote;
use crate::base::value::Value;

const FLAGS: &[Flag] = &[
    flag("list", Kind::Bool, "false"),
    flag("local", Kind::Bool, "false").absent(),
    flag("overwrite", Kind::Bool, "false"),
    flag("resource-version", Kind::Text, ""),
];

pub(crate) static VERB: Verb = Verb {
    name: "label",
    flags: &[
        FLAGS,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::FIELD_SELECTOR,
        common::ALL,
        common::ALL_NAMESPACES,
        common::DRY_RUN,
    ],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let dry_run = DryRun::of(cx)?;
    let (resources, pairs) = common::split_pairs(&args.pos, "label")?;
    let (set, remove) = parse(&pairs)?;
    let mut printer = common::done_printer(cx)?;
    if resources.is_empty() && args.list("filename").is_empty() {
        return Err(CmdError::plain(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    let listing = args.is("list");
    if set.is_empty() && remove.is_empty() && !listing {
        return Err(CmdError::plain("at least one label update is required"));
    }
    let query =
        Query { args: resources, latest: true, type_means_all: args.is("all"), ..Query::of(cx) };
    let found = query.run(cx)?;
    let rv = args.text("resource-version");
    if !found.single && !rv.is_empty() {
        return Err(CmdError::plain("--resource-version may only be used with a single resource"));
    }
    let single = found.single;
    let mut errors = found.errors;
    for info in found.infos {
        if listing {
            list(cx, &info, single);
            continue;
        }
        let change = Change { set: &set, remove: &remove, field: "labels", rv };
        if dry_run != DryRun::Client {
            for key in &remove {
                if info.object.at(&["metadata", "labels"]).get(key).is_null() {
                    cx.out(&format!("label {} not found.\n", quote(key)));
                }
            }
        }
        match change_one(cx, &info, &change, dry_run, args.is("overwrite")) {
            Ok(what) => {
                let done = match what {
                    (true, true) => "modified",
                    (true, false) => "labeled",
                    (false, true) => "unlabeled",
                    (false, false) => "not labeled",
                };
                common::print_done(cx, &mut printer, &info.object, &dry_run.done(done))?;
            }
            Err(error) => errors.push(error),
        }
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// Upstream: label.go, parseLabels.
fn parse(pairs: &[String]) -> Result<(Vec<(String, String)>, Vec<String>), CmdError> {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for pair in pairs {
        if let Some((key, value)) = pair.split_once('=') {
            if key.is_empty() || value.contains('=') {
                return Err(CmdError::plain(format!("invalid label spec: {pair}")));
            }
            let faults = names::label_value(value);
            if !faults.is_empty() {
                return Err(CmdError::plain(format!(
                    "invalid label value: {}: {}",
                    quote(pair),
                    faults.join(";")
                )));
            }
            set.push((key.to_owned(), value.to_owned()));
        } else if let Some(key) = pair.strip_suffix('-') {
            remove.push(key.to_owned());
        } else {
            return Err(CmdError::plain(format!("unknown label spec: {pair}")));
        }
    }
    if remove.iter().any(|r| set.iter().any(|(k, _)| k == r)) {
        return Err(CmdError::plain("can not both modify and remove a label in the same command"));
    }
    Ok((set, remove))
}

fn list(cx: &mut Cx, info: &Info, single: bool) {
    let mut text = String::new();
    if !single {
        text.push_str(&format!(
            "Listing labels for {}.{}/{}:\n",
            info.resource.kind, info.resource.group, info.name
        ));
    }
    for (key, value) in info.object.at(&["metadata", "labels"]).entries() {
        let indent = if single { "" } else { " " };
        text.push_str(&format!("{indent}{key}={}\n", value.text()));
    }
    cx.out(&text);
}

/// Entries to set and remove under `metadata.labels` or `metadata.annotations`.
pub(super) struct Change<'a> {
    pub(super) set: &'a [(String, String)],
    pub(super) remove: &'a [String],
    pub(super) field: &'static str,
    pub(super) rv: &'a str,
}

/// Sends the change; returns whether something was set and removed.
fn change_one(
    cx: &mut Cx,
    info: &Info,
    change: &Change,
    dry_run: DryRun,
    overwrite: bool,
) -> Result<(bool, bool), CmdError> {
    let own = info.object.at(&["metadata", change.field]);
    if !overwrite {
        let mut errors = Vec::new();
        for (key, value) in change.set {
            let had = own.get(key);
            if !had.is_null() && had.text() != value {
                let text = format!(
                    "'{key}' already has a value ({}), and --overwrite is false",
                    had.text()
                );
                errors.push(CmdError::Plain(text));
            }
        }
        if !errors.is_empty() {
            return Err(match CmdError::from_many(errors) {
                Err(CmdError::Many(many)) => CmdError::plain(CmdError::Many(many).message()),
                Err(one) => one,
                Ok(()) => CmdError::plain(""),
            });
        }
    }
    let added = change.set.iter().any(|(k, v)| own.get(k).as_str() != Some(v));
    let removed = change.remove.iter().any(|k| !own.get(k).is_null());
    if dry_run != DryRun::Client && (added || removed) {
        send(cx, info, change, dry_run)?;
    }
    Ok((added, removed))
}

/// Sends the change as a merge patch.
pub(super) fn send(
    cx: &mut Cx,
    info: &Info,
    change: &Change,
    dry_run: DryRun,
) -> Result<Value, CmdError> {
    let own = info.object.at(&["metadata", change.field]);
    let mut patch = Value::map();
    for (key, value) in change.set {
        patch.set_at(&["metadata", change.field, key.as_str()], value.as_str());
    }
    for key in change.remove {
        if !own.get(key).is_null() {
            patch.set_at(&["metadata", change.field, key.as_str()], Value::Null);
        }
    }
    if !change.rv.is_empty() {
        patch.set_at(&["metadata", "resourceVersion"], change.rv);
    }
    let args = cx.args();
    let manager = if change.field == "labels" { "kubectl-label" } else { "kubectl-annotate" };
    let params = common::write_params(&args, dry_run, manager);
    cx.patch(&info.path(), MERGE_PATCH, patch, &params)
}
