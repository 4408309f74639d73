//! `kubectl diff`: what applying files would change.
//!
//! Upstream: kubectl/pkg/cmd/diff/diff.go. Simplified: always the program `diff`, never another.

use super::super::error::{self, CmdError};
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::print;
use super::super::resources::{Info, Query};
use super::super::{Cx, Flow, Machine, Next};
use super::apply::{self, How};
use super::common::{self, DryRun};
use crate::base::value::Value;
use crate::base::yaml;
use crate::os::{Method, Pid, Request, STDERR, STDIN, STDOUT, Spawn, Wait};

const FLAGS: &[Flag] = &[
    flag("concurrency", Kind::Int, "1"),
    flag("field-manager", Kind::Text, "kubectl-client-side-apply"),
    flag("show-managed-fields", Kind::Bool, "false"),
];

pub(crate) static VERB: Verb = Verb {
    name: "diff",
    flags: &[FLAGS, common::FILES, common::SELECTOR],
    run: Some(|cx| run(cx).map_err(|error| trouble(&error))),
    ..Verb::EMPTY
};

/// Like the program `diff`: 1 says that something differs, so trouble is 2.
fn trouble(error: &CmdError) -> CmdError {
    CmdError::Exit(2, error::render(error).0)
}

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if !args.pos.is_empty() {
        let text = format!("Unexpected args: [{}]", args.pos.join(" "));
        return Err(CmdError::usage_help(&args.path, text));
    }
    common::require_files(&args)?;
    let query = Query { strict: true, ..Query::of(cx) };
    let infos = query.run(cx)?.all()?;
    let mut directory = |name: &str, n: u64| {
        let unique = cx.sys.rng("kubectl-diff", n).range(100_000_000, 4_000_000_000);
        let path = format!("/tmp/{name}-{unique}");
        cx.sys.mkdir(&path, 0o700).map_err(|e| CmdError::plain(e.to_string()))?;
        Ok::<String, CmdError>(path)
    };
    let (live_dir, merged_dir) = (directory("LIVE", 0)?, directory("MERGED", 1)?);
    let mut written = Vec::new();
    for info in &infos {
        let (mut live, mut merged) = versions(cx, info)?;
        if info.resource.kind == "Secret" {
            mask(&mut live, &mut merged);
        }
        for (directory, object) in [(&live_dir, live), (&merged_dir, merged)] {
            let path = format!("{directory}/{}", file_name(info));
            let text = if object.is_null() { String::new() } else { shown(cx, &object) };
            if text.is_empty() {
                continue;
            }
            cx.sys
                .write_file(&path, text.as_bytes())
                .map_err(|e| CmdError::plain(format!("open {path}: {e}")))?;
            written.push(path);
        }
    }
    let argv = ["diff", "-u", "-N", &live_dir, &merged_dir].map(str::to_owned).to_vec();
    let fds = vec![(STDIN, STDIN), (STDOUT, STDOUT), (STDERR, STDERR)];
    let child = cx.sys.spawn(Spawn { argv, fds, ..Spawn::default() }).map_err(|_| {
        CmdError::plain("failed to run \"diff\": executable file not found in $PATH")
    })?;
    written.extend([live_dir, merged_dir]);
    Ok(Next::Wait(Box::new(Comparing { child, written })))
}

fn shown(cx: &Cx, object: &Value) -> String {
    if cx.env.args.is("show-managed-fields") {
        yaml::emit(object)
    } else {
        yaml::emit(&print::without_managed_fields(object))
    }
}

/// `apps.v1.Deployment.default.web`.
fn file_name(info: &Info) -> String {
    let r = &info.resource;
    let group = if r.group.is_empty() { String::new() } else { format!("{}.", r.group) };
    format!("{group}{}.{}.{}.{}", r.version, r.kind, info.ns, info.name)
}

/// The object as it is, and as it would be; `Null` when it is not there yet.
fn versions(cx: &mut Cx, info: &Info) -> Result<(Value, Value), CmdError> {
    let live = match cx.get(&info.resource, &info.ns, &info.name) {
        Ok(live) => live,
        Err(error) if error.is_not_found() => {
            let path = info.resource.path(&info.ns, "");
            let request = Request::new(Method::Post, path).body(info.object.clone());
            let merged = cx.call(request.param("dryRun", "All"))?;
            return Ok((Value::Null, merged));
        }
        Err(error) => return Err(error),
    };
    let how = How { dry_run: DryRun::Server, validation: "Ignore" };
    let mut modified = info.object.clone();
    if modified.at(&["metadata", "annotations"]).as_map().is_none() {
        modified.set_at(&["metadata", "annotations"], Value::map());
    }
    let (_, merged) = apply::patch_one(cx, info, &live, &modified, how)?;
    Ok((live, merged))
}

/// Hides a Secret's values, and whether they differ by what stands for them.
/// Upstream: diff.go, Masker.
fn mask(live: &mut Value, merged: &mut Value) {
    let (before, after) = (live.get("data").clone(), merged.get("data").clone());
    let hide = |object: &mut Value, own: &Value, other: &Value, differs: &str| {
        for (key, value) in own.entries() {
            let there = other.get(key);
            let text = if there.is_null() || there == value { "***" } else { differs };
            object.set_at(&["data", key.as_str()], text);
        }
    };
    hide(live, &before, &after, "*** (before)");
    hide(merged, &after, &before, "*** (after)");
}

/// Waits for `diff`, and removes what it compared.
#[derive(Clone)]
struct Comparing {
    child: Pid,
    written: Vec<String>,
}

impl Machine for Comparing {
    fn step(&mut self, cx: &mut Cx) -> Result<Flow, CmdError> {
        let Some((_, code)) = cx.sys.wait(Some(self.child)) else {
            return Ok(Flow::Wait(Wait::children()));
        };
        for path in &self.written {
            // What cannot be removed lies in a directory of its own.
            let _ = cx.sys.remove(path);
        }
        Ok(Flow::Exit(code))
    }

    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}
