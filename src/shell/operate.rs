//! What `${name…}` does to a value: trimming, replacing, changing case.

use super::ast::ReplaceMode;
use super::pattern::{self, Pattern};
use super::vars;

/// What is done to each value of a parameter.
pub(super) enum Operation {
    None,
    Length,
    Trim { suffix: bool, longest: bool, pattern: Pattern },
    Replace { mode: ReplaceMode, pattern: String, with: String },
    Case { upper: bool, all: bool, pattern: Pattern },
    Transform(char),
}

impl Operation {
    pub(super) fn apply(&self, text: &str) -> String {
        match self {
            Operation::None => text.to_owned(),
            Operation::Length => text.chars().count().to_string(),
            Operation::Trim { suffix: false, longest, pattern } => {
                let cut = pattern.prefix(text, *longest).unwrap_or(0);
                text[cut..].to_owned()
            }
            Operation::Trim { suffix: true, longest, pattern } => {
                let cut = pattern.suffix(text, *longest).unwrap_or(0);
                text[..text.len() - cut].to_owned()
            }
            Operation::Replace { mode, pattern, with } => replace(text, *mode, pattern, with),
            Operation::Case { upper, all, pattern } => {
                let mut changed = String::new();
                for (i, c) in text.chars().enumerate() {
                    if (*all || i == 0) && pattern.matches(c.encode_utf8(&mut [0; 4])) {
                        if *upper {
                            changed.extend(c.to_uppercase());
                        } else {
                            changed.extend(c.to_lowercase());
                        }
                    } else {
                        changed.push(c);
                    }
                }
                changed
            }
            Operation::Transform(op) => match op {
                'U' => text.to_uppercase(),
                'L' => text.to_lowercase(),
                'u' => {
                    let mut chars = text.chars();
                    chars
                        .next()
                        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
                }
                'Q' => vars::always_quoted(text),
                'E' => unescape(text),
                _ => text.to_owned(),
            },
        }
    }
}

pub(super) fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (escape, used) = super::words::escape(&rest[at + 1..], super::words::Escapes::Quotes);
        bytes.extend_from_slice(&escape);
        rest = &rest[at + 1 + used..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The most work that one replacement does, in characters looked at.
const MAX_REPLACE_WORK: usize = 20_000_000;

pub(super) fn replace(text: &str, mode: ReplaceMode, pattern: &str, with: &str) -> String {
    if pattern.is_empty() {
        return text.to_owned();
    }
    let plain = pattern::unquote(pattern);
    let is_plain =
        !pattern::is_pattern(&pattern.replace("\\*", "").replace("\\?", "").replace("\\[", ""));
    let matcher = Pattern::new(pattern);
    match mode {
        ReplaceMode::Prefix => match matcher.prefix(text, true) {
            Some(len) => format!("{with}{}", &text[len..]),
            None => text.to_owned(),
        },
        ReplaceMode::Suffix => match matcher.suffix(text, true) {
            Some(len) => format!("{}{with}", &text[..text.len() - len]),
            None => text.to_owned(),
        },
        ReplaceMode::First if is_plain => text.replacen(&plain, with, 1),
        ReplaceMode::All if is_plain => text.replace(&plain, with),
        ReplaceMode::First | ReplaceMode::All => {
            let mut changed = String::new();
            let mut rest = text;
            let mut work = 0;
            while let Some(c) = rest.chars().next() {
                work += rest.len();
                if let Some(len) = matcher.prefix(rest, true).filter(|len| *len > 0) {
                    changed.push_str(with);
                    rest = &rest[len..];
                    if mode == ReplaceMode::First {
                        break;
                    }
                } else {
                    changed.push(c);
                    rest = &rest[c.len_utf8()..];
                }
                if work > MAX_REPLACE_WORK {
                    break;
                }
            }
            changed.push_str(rest);
            changed
        }
    }
}
