//! The way of a write: defaults, admission, the kind's rules, validation, storage.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, …/registry/rest/create.go
//! and update.go, …/endpoints/handlers/create.go.
//! Simplified: nothing is created by an update.

use std::rc::Rc;

use crate::api::kinds::{DEPLOYMENT, NAMESPACE, SERVICE, STATEFUL_SET};
use crate::api::schema;
use crate::api::{Cause, Key, KindRef, Object, Status};
use crate::base::value::Value;
use crate::server::admission::{self, Attributes, Operation};
use crate::server::change::By;
use crate::server::managed::{self, Manager};
use crate::server::{Part, Server, services};

/// How a write is meant.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Everything is checked and nothing is stored.
    pub dry_run: bool,
    /// The subresource through which is written, "" for the object itself.
    pub sub: &'static str,
    /// What becomes of the object's managed fields.
    pub managed: Managed,
}

/// How a write deals with `metadata.managedFields`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Managed {
    /// They stay as they are: the cluster's own components are not tracked.
    #[default]
    Untracked,
    /// This manager gets the fields that change.
    By(Manager),
    /// The object brings them, as an apply has worked them out.
    Given,
}

/// What came of a write.
#[derive(Clone, Debug)]
pub struct Written {
    /// The object as it is stored now (as it would be, for a dry run).
    pub object: Rc<Object>,
}

/// Attempts to find a free name. Upstream: store.go, maxNameGenerationCreateAttempts.
const NAME_ATTEMPTS: u64 = 8;
/// Longest name that can be generated, and the length of its random end.
/// Upstream: staging/src/k8s.io/apiserver/pkg/storage/names/generate.go.
const MAX_NAME: usize = 63;
const SUFFIX: usize = 5;

impl Server {
    /// Creates an object with options. A `generateName` is completed until the name is free.
    ///
    /// # Errors
    /// As [`Server::create`].
    pub fn create_with(
        &mut self,
        kind: KindRef,
        value: Value,
        options: &WriteOptions,
        by: By,
    ) -> Result<Written, Status> {
        let meta = value.get("metadata");
        let base = meta.get("generateName").text();
        if base.is_empty() || !meta.get("name").text().is_empty() {
            return self.create_once(kind, value, options, by);
        }
        let owner = format!("{}/{}/{base}", kind.plural, meta.get("namespace").text());
        let base = cut(base, MAX_NAME - SUFFIX).to_owned();
        let mut attempt = 0;
        loop {
            let draw = self.store.revision() * NAME_ATTEMPTS + attempt;
            let suffix = self.rng.named("name", &owner, draw).alphanum(SUFFIX);
            let mut named = value.clone();
            named.set_at(&["metadata", "name"], format!("{base}{suffix}"));
            attempt += 1;
            match self.create_once(kind, named, options, by.clone()) {
                Err(status) if status.is_already_exists() && attempt < NAME_ATTEMPTS => {}
                result => return result,
            }
        }
    }

