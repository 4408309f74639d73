//! The picture of the cluster: groups of pods, claims and volumes on their shelf, sets and services above.

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use std::rc::Rc;

use crate::api::Object;
use crate::api::kinds::{
    ENDPOINT_SLICE, EVENT, NODE, PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, POD, SERVICE,
    STATEFUL_SET,
};
use crate::base::quantity::Quantity;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::view::pod::{self, PodState};
use crate::view::{Look, list};
use crate::world::World;

/// What the picture shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The namespace; `None` for all of them.
    pub namespace: Option<String>,
    /// How pods are grouped.
    pub by: Grouping,
}

/// How pods are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// One card per node.
    #[default]
    Node,
    /// One card per controller.
    Owner,
}

/// The whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// StatefulSets and their kin.
    pub sets: Vec<SetPill>,
    /// Services.
    pub services: Vec<ServicePill>,
    /// Pods without a node; empty when grouped by owner.
    pub waiting: Vec<Rc<PodCard>>,
    /// The cards that hold pods.
    pub groups: Vec<Group>,
    /// Claims and unclaimed volumes.
    pub shelf: Vec<Tag>,
}

/// A node or an owner with its pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The node's or owner's uid; "" for pods without an owner.
    pub uid: String,
    /// Its kind: `Node`, `StatefulSet`; "" for pods without an owner.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Small print beside the name: the node's addresses.
    pub detail: String,
    /// What is wrong with it, such as `cordoned`; "" when nothing is.
    pub trouble: String,
    /// Requested share of the node's CPU and memory, in percent.
    pub used: Option<(u8, u8)>,
    /// Its pods by name.
    pub pods: Vec<Rc<PodCard>>,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodCard {
    /// Its uid.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: PodState,
    /// The first characters of its revision, if a StatefulSet made it.
    pub revision: Option<String>,
    /// Whether that revision is the one its set is moving to.
    pub newest: bool,
    /// Uids of the claims that it mounts.
    pub claims: Vec<String>,
    /// The image that is not simulated, so that a stand-in runs for it. Says nothing of the cluster's own pods.
    pub stand_in: Option<String>,
}

/// A claim, or a volume that no claim holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tag {
    /// Its uid.
    pub uid: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, "" for a volume.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// State and size: `Bound · 1Gi`.
    pub detail: String,
    /// Shape and colour.
    pub look: Look,
    /// Whether no pod uses it now: it is kept.
    pub kept: bool,
}

/// A StatefulSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetPill {
    /// Its uid.
    pub uid: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Ready and wanted pods.
    pub ready: (i64, i64),
    /// Shape and colour.
    pub look: Look,
    /// What it is doing, if anything: `updating`.
    pub doing: String,
    /// Its revisions, the newest last, with how many pods have each.
    pub revisions: Vec<(String, i64)>,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServicePill {
    /// Its uid.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `headless · 2 endpoints`.
    pub detail: String,
}

/// Draws the picture.
pub fn diagram(world: &World, options: &Options) -> Diagram {
    let shown = |o: &Rc<Object>| options.namespace.as_deref().is_none_or(|ns| o.namespace() == ns);
    let here = |kind| list(world, kind).into_iter().filter(shown).collect::<Vec<_>>();
    let (pods, sets) = (here(&POD), here(&STATEFUL_SET));
    let claims = here(&PERSISTENT_VOLUME_CLAIM);
    let news = latest_news(&list(world, &EVENT));
    let cards: Vec<Rc<PodCard>> =
        pods.iter().map(|pod| Rc::new(pod_card(world, pod, &news, &claims, &sets))).collect();
    let nodes = list(world, &NODE);
    let everywhere = options.namespace.as_deref().is_none_or(|ns| ns == "kube-system");
    let (groups, waiting) = match options.by {
        Grouping::Node => by_node(&nodes, &list(world, &POD), &pods, &cards, everywhere),
        Grouping::Owner => (by_owner(&pods, &cards), Vec::new()),
    };
    Diagram {
        sets: sets.iter().map(|set| set_pill(set)).collect(),
        services: services(&here(&SERVICE), &here(&ENDPOINT_SLICE)),
        waiting,
        groups,
        shelf: shelf(world, &claims, &cards),
    }
}

/// The latest event of each object, by uid: its time, reason and message.
type News = OrdMap<String, (Time, String, String)>;

