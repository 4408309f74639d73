//! The shell and its variables: looking up, calculating, assigning.

use crate::base::ordered::OrdMap;

use super::expand::{Assigned, AssignedValue, MAX_BYTES};
use super::machine::Shell;
use super::{arith, vars};
use crate::os::Sys;

/// A shell's variables, as arithmetic sees them.
pub(crate) struct ArithEnv<'a, 's> {
    pub(crate) shell: &'a mut Shell,
    pub(crate) sys: &'a mut Sys<'s>,
}

impl arith::Env for ArithEnv<'_, '_> {
    fn get(&mut self, name: &str, index: Option<&str>) -> Result<String, String> {
        let text = match index {
            None => self.shell.lookup(name, self.sys),
            Some(index) if self.shell.is_map(name) => {
                match self.shell.vars.get(name).map(|var| &var.value) {
                    Some(vars::Value::Map(items)) => items.get(index).cloned(),
                    _ => None,
                }
            }
            Some(index) => {
                let at = arith::evaluate(index, self)?;
                self.shell.element(name, at)
            }
        };
        if text.is_none() && self.shell.options.nounset {
            return Err(self.shell.dialect.unset(name));
        }
        Ok(text.unwrap_or_default())
    }

    fn set(&mut self, name: &str, index: Option<&str>, value: i64) -> Result<(), String> {
        self.shell.assign_text(name, index, &value.to_string(), self.sys)
    }
}

impl Shell {
    /// The characters that separate fields (`$IFS`).
    pub(crate) fn separators(&self) -> String {
        self.vars.text("IFS").unwrap_or(" \t\n").to_owned()
    }

    pub(crate) fn is_map(&self, name: &str) -> bool {
        matches!(self.vars.get(name).map(|var| &var.value), Some(vars::Value::Map(_)))
    }

    /// A variable's text, with those that the shell calculates.
    pub(crate) fn lookup(&mut self, name: &str, sys: &Sys) -> Option<String> {
        let (uid, gid) = sys.user();
        match name {
            "RANDOM" if self.dialect.has_random() && !self.random_unset => {
                self.draws += 1;
                let draw = sys.rng("RANDOM", self.draws).range(0, 32767);
                return Some(draw.to_string());
            }
            "LINENO" => return Some(self.line.to_string()),
            _ if !self.dialect.is_bash() => {}
            "SECONDS" => {
                let span = sys.now() - self.started;
                return Some((self.seconds_base + span.whole_seconds()).to_string());
            }
            "EPOCHSECONDS" => return Some(sys.now().unix_s().to_string()),
            "FUNCNAME" => return self.function_name().map(|name| name.to_string()),
            "PIPESTATUS" => return self.pipe_status.first().map(ToString::to_string),
            "UID" | "EUID" => return Some(uid.to_string()),
            "GROUPS" => return Some(gid.to_string()),
            "BASHPID" => return Some(sys.shown_pid().to_string()),
            _ => {}
        }
        self.vars.text(name).map(str::to_owned)
    }

    /// `$?`, `$$` and their like.
    pub(crate) fn special(&self, c: char) -> Option<String> {
        match c {
            '?' => Some(self.status.to_string()),
            '#' => Some(self.params.len().to_string()),
            '$' => Some(self.pid.to_string()),
            '!' => self.last_background.map(|pid| pid.to_string()),
            '-' => Some(self.option_letters()),
            _ => Some(self.name.clone()),
        }
    }

    /// All elements of a variable with their subscripts.
    pub(crate) fn elements(&self, name: &str) -> Vec<(String, String)> {
        if name == "PIPESTATUS" && self.dialect.is_bash() {
            let codes = self.pipe_status.iter().enumerate();
            return codes.map(|(at, code)| (at.to_string(), code.to_string())).collect();
        }
        match self.vars.get(name).map(|var| &var.value) {
            None | Some(vars::Value::Unset) => Vec::new(),
            Some(vars::Value::Text(text)) => vec![("0".to_owned(), text.clone())],
            Some(vars::Value::Array(items)) => {
                items.iter().map(|(at, text)| (at.to_string(), text.clone())).collect()
            }
            Some(vars::Value::Map(items)) => {
                items.iter().map(|(key, text)| (key.clone(), text.clone())).collect()
            }
        }
    }

    /// One element of an array; a negative subscript counts from the end.
    pub(crate) fn element(&self, name: &str, at: i64) -> Option<String> {
        if name == "PIPESTATUS" && self.dialect.is_bash() {
            let code = self.pipe_status.get(usize::try_from(at).ok()?)?;
            return Some(code.to_string());
        }
        match self.vars.get(name).map(|var| &var.value)? {
            vars::Value::Unset => None,
            vars::Value::Text(text) => (at == 0 || at == -1).then(|| text.clone()),
            vars::Value::Array(items) => {
                let at = if at < 0 { items.keys().next_back()? + 1 + at } else { at };
                items.get(&at).cloned()
            }
            vars::Value::Map(items) => items.get(&at.to_string()).cloned(),
        }
    }

