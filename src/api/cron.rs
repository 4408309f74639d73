//! Schedules in cron's notation: five fields, names, ranges, steps and descriptors such as `@daily`.
//!
//! Upstream: vendor/github.com/robfig/cron/v3 (parser.go, spec.go, constantdelay.go), as
//! pkg/util/parsers/parsers.go reads it. Simplified: all times are UTC.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::base::human;
use crate::base::time::{Span, Time};

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At the minutes whose fields are all in these sets.
    Fields(Fields),
    /// Again and again after this time.
    Every(Span),
}

/// Sets of values, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
}

/// Set beside the values of a field that was given as `*`.
const STAR: u64 = 1 << 63;

struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAYS: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAYS: Bounds =
    Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// The parser's words.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        let mut rest = text;
        if rest.starts_with("TZ=") || rest.starts_with("CRON_TZ=") {
            rest = rest.split_once(' ').map_or("", |(_, rest)| rest).trim();
        }
        if rest.starts_with('@') {
            return descriptor(rest);
        }
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "expected exactly 5 fields, found {}: [{}]",
                fields.len(),
                fields.join(" ")
            ));
        };
        Ok(Schedule::Fields(Fields {
            minute: field(minute, &MINUTES)?,
            hour: field(hour, &HOURS)?,
            day: field(day, &DAYS)?,
            month: field(month, &MONTHS)?,
            weekday: field(weekday, &WEEKDAYS)?,
        }))
    }

    /// The first due time after an instant; `None` when none comes within five years.
    pub fn next(&self, after: Time) -> Option<Time> {
        match self {
            Schedule::Every(span) => Some(after.to_second() + *span),
            Schedule::Fields(fields) => fields.next(after),
        }
    }
}

impl Fields {
    fn next(&self, after: Time) -> Option<Time> {
        let start = DateTime::from_timestamp(after.unix_s() + 1, 0)?.naive_utc();
        let up = i64::from(60 - start.second()) % 60;
        let mut at = start + chrono::Duration::seconds(up);
        let last = at.year() + 5;
        while at.year() <= last {
            if self.month & bit(at.month()) == 0 {
                at = first_of_next_month(at)?;
            } else if !self.day_matches(at) {
                at = at.date().succ_opt()?.and_hms_opt(0, 0, 0)?;
            } else if self.hour & bit(at.hour()) == 0 {
                at = at.with_minute(0)? + chrono::Duration::hours(1);
            } else if self.minute & bit(at.minute()) == 0 {
                at += chrono::Duration::minutes(1);
            } else {
                return Some(Time(at.and_utc().timestamp_micros()));
            }
        }
        None
    }

    /// Days and weekdays: both must match when one of them is `*`, otherwise one is enough.
    /// Upstream: spec.go, dayMatches.
    fn day_matches(&self, at: NaiveDateTime) -> bool {
        let day = self.day & bit(at.day()) != 0;
        let weekday = self.weekday & bit(at.weekday().num_days_from_sunday()) != 0;
        if self.day & STAR != 0 || self.weekday & STAR != 0 {
            day && weekday
        } else {
            day || weekday
        }
    }
}

fn bit(n: u32) -> u64 {
    1 << n
}

fn first_of_next_month(at: NaiveDateTime) -> Option<NaiveDateTime> {
    let (year, month) =
        if at.month() == 12 { (at.year() + 1, 1) } else { (at.year(), at.month() + 1) };
    NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0)
}

/// Upstream: parser.go, getField.
fn field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .try_fold(0, |bits, part| Ok(bits | range(part, bounds)?))
}

