//! Programs at work on a small fake world: what they print and how they end.

use crate::base::time::Span;
use crate::images;
use crate::os::kernel::{MachineId, Stdio};
use crate::os::testing::{Bench, WITH_INPUT};
use crate::os::{Catalog, Lookup, Signal};

use crate::programs::ALL;

/// The images with the programs of this layer and the test's own helper.
static CATALOG: Catalog = Catalog {
    programs: &[ALL, &[&WITH_INPUT]],
    images: images::ALL,
    base: images::BASE,
    stand_in: &images::STAND_IN,
    laptop: &images::LAPTOP,
    document: |_| None,
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

#[test]
fn files_are_listed_copied_moved_and_removed() {
    let (mut bench, machine) = laptop();
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["mkdir", "-p", "/w/a/b"], "", 0, ""),
        (&["mkdir", "/w/a"], "", 1, "mkdir: cannot create directory '/w/a': File exists\n"),
        (
            &["mkdir", "/x/y"],
            "",
            1,
            "mkdir: cannot create directory '/x/y': No such file or directory\n",
        ),
        (&["touch", "/w/f"], "", 0, ""),
        (&["ls", "/w"], "", 0, "a\nf\n"),
        (
            &["ls", "-l", "/w"],
            "",
            0,
            "total 4\ndrwxr-xr-x 2 root root 4096 Jan  5 09:00 a\n-rw-r--r-- 1 root root    0 Jan  5 09:00 f\n",
        ),
        (&["ls", "-ld", "/w/a"], "", 0, "drwxr-xr-x 2 root root 4096 Jan  5 09:00 /w/a\n"),
        (&["ls", "-F", "/w"], "", 0, "a/\nf\n"),
        (&["ls", "/nope"], "", 2, "ls: cannot access '/nope': No such file or directory\n"),
        (&["ls", "-R", "/w"], "", 0, "/w:\na\nf\n\n/w/a:\nb\n\n/w/a/b:\n"),
        (&["cp", "/w/f", "/w/g"], "", 0, ""),
        (&["cp", "/w/a", "/w/c"], "", 1, "cp: -r not specified; omitting directory '/w/a'\n"),
        (&["cp", "-r", "/w/a", "/w/c"], "", 0, ""),
        (
            &["cp", "/w/none", "/w/c"],
            "",
            1,
            "cp: cannot stat '/w/none': No such file or directory\n",
        ),
        (&["cp"], "", 1, "cp: missing file operand\nTry 'cp --help' for more information.\n"),
        (&["mv", "-v", "/w/g", "/w/h"], "", 0, "renamed '/w/g' -> '/w/h'\n"),
        (
            &["mv", "/w/a", "/w/a/b/x"],
            "",
            1,
            "mv: cannot move '/w/a' to a subdirectory of itself, '/w/a/b/x'\n",
        ),
        (&["ln", "-s", "f", "/w/link"], "", 0, ""),
        (&["readlink", "/w/link"], "", 0, "f\n"),
        (&["readlink", "-f", "/w/link"], "", 0, "/w/f\n"),
        (&["chmod", "u+x,go-r", "/w/f"], "", 0, ""),
        (&["stat", "-c", "%a %U %F", "/w/f"], "", 0, "700 root regular empty file\n"),
        (
            &["chmod", "zz", "/w/f"],
            "",
            1,
            "chmod: invalid mode: 'zz'\nTry 'chmod --help' for more information.\n",
        ),
        (&["chown", "learner:learner", "/w/f"], "", 0, ""),
        (&["chown", "nobody2", "/w/f"], "", 1, "chown: invalid user: 'nobody2'\n"),
        (&["stat", "-c", "%U:%G", "/w/f"], "", 0, "learner:learner\n"),
        (&["rm", "/w/a"], "", 1, "rm: cannot remove '/w/a': Is a directory\n"),
        (&["rm", "/w/none"], "", 1, "rm: cannot remove '/w/none': No such file or directory\n"),
        (&["rm", "-f", "/w/none"], "", 0, ""),
        (&["rmdir", "/w/a"], "", 1, "rmdir: failed to remove '/w/a': Directory not empty\n"),
        (
            &["rm", "-rf", "/"],
            "",
            1,
            "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n",
        ),
        (&["find", "/w", "-type", "f"], "", 0, "/w/f\n/w/h\n"),
        (&["find", "/w", "-name", "*b", "-o", "-name", "h"], "", 0, "/w/a/b\n/w/c/b\n/w/h\n"),
        (&["find", "/w", "-maxdepth", "1", "-type", "d"], "", 0, "/w\n/w/a\n/w/c\n"),
        (&["find", "/w", "-frob"], "", 1, "find: unknown predicate `-frob'\n"),
        (&["find", "/w", "-type", "l", "-exec", "echo", "is", "{}", ";"], "", 0, "is /w/link\n"),
        (&["find", "/w/c", "-delete"], "", 0, ""),
        (&["rm", "-r", "/w/a"], "", 0, ""),
        (&["ls", "/w"], "", 0, "f\nh\nlink\n"),
        (&["du", "-s", "/w"], "", 0, "4\t/w\n"),
        (&["basename", "/a/b.txt", ".txt"], "", 0, "b\n"),
        (&["dirname", "/a/b.txt", "x"], "", 0, "/a\n.\n"),
        (&["which", "ls", "nope"], "", 1, "/usr/bin/ls\n"),
    ];
    table(&mut bench, machine, rows);
    let (mut bench, machine) = busybox();
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["ls", "/nope"], "", 1, "ls: /nope: No such file or directory\n"),
        (&["rm", "/nope"], "", 1, "rm: can't remove '/nope': No such file or directory\n"),
        (&["mkdir", "/proc"], "", 1, "mkdir: can't create directory '/proc': File exists\n"),
        (&["touch", "/a/b"], "", 1, "touch: /a/b: No such file or directory\n"),
        (&["cp", "/a", "/b"], "", 1, "cp: can't stat '/a': No such file or directory\n"),
        (
            &["ls", "-ld", "/tmp"],
            "",
            0,
            "drwxrwxrwt    2 root     root          4096 Jan  5 09:00 /tmp\n",
        ),
    ];
    table(&mut bench, machine, rows);
}

