//! Durations, ages and sizes as kubectl prints them.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go; Go's time.Duration.

use crate::base::time::{Span, Time};

/// Two or three significant figures: `2m5s`, `3h`, `5d4h`.
/// Upstream: duration.go, HumanDuration.
pub fn duration(span: Span) -> String {
    let seconds = span.whole_seconds();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    if seconds < 0 {
        return "0s".to_owned();
    }
    if seconds < 120 {
        return format!("{seconds}s");
    }
    let minutes = seconds / 60;
    if minutes < 10 {
        return pair(minutes, "m", seconds % 60, "s");
    }
    if minutes < 180 {
        return format!("{minutes}m");
    }
    let hours = seconds / 3600;
    if hours < 8 {
        return pair(hours, "h", minutes % 60, "m");
    }
    if hours < 48 {
        return format!("{hours}h");
    }
    if hours < 24 * 8 {
        return pair(hours / 24, "d", hours % 24, "h");
    }
    if hours < 24 * 365 * 2 {
        return format!("{}d", hours / 24);
    }
    if hours < 24 * 365 * 8 {
        return pair(hours / 24 / 365, "y", hours / 24 % 365, "d");
    }
    format!("{}y", hours / 24 / 365)
}

fn pair(big: i64, big_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{big}{big_unit}")
    } else {
        format!("{big}{big_unit}{small}{small_unit}")
    }
}

/// One unit only: `59s`, `2m`, `3h`, `4d`, `1y`.
/// Upstream: duration.go, ShortHumanDuration.
pub fn short_duration(span: Span) -> String {
    let seconds = span.whole_seconds();
    match seconds {
        i64::MIN..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m", seconds / 60),
        3_600..=86_399 => format!("{}h", seconds / 3600),
        86_400..=31_535_999 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// The age of an RFC 3339 time stamp; `<unknown>` when there is none.
/// Upstream: pkg/printers/internalversion/printers.go, translateTimestampSince.
pub fn age(stamp: &str, now: Time) -> String {
    match Time::parse(stamp) {
        Some(time) => duration(now - time),
        None => "<unknown>".to_owned(),
    }
}

/// How far ahead a time stamp lies; `<unknown>` when there is none.
/// Upstream: pkg/printers/internalversion/printers.go, translateTimestampUntil.
pub fn until(stamp: &str, now: Time) -> String {
    match Time::parse(stamp) {
        Some(time) => duration(time - now),
        None => "<unknown>".to_owned(),
    }
}

/// Go's `time.Duration.String`: `1h2m3.5s`, `1.5ms`, `0s`.
pub fn go_duration(span: Span) -> String {
    let micros = span.0.unsigned_abs();
    let sign = if span.0 < 0 { "-" } else { "" };
    if micros == 0 {
        return "0s".to_owned();
    }
    if micros < 1_000 {
        return format!("{sign}{micros}µs");
    }
    if micros < 1_000_000 {
        return format!("{sign}{}ms", fraction(micros, 1_000));
    }
    let (hours, rest) = (micros / 3_600_000_000, micros % 3_600_000_000);
    let (minutes, rest) = (rest / 60_000_000, rest % 60_000_000);
    let seconds = fraction(rest, 1_000_000);
    if hours > 0 {
        format!("{sign}{hours}h{minutes}m{seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m{seconds}s")
    } else {
        format!("{sign}{seconds}s")
    }
}

fn fraction(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads Go's duration syntax: `300ms`, `-1.5h`, `2h45m`; the error is Go's.
///
/// # Errors
/// Go's words when the text is no duration.
pub fn parse_go_duration(text: &str) -> Result<Span, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(Span::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_f64;
    while !rest.is_empty() {
        let number_len = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, after) = rest.split_at(number_len);
        if number.is_empty() || number == "." {
            return Err(invalid());
        }
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let unit_len = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let factor = match unit {
            "" => return Err(format!("time: missing unit in duration {}", quote(text))),
            "ns" => 1e-3,
            "us" | "µs" | "μs" => 1.0,
            "ms" => 1e3,
            "s" => 1e6,
            "m" => 6e7,
            "h" => 3.6e9,
            _ => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    quote(unit),
                    quote(text)
                ));
            }
        };
        total += number * factor;
        rest = after;
    }
    if total > 9.2e15 {
        return Err(invalid());
    }
    let micros = total.round() as i64;
    Ok(Span(if negative { -micros } else { micros }))
}

/// Go's `strconv.Quote` (and `%q`): double quotes, with escapes for what cannot be printed.
pub fn quote(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Sizes with a binary unit, as `describe` prints none but images and shells do: `1.5Gi`, `12Ki`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["", "Ki", "Mi", "Gi", "Ti"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{text}{}", UNITS[unit])
}

/// Formats a float as Go's `strconv.FormatFloat(x, 'g', -1, 64)`: shortest digits, exponent outside 1e-4..1e21.
pub fn go_float(x: f64) -> String {
    go_float_limit(x, 21)
}

/// As [`go_float`], with the exponent form starting at 10^`limit`.
pub fn go_float_limit(x: f64, limit: i32) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if x == 0.0 {
        return if x.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= limit {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    } else {
        format!("{x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (s, want) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_000, "3h3m"),
            (28_800, "8h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (86_400 * 8, "8d"),
            (86_400 * 365 * 2, "2y"),
            (86_400 * (365 * 2 + 3), "2y3d"),
        ] {
            assert_eq!(duration(Span::seconds(s)), want, "{s}");
        }
        assert_eq!(short_duration(Span::seconds(3_700)), "1h");
        assert_eq!(age("2026-01-05T09:00:00Z", Time::START + Span::seconds(3)), "3s");
        assert_eq!(age("", Time::START), "<unknown>");
    }

    #[test]
    fn go_text() {
        assert_eq!(go_duration(Span::millis(1500)), "1.5s");
        assert_eq!(go_duration(Span::seconds(3_723)), "1h2m3s");
        assert_eq!(go_duration(Span::millis(250)), "250ms");
        assert_eq!(parse_go_duration("1m30s"), Ok(Span::seconds(90)));
        assert_eq!(parse_go_duration("5"), Err("time: missing unit in duration \"5\"".to_owned()));
        assert_eq!(parse_go_duration("abc"), Err("time: invalid duration \"abc\"".to_owned()));
        assert_eq!(
            parse_go_duration("5x"),
            Err("time: unknown unit \"x\" in duration \"5x\"".to_owned())
        );
        assert_eq!(quote("a\"b\n"), "\"a\\\"b\\n\"");
        assert_eq!(go_float(1e21), "1e+21");
        assert_eq!(go_float(0.1), "0.1");
        assert_eq!(go_float(1.5e-7), "1.5e-07");
        assert_eq!(bytes(1536), "1.5Ki");
    }
}
