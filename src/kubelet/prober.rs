//! Probes: whether containers have started, live, and are ready.
//! Upstream: pkg/kubelet/prober (worker.go, prober.go), pkg/probe.
//! Simplified: gRPC probes only ask whether something listens.

use std::rc::Rc;

use crate::api::IntOrString;
use crate::api::kinds::pod::{self, Container, HttpGetAction};
use crate::base::time::{Span, Time};
use crate::base::value::Str;
use crate::kubelet::actions::{Health, Place};
use crate::kubelet::kill::find;
use crate::kubelet::request::Get;
use crate::kubelet::runtime::RunState;
use crate::kubelet::status::{State, Verdict, is_sidecar, restarts_after};
use crate::kubelet::worker::Worker;
use crate::kubelet::{Cx, Event, Shared, Task};
use crate::os::kernel::{StartSpec, Stdio};
use crate::os::{Pid, Signal};

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Startup,
    Liveness,
    Readiness,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Purpose::Startup => "Startup",
            Purpose::Liveness => "Liveness",
            Purpose::Readiness => "Readiness",
        }
    }
}

/// A probe of one container.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    container: Str,
    purpose: Purpose,
    spec: Rc<pod::Probe>,
    /// The container that it has been probing, by `containerd://…`.
    id: String,
    /// The settled result; `None` before there is one.
    settled: Option<bool>,
    last: Option<bool>,
    run: i32,
    /// Not probed again before there is a new container.
    on_hold: bool,
    token: u64,
    /// The next regular probe.
    next: Time,
    process: Option<Pid>,
    stopped: bool,
}

impl Worker {
    /// Begins to probe the pod's containers, once.
    pub(super) fn add_probes(&mut self, k: &mut Shared, cx: &mut Cx) {
        if self.probing {
            return;
        }
        self.probing = true;
        let pod = self.pod.clone();
        let sidecars = pod.spec.init_containers.iter().filter(|c| is_sidecar(c));
        for container in pod.spec.containers.iter().chain(sidecars) {
            let probes = [
                (Purpose::Startup, &container.startup_probe),
                (Purpose::Readiness, &container.readiness_probe),
                (Purpose::Liveness, &container.liveness_probe),
            ];
            for (purpose, spec) in probes {
                let Some(spec) = spec else { continue };
                self.probes.push(Probe {
                    container: container.name.clone(),
                    purpose,
                    spec: Rc::new(spec.clone()),
                    id: String::new(),
                    settled: None,
                    last: None,
                    run: 0,
                    on_hold: false,
                    token: 0,
                    next: Time::default(),
                    process: None,
                    stopped: false,
                });
            }
        }
        for index in 0..self.probes.len() {
            self.appoint(index, cx.now(), cx);
        }
        let _ = k;
    }

    /// The kubelet has been started again: regular probes go on from a random moment of their period.
    pub(super) fn restart_probes(&mut self, cx: &mut Cx) {
        for index in 0..self.probes.len() {
            let period = period(&self.probes[index].spec);
            let n = self.draw_number();
            let wait = cx.server.rng.named("probe", &self.uid, n).range(0, period.0);
            self.probes[index].process = None;
            self.appoint(index, cx.now() + Span(wait), cx);
        }
    }

    fn appoint(&mut self, index: usize, at: Time, cx: &mut Cx) {
        let token = self.draw_number();
        let Some(probe) = self.probes.get_mut(index) else { return };
        probe.token = token;
        probe.next = at;
        cx.wake(at, Event::Probe(self.id, index, token));
    }

    /// No more startup and liveness probes, as the pod is to end; with `all`, no readiness probes either.
    pub(super) fn stop_probes(&mut self, all: bool) {
        for probe in &mut self.probes {
            if all || probe.purpose != Purpose::Readiness {
                probe.stopped = true;
                probe.token = 0;
            }
        }
    }

    /// What the startup and the readiness probe say of a running container.
    pub(super) fn verdicts(&self, name: &str, id: &str) -> (Verdict, Verdict) {
        let verdict = |purpose| {
            let probe = self.probes.iter().find(|p| p.container == *name && p.purpose == purpose);
            match probe {
                None => Verdict::NoProbe,
                Some(probe) if probe.id == id && probe.settled == Some(true) => Verdict::Passed,
                Some(_) => Verdict::NotPassed,
            }
        };
        (verdict(Purpose::Startup), verdict(Purpose::Readiness))
    }