#[test]
fn lines_are_filtered() {
    let (mut bench, machine) = laptop();
    let text = "web-0 Running\nweb-1 Pending\ndb-0 Running\n";
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["grep", "Running"], text, 0, "web-0 Running\ndb-0 Running\n"),
        (&["grep", "-v", "Running"], text, 0, "web-1 Pending\n"),
        (&["grep", "-c", "web"], text, 0, "2\n"),
        (&["grep", "-o", "[a-z]*-[0-9]"], text, 0, "web-0\nweb-1\ndb-0\n"),
        (&["grep", "-n", "-i", "PENDING"], text, 0, "2:web-1 Pending\n"),
        (&["grep", "-A1", "web-0"], text, 0, "web-0 Running\nweb-1 Pending\n"),
        (&["grep", "-E", "^(db|x)-"], text, 0, "db-0 Running\n"),
        (&["grep", "-w", "web"], text, 0, "web-0 Running\nweb-1 Pending\n"),
        (&["grep", "-q", "nope"], text, 1, ""),
        (&["grep", "x", "/nope"], "", 2, "grep: /nope: No such file or directory\n"),
        (&["grep", "["], "", 2, "grep: Unmatched [, [^, [:, [., or [=\n"),
        (
            &["grep", "-m1", "web", "/tmp/.input", "/tmp/.input"],
            text,
            0,
            "/tmp/.input:web-0 Running\n/tmp/.input:web-0 Running\n",
        ),
        (&["head", "-n", "1"], text, 0, "web-0 Running\n"),
        (&["head", "-1"], text, 0, "web-0 Running\n"),
        (&["head", "-c", "5"], text, 0, "web-0"),
        (&["head", "-n", "-1"], text, 0, "web-0 Running\nweb-1 Pending\n"),
        (&["tail", "-n", "1"], text, 0, "db-0 Running\n"),
        (&["tail", "-n", "+2"], text, 0, "web-1 Pending\ndb-0 Running\n"),
        (&["tail", "-c", "3"], text, 0, "ng\n"),
        (&["sort"], text, 0, "db-0 Running\nweb-0 Running\nweb-1 Pending\n"),
        (&["sort", "-r", "-k2,2", "-k1"], text, 0, "web-0 Running\ndb-0 Running\nweb-1 Pending\n"),
        (&["sort", "-n"], "10\n9\n-1\n", 0, "-1\n9\n10\n"),
        (&["sort", "-u", "-t:", "-k1,1"], "b:1\na:2\nb:3\n", 0, "a:2\nb:1\n"),
        (&["sort", "-h"], "2K\n1M\n3\n", 0, "3\n2K\n1M\n"),
        (&["uniq", "-c"], "a\na\nb\n", 0, "      2 a\n      1 b\n"),
        (&["uniq", "-d"], "a\na\nb\n", 0, "a\n"),
        (&["cut", "-d", " ", "-f", "2"], text, 0, "Running\nPending\nRunning\n"),
        (&["cut", "-c1-3,5"], text, 0, "web0\nweb1\ndb- \n"),
        (
            &["cut"],
            "",
            1,
            "cut: you must specify a list of bytes, characters, or fields\nTry 'cut --help' for more information.\n",
        ),
        (&["tr", "a-z", "A-Z"], "abc é\n", 0, "ABC é\n"),
        (&["tr", "-d", "\\n"], "a\nb\n", 0, "ab"),
        (&["tr", "-s", " "], "a   b\n", 0, "a b\n"),
        (&["wc"], "a b\nc\n", 0, "      2       3       6\n"),
        (&["wc", "-l"], "a b\nc\n", 0, "2\n"),
        (&["tee", "/tmp/t"], "x\n", 0, "x\n"),
        (&["cat", "/tmp/t"], "", 0, "x\n"),
        (&["rev"], "abc\n", 0, "cba\n"),
        (&["tac"], "1\n2\n", 0, "2\n1\n"),
        (&["nl"], "a\n", 0, "     1\ta\n"),
        (&["seq", "3"], "", 0, "1\n2\n3\n"),
        (&["seq", "-s", ",", "2", "2", "6"], "", 0, "2,4,6\n"),
        (&["seq", "3", "-1", "1"], "", 0, "3\n2\n1\n"),
        (&["seq", "-w", "9", "10"], "", 0, "09\n10\n"),
        (&["seq", "0", "0.5", "1"], "", 0, "0.0\n0.5\n1.0\n"),
        (&["base64"], "hello\n", 0, "aGVsbG8K\n"),
        (&["base64", "-d"], "aGVsbG8K\n", 0, "hello\n"),
        (&["base64", "-d"], "!!\n", 1, "base64: invalid input\n"),
        (&["md5sum"], "hello\n", 0, "b1946ac92492d2347c6235b4d2611184  -\n"),
        (&["xargs", "echo", "got"], "a 'b c'\nd\n", 0, "got a b c d\n"),
        (&["xargs", "-n1", "echo"], "a b\n", 0, "a\nb\n"),
        (&["xargs", "-I{}", "echo", "<{}>"], "a\nb\n", 0, "<a>\n<b>\n"),
        (&["xargs", "nosuch"], "a\n", 127, "xargs: nosuch: No such file or directory\n"),
        (&["diff", "/tmp/.input", "/tmp/t"], "x\ny\n", 1, "2d1\n< y\n"),
    ];
    table(&mut bench, machine, rows);
}

