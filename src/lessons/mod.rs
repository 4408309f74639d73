//! Lessons: one Markdown file each, one entry here.

pub mod check;
pub mod lesson;
#[cfg(not(target_arch = "wasm32"))]
pub mod parse;

pub use check::Check;
pub use lesson::{Lesson, Part, Step};

macro_rules! lesson_entry {
    ($name:literal) => {
        Entry { name: $name, json: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json")) }
    };
}

/// A lesson's place in the registry.
pub struct Entry {
    /// Its name, as in links.
    pub name: &'static str,
    /// What the build script made of it.
    json: &'static str,
}

/// Every lesson, in the order in which they are offered.
pub static ALL: &[Entry] = &[lesson_entry!("statefulset-basics")];

/// Files that lessons bring, by name, as they lie in the learner's home directory.
pub static FILES: &[(&str, &str)] = &[
    ("web.yaml", include_str!("files/web.yaml")),
    ("web-parallel.yaml", include_str!("files/web-parallel.yaml")),
];

/// What `https://k8s.io/examples/…` serves: path below `examples/`, and the file in [`FILES`].
pub static EXAMPLES: &[(&str, &str)] = &[
    ("application/web/web.yaml", "web.yaml"),
    ("application/web/web-parallel.yaml", "web-parallel.yaml"),
];

impl Entry {
    /// The lesson.
    ///
    /// # Panics
    /// Never: the build script wrote the text.
    pub fn load(&self) -> Lesson {
        Lesson::from_json(self.json).expect("the build script writes JSON")
    }
}

/// What the Kubernetes site's address of an example serves, as far as lessons bring it.
pub fn document(url: &str) -> Option<&'static str> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.strip_prefix("kubernetes.io/").or_else(|| path.strip_prefix("k8s.io/"))?;
    let path = path.strip_prefix("examples/")?;
    EXAMPLES.iter().find(|(known, _)| *known == path).and_then(|(_, name)| file(name))
}

/// The contents of a file that lessons bring.
pub fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