    /// Assigns text to a variable or an element of it.
    ///
    /// # Errors
    /// The message for a read-only variable or a bad subscript.
    pub(crate) fn assign_text(
        &mut self,
        name: &str,
        index: Option<&str>,
        text: &str,
        sys: &mut Sys,
    ) -> Result<(), String> {
        self.assign(
            &Assigned {
                name: name.into(),
                index: index.map(str::to_owned),
                append: false,
                value: AssignedValue::Text(text.to_owned()),
            },
            sys,
        )
    }

    /// Carries an assignment out.
    ///
    /// # Errors
    /// The message for a read-only variable or a bad subscript.
    pub(crate) fn assign(&mut self, assigned: &Assigned, sys: &mut Sys) -> Result<(), String> {
        let name = assigned.name.as_ref();
        let var = self.vars.get(name);
        if var.is_some_and(|var| var.readonly) {
            return Err(self.dialect.readonly(name));
        }
        let integer = var.is_some_and(|var| var.integer);
        match name {
            "SECONDS" => {
                if let AssignedValue::Text(text) = &assigned.value {
                    self.seconds_base = text.parse().unwrap_or(0);
                    self.started = sys.now();
                }
            }
            "OPTIND" => self.getopts_at = 0,
            _ => {}
        }
        match &assigned.value {
            AssignedValue::Array(items) => self.assign_array(assigned, items, sys)?,
            AssignedValue::Text(text) => {
                let old = match (&assigned.index, assigned.append) {
                    (_, false) => None,
                    (None, true) => self.vars.text(name).map(str::to_owned),
                    (Some(index), true) if self.is_map(name) => {
                        self.elements(name).into_iter().find(|(k, _)| k == index).map(|(_, t)| t)
                    }
                    (Some(index), true) => {
                        let at = self.subscript(index, sys)?;
                        self.element(name, at)
                    }
                };
                let text = if integer {
                    let value = self.subscript(text, sys)?;
                    let old = old.as_deref().and_then(|old| old.parse().ok()).unwrap_or(0_i64);
                    old.wrapping_add(value).to_string()
                } else {
                    old.unwrap_or_default() + text
                };
                if text.len() > MAX_BYTES {
                    return Err(format!("{name}: cannot allocate memory"));
                }
                match &assigned.index {
                    None => self.vars.set(name, text),
                    Some(index) => self.set_element(name, index, text, sys)?,
                }
            }
        }
        if self.options.allexport {
            self.vars.entry(name).exported = true;
        }
        Ok(())
    }

    fn subscript(&mut self, text: &str, sys: &mut Sys) -> Result<i64, String> {
        arith::evaluate(text, &mut ArithEnv { shell: self, sys })
    }

    fn set_element(
        &mut self,
        name: &str,
        index: &str,
        text: String,
        sys: &mut Sys,
    ) -> Result<(), String> {
        if self.is_map(name) {
            if let vars::Value::Map(items) = &mut self.vars.entry(name).value {
                items.insert(index.to_owned(), text);
            }
            return Ok(());
        }
        let at = self.subscript(index, sys)?;
        let entry = self.vars.entry(name);
        let items = array_of(&mut entry.value);
        let at = if at < 0 { items.keys().next_back().map_or(0, |last| last + 1) + at } else { at };
        if at < 0 {
            return Err(format!("{name}[{index}]: bad array subscript"));
        }
        items.insert(at, text);
        Ok(())
    }

    fn assign_array(
        &mut self,
        assigned: &Assigned,
        items: &[(Option<String>, String)],
        sys: &mut Sys,
    ) -> Result<(), String> {
        let name = assigned.name.as_ref();
        if self.is_map(name) {
            let mut map = match &self.vars.entry(name).value {
                vars::Value::Map(map) if assigned.append => map.clone(),
                _ => OrdMap::new(),
            };
            // Keys and values may also alternate.
            let mut bare = items.iter().filter(|(key, _)| key.is_none()).map(|(_, text)| text);
            while let Some(key) = bare.next() {
                map.insert(key.clone(), bare.next().cloned().unwrap_or_default());
            }
            for (key, text) in items {
                if let Some(key) = key {
                    map.insert(key.clone(), text.clone());
                }
            }
            self.vars.entry(name).value = vars::Value::Map(map);
            return Ok(());
        }
        let mut array = if assigned.append {
            array_of(&mut self.vars.entry(name).value).clone()
        } else {
            OrdMap::new()
        };
        let mut at = array.keys().next_back().map_or(0, |last| last + 1);
        for (index, text) in items {
            if let Some(index) = index {
                at = self.subscript(index, sys)?;
                if at < 0 {
                    return Err(format!("{name}[{index}]: bad array subscript"));
                }
            }
            array.insert(at, text.clone());
            at += 1;
        }
        self.vars.entry(name).value = vars::Value::Array(array);
        Ok(())
    }
}

/// Makes a value an array: text becomes its first element.
fn array_of(value: &mut vars::Value) -> &mut OrdMap<i64, String> {
    if !matches!(value, vars::Value::Array(_)) {
        let items = match std::mem::take(value) {
            vars::Value::Text(text) => OrdMap::from([(0, text)]),
            _ => OrdMap::new(),
        };
        *value = vars::Value::Array(items);
    }
    match value {
        vars::Value::Array(items) => items,
        _ => unreachable!("an array was just put there"),
    }
}
