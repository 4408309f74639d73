//! The session as the browser's storage keeps it: seed and log lead to the same cluster again.

use crate::base::ordered::OrdSet;

use gloo::storage::{LocalStorage, Storage};

use crate::base::value::Value;
use crate::value;

const KEY: &str = "tabernetes.session";
/// Set while a session is restored and after a crash: then only the progress is taken over.
const DOUBT: &str = "tabernetes.doubt";

/// A saved session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// The lesson's name, "" for none.
    pub lesson: String,
    /// The step that was shown.
    pub step: usize,
    /// For each step, which checks have held.
    pub held: Vec<Vec<bool>>,
    /// Blocks that were run, by step and number.
    pub ran: OrdSet<(usize, usize)>,
    /// The log of inputs.
    pub log: Value,
}

impl Saved {
    /// Keeps the session; a browser without room or storage forgets it.
    pub fn keep(&self) {
        let row =
            |row: &Vec<bool>| Value::array(row.iter().map(|held| Value::from(*held)).collect());
        let ran = self.ran.iter().map(|(step, block)| value!([*step as i64, *block as i64]));
        let value = value!({
            "version": env!("CARGO_PKG_VERSION"),
            "lesson": self.lesson.as_str(),
            "step": self.step as i64,
            "held": Value::array(self.held.iter().map(row).collect()),
            "ran": Value::array(ran.collect()),
            "log": self.log.clone(),
        });
        if LocalStorage::raw().set_item(KEY, &value.to_json()).is_err() {
            LocalStorage::delete(KEY);
        }
    }

    /// What was kept. `None` on a first visit.
    pub fn load() -> Option<Saved> {
        let text = LocalStorage::raw().get_item(KEY).ok()??;
        let value = Value::from_json(&text).ok()?;
        let row = |row: &Value| row.as_array().iter().map(Value::is_true).collect();
        let number = |value: &Value| usize::try_from(value.as_i64().unwrap_or(0)).unwrap_or(0);
        let same = value.get("version").text() == env!("CARGO_PKG_VERSION");
        Some(Saved {
            lesson: value.get("lesson").text().to_owned(),
            step: number(value.get("step")),
            held: value.get("held").as_array().iter().map(row).collect(),
            ran: value
                .get("ran")
                .as_array()
                .iter()
                .map(|pair| (number(pair.index(0)), number(pair.index(1))))
                .collect(),
            // Another version may not lead to the same cluster.
            log: if same { value.get("log").clone() } else { Value::Null },
        })
    }
}

/// Forgets the saved session.
pub fn forget() {
    LocalStorage::delete(KEY);
}

/// Remembers that a session may be broken, or that it is not.
pub fn doubt(doubtful: bool) {
    if doubtful {
        let _ = LocalStorage::raw().set_item(DOUBT, "1");
    } else {
        LocalStorage::delete(DOUBT);
    }
}

/// Whether the saved session may be broken.
pub fn is_doubtful() -> bool {
    LocalStorage::raw().get_item(DOUBT).ok().flatten().is_some()
}
