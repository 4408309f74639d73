//! Scripts with the output that the imitated shells gave, the line editor, and scripts at random.

mod editing;
mod random;
mod scripts;

use crate::base::time::Span;
use crate::os::kernel::{MachineId, StartSpec, Stdio};
use crate::os::testing::{Bench, WITH_INPUT};
use crate::os::{
    Catalog, Image, ImageFile, Process, Program, Read, STDIN, STDOUT, Signal, Step, Sys, Wait,
};

/// A program made of a function over its state.
#[derive(Clone)]
struct Small {
    argv: Vec<String>,
    state: i64,
    step: fn(&mut Small, &mut Sys) -> Step,
}

impl Process for Small {
    fn step(&mut self, sys: &mut Sys) -> Step {
        (self.step)(self, sys)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

macro_rules! small {
    ($name:ident, $text:literal, $step:expr) => {
        static $name: Program = Program {
            name: $text,
            start: |argv| Box::new(Small { argv: argv.to_vec(), state: 0, step: $step }),
        };
    };
}

small!(CAT, "cat", |me, sys| {
    let files: Vec<String> = me.argv[1..].to_vec();
    let mut index = me.state;
    while index < files.len().max(1) as i64 {
        let name = files.get(index as usize).map_or("-", String::as_str);
        if name != "-" {
            match sys.read_file(name) {
                Ok(bytes) => sys.write(STDOUT, &bytes).unwrap_or(()),
                Err(error) => sys.eprint(&format!("cat: {name}: {error}\n")),
            }
            index += 1;
            continue;
        }
        loop {
            match sys.read(STDIN, 4096) {
                Ok(Read::Data(bytes)) => sys.write(STDOUT, &bytes).unwrap_or(()),
                Ok(Read::WouldBlock) => {
                    me.state = index;
                    return Step::Wait(Wait::readable(STDIN));
                }
                Ok(Read::End) | Err(_) => break,
            }
        }
        index += 1;
    }
    Step::Done(0)
});

small!(SLEEP, "sleep", |me, sys| {
    if me.state == 0 {
        let seconds = me.argv.get(1).and_then(|text| text.parse().ok()).unwrap_or(0.0);
        me.state = sys.after(Span::seconds_f64(seconds)).0;
    }
    let until = crate::base::time::Time(me.state);
    if sys.now() < until { Step::Wait(Wait::until(until)) } else { Step::Done(0) }
});

small!(PRINTENV, "printenv", |me, sys| {
    match sys.env().get(&me.argv[1]).cloned() {
        Some(value) => {
            sys.print(&format!("{value}\n"));
            Step::Done(0)
        }
        None => Step::Done(1),
    }
});

small!(KUBECTL, "kubectl", |me, sys| {
    let args: Vec<&str> = me.argv[1..].iter().map(String::as_str).collect();
    match args.as_slice() {
        ["__complete", "get", "po"] => sys.print("pods\npodtemplates\n:4\n"),
        ["__complete", "get", "pods", _] => sys.print("web-0\nweb-1\n:4\n"),
        ["__complete", "ge"] => sys.print("get\tDisplay one or many resources\n:4\n"),
        ["__complete", "get", "pods", _, _] => sys.print("--output=\tOutput format\n:2\n"),
        args => sys.print(&format!("kubectl {}\n", args.join(" "))),
    }
    Step::Done(0)
});

small!(RECORD, "record", |me, sys| {
    let _ = sys.write_file("/tmp/record", me.argv[1..].join("|").as_bytes());
    Step::Done(0)
});

const PASSWD: ImageFile = ImageFile::Text(
    "/etc/passwd",
    0o644,
    "root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/bash\n",
);

static DEBIAN: Image = Image {
    names: &["debian"],
    tags: &[],
    size: 0,
    entrypoint: &[],
    cmd: &[],
    env: &[],
    user: 0,
    workdir: "/",
    files: &[
        PASSWD,
        ImageFile::Directory("/root", 0o700),
        ImageFile::Directory("/home/me", 0o777),
        ImageFile::Directory("/tmp/w", 0o777),
        ImageFile::Program("/tmp/bin/bash", "bash"),
    ],
    shell: true,
};

static BUSYBOX: Image = Image {
    names: &["busybox"],
    files: &[
        PASSWD,
        ImageFile::Directory("/root", 0o700),
        ImageFile::Directory("/tmp/w", 0o777),
        ImageFile::Program("/bin/busybox", "sh"),
    ],
    ..DEBIAN
};

static CATALOG: Catalog = Catalog {
    programs: &[&[
        &super::BASH,
        &super::SH,
        &CAT,
        &SLEEP,
        &PRINTENV,
        &KUBECTL,
        &RECORD,
        &WITH_INPUT,
    ]],
    images: &[&DEBIAN, &BUSYBOX],
    base: &[
        ImageFile::Program("/tmp/bin/sh", "sh"),
        ImageFile::Program("/tmp/bin/cat", "cat"),
        ImageFile::Program("/tmp/bin/sleep", "sleep"),
        ImageFile::Program("/tmp/bin/printenv", "printenv"),
        ImageFile::Program("/tmp/bin/kubectl", "kubectl"),
        ImageFile::Program("/tmp/bin/record", "record"),
        ImageFile::Program("/tmp/bin/with-input", "with-input"),
    ],
    stand_in: &DEBIAN,
    laptop: &DEBIAN,
    document: |_| None,
};

/// A world with one machine.
fn world(image: &'static Image) -> (Bench, MachineId) {
    let mut bench = Bench::new(&CATALOG);
    let machine = bench.machine(image, "box", "10.0.0.1");
    (bench, machine)
}

fn spec(argv: &[&str], stdio: Stdio) -> StartSpec {
    let env = [("PATH", "/tmp/bin"), ("HOME", "/root")];
    StartSpec {
        argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        cwd: "/tmp/w".to_owned(),
        stdio,
        ..StartSpec::default()
    }
}

/// Runs a script to its end: exit code, and what it wrote to both outputs.
fn run(image: &'static Image, argv: &[&str]) -> (i32, String) {
    let (mut bench, machine) = world(image);
    let pid = bench.kernel.start(machine, spec(argv, Stdio::Collect)).unwrap();
    bench.finish(pid)
}

/// Runs with bash.
fn bash(script: &str) -> (i32, String) {
    run(&DEBIAN, &["bash", "-c", script])
}

#[test]
fn a_trapped_signal_runs_its_trap_and_a_plain_one_ends_the_shell() {
    let (mut bench, machine) = world(&DEBIAN);
    let script = "trap 'echo term; exit 5' TERM; while :; do sleep 1; done";
    let pid = bench.kernel.start(machine, spec(&["sh", "-c", script], Stdio::Collect)).unwrap();
    bench.pass(Span::millis(2500));
    bench.kernel.kill(pid, Signal::Term).unwrap();
    assert_eq!(bench.finish(pid), (5, "term\n".to_owned()));
    let script = "while :; do :; done";
    let pid = bench.kernel.start(machine, spec(&["sh", "-c", script], Stdio::Collect)).unwrap();
    bench.pass(Span::millis(10));
    bench.kernel.kill(pid, Signal::Term).unwrap();
    assert_eq!(bench.finish(pid), (143, String::new()));
}

#[test]
fn a_shell_copied_in_a_loop_goes_on_alike() {
    let (mut bench, machine) = world(&DEBIAN);
    let script = "for i in 0 1 2 3; do sleep 1; echo line $i $RANDOM $(echo $i); done | cat";
    let pid = bench.kernel.start(machine, spec(&["bash", "-c", script], Stdio::Collect)).unwrap();
    bench.pass(Span::millis(2500));
    let mut copy = bench.clone();
    let (first, second) = (bench.finish(pid), copy.finish(pid));
    assert_eq!(first, second);
    assert_eq!(first.1.lines().count(), 4);
}

#[test]
fn a_command_with_nothing_behind_it_takes_the_shells_place() {
    let (mut bench, machine) = world(&BUSYBOX);
    let pid = bench
        .kernel
        .start(machine, spec(&["sh", "-c", "echo x; exec sleep 60"], Stdio::Collect))
        .unwrap();
    bench.pass(Span::seconds(1));
    let shown: Vec<Vec<String>> =
        bench.kernel.processes(machine).into_iter().map(|p| p.argv).collect();
    assert_eq!(shown, [["sleep", "60"]]);
    assert_eq!(bench.finish(pid).0, 0);
    let pid = bench.kernel.start(machine, spec(&["sh", "-c", "sleep 60"], Stdio::Collect)).unwrap();
    bench.pass(Span::seconds(1));
    assert_eq!(bench.kernel.processes(machine).len(), 1);
    assert_eq!(bench.finish(pid).0, 0);
}

#[test]
fn a_script_may_come_over_standard_input() {
    let (mut bench, machine) = world(&DEBIAN);
    let script = "echo a\nread x\nfrom input\necho \"$x\"\nfor i in 1 2\ndo echo $i\ndone\ncat <<E\n$x\nE\nexit 3\n";
    bench.kernel.write_file(machine, "/tmp/in", script.as_bytes()).unwrap();
    let spec = spec(&["with-input", "/tmp/in", "sh"], Stdio::Collect);
    let pid = bench.kernel.start(machine, spec).unwrap();
    assert_eq!(bench.finish(pid), (3, "a\nfrom input\n1\n2\nfrom input\n".to_owned()));
}

#[test]
fn a_file_without_an_interpreter_line_is_run_by_the_shell() {
    let (mut bench, machine) = world(&DEBIAN);
    for name in ["/tmp/w/a", "/tmp/w/b"] {
        bench.kernel.write_file(machine, name, b"echo ran $0 $1\n").unwrap();
    }
    bench.kernel.write_file(machine, "/tmp/w/b", b"#!/tmp/bin/sh\necho own $0 $1\n").unwrap();
    let script = "./a x; echo $?; chmod_ok=1; sh a y; sh ./b z";
    let pid = bench.kernel.start(machine, spec(&["bash", "-c", script], Stdio::Collect)).unwrap();
    let wanted = "bash: line 1: ./a: Permission denied\n126\nran a y\nown ./b z\n";
    assert_eq!(bench.finish(pid), (0, wanted.to_owned()));
}
