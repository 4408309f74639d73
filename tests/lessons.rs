//! Every lesson plays itself to its end: each check is false before its step and true in it, whatever the seed.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

use std::rc::Rc;

use tabernetes::cli::lesson_test;
use tabernetes::lessons;
use tabernetes::world::Options;

#[test]
fn every_lesson_plays_to_its_end() {
    for entry in lessons::ALL {
        for seed in [1, 2, 3] {
            let faults = lesson_test::play(Rc::new(entry.load()), Options::recorded(seed));
            assert!(faults.is_empty(), "{} with seed {seed}:\n{}", entry.name, faults.join("\n"));
        }
    }
}

#[test]
fn lessons_play_at_the_pace_of_the_page_too() {
    for entry in lessons::ALL {
        let faults = lesson_test::play(Rc::new(entry.load()), Options::visible(1));
        assert!(faults.is_empty(), "{}:\n{}", entry.name, faults.join("\n"));
    }
}

#[test]
fn a_lesson_whose_check_never_holds_fails() {
    let text = "---\nname: x\ntitle: X\n---\n## One\n\n```check\n- { text: never, object: { kind: Pod, name: nobody } }\n```\n";
    let json = lessons::parse::parse(text).expect("it is a lesson").to_string();
    let lesson = lessons::Lesson::from_json(&json).expect("it is JSON");
    let faults = lesson_test::play(Rc::new(lesson), Options::recorded(1));
    assert!(faults.iter().any(|fault| fault.contains("does not hold: never")), "{faults:?}");
}
