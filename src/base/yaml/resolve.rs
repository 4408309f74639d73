//! What a plain scalar means under YAML 1.1, as the reader under sigs.k8s.io/yaml decides it.

use crate::base::value::Value;

/// A plain scalar's meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Timestamp,
    Merge,
    Str,
}

impl Scalar {
    pub(super) fn into_value(self, text: &str) -> Value {
        match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(n) => Value::Int(n),
            Scalar::Float(x) => Value::Float(x),
            Scalar::Timestamp | Scalar::Merge | Scalar::Str => Value::from(text),
        }
    }

    pub(super) fn tag(self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Timestamp => "!!timestamp",
            Scalar::Merge => "!!merge",
            Scalar::Str => "!!str",
        }
    }
}

/// Resolves a scalar that was written without quotes and tag.
pub(super) fn plain(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        "<<" => return Scalar::Merge,
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' if is_float(text) => text.parse().map_or(Scalar::Str, Scalar::Float),
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => Scalar::Str,
    }
}

fn number(text: &str) -> Scalar {
    if is_timestamp(text) {
        return Scalar::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(n) = go_int(&plain) {
        return n;
    }
    if is_float(&plain)
        && let Ok(x) = plain.parse::<f64>()
        && x.is_finite()
    {
        return Scalar::Float(x);
    }
    Scalar::Str
}

/// `strconv.ParseInt(text, 0, 64)`, or the unsigned one: a sign, then `0x`, `0o`, `0b`, a leading zero (octal), or decimal.
fn go_int(text: &str) -> Option<Scalar> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    match i64::try_from(value) {
        Ok(n) => Some(Scalar::Int(n)),
        Err(_) if !negative && value <= i128::from(u64::MAX) => Some(Scalar::Float(value as f64)),
        Err(_) => None,
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = &rest[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = after.bytes().take_while(u8::is_ascii_digit).count();
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit())
        }
    }
}

/// Whether the text is a date, or a date and a time, in one of the forms of YAML 1.1.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) =
        text.split_at_checked(text.find(['T', 't', ' ']).unwrap_or(text.len()))
    else {
        return false;
    };
    let parts: Vec<_> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |s: &str, max: u32| {
        (1..=2).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_digit())
            && s.parse().is_ok_and(|n: u32| n <= max)
    };
    let date_ok = year.len() == 4
        && year.bytes().all(|b| b.is_ascii_digit())
        && number(month, 12)
        && number(day, 31);
    if !date_ok || month.trim_matches('0').is_empty() || day.trim_matches('0').is_empty() {
        return false;
    }
    if time.is_empty() {
        return true;
    }
    let zoned = !time.starts_with(' ');
    let time = &time[1..];
    let zone_at = time.find(['Z', '+', '-']);
    let (clock, zone) = match (zoned, zone_at) {
        (true, Some(at)) => time.split_at(at),
        (false, None) => (time, ""),
        _ => return false,
    };
    let parts: Vec<_> = clock.split(':').collect();
    let [hour, minute, second] = parts[..] else { return false };
    let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let zone_ok = match zone {
        "" | "Z" => true,
        offset => {
            offset.len() == 6
                && offset[1..].split_once(':').is_some_and(|(h, m)| number(h, 24) && number(m, 60))
        }
    };
    number(hour, 23)
        && number(minute, 59)
        && number(whole, 59)
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit())
        && zone_ok
}

/// A number in base 60, which other readers take for one: quoted when printed.
pub(super) fn is_base60(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut parts = rest.split(':');
    let first = parts.next().unwrap_or("");
    let mut places = 0;
    let sixties = parts.all(|p| {
        places += 1;
        matches!(p.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && sixties
        && places > 0
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}
