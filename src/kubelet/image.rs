//! Image references, and what the simulated registries answer for them.
//! Upstream: pkg/kubelet/images, pkg/util/parsers, vendor/github.com/distribution/reference.

use crate::base::rng::Rng;
use crate::os::{Catalog, Image, Lookup};

/// A parsed image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// `docker.io/library/nginx`.
    pub(super) repository: String,
    /// `latest`, also when none was written; "" with a digest.
    pub(super) tag: String,
    /// `sha256:…`, or "".
    pub(super) digest: String,
}

impl Reference {
    /// The name with tag or digest: `docker.io/library/nginx:latest`.
    pub(super) fn full(&self) -> String {
        if self.digest.is_empty() {
            format!("{}:{}", self.repository, self.tag)
        } else {
            format!("{}@{}", self.repository, self.digest)
        }
    }

    /// The name under which an image catalogue knows it: without Docker's default registry and folder.
    fn familiar(&self) -> &str {
        let name = self.repository.strip_prefix("docker.io/").unwrap_or(&self.repository);
        name.strip_prefix("library/").unwrap_or(name)
    }
}

/// Reads an image reference.
///
/// # Errors
/// The reference parser's words.
pub(super) fn parse(text: &str) -> Result<Reference, String> {
    let invalid = || "invalid reference format".to_owned();
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, digest),
        None => (text, ""),
    };
    if text.contains('@') && !is_digest(digest) {
        return Err(invalid());
    }
    let slash = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[slash..].rfind(':') {
        Some(colon) => (&rest[..slash + colon], &rest[slash + colon + 1..]),
        None => (rest, ""),
    };
    let has_tag = name.len() < rest.len();
    let tag_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if has_tag && (tag.is_empty() || tag.len() > 128 || !tag.chars().all(tag_char)) {
        return Err(invalid());
    }
    let (domain, path) = match name.split_once('/') {
        Some((first, path))
            if first.contains(['.', ':']) || first == "localhost" || has_upper(first) =>
        {
            (first, path.to_owned())
        }
        Some(_) => ("docker.io", name.to_owned()),
        None => ("docker.io", format!("library/{name}")),
    };
    if has_upper(&path) {
        return Err(format!(
            "invalid reference format: repository name ({path}) must be lowercase"
        ));
    }
    if name.is_empty() || !path.split('/').all(is_component) || domain.is_empty() {
        return Err(invalid());
    }
    let tag = if tag.is_empty() && digest.is_empty() { "latest" } else { tag };
    Ok(Reference {
        repository: format!("{}/{path}", domain.replace("index.docker.io", "docker.io")),
        tag: tag.to_owned(),
        digest: digest.to_owned(),
    })
}

fn has_upper(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_uppercase())
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
    })
}

fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || matches!(c, '.' | '_' | '-'))
}

/// What a registry has for a reference.
#[derive(Clone, Copy)]
pub(super) enum Found {
    /// One of the simulated images.
    Known(&'static Image),
    /// An image that we do not have: a stand-in runs for it.
    StandIn(&'static Image),
}

impl Found {
    /// The image that runs.
    pub(super) fn image(self) -> &'static Image {
        match self {
            Found::Known(image) | Found::StandIn(image) => image,
        }
    }

    /// Whether only a stand-in runs.
    pub(super) fn is_stand_in(self) -> bool {
        matches!(self, Found::StandIn(_))
    }
}

/// Asks the simulated registries; what exists is [`Catalog::look_up`]'s to say.
///
/// # Errors
/// The container runtime's words.
pub(super) fn resolve(catalog: &Catalog, reference: &Reference) -> Result<Found, String> {
    let full = reference.full();
    match catalog.look_up(reference.familiar(), &reference.tag) {
        Lookup::Image(image) => Ok(Found::Known(image)),
        Lookup::StandIn(image) => Ok(Found::StandIn(image)),
        Lookup::NoRepository => Err(format!(
            "failed to pull and unpack image \"{full}\": failed to resolve image: pull access denied, repository does not \
             exist or may require authorization: server message: insufficient_scope: authorization failed"
        )),
        Lookup::NoTag => Err(format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve image: {full}: not \
             found"
        )),
    }
}

/// The digest of an image's contents: `sha256:…`. Invented, the same for equal names in every simulation.
pub(super) fn digest(reference: &Reference) -> String {
    if !reference.digest.is_empty() {
        return reference.digest.clone();
    }
    format!("sha256:{}", Rng { seed: 0 }.named("image", &reference.full(), 0).hex(64))
}

/// `docker.io/library/nginx@sha256:…`, as `imageID` in a status.
pub(super) fn image_id(reference: &Reference) -> String {
    format!("{}@{}", reference.repository, digest(reference))
}

/// Sizes that the recorded cluster's registry reported.
const RECORDED: [(&str, u64); 15] = [
    ("docker.io/library/busybox:latest", 91_689_734),
    ("docker.io/library/mysql:8.0", 63_765_693),
    ("docker.io/library/nginx:1.27", 39_803_262),
    ("docker.io/library/nginx:1.28", 48_535_922),
    ("docker.io/library/nginx:latest", 20_523_407),
    ("example.com/crash:1", 37_630_286),
    ("example.com/oom:1", 54_663_758),
    ("example.com/stubborn:1", 124_134_408),
    ("gcr.io/google-samples/cassandra:v13", 83_508_024),
    ("gcr.io/google_containers/nginx-slim:0.8", 103_935_731),
    ("registry.k8s.io/kube-proxy:v1.36.2", 141_803_488),
    ("registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10", 14_561_917),
    ("registry.k8s.io/nginx-slim:0.10", 111_507_705),
    ("registry.k8s.io/nginx-slim:0.7", 73_216_214),
    ("registry.k8s.io/nginx-slim:0.8", 58_783_270),
];

/// The size in bytes that is reported: as recorded, as the image says, or an invented one.
pub(super) fn size(found: Found, reference: &Reference) -> u64 {
    let full = reference.full();
    if let Some((_, size)) = RECORDED.iter().find(|(name, _)| *name == full) {
        return *size;
    }
    if found.is_stand_in() || found.image().size == 0 {
        Rng { seed: 0 }.named("image-size", &full, 0).range(10_000_000, 150_000_000) as u64
    } else {
        found.image().size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed_and_checked() {
        let full = |text| parse(text).map(|r| r.full());
        assert_eq!(full("nginx"), Ok("docker.io/library/nginx:latest".into()));
        assert_eq!(full("bitnami/redis:7"), Ok("docker.io/bitnami/redis:7".into()));
        assert_eq!(
            full("registry.k8s.io/nginx-slim:0.8"),
            Ok("registry.k8s.io/nginx-slim:0.8".into())
        );
        assert_eq!(full("localhost:5000/a/b"), Ok("localhost:5000/a/b:latest".into()));
        assert_eq!(
            full("NGINX"),
            Err("invalid reference format: repository name (library/NGINX) must be lowercase"
                .into())
        );
        for bad in ["", "a b", "a:", "-a", "a//b", "a@sha256:1", ":x", "é"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
