//! Programs at work on a small fake world: what they print and how they end.

use crate::base::time::Span;
use crate::images;
use crate::os::kernel::{MachineId, Stdio};
use crate::os::testing::{Bench, WITH_INPUT};
use crate::os::{Catalog, Lookup, Signal};

use super::ALL;

/// The images with the programs of this layer and the test's own helper.
static CATALOG: Catalog = Catalog {
    programs: &[ALL, &[&WITH_INPUT]],
    images: images::ALL,
    base: images::BASE,
    stand_in: &images::STAND_IN,
    laptop: &images::LAPTOP,
};

fn catalog() -> &'static Catalog {
    &CATALOG
}

/// A laptop with GNU's commands.
fn laptop() -> (Bench, MachineId) {
    let mut bench = Bench::new(catalog());
    let machine = bench.machine(&images::LAPTOP, "laptop", "");
    bench.install(machine, &WITH_INPUT);
    (bench, machine)
}

/// A container with busybox's commands.
fn busybox() -> (Bench, MachineId) {
    let mut bench = Bench::new(catalog());
    let image = found("busybox", "latest");
    let machine = bench.machine(image, "web-0", "10.244.1.5");
    bench.install(machine, &WITH_INPUT);
    (bench, machine)
}

fn found(name: &str, tag: &str) -> &'static crate::os::Image {
    match catalog().look_up(name, tag) {
        Lookup::Image(image) => image,
        _ => panic!("{name}:{tag}"),
    }
}

/// Runs command lines with input; each gives exit code and output.
fn table(bench: &mut Bench, machine: MachineId, rows: &[(&[&str], &str, i32, &str)]) {
    for (argv, input, code, output) in rows {
        let (got_code, got) = bench.feed(machine, argv, input);
        assert_eq!((got.as_str(), got_code), (*output, *code), "{argv:?}");
    }
}

#[test]
fn the_registry_is_complete_and_every_image_can_be_made() {
    let catalog = catalog();
    for pair in ALL.windows(2) {
        assert!(pair[0].name != pair[1].name, "{}", pair[0].name);
    }
    let own = ["sh", "bash", "kubectl"];
    for image in
        images::ALL.iter().copied().chain([&images::LAPTOP, &images::NODE, &images::STAND_IN])
    {
        for file in image.files.iter().chain(images::BASE) {
            match file {
                crate::os::ImageFile::Program(_, name) => {
                    assert!(own.contains(name) || catalog.program(name).is_some(), "{name}");
                }
                crate::os::ImageFile::Link(path, "busybox") => {
                    let name = path.rsplit('/').next().unwrap();
                    assert!(catalog.program(name).is_some(), "{name}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn registries_know_tags_typos_and_strangers() {
    let catalog = catalog();
    let look = |name: &str, tag: &str| match catalog.look_up(name, tag) {
        Lookup::Image(image) => image.env.first().map_or("image", |(_, v)| v),
        Lookup::StandIn(_) => "stand-in",
        Lookup::NoTag => "no tag",
        Lookup::NoRepository => "no repository",
    };
    assert_eq!(look("nginx", "latest"), "1.29.4");
    assert_eq!(look("nginx", "1.27"), "1.27.5");
    assert_eq!(look("nginx", "1.16.1"), "1.16.1");
    assert_eq!(look("nginx", "1.27-alpine"), "1.27.5");
    assert_eq!(look("nginx", "1.161"), "no tag");
    assert_eq!(look("registry.k8s.io/nginx-slim", "0.24"), "image");
    assert_eq!(look("registry.k8s.io/nginx-slim", "nosuch"), "no tag");
    assert_eq!(look("busybox", "1.28"), "image");
    assert_eq!(look("busybox", "1.36.1"), "image");
    assert_eq!(look("ngnix", "latest"), "no repository");
    assert_eq!(look("nosuchthing", "latest"), "no repository");
    assert_eq!(look("example.com/other", "1"), "no repository");
    assert_eq!(look("my-app", "v1"), "stand-in");
    assert_eq!(look("ghcr.io/me/app", "nosuch"), "no tag");
}

#[test]
fn a_container_of_nginx_serves_logs_and_stops() {
    let mut bench = Bench::new(catalog());
    let web = bench.container(found("registry.k8s.io/nginx-slim", "0.8"), "web-0", "10.244.1.2");
    let main = bench.start(web, &["nginx", "-g", "daemon off;"], Stdio::Log);
    bench.pass(Span::seconds(1));
    assert!(bench.kernel.is_listening("10.244.1.2", 80));
    bench.kernel.kill(main, Signal::Term).unwrap();
    bench.pass(Span::seconds(2));
    let exits = bench.kernel.take_exits();
    assert_eq!((exits[0].0, exits[0].1), (main, 0));
}

#[test]
fn the_failure_images_fail() {
    let mut bench = Bench::new(catalog());
    let mut run = |name: &str| {
        let machine = bench.container(found(name, "1"), "pod", "10.244.1.3");
        let argv = found(name, "1").entrypoint[0];
        let pid = bench.start(machine, &[argv], Stdio::Log);
        bench.pass(Span::millis(2500));
        bench.kernel.kill(pid, Signal::Term).ok();
        bench.pass(Span::seconds(1));
        let exit = bench.kernel.take_exits().first().map(|e| e.1);
        (exit, bench.kernel.was_out_of_memory(machine))
    };
    assert_eq!(run("example.com/crash"), (Some(1), false));
    assert_eq!(run("example.com/oom"), (Some(137), true));
    assert_eq!(run("example.com/stubborn"), (None, false));
}

#[test]
fn small_programs_print_what_they_should() {
    let (mut bench, machine) = laptop();
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["cat"], "a\nb", 0, "a\nb"),
        (&["cat", "-n", "-"], "a\nb\n", 0, "     1\ta\n     2\tb\n"),
        (&["cat", "/nope"], "", 1, "cat: /nope: No such file or directory\n"),
        (
            &["cat", "--zz"],
            "",
            1,
            "cat: unrecognized option '--zz'\nTry 'cat --help' for more information.\n",
        ),
        (&["echo", "-e", "a\\tb"], "", 0, "a\tb\n"),
        (&["echo", "-n", "x"], "", 0, "x"),
        (&["hostname"], "", 0, "laptop\n"),
        (
            &["sleep", "x"],
            "",
            1,
            "sleep: invalid time interval 'x'\nTry 'sleep --help' for more information.\n",
        ),
        (&["false"], "", 1, ""),
    ];
    table(&mut bench, machine, rows);
    let (mut bench, machine) = busybox();
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["cat", "/nope"], "", 1, "cat: can't open '/nope': No such file or directory\n"),
        (&["busybox", "echo", "x"], "", 0, "x\n"),
        (&["busybox", "nope"], "", 127, "nope: applet not found\n"),
    ];
    table(&mut bench, machine, rows);
}
