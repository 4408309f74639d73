//! How long things take on a node: the delays that a kubelet and its container runtime add.
//!
//! Two profiles: [`RECORDED`] is calibrated on the recorded watches (their `.times.txt`), [`VISIBLE`]
//! is slow enough for a person to watch.

use crate::base::rng::Draw;
use crate::base::time::Span;

/// A delay drawn evenly between two bounds.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    low: Span,
    high: Span,
}

impl Delay {
    /// Between two numbers of milliseconds.
    pub const fn millis(low: i64, high: i64) -> Delay {
        Delay { low: Span::millis(low), high: Span::millis(high) }
    }

    /// Draws one delay.
    pub fn draw(self, draw: &mut Draw) -> Span {
        Span(draw.range(self.low.0, self.high.0))
    }
}

/// The delays of one simulation.
#[derive(Debug)]
pub struct Profile {
    /// Images that worker nodes have from the beginning.
    pub images: &'static [&'static str],
    /// From a committed write until a kubelet acts on it.
    pub notice: Delay,
    /// From a status computed until it is written.
    pub report: Delay,
    /// Mounting a pod's volumes, at least one poll of the volume manager.
    pub mount: Delay,
    /// Starting a sandbox with its network.
    pub sandbox: Delay,
    /// Pulling an image that the node does not have.
    pub pull_cold: Delay,
    /// Asking the registry about an image that the node has.
    pub pull_warm: Delay,
    /// A pull that the registry refuses.
    pub pull_refused: Delay,
    /// Creating a container.
    pub create: Delay,
    /// Starting a created container.
    pub start: Delay,
    /// From the end of a container's main process until the runtime has noticed it.
    pub ended: Delay,
    /// Stopping the sandbox after its containers; longer than a report, so that both reports are seen.
    pub teardown: Delay,
    /// From the report that a container runs until its first readiness probe.
    pub first_probe: Delay,
}

/// Calibrated on the recordings, whose nodes had been used before.
pub const RECORDED: Profile = Profile {
    images: &[
        "busybox",
        "example.com/crash:1",
        "example.com/oom:1",
        "gcr.io/google-samples/cassandra:v13",
        "gcr.io/google_containers/nginx-slim:0.8",
        "nginx",
        "nginx:1.27",
        "nginx:1.28",
        "registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10",
        "registry.k8s.io/nginx-slim:0.7",
        "registry.k8s.io/nginx-slim:0.8",
    ],
    notice: Delay::millis(4, 12),
    report: Delay::millis(3, 10),
    mount: Delay::millis(300, 310),
    sandbox: Delay::millis(150, 350),
    pull_cold: Delay::millis(1000, 1900),
    pull_warm: Delay::millis(250, 480),
    pull_refused: Delay::millis(1000, 1500),
    create: Delay::millis(15, 40),
    start: Delay::millis(20, 60),
    ended: Delay::millis(0, 8),
    teardown: Delay::millis(12, 25),
    first_probe: Delay::millis(20, 60),
};

/// The page's default: a pod takes a few seconds, so that each step can be seen.
pub const VISIBLE: Profile = Profile {
    images: &[],
    notice: Delay::millis(20, 60),
    report: Delay::millis(20, 60),
    mount: Delay::millis(600, 900),
    sandbox: Delay::millis(600, 1000),
    pull_cold: Delay::millis(1800, 3000),
    pull_warm: Delay::millis(300, 600),
    pull_refused: Delay::millis(1000, 1800),
    create: Delay::millis(150, 300),
    start: Delay::millis(250, 500),
    ended: Delay::millis(20, 60),
    teardown: Delay::millis(70, 140),
    first_probe: Delay::millis(150, 400),
};
