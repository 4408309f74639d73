//! The nginx images: the official one in the versions that tutorials use, and the tutorials' small one.

use crate::images::base::EMPTY;
use crate::os::{Image, ImageFile};

const PAGE: &str = include_str!("nginx.html");

const CONF: &str = "\nuser  nginx;\nworker_processes  auto;\n\nerror_log  /var/log/nginx/error.log notice;\n\
pid        /run/nginx.pid;\n\n\nevents {\n    worker_connections  1024;\n}\n\n\nhttp {\n    include       /etc/nginx/mime.types;\n\
\x20   default_type  application/octet-stream;\n\n    access_log  /var/log/nginx/access.log;\n\n    sendfile        on;\n\n\
\x20   keepalive_timeout  65;\n\n    include /etc/nginx/conf.d/*.conf;\n}\n";

const SITE: &str = "server {\n    listen       80;\n    server_name  localhost;\n\n    location / {\n\
\x20       root   /usr/share/nginx/html;\n        index  index.html index.htm;\n    }\n\n\
\x20   error_page   500 502 503 504  /50x.html;\n    location = /50x.html {\n        root   /usr/share/nginx/html;\n    }\n}\n";

const FILES: &[ImageFile] = &[
    ImageFile::Program("/usr/sbin/nginx", "nginx"),
    ImageFile::Program("/docker-entrypoint.sh", "nginx-entrypoint"),
    ImageFile::Text("/etc/nginx/nginx.conf", 0o644, CONF),
    ImageFile::Text("/etc/nginx/mime.types", 0o644, "types {\n    text/html html htm;\n}\n"),
    ImageFile::Text("/etc/nginx/conf.d/default.conf", 0o644, SITE),
    ImageFile::Text("/usr/share/nginx/html/index.html", 0o644, PAGE),
    ImageFile::Text("/usr/share/nginx/html/50x.html", 0o644, "An error occurred.\n"),
    ImageFile::Link("/var/log/nginx/access.log", "/dev/stdout"),
    ImageFile::Link("/var/log/nginx/error.log", "/dev/stderr"),
];

/// The official image with this version's tags.
macro_rules! version {
    ($version:literal, $minor:literal $(, $tag:literal)*) => {
        &Image {
            names: &["nginx"],
            tags: &[
                concat!($minor, ".#"), concat!($minor, ".#-*"), $minor, concat!($minor, "-*") $(, $tag)*
            ],
            size: 0,
            entrypoint: &["/docker-entrypoint.sh"],
            cmd: &["nginx", "-g", "daemon off;"],
            env: &[("NGINX_VERSION", $version)],
            files: FILES,
            shell: true,
            ..EMPTY
        }
    };
}

pub(super) static V1_29: &Image = version!(
    "1.29.4",
    "1.29",
    "latest",
    "1",
    "1-*",
    "mainline",
    "mainline-*",
    "alpine",
    "alpine-*",
    "perl"
);
pub(super) static V1_28: &Image = version!("1.28.1", "1.28", "stable", "stable-*");
pub(super) static V1_27: &Image = version!("1.27.5", "1.27");
pub(super) static V1_26: &Image = version!("1.26.3", "1.26");
pub(super) static V1_25: &Image = version!("1.25.5", "1.25");
pub(super) static V1_24: &Image = version!("1.24.0", "1.24");
pub(super) static V1_23: &Image = version!("1.23.4", "1.23");
pub(super) static V1_22: &Image = version!("1.22.1", "1.22");
pub(super) static V1_21: &Image = version!("1.21.6", "1.21");
pub(super) static V1_20: &Image = version!("1.20.2", "1.20");
pub(super) static V1_19: &Image = version!("1.19.10", "1.19");
pub(super) static V1_18: &Image = version!("1.18.0", "1.18");
pub(super) static V1_17: &Image = version!("1.17.10", "1.17");
pub(super) static V1_16: &Image = version!("1.16.1", "1.16");
pub(super) static V1_15: &Image = version!("1.15.12", "1.15");
pub(super) static V1_14: &Image = version!("1.14.2", "1.14");
pub(super) static V1_13: &Image = version!("1.13.12", "1.13");
pub(super) static V1_12: &Image = version!("1.12.2", "1.12");
pub(super) static V1_11: &Image = version!("1.11.13", "1.11");
pub(super) static V1_10: &Image = version!("1.10.3", "1.10");
pub(super) static V1_9: &Image = version!("1.9.15", "1.9");
pub(super) static V1_7: &Image = version!("1.7.12", "1.7");

/// The tutorials' small image: nothing but nginx, and only its accesses are logged.
pub(super) static NGINX_SLIM: Image = Image {
    names: &[
        "registry.k8s.io/nginx-slim",
        "gcr.io/google_containers/nginx-slim",
        "gcr.io/google-containers/nginx-slim",
        "k8s.gcr.io/nginx-slim",
    ],
    tags: &["0.#"],
    cmd: &["nginx", "-g", "daemon off;"],
    files: FILES,
    shell: true,
    ..EMPTY
};
