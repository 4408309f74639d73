//! `declare`, `local`, `export` and `readonly`.

use crate::base::ordered::OrdMap;

use crate::os::Sys;
use crate::shell::Dialect;
use crate::shell::expand::{Assigned, AssignedValue};
use crate::shell::machine::{Ran, Shell};
use crate::shell::parse::is_name;
use crate::shell::vars::{Value, Var, double_quoted, single_quoted};

/// Which attributes are given.
#[derive(Clone, Copy, Default)]
struct Wanted {
    array: bool,
    map: bool,
    integer: Option<bool>,
    exported: Option<bool>,
    readonly: bool,
    local: bool,
    functions: bool,
    names_only: bool,
    print: bool,
}

pub(super) fn declare(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let mut wanted = Wanted { local: shell.function_name().is_some(), ..Wanted::default() };
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        let on = arg.starts_with('-');
        if !on && !arg.starts_with('+') || arg.len() < 2 {
            break;
        }
        at += 1;
        if arg == "--" {
            break;
        }
        for letter in arg.chars().skip(1) {
            match letter {
                'a' => wanted.array = true,
                'A' => wanted.map = true,
                'i' => wanted.integer = Some(on),
                'x' => wanted.exported = Some(on),
                'r' => wanted.readonly = true,
                'g' => wanted.local = false,
                'f' => wanted.functions = true,
                'F' => (wanted.functions, wanted.names_only) = (true, true),
                'p' => wanted.print = true,
                'l' | 'u' | 'n' | 't' => {
                    shell.complain_as(sys, &args[0], &format!("-{letter} is not simulated"));
                    return Ran::Status(2);
                }
                _ => return super::bad_option(shell, sys, &args[0], &format!("-{letter}")),
            }
        }
    }
    if wanted.functions {
        return functions(shell, &args[at..], wanted.names_only, sys);
    }
    if wanted.print || at == args.len() {
        return print(shell, &args[0], &args[at..], wanted, sys);
    }
    each(shell, args, at, wanted, sys)
}

pub(super) fn local(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    if shell.function_name().is_none() {
        if shell.dialect.is_bash() {
            shell.complain_as(sys, "local", "can only be used in a function");
            return Ran::Status(1);
        }
        shell.complain_as(sys, "local", "not in a function");
        return Ran::Unwind(2, shell.fatal(2));
    }
    if shell.dialect.is_bash() {
        return declare(shell, args, sys);
    }
    each(shell, args, 1, Wanted { local: true, ..Wanted::default() }, sys)
}

pub(super) fn export(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, rest) = match super::letters(&args[1..], "pnf") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "export", &option),
    };
    let at = args.len() - rest.len();
    let wanted = Wanted { exported: Some(!letters.contains('n')), ..Wanted::default() };
    if rest.is_empty() {
        return print(shell, "export", &[], wanted, sys);
    }
    each(shell, args, at, wanted, sys)
}

pub(super) fn readonly(shell: &mut Shell, args: &[String], sys: &mut Sys) -> Ran {
    let (letters, rest) = match super::letters(&args[1..], "paAf") {
        Ok(parsed) => parsed,
        Err(option) => return super::bad_option(shell, sys, "readonly", &option),
    };
    let at = args.len() - rest.len();
    let wanted = Wanted {
        readonly: true,
        array: letters.contains('a'),
        map: letters.contains('A'),
        ..Wanted::default()
    };
    if rest.is_empty() {
        return print(shell, "readonly", &[], wanted, sys);
    }
    each(shell, args, at, wanted, sys)
}

