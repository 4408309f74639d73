//! `seq`: numbers in a row.

use crate::os::{Process, Program, STDOUT, Step, Sys};

use super::support::args::Tool;

/// `seq`.
pub(super) static SEQ: Program =
    Program { name: "seq", start: |argv| Box::new(Seq { argv: argv.to_vec(), plan: None, at: 0 }) };

const TOOL: Tool = Tool {
    name: "seq",
    usage: "[-w] [-s SEP] [-f FORMAT] [FIRST [INC]] LAST",
    options: "+ws:f:",
    long: &[("equal-width", 'w'), ("separator", 's'), ("format", 'f')],
    trouble: 1,
};

#[derive(Clone)]
struct Seq {
    argv: Vec<String>,
    plan: Option<Plan>,
    at: u64,
}

#[derive(Clone)]
struct Plan {
    first: f64,
    step: f64,
    last: f64,
    decimals: usize,
    width: usize,
    separator: String,
    format: Option<(String, String)>,
}

fn plan(argv: &[String], sys: &mut Sys) -> Result<Plan, i32> {
    // Negative numbers are no options.
    let mut words = argv.to_vec();
    let negative = |w: &String| {
        w.strip_prefix('-').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    };
    if let Some(at) = words.iter().skip(1).position(negative) {
        words.insert(at + 1, "--".to_owned());
    }
    let args = TOOL.parse(&words, sys)?;
    let operands: Vec<&str> =
        args.operands.iter().map(String::as_str).filter(|o| *o != "--").collect();
    let (first, step, last) = match operands.as_slice() {
        [last] => ("1", "1", *last),
        [first, last] => (*first, "1", *last),
        [first, step, last] => (*first, *step, *last),
        [] => return Err(TOOL.missing_operand(sys)),
        [_, _, _, extra, ..] => {
            return Err(TOOL.fail(
                sys,
                &format!("extra operand '{extra}'\nTry 'seq --help' for more information."),
            ));
        }
    };
    let mut number = |text: &str| {
        text.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(|| {
            let text = format!(
                "invalid floating point argument: '{text}'\nTry 'seq --help' for more information."
            );
            TOOL.fail(sys, &text)
        })
    };
    let values = (number(first)?, number(step)?, number(last)?);
    if values.1 == 0.0 {
        return Err(TOOL.fail(
            sys,
            "invalid Zero increment value: '0'\nTry 'seq --help' for more information.",
        ));
    }
    let decimals = |t: &str| t.split_once('.').map_or(0, |(_, d)| d.len()).min(20);
    let decimals = decimals(first).max(decimals(step));
    let shown = |n: f64| format!("{n:.decimals$}").len();
    let width = if args.has('w') { shown(values.0).max(shown(values.2)) } else { 0 };
    let format = args.value('f').and_then(|f| {
        let at = f.find('%')?;
        let end = f[at..].find(['g', 'f', 'e'])? + at;
        Some((f[..at].to_owned(), f[end + 1..].to_owned()))
    });
    Ok(Plan {
        first: values.0,
        step: values.1,
        last: values.2,
        decimals,
        width,
        separator: args.value('s').unwrap_or("\n").to_owned(),
        format,
    })
}

impl Process for Seq {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match plan(&self.argv, sys) {
                Ok(plan) => self.plan = Some(plan),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(plan) = &self.plan else { return Step::Done(1) };
        let mut out = String::new();
        loop {
            let value = plan.first + plan.step * self.at as f64;
            // Rounding must not cost the last number.
            let past = (value - plan.last) * plan.step.signum() > plan.step.abs() * 1e-9;
            if past {
                if self.at > 0 {
                    out.push('\n');
                }
                let _ = sys.write(STDOUT, out.as_bytes());
                return Step::Done(0);
            }
            if self.at > 0 {
                out.push_str(&plan.separator);
            }
            let text =
                format!("{value:0width$.decimals$}", width = plan.width, decimals = plan.decimals);
            match &plan.format {
                Some((before, after)) => out.push_str(&format!("{before}{text}{after}")),
                None => out.push_str(&text),
            }
            self.at += 1;
            if out.len() > 16 << 10 {
                let _ = sys.write(STDOUT, out.as_bytes());
                return Step::Yield;
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
