//! Command lines as cobra and pflag read them, with their error texts.
//!
//! Upstream: vendor/github.com/spf13/{cobra/command.go,pflag/flag.go}.

use crate::base::ordered::OrdMap;

use super::error::CmdError;
use super::{Cx, Next, help};
use crate::base::human::{parse_go_duration, quote};
use crate::base::time::Span;

/// The type of a flag's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` when given without a value.
    Bool,
    /// A whole number.
    Int,
    /// Text.
    Text,
    /// Text that reads as the second when given without a value.
    Optional(&'static str),
    /// Several texts, commas split them.
    Slice,
    /// Several texts, commas do not split them.
    Array,
    /// A Go duration.
    Duration,
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    /// One letter, or NUL for none.
    pub(crate) short: char,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    /// Whether this simulation acts on it; otherwise its use is an error.
    pub(crate) works: bool,
}

/// A flag that works.
pub(crate) const fn flag(name: &'static str, kind: Kind, default: &'static str) -> Flag {
    Flag { name, short: '\0', kind, default, works: true }
}

impl Flag {
    /// The same with a letter.
    pub(crate) const fn short(mut self, letter: char) -> Flag {
        self.short = letter;
        self
    }

    /// The same, known but not simulated.
    pub(crate) const fn absent(mut self) -> Flag {
        self.works = false;
        self
    }

    fn without_value(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Bool => Some("true"),
            Kind::Optional(value) => Some(value),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        if self.short == '\0' {
            format!("--{}", self.name)
        } else {
            format!("-{}, --{}", self.short, self.name)
        }
    }
}

/// A command: one entry of the registry.
pub(crate) struct Verb {
    /// Its name.
    pub(crate) name: &'static str,
    /// Other names.
    pub(crate) aliases: &'static [&'static str],
    /// Its flags, in groups that verbs share.
    pub(crate) flags: &'static [&'static [Flag]],
    /// Its subcommands.
    pub(crate) subs: &'static [&'static Verb],
    /// What it does; `None` for a command that only has subcommands.
    pub(crate) run: Option<fn(&mut Cx) -> Result<Next, CmdError>>,
}

impl Verb {
    /// A command with nothing but a name, for `..Verb::EMPTY`.
    pub(crate) const EMPTY: Verb =
        Verb { name: "", aliases: &[], flags: &[], subs: &[], run: None };

    fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// A command line that was understood.
pub(crate) struct Args {
    /// The command.
    pub(crate) verb: &'static Verb,
    /// Its full name: `kubectl rollout status`.
    pub(crate) path: String,
    /// Arguments that are no flags.
    pub(crate) pos: Vec<String>,
    /// How many of them stand before `--`, if there is one.
    pub(crate) dash: Option<usize>,
    /// Things to say before anything else, such as deprecations.
    pub(crate) notices: Vec<String>,
    flags: Vec<Flag>,
    values: OrdMap<&'static str, Vec<String>>,
}

/// The outcome of parsing.
pub(crate) enum Parsed {
    /// A command to run.
    Run(Args),
    /// A request for help on it.
    Help(Args),
}

/// Flags of every command that do something; the help names more.
const GLOBAL: &[Flag] = &[
    flag("cache-dir", Kind::Text, "/root/.kube/cache"),
    flag("cluster", Kind::Text, ""),
    flag("context", Kind::Text, ""),
    flag("disable-compression", Kind::Bool, "false"),
    flag("insecure-skip-tls-verify", Kind::Bool, "false"),
    flag("kubeconfig", Kind::Text, ""),
    flag("log-flush-frequency", Kind::Duration, "5s"),
    flag("match-server-version", Kind::Bool, "false"),
    flag("namespace", Kind::Text, "").short('n'),
    flag("request-timeout", Kind::Text, "0"),
    flag("server", Kind::Text, "").short('s'),
    flag("user", Kind::Text, ""),
    flag("v", Kind::Int, "0").short('v'),
    flag("warnings-as-errors", Kind::Bool, "false"),
];

/// The hidden command that completes others.
pub(crate) const COMPLETE: &str = "__complete";

impl Args {
    fn spec(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|f| f.name == name)
    }