fn latest_news(events: &[Rc<Object>]) -> News {
    let mut news = News::new();
    for event in events {
        let about = event.at(&["involvedObject", "uid"]).text();
        let stamps = ["lastTimestamp", "eventTime", "firstTimestamp"];
        let at = stamps
            .iter()
            .find_map(|key| Time::parse(event.get(key).text()))
            .unwrap_or(event.created());
        if news.get(about).is_none_or(|(latest, ..)| *latest <= at) {
            let (reason, message) = (event.get("reason").text(), event.get("message").text());
            news.insert(about.to_owned(), (at, reason.to_owned(), message.to_owned()));
        }
    }
    news
}

fn pod_card(
    world: &World,
    pod: &Object,
    news: &News,
    claims: &[Rc<Object>],
    sets: &[Rc<Object>],
) -> PodCard {
    let latest =
        news.get(pod.uid()).map(|(_, reason, message)| (reason.as_str(), message.as_str()));
    let revision = pod.label("controller-revision-hash").unwrap_or_default();
    let hash = revision.rsplit('-').next().unwrap_or_default();
    let owner = pod.meta().controller().map(|owner| owner.uid.clone()).unwrap_or_default();
    let set = sets.iter().find(|set| owner == set.uid());
    let volumes = pod.at(&["spec", "volumes"]).as_array().iter();
    let mounted = volumes.map(|volume| volume.at(&["persistentVolumeClaim", "claimName"]).text());
    let claim =
        |name: &str| claims.iter().find(|c| c.name() == name && c.namespace() == pod.namespace());
    PodCard {
        uid: pod.uid().to_owned(),
        namespace: pod.namespace().to_string(),
        name: pod.name().to_string(),
        state: pod::state(pod, latest, world.now()),
        revision: set.filter(|_| !hash.is_empty()).map(|_| hash.chars().take(4).collect()),
        newest: set.is_some_and(|set| is_moving_to(set, revision)),
        claims: mounted.filter_map(claim).map(|c| c.uid().to_owned()).collect(),
        stand_in: containers(pod)
            .map(|c| c.get("image").text())
            .find(|image| !pod::is_simulated(world.catalog(), image))
            .filter(|_| pod.namespace() != "kube-system")
            .map(str::to_owned),
    }
}

/// Whether a set is on its way from another revision to this one.
fn is_moving_to(set: &Object, revision: &str) -> bool {
    let [current, update] =
        ["currentRevision", "updateRevision"].map(|key| set.at(&["status", key]).text());
    update == revision && current != update
}

fn containers(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.at(&["spec", "containers"]).as_array().iter()
}

fn node_of(pod: &Object) -> &str {
    pod.at(&["spec", "nodeName"]).text()
}

/// Nodes with their shown pods, and the pods without a node. The control plane is shown when it has something to show.
fn by_node(
    nodes: &[Rc<Object>],
    everyone: &[Rc<Object>],
    pods: &[Rc<Object>],
    cards: &[Rc<PodCard>],
    everywhere: bool,
) -> (Vec<Group>, Vec<Rc<PodCard>>) {
    let on = |name: &str| -> Vec<Rc<PodCard>> {
        pods.iter()
            .zip(cards)
            .filter(|(pod, _)| node_of(pod) == name)
            .map(|(_, card)| card.clone())
            .collect()
    };
    let is_control_plane =
        |node: &Object| node.label("node-role.kubernetes.io/control-plane").is_some();
    let mut groups: Vec<(bool, Group)> = nodes
        .iter()
        .map(|node| {
            let all: Vec<&Rc<Object>> =
                everyone.iter().filter(|pod| node_of(pod) == node.name().as_str()).collect();
            (is_control_plane(node), node_group(node, &all, on(node.name())))
        })
        .filter(|(control_plane, group)| !control_plane || everywhere || !group.pods.is_empty())
        .collect();
    groups.order_by_key(|(control_plane, _)| *control_plane);
    (groups.into_iter().map(|(_, group)| group).collect(), on(""))
}

fn node_group(node: &Object, all: &[&Rc<Object>], pods: Vec<Rc<PodCard>>) -> Group {
    let ready = pod::is_true(node, "Ready");
    let cordoned = node.at(&["spec", "unschedulable"]).is_true();
    let trouble = match (ready, cordoned) {
        (false, _) => "not ready",
        (true, true) => "cordoned",
        (true, false) => "",
    };
    Group {
        uid: node.uid().to_owned(),
        kind: "Node".into(),
        name: node.name().to_string(),
        detail: node.at(&["spec", "podCIDR"]).text().to_owned(),
        trouble: trouble.into(),
        used: Some((share(node, all, "cpu"), share(node, all, "memory"))),
        pods,
    }
}

