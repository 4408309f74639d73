//! Completion: what the word before the cursor may become.
//!
//! Commands, files and variables are known here; a program that offers completions itself is asked, as
//! kubectl is: `kubectl __complete args… word` answers one candidate a line and ends with `:directive`.
//! Upstream: vendor/github.com/spf13/cobra/completions.go, bash_completionsV2.go.

use super::machine::Shell;
use super::parse::is_name_char;
use super::screen::width;
use super::{builtins, globs, pattern};
use crate::base::sort::InOrder;
use crate::os::{FileKind, Sys};

/// Programs that answer `__complete`.
const ASKED: [&str; 1] = ["kubectl"];
/// The most candidates that are looked at.
const MAX_CANDIDATES: usize = 5000;

/// One way to complete a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// What the whole word would be.
    pub(super) word: String,
    /// What a list shows.
    pub(super) shown: String,
    pub(super) description: String,
    /// What follows when it is the only one.
    end: &'static str,
}

/// All ways to complete a word.
#[derive(Clone, Debug, Default)]
pub(super) struct Completion {
    /// The word so far, without quotes.
    word: String,
    quote: Option<char>,
    pub(super) candidates: Vec<Candidate>,
}

/// A question to a program.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) argv: Vec<String>,
    word: Word,
}

/// How a completion goes on.
pub(super) enum Start {
    Done(Completion),
    Ask(Request),
}

/// The word before the cursor.
#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    quote: Option<char>,
}

impl Completion {
    /// What is to be typed for the person: the part that all candidates share.
    pub(super) fn insertion(&self) -> String {
        let Some(first) = self.candidates.first() else { return String::new() };
        let mut common = first.word.as_str();
        for candidate in &self.candidates[1..] {
            let shared = common
                .char_indices()
                .zip(candidate.word.chars())
                .find(|((_, a), b)| a != b)
                .map_or(common.len().min(candidate.word.len()), |((at, _), _)| at);
            common = &common[..shared];
        }
        let Some(more) = common.strip_prefix(self.word.as_str()) else { return String::new() };
        let mut text = match self.quote {
            None => escaped(more),
            Some(_) => more.to_owned(),
        };
        if self.candidates.len() == 1 {
            if let Some(quote) = self.quote.filter(|_| first.end == " ") {
                text.push(quote);
            }
            text.push_str(first.end);
        }
        text
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if " \t\\'\"`$&|;<>()*?[]{}!#~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The words of the command in which a text ends, the unfinished one last, and whether it is a file to redirect to.
fn words(text: &str) -> (Vec<Word>, bool) {
    let mut words = vec![Word::default()];
    let mut fresh = true;
    let mut redirected = false;
    let mut chars = text.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        let at = words.len() - 1;
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => {
                quote = None;
                words[at].quote = None;
            }
            (Some('"') | None, '\\') => {
                words[at].text.extend(chars.next());
                fresh = false;
            }
            (Some(_), c) => words[at].text.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                words[at].quote = Some(c);
                fresh = false;
            }
            (None, ' ' | '\t') => {
                if !fresh {
                    let keyword = words.len() == 1
                        && matches!(
                            words[0].text.as_str(),
                            "if" | "then"
                                | "else"
                                | "elif"
                                | "while"
                                | "until"
                                | "do"
                                | "!"
                                | "{"
                                | "time"
                        );
                    let assignment = words.len() == 1 && is_assignment(&words[0].text);
                    if keyword || assignment || redirected {
                        words[at] = Word::default();
                    } else {
                        words.push(Word::default());
                    }
                    redirected = false;
                    fresh = true;
                }
            }
            (None, ';' | '|' | '&' | '\n' | '(' | '`') => {
                words = vec![Word::default()];
                redirected = false;
                fresh = true;
            }
            (None, '<' | '>') => {
                if words[at].text.chars().all(|c| c.is_ascii_digit()) {
                    words[at] = Word::default();
                } else {
                    words.push(Word::default());
                }
                redirected = true;
                fresh = true;
            }
            (None, '$') if chars.peek() == Some(&'(') => {
                chars.next();
                words = vec![Word::default()];
                fresh = true;
            }
            (None, c) => {
                words[at].text.push(c);
                fresh = false;
            }
        }
    }
    (words, redirected)
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| super::parse::is_name(name))
}

