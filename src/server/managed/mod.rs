//! Who set which field (`metadata.managedFields`), and server-side apply, which is built on it.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal and
//! vendor/sigs.k8s.io/structured-merge-diff/v6/merge/update.go.
//! Simplified: only what clients write is tracked, not what the control plane and kubelets write; any number of managers
//! is kept (upstream merges the oldest beyond ten).

mod set;
mod typed;

use crate::base::ordered::OrdMap;
use crate::base::sort::InOrder;

use crate::api::schema::{self, Reader};
use crate::api::{Key, KindRef, Status};
use crate::base::human::quote;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::value;
use set::{Set, Step, path_text};
use typed::{Place, check, compare, merge, remove, to_set, with_named_fields};

/// Who writes, as `managedFields` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manager {
    /// `kubectl-client-side-apply`.
    pub name: Str,
    /// The subresource through which is written, or "".
    pub sub: &'static str,
}

/// How an apply is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Apply {
    /// Whether fields of other managers are taken over.
    pub(super) force: bool,
    /// Virtual time.
    pub(super) now: Time,
}

/// Owns the fields that were there before anybody applied. Upstream: fieldmanager.go, NewDefaultFieldManager.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// The manager whose applies go on where client-side ones ended. Upstream: lastappliedmanager.go.
const KUBECTL: &str = "kubectl";
/// Where client-side apply keeps the last configuration.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What tells managers apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    name: String,
    applies: bool,
    api_version: String,
    sub: String,
}

#[derive(Clone, Debug, Default)]
struct Owned {
    set: Set,
    at: Option<Time>,
}

type Managers = OrdMap<Id, Owned>;

/// Fields in conflict, by manager.
type Conflicts = OrdMap<Id, Set>;

fn decode(value: &Value) -> Managers {
    let entry = |entry: &Value| {
        let id = Id {
            name: entry.get("manager").text().to_owned(),
            applies: entry.get("operation").text() == "Apply",
            api_version: entry.get("apiVersion").text().to_owned(),
            sub: entry.get("subresource").text().to_owned(),
        };
        let set = Set::from_value(entry.get("fieldsV1"));
        (id, Owned { set, at: Time::parse(entry.get("time").text()) })
    };
    value.as_array().iter().filter(|e| !e.is_empty()).map(entry).collect()
}

/// Upstream: managedfields.go, encodeManagedFields and sortEncodedManagedFields.
fn encode(managers: &Managers) -> Value {
    let mut entries: Vec<(&Id, &Owned)> = managers.iter().collect();
    entries.order_by_key(|(id, owned)| {
        let seconds = owned.at.map_or(0, Time::unix_s);
        (!id.applies, seconds, &id.name, &id.api_version, &id.sub)
    });
    let encoded = entries.into_iter().map(|(id, owned)| {
        let mut entry = value!({
            "manager": id.name.as_str(),
            "operation": if id.applies { "Apply" } else { "Update" },
            "apiVersion": id.api_version.as_str(),
            "fieldsType": "FieldsV1",
            "fieldsV1": owned.set.to_value(),
        });
        if let Some(at) = owned.at {
            entry.set("time", at);
        }
        if !id.sub.is_empty() {
            entry.set("subresource", id.sub.as_str());
        }
        entry
    });
    Value::array(encoded.collect())
}

fn store(object: &mut Value, managers: &Managers) {
    if managers.is_empty() {
        object.entry("metadata").remove("managedFields");
    } else {
        let encoded = encode(managers);
        if object.at(&["metadata", "managedFields"]) != &encoded {
            object.set_at(&["metadata", "managedFields"], encoded);
        }
    }
}

/// The object without its managed fields, as comparisons need it.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if !object.at(&["metadata", "managedFields"]).is_null() {
        object.entry("metadata").remove("managedFields");
    }
    object
}

/// An object of the kind with nothing in it, as Go prints it.
fn blank(kind: KindRef) -> Value {
    let mut object = value!({ "apiVersion": kind.api_version(), "kind": kind.name });
    schema::normalise(kind, &mut object);
    object
}

/// Metadata that nobody owns. Upstream: stripmeta.go.
fn strip(set: Set) -> Set {
    let mut set = set.without_field("apiVersion").without_field("kind");
    let metadata = Step::Field("metadata".into());
    set.members.remove(&metadata);
    if let Some(below) = set.children.get_mut(&metadata) {
        let names = [
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        ];
        *below = names.into_iter().fold(std::mem::take(below), Set::without_field);
        if below.is_empty() {
            set.children.remove(&metadata);
        }
    }
    set
}

