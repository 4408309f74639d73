//! The schema of the built-in kinds: fields, types, what is required and how lists merge.
//!
//! `table.txt` is written from upstream's Go types by `tests/schema.rs`; descriptions lie beside it in
//! `static/schema-docs.txt`, line by line, and are only loaded when something explains itself.
//! Upstream: staging/src/k8s.io/api/*/v1/types.go.

pub mod decode;
pub mod normal;
pub mod patch;
mod unread;

use crate::base::ordered::OrdMap;
use std::sync::OnceLock;

use crate::api::kind::Kind;

pub use decode::{Decoded, Reader, decode, strict_error};
pub use normal::{normalise, normalise_change};
pub use patch::PatchSchema;
pub use unread::not_simulated;

const TABLE: &str = include_str!("table.txt");

/// Index of a struct or named type in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeId(u16);

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// Text.
    Str,
    /// A truth value.
    Bool,
    /// A whole number; the name is Go's.
    Int(&'static str),
    /// A number.
    Float,
    /// Bytes, base64 in JSON.
    Bytes,
    /// A quantity such as `500m`.
    Quantity,
    /// A time in whole seconds.
    Time,
    /// A time with microseconds.
    MicroTime,
    /// A span of time in Go's notation.
    Duration,
    /// A number or a text.
    IntOrString,
    /// Anything; the name is the Go type's.
    Any(&'static str),
    /// A value that may be absent.
    Pointer(Box<Ty>),
    /// A list.
    List(Box<Ty>),
    /// An object with any keys.
    Map(Box<Ty>),
    /// A struct or a named type.
    Ref(TypeId),
}

/// How a list is merged by server-side apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// Replaced as a whole.
    Atomic,
    /// Unordered, elements compared as a whole.
    Set,
    /// Elements found by these keys, joined with commas.
    Map(&'static str),
}

/// How a field is merged by a strategic merge patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchTag {
    /// `merge`, `replace`, `retainKeys` or several joined with commas.
    pub strategy: &'static str,
    /// The key that finds elements of a list; "" for lists of plain values and for objects.
    pub merge_key: &'static str,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
    /// Whether it is left out when empty.
    pub omit_empty: bool,
    /// Whether it is left out when zero, even as a struct.
    pub omit_zero: bool,
    /// Whether it has to be given.
    pub required: bool,
    /// How server-side apply merges it, when it is a list with a declared type.
    pub list: Option<ListType>,
    /// How a strategic merge patch merges it, when declared.
    pub patch: Option<PatchTag>,
    /// The embedded Go structs through which it comes; Go's decoder names them.
    pub via: &'static str,
    line: usize,
}

/// A struct, or another name for a type.
#[derive(Clone, Debug)]
pub struct Type {
    /// `core.v1`.
    pub package: &'static str,
    /// API group: "" for core.
    pub group: &'static str,
    /// `PodSpec`.
    pub name: &'static str,
    /// Whether it is an API object of its own.
    pub is_kind: bool,
    /// Fields sorted by name; none for a name for another type.
    pub fields: Vec<Field>,
    /// What it is another name for.
    pub alias: Option<Ty>,
    /// The values of an enumeration, sorted.
    pub values: Vec<&'static str>,
    line: usize,
}

impl Type {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|f| f.name.cmp(name)).ok().map(|at| &self.fields[at])
    }

    /// `v1`, the package's last part.
    pub fn version(&self) -> &'static str {
        self.package.rsplit('.').next().unwrap_or(self.package)
    }

    /// `v1.PodSpec`, as Go prints it.
    pub fn go_name(&self) -> String {
        format!("{}.{}", self.version(), self.name)
    }
}

/// The whole table.
#[derive(Debug, Default)]
pub struct Schema {
    types: Vec<Type>,
    by_name: OrdMap<(&'static str, &'static str), TypeId>,
    /// By group, version and name.
    kinds: OrdMap<(&'static str, &'static str, &'static str), TypeId>,
}

/// The table, read on first use.
pub fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::read(TABLE))
}

/// The struct of a kind.
pub fn of_kind(kind: &Kind) -> Option<TypeId> {
    of_gvk(kind.group, kind.version, kind.name)
}

/// The struct of a group, version and kind.
pub fn of_gvk(group: &str, version: &str, kind: &str) -> Option<TypeId> {
    schema().kinds.get(&(group, version, kind)).copied()
}

