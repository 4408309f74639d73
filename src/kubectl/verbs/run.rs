//! `kubectl run`: make a pod, and perhaps attach to it.
//!
//! Upstream: kubectl/pkg/cmd/run/run.go, kubectl/pkg/cmd/attach/attach.go, kubectl/pkg/generate/versioned/run.go.

use super::super::client::{Selectors, Text};
use super::super::error::CmdError;
use super::super::flags::{Args, Flag, Kind, Verb, flag};
use super::super::resources::{Info, Resource};
use super::super::{Cx, Flow, Machine, Next, print};
use super::common::{self, DryRun};
use super::delete::{Deletion, delete_one};
use super::exec::{Streams, check_tty};
use crate::api::names;
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Accept, Method, Request, Signal, Wait, Watch};
use crate::value;
use std::rc::Rc;

const FLAGS: &[Flag] = &[
    flag("annotations", Kind::Array, ""),
    flag("attach", Kind::Bool, "false"),
    flag("command", Kind::Bool, "false"),
    flag("env", Kind::Array, ""),
    flag("expose", Kind::Bool, "false").absent(),
    flag("grace-period", Kind::Int, "-1"),
    flag("image", Kind::Text, ""),
    flag("image-pull-policy", Kind::Text, ""),
    flag("labels", Kind::Text, "").short('l'),
    flag("leave-stdin-open", Kind::Bool, "false"),
    flag("overrides", Kind::Text, ""),
    flag("override-type", Kind::Text, "merge"),
    flag("pod-running-timeout", Kind::Duration, "1m0s"),
    flag("port", Kind::Text, ""),
    flag("privileged", Kind::Bool, "false"),
    flag("quiet", Kind::Bool, "false").short('q'),
    flag("restart", Kind::Text, "Always"),
    flag("rm", Kind::Bool, "false"),
    flag("stdin", Kind::Bool, "false").short('i'),
    flag("tty", Kind::Bool, "false").short('t'),
];

pub(crate) static VERB: Verb = Verb {
    name: "run",
    flags: &[FLAGS, print::FLAGS, common::DRY_RUN],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if !args.changed("image") {
        return Err(CmdError::plain("required flag(s) \"image\" not set"));
    }
    let dry_run = DryRun::of(cx)?;
    let mut printer = common::done_printer(cx)?;
    let usage = |text: &str| Err(CmdError::usage_help(&args.path, text));
    if args.pos.is_empty() || args.dash == Some(0) {
        return usage("NAME is required for run");
    }
    let image = args.text("image");
    if image.is_empty() {
        return Err(CmdError::plain("--image is required"));
    }
    if !is_image(image) {
        return Err(CmdError::plain(format!(
            "Invalid image name \"{image}\": invalid reference format"
        )));
    }
    let (stdin, tty) = (args.is("stdin"), args.is("tty"));
    if tty && !stdin {
        return usage("-i/--stdin is required for containers with -t/--tty=true");
    }
    let attach = if args.changed("attach") { args.is("attach") } else { stdin };
    let restart = match args.text("restart") {
        "" if stdin => "OnFailure",
        "" | "Always" => "Always",
        "OnFailure" => "OnFailure",
        "Never" => "Never",
        other => return usage(&format!("invalid restart policy: {other}")),
    };
    let remove = args.is("rm");
    if remove && !attach {
        return usage("--rm should only be used for attached containers");
    }
    if attach && dry_run != DryRun::No {
        return usage(
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
        );
    }
    if !matches!(args.text("image-pull-policy"), "" | "Always" | "IfNotPresent" | "Never") {
        return usage(&format!("invalid image pull policy: {}", args.text("image-pull-policy")));
    }
    let pod = generate(&args, restart)?;
    let ns = cx.namespace();
    let mut created = pod.clone();
    if dry_run != DryRun::Client {
        let mut body = pod;
        body.set_at(&["metadata", "namespace"], ns.as_str());
        let mut request =
            Request::new(Method::Post, format!("/api/v1/namespaces/{ns}/pods")).body(body);
        for (key, value) in common::write_params(&args, dry_run, "kubectl-run") {
            request = request.param(key, value);
        }
        created = cx.call(request)?;
    }
    if !attach {
        common::print_done(cx, &mut printer, &created, &dry_run.done("created"))?;
        return Ok(Next::Done);
    }
    let resource = cx.mapper()?.find("pods")?;
    let name = created.at(&["metadata", "name"]).text().to_owned();
    let deadline = cx.sys.after(args.duration("pod-running-timeout"));
    let selectors = Selectors { fields: format!("metadata.name={name}"), ..Selectors::default() };
    let watch = cx.watch(&resource, &ns, &selectors, "", Accept::Json)?;
    Ok(Next::Wait(Box::new(Session {
        resource,
        ns,
        name,
        restart,
        remove,
        stdin,
        tty,
        quiet: args.is("quiet"),
        leave_open: args.is("leave-stdin-open"),
        watch,
        deadline,
        phase: Phase::Starting,
    })))
}

