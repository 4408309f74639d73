//! `jq`: filters JSON.

mod builtins;
mod eval;
mod parse;

use crate::base::sort::InOrder;
use serde_json::{Map, Value};

use crate::os::{Program, STDOUT, Sys};

use self::eval::{Env, Machine, Stop, is_true};
use self::parse::{Expr, TextPart, parse};
use super::support::gather::gather;

/// `jq`.
pub(super) static JQ: Program = Program { name: "jq", start: |argv| gather(argv, files, run) };

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
struct Options {
    filter: String,
    files: Vec<String>,
    raw: bool,
    join: bool,
    compact: bool,
    sort: bool,
    tab: bool,
    indent: usize,
    null_input: bool,
    slurp: bool,
    raw_input: bool,
    exit_status: bool,
    color: Option<bool>,
    ascii: bool,
    variables: Vec<(String, Value)>,
    /// The file with the filter.
    from_file: Option<String>,
}

const USAGE: &str = "Usage:\tjq [OPTIONS] FILTER [FILES...]\n\tjq [OPTIONS] --args FILTER [ARGUMENTS...]\n\n\
jq is a tool for processing JSON inputs, applying the given filter to\n\
its JSON text inputs and producing the filter's results as JSON on\nstandard output.\n\n\
Options: -r -j -c -S -n -s -R -e -a -C -M --tab --indent N --arg NAME VALUE --argjson NAME JSON -f FILE\n";

fn options(argv: &[String]) -> Result<Options, String> {
    let mut options = Options { indent: 2, ..Options::default() };
    let mut filter = None;
    let mut words = argv.iter().skip(1);
    let mut only_operands = false;
    let mut positional: Option<bool> = None;
    let mut extra = Vec::new();
    while let Some(word) = words.next() {
        if only_operands || !word.starts_with('-') || word == "-" {
            match (&filter, positional) {
                (None, _) => filter = Some(word.clone()),
                (Some(_), None) => options.files.push(word.clone()),
                (Some(_), Some(_)) => extra.push(word.clone()),
            }
            continue;
        }
        let mut pair = |what: &str| match (words.next(), words.next()) {
            (Some(name), Some(value)) => Ok((name.clone(), value.clone())),
            _ => Err(format!("{what} takes two parameters (e.g. {what} varname value)")),
        };
        match word.as_str() {
            "--" => only_operands = true,
            "--arg" => {
                let (name, value) = pair("--arg")?;
                options.variables.push((name, Value::from(value)));
            }
            "--argjson" => {
                let (name, value) = pair("--argjson")?;
                let value = serde_json::from_str(&value)
                    .map_err(|_| format!("Invalid JSON text passed to --argjson {name}"))?;
                options.variables.push((name, value));
            }
            "--raw-output" => options.raw = true,
            "--join-output" => (options.raw, options.join) = (true, true),
            "--compact-output" => options.compact = true,
            "--sort-keys" => options.sort = true,
            "--null-input" => options.null_input = true,
            "--slurp" => options.slurp = true,
            "--raw-input" => options.raw_input = true,
            "--exit-status" => options.exit_status = true,
            "--color-output" => options.color = Some(true),
            "--monochrome-output" => options.color = Some(false),
            "--ascii-output" => options.ascii = true,
            "--tab" => options.tab = true,
            "--args" => positional = Some(false),
            "--jsonargs" => positional = Some(true),
            "--indent" => {
                let n = words.next().and_then(|n| n.parse().ok()).filter(|n: &usize| *n < 8);
                options.indent = n.ok_or("Cannot indent more than 7 characters")?;
                options.compact |= options.indent == 0;
            }
            "--from-file" => {
                options.from_file = Some(words.next().cloned().ok_or("-f takes a parameter")?);
            }
            "--unbuffered" => {}
            long if long.starts_with("--") => return Err(format!("Unknown arguments: {long}")),
            cluster => {
                for c in cluster[1..].chars() {
                    match c {
                        'r' => options.raw = true,
                        'j' => (options.raw, options.join) = (true, true),
                        'c' => options.compact = true,
                        'S' => options.sort = true,
                        'n' => options.null_input = true,
                        's' => options.slurp = true,
                        'R' => options.raw_input = true,
                        'e' => options.exit_status = true,
                        'C' => options.color = Some(true),
                        'M' => options.color = Some(false),
                        'a' => options.ascii = true,
                        'f' => {
                            options.from_file =
                                Some(words.next().cloned().ok_or("-f takes a parameter")?);
                        }
                        _ => return Err(format!("Unknown arguments: {cluster}")),
                    }
                }
            }
        }
    }
    if options.from_file.is_some()
        && let Some(file) = filter.take()
    {
        options.files.insert(0, file);
    }
    let mut list = Vec::new();
    for word in extra {
        list.push(match positional {
            Some(true) => serde_json::from_str(&word)
                .map_err(|_| format!("Invalid JSON text passed to --jsonargs: {word}"))?,
            _ => Value::from(word),
        });
    }
    let names: Map<String, Value> = options.variables.iter().cloned().collect();
    let all = serde_json::json!({"positional": list, "named": names});
    options.variables.push(("__prog_args".to_owned(), Value::Null));
    options.variables.push(("ARGS".to_owned(), all));
    options.filter = filter.unwrap_or_else(|| ".".to_owned());
    Ok(options)
}

