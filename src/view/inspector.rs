//! One object in depth: summary, YAML, events, and why it is as it is.

use std::rc::Rc;

use crate::api::{Key, Object, kinds};
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::base::{human, yaml};
use crate::server::{Actor, Change, ChangeKind};
use crate::view::{Look, clock, pod};
use crate::world::World;

/// Which object is looked at. By name, not uid: a StatefulSet's pod that comes back is the same to the learner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// Its kind.
    pub kind: String,
    /// Its namespace, "" when cluster-scoped.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Pick {
    /// A pick from its parts.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Pick {
        Pick { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// One object in depth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspector {
    /// Which object it is.
    pub pick: Pick,
    /// Whether it exists now.
    pub exists: bool,
    /// Its state: look and word; the word is empty when its kind has none.
    pub badge: (Look, String),
    /// Where it lives and who owns it.
    pub subtitle: String,
    /// Names and values of its summary.
    pub facts: Vec<(String, String)>,
    /// Commands that a learner might want to run on it.
    pub commands: Vec<String>,
    /// The object as kubectl prints it.
    pub yaml: String,
    /// Files on the volumes behind it: path, and the text as far as it is shown.
    pub files: Vec<(String, String)>,
    /// Its events, the newest first.
    pub events: Vec<EventRow>,
    /// Why it is as it is, the oldest reason first.
    pub why: Vec<Reason>,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRow {
    /// Whether it is a warning.
    pub warning: bool,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// Who reported it and when: `kubelet on node-1 · 12s ago · 3 times`.
    pub small: String,
}

/// One act that made the object what it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reason {
    /// Who acted.
    pub who: String,
    /// What was done, and by which rule.
    pub text: String,
    /// When, and the values that were compared.
    pub small: String,
}

/// How many reasons are shown at most; the newest win.
const REASONS: usize = 40;

/// Looks an object up and describes it.
pub fn inspect(world: &World, pick: &Pick) -> Inspector {
    let kind = kinds::ALL.iter().copied().find(|kind| kind.name == pick.kind);
    let key = Key::new(pick.namespace.as_str(), pick.name.as_str());
    let object = kind.and_then(|kind| world.server.get(kind, &key));
    let changes: Vec<&Rc<Change>> =
        world.server.store.log().filter(|c| Some(c.kind) == kind && c.key == key).collect();
    let Some(shown) = object.or(changes.last().map(|change| &change.new)) else {
        return Inspector { pick: pick.clone(), ..Inspector::default() };
    };
    Inspector {
        pick: pick.clone(),
        exists: object.is_some(),
        badge: if object.is_some() { badge(world, shown) } else { (Look::Leaving, "gone".into()) },
        subtitle: subtitle(shown),
        facts: facts(world, shown),
        commands: commands(shown),
        yaml: manifest(shown),
        files: files(world, shown),
        events: events(world, shown),
        why: why(world, &changes),
    }
}

fn badge(world: &World, object: &Object) -> (Look, String) {
    let phase = object.at(&["status", "phase"]).text().to_owned();
    match object.kind.name {
        "Pod" => {
            let state = pod::state(object, None, world.now());
            (state.look, state.word)
        }
        "Node" if !pod::is_true(object, "Ready") => (Look::Bad, "not ready".into()),
        "Node" if object.at(&["spec", "unschedulable"]).is_true() => {
            (Look::Busy, "cordoned".into())
        }
        "Node" => (Look::Good, "Ready".into()),
        "StatefulSet" => {
            let ready = object.at(&["status", "readyReplicas"]).as_i64().unwrap_or(0);
            let wanted = object.at(&["spec", "replicas"]).as_i64().unwrap_or(1);
            let look = if ready == wanted { Look::Good } else { Look::Busy };
            (look, format!("{ready}/{wanted} ready"))
        }
        _ if object.is_deleting() => (Look::Leaving, "Terminating".into()),
        _ => (
            if matches!(phase.as_str(), "Bound" | "Available" | "Active") {
                Look::Good
            } else {
                Look::Busy
            },
            phase,
        ),
    }
}

fn subtitle(object: &Object) -> String {
    let mut parts = vec![object.kind.name.to_owned()];
    if !object.namespace().is_empty() {
        parts[0] = format!("{} in {}", object.kind.name, object.namespace());
    }
    let node = object.at(&["spec", "nodeName"]).text();
    if !node.is_empty() {
        parts.push(node.to_owned());
    }
    if let Some(owner) = object.meta().controller() {
        parts.push(format!("owned by {} {}", owner.kind, owner.name));
    }
    parts.join(" · ")
}