impl Schema {
    /// A type by its index.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[usize::from(id.0)]
    }

    /// All types, sorted by package and name.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.types.iter()
    }

    /// A type by package and name: `("core.v1", "PodSpec")`.
    pub fn find(&self, package: &str, name: &str) -> Option<TypeId> {
        self.by_name.get(&(package, name)).copied()
    }

    /// The type behind pointers and other names.
    pub fn resolve<'a>(&'a self, ty: &'a Ty) -> &'a Ty {
        let mut ty = ty;
        // Names of names do not nest deeper than this.
        for _ in 0..8 {
            ty = match ty {
                Ty::Pointer(inner) => inner,
                Ty::Ref(id) => match &self.get(*id).alias {
                    Some(alias) => alias,
                    None => return ty,
                },
                _ => return ty,
            };
        }
        ty
    }

    /// The struct behind pointers and other names.
    pub fn as_struct(&self, ty: &Ty) -> Option<&Type> {
        match self.resolve(ty) {
            Ty::Ref(id) => Some(self.get(*id)),
            _ => None,
        }
    }

    /// The values of an enumeration behind pointers; none for anything else.
    pub fn values(&self, ty: &Ty) -> &[&'static str] {
        match ty {
            Ty::Pointer(inner) => self.values(inner),
            Ty::Ref(id) => &self.get(*id).values,
            _ => &[],
        }
    }

    /// The type as Go prints it in errors: `[]v1.Container`.
    pub fn go_type(&self, ty: &Ty) -> String {
        match ty {
            Ty::Str => "string".to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Int(name) | Ty::Any(name) => (*name).to_owned(),
            Ty::Float => "float64".to_owned(),
            Ty::Bytes => "[]uint8".to_owned(),
            Ty::Quantity => "resource.Quantity".to_owned(),
            Ty::Time => "v1.Time".to_owned(),
            Ty::MicroTime => "v1.MicroTime".to_owned(),
            Ty::Duration => "v1.Duration".to_owned(),
            Ty::IntOrString => "intstr.IntOrString".to_owned(),
            Ty::Pointer(inner) => self.go_type(inner),
            Ty::List(inner) => format!("[]{}", self.go_type(inner)),
            Ty::Map(inner) => format!("map[string]{}", self.go_type(inner)),
            Ty::Ref(id) => self.get(*id).go_name(),
        }
    }

    /// The type as `kubectl explain` prints it between angle brackets: `[]Container`.
    pub fn explain_type(&self, ty: &Ty) -> String {
        match ty {
            Ty::Str | Ty::Bytes | Ty::Time | Ty::MicroTime | Ty::Duration => "string".to_owned(),
            Ty::Bool => "boolean".to_owned(),
            Ty::Int(_) => "integer".to_owned(),
            Ty::Float => "number".to_owned(),
            Ty::Quantity => "Quantity".to_owned(),
            Ty::IntOrString => "IntOrString".to_owned(),
            Ty::Any(name) => (*name).to_owned(),
            Ty::Pointer(inner) => self.explain_type(inner),
            Ty::List(inner) => format!("[]{}", self.explain_type(inner)),
            Ty::Map(inner) => format!("map[string]{}", self.explain_type(inner)),
            Ty::Ref(id) => match &self.get(*id).alias {
                Some(alias) => self.explain_type(alias),
                None => self.get(*id).name.to_owned(),
            },
        }
    }

    fn read(text: &'static str) -> Schema {
        let mut schema = Schema::default();
        let (mut package, mut group) = ("", "");
        let mut raw: Vec<(usize, &'static str)> = Vec::new();
        for (line, text) in text.lines().enumerate() {
            let mut words = text.split(' ');
            let (head, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let id = TypeId(schema.types.len() as u16);
            let alias = words.next();
            let is_kind = head == "kind";
            match head {
                "package" => (package, group) = (name, alias.unwrap_or("")),
                "" => raw.push((usize::from(id.0).saturating_sub(1), text)),
                _ => {
                    let values = words.next().unwrap_or("").split('|');
                    schema.types.push(Type {
                        package,
                        group,
                        name,
                        is_kind,
                        fields: Vec::new(),
                        alias: None,
                        values: values.filter(|v| !v.is_empty()).collect(),
                        line,
                    });
                    schema.by_name.insert((package, name), id);
                    if is_kind {
                        let version = package.rsplit('.').next().unwrap_or(package);
                        schema.kinds.insert((group, version, name), id);
                    }
                    if let Some(alias) = alias {
                        raw.push((usize::from(id.0), alias));
                    }
                }
            }
            if head.is_empty()
                && let Some((_, text)) = raw.last().copied()
                && let Some(owner) = schema.types.last_mut()
            {
                owner.fields.push(Field::read(text, line));
            }
        }
        schema.link(&raw);
        schema
    }

    /// Gives fields and other names their types, now that all names are known.
    fn link(&mut self, raw: &[(usize, &'static str)]) {
        let mut next_field = vec![0_usize; self.types.len()];
        for (at, text) in raw {
            let package = self.types[*at].package;
            if let Some(field) = text.strip_prefix(' ') {
                let spelled = field.split(' ').nth(1).unwrap_or("");
                let ty = self.read_type(spelled, package);
                let index = next_field[*at];
                next_field[*at] += 1;
                self.types[*at].fields[index].ty = ty;
            } else {
                self.types[*at].alias = Some(self.read_type(text, package));
            }
        }
    }

    fn read_type(&self, text: &'static str, package: &'static str) -> Ty {
        if let Some(rest) = text.strip_prefix('*') {
            return Ty::Pointer(Box::new(self.read_type(rest, package)));
        }
        if let Some(rest) = text.strip_prefix("[]") {
            return Ty::List(Box::new(self.read_type(rest, package)));
        }
        if let Some(rest) = text.strip_prefix("{}") {
            return Ty::Map(Box::new(self.read_type(rest, package)));
        }
        if let Some(name) = text.strip_prefix("any:") {
            return Ty::Any(name);
        }
        match text {
            "string" => Ty::Str,
            "bool" => Ty::Bool,
            "int32" | "int64" | "int" | "uint32" | "uint64" | "uint8" => Ty::Int(text),
            "float64" => Ty::Float,
            "bytes" => Ty::Bytes,
            "quantity" => Ty::Quantity,
            "time" => Ty::Time,
            "microtime" => Ty::MicroTime,
            "duration" => Ty::Duration,
            "intstr" => Ty::IntOrString,
            _ => {
                let (own, name) = text.rsplit_once('.').unwrap_or(("", text));
                let own = if own.is_empty() { package } else { own };
                self.by_name.get(&(own, name)).map_or(Ty::Any(name), |id| Ty::Ref(*id))
            }
        }
    }
}

impl Field {
    fn read(text: &'static str, line: usize) -> Field {
        let mut words = text.trim_start().split(' ');
        let mut field = Field {
            name: words.next().unwrap_or(""),
            ty: Ty::Any(""),
            omit_empty: false,
            omit_zero: false,
            required: false,
            list: None,
            patch: None,
            via: "",
            line,
        };
        for flag in words.skip(1) {
            match flag.split_once('=') {
                Some(("l", "atomic")) => field.list = Some(ListType::Atomic),
                Some(("l", "set")) => field.list = Some(ListType::Set),
                Some(("l", keys)) => {
                    field.list = Some(ListType::Map(keys.strip_prefix("map:").unwrap_or(keys)));
                }
                Some(("p", tag)) => {
                    let (strategy, merge_key) = tag.split_once(':').unwrap_or((tag, ""));
                    field.patch = Some(PatchTag { strategy, merge_key });
                }
                Some(("i", via)) => field.via = via,
                _ => match flag {
                    "?" => field.omit_empty = true,
                    "0" => field.omit_zero = true,
                    "!" => field.required = true,
                    _ => {}
                },
            }
        }
        field
    }
}

/// The descriptions of types and fields.
pub struct Docs<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Docs<'a> {
    /// Reads the text of `static/schema-docs.txt`.
    pub fn read(text: &'a str) -> Docs<'a> {
        Docs { lines: text.lines().collect() }
    }

    /// What upstream says of a type.
    pub fn of_type(&self, ty: &Type) -> String {
        self.line(ty.line)
    }

    /// What upstream says of a field.
    pub fn of_field(&self, field: &Field) -> String {
        self.line(field.line)
    }

    fn line(&self, at: usize) -> String {
        let text = self.lines.get(at).copied().unwrap_or("");
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n') => out.push('\n'),
                    Some(other) => out.push(other),
                    None => {}
                },
                c => out.push(c),
            }
        }
        out
    }
}

