//! Matching that scheduler and controllers share: node selectors, tolerations, what a pod asks for.
//!
//! Upstream: staging/src/k8s.io/component-helpers/scheduling/corev1 and
//! staging/src/k8s.io/component-helpers/resource/helpers.go.

use crate::base::ordered::OrdMap;

use crate::api::kinds::node::{Node, Taint};
use crate::api::kinds::pod::{
    Container, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, Toleration,
};
use crate::base::quantity::Quantity;
use crate::base::value::Str;

/// Whether a node meets one term: all expressions on labels and all on fields. An empty term meets nothing.
/// Upstream: nodeaffinity.go, nodeSelectorTerm.match.
pub fn matches_term(term: &NodeSelectorTerm, labels: &OrdMap<Str, Str>, name: &str) -> bool {
    if term.match_expressions.is_empty() && term.match_fields.is_empty() {
        return false;
    }
    let on_labels = |r: &NodeSelectorRequirement| holds(r, labels.get(&r.key).map(Str::as_str));
    let on_fields =
        |r: &NodeSelectorRequirement| holds(r, (r.key == "metadata.name").then_some(name));
    term.match_expressions.iter().all(on_labels) && term.match_fields.iter().all(on_fields)
}

/// Whether a node meets one of several terms. Upstream: nodeaffinity.go, NodeSelector.Match.
pub fn matches_any_term(terms: &[NodeSelectorTerm], labels: &OrdMap<Str, Str>, name: &str) -> bool {
    terms.iter().any(|term| matches_term(term, labels, name))
}

fn holds(requirement: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let listed = |value: &str| requirement.values.iter().any(|v| v == value);
    let limit = || requirement.values.first().and_then(|v| v.parse::<i64>().ok());
    let number = || value.and_then(|v| v.parse::<i64>().ok());
    match requirement.operator.as_str() {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number().zip(limit()).is_some_and(|(n, limit)| n > limit),
        "Lt" => number().zip(limit()).is_some_and(|(n, limit)| n < limit),
        _ => false,
    }
}

/// Whether a node is one that a pod's node selector and required node affinity allow.
/// Upstream: nodeaffinity.go, RequiredNodeAffinity.Match.
pub fn node_allowed(spec: &PodSpec, node: &Node) -> bool {
    let labels = &node.meta.labels;
    let selected = spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    selected
        && spec.affinity.node_affinity.required.as_ref().is_none_or(|required| {
            matches_any_term(&required.node_selector_terms, labels, &node.meta.name)
        })
}

/// Whether a toleration covers a taint. Upstream: api/core/v1/toleration.go, ToleratesTaint.
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    if !toleration.effect.is_empty() && toleration.effect != taint.effect {
        return false;
    }
    if !toleration.key.is_empty() && toleration.key != taint.key {
        return false;
    }
    match toleration.operator.as_str() {
        "" | "Equal" => toleration.value == taint.value,
        "Exists" => true,
        _ => false,
    }
}

/// The first taint that keeps new pods away and that no toleration covers.
/// Upstream: helpers.go, FindMatchingUntoleratedTaint with DoNotScheduleTaintsFilterFunc.
pub fn untolerated_taint<'a>(taints: &'a [Taint], tolerations: &[Toleration]) -> Option<&'a Taint> {
    taints
        .iter()
        .filter(|taint| taint.effect == "NoSchedule" || taint.effect == "NoExecute")
        .find(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}

/// Amounts of a node's resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral: i64,
    /// Anything else by name, such as `example.com/gpu`.
    pub other: Vec<(Str, i64)>,
}

impl Resources {
    /// Reads a list of quantities. `pods` is not kept.
    pub fn of(list: &OrdMap<Str, Str>) -> Resources {
        let mut resources = Resources::default();
        for (name, text) in list {
            let Ok(amount) = Quantity::parse(text) else { continue };
            match name.as_str() {
                "cpu" => resources.milli_cpu = amount.milli_value(),
                "memory" => resources.memory = amount.value(),
                "ephemeral-storage" => resources.ephemeral = amount.value(),
                "pods" => {}
                _ => resources.other.push((name.clone(), amount.value())),
            }
        }
        resources
    }

    /// The amount of a resource that has no field of its own.
    pub fn other(&self, name: &str) -> i64 {
        self.other.iter().find(|(key, _)| key == name).map_or(0, |(_, amount)| *amount)
    }

    /// Adds `sign` times the amounts.
    pub fn add(&mut self, more: &Resources, sign: i64) {
        self.milli_cpu += sign * more.milli_cpu;
        self.memory += sign * more.memory;
        self.ephemeral += sign * more.ephemeral;
        for (name, amount) in &more.other {
            match self.other.iter_mut().find(|(key, _)| key == name) {
                Some((_, sum)) => *sum += sign * amount,
                None => self.other.push((name.clone(), sign * amount)),
            }
        }
    }

    /// Raises each amount to the other's where that is higher.
    pub fn raise(&mut self, other: &Resources) {
        self.milli_cpu = self.milli_cpu.max(other.milli_cpu);
        self.memory = self.memory.max(other.memory);
        self.ephemeral = self.ephemeral.max(other.ephemeral);
        for (name, amount) in &other.other {
            match self.other.iter_mut().find(|(key, _)| key == name) {
                Some((_, sum)) => *sum = (*sum).max(*amount),
                None => self.other.push((name.clone(), *amount)),
            }
        }
    }

