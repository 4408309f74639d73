//! Deletion: at once, after a grace period, or when finalizers are gone.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (Delete) and …/rest/delete.go.

use std::rc::Rc;

use crate::api::kinds::{EVENT, NAMESPACE, POD};
use crate::api::{Key, KindRef, Object, Status};
use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::server::admission::{self, Attributes, Operation};
use crate::server::change::By;
use crate::server::{DeleteOptions, Propagation, Server};

/// The finalizer that makes dependents go first.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that lets dependents stay.
pub const ORPHAN: &str = "orphan";

/// What a deletion comes to.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The object's last state, or its state while it waits for its end.
    pub object: Rc<Object>,
    /// Whether it is gone.
    pub gone: bool,
}

/// What to do about a deletion.
enum Plan {
    /// It is under way already and nothing changes.
    Pending,
    /// The object waits, marked like this.
    Mark(Value),
    /// The object goes now.
    Now,
    /// The same, after it has been marked like this: a watch sees both.
    MarkAndGo(Value),
}

impl Server {
    /// Deletes an object, or begins its graceful deletion.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` (a precondition does not hold), `Forbidden`.
    pub fn delete_with(
        &mut self,
        kind: KindRef,
        key: &Key,
        options: &DeleteOptions,
        by: By,
    ) -> Result<Deleted, Status> {
        let Some(old) = self.store.get(kind, key).cloned() else {
            return Err(Status::not_found(kind, &key.name));
        };
        let attributes = Attributes {
            kind,
            ns: &key.ns,
            name: &key.name,
            sub: "",
            operation: Operation::Delete,
            old: Some(&old),
        };
        admission::admit(&mut Value::Null, &attributes, self)?;
        check_preconditions(&old, options)?;
        match plan(&old, options, self.now) {
            Plan::Pending => Ok(Deleted { object: old, gone: false }),
            Plan::Mark(value) => {
                let unchanged = value == *old.value();
                let object = if unchanged {
                    old
                } else if options.dry_run {
                    Rc::new(Object::new(kind, value))
                } else {
                    self.store.put(kind, key.clone(), value, self.now, by)
                };
                Ok(Deleted { object, gone: false })
            }
            Plan::MarkAndGo(value) => {
                if options.dry_run {
                    return Ok(Deleted { object: old, gone: true });
                }
                let marked = self.store.put(kind, key.clone(), value, self.now, by.clone());
                let removed = self.store.remove(kind, key, self.now, by);
                Ok(Deleted { object: removed.unwrap_or(marked), gone: true })
            }
            Plan::Now => {
                let removed =
                    if options.dry_run { None } else { self.store.remove(kind, key, self.now, by) };
                Ok(Deleted { object: removed.unwrap_or(old), gone: true })
            }
        }
    }
}

/// Upstream: rest/delete.go, BeforeDelete.
fn check_preconditions(old: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let conflict = |why: String| {
        // Upstream puts the kind where the resource belongs.
        let mut status = Status::conflict(old.kind, old.name(), &why);
        status.message = format!(
            "Operation cannot be fulfilled on {} {:?}: {why}",
            old.kind.group_kind(),
            old.name().as_str()
        );
        Err(status)
    };
    if let Some(uid) = &options.uid
        && uid != old.uid()
    {
        return conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            old.uid()
        ));
    }
    if let Some(rv) = &options.resource_version
        && *rv != old.rv.to_string()
    {
        return conflict(format!(
            "the ResourceVersion in the precondition ({rv}) does not match the ResourceVersion in record ({}). The object might have been modified",
            old.rv
        ));
    }
    Ok(())
}

fn plan(old: &Object, options: &DeleteOptions, now: Time) -> Plan {
    let mut value = old.value().clone();
    let grace = options.grace_s.map(|s| if s < 0 { 1 } else { s });
    let meta = old.get("metadata");
    let (mut graceful, mut marked) = (false, false);
    if *old.kind == POD {
        match shorten_or_begin(&mut value, old, grace, now) {
            Graceful::Pending => return Plan::Pending,
            Graceful::Yes(seconds) => (graceful, marked) = (seconds > 0, true),
            Graceful::No => {}
        }
    }
    set_gc_finalizers(&mut value, old.kind, options.propagation);
    let waits = !value.at(&["metadata", "finalizers"]).as_array().is_empty()
        || (*old.kind == NAMESPACE && !old.at(&["spec", "finalizers"]).as_array().is_empty());
    if graceful {
        return Plan::Mark(value);
    }
    if !waits {
        return if marked { Plan::MarkAndGo(value) } else { Plan::Now };
    }
    mark_as_deleting(&mut value, meta, now);
    if *old.kind == NAMESPACE {
        value.set_at(&["status", "phase"], "Terminating");
    }
    Plan::Mark(value)
}