/// The descriptions, which only the native build carries; the page fetches them.
#[cfg(not(target_arch = "wasm32"))]
pub fn docs() -> Docs<'static> {
    Docs::read(include_str!("../../../static/schema-docs.txt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;

    #[test]
    fn every_name_in_the_table_is_defined() {
        for ty in schema().types() {
            let types = ty.fields.iter().map(|f| &f.ty).chain(ty.alias.as_ref());
            for used in types {
                let mut inner = used;
                while let Ty::Pointer(next) | Ty::List(next) | Ty::Map(next) = inner {
                    inner = next;
                }
                let known = ["Object", "RawExtension", "FieldsV1", "JSON", "JSONSchemaPropsOrBool"];
                if let Ty::Any(name) = inner {
                    assert!(
                        known.contains(name) || name.starts_with("JSONSchemaPropsOr"),
                        "{} uses {name}",
                        ty.name
                    );
                }
            }
            assert!(ty.fields.is_sorted_by(|a, b| a.name < b.name), "{}", ty.name);
        }
    }

    #[test]
    fn every_kind_has_a_schema() {
        for kind in kinds::ALL {
            assert!(of_kind(kind).is_some(), "{kind:?}");
        }
    }

    #[test]
    fn descriptions_lie_line_by_line_beside_the_table() {
        let spec = schema().get(schema().find("apps.v1", "StatefulSetSpec").unwrap());
        let docs = docs();
        assert_eq!(docs.of_type(spec), "A StatefulSetSpec is the specification of a StatefulSet.");
        let replicas = spec.field("podManagementPolicy").unwrap();
        assert!(docs.of_field(replicas).contains("Possible enum values:\n - `\"OrderedReady\"`"));
        assert_eq!(schema().values(&replicas.ty), ["OrderedReady", "Parallel"]);
        assert_eq!(
            schema().explain_type(&spec.field("volumeClaimTemplates").unwrap().ty),
            "[]PersistentVolumeClaim"
        );
    }
}
