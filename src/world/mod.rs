//! The world: owns the cluster and every machine, dispatches events, answers system calls that leave a machine.

mod streams;

use std::rc::Rc;

use crate::api::{Key, Object, Status, kinds};
use crate::base::rng::Rng;
use crate::base::time::{Span, Time};
use crate::controllers::{self, Controller, Controllers};
use crate::kubelet::profile::{self, Profile};
use crate::kubelet::{self, Kubelets};
use crate::net;
use crate::os::kernel::{MachineId, MachineSpec, StartSpec};
use crate::os::{
    Answer, Catalog, Errno, Kernel, Outside, Pid, Record, Request, Response, Watch, WatchEvent,
};
use crate::scheduler::{self, Scheduler};
use crate::server::{By, Change, ChangeKind, Server, bootstrap};
use crate::sim::Queue;

/// Everything that can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A controller's turn.
    Controllers(controllers::engine::Event),
    /// The scheduler's turn.
    Scheduler(scheduler::Event),
    /// A kubelet's turn.
    Kubelet(kubelet::Event),
    /// A process goes on.
    Step(Pid),
}

/// The whole simulation. A clone is a snapshot: it goes on exactly as the original does.
#[derive(Clone)]
pub struct World {
    /// The API server.
    pub server: Server,
    /// The controllers.
    pub controllers: Controllers,
    /// The scheduler.
    pub scheduler: Scheduler,
    /// The kubelets.
    pub kubelets: Kubelets,
    /// Machines and processes.
    pub kernel: Kernel,
    /// The learner's own machine.
    pub laptop: MachineId,
    catalog: &'static Catalog,
    queue: Queue<Event>,
    /// Events handled so far.
    events: u64,
    /// Committed changes that a learner can see.
    visible: u64,
    /// Processes started from outside that have ended.
    exits: Vec<(Pid, i32)>,
}

/// What a simulation starts from. Equal options and inputs give equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The seed of all randomness.
    pub seed: u64,
    /// Worker nodes, besides the control plane.
    pub nodes: usize,
    /// Feature gates that are on besides those that are on by default.
    pub features: Vec<String>,
    /// How long things take.
    pub pace: Pace,
}

/// A set of delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As on the cluster of the recordings.
    Recorded,
    /// Slow enough for a person to watch: a pod takes a few seconds to start.
    Visible,
}

impl Pace {
    fn profile(self) -> &'static Profile {
        match self {
            Pace::Recorded => &profile::RECORDED,
            Pace::Visible => &profile::VISIBLE,
        }
    }
}

impl Options {
    /// The page's: four workers, delays that can be watched.
    pub fn visible(seed: u64) -> Options {
        Options { seed, nodes: 4, features: Vec::new(), pace: Pace::Visible }
    }

    /// The runner's: four workers, delays as on the recorded cluster.
    pub fn recorded(seed: u64) -> Options {
        Options { pace: Pace::Recorded, ..Options::visible(seed) }
    }
}

/// Events at one instant beyond which the simulation is stuck.
const MOST_AT_ONE_INSTANT: u64 = 100_000;

/// How far a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The last instant whose events are handled.
    pub until: Time,
    /// The most events to handle in this call.
    pub events: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// No event is left up to the limit; the clock stands at it.
    Reached,
    /// The number of events is used up.
    OutOfBudget,
}

/// What [`World::outside`] borrows: everything that lies outside one machine.
struct Env<'a> {
    server: &'a mut Server,
    kubelets: &'a mut Kubelets,
    catalog: &'static Catalog,
}

impl Outside for Env<'_> {
    fn api(&mut self, kernel: &mut Kernel, pid: Pid, request: Request) -> Response {
        if let Some(response) = streams::answer(self, kernel, pid, &request) {
            return response;
        }
        let by = By::user(&kernel.command_line(pid));
        self.server.handle(&request, by)
    }

    fn poll(&mut self, watch: &mut Watch) -> Result<Vec<WatchEvent>, Status> {
        self.server.poll(watch)
    }

    fn resolve(
        &mut self,
        kernel: &Kernel,
        from: MachineId,
        name: &str,
        record: Record,
    ) -> Vec<Answer> {
        let _ = (kernel, from);
        net::lookup(self.server, name, record)
    }

    fn route(
        &mut self,
        kernel: &Kernel,
        from: MachineId,
        address: &str,
        port: u16,
    ) -> Result<(String, u16), Errno> {
        let _ = (kernel, from);
        net::route(self.server, address, port)
    }

    fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    fn fetch(&mut self, url: &str) -> Option<Vec<u8>> {
        (self.catalog.document)(url).map(|text| text.as_bytes().to_vec())
    }
}

