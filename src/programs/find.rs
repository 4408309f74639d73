//! `find`: walks directories and shows, deletes or runs commands on what fits.

use crate::os::{FileKind, Pid, Process, Program, Stat, Step, Sys, Wait};

use super::support::glob::fits;
use super::support::launch::spawn_with;
use super::support::text::{base_name, is_busybox, join, user_name};

/// `find`.
pub(super) static FIND: Program = Program {
    name: "find",
    start: |argv| {
        Box::new(Find {
            argv: argv.to_vec(),
            plan: None,
            todo: Vec::new(),
            batch: Vec::new(),
            running: None,
            code: 0,
        })
    },
};

/// Most paths looked at in one step.
const SLICE: usize = 500;
/// Deepest nesting of expressions.
const MAX_DEPTH: usize = 50;

#[derive(Clone)]
struct Find {
    argv: Vec<String>,
    plan: Option<Plan>,
    /// (path, depth), the next one last.
    todo: Vec<(String, usize)>,
    /// Paths for `-exec … +`.
    batch: Vec<String>,
    running: Option<Pid>,
    code: i32,
}

#[derive(Clone)]
struct Plan {
    test: Test,
    min: usize,
    max: usize,
    /// Directories after what is in them.
    depth_first: bool,
    follow: bool,
    /// The command of `-exec … +`.
    together: Option<Vec<String>>,
}

#[derive(Clone)]
enum Test {
    Yes,
    Name(String, bool),
    Path(String),
    Type(Vec<char>),
    Empty,
    Size(char, u64, u64),
    Age(char, i64, i64),
    Newer(i64),
    User(String),
    Perm(u16),
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Print(char),
    Printf(String),
    Delete,
    Prune,
    Exec(Vec<String>),
    Batch,
}

struct Parser<'a> {
    words: &'a [String],
    at: usize,
    depth: usize,
    plan: Plan,
    acts: bool,
}

