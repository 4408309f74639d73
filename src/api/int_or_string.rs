//! A whole number or a percentage, as `maxUnavailable` and `targetPort` hold it.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go.

use std::fmt;

use crate::base::value::{Str, Value};
use crate::base::view::FromValue;

/// Either form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A percentage such as `25%`, or a port's name.
    Str(Str),
}

/// How a percentage that does not come out even is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// To the next whole number above.
    Up,
    /// To the next whole number below.
    Down,
}

impl Default for IntOrString {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

impl FromValue for IntOrString {
    fn from_value(value: &Value) -> Self {
        match value {
            Value::Str(s) => IntOrString::Str(s.clone()),
            other => IntOrString::Int(other.as_i64().unwrap_or_default()),
        }
    }
}

impl From<IntOrString> for Value {
    fn from(value: IntOrString) -> Self {
        match value {
            IntOrString::Int(n) => Value::Int(n),
            IntOrString::Str(s) => Value::Str(s),
        }
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(n) => write!(f, "{n}"),
            IntOrString::Str(s) => write!(f, "{s}"),
        }
    }
}

impl IntOrString {
    /// The number, or the percentage of `total`; `None` when the text is no percentage.
    /// Upstream: GetScaledValueFromIntOrPercent.
    pub fn scaled(&self, total: i64, round: Round) -> Option<i64> {
        let percent = match self {
            IntOrString::Int(n) => return Some(*n),
            IntOrString::Str(s) => s.strip_suffix('%')?.parse::<i64>().ok()?,
        };
        let product = percent.saturating_mul(total);
        Some(match round {
            Round::Up => product.div_euclid(100) + i64::from(product.rem_euclid(100) != 0),
            Round::Down => product.div_euclid(100),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        let quarter = IntOrString::Str("25%".into());
        assert_eq!(quarter.scaled(3, Round::Up), Some(1));
        assert_eq!(quarter.scaled(3, Round::Down), Some(0));
        assert_eq!(IntOrString::Int(2).scaled(3, Round::Down), Some(2));
        assert_eq!(IntOrString::Str("web".into()).scaled(3, Round::Up), None);
    }
}
