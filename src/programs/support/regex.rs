//! Regular expressions as grep, sed, awk and jq use them: POSIX basic and extended with GNU's additions.
//!
//! A pattern is compiled to a small program that is run with backtracking; a table of visited
//! (instruction, place) pairs keeps the time proportional to pattern × text.
//! Simplified: the first alternative that fits is taken, not the longest.

/// Most instructions of a compiled pattern.
const MAX_PROGRAM: usize = 20_000;
/// Most steps of one search in patterns with back-references.
const MAX_STEPS: usize = 2_000_000;
/// Deepest nesting of groups.
const MAX_DEPTH: usize = 100;

/// Which characters have a special meaning without a backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `grep`, `sed`: groups and counts are written with backslashes.
    Basic,
    /// `grep -E`, `sed -E`, `awk`, `jq`.
    Extended,
    /// `grep -F`: none.
    Fixed,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Regex {
    program: Vec<Op>,
    groups: usize,
    ignore_case: bool,
    has_back: bool,
}

/// Byte ranges of a match and its groups.
pub(crate) type Captures = Vec<Option<(usize, usize)>>;

#[derive(Clone, Debug)]
enum Op {
    Char(char),
    Any,
    Set(Set),
    Begin,
    End,
    Word(Edge),
    Save(usize),
    /// Goes on at both, the first preferred.
    Split(usize, usize),
    Jump(usize),
    Back(usize),
    Match,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Start,
    End,
    Either,
    Neither,
}

/// A bracket expression.
#[derive(Clone, Debug, Default)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
    classes: Vec<(Class, bool)>,
}

#[derive(Clone, Copy, Debug)]
enum Class {
    Alpha,
    Digit,
    Alnum,
    Upper,
    Lower,
    Space,
    Blank,
    Punct,
    Print,
    Graph,
    Cntrl,
    Xdigit,
    Word,
}

impl Class {
    fn named(name: &str) -> Option<Class> {
        Some(match name {
            "alpha" => Class::Alpha,
            "digit" => Class::Digit,
            "alnum" => Class::Alnum,
            "upper" => Class::Upper,
            "lower" => Class::Lower,
            "space" => Class::Space,
            "blank" => Class::Blank,
            "punct" => Class::Punct,
            "print" => Class::Print,
            "graph" => Class::Graph,
            "cntrl" => Class::Cntrl,
            "xdigit" => Class::Xdigit,
            _ => return None,
        })
    }

    fn has(self, c: char) -> bool {
        match self {
            Class::Alpha => c.is_alphabetic(),
            Class::Digit => c.is_ascii_digit(),
            Class::Alnum => c.is_alphanumeric(),
            Class::Upper => c.is_uppercase(),
            Class::Lower => c.is_lowercase(),
            Class::Space => c.is_whitespace(),
            Class::Blank => c == ' ' || c == '\t',
            Class::Punct => c.is_ascii_punctuation(),
            Class::Print => !c.is_control(),
            Class::Graph => !c.is_control() && !c.is_whitespace(),
            Class::Cntrl => c.is_control(),
            Class::Xdigit => c.is_ascii_hexdigit(),
            Class::Word => is_word(c),
        }
    }
}

impl Set {
    fn of(class: Class, wanted: bool) -> Set {
        Set { negated: false, ranges: Vec::new(), classes: vec![(class, wanted)] }
    }

