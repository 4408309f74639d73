//! `kubectl api-resources` and `kubectl api-versions`.
//!
//! Upstream: kubectl/pkg/cmd/apiresources.

use std::rc::Rc;

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::resources::Resource;
use super::super::{Cx, Next};
use crate::base::human::quote;
use crate::base::sort::InOrder;
use crate::base::tabwriter;

const FLAGS: &[Flag] = &[
    flag("api-group", Kind::Text, ""),
    flag("cached", Kind::Bool, "false"),
    flag("categories", Kind::Slice, ""),
    flag("namespaced", Kind::Bool, "true"),
    flag("no-headers", Kind::Bool, "false"),
    flag("output", Kind::Text, "").short('o'),
    flag("show-managed-fields", Kind::Bool, "false"),
    flag("sort-by", Kind::Text, ""),
    flag("verbs", Kind::Slice, ""),
];

pub(crate) static VERB: Verb =
    Verb { name: "api-resources", flags: &[FLAGS], run: Some(run), ..Verb::EMPTY };

pub(crate) static VERSIONS: Verb =
    Verb { name: "api-versions", run: Some(versions), ..Verb::EMPTY };

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    if !args.pos.is_empty() {
        return Err(CmdError::usage_help(
            &args.path,
            format!("unexpected arguments: [{}]", args.pos.join(" ")),
        ));
    }
    let output = args.text("output");
    if !matches!(output, "" | "wide" | "name") {
        if matches!(output, "json" | "yaml" | "kyaml") {
            return Err(CmdError::not_simulated(&format!("the output format {output}")));
        }
        return Err(CmdError::plain(format!(
            "unable to match a printer suitable for the output format {}, allowed formats are: json,kyaml,name,wide,yaml",
            quote(output)
        )));
    }
    let sort_by = args.text("sort-by");
    if !matches!(sort_by, "" | "name" | "kind") {
        return Err(CmdError::plain("--sort-by accepts only name or kind"));
    }
    let (verbs, categories) = (args.list("verbs"), args.list("categories"));
    let mapper = cx.mapper()?;
    let mut shown: Vec<&Rc<Resource>> = mapper
        .all
        .iter()
        .filter(|r| !args.changed("api-group") || r.group == args.text("api-group"))
        .filter(|r| !args.changed("namespaced") || r.namespaced == args.is("namespaced"))
        .filter(|r| verbs.iter().all(|v| r.verbs.contains(v)))
        .filter(|r| categories.iter().all(|c| r.categories.contains(c)))
        .collect();
    match sort_by {
        "name" => shown.order_by(|a, b| a.plural.cmp(&b.plural)),
        "kind" => shown.order_by(|a, b| a.kind.cmp(&b.kind)),
        _ => shown.order_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural))),
    }
    let mut text = String::new();
    if output == "name" {
        for resource in shown {
            text.push_str(&format!("{}\n", resource.group_resource()));
        }
        cx.out(&text);
        return Ok(Next::Done);
    }
    let wide = output == "wide";
    if !args.is("no-headers") {
        text.push_str("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND");
        text.push_str(if wide { "\tVERBS\tCATEGORIES\n" } else { "\n" });
    }
    for r in shown {
        text.push_str(&format!(
            "{}\t{}\t{}\t{}\t{}",
            r.plural,
            r.short.join(","),
            r.api_version(),
            r.namespaced,
            r.kind
        ));
        if wide {
            text.push_str(&format!("\t{}\t{}", r.verbs.join(","), r.categories.join(",")));
        }
        text.push('\n');
    }
    cx.out(&tabwriter::align(tabwriter::TABLE, &text));
    Ok(Next::Done)
}

fn versions(cx: &mut Cx) -> Result<Next, CmdError> {
    let mapper = cx.mapper()?;
    let mut names: Vec<String> = mapper.all.iter().map(|r| r.api_version()).collect();
    names.order();
    names.dedup();
    cx.out(&format!("{}\n", names.join("\n")));
    Ok(Next::Done)
}
