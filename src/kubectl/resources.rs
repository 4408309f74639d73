//! Which objects a command line means: the server's resources, and names, selectors and files over them.
//!
//! Upstream: cli-runtime/pkg/resource/builder.go and visitor.go; client-go/restmapper.

use std::rc::Rc;

use super::Cx;
use super::client::Selectors;
use super::error::CmdError;
use super::files;
use crate::api::Selector;
use crate::base::human::quote;
use crate::base::sort::InOrder;
use crate::base::value::Value;
use crate::os::{Accept, Request};

/// One resource as discovery describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) short: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) verbs: Vec<String>,
    pub(crate) namespaced: bool,
}

impl Resource {
    /// The path of a collection (name "") or an object.
    pub(crate) fn path(&self, ns: &str, name: &str) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !ns.is_empty() {
            path.push_str(&format!("/namespaces/{ns}"));
        }
        path.push_str(&format!("/{}", self.plural));
        if !name.is_empty() {
            path.push_str(&format!("/{name}"));
        }
        path
    }

    /// `apps/v1` or `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `statefulsets.apps` or `pods`.
    pub(crate) fn group_resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `StatefulSet.apps` or `Pod`.
    pub(crate) fn group_kind(&self) -> String {
        if self.group.is_empty() {
            self.kind.clone()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// `apps/v1, Resource=statefulsets`, as Go prints it.
    pub(crate) fn gvr(&self) -> String {
        format!("{}/{}, Resource={}", self.group, self.version, self.plural)
    }

    /// `apps/v1, Kind=StatefulSet`, as Go prints it.
    pub(crate) fn gvk(&self) -> String {
        format!("{}/{}, Kind={}", self.group, self.version, self.kind)
    }

    /// `statefulset.apps` or `pod`, as objects are named in output.
    pub(crate) fn printed(&self) -> String {
        printed_kind(&self.kind, &self.group)
    }

    fn answers_to(&self, name: &str) -> bool {
        self.plural == name
            || self.singular == name
            || self.kind.eq_ignore_ascii_case(name)
            || self.short.iter().any(|s| s == name)
    }
}

/// `statefulset.apps`, from a kind and its group.
pub(crate) fn printed_kind(kind: &str, group: &str) -> String {
    let kind = kind.to_lowercase();
    if group.is_empty() { kind } else { format!("{kind}.{group}") }
}

/// The resources of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapper {
    /// In the order of discovery: the core group first.
    pub(crate) all: Vec<Rc<Resource>>,
}

impl Mapper {
    /// Asks the server for its resources.
    pub(crate) fn discover(cx: &mut Cx) -> Result<Mapper, CmdError> {
        let mut mapper = Mapper::default();
        mapper.add(&cx.call(Request::get("/api/v1"))?, "", "v1");
        let groups = cx.call(Request::get("/apis"))?;
        for group in groups.get("groups").as_array() {
            let name = group.get("name").text();
            for version in group.get("versions").as_array() {
                let version = version.get("version").text();
                let list = cx.call(Request::get(format!("/apis/{name}/{version}")))?;
                mapper.add(&list, name, version);
            }
        }
        Ok(mapper)
    }

    fn add(&mut self, list: &Value, group: &str, version: &str) {
        let words = |value: &Value| value.as_array().iter().map(|v| v.text().to_owned()).collect();
        for entry in list.get("resources").as_array() {
            let plural = entry.get("name").text();
            if plural.contains('/') {
                continue;
            }
            self.all.push(Rc::new(Resource {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: plural.to_owned(),
                singular: entry.get("singularName").text().to_owned(),
                kind: entry.get("kind").text().to_owned(),
                short: words(entry.get("shortNames")),
                categories: words(entry.get("categories")),
                verbs: words(entry.get("verbs")),
                namespaced: entry.get("namespaced").is_true(),
            }));
        }
    }

    /// What an argument such as `sts`, `statefulsets.apps` or `sts.v1.apps` means.
    pub(crate) fn find(&self, argument: &str) -> Result<Rc<Resource>, CmdError> {
        let lower = argument.to_lowercase();
        let mut parts = lower.splitn(2, '.');
        let name = parts.next().unwrap_or("");
        let rest = parts.next().unwrap_or("");
        let named = self.all.iter().filter(|r| r.answers_to(name));
        let found = if rest.is_empty() {
            named.clone().find(|r| r.plural == name).or_else(|| named.clone().next())
        } else {
            let (version, group) = rest.split_once('.').unwrap_or((rest, ""));
            named
                .clone()
                .find(|r| r.group == rest || (r.version == version && r.group == group))
                .or_else(|| named.clone().find(|r| r.group.starts_with(&format!("{rest}."))))
                // An unknown version of a known group falls back to the one that is served.
                .or_else(|| named.clone().find(|r| !group.is_empty() && r.group == group))
                .or_else(|| named.clone().find(|r| r.group.is_empty() && r.version == rest))
        };
        let name = argument.split('.').next().unwrap_or("");
        found.cloned().ok_or_else(|| {
            CmdError::plain(format!("the server doesn't have a resource type {}", quote(name)))
        })
    }