#[test]
fn sed_edits() {
    let (mut bench, machine) = laptop();
    let text = "one\ntwo\nthree\n";
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["sed", "s/o/0/"], text, 0, "0ne\ntw0\nthree\n"),
        (&["sed", "s/e/E/g;s/E$/!/"], text, 0, "on!\ntwo\nthrE!\n"),
        (&["sed", "-n", "2p"], text, 0, "two\n"),
        (&["sed", "-n", "/two/,$p"], text, 0, "two\nthree\n"),
        (&["sed", "2d"], text, 0, "one\nthree\n"),
        (&["sed", "$d"], text, 0, "one\ntwo\n"),
        (&["sed", "/t/!d"], text, 0, "two\nthree\n"),
        (&["sed", "-E", "s/(t)(.)/\\2\\1/"], text, 0, "one\nwto\nhtree\n"),
        (&["sed", "s/\\(n\\)e/<&\\1>/"], text, 0, "o<nen>\ntwo\nthree\n"),
        (&["sed", "s#/#-#g"], "a/b/c\n", 0, "a-b-c\n"),
        (&["sed", "1i\\\nzero"], text, 0, "zero\none\ntwo\nthree\n"),
        (&["sed", "1a after"], text, 0, "one\nafter\ntwo\nthree\n"),
        (&["sed", "2c changed"], text, 0, "one\nchanged\nthree\n"),
        (&["sed", "y/ot/OT/"], text, 0, "One\nTwO\nThree\n"),
        (&["sed", "2q"], text, 0, "one\ntwo\n"),
        (&["sed", "-n", "$="], text, 0, "3\n"),
        (&["sed", "N;s/\\n/+/"], text, 0, "one+two\nthree\n"),
        (&["sed", ":a;N;$!ba;s/\\n/,/g"], text, 0, "one,two,three\n"),
        (&["sed", "-n", "H;${x;s/\\n/ /g;p}"], text, 0, " one two three\n"),
        (&["sed", "1~2d"], text, 0, "two\n"),
        (&["sed", "s/.*/\\U&/;1,2s/E/e/"], text, 0, "ONe\nTWO\nTHREE\n"),
        (&["sed", "s/x*/-/g"], "abc\n", 0, "-a-b-c-\n"),
        (&["sed", "1,2{/one/d;s/^/>/}"], text, 0, ">two\nthree\n"),
        (&["sed", "s/a"], "", 1, "sed: -e expression #1, char 3: unterminated `s' command\n"),
        (&["sed", "k"], "", 1, "sed: -e expression #1, char 1: unknown command: `k'\n"),
        (&["sed", "p", "/nope"], "", 2, "sed: can't read /nope: No such file or directory\n"),
        (&["sed", "-i", "s/two/2/", "/tmp/.input"], text, 0, ""),
        (&["sed", ":a;ba"], text, 1, "sed: the script does not come to an end\n"),
    ];
    table(&mut bench, machine, rows);
    bench.kernel.write_file(machine, "/tmp/f", b"a\nb\n").unwrap();
    assert_eq!(bench.run(machine, &["sed", "-i.bak", "s/a/x/", "/tmp/f"]), (0, String::new()));
    assert_eq!(bench.kernel.read_file(machine, "/tmp/f").unwrap(), b"x\nb\n");
    assert_eq!(bench.kernel.read_file(machine, "/tmp/f.bak").unwrap(), b"a\nb\n");
}

