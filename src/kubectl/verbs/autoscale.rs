//! `kubectl autoscale`: a `HorizontalPodAutoscaler` for a workload.
//!
//! Upstream: kubectl/pkg/cmd/autoscale/autoscale.go.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::{Info, Query};
use super::super::{Cx, Next, print};
use super::common::{self, DryRun};
use crate::base::quantity::Quantity;
use crate::base::value::Value;
use crate::os::{Method, Request};
use crate::value;

const FLAGS: &[Flag] = &[
    flag("cpu", Kind::Text, ""),
    flag("cpu-percent", Kind::Int, "-1"),
    flag("max", Kind::Int, "-1"),
    flag("memory", Kind::Text, ""),
    flag("min", Kind::Int, "-1"),
    flag("name", Kind::Text, ""),
    flag("save-config", Kind::Bool, "false"),
];

pub(crate) static VERB: Verb = Verb {
    name: "autoscale",
    flags: &[FLAGS, print::FLAGS, common::FILES, common::DRY_RUN],
    run: Some(run),
    ..Verb::EMPTY
};

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if args.changed("cpu-percent") {
        cx.err("Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).\n");
    }
    if !args.changed("max") {
        return Err(CmdError::plain("required flag(s) \"max\" not set"));
    }
    let dry_run = DryRun::of(cx)?;
    let (min, max) = (args.int("min"), args.int("max"));
    if max < 1 {
        return Err(CmdError::plain(format!(
            "--max=MAXPODS is required and must be at least 1, max: {max}"
        )));
    }
    if max < min {
        return Err(CmdError::plain(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"
        )));
    }
    let percent = args.int("cpu-percent");
    if percent > 0 && !args.text("cpu").is_empty() {
        return Err(CmdError::plain("--cpu-percent and --cpu are mutually exclusive"));
    }
    let mut metrics = Vec::new();
    if percent > 0 {
        metrics.push(metric("cpu", &format!("{percent}%"))?);
    }
    for name in ["cpu", "memory"] {
        if !args.text(name).is_empty() {
            metrics.push(metric(name, args.text(name))?);
        }
    }
    let mut printer = common::done_printer(cx)?;
    let found = Query::of(cx).run(cx)?;
    let mut errors = found.errors;
    if found.infos.is_empty() && errors.is_empty() {
        return Err(CmdError::plain("no objects passed to autoscale"));
    }
    for info in found.infos {
        let mut object = scaler(cx, &info, min, max, &metrics);
        if dry_run != DryRun::Client {
            let path =
                format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", info.ns);
            let mut request = Request::new(Method::Post, path).body(object);
            for (key, value) in common::write_params(&args, dry_run, "kubectl-autoscale") {
                request = request.param(key, value);
            }
            match cx.call(request) {
                Ok(created) => object = created,
                // The older version of the API that is tried next wants to know of the CPU.
                Err(_) if args.text("cpu").is_empty() => {
                    errors.push(CmdError::plain("failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: empty input"));
                    continue;
                }
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            }
        }
        let done = if dry_run == DryRun::Client { "created" } else { "autoscaled" };
        common::print_done(cx, &mut printer, &object, &dry_run.done(done))?;
    }
    CmdError::from_many(errors)?;
    Ok(Next::Done)
}

/// `80%` of what is requested, or an amount.
fn metric(name: &str, text: &str) -> Result<Value, CmdError> {
    let target = match text.strip_suffix('%') {
        Some(percent) => {
            let percent: i64 = percent.parse().ok().filter(|p| *p > 0).ok_or_else(|| {
                CmdError::plain(format!("invalid {name} utilization value: {text}"))
            })?;
            value!({"type": "Utilization", "averageUtilization": percent})
        }
        None => {
            let amount =
                Quantity::parse(text).map_err(|error| CmdError::plain(error.to_string()))?;
            value!({"type": "AverageValue", "averageValue": amount.to_string()})
        }
    };
    Ok(value!({"type": "Resource", "resource": { "name": name, "target": target }}))
}

fn scaler(cx: &Cx, info: &Info, min: i64, max: i64, metrics: &[Value]) -> Value {
    let name = match cx.env.args.text("name") {
        "" => info.name.as_str(),
        given => given,
    };
    let mut object = value!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": name },
        "spec": {
            "maxReplicas": max,
            "scaleTargetRef": {
                "apiVersion": info.resource.api_version(),
                "kind": info.resource.kind.as_str(), "name": info.name.as_str()
            }
        },
        "status": { "currentMetrics": null, "desiredReplicas": 0 }
    });
    if min > 0 {
        object.set_at(&["spec", "minReplicas"], min);
    }
    if !metrics.is_empty() {
        object.set_at(&["spec", "metrics"], Value::array(metrics.to_vec()));
    }
    object
}
