//! The schema table of the built-in kinds and their descriptions, written from upstream's Go types.
//!
//! `K8S_SRC=<Kubernetes v1.36 source> UPDATE=1 cargo test --test schema` writes `src/api/schema/table.txt`
//! and `static/schema-docs.txt`; without `UPDATE` it compares them. Without `K8S_SRC` (the source is not part of
//! this repository) nothing is compared: then the library's own tests check that the table is whole.
//! Go's types rather than the published OpenAPI are the source, because only they say what is printed when
//! empty, what the Go type's name is and how a patch merges.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const TABLE: &str = "src/api/schema/table.txt";
const DOCS: &str = "static/schema-docs.txt";
const INTERNAL: &str = "src/api/rules/internal.txt";

/// The internal types that messages print, with the package and file of each and its v1 counterpart's package.
const INTERNAL_ROOTS: &[(&str, &str)] = &[
    ("core", "PodSpec"),
    ("core", "PersistentVolumeClaimSpec"),
    ("core", "PersistentVolumeSource"),
    ("core", "SecurityContext"),
    ("core", "SeccompProfile"),
    ("core", "VolumeNodeAffinity"),
    ("apps", "StatefulSetUpdateStrategy"),
    ("apps", "DaemonSetUpdateStrategy"),
    ("apps", "DeploymentStrategy"),
    ("policy", "PodDisruptionBudgetSpec"),
];

/// Group, package path below `staging/src/k8s.io`.
const PACKAGES: &[(&str, &str)] = &[
    ("", "api/core/v1"),
    ("apps", "api/apps/v1"),
    ("batch", "api/batch/v1"),
    ("autoscaling", "api/autoscaling/v2"),
    ("autoscaling", "api/autoscaling/v1"),
    ("networking.k8s.io", "api/networking/v1"),
    ("policy", "api/policy/v1"),
    ("rbac.authorization.k8s.io", "api/rbac/v1"),
    ("storage.k8s.io", "api/storage/v1"),
    ("scheduling.k8s.io", "api/scheduling/v1"),
    ("coordination.k8s.io", "api/coordination/v1"),
    ("discovery.k8s.io", "api/discovery/v1"),
    ("certificates.k8s.io", "api/certificates/v1"),
    ("events.k8s.io", "api/events/v1"),
    ("node.k8s.io", "api/node/v1"),
    ("authentication.k8s.io", "api/authentication/v1"),
    ("authorization.k8s.io", "api/authorization/v1"),
    ("admissionregistration.k8s.io", "api/admissionregistration/v1"),
    ("flowcontrol.apiserver.k8s.io", "api/flowcontrol/v1"),
    ("resource.k8s.io", "api/resource/v1"),
    ("apiextensions.k8s.io", "apiextensions-apiserver/pkg/apis/apiextensions/v1"),
    ("apiregistration.k8s.io", "kube-aggregator/pkg/apis/apiregistration/v1"),
    ("meta.k8s.io", "apimachinery/pkg/apis/meta/v1"),
    ("types", "apimachinery/pkg/types"),
];

/// Types with a form of their own in JSON.
const SPECIAL: &[(&str, &str)] = &[
    ("meta.v1.Time", "time"),
    ("meta.v1.MicroTime", "microtime"),
    ("meta.v1.Duration", "duration"),
    ("meta.v1.FieldsV1", "any:FieldsV1"),
    ("resource.Quantity", "quantity"),
    ("intstr.IntOrString", "intstr"),
    ("runtime.RawExtension", "any:RawExtension"),
    ("runtime.Object", "any:Object"),
    ("apiextensions.v1.JSON", "any:JSON"),
    ("apiextensions.v1.JSONSchemaPropsOrBool", "any:JSONSchemaPropsOrBool"),
    ("apiextensions.v1.JSONSchemaPropsOrArray", "any:JSONSchemaPropsOrArray"),
    ("apiextensions.v1.JSONSchemaPropsOrStringArray", "any:JSONSchemaPropsOrStringArray"),
];

