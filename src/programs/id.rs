//! `id`, `whoami`, `groups`: who the user is.

use crate::os::{Program, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::{group_name, id_of, is_busybox, name_of, user_name};

/// `id`.
pub(super) static ID: Program = Program { name: "id", start: |argv| once(argv, id) };
/// `whoami`.
pub(super) static WHOAMI: Program = Program { name: "whoami", start: |argv| once(argv, whoami) };

const TOOL: Tool = Tool {
    name: "id",
    usage: "[-ugGnr] [USER]",
    options: "ugGnr",
    long: &[("user", 'u'), ("group", 'g'), ("groups", 'G'), ("name", 'n'), ("real", 'r')],
    trouble: 1,
};

fn id(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let (mut uid, mut gid) = sys.user();
    let mut others = sys.groups();
    if let Some(name) = args.operands.first() {
        let Some(found) =
            id_of(sys, "/etc/passwd", name).filter(|u| name_of(sys, "/etc/passwd", *u).is_some())
        else {
            let text = if is_busybox(sys) {
                format!("unknown user {name}")
            } else {
                format!("'{name}': no such user")
            };
            return TOOL.fail(sys, &text);
        };
        (uid, gid) = (found, found);
        others.clear();
    }
    let mut groups = vec![gid];
    groups.extend(others.into_iter().filter(|g| *g != gid));
    let named = args.has('n');
    let user = |uid: u32| if named { user_name(sys, uid) } else { uid.to_string() };
    let group = |gid: u32| if named { group_name(sys, gid) } else { gid.to_string() };
    let text = if args.has('u') {
        user(uid)
    } else if args.has('g') {
        group(gid)
    } else if args.has('G') {
        groups.iter().map(|g| group(*g)).collect::<Vec<_>>().join(" ")
    } else {
        let with_name = |id: u32, file: &str| match name_of(sys, file, id) {
            Some(name) => format!("{id}({name})"),
            None => id.to_string(),
        };
        let list: Vec<String> = groups.iter().map(|g| with_name(*g, "/etc/group")).collect();
        format!(
            "uid={} gid={} groups={}",
            with_name(uid, "/etc/passwd"),
            with_name(gid, "/etc/group"),
            list.join(",")
        )
    };
    sys.print(&format!("{text}\n"));
    0
}

fn whoami(_: &[String], sys: &mut Sys) -> i32 {
    let (uid, _) = sys.user();
    match name_of(sys, "/etc/passwd", uid) {
        Some(name) => {
            sys.print(&format!("{name}\n"));
            0
        }
        None => {
            let text = if is_busybox(sys) {
                format!("whoami: unknown uid {uid}\n")
            } else {
                format!("whoami: cannot find name for user ID {uid}\n")
            };
            sys.eprint(&text);
            1
        }
    }
}
