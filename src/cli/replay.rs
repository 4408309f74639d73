//! `replay SCENARIO`: runs a recorded scenario on a fresh cluster and writes what was printed, laid out as the recording is.

use crate::base::ordered::OrdMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::scenario::{Directive, Player, Printed, parse};
use crate::cli::{Arguments, read};
use crate::world::Options;

/// Prints every node with its readiness, as the recordings' first line has it.
const NODES: &str = "kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.status.conditions[?(@.type==\"Ready\")].status},{end}'";

/// Runs a scenario; see the module's text.
pub(super) fn replay(arguments: &Arguments) -> Result<ExitCode, String> {
    let directives = parse(&read(arguments.only("SCENARIO")?)?)?;
    let out = Path::new(arguments.option("out").ok_or("--out OUTDIR is wanted")?);
    std::fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
    let mut player = Player::new(&directives, Options::recorded(arguments.number("seed", 1)?));
    if let Some(dir) = arguments.option("dir") {
        player.bring(Path::new(dir))?;
    }
    for (name, text) in files(&mut player, &directives)? {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn files(player: &mut Player, directives: &[Directive]) -> Result<OrdMap<String, String>, String> {
    let mut files = OrdMap::new();
    let nodes = player
        .run(NODES)
        .output
        .trim_end_matches(',')
        .replace(" True", " Ready")
        .replace(',', ", ");
    let mut session = format!("# kubectl v1.36.2 server v1.36.2 nodes: {nodes}\n");
    for directive in directives {
        let heading = heading(&*player, directive);
        let watch = match directive {
            Directive::Stop(name) => player.watch(name).map(|command| (name, command.to_owned())),
            _ => None,
        };
        let printed = player.perform(directive)?;
        session.push_str(&heading);
        if let Some((name, command)) = watch {
            files.insert(format!("watch-{name}.txt"), format!("$ {command}\n{}", printed.output));
        } else if matches!(directive, Directive::Command(_)) {
            session.push_str(&layout(&printed));
        }
    }
    files.insert("session.txt".to_owned(), session);
    Ok(files)
}

fn heading(player: &Player, directive: &Directive) -> String {
    match directive {
        Directive::Command(command) => format!("$ {}\n", player.replaced(command)),
        Directive::Section(title) => format!("\n## {title}\n"),
        Directive::Comment(text) => format!("{text}\n"),
        Directive::Watch(name, command) => {
            format!("# watch-{name} starts: {}\n", player.replaced(command))
        }
        Directive::Stop(name) => format!("# watch-{name} stops\n"),
        _ => String::new(),
    }
}

fn layout(printed: &Printed) -> String {
    let mut text = printed.output.clone();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    match printed.code {
        Some(0) => {}
        Some(code) => {
            let _ = writeln!(text, "[exit {code}]");
        }
        None => text.push_str("[gave up after an hour of virtual time]\n"),
    }
    text
}
