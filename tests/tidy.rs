//! The house rules that a compiler does not check: layers, registries, documentation, stray output.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules that it may name, lowest first. ARCHITECTURE.md explains the layers.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("sim", &["base"]),
    ("api", &["base"]),
    ("os", &["base", "api"]),
    ("server", &["base", "sim", "api", "os"]),
    ("controllers", &["base", "sim", "api", "server"]),
    ("scheduler", &["base", "sim", "api", "server"]),
    ("kubelet", &["base", "sim", "api", "os", "server"]),
    ("net", &["base", "sim", "api", "os", "server"]),
    (
        "world",
        &["base", "sim", "api", "os", "server", "controllers", "scheduler", "kubelet", "net"],
    ),
    ("shell", &["base", "api", "os"]),
    ("kubectl", &["base", "api", "os"]),
    ("programs", &["base", "api", "os"]),
    ("images", &["base", "os"]),
    ("lessons", &["base", "api", "server", "world"]),
    (
        "catalog",
        &[
            "base",
            "os",
            "controllers",
            "shell",
            "kubectl",
            "programs",
            "images",
            "lessons",
            "world",
        ],
    ),
    ("session", &["base", "os", "world", "lessons", "catalog"]),
    (
        "view",
        &["base", "api", "os", "server", "scheduler", "kubelet", "world", "lessons", "session"],
    ),
    ("ui", &["base", "view", "session", "lessons"]),
    ("cli", &["base", "api", "os", "server", "world", "lessons", "catalog", "session", "view"]),
];

/// Folders in which every file is one entry of the registry in `mod.rs`.
const REGISTRIES: &[(&str, &[&str])] = &[
    ("src/api/kinds", &[]),
    ("src/controllers", &["engine"]),
    ("src/images", &[]),
    ("src/kubectl/verbs", &[]),
    ("src/programs", &[]),
    ("src/scheduler/plugins", &[]),
    ("src/server/admission", &[]),
    ("src/server/table", &[]),
];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    files(Path::new("src"), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is text");
            (path.to_string_lossy().replace('\\', "/"), text)
        })
        .collect()
}

fn module_of(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap_or(path);
    rest.split(['/', '.']).next().unwrap_or(rest)
}

/// The part of a file before its inline tests, which may use anything.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// Modules that a file names as `crate::module`.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code(text).lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with('$') {
                continue;
            }
            let rest = &line[at + "crate::".len()..];
            // `use crate::view;` imports the macro of that name.
            if rest.starts_with("view;") {
                continue;
            }
            if rest.starts_with('{') {
                found.push((number + 1, "{".to_owned()));
                continue;
            }
            found.push((
                number + 1,
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect(),
            ));
        }
    }
    found
}

#[test]
fn lower_layers_never_name_upper_ones() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{path}: the module {module} has no layer in tests/tidy.rs"));
            continue;
        };
        for (line, name) in named(&text) {
            if name == "{" {
                faults.push(format!("{path}:{line}: name the module: `use crate::module::…`"));
            } else if LAYERS.iter().any(|(known, _)| *known == name)
                && name != module
                && !allowed.contains(&name.as_str())
            {
                faults.push(format!("{path}:{line}: {module} must not name {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_of_a_registry_folder_is_registered() {
    let mut faults = Vec::new();
    for (folder, helpers) in REGISTRIES {
        let registry = fs::read_to_string(format!("{folder}/mod.rs")).unwrap_or_default();
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let name = entry
                .path()
                .file_stem()
                .map(|s| s.to_string_lossy().into_owned())
                .unwrap_or_default();
            if name == "mod" || helpers.contains(&name.as_str()) {
                continue;
            }
            if !registry.contains(&format!("mod {name};")) {
                faults.push(format!("{folder}/{name} is not declared in {folder}/mod.rs"));
            } else if !registry.contains(&format!("{name}::")) && !is_helper(entry.path().as_path())
            {
                faults.push(format!(
                    "{folder}/{name} has no entry in the registry of {folder}/mod.rs"
                ));
            }
        }
    }
    let lessons = fs::read_to_string("src/lessons/mod.rs").unwrap_or_default();
    for entry in fs::read_dir("src/lessons").expect("the lessons' folder is there").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "md") {
            let name =
                path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            if !lessons.contains(&format!("{name:?}")) {
                faults.push(format!(
                    "the lesson {name} is not in the registry of src/lessons/mod.rs"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A file that several entries share says so in its first line.
fn is_helper(path: &Path) -> bool {
    let file = if path.is_dir() { path.join("mod.rs") } else { path.to_owned() };
    fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .next()
        .is_some_and(|line| line.starts_with("//! Shared:"))
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no `//!` at the top of:\n{}", silent.join("\n"));
}

#[test]
fn what_belongs_to_the_edges_stays_there() {
    let rules: &[(&str, &[&str])] = &[
        ("web_sys::", &["ui"]),
        ("yew::", &["ui"]),
        ("gloo::", &["ui"]),
        ("std::time::", &["ui", "cli"]),
        ("std::thread", &["cli"]),
        ("println!(", &["cli", "main"]),
        ("todo!(", &[]),
        ("unimplemented!(", &[]),
        ("TODO", &[]),
        ("FIXME", &[]),
    ];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        for (number, line) in code(&text).lines().enumerate() {
            for (word, allowed) in rules {
                if line.contains(word)
                    && !allowed.contains(&module_of(&path))
                    && !line.trim_start().starts_with("//")
                {
                    faults.push(format!("{path}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
