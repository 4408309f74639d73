//! How containers are started: back-off, image, environment, process, hook.
//! Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (startContainer), pkg/kubelet/images/image_manager.go.
//! Simplified: registries need no credentials.

use std::rc::Rc;

use crate::api::IntOrString;
use crate::api::kinds::pod::{Container, Pod};
use crate::base::human::go_duration;
use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::base::value::Str;
use crate::kubelet::actions::{KillReason, Place};
use crate::kubelet::image::{self, Found, Reference};
use crate::kubelet::kill::find;
use crate::kubelet::node::Stored;
use crate::kubelet::runtime::{Instance, RunState};
use crate::kubelet::status::is_sidecar;
use crate::kubelet::worker::{Failure, Stage, Worker};
use crate::kubelet::{Cx, Shared, Task};
use crate::os::kernel::{MachineSpec, StartSpec, Stdio};
use crate::os::{Errno, Pid};

/// A container that is being started.
#[derive(Clone, Debug)]
pub(super) struct Starting {
    place: Place,
    index: usize,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    /// Its image is being pulled: time in the queue, time of the pull.
    Pull { reference: Reference, queued: Span, took: Span, key: String },
    /// It is being created.
    Create { reference: Reference },
    /// It has been created and is about to start.
    Start { serial: u32 },
    /// The hook after its start runs.
    PostStart { serial: u32, pid: Pid },
    /// That hook only waits.
    Sleep,
    /// That hook has failed and the container is being stopped.
    Undo { message: String },
}

impl Worker {
    /// Starts the containers of the plan, one after the other.
    pub(super) fn begin_starts(&mut self, k: &mut Shared, cx: &mut Cx) {
        self.prune_init(k, cx);
        self.next_start(k, cx);
    }

    /// Of each init container only the last run is kept.
    fn prune_init(&mut self, k: &mut Shared, cx: &mut Cx) {
        let names: Vec<Str> =
            self.pod.spec.init_containers.iter().map(|c| c.name.clone()).collect();
        for name in names {
            for serial in self.runtime.removable(&name, 1) {
                self.remove_instance(serial, k, cx);
            }
        }
    }

    fn next_start(&mut self, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = &mut self.work else { return };
        let Some((place, index)) = work.starts.pop_front() else {
            return self.started_all(k, cx);
        };
        let pod = work.pod.clone();
        let Some(container) = container_at(&pod, place, index) else {
            return self.next_start(k, cx);
        };
        work.acted = true;
        if let Some(failure) = self.in_backoff(place, container, cx) {
            return self.start_failed(place, container, failure, k, cx);
        }
        self.ensure_image(place, index, container, k, cx);
    }

    /// A container could not be started. An init container keeps the others from starting, too.
    fn start_failed(
        &mut self,
        place: Place,
        container: &Container,
        failure: Failure,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        if let Some(work) = &mut self.work {
            work.results.push((container.name.clone(), Some(failure)));
            if place == Place::Init && !is_sidecar(container) {
                work.starts.clear();
            }
        }
        self.next_start(k, cx);
    }

    /// Upstream: doBackOff.
    fn in_backoff(&mut self, place: Place, container: &Container, cx: &mut Cx) -> Option<Failure> {
        let now = cx.now();
        let seen = self.work.as_ref()?.seen.clone();
        let ended = seen
            .instances
            .iter()
            .rev()
            .find(|i| i.name == container.name && i.state == RunState::Exited)?;
        let ended_at = ended.finished.unwrap_or(now);
        let key = format!("{}_{}", container.name, container.image);
        let Some(pause) = self.restart_backoff.since(&key, ended_at, now) else {
            self.restart_backoff.next(&key, ended_at, now);
            return None;
        };
        let pod = self.full_name();
        let message =
            format!("Back-off restarting failed container {} in pod {pod}", container.name);
        self.warn(Some((place, &container.name)), "BackOff", message, cx);
        Some(Failure {
            reason: "CrashLoopBackOff",
            message: format!(
                "back-off {} restarting failed container={} pod={pod}",
                go_duration(pause),
                container.name
            ),
            until: Some(ended_at + pause),
        })
    }

