//! `kubectl wait`, and the machine that waits for objects to become or cease to be.
//!
//! Upstream: kubectl/pkg/cmd/wait/{wait,condition,delete,create,json}.go.

use super::super::client::Selectors;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::print;
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next};
use super::common;
use crate::base::gofmt;
use crate::base::human::quote;
use crate::base::jsonpath::JsonPath;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Accept, Wait, Watch};

const FLAGS: &[Flag] = &[
    flag("for", Kind::Array, ""),
    flag("local", Kind::Bool, "false").absent(),
    flag("timeout", Kind::Duration, "30s"),
];

pub(crate) static VERB: Verb = Verb {
    name: "wait",
    flags: &[
        FLAGS,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::FIELD_SELECTOR,
        common::ALL,
        common::ALL_NAMESPACES,
    ],
    run: Some(run),
    ..Verb::EMPTY
};

/// What is waited for.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The object is gone, or another has its name.
    Deleted,
    /// The object is there.
    Created,
    /// A condition of its status has a value.
    Status(String, String),
    /// A path gives a value, or anything at all.
    Path(String, Option<String>),
}

impl Condition {
    fn parse(text: &str) -> Result<Condition, CmdError> {
        if text.eq_ignore_ascii_case("delete") {
            return Ok(Condition::Deleted);
        }
        if text.eq_ignore_ascii_case("create") {
            return Ok(Condition::Created);
        }
        if let Some(rest) = text.strip_prefix("condition=") {
            let (name, value) = rest.split_once('=').unwrap_or((rest, "true"));
            return Ok(Condition::Status(name.to_owned(), value.to_owned()));
        }
        let Some(rest) = text.strip_prefix("jsonpath=") else {
            return Err(CmdError::plain(format!("unrecognized condition: {}", quote(text))));
        };
        let parts = split_path(rest);
        let (path, value) = match parts.as_slice() {
            [path] => (path, None),
            [path, value] => (path, Some(value.trim_matches(['\'', '"']).to_owned())),
            _ => {
                return Err(CmdError::plain(
                    "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
                ));
            }
        };
        let path = JsonPath::relaxed(path).map_err(CmdError::plain)?;
        if value.as_deref() == Some("") {
            return Err(CmdError::plain(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            ));
        }
        JsonPath::parse(&path).map_err(CmdError::plain)?;
        Ok(Condition::Path(path, value))
    }

    /// Whether it holds for the object that is there (or not).
    fn holds(&self, object: Option<&Value>, uid: &str) -> Result<bool, CmdError> {
        match (self, object) {
            (Condition::Deleted, None) => Ok(true),
            (Condition::Deleted, Some(object)) => {
                Ok(!uid.is_empty() && object.at(&["metadata", "uid"]).text() != uid)
            }
            (Condition::Created, object) => Ok(object.is_some()),
            (_, None) => Ok(false),
            (Condition::Status(name, value), Some(object)) => Ok(status_holds(object, name, value)),
            (Condition::Path(path, value), Some(object)) => {
                path_holds(object, path, value.as_deref())
            }
        }
    }
}

/// Splits at single `=`; `==` belongs to a filter.
fn split_path(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        if c != '=' {
            parts[last].push(c);
        } else if chars.next_if_eq(&'=').is_some() {
            parts[last].push_str("==");
        } else {
            parts.push(String::new());
        }
    }
    parts
}

/// Upstream: condition.go, checkCondition.
fn status_holds(object: &Value, name: &str, value: &str) -> bool {
    for condition in object.at(&["status", "conditions"]).as_array() {
        if !condition.get("type").text().eq_ignore_ascii_case(name) {
            continue;
        }
        let generation = object.at(&["metadata", "generation"]).as_i64();
        let observed = condition.get("observedGeneration").as_i64();
        let observed = observed.or_else(|| object.at(&["status", "observedGeneration"]).as_i64());
        if let (Some(generation), Some(observed)) = (generation, observed)
            && observed < generation
        {
            return false;
        }
        return condition.get("status").text().eq_ignore_ascii_case(value);
    }
    false
}

