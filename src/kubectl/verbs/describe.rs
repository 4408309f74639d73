//! `kubectl describe`: everything about an object, with its events.
//!
//! Upstream: kubectl/pkg/cmd/describe/describe.go.

use super::super::describe;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Found, Query};
use super::super::{Cx, Next};
use super::common;

const FLAGS: &[Flag] =
    &[flag("chunk-size", Kind::Int, "500"), flag("show-events", Kind::Bool, "true")];

pub(crate) static VERB: Verb = Verb {
    name: "describe",
    flags: &[FLAGS, common::FILES, common::SELECTOR, common::ALL_NAMESPACES],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if args.pos.is_empty() && args.list("filename").is_empty() && args.text("kustomize").is_empty()
    {
        return Err(CmdError::plain(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
        ));
    }
    let query = Query { type_means_all: true, ..Query::of(cx) };
    let found = query.run(cx)?;
    let mut show_events = args.is("show-events");
    if (!found.errors.is_empty() || found.infos.len() > 1) && !args.changed("show-events") {
        show_events = false;
    }
    let named = args.pos.len() == 2 && !args.pos[0].contains('/');
    if named && found.errors.len() == 1 && found.errors[0].is_not_found() {
        return by_prefix(cx, found, show_events);
    }
    let Found { infos, mut errors, .. } = found;
    let none = infos.is_empty() && errors.is_empty();
    for (at, info) in infos.iter().enumerate() {
        match describe::describe(cx, info, show_events) {
            Ok(text) if at == 0 => cx.out(&text),
            Ok(text) => cx.out(&format!("\n\n{text}")),
            Err(error) => errors.push(error),
        }
    }
    if none {
        let text = if args.is("all-namespaces") {
            "No resources found\n".to_owned()
        } else {
            format!("No resources found in {} namespace.\n", cx.namespace())
        };
        cx.err(&text);
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// A name that is not there may be the beginning of others.
/// Upstream: describe.go, DescribeMatchingResources.
fn by_prefix(cx: &mut Cx, found: Found, show_events: bool) -> Result<Next, CmdError> {
    let args = cx.args();
    let query = Query { args: vec![args.pos[0].clone()], type_means_all: true, ..Query::of(cx) };
    let mut any = false;
    for info in query.run(cx)?.all()? {
        if info.name.starts_with(&args.pos[1]) {
            any = true;
            let text = describe::describe(cx, &info, show_events)?;
            cx.out(&format!("{text}\n"));
        }
    }
    if !any {
        CmdError::from_many(found.errors)?;
    }
    Ok(Next::Done)
}
