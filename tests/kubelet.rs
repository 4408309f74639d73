//! Pods on simulated nodes pass through the states that real kubelets report, in the same order.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]
#![allow(clippy::unwrap_used)]

use tabernetes::api::kinds::{CONFIG_MAP, EVENT, NODE, POD};
use tabernetes::api::{Key, Object};
use tabernetes::base::sort::InOrder;
use tabernetes::base::time::{Span, Time};
use tabernetes::base::value::Value;
use tabernetes::os::{
    Catalog, Image, ImageFile, Process, Program, STDERR, Signal, Step, Sys, Wait,
};
use tabernetes::server::{By, ChangeKind, DeleteOptions, Part};
use tabernetes::value;
use tabernetes::world::{Options, World};

/// Runs until a signal, or for a number of seconds and then ends with a code.
#[derive(Clone)]
struct Small {
    argv: Vec<String>,
    until: Option<Time>,
    stopped: bool,
}

impl Process for Small {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let number = |at: usize| self.argv.get(at).and_then(|word| word.parse::<i64>().ok());
        match self.argv[0].rsplit('/').next().unwrap_or_default() {
            "crash" | "exit" => {
                let seconds = number(2).unwrap_or(0);
                let until = *self.until.get_or_insert(sys.now() + Span::seconds(seconds));
                if sys.now() < until {
                    return Step::Wait(Wait::until(until));
                }
                let _ = sys.write(STDERR, b"fatal: no configuration\n");
                Step::Done(number(1).unwrap_or(1) as i32)
            }
            "serve" if self.stopped => Step::Done(0),
            _ => {
                if self.until.is_none() {
                    self.until = Some(Time::NEVER);
                    sys.print("started\n");
                }
                Step::Wait(Wait::default())
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        if self.argv[0].ends_with("serve") && signal == Signal::Term {
            sys.print("bye\n");
            self.stopped = true;
            return true;
        }
        false
    }
}

macro_rules! program {
    ($name:ident, $text:literal) => {
        static $name: Program = Program {
            name: $text,
            start: |argv| Box::new(Small { argv: argv.to_vec(), until: None, stopped: false }),
        };
    };
}
program!(SERVE, "serve");
program!(EXIT, "exit");
program!(STUBBORN, "stubborn");

const fn image(
    names: &'static [&'static str],
    tags: &'static [&'static str],
    entrypoint: &'static [&'static str],
) -> Image {
    Image {
        names,
        tags,
        size: 20_523_407,
        entrypoint,
        cmd: &[],
        env: &[],
        user: 0,
        workdir: "/",
        files: &[],
        shell: true,
    }
}

static NGINX: Image = image(&["nginx"], &["1.27", "latest"], &["serve"]);
static CRASH: Image = image(&["example.com/crash"], &[], &["exit", "1", "1"]);
static BOX: Image = image(&["busybox"], &[], &["exit", "0"]);
static OTHER: Image = image(&["stand-in"], &[], &["serve"]);
static LAPTOP: Image = image(&["laptop"], &[], &["serve"]);

static CATALOG: Catalog = Catalog {
    programs: &[&[&SERVE, &EXIT, &STUBBORN]],
    images: &[&NGINX, &CRASH, &BOX],
    base: &[
        ImageFile::Program("/bin/serve", "serve"),
        ImageFile::Program("/bin/exit", "exit"),
        ImageFile::Program("/bin/stubborn", "stubborn"),
    ],
    stand_in: &OTHER,
    laptop: &LAPTOP,
    document: |_| None,
};

fn world() -> World {
    let mut world = World::new(&Options::recorded(1), &CATALOG, &[]);
    world.advance(Span::seconds(2));
    world
}

fn create(world: &mut World, name: &str, spec: &str) {
    let mut spec = Value::from_json(spec).unwrap();
    spec.set("nodeName", "node-1");
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    });
    world.server.create(&POD, pod, By::user("kubectl create")).unwrap();
    world.settle();
}

