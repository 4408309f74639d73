//! `kubectl scale`: set the number of replicas.
//!
//! Upstream: kubectl/pkg/cmd/scale/scale.go and kubectl/pkg/scale/scale.go.

use super::super::client::MERGE_PATCH;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next, print};
use super::common::{self, DryRun};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Method, Request, Wait};
use crate::value;

const FLAGS: &[Flag] = &[
    flag(
        "current-replicas",
        Kind::Int,
        "-1",
        "Precondition for current size. Requires that the current size of the resource match this value in order to scale. -1 (default) for no condition.",
    ),
    flag("replicas", Kind::Int, "0", "The new desired number of replicas. Required."),
    flag(
        "resource-version",
        Kind::Text,
        "",
        "Precondition for resource version. Requires that the current resource version match this value in order to scale.",
    ),
    flag(
        "timeout",
        Kind::Duration,
        "0s",
        "The length of time to wait before giving up on a scale operation, zero means don't wait. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).",
    ),
];

pub(crate) static VERB: Verb = Verb {
    name: "scale",
    short: "Set a new size for a deployment, replica set, or replication controller",
    long: "Set a new size for a deployment, replica set, replication controller, or stateful set.\n\n Scale also allows users to specify one or more preconditions for the scale action.\n\n If --current-replicas or --resource-version is specified, it is validated before the scale is attempted, and it is guaranteed that the precondition holds true when the scale is sent to the server.",
    usage: "scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]",
    flags: &[FLAGS, print::FLAGS, common::FILES, common::SELECTOR, common::ALL, common::DRY_RUN],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if !args.changed("replicas") {
        return Err(CmdError::plain("required flag(s) \"replicas\" not set"));
    }
    let replicas = args.int("replicas");
    let mut printer = common::done_printer(cx)?;
    let dry_run = DryRun::of(cx)?;
    if replicas < 0 {
        return Err(CmdError::plain(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    let current = args.int("current-replicas");
    if current < -1 {
        return Err(CmdError::plain(
            "The --current-replicas must specify an integer of -1 or greater",
        ));
    }
    let query = Query { strict: false, ..Query::of(cx) };
    let found = query.run(cx)?;
    let mut errors = found.errors;
    if found.infos.is_empty() && errors.is_empty() {
        return Err(CmdError::plain("no objects passed to scale"));
    }
    let rv = args.text("resource-version");
    if found.infos.len() > 1 && !rv.is_empty() {
        return Err(CmdError::plain("cannot use --resource-version with multiple resources"));
    }
    let mut scaled = Vec::new();
    for info in found.infos {
        if dry_run == DryRun::Client {
            common::print_done(cx, &mut printer, &info.object, &dry_run.done("scaled"))?;
            continue;
        }
        match scale_one(cx, &info, replicas, current, rv, dry_run) {
            Ok(()) => {
                common::print_done(cx, &mut printer, &info.object, &dry_run.done("scaled"))?;
                scaled.push(info);
            }
            Err(error) => errors.push(error),
        }
    }
    CmdError::from_many(errors)?;
    let timeout = args.duration("timeout");
    if timeout.0 > 0 && dry_run == DryRun::No {
        let machine = ScaleWait { infos: scaled, replicas, deadline: cx.sys.after(timeout) };
        return Ok(Next::Wait(Box::new(machine)));
    }
    Ok(Next::Done)
}

fn scale_one(
    cx: &mut Cx,
    info: &Info,
    replicas: i64,
    current: i64,
    rv: &str,
    dry_run: DryRun,
) -> Result<(), CmdError> {
    let path = format!("{}/scale", info.path());
    let params = dry_run.params();
    if current < 0 && rv.is_empty() {
        let body = value!({"spec": { "replicas": replicas }});
        return cx.patch(&path, MERGE_PATCH, body, &params).map(|_| ());
    }
    let mut scale: Value = cx.call(Request::get(path.as_str()))?;
    let had = scale.at(&["spec", "replicas"]).as_i64().unwrap_or(0);
    if current >= 0 && had != current {
        return Err(CmdError::plain(format!("Expected replicas to be {current}, was {had}")));
    }
    let had_rv = scale.at(&["metadata", "resourceVersion"]).text();
    if !rv.is_empty() && had_rv != rv {
        return Err(CmdError::plain(format!("Expected resource version to be {rv}, was {had_rv}")));
    }
    scale.set_at(&["spec", "replicas"], replicas);
    let mut request = Request::new(Method::Put, path).body(scale);
    for (key, value) in params {
        request = request.param(key, value);
    }
    cx.call(request).map(|_| ())
}

/// Waits until the controller has seen the new size and reached it.
/// Upstream: kubectl/pkg/scale/scale.go, WaitForScaleHasDesiredReplicas.
#[derive(Clone)]
struct ScaleWait {
    infos: Vec<Info>,
    replicas: i64,
    deadline: Time,
}

impl Machine for ScaleWait {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        while let Some(info) = self.infos.first() {
            let scale = cx.call(Request::get(format!("{}/scale", info.path())))?;
            let reached = scale.at(&["status", "replicas"]).as_i64().unwrap_or(0) == self.replicas;
            if !reached {
                if cx.sys.now() >= self.deadline {
                    return Err(CmdError::plain("timed out waiting for the condition"));
                }
                let next = cx.sys.after(Span::seconds(1));
                return Ok(Flow::Wait(Wait::until(next.min(self.deadline))));
            }
            self.infos.remove(0);
        }
        Ok(Flow::Exit(0))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
