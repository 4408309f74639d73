//! How a shell begins: its arguments, its variables, where its commands come from.

use std::rc::Rc;

use super::lineedit::Terminal;
use super::machine::{Origin, Shell};
use super::texts::Role;
use super::vars::{Value, Vars};
use super::{Dialect, builtins, prompt};
use crate::os::{Errno, STDERR, STDIN, Sys};

/// bash's version, as `$BASH_VERSION` and `--version` give it.
const BASH_VERSION: &str = "5.2.15(1)-release";

/// A shell that will read these arguments; it is bash if it is called so.
pub(super) fn shell(argv: &[String]) -> Shell {
    let name = argv.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name));
    let bash = name.trim_start_matches('-') == "bash";
    Shell::new(argv, if bash { Dialect::Bash } else { Dialect::Dash })
}

/// What the arguments say.
#[derive(Default)]
struct Arguments {
    command: bool,
    stdin: bool,
    interactive: bool,
    login: bool,
    norc: bool,
    rest: Vec<String>,
}

impl Shell {
    /// Reads the arguments and puts the first frame on the stack.
    pub(super) fn begin(&mut self, sys: &mut Sys) {
        if !self.dialect.is_bash() && has_busybox(sys) {
            self.dialect = Dialect::Ash;
        }
        self.name = self.argv.first().cloned().unwrap_or_default();
        self.pid = sys.shown_pid();
        self.started = sys.now();
        self.vars = Vars::from_env(sys.env());
        self.set_initial_variables(sys);
        let args = match self.read_arguments(sys) {
            Ok(args) => args,
            Err(status) => {
                self.status = status;
                return;
            }
        };
        let mut rest = args.rest.into_iter();
        if args.command {
            self.origin = Origin::Command;
            let Some(text) = rest.next() else {
                let message = match self.dialect {
                    Dialect::Bash => "bash: -c: option requires an argument\n".to_owned(),
                    Dialect::Ash => format!("{}: -c requires an argument\n", self.name),
                    Dialect::Dash => format!("{}: 0: -c requires an argument\n", self.name),
                };
                sys.eprint(&message);
                self.status = 2;
                return;
            };
            if let Some(name) = rest.next() {
                self.name = name;
            }
            self.params = Rc::new(rest.collect());
            if args.interactive {
                self.origin = Origin::Interactive;
            }
            self.push_text(&text, Role::Main);
            return;
        }
        if !args.stdin
            && let Some(path) = rest.next()
        {
            self.params = Rc::new(rest.collect());
            self.begin_script(&path, sys);
            return;
        }
        self.params = Rc::new(rest.collect());
        self.push_main();
        if args.interactive || sys.is_tty(STDIN) && sys.is_tty(STDERR) {
            self.begin_interactive(args.login, args.norc, sys);
        }
    }

    fn begin_script(&mut self, path: &str, sys: &mut Sys) {
        let mut found = path.to_owned();
        let mut contents = sys.read_file(path);
        if contents == Err(Errno::NotFound)
            && !path.contains('/')
            && let Some(other) = self.search(path, sys)
        {
            contents = sys.read_file(&other);
            found = other;
        }
        match contents {
            Ok(bytes) if self.dialect.is_bash() && bytes.iter().take(80).any(|b| *b == 0) => {
                sys.eprint(&format!("{path}: {path}: cannot execute binary file\n"));
                self.status = 126;
            }
            Ok(bytes) => {
                self.origin = Origin::Script;
                self.name = found;
                self.push_text(&String::from_utf8_lossy(&bytes), Role::Main);
            }
            Err(error) => {
                let name = &self.name;
                let message = match self.dialect {
                    Dialect::Bash => format!("{name}: {path}: {error}\n"),
                    Dialect::Ash => format!("{name}: can't open '{path}': {error}\n"),
                    Dialect::Dash => format!("{name}: 0: cannot open {path}: No such file\n"),
                };
                sys.eprint(&message);
                let missing = error == Errno::NotFound;
                self.status = match (self.dialect, missing) {
                    (Dialect::Bash, true) => 127,
                    (Dialect::Bash, false) => 126,
                    _ => 2,
                };
            }
        }
    }

    fn begin_interactive(&mut self, login: bool, norc: bool, sys: &mut Sys) {
        self.origin = Origin::Interactive;
        let Some(terminal) = Terminal::new(self, sys) else { return };
        self.terminal = Some(Box::new(terminal));
        self.take_terminal(sys);
        if self.vars.text("PS1").is_none() {
            let default = prompt::default(self.dialect, sys.user().0 == 0);
            self.vars.set("PS1", default);
        }
        let home = self.vars.text("HOME").unwrap_or("/").to_owned();
        let files = match (self.dialect, login) {
            (Dialect::Bash, false) => vec![format!("{home}/.bashrc")],
            (Dialect::Bash, true) => {
                let own = ["/.bash_profile", "/.bash_login", "/.profile"]
                    .iter()
                    .map(|name| format!("{home}{name}"))
                    .find(|path| sys.stat(path, true).is_ok());
                // Login files usually read this one too.
                let own = own.unwrap_or_else(|| format!("{home}/.bashrc"));
                vec!["/etc/profile".to_owned(), own]
            }
            (_, true) => vec!["/etc/profile".to_owned(), format!("{home}/.profile")],
            (_, false) => self.vars.text("ENV").map(str::to_owned).into_iter().collect(),
        };
        for path in files.iter().rev().filter(|_| !norc) {
            if let Ok(bytes) = sys.read_file(path) {
                self.push_text(&String::from_utf8_lossy(&bytes), Role::Source(None));
            }
        }
    }

