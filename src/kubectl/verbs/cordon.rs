//! `kubectl cordon` and `kubectl uncordon`: keep pods off a node, or let them on again.
//!
//! Upstream: kubectl/pkg/cmd/drain/drain.go, Complete and RunCordonOrUncordon.

use super::super::client::STRATEGIC_PATCH;
use super::super::error::CmdError;
use super::super::flags::Verb;
use super::super::resources::{Info, Query};
use super::super::{Cx, Next};
use super::common::{self, DryRun};
use crate::base::human::quote;
use crate::value;

pub(crate) static CORDON: Verb = Verb {
    name: "cordon",
    flags: &[common::SELECTOR, common::DRY_RUN],
    run: Some(|cx| run(cx, true)),
    ..Verb::EMPTY
};

pub(crate) static UNCORDON: Verb = Verb {
    name: "uncordon",
    flags: &[common::SELECTOR, common::DRY_RUN],
    run: Some(|cx| run(cx, false)),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx, cordon: bool) -> Result<Next, CmdError> {
    let dry_run = DryRun::of(cx)?;
    let nodes = nodes(cx)?;
    set(cx, &nodes, cordon, dry_run);
    Ok(Next::Done)
}

/// The nodes that the arguments name.
pub(super) fn nodes(cx: &mut Cx) -> Result<Vec<Info>, CmdError> {
    let args = cx.args();
    let selector = args.text("selector");
    if args.pos.is_empty() && !args.changed("selector") {
        let usage = format!("USAGE: {} NODE [flags]", args.verb.name);
        return Err(CmdError::usage_help(&args.path, usage));
    }
    if !args.pos.is_empty() && !selector.is_empty() {
        return Err(CmdError::usage_help(
            &args.path,
            "error: cannot specify both a node name and a --selector option",
        ));
    }
    let mut query = Query { strict: true, ..Query::of(cx) };
    if !args.pos.iter().any(|a| a.contains('/')) {
        query.args = [vec!["nodes".to_owned()], args.pos.clone()].concat();
    }
    let infos = query.run(cx)?.all()?;
    match infos.iter().find(|i| i.resource.kind != "Node") {
        Some(other) => Err(CmdError::plain(format!(
            "expected resource of type node, got {}",
            quote(&other.resource.gvr())
        ))),
        None => Ok(infos),
    }
}

/// Marks nodes, and says so of each.
pub(super) fn set(cx: &mut Cx, nodes: &[Info], cordon: bool, dry_run: DryRun) {
    let args = cx.args();
    let word = if cordon { "cordon" } else { "uncordon" };
    for info in nodes {
        if info.object.at(&["spec", "unschedulable"]).is_true() == cordon {
            cx.out(&format!("node/{} already {word}ed\n", info.name));
            continue;
        }
        if dry_run != DryRun::Client {
            let wanted = if cordon { value!(true) } else { value!(null) };
            let body = value!({"spec": { "unschedulable": wanted }});
            let manager = format!("kubectl-{}", args.verb.name);
            let params = common::write_params(&args, dry_run, &manager);
            if let Err(error) = cx.patch(&info.path(), STRATEGIC_PATCH, body, &params) {
                let (name, why) = (quote(&info.name), error.message());
                cx.err(&format!("error: unable to {word} node {name}: {why}\n"));
                continue;
            }
        }
        cx.out(&format!("node/{} {}\n", info.name, dry_run.done(&format!("{word}ed"))));
    }
}