    /// The resource of an object.
    pub(crate) fn of_object(&self, api_version: &str, kind: &str) -> Option<Rc<Resource>> {
        self.all.iter().find(|r| r.kind == kind && r.api_version() == api_version).cloned()
    }

    /// An argument with a category such as `all` replaced by its members.
    fn expand(&self, argument: &str) -> String {
        let parts: Vec<String> = argument
            .split(',')
            .map(|part| {
                let mut members: Vec<_> =
                    self.all.iter().filter(|r| r.categories.iter().any(|c| c == part)).collect();
                if members.is_empty() {
                    return part.to_owned();
                }
                members.order_by_key(|r| category_rank(r));
                members.iter().map(|r| r.group_resource()).collect::<Vec<_>>().join(",")
            })
            .collect();
        parts.join(",")
    }
}

/// The order in which `get all` lists kinds: that of upstream's discovery.
fn category_rank(resource: &Resource) -> (usize, usize) {
    const ORDER: &[&str] = &[
        "pods",
        "replicationcontrollers",
        "services",
        "daemonsets",
        "deployments",
        "replicasets",
        "statefulsets",
        "horizontalpodautoscalers",
        "cronjobs",
        "jobs",
    ];
    let place = ORDER.iter().position(|p| *p == resource.plural).unwrap_or(ORDER.len());
    (place, 0)
}

/// An object that a command is about.
#[derive(Clone, Debug)]
pub(crate) struct Info {
    pub(crate) resource: Rc<Resource>,
    pub(crate) ns: String,
    pub(crate) name: String,
    /// The object, or the table of a list; `Null` when it was not fetched.
    pub(crate) object: Value,
    /// The file that it was read from, as messages name it.
    pub(crate) source: String,
}

impl Info {
    /// `statefulset.apps/web`.
    pub(crate) fn printed(&self) -> String {
        format!("{}/{}", self.resource.printed(), self.name)
    }

    /// The object's own path.
    pub(crate) fn path(&self) -> String {
        self.resource.path(&self.ns, &self.name)
    }

    /// What upstream prints of an object in messages about applying it.
    pub(crate) fn describe(&self) -> String {
        format!(
            "Resource: {}, GroupVersionKind: {}\nName: {}, Namespace: {}",
            quote(&self.resource.gvr()),
            quote(&self.resource.gvk()),
            quote(&self.name),
            quote(&self.ns)
        )
    }

    /// Takes over what the server answered.
    pub(crate) fn refresh(&mut self, object: Value) {
        self.name = object.at(&["metadata", "name"]).text().to_owned();
        self.object = object;
    }
}

/// What was found, and what went wrong on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) infos: Vec<Info>,
    pub(crate) errors: Vec<CmdError>,
    /// Whether the arguments named exactly one object.
    pub(crate) single: bool,
    /// The lists' revision, for watching on.
    pub(crate) revision: String,
}

impl Found {
    /// The objects, or the first thing that went wrong.
    pub(crate) fn all(self) -> Result<Vec<Info>, CmdError> {
        CmdError::from_many(self.errors)?;
        Ok(self.infos)
    }
}

/// The objects that a command line asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) args: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) recursive: bool,
    pub(crate) kustomize: String,
    pub(crate) ns: String,
    pub(crate) explicit_ns: bool,
    pub(crate) all_namespaces: bool,
    pub(crate) labels: Option<String>,
    pub(crate) fields: Option<String>,
    /// `--all`.
    pub(crate) all: bool,
    /// A lone type means all its objects.
    pub(crate) type_means_all: bool,
    /// Objects that are named are fetched.
    pub(crate) fetch: bool,
    /// Objects from files are fetched too.
    pub(crate) latest: bool,
    /// Lists are taken apart.
    pub(crate) flatten: bool,
    /// Files must have apiVersion and kind as the API wants them.
    pub(crate) validate: bool,
    /// Only one type may be asked for.
    pub(crate) one_type: bool,
    pub(crate) accept: Accept,
    pub(crate) include_object: bool,
    pub(crate) subresource: String,
    /// Stops at the first thing that is wrong.
    pub(crate) strict: bool,
}