fn parse(words: &[String], sys: &Sys) -> Result<Plan, String> {
    let plan = Plan {
        test: Test::Yes,
        min: 0,
        max: usize::MAX,
        depth_first: false,
        follow: false,
        together: None,
    };
    let mut parser = Parser { words, at: 0, depth: 0, plan, acts: false };
    let test = if words.is_empty() { Test::Yes } else { parser.either(sys)? };
    if let Some(word) = words.get(parser.at) {
        return Err(format!("paths must precede expression: `{word}'"));
    }
    let mut plan = parser.plan;
    plan.test =
        if parser.acts { test } else { Test::And(Box::new(test), Box::new(Test::Print('\n'))) };
    Ok(plan)
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn value(&mut self, option: &str) -> Result<String, String> {
        let value = self.words.get(self.at).cloned();
        self.at += 1;
        value.ok_or_else(|| format!("missing argument to `{option}'"))
    }

    fn either(&mut self, sys: &Sys) -> Result<Test, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("expression too deep".to_owned());
        }
        let mut test = self.both(sys)?;
        while matches!(self.peek(), Some("-o" | "-or")) {
            self.at += 1;
            test = Test::Or(Box::new(test), Box::new(self.both(sys)?));
        }
        self.depth -= 1;
        Ok(test)
    }

    fn both(&mut self, sys: &Sys) -> Result<Test, String> {
        let mut test = self.one(sys)?;
        loop {
            match self.peek() {
                Some("-a" | "-and") => self.at += 1,
                None | Some("-o" | "-or" | ")") => return Ok(test),
                Some(_) => {}
            }
            test = Test::And(Box::new(test), Box::new(self.one(sys)?));
        }
    }

    fn one(&mut self, sys: &Sys) -> Result<Test, String> {
        let word = self.value("find")?;
        Ok(match word.as_str() {
            "!" | "-not" => Test::Not(Box::new(self.one(sys)?)),
            "(" => {
                let test = self.either(sys)?;
                if self.peek() != Some(")") {
                    return Err("invalid expression; I was expecting to find a ')' somewhere but did not see one.".to_owned());
                }
                self.at += 1;
                test
            }
            "-name" => Test::Name(self.value(&word)?, false),
            "-iname" => Test::Name(self.value(&word)?.to_lowercase(), true),
            "-path" | "-wholename" => Test::Path(self.value(&word)?),
            "-type" => {
                let kinds = self.value(&word)?;
                if let Some(c) = kinds.chars().find(|c| !"fdlcbps,".contains(*c)) {
                    return Err(format!("Unknown argument to -type: {c}"));
                }
                Test::Type(kinds.chars().collect())
            }
            "-empty" => Test::Empty,
            "-size" => {
                let text = self.value(&word)?;
                let (sign, rest) = signed(&text);
                let (number, unit) = match rest.chars().next_back() {
                    Some('c') => (&rest[..rest.len() - 1], 1),
                    Some('k') => (&rest[..rest.len() - 1], 1024),
                    Some('M') => (&rest[..rest.len() - 1], 1 << 20),
                    Some('G') => (&rest[..rest.len() - 1], 1 << 30),
                    _ => (rest, 512),
                };
                let number =
                    number.parse().map_err(|_| format!("Invalid argument `{text}' to -size"))?;
                Test::Size(sign, number, unit)
            }
            "-mtime" | "-mmin" | "-atime" | "-amin" | "-ctime" | "-cmin" => {
                let text = self.value(&word)?;
                let (sign, rest) = signed(&text);
                let unit = if word.ends_with("min") { 60 } else { 86_400 };
                let number =
                    rest.parse().map_err(|_| format!("invalid argument `{text}' to `{word}'"))?;
                Test::Age(sign, number, unit)
            }
            "-newer" => {
                let file = self.value(&word)?;
                let stat = sys.stat(&file, true).map_err(|e| format!("'{file}': {e}"))?;
                Test::Newer(stat.modified.0)
            }
            "-user" => Test::User(self.value(&word)?),
            "-perm" => {
                let text = self.value(&word)?;
                let digits = text.trim_start_matches(['-', '/']);
                let mode =
                    u16::from_str_radix(digits, 8).map_err(|_| format!("invalid mode `{text}'"))?;
                Test::Perm(mode)
            }
            "-maxdepth" | "-mindepth" => {
                let text = self.value(&word)?;
                let number = text.parse().map_err(|_| {
                    format!(
                        "Expected a positive decimal integer argument to {word}, but got `{text}'"
                    )
                })?;
                if word == "-maxdepth" {
                    self.plan.max = number;
                } else {
                    self.plan.min = number;
                }
                Test::Yes
            }
            "-depth" | "-d" => {
                self.plan.depth_first = true;
                Test::Yes
            }
            "-follow" => {
                self.plan.follow = true;
                Test::Yes
            }
            "-xdev" | "-mount" | "-true" => Test::Yes,
            "-false" => Test::Not(Box::new(Test::Yes)),
            "-print" => self.act(Test::Print('\n')),
            "-print0" => self.act(Test::Print('\0')),
            "-printf" => {
                let format = self.value(&word)?;
                self.act(Test::Printf(format))
            }
            "-delete" => {
                self.plan.depth_first = true;
                self.act(Test::Delete)
            }
            "-prune" => Test::Prune,
            "-exec" => return self.exec(),
            other => return Err(format!("unknown predicate `{other}'")),
        })
    }

    fn act(&mut self, test: Test) -> Test {
        self.acts = true;
        test
    }

    fn exec(&mut self) -> Result<Test, String> {
        let end = self.words[self.at..].iter().position(|w| w == ";" || w == "+");
        let end = end.ok_or("missing argument to `-exec'")?;
        let command = self.words[self.at..self.at + end].to_vec();
        let together = self.words[self.at + end] == "+";
        self.at += end + 1;
        self.acts = true;
        if command.is_empty() {
            return Err("missing argument to `-exec'".to_owned());
        }
        if together {
            self.plan.together = Some(command.into_iter().filter(|w| w != "{}").collect());
            return Ok(Test::Batch);
        }
        Ok(Test::Exec(command))
    }
}

/// `+5`, `-5`, `5`.
fn signed(text: &str) -> (char, &str) {
    match text.chars().next() {
        Some(sign @ ('+' | '-')) => (sign, &text[1..]),
        _ => ('=', text),
    }
}