#[test]
fn awk_computes() {
    let (mut bench, machine) = laptop();
    let text = "web-0 1 Running\nweb-1 20 Pending\ndb-0 3 Running\n";
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["awk", "{print $1}"], text, 0, "web-0\nweb-1\ndb-0\n"),
        (&["awk", "{print $NF, NR}"], text, 0, "Running 1\nPending 2\nRunning 3\n"),
        (&["awk", "NR>1"], text, 0, "web-1 20 Pending\ndb-0 3 Running\n"),
        (&["awk", "/Running/{n++} END{print n}"], text, 0, "2\n"),
        (&["awk", "$2 > 2 {s += $2} END {print s, s/2}"], text, 0, "23 11.5\n"),
        (&["awk", "-F-", "{print $2}"], "a-b-c\n", 0, "b\n"),
        (&["awk", "-v", "x=5", "BEGIN{print x+1}"], "", 0, "6\n"),
        (&["awk", "{c[$3]++} END{for (k in c) print k, c[k]}"], text, 0, "Pending 1\nRunning 2\n"),
        (
            &["awk", "{printf \"%-6s|%3d\\n\", $1, $2}"],
            text,
            0,
            "web-0 |  1\nweb-1 | 20\ndb-0  |  3\n",
        ),
        (&["awk", "{$2=\"\"; print}"], text, 0, "web-0  Running\nweb-1  Pending\ndb-0  Running\n"),
        (&["awk", "{gsub(/e/, \"E\"); sub(\"b\", \"[&]\")} 1"], "web ebb\n", 0, "wE[b] Ebb\n"),
        (
            &["awk", "{print length($1), substr($1,2,2), index($1,\"-\"), toupper($1)}"],
            "web-0\n",
            0,
            "5 eb 4 WEB-0\n",
        ),
        (&["awk", "BEGIN{n=split(\"a,b,c\",p,\",\"); print n, p[3]}"], "", 0, "3 c\n"),
        (&["awk", "function f(n){return n<2?1:n*f(n-1)} BEGIN{print f(10)}"], "", 0, "3628800\n"),
        (&["awk", "BEGIN{while(i<3){i++; if(i==2)continue; print i}}"], "", 0, "1\n3\n"),
        (
            &[
                "awk",
                "BEGIN{for(i=0;i<2;i++) for(j=0;j<2;j++) a[i,j]=1; print length(a); print ((0,1) in a)}",
            ],
            "",
            0,
            "4\n1\n",
        ),
        (&["awk", "NR==1,/Pending/{print $1}"], text, 0, "web-0\nweb-1\n"),
        (&["awk", "match($0,/[0-9]+/){print RSTART, RLENGTH}"], "ab123\n", 0, "3 3\n"),
        (&["awk", "$1 ~ /^db/ && $2 == 3 {print \"yes\"; exit 4}"], text, 4, "yes\n"),
        (&["awk", "BEGIN{OFS=\":\"} {$1=$1}1"], "a b\n", 0, "a:b\n"),
        (&["awk", "!seen[$3]++"], text, 0, "web-0 1 Running\nweb-1 20 Pending\n"),
        (
            &["awk", "BEGIN{print 0.1+0.2, 1e6, 100000*100000, 3==3.0, \"a\"<\"b\"}"],
            "",
            0,
            "0.3 1000000 10000000000 1 1\n",
        ),
        (&["awk", "{while ((getline line) > 0) n++; print n}"], text, 0, "2\n"),
        (&["awk", "BEGIN{RS=\"\"} {print NR\": \"$1}"], "a b\nc\n\n\nd\n", 0, "1: a\n2: d\n"),
        (&["awk", "{print"], "", 2, "awk: cmd. line:1: syntax error at or near end of file\n"),
        (&["awk", "BEGIN{print 1/0}"], "", 2, "awk: division by zero attempted\n"),
        (&["awk", "BEGIN{while(1){}}"], "", 2, "awk: the program does not come to an end\n"),
        (&["awk", "BEGIN{print -3 % 2, 2^10, 2**3, -2^2}"], "", 0, "-1 1024 8 -4\n"),
        (&["awk", "BEGIN{print substr(\"hello\",0,3) \"|\" 1 \" \" 2}"], "", 0, "he|1 2\n"),
        (&["awk", "BEGIN { print (1,2) in a; print !x, x == 0, x == \"\" }"], "", 0, "0\n1 1 1\n"),
    ];
    table(&mut bench, machine, rows);
}

