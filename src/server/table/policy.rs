//! PodDisruptionBudgets as tables.
//! Upstream: pkg/printers/internalversion/printers.go, printPodDisruptionBudget.

use crate::api::Object;
use crate::api::int_or_string::IntOrString;
use crate::api::kinds::pod_disruption_budget::PodDisruptionBudget;
use crate::base::time::Time;
use crate::base::value::Value;
use crate::server::table::{AGE, NAME, Printer, age, integer, text};

/// The printer of PodDisruptionBudgets.
pub static BUDGET_PRINTER: Printer = Printer {
    columns: &[
        NAME,
        text("Min Available"),
        text("Max Unavailable"),
        integer("Allowed Disruptions"),
        AGE,
    ],
    cells: budget,
    condition: |_| None,
};

fn budget(object: &Object, now: Time) -> Vec<Value> {
    let budget = object.view::<PodDisruptionBudget>();
    let bound = |value: &Option<IntOrString>| {
        value.as_ref().map_or_else(|| "N/A".to_owned(), ToString::to_string)
    };
    vec![
        object.name().into(),
        bound(&budget.spec.min_available).into(),
        bound(&budget.spec.max_unavailable).into(),
        budget.status.disruptions_allowed.into(),
        age(object, now),
    ]
}