#[derive(Default)]
struct Field {
    name: String,
    /// Name in Go; an embedded field has its type's.
    go: String,
    inline: bool,
    kind: String,
    flags: Vec<String>,
    doc: String,
}

#[derive(Default)]
struct Struct {
    group: String,
    doc: String,
    fields: Vec<Field>,
    is_kind: bool,
}

#[derive(Default)]
struct Source {
    structs: BTreeMap<String, Struct>,
    /// Other named types: what they stand for, and whether they are enumerations.
    named: BTreeMap<String, (String, bool)>,
    /// Constants of a type: value and comment.
    constants: BTreeMap<String, BTreeMap<String, String>>,
}

/// `core.v1` for `api/core/v1`.
fn package_name(path: &str) -> String {
    let mut parts: Vec<&str> = path.rsplit('/').take(2).collect();
    parts.reverse();
    if path.ends_with("/types") { "types".to_owned() } else { parts.join(".") }
}

/// The comment as the OpenAPI document has it. Upstream: kube-openapi, generateDescription.
fn description(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let line = line.trim_end();
        let trimmed = line.trim_start();
        if line.trim() == "---" {
            break;
        }
        if line.is_empty() {
            text.pop();
            text.push_str("\n\n");
        } else if trimmed.starts_with("TODO") || trimmed.starts_with('+') {
        } else if line.starts_with([' ', '\t']) {
            text.pop();
            let _ = write!(text, "\n{line}\n");
        } else {
            text.push_str(line);
            text.push(' ');
        }
    }
    text.trim_matches('\n').trim_matches(' ').to_owned()
}

fn tag<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| {
        let rest = line.trim().strip_prefix('+')?.strip_prefix(name)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('=') }
    })
}

fn tags<'a>(lines: &'a [String], name: &str) -> Vec<&'a str> {
    lines
        .iter()
        .filter_map(|line| line.trim().strip_prefix('+')?.strip_prefix(name)?.strip_prefix('='))
        .collect()
}

/// The value of a key in a struct tag: `json:"name,omitempty"`.
fn go_tag<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let start = text.find(&format!("{key}:\""))? + key.len() + 2;
    let rest = text.get(start..)?;
    rest.get(..rest.find('"')?)
}

struct Parser<'a> {
    package: String,
    group: &'a str,
    imports: BTreeMap<String, String>,
    source: &'a mut Source,
}

