//! `kubectl rollout`: how a roll-out goes, what came before, and back to it.
//!
//! Upstream: kubectl/pkg/cmd/rollout and kubectl/pkg/polymorphichelpers/{rollout_status,history,rollback,objectrestarter,objectpauser}.go.

use super::super::client::{STRATEGIC_PATCH, Selectors};
use super::super::describe::template::pod_template;
use super::super::describe::writer::Writer;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::print::{self, Extra, Format, Printer};
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next};
use super::common::{self, DryRun, LAST_APPLIED};
use crate::api::schema::PatchSchema;
use crate::base::patch::strategic_merge;
use crate::base::sort::InOrder;
use crate::base::tabwriter;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Accept, Wait, Watch};
use crate::value;

const REVISION: Flag = flag("revision", Kind::Int, "0");

static STATUS: Verb = Verb {
    name: "status",
    flags: &[
        &[
            REVISION,
            flag("timeout", Kind::Duration, "0s"),
            flag("watch", Kind::Bool, "true").short('w'),
        ],
        common::FILES,
        common::SELECTOR,
    ],
    run: Some(status),
    ..Verb::EMPTY
};

static HISTORY: Verb = Verb {
    name: "history",
    flags: &[&[flag("revision", Kind::Int, "0")], print::FLAGS, common::FILES, common::SELECTOR],
    run: Some(history),
    ..Verb::EMPTY
};

static UNDO: Verb = Verb {
    name: "undo",
    flags: &[
        &[flag("to-revision", Kind::Int, "0")],
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::DRY_RUN,
    ],
    run: Some(undo),
    ..Verb::EMPTY
};

const CHANGES: &[&[Flag]] = &[print::FLAGS, common::FILES, common::SELECTOR, common::DRY_RUN];

static RESTART: Verb = Verb { name: "restart", flags: CHANGES, run: Some(restart), ..Verb::EMPTY };

static PAUSE: Verb = Verb { name: "pause", flags: CHANGES, run: Some(pause), ..Verb::EMPTY };

static RESUME: Verb = Verb { name: "resume", flags: CHANGES, run: Some(resume), ..Verb::EMPTY };

pub(crate) static VERB: Verb = Verb {
    name: "rollout",
    subs: &[&HISTORY, &PAUSE, &RESTART, &RESUME, &STATUS, &UNDO],
    ..Verb::EMPTY
};

fn query(cx: &Cx) -> Result<Query, CmdError> {
    let args = cx.args();
    if args.pos.is_empty() && args.list("filename").is_empty() && args.text("kustomize").is_empty()
    {
        return Err(CmdError::plain("required resource not specified"));
    }
    Ok(Query { type_means_all: true, latest: true, ..Query::of(cx) })
}

// --- status ---

fn status(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let query = query(cx)?;
    if args.int("revision") < 0 {
        return Err(CmdError::plain(format!(
            "revision must be a positive integer: {}",
            args.int("revision")
        )));
    }
    let found = query.run(cx)?;
    let infos = found.all()?;
    if infos.is_empty() {
        let ns = cx.namespace();
        cx.err(&format!("No resources found in {ns} namespace.\n"));
        return Ok(Next::Done);
    }
    for info in &infos {
        if !matches!(info.resource.kind.as_str(), "Deployment" | "DaemonSet" | "StatefulSet") {
            return Err(CmdError::plain(format!(
                "no status viewer has been implemented for {}",
                info.resource.group_kind()
            )));
        }
    }
    let timeout = args.duration("timeout");
    Ok(Next::Wait(Box::new(StatusMachine {
        infos,
        revision: args.int("revision"),
        watches_on: args.is("watch"),
        timeout,
        deadline: None,
        watch: None,
    })))
}

/// Shows the status of one object after the other until each is rolled out.
#[derive(Clone)]
struct StatusMachine {
    infos: Vec<Info>,
    revision: i64,
    watches_on: bool,
    timeout: Span,
    deadline: Option<Time>,
    watch: Option<Watch>,
}

