//! A container's environment.
//! Upstream: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), pkg/kubelet/envvars/envvars.go,
//! third_party/forked/golang/expansion/expand.go.

use crate::base::ordered::OrdMap;

use crate::api::Key;
use crate::api::kinds::config_map::CONFIG_MAP;
use crate::api::kinds::pod::{Container, EnvVarSource, KeySelector, ObjectFieldSelector};
use crate::api::kinds::secret::SECRET;
use crate::api::kinds::service::{SERVICE, Service};
use crate::base::base64;
use crate::base::human::quote;
use crate::base::quantity::Quantity;
use crate::base::value::{Str, Value};
use crate::kubelet::Cx;
use crate::kubelet::image::Found;
use crate::kubelet::worker::Worker;
use crate::server::Server;

/// Replaces `$(NAME)` by the variable's value; `$$` escapes a dollar, and what has no value stays as it is.
pub(super) fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) =
            rest.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        {
            match lookup(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

/// The keys and values of a ConfigMap (`data`, `binaryData`) or Secret (decoded).
pub(super) fn data_of(
    server: &Server,
    secret: bool,
    ns: &Str,
    name: &str,
) -> Result<OrdMap<String, Vec<u8>>, String> {
    let (kind, word) = if secret { (&SECRET, "secret") } else { (&CONFIG_MAP, "configmap") };
    let object = server
        .get(kind, &Key::new(ns.clone(), name))
        .ok_or_else(|| format!("{word} \"{name}\" not found"))?;
    let decode = |value: &Value| base64::decode(value.text()).unwrap_or_default();
    let plain = |value: &Value| value.text().as_bytes().to_vec();
    let data = object.get("data").entries();
    let mut found: OrdMap<String, Vec<u8>> =
        data.map(|(key, v)| (key.to_string(), if secret { decode(v) } else { plain(v) })).collect();
    let binary = object.get("binaryData").entries();
    found.extend(binary.map(|(key, value)| (key.to_string(), decode(value))));
    Ok(found)
}

impl Worker {
    /// The whole environment of a container: the image's, the Services', the spec's.
    ///
    /// # Errors
    /// What is missing, in upstream's words.
    pub(super) fn environment(
        &self,
        container: &Container,
        found: Found,
        cx: &Cx,
    ) -> Result<OrdMap<String, String>, String> {
        let server = &*cx.server;
        let ns = &self.key.ns;
        let links = self.pod.spec.enable_service_links != Some(false);
        let services = service_variables(server, ns, links);
        let mut own: OrdMap<String, String> = OrdMap::new();
        for source in &container.env_from {
            let (reference, secret) = match (&source.config_map_ref, &source.secret_ref) {
                (Some(reference), _) => (reference, false),
                (None, Some(reference)) => (reference, true),
                (None, None) => continue,
            };
            match data_of(server, secret, ns, &reference.name) {
                Ok(data) => own.extend(data.into_iter().map(|(key, value)| {
                    let value = String::from_utf8_lossy(&value).into_owned();
                    (format!("{}{key}", source.prefix), value)
                })),
                Err(_) if reference.optional => {}
                Err(message) => return Err(message),
            }
        }
        for variable in &container.env {
            let value = match &variable.value_from {
                Some(source) if variable.value.is_empty() => {
                    match self.source_value(source, container, server)? {
                        Some(value) => value,
                        None => continue,
                    }
                }
                _ => expand(&variable.value, &|name| {
                    own.get(name).or_else(|| services.get(name)).cloned()
                }),
            };
            own.insert(variable.name.to_string(), value);
        }
        let image = found.image().env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let mut all: OrdMap<String, String> = image.collect();
        all.extend(services);
        all.extend(own);
        Ok(all)
    }

    /// `None` for something optional that is not there.
    fn source_value(
        &self,
        source: &EnvVarSource,
        container: &Container,
        server: &Server,
    ) -> Result<Option<String>, String> {
        if let Some(field) = &source.field_ref {
            return self.field_value(field).map(Some);
        }
        if let Some(resource) = &source.resource_field_ref {
            return Ok(Some(self.resource_value(
                &resource.container_name,
                &resource.resource,
                &resource.divisor,
                container,
                server,
            )));
        }
        match (&source.config_map_key_ref, &source.secret_key_ref) {
            (Some(key), _) => self.key_value(key, false, server),
            (None, Some(key)) => self.key_value(key, true, server),
            (None, None) => Ok(Some(String::new())),
        }
    }

    fn key_value(
        &self,
        selector: &KeySelector,
        secret: bool,
        server: &Server,
    ) -> Result<Option<String>, String> {
        let data = match data_of(server, secret, &self.key.ns, &selector.name) {
            Ok(data) => data,
            Err(_) if selector.optional => return Ok(None),
            Err(message) => return Err(message),
        };
        let kind = if secret { "Secret" } else { "ConfigMap" };
        match data.get(&*selector.key) {
            Some(value) => Ok(Some(String::from_utf8_lossy(value).into_owned())),
            None if selector.optional => Ok(None),
            None => Err(format!(
                "couldn't find key {} in {kind} {}/{}",
                selector.key, self.key.ns, selector.name
            )),
        }
    }

    /// A field of the pod. Upstream: podFieldSelectorRuntimeValue.
    pub(super) fn field_value(&self, field: &ObjectFieldSelector) -> Result<String, String> {
        let path = field.field_path.as_str();
        let ip = self.runtime.sandbox.as_ref().map(|s| s.ip.to_string()).unwrap_or_default();
        let host = self.status.host_ip.to_string();
        Ok(match path {
            "spec.nodeName" => self.node.to_string(),
            "spec.serviceAccountName" => self.pod.spec.service_account_name.to_string(),
            "status.hostIP" | "status.hostIPs" => host,
            "status.podIP" | "status.podIPs" => ip,
            "metadata.name" => self.key.name.to_string(),
            "metadata.namespace" => self.key.ns.to_string(),
            "metadata.uid" => self.uid.to_string(),
            "metadata.labels" => map_text(&self.pod.meta.labels),
            "metadata.annotations" => map_text(&self.pod.meta.annotations),
            _ => return self.subscript(path),
        })
    }

    /// `metadata.labels['app']`.
    fn subscript(&self, path: &str) -> Result<String, String> {
        let unsupported = || format!("unsupported fieldPath: {path}");
        let inner = path.strip_suffix("']").ok_or_else(unsupported)?;
        let (field, key) = inner.split_once("['").ok_or_else(unsupported)?;
        let map = match field {
            "metadata.labels" => &self.pod.meta.labels,
            "metadata.annotations" => &self.pod.meta.annotations,
            _ => return Err(unsupported()),
        };
        Ok(map.get(key).map(ToString::to_string).unwrap_or_default())
    }

    /// A request or limit of a container, in units of the divisor, rounded up.
    /// Upstream: pkg/api/v1/resource/helpers.go, ExtractContainerResourceValue.
    pub(super) fn resource_value(
        &self,
        name: &str,
        resource: &str,
        divisor: &str,
        own: &Container,
        server: &Server,
    ) -> String {
        let spec = &self.pod.spec;
        let container = spec.containers.iter().find(|c| c.name == *name).unwrap_or(own);
        let (list, what) = resource.split_once('.').unwrap_or(("", resource));
        let set = if list == "limits" {
            container.resources.limits.get(what)
        } else {
            container.resources.requests.get(what)
        };
        let node = || {
            let key = Key::new("", self.node.clone());
            let node = server.get(&crate::api::kinds::node::NODE, &key)?;
            Some(node.at(&["status", "allocatable"]).get(what).text().to_owned())
        };
        let text = set.map(ToString::to_string).or_else(|| (list == "limits").then(node).flatten());
        let amount = text.and_then(|t| Quantity::parse(&t).ok()).unwrap_or(Quantity::whole(0));
        let divisor = Quantity::parse(divisor).ok().filter(|d| !d.is_zero());
        let divisor = divisor.unwrap_or(Quantity::whole(1));
        let rounded = if what == "cpu" {
            let unit = divisor.milli_value().max(1);
            amount.milli_value().saturating_add(unit - 1) / unit
        } else {
            let unit = divisor.value().max(1);
            amount.value().saturating_add(unit - 1) / unit
        };
        rounded.to_string()
    }
}

/// `key="value"` lines. Upstream: pkg/fieldpath, FormatMap.
fn map_text(map: &OrdMap<Str, Str>) -> String {
    let lines: Vec<String> = map.iter().map(|(k, v)| format!("{k}={}", quote(v))).collect();
    lines.join("\n")
}

/// Variables that name the Services of the namespace and the API server's.
/// Upstream: pkg/kubelet/envvars/envvars.go, FromServices.
fn service_variables(server: &Server, ns: &Str, links: bool) -> OrdMap<String, String> {
    let mut all = OrdMap::new();
    let master = server.get(&SERVICE, &Key::new("default", "kubernetes"));
    let own = server.list(&SERVICE, ns).filter(|_| links);
    for object in master.into_iter().chain(own) {
        let service = object.view::<Service>();
        let ip = service.spec.cluster_ip.as_str();
        if ip.is_empty() || ip == "None" || service.spec.ports.is_empty() {
            continue;
        }
        let name = variable_name(&service.meta.name);
        let first = &service.spec.ports[0];
        all.insert(format!("{name}_SERVICE_HOST"), ip.to_owned());
        all.insert(format!("{name}_SERVICE_PORT"), first.port.to_string());
        for (index, port) in service.spec.ports.iter().enumerate() {
            if !port.name.is_empty() {
                let key = format!("{name}_SERVICE_PORT_{}", variable_name(&port.name));
                all.insert(key, port.port.to_string());
            }
            let lower = if port.protocol.is_empty() {
                "tcp".to_owned()
            } else {
                port.protocol.to_ascii_lowercase()
            };
            let url = format!("{lower}://{ip}:{}", port.port);
            if index == 0 {
                all.insert(format!("{name}_PORT"), url.clone());
            }
            let prefix = format!("{name}_PORT_{}_{}", port.port, lower.to_ascii_uppercase());
            all.insert(prefix.clone(), url);
            all.insert(format!("{prefix}_PROTO"), lower);
            all.insert(format!("{prefix}_PORT"), port.port.to_string());
            all.insert(format!("{prefix}_ADDR"), ip.to_owned());
        }
    }
    all
}

fn variable_name(text: &str) -> String {
    text.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_variables_are_expanded() {
        let lookup = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(expand("x$(A)y$(B)", &lookup), "x1y$(B)");
        assert_eq!(expand("$$(A) $ $A $(", &lookup), "$(A) $ $A $(");
        assert_eq!(expand("é$(A)", &lookup), "é1");
    }
}
