//! A line being edited: a buffer with a cursor, the keys that change it, and how it is drawn.

use super::complete;
use super::screen::{advance, visible, visible_rows};

/// The longest line, in characters.
const MAX_LINE: usize = 64 * 1024;

/// A line being edited, and what of it stands on the screen.
#[derive(Clone, Default)]
pub(super) struct Editor {
    pub(super) prompt: String,
    pub(super) line: Vec<char>,
    pub(super) cursor: usize,
    pub(super) columns: usize,
    /// Row of the cursor below the prompt's first row.
    pub(super) row: usize,
    /// The screen does not show the line as it is.
    pub(super) dirty: bool,
    /// The prompt is on the screen.
    pub(super) shown: bool,
    /// Only what stands behind this place is missing on the screen.
    pub(super) appended: Option<usize>,
    /// Bytes of an escape sequence or of a character that is not complete.
    pub(super) partial: Vec<u8>,
    pub(super) pasting: bool,
    /// Place in the history; its length for the line being typed.
    pub(super) place: usize,
    /// What was typed before the history was entered.
    pub(super) typed: Vec<char>,
    pub(super) search: Option<Search>,
    pub(super) undo: Vec<(Vec<char>, usize)>,
    pub(super) last: Last,
    /// Waiting for `y` or `n` whether to list these.
    pub(super) offer: Option<Vec<complete::Candidate>>,
}

/// The kind of the last key, for keys that go on with what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Last {
    #[default]
    Other,
    Kill,
    Tab,
    /// Alt-. : how many lines back, and where the inserted word begins.
    Argument(usize, usize),
    Insert,
}

/// A search backwards in the history.
#[derive(Clone, Default)]
pub(super) struct Search {
    query: String,
    /// Entries below this index are looked at.
    from: usize,
    failed: bool,
    before: Vec<char>,
}

/// What a key asks the terminal to do.
pub(super) enum Act {
    None,
    Enter,
    Interrupt,
    End,
    Complete,
    Clear,
    Bell,
}

impl Editor {
    // --- keys ---

    pub(super) fn byte(&mut self, byte: u8, history: &[String], killed: &mut String) -> Act {
        if let Some(candidates) = self.offer.take() {
            return self.answer_offer(byte, candidates);
        }
        if !self.partial.is_empty() || byte == 0x1b || byte >= 0x80 {
            self.partial.push(byte);
            return self.sequence(history, killed);
        }
        if self.pasting {
            return self.paste(byte);
        }
        self.key(byte, history, killed)
    }

    /// `y` shows the list that was offered.
    pub(super) fn answer_offer(&mut self, byte: u8, candidates: Vec<complete::Candidate>) -> Act {
        match byte {
            b'y' | b'Y' | b' ' => {
                let list = complete::columns(&candidates, self.columns);
                // The list stands above the prompt, as if it were part of it once.
                self.prompt = format!("\n{list}{}", self.prompt);
                self.row = 0;
                self.touch();
                Act::None
            }
            b'n' | b'N' | 3 | 7 | 127 => {
                self.prompt = format!("\n{}", self.prompt);
                self.row = 0;
                self.touch();
                Act::None
            }
            _ => {
                self.offer = Some(candidates);
                Act::Bell
            }
        }
    }

    /// Goes on with an escape sequence or a character of several bytes.
    pub(super) fn sequence(&mut self, history: &[String], killed: &mut String) -> Act {
        let bytes = self.partial.clone();
        if bytes[0] != 0x1b {
            return match std::str::from_utf8(&bytes) {
                Ok(text) => {
                    self.partial.clear();
                    let chars: Vec<char> = text.chars().collect();
                    self.typed_in(&chars, history)
                }
                Err(error) if error.error_len().is_none() && bytes.len() < 4 => Act::None,
                Err(_) => {
                    self.partial.clear();
                    Act::Bell
                }
            };
        }
        let done = match bytes.as_slice() {
            [_] | [_, b'[' | b'O'] => false,
            [_, b'[', rest @ ..] => {
                rest.last().is_some_and(|b| (0x40..0x7f).contains(b)) || rest.len() > 16
            }
            _ => true,
        };
        if !done {
            return Act::None;
        }
        self.partial.clear();
        if bytes == b"\x1b[200~" {
            self.accept_search();
            self.save();
            self.pasting = true;
            return Act::None;
        }
        if bytes == b"\x1b[201~" {
            self.pasting = false;
            self.touch();
            return Act::None;
        }
        self.accept_search();
        self.escape(&bytes[1..], history, killed)
    }

