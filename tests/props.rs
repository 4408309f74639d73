//! Properties that hold for every seed and every input: determinism, snapshots, watches, StatefulSet order.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

use std::collections::BTreeMap;

use tabernetes::api::kinds;
use tabernetes::api::{Key, Object};
use tabernetes::base::rng::{Draw, Rng};
use tabernetes::base::time::Span;
use tabernetes::catalog;
use tabernetes::os::request::{Accept, Watch};
use tabernetes::server::{By, Part};
use tabernetes::session::{Input, Output, Session};
use tabernetes::value;
use tabernetes::world::{Limit, Options, World};

/// Everything that is stored and remembered, as text.
fn trace(world: &World) -> String {
    let mut text = format!("{} {}\n", world.now().rfc3339_micro(), world.events());
    for change in world.server.store.log() {
        text.push_str(&format!(
            "{} {} {:?} {} {:?} {:?} {}\n",
            change.rev,
            change.at.rfc3339_micro(),
            change.kind,
            change.key,
            change.change,
            change.by,
            change.new.value().to_json()
        ));
    }
    text
}

/// Lines that a learner might type, in an order that the seed decides.
fn typed(draw: &mut Draw, count: usize) -> Vec<String> {
    const LINES: &[&str] = &[
        "kubectl apply -f web.yaml",
        "kubectl get pods -o wide",
        "kubectl scale sts web --replicas=3",
        "kubectl scale sts web --replicas=1",
        "kubectl delete pod web-0 --wait=false",
        "kubectl delete sts web --cascade=orphan",
        "kubectl delete -f web.yaml",
        "kubectl describe sts web | head -5",
        "for i in 0 1 2; do kubectl exec web-$i -- sh -c 'echo $RANDOM > /usr/share/nginx/html/x'; done",
        "sleep 3; echo awake",
        "kubectl get pods -w & sleep 2; kill %1",
        "kubectl patch sts web -p '{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"a\":\"'$RANDOM'\"}}}}}'",
        "nosuch --flag",
        "kubectl get pods --nosuch",
        "while true; do :; done",
    ];
    (0..count).map(|_| LINES[draw.index(LINES.len())].to_owned()).collect()
}

/// A session into which the lines were typed, with its screens' bytes.
fn played(seed: u64, lines: &[String]) -> (Session, Vec<u8>) {
    let mut session = Session::new(Options::recorded(seed));
    session.input(Input::Lesson { name: "statefulset-basics".to_owned() });
    let mut screen = Vec::new();
    for line in lines {
        session.input(Input::Keys { terminal: 1, text: format!("{line}\r") });
        screen.extend(advance(&mut session, Span::millis(4321)));
        session.input(Input::Keys { terminal: 1, text: "\x03".to_owned() });
        screen.extend(advance(&mut session, Span::millis(777)));
    }
    (session, screen)
}

