//! Options on a command line, as getopt reads them, with the words of GNU and of busybox for wrong ones.

use crate::os::Sys;

use super::text::is_busybox;

/// A program's command line.
pub(crate) struct Tool {
    /// Its name.
    pub(crate) name: &'static str,
    /// What `--help` shows behind the name.
    pub(crate) usage: &'static str,
    /// Short options as for getopt: `n:` takes a value; a `+` in front ends the options at the first operand.
    pub(crate) options: &'static str,
    /// Long options and the short ones that they mean; capital Greek or other letters stand for those without a short one.
    pub(crate) long: &'static [(&'static str, char)],
    /// Exit status for wrong usage.
    pub(crate) trouble: i32,
}

/// What was on a command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    options: Vec<(char, String)>,
    /// What is no option.
    pub(crate) operands: Vec<String>,
}

impl Args {
    /// Whether an option was given.
    pub(crate) fn has(&self, option: char) -> bool {
        self.options.iter().any(|(o, _)| *o == option)
    }

    /// The last value of an option.
    pub(crate) fn value(&self, option: char) -> Option<&str> {
        self.options.iter().rev().find(|(o, _)| *o == option).map(|(_, v)| v.as_str())
    }

    /// All values of an option.
    pub(crate) fn values(&self, option: char) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(o, _)| *o == option).map(|(_, v)| v.as_str())
    }

    /// All of these options with their values, in order.
    pub(crate) fn all(&self, options: &str) -> impl Iterator<Item = (char, &str)> {
        self.options
            .iter()
            .filter(move |(o, _)| options.contains(*o))
            .map(|(o, v)| (*o, v.as_str()))
    }

    /// The last given of these options.
    pub(crate) fn last_of(&self, options: &str) -> Option<char> {
        self.options.iter().rev().map(|(o, _)| *o).find(|o| options.contains(*o))
    }
}

/// Why a command line cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// `-z`.
    Short(char),
    /// `--zzz`.
    Long(String),
    /// An option without its value.
    NoValue(String),
    /// A flag with a value.
    ExtraValue(String),
}

impl Tool {
    fn takes_value(&self, option: char) -> Option<bool> {
        let at = self.options.find(option).filter(|_| option != ':' && option != '+')?;
        Some(self.options[at + option.len_utf8()..].starts_with(':'))
    }

    /// Reads a command line.
    pub(crate) fn read(&self, argv: &[String]) -> Result<Args, Wrong> {
        let mut args = Args::default();
        let mut words = argv.iter().skip(1);
        let stop_early = self.options.starts_with('+');
        while let Some(word) = words.next() {
            if word == "--" {
                args.operands.extend(words.cloned());
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                self.read_long(long, &mut words, &mut args)?;
            } else if word.len() > 1 && word.starts_with('-') {
                self.read_short(&word[1..], &mut words, &mut args)?;
            } else {
                args.operands.push(word.clone());
                if stop_early {
                    args.operands.extend(words.cloned());
                    break;
                }
            }
        }
        Ok(args)
    }

