//! `kubectl explain`: what a kind's fields mean.
//!
//! Upstream: kubectl/pkg/explain/v2 (the plaintext template) and kubectl/pkg/cmd/explain/explain.go.
//! Simplified: the schema comes with this program instead of the server; in the browser the descriptions are
//! a file that the page lays down once it has fetched them.

use super::super::error::CmdError;
use super::super::flags::{Flag, Kind, Verb, flag};
use super::super::{Cx, Next};
use crate::api::schema::{Docs, Field, Schema, Ty, Type, of_gvk, schema};
use crate::base::human::quote;

const FLAGS: &[Flag] = &[
    flag("api-version", Kind::Text, ""),
    flag("output", Kind::Text, "plaintext").short('o'),
    flag("recursive", Kind::Bool, "false").short('R'),
];

pub(crate) static VERB: Verb =
    Verb { name: "explain", flags: &[FLAGS], run: Some(run), ..Verb::EMPTY };

/// Where the page lays the descriptions.
const DOCS_FILE: &str = "/usr/share/kubectl/schema-docs.txt";

fn run(cx: &mut Cx) -> Result<Next, CmdError> {
    let args = cx.args();
    let argument = match args.pos.as_slice() {
        [] => {
            return Err(CmdError::plain(
                "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources.\n",
            ));
        }
        [one] => one.as_str(),
        _ => return Err(CmdError::plain("We accept only this format: explain RESOURCE\n")),
    };
    if args.text("output") != "plaintext" {
        return Err(CmdError::not_simulated(&format!("the output format {}", args.text("output"))));
    }
    let mapper = cx.mapper()?;
    let mut parts: Vec<&str> = argument.trim_end_matches('.').split('.').collect();
    let first = parts.remove(0);
    // `statefulsets.apps.spec` names a group before the path.
    let mut resource = mapper.find(first);
    for take in (1..=parts.len()).rev() {
        let named = format!("{first}.{}", parts[..take].join("."));
        if let Ok(found) = mapper.find(&named)
            && (found.group == parts[..take].join(".")
                || format!("{}.{}", found.version, found.group) == parts[..take].join("."))
        {
            resource = Ok(found);
            parts.drain(..take);
            break;
        }
    }
    let Ok(resource) = resource else {
        return Err(CmdError::Exact(format!(
            "the server doesn't have a resource type {}",
            quote(first)
        )));
    };
    let wanted = args.text("api-version");
    if !wanted.is_empty() && wanted != resource.api_version() {
        return Err(CmdError::plain(format!(
            "couldn't find resource for \"{wanted}, Resource={}\"",
            resource.plural
        )));
    }
    let Some(id) = of_gvk(&resource.group, &resource.version, &resource.kind) else {
        return Err(CmdError::plain(format!(
            "couldn't find resource for {}",
            quote(&resource.gvr())
        )));
    };
    let text = cx
        .sys
        .read_file(DOCS_FILE)
        .map(|b| String::from_utf8_lossy(&b).into_owned())
        .unwrap_or_default();
    let docs = docs(&text);
    let schema = schema();
    let mut head = String::new();
    if !resource.group.is_empty() {
        head.push_str(&format!("GROUP:      {}\n", resource.group));
    }
    head.push_str(&format!("KIND:       {}\nVERSION:    {}\n\n", resource.kind, resource.version));
    cx.out(&head);
    let explained = Explain { schema, docs: &docs, recursive: args.is("recursive") }
        .path(schema.get(id), &parts)?;
    cx.out(&explained);
    Ok(Next::Done)
}

#[cfg(not(target_arch = "wasm32"))]
fn docs(text: &str) -> Docs<'_> {
    if text.is_empty() { crate::api::schema::docs() } else { Docs::read(text) }
}

#[cfg(target_arch = "wasm32")]
fn docs(text: &str) -> Docs<'_> {
    Docs::read(text)
}

struct Explain<'a> {
    schema: &'a Schema,
    docs: &'a Docs<'a>,
    recursive: bool,
}