fn delete(world: &mut World, name: &str) {
    let key = Key::new("default", name);
    let by = By::user("kubectl delete");
    world.server.delete(&POD, &key, &DeleteOptions::default(), by).unwrap();
    world.settle();
}

/// As `kubectl get -w` shows it: ready containers, state, restarts.
fn row(pod: &Object) -> String {
    let status = pod.get("status");
    let all = status.get("containerStatuses").as_array();
    let ready = all.iter().filter(|c| c.get("ready").is_true()).count();
    let restarts: i64 = all.iter().filter_map(|c| c.get("restartCount").as_i64()).sum();
    let mut text = status.get("phase").text().to_owned();
    for container in all {
        let state = container.get("state");
        for reason in [state.at(&["waiting", "reason"]), state.at(&["terminated", "reason"])] {
            if !reason.text().is_empty() {
                reason.text().clone_into(&mut text);
            }
        }
    }
    for init in status.get("initContainerStatuses").as_array() {
        let state = init.get("state");
        if state.at(&["terminated", "exitCode"]).as_i64() != Some(0) {
            let waiting = state.at(&["waiting", "reason"]).text();
            let ended = state.at(&["terminated", "reason"]).text();
            let name = init.get("name").text();
            text = format!(
                "Init:{name}:{}{waiting}{ended}",
                if state.get("running").is_null() { "" } else { "running" }
            );
            break;
        }
    }
    let is_up = all.iter().any(|c| !c.at(&["state", "terminated"]).is_null());
    if pod.is_deleting() && !is_up {
        "Terminating".clone_into(&mut text);
    }
    format!("{ready} {text} {restarts}")
}

/// The rows of a pod since the beginning, with the seconds since its first.
fn rows(world: &World, name: &str) -> Vec<String> {
    let changes = world.server.store.log().filter(|c| c.kind == &POD && c.key.name == *name);
    changes
        .map(|c| {
            let gone = if c.change == ChangeKind::Deleted { " gone" } else { "" };
            format!("{}{gone}", row(&c.new))
        })
        .collect()
}

fn show(world: &World, name: &str) {
    let changes = world.server.store.log().filter(|c| c.kind == &POD && c.key.name == *name);
    for c in changes {
        eprintln!(
            "{} {:?} {} | {} | {}",
            c.at.rfc3339_micro(),
            c.change,
            row(&c.new),
            c.by.why,
            c.new
                .at(&["status", "conditions"])
                .as_array()
                .iter()
                .map(|c| format!("{}={} ", c.get("type").text(), c.get("status").text()))
                .collect::<String>()
        );
    }
    for e in world.server.list(&tabernetes::api::kinds::EVENT, "default") {
        if e.at(&["involvedObject", "name"]).text() == name {
            eprintln!(
                "   {} x{} {} {}",
                e.get("lastTimestamp").text(),
                e.get("count").to_json(),
                e.get("reason").text(),
                e.get("message").text()
            );
        }
    }
}

const VOLUMES: &str = r#""volumes":[{"name":"tmp","emptyDir":{}}]"#;

