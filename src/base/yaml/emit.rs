//! A [`Value`] as `kubectl get -o yaml` prints it.
//!
//! Keys in natural order, lists not indented under their key, quotes only where a reader would take the text
//! for something else, several lines as `|` blocks, long flow text folded at 80 columns.
//! Upstream: sigs.k8s.io/yaml, Marshal; styles and folding are those of the emitter of libyaml.

use std::cmp::Ordering;

use super::resolve::{self, Scalar};
use crate::base::human::go_float_limit;
use crate::base::sort::InOrder;
use crate::base::value::Value;

const WIDTH: usize = 80;
const INDENT: usize = 2;

/// The YAML text of a value, ending in a newline.
pub fn emit(value: &Value) -> String {
    let mut emitter = Emitter { out: String::new(), column: 0, whitespace: true, indention: true };
    emitter.node(value, None, Place::Root);
    if emitter.column > 0 {
        emitter.out.push('\n');
    }
    emitter.out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    MapValue,
}

struct Emitter {
    out: String,
    column: usize,
    /// Whether the last thing written was white space.
    whitespace: bool,
    /// Whether only indentation was written on this line.
    indention: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

struct Analysis {
    multiline: bool,
    plain: bool,
    single: bool,
    block: bool,
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blankz(c: Option<char>) -> bool {
    c.is_none_or(|c| c == ' ' || c == '\t' || is_break(c))
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// Upstream: yaml_emitter_analyze_scalar.
fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single: true, block: false };
    }
    let chars: Vec<char> = text.chars().collect();
    let mut block_indicators = text.starts_with("---") || text.starts_with("...");
    let (mut line_breaks, mut special) = (false, false);
    let (mut leading_space, mut leading_break, mut trailing_space, mut trailing_break) =
        (false, false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let (mut previous_space, mut previous_break, mut preceded) = (false, false, true);
    for (at, &c) in chars.iter().enumerate() {
        let (first, last) = (at == 0, at + 1 == chars.len());
        let followed = is_blankz(chars.get(at + 1).copied());
        if first {
            block_indicators |= "#,[]{}&*!|>'\"%@`".contains(c) || ("?:-".contains(c) && followed);
        } else {
            block_indicators |= (c == ':' && followed) || (c == '#' && preceded);
        }
        // Simplified: upstream writes other line breaks bare, where no reader takes them back.
        special |= !is_printable(c) && !is_break(c) || c == '\r' || (is_break(c) && c != '\n');
        if c == ' ' {
            leading_space |= first;
            trailing_space |= last;
            break_space |= previous_break;
            (previous_space, previous_break) = (true, false);
        } else if is_break(c) {
            line_breaks = true;
            leading_break |= first;
            trailing_break |= last;
            space_break |= previous_space;
            (previous_space, previous_break) = (false, true);
        } else {
            (previous_space, previous_break) = (false, false);
        }
        preceded = is_blankz(Some(c));
    }
    let edges = leading_space || leading_break || trailing_space || trailing_break;
    let broken = space_break || special;
    Analysis {
        multiline: line_breaks,
        plain: !(edges || break_space || broken || line_breaks || block_indicators),
        single: !(break_space || broken),
        block: !(trailing_space || broken),
    }
}

/// Upstream: the encoder's stringv, then yaml_emitter_select_scalar_style.
fn style_of(text: &str, analysis: &Analysis, simple_key: bool) -> Style {
    let plain = resolve::plain(text) == Scalar::Str && !resolve::is_base60(text);
    let mut style = if text.contains('\n') {
        Style::Literal
    } else if plain {
        Style::Plain
    } else {
        Style::Double
    };
    if simple_key && analysis.multiline {
        style = Style::Double;
    }
    if style == Style::Plain && (!analysis.plain || (text.is_empty() && simple_key)) {
        style = Style::Single;
    }
    if style == Style::Single && !analysis.single {
        style = Style::Double;
    }
    if style == Style::Literal && (!analysis.block || simple_key) {
        style = Style::Double;
    }
    style
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn write_break(&mut self, c: char) {
        if c == '\n' {
            self.put_break();
        } else {
            self.out.push(c);
            self.column = 0;
        }
    }

    fn write_indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, space_before: bool, whitespace: bool, indention: bool) {
        if space_before && !self.whitespace {
            self.put(' ');
        }
        for c in text.chars() {
            self.put(c);
        }
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    /// Writes a value whose enclosing collection stands at `parent` (none at the root).
    fn node(&mut self, value: &Value, parent: Option<usize>, place: Place) {
        match value {
            Value::Map(map) if !map.is_empty() => {
                let indent = parent.map_or(0, |p| p + INDENT);
                let mut entries: Vec<_> = map.iter().collect();
                entries.order_by(|(a, _), (b, _)| natural(a, b));
                for (key, value) in entries {
                    self.entry(key, value, indent);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let indent = match (parent, place) {
                    (None, _) => 0,
                    (Some(p), Place::MapValue) if !self.indention => p,
                    (Some(p), _) => p + INDENT,
                };
                for item in items.iter() {
                    self.write_indent(indent);
                    self.indicator("-", true, false, true);
                    self.node(item, Some(indent), Place::Item);
                }
            }
            scalar => self.scalar(scalar, parent.map_or(0, |p| p + INDENT), false),
        }
    }

    fn entry(&mut self, key: &str, value: &Value, indent: usize) {
        self.write_indent(indent);
        let simple = key.len() <= 128 && !analyze(key).multiline;
        if simple {
            self.text(key, indent + INDENT, true);
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, true);
            self.text(key, indent + INDENT, false);
            self.write_indent(indent);
            self.indicator(":", true, false, true);
        }
        self.node(value, Some(indent), Place::MapValue);
    }

    fn scalar(&mut self, value: &Value, indent: usize, simple_key: bool) {
        match value {
            Value::Str(text) => self.text(text, indent, simple_key),
            Value::Map(_) => self.indicator("{}", true, false, false),
            Value::Array(_) => self.indicator("[]", true, false, false),
            Value::Null => self.plain("null", indent, false),
            Value::Bool(b) => self.plain(&b.to_string(), indent, false),
            Value::Int(n) => self.plain(&n.to_string(), indent, false),
            Value::Float(x) if x.is_nan() => self.plain(".nan", indent, false),
            Value::Float(x) if x.is_infinite() => {
                self.plain(if *x > 0.0 { ".inf" } else { "-.inf" }, indent, false);
            }
            // A whole number comes back from JSON as an integer.
            Value::Float(x) if x.fract() == 0.0 && x.abs() < 1e18 => {
                self.plain(&format!("{x:.0}"), indent, false);
            }
            Value::Float(x) => self.plain(&go_float_limit(*x, 21), indent, false),
        }
    }

    fn text(&mut self, text: &str, indent: usize, simple_key: bool) {
        let analysis = analyze(text);
        match style_of(text, &analysis, simple_key) {
            Style::Plain => self.plain(text, indent, !simple_key),
            Style::Single => self.single(text, indent, !simple_key),
            Style::Double => self.double(text, indent, !simple_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn plain(&mut self, text: &str, indent: usize, folds: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (at, &c) in chars.iter().enumerate() {
            if c == ' ' {
                if folds && !spaces && self.column > WIDTH && chars.get(at + 1) != Some(&' ') {
                    self.write_indent(indent);
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                self.indention = false;
                spaces = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str, indent: usize, folds: bool) {
        self.indicator("'", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let (mut spaces, mut breaks) = (false, false);
        for (at, &c) in chars.iter().enumerate() {
            if c == ' ' {
                let inside = at > 0 && at + 1 < chars.len();
                if folds
                    && !spaces
                    && self.column > WIDTH
                    && inside
                    && chars.get(at + 1) != Some(&' ')
                {
                    self.write_indent(indent);
                } else {
                    self.put(c);
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.put_break();
                }
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent(indent);
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        self.indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, indent: usize, folds: bool) {
        self.indicator("\"", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (at, &c) in chars.iter().enumerate() {
            if !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                for c in escape(c).chars() {
                    self.put(c);
                }
                spaces = false;
            } else if c == ' ' {
                if folds && !spaces && self.column > WIDTH && at > 0 && at + 1 < chars.len() {
                    self.write_indent(indent);
                    if chars.get(at + 1) == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut backwards = text.chars().rev();
        let chomping = match (backwards.next(), backwards.next()) {
            (Some(last), _) if !is_break(last) => "-",
            (Some(_), None) => "+",
            (Some(_), Some(before)) if is_break(before) => "+",
            _ => "",
        };
        if !chomping.is_empty() {
            self.indicator(chomping, false, false, false);
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent(indent);
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }
}

fn escape(c: char) -> String {
    let simple = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            let code = c as u32;
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{simple}")
}

/// Key order: digits inside keys compare as numbers, letters after other characters.
/// Upstream: the encoder's keyList.Less.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    for i in 0..a.len().min(b.len()) {
        if a[i] == b[i] {
            continue;
        }
        let (al, bl) = (a[i].is_alphabetic(), b[i].is_alphabetic());
        if al && bl {
            return a[i].cmp(&b[i]);
        }
        if al || bl {
            return if bl { Ordering::Less } else { Ordering::Greater };
        }
        let mut start = 0_i64;
        if a[i] == '0' || b[i] == '0' {
            for j in (0..i).rev().take_while(|j| a[*j].is_ascii_digit()) {
                if a[j] != '0' {
                    start = 1;
                    break;
                }
            }
        }
        let run = |chars: &[char]| {
            let digits = chars[i..].iter().map_while(|c| c.to_digit(10));
            digits.fold((start, 0), |(n, len), d| {
                (n.wrapping_mul(10).wrapping_add(i64::from(d)), len + 1)
            })
        };
        let ((an, ai), (bn, bi)) = (run(&a), run(&b));
        return an.cmp(&bn).then(ai.cmp(&bi)).then(a[i].cmp(&b[i]));
    }
    a.len().cmp(&b.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn yaml(text: &str) -> String {
        emit(&value!({ "k": text }))
    }

    #[test]
    fn nests_as_kubectl() {
        let pod = value!({
            "spec": {"containers": [{"name": "nginx", "args": [], "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
            "apiVersion": "v1", "empty": {}, "nested": [["a", "b"], "c"], "nothing": null, "yes": true
        });
        assert_eq!(
            emit(&pod),
            "apiVersion: v1\nempty: {}\nnested:\n- - a\n  - b\n- c\nnothing: null\nspec:\n  containers:\n  - args: []\n    \
             name: nginx\n    ports:\n    - containerPort: 80\n      protocol: TCP\n\"yes\": true\n"
        );
    }

    #[test]
    fn quotes_what_would_read_as_something_else() {
        for (text, want) in [
            ("plain text", "k: plain text\n"),
            ("true", "k: \"true\"\n"),
            ("1", "k: \"1\"\n"),
            ("1.5", "k: \"1.5\"\n"),
            ("", "k: \"\"\n"),
            ("yes", "k: \"yes\"\n"),
            ("2026-01-05T09:00:00Z", "k: \"2026-01-05T09:00:00Z\"\n"),
            ("a: b", "k: 'a: b'\n"),
            ("- a", "k: '- a'\n"),
            ("-a", "k: -a\n"),
            ("*", "k: '*'\n"),
            ("it's #1", "k: 'it''s #1'\n"),
            ("it's", "k: it's\n"),
            ("#x", "k: '#x'\n"),
            (" x", "k: ' x'\n"),
            ("a\tb", "k: \"a\\tb\"\n"),
            ("a\nb", "k: |-\n  a\n  b\n"),
            ("a\nb\n", "k: |\n  a\n  b\n"),
            ("a\n\nb\n\n", "k: |+\n  a\n\n  b\n\n"),
            ("  a\nb\n", "k: |2\n    a\n  b\n"),
            ("a \nb", "k: \"a \\nb\"\n"),
            ("12:30", "k: \"12:30\"\n"),
            ("0x1F", "k: \"0x1F\"\n"),
            ("1e3", "k: \"1e3\"\n"),
            ("1Gi", "k: 1Gi\n"),
            ("10.0.0.1", "k: 10.0.0.1\n"),
            ("{{x}}", "k: '{{x}}'\n"),
            ("null", "k: \"null\"\n"),
            ("=", "k: =\n"),
            ("<<", "k: \"<<\"\n"),
            ("a, b [c]", "k: a, b [c]\n"),
        ] {
            assert_eq!(yaml(text), want, "{text:?}");
        }
    }

    #[test]
    fn folds_long_text() {
        let text = "0/5 nodes are available: 1 node(s) had untolerated taint(s), 4 Insufficient cpu. no new claims to deallocate";
        assert_eq!(
            yaml(text),
            "k: '0/5 nodes are available: 1 node(s) had untolerated taint(s), 4 Insufficient cpu.\n  no new claims to deallocate'\n"
        );
    }

    #[test]
    fn sorts_keys_naturally() {
        let map = value!({"a10": 1, "a2": 1, "B": 1, "_x": 1, "f:a": 1, ".": 1, "k:{\"type\":\"Ready\"}": 1});
        assert_eq!(
            emit(&map),
            ".: 1\n_x: 1\nB: 1\na2: 1\na10: 1\nf:a: 1\nk:{\"type\":\"Ready\"}: 1\n"
        );
    }
}
