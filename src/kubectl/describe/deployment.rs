//! Upstream: kubectl/pkg/describe/describe.go, describeDeployment;
//! kubectl/pkg/util/deployment/deployment.go, GetAllReplicaSetsInChunks.

use super::super::Cx;
use super::super::client::Selectors;
use super::super::error::CmdError;
use super::template::pod_template;
use super::writer::{Writer, date, number};
use super::{list, owned_by};
use crate::api::selector::format_label_selector;
use crate::base::gofmt;
use crate::base::sort::InOrder;
use crate::base::time::Time;
use crate::base::value::Value;

pub(super) fn describe(cx: &mut Cx, deployment: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = deployment.get("metadata");
    let (spec, status) = (deployment.get("spec"), deployment.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.field(0, "CreationTimestamp", &date(meta.get("creationTimestamp")));
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "Selector", &format_label_selector(spec.get("selector")));
    let of = |name: &str| number(status.get(name));
    let replicas = format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        number(spec.get("replicas")),
        of("updatedReplicas"),
        of("replicas"),
        of("availableReplicas"),
        of("unavailableReplicas")
    );
    w.field(0, "Replicas", &replicas);
    w.field(0, "StrategyType", spec.at(&["strategy", "type"]).text());
    w.field(0, "MinReadySeconds", &number(spec.get("minReadySeconds")).to_string());
    let rolling = spec.at(&["strategy", "rollingUpdate"]);
    if !rolling.is_null() {
        let (down, up) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
        let limits =
            format!("{} max unavailable, {} max surge", gofmt::plain(down), gofmt::plain(up));
        w.field(0, "RollingUpdateStrategy", &limits);
    }
    pod_template(w, spec.get("template"));
    conditions(w, status.get("conditions"));
    let (old, new) = replica_sets(cx, deployment)?;
    if !old.is_empty() || !new.is_empty() {
        w.field(0, "OldReplicaSets", &sizes(&old));
        w.field(0, "NewReplicaSet", &sizes(&new));
    }
    Ok(())
}

/// Type, status and reason of each condition.
pub(super) fn conditions(w: &mut Writer, conditions: &Value) {
    if conditions.is_empty() {
        return;
    }
    w.line(0, "Conditions:\n  Type\tStatus\tReason");
    w.line(1, "----\t------\t------");
    for c in conditions.as_array() {
        let of = |name: &str| c.get(name).text();
        w.line(1, &format!("{} \t{}\t{}", of("type"), of("status"), of("reason")));
    }
}

fn sizes(sets: &[Value]) -> String {
    if sets.is_empty() {
        return "<none>".to_owned();
    }
    let shown: Vec<String> = sets
        .iter()
        .map(|set| {
            format!(
                "{} ({}/{} replicas created)",
                set.at(&["metadata", "name"]).text(),
                number(set.at(&["status", "replicas"])),
                number(set.at(&["spec", "replicas"]))
            )
        })
        .collect();
    shown.join(", ")
}

/// The old `ReplicaSets` of a Deployment, oldest first, and the one with its present template.
fn replica_sets(cx: &mut Cx, deployment: &Value) -> Result<(Vec<Value>, Vec<Value>), CmdError> {
    let labels = format_label_selector(deployment.at(&["spec", "selector"]));
    let selectors = Selectors { labels, ..Selectors::default() };
    let ns = deployment.at(&["metadata", "namespace"]).text();
    let mut sets = list(cx, "replicasets.apps", ns, &selectors)?;
    sets.retain(|set| owned_by(set, deployment));
    sets.order_by_key(|set| Time::parse(set.at(&["metadata", "creationTimestamp"]).text()));
    let template = deployment.at(&["spec", "template"]);
    let is_new = |set: &Value| {
        let mut own = set.at(&["spec", "template"]).clone();
        own.entry_at(&["metadata", "labels"]).remove("pod-template-hash");
        own == *template
    };
    let new = sets.iter().position(is_new).map(|at| sets.remove(at));
    Ok((sets, new.into_iter().collect()))
}