impl Machine for StatusMachine {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        while let Some(info) = self.infos.first().cloned() {
            if self.timeout.0 > 0 && self.deadline.is_none() {
                self.deadline = Some(cx.sys.after(self.timeout));
            }
            if self.watch.is_none() {
                let selectors = Selectors {
                    fields: format!("metadata.name={}", info.name),
                    ..Selectors::default()
                };
                self.watch =
                    Some(cx.watch(&info.resource, &info.ns, &selectors, "", Accept::Json)?);
            }
            let Some(watch) = &mut self.watch else { return Ok(Flow::Exit(0)) };
            let mut finished = false;
            for event in cx.sys.poll(watch)? {
                if event.kind == "DELETED" {
                    return Err(CmdError::plain("object has been deleted"));
                }
                let (text, done) = viewer(&info.resource.kind, &event.value, self.revision)?;
                cx.sys.print(&text);
                if done || !self.watches_on {
                    finished = true;
                    break;
                }
            }
            if finished {
                self.infos.remove(0);
                self.watch = None;
                self.deadline = None;
                continue;
            }
            let wait = Wait::kind(watch.kind);
            let Some(deadline) = self.deadline else { return Ok(Flow::Wait(wait)) };
            if cx.sys.now() >= deadline {
                return Err(CmdError::plain("timed out waiting for the condition"));
            }
            return Ok(Flow::Wait(wait.or_until(deadline)));
        }
        Ok(Flow::Exit(0))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}

/// What the status says, and whether the roll-out is done.
/// Upstream: rollout_status.go.
fn viewer(kind: &str, object: &Value, revision: i64) -> Result<(String, bool), CmdError> {
    match kind {
        "Deployment" => deployment_status(object, revision),
        "DaemonSet" => daemon_set_status(object),
        _ => stateful_set_status(object),
    }
}

fn number(object: &Value, path: &[&str]) -> i64 {
    object.at(path).as_i64().unwrap_or(0)
}

const NOT_ROLLING: &str = "rollout status is only available for RollingUpdate strategy type";

fn stateful_set_status(set: &Value) -> Result<(String, bool), CmdError> {
    if set.at(&["spec", "updateStrategy", "type"]).text() != "RollingUpdate" {
        return Err(CmdError::plain(NOT_ROLLING));
    }
    let status = |field: &str| number(set, &["status", field]);
    let observed = status("observedGeneration");
    if observed == 0 || number(set, &["metadata", "generation"]) > observed {
        return Ok(("Waiting for statefulset spec update to be observed...\n".to_owned(), false));
    }
    let replicas = set.at(&["spec", "replicas"]).as_i64();
    if let Some(replicas) = replicas
        && status("readyReplicas") < replicas
    {
        let missing = replicas - status("readyReplicas");
        return Ok((format!("Waiting for {missing} pods to be ready...\n"), false));
    }
    let rolling = set.at(&["spec", "updateStrategy", "rollingUpdate"]);
    let updated = status("updatedReplicas");
    if !rolling.is_null() {
        if let (Some(replicas), Some(partition)) = (replicas, rolling.get("partition").as_i64())
            && updated < replicas - partition
        {
            return Ok((
                format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {} new pods have been updated...\n",
                    replicas - partition
                ),
                false,
            ));
        }
        return Ok((
            format!("partitioned roll out complete: {updated} new pods have been updated...\n"),
            true,
        ));
    }
    let revision = |field: &str| set.at(&["status", field]).text();
    if revision("updateRevision") != revision("currentRevision") {
        return Ok((
            format!(
                "waiting for statefulset rolling update to complete {updated} pods at revision {}...\n",
                revision("updateRevision")
            ),
            false,
        ));
    }
    Ok((
        format!(
            "statefulset rolling update complete {} pods at revision {}...\n",
            status("currentReplicas"),
            revision("currentRevision")
        ),
        true,
    ))
}

