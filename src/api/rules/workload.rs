//! Checks that workloads share.
//!
//! Upstream: pkg/apis/apps/validation/validation.go.

use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::base::value::Value;

/// Checks a number or percentage. Upstream: ValidatePositiveIntOrPercent.
pub fn int_or_percent(value: &Value, path: Path<'_>, faults: &mut Faults) {
    match value.as_str() {
        Some(text) => faults.all_invalid(path, text, names::percent(text)),
        None => faults.non_negative(path, value),
    }
}

fn percent(value: &Value) -> Option<i64> {
    let text = value.as_str().filter(|text| names::percent(text).is_empty())?;
    Some(text.trim_end_matches('%').parse().unwrap_or(i64::MAX))
}

/// The number in a number or percentage; 0 for text that is neither. Upstream: getIntOrPercentValue.
pub fn amount(value: &Value) -> i64 {
    let plain = || value.as_str().map_or(value.as_i64(), |text| text.parse().ok());
    percent(value).or_else(plain).unwrap_or(0)
}

/// Checks that a percentage is not above a hundred. Upstream: IsNotMoreThan100Percent.
pub fn at_most_all(value: &Value, path: Path<'_>, faults: &mut Faults) {
    if percent(value).is_some_and(|n| n > 100) {
        faults.invalid(path, value, "must not be greater than 100%");
    }
}
