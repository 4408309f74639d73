//! `kubectl config`: look at and change the kubeconfig.
//!
//! Upstream: kubectl/pkg/cmd/config.

use super::super::config::Config;
use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::print::{Extra, Format, Printer};
use super::super::{Cx, Next, print};
use crate::base::human::quote;
use crate::base::sort::InOrder;
use crate::base::tabwriter;
use crate::base::value::Value;
use crate::value;

pub(crate) static VERB: Verb = Verb {
    name: "config",
    subs: &[
        &CURRENT_CONTEXT,
        &DELETE_CLUSTER,
        &DELETE_CONTEXT,
        &DELETE_USER,
        &GET_CLUSTERS,
        &GET_CONTEXTS,
        &GET_USERS,
        &RENAME_CONTEXT,
        &SET,
        &SET_CLUSTER,
        &SET_CONTEXT,
        &SET_CREDENTIALS,
        &UNSET,
        &USE_CONTEXT,
        &VIEW,
    ],
    run: Some(unknown),
    ..Verb::EMPTY
};

fn unknown(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if args.pos.is_empty() {
        let text = super::super::help::text(&args).to_owned();
        cx.out(&text);
        return Ok(Next::Exit(1));
    }
    Err(CmdError::usage_help(&args.path, format!("unknown command {}", quote(&args.pos.join(" ")))))
}

static CURRENT_CONTEXT: Verb = Verb {
    name: "current-context",
    run: Some(|cx| {
        let current = cx.env.config.current().to_owned();
        if current.is_empty() {
            return Err(CmdError::plain("current-context is not set"));
        }
        cx.out(&format!("{current}\n"));
        Ok(Next::Done)
    }),
    ..Verb::EMPTY
};

static VIEW: Verb = Verb {
    name: "view",
    flags: &[
        &[
            flag("flatten", Kind::Bool, "false"),
            flag("merge", Kind::Optional("true"), "true"),
            flag("minify", Kind::Bool, "false"),
            flag("raw", Kind::Bool, "false"),
        ],
        print::FLAGS,
    ],
    run: Some(view),
    ..Verb::EMPTY
};

fn view(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let mut printer = Printer::of(cx.sys, &args, Format::Yaml, Extra::None)?;
    let config = cx.env.config.clone();
    let mut shown = config.value.clone();
    if args.is("minify") {
        let current = config.current().to_owned();
        let Some(context) = config.context(&current).cloned() else {
            return Err(CmdError::plain("current-context must exist in order to minify"));
        };
        for (list, name) in [
            ("contexts", current.as_str()),
            ("clusters", context.get("cluster").text()),
            ("users", context.get("user").text()),
        ] {
            let kept = shown
                .get(list)
                .as_array()
                .iter()
                .filter(|e| e.get("name").text() == name)
                .cloned()
                .collect();
            shown.set(list, Value::array(kept));
        }
    }
    if !args.is("raw") && !args.is("flatten") {
        shown = redacted(&shown);
    }
    shown.default_to("apiVersion", "v1");
    shown.default_to("kind", "Config");
    let (text, result) = printer.object(&shown, "");
    cx.out(&text);
    result?;
    Ok(Next::Done)
}

fn redacted(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let entries = map.iter().map(|(k, v)| {
                let shown = match k.as_str() {
                    "certificate-authority-data"
                    | "client-certificate-data"
                    | "client-key-data" => Value::from("DATA+OMITTED"),
                    "token" | "password" => Value::from("REDACTED"),
                    _ => redacted(v),
                };
                (k.clone(), shown)
            });
            Value::from(entries.collect::<crate::base::value::Map>())
        }
        Value::Array(items) => Value::array(items.iter().map(redacted).collect()),
        other => other.clone(),
    }
}

const CONTEXT_FLAGS: &[Flag] =
    &[flag("no-headers", Kind::Bool, "false"), flag("output", Kind::Text, "").short('o')];

static GET_CONTEXTS: Verb =
    Verb { name: "get-contexts", flags: &[CONTEXT_FLAGS], run: Some(get_contexts), ..Verb::EMPTY };

