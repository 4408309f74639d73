//! The Markdown that lessons are written in, as blocks that a page or a terminal can show.
//! Headings, paragraphs, lists, quotes, fenced code; `code`, **strong**, *emphasis*, [links](https://…).

/// A block of text.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading with its level, 1 to 6.
    Heading(u8, Vec<Inline>),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list; whether it is numbered, and its items.
    List(bool, Vec<Vec<Inline>>),
    /// A quote, shown as a note.
    Quote(Vec<Inline>),
    /// Fenced code with what stands after the fence.
    Code(String, String),
}

/// A piece of running text.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// `Code`.
    Code(String),
    /// **Strong**.
    Strong(String),
    /// *Emphasis*.
    Emphasis(String),
    /// A link: text and address.
    Link(String, String),
}

/// Parses Markdown; whatever it does not know is a paragraph.
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        if start.is_empty() {
            continue;
        }
        if let Some(info) = start.strip_prefix("```") {
            let body: Vec<&str> =
                lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
            blocks.push(Block::Code(info.trim().to_owned(), body.join("\n")));
            continue;
        }
        if let Some((level, title)) = heading(start) {
            blocks.push(Block::Heading(level, inline(title)));
            continue;
        }
        let marker = Marker::of(start);
        let mut items = vec![marker.strip(start).to_owned()];
        while let Some(next) = lines.peek().map(|next| next.trim_start()) {
            let ends = next.is_empty() || next.starts_with("```") || heading(next).is_some();
            let kind = Marker::of(next);
            if ends || (kind != marker && kind != Marker::None) {
                break;
            }
            if kind == marker && matches!(kind, Marker::Bullet | Marker::Number) {
                items.push(kind.strip(next).to_owned());
            } else if let Some(last) = items.last_mut() {
                last.push(' ');
                last.push_str(kind.strip(next));
            }
            lines.next();
        }
        blocks.push(marker.block(&items));
    }
    blocks
}

/// What a line begins with.
#[derive(Clone, Copy, PartialEq)]
enum Marker {
    None,
    Bullet,
    Number,
    Quote,
}

impl Marker {
    fn of(line: &str) -> Marker {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        if line.starts_with("- ") || line.starts_with("* ") {
            Marker::Bullet
        } else if digits > 0 && line[digits..].starts_with(". ") {
            Marker::Number
        } else if line.starts_with('>') {
            Marker::Quote
        } else {
            Marker::None
        }
    }

    fn strip(self, line: &str) -> &str {
        match self {
            Marker::None => line,
            Marker::Bullet | Marker::Quote => line[1..].trim_start(),
            Marker::Number => line.split_once(". ").map_or(line, |(_, rest)| rest),
        }
    }

    fn block(self, items: &[String]) -> Block {
        let first = || inline(items.first().map_or("", String::as_str));
        match self {
            Marker::None => Block::Paragraph(first()),
            Marker::Quote => Block::Quote(first()),
            Marker::Bullet | Marker::Number => {
                Block::List(self == Marker::Number, items.iter().map(|item| inline(item)).collect())
            }
        }
    }
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let title = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then_some((level as u8, title.trim()))
}

/// Parses running text.
pub fn inline(text: &str) -> Vec<Inline> {
    let mut pieces: Vec<Inline> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((piece, after)) = special(rest) {
            pieces.push(piece);
            rest = after;
            continue;
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(['`', '*', '[']).map_or(rest.len(), |at| at + first);
        match pieces.last_mut() {
            Some(Inline::Text(before)) => before.push_str(&rest[..end]),
            _ => pieces.push(Inline::Text(rest[..end].to_owned())),
        }
        rest = &rest[end..];
    }
    pieces
}

/// A marked piece at the start of `text`, and what follows it.
fn special(text: &str) -> Option<(Inline, &str)> {
    let between = |mark: &str| {
        let (inner, after) = text.strip_prefix(mark)?.split_once(mark)?;
        (!inner.is_empty() && !inner.starts_with(' ')).then(|| (inner.to_owned(), after))
    };
    if let Some(rest) = text.strip_prefix('[') {
        let (label, rest) = rest.split_once("](")?;
        let (address, after) = rest.split_once(')')?;
        return Some((Inline::Link(label.to_owned(), address.to_owned()), after));
    }
    if text.starts_with('`') {
        return between("`").map(|(inner, after)| (Inline::Code(inner), after));
    }
    let strong = between("**").map(|(inner, after)| (Inline::Strong(inner), after));
    if text.starts_with("**") {
        strong
    } else {
        between("*").map(|(inner, after)| (Inline::Emphasis(inner), after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Inline {
        Inline::Text(s.to_owned())
    }

    #[test]
    fn running_text_has_its_marks() {
        assert_eq!(
            inline("use `a*b` and **c** or *d*, [e](https://f)."),
            [
                text("use "),
                Inline::Code("a*b".into()),
                text(" and "),
                Inline::Strong("c".into()),
                text(" or "),
                Inline::Emphasis("d".into()),
                text(", "),
                Inline::Link("e".into(), "https://f".into()),
                text("."),
            ]
        );
    }

    #[test]
    fn stray_marks_are_text() {
        assert_eq!(inline("2 * 3 ` [x"), [text("2 * 3 ` [x")]);
        assert_eq!(inline("é*"), [text("é*")]);
    }

    #[test]
    fn blocks_follow_one_another() {
        let blocks = parse(
            "# One\nfirst\nline\n- a\n  more\n- b\n> note\n> goes on\n```sh run\nls\n```\n1. x\n2. y",
        );
        assert_eq!(
            blocks,
            [
                Block::Heading(1, vec![text("One")]),
                Block::Paragraph(vec![text("first line")]),
                Block::List(false, vec![vec![text("a more")], vec![text("b")]]),
                Block::Quote(vec![text("note goes on")]),
                Block::Code("sh run".into(), "ls".into()),
                Block::List(true, vec![vec![text("x")], vec![text("y")]]),
            ]
        );
    }
}
