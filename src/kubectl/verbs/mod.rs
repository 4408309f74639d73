//! The registry of commands: one file each, one entry here.

mod annotate;
mod api_resources;
mod apply;
mod attach;
mod autoscale;
mod cluster_info;
mod common;
mod complete;
mod config;
mod cordon;
mod create;
mod delete;
mod describe;
mod diff;
mod drain;
mod edit;
mod events;
mod exec;
mod explain;
mod expose;
mod get;
mod label;
mod logs;
mod missing;
mod patch;
mod replace;
mod rollout;
mod run;
mod scale;
mod set;
mod taint;
mod top;
mod version;
mod wait;

use super::flags::Verb;

/// `kubectl` itself.
pub(crate) static ROOT: Verb = Verb {
    name: "kubectl",
    subs: &[
        &create::VERB,
        &expose::VERB,
        &run::VERB,
        &set::VERB,
        &explain::VERB,
        &get::VERB,
        &edit::VERB,
        &delete::VERB,
        &rollout::VERB,
        &scale::VERB,
        &autoscale::VERB,
        &missing::CERTIFICATE,
        &cluster_info::VERB,
        &top::VERB,
        &cordon::CORDON,
        &cordon::UNCORDON,
        &drain::VERB,
        &taint::VERB,
        &describe::VERB,
        &logs::VERB,
        &attach::VERB,
        &exec::VERB,
        &missing::PORT_FORWARD,
        &missing::PROXY,
        &missing::CP,
        &missing::AUTH,
        &missing::DEBUG,
        &events::VERB,
        &diff::VERB,
        &apply::VERB,
        &patch::VERB,
        &replace::VERB,
        &wait::VERB,
        &missing::KUSTOMIZE,
        &label::VERB,
        &annotate::VERB,
        &missing::COMPLETION,
        &api_resources::VERB,
        &api_resources::VERSIONS,
        &config::VERB,
        &missing::PLUGIN,
        &version::VERB,
        &missing::OPTIONS,
        &missing::HELP,
        &complete::VERB,
    ],
    ..Verb::EMPTY
};
