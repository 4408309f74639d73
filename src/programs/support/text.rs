//! Small things about texts, paths, users and numbers that several programs need.

use crate::os::{Errno, FileKind, Sys};

/// Whether the machine's commands are busybox's, so that its words are used.
pub(crate) fn is_busybox(sys: &Sys) -> bool {
    sys.stat("/bin/busybox", true).is_ok()
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && !path.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// A path below a directory.
pub(crate) fn join(dir: &str, name: &str) -> String {
    if dir.ends_with('/') { format!("{dir}{name}") } else { format!("{dir}/{name}") }
}

/// Whether a path leads to a directory.
pub(crate) fn is_dir(sys: &Sys, path: &str) -> bool {
    sys.stat(path, true).is_ok_and(|s| s.kind == FileKind::Directory)
}

/// The field of a line of `/etc/passwd` or `/etc/group` whose third field is this number.
pub(crate) fn name_of(sys: &Sys, file: &str, id: u32) -> Option<String> {
    let text = read_text(sys, file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id.to_string()).then(|| name.to_owned())
    })
}

/// The number of a user or group by name, or a number as it is.
pub(crate) fn id_of(sys: &Sys, file: &str, name: &str) -> Option<u32> {
    if let Ok(id) = name.parse() {
        return Some(id);
    }
    let text = read_text(sys, file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// A user's name, or the number when there is none.
pub(crate) fn user_name(sys: &Sys, uid: u32) -> String {
    name_of(sys, "/etc/passwd", uid).unwrap_or_else(|| uid.to_string())
}

/// A group's name, or the number when there is none.
pub(crate) fn group_name(sys: &Sys, gid: u32) -> String {
    name_of(sys, "/etc/group", gid).unwrap_or_else(|| gid.to_string())
}

/// A whole file as text.
pub(crate) fn read_text(sys: &Sys, path: &str) -> Result<String, Errno> {
    sys.read_file(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// `drwxr-xr-x`.
pub(crate) fn mode_text(kind: FileKind, mode: u16) -> String {
    let first = match kind {
        FileKind::File => '-',
        FileKind::Directory => 'd',
        FileKind::Symlink => 'l',
        FileKind::Device => 'c',
        FileKind::Pipe => 'p',
        FileKind::Socket => 's',
    };
    let mut text = String::from(first);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// `4.0K` as `ls -h` and `du -h` print sizes: one decimal below ten, rounded up.
pub(crate) fn human_size(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut unit = 1024_u64;
    for suffix in ["K", "M", "G"] {
        let tenths = (bytes * 10).div_ceil(unit);
        if tenths < 100 {
            return format!("{}.{}{suffix}", tenths / 10, tenths % 10);
        }
        let whole = bytes.div_ceil(unit);
        if whole < 1024 {
            return format!("{whole}{suffix}");
        }
        unit *= 1024;
    }
    format!("{}T", bytes.div_ceil(unit))
}

/// Seconds from `1.5`, `2m`, `1h`, `1d`, `infinity`, as `sleep` reads them.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    if matches!(text, "inf" | "infinity") {
        return Some(1e9);
    }
    let (number, factor) = match text.char_indices().next_back()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3600.0),
        (at, 'd') => (&text[..at], 86400.0),
        _ => (text, 1.0),
    };
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let value: f64 = number.parse().ok().filter(|_| plain)?;
    Some((value * factor).min(1e9))
}

/// Backslash sequences as `echo -e`, `tr` and `awk` know them.
pub(crate) fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            result.push(c);
            continue;
        }
        match chars.next() {
            None => result.push('\\'),
            Some('n') => result.push('\n'),
            Some('t') => result.push('\t'),
            Some('r') => result.push('\r'),
            Some('a') => result.push('\x07'),
            Some('b') => result.push('\x08'),
            Some('f') => result.push('\x0c'),
            Some('v') => result.push('\x0b'),
            Some('e') => result.push('\x1b'),
            Some('\\') => result.push('\\'),
            Some(digit @ '0'..='7') => {
                let mut value = digit.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(next) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    value = value * 8 + next;
                    chars.next();
                }
                result.push(char::from(value as u8));
            }
            Some('x') => {
                let mut value = 0;
                for _ in 0..2 {
                    let Some(next) = chars.peek().and_then(|c| c.to_digit(16)) else { break };
                    value = value * 16 + next;
                    chars.next();
                }
                result.push(char::from(value as u8));
            }
            Some(other) => {
                result.push('\\');
                result.push(other);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_and_names() {
        assert_eq!(human_size(1000), "1000");
        assert_eq!(human_size(4096), "4.0K");
        assert_eq!(human_size(10_240), "10K");
        assert_eq!(human_size(5 << 20), "5.0M");
        assert_eq!(seconds("1.5"), Some(1.5));
        assert_eq!(seconds("2m"), Some(120.0));
        assert_eq!(seconds("x"), None);
        assert_eq!(seconds("é"), None);
        assert_eq!(mode_text(FileKind::Directory, 0o1777), "drwxrwxrwt");
        assert_eq!((base_name("/a/b/"), base_name("/"), base_name("x")), ("b", "/", "x"));
        assert_eq!(unescape(r"a\tb\x41\0101\q\\"), "a\tbA\x081\\q\\");
    }
}
