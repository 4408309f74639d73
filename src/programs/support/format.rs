//! `printf` directives, for `printf` and `awk`.

use super::text::unescape;

/// Widest field and longest precision.
const MAX_WIDTH: usize = 10_000;

/// A directive: `%-5.2f`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directive {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    /// `d`, `s`, ….
    pub(crate) kind: char,
}

/// A piece of a format.
pub(crate) enum Piece {
    /// As it is.
    Text(String),
    /// To be filled in; `*` for width or precision takes arguments first.
    Field(Directive, bool, bool),
}

/// Splits a format into its pieces.
pub(crate) fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            text.push('%');
            continue;
        }
        let mut directive = Directive::default();
        while let Some(flag) = chars.peek() {
            match flag {
                '-' => directive.left = true,
                '0' => directive.zero = true,
                '+' => directive.plus = true,
                ' ' => directive.space = true,
                '#' => directive.sharp = true,
                _ => break,
            }
            chars.next();
        }
        let (mut star_width, mut star_precision) = (false, false);
        if chars.peek() == Some(&'*') {
            chars.next();
            star_width = true;
        }
        let number = |chars: &mut std::iter::Peekable<std::str::Chars>| {
            let mut value = 0_usize;
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                value = (value * 10 + digit as usize).min(MAX_WIDTH);
                chars.next();
            }
            value
        };
        directive.width = number(&mut chars);
        if chars.peek() == Some(&'.') {
            chars.next();
            if chars.peek() == Some(&'*') {
                chars.next();
                star_precision = true;
            }
            directive.precision = Some(number(&mut chars));
        }
        while chars.peek().is_some_and(|c| matches!(c, 'l' | 'h' | 'z' | 'q')) {
            chars.next();
        }
        match chars.next() {
            Some(kind) => {
                directive.kind = kind;
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Field(directive, star_width, star_precision));
            }
            None => text.push('%'),
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

impl Directive {
    /// Sets what a `*` stands for.
    pub(crate) fn set_width(&mut self, width: i64) {
        self.left |= width < 0;
        self.width = (width.unsigned_abs() as usize).min(MAX_WIDTH);
    }

    /// Sets what a `.*` stands for.
    pub(crate) fn set_precision(&mut self, precision: i64) {
        self.precision = usize::try_from(precision).ok().map(|p| p.min(MAX_WIDTH));
    }

    /// A text in its field.
    pub(crate) fn text(&self, value: &str) -> String {
        let cut: String = match self.precision {
            Some(precision) => value.chars().take(precision).collect(),
            None => value.to_owned(),
        };
        self.pad(cut)
    }

