//! Checks of amounts of resources.
//!
//! Upstream: pkg/apis/core/validation/validation.go (validateResourceRequirements) and pkg/apis/core/helper/helpers.go.

use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::base::quantity::Quantity;
use crate::base::value::Value;

/// The quantity in a checked value.
pub(crate) fn quantity(value: &Value) -> Quantity {
    Quantity::parse(value.text()).unwrap_or_default()
}

const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
const CONTAINER: &[&str] = &["cpu", "memory", "ephemeral-storage"];
const INTEGER: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether more of it may be promised than there is.
fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// Whether the name is one that a device plugin could have given.
/// Upstream: IsExtendedResourceName.
pub fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::label_key(&format!("requests.{name}")).is_empty()
}

fn container_name(name: &str, path: Path<'_>, faults: &mut Faults) {
    let value = Value::from(name);
    let wrong = names::label_key(name);
    if wrong.is_empty() {
        let known = STANDARD.contains(&name)
            || is_huge_page(name)
            || name.starts_with("requests.hugepages-");
        if !name.contains('/') && !known {
            faults.invalid(path, &value, "must be a standard resource type or fully qualified");
        }
    } else {
        faults.all_invalid(path, name, wrong);
    }
    if !name.contains('/') {
        if !CONTAINER.contains(&name) && !is_huge_page(name) {
            faults.invalid(path, &value, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        faults.invalid(path, &value, "doesn't follow extended resource name standard");
    }
}

const POD_LEVEL: &[&str] = &["cpu", "hugepages-", "memory"];

fn pod_name(name: &str, path: Path<'_>, faults: &mut Faults) {
    let known = name == "cpu" || name == "memory" || is_huge_page(name);
    if !known {
        faults.not_supported(path, &Value::from(name), POD_LEVEL);
    }
}

/// Checks an amount: not negative, and whole where only whole ones make sense.
/// Upstream: ValidateResourceQuantityValue.
pub fn amount(name: &str, value: &Value, path: Path<'_>, faults: &mut Faults) {
    let quantity = quantity(value);
    if quantity.is_negative() {
        faults.invalid(path, value, "must be greater than or equal to 0");
    }
    let whole = INTEGER.contains(&name) || is_extended(name);
    if whole && quantity.milli_value() % 1000 != 0 {
        faults.invalid(path, value, "must be an integer");
    }
}

/// Checks that an amount is above zero. Upstream: ValidatePositiveQuantityValue.
pub fn positive(value: &Value, path: Path<'_>, faults: &mut Faults) {
    let quantity = quantity(value);
    if quantity.is_negative() || quantity.is_zero() {
        faults.invalid(path, value, "must be greater than zero");
    }
}

fn huge_page(name: &str, value: &Value, path: Path<'_>, faults: &mut Faults) {
    let page = name.strip_prefix("hugepages-").map(|p| Quantity::parse(p).unwrap_or_default());
    if let Some(page) = page {
        let divisible = page.value() > 0 && quantity(value).value() % page.value() == 0;
        if !divisible {
            let detail = format!("{} is not positive integer multiple of {name}", value.text());
            faults.invalid(path, value, detail);
        }
    }
}

/// Checks the requests and limits of a container. Upstream: ValidateContainerResourceRequirements.
pub fn container(resources: &Value, path: Path<'_>, faults: &mut Faults) {
    requirements(resources, container_name, path, faults);
}

/// Checks the requests and limits of a pod as a whole. Upstream: validatePodResourceRequirements.
pub fn pod(resources: &Value, path: Path<'_>, faults: &mut Faults) {
    requirements(resources, pod_name, path, faults);
}

fn requirements(
    resources: &Value,
    check_name: fn(&str, Path<'_>, &mut Faults),
    path: Path<'_>,
    faults: &mut Faults,
) {
    let (limits, requests) = (resources.get("limits"), resources.get("requests"));
    let (limits_path, requests_path) = (path.child("limits"), path.child("requests"));
    for (name, value) in limits.entries() {
        let path = limits_path.key(name);
        check_name(name, path, faults);
        amount(name, value, path, faults);
        huge_page(name, value, path, faults);
    }
    for (name, value) in requests.entries() {
        let path = requests_path.key(name);
        check_name(name, path, faults);
        amount(name, value, path, faults);
        let limit = limits.get(name);
        if limit.is_null() {
            if !may_overcommit(name) {
                faults.required(limits_path, "Limit must be set for non overcommitable resources");
            }
        } else if quantity(value) != quantity(limit) && !may_overcommit(name) {
            let detail = format!("must be equal to {name} limit of {}", limit.text());
            faults.invalid(requests_path, value, detail);
        } else if quantity(value) > quantity(limit) {
            let detail = format!("must be less than or equal to {name} limit of {}", limit.text());
            faults.invalid(requests_path, value, detail);
        }
        huge_page(name, value, path, faults);
    }
    let any = |check: fn(&str) -> bool| {
        limits.entries().chain(requests.entries()).any(|(name, _)| check(name))
    };
    if any(is_huge_page) && !any(|name| name == "cpu" || name == "memory") {
        faults.forbidden(path, "HugePages require cpu or memory");
    }
}
