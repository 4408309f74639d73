//! `kubectl __complete`: what could stand at the end of a command line.
//!
//! Upstream: vendor/github.com/spf13/cobra/completions.go, kubectl/pkg/util/completion/completion.go.

use std::rc::Rc;

use super::super::client::Selectors;
use super::super::error::CmdError;
use super::super::flags::{self, Draft, Flag, Kind, Verb};
use super::super::{Cx, Next, help};
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::os::Accept;

pub(crate) static VERB: Verb = Verb { name: flags::COMPLETE, run: Some(run), ..Verb::EMPTY };

/// What a shell is to do with the answers, as cobra's bits and names.
const DEFAULT: u8 = 0;
const NO_SPACE: u8 = 2;
const NO_FILES: u8 = 4;
const FILE_ENDINGS: u8 = 8;

struct Answers {
    lines: Vec<String>,
    directive: u8,
}

impl Answers {
    /// Those of the words that begin as what was typed.
    fn of<T: AsRef<str>>(words: impl IntoIterator<Item = T>, typed: &str) -> Answers {
        let lines = words.into_iter().map(|w| w.as_ref().to_owned());
        let lines = lines.filter(|w| w.starts_with(typed)).collect();
        Answers { lines, directive: NO_FILES }
    }
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let Some((typed, given)) = args.pos.split_last() else {
        return Err(CmdError::plain("__complete requires at least one argument"));
    };
    let answers = match flags::draft(&super::ROOT, given) {
        Ok(draft) => {
            let ns = draft.args.text("namespace");
            if !ns.is_empty() {
                let mut config = (*cx.env.config).clone();
                ns.clone_into(&mut config.namespace);
                cx.env.config = Rc::new(config);
            }
            answers(cx, &draft, typed)
        }
        Err(_) => Answers { lines: Vec::new(), directive: DEFAULT },
    };
    let mut text = String::new();
    for line in &answers.lines {
        text.push_str(line);
        text.push('\n');
    }
    cx.out(&format!("{text}:{}\n", answers.directive));
    let names = [
        (NO_SPACE, "ShellCompDirectiveNoSpace"),
        (NO_FILES, "ShellCompDirectiveNoFileComp"),
        (FILE_ENDINGS, "ShellCompDirectiveFilterFileExt"),
    ];
    let mut named: Vec<&str> =
        names.iter().filter(|(bit, _)| answers.directive & bit != 0).map(|(_, n)| *n).collect();
    if named.is_empty() {
        named.push("ShellCompDirectiveDefault");
    }
    cx.err(&format!("Completion ended with directive: {}\n", named.join(", ")));
    Ok(Next::Done)
}

fn answers(cx: &mut Cx, draft: &Draft, typed: &str) -> Answers {
    if let Some(flag) = draft.pending {
        return flag_values(cx, draft, &flag, typed);
    }
    let dashed = draft.args.dash.is_some();
    if let Some((name, value)) = typed.strip_prefix("--").and_then(|t| t.split_once('='))
        && let Some(flag) = draft.flags().iter().find(|f| f.name == name).filter(|_| !dashed)
    {
        return flag_values(cx, draft, flag, value);
    }
    if typed.starts_with('-') && !dashed {
        return flag_names(draft, typed);
    }
    let mut answers = arguments(cx, draft, typed);
    let missing = required(&draft.args.path).iter().filter(|name| !draft.args.changed(name));
    let missing: Vec<String> =
        missing.map(|name| described(&draft.args.path, &format!("--{name}"), name)).collect();
    answers.lines.splice(0..0, missing.into_iter().filter(|m| m.starts_with(typed)));
    answers
}

/// Flags without which a command does nothing.
fn required(path: &str) -> &'static [&'static str] {
    match path {
        "kubectl scale" => &["replicas"],
        "kubectl autoscale" => &["max"],
        "kubectl run" | "kubectl create deployment" => &["image"],
        "kubectl create cronjob" => &["image", "schedule"],
        _ => &[],
    }
}

fn described(path: &str, shown: &str, name: &str) -> String {
    let usage = help::usage(path, name).or_else(|| help::usage(help::OPTIONS, name));
    usage.map_or_else(|| shown.to_owned(), |usage| format!("{shown}\t{usage}"))
}