impl Parser<'_> {
    /// Resolves a Go type to our spelling: `*`, `[]` and `{}` before a name.
    fn resolve(&self, go: &str) -> String {
        let go = go.trim();
        if let Some(rest) = go.strip_prefix('*') {
            return format!("*{}", self.resolve(rest));
        }
        if go == "[]byte" {
            return "bytes".to_owned();
        }
        if let Some(rest) = go.strip_prefix("[]") {
            return format!("[]{}", self.resolve(rest));
        }
        if let Some(rest) = go.strip_prefix("map[") {
            let (_, value) = rest.split_once(']').expect("a map has a key");
            return format!("{{}}{}", self.resolve(value));
        }
        match go {
            "string" | "bool" | "int32" | "int64" | "float64" | "int" | "uint32" | "uint64"
            | "uint8" => {
                return go.to_owned();
            }
            "interface{}" | "any" | "struct{}" => return "any:Object".to_owned(),
            _ => {}
        }
        let full = match go.split_once('.') {
            Some((package, name)) => {
                let package = self.imports.get(package).map_or(package, String::as_str);
                format!("{package}.{name}")
            }
            None => format!("{}.{go}", self.package),
        };
        SPECIAL.iter().find(|(name, _)| *name == full).map_or(full, |(_, s)| (*s).to_owned())
    }

    fn import(&mut self, line: &str) {
        let Some((alias, rest)) = line.trim().split_once('"') else { return };
        let path = rest.trim_end_matches('"');
        let Some(path) = path.strip_prefix("k8s.io/") else { return };
        let last = path.rsplit('/').next().unwrap_or(path);
        let package = if path.starts_with("api/") || path.contains("/apis/") {
            package_name(path)
        } else {
            last.to_owned()
        };
        let alias = alias.trim();
        let alias = if alias.is_empty() { last } else { alias };
        self.imports.insert(alias.to_owned(), package);
    }

    fn field(&self, line: &str, comments: &[String]) -> Option<Field> {
        let (declaration, tags_text) = line.split_once('`')?;
        let json = go_tag(tags_text, "json")?;
        let mut words = declaration.split_whitespace();
        let first = words.next()?;
        let rest: String = words.collect();
        let mut options = json.split(',');
        let name = options.next().unwrap_or("").to_owned();
        let options: Vec<&str> = options.collect();
        if name == "-" {
            return None;
        }
        let inline = name.is_empty();
        let kind = self.resolve(if rest.is_empty() { first } else { &rest });
        let mut flags = Vec::new();
        let omitempty = options.contains(&"omitempty");
        if omitempty {
            flags.push("?".to_owned());
        }
        if options.contains(&"omitzero") {
            flags.push("0".to_owned());
        }
        let optional = tag(comments, "optional").is_some() || omitempty;
        if tag(comments, "required").is_some() || !optional {
            flags.push("!".to_owned());
        }
        if let Some(list) = tag(comments, "listType") {
            let keys = tags(comments, "listMapKey").join(",");
            flags.push(if keys.is_empty() {
                format!("l={list}")
            } else {
                format!("l={list}:{keys}")
            });
        }
        if let Some(strategy) = go_tag(tags_text, "patchStrategy") {
            let key = go_tag(tags_text, "patchMergeKey").unwrap_or("");
            flags.push(format!("p={strategy}:{key}"));
        }
        let go = first.rsplit(['.', '*']).next().unwrap_or(first).to_owned();
        Some(Field { name, go, inline, kind, flags, doc: description(comments) })
    }

    fn file(&mut self, text: &str) {
        let mut comments: Vec<String> = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let trimmed = line.trim();
            if let Some(comment) = trimmed.strip_prefix("//") {
                comments.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
                continue;
            }
            if trimmed == "import (" {
                for line in lines.by_ref().take_while(|line| line.trim() != ")") {
                    self.import(line);
                }
            } else if let Some(line) = trimmed.strip_prefix("import ") {
                self.import(line);
            } else if trimmed == "const (" {
                self.constants(&mut lines);
            } else if let Some(rest) = trimmed.strip_prefix("type ") {
                self.declaration(rest, &comments, &mut lines);
            }
            comments.clear();
        }
    }

    fn constants<'a>(&mut self, lines: &mut impl Iterator<Item = &'a str>) {
        let mut comments: Vec<String> = Vec::new();
        for line in lines.by_ref() {
            let trimmed = line.trim();
            if trimmed == ")" {
                return;
            }
            if let Some(comment) = trimmed.strip_prefix("//") {
                comments.push(comment.trim().to_owned());
                continue;
            }
            let (code, trailing) = trimmed.split_once(" //").unwrap_or((trimmed, ""));
            if let Some((left, value)) = code.split_once('=') {
                let mut words = left.split_whitespace();
                if let (Some(name), Some(kind)) = (words.next(), words.next()) {
                    let value = value.trim().trim_matches('"').to_owned();
                    if comments.is_empty() && !trailing.is_empty() {
                        comments.push(trailing.trim().to_owned());
                    }
                    let text: Vec<String> =
                        comments.iter().filter(|c| !c.starts_with('+')).cloned().collect();
                    let text = text.join(" ");
                    let text = text.trim().strip_prefix(name).unwrap_or(text.trim());
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let kind = self.resolve(kind);
                    self.source.constants.entry(kind).or_default().insert(value, text);
                }
            }
            comments.clear();
        }
    }

    fn declaration<'a>(
        &mut self,
        text: &str,
        comments: &[String],
        lines: &mut impl Iterator<Item = &'a str>,
    ) {
        let mut words = text.split_whitespace();
        let Some(name) = words.next() else { return };
        let full = format!("{}.{name}", self.package);
        let rest: Vec<&str> = words.collect();
        if rest.first() != Some(&"struct") {
            let target = rest.join("");
            let target = target.strip_prefix('=').unwrap_or(&target);
            if !target.starts_with("func") && !target.starts_with("interface") {
                let target = self.resolve(target);
                self.source.named.insert(full, (target, tag(comments, "enum").is_some()));
            }
            return;
        }
        let mut item = Struct {
            group: self.group.to_owned(),
            doc: description(comments),
            ..Struct::default()
        };
        if rest.last() != Some(&"{}") && !text.trim_end().ends_with('}') {
            let mut own: Vec<String> = Vec::new();
            for line in lines.by_ref() {
                let trimmed = line.trim();
                if line == "}" {
                    break;
                }
                if let Some(comment) = trimmed.strip_prefix("//") {
                    own.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
                    continue;
                }
                if let Some(field) = self.field(trimmed, &own) {
                    item.fields.push(field);
                }
                own.clear();
            }
        }
        item.is_kind = item.fields.iter().any(|f| f.inline && f.kind == "meta.v1.TypeMeta")
            && item.fields.iter().any(|f| f.name == "metadata" && f.kind == "meta.v1.ObjectMeta");
        self.source.structs.insert(full, item);
    }
}

