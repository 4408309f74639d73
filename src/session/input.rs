//! What a person does, as values that can be stored and replayed.

use crate::base::time::Time;
use crate::base::value::Value;
use crate::value;

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Types into a terminal.
    Keys {
        /// The terminal.
        terminal: usize,
        /// What is typed, as a terminal sends it.
        text: String,
    },
    /// A terminal has another size.
    Resize {
        /// The terminal.
        terminal: usize,
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// Opens another terminal.
    Open,
    /// Closes a terminal.
    Close {
        /// The terminal.
        terminal: usize,
    },
    /// Runs a block of a lesson: what runs in the foreground is interrupted, then each line is typed when somebody reads.
    Run {
        /// The terminal.
        terminal: usize,
        /// The lines.
        command: String,
    },
    /// Presses Ctrl-C and drops the lines that wait to be typed.
    Interrupt {
        /// The terminal.
        terminal: usize,
    },
    /// Saves a file in the editor; the path is relative to the home directory or absolute.
    Write {
        /// The path.
        path: String,
        /// The contents.
        text: String,
    },
    /// Ends the editing that a program asked for; `None` when nothing was saved.
    Edited {
        /// The number of the editing.
        id: u32,
        /// The contents, if saved.
        text: Option<String>,
    },
    /// Begins a lesson from its first step.
    Lesson {
        /// Its name.
        name: String,
    },
    /// Goes to a step of the lesson.
    Step {
        /// The step, from 0.
        step: usize,
    },
}

/// An input with its place in the order of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When.
    pub at: Time,
    /// After how many events and ticks.
    pub position: u64,
    /// What.
    pub input: Input,
}

impl Logged {
    /// As JSON: `[time in µs, position, kind, …]`.
    pub fn to_value(&self) -> Value {
        let (kind, number, text) = match &self.input {
            Input::Keys { terminal, text } => ("keys", *terminal, Value::from(text)),
            Input::Resize { terminal, columns, rows } => {
                ("resize", *terminal, value!([*columns, *rows]))
            }
            Input::Open => ("open", 0, Value::Null),
            Input::Close { terminal } => ("close", *terminal, Value::Null),
            Input::Run { terminal, command } => ("run", *terminal, Value::from(command)),
            Input::Interrupt { terminal } => ("interrupt", *terminal, Value::Null),
            Input::Write { path, text } => ("write", 0, value!([path, text])),
            Input::Edited { id, text } => ("edited", *id as usize, Value::from(text.clone())),
            Input::Lesson { name } => ("lesson", 0, Value::from(name)),
            Input::Step { step } => ("step", *step, Value::Null),
        };
        value!([self.at.0, self.position, kind, number, text])
    }

    /// From JSON; `None` when it is nothing that [`Logged::to_value`] makes.
    pub fn from_value(value: &Value) -> Option<Logged> {
        let number = usize::try_from(value.index(3).as_i64()?).ok()?;
        let extra = value.index(4);
        let text = || extra.as_str().map(str::to_owned);
        let part = |at: usize| extra.index(at).as_str().map(str::to_owned);
        let size = |at: usize| extra.index(at).as_i64().and_then(|n| u16::try_from(n).ok());
        let input = match value.index(2).text() {
            "keys" => Input::Keys { terminal: number, text: text()? },
            "resize" => Input::Resize { terminal: number, columns: size(0)?, rows: size(1)? },
            "open" => Input::Open,
            "close" => Input::Close { terminal: number },
            "run" => Input::Run { terminal: number, command: text()? },
            "interrupt" => Input::Interrupt { terminal: number },
            "write" => Input::Write { path: part(0)?, text: part(1)? },
            "edited" => Input::Edited { id: u32::try_from(number).ok()?, text: text() },
            "lesson" => Input::Lesson { name: text()? },
            "step" => Input::Step { step: number },
            _ => return None,
        };
        let position = u64::try_from(value.index(1).as_i64()?).ok()?;
        Some(Logged { at: Time(value.index(0).as_i64()?), position, input })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_survives_json() {
        let inputs = [
            Input::Keys { terminal: 1, text: "ls\r".to_owned() },
            Input::Resize { terminal: 0, columns: 80, rows: 24 },
            Input::Open,
            Input::Close { terminal: 2 },
            Input::Run { terminal: 1, command: "a\nb".to_owned() },
            Input::Interrupt { terminal: 0 },
            Input::Write { path: "web.yaml".to_owned(), text: "a: 1\n".to_owned() },
            Input::Edited { id: 12, text: None },
            Input::Lesson { name: "statefulset-basics".to_owned() },
            Input::Step { step: 3 },
        ];
        for input in inputs {
            let logged = Logged { at: Time::START, position: 7, input };
            let text = logged.to_value().to_json();
            let read = Value::from_json(&text).ok().and_then(|v| Logged::from_value(&v));
            assert_eq!(read, Some(logged));
        }
    }
}