/// Flags by name: first those of all commands, then the command's own.
fn flag_names(draft: &Draft, typed: &str) -> Answers {
    let path = &draft.args.path;
    let own: Vec<Flag> = help::flags(path).collect();
    let globals = help::flags(help::OPTIONS).filter(|f| !own.iter().any(|o| o.name == f.name));
    let missing: Vec<&str> =
        required(path).iter().copied().filter(|name| !draft.args.changed(name)).collect();
    let mut all: Vec<Flag> = globals.collect();
    let at = own.iter().position(|f| f.name > "help").unwrap_or(own.len());
    all.extend(&own[..at]);
    all.push(flags::flag("help", Kind::Bool, "false").short('h'));
    all.extend(&own[at..]);
    let mut lines = Vec::new();
    for flag in all {
        let kind = draft.flags().iter().find(|f| f.name == flag.name).map_or(flag.kind, |f| f.kind);
        let again = matches!(kind, Kind::Slice | Kind::Array);
        if draft.args.changed(flag.name) && !again {
            continue;
        }
        if !missing.is_empty() && !missing.contains(&flag.name) {
            continue;
        }
        for shown in [format!("--{}", flag.name), format!("-{}", flag.short)] {
            if shown.starts_with(typed) && !shown.contains('\0') {
                let text = match flag.name {
                    "help" => {
                        let name = path.rsplit(' ').next().unwrap_or(path);
                        format!("{shown}\thelp for {name}")
                    }
                    name => described(path, &shown, name),
                };
                lines.push(text);
            }
        }
    }
    Answers { lines, directive: NO_FILES }
}

const FORMATS: &[&str] = &[
    "json",
    "yaml",
    "kyaml",
    "name",
    "go-template",
    "go-template-file",
    "template",
    "templatefile",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "custom-columns",
    "custom-columns-file",
    "wide",
];

fn flag_values(cx: &mut Cx, draft: &Draft, flag: &Flag, typed: &str) -> Answers {
    let config = cx.env.config.clone();
    let named = |list: &str| -> Vec<String> {
        let all = config.value.get(list).as_array();
        all.iter().map(|c| c.get("name").text().to_owned()).collect()
    };
    match flag.name {
        "namespace" => Answers::of(names(cx, "namespaces"), typed),
        "context" => Answers::of(named("contexts"), typed),
        "cluster" => Answers::of(named("clusters"), typed),
        "user" => Answers::of(named("users"), typed),
        "output" if matches!(draft.args.path.as_str(), "kubectl get") => {
            Answers::of(FORMATS.iter().copied(), typed)
        }
        "container" => match draft.args.pos.first().cloned() {
            Some(pod) => Answers::of(containers(cx, &pod), typed),
            None => Answers::of([""; 0], typed),
        },
        "filename" => {
            let endings = ["json", "yaml", "yml"].map(str::to_owned).to_vec();
            Answers { lines: endings, directive: FILE_ENDINGS }
        }
        _ => Answers { lines: Vec::new(), directive: DEFAULT },
    }
}

/// The names of the objects of a resource in the namespace.
fn names(cx: &mut Cx, resource: &str) -> Vec<String> {
    let ns = cx.namespace();
    let list = cx
        .mapper()
        .and_then(|mapper| mapper.find(resource))
        .and_then(|resource| cx.list(&resource, &ns, &Selectors::default(), Accept::Json));
    let Ok(list) = list else { return Vec::new() };
    let items = list.get("items").as_array();
    items.iter().map(|i| i.at(&["metadata", "name"]).text().to_owned()).collect()
}

fn containers(cx: &mut Cx, pod: &str) -> Vec<String> {
    let ns = cx.namespace();
    let Ok(resource) = cx.mapper().and_then(|mapper| mapper.find("pods")) else {
        return Vec::new();
    };
    let Ok(pod) = cx.get(&resource, &ns, pod.strip_prefix("pod/").unwrap_or(pod)) else {
        return Vec::new();
    };
    let of = |list: &str| -> Vec<String> {
        let all = pod.at(&["spec", list]).as_array();
        all.iter().map(|c: &Value| c.get("name").text().to_owned()).collect()
    };
    [of("initContainers"), of("containers")].concat()
}