#[test]
fn jq_filters() {
    let (mut bench, machine) = laptop();
    let text = r#"{"items":[{"name":"web-0","n":1,"labels":{"app":"nginx"}},{"name":"web-1","n":2,"ready":true}]}"#;
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["jq", "-c", "."], "{\"b\":1, \"a\":[1,2.5,null]}", 0, "{\"b\":1,\"a\":[1,2.5,null]}\n"),
        (
            &["jq", "."],
            "{\"b\":{\"c\":[]},\"a\":[1]}",
            0,
            "{\n  \"b\": {\n    \"c\": []\n  },\n  \"a\": [\n    1\n  ]\n}\n",
        ),
        (&["jq", "-r", ".items[].name"], text, 0, "web-0\nweb-1\n"),
        (&["jq", "-r", ".items[] | select(.n > 1) | .name"], text, 0, "web-1\n"),
        (&["jq", "-r", ".items[] | \"\\(.name)=\\(.n + 1)\""], text, 0, "web-0=2\nweb-1=3\n"),
        (&["jq", ".items | length"], text, 0, "2\n"),
        (
            &["jq", "-c", "[.items[] | {name, app: .labels.app}]"],
            text,
            0,
            "[{\"name\":\"web-0\",\"app\":\"nginx\"},{\"name\":\"web-1\",\"app\":null}]\n",
        ),
        (&["jq", "-c", ".items | map(.n) | add, min, max"], text, 0, "3\n1\n2\n"),
        (&["jq", "-c", "[.items[0] | keys]"], text, 0, "[[\"labels\",\"n\",\"name\"]]\n"),
        (&["jq", "-c", ".items | sort_by(-.n) | .[0].name"], text, 0, "\"web-1\"\n"),
        (
            &["jq", "-c", ".items[0].labels | to_entries"],
            text,
            0,
            "[{\"key\":\"app\",\"value\":\"nginx\"}]\n",
        ),
        (&["jq", "-c", "{a:1} | with_entries(.value += 1)"], "null", 0, "{\"a\":2}\n"),
        (
            &["jq", "-c", ".a.b |= 5 | .c[1] = 2 | del(.x)"],
            "{\"x\":1}",
            0,
            "{\"a\":{\"b\":5},\"c\":[null,2]}\n",
        ),
        (&["jq", "-n", "-c", "[range(5)] | .[1:3], .[-1]"], "", 0, "[1,2]\n4\n"),
        (&["jq", "-n", "[limit(3; repeat(1))] | length"], "", 0, "3\n"),
        (&["jq", "-n", "reduce range(5) as $i (0; . + $i)"], "", 0, "10\n"),
        (&["jq", "-c", "-n", "[foreach range(4) as $i (0; . + $i)]"], "", 0, "[0,1,3,6]\n"),
        (&["jq", "-n", "def f(x): x * 2; f(3)"], "", 0, "6\n"),
        (
            &["jq", "-n", "def fac: if . < 2 then 1 else . * (. - 1 | fac) end; 10 | fac"],
            "",
            0,
            "3628800\n",
        ),
        (
            &["jq", "-r", ".[] | @base64d"],
            "{\"password\":\"WU9VUl9QQVNTV09SRA==\"}",
            0,
            "YOUR_PASSWORD\n",
        ),
        (&["jq", "-r", "@csv, @tsv, @sh"], "[1,\"a b\"]", 0, "1,\"a b\"\n1\ta b\n1 'a b'\n"),
        (
            &["jq", "-r", "--arg", "x", "web-0", ".items[] | select(.name == $x) | .n"],
            text,
            0,
            "1\n",
        ),
        (&["jq", ".a // \"none\""], "{}", 0, "\"none\"\n"),
        (&["jq", "-c", "[.[] | try error(\"x\") catch .]"], "[1]", 0, "[\"x\"]\n"),
        (&["jq", "-c", "[.[].a?]"], "[{\"a\":1},2]", 0, "[1]\n"),
        (&["jq", "-c", "[paths]"], "{\"a\":[1]}", 0, "[[\"a\"],[\"a\",0]]\n"),
        (
            &["jq", "-c", "group_by(.a) | map(length)"],
            "[{\"a\":1},{\"a\":2},{\"a\":1}]",
            0,
            "[2,1]\n",
        ),
        (
            &[
                "jq",
                "-c",
                "test(\"^w\"), sub(\"w(?<x>e)\"; \"W\"), [scan(\"[a-z]\")], split(\"-\")",
            ],
            "\"web-0\"",
            0,
            "true\n\"Wb-0\"\n[\"w\",\"e\",\"b\"]\n[\"web\",\"0\"]\n",
        ),
        (&["jq", "-s", "-c", "."], "1 2\n3", 0, "[1,2,3]\n"),
        (&["jq", "-R", "."], "a\nb\n", 0, "\"a\"\n\"b\"\n"),
        (&["jq", "-e", ".a"], "{}", 1, "null\n"),
        (&["jq", "-S", "-c", "."], "{\"b\":1,\"a\":2}", 0, "{\"a\":2,\"b\":1}\n"),
        (&["jq", "-c", ".. | numbers"], "[1,[2]]", 0, "1\n2\n"),
        (&["jq", "-c", "[.[] as {a: $x} | $x]"], "[{\"a\":1}]", 0, "[1]\n"),
        (
            &["jq", "-c", "if . > 1 then \"big\" elif . == 1 then \"one\" else \"small\" end"],
            "1",
            0,
            "\"one\"\n",
        ),
        (
            &[
                "jq",
                "-c",
                "any(. > 1), all(. > 1), (map(tostring) | join(\"-\")), unique, flatten, index(2)",
            ],
            "[1,2]",
            0,
            "true\nfalse\n\"1-2\"\n[1,2]\n[1,2]\n1\n",
        ),
        (&["jq", "-c", ". * {a:{c:2}}"], "{\"a\":{\"b\":1}}", 0, "{\"a\":{\"b\":1,\"c\":2}}\n"),
        (
            &["jq", "-c", "walk(if type == \"number\" then . + 1 else . end)"],
            "[1,{\"a\":2}]",
            0,
            "[2,{\"a\":3}]\n",
        ),
        (
            &["jq", "-n", "\"2026-01-05T09:00:00Z\" | fromdate | ., todate"],
            "",
            0,
            "1767603600\n\"2026-01-05T09:00:00Z\"\n",
        ),
        (
            &["jq", ".a.b"],
            "{\"a\":[]}",
            5,
            "jq: error (at <stdin>:0): Cannot index array with \"b\"\n",
        ),
        (&["jq", ".[]"], "1", 5, "jq: error (at <stdin>:0): Cannot iterate over number (1)\n"),
        (
            &["jq", ".a["],
            "1",
            3,
            "jq: error: syntax error, unexpected end of file (Unix shell quoting issues?) at <top-level>, line 1:\n.a[\njq: 1 compile error\n",
        ),
        (
            &["jq", "foo"],
            "1",
            3,
            "jq: error: foo/0 is not defined at <top-level>, line 1:\nfoo\njq: 1 compile error\n",
        ),
        (&["jq", "."], "{a}", 2, "jq: parse error: Invalid numeric literal at line 1, column 2\n"),
        (&["jq", "-n", "def f: f; f"], "", 5, "jq: error (at <unknown>): nested too deep\n"),
        (
            &["jq", "-n", "[range(1e9)] | length"],
            "",
            5,
            "jq: error: the filter does not come to an end\n",
        ),
    ];
    table(&mut bench, machine, rows);
}

