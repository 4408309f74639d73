//! Tests of the kernel: files, pipes, processes, signals, terminals, logs, connections.

use crate::base::time::Span;
use crate::os::kernel::{ExecOptions, Kernel, MachineSpec, StartSpec, Stdio};
use crate::os::testing::Bench;
use crate::os::{
    Catalog, Errno, Image, ImageFile, OpenFlags, Process, Program, Read, STDIN, STDOUT, Signal,
    Spawn, Step, Sys, Wait,
};

static BOX: Image = Image {
    names: &["box"],
    tags: &[],
    size: 0,
    entrypoint: &[],
    cmd: &[],
    env: &[],
    user: 0,
    workdir: "/",
    files: &[ImageFile::Text("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n")],
    shell: true,
};

static CATALOG: Catalog = Catalog {
    programs: &[&[&ECHO, &CAT, &SLEEP, &FILES, &PARENT, &SERVER, &CLIENT, &FLOOD, &STUBBORN]],
    images: &[&BOX],
    base: &[
        ImageFile::Program("/bin/echo", "echo"),
        ImageFile::Program("/bin/cat", "cat"),
        ImageFile::Program("/bin/sleep", "sleep"),
        ImageFile::Program("/bin/files", "files"),
        ImageFile::Program("/bin/parent", "parent"),
        ImageFile::Program("/bin/server", "server"),
        ImageFile::Program("/bin/client", "client"),
        ImageFile::Program("/bin/flood", "flood"),
        ImageFile::Program("/bin/stubborn", "stubborn"),
        ImageFile::Text("/bin/script", 0o755, "#!/bin/echo -x\nwhatever\n"),
        ImageFile::Link("/bin/say", "echo"),
    ],
    stand_in: &BOX,
    laptop: &BOX,
    document: |_| None,
};

/// A program made of a function over its state.
#[derive(Clone)]
struct Small {
    argv: Vec<String>,
    state: u32,
    step: fn(&mut Small, &mut Sys) -> Step,
}

