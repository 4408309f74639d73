//! Runs awk programs: values, fields, variables, functions.

use std::rc::Rc;

use crate::base::ordered::OrdMap;
use crate::base::rng::Draw;
use crate::base::sort::InOrder;
use crate::os::{Fd, OpenFlags, STDERR, Sys};
use crate::programs::support::format::{Piece, pieces};
use crate::programs::support::input::flush;
use crate::programs::support::regex::{Regex, Syntax};

use super::parse::{Expr, Name, Pattern, Place, Script, Stmt};

/// Most operations in one action.
const MAX_STEPS: usize = 20_000_000;
/// Deepest calls of functions.
const MAX_CALLS: usize = 150;
/// Highest field number.
const MAX_FIELD: usize = 100_000;
/// Most bytes of one text.
const MAX_TEXT: usize = 8 << 20;

const NF: usize = 0;
const NR: usize = 1;
const FNR: usize = 2;
const FS: usize = 3;
const OFS: usize = 4;
const ORS: usize = 5;
pub(super) const RS: usize = 6;
const FILENAME: usize = 7;
const SUBSEP: usize = 8;
const RSTART: usize = 9;
const RLENGTH: usize = 10;
const CONVFMT: usize = 11;
const OFMT: usize = 12;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Val {
    Nothing,
    Number(f64),
    Text(Rc<str>),
    /// Input that looks like a number compares as one.
    Input(Rc<str>, f64),
}

/// A variable: its value, and its array if it has one.
#[derive(Clone, Debug)]
struct Slot {
    value: Val,
    array: Option<usize>,
}

/// Why an action ends early.
#[derive(Debug)]
pub(super) enum Stop {
    Next,
    Exit(i32),
    Return(Val),
    Break,
    Continue,
    Fail(String),
}

type Run<T> = Result<T, Stop>;

/// A running program.
#[derive(Clone)]
pub(super) struct Machine {
    pub(super) script: Rc<Script>,
    globals: Vec<Slot>,
    frames: Vec<Vec<Slot>>,
    arrays: Vec<OrdMap<Rc<str>, Val>>,
    record: Rc<str>,
    fields: Vec<Val>,
    /// Whether `fields` belongs to `record`, and the other way round.
    fields_valid: bool,
    record_valid: bool,
    /// Which range patterns are open.
    open: Vec<bool>,
    regexes: OrdMap<String, Regex>,
    pub(super) out: Vec<u8>,
    files: OrdMap<String, Fd>,
    /// Text for commands, which run at the end: `print | "sort"`.
    pub(super) commands: Vec<(String, Vec<u8>)>,
    /// Files read by `getline < file`: what is left of them.
    reading: OrdMap<String, Vec<String>>,
    /// The main input, when actions read it themselves.
    pub(super) ahead: std::collections::VecDeque<String>,
    rng: Draw,
    seed: f64,
    steps: usize,
}

/// The number that a text begins with.
fn to_number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut end = 0;
    let (mut digits, mut point, mut exponent) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => digits = true,
            '+' | '-' if at == 0 || matches!(text.as_bytes()[at - 1], b'e' | b'E') && exponent => {}
            '.' if !point && !exponent => point = true,
            'e' | 'E' if digits && !exponent => exponent = true,
            _ => break,
        }
        end = at + 1;
    }
    let mut number = &text[..end];
    while !number.is_empty() {
        if let Ok(value) = number.parse::<f64>() {
            return value;
        }
        number = &number[..number.len() - 1];
    }
    0.0
}

/// A piece of input as a value.
pub(super) fn input(text: &str) -> Val {
    let trimmed = text.trim();
    let numeric = trimmed.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    match trimmed.parse::<f64>() {
        Ok(value) if numeric => Val::Input(Rc::from(text), value),
        _ => Val::Text(Rc::from(text)),
    }
}

impl Val {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Val {
        Val::Text(text.into())
    }

    fn number(&self) -> f64 {
        match self {
            Val::Nothing => 0.0,
            Val::Number(n) | Val::Input(_, n) => *n,
            Val::Text(text) => to_number(text),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Val::Nothing => false,
            Val::Number(n) | Val::Input(_, n) => *n != 0.0,
            Val::Text(text) => !text.is_empty(),
        }
    }
}

fn show_number(n: f64, format: &str) -> String {
    if n.fract() == 0.0 && n.abs() < 1e16 {
        return format!("{}", n as i64);
    }
    for piece in pieces(format) {
        if let Piece::Field(directive, ..) = piece {
            return directive.float(n);
        }
    }
    n.to_string()
}

