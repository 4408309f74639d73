//! The shell: `bash` on the learner's machine, `sh` in containers.
//!
//! One [`machine::Shell`] value is one running shell: a stack of frames over a shared tree, which can be
//! copied in the middle of a loop. The way of a line: [`lineedit`] (typed) or a script's text → [`parse`] and
//! [`words`] (the tree of [`ast`]) → [`machine`] (frames, processes, jobs) → [`expand`] (words become
//! arguments) → [`builtins`] or a child process.
//!
//! **Whose words.** Called as `bash`, the shell speaks as GNU bash 5.2. Called as `sh`, it speaks as
//! busybox ash where the machine has `/bin/busybox` and `/etc/os-release` names no Debian, and as dash
//! (Debian's `sh`) elsewhere. This is decided once, in [`start`]; the wordings are in [`Dialect`].
//!
//! Simplified: `sh` too edits lines and understands the line editor's keys, whichever shell it stands for.
//! Simplified: not simulated are coprocesses, `select`, process substitution, `[[ … ]]` with extended
//! patterns; each says so. Brace expansion works on parts of words, not on their text: in `$a{x,y}` the name
//! is `a`.

#![allow(clippy::format_push_string)]

mod arith;
mod ast;
mod braces;
mod builtins;
mod children;
mod complete;
mod compound;
mod editor;
mod expand;
mod fields;
mod globs;
mod jobs;
mod lineedit;
mod lists;
mod machine;
mod messages;
mod operate;
mod parse;
mod pattern;
mod prompt;
mod recall;
mod redirect;
mod regex;
mod screen;
mod simple;
mod start;
mod test_command;
mod texts;
mod variables;
mod vars;
mod words;

#[cfg(test)]
mod tests;

use crate::os::Program;

/// The shell of the learner's machine.
pub static BASH: Program = Program { name: "bash", start: |argv| Box::new(start::shell(argv)) };

/// The shell of containers.
pub static SH: Program = Program { name: "sh", start: |argv| Box::new(start::shell(argv)) };

/// The shells.
pub static PROGRAMS: &[&Program] = &[&BASH, &SH];

/// Which shell is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// GNU bash 5.2.
    Bash,
    /// busybox ash 1.36.
    Ash,
    /// dash 0.5.12.
    Dash,
}

impl Dialect {
    /// Whether bash's extensions are understood.
    pub(crate) fn is_bash(self) -> bool {
        self == Dialect::Bash
    }

    /// dash has no `$RANDOM`.
    fn has_random(self) -> bool {
        self != Dialect::Dash
    }

    /// Why a name cannot be run.
    fn not_found(self, name: &str) -> String {
        match self {
            Dialect::Bash if name.contains('/') => format!("{name}: No such file or directory"),
            Dialect::Bash => format!("{name}: command not found"),
            Dialect::Ash | Dialect::Dash => format!("{name}: not found"),
        }
    }

    /// An unset variable under `set -u`.
    fn unset(self, name: &str) -> String {
        match self {
            Dialect::Bash => format!("{name}: unbound variable"),
            Dialect::Ash | Dialect::Dash => format!("{name}: parameter not set"),
        }
    }

    /// `${…}` that nobody understands.
    fn bad_substitution(self, text: &str) -> String {
        match self {
            Dialect::Bash => format!("{text}: bad substitution"),
            Dialect::Ash => "syntax error: bad substitution".to_owned(),
            Dialect::Dash => "Bad substitution".to_owned(),
        }
    }

    /// An arithmetic expression that cannot be calculated; `message` is bash's.
    fn arithmetic(self, text: &str, message: String) -> String {
        let division = message.contains("division by 0");
        match (self, division) {
            (Dialect::Bash, _) => message,
            (Dialect::Ash, true) => "divide by zero".to_owned(),
            (Dialect::Ash, false) => "arithmetic syntax error".to_owned(),
            (Dialect::Dash, true) => {
                format!("arithmetic expression: division by zero: \"{text}\"")
            }
            (Dialect::Dash, false) => {
                format!("arithmetic expression: expecting primary: \"{text}\"")
            }
        }
    }

    /// An assignment to a read-only variable.
    fn readonly(self, name: &str) -> String {
        match self {
            Dialect::Bash => format!("{name}: readonly variable"),
            Dialect::Ash | Dialect::Dash => format!("{name}: is read only"),
        }
    }

    /// The exit status of a command whose redirection fails.
    fn redirect_status(self) -> i32 {
        if self == Dialect::Dash { 2 } else { 1 }
    }

    /// The exit status of a script that an expansion error ends.
    fn error_status(self) -> i32 {
        if self.is_bash() { 1 } else { 2 }
    }
}