    fn has(&self, c: char, ignore_case: bool) -> bool {
        let plain = |c: char| {
            self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
                || self.classes.iter().any(|(class, wanted)| class.has(c) == *wanted)
        };
        let found = plain(c) || ignore_case && (plain(lower(c)) || plain(upper(c)));
        found != self.negated
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn upper(c: char) -> char {
    c.to_uppercase().next().unwrap_or(c)
}

/// A parsed pattern.
#[derive(Clone, Debug)]
enum Node {
    Empty,
    One(Op),
    Group(Box<Node>, Option<usize>),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    /// Between two counts; eager or not.
    Repeat(Box<Node>, u32, Option<u32>, bool),
}

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    syntax: Syntax,
    groups: usize,
    depth: usize,
    has_back: bool,
    text: &'a str,
}

impl Regex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// GNU's words: `Unmatched ( or \(`, `Invalid preceding regular expression`, ….
    pub(crate) fn new(text: &str, syntax: Syntax, ignore_case: bool) -> Result<Regex, String> {
        let mut parser = Parser {
            chars: text.chars().collect(),
            at: 0,
            syntax,
            groups: 0,
            depth: 0,
            has_back: false,
            text,
        };
        let node = if syntax == Syntax::Fixed {
            Node::Sequence(text.chars().map(|c| Node::One(Op::Char(c))).collect())
        } else {
            parser.alternatives()?
        };
        if parser.at < parser.chars.len() && syntax != Syntax::Fixed {
            return Err("Unmatched ) or \\)".to_owned());
        }
        let mut program = vec![Op::Save(0)];
        compile(&node, &mut program)?;
        program.extend([Op::Save(1), Op::Match]);
        let program = program
            .into_iter()
            .map(|op| match op {
                Op::Char(c) if ignore_case => Op::Char(lower(c)),
                op => op,
            })
            .collect();
        Ok(Regex { program, groups: parser.groups + 1, ignore_case, has_back: parser.has_back })
    }

    /// How many groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.groups - 1
    }

    /// Whether the pattern occurs in a text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.find_at(text, 0).is_some()
    }

    /// The first match at or after a byte place.
    pub(crate) fn find_at(&self, text: &str, start: usize) -> Option<Captures> {
        let mut visited = Visited::new(self.program.len(), text.len() + 1, self.has_back);
        let mut steps = 0;
        let mut at = start;
        loop {
            if let Some(found) = self.run(text, at, &mut visited, &mut steps) {
                return Some(found);
            }
            at += text.get(at..)?.chars().next()?.len_utf8();
        }
    }

    fn run(
        &self,
        text: &str,
        start: usize,
        visited: &mut Visited,
        steps: &mut usize,
    ) -> Option<Captures> {
        let mut slots = vec![usize::MAX; self.groups * 2];
        let mut todo = vec![Todo::Try(0, start)];
        while let Some(next) = todo.pop() {
            let (mut op, mut at) = match next {
                Todo::Restore(slot, value) => {
                    slots[slot] = value;
                    continue;
                }
                Todo::Try(op, at) => (op, at),
            };
            loop {
                *steps += 1;
                if *steps > MAX_STEPS || visited.again(op, at) {
                    break;
                }
                let here = text[at..].chars().next();
                match &self.program[op] {
                    Op::Match => return Some(captures(&slots)),
                    Op::Char(c) => {
                        let fits = |h: char| h == *c || self.ignore_case && lower(h) == *c;
                        let Some(h) = here.filter(|h| fits(*h)) else { break };
                        at += h.len_utf8();
                    }
                    Op::Any => {
                        let Some(h) = here else { break };
                        at += h.len_utf8();
                    }
                    Op::Set(set) => {
                        let Some(h) = here.filter(|h| set.has(*h, self.ignore_case)) else { break };
                        at += h.len_utf8();
                    }
                    Op::Begin if at != 0 => break,
                    Op::End if at != text.len() => break,
                    Op::Begin | Op::End => {}
                    Op::Word(edge) => {
                        let before = text[..at].chars().next_back().is_some_and(is_word);
                        let after = here.is_some_and(is_word);
                        let holds = match edge {
                            Edge::Start => !before && after,
                            Edge::End => before && !after,
                            Edge::Either => before != after,
                            Edge::Neither => before == after,
                        };
                        if !holds {
                            break;
                        }
                    }
                    Op::Save(slot) => {
                        todo.push(Todo::Restore(*slot, slots[*slot]));
                        slots[*slot] = at;
                    }
                    Op::Split(first, second) => {
                        todo.push(Todo::Try(*second, at));
                        op = *first;
                        continue;
                    }
                    Op::Jump(to) => {
                        op = *to;
                        continue;
                    }
                    Op::Back(group) => {
                        let found = captures(&slots).get(*group).copied().flatten();
                        let Some(part) = found.and_then(|(from, to)| text.get(from..to)) else {
                            break;
                        };
                        if !text[at..].starts_with(part) {
                            break;
                        }
                        at += part.len();
                    }
                }
                op += 1;
            }
        }
        None
    }
}

enum Todo {
    Try(usize, usize),
    Restore(usize, usize),
}

