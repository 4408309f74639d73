//! Decides which nodes get a daemon pod, which pods go, and what the status says. Pure.
//!
//! Upstream: pkg/controller/daemon/daemon_controller.go (podsShouldBeOnNode, NodeShouldRunDaemonPod,
//! updateDaemonSetStatus) and update.go (rollingUpdate).

use std::rc::Rc;

use crate::api::Object;
use crate::api::int_or_string::Round;
use crate::api::kinds::daemon_set::{DaemonSet, DaemonSetStatus};
use crate::api::kinds::node::Node;
use crate::api::kinds::pod::{Pod, PodSpec, Toleration};
use crate::api::scheduling::{node_allowed, tolerates};
use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::controllers::pods;
use crate::value;

/// The label with the hash of the template that a pod was made from.
pub const HASH_LABEL: &str = "controller-revision-hash";
/// The older label with the number of the template.
pub const GENERATION_LABEL: &str = "pod-template-generation";

/// The set's pods by the node that they are meant for ("" for none).
pub type ByNode = OrdMap<Str, Vec<Rc<Object>>>;

/// What a plan is made from.
pub struct Input<'a> {
    /// The set.
    pub set: &'a DaemonSet,
    /// All nodes.
    pub nodes: &'a [Rc<Node>],
    /// The set's pods.
    pub pods: &'a ByNode,
    /// The hash of the present template.
    pub hash: &'a str,
    /// The number of the present template.
    pub generation: &'a str,
    /// The time.
    pub now: Time,
}

/// A pod to be deleted, and why.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The pod.
    pub pod: Rc<Object>,
    /// Why: the rest of a sentence that begins with the pod.
    pub why: String,
    /// Whether it has ended, which is reported as an event of its own.
    pub ended: bool,
}

/// A node that gets a pod, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The node.
    pub node: Str,
    /// Why: the rest of a sentence that begins with the set.
    pub why: String,
}

/// What to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Pods to create.
    pub create: Vec<Placement>,
    /// Pods to delete.
    pub delete: Vec<Removal>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty()
    }

    fn remove(&mut self, pod: &Rc<Object>, why: impl Into<String>) {
        self.delete.push(Removal { pod: pod.clone(), why: why.into(), ended: false });
    }
}

/// The node that a pod is meant for: where it runs, or where its affinity wants it.
/// Upstream: GetTargetNodeName.
pub fn target_node(pod: &Object) -> Str {
    let pod = pod.view::<Pod>();
    if !pod.spec.node_name.is_empty() {
        return pod.spec.node_name.clone();
    }
    let terms =
        pod.spec.affinity.node_affinity.required.iter().flat_map(|r| &r.node_selector_terms);
    terms
        .flat_map(|term| &term.match_fields)
        .find(|field| field.key == "metadata.name" && field.operator == "In")
        .and_then(|field| field.values.first().cloned())
        .unwrap_or_default()
}

/// Tolerations that every daemon pod has. Upstream: AddOrUpdateDaemonPodTolerations.
pub fn add_tolerations(spec: &mut Value) {
    let host_network = spec.get("hostNetwork").is_true();
    let mut all = vec![
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];
    if host_network {
        all.push(("node.kubernetes.io/network-unavailable", "NoSchedule"));
    }
    let list = spec.entry("tolerations").make_array();
    for (key, effect) in all {
        let toleration = value!({ "key": key, "operator": "Exists", "effect": effect });
        let same = |other: &&mut Value| {
            ["key", "effect", "operator"].iter().all(|f| other.get(f) == toleration.get(f))
        };
        match list.iter_mut().find(same) {
            Some(other) => *other = toleration,
            None => list.push(toleration),
        }
    }
}

/// Whether a node should get the set's pod, and whether one that is there may stay.
/// `spec` is the template's with the daemon's tolerations. Upstream: NodeShouldRunDaemonPod.
pub fn should_run(spec: &PodSpec, node: &Node) -> (bool, bool) {
    if !spec.node_name.is_empty() && spec.node_name != node.meta.name || !node_allowed(spec, node) {
        return (false, false);
    }
    let open = |effects: &[&str]| {
        node.spec
            .taints
            .iter()
            .filter(|taint| effects.contains(&taint.effect.as_str()))
            .all(|taint| spec.tolerations.iter().any(|t: &Toleration| tolerates(t, taint)))
    };
    let run = open(&["NoSchedule", "NoExecute"]);
    (run, run || open(&["NoExecute"]))
}

