//! `kubectl set`: change one thing of a pod template or a Service.
//!
//! Upstream: kubectl/pkg/cmd/set/{set_image,set_env,set_resources,set_serviceaccount,set_selector,helper}.go
//! and kubectl/pkg/cmd/set/env.
//! Simplified: `set subject` is left out; `set env --list --resolve` shows references.

use super::super::client::STRATEGIC_PATCH;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::api::names;
use crate::api::schema::PatchSchema;
use crate::base::human::quote;
use crate::base::patch;
use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::value;

const LOCAL: &[Flag] = &[flag("local", Kind::Bool, "false")];

const CONTAINERS: &[Flag] = &[flag("containers", Kind::Text, "*").short('c')];

const ENV: &[Flag] = &[
    flag("env", Kind::Array, "").short('e'),
    flag("from", Kind::Text, ""),
    flag("keys", Kind::Slice, ""),
    flag("list", Kind::Bool, "false"),
    flag("overwrite", Kind::Bool, "true"),
    flag("prefix", Kind::Text, ""),
    flag("resolve", Kind::Bool, "false"),
];

const RESOURCES: &[Flag] = &[flag("limits", Kind::Text, ""), flag("requests", Kind::Text, "")];

static IMAGE_VERB: Verb = Verb {
    name: "image",
    flags: &[LOCAL, print::FLAGS, common::FILES, common::SELECTOR, common::ALL, common::DRY_RUN],
    run: Some(image),
    ..Verb::EMPTY
};

static ENV_VERB: Verb = Verb {
    name: "env",
    flags: &[
        ENV,
        CONTAINERS,
        LOCAL,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::ALL,
        common::DRY_RUN,
    ],
    run: Some(env),
    ..Verb::EMPTY
};

static RESOURCES_VERB: Verb = Verb {
    name: "resources",
    flags: &[
        RESOURCES,
        CONTAINERS,
        LOCAL,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::ALL,
        common::DRY_RUN,
    ],
    run: Some(resources),
    ..Verb::EMPTY
};

static ACCOUNT_VERB: Verb = Verb {
    name: "serviceaccount",
    aliases: &["sa"],
    flags: &[LOCAL, print::FLAGS, common::FILES, common::ALL, common::DRY_RUN],
    run: Some(account),
    ..Verb::EMPTY
};

static SELECTOR_VERB: Verb = Verb {
    name: "selector",
    flags: &[
        LOCAL,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::FIELD_SELECTOR,
        common::ALL_NAMESPACES,
        common::ALL,
        common::DRY_RUN,
        &[flag("resource-version", Kind::Text, "")],
    ],
    run: Some(selector),
    ..Verb::EMPTY
};

static SUBJECT_VERB: Verb = Verb {
    name: "subject",
    run: Some(|_| Err(CmdError::not_simulated("kubectl set subject"))),
    ..Verb::EMPTY
};

pub(crate) static VERB: Verb = Verb {
    name: "set",
    subs: &[&ENV_VERB, &IMAGE_VERB, &RESOURCES_VERB, &SELECTOR_VERB, &ACCOUNT_VERB, &SUBJECT_VERB],
    ..Verb::EMPTY
};

/// The objects to change: all of them, or the first thing that is wrong.
fn targets(cx: &mut Cx, resources: Vec<String>) -> Result<Vec<Info>, CmdError> {
    let local = cx.env.args.is("local");
    if local && !resources.is_empty() {
        return Err(CmdError::plain(
            "error: you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'",
        ));
    }
    let query = Query { args: resources, latest: !local, ..Query::of(cx) };
    query.run(cx)?.all()
}

/// What a change is called in messages.
struct Words {
    done: &'static str,
    failed: &'static str,
    /// Objects that stay the same are sent and named too.
    says_always: bool,
}