/// The set without what a write of this kind does not change: the status, or all but the status.
/// Upstream: GetResetFields of the strategies in pkg/registry.
fn without_reset(kind: KindRef, sub: &str, set: Set) -> Set {
    match sub {
        "" if kind.subresources.contains(&"status") => set.without_field("status"),
        "status" => set.without_field("spec"),
        _ => set,
    }
}

/// What the object's managers are to start from: the writer's own list when it gave one.
/// Upstream: fieldmanager.go, decodeLiveOrNew.
fn managers_of(live: &Value, new: &Value, sub: &str) -> Managers {
    let given = new.at(&["metadata", "managedFields"]).as_array();
    if sub.is_empty() && matches!(given, [one] if one.is_empty()) {
        return Managers::new();
    }
    let own = if sub.is_empty() {
        decode(new.at(&["metadata", "managedFields"]))
    } else {
        Managers::new()
    };
    if own.is_empty() { decode(live.at(&["metadata", "managedFields"])) } else { own }
}

/// Takes changed fields from other managers. Upstream: update.go, (Updater).update.
fn take_over(
    managers: &mut Managers,
    comparison: &typed::Comparison,
    writer: Option<&Id>,
    force: bool,
) -> Result<(), Conflicts> {
    let changed = comparison.modified.union(&comparison.added);
    let conflicts: Conflicts = managers
        .iter()
        .filter(|(id, _)| Some(*id) != writer)
        .map(|(id, owned)| (id.clone(), owned.set.intersection(&changed)))
        .filter(|(_, set)| !set.is_empty())
        .collect();
    if !force && !conflicts.is_empty() {
        return Err(conflicts);
    }
    for (id, owned) in managers.iter_mut().filter(|(id, _)| Some(*id) != writer) {
        if let Some(conflict) = conflicts.get(id) {
            owned.set = owned.set.difference(conflict);
        }
        owned.set = owned.set.difference(&comparison.removed);
    }
    managers.retain(|_, owned| !owned.set.is_empty());
    Ok(())
}

/// Notes in `new` who owns its fields after a write that turned `live` into it. `None` for a creation.
/// Upstream: fieldmanager.go, Update.
pub(super) fn update(
    kind: KindRef,
    live: Option<&Value>,
    new: &mut Value,
    manager: &Manager,
    now: Time,
) {
    let Some(place) = Place::of(kind) else { return };
    let blank = if live.is_none() { blank(kind) } else { Value::Null };
    let live = live.unwrap_or(&blank);
    let mut managers = managers_of(live, new, manager.sub);
    own_changes(kind, &place, live, new, manager, &mut managers, now);
    store(new, &managers);
}

fn own_changes(
    kind: KindRef,
    place: &Place,
    live: &Value,
    new: &Value,
    manager: &Manager,
    managers: &mut Managers,
    now: Time,
) {
    let mut comparison = compare(place, &bare(live), &bare(new));
    for set in [&mut comparison.removed, &mut comparison.modified, &mut comparison.added] {
        *set = without_reset(kind, manager.sub, std::mem::take(set));
    }
    // With force nothing conflicts.
    let _ = take_over(managers, &comparison, None, true);
    let changed = strip(comparison.modified.union(&comparison.added));
    if changed.is_empty() {
        return;
    }
    let id = Id {
        name: manager.name.to_string(),
        applies: false,
        api_version: kind.api_version(),
        sub: manager.sub.to_owned(),
    };
    let owned = managers.entry(id).or_default();
    owned.set = owned.set.union(&changed);
    owned.at = Some(now);
}