    /// Whether the flag was given.
    pub(crate) fn changed(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A flag's text: the last given, or its default.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.values.get(name).and_then(|v| v.last()) {
            Some(value) => value,
            None => self.spec(name).map_or("", |f| f.default),
        }
    }

    /// Whether a flag is true.
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self.text(name), "1" | "t" | "T" | "TRUE" | "true" | "True")
    }

    /// A flag's number.
    pub(crate) fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    /// A flag's length of time.
    pub(crate) fn duration(&self, name: &str) -> Span {
        parse_go_duration(self.text(name)).unwrap_or_default()
    }

    /// All values of a flag that can be given several times.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let splits = self.spec(name).is_some_and(|f| f.kind == Kind::Slice);
        let given = self.values.get(name).map_or(&[][..], Vec::as_slice);
        if splits {
            given
                .iter()
                .flat_map(|v| v.split(',').map(str::to_owned))
                .filter(|v| !v.is_empty())
                .collect()
        } else {
            given.to_vec()
        }
    }

    /// The arguments behind `--`.
    pub(crate) fn after_dash(&self) -> &[String] {
        &self.pos[self.dash.unwrap_or(self.pos.len())..]
    }
}

/// A command's own flags, those that its help names besides, and the global ones; the first win.
fn declared(verb: &'static Verb, path: &str) -> Vec<Flag> {
    let own = verb.flags.iter().flat_map(|group| group.iter().copied());
    let mut flags: Vec<Flag> = own.collect();
    let more = help::flags(path).chain(GLOBAL.iter().copied()).chain(help::flags(help::OPTIONS));
    for flag in more {
        if !flags.iter().any(|f| f.name == flag.name) {
            flags.push(flag);
        }
    }
    flags
}

/// Refuses flags that are known but left out here.
pub(crate) fn check_supported(args: &Args) -> Result<(), CmdError> {
    for name in args.values.keys() {
        if let Some(spec) = args.spec(name)
            && !spec.works
        {
            return Err(CmdError::not_simulated(&format!("--{name}")));
        }
    }
    let timeout = args.text("request-timeout");
    if timeout.parse::<i64>().is_err() && parse_go_duration(timeout).is_err() {
        return Err(CmdError::plain(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
        ));
    }
    Ok(())
}

/// Reads a command line (without the program's name).
pub(crate) fn parse(root: &'static Verb, argv: &[String]) -> Result<Parsed, CmdError> {
    let (verb, path, rest) = find(root, argv)?;
    if verb.name == COMPLETE {
        // Its words are those of another command line.
        let (dash, notices) = (None, Vec::new());
        let flags = declared(verb, &path);
        let values = OrdMap::new();
        return Ok(Parsed::Run(Args { verb, path, flags, pos: rest, dash, notices, values }));
    }
    let flags = declared(verb, &path);
    let mut parser = FlagParser {
        args: Args {
            verb,
            path,
            flags,
            pos: Vec::new(),
            dash: None,
            notices: Vec::new(),
            values: OrdMap::new(),
        },
        help: false,
    };
    if let Err(text) = parser.parse(&rest) {
        return Err(CmdError::Plain(format!(
            "{text}\nSee '{} --help' for usage.",
            parser.args.path
        )));
    }
    if parser.help {
        return Ok(Parsed::Help(parser.args));
    }
    Ok(Parsed::Run(parser.args))
}

/// A command line in the making, for completion.
pub(crate) struct Draft {
    /// What is there already, as far as it can be understood.
    pub(crate) args: Args,
    /// The flag whose value comes next.
    pub(crate) pending: Option<Flag>,
}

impl Draft {
    /// All flags that the command has, in the order of its declaration.
    pub(crate) fn flags(&self) -> &[Flag] {
        &self.args.flags
    }
}