impl Input<'_> {
    fn on(&self, node: &str) -> &[Rc<Object>] {
        self.pods.get(node).map_or(&[], Vec::as_slice)
    }

    fn is_updated(&self, pod: &Object) -> bool {
        pod.label(HASH_LABEL) == Some(self.hash)
            || pod.label(GENERATION_LABEL) == Some(self.generation)
    }

    fn is_available(&self, pod: &Object) -> bool {
        let from = pods::available_from(&pod.view::<Pod>(), self.set.spec.min_ready_seconds);
        from.is_some_and(|from| from <= self.now)
    }

    fn rolling(&self) -> (usize, usize) {
        let wanted = self.wanted() as i64;
        let rolling = self.set.spec.update_strategy.rolling_update.clone().unwrap_or_default();
        let count = |n: Option<i64>| n.unwrap_or(0).max(0) as usize;
        let surge = count(rolling.max_surge.scaled(wanted, Round::Up));
        let unavailable = count(rolling.max_unavailable.scaled(wanted, Round::Up));
        if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
    }

    fn spec(&self) -> PodSpec {
        let mut spec = self.set.spec.template.spec.clone();
        let mut tolerations = value!({ "hostNetwork": spec.host_network });
        add_tolerations(&mut tolerations);
        let added = tolerations.get("tolerations").as_array();
        spec.tolerations.extend(added.iter().map(crate::base::view::FromValue::from_value));
        spec
    }

    fn wanted(&self) -> usize {
        let spec = self.spec();
        self.nodes.iter().filter(|node| should_run(&spec, node).0).count()
    }

    fn surges(&self) -> bool {
        let strategy = &self.set.spec.update_strategy;
        strategy.kind == "RollingUpdate"
            && strategy.rolling_update.as_ref().is_some_and(|rolling| {
                rolling.max_surge.scaled(100, Round::Up).is_some_and(|n| n > 0)
            })
    }
}

/// One pod on each node that should have one, none elsewhere. Upstream: manage.
pub fn manage(input: &Input) -> Plan {
    let spec = input.spec();
    let mut plan = Plan::default();
    for node in input.nodes {
        let name = &node.meta.name;
        let (run, stay) = should_run(&spec, node);
        let pods = input.on(name);
        if run && pods.is_empty() {
            let why = format!("{name} fits the set and had none");
            plan.create.push(Placement { node: name.clone(), why });
        } else if stay {
            keep_one(input, name, pods, run, &mut plan);
        } else {
            let why = format!("node {name} no longer fits the set");
            for pod in pods.iter().filter(|pod| !pod.is_deleting()) {
                plan.remove(pod, why.as_str());
            }
        }
    }
    remove_stranded(input, &mut plan);
    plan
}

/// Pods that wait for a node that is gone. Upstream: getUnscheduledPodsWithoutNode.
fn remove_stranded(input: &Input, plan: &mut Plan) {
    for (node, pods) in input.pods {
        if input.nodes.iter().any(|known| known.meta.name == *node) {
            continue;
        }
        for pod in pods.iter().filter(|pod| pod.at(&["spec", "nodeName"]).text().is_empty()) {
            plan.remove(pod, format!("it waited for node {node}, which is gone"));
        }
    }
}

fn keep_one(input: &Input, node: &Str, pods: &[Rc<Object>], run: bool, plan: &mut Plan) {
    let mut running: Vec<&Rc<Object>> = Vec::new();
    for pod in pods.iter().filter(|pod| !pod.is_deleting()) {
        if pods::is_terminal(pod) {
            let phase = pod.at(&["status", "phase"]).text();
            let why = format!("it is {phase} and does not run again");
            plan.delete.push(Removal { pod: pod.clone(), why, ended: true });
        } else {
            running.push(pod);
        }
    }
    sort(&mut running);
    if !input.surges() {
        for pod in running.iter().skip(1) {
            plan.remove(pod, format!("{node} has more than one pod of the set"));
        }
        return;
    }
    if running.is_empty() && run {
        let why = format!("{node} fits the set and had none that stays");
        plan.create.push(Placement { node: node.clone(), why });
    }
    if running.len() > 1 {
        surged(input, node, &running, plan);
    }
}

/// While a pod is being replaced by surge, an old and a new one may run together.
fn surged(input: &Input, node: &Str, running: &[&Rc<Object>], plan: &mut Plan) {
    let (mut new, mut old) = (None, None);
    for pod in running {
        let place = if pod.label(HASH_LABEL) == Some(input.hash) { &mut new } else { &mut old };
        match place {
            None => *place = Some(*pod),
            Some(_) => plan.remove(pod, format!("{node} has more than one such pod of the set")),
        }
    }
    if let (Some(new), Some(old)) = (new, old) {
        if !old.view::<Pod>().is_ready() {
            plan.remove(old, "it is not Ready and its replacement is there");
        } else if input.is_available(new) {
            plan.remove(old, format!("its replacement {} is available", new.name()));
        }
    }
}

/// The oldest first; of equals the one that is scheduled or further on.
/// Upstream: podByCreationTimestampAndPhase.
fn sort(pods: &mut [&Rc<Object>]) {
    pods.order_by_key(|pod| {
        (pod.at(&["spec", "nodeName"]).text().is_empty(), pod.created(), pod.name().clone())
    });
}

/// Replaces pods of older templates within the limits. Upstream: rollingUpdate.
pub fn roll(input: &Input) -> Plan {
    let (surge, unavailable) = input.rolling();
    if surge == 0 { roll_by_deleting(input, unavailable) } else { roll_by_surging(input, surge) }
}