impl Explain<'_> {
    fn path(&self, root: &Type, path: &[&str]) -> Result<String, CmdError> {
        let mut current = Some(root);
        let mut field: Option<&Field> = None;
        for name in path {
            let missing = || CmdError::plain(format!("field {} does not exist", quote(name)));
            let found = current.and_then(|t| t.field(name)).ok_or_else(missing)?;
            field = Some(found);
            current = self.element(&found.ty);
        }
        let mut out = String::new();
        if let Some(field) = field {
            out.push_str(&format!("FIELD: {} {}\n", field.name, self.type_of(field)));
            let values = self.schema.values(&field.ty);
            if values.is_empty() {
                out.push('\n');
            } else {
                out.push_str("ENUM:\n");
                for value in values {
                    out.push_str(&format!("    {value}\n"));
                }
            }
            out.push('\n');
        }
        out.push_str("DESCRIPTION:\n");
        let own = field.map(|f| self.docs.of_field(f)).unwrap_or_default();
        let of_type = current.map(|t| self.docs.of_type(t)).unwrap_or_default();
        let mut texts: Vec<&str> =
            [own.as_str(), of_type.as_str()].into_iter().filter(|t| !t.is_empty()).collect();
        if texts.is_empty() {
            texts.push("<empty>");
        }
        for text in texts {
            out.push_str(&indented(&wrap(text, 76), 4));
        }
        out.push_str("    \n");
        match current {
            Some(shown) if !shown.fields.is_empty() => {
                out.push_str("FIELDS:\n");
                let mut seen = Vec::new();
                self.fields(shown, 1, &mut seen, &mut out);
                if self.recursive {
                    out.push('\n');
                }
            }
            _ => {}
        }
        out.push('\n');
        Ok(out)
    }

    /// The struct that a field's value, element or map value is.
    fn element(&self, ty: &Ty) -> Option<&Type> {
        match self.schema.resolve(ty) {
            Ty::List(inner) | Ty::Map(inner) | Ty::Pointer(inner) => self.element(inner),
            Ty::Ref(id) => Some(self.schema.get(*id)),
            _ => None,
        }
    }

    fn type_of(&self, field: &Field) -> String {
        let required = if field.required { " -required-" } else { "" };
        format!("<{}>{required}", self.schema.explain_type(&field.ty))
    }

    fn fields(&self, of: &Type, level: usize, seen: &mut Vec<String>, out: &mut String) {
        let pad = "  ".repeat(level);
        for field in &of.fields {
            out.push_str(&format!("{pad}{}\t{}\n", field.name, self.type_of(field)));
            let values = self.schema.values(&field.ty);
            if !values.is_empty() {
                out.push_str(&format!("{pad}enum: {}\n", shown_values(values)));
            }
            if !self.recursive {
                let text = self.docs.of_field(field);
                let text = if text.is_empty() { "<no description>".to_owned() } else { text };
                out.push_str(&indented(&wrap(&text, 76), 4));
                out.push('\n');
                continue;
            }
            if let Some(inner) = self.element(&field.ty) {
                let name = inner.go_name();
                // A type within itself is shown once.
                if !seen.contains(&name) && level < 20 {
                    seen.push(name);
                    self.fields(inner, level + 1, seen, out);
                    seen.pop();
                }
            }
        }
    }
}

/// Upstream's template shows the first few values only.
fn shown_values(values: &[&str]) -> String {
    const SHOWN: usize = 4;
    if values.len() <= SHOWN {
        values.join(", ")
    } else {
        format!("{}, ....", values[..SHOWN].join(", "))
    }
}

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.split('\n').map(|line| format!("{pad}{line}\n")).collect()
}

/// Breaks lines at spaces so that they fit.
/// Upstream: github.com/mitchellh/go-wordwrap, as kubectl/pkg/util/term uses it.
fn wrap(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut current = String::new();
        let mut spaces = String::new();
        let mut word = String::new();
        for c in line.chars().chain("\n".chars()) {
            if c != ' ' && c != '\n' {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                let fits = current.chars().count() + spaces.chars().count() + word.chars().count()
                    <= width;
                if fits || (current.is_empty() && spaces.is_empty()) {
                    current.push_str(&spaces);
                } else {
                    lines.push(std::mem::take(&mut current));
                }
                current.push_str(&word);
                word.clear();
                spaces.clear();
            }
            if c == ' ' {
                spaces.push(c);
            }
        }
        lines.push(current);
    }
    lines.join("\n")
}
