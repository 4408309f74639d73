//! `date`: the virtual time.
//!
//! Simulated clocks run in UTC, whatever `TZ` says; the time cannot be set.

use crate::base::time::{Span, Time};
use crate::os::{Program, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::is_busybox;

/// `date`.
pub(super) static DATE: Program = Program { name: "date", start: |argv| once(argv, run) };

const TOOL: Tool = Tool {
    name: "date",
    usage: "[-uR] [-d TIME] [-Iseconds] [+FMT]",
    options: "uRd:r:s:I",
    long: &[
        ("utc", 'u'),
        ("universal", 'u'),
        ("rfc-email", 'R'),
        ("rfc-2822", 'R'),
        ("date", 'd'),
        ("reference", 'r'),
        ("set", 's'),
    ],
    trouble: 1,
};

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let mut words = Vec::new();
    let mut iso = None;
    for word in argv {
        let precision = word.strip_prefix("--iso-8601").map(|p| p.trim_start_matches('='));
        match precision.or_else(|| word.strip_prefix("-I")) {
            Some(precision) => iso = Some(precision.to_owned()),
            None if word.starts_with("--rfc-3339") => iso = Some("rfc".to_owned()),
            None => words.push(word.clone()),
        }
    }
    let args = match TOOL.parse(&words, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.has('s') {
        sys.eprint("date: cannot set date: Operation not permitted\n");
        return 1;
    }
    let mut at = sys.now();
    if let Some(text) = args.value('d') {
        match parse(text, at) {
            Some(time) => at = time,
            None => return TOOL.fail(sys, &format!("invalid date '{text}'")),
        }
    }
    if let Some(file) = args.value('r') {
        match sys.stat(file, true) {
            Ok(stat) => at = stat.modified,
            Err(error) => return TOOL.fail(sys, &format!("{file}: {error}")),
        }
    }
    let text = match (args.operands.first().map(|o| o.strip_prefix('+')), iso) {
        (Some(Some(pattern)), _) => format(at, pattern),
        (Some(None), _) => {
            let text = format!("invalid date '{}'", args.operands[0]);
            return TOOL.fail(sys, &text);
        }
        (None, Some(precision)) => match precision.as_str() {
            "" | "date" => at.format("%Y-%m-%d"),
            "rfc" => at.format("%Y-%m-%d %H:%M:%S+00:00"),
            "hours" => at.format("%Y-%m-%dT%H+00:00"),
            "minutes" => at.format("%Y-%m-%dT%H:%M+00:00"),
            "ns" => format(at, "%Y-%m-%dT%H:%M:%S,%N+00:00"),
            _ => at.format("%Y-%m-%dT%H:%M:%S+00:00"),
        },
        _ if args.has('R') => at.format("%a, %d %b %Y %H:%M:%S +0000"),
        _ if is_busybox(sys) => at.format("%a %b %e %H:%M:%S UTC %Y"),
        _ => at.format("%a %b %e %H:%M:%S UTC %Y"),
    };
    sys.print(&format!("{text}\n"));
    0
}

/// Formats with `date`'s directives.
fn format(at: Time, pattern: &str) -> String {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let Some(mut directive) = chars.next() else {
            text.push('%');
            break;
        };
        let mut flag = None;
        if matches!(directive, '-' | '_' | '0' | '^') {
            flag = Some(directive);
            directive = chars.next().unwrap_or('%');
        }
        let digits = if directive.is_ascii_digit() {
            let width = directive.to_digit(10).unwrap_or(9) as usize;
            directive = chars.next().unwrap_or('N');
            Some(width)
        } else {
            None
        };
        let part = match directive {
            'N' => {
                let nano = format!("{:06}000", at.0.rem_euclid(1_000_000));
                nano[..digits.unwrap_or(9).clamp(1, 9)].to_owned()
            }
            's' => at.unix_s().to_string(),
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            '%' => "%".to_owned(),
            'Z' => "UTC".to_owned(),
            'z' => "+0000".to_owned(),
            'P' => at.format("%P"),
            c if "aAbBcCdDeFgGhHIjklmMpqrRSTuUVwWxXyY".contains(c) => at.format(&format!("%{c}")),
            c => format!("%{c}"),
        };
        match flag {
            Some('-') => {
                let cut = part.trim_start_matches(['0', ' ']);
                text.push_str(if cut.is_empty() { "0" } else { cut });
            }
            Some('^') => text.push_str(&part.to_uppercase()),
            Some('_') if part.starts_with('0') && part.len() == 2 => {
                text.push_str(&format!(" {}", &part[1..]));
            }
            _ => text.push_str(&part),
        }
    }
    text
}

/// `@1700000000`, RFC 3339, `2026-01-05 10:00`, `now`, `yesterday`, `2 days ago`, `+1 hour`.
fn parse(text: &str, now: Time) -> Option<Time> {
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        return Some(Time::default() + Span::seconds_f64(seconds.parse().ok()?));
    }
    if let Some(time) = Time::parse(text) {
        return Some(time);
    }
    for suffix in ["", ":00", "T00:00:00"] {
        let candidate = format!("{}{suffix}Z", text.trim_end_matches(" UTC").replacen(' ', "T", 1));
        if let Some(time) = Time::parse(&candidate) {
            return Some(time);
        }
    }
    let day = Span::seconds(86_400);
    match text {
        "now" | "today" | "" => return Some(now),
        "yesterday" => return Some(now - day),
        "tomorrow" => return Some(now + day),
        _ => {}
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let (count, unit, ago) = match words.as_slice() {
        [count, unit] => (*count, *unit, false),
        [count, unit, "ago"] => (*count, *unit, true),
        _ => return None,
    };
    let count: i64 = count.trim_start_matches('+').parse().ok()?;
    let unit = match unit.trim_end_matches('s') {
        "second" | "sec" => 1,
        "minute" | "min" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        "year" => 365 * 86_400,
        _ => return None,
    };
    let span = Span::seconds(count.checked_mul(unit)?);
    Some(if ago { now - span } else { now + span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let start = Time::START;
        assert_eq!(format(start, "%Y-%m-%d %H:%M:%S %s %%"), "2026-01-05 09:00:00 1767603600 %");
        assert_eq!(format(start, "%-d/%-m %3N %z"), "5/1 000 +0000");
        assert_eq!(parse("2026-01-05 09:00", start), Some(start));
        assert_eq!(parse("@1767603600", start), Some(start));
        assert_eq!(parse("1 day ago", start), Some(start - Span::seconds(86_400)));
        assert_eq!(parse("someday", start), None);
        assert_eq!(format(start, "%é%"), "%é%");
    }
}