/// What an apply makes of an object (`None`: of nothing), managed fields included.
///
/// # Errors
/// `Conflict` with a cause for each field that another manager owns; upstream's words for a configuration that
/// does not fit the kind.
/// Upstream: fieldmanager.go, Apply.
pub(super) fn apply(
    kind: KindRef,
    key: &Key,
    live: Option<&Value>,
    config: &Value,
    manager: &Manager,
    Apply { force, now }: Apply,
) -> Result<Value, Status> {
    let Some(place) = Place::of(kind) else {
        return Err(Status::unknown(format!(
            "server-side apply of {} is not simulated",
            kind.plural
        )));
    };
    if !config.at(&["metadata", "managedFields"]).is_null() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    check(kind, &place, key, config).map_err(Status::unknown)?;
    let blank = if live.is_none() { blank(kind) } else { Value::Null };
    let given = live.unwrap_or(&blank);
    let mut managers = decode(given.at(&["metadata", "managedFields"]));
    let live_bare = bare(given);
    if managers.is_empty() && live.is_some() {
        // Upstream: skipnonapplied.go.
        let before = Manager { name: BEFORE_FIRST_APPLY.into(), sub: "" };
        let empty = self::blank(kind);
        own_changes(kind, &place, &empty, &live_bare, &before, &mut managers, now);
    }
    let id = Id {
        name: manager.name.to_string(),
        applies: true,
        api_version: kind.api_version(),
        sub: manager.sub.to_owned(),
    };
    let run =
        |force: bool| lay_over(kind, &place, &live_bare, config, managers.clone(), &id, force);
    let result = match run(force) {
        Err(conflicts) if id.name == KUBECTL => {
            let allowed = last_applied_fields(kind, &place, &live_bare);
            let left = without_allowed(conflicts, &allowed);
            if left.is_empty() { run(true) } else { Err(left) }
        }
        result => result,
    };
    let (merged, mut managers) = result.map_err(|conflicts| conflict(&conflicts))?;
    let decoded = schema::decode(kind, &merged, Reader::Unstructured);
    let mut merged = decoded.map_err(Status::unknown)?.value;
    (kind.rules.default)(&mut merged);
    schema::normalise(kind, &mut merged);
    let changed = live.is_none() || merged != live_bare;
    let mut object = if changed { merged } else { live_bare };
    if let Some(owned) = managers.get_mut(&id).filter(|_| changed) {
        owned.at = Some(now);
    }
    if id.name == KUBECTL && !object.at(&["metadata", "annotations"]).get(LAST_APPLIED).is_null() {
        object.set_at(&["metadata", "annotations", LAST_APPLIED], last_applied_text(config));
    }
    store(&mut object, &managers);
    Ok(object)
}

/// Upstream: update.go, (Updater).Apply.
fn lay_over(
    kind: KindRef,
    place: &Place,
    live: &Value,
    config: &Value,
    mut managers: Managers,
    id: &Id,
    force: bool,
) -> Result<(Value, Managers), Conflicts> {
    let mut merged = merge(place, live, config);
    let last = managers.get(id).cloned().unwrap_or_default();
    let set = strip(without_reset(kind, &id.sub, to_set(place, config)));
    managers.insert(id.clone(), Owned { set, at: last.at });
    if !last.set.is_empty() {
        merged = prune(place, &merged, &managers, &last.set);
    }
    let mut comparison = compare(place, live, &merged);
    for set in [&mut comparison.removed, &mut comparison.modified, &mut comparison.added] {
        *set = without_reset(kind, &id.sub, std::mem::take(set));
    }
    take_over(&mut managers, &comparison, Some(id), force)?;
    Ok((merged, managers))
}

/// Removes what the manager applied before and no longer does, unless somebody else owns it.
/// Upstream: update.go, prune, addBackOwnedItems and addBackDanglingItems.
fn prune(place: &Place, merged: &Value, managers: &Managers, last: &Set) -> Value {
    let named = |set: &Set| with_named_fields(place, set);
    let pruned = remove(place, merged, &named(last));
    let owned = managers.values().fold(Set::default(), |all, owned| all.union(&owned.set));
    let merged_set = named(&to_set(place, merged));
    let kept = named(&to_set(place, &pruned)).union(&named(&owned));
    let pruned = remove(place, merged, &merged_set.difference(&kept));
    let gone = merged_set.difference(&named(&to_set(place, &pruned)));
    remove(place, merged, &gone.intersection(&named(last)))
}

fn without_allowed(conflicts: Conflicts, allowed: &Set) -> Conflicts {
    conflicts
        .into_iter()
        .map(|(id, set)| (id, set.difference(allowed)))
        .filter(|(_, set)| !set.is_empty())
        .collect()
}

/// Fields that client-side apply set and nobody has changed since.
/// Upstream: lastappliedmanager.go, allowedConflictsFromLastApplied.
fn last_applied_fields(kind: KindRef, place: &Place, live: &Value) -> Set {
    let text = live.at(&["metadata", "annotations"]).get(LAST_APPLIED).text();
    let Ok(last) = Value::from_json(text) else { return Set::default() };
    if last.get("apiVersion").text() != kind.api_version() {
        return Set::default();
    }
    let changed = compare(place, &last, live);
    to_set(place, &last)
        .difference(&changed.modified)
        .difference(&changed.added)
        .difference(&changed.removed)
}

/// Upstream: lastapplied.go, buildLastApplied.
fn last_applied_text(config: &Value) -> String {
    let mut config = config.clone();
    if !config.at(&["metadata", "annotations"]).get(LAST_APPLIED).is_null() {
        config.entry_at(&["metadata", "annotations"]).remove(LAST_APPLIED);
    }
    format!("{}\n", config.to_json())
}

