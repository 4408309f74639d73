//! `awk`: works on lines and their fields.
//!
//! Simplified: commands that are printed to (`print | "sort"`) run at the end, one after the other;
//! `system()` and `command | getline` are not simulated.

mod parse;
mod run;

use std::rc::Rc;

use crate::os::{Fd, Pid, Process, Program, STDOUT, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::input::{Got, Input};
use super::support::launch::spawn_with;
use super::support::text::unescape;
use run::{Machine, Stop, Val, input};

/// `awk`.
pub(super) static AWK: Program = Program { name: "awk", start };

fn start(argv: &[String]) -> Box<dyn Process> {
    Box::new(Awk {
        argv: argv.to_vec(),
        machine: None,
        operands: Vec::new(),
        input: None,
        pending: String::new(),
        stage: Stage::Begin,
        child: None,
        read_any: false,
        code: 0,
    })
}

const TOOL: Tool = Tool {
    name: "awk",
    usage: "[-v VAR=VALUE]... [-F SEPARATOR] {PROGRAM | -f FILE} [FILE]...",
    options: "+F:v:f:",
    long: &[("field-separator", 'F'), ("assign", 'v'), ("file", 'f')],
    trouble: 2,
};

/// Work done in one step.
const SLICE: usize = 32 << 10;

#[derive(Clone)]
struct Awk {
    argv: Vec<String>,
    machine: Option<Machine>,
    /// Files and assignments still to come, the next one last.
    operands: Vec<String>,
    input: Option<Input>,
    /// The beginning of a record that is not separated by newlines.
    pending: String,
    stage: Stage,
    /// The command that is being printed to.
    child: Option<Child>,
    read_any: bool,
    code: i32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Records,
    End,
    Commands,
}

#[derive(Clone)]
struct Child {
    pid: Pid,
    input: Option<Fd>,
    rest: Vec<u8>,
}

impl Awk {
    fn setup(&mut self, sys: &mut Sys) -> Result<(), i32> {
        let args = TOOL.parse(&self.argv, sys)?;
        let mut operands = args.operands.clone();
        let mut text = String::new();
        for file in args.values('f') {
            match sys.read_file(file) {
                Ok(bytes) => text.push_str(&(String::from_utf8_lossy(&bytes) + "\n")),
                Err(error) => {
                    return Err(TOOL.fail(
                        sys,
                        &format!("fatal: cannot open source file `{file}' for reading: {error}"),
                    ));
                }
            }
        }
        if !args.has('f') {
            if operands.is_empty() {
                sys.eprint(&format!("Usage: awk {}\n", TOOL.usage));
                return Err(2);
            }
            text = operands.remove(0);
        }
        let script = parse::parse(&text)
            .map_err(|problem| TOOL.fail(sys, &format!("cmd. line:{problem}")))?;
        let mut machine = Machine::new(Rc::new(script), sys.rng("awk", 0));
        let variables = sys.env().clone();
        machine.set_array("ENVIRON", variables.into_iter());
        let words = std::iter::once("awk".to_owned()).chain(operands.iter().cloned());
        machine.set_array(
            "ARGV",
            (0..).zip(words).map(|(n, word): (usize, String)| (n.to_string(), word)),
        );
        machine.set("ARGC", Val::text((operands.len() + 1).to_string()));
        if let Some(separator) = args.value('F') {
            let separator = if separator == "t" { "\t".to_owned() } else { unescape(separator) };
            machine.set("FS", Val::text(separator));
        }
        for assignment in args.values('v') {
            let Some((name, value)) = assignment.split_once('=') else {
                return Err(TOOL.fail(
                    sys,
                    &format!("fatal: `{assignment}' argument to `-v' not in `var=value' form"),
                ));
            };
            machine.set(name, input(&unescape(value)));
        }
        operands.reverse();
        self.operands = operands;
        self.machine = Some(machine);
        Ok(())
    }

    /// Deals with the end of an action; the exit code when the program ends with it.
    fn after(&mut self, result: Result<(), Stop>, sys: &mut Sys) -> Option<i32> {
        match result {
            Err(Stop::Exit(code)) => {
                if code >= 0 {
                    self.code = code;
                }
                self.stage = if self.stage == Stage::End { Stage::Commands } else { Stage::End };
                None
            }
            Err(Stop::Fail(problem)) => {
                if let Some(machine) = &mut self.machine {
                    machine.flush(sys);
                }
                Some(TOOL.fail(sys, &problem))
            }
            _ => None,
        }
    }

    /// The next file; `false` when there is none.
    fn next_file(&mut self) -> bool {
        while let Some(operand) = self.operands.pop() {
            let assignment = operand.split_once('=').filter(|(name, _)| {
                name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            });
            match (assignment, &mut self.machine) {
                (Some((name, value)), Some(machine)) => machine.set(name, input(&unescape(value))),
                _ => {
                    self.input = Some(Input::new(&[operand]));
                    self.read_any = true;
                    return true;
                }
            }
        }
        if self.read_any {
            return false;
        }
        self.read_any = true;
        self.input = Some(Input::new(&[]));
        true
    }

    /// Works on what has come; `Some` when the step is over.
    fn records(&mut self, sys: &mut Sys) -> Option<Step> {
        let mut work = 0;
        while self.stage == Stage::Records {
            if work > SLICE {
                return Some(Step::Yield);
            }
            let Some(input) = &mut self.input else {
                if !self.next_file() {
                    self.stage = Stage::End;
                }
                continue;
            };
            match input.next(sys) {
                Got::File(name) => {
                    if let Some(machine) = &mut self.machine {
                        machine.begin_file(&name);
                    }
                }
                Got::Line(line, newline) => {
                    work += line.len() + 64;
                    let text = String::from_utf8_lossy(&line).into_owned();
                    if let Some(code) = self.line(&text, newline, sys) {
                        return Some(Step::Done(code));
                    }
                }
                Got::Failed(name, error) => {
                    sys.eprint(&format!("awk: cannot open \"{name}\" ({error})\n"));
                    self.code = 2;
                }
                Got::Wait(fd) => return Some(Step::Wait(Wait::readable(fd))),
                Got::End => {
                    self.input = None;
                    let rest = std::mem::take(&mut self.pending);
                    let rest = rest.trim_end_matches('\n');
                    if !rest.is_empty()
                        && let Some(code) = self.record(rest, sys)
                    {
                        return Some(Step::Done(code));
                    }
                }
            }
        }
        None
    }

    /// Takes a line in: a record of its own, or a part of others.
    fn line(&mut self, text: &str, newline: bool, sys: &mut Sys) -> Option<i32> {
        let separator = self.machine.as_ref().map_or("\n".to_owned(), Machine::separator);
        if separator == "\n" {
            return self.record(text, sys);
        }
        if separator.is_empty() {
            // Paragraphs: records end with empty lines.
            if text.is_empty() {
                let record = std::mem::take(&mut self.pending);
                let record = record.trim_end_matches('\n').to_owned();
                return if record.is_empty() { None } else { self.record(&record, sys) };
            }
            self.pending.push_str(text);
            self.pending.push('\n');
            return None;
        }
        self.pending.push_str(text);
        if newline {
            self.pending.push('\n');
        }
        while let Some(at) = self.pending.find(&separator) {
            let record = self.pending[..at].to_owned();
            self.pending.drain(..at + separator.len());
            if let Some(code) = self.record(&record, sys) {
                return Some(code);
            }
            if self.stage != Stage::Records {
                break;
            }
        }
        None
    }

    fn record(&mut self, text: &str, sys: &mut Sys) -> Option<i32> {
        let machine = self.machine.as_mut()?;
        if machine.script.reads {
            // Actions read the input themselves: it is gathered first.
            machine.ahead.push_back(text.to_owned());
            return None;
        }
        let result = machine.take(text, sys);
        self.after(result, sys)
    }

    /// Runs the rules on what was gathered.
    fn gathered(&mut self, sys: &mut Sys) -> Option<i32> {
        while let Some(line) = self.machine.as_mut().and_then(|m| m.ahead.pop_front()) {
            let result = self.machine.as_mut()?.take(&line, sys);
            let before = self.stage;
            if let Some(code) = self.after(result, sys) {
                return Some(code);
            }
            if self.stage != before {
                // `exit` in a rule: END is next.
                self.stage = Stage::End;
                break;
            }
        }
        None
    }

    /// Runs the commands that were printed to, one after the other.
    fn commands(&mut self, sys: &mut Sys) -> Step {
        if let Some(child) = &mut self.child {
            if let Some(fd) = child.input.take() {
                let _ = sys.write(fd, &std::mem::take(&mut child.rest));
                sys.close(fd);
            }
            if sys.wait(Some(child.pid)).is_none() {
                return Step::Wait(Wait::children());
            }
            self.child = None;
        }
        let Some(machine) = &mut self.machine else { return Step::Done(self.code) };
        if machine.commands.is_empty() {
            return Step::Done(self.code);
        }
        let (command, rest) = machine.commands.remove(0);
        let (read, write) = sys.pipe();
        let argv = ["sh", "-c", command.as_str()].map(str::to_owned);
        let started = spawn_with(sys, &argv, Some(read), STDOUT);
        sys.close(read);
        match started {
            Ok(pid) => {
                self.child = Some(Child { pid, input: Some(write), rest });
                Step::Yield
            }
            Err(error) => {
                sys.close(write);
                Step::Done(TOOL.fail(sys, &format!("{command}: {error}")))
            }
        }
    }
}

impl Process for Awk {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.machine.is_none()
            && let Err(code) = self.setup(sys)
        {
            return Step::Done(code);
        }
        if self.stage == Stage::Begin {
            self.stage = Stage::Records;
            if let Some(machine) = &mut self.machine {
                let only_begin = machine.script.rules.is_empty() && machine.script.end.is_empty();
                let reads = machine.script.reads;
                if reads && only_begin {
                    // BEGIN itself reads the input.
                } else {
                    let result = machine.run_all(false, sys);
                    if let Some(code) = self.after(result, sys) {
                        return Step::Done(code);
                    }
                    if only_begin {
                        self.stage = Stage::Commands;
                    }
                }
            }
        }
        if self.stage == Stage::Records {
            let step = self.records(sys);
            if let Some(machine) = &mut self.machine {
                machine.flush(sys);
            }
            if let Some(step) = step {
                return step;
            }
        }
        if self.stage == Stage::End {
            if let Some(code) = self.gathered(sys) {
                return Step::Done(code);
            }
            if let Some(machine) = &mut self.machine {
                let only_begin = machine.script.rules.is_empty() && machine.script.end.is_empty();
                let begin_reads = machine.script.reads && only_begin;
                let result = machine.run_all(!begin_reads, sys);
                if let Some(code) = self.after(result, sys) {
                    return Step::Done(code);
                }
            }
            self.stage = Stage::Commands;
        }
        if let Some(machine) = &mut self.machine {
            machine.flush(sys);
        }
        self.commands(sys)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_variables_have_their_places() {
        assert!(Machine::special_places());
    }

    #[test]
    fn programs_are_read_or_refused() {
        for good in [
            "{print $1, $NF}",
            "NR>1{s+=$2}END{print s/NR}",
            "/a/,/b/",
            "function f(a){return a*2}{print f($1)}",
        ] {
            assert!(parse::parse(good).is_ok(), "{good}");
        }
        for bad in ["{print", "{", "}", "print $1", "{if}", "/[/", "\"", "{a[}", "é{"] {
            assert!(parse::parse(bad).is_err(), "{bad}");
        }
        assert!(parse::parse(&"(".repeat(10_000)).is_err());
    }
}
