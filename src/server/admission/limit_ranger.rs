//! LimitRanges fill in what containers ask for and refuse what asks for too little or too much.
//!
//! Upstream: plugin/pkg/admission/limitranger/admission.go.
//! Simplified: limits of whole pods and ratios of limits to requests are not applied.

use crate::api::Status;
use crate::api::kinds::limit_range::{LimitRange, LimitRangeItem};
use crate::api::kinds::{LIMIT_RANGE, PERSISTENT_VOLUME_CLAIM, POD};
use crate::base::quantity::Quantity;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::server::Server;
use crate::server::admission::{Attributes, Operation, Plugin, nothing};

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "LimitRanger", admit, validate: nothing };

/// Says on a pod what was filled in.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

fn admit(object: &mut Value, about: &Attributes, server: &Server) -> Result<(), Status> {
    let (pod, claim) = (*about.kind == POD, *about.kind == PERSISTENT_VOLUME_CLAIM);
    let applies = about.operation == Operation::Create && about.sub.is_empty() && (pod || claim);
    if !applies {
        return Ok(());
    }
    let ranges: Vec<_> =
        server.list(&LIMIT_RANGE, about.ns).map(|range| range.view::<LimitRange>()).collect();
    let items: Vec<&LimitRangeItem> = ranges.iter().flat_map(|r| &r.spec.limits).collect();
    let mut faults = Vec::new();
    if pod {
        let containers: Vec<&LimitRangeItem> =
            items.into_iter().filter(|item| item.kind == "Container").collect();
        fill_in(object, &containers);
        for list in ["containers", "initContainers"] {
            for container in object.at(&["spec", list]).as_array() {
                let resources = container.get("resources");
                containers.iter().for_each(|item| check(item, resources, &mut faults));
            }
        }
    } else {
        let resources = object.at(&["spec", "resources"]);
        for item in items.into_iter().filter(|item| item.kind == "PersistentVolumeClaim") {
            check_claim(item, resources, &mut faults);
        }
    }
    let why = match faults.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    Err(Status::forbidden(about.kind, about.name, &why))
}

/// Upstream: defaultContainerResourceRequirements, mergePodResourceRequirements.
fn fill_in(pod: &mut Value, items: &[&LimitRangeItem]) {
    let mut notes = Vec::new();
    for (list, title) in [("containers", "container"), ("initContainers", "init container")] {
        if pod.at(&["spec", list]).as_array().is_empty() {
            continue;
        }
        for container in pod.entry_at(&["spec", list]).make_array() {
            let name = container.get("name").text().to_owned();
            for (part, word) in [("requests", "request"), ("limits", "limit")] {
                let mut set = Vec::new();
                for item in items {
                    let given =
                        if part == "requests" { &item.default_request } else { &item.default };
                    for (resource, amount) in given {
                        let own = container.entry_at(&["resources", part]);
                        if own.get(resource).is_null() {
                            own.set(resource, amount);
                            set.push(resource.to_string());
                        }
                    }
                }
                if !set.is_empty() {
                    set.order();
                    notes.push(format!("{} {word} for {title} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        pod.set_at(&["metadata", "annotations", ANNOTATION], note);
    }
}

fn amount(list: &Value, name: &str) -> Option<Quantity> {
    list.get(name).as_str().and_then(|text| Quantity::parse(text).ok())
}

/// Upstream: minConstraint, maxConstraint.
fn check(item: &LimitRangeItem, resources: &Value, faults: &mut Vec<String>) {
    let kind = &item.kind;
    let (requests, limits) = (resources.get("requests"), resources.get("limits"));
    for (name, text) in &item.min {
        let Ok(bound) = Quantity::parse(text) else { continue };
        let says = format!("minimum {name} usage per {kind} is {text}");
        match (amount(requests, name), amount(limits, name)) {
            (None, _) => faults.push(format!("{says}.  No request is specified")),
            (Some(request), _) if request < bound => {
                faults.push(format!("{says}, but request is {request}"));
            }
            (_, Some(limit)) if limit < bound => {
                faults.push(format!("{says}, but limit is {limit}"));
            }
            _ => {}
        }
    }
    for (name, text) in &item.max {
        let Ok(bound) = Quantity::parse(text) else { continue };
        let says = format!("maximum {name} usage per {kind} is {text}");
        match (amount(limits, name), amount(requests, name)) {
            (None, _) => faults.push(format!("{says}.  No limit is specified")),
            (Some(limit), _) if limit > bound => {
                faults.push(format!("{says}, but limit is {limit}"));
            }
            (_, Some(request)) if request > bound => {
                faults.push(format!("{says}, but request is {request}"));
            }
            _ => {}
        }
    }
}

/// Of claims only the requests count. Upstream: PersistentVolumeClaimValidateLimitFunc.
fn check_claim(item: &LimitRangeItem, resources: &Value, faults: &mut Vec<String>) {
    let kind = &item.kind;
    let requests = resources.get("requests");
    for (list, word, low) in [(&item.min, "minimum", true), (&item.max, "maximum", false)] {
        for (name, text) in list {
            let Ok(bound) = Quantity::parse(text) else { continue };
            let says = format!("{word} {name} usage per {kind} is {text}");
            match amount(requests, name) {
                None => faults.push(format!("{says}.  No request is specified")),
                Some(request) if (low && request < bound) || (!low && request > bound) => {
                    faults.push(format!("{says}, but request is {request}"));
                }
                Some(_) => {}
            }
        }
    }
}
