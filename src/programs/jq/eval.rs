//! Runs jq filters: every result is handed on at once, so that endless streams can be cut short.

use crate::base::sort::InOrder;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

use super::builtins;
use super::parse::{Definition, Expr, Pattern, TextPart};

/// Most steps of one program.
const MAX_STEPS: usize = 2_000_000;
/// Deepest evaluation.
const MAX_DEPTH: usize = 300;

/// Why results stop coming.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// An error with its value.
    Error(Value),
    /// `break $label`, `limit`, `first`: up to the place with this number.
    Break(usize),
    /// `halt`, `halt_error`: exit code and message.
    Halt(i32, Option<Value>),
    /// The program takes too long.
    TooLong,
}

pub(super) type Flow = Result<(), Stop>;

/// What takes results.
pub(super) type Out<'a> = &'a mut dyn FnMut(&mut Machine, Value) -> Flow;
/// What takes results with their paths.
pub(super) type PathOut<'a> = &'a mut dyn FnMut(&mut Machine, Vec<Value>, Value) -> Flow;

/// Names in scope, innermost first.
#[derive(Clone, Default)]
pub(super) struct Env(Option<Rc<Node>>);

struct Node {
    bound: Bound,
    outer: Env,
}

enum Bound {
    Variable(String, Value),
    Function(Rc<Definition>),
    /// An argument: a filter with the names that it was written among.
    Closure(String, Rc<Expr>, Env),
    Label(String, usize),
}

impl Env {
    fn with(&self, bound: Bound) -> Env {
        Env(Some(Rc::new(Node { bound, outer: self.clone() })))
    }

    /// The same with a variable more.
    pub(super) fn bind(&self, name: &str, value: Value) -> Env {
        self.with(Bound::Variable(name.to_owned(), value))
    }

    fn nodes(&self) -> impl Iterator<Item = (&Env, &Node)> {
        let mut env = self;
        std::iter::from_fn(move || {
            let node = env.0.as_deref()?;
            let here = env;
            env = &node.outer;
            Some((here, node))
        })
    }
}

/// A running program.
pub(super) struct Machine {
    steps: usize,
    depth: usize,
    next_label: usize,
    /// Inputs still to come, the next one last.
    pub(super) inputs: Vec<Value>,
    /// The environment of the process.
    pub(super) variables: Value,
    /// Seconds since the epoch.
    pub(super) now: f64,
}

/// A number as JSON: whole ones without a point.
pub(super) fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 1e17 {
        return Value::from(n as i64);
    }
    if n.is_nan() {
        return Value::Null;
    }
    Number::from_f64(n.clamp(-f64::MAX, f64::MAX)).map_or(Value::Null, Value::Number)
}

/// An error with a text.
pub(super) fn fail<T>(text: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(Value::from(text.into())))
}

/// `null`, `boolean`, ….
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as error messages show it: `string ("a")`.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    let text = if text.chars().count() > 11 {
        let start: String = text.chars().take(10).collect();
        format!("{start}...")
    } else {
        text
    };
    format!("{} ({text})", kind(value))
}

