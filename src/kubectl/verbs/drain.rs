//! `kubectl drain`: cordon nodes and evict their pods.
//!
//! Upstream: kubectl/pkg/cmd/drain/drain.go and kubectl/pkg/drain/{drain,filters}.go.

use super::super::client::{Selectors, delete_options};
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::Info;
use super::super::{Cx, Flow, Machine, Next};
use super::common::{self, DryRun};
use super::cordon;
use crate::api::Selector;
use crate::base::human::{go_duration, quote};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Accept, Method, Request, Wait};
use crate::value;

const FLAGS: &[Flag] = &[
    flag("chunk-size", Kind::Int, "500"),
    flag("delete-emptydir-data", Kind::Bool, "false"),
    flag("disable-eviction", Kind::Bool, "false"),
    flag("force", Kind::Bool, "false"),
    flag("grace-period", Kind::Int, "-1"),
    flag("ignore-daemonsets", Kind::Bool, "false"),
    flag("pod-selector", Kind::Text, ""),
    flag("skip-wait-for-delete-timeout", Kind::Int, "0"),
    flag("timeout", Kind::Duration, "0s"),
];

pub(crate) static VERB: Verb = Verb {
    name: "drain",
    flags: &[FLAGS, common::SELECTOR, common::DRY_RUN],
    run: Some(run),
    ..Verb::EMPTY
};

/// How long a refused eviction waits for its next try.
const RETRY: Span = Span::seconds(5);
/// How often is looked whether a pod is gone.
const POLL: Span = Span::seconds(1);

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let dry_run = DryRun::of(cx)?;
    if Selector::parse(args.text("pod-selector")).is_err() {
        return Err(CmdError::plain(
            "--pod-selector=<pod_selector> must be a valid label selector",
        ));
    }
    let mut nodes = cordon::nodes(cx)?;
    cordon::set(cx, &nodes, true, dry_run);
    nodes.reverse();
    Ok(Next::Wait(Box::new(Drain { nodes, dry_run, current: None, failed: Vec::new() })))
}

/// What the filters say of a pod.
enum Verdict {
    Delete,
    Skip,
    /// Worth a warning; whether it is deleted all the same.
    Warn(bool, String),
    Refuse(String),
}

