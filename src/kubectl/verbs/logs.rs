//! `kubectl logs`: what containers wrote.
//!
//! Upstream: kubectl/pkg/cmd/logs/logs.go, kubectl/pkg/polymorphichelpers/logsforobject.go.

use super::super::client::{Selectors, Text};
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::{Cx, Flow, Machine, Next};
use super::common;
use super::exec::{Order, choose_container, find_pod, selector_of};
use crate::base::value::Value;
use crate::os::{Accept, Fd, Read, Request, Wait};

const FLAGS: &[Flag] = &[
    flag("all-containers", Kind::Bool, "false"),
    flag("all-pods", Kind::Bool, "false"),
    flag("container", Kind::Text, "").short('c'),
    flag("follow", Kind::Bool, "false").short('f'),
    flag("ignore-errors", Kind::Bool, "false"),
    flag("insecure-skip-tls-verify-backend", Kind::Bool, "false"),
    flag("limit-bytes", Kind::Int, "0"),
    flag("max-log-requests", Kind::Int, "5"),
    flag("pod-running-timeout", Kind::Duration, "20s"),
    flag("prefix", Kind::Bool, "false"),
    flag("previous", Kind::Bool, "false").short('p'),
    flag("since", Kind::Duration, "0s"),
    flag("since-time", Kind::Text, ""),
    flag("tail", Kind::Int, "-1"),
    flag("timestamps", Kind::Bool, "false"),
];

pub(crate) static VERB: Verb =
    Verb { name: "logs", flags: &[FLAGS, common::SELECTOR], run: Some(run), ..Verb::EMPTY };

const EXPECTED: &str = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let selector = args.text("selector");
    if (args.pos.is_empty() && selector.is_empty()) || args.pos.len() > 2 {
        return Err(CmdError::usage_help(&args.path, EXPECTED));
    }
    if args.pos.len() == 1 && !selector.is_empty() {
        return Err(CmdError::usage_help(
            &args.path,
            "only a selector (-l) or a POD name is allowed",
        ));
    }
    let container = args.pos.get(1).map_or(args.text("container"), String::as_str);
    let pods = pods(cx)?;
    check(cx, container)?;
    let prefix = args.is("prefix") || args.is("all-pods");
    let mut sources = Vec::new();
    for pod in &pods {
        for name in containers(cx, pod, container)? {
            sources.push((pod.clone(), name));
        }
    }
    let follow = args.is("follow");
    let limit = args.int("max-log-requests");
    if follow && sources.len() > 1 && sources.len() as i64 > limit {
        return Err(CmdError::plain(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {limit}, use --max-log-requests to increase the limit",
            sources.len()
        )));
    }
    let mut streams = Vec::new();
    for (pod, container) in sources {
        let meta = pod.get("metadata");
        let name = meta.get("name").text();
        let head = if prefix { format!("[pod/{name}/{container}] ") } else { String::new() };
        let path = format!("/api/v1/namespaces/{}/pods/{name}/log", meta.get("namespace").text());
        match cx.text_or_stream(with_options(cx, Request::get(path), &container)) {
            Ok(Text::Whole(text)) => cx.out(&prefixed(&text, &head)),
            Ok(Text::Stream(fd)) => streams.push(Stream { fd, head, rest: String::new() }),
            Err(error) if args.is("ignore-errors") => {
                cx.err(&format!("error: {}\n", error.message()));
            }
            Err(error) => return Err(error),
        }
    }
    if streams.is_empty() {
        return Ok(Next::Done);
    }
    Ok(Next::Wait(Box::new(Following { streams })))
}

fn check(cx: &mut Cx, container: &str) -> Result<(), CmdError> {
    let args = cx.args();
    if !args.text("since-time").is_empty() && args.duration("since").0 != 0 {
        return Err(CmdError::plain(
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ));
    }
    if args.is("all-containers") && !container.is_empty() {
        return Err(CmdError::plain(format!(
            "--all-containers=true should not be specified with container name {container}"
        )));
    }
    if args.changed("container") && args.pos.len() == 2 {
        return Err(CmdError::plain("only one of -c or an inline [CONTAINER] arg is allowed"));
    }
    if args.int("limit-bytes") < 0 {
        return Err(CmdError::plain("--limit-bytes must be greater than 0"));
    }
    if args.duration("since").0 < 0 {
        return Err(CmdError::plain("--since must be greater than 0"));
    }
    if args.int("tail") < -1 {
        return Err(CmdError::plain("--tail must be greater than or equal to -1"));
    }
    Ok(())
}

