//! `printf` with bash's formats.

use crate::os::{STDOUT, Sys};
use crate::shell::Dialect;
use crate::shell::machine::{Ran, Shell};
use crate::shell::vars::backslash_quoted;
use crate::shell::words::{Escapes, escape};

/// The widest field.
const MAX_WIDTH: usize = 10_000;
/// The most output of one call, in bytes.
const MAX_OUTPUT: usize = 4 * 1024 * 1024;

pub(super) fn run(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut args = &args[1..];
    let mut variable = None;
    if let [flag, name, rest @ ..] = args
        && flag == "-v"
        && shell.dialect.is_bash()
    {
        variable = Some(name.clone());
        args = rest;
    }
    if args.first().is_some_and(|arg| arg == "--") {
        args = &args[1..];
    }
    let Some((format, rest)) = args.split_first() else {
        sys.eprint("printf: usage: printf [-v var] format [arguments]\n");
        return Ran::Status(2);
    };
    let mut printer = Printer {
        dialect: shell.dialect,
        args: rest,
        used: 0,
        out: Vec::new(),
        errors: Vec::new(),
        now: sys.now(),
    };
    loop {
        let before = printer.used;
        if !printer.once(format) {
            break;
        }
        if printer.used >= rest.len() || printer.used == before || printer.out.len() > MAX_OUTPUT {
            break;
        }
    }
    let (out, errors) = (printer.out, printer.errors);
    let mut status = i32::from(!errors.is_empty());
    for error in errors {
        if shell.dialect == Dialect::Ash {
            let name = shell.name.clone();
            sys.eprint(&format!("{name}: {error}\n"));
        } else {
            shell.complain_as(sys, "printf", &error);
        }
    }
    match variable {
        Some(name) => {
            let text = String::from_utf8_lossy(&out).into_owned();
            if let Err(message) = shell.assign_text(&name, None, &text, sys) {
                shell.complain_as(sys, "printf", &message);
                status = 1;
            }
        }
        None => {
            if let Err(error) = sys.write(STDOUT, &out) {
                shell.complain_as(sys, "printf", &format!("write error: {error}"));
                status = 1;
            }
        }
    }
    Ran::Status(status)
}

struct Printer<'a> {
    dialect: Dialect,
    args: &'a [String],
    used: usize,
    out: Vec<u8>,
    errors: Vec<String>,
    now: crate::base::time::Time,
}

/// The parts of a conversion before its letter.
#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

