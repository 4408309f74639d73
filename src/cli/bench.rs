//! `bench`: how fast pods come to Ready, how much memory they take, how long a snapshot takes.

use std::process::ExitCode;
use std::time::Instant;

use crate::base::time::Span;
use crate::base::value::Value;
use crate::catalog;
use crate::cli::Arguments;
use crate::server::By;
use crate::value;
use crate::world::{Options, World};

/// Measures for 100, 1,000 and 10,000 pods, or for `--pods N` alone.
pub(super) fn bench(arguments: &Arguments) -> Result<ExitCode, String> {
    let sizes = match arguments.number("pods", 0)? {
        0 => vec![100, 1_000, 10_000],
        one => vec![one],
    };
    println!(
        "{:>7} {:>6} {:>10} {:>10} {:>9} {:>12} {:>12} {:>10}",
        "pods", "nodes", "ready", "pods/s", "events", "virtual", "memory/pod", "snapshot"
    );
    let mut times: Vec<(u64, f64)> = Vec::new();
    for pods in sizes {
        times.push((pods, measure(pods)?));
    }
    for pair in times.windows(2) {
        println!("time({}) / time({}) = {:.1}", pair[1].0, pair[0].0, pair[1].1 / pair[0].1);
    }
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::disallowed_methods)]
fn measure(pods: u64) -> Result<f64, String> {
    let nodes = pods.div_ceil(100).max(4);
    let mut options = Options::recorded(1);
    options.nodes = usize::try_from(nodes).unwrap_or(usize::MAX);
    let mut world = catalog::world(&options);
    world.advance(Span::seconds(2));
    let (memory, events) = (resident_kib(), world.events());
    let begin = world.now();
    let start = Instant::now();
    world
        .server
        .create(&crate::api::kinds::STATEFUL_SET, set(pods), By::user("bench"))
        .map_err(|e| e.message)?;
    world.settle();
    let key = crate::api::Key::new("default", "web");
    let ready = |world: &World| {
        let set = world.server.get(&crate::api::kinds::STATEFUL_SET, &key);
        set.map_or(0, |set| set.at(&["status", "readyReplicas"]).as_i64().unwrap_or(0)) as u64
    };
    while ready(&world) < pods {
        world.advance(Span::millis(20));
        if world.now() - begin > Span::seconds(3600) {
            return Err(format!("only {} of {pods} pods are Ready after an hour", ready(&world)));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let per_pod = (resident_kib().saturating_sub(memory)) as f64 / pods as f64;
    let start = Instant::now();
    let copy = world.clone();
    let snapshot = start.elapsed().as_secs_f64() * 1e3;
    println!(
        "{pods:>7} {nodes:>6} {:>8.3} s {:>10.0} {:>9} {:>10.1} s {per_pod:>8.1} KiB {snapshot:>7.2} ms",
        seconds,
        pods as f64 / seconds,
        copy.events() - events,
        (copy.now() - begin).as_seconds_f64(),
    );
    Ok(seconds)
}

fn set(pods: u64) -> Value {
    value!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "serviceName": "web",
            "replicas": pods,
            "podManagementPolicy": "Parallel",
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "nginx", "image": "registry.k8s.io/nginx-slim:0.8" }] },
            },
        },
    })
}

/// Memory that the process holds, in KiB; 0 where the system does not tell.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