impl Process for Small {
    fn step(&mut self, sys: &mut Sys) -> Step {
        (self.step)(self, sys)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        if self.argv[0] == "stubborn" && signal == Signal::Term {
            sys.print("no\n");
            return true;
        }
        false
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

small!(ECHO, "echo", |me, sys| {
    sys.print(&format!("{}\n", me.argv[1..].join(" ")));
    Step::Done(0)
});

small!(CAT, "cat", |_, sys| loop {
    match sys.read(STDIN, 4096) {
        Ok(Read::Data(bytes)) => {
            let _ = sys.write(STDOUT, &bytes);
        }
        Ok(Read::WouldBlock) => break Step::Wait(Wait::readable(STDIN)),
        _ => break Step::Done(0),
    }
});

small!(SLEEP, "sleep", |me, sys| {
    me.state += 1;
    if me.state == 1 {
        let seconds = me.argv[1].parse().unwrap();
        return Step::Wait(Wait::until(sys.after(Span::seconds(seconds))));
    }
    Step::Done(0)
});

small!(STUBBORN, "stubborn", |_, _| Step::Wait(Wait::default()));

small!(FLOOD, "flood", |me, sys| {
    me.state += 1;
    match sys.write(STDOUT, &[b'x'; 40_000]) {
        Ok(()) => Step::Yield,
        Err(_) => Step::Done(1),
    }
});

small!(FILES, "files", |_, sys| {
    sys.mkdir("/d", 0o777).unwrap();
    sys.write_file("/d/a", b"one").unwrap();
    sys.symlink("a", "/d/l").unwrap();
    sys.link("/d/a", "/d/h").unwrap();
    assert_eq!(sys.read_file("/d/l").unwrap(), b"one");
    assert_eq!(sys.stat("/d/a", true).unwrap().links, 2);
    assert_eq!(sys.stat("/d/none", true), Err(Errno::NotFound));
    assert_eq!(sys.stat("/d/a/b", true), Err(Errno::NotDirectory));
    assert_eq!(sys.remove("/d"), Err(Errno::NotEmpty));
    sys.symlink("loop", "/d/loop").unwrap();
    assert_eq!(sys.read_file("/d/loop"), Err(Errno::TooManyLinks));
    assert_eq!(sys.rename("/d", "/d/x"), Err(Errno::Invalid));
    sys.rename("/d/a", "/d/b").unwrap();
    assert_eq!(sys.stat("/d/l", true), Err(Errno::NotFound));
    assert_eq!(sys.write_file("/v/ro/f", b"x"), Err(Errno::ReadOnly));
    sys.write_file("/v/rw/f", b"x").unwrap();
    assert_eq!(sys.rename("/v/rw/f", "/d/f"), Err(Errno::CrossDevice));
    assert_eq!(sys.remove("/v/rw"), Err(Errno::Busy));
    assert_eq!(sys.write_file("/d/big", &vec![0; 9 << 20]), Err(Errno::FileTooBig));
    sys.write_file("/dev/null", b"x").unwrap();
    sys.write_file("/dev/stdout", b"done\n").unwrap();
    sys.chdir("/d/../d").unwrap();
    assert_eq!(sys.cwd(), "/d");
    let open = sys.open("b", OpenFlags::READ).unwrap();
    sys.remove("b").unwrap();
    sys.remove("h").unwrap();
    assert_eq!(sys.read(open, 10), Ok(Read::Data(b"one".to_vec())));
    Step::Done(0)
});

// Runs `sleep 5 | cat` like a shell and prints the order in which they end.
small!(PARENT, "parent", |me, sys| {
    if me.state == 0 {
        me.state = 1;
        let (read, write) = sys.pipe();
        let argv = |text: &str| text.split(' ').map(str::to_owned).collect();
        let first = Spawn { argv: argv("flood"), fds: vec![(1, write)], ..Spawn::default() };
        sys.spawn(first).unwrap();
        let second =
            Spawn { argv: argv("sleep 5"), fds: vec![(0, read), (1, 1)], ..Spawn::default() };
        sys.spawn(second).unwrap();
        sys.close(read);
        sys.close(write);
    }
    while let Some((_, code)) = sys.wait(None) {
        sys.print(&format!("{code}\n"));
        me.state += 1;
    }
    if me.state == 3 { Step::Done(0) } else { Step::Wait(Wait::children()) }
});

small!(SERVER, "server", |me, sys| {
    if me.state == 0 {
        me.state = sys.listen(80).unwrap();
    }
    while let Some((fd, peer)) = sys.accept(me.state) {
        sys.write(fd, format!("hello {peer}").as_bytes()).unwrap();
        sys.close(fd);
    }
    Step::Wait(Wait::readable(me.state))
});

small!(CLIENT, "client", |me, sys| {
    if me.state == 0 {
        match sys.connect(&me.argv[1], 80) {
            Ok(fd) => me.state = fd,
            Err(error) => {
                sys.print(&error.to_string());
                return Step::Done(1);
            }
        }
    }
    match sys.read(me.state, 100).unwrap() {
        Read::Data(bytes) => {
            let _ = sys.write(STDOUT, &bytes);
            Step::Yield
        }
        Read::WouldBlock => Step::Wait(Wait::readable(me.state)),
        Read::End => Step::Done(0),
    }
});

fn bench() -> Bench {
    Bench::new(&CATALOG)
}

fn text(kernel: &Kernel, log: u32) -> Vec<String> {
    kernel.log_lines(log).iter().map(|l| l.text.clone()).collect()
}

#[test]
fn files_behave() {
    let mut bench = bench();
    let fs = bench.kernel.add_fs(0o755, 0);
    let machine = bench.kernel.add_machine(MachineSpec {
        hostname: "h".into(),
        address: String::new(),
        image: &BOX,
        mounts: vec![
            ("/v/rw".into(), fs, String::new(), false),
            ("/v/ro".into(), fs, "sub".into(), true),
        ],
        resolv_conf: String::new(),
        log: None,
    });
    assert_eq!(bench.run(machine, &["files"]), (0, "done\n".into()));
    assert_eq!(bench.kernel.fs_files(fs), [("f".to_owned(), b"x".to_vec())]);
}

#[test]
fn permissions_hold_for_users_but_not_for_root() {
    let mut bench = bench();
    let machine = bench.machine(&BOX, "h", "");
    let start = |uid| StartSpec {
        argv: vec!["files".into()],
        uid,
        gid: uid,
        stdio: Stdio::Collect,
        ..StartSpec::default()
    };
    assert!(bench.kernel.start(machine, start(7)).is_ok());
    bench.kernel.write_file(machine, "/secret/f", b"x").unwrap();
    assert_eq!(bench.kernel.list_dir(machine, "/secret").unwrap(), ["f"]);
    let none = StartSpec { argv: vec!["/etc/passwd".into()], ..StartSpec::default() };
    assert_eq!(bench.kernel.start(machine, none), Err(Errno::Access));
    let none = StartSpec { argv: vec!["nothing".into()], ..StartSpec::default() };
    assert_eq!(bench.kernel.start(machine, none), Err(Errno::NotFound));
}

#[test]
fn scripts_and_links_lead_to_programs() {
    let mut bench = bench();
    let machine = bench.machine(&BOX, "h", "");
    assert_eq!(bench.run(machine, &["script", "a"]), (0, "-x /bin/script a\n".into()));
    assert_eq!(bench.run(machine, &["say", "a"]), (0, "a\n".into()));
}

#[test]
fn a_full_pipe_holds_its_writer_and_a_broken_one_ends_it() {
    let mut bench = bench();
    let machine = bench.machine(&BOX, "h", "");
    let before = bench.kernel.now;
    let (code, out) = bench.run(machine, &["parent"]);
    assert_eq!((code, out.as_str()), (0, "141\n0\n"));
    assert!(bench.kernel.now - before >= Span::seconds(5));
}

#[test]
fn the_main_process_of_a_container_is_special() {
    let mut bench = bench();
    let machine = bench.container(&BOX, "pod", "10.0.0.1");
    let main = bench.start(machine, &["sleep", "100"], Stdio::Log);
    let other = bench.start(machine, &["sleep", "200"], Stdio::Null);
    bench.pass(Span::seconds(1));
    let shown: Vec<u32> = bench.kernel.processes(machine).iter().map(|p| p.shown).collect();
    assert_eq!(shown, [1, 2]);
    bench.kernel.kill(main, Signal::Term).unwrap();
    bench.pass(Span::seconds(1));
    assert!(bench.kernel.take_exits().is_empty());
    bench.kernel.kill(main, Signal::Kill).unwrap();
    let exits: Vec<_> = bench.kernel.take_exits().iter().map(|e| (e.0, e.1)).collect();
    assert_eq!(exits, [(main, 137), (other, 137)]);
}

#[test]
fn signals_reach_handlers_and_defaults() {
    let mut bench = bench();
    let machine = bench.machine(&BOX, "h", "");
    let pid = bench.start(machine, &["stubborn"], Stdio::Collect);
    bench.pass(Span::seconds(1));
    bench.kernel.kill(pid, Signal::Term).unwrap();
    bench.pass(Span::seconds(1));
    bench.kernel.kill(pid, Signal::Int).unwrap();
    assert_eq!(bench.finish(pid), (130, "no\n".into()));
}

#[test]
fn a_terminal_edits_lines_and_interrupts() {
    let mut bench = bench();
    let machine = bench.machine(&BOX, "h", "");
    let tty = bench.kernel.add_tty(80, 24);
    let pid = bench.start(machine, &["cat"], Stdio::Tty(tty));
    bench.pass(Span::millis(10));
    bench.kernel.tty_input(tty, "abx\x7fcé\x7f\r".as_bytes());
    bench.pass(Span::millis(10));
    assert_eq!(bench.screen(tty), "abx\x08 \x08cé\x08 \x08\r\nabc\r\n");
    bench.kernel.tty_input(tty, b"zz\x15q\x03");
    bench.pass(Span::millis(10));
    assert_eq!(bench.screen(tty), "zz\x08 \x08\x08 \x08q^C");
    assert_eq!(bench.kernel.take_exits()[0].1, 130);
    let _ = pid;
    let second = bench.start(machine, &["cat"], Stdio::Tty(tty));
    bench.pass(Span::millis(10));
    bench.kernel.tty_input(tty, b"\x04");
    assert_eq!(bench.finish(second).0, 0);
}

#[test]
fn exec_with_a_terminal_passes_keys_output_and_the_exit_code() {
    let mut bench = bench();
    let home = bench.machine(&BOX, "h", "");
    let machine = bench.container(&BOX, "pod", "10.0.0.1");
    bench.start(machine, &["sleep", "100"], Stdio::Log);
    let caller = bench.start(home, &["stubborn"], Stdio::Null);
    let spec = StartSpec { argv: vec!["cat".into()], ..StartSpec::default() };
    let options =
        ExecOptions { stdin: true, stdout: true, stderr: true, tty: true, size: (80, 24) };
    let (_, ends) = bench.kernel.exec(caller, machine, spec.clone(), options).unwrap();
    bench.pass(Span::millis(10));
    bench.kernel.write(caller, ends.stdin.unwrap(), b"hi\r").unwrap();
    bench.pass(Span::millis(10));
    let shown = bench.kernel.read(caller, ends.stdout.unwrap(), 100).unwrap();
    assert_eq!(shown, Read::Data(b"hi\r\nhi\r\n".to_vec()));
    bench.kernel.write(caller, ends.stdin.unwrap(), b"\x03").unwrap();
    bench.pass(Span::millis(10));
    let Read::Data(status) = bench.kernel.read(caller, ends.error, 1000).unwrap() else { panic!() };
    assert!(String::from_utf8(status).unwrap().contains(r#""message":"130""#));
    let plain = ExecOptions { tty: false, ..options };
    let (_, ends) = bench.kernel.exec(caller, machine, spec, plain).unwrap();
    bench.kernel.write(caller, ends.stdin.unwrap(), b"hi").unwrap();
    bench.kernel.close(caller, ends.stdin.unwrap());
    bench.pass(Span::millis(10));
    let shown = bench.kernel.read(caller, ends.stdout.unwrap(), 100).unwrap();
    assert_eq!(shown, Read::Data(b"hi".to_vec()));
    assert_eq!(bench.kernel.read(caller, ends.stdout.unwrap(), 100), Ok(Read::End));
    let status = bench.kernel.read(caller, ends.error, 1000).unwrap();
    assert_eq!(status, Read::Data(br#"{"metadata":{},"status":"Success"}"#.to_vec()));
}

#[test]
fn logs_are_lines_and_can_be_followed() {
    let mut bench = bench();
    let home = bench.machine(&BOX, "h", "");
    let log = bench.kernel.add_log();
    let machine = bench.kernel.add_machine(MachineSpec {
        hostname: "pod".into(),
        address: "10.0.0.1".into(),
        image: &BOX,
        mounts: Vec::new(),
        resolv_conf: String::new(),
        log: Some(log),
    });
    let caller = bench.start(home, &["stubborn"], Stdio::Null);
    bench.start(machine, &["echo", "one"], Stdio::Log);
    let fd = bench.kernel.follow_log(caller, log, 0, false);
    assert_eq!(bench.kernel.read(caller, fd, 100), Ok(Read::WouldBlock));
    bench.pass(Span::seconds(1));
    assert_eq!(text(&bench.kernel, log), ["one"]);
    assert_eq!(bench.kernel.read(caller, fd, 2), Ok(Read::Data(b"on".to_vec())));
    assert_eq!(bench.kernel.read(caller, fd, 100), Ok(Read::Data(b"e\n".to_vec())));
    assert_eq!(bench.kernel.read(caller, fd, 100), Ok(Read::End));
}

#[test]
fn processes_talk_over_connections() {
    let mut bench = bench();
    let web = bench.container(&BOX, "web", "10.0.0.1");
    let other = bench.container(&BOX, "other", "10.0.0.2");
    assert_eq!(bench.run(other, &["client", "10.0.0.1"]), (1, "Connection refused".into()));
    let server = bench.start(web, &["server"], Stdio::Log);
    bench.pass(Span::seconds(1));
    assert!(bench.kernel.is_listening("10.0.0.1", 80));
    assert_eq!(bench.run(other, &["client", "10.0.0.1"]), (0, "hello 10.0.0.2".into()));
    assert_eq!(bench.run(web, &["client", "127.0.0.1"]), (0, "hello 127.0.0.1".into()));
    bench.kernel.kill(server, Signal::Kill).unwrap();
    assert!(!bench.kernel.is_listening("10.0.0.1", 80));
}

#[test]
fn a_snapshot_goes_its_own_way() {
    let mut bench = bench();
    let machine = bench.machine(&BOX, "h", "");
    let pid = bench.start(machine, &["parent"], Stdio::Collect);
    bench.pass(Span::seconds(2));
    let mut copy = bench.clone();
    let first = bench.finish(pid);
    assert_eq!(copy.finish(pid), first);
    assert_eq!(copy.kernel.now, bench.kernel.now);
}

#[test]
fn a_config_volume_is_replaced_whole_but_sub_paths_stay() {
    let mut bench = bench();
    let fs = bench.kernel.add_fs(0o755, 0);
    let file = |text: &str| vec![("key".to_owned(), text.as_bytes().to_vec(), 0o644)];
    bench.kernel.fill_fs(fs, &file("old"));
    let machine = bench.kernel.add_machine(MachineSpec {
        hostname: "h".into(),
        address: String::new(),
        image: &BOX,
        mounts: vec![
            ("/all".into(), fs, String::new(), true),
            ("/etc/one".into(), fs, "key".into(), true),
        ],
        resolv_conf: String::new(),
        log: None,
    });
    bench.kernel.fill_fs(fs, &file("new"));
    assert_eq!(bench.kernel.read_file(machine, "/all/key").unwrap(), b"new");
    assert_eq!(bench.kernel.read_file(machine, "/etc/one").unwrap(), b"old");
}
