//! A pod's volumes become file systems.
//! Upstream: pkg/kubelet/volumemanager, pkg/volume/{configmap,secret,projected,downwardapi,emptydir,hostpath}.
//! Simplified: files are written at once, without the links that upstream turns atomically; a container that
//! mounts a single file of a ConfigMap sees its changes, too.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

use crate::api::Key;
use crate::api::kinds::persistent_volume::PERSISTENT_VOLUME;
use crate::api::kinds::persistent_volume_claim::PERSISTENT_VOLUME_CLAIM;
use crate::api::kinds::pod::{
    Container, DownwardApiVolumeSource, KeyToPath, ProjectedVolumeSource, Volume,
};
use crate::base::rng::Rng;
use crate::base::value::Str;
use crate::kubelet::env::{data_of, expand};
use crate::kubelet::worker::Worker;
use crate::kubelet::{Cx, Shared};
use crate::os::kernel::FsId;
use crate::server::Server;

/// Directories that every node has.
const USUAL: [&str; 8] = ["/", "/etc", "/var", "/tmp", "/run", "/usr", "/proc", "/var/lib"];

/// A pod's mounted volumes.
#[derive(Clone, Debug, Default)]
pub(super) struct Mounts {
    /// File system and directory within it, by the volume's name.
    volumes: OrdMap<Str, (FsId, String)>,
    /// File systems that live with the pod.
    own: Vec<FsId>,
}

/// Files of a volume: path, contents, mode.
type Files = Vec<(String, Vec<u8>, u16)>;

/// The name under which readers of a ConfigMap or Secret are listed.
pub(super) fn source(plural: &str, ns: &str, name: &str) -> String {
    format!("{plural}/{ns}/{name}")
}

impl Worker {
    /// ConfigMaps and Secrets whose files the pod's volumes hold.
    pub(super) fn sources(&self) -> Vec<String> {
        let ns = &self.key.ns;
        let mut all = Vec::new();
        for volume in &self.pod.spec.volumes {
            if let Some(config) = &volume.config_map {
                all.push(source("configmaps", ns, &config.name));
            }
            if let Some(secret) = &volume.secret {
                all.push(source("secrets", ns, &secret.secret_name));
            }
            for part in volume.projected.iter().flat_map(|p| &p.sources) {
                if let Some(config) = &part.config_map {
                    all.push(source("configmaps", ns, &config.name));
                }
                if let Some(secret) = &part.secret {
                    all.push(source("secrets", ns, &secret.name));
                }
            }
        }
        // The certificate that every namespace has never changes.
        all.retain(|source| !source.ends_with("/kube-root-ca.crt"));
        all
    }

