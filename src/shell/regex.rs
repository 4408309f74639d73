//! Extended regular expressions for `[[ text =~ regex ]]`.

/// The most steps that one match takes.
const MAX_STEPS: u32 = 200_000;
/// How deep groups may stand in one another.
const MAX_DEPTH: u32 = 30;
/// The most repetitions that `{n,m}` may ask for.
const MAX_REPEAT: usize = 255;

/// A part of an expression.
#[derive(Debug)]
enum Node {
    Char(char),
    Any,
    Set { negated: bool, pattern: super::pattern::Pattern },
    Start,
    End,
    Group(usize, Vec<Vec<Repeat>>),
}

/// A part and how often it stands.
#[derive(Debug)]
struct Repeat {
    node: Node,
    least: usize,
    most: usize,
}

/// The groups of the first match in a text, the whole match first; `None` when nothing matches.
///
/// # Errors
/// When the expression is not one.
pub(crate) fn find(regex: &str, text: &str) -> Result<Option<Vec<String>>, ()> {
    let chars: Vec<char> = regex.chars().collect();
    let mut parser = Parser { chars: &chars, at: 0, groups: 0, depth: 0 };
    let choices = parser.choices()?;
    if parser.at < chars.len() {
        return Err(());
    }
    let text: Vec<char> = text.chars().collect();
    let mut matcher =
        Matcher { text: &text, groups: vec![None; parser.groups + 1], steps: 0, depth: 0 };
    for start in 0..=text.len() {
        matcher.groups.fill(None);
        let mut end = None;
        if matcher.any(&choices, start, &mut |_, at| {
            end = Some(at);
            true
        }) && let Some(end) = end
        {
            matcher.groups[0] = Some((start, end));
            let group = |g: &Option<(usize, usize)>| {
                g.map(|(from, to)| text[from..to].iter().collect()).unwrap_or_default()
            };
            return Ok(Some(matcher.groups.iter().map(group).collect()));
        }
    }
    Ok(None)
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
    groups: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn choices(&mut self) -> Result<Vec<Vec<Repeat>>, ()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(());
        }
        let mut choices = vec![self.sequence()?];
        while self.peek() == Some('|') {
            self.at += 1;
            choices.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(choices)
    }

    fn sequence(&mut self) -> Result<Vec<Repeat>, ()> {
        let mut sequence = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' && self.depth > 1 {
                break;
            }
            self.at += 1;
            let node = match c {
                '.' => Node::Any,
                '^' => Node::Start,
                '$' => Node::End,
                '\\' => {
                    let c = self.peek().ok_or(())?;
                    self.at += 1;
                    Node::Char(c)
                }
                '(' => {
                    self.groups += 1;
                    let number = self.groups;
                    let choices = self.choices()?;
                    if self.peek() != Some(')') {
                        return Err(());
                    }
                    self.at += 1;
                    Node::Group(number, choices)
                }
                '[' => self.set()?,
                '*' | '+' | '?' => return Err(()),
                c => Node::Char(c),
            };
            let (least, most) = self.repeat()?;
            sequence.push(Repeat { node, least, most });
        }
        Ok(sequence)
    }

    fn set(&mut self) -> Result<Node, ()> {
        let negated = self.peek() == Some('^');
        let start = self.at + usize::from(negated);
        let mut end = start;
        loop {
            match self.chars.get(end) {
                None => return Err(()),
                Some(']') if end > start => break,
                Some('[') if self.chars.get(end + 1) == Some(&':') => {
                    let close = self.chars[end..].windows(2).position(|w| w == [':', ']']);
                    end += close.ok_or(())? + 2;
                }
                Some(_) => end += 1,
            }
        }
        let inner: String = self.chars[start..end].iter().collect::<String>().replace('\\', "\\\\");
        self.at = end + 1;
        Ok(Node::Set { negated, pattern: super::pattern::Pattern::new(&format!("[{inner}]")) })
    }

    fn repeat(&mut self) -> Result<(usize, usize), ()> {
        let bounds = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') if self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit) => {
                let close = self.chars[self.at..].iter().position(|c| *c == '}').ok_or(())?;
                let inner: String = self.chars[self.at + 1..self.at + close].iter().collect();
                self.at += close;
                let number = |text: &str| text.parse().ok().filter(|n| *n <= MAX_REPEAT).ok_or(());
                match inner.split_once(',') {
                    None => (number(&inner)?, number(&inner)?),
                    Some((least, "")) => (number(least)?, usize::MAX),
                    Some((least, most)) => (number(least)?, number(most)?),
                }
            }
            _ => return Ok((1, 1)),
        };
        self.at += 1;
        Ok(bounds)
    }
}

