//! Upstream: kubectl/pkg/describe/describe.go, describeQuota and DescribeResourceQuotas.

use super::super::Cx;
use super::super::error::CmdError;
use super::writer::Writer;
use crate::base::quantity::Quantity;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::base::view::FromValue;

pub(super) fn describe(_cx: &mut Cx, quota: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let meta = quota.get("metadata");
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    scopes(w, quota, 0);
    w.line(0, "Resource\tUsed\tHard");
    w.line(0, "--------\t----\t----");
    amounts(w, quota, 0);
    Ok(())
}

/// All quotas of a namespace.
pub(super) fn of_namespace(w: &mut Writer, quotas: &[Value]) {
    if quotas.is_empty() {
        w.line(0, "No resource quota.");
        return;
    }
    w.line(0, "Resource Quotas");
    for quota in quotas {
        w.field(1, "Name", quota.at(&["metadata", "name"]).text());
        scopes(w, quota, 1);
        w.line(1, "Resource\tUsed\tHard");
        w.line(1, "--------\t---\t---");
        amounts(w, quota, 1);
    }
}

fn amounts(w: &mut Writer, quota: &Value, level: usize) {
    for (name, hard) in quota.at(&["status", "hard"]).entries() {
        let used = Quantity::from_value(quota.at(&["status", "used", name.as_str()]));
        let hard = Quantity::from_value(hard);
        w.line(level, &format!("{name}\t{used}\t{hard}"));
    }
}

fn scopes(w: &mut Writer, quota: &Value, level: usize) {
    let mut scopes: Vec<&str> =
        quota.at(&["spec", "scopes"]).as_array().iter().map(Value::text).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.order();
    w.field(level, "Scopes", &scopes.join(", "));
    for scope in scopes {
        let help = help(scope);
        if !help.is_empty() {
            w.line(level, &format!("{}* {help}", if level == 0 { " " } else { "" }));
        }
    }
}

/// Upstream: describe.go, helpTextForResourceQuotaScope.
fn help(scope: &str) -> &'static str {
    match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service."
        }
        _ => "",
    }
}
