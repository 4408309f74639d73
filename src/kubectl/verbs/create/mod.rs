//! `kubectl create`: make objects from files or from flags.
//!
//! Upstream: kubectl/pkg/cmd/create.
//! Simplified: roles, role bindings, ingresses and tokens are left out.

mod policy;
mod workload;

use super::super::error::CmdError;
use super::super::flags::{Args, Flag, Kind, Verb, flag};
use super::super::resources::Query;
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::api::names;
use crate::base::base64;
use crate::base::human::quote;
use crate::base::value::Value;
use crate::os::{FileKind, Method, Request};
use crate::value;

const FLAGS: &[Flag] = &[
    flag("edit", Kind::Bool, "false").absent(),
    flag("raw", Kind::Text, "").absent(),
    flag("save-config", Kind::Bool, "false"),
    flag("windows-line-endings", Kind::Bool, "false"),
];

pub(crate) static VERB: Verb = Verb {
    name: "create",
    flags: &[
        FLAGS,
        print::FLAGS,
        common::FILES,
        common::SELECTOR,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    subs: &[
        &CONFIG_MAP,
        &workload::CRON_JOB,
        &workload::DEPLOYMENT,
        &workload::JOB,
        &NAMESPACE,
        &policy::BUDGET,
        &policy::PRIORITY,
        &policy::QUOTA,
        &SECRET,
        &SERVICE,
        &SERVICE_ACCOUNT,
    ],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if let Some(first) = args.pos.first() {
        let absent =
            ["clusterrole", "clusterrolebinding", "ingress", "ing", "role", "rolebinding", "token"];
        if absent.contains(&first.as_str()) {
            return Err(CmdError::not_simulated(&format!("kubectl create {first}")));
        }
        return Err(CmdError::usage_help(
            &args.path,
            format!("Unexpected args: [{}]", args.pos.join(" ")),
        ));
    }
    common::require_files(&args)?;
    let validation = common::field_validation(&args)?;
    let dry_run = DryRun::of(cx)?;
    let mut printer = common::done_printer(cx)?;
    let query = Query { validate: validation != "Ignore", ..Query::of(cx) };
    let found = query.run(cx)?;
    let mut errors = found.errors;
    if found.infos.is_empty() && errors.is_empty() {
        return Err(CmdError::plain("no objects passed to create"));
    }
    for mut info in found.infos {
        if args.is("save-config") {
            info.object = super::apply::modified_configuration(&info.object);
        }
        let mut created = info.object.clone();
        if dry_run != DryRun::Client {
            let mut request = Request::new(Method::Post, info.resource.path(&info.ns, ""))
                .body(info.object.clone());
            for (key, value) in common::write_params(&args, dry_run, "kubectl-create") {
                request = request.param(key, value);
            }
            match cx.call(request.param("fieldValidation", validation)) {
                Ok(object) => created = object,
                Err(error) => {
                    errors.push(error.with_source("creating", &info.source));
                    continue;
                }
            }
        }
        common::print_done(cx, &mut printer, &created, &dry_run.done("created"))?;
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// Creates one generated object and prints it.
fn make(cx: &mut Cx, mut object: Value, collection: &str, why: &str) -> Result<Next, CmdError> {
    let args = cx.args();
    let dry_run = DryRun::of(cx)?;
    let mut printer = common::done_printer(cx)?;
    if args.is("save-config") {
        object = super::apply::modified_configuration(&object);
    }
    if dry_run != DryRun::Client {
        let validation = common::field_validation(&args)?;
        let mut request = Request::new(Method::Post, collection).body(object);
        for (key, value) in common::write_params(&args, dry_run, "kubectl-create") {
            request = request.param(key, value);
        }
        object =
            cx.call(request.param("fieldValidation", validation)).map_err(|error| match why {
                "" => error,
                why => CmdError::plain(format!("{why} {}", error.message())),
            })?;
    }
    common::print_done(cx, &mut printer, &object, &dry_run.done("created"))?;
    Ok(Next::Done)
}

/// The one NAME that a subcommand wants.
fn name(args: &Args) -> Result<&str, CmdError> {
    let before = args.dash.unwrap_or(args.pos.len());
    match &args.pos[..before] {
        [name] => Ok(name),
        other => Err(CmdError::usage_help(
            &args.path,
            format!("exactly one NAME is required, got {}", other.len()),
        )),
    }
}

const MADE: &[&[Flag]] = &[FLAGS, print::FLAGS, common::DRY_RUN, common::VALIDATE];

static NAMESPACE: Verb = Verb {
    name: "namespace",
    aliases: &["ns"],
    flags: MADE,
    run: Some(|cx| {
        let args = cx.args();
        let object = value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name(&args)? }, "spec": {}, "status": {} });
        make(cx, object, "/api/v1/namespaces", "")
    }),
    ..Verb::EMPTY
};

