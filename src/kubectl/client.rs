//! Requests to the API server in the forms that verbs need.

use std::rc::Rc;

use super::Cx;
use super::error::CmdError;
use super::resources::{Mapper, Resource};
use crate::base::value::Value;
use crate::os::{Accept, Attach, Body, Fd, Method, Request, Response, Watch};
use crate::value;

/// What kubectl calls itself, from which the server takes the default field manager.
pub(crate) const USER_AGENT: &str = "kubectl/v1.36.2 (linux/amd64) kubernetes/98b3519";

/// The media types of patches.
pub(crate) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";

/// A list request's selectors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selectors {
    pub(crate) labels: String,
    pub(crate) fields: String,
}

impl Cx<'_, '_> {
    /// The invocation's arguments.
    pub(crate) fn args(&self) -> Rc<super::flags::Args> {
        self.env.args.clone()
    }

    /// The namespace that the command means.
    pub(crate) fn namespace(&self) -> String {
        self.env.config.namespace.clone()
    }

    /// Writes to standard output.
    pub(crate) fn out(&mut self, text: &str) {
        self.sys.print(text);
    }

    /// Writes to standard error.
    pub(crate) fn err(&mut self, text: &str) {
        self.sys.eprint(text);
    }

    /// Sends a request, shows its warnings, and returns the answer.
    pub(crate) fn send(&mut self, mut request: Request) -> Result<Response, CmdError> {
        USER_AGENT.clone_into(&mut request.user_agent);
        let response = self.sys.api(request);
        for warning in &response.warnings {
            if self.env.warned.insert(warning.clone()) {
                self.sys.eprint(&format!("Warning: {warning}\n"));
            }
        }
        match response.body {
            Body::Failure(status) => Err(status.into()),
            body => Ok(Response { code: response.code, warnings: Vec::new(), body }),
        }
    }

    /// Sends a request and returns the answer's value.
    pub(crate) fn call(&mut self, request: Request) -> Result<Value, CmdError> {
        self.send(request)?.value().map_err(CmdError::from)
    }

    /// One object.
    pub(crate) fn get(
        &mut self,
        resource: &Resource,
        ns: &str,
        name: &str,
    ) -> Result<Value, CmdError> {
        self.call(Request::get(resource.path(ns, name)))
    }

    /// Objects, as the server lists them.
    pub(crate) fn list(
        &mut self,
        resource: &Resource,
        ns: &str,
        selectors: &Selectors,
        accept: Accept,
    ) -> Result<Value, CmdError> {
        let request = with_selectors(Request::get(resource.path(ns, "")).accept(accept), selectors);
        self.call(request)
    }

    /// A watch from a revision.
    pub(crate) fn watch(
        &mut self,
        resource: &Resource,
        ns: &str,
        selectors: &Selectors,
        from: &str,
        accept: Accept,
    ) -> Result<Watch, CmdError> {
        let request = Request::get(resource.path(ns, ""))
            .accept(accept)
            .param("watch", "true")
            .param("resourceVersion", from);
        match self.send(with_selectors(request, selectors))?.body {
            Body::Watch(watch) => Ok(watch),
            _ => Err(CmdError::plain("the server gave no watch")),
        }
    }

    /// A patched object.
    pub(crate) fn patch(
        &mut self,
        path: &str,
        kind: &'static str,
        body: Value,
        options: &[(&str, &str)],
    ) -> Result<Value, CmdError> {
        let mut request = Request::new(Method::Patch, path).body(body);
        request.content_type = kind;
        for (key, value) in options {
            request = request.param(key, *value);
        }
        self.call(request)
    }

    /// The resources that the server has.
    pub(crate) fn mapper(&mut self) -> Result<Rc<Mapper>, CmdError> {
        if let Some(mapper) = &self.env.mapper {
            return Ok(mapper.clone());
        }
        let mapper = Rc::new(Mapper::discover(self)?);
        self.env.mapper = Some(mapper.clone());
        Ok(mapper)
    }

    /// A log or another text, whole or as a descriptor to read from.
    pub(crate) fn text_or_stream(&mut self, request: Request) -> Result<Text, CmdError> {
        match self.send(request)?.body {
            Body::Text(text) => Ok(Text::Whole(text)),
            Body::Stream(fd) => Ok(Text::Stream(fd)),
            Body::Value(value) => Ok(Text::Whole(value.text().to_owned())),
            _ => Ok(Text::Whole(String::new())),
        }
    }

    /// The ends of a command that the request starts.
    pub(crate) fn attach(&mut self, request: Request) -> Result<Attach, CmdError> {
        match self.send(request)?.body {
            Body::Attach(attach) => Ok(attach),
            Body::Text(text) => {
                Err(CmdError::plain(format!("unable to upgrade connection: {text}")))
            }
            _ => Err(CmdError::plain("unable to upgrade connection")),
        }
    }
}

/// A text that is there or comes.
pub(crate) enum Text {
    /// All of it.
    Whole(String),
    /// A descriptor to read it from.
    Stream(Fd),
}

fn with_selectors(mut request: Request, selectors: &Selectors) -> Request {
    if !selectors.labels.is_empty() {
        request = request.param("labelSelector", selectors.labels.as_str());
    }
    if !selectors.fields.is_empty() {
        request = request.param("fieldSelector", selectors.fields.as_str());
    }
    request
}

/// A `DeleteOptions` body.
pub(crate) fn delete_options(grace_s: Option<i64>, propagation: &str, dry_run: bool) -> Value {
    let mut options = value!({"kind": "DeleteOptions", "apiVersion": "v1"});
    if let Some(grace) = grace_s {
        options.set("gracePeriodSeconds", grace);
    }
    if !propagation.is_empty() {
        options.set("propagationPolicy", propagation);
    }
    if dry_run {
        options.set("dryRun", vec!["All"]);
    }
    options
}
