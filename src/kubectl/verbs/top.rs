//! `kubectl top`: what nodes and pods use.
//!
//! Upstream: kubectl/pkg/cmd/top. Simplified: there is no metrics server to ask.

use super::super::error::CmdError;
use super::super::flags::Verb;
use super::super::{Cx, Next};

pub(crate) static VERB: Verb = Verb { name: "top", subs: &[&NODE, &POD], ..Verb::EMPTY };

static NODE: Verb = Verb { name: "node", aliases: &["nodes", "no"], run: Some(run), ..Verb::EMPTY };

static POD: Verb = Verb { name: "pod", aliases: &["pods", "po"], run: Some(run), ..Verb::EMPTY };

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let groups = cx.call(crate::os::Request::get("/apis"))?;
    let groups = groups.get("groups").as_array().iter();
    let mut names = groups.map(|g| g.get("name").text());
    if names.any(|name| name == "metrics.k8s.io") {
        return Err(CmdError::not_simulated("kubectl top"));
    }
    Err(CmdError::plain("Metrics API not available"))
}