    pub(super) fn escape(&mut self, bytes: &[u8], history: &[String], killed: &mut String) -> Act {
        let last = std::mem::take(&mut self.last);
        match bytes {
            b"[A" | b"OA" => self.older(history),
            b"[B" | b"OB" => self.newer(history),
            b"[C" | b"OC" => self.move_to((self.cursor + 1).min(self.line.len())),
            b"[D" | b"OD" => self.move_to(self.cursor.saturating_sub(1)),
            b"[H" | b"OH" | b"[1~" | b"[7~" => self.move_to(self.line_start()),
            b"[F" | b"OF" | b"[4~" | b"[8~" => self.move_to(self.line_end()),
            b"[3~" => self.delete_range(self.cursor, self.cursor + 1),
            b"[1;5C" | b"[1;3C" | b"[5C" | b"f" | b"F" => self.move_to(self.word_end()),
            b"[1;5D" | b"[1;3D" | b"[5D" | b"b" | b"B" => self.move_to(self.word_start()),
            b"d" | b"D" => self.kill(self.cursor, self.word_end(), last, killed),
            [0x7f | 8] => self.kill(self.word_start(), self.cursor, last, killed),
            b"<" => self.jump(history, 0),
            b">" => self.jump(history, history.len()),
            b"." | b"_" => self.last_argument(last, history),
            b"u" | b"l" | b"c" => self.change_case(bytes[0]),
            _ => Act::None,
        }
    }

    pub(super) fn paste(&mut self, byte: u8) -> Act {
        let c = match byte {
            b'\r' => '\n',
            b'\n' | b'\t' => char::from(byte),
            0..=31 | 127 => return Act::None,
            _ => char::from(byte),
        };
        self.insert(&[c]);
        Act::None
    }

    pub(super) fn typed_in(&mut self, chars: &[char], history: &[String]) -> Act {
        if let Some(search) = &mut self.search {
            search.query.extend(chars);
            self.look_back(history);
            return Act::None;
        }
        if self.last != Last::Insert && !self.pasting {
            self.save();
        }
        self.last = Last::Insert;
        if self.line.len() + chars.len() > MAX_LINE {
            return Act::Bell;
        }
        self.insert(chars);
        Act::None
    }