#[test]
fn small_tools_answer() {
    let (mut bench, machine) = laptop();
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["date", "-u", "+%Y-%m-%d"], "", 0, "2026-01-05\n"),
        (&["whoami"], "", 0, "root\n"),
        (&["id"], "", 0, "uid=0(root) gid=0(root) groups=0(root)\n"),
        (&["id", "-u", "learner"], "", 0, "1000\n"),
        (
            &["uname", "-a"],
            "",
            0,
            "Linux laptop 6.8.0-generic #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux\n",
        ),
        (&["env", "-i", "A=1", "env"], "", 0, "A=1\n"),
        (&["env", "-i", "A=1", "/usr/bin/env"], "", 0, "A=1\n"),
        (&["printenv", "HOME"], "", 0, "/root\n"),
        (&["printf", "%s-%03d\\n", "a", "7", "b", "8"], "", 0, "a-007\nb-008\n"),
        (&["test", "-d", "/tmp"], "", 0, ""),
        (&["[", "3", "-gt", "5", "]"], "", 1, ""),
        (&["[", "a"], "", 2, "[: missing ']'\n"),
        (&["test", "!", "-e", "/x", "-a", "a", "=", "a"], "", 0, ""),
        (&["expr", "2", "+", "3", "*", "4"], "", 0, "14\n"),
        (&["expr", "web-12", ":", "web-\\(.*\\)"], "", 0, "12\n"),
        (&["timeout", "2", "sleep", "5"], "", 124, ""),
        (&["timeout", "2", "true"], "", 0, ""),
        (&["nohup", "echo", "x"], "", 0, "x\n"),
        (
            &["nano", "x"],
            "",
            1,
            "nano: there is no editor pane here: x cannot be edited (use sed, or cat with a here-document)\n",
        ),
        (&["ps", "-o", "pid,comm"], "", 0, "PID COMMAND\n"),
        (&["pgrep", "nosuch"], "", 1, ""),
        (&["kill", "99999"], "", 1, "kill: (99999): No such process\n"),
        (&["less", "/etc/group"], "", 0, "root:x:0:\nlearner:x:1000:\nnogroup:x:65534:\n"),
        (&["yes", "--help"], "", -1, ""),
    ];
    table(&mut bench, machine, &rows[..rows.len() - 5]);
    table(&mut bench, machine, &rows[rows.len() - 4..rows.len() - 1]);
    let (_, out) = bench.run(machine, &["ps", "-ef"]);
    assert!(
        out.starts_with("UID          PID    PPID  C STIME TTY          TIME CMD\nroot"),
        "{out}"
    );
    let (mut bench, machine) = busybox();
    let (_, out) = bench.run(machine, &["ps"]);
    assert!(out.starts_with("PID   USER     TIME  COMMAND\n"), "{out}");
    assert!(out.contains(" root      0:00 ps\n"), "{out}");
}