    fn set_initial_variables(&mut self, sys: &Sys) {
        let mut default = |name: &str, value: String| {
            if self.vars.text(name).is_none() {
                self.vars.set(name, value);
            }
        };
        default("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        default("OPTIND", "1".to_owned());
        self.vars.set("IFS", " \t\n");
        self.vars.set("PS2", "> ");
        self.vars.set("PS4", "+ ");
        self.vars.set("PPID", own_parent(sys).to_string());
        self.vars.set("PWD", sys.cwd());
        self.vars.entry("PWD").exported = true;
        if self.dialect.is_bash() {
            let level = self.vars.text("SHLVL").and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
            self.vars.set("SHLVL", (level.min(998) + 1).to_string());
            self.vars.entry("SHLVL").exported = true;
            self.vars.set("BASH_VERSION", BASH_VERSION);
            self.vars.set("BASH", "/bin/bash");
            self.vars.set("HOSTNAME", sys.hostname());
            self.vars.set("HOSTTYPE", "x86_64");
            self.vars.set("OSTYPE", "linux-gnu");
            for (at, part) in
                ["5", "2", "15", "1", "release", "x86_64-pc-linux-gnu"].iter().enumerate()
            {
                let entry = self.vars.entry("BASH_VERSINFO");
                if !matches!(entry.value, Value::Array(_)) {
                    entry.value = Value::Array(crate::base::ordered::OrdMap::new());
                }
                if let Value::Array(items) = &mut entry.value {
                    items.insert(at as i64, (*part).to_owned());
                }
            }
        }
    }

    fn read_arguments(&mut self, sys: &mut Sys) -> Result<Arguments, i32> {
        let argv = self.argv.clone();
        let mut args = Arguments {
            login: argv.first().is_some_and(|name| name.starts_with('-')),
            ..Arguments::default()
        };
        let mut words = argv.into_iter().skip(1).peekable();
        while let Some(word) = words.peek().cloned() {
            if word == "--" || word == "-" {
                words.next();
                break;
            }
            if let Some(long) = word.strip_prefix("--").filter(|_| self.dialect.is_bash()) {
                match long {
                    "login" => args.login = true,
                    "norc" | "noprofile" => args.norc = true,
                    "posix" | "noediting" | "verbose" => {}
                    "rcfile" | "init-file" => {
                        words.next();
                    }
                    "version" => {
                        sys.print(&format!(
                            "GNU bash, version {BASH_VERSION} (x86_64-pc-linux-gnu) (simulated)\n"
                        ));
                        return Err(0);
                    }
                    "help" => {
                        sys.print("usage: bash [-abefhiklmnprtuvxBCHP] [-o option] [-c command | file] [argument ...]\n");
                        return Err(0);
                    }
                    _ => {
                        sys.eprint(&format!("bash: --{long}: invalid option\n"));
                        return Err(2);
                    }
                }
                words.next();
                continue;
            }
            let on = word.starts_with('-');
            if !on && !word.starts_with('+') || word.len() < 2 {
                break;
            }
            words.next();
            for letter in word.chars().skip(1) {
                match letter {
                    'c' => args.command = true,
                    's' => args.stdin = true,
                    'i' => args.interactive = true,
                    'l' => args.login = true,
                    'o' | 'O' => {
                        let name = words.next().unwrap_or_default();
                        if letter == 'o' && builtins::set::switch(self, &name, on).is_none() {
                            sys.eprint(&format!("{}: {name}: invalid option name\n", self.name));
                            return Err(2);
                        }
                    }
                    letter => {
                        if builtins::set::switch_letter(self, letter, on).is_none() {
                            let message = match self.dialect {
                                Dialect::Bash => format!("bash: -{letter}: invalid option\n"),
                                Dialect::Ash => {
                                    format!("{}: illegal option -{letter}\n", self.name)
                                }
                                Dialect::Dash => {
                                    format!("{}: 0: Illegal option -{letter}\n", self.name)
                                }
                            };
                            sys.eprint(&message);
                            return Err(2);
                        }
                    }
                }
            }
        }
        args.rest = words.collect();
        Ok(args)
    }

    /// The letters of `$-`.
    pub(crate) fn option_letters(&self) -> String {
        let options = &self.options;
        let bash = self.dialect.is_bash();
        let letters = [
            ('a', options.allexport),
            ('e', options.errexit),
            ('f', options.noglob),
            ('h', bash),
            ('i', self.terminal.is_some()),
            ('m', self.terminal.is_some()),
            ('n', options.noexec),
            ('u', options.nounset),
            ('x', options.xtrace),
            ('B', bash),
            ('C', options.noclobber),
            ('c', self.origin == Origin::Command),
            ('s', matches!(self.origin, Origin::Stdin | Origin::Interactive)),
        ];
        letters.iter().filter(|(_, on)| *on).map(|(letter, _)| letter).collect()
    }
}

/// Whether `sh` is busybox's: it is there, and the machine does not call itself a Debian.
fn has_busybox(sys: &Sys) -> bool {
    let release = sys.read_file("/etc/os-release").unwrap_or_default();
    let release = String::from_utf8_lossy(&release);
    let debian = release.lines().any(|line| matches!(line, "ID=debian" | "ID=ubuntu"));
    !debian && sys.stat("/bin/busybox", true).is_ok()
}

fn own_parent(sys: &Sys) -> u32 {
    let own = sys.pid;
    sys.processes().iter().find(|p| p.pid == own).map_or(0, |p| p.parent)
}