fn captures(slots: &[usize]) -> Captures {
    slots
        .chunks(2)
        .map(|pair| match pair {
            [from, to] if *from != usize::MAX && *to != usize::MAX => Some((*from, *to)),
            _ => None,
        })
        .collect()
}

/// Pairs of instruction and place that were tried already.
struct Visited {
    bits: Vec<u64>,
    width: usize,
}

impl Visited {
    fn new(ops: usize, places: usize, has_back: bool) -> Visited {
        // With back-references the same place can end differently; very large texts are left to the step limit.
        let size = ops.saturating_mul(places);
        let bits = if has_back || size > 64 << 20 { Vec::new() } else { vec![0; size / 64 + 1] };
        Visited { bits, width: places }
    }

    fn again(&mut self, op: usize, at: usize) -> bool {
        let bit = op * self.width + at;
        let Some(word) = self.bits.get_mut(bit / 64) else { return false };
        let mask = 1 << (bit % 64);
        let seen = *word & mask != 0;
        *word |= mask;
        seen
    }
}

fn compile(node: &Node, program: &mut Vec<Op>) -> Result<(), String> {
    if program.len() > MAX_PROGRAM {
        return Err("Regular expression too big".to_owned());
    }
    match node {
        Node::Empty => {}
        Node::One(op) => program.push(op.clone()),
        Node::Group(inner, None) => compile(inner, program)?,
        Node::Group(inner, Some(group)) => {
            program.push(Op::Save(group * 2));
            compile(inner, program)?;
            program.push(Op::Save(group * 2 + 1));
        }
        Node::Sequence(nodes) => {
            for node in nodes {
                compile(node, program)?;
            }
        }
        Node::Either(nodes) => {
            let mut jumps = Vec::new();
            for (n, node) in nodes.iter().enumerate() {
                if n + 1 < nodes.len() {
                    let split = program.len();
                    program.push(Op::Match);
                    compile(node, program)?;
                    jumps.push(program.len());
                    program.push(Op::Match);
                    program[split] = Op::Split(split + 1, program.len());
                } else {
                    compile(node, program)?;
                }
            }
            let end = program.len();
            for jump in jumps {
                program[jump] = Op::Jump(end);
            }
        }
        Node::Repeat(inner, low, high, eager) => {
            for _ in 0..*low {
                compile(inner, program)?;
            }
            let split = |to: usize, from: usize, eager: bool| {
                if eager { Op::Split(from + 1, to) } else { Op::Split(to, from + 1) }
            };
            match high {
                None => {
                    let start = program.len();
                    program.push(Op::Match);
                    compile(inner, program)?;
                    program.push(Op::Jump(start));
                    program[start] = split(program.len(), start, *eager);
                }
                Some(high) => {
                    let mut starts = Vec::new();
                    for _ in *low..*high {
                        starts.push(program.len());
                        program.push(Op::Match);
                        compile(inner, program)?;
                    }
                    let end = program.len();
                    for start in starts {
                        program[start] = split(end, start, *eager);
                    }
                }
            }
        }
    }
    Ok(())
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Whether this special character comes next, with or without backslash as the syntax wants.
    fn special(&self, c: char) -> bool {
        match self.syntax {
            Syntax::Extended => self.peek() == Some(c),
            _ => self.peek() == Some('\\') && self.chars.get(self.at + 1) == Some(&c),
        }
    }

    fn eat_special(&mut self, c: char) -> bool {
        let found = self.special(c);
        if found {
            self.at += if self.syntax == Syntax::Extended { 1 } else { 2 };
        }
        found
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("Regular expression too big".to_owned());
        }
        let mut nodes = vec![self.sequence()?];
        while self.eat_special('|') {
            nodes.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Either(nodes) })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes: Vec<Node> = Vec::new();
        let start = self.at;
        while self.at < self.chars.len() && !self.special('|') && !self.special(')') {
            let first = self.at == start;
            let atom = self.atom(first)?;
            let atom = self.repeats(atom)?;
            nodes.push(atom);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.remove(0),
            _ => Node::Sequence(nodes),
        })
    }

    fn repeats(&mut self, mut node: Node) -> Result<Node, String> {
        loop {
            let (low, high) = if self.peek() == Some('*') {
                self.at += 1;
                (0, None)
            } else if self.eat_special('+') {
                (1, None)
            } else if self.eat_special('?') {
                (0, Some(1))
            } else if self.special('{') && self.counts_follow() {
                self.eat_special('{');
                self.counts()?
            } else {
                return Ok(node);
            };
            if matches!(node, Node::One(Op::Begin)) {
                return Ok(Node::Sequence(vec![node, Node::One(Op::Char('*'))]));
            }
            let eager = !(self.syntax == Syntax::Extended && self.peek() == Some('?'));
            if !eager {
                self.at += 1;
            }
            node = Node::Repeat(Box::new(node), low, high, eager);
        }
    }

    /// In extended syntax a brace that no number follows is an ordinary character.
    fn counts_follow(&self) -> bool {
        let skip = if self.syntax == Syntax::Extended { 1 } else { 2 };
        let next = self.chars.get(self.at + skip);
        self.syntax == Syntax::Basic || next.is_some_and(|c| c.is_ascii_digit() || *c == ',')
    }

    fn counts(&mut self) -> Result<(u32, Option<u32>), String> {
        let bad = || "Invalid content of \\{\\}".to_owned();
        let low = self.number().unwrap_or(0);
        let high = if self.peek() == Some(',') {
            self.at += 1;
            self.number()
        } else {
            Some(low)
        };
        if !self.eat_special('}') {
            return Err("Unmatched { or \\{".to_owned());
        }
        if low > 1000 || high.is_some_and(|h| h > 1000 || h < low) {
            return Err(bad());
        }
        Ok((low, high))
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect::<String>().parse().ok()
    }

    fn atom(&mut self, first: bool) -> Result<Node, String> {
        if self.eat_special('(') {
            let plain = self.syntax == Syntax::Extended
                && self.peek() == Some('?')
                && self.chars.get(self.at + 1) == Some(&':');
            let group = if plain {
                self.at += 2;
                None
            } else {
                self.groups += 1;
                Some(self.groups)
            };
            let inner = self.alternatives()?;
            if !self.eat_special(')') {
                return Err("Unmatched ( or \\(".to_owned());
            }
            return Ok(Node::Group(Box::new(inner), group));
        }
        let Some(c) = self.peek() else { return Ok(Node::Empty) };
        self.at += 1;
        let extended = self.syntax == Syntax::Extended;
        let op = match c {
            '.' => Op::Any,
            '[' => return self.bracket(),
            '^' if extended || first => Op::Begin,
            '$' if extended || self.at_end() => Op::End,
            '*' if extended && first => return self.atom(first),
            '+' | '?' if extended && first => {
                return Err("Invalid preceding regular expression".to_owned());
            }
            '\\' => return self.escape(),
            c => Op::Char(c),
        };
        Ok(Node::One(op))
    }

    fn at_end(&self) -> bool {
        self.at == self.chars.len() || self.special(')') || self.special('|')
    }

    fn escape(&mut self) -> Result<Node, String> {
        let Some(c) = self.peek() else { return Err("Trailing backslash".to_owned()) };
        self.at += 1;
        Ok(Node::One(match c {
            'w' => Op::Set(Set::of(Class::Word, true)),
            'W' => Op::Set(Set::of(Class::Word, false)),
            's' => Op::Set(Set::of(Class::Space, true)),
            'S' => Op::Set(Set::of(Class::Space, false)),
            'd' if self.syntax == Syntax::Extended => Op::Set(Set::of(Class::Digit, true)),
            'D' if self.syntax == Syntax::Extended => Op::Set(Set::of(Class::Digit, false)),
            'b' => Op::Word(Edge::Either),
            'B' => Op::Word(Edge::Neither),
            '<' => Op::Word(Edge::Start),
            '>' => Op::Word(Edge::End),
            'n' => Op::Char('\n'),
            't' => Op::Char('\t'),
            'r' => Op::Char('\r'),
            digit @ '1'..='9' => {
                let group = digit.to_digit(10).unwrap_or(0) as usize;
                if group > self.groups {
                    return Err("Invalid back reference".to_owned());
                }
                self.has_back = true;
                Op::Back(group)
            }
            c => Op::Char(c),
        }))
    }

    fn bracket(&mut self) -> Result<Node, String> {
        let unmatched = || "Unmatched [, [^, [:, [., or [=".to_owned();
        let mut set = Set::default();
        if self.peek() == Some('^') {
            set.negated = true;
            self.at += 1;
        }
        let start = self.at;
        loop {
            let c = self.peek().ok_or_else(unmatched)?;
            self.at += 1;
            if c == ']' && self.at > start + 1 {
                return Ok(Node::One(Op::Set(set)));
            }
            if c == '[' && self.peek() == Some(':') {
                let rest: String = self.chars[self.at + 1..].iter().collect();
                let name = rest.split(":]").next().filter(|n| n.len() < rest.len());
                let name = name.ok_or_else(unmatched)?;
                let class = Class::named(name).ok_or("Invalid character class name")?;
                set.classes.push((class, true));
                self.at += 3 + name.chars().count();
                continue;
            }
            if c == '\\' && self.text.contains('\\') {
                let class = match self.peek() {
                    Some('w') => Some(Class::Word),
                    Some('d') if self.syntax == Syntax::Extended => Some(Class::Digit),
                    Some('s') => Some(Class::Space),
                    _ => None,
                };
                if let Some(class) = class {
                    set.classes.push((class, true));
                    self.at += 1;
                    continue;
                }
                let escaped = match self.peek() {
                    Some('n') => Some('\n'),
                    Some('t') => Some('\t'),
                    Some(c @ ('\\' | ']' | '[' | '/' | '"' | '-' | '.'))
                        if self.syntax == Syntax::Extended =>
                    {
                        Some(c)
                    }
                    _ => None,
                };
                if let Some(c) = escaped {
                    self.at += 1;
                    set.ranges.push((c, c));
                    continue;
                }
            }
            let range = self.peek() == Some('-')
                && self.chars.get(self.at + 1).is_some_and(|end| *end != ']');
            if range {
                let end = self.chars[self.at + 1];
                self.at += 2;
                if end < c {
                    return Err("Invalid range end".to_owned());
                }
                set.ranges.push((c, end));
            } else {
                set.ranges.push((c, c));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(pattern: &str, syntax: Syntax, text: &'a str) -> Option<&'a str> {
        let found = Regex::new(pattern, syntax, false).unwrap().find_at(text, 0)?;
        found[0].map(|(from, to)| &text[from..to])
    }

    #[test]
    fn patterns_match_as_grep_says() {
        use Syntax::{Basic, Extended, Fixed};
        for (pattern, syntax, text, want) in [
            ("a*b", Basic, "xaaab", Some("aaab")),
            ("a+b", Basic, "a+b aab", Some("a+b")),
            ("a\\+b", Basic, "a+b aab", Some("aab")),
            ("a+b", Extended, "a+b aab", Some("aab")),
            ("^(web|zk)-[0-9]+$", Extended, "zk-12", Some("zk-12")),
            ("^(web|zk)-[0-9]+$", Extended, "azk-12", None),
            ("\\(a\\)\\1", Basic, "aba aa", Some("aa")),
            ("x{2,3}", Extended, "xxxx", Some("xxx")),
            ("x\\{2\\}", Basic, "xxxx", Some("xx")),
            ("{", Extended, "a{b", Some("{")),
            ("[[:space:]]*$", Basic, "ab  ", Some("  ")),
            ("[^]a]", Basic, "]ab", Some("b")),
            ("[a-c]*", Basic, "abcd", Some("abc")),
            ("\\bfoo\\b", Basic, "afoo foo", Some("foo")),
            ("a.c", Fixed, "abc a.c", Some("a.c")),
            ("é.", Basic, "xéü", Some("éü")),
            ("(a*)*b", Extended, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaac", None),
            ("", Basic, "abc", Some("")),
            ("a.*?c", Extended, "abcbc", Some("abc")),
        ] {
            assert_eq!(found(pattern, syntax, text), want, "{pattern}");
        }
        let any = Regex::new("ABC", Basic, true).unwrap();
        assert!(any.is_match("xabc"));
        for bad in ["(", ")", "[a", "\\", "a{2,1}", "[[:foo:]]", "+a", "\\1"] {
            assert!(Regex::new(bad, Extended, false).is_err(), "{bad}");
        }
    }
}
