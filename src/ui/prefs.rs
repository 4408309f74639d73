//! What the page remembers for the learner: theme and sizes. Kept in the browser's storage.

use gloo::storage::{LocalStorage, Storage};
use serde::{Deserialize, Serialize};

use crate::ui::msg::Edge;

const KEY: &str = "tabernetes.page";

/// The learner's choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// Light, dark, or as the system has it.
    pub theme: Theme,
    /// Width of the lesson in pixels.
    pub left: f64,
    /// Width of the inspector in pixels.
    pub right: f64,
    /// Height of the terminals in pixels.
    pub bottom: f64,
    /// Share of the first terminal in percent.
    pub terminals: f64,
    /// Virtual seconds per second.
    pub speed: u32,
}

impl Default for Prefs {
    fn default() -> Prefs {
        Prefs {
            theme: Theme::System,
            left: 340.0,
            right: 300.0,
            bottom: 300.0,
            terminals: 50.0,
            speed: 1,
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The theme after this one.
    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// Puts the theme on the page.
    pub fn apply(self) {
        let dark = match self {
            Theme::System => prefers("(prefers-color-scheme: dark)"),
            Theme::Light => false,
            Theme::Dark => true,
        };
        let name = if dark { "dark" } else { "light" };
        let _ = gloo::utils::document_element().set_attribute("data-theme", name);
    }
}

/// Whether a media query holds.
pub fn prefers(query: &str) -> bool {
    gloo::utils::window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

impl Prefs {
    /// What was kept, or the defaults.
    pub fn load() -> Prefs {
        LocalStorage::get(KEY).unwrap_or_default()
    }

    /// Keeps the choices; a browser without storage forgets them.
    pub fn save(&self) {
        let _ = LocalStorage::set(KEY, self);
    }

    /// The value of a boundary, and its least and greatest.
    pub fn edge(&self, edge: Edge) -> (f64, f64, f64) {
        match edge {
            Edge::Left => (self.left, 240.0, 640.0),
            Edge::Right => (self.right, 220.0, 720.0),
            Edge::Bottom => (self.bottom, 90.0, 700.0),
            Edge::Terminals => (self.terminals, 15.0, 85.0),
        }
    }

    /// Moves a boundary, within its limits.
    pub fn set_edge(&mut self, edge: Edge, value: f64) {
        let (_, low, high) = self.edge(edge);
        let value = value.clamp(low, high);
        match edge {
            Edge::Left => self.left = value,
            Edge::Right => self.right = value,
            Edge::Bottom => self.bottom = value,
            Edge::Terminals => self.terminals = value,
        }
    }

    /// The sizes as CSS variables.
    pub fn style(&self) -> String {
        let Prefs { left, right, bottom, terminals, .. } = self;
        format!("--left:{left}px;--right:{right}px;--bottom:{bottom}px;--terminals:{terminals}%")
    }
}
