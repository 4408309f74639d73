//! Simple commands: assignments, functions, builtins and programs.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use super::builtins::{self, Builtin};
use super::expand::{Argument, Assigned, AssignedValue, Memo};
use super::machine::{Frame, Next, Ran, Shell};
use super::redirect::{self, Ready, Saved};
use super::{Dialect, vars};
use crate::os::Sys;

impl Shell {
    pub(crate) fn simple(
        &mut self,
        args: Vec<Argument>,
        redirects: Vec<Ready>,
        values: Vec<Assigned>,
        substituted: Option<i32>,
        sys: &mut Sys,
    ) -> Next {
        let mut argv = Vec::new();
        self.array_args.clear();
        for argument in args {
            match argument {
                Argument::Text(text) => argv.push(text),
                Argument::Assign(assigned) => {
                    let mut text = assigned.name.to_string();
                    match (&assigned.value, &assigned.index) {
                        (AssignedValue::Text(value), None) => {
                            text.push_str(if assigned.append { "+=" } else { "=" });
                            text.push_str(value);
                        }
                        _ => {
                            self.array_args.insert(argv.len(), assigned);
                        }
                    }
                    argv.push(text);
                }
            }
        }
        if self.options.xtrace {
            self.trace(&values, &argv, sys);
        }
        let mut saved = Vec::new();
        if argv.is_empty() {
            let result = self.redirect(redirects, Some(&mut saved), sys);
            redirect::restore(sys, saved);
            self.status = substituted.unwrap_or(0);
            if let Err(message) = result {
                self.complain(sys, &message);
                self.status = self.dialect.redirect_status();
            }
            return Next::Done;
        }
        let function = self.functions.get(&argv[0]).cloned();
        let builtin = if function.is_some() { None } else { self.builtin(&argv[0]) };
        if argv[0] == "exec" && builtin.is_some() {
            return self.exec(&argv[1..], redirects, &values, sys);
        }
        let last = function.is_none() && builtin.is_none() && self.is_last_act();
        let keep = if last { None } else { Some(&mut saved) };
        if let Err(message) = self.redirect(redirects, keep, sys) {
            redirect::restore(sys, saved);
            self.complain(sys, &message);
            self.status = self.dialect.redirect_status();
            if builtin.is_some_and(|b| b.special) && !self.dialect.is_bash() {
                self.unwind = Some(self.fatal(2));
            }
            return Next::Done;
        }
        if function.is_none() && builtin.is_none() {
            return self.external(argv, saved, &values, last, sys);
        }
        let mut old = Vec::new();
        for value in &values {
            let name = value.name.to_string();
            old.push((name.clone(), self.vars.get(&name).cloned()));
            if let Err(message) = self.assign(value, sys) {
                self.complain(sys, &message);
                self.status = 1;
                self.clean_up(old, saved, sys);
                return Next::Done;
            }
            self.vars.entry(&name).exported = true;
        }
        if builtin.is_some_and(|b| b.special) && !self.dialect.is_bash() {
            // Assignments before a special builtin stay.
            old.clear();
        }
        let next = if old.is_empty() && saved.is_empty() {
            Next::Done
        } else {
            Next::Again(Frame::Cleanup { vars: old, fds: saved })
        };
        if let Some(function) = function {
            let name: Rc<str> = argv[0].as_str().into();
            argv.remove(0);
            let params = std::mem::replace(&mut self.params, Rc::new(argv));
            self.push(Frame::Call { name, params, locals: OrdMap::new() });
            self.push(Frame::Command { command: function.body, memo: Memo::default() });
        } else if let Some(builtin) = builtin {
            self.run_builtin(builtin, &argv, sys);
        }
        if self.replaced {
            return Next::Replaced;
        }
        next
    }

    pub(crate) fn run_builtin(
        &mut self,
        builtin: &'static Builtin,
        argv: &[String],
        sys: &mut Sys,
    ) {
        match (builtin.run)(self, argv, sys) {
            Ran::Status(status) => self.status = status,
            Ran::Frame(frame) => self.push(frame),
            Ran::Unwind(status, unwind) => {
                self.status = status;
                self.unwind = Some(unwind);
            }
            Ran::Nothing => {}
        }
    }

