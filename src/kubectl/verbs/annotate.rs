//! `kubectl annotate`: set and remove annotations.
//!
//! Upstream: kubectl/pkg/cmd/annotate/annotate.go.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::Query;
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use super::label::{Change, send};

const FLAGS: &[Flag] = &[
    flag("list", Kind::Bool, "false"),
    flag("local", Kind::Bool, "false").absent(),
    flag("overwrite", Kind::Bool, "false"),
    flag("resource-version", Kind::Text, ""),
];

pub(crate) static VERB: Verb = Verb {
    name: "annotate",
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
    let mut printer = common::done_printer(cx)?;
    let (resources, pairs) = common::split_pairs(&args.pos, "annotation")?;
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for pair in &pairs {
        match pair.split_once('=') {
            Some((key, value)) => set.push((key.to_owned(), value.to_owned())),
            None => remove.push(pair.trim_end_matches('-').to_owned()),
        }
    }
    if resources.is_empty() && args.list("filename").is_empty() {
        return Err(CmdError::plain(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    let listing = args.is("list");
    if set.is_empty() && remove.is_empty() && !listing {
        return Err(CmdError::plain("at least one annotation update is required"));
    }
    let both: Vec<_> = remove.iter().filter(|r| set.iter().any(|(k, _)| &k == r)).collect();
    if let Some(key) = both.first() {
        return Err(CmdError::plain(format!(
            "can not both modify and remove the following annotation(s) in the same command: {key}"
        )));
    }
    let query =
        Query { args: resources, latest: true, type_means_all: args.is("all"), ..Query::of(cx) };
    let found = query.run(cx)?;
    let rv = args.text("resource-version");
    if !found.single && !rv.is_empty() {
        return Err(CmdError::plain("--resource-version may only be used with a single resource"));
    }
    let mut errors = found.errors;
    let single = found.single;
    for info in found.infos {
        let own = info.object.at(&["metadata", "annotations"]).clone();
        if listing {
            let mut text = String::new();
            if !single {
                text.push_str(&format!(
                    "Listing annotations for {}.{}/{}:\n",
                    info.resource.kind, info.resource.group, info.name
                ));
            }
            for (key, value) in own.entries() {
                let indent = if single { "" } else { " " };
                text.push_str(&format!("{indent}{key}={}\n", value.text()));
            }
            cx.out(&text);
            continue;
        }
        let clashes: Vec<String> = set
            .iter()
            .filter(|(k, _)| !args.is("overwrite") && !own.get(k).is_null())
            .map(|(k, _)| format!("'{k}' already has a value ({})", own.get(k).text()))
            .collect();
        if !clashes.is_empty() {
            errors.push(CmdError::plain(format!(
                "--overwrite is false but found the following declared annotation(s): {}",
                clashes.join("; ")
            )));
            continue;
        }
        let change = Change { set: &set, remove: &remove, field: "annotations", rv };
        if dry_run != DryRun::Client
            && let Err(error) = send(cx, &info, &change, dry_run)
        {
            errors.push(error);
            continue;
        }
        common::print_done(cx, &mut printer, &info.object, &dry_run.done("annotated"))?;
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}