    /// Whether nothing is asked for.
    pub fn is_zero(&self) -> bool {
        self.milli_cpu == 0
            && self.memory == 0
            && self.ephemeral == 0
            && self.other.iter().all(|(_, amount)| *amount == 0)
    }
}

/// What a pod asks for in all: containers together, or an init container where that needs more, plus overhead.
/// `of` gives a container's part. Upstream: helpers.go, PodRequests.
fn sum_of(spec: &PodSpec, of: impl Fn(&Container) -> Resources) -> Resources {
    let mut sum = Resources::default();
    for container in &spec.containers {
        sum.add(&of(container), 1);
    }
    let mut at_start = Resources::default();
    let mut sidecars = Resources::default();
    for container in &spec.init_containers {
        let mut needs = of(container);
        if container.restart_policy.as_ref().is_some_and(|policy| policy == "Always") {
            sum.add(&needs, 1);
            sidecars.add(&needs, 1);
            needs = sidecars.clone();
        } else {
            needs.add(&sidecars, 1);
        }
        at_start.raise(&needs);
    }
    sum.raise(&at_start);
    sum.add(&Resources::of(&spec.overhead), 1);
    sum
}

/// What a pod asks for.
pub fn requests(spec: &PodSpec) -> Resources {
    sum_of(spec, |container| Resources::of(&container.resources.requests))
}

/// The CPU (thousandths) and memory (bytes) that scoring counts for a pod: containers that ask for nothing
/// count as 100m and 200 MB. Upstream: pkg/scheduler/util/pod_resources.go.
pub fn scored_requests(spec: &PodSpec) -> (i64, i64) {
    let sum = sum_of(spec, |container| {
        let requests = &container.resources.requests;
        let mut needs = Resources::of(requests);
        if !requests.contains_key("cpu") {
            needs.milli_cpu = 100;
        }
        if !requests.contains_key("memory") {
            needs.memory = 200 * 1024 * 1024;
        }
        needs
    });
    (sum.milli_cpu, sum.memory)
}

/// A pod's priority. Upstream: helpers.go, PodPriority.
pub fn priority(pod: &Pod) -> i32 {
    pod.spec.priority.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::view::FromValue;
    use crate::value;

    #[test]
    fn init_containers_and_sidecars_count_as_upstream() {
        let cpu = |amount: &str| value!({ "requests": { "cpu": amount } });
        let spec = PodSpec::from_value(&value!({
            "containers": [{ "resources": cpu("100m") }, { "resources": cpu("200m") }],
            "initContainers": [
                { "resources": cpu("50m"), "restartPolicy": "Always" },
                { "resources": cpu("1") },
            ],
            "overhead": { "cpu": "10m" },
        }));
        assert_eq!(requests(&spec).milli_cpu, 1060);
        let idle = PodSpec::from_value(&value!({ "containers": [{ "name": "a" }] }));
        assert_eq!(scored_requests(&idle), (100, 200 * 1024 * 1024));
    }

    #[test]
    fn tolerations_cover_taints() {
        let taint = |effect: &str| Taint {
            key: "k".into(),
            value: "v".into(),
            effect: effect.into(),
            time_added: None,
        };
        for (toleration, covers) in [
            (value!({ "operator": "Exists" }), true),
            (value!({ "key": "k", "operator": "Exists" }), true),
            (value!({ "key": "k", "value": "v" }), true),
            (value!({ "key": "k", "value": "w" }), false),
            (value!({ "key": "k", "operator": "Exists", "effect": "NoExecute" }), false),
        ] {
            let tolerations = [Toleration::from_value(&toleration)];
            let taints = [taint("PreferNoSchedule"), taint("NoSchedule")];
            assert_eq!(
                untolerated_taint(&taints, &tolerations).is_none(),
                covers,
                "{toleration:?}"
            );
        }
    }

    #[test]
    fn node_selectors() {
        let labels = OrdMap::from([("zone".into(), "a".into()), ("n".into(), "5".into())]);
        let term = |value| NodeSelectorTerm::from_value(&value);
        let one = |key: &str, op: &str, values: Vec<&str>| {
            term(value!({ "matchExpressions": [{ "key": key, "operator": op, "values": values }] }))
        };
        for (term, matches) in [
            (one("zone", "In", vec!["a", "b"]), true),
            (one("zone", "NotIn", vec!["a"]), false),
            (one("rack", "NotIn", vec!["a"]), true),
            (one("rack", "Exists", vec![]), false),
            (one("n", "Gt", vec!["4"]), true),
            (one("n", "Lt", vec!["5"]), false),
            (term(value!({})), false),
            (
                term(value!({ "matchFields": [
                { "key": "metadata.name", "operator": "In", "values": ["node-1"] },
            ] })),
                true,
            ),
        ] {
            assert_eq!(matches_term(&term, &labels, "node-1"), matches, "{term:?}");
        }
    }
}