    /// What the probes ask of a running container.
    pub(super) fn probe_health(&self, name: &str, id: &str) -> Health {
        let mut health = Health::default();
        for probe in self.probes.iter().filter(|p| p.container == *name) {
            let settled = probe.settled.filter(|_| probe.id == id);
            match probe.purpose {
                Purpose::Liveness => health.unlive = settled == Some(false),
                Purpose::Startup => {
                    health.unstarted = settled == Some(false);
                    health.starting = settled.is_none();
                }
                Purpose::Readiness => {}
            }
        }
        health
    }

    /// A started container that is not ready yet is probed at once. Upstream: UpdatePodStatus.
    pub(super) fn trigger_readiness(&mut self, name: &str, k: &Shared, cx: &mut Cx) {
        let found = self
            .probes
            .iter()
            .position(|p| p.container == *name && p.purpose == Purpose::Readiness && !p.stopped);
        if let Some(index) = found {
            let n = self.draw_number();
            let wait = k.delay(cx, "first-probe", &self.uid, n, |p| p.first_probe);
            self.appoint(index, cx.now() + wait, cx);
        }
    }

    /// A probe is due. Upstream: doProbe.
    pub(super) fn probe_due(&mut self, index: usize, token: u64, k: &mut Shared, cx: &mut Cx) {
        let Some(probe) = self.probes.get(index) else { return };
        if probe.token != token || probe.stopped {
            return;
        }
        let (spec, busy) = (probe.spec.clone(), probe.process.is_some());
        // The next regular probe does not wait for this one.
        self.appoint(index, cx.now() + period(&spec), cx);
        if !busy {
            self.probe(index, k, cx);
        }
    }

    fn probe(&mut self, index: usize, k: &mut Shared, cx: &mut Cx) {
        let probe = &self.probes[index];
        let (name, purpose, spec) = (probe.container.clone(), probe.purpose, probe.spec.clone());
        if self.status.phase.is_terminal() {
            self.probes[index].stopped = true;
            return;
        }
        let Some(status) = self.status.container(&name).cloned() else { return };
        if status.container_id.is_empty() {
            return;
        }
        if probe.id != status.container_id {
            let probe = &mut self.probes[index];
            probe.id.clone_from(&status.container_id);
            probe.on_hold = false;
            probe.settled = None;
            let first = match purpose {
                Purpose::Readiness => Some(false),
                Purpose::Liveness => Some(true),
                Purpose::Startup => None,
            };
            self.settle(index, first, k, cx);
        }
        if self.probes[index].on_hold {
            return;
        }
        let State::Running { since } = status.state else {
            self.settle(index, Some(false), k, cx);
            let pod = self.pod.clone();
            if let (State::Terminated(ended), Some((_, container))) =
                (&status.state, find(&pod, &name))
                && !restarts_after(&pod.spec, container, ended.exit_code)
            {
                self.probes[index].stopped = true;
            }
            return;
        };
        if self.pod.meta.is_deleting() && purpose != Purpose::Readiness {
            self.probes[index].settled = Some(true);
            self.probes[index].stopped = true;
            return;
        }
        let age = (cx.now() - since).whole_seconds();
        if age < i64::from(spec.initial_delay_seconds) {
            return;
        }
        if status.started == (purpose == Purpose::Startup) {
            return;
        }
        self.run_probe(index, &spec, k, cx);
    }

    fn run_probe(&mut self, index: usize, spec: &pod::Probe, k: &mut Shared, cx: &mut Cx) {
        let name = self.probes[index].container.clone();
        let pod = self.pod.clone();
        let Some((_, container)) = find(&pod, &name) else { return };
        let Some(instance) = self.runtime.latest(&name).filter(|i| i.state == RunState::Running)
        else {
            return;
        };
        let (serial, machine, stand_in) = (instance.serial, instance.machine, instance.stand_in);
        let started = instance.started.unwrap_or_default();
        if let Some(exec) = &spec.exec {
            if let Some(passes) = scripted(&exec.command, cx.now() - started) {
                let output = "cat: can't open '/tmp/healthy': No such file or directory\n";
                let output = if passes { "" } else { output };
                return self.judge(index, passes, output, k, cx);
            }
            let Some(machine) = machine else { return };
            let argv: Vec<String> = exec.command.iter().map(ToString::to_string).collect();
            let request = StartSpec { argv, stdio: Stdio::Collect, ..self.exec_spec(serial, cx) };
            match cx.kernel.start(machine, request) {
                Ok(pid) => self.await_probe(index, pid, spec, k, cx),
                // A stand-in has none of the image's own programs.
                Err(_) if stand_in => self.judge(index, true, "", k, cx),
                Err(errno) => {
                    let program = exec.command.first().map_or("", Str::as_str);
                    let message = super::start::exec_error(program, errno);
                    self.probe_errored(index, &message, cx);
                }
            }
            return;
        }
        if let Some(request) = &spec.http_get {
            if let Some(pid) = self.send_request(request, serial, k, cx) {
                self.await_probe(index, pid, spec, k, cx);
            }
            return;
        }
        let (port, host) = match (&spec.tcp_socket, &spec.grpc) {
            (Some(tcp), _) => (resolve_port(&tcp.port, container), tcp.host.to_string()),
            (None, Some(grpc)) => (u16::try_from(grpc.port).ok(), String::new()),
            (None, None) => return,
        };
        let host = if host.is_empty() { self.status.pod_ip.to_string() } else { host };
        let Some(port) = port else { return };
        let open = cx.kernel.is_listening(&host, port);
        let message = format!("dial tcp {host}:{port}: connect: connection refused");
        self.judge(index, open, if open { "" } else { &message }, k, cx);
    }

