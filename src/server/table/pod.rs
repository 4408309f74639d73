//! Pods as a table. Upstream: pkg/printers/internalversion/printers.go, printPod.

use crate::api::Object;
use crate::api::kinds::pod::{ContainerState, ContainerStateTerminated, Pod};
use crate::base::human;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{AGE, Column, NAME, Printer, age, none, text, wide};

const COLUMNS: &[Column] = &[
    NAME,
    text("Ready"),
    text("Status"),
    text("Restarts"),
    AGE,
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

/// The printer.
pub static PRINTER: Printer = Printer { columns: COLUMNS, cells, condition };

/// What the first columns say.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Ready containers.
    pub ready: usize,
    /// All containers.
    pub total: usize,
    /// `Running`, `CrashLoopBackOff`, ….
    pub status: String,
    /// Restarts of the containers that count.
    pub restarts: i64,
    /// When the last of them was due.
    pub last_restart: Option<Time>,
}

fn cells(object: &Object, now: Time) -> Vec<Value> {
    let pod = object.view::<Pod>();
    let summary = summarise(&pod);
    let restarts = match summary.last_restart {
        Some(at) if summary.restarts != 0 => {
            format!("{} ({} ago)", summary.restarts, human::duration(now - at))
        }
        _ => summary.restarts.to_string(),
    };
    let gates = &pod.spec.readiness_gates;
    let open = gates.iter().filter(|gate| pod.status.is_true(&gate.condition_type)).count();
    let address = pod.status.pod_ips.first().map_or("", |ip| ip.ip.as_str());
    vec![
        object.name().into(),
        format!("{}/{}", summary.ready, summary.total).into(),
        summary.status.into(),
        restarts.into(),
        age(object, now),
        none(address).into(),
        none(&pod.spec.node_name).into(),
        none(&pod.status.nominated_node_name).into(),
        if gates.is_empty() { "<none>".into() } else { format!("{open}/{}", gates.len()).into() },
    ]
}

fn condition(object: &Object) -> Option<(&'static str, &'static str)> {
    match object.at(&["status", "phase"]).text() {
        "Succeeded" => Some(("Succeeded", "The pod has completed successfully.")),
        "Failed" => Some(("Failed", "The pod failed.")),
        _ => None,
    }
}

/// What a pod's row says of its containers.
pub fn summarise(pod: &Pod) -> Summary {
    let status = &pod.status;
    let mut summary = Summary {
        ready: 0,
        total: pod.spec.containers.len(),
        status: if status.reason.is_empty() { &status.phase } else { &status.reason }.to_string(),
        restarts: 0,
        last_restart: None,
    };
    let scheduled = status.condition("PodScheduled");
    if scheduled.is_some_and(|c| c.reason == "SchedulingGated") {
        "SchedulingGated".clone_into(&mut summary.status);
    }
    let mut side = Restarts::default();
    let initialising = init_containers(pod, &mut summary, &mut side);
    if !initialising || status.is_true("Initialized") {
        summary.restarts = side.count;
        summary.last_restart = side.last;
        containers(pod, &mut summary);
    }
    if pod.meta.is_deleting() {
        if status.reason == "NodeLost" {
            "Unknown".clone_into(&mut summary.status);
        } else if !pod.is_terminal() {
            "Terminating".clone_into(&mut summary.status);
        }
    }
    summary
}

/// Restarts of the init containers that keep running.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<Time>,
}

fn ended(state: &ContainerState) -> Option<Time> {
    state.terminated.as_ref().and_then(|t| t.finished_at)
}

/// `ExitCode:1`, `Signal:9` or the reason that was reported.
fn end_reason(end: &ContainerStateTerminated) -> String {
    if !end.reason.is_empty() {
        end.reason.to_string()
    } else if end.signal != 0 {
        format!("Signal:{}", end.signal)
    } else {
        format!("ExitCode:{}", end.exit_code)
    }
}

/// Whether init containers are still to finish.
fn init_containers(pod: &Pod, summary: &mut Summary, side: &mut Restarts) -> bool {
    let restartable = |name: &str| {
        let spec = pod.spec.init_containers.iter().find(|c| c.name == name);
        spec.is_some_and(|c| c.restart_policy.as_deref() == Some("Always"))
    };
    summary.total += pod.spec.init_containers.iter().filter(|c| restartable(&c.name)).count();
    for (at, container) in pod.status.init_container_statuses.iter().enumerate() {
        let count = i64::from(container.restart_count);
        summary.restarts += count;
        summary.last_restart = summary.last_restart.max(ended(&container.last_state));
        let stays = restartable(&container.name);
        if stays {
            side.count += count;
            side.last = side.last.max(ended(&container.last_state));
        }
        let waiting = container.state.waiting.as_ref().map_or("", |w| w.reason.as_str());
        match &container.state.terminated {
            Some(end) if end.exit_code == 0 => continue,
            _ if stays && container.started == Some(true) => {
                summary.ready += usize::from(container.ready);
                continue;
            }
            Some(end) => summary.status = format!("Init:{}", end_reason(end)),
            None if !waiting.is_empty() && waiting != "PodInitializing" => {
                summary.status = format!("Init:{waiting}");
            }
            None => summary.status = format!("Init:{at}/{}", pod.spec.init_containers.len()),
        }
        return true;
    }
    false
}

fn containers(pod: &Pod, summary: &mut Summary) {
    let mut running = false;
    let mut error = String::new();
    for container in pod.status.container_statuses.iter().rev() {
        summary.restarts += i64::from(container.restart_count);
        summary.last_restart = summary.last_restart.max(ended(&container.last_state));
        let waiting = container.state.waiting.as_ref().map_or("", |w| w.reason.as_str());
        if !waiting.is_empty() {
            waiting.clone_into(&mut summary.status);
        } else if let Some(end) = &container.state.terminated {
            summary.status = end_reason(end);
            if end.exit_code != 0 {
                error.clone_from(&summary.status);
            }
        } else if container.ready && container.state.running.is_some() {
            running = true;
            summary.ready += 1;
        }
    }
    if summary.status == "Completed" {
        if running && pod.is_ready() {
            "Running".clone_into(&mut summary.status);
        } else if !error.is_empty() {
            summary.status = error;
        } else if running {
            "NotReady".clone_into(&mut summary.status);
        }
    }
}