/// Begins to complete the text before the cursor.
pub(super) fn start(shell: &mut Shell, sys: &mut Sys, before: &str) -> Start {
    let (mut words, redirected) = words(before);
    let word = words.pop().unwrap_or_default();
    let done = |candidates| Start::Done(finish(&word, candidates));
    if let Some(at) = word.text.rfind('$').filter(|_| word.quote != Some('\'')) {
        let name = &word.text[at + 1..];
        let brace = name.strip_prefix('{');
        if brace.unwrap_or(name).chars().all(is_name_char) {
            return done(variables(shell, &word.text[..=at], name));
        }
    }
    if redirected {
        return done(files(shell, sys, &word.text, false));
    }
    let Some(command) = words.first().map(|word| word.text.clone()) else {
        return done(commands(shell, sys, &word.text));
    };
    // An alias stands for its words.
    let mut argv: Vec<String> = match shell.aliases.get(&command) {
        Some(alias) => alias.split_whitespace().map(str::to_owned).collect(),
        None => vec![command],
    };
    argv.extend(words[1..].iter().map(|word| word.text.clone()));
    let name = argv.first().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    match name.unwrap_or_default().as_str() {
        name if ASKED.contains(&name) && shell.search(&argv[0], sys).is_some() => {
            argv.insert(1, "__complete".to_owned());
            argv.push(word.text.clone());
            Start::Ask(Request { argv, word })
        }
        "cd" | "pushd" | "rmdir" => done(files(shell, sys, &word.text, true)),
        "export" | "unset" | "readonly" | "declare" | "local" if !word.text.contains('=') => {
            done(variables(shell, "", &word.text))
        }
        "type" | "which" | "command" | "help" | "exec" | "sudo" | "watch" | "time"
            if words.len() == 1 =>
        {
            done(commands(shell, sys, &word.text))
        }
        "alias" | "unalias" => {
            let names = shell.aliases.keys().filter(|name| name.starts_with(&word.text));
            done(names.map(|name| plain(name.clone(), " ")).collect())
        }
        _ => done(files(shell, sys, &word.text, false)),
    }
}

fn finish(word: &Word, mut candidates: Vec<Candidate>) -> Completion {
    candidates.order_by(|a, b| a.word.cmp(&b.word));
    candidates.dedup_by(|a, b| a.word == b.word);
    candidates.truncate(MAX_CANDIDATES);
    Completion { word: word.text.clone(), quote: word.quote, candidates }
}

/// What a program has answered.
pub(super) fn answered(shell: &Shell, sys: &Sys, request: &Request, output: &str) -> Completion {
    let mut lines: Vec<&str> = output.lines().collect();
    let directive = match lines.last().and_then(|line| line.strip_prefix(':')) {
        Some(number) => {
            lines.pop();
            number.trim().parse::<u32>().unwrap_or(1)
        }
        None => 1,
    };
    let (error, no_space, no_files) = (directive & 1 != 0, directive & 2 != 0, directive & 4 != 0);
    let word = &request.word;
    if error {
        return finish(word, Vec::new());
    }
    if directive & (8 | 16) != 0 {
        let dirs_only = directive & 16 != 0;
        let mut found = files(shell, sys, &word.text, dirs_only);
        if !dirs_only {
            found.retain(|file| {
                file.end.is_empty()
                    || lines.iter().any(|end| file.word.ends_with(&format!(".{end}")))
            });
        }
        return finish(word, found);
    }
    // A flag's value stands behind its name.
    let flag = match word.text.split_once('=') {
        Some((flag, _)) if flag.starts_with('-') => format!("{flag}="),
        _ => String::new(),
    };
    let end = if no_space { "" } else { " " };
    let candidates: Vec<Candidate> = lines
        .iter()
        .filter(|line| !line.is_empty() && !line.starts_with("_activeHelp_"))
        .map(|line| {
            let (text, description) = line.split_once('\t').unwrap_or((line, ""));
            Candidate {
                word: if text.starts_with('-') { text.to_owned() } else { format!("{flag}{text}") },
                shown: text.to_owned(),
                description: description.to_owned(),
                end,
            }
        })
        .filter(|candidate| candidate.word.starts_with(&word.text))
        .collect();
    if candidates.is_empty() && !no_files {
        let value = &word.text[flag.len()..];
        let mut found = files(shell, sys, value, false);
        for file in &mut found {
            file.word.insert_str(0, &flag);
        }
        return finish(word, found);
    }
    if directive & 32 != 0 {
        return Completion { word: word.text.clone(), quote: word.quote, candidates };
    }
    finish(word, candidates)
}

fn plain(word: String, end: &'static str) -> Candidate {
    Candidate { shown: word.clone(), word, description: String::new(), end }
}

fn variables(shell: &Shell, before: &str, name: &str) -> Vec<Candidate> {
    let (brace, name) = name.strip_prefix('{').map_or(("", name), |name| ("{", name));
    let close = if brace.is_empty() { "" } else { "}" };
    shell
        .vars
        .iter()
        .filter(|(other, _)| other.starts_with(name))
        .map(|(other, _)| Candidate {
            word: format!("{before}{brace}{other}{close}"),
            shown: format!("{}{other}", if before.is_empty() { "" } else { "$" }),
            description: String::new(),
            end: if before.is_empty() { "" } else { " " },
        })
        .collect()
}

const KEYWORDS: [&str; 15] = [
    "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "then",
    "time", "until", "while",
];

