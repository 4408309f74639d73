//! The learner's own machine: bash, kubectl, editors and the usual commands.

use crate::images::base::{EMPTY, GROUP, with_gnu};
use crate::os::{Image, ImageFile};

/// The user's number on the learner's machine.
pub const LEARNER: u32 = 1000;

/// Where the learner's files are.
pub const HOME: &str = "/home/learner";

const USERS: &str = "root:x:0:0:root:/root:/bin/bash\n\
learner:x:1000:1000:Learner:/home/learner:/bin/bash\n\
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";

const GROUPS: &str = "root:x:0:\nlearner:x:1000:\nnogroup:x:65534:\n";

const RC: &str = "alias ls='ls --color=auto'\nalias ll='ls -alF'\nalias k=kubectl\n";

/// The learner's machine.
pub static LAPTOP: Image = Image {
    names: &["tabernetes-laptop"],
    cmd: &["bash"],
    env: &[
        ("USER", "learner"),
        ("LOGNAME", "learner"),
        ("SHELL", "/bin/bash"),
        ("LANG", "C.UTF-8"),
    ],
    user: LEARNER,
    workdir: HOME,
    files: with_gnu![
        ImageFile::Program("/usr/local/bin/kubectl", "kubectl"),
        ImageFile::Program("/usr/bin/curl", "curl"),
        ImageFile::Program("/usr/bin/wget", "wget"),
        ImageFile::Program("/usr/bin/jq", "jq"),
        ImageFile::Program("/usr/bin/nano", "nano"),
        ImageFile::Program("/usr/bin/vi", "vi"),
        ImageFile::Program("/usr/bin/vim", "vim"),
        ImageFile::Program("/usr/bin/emacs", "emacs"),
        ImageFile::Program("/usr/bin/code", "code"),
        ImageFile::Program("/usr/bin/dig", "dig"),
        ImageFile::Program("/usr/bin/nslookup", "nslookup"),
        ImageFile::Program("/usr/bin/nc", "nc"),
        ImageFile::Text("/etc/passwd", 0o644, USERS),
        ImageFile::Text("/etc/group", 0o644, GROUPS),
        ImageFile::Text(
            "/etc/os-release",
            0o644,
            "PRETTY_NAME=\"Tabernetes\"\nNAME=\"Tabernetes\"\nID=tabernetes\n"
        ),
        ImageFile::Directory("/home/learner", 0o755),
        ImageFile::Text("/home/learner/.bashrc", 0o644, RC),
    ],
    ..EMPTY
};

/// A cluster node's own machine, on which the kubelet runs what is not in a container.
pub static NODE: Image = Image {
    names: &["tabernetes-node"],
    cmd: &["bash"],
    files: with_gnu![
        ImageFile::Program("/usr/bin/curl", "curl"),
        ImageFile::Text("/etc/passwd", 0o644, USERS),
        ImageFile::Text("/etc/group", 0o644, GROUP),
    ],
    ..EMPTY
};
