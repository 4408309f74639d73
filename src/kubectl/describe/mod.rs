//! `kubectl describe`: one file for each kind, one entry here.
//!
//! Upstream: kubectl/pkg/describe/describe.go.

mod claim;
mod config_map;
mod cron_job;
mod daemon_set;
mod deployment;
mod endpoints;
mod generic;
mod job;
mod limit_range;
mod namespace;
mod node;
mod pod;
mod pod_disruption_budget;
mod priority_class;
mod replica_set;
mod resource_quota;
mod secret;
mod service;
mod service_account;
mod stateful_set;
mod storage_class;
pub(crate) mod template;
mod volume;
pub(crate) mod writer;

use super::Cx;
use super::client::Selectors;
use super::error::CmdError;
use super::resources::{Info, items};
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::os::Accept;
use writer::Writer;

/// Describes an object whose value has just been fetched.
type Describer = fn(&mut Cx, &Value, &mut Writer) -> Result<(), CmdError>;

/// The kinds with a description of their own, by group and kind.
const ALL: &[(&str, &str, Describer)] = &[
    ("", "ConfigMap", config_map::describe),
    ("", "Endpoints", endpoints::describe),
    ("", "LimitRange", limit_range::describe),
    ("", "Namespace", namespace::describe),
    ("", "Node", node::describe),
    ("", "PersistentVolume", volume::describe),
    ("", "PersistentVolumeClaim", claim::describe),
    ("", "Pod", pod::describe),
    ("", "ResourceQuota", resource_quota::describe),
    ("", "Secret", secret::describe),
    ("", "Service", service::describe),
    ("", "ServiceAccount", service_account::describe),
    ("apps", "DaemonSet", daemon_set::describe),
    ("apps", "Deployment", deployment::describe),
    ("apps", "ReplicaSet", replica_set::describe),
    ("apps", "StatefulSet", stateful_set::describe),
    ("batch", "CronJob", cron_job::describe),
    ("batch", "Job", job::describe),
    ("discovery.k8s.io", "EndpointSlice", endpoints::describe_slice),
    ("policy", "PodDisruptionBudget", pod_disruption_budget::describe),
    ("scheduling.k8s.io", "PriorityClass", priority_class::describe),
    ("storage.k8s.io", "StorageClass", storage_class::describe),
];

/// Kinds that are described without events.
const WITHOUT_EVENTS: &[&str] = &["Secret", "Namespace", "ResourceQuota", "LimitRange"];

/// The text that describes an object.
pub(crate) fn describe(cx: &mut Cx, info: &Info, show_events: bool) -> Result<String, CmdError> {
    let object = cx.get(&info.resource, &info.ns, &info.name)?;
    let mut w = Writer::default();
    let r = &info.resource;
    let own = ALL.iter().find(|(group, kind, _)| *group == r.group && *kind == r.kind);
    match own {
        Some((_, _, describer)) => describer(cx, &object, &mut w)?,
        None => generic::describe(&object, &mut w),
    }
    if show_events && !WITHOUT_EVENTS.contains(&r.kind.as_str()) {
        let events = events_of(cx, &object)?;
        w.events(&events, cx.sys.now());
    }
    Ok(w.finish())
}

/// The events about an object, in the order in which they are shown.
fn events_of(cx: &mut Cx, object: &Value) -> Result<Vec<Value>, CmdError> {
    let meta = object.get("metadata");
    let kind = object.get("kind").text();
    let events = cx.mapper()?.find("events")?;
    let ns = meta.get("namespace").text();
    let mut fields = vec![format!("involvedObject.name={}", meta.get("name").text())];
    if !ns.is_empty() {
        fields.push(format!("involvedObject.namespace={ns}"));
    }
    if kind != "Pod" {
        fields.push(format!("involvedObject.kind={kind}"));
    }
    let mut found = Vec::new();
    let mut uids = vec![meta.get("uid").text().to_owned()];
    if kind == "Node" {
        // The kubelet names a node by its name instead of its uid.
        uids.push(meta.get("name").text().to_owned());
    }
    for uid in uids {
        let fields = format!("{},involvedObject.uid={uid}", fields.join(","));
        let selectors = Selectors { fields, ..Selectors::default() };
        let list = cx.list(&events, ns, &selectors, Accept::Json)?;
        found.extend(list.get("items").as_array().iter().cloned());
    }
    found.order_by_key(|event| {
        let stamps = [
            event.at(&["series", "lastObservedTime"]),
            event.get("lastTimestamp"),
            event.get("eventTime"),
        ];
        stamps.iter().find_map(|s| Time::parse(s.text())).unwrap_or_default()
    });
    Ok(found)
}

/// The objects of a resource that selectors let through.
fn list(
    cx: &mut Cx,
    resource: &str,
    ns: &str,
    selectors: &Selectors,
) -> Result<Vec<Value>, CmdError> {
    let resource = cx.mapper()?.find(resource)?;
    let list = cx.list(&resource, ns, selectors, Accept::Json)?;
    Ok(items(&list, &resource).into_iter().map(|i| i.object).collect())
}

/// How many of a controller's pods run, wait, have succeeded and have failed.
fn pod_status(cx: &mut Cx, object: &Value) -> Result<String, CmdError> {
    let labels = crate::api::selector::format_label_selector(object.at(&["spec", "selector"]));
    let selectors = Selectors { labels, ..Selectors::default() };
    let ns = object.at(&["metadata", "namespace"]).text();
    let pods = list(cx, "pods", ns, &selectors)?;
    let count = |phase: &str| {
        let mine = pods.iter().filter(|p| owned_by(p, object));
        mine.filter(|p| p.at(&["status", "phase"]).text() == phase).count()
    };
    Ok(format!(
        "{} Running / {} Waiting / {} Succeeded / {} Failed",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    ))
}

/// Whether an object's controller is this owner.
fn owned_by(object: &Value, owner: &Value) -> bool {
    let uid = owner.at(&["metadata", "uid"]);
    let owners = object.at(&["metadata", "ownerReferences"]).as_array();
    owners.iter().any(|o| o.get("controller").is_true() && o.get("uid") == uid)
}

/// `Controlled By:`, for objects that have a controller.
fn controlled_by(w: &mut Writer, object: &Value) {
    let owners = object.at(&["metadata", "ownerReferences"]).as_array();
    if let Some(owner) = owners.iter().find(|o| o.get("controller").is_true()) {
        let of = |name: &str| owner.get(name).text();
        w.field(0, "Controlled By", &format!("{}/{}", of("kind"), of("name")));
    }
}