/// Whether text has the shape of an image reference.
/// Upstream: distribution/reference, ReferenceRegexp.
fn is_image(text: &str) -> bool {
    let (name, digest) = text.split_once('@').unwrap_or((text, "sha256:0"));
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (name, "latest"),
    };
    let word = |s: &str, extra: &str| {
        !s.is_empty()
            && s.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
            && s.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut parts: Vec<&str> = path.split('/').collect();
    let host = if parts.len() > 1 && (parts[0].contains(['.', ':']) || parts[0] == "localhost") {
        parts.remove(0)
    } else {
        "h"
    };
    word(host, ".:-")
        && parts.iter().all(|p| word(p, "._-") && !p.contains(|c: char| c.is_ascii_uppercase()))
        && word(tag, "._-")
        && word(digest, ":._+-")
}

/// Upstream: generate/versioned/run.go, BasicPod.Generate.
fn generate(args: &Args, restart: &str) -> Result<Value, CmdError> {
    let name = args.pos[0].as_str();
    let words: Vec<&str> = args.pos[1..].iter().map(String::as_str).collect();
    let mut labels = value!({ "run": name });
    if !args.text("labels").is_empty() {
        labels = Value::map();
        for pair in args.text("labels").split(',') {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(CmdError::plain(format!("unexpected label spec: {pair}")));
            };
            labels.set(key, value);
        }
    }
    let mut container = value!({ "image": args.text("image"), "name": name, "resources": {} });
    if !words.is_empty() {
        container.set(if args.is("command") { "command" } else { "args" }, words);
    }
    let mut env = Vec::new();
    for pair in args.list("env") {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() && names::env_name(key).is_empty() => {
                env.push(value!({ "name": key, "value": value }));
            }
            _ => return Err(CmdError::plain(format!("invalid env: {pair}"))),
        }
    }
    if !env.is_empty() {
        container.set("env", Value::array(env));
    }
    if !args.text("port").is_empty() {
        let text = args.text("port");
        let port: i64 = text.parse().map_err(|_| {
            CmdError::plain(format!("strconv.Atoi: parsing \"{text}\": invalid syntax"))
        })?;
        container.set("ports", Value::array(vec![value!({ "containerPort": port })]));
    }
    if !args.text("image-pull-policy").is_empty() {
        container.set("imagePullPolicy", args.text("image-pull-policy"));
    }
    if args.is("privileged") {
        container.set_at(&["securityContext", "privileged"], true);
    }
    if args.is("stdin") {
        container.set("stdin", true);
        if !args.is("leave-stdin-open") {
            container.set("stdinOnce", true);
        }
    }
    if args.is("tty") {
        container.set("tty", true);
    }
    let mut pod = value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "labels": labels, "name": name },
        "spec": { "containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart },
        "status": {}
    });
    for pair in args.list("annotations") {
        let (key, value) = pair.split_once('=').unwrap_or((&pair, ""));
        pod.set_at(&["metadata", "annotations", key], value);
    }
    if !args.text("overrides").is_empty() {
        let patch = crate::base::yaml::read(args.text("overrides"))
            .map_err(|e| CmdError::plain(e.to_string()))?;
        pod = match args.text("override-type") {
            "json" => {
                crate::base::patch::apply_json_patch(&pod, &patch).map_err(CmdError::plain)?
            }
            "merge" => crate::base::patch::merge_patch(&pod, &patch),
            "strategic" => {
                let schema = crate::api::schema::PatchSchema::of_gvk("", "v1", "Pod");
                match schema {
                    Some(schema) => crate::base::patch::strategic_merge(&pod, &patch, &schema)
                        .map_err(CmdError::plain)?,
                    None => pod,
                }
            }
            other => return Err(CmdError::plain(format!("invalid override type: {other}"))),
        };
    }
    Ok(pod)
}

#[derive(Clone)]
enum Phase {
    /// The pod is not running yet.
    Starting,
    /// Its main process has this terminal.
    Attached(Streams, bool),
    /// The session is over; the exit code is awaited.
    Ending,
}

/// Waits for the pod, attaches, waits for its end, removes it.
#[derive(Clone)]
struct Session {
    resource: Rc<Resource>,
    ns: String,
    name: String,
    restart: &'static str,
    remove: bool,
    stdin: bool,
    tty: bool,
    quiet: bool,
    leave_open: bool,
    watch: Watch,
    deadline: Time,
    phase: Phase,
}

impl Session {
    fn pod(&self, cx: &mut Cx) -> Result<Value, CmdError> {
        cx.get(&self.resource, &self.ns, &self.name)
    }

    fn sub(&self, sub: &str) -> String {
        format!("{}/{sub}", self.resource.path(&self.ns, &self.name))
    }

    fn container(pod: &Value) -> String {
        pod.at(&["spec", "containers"]).index(0).get("name").text().to_owned()
    }

    /// Prints the log so far.
    fn print_log(&self, cx: &mut Cx, pod: &Value) -> Result<(), CmdError> {
        let request = Request::get(self.sub("log")).param("container", Session::container(pod));
        if let Text::Whole(text) = cx.text_or_stream(request)? {
            cx.out(&text);
        }
        Ok(())
    }