/// Upstream: parser.go, getRange.
fn range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let mut extra = 0;
    let (start, mut end) = if matches!(ends[0], "*" | "?") {
        extra = STAR;
        (bounds.min, bounds.max)
    } else {
        let start = number_or_name(ends[0], bounds.names)?;
        match ends.as_slice() {
            [_] => (start, start),
            [_, end] => (start, number_or_name(end, bounds.names)?),
            _ => return Err(format!("too many hyphens: {text}")),
        }
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
            if step > 1 {
                extra = 0;
            }
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    let (min, max) = (bounds.min, bounds.max);
    if start < min {
        return Err(format!("beginning of range ({start}) below minimum ({min}): {text}"));
    }
    if end > max {
        return Err(format!("end of range ({end}) above maximum ({max}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let values = (start..=end).step_by(step as usize);
    Ok(values.fold(extra, |bits, n| bits | bit(n)))
}

fn number_or_name(text: &str, names: &[&str]) -> Result<u32, String> {
    let lower = text.to_lowercase();
    match names.iter().position(|name| *name == lower) {
        // Months count from one, weekdays from zero.
        Some(at) => Ok(at as u32 + u32::from(names.len() == 12)),
        None => number(text),
    }
}

/// Upstream: parser.go, mustParseInt.
fn number(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let why = match text.parse::<i64>() {
        Ok(n) if n < 0 => return Err(format!("negative number ({n}) not allowed: {text}")),
        Ok(n) => return Ok(u32::try_from(n).unwrap_or(u32::MAX)),
        Err(_) if plain => "value out of range",
        Err(_) => "invalid syntax",
    };
    Err(format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: {why}"))
}

/// Upstream: parser.go, parseDescriptor.
fn descriptor(text: &str) -> Result<Schedule, String> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let Some(span) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            let span = human::parse_go_duration(span)
                .map_err(|why| format!("failed to parse duration {text}: {why}"))?;
            return Ok(Schedule::Every(Span::seconds(span.whole_seconds().max(1))));
        }
    };
    Schedule::parse(fields)
}

/// The areas of the time zone database.
const AREAS: &[&str] = &[
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Canada",
    "Europe",
    "Etc",
    "Indian",
    "Pacific",
    "US",
];
/// Zones without an area.
const ZONES: &[&str] =
    &["UTC", "GMT", "CET", "EET", "MET", "WET", "EST", "MST", "HST", "Zulu", "Universal"];

/// Whether a name can be that of a time zone. Upstream: time.LoadLocation.
/// Simplified: there is no time zone database, so any place in a known area counts.
pub fn is_time_zone(name: &str) -> bool {
    ZONES.contains(&name)
        || name.split_once('/').is_some_and(|(area, place)| {
            AREAS.contains(&area) && place.starts_with(|c: char| c.is_ascii_uppercase())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_come_due() {
        let start = Time::parse("2026-01-05T09:00:30Z").expect("a time");
        for (text, due) in [
            ("* * * * *", "2026-01-05T09:01:00Z"),
            ("*/15 * * * *", "2026-01-05T09:15:00Z"),
            ("0 0 * * *", "2026-01-06T00:00:00Z"),
            ("30 8 1 * *", "2026-02-01T08:30:00Z"),
            ("0 9 * * mon", "2026-01-12T09:00:00Z"),
            ("0 0 13 * fri", "2026-01-09T00:00:00Z"),
            ("5-10/2,50 9 * jan *", "2026-01-05T09:05:00Z"),
            ("@hourly", "2026-01-05T10:00:00Z"),
            ("@every 90s", "2026-01-05T09:02:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        ] {
            let next = Schedule::parse(text).expect(text).next(start).expect(text);
            assert_eq!(next.rfc3339(), due, "{text}");
        }
        assert_eq!(Schedule::parse("0 0 31 2 *").expect("reads").next(start), None);
    }

    #[test]
    fn wrong_schedules_are_refused_in_the_parsers_words() {
        for (text, why) in [
            ("abc", "expected exactly 5 fields, found 1: [abc]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            (
                "x * * * *",
                "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            ("@never", "unrecognized descriptor: @never"),
        ] {
            assert_eq!(Schedule::parse(text).expect_err(text), why);
        }
    }
}