const MISSING: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";
const NOT_SEPARATE: &str = "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

impl Query {
    /// The usual query of a command: its arguments, `-f`, `-R`, `-l`, `-A` and the namespace.
    pub(crate) fn of(cx: &Cx) -> Query {
        let args = &cx.env.args;
        let labels = args.text("selector");
        let fields = args.text("field-selector");
        Query {
            args: args.pos.clone(),
            files: args.list("filename"),
            recursive: args.is("recursive"),
            kustomize: args.text("kustomize").to_owned(),
            ns: cx.env.config.namespace.clone(),
            explicit_ns: cx.env.config.explicit_namespace,
            all_namespaces: args.is("all-namespaces"),
            labels: (!labels.is_empty()).then(|| labels.to_owned()),
            fields: (!fields.is_empty()).then(|| fields.to_owned()),
            all: args.is("all"),
            fetch: true,
            flatten: true,
            ..Query::default()
        }
    }

    /// Asks for the objects. The outer error is one of the request itself; objects' own errors are in [`Found`].
    pub(crate) fn run(&self, cx: &mut Cx) -> Result<Found, CmdError> {
        if !self.kustomize.is_empty() {
            return Err(CmdError::not_simulated("--kustomize"));
        }
        let mapper = cx.mapper()?;
        let args = spread_types(&self.args);
        let slashes = args.iter().filter(|a| a.contains('/')).count();
        if slashes > 0 && slashes < args.len() {
            return Err(CmdError::plain(NOT_SEPARATE));
        }
        let mut tuples: Vec<(String, String)> = Vec::new();
        let mut types: Vec<String> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        if slashes > 0 {
            for arg in &args {
                tuples.push(split_tuple(arg)?);
            }
        } else if let Some(first) = args.first() {
            for part in mapper.expand(first).split(',') {
                if !types.iter().any(|t| t == part) {
                    types.push(part.to_owned());
                }
            }
            names = args[1..].to_vec();
        }
        if self.all && (self.labels.is_some() || self.fields.is_some()) {
            return Err(CmdError::plain(
                "setting 'all' parameter but found a non empty selector. ",
            ));
        }
        if !self.files.is_empty() {
            return self.by_files(cx, !types.is_empty(), !tuples.is_empty());
        }
        let lone_type = self.type_means_all && names.is_empty() && !types.is_empty();
        if self.labels.is_some() || self.fields.is_some() || self.all || lone_type {
            if !names.is_empty() {
                return Err(CmdError::plain(
                    "name cannot be provided when a selector is specified",
                ));
            }
            if !tuples.is_empty() {
                return Err(CmdError::plain(
                    "selectors and the all flag cannot be used when passing resource/name arguments",
                ));
            }
            if types.is_empty() {
                return Err(CmdError::plain(
                    "at least one resource must be specified to use a selector",
                ));
            }
            return self.by_selector(cx, &types);
        }
        if !tuples.is_empty() {
            let mut wanted = Vec::new();
            for (kind, name) in tuples {
                wanted.push((mapper.find(&kind)?, name));
            }
            let single = wanted.len() == 1;
            return self.by_names(cx, wanted, single);
        }
        if !names.is_empty() {
            if types.len() > 1 {
                return Err(CmdError::plain("you must specify only one resource"));
            }
            let resource = mapper.find(&types[0])?;
            let single = names.len() == 1;
            let wanted = names.into_iter().map(|name| (resource.clone(), name)).collect();
            return self.by_names(cx, wanted, single);
        }
        for kind in &types {
            mapper.find(kind)?;
        }
        if types.is_empty() {
            return Err(CmdError::plain(MISSING));
        }
        Err(CmdError::plain("resource(s) were provided, but no name was specified"))
    }

    fn scope(&self, resource: &Resource) -> &str {
        if self.all_namespaces || !resource.namespaced { "" } else { &self.ns }
    }