    fn wait(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        cx.sys.poll(&mut self.watch)?;
        Ok(Flow::Wait(Wait::kind(self.watch.kind).or_until(self.deadline)))
    }

    /// Upstream: run.go, handleAttachPod.
    fn start(&mut self, cx: &mut Cx) -> Result<Option<Flow>, CmdError> {
        let pod = self.pod(cx)?;
        let status = pod.get("status");
        let ended = matches!(status.get("phase").text(), "Succeeded" | "Failed");
        let ready = status
            .get("conditions")
            .as_array()
            .iter()
            .any(|c| c.get("type").text() == "Ready" && c.get("status").text() == "True");
        let running = status.get("phase").text() == "Running" && ready;
        if !running && !ended {
            if cx.sys.now() >= self.deadline {
                self.clean_up(cx)?;
                return Err(CmdError::plain("timed out waiting for the condition"));
            }
            return self.wait(cx).map(Some);
        }
        if ended {
            self.print_log(cx, &pod)?;
            self.phase = Phase::Ending;
            return Ok(None);
        }
        let tty = self.tty && self.stdin && check_tty(cx, self.quiet);
        if self.stdin && !self.quiet {
            cx.err(common::RECORDED);
        }
        let mut request = Request::new(Method::Post, self.sub("attach"))
            .param("container", Session::container(&pod));
        for (key, wanted) in
            [("stdin", self.stdin), ("stdout", true), ("stderr", !tty), ("tty", tty)]
        {
            if wanted {
                request = request.param(key, "true");
            }
        }
        match cx.attach(request) {
            Ok(attach) => {
                self.print_log(cx, &pod)?;
                self.phase = Phase::Attached(Streams::new(cx, attach, tty), tty);
            }
            Err(error) => {
                cx.err(&format!(
                    "warning: couldn't attach to pod/{}, falling back to streaming logs: {}\n",
                    self.name,
                    error.message()
                ));
                self.print_log(cx, &pod)?;
                self.phase = Phase::Ending;
            }
        }
        Ok(None)
    }

    /// Upstream: run.go, the end of Run.
    fn end(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        if self.leave_open || self.restart == "Always" {
            self.clean_up(cx)?;
            return Ok(Flow::Exit(0));
        }
        let pod = self.pod(cx)?;
        let phase = pod.at(&["status", "phase"]).text().to_owned();
        let over = phase == "Succeeded" || (phase == "Failed" && self.restart == "Never");
        if !over {
            if cx.sys.now() >= self.deadline {
                self.clean_up(cx)?;
                return Err(CmdError::plain("timed out waiting for the condition"));
            }
            return self.wait(cx);
        }
        self.clean_up(cx)?;
        if phase == "Succeeded" {
            return Ok(Flow::Exit(0));
        }
        let terminated =
            pod.at(&["status", "containerStatuses"]).index(0).at(&["state", "terminated"]);
        let place = format!("{}/{}", self.ns, self.name);
        match terminated.get("exitCode").as_i64() {
            None | Some(0) => {
                Err(CmdError::plain(format!("pod {place} failed with unknown exit code")))
            }
            Some(code) => {
                let text = format!(
                    "pod {place} terminated ({})\n{}",
                    terminated.get("reason").text(),
                    terminated.get("message").text()
                );
                Err(CmdError::Exit(code as i32, text))
            }
        }
    }

    fn clean_up(&mut self, cx: &mut Cx) -> Result<(), CmdError> {
        if !std::mem::take(&mut self.remove) {
            return Ok(());
        }
        let info = Info {
            resource: self.resource.clone(),
            ns: self.ns.clone(),
            name: self.name.clone(),
            object: Value::Null,
            source: String::new(),
        };
        let deletion = Deletion {
            short: false,
            grace_s: -1,
            force: false,
            propagation: "Background",
            dry_run: DryRun::No,
            wait: false,
            timeout: Span::ZERO,
            quiet: self.quiet,
        };
        match delete_one(cx, &info, &deletion) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

impl Machine for Session {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        loop {
            match &mut self.phase {
                Phase::Starting => {
                    if let Some(flow) = self.start(cx)? {
                        return Ok(flow);
                    }
                }
                Phase::Attached(streams, tty) => {
                    let tty = *tty;
                    if streams.pump(cx).is_none() {
                        return Ok(Flow::Wait(streams.wait()));
                    }
                    if tty && self.stdin && !self.quiet {
                        let (name, ns) = (self.name.clone(), self.ns.clone());
                        cx.out(&format!(
                            "Session ended, resume using 'kubectl attach {name} -c {name} -n {ns} -i -t' command\n"
                        ));
                    }
                    self.deadline = cx.sys.after(Span::seconds(60));
                    self.phase = Phase::Ending;
                }
                Phase::Ending => return self.end(cx),
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }

    fn signal(&mut self, _signal: Signal, cx: &mut Cx) -> bool {
        if let Phase::Attached(streams, _) = &mut self.phase {
            streams.restore(cx);
        }
        // The pod is removed even when the session is cut short; a failure to do so has no one left to hear of it.
        let _ = self.clean_up(cx);
        false
    }
}