fn compare(sign: char, value: i64, wanted: i64) -> bool {
    match sign {
        '+' => value > wanted,
        '-' => value < wanted,
        _ => value == wanted,
    }
}

/// What a path's tests have asked for.
#[derive(Default)]
struct Acts {
    out: Vec<u8>,
    command: Option<Vec<String>>,
    batch: bool,
    prune: bool,
    failed: Option<String>,
}

impl Test {
    fn holds(&self, path: &str, stat: &Stat, sys: &mut Sys, acts: &mut Acts) -> bool {
        match self {
            Test::Yes => true,
            Test::Name(pattern, ignore_case) => {
                let name = base_name(path);
                if *ignore_case { fits(pattern, &name.to_lowercase()) } else { fits(pattern, name) }
            }
            Test::Path(pattern) => fits(pattern, path),
            Test::Type(kinds) => {
                let own = match stat.kind {
                    FileKind::File => 'f',
                    FileKind::Directory => 'd',
                    FileKind::Symlink => 'l',
                    FileKind::Device => 'c',
                    FileKind::Pipe => 'p',
                    FileKind::Socket => 's',
                };
                kinds.contains(&own)
            }
            Test::Empty => match stat.kind {
                FileKind::File => stat.size == 0,
                FileKind::Directory => sys.read_dir(path).is_ok_and(|names| names.is_empty()),
                _ => false,
            },
            Test::Size(sign, wanted, unit) => {
                compare(*sign, stat.size.div_ceil(*unit) as i64, *wanted as i64)
            }
            Test::Age(sign, wanted, unit) => {
                let age = (sys.now() - stat.modified).whole_seconds() / unit;
                compare(*sign, age, *wanted)
            }
            Test::Newer(than) => stat.modified.0 > *than,
            Test::User(user) => user_name(sys, stat.uid) == *user || stat.uid.to_string() == *user,
            Test::Perm(mode) => stat.mode & mode == *mode,
            Test::Not(test) => !test.holds(path, stat, sys, acts),
            Test::And(a, b) => a.holds(path, stat, sys, acts) && b.holds(path, stat, sys, acts),
            Test::Or(a, b) => a.holds(path, stat, sys, acts) || b.holds(path, stat, sys, acts),
            Test::Print(end) => {
                acts.out.extend(path.bytes());
                acts.out.push(*end as u8);
                true
            }
            Test::Printf(format) => {
                acts.out.extend(printf(format, path, stat).bytes());
                true
            }
            Test::Delete => match sys.remove(path) {
                Ok(()) => true,
                Err(error) => {
                    acts.failed = Some(format!("cannot delete '{path}': {error}"));
                    false
                }
            },
            Test::Prune => {
                acts.prune = true;
                true
            }
            Test::Exec(command) => {
                // The command's status would decide here; it runs after the tests instead.
                acts.command = Some(command.iter().map(|w| w.replace("{}", path)).collect());
                true
            }
            Test::Batch => {
                acts.batch = true;
                true
            }
        }
    }
}

fn printf(format: &str, path: &str, stat: &Stat) -> String {
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match (c, c == '%' || c == '\\') {
            ('%', _) => match chars.next() {
                Some('p') => text.push_str(path),
                Some('f') => text.push_str(base_name(path)),
                Some('s') => text.push_str(&stat.size.to_string()),
                Some('m') => text.push_str(&format!("{:o}", stat.mode)),
                Some('U') => text.push_str(&stat.uid.to_string()),
                Some('%') => text.push('%'),
                Some(other) => text.extend(['%', other]),
                None => text.push('%'),
            },
            ('\\', _) => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('0') => text.push('\0'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (c, _) => text.push(c),
        }
    }
    text
}

impl Find {
    fn setup(&mut self, sys: &mut Sys) -> Result<(), i32> {
        let begins = |w: &String| w.len() > 1 && w.starts_with('-') || w == "!" || w == "(";
        let words = &self.argv[1..];
        let at = words.iter().position(begins).unwrap_or(words.len());
        match parse(&words[at..], sys) {
            Ok(plan) => self.plan = Some(plan),
            Err(text) => {
                let text = if is_busybox(sys) {
                    text.replace("unknown predicate `", "unrecognized: ").replace('\'', "")
                } else {
                    text
                };
                sys.eprint(&format!("find: {text}\n"));
                return Err(1);
            }
        }
        let starts = if at == 0 { vec![".".to_owned()] } else { words[..at].to_vec() };
        self.todo = starts.into_iter().rev().map(|path| (path, 0)).collect();
        Ok(())
    }

