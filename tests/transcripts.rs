//! Transcripts in `tests/cli` (ours) and `tests/parity` (recorded on a real cluster), each a test of its own.
//!
//! `UPDATE=1 cargo test --test transcripts` rewrites the output of those that are ours.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

mod normalise;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use tabernetes::cli::scenario::Printed;
use tabernetes::cli::transcript::{Transcript, render};

fn main() -> ExitCode {
    let filter = env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let mut paths: Vec<PathBuf> = ["tests/cli", "tests/parity"]
        .iter()
        .flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .filter(|path| path.to_string_lossy().contains(&filter))
        .collect();
    paths.sort();
    if env::args().any(|word| word == "--list") {
        for path in &paths {
            println!("{}: test", path.display());
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", paths.len());
    let mut failed = 0;
    for path in &paths {
        let result = run(path);
        println!("test {} ... {}", path.display(), if result.is_ok() { "ok" } else { "FAILED" });
        if let Err(fault) = result {
            println!("{fault}");
            failed += 1;
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        paths.len() - failed
    );
    ExitCode::from(u8::from(failed > 0))
}

fn run(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let transcript = Transcript::parse(&text)?;
    let played = transcript.play()?;
    let ours = transcript.source == "ours";
    if ours && env::var("UPDATE").is_ok() {
        return fs::write(path, transcript.with(&played)).map_err(|e| e.to_string());
    }
    let differences: Vec<String> = played
        .iter()
        .filter(|(step, expected, actual)| !same(step, expected, actual, ours))
        .map(|(step, expected, actual)| {
            format!("  {step}\n--- expected\n{}+++ actual\n{}", render(expected), render(actual))
        })
        .collect();
    match (&transcript.known_mismatch, differences.is_empty()) {
        (None, true) | (Some(_), false) => Ok(()),
        (None, false) => Err(differences.join("\n")),
        (Some(reason), true) => {
            Err(format!("known-mismatch ({reason}) no longer holds: remove it"))
        }
    }
}

/// Ours must match to the byte; recordings up to what differs between two real runs.
fn same(step: &str, expected: &Printed, actual: &Printed, exact: bool) -> bool {
    let code = |printed: &Printed| printed.code.unwrap_or(0);
    let text = |printed: &Printed| render(&Printed { code: None, ..printed.clone() });
    let (expected_text, actual_text) = (text(expected), text(actual));
    if exact {
        return expected_text == actual_text && code(expected) == code(actual);
    }
    let plain = |text: &str| normalise::normalise(text.trim_end());
    if step.starts_with("@stop") {
        let rows = |text: &str| normalise::by_object(&plain(text));
        return rows(&expected_text) == rows(&actual_text);
    }
    plain(&expected_text) == plain(&actual_text) && code(expected) == code(actual)
}
