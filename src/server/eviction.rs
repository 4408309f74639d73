//! Eviction: a deletion that PodDisruptionBudgets may refuse.
//!
//! Upstream: pkg/registry/core/pod/storage/eviction.go.

use crate::api::kinds::{POD, POD_DISRUPTION_BUDGET};
use crate::api::{Key, LabelSelector, Object, Status};
use crate::base::value::Value;
use crate::base::view::FromValue;
use crate::server::change::By;
use crate::server::subresource::set_pod_condition;
use crate::server::{DeleteOptions, Part, Server};
use crate::value;

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
/// More evictions than this must be confirmed before further ones. Upstream: MaxDisruptedPodSize.
const MAX_DISRUPTED: usize = 2_000;

impl Server {
    /// Evicts a pod, as the `eviction` subresource does.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `TooManyRequests` (a budget does not allow it now).
    pub fn evict(&mut self, pod: &Key, options: &DeleteOptions, by: By) -> Result<(), Status> {
        let Some(object) = self.store.get(&POD, pod).cloned() else {
            return Err(Status::not_found(&POD, &pod.name));
        };
        let mut options = options.clone();
        if !ignores_budgets(&object) {
            self.ask_budget(&object, &mut options, &by)?;
        }
        let now = self.now;
        if !options.dry_run {
            check_version(&object, &options)?;
            self.modify(&POD, pod, Part::Status, by.clone(), |value| {
                let condition = value!({
                    "type": "DisruptionTarget",
                    "status": "True",
                    "reason": "EvictionByEvictionAPI",
                    "message": "Eviction API: evicting",
                });
                set_pod_condition(value, condition, now);
            })?;
            // The write above has moved the revision that the caller knew.
            options.resource_version = None;
        }
        self.delete_with(&POD, pod, &options, by).map(|_| ())
    }