fn files(argv: &[String], sys: &mut Sys) -> Result<Vec<String>, i32> {
    if argv.iter().any(|a| a == "--help" || a == "-h") {
        sys.print(USAGE);
        return Err(0);
    }
    if argv.iter().any(|a| a == "--version" || a == "-V") {
        sys.print("jq-1.7.1 (simulated)\n");
        return Err(0);
    }
    if argv.len() < 2 && sys.is_tty(0) {
        sys.eprint(USAGE);
        return Err(2);
    }
    match options(argv) {
        Ok(options) if options.null_input && options.files.is_empty() => {
            Ok(vec!["/dev/null".to_owned()])
        }
        Ok(options) => Ok(options.files),
        Err(problem) => {
            sys.eprint(&format!("jq: error: {problem}\nUse jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n"));
            Err(2)
        }
    }
}

fn run(argv: &[String], parts: Vec<(String, Vec<u8>)>, sys: &mut Sys) -> i32 {
    let Ok(mut options) = options(argv) else { return 2 };
    if let Some(file) = &options.from_file {
        match sys.read_file(file) {
            Ok(bytes) => options.filter = String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                sys.eprint(&format!("jq: error: Could not open {file}: {error}\n"));
                return 2;
            }
        }
    }
    let mut env = Env::default();
    let mut names = Vec::new();
    for (name, value) in &options.variables {
        env = env.bind(name, value.clone());
        names.push(name.as_str());
    }
    let checked = parse(&options.filter).and_then(|filter| {
        check(
            &filter,
            &mut Scope {
                functions: Vec::new(),
                variables: names.iter().map(|n| (*n).to_owned()).collect(),
            },
        )?;
        Ok(filter)
    });
    let filter = match checked {
        Ok(filter) => filter,
        Err(problem) => {
            let hint = if problem.starts_with("syntax error") {
                " (Unix shell quoting issues?)"
            } else {
                ""
            };
            sys.eprint(&format!(
                "jq: error: {problem}{hint} at <top-level>, line 1:\n{}\njq: 1 compile error\n",
                options.filter
            ));
            return 3;
        }
    };
    let text: String =
        parts.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    let color = options.color.unwrap_or_else(|| sys.is_tty(STDOUT));
    let (inputs, broken) = inputs(&options, &text);
    let variables = sys.env().iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
    let now = sys.now().0 as f64 / 1e6;
    let mut work = Work {
        options: &options,
        filter: &filter,
        env,
        color,
        lines: text.matches('\n').count(),
        out: String::new(),
        errors: String::new(),
        last: None,
        code: 0,
    };
    let mut machine =
        Machine::new(inputs.into_iter().rev().collect(), Value::Object(variables), now);
    if options.null_input {
        work.one(&mut machine, &Value::Null);
    } else {
        while let Some(input) = machine.inputs.pop() {
            if !work.one(&mut machine, &input) {
                break;
            }
        }
    }
    let _ = sys.write(STDOUT, work.out.as_bytes());
    sys.eprint(&work.errors);
    let mut code = work.code;
    if let Some(problem) = broken
        && code == 0
    {
        sys.eprint(&format!("jq: parse error: {problem}\n"));
        code = 2;
    }
    match work.last {
        _ if code != 0 || !options.exit_status => code,
        None => 4,
        Some(value) => i32::from(!is_true(&value)),
    }
}

/// The inputs in the text, and what is wrong behind them.
fn inputs(options: &Options, text: &str) -> (Vec<Value>, Option<String>) {
    if options.raw_input {
        if options.slurp {
            return (vec![Value::from(text)], None);
        }
        return (text.lines().map(Value::from).collect(), None);
    }
    let mut values = Vec::new();
    let mut broken = None;
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(value) => values.push(tidy(value)),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let what =
                    if error.is_eof() { "Unfinished JSON term" } else { "Invalid numeric literal" };
                broken = Some(format!("{what} at line {line}, column {column}"));
                break;
            }
        }
    }
    if options.slurp {
        values = vec![Value::from(values)];
    }
    (values, broken)
}

