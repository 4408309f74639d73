//! Images that people debug with: curl, DNS tools, agnhost, netshoot.

use crate::images::base::EMPTY;
use crate::os::{Image, ImageFile};

/// `curlimages/curl`: curl is its entry point.
pub(super) static CURL: Image = Image {
    names: &["curlimages/curl", "appropriate/curl", "quay.io/curl/curl"],
    entrypoint: &["curl"],
    user: 100,
    shell: true,
    ..EMPTY
};

/// `radial/busyboxplus:curl` and its like: a shell with curl.
pub(super) static CURL_SHELL: Image = Image {
    names: &[
        "radial/busyboxplus",
        "radialbusyboxplus",
        "odise/busybox-curl",
        "yauritux/busybox-curl",
    ],
    cmd: &["/bin/sh"],
    shell: true,
    ..EMPTY
};

/// The Kubernetes documentation's image with DNS tools.
pub(super) static DNSUTILS: Image = Image {
    names: &[
        "registry.k8s.io/e2e-test-images/jessie-dnsutils",
        "registry.k8s.io/e2e-test-images/agnhost",
        "gcr.io/kubernetes-e2e-test-images/dnsutils",
        "tutum/dnsutils",
    ],
    cmd: &["sleep", "infinity"],
    files: &[ImageFile::Program("/usr/bin/nslookup", "nslookup")],
    shell: true,
    ..EMPTY
};

/// `nicolaka/netshoot`.
pub(super) static NETSHOOT: Image = Image {
    names: &["nicolaka/netshoot"],
    cmd: &["bash"],
    files: &[ImageFile::Program("/usr/bin/nslookup", "nslookup")],
    shell: true,
    ..EMPTY
};