    /// `web-0_default(uid)`. Upstream: pkg/kubelet/util/format, Pod.
    pub(super) fn full_name(&self) -> String {
        format!("{}_{}({})", self.key.name, self.key.ns, self.uid)
    }

    /// Upstream: EnsureImageExists.
    fn ensure_image(
        &mut self,
        place: Place,
        index: usize,
        container: &Container,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let now = cx.now();
        let name = Some((place, container.name.as_str()));
        let image = container.image.as_str();
        let reference = match image::parse(image) {
            Ok(reference) => reference,
            Err(error) => {
                let message = format!(
                    "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": {error}"
                );
                self.warn(name, "InspectFailed", message.clone(), cx);
                let reason = "InvalidImageName";
                return self.image_failed(place, container, reason, message, k, cx);
            }
        };
        let full = reference.full();
        let present = k
            .nodes
            .get(&self.node)
            .and_then(|node| node.images.get(full.as_str()))
            .is_some_and(|stored| stored.since <= now);
        let policy = container.image_pull_policy.as_str();
        if present && policy != "Always" {
            let message = format!(
                "Container image \"{image}\" already present on machine and can be accessed by the pod"
            );
            self.tell(name, "Pulled", message, cx);
            return self.create(place, index, reference, k, cx);
        }
        if policy == "Never" {
            let message =
                format!("Container image \"{image}\" is not present with pull policy of Never");
            self.warn(name, "ErrImageNeverPull", message.clone(), cx);
            return self.image_failed(place, container, "ErrImageNeverPull", message, k, cx);
        }
        if self.pull_backoff.since_update(&full, now) {
            let mut message = format!("Back-off pulling image \"{image}\"");
            self.tell(name, "BackOff", message.clone(), cx);
            if let Some(error) = self.pull_errors.get(full.as_str()) {
                message = format!("{message}: {error}");
            }
            return self.image_failed(place, container, "ImagePullBackOff", message, k, cx);
        }
        self.pull_errors.remove(full.as_str());
        self.tell(name, "Pulling", format!("Pulling image \"{image}\""), cx);
        self.pull(place, index, reference, k, cx);
    }

    fn image_failed(
        &mut self,
        place: Place,
        container: &Container,
        reason: &'static str,
        message: String,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let name = Some((place, container.name.as_str()));
        self.warn(name, "Failed", format!("Error: {reason}"), cx);
        let failure = Failure { reason, message, until: None };
        self.start_failed(place, container, failure, k, cx);
    }

    /// Pulls run one after the other on each node.
    fn pull(
        &mut self,
        place: Place,
        index: usize,
        reference: Reference,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let now = cx.now();
        let n = self.draw_number();
        let full = reference.full();
        let begin = k.nodes.get(&self.node).map_or(now, |node| node.pulling_until.max(now));
        let stored = k.nodes.get(&self.node).and_then(|node| node.images.get(full.as_str()));
        let cached = stored.is_some_and(|stored| stored.since <= begin);
        let found = image::resolve(cx.kernel.catalog(), &reference);
        let took = k.delay(cx, "pull", &self.uid, n, |p| p.pull_warm);
        let took = match (&found, cached) {
            (Err(_), _) => k.delay(cx, "pull", &self.uid, n, |p| p.pull_refused),
            (Ok(_), false) => k.delay(cx, "pull", &self.uid, n, |p| p.pull_cold),
            (Ok(_), true) => took,
        };
        let end = begin + took;
        if let Some(node) = k.nodes.get_mut(&self.node) {
            node.pulling_until = end;
            if let (Ok(found), false) = (&found, cached) {
                let id = Str::from(image::image_id(&reference));
                let size = image::size(*found, &reference);
                node.add_image(Str::from(full), Stored { id, size, since: end });
            }
        }
        let key = reference.full();
        let step = Step::Pull { reference, queued: begin - now, took, key };
        self.set_stage(Stage::Starting(Starting { place, index, step }));
        self.step_at(end, cx);
    }