    /// Mounts all volumes, or says what is in the way.
    pub(super) fn try_mount(&mut self, k: &mut Shared, cx: &mut Cx) -> Vec<String> {
        let pod = self.pod.clone();
        let mut mounts = Mounts::default();
        let mut problems = Vec::new();
        for volume in &pod.spec.volumes {
            match self.mount_volume(volume, &mut mounts, k, cx) {
                Ok(place) => {
                    mounts.volumes.insert(volume.name.clone(), place);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            self.mounts = Some(Rc::new(mounts));
        } else {
            for fs in mounts.own {
                cx.kernel.remove_fs(fs);
            }
        }
        problems
    }

    fn mount_volume(
        &self,
        volume: &Volume,
        mounts: &mut Mounts,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Result<(FsId, String), String> {
        let group = self.pod.spec.security_context.fs_group;
        let group = group.and_then(|g| u32::try_from(g).ok()).unwrap_or(0);
        if let Some(claim) = &volume.persistent_volume_claim {
            return self.mount_claim(&claim.claim_name, group, k, cx);
        }
        if volume.ephemeral.is_some() {
            let name = format!("{}-{}", self.key.name, volume.name);
            return self.mount_claim(&name, group, k, cx);
        }
        if let Some(path) = &volume.host_path {
            return self.mount_host_path(volume, &path.path, k, cx);
        }
        if self.is_default_token(volume) {
            let key = (self.key.ns.clone(), self.pod.spec.service_account_name.clone());
            if let Some(fs) = k.tokens.get(&key) {
                return Ok((*fs, String::new()));
            }
            let files = self.files(volume, cx.server)?;
            let fs = cx.kernel.add_fs(0o755, 0);
            cx.kernel.fill_fs(fs, &files);
            k.tokens.insert(key, fs);
            return Ok((fs, String::new()));
        }
        let files = self.files(volume, cx.server)?;
        let mode = if volume.empty_dir.is_some() { 0o777 } else { 0o755 };
        let fs = cx.kernel.add_fs(mode, group);
        if !files.is_empty() {
            cx.kernel.fill_fs(fs, &files);
        }
        mounts.own.push(fs);
        Ok((fs, String::new()))
    }

    fn mount_claim(
        &self,
        claim: &str,
        group: u32,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Result<(FsId, String), String> {
        let key = Key::new(self.key.ns.clone(), claim);
        let Some(object) = cx.server.get(&PERSISTENT_VOLUME_CLAIM, &key) else {
            return Err(format!("persistentvolumeclaim \"{claim}\" not found"));
        };
        let name = object.at(&["spec", "volumeName"]).text();
        if name.is_empty() || object.at(&["status", "phase"]).text() != "Bound" {
            return Err(format!("PVC {}/{claim} is not bound", self.key.ns));
        }
        let Some(volume) = cx.server.get(&PERSISTENT_VOLUME, &Key::new("", name)) else {
            return Err(format!("persistentvolume \"{name}\" not found"));
        };
        let name = volume.name().clone();
        if let Some(fs) = k.volumes.get(&name) {
            return Ok((*fs, String::new()));
        }
        let fs = cx.kernel.add_fs(0o777, group);
        k.volumes.insert(name, fs);
        Ok((fs, String::new()))
    }

    fn mount_host_path(
        &self,
        volume: &Volume,
        path: &str,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Result<(FsId, String), String> {
        let kind = volume.host_path.as_ref().and_then(|p| p.kind.clone()).unwrap_or_default();
        let key = (self.node.clone(), Str::from(path));
        let known = k.host_paths.get(&key).copied();
        let wanted = match kind.as_str() {
            "Directory" => "directory",
            "File" => "file",
            "Socket" => "socket",
            _ => "",
        };
        let exists = known.is_some() || USUAL.contains(&path) || path.starts_with("/etc/");
        if !wanted.is_empty() && !exists {
            return Err(format!(
                "MountVolume.SetUp failed for volume \"{}\" : hostPath type check failed: {path} is not a {wanted}",
                volume.name
            ));
        }
        let fs = known.unwrap_or_else(|| cx.kernel.add_fs(0o755, 0));
        k.host_paths.insert(key, fs);
        Ok((fs, String::new()))
    }

    /// Whether a volume is the one that admission gives every pod.
    fn is_default_token(&self, volume: &Volume) -> bool {
        volume.name.starts_with("kube-api-access-")
            && volume.projected.as_ref().is_some_and(|p| p.sources.len() == 3)
    }

    /// The files of a volume that is made of objects.
    fn files(&self, volume: &Volume, server: &Server) -> Result<Files, String> {
        let failed = |problem: String| {
            format!("MountVolume.SetUp failed for volume \"{}\" : {problem}", volume.name)
        };
        let ns = &self.key.ns;
        if let Some(config) = &volume.config_map {
            let data = data_of(server, false, ns, &config.name);
            let mode = config.default_mode;
            return object_files(data, &config.items, mode, config.optional).map_err(failed);
        }
        if let Some(secret) = &volume.secret {
            let data = data_of(server, true, ns, &secret.secret_name);
            let mode = secret.default_mode;
            return object_files(data, &secret.items, mode, secret.optional).map_err(failed);
        }
        if let Some(downward) = &volume.downward_api {
            return self.downward_files(downward, downward.default_mode, server).map_err(failed);
        }
        if let Some(projected) = &volume.projected {
            return self.projected_files(projected, server).map_err(failed);
        }
        Ok(Files::new())
    }

    fn projected_files(
        &self,
        volume: &ProjectedVolumeSource,
        server: &Server,
    ) -> Result<Files, String> {
        let mode = volume.default_mode;
        let ns = &self.key.ns;
        let mut files = Files::new();
        for part in &volume.sources {
            if let Some(config) = &part.config_map {
                let data = data_of(server, false, ns, &config.name);
                // Its controller is not simulated in every cluster: the certificate is always there.
                let data = if config.name == "kube-root-ca.crt" && data.is_err() {
                    Ok([("ca.crt".to_owned(), CERTIFICATE.as_bytes().to_vec())].into())
                } else {
                    data
                };
                files.extend(object_files(data, &config.items, mode, config.optional)?);
            }
            if let Some(secret) = &part.secret {
                let data = data_of(server, true, ns, &secret.name);
                files.extend(object_files(data, &secret.items, mode, secret.optional)?);
            }
            if let Some(downward) = &part.downward_api {
                files.extend(self.downward_files(downward, mode, server)?);
            }
            if let Some(token) = &part.service_account_token {
                let account = format!("{ns}/{}", self.pod.spec.service_account_name);
                let text = token_text(server.rng, &account);
                files.push((token.path.to_string(), text.into_bytes(), 0o644));
            }
        }
        Ok(files)
    }

    fn downward_files(
        &self,
        volume: &DownwardApiVolumeSource,
        mode: Option<i32>,
        server: &Server,
    ) -> Result<Files, String> {
        let mut files = Files::new();
        for item in &volume.items {
            let text = if let Some(field) = &item.field_ref {
                self.field_value(field)?
            } else if let Some(resource) = &item.resource_field_ref {
                let Some(container) = self.pod.spec.containers.first() else { continue };
                let (name, what) = (&resource.container_name, &resource.resource);
                self.resource_value(name, what, &resource.divisor, container, server)
            } else {
                continue;
            };
            files.push((item.path.to_string(), text.into_bytes(), file_mode(item.mode.or(mode))));
        }
        Ok(files)
    }

    /// Brings the files of ConfigMaps and Secrets up to date.
    pub(super) fn refresh_files(&mut self, _: &mut Shared, cx: &mut Cx) {
        let Some(mounts) = self.mounts.clone() else { return };
        let pod = self.pod.clone();
        for volume in &pod.spec.volumes {
            let is_made = volume.config_map.is_some()
                || volume.secret.is_some()
                || (volume.projected.is_some() && !self.is_default_token(volume));
            let Some((fs, _)) = mounts.volumes.get(&volume.name).filter(|_| is_made) else {
                continue;
            };
            // What is gone meanwhile leaves the files as they are.
            if let Ok(files) = self.files(volume, cx.server) {
                cx.kernel.fill_fs(*fs, &files);
            }
        }
    }

    /// Where a container sees the pod's volumes.
    pub(super) fn container_mounts(
        &self,
        container: &Container,
        env: &OrdMap<String, String>,
    ) -> Vec<(String, FsId, String, bool)> {
        let Some(mounts) = &self.mounts else { return Vec::new() };
        container
            .volume_mounts
            .iter()
            .filter_map(|mount| {
                let (fs, root) = mounts.volumes.get(&mount.name)?;
                let sub = if mount.sub_path_expr.is_empty() {
                    mount.sub_path.to_string()
                } else {
                    expand(&mount.sub_path_expr, &|name| env.get(name).cloned())
                };
                let path = match (root.as_str(), sub.as_str()) {
                    ("", sub) => sub.to_owned(),
                    (root, "") => root.to_owned(),
                    (root, sub) => format!("{root}/{sub}"),
                };
                Some((mount.mount_path.to_string(), *fs, path, mount.read_only))
            })
            .collect()
    }

    /// The event for volumes that did not come in time.
    pub(super) fn mount_timeout(&self) -> String {
        let names: Vec<&str> = self.pod.spec.volumes.iter().map(|v| v.name.as_str()).collect();
        format!(
            "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed to process \
             volumes=[]: timed out waiting for the condition",
            names.join(" ")
        )
    }

    /// Forgets the file systems that live with the pod.
    pub(super) fn unmount(&mut self, cx: &mut Cx) {
        if !self.gone {
            return;
        }
        let Some(mounts) = self.mounts.take() else { return };
        for fs in &mounts.own {
            cx.kernel.remove_fs(*fs);
        }
    }
}

/// Picks a ConfigMap's or Secret's keys.
/// Upstream: pkg/volume/configmap/configmap.go, MakePayload.
fn object_files(
    data: Result<OrdMap<String, Vec<u8>>, String>,
    items: &[KeyToPath],
    mode: Option<i32>,
    optional: bool,
) -> Result<Files, String> {
    let data = match data {
        Ok(data) => data,
        Err(_) if optional => return Ok(Files::new()),
        Err(problem) => return Err(problem),
    };
    if items.is_empty() {
        let files = data.into_iter().map(|(key, value)| (key, value, file_mode(mode)));
        return Ok(files.collect());
    }
    let mut files = Files::new();
    for item in items {
        match data.get(&*item.key) {
            Some(value) => {
                let mode = file_mode(item.mode.or(mode));
                files.push((item.path.to_string(), value.clone(), mode));
            }
            None if optional => {}
            None => return Err("references non-existent config key: ".to_owned() + &item.key),
        }
    }
    Ok(files)
}

fn file_mode(mode: Option<i32>) -> u16 {
    mode.and_then(|m| u16::try_from(m).ok()).unwrap_or(0o644) & 0o777
}

/// A service account's token, which nothing checks: three parts as a real one has.
fn token_text(rng: Rng, account: &str) -> String {
    let mut draw = rng.named("token", account, 0);
    format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", draw.alphanum(160), draw.alphanum(86))
}

/// The simulated cluster's certificate.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIDBTCCAe2gAwIBAgIIc2ltdWxhdGVkMA0GCSqGSIb3DQEBCwUAMBUxEzARBgNV\n-----END CERTIFICATE-----\n";
