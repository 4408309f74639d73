//! Resource quantities: `500m`, `1Gi`, `12e6`.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go, suffix.go.
//! Simplified: amounts beyond about 10^29 saturate instead of growing without bound.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Neg, Sub};

use crate::base::value::Value;
use crate::base::view::FromValue;

/// How a quantity was written and is printed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `12M`, and numbers without a suffix.
    #[default]
    DecimalSi,
    /// `12Mi`.
    BinarySi,
    /// `12e6`.
    DecimalExponent,
}

/// A fixed-point number with the notation that it was written in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

/// Why text is no quantity; prints upstream's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// The text has not the shape of a quantity.
    Format,
    /// The number in front is none.
    Numeric,
    /// The suffix is unknown.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuantityError::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            QuantityError::Numeric => "unable to parse numeric part of quantity",
            QuantityError::Suffix => "unable to parse quantity's suffix",
        })
    }
}

const NANO: i128 = 1_000_000_000;
const LIMIT: i128 = i128::MAX / 4;
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let rest = rest.trim_start_matches('0');
    let (whole, rest) = rest.split_at(digits(rest));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(digits(after)),
        None => ("", rest),
    };
    let letters = suffix.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
    let exponent = &suffix[letters..];
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if digits(exponent) != exponent.len() {
        return Err(QuantityError::Format);
    }
    Ok(Parts { negative, whole, fraction, suffix })
}

fn saturating_pow10(value: i128, exponent: i32) -> i128 {
    (0..exponent.min(60)).fold(value, |v, _| v.saturating_mul(10).min(LIMIT))
}

impl Quantity {
    /// Zero.
    pub const ZERO: Quantity = Quantity { nano: 0, format: Format::DecimalSi };

    /// Reads a quantity.
    ///
    /// # Errors
    /// When the text has not the shape of a quantity or its suffix is unknown.
    pub fn parse(text: &str) -> Result<Quantity, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let parts = split(text)?;
        let (scale10, shift2, format) = interpret(parts.suffix)?;
        let mut nano = 0_i128;
        for byte in parts.whole.bytes() {
            nano = nano.saturating_mul(10).saturating_add(i128::from(byte - b'0')).min(LIMIT);
        }
        nano = saturating_pow10(nano, 9);
        // Digits after the ninth place only matter for rounding up, but a suffix may lift them.
        let mut fraction = 0_i128;
        let mut places = 0;
        for byte in parts.fraction.bytes().take(27) {
            fraction = fraction * 10 + i128::from(byte - b'0');
            places += 1;
        }
        let mut amount = Scaled::new(nano, fraction, places);
        amount.shift(scale10, shift2);
        let mut nano = amount.round_up();
        if format == Format::BinarySi {
            nano = nano.min(i128::from(i64::MAX) * NANO);
        }
        let format = if format == Format::BinarySi && nano > 0 && nano < NANO {
            Format::DecimalSi
        } else {
            format
        };
        Ok(Quantity { nano: if parts.negative { -nano } else { nano }, format })
    }

    /// A whole number in decimal notation.
    pub fn whole(value: i64) -> Quantity {
        Quantity { nano: i128::from(value) * NANO, format: Format::DecimalSi }
    }

    /// Thousandths in decimal notation.
    pub fn milli(value: i64) -> Quantity {
        Quantity { nano: i128::from(value) * 1_000_000, format: Format::DecimalSi }
    }

    /// A number of bytes in binary notation.
    pub fn bytes(value: i64) -> Quantity {
        Quantity { nano: i128::from(value) * NANO, format: Format::BinarySi }
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// Whether the amount is below zero.
    pub fn is_negative(self) -> bool {
        self.nano < 0
    }

    /// The notation.
    pub fn format(self) -> Format {
        self.format
    }

    /// The amount in units, rounded away from zero.
    pub fn value(self) -> i64 {
        clamp(div_up(self.nano, NANO))
    }

    /// The amount in thousandths, rounded away from zero.
    pub fn milli_value(self) -> i64 {
        clamp(div_up(self.nano, 1_000_000))
    }

    /// The amount as a float.
    pub fn as_f64(self) -> f64 {
        self.nano as f64 / NANO as f64
    }

    /// The text of another quantity when it reads as one, in the form that the API prints.
    pub fn canonical(text: &str) -> Option<String> {
        Quantity::parse(text).ok().map(|q| q.to_string())
    }
}

/// A number of nanos plus a decimal fraction of one unit, before rounding.
struct Scaled {
    nano: i128,
    /// Numerator and number of decimal places of what is below one unit.
    fraction: i128,
    places: i32,
}

impl Scaled {
    fn new(nano: i128, fraction: i128, places: i32) -> Scaled {
        Scaled { nano, fraction, places }
    }

    fn shift(&mut self, scale10: i32, shift2: u32) {
        let factor = 1_i128 << shift2;
        self.nano = self.nano.saturating_mul(factor).min(LIMIT);
        // At most 27 digits, so 2^60 may overflow: cut places that a binary suffix cannot make visible.
        while self.fraction > i128::MAX / factor && self.places > 0 {
            self.fraction /= 10;
            self.places -= 1;
        }
        self.fraction = self.fraction.saturating_mul(factor);
        if scale10 >= 0 {
            self.nano = saturating_pow10(self.nano, scale10);
            self.places -= scale10;
        } else {
            // The whole part becomes a fraction of nanos; keep it exact by moving it over.
            let down = (-scale10).min(60);
            let mut rest = false;
            for _ in 0..down {
                rest |= self.nano % 10 != 0;
                self.nano /= 10;
            }
            self.places += down;
            if rest {
                self.nano += 1;
                self.fraction = 0;
            }
        }
    }

