//! What a kind is: its names, its scope and the pure rules that the API server applies to its objects.

use std::fmt;

use crate::api::status::Cause;
use crate::base::value::Value;

/// A kind of object. One `static` per kind, in `api/kinds/<kind>.rs`.
pub struct Kind {
    /// API group; "" for the core group.
    pub group: &'static str,
    /// Version within the group: `v1`.
    pub version: &'static str,
    /// The kind's name: `StatefulSet`.
    pub name: &'static str,
    /// Resource name in paths: `statefulsets`.
    pub plural: &'static str,
    /// Singular resource name: `statefulset`.
    pub singular: &'static str,
    /// Short names: `sts`.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Groups of resources such as `all`.
    pub categories: &'static [&'static str],
    /// Subresources that exist: `status`, `scale`, `log`, ….
    pub subresources: &'static [&'static str],
    /// Verbs that discovery lists, in upstream's order.
    pub verbs: &'static [&'static str],
    /// The rules of its objects.
    pub rules: Rules,
}

/// The pure steps of a write, in the order in which the API server takes them.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Fills in defaults. Upstream: pkg/apis/…/defaults.go.
    pub default: fn(&mut Value),
    /// Before creation: clears status and sets what the strategy sets. Upstream: pkg/registry/…/strategy.go, PrepareForCreate.
    pub prepare_create: fn(&mut Value),
    /// Before an update: keeps what a writer must not change, raises the generation (new, old).
    pub prepare_update: fn(&mut Value, &Value),
    /// Checks a new object.
    pub validate: fn(&Value) -> Vec<Cause>,
    /// Checks a change (new, old); runs besides `validate`'s rules where upstream runs those again.
    pub validate_update: fn(&Value, &Value) -> Vec<Cause>,
    /// What to warn of in an object that was written, given the object before, if there was one.
    pub warnings: fn(&Value, Option<&Value>) -> Vec<String>,
}

impl Rules {
    /// A kind without rules of its own.
    pub const NONE: Rules = Rules {
        default: |_| {},
        prepare_create: |_| {},
        prepare_update: |_, _| {},
        validate: |_| Vec::new(),
        validate_update: |_, _| Vec::new(),
        warnings: |_, _| Vec::new(),
    };
}

/// How kinds are passed around. Kinds compare by group and plural.
pub type KindRef = &'static Kind;

/// The verbs of a resource with everything.
pub const ALL_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

impl Kind {
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `statefulsets.apps`, or `pods` for the core group, as error messages name it.
    pub fn group_resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `StatefulSet.apps`, or `Pod` for the core group, as `invalid` messages name it.
    pub fn group_kind(&self) -> String {
        if self.group.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.name, self.group)
        }
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        std::ptr::eq(self, other) || (self.group, self.plural) == (other.group, other.plural)
    }
}

impl Eq for Kind {}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Kind) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Kind) -> std::cmp::Ordering {
        if std::ptr::eq(self, other) {
            return std::cmp::Ordering::Equal;
        }
        (self.plural, self.group).cmp(&(other.plural, other.group))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.group_kind())
    }
}