#[test]
fn a_pod_is_created_runs_and_is_deleted() {
    let mut world = world();
    create(
        &mut world,
        "web",
        &format!(r#"{{"containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#),
    );
    world.advance(Span::seconds(20));
    delete(&mut world, "web");
    world.advance(Span::seconds(20));
    show(&world, "web");
    assert_eq!(
        rows(&world, "web"),
        [
            "0 Pending 0",
            "0 ContainerCreating 0",
            "0 ContainerCreating 0",
            "1 Running 0",
            "1 Terminating 0",
            "1 Terminating 0",
            "0 Completed 0",
            "0 Completed 0",
            "0 Completed 0 gone",
        ]
    );
}

#[test]
fn a_crashing_pod_is_restarted_ever_later() {
    let mut world = world();
    create(
        &mut world,
        "crash",
        &format!(r#"{{"containers":[{{"name":"c","image":"example.com/crash:1"}}],{VOLUMES}}}"#),
    );
    world.advance(Span::seconds(50));
    show(&world, "crash");
    let rows = rows(&world, "crash");
    assert_eq!(
        rows[..10],
        [
            "0 Pending 0",
            "0 ContainerCreating 0",
            "0 ContainerCreating 0",
            "1 Running 0",
            "0 Error 0",
            "1 Running 1",
            "0 Error 1",
            "0 CrashLoopBackOff 1",
            "1 Running 2",
            "0 Error 2",
        ]
    );
}

#[test]
fn an_image_that_is_not_there_is_tried_again_and_again() {
    let mut world = world();
    create(
        &mut world,
        "pull",
        &format!(r#"{{"containers":[{{"name":"c","image":"nginx:nosuch"}}],{VOLUMES}}}"#),
    );
    world.advance(Span::seconds(35));
    delete(&mut world, "pull");
    world.advance(Span::seconds(5));
    show(&world, "pull");
    assert_eq!(
        rows(&world, "pull"),
        [
            "0 Pending 0",
            "0 ContainerCreating 0",
            "0 ContainerCreating 0",
            "0 ErrImagePull 0",
            "0 ImagePullBackOff 0",
            "0 ErrImagePull 0",
            "0 Terminating 0",
            "0 Terminating 0",
            "0 Terminating 0",
            "0 ContainerStatusUnknown 0",
            "0 ContainerStatusUnknown 0",
            "0 ContainerStatusUnknown 0 gone",
        ]
    );
}

/// The reasons of a pod's events in order, with their counts.
fn events(world: &World, name: &str) -> Vec<String> {
    let mut all: Vec<_> = world
        .server
        .list(&EVENT, "default")
        .filter(|e| e.at(&["involvedObject", "name"]).text() == name)
        .collect();
    all.order_by_key(|e| e.meta().creation_timestamp);
    all.iter().map(|e| format!("{} {}", e.get("reason").text(), e.get("message").text())).collect()
}

fn pod(world: &World, name: &str) -> std::rc::Rc<Object> {
    world.server.get(&POD, &Key::new("default", name)).unwrap().clone()
}

#[test]
fn a_readiness_probe_holds_a_running_pod_back() {
    let mut world = world();
    create(
        &mut world,
        "mu",
        &format!(
            r#"{{"containers":[{{"name":"c","image":"nginx:1.27",
        "readinessProbe":{{"exec":{{"command":["okafter-3"]}},"periodSeconds":1}}}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(15));
    show(&world, "mu");
    assert_eq!(
        rows(&world, "mu")[1..],
        ["0 ContainerCreating 0", "0 ContainerCreating 0", "0 Running 0", "1 Running 0"]
    );
}

#[test]
fn a_failing_liveness_probe_restarts_the_container() {
    let mut world = world();
    create(
        &mut world,
        "unlive",
        &format!(
            r#"{{"containers":[{{"name":"c","image":"nginx:1.27",
        "livenessProbe":{{"exec":{{"command":["cat","/tmp/healthy","failafter-8"]}},"initialDelaySeconds":5,"periodSeconds":5}}}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(30));
    show(&world, "unlive");
    assert_eq!(
        rows(&world, "unlive")[1..],
        ["0 ContainerCreating 0", "0 ContainerCreating 0", "1 Running 0", "1 Running 1"]
    );
    let events = events(&world, "unlive");
    assert!(
        events.contains(&"Killing Container c failed liveness probe, will be restarted".to_owned()),
        "{events:?}"
    );
}

#[test]
fn what_a_container_needs_and_is_not_there_is_said() {
    let mut world = world();
    create(
        &mut world,
        "noconfig",
        &format!(
            r#"{{"containers":[{{"name":"c","image":"nginx:1.27",
        "env":[{{"name":"A","valueFrom":{{"configMapKeyRef":{{"name":"nope","key":"a"}}}}}}]}}],{VOLUMES}}}"#
        ),
    );
    create(
        &mut world,
        "novolume",
        r#"{"containers":[{"name":"c","image":"nginx:1.27","volumeMounts":[{"name":"v","mountPath":"/v"}]}],
        "volumes":[{"name":"v","configMap":{"name":"nope"}}]}"#,
    );
    world.advance(Span::seconds(40));
    show(&world, "noconfig");
    show(&world, "novolume");
    let state = |name: &str| {
        pod(&world, name).at(&["status", "containerStatuses"]).index(0).get("state").to_json()
    };
    assert_eq!(
        state("noconfig"),
        r#"{"waiting":{"message":"configmap \"nope\" not found","reason":"CreateContainerConfigError"}}"#
    );
    assert_eq!(state("novolume"), r#"{"waiting":{"reason":"ContainerCreating"}}"#);
    assert_eq!(
        events(&world, "novolume"),
        ["FailedMount MountVolume.SetUp failed for volume \"v\" : configmap \"nope\" not found"]
    );
    let map = value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nope", "namespace": "default"}, "data": {"a": "1"}});
    world.server.create(&CONFIG_MAP, map, By::user("x")).unwrap();
    world.settle();
    world.advance(Span::seconds(60));
    assert_eq!(row(&pod(&world, "noconfig")), "1 Running 0");
    assert_eq!(row(&pod(&world, "novolume")), "1 Running 0");
    let machine = world.kubelets.container(pod(&world, "novolume").uid(), "").unwrap();
    assert_eq!(world.kernel.read_file(machine, "/v/a").unwrap(), b"1");
    world
        .server
        .modify(&CONFIG_MAP, &Key::new("default", "nope"), Part::Main, By::user("x"), |map| {
            map.set_at(&["data", "a"], "2");
        })
        .unwrap();
    world.settle();
    world.advance(Span::seconds(100));
    assert_eq!(world.kernel.read_file(machine, "/v/a").unwrap(), b"2");
}