    /// The builtin of this name that the imitated shell has.
    pub(crate) fn builtin(&self, name: &str) -> Option<&'static Builtin> {
        builtins::find(name).filter(|b| self.dialect.is_bash() || !b.bash_only)
    }

    /// Runs a command that the `command` and `builtin` builtins have already found not to be a function.
    pub(crate) fn run_plain(&mut self, argv: Vec<String>, sys: &mut Sys) -> Ran {
        if argv[0] == "exec" {
            return Ran::Status(builtins::exec(self, &argv[1..], sys));
        }
        if let Some(builtin) = self.builtin(&argv[0]) {
            self.run_builtin(builtin, &argv, sys);
            return Ran::Nothing;
        }
        let text = argv.join(" ");
        match self.start_program(argv, None, &text, sys) {
            Ok(job) => Ran::Frame(Frame::Foreground(job)),
            Err(status) => Ran::Status(status),
        }
    }

    pub(crate) fn external(
        &mut self,
        argv: Vec<String>,
        saved: Vec<Saved>,
        values: &[Assigned],
        last: bool,
        sys: &mut Sys,
    ) -> Next {
        let env = if values.is_empty() { None } else { Some(self.env_with(values, sys)) };
        if last {
            sys.set_env(env.clone().unwrap_or_else(|| self.vars.env()));
            if sys.exec(argv.clone()).is_ok() {
                return Next::Replaced;
            }
        }
        let text = argv.join(" ");
        let started = self.start_program(argv, env, &text, sys);
        redirect::restore(sys, saved);
        match started {
            Ok(job) => Next::Again(Frame::Foreground(job)),
            Err(status) => {
                self.status = status;
                Next::Done
            }
        }
    }

    /// The environment with assignments that stand before a command.
    pub(crate) fn env_with(
        &mut self,
        values: &[Assigned],
        sys: &mut Sys,
    ) -> OrdMap<String, String> {
        let vars = self.vars.clone();
        for value in values {
            match self.assign(value, sys) {
                Ok(()) => self.vars.entry(&value.name).exported = true,
                Err(message) => self.complain(sys, &message),
            }
        }
        let env = self.vars.env();
        self.vars = vars;
        env
    }

    /// The `exec` builtin: redirections stay; with a command, the shell becomes it.
    pub(crate) fn exec(
        &mut self,
        args: &[String],
        redirects: Vec<Ready>,
        values: &[Assigned],
        sys: &mut Sys,
    ) -> Next {
        if let Err(message) = self.redirect(redirects, None, sys) {
            self.complain(sys, &message);
            self.status = self.dialect.error_status();
            if !self.dialect.is_bash() {
                self.unwind = Some(self.fatal(2));
            }
            return Next::Done;
        }
        for value in values {
            if self.assign(value, sys).is_ok() && !args.is_empty() {
                self.vars.entry(&value.name).exported = true;
            }
        }
        self.status = builtins::exec(self, args, sys);
        if self.replaced { Next::Replaced } else { Next::Done }
    }

    /// What traced lines begin with.
    pub(crate) fn trace_mark(&self) -> String {
        let mark = self.vars.text("PS4").unwrap_or("+ ");
        let first = mark.chars().next().unwrap_or('+').to_string();
        first.repeat(self.depth) + mark
    }

    pub(crate) fn trace(&self, values: &[Assigned], argv: &[String], sys: &mut Sys) {
        let prefix = self.trace_mark();
        let quoted = |word: &str| match self.dialect {
            Dialect::Dash => word.to_owned(),
            Dialect::Bash | Dialect::Ash => vars::quoted_if_needed(word),
        };
        let assigned = |value: &Assigned| match &value.value {
            AssignedValue::Text(text) => {
                let quoted =
                    if text.is_empty() { String::new() } else { vars::quoted_if_needed(text) };
                format!("{}={quoted}", value.name)
            }
            AssignedValue::Array(items) => {
                let items: Vec<String> =
                    items.iter().map(|(_, text)| vars::quoted_if_needed(text)).collect();
                format!("{}=({})", value.name, items.join(" "))
            }
        };
        let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
        let mut lines = Vec::new();
        if self.dialect.is_bash() {
            lines.extend(values.iter().map(assigned));
            if !words.is_empty() {
                lines.push(words.join(" "));
            }
        } else {
            lines.push(values.iter().map(assigned).chain(words).collect::<Vec<_>>().join(" "));
        }
        for line in lines {
            sys.eprint(&format!("{prefix}{line}\n"));
        }
    }
}
