//! Checks: predicates over the cluster's state and over what has happened since a step began.

use crate::api::kinds;
use crate::api::selector::Selector;
use crate::api::{KindRef, Object};
use crate::base::jsonpath::JsonPath;
use crate::base::value::{Str, Value};
use crate::server::ChangeKind;
use crate::view;
use crate::world::World;

view! {
    /// One check. Exactly one of `object`, `gone`, `happened`, `file` and `all` says what is looked at.
    pub struct Check {
        text: String = "text",
        object: Option<Wanted> = "object",
        gone: Option<Wanted> = "gone",
        happened: Option<Happened> = "happened",
        file: Option<FileWanted> = "file",
        all: Vec<Check> = "all",
    }

    /// Objects that must exist: a named one, or as many with these labels as `count` says (at least one without it).
    pub struct Wanted {
        kind: String = "kind",
        namespace: Option<String> = "namespace",
        name: Option<String> = "name",
        labels: String = "labels",
        count: Option<i64> = "count",
        fresh: bool = "fresh",
        fields: Vec<Field> = "where",
    }

    /// What a field of an object must hold. `path` is a JSONPath as kubectl's: `{.status.readyReplicas}`.
    pub struct Field {
        path: String = "path",
        is: Value = "is",
        absent: bool = "absent",
    }

    /// Something that must have happened since the step began.
    pub struct Happened {
        kind: String = "kind",
        namespace: Option<String> = "namespace",
        name: String = "name",
        change: String = "change",
    }

    /// A file on a claim's volume; its text is compared without white space at the ends.
    pub struct FileWanted {
        claim: String = "claim",
        path: String = "path",
        is: String = "is",
    }
}

/// Whether a check holds now. `since` is the revision at which its step began.
pub fn holds(check: &Check, world: &World, since: u64) -> bool {
    if let Some(wanted) = &check.object {
        return found(wanted, world, since);
    }
    if let Some(wanted) = &check.gone {
        return !found(wanted, world, 0);
    }
    if let Some(happened) = &check.happened {
        return has_happened(happened, world, since);
    }
    if let Some(file) = &check.file {
        return world
            .volume_file("default", &file.claim, &file.path)
            .is_some_and(|text| String::from_utf8_lossy(&text).trim() == file.is.trim());
    }
    !check.all.is_empty() && check.all.iter().all(|part| holds(part, world, since))
}

fn kind_named(name: &str) -> Option<KindRef> {
    kinds::ALL.iter().copied().find(|kind| kind.name == name)
}

fn namespace(kind: KindRef, given: Option<&String>) -> String {
    if !kind.namespaced {
        return String::new();
    }
    given.cloned().unwrap_or_else(|| "default".to_owned())
}

fn found(wanted: &Wanted, world: &World, since: u64) -> bool {
    let Some(kind) = kind_named(&wanted.kind) else { return false };
    let Ok(selector) = Selector::parse(&wanted.labels) else { return false };
    let ns = namespace(kind, wanted.namespace.as_ref());
    let created = |object: &Object| !wanted.fresh || world.created_after(object, since);
    let matching = world
        .server
        .list(kind, &ns)
        .filter(|o| wanted.name.as_ref().is_none_or(|name| o.name() == name.as_str()))
        .filter(|o| selector.matches(&o.meta().labels))
        .filter(|o| created(o) && wanted.fields.iter().all(|field| field_holds(field, o.value())))
        .count() as i64;
    wanted.count.map_or(matching > 0, |count| matching == count)
}

fn field_holds(field: &Field, object: &Value) -> bool {
    let path = JsonPath::parse(&field.path).map(JsonPath::lenient);
    let held = path.and_then(|path| path.execute(object)).unwrap_or_default();
    if field.absent {
        return held.is_empty();
    }
    let wanted = match &field.is {
        Value::Str(s) => s.clone(),
        other => Str::from(other.to_json()),
    };
    held == *wanted
}

fn has_happened(happened: &Happened, world: &World, since: u64) -> bool {
    let Some(kind) = kind_named(&happened.kind) else { return false };
    let ns = namespace(kind, happened.namespace.as_ref());
    let wanted = match happened.change.as_str() {
        "added" => ChangeKind::Added,
        "deleted" => ChangeKind::Deleted,
        _ => ChangeKind::Modified,
    };
    world.server.store.log().rev().take_while(|change| change.rev > since).any(|change| {
        change.kind == kind
            && change.change == wanted
            && change.key.ns == *ns
            && change.key.name == *happened.name
    })
}
