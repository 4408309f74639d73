//! The texts of `-h` and `kubectl options`, and the flags that they name.
//!
//! Upstream: kubectl/pkg/cmd/*, kubectl/pkg/util/templates. `help.txt` holds what kubectl v1.36
//! prints for each of its commands.

use super::flags::{Args, Flag, Kind, flag};

const TEXTS: &str = include_str!("help.txt");

/// The command that lists the flags of all commands.
pub(crate) const OPTIONS: &str = "kubectl options";

/// The help of the command that was typed.
pub(crate) fn text(args: &Args) -> &'static str {
    of(&args.path)
}

/// The help of a command by its full name; "" for one that kubectl does not have.
pub(crate) fn of(path: &str) -> &'static str {
    let texts = TEXTS.split("%% ").filter_map(|part| part.split_once('\n'));
    texts.into_iter().find(|(name, _)| *name == path).map_or("", |(_, text)| text)
}

/// The root's commands by group, and how to go on.
pub(crate) fn root_commands() -> &'static str {
    let text = of("kubectl");
    text.find("Basic Commands").map_or(text, |at| &text[at..])
}

/// Names and one-line descriptions of a command's subcommands.
pub(crate) fn commands(path: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut inside = false;
    of(path).lines().filter_map(move |line| {
        if !line.starts_with(' ') {
            inside = line.contains("Commands") && !line.starts_with("Use")
                || line.starts_with("Subcommands");
            return None;
        }
        let (name, short) = line.strip_prefix("  ").filter(|_| inside)?.split_once(' ')?;
        Some((name, short.trim_start())).filter(|(name, _)| !name.is_empty())
    })
}

/// The flags that a command's help names, as such that are not simulated.
pub(crate) fn flags(path: &str) -> impl Iterator<Item = Flag> {
    of(path).lines().filter_map(|line| {
        let line = line.strip_prefix("    ").filter(|l| l.starts_with('-'))?;
        let (names, default) = line.strip_suffix(':')?.split_once('=')?;
        let (short, long) = match names.split_once(", --") {
            Some((short, long)) => (short.chars().nth(1).unwrap_or('\0'), long),
            None => ('\0', names.strip_prefix("--")?),
        };
        let (kind, default) = kind(default);
        Some(flag(long, kind, default).short(short).absent())
    })
}

/// The type of a flag with this default as the help writes it, and its value.
fn kind(default: &'static str) -> (Kind, &'static str) {
    if let Some(text) = default.strip_prefix('\'').and_then(|d| d.strip_suffix('\'')) {
        return (Kind::Text, text);
    }
    if let Some(list) = default.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        return (Kind::Slice, list);
    }
    match default {
        "true" | "false" => (Kind::Bool, default),
        _ if default.parse::<i64>().is_ok() => (Kind::Int, default),
        _ => (Kind::Duration, default),
    }
}

/// What a command's help says of a flag, in one line.
pub(crate) fn usage(path: &str, flag: &str) -> Option<&'static str> {
    let wanted = format!("--{flag}=");
    let mut lines = of(path).lines();
    lines.find(|l| l.starts_with("    ") && l.contains(&wanted))?;
    lines.next().map(str::trim_start)
}