#[test]
fn hooks_run_after_the_start_and_before_the_end() {
    let mut world = world();
    create(
        &mut world,
        "hook",
        &format!(
            r#"{{"containers":[{{"name":"c","image":"nginx:1.27",
        "lifecycle":{{"preStop":{{"exec":{{"command":["exit","0","4"]}}}},"postStart":{{"exec":{{"command":["exit","0"]}}}}}}}}],{VOLUMES}}}"#
        ),
    );
    create(
        &mut world,
        "badhook",
        &format!(
            r#"{{"terminationGracePeriodSeconds":5,"containers":[{{"name":"c","image":"busybox","command":["stubborn"],
        "lifecycle":{{"postStart":{{"exec":{{"command":["exit","1"]}}}}}}}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(6));
    assert_eq!(row(&pod(&world, "hook")), "1 Running 0");
    assert_eq!(row(&pod(&world, "badhook")), "0 ContainerCreating 0");
    delete(&mut world, "hook");
    world.advance(Span::seconds(3));
    assert_eq!(rows(&world, "hook").last().unwrap(), "1 Terminating 0");
    world.advance(Span::seconds(4));
    show(&world, "hook");
    assert_eq!(rows(&world, "hook").last().unwrap(), "0 Completed 0 gone");
    world.advance(Span::seconds(5));
    show(&world, "badhook");
    assert!(
        events(&world, "badhook").contains(&"FailedPostStartHook PostStartHook failed".to_owned())
    );
    assert!(events(&world, "badhook").contains(&"Killing FailedPostStartHook".to_owned()));
}

