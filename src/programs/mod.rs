//! The programs that machines have: one file each, one entry here.
//!
//! A program knows its machine only through [`crate::os::Sys`]. What is not simulated is told as an error.
//! Where GNU's and busybox's words differ, those of the machine's own kind are used.

mod awk;
mod base64;
mod busybox;
mod cat;
mod chmod;
mod cp;
mod curl;
mod cut;
mod date;
mod diff;
mod dig;
mod echo;
mod editors;
mod env;
mod failures;
mod find;
mod getent;
mod grep;
mod head;
mod hostname;
mod id;
mod jq;
mod less;
mod ls;
mod machine;
mod mkdir;
mod nc;
mod nginx;
mod nslookup;
mod paths;
mod pause;
mod ping;
mod printf;
mod ps;
mod rev;
mod rm;
mod sed;
mod seq;
mod sleep;
mod sort;
mod stand_in;
mod stat;
mod sums;
mod support;
mod tail;
mod tee;
mod test;
mod tr;
mod truth;
mod uniq;
mod watch;
mod wc;
mod wget;
mod wrappers;
mod xargs;
mod yes;
pub mod zookeeper;

use crate::os::Program;

/// All programs.
pub static ALL: &[&Program] = &[
    &awk::AWK,
    &base64::BASE64,
    &busybox::BUSYBOX,
    &cat::CAT,
    &chmod::CHGRP,
    &chmod::CHMOD,
    &chmod::CHOWN,
    &cp::CP,
    &cp::LN,
    &cp::MV,
    &curl::CURL,
    &cut::CUT,
    &date::DATE,
    &diff::DIFF,
    &dig::DIG,
    &echo::ECHO,
    &editors::CODE,
    &editors::EMACS,
    &editors::NANO,
    &editors::VI,
    &editors::VIM,
    &env::ENV,
    &env::PRINTENV,
    &failures::CRASH,
    &failures::OOM,
    &failures::STUBBORN,
    &find::FIND,
    &getent::GETENT,
    &grep::EGREP,
    &grep::FGREP,
    &grep::GREP,
    &head::HEAD,
    &hostname::HOSTNAME,
    &id::ID,
    &id::WHOAMI,
    &jq::JQ,
    &less::LESS,
    &less::MORE,
    &ls::LS,
    &machine::CLEAR,
    &machine::DF,
    &machine::FREE,
    &machine::RESET,
    &machine::SYNC,
    &machine::TTY,
    &machine::UNAME,
    &machine::UPTIME,
    &mkdir::MKDIR,
    &mkdir::MKTEMP,
    &mkdir::TOUCH,
    &nc::NC,
    &nginx::ENTRYPOINT,
    &nginx::NGINX,
    &nslookup::NSLOOKUP,
    &paths::BASENAME,
    &paths::DIRNAME,
    &paths::PWD,
    &paths::READLINK,
    &paths::REALPATH,
    &paths::WHICH,
    &pause::PAUSE,
    &ping::PING,
    &printf::PRINTF,
    &ps::KILL,
    &ps::KILLALL,
    &ps::PGREP,
    &ps::PKILL,
    &ps::PS,
    &ps::TOP,
    &rev::NL,
    &rev::REV,
    &rev::TAC,
    &rm::RM,
    &rm::RMDIR,
    &sed::SED,
    &seq::SEQ,
    &sleep::SLEEP,
    &sort::SORT,
    &stand_in::STAND_IN,
    &stat::DU,
    &stat::STAT,
    &sums::MD5,
    &sums::SHA1,
    &sums::SHA256,
    &tail::TAIL,
    &tee::TEE,
    &test::BRACKET,
    &test::EXPR,
    &test::TEST,
    &tr::TR,
    &truth::FALSE,
    &truth::TRUE,
    &uniq::UNIQ,
    &watch::WATCH,
    &wc::WC,
    &wget::WGET,
    &wrappers::NICE,
    &wrappers::NOHUP,
    &wrappers::TIME,
    &wrappers::TIMEOUT,
    &xargs::XARGS,
    &yes::YES,
    &zookeeper::CLI,
    &zookeeper::SERVER,
    &zookeeper::START,
];
