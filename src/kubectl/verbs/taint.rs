//! `kubectl taint`: add taints to nodes, change and remove them.
//!
//! Upstream: kubectl/pkg/cmd/taint/{taint,utils}.go.

use super::super::client::STRATEGIC_PATCH;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::api::names;
use crate::base::human::quote;
use crate::base::value::Value;
use crate::value;

const FLAGS: &[Flag] = &[flag("overwrite", Kind::Bool, "false")];

pub(crate) static VERB: Verb = Verb {
    name: "taint",
    flags: &[FLAGS, print::FLAGS, common::SELECTOR, common::ALL, common::DRY_RUN, common::VALIDATE],
    run: Some(run),
    ..Verb::EMPTY
};

/// A taint as it is written on the command line; an effect of "" means any.
struct Taint {
    key: String,
    value: String,
    effect: String,
}

impl Taint {
    fn matches(&self, other: &Value) -> bool {
        other.get("key").text() == self.key
            && (self.effect.is_empty() || other.get("effect").text() == self.effect)
    }

    fn to_value(&self) -> Value {
        let mut taint = value!({"key": self.key.as_str(), "effect": self.effect.as_str()});
        if !self.value.is_empty() {
            taint.set("value", self.value.as_str());
        }
        taint
    }

    /// Upstream: api/core/v1/taint.go, ToString.
    fn shown(&self) -> String {
        match (self.value.as_str(), self.effect.as_str()) {
            ("", "") => self.key.clone(),
            ("", effect) => format!("{}:{effect}", self.key),
            (value, "") => format!("{}={value}:", self.key),
            (value, effect) => format!("{}={value}:{effect}", self.key),
        }
    }
}