fn deployment_status(deployment: &Value, revision: i64) -> Result<(String, bool), CmdError> {
    let name = deployment.at(&["metadata", "name"]).text();
    let status = |field: &str| number(deployment, &["status", field]);
    if revision > 0 {
        let running = deployment_revision(deployment);
        if revision != running {
            return Err(CmdError::plain(format!(
                "desired revision ({revision}) is different from the running revision ({running})"
            )));
        }
    }
    if number(deployment, &["metadata", "generation"]) > status("observedGeneration") {
        return Ok(("Waiting for deployment spec update to be observed...\n".to_owned(), false));
    }
    let conditions = deployment.at(&["status", "conditions"]).as_array();
    let late = conditions.iter().any(|c| {
        c.get("type").text() == "Progressing"
            && c.get("reason").text() == "ProgressDeadlineExceeded"
    });
    if late {
        return Err(CmdError::plain(format!(
            "deployment \"{name}\" exceeded its progress deadline"
        )));
    }
    let (replicas, updated, available) =
        (status("replicas"), status("updatedReplicas"), status("availableReplicas"));
    let waiting = |text: String| {
        Ok((format!("Waiting for deployment \"{name}\" rollout to finish: {text}...\n"), false))
    };
    if let Some(wanted) = deployment.at(&["spec", "replicas"]).as_i64()
        && updated < wanted
    {
        return waiting(format!("{updated} out of {wanted} new replicas have been updated"));
    }
    if replicas > updated {
        return waiting(format!("{} old replicas are pending termination", replicas - updated));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} updated replicas are available"));
    }
    Ok((format!("deployment \"{name}\" successfully rolled out\n"), true))
}

fn daemon_set_status(set: &Value) -> Result<(String, bool), CmdError> {
    if set.at(&["spec", "updateStrategy", "type"]).text() != "RollingUpdate" {
        return Err(CmdError::plain(NOT_ROLLING));
    }
    let name = set.at(&["metadata", "name"]).text();
    let status = |field: &str| number(set, &["status", field]);
    if number(set, &["metadata", "generation"]) > status("observedGeneration") {
        return Ok(("Waiting for daemon set spec update to be observed...\n".to_owned(), false));
    }
    let wanted = status("desiredNumberScheduled");
    let waiting = |text: String| {
        Ok((format!("Waiting for daemon set \"{name}\" rollout to finish: {text}...\n"), false))
    };
    if status("updatedNumberScheduled") < wanted {
        return waiting(format!(
            "{} out of {wanted} new pods have been updated",
            status("updatedNumberScheduled")
        ));
    }
    if status("numberAvailable") < wanted {
        return waiting(format!(
            "{} of {wanted} updated pods are available",
            status("numberAvailable")
        ));
    }
    Ok((format!("daemon set \"{name}\" successfully rolled out\n"), true))
}

fn deployment_revision(object: &Value) -> i64 {
    object
        .at(&["metadata", "annotations"])
        .get("deployment.kubernetes.io/revision")
        .text()
        .parse()
        .unwrap_or(0)
}

// --- history ---

/// A revision: its number, the object that holds it, and its pod template.
#[derive(Clone)]
struct Revision {
    number: i64,
    object: Value,
    template: Value,
}