/// Where a match goes on: called with the place reached, answers whether the rest matches.
type Then<'a> = dyn FnMut(&mut Matcher, usize) -> bool + 'a;

struct Matcher<'t> {
    text: &'t [char],
    groups: Vec<Option<(usize, usize)>>,
    steps: u32,
    depth: u32,
}

/// How deep a match may call itself; longer texts under `*` of a group do not match.
const MAX_CALLS: u32 = 400;

impl Matcher<'_> {
    fn any(&mut self, choices: &[Vec<Repeat>], at: usize, then: &mut Then) -> bool {
        choices.iter().any(|sequence| self.sequence(sequence, at, then))
    }

    fn sequence(&mut self, sequence: &[Repeat], at: usize, then: &mut Then) -> bool {
        let Some((first, rest)) = sequence.split_first() else { return then(self, at) };
        self.steps += 1;
        self.depth += 1;
        if self.steps > MAX_STEPS || self.depth > MAX_CALLS {
            self.depth -= 1;
            return false;
        }
        let matched = if let Node::Group(number, choices) = &first.node {
            self.groups_of(first, *number, choices, 0, at, &mut |me, at| {
                me.sequence(rest, at, then)
            })
        } else {
            self.simple(first, rest, at, then)
        };
        self.depth -= 1;
        matched
    }

    /// A part that takes at most one character, as often as it can, then fewer times.
    fn simple(&mut self, first: &Repeat, rest: &[Repeat], at: usize, then: &mut Then) -> bool {
        let mut ends = vec![at];
        while ends.len() <= first.most {
            let here = ends[ends.len() - 1];
            let Some(next) = self.one(&first.node, here) else { break };
            ends.push(next);
            if next == here && ends.len() > first.least {
                break;
            }
        }
        while ends.len() > first.least {
            let Some(end) = ends.pop() else { break };
            if self.sequence(rest, end, then) {
                return true;
            }
        }
        false
    }

    fn one(&self, node: &Node, at: usize) -> Option<usize> {
        let c = self.text.get(at);
        match node {
            Node::Char(own) => (c == Some(own)).then_some(at + 1),
            Node::Any => c.map(|_| at + 1),
            Node::Set { negated, pattern } => {
                let inside = pattern.matches(c?.encode_utf8(&mut [0; 4]));
                (inside != *negated).then_some(at + 1)
            }
            Node::Start => (at == 0).then_some(at),
            Node::End => (at == self.text.len()).then_some(at),
            Node::Group(..) => None,
        }
    }

    fn groups_of(
        &mut self,
        repeat: &Repeat,
        number: usize,
        choices: &[Vec<Repeat>],
        done: usize,
        at: usize,
        then: &mut Then,
    ) -> bool {
        let before = self.groups[number];
        if done < repeat.most {
            let matched = self.any(choices, at, &mut |me, end| {
                if end == at && done >= repeat.least {
                    return false;
                }
                let old = me.groups[number];
                me.groups[number] = Some((at, end));
                if me.groups_of(repeat, number, choices, done + 1, end, then) {
                    return true;
                }
                me.groups[number] = old;
                false
            });
            if matched {
                return true;
            }
        }
        self.groups[number] = before;
        done >= repeat.least && then(self, at)
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn expressions_match() {
        let groups = |regex: &str, text: &str| find(regex, text).unwrap();
        assert_eq!(groups("^web-([0-9]+)$", "web-12"), Some(vec!["web-12".into(), "12".into()]));
        assert_eq!(groups("^web-([0-9]+)$", "web-"), None);
        assert_eq!(groups("(a|b)*c", "xabac"), Some(vec!["abac".into(), "a".into()]));
        assert_eq!(groups("a{2,3}", "aaaa"), Some(vec!["aaa".into()]));
        assert_eq!(groups("x?", "y"), Some(vec![String::new()]));
        assert_eq!(groups("[[:digit:].]+", "v1.36"), Some(vec!["1.36".into()]));
        assert!(find("(", "a").is_err());
        assert_eq!(groups("(a*)*b", &"a".repeat(200)), None);
    }
}