/// Upstream: conflict.go, NewConflictError.
fn conflict(conflicts: &Conflicts) -> Status {
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    for (id, set) in conflicts {
        let manager = manager_text(id);
        lines.push(format!("conflicts with {manager}:"));
        for path in set.paths() {
            let path = path_text(&path);
            lines.push(format!("- {path}"));
            causes.push(value!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {manager}"),
                "field": path,
            }));
        }
    }
    let message = match causes.as_slice() {
        [one] => format!(
            "Apply failed with 1 conflict: {}: {}",
            one.get("message").text(),
            one.get("field").text()
        ),
        many => format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n")),
    };
    Status::apply_conflict(message, value!({ "causes": Value::array(causes) }))
}

fn manager_text(id: &Id) -> String {
    let name = quote(&id.name);
    let sub = match id.sub.as_str() {
        "" => String::new(),
        sub => format!(" with subresource {}", quote(sub)),
    };
    let version = if id.applies { String::new() } else { format!(" using {}", id.api_version) };
    format!("{name}{sub}{version}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{CONFIG_MAP, STATEFUL_SET};

    fn manager(name: &str) -> Manager {
        Manager { name: name.into(), sub: "" }
    }

    fn map(data: Value) -> Value {
        value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m" }, "data": data })
    }

    fn applied(
        live: Option<&Value>,
        config: &Value,
        name: &str,
        force: bool,
    ) -> Result<Value, Status> {
        let key = Key::new("default", "m");
        apply(&CONFIG_MAP, &key, live, config, &manager(name), Apply { force, now: Time::START })
    }

    #[test]
    fn writers_own_what_they_change() {
        let mut object = map(value!({ "a": "1", "b": "2" }));
        update(&CONFIG_MAP, None, &mut object, &manager("one"), Time::START);
        let mut changed = object.clone();
        changed.set_at(&["data", "b"], "3");
        update(&CONFIG_MAP, Some(&object), &mut changed, &manager("two"), Time::START);
        let fields: Vec<String> = changed
            .at(&["metadata", "managedFields"])
            .as_array()
            .iter()
            .map(|e| format!("{} {}", e.get("manager").text(), e.get("fieldsV1").to_json()))
            .collect();
        assert_eq!(fields, [r#"one {"f:data":{".":{},"f:a":{}}}"#, r#"two {"f:data":{"f:b":{}}}"#]);
    }

    #[test]
    fn applies_conflict_prune_and_share() {
        let first = applied(None, &map(value!({ "a": "1", "b": "2" })), "one", false);
        let first = first.expect("nothing was there");
        let refused = applied(Some(&first), &map(value!({ "a": "9" })), "two", false);
        assert_eq!(
            refused.expect_err("another manager's field").message,
            "Apply failed with 1 conflict: conflict with \"one\": .data.a"
        );
        let shared = applied(Some(&first), &map(value!({ "b": "2" })), "two", false);
        let shared = shared.expect("the same value");
        let pruned = applied(Some(&shared), &map(value!({})), "one", false).expect("own fields");
        assert_eq!(pruned.get("data").to_json(), r#"{"b":"2"}"#);
        let forced = applied(Some(&first), &map(value!({ "a": "9" })), "two", true);
        let forced = forced.expect("forced");
        assert_eq!(forced.get("data").to_json(), r#"{"a":"9","b":"2"}"#);
    }

    #[test]
    fn lists_are_merged_by_their_keys() {
        let set = |containers: Value| {
            value!({
                "apiVersion": "apps/v1", "kind": "StatefulSet",
                "metadata": { "name": "m" },
                "spec": { "template": { "spec": { "containers": containers } } },
            })
        };
        let key = Key::new("default", "m");
        let once = Apply { force: false, now: Time::START };
        let run = |live: Option<&Value>, config: &Value, name: &str| {
            apply(&STATEFUL_SET, &key, live, config, &manager(name), once).expect("no conflict")
        };
        let live = run(None, &set(value!([{ "name": "a", "image": "x" }])), "one");
        let both = run(Some(&live), &set(value!([{ "name": "b", "image": "y" }])), "two");
        let containers = both.at(&["spec", "template", "spec", "containers"]).as_array();
        let names: Vec<&str> = containers.iter().map(|c| c.get("name").text()).collect();
        assert_eq!(names, ["a", "b"]);
        let refused = {
            let config = set(value!([{ "name": "a", "image": "z" }]));
            apply(&STATEFUL_SET, &key, Some(&both), &config, &manager("two"), once)
        };
        assert_eq!(
            refused.expect_err("owned").message,
            "Apply failed with 1 conflict: conflict with \"one\": .spec.template.spec.containers[name=\"a\"].image"
        );
    }

    #[test]
    fn undeclared_fields_are_named() {
        let mut config = map(value!({}));
        config.set("date", "x");
        assert_eq!(
            applied(None, &config, "one", false).expect_err("unknown").message,
            "failed to create typed patch object (default/m; /v1, Kind=ConfigMap): .date: field not declared in schema"
        );
    }
}