static SERVICE_ACCOUNT: Verb = Verb {
    name: "serviceaccount",
    aliases: &["sa"],
    flags: MADE,
    run: Some(|cx| {
        let args = cx.args();
        let mut object = value!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name(&args)? } });
        let path = place(cx, &mut object, "serviceaccounts");
        make(cx, object, &path, "failed to create serviceaccount:")
    }),
    ..Verb::EMPTY
};

/// Puts the object into its namespace; returns the collection's path.
fn place(cx: &Cx, object: &mut Value, plural: &str) -> String {
    let ns = &cx.env.config.namespace;
    if cx.env.config.explicit_namespace || cx.env.args.text("dry-run") != "client" {
        object.set_at(&["metadata", "namespace"], ns.as_str());
    }
    let api = object.get("apiVersion").text();
    let root = if api.contains('/') { "/apis" } else { "/api" };
    format!("{root}/{api}/namespaces/{ns}/{plural}")
}

const DATA_FLAGS: &[Flag] = &[
    flag("append-hash", Kind::Bool, "false").absent(),
    flag("from-env-file", Kind::Slice, ""),
    flag("from-file", Kind::Slice, ""),
    flag("from-literal", Kind::Array, ""),
];

static CONFIG_MAP: Verb = Verb {
    name: "configmap",
    aliases: &["cm"],
    flags: &[DATA_FLAGS, FLAGS, print::FLAGS, common::DRY_RUN, common::VALIDATE],
    run: Some(|cx| {
        let args = cx.args();
        let name = name(&args)?.to_owned();
        let pairs = data(cx, "ConfigMap", &name)?;
        let mut object =
            value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
        for (key, bytes) in pairs {
            match String::from_utf8(bytes) {
                Ok(text) => object.set_at(&["data", key.as_str()], text),
                Err(error) => {
                    object.set_at(&["binaryData", key.as_str()], base64::encode(error.as_bytes()));
                }
            }
        }
        let path = place(cx, &mut object, "configmaps");
        make(cx, object, &path, "failed to create configmap:")
    }),
    ..Verb::EMPTY
};

static SECRET: Verb = Verb { name: "secret", subs: &[&DOCKER, &GENERIC, &TLS], ..Verb::EMPTY };

static DOCKER: Verb = Verb {
    name: "docker-registry",
    flags: &[
        &[
            flag("docker-email", Kind::Text, ""),
            flag("docker-password", Kind::Text, ""),
            flag("docker-server", Kind::Text, "https://index.docker.io/v1/"),
            flag("docker-username", Kind::Text, ""),
        ],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(docker_secret),
    ..Verb::EMPTY
};

/// Upstream: create/create_secret_docker.go.
fn docker_secret(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let (user, password) = (args.text("docker-username"), args.text("docker-password"));
    let server = args.text("docker-server");
    if user.is_empty() || password.is_empty() || server.is_empty() {
        return Err(CmdError::plain(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
        ));
    }
    let json = |text: &str| crate::base::gofmt::json(&Value::from(text));
    let email = match args.text("docker-email") {
        "" => String::new(),
        email => format!("\"email\":{},", json(email)),
    };
    let config = format!(
        "{{\"auths\":{{{}:{{\"username\":{},\"password\":{},{email}\"auth\":{}}}}}}}",
        json(server),
        json(user),
        json(password),
        json(&base64::encode(format!("{user}:{password}").as_bytes()))
    );
    let mut object = value!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "data": { ".dockerconfigjson": base64::encode(config.as_bytes()) },
        "type": "kubernetes.io/dockerconfigjson"
    });
    let path = place(cx, &mut object, "secrets");
    make(cx, object, &path, "failed to create secret")
}

