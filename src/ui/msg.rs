//! Everything that can happen on the page.

use std::rc::Rc;

use yew::Callback;

use crate::ui::js;
use crate::view::diagram::Grouping;
use crate::view::inspector::Pick;

/// How components tell the app what happened.
pub type Send = Callback<Msg>;

/// Something happened.
pub enum Msg {
    /// An animation frame, with the browser's time in milliseconds.
    Frame(f64),
    /// The window has another size.
    Redraw,
    /// A terminal's part is loaded and open.
    TerminalOpen(u32, Rc<js::Terminal>),
    /// A part could not be loaded.
    PartMissing(&'static str),
    /// Keys or pasted text in a terminal.
    Data(u32, String),
    /// A terminal's new size in columns and rows.
    Size(u32, u16, u16),
    /// Brings a terminal to the front and gives it the keyboard.
    ShowTerminal(u32),
    /// Opens one more terminal.
    AddTerminal,
    /// Closes a terminal.
    CloseTerminal(u32),
    /// Types a command into the terminal in front and runs it.
    Type(String),
    /// A time control.
    Clock(Clock),
    /// Selects an object, or none.
    Pick(Option<Pick>),
    /// A tab of the inspector.
    Tab(Tab),
    /// What the right pane shows.
    Side(Side),
    /// What a narrow screen shows below the picture.
    Narrow(Narrow),
    /// How pods are grouped in the picture.
    Group(Grouping),
    /// The namespace of the picture.
    Namespace(Option<String>),
    /// The next theme: the system's, light, dark.
    Theme,
    /// A boundary between panes has moved; its new value.
    Resize(Edge, f64),
    /// Something in the lesson pane.
    Lesson(Lesson),
    /// Something in the files pane.
    Files(Files),
    /// Opens or closes the box with help and credits.
    About(bool),
    /// Takes a notice away.
    Dismiss(usize),
    /// Moves the keyboard to the next (or the previous) pane.
    NextPane(bool),
}

/// Time controls.
pub enum Clock {
    /// Pauses, or goes on.
    Toggle,
    /// One virtual second.
    Step,
    /// Virtual seconds per second.
    Speed(u32),
    /// Runs until something changes in the cluster.
    NextChange,
}

/// Tabs of the inspector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Facts in a table.
    Summary,
    /// The reasons that its changes carry.
    #[default]
    Why,
    /// The object itself.
    Yaml,
    /// Its events.
    Events,
    /// Files on its volumes.
    Files,
}

/// What the right pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The selected object.
    #[default]
    Inspector,
    /// Files and the editor.
    Files,
}

/// What a narrow screen shows below the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Narrow {
    /// The lesson.
    #[default]
    Lesson,
    /// The terminals.
    Terminal,
    /// The right pane.
    Side,
}

/// A boundary that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Between lesson and picture.
    Left,
    /// Between picture and inspector.
    Right,
    /// Between picture and terminals.
    Bottom,
    /// Between the two terminals.
    Terminals,
}

/// Doings in the lesson pane.
pub enum Lesson {
    /// Starts a lesson; "" for none.
    Choose(String),
    /// Runs a block of the step.
    Run(usize),
    /// Stops what runs in a terminal.
    Stop(u32),
    /// Shows a step.
    GoTo(usize),
    /// Starts the lesson and the cluster anew.
    Restart,
}

/// Doings in the files pane.
pub enum Files {
    /// The editor's part is loaded and open.
    EditorOpen(Rc<js::Editor>),
    /// Shows a file.
    Open(String),
    /// The text in the editor has changed.
    Edited(String),
    /// Writes the text into its file.
    Save,
    /// Saves, and applies the file with kubectl.
    Apply,
    /// Closes the file; a program that waits for the editor goes on.
    Close,
    /// Makes a file with this name.
    New(String),
}
