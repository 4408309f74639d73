//! Scenarios: what a person does at one or more terminals, line by line, and the player that does it.

use crate::base::ordered::OrdMap;
use std::path::Path;

use crate::base::time::Span;
use crate::cli::machine::{Job, Machine};
use crate::world::Options;

/// Time that passes after a watch was started.
const AFTER_WATCH: Span = Span::millis(700);
/// Time that passes before a watch is stopped.
const BEFORE_STOP: Span = Span::millis(500);
/// Time between two tries of `@until`.
const RETRY: Span = Span::millis(500);

/// One line (or here-document, or file) of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Directive {
    /// `$ command`: run in a new shell.
    Command(String),
    /// `@section TITLE`.
    Section(String),
    /// `# text`.
    Comment(String),
    /// `@file NAME` … `@end`.
    File(String, String),
    /// `@watch N command`: started in a terminal of its own.
    Watch(String, String),
    /// `@stop N`: Ctrl-C in that terminal.
    Stop(String),
    /// `@sleep S`.
    Sleep(Span),
    /// `@until T command`: tried until it succeeds.
    Until(Span, String),
    /// `@quiet command`: run without record.
    Quiet(String),
    /// `@set NAME command`: the output replaces `%%NAME%%` from here on.
    Set(String, String),
    /// `@interrupt S`: the next command gets Ctrl-C after this time.
    Interrupt(Span),
    /// `@input TEXT`: the next command reads this line from its terminal.
    Input(String),
    /// `@node stop|start|restart NAME…`.
    Node(String, String),
    /// `@tty`: commands run on a terminal.
    Tty,
    /// `@gate NAME`: this feature gate is on.
    Gate(String),
}

/// Reads a scenario.
///
/// # Errors
/// The line that cannot be read.
pub fn parse(text: &str) -> Result<Vec<Directive>, String> {
    let mut lines = text.lines();
    let mut directives = Vec::new();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        directives.push(match line.strip_prefix("$ ") {
            Some(first) => Directive::Command(whole_command(first, &mut lines)),
            None => directive(line, &mut lines)?,
        });
    }
    Ok(directives)
}

fn directive<'a>(
    line: &str,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<Directive, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let two = || {
        let (first, second) =
            rest.split_once(' ').ok_or_else(|| format!("{word} wants two words: {line:?}"))?;
        Ok::<_, String>((first.to_owned(), second.to_owned()))
    };
    Ok(match word {
        "@section" => Directive::Section(rest.to_owned()),
        "@file" => {
            let text =
                lines.take_while(|line| *line != "@end").map(|line| format!("{line}\n")).collect();
            Directive::File(rest.to_owned(), text)
        }
        "@watch" => two().map(|(name, command)| Directive::Watch(name, command))?,
        "@stop" => Directive::Stop(rest.to_owned()),
        "@sleep" => Directive::Sleep(seconds(rest)?),
        "@until" => {
            two().and_then(|(limit, command)| Ok(Directive::Until(seconds(&limit)?, command)))?
        }
        "@quiet" => Directive::Quiet(rest.to_owned()),
        "@set" => two().map(|(name, command)| Directive::Set(name, command))?,
        "@interrupt" => Directive::Interrupt(seconds(rest)?),
        "@input" => Directive::Input(rest.to_owned()),
        "@node" => two().map(|(action, names)| Directive::Node(action, names))?,
        "@tty" => Directive::Tty,
        "@gate" => Directive::Gate(rest.to_owned()),
        _ if line.starts_with('#') => Directive::Comment(line.to_owned()),
        _ => return Err(format!("scenario: cannot read {line:?}")),
    })
}

fn seconds(text: &str) -> Result<Span, String> {
    text.trim()
        .parse()
        .map(Span::seconds_f64)
        .map_err(|_| format!("not a number of seconds: {text:?}"))
}

/// A command with its continuation lines and its here-document.
fn whole_command<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut command = first.to_owned();
    while command.ends_with('\\') {
        let Some(line) = lines.next() else { break };
        command.push('\n');
        command.push_str(line);
    }
    if let Some(mark) = here_document_mark(&command) {
        for line in lines.by_ref() {
            command.push('\n');
            command.push_str(line);
            if line == mark {
                break;
            }
        }
    }
    command
}

fn here_document_mark(command: &str) -> Option<String> {
    let (_, rest) = command.split_once("<<")?;
    if rest.starts_with('<') {
        return None;
    }
    let word = rest.trim_start_matches('-').trim_start();
    let word: String =
        word.chars().take_while(|c| !c.is_whitespace() && !"|;&>)".contains(*c)).collect();
    Some(word.trim_matches(['\'', '"']).to_owned())
}

/// What a directive printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Combined output.
    pub output: String,
    /// Exit code; `None` for a command that did not end within an hour of virtual time.
    pub code: Option<i32>,
}