/// Names and values; what an object does not have is left out.
fn facts(world: &World, object: &Object) -> Vec<(String, String)> {
    let text = |path: &[&str]| object.at(path).text().to_owned();
    let number =
        |path: &[&str]| object.at(path).as_i64().map(|n| n.to_string()).unwrap_or_default();
    let mut facts: Vec<(&str, String)> = match object.kind.name {
        "Pod" => pod_facts(object),
        "StatefulSet" => vec![
            ("Replicas", number(&["spec", "replicas"])),
            ("Ready", number(&["status", "readyReplicas"])),
            ("Service", text(&["spec", "serviceName"])),
            ("Order", text(&["spec", "podManagementPolicy"])),
            ("Update", text(&["spec", "updateStrategy", "type"])),
            ("Partition", number(&["spec", "updateStrategy", "rollingUpdate", "partition"])),
            ("Revision", text(&["status", "currentRevision"])),
            ("Newest", text(&["status", "updateRevision"])),
        ],
        "PersistentVolumeClaim" => vec![
            ("Volume", text(&["spec", "volumeName"])),
            ("Size", text(&["status", "capacity", "storage"])),
            ("Class", text(&["spec", "storageClassName"])),
            ("Access", list(object.at(&["spec", "accessModes"]))),
            ("Used by", users(world, object).join("\n")),
        ],
        "PersistentVolume" => vec![
            ("Claim", text(&["spec", "claimRef", "name"])),
            ("Size", text(&["spec", "capacity", "storage"])),
            ("Class", text(&["spec", "storageClassName"])),
            ("Reclaim", text(&["spec", "persistentVolumeReclaimPolicy"])),
        ],
        "Service" => vec![
            ("Address", text(&["spec", "clusterIP"])),
            ("Type", text(&["spec", "type"])),
            ("Ports", ports(object)),
            ("Selector", pairs(object.at(&["spec", "selector"]))),
            ("DNS", format!("{}.{}.svc.cluster.local", object.name(), object.namespace())),
        ],
        "Node" => vec![
            ("Pods' network", text(&["spec", "podCIDR"])),
            (
                "Address",
                object.at(&["status", "addresses"]).index(0).get("address").text().to_owned(),
            ),
            ("CPU", text(&["status", "allocatable", "cpu"])),
            ("Memory", text(&["status", "allocatable", "memory"])),
            ("Kubelet", text(&["status", "nodeInfo", "kubeletVersion"])),
        ],
        _ => Vec::new(),
    };
    facts.push(("Labels", pairs(object.at(&["metadata", "labels"]))));
    facts.push(("Created", format!("{} ago", human::duration(world.now() - object.created()))));
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn pod_facts(pod: &Object) -> Vec<(&'static str, String)> {
    let subdomain = pod.at(&["spec", "subdomain"]).text();
    let dns = match (subdomain, pod::is_true(pod, "Ready")) {
        ("", _) => String::new(),
        (_, true) => format!("{}.{subdomain}", pod.name()),
        (_, false) => format!("{}.{subdomain} (once Ready)", pod.name()),
    };
    let ip = match pod.at(&["status", "podIP"]).text() {
        "" => "none yet".to_owned(),
        ip => ip.to_owned(),
    };
    let claims = pod.at(&["spec", "volumes"]).as_array().iter();
    let claims = claims
        .map(|volume| volume.at(&["persistentVolumeClaim", "claimName"]).text())
        .filter(|c| !c.is_empty());
    let images = pod.at(&["spec", "containers"]).as_array().iter().map(|c| c.get("image").text());
    let statuses = pod.at(&["status", "containerStatuses"]).as_array().iter();
    let restarts: i64 = statuses.map(|c| c.get("restartCount").as_i64().unwrap_or(0)).sum();
    vec![
        ("Phase", pod.at(&["status", "phase"]).text().to_owned()),
        ("Node", pod.at(&["spec", "nodeName"]).text().to_owned()),
        ("IP", ip),
        ("DNS", dns),
        ("Revision", pod.label("controller-revision-hash").unwrap_or_default().to_owned()),
        ("Claim", claims.collect::<Vec<_>>().join("\n")),
        ("Image", images.collect::<Vec<_>>().join("\n")),
        ("Restarts", restarts.to_string()),
    ]
}

fn list(value: &Value) -> String {
    value.as_array().iter().map(Value::text).collect::<Vec<_>>().join(", ")
}

fn pairs(value: &Value) -> String {
    value.entries().map(|(k, v)| format!("{k}={}", v.text())).collect::<Vec<_>>().join("\n")
}

fn ports(service: &Object) -> String {
    let ports = service.at(&["spec", "ports"]).as_array().iter();
    let text = |port: &Value| {
        format!(
            "{}/{}",
            port.get("port").as_i64().unwrap_or(0),
            port.get("protocol").as_str().unwrap_or("TCP")
        )
    };
    ports.map(text).collect::<Vec<_>>().join(", ")
}

/// The pods that mount a claim.
fn users(world: &World, claim: &Object) -> Vec<String> {
    let mounts = |pod: &Object| {
        let volumes = pod.at(&["spec", "volumes"]).as_array().iter();
        volumes
            .into_iter()
            .any(|v| v.at(&["persistentVolumeClaim", "claimName"]).text() == claim.name().as_str())
    };
    let pods = world.server.list(&kinds::POD, claim.namespace()).filter(|pod| mounts(pod));
    let names: Vec<String> = pods.map(|pod| pod.name().to_string()).collect();
    if names.is_empty() { vec!["no pod: it is kept".into()] } else { names }
}

fn commands(object: &Object) -> Vec<String> {
    let what = format!("{} {}", object.kind.singular, object.name());
    let ns = match object.namespace().as_str() {
        "" | "default" => String::new(),
        other => format!(" -n {other}"),
    };
    let mut commands = vec![format!("kubectl describe {what}{ns}")];
    if object.kind.name == "Pod" {
        commands.push(format!("kubectl logs {}{ns}", object.name()));
    }
    commands
}

fn manifest(object: &Object) -> String {
    let mut value = object.value().clone();
    if let Value::Map(_) = value.get("metadata") {
        value.entry("metadata").remove("managedFields");
    }
    yaml::emit(&value)
}

/// The longest piece of a file that is shown, in characters.
const FILE_SHOWN: usize = 2000;

/// The files on the volumes that an object is, is bound to, or mounts.
fn files(world: &World, object: &Object) -> Vec<(String, String)> {
    let bound = |claim: &str| {
        let key = Key::new(object.namespace().clone(), claim);
        let claim = world.server.get(&kinds::PERSISTENT_VOLUME_CLAIM, &key);
        claim.map_or(String::new(), |claim| claim.at(&["spec", "volumeName"]).text().to_owned())
    };
    let volumes: Vec<String> = match object.kind.name {
        "PersistentVolume" => vec![object.name().to_string()],
        "PersistentVolumeClaim" => vec![object.at(&["spec", "volumeName"]).text().to_owned()],
        "Pod" => {
            let volumes = object.at(&["spec", "volumes"]).as_array().iter();
            let claims = volumes.map(|v| v.at(&["persistentVolumeClaim", "claimName"]).text());
            claims.filter(|claim| !claim.is_empty()).map(bound).collect()
        }
        _ => Vec::new(),
    };
    let shown = |(path, bytes): (String, Vec<u8>)| {
        (path, String::from_utf8_lossy(&bytes).chars().take(FILE_SHOWN).collect())
    };
    volumes.iter().flat_map(|volume| world.volume_files(volume)).map(shown).collect()
}

fn events(world: &World, object: &Object) -> Vec<EventRow> {
    let about = |event: &&Rc<Object>| {
        let involved = event.get("involvedObject");
        involved.get("kind").text() == object.kind.name
            && involved.get("name").text() == object.name().as_str()
            && involved.get("namespace").text() == object.namespace().as_str()
    };
    let stamp = |event: &Object| {
        let stamps = ["lastTimestamp", "eventTime", "firstTimestamp"];
        stamps.iter().find_map(|key| Time::parse(event.get(key).text())).unwrap_or(event.created())
    };
    let mut found: Vec<(Time, EventRow)> = world
        .server
        .list(&kinds::EVENT, "")
        .filter(about)
        .map(|event| (stamp(event), event_row(world, event, stamp(event))))
        .collect();
    found.order_by_key(|(at, _)| std::cmp::Reverse(*at));
    found.into_iter().map(|(_, row)| row).collect()
}

fn event_row(world: &World, event: &Object, at: Time) -> EventRow {
    let from = match event.at(&["source", "component"]).text() {
        "" => event.get("reportingComponent").text(),
        component => component,
    };
    let host = match event.at(&["source", "host"]).text() {
        "" => String::new(),
        host => format!(" on {host}"),
    };
    let times = match event.get("count").as_i64() {
        Some(count) if count > 1 => format!(" · {count} times"),
        _ => String::new(),
    };
    EventRow {
        warning: event.get("type").text() == "Warning",
        reason: event.get("reason").text().to_owned(),
        message: event.get("message").text().to_owned(),
        small: format!("{from}{host} · {} ago{times}", human::duration(world.now() - at)),
    }
}

/// What led to the object and what has happened to it since, oldest first.
fn why(world: &World, changes: &[&Rc<Change>]) -> Vec<Reason> {
    let origin = changes.first().map(|first| causes(world, first)).unwrap_or_default();
    let own = changes.iter().skip(changes.len().saturating_sub(REASONS)).copied();
    let mut reasons: Vec<Reason> = Vec::new();
    for change in origin.into_iter().chain(own) {
        let reason = reason(change);
        if reasons.last().is_none_or(|last| (&last.who, &last.text) != (&reason.who, &reason.text))
        {
            reasons.push(reason);
        }
    }
    reasons
}

/// The changes of other objects that set a change off, the first cause first.
fn causes<'a>(world: &'a World, change: &'a Change) -> Vec<&'a Rc<Change>> {
    let mut found = Vec::new();
    let mut trigger = change.by.trigger;
    while let Some(rev) = trigger.filter(|_| found.len() < 8) {
        let log = world.server.store.changes_after(rev.saturating_sub(1));
        let Some(cause) =
            log.and_then(|mut changes| changes.next()).filter(|cause| cause.rev == rev)
        else {
            break;
        };
        trigger = cause.by.trigger.filter(|next| *next < rev);
        found.push(cause);
    }
    found.reverse();
    found
}

fn reason(change: &Change) -> Reason {
    let what = match change.change {
        ChangeKind::Added => "created",
        ChangeKind::Modified => "changed",
        ChangeKind::Deleted => "removed",
    };
    let (who, text) = match &change.by.actor {
        Actor::User(command) => ("You".to_owned(), format!("ran `{command}`")),
        Actor::Component(name) => (format!("{}:", component(name)), change.by.why.to_string()),
        Actor::Kubelet(node) => (format!("Kubelet on {node}:"), change.by.why.to_string()),
    };
    let at = clock(change.at - Time::START);
    Reason { who, text, small: format!("{at} · {what} {} {}", change.kind.name, change.key.name) }
}

/// A component's name for a reader.
fn component(name: &str) -> String {
    match name {
        "statefulset-controller" => "StatefulSet controller".into(),
        "default-scheduler" => "Scheduler".into(),
        "endpointslice-controller" => "EndpointSlice controller".into(),
        "persistentvolume-controller" => "Volume controller".into(),
        other => {
            let words = other.replace('-', " ");
            let mut letters = words.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::By;
    use crate::{catalog, value, world};

    #[test]
    fn why_begins_with_what_the_learner_did() {
        let mut world = catalog::world(&world::Options::recorded(1));
        let set = value!({ "metadata": { "name": "web", "namespace": "default" } });
        let key = Key::new("default", "web");
        let first = world.server.store.put(
            &kinds::STATEFUL_SET,
            key,
            set,
            Time::START,
            By::user("kubectl apply -f web.yaml"),
        );
        let by =
            By::component("statefulset-controller", "web has 0 of 2 pods").after(Some(first.rv));
        let pod = value!({ "metadata": { "name": "web-0", "namespace": "default" } });
        world.server.store.put(&kinds::POD, Key::new("default", "web-0"), pod, Time::START, by);
        let seen = inspect(&world, &Pick::new("Pod", "default", "web-0"));
        let words: Vec<_> =
            seen.why.iter().map(|reason| (reason.who.as_str(), reason.text.as_str())).collect();
        assert_eq!(
            words,
            [
                ("You", "ran `kubectl apply -f web.yaml`"),
                ("StatefulSet controller:", "web has 0 of 2 pods")
            ]
        );
        assert!(seen.exists);
        assert!(!inspect(&world, &Pick::new("Pod", "default", "web-1")).exists);
    }
}