/// What can stand as an argument.
fn arguments(cx: &mut Cx, draft: &Draft, typed: &str) -> Answers {
    let args = &draft.args;
    let path = args.path.as_str();
    if !args.verb.subs.is_empty() && args.pos.is_empty() {
        let mut found: Vec<(&str, &str)> = help::commands(path).collect();
        if path == "kubectl" {
            found.push(("help", "Help about any command"));
            found.push(("options", "Print the list of flags inherited by all commands"));
        }
        found.order();
        return Answers::of(found.iter().map(|(name, short)| format!("{name}\t{short}")), typed);
    }
    let workloads = &["deployment", "daemonset", "statefulset"][..];
    match path {
        "kubectl get"
        | "kubectl describe"
        | "kubectl delete"
        | "kubectl edit"
        | "kubectl label"
        | "kubectl annotate"
        | "kubectl patch"
        | "kubectl debug"
        | "kubectl apply view-last-applied"
        | "kubectl apply edit-last-applied" => types_and_names(cx, &args.pos, typed, &[], true),
        "kubectl scale" | "kubectl autoscale" => {
            let kinds = ["deployment", "replicaset", "replicationcontroller", "statefulset"];
            types_and_names(cx, &args.pos, typed, &kinds, true)
        }
        "kubectl rollout pause" | "kubectl rollout resume" => {
            types_and_names(cx, &args.pos, typed, &["deployment"], true)
        }
        "kubectl rollout restart" | "kubectl rollout history" | "kubectl rollout undo" => {
            types_and_names(cx, &args.pos, typed, workloads, true)
        }
        "kubectl rollout status" => types_and_names(cx, &args.pos, typed, workloads, false),
        "kubectl expose" => {
            let kinds = ["pod", "service", "replicationcontroller", "deployment", "replicaset"];
            types_and_names(cx, &args.pos, typed, &kinds, true)
        }
        "kubectl taint" => types_and_names(cx, &args.pos, typed, &["node"], true),
        "kubectl set image" => {
            let kinds = [
                "daemonsets",
                "deployments",
                "pods",
                "cronjobs",
                "replicasets",
                "replicationcontrollers",
                "statefulsets",
            ];
            types_and_names(cx, &args.pos, typed, &kinds, false)
        }
        "kubectl exec" | "kubectl attach" | "kubectl logs" | "kubectl port-forward" => {
            match args.pos.as_slice() {
                [] => pods(cx, typed),
                [pod] if path == "kubectl logs" => Answers::of(containers(cx, pod), typed),
                _ => Answers::of([""; 0], typed),
            }
        }
        "kubectl cordon" | "kubectl uncordon" | "kubectl drain" | "kubectl top node" => {
            one_name(cx, &args.pos, "nodes", typed)
        }
        "kubectl top pod" => one_name(cx, &args.pos, "pods", typed),
        "kubectl create token" => one_name(cx, &args.pos, "serviceaccounts", typed),
        "kubectl config use-context"
        | "kubectl config delete-context"
        | "kubectl config rename-context"
        | "kubectl config set-context" => {
            let contexts = cx.env.config.value.get("contexts").clone();
            let all = contexts.as_array().iter().map(|c| c.get("name").text());
            let all: Vec<&str> = if args.pos.is_empty() { all.collect() } else { Vec::new() };
            Answers::of(all, typed)
        }
        "kubectl completion" => Answers::of(["zsh", "fish", "powershell", "bash"], typed),
        _ => Answers { lines: Vec::new(), directive: DEFAULT },
    }
}

fn one_name(cx: &mut Cx, given: &[String], resource: &str, typed: &str) -> Answers {
    let all = if given.is_empty() { names(cx, resource) } else { Vec::new() };
    Answers::of(all, typed)
}

/// Pods, and the types of objects that have pods.
/// Upstream: completion.go, doPodResourceCompletion.
fn pods(cx: &mut Cx, typed: &str) -> Answers {
    if typed.contains('/') {
        return slash_names(cx, typed);
    }
    let mut answers = Answers::of(names(cx, "pods"), typed);
    if answers.lines.is_empty() {
        answers.directive |= NO_SPACE;
    }
    let kinds = [
        "daemonsets/",
        "deployments/",
        "pods/",
        "jobs/",
        "replicasets/",
        "replicationcontrollers/",
        "services/",
        "statefulsets/",
    ];
    answers.lines.extend(Answers::of(kinds, typed).lines);
    answers
}

fn slash_names(cx: &mut Cx, typed: &str) -> Answers {
    let kind = typed.split('/').next().unwrap_or("");
    let all = names(cx, kind).into_iter().map(|name| format!("{kind}/{name}"));
    Answers::of(all, typed)
}

/// Upstream: completion.go, resourceTypeAndNameCompletionFunc.
fn types_and_names(
    cx: &mut Cx,
    given: &[String],
    typed: &str,
    kinds: &[&str],
    repeat: bool,
) -> Answers {
    if let Some(first) = given.first().filter(|f| !f.contains('/')) {
        if !repeat && given.len() > 1 {
            return Answers::of([""; 0], typed);
        }
        let mut answers = Answers::of(names(cx, first), typed);
        answers.lines.retain(|name| !given[1..].contains(name));
        return answers;
    }
    if typed.contains('/') {
        if !repeat && !given.is_empty() {
            return Answers::of([""; 0], typed);
        }
        let mut answers = slash_names(cx, typed);
        answers.lines.retain(|name| !given.contains(name));
        return answers;
    }
    let all = if kinds.is_empty() {
        types(cx, typed)
    } else {
        kinds.iter().map(|k| (*k).to_owned()).collect()
    };
    if given.is_empty() {
        return Answers::of(all, typed);
    }
    if !repeat {
        return Answers::of([""; 0], typed);
    }
    let mut answers = Answers::of(all.into_iter().map(|k| format!("{k}/")), typed);
    answers.directive |= NO_SPACE;
    answers
}

/// The server's resources; behind a comma another one is meant.
fn types(cx: &mut Cx, typed: &str) -> Vec<String> {
    let Ok(mapper) = cx.mapper() else { return Vec::new() };
    let mut all: Vec<_> =
        mapper.all.iter().filter(|r| r.verbs.iter().any(|v| v == "get")).collect();
    all.order_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural)));
    let before = typed.rfind(',').map_or("", |at| &typed[..=at]);
    all.iter().map(|r| format!("{before}{}", r.group_resource())).collect()
}