    fn by_names(
        &self,
        cx: &mut Cx,
        wanted: Vec<(Rc<Resource>, String)>,
        single: bool,
    ) -> Result<Found, CmdError> {
        if self.one_type && wanted.iter().any(|(r, _)| *r != wanted[0].0) {
            return Err(CmdError::plain("you may only specify a single resource type"));
        }
        if self.all_namespaces && wanted.iter().any(|(r, _)| r.namespaced) {
            return Err(CmdError::plain(
                "a resource cannot be retrieved by name across all namespaces",
            ));
        }
        let mut found = Found { single, ..Found::default() };
        for (resource, name) in wanted {
            let ns = self.scope(&resource).to_owned();
            let mut info = Info { resource, ns, name, object: Value::Null, source: String::new() };
            if !self.fetch {
                found.infos.push(info);
                continue;
            }
            match self.fetch_one(cx, &info) {
                Ok(object) => {
                    info.object = object;
                    found.infos.push(info);
                }
                Err(error) if self.strict => {
                    found.errors.push(error);
                    break;
                }
                Err(error) => found.errors.push(error),
            }
        }
        Ok(found)
    }

    fn fetch_one(&self, cx: &mut Cx, info: &Info) -> Result<Value, CmdError> {
        if info.name.is_empty() {
            return Err(CmdError::plain("resource name may not be empty"));
        }
        let mut path = info.path();
        if !self.subresource.is_empty() {
            path = format!("{path}/{}", self.subresource);
        }
        let mut request = Request::get(path).accept(self.accept);
        if self.include_object {
            request = request.param("includeObject", "Object");
        }
        cx.call(request)
    }