/// Whether a value counts as true.
pub(super) fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// jq's order of all values.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    };
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => {
                let (x, y) = (x.as_f64().unwrap_or(0.0), y.as_f64().unwrap_or(0.0));
                x.partial_cmp(&y).unwrap_or(Ordering::Equal)
            }
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => {
            let first = x.iter().zip(y).map(|(x, y)| compare(x, y)).find(|o| o.is_ne());
            first.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (Value::Object(x), Value::Object(y)) => {
            let keys = |m: &Map<String, Value>| {
                let mut keys: Vec<String> = m.keys().cloned().collect();
                keys.order();
                keys
            };
            let (p, q) = (keys(x), keys(y));
            let values = || {
                let pairs = p.iter().map(|k| compare(&x[k.as_str()], &y[k.as_str()]));
                pairs.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            };
            p.cmp(&q).then_with(|| if p == q { values() } else { Ordering::Equal })
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

/// `.[key]`.
pub(super) fn index(value: &Value, key: &Value) -> Result<Value, Stop> {
    Ok(match (value, key) {
        (Value::Null, Value::String(_) | Value::Number(_) | Value::Null) => Value::Null,
        (Value::Object(map), Value::String(key)) => map.get(key).cloned().unwrap_or(Value::Null),
        (Value::Array(list), Value::Number(n)) => {
            let n = n.as_f64().unwrap_or(0.0).floor() as i64;
            let at = if n < 0 { n + list.len() as i64 } else { n };
            usize::try_from(at).ok().and_then(|at| list.get(at).cloned()).unwrap_or(Value::Null)
        }
        (Value::Array(list), Value::Array(part)) => {
            let starts =
                (0..list.len()).filter(|at| !part.is_empty() && list[*at..].starts_with(part));
            Value::from(starts.collect::<Vec<_>>())
        }
        (Value::Null | Value::Array(_) | Value::String(_), Value::Object(range))
            if range.contains_key("start") || range.contains_key("end") =>
        {
            slice(
                value,
                range.get("start").unwrap_or(&Value::Null),
                range.get("end").unwrap_or(&Value::Null),
            )?
        }
        (value, Value::String(key)) => {
            return fail(format!("Cannot index {} with \"{key}\"", kind(value)));
        }
        (Value::Object(_), key) => {
            return fail(format!("Cannot index object with {}", kind(key)));
        }
        (value, key) => return fail(format!("Cannot index {} with {}", kind(value), kind(key))),
    })
}

/// `.[from:to]`.
pub(super) fn slice(value: &Value, from: &Value, to: &Value) -> Result<Value, Stop> {
    let range = |length: usize| -> Result<(usize, usize), Stop> {
        let place = |v: &Value, default: f64, up: bool| -> Result<usize, Stop> {
            let n = match v {
                Value::Null => default,
                Value::Number(n) => n.as_f64().unwrap_or(0.0),
                _ => return fail("Start and end indices of an array slice must be numbers"),
            };
            let n = if n < 0.0 { n + length as f64 } else { n };
            let n = if up { n.ceil() } else { n.floor() };
            Ok((n.max(0.0) as usize).min(length))
        };
        let (start, end) = (place(from, 0.0, false)?, place(to, length as f64, true)?);
        Ok((start, end.max(start)))
    };
    Ok(match value {
        Value::Null => Value::Null,
        Value::Array(list) => {
            let (start, end) = range(list.len())?;
            Value::from(list[start..end].to_vec())
        }
        Value::String(text) => {
            let chars: Vec<char> = text.chars().collect();
            let (start, end) = range(chars.len())?;
            Value::from(chars[start..end].iter().collect::<String>())
        }
        other => return fail(format!("Cannot index {} with object", kind(other))),
    })
}

/// The value at a path; `null` where there is nothing.
pub(super) fn get_path(value: &Value, path: &[Value]) -> Result<Value, Stop> {
    let mut value = value.clone();
    for key in path {
        if value.is_null() {
            return Ok(Value::Null);
        }
        value = index(&value, key)?;
    }
    Ok(value)
}

/// The value with another one at a path.
pub(super) fn set_path(value: Value, path: &[Value], new: Value) -> Result<Value, Stop> {
    let Some((key, rest)) = path.split_first() else { return Ok(new) };
    match (value, key) {
        (Value::Null, Value::String(_)) => set_path(Value::Object(Map::new()), path, new),
        (Value::Null, Value::Number(_)) => set_path(Value::Array(Vec::new()), path, new),
        (Value::Null, Value::Object(_)) => set_path(Value::Array(Vec::new()), path, new),
        (Value::Object(mut map), Value::String(key)) => {
            let old = map.get(key).cloned().unwrap_or(Value::Null);
            map.insert(key.clone(), set_path(old, rest, new)?);
            Ok(Value::Object(map))
        }
        (Value::Array(mut list), Value::Number(n)) => {
            let n = n.as_f64().unwrap_or(0.0) as i64;
            let at = if n < 0 { n + list.len() as i64 } else { n };
            let Ok(at) = usize::try_from(at) else {
                return fail("Out of bounds negative array index");
            };
            if at > 1_000_000 {
                return fail("Array index too large");
            }
            while list.len() <= at {
                list.push(Value::Null);
            }
            let old = list[at].take();
            list[at] = set_path(old, rest, new)?;
            Ok(Value::Array(list))
        }
        (Value::Array(list), Value::Object(range)) => {
            let (from, to) = (
                range.get("start").unwrap_or(&Value::Null),
                range.get("end").unwrap_or(&Value::Null),
            );
            let whole = Value::Array(list);
            let part = slice(&whole, from, to)?;
            let Value::Array(new) = set_path(part, rest, new)? else {
                return fail("A slice of an array can only be assigned another array");
            };
            let head = slice(&whole, &Value::from(0), from)?;
            let tail = if to.is_null() {
                Value::from(Vec::<Value>::new())
            } else {
                slice(&whole, to, &Value::Null)?
            };
            let (Value::Array(mut list), Value::Array(tail)) = (head, tail) else {
                return Ok(Value::Null);
            };
            if from.is_null() {
                list.clear();
            }
            list.extend(new);
            list.extend(tail);
            Ok(Value::Array(list))
        }
        (value, Value::String(key)) => {
            fail(format!("Cannot index {} with \"{key}\"", kind(&value)))
        }
        (value, key) => fail(format!("Cannot index {} with {}", kind(&value), kind(key))),
    }
}

impl Machine {
    pub(super) fn new(inputs: Vec<Value>, variables: Value, now: f64) -> Machine {
        Machine { steps: 0, depth: 0, next_label: 0, inputs, variables, now }
    }

    /// Counts a step.
    pub(super) fn tick(&mut self) -> Flow {
        self.steps += 1;
        if self.steps > MAX_STEPS { Err(Stop::TooLong) } else { Ok(()) }
    }

    fn enter(&mut self) -> Flow {
        self.depth += 1;
        self.tick()?;
        if self.depth > MAX_DEPTH {
            return fail("nested too deep");
        }
        Ok(())
    }

    /// Evaluates a filter on a value; every result goes to `out`.
    pub(super) fn eval(&mut self, expr: &Expr, env: &Env, value: &Value, out: Out) -> Flow {
        let entered = self.enter();
        let result = match entered {
            Ok(()) => self.eval_inner(expr, env, value, out),
            Err(stop) => Err(stop),
        };
        self.depth -= 1;
        result
    }

    /// All results of a filter.
    pub(super) fn all(
        &mut self,
        expr: &Expr,
        env: &Env,
        value: &Value,
    ) -> Result<Vec<Value>, Stop> {
        let mut results = Vec::new();
        self.eval(expr, env, value, &mut |_, v| {
            results.push(v);
            Ok(())
        })?;
        Ok(results)
    }

    /// Runs with a label that `break` leaves.
    pub(super) fn labelled(&mut self, run: impl FnOnce(&mut Self, usize) -> Flow) -> Flow {
        self.next_label += 1;
        let label = self.next_label;
        match run(self, label) {
            Err(Stop::Break(to)) if to == label => Ok(()),
            flow => flow,
        }
    }

    /// Every case has a function of its own, so that deep filters need little stack.
    fn eval_inner(&mut self, expr: &Expr, env: &Env, value: &Value, out: Out) -> Flow {
        match expr {
            Expr::Identity => out(self, value.clone()),
            Expr::RecurseAll => recurse(self, value, out),
            Expr::Literal(literal) => out(self, literal.clone()),
            Expr::Text(format, parts) => {
                self.text(format.as_deref(), parts, String::new(), env, value, out)
            }
            Expr::Format(name) => self.formatted(name, value, out),
            Expr::Variable(name) => self.variable(name, env, out),
            Expr::Field(term, key) => self.field(term, key, env, value, out),
            Expr::Slice(term, from, to) => {
                self.sliced(term, from.as_deref(), to.as_deref(), env, value, out)
            }
            Expr::Iterate(term) => self.eval(term, env, value, &mut |m, v| iterate(m, v, out)),
            Expr::Array(inner) => self.array(inner.as_deref(), env, value, out),
            Expr::Object(entries) => self.object(entries, Map::new(), env, value, out),
            Expr::Negate(inner) => self.negated(inner, env, value, out),
            Expr::Pipe(a, b) => self.eval(a, env, value, &mut |m, v| m.eval(b, env, &v, out)),
            Expr::Comma(a, b) => {
                self.eval(a, env, value, out)?;
                self.eval(b, env, value, out)
            }
            Expr::Binary(op, a, b) => self.operated(op, a, b, env, value, out),
            Expr::And(a, b) => self.logical(true, a, b, env, value, out),
            Expr::Or(a, b) => self.logical(false, a, b, env, value, out),
            Expr::Alternative(a, b) => self.alternative(a, b, env, value, out),
            Expr::Assign(op, target, source) => self.assign(op, target, source, env, value, out),
            Expr::If(cases, other) => self.choose(cases, other.as_deref(), env, value, out),
            Expr::Try(body, catch) => self.try_catch(body, catch.as_deref(), env, value, out),
            Expr::Reduce(source, pattern, first, update) => {
                self.reduced((source, pattern, first, update), env, value, out)
            }
            Expr::Foreach(source, pattern, first, update, extract) => {
                self.for_each((source, pattern, first, update), extract.as_deref(), env, value, out)
            }
            Expr::As(source, pattern, body) => self.eval(source, env, value, &mut |m, item| {
                m.bound(pattern, &item, env, &mut |m, env| m.eval(body, env, value, out))
            }),
            Expr::Define(definition, rest) => self.defined(definition, rest, env, value, out),
            Expr::Call(name, arguments) => self.call(name, arguments, env, value, out),
            Expr::Label(name, body) => self.labelled(|m, label| {
                let env = env.with(Bound::Label(name.clone(), label));
                m.eval(body, &env, value, out)
            }),
            Expr::Break(name) => self.broken(name, env),
        }
    }

    fn formatted(&mut self, name: &str, value: &Value, out: Out) -> Flow {
        let text = builtins::format(name, value)?;
        out(self, Value::from(text))
    }

    fn field(&mut self, term: &Expr, key: &Expr, env: &Env, value: &Value, out: Out) -> Flow {
        self.eval(key, env, value, &mut |m, key| {
            m.eval(term, env, value, &mut |m, v| {
                let found = index(&v, &key)?;
                out(m, found)
            })
        })
    }

    fn sliced(
        &mut self,
        term: &Expr,
        from: Option<&Expr>,
        to: Option<&Expr>,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let null = Expr::Literal(Value::Null);
        let (from, to) = (from.unwrap_or(&null), to.unwrap_or(&null));
        self.eval(to, env, value, &mut |m, to| {
            m.eval(from, env, value, &mut |m, from| {
                m.eval(term, env, value, &mut |m, v| {
                    let part = slice(&v, &from, &to)?;
                    out(m, part)
                })
            })
        })
    }

    fn array(&mut self, inner: Option<&Expr>, env: &Env, value: &Value, out: Out) -> Flow {
        let list = match inner {
            Some(inner) => self.all(inner, env, value)?,
            None => Vec::new(),
        };
        out(self, Value::from(list))
    }

    fn negated(&mut self, inner: &Expr, env: &Env, value: &Value, out: Out) -> Flow {
        self.eval(inner, env, value, &mut |m, v| match v.as_f64() {
            Some(n) => out(m, number(-n)),
            None => fail(format!("{} cannot be negated", shown(&v))),
        })
    }

    fn operated(
        &mut self,
        op: &str,
        a: &Expr,
        b: &Expr,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        self.eval(b, env, value, &mut |m, right| {
            m.eval(a, env, value, &mut |m, left| {
                let result = builtins::binary(op, left, right.clone())?;
                out(m, result)
            })
        })
    }

    /// `and` (`all`) and `or`: the second filter is asked only when the first does not decide.
    fn logical(
        &mut self,
        all: bool,
        a: &Expr,
        b: &Expr,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        self.eval(a, env, value, &mut |m, left| {
            if is_true(&left) != all {
                return out(m, Value::from(!all));
            }
            m.eval(b, env, value, &mut |m, right| out(m, Value::from(is_true(&right))))
        })
    }

    fn alternative(&mut self, a: &Expr, b: &Expr, env: &Env, value: &Value, out: Out) -> Flow {
        let mut any = false;
        let flow = self.eval(a, env, value, &mut |m, v| {
            if !is_true(&v) {
                return Ok(());
            }
            any = true;
            out(m, v)
        });
        match flow {
            Err(Stop::Error(_)) | Ok(()) if !any => self.eval(b, env, value, out),
            Err(Stop::Error(_)) => Ok(()),
            flow => flow,
        }
    }

    fn reduced(
        &mut self,
        (source, pattern, first, update): (&Expr, &Pattern, &Expr, &Expr),
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        self.eval(first, env, value, &mut |m, first| {
            let mut state = first;
            m.eval(source, env, value, &mut |m, item| {
                m.bound(pattern, &item, env, &mut |m, env| {
                    let mut last = Value::Null;
                    m.eval(update, env, &state, &mut |_, v| {
                        last = v;
                        Ok(())
                    })?;
                    state = last;
                    Ok(())
                })
            })?;
            out(m, state.take())
        })
    }

    fn for_each(
        &mut self,
        (source, pattern, first, update): (&Expr, &Pattern, &Expr, &Expr),
        extract: Option<&Expr>,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        self.eval(first, env, value, &mut |m, first| {
            let mut state = first;
            m.eval(source, env, value, &mut |m, item| {
                m.bound(pattern, &item, env, &mut |m, env| {
                    let before = state.clone();
                    m.eval(update, env, &before, &mut |m, v| {
                        state = v.clone();
                        match extract {
                            Some(extract) => m.eval(extract, env, &v, out),
                            None => out(m, v),
                        }
                    })
                })
            })
        })
    }

    fn defined(
        &mut self,
        definition: &Rc<Definition>,
        rest: &Expr,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let env = env.with(Bound::Function(definition.clone()));
        self.eval(rest, &env, value, out)
    }

    fn broken(&mut self, name: &str, env: &Env) -> Flow {
        let label = env.nodes().find_map(|(_, node)| match &node.bound {
            Bound::Label(n, label) if n == name => Some(*label),
            _ => None,
        });
        match label {
            Some(label) => Err(Stop::Break(label)),
            None => fail(format!("$*label-{name} is not defined")),
        }
    }

    fn variable(&mut self, name: &str, env: &Env, out: Out) -> Flow {
        let found = env.nodes().find_map(|(_, node)| match &node.bound {
            Bound::Variable(n, value) if n == name => Some(value.clone()),
            _ => None,
        });
        let value = match found {
            Some(value) => value,
            None if name == "ENV" => self.variables.clone(),
            None if name == "__loc__" => serde_json::json!({"file": "<top-level>", "line": 1}),
            None => return fail(format!("${name} is not defined")),
        };
        out(self, value)
    }

    fn text(
        &mut self,
        format: Option<&str>,
        parts: &[TextPart],
        done: String,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let Some((first, rest)) = parts.split_first() else { return out(self, Value::from(done)) };
        match first {
            TextPart::Text(text) => self.text(format, rest, done + text, env, value, out),
            TextPart::Inner(expr) => self.eval(expr, env, value, &mut |m, v| {
                let part = builtins::format(format.unwrap_or("text"), &v)?;
                m.text(format, rest, format!("{done}{part}"), env, value, out)
            }),
        }
    }

    fn object(
        &mut self,
        entries: &[(Expr, Expr)],
        done: Map<String, Value>,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let Some(((key, item), rest)) = entries.split_first() else {
            return out(self, Value::Object(done));
        };
        self.eval(key, env, value, &mut |m, key| {
            let Value::String(key) = key else {
                return fail(format!("Object keys must be strings, not {}", shown(&key)));
            };
            m.eval(item, env, value, &mut |m, v| {
                let mut next = done.clone();
                next.insert(key.clone(), v);
                m.object(rest, next, env, value, out)
            })
        })
    }

    fn choose(
        &mut self,
        cases: &[(Expr, Expr)],
        other: Option<&Expr>,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let Some(((condition, then), rest)) = cases.split_first() else {
            return match other {
                Some(other) => self.eval(other, env, value, out),
                None => out(self, value.clone()),
            };
        };
        self.eval(condition, env, value, &mut |m, truth| {
            if is_true(&truth) {
                m.eval(then, env, value, out)
            } else {
                m.choose(rest, other, env, value, out)
            }
        })
    }

    /// Errors of the body are caught, those of what takes its results are not.
    fn try_catch(
        &mut self,
        body: &Expr,
        catch: Option<&Expr>,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let mut from_outside = None;
        let flow = self.eval(body, env, value, &mut |m, v| {
            out(m, v).inspect_err(|stop| from_outside = Some(stop.clone()))
        });
        if let Some(stop) = from_outside {
            return Err(stop);
        }
        match flow {
            Err(Stop::Error(error)) => match catch {
                Some(catch) => self.eval(catch, env, &error, out),
                None => Ok(()),
            },
            flow => flow,
        }
    }

    /// Binds a pattern's variables, once for every combination.
    fn bound(
        &mut self,
        pattern: &Pattern,
        value: &Value,
        env: &Env,
        run: &mut dyn FnMut(&mut Machine, &Env) -> Flow,
    ) -> Flow {
        match pattern {
            Pattern::Variable(name) => run(self, &env.bind(name, value.clone())),
            Pattern::Array(parts) => self.bound_list(parts, 0, value, env, run),
            Pattern::Object(parts) => self.bound_map(parts, value, env, run),
        }
    }

    fn bound_list(
        &mut self,
        parts: &[Pattern],
        at: usize,
        value: &Value,
        env: &Env,
        run: &mut dyn FnMut(&mut Machine, &Env) -> Flow,
    ) -> Flow {
        let Some(part) = parts.get(at) else { return run(self, env) };
        let item = index(value, &Value::from(at))?;
        self.bound(part, &item, env, &mut |m, env| m.bound_list(parts, at + 1, value, env, run))
    }

    fn bound_map(
        &mut self,
        parts: &[(Expr, Pattern)],
        value: &Value,
        env: &Env,
        run: &mut dyn FnMut(&mut Machine, &Env) -> Flow,
    ) -> Flow {
        let Some(((key, part), rest)) = parts.split_first() else { return run(self, env) };
        self.eval(key, env, value, &mut |m, key| {
            let item = index(value, &key)?;
            m.bound(part, &item, env, &mut |m, env| m.bound_map(rest, value, env, run))
        })
    }

    // --- calls ---

    /// What a name with so many arguments means here.
    fn lookup(&self, name: &str, count: usize, env: &Env) -> Option<(Callee, Env)> {
        env.nodes().find_map(|(here, node)| match &node.bound {
            Bound::Function(definition)
                if definition.name == name && definition.params.len() == count =>
            {
                // A function sees itself.
                Some((Callee::Function(definition.clone()), here.clone()))
            }
            Bound::Closure(n, expr, env) if n == name && count == 0 => {
                Some((Callee::Closure(expr.clone()), env.clone()))
            }
            _ => None,
        })
    }

    /// The names that a function's body sees: its parameters before those of its place. Values of `$x` parameters
    /// are bound for each of their results.
    fn with_arguments(
        &mut self,
        definition: &Definition,
        at: usize,
        arguments: &[Rc<Expr>],
        caller: &Env,
        value: &Value,
        env: Env,
        run: &mut dyn FnMut(&mut Machine, &Env) -> Flow,
    ) -> Flow {
        let (Some(param), Some(argument)) = (definition.params.get(at), arguments.get(at)) else {
            return run(self, &env);
        };
        let Some(name) = param.strip_prefix('$') else {
            let env = env.with(Bound::Closure(param.clone(), argument.clone(), caller.clone()));
            return self.with_arguments(definition, at + 1, arguments, caller, value, env, run);
        };
        self.eval(argument, caller, value, &mut |m, v| {
            let literal = Rc::new(Expr::Literal(v.clone()));
            let env =
                env.bind(name, v).with(Bound::Closure(name.to_owned(), literal, Env::default()));
            m.with_arguments(definition, at + 1, arguments, caller, value, env, run)
        })
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Rc<Expr>],
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        match self.lookup(name, arguments.len(), env) {
            Some((Callee::Closure(expr), env)) => self.eval(&expr, &env, value, out),
            Some((Callee::Function(definition), place)) => {
                self.with_arguments(&definition, 0, arguments, env, value, place, &mut |m, env| {
                    m.eval(&definition.body, env, value, out)
                })
            }
            None => builtins::call(self, name, arguments, env, value, out),
        }
    }

    // --- paths ---

    /// Evaluates a filter that only looks at places: every result comes with its path.
    pub(super) fn paths(
        &mut self,
        expr: &Expr,
        env: &Env,
        at: (Vec<Value>, &Value),
        out: PathOut,
    ) -> Flow {
        let entered = self.enter();
        let result = match entered {
            Ok(()) => self.paths_inner(expr, env, at, out),
            Err(stop) => Err(stop),
        };
        self.depth -= 1;
        result
    }

    fn paths_inner(
        &mut self,
        expr: &Expr,
        env: &Env,
        (path, value): (Vec<Value>, &Value),
        out: PathOut,
    ) -> Flow {
        let longer = |path: &[Value], key: Value| [path, &[key]].concat();
        match expr {
            Expr::Identity => out(self, path, value.clone()),
            Expr::RecurseAll => recurse_paths(self, path, value, out),
            Expr::Field(term, key) => self.eval(key, env, value, &mut |m, key| {
                m.paths(term, env, (path.clone(), value), &mut |m, path, v| {
                    let found = index(&v, &key)?;
                    out(m, longer(&path, key.clone()), found)
                })
            }),
            Expr::Slice(term, from, to) => {
                let null = Rc::new(Expr::Literal(Value::Null));
                let (from, to) = (from.as_ref().unwrap_or(&null), to.as_ref().unwrap_or(&null));
                self.eval(to, env, value, &mut |m, to| {
                    m.eval(from, env, value, &mut |m, from| {
                        m.paths(term, env, (path.clone(), value), &mut |m, path, v| {
                            let part = slice(&v, &from, &to)?;
                            let key = serde_json::json!({"start": from, "end": to});
                            out(m, longer(&path, key), part)
                        })
                    })
                })
            }
            Expr::Iterate(term) => self.paths(term, env, (path, value), &mut |m, path, v| {
                for key in keys(&v)? {
                    let item = index(&v, &key)?;
                    out(m, longer(&path, key), item)?;
                }
                Ok(())
            }),
            Expr::Pipe(a, b) => self
                .paths(a, env, (path, value), &mut |m, path, v| m.paths(b, env, (path, &v), out)),
            Expr::Comma(a, b) => {
                self.paths(a, env, (path.clone(), value), out)?;
                self.paths(b, env, (path, value), out)
            }
            Expr::If(cases, other) => {
                for (condition, then) in cases {
                    let truth = self.all(condition, env, value)?.first().is_some_and(is_true);
                    if truth {
                        return self.paths(then, env, (path, value), out);
                    }
                }
                match other {
                    Some(other) => self.paths(other, env, (path, value), out),
                    None => out(self, path, value.clone()),
                }
            }
            Expr::Alternative(a, b) => {
                let mut found = Vec::new();
                let flow = self.paths(a, env, (path.clone(), value), &mut |_, path, v| {
                    if is_true(&v) {
                        found.push((path, v));
                    }
                    Ok(())
                });
                match flow {
                    Ok(()) | Err(Stop::Error(_)) => {}
                    Err(stop) => return Err(stop),
                }
                if found.is_empty() {
                    return self.paths(b, env, (path, value), out);
                }
                found.into_iter().try_for_each(|(path, v)| out(self, path, v))
            }
            Expr::Try(body, _) => {
                let mut from_outside = None;
                let flow = self.paths(body, env, (path, value), &mut |m, path, v| {
                    out(m, path, v).inspect_err(|stop| from_outside = Some(stop.clone()))
                });
                match (from_outside, flow) {
                    (Some(stop), _) => Err(stop),
                    (None, Err(Stop::Error(_))) => Ok(()),
                    (None, flow) => flow,
                }
            }
            Expr::As(source, pattern, body) => self.eval(source, env, value, &mut |m, item| {
                m.bound(pattern, &item, env, &mut |m, env| {
                    m.paths(body, env, (path.clone(), value), out)
                })
            }),
            Expr::Define(definition, rest) => {
                let env = env.with(Bound::Function(definition.clone()));
                self.paths(rest, &env, (path, value), out)
            }
            Expr::Call(name, arguments) => match self.lookup(name, arguments.len(), env) {
                Some((Callee::Closure(expr), env)) => self.paths(&expr, &env, (path, value), out),
                Some((Callee::Function(definition), place)) => self.with_arguments(
                    &definition,
                    0,
                    arguments,
                    env,
                    value,
                    place,
                    &mut |m, env| m.paths(&definition.body, env, (path.clone(), value), out),
                ),
                None => builtins::call_paths(self, name, arguments, env, (path, value), out),
            },
            _ => {
                let result = self.all(expr, env, value)?;
                match result.first() {
                    None => Ok(()),
                    Some(v) => {
                        fail(format!("Invalid path expression with result {}", shown_short(v)))
                    }
                }
            }
        }
    }

    fn assign(
        &mut self,
        op: &str,
        target: &Expr,
        source: &Expr,
        env: &Env,
        value: &Value,
        out: Out,
    ) -> Flow {
        let mut places = Vec::new();
        self.paths(target, env, (Vec::new(), value), &mut |_, path, _| {
            places.push(path);
            Ok(())
        })?;
        if op == "|=" {
            let mut result = value.clone();
            let mut gone = Vec::new();
            for path in places {
                let old = get_path(&result, &path)?;
                let mut new = None;
                self.labelled(|m, label| {
                    m.eval(source, env, &old, &mut |_, v| {
                        new = Some(v);
                        Err(Stop::Break(label))
                    })
                })?;
                match new {
                    Some(new) => result = set_path(result, &path, new)?,
                    None => gone.push(path),
                }
            }
            let result = builtins::delete_paths(result, gone)?;
            return out(self, result);
        }
        self.eval(source, env, value, &mut |m, v| {
            let mut result = value.clone();
            for path in &places {
                let new = match op {
                    "=" => v.clone(),
                    "//=" => {
                        let old = get_path(&result, path)?;
                        if is_true(&old) { old } else { v.clone() }
                    }
                    op => {
                        let old = get_path(&result, path)?;
                        builtins::binary(op.trim_end_matches('='), old, v.clone())?
                    }
                };
                result = set_path(result, path, new)?;
            }
            out(m, result)
        })
    }
}

enum Callee {
    Function(Rc<Definition>),
    Closure(Rc<Expr>),
}

fn shown_short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 30 { text.chars().take(27).collect::<String>() + "..." } else { text }
}