fn read_source(root: &Path) -> Source {
    let mut source = Source::default();
    for (group, package) in PACKAGES {
        let folder = root.join("staging/src/k8s.io").join(package);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .expect("the source has this package")
            .map(|entry| entry.expect("a folder can be listed").path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                name.ends_with(".go") && !name.ends_with("_test.go") && !name.contains("generated")
            })
            .collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).expect("a Go file is text");
            let mut parser = Parser {
                package: package_name(package),
                group,
                imports: BTreeMap::new(),
                source: &mut source,
            };
            parser.file(&text);
        }
    }
    source
}

/// The base name of a type, without pointers, lists and maps.
fn base(kind: &str) -> &str {
    kind.trim_start_matches(['*', '[', ']', '{', '}'])
}

impl Source {
    /// All fields of a struct, those of embedded ones included, with the names of the embedded structs on the way.
    fn fields(&self, name: &str) -> Vec<(String, &Field)> {
        let mut fields = Vec::new();
        for field in &self.structs[name].fields {
            if field.inline {
                let kind = base(&field.kind);
                let (_, short) = kind.rsplit_once('.').unwrap_or(("", kind));
                for (via, inner) in self.fields(kind) {
                    let via =
                        if via.is_empty() { short.to_owned() } else { format!("{short}.{via}") };
                    fields.push((via, inner));
                }
            } else {
                fields.push((String::new(), field));
            }
        }
        fields
    }