    pub(super) fn key(&mut self, byte: u8, history: &[String], killed: &mut String) -> Act {
        if self.search.is_some() {
            match byte {
                18 => {
                    if let Some(search) = &mut self.search {
                        search.from = self.place;
                    }
                    self.look_back(history);
                    return Act::None;
                }
                8 | 127 => {
                    if let Some(search) = &mut self.search {
                        search.query.pop();
                        search.from = history.len();
                    }
                    self.look_back(history);
                    return Act::None;
                }
                7 => {
                    if let Some(search) = self.search.take() {
                        self.line = search.before;
                        self.cursor = self.line.len();
                        self.place = history.len();
                    }
                    self.touch();
                    return Act::None;
                }
                0..=31 => self.accept_search(),
                _ => {}
            }
        }
        if byte >= 32 && byte != 127 {
            return self.typed_in(&[char::from(byte)], history);
        }
        let last = std::mem::take(&mut self.last);
        match byte {
            1 => self.move_to(self.line_start()),
            2 => self.move_to(self.cursor.saturating_sub(1)),
            3 => Act::Interrupt,
            4 if self.line.is_empty() => Act::End,
            4 => self.delete_range(self.cursor, self.cursor + 1),
            5 => self.move_to(self.line_end()),
            6 => self.move_to((self.cursor + 1).min(self.line.len())),
            8 | 127 if self.cursor == 0 => Act::Bell,
            8 | 127 => self.delete_range(self.cursor - 1, self.cursor),
            9 => {
                self.last = last;
                Act::Complete
            }
            10 | 13 => Act::Enter,
            11 => self.kill(self.cursor, self.line_end().max(self.cursor), last, killed),
            12 => Act::Clear,
            14 => self.newer(history),
            16 => self.older(history),
            18 => {
                self.search = Some(Search {
                    from: history.len(),
                    before: self.line.clone(),
                    ..Search::default()
                });
                self.touch();
                Act::None
            }
            20 => self.transpose(),
            21 => self.kill(self.line_start(), self.cursor, last, killed),
            23 => self.kill(self.blank_start(), self.cursor, last, killed),
            25 => {
                self.save();
                let chars: Vec<char> = killed.chars().collect();
                self.insert(&chars);
                Act::None
            }
            31 => self.take_back(),
            _ => Act::None,
        }
    }

    // --- editing ---