#[test]
fn sidecars_start_first_and_end_last() {
    let mut world = world();
    create(
        &mut world,
        "sidecar",
        &format!(
            r#"{{"initContainers":[{{"name":"side","image":"busybox","restartPolicy":"Always","command":["serve"]}}],
        "containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(10));
    show(&world, "sidecar");
    let pod = pod(&world, "sidecar");
    assert_eq!(pod.at(&["status", "phase"]).text(), "Running");
    assert!(pod.at(&["status", "initContainerStatuses"]).index(0).get("ready").is_true());
    delete(&mut world, "sidecar");
    world.advance(Span::seconds(10));
    assert!(rows(&world, "sidecar").last().unwrap().ends_with("gone"));
}

#[test]
fn a_pod_that_runs_once_ends_and_stays() {
    let mut world = world();
    create(
        &mut world,
        "once",
        &format!(
            r#"{{"restartPolicy":"Never","containers":[{{"name":"c","image":"busybox","command":["exit","0","2"]}}],{VOLUMES}}}"#
        ),
    );
    create(
        &mut world,
        "bad",
        &format!(
            r#"{{"restartPolicy":"Never","containers":[{{"name":"c","image":"busybox","command":["exit","3"]}}],{VOLUMES}}}"#
        ),
    );
    create(
        &mut world,
        "late",
        &format!(
            r#"{{"restartPolicy":"Never","activeDeadlineSeconds":5,"containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(20));
    show(&world, "once");
    show(&world, "bad");
    show(&world, "late");
    let phase = |name: &str| pod(&world, name).at(&["status", "phase"]).text().to_owned();
    assert_eq!(
        (phase("once").as_str(), phase("bad").as_str(), phase("late").as_str()),
        ("Succeeded", "Failed", "Failed")
    );
    assert_eq!(pod(&world, "late").at(&["status", "reason"]).text(), "DeadlineExceeded");
    delete(&mut world, "once");
    assert!(world.server.get(&POD, &Key::new("default", "once")).is_none());
    world.advance(Span::seconds(5));
}

#[test]
fn containers_run_on_while_their_kubelet_is_stopped() {
    let mut world = world();
    create(
        &mut world,
        "web",
        &format!(r#"{{"containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#),
    );
    create(
        &mut world,
        "crash",
        &format!(r#"{{"containers":[{{"name":"c","image":"example.com/crash:1"}}],{VOLUMES}}}"#),
    );
    world.advance(Span::seconds(10));
    world.node("stop", "node-1").unwrap();
    delete(&mut world, "web");
    world.advance(Span::seconds(60));
    assert_eq!(row(&pod(&world, "web")), "1 Terminating 0");
    assert!(world.kubelets.container(pod(&world, "web").uid(), "").is_some());
    world.node("start", "all").unwrap();
    world.advance(Span::seconds(5));
    show(&world, "web");
    assert!(world.server.get(&POD, &Key::new("default", "web")).is_none());
    show(&world, "crash");
}

#[test]
fn a_deleted_node_comes_back_when_its_kubelet_starts() {
    let mut world = world();
    let key = Key::new("", "node-4");
    world.server.delete(&NODE, &key, &DeleteOptions::default(), By::user("x")).unwrap();
    world.settle();
    world.advance(Span::seconds(30));
    assert!(world.server.get(&NODE, &key).is_none());
    world.node("restart", "node-4").unwrap();
    world.advance(Span::seconds(1));
    let node = world.server.get(&NODE, &key).unwrap();
    assert_eq!(node.at(&["status", "capacity", "cpu"]).text(), "4");
    assert_eq!(
        events(&world, "node-4"),
        [
            "Starting Starting kubelet.",
            "NodeHasSufficientMemory Node node-4 status is now: NodeHasSufficientMemory",
            "NodeHasNoDiskPressure Node node-4 status is now: NodeHasNoDiskPressure",
            "NodeHasSufficientPID Node node-4 status is now: NodeHasSufficientPID",
            "NodeReady Node node-4 status is now: NodeReady",
        ]
    );
    assert_eq!(events(&world, "node-1"), Vec::<String>::new());
}

#[test]
fn the_object_of_a_pod_from_a_file_of_its_node_comes_back() {
    let mut world = world();
    let key = Key::new("kube-system", "etcd-control-plane");
    let uid = world.server.get(&POD, &key).unwrap().uid().to_owned();
    for grace_s in [None, Some(0)] {
        let options = DeleteOptions { grace_s, ..DeleteOptions::default() };
        world.server.delete(&POD, &key, &options, By::user("x")).unwrap();
        world.settle();
        world.advance(Span::seconds(1));
        let pod = world.server.get(&POD, &key).unwrap();
        assert_ne!(pod.uid(), uid);
        assert!(!pod.is_deleting());
        assert_eq!(row(pod), "1 Running 0");
        assert!(world.kubelets.container(pod.uid(), "").is_some());
    }
}

#[test]
fn a_stand_in_runs_in_place_of_commands_and_probes_that_it_does_not_have() {
    let mut world = world();
    create(
        &mut world,
        "app",
        &format!(
            r#"{{"containers":[{{"name":"c","image":"example.org/app:1","command":["exit","127"],
            "readinessProbe":{{"exec":{{"command":["app-ready"]}}}},"livenessProbe":{{"exec":{{"command":["exit","127"]}}}},
            "lifecycle":{{"postStart":{{"exec":{{"command":["exit","127"]}}}}}}}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(60));
    show(&world, "app");
    assert_eq!(row(&pod(&world, "app")), "1 Running 0");
}

#[test]
fn a_pod_deleted_by_force_is_stopped_all_the_same() {
    let mut world = world();
    create(
        &mut world,
        "slow",
        &format!(r#"{{"containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#),
    );
    world.advance(Span::seconds(10));
    let uid = pod(&world, "slow").uid().to_owned();
    let options = DeleteOptions { grace_s: Some(0), ..DeleteOptions::default() };
    world.server.delete(&POD, &Key::new("default", "slow"), &options, By::user("x")).unwrap();
    world.settle();
    assert!(world.kubelets.container(&uid, "").is_some());
    world.advance(Span::seconds(5));
    assert!(world.kubelets.container(&uid, "").is_none());
}

#[test]
fn init_containers_run_before_the_others() {
    let mut world = world();
    create(
        &mut world,
        "init",
        &format!(
            r#"{{"initContainers":[{{"name":"i","image":"busybox","command":["exit","0","2"]}}],
            "containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#
        ),
    );
    create(
        &mut world,
        "bad",
        &format!(
            r#"{{"initContainers":[{{"name":"i","image":"busybox","command":["exit","1"]}}],
            "containers":[{{"name":"c","image":"nginx:1.27"}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(20));
    show(&world, "init");
    show(&world, "bad");
}

#[test]
fn a_command_that_is_not_there_fails_to_start() {
    let mut world = world();
    create(
        &mut world,
        "badcmd",
        &format!(
            r#"{{"containers":[{{"name":"c","image":"busybox","command":["nosuchprogram"]}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(8));
    show(&world, "badcmd");
    assert_eq!(
        rows(&world, "badcmd"),
        [
            "0 Pending 0",
            "0 ContainerCreating 0",
            "0 ContainerCreating 0",
            "0 RunContainerError 0",
            "0 RunContainerError 1",
            "0 CrashLoopBackOff 1",
        ]
    );
}

#[test]
fn a_pod_that_ignores_its_signal_is_killed_when_its_time_is_up() {
    let mut world = world();
    create(
        &mut world,
        "slow",
        &format!(
            r#"{{"terminationGracePeriodSeconds":5,"containers":[{{"name":"c","image":"busybox","command":["stubborn"]}}],{VOLUMES}}}"#
        ),
    );
    world.advance(Span::seconds(10));
    delete(&mut world, "slow");
    world.advance(Span::seconds(4));
    assert_eq!(rows(&world, "slow").last().unwrap(), "1 Terminating 0");
    world.advance(Span::seconds(4));
    show(&world, "slow");
    assert_eq!(rows(&world, "slow").last().unwrap(), "0 Error 0 gone");
}