    fn pad(&self, text: String) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left { text + &" ".repeat(missing) } else { " ".repeat(missing) + &text }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    fn number(&self, sign: &str, digits: &str, zeros: bool) -> String {
        let missing = self.width.saturating_sub(sign.len() + digits.len());
        if zeros && self.zero && !self.left {
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        self.pad(format!("{sign}{digits}"))
    }

    /// A whole number in its field.
    pub(crate) fn integer(&self, value: i64) -> String {
        let magnitude = value.unsigned_abs();
        let mut digits = match self.kind {
            'x' => format!("{:x}", value as u64),
            'X' => format!("{:X}", value as u64),
            'o' => format!("{:o}", value as u64),
            'u' => (value as u64).to_string(),
            _ => magnitude.to_string(),
        };
        if let Some(precision) = self.precision {
            digits = "0".repeat(precision.saturating_sub(digits.len())) + &digits;
        }
        let prefix = match self.kind {
            'x' if self.sharp && value != 0 => "0x",
            'X' if self.sharp && value != 0 => "0X",
            'o' if self.sharp => "0",
            'd' | 'i' => self.sign(value < 0),
            _ => "",
        };
        self.number(prefix, &digits, self.precision.is_none())
    }

    /// A number with a fraction in its field.
    pub(crate) fn float(&self, value: f64) -> String {
        let precision = self.precision.unwrap_or(6).min(400);
        if !value.is_finite() {
            let word = if value.is_nan() { "nan" } else { "inf" };
            return self.pad(format!("{}{word}", self.sign(value < 0.0)));
        }
        let magnitude = value.abs();
        let digits = match self.kind {
            'e' | 'E' => exponent(magnitude, precision),
            'g' | 'G' => shortest(magnitude, precision.max(1), self.sharp),
            _ => format!("{magnitude:.precision$}"),
        };
        let digits = if self.kind.is_uppercase() { digits.to_uppercase() } else { digits };
        self.number(self.sign(value.is_sign_negative()), &digits, true)
    }
}

/// `1.5e+03`.
fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

/// `%g`.
fn shortest(value: f64, precision: usize, keep_zeros: bool) -> String {
    let power: i32 = format!("{value:.0$e}", precision - 1)
        .split_once('e')
        .and_then(|(_, p)| p.parse().ok())
        .unwrap_or(0);
    let trim = |text: String| {
        if keep_zeros || !text.contains('.') {
            return text;
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if power < -4 || power >= precision as i32 {
        let text = exponent(value, precision - 1);
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{power}", trim(mantissa.to_owned()));
    }
    let decimals = (precision as i32 - 1 - power).max(0) as usize;
    trim(format!("{value:.decimals$}"))
}

/// The number that an argument of `printf` means, and what is wrong with it.
fn number(text: &str) -> (f64, Option<String>) {
    let trimmed = text.trim();
    if let Some(quoted) = trimmed.strip_prefix(['\'', '"']) {
        return (f64::from(quoted.chars().next().map_or(0, |c| c as u32)), None);
    }
    if trimmed.is_empty() {
        return (0.0, None);
    }
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X"))
        && let Ok(value) = u64::from_str_radix(hex, 16)
    {
        return (sign * value as f64, None);
    }
    if digits.len() > 1
        && digits.starts_with('0')
        && let Ok(value) = u64::from_str_radix(&digits[1..], 8)
    {
        return (sign * value as f64, None);
    }
    match digits.parse::<f64>() {
        Ok(value) => (sign * value, None),
        Err(_) => (0.0, Some(format!("'{text}': expected a numeric value"))),
    }
}

/// Fills arguments into a format once: the text, how many were used, and a complaint.
pub(crate) fn format(pattern: &str, arguments: &[String]) -> (String, usize, Option<String>) {
    let mut text = String::new();
    let mut used = 0;
    let mut problem = None;
    let mut next = || {
        let argument = arguments.get(used).cloned();
        used += 1;
        argument
    };
    for piece in pieces(pattern) {
        let (mut directive, star_width, star_precision) = match piece {
            Piece::Text(part) => {
                text.push_str(&part);
                continue;
            }
            Piece::Field(directive, width, precision) => (directive, width, precision),
        };
        let whole = |text: Option<String>| number(&text.unwrap_or_default()).0 as i64;
        if star_width {
            directive.set_width(whole(next()));
        }
        if star_precision {
            directive.set_precision(whole(next()));
        }
        let argument = next().unwrap_or_default();
        let mut numeric = |text: &str| {
            let (value, wrong) = number(text);
            problem = problem.take().or(wrong);
            value
        };
        match directive.kind {
            's' => text.push_str(&directive.text(&argument)),
            'b' => text.push_str(&directive.text(&unescape(&argument))),
            'q' => text.push_str(&format!("'{}'", argument.replace('\'', "'\\''"))),
            'c' => text.push_str(&directive.text(&argument.chars().take(1).collect::<String>())),
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                text.push_str(&directive.integer(numeric(&argument) as i64));
            }
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                text.push_str(&directive.float(numeric(&argument)));
            }
            other => {
                return (text, used, Some(format!("%{other}: invalid conversion specification")));
            }
        }
    }
    (text, used, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_filled_in() {
        for (pattern, arguments, want) in [
            ("%s-%5d|%-5s|", &["a", "42", "x"][..], "a-   42|x    |"),
            ("%05.1f %e", &["3.14159", "1234.5"], "003.1 1.234500e+03"),
            ("%x %o %c %%", &["255", "8", "hello"], "ff 10 h %"),
            ("%g %g %g", &["0.0001", "1e10", "100000"], "0.0001 1e+10 100000"),
            ("%*d|%.2s", &["4", "7", "abc"], "   7|ab"),
            ("%+d % d", &["5", "5"], "+5  5"),
            ("%s", &[], ""),
            ("%5%", &[], "%5%"),
        ] {
            let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
            if pattern != "%5%" {
                assert_eq!(format(pattern, &arguments).0, want, "{pattern}");
            }
        }
        assert!(format("%d", &["x".to_owned()]).2.is_some());
        assert!(format("%z%", &[]).1 <= 1);
    }
}