    /// Has the whole line drawn again.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
        self.appended = None;
    }

    /// Keeps the line for undo.
    pub(super) fn save(&mut self) {
        if self.undo.len() >= 100 {
            self.undo.remove(0);
        }
        if self.line.len() < 10_000 {
            self.undo.push((self.line.clone(), self.cursor));
        }
    }

    pub(super) fn take_back(&mut self) -> Act {
        let Some((line, cursor)) = self.undo.pop() else { return Act::Bell };
        self.line = line;
        self.cursor = cursor;
        self.touch();
        Act::None
    }

    pub(super) fn insert(&mut self, chars: &[char]) {
        let room = MAX_LINE.saturating_sub(self.line.len());
        let chars = &chars[..chars.len().min(room)];
        let at = self.cursor.min(self.line.len());
        if at < self.line.len() || self.search.is_some() || self.dirty && self.appended.is_none() {
            self.touch();
        } else {
            self.dirty = true;
            self.appended.get_or_insert(at);
        }
        self.line.splice(at..at, chars.iter().copied());
        self.cursor = at + chars.len();
    }

    pub(super) fn move_to(&mut self, cursor: usize) -> Act {
        if self.cursor != cursor {
            self.touch();
        }
        self.cursor = cursor;
        Act::None
    }

    pub(super) fn delete_range(&mut self, from: usize, to: usize) -> Act {
        let to = to.min(self.line.len());
        if from >= to {
            return Act::Bell;
        }
        self.save();
        self.line.drain(from..to);
        self.cursor = from;
        self.touch();
        Act::None
    }

    /// Takes text out for Ctrl-Y; kills in a row collect.
    pub(super) fn kill(&mut self, from: usize, to: usize, last: Last, killed: &mut String) -> Act {
        let to = to.min(self.line.len());
        if from >= to {
            return Act::Bell;
        }
        let text: String = self.line[from..to].iter().collect();
        if last != Last::Kill {
            *killed = text;
        } else if from < self.cursor {
            killed.insert_str(0, &text);
        } else {
            killed.push_str(&text);
        }
        let act = self.delete_range(from, to);
        self.last = Last::Kill;
        act
    }

    pub(super) fn transpose(&mut self) -> Act {
        if self.cursor == 0 || self.line.len() < 2 {
            return Act::Bell;
        }
        self.save();
        let at = self.cursor.min(self.line.len() - 1);
        self.line.swap(at - 1, at);
        self.cursor = at + 1;
        self.touch();
        Act::None
    }

    pub(super) fn change_case(&mut self, how: u8) -> Act {
        let (from, to) = (self.cursor, self.word_end());
        self.save();
        let mut first = true;
        for at in from..to {
            let c = self.line[at];
            let upper = how == b'u' || how == b'c' && first && c.is_alphanumeric();
            first &= !c.is_alphanumeric();
            self.line[at] = if upper {
                c.to_uppercase().next().unwrap_or(c)
            } else {
                c.to_lowercase().next().unwrap_or(c)
            };
        }
        self.touch();
        self.cursor = to;
        Act::None
    }

    pub(super) fn line_start(&self) -> usize {
        self.line[..self.cursor].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1)
    }

    pub(super) fn line_end(&self) -> usize {
        let end = self.line[self.cursor..].iter().position(|c| *c == '\n');
        end.map_or(self.line.len(), |at| self.cursor + at)
    }

    pub(super) fn word_end(&self) -> usize {
        let mut at = self.cursor;
        while at < self.line.len() && !self.line[at].is_alphanumeric() {
            at += 1;
        }
        while at < self.line.len() && self.line[at].is_alphanumeric() {
            at += 1;
        }
        at
    }

    pub(super) fn word_start(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && !self.line[at - 1].is_alphanumeric() {
            at -= 1;
        }
        while at > 0 && self.line[at - 1].is_alphanumeric() {
            at -= 1;
        }
        at
    }

    /// The beginning of the word before the cursor, words being separated by blanks.
    pub(super) fn blank_start(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && self.line[at - 1].is_whitespace() {
            at -= 1;
        }
        while at > 0 && !self.line[at - 1].is_whitespace() {
            at -= 1;
        }
        at
    }

    // --- history ---

    pub(super) fn older(&mut self, history: &[String]) -> Act {
        if self.line[..self.cursor].contains(&'\n') {
            return self.row_up();
        }
        if self.place >= history.len() {
            self.typed = self.line.clone();
        }
        let prefix: String = self.typed.iter().collect();
        let current: String = self.line.iter().collect();
        let place = history[..self.place.min(history.len())]
            .iter()
            .rposition(|entry| entry.starts_with(&prefix) && *entry != current);
        match place {
            Some(place) => self.jump(history, place),
            None => Act::Bell,
        }
    }

    pub(super) fn newer(&mut self, history: &[String]) -> Act {
        if self.line[self.cursor..].contains(&'\n') {
            return self.row_down();
        }
        if self.place >= history.len() {
            return Act::Bell;
        }
        let prefix: String = self.typed.iter().collect();
        let current: String = self.line.iter().collect();
        let place = history
            .iter()
            .enumerate()
            .skip(self.place + 1)
            .find(|(_, entry)| entry.starts_with(&prefix) && **entry != current)
            .map_or(history.len(), |(place, _)| place);
        self.jump(history, place)
    }

    pub(super) fn jump(&mut self, history: &[String], place: usize) -> Act {
        if self.place >= history.len() && place < history.len() && self.typed.is_empty() {
            self.typed = self.line.clone();
        }
        self.line = match history.get(place) {
            Some(entry) => entry.chars().collect(),
            None => std::mem::take(&mut self.typed),
        };
        self.place = place.min(history.len());
        self.cursor = self.line.len();
        self.touch();
        Act::None
    }

    pub(super) fn row_up(&mut self) -> Act {
        let start = self.line_start();
        let column = self.cursor - start;
        self.cursor = start.saturating_sub(1);
        let above = self.line_start();
        let cursor = (above + column).min(self.cursor);
        self.touch();
        self.move_to(cursor)
    }

    pub(super) fn row_down(&mut self) -> Act {
        let column = self.cursor - self.line_start();
        let below = self.line_end() + 1;
        self.cursor = below.min(self.line.len());
        let cursor = (self.cursor + column).min(self.line_end());
        self.touch();
        self.move_to(cursor)
    }

    /// Inserts the last word of an earlier line; again, of a still earlier one.
    pub(super) fn last_argument(&mut self, last: Last, history: &[String]) -> Act {
        let (back, start) = match last {
            Last::Argument(back, start) => (back + 1, start),
            _ => (1, self.cursor),
        };
        let Some(entry) = history.len().checked_sub(back).and_then(|at| history.get(at)) else {
            self.last = last;
            return Act::Bell;
        };
        self.save();
        self.line.drain(start..self.cursor);
        self.cursor = start;
        let word = entry.split_whitespace().next_back().unwrap_or_default();
        self.insert(&word.chars().collect::<Vec<_>>());
        self.last = Last::Argument(back, start);
        Act::None
    }

    /// Finds the next older entry that contains the query.
    pub(super) fn look_back(&mut self, history: &[String]) {
        self.touch();
        let Some(search) = &mut self.search else { return };
        search.failed = false;
        if search.query.is_empty() {
            return;
        }
        let upto = search.from.min(history.len());
        match history[..upto].iter().rposition(|entry| entry.contains(&search.query)) {
            Some(place) => {
                self.place = place;
                self.line = history[place].chars().collect();
                let at = history[place].rfind(&search.query).unwrap_or(0);
                self.cursor = history[place][..at].chars().count();
                search.from = place + 1;
            }
            None => search.failed = true,
        }
    }

    pub(super) fn accept_search(&mut self) {
        if self.search.take().is_some() {
            self.touch();
        }
    }

    // --- the screen ---

    /// What stands before the line.
    pub(super) fn shown_prompt(&self) -> String {
        match &self.search {
            None => self.prompt.clone(),
            Some(search) => {
                let failed = if search.failed { "failed " } else { "" };
                format!("({failed}reverse-i-search)`{}': ", search.query)
            }
        }
    }

    /// Row and column behind the prompt and the first `chars` characters; the column may be one too many.
    pub(super) fn raw_place_of(&self, chars: usize) -> (usize, usize) {
        let mut place = (0, 0);
        let prompt = self.shown_prompt();
        for c in visible(&prompt) {
            advance(&mut place, c, self.columns);
        }
        for c in &self.line[..chars.min(self.line.len())] {
            advance(&mut place, *c, self.columns);
        }
        place
    }

    pub(super) fn place_of(&self, chars: usize) -> (usize, usize) {
        let place = self.raw_place_of(chars);
        if place.1 >= self.columns { (place.0 + 1, 0) } else { place }
    }

    pub(super) fn end(&self) -> (usize, usize) {
        self.place_of(self.line.len())
    }

    /// The control sequences that make the screen show the line.
    pub(super) fn draw(&mut self) -> String {
        if !std::mem::take(&mut self.dirty) {
            return String::new();
        }
        let from = self.appended.take();
        let mut text = String::new();
        if from.is_none() {
            if self.row > 0 {
                text.push_str(&format!("\u{1b}[{}A", self.row));
            }
            // The first time, what a program has left on the line stays before the prompt.
            if std::mem::replace(&mut self.shown, true) {
                text.push_str("\r\u{1b}[J");
            }
            text.push_str(&self.shown_prompt());
        }
        for c in &self.line[from.unwrap_or(0)..] {
            match c {
                '\t' => text.push(' '),
                c if c.is_control() && *c != '\n' => text.push('?'),
                c => text.push(*c),
            }
        }
        let end = self.end();
        if self.raw_place_of(self.line.len()).1 >= self.columns {
            // The last column is full: the cursor is made to stand on the next row.
            text.push('\n');
        }
        let (row, column) = self.place_of(self.cursor);
        if (row, column) != end {
            if end.0 > row {
                text.push_str(&format!("\u{1b}[{}A", end.0 - row));
            }
            text.push('\r');
            if column > 0 {
                text.push_str(&format!("\u{1b}[{column}C"));
            }
        }
        self.row = row;
        // What was put above the prompt once is not drawn again.
        if self.search.is_none()
            && let Some(at) = self.prompt.rfind('\n')
        {
            let above = visible_rows(&self.prompt[..=at], self.columns);
            self.prompt.drain(..=at);
            self.row = self.row.saturating_sub(above);
        }
        text
    }
}
