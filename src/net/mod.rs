//! Addresses, Services and the cluster's name server.
//!
//! Pods get their addresses from their kubelet; Services get theirs from the API server. What stands
//! here only reads the store: names of Services and endpoints, and where a connection to them leads.

mod dns;
mod route;

use std::rc::Rc;

use crate::api::Object;
use crate::api::kinds::ENDPOINT_SLICE;
use crate::api::kinds::endpoint_slice::{Endpoint, EndpointSlice};
use crate::server::Server;

pub use dns::lookup;
pub use route::route;

/// Label of a slice that names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The slices of a Service.
fn slices(server: &Server, service: &Object) -> Vec<Rc<EndpointSlice>> {
    server
        .list(&ENDPOINT_SLICE, service.namespace())
        .filter(|slice| slice.label(SERVICE_NAME) == Some(service.name()))
        .map(|slice| slice.view::<EndpointSlice>())
        .collect()
}

/// Whether an endpoint takes requests; one of which nothing is said does.
fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.ready != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Key;
    use crate::api::kinds::SERVICE;
    use crate::base::rng::Rng;
    use crate::base::time::Time;
    use crate::base::value::Value;
    use crate::os::{Errno, Record};
    use crate::server::By;
    use crate::value;

    fn put(server: &mut Server, kind: crate::api::KindRef, name: &str, mut value: Value) {
        value.set_at(&["metadata", "name"], name);
        value.set_at(&["metadata", "namespace"], "default");
        let key = Key::new("default", name);
        server.store.put(kind, key, value, Time::START, By::user("test"));
    }

    fn server() -> Server {
        let mut server = Server::new(Rng { seed: 1 }, Time::START);
        let headless = value!({
            "spec": {"clusterIP": "None", "ports": [{"name": "web", "port": 80, "protocol": "TCP"}]},
        });
        put(&mut server, &SERVICE, "nginx", headless);
        let normal = value!({
            "spec": {
                "clusterIP": "10.96.5.5", "type": "NodePort",
                "ports": [{"name": "web", "port": 80, "targetPort": "http", "nodePort": 30080, "protocol": "TCP"}],
            },
        });
        put(&mut server, &SERVICE, "front", normal);
        put(
            &mut server,
            &SERVICE,
            "empty",
            value!({
                "spec": {"clusterIP": "10.96.5.6", "ports": [{"port": 80, "protocol": "TCP"}]},
            }),
        );
        let endpoints = value!([
            {"addresses": ["10.244.1.5"], "conditions": {"ready": true}, "hostname": "web-0"},
            {"addresses": ["10.244.2.6"], "conditions": {"ready": false}, "hostname": "web-1"},
            {"addresses": ["10.244.3.7"], "conditions": {"ready": true}},
        ]);
        for (name, port) in [("nginx", 80), ("front", 8080)] {
            let slice = value!({
                "metadata": {"labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "endpoints": &endpoints,
                "ports": [{"name": "web", "port": port, "protocol": "TCP"}],
            });
            put(&mut server, &ENDPOINT_SLICE, &format!("{name}-abcde"), slice);
        }
        server
    }

    fn ask(name: &str, record: Record) -> Vec<String> {
        let answers = lookup(&server(), name, record);
        answers.into_iter().map(|a| format!("{} {}:{}", a.name, a.data, a.port)).collect()
    }

    #[test]
    fn services_and_their_ready_endpoints_have_names() {
        let full = "nginx.default.svc.cluster.local";
        assert_eq!(
            ask(full, Record::A),
            [format!("{full} 10.244.1.5:0"), format!("{full} 10.244.3.7:0")]
        );
        let own = format!("web-0.{full}");
        assert_eq!(ask(&own, Record::A), [format!("{own} 10.244.1.5:0")]);
        assert_eq!(ask(&format!("WEB-0.{full}"), Record::A).len(), 1, "case does not matter");
        assert_eq!(ask(&format!("web-1.{full}"), Record::A), Vec::<String>::new(), "not ready");
        assert_eq!(ask(&format!("10-244-3-7.{full}"), Record::A).len(), 1);
        let front = "front.default.svc.cluster.local";
        assert_eq!(ask(front, Record::A), [format!("{front} 10.96.5.5:0")]);
        assert_eq!(
            ask("10-244-9-9.default.pod.cluster.local", Record::A),
            ["10-244-9-9.default.pod.cluster.local 10.244.9.9:0"]
        );
        for none in
            ["nginx", "nosuch.default.svc.cluster.local", "example.com", "", "cluster.local"]
        {
            assert_eq!(ask(none, Record::A), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn ports_and_addresses_can_be_looked_up() {
        let name = "_web._tcp.nginx.default.svc.cluster.local";
        assert_eq!(
            ask(name, Record::Srv),
            [
                format!("{name} web-0.nginx.default.svc.cluster.local:80"),
                format!("{name} 10-244-3-7.nginx.default.svc.cluster.local:80"),
            ]
        );
        let front = "front.default.svc.cluster.local";
        assert_eq!(ask(front, Record::Srv), [format!("{front} {front}:80")]);
        assert_eq!(
            ask("5.1.244.10.in-addr.arpa", Record::Ptr),
            ["5.1.244.10.in-addr.arpa web-0.nginx.default.svc.cluster.local:0"]
        );
        assert_eq!(ask("10.96.5.5", Record::Ptr), [format!("10.96.5.5 {front}:0")]);
    }

    #[test]
    fn connections_to_services_lead_to_ready_endpoints() {
        let server = server();
        let to = |address: &str, port| route(&server, address, port);
        let (address, port) = to("10.96.5.5", 80).unwrap();
        assert!(["10.244.1.5", "10.244.3.7"].contains(&address.as_str()));
        assert_eq!(port, 8080);
        assert_eq!(to("10.96.5.5", 81), Err(Errno::TimedOut));
        assert_eq!(to("10.96.5.6", 80), Err(Errno::Refused));
        assert_eq!(to("10.244.1.5", 99), Ok(("10.244.1.5".to_owned(), 99)));
    }
}
