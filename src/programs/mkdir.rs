//! `mkdir`, `touch`, `mktemp`: make directories and files.

use crate::os::{Errno, Program, Sys};

use super::support::args::Tool;
use super::support::once::once;
use super::support::text::{is_busybox, is_dir, join};

/// `mkdir`.
pub(super) static MKDIR: Program = Program { name: "mkdir", start: |argv| once(argv, mkdir) };
/// `touch`.
pub(super) static TOUCH: Program = Program { name: "touch", start: |argv| once(argv, touch) };
/// `mktemp`.
pub(super) static MKTEMP: Program = Program { name: "mktemp", start: |argv| once(argv, mktemp) };

const TOOL: Tool = Tool {
    name: "mkdir",
    usage: "[-m MODE] [-pv] DIRECTORY...",
    options: "m:pv",
    long: &[("mode", 'm'), ("parents", 'p'), ("verbose", 'v')],
    trouble: 1,
};

const TOUCH_TOOL: Tool = Tool {
    name: "touch",
    usage: "[-cam] FILE...",
    options: "camh",
    long: &[("no-create", 'c')],
    trouble: 1,
};

const TEMP_TOOL: Tool = Tool {
    name: "mktemp",
    usage: "[-dqu] [-p DIR] [TEMPLATE]",
    options: "dqup:t",
    long: &[("directory", 'd'), ("quiet", 'q'), ("dry-run", 'u'), ("tmpdir", 'p')],
    trouble: 1,
};

fn mkdir(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return TOOL.missing_operand(sys);
    }
    let mode = match args.value('m').map(|m| u16::from_str_radix(m, 8)) {
        Some(Err(_)) => {
            let text = format!("invalid mode '{}'", args.value('m').unwrap_or(""));
            return TOOL.fail(sys, &text);
        }
        Some(Ok(mode)) => Some(mode),
        None => None,
    };
    let mut code = 0;
    for path in &args.operands {
        let made =
            if args.has('p') { parents(sys, path, args.has('v')) } else { sys.mkdir(path, 0o777) };
        if let Err(error) = made {
            let text = if is_busybox(sys) {
                format!("mkdir: can't create directory '{path}': {error}\n")
            } else {
                format!("mkdir: cannot create directory '{path}': {error}\n")
            };
            sys.eprint(&text);
            code = 1;
            continue;
        }
        if let Some(mode) = mode {
            // The directory was just made by this user.
            let _ = sys.chmod(path, mode);
        }
        if args.has('v') && !args.has('p') {
            sys.print(&format!("mkdir: created directory '{path}'\n"));
        }
    }
    code
}

fn parents(sys: &mut Sys, path: &str, verbose: bool) -> Result<(), Errno> {
    let mut made = String::new();
    if path.starts_with('/') {
        made.push('/');
    }
    for name in path.split('/').filter(|n| !n.is_empty()) {
        if !made.is_empty() && !made.ends_with('/') {
            made.push('/');
        }
        made.push_str(name);
        match sys.mkdir(&made, 0o777) {
            Ok(()) if verbose => sys.print(&format!("mkdir: created directory '{made}'\n")),
            Ok(()) => {}
            Err(Errno::Exists) if is_dir(sys, &made) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn touch(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TOUCH_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.operands.is_empty() {
        return if is_busybox(sys) {
            TOUCH_TOOL.missing_operand(sys)
        } else {
            sys.eprint("touch: missing file operand\nTry 'touch --help' for more information.\n");
            1
        };
    }
    let mut code = 0;
    for path in &args.operands {
        if args.has('c') && sys.stat(path, true).is_err() {
            continue;
        }
        if let Err(error) = sys.touch(path) {
            let text = if is_busybox(sys) {
                format!("touch: {path}: {error}\n")
            } else {
                format!("touch: cannot touch '{path}': {error}\n")
            };
            sys.eprint(&text);
            code = 1;
        }
    }
    code
}

fn mktemp(argv: &[String], sys: &mut Sys) -> i32 {
    let args = match TEMP_TOOL.parse(argv, sys) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let template = args.operands.first().map_or("tmp.XXXXXXXXXX", String::as_str);
    let marks = template.len() - template.trim_end_matches('X').len();
    if marks < 3 {
        return TEMP_TOOL.fail(sys, &format!("too few X's in template '{template}'"));
    }
    let dir = args.value('p').map(str::to_owned);
    let dir = dir.or_else(|| args.operands.is_empty().then(|| "/tmp".to_owned()));
    for n in 0..100 {
        let name = format!(
            "{}{}",
            &template[..template.len() - marks],
            sys.rng("mktemp", n + sys.now().0 as u64).alphanum(marks)
        );
        let path = dir.as_ref().map_or(name.clone(), |dir| join(dir, &name));
        if sys.stat(&path, false).is_ok() {
            continue;
        }
        let made = match (args.has('u'), args.has('d')) {
            (true, _) => Ok(()),
            (_, true) => sys.mkdir(&path, 0o700),
            _ => sys.touch(&path).and_then(|()| sys.chmod(&path, 0o600)),
        };
        return match made {
            Ok(()) => {
                sys.print(&format!("{path}\n"));
                0
            }
            Err(error) => {
                let text = format!("failed to create file via template '{template}': {error}");
                TEMP_TOOL.fail(sys, &text)
            }
        };
    }
    TEMP_TOOL.fail(sys, "no free name")
}