/// Upstream: json.go, checkCondition.
fn path_holds(object: &Value, path: &str, value: Option<&str>) -> Result<bool, CmdError> {
    let parsed = JsonPath::parse(path).map_err(CmdError::plain)?.lenient();
    let found = parsed.find(object).map_err(CmdError::plain)?;
    let Some(values) = found.first().filter(|f| !f.is_empty()) else { return Ok(false) };
    let Some(wanted) = value else { return Ok(true) };
    let [only] = values.as_slice() else {
        return Err(CmdError::plain("given jsonpath expression matches more than one value"));
    };
    if matches!(only, Value::Map(_) | Value::Array(_)) {
        return Err(CmdError::plain(
            "jsonpath leads to a nested object or list which is not supported",
        ));
    }
    Ok(gofmt::plain(only).trim() == wanted.trim())
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let mut conditions = Vec::new();
    for text in args.list("for") {
        conditions.push(Condition::parse(&text)?);
    }
    if conditions.is_empty() {
        return Err(CmdError::plain("unrecognized condition: []"));
    }
    common::done_printer(cx)?;
    let timeout = args.duration("timeout");
    let timeout = if timeout.0 < 0 { Span::seconds(168 * 3600) } else { timeout };
    let wants = |wanted: fn(&Condition) -> bool| conditions.iter().any(wanted);
    let creating = wants(|c| matches!(c, Condition::Created));
    let deleting = wants(|c| matches!(c, Condition::Deleted));
    let mut query = Query { latest: !creating, fetch: !creating && !deleting, ..Query::of(cx) };
    query.type_means_all = false;
    let found = query.run(cx)?;
    let mut errors = found.errors;
    if deleting {
        errors.retain(|e| !e.is_not_found());
    }
    CmdError::from_many(errors)?;
    if found.infos.is_empty() {
        if deleting {
            return Ok(Next::Done);
        }
        return Err(CmdError::plain("no matching resources found"));
    }
    // An object that is gone already was deleted; nothing is said of it.
    let mut targets = Vec::new();
    for info in found.infos {
        let uid = info.object.at(&["metadata", "uid"]).text().to_owned();
        if deleting && info.object.is_null() {
            match cx.get(&info.resource, &info.ns, &info.name) {
                Ok(_) => targets.push(Target { info, uid }),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
            continue;
        }
        targets.push(Target { info, uid });
    }
    let first = conditions.remove(0);
    let mut machine = WaitMachine::new(targets, first, timeout, true);
    machine.more = conditions;
    Ok(Next::Wait(Box::new(machine)))
}

/// An object that is waited for; the uid, if known, tells it from a later one of its name.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) info: Info,
    pub(super) uid: String,
}

/// Waits for one object after the other.
#[derive(Clone)]
pub(super) struct WaitMachine {
    targets: Vec<Target>,
    at: usize,
    conditions: Vec<Condition>,
    more: Vec<Condition>,
    condition_at: usize,
    timeout: Span,
    deadline: Option<Time>,
    says_so: bool,
    watch: Option<Watch>,
    errors: Vec<CmdError>,
}

impl WaitMachine {
    /// Waits until the condition holds for every target, for so long at most.
    pub(super) fn new(
        targets: Vec<Target>,
        condition: Condition,
        timeout: Span,
        says_so: bool,
    ) -> WaitMachine {
        WaitMachine {
            targets,
            at: 0,
            conditions: vec![condition],
            more: Vec::new(),
            condition_at: 0,
            timeout,
            deadline: None,
            says_so,
            watch: None,
            errors: Vec::new(),
        }
    }

    fn finish(&mut self) -> Result<Flow, CmdError> {
        CmdError::from_many(std::mem::take(&mut self.errors))?;
        Ok(Flow::Exit(0))
    }

    fn next_target(&mut self) {
        self.at += 1;
        self.condition_at = 0;
        self.watch = None;
    }
}

impl Machine for WaitMachine {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        self.conditions.append(&mut self.more);
        let deadline = *self.deadline.get_or_insert(cx.sys.after(self.timeout));
        loop {
            let Some(target) = self.targets.get(self.at).cloned() else { return self.finish() };
            let info = &target.info;
            let object = match cx.get(&info.resource, &info.ns, &info.name) {
                Ok(object) => Some(object),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error),
            };
            let condition = &self.conditions[self.condition_at];
            if condition.holds(object.as_ref(), &target.uid)? {
                self.condition_at += 1;
                if self.condition_at < self.conditions.len() {
                    continue;
                }
                if self.says_so {
                    let mut printer = common::done_printer(cx)?;
                    let shown = object.unwrap_or_else(|| shell_of(info));
                    common::print_done(cx, &mut printer, &shown, "condition met")?;
                }
                self.next_target();
                continue;
            }
            if cx.sys.now() >= deadline {
                if matches!(condition, Condition::Created) {
                    return Err(CmdError::plain("timed out waiting for the condition"));
                }
                let text = format!(
                    "timed out waiting for the condition on {}/{}",
                    info.resource.plural, info.name
                );
                self.errors.push(CmdError::plain(text));
                self.next_target();
                continue;
            }
            if self.watch.is_none() {
                let selectors = Selectors {
                    fields: format!("metadata.name={}", info.name),
                    ..Selectors::default()
                };
                self.watch =
                    Some(cx.watch(&info.resource, &info.ns, &selectors, "", Accept::Json)?);
            }
            let Some(watch) = &mut self.watch else { return self.finish() };
            // The events only wake; what counts is the present state.
            cx.sys.poll(watch)?;
            return Ok(Flow::Wait(Wait::kind(watch.kind).or_until(deadline)));
        }
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}

/// What is left to print of an object that is gone.
fn shell_of(info: &Info) -> Value {
    crate::value!({
        "apiVersion": info.resource.api_version(), "kind": info.resource.kind.as_str(),
        "metadata": { "name": info.name.as_str(), "namespace": info.ns.as_str() }
    })
}