/// The keys of an object in order of their insertion, or the places of an array.
pub(super) fn keys(value: &Value) -> Result<Vec<Value>, Stop> {
    match value {
        Value::Array(list) => Ok((0..list.len()).map(Value::from).collect()),
        Value::Object(map) => Ok(map.keys().map(|k| Value::from(k.as_str())).collect()),
        Value::Null => fail("Cannot iterate over null"),
        other => fail(format!("Cannot iterate over {}", shown(other))),
    }
}

/// `.[]`.
pub(super) fn iterate(machine: &mut Machine, value: Value, out: Out) -> Flow {
    match value {
        Value::Array(list) => list.into_iter().try_for_each(|v| out(machine, v)),
        Value::Object(map) => map.into_iter().try_for_each(|(_, v)| out(machine, v)),
        Value::Null => fail("Cannot iterate over null (null)"),
        other => fail(format!("Cannot iterate over {}", shown(&other))),
    }
}

/// `..`.
fn recurse(machine: &mut Machine, value: &Value, out: Out) -> Flow {
    machine.enter()?;
    out(machine, value.clone())?;
    match value {
        Value::Array(list) => list.iter().try_for_each(|v| recurse(machine, v, out))?,
        Value::Object(map) => map.values().try_for_each(|v| recurse(machine, v, out))?,
        _ => {}
    }
    machine.depth -= 1;
    Ok(())
}

fn recurse_paths(machine: &mut Machine, path: Vec<Value>, value: &Value, out: PathOut) -> Flow {
    machine.enter()?;
    out(machine, path.clone(), value.clone())?;
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        for key in keys(value)? {
            let item = index(value, &key)?;
            recurse_paths(machine, [path.as_slice(), &[key]].concat(), &item, out)?;
        }
    }
    machine.depth -= 1;
    Ok(())
}
