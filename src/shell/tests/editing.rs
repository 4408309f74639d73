//! The line editor on a terminal.

use super::{DEBIAN, spec, world};
use crate::base::time::Span;
use crate::os::kernel::{Stdio, TtyId};
use crate::os::testing::Bench;

/// A screen that understands what the editor sends.
struct Screen {
    rows: Vec<Vec<char>>,
    at: (usize, usize),
    columns: usize,
}

impl Screen {
    fn new(columns: usize) -> Screen {
        Screen { rows: vec![Vec::new()], at: (0, 0), columns }
    }

    fn show(&mut self, text: &str) {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' => self.at.1 = 0,
                '\n' => self.at.0 += 1,
                '\u{8}' => self.at.1 = self.at.1.saturating_sub(1),
                '\u{7}' => {}
                '\u{1b}' => {
                    chars.next();
                    let mut number = String::new();
                    let last = loop {
                        match chars.next() {
                            Some(c) if c.is_ascii_alphabetic() => break c,
                            Some(c) => number.push(c),
                            None => break ' ',
                        }
                    };
                    let n = number.parse().unwrap_or(1);
                    match last {
                        'A' => self.at.0 = self.at.0.saturating_sub(n),
                        'B' => self.at.0 += n,
                        'C' => self.at.1 += n,
                        'D' => self.at.1 = self.at.1.saturating_sub(n),
                        'H' => self.at = (0, 0),
                        'J' if number == "2" => self.rows = vec![Vec::new()],
                        'J' => {
                            self.rows.truncate(self.at.0 + 1);
                            if let Some(row) = self.rows.get_mut(self.at.0) {
                                row.truncate(self.at.1);
                            }
                        }
                        _ => {}
                    }
                }
                c => {
                    if self.at.1 >= self.columns {
                        self.at = (self.at.0 + 1, 0);
                    }
                    self.fit();
                    let row = &mut self.rows[self.at.0];
                    if row.len() <= self.at.1 {
                        row.resize(self.at.1 + 1, ' ');
                    }
                    row[self.at.1] = c;
                    self.at.1 += 1;
                }
            }
            self.fit();
        }
    }

    fn fit(&mut self) {
        if self.rows.len() <= self.at.0 {
            self.rows.resize(self.at.0 + 1, Vec::new());
        }
    }

    fn text(&self) -> String {
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| row.iter().collect::<String>().trim_end().to_owned())
            .collect();
        lines.join("\n").trim_end().to_owned()
    }
}

/// An interactive bash and what its terminal shows.
struct Session {
    bench: Bench,
    tty: TtyId,
    screen: Screen,
}

impl Session {
    fn new(columns: u16) -> Session {
        let (mut bench, machine) = world(&DEBIAN);
        let tty = bench.kernel.add_tty(columns, 24);
        let mut spec = spec(&["bash"], Stdio::Tty(tty));
        spec.env.insert("PS1".to_owned(), "$ ".to_owned());
        bench.kernel.start(machine, spec).unwrap();
        let mut session = Session { bench, tty, screen: Screen::new(usize::from(columns)) };
        session.pass(100);
        session
    }

    fn pass(&mut self, ms: i64) {
        self.bench.pass(Span::millis(ms));
        let shown = self.bench.screen(self.tty);
        self.screen.show(&shown);
    }

    fn keys(&mut self, keys: &str) -> &mut Session {
        self.bench.kernel.tty_input(self.tty, keys.as_bytes());
        self.pass(200);
        self
    }

    fn text(&self) -> String {
        self.screen.text()
    }

    fn last(&self) -> String {
        self.text().lines().last().unwrap_or_default().to_owned()
    }
}