    /// Takes one disruption from the pod's budget, where it has one and needs one.
    fn ask_budget(
        &mut self,
        pod: &Object,
        options: &mut DeleteOptions,
        by: &By,
    ) -> Result<(), Status> {
        let budgets = self.budgets_of(pod);
        let budget = match budgets.as_slice() {
            [] => return Ok(()),
            [one] => one,
            _ => {
                return Err(Status::unknown(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
        };
        let Some(budget) = self.store.get(&POD_DISRUPTION_BUDGET, budget).cloned() else {
            return Ok(());
        };
        if !is_ready(pod) && unhealthy_may_go(&budget) {
            return Ok(());
        }
        check(&budget)?;
        if options.dry_run {
            return Ok(());
        }
        let (now, name) = (self.now, pod.name().clone());
        let written =
            self.modify(&POD_DISRUPTION_BUDGET, &budget.key, Part::Status, by.clone(), |value| {
                take_one(value, &name, now.into());
            });
        written.map(|_| ())
    }

    fn budgets_of(&self, pod: &Object) -> Vec<Key> {
        let labels = pod.at(&["metadata", "labels"]);
        let covers = |budget: &&std::rc::Rc<Object>| {
            let selector = budget.at(&["spec", "selector"]);
            !selector.is_null() && LabelSelector::from_value(selector).matches(labels)
        };
        self.list(&POD_DISRUPTION_BUDGET, pod.namespace())
            .filter(covers)
            .map(|budget| budget.key.clone())
            .collect()
    }
}

/// Upstream: canIgnorePDB.
fn ignores_budgets(pod: &Object) -> bool {
    matches!(pod.at(&["status", "phase"]).text(), "Succeeded" | "Failed" | "Pending")
        || pod.is_deleting()
}

fn is_ready(pod: &Object) -> bool {
    let conditions = pod.at(&["status", "conditions"]).as_array();
    conditions.iter().any(|c| c.get("type").text() == "Ready" && c.get("status").text() == "True")
}

fn number(budget: &Object, field: &str) -> i64 {
    budget.at(&["status", field]).as_i64().unwrap_or(0)
}

fn unhealthy_may_go(budget: &Object) -> bool {
    let desired = number(budget, "desiredHealthy");
    budget.at(&["spec", "unhealthyPodEvictionPolicy"]).text() == "AlwaysAllow"
        || (number(budget, "currentHealthy") >= desired && desired > 0)
}

fn check_version(pod: &Object, options: &DeleteOptions) -> Result<(), Status> {
    match &options.resource_version {
        Some(rv) if *rv != pod.rv.to_string() => Err(Status::stale(&POD, pod.name())),
        _ => Ok(()),
    }
}

fn refusal(message: String, retry_after: i64) -> Status {
    let mut details = value!({
        "causes": [{ "reason": "DisruptionBudget", "message": message }],
    });
    if retry_after > 0 {
        details.set("retryAfterSeconds", retry_after);
    }
    Status::too_many_requests(REFUSED, details)
}

/// Upstream: checkAndDecrement.
fn check(budget: &Object) -> Result<(), Status> {
    let name = budget.name();
    let generation = budget.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
    if number(budget, "observedGeneration") < generation {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(refusal(why, 10));
    }
    let forbidden = |why: &str| Err(Status::forbidden(&POD_DISRUPTION_BUDGET, name, why));
    let allowed = number(budget, "disruptionsAllowed");
    if allowed < 0 {
        return forbidden("pdb disruptions allowed is negative");
    }
    if budget.at(&["status", "disruptedPods"]).entries().count() > MAX_DISRUPTED {
        return forbidden(
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
        );
    }
    if allowed > 0 {
        return Ok(());
    }
    let conditions = budget.at(&["status", "conditions"]).as_array();
    let condition = conditions.iter().find(|c| c.get("type").text() == "DisruptionAllowed");
    let refused = condition
        .filter(|c| c.get("status").text() == "False" && !c.get("message").text().is_empty());
    let text = |c: &Value, field: &str| c.get(field).text().to_owned();
    let (desired, current) = (number(budget, "desiredHealthy"), number(budget, "currentHealthy"));
    Err(refusal(
        match refused {
            Some(c) if c.get("reason").text() == "SyncFailed" => format!(
                "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
                text(c, "message")
            ),
            _ if current <= desired => format!(
                "The disruption budget {name} needs {desired} healthy pods and has {current} currently"
            ),
            Some(c) => format!(
                "The disruption budget {name} does not allow evicting pods currently ({}): {}",
                text(c, "reason"),
                text(c, "message")
            ),
            None => {
                format!("The disruption budget {name} does not allow evicting pods currently")
            }
        },
        0,
    ))
}

/// Notes one disruption in the budget's status until its controller confirms it.
fn take_one(budget: &mut Value, pod: &str, now: Value) {
    let left = budget.at(&["status", "disruptionsAllowed"]).as_i64().unwrap_or(0) - 1;
    budget.set_at(&["status", "disruptionsAllowed"], left);
    budget.set_at(&["status", "disruptedPods", pod], now.clone());
    if left > 0 {
        return;
    }
    // Upstream: staging/src/k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go, UpdateDisruptionAllowedCondition.
    let generation = budget.at(&["metadata", "generation"]).clone();
    for condition in budget.entry("status").entry("conditions").make_array() {
        if condition.get("type").text() != "DisruptionAllowed" {
            continue;
        }
        if condition.get("status").text() != "False" {
            condition.set("lastTransitionTime", now.clone());
        }
        condition.set("status", "False");
        condition.set("reason", "InsufficientPods");
        condition.set("message", "");
        condition.set("observedGeneration", generation.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::base::time::Time;
    use crate::server::bootstrap::Setup;

    #[test]
    fn a_budget_lets_as_many_pods_go_as_it_says() {
        let mut server = Server::new(Rng { seed: 2 }, Time::START);
        server.bootstrap(Setup::default());
        let by = || By::user("test");
        for name in ["a", "b"] {
            let pod = value!({
                "metadata": { "name": name, "namespace": "default", "labels": { "app": "x" } },
                "spec": { "containers": [{ "name": "c", "image": "nginx" }] },
            });
            server.create(&POD, pod, by()).expect("created");
            let key = Key::new("default", name);
            server.bind(&key, "node-1", by()).expect("bound");
            let running = |pod: &mut Value| {
                pod.set_at(&["status", "phase"], "Running");
                let ready = value!({ "type": "Ready", "status": "True" });
                set_pod_condition(pod, ready, Time::START);
            };
            server.modify(&POD, &key, Part::Status, by(), running).expect("running");
        }
        let budget = value!({
            "metadata": { "name": "p", "namespace": "default" },
            "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "x" } } },
        });
        server.create(&POD_DISRUPTION_BUDGET, budget, by()).expect("created");
        let options = DeleteOptions::default();
        let early = server.evict(&Key::new("default", "a"), &options, by()).expect_err("too early");
        assert_eq!((early.code, early.message.as_str()), (429, REFUSED));
        let counted = |budget: &mut Value| {
            let generation = budget.at(&["metadata", "generation"]).clone();
            budget.set(
                "status",
                value!({
                    "observedGeneration": generation, "disruptionsAllowed": 1,
                    "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2,
                }),
            );
        };
        let key = Key::new("default", "p");
        let kind = &POD_DISRUPTION_BUDGET;
        server.modify(kind, &key, Part::Status, by(), counted).expect("counted");
        server.evict(&Key::new("default", "a"), &options, by()).expect("one may go");
        let second = server.evict(&Key::new("default", "b"), &options, by()).expect_err("no more");
        let cause = second.details.get("causes").index(0).get("message").text().to_owned();
        assert!(cause.starts_with("The disruption budget p "), "{cause}");
    }
}
