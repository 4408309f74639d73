//! What differs between two runs on a real cluster: ages, addresses, uids, generated names.

use regex::Regex;

const NAME: &str = "[bcdfghjklmnpqrstvwxz2456789]";

/// The text with everything that depends on chance replaced, and runs of spaces made two.
pub(crate) fn normalise(text: &str) -> String {
    let rules: [(String, &str); 11] = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".to_owned(), "<uid>"),
        (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z".to_owned(), "<time>"),
        (r"\b(?:10|127|172|192)\.\d+\.\d+\.\d+(/\d+)?\b".to_owned(), "<ip>"),
        (r#"(resourceVersion: )"?\d+"?"#.to_owned(), "$1<rv>"),
        (r"\b(node-\d+|control-plane)\b".to_owned(), "<node>"),
        (format!(r"-{NAME}{{6,10}}-{NAME}{{5}}\b"), "-<hash>-<rand>"),
        (format!(r"-{NAME}{{8,10}}\b"), "-<hash>"),
        (format!(r"-{NAME}{{5}}\b"), "-<rand>"),
        (r"(^|[ \t(])(?:\d+[dhms])+($|[ \t)])".to_owned(), "$1<age>$2"),
        (r"[ \t]{2,}".to_owned(), "  "),
        (r"(?m)[ \t]+$".to_owned(), ""),
    ];
    let mut text = text.to_owned();
    for (pattern, replacement) in rules {
        let pattern = Regex::new(&format!("(?m){pattern}")).expect("the patterns are fixed");
        text = pattern.replace_all(&text, replacement).into_owned();
    }
    sort_rows_with_generated_names(&text)
}

/// Rows whose first column was generated come in no order that could be compared.
fn sort_rows_with_generated_names(text: &str) -> String {
    let generated = |line: &&str| {
        line.split("  ")
            .next()
            .is_some_and(|first| first.contains("<uid>") || first.contains("<rand>"))
    };
    let (mut out, mut run): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if generated(&line) {
            run.push(line);
        } else {
            run.sort_unstable();
            out.append(&mut run);
            out.push(line);
        }
    }
    run.sort_unstable();
    out.append(&mut run);
    out.join("\n")
}

/// The rows of a watch by object, repeated ones once: how those of different objects mix, and how often a
/// state is reported again, is chance on a real cluster.
pub(crate) fn by_object(text: &str) -> String {
    let mut rows: Vec<&str> = text.lines().collect();
    rows.sort_by_key(|row| row.split_whitespace().next());
    rows.dedup();
    rows.join("\n")
}