/// The new and the old pod on a node; `None` when there are too many. Upstream: findUpdatedPodsOnNode.
fn pair<'a>(
    input: &Input,
    pods: &'a [Rc<Object>],
) -> Option<(Option<&'a Rc<Object>>, Option<&'a Rc<Object>>)> {
    let (mut new, mut old) = (None, None);
    for pod in pods.iter().filter(|pod| !pod.is_deleting()) {
        let place = if input.is_updated(pod) { &mut new } else { &mut old };
        if place.replace(pod).is_some() {
            return None;
        }
    }
    Some((new, old))
}

/// The nodes that count: those with pods and those that should have one.
fn places(input: &Input) -> Vec<Str> {
    let spec = input.spec();
    let empty =
        |node: &&Rc<Node>| should_run(&spec, node).0 && !input.pods.contains_key(&node.meta.name);
    let missing = input.nodes.iter().filter(empty).map(|node| node.meta.name.clone());
    let mut names: Vec<Str> = input.pods.keys().cloned().chain(missing).collect();
    names.order();
    names
}

fn roll_by_deleting(input: &Input, limit: usize) -> Plan {
    let mut plan = Plan::default();
    let (mut missing, mut candidates) = (0, Vec::new());
    for node in places(input) {
        match pair(input, input.on(&node)) {
            None | Some((None, None) | (Some(_), Some(_))) => missing += 1,
            Some((Some(new), None)) => missing += usize::from(!input.is_available(new)),
            Some((None, Some(old))) if !input.is_available(old) => {
                plan.remove(old, "it is of an older template and not available");
                missing += 1;
            }
            Some((None, Some(old))) if missing < limit => candidates.push(old.clone()),
            Some((None, Some(_))) => {}
        }
    }
    let why = format!(
        "it is of an older template; {missing} of the set's pods were not available and {limit} may be (maxUnavailable)"
    );
    for pod in candidates.iter().take(limit.saturating_sub(missing)) {
        plan.remove(pod, why.as_str());
    }
    plan
}

fn roll_by_surging(input: &Input, limit: usize) -> Plan {
    let spec = input.spec();
    let runs = |name: &str| {
        let node = input.nodes.iter().find(|node| node.meta.name == name);
        node.is_some_and(|node| should_run(&spec, node).0)
    };
    let mut plan = Plan::default();
    let (mut surging, mut available) = (0, 0);
    let (mut candidates, mut misplaced) = (Vec::new(), Vec::new());
    for node in places(input) {
        let Some((new, old)) = pair(input, input.on(&node)) else {
            surging += 1;
            continue;
        };
        available += usize::from(old.or(new).is_some_and(|pod| input.is_available(pod)));
        match (new, old) {
            (_, None) => {}
            (None, Some(old)) if !input.is_available(old) && !runs(&node) => {
                plan.remove(old, format!("it is not available and {node} no longer fits the set"));
            }
            (None, Some(_)) if !runs(&node) => misplaced.extend(old.cloned()),
            (None, Some(old)) if !input.is_available(old) => {
                let why = format!("{} is of an older template and not available", old.name());
                plan.create.push(Placement { node: node.clone(), why });
            }
            (None, Some(old)) if surging < limit => candidates.push((node.clone(), old.clone())),
            (None, Some(_)) => {}
            (Some(new), Some(_)) if !input.is_available(new) => surging += 1,
            (Some(new), Some(old)) => {
                plan.remove(old, format!("its replacement {} is available", new.name()));
            }
        }
    }
    let spare = available.saturating_sub(input.wanted());
    for pod in misplaced.iter().take(spare) {
        plan.remove(pod, "its node no longer fits the set and enough others are available");
    }
    for (node, old) in candidates.into_iter().take(limit.saturating_sub(surging)) {
        let why = format!(
            "{} is of an older template; {surging} surplus pods ran and {limit} may (maxSurge)",
            old.name()
        );
        plan.create.push(Placement { node, why });
    }
    plan
}

/// What the status says. Upstream: updateDaemonSetStatus.
pub fn status(input: &Input) -> DaemonSetStatus {
    let spec = input.spec();
    let mut status = DaemonSetStatus {
        observed_generation: input.set.meta.generation,
        collision_count: input.set.status.collision_count,
        ..DaemonSetStatus::default()
    };
    for node in input.nodes {
        let mut pods: Vec<&Rc<Object>> = input.on(&node.meta.name).iter().collect();
        if !should_run(&spec, node).0 {
            status.number_misscheduled += i32::from(!pods.is_empty());
            continue;
        }
        status.desired_number_scheduled += 1;
        sort(&mut pods);
        let Some(pod) = pods.first() else { continue };
        status.current_number_scheduled += 1;
        status.number_ready += i32::from(pod.view::<Pod>().is_ready());
        status.number_available += i32::from(input.is_available(pod));
        status.updated_number_scheduled += i32::from(input.is_updated(pod));
    }
    status.number_unavailable = status.desired_number_scheduled - status.number_available;
    status
}
