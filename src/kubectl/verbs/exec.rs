//! `kubectl exec`: run a command in a container.
//!
//! Upstream: kubectl/pkg/cmd/exec/exec.go, kubectl/pkg/cmd/util/podcmd/podcmd.go.

use super::super::client::Selectors;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::Query;
use super::super::{Cx, Flow, Machine, Next};
use super::common;
use crate::base::human::quote;
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::os::{Accept, Attach, Fd, Method, Read, Request, STDERR, STDIN, STDOUT, Signal, Wait};

const FLAGS: &[Flag] = &[
    flag("container", Kind::Text, "").short('c'),
    flag("pod-running-timeout", Kind::Duration, "1m0s"),
    flag("quiet", Kind::Bool, "false").short('q'),
    flag("stdin", Kind::Bool, "false").short('i'),
    flag("tty", Kind::Bool, "false").short('t'),
];

pub(crate) static VERB: Verb =
    Verb { name: "exec", flags: &[FLAGS, common::FILES], run: Some(run), ..Verb::EMPTY };

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let before = args.dash.unwrap_or(args.pos.len());
    let files = args.list("filename");
    if args.dash.is_none() && (args.pos.len() > 1 || (!args.pos.is_empty() && !files.is_empty())) {
        return Err(CmdError::usage_help(
            &args.path,
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        ));
    }
    if before == 0 && files.is_empty() {
        return Err(CmdError::plain("pod, type/name or --filename must be specified"));
    }
    let command = args.after_dash().to_vec();
    if command.is_empty() {
        return Err(CmdError::plain("you must specify at least one command for the container"));
    }
    let pod = find_pod(cx, args.pos[..before].first().map(String::as_str), Order::Active)?;
    let phase = pod.at(&["status", "phase"]).text();
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(CmdError::plain(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        )));
    }
    let quiet = args.is("quiet");
    let container = choose_container(cx, &pod, args.text("container"), quiet)?;
    let stdin = args.is("stdin");
    let tty = stdin && args.is("tty") && check_tty(cx, quiet);
    let meta = pod.get("metadata");
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/exec",
        meta.get("namespace").text(),
        meta.get("name").text()
    );
    let mut request = Request::new(Method::Post, path).param("container", container);
    for word in &command {
        request = request.param("command", word.as_str());
    }
    for (key, wanted) in [("stdin", stdin), ("stdout", true), ("stderr", !tty), ("tty", tty)] {
        if wanted {
            request = request.param(key, "true");
        }
    }
    let attach = cx.attach(request)?;
    Ok(Next::Wait(Box::new(Streams::new(cx, attach, tty))))
}

/// Whether standard input is a terminal; says so if not.
pub(super) fn check_tty(cx: &mut Cx, quiet: bool) -> bool {
    let is_tty = cx.sys.is_tty(STDIN);
    if !is_tty && !quiet {
        cx.err("Unable to use a TTY - input is not a terminal or the right kind of file\n");
    }
    is_tty
}

/// Which of a selector's pods comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The most active, for attaching.
    Active,
    /// The one whose log says most.
    Logging,
}

/// The pod that an argument such as `web-0`, `pod/web-0` or `sts/web` leads to.
pub(super) fn find_pod(
    cx: &mut Cx,
    argument: Option<&str>,
    order: Order,
) -> Result<Value, CmdError> {
    let mut query =
        Query { labels: None, fields: None, all: false, all_namespaces: false, ..Query::of(cx) };
    query.args = match argument {
        None => Vec::new(),
        Some(name) if name.contains('/') => vec![name.to_owned()],
        Some(name) => vec!["pods".to_owned(), name.to_owned()],
    };
    let infos = query.run(cx)?.all()?;
    let Some(info) = infos.into_iter().next() else {
        return Err(CmdError::plain("expected a resource"));
    };
    if info.resource.kind == "Pod" {
        return Ok(info.object);
    }
    let Some(labels) = selector_of(&info.object) else {
        let kind = format!("*{}.{}", info.resource.version, info.resource.kind);
        let doing = if order == Order::Logging { "get the logs from" } else { "attach to" };
        return Err(CmdError::plain(format!(
            "cannot {doing} {kind}: selector for {kind} not implemented"
        )));
    };
    let pods = pods_of(cx, &info.ns, &labels, order)?;
    if pods.len() > 1 && order == Order::Logging {
        cx.err(&format!(
            "Found {} pods, using pod/{}\n",
            pods.len(),
            pods[0].at(&["metadata", "name"]).text()
        ));
    }
    pods.into_iter().next().ok_or_else(|| CmdError::plain("timed out waiting for the condition"))
}