    fn by_selector(&self, cx: &mut Cx, types: &[String]) -> Result<Found, CmdError> {
        if self.one_type && types.len() > 1 {
            return Err(CmdError::plain("you may only specify a single resource type"));
        }
        if !self.subresource.is_empty() {
            return Err(CmdError::plain(
                "subresource cannot be used when bulk resources are specified",
            ));
        }
        let mapper = cx.mapper()?;
        let mut resources: Vec<Rc<Resource>> = Vec::new();
        for kind in types {
            let resource = mapper.find(kind)?;
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        let selectors = Selectors {
            labels: self.labels.clone().unwrap_or_default(),
            fields: self.fields.clone().unwrap_or_default(),
        };
        let mut found = Found::default();
        for resource in resources {
            let ns = self.scope(&resource).to_owned();
            let listed = self.list(cx, &resource, &ns, &selectors);
            let list = match listed {
                Ok(list) => list,
                Err(error) => {
                    found.errors.push(about_list(error, &resource, &selectors));
                    if self.strict {
                        break;
                    }
                    continue;
                }
            };
            list.at(&["metadata", "resourceVersion"]).text().clone_into(&mut found.revision);
            if !self.flatten || list.get("kind").text() == "Table" {
                found.infos.push(Info {
                    resource,
                    ns,
                    name: String::new(),
                    object: list,
                    source: String::new(),
                });
                continue;
            }
            found.infos.extend(items(&list, &resource));
        }
        Ok(found)
    }

    fn list(
        &self,
        cx: &mut Cx,
        resource: &Resource,
        ns: &str,
        selectors: &Selectors,
    ) -> Result<Value, CmdError> {
        if !self.include_object {
            return cx.list(resource, ns, selectors, self.accept);
        }
        let mut request = Request::get(resource.path(ns, ""))
            .accept(self.accept)
            .param("includeObject", "Object");
        for (key, value) in
            [("labelSelector", &selectors.labels), ("fieldSelector", &selectors.fields)]
        {
            if !value.is_empty() {
                request = request.param(key, value.as_str());
            }
        }
        cx.call(request)
    }

    fn by_files(&self, cx: &mut Cx, types: bool, tuples: bool) -> Result<Found, CmdError> {
        if types {
            return Err(CmdError::plain(
                "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
            ));
        }
        if tuples {
            return Err(CmdError::plain(
                "resource/name arguments cannot be provided when a path is specified",
            ));
        }
        let selector = match &self.labels {
            None => None,
            Some(text) => Some(Selector::parse(text).map_err(|error| {
                CmdError::plain(format!(
                    "the provided selector {} is not valid: {error}",
                    quote(text)
                ))
            })?),
        };
        let paths = files::expand(cx, &self.files, self.recursive)?;
        let mut found = Found {
            single: paths.len() == 1 && !paths[0].from_directory && paths[0].name != "-",
            ..Found::default()
        };
        for path in &paths {
            let read = files::read(cx, path, self.validate);
            found.errors.extend(read.errors);
            for (object, source) in read.objects {
                match self.info_of(cx, object, &source) {
                    Ok(Some(info)) => {
                        if selector.as_ref().is_none_or(|s| s.matches_object(&info.object)) {
                            found.infos.push(info);
                        }
                    }
                    Ok(None) => {}
                    Err(error) => found.errors.push(error),
                }
            }
        }
        if self.latest {
            self.refetch(cx, &mut found);
        }
        Ok(found)
    }

    fn refetch(&self, cx: &mut Cx, found: &mut Found) {
        let mut kept = Vec::new();
        for mut info in std::mem::take(&mut found.infos) {
            match self.fetch_one(cx, &info) {
                Ok(object) => {
                    info.object = object;
                    kept.push(info);
                }
                Err(error) => found.errors.push(error),
            }
        }
        found.infos = kept;
    }

    /// Upstream: mapper.go, infoForData.
    fn info_of(
        &self,
        cx: &mut Cx,
        mut object: Value,
        source: &str,
    ) -> Result<Option<Info>, CmdError> {
        let mapper = cx.mapper()?;
        let (api_version, kind) =
            (object.get("apiVersion").text().to_owned(), object.get("kind").text().to_owned());
        let meta = object.get("metadata");
        let (name, own_ns) =
            (meta.get("name").text().to_owned(), meta.get("namespace").text().to_owned());
        let Some(resource) = mapper.of_object(&api_version, &kind) else {
            return Err(CmdError::plain(format!(
                "resource mapping not found for name: {} namespace: {} from {}: no matches for kind {} in version {}\nensure CRDs are installed first",
                quote(&name),
                quote(&own_ns),
                quote(source),
                quote(&kind),
                quote(&api_version)
            )));
        };
        let mut ns = String::new();
        if resource.namespaced {
            if own_ns.is_empty() {
                object.set_at(&["metadata", "namespace"], self.ns.as_str());
                self.ns.clone_into(&mut ns);
            } else {
                if self.explicit_ns && own_ns != self.ns {
                    return Err(CmdError::plain(format!(
                        "the namespace from the provided object {} does not match the namespace {}. You must pass '--namespace={own_ns}' to perform this operation.",
                        quote(&own_ns),
                        quote(&self.ns)
                    )));
                }
                ns = own_ns;
            }
        } else if !own_ns.is_empty() {
            // A namespace on a cluster-scoped object is dropped.
            object.entry("metadata").remove("namespace");
        }
        Ok(Some(Info { resource, ns, name, object, source: source.to_owned() }))
    }
}

/// The items of a list as objects of their own.
pub(crate) fn items(list: &Value, resource: &Rc<Resource>) -> Vec<Info> {
    let mut out = Vec::new();
    for item in list.get("items").as_array() {
        let mut object = item.clone();
        object.default_to("apiVersion", resource.api_version());
        object.default_to("kind", resource.kind.as_str());
        let meta = object.get("metadata");
        let (ns, name) =
            (meta.get("namespace").text().to_owned(), meta.get("name").text().to_owned());
        out.push(Info { resource: resource.clone(), ns, name, object, source: String::new() });
    }
    out
}

/// Upstream: selector.go, Selector.Visit.
fn about_list(error: CmdError, resource: &Resource, selectors: &Selectors) -> CmdError {
    let CmdError::Status(mut status) = error else { return error };
    if matches!(status.reason, "BadRequest" | "NotFound") {
        let gvr = quote(&resource.gvr());
        status.message = if selectors.labels.is_empty() && selectors.fields.is_empty() {
            format!("Unable to list {gvr}: {}", status.message)
        } else {
            format!(
                "Unable to find {gvr} that match label selector {}, field selector {}: {}",
                quote(&selectors.labels),
                quote(&selectors.fields),
                status.message
            )
        };
    }
    CmdError::Status(status)
}

/// `a,b x y` means `a/x a/y b/x b/y`.
fn spread_types(args: &[String]) -> Vec<String> {
    let Some((first, names)) = args.split_first() else { return Vec::new() };
    let mut types: Vec<&str> = Vec::new();
    for part in first.split(',') {
        if !types.contains(&part) {
            types.push(part);
        }
    }
    if names.is_empty() || types.len() < 2 {
        return args.to_vec();
    }
    types.iter().flat_map(|t| names.iter().map(move |n| format!("{t}/{n}"))).collect()
}

fn split_tuple(arg: &str) -> Result<(String, String), CmdError> {
    let parts: Vec<&str> = arg.split('/').collect();
    let [kind, name] = parts[..] else {
        return Err(CmdError::plain(
            "arguments in resource/name form may not have more than one slash",
        ));
    };
    if kind.is_empty() || name.is_empty() || kind.contains(',') {
        return Err(CmdError::plain(
            "arguments in resource/name form must have a single resource and name",
        ));
    }
    Ok((kind.to_owned(), name.to_owned()))
}