    fn reachable(&self) -> BTreeSet<String> {
        let mut todo: Vec<String> =
            self.structs.iter().filter(|(_, s)| s.is_kind).map(|(name, _)| name.clone()).collect();
        todo.extend(["meta.v1.DeleteOptions".to_owned(), "meta.v1.ListMeta".to_owned()]);
        let mut seen = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if self.structs.contains_key(&name) {
                todo.extend(self.fields(&name).iter().map(|(_, f)| base(&f.kind).to_owned()));
            } else if let Some((target, _)) = self.named.get(&name) {
                todo.push(base(target).to_owned());
            }
        }
        seen
    }

    fn enum_values(&self, kind: &str) -> Option<&BTreeMap<String, String>> {
        let (_, is_enum) = self.named.get(base(kind))?;
        if *is_enum { self.constants.get(base(kind)) } else { None }
    }

    fn field_doc(&self, field: &Field) -> String {
        let Some(values) = self.enum_values(&field.kind) else { return field.doc.clone() };
        let mut text = field.doc.clone();
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str("Possible enum values:");
        for (value, comment) in values {
            let _ = write!(text, "\n - `\"{value}\"` {comment}");
            text = text.trim_end().to_owned();
        }
        text
    }

    /// The table and, line by line beside it, the descriptions.
    fn render(&self) -> (String, String) {
        let (mut table, mut docs) = (String::new(), String::new());
        let mut line = |text: &str, doc: &str| {
            let _ = writeln!(table, "{text}");
            let _ = writeln!(docs, "{}", doc.replace('\\', "\\\\").replace('\n', "\\n"));
        };
        let mut package = String::new();
        for name in self.reachable() {
            let (own, short) = name.rsplit_once('.').unwrap_or(("", &name));
            let local = |kind: &str| {
                let (marks, base) = kind.split_at(kind.len() - base(kind).len());
                let base = match base.rsplit_once('.') {
                    Some((p, n)) if p == own => format!(".{n}"),
                    _ => base.to_owned(),
                };
                format!("{marks}{base}")
            };
            if own != package
                && (self.structs.contains_key(&name) || self.named.contains_key(&name))
            {
                own.clone_into(&mut package);
                let group = self.structs.get(&name).map_or("", |s| s.group.as_str());
                let group = PACKAGES
                    .iter()
                    .find(|(_, path)| package_name(path) == own)
                    .map_or(group, |(group, _)| group);
                line(&format!("package {own} {group}"), "");
            }
            if let Some(item) = self.structs.get(&name) {
                let mark = if item.is_kind { "kind" } else { "struct" };
                line(&format!("{mark} {short}"), &item.doc);
                let mut fields = self.fields(&name);
                fields.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
                for (via, field) in fields {
                    let mut text = format!(" {} {}", field.name, local(&field.kind));
                    for flag in &field.flags {
                        let _ = write!(text, " {flag}");
                    }
                    if !via.is_empty() && via != "TypeMeta" {
                        let _ = write!(text, " i={via}");
                    }
                    line(&text, &self.field_doc(field));
                }
            } else if let Some((target, _)) = self.named.get(&name) {
                let values = self.enum_values(&name).map_or(String::new(), |values| {
                    values.keys().cloned().collect::<Vec<_>>().join("|")
                });
                line(format!("type {short} {} {values}", local(target)).trim_end(), "");
            }
        }
        (table, docs)
    }
}

/// The types that the API server works with inside, which some messages print: Go's names, in Go's order.
struct Internal<'a> {
    source: &'a Source,
    /// By package and name: fields with their Go type.
    structs: BTreeMap<(String, String), Vec<(String, String)>>,
    named: BTreeMap<(String, String), String>,
}

impl<'a> Internal<'a> {
    fn read(root: &Path, source: &'a Source) -> Internal<'a> {
        let mut internal = Internal { source, structs: BTreeMap::new(), named: BTreeMap::new() };
        for package in ["core", "apps", "policy"] {
            let file = root.join("pkg/apis").join(package).join("types.go");
            let text = fs::read_to_string(file).expect("the source has internal types");
            internal.file(package, &text);
        }
        internal
    }

    fn file(&mut self, package: &str, text: &str) {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(rest) = line.strip_prefix("type ") else { continue };
            let mut words = rest.split_whitespace();
            let name = words.next().unwrap_or("").to_owned();
            let target: String = words.collect();
            if !target.starts_with("struct") {
                self.named.insert((package.to_owned(), name), target);
                continue;
            }
            let mut fields = Vec::new();
            if !target.ends_with('}') {
                for line in lines.by_ref().take_while(|line| *line != "}") {
                    let code =
                        line.split("//").next().unwrap_or("").split('`').next().unwrap_or("");
                    let mut words = code.split_whitespace();
                    if let Some(field) = words.next() {
                        fields.push((field.to_owned(), words.collect()));
                    }
                }
            }
            self.structs.insert((package.to_owned(), name), fields);
        }
    }