enum Graceful {
    /// A deletion with a shorter or equal grace period is under way.
    Pending,
    /// The metadata says so now; the period in seconds.
    Yes(i64),
    /// No grace period applies.
    No,
}

/// Upstream: rest/delete.go, BeforeDelete; pkg/registry/core/pod/strategy.go, CheckGracefulDelete.
fn shorten_or_begin(value: &mut Value, old: &Object, grace: Option<i64>, now: Time) -> Graceful {
    let meta = old.get("metadata");
    if let Some(until) = Time::parse(meta.get("deletionTimestamp").text()) {
        let current = meta.get("deletionGracePeriodSeconds").as_i64().unwrap_or(0);
        if current == 0 {
            return Graceful::No;
        }
        let Some(wanted) = grace.filter(|wanted| *wanted < current) else {
            return Graceful::Pending;
        };
        let mut period = wanted;
        let mut at = until - Span::seconds(current) + Span::seconds(wanted);
        if at < now {
            at = now;
            period = period.min(1);
        }
        let meta = value.entry("metadata");
        meta.set("deletionTimestamp", at);
        meta.set("deletionGracePeriodSeconds", period);
        return Graceful::Yes(period);
    }
    let own = || old.at(&["spec", "terminationGracePeriodSeconds"]).as_i64().unwrap_or(0);
    let unscheduled = old.at(&["spec", "nodeName"]).text().is_empty();
    let ended = matches!(old.at(&["status", "phase"]).text(), "Failed" | "Succeeded");
    let period = match grace.unwrap_or_else(own) {
        _ if unscheduled || ended => 0,
        period if period < 0 => 1,
        period => period,
    };
    raise_generation(value, meta);
    let meta = value.entry("metadata");
    meta.set("deletionTimestamp", now + Span::seconds(period));
    meta.set("deletionGracePeriodSeconds", period);
    Graceful::Yes(period)
}

fn raise_generation(value: &mut Value, meta: &Value) {
    if let Some(generation) = meta.get("generation").as_i64().filter(|g| *g > 0) {
        value.set_at(&["metadata", "generation"], generation + 1);
    }
}

/// Upstream: store.go, markAsDeleting.
fn mark_as_deleting(value: &mut Value, meta: &Value, now: Time) {
    let until = Time::parse(meta.get("deletionTimestamp").text());
    let marked = !value.at(&["metadata", "deletionTimestamp"]).is_null();
    if until.is_none() && !marked {
        raise_generation(value, meta);
    }
    if until.is_none_or(|until| until > now) {
        value.set_at(&["metadata", "deletionTimestamp"], now);
    }
    value.set_at(&["metadata", "deletionGracePeriodSeconds"], 0);
}

/// Upstream: store.go, deletionFinalizersForGarbageCollection.
fn set_gc_finalizers(value: &mut Value, kind: KindRef, propagation: Option<Propagation>) {
    if *kind == EVENT {
        return;
    }
    let listed = value.at(&["metadata", "finalizers"]).as_array();
    let kept: Vec<Value> =
        listed.iter().filter(|f| !matches!(f.text(), FOREGROUND | ORPHAN)).cloned().collect();
    let wanted = match propagation {
        Some(Propagation::Orphan) => Some(ORPHAN),
        Some(Propagation::Foreground) => Some(FOREGROUND),
        Some(Propagation::Background) => None,
        // A finalizer that is there already decides.
        None => listed.iter().find_map(|f| match f.text() {
            FOREGROUND => Some(FOREGROUND),
            ORPHAN => Some(ORPHAN),
            _ => None,
        }),
    };
    let mut finalizers = kept;
    finalizers.extend(wanted.map(Value::from));
    if finalizers.is_empty() {
        if !listed.is_empty() {
            value.entry("metadata").remove("finalizers");
        }
    } else if finalizers != listed {
        value.set_at(&["metadata", "finalizers"], Value::array(finalizers));
    }
}