#[test]
fn the_network_tools_reach_pods_and_say_why_not() {
    let mut bench = Bench::new(catalog());
    let web = bench.container(found("registry.k8s.io/nginx-slim", "0.8"), "web-0", "10.244.1.2");
    bench.start(web, &["nginx", "-g", "daemon off;"], Stdio::Log);
    bench.kernel.write_file(web, "/usr/share/nginx/html/index.html", b"web-0\n").unwrap();
    bench.around.names = vec![
        ("web-0.nginx.default.svc.cluster.local".into(), "10.244.1.2".into()),
        ("kube-dns.kube-system.svc.cluster.local".into(), "10.96.0.10".into()),
        ("gone.default.svc.cluster.local".into(), "10.244.9.9".into()),
    ];
    bench.around.documents =
        vec![("https://k8s.io/examples/application/web.yaml".into(), "kind: X\n".into())];
    let old = bench.container(found("busybox", "1.28"), "dns-test", "10.244.1.3");
    let new = bench.container(found("busybox", "1.36"), "shell", "10.244.1.4");
    for machine in [web, old, new] {
        bench.install(machine, &WITH_INPUT);
        bench.start(machine, &["sleep", "10000"], Stdio::Log);
    }
    bench.pass(Span::seconds(1));
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (&["curl", "http://localhost/"], "", 0, "web-0\n"),
        (&["curl", "-s", "web-0.nginx"], "", 0, "web-0\n"),
        (
            &["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\\n", "localhost/nope"],
            "",
            0,
            "404\n",
        ),
        (
            &["curl", "-f", "localhost/nope"],
            "",
            22,
            "curl: (22) The requested URL returned error: 404\n",
        ),
        (
            &["curl", "localhost:81"],
            "",
            7,
            "curl: (7) Failed to connect to localhost port 81 after 0 ms: Couldn't connect to server\n",
        ),
        (&["curl", "nosuch"], "", 6, "curl: (6) Could not resolve host: nosuch\n"),
        (
            &["curl", "-m", "2", "gone"],
            "",
            28,
            "curl: (28) Connection timed out after 2001 milliseconds\n",
        ),
        (&["curl"], "", 2, "curl: (2) no URL specified\n"),
        (&["curl", "ftp://x"], "", 1, "curl: (1) Protocol \"ftp\" not supported\n"),
        (&["curl", "-s", "https://k8s.io/examples/application/web.yaml"], "", 0, "kind: X\n"),
        (
            &["curl", "-sX", "POST", "localhost"],
            "",
            0,
            "<html>\r\n<head><title>405 Not Allowed</title></head>\r\n<body>\r\n<center><h1>405 Not Allowed</h1></center>\r\n<hr><center>nginx/1.11.1</center>\r\n</body>\r\n</html>\r\n",
        ),
    ];
    table(&mut bench, web, rows);
    let rows: &[(&[&str], &str, i32, &str)] = &[
        (
            &["nslookup", "web-0.nginx"],
            "",
            0,
            "Server:    10.96.0.10\nAddress 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\nName:      web-0.nginx\nAddress 1: 10.244.1.2 web-0.nginx.default.svc.cluster.local\n",
        ),
        (
            &["nslookup", "web-9.nginx"],
            "",
            1,
            "Server:    10.96.0.10\nAddress 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\nnslookup: can't resolve 'web-9.nginx'\n",
        ),
        (&["wget", "-qO-", "web-0.nginx"], "", 0, "web-0\n"),
        (&["wget", "-O-", "nosuch"], "", 1, "wget: bad address 'nosuch'\n"),
        (
            &["wget", "web-0.nginx/nope"],
            "",
            1,
            "Connecting to web-0.nginx (10.244.1.2:80)\nwget: server returned error: HTTP/1.1 404 Not Found\n",
        ),
        (
            &["wget", "web-0.nginx:81"],
            "",
            1,
            "Connecting to web-0.nginx (10.244.1.2:81)\nwget: can't connect to remote host (10.244.1.2): Connection refused\n",
        ),
        (&["nc", "-z", "web-0.nginx", "80"], "", 0, ""),
        (&["nc", "web-0.nginx", "80"], "GET / HTTP/1.0\r\n\r\n", 0, ""),
        (&["ping", "nosuch"], "", 1, "ping: bad address 'nosuch'\n"),
    ];
    for row in rows {
        let (code, out) = bench.feed(old, row.0, row.1);
        if row.0[0] == "nc" && row.3.is_empty() && row.0.len() == 3 {
            assert!(
                out.starts_with("HTTP/1.1 200 OK\r\nServer: nginx/1.11.1\r\n")
                    && out.ends_with("web-0\n"),
                "{out}"
            );
        } else {
            assert_eq!((out.as_str(), code), (row.3, row.2), "{:?}", row.0);
        }
    }
    let (code, out) = bench.run(new, &["nslookup", "web-0.nginx"]);
    assert_eq!(code, 1);
    assert!(out.ends_with("** server can't find web-0.nginx: NXDOMAIN\n\n"), "{out}");
    let (code, out) = bench.run(new, &["nslookup", "web-0.nginx.default.svc.cluster.local"]);
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb-0.nginx.default.svc.cluster.local\nAddress: 10.244.1.2\n\n"
        )
    );
    let (code, out) = bench.run(new, &["ping", "-c", "2", "web-0.nginx"]);
    assert_eq!(code, 0);
    assert!(out.contains("2 packets transmitted, 2 packets received, 0% packet loss\n"), "{out}");
    let log = bench.kernel.log_lines(1);
    assert!(log.iter().any(|l| l.text.contains("\"GET /nope HTTP/1.1\" 404")), "{log:?}");
}