/// The selector of the pods behind an object.
/// Upstream: polymorphichelpers/helpers.go, SelectorsForObject.
pub(super) fn selector_of(object: &Value) -> Option<String> {
    let selector = object.at(&["spec", "selector"]);
    match object.get("kind").text() {
        "Service" | "ReplicationController" => {
            let pairs: Vec<_> =
                selector.entries().map(|(k, v)| format!("{k}={}", v.text())).collect();
            (!pairs.is_empty()).then(|| pairs.join(","))
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => {
            Some(crate::api::selector::format_label_selector(selector))
        }
        _ => None,
    }
}

/// A selector's pods, the best first.
/// Upstream: kubectl/pkg/util/podutils/podutils.go, ActivePods and ByLogging.
pub(super) fn pods_of(
    cx: &mut Cx,
    ns: &str,
    labels: &str,
    order: Order,
) -> Result<Vec<Value>, CmdError> {
    let pods = cx.mapper()?.find("pods")?;
    let selectors = Selectors { labels: labels.to_owned(), ..Selectors::default() };
    let list = cx.list(&pods, ns, &selectors, Accept::Json)?;
    let mut items: Vec<Value> =
        super::super::resources::items(&list, &pods).into_iter().map(|i| i.object).collect();
    let rank = |pod: &Value| {
        let phase = match pod.at(&["status", "phase"]).text() {
            "Running" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        let ready = condition(pod, "Ready");
        let is_ready = ready.get("status").text() == "True";
        let since = Time::parse(ready.get("lastTransitionTime").text()).unwrap_or(Time::NEVER);
        let restarts = pod.at(&["status", "containerStatuses"]).as_array().iter();
        let restarts =
            restarts.map(|c| c.get("restartCount").as_i64().unwrap_or(0)).max().unwrap_or(0);
        let restarts = if order == Order::Active { restarts } else { -restarts };
        let created =
            Time::parse(pod.at(&["metadata", "creationTimestamp"]).text()).unwrap_or_default();
        (pod.at(&["spec", "nodeName"]).is_empty(), phase, !is_ready, since, restarts, created)
    };
    items.order_by_key(rank);
    Ok(items)
}

fn condition<'a>(pod: &'a Value, name: &str) -> &'a Value {
    static NONE: &str = "";
    let all = pod.at(&["status", "conditions"]).as_array();
    let found = all.iter().find(|c| c.get("type").text() == name);
    found.unwrap_or_else(|| pod.get(NONE))
}

/// `a, b, setup (init)`.
/// Upstream: podcmd.go, AllContainerNames.
pub(super) fn container_names(pod: &Value) -> String {
    let mut names = Vec::new();
    for (field, suffix) in
        [("containers", ""), ("ephemeralContainers", " (ephem)"), ("initContainers", " (init)")]
    {
        for container in pod.at(&["spec", field]).as_array() {
            names.push(format!("{}{suffix}", container.get("name").text()));
        }
    }
    names.join(", ")
}

/// The container that is meant, or the default one.
pub(super) fn choose_container(
    cx: &mut Cx,
    pod: &Value,
    wanted: &str,
    quiet: bool,
) -> Result<String, CmdError> {
    let name = pod.at(&["metadata", "name"]).text();
    let all: Vec<&str> = ["containers", "initContainers", "ephemeralContainers"]
        .iter()
        .flat_map(|f| pod.at(&["spec", f]).as_array())
        .map(|c| c.get("name").text())
        .collect();
    if !wanted.is_empty() {
        if all.contains(&wanted) {
            return Ok(wanted.to_owned());
        }
        return Err(CmdError::plain(format!(
            "container {wanted} is not valid for pod {name} out of: {}",
            container_names(pod)
        )));
    }
    let annotated =
        pod.at(&["metadata", "annotations"]).get("kubectl.kubernetes.io/default-container").text();
    if !annotated.is_empty() {
        if all.contains(&annotated) {
            return Ok(annotated.to_owned());
        }
        cx.err(&format!("Default container name {} not found in pod {name}\n", quote(annotated)));
    }
    let Some(first) = all.first() else {
        return Err(CmdError::plain(format!("pod {name} does not have any containers")));
    };
    if all.len() > 1 && !quiet {
        cx.err(&format!("Defaulted container {} out of: {}\n", quote(first), container_names(pod)));
    }
    Ok((*first).to_owned())
}

