//! `kubectl replace`: put whole objects in the place of others.
//!
//! Upstream: kubectl/pkg/cmd/replace/replace.go.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next, print};
use super::common::{self, DryRun};
use super::delete::{self, Deletion};
use crate::base::value::Value;
use crate::os::{Method, Request};

const FLAGS: &[Flag] = &[
    flag("cascade", Kind::Optional("background"), "background"),
    flag("force", Kind::Bool, "false"),
    flag("grace-period", Kind::Int, "-1"),
    flag("save-config", Kind::Bool, "false"),
    flag("subresource", Kind::Text, ""),
    flag("timeout", Kind::Duration, "0s"),
    flag("wait", Kind::Bool, "false"),
];

pub(crate) static VERB: Verb = Verb {
    name: "replace",
    flags: &[FLAGS, print::FLAGS, common::FILES, common::DRY_RUN, common::VALIDATE],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let validation = common::field_validation(&args)?;
    let dry_run = DryRun::of(cx)?;
    let mut printer = common::done_printer(cx)?;
    common::require_files(&args)?;
    let force = args.is("force");
    if args.int("grace-period") >= 0 && !force {
        return Err(CmdError::plain("--grace-period must have --force specified"));
    }
    if args.duration("timeout").0 != 0 && !force {
        return Err(CmdError::plain("--timeout must have --force specified"));
    }
    if force && dry_run != DryRun::No {
        return Err(CmdError::plain("--dry-run can not be used when --force is set"));
    }
    let query = Query { validate: validation != "Ignore", ..Query::of(cx) };
    let found = query.run(cx)?;
    if force {
        return force_replace(cx, found.all()?);
    }
    let mut errors = found.errors;
    for mut info in found.infos {
        let outcome = replace_one(cx, &mut info, dry_run, validation).and_then(|()| {
            common::print_done(cx, &mut printer, &info.object, &dry_run.done("replaced"))
        });
        if let Err(error) = outcome {
            errors.push(error);
        }
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// What is sent: with its own text in the annotation where that is asked for or there already.
/// Upstream: kubectl/pkg/util/apply.go, CreateOrUpdateAnnotation.
fn to_send(cx: &Cx, object: &Value) -> Value {
    let annotated = !object.at(&["metadata", "annotations"]).get(common::LAST_APPLIED).is_null();
    if cx.env.args.is("save-config") || annotated {
        super::apply::modified_configuration(object)
    } else {
        object.clone()
    }
}

/// Upstream: cli-runtime/pkg/resource/helper.go, Replace.
fn replace_one(
    cx: &mut Cx,
    info: &mut Info,
    dry_run: DryRun,
    validation: &str,
) -> Result<(), CmdError> {
    info.object = to_send(cx, &info.object);
    if dry_run == DryRun::Client {
        return Ok(());
    }
    let args = cx.args();
    let mut path = info.path();
    if !args.text("subresource").is_empty() {
        path = format!("{path}/{}", args.text("subresource"));
    }
    let mut object = info.object.clone();
    let source = info.source.clone();
    let wrap = |error: CmdError| error.with_source("replacing", &source);
    if object.at(&["metadata", "resourceVersion"]).text().is_empty() {
        let live = cx.call(Request::get(path.as_str())).map_err(wrap)?;
        let revision = live.at(&["metadata", "resourceVersion"]).clone();
        object.set_at(&["metadata", "resourceVersion"], revision);
    }
    let mut request = Request::new(Method::Put, path).body(object);
    for (key, value) in common::write_params(&args, dry_run, "kubectl-replace") {
        request = request.param(key, value);
    }
    let answer = cx.call(request.param("fieldValidation", validation)).map_err(wrap)?;
    info.refresh(answer);
    Ok(())
}

fn force_replace(cx: &mut Cx, infos: Vec<Info>) -> Result<Next, CmdError> {
    let args = cx.args();
    let grace_s = match args.int("grace-period") {
        0 => 1,
        given => given,
    };
    let deletion = Deletion {
        grace_s,
        force: true,
        propagation: delete::cascade(cx)?,
        dry_run: DryRun::No,
        wait: true,
        timeout: args.duration("timeout"),
        short: args.text("output") == "name",
        quiet: false,
    };
    let first = delete::delete_all(cx, infos.clone(), deletion)?;
    let mut replacing = Replacing { first: None, infos };
    match first {
        Next::Wait(machine) => replacing.first = Some(machine),
        Next::Done => {}
        Next::Exit(code) => return Ok(Next::Exit(code)),
    }
    Ok(Next::Wait(Box::new(replacing)))
}

/// Creates objects when the ones before them are gone.
struct Replacing {
    first: Option<Box<dyn Machine>>,
    infos: Vec<Info>,
}

impl Machine for Replacing {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        if let Some(machine) = &mut self.first {
            match machine.step(cx)? {
                Flow::Exit(0) => {}
                flow => return Ok(flow),
            }
        }
        let args = cx.args();
        let mut printer = common::done_printer(cx)?;
        for info in &self.infos {
            let mut request = Request::new(Method::Post, info.resource.path(&info.ns, ""));
            let mut object = to_send(cx, &info.object);
            object.entry("metadata").remove("resourceVersion");
            for (key, value) in common::write_params(&args, DryRun::No, "kubectl-replace") {
                request = request.param(key, value);
            }
            let request = request.param("fieldValidation", common::field_validation(&args)?);
            let created = cx.call(request.body(object))?;
            common::print_done(cx, &mut printer, &created, "replaced")?;
        }
        Ok(Flow::Exit(0))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(Replacing {
            first: self.first.as_ref().map(|m| m.boxed_clone()),
            infos: self.infos.clone(),
        })
    }
}