/// Whole numbers are shown without a fraction.
fn tidy(value: Value) -> Value {
    match value {
        Value::Number(n) if !n.is_i64() && !n.is_u64() => eval::number(n.as_f64().unwrap_or(0.0)),
        Value::Array(list) => Value::Array(list.into_iter().map(tidy).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, tidy(v))).collect()),
        other => other,
    }
}

struct Work<'a> {
    options: &'a Options,
    filter: &'a Expr,
    env: Env,
    color: bool,
    lines: usize,
    out: String,
    errors: String,
    last: Option<Value>,
    code: i32,
}

impl Work<'_> {
    /// Filters one input; `false` when the program ends.
    fn one(&mut self, machine: &mut Machine, input: &Value) -> bool {
        let (filter, env) = (self.filter, self.env.clone());
        let flow = machine.eval(filter, &env, input, &mut |_, v| {
            self.show(&v);
            self.last = Some(v);
            Ok(())
        });
        match flow {
            Ok(()) | Err(Stop::Break(_)) => true,
            Err(Stop::Error(error)) => {
                let place = if self.options.null_input {
                    "<unknown>".to_owned()
                } else {
                    format!("<stdin>:{}", self.lines)
                };
                let text = match &error {
                    Value::String(text) => text.clone(),
                    other => format!("{other} (not a string)"),
                };
                self.errors.push_str(&format!("jq: error (at {place}): {text}\n"));
                self.code = 5;
                true
            }
            Err(Stop::Halt(code, message)) => {
                match message {
                    Some(Value::String(text)) => self.errors.push_str(&text),
                    Some(other) => self.errors.push_str(&format!("{other}\n")),
                    None => {}
                }
                self.code = code;
                false
            }
            Err(Stop::TooLong) => {
                self.errors.push_str("jq: error: the filter does not come to an end\n");
                self.code = 5;
                false
            }
        }
    }

    fn show(&mut self, value: &Value) {
        match value {
            Value::String(text) if self.options.raw => self.out.push_str(text),
            value => {
                let value = if self.options.sort { sorted(value) } else { value.clone() };
                self.print(&value, 0);
            }
        }
        if !self.options.join {
            self.out.push('\n');
        }
    }

    fn newline(&mut self, depth: usize) {
        if self.options.compact {
            return;
        }
        self.out.push('\n');
        let unit = if self.options.tab { "\t".to_owned() } else { " ".repeat(self.options.indent) };
        self.out.push_str(&unit.repeat(depth));
    }

    fn paint(&mut self, code: &str, text: &str) {
        if self.color {
            self.out.push_str(&format!("\x1b[{code}m{text}\x1b[0m"));
        } else {
            self.out.push_str(text);
        }
    }

    fn quoted(&self, text: &str) -> String {
        let quoted = Value::from(text).to_string();
        if !self.options.ascii {
            return quoted;
        }
        let mut buffer = [0; 2];
        quoted
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    return c.to_string();
                }
                c.encode_utf16(&mut buffer).iter().map(|u| format!("\\u{u:04x}")).collect()
            })
            .collect()
    }

    fn print(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Null => self.paint("1;30", "null"),
            Value::Bool(truth) => self.paint("0;39", if *truth { "true" } else { "false" }),
            Value::Number(n) => self.paint("0;39", &n.to_string()),
            Value::String(text) => {
                let text = self.quoted(text);
                self.paint("0;32", &text);
            }
            Value::Array(list) if list.is_empty() => self.paint("1;39", "[]"),
            Value::Array(list) => {
                self.paint("1;39", "[");
                for (n, item) in list.iter().enumerate() {
                    if n > 0 {
                        self.paint("1;39", ",");
                    }
                    self.newline(depth + 1);
                    self.print(item, depth + 1);
                }
                self.newline(depth);
                self.paint("1;39", "]");
            }
            Value::Object(map) if map.is_empty() => self.paint("1;39", "{}"),
            Value::Object(map) => {
                self.paint("1;39", "{");
                for (n, (key, item)) in map.iter().enumerate() {
                    if n > 0 {
                        self.paint("1;39", ",");
                    }
                    self.newline(depth + 1);
                    let key = self.quoted(key);
                    self.paint("34;1", &key);
                    self.paint("1;39", ":");
                    if !self.options.compact {
                        self.out.push(' ');
                    }
                    self.print(item, depth + 1);
                }
                self.newline(depth);
                self.paint("1;39", "}");
            }
        }
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.order();
            keys.into_iter()
                .map(|k| (k.clone(), sorted(&map[k.as_str()])))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}