#[test]
fn tail_follows_and_watch_repeats() {
    let (mut bench, machine) = laptop();
    bench.kernel.write_file(machine, "/tmp/log", b"one\n").unwrap();
    let pid = bench.start(machine, &["tail", "-f", "/tmp/log"], Stdio::Collect);
    bench.pass(Span::seconds(2));
    bench.kernel.write_file(machine, "/tmp/log", b"one\ntwo\n").unwrap();
    bench.pass(Span::seconds(2));
    assert_eq!(bench.kernel.output_of(pid), "one\ntwo\n");
    bench.kernel.kill(pid, Signal::Int).unwrap();
    assert_eq!(bench.finish(pid).0, 130);
    let pid = bench.start(machine, &["watch", "-n1", "-x", "date", "+%S"], Stdio::Collect);
    bench.pass(Span::millis(2500));
    let shown = bench.kernel.output_of(pid);
    assert_eq!(shown.matches("Every 1.0s: date +%S").count(), 3, "{shown}");
}

#[test]
fn an_editor_waits_until_its_pane_is_closed() {
    let (mut bench, machine) = laptop();
    bench.kernel.has_editor = true;
    let pid = bench.start(machine, &["nano", "/tmp/f"], Stdio::Collect);
    bench.pass(Span::seconds(1));
    let edits = bench.kernel.edits();
    assert_eq!((edits[0].path.as_str(), edits[0].program.as_str()), ("/tmp/f", "nano"));
    bench.kernel.write_file(machine, "/tmp/f", b"saved").unwrap();
    bench.kernel.edit_closed(edits[0].id);
    assert_eq!(bench.finish(pid), (0, String::new()));
    assert!(bench.kernel.edits().is_empty());
}

/// Whatever is typed, no program panics or goes on for ever.
#[test]
fn no_argument_makes_a_program_panic() {
    let (mut bench, machine) = laptop();
    let words = [
        "",
        "-",
        "--",
        "-é",
        "--é=",
        "-n",
        "é",
        "0",
        "-1",
        "[",
        "{",
        "s/",
        "+%",
        "@x",
        "http://",
        "99999999999999999999",
        "$",
        "\\",
    ];
    let endless =
        ["yes", "stand-in", "nginx", "pause", "stubborn", "with-input", "watch", "ping", "server"];
    for program in ALL.iter().filter(|p| !endless.contains(&p.name) && !p.name.starts_with("zk")) {
        for first in words {
            for second in ["", "é", "-"] {
                let argv: Vec<&str> =
                    [first, second].into_iter().filter(|w| !w.is_empty()).collect();
                let owned: Vec<String> =
                    std::iter::once(program.name).chain(argv).map(str::to_owned).collect();
                let process = (program.start)(&owned);
                let spec = crate::os::kernel::StartSpec {
                    argv: owned,
                    stdio: Stdio::Collect,
                    ..Default::default()
                };
                let Ok(pid) = bench.kernel.start_process(machine, spec, process) else { continue };
                bench.pass(Span::millis(20));
                bench.kernel.kill(pid, Signal::Kill).ok();
                bench.kernel.output_of(pid);
            }
        }
    }
}
