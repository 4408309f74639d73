//! Integer arithmetic of `$((…))`, `((…))`, `let` and subscripts, with 64 bits that wrap around.

/// Access to variables by name; the optional text is a subscript, not yet calculated.
pub(crate) trait Env {
    /// The text of a variable or array element, "" when unset.
    ///
    /// # Errors
    /// When unset variables are errors (`set -u`).
    fn get(&mut self, name: &str, index: Option<&str>) -> Result<String, String>;

    /// Sets a variable or array element.
    ///
    /// # Errors
    /// When it is read-only.
    fn set(&mut self, name: &str, index: Option<&str>, value: i64) -> Result<(), String>;
}

/// How deep brackets and variables that hold expressions are followed.
const MAX_DEPTH: u32 = 40;

/// Calculates an expression; an empty one is 0.
///
/// # Errors
/// What bash prints behind its name: `1/0: division by 0 (error token is "0")`.
pub(crate) fn evaluate(text: &str, env: &mut dyn Env) -> Result<i64, String> {
    evaluate_at(text, env, 0)
}

fn evaluate_at(text: &str, env: &mut dyn Env, depth: u32) -> Result<i64, String> {
    if text.trim().is_empty() {
        return Ok(0);
    }
    if depth > MAX_DEPTH {
        return Err(format!(
            "{text}: expression recursion level exceeded (error token is \"{text}\")"
        ));
    }
    let mut machine = Machine { text, at: 0, token: 0, skip: 0, depth, env };
    let value = machine.comma()?;
    machine.blank();
    if machine.at < text.len() {
        let token = machine.rest().to_owned();
        let what = if token.starts_with(|c: char| c.is_ascii_alphanumeric() || "_('\"".contains(c))
        {
            "syntax error in expression"
        } else {
            "syntax error: invalid arithmetic operator"
        };
        return Err(format!("{}: {what} (error token is \"{token}\")", text.trim_start()));
    }
    Ok(value)
}

struct Machine<'a> {
    text: &'a str,
    at: usize,
    /// Where the last token begins, for messages.
    token: usize,
    /// Above 0 in a branch that is read but not taken.
    skip: u32,
    depth: u32,
    env: &'a mut dyn Env,
}

/// Something that can be assigned to.
struct Place {
    name: String,
    index: Option<String>,
}

/// Binary operators by rising precedence, longest first within a level.
const LEVELS: [&[&str]; 9] = [
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
    &["**"],
];

