//! `kubectl create quota`, `poddisruptionbudget` and `priorityclass`.
//!
//! Upstream: kubectl/pkg/cmd/create/{create_quota,create_pdb,create_priorityclass}.go.

use super::super::super::error::CmdError;
use super::super::super::flags::{Kind, Verb, flag};
use super::super::super::{Cx, Next, print};
use super::super::{common, set};
use super::{FLAGS, make, name, place};
use crate::base::value::Value;
use crate::value;

pub(super) static QUOTA: Verb = Verb {
    name: "quota",
    aliases: &["resourcequota"],
    flags: &[
        &[flag("hard", Kind::Text, ""), flag("scopes", Kind::Text, "")],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(quota),
    ..Verb::EMPTY
};

pub(super) static BUDGET: Verb = Verb {
    name: "poddisruptionbudget",
    aliases: &["pdb"],
    flags: &[
        &[
            flag("max-unavailable", Kind::Text, ""),
            flag("min-available", Kind::Text, ""),
            flag("selector", Kind::Text, ""),
        ],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(budget),
    ..Verb::EMPTY
};

pub(super) static PRIORITY: Verb = Verb {
    name: "priorityclass",
    aliases: &["pc"],
    flags: &[
        &[
            flag("description", Kind::Text, ""),
            flag("global-default", Kind::Bool, "false"),
            flag("preemption-policy", Kind::Text, "PreemptLowerPriority"),
            flag("value", Kind::Int, "0"),
        ],
        FLAGS,
        print::FLAGS,
        common::DRY_RUN,
        common::VALIDATE,
    ],
    run: Some(priority),
    ..Verb::EMPTY
};

fn quota(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let mut object = value!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": name },
        "spec": {}, "status": {}
    });
    for (resource, amount) in set::amounts(args.text("hard"))? {
        object.set_at(&["spec", "hard", resource.as_str()], amount);
    }
    let scopes: Vec<&str> =
        args.text("scopes").split(',').filter(|_| !args.text("scopes").is_empty()).collect();
    if scopes.contains(&"") {
        return Err(CmdError::plain("invalid resource quota scope \"\""));
    }
    if !scopes.is_empty() {
        object.set_at(&["spec", "scopes"], scopes);
    }
    let path = place(cx, &mut object, "resourcequotas");
    make(cx, object, &path, "failed to create quota:")
}

/// A number, or a number and `%`.
fn count(text: &str, flag: &str) -> Result<Value, CmdError> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CmdError::plain(format!("invalid format specified for {flag}")));
    }
    Ok(text.parse::<i64>().map_or_else(|_| Value::from(text), Value::Int))
}

fn budget(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let (least, most) = (args.text("min-available"), args.text("max-unavailable"));
    if args.text("selector").is_empty() {
        return Err(CmdError::plain("a selector must be specified"));
    }
    let (field, limit) = match (least, most) {
        ("", "") => {
            return Err(CmdError::plain(
                "one of min-available or max-unavailable must be specified",
            ));
        }
        (least, "") => ("minAvailable", count(least, "min-available")?),
        ("", most) => ("maxUnavailable", count(most, "max-unavailable")?),
        _ => {
            return Err(CmdError::plain(
                "min-available and max-unavailable cannot be both specified",
            ));
        }
    };
    let mut object = value!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": name },
        "spec": { "selector": {} },
        "status": {
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0
        }
    });
    for part in args.text("selector").split(',').filter(|p| !p.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(CmdError::plain(format!("selector {part} is not an equality")));
        };
        let value = value.trim_start_matches('=').trim();
        object.set_at(&["spec", "selector", "matchLabels", key.trim()], value);
    }
    object.set_at(&["spec", field], limit);
    let path = place(cx, &mut object, "poddisruptionbudgets");
    make(cx, object, &path, "failed to create poddisruptionbudgets:")
}

fn priority(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let name = name(&args)?.to_owned();
    let mut object = value!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": { "name": name },
        "preemptionPolicy": args.text("preemption-policy"), "value": args.int("value")
    });
    if args.is("global-default") {
        object.set("globalDefault", true);
    }
    if !args.text("description").is_empty() {
        object.set("description", args.text("description"));
    }
    make(
        cx,
        object,
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        "failed to create priorityclass:",
    )
}