fn pods(cx: &mut Cx) -> Result<Vec<Value>, CmdError> {
    let args = cx.args();
    let ns = cx.namespace();
    let selector = args.text("selector");
    if selector.is_empty() {
        let argument = args.pos.first().map(String::as_str);
        if args.is("all-pods")
            && let Some(name) = argument.filter(|a| a.contains('/'))
        {
            let query = super::super::resources::Query {
                args: vec![name.to_owned()],
                ..super::super::resources::Query::of(cx)
            };
            for info in query.run(cx)?.all()? {
                if let Some(labels) = selector_of(&info.object) {
                    return super::exec::pods_of(cx, &info.ns, &labels, Order::Logging);
                }
            }
        }
        return match find_pod(cx, argument, Order::Logging) {
            Ok(pod) => Ok(vec![pod]),
            Err(error) if error.is_not_found() => Err(CmdError::plain(format!(
                "error from server (NotFound): {} in namespace \"{ns}\"",
                error.message()
            ))),
            Err(error) => Err(error),
        };
    }
    let resource = cx.mapper()?.find("pods")?;
    let selectors = Selectors { labels: selector.to_owned(), ..Selectors::default() };
    let list = cx.list(&resource, &ns, &selectors, Accept::Json)?;
    let items = list.get("items").as_array().to_vec();
    if items.is_empty() {
        cx.err(&format!("No resources found in {ns} namespace.\n"));
    }
    Ok(items)
}

fn containers(cx: &mut Cx, pod: &Value, wanted: &str) -> Result<Vec<String>, CmdError> {
    if !cx.env.args.is("all-containers") {
        return Ok(vec![choose_container(cx, pod, wanted, false)?]);
    }
    let mut names = Vec::new();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        names.extend(
            pod.at(&["spec", field]).as_array().iter().map(|c| c.get("name").text().to_owned()),
        );
    }
    Ok(names)
}

fn with_options(cx: &Cx, mut request: Request, container: &str) -> Request {
    let args = &cx.env.args;
    request = request.param("container", container);
    for flag in ["follow", "previous", "timestamps"] {
        if args.is(flag) {
            request = request.param(flag, "true");
        }
    }
    let since = args.duration("since");
    if since.0 != 0 {
        request = request.param("sinceSeconds", ((since.0 + 500_000) / 1_000_000).to_string());
    }
    if !args.text("since-time").is_empty() {
        request = request.param("sinceTime", args.text("since-time"));
    }
    if args.int("limit-bytes") != 0 {
        request = request.param("limitBytes", args.text("limit-bytes"));
    }
    if args.int("tail") != -1 {
        request = request.param("tailLines", args.text("tail"));
    } else if !args.text("selector").is_empty() && !args.changed("tail") {
        request = request.param("tailLines", "10");
    }
    request
}

fn prefixed(text: &str, head: &str) -> String {
    if head.is_empty() {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| format!("{head}{line}")).collect()
}

#[derive(Clone)]
struct Stream {
    fd: Fd,
    head: String,
    /// The beginning of a line whose end is not there yet.
    rest: String,
}

/// Prints several logs as they grow, line by line.
#[derive(Clone)]
struct Following {
    streams: Vec<Stream>,
}

impl Machine for Following {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        let mut open = Vec::new();
        for mut stream in std::mem::take(&mut self.streams) {
            let mut ended = false;
            loop {
                match cx.sys.read(stream.fd, 16 * 1024) {
                    Ok(Read::Data(bytes)) => stream.rest.push_str(&String::from_utf8_lossy(&bytes)),
                    Ok(Read::WouldBlock) => break,
                    Ok(Read::End) | Err(_) => {
                        ended = true;
                        break;
                    }
                }
            }
            let whole = if ended {
                stream.rest.len()
            } else {
                stream.rest.rfind('\n').map_or(0, |at| at + 1)
            };
            let lines: String = stream.rest.drain(..whole).collect();
            if !lines.is_empty() {
                cx.out(&prefixed(&lines, &stream.head));
            }
            if ended {
                cx.sys.close(stream.fd);
            } else {
                open.push(stream);
            }
        }
        self.streams = open;
        if self.streams.is_empty() {
            return Ok(Flow::Exit(0));
        }
        let readable = self.streams.iter().map(|s| s.fd).collect();
        Ok(Flow::Wait(Wait { readable, ..Wait::default() }))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
