//! Variables: text, arrays, their attributes, and the copies that `local` brings back.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

/// A variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Var {
    pub(crate) value: Value,
    pub(crate) exported: bool,
    pub(crate) readonly: bool,
    /// What is assigned is calculated.
    pub(crate) integer: bool,
}

/// What a variable holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    /// Declared, but without a value.
    #[default]
    Unset,
    Text(String),
    Array(OrdMap<i64, String>),
    Map(OrdMap<String, String>),
}

/// All variables; copied when changed while a copy is held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars {
    all: Rc<OrdMap<String, Var>>,
}

impl Vars {
    /// Exported variables from an environment.
    pub(crate) fn from_env(env: &OrdMap<String, String>) -> Vars {
        let all = env
            .iter()
            .filter(|(name, _)| super::parse::is_name(name))
            .map(|(name, value)| {
                let var =
                    Var { value: Value::Text(value.clone()), exported: true, ..Var::default() };
                (name.clone(), var)
            })
            .collect();
        Vars { all: Rc::new(all) }
    }

    /// The environment of a child.
    pub(crate) fn env(&self) -> OrdMap<String, String> {
        self.all
            .iter()
            .filter(|(_, var)| var.exported)
            .filter_map(|(name, var)| match &var.value {
                Value::Text(text) => Some((name.clone(), text.clone())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Var> {
        self.all.get(name)
    }

    /// Text of a variable: an array's is its first element.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match &self.all.get(name)?.value {
            Value::Unset => None,
            Value::Text(text) => Some(text),
            Value::Array(items) => items.get(&0).map(String::as_str),
            Value::Map(items) => items.get("0").map(String::as_str),
        }
    }

    /// The variable, made if need be, for changing.
    pub(crate) fn entry(&mut self, name: &str) -> &mut Var {
        Rc::make_mut(&mut self.all).entry(name.to_owned()).or_default()
    }

    /// Puts a variable in place as it is; `None` removes it.
    pub(crate) fn replace(&mut self, name: &str, var: Option<Var>) -> Option<Var> {
        let all = Rc::make_mut(&mut self.all);
        match var {
            Some(var) => all.insert(name.to_owned(), var),
            None => all.remove(name),
        }
    }

    /// Sets text, whatever the attributes say.
    pub(crate) fn set(&mut self, name: &str, text: impl Into<String>) {
        let var = self.entry(name);
        match &mut var.value {
            Value::Array(items) => {
                items.insert(0, text.into());
            }
            Value::Map(items) => {
                items.insert("0".to_owned(), text.into());
            }
            value => *value = Value::Text(text.into()),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Var)> {
        self.all.iter()
    }
}

/// Quotes text so that a shell reads it back as one word: `'it'\''s'`.
pub(crate) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Quotes text in any case, as `${name@Q}` does.
pub(crate) fn always_quoted(text: &str) -> String {
    if text.chars().any(char::is_control) { ansi_quoted(text) } else { single_quoted(text) }
}

/// Quotes text only if it needs it, as `set -x` and `printf %q` show words.
pub(crate) fn quoted_if_needed(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "_-+./:,@%=".contains(c);
    if text.is_empty() {
        "''".to_owned()
    } else if text.chars().all(safe) {
        text.to_owned()
    } else if text.chars().any(char::is_control) {
        ansi_quoted(text)
    } else {
        single_quoted(text)
    }
}

/// Quotes text with backslashes if it needs it, as `printf %q` does.
pub(crate) fn backslash_quoted(text: &str) -> String {
    if text.is_empty() || text.chars().any(char::is_control) {
        return quoted_if_needed(text);
    }
    let mut quoted = String::new();
    for (i, c) in text.chars().enumerate() {
        let special = " !\"$&'()*,;<>?[\\]^`{|}".contains(c) || i == 0 && matches!(c, '#' | '~');
        if special {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// `$'…'`.
fn ansi_quoted(text: &str) -> String {
    let mut quoted = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{1b}' => quoted.push_str("\\E"),
            '\u{7}' => quoted.push_str("\\a"),
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\{:03o}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Quotes text in double quotes, as `declare -p` shows values.
pub(crate) fn double_quoted(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return ansi_quoted(text);
    }
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
