//! Brace expansion: `{a,b}`, `{0..4}`, `{a..e..2}`.

use super::ast::{Part, Word};

/// The most words that one word may become.
const MAX_WORDS: usize = 100_000;
/// How deep braces may stand in one another; deeper ones stay as they are.
const MAX_DEPTH: usize = 20;

/// The most braces side by side in one word.
const MAX_GROUPS: usize = 50;

/// A plain character, or a part that braces do not look into.
#[derive(Clone)]
enum Token<'a> {
    Char(char),
    Part(&'a Part),
}

/// Whether a word may have braces to expand.
pub(crate) fn has_braces(word: &Word) -> bool {
    word.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('{')))
}

/// The words that a word stands for; `None` when there are too many.
pub(crate) fn expand(word: &Word) -> Option<Vec<Word>> {
    let mut tokens = Vec::new();
    for part in &word.parts {
        match part {
            Part::Text(text) => tokens.extend(text.chars().map(Token::Char)),
            part => tokens.push(Token::Part(part)),
        }
    }
    let all = alternatives(&tokens, 0, 0)?;
    Some(all.into_iter().map(|tokens| Word { parts: parts(&tokens) }).collect())
}

fn parts(tokens: &[Token]) -> Vec<Part> {
    let mut parts = Vec::new();
    for token in tokens {
        match (token, parts.last_mut()) {
            (Token::Char(c), Some(Part::Text(text))) => text.push(*c),
            (Token::Char(c), _) => parts.push(Part::Text(c.to_string())),
            (Token::Part(part), _) => parts.push((*part).clone()),
        }
    }
    parts
}

fn alternatives<'a>(
    tokens: &[Token<'a>],
    depth: usize,
    groups: usize,
) -> Option<Vec<Vec<Token<'a>>>> {
    let Some((open, close, choices)) = first_braces(tokens, depth) else {
        return Some(vec![tokens.to_vec()]);
    };
    if groups > MAX_GROUPS {
        return None;
    }
    let mut middles = Vec::new();
    match choices {
        Choices::Between(commas) => {
            let mut start = open + 1;
            for end in commas.into_iter().chain([close]) {
                middles.extend(alternatives(&tokens[start..end], depth + 1, 0)?);
                start = end + 1;
            }
        }
        Choices::Sequence(items) => {
            middles.extend(items.iter().map(|text| text.chars().map(Token::Char).collect()));
        }
    }
    let tails = alternatives(&tokens[close + 1..], depth, groups + 1)?;
    if middles.len().saturating_mul(tails.len()) > MAX_WORDS {
        return None;
    }
    let mut all = Vec::new();
    for middle in &middles {
        for tail in &tails {
            let mut word = tokens[..open].to_vec();
            word.extend_from_slice(middle);
            word.extend_from_slice(tail);
            all.push(word);
        }
    }
    Some(all)
}

enum Choices {
    /// Places of the commas.
    Between(Vec<usize>),
    Sequence(Vec<String>),
}

/// The first pair of braces that means something.
fn first_braces(tokens: &[Token], depth: usize) -> Option<(usize, usize, Choices)> {
    if depth >= MAX_DEPTH {
        return None;
    }
    let is = |at: usize, c: char| matches!(tokens.get(at), Some(Token::Char(own)) if *own == c);
    let mut tries = 0;
    for open in 0..tokens.len() {
        if !is(open, '{') {
            continue;
        }
        tries += 1;
        if tries > MAX_DEPTH {
            return None;
        }
        let mut level = 0;
        let mut commas = Vec::new();
        for at in open..tokens.len() {
            if is(at, '{') {
                level += 1;
            } else if is(at, '}') {
                level -= 1;
                if level == 0 {
                    if !commas.is_empty() {
                        return Some((open, at, Choices::Between(commas)));
                    }
                    if let Some(items) = sequence(&tokens[open + 1..at]) {
                        return Some((open, at, Choices::Sequence(items)));
                    }
                    break;
                }
            } else if level == 1 && is(at, ',') {
                commas.push(at);
            }
        }
    }
    None
}

/// The items of `1..5`, `05..10`, `a..e`, `1..9..2`.
fn sequence(tokens: &[Token]) -> Option<Vec<String>> {
    let mut text = String::new();
    for token in tokens {
        match token {
            Token::Char(c) => text.push(*c),
            Token::Part(_) => return None,
        }
    }
    let fields: Vec<&str> = text.split("..").collect();
    let (first, last, step) = match fields.as_slice() {
        [first, last] => (*first, *last, 1),
        [first, last, step] => (*first, *last, step.parse::<i64>().ok()?.unsigned_abs().max(1)),
        _ => return None,
    };
    let letter = |text: &str| match text.chars().collect::<Vec<_>>().as_slice() {
        [c] if c.is_ascii_alphabetic() => Some(i64::from(u32::from(*c))),
        _ => None,
    };
    let letters = letter(first).zip(letter(last));
    let (from, to) = match letters {
        Some(ends) => ends,
        None => (first.parse::<i64>().ok()?, last.parse::<i64>().ok()?),
    };
    let count = from.abs_diff(to) / step;
    if count >= MAX_WORDS as u64 {
        return None;
    }
    let padded = |text: &str| {
        let digits = text.trim_start_matches(['-', '+']);
        digits.len() > 1 && digits.starts_with('0')
    };
    let width = if letters.is_none() && (padded(first) || padded(last)) {
        first.len().max(last.len()).min(20)
    } else {
        0
    };
    Some(
        (0..=count)
            .map(|i| {
                let offset = (i * step) as i64;
                let value = if from <= to { from + offset } else { from - offset };
                match (letters, u32::try_from(value).ok().and_then(char::from_u32)) {
                    (Some(_), Some(c)) => c.to_string(),
                    _ => format!("{value:0width$}"),
                }
            })
            .collect(),
    )
}
