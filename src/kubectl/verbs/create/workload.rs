//! `kubectl create deployment`, `job` and `cronjob`.
//!
//! Upstream: kubectl/pkg/cmd/create/{create_deployment,create_job,create_cronjob}.go.

use super::super::super::error::CmdError;
use super::super::super::flags::{Args, Flag, Kind, Verb, flag};
use super::super::super::resources::Query;
use super::super::super::{Cx, Next, print};
use super::super::common;
use super::{FLAGS, make, name, place};
use crate::base::value::Value;
use crate::value;

const IMAGES: &[Flag] = &[
    flag("image", Kind::Slice, ""),
    flag("port", Kind::Int, "-1"),
    flag("replicas", Kind::Int, "1").short('r'),
];

pub(super) static DEPLOYMENT: Verb = Verb {
    name: "deployment",
    aliases: &["deploy"],
    flags: &[IMAGES, FLAGS, print::FLAGS, common::DRY_RUN, common::VALIDATE],
    run: Some(deployment),
    ..Verb::EMPTY
};

pub(super) static JOB: Verb = Verb {
    name: "job",
    flags: &[
        &[flag("from", Kind::Text, ""), flag("image", Kind::Text, "")],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(job),
    ..Verb::EMPTY
};

pub(super) static CRON_JOB: Verb = Verb {
    name: "cronjob",
    aliases: &["cj"],
    flags: &[
        &[
            flag("image", Kind::Text, ""),
            flag("restart", Kind::Text, ""),
            flag("schedule", Kind::Text, ""),
        ],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(cron_job),
    ..Verb::EMPTY
};

/// What cobra says of required flags that are missing.
fn required(args: &Args, names: &[&str]) -> Result<(), CmdError> {
    let missing: Vec<String> =
        names.iter().filter(|n| !args.changed(n)).map(|n| format!("\"{n}\"")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CmdError::plain(format!("required flag(s) {} not set", missing.join(", "))))
}

/// The words behind the name.
fn command(args: &Args) -> Vec<Value> {
    args.pos.iter().skip(1).map(|w| Value::from(w.as_str())).collect()
}

fn container(name: &str, image: &str, command: &[Value]) -> Value {
    let mut container = value!({"name": name, "image": image, "resources": {}});
    if !command.is_empty() {
        container.set("command", Value::array(command.to_vec()));
    }
    container
}

fn deployment(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    required(&args, &["image"])?;
    let name = name(&args)?.to_owned();
    let (images, command) = (args.list("image"), command(&args));
    if images.len() > 1 && !command.is_empty() {
        return Err(CmdError::plain("cannot specify multiple --image options and command"));
    }
    let mut containers = Vec::new();
    for (n, image) in images.iter().enumerate() {
        containers.push(container(&container_name(cx, image, n), image, &command));
    }
    if let Some(first) = containers.first_mut().filter(|_| args.int("port") >= 0) {
        first.set("ports", vec![value!({ "containerPort": args.int("port") })]);
    }
    let labels = value!({ "app": name.as_str() });
    let mut object = value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": name, "labels": labels.clone() },
        "spec": {
            "replicas": args.int("replicas"),
            "selector": { "matchLabels": labels.clone() },
            "strategy": {},
            "template": { "metadata": { "labels": labels }, "spec": { "containers": Value::array(containers) } }
        },
        "status": {}
    });
    let path = place(cx, &mut object, "deployments");
    make(cx, object, &path, "failed to create deployment:")
}

/// The image's last part without its tag.
/// Upstream: create_deployment.go, buildPodSpec and sanitizeAndUniquify.
fn container_name(cx: &Cx, image: &str, n: usize) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split(':').next().unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name);
    if !name.contains(['_', '.']) {
        return name.to_owned();
    }
    let mut rng = cx.sys.rng("kubectl-name", n as u64);
    format!("{}-{}", name.replace(['_', '.'], "-"), rng.alphanum(5))
}

fn pod_template(name: &str, image: &str, command: &[Value], restart: &str) -> Value {
    value!({
        "metadata": {},
        "spec": { "containers": vec![container(name, image, command)], "restartPolicy": restart }
    })
}

fn job(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let (image, from) = (args.text("image"), args.text("from"));
    if image.is_empty() == from.is_empty() {
        return Err(CmdError::plain("either --image or --from must be specified"));
    }
    let command = command(&args);
    if !command.is_empty() && !from.is_empty() {
        return Err(CmdError::plain("cannot specify --from and command"));
    }
    let mut object = if from.is_empty() {
        value!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name.as_str() },
            "spec": { "template": pod_template(&name, image, &command, "Never") }, "status": {}
        })
    } else {
        from_cron_job(cx, from, &name)?
    };
    let path = place(cx, &mut object, "jobs");
    make(cx, object, &path, "failed to create job:")
}

fn from_cron_job(cx: &mut Cx, from: &str, name: &str) -> Result<Value, CmdError> {
    let query = Query { args: vec![from.to_owned()], latest: true, ..Query::of(cx) };
    let infos = query.run(cx)?.all()?;
    let [info] = infos.as_slice() else {
        return Err(CmdError::plain("from must be an existing cronjob"));
    };
    let cron = &info.object;
    if cron.get("kind").text() != "CronJob" {
        let kind = cron.get("kind").text();
        return Err(CmdError::plain(format!("unknown object type *v1.{kind}")));
    }
    let template = cron.at(&["spec", "jobTemplate"]);
    let mut object = value!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": name,
            "annotations": { "cronjob.kubernetes.io/instantiate": "manual" },
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "CronJob", "controller": true,
                "name": cron.at(&["metadata", "name"]), "uid": cron.at(&["metadata", "uid"])
            }]
        },
        "spec": template.get("spec"), "status": {}
    });
    for (key, value) in template.at(&["metadata", "annotations"]).entries() {
        object.set_at(&["metadata", "annotations", key.as_str()], value.clone());
    }
    if !template.at(&["metadata", "labels"]).is_empty() {
        object.set_at(&["metadata", "labels"], template.at(&["metadata", "labels"]).clone());
    }
    Ok(object)
}

fn cron_job(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    required(&args, &["image", "schedule"])?;
    let name = name(&args)?.to_owned();
    let restart = match args.text("restart") {
        "" => "OnFailure",
        given => given,
    };
    let template = pod_template(&name, args.text("image"), &command(&args), restart);
    let mut object = value!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": name.as_str() },
        "spec": {
            "schedule": args.text("schedule"),
            "jobTemplate": { "metadata": { "name": name.as_str() }, "spec": { "template": template } }
        },
        "status": {}
    });
    let path = place(cx, &mut object, "cronjobs");
    make(cx, object, &path, "failed to create cronjob:")
}