    /// Our code for a Go type, and the internal struct behind it.
    fn code(&self, package: &str, go: &str) -> (String, Option<(String, String)>) {
        if let Some(rest) = go.strip_prefix('*') {
            let (code, used) = self.code(package, rest);
            return (format!("*{code}"), used);
        }
        if let Some(rest) = go.strip_prefix("[]") {
            let (code, used) = self.code(package, rest);
            return (format!("[]{code}"), used);
        }
        if let Some((_, rest)) = go.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            let (code, used) = self.code(package, rest);
            return (format!("{{}}{code}"), used);
        }
        let plain = match go {
            "string" | "types.UID" | "types.NodeName" => "s",
            "bool" => "b",
            "int32" | "int64" | "int" => "n",
            "resource.Quantity" => "q",
            "intstr.IntOrString" => "i",
            _ => "",
        };
        if !plain.is_empty() {
            return (plain.to_owned(), None);
        }
        let (package, name) = match go.split_once('.') {
            Some(("api" | "core", name)) => ("core", name),
            Some(_) => return ("v".to_owned(), None),
            None => (package, go),
        };
        let key = (package.to_owned(), name.to_owned());
        if self.structs.contains_key(&key) {
            return (format!("@{name}"), Some(key));
        }
        match self.named.get(&key) {
            Some(target) => self.code(package, target),
            None => ("v".to_owned(), None),
        }
    }

    /// The name in JSON of a field of the v1 struct with the same name. A field that v1 has one level up gets a `^`.
    fn json_name(&self, package: &str, name: &str, go: &str) -> String {
        let find =
            |name: &str| {
                let full = format!("{package}.v1.{name}");
                self.source.structs.contains_key(&full).then(|| self.source.fields(&full)).and_then(
                    |f| f.into_iter().find(|(_, f)| f.go == go).map(|(_, f)| f.name.clone()),
                )
            };
        find(name)
            .or_else(|| find("PodSpec").map(|json| format!("^{json}")))
            .unwrap_or_else(|| "-".to_owned())
    }

    /// Fields of a struct in Go's order, embedded ones in place.
    fn flat(&self, key: &(String, String)) -> Vec<(String, String, String)> {
        let mut fields = Vec::new();
        for (go, kind) in &self.structs[key] {
            if kind.is_empty() {
                if let (_, Some(inner)) = self.code(&key.0, go) {
                    fields.extend(self.flat(&inner));
                }
            } else {
                fields.push((go.clone(), kind.clone(), key.1.clone()));
            }
        }
        fields
    }

    fn render(&self) -> String {
        let mut todo: Vec<(String, String)> =
            INTERNAL_ROOTS.iter().map(|(p, n)| ((*p).to_owned(), (*n).to_owned())).collect();
        let mut done: BTreeMap<String, String> = BTreeMap::new();
        while let Some(key) = todo.pop() {
            if done.contains_key(&key.1) {
                continue;
            }
            let mut text = format!("{}\n", key.1);
            for (go, kind, owner) in self.flat(&key) {
                let (code, used) = self.code(&key.0, &kind);
                let json = self.json_name(&key.0, &owner, &go);
                let json = if json == "-" { self.json_name(&key.0, &key.1, &go) } else { json };
                let _ = writeln!(text, " {go} {json} {code}");
                todo.extend(used);
            }
            done.insert(key.1, text);
        }
        done.into_values().collect()
    }
}

#[test]
fn table_is_what_the_source_says() {
    let Ok(root) = std::env::var("K8S_SRC") else { return };
    let source = read_source(Path::new(&root));
    let (table, docs) = source.render();
    let internal = Internal::read(Path::new(&root), &source).render();
    for (path, want) in [(TABLE, table), (DOCS, docs), (INTERNAL, internal)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &want).expect("the table can be written");
        }
        let have = fs::read_to_string(&path).unwrap_or_default();
        assert!(have == want, "{} is stale: run with UPDATE=1", path.display());
    }
}
