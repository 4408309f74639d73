//! `kubectl cordon` and `kubectl uncordon`: keep pods off a node, or let them on again.
//!
//! Upstream: kubectl/pkg/cmd/drain/drain.go, RunCordonOrUncordon.

use super::super::client::STRATEGIC_PATCH;
use super::super::error::CmdError;
use super::super::flags::Verb;
use super::super::resources::Query;
use super::super::{Cx, Next};
use super::common::{self, DryRun};
use crate::base::human::quote;
use crate::value;

pub(crate) static CORDON: Verb = Verb {
    name: "cordon",
    short: "Mark node as unschedulable",
    long: "Mark node as unschedulable.",
    usage: "cordon NODE [options]",
    flags: &[common::SELECTOR, common::DRY_RUN],
    run: Some(|cx| run(cx, true)),
    ..Verb::EMPTY
};

pub(crate) static UNCORDON: Verb = Verb {
    name: "uncordon",
    short: "Mark node as schedulable",
    long: "Mark node as schedulable.",
    usage: "uncordon NODE [options]",
    flags: &[common::SELECTOR, common::DRY_RUN],
    run: Some(|cx| run(cx, false)),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx, cordon: bool) -> Result<Next, CmdError> {
    let args = cx.args();
    let word = if cordon { "cordon" } else { "uncordon" };
    let selector = args.text("selector");
    if args.pos.is_empty() && selector.is_empty() {
        return Err(CmdError::usage_help(&args.path, format!("USAGE: {word} NODE [flags]")));
    }
    if !args.pos.is_empty() && !selector.is_empty() {
        return Err(CmdError::usage_help(
            &args.path,
            "cannot specify both a node name and a --selector option",
        ));
    }
    let dry_run = DryRun::of(cx)?;
    let mut query = Query { strict: false, ..Query::of(cx) };
    query.args = if args.pos.iter().any(|a| a.contains('/')) {
        args.pos.clone()
    } else {
        [vec!["nodes".to_owned()], args.pos.clone()].concat()
    };
    let found = query.run(cx)?;
    let mut errors = found.errors;
    for info in found.infos {
        if info.resource.kind != "Node" {
            return Err(CmdError::plain(format!(
                "expected resource of type node, got {}",
                quote(&info.resource.gvr())
            )));
        }
        let was = info.object.at(&["spec", "unschedulable"]).is_true();
        if was == cordon {
            cx.out(&format!("node/{} already {word}ed\n", info.name));
            continue;
        }
        if dry_run != DryRun::Client {
            let wanted = if cordon { value!(true) } else { value!(null) };
            let body = value!({"spec": { "unschedulable": wanted }});
            let params = common::write_params(&args, dry_run, "kubectl-cordon");
            if let Err(error) = cx.patch(&info.path(), STRATEGIC_PATCH, body, &params) {
                errors.push(CmdError::plain(format!(
                    "unable to {word} node {}: {}",
                    quote(&info.name),
                    error.message()
                )));
                continue;
            }
        }
        cx.out(&format!("node/{} {}\n", info.name, dry_run.done(&format!("{word}ed"))));
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}
