//! Turns words into arguments: parameters, substitutions, arithmetic, splitting, file names.
//!
//! A substitution needs a process, so an expansion can stop with [`Stop::Substitute`]; once the
//! output is there, it is begun again from the variables as they were, with the outputs so far in its
//! [`Memo`]. So the state of a half-done expansion is plain data, and nothing happens twice.

use std::rc::Rc;

use super::ast::{Arg, Assign, List, Name, Op, Param, Part, Value, Word};
use super::fields::{Field, Fields, field_text, pattern_text};
use super::machine::Shell;
use super::operate::Operation;
use super::pattern::{self, Pattern};
use super::variables::ArithEnv;
use super::vars::{self, Vars};
use super::{arith, braces, globs};
use crate::os::Sys;

/// Why an expansion did not finish.
pub(crate) enum Stop {
    /// The output of these commands is needed first.
    Substitute(Rc<List>),
    /// It failed; the whole line is given up.
    Error(String),
    /// It failed, and a script ends with this status.
    Fatal(String, i32),
}

pub(crate) type Expanded<T> = Result<T, Stop>;

/// The most text that one command's words may come to, in bytes.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The most words of one command.
const MAX_FIELDS: usize = 200_000;
/// The most substitutions of one command.
const MAX_SUBSTITUTIONS: usize = 2000;

/// What an expansion that was begun again knows.
#[derive(Clone, Default)]
pub(crate) struct Memo {
    start: Option<(Vars, u64)>,
    outputs: Vec<String>,
    /// Exit status of the last substitution.
    pub(crate) status: Option<i32>,
}

impl Memo {
    /// Adds the output that was asked for.
    pub(crate) fn add(&mut self, output: String, status: i32) {
        self.outputs.push(output);
        self.status = Some(status);
    }
}

/// An expanded assignment.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    pub(crate) name: Rc<str>,
    pub(crate) index: Option<String>,
    pub(crate) append: bool,
    pub(crate) value: AssignedValue,
}

/// The value of an expanded assignment.
#[derive(Clone, Debug)]
pub(crate) enum AssignedValue {
    Text(String),
    Array(Vec<(Option<String>, String)>),
}

/// An expanded argument.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Text(String),
    Assign(Assigned),
}

/// What a parameter gives.
enum Got {
    Unset,
    One(String),
    /// All elements, joined by the first separator in quotes if `star`.
    Many(Vec<String>, bool),
}

/// How a part is expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Plain,
    /// In double quotes.
    Quoted,
    /// Plain text that came out of `${a:-text}` is split like a value.
    Default,
}

/// One attempt at an expansion.
pub(crate) struct Expander<'a, 's> {
    pub(crate) shell: &'a mut Shell,
    pub(crate) sys: &'a mut Sys<'s>,
    memo: &'a Memo,
    used: usize,
}

/// Runs one expansion, beginning again where `memo` says.
pub(crate) fn attempt<T>(
    shell: &mut Shell,
    sys: &mut Sys,
    memo: &mut Memo,
    work: impl FnOnce(&mut Expander) -> Expanded<T>,
) -> Expanded<T> {
    match &memo.start {
        Some((vars, draws)) => {
            shell.vars = vars.clone();
            shell.draws = *draws;
        }
        None => memo.start = Some((shell.vars.clone(), shell.draws)),
    }
    if memo.outputs.len() > MAX_SUBSTITUTIONS {
        return Err(Stop::Error("too many command substitutions".to_owned()));
    }
    work(&mut Expander { shell, sys, memo, used: 0 })
}

impl Expander<'_, '_> {
    /// The arguments of a command.
    pub(crate) fn arguments(&mut self, args: &[Arg]) -> Expanded<Vec<Argument>> {
        let mut all = Vec::new();
        for arg in args {
            match arg {
                Arg::Word(word) => {
                    all.extend(self.word(word)?.into_iter().map(Argument::Text));
                }
                Arg::Assign(assign) => all.push(Argument::Assign(self.assign(assign)?)),
            }
            if all.len() > MAX_FIELDS {
                return Err(too_long());
            }
        }
        Ok(all)
    }

    /// The words of a list, expanded to any number of texts.
    pub(crate) fn words(&mut self, words: &[Word]) -> Expanded<Vec<String>> {
        let mut all = Vec::new();
        for word in words {
            all.extend(self.word(word)?);
            if all.len() > MAX_FIELDS {
                return Err(too_long());
            }
        }
        Ok(all)
    }

