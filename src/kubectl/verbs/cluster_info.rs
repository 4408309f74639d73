//! `kubectl cluster-info`.
//!
//! Upstream: kubectl/pkg/cmd/clusterinfo/clusterinfo.go.

use super::super::client::Selectors;
use super::super::error::CmdError;
use super::super::flags::Verb;
use super::super::{Cx, Next};
use crate::os::Accept;

pub(crate) static VERB: Verb =
    Verb { name: "cluster-info", subs: &[&DUMP], run: Some(run), ..Verb::EMPTY };

static DUMP: Verb = Verb {
    name: "dump",
    run: Some(|_| Err(CmdError::not_simulated("kubectl cluster-info dump"))),
    ..Verb::EMPTY
};

const GREEN: &str = "\u{1b}[0;32m";
const YELLOW: &str = "\u{1b}[0;33m";
const RESET: &str = "\u{1b}[0m";

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let server = cx.env.config.server().to_owned();
    let colors = cx.sys.is_tty(crate::os::STDOUT);
    let line = |name: &str, url: &str| {
        if colors {
            format!("{GREEN}{name}{RESET} is running at {YELLOW}{url}{RESET}\n")
        } else {
            format!("{name} is running at {url}\n")
        }
    };
    let mut text = line("Kubernetes control plane", &server);
    let services = cx.mapper()?.find("services")?;
    let selectors = Selectors {
        labels: "kubernetes.io/cluster-service=true".to_owned(),
        ..Selectors::default()
    };
    let list = cx.list(&services, "kube-system", &selectors, Accept::Json)?;
    for service in list.get("items").as_array() {
        let meta = service.get("metadata");
        let label = meta.get("labels").get("kubernetes.io/name").text();
        let name = if label.is_empty() { meta.get("name").text() } else { label };
        let port = service.at(&["spec", "ports"]).index(0).get("name").text();
        let port = if port.is_empty() { String::new() } else { format!(":{port}") };
        let url = format!(
            "{server}/api/v1/namespaces/{}/services/{}{port}/proxy",
            meta.get("namespace").text(),
            meta.get("name").text()
        );
        text.push_str(&line(name, &url));
    }
    text.push_str(
        "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n",
    );
    cx.out(&text);
    Ok(Next::Done)
}