    fn await_probe(
        &mut self,
        index: usize,
        pid: Pid,
        spec: &pod::Probe,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        k.processes.insert(pid, (self.id, Task::Probe(index)));
        self.probes[index].process = Some(pid);
        let limit = Span::seconds(i64::from(spec.timeout_seconds.max(1)));
        cx.wake(cx.now() + limit, Event::ProbeTimeout(self.id, index, u64::from(pid)));
    }

    /// A probe's process has ended.
    pub(super) fn probe_ended(
        &mut self,
        index: usize,
        pid: Pid,
        code: i32,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let output = cx.kernel.output_of(pid);
        let Some(probe) = self.probes.get_mut(index) else { return };
        if probe.process != Some(pid) {
            return;
        }
        probe.process = None;
        if probe.stopped {
            return;
        }
        let same = self.status.container(&self.probes[index].container);
        if same.is_none_or(|c| c.container_id != self.probes[index].id) {
            return;
        }
        let name = &self.probes[index].container;
        let stand_in = self.runtime.latest(name).is_some_and(|instance| instance.stand_in);
        // A stand-in has none of the image's own programs.
        let missing = stand_in && (matches!(code, 126 | 127) || output.contains("not found"));
        self.judge(index, code == 0 || missing, &output, k, cx);
    }

