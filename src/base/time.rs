//! Virtual time: instants and spans in microseconds, and their RFC 3339 text.

use std::ops::{Add, AddAssign, Div, Mul, Sub};

use chrono::{DateTime, SecondsFormat, Timelike};

use crate::base::value::Value;
use crate::base::view::FromValue;

/// An instant: microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

/// A length of time in microseconds; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub i64);

impl Time {
    /// The instant at which every simulated cluster's session opens: 2026-01-05 09:00:00 UTC.
    pub const START: Time = Time(1_767_603_600_000_000);
    /// Later than every event.
    pub const NEVER: Time = Time(i64::MAX);

    /// Whole seconds since the Unix epoch, rounded down.
    pub fn unix_s(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The instant cut to whole seconds, as `metav1.Time` stores it.
    pub fn to_second(self) -> Time {
        Time(self.unix_s() * 1_000_000)
    }

    fn date(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// As `metav1.Time` prints: `2026-01-05T09:00:00Z`.
    pub fn rfc3339(self) -> String {
        self.date().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// As `metav1.MicroTime` prints: `2026-01-05T09:00:00.000000Z`.
    pub fn rfc3339_micro(self) -> String {
        self.date().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// Nanosecond precision as container logs carry it: `2026-01-05T09:00:00.123456000Z`, trailing zeros cut.
    pub fn rfc3339_nano(self) -> String {
        let date = self.date();
        let mut text = date.format("%Y-%m-%dT%H:%M:%S").to_string();
        if date.nanosecond() > 0 {
            let digits = format!(".{:09}", date.nanosecond());
            text.push_str(digits.trim_end_matches('0'));
        }
        text.push('Z');
        text
    }

    /// Formats with chrono's `strftime` directives.
    pub fn format(self, pattern: &str) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        // A pattern that chrono cannot read is answered with nothing rather than a panic.
        if write!(text, "{}", self.date().format(pattern)).is_err() {
            text.clear();
        }
        text
    }

    /// Reads RFC 3339 text.
    pub fn parse(text: &str) -> Option<Time> {
        DateTime::parse_from_rfc3339(text).ok().map(|d| Time(d.timestamp_micros()))
    }
}

impl Span {
    /// No time.
    pub const ZERO: Span = Span(0);

    /// Whole seconds.
    pub const fn seconds(s: i64) -> Span {
        Span(s.saturating_mul(1_000_000))
    }

    /// Whole milliseconds.
    pub const fn millis(ms: i64) -> Span {
        Span(ms.saturating_mul(1_000))
    }

    /// Whole microseconds.
    pub const fn micros(us: i64) -> Span {
        Span(us)
    }

    /// Seconds with a fraction; not-a-number gives zero.
    pub fn seconds_f64(s: f64) -> Span {
        Span((s * 1e6) as i64)
    }

    /// Seconds with a fraction.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whole seconds, rounded towards zero.
    pub fn whole_seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    /// Whole milliseconds, rounded towards zero.
    pub fn whole_millis(self) -> i64 {
        self.0 / 1_000
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Sub for Time {
    type Output = Span;
    fn sub(self, other: Time) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Mul<i64> for Span {
    type Output = Span;
    fn mul(self, factor: i64) -> Span {
        Span(self.0.saturating_mul(factor))
    }
}

impl Div<i64> for Span {
    type Output = Span;
    fn div(self, divisor: i64) -> Span {
        Span(self.0 / divisor)
    }
}

impl FromValue for Time {
    fn from_value(value: &Value) -> Self {
        Time::parse(value.text()).unwrap_or_default()
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Value::from(time.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_is_what_its_doc_says() {
        assert_eq!(Time::START.rfc3339(), "2026-01-05T09:00:00Z");
        assert_eq!(Time::parse("2026-01-05T09:00:00Z"), Some(Time::START));
        assert_eq!((Time::START + Span::millis(1500)).rfc3339_nano(), "2026-01-05T09:00:01.5Z");
    }
}