    /// A step of starting a container is over.
    pub(super) fn start_step(&mut self, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = &self.work else { return };
        let Stage::Starting(starting) = &work.stage else { return };
        let (pod, starting) = (work.pod.clone(), starting.clone());
        let (place, index) = (starting.place, starting.index);
        let Some(container) = container_at(&pod, place, index) else { return };
        match starting.step {
            Step::Pull { reference, queued, took, key } => {
                self.pulled(place, index, container, reference, (queued, took), &key, k, cx);
            }
            Step::Create { reference } => self.created(place, index, container, reference, k, cx),
            Step::Start { serial } => self.run(place, index, container, serial, k, cx),
            Step::Sleep => self.start_succeeded(container, k, cx),
            Step::PostStart { .. } | Step::Undo { .. } => {}
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn pulled(
        &mut self,
        place: Place,
        index: usize,
        container: &Container,
        reference: Reference,
        (queued, took): (Span, Span),
        key: &str,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let name = Some((place, container.name.as_str()));
        let image = container.image.as_str();
        match image::resolve(cx.kernel.catalog(), &reference) {
            Err(error) => {
                let message = format!("Failed to pull image \"{image}\": {error}");
                self.warn(name, "Failed", message, cx);
                self.pull_backoff.next(key, cx.now(), cx.now());
                self.pull_errors.insert(Str::from(key), format!("ErrImagePull: {error}"));
                self.image_failed(place, container, "ErrImagePull", error, k, cx);
            }
            Ok(found) => {
                let message = format!(
                    "Successfully pulled image \"{image}\" in {} ({} including waiting). Image size: {} bytes.",
                    go_duration(whole_millis(took)),
                    go_duration(whole_millis(took + queued)),
                    image::size(found, &reference)
                );
                self.tell(name, "Pulled", message, cx);
                self.create(place, index, reference, k, cx);
            }
        }
    }

    fn create(
        &mut self,
        place: Place,
        index: usize,
        reference: Reference,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let n = self.draw_number();
        let wait = k.delay(cx, "create", &self.uid, n, |p| p.create);
        let step = Step::Create { reference };
        self.set_stage(Stage::Starting(Starting { place, index, step }));
        self.step_at(cx.now() + wait, cx);
    }

    fn created(
        &mut self,
        place: Place,
        index: usize,
        container: &Container,
        reference: Reference,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let name = Some((place, container.name.as_str()));
        // The image was there a moment ago; if it is not, the stand-in is.
        let found = image::resolve(cx.kernel.catalog(), &reference)
            .unwrap_or(Found::StandIn(cx.kernel.catalog().stand_in));
        let user = user_of(&self.pod, container, found);
        let problem = self
            .check_user(container, user)
            .or_else(|| self.environment(container, found, cx).err());
        if let Some(message) = problem {
            self.warn(name, "Failed", format!("Error: {message}"), cx);
            let reason = "CreateContainerConfigError";
            let failure = Failure { reason, message, until: None };
            return self.start_failed(place, container, failure, k, cx);
        }
        let restarts = self
            .work
            .as_ref()
            .and_then(|work| work.seen.latest(&container.name))
            .map_or(0, |instance| instance.restarts + 1);
        self.last_serial += 1;
        let serial = self.last_serial;
        let id = cx.server.rng.named("container", &self.uid, u64::from(serial)).hex(64);
        let instance = Instance {
            serial,
            id: Str::from(id),
            name: container.name.clone(),
            restarts,
            state: RunState::Created,
            started: None,
            finished: None,
            exit_code: 0,
            reason: "",
            message: String::new(),
            image: Str::from(reference.full()),
            image_id: Str::from(image::image_id(&reference)),
            spec_image: container.image.clone(),
            user,
            stand_in: found.is_stand_in(),
            replaced: false,
            machine: None,
            pid: None,
            log: None,
        };
        Rc::make_mut(&mut self.runtime).instances.push(instance);
        self.touched(k, cx);
        self.tell(name, "Created", "Container created", cx);
        let n = self.draw_number();
        let wait = k.delay(cx, "start", &self.uid, n, |p| p.start);
        let step = Step::Start { serial };
        self.set_stage(Stage::Starting(Starting { place, index, step }));
        self.step_at(cx.now() + wait, cx);
    }

    /// Starts the process of a created container.
    fn run(
        &mut self,
        place: Place,
        index: usize,
        container: &Container,
        serial: u32,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let name = Some((place, container.name.as_str()));
        let started = self.launch(container, serial, k, cx);
        self.touched(k, cx);
        if let Err(message) = started {
            let now = cx.now();
            if let Some(instance) = self.instance_mut(serial) {
                instance.state = RunState::Exited;
                instance.finished = Some(now);
                instance.exit_code = 128;
                instance.reason = "StartError";
                instance.message.clone_from(&message);
            }
            self.warn(name, "Failed", format!("Error: {message}"), cx);
            let failure = Failure { reason: "RunContainerError", message, until: None };
            return self.start_failed(place, container, failure, k, cx);
        }
        self.tell(name, "Started", "Container started", cx);
        let hook = container.lifecycle.post_start.as_ref();
        let pid = hook.and_then(|hook| self.post_start(hook, serial, k, cx));
        match (hook, pid) {
            (None, _) => self.start_succeeded(container, k, cx),
            (Some(_), Some(Ok(pid))) => {
                k.processes.insert(pid, (self.id, Task::PostStart(serial)));
                let step = Step::PostStart { serial, pid };
                self.set_stage(Stage::Starting(Starting { place, index, step }));
            }
            (Some(hook), Some(Err(error))) => {
                let message = hook_message(hook, container, &self.full_name(), &error);
                self.undo_start(place, index, serial, message, k, cx);
            }
            (Some(hook), None) => match &hook.sleep {
                Some(sleep) => {
                    let until = cx.now() + Span::seconds(sleep.seconds);
                    self.set_stage(Stage::Starting(Starting { place, index, step: Step::Sleep }));
                    self.step_at(until, cx);
                }
                None => self.start_succeeded(container, k, cx),
            },
        }
    }

    fn post_start(
        &mut self,
        hook: &crate::api::kinds::pod::LifecycleHandler,
        serial: u32,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Option<Result<Pid, String>> {
        let machine = self.runtime.instance(serial)?.machine?;
        if let Some(exec) = &hook.exec {
            let argv = exec.command.iter().map(ToString::to_string).collect();
            let spec = StartSpec { argv, stdio: Stdio::Collect, ..self.exec_spec(serial, cx) };
            return Some(cx.kernel.start(machine, spec).map_err(|e| e.to_string()));
        }
        let request = hook.http_get.as_ref()?;
        self.send_request(request, serial, k, cx).map(Ok)
    }

    fn start_succeeded(&mut self, container: &Container, k: &mut Shared, cx: &mut Cx) {
        if let Some(work) = &mut self.work {
            work.results.push((container.name.clone(), None));
        }
        self.next_start(k, cx);
    }

    /// The hook after a container's start has ended.
    pub(super) fn post_start_ended(&mut self, serial: u32, code: i32, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = &self.work else { return };
        let Stage::Starting(Starting { place, index, step: Step::PostStart { serial: of, pid } }) =
            work.stage
        else {
            return;
        };
        if of != serial {
            return;
        }
        let pod = work.pod.clone();
        let Some(container) = container_at(&pod, place, index) else { return };
        let output = cx.kernel.output_of(pid);
        if code == 0 || self.is_stand_in(serial) {
            return self.start_succeeded(container, k, cx);
        }
        let error = format!("command exited with {code}: {output}");
        let hook = container.lifecycle.post_start.clone().unwrap_or_default();
        let message = hook_message(&hook, container, &self.full_name(), &error);
        self.undo_start(place, index, serial, message, k, cx);
    }

    /// The hook has failed: the container is stopped again.
    fn undo_start(
        &mut self,
        place: Place,
        index: usize,
        serial: u32,
        message: String,
        k: &mut Shared,
        cx: &mut Cx,
    ) {
        let name = self.runtime.instance(serial).map(|i| i.name.clone()).unwrap_or_default();
        self.warn(Some((place, &name)), "FailedPostStartHook", "PostStartHook failed", cx);
        self.set_stage(Stage::Starting(Starting { place, index, step: Step::Undo { message } }));
        self.kill(serial, "FailedPostStartHook".to_owned(), KillReason::Other, None, k, cx);
        if self.kills.is_empty() {
            self.after_kills(k, cx);
        }
    }

    /// Everything that was being stopped has ended.
    pub(super) fn after_kills(&mut self, k: &mut Shared, cx: &mut Cx) {
        let Some(work) = &self.work else { return };
        let pod = work.pod.clone();
        if let Stage::Starting(Starting { place, index, step: Step::Undo { message } }) =
            &work.stage
        {
            let (place, index, message) = (*place, *index, message.clone());
            let Some(container) = container_at(&pod, place, index) else { return };
            let failure = Failure { reason: "PostStartHookError", message, until: None };
            return self.start_failed(place, container, failure, k, cx);
        }
        self.next_stop(k, cx);
    }

    /// Makes the machine of a container and starts its main process.
    fn launch(
        &mut self,
        container: &Container,
        serial: u32,
        k: &mut Shared,
        cx: &mut Cx,
    ) -> Result<(), String> {
        let Some(instance) = self.runtime.instance(serial) else { return Ok(()) };
        let (user, image_name) = (instance.user, instance.image.clone());
        let replaced = instance.replaced;
        let reference = image::parse(&image_name).unwrap_or(Reference {
            repository: String::new(),
            tag: String::new(),
            digest: String::new(),
        });
        let found = image::resolve(cx.kernel.catalog(), &reference)
            .unwrap_or(Found::StandIn(cx.kernel.catalog().stand_in));
        let image = found.image();
        let mut env = self.environment(container, found, cx)?;
        let mut argv = command_line(container, found, &env);
        // A stand-in has none of the image's own programs: its own runs in place of any.
        let instead = |argv: &[String]| -> Vec<String> {
            let own = image.entrypoint.iter().map(ToString::to_string);
            own.chain(argv.iter().cloned()).collect()
        };
        if replaced {
            argv = instead(&argv);
        }
        let log = cx.kernel.add_log();
        let pod = self.pod.clone();
        let address = self.runtime.sandbox.as_ref().map(|s| s.ip.to_string()).unwrap_or_default();
        if found.is_stand_in() {
            let ports: Vec<String> = ports_of(container).iter().map(u16::to_string).collect();
            env.insert("STAND_IN_IMAGE".to_owned(), container.image.to_string());
            env.insert("STAND_IN_PORTS".to_owned(), ports.join(" "));
        }
        let machine = cx.kernel.add_machine(MachineSpec {
            hostname: hostname(&pod, &self.node),
            address: address.clone(),
            image,
            mounts: self.container_mounts(container, &env),
            resolv_conf: resolv_conf(&pod),
            log: Some(log),
        });
        if let Some(hosts) = hosts_file(&pod, &address) {
            // Its own root file system has room for a small file.
            let _ = cx.kernel.write_file(machine, "/etc/hosts", hosts.as_bytes());
        }
        let cwd = match container.working_dir.as_str() {
            "" => image.workdir.to_owned(),
            dir => dir.to_owned(),
        };
        let spec = StartSpec {
            argv: argv.clone(),
            env,
            cwd,
            uid: user.0,
            gid: user.1,
            stdio: match (container.tty, container.stdin) {
                (true, _) => Stdio::Tty(cx.kernel.add_tty(80, 24)),
                (false, true) => Stdio::LogInput,
                (false, false) => Stdio::Log,
            },
            ..StartSpec::default()
        };
        let mut started = cx.kernel.start(machine, spec.clone());
        let mut is_replaced = replaced;
        if started.is_err() && found.is_stand_in() && !replaced {
            is_replaced = true;
            started = cx.kernel.start(machine, StartSpec { argv: instead(&argv), ..spec });
        }
        let (id, now) = (self.id, cx.now());
        let Some(instance) = self.instance_mut(serial) else { return Ok(()) };
        instance.machine = Some(machine);
        instance.log = Some(log);
        instance.replaced = is_replaced;
        match started {
            Ok(pid) => {
                instance.state = RunState::Running;
                instance.started = Some(now);
                instance.pid = Some(pid);
                k.processes.insert(pid, (id, Task::Main(serial)));
                Ok(())
            }
            Err(errno) => Err(start_error(argv.first().map_or("", String::as_str), errno)),
        }
    }

    /// Whether a container is only a stand-in, whose hooks and probes need programs that it does not have.
    pub(super) fn is_stand_in(&self, serial: u32) -> bool {
        self.runtime.instance(serial).is_some_and(|instance| instance.stand_in)
    }

    /// Lets a stand-in's own program run on in place of a command that turned out to be missing.
    /// Returns whether it runs.
    pub(super) fn replace_command(&mut self, serial: u32, k: &mut Shared, cx: &mut Cx) -> bool {
        let pod = self.pod.clone();
        let Some(instance) = self.instance_mut(serial) else { return false };
        instance.replaced = true;
        let (machine, log) = (instance.machine.take(), instance.log.take());
        let (name, started) = (instance.name.clone(), instance.started);
        if let Some(machine) = machine {
            cx.kernel.remove_machine(machine);
        }
        if let Some(log) = log {
            cx.kernel.remove_log(log);
        }
        let Some((_, container)) = find(&pod, &name) else { return false };
        let runs = self.launch(container, serial, k, cx).is_ok();
        if let Some(instance) = self.instance_mut(serial) {
            instance.started = started;
        }
        runs
    }

    /// User, environment and directory for a command in a running container.
    pub(super) fn exec_spec(&self, serial: u32, cx: &Cx) -> StartSpec {
        let main = self.runtime.instance(serial).and_then(|instance| instance.pid);
        main.and_then(|main| cx.kernel.spec_beside(main)).unwrap_or_default()
    }

    /// Containers that run since before the simulation.
    pub(super) fn adopt_containers(&mut self, k: &mut Shared, cx: &mut Cx) {
        let pod = self.pod.clone();
        for status in self.status.main.clone() {
            let crate::kubelet::status::State::Running { since } = status.state else { continue };
            let Some((_, container)) = find(&pod, &status.name) else { continue };
            self.last_serial += 1;
            let serial = self.last_serial;
            let id = status.container_id.strip_prefix("containerd://").unwrap_or_default();
            let instance = Instance {
                serial,
                id: Str::from(id),
                name: status.name.clone(),
                restarts: status.restarts,
                state: RunState::Running,
                started: Some(since),
                finished: None,
                exit_code: 0,
                reason: "",
                message: String::new(),
                image: status.image.clone(),
                image_id: status.image_id.clone(),
                spec_image: container.image.clone(),
                user: (0, 0),
                stand_in: true,
                replaced: false,
                machine: None,
                pid: None,
                log: None,
            };
            Rc::make_mut(&mut self.runtime).instances.push(instance);
            // Without its programs it stays an entry without processes.
            let _ = self.launch(container, serial, k, cx);
            if let Some(instance) = self.instance_mut(serial) {
                instance.started = Some(since);
            }
            if let (Some(node), Ok(reference)) =
                (k.nodes.get_mut(&self.node), image::parse(&container.image))
            {
                let found = image::resolve(cx.kernel.catalog(), &reference)
                    .unwrap_or(Found::StandIn(cx.kernel.catalog().stand_in));
                let id = Str::from(image::image_id(&reference));
                let size = image::size(found, &reference);
                let stored = Stored { id, size, since: Time::default() };
                node.add_image(Str::from(reference.full()), stored);
            }
        }
    }

    /// Upstream: pkg/kubelet/kuberuntime/security_context.go, verifyRunAsNonRoot.
    fn check_user(&self, container: &Container, user: (u32, u32)) -> Option<String> {
        let own = container.security_context.run_as_non_root;
        let non_root = own.or(self.pod.spec.security_context.run_as_non_root).unwrap_or(false);
        if !non_root || user.0 != 0 {
            return None;
        }
        let explicit = container
            .security_context
            .run_as_user
            .or(self.pod.spec.security_context.run_as_user)
            .is_some();
        let what = if explicit {
            "container's runAsUser breaks non-root policy"
        } else {
            "container has runAsNonRoot and image will run as root"
        };
        let pod = self.full_name();
        Some(format!("{what} (pod: \"{pod}\", container: {})", container.name))
    }
}

fn container_at(pod: &Pod, place: Place, index: usize) -> Option<&Container> {
    match place {
        Place::Init => pod.spec.init_containers.get(index),
        Place::Main => pod.spec.containers.get(index),
        Place::Ephemeral => pod.spec.ephemeral_containers.get(index),
    }
}

/// The ports that a stand-in answers on: those that the container declares or that its probes ask.
fn ports_of(container: &Container) -> Vec<u16> {
    let probes = [&container.startup_probe, &container.readiness_probe, &container.liveness_probe];
    let asked = probes.into_iter().flatten().flat_map(|probe| {
        let http = probe.http_get.iter().map(|get| &get.port);
        http.chain(probe.tcp_socket.iter().map(|tcp| &tcp.port))
    });
    let asked = asked.filter_map(|port| match port {
        IntOrString::Int(port) => u16::try_from(*port).ok(),
        IntOrString::Str(_) => None,
    });
    let declared =
        container.ports.iter().filter_map(|port| u16::try_from(port.container_port).ok());
    let mut ports: Vec<u16> = declared.chain(asked).collect();
    ports.order_by_key(|port| *port);
    ports.dedup();
    ports
}

fn whole_millis(span: Span) -> Span {
    Span::millis(span.0 / 1000)
}

fn user_of(pod: &Pod, container: &Container, found: Found) -> (u32, u32) {
    let (own, shared) = (&container.security_context, &pod.spec.security_context);
    let uid = own.run_as_user.or(shared.run_as_user).and_then(|uid| u32::try_from(uid).ok());
    let gid = own.run_as_group.or(shared.run_as_group).and_then(|gid| u32::try_from(gid).ok());
    (uid.unwrap_or(found.image().user), gid.unwrap_or(0))
}

/// Upstream: pkg/kubelet/container/helpers.go, ExpandContainerCommandAndArgs.
fn command_line(
    container: &Container,
    found: Found,
    env: &crate::base::ordered::OrdMap<String, String>,
) -> Vec<String> {
    let expand = |words: &[Str]| -> Vec<String> {
        words.iter().map(|word| super::env::expand(word, &|name| env.get(name).cloned())).collect()
    };
    let fixed = |words: &[&str]| -> Vec<String> { words.iter().map(ToString::to_string).collect() };
    let image = found.image();
    let own = !container.command.is_empty();
    let mut argv = if own { expand(&container.command) } else { fixed(image.entrypoint) };
    if !container.args.is_empty() {
        argv.extend(expand(&container.args));
    } else if !own {
        argv.extend(fixed(image.cmd));
    }
    argv
}

/// The words of the container runtime for a command that cannot be run in a container.
pub(super) fn exec_error(program: &str, errno: Errno) -> String {
    format!(
        "rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: \
         unable to start container process: exec: \"{program}\": {}",
        start_problem(program, errno)
    )
}

/// The words of the container runtime for a program that cannot be started.
fn start_error(program: &str, errno: Errno) -> String {
    let what = start_problem(program, errno);
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to \
         start container process: error during container init: exec: \"{program}\": {what}"
    )
}

fn start_problem(program: &str, errno: Errno) -> String {
    match errno {
        Errno::NotFound if program.contains('/') => {
            format!("stat {program}: no such file or directory")
        }
        Errno::NotFound => "executable file not found in $PATH".to_owned(),
        Errno::Access => "permission denied".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// Upstream: pkg/kubelet/lifecycle/handlers.go, Run.
fn hook_message(
    hook: &crate::api::kinds::pod::LifecycleHandler,
    container: &Container,
    pod: &str,
    error: &str,
) -> String {
    let words: Vec<&str> = match &hook.exec {
        Some(exec) => exec.command.iter().map(Str::as_str).collect(),
        None => Vec::new(),
    };
    let (error, output) = error.split_once(": ").unwrap_or((error, ""));
    format!(
        "Exec lifecycle hook ([{}]) for Container \"{}\" in Pod \"{pod}\" failed - error: {error}: , message: {output:?}",
        words.join(" "),
        container.name
    )
}

/// The host name that the pod's containers see.
/// Upstream: pkg/kubelet/kubelet_pods.go, GeneratePodHostNameAndDomain.
fn hostname(pod: &Pod, node: &str) -> String {
    if pod.spec.host_network {
        return node.to_owned();
    }
    let name = if pod.spec.hostname.is_empty() { &pod.meta.name } else { &pod.spec.hostname };
    let short: String = name.chars().take(63).collect();
    let short = short.trim_end_matches(['-', '.']);
    if pod.spec.set_hostname_as_fqdn == Some(true) && !pod.spec.subdomain.is_empty() {
        return format!("{short}.{}.{}.svc.cluster.local", pod.spec.subdomain, pod.meta.namespace);
    }
    short.to_owned()
}

/// The address of the cluster's name server.
const NAME_SERVER: &str = "10.96.0.10";

/// Upstream: pkg/kubelet/network/dns/dns.go, GetPodDNS.
fn resolv_conf(pod: &Pod) -> String {
    let cluster_first = match pod.spec.dns_policy.as_str() {
        "Default" | "None" => false,
        "ClusterFirst" => !pod.spec.host_network,
        _ => true,
    };
    if !cluster_first {
        return "nameserver 192.168.49.1\n".to_owned();
    }
    let ns = &pod.meta.namespace;
    format!(
        "search {ns}.svc.cluster.local svc.cluster.local cluster.local\nnameserver {NAME_SERVER}\noptions ndots:5\n"
    )
}

/// `/etc/hosts`, where the pod has more to say than the machine's own.
/// Upstream: pkg/kubelet/kubelet_pods.go, managedHostsFileContent.
fn hosts_file(pod: &Pod, address: &str) -> Option<String> {
    use std::fmt::Write;
    if pod.spec.host_network || (pod.spec.subdomain.is_empty() && pod.spec.host_aliases.is_empty())
    {
        return None;
    }
    let host = hostname(pod, "");
    let mut text = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
                    fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        .to_owned();
    // Writing to a string cannot fail.
    let _ = if pod.spec.subdomain.is_empty() {
        writeln!(text, "{address}\t{host}")
    } else {
        let domain = format!("{}.{}.svc.cluster.local", pod.spec.subdomain, pod.meta.namespace);
        writeln!(text, "{address}\t{host}.{domain}\t{host}")
    };
    if !pod.spec.host_aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
        for alias in &pod.spec.host_aliases {
            let names: Vec<&str> = alias.hostnames.iter().map(Str::as_str).collect();
            let _ = writeln!(text, "{}\t{}", alias.ip, names.join("\t"));
        }
    }
    Some(text)
}