/// The names that are known at a place of the filter.
struct Scope {
    functions: Vec<(String, usize)>,
    variables: Vec<String>,
}

/// Whether every name in a filter is known; jq refuses others before it begins.
fn check(expr: &Expr, scope: &mut Scope) -> Result<(), String> {
    let both = |a: &Expr, b: &Expr, scope: &mut Scope| {
        check(a, scope)?;
        check(b, scope)
    };
    match expr {
        Expr::Identity
        | Expr::RecurseAll
        | Expr::Literal(_)
        | Expr::Break(_)
        | Expr::Array(None) => Ok(()),
        Expr::Format(name) => known_format(name),
        Expr::Text(format, parts) => {
            if let Some(format) = format {
                known_format(format)?;
            }
            parts.iter().try_for_each(|p| match p {
                TextPart::Text(_) => Ok(()),
                TextPart::Inner(inner) => check(inner, scope),
            })
        }
        Expr::Variable(name) => {
            let known =
                scope.variables.contains(name) || matches!(name.as_str(), "ENV" | "__loc__");
            if known { Ok(()) } else { Err(format!("${name} is not defined")) }
        }
        Expr::Field(a, b)
        | Expr::Pipe(a, b)
        | Expr::Comma(a, b)
        | Expr::Binary(_, a, b)
        | Expr::And(a, b)
        | Expr::Or(a, b)
        | Expr::Alternative(a, b)
        | Expr::Assign(_, a, b) => both(a, b, scope),
        Expr::Slice(a, b, c) => {
            check(a, scope)?;
            b.iter().chain(c).try_for_each(|e| check(e, scope))
        }
        Expr::Iterate(a) | Expr::Array(Some(a)) | Expr::Negate(a) | Expr::Label(_, a) => {
            check(a, scope)
        }
        Expr::Object(entries) => entries.iter().try_for_each(|(k, v)| both(k, v, scope)),
        Expr::If(cases, other) => {
            cases.iter().try_for_each(|(c, t)| both(c, t, scope))?;
            other.iter().try_for_each(|e| check(e, scope))
        }
        Expr::Try(a, b) => {
            check(a, scope)?;
            b.iter().try_for_each(|e| check(e, scope))
        }
        Expr::Reduce(source, pattern, first, update) => {
            both(source, first, scope)?;
            within(pattern, scope, |scope| check(update, scope))
        }
        Expr::Foreach(source, pattern, first, update, extract) => {
            both(source, first, scope)?;
            within(pattern, scope, |scope| {
                check(update, scope)?;
                extract.iter().try_for_each(|e| check(e, scope))
            })
        }
        Expr::As(source, pattern, body) => {
            check(source, scope)?;
            within(pattern, scope, |scope| check(body, scope))
        }
        Expr::Define(definition, rest) => {
            let (functions, variables) = (scope.functions.len(), scope.variables.len());
            scope.functions.push((definition.name.clone(), definition.params.len()));
            let inner = scope.functions.len();
            for param in &definition.params {
                scope.functions.push((param.trim_start_matches('$').to_owned(), 0));
                if let Some(name) = param.strip_prefix('$') {
                    scope.variables.push(name.to_owned());
                }
            }
            check(&definition.body, scope)?;
            scope.functions.truncate(inner);
            scope.variables.truncate(variables);
            let result = check(rest, scope);
            scope.functions.truncate(functions);
            result
        }
        Expr::Call(name, arguments) => {
            let count = arguments.len();
            let known = scope.functions.iter().any(|(n, c)| n == name && *c == count)
                || builtins::exists(name, count);
            if !known {
                return Err(format!("{name}/{count} is not defined"));
            }
            arguments.iter().try_for_each(|a| check(a, scope))
        }
    }
}

fn known_format(name: &str) -> Result<(), String> {
    let known = ["text", "json", "base64", "base64d", "html", "uri", "sh", "csv", "tsv"];
    if known.contains(&name) { Ok(()) } else { Err(format!("{name} is not a valid format")) }
}

fn within(
    pattern: &parse::Pattern,
    scope: &mut Scope,
    run: impl FnOnce(&mut Scope) -> Result<(), String>,
) -> Result<(), String> {
    let before = scope.variables.len();
    collect(pattern, &mut scope.variables);
    let result = run(scope);
    scope.variables.truncate(before);
    result
}

fn collect(pattern: &parse::Pattern, names: &mut Vec<String>) {
    match pattern {
        parse::Pattern::Variable(name) => names.push(name.clone()),
        parse::Pattern::Array(parts) => parts.iter().for_each(|p| collect(p, names)),
        parse::Pattern::Object(parts) => parts.iter().for_each(|(_, p)| collect(p, names)),
    }
}