    /// Nanos, any remainder rounded up.
    fn round_up(&self) -> i128 {
        let shift = 9 - self.places;
        let below = if shift >= 0 {
            saturating_pow10(self.fraction, shift)
        } else {
            let divisor = saturating_pow10(1, -shift);
            div_up(self.fraction, divisor)
        };
        self.nano.saturating_add(below).min(LIMIT)
    }
}

fn interpret(suffix: &str) -> Result<(i32, u32, Format), QuantityError> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Ok((*exponent, 0, Format::DecimalSi));
    }
    if let Some((_, exponent)) = BINARY.iter().find(|(s, _)| *s == suffix) {
        return Ok((0, *exponent, Format::BinarySi));
    }
    match suffix.strip_prefix(['e', 'E']).and_then(|n| n.parse::<i64>().ok()) {
        Some(n) => Ok((n.clamp(-100, 100) as i32, 0, Format::DecimalExponent)),
        None => Err(QuantityError::Suffix),
    }
}

fn div_up(value: i128, divisor: i128) -> i128 {
    let quotient = value / divisor;
    quotient + if value % divisor != 0 { value.signum() } else { 0 }
}

fn clamp(value: i128) -> i64 {
    value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return f.pad("0");
        }
        let whole = self.nano % NANO == 0;
        let small = self.nano.abs() < 1024 * NANO;
        if self.format == Format::BinarySi && whole && !small {
            let (mut value, mut power) = (self.nano / NANO, 0);
            while value % 1024 == 0 && power < BINARY.len() {
                value /= 1024;
                power += 1;
            }
            let suffix = if power == 0 { "" } else { BINARY[power - 1].0 };
            return f.pad(&format!("{value}{suffix}"));
        }
        let (mut value, mut exponent) = (self.nano, -9);
        while value % 1000 == 0 && exponent < 18 {
            value /= 1000;
            exponent += 3;
        }
        let text = if self.format == Format::DecimalExponent {
            if exponent == 0 { value.to_string() } else { format!("{value}e{exponent}") }
        } else {
            let suffix = DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(s, _)| s);
            format!("{value}{suffix}")
        };
        f.pad(&text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl Add for Quantity {
    type Output = Quantity;
    /// The sum; it takes the other's notation when this is zero.
    fn add(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nano: self.nano.saturating_add(other.nano).clamp(-LIMIT, LIMIT), format }
    }
}

impl Sub for Quantity {
    type Output = Quantity;
    fn sub(self, other: Quantity) -> Quantity {
        self + -other
    }
}

impl Neg for Quantity {
    type Output = Quantity;
    fn neg(self) -> Quantity {
        Quantity { nano: -self.nano, format: self.format }
    }
}

impl FromValue for Quantity {
    fn from_value(value: &Value) -> Self {
        match value {
            Value::Str(text) => Quantity::parse(text).unwrap_or_default(),
            Value::Int(n) => Quantity::whole(*n),
            Value::Float(x) => Quantity::parse(&x.to_string()).unwrap_or_default(),
            _ => Quantity::ZERO,
        }
    }
}

impl From<Quantity> for Value {
    fn from(quantity: Quantity) -> Self {
        Value::from(quantity.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn prints_canonically() {
        for (text, want) in [
            ("0", "0"),
            ("00", "0"),
            ("1", "1"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("100m", "100m"),
            ("1500m", "1500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1Gi", "1Gi"),
            ("1000", "1k"),
            ("1000000", "1M"),
            ("2048", "2048"),
            ("12e6", "12e6"),
            ("1E3", "1e3"),
            ("0.5Mi", "512Ki"),
            ("100Ki", "100Ki"),
            ("512Ki", "512Ki"),
            ("1.G", "1G"),
            ("-3", "-3"),
            ("0.1n", "1n"),
            ("123456789012n", "123456789012n"),
            ("100Ei", "9223372036854775807"),
            ("8Ei", "9223372036854775807"),
            ("0.001Ki", "1024m"),
            ("64k", "64k"),
        ] {
            assert_eq!(Quantity::parse(text).map(|q| q.to_string()), Ok(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_as_upstream() {
        for (text, want) in [
            ("", QuantityError::Format),
            ("lots", QuantityError::Format),
            ("1Gig", QuantityError::Format),
            ("1 Gi", QuantityError::Format),
            ("1GiB", QuantityError::Format),
            ("1mm", QuantityError::Suffix),
            ("1Zi", QuantityError::Format),
        ] {
            assert_eq!(Quantity::parse(text).map(|q| q.to_string()), Err(want), "{text}");
        }
    }

    #[test]
    fn counts() {
        let q = |s| Quantity::parse(s).unwrap();
        assert_eq!(q("0.5").milli_value(), 500);
        assert_eq!(q("1Ki").value(), 1024);
        assert_eq!((q("500m") + q("1")).to_string(), "1500m");
        assert_eq!((q("2Gi") - q("1Gi")).to_string(), "1Gi");
        assert!(q("1Gi") > q("1G"));
        assert_eq!(q("0.0001").milli_value(), 1);
    }

    #[test]
    fn never_panics() {
        let mut draw = Rng { seed: 3 }.named("quantity", "fuzz", 0);
        let alphabet = b"0123456789.+-eEinumkKMGTPi x";
        for _ in 0..20_000 {
            let len = draw.index(12) + draw.index(30);
            let text: String =
                (0..len).map(|_| char::from(alphabet[draw.index(alphabet.len())])).collect();
            if let Ok(q) = Quantity::parse(&text) {
                let printed = q.to_string();
                if q.nano.abs() < LIMIT / 1_000_000_000_000 {
                    assert_eq!(Quantity::parse(&printed).map(|p| p.to_string()), Ok(printed));
                }
                let _ = (q.value(), q.milli_value(), q + q - q);
            }
        }
    }
}