static TLS: Verb = Verb {
    name: "tls",
    flags: &[
        &[flag("cert", Kind::Text, ""), flag("key", Kind::Text, "")],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(tls_secret),
    ..Verb::EMPTY
};

/// Upstream: create/create_secret_tls.go.
/// Simplified: whether certificate and key belong together is not checked.
fn tls_secret(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let (cert, key) = (args.text("cert"), args.text("key"));
    if cert.is_empty() || key.is_empty() {
        return Err(CmdError::plain("key and cert must be specified"));
    }
    let mut object = value!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "type": "kubernetes.io/tls"
    });
    for (entry, path) in [("tls.crt", cert), ("tls.key", key)] {
        let bytes = cx.sys.read_file(path).map_err(|error| {
            let why = error.to_string().to_lowercase();
            CmdError::plain(format!("Cannot read file {path}, open {path}: {why}"))
        })?;
        if !bytes.starts_with(b"-----BEGIN ") {
            let what = if entry == "tls.crt" { "certificate" } else { "key" };
            return Err(CmdError::plain(format!(
                "tls: failed to find any PEM data in {what} input"
            )));
        }
        object.set_at(&["data", entry], base64::encode(&bytes));
    }
    let path = place(cx, &mut object, "secrets");
    make(cx, object, &path, "failed to create secret")
}

static GENERIC: Verb = Verb {
    name: "generic",
    flags: &[
        &[flag("type", Kind::Text, "")],
        DATA_FLAGS,
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(|cx| {
        let args = cx.args();
        let name = name(&args)?.to_owned();
        let pairs = data(cx, "Secret", &name)?;
        let mut object =
            value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name } });
        for (key, bytes) in pairs {
            object.set_at(&["data", key.as_str()], base64::encode(&bytes));
        }
        if !args.text("type").is_empty() {
            object.set("type", args.text("type"));
        }
        let path = place(cx, &mut object, "secrets");
        make(cx, object, &path, "failed to create secret")
    }),
    ..Verb::EMPTY
};

/// Keys and values from the `--from-…` flags.
fn data(cx: &mut Cx, kind: &str, name: &str) -> Result<Vec<(String, Vec<u8>)>, CmdError> {
    let args = cx.args();
    let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |key: &str, bytes: Vec<u8>| {
        let faults = names::config_key(key);
        if !faults.is_empty() {
            return Err(CmdError::plain(format!(
                "{} is not a valid key name for a {kind}: {}",
                quote(key),
                faults.join(",")
            )));
        }
        if pairs.iter().any(|(k, _)| k == key) {
            return Err(CmdError::plain(format!(
                "cannot add key {}, another key by that name already exists in Data for {kind} {}",
                quote(key),
                quote(name)
            )));
        }
        pairs.push((key.to_owned(), bytes));
        Ok(())
    };
    for literal in args.list("from-literal") {
        match literal.split_once('=') {
            Some((key, value)) if !key.is_empty() => add(key, value.as_bytes().to_vec())?,
            _ => {
                return Err(CmdError::plain(format!(
                    "invalid literal source {literal}, expected key=value"
                )));
            }
        }
    }
    for source in args.list("from-file") {
        let (key, path) = match source.split_once('=') {
            Some((key, path)) => (Some(key), path),
            None => (None, source.as_str()),
        };
        let unreadable = |error: crate::os::Errno| {
            CmdError::plain(format!("error reading {path}: {}", error.to_string().to_lowercase()))
        };
        let stat = cx.sys.stat(path, true).map_err(unreadable)?;
        if stat.kind == FileKind::Directory && key.is_none() {
            for (entry, kind) in cx.sys.read_dir(path).map_err(unreadable)? {
                if kind == FileKind::File && names::config_key(&entry).is_empty() {
                    let bytes = cx.sys.read_file(&format!("{path}/{entry}")).map_err(unreadable)?;
                    add(&entry, bytes)?;
                }
            }
            continue;
        }
        let bytes = cx.sys.read_file(path).map_err(unreadable)?;
        add(key.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path)), bytes)?;
    }
    for path in args.list("from-env-file") {
        let bytes = cx.sys.read_file(&path).map_err(|error| {
            CmdError::plain(format!("error reading {path}: {}", error.to_string().to_lowercase()))
        })?;
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.trim_start();
            if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
                add(key, value.as_bytes().to_vec())?;
            }
        }
    }
    Ok(pairs)
}

