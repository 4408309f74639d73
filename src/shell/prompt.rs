//! The prompt: `$PS1` with its backslash escapes.

use super::Dialect;
use super::machine::Shell;
use crate::os::Sys;

/// The prompt of a shell without `$PS1`.
pub(super) fn default(dialect: Dialect, root: bool) -> &'static str {
    match (dialect, root) {
        (Dialect::Bash, true) => "\\u@\\h:\\w\\$ ",
        (Dialect::Bash, false) => "\\[\\e[36m\\]\\w \\$\\[\\e[0m\\] ",
        (Dialect::Ash, _) => "\\w \\$ ",
        (Dialect::Dash, true) => "# ",
        (Dialect::Dash, false) => "$ ",
    }
}

/// A prompt's text with its escapes replaced. Stretches between `\[` and `\]` take no room on the screen; the
/// line editor recognises control sequences by itself, so these marks are dropped.
pub(super) fn expand(shell: &mut Shell, prompt: &str, sys: &mut Sys) -> String {
    let mut text = String::new();
    let mut chars = prompt.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$' {
            let mut name = String::new();
            while let Some(next) = chars.peek().filter(|c| super::parse::is_name_char(**c)) {
                name.push(*next);
                chars.next();
            }
            if super::parse::is_name(&name) {
                text.push_str(&shell.lookup(&name, sys).unwrap_or_default());
            } else {
                text.push('$');
                text.push_str(&name);
            }
            continue;
        }
        if c != '\\' || shell.dialect == Dialect::Dash {
            text.push(c);
            continue;
        }
        let Some(c) = chars.next() else {
            text.push('\\');
            break;
        };
        match c {
            'u' => text.push_str(&user(shell, sys)),
            'h' => {
                let host = sys.hostname();
                text.push_str(host.split('.').next().unwrap_or_default());
            }
            'H' => text.push_str(&sys.hostname()),
            'w' => text.push_str(&directory(shell, sys)),
            'W' => {
                let directory = directory(shell, sys);
                let last = directory.rsplit('/').next().unwrap_or_default();
                text.push_str(if last.is_empty() { "/" } else { last });
            }
            '$' => text.push(if sys.user().0 == 0 { '#' } else { '$' }),
            's' => text.push_str(shell.name.rsplit('/').next().unwrap_or_default()),
            't' => text.push_str(&sys.now().format("%H:%M:%S")),
            'T' => text.push_str(&sys.now().format("%I:%M:%S")),
            'A' => text.push_str(&sys.now().format("%H:%M")),
            'd' => text.push_str(&sys.now().format("%a %b %d")),
            'j' => text.push_str(&shell.jobs.iter().count().to_string()),
            'v' => text.push_str("5.2"),
            'V' => text.push_str("5.2.15"),
            '!' | '#' => text.push_str(&shell.history_number().to_string()),
            'n' => text.push_str("\r\n"),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'e' => text.push('\u{1b}'),
            '[' | ']' => {}
            '0'..='7' => {
                let mut digits = c.to_string();
                while digits.len() < 3
                    && let Some(next) = chars.next_if(|c| ('0'..='7').contains(c))
                {
                    digits.push(next);
                }
                let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
                text.extend(char::from_u32(code));
            }
            '\\' => text.push('\\'),
            other => {
                text.push('\\');
                text.push(other);
            }
        }
    }
    text
}

/// The user's name.
fn user(shell: &Shell, sys: &Sys) -> String {
    let uid = sys.user().0.to_string();
    let passwd = sys.read_file("/etc/passwd").unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd).into_owned();
    let known = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    match (known, uid.as_str()) {
        (Some(name), _) => name,
        (None, "0") => "root".to_owned(),
        (None, _) if shell.dialect.is_bash() => "I have no name!".to_owned(),
        (None, _) => uid,
    }
}

/// The working directory with the home directory as `~`.
fn directory(shell: &Shell, sys: &Sys) -> String {
    let cwd = sys.cwd();
    let home = shell.vars.text("HOME").unwrap_or_default();
    match cwd.strip_prefix(home) {
        _ if home.is_empty() || home == "/" => cwd,
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => cwd,
    }
}