impl World {
    /// A fresh cluster with the learner's machine beside it.
    pub fn new(
        options: &Options,
        catalog: &'static Catalog,
        controllers: &[&'static Controller],
    ) -> World {
        let (rng, now) = (Rng { seed: options.seed }, Time::START);
        let mut kernel = Kernel::new(rng, catalog, now);
        let laptop = kernel.add_machine(laptop(catalog));
        let mut world = World {
            server: Server::new(rng, now),
            controllers: Controllers::new(controllers, options.features.clone()),
            scheduler: Scheduler::default(),
            kubelets: Kubelets::new(options.pace.profile()),
            kernel,
            laptop,
            catalog,
            queue: Queue::default(),
            events: 0,
            visible: 0,
            exits: Vec::new(),
        };
        bootstrap::install(&mut world.server, options.nodes, &options.features);
        world.settle();
        world
    }

    /// Everything that can be run.
    pub fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.server.now
    }

    /// Handles events in order until the limit.
    ///
    /// # Panics
    /// When more than 100,000 events fall on one instant: a bug of the simulation.
    pub fn run(&mut self, limit: Limit) -> Ran {
        let mut instant = (self.now(), 0_u64);
        for _ in 0..limit.events {
            let Some((at, event)) = self.queue.pop_until(limit.until) else {
                self.set_time(limit.until.max(self.now()));
                return Ran::Reached;
            };
            let at = at.max(self.now());
            instant = if at == instant.0 { (at, instant.1 + 1) } else { (at, 0) };
            assert!(instant.1 < MOST_AT_ONE_INSTANT, "stuck at {}: {event:?}", at.rfc3339_micro());
            self.set_time(at);
            self.dispatch(event);
            self.settle();
        }
        Ran::OutOfBudget
    }

    /// Handles the events of the next `span`.
    pub fn advance(&mut self, span: Span) {
        let until = self.now() + span;
        while self.run(Limit { until, events: u64::MAX }) == Ran::OutOfBudget {}
    }

    /// When the next event is due.
    pub fn next_event(&self) -> Option<Time> {
        self.queue.next_time()
    }