static SERVICE: Verb = Verb {
    name: "service",
    aliases: &["svc"],
    subs: &[&CLUSTER_IP, &EXTERNAL_NAME, &LOAD_BALANCER, &NODE_PORT],
    ..Verb::EMPTY
};

const TCP: &[Flag] = &[flag("tcp", Kind::Slice, "")];

static CLUSTER_IP: Verb = Verb {
    name: "clusterip",
    flags: &[
        &[flag("clusterip", Kind::Text, "")],
        TCP,
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(|cx| service(cx, "ClusterIP", "failed to create ClusterIP service:")),
    ..Verb::EMPTY
};

static NODE_PORT: Verb = Verb {
    name: "nodeport",
    flags: &[
        &[flag("node-port", Kind::Int, "0")],
        TCP,
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(|cx| service(cx, "NodePort", "failed to create NodePort service:")),
    ..Verb::EMPTY
};

static LOAD_BALANCER: Verb = Verb {
    name: "loadbalancer",
    flags: &[TCP, FLAGS, print::FLAGS, common::DRY_RUN, common::VALIDATE],
    run: Some(|cx| service(cx, "LoadBalancer", "failed to create LoadBalancer service:")),
    ..Verb::EMPTY
};

static EXTERNAL_NAME: Verb = Verb {
    name: "externalname",
    flags: &[
        &[flag("external-name", Kind::Text, "")],
        TCP,
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(|cx| service(cx, "ExternalName", "failed to create ExternalName service:")),
    ..Verb::EMPTY
};

/// Upstream: create/create_service.go.
fn service(cx: &mut Cx, kind: &str, why: &str) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let headless = args.text("clusterip") == "None";
    let pairs = args.list("tcp");
    if pairs.is_empty() && !headless && kind != "ExternalName" {
        return Err(CmdError::plain("at least one tcp port specifier must be provided"));
    }
    let mut ports = Vec::new();
    for pair in &pairs {
        let (port, target) = pair.split_once(':').unwrap_or((pair, pair));
        let number = |text: &str| -> Result<i64, CmdError> {
            let fault = |why: &str| {
                CmdError::plain(format!("strconv.ParseUint: parsing {}: {why}", quote(text)))
            };
            let n: u64 = text.parse().map_err(|_| fault("invalid syntax"))?;
            u16::try_from(n).map(i64::from).map_err(|_| fault("value out of range"))
        };
        let port_number = number(port)?;
        let target = target.parse::<i64>().map_or_else(|_| Value::from(target), Value::Int);
        let label = if pair.contains(':') { pair.replace(':', "-") } else { port.to_owned() };
        let mut entry =
            value!({ "name": label, "port": port_number, "protocol": "TCP", "targetPort": target });
        if args.int("node-port") > 0 {
            entry.set("nodePort", args.int("node-port"));
        }
        ports.push(entry);
    }
    let mut object = value!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": name.as_str(), "labels": { "app": name.as_str() } },
        "spec": { "selector": { "app": name.as_str() }, "type": kind },
        "status": { "loadBalancer": {} }
    });
    if !ports.is_empty() {
        object.set_at(&["spec", "ports"], Value::array(ports));
    }
    if !args.text("clusterip").is_empty() {
        object.set_at(&["spec", "clusterIP"], args.text("clusterip"));
    }
    if kind == "ExternalName" {
        object.set_at(&["spec", "externalName"], args.text("external-name"));
    }
    let path = place(cx, &mut object, "services");
    make(cx, object, &path, why)
}