/// The revisions of an object, oldest first.
fn revisions(cx: &mut Cx, info: &Info) -> Result<Vec<Revision>, CmdError> {
    let uid = info.object.at(&["metadata", "uid"]).text().to_owned();
    let owned = |object: &Value| {
        object
            .at(&["metadata", "ownerReferences"])
            .as_array()
            .iter()
            .any(|o| o.get("uid").text() == uid && o.get("controller").is_true())
    };
    let mapper = cx.mapper()?;
    let deployment = info.resource.kind == "Deployment";
    let holder =
        mapper.find(if deployment { "replicasets.apps" } else { "controllerrevisions.apps" })?;
    let labels = match_labels(&info.object);
    let selectors = Selectors { labels, ..Selectors::default() };
    let list = cx.list(&holder, &info.ns, &selectors, Accept::Json)?;
    let mut out = Vec::new();
    for item in list.get("items").as_array().iter().filter(|i| owned(i)) {
        let (number, template) = if deployment {
            (deployment_revision(item), item.at(&["spec", "template"]).clone())
        } else {
            (number(item, &["revision"]), revision_template(&info.object, item))
        };
        out.push(Revision { number, object: item.clone(), template });
    }
    out.order_by_key(|r| r.number);
    Ok(out)
}

fn match_labels(object: &Value) -> String {
    let selector = object.at(&["spec", "selector"]);
    let text = crate::api::selector::format_label_selector(selector);
    if text.starts_with('<') { String::new() } else { text }
}

/// The template that a ControllerRevision's patch gives.
fn revision_template(object: &Value, revision: &Value) -> Value {
    let data = revision.get("data");
    let kind = object.get("kind").text();
    let bare = value!({"spec": { "template": object.at(&["spec", "template"]) }});
    let merged = match PatchSchema::of_gvk("apps", "v1", kind) {
        Some(schema) => strategic_merge(&bare, data, &schema).unwrap_or_default(),
        None => data.clone(),
    };
    let mut template = merged.at(&["spec", "template"]).clone();
    template.remove("$patch");
    template
}

fn check_history_kind(info: &Info) -> Result<(), CmdError> {
    if matches!(info.resource.kind.as_str(), "Deployment" | "DaemonSet" | "StatefulSet") {
        return Ok(());
    }
    Err(CmdError::plain(format!(
        "no history viewer has been implemented for \"{}\"",
        info.resource.group_kind()
    )))
}

fn history(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let query = query(cx)?;
    let wanted = args.int("revision");
    if wanted < 0 {
        return Err(CmdError::plain(format!("revision must be a positive integer: {wanted}")));
    }
    let mut printer = Printer::of(cx.sys, &args, Format::Name, Extra::None)?;
    let found = query.run(cx)?;
    for info in found.all()? {
        check_history_kind(&info)?;
        let all = revisions(cx, &info)?;
        if !args.text("output").is_empty() {
            let chosen =
                if wanted > 0 { all.iter().find(|r| r.number == wanted) } else { all.last() };
            let Some(chosen) = chosen else {
                return Err(CmdError::plain("unable to find the specified revision"));
            };
            let mut shown = if info.resource.kind == "Deployment" {
                chosen.object.clone()
            } else {
                info.object.clone()
            };
            if info.resource.kind != "Deployment" {
                shown.set_at(&["spec", "template"], chosen.template.clone());
            }
            let (text, result) = printer.object(&shown, "");
            cx.out(&text);
            result?;
            continue;
        }
        let name = info.printed();
        if wanted > 0 {
            let Some(chosen) = all.iter().find(|r| r.number == wanted) else {
                return Err(CmdError::plain("unable to find the specified revision"));
            };
            let text = one_revision(chosen, info.resource.kind == "Deployment");
            cx.out(&format!("{name} with revision #{wanted}\n{text}\n"));
            continue;
        }
        let mut rows = String::from("REVISION\tCHANGE-CAUSE\n");
        for revision in &all {
            let cause = change_cause(&revision.object);
            rows.push_str(&format!("{}\t{cause}\n", revision.number));
        }
        let text = tabwriter::align(tabwriter::DESCRIBE, &rows);
        cx.out(&format!("{name} \n{text}\n"));
        // A DaemonSet's viewer ends its table with one more line.
        if info.resource.kind == "DaemonSet" {
            cx.out("\n");
        }
    }
    Ok(Next::Done)
}

const CAUSE: &str = "kubernetes.io/change-cause";

