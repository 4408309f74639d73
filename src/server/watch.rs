//! Watches: from the change log to events, with the transitions that selectors make.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go.

use std::rc::Rc;

use crate::api::{FieldSelector, KindRef, Object, Selector, Status};
use crate::base::value::Value;
use crate::os::request::{Watch, WatchEvent};
use crate::server::represent::{self, Form, IncludeObject};
use crate::server::{Change, ChangeKind, Server};

/// Which objects are meant.
pub(crate) struct Filter {
    kind: KindRef,
    labels: Selector,
    fields: FieldSelector,
}

impl Filter {
    /// From the texts of a request.
    pub(crate) fn new(kind: KindRef, labels: &str, fields: &str) -> Result<Filter, Status> {
        let labels = Selector::parse(labels).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(fields).map_err(Status::bad_request)?;
        fields.check(kind).map_err(Status::bad_request)?;
        Ok(Filter { kind, labels, fields })
    }

    pub(crate) fn matches(&self, object: &Object) -> bool {
        self.labels.matches_object(object.value())
            && (self.fields.is_empty() || self.fields.matches(self.kind, object.value()))
    }
}

impl Server {
    /// Moves a watch on: every event after its revision, oldest first.
    ///
    /// # Errors
    /// `Expired` when the revision is no longer kept, `BadRequest` for a bad selector.
    pub fn poll(&self, watch: &mut Watch) -> Result<Vec<WatchEvent>, Status> {
        let filter = Filter::new(watch.kind, &watch.labels, &watch.fields)?;
        let form = Form { accept: watch.accept, include: IncludeObject::Metadata, now: self.now };
        let mut events = Vec::new();
        if watch.initial {
            watch.initial = false;
            watch.rv = self.store.revision();
            for object in self.list(watch.kind, &watch.ns).filter(|o| filter.matches(o)) {
                events.push(event("ADDED", object.clone(), form));
            }
            return Ok(events);
        }
        let Some(changes) = self.store.changes_after(watch.rv) else {
            let oldest = self.store.log().next().map_or(0, |c| c.rev);
            let message = format!("too old resource version: {} ({oldest})", watch.rv);
            return Err(Status::expired(message));
        };
        for change in changes {
            let wanted = change.kind == watch.kind
                && (watch.ns.is_empty() || change.key.ns == watch.ns.as_str());
            if let Some((kind, object)) = wanted.then(|| transition(change, &filter)).flatten() {
                events.push(event(kind, object, form));
            }
        }
        watch.rv = watch.rv.max(self.store.revision());
        Ok(events)
    }
}

/// What a change means to a watcher that only sees what the filter lets through.
/// Upstream: cache_watcher.go, convertToWatchEvent.
fn transition(change: &Change, filter: &Filter) -> Option<(&'static str, Rc<Object>)> {
    let was = change.old.as_ref().is_some_and(|old| filter.matches(old));
    let is = change.change != ChangeKind::Deleted && filter.matches(&change.new);
    match (was, is) {
        (false, true) => Some(("ADDED", change.new.clone())),
        (true, true) => Some(("MODIFIED", change.new.clone())),
        (true, false) => {
            // The watcher gets the state that it knew, at the revision of the change.
            let old = change.old.as_ref()?;
            let mut value = old.value().clone();
            value.set_at(&["metadata", "resourceVersion"], change.rev.to_string());
            Some(("DELETED", Rc::new(Object::new(change.kind, value))))
        }
        (false, false) => None,
    }
}

fn event(kind: &'static str, object: Rc<Object>, form: Form) -> WatchEvent {
    let value: Value = represent::one(&object, form);
    WatchEvent { kind, rv: object.rv, object, value }
}
