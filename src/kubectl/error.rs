//! The errors of commands and the one place that turns them into text and exit code.
//!
//! Upstream: kubectl/pkg/cmd/util/helpers.go, checkErr and MultilineError.

use crate::api::Status;
use crate::base::human::quote;

/// Why a command failed.
#[derive(Clone, Debug)]
pub(crate) enum CmdError {
    /// The server refused.
    Status(Box<Status>),
    /// Anything else, shown behind `error: `.
    Plain(String),
    /// Text that is shown as it is.
    Exact(String),
    /// Several errors, each on its line.
    Many(Vec<CmdError>),
    /// Nothing more to say; this exit code. The text, if any, is shown as it is.
    Exit(i32, String),
}

impl CmdError {
    /// A plain error.
    pub(crate) fn plain(text: impl Into<String>) -> CmdError {
        CmdError::Plain(text.into())
    }

    /// An error in the use of a command, which points to its help.
    /// Upstream: helpers.go, UsageErrorf.
    pub(crate) fn usage_help(path: &str, text: impl Into<String>) -> CmdError {
        CmdError::Plain(format!("{}\nSee '{path} -h' for help and examples", text.into()))
    }

    /// A part of kubectl that this simulation leaves out.
    pub(crate) fn not_simulated(what: &str) -> CmdError {
        CmdError::Plain(format!("{what} is not simulated"))
    }

    /// The server's refusal with what was being done in front, as `error when creating "x": …`.
    /// Upstream: helpers.go, AddSourceToErr.
    pub(crate) fn with_source(self, verb: &str, source: &str) -> CmdError {
        if source.is_empty() {
            return self;
        }
        let wrap = |text: &str| format!("error when {verb} {}: {text}", quote(source));
        match self {
            CmdError::Status(mut status) => {
                status.message = wrap(&status.message);
                CmdError::Status(status)
            }
            CmdError::Plain(text) => CmdError::Plain(wrap(&text)),
            other => other,
        }
    }

    /// Whether the server said that the object is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, CmdError::Status(s) if s.is_not_found())
    }

    /// One error of several, or none.
    pub(crate) fn from_many(mut errors: Vec<CmdError>) -> Result<(), CmdError> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(CmdError::Many(errors)),
        }
    }

    /// The words alone.
    pub(crate) fn message(&self) -> String {
        match self {
            CmdError::Status(status) => status.message.clone(),
            CmdError::Plain(text) | CmdError::Exact(text) | CmdError::Exit(_, text) => text.clone(),
            CmdError::Many(errors) => {
                let all: Vec<_> = errors.iter().map(CmdError::message).collect();
                format!("[{}]", all.join(", "))
            }
        }
    }
}

impl From<Status> for CmdError {
    fn from(status: Status) -> CmdError {
        CmdError::Status(Box::new(status))
    }
}

/// The text for standard error and the exit code.
pub(crate) fn render(error: &CmdError) -> (String, i32) {
    match error {
        CmdError::Status(status) => (line(&status_text(status)), 1),
        CmdError::Plain(text) if text.starts_with("error: ") => (line(text), 1),
        CmdError::Plain(text) => (line(&format!("error: {text}")), 1),
        CmdError::Exact(text) => (line(text), 1),
        CmdError::Exit(code, text) => {
            (if text.is_empty() { String::new() } else { line(text) }, *code)
        }
        CmdError::Many(errors) if errors.len() == 1 => render(&errors[0]),
        CmdError::Many(errors) => {
            let lines: Vec<_> = errors.iter().map(|e| line(&standard_message(e))).collect();
            (lines.concat(), 1)
        }
    }
}

fn line(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Upstream: helpers.go, messageForError.
pub(crate) fn standard_message(error: &CmdError) -> String {
    match error {
        CmdError::Status(status) => server_message(status),
        other => other.message(),
    }
}

fn server_message(status: &Status) -> String {
    if status.reason.is_empty() {
        format!("Error from server: {}", status.message)
    } else {
        format!("Error from server ({}): {}", status.reason, status.message)
    }
}

fn status_text(status: &Status) -> String {
    if status.reason != "Invalid" {
        return server_message(status);
    }
    let details = &status.details;
    if details.is_null() {
        return format!("The request is invalid: {}", status.message);
    }
    let (kind, name) = (details.get("kind").text(), details.get("name").text());
    let causes = details.get("causes").as_array();
    let mut text = "The request is invalid".to_owned();
    if !kind.is_empty() || !name.is_empty() {
        text = format!("The {kind} {} is invalid", quote(name));
    } else if causes.is_empty() && !status.message.is_empty() {
        text = format!("{text}: {}", status.message);
    }
    let mut lines: Vec<String> = Vec::new();
    for cause in causes {
        let one = format!("{}: {}", cause.get("field").text(), cause.get("message").text());
        if !lines.contains(&one) {
            lines.push(one);
        }
    }
    match lines.as_slice() {
        [] => text,
        [one] => format!("{text}: {one}\n"),
        many => {
            let bullets: Vec<_> = many.iter().map(|l| format!("* {l}\n")).collect();
            format!("{text}: \n{}", bullets.concat())
        }
    }
}