/// Plays directives on a fresh cluster.
pub struct Player {
    machine: Machine,
    tty: bool,
    running: OrdMap<String, (String, Job)>,
    names: Vec<(String, String)>,
    interrupt: Option<Span>,
    input: Option<String>,
}

impl Player {
    /// A fresh cluster with the gates that the directives ask for.
    pub fn new(directives: &[Directive], mut options: Options) -> Player {
        options.features.extend(directives.iter().filter_map(|directive| match directive {
            Directive::Gate(name) => Some(name.clone()),
            _ => None,
        }));
        Player {
            machine: Machine::new(&options),
            tty: directives.contains(&Directive::Tty),
            running: OrdMap::new(),
            names: Vec::new(),
            interrupt: None,
            input: None,
        }
    }

    /// Copies a folder's files into the learner's home directory.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn bring(&mut self, dir: &Path) -> Result<(), String> {
        self.machine.bring(dir, "")
    }

    /// Puts a file into the learner's home directory.
    pub fn write(&mut self, name: &str, text: &str) {
        self.machine.world.write_learner_file(name, text);
    }

    /// Runs a command line without a terminal.
    pub fn run(&mut self, command: &str) -> Printed {
        let (output, code) = self.machine.run(command);
        Printed { output, code: Some(code) }
    }

    /// The command of a watch that runs.
    pub fn watch(&self, name: &str) -> Option<&str> {
        self.running.get(name).map(|(command, _)| command.as_str())
    }

    /// Does what a directive says. Commands and stopped watches print something.
    ///
    /// # Errors
    /// A directive that makes no sense here.
    pub fn perform(&mut self, directive: &Directive) -> Result<Printed, String> {
        match directive {
            Directive::Command(command) => {
                let command = self.replaced(command);
                return Ok(self.command(&command));
            }
            Directive::Stop(name) => return Ok(self.stop_watch(name)),
            Directive::File(name, text) => self.write(name, text),
            Directive::Watch(name, command) => {
                let command = self.replaced(command);
                let job = self.machine.start(&command, self.tty);
                self.running.insert(name.clone(), (command, job));
                self.machine.sleep(AFTER_WATCH);
            }
            Directive::Sleep(span) => self.machine.sleep(*span),
            Directive::Until(limit, command) => self.until(*limit, &self.replaced(command)),
            Directive::Quiet(command) => {
                self.machine.run(&self.replaced(command));
            }
            Directive::Set(name, command) => {
                let (output, _) = self.machine.run(&self.replaced(command));
                self.names.push((name.clone(), output.trim_end().to_owned()));
            }
            Directive::Interrupt(span) => self.interrupt = Some(*span),
            Directive::Input(text) => self.input = Some(text.clone()),
            Directive::Node(action, names) => self.node(action, &self.replaced(names))?,
            Directive::Section(_) | Directive::Comment(_) | Directive::Tty | Directive::Gate(_) => {
            }
        }
        Ok(Printed::default())
    }

    /// The text with the values that `@set` has given to names.
    pub fn replaced(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("%%{name}%%"), value)
        })
    }

    fn command(&mut self, command: &str) -> Printed {
        let input = self.input.take();
        let job = self.machine.start(command, self.tty || input.is_some());
        if let Some(text) = input {
            self.machine.type_in(job, &format!("{text}\n"));
        }
        let interrupt = self.interrupt.take();
        let until = interrupt.map(|span| self.machine.world.now() + span);
        let mut code = self.machine.finish(job, until);
        if code.is_none() && interrupt.is_some() {
            self.machine.interrupt(job);
            code = self.machine.finish(job, None);
        }
        Printed { output: self.machine.output(job), code }
    }

    fn stop_watch(&mut self, name: &str) -> Printed {
        let Some((_, job)) = self.running.remove(name) else { return Printed::default() };
        self.machine.sleep(BEFORE_STOP);
        self.machine.interrupt(job);
        let code = self.machine.finish(job, None);
        Printed { output: self.machine.output(job), code }
    }

    fn until(&mut self, limit: Span, command: &str) {
        let end = self.machine.world.now() + limit;
        while self.machine.run(command).1 != 0 && self.machine.world.now() < end {
            self.machine.sleep(RETRY);
        }
    }

    fn node(&mut self, action: &str, names: &str) -> Result<(), String> {
        let (names, _) = self.machine.run(&format!("echo {names}"));
        for name in names.split_whitespace() {
            self.machine.world.node(action, name).map_err(|e| format!("@node: {e}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn here_documents_and_continued_lines_belong_to_their_command() {
        let text = "$ cat <<EOF >./k.yaml\na: 1\nEOF\n$ kubectl get \\\n  pods\n@sleep 1.5\n";
        let read = parse(text);
        let command = |text: &str| Directive::Command(text.to_owned());
        assert_eq!(
            read,
            Ok(vec![
                command("cat <<EOF >./k.yaml\na: 1\nEOF"),
                command("kubectl get \\\n  pods"),
                Directive::Sleep(Span::millis(1500)),
            ])
        );
    }
}
