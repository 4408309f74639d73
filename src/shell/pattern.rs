//! Shell patterns (`*`, `?`, `[a-z]`) matched in one pass, whatever the pattern.

/// A pattern, ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Char(char),
    Any,
    Star,
    Set { negated: bool, ranges: Vec<(char, char)>, classes: Vec<String> },
}

/// Whether text has a character that makes it a pattern.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Text in a form in which every character of a pattern stands for itself.
pub(crate) fn quote(text: &str, into: &mut String) {
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '!' | '^' | '-') {
            into.push('\\');
        }
        into.push(c);
    }
}

/// A pattern's text without its backslashes.
pub(crate) fn unquote(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            plain.extend(chars.next());
        } else {
            plain.push(c);
        }
    }
    plain
}

impl Pattern {
    /// Reads a pattern; a backslash takes the meaning from the next character.
    pub(crate) fn new(text: &str) -> Pattern {
        let chars: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let token = match chars[at] {
                '\\' if at + 1 < chars.len() => {
                    at += 1;
                    Token::Char(chars[at])
                }
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => match set(&chars, at) {
                    Some((set, end)) => {
                        at = end;
                        set
                    }
                    None => Token::Char('['),
                },
                c => Token::Char(c),
            };
            at += 1;
            if token != Token::Star || tokens.last() != Some(&Token::Star) {
                tokens.push(token);
            }
        }
        Pattern { tokens }
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.ends(text.chars()).last().is_some_and(|(_, accepts)| accepts)
    }

    /// The byte length of the shortest or longest beginning of a text that matches.
    pub(crate) fn prefix(&self, text: &str, longest: bool) -> Option<usize> {
        choose(self.ends(text.chars()), longest)
    }

    /// The byte length of the shortest or longest end of a text that matches.
    pub(crate) fn suffix(&self, text: &str, longest: bool) -> Option<usize> {
        let mut tokens = self.tokens.clone();
        tokens.reverse();
        choose(Pattern { tokens }.ends(text.chars().rev()), longest)
    }

    /// For each beginning of the text, its byte length and whether it matches; ends early when no
    /// longer beginning can match.
    fn ends(&self, chars: impl Iterator<Item = char>) -> impl Iterator<Item = (usize, bool)> {
        let count = self.tokens.len();
        let mut states = vec![false; count + 1];
        states[0] = true;
        self.close(&mut states);
        let mut len = 0;
        let mut chars = chars;
        let mut first = true;
        std::iter::from_fn(move || {
            if first {
                first = false;
                return Some((0, states[count]));
            }
            let c = chars.next()?;
            let mut alive = false;
            for at in (0..=count).rev() {
                let stays = at < count && states[at] && self.tokens[at] == Token::Star;
                let arrives = at > 0
                    && states[at - 1]
                    && self.tokens[at - 1] != Token::Star
                    && self.tokens[at - 1].accepts(c);
                states[at] = stays || arrives;
                alive |= states[at];
            }
            self.close(&mut states);
            len += c.len_utf8();
            if alive {
                return Some((len, states[count]));
            }
            // Nothing can match any more: the whole text does not either.
            let dead = (len, false);
            chars.by_ref().for_each(drop);
            Some(dead)
        })
    }

    /// A star may stand for nothing.
    fn close(&self, states: &mut [bool]) {
        for at in 0..self.tokens.len() {
            if states[at] && self.tokens[at] == Token::Star {
                states[at + 1] = true;
            }
        }
    }
}

fn choose(ends: impl Iterator<Item = (usize, bool)>, longest: bool) -> Option<usize> {
    let mut matching = ends.filter(|(_, accepts)| *accepts).map(|(len, _)| len);
    if longest { matching.last() } else { matching.next() }
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Token::Char(own) => *own == c,
            Token::Any | Token::Star => true,
            Token::Set { negated, ranges, classes } => {
                let inside = ranges.iter().any(|(low, high)| *low <= c && c <= *high)
                    || classes.iter().any(|class| in_class(class, c));
                inside != *negated
            }
        }
    }
}

/// Whether a character belongs to a class such as `alpha`.
fn in_class(class: &str, c: char) -> bool {
    match class {
        "alpha" => c.is_alphabetic(),
        "digit" => c.is_ascii_digit(),
        "alnum" => c.is_alphanumeric(),
        "upper" => c.is_uppercase(),
        "lower" => c.is_lowercase(),
        "space" => c.is_whitespace(),
        "blank" => c == ' ' || c == '\t',
        "punct" => c.is_ascii_punctuation(),
        "cntrl" => c.is_control(),
        "xdigit" => c.is_ascii_hexdigit(),
        "print" => !c.is_control(),
        "graph" => !c.is_control() && !c.is_whitespace(),
        "word" => c.is_alphanumeric() || c == '_',
        _ => false,
    }
}

/// Reads a set that begins at `[`: the set and the place of its `]`.
fn set(chars: &[char], start: usize) -> Option<(Token, usize)> {
    let mut at = start + 1;
    let negated = matches!(chars.get(at), Some('!' | '^'));
    at += usize::from(negated);
    let first = at;
    let (mut ranges, mut classes) = (Vec::new(), Vec::new());
    loop {
        match *chars.get(at)? {
            ']' if at > first => return Some((Token::Set { negated, ranges, classes }, at)),
            '[' if chars.get(at + 1) == Some(&':') => {
                let rest = &chars[at + 2..];
                let end = rest.windows(2).position(|w| w == [':', ']'])?;
                classes.push(rest[..end].iter().collect());
                at += end + 4;
            }
            '/' => return None,
            mut low => {
                if low == '\\' {
                    at += 1;
                    low = *chars.get(at)?;
                }
                at += 1;
                let mut high = low;
                if chars.get(at) == Some(&'-') && chars.get(at + 1).is_some_and(|c| *c != ']') {
                    at += 1;
                    if chars[at] == '\\' {
                        at += 1;
                    }
                    high = *chars.get(at)?;
                    at += 1;
                }
                ranges.push((low, high));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_bash() {
        for (pattern, text, matches) in [
            ("*.yaml", "web.yaml", true),
            ("*.yaml", "web.yml", false),
            ("web-?", "web-0", true),
            ("web-[0-2]", "web-3", false),
            ("[!a]*", "b", true),
            ("[]]", "]", true),
            ("[[:digit:]]", "7", true),
            ("\\*", "x", false),
            ("\\*", "*", true),
            ("a*b*c", "aXbYbZc", true),
            ("", "", true),
            ("", "a", false),
            ("[", "[", true),
            ("**", "", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), matches, "{pattern} on {text}");
        }
        let slashes = Pattern::new("*/");
        assert_eq!(slashes.prefix("a/b/c", false), Some(2));
        assert_eq!(slashes.prefix("a/b/c", true), Some(4));
        assert_eq!(Pattern::new(".*").suffix("a.b.c", false), Some(2));
        assert_eq!(Pattern::new(".*").suffix("a.b.c", true), Some(4));
    }
}