    /// Events handled so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    fn set_time(&mut self, now: Time) {
        self.server.now = now;
        self.kernel.now = now;
    }

    fn dispatch(&mut self, event: Event) {
        self.events += 1;
        match event {
            Event::Controllers(event) => {
                let mut wakes = Vec::new();
                self.controllers.handle(event, &mut self.server, &mut wakes);
                self.enqueue(wakes, Event::Controllers);
            }
            Event::Scheduler(event) => {
                let mut wakes = Vec::new();
                let mut cx = scheduler::Cx { server: &mut self.server, wakes: &mut wakes };
                self.scheduler.handle(event, &mut cx);
                self.enqueue(wakes, Event::Scheduler);
            }
            Event::Kubelet(event) => self.with_kubelets(|kubelets, cx| kubelets.handle(event, cx)),
            Event::Step(pid) => {
                let mut env = Env {
                    server: &mut self.server,
                    kubelets: &mut self.kubelets,
                    catalog: self.catalog,
                };
                self.kernel.step(pid, &mut env);
            }
        }
    }

    fn with_kubelets(&mut self, act: impl FnOnce(&mut Kubelets, &mut kubelet::Cx)) {
        let mut wakes = Vec::new();
        let mut cx =
            kubelet::Cx { server: &mut self.server, kernel: &mut self.kernel, wakes: &mut wakes };
        act(&mut self.kubelets, &mut cx);
        self.enqueue(wakes, Event::Kubelet);
    }

    fn enqueue<E>(&mut self, wakes: Vec<(Time, E)>, wrap: impl Fn(E) -> Event) {
        for (at, event) in wakes {
            self.queue.push(at, wrap(event));
        }
    }

    /// Tells everybody about what has just been committed or has ended, until nothing new comes of it.
    pub fn settle(&mut self) {
        loop {
            let changes = self.server.take_changes();
            let exits = self.kernel.take_exits();
            for change in &changes {
                self.notify(change);
            }
            for (pid, code, at) in &exits {
                self.with_kubelets(|kubelets, cx| kubelets.exited(*pid, *code, *at, cx));
            }
            self.exits.extend(exits.iter().map(|(pid, code, _)| (*pid, *code)));
            let wakes = self.kernel.take_wakes();
            self.enqueue(wakes, Event::Step);
            if changes.is_empty() && exits.is_empty() {
                return;
            }
        }
    }

    fn notify(&mut self, change: &Rc<Change>) {
        if ![&kinds::LEASE, &kinds::EVENT].contains(&change.kind) {
            self.visible += 1;
        }
        let mut wakes = Vec::new();
        self.controllers.notify(change, &self.server, &mut wakes);
        self.enqueue(wakes, Event::Controllers);
        let mut wakes = Vec::new();
        let mut cx = scheduler::Cx { server: &mut self.server, wakes: &mut wakes };
        self.scheduler.notify(change, &mut cx);
        self.enqueue(wakes, Event::Scheduler);
        self.with_kubelets(|kubelets, cx| kubelets.notify(change, cx));
        self.kernel.kind_changed(change.kind, self.server.now + Span::millis(1));
    }

    /// Processes started from outside that have ended since the last call: (pid, exit code).
    pub fn take_exits(&mut self) -> Vec<(Pid, i32)> {
        std::mem::take(&mut self.exits)
    }

    /// Committed changes that a learner can see: all but leases and events.
    pub fn visible_changes(&self) -> u64 {
        self.visible
    }

    /// Whether an object was created after this revision.
    pub fn created_after(&self, object: &Object, rev: u64) -> bool {
        let changes = self.server.store.log().rev().take_while(|change| change.rev > rev);
        changes
            .filter(|change| change.change == ChangeKind::Added && change.kind == object.kind)
            .any(|change| change.new.uid() == object.uid())
    }

    /// Writes a file of the learner's; a relative path begins at the home directory.
    pub fn write_learner_file(&mut self, path: &str, text: &str) {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{HOME}/{path}") };
        // A path that cannot be written to (it leads through a file) leaves everything as it is.
        let _ = self.kernel.write_file_as(self.laptop, &path, text.as_bytes(), (LEARNER, LEARNER));
    }

    /// The names of the files in the learner's home directory, without hidden ones and folders.
    pub fn learner_files(&self) -> Vec<String> {
        let names = self.kernel.list_dir(self.laptop, HOME).unwrap_or_default();
        names.into_iter().filter(|name| !name.starts_with('.') && !name.ends_with('/')).collect()
    }

    /// The text of a file of the learner's; `None` when it is not there or not text.
    pub fn read_learner_file(&self, path: &str) -> Option<String> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{HOME}/{path}") };
        String::from_utf8(self.kernel.read_file(self.laptop, &path).ok()?).ok()
    }

    /// The files on a PersistentVolume: path without a leading slash, and contents.
    pub fn volume_files(&self, volume: &str) -> Vec<(String, Vec<u8>)> {
        let files = self.kubelets.volume(volume).map(|fs| self.kernel.fs_files(fs));
        let relative =
            |(path, bytes): (String, Vec<u8>)| (path.trim_start_matches('/').to_owned(), bytes);
        files.unwrap_or_default().into_iter().map(relative).collect()
    }

    /// A file on the volume that a claim is bound to.
    pub fn volume_file(&self, ns: &str, claim: &str, path: &str) -> Option<Vec<u8>> {
        let claim = self.server.get(&kinds::PERSISTENT_VOLUME_CLAIM, &Key::new(ns, claim))?;
        let files = self.volume_files(claim.at(&["spec", "volumeName"]).text());
        let path = path.trim_start_matches('/');
        files.into_iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes)
    }

    /// Stops, starts or restarts a node's kubelet (`start all`: whatever is stopped).
    ///
    /// # Errors
    /// An unknown action or node.
    pub fn node(&mut self, action: &str, name: &str) -> Result<(), String> {
        let known = self.kubelets.knows(name);
        if !known && name != "all" {
            return Err(format!("there is no node {name:?}"));
        }
        match action {
            "stop" => self.with_kubelets(|kubelets, cx| kubelets.stop(name, cx)),
            "start" => self.with_kubelets(|kubelets, cx| kubelets.start(name, cx)),
            "restart" => self.with_kubelets(|kubelets, cx| kubelets.restart(name, cx)),
            _ => {
                return Err(format!("a node can be stopped, started or restarted, not {action:?}"));
            }
        }
        self.settle();
        Ok(())
    }
}

/// The learner's home directory.
pub const HOME: &str = "/home/learner";
/// The learner's user and group.
const LEARNER: u32 = 1000;

fn laptop(catalog: &'static Catalog) -> MachineSpec {
    MachineSpec {
        hostname: "tabernetes".to_owned(),
        address: "10.0.0.1".to_owned(),
        image: catalog.laptop,
        mounts: Vec::new(),
        resolv_conf: "nameserver 10.0.0.1\n".to_owned(),
        log: None,
    }
}

/// What a process of the learner's is started with; the command line and the terminal are still to be said.
pub fn learner() -> StartSpec {
    let env =
        [("HOME", HOME), ("USER", "learner"), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color")];
    StartSpec {
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        cwd: HOME.to_owned(),
        uid: LEARNER,
        gid: LEARNER,
        ..StartSpec::default()
    }
}
