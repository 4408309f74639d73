//! kube-scheduler: a queue, a framework, one file per plugin.
