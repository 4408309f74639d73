//! The kubeconfig: which cluster, user and namespace a command means.
//!
//! Upstream: client-go/tools/clientcmd. Simplified: one file, and every context leads to the simulated server.

use super::error::CmdError;
use super::flags::Args;
use crate::base::value::Value;
use crate::base::yaml;
use crate::os::Sys;
use crate::value;

/// The parsed file with the flags that override it.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file's contents.
    pub(crate) value: Value,
    /// Where it lies.
    pub(crate) path: String,
    /// The namespace that commands use.
    pub(crate) namespace: String,
    /// Whether `-n` gave it.
    pub(crate) explicit_namespace: bool,
}

/// What a machine without a kubeconfig uses, as `kubeadm init` would have written it.
fn built_in() -> Value {
    value!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "kubernetes", "cluster": {
            "certificate-authority-data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "server": "https://127.0.0.1:6443"}}],
        "contexts": [{"name": "kubernetes-admin@kubernetes", "context": {"cluster": "kubernetes", "user": "kubernetes-admin"}}],
        "current-context": "kubernetes-admin@kubernetes",
        "users": [{"name": "kubernetes-admin", "user": {
            "client-certificate-data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
            "client-key-data": "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo="}}]
    })
}

impl Config {
    /// Reads the file that `--kubeconfig`, `$KUBECONFIG` or the home directory names.
    pub(crate) fn load(sys: &mut Sys, args: &Args) -> Result<Config, CmdError> {
        let explicit = args.text("kubeconfig");
        let from_env = sys.env().get("KUBECONFIG").cloned().unwrap_or_default();
        let home = sys.env().get("HOME").cloned().unwrap_or_else(|| "/root".to_owned());
        let path = if !explicit.is_empty() {
            explicit.to_owned()
        } else if let Some(first) = from_env.split(':').find(|p| !p.is_empty()) {
            first.to_owned()
        } else {
            format!("{home}/.kube/config")
        };
        let value = match sys.read_file(&path) {
            Ok(bytes) => yaml::read(&String::from_utf8_lossy(&bytes)).map_err(|error| {
                CmdError::plain(format!("error loading config file \"{path}\": {error}"))
            })?,
            Err(_) if !explicit.is_empty() => {
                return Err(CmdError::plain(format!("stat {path}: no such file or directory")));
            }
            Err(_) => built_in(),
        };
        let mut config =
            Config { value, path, namespace: String::new(), explicit_namespace: false };
        let wanted = args.text("context");
        let is_config_verb = args.path.starts_with("kubectl config");
        if !wanted.is_empty() && config.context(wanted).is_none() && !is_config_verb {
            let text = format!(
                "Error in configuration: context was not found for specified context: {wanted}"
            );
            return Err(CmdError::Exact(text));
        }
        let server = args.text("server");
        if !server.is_empty() && server != config.server() {
            let host = server.split("://").last().unwrap_or(server).trim_end_matches('/');
            let text = format!(
                "The connection to the server {host} was refused - did you specify the right host or port?"
            );
            return Err(CmdError::Exact(text));
        }
        let name = if wanted.is_empty() { config.current().to_owned() } else { wanted.to_owned() };
        let own =
            config.context(&name).map(|c| c.get("namespace").text().to_owned()).unwrap_or_default();
        let given = args.text("namespace");
        config.explicit_namespace = !given.is_empty();
        config.namespace = [given, &own, "default"]
            .into_iter()
            .find(|n| !n.is_empty())
            .unwrap_or_default()
            .to_owned();
        Ok(config)
    }

    /// The current context's name.
    pub(crate) fn current(&self) -> &str {
        self.value.get("current-context").text()
    }

    /// A context by name.
    pub(crate) fn context(&self, name: &str) -> Option<&Value> {
        let all = self.value.get("contexts").as_array();
        all.iter().find(|c| c.get("name").text() == name).map(|c| c.get("context"))
    }

    /// The address of the current context's cluster.
    pub(crate) fn server(&self) -> &str {
        let cluster = self.context(self.current()).map_or("", |c| c.get("cluster").text());
        let all = self.value.get("clusters").as_array();
        all.iter()
            .find(|c| c.get("name").text() == cluster)
            .map_or("", |c| c.at(&["cluster", "server"]).text())
    }

    /// Writes a changed file.
    pub(crate) fn save(sys: &mut Sys, path: &str, value: &Value) -> Result<(), CmdError> {
        let mut value = value.clone();
        value.default_to("apiVersion", "v1");
        value.default_to("kind", "Config");
        let mut made = String::new();
        for part in path.split('/').take(path.split('/').count().saturating_sub(1)) {
            made.push_str(part);
            if !made.is_empty() {
                // A directory that is there already is what is wanted.
                let _ = sys.mkdir(&made, 0o755);
            }
            made.push('/');
        }
        sys.write_file(path, yaml::emit(&value).as_bytes()).map_err(|error| {
            CmdError::plain(format!("open {path}: {}", error.to_string().to_lowercase()))
        })
    }
}
