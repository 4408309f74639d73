//! Transcripts: Markdown whose `console` blocks hold directives of a [scenario](crate::cli::scenario) with what they print.
//!
//! A block's lines are: `$ ` a command (continued by `\` or a here-document, its further lines behind `> `), `@…` another
//! directive, `? N` the exit status of the command above (0 when absent), anything else output.

use crate::base::value::Value;
use crate::cli::scenario::{Directive, Player, Printed, parse};
use crate::world::Options;

/// A transcript.
pub struct Transcript {
    /// Where the expected output is from: `recorded`, `upstream FILE` or `ours`.
    pub source: String,
    /// Why today's output is wrong, if it is known to be.
    pub known_mismatch: Option<String>,
    seed: u64,
    lines: Vec<Line>,
}

enum Line {
    /// Outside of blocks, and the fences.
    Text(String),
    /// A directive as written, with what it is expected to print.
    Step(String, Directive, Printed),
}

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn parse(text: &str) -> Result<Transcript, String> {
        let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let (front, _) = front.ok_or("a transcript begins with front matter")?;
        let front: Value = serde_yaml::from_str(front).map_err(|e| e.to_string())?;
        let source =
            front.get("source").as_str().ok_or("front matter: `source` is missing")?.to_owned();
        Ok(Transcript {
            source,
            known_mismatch: front.get("known-mismatch").as_str().map(str::to_owned),
            seed: u64::try_from(front.get("seed").as_i64().unwrap_or(1)).unwrap_or(1),
            lines: lines(text)?,
        })
    }

    /// Plays it and returns, for each step, its text, what was expected and what was printed.
    ///
    /// # Errors
    /// A directive that makes no sense.
    pub fn play(&self) -> Result<Vec<(String, Printed, Printed)>, String> {
        let steps = self.lines.iter().filter_map(|line| match line {
            Line::Step(text, directive, printed) => Some((text, directive, printed)),
            Line::Text(_) => None,
        });
        let directives: Vec<Directive> =
            steps.clone().map(|(_, directive, _)| directive.clone()).collect();
        let mut player = Player::new(&directives, Options::recorded(self.seed));
        for (name, text) in crate::lessons::FILES {
            player.write(name, text);
        }
        steps
            .map(|(text, directive, expected)| {
                let mut printed = player.perform(directive)?;
                if !matches!(directive, Directive::Command(_) | Directive::Stop(_)) {
                    printed = Printed::default();
                }
                Ok((text.clone(), expected.clone(), printed))
            })
            .collect()
    }

    /// The transcript's text with other output.
    pub fn with(&self, played: &[(String, Printed, Printed)]) -> String {
        let mut played = played.iter();
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Text(line) => text.push_str(&format!("{line}\n")),
                Line::Step(line, ..) => {
                    text.push_str(&format!("{line}\n"));
                    if let Some((.., printed)) = played.next() {
                        text.push_str(&render(printed));
                    }
                }
            }
        }
        text
    }
}

/// What was printed, as a transcript holds it.
pub fn render(printed: &Printed) -> String {
    let mut text = printed.output.clone();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    match printed.code {
        Some(0) | None => text,
        Some(code) => format!("{text}? {code}\n"),
    }
}

fn lines(text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let mut source = text.lines().peekable();
    let mut inside = false;
    while let Some(line) = source.next() {
        if line.starts_with("```") {
            inside = line.starts_with("```console");
            lines.push(Line::Text(line.to_owned()));
        } else if !inside {
            lines.push(Line::Text(line.to_owned()));
        } else if line.starts_with("$ ") || line.starts_with('@') {
            let (mut written, mut plain) = (line.to_owned(), line.to_owned());
            while let Some(more) = source.next_if(|next| next.starts_with("> ") || *next == ">") {
                written.push_str(&format!("\n{more}"));
                plain.push_str(&format!("\n{}", more.get(2..).unwrap_or("")));
            }
            while line.starts_with("@file ") && !plain.ends_with("\n@end") {
                let more = source.next().ok_or("a file without `@end`")?;
                written.push_str(&format!("\n{more}"));
                plain.push_str(&format!("\n{more}"));
            }
            let directive = parse(&plain)?.into_iter().next().ok_or("an empty directive")?;
            lines.push(Line::Step(
                written,
                directive,
                Printed { output: String::new(), code: Some(0) },
            ));
        } else if let Some(Line::Step(_, directive, printed)) = lines.last_mut() {
            let is_command = matches!(directive, Directive::Command(_) | Directive::Stop(_));
            match line.strip_prefix("? ").and_then(|code| code.parse().ok()) {
                Some(code) if is_command => printed.code = Some(code),
                _ => printed.output.push_str(&format!("{line}\n")),
            }
        }
    }
    Ok(lines)
}