const ASSIGNMENTS: [&str; 11] = ["<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "="];

impl Machine<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, op: &str) -> bool {
        self.blank();
        let found = self.rest().starts_with(op);
        if found {
            self.token = self.at;
            self.at += op.len();
        }
        found
    }

    fn error<T>(&self, what: &str) -> Result<T, String> {
        let token = &self.text[self.token.min(self.text.len())..];
        Err(format!("{}: {what} (error token is \"{token}\")", self.text.trim_start()))
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.error("expression recursion level exceeded")
        } else {
            Ok(())
        }
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.assignment()?;
        while self.eat(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Result<i64, String> {
        self.deeper()?;
        let start = self.at;
        if let Some(place) = self.place()? {
            self.blank();
            let rest = self.rest();
            let op = ASSIGNMENTS.iter().find(|op| rest.starts_with(**op));
            if let Some(op) = op
                && !(*op == "=" && rest.starts_with("=="))
            {
                self.at += op.len();
                let mut value = self.assignment()?;
                if let Some(op) = op.strip_suffix('=').filter(|op| !op.is_empty()) {
                    let old = self.load(&place)?;
                    value = self.apply(op, old, value)?;
                }
                self.store(&place, value)?;
                self.depth -= 1;
                return Ok(value);
            }
        }
        self.at = start;
        let value = self.choice()?;
        self.depth -= 1;
        Ok(value)
    }

    fn choice(&mut self) -> Result<i64, String> {
        let test = self.logical_or()?;
        if !self.eat("?") {
            return Ok(test);
        }
        self.skip += u32::from(test == 0);
        let yes = self.comma()?;
        self.skip -= u32::from(test == 0);
        if !self.eat(":") {
            self.token = self.at;
            return self.error("`:' expected for conditional expression");
        }
        self.skip += u32::from(test != 0);
        let no = self.assignment()?;
        self.skip -= u32::from(test != 0);
        Ok(if test == 0 { no } else { yes })
    }

    fn logical_or(&mut self) -> Result<i64, String> {
        let mut value = self.logical_and()?;
        while self.eat("||") {
            let known = value != 0;
            self.skip += u32::from(known);
            let right = self.logical_and()?;
            self.skip -= u32::from(known);
            value = i64::from(known || right != 0);
        }
        Ok(value)
    }

    fn logical_and(&mut self) -> Result<i64, String> {
        let mut value = self.binary(0)?;
        while self.eat("&&") {
            let known = value == 0;
            self.skip += u32::from(known);
            let right = self.binary(0)?;
            self.skip -= u32::from(known);
            value = i64::from(!known && right != 0);
        }
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        let Some(ops) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(op) = self.operator(ops) {
            self.token = self.at;
            self.at += op.len();
            self.blank();
            let right_at = self.at;
            let right = if op == "**" {
                self.deeper()?;
                let right = self.binary(level)?;
                self.depth -= 1;
                right
            } else {
                self.binary(level + 1)?
            };
            self.token = right_at;
            left = self.apply(op, left, right)?;
        }
        Ok(left)
    }

    /// The operator of this level that stands here, unless it is part of a longer one.
    fn operator(&mut self, ops: &[&'static str]) -> Option<&'static str> {
        self.blank();
        let rest = self.rest();
        let op = ops.iter().copied().find(|op| rest.starts_with(op))?;
        let next = rest[op.len()..].chars().next();
        let longer = match op {
            "|" | "&" => next == op.chars().next() || next == Some('='),
            "<" | ">" => next == op.chars().next(),
            "*" => matches!(next, Some('*' | '=')),
            "^" | "/" | "%" | "<<" | ">>" | "+" | "-" => next == Some('='),
            _ => false,
        };
        (!longer).then_some(op)
    }

    fn apply(&self, op: &str, left: i64, right: i64) -> Result<i64, String> {
        Ok(match op {
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => {
                if self.skip > 0 {
                    return Ok(0);
                }
                return self.error("division by 0");
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            _ => {
                if right < 0 {
                    return self.error("exponent less than 0");
                }
                let (mut base, mut power, mut result) = (left, right, 1_i64);
                while power > 0 {
                    if power & 1 == 1 {
                        result = result.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    power >>= 1;
                }
                result
            }
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.deeper()?;
        self.blank();
        let value = if self.eat("++") || self.eat("--") {
            let up = self.text[self.token..].starts_with('+');
            match self.place()? {
                Some(place) => {
                    let value = self.load(&place)?.wrapping_add(if up { 1 } else { -1 });
                    self.store(&place, value)?;
                    value
                }
                // `--5` is minus minus five.
                None => self.unary()?,
            }
        } else if self.eat("!") {
            i64::from(self.unary()? == 0)
        } else if self.eat("~") {
            !self.unary()?
        } else if self.eat("-") {
            self.unary()?.wrapping_neg()
        } else if self.eat("+") {
            self.unary()?
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.eat("(") {
            let value = self.comma()?;
            if !self.eat(")") {
                self.token = self.at;
                return self.error("missing `)'");
            }
            return Ok(value);
        }
        if let Some(place) = self.place()? {
            let value = self.load(&place)?;
            if self.eat("++") {
                self.store(&place, value.wrapping_add(1))?;
            } else if self.eat("--") {
                self.store(&place, value.wrapping_sub(1))?;
            }
            return Ok(value);
        }
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '#' | '@' | '_')))
            .unwrap_or(rest.len());
        let number = rest[..end].to_owned();
        if number.is_empty() {
            if !rest.is_empty() {
                self.token = self.at;
            }
            return self.error("syntax error: operand expected");
        }
        self.token = self.at;
        self.at += end;
        match number_value(&number) {
            Ok(value) => Ok(value),
            Err(what) => {
                // The message quotes the number alone.
                Err(format!("{}: {what} (error token is \"{number}\")", self.text.trim_start()))
            }
        }
    }

    /// A variable or array element at this place.
    fn place(&mut self) -> Result<Option<Place>, String> {
        self.blank();
        let rest = self.rest();
        let end = rest.find(|c| !super::parse::is_name_char(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        if !super::parse::is_name(name) {
            return Ok(None);
        }
        let name = name.to_owned();
        self.token = self.at;
        self.at += end;
        if !self.rest().starts_with('[') {
            return Ok(Some(Place { name, index: None }));
        }
        let mut depth = 0_u32;
        for (at, c) in self.rest().char_indices() {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let index = self.rest()[1..at].to_owned();
                self.at += at + 1;
                return Ok(Some(Place { name, index: Some(index) }));
            }
        }
        self.error("bad array subscript")
    }

    fn load(&mut self, place: &Place) -> Result<i64, String> {
        if self.skip > 0 {
            return Ok(0);
        }
        let text = self.env.get(&place.name, place.index.as_deref())?;
        if let Ok(value) = text.parse() {
            return Ok(value);
        }
        evaluate_at(&text, self.env, self.depth + 1)
    }

    fn store(&mut self, place: &Place, value: i64) -> Result<(), String> {
        if self.skip > 0 {
            return Ok(());
        }
        self.env.set(&place.name, place.index.as_deref(), value)
    }
}

/// `12`, `0x1f`, `017`, `2#101`.
fn number_value(text: &str) -> Result<i64, &'static str> {
    if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().map_err(|_| "invalid number")?;
        if !(2..=64).contains(&base) {
            return Err("invalid arithmetic base");
        }
        if digits.is_empty() {
            return Err("invalid integer constant");
        }
        return in_base(digits, base);
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return in_base(digits, 16);
    }
    if text.len() > 1 && text.starts_with('0') {
        return in_base(&text[1..], 8);
    }
    in_base(text, 10)
}

fn in_base(digits: &str, base: u32) -> Result<i64, &'static str> {
    let mut value = 0_i64;
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => c as u32 - '0' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 10,
            'A'..='Z' if base <= 36 => c as u32 - 'A' as u32 + 10,
            'A'..='Z' => c as u32 - 'A' as u32 + 36,
            '@' => 62,
            '_' => 63,
            _ => return Err("invalid number"),
        };
        if digit >= base {
            return Err("value too great for base");
        }
        value = value.wrapping_mul(i64::from(base)).wrapping_add(i64::from(digit));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ordered::OrdMap;

    impl Env for OrdMap<String, String> {
        fn get(&mut self, name: &str, _: Option<&str>) -> Result<String, String> {
            Ok(OrdMap::get(self, name).cloned().unwrap_or_default())
        }
        fn set(&mut self, name: &str, _: Option<&str>, value: i64) -> Result<(), String> {
            self.insert(name.to_owned(), value.to_string());
            Ok(())
        }
    }

    #[test]
    fn expressions_as_in_bash() {
        let mut env =
            OrdMap::from([("x".to_owned(), "5".to_owned()), ("y".to_owned(), "x+1".to_owned())]);
        for (text, value) in [
            ("1+2*3", 7),
            ("(1+2)*3", 9),
            ("2**3**2", 512),
            ("-7/2", -3),
            ("-7%3", -1),
            ("x", 5),
            ("y*2", 12),
            ("x>3 && x<10", 1),
            ("x==5?10:20", 10),
            ("0x1f + 010 + 2#101", 31 + 8 + 5),
            ("1<<4|1", 17),
            ("!0 + ~0", 0),
            ("z=3, z+=4, z", 7),
            ("x++ + x", 11),
            ("--x", 5),
            ("- -5", 5),
            ("", 0),
            ("0 && 1/0", 0),
            ("10#08", 8),
            ("9223372036854775807+1", i64::MIN),
        ] {
            assert_eq!(evaluate(text, &mut env), Ok(value), "{text}");
        }
        for (text, message) in [
            ("1/0", "1/0: division by 0 (error token is \"0\")"),
            ("1+", "1+: syntax error: operand expected (error token is \"+\")"),
            ("1 2", "1 2: syntax error in expression (error token is \"2\")"),
            ("08", "08: value too great for base (error token is \"08\")"),
        ] {
            assert_eq!(evaluate(text, &mut env), Err(message.to_owned()), "{text}");
        }
        let deep = "(".repeat(10_000);
        assert!(evaluate(&deep, &mut env).is_err());
    }
}