    /// A probe has taken too long.
    pub(super) fn probe_timeout(&mut self, index: usize, pid: u64, k: &mut Shared, cx: &mut Cx) {
        let Some(probe) = self.probes.get_mut(index) else { return };
        let Some(process) = probe.process.filter(|p| u64::from(*p) == pid) else { return };
        probe.process = None;
        k.processes.remove(&process);
        // It may be ending just now.
        let _ = cx.kernel.kill(process, Signal::Kill);
        if probe.stopped {
            return;
        }
        let limit = probe.spec.timeout_seconds.max(1);
        let message = if probe.spec.exec.is_some() {
            let words: Vec<String> = probe
                .spec
                .exec
                .iter()
                .flat_map(|e| &e.command)
                .map(std::string::ToString::to_string)
                .collect();
            format!("command timed out: {:?} timed out after {limit}s", words.join(" "))
        } else {
            let request = probe.spec.http_get.clone();
            let url = request.map(|r| self.url(&r)).unwrap_or_default();
            format!(
                "Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            )
        };
        self.judge(index, false, &message, k, cx);
    }

    /// Counts a result, and acts when it settles.
    fn judge(&mut self, index: usize, passed: bool, output: &str, k: &mut Shared, cx: &mut Cx) {
        let probe = &mut self.probes[index];
        let (purpose, spec) = (probe.purpose, probe.spec.clone());
        if probe.last == Some(passed) {
            probe.run += 1;
        } else {
            probe.last = Some(passed);
            probe.run = 1;
        }
        let threshold = if passed { spec.success_threshold } else { spec.failure_threshold };
        let counted = probe.run >= threshold.max(1);
        let name = probe.container.clone();
        if !passed {
            let place = find(&self.pod, &name).map_or(Place::Main, |(place, _)| place);
            let message = format!("{} probe failed: {output}", purpose.word());
            self.warn(Some((place, &name)), "Unhealthy", message, cx);
        }
        if !counted {
            return;
        }
        self.settle(index, Some(passed), k, cx);
        if (purpose == Purpose::Liveness && !passed) || purpose == Purpose::Startup {
            self.probes[index].on_hold = true;
            self.probes[index].run = 0;
        }
    }

    /// A probe that could not be run does not count.
    fn probe_errored(&mut self, index: usize, message: &str, cx: &mut Cx) {
        let (name, purpose) = (self.probes[index].container.clone(), self.probes[index].purpose);
        let place = find(&self.pod, &name).map_or(Place::Main, |(place, _)| place);
        let message =
            format!("{} probe errored and resulted in unknown state: {message}", purpose.word());
        self.warn(Some((place, &name)), "Unhealthy", message, cx);
    }

    /// Sets a settled result; a new one is reported and syncs the pod.
    /// Upstream: pkg/kubelet/prober/results, and syncLoopIteration.
    fn settle(&mut self, index: usize, result: Option<bool>, k: &mut Shared, cx: &mut Cx) {
        let probe = &mut self.probes[index];
        if probe.settled == result {
            return;
        }
        probe.settled = result;
        let (name, id, purpose) = (probe.container.clone(), probe.id.clone(), probe.purpose);
        let Some(passed) = result else { return };
        match purpose {
            Purpose::Liveness if passed => return,
            Purpose::Liveness => {}
            Purpose::Readiness => self.set_readiness(&name, &id, passed, k, cx),
            Purpose::Startup => self.set_started(&name, &id, passed, k, cx),
        }
        self.update(k, cx);
    }

    /// Sends a request from the node to a container. Returns the process that waits for the answer.
    pub(super) fn send_request(
        &mut self,
        request: &HttpGetAction,
        serial: u32,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Option<Pid> {
        let name = self.runtime.instance(serial)?.name.clone();
        let pod = self.pod.clone();
        let (_, container) = find(&pod, &name)?;
        let port = resolve_port(&request.port, container)?;
        let url = self.url_with(request, port);
        let host = if request.host.is_empty() {
            self.status.pod_ip.to_string()
        } else {
            request.host.to_string()
        };
        let headers = request
            .http_headers
            .iter()
            .map(|header| (header.name.to_string(), header.value.to_string()))
            .collect();
        let get = Get {
            url,
            host,
            port,
            path: request.path.to_string(),
            headers,
            connection: None,
            answer: Vec::new(),
        };
        let machine = k.node_machine(&self.node, cx)?;
        let spec = StartSpec {
            argv: vec!["kubelet".to_owned()],
            stdio: Stdio::Collect,
            ..StartSpec::default()
        };
        cx.kernel.start_process(machine, spec, Box::new(get)).ok()
    }

    fn url(&self, request: &HttpGetAction) -> String {
        let port = match &request.port {
            IntOrString::Int(port) => u16::try_from(*port).unwrap_or(0),
            IntOrString::Str(_) => 0,
        };
        self.url_with(request, port)
    }

    fn url_with(&self, request: &HttpGetAction, port: u16) -> String {
        let scheme = match request.scheme.as_str() {
            "" => "http".to_owned(),
            scheme => scheme.to_ascii_lowercase(),
        };
        let host = if request.host.is_empty() { &self.status.pod_ip } else { &request.host };
        let slash = if request.path.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{host}:{port}{slash}{}", request.path)
    }
}

fn period(spec: &pod::Probe) -> Span {
    Span::seconds(i64::from(if spec.period_seconds > 0 { spec.period_seconds } else { 10 }))
}

/// A port by number or by the name that the container gives it.
fn resolve_port(port: &IntOrString, container: &Container) -> Option<u16> {
    match port {
        IntOrString::Int(port) => u16::try_from(*port).ok(),
        IntOrString::Str(name) => match name.parse() {
            Ok(port) => Some(port),
            Err(_) => {
                let named = container.ports.iter().find(|p| p.name == **name)?;
                u16::try_from(named.container_port).ok()
            }
        },
    }
}

/// Probes whose words say how they go, for trying probes out: `failafter-N` fails from N seconds after the
/// container's start on, `okafter-N` before, `check --fail` always.
fn scripted(command: &[Str], age: Span) -> Option<bool> {
    let after = |word: &str, prefix: &str| -> Option<i64> {
        let at = word.find(prefix)? + prefix.len();
        let digits: String = word[at..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    command.iter().find_map(|word| {
        if let Some(seconds) = after(word, "failafter-") {
            Some(age < Span::seconds(seconds))
        } else if let Some(seconds) = after(word, "okafter-") {
            Some(age >= Span::seconds(seconds))
        } else {
            word.contains("check --fail").then_some(false)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripted_probes_turn_after_their_time() {
        let words = |text: &str| text.split('|').map(Str::from).collect::<Vec<Str>>();
        let at = |text, seconds| scripted(&words(text), Span::seconds(seconds));
        assert_eq!(at("cat|/tmp/healthy|failafter-8", 7), Some(true));
        assert_eq!(at("cat|/tmp/healthy|failafter-8", 8), Some(false));
        assert_eq!(at("okafter-3", 2), Some(false));
        assert_eq!(at("okafter-3", 3), Some(true));
        assert_eq!(at("sh|-c|check --fail", 3), Some(false));
        assert_eq!(at("cat|/tmp/ready", 3), None);
    }
}