struct Changes {
    add: Vec<Taint>,
    remove: Vec<Taint>,
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let dry_run = DryRun::of(cx)?;
    common::field_validation(&args)?;
    let (resources, specs) = split(&args.pos)?;
    let Some(kind) = resources.first().map(|r| r.to_lowercase()) else {
        return Err(CmdError::plain(
            "one or more resources must be specified as <resource> <name>",
        ));
    };
    if specs.is_empty() {
        return Err(CmdError::plain("at least one taint update is required"));
    }
    let changes = parse_all(&specs).map_err(|text| CmdError::usage_help(&args.path, text))?;
    if cx.mapper()?.find(&kind)?.kind != "Node" {
        return Err(CmdError::plain(format!(
            "invalid resource type {kind}, only node types are supported"
        )));
    }
    check_conflicts(&changes)?;
    let (all, selector) = (args.is("all"), args.text("selector"));
    if all && !selector.is_empty() {
        return Err(CmdError::plain(
            "setting 'all' parameter with a non empty selector is prohibited",
        ));
    }
    if !all && selector.is_empty() && resources.len() < 2 {
        return Err(CmdError::plain(
            "at least one resource name must be specified since 'all' parameter is not set",
        ));
    }
    let mut query = Query { latest: true, ..Query::of(cx) };
    query.args = vec!["nodes".to_owned()];
    if !all && selector.is_empty() {
        query.args.extend(resources[1..].iter().map(|r| (*r).clone()));
    }
    let found = query.run(cx)?;
    let mut errors = found.errors;
    let mut printer = common::done_printer(cx)?;
    for info in found.infos {
        let outcome = taint(cx, &info, &changes, dry_run).and_then(|(node, done)| {
            common::print_done(cx, &mut printer, &node, &dry_run.done(done))
        });
        if let Err(error) = outcome {
            errors.push(error);
        }
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// The resources, and the taints behind them.
fn split(args: &[String]) -> Result<(Vec<&String>, Vec<&str>), CmdError> {
    let (mut resources, mut specs) = (Vec::new(), Vec::new());
    for arg in args {
        if arg.contains(['=', ':']) || arg.ends_with('-') {
            specs.push(arg.as_str());
        } else if specs.is_empty() {
            resources.push(arg);
        } else {
            return Err(CmdError::plain(format!(
                "all resources must be specified before taint changes: {arg}"
            )));
        }
    }
    Ok((resources, specs))
}

fn parse_all(specs: &[&str]) -> Result<Changes, String> {
    let mut changes = Changes { add: Vec::new(), remove: Vec::new() };
    for spec in specs {
        if let Some(spec) = spec.strip_suffix('-') {
            changes.remove.push(Taint { value: String::new(), ..parse(spec)? });
            continue;
        }
        let taint = parse(spec)?;
        if taint.effect.is_empty() {
            return Err(format!("invalid taint spec: {spec}"));
        }
        if changes.add.iter().any(|t| t.key == taint.key && t.effect == taint.effect) {
            return Err(format!(
                "duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                taint.key, taint.value, taint.effect
            ));
        }
        changes.add.push(taint);
    }
    Ok(changes)
}

fn parse(spec: &str) -> Result<Taint, String> {
    let parts: Vec<&str> = spec.split(':').collect();
    let (key, value, effect) = match parts.as_slice() {
        [key] => (*key, "", ""),
        [pair, effect] => {
            if !matches!(*effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
                return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
            }
            let mut words = pair.split('=');
            let (key, value) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            if words.next().is_some() {
                return Err(format!("invalid taint spec: {spec}"));
            }
            let faults = names::label_value(value);
            if !faults.is_empty() {
                return Err(format!("invalid taint spec: {spec}, {}", faults.join("; ")));
            }
            (key, value, *effect)
        }
        _ => return Err(format!("invalid taint spec: {spec}")),
    };
    let faults = names::label_key(key);
    if !faults.is_empty() {
        return Err(format!("invalid taint spec: {spec}, {}", faults.join("; ")));
    }
    Ok(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
}

fn check_conflicts(changes: &Changes) -> Result<(), CmdError> {
    let mut conflicts = Vec::new();
    for add in &changes.add {
        for remove in &changes.remove {
            let same = remove.effect.is_empty() || add.effect == remove.effect;
            if add.key == remove.key && same {
                conflicts.push(format!("{}={}", remove.key, remove.effect));
            }
        }
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(CmdError::plain(format!(
        "can not both modify and remove the following taint(s) in the same command: {}",
        conflicts.join(", ")
    )))
}

/// Changes one node's taints; the node afterwards, and what to say of it.
fn taint(
    cx: &mut Cx,
    info: &Info,
    changes: &Changes,
    dry_run: DryRun,
) -> Result<(Value, &'static str), CmdError> {
    let args = cx.args();
    let old = info.object.at(&["spec", "taints"]).as_array().to_vec();
    let overwrite = args.is("overwrite");
    let there: Vec<&str> = changes
        .add
        .iter()
        .filter(|t| old.iter().any(|o| t.matches(o)))
        .map(|t| t.key.as_str())
        .collect();
    if !overwrite && !there.is_empty() {
        return Err(CmdError::plain(format!(
            "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
            info.name,
            there.join(",")
        )));
    }
    let (taints, done) = reorganized(&old, changes, overwrite)?;
    let taints = if taints.is_empty() { Value::Null } else { Value::array(taints) };
    if dry_run == DryRun::Client {
        let mut node = info.object.clone();
        node.set_at(&["spec", "taints"], taints);
        return Ok((node, done));
    }
    let mut body = Value::map();
    if taints.as_array() != old.as_slice() {
        body = value!({"spec": { "taints": taints }});
    }
    let mut params = common::write_params(&args, dry_run, "kubectl-taint");
    params.push(("fieldValidation", common::field_validation(&args)?));
    Ok((cx.patch(&info.path(), STRATEGIC_PATCH, body, &params)?, done))
}

/// Upstream: utils.go, reorganizeTaints.
fn reorganized(
    old: &[Value],
    changes: &Changes,
    overwrite: bool,
) -> Result<(Vec<Value>, &'static str), CmdError> {
    let mut taints: Vec<Value> = changes.add.iter().map(Taint::to_value).collect();
    taints.extend(old.iter().filter(|o| !changes.add.iter().any(|t| t.matches(o))).cloned());
    let added = taints.len() != old.len();
    let (mut errors, mut deleted) = (Vec::new(), false);
    for remove in &changes.remove {
        let before = taints.len();
        taints.retain(|t| !remove.matches(t));
        deleted = taints.len() != before;
        if !deleted {
            let text = format!("taint {} not found", quote(&remove.shown()));
            errors.push(CmdError::Plain(text));
        }
    }
    CmdError::from_many(errors)?;
    let done = match (added, deleted) {
        (true, true) => "modified",
        _ if overwrite => "modified",
        (true, false) => "tainted",
        _ => "untainted",
    };
    Ok((taints, done))
}