/// Changes objects by patches; objects that stay the same are passed over.
/// Upstream: helper.go, CalculatePatches, and each command's Run.
fn change(
    cx: &mut Cx,
    infos: Vec<Info>,
    words: &Words,
    mut mutate: impl FnMut(&mut Cx, &mut Value, &mut Vec<CmdError>) -> Result<(), CmdError>,
) -> Result<Next, CmdError> {
    let args = cx.args();
    let dry_run = DryRun::of(cx)?;
    let mut printer = common::done_printer(cx)?;
    let mut errors = Vec::new();
    for info in infos {
        let mut object = info.object.clone();
        if let Err(error) = mutate(cx, &mut object, &mut errors) {
            let name = format!("{}/{}", info.resource.plural, info.name);
            errors.push(CmdError::Plain(format!("error: {name} {}\n", error.message())));
            continue;
        }
        let body = difference(&info, &object)?;
        if body.is_empty() && !words.says_always {
            continue;
        }
        let object = if args.is("local") || dry_run == DryRun::Client {
            object
        } else {
            let params = common::write_params(&args, dry_run, "kubectl-set");
            match cx.patch(&info.path(), STRATEGIC_PATCH, body, &params) {
                Ok(object) => object,
                Err(error) if words.failed.is_empty() => return Err(error),
                Err(error) => {
                    let text = format!("{} {}", words.failed, error.message());
                    errors.push(CmdError::Plain(text));
                    continue;
                }
            }
        };
        common::print_done(cx, &mut printer, &object, &dry_run.done(words.done))?;
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

fn difference(info: &Info, changed: &Value) -> Result<Value, CmdError> {
    let r = &info.resource;
    match PatchSchema::of_gvk(&r.group, &r.version, &r.kind) {
        Some(schema) => {
            patch::two_way_merge(&info.object, changed, &schema).map_err(CmdError::plain)
        }
        None => Ok(patch::create_merge_patch(&info.object, changed)),
    }
}

/// Where an object's pod spec is.
/// Upstream: polymorphichelpers/updatepodspec.go.
fn pod_spec_path(object: &Value) -> Option<&'static [&'static str]> {
    match object.get("kind").text() {
        "Pod" => Some(&["spec"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job" => Some(&["spec", "template", "spec"]),
        _ => None,
    }
}

fn pod_spec(object: &Value) -> Result<&'static [&'static str], CmdError> {
    pod_spec_path(object).ok_or_else(|| {
        CmdError::plain(format!(
            "the object is not a pod or does not have a pod template: *v1.{}",
            object.get("kind").text()
        ))
    })
}

/// Changes each container whose name the pattern matches; the number of those.
fn each_container(spec: &mut Value, pattern: &str, mut change: impl FnMut(&mut Value)) -> usize {
    let mut count = 0;
    for list in ["containers", "initContainers"] {
        let mut containers = spec.get(list).as_array().to_vec();
        if containers.is_empty() {
            continue;
        }
        for container in &mut containers {
            if matches(container.get("name").text(), pattern) {
                count += 1;
                change(container);
            }
        }
        spec.set(list, Value::array(containers));
    }
    count
}

/// Upstream: helper.go, selectString: `*` stands for any text.
fn matches(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or("");
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

fn both_all_and_selector(cx: &Cx) -> bool {
    cx.env.args.is("all") && !cx.env.args.text("selector").is_empty()
}

const BOTH: &str = "cannot set --all and --selector at the same time";
const NO_RESOURCES: &str =
    "one or more resources must be specified as <resource> <name> or <resource>/<name>";
const LOCAL_SERVER: &str =
    "cannot specify --local and --dry-run=server - did you mean --dry-run=client?";

/// `kubectl set image`.
fn image(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let (resources, pairs) = common::split_pairs(&args.pos, "image")?;
    let mut images: Vec<(String, String)> = Vec::new();
    for pair in &pairs {
        match pair.split_once('=') {
            Some((name, image)) if !image.is_empty() => {
                images.push((name.to_owned(), image.to_owned()));
            }
            _ => return Err(CmdError::plain(format!("invalid image format: {pair}"))),
        }
    }
    let nothing_named = resources.is_empty() && args.list("filename").is_empty();
    let infos = if nothing_named { Vec::new() } else { targets(cx, resources)? };
    let mut errors = Vec::new();
    if both_all_and_selector(cx) {
        errors.push(CmdError::plain(BOTH));
    }
    if nothing_named {
        errors.push(CmdError::plain(NO_RESOURCES));
    }
    if images.is_empty() {
        errors.push(CmdError::plain("at least one image update is required"));
    } else if images.len() > 1 && images.iter().any(|(name, _)| name == "*") {
        errors.push(CmdError::plain(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    if args.is("local") && args.text("dry-run") == "server" {
        errors.push(CmdError::plain(LOCAL_SERVER));
    }
    CmdError::from_many(errors)?;
    let words = Words {
        done: "image updated",
        failed: "failed to patch image update to pod template:",
        says_always: false,
    };
    change(cx, infos, &words, |_, object, errors| {
        let path = pod_spec(object)?;
        for (name, image) in &images {
            let count = each_container(object.entry_at(path), name, |container| {
                container.set("image", image.as_str());
            });
            if count == 0 {
                errors.push(CmdError::Plain(format!(
                    "error: unable to find container named {}",
                    quote(name)
                )));
            }
        }
        Ok(())
    })
}

/// `kubectl set resources`.
fn resources(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let infos = targets(cx, args.pos.clone())?;
    if args.is("local") && args.text("dry-run") == "server" {
        return Err(CmdError::plain(LOCAL_SERVER));
    }
    if both_all_and_selector(cx) {
        return Err(CmdError::plain(BOTH));
    }
    let mut wanted = Vec::new();
    for name in ["limits", "requests"] {
        wanted.push((name, amounts(args.text(name))?));
    }
    if wanted.iter().all(|(_, amounts)| amounts.is_empty()) {
        return Err(CmdError::plain(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let words = Words {
        done: "resource requirements updated",
        failed: "failed to patch resources update to pod template",
        says_always: false,
    };
    let pattern = args.text("containers");
    change(cx, infos, &words, |_, object, errors| {
        let path = pod_spec(object)?;
        let count = each_container(object.entry_at(path), pattern, |container| {
            for (list, amounts) in &wanted {
                for (name, amount) in amounts {
                    container.set_at(&["resources", list, name.as_str()], amount.as_str());
                }
            }
        });
        if count == 0 {
            let text = format!("error: unable to find container named {pattern}");
            errors.push(CmdError::Plain(text));
        }
        Ok(())
    })
}

/// `cpu=100m,memory=1Gi`. Upstream: kubectl/pkg/generate/versioned/run.go, populateResourceListV1.
pub(super) fn amounts(text: &str) -> Result<Vec<(String, String)>, CmdError> {
    let mut out = Vec::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let mut words = part.split('=');
        match (words.next(), words.next(), words.next()) {
            (Some(name), Some(amount), None) => {
                let amount =
                    Quantity::parse(amount).map_err(|error| CmdError::plain(error.to_string()))?;
                out.push((name.to_owned(), amount.to_string()));
            }
            _ => {
                return Err(CmdError::plain(format!(
                    "Invalid argument syntax {part}, expected <resource>=<value>"
                )));
            }
        }
    }
    Ok(out)
}

/// `kubectl set serviceaccount`.
fn account(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if args.is("local") && args.text("dry-run") == "server" {
        return Err(CmdError::plain(LOCAL_SERVER));
    }
    let Some((name, resources)) = args.pos.split_last() else {
        return Err(CmdError::plain("serviceaccount is required"));
    };
    let infos = targets(cx, resources.to_vec())?;
    let words = Words {
        done: "serviceaccount updated",
        failed: "failed to patch ServiceAccountName",
        says_always: true,
    };
    change(cx, infos, &words, |_, object, _| {
        let path = pod_spec(object)?;
        object.entry_at(path).set("serviceAccountName", name.as_str());
        Ok(())
    })
}

/// `kubectl set selector`.
fn selector(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let Some((text, resources)) = args.pos.split_last() else {
        return Err(CmdError::plain("one selector is required"));
    };
    let mut labels = Value::map();
    for part in text.split(',').filter(|p| !p.is_empty()) {
        match part.split_once('=') {
            Some((key, value)) => labels.set(key.trim(), value.trim_start_matches('=').trim()),
            None => {
                return Err(CmdError::plain(format!(
                    "match expression {part} not supported on this object"
                )));
            }
        }
    }
    let infos = targets(cx, resources.to_vec())?;
    if infos.iter().any(|i| i.resource.kind != "Service") {
        return Err(CmdError::plain("setting a selector is only supported for Services"));
    }
    let words = Words { done: "selector updated", failed: "", says_always: true };
    let revision = args.text("resource-version");
    change(cx, infos, &words, |_, object, _| {
        object.set_at(&["spec", "selector"], labels.clone());
        if !revision.is_empty() {
            object.set_at(&["metadata", "resourceVersion"], revision);
        }
        Ok(())
    })
}

/// Variables to set and names to remove.
#[derive(Default)]
struct Variables {
    set: Vec<Value>,
    remove: Vec<String>,
}

/// `kubectl set env`.
fn env(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if both_all_and_selector(cx) {
        return Err(CmdError::plain(BOTH));
    }
    let (resources, pairs) = split_env(&args.pos)?;
    if args.is("local") && args.text("dry-run") == "server" {
        return Err(CmdError::plain(LOCAL_SERVER));
    }
    if resources.is_empty() && args.list("filename").is_empty() {
        return Err(CmdError::plain(NO_RESOURCES));
    }
    if args.is("list") && !args.text("output").is_empty() {
        return Err(CmdError::plain("--list and --output may not be specified together"));
    }
    if !args.list("keys").is_empty() && args.text("from").is_empty() {
        return Err(CmdError::plain(
            "when specifying --keys, a configmap or secret must be provided with --from",
        ));
    }
    let given = [args.list("env"), pairs].concat();
    let mut variables = variables(&given)?;
    if !args.text("from").is_empty() {
        let more = from_object(cx, args.text("from"))?;
        variables.set.extend(more);
    }
    for variable in &mut variables.set {
        let name = format!("{}{}", args.text("prefix"), variable.get("name").text());
        variable.set("name", name);
    }
    let infos = targets(cx, resources)?;
    let listing = args.is("list");
    if !listing && given.is_empty() && variables.set.is_empty() {
        return Err(CmdError::plain("at least one environment variable must be provided"));
    }
    let words = Words {
        done: "env updated",
        failed: "failed to patch env update to pod template:",
        says_always: false,
    };
    if listing {
        for info in infos {
            let mut object = info.object;
            let path = pod_spec(&object)?;
            set_env(cx, &mut object, path, &variables)?;
            list_env(cx, &object, path);
        }
        return Ok(Next::Done);
    }
    change(cx, infos, &words, |cx, object, _| {
        let path = pod_spec(object)?;
        set_env(cx, object, path, &variables)
    })
}

/// Upstream: env_parse.go, SplitEnvironmentFromResources.
fn split_env(args: &[String]) -> Result<(Vec<String>, Vec<String>), CmdError> {
    let (mut resources, mut pairs) = (Vec::new(), Vec::new());
    for arg in args {
        let is_env = arg.find('=').is_some_and(|at| at > 0) || arg.ends_with('-');
        if is_env {
            pairs.push(arg.clone());
        } else if pairs.is_empty() {
            resources.push(arg.clone());
        } else {
            return Err(CmdError::plain(format!(
                "all resources must be specified before environment changes: {}",
                args.join(" ")
            )));
        }
    }
    Ok((resources, pairs))
}

/// Upstream: env_parse.go, parseIntoEnvVar.
fn variables(given: &[String]) -> Result<Variables, CmdError> {
    let mut out = Variables::default();
    for text in given {
        if let Some((name, value)) = text.split_once('=') {
            let faults = names::env_name(name);
            if !faults.is_empty() {
                return Err(CmdError::plain(format!(
                    "{} is not a valid key name: {}",
                    quote(name),
                    faults.join(";")
                )));
            }
            out.set.push(value!({"name": name, "value": value}));
        } else if let Some(name) = text.strip_suffix('-') {
            out.remove.push(name.to_owned());
        } else {
            return Err(CmdError::plain(format!("unknown environment variable: {text}")));
        }
    }
    if out.remove.iter().any(|r| out.set.iter().any(|v| v.get("name").text() == r)) {
        return Err(CmdError::plain(
            "can not both modify and remove the same environment variable in the same command",
        ));
    }
    Ok(out)
}

/// Variables that refer to the keys of a ConfigMap or Secret.
fn from_object(cx: &mut Cx, from: &str) -> Result<Vec<Value>, CmdError> {
    let keys = cx.env.args.list("keys");
    let mut out = Vec::new();
    for info in targets(cx, vec![from.to_owned()])? {
        let field = match info.resource.kind.as_str() {
            "ConfigMap" => "configMapKeyRef",
            "Secret" => "secretKeyRef",
            _ => return Err(CmdError::plain("unsupported resource specified in --from")),
        };
        for (key, _) in info.object.get("data").entries() {
            if !keys.is_empty() && !keys.iter().any(|k| k == key.as_str()) {
                continue;
            }
            let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
            let name: String = key.chars().map(plain).collect::<String>().to_uppercase();
            if name != key.as_str() {
                cx.err(&format!("Warning: key {key} transferred to {name}\n"));
            }
            let mut variable = value!({"name": name});
            variable.set_at(
                &["valueFrom", field],
                value!({"name": info.name.as_str(), "key": key.as_str()}),
            );
            out.push(variable);
        }
    }
    Ok(out)
}

fn set_env(
    cx: &mut Cx,
    object: &mut Value,
    path: &[&str],
    variables: &Variables,
) -> Result<(), CmdError> {
    let args = cx.args();
    let pattern = args.text("containers");
    let mut refused = None;
    let count = each_container(object.entry_at(path), pattern, |container| {
        let old = container.get("env").as_array().to_vec();
        let clash = variables.set.iter().find(|v| {
            old.iter().any(|o| o.get("name") == v.get("name") && o.get("value") != v.get("value"))
        });
        if let Some(clash) = clash.filter(|_| !args.is("overwrite")) {
            let name = clash.get("name").text();
            let had = old.iter().find(|o| o.get("name").text() == name);
            refused = Some(format!(
                "'{name}' already has a value ({}), and --overwrite is false",
                had.map_or("", |h| h.get("value").text())
            ));
        }
        let new = merged_env(&old, variables);
        if new.is_empty() {
            container.remove("env");
        } else {
            container.set("env", Value::array(new));
        }
    });
    if let Some(text) = refused {
        return Err(CmdError::plain(text));
    }
    if count == 0 {
        cx.err(&format!(
            "Warning: {}/{} does not have any containers matching {}\n",
            object.get("kind").text(),
            object.at(&["metadata", "name"]).text(),
            quote(pattern)
        ));
    }
    Ok(())
}

/// Upstream: helper.go, updateEnv.
fn merged_env(old: &[Value], variables: &Variables) -> Vec<Value> {
    let mut covered: Vec<&str> = variables.remove.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    for variable in old {
        let name = variable.get("name").text();
        if covered.contains(&name) {
            continue;
        }
        match variables.set.iter().find(|v| v.get("name").text() == name) {
            Some(newer) => {
                covered.push(name);
                out.push(newer.clone());
            }
            None => out.push(variable.clone()),
        }
    }
    for variable in &variables.set {
        let name = variable.get("name").text();
        if !covered.contains(&name) {
            covered.push(name);
            out.push(variable.clone());
        }
    }
    out
}

fn list_env(cx: &mut Cx, object: &Value, path: &[&str]) {
    let pattern = cx.env.args.text("containers").to_owned();
    let spec = object.at(path).clone();
    let (kind, name) = (object.get("kind").text(), object.at(&["metadata", "name"]).text());
    for list in ["containers", "initContainers"] {
        for container in spec.get(list).as_array() {
            if !matches(container.get("name").text(), &pattern) {
                continue;
            }
            let container_name = container.get("name").text();
            cx.out(&format!("# {kind} {name}, container {container_name}\n"));
            for variable in container.get("env").as_array() {
                let (name, from) = (variable.get("name").text(), variable.get("valueFrom"));
                if from.is_null() {
                    cx.out(&format!("{name}={}\n", variable.get("value").text()));
                } else {
                    cx.out(&format!("# {name} from {}\n", reference(from)));
                }
            }
        }
    }
}

/// Upstream: env_resolve.go, GetEnvVarRefString.
fn reference(from: &Value) -> String {
    let part = |field: &str, name: &str| from.at(&[field, name]).text().to_owned();
    if !from.get("configMapKeyRef").is_null() {
        let field = "configMapKeyRef";
        return format!("configmap {}, key {}", part(field, "name"), part(field, "key"));
    }
    if !from.get("secretKeyRef").is_null() {
        let field = "secretKeyRef";
        return format!("secret {}, key {}", part(field, "name"), part(field, "key"));
    }
    if !from.get("fieldRef").is_null() {
        return format!("field path {}", part("fieldRef", "fieldPath"));
    }
    if from.get("resourceFieldRef").is_null() {
        return "invalid valueFrom".to_owned();
    }
    let container = part("resourceFieldRef", "containerName");
    let container = if container.is_empty() { container } else { format!("{container}/") };
    format!("resource field {container}{}", part("resourceFieldRef", "resource"))
}