impl Printer<'_> {
    fn next(&mut self) -> Option<&str> {
        let arg = self.args.get(self.used)?;
        self.used += 1;
        Some(arg)
    }

    /// Goes through the format once; false when the output has ended.
    fn once(&mut self, format: &str) -> bool {
        let mut rest = format;
        while let Some(at) = rest.find(['\\', '%']) {
            self.out.extend_from_slice(&rest.as_bytes()[..at]);
            let mark = rest.as_bytes()[at];
            rest = &rest[at + 1..];
            if mark == b'\\' {
                if rest.starts_with('c') {
                    return false;
                }
                let (bytes, used) = escape(rest, Escapes::Printf);
                self.out.extend_from_slice(&bytes);
                rest = &rest[used..];
                continue;
            }
            match self.conversion(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        self.out.extend_from_slice(rest.as_bytes());
        true
    }

    fn number(&mut self, rest: &mut &str) -> Option<i64> {
        if let Some(after) = rest.strip_prefix('*') {
            *rest = after;
            let text = self.next().unwrap_or_default().to_owned();
            return Some(self.integer(&text));
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..end].parse().ok();
        *rest = &rest[end..];
        number
    }

    /// Prints one conversion; the format behind it, or `None` to stop.
    fn conversion<'f>(&mut self, format: &'f str) -> Option<&'f str> {
        let mut rest = format;
        let mut spec = Spec::default();
        loop {
            match rest.chars().next() {
                Some('-') => spec.left = true,
                Some('+') => spec.plus = true,
                Some(' ') => spec.space = true,
                Some('0') => spec.zero = true,
                Some('#') => spec.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        if let Some(width) = self.number(&mut rest) {
            spec.left |= width < 0;
            spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(0).min(MAX_WIDTH);
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            let precision = self.number(&mut rest).unwrap_or(0);
            spec.precision = usize::try_from(precision).ok().map(|p| p.min(MAX_WIDTH));
        }
        if let Some(after) = rest.strip_prefix('(')
            && let Some((pattern, after)) = after.split_once(")T")
        {
            let text = self.time(pattern);
            self.pad(&spec, text.as_bytes());
            return Some(after);
        }
        rest = rest.trim_start_matches(['l', 'h', 'q', 'L', 'j', 'z', 't']);
        // `%q` is a conversion of its own.
        if rest.is_empty() || !rest.starts_with(|c: char| "%diouxXcsbqfFeEgGaA".contains(c)) {
            if format[..format.len() - rest.len()].ends_with('q') {
                return self.quoted(&spec, rest);
            }
            let shown = rest.chars().next().map(String::from).unwrap_or_default();
            let message = match (self.dialect, shown.is_empty()) {
                (Dialect::Bash, true) => "`%': missing format character".to_owned(),
                (Dialect::Bash, false) => format!("`{shown}': invalid format character"),
                (Dialect::Ash, _) => format!("%{format}: invalid format"),
                (Dialect::Dash, _) => format!("%{format}: invalid directive"),
            };
            self.errors.push(message);
            return None;
        }
        let letter = rest.chars().next()?;
        rest = &rest[letter.len_utf8()..];
        match letter {
            '%' => self.out.push(b'%'),
            's' => {
                let text = self.next().unwrap_or_default().to_owned();
                let text: String = match spec.precision {
                    Some(most) => text.chars().take(most).collect(),
                    None => text,
                };
                self.pad(&spec, text.as_bytes());
            }
            'b' => {
                let text = self.next().unwrap_or_default().to_owned();
                let mut bytes = Vec::new();
                let goes_on = super::echo::interpret(&text, &mut bytes);
                self.pad(&spec, &bytes);
                if !goes_on {
                    return None;
                }
            }
            'q' => return self.quoted(&spec, rest),
            'c' => {
                let text: String = self.next().unwrap_or_default().chars().take(1).collect();
                self.pad(&spec, text.as_bytes());
            }
            'd' | 'i' | 'o' | 'u' | 'x' | 'X' => {
                let text = self.next().unwrap_or("0").to_owned();
                let value = self.integer(&text);
                self.print_integer(&spec, letter, value);
            }
            _ => {
                let text = self.next().unwrap_or("0").to_owned();
                let value = self.float(&text);
                self.print_float(&spec, letter, value);
            }
        }
        Some(rest)
    }

    fn quoted<'f>(&mut self, spec: &Spec, rest: &'f str) -> Option<&'f str> {
        let text = backslash_quoted(self.next().unwrap_or_default());
        self.pad(spec, text.as_bytes());
        Some(rest)
    }

    fn time(&mut self, pattern: &str) -> String {
        let argument = self.next().unwrap_or("-1").to_owned();
        let time = match self.integer(&argument) {
            n if n < 0 => self.now,
            n => crate::base::time::Time(n.saturating_mul(1_000_000)),
        };
        time.format(if pattern.is_empty() { "%X" } else { pattern })
    }

    /// An argument as an integer; a quote before a character gives its code.
    fn integer(&mut self, text: &str) -> i64 {
        if let Some(rest) = text.strip_prefix(['"', '\'']) {
            return rest.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let trimmed = text.trim_start();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (base, digits) =
            if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
                (16, hex)
            } else if digits.len() > 1 && digits.starts_with('0') {
                (8, &digits[1..])
            } else {
                (10, digits)
            };
        let end = digits.find(|c: char| !c.is_digit(base)).unwrap_or(digits.len());
        if end < digits.len() || digits.is_empty() && !(base == 8 || text.is_empty()) {
            self.bad_number(text);
        }
        let value = digits[..end].chars().fold(0_u64, |value, c| {
            value
                .saturating_mul(u64::from(base))
                .saturating_add(u64::from(c.to_digit(base).unwrap_or(0)))
        });
        let value = if value > i64::MAX as u64 && base == 10 { i64::MAX } else { value as i64 };
        if negative { value.wrapping_neg() } else { value }
    }

    fn bad_number(&mut self, text: &str) {
        self.errors.push(match self.dialect {
            Dialect::Bash => format!("{text}: invalid number"),
            Dialect::Ash => format!("invalid number '{text}'"),
            Dialect::Dash => format!("{text}: expected numeric value"),
        });
    }

    fn float(&mut self, text: &str) -> f64 {
        if text.starts_with(['"', '\'']) || text.starts_with("0x") {
            return self.integer(text) as f64;
        }
        text.trim().parse().unwrap_or_else(|_| {
            if !text.is_empty() {
                self.bad_number(text);
            }
            0.0
        })
    }

    fn print_integer(&mut self, spec: &Spec, letter: char, value: i64) {
        let mut digits = match letter {
            'o' => format!("{value:o}"),
            'x' => format!("{value:x}"),
            'X' => format!("{value:X}"),
            'u' => (value as u64).to_string(),
            _ => value.unsigned_abs().to_string(),
        };
        if let Some(least) = spec.precision
            && digits.len() < least
        {
            digits.insert_str(0, &"0".repeat(least - digits.len()));
        }
        let prefix = match letter {
            'd' | 'i' => sign(spec, value < 0),
            'o' if spec.alternate => "0",
            'x' if spec.alternate && value != 0 => "0x",
            'X' if spec.alternate && value != 0 => "0X",
            _ => "",
        };
        let zero = spec.zero && spec.precision.is_none();
        self.pad_number(spec, prefix, &digits, zero);
    }

    fn print_float(&mut self, spec: &Spec, letter: char, value: f64) {
        let precision = spec.precision.unwrap_or(6);
        let size = value.abs();
        let mut digits = match letter {
            _ if !value.is_finite() => if value.is_nan() { "nan" } else { "inf" }.to_owned(),
            'f' | 'F' => format!("{size:.precision$}"),
            'e' | 'E' => exponent(size, precision),
            _ => general(size, precision.max(1), spec.alternate),
        };
        if letter.is_ascii_uppercase() {
            digits.make_ascii_uppercase();
        }
        let prefix = sign(spec, value.is_sign_negative() && !value.is_nan());
        self.pad_number(spec, prefix, &digits, spec.zero && value.is_finite());
    }

    fn pad_number(&mut self, spec: &Spec, prefix: &str, digits: &str, zero: bool) {
        let missing = spec.width.saturating_sub(prefix.len() + digits.len());
        if zero && !spec.left {
            let zeros = "0".repeat(missing);
            self.out.extend_from_slice(format!("{prefix}{zeros}{digits}").as_bytes());
        } else {
            self.pad(spec, format!("{prefix}{digits}").as_bytes());
        }
    }

    fn pad(&mut self, spec: &Spec, bytes: &[u8]) {
        let missing = spec.width.saturating_sub(String::from_utf8_lossy(bytes).chars().count());
        if !spec.left {
            self.out.resize(self.out.len() + missing, b' ');
        }
        self.out.extend_from_slice(bytes);
        if spec.left {
            self.out.resize(self.out.len() + missing, b' ');
        }
    }
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

/// `1.500000e+03`.
fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    match text.split_once('e') {
        Some((digits, power)) => {
            let power: i32 = power.parse().unwrap_or(0);
            let sign = if power < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", power.abs())
        }
        None => text,
    }
}

/// The shorter of both forms, as `%g` chooses.
fn general(value: f64, precision: usize, keep_zeros: bool) -> String {
    let scientific = exponent(value, precision - 1);
    let power: i32 =
        scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let text = if power < -4 || power >= precision as i32 {
        scientific
    } else {
        let decimals = usize::try_from(precision as i32 - 1 - power).unwrap_or(0);
        format!("{value:.decimals$}")
    };
    if keep_zeros || !text.contains('.') {
        return text;
    }
    match text.split_once('e') {
        Some((digits, power)) => {
            format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        None => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}
