//! Every namespace has a ServiceAccount `default` and the cluster's certificate authority.
//!
//! Upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go and
//! pkg/controller/certificates/rootcacertpublisher/publisher.go.

use crate::api::kinds::{CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT};
use crate::api::{Key, KindRef, Status};
use crate::base::value::Value;
use crate::controllers::engine::forgetful;
use crate::controllers::{Controller, Ctx, Next, Watch};
use crate::server::bootstrap::{ROOT_CA, root_ca};
use crate::server::{Change, Part, Server};
use crate::value;

/// Keeps the default ServiceAccounts.
pub static ACCOUNTS: Controller = Controller {
    name: "serviceaccount-controller",
    watches: &[Watch::itself(&NAMESPACE), Watch::found(&SERVICE_ACCOUNT, namespace_of)],
    reconcile: |cx, key| ensure(cx, key, &SERVICE_ACCOUNT, "default"),
    memory: forgetful,
};

/// Keeps the ConfigMaps with the certificate authority.
pub static ROOT_CAS: Controller = Controller {
    name: "root-ca-certificate-publisher-controller",
    watches: &[Watch::itself(&NAMESPACE), Watch::found(&CONFIG_MAP, namespace_of_root_ca)],
    reconcile: publish,
    memory: forgetful,
};

fn namespace_of(change: &Change, _: &Server) -> Vec<Key> {
    let ours = change.key.name == "default";
    ours.then(|| Key::new("", change.key.ns.clone())).into_iter().collect()
}

fn namespace_of_root_ca(change: &Change, _: &Server) -> Vec<Key> {
    let ours = change.key.name == ROOT_CA;
    ours.then(|| Key::new("", change.key.ns.clone())).into_iter().collect()
}

fn wanted(cx: &Ctx, kind: KindRef, ns: &str) -> Value {
    if *kind == CONFIG_MAP {
        root_ca(ns, cx.rng())
    } else {
        value!({ "metadata": { "name": "default", "namespace": ns } })
    }
}

/// Creates the object in an active namespace that has none.
fn ensure(cx: &mut Ctx, key: &Key, kind: KindRef, name: &str) -> Result<Next, Status> {
    let active = cx
        .object(&NAMESPACE, key)
        .is_some_and(|namespace| namespace.at(&["status", "phase"]).text() == "Active");
    let present = cx.object(kind, &Key::new(key.name.clone(), name)).is_some();
    if active && !present {
        let value = wanted(cx, kind, &key.name);
        let why = format!("every namespace has one, and {} has none", key.name);
        cx.create(kind, value, why)?;
    }
    Ok(Next::Idle)
}

fn publish(cx: &mut Ctx, key: &Key) -> Result<Next, Status> {
    let own = Key::new(key.name.clone(), ROOT_CA);
    let Some(stored) = cx.object(&CONFIG_MAP, &own) else {
        return ensure(cx, key, &CONFIG_MAP, ROOT_CA);
    };
    let wanted = wanted(cx, &CONFIG_MAP, &key.name);
    if stored.get("data") != wanted.get("data") && !stored.is_deleting() {
        let why = "its contents were changed and are put back".to_owned();
        cx.modify(&CONFIG_MAP, &own, Part::Main, why, |value| {
            value.set("data", wanted.get("data").clone());
        })?;
    }
    Ok(Next::Idle)
}