    fn word(&mut self, word: &Word) -> Expanded<Vec<String>> {
        if let [Part::Quoted(text)] = word.parts.as_slice() {
            return Ok(vec![text.clone()]);
        }
        if self.shell.dialect.is_bash() && braces::has_braces(word) {
            let mut all = Vec::new();
            let words = braces::expand(word)
                .ok_or_else(|| Stop::Error("brace expansion: too many elements".to_owned()))?;
            for word in words {
                all.extend(self.unbraced(&word)?);
            }
            return Ok(all);
        }
        self.unbraced(word)
    }

    fn unbraced(&mut self, word: &Word) -> Expanded<Vec<String>> {
        let mut fields = Fields::default();
        self.parts(&word.parts, Context::Plain, &mut fields)?;
        fields.end_field();
        let mut all = Vec::new();
        for field in fields.done {
            let globs = !self.shell.options.noglob
                && field.iter().any(|seg| !seg.quoted && pattern::is_pattern(&seg.text));
            if globs {
                let found = globs::find(self.sys, &pattern_text(&field), self.shell.shopt.dotglob);
                if !found.is_empty() || self.shell.shopt.nullglob {
                    all.extend(found);
                    continue;
                }
            }
            all.push(field_text(&field));
        }
        Ok(all)
    }

    fn whole(&mut self, word: &Word) -> Expanded<Field> {
        let mut fields = Fields { whole: true, ..Fields::default() };
        self.parts(&word.parts, Context::Plain, &mut fields)?;
        Ok(fields.current.unwrap_or_default())
    }

    /// A word as one text: no splitting, no file names.
    pub(crate) fn text(&mut self, word: &Word) -> Expanded<String> {
        match word.parts.as_slice() {
            [Part::Quoted(text) | Part::Text(text)] => Ok(text.clone()),
            _ => Ok(field_text(&self.whole(word)?)),
        }
    }

    /// A word as a pattern: what is quoted in it stands for itself.
    pub(crate) fn pattern(&mut self, word: &Word) -> Expanded<String> {
        Ok(pattern_text(&self.whole(word)?))
    }

    /// A word as a regular expression: what is quoted in it stands for itself.
    pub(crate) fn regex(&mut self, word: &Word) -> Expanded<String> {
        let mut text = String::new();
        for seg in self.whole(word)? {
            for c in seg.text.chars() {
                if seg.quoted && "\\.[]{}()*+?^$|".contains(c) {
                    text.push('\\');
                }
                text.push(c);
            }
        }
        Ok(text)
    }

    /// The target of a redirection: exactly one word.
    pub(crate) fn target(&mut self, word: &Word) -> Expanded<Result<String, String>> {
        let mut fields = self.word(word)?;
        if fields.len() == 1 {
            return Ok(Ok(fields.remove(0)));
        }
        let mut text = String::new();
        for part in &word.parts {
            show(part, &mut text);
        }
        Ok(Err(text))
    }

    /// The result of an arithmetic expression.
    pub(crate) fn arithmetic(&mut self, word: &Word) -> Expanded<i64> {
        let mut fields = Fields { whole: true, ..Fields::default() };
        self.parts(&word.parts, Context::Quoted, &mut fields)?;
        let text = field_text(&fields.current.unwrap_or_default());
        self.calculate(&text)
    }

    fn calculate(&mut self, text: &str) -> Expanded<i64> {
        let mut env = ArithEnv { shell: self.shell, sys: self.sys };
        let result = arith::evaluate(text, &mut env);
        result.map_err(|message| Stop::Error(self.shell.dialect.arithmetic(text, message)))
    }

    /// An assignment's value.
    pub(crate) fn assign(&mut self, assign: &Assign) -> Expanded<Assigned> {
        let map = self.shell.is_map(&assign.name);
        let index = match &assign.index {
            Some(word) => Some(self.text(word)?),
            None => None,
        };
        let value = match &assign.value {
            Value::Word(word) => AssignedValue::Text(self.text(word)?),
            Value::Array(elements) => {
                let mut all = Vec::new();
                for (index, word) in elements {
                    match index {
                        Some(index) => {
                            let index = self.text(index)?;
                            all.push((Some(index), self.text(word)?));
                        }
                        None if map => all.push((None, self.text(word)?)),
                        None => all.extend(self.word(word)?.into_iter().map(|text| (None, text))),
                    }
                }
                AssignedValue::Array(all)
            }
        };
        Ok(Assigned { name: assign.name.clone(), index, append: assign.append, value })
    }

    // --- parts ---