impl Machine {
    pub(super) fn new(script: Rc<Script>, rng: Draw) -> Machine {
        let count = script.globals.len();
        let mut machine = Machine {
            open: vec![false; script.rules.len()],
            script,
            globals: vec![Slot { value: Val::Nothing, array: None }; count],
            frames: Vec::new(),
            arrays: Vec::new(),
            record: Rc::from(""),
            fields: Vec::new(),
            fields_valid: true,
            record_valid: true,
            regexes: OrdMap::new(),
            out: Vec::new(),
            files: OrdMap::new(),
            commands: Vec::new(),
            reading: OrdMap::new(),
            ahead: std::collections::VecDeque::new(),
            rng,
            seed: 0.0,
            steps: 0,
        };
        for (at, value) in [
            (FS, " "),
            (OFS, " "),
            (ORS, "\n"),
            (RS, "\n"),
            (SUBSEP, "\x1c"),
            (CONVFMT, "%.6g"),
            (OFMT, "%.6g"),
        ] {
            machine.globals[at].value = Val::text(value);
        }
        for at in [NF, NR, FNR] {
            machine.globals[at].value = Val::Number(0.0);
        }
        machine
    }

    /// Sets a variable by its name (`-v`, operands).
    pub(super) fn set(&mut self, name: &str, value: Val) {
        if let Some(at) = self.script.globals.get(name).copied() {
            self.assign_global(at, value);
        }
    }

    pub(super) fn set_array(
        &mut self,
        name: &str,
        entries: impl Iterator<Item = (String, String)>,
    ) {
        if let Some(at) = self.script.globals.get(name).copied() {
            let id = self.array_of(Name::Global(at));
            for (key, value) in entries {
                self.arrays[id].insert(Rc::from(key), input(&value));
            }
        }
    }

    pub(super) fn begin_file(&mut self, name: &str) {
        self.globals[FILENAME].value = Val::text(if name == "-" { "" } else { name });
        self.globals[FNR].value = Val::Number(0.0);
    }

    /// What ends a record.
    pub(super) fn separator(&self) -> String {
        self.str(&self.globals[RS].value)
    }

    fn str(&self, value: &Val) -> String {
        match value {
            Val::Nothing => String::new(),
            Val::Text(text) | Val::Input(text, _) => text.to_string(),
            Val::Number(n) => match &self.globals[CONVFMT].value {
                Val::Text(format) => show_number(*n, format),
                _ => show_number(*n, "%.6g"),
            },
        }
    }

    fn special(&self, at: usize) -> String {
        self.str(&self.globals[at].value)
    }

