//! File names that match a pattern.

use super::pattern::{self, Pattern};
use crate::base::sort::InOrder;
use crate::os::{FileKind, Sys};

/// The most names that one pattern may give.
const MAX_NAMES: usize = 50_000;

/// The paths that match a pattern, in byte order; none when nothing does.
pub(crate) fn find(sys: &Sys, pattern: &str, hidden: bool) -> Vec<String> {
    let (mut found, rest) = match pattern.strip_prefix('/') {
        Some(rest) => (vec!["/".to_owned()], rest),
        None => (vec![String::new()], pattern),
    };
    let mut parts = rest.split('/').peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let mut next = Vec::new();
        for base in &found {
            if part.is_empty() {
                next.push(format!("{base}{}", if last { "" } else { "/" }));
                continue;
            }
            names(sys, base, part, hidden, last, &mut next);
            if next.len() > MAX_NAMES {
                break;
            }
        }
        found = next;
    }
    found.order();
    found
}

/// Adds the entries below `base` that match one part of the pattern.
fn names(sys: &Sys, base: &str, part: &str, hidden: bool, last: bool, next: &mut Vec<String>) {
    let slash = if last { "" } else { "/" };
    if !pattern::is_pattern(part) {
        let path = format!("{base}{}", pattern::unquote(part));
        if sys.stat(&path, false).is_ok() {
            next.push(path + slash);
        }
        return;
    }
    let directory = if base.is_empty() { "." } else { base };
    let matcher = Pattern::new(part);
    for (name, kind) in sys.read_dir(directory).unwrap_or_default() {
        let shown = !name.starts_with('.') || part.starts_with('.') || hidden;
        if !shown || !matcher.matches(&name) {
            continue;
        }
        let path = format!("{base}{name}");
        let passable = last
            || kind == FileKind::Directory
            || (kind == FileKind::Symlink
                && sys.stat(&path, true).is_ok_and(|stat| stat.kind == FileKind::Directory));
        if passable {
            next.push(path + slash);
        }
    }
}