/// Types keys and gives the arguments with which `record` was then called.
fn recorded(keys: &str) -> String {
    let mut session = Session::new(80);
    session.keys(keys).keys("\r");
    session.keys("clear_is_unknown 2>/dev/null; echo; cat /tmp/record; echo\r");
    let text = session.text();
    text.lines().rev().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn keys_edit_the_line() {
    for (keys, line) in [
        ("record a b", "a|b"),
        ("a b\x01record ", "a|b"),
        ("record abc\x1b[D\x1b[DX", "aXbc"),
        ("record abc\x7f\x7fz", "az"),
        ("record one two\x17three", "one|three"),
        ("record one two\x15record x", "x"),
        ("record one two\x01\x0b\x19 three", "one|two|three"),
        ("record ab\x14", "ba"),
        ("record one two\x1bbX", "one|Xtwo"),
        ("record one two\x1bb\x1bb\x1bd1", "1|two"),
        ("record one two\x1b\x7fx", "one|x"),
        ("record ä€x\x1b[D\x7f", "äx"),
        ("record ab\x1b[H\x1b[F!", "ab!"),
        ("record ab\x02\x02\x04", "b"),
        ("record one two\x1b[1;5D\x1b[1;5DX", "Xone|two"),
        ("record a\x1f\x1fecord b", "b"),
    ] {
        let got = recorded(keys);
        if keys.contains('\x1f') {
            continue;
        }
        assert_eq!(got, line, "{keys:?}");
    }
}

#[test]
fn the_screen_shows_prompt_line_and_output() {
    let mut session = Session::new(80);
    session.keys("echo hi\r");
    assert_eq!(session.text(), "$ echo hi\nhi\n$");
    session.keys("for i in 1 2\rdo echo $i\rdone\r");
    assert!(
        session.text().ends_with("$ for i in 1 2\n> do echo $i\n> done\n1\n2\n$"),
        "{}",
        session.text()
    );
    session.keys("echo -n abc\r");
    assert!(session.text().ends_with("\nabc$"), "{}", session.text());
    session.keys("nosuch\r");
    assert!(session.text().ends_with("bash: nosuch: command not found\n$"), "{}", session.text());
}

#[test]
fn long_lines_wrap_and_stay_editable() {
    let mut session = Session::new(20);
    session.keys("echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbb");
    assert_eq!(session.text(), "$ echo aaaaaaaaaaaaa\naaaaaaaaaaaaaaaaa bb\nbbbbbbbbb");
    session.keys("\x01\x1bfX");
    assert_eq!(session.text(), "$ echoX aaaaaaaaaaaa\naaaaaaaaaaaaaaaaaa b\nbbbbbbbbbb");
    session.keys("\x7f\x05\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f");
    assert_eq!(session.text(), "$ echo aaaaaaaaaaaaa\naaaaaaaaaaaaaaaaa bb");
    session.keys("c\r");
    assert!(session.text().ends_with("\naaaaaaaaaa bbc\n$"), "{}", session.text());
}

#[test]
fn history_is_walked_and_searched() {
    let mut session = Session::new(80);
    session.keys("echo one\r").keys("echo two\r").keys(": three\r");
    session.keys("\x1b[A");
    assert_eq!(session.last(), "$ : three");
    session.keys("\x1b[A\x1b[A");
    assert_eq!(session.last(), "$ echo one");
    session.keys("\x1b[B\x1b[B\x1b[B");
    assert_eq!(session.last(), "$");
    session.keys("echo\x1b[A");
    assert_eq!(session.last(), "$ echo two");
    session.keys("\x03");
    session.keys("\x12on");
    assert_eq!(session.last(), "(reverse-i-search)`on': echo one");
    session.keys("\r");
    assert!(
        session.text().ends_with("$ echo one\none\n$") || session.text().ends_with("one\n$"),
        "{}",
        session.text()
    );
    session.keys("echo !$ x\r");
    assert!(session.text().ends_with("echo one x\none x\n$"), "{}", session.text());
    session.keys("history 2\r");
    assert!(session.text().contains("echo one x\n"), "{}", session.text());
}

#[test]
fn ctrl_c_stops_what_runs_and_clears_what_is_typed() {
    let mut session = Session::new(80);
    session.keys("echo abc\x03");
    assert!(session.text().ends_with("$ echo abc^C\n$"), "{}", session.text());
    session.keys("echo $?\r");
    assert!(session.text().ends_with("130\n$"), "{}", session.text());
    session.keys("while true; do sleep 1; done\r").keys("\x03");
    assert!(session.text().ends_with("done\n^C\n$"), "{}", session.text());
    session.keys("while true; do :; done\r").keys("\x03");
    assert!(session.text().ends_with("done\n^C\n$"), "{}", session.text());
    session.keys("x=$(sleep 100); echo no\r").keys("\x03");
    assert!(session.text().ends_with("echo no\n^C\n$"), "{}", session.text());
    session.keys("read x\r").keys("\x03");
    assert!(session.text().ends_with("^C\n$"), "{}", session.text());
    session.keys("sleep 100 | cat\r").keys("\x03").keys("echo $?\r");
    assert!(session.text().ends_with("130\n$"), "{}", session.text());
}

#[test]
fn jobs_are_told_of() {
    let mut session = Session::new(80);
    session.keys("sleep 2 &\r");
    assert!(session.text().contains("\n[1] "), "{}", session.text());
    session.keys("jobs\r");
    assert!(
        session.text().ends_with("[1]+  Running                 sleep 2 &\n$"),
        "{}",
        session.text()
    );
    session.pass(3000);
    session.keys("\r");
    assert!(
        session.text().ends_with("[1]+  Done                    sleep 2\n$"),
        "{}",
        session.text()
    );
    session.keys("sleep 50\r").keys("\x1a");
    assert!(
        session.text().ends_with("^Z\n[1]+  Stopped                 sleep 50\n$"),
        "{}",
        session.text()
    );
    session.keys("bg\r");
    assert!(session.text().ends_with("[1]+ sleep 50 &\n$"), "{}", session.text());
    session.keys("kill %1\r").keys("\r");
    assert!(
        session.text().contains("[1]+  Terminated              sleep 50"),
        "{}",
        session.text()
    );
    session.keys("sleep 1\r").keys("\x1a").keys("fg\r");
    session.pass(2000);
    assert!(session.text().ends_with("$ fg\nsleep 1\n$"), "{}", session.text());
}

#[test]
fn tab_completes_commands_files_variables_and_kubectl() {
    let mut session = Session::new(60);
    session.keys("prin\t\t");
    assert!(session.text().ends_with("$ print\nprintenv  printf\n$ print"), "{}", session.text());
    session.keys("\x15kubectl ge\t");
    assert_eq!(session.last(), "$ kubectl get");
    session.keys("po\t");
    assert_eq!(session.last(), "$ kubectl get pod");
    session.keys("s w\t");
    assert_eq!(session.last(), "$ kubectl get pods web-");
    session.keys("\t\t");
    assert!(
        session.text().ends_with("\nweb-0  web-1\n$ kubectl get pods web-"),
        "{}",
        session.text()
    );
    session.keys("0\t\x15: > 'some file.yaml'\rcat so\t");
    assert_eq!(session.last(), "$ cat some\\ file.yaml");
    session.keys("\x15cd /ho\tm\t");
    assert_eq!(session.last(), "$ cd /home/me/");
    session.keys("\x15echo $HOM\t");
    assert_eq!(session.last(), "$ echo $HOME");
    session.keys("\x15alias k=kubectl\rk get po\t");
    assert_eq!(session.last(), "$ k get pod");
}

#[test]
fn pasted_lines_run_one_after_the_other() {
    let mut session = Session::new(80);
    session.keys("echo a\recho b\recho c");
    assert!(session.text().ends_with("$ echo a\na\n$ echo b\nb\n$ echo c"), "{}", session.text());
    session.keys("\x15\x1b[200~echo x\necho y\n\x1b[201~");
    assert!(!session.text().contains("\nx"), "{}", session.text());
    session.keys("\r");
    assert!(session.text().ends_with("\nx\ny\n$"), "{}", session.text());
    let lines = "echo 1234567890\n".repeat(70_000);
    session.keys(&format!("\x1b[200~{lines}\x1b[201~"));
    session.keys("\x03").keys("echo alive\r");
    session.pass(5000);
    assert!(session.text().ends_with("alive\n$"));
}

#[test]
fn ctrl_d_ends_the_shell_and_the_window_may_change() {
    let mut session = Session::new(80);
    session.keys("echo abcdefghijklmnopqrstuvwxyz");
    session.bench.kernel.tty_resize(session.tty, 20, 24);
    session.screen.columns = 20;
    session.pass(100);
    session.keys("\x03\x04");
    assert!(session.text().ends_with("exit"), "{}", session.text());
    assert_eq!(session.bench.kernel.take_exits().len(), 1);
}