    fn step(&mut self) -> Run<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Stop::Fail("the program does not come to an end".to_owned()));
        }
        Ok(())
    }

    // --- records and fields ---

    fn count_record(&mut self) {
        for at in [NR, FNR] {
            self.globals[at].value = Val::Number(self.globals[at].value.number() + 1.0);
        }
    }

    fn set_record(&mut self, text: &str) {
        self.record = Rc::from(text);
        self.record_valid = true;
        self.fields_valid = false;
    }

    fn split_record(&mut self) {
        if self.fields_valid {
            return;
        }
        let record = self.record.clone();
        let separator = self.special(FS);
        self.fields = self.split(&record, &separator).iter().map(|f| input(f)).collect();
        self.fields_valid = true;
        self.globals[NF].value = Val::Number(self.fields.len() as f64);
    }

    fn split(&mut self, text: &str, separator: &str) -> Vec<String> {
        if text.is_empty() {
            return Vec::new();
        }
        let paragraph = self.special(RS).is_empty();
        if separator == " " {
            return text.split_whitespace().map(str::to_owned).collect();
        }
        if separator.is_empty() {
            return text.chars().map(String::from).collect();
        }
        let mut chars = separator.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && c != '\\'
            && !(paragraph && c != '\n')
        {
            // A single character stands for itself, unless it is a space.
            return text.split(c).map(str::to_owned).collect();
        }
        let Ok(regex) = self.regex(separator) else { return vec![text.to_owned()] };
        let mut parts = Vec::new();
        let (mut start, mut at) = (0, 0);
        while let Some((from, to)) = regex.find_at(text, at).and_then(|c| c[0]) {
            if to == from {
                at = to + text[to..].chars().next().map_or(1, char::len_utf8);
                if at > text.len() {
                    break;
                }
                continue;
            }
            parts.push(text[start..from].to_owned());
            (start, at) = (to, to);
        }
        parts.push(text[start..].to_owned());
        parts
    }

    fn rebuild(&mut self) {
        if self.record_valid {
            return;
        }
        let separator = self.special(OFS);
        let parts: Vec<String> = self.fields.iter().map(|f| self.str(f)).collect();
        self.record = Rc::from(parts.join(&separator));
        self.record_valid = true;
    }

    fn field(&mut self, n: f64) -> Run<Val> {
        if n < 0.0 {
            return Err(Stop::Fail(format!("attempt to access field {n}")));
        }
        let n = n as usize;
        if n == 0 {
            self.rebuild();
            return Ok(input(&self.record.clone()));
        }
        self.split_record();
        Ok(self.fields.get(n - 1).cloned().unwrap_or(Val::Nothing))
    }

    fn set_field(&mut self, n: f64, value: Val) -> Run<()> {
        if n < 0.0 || n > MAX_FIELD as f64 {
            return Err(Stop::Fail(format!("attempt to access field {n}")));
        }
        let n = n as usize;
        let text = self.str(&value);
        if n == 0 {
            self.set_record(&text);
            return Ok(());
        }
        self.split_record();
        while self.fields.len() < n {
            self.fields.push(Val::text(""));
        }
        self.fields[n - 1] = match value {
            Val::Number(_) => Val::Input(Rc::from(text), value.number()),
            _ => Val::text(text),
        };
        self.globals[NF].value = Val::Number(self.fields.len() as f64);
        self.record_valid = false;
        Ok(())
    }

    // --- variables ---

    fn slot(&mut self, name: Name) -> &mut Slot {
        match name {
            Name::Local(at) if !self.frames.is_empty() => {
                let frame = self.frames.len() - 1;
                &mut self.frames[frame][at]
            }
            Name::Global(at) | Name::Local(at) => &mut self.globals[at],
        }
    }

    fn array_of(&mut self, name: Name) -> usize {
        if let Some(id) = self.slot(name).array {
            return id;
        }
        let id = self.arrays.len();
        self.arrays.push(OrdMap::new());
        self.slot(name).array = Some(id);
        id
    }

    fn assign_global(&mut self, at: usize, value: Val) {
        if at == NF {
            self.split_record();
            let count = (value.number().max(0.0) as usize).min(MAX_FIELD);
            self.fields.resize(count, Val::text(""));
            self.record_valid = false;
            self.globals[NF].value = Val::Number(count as f64);
            return;
        }
        self.globals[at].value = value;
    }

    fn key(&mut self, index: &[Expr], sys: &mut Sys) -> Run<Rc<str>> {
        let mut parts = Vec::new();
        for expr in index {
            let value = self.eval(expr, sys)?;
            parts.push(self.str(&value));
        }
        Ok(Rc::from(parts.join(&self.special(SUBSEP))))
    }

    fn get(&mut self, place: &Place, sys: &mut Sys) -> Run<Val> {
        match place {
            Place::Variable(name) => {
                if matches!(name, Name::Global(NF)) {
                    self.split_record();
                }
                Ok(self.slot(*name).value.clone())
            }
            Place::Field(expr) => {
                let n = self.eval(expr, sys)?.number();
                self.field(n)
            }
            Place::Element(name, index) => {
                let key = self.key(index, sys)?;
                let id = self.array_of(*name);
                // Looking at an element makes it.
                Ok(self.arrays[id].entry(key).or_insert(Val::Nothing).clone())
            }
        }
    }

    fn set_place(&mut self, place: &Place, value: Val, sys: &mut Sys) -> Run<()> {
        match place {
            Place::Variable(Name::Global(at)) => self.assign_global(*at, value),
            Place::Variable(name) => self.slot(*name).value = value,
            Place::Field(expr) => {
                let n = self.eval(expr, sys)?.number();
                self.set_field(n, value)?;
            }
            Place::Element(name, index) => {
                let key = self.key(index, sys)?;
                let id = self.array_of(*name);
                self.arrays[id].insert(key, value);
            }
        }
        Ok(())
    }

    // --- expressions ---

    fn regex(&mut self, text: &str) -> Run<Regex> {
        if let Some(regex) = self.regexes.get(text) {
            return Ok(regex.clone());
        }
        let regex = Regex::new(text, Syntax::Extended, false)
            .map_err(|problem| Stop::Fail(format!("{problem}: /{text}/")))?;
        if self.regexes.len() < 200 {
            self.regexes.insert(text.to_owned(), regex.clone());
        }
        Ok(regex)
    }

    fn as_regex(&mut self, expr: &Expr, sys: &mut Sys) -> Run<Regex> {
        if let Expr::Regex(regex) = expr {
            return Ok(regex.clone());
        }
        let value = self.eval(expr, sys)?;
        let text = self.str(&value);
        self.regex(&text)
    }

    fn text_of(&mut self, expr: &Expr, sys: &mut Sys) -> Run<String> {
        let value = self.eval(expr, sys)?;
        Ok(self.str(&value))
    }

    fn compare(&self, op: &str, a: &Val, b: &Val) -> bool {
        let numeric = |v: &Val| matches!(v, Val::Number(_) | Val::Input(..) | Val::Nothing);
        let both_nothing =
            matches!((a, b), (Val::Nothing, Val::Text(_)) | (Val::Text(_), Val::Nothing));
        let order = if numeric(a) && numeric(b) && !both_nothing {
            a.number().partial_cmp(&b.number())
        } else {
            Some(self.str(a).cmp(&self.str(b)))
        };
        let Some(order) = order else { return op == "!=" };
        match op {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        }
    }

    fn eval(&mut self, expr: &Expr, sys: &mut Sys) -> Run<Val> {
        self.step()?;
        let truth = |t: bool| Val::Number(f64::from(u8::from(t)));
        Ok(match expr {
            Expr::Number(n) => Val::Number(*n),
            Expr::Text(text) => Val::text(text.as_str()),
            Expr::Regex(regex) => {
                self.rebuild();
                truth(regex.is_match(&self.record.clone()))
            }
            Expr::Get(place) => self.get(place, sys)?,
            Expr::Assign(op, place, value) => {
                let mut value = self.eval(value, sys)?;
                if *op != "=" {
                    let old = self.get(place, sys)?.number();
                    value =
                        Val::Number(math(op.chars().next().unwrap_or('+'), old, value.number())?);
                }
                self.set_place(place, value.clone(), sys)?;
                value
            }
            Expr::Step { place, by, before } => {
                let old = self.get(place, sys)?.number();
                self.set_place(place, Val::Number(old + by), sys)?;
                Val::Number(if *before { old + by } else { old })
            }
            Expr::Condition(condition, yes, no) => {
                let chosen = if self.eval(condition, sys)?.is_true() { yes } else { no };
                self.eval(chosen, sys)?
            }
            Expr::And(a, b) => truth(self.eval(a, sys)?.is_true() && self.eval(b, sys)?.is_true()),
            Expr::Or(a, b) => truth(self.eval(a, sys)?.is_true() || self.eval(b, sys)?.is_true()),
            Expr::Not(inner) => truth(!self.eval(inner, sys)?.is_true()),
            Expr::Minus(inner) => Val::Number(-self.eval(inner, sys)?.number()),
            Expr::Plus(inner) => Val::Number(self.eval(inner, sys)?.number()),
            Expr::Match(wanted, text, pattern) => {
                let text = self.text_of(text, sys)?;
                let regex = self.as_regex(pattern, sys)?;
                truth(regex.is_match(&text) == *wanted)
            }
            Expr::Compare(op, a, b) => {
                let (a, b) = (self.eval(a, sys)?, self.eval(b, sys)?);
                truth(self.compare(op, &a, &b))
            }
            Expr::Concat(a, b) => {
                let text = self.text_of(a, sys)? + &self.text_of(b, sys)?;
                if text.len() > MAX_TEXT {
                    return Err(Stop::Fail("text too long".to_owned()));
                }
                Val::text(text)
            }
            Expr::Math(op, a, b) => {
                let (a, b) = (self.eval(a, sys)?.number(), self.eval(b, sys)?.number());
                Val::Number(math(*op, a, b)?)
            }
            Expr::In(index, name) => {
                let key = self.key(index, sys)?;
                let id = self.array_of(*name);
                truth(self.arrays[id].contains_key(&key))
            }
            Expr::Call(name, arguments) => self.call(name, arguments, sys)?,
            Expr::Builtin(name, arguments) => self.builtin(name, arguments, sys)?,
            Expr::Getline(place, file) => self.getline(place.as_ref(), file.as_deref(), sys)?,
            Expr::List(list) => {
                let mut last = Val::Nothing;
                for expr in list {
                    last = self.eval(expr, sys)?;
                }
                last
            }
        })
    }

    fn call(&mut self, name: &str, arguments: &[Expr], sys: &mut Sys) -> Run<Val> {
        let script = self.script.clone();
        let Some(function) = script.functions.get(name) else {
            return Err(Stop::Fail(format!("function `{name}' not defined")));
        };
        if self.frames.len() >= MAX_CALLS {
            return Err(Stop::Fail(format!("function `{name}' calls too deep")));
        }
        let mut frame = Vec::new();
        for argument in arguments.iter().take(function.params) {
            // A bare name may be an array, which is shared with the function.
            frame.push(match argument {
                Expr::Get(Place::Variable(name)) => {
                    let value = self.get(&Place::Variable(*name), sys)?;
                    Slot { value, array: Some(self.array_of(*name)) }
                }
                other => Slot { value: self.eval(other, sys)?, array: None },
            });
        }
        frame.resize(function.params, Slot { value: Val::Nothing, array: None });
        self.frames.push(frame);
        let result = self.run(&function.body, sys);
        self.frames.pop();
        match result {
            Ok(()) => Ok(Val::Nothing),
            Err(Stop::Return(value)) => Ok(value),
            Err(stop) => Err(stop),
        }
    }

    fn getline(&mut self, place: Option<&Place>, file: Option<&Expr>, sys: &mut Sys) -> Run<Val> {
        let line = match file {
            None => self.ahead.pop_front(),
            Some(file) => {
                let name = self.text_of(file, sys)?;
                if !self.reading.contains_key(&name) {
                    let Ok(bytes) = sys.read_file(&name) else { return Ok(Val::Number(-1.0)) };
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.reading
                        .insert(name.clone(), text.lines().rev().map(str::to_owned).collect());
                }
                self.reading.get_mut(&name).and_then(Vec::pop)
            }
        };
        let Some(line) = line else { return Ok(Val::Number(0.0)) };
        if file.is_none() {
            self.count_record();
        }
        match place {
            Some(place) => self.set_place(place, input(&line), sys)?,
            None => self.set_record(&line),
        }
        Ok(Val::Number(1.0))
    }

    fn builtin(&mut self, name: &str, arguments: &[Expr], sys: &mut Sys) -> Run<Val> {
        let wrong = || Stop::Fail(format!("wrong number of arguments to {name}"));
        let number = |n: f64| Ok(Val::Number(n));
        match name {
            "length" => {
                if let Some(Expr::Get(Place::Variable(name))) = arguments.first()
                    && let Some(id) = self.slot(*name).array
                    && matches!(self.slot(*name).value, Val::Nothing)
                {
                    return number(self.arrays[id].len() as f64);
                }
                let text = match arguments.first() {
                    Some(expr) => self.text_of(expr, sys)?,
                    None => {
                        let value = self.field(0.0)?;
                        self.str(&value)
                    }
                };
                return number(text.chars().count() as f64);
            }
            "split" => return self.split_into(arguments, sys),
            "sub" | "gsub" => return self.substitute(name == "gsub", arguments, sys),
            "match" => {
                let [text, pattern, ..] = arguments else { return Err(wrong()) };
                let text = self.text_of(text, sys)?;
                let regex = self.as_regex(pattern, sys)?;
                let found = regex.find_at(&text, 0);
                let (start, length) = match found.as_ref().and_then(|c| c[0]) {
                    Some((from, to)) => (
                        (text[..from].chars().count() + 1) as f64,
                        text[from..to].chars().count() as f64,
                    ),
                    None => (0.0, -1.0),
                };
                if let (Some(Expr::Get(Place::Variable(name))), Some(captures)) =
                    (arguments.get(2), &found)
                {
                    let id = self.array_of(*name);
                    let groups = captures.iter().enumerate().filter_map(|(n, group)| {
                        group.map(|(from, to)| (Rc::from(n.to_string()), input(&text[from..to])))
                    });
                    self.arrays[id] = groups.collect();
                }
                self.globals[RSTART].value = Val::Number(start);
                self.globals[RLENGTH].value = Val::Number(length);
                return number(start);
            }
            "sprintf" => {
                let text = self.format(arguments, sys)?;
                return Ok(Val::text(text));
            }
            "system" => return Err(Stop::Fail("system() is not simulated".to_owned())),
            "gensub" => {
                let [pattern, replacement, how, ..] = arguments else { return Err(wrong()) };
                let regex = self.as_regex(pattern, sys)?;
                let replacement = self.text_of(replacement, sys)?;
                let how = self.text_of(how, sys)?;
                let text = match arguments.get(3) {
                    Some(expr) => self.text_of(expr, sys)?,
                    None => {
                        let value = self.field(0.0)?;
                        self.str(&value)
                    }
                };
                let nth = how.parse::<usize>().ok();
                return Ok(Val::text(replaced(&regex, &text, &replacement, nth, true).0));
            }
            _ => {}
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.eval(argument, sys)?);
        }
        let n = |at: usize| values.get(at).map(Val::number).ok_or_else(wrong);
        let text = |at: usize| values.get(at).map(|v| self.str(v)).ok_or_else(wrong);
        match name {
            "substr" => {
                let text = text(0)?;
                let start = n(1)?.round();
                let end = if values.len() > 2 { start + n(2)?.round() } else { f64::INFINITY };
                let part = (1..).zip(text.chars()).filter(|(at, _)| {
                    let at = f64::from(*at);
                    at >= start && at < end
                });
                Ok(Val::text(part.map(|(_, c)| c).collect::<String>()))
            }
            "index" => {
                let (text, part) = (text(0)?, text(1)?);
                number(text.find(&part).map_or(0.0, |at| (text[..at].chars().count() + 1) as f64))
            }
            "tolower" => Ok(Val::text(text(0)?.to_lowercase())),
            "toupper" => Ok(Val::text(text(0)?.to_uppercase())),
            "sin" => number(n(0)?.sin()),
            "cos" => number(n(0)?.cos()),
            "atan2" => number(n(0)?.atan2(n(1)?)),
            "exp" => number(n(0)?.exp()),
            "log" => number(n(0)?.ln()),
            "sqrt" => number(n(0)?.sqrt()),
            "int" => number(n(0)?.trunc()),
            "rand" => number(self.rng.unit()),
            "srand" => {
                let old = self.seed;
                self.seed = if values.is_empty() { sys.now().unix_s() as f64 } else { n(0)? };
                self.rng = sys.rng("awk", self.seed.to_bits());
                number(old)
            }
            "systime" => number(sys.now().unix_s() as f64),
            "strftime" => {
                let format = if values.is_empty() {
                    "%a %b %e %H:%M:%S UTC %Y".to_owned()
                } else {
                    text(0)?
                };
                let at = if values.len() > 1 { n(1)? as i64 } else { sys.now().unix_s() };
                let at = crate::base::time::Time(at.saturating_mul(1_000_000));
                Ok(Val::text(at.format(&format)))
            }
            "close" => {
                let name = text(0)?;
                self.reading.remove(&name);
                if let Some(fd) = self.files.remove(&name) {
                    sys.close(fd);
                }
                number(0.0)
            }
            _ => {
                self.flush(sys);
                number(0.0)
            }
        }
    }

    fn split_into(&mut self, arguments: &[Expr], sys: &mut Sys) -> Run<Val> {
        let (Some(text), Some(Expr::Get(Place::Variable(name)))) =
            (arguments.first(), arguments.get(1))
        else {
            return Err(Stop::Fail("split: second argument is not an array".to_owned()));
        };
        let text = self.text_of(text, sys)?;
        let parts = match arguments.get(2) {
            None => {
                let separator = self.special(FS);
                self.split(&text, &separator)
            }
            Some(Expr::Regex(regex)) => {
                let mut parts = Vec::new();
                let (mut start, mut at) = (0, 0);
                while let Some((from, to)) = regex.find_at(&text, at).and_then(|c| c[0]) {
                    if from == to {
                        at = to + text[to..].chars().next().map_or(1, char::len_utf8);
                        if at > text.len() {
                            break;
                        }
                        continue;
                    }
                    parts.push(text[start..from].to_owned());
                    (start, at) = (to, to);
                }
                if !text.is_empty() {
                    parts.push(text[start..].to_owned());
                }
                parts
            }
            Some(expr) => {
                let separator = self.text_of(expr, sys)?;
                self.split(&text, &separator)
            }
        };
        let id = self.array_of(*name);
        let count = parts.len();
        self.arrays[id] =
            (1_usize..).zip(parts).map(|(n, p)| (Rc::from(n.to_string()), input(&p))).collect();
        Ok(Val::Number(count as f64))
    }

    fn substitute(&mut self, all: bool, arguments: &[Expr], sys: &mut Sys) -> Run<Val> {
        let [pattern, replacement, rest @ ..] = arguments else {
            return Err(Stop::Fail("wrong number of arguments to sub".to_owned()));
        };
        let regex = self.as_regex(pattern, sys)?;
        let replacement = self.text_of(replacement, sys)?;
        let whole = Place::Field(Box::new(Expr::Number(0.0)));
        let place = match rest.first() {
            None => whole,
            Some(Expr::Get(place)) => place.clone(),
            Some(_) => return Err(Stop::Fail("sub: third argument cannot be changed".to_owned())),
        };
        let value = self.get(&place, sys)?;
        let text = self.str(&value);
        let (text, count) = replaced(&regex, &text, &replacement, (!all).then_some(1), false);
        if text.len() > MAX_TEXT {
            return Err(Stop::Fail("text too long".to_owned()));
        }
        if count > 0 {
            self.set_place(&place, Val::text(text), sys)?;
        }
        Ok(Val::Number(count as f64))
    }

    fn format(&mut self, arguments: &[Expr], sys: &mut Sys) -> Run<String> {
        let Some(first) = arguments.first() else {
            return Err(Stop::Fail("printf: no format".to_owned()));
        };
        let pattern = self.text_of(first, sys)?;
        let mut values = Vec::new();
        for argument in &arguments[1..] {
            values.push(self.eval(argument, sys)?);
        }
        let mut values = values.into_iter();
        let mut next = || values.next().unwrap_or(Val::Nothing);
        let mut text = String::new();
        for piece in pieces(&pattern) {
            let (mut directive, width, precision) = match piece {
                Piece::Text(part) => {
                    text.push_str(&part);
                    continue;
                }
                Piece::Field(directive, width, precision) => (directive, width, precision),
            };
            if width {
                directive.set_width(next().number() as i64);
            }
            if precision {
                directive.set_precision(next().number() as i64);
            }
            let value = next();
            match directive.kind {
                'd' | 'i' | 'x' | 'X' | 'o' | 'u' => {
                    text.push_str(&directive.integer(value.number().trunc() as i64));
                }
                'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                    text.push_str(&directive.float(value.number()));
                }
                'c' => {
                    let shown = match &value {
                        Val::Number(n) => {
                            char::from_u32(*n as u32).map(String::from).unwrap_or_default()
                        }
                        other => self.str(other).chars().take(1).collect(),
                    };
                    text.push_str(&directive.text(&shown));
                }
                's' => text.push_str(&directive.text(&self.str(&value))),
                other => text.push_str(&format!("%{other}")),
            }
            if text.len() > MAX_TEXT {
                return Err(Stop::Fail("text too long".to_owned()));
            }
        }
        Ok(text)
    }

    // --- statements ---

    fn run(&mut self, statement: &Stmt, sys: &mut Sys) -> Run<()> {
        self.step()?;
        match statement {
            Stmt::Expr(expr) => {
                self.eval(expr, sys)?;
            }
            Stmt::Print(arguments, target) => {
                let mut parts = Vec::new();
                for argument in arguments {
                    let value = self.eval(argument, sys)?;
                    parts.push(match &value {
                        Val::Number(n) => show_number(*n, &self.special(OFMT)),
                        other => self.str(other),
                    });
                }
                let mut text = if arguments.is_empty() {
                    let value = self.field(0.0)?;
                    self.str(&value)
                } else {
                    parts.join(&self.special(OFS))
                };
                text.push_str(&self.special(ORS));
                self.emit(&text, target.as_ref(), sys)?;
            }
            Stmt::Printf(arguments, target) => {
                let text = self.format(arguments, sys)?;
                self.emit(&text, target.as_ref(), sys)?;
            }
            Stmt::If(condition, then, other) => {
                if self.eval(condition, sys)?.is_true() {
                    self.run(then, sys)?;
                } else if let Some(other) = other {
                    self.run(other, sys)?;
                }
            }
            Stmt::While(condition, body) => {
                while self.eval(condition, sys)?.is_true() {
                    if self.turn(body, sys)? {
                        break;
                    }
                }
            }
            Stmt::Do(body, condition) => loop {
                if self.turn(body, sys)? || !self.eval(condition, sys)?.is_true() {
                    break;
                }
            },
            Stmt::For(first, condition, each, body) => {
                if let Some(first) = first {
                    self.run(first, sys)?;
                }
                loop {
                    if let Some(condition) = condition
                        && !self.eval(condition, sys)?.is_true()
                    {
                        break;
                    }
                    if self.turn(body, sys)? {
                        break;
                    }
                    if let Some(each) = each {
                        self.run(each, sys)?;
                    }
                }
            }
            Stmt::ForIn(variable, array, body) => {
                let id = self.array_of(*array);
                let mut keys: Vec<Rc<str>> = self.arrays[id].keys().cloned().collect();
                // Numbers first and in order: as people expect of what awk leaves open.
                keys.order_by_key(|k| (k.parse::<i64>().is_err(), k.parse::<i64>().unwrap_or(0)));
                for key in keys {
                    if !self.arrays[id].contains_key(&key) {
                        continue;
                    }
                    self.set_place(&Place::Variable(*variable), input(&key), sys)?;
                    if self.turn(body, sys)? {
                        break;
                    }
                }
            }
            Stmt::Block(statements) => {
                for statement in statements {
                    self.run(statement, sys)?;
                }
            }
            Stmt::Next => return Err(Stop::Next),
            Stmt::Exit(code) => {
                let code = match code {
                    Some(expr) => self.eval(expr, sys)?.number() as i32,
                    None => -1,
                };
                return Err(Stop::Exit(code));
            }
            Stmt::Return(value) => {
                let value = match value {
                    Some(expr) => self.eval(expr, sys)?,
                    None => Val::Nothing,
                };
                return Err(Stop::Return(value));
            }
            Stmt::Break => return Err(Stop::Break),
            Stmt::Continue => return Err(Stop::Continue),
            Stmt::Delete(name, index) => {
                let id = self.array_of(*name);
                match index {
                    Some(index) => {
                        let key = self.key(index, sys)?;
                        self.arrays[id].remove(&key);
                    }
                    None => self.arrays[id].clear(),
                }
            }
        }
        Ok(())
    }

    /// Runs a loop's body once; whether the loop ends.
    fn turn(&mut self, body: &Stmt, sys: &mut Sys) -> Run<bool> {
        match self.run(body, sys) {
            Ok(()) | Err(Stop::Continue) => Ok(false),
            Err(Stop::Break) => Ok(true),
            Err(stop) => Err(stop),
        }
    }

    fn emit(
        &mut self,
        text: &str,
        target: Option<&(&'static str, Expr)>,
        sys: &mut Sys,
    ) -> Run<()> {
        let Some((how, expr)) = target else {
            self.out.extend(text.bytes());
            if self.out.len() > 64 << 10 {
                self.flush(sys);
            }
            return Ok(());
        };
        let name = self.text_of(expr, sys)?;
        if *how == "|" {
            match self.commands.iter_mut().find(|(command, _)| *command == name) {
                Some((_, bytes)) => bytes.extend(text.bytes()),
                None => self.commands.push((name, text.as_bytes().to_vec())),
            }
            return Ok(());
        }
        if name == "/dev/stdout" {
            self.out.extend(text.bytes());
            return Ok(());
        }
        let fd = match (name.as_str(), self.files.get(&name)) {
            ("/dev/stderr", _) => {
                self.flush(sys);
                STDERR
            }
            (_, Some(fd)) => *fd,
            _ => {
                let flags = if *how == ">>" { OpenFlags::APPEND } else { OpenFlags::REPLACE };
                let fd = sys
                    .open(&name, flags)
                    .map_err(|error| Stop::Fail(format!("cannot redirect to `{name}': {error}")))?;
                self.files.insert(name, fd);
                fd
            }
        };
        // A full disk shows when the file is looked at.
        let _ = sys.write(fd, text.as_bytes());
        Ok(())
    }

    pub(super) fn flush(&mut self, sys: &mut Sys) {
        flush(sys, &mut self.out);
    }

    // --- the whole ---

    /// Runs the BEGIN or END actions.
    pub(super) fn run_all(&mut self, end: bool, sys: &mut Sys) -> Run<()> {
        let script = self.script.clone();
        for statement in if end { &script.end } else { &script.begin } {
            self.steps = 0;
            match self.run(statement, sys) {
                Err(Stop::Next) => {
                    return Err(Stop::Fail("`next' used in BEGIN or END action".to_owned()));
                }
                Err(Stop::Return(_) | Stop::Break | Stop::Continue) | Ok(()) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Runs the rules on a record.
    pub(super) fn take(&mut self, record: &str, sys: &mut Sys) -> Run<()> {
        self.count_record();
        self.set_record(record);
        let script = self.script.clone();
        for (n, (pattern, action)) in script.rules.iter().enumerate() {
            self.steps = 0;
            let fits = match pattern {
                Pattern::Always => true,
                Pattern::When(expr) => self.eval(expr, sys)?.is_true(),
                Pattern::Range(first, last) => {
                    if !self.open[n] && !self.eval(first, sys)?.is_true() {
                        false
                    } else {
                        self.open[n] = !self.eval(last, sys)?.is_true();
                        true
                    }
                }
            };
            if !fits {
                continue;
            }
            let done = match action {
                Some(action) => self.run(action, sys),
                None => self.run(&Stmt::Print(Vec::new(), None), sys),
            };
            match done {
                Ok(()) | Err(Stop::Return(_) | Stop::Break | Stop::Continue) => {}
                Err(Stop::Next) => return Ok(()),
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Whether the special variables are where this file expects them.
    #[cfg(test)]
    pub(super) fn special_places() -> bool {
        use super::parse::SPECIAL;
        SPECIAL[NF] == "NF"
            && SPECIAL[RS] == "RS"
            && SPECIAL[OFMT] == "OFMT"
            && SPECIAL[FILENAME] == "FILENAME"
    }
}

fn math(op: char, a: f64, b: f64) -> Run<f64> {
    Ok(match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' | '%' if b == 0.0 => return Err(Stop::Fail("division by zero attempted".to_owned())),
        '/' => a / b,
        '%' => a % b,
        _ => a.powf(b),
    })
}

/// Replaces matches: the `nth` only, or all. `&` (and `\1` with groups) stand for what was found.
fn replaced(
    regex: &Regex,
    text: &str,
    replacement: &str,
    nth: Option<usize>,
    groups: bool,
) -> (String, usize) {
    let mut result = String::new();
    let (mut at, mut copied, mut count, mut seen) = (0, 0, 0, 0);
    let mut last_end = None;
    while at <= text.len() {
        let Some(captures) = regex.find_at(text, at) else { break };
        let Some((from, to)) = captures[0] else { break };
        let after = |to: usize| to + text[to..].chars().next().map_or(1, char::len_utf8);
        if from == to && last_end == Some(from) {
            at = after(to);
            continue;
        }
        last_end = Some(to);
        seen += 1;
        if nth.is_none_or(|n| n == seen) {
            result.push_str(&text[copied..from]);
            let mut chars = replacement.chars().peekable();
            while let Some(c) = chars.next() {
                match (c, chars.peek()) {
                    ('\\', Some('&')) => {
                        result.push('&');
                        chars.next();
                    }
                    ('\\', Some(digit)) if groups && digit.is_ascii_digit() => {
                        let n = digit.to_digit(10).unwrap_or(0) as usize;
                        if let Some((from, to)) = captures.get(n).copied().flatten() {
                            result.push_str(&text[from..to]);
                        }
                        chars.next();
                    }
                    ('\\', Some('\\')) => {
                        result.push('\\');
                        chars.next();
                    }
                    ('&', _) => result.push_str(&text[from..to]),
                    (c, _) => result.push(c),
                }
            }
            copied = to;
            count += 1;
            if nth.is_some() {
                break;
            }
        }
        at = if to > from { to } else { after(to) };
    }
    result.push_str(&text[copied.min(text.len())..]);
    (result, count)
}