/// Carries bytes between this process and a command in a container.
#[derive(Clone)]
pub(super) struct Streams {
    attach: Attach,
    raw: bool,
    was_raw: bool,
    input_open: bool,
    output_open: bool,
    errors_open: bool,
    status: Vec<u8>,
}

impl Streams {
    /// Begins to carry; a terminal is switched to raw mode.
    pub(super) fn new(cx: &mut Cx, attach: Attach, raw: bool) -> Streams {
        let was_raw = raw && cx.sys.set_raw(STDIN, true).unwrap_or(false);
        Streams {
            attach,
            raw,
            was_raw,
            input_open: attach.stdin.is_some(),
            output_open: attach.stdout.is_some(),
            errors_open: attach.stderr.is_some(),
            status: Vec::new(),
        }
    }

    /// Moves what is there; the status when all is over.
    pub(super) fn pump(&mut self, cx: &mut Cx) -> Option<Value> {
        if let (true, Some(fd)) = (self.output_open, self.attach.stdout) {
            self.output_open = copy(cx, fd, STDOUT);
        }
        if let (true, Some(fd)) = (self.errors_open, self.attach.stderr) {
            self.errors_open = copy(cx, fd, STDERR);
        }
        let over = loop {
            match cx.sys.read(self.attach.error, 4096) {
                Ok(Read::Data(bytes)) => self.status.extend(bytes),
                Ok(Read::WouldBlock) => break false,
                Ok(Read::End) | Err(_) => break true,
            }
        };
        if over && !self.output_open && !self.errors_open {
            self.restore(cx);
            let text = String::from_utf8_lossy(&self.status).into_owned();
            return Some(Value::from_json(&text).unwrap_or_default());
        }
        if let (true, Some(fd)) = (self.input_open, self.attach.stdin)
            && !copy(cx, STDIN, fd)
        {
            self.input_open = false;
            cx.sys.close(fd);
        }
        None
    }

    /// What to wait for.
    pub(super) fn wait(&self) -> Wait {
        let mut readable: Vec<Fd> = Vec::new();
        if self.output_open {
            readable.extend(self.attach.stdout);
        }
        if self.errors_open {
            readable.extend(self.attach.stderr);
        }
        if self.input_open {
            readable.push(STDIN);
        }
        if !self.output_open && !self.errors_open {
            readable.push(self.attach.error);
        }
        Wait { readable, ..Wait::default() }
    }

    /// Gives the terminal back as it was.
    pub(super) fn restore(&mut self, cx: &mut Cx) {
        if std::mem::take(&mut self.raw) {
            // The terminal may be gone; then there is nothing to restore.
            let _ = cx.sys.set_raw(STDIN, self.was_raw);
        }
    }
}

/// Copies what can be read now; `false` at the end.
fn copy(cx: &mut Cx, from: Fd, to: Fd) -> bool {
    for _ in 0..64 {
        match cx.sys.read(from, 16 * 1024) {
            Ok(Read::Data(bytes)) => {
                if cx.sys.write(to, &bytes).is_err() {
                    return false;
                }
            }
            Ok(Read::WouldBlock) => return true,
            Ok(Read::End) | Err(_) => return false,
        }
    }
    true
}

/// What the status at a command's end means here.
/// Upstream: client-go/tools/remotecommand/v4.go, decodeStream.
pub(super) fn end_of(status: &Value) -> Result<i32, CmdError> {
    if status.is_null() || status.get("status").text() == "Success" {
        return Ok(0);
    }
    if status.get("reason").text() == "NonZeroExitCode" {
        let causes = status.at(&["details", "causes"]).as_array();
        let code = causes.iter().find(|c| c.get("reason").text() == "ExitCode");
        let code: i32 = code.and_then(|c| c.get("message").text().parse().ok()).unwrap_or(1);
        return Err(CmdError::Exit(code, format!("command terminated with exit code {code}")));
    }
    Err(CmdError::plain(status.get("message").text()))
}

impl Machine for Streams {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        match self.pump(cx) {
            Some(status) => end_of(&status).map(Flow::Exit),
            None => Ok(Flow::Wait(self.wait())),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, cx: &mut Cx) -> bool {
        let _ = signal;
        self.restore(cx);
        false
    }
}
