//! What a script means: the tree that the parser makes and the machine walks.
//!
//! Nodes are shared (`Rc`), so that a running shell, its copies and its functions hold one tree.

use std::cell::OnceCell;
use std::rc::Rc;

/// Commands one after the other.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
}

/// One element of a list.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) chain: Rc<Chain>,
    /// Ends in `&`.
    pub(crate) background: bool,
    /// As typed, for `jobs`.
    pub(crate) text: Rc<str>,
}

/// How a pipeline is joined to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    And,
    Or,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) first: Rc<Pipeline>,
    pub(crate) rest: Vec<(Join, Rc<Pipeline>)>,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Begins with `!`.
    pub(crate) negate: bool,
    /// Begins with `time`.
    pub(crate) timed: bool,
    /// At least one, except behind a lone `!` or `time`.
    pub(crate) commands: Vec<Rc<Command>>,
}

/// A command with its redirections.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) kind: Kind,
    pub(crate) redirects: Vec<Redirect>,
    /// Line on which it begins.
    pub(crate) line: u32,
}

/// The kinds of commands.
#[derive(Debug)]
pub(crate) enum Kind {
    Simple {
        assigns: Vec<Assign>,
        args: Vec<Arg>,
    },
    Subshell(Rc<List>),
    Group(Rc<List>),
    For {
        name: Rc<str>,
        words: Option<Vec<Word>>,
        body: Rc<List>,
    },
    ArithFor {
        init: Word,
        test: Word,
        next: Word,
        body: Rc<List>,
    },
    While {
        until: bool,
        test: Rc<List>,
        body: Rc<List>,
    },
    If {
        arms: Vec<(Rc<List>, Rc<List>)>,
        otherwise: Option<Rc<List>>,
    },
    Case {
        word: Word,
        arms: Vec<CaseArm>,
    },
    Function {
        name: Rc<str>,
        body: Rc<Command>,
        text: Rc<str>,
    },
    Test(Test),
    Arith(Word),
    /// A form that bash has and we do not.
    NotSimulated(&'static str),
}

/// A word of a simple command.
#[derive(Debug)]
pub(crate) enum Arg {
    Word(Word),
    /// `name=value` behind `export`, `local`, `declare` …: it is not split.
    Assign(Assign),
}

/// `name=value`.
#[derive(Debug)]
pub(crate) struct Assign {
    pub(crate) name: Rc<str>,
    pub(crate) index: Option<Word>,
    /// `+=`.
    pub(crate) append: bool,
    pub(crate) value: Value,
}

/// The right-hand side of an assignment.
#[derive(Debug)]
pub(crate) enum Value {
    Word(Word),
    /// `(a b [3]=c)`.
    Array(Vec<(Option<Word>, Word)>),
}

/// One arm of `case`.
#[derive(Debug)]
pub(crate) struct CaseArm {
    pub(crate) patterns: Vec<Word>,
    pub(crate) body: Rc<List>,
    pub(crate) end: ArmEnd,
}

/// What follows the body of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArmEnd {
    /// `;;`
    Stop,
    /// `;&`: the next body runs too.
    Fall,
    /// `;;&`: the next patterns are tried too.
    Next,
}

/// A redirection.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) fd: Option<u32>,
    pub(crate) kind: RedirectKind,
}

/// The kinds of redirections.
#[derive(Debug)]
pub(crate) enum RedirectKind {
    /// `<`
    Read(Word),
    /// `>` and `>|` (`clobber`).
    Write(Word, bool),
    /// `>>`
    Append(Word),
    /// `<>`
    ReadWrite(Word),
    /// `<&` and `>&` with a descriptor, `-`, or (bash) a file for both outputs.
    Dup { word: Word, output: bool },
    /// `&>` and `&>>`.
    Both(Word, bool),
    /// `<<`; the body is set when the parser reaches it.
    Here(Rc<OnceCell<Word>>),
    /// `<<<`
    HereString(Word),
}

/// A word: parts that stand together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Word {
    pub(crate) parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Plain text; in it `*`, `?`, `[` and braces have their meaning.
    Text(String),
    /// Text from single quotes or behind a backslash.
    Quoted(String),
    /// Double quotes.
    Double(Vec<Part>),
    /// `$name`, `${…}`.
    Param(Rc<Param>),
    /// `$(…)` and backquotes.
    Command(Rc<List>),
    /// `$((…))`.
    Arith(Rc<Word>),
    /// `~`, `~user`.
    Tilde(String),
    /// `<(…)` and `>(…)`, which are refused when they are expanded.
    Process,
}

/// A parameter expansion.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: Name,
    /// `${!name}`.
    pub(crate) indirect: bool,
    pub(crate) op: Op,
}

/// What is expanded.
#[derive(Debug)]
pub(crate) enum Name {
    Var(String),
    Element(String, Word),
    /// `${a[@]}` and `${a[*]}` (`star`).
    All {
        name: String,
        star: bool,
    },
    Positional(usize),
    /// One of `@*#?$!-0`.
    Special(char),
}

/// What is done with it.
#[derive(Debug)]
pub(crate) enum Op {
    None,
    Length,
    Default {
        colon: bool,
        word: Word,
    },
    AssignDefault {
        colon: bool,
        word: Word,
    },
    Error {
        colon: bool,
        word: Word,
    },
    Alternative {
        colon: bool,
        word: Word,
    },
    Trim {
        suffix: bool,
        longest: bool,
        pattern: Word,
    },
    Replace {
        mode: ReplaceMode,
        pattern: Word,
        with: Word,
    },
    Slice {
        offset: Word,
        length: Option<Word>,
    },
    Case {
        upper: bool,
        all: bool,
        pattern: Word,
    },
    Transform(char),
    /// `${!prefix*}`, `${!prefix@}`.
    Names {
        star: bool,
    },
    /// `${!a[@]}`.
    Keys {
        star: bool,
    },
    /// Not understood; the text is reported when it is expanded.
    Bad(String),
}

/// Which matches `${a/b/c}` replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplaceMode {
    First,
    All,
    Prefix,
    Suffix,
}

/// The expression of `[[ … ]]`.
#[derive(Debug)]
pub(crate) enum Test {
    Or(Vec<Test>),
    And(Vec<Test>),
    Not(Box<Test>),
    /// A lone word: true when not empty.
    Word(Word),
    Unary(String, Word),
    Binary(Word, String, Word),
}

impl Word {
    /// A word of quoted text.
    pub(crate) fn quoted(text: impl Into<String>) -> Word {
        Word { parts: vec![Part::Quoted(text.into())] }
    }

    /// The text of a word that has no quotes and no expansions.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}