fn advance(session: &mut Session, span: Span) -> Vec<u8> {
    let outputs = session.advance(span, &mut || false);
    let bytes = outputs.into_iter().filter_map(|output| match output {
        Output::Tty(_, bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

fn seeds(count: u64) -> impl Iterator<Item = (u64, Draw)> {
    (1..=count).map(|seed| (seed, Rng { seed }.named("property", "", 0)))
}

#[test]
fn one_seed_and_one_input_give_the_same_bytes() {
    for (seed, mut draw) in seeds(3) {
        let lines = typed(&mut draw, 8);
        let ((first, first_screen), (second, second_screen)) =
            (played(seed, &lines), played(seed, &lines));
        assert_eq!(
            String::from_utf8_lossy(&first_screen),
            String::from_utf8_lossy(&second_screen),
            "seed {seed}: {lines:?}"
        );
        assert_eq!(trace(&first.world), trace(&second.world), "seed {seed}: {lines:?}");
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    let lines = vec!["kubectl apply -f web.yaml".to_owned()];
    assert_ne!(trace(&played(1, &lines).0.world), trace(&played(2, &lines).0.world));
}

#[test]
fn a_snapshot_goes_on_as_the_original_does_and_the_log_leads_to_the_same_place() {
    for (seed, mut draw) in seeds(3) {
        let lines = typed(&mut draw, 8);
        let (mut original, _) = played(seed, &lines[..4]);
        let mut copy = original.clone();
        for line in &lines[4..] {
            for session in [&mut original, &mut copy] {
                session.input(Input::Keys { terminal: 0, text: format!("{line}\r") });
            }
            let shown = advance(&mut original, Span::seconds(3));
            assert_eq!(shown, advance(&mut copy, Span::seconds(3)), "seed {seed}: {line}");
        }
        assert_eq!(trace(&original.world), trace(&copy.world), "seed {seed}: {lines:?}");
        let mut again = Session::replay(original.options().clone(), original.log());
        let rest = original.world.now() - again.world.now();
        again.advance(rest, &mut || false);
        assert_eq!(trace(&original.world), trace(&again.world), "replay of seed {seed}: {lines:?}");
    }
}

#[test]
fn frames_of_any_length_lead_to_the_same_place() {
    let (mut whole, _) = played(5, &["kubectl apply -f web.yaml".to_owned()]);
    let mut pieces = whole.clone();
    whole.advance(Span::seconds(10), &mut || false);
    let end = pieces.world.now() + Span::seconds(10);
    let mut draw = Rng { seed: 5 }.named("frames", "", 0);
    while pieces.world.now() < end {
        let span = Span::micros(draw.range(1, 40_000)).min(end - pieces.world.now());
        let mut left = draw.range(0, 3);
        pieces.advance(span, &mut || {
            left -= 1;
            left < 0
        });
    }
    assert_eq!(trace(&whole.world), trace(&pieces.world));
}

#[test]
fn a_list_and_the_watch_after_it_lead_to_the_next_list() {
    for (seed, _) in seeds(3) {
        let mut world = catalog::world(&Options::recorded(seed));
        let list = |world: &World| -> BTreeMap<Key, u64> {
            world.server.list(&kinds::POD, "default").map(|o| (o.key.clone(), o.rv)).collect()
        };
        apply_set(&mut world, 4, "OrderedReady");
        let mut held = list(&world);
        let mut watch = Watch {
            kind: &kinds::POD,
            ns: "default".to_owned(),
            labels: String::new(),
            fields: String::new(),
            rv: world.server.store.revision(),
            accept: Accept::Json,
            initial: false,
        };
        for _ in 0..40 {
            world.advance(Span::millis(500));
            for event in world.server.poll(&mut watch).expect("the log reaches back") {
                if event.kind == "DELETED" {
                    held.remove(&event.object.key);
                } else {
                    held.insert(event.object.key.clone(), event.object.rv);
                }
            }
            assert_eq!(held, list(&world), "seed {seed}");
        }
    }
}

fn apply_set(world: &mut World, replicas: i64, policy: &str) {
    let set = value!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "serviceName": "web",
            "replicas": replicas,
            "podManagementPolicy": policy,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "nginx", "image": "registry.k8s.io/nginx-slim:0.8" }] },
            },
        },
    });
    world.server.create(&kinds::STATEFUL_SET, set, By::user("test")).expect("the set is valid");
    world.settle();
}

fn ordinal(object: &Object) -> i64 {
    object
        .name()
        .rsplit('-')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a pod of a set has an ordinal")
}

fn is_ready(object: &Object) -> bool {
    let conditions = object.at(&["status", "conditions"]).as_array();
    conditions.iter().any(|c| c.get("type").text() == "Ready" && c.get("status").text() == "True")
}

/// Checked after every event: an ordered set creates no pod while a lower one is missing or not Ready,
/// and never deletes one while a higher one exists.
fn check_order(world: &World, before: &BTreeMap<i64, bool>, seed: u64) -> BTreeMap<i64, bool> {
    let pods = world.server.list(&kinds::POD, "default");
    let now: BTreeMap<i64, bool> =
        pods.filter(|o| !o.is_deleting()).map(|o| (ordinal(o), is_ready(o))).collect();
    for new in now.keys().filter(|n| !before.contains_key(n)) {
        for lower in 0..*new {
            assert!(
                before.get(&lower) == Some(&true),
                "seed {seed}: web-{new} came before web-{lower} was Ready"
            );
        }
    }
    now
}

#[test]
fn an_ordered_set_keeps_its_order_at_every_event_and_reaches_what_is_asked_for() {
    for (seed, mut draw) in seeds(6) {
        let mut world = catalog::world(&Options::recorded(seed));
        let key = Key::new("default", "web");
        apply_set(&mut world, 3, "OrderedReady");
        let mut wanted = 3;
        let mut state = BTreeMap::new();
        for _ in 0..6 {
            let end = world.now() + Span::millis(draw.range(500, 20_000));
            while let Some(next) = world.next_event().filter(|next| *next <= end) {
                world.run(Limit { until: next, events: 1 });
                state = check_order(&world, &state, seed);
            }
            wanted = draw.range(0, 6);
            world
                .server
                .modify(&kinds::STATEFUL_SET, &key, Part::Main, By::user("test"), |set| {
                    set.set_at(&["spec", "replicas"], wanted);
                })
                .expect("the set is there");
            world.settle();
        }
        world.advance(Span::seconds(120));
        let pods: Vec<i64> =
            world.server.list(&kinds::POD, "default").map(|o| ordinal(o)).collect();
        assert_eq!(pods, (0..wanted).collect::<Vec<_>>(), "seed {seed}");
        assert!(world.server.list(&kinds::POD, "default").all(|o| is_ready(o)), "seed {seed}");
    }
}