/// Reads the words before the one that is being completed.
pub(crate) fn draft(root: &'static Verb, argv: &[String]) -> Result<Draft, CmdError> {
    let (verb, path, mut rest) = find(root, argv)?;
    let flags = declared(verb, &path);
    let pending = rest.last().filter(|_| !rest.iter().any(|w| w == "--")).and_then(|last| {
        let flag = match last.strip_prefix("--") {
            Some(long) => flags.iter().find(|f| f.name == long),
            None => last
                .strip_prefix('-')
                .and_then(|s| s.chars().last())
                .and_then(|letter| flags.iter().find(|f| f.short == letter)),
        };
        flag.copied().filter(|f| f.without_value().is_none())
    });
    if pending.is_some() {
        rest.pop();
    }
    let (dash, notices) = (None, Vec::new());
    let args = Args { verb, path, flags, pos: Vec::new(), dash, notices, values: OrdMap::new() };
    let mut parser = FlagParser { args, help: false };
    // A word that is wrong ends what is known of the line.
    let _ = parser.parse(&rest);
    Ok(Draft { args: parser.args, pending })
}

/// The innermost command that the arguments name, and the arguments without those names.
/// Upstream: cobra/command.go, Find.
fn find(
    root: &'static Verb,
    argv: &[String],
) -> Result<(&'static Verb, String, Vec<String>), CmdError> {
    let mut verb = root;
    let mut path = root.name.to_owned();
    let mut rest = argv.to_vec();
    while let Some(at) = first_word(verb, &path, &rest) {
        let Some(sub) = verb.subs.iter().find(|s| s.answers_to(&rest[at])) else {
            if std::ptr::eq(verb, root) {
                return Err(unknown_command(root, &rest[at]));
            }
            break;
        };
        verb = sub;
        path = format!("{path} {}", sub.name);
        rest.remove(at);
    }
    Ok((verb, path, rest))
}

