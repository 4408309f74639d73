//! `kubectl expose`: make a Service for what another object selects.
//!
//! Upstream: kubectl/pkg/cmd/expose/expose.go.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::base::value::Value;
use crate::os::{Method, Request};
use crate::value;

const FLAGS: &[Flag] = &[
    flag("cluster-ip", Kind::Text, ""),
    flag("external-ip", Kind::Text, ""),
    flag("labels", Kind::Text, "").short('l'),
    flag("load-balancer-ip", Kind::Text, ""),
    flag("name", Kind::Text, ""),
    flag("overrides", Kind::Text, "").absent(),
    flag("port", Kind::Text, ""),
    flag("protocol", Kind::Text, ""),
    flag("selector", Kind::Text, ""),
    flag("session-affinity", Kind::Text, ""),
    flag("target-port", Kind::Text, ""),
    flag("type", Kind::Text, ""),
];

pub(crate) static VERB: Verb = Verb {
    name: "expose",
    flags: &[FLAGS, print::FLAGS, common::FILES, common::DRY_RUN],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let dry_run = DryRun::of(cx)?;
    let mut printer = common::done_printer(cx)?;
    let query = Query { labels: None, latest: true, ..Query::of(cx) };
    let infos = query.run(cx)?.all()?;
    for info in infos {
        let service = generate(cx, &info)?;
        let mut created = service.clone();
        if dry_run != DryRun::Client {
            let path = format!("/api/v1/namespaces/{}/services", info.ns);
            let mut request = Request::new(Method::Post, path).body(service);
            for (key, value) in common::write_params(&args, dry_run, "kubectl-expose") {
                request = request.param(key, value);
            }
            created = cx.call(request)?;
        }
        common::print_done(cx, &mut printer, &created, &dry_run.done("exposed"))?;
    }
    Ok(Next::Done)
}

/// The labels by which an object selects its pods.
/// Upstream: polymorphichelpers/mapbasedselectorforobject.go.
fn selector(info: &Info) -> Result<Value, CmdError> {
    let spec = info.object.get("spec");
    let from_labels = |labels: &Value, what: &str| {
        if labels.is_empty() {
            Err(CmdError::plain(format!(
                "couldn't retrieve selectors via --selector flag or introspection: {what}"
            )))
        } else {
            Ok(labels.clone())
        }
    };
    match info.resource.kind.as_str() {
        "ReplicationController" => Ok(spec.get("selector").clone()),
        "Pod" => from_labels(
            info.object.at(&["metadata", "labels"]),
            "the pod has no labels and cannot be exposed",
        ),
        "Service" => from_labels(spec.get("selector"), "the service has no pod selector set"),
        "Deployment" | "ReplicaSet" => {
            let labels = spec.at(&["selector", "matchLabels"]);
            if !spec.at(&["selector", "matchExpressions"]).is_empty() {
                return Err(CmdError::plain(
                    "couldn't convert expressions to map-based selector format",
                ));
            }
            Ok(labels.clone())
        }
        _ => Err(CmdError::plain(format!("cannot expose a {}", info.resource.group_kind()))),
    }
}

/// Port numbers and protocols that the object declares.
fn declared_ports(info: &Info) -> Vec<(String, String)> {
    let spec = info.object.get("spec");
    let mut out = Vec::new();
    if info.resource.kind == "Service" {
        for port in spec.get("ports").as_array() {
            out.push((port.get("port").to_json(), port.get("protocol").text().to_owned()));
        }
        return out;
    }
    let pod = if info.resource.kind == "Pod" { spec } else { spec.at(&["template", "spec"]) };
    for container in pod.get("containers").as_array() {
        for port in container.get("ports").as_array() {
            out.push((port.get("containerPort").to_json(), port.get("protocol").text().to_owned()));
        }
    }
    out
}

fn generate(cx: &mut Cx, info: &Info) -> Result<Value, CmdError> {
    let args = cx.args();
    // The kind is checked even when the selector is given.
    let found = selector(info);
    if let Err(CmdError::Plain(text)) = &found
        && text.starts_with("cannot expose")
    {
        return Err(CmdError::plain(text.as_str()));
    }
    let pairs = |text: &str| {
        let mut map = Value::map();
        for pair in text.split(',') {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| CmdError::plain(format!("unexpected label spec: {pair}")))?;
            map.set(key, value);
        }
        Ok::<Value, CmdError>(map)
    };
    let selector =
        if args.text("selector").is_empty() { found? } else { pairs(args.text("selector"))? };
    let ports = declared_ports(info);
    let wanted: Vec<String> = if args.text("port").is_empty() {
        if ports.is_empty() && args.text("cluster-ip") != "None" {
            return Err(CmdError::plain("couldn't find port via --port flag or introspection"));
        }
        ports.iter().map(|(p, _)| p.clone()).collect()
    } else {
        args.text("port").split(',').map(str::to_owned).collect()
    };
    let several = wanted.len() > 1;
    let mut list = Vec::new();
    for (at, text) in wanted.iter().enumerate() {
        let number: i64 = text.parse().map_err(|_| {
            CmdError::plain(format!("strconv.Atoi: parsing \"{text}\": invalid syntax"))
        })?;
        let known = ports
            .iter()
            .find(|(p, _)| p == text)
            .map(|(_, proto)| proto.as_str())
            .filter(|p| !p.is_empty());
        let protocol = if args.text("protocol").is_empty() {
            known.unwrap_or("TCP")
        } else {
            args.text("protocol")
        };
        let target = args.text("target-port");
        let target = match target.parse::<i64>() {
            Ok(n) => Value::Int(n),
            Err(_) if target.is_empty() => Value::Int(number),
            Err(_) => Value::from(target),
        };
        let mut port = value!({ "port": number, "protocol": protocol, "targetPort": target });
        if several {
            port.set("name", format!("port-{}", at + 1));
        }
        list.push(port);
    }
    let name = if args.text("name").is_empty() { info.name.as_str() } else { args.text("name") };
    let name: String = name.chars().take(63).collect();
    let labels = if args.text("labels").is_empty() {
        info.object.at(&["metadata", "labels"]).clone()
    } else {
        pairs(args.text("labels"))?
    };
    let mut service = value!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": name },
        "spec": { "selector": selector },
        "status": { "loadBalancer": {} }
    });
    if !labels.is_empty() {
        service.set_at(&["metadata", "labels"], labels);
    }
    if cx.env.config.explicit_namespace || dry_run_sends(cx) {
        service.set_at(&["metadata", "namespace"], info.ns.as_str());
    }
    if !list.is_empty() {
        service.set_at(&["spec", "ports"], Value::array(list));
    }
    for (flag, path) in [
        ("type", "type"),
        ("session-affinity", "sessionAffinity"),
        ("load-balancer-ip", "loadBalancerIP"),
    ] {
        if !args.text(flag).is_empty() {
            service.set_at(&["spec", path], args.text(flag));
        }
    }
    if !args.text("external-ip").is_empty() {
        service.set_at(&["spec", "externalIPs"], vec![args.text("external-ip")]);
    }
    if args.text("cluster-ip") == "None" {
        service.set_at(&["spec", "clusterIP"], "None");
    } else if !args.text("cluster-ip").is_empty() {
        service.set_at(&["spec", "clusterIP"], args.text("cluster-ip"));
    }
    Ok(service)
}

fn dry_run_sends(cx: &Cx) -> bool {
    cx.env.args.text("dry-run") != "client"
}
