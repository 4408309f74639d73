//! What the shell says on standard error, in the words of the shell that it stands for.

use super::Dialect;
use super::machine::{Origin, Shell};
use super::parse::ParseError;
use super::texts::Role;
use crate::os::Sys;

impl Shell {
    /// What messages begin with.
    pub(crate) fn prefix(&self) -> String {
        let (name, line) = (&self.name, self.line);
        match (self.dialect, self.origin) {
            (Dialect::Bash, Origin::Interactive) => {
                format!("{}: ", name.rsplit('/').next().unwrap_or(name).trim_start_matches('-'))
            }
            (Dialect::Bash, _) | (Dialect::Ash, Origin::Script) => format!("{name}: line {line}: "),
            (Dialect::Ash, _) => format!("{name}: "),
            (Dialect::Dash, _) => format!("{name}: {line}: "),
        }
    }

    /// Reports on standard error.
    pub(crate) fn complain(&self, sys: &mut Sys, message: &str) {
        sys.eprint(&format!("{}{message}\n", self.prefix()));
    }

    /// Reports for a builtin: `bash: cd: …`, `sh: cd: line 1: …`.
    pub(crate) fn complain_as(&self, sys: &mut Sys, builtin: &str, message: &str) {
        if self.dialect != Dialect::Ash {
            self.complain(sys, &format!("{builtin}: {message}"));
        } else if self.origin == Origin::Interactive {
            sys.eprint(&format!("{}: {builtin}: {message}\n", self.name));
        } else {
            // busybox counts the lines of `-c` from 0.
            let line = self.line - u32::from(self.origin == Origin::Command && self.line > 0);
            sys.eprint(&format!("{}: {builtin}: line {line}: {message}\n", self.name));
        }
    }

    pub(crate) fn parse_error(
        &self,
        error: &ParseError,
        role: Option<&Role>,
        text: &str,
    ) -> String {
        let bash = self.dialect.is_bash();
        let line = match error {
            ParseError::Incomplete { line, .. }
            | ParseError::Unexpected { line, .. }
            | ParseError::TooDeep { line } => *line,
            ParseError::TooLong => self.line.max(1),
        };
        // bash counts the end of the text as a line of its own.
        let line = match error {
            ParseError::Incomplete { quote: None, .. } if bash => text.lines().count() as u32 + 1,
            _ => line,
        };
        let name = &self.name;
        let prefix = match (self.dialect, self.origin, role) {
            (Dialect::Bash, Origin::Interactive, Some(Role::Eval)) => "bash: eval: ".to_owned(),
            (Dialect::Bash, Origin::Interactive, _) => "bash: ".to_owned(),
            (Dialect::Bash, _, Some(Role::Eval)) => format!("{name}: eval: line {line}: "),
            (Dialect::Bash, Origin::Command, Some(Role::Main)) => {
                format!("{name}: -c: line {line}: ")
            }
            (Dialect::Bash, ..) | (Dialect::Ash, Origin::Script, _) => {
                format!("{name}: line {line}: ")
            }
            (Dialect::Ash, ..) => format!("{name}: "),
            (Dialect::Dash, ..) => format!("{name}: {line}: "),
        };
        let title = if self.dialect == Dialect::Dash { "Syntax error" } else { "syntax error" };
        let hint = |expecting: Option<&str>| {
            expecting.map(|word| format!(" (expecting \"{word}\")")).unwrap_or_default()
        };
        let message = match error {
            ParseError::TooLong => "the command is too long to be simulated".to_owned(),
            ParseError::TooDeep { .. } => {
                format!("{title}: commands are nested too deep to be simulated")
            }
            ParseError::Incomplete { quote: Some(quote), .. } if bash => {
                format!("unexpected EOF while looking for matching `{quote}'")
            }
            ParseError::Incomplete { .. } if bash => format!("{title}: unexpected end of file"),
            ParseError::Incomplete { quote: Some('\'' | '"'), .. } => {
                let word =
                    if self.dialect == Dialect::Dash { "Unterminated" } else { "unterminated" };
                format!("{title}: {word} quoted string")
            }
            ParseError::Incomplete { expecting, .. } if self.dialect == Dialect::Ash => {
                format!("{title}: unexpected end of file{}", hint(*expecting))
            }
            ParseError::Incomplete { expecting, .. } => {
                format!("{title}: end of file unexpected{}", hint(*expecting))
            }
            ParseError::Unexpected { token, line: at, .. } if bash => {
                let source = text.lines().nth((*at as usize).saturating_sub(1));
                let mut message = format!("{title} near unexpected token `{token}'");
                if let (false, Some(source)) = (self.origin == Origin::Interactive, source) {
                    message.push_str(&format!("\n{prefix}`{source}'"));
                }
                message
            }
            ParseError::Unexpected { token, expecting, .. } if self.dialect == Dialect::Ash => {
                let token = if token == "newline" { token.clone() } else { format!("\"{token}\"") };
                format!("{title}: unexpected {token}{}", hint(*expecting))
            }
            ParseError::Unexpected { token, expecting, .. } => {
                let token = if token == "newline" { token.clone() } else { format!("\"{token}\"") };
                format!("{title}: {token} unexpected{}", hint(*expecting))
            }
        };
        format!("{prefix}{message}\n")
    }
}