/// Where the first argument stands that is neither a flag nor a flag's value.
fn first_word(verb: &'static Verb, path: &str, args: &[String]) -> Option<usize> {
    if verb.subs.is_empty() {
        return None;
    }
    let flags = declared(verb, path);
    let mut at = 0;
    while at < args.len() {
        let arg = args[at].as_str();
        if arg == "--" {
            return None;
        }
        if let Some(long) = arg.strip_prefix("--") {
            let bare = !long.contains('=');
            let known = flags.iter().find(|f| f.name == long);
            let takes_next =
                bare && long != "help" && known.is_none_or(|f| f.without_value().is_none());
            at += if takes_next { 2 } else { 1 };
        } else if let Some(short) = arg.strip_prefix('-').filter(|s| !s.is_empty()) {
            let letter = short.chars().next().unwrap_or('-');
            let alone = short.chars().count() == 1;
            let known = flags.iter().find(|f| f.short == letter);
            let takes_next =
                alone && letter != 'h' && known.is_none_or(|f| f.without_value().is_none());
            at += if takes_next { 2 } else { 1 };
        } else if arg.is_empty() {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

fn unknown_command(root: &'static Verb, name: &str) -> CmdError {
    let close: Vec<_> = root
        .subs
        .iter()
        .filter(|v| v.name != COMPLETE)
        .filter(|v| distance(name, v.name) <= 2 || v.name.starts_with(&name.to_lowercase()))
        .map(|v| format!("\t{}\n", v.name))
        .collect();
    let mut text = format!("unknown command {} for \"kubectl\"", quote(name));
    if !close.is_empty() {
        text.push_str(&format!("\n\nDid you mean this?\n{}", close.concat()));
    }
    CmdError::Plain(text)
}

/// Levenshtein distance, letters' case ignored. Upstream: cobra/cobra.go, ld.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(64).collect();
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut diagonal = row[0];
        row[0] = i;
        for j in 1..=b.len() {
            let cost = if a[i - 1] == b[j - 1] {
                diagonal
            } else {
                diagonal.min(row[j]).min(row[j - 1]) + 1
            };
            diagonal = row[j];
            row[j] = cost;
        }
    }
    row[b.len()]
}

struct FlagParser {
    args: Args,
    help: bool,
}

impl FlagParser {
    fn parse(&mut self, argv: &[String]) -> Result<(), String> {
        let mut rest = argv.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                self.args.dash = Some(self.args.pos.len());
                self.args.pos.extend(rest.cloned());
                return Ok(());
            }
            if let Some(long) = arg.strip_prefix("--") {
                self.long(long, &mut rest)?;
            } else if arg.len() > 1 && arg.starts_with('-') {
                self.short(&arg[1..], &mut rest)?;
            } else {
                self.args.pos.push(arg.clone());
            }
        }
        Ok(())
    }

    fn long(&mut self, text: &str, rest: &mut std::slice::Iter<'_, String>) -> Result<(), String> {
        if text.is_empty() || text.starts_with('-') || text.starts_with('=') {
            return Err(format!("bad flag syntax: --{text}"));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let Some(spec) = self.args.flags.iter().find(|f| f.name == name).copied() else {
            if name == "help" {
                self.help = true;
                return Ok(());
            }
            return Err(format!("unknown flag: --{name}"));
        };
        let value = match (value, spec.without_value()) {
            (Some(value), _) => value,
            (None, Some(implied)) => implied.to_owned(),
            (None, None) => {
                rest.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?
            }
        };
        self.set(spec, value)
    }

    fn short(&mut self, text: &str, rest: &mut std::slice::Iter<'_, String>) -> Result<(), String> {
        let mut text = text;
        while let Some(letter) = text.chars().next() {
            let after = &text[letter.len_utf8()..];
            let Some(spec) = self.args.flags.iter().find(|f| f.short == letter).copied() else {
                if letter == 'h' {
                    self.help = true;
                    return Ok(());
                }
                return Err(format!("unknown shorthand flag: '{letter}' in -{text}"));
            };
            if let Some(value) = after.strip_prefix('=') {
                return self.set(spec, value.to_owned());
            }
            if let Some(implied) = spec.without_value() {
                self.set(spec, implied.to_owned())?;
                text = after;
                continue;
            }
            if !after.is_empty() {
                return self.set(spec, after.to_owned());
            }
            let Some(value) = rest.next() else {
                return Err(format!("flag needs an argument: '{letter}' in -{text}"));
            };
            return self.set(spec, value.clone());
        }
        Ok(())
    }

    fn set(&mut self, spec: Flag, value: String) -> Result<(), String> {
        if let Err(why) = check_value(spec.kind, &value) {
            return Err(format!(
                "invalid argument {} for {} flag: {why}",
                quote(&value),
                quote(&spec.shown())
            ));
        }
        let many = matches!(spec.kind, Kind::Slice | Kind::Array);
        let values = self.args.values.entry(spec.name).or_default();
        if !many {
            values.clear();
        }
        values.push(value);
        Ok(())
    }
}

fn check_value(kind: Kind, value: &str) -> Result<(), String> {
    match kind {
        Kind::Bool => match value {
            "1" | "t" | "T" | "TRUE" | "true" | "True" | "0" | "f" | "F" | "FALSE" | "false"
            | "False" => Ok(()),
            _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(value))),
        },
        Kind::Int => match value.strip_prefix('+').unwrap_or(value).parse::<i64>() {
            Ok(_) => Ok(()),
            Err(error) => {
                use std::num::IntErrorKind::{NegOverflow, PosOverflow};
                let range = matches!(error.kind(), PosOverflow | NegOverflow);
                let why = if range { "value out of range" } else { "invalid syntax" };
                Err(format!("strconv.ParseInt: parsing {}: {why}", quote(value)))
            }
        },
        Kind::Duration => parse_go_duration(value).map(|_| ()),
        Kind::Text | Kind::Optional(_) | Kind::Slice | Kind::Array => Ok(()),
    }
}
