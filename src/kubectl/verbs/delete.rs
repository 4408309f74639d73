//! `kubectl delete`: remove objects and wait until they are gone.
//!
//! Upstream: kubectl/pkg/cmd/delete/delete.go.

use super::super::client::delete_options;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next};
use super::common::{self, DryRun};
use super::wait::{Condition, Target, WaitMachine};
use crate::base::time::Span;
use crate::base::value::Value;
use crate::os::{Method, Read, Request, STDIN, Wait};

const FLAGS: &[Flag] = &[
    flag("cascade", Kind::Optional("background"), "background"),
    flag("force", Kind::Bool, "false"),
    flag("grace-period", Kind::Int, "-1"),
    flag("ignore-not-found", Kind::Bool, "false"),
    flag("interactive", Kind::Bool, "false").short('i'),
    flag("now", Kind::Bool, "false"),
    flag("output", Kind::Text, "").short('o'),
    flag("raw", Kind::Text, "").absent(),
    flag("timeout", Kind::Duration, "0s"),
    flag("wait", Kind::Bool, "true"),
];

pub(crate) static VERB: Verb = Verb {
    name: "delete",
    flags: &[
        FLAGS,
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

/// How objects are deleted.
#[derive(Clone)]
pub(super) struct Deletion {
    pub(super) grace_s: i64,
    pub(super) force: bool,
    pub(super) propagation: &'static str,
    pub(super) dry_run: DryRun,
    pub(super) wait: bool,
    pub(super) timeout: Span,
    pub(super) short: bool,
    pub(super) quiet: bool,
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let mut grace_s = args.int("grace-period");
    let force = args.is("force");
    if args.is("now") {
        if grace_s != -1 {
            return Err(CmdError::plain("--now and --grace-period cannot be specified together"));
        }
        grace_s = 1;
    }
    if grace_s == 0 && !force {
        grace_s = 1;
    }
    if force && grace_s < 0 {
        grace_s = 0;
    }
    let propagation = cascade(cx)?;
    let dry_run = DryRun::of(cx)?;
    let mut query = Query { fetch: false, ..Query::of(cx) };
    if query.all && (query.labels.is_some() || query.fields.is_some()) {
        return Err(CmdError::plain("setting 'all' parameter but found a non empty selector. "));
    }
    query.strict = false;
    let found = query.run(cx)?;
    let output = args.text("output");
    if !output.is_empty() && output != "name" {
        return Err(CmdError::plain(format!(
            "unexpected -o output mode: {output}. We only support '-o name'"
        )));
    }
    if grace_s == 0 && force {
        cx.err("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n");
    } else if grace_s > 0 && force {
        return Err(CmdError::plain(
            "--force and --grace-period greater than 0 cannot be specified together",
        ));
    }
    let selecting = query.all || query.labels.is_some() || query.fields.is_some();
    let ignore = args.is("ignore-not-found") || (selecting && !args.changed("ignore-not-found"));
    let mut errors = found.errors;
    if ignore {
        errors.retain(|e| !e.is_not_found());
    }
    let deletion = Deletion {
        grace_s,
        force,
        propagation,
        dry_run,
        wait: args.is("wait"),
        timeout: args.duration("timeout"),
        short: output == "name",
        quiet: false,
    };
    let explicit = cx.env.config.explicit_namespace && !args.is("all-namespaces");
    let job = Job { infos: found.infos, errors, deletion, ignore, warn_scope: explicit };
    if args.is("interactive") {
        return confirm(cx, job);
    }
    job.run(cx)
}

/// Upstream: helpers.go, GetCascadingStrategy.
pub(super) fn cascade(cx: &mut Cx) -> Result<&'static str, CmdError> {
    let args = cx.args();
    match args.text("cascade") {
        "background" => Ok("Background"),
        "foreground" => Ok("Foreground"),
        "orphan" => Ok("Orphan"),
        "true" => {
            cx.err("warning: --cascade=true is deprecated (boolean value) and can be replaced with --cascade=background.\n");
            Ok("Background")
        }
        "false" => {
            cx.err("warning: --cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.\n");
            Ok("Orphan")
        }
        other => Err(CmdError::plain(format!(
            "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
        ))),
    }
}

/// Deletes objects, those that are gone already included, and waits for it.
pub(super) fn delete_all(
    cx: &mut Cx,
    infos: Vec<Info>,
    deletion: Deletion,
) -> Result<Next, CmdError> {
    Job { infos, errors: Vec::new(), deletion, ignore: true, warn_scope: false }.run(cx)
}

#[derive(Clone)]
struct Job {
    infos: Vec<Info>,
    errors: Vec<CmdError>,
    deletion: Deletion,
    ignore: bool,
    warn_scope: bool,
}

impl Job {
    fn run(self, cx: &mut Cx) -> Result<Next, CmdError> {
        let Job { infos, mut errors, deletion, ignore, mut warn_scope } = self;
        let mut targets = Vec::new();
        let count = infos.len();
        for info in infos {
            if warn_scope && !info.resource.namespaced {
                cx.err("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
                warn_scope = false;
            }
            match delete_one(cx, &info, &deletion) {
                Ok(uid) => targets.push(Target { info, uid }),
                Err(error) if ignore && error.is_not_found() => {}
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            CmdError::from_many(errors)?;
        }
        if count == 0 {
            cx.out("No resources found\n");
            return Ok(Next::Done);
        }
        if !deletion.wait || deletion.dry_run != DryRun::No {
            return Ok(Next::Done);
        }
        let timeout =
            if deletion.timeout.0 == 0 { Span::seconds(168 * 3600) } else { deletion.timeout };
        Ok(Next::Wait(Box::new(WaitMachine::new(targets, Condition::Deleted, timeout, false))))
    }
}

/// Deletes one object, says so, and returns its uid.
pub(super) fn delete_one(
    cx: &mut Cx,
    info: &Info,
    deletion: &Deletion,
) -> Result<String, CmdError> {
    if deletion.dry_run == DryRun::Client {
        say_deleted(cx, info, deletion);
        return Ok(String::new());
    }
    let grace = (deletion.grace_s >= 0).then_some(deletion.grace_s);
    let body = delete_options(grace, deletion.propagation, deletion.dry_run == DryRun::Server);
    let answer = cx.call(Request::new(Method::Delete, info.path()).body(body));
    let answer = answer.map_err(|error| error.with_source("deleting", &info.source))?;
    if !deletion.quiet {
        say_deleted(cx, info, deletion);
    }
    Ok(uid_of(&answer))
}

fn uid_of(answer: &Value) -> String {
    let details = answer.at(&["details", "uid"]).text();
    let meta = answer.at(&["metadata", "uid"]).text();
    if details.is_empty() { meta.to_owned() } else { details.to_owned() }
}

/// Upstream: delete.go, PrintObj.
fn say_deleted(cx: &mut Cx, info: &Info, deletion: &Deletion) {
    let kind = info.resource.printed();
    if deletion.short {
        cx.out(&format!("{kind}/{}\n", info.name));
        return;
    }
    let done = if deletion.grace_s == 0 && deletion.force { "force deleted" } else { "deleted" };
    let mut line = format!("{kind} \"{}\" {done}", info.name);
    if info.resource.namespaced && !info.ns.is_empty() {
        line.push_str(&format!(" from {} namespace", info.ns));
    }
    line = deletion.dry_run.done(&line);
    cx.out(&format!("{line}\n"));
}

fn confirm(cx: &mut Cx, job: Job) -> Result<Next, CmdError> {
    if job.infos.is_empty() {
        cx.out("No resources found\n");
        return Ok(Next::Done);
    }
    cx.out(&format!("You are about to delete the following {} resource(s):\n", job.infos.len()));
    for info in &job.infos {
        cx.out(&format!("{}\n", info.printed()));
    }
    cx.out("Do you want to continue? (y/N): ");
    Ok(Next::Wait(Box::new(Confirm { job: Some(job), typed: String::new(), then: None })))
}

/// Waits for the answer, then does the job.
struct Confirm {
    job: Option<Job>,
    typed: String,
    then: Option<Box<dyn Machine>>,
}

impl Machine for Confirm {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        if let Some(machine) = &mut self.then {
            return machine.step(cx);
        }
        loop {
            match cx.sys.read(STDIN, 256) {
                Ok(Read::Data(bytes)) => self.typed.push_str(&String::from_utf8_lossy(&bytes)),
                Ok(Read::WouldBlock) => return Ok(Flow::Wait(Wait::readable(STDIN))),
                Ok(Read::End) | Err(_) => break,
            }
            if self.typed.contains('\n') || self.typed.len() > 4096 {
                break;
            }
        }
        let yes = matches!(self.typed.lines().next().unwrap_or("").trim(), "y" | "Y");
        let Some(job) = self.job.take().filter(|_| yes) else {
            cx.out("deletion is cancelled\n");
            return Ok(Flow::Exit(0));
        };
        match job.run(cx)? {
            Next::Done => Ok(Flow::Exit(0)),
            Next::Exit(code) => Ok(Flow::Exit(code)),
            Next::Wait(machine) => self.then.insert(machine).step(cx),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(Confirm {
            job: self.job.clone(),
            typed: self.typed.clone(),
            then: self.then.as_ref().map(|m| m.boxed_clone()),
        })
    }
}