    fn parts(&mut self, parts: &[Part], context: Context, out: &mut Fields) -> Expanded<()> {
        for part in parts {
            self.part(part, context, out)?;
            if out.bytes > MAX_BYTES || out.done.len() > MAX_FIELDS {
                return Err(too_long());
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, context: Context, out: &mut Fields) -> Expanded<()> {
        match part {
            Part::Text(text) => match context {
                Context::Plain => out.push(text, false),
                Context::Quoted => out.push(text, true),
                Context::Default => out.split(text, &self.shell.separators()),
            },
            Part::Quoted(text) => out.push(text, true),
            Part::Double(parts) => {
                // "$@" without any parameter is no word at all.
                if !matches!(parts.as_slice(), [Part::Param(param)] if self.is_empty_list(param)) {
                    out.push("", true);
                    self.parts(parts, Context::Quoted, out)?;
                }
            }
            Part::Param(param) => {
                let got = self.param(param, context, out)?;
                if let Some(got) = got {
                    self.emit(got, context, out);
                }
            }
            Part::Command(list) => {
                let text = self.substitution(list)?;
                self.emit(Got::One(text), context, out);
            }
            Part::Arith(word) => {
                let value = self.arithmetic(word)?;
                self.emit(Got::One(value.to_string()), context, out);
            }
            Part::Tilde(user) => {
                let home = self.tilde(user);
                out.push(&home, true);
            }
            Part::Process => {
                return Err(Stop::Error("process substitution is not simulated".to_owned()));
            }
        }
        Ok(())
    }

    fn emit(&mut self, got: Got, context: Context, out: &mut Fields) {
        let quoted = context == Context::Quoted;
        match got {
            Got::Unset => {}
            Got::One(text) if quoted => out.push(&text, true),
            Got::One(text) => out.split(&text, &self.shell.separators()),
            Got::Many(items, true) if quoted => {
                let separators = self.shell.separators();
                let join = separators.chars().next().map(String::from).unwrap_or_default();
                out.push(&items.join(&join), true);
            }
            Got::Many(items, _) => {
                let separators = self.shell.separators();
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.separate();
                    }
                    if quoted {
                        out.push(item, true);
                    } else {
                        out.split(item, &separators);
                    }
                }
            }
        }
    }

    fn is_empty_list(&self, param: &Param) -> bool {
        matches!(param.op, Op::None | Op::Slice { .. } | Op::Trim { .. } | Op::Replace { .. })
            && match &param.name {
                Name::Special('@') => self.shell.params.is_empty(),
                Name::All { name, star: false } => self.shell.elements(name).is_empty(),
                _ => false,
            }
    }

    fn substitution(&mut self, list: &Rc<List>) -> Expanded<String> {
        let Some(output) = self.memo.outputs.get(self.used) else {
            return Err(Stop::Substitute(list.clone()));
        };
        self.used += 1;
        Ok(output.clone())
    }

    fn tilde(&self, user: &str) -> String {
        let var = |name: &str| self.shell.vars.text(name).map(str::to_owned);
        match user {
            "" => var("HOME").unwrap_or_else(|| self.home_of(None)),
            "+" => self.sys.cwd(),
            "-" => var("OLDPWD").unwrap_or_else(|| "~-".to_owned()),
            _ => self.home_of(Some(user)),
        }
    }