fn change_cause(object: &Value) -> String {
    let cause = object.at(&["metadata", "annotations"]).get(CAUSE).text();
    if cause.is_empty() { "<none>".to_owned() } else { cause.to_owned() }
}

fn one_revision(revision: &Revision, deployment: bool) -> String {
    let mut template = revision.template.clone();
    let cause = revision.object.at(&["metadata", "annotations"]).get(CAUSE).text();
    if deployment && !cause.is_empty() {
        template.set_at(&["metadata", "annotations", CAUSE], cause);
    }
    let mut writer = Writer::default();
    pod_template(&mut writer, &template);
    writer.raw()
}

// --- undo ---

fn undo(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let to = args.int("to-revision");
    let query = query(cx)?;
    let mut printer = common::done_printer(cx)?;
    let dry_run = DryRun::of(cx)?;
    for info in query.run(cx)?.all()? {
        if !matches!(info.resource.kind.as_str(), "Deployment" | "DaemonSet" | "StatefulSet") {
            return Err(CmdError::plain(format!(
                "no rollbacker has been implemented for \"{}\"",
                info.resource.group_kind()
            )));
        }
        if !info.object.at(&["metadata", "annotations"]).get(LAST_APPLIED).is_null() {
            cx.err(&format!(
                "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n",
                info.resource.plural, info.name
            ));
        }
        let done = undo_one(cx, &info, to, dry_run)?;
        let shown = match done {
            Undone::Shown(text) => {
                cx.out(&text);
                continue;
            }
            Undone::Said(said) => said,
        };
        common::print_done(cx, &mut printer, &info.object, &dry_run.done(&shown))?;
    }
    Ok(Next::Done)
}

enum Undone {
    /// What was done.
    Said(String),
    /// The template that would be rolled back to.
    Shown(String),
}

fn undo_one(cx: &mut Cx, info: &Info, to: i64, dry_run: DryRun) -> Result<Undone, CmdError> {
    let all = revisions(cx, info)?;
    let missing = || CmdError::plain(format!("unable to find specified revision {to} in history"));
    let deployment = info.resource.kind == "Deployment";
    if to < 0 {
        return Err(missing());
    }
    let chosen = if to > 0 {
        all.iter().find(|r| r.number == to).ok_or_else(missing)?
    } else if deployment {
        let current = deployment_revision(&info.object);
        let earlier = all.iter().rev().find(|r| r.number < current);
        earlier.ok_or_else(|| {
            CmdError::plain(format!("no rollout history found for deployment \"{}\"", info.name))
        })?
    } else {
        if all.len() < 2 {
            return Err(CmdError::plain("no last revision to roll back to"));
        }
        &all[all.len() - 2]
    };
    if deployment && info.object.at(&["spec", "paused"]).is_true() {
        return Err(CmdError::plain("cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again".to_string()));
    }
    if dry_run == DryRun::Client {
        let mut writer = Writer::default();
        pod_template(&mut writer, &chosen.template);
        return Ok(Undone::Shown(writer.finish()));
    }
    let params = dry_run.params();
    if deployment {
        let mut template = chosen.template.clone();
        if let Some(labels) = template.get("metadata").get("labels").as_map()
            && labels.contains_key("pod-template-hash")
        {
            template.entry_at(&["metadata", "labels"]).remove("pod-template-hash");
        }
        if template == *info.object.at(&["spec", "template"]) {
            return Ok(Undone::Said(format!(
                "skipped rollback (current template already matches revision {to})"
            )));
        }
        let annotations = annotations_after(&info.object, &chosen.object);
        let patch = value!([
            {"op": "replace", "path": "/spec/template", "value": template},
            {"op": "replace", "path": "/metadata/annotations", "value": annotations}
        ]);
        cx.patch(&info.path(), super::super::client::JSON_PATCH, patch, &params)?;
    } else {
        if chosen.template == revision_template(&info.object, &current_revision(&info.object)) {
            return Ok(Undone::Said(format!(
                "skipped rollback (current template already matches revision {})",
                chosen.number
            )));
        }
        cx.patch(&info.path(), STRATEGIC_PATCH, chosen.object.get("data").clone(), &params)?;
    }
    Ok(Undone::Said("rolled back".to_owned()))
}

