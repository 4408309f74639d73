//! Transcripts recorded with GNU bash 5.2.15, dash 0.5.12 and busybox 1.35.

use super::{BUSYBOX, DEBIAN, bash, run};
use crate::os::Image;

/// A recorded run: script, output, exit code.
fn transcript(text: &str) -> Vec<(String, String, i32)> {
    let mut all: Vec<(String, String, i32)> = Vec::new();
    let mut in_script = false;
    for line in text.lines() {
        if let Some(script) = line.strip_prefix("$ ") {
            all.push((script.to_owned(), String::new(), 0));
            in_script = true;
            continue;
        }
        let Some(last) = all.last_mut() else { continue };
        match line.strip_prefix("> ").or((line == ">").then_some("")) {
            Some(more) if in_script => {
                last.0.push('\n');
                last.0.push_str(more);
                continue;
            }
            _ => in_script = false,
        }
        if let Some(code) = line.strip_prefix("? ").and_then(|code| code.parse().ok()) {
            last.2 = code;
        } else if let Some(cut) = line.strip_suffix('\\').filter(|_| line.ends_with('\\')) {
            last.1.push_str(cut);
        } else {
            last.1.push_str(line);
            last.1.push('\n');
        }
    }
    all
}

fn compare(image: &'static Image, shell: &str, text: &str) {
    let mut failures = String::new();
    let all = transcript(text);
    for (script, output, code) in &all {
        let got = run(image, &[shell, "-c", script]);
        if got != (*code, output.clone()) {
            failures.push_str(&format!(
                "--- {script}\n--- wanted {code}\n{output}--- got {}\n{}\n",
                got.0, got.1
            ));
        }
    }
    assert!(failures.is_empty(), "of {}:\n{failures}", all.len());
}

#[test]
fn bash_scripts() {
    compare(&DEBIAN, "bash", include_str!("bash.txt"));
}

#[test]
fn more_bash_scripts() {
    compare(&DEBIAN, "bash", include_str!("more.txt"));
}

#[test]
fn dash_scripts() {
    compare(&DEBIAN, "sh", include_str!("dash.txt"));
}

#[test]
fn ash_scripts() {
    compare(&BUSYBOX, "sh", include_str!("ash.txt"));
}

#[test]
fn deep_nests_and_long_texts_are_refused() {
    for (open, close) in [
        ("( ", " )"),
        ("$(", ")"),
        ("{ ", "; }"),
        ("if :; then ", "; fi"),
        ("\"$(echo ", ")\""),
        ("${a:-", "}"),
        ("$(( ", " ))"),
        ("((", "))"),
        ("`", "`"),
    ] {
        for depth in [20, 80, 3000] {
            let script = format!("echo {}x{}", open.repeat(depth), close.repeat(depth));
            let script = if open.starts_with(['(', '{', 'i']) {
                script.replacen("echo ", "", 1)
            } else {
                script
            };
            let (_, output) = bash(&script);
            assert!(output.len() < 200_000);
        }
    }
    let (code, output) = bash(&format!("echo {}1{}", "$(echo ".repeat(300), ")".repeat(300)));
    assert_eq!(code, 2);
    assert!(output.contains("nested too deep"), "{output}");
    let (code, output) = bash(&"echo a; ".repeat(50_000));
    assert_eq!(code, 2);
    assert!(output.contains("too long"), "{output}");
}

#[test]
fn growth_is_bounded() {
    for script in [
        "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x || break; done",
        "f() { f; }; f",
        "echo {1..1000000}",
        "echo {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",
        "eval_me() { eval eval_me; }; eval_me",
        "x='x+1'; echo $((x))",
        "printf '%999999999s' x",
    ] {
        let (_, output) = bash(script);
        assert!(output.len() < 2_000_000, "{script}");
    }
}

/// The shell lines of the tutorials parse and run.
/// Left out is `kubectl cordon <node-name>`, in which something is to be filled in.
#[test]
fn tutorial_lines_run() {
    let text = include_str!("tutorial-lines.txt");
    let mut count = 0;
    for block in text.split("\n%%\n") {
        let options =
            crate::shell::parse::Options { bash: true, extended: true, last: true, aliases: None };
        let mut parser = crate::shell::parse::Parser::new(block, 1, options);
        let mut lines = 0;
        while parser.next_line().unwrap_or_else(|error| panic!("{block}: {error:?}")).is_some() {
            lines += 1;
        }
        assert!(lines > 0 || block.starts_with('#'), "{block}");
        let (_, output) = bash(&format!("kubectl() {{ echo \"kubectl $*\"; }}\n{block}"));
        assert!(!output.contains("error"), "{block}: {output}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}