    /// A home directory from `/etc/passwd`; `~user` itself when there is no such user.
    fn home_of(&self, user: Option<&str>) -> String {
        let passwd = self.sys.read_file("/etc/passwd").unwrap_or_default();
        let passwd = String::from_utf8_lossy(&passwd);
        let uid = self.sys.user().0.to_string();
        for line in passwd.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, id, _, _, home, ..] = fields.as_slice()
                && user.map_or(*id == uid, |user| user == *name)
            {
                return (*home).to_owned();
            }
        }
        user.map_or_else(|| "/".to_owned(), |user| format!("~{user}"))
    }

    // --- parameters ---

    fn value(&mut self, name: &Name) -> Expanded<Got> {
        let one = |text: Option<String>| text.map_or(Got::Unset, Got::One);
        Ok(match name {
            Name::Var(name) => one(self.shell.lookup(name, self.sys)),
            Name::Element(name, index) => {
                let index = self.text(index)?;
                one(self.element(name, &index)?)
            }
            Name::All { name, star } => {
                let items = self.shell.elements(name).into_iter().map(|(_, item)| item).collect();
                Got::Many(items, *star)
            }
            Name::Positional(n) => one(self.shell.params.get(n - 1).cloned()),
            Name::Special('@') => Got::Many(self.shell.params.to_vec(), false),
            Name::Special('*') => Got::Many(self.shell.params.to_vec(), true),
            Name::Special(c) => one(self.shell.special(*c)),
        })
    }

    fn element(&mut self, name: &str, index: &str) -> Expanded<Option<String>> {
        if let Some(vars::Value::Map(items)) = self.shell.vars.get(name).map(|var| &var.value) {
            return Ok(items.get(index).cloned());
        }
        let at = self.calculate(index)?;
        Ok(self.shell.element(name, at))
    }

    /// Expands a parameter; `None` when it has written to `out` itself.
    fn param(
        &mut self,
        param: &Param,
        context: Context,
        out: &mut Fields,
    ) -> Expanded<Option<Got>> {
        let inner = if context == Context::Quoted { Context::Quoted } else { Context::Default };
        if let Op::Bad(text) = &param.op {
            return Err(Stop::Fatal(self.shell.dialect.bad_substitution(text), 1));
        }
        if let Op::Names { star } = param.op {
            let Name::Var(prefix) = &param.name else { return Ok(Some(Got::Unset)) };
            let names = self.shell.vars.iter().map(|(name, _)| name.clone());
            return Ok(Some(Got::Many(names.filter(|n| n.starts_with(prefix)).collect(), star)));
        }
        if let Op::Keys { star } = param.op {
            let Name::Var(name) = &param.name else { return Ok(Some(Got::Unset)) };
            let keys = self.shell.elements(name).into_iter().map(|(key, _)| key).collect();
            return Ok(Some(Got::Many(keys, star)));
        }
        let mut target = None;
        let got = if param.indirect {
            let Got::One(name) = self.value(&param.name)? else {
                let text = name_text(&param.name);
                return Err(Stop::Error(format!("{text}: invalid indirect expansion")));
            };
            let name = parse_name(&name)
                .ok_or_else(|| Stop::Error(format!("{name}: invalid variable name")))?;
            let got = self.value(&name)?;
            target = Some(name);
            got
        } else {
            self.value(&param.name)?
        };
        let name = target.as_ref().unwrap_or(&param.name);
        let is_set = match &got {
            Got::Unset => false,
            Got::One(_) => true,
            Got::Many(items, _) => !items.is_empty(),
        };
        let is_empty = match &got {
            Got::Unset => true,
            Got::One(text) => text.is_empty(),
            Got::Many(items, _) => items.iter().all(String::is_empty),
        };
        let missing = |colon: bool| if colon { is_empty } else { !is_set };
        match &param.op {
            Op::Default { colon, word } => {
                if missing(*colon) {
                    self.parts(&word.parts, inner, out)?;
                    return Ok(None);
                }
                return Ok(Some(got));
            }
            Op::Alternative { colon, word } => {
                if !missing(*colon) {
                    self.parts(&word.parts, inner, out)?;
                    return Ok(None);
                }
                return Ok(None);
            }
            Op::AssignDefault { colon, word } => {
                if !missing(*colon) {
                    return Ok(Some(got));
                }
                let text = self.text(word)?;
                match name {
                    Name::Var(name) => {
                        self.shell.assign_text(name, None, &text, self.sys).map_err(Stop::Error)?;
                    }
                    Name::Element(name, index) => {
                        let index = self.text(index)?;
                        self.shell
                            .assign_text(name, Some(&index), &text, self.sys)
                            .map_err(Stop::Error)?;
                    }
                    other => {
                        let text = name_text(other);
                        return Err(Stop::Error(format!("${text}: cannot assign in this way")));
                    }
                }
                return Ok(Some(Got::One(text)));
            }
            Op::Error { colon, word } => {
                if !missing(*colon) {
                    return Ok(Some(got));
                }
                let text = self.text(word)?;
                let text = match (text.is_empty(), colon) {
                    (false, _) => text,
                    (true, true) => "parameter null or not set".to_owned(),
                    (true, false) => "parameter not set".to_owned(),
                };
                return Err(Stop::Fatal(format!("{}: {text}", name_text(name)), 127));
            }
            _ => {}
        }
        if self.shell.options.nounset && !is_set && !matches!(got, Got::Many(..)) {
            return Err(Stop::Fatal(self.shell.dialect.unset(&name_text(name)), 127));
        }
        if let (Op::Length, Got::Many(items, _)) = (&param.op, &got) {
            return Ok(Some(Got::One(items.len().to_string())));
        }
        if let Op::Slice { offset, length } = &param.op {
            let offset = self.arithmetic(offset)?;
            let length = match length {
                Some(word) => Some(self.arithmetic(word)?),
                None => None,
            };
            let positional = matches!(name, Name::Special(_));
            return self.slice(got, offset, length, positional).map(Some);
        }
        let operation = self.operation(&param.op)?;
        Ok(Some(match got {
            Got::Unset if matches!(operation, Operation::Length) => Got::One("0".to_owned()),
            Got::Unset => Got::Unset,
            Got::One(text) => Got::One(operation.apply(&text)),
            Got::Many(items, star) => {
                Got::Many(items.iter().map(|item| operation.apply(item)).collect(), star)
            }
        }))
    }

    fn operation(&mut self, op: &Op) -> Expanded<Operation> {
        Ok(match op {
            Op::Length => Operation::Length,
            Op::Trim { suffix, longest, pattern } => Operation::Trim {
                suffix: *suffix,
                longest: *longest,
                pattern: Pattern::new(&self.pattern(pattern)?),
            },
            Op::Replace { mode, pattern, with } => Operation::Replace {
                mode: *mode,
                pattern: self.pattern(pattern)?,
                with: self.text(with)?,
            },
            Op::Case { upper, all, pattern } => {
                let text = self.pattern(pattern)?;
                let text = if text.is_empty() { "?" } else { &text };
                Operation::Case { upper: *upper, all: *all, pattern: Pattern::new(text) }
            }
            Op::Transform(c) => Operation::Transform(*c),
            _ => Operation::None,
        })
    }

    fn slice(
        &mut self,
        got: Got,
        offset: i64,
        length: Option<i64>,
        positional: bool,
    ) -> Expanded<Got> {
        let range = |len: usize| -> Expanded<(usize, usize)> {
            let len = len as i64;
            let start = if offset < 0 { len + offset } else { offset };
            if start < 0 || start > len {
                return Ok((0, 0));
            }
            let end = match length {
                None => len,
                Some(n) if n < 0 => {
                    if len + n < start {
                        return Err(Stop::Error(format!("{n}: substring expression < 0")));
                    }
                    len + n
                }
                Some(n) => start.saturating_add(n).min(len),
            };
            Ok((start as usize, end as usize))
        };
        Ok(match got {
            Got::Unset => Got::Unset,
            Got::One(text) => {
                let (start, end) = range(text.chars().count())?;
                Got::One(text.chars().skip(start).take(end.saturating_sub(start)).collect())
            }
            Got::Many(mut items, star) => {
                if positional {
                    items.insert(0, self.shell.name.clone());
                }
                let (start, end) = range(items.len())?;
                Got::Many(
                    items.into_iter().skip(start).take(end.saturating_sub(start)).collect(),
                    star,
                )
            }
        })
    }
}

