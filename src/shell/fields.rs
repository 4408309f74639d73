//! Fields: what the words of a command become, while they are being split.

use super::pattern;

/// A piece of a field: quoted text is never split and never a pattern.
#[derive(Clone, Debug)]
pub(super) struct Seg {
    pub(super) text: String,
    pub(super) quoted: bool,
}

pub(super) type Field = Vec<Seg>;

/// Fields being made.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) done: Vec<Field>,
    pub(super) current: Option<Field>,
    /// The last field was ended by blanks, to which one other separator still belongs.
    pub(super) after_blank: bool,
    /// One field only: nothing is split.
    pub(super) whole: bool,
    pub(super) bytes: usize,
}

impl Fields {
    pub(super) fn push(&mut self, text: &str, quoted: bool) {
        self.after_blank = false;
        self.bytes += text.len();
        let field = self.current.get_or_insert_default();
        match field.last_mut() {
            Some(last) if last.quoted == quoted => last.text.push_str(text),
            _ => field.push(Seg { text: text.to_owned(), quoted }),
        }
    }

    pub(super) fn end_field(&mut self) {
        if let Some(field) = self.current.take() {
            self.done.push(field);
        }
    }

    /// Adds the result of an unquoted expansion.
    pub(super) fn split(&mut self, text: &str, separators: &str) {
        if self.whole {
            if !text.is_empty() {
                self.push(text, false);
            }
            return;
        }
        let mut plain = String::new();
        for c in text.chars() {
            if !separators.contains(c) {
                plain.push(c);
                continue;
            }
            if !plain.is_empty() {
                self.push(&plain, false);
                plain.clear();
            }
            let blank = matches!(c, ' ' | '\t' | '\n');
            if self.current.is_some() {
                self.end_field();
                self.after_blank = blank;
            } else if !blank {
                if self.after_blank {
                    self.after_blank = false;
                } else {
                    self.done.push(Vec::new());
                }
            }
        }
        if !plain.is_empty() {
            self.push(&plain, false);
        }
    }

    /// Stands between two elements of `$@`.
    pub(super) fn separate(&mut self) {
        if self.whole {
            self.push(" ", true);
        } else {
            self.end_field();
            self.after_blank = false;
        }
    }
}

pub(super) fn field_text(field: &Field) -> String {
    field.iter().map(|seg| seg.text.as_str()).collect()
}

pub(super) fn pattern_text(field: &Field) -> String {
    let mut text = String::new();
    for seg in field {
        if seg.quoted {
            pattern::quote(&seg.text, &mut text);
        } else {
            text.push_str(&seg.text);
        }
    }
    text
}