/// The requested share of a node's resource, in percent.
fn share(node: &Object, pods: &[&Rc<Object>], resource: &str) -> u8 {
    let amount = |value: &Value| Quantity::parse(value.text()).map_or(0.0, Quantity::as_f64);
    let requested = |pod: &&Rc<Object>| -> f64 {
        containers(pod).map(|c| amount(c.at(&["resources", "requests", resource]))).sum()
    };
    let whole = amount(node.at(&["status", "allocatable", resource]));
    let sum: f64 = pods.iter().map(requested).sum();
    if whole <= 0.0 { 0 } else { (sum / whole * 100.0).clamp(0.0, 100.0) as u8 }
}

fn by_owner(pods: &[Rc<Object>], cards: &[Rc<PodCard>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (pod, card) in pods.iter().zip(cards) {
        let owner = pod.meta().controller().cloned().unwrap_or_default();
        let at =
            groups.iter().position(|group| owner.uid == group.uid.as_str()).unwrap_or_else(|| {
                groups.push(Group {
                    uid: owner.uid.to_string(),
                    kind: owner.kind.to_string(),
                    name: if owner.name.is_empty() {
                        "no owner".into()
                    } else {
                        owner.name.to_string()
                    },
                    detail: owner.kind.to_string(),
                    ..Group::default()
                });
                groups.len() - 1
            });
        groups[at].pods.push(card.clone());
    }
    groups
}

fn set_pill(set: &Object) -> SetPill {
    let status = |key: &str| set.at(&["status", key]);
    let number = |key: &str| status(key).as_i64().unwrap_or(0);
    let wanted = set.at(&["spec", "replicas"]).as_i64().unwrap_or(1);
    let ready = number("readyReplicas");
    let short =
        |revision: &Value| revision.text().rsplit('-').next().unwrap_or_default().to_owned();
    let (current, update) = (short(status("currentRevision")), short(status("updateRevision")));
    let mut revisions = Vec::new();
    if !current.is_empty() {
        revisions.push((current.clone(), number("currentReplicas")));
    }
    if update != current && !update.is_empty() {
        revisions.push((update.clone(), number("updatedReplicas")));
    }
    let replicas = number("replicas");
    let doing = match () {
        () if set.is_deleting() => "being deleted",
        () if replicas < wanted => "scaling up",
        () if replicas > wanted => "scaling down",
        () if revisions.len() > 1 => "updating",
        () => "",
    };
    let settled = ready == wanted && doing.is_empty();
    let look = if set.is_deleting() {
        Look::Leaving
    } else {
        [Look::Busy, Look::Good][usize::from(settled)]
    };
    SetPill {
        uid: set.uid().to_owned(),
        kind: set.kind.name.to_owned(),
        namespace: set.namespace().to_string(),
        name: set.name().to_string(),
        ready: (ready, wanted),
        look,
        doing: doing.into(),
        revisions,
    }
}

fn services(services: &[Rc<Object>], slices: &[Rc<Object>]) -> Vec<ServicePill> {
    let own = |service: &Object| service.name() != "kubernetes" || service.namespace() != "default";
    services
        .iter()
        .filter(|service| own(service))
        .map(|service| service_pill(service, slices))
        .collect()
}

fn service_pill(service: &Object, slices: &[Rc<Object>]) -> ServicePill {
    let belongs = |slice: &&Rc<Object>| {
        slice.namespace() == service.namespace()
            && slice.label("kubernetes.io/service-name") == Some(service.name().as_str())
    };
    let ready = |endpoint: &&Value| endpoint.at(&["conditions", "ready"]).as_bool() != Some(false);
    let count: usize = slices
        .iter()
        .filter(belongs)
        .map(|s| s.get("endpoints").as_array().iter().filter(ready).count())
        .sum();
    let ip = service.at(&["spec", "clusterIP"]).text();
    let address = if ip == "None" { "headless" } else { ip };
    let endpoints = if count == 1 { "endpoint" } else { "endpoints" };
    ServicePill {
        uid: service.uid().to_owned(),
        namespace: service.namespace().to_string(),
        name: service.name().to_string(),
        detail: format!("{address} · {count} {endpoints}"),
    }
}

/// Claims by name, then the volumes that no shown claim holds.
fn shelf(world: &World, claims: &[Rc<Object>], cards: &[Rc<PodCard>]) -> Vec<Tag> {
    let in_use = |uid: &str| cards.iter().any(|card| card.claims.iter().any(|claim| claim == uid));
    let claim = |o: &Rc<Object>| {
        let phase = o.at(&["status", "phase"]).text();
        let size = match o.at(&["status", "capacity", "storage"]).text() {
            "" => o.at(&["spec", "resources", "requests", "storage"]).text(),
            given => given,
        };
        let files = world.volume_files(o.at(&["spec", "volumeName"]).text());
        tag(o, phase, size, !in_use(o.uid()), &files)
    };
    let unclaimed = |o: &&Rc<Object>| o.at(&["status", "phase"]).text() != "Bound";
    let volume = |o: &Rc<Object>| {
        let phase = o.at(&["status", "phase"]).text();
        let files = world.volume_files(o.name());
        tag(o, phase, o.at(&["spec", "capacity", "storage"]).text(), true, &files)
    };
    let volumes = list(world, &PERSISTENT_VOLUME);
    claims.iter().map(claim).chain(volumes.iter().filter(unclaimed).map(volume)).collect()
}

fn tag(object: &Object, phase: &str, size: &str, kept: bool, files: &[(String, Vec<u8>)]) -> Tag {
    let (look, word) = match phase {
        _ if object.is_deleting() => (Look::Leaving, "Terminating"),
        "Bound" | "Available" => (Look::Good, phase),
        "Released" => (Look::Leaving, phase),
        "Lost" | "Failed" => (Look::Bad, phase),
        "" => (Look::Busy, "Pending"),
        other => (Look::Busy, other),
    };
    let holds = match files {
        [] => String::new(),
        [(name, _)] => format!(" · {name}"),
        many => format!(" · {} files", many.len()),
    };
    let kept_word = if kept && word == "Bound" { " · kept" } else { "" };
    Tag {
        uid: object.uid().to_owned(),
        kind: object.kind.name.to_owned(),
        namespace: object.namespace().to_string(),
        name: object.name().to_string(),
        detail: format!("{word} · {size}{holds}{kept_word}"),
        look,
        kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::KindRef;
    use crate::server::By;
    use crate::{catalog, value, world};

    fn world() -> World {
        let mut world = catalog::world(&world::Options::recorded(1));
        let objects: Vec<(KindRef, Value)> = vec![
            (
                &NODE,
                value!({
                    "metadata": { "name": "a-node", "uid": "n1" },
                    "status": { "allocatable": { "cpu": "4", "memory": "8Gi" }, "conditions": [{ "type": "Ready", "status": "True" }] },
                }),
            ),
            (
                &POD,
                value!({
                    "metadata": { "name": "web-0", "namespace": "default", "uid": "p0" },
                    "spec": {
                        "nodeName": "a-node",
                        "containers": [{ "image": "mine:1", "resources": { "requests": { "cpu": "500m", "memory": "1Gi" } } }],
                        "volumes": [{ "persistentVolumeClaim": { "claimName": "www-web-0" } }],
                    },
                }),
            ),
            (
                &PERSISTENT_VOLUME_CLAIM,
                value!({
                    "metadata": { "name": "www-web-0", "namespace": "default", "uid": "c0" },
                    "status": { "phase": "Bound", "capacity": { "storage": "1Gi" } },
                }),
            ),
            (
                &PERSISTENT_VOLUME_CLAIM,
                value!({
                    "metadata": { "name": "www-web-1", "namespace": "default", "uid": "c1" },
                    "status": { "phase": "Bound", "capacity": { "storage": "1Gi" } },
                }),
            ),
        ];
        for (kind, value) in objects {
            let object = Object::new(kind, value.clone());
            let by = By::component("test", "it is needed");
            world.server.store.put(kind, object.key.clone(), value, Time::START, by);
        }
        world
    }

    fn draw(by: Grouping) -> Diagram {
        diagram(&world(), &Options { namespace: Some("default".into()), by })
    }

    #[test]
    fn pods_stand_on_their_nodes_with_their_claims() {
        let picture = draw(Grouping::Node);
        let pod = &picture.groups[0].pods[0];
        assert_eq!(
            (pod.name.as_str(), pod.claims.as_slice()),
            ("web-0", ["c0".to_owned()].as_slice())
        );
        assert_eq!(pod.stand_in.as_deref(), Some("mine:1"));
        assert_eq!(picture.groups[0].used, Some((12, 12)));
    }

    #[test]
    fn a_claim_without_its_pod_is_kept() {
        let shelf = draw(Grouping::Node).shelf;
        assert_eq!(shelf.iter().map(|tag| tag.kept).collect::<Vec<_>>(), [false, true]);
        assert_eq!(shelf[1].detail, "Bound · 1Gi · kept");
    }

    #[test]
    fn by_owner_every_pod_has_a_place() {
        let groups = draw(Grouping::Owner).groups;
        assert_eq!((groups[0].name.as_str(), groups[0].pods.len()), ("no owner", 1));
    }
}