/// The pods of a node that are to go, and words of warning.
fn pods_to_delete(cx: &mut Cx, node: &str) -> Result<(Vec<Value>, String), CmdError> {
    let args = cx.args();
    let selectors = Selectors {
        labels: args.text("pod-selector").to_owned(),
        fields: format!("spec.nodeName={node}"),
    };
    let resource = cx.mapper()?.find("pods")?;
    let list = cx.list(&resource, "", &selectors, Accept::Json)?;
    let (mut pods, mut warnings, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for pod in list.get("items").as_array() {
        match judge(cx, pod) {
            Verdict::Delete => pods.push(pod.clone()),
            Verdict::Skip => {}
            Verdict::Warn(delete, text) => {
                note(&mut warnings, text, pod);
                if delete {
                    pods.push(pod.clone());
                }
            }
            Verdict::Refuse(text) => note(&mut refused, text, pod),
        }
    }
    let errors = refused
        .into_iter()
        .map(|(text, names)| CmdError::Plain(format!("cannot delete {text}: {}", names.join(", "))))
        .collect();
    CmdError::from_many(errors)?;
    let warnings: Vec<_> =
        warnings.into_iter().map(|(text, names)| format!("{text}: {}", names.join(", "))).collect();
    Ok((pods, warnings.join("; ")))
}

fn note(groups: &mut Vec<(String, Vec<String>)>, text: String, pod: &Value) {
    let (ns, name) = names(pod);
    let name = format!("{ns}/{name}");
    match groups.iter_mut().find(|(t, _)| *t == text) {
        Some((_, names)) => names.push(name),
        None => groups.push((text, vec![name])),
    }
}

fn names(pod: &Value) -> (&str, &str) {
    (pod.at(&["metadata", "namespace"]).text(), pod.at(&["metadata", "name"]).text())
}

/// Upstream: filters.go, makeFilters: the last filter's warning counts, the first refusal ends it.
fn judge(cx: &mut Cx, pod: &Value) -> Verdict {
    let args = cx.args();
    if older_deletion(cx, pod) {
        return Verdict::Skip;
    }
    let finished = matches!(pod.at(&["status", "phase"]).text(), "Succeeded" | "Failed");
    let owners = pod.at(&["metadata", "ownerReferences"]).as_array();
    let controller = owners.iter().find(|o| o.get("controller").is_true());
    let daemon_set = controller
        .filter(|c| c.get("kind").text() == "DaemonSet" && c.get("apiVersion").text() == "apps/v1");
    let mut verdict = Verdict::Delete;
    if let Some(owner) = daemon_set.filter(|_| !finished) {
        let (ns, name) = (names(pod).0, owner.get("name").text());
        let path = format!("/apis/apps/v1/namespaces/{ns}/daemonsets/{name}");
        match cx.call(Request::get(path)) {
            Err(error) if error.is_not_found() && args.is("force") => {
                verdict = Verdict::Warn(true, error.message());
            }
            Err(error) => return Verdict::Refuse(error.message()),
            Ok(_) if args.is("ignore-daemonsets") => {
                return Verdict::Warn(false, "ignoring DaemonSet-managed Pods".to_owned());
            }
            Ok(_) => {
                return Verdict::Refuse(
                    "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)".to_owned(),
                );
            }
        }
    }
    if !pod.at(&["metadata", "annotations"]).get("kubernetes.io/config.mirror").is_null() {
        return Verdict::Skip;
    }
    if finished {
        return Verdict::Delete;
    }
    let volumes = pod.at(&["spec", "volumes"]).as_array();
    if volumes.iter().any(|v| !v.get("emptyDir").is_null()) && !args.is("delete-emptydir-data") {
        return Verdict::Refuse(
            "Pods with local storage (use --delete-emptydir-data to override)".to_owned(),
        );
    }
    match (controller, args.is("force")) {
        (Some(_), _) => match verdict {
            Verdict::Warn(..) => Verdict::Delete,
            other => other,
        },
        (None, true) => Verdict::Warn(true, "deleting Pods that declare no controller".to_owned()),
        (None, false) => {
            Verdict::Refuse("Pods that declare no controller (use --force to override)".to_owned())
        }
    }
}

/// Whether the pod was deleted longer ago than `--skip-wait-for-delete-timeout` says.
fn older_deletion(cx: &Cx, pod: &Value) -> bool {
    let limit = cx.env.args.int("skip-wait-for-delete-timeout");
    let deleted = Time::parse(pod.at(&["metadata", "deletionTimestamp"]).text());
    limit > 0 && deleted.is_some_and(|t| cx.sys.now() - t > Span::seconds(limit))
}

/// One pod on its way out.
#[derive(Clone)]
struct Leaving {
    pod: Value,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is evicted then.
    Evict(Time),
    /// It was evicted; then is looked whether it is gone.
    Gone(Time),
    Done,
}

/// The node that is being drained.
#[derive(Clone)]
struct Current {
    node: Info,
    pods: Vec<Leaving>,
    deadline: Option<Time>,
    errors: Vec<CmdError>,
}

#[derive(Clone)]
struct Drain {
    /// The nodes still to drain, the next one last.
    nodes: Vec<Info>,
    dry_run: DryRun,
    current: Option<Current>,
    failed: Vec<(String, CmdError)>,
}

impl Drain {
    /// Looks at a node's pods; what they are to wait for.
    fn begin(&mut self, cx: &mut Cx, node: &Info) -> Result<Current, CmdError> {
        let (pods, warnings) = pods_to_delete(cx, &node.name)?;
        if !warnings.is_empty() {
            cx.err(&format!("Warning: {warnings}\n"));
        }
        let timeout = cx.env.args.duration("timeout");
        let mut current = Current {
            node: node.clone(),
            pods: Vec::new(),
            deadline: (timeout.0 > 0).then(|| cx.sys.after(timeout)),
            errors: Vec::new(),
        };
        if self.dry_run == DryRun::Client {
            for pod in &pods {
                let (ns, name) = names(pod);
                cx.out(&format!("evicting pod {ns}/{name} (dry run)\n"));
            }
            return Ok(current);
        }
        let now = cx.sys.now();
        let evicts = !cx.env.args.is("disable-eviction");
        if !evicts {
            for pod in &pods {
                self.remove(cx, pod, false)
                    .or_else(|e| if e.is_not_found() { Ok(()) } else { Err(e) })?;
            }
        }
        let phase = if evicts { Phase::Evict(now) } else { Phase::Gone(now) };
        current.pods = pods.into_iter().map(|pod| Leaving { pod, phase }).collect();
        // The requests run side by side; the one started last comes first.
        let shift = usize::from(evicts && !current.pods.is_empty());
        current.pods.rotate_right(shift);
        Ok(current)
    }

    fn remove(&self, cx: &mut Cx, pod: &Value, evict: bool) -> Result<(), CmdError> {
        let (ns, name) = names(pod);
        let grace = cx.env.args.int("grace-period");
        let options =
            delete_options((grace >= 0).then_some(grace), "", self.dry_run == DryRun::Server);
        let path = format!("/api/v1/namespaces/{ns}/pods/{name}");
        if !evict {
            return cx.call(Request::new(Method::Delete, path).body(options)).map(|_| ());
        }
        let body = value!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": { "name": name, "namespace": ns }, "deleteOptions": options
        });
        cx.call(Request::new(Method::Post, format!("{path}/eviction")).body(body)).map(|_| ())
    }

    /// Does what is due for one pod.
    fn advance(&self, cx: &mut Cx, current: &mut Current, at: usize) {
        let leaving = current.pods[at].clone();
        let (ns, name) = names(&leaving.pod);
        let now = cx.sys.now();
        let late = current.deadline.is_some_and(|d| now >= d);
        let mut fail = |text: String| {
            current.errors.push(CmdError::Plain(text));
            Phase::Done
        };
        let phase = match leaving.phase {
            Phase::Evict(due) if now >= due => {
                let dry = if self.dry_run == DryRun::Server { " (server dry run)" } else { "" };
                cx.out(&format!("evicting pod {ns}/{name}{dry}\n"));
                let what = format!("error when evicting pods/{} -n {}", quote(name), quote(ns));
                if late {
                    let limit = go_duration(cx.env.args.duration("timeout"));
                    fail(format!("{what}: global timeout reached: {limit}"))
                } else {
                    match self.remove(cx, &leaving.pod, true) {
                        Ok(()) if self.dry_run == DryRun::Server => Phase::Done,
                        Ok(()) => Phase::Gone(now),
                        Err(error) if error.is_not_found() => Phase::Done,
                        Err(CmdError::Status(status)) if status.code == 429 => {
                            let why = &status.message;
                            cx.err(&format!("{what} (will retry after 5s): {why}\n"));
                            Phase::Evict(cx.sys.after(RETRY))
                        }
                        Err(error) => fail(format!("{what}: {}", error.message())),
                    }
                }
            }
            Phase::Gone(_) if late => fail(format!(
                "error when waiting for pod {} in namespace {} to terminate: context deadline exceeded",
                quote(name),
                quote(ns)
            )),
            Phase::Gone(due) if now >= due => {
                let found = cx.call(Request::get(format!("/api/v1/namespaces/{ns}/pods/{name}")));
                let uid = leaving.pod.at(&["metadata", "uid"]).text();
                match found {
                    Ok(pod) if pod.at(&["metadata", "uid"]).text() == uid => {
                        if older_deletion(cx, &pod) {
                            let limit = cx.env.args.int("skip-wait-for-delete-timeout");
                            cx.out(&format!("pod {} has DeletionTimestamp older than {limit} seconds, skipping\n", quote(name)));
                            Phase::Done
                        } else {
                            Phase::Gone(cx.sys.after(POLL))
                        }
                    }
                    Ok(_) => finished(cx, name),
                    Err(error) if error.is_not_found() => finished(cx, name),
                    Err(error) => fail(format!(
                        "error when waiting for pod {} in namespace {} to terminate: {}",
                        quote(name),
                        quote(ns),
                        error.message()
                    )),
                }
            }
            other => other,
        };
        current.pods[at].phase = phase;
    }

    /// Says how a node came out.
    fn conclude(&mut self, cx: &mut Cx, mut current: Current) {
        let node = current.node.name.clone();
        let Err(error) = CmdError::from_many(std::mem::take(&mut current.errors)) else {
            cx.out(&format!("node/{node} {}\n", self.dry_run.done("drained")));
            return;
        };
        match pods_to_delete(cx, &node) {
            Ok((pods, _)) if pods.is_empty() => {}
            Ok((pods, _)) => {
                cx.err(&format!(
                    "There are pending pods in node {} when an error occurred: {}\n",
                    quote(&node),
                    error.message()
                ));
                for pod in &pods {
                    cx.err(&format!("pod/{}\n", names(pod).1));
                }
            }
            Err(more) => cx.err(&format!(
                "Following errors occurred while getting the list of pods to delete:\n{}",
                more.message()
            )),
        }
        self.failed(cx, node, error);
    }

    fn failed(&mut self, cx: &mut Cx, node: String, error: CmdError) {
        cx.err(&format!(
            "error: unable to drain node {} due to error: {}, continuing command...\n",
            quote(&node),
            error.message()
        ));
        self.failed.push((node, error));
    }
}

