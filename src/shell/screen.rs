//! Where text stands on a screen that wraps its lines.

/// Rows that text takes which ends in a newline.
pub(super) fn visible_rows(text: &str, columns: usize) -> usize {
    let mut place = (0, 0);
    for c in visible(text) {
        advance(&mut place, c, columns);
    }
    place.0
}

/// The characters of a text that take room on the screen.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let c = chars.next()?;
            if c != '\u{1b}' {
                if c != '\r' && c != '\u{7}' {
                    return Some(c);
                }
                continue;
            }
            match chars.next()? {
                '[' => {
                    // A control sequence ends with its first letter.
                    while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
                }
                ']' => {
                    // A title ends with a bell or an escape.
                    while chars.next().is_some_and(|c| c != '\u{7}' && c != '\\') {}
                }
                _ => {}
            }
        }
    })
}

/// Moves a place on the screen behind a character.
pub(super) fn advance(place: &mut (usize, usize), c: char, columns: usize) {
    if c == '\n' {
        *place = (place.0 + 1, 0);
        return;
    }
    let width = width(c);
    if place.1 + width > columns {
        *place = (place.0 + 1, 0);
    }
    place.1 += width;
}

/// Columns that a character takes.
pub(super) fn width(c: char) -> usize {
    let code = u32::from(c);
    if code < 0x300 {
        return 1;
    }
    let combining = [
        0x300..=0x36f,
        0x483..=0x489,
        0x591..=0x5bd,
        0x610..=0x61a,
        0x64b..=0x65f,
        0x1ab0..=0x1aff,
        0x1dc0..=0x1dff,
        0x200b..=0x200f,
        0x20d0..=0x20ff,
        0xfe00..=0xfe0f,
        0xfe20..=0xfe2f,
        0xe_0100..=0xe_01ef,
    ];
    let wide = [
        0x1100..=0x115f,
        0x2e80..=0x303e,
        0x3041..=0xa4cf,
        0xa960..=0xa97f,
        0xac00..=0xd7a3,
        0xf900..=0xfaff,
        0xfe30..=0xfe6f,
        0xff00..=0xff60,
        0xffe0..=0xffe6,
        0x1_f300..=0x1_f64f,
        0x1_f680..=0x1_f6ff,
        0x1_f900..=0x1_f9ff,
        0x1_fa70..=0x1_faff,
        0x2_0000..=0x3_fffd,
    ];
    if combining.iter().any(|range| range.contains(&code)) {
        0
    } else if wide.iter().any(|range| range.contains(&code)) {
        2
    } else {
        1
    }
}
