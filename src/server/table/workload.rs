//! Deployments, ReplicaSets, ReplicationControllers, DaemonSets, Jobs, CronJobs and pod templates as tables.
//! Upstream: pkg/printers/internalversion/printers.go, printDeployment and its like.

use crate::api::Object;
use crate::api::selector::format_label_selector;
use crate::base::human;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{
    AGE, Column, NAME, Printer, age, boolean, containers, integer, labels, text, wide,
};

const DESIRED: Column = integer("Desired");
const CURRENT: Column = integer("Current");
const READY: Column = integer("Ready");
const CONTAINERS: Column = wide("Containers");
const IMAGES: Column = wide("Images");
const SELECTOR: Column = wide("Selector");

/// The printer of Deployments.
pub static DEPLOYMENT_PRINTER: Printer = Printer {
    columns: &[
        NAME,
        text("Ready"),
        text("Up-to-date"),
        text("Available"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: deployment,
    condition: |_| None,
};

/// The printer of ReplicaSets.
pub static REPLICA_SET_PRINTER: Printer = Printer {
    columns: &[NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR],
    cells: |object, now| {
        let selector = format_label_selector(object.at(&["spec", "selector"]));
        replicas(object, now, selector)
    },
    condition: |_| None,
};

/// The printer of ReplicationControllers.
pub static CONTROLLER_PRINTER: Printer = Printer {
    columns: &[NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR],
    cells: |object, now| replicas(object, now, labels(object.at(&["spec", "selector"]))),
    condition: |_| None,
};

/// The printer of DaemonSets.
pub static DAEMON_SET_PRINTER: Printer = Printer {
    columns: &[
        NAME,
        DESIRED,
        CURRENT,
        READY,
        integer("Up-to-date"),
        integer("Available"),
        text("Node Selector"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: daemon_set,
    condition: |_| None,
};

/// The printer of Jobs.
pub static JOB_PRINTER: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Completions"),
        text("Duration"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: job,
    condition: |_| None,
};

/// The printer of CronJobs.
pub static CRON_JOB_PRINTER: Printer = Printer {
    columns: &[
        NAME,
        text("Schedule"),
        text("Timezone"),
        boolean("Suspend"),
        integer("Active"),
        text("Last Schedule"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: cron_job,
    condition: |_| None,
};

/// The printer of pod templates.
pub static TEMPLATE_PRINTER: Printer = Printer {
    columns: &[NAME, text("Containers"), text("Images"), text("Pod Labels")],
    cells: |object, _| {
        let (names, images) = containers(object.at(&["template", "spec", "containers"]));
        let pods = labels(object.at(&["template", "metadata", "labels"]));
        vec![object.name().into(), names.into(), images.into(), pods.into()]
    },
    condition: |_| None,
};

fn count(object: &Object, path: &[&str]) -> i64 {
    object.at(path).as_i64().unwrap_or(0)
}

fn template(object: &Object) -> (String, String) {
    containers(object.at(&["spec", "template", "spec", "containers"]))
}

fn deployment(object: &Object, now: Time) -> Vec<Value> {
    let status = |field: &str| count(object, &["status", field]);
    let ready = format!("{}/{}", status("readyReplicas"), count(object, &["spec", "replicas"]));
    let (names, images) = template(object);
    let selector = format_label_selector(object.at(&["spec", "selector"]));
    vec![
        object.name().into(),
        ready.into(),
        status("updatedReplicas").into(),
        status("availableReplicas").into(),
        age(object, now),
        names.into(),
        images.into(),
        selector.into(),
    ]
}

fn replicas(object: &Object, now: Time, selector: String) -> Vec<Value> {
    let (names, images) = template(object);
    vec![
        object.name().into(),
        count(object, &["spec", "replicas"]).into(),
        count(object, &["status", "replicas"]).into(),
        count(object, &["status", "readyReplicas"]).into(),
        age(object, now),
        names.into(),
        images.into(),
        selector.into(),
    ]
}

fn daemon_set(object: &Object, now: Time) -> Vec<Value> {
    let (names, images) = template(object);
    let mut cells = vec![object.name().into()];
    let fields = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    ];
    cells.extend(fields.iter().map(|field| Value::from(count(object, &["status", field]))));
    let nodes = labels(object.at(&["spec", "template", "spec", "nodeSelector"]));
    let selector = format_label_selector(object.at(&["spec", "selector"]));
    cells.extend([nodes.into(), age(object, now), names.into(), images.into(), selector.into()]);
    cells
}

fn job(object: &Object, now: Time) -> Vec<Value> {
    let succeeded = count(object, &["status", "succeeded"]);
    let completions = match object.at(&["spec", "completions"]).as_i64() {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None => match count(object, &["spec", "parallelism"]) {
            many if many > 1 => format!("{succeeded}/1 of {many}"),
            _ => format!("{succeeded}/1"),
        },
    };
    let time = |field: &str| Time::parse(object.at(&["status", field]).text());
    let duration = time("startTime").map_or_else(String::new, |start| {
        human::duration(time("completionTime").unwrap_or(now) - start)
    });
    let (names, images) = template(object);
    let selector = format_label_selector(object.at(&["spec", "selector"]));
    vec![
        object.name().into(),
        job_status(object).into(),
        completions.into(),
        duration.into(),
        age(object, now),
        names.into(),
        images.into(),
        selector.into(),
    ]
}

fn job_status(object: &Object) -> &'static str {
    let conditions = object.at(&["status", "conditions"]).as_array();
    let has = |kind: &str| {
        conditions.iter().any(|c| c.get("type").text() == kind && c.get("status").text() == "True")
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if object.is_deleting() => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn cron_job(object: &Object, now: Time) -> Vec<Value> {
    let last = match object.at(&["status", "lastScheduleTime"]).text() {
        "" => "<none>".to_owned(),
        stamp => human::age(stamp, now),
    };
    let zone = object.at(&["spec", "timeZone"]).as_str().unwrap_or("<none>");
    let suspend = if object.at(&["spec", "suspend"]).is_true() { "True" } else { "False" };
    let job = ["spec", "jobTemplate", "spec"];
    let template = object.at(&job);
    let (names, images) = containers(template.at(&["template", "spec", "containers"]));
    let selector = match template.get("selector") {
        Value::Null => "<none>".to_owned(),
        selector => format_label_selector(selector),
    };
    vec![
        object.name().into(),
        object.at(&["spec", "schedule"]).text().into(),
        zone.into(),
        suspend.into(),
        object.at(&["status", "active"]).as_array().len().into(),
        last.into(),
        age(object, now),
        names.into(),
        images.into(),
        selector.into(),
    ]
}