fn too_long() -> Stop {
    Stop::Error("argument list too long".to_owned())
}

/// A parameter's name as messages show it.
fn name_text(name: &Name) -> String {
    match name {
        Name::Var(name) => name.clone(),
        Name::Element(name, index) => {
            let mut text = String::new();
            for part in &index.parts {
                show(part, &mut text);
            }
            format!("{name}[{text}]")
        }
        Name::All { name, star } => format!("{name}[{}]", if *star { '*' } else { '@' }),
        Name::Positional(n) => n.to_string(),
        Name::Special(c) => c.to_string(),
    }
}

/// A word's text as it stood in the script, as far as messages need it.
fn show(part: &Part, into: &mut String) {
    match part {
        Part::Text(text) | Part::Quoted(text) => into.push_str(text),
        Part::Double(parts) => parts.iter().for_each(|part| show(part, into)),
        Part::Param(param) => {
            into.push('$');
            into.push_str(&name_text(&param.name));
        }
        Part::Tilde(user) => {
            into.push('~');
            into.push_str(user);
        }
        Part::Command(_) | Part::Arith(_) | Part::Process => into.push_str("$(…)"),
    }
}

/// The parameter that a text names, for `${!name}`.
fn parse_name(text: &str) -> Option<Name> {
    if let Ok(n) = text.parse::<usize>() {
        return Some(if n == 0 { Name::Special('0') } else { Name::Positional(n) });
    }
    if super::parse::is_name(text) {
        return Some(Name::Var(text.to_owned()));
    }
    if let [c] = text.chars().collect::<Vec<_>>().as_slice()
        && "@*#?$!-".contains(*c)
    {
        return Some(Name::Special(*c));
    }
    let (name, index) = text.strip_suffix(']')?.split_once('[')?;
    if !super::parse::is_name(name) {
        return None;
    }
    Some(match index {
        "@" | "*" => Name::All { name: name.to_owned(), star: index == "*" },
        _ => Name::Element(name.to_owned(), Word::quoted(index)),
    })
}