fn get_contexts(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let output = args.text("output");
    if !matches!(output, "" | "name") {
        return Err(CmdError::plain(format!("output must be one of '' or 'name': {output}")));
    }
    let config = cx.env.config.clone();
    let mut names: Vec<String> = if args.pos.is_empty() {
        config
            .value
            .get("contexts")
            .as_array()
            .iter()
            .map(|c| c.get("name").text().to_owned())
            .collect()
    } else {
        args.pos.clone()
    };
    names.order();
    let mut errors = Vec::new();
    let mut text = String::new();
    if output.is_empty() && !args.is("no-headers") {
        text.push_str("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    }
    for name in names {
        let Some(context) = config.context(&name) else {
            errors.push(CmdError::plain(format!("context {name} not found")));
            continue;
        };
        if output == "name" {
            text.push_str(&format!("{name}\n"));
            continue;
        }
        let mark = if name == config.current() { "*" } else { "" };
        let part = |key: &str| context.get(key).text();
        text.push_str(&format!(
            "{mark}\t{name}\t{}\t{}\t{}\n",
            part("cluster"),
            part("user"),
            part("namespace")
        ));
    }
    let text = if output == "name" { text } else { tabwriter::align(tabwriter::TABLE, &text) };
    cx.out(&text);
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

static GET_CLUSTERS: Verb =
    Verb { name: "get-clusters", run: Some(|cx| list_names(cx, "clusters")), ..Verb::EMPTY };

static GET_USERS: Verb =
    Verb { name: "get-users", run: Some(|cx| list_names(cx, "users")), ..Verb::EMPTY };

fn list_names(cx: &mut Cx, list: &str) -> Result<Next, CmdError> {
    let config = cx.env.config.clone();
    let names: Vec<_> = config
        .value
        .get(list)
        .as_array()
        .iter()
        .map(|e| format!("{}\n", e.get("name").text()))
        .collect();
    cx.out(&format!("NAME\n{}", names.concat()));
    Ok(Next::Done)
}

static USE_CONTEXT: Verb =
    Verb { name: "use-context", aliases: &["use"], run: Some(use_context), ..Verb::EMPTY };

fn use_context(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let [name] = args.pos.as_slice() else {
        return Err(CmdError::plain("Unexpected args: "));
    };
    let config = cx.env.config.clone();
    if config.context(name).is_none() {
        return Err(CmdError::plain(format!("no context exists with the name: {}", quote(name))));
    }
    let mut value = config.value.clone();
    value.set("current-context", name.as_str());
    Config::save(cx.sys, &config.path, &value)?;
    cx.out(&format!("Switched to context {}.\n", quote(name)));
    Ok(Next::Done)
}

static SET_CONTEXT: Verb = Verb {
    name: "set-context",
    flags: &[&[flag("current", Kind::Bool, "false")]],
    run: Some(set_context),
    ..Verb::EMPTY
};

fn set_context(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let config = cx.env.config.clone();
    let current = args.is("current");
    if args.pos.is_empty() && !current {
        return Err(CmdError::plain("you must specify a non-empty context name or --current"));
    }
    if !args.pos.is_empty() && current {
        return Err(CmdError::plain("you cannot specify both a context name and --current"));
    }
    let name = if current { config.current().to_owned() } else { args.pos[0].clone() };
    let mut value = config.value.clone();
    let known = config.context(&name).is_some();
    let mut context = config.context(&name).cloned().unwrap_or_else(Value::map);
    for (flag, key) in [("cluster", "cluster"), ("user", "user"), ("namespace", "namespace")] {
        if args.changed(flag) {
            context.set(key, args.text(flag));
        }
    }
    let mut contexts = value.get("contexts").as_array().to_vec();
    match contexts.iter_mut().find(|c| c.get("name").text() == name) {
        Some(entry) => entry.set("context", context),
        None => contexts.push(value!({ "name": name.as_str(), "context": context })),
    }
    value.set("contexts", Value::array(contexts));
    Config::save(cx.sys, &config.path, &value)?;
    cx.out(&format!("Context {} {}.\n", quote(&name), if known { "modified" } else { "created" }));
    Ok(Next::Done)
}

static DELETE_CONTEXT: Verb =
    Verb { name: "delete-context", run: Some(delete_context), ..Verb::EMPTY };

fn delete_context(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let config = cx.env.config.clone();
    let [name] = args.pos.as_slice() else {
        return Err(CmdError::usage_help(&args.path, "you must specify a context name"));
    };
    let mut value = config.value.clone();
    if config.context(name).is_none() {
        return Err(CmdError::plain(format!(
            "cannot delete context {name}, not in {}",
            config.path
        )));
    }
    if config.current() == name {
        cx.err("warning: this removed your active context, use \"kubectl config use-context\" to select a different one\n");
    }
    let kept = value
        .get("contexts")
        .as_array()
        .iter()
        .filter(|c| c.get("name").text() != name)
        .cloned()
        .collect();
    value.set("contexts", Value::array(kept));
    Config::save(cx.sys, &config.path, &value)?;
    cx.out(&format!("deleted context {name} from {}\n", config.path));
    Ok(Next::Done)
}

static RENAME_CONTEXT: Verb =
    Verb { name: "rename-context", run: Some(rename_context), ..Verb::EMPTY };

fn rename_context(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let config = cx.env.config.clone();
    let [old, new] = args.pos.as_slice() else {
        return Err(CmdError::plain(format!("accepts 2 arg(s), received {}", args.pos.len())));
    };
    if config.context(old).is_none() {
        return Err(CmdError::plain(format!(
            "cannot rename the context {}, it's not in {}",
            quote(old),
            config.path
        )));
    }
    if config.context(new).is_some() {
        return Err(CmdError::plain(format!(
            "cannot rename the context {}, the context {} already exists in {}",
            quote(old),
            quote(new),
            config.path
        )));
    }
    let mut value = config.value.clone();
    let mut contexts = value.get("contexts").as_array().to_vec();
    for entry in &mut contexts {
        if entry.get("name").text() == old {
            entry.set("name", new.as_str());
        }
    }
    value.set("contexts", Value::array(contexts));
    if config.current() == old {
        value.set("current-context", new.as_str());
    }
    Config::save(cx.sys, &config.path, &value)?;
    cx.out(&format!("Context {} renamed to {}.\n", quote(old), quote(new)));
    Ok(Next::Done)
}

macro_rules! absent {
    ($name:ident, $text:literal) => {
        static $name: Verb = Verb {
            name: $text,
            run: Some(|_| Err(CmdError::not_simulated(concat!("kubectl config ", $text)))),
            ..Verb::EMPTY
        };
    };
}

absent!(DELETE_CLUSTER, "delete-cluster");
absent!(DELETE_USER, "delete-user");
absent!(SET, "set");
absent!(SET_CLUSTER, "set-cluster");
absent!(SET_CREDENTIALS, "set-credentials");
absent!(UNSET, "unset");