    fn create_once(
        &mut self,
        kind: KindRef,
        mut value: Value,
        options: &WriteOptions,
        by: By,
    ) -> Result<Written, Status> {
        let meta = value.entry("metadata");
        for field in SYSTEM_FIELDS {
            meta.remove(field);
        }
        if options.managed != Managed::Given {
            meta.remove("managedFields");
        }
        if !meta.get("resourceVersion").text().is_empty() {
            return Err(Status::unknown(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        meta.remove("resourceVersion");
        value.set("apiVersion", kind.api_version());
        value.set("kind", kind.name);
        (kind.rules.default)(&mut value);
        if let Managed::By(manager) = &options.managed {
            managed::update(kind, None, &mut value, manager, self.now);
        }
        let meta = value.get("metadata");
        let (ns, name) = (str_of(meta.get("namespace")), str_of(meta.get("name")));
        let attributes = Attributes {
            kind,
            ns: &ns,
            name: &name,
            sub: options.sub,
            operation: Operation::Create,
            old: None,
        };
        admission::admit(&mut value, &attributes, self)?;
        let uid = self.rng.named("uid", kind.plural, self.store.revision() + 1).uuid();
        let meta = value.entry("metadata");
        meta.set("uid", uid);
        meta.set("creationTimestamp", self.now);
        if *kind == SERVICE {
            services::begin_create(&mut value, &self.store, self.rng)?;
        }
        let kept = self.gated(kind, &value);
        (kind.rules.prepare_create)(&mut value);
        restore_gated(&mut value, kept);
        schema::normalise(kind, &mut value);
        refuse(kind, &name, &(kind.rules.validate)(&value))?;
        admission::validate(&value, &attributes, self)?;
        let key = Key::new(ns, name);
        if self.store.get(kind, &key).is_some() {
            return Err(Status::already_exists(kind, &key.name));
        }
        let object = if options.dry_run {
            Rc::new(Object::new(kind, value))
        } else {
            self.store.put(kind, key, value, self.now, by)
        };
        Ok(Written { object })
    }

    /// Replaces an object: `value` is the whole new object. Its resourceVersion, when set, must be the stored one's.
    /// An object that stays as it was is not written; one whose last finalizer goes is removed.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Invalid`.
    pub fn update_with(
        &mut self,
        kind: KindRef,
        key: &Key,
        value: Value,
        options: &WriteOptions,
        by: By,
    ) -> Result<Written, Status> {
        let Some(old) = self.store.get(kind, key).cloned() else {
            return Err(Status::not_found(kind, &key.name));
        };
        check_version(&old, &value)?;
        let mut value = match options.sub {
            "" | "ephemeralcontainers" | "resize" => value,
            "finalize" => with_finalizers(&old, &value),
            _ => with_status(&old, &value),
        };
        keep_system_fields(&mut value, &old);
        match &options.managed {
            Managed::Untracked => keep_managed_fields(&mut value, &old),
            Managed::By(manager) => {
                if options.sub.is_empty() {
                    (kind.rules.default)(&mut value);
                }
                schema::normalise_change(kind, &mut value, old.value());
                managed::update(kind, Some(old.value()), &mut value, manager, self.now);
            }
            Managed::Given => {}
        }
        if value == *old.value() {
            return Ok(Written { object: old });
        }
        if options.sub.is_empty() {
            (kind.rules.default)(&mut value);
            let attributes = Attributes {
                kind,
                ns: &key.ns,
                name: &key.name,
                sub: options.sub,
                operation: Operation::Update,
                old: Some(&old),
            };
            admission::admit(&mut value, &attributes, self)?;
            if *kind == SERVICE {
                services::begin_update(&mut value, &old, &self.store, self.rng)?;
            }
            let kept = self.gated(kind, &value);
            (kind.rules.prepare_update)(&mut value, old.value());
            restore_gated(&mut value, kept);
            keep_set_fields(&mut value, &old);
            schema::normalise_change(kind, &mut value, old.value());
            refuse(kind, &key.name, &(kind.rules.validate_update)(&value, old.value()))?;
            admission::validate(&value, &attributes, self)?;
        } else {
            schema::normalise_change(kind, &mut value, old.value());
        }
        if should_delete(&value, &old) {
            return Ok(self.remove_updated(kind, key, value, options, by));
        }
        if value == *old.value() {
            return Ok(Written { object: old });
        }
        let object = if options.dry_run {
            Rc::new(Object::new(kind, value))
        } else {
            self.store.put(kind, key.clone(), value, self.now, by)
        };
        Ok(Written { object })
    }

    /// The value of a field that a feature keeps although the kind's rules drop it.
    fn gated(&self, kind: KindRef, value: &Value) -> Option<Value> {
        let on = *kind == STATEFUL_SET && self.has_feature("MaxUnavailableStatefulSet");
        let kept = value.at(MAX_UNAVAILABLE);
        match kept {
            _ if !on => None,
            // The feature also brings a default. Upstream: pkg/apis/apps/v1/defaults.go.
            Value::Null if value.at(&MAX_UNAVAILABLE[..3]).is_null() => None,
            Value::Null => Some(Value::from(1)),
            kept => Some(kept.clone()),
        }
    }

    /// Removes an object whose last finalizer an update took away.
    /// Upstream: store.go, deleteWithoutFinalizers.
    fn remove_updated(
        &mut self,
        kind: KindRef,
        key: &Key,
        value: Value,
        options: &WriteOptions,
        by: By,
    ) -> Written {
        if !options.dry_run {
            self.store.remove(kind, key, self.now, by);
        }
        Written { object: Rc::new(Object::new(kind, value)) }
    }

    /// Changes an object in place: `change` edits a copy, which is then checked and stored.
    /// A copy that is left as it was is not written and returned as it is.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` (the copy carries another resourceVersion), `Invalid`.
    pub fn modify(
        &mut self,
        kind: KindRef,
        key: &Key,
        part: Part,
        by: By,
        change: impl FnOnce(&mut Value),
    ) -> Result<Rc<Object>, Status> {
        let Some(old) = self.store.get(kind, key) else {
            return Err(Status::not_found(kind, &key.name));
        };
        let mut value = old.value().clone();
        change(&mut value);
        let sub = match part {
            Part::Main => "",
            Part::Status => "status",
        };
        let options = WriteOptions { sub, ..WriteOptions::default() };
        self.update_with(kind, key, value, &options, by).map(|written| written.object)
    }
}

/// A field that is dropped unless its feature is on.
const MAX_UNAVAILABLE: &[&str] = &["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"];

fn restore_gated(value: &mut Value, kept: Option<Value>) {
    if let Some(kept) = kept {
        value.set_at(MAX_UNAVAILABLE, kept);
    }
}

/// Metadata that a client cannot set on creation.
/// Upstream: staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go, WipeObjectMetaSystemFields.
const SYSTEM_FIELDS: [&str; 5] =
    ["creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

fn str_of(value: &Value) -> crate::base::value::Str {
    match value {
        Value::Str(s) => s.clone(),
        _ => crate::base::value::Str::default(),
    }
}

/// The first `limit` bytes, or fewer where a character would be cut.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn refuse(kind: KindRef, name: &str, causes: &[Cause]) -> Result<(), Status> {
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid(kind, name, causes)) }
}

/// A resourceVersion in the object must be the stored one's. Upstream: store.go, Update.
fn check_version(old: &Object, value: &Value) -> Result<(), Status> {
    let meta = value.get("metadata");
    match meta.get("resourceVersion").text() {
        "" | "0" => Ok(()),
        rv if rv.parse() == Ok(old.rv) => Ok(()),
        rv if rv.parse::<u64>().is_err() => {
            let cause = Cause::invalid(
                "metadata.resourceVersion",
                &Value::from(rv),
                format!("strconv.ParseUint: parsing {rv:?}: invalid syntax"),
            );
            Err(Status::invalid(old.kind, old.name(), &[cause]))
        }
        _ => Err(Status::stale(old.kind, old.name())),
    }
}

/// The old object with the new one's status; a Deployment's revision, an annotation, comes with it.
/// Upstream: pkg/registry/apps/deployment/strategy.go, deploymentStatusStrategy.
fn with_status(old: &Object, new: &Value) -> Value {
    let mut value = old.value().clone();
    value.set("status", new.get("status").clone());
    let annotations = new.at(&["metadata", "annotations"]);
    if *old.kind == DEPLOYMENT && annotations != old.at(&["metadata", "annotations"]) {
        value.set_at(&["metadata", "annotations"], annotations.clone());
    }
    value
}

/// The old namespace with the new one's finalizers in its spec.
fn with_finalizers(old: &Object, new: &Value) -> Value {
    let mut value = old.value().clone();
    value.set_at(&["spec", "finalizers"], new.at(&["spec", "finalizers"]).clone());
    value
}

/// Puts back the metadata that no update changes. Upstream: rest/update.go, BeforeUpdate.
fn keep_system_fields(value: &mut Value, old: &Object) {
    let kept = old.get("metadata");
    if *value.get("metadata") == *kept {
        return;
    }
    let meta = value.entry("metadata").make_map();
    for field in ["resourceVersion", "generation", "creationTimestamp"] {
        match kept.get(field) {
            Value::Null => {
                meta.remove(field);
            }
            was => {
                if meta.get(field) != Some(was) {
                    meta.insert(field, was.clone());
                }
            }
        }
    }
    meta.remove("selfLink");
    if meta.get("uid").is_none_or(Value::is_empty) {
        meta.insert("uid", kept.get("uid").clone());
    }
    for list in ["finalizers", "ownerReferences", "labels", "annotations"] {
        if meta.get(list).is_some_and(Value::is_empty) {
            meta.remove(list);
        }
    }
}

fn keep_managed_fields(value: &mut Value, old: &Object) {
    let kept = old.at(&["metadata", "managedFields"]);
    if value.at(&["metadata", "managedFields"]) == kept {
        return;
    }
    if kept.is_null() {
        value.entry("metadata").remove("managedFields");
    } else {
        value.set_at(&["metadata", "managedFields"], kept.clone());
    }
}

/// Puts back what only a deletion sets. Upstream: rest/update.go, BeforeUpdate.
fn keep_set_fields(value: &mut Value, old: &Object) {
    let kept = old.get("metadata");
    let timestamp = kept.get("deletionTimestamp");
    if !timestamp.is_null() && value.at(&["metadata", "deletionTimestamp"]) != timestamp {
        value.set_at(&["metadata", "deletionTimestamp"], timestamp.clone());
    }
    let grace = kept.get("deletionGracePeriodSeconds");
    if !grace.is_null() && value.at(&["metadata", "deletionGracePeriodSeconds"]).is_null() {
        value.set_at(&["metadata", "deletionGracePeriodSeconds"], grace.clone());
    }
}

/// Whether an update ends a deletion that waited for finalizers.
/// Upstream: store.go, ShouldDeleteDuringUpdate; pkg/registry/core/namespace/storage/storage.go.
fn should_delete(value: &Value, old: &Object) -> bool {
    old.is_deleting()
        && value.at(&["metadata", "finalizers"]).as_array().is_empty()
        && old.at(&["metadata", "deletionGracePeriodSeconds"]).is_empty()
        && (*old.kind != NAMESPACE || value.at(&["spec", "finalizers"]).as_array().is_empty())
}
