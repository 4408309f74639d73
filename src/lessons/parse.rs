//! Lessons as written (Markdown with front matter) to lessons as run (JSON).
//!
//! The build script includes this file, so that the page carries neither parser; natively the runner
//! uses it for lesson files of anybody's. It therefore names nothing else of the crate.
//!
//! A lesson is front matter, then one step per `##` heading. Within a step, a fenced block whose info
//! string starts with `run` can be run: `run 2` names its terminal; `run 1 watch` goes on until it is
//! interrupted; its lines are typed one after the other, each when somebody reads. A
//! `check` block lists, in YAML, what must hold for the step to be done; `hint` and `solution` blocks are
//! Markdown, folded on the page; `note` is Markdown, set apart. Any other block is shown as it is.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde_json::{Map, Value, json};

/// Parses a lesson.
///
/// # Errors
/// What is wrong, for the lesson's author.
// In the build script, which includes this file, nothing is public.
#[allow(unreachable_pub)]
pub fn parse(text: &str) -> Result<Value, String> {
    let (front, body) = front_matter(text)?;
    let mut lesson: Map<String, Value> =
        serde_yaml::from_str(front).map_err(|e| format!("front matter: {e}"))?;
    for key in ["name", "title"] {
        if !lesson.get(key).is_some_and(Value::is_string) {
            return Err(format!("front matter: `{key}` is missing"));
        }
    }
    let mut steps = Vec::new();
    let mut intro = Vec::new();
    for (title, events) in sections(body) {
        let parts = parts(events).map_err(|e| format!("step {title:?}: {e}"))?;
        if title.is_empty() {
            intro = parts;
        } else {
            steps.push(json!({ "title": title, "parts": parts }));
        }
    }
    if steps.is_empty() {
        return Err("no step: a step begins with a `##` heading".to_owned());
    }
    lesson.insert("intro".to_owned(), Value::from(intro));
    lesson.insert("steps".to_owned(), Value::from(steps));
    Ok(Value::from(lesson))
}

fn front_matter(text: &str) -> Result<(&str, &str), String> {
    let rest = text
        .strip_prefix("---\n")
        .ok_or("a lesson begins with front matter between `---` lines")?;
    rest.split_once("\n---\n")
        .ok_or_else(|| "the front matter does not end with a `---` line".to_owned())
}

/// The text before the first `##` heading (with an empty title), then one section for each heading.
fn sections(body: &str) -> Vec<(String, Vec<Event<'_>>)> {
    let mut sections = vec![(String::new(), Vec::new())];
    let mut in_heading = false;
    for event in Parser::new_ext(body, Options::ENABLE_TABLES) {
        match &event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                in_heading = true;
                sections.push((String::new(), Vec::new()));
            }
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => in_heading = false,
            _ => {
                let (title, events) = sections.last_mut().expect("there is always a section");
                match (&event, in_heading) {
                    (Event::Text(text) | Event::Code(text), true) => title.push_str(text),
                    _ => events.push(event),
                }
            }
        }
    }
    sections
}

/// A section's parts: prose as HTML, and the special blocks.
fn parts(events: Vec<Event<'_>>) -> Result<Vec<Value>, String> {
    let mut parts = Vec::new();
    let mut prose: Vec<Event<'_>> = Vec::new();
    let mut block: Option<(String, String)> = None;
    for event in events {
        match (event, &mut block) {
            (Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))), None) if special(&info) => {
                flush(&mut prose, &mut parts);
                block = Some((info.to_string(), String::new()));
            }
            (Event::Text(text), Some((_, content))) => content.push_str(&text),
            (Event::End(TagEnd::CodeBlock), Some(_)) => {
                if let Some((info, content)) = block.take() {
                    parts.push(special_block(&info, &content)?);
                }
            }
            (event, _) => prose.push(event),
        }
    }
    flush(&mut prose, &mut parts);
    Ok(parts)
}

fn special(info: &str) -> bool {
    matches!(info.split(' ').next(), Some("run" | "check" | "hint" | "solution" | "note"))
}

fn flush(prose: &mut Vec<Event<'_>>, parts: &mut Vec<Value>) {
    if !prose.is_empty() {
        let mut text = String::new();
        html::push_html(&mut text, std::mem::take(prose).into_iter());
        parts.push(json!({ "kind": "prose", "html": text }));
    }
}

fn special_block(info: &str, content: &str) -> Result<Value, String> {
    let mut words = info.split_whitespace();
    let kind = words.next().unwrap_or_default();
    if kind == "run" {
        return run_block(words, content);
    }
    if kind == "check" {
        let checks: Value = serde_yaml::from_str(content).map_err(|e| format!("check: {e}"))?;
        let all_have_text =
            checks.as_array().is_some_and(|list| list.iter().all(|c| c["text"].is_string()));
        if !all_have_text {
            return Err("check: a list is wanted, each item with a `text`".to_owned());
        }
        return Ok(json!({ "kind": "check", "checks": checks }));
    }
    let mut text = String::new();
    html::push_html(&mut text, Parser::new_ext(content, Options::ENABLE_TABLES));
    Ok(json!({ "kind": kind, "html": text }))
}

fn run_block<'a>(words: impl Iterator<Item = &'a str>, content: &str) -> Result<Value, String> {
    let (mut terminal, mut watch) = (2, false);
    for word in words {
        match word {
            "1" => terminal = 1,
            "2" => terminal = 2,
            "watch" => watch = true,
            other => return Err(format!("run: `{other}` is not known (1, 2, watch)")),
        }
    }
    let command = content.trim_end();
    if command.is_empty() {
        return Err("run: the block is empty".to_owned());
    }
    Ok(json!({ "kind": "run", "terminal": terminal, "watch": watch, "command": command }))
}