/// Gives each name its attributes and value.
fn each(shell: &mut Shell, args: &[String], from: usize, wanted: Wanted, sys: &mut Sys) -> Ran {
    let mut status = 0;
    let arrays = std::mem::take(&mut shell.array_args);
    for (at, arg) in args.iter().enumerate().skip(from) {
        let assigned = match arrays.get(&at) {
            Some(assigned) => Some(assigned.clone()),
            None => arg.split_once('=').map(|(name, value)| {
                let (name, append) = match name.strip_suffix('+') {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                let value = AssignedValue::Text(value.to_owned());
                Assigned { name: name.into(), index: None, append, value }
            }),
        };
        let name = assigned.as_ref().map_or(arg.as_str(), |assigned| &assigned.name).to_owned();
        if !is_name(&name) {
            match shell.dialect {
                Dialect::Bash => {
                    shell.complain_as(sys, &args[0], &format!("`{arg}': not a valid identifier"));
                    status = 1;
                    continue;
                }
                Dialect::Ash | Dialect::Dash => {
                    shell.complain_as(sys, &args[0], &format!("{name}: bad variable name"));
                    return Ran::Unwind(2, shell.fatal(2));
                }
            }
        }
        if wanted.local {
            shell.make_local(&name);
        }
        if wanted.map || wanted.array {
            let entry = shell.vars.entry(&name);
            match entry.value {
                Value::Unset if wanted.map => entry.value = Value::Map(OrdMap::new()),
                Value::Unset if assigned.is_none() => entry.value = Value::Array(OrdMap::new()),
                _ => {}
            }
        }
        if let Some(integer) = wanted.integer {
            shell.vars.entry(&name).integer = integer;
        }
        if let Some(assigned) = assigned
            && let Err(message) = shell.assign(&assigned, sys)
        {
            shell.complain(sys, &message);
            if !shell.dialect.is_bash() {
                return Ran::Unwind(2, shell.fatal(2));
            }
            status = 1;
            continue;
        }
        let entry = shell.vars.entry(&name);
        entry.readonly |= wanted.readonly;
        if let Some(exported) = wanted.exported {
            entry.exported = exported;
        }
    }
    Ran::Status(status)
}

/// Shows variables with their attributes.
fn print(shell: &mut Shell, command: &str, names: &[String], wanted: Wanted, sys: &mut Sys) -> Ran {
    let matches = |var: &Var| match command {
        "export" => var.exported,
        "readonly" => var.readonly,
        _ => {
            (wanted.exported != Some(true) || var.exported)
                && (!wanted.readonly || var.readonly)
                && (!wanted.array || matches!(var.value, Value::Array(_)))
                && (!wanted.map || matches!(var.value, Value::Map(_)))
        }
    };
    let mut text = String::new();
    let mut status = 0;
    if names.is_empty() {
        for (name, var) in shell.vars.iter().filter(|(_, var)| matches(var)) {
            text.push_str(&line(shell.dialect, command, name, var));
        }
    }
    for name in names {
        if let Some(var) = shell.vars.get(name) {
            text.push_str(&line(shell.dialect, command, name, var));
        } else {
            shell.complain_as(sys, command, &format!("{name}: not found"));
            status = 1;
        }
    }
    sys.print(&text);
    Ran::Status(status)
}

/// A variable as a command that would declare it.
pub(super) fn line(dialect: Dialect, command: &str, name: &str, var: &Var) -> String {
    if !dialect.is_bash() {
        return match &var.value {
            Value::Text(text) => format!("{command} {name}={}\n", single_quoted(text)),
            _ => format!("{command} {name}\n"),
        };
    }
    let mut letters = String::new();
    match var.value {
        Value::Array(_) => letters.push('a'),
        Value::Map(_) => letters.push('A'),
        _ => {}
    }
    for (on, letter) in [(var.integer, 'i'), (var.readonly, 'r'), (var.exported, 'x')] {
        if on {
            letters.push(letter);
        }
    }
    if letters.is_empty() {
        letters.push('-');
    }
    format!("declare -{letters} {name}{}\n", shown(&var.value))
}

/// `="value"`, or nothing for a variable without one.
pub(super) fn shown(value: &Value) -> String {
    let items = |items: Vec<(String, &String)>| {
        let items: Vec<String> = items
            .into_iter()
            .map(|(key, text)| format!("[{key}]={}", double_quoted(text)))
            .collect();
        format!("=({})", items.join(" "))
    };
    match value {
        Value::Unset => String::new(),
        Value::Text(text) => format!("={}", double_quoted(text)),
        Value::Array(all) => items(all.iter().map(|(key, text)| (key.to_string(), text)).collect()),
        Value::Map(all) => items(all.iter().map(|(key, text)| (key.clone(), text)).collect()),
    }
}

fn functions(shell: &mut Shell, names: &[String], names_only: bool, sys: &mut Sys) -> Ran {
    let mut status = 0;
    let all: Vec<String> =
        if names.is_empty() { shell.functions.keys().cloned().collect() } else { names.to_vec() };
    for name in all {
        match shell.functions.get(&name) {
            Some(_) if names_only && names.is_empty() => sys.print(&format!("declare -f {name}\n")),
            Some(_) if names_only => sys.print(&format!("{name}\n")),
            Some(function) => sys.print(&format!("{}\n", function.text)),
            None => status = 1,
        }
    }
    Ran::Status(status)
}
