//! What images have in common: the usual commands and files, as busybox's and as GNU's.

use crate::os::{Image, ImageFile};

/// An image without anything, from which the others are made.
pub(super) const EMPTY: Image = Image {
    names: &[],
    tags: &[],
    size: 0,
    entrypoint: &[],
    cmd: &[],
    env: &[],
    user: 0,
    workdir: "/",
    files: &[],
    shell: false,
};

/// Users of the simulated images.
pub(super) const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
bin:x:2:2:bin:/bin:/usr/sbin/nologin\n\
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n\
nginx:x:101:101:nginx user:/nonexistent:/bin/false\n\
mysql:x:999:999::/var/lib/mysql:/bin/bash\n\
zookeeper:x:1000:1000:,,,:/home/zookeeper:/bin/bash\n\
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";

/// Groups of the simulated images.
pub(super) const GROUP: &str = "root:x:0:\ndaemon:x:1:\nbin:x:2:\ntty:x:5:\nwww-data:x:33:\nnginx:x:101:\n\
mysql:x:999:\nzookeeper:x:1000:\nnogroup:x:65534:\n";

/// A list of files with busybox's commands in front.
macro_rules! with_busybox {
    ($($file:expr),* $(,)?) => {
        $crate::images::base::commands!($($file),* ; "awk" "base64" "basename" "cat" "chgrp" "chmod" "chown" "clear"
            "cp" "cut" "date" "df" "diff" "dirname" "du" "echo" "env" "expr" "false" "find" "free" "getent" "grep"
            "egrep" "fgrep" "head" "hostname" "id" "kill" "killall" "less" "ln" "ls" "md5sum" "mkdir" "mktemp" "more"
            "mv" "nc" "nice" "nl" "nohup" "nslookup" "pgrep" "ping" "pkill" "printenv" "printf" "ps" "pwd" "readlink"
            "realpath" "reset" "rev" "rm" "rmdir" "sed" "seq" "sha1sum" "sha256sum" "sleep" "sort" "stat" "sync"
            "tac" "tail" "tee" "test" "[" "time" "timeout" "top" "touch" "tr" "true" "tty" "uname" "uniq" "uptime"
            "vi" "watch" "wc" "wget" "which" "whoami" "xargs" "yes")
    };
}

/// A list of files with links to busybox behind it.
macro_rules! commands {
    ($($file:expr),* ; $($name:literal)*) => {
        &[
            ImageFile::Program("/bin/busybox", "busybox"),
            ImageFile::Program("/bin/sh", "sh"),
            $(ImageFile::Link(concat!("/bin/", $name), "busybox"),)*
            ImageFile::Text("/etc/passwd", 0o644, $crate::images::base::PASSWD),
            ImageFile::Text("/etc/group", 0o644, $crate::images::base::GROUP),
            ImageFile::Directory("/root", 0o700),
            ImageFile::Directory("/home", 0o755),
            ImageFile::Directory("/usr/bin", 0o755),
            ImageFile::Directory("/usr/sbin", 0o755),
            ImageFile::Directory("/sbin", 0o755),
            ImageFile::Directory("/lib", 0o755),
            ImageFile::Directory("/mnt", 0o755),
            ImageFile::Directory("/opt", 0o755),
            ImageFile::Directory("/sys", 0o555),
            ImageFile::Directory("/run", 0o755),
            ImageFile::Directory("/var/log", 0o755),
            ImageFile::Directory("/var/lib", 0o755),
            ImageFile::Link("/var/run", "/run"),
            $($file,)*
        ]
    };
}

/// A list of files with GNU's commands in front.
macro_rules! with_gnu {
    ($($file:expr),* $(,)?) => {
        $crate::images::base::gnu!($($file),* ; "awk" "base64" "basename" "cat" "chgrp" "chmod" "chown" "clear" "cp"
            "cut" "date" "df" "diff" "dirname" "du" "echo" "env" "expr" "false" "find" "free" "getent" "grep" "egrep"
            "fgrep" "head" "hostname" "id" "kill" "killall" "less" "ln" "ls" "md5sum" "mkdir" "mktemp" "more" "mv"
            "nice" "nl" "nohup" "pgrep" "ping" "pkill" "printenv" "printf" "ps" "pwd" "readlink" "realpath" "reset"
            "rev" "rm" "rmdir" "sed" "seq" "sha1sum" "sha256sum" "sleep" "sort" "stat" "sync" "tac" "tail" "tee"
            "test" "[" "time" "timeout" "top" "touch" "tr" "true" "tty" "uname" "uniq" "uptime" "watch" "wc" "which"
            "whoami" "xargs" "yes")
    };
}

/// A list of files with these programs in `/usr/bin`.
macro_rules! gnu {
    ($($file:expr),* ; $($name:literal)*) => {
        &[
            ImageFile::Link("/bin", "usr/bin"),
            ImageFile::Link("/sbin", "usr/sbin"),
            ImageFile::Link("/lib", "usr/lib"),
            ImageFile::Program("/usr/bin/bash", "bash"),
            ImageFile::Program("/usr/bin/sh", "sh"),
            $(ImageFile::Program(concat!("/usr/bin/", $name), $name),)*
            ImageFile::Directory("/root", 0o700),
            ImageFile::Directory("/home", 0o755),
            ImageFile::Directory("/usr/sbin", 0o755),
            ImageFile::Directory("/usr/lib", 0o755),
            ImageFile::Directory("/mnt", 0o755),
            ImageFile::Directory("/opt", 0o755),
            ImageFile::Directory("/sys", 0o555),
            ImageFile::Directory("/run", 0o755),
            ImageFile::Directory("/var/log", 0o755),
            ImageFile::Directory("/var/lib", 0o755),
            ImageFile::Link("/var/run", "/run"),
            $($file,)*
        ]
    };
}

pub(super) use {commands, gnu, with_busybox, with_gnu};

/// What every image with a shell has.
pub static BASE: &[ImageFile] = with_busybox![
    ImageFile::Program("/bin/bash", "bash"),
    ImageFile::Program("/usr/bin/curl", "curl"),
    ImageFile::Program("/usr/bin/dig", "dig"),
    ImageFile::Text(
        "/etc/os-release",
        0o644,
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
    ),
];