/// A Deployment's own annotations are kept, the others come from the revision.
/// Upstream: polymorphichelpers/rollback.go, annotationsToSkip.
fn annotations_after(deployment: &Value, revision: &Value) -> Value {
    const KEPT: &[&str] = &[
        LAST_APPLIED,
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    ];
    let mut annotations = Value::map();
    for (from, kept) in [(deployment, true), (revision, false)] {
        for (key, value) in from.at(&["metadata", "annotations"]).entries() {
            if KEPT.contains(&key.as_str()) == kept {
                annotations.set(key, value.clone());
            }
        }
    }
    annotations
}

fn current_revision(object: &Value) -> Value {
    value!({"data": {"spec": {"template": object.at(&["spec", "template"])}}})
}

// --- restart, pause, resume ---

fn restart(cx: &mut Cx) -> Result<Next, CmdError> {
    let now = cx.sys.now().rfc3339();
    change(cx, "restart", &|info: &Info| {
        match info.resource.kind.as_str() {
            "Deployment" if info.object.at(&["spec", "paused"]).is_true() => {
                return Err("can't restart paused deployment (run rollout resume first)".to_owned());
            }
            "Deployment" | "DaemonSet" | "StatefulSet" => {}
            _ => return Err("restarting is not supported".to_owned()),
        }
        Ok((
            value!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now.as_str()}}}}}),
            "restarted",
        ))
    })
}

fn pause(cx: &mut Cx) -> Result<Next, CmdError> {
    change(cx, "pause", &|info: &Info| match info.resource.kind.as_str() {
        "Deployment" if info.object.at(&["spec", "paused"]).is_true() => {
            Err("is already paused".to_owned())
        }
        "Deployment" => Ok((value!({"spec": { "paused": true }}), "paused")),
        _ => Err("pausing is not supported".to_owned()),
    })
}

fn resume(cx: &mut Cx) -> Result<Next, CmdError> {
    change(cx, "resume", &|info: &Info| match info.resource.kind.as_str() {
        "Deployment" if !info.object.at(&["spec", "paused"]).is_true() => {
            Err("is not paused".to_owned())
        }
        "Deployment" => Ok((value!({"spec": { "paused": null }}), "resumed")),
        _ => Err("resuming is not supported".to_owned()),
    })
}

type Change<'a> = &'a dyn Fn(&Info) -> Result<(Value, &'static str), String>;

fn change(cx: &mut Cx, manager: &str, what: Change) -> Result<Next, CmdError> {
    let query = query(cx)?;
    let mut printer = common::done_printer(cx)?;
    let dry_run = DryRun::of(cx)?;
    let found = query.run(cx)?;
    let mut errors = found.errors;
    let manager = format!("kubectl-rollout-{manager}");
    for info in found.infos {
        let (body, done) = match what(&info) {
            Ok(change) => change,
            Err(why) => {
                errors.push(CmdError::plain(format!("{} {why}", common::quoted(&info))));
                continue;
            }
        };
        if dry_run == DryRun::Client {
            common::print_done(cx, &mut printer, &info.object, &dry_run.done(done))?;
            continue;
        }
        let args = cx.args();
        let params = common::write_params(&args, dry_run, &manager);
        match cx.patch(&info.path(), STRATEGIC_PATCH, body, &params) {
            Ok(patched) => common::print_done(cx, &mut printer, &patched, &dry_run.done(done))?,
            Err(error) => {
                errors.push(CmdError::plain(format!("failed to patch: {}", error.message())));
            }
        }
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}