fn commands(shell: &Shell, sys: &Sys, word: &str) -> Vec<Candidate> {
    if word.contains('/') || word.starts_with('~') {
        let mut found = files(shell, sys, word, false);
        found.retain(|file| file.end.is_empty() || shell.search(&file.word, sys).is_some());
        return found;
    }
    let mut names: Vec<String> = Vec::new();
    names.extend(KEYWORDS.iter().map(|name| (*name).to_owned()));
    names.extend(builtins::names(shell).map(str::to_owned));
    names.extend(shell.aliases.keys().cloned());
    names.extend(shell.functions.keys().cloned());
    for dir in shell.vars.text("PATH").unwrap_or_default().split(':') {
        names.extend(sys.read_dir(dir).unwrap_or_default().into_iter().map(|(name, _)| name));
    }
    names.retain(|name| name.starts_with(word) && (!word.is_empty() || name.len() > 1));
    names.into_iter().map(|name| plain(name, " ")).collect()
}

fn files(shell: &Shell, sys: &Sys, word: &str, dirs_only: bool) -> Vec<Candidate> {
    let home = shell.vars.text("HOME").unwrap_or("/");
    let (typed, path) = match word.strip_prefix("~/") {
        Some(rest) => ("~/", format!("{home}/{rest}")),
        None => ("", word.to_owned()),
    };
    let mut quoted = String::new();
    pattern::quote(&path, &mut quoted);
    let base = path.rfind('/').map_or(0, |at| at + 1);
    let hidden = path[base..].starts_with('.');
    globs::find(sys, &format!("{quoted}*"), hidden)
        .into_iter()
        .filter_map(|found| {
            let is_dir = sys.stat(&found, true).is_ok_and(|s| s.kind == FileKind::Directory);
            if dirs_only && !is_dir {
                return None;
            }
            let own = if typed.is_empty() {
                found.clone()
            } else {
                format!("{typed}{}", found.strip_prefix(&format!("{home}/")).unwrap_or(&found))
            };
            let slash = if is_dir { "/" } else { "" };
            let name = found.rsplit('/').next().unwrap_or_default();
            Some(Candidate {
                word: format!("{own}{slash}"),
                shown: format!("{name}{slash}"),
                description: String::new(),
                end: if is_dir { "" } else { " " },
            })
        })
        .collect()
}

/// The candidates as a list on the screen: in columns, or one a line with what each means.
pub(super) fn columns(candidates: &[Candidate], screen: usize) -> String {
    let wide = |text: &str| text.chars().map(width).sum::<usize>();
    let widest = candidates.iter().map(|c| wide(&c.shown)).max().unwrap_or(0);
    let mut text = String::new();
    if candidates.iter().any(|c| !c.description.is_empty()) {
        for candidate in candidates {
            let pad = " ".repeat(widest - wide(&candidate.shown));
            let line = if candidate.description.is_empty() {
                candidate.shown.clone()
            } else {
                format!("{}{pad}  ({})", candidate.shown, candidate.description)
            };
            let cut: String = if wide(&line) >= screen && screen > 4 {
                line.chars().take(screen - 4).chain("...".chars()).collect()
            } else {
                line
            };
            text.push_str(&cut);
            text.push('\n');
        }
        return text;
    }
    let across = (screen / (widest + 2)).max(1);
    let down = candidates.len().div_ceil(across);
    for row in 0..down {
        let mut line = String::new();
        for at in (row..candidates.len()).step_by(down.max(1)) {
            let shown = &candidates[at].shown;
            line.push_str(shown);
            line.push_str(&" ".repeat(widest + 2 - wide(shown)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_found() {
        let parts = |text: &str| {
            let (words, redirected) = words(text);
            (words.into_iter().map(|w| w.text).collect::<Vec<_>>(), redirected)
        };
        assert_eq!(
            parts("kubectl get po"),
            (vec!["kubectl".into(), "get".into(), "po".into()], false)
        );
        assert_eq!(parts("a; b | kubectl "), (vec!["kubectl".into(), String::new()], false));
        assert_eq!(parts("for i in 1; do ec"), (vec!["ec".into()], false));
        assert_eq!(parts("echo $(kub"), (vec!["kub".into()], false));
        assert_eq!(parts("cat < fi"), (vec!["cat".into(), "fi".into()], true));
        assert_eq!(parts("A=1 cmd \"a b"), (vec!["cmd".into(), "a b".into()], false));
    }

    #[test]
    fn the_shared_part_is_inserted() {
        let all = |word: &str, words: &[&str]| Completion {
            word: word.to_owned(),
            quote: None,
            candidates: words.iter().map(|w| plain((*w).to_owned(), " ")).collect(),
        };
        assert_eq!(all("we", &["web-0", "web-1"]).insertion(), "b-");
        assert_eq!(all("we", &["web-0"]).insertion(), "b-0 ");
        assert_eq!(all("web-", &["web-0", "web-1"]).insertion(), "");
        assert_eq!(all("a", &["a b.txt"]).insertion(), "\\ b.txt ");
    }
}