    fn complain(&mut self, sys: &mut Sys, text: &str) {
        sys.eprint(&format!("find: {text}\n"));
        self.code = 1;
    }

    /// Looks at the next path; a command to be run is returned.
    fn visit(
        &mut self,
        plan: &Plan,
        path: &str,
        depth: usize,
        sys: &mut Sys,
        out: &mut Vec<u8>,
    ) -> Option<Vec<String>> {
        // Directories that were left for later are marked by a depth that no walk reaches.
        let later = depth >= usize::MAX / 2;
        let depth = if later { depth - usize::MAX / 2 } else { depth };
        let stat = match sys.stat(path, plan.follow || depth == 0 && path.ends_with('/')) {
            Ok(stat) => stat,
            Err(error) => {
                let quoted =
                    if is_busybox(sys) { path.to_owned() } else { format!("‘{path}’") };
                self.complain(sys, &format!("{quoted}: {error}"));
                return None;
            }
        };
        let is_dir = stat.kind == FileKind::Directory;
        let below = is_dir && depth < plan.max;
        if plan.depth_first && below && !later {
            self.todo.push((path.to_owned(), usize::MAX / 2 + depth));
            self.descend(path, depth, sys);
            return None;
        }
        let mut acts = Acts::default();
        if depth >= plan.min {
            plan.test.holds(path, &stat, sys, &mut acts);
        }
        out.extend(acts.out);
        if let Some(text) = acts.failed {
            self.complain(sys, &text);
        }
        if acts.batch {
            self.batch.push(path.to_owned());
        }
        if below && !later && !acts.prune && !plan.depth_first {
            self.descend(path, depth, sys);
        }
        acts.command
    }

    fn descend(&mut self, path: &str, depth: usize, sys: &mut Sys) {
        match sys.read_dir(path) {
            Ok(names) => {
                self.todo.extend(
                    names.into_iter().rev().map(|(name, _)| (join(path, &name), depth + 1)),
                );
            }
            Err(error) => {
                let quoted =
                    if is_busybox(sys) { path.to_owned() } else { format!("‘{path}’") };
                self.complain(sys, &format!("{quoted}: {error}"));
            }
        }
    }

    fn launch(&mut self, argv: &[String], sys: &mut Sys) {
        match spawn_with(sys, argv, None, crate::os::STDOUT) {
            Ok(pid) => self.running = Some(pid),
            Err(error) => self.complain(sys, &format!("‘{}’: {error}", argv[0])),
        }
    }
}

impl Process for Find {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none()
            && let Err(code) = self.setup(sys)
        {
            return Step::Done(code);
        }
        let Some(plan) = self.plan.clone() else { return Step::Done(1) };
        if self.running.is_some() {
            match sys.wait(self.running) {
                Some((_, code)) => {
                    self.running = None;
                    if code != 0 && plan.together.is_some() {
                        self.code = 1;
                    }
                }
                None => return Step::Wait(Wait::children()),
            }
        }
        let mut out = Vec::new();
        let mut command = None;
        for _ in 0..SLICE {
            let Some((path, depth)) = self.todo.pop() else { break };
            command = self.visit(&plan, &path, depth, sys, &mut out);
            if command.is_some() {
                break;
            }
        }
        super::support::input::flush(sys, &mut out);
        if command.is_none() && self.todo.is_empty() && !self.batch.is_empty() {
            let batch = std::mem::take(&mut self.batch);
            command = plan.together.clone().map(|c| [c, batch].concat());
        }
        match command {
            Some(command) => {
                self.launch(&command, sys);
                if self.running.is_some() { Step::Wait(Wait::children()) } else { Step::Yield }
            }
            None if self.todo.is_empty() => Step::Done(self.code),
            None => Step::Yield,
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