    fn read_short<'a>(
        &self,
        cluster: &str,
        words: &mut impl Iterator<Item = &'a String>,
        args: &mut Args,
    ) -> Result<(), Wrong> {
        for (at, option) in cluster.char_indices() {
            match self.takes_value(option) {
                None => return Err(Wrong::Short(option)),
                Some(false) => args.options.push((option, String::new())),
                Some(true) => {
                    let rest = &cluster[at + option.len_utf8()..];
                    let value = if rest.is_empty() {
                        words.next().ok_or_else(|| Wrong::NoValue(option.to_string()))?.clone()
                    } else {
                        rest.to_owned()
                    };
                    args.options.push((option, value));
                    break;
                }
            }
        }
        Ok(())
    }

    fn read_long<'a>(
        &self,
        text: &str,
        words: &mut impl Iterator<Item = &'a String>,
        args: &mut Args,
    ) -> Result<(), Wrong> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let exact = self.long.iter().find(|(long, _)| *long == name);
        let mut starts = self.long.iter().filter(|(long, _)| long.starts_with(name));
        let found = match (exact, starts.next(), starts.next()) {
            (Some(found), ..) | (None, Some(found), None) => found,
            _ if name == "help" => return Err(Wrong::Help),
            _ if name == "version" => return Err(Wrong::Version),
            _ => return Err(Wrong::Long(name.to_owned())),
        };
        let takes = self.takes_value(found.1).unwrap_or(false);
        let value = match (takes, value) {
            (false, Some(_)) => return Err(Wrong::ExtraValue(found.0.to_owned())),
            (false, None) => String::new(),
            (true, Some(value)) => value.to_owned(),
            (true, None) => {
                words.next().ok_or_else(|| Wrong::NoValue(format!("--{}", found.0)))?.clone()
            }
        };
        args.options.push((found.1, value));
        Ok(())
    }

    /// Reads the command line of a process; a wrong one is told and gives the exit status.
    pub(crate) fn parse(&self, argv: &[String], sys: &mut Sys) -> Result<Args, i32> {
        self.read(argv).map_err(|wrong| self.complain(&wrong, sys))
    }

    fn complain(&self, wrong: &Wrong, sys: &mut Sys) -> i32 {
        let (name, usage) = (self.name, self.usage);
        let busybox = is_busybox(sys);
        let text = match wrong {
            Wrong::Help => {
                sys.print(&format!("Usage: {name} {usage}\n"));
                return 0;
            }
            Wrong::Version => {
                sys.print(&format!("{name} (simulated)\n"));
                return 0;
            }
            Wrong::Short(o) if busybox => format!("{name}: unrecognized option: {o}"),
            Wrong::Long(long) if busybox => format!("{name}: unrecognized option: {long}"),
            Wrong::NoValue(o) if busybox => format!("{name}: option requires an argument: {o}"),
            Wrong::Short(o) => format!("{name}: invalid option -- '{o}'"),
            Wrong::Long(long) => format!("{name}: unrecognized option '--{long}'"),
            Wrong::NoValue(o) if o.starts_with("--") => {
                format!("{name}: option '{o}' requires an argument")
            }
            Wrong::NoValue(o) => format!("{name}: option requires an argument -- '{o}'"),
            Wrong::ExtraValue(long) => {
                format!("{name}: option '--{long}' doesn't allow an argument")
            }
        };
        if busybox {
            sys.eprint(&format!("{text}\n\nUsage: {name} {usage}\n"));
            return 1;
        }
        sys.eprint(&format!("{text}\nTry '{name} --help' for more information.\n"));
        self.trouble
    }

    /// Tells that an operand is missing and gives the exit status.
    pub(crate) fn missing_operand(&self, sys: &mut Sys) -> i32 {
        let (name, usage) = (self.name, self.usage);
        if is_busybox(sys) {
            sys.eprint(&format!("Usage: {name} {usage}\n"));
        } else {
            sys.eprint(&format!(
                "{name}: missing operand\nTry '{name} --help' for more information.\n"
            ));
        }
        self.trouble
    }

    /// Tells what is wrong, `name: text`, and gives the exit status.
    pub(crate) fn fail(&self, sys: &mut Sys, text: &str) -> i32 {
        sys.eprint(&format!("{}: {text}\n", self.name));
        self.trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Args, Wrong> {
        let tool = Tool {
            name: "t",
            usage: "",
            options: "abn:",
            long: &[("all", 'a'), ("number", 'n'), ("new", 'b')],
            trouble: 1,
        };
        let argv: Vec<String> = ["t"].iter().chain(words).map(|w| (*w).to_owned()).collect();
        tool.read(&argv)
    }

    #[test]
    fn options_are_read_in_all_their_forms() {
        for words in [
            &["-abn5", "x"][..],
            &["-a", "-b", "-n", "5", "x"],
            &["x", "--all", "--new", "--number=5"],
            &["--al", "-b", "--num", "5", "--", "x"],
        ] {
            let args = read(words).unwrap();
            assert!(args.has('a') && args.has('b'), "{words:?}");
            assert_eq!(args.value('n'), Some("5"));
            assert_eq!(args.operands, ["x"]);
        }
        assert_eq!(read(&["-x"]).unwrap_err(), Wrong::Short('x'));
        assert_eq!(read(&["--n"]).unwrap_err(), Wrong::Long("n".into()));
        assert_eq!(read(&["-n"]).unwrap_err(), Wrong::NoValue("n".into()));
        assert_eq!(read(&["-é"]).unwrap_err(), Wrong::Short('é'));
        assert_eq!(read(&["--help"]).unwrap_err(), Wrong::Help);
    }
}
