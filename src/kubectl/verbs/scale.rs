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
    flag("current-replicas", Kind::Int, "-1"),
    flag("replicas", Kind::Int, "0"),
    flag("resource-version", Kind::Text, ""),
    flag("timeout", Kind::Duration, "0s"),
];

pub(crate) static VERB: Verb = Verb {
    name: "scale",
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
    let printer = common::done_printer(cx)?;
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
    let errors = found.errors;
    if found.infos.is_empty() && errors.is_empty() {
        return Err(CmdError::plain("no objects passed to scale"));
    }
    let rv = args.text("resource-version");
    if found.infos.len() > 1 && !rv.is_empty() {
        return Err(CmdError::plain("cannot use --resource-version with multiple resources"));
    }
    let timeout = if dry_run == DryRun::No { args.duration("timeout") } else { Span::default() };
    let preconditions = Preconditions { current, resource_version: rv.to_owned() };
    let mut infos = found.infos;
    infos.reverse();
    let failed = CmdError::from_many(errors).err();
    let deadline = None;
    let scaling =
        Scaling { infos, replicas, preconditions, dry_run, timeout, deadline, printer, failed };
    Ok(Next::Wait(Box::new(scaling)))
}

/// What must hold of a size before it is changed.
#[derive(Clone)]
struct Preconditions {
    current: i64,
    resource_version: String,
}

/// Upstream: kubectl/pkg/scale/scale.go, ScaleSimple.
fn scale_one(
    cx: &mut Cx,
    info: &Info,
    replicas: i64,
    preconditions: &Preconditions,
    dry_run: DryRun,
) -> Result<(), CmdError> {
    let path = format!("{}/scale", info.path());
    let params = dry_run.params();
    let Preconditions { current, resource_version: rv } = preconditions;
    let current = *current;
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
    if !rv.is_empty() && had_rv != rv.as_str() {
        return Err(CmdError::plain(format!("Expected resource version to be {rv}, was {had_rv}")));
    }
    scale.set_at(&["spec", "replicas"], replicas);
    let mut request = Request::new(Method::Put, path).body(scale);
    for (key, value) in params {
        request = request.param(key, value);
    }
    cx.call(request).map(|_| ())
}

/// Scales one object after the other (the last of the list first), waiting for each to reach its
/// size when there is a time limit for that.
/// Upstream: kubectl/pkg/scale/scale.go, WaitForScaleHasDesiredReplicas.
#[derive(Clone)]
struct Scaling {
    infos: Vec<Info>,
    replicas: i64,
    preconditions: Preconditions,
    dry_run: DryRun,
    timeout: Span,
    deadline: Option<Time>,
    printer: print::Printer,
    failed: Option<CmdError>,
}

impl Scaling {
    fn start(&mut self, cx: &mut Cx, info: &Info) -> Result<(), CmdError> {
        if self.dry_run == DryRun::Client {
            return Ok(());
        }
        scale_one(cx, info, self.replicas, &self.preconditions, self.dry_run)
    }
}

impl Machine for Scaling {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        while let Some(mut info) = self.infos.last().cloned() {
            let deadline = match self.deadline {
                Some(deadline) => deadline,
                None => {
                    self.start(cx, &info)?;
                    *self.deadline.insert(cx.sys.after(self.timeout))
                }
            };
            if self.timeout.0 > 0 {
                let scale = cx.call(Request::get(format!("{}/scale", info.path())))?;
                let size = scale.at(&["status", "replicas"]).as_i64().unwrap_or(0);
                if size != self.replicas {
                    if cx.sys.now() >= deadline {
                        return Err(CmdError::plain("timed out waiting for the condition"));
                    }
                    let next = cx.sys.after(Span::seconds(1));
                    return Ok(Flow::Wait(Wait::until(next.min(deadline))));
                }
            }
            info.object.set_at(&["spec", "replicas"], self.replicas);
            let done = self.dry_run.done("scaled");
            common::print_done(cx, &mut self.printer, &info.object, &done)?;
            self.infos.pop();
            self.deadline = None;
        }
        self.failed.take().map_or(Ok(Flow::Exit(0)), Err)
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
