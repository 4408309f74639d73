//! Alignment of tab-terminated cells into columns.
//!
//! A column is a run of consecutive lines that have a cell there, so a line with fewer cells ends it.
//! Upstream: vendor/github.com/liggitt/tabwriter/tabwriter.go (Go's text/tabwriter plus remembered widths).
//! Simplified: no escapes, HTML, right alignment or tab padding; kubectl uses none of them.

/// Widths and flags, in upstream's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The smallest column width, padding included.
    pub min_width: usize,
    /// Spaces between a cell and the next column.
    pub padding: usize,
    /// Whether a column keeps its width over flushes, for tables that are watched.
    pub remember: bool,
}

/// What `get` uses. Upstream: cli-runtime/pkg/printers/tabwriter.go, GetNewTabWriter.
pub const TABLE: Settings = Settings { min_width: 6, padding: 3, remember: true };
/// What `describe` and `top` use. Upstream: kubectl/pkg/describe/describe.go, tabbedString.
pub const DESCRIBE: Settings = Settings { min_width: 0, padding: 2, remember: false };

#[derive(Clone, Debug, Default)]
struct Cell {
    text: String,
}

impl Cell {
    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Collects text and returns it aligned.
#[derive(Clone, Debug)]
pub struct TabWriter {
    settings: Settings,
    cell: Cell,
    lines: Vec<Vec<Cell>>,
    widths: Vec<usize>,
    remembered: Vec<usize>,
    out: String,
}

impl TabWriter {
    /// A writer with nothing in it.
    pub fn new(settings: Settings) -> TabWriter {
        TabWriter {
            settings,
            cell: Cell::default(),
            lines: vec![Vec::new()],
            widths: Vec::new(),
            remembered: Vec::new(),
            out: String::new(),
        }
    }

    /// Adds text; tabs end cells, newlines end lines, form feeds end lines and columns.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\t' | '\u{b}' => {
                    self.end_cell();
                }
                '\n' | '\u{c}' => {
                    let cells = self.end_cell();
                    self.lines.push(Vec::new());
                    if c == '\u{c}' || cells == 1 {
                        self.format_all();
                    }
                }
                c => self.cell.text.push(c),
            }
        }
    }

    /// Aligns what was written and returns it with everything aligned before.
    pub fn flush(&mut self) -> String {
        if !self.cell.text.is_empty() {
            self.end_cell();
        }
        self.format_all();
        std::mem::take(&mut self.out)
    }

    fn end_cell(&mut self) -> usize {
        let cell = std::mem::take(&mut self.cell);
        let Some(line) = self.lines.last_mut() else { return 0 };
        line.push(cell);
        line.len()
    }

    fn format_all(&mut self) {
        let lines = std::mem::replace(&mut self.lines, vec![Vec::new()]);
        self.widths.clear();
        self.format(&lines, 0, lines.len());
    }

    /// Formats the lines from `first` up to `end`, whose columns so far are in `widths`.
    fn format(&mut self, lines: &[Vec<Cell>], first: usize, end: usize) {
        // Each level handles one column, so the depth is the number of cells of a line.
        let column = self.widths.len();
        let mut start = first;
        let mut this = first;
        while this < end {
            if column + 1 >= lines[this].len() {
                this += 1;
                continue;
            }
            self.write_lines(lines, start, this);
            start = this;
            let mut width = self.settings.min_width;
            while this < end && column + 1 < lines[this].len() {
                width = width.max(lines[this][column].width() + self.settings.padding);
                this += 1;
            }
            if self.settings.remember {
                width = self.remember(column, width);
            }
            if column < 1_000 {
                self.widths.push(width);
                self.format(lines, start, this);
                self.widths.pop();
            } else {
                self.write_lines(lines, start, this);
            }
            start = this;
        }
        self.write_lines(lines, start, end);
    }

    fn remember(&mut self, column: usize, width: usize) -> usize {
        if self.remembered.len() < column {
            let known = self.remembered.len();
            self.remembered.extend_from_slice(&self.widths[known..column]);
        }
        if self.remembered.len() == column {
            self.remembered.push(width);
        }
        self.remembered[column] = self.remembered[column].max(width);
        self.remembered[column]
    }

    fn write_lines(&mut self, lines: &[Vec<Cell>], start: usize, end: usize) {
        for (at, line) in lines.iter().enumerate().take(end).skip(start) {
            for (column, cell) in line.iter().enumerate() {
                self.out.push_str(&cell.text);
                if let Some(width) = self.widths.get(column) {
                    self.out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
                }
            }
            if at + 1 < lines.len() {
                self.out.push('\n');
            }
        }
    }
}

/// Aligns one text with the given settings.
pub fn align(settings: Settings, text: &str) -> String {
    let mut writer = TabWriter::new(settings);
    writer.write(text);
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_a_table() {
        let text = "NAME\tREADY\tAGE\nweb-0\t1/1\t6s\nweb-100000\t0/1\t4s\n";
        assert_eq!(
            align(TABLE, text),
            "NAME         READY   AGE\nweb-0        1/1     6s\nweb-100000   0/1     4s\n"
        );
    }

    #[test]
    fn keeps_widths_between_flushes() {
        let mut writer = TabWriter::new(TABLE);
        writer.write("NAME\tAGE\na-long-name\t1s\n");
        writer.flush();
        writer.write("b\t2s\n");
        assert_eq!(writer.flush(), "b             2s\n");
    }

    #[test]
    fn a_short_line_ends_columns() {
        let text = "Name:\tweb\nLabels:\tapp=nginx\n\ttier=web\nNone\nX:\ty\n";
        assert_eq!(
            align(DESCRIBE, text),
            "Name:    web\nLabels:  app=nginx\n         tier=web\nNone\nX:  y\n"
        );
    }

    #[test]
    fn empty_trailing_cells_stay_padded() {
        assert_eq!(
            align(TABLE, "NAME\tROLES\tX\na\t\t1\n"),
            "NAME   ROLES   X\na              1\n"
        );
    }

    #[test]
    fn never_panics() {
        let mut draw = crate::base::rng::Rng { seed: 5 }.named("tabwriter", "fuzz", 0);
        let alphabet = ['a', 'é', '\t', '\t', '\n', '\u{c}', ' '];
        for _ in 0..3_000 {
            let len = draw.index(80);
            let text: String = (0..len).map(|_| alphabet[draw.index(alphabet.len())]).collect();
            align(TABLE, &text);
            align(DESCRIBE, &text);
        }
    }
}