fn finished(cx: &mut Cx, name: &str) -> Phase {
    let done = if cx.env.args.is("disable-eviction") { "deleted" } else { "evicted" };
    cx.out(&format!("pod/{name} {done}\n"));
    Phase::Done
}

impl Machine for Drain {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        loop {
            let Some(mut current) = self.current.take() else {
                let Some(node) = self.nodes.pop() else { break };
                match self.begin(cx, &node) {
                    Ok(current) => self.current = Some(current),
                    Err(error) => self.failed(cx, node.name.clone(), error),
                }
                continue;
            };
            for at in 0..current.pods.len() {
                self.advance(cx, &mut current, at);
            }
            let due = current.pods.iter().filter_map(|p| match p.phase {
                Phase::Evict(at) => Some(at),
                Phase::Gone(at) => Some(current.deadline.map_or(at, |d| at.min(d))),
                Phase::Done => None,
            });
            match due.min() {
                Some(due) => {
                    self.current = Some(current);
                    return Ok(Flow::Wait(Wait::until(due)));
                }
                None => self.conclude(cx, current),
            }
        }
        if self.failed.is_empty() {
            return Ok(Flow::Exit(0));
        }
        cx.err("There are pending nodes to be drained:\n");
        let mut lines = Vec::new();
        for (node, error) in std::mem::take(&mut self.failed) {
            cx.err(&format!(" {node}\n"));
            match error {
                CmdError::Many(errors) => lines.extend(errors.iter().map(CmdError::message)),
                one => lines.push(one.message()),
            }
        }
        Err(CmdError::Exact(lines.join("\n")))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
